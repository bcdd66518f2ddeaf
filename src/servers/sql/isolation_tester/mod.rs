//! PostgreSQL's isolation tester: its file format and its output (src/test/isolation/README in the server's sources).

mod print;
mod run;
mod spec;

pub use run::{MAX_PERMUTATIONS, RunError, interleavings, permutations, run};
pub use spec::{Blocker, Launch, Session, Spec, Sql, Step, parse};
