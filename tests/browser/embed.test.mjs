// In a frame on another origin: it drives, it tells its height and step, and it leaves the host's focus, scroll and history alone.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { launch, open, ready } from './harness.mjs';
import { serveDist } from './server.mjs';

const RUN = '#/two-phase-commit/gives-up?embed=1&theme=dark';

let browser;
let site;
let host;
let hostUrl;
before(async () => {
  browser = await launch();
  site = await serveDist();
  host = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(`<!doctype html><title>Host</title><link rel="icon" href="data:,"><p style="height:1500px"><input id="own" autofocus></p>
      <iframe src="${site.url}${RUN}" title="run" width="700" height="600"></iframe>
      <script>
        window.told = [];
        addEventListener('message', (event) => window.told.push(event.data));
        document.getElementById('own').focus();
      </script>`);
  });
  await new Promise((resolve) => host.listen(0, '127.0.0.1', resolve));
  hostUrl = `http://127.0.0.1:${host.address().port}/`;
});
after(async () => {
  await browser?.close();
  await site?.close();
  await new Promise((resolve) => (host ? host.close(resolve) : resolve()));
});

const frameOf = async (page) => {
  const frame = await (await page.locator('iframe').elementHandle()).contentFrame();
  await frame.waitForFunction(() => window.interleave && /Step/.test(document.querySelector('.step-count')?.textContent ?? ''));
  return frame;
};
const told = (page, type) => page.evaluate((type) => window.told.filter((message) => message.type === type).at(-1), type);

test('it takes neither focus nor scroll nor history from its host', async () => {
  const page = await open(browser, hostUrl);
  const length = await page.evaluate(() => history.length);
  const frame = await frameOf(page);
  await page.waitForTimeout(300);
  await page.evaluate(() => frames[0].postMessage({ type: 'interleave:goto', step: 4 }, '*'));
  await frame.waitForFunction(() => document.querySelector('.step-count').textContent.startsWith('Step 4 of 11'));
  assert.equal(await page.evaluate(() => document.activeElement.id), 'own');
  assert.equal(await page.evaluate(() => scrollY), 0);
  await frame.getByRole('button', { name: 'One step forward' }).click();
  await frame.getByRole('button', { name: /^yes|^prepare|commit from|reaches/ }).last().click();
  await frame.getByRole('button', { name: 'One step back' }).click();
  await page.waitForTimeout(500);
  assert.equal(await page.evaluate(() => history.length), length, 'Back is the host’s');
  page.check();
});

test('it tells its height and its step, and hears only harmless commands', async () => {
  const page = await open(browser, hostUrl);
  const frame = await frameOf(page);
  await page.waitForFunction(() => window.told.some((message) => message.type === 'interleave:height'));
  const height = await told(page, 'interleave:height');
  assert.equal(height.v, 1);
  assert.ok(height.height > 300 && height.height < 5_000, `${height.height}`);
  assert.deepEqual(await told(page, 'interleave:step'), { type: 'interleave:step', v: 1, step: 11, steps: 11 });
  const shown = await frame.evaluate(() => window.interleave.hash());
  await page.evaluate(() => {
    const nonsense = [null, 7, 'goto', [], {}, { type: 7 }, { type: 'interleave:goto' }, { type: 'interleave:goto', step: 'x' },
      { type: 'interleave:goto', step: -1 }, { type: 'interleave:goto', step: Infinity }, { type: 'interleave:theme', theme: '<b>' }, { type: 'eval', code: '1' }];
    nonsense.forEach((message) => frames[0].postMessage(message, '*'));
  });
  await page.waitForTimeout(200);
  assert.equal(await frame.evaluate(() => window.interleave.hash()), shown);
  assert.equal(await frame.evaluate(() => document.documentElement.dataset.theme), 'dark');
  await page.evaluate(() => frames[0].postMessage({ type: 'interleave:theme', theme: 'light' }, '*'));
  await frame.waitForFunction(() => document.documentElement.dataset.theme === 'light');
  // The height does not feed on itself: a host that follows it comes to rest.
  await page.evaluate(() => {
    addEventListener('message', ({ data }) => {
      if (data.type === 'interleave:height') document.querySelector('iframe').style.height = `${data.height}px`;
    });
    document.querySelector('iframe').style.height = '300px';
  });
  await page.waitForTimeout(400);
  const before = (await told(page, 'interleave:height')).height;
  await page.waitForTimeout(400);
  assert.equal((await told(page, 'interleave:height')).height, before);
  page.check();
});

test('the chrome is gone, and the way to the whole lab keeps the state', async () => {
  const page = await open(browser, hostUrl);
  const frame = await frameOf(page);
  assert.equal(await frame.locator('.site-head').count(), 0);
  await page.evaluate(() => frames[0].postMessage({ type: 'interleave:goto', step: 5 }, '*'));
  await frame.waitForFunction(() => document.querySelector('.step-count').textContent.startsWith('Step 5 of'));
  const link = await frame.getByRole('link', { name: 'Open in the lab' }).getAttribute('href');
  assert.doesNotMatch(link, /embed/);
  const full = await ready(await open(browser, link));
  await full.locator('.step-count', { hasText: 'Step 5 of 11' }).waitFor();
  assert.equal(await full.evaluate(() => window.interleave.hash()), await frame.evaluate(() => window.interleave.hash()));
  assert.equal(await full.locator('.site-head').count(), 1);
  full.check();
  page.check();
});

test('nothing sticks out of a frame of 320, 768 or 1440 px', async () => {
  for (const width of [320, 768, 1440]) {
    const page = await ready(await open(browser, site.url + RUN, { width, height: 700 }));
    await page.locator('.step-count', { hasText: 'Step 11' }).waitFor();
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `at ${width}`);
    page.check();
    await page.context().close();
  }
});
