//! PostgreSQL 15: multiversion concurrency control, row and table locks, SERIALIZABLE, as one value without a clock.
//!
//! A statement runs as ordinary code. Where it has to wait, it stops; once its session is awake it runs again from its beginning, and everything that it
//! did before is not done but read from its *journal* ([`exec`]). So a waiting statement is plain data, and the whole database can be cloned, compared and
//! hashed at any moment.

mod constraints;
mod ddl;
mod deadlock;
mod exec;
mod heap;
mod insert;
mod locks;
mod minmax;
mod modify;
mod notes;
mod plan;
mod rows;
mod scan;
mod select;
mod session;
mod ssi;
mod txn;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use heap::Tid;
pub use locks::Tag;
pub use txn::Xid;

use super::answer::{Answer, Reply};
use super::ast::{Level, Statement};
use super::bind::Catalog;
use super::error::SqlError;
use super::history::History;
use super::schema::Table;
use deadlock::Found;
use heap::Stored;
use locks::Locks;
use session::Session;
use ssi::Ssi;
use txn::XidInfo;

/// Number of a session, from 0.
pub type SessionId = u16;

/// Most sessions.
pub const MAX_SESSIONS: usize = 64;

/// A database with its sessions.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Postgres {
    tables: BTreeMap<u32, Stored>,
    next_id: u32,
    sessions: Vec<Session>,
    xids: Vec<XidInfo>,
    locks: Locks,
    ssi: Ssi,
    /// Sessions that were woken and have not run yet; empty between calls.
    ready: Vec<SessionId>,
    history: History,
}

/// The catalogue as one session sees it: what others have not committed is not there.
struct Visible<'a> {
    postgres: &'a Postgres,
    session: SessionId,
}

impl Catalog for Visible<'_> {
    fn table(&self, name: &str) -> Option<&Table> {
        let visible = |stored: &&Stored| {
            stored.table.name == name
                && stored.created_by.is_none_or(|by| by == self.session)
                && stored.dropped_by != Some(self.session)
        };
        self.postgres.tables.values().find(visible).map(|stored| &*stored.table)
    }
}

/// What a session waits for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waiting {
    /// The lock.
    pub on: Tag,
    /// Who holds it, or is ahead in the queue.
    pub by: Vec<SessionId>,
}

impl Postgres {
    /// An empty database.
    #[must_use]
    pub fn new() -> Postgres {
        Postgres::default()
    }

    /// Opens a session.
    pub fn connect(&mut self) -> Result<SessionId, SqlError> {
        if self.sessions.len() >= MAX_SESSIONS {
            return Err(SqlError::new("53300", "sorry, too many clients already"));
        }
        self.sessions.push(Session::default());
        Ok((self.sessions.len() - 1) as SessionId)
    }

    /// The level of transactions that name none, as `default_transaction_isolation`.
    pub fn set_default_level(&mut self, session: SessionId, level: Level) {
        if let Some(session) = self.session_mut(session) {
            session.level = level;
        }
    }

    /// Sends statements to a session that is not busy. What comes back are the answers of all sessions that finished by it, in the order in which they did; a
    /// session that is not among them waits. To a busy session nothing can be sent: that is an error of the caller, told as one of the server.
    pub fn execute(&mut self, session: SessionId, statements: Arc<[Statement]>) -> Vec<(SessionId, Answer)> {
        let refusal = match self.session_mut(session) {
            None => "this session does not exist",
            Some(busy) if busy.running.is_some() => "another command is already in progress",
            Some(idle) => {
                idle.start(statements);
                self.ready.push(session);
                return self.settle();
            }
        };
        let error = SqlError::new("55000", refusal);
        vec![(session, Answer { replies: vec![Reply::Error(error)], notices: Vec::new() })]
    }

    /// What a session waits for, if it does.
    pub fn waiting(&self, session: SessionId) -> Option<Waiting> {
        if let Some(by) = self.ssi.blockers(session) {
            return Some(Waiting { on: Tag::SafeSnapshot, by });
        }
        let on = *self.locks.waiting.get(&session)?;
        Some(Waiting { on, by: self.locks.blockers(session) })
    }

    /// The `deadlock_timeout` of a session, in milliseconds: how long it waits before it looks for a deadlock, once.
    pub fn deadlock_timeout_ms(&self, session: SessionId) -> u64 {
        self.session(session).map_or(session::DEADLOCK_TIMEOUT_MS, |session| session.deadlock_timeout_ms)
    }

    /// A session that has waited for its `deadlock_timeout` looks for a deadlock. Where there is one it gives up (40P01), unless another order in a queue
    /// dissolves it. Gives the answers of all sessions that finished by it.
    pub fn check_deadlock(&mut self, session: SessionId) -> Vec<(SessionId, Answer)> {
        let mut woken = Vec::new();
        let found = self.locks.check(session, &mut woken);
        self.ready.append(&mut woken);
        let mut out = Vec::new();
        if found == Found::Deadlock {
            let answer = self.give_up(session, SqlError::new("40P01", "deadlock detected"));
            out.push((session, answer));
        }
        out.append(&mut self.settle());
        out
    }

    /// Stops what a session is waiting for, as a cancel request does (57014).
    pub fn cancel(&mut self, session: SessionId) -> Vec<(SessionId, Answer)> {
        if self.waiting(session).is_none() {
            return Vec::new();
        }
        let answer = self.give_up(session, SqlError::new("57014", "canceling statement due to user request"));
        let mut out = vec![(session, answer)];
        out.append(&mut self.settle());
        out
    }

    /// Whether a session is in a transaction block.
    pub fn in_transaction(&self, session: SessionId) -> bool {
        self.txn(session).is_some()
    }

    /// What was read, written, committed and rolled back so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Forgets the history so far.
    pub fn clear_history(&mut self) {
        self.history = History::default();
    }

    fn settle(&mut self) -> Vec<(SessionId, Answer)> {
        let mut out = Vec::new();
        while !self.ready.is_empty() {
            let session = self.ready.remove(0);
            if let Some(answer) = self.run(session) {
                out.push((session, answer));
            }
        }
        out
    }
}
