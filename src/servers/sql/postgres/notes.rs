//! Notes for the history of what a statement reads.

use super::Tid;
use super::exec::{Entry, Exec};
use crate::servers::sql::bind::Bound;

impl Exec<'_> {
    /// The statement looks for rows of a table that meet conditions.
    pub fn note_read(&mut self, table: u32, conditions: &[Bound]) {
        // `once` so that running again after a wait leaves no second note; it cannot fail.
        let _ = self.once(|pg, session, snapshot| {
            if let Some(number) = pg.txn(session).map(|txn| txn.number) {
                let heap = pg.tables.get(&table).map(|stored| std::sync::Arc::clone(&stored.heap)).unwrap_or_default();
                let seen = heap.iter().enumerate().filter(|(_, tuple)| pg.sees(session, snapshot, tuple));
                let among = seen.map(|(tid, _)| tid as Tid).collect();
                pg.history.looked(number, table, conditions.into(), among);
            }
            Ok(Entry::Done)
        });
    }

    /// The statement reads a version of a row.
    pub fn note_item(&mut self, table: u32, tid: Tid) {
        let _ = self.once(|pg, session, _| {
            if let Some(number) = pg.txn(session).map(|txn| txn.number) {
                pg.history.read(number, table, tid);
            }
            Ok(Entry::Done)
        });
    }
}
