//! Search over choices: every schedule within a fault budget.
//!
//! Reading order: [`Model`] is what can be searched; [`Search`] explores it, and knows states by fingerprint only.
mod graph;
mod model;
mod search;
mod sleep;
mod store;
#[cfg(not(target_arch = "wasm32"))]
mod threads;
mod worlds;

pub use graph::Stuck;
pub use model::{Kind, Model, Step};
pub use search::{End, Figures, Found, Options, Order, Search, Until};
pub use store::STATES_MAX;
pub use worlds::Worlds;
