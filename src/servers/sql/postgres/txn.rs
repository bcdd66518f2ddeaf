//! Transactions: their numbers, their state, what each sees.

use super::{Postgres, SessionId};
use crate::servers::sql::ast::{Level, Name};

/// Number of a transaction or subtransaction, in the order in which they first wrote.
pub type Xid = u32;

/// The first number that is given out.
pub(super) const FIRST_XID: Xid = 1;

/// State of a transaction or subtransaction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum State {
    /// Of which session, and within which other.
    Running(SessionId),
    Committed,
    Aborted,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct XidInfo {
    pub state: State,
    /// The transaction around a subtransaction.
    pub parent: Option<Xid>,
}

/// What a statement or transaction sees: everything committed when it was taken, and its own past commands.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Snapshot {
    /// The first number not yet given out.
    pub(super) next: Xid,
    /// What ran, in order.
    pub(super) running: Vec<Xid>,
    /// The number of the own command that looks: it sees those before.
    pub(super) command: u32,
}

impl Snapshot {
    /// Whether a transaction had not committed when this was taken.
    pub(super) fn hides(&self, xid: Xid) -> bool {
        xid >= self.next || self.running.binary_search(&xid).is_ok()
    }

    /// Everything before had ended.
    pub(super) fn oldest(&self) -> Xid {
        self.running.first().copied().unwrap_or(self.next)
    }
}

/// A transaction, or a subtransaction begun by a savepoint.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Sub {
    pub name: Name,
    pub xid: Option<Xid>,
    /// Whether it failed, so that only rolling back is left.
    pub failed: bool,
}

/// What a session is in the middle of.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Txn {
    pub level: Level,
    pub read_only: bool,
    pub deferrable: bool,
    /// Begun by `BEGIN`, and not by a statement of its own.
    pub explicit: bool,
    /// The transaction, then its open savepoints.
    pub subs: Vec<Sub>,
    /// Number of the current command.
    pub command: u32,
    /// The one snapshot of REPEATABLE READ and above.
    pub snapshot: Option<Snapshot>,
    /// Whether a snapshot was ever taken, after which the level is fixed.
    pub looked: bool,
    /// Number in the books of SERIALIZABLE.
    pub sxact: Option<u32>,
    /// Number in the history.
    pub number: u32,
}

impl Txn {
    pub fn failed(&self) -> bool {
        self.subs.last().is_some_and(|sub| sub.failed)
    }

    pub fn one_snapshot(&self) -> bool {
        self.level >= Level::RepeatableRead
    }
}

impl Postgres {
    pub(super) fn running(&self, xid: Xid) -> bool {
        matches!(self.info(xid).state, State::Running(_))
    }

    pub(super) fn aborted(&self, xid: Xid) -> bool {
        self.info(xid).state == State::Aborted
    }

    pub(super) fn info(&self, xid: Xid) -> &XidInfo {
        // Every number was given out by `new_xid`, which puts it here.
        &self.xids[(xid - FIRST_XID) as usize]
    }

    pub(super) fn is_mine(&self, session: SessionId, xid: Xid) -> bool {
        self.info(xid).state == State::Running(session)
    }

    /// The transaction that a subtransaction is in.
    pub(super) fn top(&self, mut xid: Xid) -> Xid {
        while let Some(parent) = self.info(xid).parent {
            xid = parent;
        }
        xid
    }

    pub(super) fn next_xid(&self) -> Xid {
        FIRST_XID + self.xids.len() as Xid
    }

    /// What is committed now.
    pub(super) fn snapshot_now(&self, command: u32) -> Snapshot {
        let running = (FIRST_XID..self.next_xid()).filter(|xid| self.running(*xid)).collect();
        Snapshot { next: self.next_xid(), running, command }
    }
}
