//! The scenarios of locks as their readers meet them: openings, moments, leases, what holds and what breaks.

mod support;

use interleave::engine::{Run, SpanKind, VerdictState};
use interleave::scenarios::{Moment, find};
use support::Temper;

const SCENARIOS: [&str; 12] = [
    "redis-lock",
    "redlock",
    "redis-failover",
    "zookeeper-lock",
    "etcd-lock",
    "consul-lock",
    "lock-table",
    "advisory-lock",
    "try-lock",
    "lock-granularity",
    "leader-election",
    "lock-comparison",
];

/// A named run.
fn moment(scenario: &str, title: &str) -> Moment {
    let moments = support::about(scenario).moments;
    moments.into_iter().find(|moment| moment.title == title).expect("a moment")
}

#[track_caller]
fn drive(scenario: &str, variant: &str, given: &[(&str, &str)], choices: &str) -> Box<dyn Run> {
    let entry = find(scenario).expect("it is in the catalogue");
    let declared = entry.info().variant(variant).expect("a variant of ours");
    let values = entry.info().values(declared, given.iter().copied()).expect("values that fit");
    let mut run = entry.start(declared, &values, 0);
    for choice in choices.split(',').filter(|choice| !choice.is_empty()) {
        if let Err(error) = run.push(choice) {
            panic!("{scenario} {variant}: {error}");
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
    panic!("it never comes to rest");
}

fn violated(run: &dyn Run) -> Vec<&'static str> {
    run.trace().violations.iter().map(|violation| violation.invariant).collect()
}

fn badges(run: &dyn Run) -> Vec<&'static str> {
    run.nodes(run.steps()).iter().map(|node| node.badge.as_ref().map_or("", |badge| badge.text)).collect()
}

fn said(run: &dyn Run, words: &str) -> bool {
    run.trace().events.iter().any(|event| event.sentence.contains(words))
}

#[test]
fn every_opening_replays_without_a_violation_and_leaves_something_to_do() {
    for scenario in SCENARIOS {
        let info = find(scenario).expect("it is in the catalogue").info();
        for variant in info.variants {
            let run = drive(scenario, variant.id, &[], variant.opening);
            assert!(run.steps() >= 6, "{} opens before anything happens", variant.id);
            assert_eq!(violated(&*run), Vec::<&str>::new(), "{} opens behind the brink", variant.id);
            assert!(run.choices(run.steps()).iter().any(|choice| choice.disabled.is_none()), "{}", variant.id);
        }
    }
}

