// The search beside Stateright's: two-phase commit with seven resource managers, natively with one thread and as Wasm in a worker of Chromium.
// Each round measures all three, one after the other, so that the ratios are of one machine in one mood. tools/bench.sh builds what is run here.

import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { launch } from './harness.mjs';

const BUILT = new URL('../../target/bench-stateright/', import.meta.url);
const NATIVE = fileURLToPath(new URL('release/bench-stateright', BUILT));
const ROUNDS = 7;
/** Most of Stateright's time that the search may take, natively and in Chromium. */
const NATIVE_SHARE_MAX = 0.5;
const WASM_SHARE_MAX = 1;

const WORKER = `import init, { explore_all } from './two_phase_wasm.js';
await init();
const from = performance.now();
const states = explore_all();
postMessage({ states, seconds: (performance.now() - from) / 1000 });`;

/** What is served: a page with nothing on it, the worker, and the Wasm. */
const FILES = {
  '/': ['text/html', () => '<!doctype html><title>search</title>'],
  '/worker.js': ['text/javascript', () => WORKER],
  '/two_phase_wasm.js': ['text/javascript', () => readFile(new URL('wasm/two_phase_wasm.js', BUILT))],
  '/two_phase_wasm_bg.wasm': ['application/wasm', () => readFile(new URL('wasm/two_phase_wasm_bg.wasm', BUILT))],
};

function serve() {
  const server = createServer(async (request, response) => {
    const [type, body] = FILES[request.url] ?? [];
    response.writeHead(body ? 200 : 404, { 'Content-Type': type ?? 'text/plain' }).end(body ? await body() : 'not found');
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** One search in a worker of its own, whose memory grows from the beginning. */
function inWorker(page) {
  return page.evaluate(() => new Promise((resolve, reject) => {
    const worker = new Worker('worker.js', { type: 'module' });
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }) => {
      worker.terminate();
      resolve(data);
    };
  }));
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Time and memory of a whole search, beside Stateright's. */
export async function search() {
  const server = await serve();
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    const rounds = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const native = JSON.parse(execFileSync(NATIVE, { encoding: 'utf8' }));
      const wasm = await inWorker(page);
      if (wasm.states !== native.states) throw new Error(`the Wasm found ${wasm.states} states, not ${native.states}`);
      rounds.push({ ...native, wasm });
    }
    const of = (pick) => median(rounds.map(pick));
    const seconds = (pick) => `${of(pick).toFixed(3)} s`;
    const native = of(({ ours, stateright }) => ours.seconds / stateright.seconds);
    const inChromium = of(({ wasm, stateright }) => wasm.seconds / stateright.seconds);
    const [ours, theirs] = [of(({ ours }) => ours.bytes), of(({ stateright }) => stateright.bytes)];
    const theirTime = seconds(({ stateright }) => stateright.seconds);
    const what = `search of ${rounds[0].states} states`;
    return [
      { what: `${what}, one thread, share of Stateright's time`, value: native.toFixed(3), bar: `at most ${NATIVE_SHARE_MAX}`, ok: native <= NATIVE_SHARE_MAX, note: `${seconds(({ ours }) => ours.seconds)} against ${theirTime}` },
      { what: `${what}, Wasm in Chromium's worker, share of Stateright's time`, value: inChromium.toFixed(3), bar: `at most ${WASM_SHARE_MAX}`, ok: inChromium <= WASM_SHARE_MAX, note: `${seconds(({ wasm }) => wasm.seconds)} against ${theirTime}` },
      { what: `${what}, bytes for each`, value: ours.toFixed(1), bar: `less than Stateright's ${theirs.toFixed(1)}`, ok: ours < theirs },
    ];
  } finally {
    await browser.close();
    server.close();
  }
}
