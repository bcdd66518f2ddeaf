//! Two-phase locking as books draw it: one version of each row, changed in place and undone from a log; a level is for how long a transaction holds the locks
//! under which it reads and writes (Berenson, Bernstein, Gray, Melton, O'Neil, O'Neil: "A Critique of ANSI SQL Isolation Levels", SIGMOD 1995, section 2.3
//! and table 2; Gray, Lorie, Putzolu, Traiger 1976 for the degrees).
//!
//! A statement is one action: others see all of it or nothing. Where it has to wait, what it wrote is undone, the locks that it has got stay, and it runs
//! again from its beginning once its session is awake.

mod change;
mod ddl;
mod exec;
mod locks;
mod session;
mod store;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::answer::{Answer, Reply};
use super::ast::{Level, Statement};
use super::bind::Catalog;
use super::engine::{Engine, MAX_SESSIONS, RowLock, SessionId, Waiting};
use super::error::SqlError;
use super::history::History;
use super::schema::{Row, Table};
use locks::{Lock, On};
use session::Session;
use store::{Stored, Undo};

/// After how long a session that waits looks for a deadlock, in milliseconds.
const PATIENCE_MS: u64 = 1000;

/// A database with its sessions.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Textbook {
    tables: BTreeMap<u32, Stored>,
    next_id: u32,
    sessions: Vec<Session>,
    /// Those that are held, in the order in which they were got.
    locks: Vec<Lock>,
    /// What has been written and is not committed, in order, with what was there before.
    log: Vec<Undo>,
    /// Sessions that wait, in the order in which they began to.
    queue: Vec<SessionId>,
    /// Sessions that were woken and have not run yet; empty between calls.
    ready: Vec<SessionId>,
    /// Numbers of statements that wrote, for the history.
    writes: u32,
    history: History,
}

impl Catalog for Textbook {
    fn table(&self, name: &str) -> Option<&Table> {
        self.tables.values().find(|stored| stored.table.name == name).map(|stored| &*stored.table)
    }
}

impl Textbook {
    /// An empty database.
    #[must_use]
    pub fn new() -> Textbook {
        Textbook::default()
    }

    /// Rolls back whatever is open, the latest change first.
    pub fn roll_back_all(&mut self) {
        self.undo(0, |_| true);
        self.locks.clear();
        self.queue.clear();
        for session in &mut self.sessions {
            session.abandon();
        }
        self.sweep();
    }

    /// What is in it, committed or not: tables in order of creation, each with its rows in the order in which they came.
    pub fn contents(&self) -> impl Iterator<Item = (&Table, impl Iterator<Item = &Row> + Clone)> {
        self.tables.values().map(|stored| (&*stored.table, stored.rows.iter().filter_map(|slot| slot.row.as_ref())))
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

    fn stop(&mut self, session: SessionId, error: SqlError, whole: bool) -> Vec<(SessionId, Answer)> {
        let mut out = vec![(session, self.failed(session, error, whole))];
        out.append(&mut self.settle());
        out
    }

    /// Whether a session waits, however far round, for itself.
    fn is_in_circle(&self, session: SessionId) -> bool {
        let mut seen = self.blockers(session);
        let mut at = 0;
        while let Some(next) = seen.get(at) {
            let new: Vec<SessionId> = self.blockers(*next).into_iter().filter(|other| !seen.contains(other)).collect();
            seen.extend(new);
            at += 1;
        }
        seen.contains(&session)
    }
}

impl Engine for Textbook {
    fn connect(&mut self) -> Result<SessionId, SqlError> {
        if self.sessions.len() >= MAX_SESSIONS {
            return Err(SqlError::new("53300", "sorry, too many clients already"));
        }
        self.sessions.push(Session::default());
        Ok((self.sessions.len() - 1) as SessionId)
    }

    fn set_default_level(&mut self, session: SessionId, level: Level) {
        if let Some(session) = self.session_mut(session) {
            session.level = level;
        }
    }

    fn execute(&mut self, session: SessionId, statements: Arc<[Statement]>) -> Vec<(SessionId, Answer)> {
        let refusal = match self.session_mut(session) {
            None => "this session does not exist",
            Some(busy) if busy.is_busy() => "another command is already in progress",
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
        let want = self.session(session)?.waiting.as_ref()?;
        let by = self.blockers(session);
        let in_the_way = self.locks.iter().find(|lock| lock.conflicts(want))?;
        Some(Waiting { on: self.words(want, in_the_way), by })
    }

    /// Then it looks for a deadlock.
    fn patience_ms(&self, _: SessionId) -> u64 {
        PATIENCE_MS
    }

    /// Who finds itself in a circle is rolled back.
    fn lose_patience(&mut self, session: SessionId) -> Vec<(SessionId, Answer)> {
        if !self.is_in_circle(session) {
            return Vec::new();
        }
        self.stop(session, SqlError::new("40P01", "deadlock detected"), true)
    }

    fn cancel(&mut self, session: SessionId) -> Vec<(SessionId, Answer)> {
        if self.waiting(session).is_none() {
            return Vec::new();
        }
        self.stop(session, SqlError::new("57014", "canceling statement due to user request"), false)
    }

    fn in_transaction(&self, session: SessionId) -> bool {
        self.session(session).is_some_and(Session::is_in_block)
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
        for (table, stored) in &self.tables {
            for slot in &*stored.rows {
                for lock in self.locks.iter().filter(|lock| lock.table == *table && lock.on == On::Row(slot.id)) {
                    let Some(row) = slot.row.as_ref().or(lock.images.first()) else { continue };
                    let mode = if lock.write { "write lock" } else { "read lock" };
                    out.push(RowLock { session: lock.session, table: *table, row: Arc::clone(row), mode });
                }
            }
        }
        out
    }
}
