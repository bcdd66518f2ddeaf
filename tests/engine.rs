//! Laws of the engine, over random choice lists in every variant of every scenario. A choice list is drawn as numbers, each of which picks one of the
//! choices that are enabled at that moment, so that it shrinks.

use interleave::engine::Run;
use interleave::scenarios::{Entry, Variant, catalogue};
use proptest::prelude::*;

fn start(entry: &dyn Entry, variant: &'static Variant) -> Box<dyn Run> {
    let values = entry.info().values(variant, []).expect("defaults fit");
    entry.start(variant, &values, 0)
}

/// Names of everything that can be taken now: faults, crash points and disturbed clocks included.
fn takeable(run: &dyn Run) -> Vec<String> {
    let mut names = Vec::new();
    for choice in run.choices(run.steps()) {
        if choice.disabled.is_none() {
            names.push(choice.name);
            names.extend(choice.crash_points.into_iter().map(|point| point.name));
        }
    }
    names
}

fn walk(entry: &dyn Entry, variant: &'static Variant, draws: &[u32]) -> Box<dyn Run> {
    let mut run = start(entry, variant);
    for draw in draws {
        let names = takeable(&*run);
        let Some(name) = names.get(*draw as usize % names.len().max(1)) else { break };
        run.push(name).unwrap_or_else(|error| panic!("offered, and refused: {error}"));
    }
    run
}

fn names(run: &dyn Run) -> Vec<String> {
    (1..=run.steps()).filter_map(|step| run.choice(step).map(str::to_owned)).collect()
}

fn hashes(run: &dyn Run) -> Vec<u64> {
    (0..=run.steps()).map(|step| run.hash(step)).collect()
}

/// (scenario, variant, draws) over the whole catalogue.
fn walks(length: usize) -> impl Strategy<Value = (&'static dyn Entry, &'static Variant, Vec<u32>)> {
    let all: Vec<(usize, usize)> = catalogue()
        .iter()
        .enumerate()
        .flat_map(|(at, entry)| (0..entry.info().variants.len()).map(move |variant| (at, variant)))
        .collect();
    (prop::sample::select(all), prop::collection::vec(any::<u32>(), 0..length)).prop_map(|((at, variant), draws)| {
        let entry = catalogue()[at];
        (entry, &entry.info().variants[variant], draws)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_choices_give_the_same_run((entry, variant, draws) in walks(70)) {
        let first = walk(entry, variant, &draws);
        let mut second = start(entry, variant);
        for name in names(&*first) {
            second.push(&name).expect("what was taken once can be taken again");
        }
        prop_assert_eq!(names(&*first), names(&*second));
        prop_assert_eq!(hashes(&*first), hashes(&*second));
        prop_assert_eq!(first.trace(), second.trace());
    }

    #[test]
    fn going_back_is_the_same_as_never_having_gone_on((entry, variant, draws) in walks(70)) {
        let whole = walk(entry, variant, &draws);
        let mut growing = start(entry, variant);
        for step in 0..=whole.steps() {
            if step > 0 {
                growing.push(whole.choice(step).expect("a step of the run")).expect("it was taken once");
            }
            prop_assert_eq!(whole.hash(step), growing.hash(step), "step {}", step);
            prop_assert_eq!(whole.nodes(step), growing.nodes(step));
            prop_assert_eq!(whole.verdicts(step), growing.verdicts(step));
            prop_assert_eq!(whole.figures(step), growing.figures(step));
            prop_assert_eq!(whole.now_ms(step), growing.now_ms(step));
        }
    }

    #[test]
    fn a_branch_leaves_its_origin_alone((entry, variant, draws) in walks(50), at in any::<u32>(), draw in any::<u32>()) {
        let origin = walk(entry, variant, &draws);
        let before = (names(&*origin), hashes(&*origin), origin.trace().clone());
        let step = at % (origin.steps() + 1);
        let mut branch = origin.fork(step);
        prop_assert_eq!(branch.steps(), step);
        prop_assert_eq!(branch.hash(step), origin.hash(step));
        let options = takeable(&*branch);
        if !options.is_empty() {
            branch.push(&options[draw as usize % options.len()]).expect("it was offered");
        }
        prop_assert_eq!(before, (names(&*origin), hashes(&*origin), origin.trace().clone()));
    }

    #[test]
    fn no_text_is_a_panic_and_a_refusal_changes_nothing(
        (entry, variant, draws) in walks(30),
        text in "[a-z0-9!.:+~-]{0,24}",
    ) {
        let mut run = walk(entry, variant, &draws);
        let (steps, hash) = (run.steps(), run.hash(run.steps()));
        if let Err(error) = run.push(&text) {
            prop_assert_eq!(run.steps(), steps);
            prop_assert_eq!(run.hash(steps), hash);
            prop_assert!(error.to_string().contains(text.as_str()), "{} does not name {}", error, text);
        }
    }

    #[test]
    fn a_disabled_choice_is_refused_with_the_reason_shown((entry, variant, draws) in walks(40)) {
        let run = walk(entry, variant, &draws);
        for choice in run.choices(run.steps()) {
            if let Some(reason) = choice.disabled {
                let error = run.fork(run.steps()).push(&choice.name).expect_err("it is disabled");
                prop_assert!(error.to_string().ends_with(&reason), "{} / {}", error, reason);
            }
        }
    }

    #[test]
    fn what_is_written_down_hangs_together((entry, variant, draws) in walks(70)) {
        let run = walk(entry, variant, &draws);
        let trace = run.trace();
        prop_assert_eq!(trace.steps(), run.steps());
        for pair in trace.events.windows(2) {
            prop_assert!(pair[0].time_ms <= pair[1].time_ms, "time runs back");
            prop_assert!(pair[0].step <= pair[1].step);
        }
        for (id, message) in trace.messages.iter().enumerate() {
            use interleave::engine::{EventKind, MessageEnd};
            let id = id as u32;
            let sent = &trace.events[message.sent_row as usize].kind;
            let begins = matches!(sent, EventKind::Sent { message } if *message == id)
                || matches!(sent, EventKind::Duplicated { copy, .. } if *copy == id);
            prop_assert!(begins, "message {} begins with {:?}", id, sent);
            match message.end {
                MessageEnd::InFlight => {}
                MessageEnd::Delivered { row } => {
                    let end = &trace.events[row as usize];
                    prop_assert!(row > message.sent_row);
                    prop_assert_eq!(&end.kind, &EventKind::Delivered { message: id });
                    // The receiver's vector clock covers the sending.
                    let sent = &trace.events[trace.messages[message.copy_of.unwrap_or(id) as usize].sent_row as usize];
                    if message.copy_of.is_none() {
                        prop_assert!(sent.clock.iter().zip(&end.clock).all(|(before, after)| before <= after));
                    }
                }
                MessageEnd::Lost { row, cause } => {
                    prop_assert!(row >= message.sent_row);
                    prop_assert_eq!(&trace.events[row as usize].kind, &EventKind::Lost { message: id, cause });
                }
            }
        }
        for span in &trace.spans {
            prop_assert!(span.to_row.is_none_or(|to| to >= span.from_row));
        }
    }
}
