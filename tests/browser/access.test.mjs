// No violation of any axe rule, on every page and dialog, light and dark, wide and narrow.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessible, open, picture, ready, withSite } from './harness.mjs';

const GIVES_UP = '#/two-phase-commit/gives-up';
const step = (words) => (page) => page.locator('.step-count', { hasText: words }).waitFor();

/** Name, fragment, and what leads to the state from there. */
const STATES = [
  ['home', '', async () => {}],
  ['no such page', '#/nowhere', async () => {}],
  ['fidelity', '#/fidelity', async () => {}],
  ['lab', GIVES_UP, step('Step 11')],
  ['violated', GIVES_UP, async (page) => {
    await step('Step 11')(page);
    await page.keyboard.press('4');
    await step('Step 12')(page);
  }],
  ['blocked', '#/two-phase-commit/basic', (page) => page.locator('.blocked').first().waitFor()],
  ['a notice', '#/two-phase-commit/basic?v=1&rev=2&run=cl.begin,zz', (page) => page.locator('.notice').waitFor()],
  ['share', GIVES_UP, async (page) => {
    await step('Step 11')(page);
    await page.keyboard.press('s');
    await page.getByRole('dialog').waitFor();
  }],
  ['keys', GIVES_UP, async (page) => {
    await step('Step 11')(page);
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
  }],
  ['settings', GIVES_UP, (page) => page.getByRole('button', { name: 'Settings' }).click()],
  ['parameters', GIVES_UP, (page) => page.locator('.parameters summary').click()],
  ['side by side', GIVES_UP, async (page) => {
    await page.getByLabel('Compare with').selectOption('basic');
    await page.locator('.aligned').waitFor();
  }],
  ['rename', GIVES_UP, (page) => page.getByRole('button', { name: 'Rename' }).click()],
  ['crash points', GIVES_UP, async (page) => {
    const drawer = page.locator('.drawer-button');
    if (await drawer.isVisible()) await drawer.click();
    await page.locator('.crash-points summary').first().click();
  }],
  ['embedded', `${GIVES_UP}?embed=1`, step('Step 11')],
  ['leases', '#/redis-lock/fenced', step('Step 20')],
  ['a queue', '#/zookeeper-lock/herd', step('Step 30')],
  ['seats', '#/lock-granularity/opposite', step('Step 7')],
  ['locks side by side', '#/lock-comparison/redis', (page) => page.locator('#tables table').nth(1).waitFor()],
  ['overlap', '#/redlock/no-persistence', async (page) => {
    await step('Step 15')(page);
    await page.keyboard.press('2');
    await step('Step 16')(page);
    await page.keyboard.press('2');
    await page.locator('[data-verdict="mutex"]', { hasText: 'violated' }).waitFor();
  }],
];

let browser;
let site;
withSite((...both) => ([browser, site] = both));

for (const theme of ['light', 'dark']) {
  for (const width of [1440, 360]) {
    test(`axe finds nothing: ${theme}, ${width} px`, async () => {
      for (const [name, fragment, lead] of STATES) {
        const page = await open(browser, site.url + fragment, { theme, width, height: width === 360 ? 780 : 900, touch: width === 360 });
        await ready(page);
        await page.getByRole('heading', { level: 1 }).waitFor();
        await lead(page);
        await accessible(page, `${name} (${theme}, ${width} px)`);
        await picture(page, `${name.replaceAll(' ', '-')}-${theme}-${width}`);
        assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `${name} sticks out at ${width} px`);
        page.check();
        await page.context().close();
      }
    });
  }
}
