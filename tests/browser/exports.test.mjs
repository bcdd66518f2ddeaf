// Exports drawn by the programs they are for: Mermaid in Chromium, Debian's PlantUML, SVG as a picture of its own. Each shows as many messages
// as the run has.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch } from './harness.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MERMAID = fileURLToPath(new URL('node_modules/mermaid/dist/mermaid.min.js', import.meta.url));
const BINARY = join(ROOT, 'target/release/interleave');
const GOLDEN = join(ROOT, 'tests/golden');

/** Exit status 1 only says that the run violates an invariant. */
function interleave(...args) {
  try {
    return execFileSync(BINARY, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  } catch (error) {
    if (error.status === 1) return error.stdout;
    throw error;
  }
}

/** Golden links (runs of every variant with every kind of fault), and runs made by hand: every sign of the grammar, awkward labels. */
function runs() {
  const lines = readFileSync(join(GOLDEN, 'links.txt'), 'utf8').split('\n');
  const links = lines.filter((line) => line.startsWith('/')).map((line) => line.split(/\s+/)[0]);
  assert.ok(links.length >= 21, `${links.length} golden links`);
  const golden = links.map((link) => {
    const replay = (format) => interleave('replay', link, '--format', format);
    const { events } = JSON.parse(replay('json'));
    // Copies included.
    const messages = events.filter(({ kind }) => kind === 'sent' || kind === 'duplicated').length;
    return { name: link, mermaid: replay('mermaid'), plantuml: replay('plantuml'), svg: replay('svg'), messages };
  });
  const counts = readFileSync(join(GOLDEN, 'grammar/messages.tsv'), 'utf8').trim().split('\n');
  const byHand = counts.map((line) => {
    const [name, messages] = line.split('\t');
    const read = (end) => readFileSync(join(GOLDEN, `grammar/${name}${end}`), 'utf8');
    return { name, mermaid: read('.mmd'), plantuml: read('.puml'), svg: read('-light.svg'), messages: Number(messages) };
  });
  return [...golden, ...byHand];
}

let all;
let browser;
let page;
before(async () => {
  assert.ok(existsSync(BINARY), 'target/release/interleave is not there: cargo build --release --bin interleave');
  all = runs();
  browser = await launch();
  page = await browser.newPage();
  await page.setContent('<!doctype html><title>exports</title><body></body>');
  await page.addScriptTag({ path: MERMAID });
  await page.evaluate(() => window.mermaid.initialize({ startOnLoad: false, maxTextSize: 1_000_000 }));
});
after(() => browser?.close());

/** What Mermaid draws: how many arrows, their labels, and the title for screen readers. */
function drawnByMermaid(text) {
  return page.evaluate(async (text) => {
    try {
      const { svg } = await window.mermaid.render('drawing', text);
      const host = document.createElement('div');
      host.innerHTML = svg;
      return {
        arrows: host.querySelectorAll('.messageLine0, .messageLine1').length,
        labels: [...host.querySelectorAll('.messageText')].map((label) => label.textContent.trim()),
        title: host.querySelector('svg > title')?.textContent ?? '',
        description: host.querySelector('svg > desc')?.textContent ?? '',
      };
    } catch (error) {
      return { error: String(error) };
    }
  }, text);
}

test('mermaid draws every run with as many messages as it has', async () => {
  for (const { name, mermaid, messages } of all) {
    const drawn = await drawnByMermaid(mermaid);
    assert.equal(drawn.error, undefined, `mermaid, ${name}: ${drawn.error}\n${mermaid}`);
    assert.equal(drawn.arrows, messages, `mermaid, ${name}`);
    // A label of two lines counts twice.
    assert.ok(drawn.labels.length >= messages, `mermaid, labels of ${name}: ${drawn.labels.length}`);
    assert.notEqual(drawn.title, '', `mermaid, title of ${name}`);
    assert.match(drawn.description, new RegExp(`^${messages} messages? among `), `mermaid, description of ${name}`);
  }
});

test('mermaid shows awkward labels as they are', async () => {
  const { labels } = await drawnByMermaid(all.find(({ name }) => name === 'awkward').mermaid);
  for (const label of ['a; b (in flight', '#35;', '100%% {sure}', `<b>&"' (lost)`, 'x -->> y: z', '@enduml', '$x == |y|', 'loop']) {
    assert.ok(labels.some((text) => text.includes(label)), `${label} is not among\n${labels.join('\n')}`);
  }
});

test("Debian's plantuml draws every run with as many messages as it has", () => {
  const folder = mkdtempSync(join(tmpdir(), 'interleave-'));
  try {
    const files = all.map((_, at) => join(folder, `${at}.puml`));
    all.forEach(({ plantuml }, at) => writeFileSync(files[at], plantuml));
    // All at once: a virtual machine takes seconds to start. It ends with an error where a file does not parse. Given
    // the folder instead, version 1.2020.02 finds no diagram.
    const limits = { ...process.env, PLANTUML_LIMIT_SIZE: '65536' };
    execFileSync('plantuml', ['-tsvg', '-failfast2', '-charset', 'UTF-8', '-nbthread', '2', ...files], { stdio: 'pipe', env: limits });
    assert.equal(readdirSync(folder).filter((name) => name.endsWith('.svg')).length, all.length);
    all.forEach(({ name, messages, plantuml }, at) => {
      const svg = readFileSync(join(folder, `${at}.svg`), 'utf8');
      assert.equal(arrows(svg), messages, `plantuml, ${name}\n${plantuml}`);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/**
 * Arrows in a drawing of PlantUML's: level lines from lifeline to lifeline (those of notes are shorter, frames have none). What a node sends to
 * itself has two of them, joined by an upright one.
 */
function arrows(svg) {
  const number = (tag, name) => Number(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1]);
  const tags = [...svg.matchAll(/<line [^>]*>/g)].map(([tag]) => tag);
  const lines = tags.map((tag) => ['x1', 'y1', 'x2', 'y2'].map((name) => number(tag, name)));
  const level = lines.filter(([x1, y1, x2, y2]) => y1 === y2 && Math.abs(x2 - x1) > 20);
  const meets = (x, y) => level.some(([x1, y1, x2]) => y1 === y && (x1 === x || x2 === x));
  const loops = lines.filter(([x1, y1, x2, y2]) => x1 === x2 && y1 !== y2 && meets(x1, y1) && meets(x2, y2));
  return level.length - loops.length;
}

test('an exported SVG is a picture of its own', async () => {
  for (const { name, svg, messages } of all) {
    const seen = await page.evaluate(async (svg) => {
      const image = new Image();
      image.src = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
      await image.decode();
      const parsed = new DOMParser().parseFromString(svg, 'image/svg+xml');
      return { width: image.naturalWidth, height: image.naturalHeight, sent: parsed.querySelectorAll('.send-dot').length };
    }, svg);
    assert.ok(seen.width >= 320 && seen.height >= 200, `${name}: ${seen.width} by ${seen.height}`);
    assert.equal(seen.sent, messages, `SVG, ${name}`);
  }
});
