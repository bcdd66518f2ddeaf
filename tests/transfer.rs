//! The transfer that a crash cuts in two: each broken rule of the log loses money or a promise, and a log that keeps them all loses neither, wherever it crashes.
#![allow(clippy::unwrap_used)]

use interleave::engine::{Exhibit, Run, Table, VerdictState};
use interleave::explore::{Answer, Exploration, Question, Shows};
use interleave::scenarios::{Entry, find};
use proptest::prelude::*;

fn entry() -> &'static dyn Entry {
    find("atomic-transfer").unwrap()
}

fn start(variant: &str, given: &[(&str, &str)]) -> Box<dyn Run> {
    let variant = entry().info().variant(variant).unwrap();
    let values = entry().info().values(variant, given.iter().copied()).unwrap();
    entry().start(variant, &values, 0)
}

fn played(variant: &str, engine: &str, choices: &str) -> Box<dyn Run> {
    let mut run = start(variant, &[("engine", engine)]);
    for choice in choices.split(',') {
        run.push(choice).unwrap_or_else(|error| panic!("{choice}: {error}"));
    }
    run
}

fn violated(run: &dyn Run) -> Vec<&'static str> {
    let verdicts = run.verdicts(run.steps()).into_iter();
    verdicts.filter(|one| matches!(one.state, VerdictState::Violated { .. })).map(|one| one.id).collect()
}

fn explore(run: &dyn Run, question: &str) -> Answer {
    let mut exploration = Exploration::new(run, 0, Question::parse(question).unwrap()).unwrap();
    while exploration.advance_with(100_000, 2).is_none() {}
    exploration.answer()
}

/// One of the tables beside the lifelines.
fn table(run: &dyn Run, title: &str) -> Option<Table> {
    run.exhibits(run.steps()).into_iter().find_map(|exhibit| match exhibit {
        Exhibit::Table(table) if table.title == title => Some(table),
        _ => None,
    })
}

/// A column of a table.
fn column(run: &dyn Run, title: &str, name: &str) -> Vec<String> {
    let Some(table) = table(run, title) else { return Vec::new() };
    let at = table.columns.iter().position(|column| column == name).unwrap();
    table.rows.iter().map(|row| row[at].text.clone()).collect()
}

fn balances(run: &dyn Run) -> Vec<i32> {
    column(run, "accounts", "committed").iter().map(|balance| balance.parse().unwrap()).collect()
}

const ENGINES: [&str; 3] = ["postgres", "innodb", "textbook"];

#[test]
fn each_broken_rule_loses_what_it_is_there_for() {
    for engine in ENGINES {
        for (variant, choices, lost) in [
            ("two-updates", "ada.take,db.force-log,ada!crash", &["money"][..]),
            ("two-updates", "ada.take,db.force-log,db!crash,db!restart", &["money"]),
            ("no-log", "ada.take,ada.give,ada.commit,db.write-page-1,db!crash,db!restart", &["money"]),
            ("no-log", "ada.take,db.write-page-1,db!crash,db!restart", &["money"]),
            ("page-first", "ada.take,db.write-page-1,db!crash,db!restart", &["money"]),
            ("early-answer", "ada.take,ada.give,ada.commit,db!crash,db!restart", &["durable"]),
            ("write-ahead-log", "ada.take,db.force-log,ada!crash", &[]),
            ("write-ahead-log", "ada.take,ada.give,ada.commit,db!crash,db!restart", &[]),
        ] {
            let run = played(variant, engine, choices);
            assert_eq!(violated(&*run), lost, "{variant} with {engine}: {choices}");
        }
    }
}

#[test]
fn a_page_waits_for_its_records_and_a_commit_for_its_own() {
    let mut run = played("write-ahead-log", "postgres", "ada.take,ada.give,ada.commit");
    let choices = run.choices(run.steps());
    let refused = |name: &str| choices.iter().find(|choice| choice.name == name).and_then(|one| one.disabled.clone());
    let page = refused("db.write-page-1").unwrap();
    assert_eq!(page, "record 1 of the log, about a change of the page, is not on disk");
    assert_eq!(balances(&*run), [100, 100, 100]);
    assert_eq!(column(&*run, "log", "where"), ["in memory"; 3]);
    run.push("db.force-log").unwrap();
    run.push("db.write-page-1").unwrap();
    assert_eq!(balances(&*run), [60, 140, 100]);
    assert_eq!(column(&*run, "log", "where"), ["on disk"; 3]);
    assert_eq!(column(&*run, "pages", "on disk"), ["60 (record 1)", "100 (record 0)", "100 (record 0)"]);
}

#[test]
fn restart_repeats_what_is_committed_and_undoes_what_is_not() {
    for engine in ENGINES {
        let begin = "ada.take,ada.give,ada.commit,db.force-log,ben.take2,db.force-log,db.write-page-2,db!crash";
        let mut run = played("write-ahead-log", engine, begin);
        // Of both transfers page 2 is on disk, and nothing else.
        assert_eq!(column(&*run, "pages", "on disk"), ["100 (record 0)", "110 (record 4)", "100 (record 0)"]);
        run.push("db!restart").unwrap();
        let refused = run.choices(run.steps()).into_iter().find(|choice| choice.name == "ada.take");
        assert!(refused.is_none(), "ada is cut off");
        run.push("db.undo").unwrap();
        assert_eq!(balances(&*run), [60, 140, 100], "{engine}");
        let log = column(&*run, "log", "says");
        assert_eq!(log[3..], ["T2 page 2: 140 → 110", "T2 undo 4: page 2 → 140", "T2 undone"]);
    }
}

