// The whole path: break a protocol by one's own choices, see why, go back, choose otherwise. By mouse, by keyboard alone, by touch.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, ready, withSite } from './harness.mjs';

const GIVES_UP = '#/two-phase-commit/gives-up';

let browser;
let site;
withSite((...both) => ([browser, site] = both));

async function lab(fragment, options) {
  return ready(await open(browser, site.url + fragment, options));
}

const at = (page) => page.locator('.step-count').textContent();
const verdict = (page, id) => page.locator(`[data-verdict="${id}"] .verdict-word`).textContent();
const tabs = (page) => page.locator('.branch-tab').count();
const choice = (page, words) => page.locator('button.choice', { has: page.locator('.choice-label', { hasText: new RegExp(`^${words}`) }) });
const hash = (page) => page.evaluate(() => window.interleave.hash());
const shows = (page, words) => page.locator('.step-count', { hasText: words }).waitFor();

test('by mouse: from the home page to a split outcome, back, and into another branch', async () => {
  const page = await ready(await open(browser, site.url));
  await page.getByRole('link', { name: 'Break a two-phase commit' }).click();
  await shows(page, 'Step 11 of 11');
  assert.equal(await verdict(page, 'ac1'), 'holds');

  await choice(page, 'decision timer of p2').click();
  await shows(page, 'Step 12 of 12');
  assert.equal(await verdict(page, 'ac1'), 'violated');
  assert.match(await page.locator('[data-verdict="ac1"]').textContent(), /c committed while p2 aborted/);
  await page.locator('.inspector', { hasText: /participant 2.*aborted/s }).waitFor();
  await page.locator('.event[aria-current="step"][data-step="12"]').first().waitFor();

  await page.getByRole('button', { name: 'One step back' }).click();
  await shows(page, 'Step 11 of 12');
  assert.equal(await verdict(page, 'ac1'), 'holds');
  const tree = await tabs(page);
  await choice(page, 'commit from c reaches p2').click();
  await shows(page, 'Step 12 of 12');
  assert.equal(await tabs(page), tree + 1, 'another choice in the past makes a branch');
  assert.equal(await verdict(page, 'ac1'), 'holds');

  await page.locator('.branch-name').first().click();
  await page.getByRole('button', { name: 'To the violation' }).click();
  await shows(page, 'Step 12 of 12');
  assert.equal(await verdict(page, 'ac1'), 'violated', 'the first branch is as it was left');
  page.check();
});

test('by mouse: a press on a message in the diagram delivers it, and its menu drops it', async () => {
  const page = await lab(GIVES_UP);
  await shows(page, 'Step 11 of 11');
  const flights = page.locator('.diagram-body .button');
  const before = await flights.count();
  assert.equal(before, 3);
  await flights.first().click();
  await shows(page, 'Step 12 of 12');
  await page.locator('.diagram-body .button').first().click({ button: 'right' });
  await page.getByRole('button', { name: /^drop / }).first().waitFor();
  await page.locator('.diagram-menu').getByRole('button', { name: /^drop / }).click();
  await shows(page, 'Step 13 of 13');
  // The panel follows the step's own frame.
  await page.locator('.spent', { hasText: /drop 1/ }).waitFor();
  await page.locator('.event[aria-current="step"]', { hasText: /lost|drop/i }).first().waitFor();
  page.check();
});

test('by mouse: variants, parameters, scrub, famous runs, side by side', async () => {
  const page = await lab(GIVES_UP);
  await page.getByRole('radio', { name: /^Cooperative termination/ }).check();
  await page.waitForFunction(() => location.hash.includes('/cooperative'));
  await page.getByRole('radio', { name: /^Participant gives up/ }).check();
  await shows(page, 'Step 11 of 11');

  await page.locator('.parameters summary').click();
  await page.getByLabel('Participants', { exact: true }).fill('2');
  await page.getByLabel('Participants', { exact: true }).blur();
  await page.waitForFunction(() => location.hash.includes('participants=2'));
  assert.match(await page.getByRole('alert').textContent(), /c-p3/, 'the choice that no longer applies is named');
  await page.getByLabel('Participants', { exact: true }).fill('99');
  await page.getByLabel('Participants', { exact: true }).blur();
  await page.getByText('`participants` cannot be `99`').waitFor();
  assert.equal(await page.getByLabel('Participants', { exact: true }).inputValue(), '2');

  await page.getByRole('link', { name: 'Split by impatience' }).click();
  await shows(page, 'Step 12 of 12');
  await page.locator('#scrub').fill('3');
  await shows(page, 'Step 3 of 12');

  await page.getByLabel('Compare with').selectOption('basic');
  await page.locator('.aligned tr.parts').waitFor();
  assert.match(await page.locator('.parting').textContent(), /part at step 12/);
  await page.locator('.parting').getByRole('button', { name: 'Go there' }).click();
  await shows(page, 'Step 12 of 12');
  assert.equal(await page.locator('.diagram-frame').count(), 2);
  await page.locator('.aligned tr.parts[aria-current="step"]').waitFor();
  page.check();
});

