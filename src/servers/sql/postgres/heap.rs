//! Rows and their versions: who made them, who ended or locked them, who sees them.

use std::sync::Arc;

use super::txn::{Snapshot, State};
use super::{Postgres, SessionId, Xid};
use crate::engine::sort;
use crate::servers::sql::ast::Strength;
use crate::servers::sql::schema::{Row, Table};

pub use crate::servers::sql::query::Tid;

/// Bytes of a page that rows can take.
const PAGE: u32 = 8192 - 24;

/// Bytes of a row besides its values: header and line pointer.
const ROW_HEAD: u32 = 24;
const LINE_POINTER: u32 = 4;

/// Somebody who ended or locked a row version.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) struct Member {
    pub xid: Xid,
    pub mode: Strength,
    /// Updated or deleted, and did not only lock.
    pub update: bool,
}

/// A version of a row.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Tuple {
    pub values: Row,
    pub xmin: Xid,
    /// The command of its maker that made it.
    pub cmin: u32,
    /// In order of their numbers; at most one that updates.
    pub xmax: Vec<Member>,
    /// The command that ended it.
    pub cmax: u32,
    /// The version that came after; none where it was deleted or is the last.
    pub next: Option<Tid>,
    /// Where the chain of versions begins that share their entries in all indexes.
    pub root: Tid,
    pub page: u32,
    /// How many of the table's indexes have an entry for it: whoever waits in a unique check has come no further.
    pub entered: u16,
}

impl Tuple {
    pub fn updater(&self) -> Option<Member> {
        self.xmax.iter().copied().find(|member| member.update)
    }
}

/// A table with its rows.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Stored {
    pub table: Arc<Table>,
    pub heap: Arc<Vec<Tuple>>,
    /// Bytes taken on the last page.
    pub filled: u32,
    pub pages: u32,
    /// Pages and rows as CREATE INDEX last counted them, which the planner then goes by.
    pub counted: Option<(u32, u32)>,
    /// The session that made it and has not committed.
    pub created_by: Option<SessionId>,
    /// The session that dropped it and has not committed.
    pub dropped_by: Option<SessionId>,
}

/// How a row version stands before somebody who wants to change or lock it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    Invisible,
    /// Nobody has it.
    Free,
    /// Ended by an earlier or the same command of the same transaction.
    SelfModified,
    Updated,
    Deleted,
    /// Others, or the same transaction, have locked or ended it.
    Taken,
}

/// How a row version stands before everybody, for the books of SERIALIZABLE.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Life {
    Dead,
    Live,
    RecentlyDead(Xid),
    BeingInserted,
    BeingDeleted(Xid),
}

impl Stored {
    /// Puts a new version into the heap.
    pub fn push(&mut self, values: Row, xmin: Xid, cmin: u32, hot_of: Option<Tid>) -> Tid {
        let tid = self.heap.len() as Tid;
        let size = row_size(&values);
        let fits = self.filled + size <= PAGE;
        let old = hot_of.map(|old| (self.heap[old as usize].root, self.heap[old as usize].page));
        if !fits || self.pages == 0 {
            self.pages += 1;
            self.filled = 0;
        }
        self.filled += size;
        let page = self.pages - 1;
        // Versions share index entries only within a page.
        let root = old.filter(|(_, old_page)| *old_page == page).map_or(tid, |(root, _)| root);
        let entered = if root == tid { 0 } else { u16::MAX };
        let tuple = Tuple { values, xmin, cmin, xmax: Vec::new(), cmax: 0, next: None, root, page, entered };
        Arc::make_mut(&mut self.heap).push(tuple);
        tid
    }
}

fn row_size(values: &[crate::servers::sql::value::Value]) -> u32 {
    let bytes = values.iter().fold(ROW_HEAD, |offset, value| value.stored_end(offset));
    bytes.next_multiple_of(8) + LINE_POINTER
}

