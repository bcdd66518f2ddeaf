//! Reference models: plain values, written as their sources write them.

pub mod coffee_can;

pub mod graph;
pub mod increment;
pub mod jugs;
pub mod peterson;
pub mod philosophers;
pub mod processes;
pub mod readers_writers;
pub mod transaction_commit;
pub mod two_phase;
