//! Four gallons out of jugs of three and five: Lamport's `DieHard.tla`.

use interleave::engine::stable_hash;
use interleave::explore::{Model, Step};

/// The two jugs.
pub struct Jugs;

impl Model for Jugs {
    /// What is in the small one and in the big one.
    type State = (u8, u8);

    fn initial(&self) -> Vec<(u8, u8)> {
        vec![(0, 0)]
    }

    fn expand(&self, &(small, big): &(u8, u8), _: &[u64], visit: &mut dyn FnMut(Step, (u8, u8))) {
        let to_big = small.min(5 - big);
        let to_small = big.min(3 - small);
        let all = [
            (3, big),
            (small, 5),
            (0, big),
            (small, 0),
            (small - to_big, big + to_big),
            (small + to_small, big - to_small),
        ];
        for (ordinal, next) in (0..).zip(all) {
            visit(Step::event(ordinal), next);
        }
    }

    fn fingerprint(&self, state: &(u8, u8)) -> u64 {
        stable_hash(state)
    }

    fn is_wanted(&self, &(_, big): &(u8, u8)) -> bool {
        big == 4
    }
}
