// Random specs of the isolation tester's format, from a seed.

/** A small generator of random numbers (mulberry32), so that a printed seed gives the same script everywhere. */
export function random(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (n) => Math.floor(next() * n);
  const pick = (list) => list[below(list.length)];
  return { below, pick, chance: (p) => next() < p };
}

/** How often the real server is asked again where it differs: some do otherwise but once in several times. */
export const AGAIN = 8;

/** Whether there are more races than chance makes: then they are none. */
export const tooMany = (races, of) => races > Math.max(2, of / 100);

/** What one session may do, weighted by how often it stands here. */
function statement(r, shape) {
  const id = () => r.below(shape.rows + 2) + 1;
  const v = () => r.below(3) * 10;
  const lock = () => {
    if (!r.chance(0.3)) return '';
    const strength = r.pick(['UPDATE', 'NO KEY UPDATE', 'SHARE', 'KEY SHARE']);
    return ` FOR ${strength}${r.pick(['', '', '', ' NOWAIT', ' SKIP LOCKED'])}`;
  };
  const kinds = [
    () => `SELECT * FROM t WHERE id = ${id()}${lock()}`,
    () => `SELECT * FROM t WHERE id = ${id()}${lock()}`,
    () => `SELECT * FROM t WHERE v = ${v()}${lock()}`,
    () => `SELECT * FROM t WHERE w = ${r.below(3)}${lock()}`,
    () => `SELECT * FROM t ORDER BY id${r.pick(['', ' DESC'])}${r.pick(['', ' LIMIT 1', ' LIMIT 2'])}${lock()}`,
    () => `SELECT id, v FROM t WHERE id IN (${id()}, ${id()})${lock()}`,
    () => `SELECT * FROM t WHERE id BETWEEN ${id()} AND ${id() + 2} ORDER BY id${lock()}`,
    () => `SELECT * FROM t WHERE id > ${id()}${lock()}`,
    () => `SELECT count(*), sum(v) FROM t${r.pick(['', ' WHERE w = 1', ' WHERE v % 20 = 0'])}`,
    () => `SELECT max(v) FROM t WHERE w = ${r.below(3)}`,
    () => `SELECT * FROM t WHERE w >= ${r.below(4)}${lock()}`,
    () => `SELECT min(w), max(v) FROM t`,
    () => `SELECT * FROM t WHERE v > ${v()} ORDER BY v LIMIT 1${lock()}`,
    () => `UPDATE t SET v = v + 10 WHERE w < ${r.below(4)}`,
    () => `DELETE FROM t WHERE v BETWEEN ${v()} AND ${v()}`,
    () => `SELECT * FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.t_id = t.id)${lock() ? ' FOR UPDATE' : ''}`,
    () => `SELECT * FROM u WHERE t_id = ${id()}`,
    () => `UPDATE t SET v = v + 1 WHERE id = ${id()}`,
    () => `UPDATE t SET v = v + 1 WHERE id = ${id()}`,
    () => `UPDATE t SET v = ${v()} WHERE id = ${id()}`,
    () => `UPDATE t SET v = v + 10`,
    () => `UPDATE t SET v = v + 10 WHERE w = ${r.below(3)}`,
    () => `UPDATE t SET w = ${r.below(3)} WHERE v = ${v()}`,
    () => `UPDATE t SET w = w + 1 WHERE id >= ${id()}`,
    () => `UPDATE t SET id = ${id()} WHERE id = ${id()}`,
    () => `UPDATE t SET v = (SELECT sum(v) FROM t) WHERE id = ${id()} RETURNING *`,
    () => `DELETE FROM t WHERE id = ${id()}`,
    () => `DELETE FROM t WHERE v = ${v()}`,
    () => `INSERT INTO t VALUES (${id()}, ${v()}, ${r.below(3)})`,
    () => `INSERT INTO t VALUES (${id()}, ${v()}, ${r.below(3)})`,
    () => `INSERT INTO t VALUES (${id()}, ${v()}, 1) ON CONFLICT DO NOTHING`,
    () => `INSERT INTO t VALUES (${id()}, ${v()}, 1) ON CONFLICT (id) DO UPDATE SET v = t.v + excluded.v`,
    () => `INSERT INTO u VALUES (${r.below(4)}, ${id()})`,
    () => `INSERT INTO u VALUES (${r.below(4)}, ${id()})`,
    () => `UPDATE u SET t_id = ${id()} WHERE n = ${r.below(4)}`,
    () => `DELETE FROM u WHERE t_id = ${id()}`,
    () => `SAVEPOINT a`,
    () => `ROLLBACK TO a`,
    () => `RELEASE a`,
    () => `SELECT pg_advisory_xact_lock(${r.below(2)})`,
    () => `LOCK TABLE ${r.pick(['t', 'u'])} IN ${r.pick(['SHARE', 'ROW EXCLUSIVE', 'EXCLUSIVE', 'ACCESS EXCLUSIVE'])} MODE`,
  ];
  // Savepoints are worth little without one to go back to.
  if (shape.savepoint && r.chance(0.3)) return r.pick(['SAVEPOINT a', 'ROLLBACK TO a', 'RELEASE a']);
  const made = r.pick(kinds)();
  if (!shape.heavy && /^LOCK|advisory/.test(made) && r.chance(0.7)) return statement(r, shape);
  return made;
}

