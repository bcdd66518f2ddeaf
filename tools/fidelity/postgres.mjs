// Random scripts on a real PostgreSQL, driven by its own isolation tester, and on ours: every result, block, order of unblocking and error must agree.
// The tester decides from pg_locks what blocks whom (pg_isolation_test_session_is_blocked), not from sleeping.
//
// usage: node postgres.mjs --binary PATH --tester PATH --conninfo STRING [--seed N] [--scripts N] [--level LEVEL] [--orders N]

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { script, spec } from './generate.mjs';

const { values: options } = parseArgs({
  options: {
    binary: { type: 'string' },
    tester: { type: 'string' },
    conninfo: { type: 'string' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    scripts: { type: 'string', default: '100' },
    orders: { type: 'string', default: '3' },
    level: { type: 'string' },
    'no-shrink': { type: 'boolean', default: false },
  },
});

const levels = options.level ? [options.level] : ['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'];
const folder = mkdtempSync(join(tmpdir(), 'fidelity-'));
const file = join(folder, 'script.spec');

function ours(text) {
  writeFileSync(file, text);
  const run = spawnSync(options.binary, ['sql', file], { encoding: 'utf8', timeout: 60000 });
  if (run.status !== 0) return { error: run.stderr.trim() || `status ${run.status}` };
  return { output: run.stdout };
}

function theirs(text) {
  const run = spawnSync(options.tester, [options.conninfo], {
    input: text,
    encoding: 'utf8',
    timeout: 300000,
    env: { ...process.env, PGISOLATIONTIMEOUT: '20', PGDATESTYLE: 'Postgres, MDY', PGTZ: 'PST8PDT' },
  });
  // Whatever was left behind by a permutation that was cut off.
  if (run.status !== 0) {
    execFileSync('psql', [options.conninfo, '-qc', 'DROP TABLE IF EXISTS u, t'], { stdio: 'ignore' });
  }
  return run.status === 0 ? { output: run.stdout } : { error: (run.stderr + run.stdout).trim() };
}

/** Output by permutation; the first piece is the head. */
const pieces = (output) => output.split('\nstarting permutation: ').slice(1);

/** Whether only who was told to give up for SERIALIZABLE differs. */
const withoutAborts = (text) => text.replace(/^ERROR: {2}could not serialize access due to read\/write.*$/m, '');

function differs(made, order) {
  const text = spec(made, [order]);
  const here = ours(text);
  if (here.error) return null;
  const there = theirs(text);
  if (there.error) return { here: here.output, there: there.error };
  return here.output === there.output ? null : { here: here.output, there: there.output };
}

/** The smallest script with a difference that leaving out steps leads to. */
function shrink(made, order) {
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
      if (rest.length > 0 && differs(smaller, rest)) {
        best = { made: smaller, order: rest };
        progress = true;
      }
    }
    for (let at = 1; at < best.made.setup.length && !progress; at++) {
      const smaller = { ...best.made, setup: best.made.setup.filter((_, n) => n !== at) };
      if (differs(smaller, best.order)) {
        best = { made: smaller, order: best.order };
        progress = true;
      }
    }
  }
  return best;
}

let failed = false;
for (const level of levels) {
  const total = { scripts: 0, schedules: 0, same: 0, unstable: 0, aborts: 0, refused: new Map(), different: 0 };
  for (let n = 0; n < Number(options.scripts); n++) {
    const seed = Number(options.seed) + n;
    const made = script(seed, level);
    const orders = [];
    for (const order of made.orders) {
      if (orders.length >= Number(options.orders)) break;
      const here = ours(spec(made, [order]));
      if (!here.error) orders.push(order);
      else if (!/waits for a lock that nobody/.test(here.error)) {
        const why = here.error.replace(/^.*spec: /, '');
        total.refused.set(why, (total.refused.get(why) ?? 0) + 1);
        break;
      }
    }
    if (orders.length === 0) continue;
    total.scripts += 1;
    const text = spec(made, orders);
    const here = pieces(ours(text).output);
    const there = theirs(text);
    if (there.error) {
      console.log(`seed ${seed}, ${level}: the real tester failed: ${there.error.slice(0, 2000)}\n${text}`);
      total.different += 1;
      continue;
    }
    const real = pieces(there.output);
    for (let at = 0; at < orders.length; at++) {
      total.schedules += 1;
      if (here[at] === real[at]) {
        total.same += 1;
        continue;
      }
      // What the real server does not do twice cannot be compared.
      const again = [1, 2, 3].map(() => pieces(theirs(spec(made, [orders[at]])).output ?? '')[0]);
      if (again.some((one) => one?.trimEnd() !== real[at]?.trimEnd())) {
        total.unstable += 1;
        continue;
      }
      if (level === 'SERIALIZABLE' && withoutAborts(here[at]) !== here[at] !== (withoutAborts(real[at]) !== real[at])) total.aborts += 1;
      total.different += 1;
      failed = true;
      console.log(`seed ${seed}, ${level}: DIFFERENT`);
      if (!options['no-shrink']) {
        const small = shrink(made, orders[at]);
        const outcome = differs(small.made, small.order);
        console.log(spec(small.made, [small.order]));
        console.log(`--- ours\n${outcome?.here}\n--- real\n${outcome?.there}`);
      }
    }
  }
  const refused = [...total.refused].map(([why, count]) => `${count} x ${why}`).join('; ');
  console.log(
    `${level}: seeds ${options.seed}+${options.scripts}: ${total.scripts} scripts, ${total.schedules} schedules, ${total.same} the same, ` +
      `${total.different} different (${total.aborts} only in whether SERIALIZABLE aborts), ${total.unstable} unstable on the real server${refused ? `; refused: ${refused}` : ''}`,
  );
}
process.exitCode = failed ? 1 : 0;
