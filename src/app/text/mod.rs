//! All words of the page, by language.

mod en;
mod en_search;
mod en_sql;

pub use en::*;
pub use en_search::*;
pub use en_sql::*;
