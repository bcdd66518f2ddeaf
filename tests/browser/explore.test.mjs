// The search in the page: asked by mouse and by keyboard alone, stopped, refused, limited; the same numbers as natively; a worker that misbehaves.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { accessible, open, picture, ready, withSite } from './harness.mjs';

const NATIVE = fileURLToPath(new URL('../../target/release/interleave', import.meta.url));
const GIVES_UP = '#/two-phase-commit/gives-up';
const BASIC = '#/two-phase-commit/basic?v=1&rev=2&run=';
/** So few states that they can be drawn. */
const SMALL = '#/two-phase-commit/basic?v=1&rev=2&participants=1&run=';
const LARGE = 'violation;crash=2,drop=2;states=5000000';

let browser;
let site;
withSite((...both) => ([browser, site] = both));

async function lab(fragment, options) {
  const page = await ready(await open(browser, site.url + fragment, options));
  await page.locator('.step-count').waitFor();
  return page;
}

const shows = (page, words) => page.locator('.step-count', { hasText: words }).waitFor();
const dialog = (page) => page.locator('#explore');
const asked = async (page) => {
  await page.locator('.bench-acts').getByRole('button', { name: 'Find a violation' }).click();
  await dialog(page).getByRole('button', { name: 'Search', exact: true }).waitFor();
};
const go = (page) => dialog(page).getByRole('button', { name: 'Search', exact: true }).click();
const strip = (page) => page.locator('.explore-strip:not(.is-going)');
const settled = (page) => dialog(page).locator('.explore-answer:not(.is-going)');
const explore = (page, question) => page.evaluate((question) => window.interleave.explore(question), question);

/** `interleave explore` with the same question; it ends with 1 where it finds a violation. */
function native(...given) {
  try {
    return JSON.parse(execFileSync(NATIVE, ['explore', 'two-phase-commit', ...given, '--json'], { encoding: 'utf8' }));
  } catch (error) {
    assert.equal(error.status, 1, error.message);
    return JSON.parse(error.stdout);
  }
}

test('by mouse: a violation is found, opens in a branch beside the reader’s own, and is a link as any', async () => {
  const page = await lab(GIVES_UP);
  await shows(page, 'Step 11 of 11');
  await asked(page);
  await go(page);
  await strip(page).waitFor();
  assert.match(await strip(page).textContent(), /Found a violation\. No shorter one exists within this budget\. AC1 breaks in 10 choices, without a fault\./);
  await shows(page, 'Step 10 of 10');
  assert.equal(await page.locator('[data-verdict="ac1"] .verdict-word').textContent(), 'violated');
  assert.match(await page.locator('.branch-tab.is-shown').textContent(), /Shortest violation/);
  assert.equal(await page.locator('.branch-tab').count(), 2, 'the reader’s own run is still there');

  await strip(page).getByRole('button', { name: 'Details' }).click();
  await settled(page).waitFor();
  assert.match(await settled(page).textContent(), /all else equal, AC1 holds/, 'what it hangs on is told');
  assert.match(await dialog(page).locator('figcaption').textContent(), /States by number of choices, 0 to 10/);
  await page.keyboard.press('Escape');

  const run = await page.evaluate(() => window.interleave.run());
  const other = await lab(`#${run}`);
  await shows(other, 'Step 10 of 10');
  assert.equal(await other.locator('[data-verdict="ac1"] .verdict-word').textContent(), 'violated');
  other.check();

  // The same question about the same run is answered at once, and leads to the branch that is open already.
  await page.locator('.branch-name').first().click();
  await shows(page, 'Step 11 of 11');
  await asked(page);
  await go(page);
  await shows(page, 'Step 10 of 10');
  assert.equal(await page.locator('.branch-tab').count(), 2);
  page.check();
});

test('the sheet of the search comes with its dialog, which can be read without it', async () => {
  const wide = (page) => dialog(page).locator('.explore-parts').evaluate((parts) => getComputedStyle(parts).display);
  const page = await lab(GIVES_UP);
  await asked(page);
  await page.waitForFunction(() => getComputedStyle(document.querySelector('.explore-parts')).display === 'grid');
  page.check();
  const bare = await lab(GIVES_UP, { before: (page) => page.route(/search-\d+\.css$/, (route) => route.abort()), allow: [/Failed to load resource/] });
  await asked(bare);
  await bare.waitForFunction(() => getComputedStyle(document.querySelector('.explore-parts')).opacity === '1');
  assert.equal(await wide(bare), 'block');
  assert.ok(await dialog(bare).getByRole('button', { name: 'Search', exact: true }).evaluate((button) => button === document.activeElement));
  bare.check();
});

