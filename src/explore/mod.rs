//! Search over choices: every schedule within a fault budget.
//!
//! Reading order: [`Model`] is what can be searched; [`Search`] explores it, and knows states by fingerprint only; [`Question`] is what a reader asks, and
//! [`Exploration`] puts it to a moment of a run; [`reads_as`] says the answer in words. What the answer hangs on is tried in [`explain`].
mod batch;
pub mod challenge;
pub mod explain;
mod exploration;
mod graph;
mod map;
pub mod message;
mod model;
mod question;
pub mod reads_as;
mod search;
mod shrink;
mod sleep;
mod store;
#[cfg(not(target_arch = "wasm32"))]
mod threads;
mod worlds;

pub use exploration::{Answer, Exploration, Finding, Shows};
pub use graph::Stuck;
pub use map::{Edge, MAP_MAX, Map, Mark, Place};
pub use model::{Kind, Model, Step};
pub use question::{
    FAULTS_MAX, QUESTION_TEXT_MAX, Question, QuestionError, STATES_ASKED_MAX, What, budget_text, declared_budget,
    parse_budget,
};
pub use search::{End, Figures, Found, Options, Order, Search, Until};
pub use shrink::{Shrunk, shrink};
pub use store::STATES_MAX;
pub use worlds::{Wanted, Worlds};
