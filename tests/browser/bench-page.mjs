// What `make bench` measures in the page: a step on a long run, its first drawing beside mermaid's of the same messages, opening a long link, the search.
// Ratios are taken within one run of one browser.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { launch, open, ready } from './harness.mjs';
import { serveDist } from './server.mjs';

const MERMAID = fileURLToPath(new URL('node_modules/mermaid/dist/mermaid.min.js', import.meta.url));
/** All are in doubt and ask each other for ever. */
const START = '/two-phase-commit/cooperative?v=1&rev=2&run=cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p2-c,c!crash,p3-c';
/** The holder crashed, its lock never expires, and two others ask for it for ever. */
const LOCK_START = '/redis-lock/no-expiry?v=1&rev=1&clients=3&run=a.begin,a-r+5,r-a+5,a-s+5,s-a+5,b.begin+500,b-r+5,r-b+5,a!crash';
const STEP_MS_MAX = 16;
const MERMAID_SHARE_MAX = 1 / 50;
const OPEN_MS_MAX = 150;
/** The search in the page: no frame longer than this meanwhile, and this space explored in so long. */
const FRAME_MS_MAX = 50;
const EXPLORED_S_MAX = 10;
const EXPLORED_RUN = '/two-phase-commit/basic?v=1&rev=2&run=';
const EXPLORED = 'violation;crash=1';
/** Redlock with five servers that are asked at once, two clients and one fault: each of these spaces explored in so long. */
const REDLOCK_S_MAX = 30;
const REDLOCK = [['fenced', 'pause'], ['redlock', 'drift'], ['redlock', 'crash']];

const ms = (value) => `${value.toFixed(1)} ms`;

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/**
 * For the page: `framed` runs `act` at the start of a frame and resolves with the ms until that frame is painted. `settled` resolves with that, and
 * with the ms until the panel of choices is painted too, which follows once the first frame is; the wait for the next frames is in it.
 */
const FRAME = `window.framed = (act) => new Promise((resolve) => requestAnimationFrame(() => {
  const channel = new MessageChannel();
  const from = performance.now();
  channel.port1.onmessage = () => resolve(performance.now() - from);
  act();
  channel.port2.postMessage(0);
}));
window.settled = async (act) => {
  let from;
  const painted = await window.framed(() => { from = performance.now(); act(); });
  await window.framed(() => {});
  await window.framed(() => {});
  return { painted, settled: performance.now() - from };
}`;

/** Takes the first thing that can happen, over and over, until the run has 1,000 `messages` or `steps`. */
function grow(page, enough, start = START) {
  return page.evaluate(async ([start, enough]) => {
    const api = window.interleave;
    await api.open(start);
    for (let step = 0; step < 4_000; step += 1) {
      const next = api.choices().find(({ group, disabled }) => ['step', 'deliver', 'timer'].includes(group) && !disabled);
      api.choose(next.name);
      if (step % 20 !== 0) continue;
      await new Promise((resolve) => setTimeout(resolve));
      const messages = (api.transcript().match(/ sends /g) ?? []).length;
      const steps = api.hashes().length - 1;
      if ((enough === 'messages' ? messages : steps) >= 1_000) return { run: api.run(), messages, steps };
    }
    throw new Error('the run came to rest');
  }, [start, enough]);
}

/** How long a page rests before it is measured, in ms: what is measured is the run, not the tail of loading the app. */
const REST_MS = 1_000;
/** How many fresh pages a median is taken over. */
const ROUNDS = 7;

/** `place` is one in the part of the page that the runs are of. */
async function inPage(measure, place = '#/two-phase-commit') {
  const site = await serveDist();
  const browser = await launch();
  const fresh = async () => {
    const page = await ready(await open(browser, site.url + place, { motion: 'no-preference' }));
    await page.evaluate(FRAME);
    await page.waitForTimeout(REST_MS);
    return page;
  };
  try {
    return await measure(fresh, browser);
  } finally {
    await browser.close();
    await site.close();
  }
}