test('by keyboard alone: ask, change the budget, read the answer, come back to where one was', async () => {
  const page = await lab(BASIC);
  await page.locator('#main').focus();
  await page.keyboard.press('x');
  await dialog(page).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Search', 'Enter is enough');
  const crashes = dialog(page).getByLabel('crashes', { exact: true });
  assert.equal(await crashes.inputValue(), '1', 'the budget is what the variant declares');
  for (let left = 60; left > 0 && !(await crashes.evaluate((input) => input === document.activeElement)); left -= 1) await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('ArrowDown');
  assert.equal(await crashes.inputValue(), '0');
  await page.keyboard.press('Enter');
  await dialog(page).locator('.explore-answer.is-complete').waitFor();
  await settled(page).filter({ hasText: 'Every reachable state within this budget was checked: no invariant breaks.' }).waitFor();
  await page.keyboard.press('Escape');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main', 'the focus is where it was');
  await strip(page).waitFor();
  assert.equal(await page.locator('.branch-tab').count(), 1, 'nothing was found, so nothing was opened');
  page.check();
});

test('steppers, "can it block?", "from here" and "find a state"', async () => {
  const page = await lab(BASIC);
  await asked(page);
  await dialog(page).getByRole('button', { name: 'More: crashes' }).click();
  assert.equal(await dialog(page).getByLabel('crashes', { exact: true }).inputValue(), '2');
  await dialog(page).getByRole('button', { name: 'Fewer: crashes' }).click();
  await dialog(page).getByLabel('a timer beats a message').selectOption('0');
  await dialog(page).getByLabel('Can it block?').check();
  await go(page);
  await strip(page).waitFor({ timeout: 60_000 });
  assert.match(await strip(page).textContent(), /out of reach in \d+ choices?, with 1 fault/);
  assert.match(await page.locator('.branch-tab.is-shown').textContent(), /Blocked/);
  await strip(page).getByRole('button', { name: 'Close' }).click();
  await page.locator('.explore-strip').waitFor({ state: 'detached' });

  await page.getByRole('button', { name: 'What can still go wrong from here?' }).click();
  assert.equal(await dialog(page).getByLabel('What can still go wrong from here?').isChecked(), true);
  await dialog(page).getByLabel('Find a state').check();
  await go(page);
  await dialog(page).getByText('Say of at least one lifeline how it is to stand.').waitFor();
  await dialog(page).getByLabel('From the start').check();
  await dialog(page).getByLabel('p1', { exact: true }).fill('committed');
  await dialog(page).getByLabel('c', { exact: true }).fill('down');
  await go(page);
  await strip(page).filter({ hasText: /The state is reached in \d+ choices/ }).waitFor({ timeout: 60_000 });
  const badges = await page.evaluate(() => [...document.querySelectorAll('.branch-tab.is-shown')].map((tab) => tab.textContent).join());
  assert.match(badges, /The state/);
  page.check();
});

test('whether a goal is still within reach from here, and how soon', async () => {
  const page = await lab(`${BASIC}cl.begin,cl-c,c-p1,c-p2,c-p3,p1-c,p2-c,p3-c!crash2`);
  await shows(page, 'Step 8 of 8');
  await page.getByRole('button', { name: 'What can still go wrong from here?' }).click();
  await dialog(page).getByLabel('Is a goal within reach?').check();
  await dialog(page).getByLabel('Goal', { exact: true }).selectOption('decided');
  await go(page);
  await strip(page).filter({ hasText: /Found a run to the goal\. No shorter one exists within this budget\. The state is reached in \d+ choices, without a fault\./ }).waitFor();
  assert.match(await page.locator('.branch-tab.is-shown').textContent(), /To the goal/);
  const goals = await page.evaluate(() => window.interleave.invariants());
  assert.equal(goals.find(({ id }) => id === 'decided').state, 'holds');
  page.check();
});

