//! The object-safe face of a run: what the page, the command line and the tests hold, whatever the scenario.

use thiserror::Error;

use super::exhibit::Exhibit;
use super::space::{Bounds, Space};
use super::stakes::Heed;
use super::trace::Trace;
use super::view::{ChoiceView, Figure, NodeView, Verdict};

/// Most choices that one run may hold.
pub const MAX_STEPS: u32 = 20_000;

/// A run: a scenario's world from its start, and every choice taken since. Reading is by *step*: 0 is the start, [`Run::steps`] the end.
pub trait Run {
    /// How many choices were taken.
    fn steps(&self) -> u32;

    /// The choice that led from `step - 1` to `step`, by its name in a run string; `step` is from 1 to [`Run::steps`].
    fn choice(&self, step: u32) -> Option<&str>;

    /// Everything that happened.
    fn trace(&self) -> &Trace;

    /// True virtual time at a step, in ms.
    fn now_ms(&self, step: u32) -> u64;

    /// What may happen next at a step, and what may not with the reason, grouped and in a fixed order.
    fn choices(&self, step: u32) -> Vec<ChoiceView>;

    /// The lifelines as they stand at a step, in lane order.
    fn nodes(&self, step: u32) -> Vec<NodeView>;

    /// Invariants and goals as they stand at a step.
    fn verdicts(&self, step: u32) -> Vec<Verdict>;

    /// Figures about the run up to a step: messages, forced writes, delays.
    fn figures(&self, step: u32) -> Vec<Figure>;

    /// What the world at a step looks like beside the lifelines: tables, graphs.
    fn exhibits(&self, step: u32) -> Vec<Exhibit>;

    /// Faults spent up to a step, by their verb, those not spent left out.
    fn spent(&self, step: u32) -> Vec<(&'static str, u32)>;

    /// Hash of the world at a step: the same natively and in Wasm.
    fn hash(&self, step: u32) -> u64;

    /// Takes a choice at the end of the run.
    ///
    /// # Errors
    /// Where the choice cannot be read or cannot be applied now; the run is then unchanged.
    fn push(&mut self, choice: &str) -> Result<(), ChoiceError>;

    /// A new run that shares the first `step` choices.
    fn fork(&self, step: u32) -> Box<dyn Run>;

    /// The worlds that can follow a step within these bounds, for a search that looks at so much.
    fn space(&self, step: u32, bounds: Bounds, heed: Heed) -> Box<dyn Space>;

    /// What the seeded scheduler would do next at a step: latencies are drawn from the seed; no faults. `None` where nothing is left to do.
    fn scheduled(&self, step: u32, seed: u64) -> Option<String>;
}

/// A choice that cannot be taken.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ChoiceError {
    /// It is not written as a choice.
    #[error("`{choice}` is not a choice: {why}")]
    Syntax {
        /// The text at fault.
        choice: String,
        /// What is wrong with it.
        why: String,
    },
    /// It is a choice, but cannot be taken now.
    #[error("`{choice}` cannot happen now: {why}")]
    NotEnabled {
        /// The choice.
        choice: String,
        /// The reason, as shown on a disabled choice.
        why: String,
    },
    /// The run is as long as a run may be.
    #[error("a run may hold at most {MAX_STEPS} choices")]
    TooLong,
}
