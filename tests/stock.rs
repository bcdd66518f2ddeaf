//! Inventory locking and the flash sale: sessions that act upon what they are answered.
#![allow(clippy::unwrap_used)]

use interleave::engine::{Run, VerdictState};
use interleave::scenarios::{find, isolation};

fn start(scenario: &str, variant: &str, given: &[(&str, &str)]) -> Box<dyn Run> {
    let entry = find(scenario).unwrap();
    let variant = entry.info().variant(variant).unwrap();
    let values = entry.info().values(variant, given.iter().copied()).unwrap();
    entry.start(variant, &values, 0)
}

fn play(run: &mut dyn Run, choices: &str) {
    for choice in choices.split(',') {
        run.push(choice).unwrap_or_else(|error| panic!("{choice}: {error}"));
    }
}

fn violated(run: &dyn Run) -> Vec<&'static str> {
    let verdicts = run.verdicts(run.steps()).into_iter();
    verdicts.filter(|one| matches!(one.state, VerdictState::Violated { .. })).map(|one| one.id).collect()
}

fn says(run: &dyn Run, sentence: &str) -> bool {
    run.trace().events.iter().any(|event| event.sentence == sentence)
}

#[test]
fn every_opening_of_a_broken_variant_stands_at_the_brink() {
    for id in ["inventory-locking", "flash-sale", "atomic-transfer"] {
        for variant in find(id).unwrap().info().variants {
            let mut run = start(id, variant.id, &[]);
            play(&mut *run, variant.opening);
            assert_eq!(violated(&*run), Vec::<&str>::new(), "{}", variant.id);
            let breaks =
                run.choices(run.steps()).into_iter().filter(|choice| choice.disabled.is_none()).any(|choice| {
                    let mut next = run.fork(run.steps());
                    next.push(&choice.name).is_ok() && !violated(&*next).is_empty()
                });
            assert_eq!(breaks, variant.broken, "{}", variant.id);
        }
    }
}

#[test]
fn who_comes_too_late_waits_and_tries_again_and_not_for_ever() {
    let mut run = start("inventory-locking", "optimistic", &[("attempts", "2"), ("stock", "3"), ("clients", "3")]);
    play(&mut *run, "ada.read,ben.read2,ada.take,ada.order,ben.take2");
    assert!(says(&*run, "ben begins attempt 2 of 2 with read2 in 100 ms."));
    let choices = run.choices(run.steps());
    let resting = choices.iter().find(|choice| choice.name == "ben.read2").unwrap();
    assert_eq!(resting.disabled.as_deref(), Some("it waits before its next attempt"));
    play(&mut *run, "ben:backoff,ben.read2,cem.read3,cem.take3,cem.order3");
    assert_eq!(violated(&*run), Vec::<&str>::new());
    play(&mut *run, "ben.take2");
    assert!(says(&*run, "ben stops: gives up after 2 attempts."));
    assert_eq!(violated(&*run), ["end"]);
}

#[test]
fn a_table_that_refuses_is_understood_in_both_databases() {
    for engine in ["postgres", "innodb"] {
        let mut run = start("inventory-locking", "check", &[("engine", engine)]);
        play(&mut *run, "ada.take,ada.order,ben.take2");
        assert!(says(&*run, "ben stops: sold out."), "{engine}");
        assert_eq!(violated(&*run), Vec::<&str>::new());
    }
}

#[test]
fn synchronized_excludes_threads_of_the_same_server_only() {
    let mut run = start("flash-sale", "check-then-act", &[]);
    play(&mut *run, "ada.look,ben.look3");
    let choices = run.choices(run.steps());
    let waiting = choices.iter().find(|choice| choice.name == "cem.look2").unwrap();
    assert_eq!(waiting.disabled.as_deref(), Some("it waits for the lock of server 1 of ada"));
    play(&mut *run, "ada.sell,cem.look2");
    assert!(says(&*run, "cem stops: sold out."));
    play(&mut *run, "ben.sell3");
    assert_eq!(violated(&*run), ["rule", "end"]);
}

#[test]
fn a_script_of_the_readers_own_may_say_what_follows_and_is_refused_where_it_is_wrong() {
    let script = |line: &str| {
        format!(
            "# in the end: SELECT v = 2 FROM t\nsetup {{ CREATE TABLE t (v int); INSERT INTO t VALUES (0); }}\n\
            session one\nstep a {{ SELECT v FROM t; }}\nstep b {{ UPDATE t SET v = $v + 1 WHERE v = $v; }}\n{line}\n\
            session two\nstep c {{ UPDATE t SET v = v + 1; }}\n"
        )
    };
    let again = script("#> if $rows = 0: again from a, at most 2 attempts");
    let mut run = start("isolation", "own", &[("script", &again)]);
    play(&mut *run, "one.a,two.c,one.b,one.a,one.b");
    assert_eq!(violated(&*run), Vec::<&str>::new());
    let mut run = start("isolation", "own", &[("script", &script(""))]);
    play(&mut *run, "one.a,two.c,one.b");
    assert_eq!(violated(&*run), ["end"]);
    let error = isolation::check(&script("#> if $rows = 0: again from x, at most 2 attempts")).unwrap_err();
    assert_eq!((error.at.line, error.at.column), (6, 29), "{error}");
    let error = isolation::check(&script("").replace("v = 2", "v = ")).unwrap_err();
    assert_eq!(error.at.line, 1, "{error}");
}
