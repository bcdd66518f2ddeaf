//! The search on two-phase commit with seven resource managers, natively and as a Wasm of its own, which the app's does not know.

#[path = "../../../tests/explore_models/models/two_phase.rs"]
pub mod two_phase;

use interleave::explore::{Figures, Options, Search, Until};
use two_phase::TwoPhase;

/// States, and generated ones, of two-phase commit with seven resource managers.
pub const COUNTS: (u32, u64) = (296_448, 2_744_706);

/// Explores everything, with no reduction, by one thread.
pub fn explore() -> Figures {
    let options = Options { until: Until::End, sleep: false, ..Options::default() };
    let mut search = Search::new(TwoPhase::<7>, options);
    while search.advance(u32::MAX).is_none() {}
    search.figures()
}

/// For the page: how many states were found. Zero where the counts are not what they must be.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn explore_all() -> u32 {
    let figures = explore();
    if (figures.states, figures.transitions + 1) == COUNTS { figures.states } else { 0 }
}
