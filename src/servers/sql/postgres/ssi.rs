//! SERIALIZABLE: serializable snapshot isolation by the server's own rule (README-SSI; Ports and Grittner, "Serializable Snapshot Isolation in
//! PostgreSQL", VLDB 2012).
//!
//! A transaction that reads what a concurrent one then writes has a *conflict out* to the writer. Two in a row, T1 → T2 → T3, may be part of a cycle
//! if T3 commits first; then somebody has to go.

use std::collections::{BTreeMap, BTreeSet};

use super::txn::Snapshot;
use super::{Postgres, SessionId, Tid, Xid};
use crate::servers::sql::error::SqlError;

/// Number of a transaction in these books.
pub type SxactId = u32;

/// What a read covers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Target {
    /// A whole table, or a whole index, by id.
    Relation(u32),
    /// A page of a table, or the one page of an index.
    Page(u32, u32),
    /// A version of a row: table, page, version.
    Tuple(u32, u32, Tid),
}

/// More locks than this on rows of one page become one on the page (`max_pred_locks_per_page`).
const MAX_PER_PAGE: usize = 2;

/// More locks than this within one relation become one on it (`max_pred_locks_per_transaction` / 2 - 1).
const MAX_PER_RELATION: usize = 31;

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Sxact {
    pub read_only: bool,
    pub doomed: bool,
    /// Number among preparations and commits, once it has begun to commit.
    pub prepared: Option<u32>,
    /// Number among preparations and commits, once committed.
    pub committed: Option<u32>,
    /// The last commit before its snapshot.
    pub last_commit_before: u32,
    /// The first preparation of those that it has a conflict out to, of those that committed before it.
    pub earliest_out: Option<u32>,
    pub wrote: bool,
    /// Oldest transaction that ran when its snapshot was taken.
    pub xmin: Xid,
    /// Next transaction number when it committed.
    pub finished_before: Xid,
    pub locks: BTreeSet<Target>,
    /// Whether a read-only transaction is known to run into nothing.
    pub safe: bool,
    /// Whether it is known to run into something.
    pub hopeless: bool,
    /// The session that waits to know which of the two (`DEFERRABLE`).
    pub waiter: Option<SessionId>,
    /// Whose transaction it is.
    pub session: SessionId,
}

/// The books.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Ssi {
    pub sxacts: BTreeMap<SxactId, Sxact>,
    /// Reader and writer: the reader did not see what the writer wrote. In the order in which they came up: whoever commits goes through them in that order.
    pub conflicts: Vec<(SxactId, SxactId)>,
    /// Read-only transaction, and a writer that may yet make its snapshot unsafe.
    unsafe_maybe: BTreeSet<(SxactId, SxactId)>,
    by_xid: BTreeMap<Xid, SxactId>,
    next: SxactId,
    last_commit: u32,
    /// Sessions whose wait for a safe snapshot is over; empty between calls.
    pub woken: Vec<SessionId>,
}

fn failure() -> SqlError {
    SqlError::new("40001", "could not serialize access due to read/write dependencies among transactions")
}

impl Ssi {
    fn get(&self, id: SxactId) -> Option<&Sxact> {
        self.sxacts.get(&id)
    }

    fn outs(&self, id: SxactId) -> impl Iterator<Item = &Sxact> {
        self.conflicts.iter().filter(move |(reader, _)| *reader == id).filter_map(|(_, writer)| self.get(*writer))
    }

    fn ins(&self, id: SxactId) -> impl Iterator<Item = (SxactId, &Sxact)> {
        self.conflicts
            .iter()
            .filter(move |(_, writer)| *writer == id)
            .filter_map(|(reader, _)| self.get(*reader).map(|sxact| (*reader, sxact)))
    }

    /// Enters a transaction at its snapshot; none where it can run unwatched, since nothing that it reads can be part of a cycle.
    pub fn enter(&mut self, session: SessionId, read_only: bool, snapshot: &Snapshot) -> Option<SxactId> {
        let active = |sxact: &Sxact| sxact.committed.is_none() && !sxact.read_only;
        if read_only {
            let writers: Vec<SxactId> =
                self.sxacts.iter().filter(|(_, sxact)| active(sxact) && !sxact.doomed).map(|(id, _)| *id).collect();
            if writers.is_empty() {
                return None;
            }
            for writer in writers {
                self.unsafe_maybe.insert((self.next, writer));
            }
        }
        let id = self.next;
        self.next += 1;
        let sxact = Sxact {
            read_only,
            session,
            last_commit_before: self.last_commit,
            xmin: snapshot.oldest(),
            ..Sxact::default()
        };
        self.sxacts.insert(id, sxact);
        Some(id)
    }

