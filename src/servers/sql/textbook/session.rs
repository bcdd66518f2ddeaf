//! Sessions: statements one after the other, transaction control, what failing and ending do.

use std::sync::Arc;

use super::Textbook;
use super::locks::{Lock, On, Span};
use crate::servers::sql::answer::{Answer, Reply};
use crate::servers::sql::ast::{Level, Modes, Name, Statement};
use crate::servers::sql::engine::SessionId;
use crate::servers::sql::error::SqlError;
use crate::servers::sql::eval::Stop;

/// A transaction.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Txn {
    pub level: Level,
    pub read_only: bool,
    /// Whether it was begun by itself, and not for one statement.
    block: bool,
    /// Its number in the history.
    pub number: u32,
    /// With how much the log held by then.
    savepoints: Vec<(Name, usize)>,
}

/// Statements that were sent at once, and how far they have come.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Running {
    statements: Arc<[Statement]>,
    at: u32,
    answer: Answer,
}

/// A session.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Session {
    pub level: Level,
    read_only: bool,
    pub txn: Option<Txn>,
    /// What it is in the middle of.
    running: Option<Running>,
    /// The lock that it waits for.
    pub waiting: Option<Lock>,
}

impl Default for Session {
    fn default() -> Session {
        Session { level: Level::Serializable, read_only: false, txn: None, running: None, waiting: None }
    }
}

impl Session {
    pub fn start(&mut self, statements: Arc<[Statement]>) {
        self.running = Some(Running { statements, at: 0, answer: Answer::default() });
    }

    pub fn is_busy(&self) -> bool {
        self.running.is_some()
    }

    pub fn is_in_block(&self) -> bool {
        self.txn.as_ref().is_some_and(|txn| txn.block)
    }

    /// Forgets what it is in the middle of.
    pub fn abandon(&mut self) {
        (self.txn, self.running, self.waiting) = (None, None, None);
    }
}

fn done(tag: &str) -> Reply {
    Reply::Done(tag.into())
}

impl Textbook {
    pub(super) fn session(&self, session: SessionId) -> Option<&Session> {
        self.sessions.get(usize::from(session))
    }

    pub(super) fn session_mut(&mut self, session: SessionId) -> Option<&mut Session> {
        self.sessions.get_mut(usize::from(session))
    }

    fn txn_mut(&mut self, session: SessionId) -> Option<&mut Txn> {
        self.session_mut(session)?.txn.as_mut()
    }

    /// The transaction of a statement, begun where there is none.
    pub(super) fn need_txn(&mut self, session: SessionId, block: bool) -> Option<&mut Txn> {
        if self.session(session)?.txn.is_none() {
            let number = self.history.begin(session);
            let own = self.session_mut(session)?;
            let (level, read_only) = (own.level, own.read_only);
            own.txn = Some(Txn { level, read_only, block, number, savepoints: Vec::new() });
        }
        self.txn_mut(session)
    }

    /// Goes on with what a session runs; gives the answer if it comes to the end.
    pub(super) fn run(&mut self, session: SessionId) -> Option<Answer> {
        loop {
            let running = self.session(session)?.running.as_ref()?;
            let (statements, at) = (Arc::clone(&running.statements), running.at as usize);
            let Some(statement) = statements.get(at) else { return Some(self.take_answer(session)) };
            match self.statement(session, statement) {
                Ok(reply) => {
                    let running = self.session_mut(session)?.running.as_mut()?;
                    running.answer.replies.push(reply);
                    running.at += 1;
                    if !self.session(session)?.is_in_block() {
                        self.end(session, true);
                    }
                }
                Err(Stop::Wait) => return None,
                Err(Stop::Error(error)) => return Some(self.failed(session, error, false)),
            }
        }
    }

    fn take_answer(&mut self, session: SessionId) -> Answer {
        let running = self.session_mut(session).and_then(|session| session.running.take());
        running.map(|running| running.answer).unwrap_or_default()
    }

    /// A statement fails, of which nothing is left; with it the whole transaction, or not.
    pub(super) fn failed(&mut self, session: SessionId, error: SqlError, whole: bool) -> Answer {
        self.queue.retain(|other| *other != session);
        let mut answer = self.take_answer(session);
        answer.replies.push(Reply::Error(error));
        if let Some(own) = self.session_mut(session) {
            own.waiting = None;
            if whole || !own.is_in_block() {
                self.end(session, false);
            } else {
                self.release(session, |lock| lock.span == Span::Short);
            }
        }
        answer
    }

