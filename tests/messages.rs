//! Messages between services: queues, outboxes, event stores.
#![allow(clippy::unwrap_used)]

use interleave::engine::{ChoiceGroup, Exhibit, Run, VerdictState, generator};
use interleave::explore::{Answer, Exploration, Question, Shows, What, declared_budget};
use interleave::scenarios::services::{EVENT_SOURCING, MESSAGE_QUEUE, OUTBOX, Staged, check};
use interleave::scenarios::{Entry, Parameter, ParameterKind, Values, Variant};
use rand_core::RngCore;

const ALL: &[&Staged] = &[&MESSAGE_QUEUE, &OUTBOX, &EVENT_SOURCING];

fn variants() -> impl Iterator<Item = (&'static Staged, &'static Variant)> {
    ALL.iter().flat_map(|staged| staged.declared().variants.iter().map(move |variant| (*staged, variant)))
}

fn variant(staged: &'static Staged, id: &str) -> &'static Variant {
    staged.declared().variant(id).unwrap()
}

fn values(staged: &'static Staged, variant: &'static Variant, given: &[(&str, &str)]) -> Values {
    staged.declared().values(variant, given.iter().copied()).unwrap()
}

/// The values of a parameter at which something might go wrong.
fn extremes(parameter: &Parameter) -> Vec<String> {
    match parameter.kind {
        ParameterKind::Int { min, max, .. } => vec![min.to_string(), max.to_string()],
        ParameterKind::OneOf(options) => options.iter().map(|(id, _)| (*id).to_owned()).collect(),
        _ => Vec::new(),
    }
}

fn explore(
    staged: &'static Staged,
    variant: &'static Variant,
    given: &[(&str, &str)],
    budget: &[(&str, u32)],
) -> Answer {
    let run = staged.start(variant, &values(staged, variant, given), 0);
    let question = Question::new(What::Violation, declared_budget(budget));
    let mut exploration = Exploration::new(&*run, 0, question).unwrap();
    while exploration.advance_with(100_000, 1).is_none() {}
    exploration.answer()
}

fn broken(answer: &Answer) -> Vec<&'static str> {
    let rule = |shows: &Shows| if let Shows::Broken(rule) = shows { Some(*rule) } else { None };
    answer.findings.iter().filter_map(|finding| rule(&finding.shows)).collect()
}

#[test]
fn every_play_can_be_read_under_every_extreme_of_its_parameters() {
    for (staged, variant) in variants() {
        let mut all: Vec<Vec<(&str, String)>> = vec![Vec::new()];
        for parameter in staged.declared().parameters {
            let with = |given: &Vec<(&'static str, String)>| {
                let one = |value: String| [given.clone(), vec![(parameter.id, value)]].concat();
                extremes(parameter).into_iter().map(one).collect::<Vec<_>>()
            };
            all = all.iter().flat_map(with).collect();
        }
        for given in all {
            let pairs: Vec<(&str, &str)> = given.iter().map(|(id, value)| (*id, value.as_str())).collect();
            let text = staged.play(variant, &values(staged, variant, &pairs));
            assert_eq!(check(&text), Ok(()), "{} {given:?}", variant.id);
            assert!(!text.contains('<') || !text.contains(">:"), "a parameter of {} is not filled in", variant.id);
        }
    }
}

#[test]
fn broken_variants_break_soon_and_by_the_rule_that_they_are_about() {
    let expected = [
        ("before", "lost"),
        ("after", "effect"),
        ("poison", "served"),
        ("order-split", "order"),
        ("rebalance", "effect"),
        ("database-first", "published"),
        ("publish-first", "published"),
        ("relay", "effect"),
        ("last-number", "published"),
        ("blind", "version"),
        ("lost-event", "model"),
        ("twice", "model"),
        ("out-of-order", "model"),
        ("rebuild", "model"),
        ("snapshot", "conserved"),
        ("stale-read", "stale"),
    ];
    let mut seen = Vec::new();
    for (staged, variant) in variants().filter(|(_, variant)| variant.broken) {
        let answer = explore(staged, variant, &[], variant.budget);
        let (_, rule) = expected.iter().find(|(id, _)| *id == variant.id).unwrap();
        assert!(broken(&answer).contains(rule), "{}: {answer:?}", variant.id);
        assert!(answer.figures.states <= 5_000, "{}: {} states", variant.id, answer.figures.states);
        seen.push(variant.id);
    }
    assert_eq!(seen.len(), expected.len());
}

