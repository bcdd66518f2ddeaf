//! Services and their programs: that every play can be read, that idempotency keys and the whole order path behave as their variants say, and that nothing
//! gets lost between what a play says and what is played.

mod support;

use std::collections::BTreeMap;

use interleave::engine::{Exhibit, Run, VerdictState};
use interleave::explore::{Answer, Exploration, Question, Shows};
use interleave::scenarios::services::{
    E_COMMERCE, EVENT_SOURCING, IDEMPOTENCY, MESSAGE_QUEUE, OUTBOX, SAGA, Staged, check,
};
use interleave::scenarios::{Entry, ParameterKind, Variant};
use support::Temper;

static ALL: [&Staged; 6] = [&IDEMPOTENCY, &SAGA, &MESSAGE_QUEUE, &OUTBOX, &EVENT_SOURCING, &E_COMMERCE];

fn start(entry: &Staged, variant: &str, given: &[(&str, &str)]) -> Box<dyn Run> {
    let variant: &'static Variant = entry.info().variant(variant).expect("a variant of ours");
    let values = entry.info().values(variant, given.iter().copied()).expect("values that fit");
    entry.start(variant, &values, 0)
}

fn explore(run: &dyn Run, question: &str) -> Answer {
    let mut exploration = Exploration::new(run, 0, Question::parse(question).expect("a question")).expect("fits");
    while exploration.advance_with(100_000, 2).is_none() {}
    exploration.answer()
}

/// What breaks first, if anything does; otherwise all there is was looked at.
fn broken(entry: &Staged, variant: &str, given: &[(&str, &str)], question: &str) -> Option<&'static str> {
    let answer = explore(&*start(entry, variant, given), question);
    let found = answer.findings.iter().find_map(|finding| match finding.shows {
        Shows::Broken(id) => Some(id),
        _ => None,
    });
    let end = answer.end.expect("it ended").word();
    assert_eq!(end, if found.is_some() { "found" } else { "exhausted" }, "{variant} {given:?} {question}");
    found
}

/// Takes choices one after the other.
fn play(entry: &Staged, variant: &str, given: &[(&str, &str)], choices: &str) -> Box<dyn Run> {
    let mut run = start(entry, variant, given);
    for choice in choices.split(',') {
        run.push(choice).unwrap_or_else(|why| panic!("{choice}: {why}"));
    }
    run
}

/// Work that takes longer than the broker waits is handed out again, and done once.
#[test]
fn an_idempotent_consumer_that_is_slow_comes_to_an_end() {
    for variant in ["inbox", "rebalance-inbox"] {
        let mut run = start(&MESSAGE_QUEUE, variant, &[("work", "45000")]);
        while let Some(choice) = run.scheduled(run.steps(), 1) {
            run.push(&choice).expect("what the scheduler offers can be taken");
            assert!(run.steps() < 300, "{variant} goes on and on");
        }
        let verdicts = run.verdicts(run.steps());
        assert!(verdicts.iter().all(|verdict| verdict.state == VerdictState::Holds), "{variant}: {verdicts:?}");
    }
}

