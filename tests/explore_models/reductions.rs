//! What the reductions rest on: that steps which are said to be independent are, and that permuted states are one orbit.

use std::collections::BTreeSet;

use interleave::explore::{End, Model, Options, Step};

use crate::models::two_phase::TwoPhase;
use crate::{everything, explored, follow};

/// All steps of a state with where they lead.
fn steps<M: Model>(model: &M, state: &M::State) -> Vec<(Step, M::State)> {
    let mut all = Vec::new();
    model.expand(state, &[], &mut |step, next| all.push((step, next)));
    all
}

/// Holds every pair of independent steps of every state to this: each can be taken after the other, and both ways end in the same state.
fn expect_independent_steps_commute<M: Model>(model: M) {
    let search = explored(model, everything());
    let model = search.model();
    let mut pairs = 0;
    for place in 0..search.figures().states {
        let all = steps(model, &follow(model, &search.path(place)));
        for (one, after_one) in &all {
            for (other, after_other) in all.iter().filter(|(other, _)| one.is_independent_of(other)) {
                let then = |state, step: &Step| {
                    let found = steps(model, state).into_iter().find(|(next, _)| next.id == step.id);
                    found.map(|(_, state)| model.fingerprint(&state))
                };
                let there = then(after_one, other);
                assert!(there.is_some() && there == then(after_other, one), "{one:?} and {other:?} at {place}");
                pairs += 1;
            }
        }
    }
    assert!(pairs > 0, "something is independent");
}

#[test]
fn what_two_phase_commit_calls_independent_commutes() {
    expect_independent_steps_commute(TwoPhase::<2>);
    expect_independent_steps_commute(TwoPhase::<3>);
}

#[test]
fn sleep_sets_spare_steps_of_two_phase_commit_and_no_state() {
    let full = explored(TwoPhase::<5>, everything());
    let less = explored(TwoPhase::<5>, Options { sleep: true, ..everything() });
    assert_eq!((less.end(), less.figures().states), (Some(End::Exhausted), full.figures().states));
    assert_eq!(less.figures().depth, full.figures().depth);
    assert!(less.figures().transitions * 2 < full.figures().transitions, "at least half of the steps are spared");
}

/// Against all permutations, tried one by one: as many orbits as classes of states that some permutation takes into each other.
#[test]
fn the_canonical_form_is_that_of_the_whole_orbit() {
    let search = explored(TwoPhase::<3>, everything());
    let states: Vec<_> = (0..search.figures().states).map(|at| follow(&TwoPhase::<3>, &search.path(at))).collect();
    let permutations = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let mut least = BTreeSet::new();
    for state in &states {
        let orbit: BTreeSet<_> = permutations.iter().map(|order| state.permuted(order)).collect();
        assert!(orbit.iter().all(|other| other.canonical() == state.canonical()));
        least.extend(orbit.first().copied());
    }
    assert_eq!(least.len(), 80);
    assert_eq!(states.iter().map(|state| state.canonical()).collect::<BTreeSet<_>>().len(), 80);
}
