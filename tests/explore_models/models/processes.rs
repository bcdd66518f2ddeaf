//! Processes that were drawn at random, as a model: each has a place of its own, and all share one number. Steps that touch nothing but the
//! place of one process commute with those of others, truly.

use interleave::engine::stable_hash;
use interleave::explore::{Model, Step};
use proptest::collection::vec;
use proptest::prelude::*;

/// Places that a process can be at.
const PLACES: u8 = 4;
/// Values of the shared number.
const VALUES: u8 = 3;

/// What a process may do: go from one place to another, if the shared number lets it, and change it.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    from: u8,
    to: u8,
    /// (what the shared number must be, what it becomes); `None` for a step that does not touch it.
    shared: Option<(u8, u8)>,
}

/// Processes, each with its rules.
#[derive(Clone, Debug)]
pub struct Processes {
    pub rules: Vec<Vec<Rule>>,
    /// What is broken: a value of the shared number, and how many processes are at the last place.
    broken: (u8, usize),
    /// In which state which process comes first differs: the order of steps is up to the model.
    turns: bool,
    /// Whether it leaves out what sleeps, or leaves that to the search.
    skips: bool,
}

/// Where the processes are, and the shared number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct State {
    places: Vec<u8>,
    shared: u8,
}

fn rule() -> impl Strategy<Value = Rule> {
    let shared = prop_oneof![3 => Just(None), 2 => (0..VALUES, 0..VALUES).prop_map(Some)];
    (0..PLACES, 0..PLACES, shared).prop_map(|(from, to, shared)| Rule { from, to, shared })
}

/// Two to four processes.
pub fn processes() -> impl Strategy<Value = Processes> {
    (vec(vec(rule(), 1..6), 2..5), (0..VALUES, 1_usize..4), any::<bool>(), any::<bool>())
        .prop_map(|(rules, broken, turns, skips)| Processes { rules, broken, turns, skips })
}

/// Two to four processes with the same rules.
pub fn alike() -> impl Strategy<Value = Processes> {
    (vec(rule(), 1..7), 2_usize..5, (0..VALUES, 1_usize..4), any::<bool>()).prop_map(|(rules, size, broken, skips)| {
        // Which comes first must not depend on which is which.
        Processes { rules: vec![rules; size], broken, turns: false, skips }
    })
}

impl Model for Processes {
    type State = State;

    fn initial(&self) -> Vec<State> {
        vec![State { places: vec![0; self.rules.len()], shared: 0 }]
    }

    fn expand(&self, state: &State, asleep: &[u64], visit: &mut dyn FnMut(Step, State)) {
        let size = self.rules.len();
        let first = if self.turns { stable_hash(state) as usize % size } else { 0 };
        let mut ordinal = 0;
        for process in (0..size).map(|at| (first + at) % size) {
            for (at, rule) in self.rules[process].iter().enumerate() {
                let is_open = rule.shared.is_none_or(|(must_be, _)| must_be == state.shared);
                if rule.from != state.places[process] || !is_open {
                    continue;
                }
                let step = Step {
                    id: (process * 100 + at) as u64,
                    alone: rule.shared.is_none().then_some(process as u8),
                    ..Step::event(ordinal)
                };
                ordinal += 1;
                if self.skips && asleep.contains(&step.id) {
                    continue;
                }
                let mut next = state.clone();
                next.places[process] = rule.to;
                next.shared = rule.shared.map_or(state.shared, |(_, becomes)| becomes);
                visit(step, next);
            }
        }
    }

    fn fingerprint(&self, state: &State) -> u64 {
        stable_hash(state)
    }

    fn orbit(&self, state: &State) -> u64 {
        let mut sorted = state.clone();
        sorted.places.sort_unstable();
        stable_hash(&sorted)
    }

    fn broken(&self, state: &State) -> u32 {
        let last = state.places.iter().filter(|place| **place == PLACES - 1).count();
        u32::from(state.shared == self.broken.0 && last == self.broken.1)
    }
}