/// A statement may fail on a constraint, which is what constraints are for. That it names what there is not, or cannot be understood, is a fault of the play.
#[test]
fn no_play_asks_its_tables_what_they_do_not_know() {
    let mut wrong: BTreeMap<(&str, &str, String), String> = BTreeMap::new();
    for entry in ALL {
        for (variant, seed) in entry.info().variants.iter().flat_map(|variant| (0..24).map(move |seed| (variant, seed)))
        {
            let temper = Temper { steps: 60, calm: 80, parameters: seed % 2 == 1 };
            let (link, run) = support::play(entry, variant, seed, temper);
            for event in &run.trace().events {
                let code = event.sentence.split_once(" → ").map_or("", |(_, code)| code);
                if code.starts_with("42") || code.starts_with("22") {
                    wrong.insert((entry.info().id, variant.id, event.sentence.clone()), link.run_string());
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What must hold in the end is worth nothing where there is no end.
#[test]
fn whatever_holds_comes_to_rest_by_itself() {
    for entry in ALL {
        for (variant, seed) in entry.info().variants.iter().flat_map(|variant| (0..6).map(move |seed| (variant, seed)))
        {
            if variant.broken {
                continue;
            }
            let mut run = start(entry, variant.id, &[]);
            while let Some(choice) = run.scheduled(run.steps(), seed) {
                run.push(&choice).expect("what the scheduler offers can be taken");
                assert!(run.steps() < 600, "{} {} seed {seed} goes on and on", entry.info().id, variant.id);
            }
            let verdicts = run.verdicts(run.steps());
            let settled = verdicts.iter().find(|verdict| verdict.id == "settled").expect("it is promised");
            assert_eq!(settled.state, VerdictState::Holds, "{} {} seed {seed}", entry.info().id, variant.id);
            assert!(run.steps() >= 5, "{} {} seed {seed}: nothing happens", entry.info().id, variant.id);
        }
    }
}

#[test]
fn every_play_can_be_read_under_every_parameter() {
    for entry in ALL {
        let info = entry.info();
        for variant in info.variants {
            for parameter in info.parameters {
                let extremes: Vec<String> = match parameter.kind {
                    ParameterKind::Int { min, max, .. } => vec![min.to_string(), max.to_string()],
                    ParameterKind::OneOf(all) => all.iter().map(|(value, _)| (*value).to_owned()).collect(),
                    ParameterKind::Nodes(all) => vec!["none".to_owned(), all.join(".")],
                    ParameterKind::Script(_) => Vec::new(),
                };
                for value in extremes {
                    let values = info.values(variant, [(parameter.id, value.as_str())]).expect("it fits");
                    let text = entry.play(variant, &values);
                    let is_place = |piece: &str| {
                        let (name, rest) = piece.split_at(piece.find('>').unwrap_or(0));
                        !name.is_empty() && rest.starts_with('>') && !name.contains([' ', '\n'])
                    };
                    let is_left = text.split('<').skip(1).any(is_place);
                    assert!(!is_left, "{} {}: a parameter is left: {text}", info.id, variant.id);
                    if let Err(why) = check(&text) {
                        panic!("{} {} {}={value}: {why}\n{text}", info.id, variant.id, parameter.id);
                    }
                }
            }
        }
    }
}

#[test]
fn what_a_play_checks_is_what_its_scenario_declares() {
    for entry in ALL {
        let mut seen: Vec<&str> = Vec::new();
        for variant in entry.info().variants {
            let run = start(entry, variant.id, &[]);
            seen.extend(run.verdicts(0).iter().map(|verdict| verdict.id));
            assert!(run.verdicts(0).iter().all(|verdict| !verdict.text.is_empty()), "{}", variant.id);
        }
        for (id, _) in entry.info().invariants {
            assert!(seen.contains(id), "{}: nobody promises {id}", entry.info().id);
        }
    }
}

#[test]
fn a_play_that_is_wrong_is_told_with_its_line() {
    let wrong = |text: &str| check(text).expect_err("it is wrong").to_string();
    assert_eq!(wrong("node a client a\nnod"), "line 2 of the play: `nod` begins nothing");
    assert_eq!(wrong("node a client a\non b starts"), "line 2 of the play: nobody is called `b`");
    assert_eq!(wrong("node a client a\non a starts\n  go nowhere"), "line 3 of the play: there is no label `nowhere`");
    assert!(wrong("node a client a\non a starts\n  sql SELEC 1").starts_with("line 3 of the play: "));
    assert!(wrong("node a client a\ntables a\n  INSERT INTO t VALUES (1);").contains("tables of a"));
    let rule = "node a client a\nalways whole: shipped = 0 | It is shipped.";
    assert_eq!(wrong(rule), "line 2 of the play: there is no gauge `shipped`");
    assert_eq!(wrong("  reply ok"), "line 1 of the play: a line under nothing");
}

const CRASH: &str = "violation;crash=1,delay=1";

#[test]
fn get_then_set_charges_twice_without_a_fault() {
    assert_eq!(broken(&IDEMPOTENCY, "get-then-set", &[], "violation;delay=0"), Some("charged"));
    // One click alone is charged once.
    assert_eq!(broken(&IDEMPOTENCY, "get-then-set", &[("clicks", "1")], "violation;delay=0"), None);
}

#[test]
fn a_claim_keeps_the_second_click_out_and_no_crash() {
    assert_eq!(broken(&IDEMPOTENCY, "claimed", &[], "violation;delay=0"), None);
    // Nor does it keep anybody out for longer than it stands: a bank that takes its time is enough.
    assert_eq!(broken(&IDEMPOTENCY, "claimed", &[], "violation;delay=1"), Some("charged"));
    assert_eq!(broken(&IDEMPOTENCY, "claimed", &[], CRASH), Some("charged"));
    assert_eq!(broken(&IDEMPOTENCY, "for-ever", &[], "violation;delay=1"), None);
    assert_eq!(broken(&IDEMPOTENCY, "for-ever", &[], CRASH), Some("served"));
}

#[test]
fn a_key_in_the_database_needs_a_bank_that_knows_it() {
    assert_eq!(broken(&IDEMPOTENCY, "unique-key", &[], CRASH), None);
    assert_eq!(broken(&IDEMPOTENCY, "unique-key", &[("tries", "3")], "violation;crash=2,delay=1"), None);
    assert_eq!(broken(&IDEMPOTENCY, "unique-key", &[("bank", "ignores")], CRASH), Some("charged"));
    assert_eq!(broken(&IDEMPOTENCY, "unsure", &[("bank", "honours")], CRASH), None);
}

#[test]
fn a_fingerprint_tells_one_request_from_another() {
    assert_eq!(broken(&IDEMPOTENCY, "other-payload", &[], "violation;delay=0"), Some("answer"));
    assert_eq!(broken(&IDEMPOTENCY, "fingerprint", &[], "violation;delay=0"), None);
}

#[test]
fn a_key_that_is_kept_for_long_enough_is_not_charged_again() {
    assert_eq!(broken(&IDEMPOTENCY, "expired", &[], "violation;delay=1"), Some("charged"));
    assert_eq!(broken(&IDEMPOTENCY, "expired", &[("ttl", "600000")], "violation;delay=1"), None);
}

/// What stands in the service's table of payments.
fn payments(run: &dyn Run) -> Vec<Vec<String>> {
    let table = run.exhibits(run.steps()).into_iter().find_map(|exhibit| match exhibit {
        Exhibit::Table(table) if table.title == "api: payments" => Some(table),
        _ => None,
    });
    let rows = table.expect("it is shown").rows.into_iter();
    rows.map(|row| row.into_iter().map(|cell| cell.text).collect()).collect()
}

/// A crash falls between what a service writes and what it then sends, and takes its threads with it, not its tables.
#[test]
fn a_crash_leaves_what_is_in_the_database() {
    let run = play(&IDEMPOTENCY, "unique-key", &[], "buyer.click,buyer-api!crash1");
    let api = &run.nodes(run.steps())[1];
    assert_eq!(run.trace().lanes[1].id, "api");
    assert!(api.fields.is_empty(), "of a node that is down nothing is seen: {:?}", api.fields);
    assert_eq!(payments(&*run), [["k1", "10", "BEGUN"]]);
    let run = play(&IDEMPOTENCY, "unique-key", &[], "buyer.click,buyer-api!crash0");
    assert!(payments(&*run).is_empty());
}

#[test]
fn each_broken_order_path_breaks_as_it_is_said_to() {
    for (variant, rule) in
        [("dual-write", "whole"), ("no-release", "stock"), ("no-inbox", "conserved"), ("no-key", "charged")]
    {
        let declared = E_COMMERCE.info().variant(variant).expect("ours");
        let budget: Vec<String> = declared.budget.iter().map(|(verb, most)| format!("{verb}={most}")).collect();
        let question = format!("violation;{}", budget.join(","));
        let found = broken(&E_COMMERCE, variant, &[], &question);
        assert!(found.is_some(), "{variant}");
        assert_eq!(found, Some(rule), "{variant}");
    }
}

/// That it holds for a crash of the order service with lamps in stock, too, takes 670,764 states, and more time than is right for a test.
#[test]
fn the_composed_order_path_holds_whoever_crashes() {
    let all = [
        [("fragile", "payment"), ("bank", "refuses")],
        [("fragile", "inventory"), ("bank", "pays")],
        [("fragile", "orders"), ("stock", "0")],
        [("fragile", "gateway.users"), ("stock", "1")],
    ];
    for given in all {
        assert_eq!(broken(&E_COMMERCE, "composed", &given, "violation;crash=1,delay=0"), None, "{given:?}");
    }
}
