//! What holds of every engine, over random scripts and orders: nothing panics, the same calls give the same answers, nobody is left waiting for ever, and the
//! levels admit the anomalies that are theirs and no others.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::Arc;

use interleave::servers::sql::answer::Answer;
use interleave::servers::sql::ast::Level;
use interleave::servers::sql::engine::{Database, Kind, SessionId};
use interleave::servers::sql::history::{Graph, Phenomenon};
use interleave::servers::sql::parse::parse;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRng, TestRunner};

const SESSIONS: usize = 3;

fn statement() -> impl Strategy<Value = String> {
    let id = 1..5_i32;
    let v = (0..3_i32).prop_map(|v| v * 10);
    (0..16, id, v).prop_map(|(kind, id, v)| match kind {
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
        14 => format!("UPDATE t SET id = {id} WHERE v = {v}"),
        _ => format!("SAVEPOINT a; UPDATE t SET v = {v} WHERE id = {id}; ROLLBACK TO a"),
    })
}

/// Scripts of three sessions, an order, and whether there is an index.
#[derive(Clone, Debug)]
struct Play {
    scripts: Vec<Vec<String>>,
    order: Vec<usize>,
    index: bool,
}

fn plays() -> impl Strategy<Value = Play> {
    let script =
        (prop::collection::vec(statement(), 1..5), prop::bool::weighted(0.85)).prop_map(|(statements, commit)| {
            let end = if commit { "COMMIT" } else { "ROLLBACK" };
            [vec!["BEGIN".to_owned()], statements, vec![end.to_owned()]].concat()
        });
    let scripts = prop::collection::vec(script, SESSIONS);
    (scripts, prop::collection::vec(0..SESSIONS, 40), any::<bool>()).prop_map(|(scripts, order, index)| Play {
        scripts,
        order,
        index,
    })
}

/// Plays it, and gives every answer in order.
fn run(play: &Play, kind: Kind, level: Level) -> (Database, Vec<(SessionId, Answer)>) {
    let mut database = kind.database();
    let mut out = Vec::new();
    let engine = database.engine_mut();
    for _ in 0..=SESSIONS {
        let session = engine.connect().unwrap();
        engine.set_default_level(session, level);
    }
    let send = |sql: &str| -> Arc<[_]> { Arc::from(parse(sql).unwrap()) };
    engine.execute(0, send("CREATE TABLE t (id int PRIMARY KEY, v int)"));
    if play.index {
        engine.execute(0, send("CREATE INDEX t_v ON t (v)"));
    }
    engine.execute(0, send("INSERT INTO t VALUES (1, 0), (2, 10), (3, 20)"));
    engine.clear_history();
    let mut left: Vec<_> = play.scripts.iter().map(|script| script.iter()).collect();
    let mut order = play.order.iter().cycle();
    loop {
        let waits: Vec<usize> = (0..SESSIONS).filter(|at| engine.waiting(*at as SessionId + 1).is_some()).collect();
        let able: Vec<usize> = (0..SESSIONS).filter(|at| left[*at].len() > 0 && !waits.contains(at)).collect();
        if let Some(at) = order.by_ref().take(able.len().min(1) * 1000).find(|at| able.contains(at)) {
            let sql = left[*at].next().unwrap();
            out.extend(engine.execute(*at as SessionId + 1, send(sql)));
        } else if let Some(at) = able.first() {
            let sql = left[*at].next().unwrap();
            out.extend(engine.execute(*at as SessionId + 1, send(sql)));
        } else if waits.is_empty() {
            break;
        } else {
            // In a circle somebody gives up once he looks for it.
            let answers: Vec<_> =
                waits.iter().map(|at| engine.lose_patience(*at as SessionId + 1)).find(|one| !one.is_empty()).unwrap();
            out.extend(answers);
        }
    }
    (database, out)
}

