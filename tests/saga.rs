//! The scenario of sagas as its readers meet it: plays that can be read, what breaks and what holds, crashes everywhere, what is undone in which order.

mod support;

use std::collections::BTreeMap;

use interleave::engine::{Exhibit, Run, Stage, StepMark, VerdictState};
use interleave::explore::{Answer, End, Exploration, Question, Shows};
use interleave::scenarios::services::{SAGA, check};
use interleave::scenarios::{Entry, Variant, find};
use support::Temper;

fn entry() -> &'static dyn Entry {
    find("saga").expect("it is in the catalogue")
}

fn variant(id: &str) -> &'static Variant {
    entry().info().variant(id).expect("a variant of ours")
}

fn pairs(given: &str) -> Vec<(&str, &str)> {
    given.split(' ').filter_map(|pair| pair.split_once('=')).collect()
}

#[track_caller]
fn drive(id: &str, given: &str, choices: &str) -> Box<dyn Run> {
    let values = entry().info().values(variant(id), pairs(given)).expect("values that fit");
    let mut run = entry().start(variant(id), &values, 0);
    for choice in choices.split(',').filter(|choice| !choice.is_empty()) {
        if let Err(error) = run.push(choice) {
            panic!("{id} {given}: {error}");
        }
    }
    run
}

/// Lets the seeded scheduler play until nothing is left to do.
#[track_caller]
fn play(mut run: Box<dyn Run>, seed: u64) -> Box<dyn Run> {
    for _ in 0..600 {
        let Some(choice) = run.scheduled(run.steps(), seed) else { return run };
        run.push(&choice).expect("what the scheduler offers can be taken");
    }
    panic!("it never comes to rest");
}

/// Repairs whatever is broken, and lets it go on to its end.
fn repaired(mut run: Box<dyn Run>, seed: u64) -> Box<dyn Run> {
    loop {
        let choices = run.choices(run.steps());
        let is_repair = |verb: &str| matches!(verb, "restart" | "resume" | "heal");
        match choices.iter().find(|choice| choice.disabled.is_none() && is_repair(choice.verb)) {
            Some(choice) => run.push(&choice.name).expect("it can be taken"),
            None => return play(run, seed),
        }
    }
}

fn explore(id: &str, given: &str, question: &str) -> Answer {
    let run = drive(id, given, "");
    let question = Question::parse(question).expect("a question");
    let mut exploration = Exploration::new(&*run, 0, question).expect("a question that fits");
    while exploration.advance_with(100_000, 2).is_none() {}
    exploration.answer()
}

/// The ids that the search finds broken first; none where there is no way to break any.
#[track_caller]
fn broken(id: &str, given: &str, question: &str) -> Vec<&'static str> {
    let answer = explore(id, given, question);
    let shown = answer.findings.iter().filter_map(|finding| match finding.shows {
        Shows::Broken(invariant) => Some(invariant),
        _ => None,
    });
    let shown: Vec<&'static str> = shown.collect();
    let end = if shown.is_empty() { End::Exhausted } else { End::Found };
    assert_eq!(answer.end, Some(end), "{id} {given} {question}: {:?}", answer.figures);
    shown
}

fn violated(run: &dyn Run) -> Vec<&'static str> {
    run.trace().violations.iter().map(|violation| violation.invariant).collect()
}

/// The words on the lifelines, by their ids.
fn badges(run: &dyn Run) -> BTreeMap<String, &'static str> {
    let nodes = run.nodes(run.steps());
    let words = nodes.iter().map(|node| node.badge.as_ref().map_or("", |badge| badge.text));
    run.trace().lanes.iter().map(|lane| lane.id.clone()).zip(words).collect()
}

const FAILS: [&str; 5] = ["none", "reserve", "charge", "ship", "refund"];
const DURABLE: [&str; 9] = [
    "orchestrated",
    "choreographed",
    "over-log",
    "save-point",
    "pivot",
    "parallel",
    "semantic-lock",
    "commutative",
    "reread",
];
const STEPS: [&str; 4] = ["3", "4", "5", "6"];

