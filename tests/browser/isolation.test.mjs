// The SQL lab in the page: anomalies by mouse and by keyboard, the graph and the tables, the table of levels, the reader's own script, the search.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { accessible, agrees, open, ready, withSite } from './harness.mjs';

const TABLE = new URL('../../docs/explored.tsv', import.meta.url);
const PLAYED = ['isolation', 'lost-update', 'double-booking', 'deadlock', 'inventory-locking', 'flash-sale', 'atomic-transfer'];
const LOST = '#/isolation/lost-update';
const BROKEN = `${LOST}?v=1&rev=1&run=s1.read,s2.read2,s1.write,s2.write2,s1.commit,s2.commit2`;
const DEADLOCK = `#/isolation/own?v=1&rev=1&script=${encodeURIComponent(`setup { CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0), (2, 0); }
session one setup { BEGIN; } step a { UPDATE t SET v = 1 WHERE id = 1; } step b { UPDATE t SET v = 1 WHERE id = 2; } step c { COMMIT; }
session two setup { BEGIN; } step d { UPDATE t SET v = 2 WHERE id = 2; } step e { UPDATE t SET v = 2 WHERE id = 1; } step f { COMMIT; }`)}&run=one.a,two.d,one.b,two.e`;

let browser;
let site;
withSite((...both) => ([browser, site] = both));

async function lab(fragment, options) {
  return ready(await open(browser, site.url + fragment, options));
}

const shows = (page, words) => page.locator('.step-count', { hasText: words }).waitFor();
const verdict = (page, id) => page.locator(`[data-verdict="${id}"] .verdict-word`).textContent();
const graph = (page, words) => page.locator('.graph-verdict', { hasText: words }).first().waitFor();
const wasm = (page) => page.evaluate(() => performance.getEntriesByType('resource').map((one) => one.name).filter((name) => name.endsWith('.wasm')));

test('the databases are loaded by who comes to them, and by nobody else', async () => {
  const page = await ready(await open(browser, site.url));
  assert.deepEqual((await wasm(page)).filter((name) => name.includes('interleave-databases')), [], 'the home page has none');
  await page.getByRole('link', { name: 'Isolation levels' }).first().click();
  await page.getByRole('heading', { name: 'Isolation levels', level: 1 }).waitFor();
  await shows(page, 'Step 5 of 5');
  assert.equal((await wasm(page)).filter((name) => name.includes('interleave-databases')).length, 1);
  await page.goBack();
  await page.getByRole('heading', { name: 'Isolation levels', level: 1 }).waitFor({ state: 'detached' });
  page.check();
});

test('by mouse: a lost update, why no order explains it, and the same order at another level', async () => {
  const page = await lab(LOST);
  await shows(page, 'Step 5 of 5');
  assert.equal(await verdict(page, 'lost-update'), 'holds');
  await page.locator('.graph-outlook', { hasText: 'lost update' }).waitFor();
  await page.locator('button.choice', { hasText: 's2: COMMIT' }).click();
  await shows(page, 'Step 6 of 6');
  assert.equal(await verdict(page, 'lost-update'), 'violated');
  await graph(page, 'lost update (G-single)');
  assert.match(await page.locator('.graph-edges .in-cycle').first().textContent(), /accounts 1.*in the circle/);
  const table = page.locator('.sql-table', { hasText: 'accounts' });
  await table.locator('td', { hasText: '100 → 130 by s1 → 150 by s2' }).waitFor();
  const cell = page.locator('.levels-table a', { hasText: 's2: ERROR 40001' }).first();
  await cell.click();
  await page.locator('.levels-table td.is-shown a', { hasText: 's2: ERROR 40001' }).waitFor();
  await graph(page, 'serializable as s1');
  assert.equal(await verdict(page, 'lost-update'), 'holds');
  assert.match(await page.evaluate(() => window.interleave.run()), /level=repeatable-read/);
  page.check();
});

test('the textbook beside the real databases: a dirty write that they have no level for', async () => {
  const page = await lab('#/isolation/dirty-write?v=1&rev=1&engine=textbook&level=degree-0&run=ada.one,ben.one2,ben.two2,ben.commit2,ada.two,ada.commit');
  await shows(page, 'Step 6 of 6');
  await graph(page, 'G0 (dirty write)');
  assert.equal(await verdict(page, 'g0'), 'violated');
  assert.equal(await page.locator('.levels-table td', { hasText: 'no such level' }).count(), 4);
  const cells = page.locator('.levels-table tbody tr', { hasText: 'Textbook' }).locator('td');
  assert.equal(await cells.count(), 6);
  await cells.nth(1).getByRole('link').click();
  await page.locator('.levels-table td.is-shown a', { hasText: 'with a wait' }).waitFor();
  assert.equal(await verdict(page, 'g0'), 'holds');
  // READ UNCOMMITTED is what this one starts with.
  assert.match(await page.evaluate(() => window.interleave.run()), /engine=textbook&run=ada.one,ben.one2,ada.two/);
  page.check();
});

test('by keyboard alone: to the same anomaly', async () => {
  const page = await lab(`${LOST}?v=1&rev=1&run=`);
  await shows(page, 'Step 0 of 0');
  for (const [key, step] of [['1', 1], ['2', 2], ['1', 3], ['2', 4], ['1', 5], ['1', 6]]) {
    await page.keyboard.press(key);
    await shows(page, `Step ${step} of ${step}`);
  }
  assert.equal(await verdict(page, 'serializable'), 'violated');
  page.check();
});

