// Before the app arrives, and where it cannot.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, ready, withSite } from './harness.mjs';
import { CSP_WITHOUT_WASM, serveDist } from './server.mjs';

let browser;
let site;
withSite((...both) => ([browser, site] = both));

test('it starts from a sub-path under a strict policy without a word of complaint', async () => {
  const page = await open(browser, site.url);
  await ready(page);
  assert.ok(await page.getByRole('heading', { level: 1 }).isVisible());
  page.check();
});

test('a heading and a picture stand there before the Wasm does, and make room for the app', async () => {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  const page = await open(browser, site.url, {
    before: (page) => page.route('**/*.wasm', async (route) => {
      await held;
      await route.continue();
    }),
  });
  assert.ok(await page.getByRole('heading', { name: 'Interleave' }).isVisible());
  const image = page.locator('.first-paint img');
  assert.ok(await image.isVisible());
  assert.ok(await image.evaluate((img) => img.decode().then(() => img.naturalWidth > 0)));
  release();
  await ready(page);
  assert.equal(await page.locator('.first-paint').count(), 0);
  page.check();
});

test('a Wasm that does not come is named, and the picture stays', async () => {
  const page = await open(browser, site.url, {
    before: (page) => page.route('**/*.wasm', (route) => route.abort()),
  });
  const alert = page.getByRole('alert');
  await alert.waitFor();
  assert.match(await alert.textContent(), /could not be loaded/);
  assert.ok(await page.locator('.first-paint img').isVisible());
});

test('where not even the words for it can be had, that a part is missing is still said', async () => {
  const page = await open(browser, site.url, {
    before: (page) => page.route(/(_bg\.wasm|trouble\.js)$/, (route) => route.abort()),
  });
  const alert = page.getByRole('alert');
  await alert.waitFor();
  assert.match(await alert.textContent(), /A part of the lab could not be loaded\. Check your connection/);
  assert.ok(await page.locator('.first-paint img').isVisible());
});

test('a Wasm that the host does not have is named', async () => {
  const page = await open(browser, site.url, {
    before: (page) => page.route('**/*.wasm', (route) => route.fulfill({ status: 404, body: 'not found' })),
  });
  const alert = page.getByRole('alert');
  await alert.waitFor();
  assert.match(await alert.textContent(), /could not be loaded/);
  assert.match(await alert.textContent(), /404/);
});

test('a Wasm that does not compile is named, with what to do', async () => {
  const page = await open(browser, site.url, {
    before: (page) => page.route('**/*.wasm', (route) => route.fulfill({ contentType: 'application/wasm', body: Buffer.from('\0asm\x01\0\0\0 damaged', 'latin1') })),
  });
  const alert = page.getByRole('alert');
  await alert.waitFor();
  assert.match(await alert.textContent(), /could not make sense of the WebAssembly.*Update the browser/);
  assert.ok(await page.locator('.first-paint img').isVisible());
});

test('a policy that forbids Wasm is named with what it lacks', async () => {
  const strict = await serveDist({ csp: CSP_WITHOUT_WASM });
  try {
    const page = await open(browser, strict.url);
    const alert = page.getByRole('alert');
    await alert.waitFor();
    assert.match(await alert.textContent(), /'wasm-unsafe-eval'/);
  } finally {
    await strict.close();
  }
});

test('a browser without Wasm is told so', async () => {
  const page = await open(browser, site.url, {
    before: (page) => page.addInitScript(() => delete globalThis.WebAssembly),
  });
  const alert = page.getByRole('alert');
  await alert.waitFor();
  assert.match(await alert.textContent(), /no WebAssembly/);
});

test('with scripts off the page says so and shows the picture', async () => {
  const page = await open(browser, site.url, { scripts: false });
  // By its class: Playwright finds no text within <noscript>.
  const words = page.locator('.first-paint .boot-trouble');
  assert.ok(await words.isVisible());
  assert.match(await words.innerText(), /^Scripts are off in this browser/);
  assert.ok(await page.locator('#boot-state').isHidden(), 'it still promises the lab');
  assert.ok(await page.locator('.first-paint img').isVisible());
  page.check();
});

test('what a page does not show is not loaded for it: the picture of another scenario, and sheets of the home page and of the search', async () => {
  for (const [place, picture, home] of [['', 1, 1], ['#/two-phase-commit', 1, 1], ['#/redlock', 0, 0], ['#/saga', 0, 0]]) {
    const asked = [];
    const page = await ready(await open(browser, site.url + place, { before: (page) => page.on('request', (request) => asked.push(request.url())) }));
    const count = (pattern) => asked.filter((url) => pattern.test(url)).length;
    assert.deepEqual([count(/split-\w+\.svg$/), count(/home-\d+\.css$/), count(/search-\d+\.css$/)], [picture, home, 0], place);
    page.check();
    await page.context().close();
  }
});

test('each part of the page is loaded by who comes to it, and by nobody else; Back goes from part to part', async () => {
  const loaded = [];
  const page = await ready(await open(browser, site.url, {
    before: (page) => page.on('request', (request) => request.url().endsWith('.wasm') && loaded.push(/interleave(-[a-z]+)?-/.exec(request.url())[1] ?? 'first')),
  }));
  const title = (name) => page.getByRole('heading', { level: 1, name }).waitFor();
  assert.deepEqual(loaded, ['first']);
  await page.getByRole('link', { name: 'Two-phase commit', exact: true }).click();
  await title('Two-phase commit');
  assert.deepEqual(loaded, ['first']);
  await page.goBack();
  await page.getByRole('link', { name: 'Redlock', exact: true }).click();
  await title('Redlock');
  assert.deepEqual(loaded, ['first', '-locks']);
  await page.goto(`${site.url}#/isolation/write-skew`);
  await title('Isolation levels');
  assert.deepEqual(loaded, ['first', '-locks', '-databases']);
  await page.goBack();
  await title('Redlock');
  await page.goBack();
  await page.getByRole('heading', { level: 2, name: 'Scenarios' }).waitFor();
  assert.deepEqual(loaded, ['first', '-locks', '-databases', '-locks', 'first']);
  page.check();
});