test('by keyboard alone: find the lab, break it, move, branch, share, and never lose the way', async () => {
  const page = await ready(await open(browser, site.url));
  const press = (...keys) => keys.reduce((done, key) => done.then(() => page.keyboard.press(key)), Promise.resolve());
  await press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
  for (let left = 20; left > 0 && !(await page.evaluate(() => document.activeElement.matches('.call'))); left -= 1) await press('Tab');
  await press('Enter');
  await shows(page, 'Step 11 of 11');

  await press('4');
  await shows(page, 'Step 12 of 12');
  assert.equal(await verdict(page, 'ac1'), 'violated');
  await press('ArrowLeft', 'ArrowLeft');
  await shows(page, 'Step 10 of 12');
  await press('Shift+ArrowLeft');
  const along = Number((await at(page)).match(/Step (\d+)/)[1]);
  assert.ok(along < 10);
  await press('Home');
  await shows(page, 'Step 0 of 12');
  await press('v');
  await shows(page, 'Step 12 of 12');
  await press('Home', 'ArrowRight');
  await shows(page, 'Step 1 of 12');
  const before = await tabs(page);
  await press('b');
  await shows(page, 'Step 1 of 1');
  assert.equal(await tabs(page), before + 1);
  await press('r');
  await shows(page, 'Step 0 of 0');
  await press(']');
  assert.equal(await page.locator('.speed select').inputValue(), '20');
  await press('Space');
  await page.waitForFunction(() => /Step [1-9]/.test(document.querySelector('.step-count').textContent));
  await press('Space');

  await press('?');
  assert.ok(await page.getByRole('dialog', { name: 'Keys' }).isVisible());
  const still = await at(page);
  await press('ArrowRight', '1');
  assert.equal(await at(page), still, 'keys do not reach the lab behind a dialog');
  await press('Escape', 's');
  assert.ok(await page.getByRole('dialog', { name: 'Share this run' }).isVisible());
  await press('Escape');
  page.check();
});

test('a step leaves alone what it does not change: what is unfolded stays so, with the choice it belongs to', async () => {
  const page = await lab(GIVES_UP);
  const item = (words) => page.locator('.choice-item', { has: page.locator('.choice-label', { hasText: new RegExp(`^${words}`) }) });
  await item('commit from c reaches p3').locator('summary').click();
  await page.locator('.parameters summary').click();
  const mark = (locator) => locator.evaluate((element) => { element.marked = true; });
  await mark(item('commit from c reaches p3'));
  await mark(page.locator('.diagram-body .lane').last());
  await page.keyboard.press('1');
  await shows(page, 'Step 12 of 12');
  assert.ok(await item('commit from c reaches p3').evaluate((element) => element.marked && element.querySelector('details').open));
  assert.ok(await page.locator('.diagram-body .lane').last().evaluate((lane) => lane.marked), 'a lifeline that grows is the same one');
  assert.equal(await page.locator('.choices details[open]').count(), 1, 'nothing else is unfolded');
  assert.ok(await page.locator('.parameters').evaluate((details) => details.open));
  await page.getByLabel('Seed').fill('77');
  await page.keyboard.press('Escape');
  await page.evaluate(() => window.interleave.back());
  await shows(page, 'Step 11 of 12');
  assert.equal(await page.getByLabel('Seed').inputValue(), '77', 'what is being typed is not taken away');
  page.check();
});