#[test]
fn every_play_can_be_read() {
    for variant in entry().info().variants {
        for fails in FAILS {
            for often in ["always", "once"] {
                for steps in STEPS {
                    for (undo, stock, retries, when) in [
                        ("reverse", "1", "0", "before"),
                        ("at-once", "5", "3", "before"),
                        ("reverse", "2", "1", "after"),
                    ] {
                        let given = format!(
                            "fails={fails} often={often} steps={steps} undo={undo} stock={stock} retries={retries} when={when}"
                        );
                        let values = entry().info().values(variant, pairs(&given)).expect("values that fit");
                        let text = SAGA.play(variant, &values);
                        assert_eq!(check(&text), Ok(()), "{} {given}:\n{text}", variant.id);
                        let open = entry().info().parameters.iter().find(|one| text.contains(&format!("<{}>", one.id)));
                        assert!(open.is_none(), "{} {given}", variant.id);
                    }
                }
            }
        }
    }
}

#[test]
fn what_is_broken_breaks_as_it_says() {
    for (id, question, invariant, choices) in [
        ("local-transaction", "violation;delay=0", "whole", 8),
        ("no-compensation", "violation;delay=0", "whole", 8),
        ("try-catch", "violation;crash=1,delay=0", "whole", 3),
        ("not-idempotent", "violation;duplicate=1,delay=0", "compensated", 14),
        ("blind-retry", "violation;drop=1,delay=0", "charged", 9),
        ("overtaken", "violation;delay=1", "whole", 8),
        ("wrong-order", "violation;delay=0", "covered", 10),
        ("dirty-read", "violation;delay=0", "dirty", 18),
        ("restored", "violation;delay=0", "conserved", 16),
        ("overwritten", "violation;delay=0", "answer", 12),
    ] {
        let answer = explore(id, "", question);
        let finding = answer.findings.first().unwrap_or_else(|| panic!("{id} does not break"));
        assert_eq!(finding.shows, Shows::Broken(invariant), "{id}");
        assert_eq!(finding.choices.len(), choices, "{id}: {:?}", finding.choices);
    }
}

/// Without what each is about, a broken variant may well hold: nothing fails, nobody crashes, nothing comes twice.
#[test]
fn where_nothing_goes_wrong_all_is_done() {
    for variant in entry().info().variants {
        // There somebody may cancel.
        if matches!(variant.id, "overwritten" | "reread") {
            continue;
        }
        for (steps, seed) in STEPS.iter().flat_map(|steps| (0..4).map(move |seed| (*steps, seed))) {
            let given = format!("fails=none steps={steps}");
            let run = play(drive(variant.id, &given, ""), seed);
            assert_eq!(violated(&*run), Vec::<&str>::new(), "{} {given} seed {seed}", variant.id);
            let words = badges(&*run);
            assert_eq!((words["orders"], words["payment"]), ("APPROVED", "CHARGED"), "{} {given} {seed}", variant.id);
            let further = ["shipping", "accounts", "mail"].map(|id| words.contains_key(id));
            assert_eq!(further, [steps >= "4", steps >= "5", steps >= "6"], "{} {given}", variant.id);
            let stages = stages(&*run);
            let all_done = stages.iter().all(|(_, stage, _)| *stage == Stage::Done);
            let is_told = variant.id != "local-transaction";
            assert!(all_done || !is_told, "{} {given} {seed}: {stages:?}", variant.id);
        }
    }
}

/// The search takes every order, with a crash between any two writes and messages of any service; behind each, services come back.
#[test]
fn a_crash_at_any_point_leaves_no_half_order() {
    for id in DURABLE {
        for given in [
            "fails=none",
            "fails=reserve",
            "fails=charge",
            "fails=ship",
            "fails=refund",
            "fails=charge often=once retries=1",
            "fails=refund often=once retries=1",
            "fails=reserve when=after",
            "fails=charge when=after",
            "fails=ship when=after",
            "fails=charge when=after often=once retries=1",
        ] {
            // With a parcel, four readers of one log take an hour for all of these.
            let given = if id == "over-log" { format!("{given} steps=3") } else { given.to_owned() };
            assert_eq!(broken(id, &given, "violation;crash=1,delay=0"), Vec::<&str>::new(), "{id} {given}");
        }
    }
    for given in ["fails=ship steps=4", "fails=refund steps=4", "fails=none steps=4", "fails=ship often=once steps=4"] {
        assert_eq!(broken("over-log", given, "violation;delay=0"), Vec::<&str>::new(), "over-log {given}");
    }
    for steps in ["steps=3 fails=charge", "steps=5 fails=ship", "steps=6 fails=none", "steps=6 fails=refund"] {
        assert_eq!(broken("orchestrated", steps, "violation;crash=1,delay=0"), Vec::<&str>::new(), "{steps}");
    }
}