#[test]
fn every_moment_replays_and_shows_what_it_says() {
    let shows: &[(&str, &str, &[&str])] = &[
        ("redis-lock", "A lock for ever", &["orphan"]),
        ("redis-lock", "Between two commands", &["orphan"]),
        ("redis-lock", "An exception on the way out", &["orphan"]),
        ("redis-lock", "The stolen lock", &["owner", "mutex"]),
        ("redis-lock", "The stolen lock, refused", &[]),
        ("redis-lock", "Kleppmann's pause", &["mutex", "past"]),
        ("redis-lock", "Work outlives the lease", &["mutex"]),
        ("redis-lock", "Redis's clock jumps", &["mutex"]),
        ("redis-lock", "Redis forgets", &["mutex"]),
        ("redis-lock", "The watchdog at work", &[]),
        ("redis-lock", "Fenced off", &[]),
        ("redlock", "A clock jumps", &["mutex"]),
        ("redlock", "A server forgets", &["mutex"]),
        ("redlock", "A delayed restart", &[]),
        ("redlock", "antirez's answer", &[]),
        ("redlock", "Kleppmann's pause", &["mutex", "past"]),
        ("redlock", "Stopping in time", &[]),
        ("redlock", "The lease extended", &[]),
        ("redlock", "Nobody has a majority", &[]),
        ("redlock", "Refused by the storage", &[]),
        ("zookeeper-lock", "The herd", &["herd"]),
        ("zookeeper-lock", "One is woken", &[]),
        ("zookeeper-lock", "A gap in the queue", &[]),
        ("zookeeper-lock", "Cut off, and it goes on", &["mutex"]),
        ("zookeeper-lock", "Cut off, and it stops", &[]),
        ("zookeeper-lock", "Paused past its session", &["mutex", "past"]),
        ("zookeeper-lock", "A write that lingers", &["past"]),
        ("zookeeper-lock", "Fenced by its place", &[]),
        ("etcd-lock", "The herd", &["herd"]),
        ("etcd-lock", "One is woken", &[]),
        ("etcd-lock", "Awake without a key", &["mutex"]),
        ("etcd-lock", "Awake without a key, and it looks", &[]),
        ("etcd-lock", "Done ignored", &["mutex"]),
        ("etcd-lock", "Done comes too late", &["mutex"]),
        ("etcd-lock", "Paused past its lease", &["mutex", "past"]),
        ("etcd-lock", "Fenced by its revision", &[]),
        ("etcd-lock", "Guarded by a transaction", &[]),
        ("consul-lock", "No delay where it is released", &[]),
        ("consul-lock", "The lock-delay", &[]),
        ("consul-lock", "A write that lingers", &["past"]),
        ("consul-lock", "Longer than the delay", &["mutex", "past"]),
        ("consul-lock", "Back within the delay", &[]),
        ("consul-lock", "Fenced by its LockIndex", &[]),
        ("lock-table", "A row for ever", &["orphan"]),
        ("lock-table", "Both have looked", &["mutex"]),
        ("lock-table", "The deleted lock", &["mutex", "owner"]),
        ("lock-table", "A clock that is ahead", &["mutex"]),
        ("lock-table", "Paused past its expiry", &["mutex", "past"]),
        ("lock-table", "Taken over in one statement", &[]),
        ("lock-table", "Fenced off", &[]),
        ("lock-table", "Guarded by a transaction", &[]),
        ("advisory-lock", "Leaked with the connection", &["orphan"]),
        ("advisory-lock", "Reset on its way back", &[]),
        ("advisory-lock", "Locked twice, unlocked once", &["orphan"]),
        ("advisory-lock", "Two in one session", &["mutex"]),
        ("advisory-lock", "A transaction keeps its connection", &[]),
        ("advisory-lock", "Gone after a silence", &[]),
        ("advisory-lock", "Cut off", &["mutex"]),
        ("advisory-lock", "Gone with its lock", &[]),
        ("redis-failover", "Promoted without the lock", &["mutex"]),
        ("redis-failover", "Promoted with the lock", &[]),
        ("redis-failover", "The same number twice", &["past"]),
        ("redis-failover", "The other one is promoted", &["mutex"]),
        ("redis-failover", "All have it", &[]),
        ("redis-failover", "A majority remembers", &[]),
        ("redis-failover", "Fenced by the storage", &[]),
        ("try-lock", "No, and in", &["mutex"]),
        ("try-lock", "No answer", &["patience"]),
        ("try-lock", "Four attempts", &["patience"]),
        ("try-lock", "In time", &[]),
        ("try-lock", "A yes that comes too late", &[]),
        ("try-lock", "Not at all", &[]),
        ("lock-granularity", "A seat that nobody has", &["apart"]),
        ("lock-granularity", "Each its own", &[]),
        ("lock-granularity", "The same seat", &[]),
        ("lock-granularity", "Each has one", &["circle"]),
        ("lock-granularity", "One has both", &[]),
        ("lock-granularity", "One gives up", &[]),
        ("leader-election", "The deposed leader writes", &["epoch"]),
        ("leader-election", "An answer that was true", &["epoch"]),
        ("leader-election", "An older epoch", &[]),
        ("leader-election", "Not its key any more", &[]),
        ("lock-comparison", "Passed on too late", &["mutex"]),
        ("lock-comparison", "Nobody to ask", &[]),
        ("lock-comparison", "Two of three remember", &[]),
        ("lock-comparison", "The holder crashes, in etcd", &[]),
        ("lock-comparison", "The holder crashes, in PostgreSQL", &[]),
    ];
    let told: usize = SCENARIOS.iter().map(|id| support::about(id).moments.len()).sum();
    assert_eq!(told, shows.len());
    for (scenario, title, violations) in shows {
        let moment = moment(scenario, title);
        let run = drive(scenario, moment.variant, &moment.parameters, moment.choices);
        assert_eq!(violated(&*run), *violations, "{title}");
    }
}

