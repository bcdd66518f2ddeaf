//! What InnoDB locks by the way that it reads, as `SHOW ENGINE INNODB STATUS` and `EXPLAIN` of a real MariaDB 10.11 tell it.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use interleave::servers::sql::answer::Reply;
use interleave::servers::sql::ast::Level;
use interleave::servers::sql::engine::{Database, Engine, Kind, SessionId};
use interleave::servers::sql::parse::parse;

fn send(engine: &mut dyn Engine, session: SessionId, sql: &str) -> Option<Reply> {
    let answers = engine.execute(session, Arc::from(parse(sql).unwrap()));
    answers.into_iter().find(|(whose, _)| *whose == session)?.1.replies.into_iter().next_back()
}

/// A table with an index on `w`, and these values in it; session 1 has begun.
fn table(level: Level, values: &[i32]) -> Database {
    let mut database = Kind::Innodb.database();
    let engine = database.engine_mut();
    for _ in 0..4 {
        let session = engine.connect().unwrap();
        engine.set_default_level(session, level);
    }
    send(engine, 0, "CREATE TABLE t (id int PRIMARY KEY, v int, w int)").unwrap();
    send(engine, 0, "CREATE INDEX t_w ON t (w)").unwrap();
    for (id, w) in (1..).zip(values) {
        send(engine, 0, &format!("INSERT INTO t VALUES ({id}, {id}0, {w})")).unwrap();
    }
    send(engine, 1, "BEGIN").unwrap();
    database
}

/// Where most rows meet a condition, the whole table is read instead.
#[test]
fn an_index_is_read_where_it_leaves_out_enough() {
    for (values, index) in [
        (&[2, 2][..], "t_w"),
        (&[2, 2, 2], "PRIMARY"),
        (&[2, 2, 2, 0], "t_w"),
        (&[2, 2, 2, 2, 0, 0], "PRIMARY"),
        (&[2, 2, 0, 0, 0, 0], "t_w"),
    ] {
        for condition in ["w = 2", "w BETWEEN 1 AND 2"] {
            let mut database = table(Level::RepeatableRead, values);
            let engine = database.engine_mut();
            let sql = format!("SELECT * FROM t WHERE {condition} FOR UPDATE");
            send(engine, 1, &sql).unwrap();
            assert_eq!(send(engine, 2, &sql), None);
            let on = engine.waiting(2).unwrap().on;
            assert!(on.contains(&format!(" in {index} of t")), "{condition} over {values:?} waits for {on}");
        }
    }
}

/// `UPDATE … WHERE w < 1` reads the entry behind its range, and the row with it, before it knows that it has come to the end; a query knows it from the entry.
#[test]
fn at_read_committed_what_lies_behind_a_range_of_an_index_stays_locked() {
    for (sql, row_too) in [
        ("UPDATE t SET v = 0 WHERE w < 1", true),
        ("DELETE FROM t WHERE w < 1", true),
        ("SELECT * FROM t WHERE w < 1 FOR UPDATE", false),
        ("UPDATE t SET v = 0 WHERE id < 1", false),
    ] {
        let mut database = table(Level::ReadCommitted, &[1, 2]);
        let engine = database.engine_mut();
        send(engine, 1, sql).unwrap();
        assert_eq!(send(engine, 2, "UPDATE t SET v = 7 WHERE id = 1").is_none(), row_too, "{sql}");
        assert!(send(engine, 3, "UPDATE t SET v = 7 WHERE id = 2").is_some(), "{sql}");
    }
}