/** A script: tables, sessions with statements, and an order. */
export function script(seed, level) {
  const r = random(seed);
  const shape = { rows: 2 + r.below(3), savepoint: r.chance(0.2), heavy: r.chance(0.1) };
  const setup = ['CREATE TABLE t (id int PRIMARY KEY, v int, w int)'];
  const index = r.pick(['', '', 'CREATE INDEX t_v ON t (v)', 'CREATE INDEX t_w ON t (w)', 'CREATE UNIQUE INDEX t_v ON t (v, id)']);
  const late = r.chance(0.3);
  if (index && !late) setup.push(index);
  setup.push('CREATE TABLE u (n int PRIMARY KEY, t_id int REFERENCES t)');
  const rows = [];
  for (let id = 1; id <= shape.rows; id++) rows.push(`(${id}, ${id * 10}, ${id % 3})`);
  setup.push(`INSERT INTO t VALUES ${rows.join(', ')}`);
  if (r.chance(0.4)) setup.push(`INSERT INTO u VALUES (0, ${1 + r.below(shape.rows)})`);
  if (index && late) setup.push(index);
  const sessions = [];
  const count = r.pick([2, 2, 3, 3, 4]);
  for (let at = 0; at < count; at++) {
    const readOnly = level === 'SERIALIZABLE' && r.chance(0.15) ? ' READ ONLY' : '';
    const steps = [];
    const length = 1 + r.below(count > 3 ? 2 : 4);
    for (let step = 0; step < length; step++) steps.push(statement(r, shape));
    steps.push(r.chance(0.85) ? 'COMMIT' : 'ROLLBACK');
    const begin = r.chance(0.07) ? null : `BEGIN ISOLATION LEVEL ${level}${readOnly}`;
    sessions.push({ begin, steps });
  }
  const orders = [];
  for (let at = 0; at < 40; at++) {
    const left = sessions.map((session) => session.steps.length);
    const order = [];
    let session = r.below(count);
    while (left.some((n) => n > 0)) {
      if (left[session] === 0 || r.chance(0.6)) {
        session = r.below(count);
        if (left[session] === 0) continue;
      }
      order.push([session, sessions[session].steps.length - left[session]]);
      left[session] -= 1;
    }
    orders.push(order);
  }
  return { setup, sessions, orders };
}

/** The script as a spec file, with these orders of its steps. */
export function spec(script, orders) {
  const out = script.setup.map((sql) => `setup { ${sql}; }`);
  out.push('teardown { DROP TABLE IF EXISTS u, t; }', '');
  script.sessions.forEach((session, at) => {
    if (session.steps.length === 0) return;
    out.push(`session s${at}`);
    const timeout = "SET deadlock_timeout = '1s';";
    out.push(`setup { ${timeout}${session.begin ? ` ${session.begin};` : ''} }`);
    session.steps.forEach((sql, step) => out.push(`step s${at}_${step} { ${sql}; }`));
    out.push('step s' + at + '_end { SELECT * FROM t ORDER BY id; SELECT * FROM u ORDER BY n; }', 'teardown { ROLLBACK; }', '');
  });
  for (const order of orders) {
    const last = script.sessions.findIndex((session) => session.steps.length > 0);
    out.push(`permutation ${order.map(([s, step]) => `s${s}_${step}`).join(' ')} s${last}_end`);
  }
  return `${out.join('\n')}\n`;
}