#[test]
fn whoever_plays_it_out_without_faults_gets_in_and_leaves_the_lock_free() {
    for scenario in SCENARIOS {
        let info = find(scenario).expect("it is in the catalogue").info();
        for variant in info.variants {
            for seed in 0..6 {
                let given: &[(&str, &str)] = match scenario {
                    // Redlock gives up after its attempts, so a second client may not get in while the first works.
                    "redlock" => &[("throws", "none"), ("clients", "1")],
                    // Two who wait are a herd.
                    "zookeeper-lock" | "etcd-lock" | "leader-election" => &[("clients", "2")],
                    "consul-lock" => &[("clients", "3")],
                    // Of itself a lock at session level comes apart behind such a pool, and one that is taken twice stays.
                    "advisory-lock" if matches!(variant.id, "locked-twice" | "statement-pool") => &[("clients", "1")],
                    // Two who look at the same time both find the lock to be had.
                    "lock-table" if variant.id == "look-then-take" => &[("clients", "1")],
                    // With one lock for all they wait for nothing, and in either order they may wait for one another.
                    "lock-granularity" if matches!(variant.id, "global" | "opposite") => &[("clients", "1")],
                    "lock-granularity" => &[("clients", "3")],
                    "redis-failover" | "try-lock" => &[("clients", "1")],
                    "lock-comparison" if variant.id == "redlock" => &[("clients", "1")],
                    "lock-comparison" => &[("clients", "3")],
                    _ => &[("throws", "none"), ("clients", "3")],
                };
                let run = play(drive(scenario, variant.id, given, ""), seed);
                // That it is left locked is what it is about.
                let is_left = variant.id == "locked-twice";
                let expected: &[&str] = if is_left { &["orphan"] } else { &[] };
                assert_eq!(violated(&*run), expected, "{scenario} {} seed {seed}", variant.id);
                if is_left {
                    continue;
                }
                let goals = run.verdicts(run.steps());
                let all = goals.iter().all(|verdict| verdict.state == VerdictState::Holds);
                assert!(all, "{scenario} {} seed {seed}: {goals:?}", variant.id);
            }
        }
    }
}

#[test]
fn after_its_holder_crashed_a_lease_is_free_in_time_and_a_lock_without_one_never() {
    for (variant, free_by) in [
        ("no-expiry", None),
        ("no-owner-check", Some(5_006)),
        ("owner-checked", Some(5_006)),
        ("watchdog", Some(30_006)),
        ("fenced", Some(5_006)),
    ] {
        let run = drive("redis-lock", variant, &[], "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,a!crash+100");
        // Nobody else asks: only the server's own expiry is left.
        let mut run = run;
        let fires = run.push("r:expire").is_ok();
        assert_eq!(fires, free_by.is_some(), "{variant}");
        let free = run.verdicts(run.steps()).into_iter().find(|verdict| verdict.id == "free").expect("a goal");
        match free_by {
            Some(by_ms) => {
                assert_eq!(free.state, VerdictState::Holds, "{variant}");
                assert!(run.now_ms(run.steps()) <= by_ms, "{variant}: {} ms", run.now_ms(run.steps()));
            }
            None => assert!(matches!(free.state, VerdictState::Blocked(_)), "{variant}: {:?}", free.state),
        }
    }
}

