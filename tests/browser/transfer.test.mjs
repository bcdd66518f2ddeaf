// What plays on databases beside the anomalies: stock, the flash sale, and the transfer that a crash cuts in two; all orders of a script, and its search.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessible, open, ready, withSite } from './harness.mjs';

let browser;
let site;
withSite((...both) => ([browser, site] = both));

async function lab(fragment, options) {
  return ready(await open(browser, site.url + fragment, options));
}

const shows = (page, words) => page.locator('.step-count', { hasText: words }).waitFor();
const violated = (page, id) => page.waitForFunction((id) => window.interleave.invariants().some((one) => one.id === id && one.state === 'violated'), id);
const choose = (page, words) => page.locator('button.choice', { hasText: words }).first().click();
const run = async (page) => (await page.evaluate(() => window.interleave.run())).split('&step=')[0];

/** Presses the digit of a choice, by its name. */
async function key(page, name) {
  const at = await page.evaluate((name) => window.interleave.choices().filter(({ disabled }) => !disabled).findIndex((choice) => choice.name === name), name);
  assert.ok(at >= 0 && at < 9, `${name} is choice ${at}`);
  await page.keyboard.press(String(at + 1));
  await page.waitForFunction((name) => window.interleave.run().split('&step=')[0].endsWith(name), name);
}

test('by mouse: the page goes first, the crash comes, and money is gone', async () => {
  const page = await lab('#/atomic-transfer/page-first?v=1&rev=1&run=');
  await shows(page, 'Step 0 of 0');
  await choose(page, 'ada: BEGIN; UPDATE');
  await page.locator('.sql-table', { hasText: 'pages' }).locator('.differs', { hasText: '60 (record 1)' }).waitFor();
  await choose(page, 'write page 1');
  await shows(page, 'Step 2 of 2');
  await page.evaluate(() => window.interleave.choose('db!crash'));
  await page.locator('.sql-table', { hasText: 'pages' }).locator('td', { hasText: '–' }).first().waitFor();
  await page.evaluate(() => window.interleave.choose('db!restart'));
  await violated(page, 'money');
  page.check();
});

test('a page that has to wait for the log says so', async () => {
  const page = await lab('#/atomic-transfer/write-ahead-log?v=1&rev=1&run=ada.take');
  await shows(page, 'Step 1 of 1');
  const waits = await page.evaluate(() => window.interleave.choices().find(({ name }) => name === 'db.write-page-1').disabled);
  assert.match(waits, /record 1 of the log/);
  await choose(page, 'force the log');
  await choose(page, 'write page 1');
  assert.match(await run(page), /ada\.take,db\.force-log,db\.write-page-1$/);
  page.check();
});

test('by keyboard alone: a commit survives a crash', async () => {
  const page = await lab('#/atomic-transfer/write-ahead-log?v=1&rev=1&run=');
  await shows(page, 'Step 0 of 0');
  for (const name of ['ada.take', 'ada.give', 'ada.commit', 'db.force-log']) await key(page, name);
  await page.locator('.sql-table', { hasText: 'log' }).locator('td', { hasText: 'T1 commit' }).waitFor();
  await page.evaluate(() => window.interleave.choose('db!crash'));
  await page.evaluate(() => window.interleave.choose('db!restart'));
  await page.locator('.sql-table', { hasText: 'accounts' }).locator('td', { hasText: '140' }).first().waitFor();
  assert.ok((await page.evaluate(() => window.interleave.invariants())).every(({ state }) => state !== 'violated'));
  page.check();
});

test('by mouse: the last item is sold twice, and stock is wrong', async () => {
  const flash = await lab('#/flash-sale/check-then-act?v=1&rev=1&run=');
  for (const words of ['ada: SELECT stock', 'ben: SELECT stock', 'ada: BEGIN', 'ben: BEGIN']) await choose(flash, words);
  await violated(flash, 'rule');
  flash.check();
  const stock = await lab('#/inventory-locking/none?v=1&rev=1&run=ada.read,ben.read2');
  for (const words of ['ada: UPDATE', 'ada: INSERT', 'ben: UPDATE', 'ben: INSERT']) await choose(stock, words);
  await violated(stock, 'rule');
  stock.check();
});

test('every order of a script, and a run of each kind', async () => {
  const page = await lab('#/isolation/own?v=1&rev=1&run=');
  await page.getByRole('button', { name: 'Play every order' }).click();
  const table = page.locator('.orders-table[data-done]');
  await table.waitFor();
  const counts = await table.locator('tbody th').allTextContents();
  assert.equal(counts.reduce((sum, count) => sum + Number(count), 0), 6, counts.join());
  await table.locator('a.is-violated').first().click();
  await violated(page, 'rule');
  await page.locator('.orders-table').waitFor();
  await accessible(page, 'every order');
  page.check();
});

test('the search answers whether any order oversells', async () => {
  const page = await lab('#/isolation/own?v=1&rev=1&run=');
  await page.locator('.script-acts [data-act="explore"]').click();
  await page.locator('#explore').getByRole('button', { name: 'Search', exact: true }).click();
  await page.locator('.explore-strip:not(.is-going)', { hasText: 'RULE breaks in' }).waitFor();
  await violated(page, 'rule');
  const answer = await page.evaluate(() => window.interleave.explore('break:rule'));
  assert.equal(answer.end, 'found');
  await page.evaluate(() => window.interleave.open('/isolation/own?v=1&rev=1&level=serializable&run='));
  assert.equal((await page.evaluate(() => window.interleave.explore('break:rule'))).end, 'exhausted');
  page.check();
});

test('axe finds no fault with log and pages, light and dark, wide and narrow', async () => {
  const fragment = '#/atomic-transfer/write-ahead-log?v=1&rev=1&run=ada.take,ada.give,ben.take2,db.force-log,db.write-page-1,db!crash,db!restart';
  for (const options of [{ theme: 'light' }, { theme: 'dark' }, { theme: 'light', width: 360, height: 740 }, { theme: 'dark', width: 360, height: 740 }]) {
    const page = await lab(fragment, options);
    await shows(page, 'Step 7 of 7');
    await page.locator('.sql-table', { hasText: 'log' }).first().waitFor();
    await accessible(page, `${fragment} ${JSON.stringify(options)}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `${options.width}: ${wide} px too wide`);
    page.check();
    await page.context().close();
  }
});
