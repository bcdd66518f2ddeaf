// The locks in the page: what the search finds there is what the checked-in table says, which is what it finds natively.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { accessible, agrees, open, ready, withSite } from './harness.mjs';

const TABLE = new URL('../../docs/explored.tsv', import.meta.url);
/** The tables of the locks side by side, as they come of the runs natively. */
const SIDE_BY_SIDE = new URL('../golden/lock-comparison.txt', import.meta.url);
const LOCKS = ['redis-lock', 'redlock', 'redis-failover', 'zookeeper-lock', 'etcd-lock', 'consul-lock', 'lock-table', 'advisory-lock', 'try-lock', 'lock-granularity', 'leader-election', 'lock-comparison'];
/** With a variant of each that is opened. */
const OPENED = { 'redis-failover': 'async', 'zookeeper-lock': 'recipe', 'etcd-lock': 'recipe', 'consul-lock': 'recipe', 'lock-table': 'owner-checked', 'advisory-lock': 'session', 'try-lock': 'limited', 'lock-granularity': 'per-seat', 'leader-election': 'epoch', 'lock-comparison': 'etcd' };
/** Larger spaces take too long here. */
const STATES_MAX = 25_000;

let browser;
let site;
withSite((...both) => ([browser, site] = both));

test('the search in the page finds what the table says of every lock', async () => {
  const page = await ready(await open(browser, `${site.url}#/redlock`));
  const rows = readFileSync(TABLE, 'utf8').split('\n').map((line) => line.split('\t'));
  const asked = rows.filter(([scenario, , , question, states]) => LOCKS.includes(scenario) && question.startsWith('violation') && Number(states) <= STATES_MAX);
  assert.ok(asked.length >= 12, `${asked.length} rows`);
  await agrees(page, asked);
  page.check();
});

test('every lock opens with something to do, and axe finds no fault, wide and light or narrow and dark', async () => {
  for (const shape of [{}, { width: 360, height: 800, theme: 'dark' }]) {
    const page = await ready(await open(browser, `${site.url}#/redlock`, shape));
    for (const [lock, variant] of Object.entries(OPENED)) {
      await page.evaluate((run) => window.interleave.open(run), `/${lock}/${variant}?v=1&rev=1&run=a.begin`);
      await page.waitForSelector('.diagram-body');
      const offered = await page.evaluate(() => window.interleave.choices().filter((choice) => !choice.disabled).map((choice) => choice.name));
      assert.ok(offered.includes('b.begin'), `${lock}: ${offered}`);
      await accessible(page, `${lock} at ${shape.width ?? 1440} px`);
    }
    page.check();
    await page.context().close();
  }
});

const verdict = (page, id) => page.locator(`[data-verdict="${id}"] .verdict-word`).textContent();
const shows = (page, words) => page.locator('.step-count', { hasText: words }).waitFor();

test('by mouse: with one lock for all seats b is told no, and with one for each it is not', async () => {
  const page = await ready(await open(browser, `${site.url}#/lock-granularity/global`));
  await shows(page, 'Step 6 of 6');
  assert.equal(await verdict(page, 'apart'), 'holds');
  await page.locator('button.choice', { hasText: '(nil) from r reaches b' }).click();
  await shows(page, 'Step 7 of 7');
  assert.equal(await verdict(page, 'apart'), 'violated');
  await page.locator('[data-verdict="apart"]', { hasText: 'b waits for a, who wants another seat' }).waitFor();
  await page.locator('.blocked').first().waitFor();
  const figures = page.locator('#figures tbody tr');
  await figures.first().waitFor();
  assert.equal(await figures.count(), 4);
  assert.equal(await page.locator('#figures th[scope=col]').count(), 2, 'nothing is published');
  await page.getByLabel('Compare with').selectOption('per-seat');
  await page.locator('.aligned').waitFor();
  await accessible(page, 'one lock beside one for each seat');
  page.check();
});

test('by keyboard: two locks, either first, until both wait for one another', async () => {
  const page = await ready(await open(browser, `${site.url}#/lock-granularity/opposite`));
  await shows(page, 'Step 7 of 7');
  for (const step of [8, 9, 10]) {
    await page.keyboard.press('1');
    await shows(page, `Step ${step} of ${step}`);
  }
  assert.equal(await verdict(page, 'circle'), 'violated');
  await page.keyboard.press('ArrowLeft');
  assert.equal(await verdict(page, 'circle'), 'holds');
  page.check();
});

test('the page measures what the golden tables say, and measures anew when a parameter changes', async () => {
  const golden = readFileSync(SIDE_BY_SIDE, 'utf8').trim().split('\n').filter((line) => !line.startsWith('#')).map((line) => line.split(' | '));
  const told = (page) => page.locator('#tables table').evaluateAll((tables) => tables.flatMap((table) => [...table.rows].map((row) => [...row.cells].map((cell) => {
    const remarks = [...cell.querySelectorAll('.badge')].map((badge) => `, ${badge.textContent.trim().replace(/^\S+ /, '')}`);
    return (cell.querySelector('.cell-text')?.textContent ?? cell.textContent) + remarks.join('');
  }))));
  for (const shape of [{}, { width: 360, height: 800, theme: 'dark', touch: true }]) {
    const page = await ready(await open(browser, `${site.url}#/lock-comparison/redis`, shape));
    await page.locator('#tables table').nth(1).waitFor();
    assert.deepEqual((await told(page)).map((row) => row.map((cell) => cell.trim())), golden.map((row) => row.map((cell) => cell.trim())));
    await accessible(page, `locks side by side at ${shape.width ?? 1440} px`);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= (shape.width ?? 1440), 'the tables stick out');
    await page.evaluate(() => window.interleave.open('/lock-comparison/redis?v=1&rev=1&ttl=9000&run='));
    await page.locator('#tables td', { hasText: 'next after 9.' }).first().waitFor();
    page.check();
    await page.context().close();
  }
});
