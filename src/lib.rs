//! Interleave: a lab for distributed concurrency control.
pub mod engine;
pub mod scenarios;
