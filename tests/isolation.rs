//! The anomalies of the SQL lab: each variant at each level, against what Hermitage published; runs that are told, and scripts that are not.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use interleave::engine::{Exhibit, Run, VerdictState};
use interleave::scenarios::{Entry, ParameterKind, find, isolation};

fn entry() -> &'static dyn Entry {
    find("isolation").unwrap()
}

fn start(variant: &str, given: &[(&str, &str)]) -> Box<dyn Run> {
    let variant = entry().info().variant(variant).unwrap();
    let values = entry().info().values(variant, given.iter().copied()).unwrap();
    entry().start(variant, &values, 0)
}

/// Takes these choices as far as they go: what a session cannot do yet, it does once it can; what is left is run in the order of the sessions.
fn play(run: &mut dyn Run, choices: &str) {
    let mut left: Vec<&str> = choices.split(',').collect();
    loop {
        let next = left.iter().position(|choice| run.push(choice).is_ok());
        if let Some(at) = next {
            left.remove(at);
            continue;
        }
        let offered = run.choices(run.steps()).into_iter().find(|choice| choice.disabled.is_none());
        match offered {
            Some(choice) => run.push(&choice.name).unwrap(),
            None => return,
        }
    }
}

fn violated(run: &dyn Run) -> Vec<&'static str> {
    let verdicts = run.verdicts(run.steps()).into_iter();
    verdicts.filter(|one| matches!(one.state, VerdictState::Violated { .. })).map(|one| one.id).collect()
}

/// The variant that plays a case of Hermitage, the invariant that tells of it, and the order of statements that brings it about where it can be.
const CASES: [(&str, &str, &str, &str); 9] = [
    ("G0", "dirty-write", "g0", "ada.one,ben.one2,ben.two2,ben.commit2,ada.two,ada.commit"),
    ("G1a", "dirty-read", "g1a", "s1.write,s2.read,s1.rollback,s2.commit"),
    ("G1b", "intermediate-read", "g1b", "s1.first,s2.read,s1.last,s1.commit,s2.commit2"),
    ("G1c", "circular-flow", "g1c", "ada.take,ben.take2,ada.look,ben.look2,ada.commit,ben.commit2"),
    ("PMP", "phantom", "g-single", "report.count,shop.insert,shop.commit2,report.again,report.commit"),
    ("P4", "lost-update", "lost-update", "s1.read,s2.read2,s1.write,s2.write2,s1.commit,s2.commit2"),
    (
        "G-single",
        "read-skew",
        "g-single",
        "audit.first,transfer.take,transfer.give,transfer.commit2,audit.second,audit.commit",
    ),
    ("G2-item", "write-skew", "g2-item", "s1.draw,s2.draw2,s1.commit,s2.commit2"),
    ("G2", "predicate-write-skew", "g2", "s1.book,s2.book2,s1.commit,s2.commit2"),
];

/// What Hermitage says of a case: database, level, whether it is possible.
fn published(case: &str) -> Vec<(String, String, bool)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ground-truth/hermitage.tsv");
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let of_case = rows.filter(|row| row[0] == case && matches!(row[3], "possible" | "prevented"));
    of_case.map(|row| (row[1].to_owned(), row[2].replace(' ', "-"), row[3] == "possible")).collect()
}

#[test]
fn every_variant_goes_at_every_level_as_hermitage_says() {
    let engines = [("postgres", "PostgreSQL"), ("innodb", "MySQL/InnoDB")];
    let known = entry().info().parameters.iter().find(|parameter| parameter.id == "engine").unwrap();
    let mut compared = 0;
    for (case, variant, invariant, choices) in CASES {
        for (database, level, possible) in published(case) {
            let Some((engine, _)) = engines.iter().find(|(_, name)| *name == database) else { continue };
            // These look and write in one statement, and InnoDB then locks what it looks at: Hermitage looks first.
            let looks_first = !matches!(case, "G2-item" | "G2");
            if known.check(engine).is_err() || engine == &"innodb" && !looks_first {
                continue;
            }
            let mut run = start(variant, &[("engine", engine), ("level", &level)]);
            play(&mut *run, choices);
            assert_eq!(violated(&*run).contains(&invariant), possible, "{case} in {engine} at {level}");
            compared += 1;
        }
    }
    assert!(compared >= 27, "{compared} compared");
}

