//! The lock manager: modes, holders, queues (manual, 13.3; the rules of `ProcSleep` and `ProcLockWakeup`).

use std::collections::BTreeMap;
use std::fmt;

use super::{SessionId, Xid};
use crate::servers::sql::ast::TableMode;

/// What a lock is on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Tag {
    /// A table, by id.
    Table(u32),
    /// The end of a transaction or subtransaction: its owner holds this, others wait for it.
    Xid(Xid),
    /// The place of first in line for a row: table, row version.
    Tuple(u32, u32),
    /// A snapshot that is known to be safe (`DEFERRABLE`).
    SafeSnapshot,
    /// A number of the application's own; 2 where it was given as two numbers, else 1.
    Advisory(i64, u8),
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tag::Table(id) => write!(f, "table {id}"),
            Tag::Xid(xid) => write!(f, "transaction {xid}"),
            Tag::Tuple(table, tid) => write!(f, "row {tid} of table {table}"),
            Tag::SafeSnapshot => f.write_str("a safe snapshot"),
            Tag::Advisory(key, _) => write!(f, "advisory lock {key}"),
        }
    }
}

/// Whether two modes may not be held by two sessions at once (manual, table 13.2).
pub fn conflicts(a: TableMode, b: TableMode) -> bool {
    use TableMode::{
        AccessExclusive, AccessShare, Exclusive, RowExclusive, RowShare, Share, ShareRowExclusive, ShareUpdateExclusive,
    };
    let (weak, strong) = if a <= b { (a, b) } else { (b, a) };
    match weak {
        AccessShare => strong == AccessExclusive,
        RowShare => strong >= Exclusive,
        RowExclusive => strong >= Share,
        ShareUpdateExclusive => strong >= ShareUpdateExclusive,
        Share => strong >= ShareRowExclusive,
        ShareRowExclusive | Exclusive | AccessExclusive => true,
    }
}

/// For how long a lock is held: to the end of a subtransaction of this depth (0 is the transaction), or until it is given back.
pub type Owner = u16;

/// Held by the session, beyond its transactions.
pub const SESSION: Owner = u16::MAX;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Hold {
    pub session: SessionId,
    pub mode: TableMode,
    pub owner: Owner,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Waiter {
    pub session: SessionId,
    pub mode: TableMode,
    pub owner: Owner,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Lock {
    /// In the order in which they were granted.
    pub holds: Vec<Hold>,
    /// First in line first.
    pub queue: Vec<Waiter>,
}

impl Lock {
    fn refuses(&self, session: SessionId, mode: TableMode) -> bool {
        self.holds.iter().any(|hold| hold.session != session && conflicts(hold.mode, mode))
    }

    fn holds_against(&self, session: SessionId, mode: TableMode) -> bool {
        self.holds.iter().any(|hold| hold.session == session && conflicts(hold.mode, mode))
    }
}

/// What became of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Request {
    Granted,
    /// It would have to wait, and was told not to.
    Refused,
    /// It is in the queue.
    Waiting,
    /// Waiting could never end (two holders that both want more).
    Deadlock,
}

/// All locks.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Locks {
    pub table: BTreeMap<Tag, Lock>,
    /// What each waiting session waits for.
    pub waiting: BTreeMap<SessionId, Tag>,
    /// Locks granted to sessions in their sleep, which have yet to wake and find them.
    granted: BTreeMap<SessionId, (Tag, TableMode)>,
}

impl Locks {
    /// Asks for a lock. Who is told to wait asks again, in the same words, once awake.
    pub fn request(&mut self, session: SessionId, tag: Tag, mode: TableMode, owner: Owner, wait: bool) -> Request {
        if self.granted.get(&session) == Some(&(tag, mode)) {
            self.granted.remove(&session);
            return Request::Granted;
        }
        let lock = self.table.entry(tag).or_default();
        let hold = Hold { session, mode, owner };
        let again = lock.holds.iter().any(|hold| hold.session == session && hold.mode == mode);
        if again || (!lock.refuses(session, mode) && !lock.queue.iter().any(|waiter| conflicts(waiter.mode, mode))) {
            // Only what is given back one by one has to be counted.
            if owner == SESSION || !lock.holds.contains(&hold) {
                lock.holds.push(hold);
            }
            return Request::Granted;
        }
        // Who already holds what an earlier waiter waits for goes before that waiter, or both would wait for ever.
        let before = lock.queue.iter().position(|waiter| lock.holds_against(session, waiter.mode));
        if let Some(before) = before {
            let waiter = lock.queue[before].session;
            if lock.holds_against(waiter, mode) {
                return if wait { Request::Deadlock } else { Request::Refused };
            }
            let ahead = lock.queue[..before].iter().any(|waiter| conflicts(waiter.mode, mode));
            if !ahead && !lock.refuses(session, mode) {
                lock.holds.push(hold);
                return Request::Granted;
            }
        }
        if !wait {
            self.tidy(tag);
            return Request::Refused;
        }
        let at = before.unwrap_or(lock.queue.len());
        lock.queue.insert(at, Waiter { session, mode, owner });
        self.waiting.insert(session, tag);
        Request::Waiting
    }

