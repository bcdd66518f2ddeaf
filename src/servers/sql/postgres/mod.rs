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
mod semijoin;
mod session;
mod ssi;
mod txn;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use heap::Tid;
pub use locks::Tag;
pub use txn::Xid;

pub use super::engine::SessionId;

use super::answer::{Answer, Reply};
use super::ast::{Level, Statement};
use super::bind::Catalog;
use super::engine::{Engine, MAX_SESSIONS, RowLock, Waiting};
use super::error::SqlError;
use super::history::History;
use super::schema::Table;
use deadlock::Found;
use heap::Stored;
use locks::Locks;
use session::Session;
use ssi::Ssi;
use txn::{State, XidInfo};

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

impl Postgres {
    /// An empty database.
    #[must_use]
    pub fn new() -> Postgres {
        Postgres::default()
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

impl Engine for Postgres {
    fn connect(&mut self) -> Result<SessionId, SqlError> {
        if self.sessions.len() >= MAX_SESSIONS {
            return Err(SqlError::new("53300", "sorry, too many clients already"));
        }
        self.sessions.push(Session::default());
        Ok((self.sessions.len() - 1) as SessionId)
    }

    /// As `default_transaction_isolation`.
    fn set_default_level(&mut self, session: SessionId, level: Level) {
        if let Some(session) = self.session_mut(session) {
            session.level = level;
        }
    }

    fn execute(&mut self, session: SessionId, statements: Arc<[Statement]>) -> Vec<(SessionId, Answer)> {
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

    fn waiting(&self, session: SessionId) -> Option<Waiting> {
        if let Some(by) = self.ssi.blockers(session) {
            return Some(Waiting { on: Tag::SafeSnapshot.to_string(), by });
        }
        let on = self.locks.waiting.get(&session)?.to_string();
        Some(Waiting { on, by: self.locks.blockers(session) })
    }

    /// Its `deadlock_timeout`: then it looks for a deadlock, once.
    fn patience_ms(&self, session: SessionId) -> u64 {
        self.session(session).map_or(session::DEADLOCK_TIMEOUT_MS, |session| session.deadlock_timeout_ms)
    }

    /// Where there is a deadlock it gives up (40P01), unless another order in a queue dissolves it.
    fn lose_patience(&mut self, session: SessionId) -> Vec<(SessionId, Answer)> {
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

    /// 57014.
    fn cancel(&mut self, session: SessionId) -> Vec<(SessionId, Answer)> {
        if self.waiting(session).is_none() {
            return Vec::new();
        }
        let answer = self.give_up(session, SqlError::new("57014", "canceling statement due to user request"));
        let mut out = vec![(session, answer)];
        out.append(&mut self.settle());
        out
    }

    fn in_transaction(&self, session: SessionId) -> bool {
        self.txn(session).is_some()
    }

    fn history(&self) -> &History {
        &self.history
    }

    fn clear_history(&mut self) {
        self.history = History::default();
    }

    fn tables(&self) -> Vec<&Table> {
        self.tables.values().map(|stored| &*stored.table).collect()
    }

    fn row_locks(&self) -> Vec<RowLock> {
        let mut out = Vec::new();
        for stored in self.tables.values() {
            for tuple in stored.heap.iter() {
                for member in self.live_members(tuple) {
                    if let State::Running(session) = self.info(member.xid).state {
                        let (table, row, mode) = (stored.table.id, Arc::clone(&tuple.values), member.mode.words());
                        out.push(RowLock { session, table, row, mode });
                    }
                }
            }
        }
        out
    }
}