/// However often it crashes while it recovers, and whatever of that has come to disk, it ends with the same balances; and no change is undone twice.
#[test]
fn recovery_may_be_cut_short_anywhere() {
    let begin = "ada.take,ada.give,db.force-log,db.write-page-1,db.write-page-2,db!crash,db!restart";
    let mut left = vec![(Vec::<String>::new(), 2)];
    let mut ends = 0;
    while let Some((path, crashes)) = left.pop() {
        let mut run = played("write-ahead-log", "postgres", begin);
        path.iter().for_each(|choice| run.push(choice).unwrap());
        let says = column(&*run, "log", "says");
        let undone: Vec<&str> = says.iter().filter_map(|says| says.strip_prefix("T1 undo ")).collect();
        let mut once = undone.clone();
        once.dedup();
        assert_eq!(undone, once, "{path:?}");
        if table(&*run, "accounts").is_some() {
            assert_eq!(balances(&*run), [100, 100, 100], "{path:?}");
            ends += 1;
            continue;
        }
        let choices = run.choices(run.steps());
        for choice in choices.iter().filter(|choice| choice.disabled.is_none()) {
            let name = choice.name.as_str();
            let next = path.iter().cloned().chain([name.to_owned()]).collect();
            match name {
                "db.undo" | "db.force-log" | "db.write-page-1" | "db.write-page-2" | "db!restart" => {
                    left.push((next, crashes));
                }
                "db!crash" if crashes > 0 => left.push((next, crashes - 1)),
                _ => {}
            }
        }
    }
    assert!(ends > 30, "{ends}");
}

#[test]
fn a_log_that_keeps_every_rule_holds_wherever_it_crashes() {
    for engine in ENGINES {
        let run = start("write-ahead-log", &[("engine", engine), ("level", "serializable")]);
        let answer = explore(&*run, "violation;crash=1");
        assert!(answer.findings.is_empty(), "{engine}");
        assert!(answer.figures.states > 10_000, "{engine}: {}", answer.figures.states);
    }
}

#[test]
fn nothing_but_a_crash_breaks_the_broken_ones() {
    for variant in entry().info().variants {
        let run = start(variant.id, &[]);
        assert!(explore(&*run, "violation;").findings.is_empty(), "{}", variant.id);
        let found = explore(&*run, "violation;crash=1").findings;
        let broken: Vec<&str> = found
            .iter()
            .filter_map(|finding| if let Shows::Broken(what) = finding.shows { Some(what) } else { None })
            .collect();
        assert_eq!(!broken.is_empty(), variant.broken, "{}: {broken:?}", variant.id);
    }
}

/// A transfer that is cut off by its own application is rolled back, and lets others go on, once the application is back.
#[test]
fn who_comes_back_from_a_crash_leaves_nothing_open() {
    for engine in ENGINES {
        let mut run = played("write-ahead-log", engine, "ada.take,ada.give,ben.take2,ada!crash,ada!restart");
        for choice in ["ben.give2", "ben.commit2", "db.force-log"] {
            run.push(choice).unwrap_or_else(|error| panic!("{engine}: {choice}: {error}"));
        }
        assert_eq!(balances(&*run), [100, 70, 130], "{engine}");
        assert_eq!(violated(&*run), Vec::<&str>::new());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever happens, as often as it likes to crash: the right log loses nothing, and what the engine has as committed is what the pages in memory say,
    /// but for what is open.
    #[test]
    fn any_run_keeps_money_and_promises(engine in 0_usize..3, picks in prop::collection::vec(any::<u16>(), 5..60)) {
        let mut run = start("write-ahead-log", &[("engine", ENGINES[engine])]);
        for pick in picks {
            let choices: Vec<String> = run
                .choices(run.steps())
                .into_iter()
                .filter(|choice| choice.disabled.is_none())
                .flat_map(|choice| choice.crash_points.into_iter().map(|point| point.name).chain([choice.name]))
                .collect();
            if choices.is_empty() {
                break;
            }
            let choice = &choices[usize::from(pick) % choices.len()];
            run.push(choice).unwrap();
            prop_assert_eq!(violated(&*run), Vec::<&str>::new());
        }
        // In the end nobody is up any more but the database, and all that is open is rolled back.
        for node in ["ada", "ben", "db"] {
            if run.push(&format!("{node}!crash")).is_err() {
                run.push(&format!("{node}!restart")).unwrap();
                run.push(&format!("{node}!crash")).unwrap();
            }
        }
        run.push("db!restart").unwrap();
        while run.push("db.undo").is_ok() {}
        let memory: Vec<i32> = column(&*run, "pages", "in memory")
            .iter()
            .map(|cell| cell.split(' ').next().unwrap().parse().unwrap())
            .collect();
        prop_assert_eq!(memory, balances(&*run));
        prop_assert_eq!(balances(&*run).iter().sum::<i32>(), 300);
        prop_assert_eq!(violated(&*run), Vec::<&str>::new());
    }
}
