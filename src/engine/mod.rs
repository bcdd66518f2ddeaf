//! Worlds, networks, clocks, faults, choices, history, replay. Knows no protocol.
mod run;
mod trace;
mod view;

pub use run::{ChoiceError, MAX_STEPS, Run};
pub use trace::*;
pub use view::*;