impl Postgres {
    pub(super) fn tuple(&self, table: u32, tid: Tid) -> &Tuple {
        // Versions are never removed while their table lives, and a statement holds a lock on its tables.
        &self.tables[&table].heap[tid as usize]
    }

    pub(super) fn tuple_mut(&mut self, table: u32, tid: Tid) -> Option<&mut Tuple> {
        let stored = self.tables.get_mut(&table)?;
        Arc::make_mut(&mut stored.heap).get_mut(tid as usize)
    }

    /// Whether a snapshot sees a version.
    pub(super) fn sees(&self, session: SessionId, snapshot: &Snapshot, tuple: &Tuple) -> bool {
        match self.info(tuple.xmin).state {
            State::Running(owner) if owner == session => {
                if tuple.cmin >= snapshot.command {
                    return false;
                }
            }
            State::Running(_) | State::Aborted => return false,
            State::Committed if snapshot.hides(tuple.xmin) => return false,
            State::Committed => {}
        }
        let Some(updater) = tuple.updater() else { return true };
        match self.info(updater.xid).state {
            State::Running(owner) if owner == session => tuple.cmax >= snapshot.command,
            State::Running(_) | State::Aborted => true,
            State::Committed => snapshot.hides(updater.xid),
        }
    }

    /// Members of a row version that still matter: not those that aborted, nor those that only locked and are gone.
    pub(super) fn live_members(&self, tuple: &Tuple) -> Vec<Member> {
        let matters = |member: &&Member| !self.aborted(member.xid) && (member.update || self.running(member.xid));
        tuple.xmax.iter().filter(matters).copied().collect()
    }

    pub(super) fn fate(&self, session: SessionId, command: u32, tuple: &Tuple) -> Fate {
        match self.info(tuple.xmin).state {
            State::Running(owner) if owner == session => {
                if tuple.cmin >= command {
                    return Fate::Invisible;
                }
            }
            State::Running(_) | State::Aborted => return Fate::Invisible,
            State::Committed => {}
        }
        let members = self.live_members(tuple);
        if let Some(updater) = members.iter().find(|member| member.update) {
            return match self.info(updater.xid).state {
                State::Running(owner) if owner == session => {
                    if tuple.cmax >= command {
                        Fate::SelfModified
                    } else {
                        Fate::Invisible
                    }
                }
                State::Running(_) => Fate::Taken,
                // As long as any of several goes on, the row counts as being changed (HeapTupleSatisfiesUpdate).
                _ if members.len() > 1 => Fate::Taken,
                _ if tuple.next.is_some() => Fate::Updated,
                _ => Fate::Deleted,
            };
        }
        if members.is_empty() { Fate::Free } else { Fate::Taken }
    }

    pub(super) fn life(&self, session: SessionId, tuple: &Tuple, oldest: Xid) -> Life {
        let updater = tuple.updater().filter(|updater| !self.aborted(updater.xid));
        match self.info(tuple.xmin).state {
            State::Aborted => Life::Dead,
            State::Running(owner) => match updater {
                Some(updater) if owner == session => Life::BeingDeleted(updater.xid),
                _ => Life::BeingInserted,
            },
            State::Committed => match updater {
                None => Life::Live,
                Some(updater) if self.running(updater.xid) => Life::BeingDeleted(updater.xid),
                Some(updater) if updater.xid < oldest => Life::Dead,
                Some(updater) => Life::RecentlyDead(updater.xid),
            },
        }
    }

    /// Adds a locker or updater to a row version.
    pub(super) fn mark(&mut self, table: u32, tid: Tid, member: Member) {
        let mut members = self.live_members(self.tuple(table, tid));
        let same = members.iter_mut().find(|other| other.xid == member.xid && !other.update);
        match same {
            Some(other) => {
                other.mode = other.mode.max(member.mode);
                other.update = member.update;
            }
            None => members.push(member),
        }
        sort(&mut members);
        if let Some(tuple) = self.tuple_mut(table, tid) {
            tuple.xmax = members;
        }
    }
}