/// The anomalies that so many random plays commit, always the same ones.
fn phenomena(kind: Kind, level: Level, count: usize) -> BTreeSet<Phenomenon> {
    let config = Config::default();
    let rng = TestRng::deterministic_rng(config.rng_algorithm);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let mut found = BTreeSet::new();
    for _ in 0..count {
        let play = plays().new_tree(&mut runner).unwrap().current();
        let (database, _) = run(&play, kind, level);
        let graph = Graph::of(database.engine().history());
        let cycle = graph.cycle();
        if let Some(cycle) = cycle {
            // What was never committed may have been read in some serial order all the same.
            let dirty = [Phenomenon::G1a, Phenomenon::G1b].contains(&cycle.phenomenon);
            assert!(dirty || graph.serial_order().is_none(), "a cycle and a serial order: {play:#?}");
            assert!(
                level < Level::Serializable,
                "{}: {cycle:#?} {:#?} in {play:#?}",
                kind.name(),
                database.engine().history().events()
            );
            found.insert(cycle.phenomenon);
        } else {
            assert!(graph.serial_order().is_some(), "neither a cycle nor a serial order: {play:#?}");
        }
    }
    found
}

const DIRTY: [Phenomenon; 4] = [Phenomenon::G0, Phenomenon::G1a, Phenomenon::G1b, Phenomenon::G1c];

#[test]
fn serializable_never_commits_a_cycle() {
    for kind in Kind::ALL {
        assert!(phenomena(kind, Level::Serializable, 2500).is_empty());
    }
}

#[test]
fn innodb_reads_what_is_not_committed_at_read_uncommitted_alone() {
    let found = phenomena(Kind::Innodb, Level::ReadUncommitted, 1500);
    for wanted in [Phenomenon::G1a, Phenomenon::G1c, Phenomenon::LostUpdate] {
        assert!(found.contains(&wanted), "{found:?} lacks {wanted:?}");
    }
    assert!(!found.contains(&Phenomenon::G0), "{found:?}");
    for level in [Level::ReadCommitted, Level::RepeatableRead] {
        let found = phenomena(Kind::Innodb, level, 1500);
        assert!(found.is_disjoint(&BTreeSet::from(DIRTY)), "{level:?}: {found:?}");
        for wanted in [Phenomenon::LostUpdate, Phenomenon::WriteSkew] {
            assert!(found.contains(&wanted), "{level:?}: {found:?} lacks {wanted:?}");
        }
    }
}

#[test]
fn two_phase_locking_admits_at_each_level_what_its_locks_do_not_cover() {
    let all = |level| phenomena(Kind::Textbook, level, 1500);
    assert!(all(Level::Degree0).contains(&Phenomenon::G0));
    let found = all(Level::ReadUncommitted);
    assert!(!found.contains(&Phenomenon::G0), "{found:?}");
    for wanted in [Phenomenon::G1a, Phenomenon::G1b, Phenomenon::G1c, Phenomenon::LostUpdate] {
        assert!(found.contains(&wanted), "{found:?} lacks {wanted:?}");
    }
    for level in [Level::ReadCommitted, Level::CursorStability] {
        let found = all(level);
        assert!(found.is_disjoint(&BTreeSet::from(DIRTY)), "{level:?}: {found:?}");
        for wanted in [Phenomenon::LostUpdate, Phenomenon::WriteSkew] {
            assert!(found.contains(&wanted), "{level:?}: {found:?} lacks {wanted:?}");
        }
    }
    // Only what is there can be locked: phantoms are left.
    let found = all(Level::RepeatableRead);
    let by_rows = [Phenomenon::LostUpdate, Phenomenon::WriteSkew, Phenomenon::G2Item];
    assert!(found.is_disjoint(&DIRTY.into_iter().chain(by_rows).collect()), "{found:?}");
    assert!(found.contains(&Phenomenon::G2), "{found:?}");
}

proptest! {
    #![proptest_config(Config { cases: 200, failure_persistence: None, ..Config::default() })]

    #[test]
    fn the_same_calls_give_the_same_answers(play in plays(), at in 0..12_usize) {
        for kind in Kind::ALL {
            let level = kind.levels()[at % kind.levels().len()];
            let (one, answers) = run(&play, kind, level);
            let (other, again) = run(&play, kind, level);
            prop_assert_eq!(&answers, &again);
            prop_assert!(one == other);
            for script in 0..SESSIONS {
                prop_assert!(!one.engine().in_transaction(script as SessionId + 1), "every block was ended");
            }
        }
    }
}
