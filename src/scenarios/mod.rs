//! The catalogue: one scenario, one room. A new scenario is its file (or folder) plus one line in [`CATALOGUE`]; nothing else names it.
mod entry;
pub mod two_phase_commit;

pub use entry::*;

/// Every scenario, in the order of the home page.
static CATALOGUE: &[&dyn Entry] = &[&two_phase_commit::Scenario];

/// Every scenario, in the order of the home page.
pub fn catalogue() -> &'static [&'static dyn Entry] {
    CATALOGUE
}

/// Finds a scenario by its name in run strings.
///
/// # Errors
/// Where there is none.
pub fn find(id: &str) -> Result<&'static dyn Entry, SpecError> {
    CATALOGUE
        .iter()
        .copied()
        .find(|entry| entry.info().id == id)
        .ok_or_else(|| SpecError::Scenario(id.chars().take(40).collect()))
}
