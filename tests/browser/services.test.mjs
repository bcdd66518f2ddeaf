// Services in the page: by mouse and by keyboard, programs with their threads, tables and ledgers, lifelines folded, hidden and moved, the search.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { accessible, agrees, open, ready, spelled, withSite } from './harness.mjs';

const TABLE = new URL('../../docs/explored.tsv', import.meta.url);
const BOOT = new URL('../../public/boot.js', import.meta.url);
/** Every scenario of this part of the page. */
const SERVICES = /services: '([^']*)'/.exec(readFileSync(BOOT, 'utf8'))[1].split('|');
/** Larger spaces take too long here. */
const STATES_MAX = 25_000;
const ROWS = readFileSync(TABLE, 'utf8').split('\n').map((line) => line.split('\t')).filter(([scenario]) => SERVICES.includes(scenario));

let browser;
let site;
withSite((...both) => ([browser, site] = both));

async function lab(fragment, options) {
  return ready(await open(browser, site.url + fragment, options));
}

const shows = (page, words) => page.locator('.step-count', { hasText: words }).waitFor();
const verdict = (page, id) => page.locator(`[data-verdict="${id}"] .verdict-word`).textContent();
const table = (page, caption) => page.locator('.sql-table', { has: page.locator('caption', { hasText: caption }) });

test('the search in the page finds what the table says of services', async () => {
  const page = await lab('#/idempotency');
  const asked = ROWS.filter(([, , , question, states]) => question.startsWith('violation') && Number(states) <= STATES_MAX);
  assert.ok(asked.length >= 10, `${asked.length} rows`);
  await agrees(page, asked);
  page.check();
});

test('every scenario opens with something to do, and axe finds no fault, wide and light or narrow and dark', async () => {
  for (const shape of [{}, { width: 360, height: 800, theme: 'dark' }]) {
    const page = await lab('#/idempotency', shape);
    for (const scenario of SERVICES) {
      const variant = ROWS.find(([id]) => id === scenario)[1];
      await page.evaluate((run) => window.interleave.open(run), `/${scenario}/${variant}?v=1&rev=1&run=`);
      await page.waitForSelector('.diagram-body');
      const offered = await page.evaluate(() => window.interleave.choices().filter((choice) => !choice.disabled).length);
      assert.ok(offered > 0, scenario);
      await page.locator('.sql-table').first().waitFor();
      await accessible(page, `${scenario} at ${shape.width ?? 1440} px`);
    }
    page.check();
    await page.context().close();
  }
});

test('a saga goes back to its save-point and forward again; on a phone its variant is in view', async () => {
  const page = await lab('#/saga/save-point', { width: 360, height: 800 });
  const chosen = page.locator('.variant.is-shown');
  const frame = () => chosen.evaluate((label) => [label.getBoundingClientRect().left, label.getBoundingClientRect().right]);
  await page.waitForFunction(() => {
    const { left, right } = document.querySelector('.variant.is-shown').getBoundingClientRect();
    return left >= 0 && right <= innerWidth;
  });
  await page.goto(`${site.url}#/saga/orchestrated`);
  const shown = (title) => page.waitForFunction((title) => document.querySelector('.variant.is-shown .variant-title')?.textContent === title, title);
  await shown('Orchestrated');
  await page.waitForFunction(() => document.querySelector('.variant.is-shown').getBoundingClientRect().left >= 0);
  const [left, right] = await frame();
  assert.ok(left >= 0 && right <= 360, `${left} to ${right}`);

  await page.goto(`${site.url}#/saga/save-point`);
  await shown('Back to a save-point');
  const moment = /^save-point\?run=(.*)$/m.exec(readFileSync(new URL('../../texts/en/saga.md', import.meta.url), 'utf8'))[1].split(',');
  // What is far from the window is drawn when there is time.
  const plan = (step, word) => page.locator('.plan-step', { hasText: step }).locator('.plan-word', { hasText: word }).waitFor();
  await page.locator('.plan-step', { hasText: 'reserve' }).locator('.plan-mark', { hasText: 'save-point: back to here' }).waitFor();
  let taken = await page.evaluate(() => window.interleave.run().split('run=')[1].split(',').length);
  for (const [until, charge] of [[7, 'done (CHARGED)'], [13, 'undone (REFUNDED)'], [15, 'done (CHARGED)']]) {
    for (; taken < until; taken += 1) {
      await page.evaluate((choice) => window.interleave.choose(choice), moment[taken]);
    }
    await plan('charge', charge);
    await plan('reserve', 'done (RESERVED)');
  }
  page.check();
});

test('by mouse: two clicks are charged twice, and the program says where each thread is', async () => {
  const page = await lab('#/idempotency/get-then-set?v=1&rev=1&run=buyer.click,buyer.click,buyer-api,buyer-api');
  await shows(page, 'Step 4 of 4');
  const program = table(page, 'program of api');
  await program.locator('td', { hasText: 'redis GET $key' }).locator('.badge', { hasText: 'thread 2 is here' }).waitFor();
  for (const [choice, step] of [['api-redis', 5], ['api-redis', 6], ['redis-api', 7], ['api-bank', 8], ['redis-api', 9]]) {
    await page.locator(`button.choice[data-choice^="${choice}"]`).first().click();
    await shows(page, `Step ${step} of ${step}`);
  }
  assert.equal(await verdict(page, 'charged'), 'holds');
  await page.locator('button.choice[data-choice^="api-bank"]').first().click();
  await shows(page, 'Step 10 of 10');
  assert.equal(await verdict(page, 'charged'), 'violated');
  await table(page, 'bank: charges').locator('tbody tr').nth(1).waitFor();
  page.check();
});