    pub fn register(&mut self, xid: Xid, id: SxactId) {
        self.by_xid.insert(xid, id);
    }

    /// Remembers a read.
    pub fn lock(&mut self, id: SxactId, target: Target) {
        let Some(sxact) = self.sxacts.get_mut(&id) else { return };
        let relation = match target {
            Target::Relation(relation) | Target::Page(relation, _) | Target::Tuple(relation, ..) => relation,
        };
        if sxact.locks.contains(&Target::Relation(relation)) {
            return;
        }
        let page = match target {
            Target::Tuple(_, page, _) if sxact.locks.contains(&Target::Page(relation, page)) => return,
            Target::Tuple(_, page, _) => Some(page),
            _ => None,
        };
        sxact.locks.insert(target);
        let in_relation = |held: &&Target| match held {
            Target::Page(of, _) | Target::Tuple(of, ..) => *of == relation,
            Target::Relation(_) => false,
        };
        if target == Target::Relation(relation) || sxact.locks.iter().filter(in_relation).count() > MAX_PER_RELATION {
            sxact.locks.retain(|held| !in_relation(&held));
            sxact.locks.insert(Target::Relation(relation));
            return;
        }
        let on_page = |held: &&Target, page| matches!(held, Target::Tuple(of, on, _) if *of == relation && *on == page);
        if let Some(page) = page
            && sxact.locks.iter().filter(|held| on_page(held, page)).count() > MAX_PER_PAGE
        {
            sxact.locks.retain(|held| !on_page(&held, page));
            sxact.locks.insert(Target::Page(relation, page));
        }
    }

    /// What must be done when a conflict from reader to writer comes up; `me` is one of them.
    fn flag(&mut self, reader: SxactId, writer: SxactId, me: SxactId) -> Result<(), SqlError> {
        if self.conflicts.contains(&(reader, writer)) {
            return Ok(());
        }
        if self.dangerous(reader, writer) {
            if me == writer || self.get(writer).is_some_and(|writer| writer.prepared.is_some()) {
                return Err(failure());
            }
            if let Some(writer) = self.sxacts.get_mut(&writer) {
                writer.doomed = true;
            }
        }
        self.conflicts.push((reader, writer));
        Ok(())
    }

    fn dangerous(&self, reader_id: SxactId, writer_id: SxactId) -> bool {
        let (Some(reader), Some(writer)) = (self.get(reader_id), self.get(writer_id)) else { return false };
        // The writer is the pivot, and what it conflicts with committed first of all.
        if writer.committed.is_some() && writer.earliest_out.is_some() {
            return true;
        }
        let not_after = |first: u32, other: Option<u32>| other.is_none_or(|other| first <= other);
        let out_first = self.outs(writer_id).any(|out| {
            out.prepared.is_some_and(|prepared| {
                not_after(prepared, reader.committed)
                    && not_after(prepared, writer.committed)
                    && (!reader.read_only || prepared <= reader.last_commit_before)
            })
        });
        if out_first {
            return true;
        }
        // The reader is the pivot.
        let Some(prepared) = writer.prepared else { return false };
        !reader.read_only
            && self.ins(reader_id).any(|(_, t0)| {
                !t0.doomed
                    && t0.committed.is_none_or(|committed| committed >= prepared)
                    && (!t0.read_only || t0.last_commit_before >= prepared)
            })
    }

    /// Before a transaction commits: those that could close a cycle around it are told to give up.
    pub fn before_commit(&mut self, id: SxactId) -> Result<(), SqlError> {
        if self.get(id).is_some_and(|me| me.doomed) {
            return Err(failure());
        }
        let near: Vec<SxactId> =
            self.ins(id).filter(|(_, near)| near.committed.is_none() && !near.doomed).map(|(near, _)| near).collect();
        for near in near {
            let dangerous = self
                .ins(near)
                .any(|(far_id, far)| far_id == id || (far.committed.is_none() && !far.read_only && !far.doomed));
            if !dangerous {
                continue;
            }
            // Nothing here is ever prepared without committing at once, so that it can be killed.
            if let Some(pivot) = self.sxacts.get_mut(&near) {
                pivot.doomed = true;
            }
        }
        self.last_commit += 1;
        let prepared = self.last_commit;
        if let Some(me) = self.sxacts.get_mut(&id) {
            me.prepared = Some(prepared);
        }
        Ok(())
    }

