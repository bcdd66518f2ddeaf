//! Work that spans services: idempotency, and what else is told by programs that services run on their own databases, on a Redis and on a broker.
//!
//! Every variant is a play: a text that says who plays, what each does on what it hears, and what must hold. Its sections stand in `SCENARIO.play` beside
//! the file that says what the catalogue knows of the scenario (a long one has a folder, and several); which of them make up a variant, and with which
//! parameters, that file says. `play` reads and runs it. What a service does between two waits happens in one step, and a crash may fall between any two of
//! its writes and messages.

mod e_commerce;
mod event_sourcing;
mod idempotency;
mod message_queue;
mod outbox;
mod play;
mod saga;

use std::fmt;

use super::{Entry, Info, Part, Values, Variant};
use crate::engine::Run;

pub use play::{PlayError, check};

/// A scenario in the catalogue: what it says of itself, and the play of each variant.
pub struct Staged {
    info: &'static Info,
    /// The text that sections come from.
    text: &'static str,
    /// The names of the sections of a variant, in order, under these parameters.
    sections: fn(&str, &Values) -> Vec<&'static str>,
}

// By its name: all that it says of itself would be much to print, and much code to print it.
impl fmt::Debug for Staged {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.info.id)
    }
}

/// Requests that come twice.
pub static IDEMPOTENCY: Staged =
    Staged { info: &idempotency::INFO, text: include_str!("idempotency.play"), sections: idempotency::sections };

/// An order that spans services.
pub static SAGA: Staged = Staged {
    info: &saga::INFO,
    text: concat!(include_str!("saga/stores.play"), include_str!("saga/orders.play"), include_str!("saga/events.play")),
    sections: saga::sections,
};

/// Messages that come again, late, or in another order.
pub static MESSAGE_QUEUE: Staged =
    Staged { info: &message_queue::INFO, text: include_str!("message-queue.play"), sections: message_queue::sections };

/// An order and the event that tells of it.
pub static OUTBOX: Staged =
    Staged { info: &outbox::INFO, text: include_str!("outbox.play"), sections: outbox::sections };

/// An account that is the sum of its events.
pub static EVENT_SOURCING: Staged = Staged {
    info: &event_sourcing::INFO,
    text: include_str!("event-sourcing.play"),
    sections: event_sourcing::sections,
};

/// The whole order path.
pub static E_COMMERCE: Staged =
    Staged { info: &e_commerce::INFO, text: include_str!("e-commerce.play"), sections: e_commerce::sections };

/// The part of the page that they are in.
pub const PART: Part = Part::Services;

impl Staged {
    /// What it declares about itself.
    pub const fn declared(&self) -> &'static Info {
        self.info
    }

    /// The play of a variant: its sections, with values in place of `<parameter>`.
    pub fn play(&self, variant: &Variant, values: &Values) -> String {
        let mut out = String::new();
        for name in (self.sections)(variant.id, values) {
            out += section(self.text, name);
        }
        for (id, value) in values.iter() {
            out = out.replace(&format!("<{id}>"), value);
        }
        out
    }
}

/// The lines under `== name`, up to the next such line.
fn section<'t>(text: &'t str, name: &str) -> &'t str {
    let mut rest = text;
    while let Some(at) = rest.find("== ") {
        let body = &rest[at + 3..];
        let (head, lines) = body.split_once('\n').unwrap_or((body, ""));
        if head.trim() == name {
            return lines.find("\n== ").map_or(lines, |end| &lines[..=end]);
        }
        rest = lines;
    }
    debug_assert!(false, "there is no section `{name}`");
    ""
}

impl Entry for Staged {
    fn info(&self) -> &'static Info {
        self.info
    }

    fn part(&self) -> Part {
        PART
    }

    fn start(&self, variant: &'static Variant, values: &Values, _seed: u64) -> Box<dyn Run> {
        play::start(self.info, &self.play(variant, values))
    }
}
