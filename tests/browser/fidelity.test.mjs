// The page that says how far to trust the lab: what it links to shows what it says.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, ready, withSite } from './harness.mjs';

let browser;
let site;
withSite((...both) => ([browser, site] = both));

/** Until a run is shown; on the way, a page without one, or a part of the page that is not loaded yet, has none to tell. */
const shown = (page, run) => page.waitForFunction((run) => {
  try {
    return window.interleave.run().startsWith(`${run}&step=`);
  } catch {
    return false;
  }
}, run);

test('every counterexample of the table opens at the violation it names', async () => {
  const page = await ready(await open(browser, site.url));
  await page.getByRole('link', { name: 'Fidelity' }).click();
  await page.getByRole('heading', { level: 1, name: 'Fidelity' }).waitFor();
  const broken = page.locator('.explored a.broken');
  const found = await broken.evaluateAll((links) => links.map((link) => ({ href: link.href, words: link.textContent })));
  assert.ok(found.length >= 3, `only ${found.length} counterexamples stand there`);
  for (const { href, words } of found) {
    await page.goto(href);
    const run = decodeURIComponent(href.slice(href.indexOf('#') + 1));
    await shown(page, run);
    const violated = await page.evaluate(() => window.interleave.invariants().filter(({ state }) => state === 'violated').map(({ id }) => id));
    assert.ok(violated.includes(words.replace(' breaks', '').toLowerCase()), `${words}: ${violated}`);
  }
  page.check();
});
