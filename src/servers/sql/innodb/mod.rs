//! InnoDB as MariaDB 10.11 has it: rows in a clustered index with their older versions, consistent reads beside current reads, record, gap and next-key locks,
//! deadlocks found at once. Sources: MariaDB's documentation of InnoDB's lock modes and isolation levels, and the real server, which `make fidelity` compares.
//!
//! As in the simulated PostgreSQL, a statement that has to wait stops, and runs again from its beginning once it is awake; what it did before is read from
//! its journal ([`exec`]).

mod access;
mod change;
mod ddl;
mod exec;
mod fail;
mod insert;
mod locks;
mod scan;
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
use super::schema::Table;
use locks::{Lock, On};
use session::{Info, Session};
use store::{SUPREMUM, Stored};

/// Number of a transaction, in order of their first access; 0 is nobody.
type TrxId = u32;

/// A database with its sessions.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Innodb {
    tables: BTreeMap<u32, Stored>,
    next_id: u32,
    sessions: Vec<Session>,
    /// All transactions, by number from 1.
    trxs: Vec<Info>,
    /// How many have committed.
    commits: u32,
    /// How many were to write.
    writers: u32,
    /// In the order in which they were asked for: the queue of each record is the part that covers it.
    locks: Vec<Lock>,
    /// Who waits, and for whom: the first in the queue that is in the way.
    waits: BTreeMap<TrxId, TrxId>,
    /// Transactions that may have become part of a deadlock as others' queues moved.
    suspects: Vec<TrxId>,
    /// Sessions that were woken and have not run yet; empty between calls.
    ready: Vec<SessionId>,
    /// Sessions chosen to give up, for the sake of others; empty between calls.
    doomed: Vec<SessionId>,
    /// Numbers of statements that wrote, for the history.
    writes: u32,
    history: History,
}

impl Catalog for Innodb {
    fn table(&self, name: &str) -> Option<&Table> {
        self.tables.values().find(|stored| stored.table.name == name).map(|stored| &*stored.table)
    }
}

impl Innodb {
    /// An empty database.
    #[must_use]
    pub fn new() -> Innodb {
        Innodb::default()
    }

    fn settle(&mut self) -> Vec<(SessionId, Answer)> {
        let mut out = Vec::new();
        loop {
            self.resolve();
            if !self.doomed.is_empty() {
                let session = self.doomed.remove(0);
                out.push((session, self.failed(session, fail::deadlock())));
            } else if !self.ready.is_empty() {
                let session = self.ready.remove(0);
                if let Some(answer) = self.run(session) {
                    out.push((session, answer));
                }
            } else {
                return out;
            }
        }
    }

    fn stop(&mut self, session: SessionId, error: SqlError) -> Vec<(SessionId, Answer)> {
        if self.waiting(session).is_none() {
            return Vec::new();
        }
        let mut out = vec![(session, self.failed(session, error))];
        out.append(&mut self.settle());
        out
    }
}

impl Engine for Innodb {
    fn connect(&mut self) -> Result<SessionId, SqlError> {
        if self.sessions.len() >= MAX_SESSIONS {
            return Err(fail::error(1040, "08004", "Too many connections"));
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
            Some(busy) if busy.running.is_some() => "another command is already in progress",
            Some(idle) => {
                idle.start(statements);
                self.ready.push(session);
                return self.settle();
            }
        };
        vec![(session, Answer { replies: vec![Reply::Error(SqlError::unsupported(refusal))], notices: Vec::new() })]
    }

    fn waiting(&self, session: SessionId) -> Option<Waiting> {
        let trx = self.session(session)?.trx.as_ref()?.id;
        let by = self.waits.get(&trx)?;
        let lock = self.locks.iter().find(|lock| lock.trx == trx && lock.waiting)?;
        let On::Index(place, _) = lock.on else { return None };
        let stored = self.tables.get(&place.table)?;
        let index = stored.table.indexes.get(usize::from(place.index)).map_or("its rows", |index| &index.name);
        let heap = lock.heaps.first().copied().unwrap_or(SUPREMUM);
        let key = stored.find(place.index, heap).map_or_else(|| "the end".to_owned(), |entry| fail::key(&entry.key));
        Some(Waiting { on: format!("{key} in {index} of {}", stored.table.name), by: vec![self.session_of(*by)] })
    }

    /// `innodb_lock_wait_timeout`.
    fn patience_ms(&self, session: SessionId) -> u64 {
        self.session(session).map_or(0, |session| session.lock_wait_timeout_ms)
    }

    /// The statement fails with 1205; the transaction goes on (`innodb_rollback_on_timeout` is off).
    fn lose_patience(&mut self, session: SessionId) -> Vec<(SessionId, Answer)> {
        self.stop(session, fail::timeout())
    }

    /// 1317.
    fn cancel(&mut self, session: SessionId) -> Vec<(SessionId, Answer)> {
        self.stop(session, fail::error(1317, "70100", "Query execution was interrupted"))
    }

    fn in_transaction(&self, session: SessionId) -> bool {
        self.session(session).is_some_and(|session| session.block.is_some())
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
            for entry in stored.entries(stored.clustered) {
                let Some(version) = entry.newest() else { continue };
                for (trx, mode) in self.modes(stored.clustered(), entry) {
                    let (session, table, row) = (self.session_of(trx), stored.table.id, Arc::clone(&version.values));
                    out.push(RowLock { session, table, row, mode });
                }
            }
        }
        out
    }
}