test('by keyboard alone: a payment from the first click to its answer', async () => {
  const page = await lab('#/idempotency/unique-key?v=1&rev=1&run=');
  await shows(page, 'Step 0 of 0');
  for (let step = 1; step <= 5; step += 1) {
    await page.keyboard.press('1');
    await shows(page, `Step ${step} of ${step}`);
  }
  const run = await page.evaluate(() => window.interleave.run());
  assert.equal(run.split('run=')[1].split('&')[0].replace(/\+\d+/g, ''), 'buyer.click,buyer-api,api-bank,bank-api,api-buyer');
  await table(page, 'api: payments').locator('td', { hasText: 'PAID' }).waitFor();
  page.check();
});

/** The broken variant of a scenario with the shortest way to its violation, as the table has it. */
function shortest(scenario) {
  const found = ROWS.filter(([id, , given, question, , , , end]) => id === scenario && given === '-' && question.startsWith('violation') && end === 'found');
  const ways = found.map(([, variant, , , , , , , finding]) => ({ variant, rule: finding.split(' ')[0], choices: spelled(finding.split(' | ')[0].split('run=')[1]).split(',') }));
  return ways.sort((one, other) => one.choices.length - other.choices.length)[0];
}

for (const scenario of SERVICES) {
  test(`by mouse: ${scenario}, to its shortest violation`, async () => {
    const { variant, rule, choices } = shortest(scenario);
    const page = await lab(`#/${scenario}/${variant}?v=1&rev=1&run=`);
    await shows(page, 'Step 0 of 0');
    for (const [at, choice] of choices.entries()) {
      // A wait that suits it may stand behind the name; crashes in the midst of a step are folded away until asked for.
      const button = page.locator(`.choices [data-act="take"][data-choice="${choice}"], .choices [data-act="take"][data-choice^="${choice}+"]`).first();
      await button.evaluate((element) => element.closest('details')?.setAttribute('open', ''));
      await button.click();
      await shows(page, `Step ${at + 1} of ${at + 1}`);
    }
    assert.equal(await verdict(page, rule), 'violated');
    page.check();
  });

  test(`by keyboard alone: ${scenario}, five steps, back and forth`, async () => {
    const { variant } = shortest(scenario);
    const page = await lab(`#/${scenario}/${variant}?v=1&rev=1&run=`);
    await shows(page, 'Step 0 of 0');
    for (let step = 1; step <= 5; step += 1) {
      await page.keyboard.press('1');
      await shows(page, `Step ${step} of ${step}`);
    }
    await page.keyboard.press('ArrowLeft');
    await shows(page, 'Step 4 of 5');
    await page.keyboard.press('ArrowRight');
    await shows(page, 'Step 5 of 5');
    page.check();
  });
}

test('lifelines of the order path: folded, unfolded, hidden and moved; a press on the drawing still means what it shows', async () => {
  const page = await lab('#/e-commerce/composed?v=1&rev=1&run=buyer.buy');
  await shows(page, 'Step 1 of 1');
  const heads = () => page.locator('#own-diagram .head-of-lane title').allTextContents();
  const folded = await heads();
  assert.ok(folded.length <= 8, `${folded}`);
  assert.ok(folded.some((head) => head.startsWith('orders')), `${folded}`);
  // Delivers the request to the gateway, which in the folded drawing is another lifeline than in the run.
  await page.locator('#own-diagram .flight.button').first().click();
  await shows(page, 'Step 2 of 2');
  assert.match(await page.evaluate(() => window.interleave.run()), /run=buyer\.buy,buyer-gateway/);
  await page.locator('.lanes > summary').click();
  await page.locator('#lanes').getByRole('checkbox', { name: 'orders', exact: true }).uncheck();
  await page.locator('#own-diagram .head-of-lane title', { hasText: 'order database' }).waitFor({ state: 'attached' });
  assert.equal((await heads()).length, folded.length + 1);
  await page.locator('#lanes').getByRole('checkbox', { name: /^buyer/ }).uncheck();
  await page.locator('#own-diagram .head-of-lane title', { hasText: 'buyer (buyer)' }).waitFor({ state: 'detached' });
  const before = await heads();
  await page.getByRole('button', { name: 'Move gateway to the right' }).focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction((first) => document.querySelector('#own-diagram .head-of-lane title').textContent !== first, before[0]);
  await page.getByRole('button', { name: 'As it was' }).click();
  await page.waitForFunction((count) => document.querySelectorAll('#own-diagram .head-of-lane').length === count, folded.length);
  assert.deepEqual(await heads(), folded);
  await accessible(page, 'the panel of lifelines');
  page.check();
});
