//! What transactions read and wrote, in order. The dependency graph is made of it.

mod graph;

use std::sync::Arc;

use super::bind::Bound;
use super::schema::Row;
use crate::engine::Aside;

pub(crate) use graph::meets;
pub use graph::{Cycle, Edge, Graph, Kind, Phenomenon};

/// Something that a transaction did.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum Event {
    /// It read a version of a row.
    Read {
        txn: u32,
        table: u32,
        version: u32,
    },
    /// It looked for rows that meet conditions, among these versions, one for each row that was there for it. `gone` are the last versions of rows that were
    /// there no more.
    Looked {
        txn: u32,
        table: u32,
        conditions: Arc<[Bound]>,
        among: Arc<[u32]>,
        gone: Arc<[u32]>,
    },
    /// It wrote a version after another (a first one where none), or ended the row.
    Wrote {
        txn: u32,
        xid: u32,
        table: u32,
        before: Option<u32>,
        after: Option<(u32, Row)>,
    },
    Committed {
        txn: u32,
    },
    Aborted {
        txn: u32,
    },
    /// What was written under this number is undone.
    Undone {
        xid: u32,
    },
}

/// A history: an account of what happened, and no part of the state.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct History(Aside<Account>);

#[derive(Clone, Debug, Default)]
struct Account {
    events: Arc<Vec<Event>>,
    sessions: Arc<Vec<u16>>,
    names: Arc<Vec<(u32, u32)>>,
}

impl History {
    /// What happened, in order.
    pub fn events(&self) -> &[Event] {
        &self.0.0.events
    }

    /// The session of each transaction, by number.
    pub fn sessions(&self) -> &[u16] {
        &self.0.0.sessions
    }

    /// Adds what happened.
    pub(crate) fn push(&mut self, event: Event) {
        Arc::make_mut(&mut self.0.0.events).push(event);
    }

    /// The last versions of rows that were deleted, by transactions that count. They come from here: the rows themselves are gone, and one of the same key
    /// may stand in their place.
    pub(crate) fn gone(&self, table: u32, counts: impl Fn(u32) -> bool) -> Vec<u32> {
        let undone: Vec<u32> = self
            .events()
            .iter()
            .filter_map(|event| if let Event::Undone { xid } = event { Some(*xid) } else { None })
            .collect();
        let of = |event: &Event| match event {
            Event::Wrote { txn, xid, table: at, before: Some(before), after: None }
                if *at == table && !undone.contains(xid) && counts(*txn) =>
            {
                Some(*before)
            }
            _ => None,
        };
        self.events().iter().filter_map(of).collect()
    }

    pub(crate) fn begin(&mut self, session: u16) -> u32 {
        let sessions = Arc::make_mut(&mut self.0.0.sessions);
        sessions.push(session);
        (sessions.len() - 1) as u32
    }

    pub(crate) fn name(&mut self, xid: u32, txn: u32) {
        Arc::make_mut(&mut self.0.0.names).push((xid, txn));
    }

    pub(crate) fn read(&mut self, txn: u32, table: u32, version: u32) {
        self.push(Event::Read { txn, table, version });
    }

    /// A version that a statement found by these conditions, waited for, and found changed by then counts as not seen: what came after it was, or that
    /// the row has ended.
    pub(crate) fn found_instead(&mut self, txn: u32, table: u32, by: &[Bound], old: u32, new: Option<u32>) {
        let events = Arc::make_mut(&mut self.0.0.events);
        let looked = events.iter_mut().rev().find_map(|event| match event {
            Event::Looked { txn: of, table: on, conditions, among, gone } if (*of, *on) == (txn, table) => {
                (**conditions == *by).then_some((among, gone))
            }
            _ => None,
        });
        if let Some((among, gone)) = looked {
            *among = among.iter().copied().filter(|version| *version != old).chain(new).collect();
            if new.is_none() {
                *gone = gone.iter().copied().chain([old]).collect();
            }
        }
    }

    /// The last read of a version counts as one of what came after it.
    pub(crate) fn read_instead(&mut self, txn: u32, table: u32, old: u32, new: u32) {
        let read = Event::Read { txn, table, version: old };
        if let Some(event) = Arc::make_mut(&mut self.0.0.events).iter_mut().rev().find(|event| **event == read) {
            *event = Event::Read { txn, table, version: new };
        }
        self.read(txn, table, new);
    }

    pub(crate) fn write(&mut self, xid: u32, table: u32, before: Option<u32>, after: Option<(u32, Row)>) {
        let txn = self.0.0.names.iter().rev().find(|(known, _)| *known == xid).map(|(_, txn)| *txn);
        if let Some(txn) = txn {
            self.push(Event::Wrote { txn, xid, table, before, after });
        }
    }

    pub(crate) fn committed(&mut self, txn: u32) {
        self.push(Event::Committed { txn });
    }

    pub(crate) fn aborted(&mut self, txn: u32) {
        self.push(Event::Aborted { txn });
    }

    pub(crate) fn undone(&mut self, xid: u32) {
        self.push(Event::Undone { xid });
    }
}
