//! Notes for the history of what a statement reads.

use super::Tid;
use super::exec::{Entry, Exec};
use super::heap::Tuple;
use crate::servers::sql::bind::Bound;
use crate::servers::sql::history::Event;

impl Exec<'_> {
    /// The statement looks for rows of a table that meet conditions.
    pub fn looks(&mut self, table: u32, conditions: &[Bound]) {
        // `once` so that running again after a wait leaves no second note; it cannot fail.
        let _ = self.once(|pg, session, snapshot| {
            if let Some(number) = pg.txn(session).map(|txn| txn.number) {
                let heap = pg.tables.get(&table).map(|stored| std::sync::Arc::clone(&stored.heap)).unwrap_or_default();
                let mut among = Vec::new();
                let mut gone = Vec::new();
                for (tid, tuple) in heap.iter().enumerate() {
                    let born = Tuple { xmax: Vec::new(), ..tuple.clone() };
                    if pg.sees(session, snapshot, tuple) {
                        among.push(tid as Tid);
                    } else if tuple.next.is_none() && pg.sees(session, snapshot, &born) {
                        gone.push(tid as Tid);
                    }
                }
                let conditions = conditions.into();
                pg.history.push(Event::Looked {
                    txn: number,
                    table,
                    conditions,
                    among: among.into(),
                    gone: gone.into(),
                });
            }
            Ok(Entry::Done)
        });
    }

    /// The statement waited for a version of a row that it had found by these conditions, and goes on with the one after it, or finds the row gone.
    pub fn finds_instead(&mut self, table: u32, by: &[Bound], old: Tid, new: Option<Tid>) {
        let _ = self.once(|pg, session, _| {
            if let Some(number) = pg.txn(session).map(|txn| txn.number) {
                pg.history.found_instead(number, table, by, old, new);
            }
            Ok(Entry::Done)
        });
    }

    /// The same of a version that it has read already.
    pub fn reads_instead(&mut self, table: u32, old: Tid, new: Tid) {
        let _ = self.once(|pg, session, _| {
            if let Some(number) = pg.txn(session).map(|txn| txn.number) {
                pg.history.read_instead(number, table, old, new);
            }
            Ok(Entry::Done)
        });
    }

    /// The statement reads a version of a row.
    pub fn reads(&mut self, table: u32, tid: Tid) {
        let _ = self.once(|pg, session, _| {
            if let Some(number) = pg.txn(session).map(|txn| txn.number) {
                pg.history.read(number, table, tid);
            }
            Ok(Entry::Done)
        });
    }
}