#[test]
fn nor_do_two_crashes() {
    assert_eq!(broken("orchestrated", "steps=3 fails=charge", "violation;crash=2,delay=0"), Vec::<&str>::new());
    assert_eq!(broken("pivot", "", "violation;crash=2,delay=0"), Vec::<&str>::new());
}

#[test]
fn each_step_and_each_compensation_has_its_effect_once_whatever_comes_twice_or_not_at_all() {
    for id in ["orchestrated", "choreographed", "pivot", "parallel", "save-point"] {
        for given in ["fails=none", "fails=ship", "fails=charge often=once retries=1"] {
            for faults in ["duplicate=1,delay=0", "drop=1,delay=0", "drop=1,duplicate=1,delay=0"] {
                assert_eq!(
                    broken(id, given, &format!("violation;{faults}")),
                    Vec::<&str>::new(),
                    "{id} {given} {faults}"
                );
            }
        }
    }
    for given in ["", "steps=3 fails=charge often=once"] {
        let found = broken("orchestrated", given, "violation;crash=1,duplicate=1,delay=0");
        assert_eq!(found, Vec::<&str>::new(), "{given}");
    }
}

/// A step that is asked for and comes late: behind its compensation it is refused.
#[test]
fn a_step_that_comes_behind_its_compensation_is_refused() {
    for given in ["fails=none", "fails=ship retries=1"] {
        assert_eq!(broken("orchestrated", given, "violation;delay=1"), Vec::<&str>::new(), "{given}");
        assert_eq!(broken("pivot", given, "violation;delay=1"), Vec::<&str>::new(), "{given}");
    }
    assert_eq!(broken("overtaken", "fails=charge", "violation;delay=0"), Vec::<&str>::new(), "it is the delay");
}

/// All at once, as Camunda does, the order in which services undo is anybody's guess. In the end it comes to the same.
#[test]
fn all_at_once_ends_whole_and_gives_the_item_away_before_the_money_is_back() {
    let question = |what: &str| format!("{what};crash=1,delay=0");
    assert_eq!(broken("orchestrated", "undo=at-once", "violation;delay=0"), ["covered"]);
    for invariant in ["whole", "compensated", "conserved", "stuck"] {
        let answer = explore("orchestrated", "undo=at-once", &question(&format!("break:{invariant}")));
        assert_eq!((answer.end, answer.findings.len()), (Some(End::Exhausted), 0), "{invariant}");
    }
    assert_eq!(broken("orchestrated", "undo=reverse", "violation;delay=0"), Vec::<&str>::new());
}

#[test]
fn what_cannot_be_undone_is_stuck_and_says_so() {
    for (id, given) in [
        ("orchestrated", "fails=refund"),
        ("orchestrated", "fails=refund retries=2"),
        ("orchestrated", "fails=refund undo=at-once"),
        ("parallel", "fails=refund"),
        ("choreographed", "fails=refund"),
        ("over-log", "fails=refund steps=4"),
        ("save-point", "fails=refund"),
        ("pivot", "fails=ship often=always"),
    ] {
        for seed in 0..4 {
            let run = play(drive(id, given, ""), seed);
            let words = badges(&*run);
            assert_eq!(words["orders"], "STUCK", "{id} {given} seed {seed}");
            let (whole, stuck) = (verdict(&*run, "whole"), verdict(&*run, "stuck"));
            assert_eq!((whole, stuck), (VerdictState::Holds, VerdictState::Holds), "{id} {given} seed {seed}");
        }
    }
    // A refund that is refused once only is tried again.
    let run = play(drive("orchestrated", "fails=refund often=once retries=1", ""), 0);
    assert_eq!(badges(&*run)["orders"], "CANCELLED");
    // That a step has failed does not say that it was not done: who catches that undoes what went before, and keeps the money.
    let run = play(drive("try-catch", "fails=charge when=after", ""), 0);
    assert_eq!((violated(&*run), badges(&*run)["payment"]), (vec!["whole"], "CHARGED"));
    let run = play(drive("orchestrated", "fails=charge when=after", ""), 0);
    assert_eq!((violated(&*run), badges(&*run)["payment"]), (vec![], "REFUNDED"));
    // The guide's catch block goes on, whatever a refund answers, and says that the order is cancelled.
    let run = play(drive("try-catch", "fails=refund", ""), 0);
    assert_eq!((violated(&*run), badges(&*run)["orders"]), (vec!["whole"], "CANCELLED"));
}

