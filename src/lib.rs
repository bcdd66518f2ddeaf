//! Interleave: a lab for distributed concurrency control.
#[cfg(target_arch = "wasm32")]
pub mod app;
#[cfg(not(target_arch = "wasm32"))]
pub mod cli;
pub mod diagram;
pub mod engine;
pub mod scenarios;