    /// What a statement held for its own time is given up; the cursor stands on what it read last, if it read anything.
    pub(super) fn statement_over(&mut self, session: SessionId, cursor: Option<(u32, u32)>) {
        if let Some((table, id)) = cursor {
            for lock in self.locks.iter_mut().filter(|lock| lock.session == session && lock.span <= Span::Cursor) {
                let is_here = (lock.table, &lock.on) == (table, &On::Row(id));
                lock.span = if is_here { Span::Cursor } else { Span::Short };
            }
        }
        self.release(session, |lock| lock.span == Span::Short);
    }

    /// Ends a transaction.
    fn end(&mut self, session: SessionId, commit: bool) {
        let Some(txn) = self.session_mut(session).and_then(|session| session.txn.take()) else { return };
        if commit {
            self.log.retain(|undo| undo.session != session);
            self.history.committed(txn.number);
        } else {
            let undone = self.undo(0, |undo| undo.session == session);
            self.note_undone(undone);
            self.history.aborted(txn.number);
        }
        self.sweep();
        self.release(session, |_| true);
        if self.tables.is_empty() && self.sessions.iter().all(|session| session.txn.is_none()) {
            // Nothing is left that a number could stand in: equal situations are equal again.
            (self.next_id, self.writes) = (0, 0);
        }
    }

    fn statement(&mut self, session: SessionId, statement: &Statement) -> Result<Reply, Stop> {
        Ok(match statement {
            Statement::Begin { modes, start } => {
                self.need_txn(session, true);
                self.modes(session, *modes);
                done(if *start { "START TRANSACTION" } else { "BEGIN" })
            }
            Statement::Commit => {
                self.end(session, true);
                done("COMMIT")
            }
            Statement::Rollback => {
                self.end(session, false);
                done("ROLLBACK")
            }
            Statement::Savepoint(name) => {
                self.block_only(session, "SAVEPOINT")?;
                let logged = self.log.iter().filter(|undo| undo.session == session).count();
                if let Some(txn) = self.txn_mut(session) {
                    txn.savepoints.push((name.clone(), logged));
                }
                done("SAVEPOINT")
            }
            Statement::RollbackTo(name) => {
                self.block_only(session, "ROLLBACK TO SAVEPOINT")?;
                let at = self.savepoint(session, name)?;
                let logged = self.txn_mut(session).map_or(0, |txn| {
                    txn.savepoints.truncate(at + 1);
                    txn.savepoints.last().map_or(0, |(_, logged)| *logged)
                });
                let own = (0..self.log.len()).filter(|place| self.log[*place].session == session).nth(logged);
                let undone = self.undo(own.unwrap_or(self.log.len()), |undo| undo.session == session);
                self.note_undone(undone);
                done("ROLLBACK")
            }
            Statement::Release(name) => {
                self.block_only(session, "RELEASE SAVEPOINT")?;
                let at = self.savepoint(session, name)?;
                if let Some(txn) = self.txn_mut(session) {
                    txn.savepoints.truncate(at);
                }
                done("RELEASE")
            }
            Statement::SetTransaction(modes) => {
                self.modes(session, *modes);
                done("SET")
            }
            Statement::SetSession(modes) => {
                if let Some(session) = self.session_mut(session) {
                    session.level = modes.level.unwrap_or(session.level);
                    session.read_only = modes.read_only.unwrap_or(session.read_only);
                }
                done("SET")
            }
            // PostgreSQL's and MariaDB's, so that one file can be run on any of them.
            Statement::Set { .. } => done("SET"),
            Statement::CreateTable(_) | Statement::CreateIndex(_) | Statement::DropTable { .. } => {
                self.end(session, true);
                self.ddl(session, statement)?
            }
            Statement::LockTable { .. } => {
                return Err(SqlError::unsupported("LOCK TABLE in the textbook database").into());
            }
            other => self.data(session, other)?,
        })
    }

    fn modes(&mut self, session: SessionId, modes: Modes) {
        if let Some(txn) = self.txn_mut(session) {
            txn.level = modes.level.unwrap_or(txn.level);
            txn.read_only = modes.read_only.unwrap_or(txn.read_only);
        }
    }

    fn block_only(&self, session: SessionId, what: &str) -> Result<(), SqlError> {
        if self.session(session).is_some_and(Session::is_in_block) {
            return Ok(());
        }
        Err(SqlError::new("25P01", format!("{what} can only be used in transaction blocks")))
    }

    fn savepoint(&self, session: SessionId, name: &str) -> Result<usize, SqlError> {
        let txn = self.session(session).and_then(|session| session.txn.as_ref());
        let found = txn.and_then(|txn| txn.savepoints.iter().rposition(|(known, _)| known == name));
        found.ok_or_else(|| SqlError::new("3B001", format!("savepoint \"{name}\" does not exist")))
    }
}
