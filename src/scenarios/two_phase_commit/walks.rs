//! Random walks through every variant: what holds, what breaks, and by which budget.

use rand_core::RngCore;

use super::vocabulary::{Config, Rules};
use super::{TwoPhaseCommit, info};
use crate::engine::{Breach, Choice, Protocol, Spent, World, generator};

struct Walk {
    breach: Option<(&'static str, Breach)>,
    choices: Vec<String>,
}

fn protocol(variant: &str, given: &[(&str, &str)]) -> TwoPhaseCommit {
    let declared = info::INFO.variant(variant).expect("a variant of ours");
    let values = info::INFO.values(declared, given.iter().copied()).expect("values that fit");
    TwoPhaseCommit { config: Config::new(info::rules(variant), &values) }
}

/// Steps at random, deliveries and timers far more often than faults, so that walks get somewhere.
fn walk(protocol: &TwoPhaseCommit, budget: &Spent, seed: u64, length: u32) -> Walk {
    let mut random = generator(seed, 0);
    let mut world = World::start(protocol, None);
    let ids: Vec<String> = protocol.lanes().into_iter().map(|lane| lane.id).collect();
    let mut choices = Vec::new();
    for _ in 0..length {
        let enabled = world.enabled(protocol, budget);
        let plain: Vec<&Choice> =
            enabled.iter().filter(|choice| choice.crash_after.is_none() && is_ordinary(choice)).collect();
        let choice = if plain.is_empty() || random.next_u32().is_multiple_of(5) {
            let Some(choice) = pick(&enabled, random.next_u32()) else { break };
            *choice
        } else {
            **pick(&plain, random.next_u32()).expect("it is not empty")
        };
        choices.push(choice.name(&world.ground(protocol), &ids));
        world.apply(protocol, &choice, None).expect("it was enabled");
        for invariant in TwoPhaseCommit::invariants() {
            if let Err(breach) = (invariant.check)(protocol, &world) {
                return Walk { breach: Some((invariant.id, breach)), choices };
            }
        }
    }
    Walk { breach: None, choices }
}

fn is_ordinary(choice: &Choice) -> bool {
    use crate::engine::Act;
    matches!(choice.act, Act::Deliver { .. } | Act::Fire { .. } | Act::Step { .. })
}

fn pick<T>(from: &[T], draw: u32) -> Option<&T> {
    if from.is_empty() { None } else { from.get(draw as usize % from.len()) }
}

/// The first violation among so many walks.
fn hunt(protocol: &TwoPhaseCommit, budget: &Spent, walks: u64) -> Option<(u64, Walk)> {
    (0..walks).map(|seed| (seed, walk(protocol, budget, seed, 90))).find(|(_, walk)| walk.breach.is_some())
}

#[track_caller]
fn holds(variant: &str, given: &[(&str, &str)], budget: Spent) {
    let protocol = protocol(variant, given);
    if let Some((seed, walk)) = hunt(&protocol, &budget, 3_000) {
        panic!("{variant} {given:?} breaks with seed {seed}: {:?}\n{}", walk.breach, walk.choices.join(","));
    }
}

#[track_caller]
fn breaks(variant: &str, given: &[(&str, &str)], budget: Spent, invariant: &str) {
    let protocol = protocol(variant, given);
    let (seed, walk) = hunt(&protocol, &budget, 20_000).unwrap_or_else(|| panic!("{variant} {given:?} held"));
    let (broken, _) = walk.breach.expect("hunt finds breaches");
    assert_eq!(broken, invariant, "seed {seed}: {}", walk.choices.join(","));
}

const NOTHING: Spent = Spent { crash: 0, drop: 0, duplicate: 0, partition: 0, pause: 0, jump: 0, drift: 0 };
const ANYTHING: Spent = Spent { crash: 3, drop: 3, duplicate: 2, partition: 2, pause: 2, jump: 0, drift: 0 };

#[test]
fn correct_variants_hold_under_every_fault() {
    for variant in ["basic", "presumed-abort", "cooperative", "paxos-commit"] {
        for participants in ["1", "2", "3", "5"] {
            holds(variant, &[("participants", participants)], ANYTHING);
        }
        holds(variant, &[("no", "p2")], ANYTHING);
        holds(variant, &[("begin", "participant")], ANYTHING);
    }
    holds("paxos-commit", &[("f", "0")], ANYTHING);
    holds("paxos-commit", &[("f", "2"), ("participants", "2")], ANYTHING);
}

#[test]
fn giving_up_splits_without_any_fault() {
    breaks("gives-up", &[], NOTHING, "ac1");
}

#[test]
fn a_coordinator_without_a_log_splits_after_one_crash() {
    holds("no-log", &[], NOTHING);
    let crash = Spent { crash: 1, ..NOTHING };
    let protocol = protocol("no-log", &[]);
    assert!(hunt(&protocol, &crash, 20_000).is_some());
}

#[test]
fn three_phase_commit_survives_crashes_under_bounded_delays_and_splits_under_a_partition() {
    for participants in ["1", "2", "3", "4", "5"] {
        holds("three-phase", &[("participants", participants)], Spent { crash: 3, duplicate: 2, ..NOTHING });
    }
    holds("three-phase", &[("no", "p1")], Spent { crash: 3, ..NOTHING });
    breaks("three-phase", &[], Spent { partition: 1, ..NOTHING }, "ac1");
}

#[test]
fn three_phase_commit_splits_by_delay_alone_where_delays_are_free() {
    breaks("three-phase", &[("delay-bound", "0")], NOTHING, "ac1");
}

#[test]
fn unforced_logs_make_even_the_basic_variant_split() {
    breaks("basic", &[("log", "unforced")], Spent { crash: 1, ..NOTHING }, "ac1");
}

#[test]
fn the_rules_of_every_variant_are_its_own() {
    let all: Vec<Rules> = info::INFO.variants.iter().map(|variant| info::rules(variant.id)).collect();
    for (at, rules) in all.iter().enumerate() {
        assert!(!all[..at].contains(rules), "{rules:?} stands for two variants");
    }
}