/** A step on a run of 1,000 messages, and its first drawing beside mermaid's. */
function drawn(start, place) {
  return inPage(async (fresh, browser) => {
    const page = await fresh();
    const { run, messages, steps } = await grow(page, 'messages', start);
    const passes = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await page.waitForTimeout(REST_MS);
      passes.push(await page.evaluate(async (last) => {
        const times = [];
        for (let step = last - 150; step <= last; step += 1) {
          times.push(await window.settled(() => window.interleave.goto(step)));
        }
        return times.slice(1);
      }, steps));
    }
    const painted = passes.map((times) => times.map((time) => time.painted));
    const settled = passes.flat().map((time) => time.settled);
    // Each pass has its p95; the median of them is not that of a pass during which the machine did something else.
    const all = painted.map((times) => quantile(times, 0.95));
    const p95 = quantile(all, 0.5);
    const text = await page.evaluate(() => window.interleave.mermaid());

    const drawings = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const second = await fresh();
      drawings.push(await second.evaluate(async ([run, last]) => {
        await window.interleave.open(run);
        window.interleave.goto(0);
        await window.framed(() => {});
        return window.framed(() => window.interleave.goto(last));
      }, [run, steps]));
      await second.context().close();
    }
    const ours = quantile(drawings, 0.5);

    const other = await browser.newPage();
    await other.setContent('<!doctype html><title>mermaid</title><body></body>');
    await other.addScriptTag({ path: MERMAID });
    await other.evaluate(FRAME);
    const theirs = await other.evaluate(async (text) => {
      window.mermaid.initialize({ startOnLoad: false, maxTextSize: 10_000_000, maxEdges: 10_000 });
      const from = performance.now();
      const { svg } = await window.mermaid.render('bench', text);
      const rendered = performance.now() - from;
      return rendered + (await window.framed(() => { document.body.innerHTML = svg; }));
    }, text);
    const share = ours / theirs;
    return [
      { what: `a step on a run of ${messages} messages, p95 to paint`, value: ms(p95), bar: `at most ${STEP_MS_MAX} ms`, ok: p95 <= STEP_MS_MAX, note: `${all.length} passes: ${all.map((value) => value.toFixed(1)).join(', ')}; median step ${ms(quantile(painted.flat(), 0.5))}; until the panel of choices is painted too, two frames later, median ${ms(quantile(settled, 0.5))}, p95 ${ms(quantile(settled, 0.95))}` },
      { what: `first drawing of ${messages} messages, share of mermaid's time`, value: share.toFixed(4), bar: `at most ${MERMAID_SHARE_MAX}`, ok: share <= MERMAID_SHARE_MAX, note: `${ms(ours)} against ${ms(theirs)}` },
    ];
  }, place);
}

export const longRun = () => drawn(START);

export const longLockRun = () => drawn(LOCK_START, '#/redis-lock');

/** Opening a link of 1,000 choices: replay and draw. */
export function longLink() {
  return inPage(async (fresh) => {
    const { run, steps } = await grow(await fresh(), 'steps');
    const times = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const page = await fresh();
      times.push(await page.evaluate(async (run) => {
        const from = performance.now();
        await window.interleave.open(run);
        await window.framed(() => {});
        return performance.now() - from;
      }, run));
      await page.context().close();
    }
    const median = quantile(times, 0.5);
    return [{ what: `opening a link of ${steps} choices, median of ${times.length}`, value: ms(median), bar: `at most ${OPEN_MS_MAX} ms`, ok: median <= OPEN_MS_MAX }];
  });
}

/** A whole space explored, with the dialog and its figures in view; the longest time from frame to frame meanwhile, and the longest task. */
export function searchInPage() {
  return inPage(async (fresh) => {
    const runs = [];
    for (let round = 0; round < 3; round += 1) {
      const page = await fresh();
      await page.evaluate((run) => window.interleave.open(run), EXPLORED_RUN);
      await page.locator('[data-act=explore]').first().click();
      await page.waitForTimeout(REST_MS);
      runs.push(await page.evaluate(async () => {
        const tasks = [];
        new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' });
        const figure = () => [...document.querySelectorAll('.explore-figures dd')].map((figure) => figure.textContent);
        const from = performance.now();
        let frame = 0;
        let last = from;
        document.querySelector('.explore-form button[type=submit]').click();
        while (!document.querySelector('.explore-answer.is-complete')) {
          await new Promise(requestAnimationFrame);
          frame = Math.max(frame, performance.now() - last);
          last = performance.now();
        }
        const seconds = (performance.now() - from) / 1_000;
        await new Promise((resolve) => setTimeout(resolve, 200));
        return { frame, task: Math.max(0, ...tasks), seconds, states: figure()[0] };
      }));
      await page.context().close();
    }
    const middle = (of) => quantile(runs.map(of), 0.5);
    const frame = middle((run) => run.frame);
    const seconds = middle((run) => run.seconds);
    const all = (of) => runs.map(of).join(', ');
    return [
      { what: 'longest frame while the search runs, median of 3', value: ms(frame), bar: `at most ${FRAME_MS_MAX} ms`, ok: frame <= FRAME_MS_MAX, note: `frames ${all((run) => run.frame.toFixed(1))}; longest tasks ${all((run) => run.task.toFixed(0))} (0: none over 50)` },
      { what: `basic, 3 participants, ${EXPLORED.split(';')[1]}, fully explored in the page (${runs[0].states} states)`, value: `${seconds.toFixed(1)} s`, bar: `at most ${EXPLORED_S_MAX} s`, ok: seconds <= EXPLORED_S_MAX, note: all((run) => run.seconds.toFixed(1)) },
    ];
  });
}