/// A run of ZooKeeper's with the events that it sent: who was told of the end of which place.
fn woken(title: &str) -> Vec<(u8, String)> {
    let moment = moment("zookeeper-lock", title);
    let run = drive("zookeeper-lock", moment.variant, &moment.parameters, moment.choices);
    let events = run.trace().messages.iter().filter(|message| message.label.ends_with("deleted"));
    events.map(|message| (message.to.0, message.label.clone())).collect()
}

#[test]
fn the_end_of_a_place_wakes_the_next_in_line_and_a_herd_only_where_all_watch_it() {
    let first = || "lock-0 deleted".to_owned();
    assert_eq!(woken("The herd"), [(1, first()), (2, first())]);
    assert_eq!(woken("One is woken"), [(1, first())]);
    assert_eq!(woken("A gap in the queue"), [(2, "lock-1 deleted".to_owned())]);
}

#[test]
fn a_session_ends_with_its_client_and_whoever_waits_gets_in_by_then() {
    let inside = "a.begin,a-z+5,z-a+5,a-z+5,z-a+5,a-z+5,z-a+5,a-s+5,s-a+5";
    let waits = "b.begin,b-z,z-b,b-z,z-b,b-z,z-b,b-z,z-b";
    let run = drive("zookeeper-lock", "recipe", &[], &format!("{inside},{waits},a!crash"));
    let blocked = run.nodes(run.steps())[1].blocked.clone().expect("b waits");
    assert_eq!((blocked.on.as_str(), blocked.by[0].0), ("lock-0", 0));
    // The server last heard of a at 25 ms, and of b later.
    let run = drive(
        "zookeeper-lock",
        "recipe",
        &[],
        &format!("{inside},{waits},a!crash,b:renew,b-z,z-b,b:renew,b-z,z-b,z:expire,z-b,b-z,z-b"),
    );
    assert_eq!(badges(&*run)[1], "inside");
    assert_eq!(run.now_ms(run.steps()), 6_025);
}

#[test]
fn after_its_holder_crashed_a_lease_of_etcd_ends_in_time_and_a_key_of_consul_after_twice_its_ttl_and_the_delay() {
    let free =
        |run: &dyn Run| run.verdicts(run.steps()).into_iter().find(|verdict| verdict.id == "free").expect("a goal");
    let etcd = "a.begin,a-e+5,e-a+5,a-e+5,e-a+5,a-s+5,s-a+5,a!crash";
    let run = drive("etcd-lock", "recipe", &[], etcd);
    assert!(matches!(free(&*run).state, VerdictState::Open(_)), "{:?}", free(&*run).state);
    let run = drive("etcd-lock", "recipe", &[], &format!("{etcd},e:expire"));
    assert_eq!((free(&*run).state, run.now_ms(run.steps())), (VerdictState::Holds, 6_005));

    let run = drive("consul-lock", "recipe", &[], "a.begin,a-k+5,k-a+5,a-k+5,k-a+5,a-s+5,s-a+5,a!crash,k:expire");
    assert_eq!(run.now_ms(run.steps()), 30_005);
    assert!(matches!(free(&*run).state, VerdictState::Open(why) if why.contains("15000 ms")), "the lock-delay lasts");
    // Nobody has the key, and nobody gets it before the lock-delay is over.
    let moment = moment("consul-lock", "The lock-delay");
    let given: Vec<(&str, &str)> = moment.parameters.clone();
    let run = drive("consul-lock", moment.variant, &given, moment.choices);
    assert_eq!(badges(&*run)[1], "inside");
    let entered_ms = run.now_ms(run.steps());
    assert!((45_005..=45_005 + 5_000 + 100).contains(&entered_ms), "{entered_ms} ms");
}

/// How a goal stands at the end of a run, and what time it is then.
fn freed(scenario: &str, variant: &str, choices: &str) -> (VerdictState, u64) {
    let run = drive(scenario, variant, &[], choices);
    let free = run.verdicts(run.steps()).into_iter().find(|verdict| verdict.id == "free").expect("a goal");
    (free.state, run.now_ms(run.steps()))
}

