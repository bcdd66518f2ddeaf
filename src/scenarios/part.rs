//! The page comes in parts, each a Wasm of its own with some of the scenarios in it: who reads about two-phase commit loads neither databases nor locks.
//! Natively everything is in one.

use std::fmt;

use super::{Entry, Info, Values, Variant};
use crate::engine::Run;

/// A part of the page. Which of them a Wasm is, its features say: `locks`, `sql`, `services`, or none of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// Commit protocols, and what stands around all scenarios: the home page.
    Commit,
    /// Locks and the services that they are kept in.
    Locks,
    /// Whatever plays on simulated databases.
    Databases,
    /// Work that spans services.
    Services,
}

/// Whether databases are here.
const DATABASES: bool = cfg!(any(feature = "sql", not(target_arch = "wasm32")));
/// Whether locks are here.
const LOCKS: bool = cfg!(any(feature = "locks", not(target_arch = "wasm32")));
/// Whether services are here.
const SERVICES: bool = cfg!(any(feature = "services", not(target_arch = "wasm32")));
/// Whether commit protocols are here.
const COMMIT: bool =
    cfg!(not(all(target_arch = "wasm32", any(feature = "locks", feature = "sql", feature = "services"))));

impl Part {
    /// Every part.
    pub const ALL: [Part; 4] = [Part::Commit, Part::Locks, Part::Databases, Part::Services];

    /// Whether it is in this program.
    pub const fn is_here(self) -> bool {
        match self {
            Part::Commit => COMMIT,
            Part::Locks => LOCKS,
            Part::Databases => DATABASES,
            Part::Services => SERVICES,
        }
    }

    /// Its name, by which `public/boot.js` picks it.
    pub const fn name(self) -> &'static str {
        match self {
            Part::Commit => "commit",
            Part::Locks => "locks",
            Part::Databases => "databases",
            Part::Services => "services",
        }
    }
}

/// Stands in the catalogue for a scenario of another part: what the home page says of it, and no more.
pub struct Elsewhere {
    /// Where the scenario is.
    pub part: Part,
    /// Its [`Info::outline`]. Without variants, no link can be read and no run started.
    pub info: &'static Info,
    /// Its [`Info::counts`].
    pub counts: (usize, usize),
}

// By its name, as scenarios are: all that an `Info` holds would be much code to print.
impl fmt::Debug for Elsewhere {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.info.id)
    }
}

impl Entry for Elsewhere {
    fn info(&self) -> &'static Info {
        self.info
    }

    fn part(&self) -> Part {
        self.part
    }

    fn counts(&self) -> (usize, usize) {
        self.counts
    }

    fn start(&self, variant: &'static Variant, _values: &Values, _seed: u64) -> Box<dyn Run> {
        unreachable!("a scenario that is elsewhere has no variant `{}`", variant.id)
    }
}