/** All that five Redlock servers and two clients can come to with one fault, servers in each other's places counted once. */
export function redlockInPage() {
  return inPage(async (fresh) => {
    const lines = [];
    for (const [variant, fault] of REDLOCK) {
      const page = await fresh();
      await page.evaluate((run) => window.interleave.open(run), `/redlock/${variant}?v=1&rev=1&masters=5&ask=at-once&run=`);
      const { seconds, states, complete } = await page.evaluate(async (question) => {
        const from = performance.now();
        const { states, complete } = await window.interleave.explore(question);
        return { seconds: (performance.now() - from) / 1_000, states, complete };
      }, `violation;${fault}=1,delay=0`);
      lines.push({ what: `redlock, 5 servers, ${variant}, ${fault}=1,delay=0, fully explored in the page (${states} states)`, value: `${seconds.toFixed(1)} s`, bar: `at most ${REDLOCK_S_MAX} s`, ok: complete && seconds <= REDLOCK_S_MAX });
      await page.context().close();
    }
    return lines;
  }, '#/redlock');
}

/** Most seconds for the shortest counterexample of a broken variant, and for a saga with a log, with a crash and a message that comes twice. */
const COUNTEREXAMPLE_S_MAX = 5;
const SAGA_S_MAX = 20;

export function servicesInPage() {
  const rows = readFileSync(new URL('../../docs/explored.tsv', import.meta.url), 'utf8').split('\n').map((line) => line.split('\t'));
  const services = /services: '([^']*)'/.exec(readFileSync(new URL('../../public/boot.js', import.meta.url), 'utf8'))[1].split('|');
  const broken = rows.filter(([scenario, , given, question, , , , end]) => services.includes(scenario) && given === '-' && question.startsWith('violation') && end === 'found');
  return inPage(async (fresh) => {
    const page = await fresh();
    const asked = async (run, question) => {
      await page.evaluate((run) => window.interleave.open(run), run);
      return page.evaluate(async (question) => {
        const from = performance.now();
        const { states, complete, end } = await window.interleave.explore(question);
        return { seconds: (performance.now() - from) / 1_000, states, complete, end };
      }, question);
    };
    let worst = { seconds: 0 };
    for (const [scenario, variant, , question] of broken) {
      const { seconds, states, end } = await asked(`/${scenario}/${variant}?v=1&rev=1&run=`, question);
      if (end !== 'found' || seconds > worst.seconds) {
        worst = { seconds, states, name: `${scenario} ${variant}`, end };
      }
    }
    const { seconds, states, complete } = await asked('/saga/orchestrated?v=1&rev=1&run=', 'violation;crash=1,duplicate=1,delay=1');
    return [
      { what: `${broken.length} questions about broken variants of services, the slowest counterexample (${worst.name}, ${worst.states} states)`, value: `${worst.seconds.toFixed(1)} s`, bar: `at most ${COUNTEREXAMPLE_S_MAX} s`, ok: worst.end === 'found' && worst.seconds <= COUNTEREXAMPLE_S_MAX },
      { what: `saga, orchestrated, crash=1,duplicate=1,delay=1, fully explored in the page (${states} states)`, value: `${seconds.toFixed(1)} s`, bar: `at most ${SAGA_S_MAX} s`, ok: complete && seconds <= SAGA_S_MAX },
    ];
  }, '#/saga');
}
