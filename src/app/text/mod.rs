//! All words of the page, by language.

mod en;
mod en_search;

pub use en::*;
pub use en_search::*;
