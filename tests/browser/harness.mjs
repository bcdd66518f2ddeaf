// Chromium, pages that fail a test on any error of theirs, axe, screenshots.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import AxeBuilder from '@axe-core/playwright';
import { chromium } from 'playwright-core';
import { serveDist } from './server.mjs';

const OUTPUT = fileURLToPath(new URL('output/', import.meta.url));

export const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

/** Where the browser stands. */
export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

export function launch() {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

/** A browser and the served site for all tests of a file: handed over before the first, closed after the last. */
export function withSite(hand) {
  let browser;
  let site;
  before(async () => {
    browser = await launch();
    site = await serveDist();
    hand(browser, site);
  });
  after(async () => {
    await browser?.close();
    await site?.close();
  });
}

/**
 * Opens a page. Errors of the page, of its console and of its Content-Security-Policy are collected; `page.check()` fails if there are any that `allow`
 * does not name.
 */
export async function open(browser, url, { width = 1440, height = 900, theme = 'light', motion = 'reduce', touch = false, scripts = true, before, allow = [] } = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: motion,
    hasTouch: touch,
    isMobile: touch,
    javaScriptEnabled: scripts,
  });
  const page = await context.newPage();
  const errors = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => errors.push(`uncaught: ${error.message}`));
  page.check = () => {
    const left = errors.filter((error) => !allow.some((pattern) => pattern.test(error)));
    assert.deepEqual(left, [], 'the page reported errors');
  };
  await before?.(page);
  await page.goto(url);
  return page;
}

/** Waits until the app has taken over. */
export async function ready(page) {
  await page.waitForFunction(() => window.interleave !== undefined && document.querySelector('.first-paint') === null);
  return page;
}

/** No violation of any rule that axe knows. */
export async function accessible(page, what) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map((rule) => `${rule.id}: ${rule.help}\n${rule.nodes.map((node) => `    ${node.target} ${node.failureSummary}`).join('\n')}`);
  assert.equal(found.join('\n'), '', `axe finds fault with ${what}`);
}

/** A picture in output/, for people. */
export async function picture(page, name, options = {}) {
  mkdirSync(OUTPUT, { recursive: true });
  await page.screenshot({ path: `${OUTPUT}${name}.png`, ...options });
}

/** The choices of a run string one by one: `a:renew*3` stands for three. */
export const spelled = (run) => run.replace(/([^,]+)\*(\d+)/g, (_, choice, times) => Array(Number(times)).fill(choice).join(','));

/** What the search in the page finds is what rows of docs/explored.tsv say, which is what it finds natively. */
export async function agrees(page, rows) {
  for (const [scenario, variant, given, question, states, transitions, depth, end, findings] of rows) {
    const parameters = given === '-' ? '' : `&${given.replaceAll(' ', '&')}`;
    await page.evaluate((run) => window.interleave.open(run), `/${scenario}/${variant}?v=1&rev=1${parameters}&run=`);
    const answer = await page.evaluate((question) => window.interleave.explore(question), question);
    const what = `${scenario} ${variant} ${given} ${question}`;
    assert.deepEqual([answer.states, answer.transitions, answer.depth, answer.end], [Number(states), Number(transitions), Number(depth), end], what);
    const choices = answer.findings.map((finding) => finding.choices.join(','));
    assert.deepEqual(choices, findings === '-' ? [] : findings.split(' | ').map((finding) => spelled(finding.split('run=')[1])), what);
  }
}
