// The locks in the page: what the search finds there is what the checked-in table says, which is what it finds natively.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { accessible, open, ready, withSite } from './harness.mjs';

const TABLE = new URL('../../docs/explored.tsv', import.meta.url);
const LOCKS = ['redis-lock', 'redlock', 'redis-failover', 'zookeeper-lock', 'etcd-lock', 'consul-lock', 'lock-table', 'advisory-lock', 'try-lock', 'leader-election'];
/** With a variant of each that is opened. */
const OPENED = { 'redis-failover': 'async', 'zookeeper-lock': 'recipe', 'etcd-lock': 'recipe', 'consul-lock': 'recipe', 'lock-table': 'owner-checked', 'advisory-lock': 'session', 'try-lock': 'limited', 'leader-election': 'epoch' };
/** Larger spaces take too long here. */
const STATES_MAX = 25_000;

/** The choices of a run string one by one: `a:renew*3` stands for three. */
const spelled = (run) => run.replace(/([^,]+)\*(\d+)/g, (_, choice, times) => Array(Number(times)).fill(choice).join(','));

let browser;
let site;
withSite((...both) => ([browser, site] = both));

test('the search in the page finds what the table says of every lock', async () => {
  const page = await ready(await open(browser, `${site.url}#/redlock`));
  const rows = readFileSync(TABLE, 'utf8').split('\n').map((line) => line.split('\t'));
  const asked = rows.filter(([scenario, , , question, states]) => LOCKS.includes(scenario) && question.startsWith('violation') && Number(states) <= STATES_MAX);
  assert.ok(asked.length >= 12, `${asked.length} rows`);
  for (const [scenario, variant, given, question, states, transitions, depth, end, findings] of asked) {
    const parameters = given === '-' ? '' : `&${given.replaceAll(' ', '&')}`;
    await page.evaluate((run) => window.interleave.open(run), `/${scenario}/${variant}?v=1&rev=1${parameters}&run=`);
    const answer = await page.evaluate((question) => window.interleave.explore(question), question);
    const what = `${scenario} ${variant} ${given} ${question}`;
    assert.deepEqual([answer.states, answer.transitions, answer.depth, answer.end], [Number(states), Number(transitions), Number(depth), end], what);
    const choices = answer.findings.map((finding) => finding.choices.join(','));
    assert.deepEqual(choices, findings === '-' ? [] : findings.split(' | ').map((finding) => spelled(finding.split('run=')[1])), what);
  }
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
