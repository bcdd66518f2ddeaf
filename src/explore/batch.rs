//! What passes between the queue of a search, the model, and the store.

use super::model::Kind;
use super::sleep::Sleep;
use super::store::STATES_MAX;

/// A state that waits to be expanded.
pub struct Waiting<S> {
    pub place: u32,
    /// Steps on the way to it when it was put here: where the store knows of fewer, it was put here again, and this is out of date.
    pub depth: u16,
    pub state: S,
    /// That of the state, so that a step that changes nothing is known at once.
    pub fingerprint: u64,
    /// Only these steps are to be taken; `None` for all that do not sleep.
    pub woken: Option<Box<Sleep>>,
}

/// A successor, before it is known whether it is new.
pub struct Successor<S> {
    pub ordinal: u16,
    pub kind: Kind,
    pub fingerprint: u64,
    pub state: S,
    /// What sleeps in it; `None` for nothing, which is what most have where nothing is left out, and small.
    pub sleep: Option<Box<Sleep>>,
}

/// What a batch of states leads to.
pub struct Expanded<S> {
    /// The successors of all, one state after the other.
    pub successors: Vec<Successor<S>>,
    /// How many are those of each.
    pub counts: Vec<Counts>,
}

/// How many steps a state has.
pub struct Counts {
    /// Those that are handed over.
    pub successors: usize,
    /// Those that lead to known states, to which nothing is to be done.
    pub known: usize,
}

impl<S> Expanded<S> {
    pub fn new() -> Self {
        Expanded { successors: Vec::new(), counts: Vec::new() }
    }
}

/// The kind of a step, as it stands in an edge.
pub fn kind_bits(kind: Kind) -> u32 {
    let bits = match kind {
        Kind::Event => 0,
        Kind::Fault => 1,
        Kind::Repair => 2,
    };
    bits << 30
}

/// The place and the kind that stand in an edge.
pub fn edge_parts(to: u32) -> (u32, Kind) {
    let kind = match to >> 30 {
        0 => Kind::Event,
        1 => Kind::Fault,
        _ => Kind::Repair,
    };
    (to & STATES_MAX, kind)
}