test('the panel follows in the frame after a step, and no press in between takes what was offered before', async () => {
  const page = await lab(GIVES_UP);
  await shows(page, 'Step 11 of 11');
  const seen = await page.evaluate(async () => {
    const api = window.interleave;
    const frames = async () => {
      for (let left = 2; left > 0; left -= 1) await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    };
    const panel = () => [...document.querySelectorAll('#choices button.choice, #choices .chip')].map((button) => button.dataset.choice);
    const offered = () => api.choices().map(({ name }) => name).sort();
    const step = () => document.querySelector('.step-count').textContent;
    const press = (choice) => document.querySelector(`#choices button[data-choice="${choice}"]`).click();
    const seen = {};
    api.goto(5);
    await frames();
    seen.followed = [panel().sort(), offered()];
    // By key: the first choice of the step that is shown, not of the one that the panel still shows.
    const [first] = panel();
    api.goto(11);
    const [wanted] = api.choices().filter(({ group, disabled }) => ['step', 'deliver', 'timer'].includes(group) && !disabled);
    api.choose(wanted.name);
    seen.byName = api.hash();
    api.goto(5);
    await frames();
    api.goto(11);
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key: '1', bubbles: true }));
    seen.keyed = [first !== wanted.name, api.hash()];
    // By a press on what is no longer offered.
    api.goto(11);
    await frames();
    const gone = panel().find((name) => name.includes(':decision'));
    api.goto(0);
    press(gone);
    await frames();
    seen.gone = [step().match(/Step \d+/)[0], offered().includes(gone), document.querySelector('.notice')?.textContent];
    // By a press on what both steps offer.
    api.goto(11);
    await frames();
    api.goto(3);
    press('p3!crash');
    await frames();
    seen.both = [step(), panel().includes('p3!restart')];
    return seen;
  });
  assert.deepEqual(seen.followed[0], seen.followed[1], 'the panel shows what may happen');
  assert.deepEqual(seen.keyed, [true, seen.byName]);
  assert.deepEqual(seen.gone, ['Step 0', false, undefined]);
  assert.deepEqual(seen.both, ['Step 4 of 4', true]);
  page.check();
});

test('a drawing that was stepped through is the one that a fresh page draws', async () => {
  // So high that all of it is in view, wherever the reader came from.
  const high = { height: 2400 };
  const drawing = (page) => page.locator('.diagram-body .items').first().evaluate((items) => [...items.children].map((item) => item.outerHTML));
  const settle = (page, step) => page.evaluate(async (step) => {
    window.interleave.goto(step);
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  }, step);
  const run = 'v=1&rev=2&run=cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p2-c,c!crash,p3-c';
  const page = await lab(`#/two-phase-commit/cooperative?${run}`, high);
  await page.evaluate(() => {
    for (let taken = 0; taken < 25; taken += 1) {
      const next = window.interleave.choices().find(({ group, disabled }) => ['step', 'deliver', 'timer'].includes(group) && !disabled);
      window.interleave.choose(next.name);
    }
  });
  for (const step of [34, 33, 20, 8, 9, 10, 0, 1, 2, 27]) await settle(page, step);
  for (const step of [3, 9, 17, 34]) {
    await settle(page, step);
    const fresh = await lab(`#${(await page.evaluate(() => window.interleave.run())).replace(/^.*#/, '')}`, high);
    await settle(fresh, step);
    assert.deepEqual(await drawing(page), await drawing(fresh), `step ${step}`);
    await fresh.context().close();
  }
  page.check();
});

test('by mouse: a release that comes late deletes the lock of another', async () => {
  const page = await ready(await open(browser, site.url));
  await page.getByRole('link', { name: 'A lock in Redis', exact: true }).click();
  await page.getByRole('radio', { name: /^Release without owner check/ }).check();
  await shows(page, 'Step 20 of 20');
  assert.equal(await verdict(page, 'owner'), 'holds');
  await choice(page, 'DEL lock from a reaches r').click();
  await shows(page, 'Step 21 of 21');
  assert.equal(await verdict(page, 'owner'), 'violated');
  assert.match(await page.locator('[data-verdict="owner"]').textContent(), /a deleted the lock of b/);

  await page.getByRole('radio', { name: /^Owner-checked release/ }).check();
  await page.waitForFunction(() => location.hash.includes('/owner-checked'));
  await page.getByRole('link', { name: 'The stolen lock, refused' }).click();
  await shows(page, 'Step 25 of 25');
  assert.equal(await verdict(page, 'owner'), 'holds');
  page.check();
});