    /// A transaction has ended.
    pub fn ended(&mut self, id: SxactId, committed: bool, next_xid: Xid) {
        let Some(mut me) = self.sxacts.remove(&id) else { return };
        let declared_read_only = me.read_only;
        if committed {
            self.last_commit += 1;
            me.committed = Some(self.last_commit);
            me.finished_before = next_xid;
            if !me.wrote {
                me.read_only = true;
            }
            if !me.read_only {
                me.earliest_out =
                    self.outs(id).filter(|out| out.committed.is_some()).filter_map(|out| out.prepared).min();
            }
        }
        let last_commit = self.last_commit;
        let (outs, unsafe_to) = (self.conflicts.clone(), self.unsafe_maybe.clone());
        for (reader, writer) in outs {
            let gone = if reader == id {
                self.get(writer).is_none_or(|writer| {
                    !committed || writer.committed.is_some() || writer.last_commit_before >= last_commit
                })
            } else if writer == id {
                self.get(reader).is_none_or(|reader| !committed || reader.committed.is_some() || reader.read_only)
            } else {
                false
            };
            if gone {
                self.conflicts.retain(|known| *known != (reader, writer));
            }
        }
        if declared_read_only {
            self.unsafe_maybe.retain(|(reader, _)| *reader != id);
        } else {
            for (reader, _) in unsafe_to.into_iter().filter(|(_, writer)| *writer == id) {
                let before = self.get(reader).map(|reader| reader.last_commit_before);
                let harmful =
                    committed && me.wrote && me.earliest_out.zip(before).is_some_and(|(out, before)| out <= before);
                if harmful {
                    if let Some(reader) = self.sxacts.get_mut(&reader) {
                        reader.hopeless = true;
                    }
                    self.unsafe_maybe.retain(|(other, _)| *other != reader);
                    continue;
                }
                self.unsafe_maybe.remove(&(reader, id));
                let none_left = !self.unsafe_maybe.iter().any(|(other, _)| *other == reader);
                if let Some(reader) = self.sxacts.get_mut(&reader).filter(|_| none_left) {
                    reader.safe = true;
                }
            }
        }
        for other in self.sxacts.values_mut().filter(|other| other.safe || other.hopeless) {
            self.woken.extend(other.waiter.take());
        }
        if committed {
            self.sxacts.insert(id, me);
        } else {
            self.by_xid.retain(|_, of| *of != id);
        }
        self.forget();
    }

    /// Whether a read-only transaction is known to be safe (true) or not (false).
    pub fn verdict(&self, id: SxactId) -> Option<bool> {
        let sxact = self.get(id)?;
        (sxact.safe || sxact.hopeless).then_some(sxact.safe)
    }

    /// A session waits for the verdict on its transaction.
    pub fn wait_for_verdict(&mut self, id: SxactId, session: SessionId) {
        if let Some(sxact) = self.sxacts.get_mut(&id) {
            sxact.waiter = Some(session);
        }
    }

    /// Whom a session waits for that waits for a safe snapshot.
    pub fn blockers(&self, session: SessionId) -> Option<Vec<SessionId>> {
        let (id, _) = self.sxacts.iter().find(|(_, sxact)| sxact.waiter == Some(session))?;
        let writers = self.unsafe_maybe.iter().filter(|(reader, _)| reader == id);
        Some(writers.filter_map(|(_, writer)| self.get(*writer)).map(|writer| writer.session).collect())
    }

    /// Drops a read-only transaction that is known to be safe.
    pub fn opt_out(&mut self, id: SxactId) {
        self.sxacts.remove(&id);
        self.conflicts.retain(|(reader, writer)| *reader != id && *writer != id);
        self.by_xid.retain(|_, of| *of != id);
        self.forget();
    }

    /// Forgets committed transactions that no running one is concurrent with.
    fn forget(&mut self) {
        let oldest = self.sxacts.values().filter(|sxact| sxact.committed.is_none()).map(|sxact| sxact.xmin).min();
        let over =
            |sxact: &Sxact| sxact.committed.is_some() && oldest.is_none_or(|oldest| sxact.finished_before <= oldest);
        let gone: Vec<SxactId> = self.sxacts.iter().filter(|(_, sxact)| over(sxact)).map(|(id, _)| *id).collect();
        for id in gone {
            self.sxacts.remove(&id);
            self.conflicts.retain(|(reader, writer)| *reader != id && *writer != id);
            self.by_xid.retain(|_, of| *of != id);
        }
        if self.sxacts.is_empty() {
            // Numbers only compare transactions that are in the books together, so that equal situations are equal again.
            *self = Ssi { woken: std::mem::take(&mut self.woken), ..Ssi::default() };
        }
    }
}

