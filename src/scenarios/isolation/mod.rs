//! Isolation levels as real databases have them: sessions run their statements in whatever order the reader picks, against a simulated database.
//!
//! Every variant is a script (`play/presets`, or the reader's own) in the format of PostgreSQL's isolation tester; engine and level are parameters. A step
//! is one statement (or what a script sends at once): it is asked and answered in that step, and who has to wait is answered in the step that ends the
//! wait. What is anomalous is not told by looking at values: the history's dependency graph says it ([`crate::servers::sql::history`]).
//!
//! In the browser a database is more to load than all the rest of the page, so that these scenarios are a part of the page of their own ([`Part`]).

mod cases;
mod info;
mod play;
mod stock;
mod transfer;

use std::fmt;

use super::{Entry, Grid, Info, Part, Values, Variant};
use crate::engine::Run;
use crate::servers::sql::engine::Kind;

pub use info::OWN;
pub use play::{check, orders};

/// Mark of the event by which a session learns of an error.
pub const FAILED: &str = "failed";
/// Mark of the event with which a session begins to wait.
pub const WAITS: &str = "waits";
/// Mark of the event with which a database is open again after a crash.
pub const RESTORED: &str = "restored";

/// A scenario in the catalogue: a script for each of its variants.
pub struct Played {
    info: &'static Info,
}

// By its name: all that it says of itself would be much to print, and much code to print it.
impl fmt::Debug for Played {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.info.id)
    }
}

/// The anomalies, and the reader's own script.
pub static ISOLATION: Played = Played { info: &info::INFO };
/// An update that is lost.
pub static LOST_UPDATE: Played = Played { info: &cases::LOST_UPDATE };
/// A seat that is booked twice.
pub static DOUBLE_BOOKING: Played = Played { info: &cases::DOUBLE_BOOKING };
/// A deadlock.
pub static DEADLOCK: Played = Played { info: &cases::DEADLOCK };
/// Taking from stock.
pub static INVENTORY: Played = Played { info: &stock::INVENTORY };
/// More customers than items.
pub static FLASH_SALE: Played = Played { info: &stock::FLASH_SALE };

/// Two updates, and a crash.
pub static TRANSFER: Played = Played { info: &transfer::TRANSFER };

/// The part of the page that they are in.
pub const PART: Part = Part::Databases;

impl Played {
    /// What it declares about itself.
    pub const fn declared(&self) -> &'static Info {
        self.info
    }
}

/// Whether an engine has a level.
fn has_level(engine: &str, level: &str) -> bool {
    let levels = Kind::ALL.into_iter().filter(|kind| kind.name() == engine).flat_map(Kind::levels);
    levels.into_iter().any(|known| known.id() == level)
}

impl Entry for Played {
    fn info(&self) -> &'static Info {
        self.info
    }

    fn part(&self) -> Part {
        PART
    }

    fn start(&self, variant: &'static Variant, values: &Values, _seed: u64) -> Box<dyn Run> {
        play::start(self.info, variant, values)
    }

    fn script(&self, variant: &'static Variant, values: &Values) -> Option<String> {
        play::text(self.info, variant, values)
    }

    fn grid(&self) -> Option<Grid> {
        // What a crash leaves is no matter of levels.
        (self.info.id != TRANSFER.info.id).then_some(Grid { rows: "engine", columns: "level", has: has_level })
    }
}