fn verdict(run: &dyn Run, id: &str) -> VerdictState {
    run.verdicts(run.steps()).into_iter().find(|verdict| verdict.id == id).expect("it promises that").state
}

/// What was done and undone, in order, as the databases were told to write it.
fn executed(run: &dyn Run) -> Vec<&'static str> {
    const EFFECTS: [(&str, &str); 11] = [
        ("INSERT INTO orders VALUES (1, 'PENDING')", "T1"),
        ("INSERT INTO reservations VALUES (1, 'RESERVED')", "T2"),
        ("INSERT INTO payments VALUES (1, 'CHARGED')", "T3"),
        ("INSERT INTO payments VALUES (2, 'CHARGED')", "T3"),
        ("INSERT INTO parcels VALUES (1, 'SHIPPED')", "T4"),
        ("INSERT INTO parcels VALUES (2, 'SHIPPED')", "T4"),
        ("UPDATE orders SET state = 'APPROVED'", "end"),
        ("DO UPDATE SET state = 'CANCELLED'", "C4"),
        ("UPDATE payments SET state = 'REFUNDED'", "C3"),
        ("UPDATE reservations SET state = 'RELEASED'", "C2"),
        ("UPDATE orders SET state = 'CANCELLED'", "C1"),
    ];
    let mut done: Vec<&'static str> = Vec::new();
    for event in run.trace().events.iter().filter(|event| event.sentence.contains("forces")) {
        let Some((_, name)) = EFFECTS.iter().find(|(text, _)| event.sentence.contains(text)) else { continue };
        // Of a parcel that was never sent a recall only says that it must not be.
        if *name != "C4" || done.contains(&"T4") {
            done.push(name);
        }
    }
    done
}

/// Garcia-Molina and Salem: what is executed is T1 … Tn, or T1 … Tj Cj … C1; where it is stuck, a beginning of that.
#[test]
fn what_is_executed_is_all_steps_or_some_and_their_compensations_in_reverse() {
    for id in ["orchestrated", "choreographed", "over-log", "pivot"] {
        let mut ends: BTreeMap<(usize, bool), u32> = BTreeMap::new();
        for seed in 0..300 {
            let temper = Temper { steps: 40, calm: 60, parameters: true };
            let (link, run) = support::play(entry(), variant(id), seed, temper);
            if link.values.text("undo") == "at-once" && id == "orchestrated" {
                continue;
            }
            let run = repaired(run, seed);
            let done = executed(&*run);
            let steps = if link.values.text("steps") == "3" { 3 } else { 4 };
            let forward = done.iter().take_while(|name| name.starts_with('T')).count();
            let there: Vec<String> = (1..=forward).map(|step| format!("T{step}")).collect();
            let back: Vec<String> = (1..=forward).rev().map(|step| format!("C{step}")).collect();
            let (first, then) = done.split_at(forward);
            assert_eq!(first, there, "{id} seed {seed}: {done:?}");
            let is_through = then == ["end"] && forward == steps;
            let is_stuck = badges(&*run)["orders"] == "STUCK" && back.iter().zip(then).all(|(one, other)| one == other);
            assert!(is_through || is_stuck || then == back, "{id} seed {seed}: {done:?}");
            *ends.entry((forward, is_through)).or_default() += 1;
        }
        assert!(ends.len() >= 4, "{id}, of many kinds: {ends:?}");
    }
    // From a save-point it goes forward again, with another payment.
    let forward_again = ["T1", "T2", "T3", "C3", "T3", "T4", "end"];
    assert_eq!(executed(&*play(drive("save-point", "", ""), 0)), forward_again);
    let given_up = ["T1", "T2", "T3", "C3", "T3", "C3", "C2", "C1"];
    assert_eq!(executed(&*play(drive("save-point", "often=always", ""), 0)), given_up);
    // First step first, it is something else.
    let run = play(drive("wrong-order", "", ""), 0);
    assert_eq!(executed(&*run), ["T1", "T2", "T3", "C2", "C3", "C1"]);
}

/// What the strip of steps says at the end of a run.
fn stages(run: &dyn Run) -> Vec<(String, Stage, Option<StepMark>)> {
    let plan = run.exhibits(run.steps()).into_iter().find_map(|exhibit| match exhibit {
        Exhibit::Plan(plan) => Some(plan),
        _ => None,
    });
    let steps = plan.expect("a plan").steps.into_iter();
    steps.map(|step| (step.name, step.stage, step.mark)).collect()
}

