//! All words of the page, one file per language.

mod en;

pub use en::*;