#[test]
fn fixed_variants_hold_in_all_that_their_budget_allows() {
    for (staged, variant) in variants().filter(|(_, variant)| !variant.broken) {
        let answer = explore(staged, variant, &[], variant.budget);
        assert_eq!(answer.end.unwrap().word(), "exhausted", "{}", variant.id);
        assert_eq!(broken(&answer), Vec::<&str>::new(), "{}", variant.id);
        assert!(answer.figures.states <= 50_000, "{}: {} states", variant.id, answer.figures.states);
    }
}

#[test]
fn a_log_in_the_place_of_the_queue_loses_and_repeats_alike() {
    let expected = [("before", "lost"), ("after", "effect"), ("poison", "served"), ("inbox", ""), ("dead-letters", "")];
    for (id, rule) in expected {
        let variant = variant(&MESSAGE_QUEUE, id);
        let answer = explore(&MESSAGE_QUEUE, variant, &[("broker", "log")], variant.budget);
        assert_eq!(broken(&answer).first().copied().unwrap_or_default(), rule, "{id}");
        assert_eq!(answer.end.unwrap().word(), if rule.is_empty() { "exhausted" } else { "found" }, "{id}");
    }
}

#[test]
fn fixed_variants_hold_for_as_many_as_there_may_be() {
    for (staged, variant) in variants().filter(|(_, variant)| !variant.broken) {
        let counts = ["messages", "attempts", "orders", "commands"];
        for parameter in staged.declared().parameters.iter().filter(|parameter| counts.contains(&parameter.id)) {
            for value in extremes(parameter) {
                let answer = explore(staged, variant, &[(parameter.id, &value)], &[("delay", 0)]);
                assert_eq!(broken(&answer), Vec::<&str>::new(), "{} {}={value}", variant.id, parameter.id);
                assert_eq!(answer.end.unwrap().word(), "exhausted", "{} {}={value}", variant.id, parameter.id);
            }
        }
    }
}

fn violated(run: &dyn Run) -> Vec<&'static str> {
    let verdicts = run.verdicts(run.steps()).into_iter();
    verdicts.filter(|one| matches!(one.state, VerdictState::Violated { .. })).map(|one| one.id).collect()
}

fn is_settled(run: &dyn Run) -> bool {
    run.verdicts(run.steps()).iter().any(|one| one.id == "settled" && one.state == VerdictState::Holds)
}

fn play(run: &mut dyn Run, choices: &str) {
    for choice in choices.split(',') {
        run.push(choice).unwrap_or_else(|error| panic!("{choice}: {error}"));
    }
}

#[test]
fn every_opening_can_be_played_and_nothing_is_broken_yet() {
    for (staged, variant) in variants() {
        let mut run = staged.start(variant, &values(staged, variant, &[]), 0);
        play(&mut *run, variant.opening);
        assert_eq!(violated(&*run), Vec::<&str>::new(), "{}", variant.id);
    }
}

