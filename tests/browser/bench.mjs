// `make bench`: measures the built site against its bars, prints them, and ends with 1 where one is missed.
// Every bar is a function that resolves to lines `{what, value, bar, ok}`. `node bench.mjs TITLE…` measures some parts only.

import { createServer } from 'node:net';
import lighthouse from 'lighthouse';
import { chromium } from 'playwright-core';
import { longLink, longLockRun, longRun, redlockInPage, searchInPage, servicesInPage } from './bench-page.mjs';
import { search } from './bench-search.mjs';
import { ordersInPage } from './bench-sql.mjs';
import { CHROMIUM, FLAGS, launch } from './harness.mjs';
import { SUB_PATH, serveDist, sizes } from './server.mjs';

/**
 * First load in bytes of brotli, with nothing in the cache: whatever a page asks for until it stands. Over the 250 KB of the first, locks may cost 20 KB
 * databases 40, and services 20, to whoever comes to them first.
 */
const FIRST_PAGES = [['', 250_000], ['#/two-phase-commit', 250_000], ['#/redlock', 270_000], ['#/isolation', 290_000], ['#/saga', 270_000]];
/** Lighthouse's categories and the least score of each. */
const SCORES_MIN = { performance: 95, accessibility: 100, 'best-practices': 100, seo: 100 };

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;

async function firstLoad() {
  const bytesOf = new Map(sizes().map(({ name, bytes }) => [name, bytes]));
  const server = await serveDist();
  const browser = await launch();
  const lines = [];
  try {
    for (const [place, most] of FIRST_PAGES) {
      const context = await browser.newContext();
      const page = await context.newPage();
      const asked = new Set();
      page.on('request', (request) => asked.add(new URL(request.url()).pathname.slice(SUB_PATH.length) || 'index.html'));
      await page.goto(server.url + place);
      await page.waitForSelector('#main > *');
      await page.waitForLoadState('networkidle');
      await context.close();
      const loaded = [...asked].filter((name) => bytesOf.has(name)).sort((a, b) => bytesOf.get(b) - bytesOf.get(a));
      console.log(`    ${place || 'home'}`);
      for (const name of loaded) {
        console.log(`    ${kilobytes(bytesOf.get(name)).padStart(10)}  ${name}`);
      }
      const sum = loaded.reduce((total, name) => total + bytesOf.get(name), 0);
      lines.push({ what: `first load of ${place || 'the home page'}, brotli`, value: kilobytes(sum), bar: `at most ${kilobytes(most)}`, ok: sum <= most });
    }
  } finally {
    await browser.close();
    await server.close();
  }
  return lines;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function scores() {
  const site = await serveDist();
  const port = await freePort();
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, `--remote-debugging-port=${port}`] });
  try {
    // The server compresses each file when it is first asked for it, which is not the page's fault.
    const warm = await browser.newPage();
    await warm.goto(site.url, { waitUntil: 'networkidle' });
    await warm.close();
    const categories = Object.keys(SCORES_MIN);
    const { lhr } = await lighthouse(site.url, { port, onlyCategories: categories, logLevel: 'error' });
    for (const name of ['first-contentful-paint', 'largest-contentful-paint', 'total-blocking-time', 'cumulative-layout-shift', 'speed-index']) {
      console.log(`    ${lhr.audits[name].displayValue.padStart(10)}  ${lhr.audits[name].title}`);
    }
    return categories.map((name) => {
      const { title, score, auditRefs } = lhr.categories[name];
      const value = Math.round((score ?? 0) * 100);
      const ok = value >= SCORES_MIN[name];
      const lost = auditRefs.filter(({ id, weight }) => weight > 0 && (lhr.audits[id].score ?? 1) < 0.9).map(({ id }) => id);
      return { what: `Lighthouse ${lhr.lighthouseVersion}, ${title}`, value: String(value), bar: `at least ${SCORES_MIN[name]}`, ok, note: lost.join(', ') };
    });
  } finally {
    await browser.close();
    await site.close();
  }
}

/** What is measured, in order: a title, and a function that resolves to lines. */
const PARTS = [
  ['First load', firstLoad],
  ['A long run', longRun],
  ['A long run of a lock', longLockRun],
  ['A long link', longLink],
  ['The search in the page', searchInPage],
  ['Redlock in the page', redlockInPage],
  ['Services in the page', servicesInPage],
  ['SQL', ordersInPage],
  ['Lighthouse', scores],
  ['Search', search],
];

const asked = process.argv.slice(2);
const lines = [];
for (const [title, measure] of PARTS.filter(([title]) => asked.length === 0 || asked.includes(title))) {
  console.log(`\n${title}`);
  for (const line of await measure()) {
    lines.push(line);
    console.log(`    ${line.ok ? 'ok    ' : 'MISSED'} ${line.what}: ${line.value} (${line.bar})${line.note ? ` [${line.note}]` : ''}`);
  }
}
const missed = lines.filter(({ ok }) => !ok);
console.log(`\n${lines.length - missed.length} of ${lines.length} bars held${missed.length > 0 ? `; missed: ${missed.map(({ what }) => what).join('; ')}` : ''}`);
process.exit(missed.length > 0 ? 1 : 0);