test('a bad question is refused in words, and a limit is named as one', async () => {
  const page = await lab(BASIC);
  await assert.rejects(explore(page, 'violation;crush=1'), /there is no fault `crush`/);
  await assert.rejects(explore(page, 'violation;crash=10'), /`crash` cannot be `10`: it is a whole number from 0 to 9/);
  await assert.rejects(explore(page, 'state:p9=committed'), /there is no lifeline `p9`/);
  await assert.rejects(explore(page, 7), /explore takes a question as a string/);
  const limited = await explore(page, 'violation;crash=1;states=2000');
  assert.equal(limited.end, 'states');
  assert.equal(limited.complete, false);
  assert.match(limited.words, /^Stopped at the limit of states: [\d,]+ states wait to be looked behind, so this proves nothing more\.$/);
  const cramped = await explore(page, 'violation;crash=1;megabytes=1');
  assert.equal(cramped.end, 'memory');
  assert.match(cramped.words, /limit of memory/);

  await asked(page);
  await dialog(page).getByText('How to search').click();
  await dialog(page).getByLabel('Stop after so many states').fill('1000');
  await go(page);
  await settled(page).filter({ hasText: 'Stopped at the limit of states' }).waitFor();
  assert.equal(await dialog(page).locator('.explore-answer.is-complete').count(), 0, 'it is not dressed up as a proof');
  page.check();
});

test('a search goes on behind the closed dialog, is stopped from the bench, and the page stays usable', async () => {
  const page = await lab(BASIC);
  await asked(page);
  await dialog(page).getByLabel('crashes', { exact: true }).fill('2');
  await dialog(page).getByLabel('losses', { exact: true }).fill('2');
  await dialog(page).getByLabel('a timer beats a message').selectOption('any');
  await go(page);
  await dialog(page).locator('.explore-answer.is-going').waitFor();
  await picture(page, 'search-going-light-1440');
  await page.keyboard.press('Escape');
  await page.locator('.explore-strip.is-going').waitFor();
  await page.keyboard.press('1');
  await shows(page, 'Step 1 of 1');
  await page.locator('.explore-strip').getByRole('button', { name: 'Stop' }).click();
  await strip(page).filter({ hasText: 'Stopped: ' }).waitFor();
  await page.keyboard.press('1');
  await shows(page, 'Step 2 of 2');
  // What is asked from elsewhere on the page takes the place of a search under way.
  await asked(page);
  await go(page);
  await dialog(page).locator('.explore-answer.is-going').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.challenge').nth(2).getByRole('button', { name: 'How short can it be?' }).click();
  await strip(page).filter({ hasText: /Found|reached|Every/ }).waitFor({ timeout: 30_000 });
  // A question takes the place of one that is under way, and says so to whoever asked.
  const [first, second] = await page.evaluate(async ([large, small]) => {
    const first = window.interleave.explore(large).then(() => 'answered', (error) => error.message);
    const second = await window.interleave.explore(small);
    return [await first, second.end];
  }, [LARGE, 'violation;crash=0,delay=0']);
  assert.equal(first, 'another question took its place');
  assert.equal(second, 'exhausted');
  page.check();
});

test('progress is told while it searches', async () => {
  const page = await lab(BASIC);
  const told = await page.evaluate(async () => {
    const told = [];
    await window.interleave.explore('violation;crash=1;states=60000', ({ end, states }) => told.push([end, states]));
    return told;
  });
  assert.ok(told.length >= 2, `told ${told.length} times`);
  assert.ok(told.every(([end]) => end === 'going'));
  assert.ok(told.every(([, states], at) => at === 0 || states >= told[at - 1][1]));
  page.check();
});

test('a small space is drawn as a map; a press on a state opens a shortest run to it', async () => {
  const page = await lab(SMALL);
  await asked(page);
  await dialog(page).getByLabel('a timer beats a message').selectOption('0');
  await go(page);
  await dialog(page).locator('.map-place').first().waitFor();
  const places = await dialog(page).locator('.map-place').count();
  assert.ok(places > 20 && places <= 400, `${places} states`);
  const frame = dialog(page).locator('.map-frame');
  const shown = () => frame.evaluate((frame) => {
    const [outer, start] = [frame, frame.querySelector('.map-place')].map((element) => element.getBoundingClientRect());
    return { width: outer.width, all: frame.scrollWidth, left: start.left - outer.left, right: outer.right - start.right };
  });
  await page.waitForFunction(() => document.querySelector('.map-frame').scrollLeft > 0);
  const { width, all, left, right } = await shown();
  assert.ok(all > width, 'it is wider than its frame');
  assert.ok(Math.abs(left - right) < 40, `its start is in the middle of what shows: ${left} and ${right}`);
  await dialog(page).getByText('The same as a list').click();
  assert.equal(await dialog(page).locator('.map-list li').count(), places, 'the list has all that is drawn');
  await picture(page, 'map-light-1440');
  const last = dialog(page).locator('.map-list button', { hasText: 'After 6 choices' }).first();
  const words = await last.textContent();
  await last.focus();
  await page.keyboard.press('Enter');
  await shows(page, 'Step 6 of 6');
  assert.match(await page.locator('.branch-tab.is-shown').textContent(), /From the map/);
  await strip(page).getByRole('button', { name: 'Details' }).click();
  await dialog(page).locator('.map-way').waitFor();
  assert.equal(await dialog(page).locator('.map-place.is-here title').textContent(), words, 'the run ends where it was meant to');
  assert.equal(await dialog(page).locator('.map-place.is-on-way').count(), 7);
  const place = dialog(page).locator('.map-place').nth(3);
  await place.scrollIntoViewIfNeeded();
  await place.click();
  await page.locator('#explore:not([open])').waitFor({ state: 'attached' });
  page.check();
});