/// The textbook's levels, by the same cases, but those that look and write in one statement: each is prevented from some level on.
#[test]
fn the_textbook_prevents_each_anomaly_from_the_level_on_whose_locks_do() {
    let levels =
        ["degree-0", "read-uncommitted", "read-committed", "cursor-stability", "repeatable-read", "serializable"];
    let prevented_from = [
        ("dirty-write", "read-uncommitted"),
        ("dirty-read", "read-committed"),
        ("intermediate-read", "read-committed"),
        ("circular-flow", "read-committed"),
        ("phantom", "serializable"),
        ("lost-update", "cursor-stability"),
        ("read-skew", "cursor-stability"),
    ];
    for (variant, from) in prevented_from {
        let (_, _, invariant, choices) = CASES.iter().find(|case| case.1 == variant).unwrap();
        for level in levels {
            let mut run = start(variant, &[("engine", "textbook"), ("level", level)]);
            play(&mut *run, choices);
            let place = |level: &str| levels.iter().position(|known| *known == level);
            assert_eq!(violated(&*run).contains(invariant), place(level) < place(from), "{variant} at {level}");
        }
    }
}

#[test]
fn no_other_database_has_the_levels_of_the_textbook() {
    let grid = entry().grid().unwrap();
    let options = |id: &str| {
        let parameter = entry().info().parameters.iter().find(|parameter| parameter.id == id).unwrap();
        if let ParameterKind::OneOf(options) = parameter.kind { options } else { &[] }
    };
    let count = |engine: &str| options(grid.columns).iter().filter(|(level, _)| (grid.has)(engine, level)).count();
    let counts: Vec<usize> = options(grid.rows).iter().map(|(engine, _)| count(engine)).collect();
    assert_eq!(counts, [4, 4, 6]);
    let run = start("dirty-write", &[("engine", "postgres"), ("level", "degree-0")]);
    let fields = &run.nodes(0)[0].fields;
    assert!(fields.iter().any(|field| field.value == "PostgreSQL 15 has no level DEGREE 0"), "{fields:?}");
}

/// Neither dirty reads nor what is open count as committed.
#[test]
fn a_rule_is_asked_of_what_is_committed_whatever_the_level() {
    for engine in ["innodb", "textbook"] {
        let mut run = start("dirty-write", &[("engine", engine), ("level", "read-uncommitted")]);
        run.push("ada.one").unwrap();
        assert_eq!(violated(&*run), Vec::<&str>::new(), "{engine}");
    }
}

#[test]
fn the_first_three_levels_let_the_read_only_anomaly_pass_and_the_last_does_not() {
    let choices = "draw.look,deposit.put,deposit.commit2,report.print,report.commit3,draw.take,draw.commit";
    for (level, possible) in [("repeatable-read", true), ("serializable", false)] {
        let mut run = start("read-only-anomaly", &[("level", level)]);
        play(&mut *run, choices);
        assert_eq!(!violated(&*run).is_empty(), possible, "{level}");
    }
}

#[test]
fn every_opening_stands_at_the_brink() {
    for variant in entry().info().variants.iter().filter(|variant| variant.broken && !variant.opening.is_empty()) {
        let mut run = start(variant.id, &[]);
        for choice in variant.opening.split(',') {
            run.push(choice).unwrap();
        }
        assert_eq!(violated(&*run), Vec::<&str>::new(), "{}", variant.id);
        let breaks = run.choices(run.steps()).into_iter().filter(|choice| choice.disabled.is_none()).any(|choice| {
            let mut next = run.fork(run.steps());
            next.push(&choice.name).is_ok() && !violated(&*next).is_empty()
        });
        // Two sessions that have yet to commit are one choice further off.
        let ends = variant.opening.split(',').count() as u32;
        assert!(breaks || variant.id == "own", "{} is not at the brink after {ends}", variant.id);
    }
}