/// An entry of what is deleted is still there while somebody may see it; it is passed over, and its lock given back.
#[test]
fn at_read_committed_what_is_deleted_stays_unlocked() {
    let mut database = table(Level::ReadCommitted, &[1, 2, 3, 4]);
    let engine = database.engine_mut();
    send(engine, 3, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM t").unwrap();
    send(engine, 0, "DELETE FROM t WHERE id = 2").unwrap();
    send(engine, 1, "UPDATE t SET v = 0 WHERE w = 2").unwrap();
    // It brings the same entry back.
    assert_eq!(send(engine, 2, "INSERT INTO t VALUES (2, 0, 2)"), Some(Reply::Done("INSERT 0 1".into())));
}

/// Plays a script that `make fidelity` found, and gives a line for each step: what it is answered, and who goes on.
fn played(level: Level, index: &str, rows: &str, steps: &[(SessionId, &str)]) -> Vec<String> {
    let mut database = Kind::Innodb.database();
    let engine = database.engine_mut();
    for _ in 0..5 {
        let session = engine.connect().unwrap();
        engine.set_default_level(session, level);
    }
    for sql in [
        "CREATE TABLE t (id int PRIMARY KEY, v int, w int)",
        index,
        &format!("INSERT INTO t VALUES {rows}"),
        "CREATE TABLE held (id int PRIMARY KEY)",
    ] {
        send(engine, 0, sql).unwrap();
    }
    // An open view keeps what is deleted.
    send(engine, 4, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM held").unwrap();
    let told = |reply: &Reply| match reply {
        Reply::Error(error) => format!("ERROR {}", error.code),
        _ => "ok".to_owned(),
    };
    let play = |(session, sql): &(SessionId, &str)| {
        let answers = engine.execute(*session, Arc::from(parse(sql).unwrap()));
        let mut line: Vec<String> = answers
            .iter()
            .map(|(whose, answer)| format!("{whose} {}", answer.replies.last().map(told).unwrap_or_default()))
            .collect();
        if !answers.iter().any(|(whose, _)| whose == session) {
            line.push(format!("{session} BLOCKS"));
        }
        line.join("; ")
    };
    steps.iter().map(play).collect()
}

/// Seed 70000668: who has written a row passes another's lock on its entry, once it has written to that index.
#[test]
fn who_has_written_a_row_passes_a_lock_on_its_entry() {
    let steps = [
        (1, "BEGIN"),
        (1, "UPDATE t SET w = w + 1"),
        (2, "DELETE FROM t WHERE v = 30"),
        (1, "DELETE FROM t WHERE v BETWEEN 0 AND 20"),
    ];
    let index = "CREATE UNIQUE INDEX t_v ON t (v)";
    let told = played(Level::ReadCommitted, index, "(1, 10, 1), (2, 20, 2), (3, 30, 0)", &steps);
    assert_eq!(told, ["1 ok", "1 ok", "2 BLOCKS", "1 ok"]);
}

/// Seed 60004734: the same with one key. Who has not written to the index does not pass: the real server's session 2 then gives up.
#[test]
fn who_has_not_written_to_an_index_does_not_pass() {
    let (index, rows) = ("CREATE UNIQUE INDEX t_v ON t (v)", "(1, 10, 1), (2, 20, 2), (3, 30, 0)");
    for (insert, last) in [("INSERT INTO t VALUES (5, 40, 1)", "1 ok"), ("SELECT 1", "2 ERROR 40001; 1 ok")] {
        let steps = [
            (1, "BEGIN"),
            (1, "UPDATE t SET w = w + 1"),
            (1, insert),
            (2, "DELETE FROM t WHERE v = 10"),
            (1, "UPDATE t SET w = 2 WHERE v = 10"),
        ];
        let told = played(Level::ReadCommitted, index, rows, &steps);
        assert_eq!(told, ["1 ok", "1 ok", "1 ok", "2 BLOCKS", last]);
    }
}

/// Seed 70000977: at READ COMMITTED nobody asks for the entry of what is deleted for good, though another has locked it.
#[test]
fn at_read_committed_nobody_waits_for_what_is_deleted() {
    let steps = [
        (3, "BEGIN"),
        (1, "BEGIN"),
        (1, "DELETE FROM t WHERE v = 10"),
        (3, "UPDATE t SET v = v + 10 WHERE w = 1"),
        (1, "COMMIT"),
        (2, "UPDATE t SET v = v + 10 WHERE w = 1"),
    ];
    let told = played(Level::ReadCommitted, "CREATE INDEX t_w ON t (w)", "(1, 10, 1), (2, 20, 2), (3, 30, 0)", &steps);
    assert_eq!(told, ["3 ok", "1 ok", "1 ok", "3 BLOCKS", "1 ok; 3 ok", "2 ok"]);
}

/// Seed 70001070: an INSERT that fails behind its row counts as a row that has gone, so that the optimizer takes the index where it had read the table.
#[test]
fn a_failed_insert_makes_the_optimizer_believe_in_fewer_rows() {
    let steps = [
        (1, "BEGIN"),
        (2, "DELETE FROM t WHERE v = 20"),
        (2, "INSERT INTO t VALUES (5, 30, 2)"),
        (1, "UPDATE t SET w = 2 WHERE v = 20"),
        (2, "DELETE FROM t WHERE v BETWEEN 10 AND 40"),
    ];
    let rows = "(1, 10, 1), (2, 20, 2), (3, 30, 0), (4, 40, 1)";
    let told = played(Level::RepeatableRead, "CREATE UNIQUE INDEX t_v ON t (v)", rows, &steps);
    assert_eq!(told, ["1 ok", "2 ok", "2 ERROR 23000", "1 ok", "2 BLOCKS"]);
}

/// Seed 71002345: who asks for the gap before an entry gives its writer a lock of its own, which makes that one the heavier.
#[test]
fn a_gap_asked_for_makes_the_writer_behind_it_heavier() {
    let steps = [
        (3, "BEGIN"),
        (3, "SELECT * FROM t WHERE v = 20 FOR UPDATE"),
        (1, "DELETE FROM t WHERE v BETWEEN 0 AND 30"),
        (2, "DELETE FROM t WHERE v = 0"),
        (3, "INSERT INTO t VALUES (1, 20, 0)"),
    ];
    let (index, rows) = ("CREATE INDEX t_v ON t (v)", "(1, 10, 1), (2, 20, 2), (3, 30, 0)");
    let told = played(Level::RepeatableRead, index, rows, &steps);
    assert_eq!(told, ["3 ok", "3 ok", "1 BLOCKS", "2 ok", "3 ERROR 40001; 1 ok"]);
}
