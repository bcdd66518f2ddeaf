// A run is its link: shared, reloaded, gone back to, and mangled.

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

const hash = (page) => page.evaluate(() => window.interleave.hash());
const shows = (page, words) => page.locator('.step-count', { hasText: words }).waitFor();

async function sharedLink(page) {
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  const field = page.getByLabel('Link to this step');
  await page.waitForFunction(() => document.getElementById('share-link').value !== '');
  const link = await field.inputValue();
  await page.keyboard.press('Escape');
  return link;
}

test('a shared link opens the identical state at the same step', async () => {
  const page = await lab(GIVES_UP);
  await page.keyboard.press('4');
  await shows(page, 'Step 12 of 12');
  await page.keyboard.press('ArrowLeft');
  await shows(page, 'Step 11 of 12');
  const link = await sharedLink(page);
  assert.ok(link.length < 2_000);
  const other = await ready(await open(browser, link));
  await shows(other, 'Step 11 of 12');
  assert.equal(await hash(other), await hash(page));
  assert.deepEqual(await other.evaluate(() => window.interleave.hashes()), await page.evaluate(() => window.interleave.hashes()));
  page.check();
  other.check();
});

test('the clipboard gets the link; where it is denied, the text is selected to be copied by hand', async () => {
  const page = await lab(GIVES_UP, {
    before: (page) => page.addInitScript(() => {
      let denied = false;
      Object.defineProperty(navigator, 'clipboard', {
        value: { writeText: async (text) => { if (denied) throw new Error('denied'); window.copied = text; } },
      });
      window.denyClipboard = () => { denied = true; };
    }),
  });
  const link = await sharedLink(page);
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  const copy = page.getByRole('button', { name: 'Copy : Link to this step' });
  await copy.click();
  await page.getByText('Copied.').waitFor();
  assert.equal(await page.evaluate(() => window.copied), link);
  await page.evaluate(() => window.denyClipboard());
  await copy.click();
  await page.getByText('The browser refuses the clipboard').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'share-link');
  page.check();
});

test('a long run is packed into a short link, and opens from it', async () => {
  const page = await lab('#/two-phase-commit/basic');
  await page.evaluate(() => {
    let number = 0;
    while (number < 600) {
      const choices = window.interleave.choices().filter((choice) => choice.disabled === null && choice.group !== 'clock');
      if (choices.length === 0) break;
      window.interleave.choose(choices[(number * 7) % choices.length].name);
      number += 1;
    }
  });
  const steps = await page.evaluate(() => window.interleave.hashes().length - 1);
  assert.ok(steps > 400, `${steps} steps`);
  const link = await sharedLink(page);
  assert.match(link, /runz=/);
  const plain = await page.evaluate(() => window.interleave.run().length);
  assert.ok(link.length < plain / 2, `${link.length} against ${plain}`);
  const other = await ready(await open(browser, link));
  await shows(other, `of ${steps}`);
  assert.equal(await hash(other), await hash(page));
  other.check();
});

test('reload keeps the run, the step and the other branches', async () => {
  const page = await lab(GIVES_UP);
  await page.keyboard.press('4');
  await shows(page, 'Step 12 of 12');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('1');
  await page.keyboard.press('ArrowLeft');
  await shows(page, 'Step 11 of 12');
  const state = await hash(page);
  const names = await page.locator('.branch-name').allTextContents();
  assert.equal(names.length, 2);
  await page.reload();
  await ready(page);
  await shows(page, 'Step 11 of 12');
  assert.equal(await hash(page), state);
  assert.deepEqual(await page.locator('.branch-name').allTextContents(), names);
  page.check();
});

test('it works where storage is denied', async () => {
  const page = await lab(GIVES_UP, {
    before: (page) => page.addInitScript(() => {
      for (const name of ['localStorage', 'sessionStorage']) {
        Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError'); } });
      }
    }),
  });
  await page.keyboard.press('4');
  await shows(page, 'Step 12 of 12');
  await page.reload();
  await ready(page);
  await shows(page, 'Step 12 of 12');
  page.check();
});

test('Back and Forward go between places, not between steps', async () => {
  const page = await ready(await open(browser, site.url));
  await page.getByRole('link', { name: 'Break a two-phase commit' }).click();
  await shows(page, 'Step 11 of 11');
  for (let step = 10; step >= 8; step -= 1) {
    await page.keyboard.press('ArrowLeft');
    await shows(page, `Step ${step} of 11`);
  }
  await page.getByRole('radio', { name: /^Presumed abort/ }).check();
  await page.waitForFunction(() => location.hash.includes('/presumed-abort'));
  await page.goBack();
  await page.waitForFunction(() => location.hash.includes('/gives-up'));
  await shows(page, 'Step 8 of 11');
  await page.goForward();
  await page.waitForFunction(() => location.hash.includes('/presumed-abort'));
  await page.goBack();
  await shows(page, 'Step 8 of 11');
  await page.goBack();
  await page.getByRole('heading', { level: 1, name: 'You decide what arrives first.' }).waitFor();
  await page.goForward();
  await shows(page, 'Step 8 of 11');
  page.check();
});

test('an unknown address is named, and leads on', async () => {
  const page = await lab('#/three-generals');
  await page.getByRole('heading', { level: 1, name: 'No such page' }).waitFor();
  assert.match(await page.locator('main').textContent(), /three-generals/);
  await page.getByRole('link', { name: 'To the scenarios' }).click();
  await page.getByRole('heading', { level: 1, name: 'You decide what arrives first.' }).waitFor();
  page.check();
});