test('a long way to a violation is shortened, in a branch of its own', async () => {
  const page = await lab(GIVES_UP);
  await page.keyboard.press('4');
  await shows(page, 'Step 12 of 12');
  await page.getByRole('button', { name: 'Shorten this run' }).click();
  await strip(page).filter({ hasText: /Shortened from 12 to \d+ choices/ }).waitFor();
  assert.match(await page.locator('.branch-tab.is-shown').textContent(), /Shortened/);
  assert.equal(await page.locator('[data-verdict="ac1"] .verdict-word').textContent(), 'violated');
  const steps = await page.evaluate(() => window.interleave.hashes().length - 1);
  assert.ok(steps < 12, `${steps} choices`);
  page.check();
});

test('a challenge is taken on, judged, and solved by the search', async () => {
  const page = await lab(GIVES_UP);
  const challenge = page.locator('.challenge').first();
  await challenge.waitFor();
  await challenge.getByText('Hint 1').click();
  assert.equal(await challenge.getByText('Hint 2').isVisible(), true, 'the second hint comes after the first');
  assert.equal(await challenge.getByText('Hint 3').isVisible(), false);
  await challenge.getByRole('button', { name: 'Take it on' }).click();
  await shows(page, 'Step 0 of 0');
  assert.equal(await challenge.locator('.challenge-solved').count(), 0);
  await challenge.getByRole('button', { name: 'How short can it be?' }).click();
  await strip(page).waitFor({ timeout: 30_000 });
  assert.match(await page.locator('.branch-tab.is-shown').textContent(), /A solution/);
  await challenge.locator('.challenge-solved', { hasText: /^ ?Done, in \d+ choices/ }).waitFor();
  await page.getByRole('button', { name: 'One step back' }).click();
  await challenge.locator('.challenge-solved').waitFor({ state: 'detached' });
  page.check();
});

test('native and Wasm search alike: every variant within its own budget', async () => {
  const [{ variants }] = JSON.parse(execFileSync(NATIVE, ['list', '--json'], { encoding: 'utf8' }));
  const page = await lab(BASIC);
  for (const { id, budget, broken } of variants) {
    const theirs = native('--variant', id, '--param', 'participants=2');
    const faults = Object.entries(budget).map(([kind, count]) => `${kind}=${count}`).join(',');
    await page.evaluate((run) => window.interleave.open(run), `#/two-phase-commit/${id}?v=1&rev=2&participants=2&run=`);
    const ours = await explore(page, `violation;${faults}`);
    const numbers = ({ states, transitions, depth, complete, end, frontier }) => ({ states, transitions, depth, complete, end, frontier });
    assert.deepEqual(numbers(ours), numbers(theirs), id);
    const found = (list) => list.map(({ choices }) => choices);
    assert.deepEqual(found(ours.findings), found(theirs.violations), id);
    if (broken) {
      const [{ choices, of }] = ours.findings;
      await page.evaluate((run) => window.interleave.open(run), `#/two-phase-commit/${id}?v=1&rev=2&participants=2&run=${choices.join(',')}`);
      const verdicts = await page.evaluate(() => window.interleave.invariants());
      assert.equal(verdicts.find((verdict) => verdict.id === of).state, 'violated', `${id}: it replays, and breaks ${of}`);
    }
  }
  page.check();
});

