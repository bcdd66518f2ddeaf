//! Stands for `play` in a page without databases: nothing can be played, and what is wrong with a script is not known.

use crate::engine::Run;
use crate::scenarios::{Info, Values, Variant, catalogue};
use crate::servers::sql::error::SyntaxError;

/// Nobody asks for it: the page looks at [`crate::scenarios::Entry::is_here`] first. Whoever does all the same gets some run.
pub fn start(_info: &Info, _variant: &Variant, values: &Values) -> Box<dyn Run> {
    let other = catalogue()[0];
    let variant = &other.info().variants[0];
    let defaults = other.info().values(variant, []).unwrap_or_else(|_| values.clone());
    other.start(variant, &defaults, 0)
}

/// No script is at hand.
pub fn text(_info: &Info, _variant: &Variant, _values: &Values) -> Option<String> {
    None
}

/// Taken as it is.
pub fn check(_text: &str) -> Result<(), SyntaxError> {
    Ok(())
}