#[test]
fn after_its_holder_crashed_a_row_is_free_once_it_is_over_and_one_without_an_expiry_never() {
    let crashed = "a.begin,a-d+5,d-a+5,a!crash";
    for variant in ["no-owner-check", "paused", "owner-checked", "fenced", "guarded"] {
        assert!(matches!(freed("lock-table", variant, crashed).0, VerdictState::Open(_)), "{variant}");
        let after = freed("lock-table", variant, &format!("{crashed},d:expire"));
        assert_eq!(after, (VerdictState::Holds, 5_006), "{variant}");
    }
    assert!(matches!(freed("lock-table", "no-expiry", crashed).0, VerdictState::Blocked(_)));
    let mut run = drive("lock-table", "no-expiry", &[], crashed);
    assert!(run.push("d:expire").is_err(), "nothing is to come");
}

#[test]
fn an_advisory_lock_ends_with_its_connection_and_in_a_pool_never() {
    let inside = "a.begin,a-d+5,d-a+5,a-d+5,d-a+5,a-s+5,s-a+5";
    for variant in ["session", "pool-reset", "transaction"] {
        let after = freed("advisory-lock", variant, &format!("{inside},a!crash,d:expire"));
        assert_eq!(after, (VerdictState::Holds, 9_015), "{variant}: nine seconds after it was last heard of");
    }
    let leaked = freed("advisory-lock", "pool-leak", &format!("{inside},a:work,a-d"));
    assert!(matches!(leaked.0, VerdictState::Blocked(_)), "{leaked:?}");
    let run = drive("advisory-lock", "pool-leak", &[], &format!("{inside},b.begin,b-d,d-b,b-d,a:work,a-d"));
    let blocked = run.nodes(run.steps())[1].blocked.clone().expect("b waits");
    assert_eq!(blocked.frees, "nothing: its connection went back to the pool with it");
}

#[test]
fn after_a_failover_the_lease_still_ends() {
    let moment = moment("redis-failover", "Promoted with the lock");
    let (state, _) = freed("redis-failover", moment.variant, moment.choices);
    assert!(matches!(state, VerdictState::Open(_)), "{state:?}");
    let (state, now_ms) =
        freed("redis-failover", moment.variant, &format!("{},a!crash,b!crash,r2:expire", moment.choices));
    assert_eq!((state, now_ms), (VerdictState::Holds, 10_021), "ten seconds after r2 had heard of it");
}

#[test]
fn whoever_gives_up_gives_back_what_is_granted_to_it_too_late() {
    let moment = moment("try-lock", "A yes that comes too late");
    let run = drive("try-lock", moment.variant, &moment.parameters, moment.choices);
    assert_eq!(badges(&*run)[1], "gave up");
    let free = run.verdicts(run.steps()).into_iter().find(|verdict| verdict.id == "free").expect("a goal");
    assert_eq!(free.state, VerdictState::Holds);
}

#[test]
fn wait_for_all_lets_nobody_in_once_a_replica_is_missing() {
    let crashed = "r2!crash,a.begin,a-r1,r1-a,a-r1,r1-r3,r1-r3,r3-r1,r1:wait,r1-a";
    let run = drive("redis-failover", "wait-all", &[("clients", "1")], crashed);
    assert!(said(&*run, "too few replicas have its lock"));
    assert_eq!(badges(&*run)[0], "waiting");
}

#[test]
fn a_write_that_the_transaction_guards_is_refused_before_anybody_else_wrote() {
    let moment = moment("etcd-lock", "Guarded by a transaction");
    let run = drive("etcd-lock", moment.variant, &moment.parameters, moment.choices);
    assert!(said(&*run, "so that the transaction does nothing"));
    assert_eq!(badges(&*run)[0], "lost the lock");
}

