// Random scripts on a real MariaDB and on our InnoDB: every result, block, unblocking and error number must agree, step by step.
// Whether a session blocks is decided from information_schema.innodb_trx, which is asked no more often than its cache of 0.1 s allows.
//
// usage: node mariadb.mjs --binary PATH --socket PATH [--seed N] [--scripts N] [--level LEVEL]

import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { AGAIN, random, tooMany } from './generate.mjs';
import { open } from './mariadb-client.mjs';

const { values: options } = parseArgs({
  options: {
    binary: { type: 'string' },
    socket: { type: 'string' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    scripts: { type: 'string', default: '100' },
    level: { type: 'string' },
    'no-shrink': { type: 'boolean', default: false },
  },
});
const levels = options.level ? [options.level] : ['READ UNCOMMITTED', 'READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'];
const folder = mkdtempSync(join(tmpdir(), 'fidelity-'));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const execute = promisify(execFile);

/** How many scripts run at a time, each in a database of its own: most of the time is waiting for innodb_trx, which one asks for all. */
const LANES = 12;
const watcher = await open(options.socket, 'root', 'mysql');
let asked = null;
let asking = Promise.resolve();

/** The connections that wait for a lock, as innodb_trx has it at a moment after the call. */
function waiters() {
  // One question after the other: under load an answer may take longer than the pause.
  asked ??= asking = Promise.all([asking, pause(110)]).then(async () => {
    asked = null;
    const { rows } = await watcher.query("SELECT trx_mysql_thread_id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'");
    return new Set(rows.map(([thread]) => thread));
  });
  return asked;
}

function statement(r, rows) {
  const id = () => r.below(rows + 2) + 1;
  const v = () => r.below(rows + 2) * 10;
  const lock = () => (r.chance(0.4) ? r.pick([' FOR UPDATE', ' FOR UPDATE', ' LOCK IN SHARE MODE', ' FOR UPDATE NOWAIT', ' FOR UPDATE SKIP LOCKED']) : '');
  return r.pick([
    () => `SELECT * FROM t WHERE id = ${id()}${lock()}`,
    () => `SELECT * FROM t WHERE id = ${id()}${lock()}`,
    () => `SELECT * FROM t WHERE v = ${v()}${lock()}`,
    () => `SELECT * FROM t WHERE w = ${r.below(3)}${lock()}`,
    () => `SELECT * FROM t WHERE id >= ${id()}${lock()}`,
    () => `SELECT * FROM t WHERE id BETWEEN ${id()} AND ${id()}${lock()}`,
    () => `SELECT * FROM t ORDER BY id${r.pick(['', ' DESC'])}${r.pick(['', ' LIMIT 1'])}${lock()}`,
    () => `SELECT count(*), sum(w) FROM t`,
    () => `SELECT * FROM t WHERE w >= ${r.below(4)}${lock()}`,
    () => `UPDATE t SET v = v + 10 WHERE w < ${r.below(4)}`,
    () => `DELETE FROM t WHERE v BETWEEN ${v()} AND ${v()}`,
    () => `UPDATE t SET v = v + 1 WHERE id = ${id()}`,
    () => `UPDATE t SET v = ${v()} WHERE id = ${id()}`,
    () => `UPDATE t SET w = ${r.below(3)} WHERE v = ${v()}`,
    () => `UPDATE t SET v = v + 10 WHERE w = ${r.below(3)}`,
    () => `UPDATE t SET w = w + 1`,
    () => `UPDATE t SET id = ${id()} WHERE id = ${id()}`,
    () => `DELETE FROM t WHERE id = ${id()}`,
    () => `DELETE FROM t WHERE v = ${v()}`,
    () => `INSERT INTO t VALUES (${id()}, ${v()}, ${r.below(3)})`,
    () => `INSERT INTO t VALUES (${id()}, ${v()}, ${r.below(3)})`,
    () => r.pick(['SAVEPOINT a', 'ROLLBACK TO a', 'RELEASE SAVEPOINT a']),
  ])();
}

function script(seed) {
  const r = random(seed);
  const rows = 2 + r.below(3);
  const setup = ['CREATE TABLE t (id int PRIMARY KEY, v int, w int)'];
  const index = r.pick(['', '', 'CREATE INDEX t_v ON t (v)', 'CREATE INDEX t_w ON t (w)', 'CREATE UNIQUE INDEX t_v ON t (v)']);
  if (index) setup.push(index);
  setup.push(`INSERT INTO t VALUES ${Array.from({ length: rows }, (_, at) => `(${at + 1}, ${(at + 1) * 10}, ${(at + 1) % 3})`).join(', ')}`);
  const count = r.pick([2, 2, 3, 3, 4]);
  const left = [];
  for (let at = 0; at < count; at++) {
    const own = r.chance(0.9) ? ['BEGIN'] : [];
    const length = 1 + r.below(count > 3 ? 2 : 4);
    for (let step = 0; step < length; step++) own.push(statement(r, rows));
    own.push(r.chance(0.85) ? 'COMMIT' : 'ROLLBACK');
    left.push(own);
  }
  const steps = [];
  while (left.some((own) => own.length > 0)) {
    const session = r.below(count);
    if (left[session].length > 0) steps.push([session, left[session].shift()]);
  }
  return { setup, count, steps };
}

function told(answer) {
  if (answer.error) return `ERROR ${answer.error.number} (${answer.error.state})`;
  return answer.rows ? `rows ${answer.rows.map((row) => row.join('|')).join(' ')}` : 'ok';
}

/** Opens what one comparison needs: a session that holds back purge, then those of the script. */
async function connect(count, database) {
  const connections = [];
  for (let at = 0; at <= count; at++) {
    const connection = await open(options.socket, 'root', database);
    connection.thread = (await connection.query('SELECT connection_id()')).rows[0][0];
    connections.push(connection);
  }
  return connections;
}

/** A line for each event: a step's answer, its blocking, what it unblocked. A step of a blocked session is left out, on both sides. */
async function theirs(made, level, lane) {
  await lane.admin.query('DROP TABLE IF EXISTS t, held');
  await lane.admin.query('CREATE TABLE held (id int PRIMARY KEY)');
  for (const sql of made.setup) await lane.admin.query(sql);
  const connections = await connect(made.count, lane.database);
  try {
    return await drive(made, level, connections);
  } finally {
    for (const connection of connections) connection.close();
    await pause(5);
  }
}

async function drive(made, level, [holder, ...sessions]) {
  // An open view, so that what is deleted stays until the end: when purge comes is no part of the comparison.
  await holder.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
  await holder.query('BEGIN');
  await holder.query('SELECT * FROM held');
  for (const session of sessions) await session.query(`SET SESSION TRANSACTION ISOLATION LEVEL ${level}`);
  const out = [];
  const sent = [];
  const busy = new Map();
  for (const [at, [session, sql]] of made.steps.entries()) {
    if (busy.has(session)) continue;
    sent.push(at);
    const waiting = { at, answer: null };
    busy.set(session, waiting);
    sessions[session].query(sql).then((answer) => (waiting.answer = answer), () => {});
    const events = [];
    const take = () => {
      for (const [other, one] of [...busy]) {
        if (one.answer === null) continue;
        busy.delete(other);
        events.push(`${one.at === at ? '' : 'unblocked '}${one.at}: ${told(one.answer)}`);
      }
    };
    for (let quiet = 0; quiet < 2; ) {
      await pause(3);
      take();
      if (busy.size === 0) break;
      const waits = await waiters();
      if ([...busy.values()].some((one) => one.answer !== null)) quiet = 0;
      else quiet = [...busy.keys()].every((other) => waits.has(sessions[other].thread)) ? quiet + 1 : 0;
      take();
    }
    if (busy.has(session)) events.push(`${at}: BLOCKS`);
    out.push(events.sort());
  }
  return { out, sent };
}

/** The same events from what the isolation tester printed for the steps that were sent. */
async function ours(made, level, lane, sent) {
  const lines = made.setup.map((sql) => `setup { ${sql}; }`);
  lines.push('setup { CREATE TABLE held (id int PRIMARY KEY); }', 'teardown { DROP TABLE IF EXISTS t, held; }');
  lines.push('session h', "setup { SET transaction_isolation = 'repeatable read'; BEGIN; SELECT * FROM held; }", 'step h0 { COMMIT; }', 'teardown { ROLLBACK; }');
  for (let session = 0; session < made.count; session++) {
    const own = sent.filter((at) => made.steps[at][0] === session);
    if (own.length === 0) continue;
    lines.push(`session s${session}`, ...own.map((at) => `step p${at} { ${made.steps[at][1]}; }`), 'teardown { ROLLBACK; }');
  }
  lines.push(`permutation ${sent.map((at) => `p${at}`).join(' ')}`);
  const text = `${lines.join('\n')}\n`;
  const file = join(folder, `${lane.database}.spec`);
  writeFileSync(file, text);
  let stdout;
  try {
    ({ stdout } = await execute(options.binary, ['sql', file, '--engine', 'innodb', '--level', level.toLowerCase().replace(' ', '-')], { timeout: 20000 }));
  } catch (error) {
    return { error: (error.stderr || String(error)).trim(), text };
  }
  const out = [];
  let at = null;
  let event = null;
  let body = 0;
  let over = false;
  const finish = () => {
    // Behind the last step our clock runs on to the timeouts.
    over ||= event !== null && /^unblocked/.test(event.head) && /^ERROR 1205/.test(event.told);
    if (event && !over) out[out.length - 1]?.push(event.rows ? `${event.head}: rows ${event.rows.join(' ')}` : `${event.head}: ${event.told}`);
    event = null;
  };
  for (const line of stdout.split('\nstarting permutation')[1].split('\n').slice(1)) {
    const step = /^step p(\d+): (.*)$/.exec(line);
    if (step) {
      finish();
      const [, number, rest] = step;
      if (rest === '<... completed>') {
        event = { head: `unblocked ${number}`, told: 'ok' };
      } else {
        at = Number(number);
        out.push([]);
        event = { head: String(at), told: rest.endsWith('<waiting ...>') ? 'BLOCKS' : 'ok' };
      }
      body = 0;
    } else if (event) {
      const error = /^ERROR (\d+) \((\w+)\)/.exec(line);
      if (error) event.told = `ERROR ${error[1]} (${error[2]})`;
      else if (/^ERROR:/.test(line)) event.told = line;
      else if (/^-[-+]*$/.test(line)) {
        event.rows = [];
        body = 1;
      } else if (/^\(\d+ rows?\)$/.test(line)) body = 0;
      else if (body) event.rows.push(line.split('|').map((cell) => cell.trim()).join('|'));
    }
  }
  finish();
  return { events: out.map((events) => events.sort()), text };
}

/** What an event is about: who blocks and unblocks, who gives up in a deadlock, or what a statement answers. */
function subject(events) {
  if (events.some((event) => /BLOCKS/.test(event))) return 'blocks';
  if (events.some((event) => /ERROR 1213/.test(event))) return 'victims';
  return 'results';
}

/** Whether both say the same of the steps that the real server was sent, and if not, what the first difference is about. */
async function compare(made, level, lane) {
  const { out, sent } = await theirs(made, level, lane);
  const here = await ours(made, level, lane, sent);
  if (here.error) return { refused: here.error, text: here.text };
  const [a, b] = [here.events, out];
  const lines = (steps) => steps.map((events) => events.join('; ')).join('\n');
  const found = { same: lines(a) === lines(b), here: lines(a), there: lines(b), text: here.text };
  if (!found.same) {
    const at = b.findIndex((events, n) => events.join() !== (a[n] ?? []).join());
    const only = (of, other) => of.filter((event) => !other.includes(event));
    // In the real server, sessions that one step has woken run side by side.
    const woken = (events) => events.filter((event) => event.startsWith('unblocked')).length;
    found.raced = [a, b].some((steps) => steps.slice(0, at + 1).some((events) => woken(events) > 1));
    found.about = subject([...only(a[at] ?? [], b[at] ?? []), ...only(b[at] ?? [], a[at] ?? [])]);
  }
  return found;
}

/** Whether the real server does otherwise than it did, if asked again. */
async function disagrees(made, level, lane, there, times = AGAIN) {
  for (let again = 0; again < times; again++) {
    if ((await compare(made, level, lane)).there !== there) return true;
  }
  return false;
}

async function shrink(made, level, lane) {
  let best = made;
  for (let progress = true; progress; ) {
    progress = false;
    for (let at = best.steps.length - 1; at >= 0 && !progress; at--) {
      const smaller = { ...best, steps: best.steps.filter((_, n) => n !== at) };
      const found = smaller.steps.length > 0 && (await compare(smaller, level, lane));
      if (found && found.same === false) {
        best = smaller;
        progress = true;
      }
    }
  }
  return best;
}

/** How often the real server is asked again before it is said to differ. */
const OFTEN = 40;

const lanes = [];
for (let at = 0; at < LANES; at++) {
  const database = `fidelity_${at}`;
  await watcher.query(`CREATE DATABASE IF NOT EXISTS ${database}`);
  lanes.push({ database, admin: await open(options.socket, 'root', database) });
}
let failed = false;
for (const level of levels) {
  const total = { same: 0, results: 0, blocks: 0, victims: 0, unstable: 0, races: 0, refused: new Map() };
  let next = 0;
  const run = async (lane) => {
    while (next < Number(options.scripts)) {
      const seed = Number(options.seed) + next++;
      const made = script(seed);
      const found = await compare(made, level, lane);
      if (found.refused) {
        total.refused.set(found.refused, (total.refused.get(found.refused) ?? 0) + 1);
      } else if (found.same) total.same += 1;
      else if (await disagrees(made, level, lane, found.there)) {
        total.unstable += 1;
        console.log(`seed ${seed}, ${level}: unstable, the real server disagrees with itself`);
      } else if (found.raced) {
        total.races += 1;
        console.log(`seed ${seed}, ${level}: unstable in ${found.about}, several sessions were woken at once\n${found.text}--- ours\n${found.here}\n--- real\n${found.there}\n`);
      } else if (await disagrees(made, level, lane, found.there, OFTEN)) {
        // A race that one side wins nine times in a row under load.
        total.unstable += 1;
        console.log(`seed ${seed}, ${level}: unstable, the real server disagrees with itself, if rarely`);
      } else {
        total[found.about] += 1;
        failed = true;
        const small = options['no-shrink'] ? made : await shrink(made, level, lane);
        const outcome = await compare(small, level, lane);
        console.log(`seed ${seed}, ${level}: DIFFERENT in ${found.about}\n${outcome.text}--- ours\n${outcome.here}\n--- real\n${outcome.there}\n`);
      }
    }
  };
  await Promise.all(lanes.map(run));
  failed ||= tooMany(total.races, Number(options.scripts));
  const refused = [...total.refused].map(([why, count]) => `${count} x ${why}`).join('; ');
  console.log(
    `${level}: seeds ${options.seed}+${options.scripts}: ${total.same} the same, different: ${total.results} in results, ${total.blocks} in who blocks, ` +
      `${total.victims} in a deadlock's victim; ${total.unstable} unstable on the real server, ${total.races} where several were woken at once${refused ? `; refused: ${refused}` : ''}`,
  );
}
for (const lane of lanes) lane.admin.close();
watcher.close();
process.exitCode = failed ? 1 : 0;
