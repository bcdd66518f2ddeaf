// A run is the same natively and in Wasm: the hash of the world after every choice, over every variant, against an adversary with every kind of fault.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch, open, ready } from './harness.mjs';
import { serveDist } from './server.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Each run stays open in the page as a branch; a fresh page now and then keeps it light. */
const RUNS_PER_PAGE = 15;

let browser;
let site;
let corpus;
before(async () => {
  execFileSync('cargo', ['run', '--quiet', '--locked', '--example', 'parity'], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
  corpus = readFileSync(`${ROOT}target/parity.tsv`, 'utf8').trimEnd().split('\n').map((line) => {
    const [part, run, hashes] = line.split('\t');
    return { part, run, hashes: hashes.split(',') };
  });
  browser = await launch();
  site = await serveDist();
});
after(async () => {
  await browser?.close();
  await site?.close();
});

test('every run has the same hash after every choice', async () => {
  const variants = new Set(corpus.map(({ run }) => run.split('?')[0]));
  assert.ok(corpus.length >= 30 * variants.size && variants.size >= 7, `${corpus.length} runs of ${variants.size} variants`);
  // Each part of the page is a Wasm of its own.
  const first = new Map(corpus.map(({ run, part }) => [part, run.split('?')[0]]).reverse());
  const batches = [];
  assert.equal(first.size, 4, 'parts');
  for (const [part, start] of first) {
    const runs = corpus.filter((one) => one.part === part);
    for (let at = 0; at < runs.length; at += RUNS_PER_PAGE) {
      batches.push([`#${start}`, runs.slice(at, at + RUNS_PER_PAGE)]);
    }
  }
  for (const [start, runs] of batches) {
    const page = await ready(await open(browser, site.url + start));
    for (const { run, hashes } of runs) {
      const found = await page.evaluate(async (run) => {
        await window.interleave.open(run);
        return window.interleave.hashes();
      }, run);
      const parting = hashes.findIndex((hash, step) => hash !== found[step]);
      assert.equal(parting, -1, `${run}\nparts from the native run at step ${parting}: ${hashes[parting]} there, ${found[parting]} here`);
      assert.equal(found.length, hashes.length, run);
    }
    page.check();
    await page.context().close();
  }
});
