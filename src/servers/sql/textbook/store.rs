//! Rows, each in a place of its own, and the log from which changes are undone.

use std::sync::Arc;

use super::Textbook;
use crate::servers::sql::engine::SessionId;
use crate::servers::sql::history::Event;
use crate::servers::sql::query::Tid;
use crate::servers::sql::schema::{Row, Table};

/// A row in its place.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Slot {
    /// Unique within its table.
    pub id: u32,
    /// The version that stands here, as the history counts them.
    pub version: Tid,
    /// None once it is deleted, until that is committed.
    pub row: Option<Row>,
}

/// A table with its rows, in the order in which they came.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Stored {
    pub table: Arc<Table>,
    pub rows: Arc<Vec<Slot>>,
    next_slot: u32,
    next_version: Tid,
}

/// What a write has replaced.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Undo {
    pub session: SessionId,
    /// Number of the statement that wrote.
    pub write: u32,
    table: u32,
    before: Slot,
}

impl Stored {
    pub fn new(table: Table) -> Stored {
        Stored { table: Arc::new(table), rows: Arc::default(), next_slot: 0, next_version: 0 }
    }

    /// The place of a new row.
    pub fn new_slot(&mut self) -> u32 {
        self.next_slot += 1;
        self.next_slot
    }

    fn put(&mut self, slot: Slot) {
        let rows = Arc::make_mut(&mut self.rows);
        match rows.binary_search_by_key(&slot.id, |slot| slot.id) {
            Ok(at) => rows[at] = slot,
            Err(at) => rows.insert(at, slot),
        }
    }

    pub fn slot(&self, id: u32) -> Option<&Slot> {
        self.rows.binary_search_by_key(&id, |slot| slot.id).ok().and_then(|at| self.rows.get(at))
    }
}

impl Textbook {
    /// Writes a row in place, or deletes it; gives its version before and after.
    pub(super) fn write(
        &mut self,
        session: SessionId,
        write: u32,
        table: u32,
        id: u32,
        row: Option<Row>,
    ) -> (Option<Tid>, Tid) {
        let Some(stored) = self.tables.get_mut(&table) else { return (None, 0) };
        let known = stored.slot(id).cloned();
        let before = known.clone().unwrap_or(Slot { id, version: 0, row: None });
        let version = match &row {
            Some(_) => {
                stored.next_version += 1;
                stored.next_version
            }
            None => before.version,
        };
        stored.put(Slot { id, version, row });
        self.log.push(Undo { session, write, table, before });
        (known.map(|slot| slot.version), version)
    }

    /// Undoes what is logged from some place on and is to be undone, the latest first: what was there before is put back, whatever is there now. Gives the
    /// numbers of the statements that are undone.
    pub(super) fn undo(&mut self, from: usize, which: impl Fn(&Undo) -> bool) -> Vec<u32> {
        let mut undone = Vec::new();
        for at in (from..self.log.len()).rev() {
            if !which(&self.log[at]) {
                continue;
            }
            let Undo { write, table, before, .. } = self.log.remove(at);
            if let Some(stored) = self.tables.get_mut(&table) {
                stored.put(before);
            }
            if !undone.contains(&write) {
                undone.push(write);
            }
        }
        undone
    }

    /// Tells the history what is undone.
    pub(super) fn note_undone(&mut self, undone: Vec<u32>) {
        for xid in undone {
            self.history.push(Event::Undone { xid });
        }
    }

    /// Clears the places of rows that are gone and cannot come back.
    pub(super) fn sweep(&mut self) {
        let log = &self.log;
        for (table, stored) in &mut self.tables {
            let is_needed = |slot: &Slot| {
                slot.row.is_some() || log.iter().any(|undo| (undo.table, undo.before.id) == (*table, slot.id))
            };
            if !stored.rows.iter().all(is_needed) {
                Arc::make_mut(&mut stored.rows).retain(is_needed);
            }
        }
    }
}