/// Plays at random with one crash, and then lets everything come to an end.
fn wander(
    staged: &'static Staged,
    variant: &'static Variant,
    seed: u64,
    each: &mut dyn FnMut(&dyn Run),
) -> Box<dyn Run> {
    let mut run = staged.start(variant, &values(staged, variant, &[]), seed);
    let mut random = generator(seed, u64::MAX);
    let crash_at = random.next_u32() % 25;
    for step in 0..60 {
        let mut choices = run.choices(run.steps());
        choices.retain(|choice| choice.disabled.is_none());
        let is_crash = |name: &str| name.contains("!crash");
        let crashes: Vec<String> = choices
            .iter()
            .flat_map(|choice| {
                let own = is_crash(&choice.name).then(|| choice.name.clone());
                own.into_iter().chain(choice.crash_points.iter().map(|point| point.name.clone()))
            })
            .collect();
        let calm: Vec<String> = choices
            .iter()
            .filter(|choice| {
                matches!(choice.group, ChoiceGroup::Deliver | ChoiceGroup::Step | ChoiceGroup::Timer)
                    && !choice.name.contains('!')
                    || choice.name.ends_with("!restart")
            })
            .map(|choice| choice.name.clone())
            .collect();
        let from = if step == crash_at && !crashes.is_empty() { &crashes } else { &calm };
        let Some(choice) = from.get(random.next_u32() as usize % from.len().max(1)) else { break };
        run.push(choice).unwrap();
        each(&*run);
    }
    for _ in 0..400 {
        let restart = run.choices(run.steps()).into_iter().find(|choice| choice.name.ends_with("!restart"));
        let Some(choice) = restart.map(|choice| choice.name).or_else(|| run.scheduled(run.steps(), seed)) else {
            break;
        };
        run.push(&choice).unwrap();
        each(&*run);
    }
    run
}

#[test]
fn fixed_variants_come_to_rest_unbroken_in_random_runs_with_a_crash() {
    // What is pushed, a crash loses, and nobody asks for it again.
    for (staged, variant) in variants().filter(|(_, variant)| !variant.broken && variant.id != "in-order") {
        let mut at_rest = 0;
        for seed in 0..40 {
            let run = wander(staged, variant, seed, &mut |_| {});
            assert_eq!(violated(&*run), Vec::<&str>::new(), "{} {seed}", variant.id);
            at_rest += u32::from(is_settled(&*run));
        }
        assert!(at_rest >= 30, "{} came to rest in {at_rest} of 40 runs", variant.id);
    }
}

/// A table of numbers, as the page shows it.
fn numbers(run: &dyn Run, title: &str) -> Vec<Vec<i64>> {
    let is_it = |exhibit: Exhibit| match exhibit {
        Exhibit::Table(table) if table.title == title => Some(table.rows),
        _ => None,
    };
    let rows = run.exhibits(run.steps()).into_iter().find_map(is_it).unwrap();
    rows.iter().map(|row| row.iter().map(|cell| cell.text.parse().unwrap()).collect()).collect()
}

#[test]
fn a_read_model_with_a_position_is_at_every_moment_the_fold_of_the_log_up_to_it() {
    for id in ["position", "rebuild-position", "own-writes", "two-models"] {
        let mut furthest = 0;
        for seed in 0..25 {
            let run = wander(&EVENT_SOURCING, variant(&EVENT_SOURCING, id), seed, &mut |run| {
                let events = numbers(run, "bank: events");
                let model = &numbers(run, "view: model")[0];
                let fold: i64 = events.iter().filter(|event| event[0] <= model[0]).map(|event| event[1]).sum();
                assert_eq!(model[1], fold, "{id} {seed} at version {}", model[0]);
            });
            if is_settled(&*run) {
                let caught_up = numbers(&*run, "view: model")[0][0];
                assert_eq!(caught_up, numbers(&*run, "bank: events").len() as i64, "{id} {seed}");
                furthest = furthest.max(caught_up);
            }
        }
        assert_eq!(furthest, 2, "{id}: both deposits come to be seen");
    }
}

fn says(run: &dyn Run, part: &str) -> bool {
    run.trace().events.iter().any(|event| event.sentence.contains(part))
}

#[test]
fn who_was_thrown_out_of_its_group_is_refused_its_commit() {
    for id in ["rebalance", "rebalance-inbox"] {
        let mut run = MESSAGE_QUEUE.start(
            variant(&MESSAGE_QUEUE, id),
            &values(&MESSAGE_QUEUE, variant(&MESSAGE_QUEUE, id), &[]),
            0,
        );
        run.push("shop.order").unwrap();
        while let Some(choice) = run.scheduled(run.steps(), 1) {
            run.push(&choice).unwrap();
        }
        assert!(says(&*run, "What worker1 commits is refused: UNKNOWN_MEMBER_ID."), "{id}");
        assert_eq!(violated(&*run).is_empty(), id == "rebalance-inbox");
    }
}