#[test]
fn a_client_stops_once_it_has_heard_nothing_for_two_thirds_of_its_session() {
    let cut = "a.begin,a-z+5,z-a+5,a-z+5,z-a+5,a-z+5,z-a+5,a-s+5,s-a+5,a!cut,a:renew";
    let run = drive("zookeeper-lock", "recipe", &[("work", "9000")], &format!("{cut},a:deadline"));
    assert_eq!(badges(&*run)[0], "lost the lock");
    assert_eq!(run.now_ms(run.steps()), 4_000);
}

#[test]
fn a_waiting_client_says_on_what_and_by_whom() {
    let waits = "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,b.begin+500,b-r+5,r-b+5";
    let blocked = |run: &dyn Run| run.nodes(run.steps())[1].blocked.clone().expect("b waits");
    let run = drive("redis-lock", "owner-checked", &[], waits);
    assert_eq!((blocked(&*run).on.as_str(), blocked(&*run).by[0].0), ("the lock", 0));
    assert_eq!(blocked(&*run).frees, "a releases it, or it expires");
    let run = drive("redis-lock", "no-expiry", &[], &format!("{waits},a!crash"));
    assert_eq!(blocked(&*run).frees, "nothing: it has no expiry and nobody will release it");
}

#[test]
fn leases_and_critical_sections_are_bars_on_both_clocks() {
    let run = drive("redis-lock", "owner-checked", &[], "a.begin,a-r+5,r-a+5,a-s+5,s-a+5");
    let bars =
        |node: usize| -> Vec<SpanKind> { run.nodes(run.steps())[node].bars.iter().map(|bar| bar.kind).collect() };
    // The client counts from when it asked, the server from when it was asked.
    assert_eq!(bars(0), [SpanKind::Lease { until_ms: 5_000 }, SpanKind::CriticalSection]);
    assert_eq!(bars(2), [SpanKind::Lease { until_ms: 5_005 }]);
    let overlap = moment("redis-lock", "Kleppmann's pause");
    let run = drive("redis-lock", overlap.variant, &[], overlap.choices);
    let sections = run.trace().spans.iter().filter(|span| span.kind == SpanKind::CriticalSection);
    let rows: Vec<(u32, u32)> = sections.map(|span| (span.from_row, span.to_row.unwrap_or(u32::MAX))).collect();
    assert!(rows.len() == 2 && rows[1].0 < rows[0].1, "two critical sections overlap: {rows:?}");
}

#[test]
fn a_pause_between_the_two_readings_is_noticed_by_the_validity_check() {
    let moment = moment("redlock", "antirez's answer");
    let run = drive("redlock", moment.variant, &[], moment.choices);
    assert!(said(&*run, "nothing is left"), "{:?}", badges(&*run));
    assert_eq!(badges(&*run)[..2], ["gave up", "inside"]);
}

#[test]
fn fencing_refuses_the_old_token_and_promises_no_mutual_exclusion() {
    for (scenario, title) in [
        ("redis-lock", "Fenced off"),
        ("redlock", "Refused by the storage"),
        ("zookeeper-lock", "Fenced by its place"),
        ("etcd-lock", "Fenced by its revision"),
        ("consul-lock", "Fenced by its LockIndex"),
        ("lock-table", "Fenced off"),
        ("redis-failover", "Fenced by the storage"),
        ("leader-election", "An older epoch"),
    ] {
        let moment = moment(scenario, title);
        let run = drive(scenario, moment.variant, &[], moment.choices);
        assert!(said(&*run, "sends refused to a, because it has seen a newer token"));
        assert_eq!(badges(&*run)[0], "lost the lock");
        assert!(run.verdicts(0).iter().all(|verdict| verdict.id != "mutex"));
    }
}

#[test]
fn fsync_every_second_loses_what_was_answered_within_it() {
    let choices = "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,r!crash+100,r!restart,b.begin,b-r+5,r-b+5";
    for (persistence, inside) in [("always", "waiting"), ("everysec", "inside"), ("off", "inside")] {
        let run = drive("redis-lock", "owner-checked", &[("persistence", persistence)], choices);
        assert_eq!(badges(&*run)[1], inside, "{persistence}");
    }
    let later = "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,r:fsync,r!crash,r!restart,b.begin,b-r+5,r-b+5";
    let run = drive("redis-lock", "owner-checked", &[("persistence", "everysec")], later);
    assert_eq!(badges(&*run)[1], "waiting", "what was forced survives");
}

