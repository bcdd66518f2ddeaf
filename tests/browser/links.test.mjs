// A run is its link: shared, packed, reloaded, without storage.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, open, ready } from './harness.mjs';
import { serveDist } from './server.mjs';

const GIVES_UP = '#/two-phase-commit/gives-up';

let browser;
let site;
before(async () => {
  browser = await launch();
  site = await serveDist();
});
after(async () => {
  await browser?.close();
  await site?.close();
});

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

test('an unknown address is named, and leads on', async () => {
  const page = await lab('#/three-generals');
  await page.getByRole('heading', { level: 1, name: 'No such page' }).waitFor();
  assert.match(await page.locator('main').textContent(), /three-generals/);
  await page.getByRole('link', { name: 'To the scenarios' }).click();
  await page.getByRole('heading', { level: 1, name: 'You decide what arrives first.' }).waitFor();
  page.check();
});
