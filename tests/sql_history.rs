//! What each level promises, by the dependency graphs of random histories.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::Arc;

use interleave::servers::sql::ast::Level;
use interleave::servers::sql::engine::Engine as _;
use interleave::servers::sql::history::{Graph, Phenomenon};
use interleave::servers::sql::parse::parse;
use interleave::servers::sql::postgres::{Postgres, SessionId};

/// A small generator of random numbers (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

fn statement(random: &mut Random) -> String {
    let id = random.below(4) + 1;
    let v = random.below(3) * 10;
    match random.below(15) {
        0 | 1 => format!("SELECT * FROM t WHERE id = {id}"),
        2 => format!("SELECT * FROM t WHERE v = {v}"),
        3 => "SELECT sum(v) FROM t".to_owned(),
        4 => format!("SELECT * FROM t WHERE id >= {id} ORDER BY id"),
        5 => format!("SELECT count(*) FROM t WHERE v >= {v}"),
        6 | 7 => format!("UPDATE t SET v = v + 1 WHERE id = {id}"),
        8 => format!("UPDATE t SET v = {v} WHERE id = {id}"),
        9 => format!("UPDATE t SET v = v + 10 WHERE v = {v}"),
        10 => format!("INSERT INTO t VALUES ({id}, {v})"),
        11 => format!("DELETE FROM t WHERE id = {id}"),
        12 => format!("DELETE FROM t WHERE v = {v}"),
        13 => format!("SELECT * FROM t WHERE id = {id} FOR UPDATE"),
        _ => format!("SAVEPOINT a; UPDATE t SET v = {v} WHERE id = {id}; ROLLBACK TO a"),
    }
}

fn send(database: &mut Postgres, session: SessionId, sql: &str) {
    database.execute(session, Arc::from(parse(sql).unwrap()));
}

/// Plays random scripts of three sessions in a random order.
fn play(seed: u64, level: Level) -> Postgres {
    let mut random = Random(seed);
    let mut database = Postgres::new();
    for _ in 0..4 {
        database.connect().unwrap();
    }
    send(&mut database, 0, "CREATE TABLE t (id int PRIMARY KEY, v int)");
    if random.below(2) == 0 {
        send(&mut database, 0, "CREATE INDEX t_v ON t (v)");
    }
    send(&mut database, 0, "INSERT INTO t VALUES (1, 0), (2, 10), (3, 20)");
    database.clear_history();
    let mut scripts: Vec<Vec<String>> = Vec::new();
    for _ in 0..3 {
        let mut script = vec![format!("BEGIN ISOLATION LEVEL {}", level.words())];
        script.extend((0..random.below(4) + 1).map(|_| statement(&mut random)));
        script.push("COMMIT".to_owned());
        script.reverse();
        scripts.push(script);
    }
    loop {
        let waits = |database: &Postgres, at: usize| database.waiting(at as SessionId + 1).is_some();
        let able: Vec<usize> = (0..3).filter(|at| !scripts[*at].is_empty() && !waits(&database, *at)).collect();
        if able.is_empty() {
            let stuck: Vec<usize> = (0..3).filter(|at| waits(&database, *at)).collect();
            if stuck.is_empty() {
                return database;
            }
            // Only who is part of a circle finds one.
            let found = stuck.iter().any(|at| !database.lose_patience(*at as SessionId + 1).is_empty());
            assert!(found, "seed {seed}: everybody waits, and nobody finds a deadlock");
            continue;
        }
        let at = able[random.below(able.len() as u64) as usize];
        let sql = scripts[at].pop().unwrap();
        send(&mut database, at as SessionId + 1, &sql);
    }
}

fn phenomena(level: Level, seeds: u64) -> BTreeSet<Phenomenon> {
    let mut found = BTreeSet::new();
    for seed in 0..seeds {
        let database = play(seed, level);
        let graph = Graph::of(database.history());
        let cycle = graph.cycle();
        assert_eq!(cycle.is_none(), graph.serial_order().is_some(), "seed {seed}: a cycle or a serial order, not both");
        if let Some(cycle) = cycle {
            for (edge, next) in cycle.edges.iter().zip(cycle.edges.iter().cycle().skip(1)) {
                assert!(cycle.edges.len() == 1 || edge.to == next.from, "seed {seed}: {cycle:?} does not close");
            }
            if level == Level::Serializable {
                panic!("seed {seed}: {} in {:#?}", cycle.phenomenon.name(), database.history().events());
            }
            found.insert(cycle.phenomenon);
        }
    }
    found
}

#[test]
fn serializable_never_commits_a_cycle() {
    assert!(phenomena(Level::Serializable, 3000).is_empty());
}

#[test]
fn repeatable_read_commits_only_skewed_writes() {
    let found = phenomena(Level::RepeatableRead, 1500);
    let allowed = BTreeSet::from([Phenomenon::WriteSkew, Phenomenon::G2Item, Phenomenon::G2]);
    assert!(
        found.is_subset(&allowed) && found.contains(&Phenomenon::WriteSkew) && found.contains(&Phenomenon::G2),
        "{found:?}"
    );
}

#[test]
fn read_committed_commits_lost_updates_and_nothing_dirty() {
    let found = phenomena(Level::ReadCommitted, 1500);
    let never = BTreeSet::from([Phenomenon::G0, Phenomenon::G1a, Phenomenon::G1b, Phenomenon::G1c]);
    assert!(found.is_disjoint(&never), "{found:?}");
    for wanted in [Phenomenon::LostUpdate, Phenomenon::ReadSkew, Phenomenon::WriteSkew] {
        assert!(found.contains(&wanted), "{found:?} lacks {wanted:?}");
    }
}

/// Plays statements in the order given, each by the session of its number, and gives what went wrong.
fn anomaly(statements: &[(SessionId, &str)]) -> Option<Phenomenon> {
    let mut database = Postgres::new();
    for _ in 0..3 {
        database.connect().unwrap();
    }
    for (session, sql) in statements {
        send(&mut database, *session, sql);
    }
    Graph::of(database.history()).cycle().map(|cycle| cycle.phenomenon)
}

#[test]
fn who_waits_for_a_row_reads_what_it_is_afterwards() {
    let with = |read: &'static str, write: &'static str| {
        let begin = [
            (0, "CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0)"),
            (1, "BEGIN"),
            (2, "BEGIN"),
        ];
        let rest = [(1, read), (1, write), (2, read), (2, write), (1, "COMMIT"), (2, write), (2, "COMMIT")];
        anomaly(&[begin.as_slice(), &rest].concat())
    };
    let read = "SELECT v FROM t WHERE id = 1";
    assert_eq!(with(read, "UPDATE t SET v = 5 WHERE id = 1"), Some(Phenomenon::LostUpdate));
    assert_eq!(
        with("SELECT 1", "UPDATE t SET v = v + 1 WHERE id = 1"),
        None,
        "an update in one statement loses nothing"
    );
    assert_eq!(with("SELECT v FROM t WHERE id = 1 FOR UPDATE", "UPDATE t SET v = 5 WHERE id = 1"), None);
}
