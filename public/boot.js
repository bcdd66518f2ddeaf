// Starts the app, and says what is wrong where it cannot start. Trunk's own loader is an inline script, which a strict
// Content-Security-Policy forbids; this file needs only `script-src 'self' 'wasm-unsafe-eval'`.
// In a worker (the page starts one for the search) it starts the same app, from what the page hands over.

/** What can be said where not even the file can be had that says more. */
const OUT_OF_REACH = 'A part of the lab could not be loaded. Check your connection and load the page again; if it stays so, the site was not uploaded whole.';

/** Tells the reader what is wrong, in words of a file of its own, which nobody else needs. */
async function complain(error) {
  console.error(error);
  try {
    (await import('./trouble.js')).tell(error);
  } catch {
    const state = document.getElementById('boot-state');
    state?.setAttribute('role', 'alert');
    state?.replaceChildren(`${OUT_OF_REACH} (${error})`);
  }
}

/** The page comes in parts. These hold the scenarios that are not in `commit`, by name; a test holds this to the catalogue. */
const PARTS = {
  locks: 'redis-lock|redlock|redis-failover|zookeeper-lock|etcd-lock|consul-lock|lock-table|advisory-lock|try-lock|lock-granularity|leader-election|lock-comparison',
  databases: 'isolation|lost-update|double-booking|deadlock|inventory-locking|flash-sale|atomic-transfer',
  services: 'idempotency|saga|message-queue|outbox|event-sourcing|e-commerce',
};

/** The part that an address asks for. */
function part(fragment) {
  return Object.keys(PARTS).find((name) => new RegExp(`^#(/|%2f)*(${PARTS[name]})(?![\\w-])`, 'i').test(fragment)) ?? 'commit';
}

async function start() {
  const wanted = part(location.hash);
  // The picture is of two-phase commit. With scripts on, what stands in `noscript` is text.
  const picture = document.getElementById('first-picture');
  if (picture && wanted === 'commit') {
    picture.outerHTML = picture.textContent;
  }
  const parts = document.querySelector(`meta[name="part-${wanted}"]`)?.content;
  if (typeof WebAssembly !== 'object' || !parts) {
    throw new Error(parts ? 'WebAssembly is not defined' : 'the page does not name its parts');
  }
  const [glue, wasm, style] = parts.split(' ').map((name) => new URL(name, document.baseURI).href);
  const answer = fetch(wasm).then((response) => {
    if (!response.ok) {
      throw new Error(`HTTP status ${response.status} for ${wasm}`);
    }
    return response;
  });
  // Where the glue cannot be had either, that is what is told.
  answer.catch(() => {});
  // The worker of the search looks here for its glue.
  if (style) {
    document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href: style }));
  }
  document.head.append(Object.assign(document.createElement('link'), { rel: 'modulepreload', href: glue }));
  const app = await import(glue);
  await app.default({ module_or_path: answer });
}

/** The page's first message holds its compiled Wasm and the address of the glue. What comes before the app listens waits for it. */
function serve({ data: { module, glue } }) {
  const early = [];
  self.onmessage = (event) => early.push(event);
  import(glue)
    .then((app) => app.default({ module_or_path: module }))
    .then(() => early.forEach((event) => self.onmessage(event)))
    .catch(async (error) => {
      const trouble = await import('./trouble.js').catch(() => null);
      self.postMessage(`interleave 1 refusal 0\n${trouble?.explain(error) ?? OUT_OF_REACH} (${error})`);
    });
}

if (typeof document === 'undefined') {
  self.onmessage = serve;
} else {
  start().catch(complain);
}