test('by keyboard alone: a server forgets, two majorities are inside, and their bars overlap', async () => {
  const page = await lab('#/redlock/no-persistence');
  await shows(page, 'Step 15 of 15');
  assert.equal(await verdict(page, 'mutex'), 'holds');
  await page.keyboard.press('2');
  await shows(page, 'Step 16 of 16');
  await page.keyboard.press('2');
  await shows(page, 'Step 17 of 17');
  assert.equal(await verdict(page, 'mutex'), 'violated');
  assert.match(await page.locator('[data-verdict="mutex"]').textContent(), /a and b are both in their critical sections/);
  const sections = await page.locator('.diagram-body .bar-critical').evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect()).map(({ top, bottom }) => [top, bottom]));
  assert.equal(sections.length, 2);
  assert.ok(sections[0][1] > sections[1][0] && sections[1][1] > sections[0][0], 'one begins before the other ends');
  await page.keyboard.press('ArrowLeft');
  await shows(page, 'Step 16 of 17');
  assert.equal(await verdict(page, 'mutex'), 'holds');
  page.check();
});

test('by keyboard and by mouse: one release wakes a herd, and in the recipe one client', async () => {
  const page = await lab('#/zookeeper-lock/herd');
  await shows(page, 'Step 30 of 30');
  assert.equal(await page.locator('.blocked').count(), 2, 'both who wait are shown as blocked');
  await page.keyboard.press('1');
  await shows(page, 'Step 31 of 31');
  assert.equal(await verdict(page, 'herd'), 'violated');
  assert.match(await page.locator('[data-verdict="herd"]').textContent(), /2 clients are woken/);
  await page.getByRole('link', { name: 'One is woken' }).click();
  await shows(page, 'Step 36 of 36');
  assert.equal(await verdict(page, 'herd'), 'holds');
  await page.locator('.bar-critical').first().waitFor();
  page.check();
});

test('by keyboard alone: a choice by Tab and Enter keeps the focus in the list', async () => {
  const page = await lab(GIVES_UP);
  await page.locator('button.choice').first().focus();
  await page.keyboard.press('Enter');
  await shows(page, 'Step 12 of 12');
  await page.waitForFunction(() => document.activeElement.closest('#choices') !== null);
  await page.locator('.chip', { hasText: /^c$/ }).first().focus();
  await page.keyboard.press('Enter');
  await shows(page, 'Step 13 of 13');
  await page.waitForFunction(() => document.activeElement.closest('#choices') !== null);
  page.check();
});

test('keys do nothing while something is typed, and single keys can be switched off', async () => {
  const page = await lab(GIVES_UP);
  await page.locator('.parameters summary').click();
  await page.getByLabel('Seed').focus();
  await page.keyboard.type('4');
  await page.keyboard.press('Home');
  assert.equal(await at(page), 'Step 11 of 11');
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByLabel('Single-key shortcuts').uncheck();
  await page.keyboard.press('Escape');
  await page.locator('h1').click();
  await page.keyboard.press('4');
  await page.keyboard.press('Home');
  assert.equal(await at(page), 'Step 11 of 11');
  page.check();
});

test('by touch on a phone: the drawer, the transport, a message in the diagram', async () => {
  const page = await lab(GIVES_UP, { width: 360, height: 780, touch: true });
  await shows(page, 'Step 11 of 11');
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, 'nothing sticks out');
  await page.locator('.drawer-button').tap();
  await choice(page, 'decision timer of p2').tap();
  await shows(page, 'Step 12 of 12');
  assert.equal(await verdict(page, 'ac1'), 'violated');
  await page.getByRole('button', { name: 'One step back' }).tap();
  await shows(page, 'Step 11 of 12');
  await page.locator('.diagram-frame').scrollIntoViewIfNeeded();
  const first = await hash(page);
  await page.locator('.diagram-body .button').first().tap();
  await page.waitForFunction((first) => window.interleave.hash() !== first, first);
  const glyph = await page.locator('.diagram-body .glyph.sheet').first().evaluate((sheet) => sheet.getBoundingClientRect().height);
  assert.ok(glyph < 20, `the sign of a log is ${glyph} px high`);
  const small = await page.evaluate(() =>
    [...document.querySelectorAll('button, select, summary, a.call, input:not([type=radio], [type=checkbox])')]
      .filter((element) => element.checkVisibility())
      .map((element) => [element.textContent.trim() || element.id, element.getBoundingClientRect()])
      .filter(([, box]) => box.height < 24 || box.width < 24)
      .map(([name]) => name));
  assert.deepEqual(small, [], 'targets are at least 24 px');
  page.check();
});

test('one polite sentence per step, none for those that play by', async () => {
  const page = await lab(GIVES_UP);
  await shows(page, 'Step 11 of 11');
  await page.keyboard.press('4');
  await page.waitForFunction(() => /Step 12 of 12\. .*p2/.test(document.getElementById('said').textContent));
  assert.equal(await page.locator('[aria-live="polite"]').count(), 1);
  page.check();
});
