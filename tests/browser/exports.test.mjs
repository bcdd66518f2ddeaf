// Exports as others read them: Mermaid in the real mermaid, PlantUML in Debian's plantuml, SVG as a picture of its own.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch } from './harness.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MERMAID = fileURLToPath(new URL('node_modules/mermaid/dist/mermaid.min.js', import.meta.url));
const BINARY = join(ROOT, 'target/release/interleave');

/** Exit status 1 only says that the run violates an invariant. */
function interleave(...args) {
  try {
    return execFileSync(BINARY, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  } catch (error) {
    if (error.status === 1) return error.stdout;
    throw error;
  }
}

/** Golden links: runs of every variant with every kind of fault. */
function runs() {
  const lines = readFileSync(join(ROOT, 'tests/golden/links.txt'), 'utf8').split('\n');
  return lines.filter((line) => line.startsWith('/')).map((line) => line.split(/\s+/)[0]);
}

/** How many messages a run has, copies included. */
function messages(run) {
  const { events } = JSON.parse(interleave('replay', run, '--format', 'json'));
  return events.filter(({ kind }) => kind === 'sent' || kind === 'duplicated').length;
}

let browser;
let page;
before(async () => {
  browser = await launch();
  page = await browser.newPage();
});
after(() => browser?.close());

test('mermaid draws every run with as many messages as it has', async () => {
  await page.setContent('<!doctype html><title>mermaid</title><body></body>');
  await page.addScriptTag({ path: MERMAID });
  await page.evaluate(() => window.mermaid.initialize({ startOnLoad: false, maxTextSize: 1_000_000 }));
  const all = runs();
  assert.ok(all.length >= 21, `${all.length} golden links`);
  for (const run of all) {
    const text = interleave('replay', run, '--format', 'mermaid');
    const drawn = await page.evaluate(async (text) => {
      const { svg } = await window.mermaid.render('export', text);
      const host = document.createElement('div');
      host.innerHTML = svg;
      return host.querySelectorAll('.messageText').length;
    }, text);
    assert.equal(drawn, messages(run), `mermaid, ${run}`);
  }
});

test("Debian's plantuml draws every run with as many messages as it has", () => {
  const folder = mkdtempSync(join(tmpdir(), 'interleave-'));
  const all = runs();
  all.forEach((run, at) => writeFileSync(join(folder, `${at}.puml`), interleave('replay', run, '--format', 'plantuml')));
  execFileSync('plantuml', ['-tsvg', '-failfast2', '-nbthread', '2', folder], { stdio: 'pipe', env: { ...process.env, PLANTUML_LIMIT_SIZE: '65536' } });
  assert.equal(readdirSync(folder).filter((name) => name.endsWith('.svg')).length, all.length);
  all.forEach((run, at) => {
    const source = readFileSync(join(folder, `${at}.puml`), 'utf8');
    const svg = readFileSync(join(folder, `${at}.svg`), 'utf8');
    assert.ok(!/Syntax Error/i.test(svg), `plantuml, ${run}`);
    const arrows = source.split('\n').filter((line) => /^n\d+ (->|->x|-->>) n\d+ : /.test(line));
    assert.equal(arrows.length, messages(run), `plantuml, ${run}`);
    for (const word of new Set(arrows.map((line) => line.split(' : ')[1].split(' ')[0]))) {
      assert.ok(svg.includes(word.replace(/&/g, '&amp;')), `plantuml does not draw “${word}” of ${run}`);
    }
  });
});

test('an exported SVG is a picture of its own', async () => {
  for (const run of runs().slice(0, 8)) {
    const svg = interleave('replay', run, '--format', 'svg');
    const size = await page.evaluate(async (svg) => {
      const image = new Image();
      image.src = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
      await image.decode();
      return [image.naturalWidth, image.naturalHeight];
    }, svg);
    assert.ok(size[0] >= 320 && size[1] >= 200, `${run}: ${size}`);
  }
});