#[test]
fn a_client_draws_its_delay_before_it_tries_again() {
    let refused = "a.begin,a-r1+5,r1-a+5,a-r2+5,r2-a+5,b.begin,b-r1+5,r1-b+5,b-r2+5,r2-b+5,b-r3+5,r3-b+5";
    let run = drive("redlock", "redlock", &[("tries", "2")], refused);
    let steps: Vec<String> =
        run.choices(run.steps()).into_iter().filter(|choice| choice.verb == "step").map(|choice| choice.name).collect();
    assert_eq!(steps, ["b.wait-1", "b.wait-2"]);
}

#[test]
fn fencing_holds_whatever_the_adversary_does() {
    let temper = Temper { steps: 120, calm: 60, parameters: false };
    for scenario in SCENARIOS
        .into_iter()
        .filter(|scenario| !matches!(*scenario, "try-lock" | "lock-granularity" | "lock-comparison"))
    {
        let entry = find(scenario).expect("ours");
        let fenced = match scenario {
            "consul-lock" => "sequencer",
            "advisory-lock" => "guarded",
            "leader-election" => "epoch",
            _ => "fenced",
        };
        let variant = entry.info().variant(fenced).expect("a variant");
        for seed in 0..1_500 {
            let (link, run) = support::play(entry, variant, seed, temper);
            assert_eq!(violated(&*run), Vec::<&str>::new(), "{link}");
        }
    }
}

/// The figures at the end of a run: messages, longest wait, time in which somebody waited and nobody was inside, most inside at once.
fn cost(run: &dyn Run) -> Vec<u32> {
    run.figures(run.steps()).iter().map(|figure| figure.value).collect()
}

#[test]
fn one_lock_for_each_seat_lets_both_work_at_once_and_nobody_waits() {
    let played = |variant: &str| play(drive("lock-granularity", variant, &[], ""), 1);
    let (global, per_seat) = (cost(&*played("global")), cost(&*played("per-seat")));
    assert_eq!((global[3], per_seat[3]), (1, 2), "inside at once");
    // Work is two seconds, and the retry delay one.
    assert!((2_000..4_000).contains(&global[1]) && per_seat[1] < 200, "{global:?} {per_seat:?}");
    assert!(global[0] > per_seat[0], "whoever waits asks again: {global:?} {per_seat:?}");
}

#[test]
fn a_circle_of_waiting_clients_says_who_holds_what_and_lasts_until_a_lease_is_over() {
    let moment = moment("lock-granularity", "Each has one");
    let run = drive("lock-granularity", moment.variant, &[("ttl", "3000"), ("retry", "2000")], moment.choices);
    let blocked: Vec<_> = run.nodes(run.steps())[..2].iter().map(|node| node.blocked.clone().expect("both")).collect();
    assert_eq!([blocked[0].on.as_str(), blocked[1].on.as_str()], ["seat-2", "seat-1"]);
    assert_eq!([blocked[0].by[0].0, blocked[1].by[0].0], [1, 0]);
    assert_eq!([blocked[0].holds.as_slice(), blocked[1].holds.as_slice()], [["seat-1"], ["seat-2"]]);
    let run = play(run, 1);
    assert!(said(&*run, "The retry timer of a fires.") && run.now_ms(run.steps()) > 3_000);
    let goals = run.verdicts(run.steps()).into_iter().filter(|verdict| matches!(verdict.id, "free" | "served"));
    assert!(goals.map(|goal| goal.state).all(|state| state == VerdictState::Holds));
}

