//! The catalogue: one scenario, one room. A new scenario is its file (or folder) plus one line in `CATALOGUE`; nothing else names it.
mod about;
mod entry;
pub mod isolation;
pub mod locks;
mod part;
pub mod run_string;
pub mod services;
pub mod two_phase_commit;

use crate::engine::{Followed, follow_in};

pub use about::*;
pub use entry::*;
pub use part::*;

/// A scenario, or where it belongs to another part of the page, what stands for it. The compiler chooses, so that nothing else of it is kept there.
macro_rules! shelf {
    ($room:ident::$scenario:ident) => {{
        static OUTLINE: Info = $room::$scenario.declared().outline();
        static ELSEWHERE: Elsewhere =
            Elsewhere { part: $room::PART, info: &OUTLINE, counts: $room::$scenario.declared().counts() };
        if $room::PART.is_here() { &$room::$scenario } else { &ELSEWHERE }
    }};
}

/// Every scenario, in the order of the home page.
static CATALOGUE: &[&dyn Entry] = &[
    shelf!(two_phase_commit::COMMIT),
    shelf!(locks::REDIS),
    shelf!(locks::REDLOCK),
    shelf!(locks::FAILOVER),
    shelf!(locks::ZOOKEEPER),
    shelf!(locks::ETCD),
    shelf!(locks::CONSUL),
    shelf!(locks::TABLE),
    shelf!(locks::ADVISORY),
    shelf!(locks::TRY),
    shelf!(locks::GRAIN),
    shelf!(locks::LEADER),
    shelf!(locks::COMPARISON),
    shelf!(isolation::ISOLATION),
    shelf!(isolation::LOST_UPDATE),
    shelf!(isolation::DOUBLE_BOOKING),
    shelf!(isolation::DEADLOCK),
    shelf!(isolation::INVENTORY),
    shelf!(isolation::FLASH_SALE),
    shelf!(isolation::TRANSFER),
    shelf!(services::IDEMPOTENCY),
    shelf!(services::SAGA),
    shelf!(services::MESSAGE_QUEUE),
    shelf!(services::OUTBOX),
    shelf!(services::EVENT_SOURCING),
    shelf!(services::E_COMMERCE),
];

/// Every scenario, in the order of the home page.
pub fn catalogue() -> &'static [&'static dyn Entry] {
    CATALOGUE
}

/// Finds a scenario by its name in run strings.
///
/// # Errors
/// Where there is none.
pub fn find(id: &str) -> Result<&'static dyn Entry, SpecError> {
    CATALOGUE.iter().copied().find(|entry| entry.info().id == id).ok_or_else(|| SpecError::Scenario {
        scenario: id.chars().take(40).collect(),
        known: CATALOGUE.iter().map(|entry| entry.info().id).collect::<Vec<_>>().join(", "),
    })
}

/// The same choices in another variant, or under other parameters, as far as they apply.
pub fn follow(
    entry: &dyn Entry,
    variant: &'static Variant,
    values: &Values,
    seed: u64,
    choices: &[String],
) -> Followed {
    follow_in(entry.start(variant, values, seed), choices)
}