test('a bad link names its fault, and what is right of it stands', async () => {
  const cases = [
    [`${GIVES_UP}?v=1&rev=2&run=cl.begin,cl-c+10,c-p9`, /choice 3 of 3.*c-p9/s, 'of 2'],
    [`${GIVES_UP}?v=1&rev=2&run=cl.begin,p1!restart`, /choice 2 of 2.*p1!restart/s, 'of 1'],
    [`${GIVES_UP}?participants=99`, /participants.*99/s, null],
    [`${GIVES_UP}?nonsense=1`, /nonsense/, null],
    ['#/two-phase-commit/four-phase', /four-phase/, null],
    [`${GIVES_UP}?v=9&run=cl.begin`, /version `9`/, null],
    [`${GIVES_UP}?v=1&rev=2&runz=!!!!`, /runz/, null],
    [`${GIVES_UP}?v=1&rev=2&runz=AAAA`, /runz|unpacked/, null],
    [`${GIVES_UP}?v=1&rev=2&run=cl.begin&step=77`, /step 77/, 'Step 1 of 1'],
  ];
  for (const [fragment, fault, stands] of cases) {
    const page = await lab(fragment);
    const alert = page.getByRole('alert');
    await page.locator('.notice').waitFor();
    assert.match(await alert.textContent(), fault, fragment);
    if (stands) await shows(page, stands);
    await alert.getByRole('button', { name: 'Close' }).click();
    await page.locator('.notice').waitFor({ state: 'detached' });
    await page.keyboard.press('Home');
    await shows(page, /^Step 0 of/);
    const before = await hash(page);
    await page.keyboard.press('1');
    await page.waitForFunction((before) => window.interleave.hash() !== before, before);
    page.check();
    await page.context().close();
  }
});

test('mutated links give an error that names the fault or open, and the page stays usable', async () => {
  const page = await lab(GIVES_UP);
  const outcome = await page.evaluate(async () => {
    const good = '/two-phase-commit/gives-up?v=1&rev=2&participants=3&seed=5&run=cl.begin,cl-c+10,c-p1+10,c-p2,c-p3!drop,p1-c+10,c!crash,c!restart&step=4';
    const pieces = ['', '%', '%ff', '&', '=', '?', '#', ',', '+', '-', '!', '~', '.', ':', '/', '0', '99999999999999999999', '\u0000', 'é', '💥', 'p1', '!crash', 'cl.begin', 'run=', '__proto__', '<b>'];
    let seed = 12345;
    const random = (below) => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % below;
    };
    const wrong = [];
    let refused = 0;
    for (let round = 0; round < 400; round += 1) {
      let text = good;
      for (let edits = 1 + random(3); edits > 0; edits -= 1) {
        const from = random(text.length + 1);
        text = text.slice(0, from) + pieces[random(pieces.length)] + text.slice(from + random(4));
      }
      try {
        await window.interleave.open(text);
      } catch (error) {
        refused += 1;
        if (!(error instanceof Error) || error.message.length < 10) wrong.push([text, String(error)]);
      }
      if (location.hash.length < 3) wrong.push([text, 'lost the address']);
      if (round % 20 === 19) {
        for (const close of [...document.querySelectorAll('.branch-close')].slice(1)) close.click();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    await window.interleave.open('/two-phase-commit/gives-up');
    return { wrong, refused };
  });
  assert.deepEqual(outcome.wrong, []);
  assert.ok(outcome.refused > 100, `${outcome.refused} of 400 were refused`);
  assert.equal(await page.locator('#crash').count(), 0);
  await page.keyboard.press('Home');
  await shows(page, /Step 0 of/);
  page.check();
});

test('the page API refuses bad arguments with an Error that says what is wrong', async () => {
  const page = await lab(GIVES_UP);
  const messages = await page.evaluate(async () => {
    const attempts = [
      () => window.interleave.choose('p1!fly'), () => window.interleave.choose(7), () => window.interleave.goto(-1),
      () => window.interleave.goto('x'), () => window.interleave.goto(1e9), () => window.interleave.open(null),
      () => window.interleave.open('/nowhere'), () => window.interleave.open({ toString() { throw new Error('trap'); } }),
    ];
    const out = [];
    for (const attempt of attempts) {
      try {
        await attempt();
        out.push('accepted');
      } catch (error) {
        out.push(error instanceof Error ? error.message : `not an Error: ${error}`);
      }
    }
    return out;
  });
  const expected = [/p1!fly/, /7/, /-1/, /x/, /1000000000/, /null/, /nowhere/, /open takes/];
  messages.forEach((message, index) => assert.match(message, expected[index]));
  assert.equal(await page.evaluate(() => window.interleave.version), 1);
  const kinds = await page.evaluate(() => {
    const { interleave } = window;
    return [interleave.svg(), interleave.mermaid(), interleave.transcript(), interleave.invariants()[0].id, interleave.back(), interleave.goto(3)];
  });
  assert.match(kinds[0], /^<svg /);
  assert.match(kinds[1], /^sequenceDiagram|sequenceDiagram/);
  assert.match(kinds[2], /prepare/);
  assert.deepEqual(kinds.slice(3), ['ac1', 10, 3]);
  page.check();
});

test('the page API tells of steps and violations', async () => {
  const page = await lab(GIVES_UP);
  await page.evaluate(() => {
    window.told = [];
    for (const name of ['interleave:step', 'interleave:violation']) {
      window.addEventListener(name, (event) => window.told.push([name, event.detail]));
    }
  });
  await page.keyboard.press('4');
  await page.waitForFunction(() => window.told.length >= 2);
  const told = await page.evaluate(() => window.told);
  assert.deepEqual(told[0], ['interleave:step', { step: 12, steps: 12 }]);
  assert.equal(told[1][0], 'interleave:violation');
  assert.equal(told[1][1].invariant, 'ac1');
  assert.match(told[1][1].sentence, /p2/);
  page.check();
});
