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
