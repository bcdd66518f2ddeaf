//! The scenario as its readers meet it: openings, moments, counts, blocking, crash points.

mod support;

use interleave::engine::{Run, VerdictState};
use interleave::scenarios::find;

fn start(variant: &str, given: &[(&str, &str)]) -> Box<dyn Run> {
    let entry = find("two-phase-commit").expect("it is in the catalogue");
    let variant = entry.info().variant(variant).expect("a variant of ours");
    let values = entry.info().values(variant, given.iter().copied()).expect("values that fit");
    entry.start(variant, &values, 0)
}

#[track_caller]
fn drive(variant: &str, given: &[(&str, &str)], choices: &str) -> Box<dyn Run> {
    let mut run = start(variant, given);
    for choice in choices.split(',').filter(|choice| !choice.is_empty()) {
        if let Err(error) = run.push(choice) {
            panic!("{variant}: {error}");
        }
    }
    run
}

/// Lets the seeded scheduler play until nothing is left to do.
fn play(mut run: Box<dyn Run>, seed: u64) -> Box<dyn Run> {
    for _ in 0..500 {
        let Some(choice) = run.scheduled(run.steps(), seed) else { return run };
        run.push(&choice).expect("what the scheduler offers can be taken");
    }
    panic!(
        "it never comes to rest: the last choices are {:?}",
        (490..500).map(|step| run.choice(step)).collect::<Vec<_>>()
    );
}

fn violated(run: &dyn Run) -> Vec<&'static str> {
    run.trace().violations.iter().map(|violation| violation.invariant).collect()
}

fn figure(run: &dyn Run, label: &str) -> (u32, String) {
    let figures = run.figures(run.steps());
    let found = figures.iter().find(|figure| figure.label == label).expect("a figure of this label");
    (found.value, found.published.clone())
}

#[test]
fn every_opening_replays_without_a_violation_and_leaves_something_to_do() {
    let info = find("two-phase-commit").expect("it is in the catalogue").info();
    for variant in info.variants {
        let run = drive(variant.id, &[], variant.opening);
        assert!(run.steps() >= 8, "{} opens before anything happens", variant.id);
        assert_eq!(violated(&*run), Vec::<&str>::new(), "{} opens behind the brink", variant.id);
        let open = run.choices(run.steps()).iter().filter(|choice| choice.disabled.is_none()).count();
        assert!(open > 0, "{} opens at an end", variant.id);
    }
}

#[test]
fn every_moment_replays_and_shows_what_it_says() {
    let moments = support::about("two-phase-commit").moments;
    let shows: &[(&str, &[&str])] = &[
        ("Split by impatience", &["ac1"]),
        ("The coordinator forgets", &["ac4", "ac1"]),
        ("Blocked", &[]),
        ("Saved by the log", &[]),
        ("3N\u{2212}1 messages, 4 delays", &[]),
        ("All in doubt", &[]),
        ("Three phases, two sides", &["ac1"]),
        ("Three phases, one crash", &[]),
        ("A new leader finds the votes", &[]),
    ];
    assert_eq!(moments.len(), shows.len());
    for (moment, (title, violations)) in moments.iter().zip(shows) {
        assert_eq!(moment.title, *title);
        let run = drive(moment.variant, &moment.parameters, moment.choices);
        assert_eq!(violated(&*run), *violations, "{title}");
    }
}

#[test]
fn the_failure_free_case_has_the_published_counts() {
    for (variant, participants, f, messages, delays) in [
        // Gray and Lamport 2006, section 5: 3N-1 and 4 delays; NF+F+3N-1 and 5 delays.
        ("basic", 1, 1, 2, 2),
        ("basic", 3, 1, 8, 4),
        ("basic", 5, 1, 14, 4),
        ("presumed-abort", 3, 1, 8, 4),
        ("cooperative", 4, 1, 11, 4),
        ("three-phase", 3, 1, 14, 6),
        ("paxos-commit", 3, 0, 8, 4),
        ("paxos-commit", 3, 1, 12, 5),
        ("paxos-commit", 5, 1, 20, 5),
        ("paxos-commit", 3, 2, 16, 5),
    ] {
        for seed in 0..20 {
            let (n, f) = (participants.to_string(), f.to_string());
            let given = [("begin", "participant"), ("participants", n.as_str()), ("f", f.as_str())];
            let run = play(start(variant, &given), seed);
            let (counted, published) = figure(&*run, "messages");
            assert_eq!(counted, messages, "{variant} N={n} F={f} seed {seed}, {published}");
            assert!(published.ends_with(&format!("= {messages}")), "{variant}: {published}");
            assert_eq!(figure(&*run, "message delays until all have decided").0, delays, "{variant} N={n} F={f}");
        }
    }
}

#[test]
fn a_client_adds_its_request_and_one_prepare() {
    for n in 1..=5_u32 {
        let run = play(start("basic", &[("participants", &n.to_string())]), 7);
        assert_eq!(figure(&*run, "messages").0, 3 * n + 1);
        assert_eq!(figure(&*run, "acknowledgements").0, n);
        assert_eq!(figure(&*run, "forced log writes").0, 2 * n + 2);
    }
}