#[test]
fn who_waits_says_for_whom_and_is_answered_when_the_wait_ends() {
    let mut run = start("dirty-write", &[]);
    for choice in ["ada.one", "ben.one2"] {
        run.push(choice).unwrap();
    }
    let choices = run.choices(run.steps());
    let waiting = choices.iter().find(|choice| choice.name == "ben.two2").unwrap();
    assert_eq!(waiting.disabled.as_deref(), Some("it waits for the transaction of ada"));
    assert!(run.push("ben.two2").is_err());
    let node = &run.nodes(run.steps())[2];
    assert_eq!(node.badge.as_ref().map(|badge| badge.text), Some("waiting"));
    assert_eq!(node.blocked.as_ref().map(|blocked| blocked.frees.as_str()), Some("ada commits or rolls back"));
    run.push("ada.commit").unwrap_err();
    for choice in ["ada.two", "ada.commit"] {
        run.push(choice).unwrap();
    }
    let said: Vec<&str> = run.trace().events.iter().rev().take(2).map(|event| event.sentence.as_str()).collect();
    assert_eq!(said, ["ben receives UPDATE 1 from db.", "ada receives COMMIT from db."]);
    assert!(run.choices(run.steps()).iter().any(|choice| choice.name == "ben.two2" && choice.disabled.is_none()));
}

#[test]
fn a_deadlock_is_drawn_as_a_circle_and_ends_when_patience_does() {
    let script = "setup { CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0), (2, 0); }
        session one setup { BEGIN; } step a { UPDATE t SET v = 1 WHERE id = 1; } step b { UPDATE t SET v = 1 WHERE id = 2; } step c { COMMIT; }
        session two setup { BEGIN; } step d { UPDATE t SET v = 2 WHERE id = 2; } step e { UPDATE t SET v = 2 WHERE id = 1; } step f { COMMIT; }";
    let mut run = start("own", &[("script", script)]);
    for choice in ["one.a", "two.d", "one.b", "two.e"] {
        run.push(choice).unwrap();
    }
    let graphs = |run: &dyn Run| -> Vec<String> {
        let exhibits = run.exhibits(run.steps()).into_iter();
        exhibits.filter_map(|one| if let Exhibit::Graph(graph) = one { Some(graph.verdict) } else { None }).collect()
    };
    assert_eq!(graphs(&*run), ["nothing is committed yet", "deadlock"]);
    run.push("db:wait-one").unwrap();
    let sentences: Vec<&str> = run.trace().events.iter().map(|event| event.sentence.as_str()).collect();
    assert!(sentences.iter().any(|sentence| sentence.starts_with("db sends ERROR 40P01 to one")), "{sentences:#?}");
    assert!(sentences.contains(&"two receives UPDATE 1 from db."));
    run.push("two.f").unwrap();
    assert_eq!(graphs(&*run), ["serializable as two"]);
}

#[test]
fn scripts_that_cannot_be_read_are_refused_where_they_are_wrong() {
    let info = entry().info();
    let own = info.variant("own").unwrap();
    for (script, why) in [
        ("session s1\nstep a { SELEC 1; }", "line 2, column 10"),
        ("# holds: SELECT\nsession s1 step a { COMMIT; }", "line 1, column"),
        ("nonsense", "line 1, column 1"),
    ] {
        let error = info.values(own, [("script", script)]).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    // What can be read and not be set up is a run that says so.
    let run = start("own", &[("script", "setup { INSERT INTO t VALUES (1); } session s1 step a { COMMIT; }")]);
    let field = &run.nodes(0)[0].fields;
    assert!(field.iter().any(|field| field.name == "setup" && field.value.contains("42P01")), "{field:?}");
}

#[test]
fn every_order_of_a_script_is_named_once() {
    let session = |name: &str| format!("session {name}\nstep {name}1 {{ SELECT 1; }}\nstep {name}2 {{ SELECT 2; }}\n");
    let script = ["a", "b", "c"].map(session).join("");
    let all = isolation::orders(&script).unwrap();
    assert_eq!((all.len(), all[0].join(",").as_str()), (90, "a.a1,a.a2,b.b1,b.b2,c.c1,c.c2"));
    let mut once = all.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), 90);
    // Those that a file names are some of them.
    assert_eq!(isolation::orders(&format!("{script}permutation c1 a1 b1\n")).unwrap(), all);
    let many = ["a", "b", "c", "d"].map(|name| session(name) + &format!("step {name}3 {{ SELECT 3; }}\n")).join("");
    assert!(isolation::orders(&many).unwrap_err().contains("more than 2000 orders"));
    assert!(isolation::orders("session a step b { SELEC 1; }").is_err());
}
