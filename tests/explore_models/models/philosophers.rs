//! Dijkstra's dining philosophers (EWD310, 1971), who all take the left fork first.

use interleave::engine::stable_hash;
use interleave::explore::{Model, Step};

/// So many philosophers; the left fork of each has its number.
pub struct Philosophers(pub usize);

/// Someone eats, as a goal.
pub const EATS: u8 = 0;

/// What a philosopher holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Holds {
    Nothing,
    Left,
    Both,
}

impl Model for Philosophers {
    type State = Vec<Holds>;

    fn initial(&self) -> Vec<Self::State> {
        vec![vec![Holds::Nothing; self.0]]
    }

    fn expand(&self, state: &Self::State, _: &[u64], visit: &mut dyn FnMut(Step, Self::State)) {
        for (at, holds) in state.iter().enumerate() {
            let right = state[(at + 1) % self.0];
            let left = state[(at + self.0 - 1) % self.0];
            let next = match holds {
                Holds::Nothing if left != Holds::Both => Holds::Left,
                Holds::Left if right == Holds::Nothing => Holds::Both,
                Holds::Both => Holds::Nothing,
                _ => continue,
            };
            let mut after = state.clone();
            after[at] = next;
            visit(Step::event(at as u16), after);
        }
    }

    fn fingerprint(&self, state: &Self::State) -> u64 {
        stable_hash(state)
    }

    fn reached(&self, state: &Self::State) -> u32 {
        u32::from(state.contains(&Holds::Both)) << EATS
    }
}