#[test]
fn presumed_abort_writes_and_sends_less() {
    let commit = play(start("presumed-abort", &[]), 1);
    assert_eq!(figure(&*commit, "forced log writes").0, 7);
    let abort = play(start("presumed-abort", &[("no", "p2")]), 1);
    let basic = play(start("basic", &[("no", "p2")]), 1);
    assert_eq!(figure(&*abort, "acknowledgements").0, 0);
    assert_eq!(figure(&*basic, "acknowledgements").0, 2);
    assert!(figure(&*abort, "forced log writes").0 < figure(&*basic, "forced log writes").0);
}

#[test]
fn whoever_plays_it_out_without_faults_commits_or_by_a_no_aborts() {
    let info = find("two-phase-commit").expect("it is in the catalogue").info();
    for variant in info.variants {
        for (no, badge) in [("none", "committed"), ("p1", "aborted"), ("p2.p3", "aborted")] {
            for seed in 0..10 {
                let run = play(start(variant.id, &[("no", no)]), seed);
                assert_eq!(violated(&*run), Vec::<&str>::new());
                let nodes = run.nodes(run.steps());
                for node in &nodes[..5] {
                    assert_eq!(node.badge.as_ref().map(|badge| badge.text), Some(badge), "{} no={no}", variant.id);
                }
                let goals = run.verdicts(run.steps());
                assert!(goals.iter().all(|verdict| verdict.state == VerdictState::Holds), "{} {goals:?}", variant.id);
            }
        }
    }
}

#[test]
fn blocked_says_who_holds_what_and_what_frees_it() {
    let mut run = drive("basic", &[], "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p2-c,c!crash,p3-c");
    let blocked = run.nodes(run.steps())[2].blocked.clone().expect("p1 is blocked");
    assert_eq!(blocked.on, "the decision");
    assert_eq!(blocked.holds, ["row lock"]);
    assert_eq!(blocked.frees, "c restarts");
    run.push("c!restart").expect("it is down");
    assert_eq!(run.nodes(run.steps())[2].blocked, None);
    // Its log says that voting began and not how it ended: it aborts.
    let run = play(run, 3);
    assert_eq!(run.nodes(run.steps())[2].badge.as_ref().map(|badge| badge.text), Some("aborted"));
}

#[test]
fn asking_the_others_unblocks_where_one_of_them_knows() {
    let crashed_midway = "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p2-c,p3-c!crash2,c-p1+10";
    let basic = drive("basic", &[], crashed_midway);
    assert!(basic.nodes(basic.steps())[3].blocked.is_some());
    let cooperative = play(drive("cooperative", &[], crashed_midway), 5);
    for node in &cooperative.nodes(cooperative.steps())[2..5] {
        assert_eq!(node.badge.as_ref().map(|badge| badge.text), Some("committed"));
    }
}

#[test]
fn paxos_commit_does_not_block_on_one_crash_and_does_on_two() {
    let prepared = "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p1-a1,p2-c,p2-a1,p3-c,p3-a1,c!crash";
    let one = play(drive("paxos-commit", &[], prepared), 2);
    assert!(one.nodes(one.steps())[2..5].iter().all(|node| node.badge.as_ref().is_some_and(|b| b.text == "committed")));
    let two = drive("paxos-commit", &[], &format!("{prepared},a1!crash"));
    assert_eq!(
        two.nodes(two.steps())[2].blocked.as_ref().map(|blocked| blocked.frees.as_str()),
        Some("enough acceptors come back: c restarts, a1 restarts")
    );
}

#[test]
fn a_crash_can_fall_between_any_two_effects() {
    let run = drive("basic", &[], "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p2-c");
    let choices = run.choices(run.steps());
    let last_vote = choices.iter().find(|choice| choice.name == "p3-c").expect("the vote of p3 is in flight");
    let points: Vec<&str> = last_vote.crash_points.iter().map(|point| point.label.as_str()).collect();
    assert_eq!(
        points,
        [
            "after forcing \u{201c}commit\u{201d}, before sending commit to p1",
            "after sending commit to p1, before sending commit to p2",
            "after sending commit to p2, before sending commit to p3",
            "after sending commit to p3, before sending committed to cl",
        ]
    );
    let crashed = drive("basic", &[], "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p2-c,p3-c!crash1");
    assert_eq!(crashed.nodes(crashed.steps())[1].log, ["start", "commit"]);
    assert!(crashed.trace().messages.iter().all(|message| message.label != "commit"));
}

#[test]
fn a_disabled_choice_says_why() {
    let run = drive("basic", &[], "cl.begin,cl-c+10,c-p1+10");
    let choices = run.choices(run.steps());
    let late = choices.iter().find(|choice| choice.name == "p1:decision").expect("p1 waits for the decision");
    assert_eq!(late.disabled.as_deref(), Some("the vote timer of c fires first, at 210 ms"));
}

#[test]
fn the_violation_points_at_the_two_decisions() {
    let run = drive("gives-up", &[], support::about("two-phase-commit").moments[0].choices);
    let violation = &run.trace().violations[0];
    let guilty: Vec<&str> =
        violation.guilty.iter().map(|row| run.trace().events[*row as usize].sentence.as_str()).collect();
    assert_eq!(
        guilty,
        [
            "c forces \u{201c}commit\u{201d} to its log, because everyone voted yes.",
            "p2 forces \u{201c}abort\u{201d} to its log, because it has waited too long for the decision and gives up.",
        ]
    );
}
