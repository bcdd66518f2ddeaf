// What is wrong, where the app cannot start. Loaded only then.

/** One sentence or two: what happened, and what to do about it. */
export function explain(error) {
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

/** Puts that onto the page. */
export function tell(error) {
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
