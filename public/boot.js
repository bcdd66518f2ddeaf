// Starts the app, and says what is wrong where it cannot start. Trunk's own loader is an inline script, which a strict
// Content-Security-Policy forbids; this file needs only `script-src 'self' 'wasm-unsafe-eval'`.
// In a worker (the page starts one for the search) it starts the same app, from what the page hands over.

function explain(error) {
  const text = String(error);
  if (typeof WebAssembly !== 'object') {
    return 'This browser has no WebAssembly, or it is switched off (some hardened modes do so). The lab runs as WebAssembly: allow it for this page, or open it in another browser.';
  }
  if (/Content Security Policy|unsafe-eval/i.test(text)) {
    return "The server's Content-Security-Policy forbids WebAssembly. Whoever runs this site must add 'wasm-unsafe-eval' to script-src.";
  }
  if (/Failed to fetch|NetworkError|Load failed|error loading dynamically imported|Importing a module script failed|HTTP status/i.test(text)) {
    return 'A part of the lab could not be loaded. Check your connection and load the page again; if it stays so, the site was not uploaded whole.';
  }
  if (error instanceof WebAssembly.CompileError || error instanceof WebAssembly.LinkError) {
    return 'This browser could not make sense of the WebAssembly that it was sent. Update the browser or try another; if it stays so, the site was uploaded damaged or in parts of different builds.';
  }
  return 'The lab could not be started. Load the page again; if it stays so, report the words below.';
}

function complain(error) {
  console.error(error);
  document.getElementById('boot-state')?.remove();
  const box = document.createElement('div');
  box.className = 'boot-trouble';
  box.id = 'boot-trouble';
  box.setAttribute('role', 'alert');
  const words = document.createElement('p');
  words.textContent = explain(error);
  const detail = document.createElement('p');
  const code = document.createElement('code');
  code.textContent = String(error);
  detail.append(code);
  box.append(words, detail);
  const place = document.querySelector('.first-paint picture');
  if (place) {
    place.before(box);
  } else {
    document.body.prepend(box);
  }
}

/** The page comes in parts. These hold the scenarios that are not in `commit`, by name; a test holds this to the catalogue. */
const PARTS = {
  locks: 'redis-lock|redlock|redis-failover|zookeeper-lock|etcd-lock|consul-lock|lock-table|advisory-lock|try-lock|leader-election',
  databases: 'isolation|lost-update|double-booking|deadlock|inventory-locking|flash-sale',
};

/** The part that an address asks for. */
function part(fragment) {
  return Object.keys(PARTS).find((name) => new RegExp(`^#(/|%2f)*(${PARTS[name]})(?![\\w-])`, 'i').test(fragment)) ?? 'commit';
}

async function start() {
  const parts = document.querySelector(`meta[name="part-${part(location.hash)}"]`)?.content;
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
    .catch((error) => self.postMessage(`interleave 1 refusal 0\n${explain(error)} (${error})`));
}

if (typeof document === 'undefined') {
  self.onmessage = serve;
} else {
  start().catch(complain);
}
