//! Two-phase locking against what Berenson et al. (SIGMOD 1995) say of its levels: table 4, history by history, and what is undone at degree 0.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;

use interleave::servers::sql::answer::Reply;
use interleave::servers::sql::ast::Level;
use interleave::servers::sql::engine::{Database, Engine, Kind, SessionId};
use interleave::servers::sql::history::{Graph, Phenomenon};
use interleave::servers::sql::parse::parse;

const R1X: &str = "1 SELECT v FROM t WHERE id = 1";
const R1Y: &str = "1 SELECT v FROM t WHERE id = 2";
const R1Z: &str = "1 SELECT v FROM t WHERE id = 3";
const R2X: &str = "2 SELECT v FROM t WHERE id = 1";
const R2Y: &str = "2 SELECT v FROM t WHERE id = 2";
const W1X: &str = "1 UPDATE t SET v = 10 WHERE id = 1";
const W1Y: &str = "1 UPDATE t SET v = 10 WHERE id = 2";
const W2X: &str = "2 UPDATE t SET v = 20 WHERE id = 1";
const W2Y: &str = "2 UPDATE t SET v = 20 WHERE id = 2";
const R1P: &str = "1 SELECT count(*) FROM t WHERE v = 50";
const R2P: &str = "2 SELECT count(*) FROM t WHERE v = 50";
const I1P: &str = "1 INSERT INTO t VALUES (4, 50)";
const I2P: &str = "2 INSERT INTO t VALUES (5, 50)";
const C1: &str = "1 COMMIT";
const C2: &str = "2 COMMIT";
const A1: &str = "1 ROLLBACK";

fn send(database: &mut dyn Engine, session: SessionId, sql: &str) -> Option<Reply> {
    let answers = database.execute(session, Arc::from(parse(sql).unwrap()));
    let answer = answers.into_iter().find(|(whose, _)| *whose == session)?.1;
    answer.replies.into_iter().next()
}

/// x and y, both 50, z to move a cursor to, and two transactions that have begun.
fn begun(kind: Kind, level: Level) -> Database {
    let mut database = kind.database();
    let engine = database.engine_mut();
    for _ in 0..3 {
        let session = engine.connect().unwrap();
        engine.set_default_level(session, level);
    }
    send(engine, 0, "CREATE TABLE t (id int PRIMARY KEY, v int)").unwrap();
    send(engine, 0, "INSERT INTO t VALUES (1, 50), (2, 50), (3, 0)").unwrap();
    engine.clear_history();
    send(engine, 1, "BEGIN").unwrap();
    send(engine, 2, "BEGIN").unwrap();
    database
}

fn value(reply: &Reply) -> String {
    if let Reply::Rows(rows) = reply { rows.rows[0][0].to_string() } else { String::new() }
}

/// What a history's steps answer and what is wrong with it; none where the level does not let it happen in this order.
fn play(kind: Kind, level: Level, history: &[&str]) -> Option<(Vec<String>, Option<Phenomenon>)> {
    let mut database = begun(kind, level);
    let mut told = Vec::new();
    for step in history {
        let (session, sql) = step.split_once(' ').unwrap();
        let reply = send(database.engine_mut(), session.parse().unwrap(), sql)?;
        if matches!(reply, Reply::Error(_)) {
            return None;
        }
        told.push(value(&reply));
    }
    let cycle = Graph::of(database.engine().history()).cycle();
    Some((told, cycle.map(|cycle| cycle.phenomenon)))
}

