// Random scripts on a real PostgreSQL, driven by its own isolation tester, and on ours: every result, block, order of unblocking and error must agree.
// The tester decides from pg_locks what blocks whom (pg_isolation_test_session_is_blocked), not from sleeping.
//
// usage: node postgres.mjs --binary PATH --tester PATH --conninfo STRING… [--seed N] [--scripts N] [--level LEVEL] [--orders N]

import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AGAIN, script, spec, tooMany } from './generate.mjs';

const { values: options } = parseArgs({
  options: {
    binary: { type: 'string' },
    tester: { type: 'string' },
    conninfo: { type: 'string', multiple: true },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    scripts: { type: 'string', default: '100' },
    orders: { type: 'string', default: '3' },
    level: { type: 'string' },
    'no-shrink': { type: 'boolean', default: false },
  },
});

const levels = options.level ? [options.level] : ['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'];
const folder = mkdtempSync(join(tmpdir(), 'fidelity-'));

function run(command, args, input, env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, timeout: 300000 });
    const out = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => (out[name] += text));
    child.on('error', (error) => resolve({ ...out, stderr: String(error), status: -1 }));
    child.on('close', (status) => resolve({ ...out, status }));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

async function ours(text, lane) {
  writeFileSync(lane.file, text);
  const { status, stdout, stderr } = await run(options.binary, ['sql', lane.file], '');
  return status === 0 ? { output: stdout } : { error: stderr.trim() || `status ${status}` };
}

async function theirs(text, lane) {
  const env = { PGISOLATIONTIMEOUT: '20', PGDATESTYLE: 'Postgres, MDY', PGTZ: 'PST8PDT' };
  const { status, stdout, stderr } = await run(options.tester, [lane.conninfo], text, env);
  if (status === 0) return { output: stdout };
  // Whatever was left behind by a permutation that was cut off.
  await run('psql', [lane.conninfo, '-qc', 'DROP TABLE IF EXISTS u, t'], '');
  return { error: (stderr + stdout).trim() };
}

/** Output by permutation; the first piece is the head. */
const pieces = (output) => output.split('\nstarting permutation: ').slice(1);

/** Whether only who was told to give up for SERIALIZABLE differs. */
const withoutAborts = (text) => text.replace(/^ERROR: {2}could not serialize access due to read\/write.*$/m, '');

/** Whether some step up to the first difference ended several waits at once: in the real server those sessions then run side by side. */
function raced(here, there) {
  // A step with all that it ended.
  const blocks = (text) => text.split(/\n(?=step \w+: (?!<\.\.\. completed>))/);
  const woken = (block) => block.split('<... completed>').length - 1;
  const [a, b] = [blocks(here), blocks(there)];
  const first = a.findIndex((block, at) => block !== b[at]);
  const until = first < 0 ? undefined : first + 1;
  return [a, b].some((all) => all.slice(0, until).some((block) => woken(block) > 1));
}

async function differs(made, order, lane) {
  const text = spec(made, [order]);
  const here = await ours(text, lane);
  if (here.error) return null;
  const there = await theirs(text, lane);
  if (there.error) return { here: here.output, there: there.error };
  return here.output === there.output ? null : { here: here.output, there: there.output };
}

/** The smallest script with a difference that leaving out steps leads to. */
async function shrink(made, order, lane) {
  let best = { made, order };
  for (let progress = true; progress; ) {
    progress = false;
    for (let at = best.order.length - 1; at >= 0 && !progress; at--) {
      const [session, step] = best.order[at];
      const sessions = best.made.sessions.map((s, n) => (n === session ? { ...s, steps: s.steps.filter((_, m) => m !== step) } : s));
      const rest = best.order
        .filter((_, n) => n !== at)
        .map(([s, n]) => [s, s === session && n > step ? n - 1 : n]);
      const smaller = { ...best.made, sessions };
      if (rest.length > 0 && (await differs(smaller, rest, lane))) {
        best = { made: smaller, order: rest };
        progress = true;
      }
    }
    for (let at = 1; at < best.made.setup.length && !progress; at++) {
      const smaller = { ...best.made, setup: best.made.setup.filter((_, n) => n !== at) };
      if (await differs(smaller, best.order, lane)) {
        best = { made: smaller, order: best.order };
        progress = true;
      }
    }
  }
  return best;
}