test('what is no message of the search is refused by the worker, and by the page', async () => {
  const page = await lab(BASIC);
  const replies = await page.evaluate(async () => {
    const wasm = document.querySelector('meta[name=part-commit]').content.split(' ')[1];
    const module = await WebAssembly.compileStreaming(fetch(wasm));
    const worker = new Worker(document.querySelector('script[type=module][src]').src, { type: 'module' });
    const replies = [];
    const reply = (send) => new Promise((resolve) => {
      worker.onmessage = ({ data }) => { replies.push(data); resolve(); };
      send.forEach((message) => worker.postMessage(message));
    });
    await reply([{ module, glue: document.querySelector('link[rel=modulepreload]').href }, 'hello']);
    for (const message of [{ v: 1 }, 7, null, 'interleave 9 ask 1\nx\ny', 'interleave 1 dance 1', 'interleave 1 ask 5\n/nowhere\nviolation', 'interleave 1 ask 6\n/two-phase-commit/basic?v=1&rev=2&run=zz\nviolation']) {
      await reply([message]);
    }
    worker.terminate();
    return replies;
  });
  const foreign = 'interleave 1 refusal 0\nwhat arrived is no message of the search';
  assert.deepEqual(replies.slice(0, 4), [foreign, foreign, foreign, foreign]);
  assert.match(replies[4], /^interleave 1 refusal 0\nthe message is of version 9, and this is version 1/);
  assert.match(replies[5], /^interleave 1 refusal 0\nthe message has no readable kind/);
  assert.match(replies[6], /^interleave 1 refusal 5\n.*nowhere/);
  assert.match(replies[7], /^interleave 1 refusal 6\n.*zz/);
  page.check();

  for (const [says, expected] of [
    ["this.onmessage({ data: 'nonsense' })", /does not understand .*no message of the search/],
    ["this.onmessage({ data: 'interleave 2 report 1\\n' })", /version 2/],
    ["this.onmessage({ data: 'interleave 1 report 1\\ngoing 1 x' })", /no readable steps/],
    ["this.onerror(new ErrorEvent('error', { message: 'RuntimeError: unreachable', cancelable: true }))", /ended before its time \(RuntimeError: unreachable\)/],
  ]) {
    const other = await lab(BASIC, {
      before: (page) => page.addInitScript(`{
        const Real = window.Worker;
        let first = true;
        window.Worker = function (...given) {
          if (!first) return new Real(...given);
          first = false;
          return { postMessage(message) { if (typeof message === 'string') setTimeout(() => { ${says}; }); }, terminate() {} };
        };
      }`),
    });
    await asked(other);
    await go(other);
    await settled(other).waitFor();
    assert.match(await settled(other).textContent(), expected);
    // Another worker takes its place.
    await dialog(other).getByLabel('crashes', { exact: true }).fill('0');
    await go(other);
    await settled(other).filter({ hasText: 'Every reachable state' }).waitFor();
    other.check();
    await other.context().close();
  }
});

test('a worker that cannot be loaded is told in words, and the page lives', async () => {
  const page = await lab(BASIC, { allow: [/ERR_FAILED|Failed to load resource/] });
  await page.route('**/boot-*.js', (route) => route.abort());
  await page.route('**/interleave-*.js', (route) => route.abort());
  await asked(page);
  await go(page);
  await settled(page).waitFor();
  assert.match(await settled(page).textContent(), /ended before its time|could not be loaded/);
  await page.keyboard.press('Escape');
  await page.keyboard.press('1');
  await shows(page, 'Step 1 of 1');
});

for (const theme of ['light', 'dark']) {
  for (const width of [1440, 360]) {
    test(`axe finds nothing in the search: ${theme}, ${width} px`, async () => {
      const options = { theme, width, height: width === 360 ? 780 : 900, touch: width === 360 };
      const look = async (page, what) => {
        await accessible(page, `${what} (${theme}, ${width} px)`);
        await picture(page, `${what.replaceAll(' ', '-')}-${theme}-${width}`);
        assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `${what} sticks out`);
      };
      const page = await lab(SMALL, options);
      await asked(page);
      await dialog(page).getByText('How to search').click();
      await dialog(page).getByLabel('Find a state').check();
      await look(page, 'search asked');
      await dialog(page).getByLabel('Find a violation').check();
      await dialog(page).getByLabel('a timer beats a message').selectOption('0');
      await go(page);
      await dialog(page).locator('.map-place').first().waitFor();
      await dialog(page).getByText('The same as a list').click();
      await dialog(page).getByText('As a table').click();
      await look(page, 'search answered');
      page.check();
      await page.context().close();
      const broken = await lab(GIVES_UP, options);
      await asked(broken);
      await go(broken);
      await strip(broken).waitFor();
      await look(broken, 'search found');
      await strip(broken).getByRole('button', { name: 'Details' }).click();
      await settled(broken).waitFor();
      await look(broken, 'search found details');
      broken.check();
      await broken.context().close();
    });
  }
}