impl Postgres {
    /// The transaction's number in the books, if it is watched.
    fn watched(&mut self, session: SessionId) -> Option<SxactId> {
        let id = self.txn(session)?.sxact?;
        if self.ssi.get(id).is_some_and(|sxact| sxact.safe) {
            self.ssi.opt_out(id);
            if let Some(txn) = self.txn_mut(session) {
                txn.sxact = None;
            }
            return None;
        }
        Some(id)
    }

    /// Remembers a read for SERIALIZABLE.
    pub(super) fn ssi_read(&mut self, session: SessionId, target: Target) {
        if let Some(id) = self.watched(session) {
            self.ssi.lock(id, target);
        }
    }

    /// A transaction looks at a row version: if what it does not see was written by a concurrent one, that is a conflict.
    pub(super) fn ssi_look(&mut self, session: SessionId, table: u32, tid: Tid, visible: bool) -> Result<(), SqlError> {
        use super::heap::Life;
        let Some(id) = self.watched(session) else { return Ok(()) };
        if self.ssi.get(id).is_some_and(|me| me.doomed) {
            return Err(failure());
        }
        let Some(snapshot) = self.txn(session).and_then(|txn| txn.snapshot.clone()) else { return Ok(()) };
        let tuple = self.tuple(table, tid);
        let xid = match self.life(session, tuple, snapshot.oldest()) {
            Life::Dead => return Ok(()),
            Life::Live if visible => return Ok(()),
            Life::Live | Life::BeingInserted => tuple.xmin,
            Life::RecentlyDead(updater) | Life::BeingDeleted(updater) if visible => updater,
            Life::RecentlyDead(_) | Life::BeingDeleted(_) => tuple.xmin,
        };
        let xid = self.top(xid);
        if xid < snapshot.oldest() || self.is_mine(session, xid) {
            return Ok(());
        }
        let Some(writer) = self.ssi.by_xid.get(&xid).copied().filter(|writer| *writer != id) else { return Ok(()) };
        let (Some(me), Some(other)) = (self.ssi.get(id), self.ssi.get(writer)) else { return Ok(()) };
        if other.doomed {
            return Ok(());
        }
        // A reader that only reads can be placed before the writer, unless something that the writer conflicts with came before both.
        if me.read_only
            && other.committed.is_some()
            && other.earliest_out.is_none_or(|earliest| me.last_commit_before < earliest)
        {
            return Ok(());
        }
        if !snapshot.hides(xid) {
            return Ok(());
        }
        self.ssi.flag(id, writer, id)
    }

    /// A transaction writes where others may have read.
    pub(super) fn ssi_write(&mut self, session: SessionId, targets: &[Target]) -> Result<(), SqlError> {
        let Some(id) = self.txn(session).and_then(|txn| txn.sxact) else { return Ok(()) };
        let in_sub = self.txn(session).is_some_and(|txn| txn.subs.len() > 1);
        let Some(xmin) = self.txn(session).and_then(|txn| txn.snapshot.as_ref()).map(Snapshot::oldest) else {
            return Ok(());
        };
        match self.ssi.sxacts.get_mut(&id) {
            Some(me) if me.doomed => return Err(failure()),
            Some(me) => me.wrote = true,
            None => return Ok(()),
        }
        for target in targets {
            let readers: Vec<SxactId> = self
                .ssi
                .sxacts
                .iter()
                .filter(|(other, sxact)| {
                    **other != id
                        && sxact.locks.contains(target)
                        && !sxact.doomed
                        && (sxact.committed.is_none() || xmin < sxact.finished_before)
                })
                .map(|(other, _)| *other)
                .collect();
            for reader in readers {
                self.ssi.flag(reader, id, id)?;
            }
            // Who writes a row need not remember to have read it: whoever else writes it now has to wait.
            if matches!(target, Target::Tuple(..))
                && !in_sub
                && let Some(me) = self.ssi.sxacts.get_mut(&id)
            {
                me.locks.remove(target);
            }
        }
        Ok(())
    }
}