let failed = false;

/** Plays one script in several orders on both. */
async function play(seed, level, total, lane) {
  const made = script(seed, level);
  const orders = [];
  for (const order of made.orders) {
    if (orders.length >= Number(options.orders)) break;
    const here = await ours(spec(made, [order]), lane);
    if (!here.error) orders.push(order);
    else if (!/waits for a lock that nobody/.test(here.error)) {
      const why = here.error.replace(/^.*spec: /, '');
      total.refused.set(why, (total.refused.get(why) ?? 0) + 1);
      break;
    }
  }
  if (orders.length === 0) return;
  total.scripts += 1;
  const text = spec(made, orders);
  const here = pieces((await ours(text, lane)).output);
  let there = await theirs(text, lane);
  if (there.error) there = await theirs(text, lane);
  if (there.error) {
    console.log(`seed ${seed}, ${level}: the real tester failed twice: ${there.error.slice(0, 2000)}\n${text}`);
    total.different += 1;
    failed = true;
    return;
  }
  const real = pieces(there.output);
  for (let at = 0; at < orders.length; at++) {
    total.schedules += 1;
    if (here[at] === real[at]) total.same += 1;
    else await judge(seed, level, total, lane, made, orders[at], here[at], real[at]);
  }
}

/** What a difference amounts to. */
async function judge(seed, level, total, lane, made, order, here, real) {
  for (let again = 0; again < AGAIN; again++) {
    const one = pieces((await theirs(spec(made, [order]), lane)).output ?? '')[0];
    if (one?.trimEnd() === real.trimEnd()) continue;
    total.unstable += 1;
    console.log(`seed ${seed}, ${level}: unstable, the real server disagrees with itself`);
    return;
  }
  if (raced(here, real)) {
    total.races += 1;
    console.log(`seed ${seed}, ${level}: unstable, several sessions were woken at once\n--- ours\n${here}\n--- real\n${real}`);
    return;
  }
  if (level === 'SERIALIZABLE' && withoutAborts(here) !== here !== (withoutAborts(real) !== real)) total.aborts += 1;
  total.different += 1;
  failed = true;
  console.log(`seed ${seed}, ${level}: DIFFERENT`);
  if (options['no-shrink']) return;
  const small = await shrink(made, order, lane);
  const outcome = await differs(small.made, small.order, lane);
  console.log(`${spec(small.made, [small.order])}\n--- ours\n${outcome?.here}\n--- real\n${outcome?.there}`);
}

// As many scripts at a time as there are servers, since most of the time is waiting for deadlocks to be found. No two on one server, not even in databases of
// their own: what SERIALIZABLE takes for concurrent hangs on whatever else runs there.
const lanes = options.conninfo.map((conninfo, at) => ({ conninfo, file: join(folder, `script-${at}.spec`) }));
for (const level of levels) {
  const total = { scripts: 0, schedules: 0, same: 0, unstable: 0, races: 0, aborts: 0, refused: new Map(), different: 0 };
  let next = 0;
  await Promise.all(
    lanes.map(async (lane) => {
      while (next < Number(options.scripts)) await play(Number(options.seed) + next++, level, total, lane);
    }),
  );
  failed ||= tooMany(total.races, total.schedules);
  const refused = [...total.refused].map(([why, count]) => `${count} x ${why}`).join('; ');
  console.log(
    `${level}: seeds ${options.seed}+${options.scripts}: ${total.scripts} scripts, ${total.schedules} schedules, ${total.same} the same, ` +
      `${total.different} different (${total.aborts} only in whether SERIALIZABLE aborts), ${total.unstable} unstable on the real server, ` +
      `${total.races} where several were woken at once${refused ? `; refused: ${refused}` : ''}`,
  );
}
process.exitCode = failed ? 1 : 0;