/// The histories of a column, each with what shows that it has come about.
struct Case {
    column: &'static str,
    histories: &'static [&'static [&'static str]],
    shows: fn(&[String], Option<Phenomenon>) -> bool,
}

/// Where "sometimes" depends on whether the cursor has moved on, both.
const CASES: &[Case] = &[
    Case { column: "P0_dirty_write", histories: &[&[W1X, W2X, C2, C1]], shows: |_, _| true },
    Case { column: "P1_dirty_read", histories: &[&[W1X, R2X, A1, C2]], shows: |told, _| told[1] == "10" },
    Case {
        column: "P4C_cursor_lost_update",
        histories: &[&[R1X, W2X, C2, W1X, C1]],
        shows: |_, found| found == Some(Phenomenon::LostUpdate),
    },
    Case {
        column: "P4_lost_update",
        histories: &[&[R1X, W2X, C2, W1X, C1], &[R1X, R1Y, W2X, C2, W1X, C1]],
        shows: |_, found| found == Some(Phenomenon::LostUpdate),
    },
    Case {
        column: "P2_fuzzy_read",
        histories: &[&[R1X, W2X, C2, R1X, C1], &[R1X, R1Y, W2X, C2, R1X, C1]],
        shows: |told, _| told[told.len() - 2] == "20",
    },
    Case {
        column: "P3_phantom",
        histories: &[&[R1P, I2P, C2, R1P, C1], &[R1P, R2P, I1P, I2P, C1, C2]],
        shows: |told, found| told[3] == "3" || found == Some(Phenomenon::G2),
    },
    Case {
        column: "A5A_read_skew",
        histories: &[&[R1X, W2X, W2Y, C2, R1Y, C1], &[R1X, R1Z, W2X, W2Y, C2, R1Y, C1]],
        shows: |_, found| found == Some(Phenomenon::ReadSkew),
    },
    Case {
        column: "A5B_write_skew",
        histories: &[&[R1X, R2Y, W1Y, W2X, C1, C2], &[R1X, R1Y, R2Y, R2X, W1Y, W2X, C1, C2]],
        shows: |_, found| found == Some(Phenomenon::WriteSkew),
    },
];

#[test]
fn its_levels_let_pass_what_table_4_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ground-truth/berenson.tsv");
    let text = std::fs::read_to_string(file).unwrap();
    let mut lines = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let head = lines.next().unwrap();
    let mut compared = 0;
    for line in lines {
        let (kind, level) = match line[0] {
            name if name.starts_with("READ UNCOMMITTED") => (Kind::Textbook, Level::ReadUncommitted),
            name if name.starts_with("READ COMMITTED") => (Kind::Textbook, Level::ReadCommitted),
            "Cursor Stability" => (Kind::Textbook, Level::CursorStability),
            "REPEATABLE READ" => (Kind::Textbook, Level::RepeatableRead),
            // The one level of the table that has versions.
            "Snapshot" => (Kind::Postgres, Level::RepeatableRead),
            name if name.starts_with("ANSI SQL SERIALIZABLE") => (Kind::Textbook, Level::Serializable),
            other => panic!("{other}"),
        };
        for case in CASES {
            let says = line[head.iter().position(|column| *column == case.column).unwrap()];
            let happens = case.histories.iter().map(|history| {
                let played = play(kind, level, history);
                played.is_some_and(|(told, found)| (case.shows)(&told, found))
            });
            let happens: Vec<bool> = happens.collect();
            let (any, all) = (happens.contains(&true), !happens.contains(&false));
            let agrees = match says {
                "Not Possible" => !any,
                "Sometimes Possible" => any && !all,
                // A cursor on x keeps x from being written; the table counts the reader that has moved on.
                "Possible" if level == Level::CursorStability => any,
                "Possible" => all,
                other => panic!("{other}"),
            };
            assert!(agrees, "{} at {}: the table says {says}, here {happens:?}", case.column, line[0]);
            compared += 1;
        }
    }
    assert_eq!(compared, 6 * 8);
}

/// Section 3: what is undone from an image of before, after another has overwritten it, takes the other's committed write with it.
#[test]
fn at_degree_0_writes_are_dirty_and_undoing_one_loses_another() {
    let history = [W1X, W2X, W2Y, C2, W1Y, C1];
    let (_, found) = play(Kind::Textbook, Level::Degree0, &history).unwrap();
    assert_eq!(found, Some(Phenomenon::G0));
    let (told, _) =
        play(Kind::Textbook, Level::Degree0, &[W1X, W2X, C2, A1, "0 SELECT v FROM t WHERE id = 1"]).unwrap();
    assert_eq!(told[4], "50");
    // From degree 1 on the second write waits.
    assert_eq!(play(Kind::Textbook, Level::ReadUncommitted, &history), None);
}

