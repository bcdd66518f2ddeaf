//! The catalogue.
mod entry;

pub use entry::*;