    /// Whether a session holds a lock in this mode.
    pub fn has(&self, session: SessionId, tag: Tag, mode: TableMode) -> bool {
        self.table
            .get(&tag)
            .is_some_and(|lock| lock.holds.iter().any(|hold| hold.session == session && hold.mode == mode))
    }

    /// Gives one hold back; says whether there was one. Whoever can go on now is added to `woken`.
    pub fn release(
        &mut self,
        session: SessionId,
        tag: Tag,
        mode: TableMode,
        session_level: bool,
        woken: &mut Vec<SessionId>,
    ) -> bool {
        let Some(lock) = self.table.get_mut(&tag) else { return false };
        let held = lock
            .holds
            .iter()
            .rposition(|hold| hold.session == session && hold.mode == mode && (hold.owner == SESSION) == session_level);
        let Some(held) = held else { return false };
        lock.holds.remove(held);
        self.wake(tag, woken);
        true
    }

    /// A session knows of a lock that was granted in its sleep.
    pub fn found(&mut self, session: SessionId, tag: Tag, mode: TableMode) {
        if self.granted.get(&session) == Some(&(tag, mode)) {
            self.granted.remove(&session);
        }
    }

    /// Gives back all holds of a session on one thing.
    pub fn release_tag(&mut self, session: SessionId, tag: Tag, woken: &mut Vec<SessionId>) {
        let Some(lock) = self.table.get_mut(&tag) else { return };
        let before = lock.holds.len();
        lock.holds.retain(|hold| hold.session != session);
        if lock.holds.len() != before {
            self.wake(tag, woken);
        }
    }

    /// Gives back every hold of a session that the question picks.
    pub fn release_where(
        &mut self,
        session: SessionId,
        picked: impl Fn(Tag, Owner) -> bool,
        woken: &mut Vec<SessionId>,
    ) {
        let mut touched = Vec::new();
        for (tag, lock) in &mut self.table {
            let before = lock.holds.len();
            lock.holds.retain(|hold| hold.session != session || !picked(*tag, hold.owner));
            if lock.holds.len() != before {
                touched.push(*tag);
            }
        }
        for tag in touched {
            self.wake(tag, woken);
        }
    }

    /// Hands the holds of a subtransaction to the one around it.
    pub fn hand_up(&mut self, session: SessionId, from: Owner) {
        for lock in self.table.values_mut() {
            for hold in &mut lock.holds {
                if hold.session == session && hold.owner == from {
                    hold.owner = from.saturating_sub(1);
                }
            }
        }
    }

    /// Takes a session out of whatever queue it is in.
    pub fn leave(&mut self, session: SessionId, woken: &mut Vec<SessionId>) {
        if let Some(tag) = self.waiting.remove(&session) {
            if let Some(lock) = self.table.get_mut(&tag) {
                lock.queue.retain(|waiter| waiter.session != session);
            }
            self.wake(tag, woken);
        }
        if let Some((tag, _)) = self.granted.remove(&session) {
            self.tidy(tag);
        }
    }

    /// Grants what can be granted now, in the order of the queue.
    pub fn wake(&mut self, tag: Tag, woken: &mut Vec<SessionId>) {
        let Some(lock) = self.table.get_mut(&tag) else { return };
        let mut ahead: Vec<TableMode> = Vec::new();
        let mut at = 0;
        while at < lock.queue.len() {
            let Waiter { session, mode, owner } = lock.queue[at];
            if ahead.iter().any(|earlier| conflicts(*earlier, mode)) || lock.refuses(session, mode) {
                ahead.push(mode);
                at += 1;
                continue;
            }
            lock.queue.remove(at);
            self.waiting.remove(&session);
            woken.push(session);
            // Who waits for a transaction to end only wants to know that it has.
            if !matches!(tag, Tag::Xid(_)) {
                lock.holds.push(Hold { session, mode, owner });
                self.granted.insert(session, (tag, mode));
            }
        }
        self.tidy(tag);
    }

    fn tidy(&mut self, tag: Tag) {
        if self.table.get(&tag).is_some_and(|lock| lock.holds.is_empty() && lock.queue.is_empty()) {
            self.table.remove(&tag);
        }
    }

    /// Who keeps a session waiting: those that hold what conflicts, then those ahead in the queue whose requests conflict.
    pub fn blockers(&self, session: SessionId) -> Vec<SessionId> {
        let Some(lock) = self.waiting.get(&session).and_then(|tag| self.table.get(tag)) else { return Vec::new() };
        let Some(at) = lock.queue.iter().position(|waiter| waiter.session == session) else { return Vec::new() };
        let mode = lock.queue[at].mode;
        let holders = lock.holds.iter().filter(|hold| conflicts(hold.mode, mode)).map(|hold| hold.session);
        let ahead = lock.queue[..at].iter().filter(|waiter| conflicts(waiter.mode, mode)).map(|waiter| waiter.session);
        let mut out = Vec::new();
        for blocker in holders.chain(ahead) {
            if blocker != session && !out.contains(&blocker) {
                out.push(blocker);
            }
        }
        out
    }
}
