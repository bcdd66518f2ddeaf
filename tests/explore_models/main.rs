//! The search, held to models whose counts are published or follow from a formula, and to plain searches of random models.

mod counts;
mod models;
mod random;
mod reductions;

use std::collections::BTreeSet;

use interleave::explore::{Figures, Model, Options, Search, Until};

/// A search that has come to its end.
fn explored<M: Model>(model: M, options: Options) -> Search<M> {
    let mut search = Search::new(model, options);
    while search.advance(100).is_none() {}
    search
}

/// Everything, whatever is broken.
fn everything() -> Options {
    Options { until: Until::End, sleep: false, ..Options::default() }
}

/// Follows a way, and gives the state that it leads to.
fn follow<M: Model>(model: &M, (start, ordinals): &(u32, Vec<u16>)) -> M::State {
    let mut at = distinct_initial(model).swap_remove(*start as usize);
    for ordinal in ordinals {
        let mut next = None;
        model.expand(&at, &[], &mut |step, state| {
            if step.ordinal == *ordinal {
                next = Some(state);
            }
        });
        at = next.expect("the step is there");
    }
    at
}

/// The states in which a model begins, each once.
fn distinct_initial<M: Model>(model: &M) -> Vec<M::State> {
    let mut known = BTreeSet::new();
    model.initial().into_iter().filter(|state| known.insert(model.fingerprint(state))).collect()
}

/// What TLC calls distinct states, generated states and depth; its depth counts states, not steps.
fn as_tlc<M: Model>(search: &Search<M>) -> (u32, u64, u16) {
    let Figures { states, transitions, depth, .. } = search.figures();
    (states, transitions + search.model().initial().len() as u64, depth + 1)
}