test('who waits cannot go on, says for whom, and a deadlock is a circle', async () => {
  const page = await lab(DEADLOCK);
  await shows(page, 'Step 4 of 4');
  const waiting = page.locator('button.choice', { hasText: 'one: COMMIT' });
  await page.locator('button.choice', { hasText: 'it waits for the transaction of two' }).waitFor();
  assert.equal(await waiting.getAttribute('aria-disabled'), 'true');
  await graph(page, 'deadlock');
  await page.locator('button.choice', { hasText: 'wait-one timer' }).click();
  await shows(page, 'Step 5 of 5');
  await page.locator('.diagram', { hasText: 'ERROR 40P01' }).first().waitFor();
  page.check();
});

test('a script of the reader’s own: refused where it is wrong, played, shared, searched', async () => {
  const page = await lab('#/isolation/own');
  const field = page.getByRole('textbox', { name: 'Script' });
  await field.waitFor();
  const script = `# holds: SELECT v <= 1 FROM t

setup { CREATE TABLE t (v int); INSERT INTO t VALUES (0); }
session one
setup { BEGIN; }
step add { UPDATE t SET v = v + 1 WHERE (SELECT max(v) FROM t) < 1; }
step end { COMMIT; }
session two
step put { UPDATE t SET v = 2; }
`;
  await field.fill(script.replace('SET v = 2', 'SET v == 2'));
  await page.getByRole('button', { name: 'Play this script' }).click();
  const wrong = page.locator('#script-wrong');
  await wrong.waitFor();
  assert.match(await wrong.textContent(), /^Line 9, column 28:/);
  assert.equal(await field.getAttribute('aria-invalid'), 'true');
  assert.equal(await field.evaluate((one) => one.value.slice(one.selectionStart, one.selectionEnd)), '=');
  await accessible(page, 'a script that is wrong');

  await field.fill(script);
  await page.getByRole('button', { name: 'Play this script' }).click();
  await page.locator('.head-text, .diagram', { hasText: 'session two' }).first().waitFor();
  assert.equal(await wrong.count(), 0);
  assert.equal(await field.inputValue(), script.trim());
  const answer = await page.evaluate(() => window.interleave.explore('break:rule;'));
  assert.deepEqual(answer.findings.map((finding) => finding.choices.join(',')), ['two.put']);

  const link = await page.evaluate(async () => {
    await window.interleave.choose('two.put');
    return window.interleave.run();
  });
  const again = await lab(`#${link}`);
  await shows(again, 'Step 1 of 1');
  assert.equal(await verdict(again, 'rule'), 'violated');
  await again.getByRole('button', { name: 'Share' }).click();
  await again.waitForFunction(() => [...document.querySelectorAll('#share input, #share textarea')].some((one) => /runz=/.test(one.value)));
  const packed = await again.evaluate(() => [...document.querySelectorAll('#share input, #share textarea')].map((one) => one.value).find((value) => /^http.*runz=/.test(value)));
  assert.ok(packed.length < 500, `${packed.length} characters: ${packed}`);
  const third = await lab(`#${packed.split('#')[1]}`);
  await shows(third, 'Step 1 of 1');
  assert.equal(await third.getByRole('textbox', { name: 'Script' }).inputValue(), script.trim());
  for (const one of [page, again, third]) one.check();
});

test('axe finds no fault, light and dark, wide and narrow', async () => {
  for (const [fragment, words] of [[BROKEN, 'Step 6 of 6'], [DEADLOCK, 'Step 4 of 4']]) {
    for (const options of [{ theme: 'light' }, { theme: 'dark' }, { theme: 'light', width: 360, height: 740 }, { theme: 'dark', width: 768 }]) {
      const page = await lab(fragment, options);
      await shows(page, words);
      await page.locator('.levels-table').waitFor();
      await page.locator('.graph-frame svg').first().waitFor();
      await accessible(page, `${fragment} ${JSON.stringify(options)}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(wide <= 0, `${options.width}: ${wide} px too wide`);
      page.check();
      await page.context().close();
    }
  }
});

test('the search in the page finds what the table says of all that plays on databases', async () => {
  const page = await lab('#/isolation');
  const rows = readFileSync(TABLE, 'utf8').split('\n').map((line) => line.split('\t'));
  // What takes the page minutes is left to the native test.
  const asked = rows.filter(([scenario, , , question, states]) => PLAYED.includes(scenario) && question.startsWith('violation') && Number(states) < 50_000);
  assert.ok(asked.length >= 30, `${asked.length} rows`);
  await agrees(page, asked);
  page.check();
});

test('stock opens with something to do, by keyboard alone it is sold twice, and axe finds no fault', async () => {
  for (const options of [{}, { theme: 'dark', width: 360, height: 800 }]) {
    for (const [fragment, keys] of [['#/inventory-locking/none?v=1&rev=1&run=', 12], ['#/flash-sale/check-then-act?v=1&rev=1&run=', 12]]) {
      const page = await lab(fragment, options);
      await page.locator('.levels-table').waitFor();
      for (let key = 0; key < keys; key += 1) await page.keyboard.press('1');
      const steps = await page.evaluate(() => window.interleave.hashes().length - 1);
      assert.ok(steps >= 4, `${fragment}: ${steps} steps`);
      await accessible(page, `${fragment} ${JSON.stringify(options)}`);
      page.check();
      await page.context().close();
    }
  }
  const broken = await lab('#/inventory-locking/none?v=1&rev=1&run=ada.read,ben.read2,ada.take,ada.order,ben.take2');
  await broken.locator('.levels-table').waitFor();
  await broken.keyboard.press('1');
  await broken.waitForFunction(() => window.interleave.invariants().some(({ state }) => state === 'violated'));
  broken.check();
});