#[test]
fn who_waits_in_a_circle_is_rolled_back_once_it_looks() {
    let mut database = begun(Kind::Textbook, Level::RepeatableRead);
    let engine = database.engine_mut();
    let sql = |step: &str| step[2..].to_owned();
    for (session, step) in [(1, R1X), (2, R2X)] {
        assert!(send(engine, session, &sql(step)).is_some());
    }
    assert_eq!(send(engine, 1, &sql(W1X)), None);
    assert_eq!(engine.waiting(1).unwrap().by, [2]);
    assert_eq!(engine.waiting(1).unwrap().on, "the lock on t 1");
    // Nobody is in a circle yet.
    assert_eq!(engine.lose_patience(1), []);
    assert_eq!(send(engine, 2, &sql(W2X)), None);
    let answers = engine.lose_patience(2);
    assert_eq!(answers.iter().map(|(session, _)| *session).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(answers[0].1.error().unwrap().code, "40P01");
    assert_eq!(answers[1].1.replies, [Reply::Done("UPDATE 1".into())]);
    assert!(engine.in_transaction(1) && !engine.in_transaction(2));
    let locks = engine.row_locks();
    assert_eq!(locks.iter().map(|lock| (lock.session, lock.mode)).collect::<Vec<_>>(), [(1, "write lock")]);
}

#[test]
fn a_statement_that_waits_or_fails_leaves_nothing_behind() {
    let mut database = begun(Kind::Textbook, Level::ReadUncommitted);
    let engine = database.engine_mut();
    let rows = |engine: &mut dyn Engine| value(&send(engine, 0, "SELECT sum(v) FROM t").unwrap());
    send(engine, 1, "UPDATE t SET v = 51 WHERE id = 2").unwrap();
    // It has written row 4 by the time that it meets the key that 1 is about to give up, or not.
    send(engine, 1, "UPDATE t SET id = 6 WHERE id = 2").unwrap();
    assert_eq!(send(engine, 2, "INSERT INTO t VALUES (4, 7), (2, 9)"), None);
    assert_eq!(rows(engine), "101");
    let answers = engine.execute(1, Arc::from(parse("ROLLBACK").unwrap()));
    assert_eq!(answers[1].1.error().unwrap().code, "23505");
    assert_eq!(rows(engine), "100");
    // The transaction itself goes on.
    assert!(engine.in_transaction(2));
    send(engine, 2, "SAVEPOINT a; INSERT INTO t VALUES (2, 1)").unwrap();
    send(engine, 2, "INSERT INTO t VALUES (7, 1)").unwrap();
    assert_eq!(rows(engine), "101");
    send(engine, 2, "ROLLBACK TO a").unwrap();
    assert_eq!(rows(engine), "100");
}

#[test]
fn locks_that_are_not_to_be_waited_for_are_refused_or_passed_over() {
    let mut database = begun(Kind::Textbook, Level::ReadCommitted);
    let engine = database.engine_mut();
    send(engine, 1, "SELECT * FROM t WHERE id = 1 FOR UPDATE").unwrap();
    let refused = send(engine, 2, "SELECT * FROM t WHERE id = 1 FOR UPDATE NOWAIT").unwrap();
    assert!(matches!(refused, Reply::Error(error) if error.code == "55P03"));
    let passed = send(engine, 2, "SELECT * FROM t FOR UPDATE SKIP LOCKED").unwrap();
    assert!(matches!(passed, Reply::Rows(rows) if rows.rows.len() == 2));
}

#[test]
fn what_is_committed_is_what_undoing_all_that_is_open_leaves() {
    let mut database = begun(Kind::Textbook, Level::Degree0);
    for step in [W1X, W2Y, "2 COMMIT", "2 BEGIN", "2 DELETE FROM t WHERE id = 2"] {
        send(database.engine_mut(), step[..1].parse().unwrap(), &step[2..]).unwrap();
    }
    let mut copy = database.committed(0);
    let sum = |engine: &mut dyn Engine| value(&send(engine, 0, "SELECT sum(v) FROM t").unwrap());
    assert_eq!(sum(copy.engine_mut()), "70");
    assert_eq!(sum(database.engine_mut()), "10");
}

#[test]
fn a_row_that_is_in_the_way_is_left_or_changed_on_conflict() {
    let mut database = begun(Kind::Textbook, Level::ReadCommitted);
    let engine = database.engine_mut();
    let tag = |reply: Option<Reply>| if let Some(Reply::Done(tag)) = reply { tag.to_string() } else { String::new() };
    assert_eq!(tag(send(engine, 1, "INSERT INTO t VALUES (1, 9) ON CONFLICT DO NOTHING")), "INSERT 0 0");
    let change = "INSERT INTO t VALUES (1, 9) ON CONFLICT (id) DO UPDATE SET v = t.v + excluded.v";
    assert_eq!(tag(send(engine, 1, change)), "INSERT 0 1");
    assert_eq!(tag(send(engine, 1, &format!("{change} WHERE t.v = 0"))), "INSERT 0 0");
    assert_eq!(value(&send(engine, 1, R1X.split_at(2).1).unwrap()), "59");
    // What becomes of the row is waited for.
    assert_eq!(send(engine, 2, change), None);
    let answers = engine.execute(1, Arc::from(parse("COMMIT").unwrap()));
    assert_eq!(answers[1].1.replies, [Reply::Done("INSERT 0 1".into())]);
    assert_eq!(value(&send(engine, 2, R2X.split_at(2).1).unwrap()), "68");
}

#[test]
fn what_a_row_refers_to_stays_as_long_as_it_may_be_referred_to() {
    let mut database = begun(Kind::Textbook, Level::ReadUncommitted);
    let engine = database.engine_mut();
    for sql in ["COMMIT", "BEGIN"] {
        send(engine, 1, sql).unwrap();
        send(engine, 2, sql).unwrap();
    }
    send(engine, 0, "CREATE TABLE u (n int PRIMARY KEY, t_id int REFERENCES t)").unwrap();
    let fails = |reply: Option<Reply>| matches!(reply, Some(Reply::Error(error)) if error.code == "23503");
    assert!(fails(send(engine, 1, "INSERT INTO u VALUES (1, 9)")));
    send(engine, 1, "INSERT INTO u VALUES (1, 1), (2, NULL)").unwrap();
    // The row may be changed, but not go while it is not known whether it is referred to.
    assert_eq!(send(engine, 2, "DELETE FROM t WHERE id = 1"), None);
    let answers = engine.execute(1, Arc::from(parse("COMMIT").unwrap()));
    assert!(fails(answers[1].1.replies.first().cloned()));
    send(engine, 2, "COMMIT; BEGIN").unwrap();
    assert!(fails(send(engine, 0, "UPDATE t SET id = 8 WHERE id = 1")));
    send(engine, 0, "DELETE FROM u WHERE t_id = 1").unwrap();
    assert!(matches!(send(engine, 0, "DELETE FROM t WHERE id = 1"), Some(Reply::Done(_))));
    let refused = send(engine, 0, "DROP TABLE t").unwrap();
    assert!(matches!(refused, Reply::Error(error) if error.code == "0A000"));
    send(engine, 2, "COMMIT").unwrap();
    let refused = send(engine, 0, "DROP TABLE t").unwrap();
    assert!(matches!(refused, Reply::Error(error) if error.code == "2BP01"));
    send(engine, 0, "DROP TABLE u, t").unwrap();
}