#[test]
fn after_its_holder_crashed_a_lock_that_is_tried_for_is_free_once_its_lease_is_over_and_nobody_waits_past_a_limit() {
    // Asked for at 5 ms, for thirty seconds; a Redis deletes a key in the ms behind its expiry.
    let crashed = "a.begin,a-r+5,r-a+5,a!crash";
    for variant in ["ignored", "for-ever", "counted", "limited", "once"] {
        assert!(matches!(freed("try-lock", variant, crashed).0, VerdictState::Open(_)), "{variant}");
        let after = freed("try-lock", variant, &format!("{crashed},r:expire"));
        assert_eq!(after, (VerdictState::Holds, 30_006), "{variant}");
    }
    // Who waits meanwhile has an answer within five seconds where that is promised and kept; where not, it waits for the lease.
    let waits = |variant: &str| {
        let run = play(drive("try-lock", variant, &[], &format!("{crashed},b.begin")), 1);
        let ended = run.trace().events.iter().find(|event| {
            let badge = event.badge.as_ref().map_or("", |badge| badge.text);
            event.node.0 == 1 && matches!(badge, "inside" | "gave up")
        });
        let ended = ended.expect("it gets in, or gives up");
        (ended.badge.as_ref().map_or("", |badge| badge.text), ended.time_ms - 10)
    };
    let (badge, limited_ms) = waits("limited");
    assert_eq!((badge, limited_ms), ("gave up", 5_000));
    assert!(matches!(waits("once"), ("gave up", ms) if ms < 200), "{:?}", waits("once"));
    assert!(matches!(waits("ignored"), ("inside", ms) if ms < 200), "{:?}", waits("ignored"));
    assert!(matches!(waits("counted"), ("gave up", 5_001..=8_000)), "{:?}", waits("counted"));
    assert!(matches!(waits("for-ever"), ("inside", 29_996..=32_500)), "{:?}", waits("for-ever"));
}

#[test]
fn after_its_leader_crashed_an_office_falls_vacant_with_its_lease_and_the_next_one_leads() {
    let elected = "a.begin,a-e+5,e-a+5,a-e+5,e-a+5";
    let waits = "b.begin,b-e,e-b,b-e,e-b,b-e,e-b,b-e";
    for (variant, reads) in [
        ("lease-only", "a-s+5,s-a+5"),
        ("asks-first", "a-s+5,s-a+5"),
        ("epoch", "a-s+5,s-a+5"),
        ("guarded", "a-e+5,e-a+5"),
    ] {
        let crashed = format!("{elected},{reads},a!crash");
        assert!(matches!(freed("leader-election", variant, &crashed).0, VerdictState::Open(_)), "{variant}");
        let after = freed("leader-election", variant, &format!("{crashed},e:expire"));
        assert_eq!(after, (VerdictState::Holds, 6_005), "{variant}: six seconds after its lease was granted");
        // The same with one who stands for election: it leads within the lease and a few messages.
        let run = play(drive("leader-election", variant, &[], &format!("{elected},{reads},{waits},a!crash")), 1);
        let leads = run
            .trace()
            .events
            .iter()
            .find(|event| event.node.0 == 1 && event.badge.as_ref().is_some_and(|badge| badge.text == "inside"));
        let since_ms = leads.unwrap_or_else(|| panic!("{variant}: nobody follows")).time_ms;
        assert!((6_005..=6_305).contains(&since_ms), "{variant}: {since_ms} ms");
    }
}

#[test]
fn after_its_holder_crashed_the_lock_of_a_seat_is_free_once_its_lease_is_over() {
    let crashed = "a.begin,a-r+5,r-a+5,a!crash";
    for variant in ["global", "opposite", "per-seat", "ordered", "limited"] {
        assert!(matches!(freed("lock-granularity", variant, crashed).0, VerdictState::Open(_)), "{variant}");
        let after = freed("lock-granularity", variant, &format!("{crashed},r:expire"));
        assert_eq!(after, (VerdictState::Holds, 30_006), "{variant}");
    }
}