#[test]
fn the_strip_of_steps_says_how_far_it_got_there_and_back() {
    let told = |id: &str, given: &str| -> Vec<String> {
        let mark = |mark: Option<StepMark>| match mark {
            None => "",
            Some(StepMark::Pivot) => "!",
            Some(StepMark::SavePoint) => "|",
        };
        let run = play(drive(id, given, ""), 0);
        stages(&*run).into_iter().map(|(name, stage, at)| format!("{name} {stage:?}{}", mark(at))).collect()
    };
    assert_eq!(told("orchestrated", "fails=none"), ["create Done", "reserve Done", "charge Done", "ship Done"]);
    assert_eq!(
        told("orchestrated", "fails=charge"),
        ["create Undone", "reserve Undone", "charge Undone", "ship Ahead"]
    );
    assert_eq!(told("orchestrated", "fails=refund"), ["create Stuck", "reserve Done", "charge Done", "ship Undone"]);
    assert_eq!(told("orchestrated", "fails=reserve steps=3"), ["create Undone", "reserve Undone", "charge Ahead"]);
    assert_eq!(told("pivot", ""), ["create Done", "reserve Done", "charge Done!", "ship Done"]);
    assert_eq!(told("no-compensation", ""), ["create Undone", "reserve Done", "charge Done", "ship Ahead"]);
    let notified = told("orchestrated", "fails=none steps=6");
    assert_eq!(notified, ["create Done", "verify Done", "reserve Done", "charge Done", "ship Done", "notify Done"]);
    assert_eq!(told("save-point", ""), ["create Done", "reserve Done|", "charge Done", "ship Done"]);
    assert_eq!(
        told("save-point", "often=always"),
        ["create Undone", "reserve Undone|", "charge Undone", "ship Undone"]
    );
}

#[test]
fn every_opening_replays_without_a_violation_and_leaves_something_to_do() {
    for variant in entry().info().variants {
        let run = drive(variant.id, "", variant.opening);
        assert!(run.steps() >= 6, "{} opens before anything happens", variant.id);
        assert_eq!(violated(&*run), Vec::<&str>::new(), "{} opens behind the brink", variant.id);
        assert!(run.choices(run.steps()).iter().any(|choice| choice.disabled.is_none()), "{}", variant.id);
    }
}

/// A promise about the end is worth nothing where there is none.
#[test]
fn whatever_fails_it_comes_to_an_end() {
    for id in DURABLE {
        for fails in FAILS {
            for often in ["always", "once"] {
                for seed in 0..3 {
                    let run = play(drive(id, &format!("fails={fails} often={often} retries=1"), ""), seed);
                    assert_eq!(verdict(&*run, "settled"), VerdictState::Holds, "{id} {fails} {often} seed {seed}");
                    assert_eq!(violated(&*run), Vec::<&str>::new(), "{id} {fails} {often} seed {seed}");
                }
            }
        }
    }
}

#[test]
fn every_moment_replays_and_shows_what_it_says() {
    let shows: &[(&str, &[&str])] = &[
        ("Rolled back, and paid", &["whole"]),
        ("Half an order, for ever", &["whole"]),
        ("A refund that failed quietly", &["whole"]),
        ("Failed, and done all the same", &["whole"]),
        ("Paid back twice", &["compensated"]),
        ("Charged twice", &["charged"]),
        ("Charged behind its refund", &["whole"]),
        ("Paid, and given away", &["covered"]),
        ("Sold out, and on the shelf", &["dirty"]),
        ("Ask again later", &[]),
        ("Cancelled, and delivered", &["answer"]),
        ("Cancelled in time", &[]),
        ("Down on the way back", &[]),
        ("All at once", &["covered"]),
        ("Stuck, and it says so", &[]),
        ("No way back", &[]),
        ("Back from a save-point", &[]),
        ("Two branches", &[]),
        ("Nobody in the middle", &[]),
        ("Nobody knows who listens", &[]),
        ("Back to a save-point, and forward", &[]),
    ];
    let moments = support::about("saga").moments;
    for moment in &moments {
        let given: Vec<String> = moment.parameters.iter().map(|(id, value)| format!("{id}={value}")).collect();
        let run = drive(moment.variant, &given.join(" "), moment.choices);
        let expected = shows.iter().find(|(title, _)| *title == moment.title);
        let (_, violations) = expected.unwrap_or_else(|| panic!("{} is not told", moment.title));
        assert_eq!(violated(&*run), *violations, "{}", moment.title);
    }
    assert_eq!(moments.len(), shows.len());
}
