//! Sessions and transactions: statements one after the other, transaction control, what failing and ending do.

use std::sync::Arc;

use super::exec::Entry;
use super::locks::Want;
use super::store::Undo;
use super::{Innodb, TrxId, fail};
use crate::servers::sql::answer::{Answer, Reply};
use crate::servers::sql::ast::{Level, Modes, Name, Statement};
use crate::servers::sql::engine::SessionId;
use crate::servers::sql::error::SqlError;
use crate::servers::sql::eval::Stop;
use crate::servers::sql::value::Value;

/// `innodb_lock_wait_timeout` where nobody sets it, in milliseconds.
const LOCK_WAIT_TIMEOUT_MS: u64 = 50_000;

/// A transaction of which nothing but its end is asked any more.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Info {
    session: SessionId,
    level: Level,
    active: bool,
    /// The how-manieth commit it was.
    committed: Option<u32>,
    /// Its number in the history.
    number: u32,
    /// The how-manieth it was that was to write; 0 where it only reads. The server's own numbers are given in this order.
    writer: u32,
}

/// What a session has between BEGIN and its end.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Block {
    level: Level,
    read_only: bool,
    savepoints: Vec<Savepoint>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Savepoint {
    name: Name,
    /// How much had been changed; none where the transaction had not reached InnoDB yet.
    undo: Option<usize>,
}

/// A transaction that has reached InnoDB.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Trx {
    pub id: TrxId,
    pub level: Level,
    /// What consistent reads see: how many had committed.
    pub view: Option<u32>,
    /// What it changed, and the number of the statement that did.
    undo: Vec<(u32, Undo)>,
    /// Its number in the history.
    pub number: u32,
}

/// A session.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Session {
    pub level: Level,
    /// For the next transaction only.
    next: Option<Level>,
    read_only: bool,
    pub lock_wait_timeout_ms: u64,
    pub block: Option<Block>,
    pub trx: Option<Trx>,
    /// What it is in the middle of.
    pub running: Option<Running>,
}

impl Default for Session {
    fn default() -> Session {
        Session {
            level: Level::RepeatableRead,
            next: None,
            read_only: false,
            lock_wait_timeout_ms: LOCK_WAIT_TIMEOUT_MS,
            block: None,
            trx: None,
            running: None,
        }
    }
}

/// Statements that were sent at once, and how far they have come.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Running {
    statements: Arc<[Statement]>,
    at: u32,
    answer: Answer,
    /// What the current statement has done so far.
    pub journal: Vec<Entry>,
    /// The key that it waits at, to go on there although others may have come before it.
    pub resume: Option<Vec<Value>>,
    /// The number under which it writes.
    write: Option<u32>,
    /// How much had been changed before it.
    undo: usize,
}

impl Session {
    pub fn start(&mut self, statements: Arc<[Statement]>) {
        self.running = Some(Running {
            statements,
            at: 0,
            answer: Answer::default(),
            journal: Vec::new(),
            resume: None,
            write: None,
            undo: 0,
        });
    }
}

pub(super) fn done(tag: impl Into<Arc<str>>) -> Reply {
    Reply::Done(tag.into())
}

impl Innodb {
    pub(super) fn session(&self, session: SessionId) -> Option<&Session> {
        self.sessions.get(usize::from(session))
    }

    pub(super) fn session_mut(&mut self, session: SessionId) -> Option<&mut Session> {
        self.sessions.get_mut(usize::from(session))
    }

    pub(super) fn running_mut(&mut self, session: SessionId) -> Option<&mut Running> {
        self.session_mut(session)?.running.as_mut()
    }

    pub(super) fn trx(&self, session: SessionId) -> Option<&Trx> {
        self.session(session)?.trx.as_ref()
    }

    fn info(&self, trx: TrxId) -> Option<&Info> {
        self.trxs.get((trx as usize).checked_sub(1)?)
    }

    pub(super) fn session_of(&self, trx: TrxId) -> SessionId {
        self.info(trx).map_or(SessionId::MAX, |info| info.session)
    }

    pub(super) fn level_of(&self, trx: TrxId) -> Level {
        self.info(trx).map_or(Level::RepeatableRead, |info| info.level)
    }

    pub(super) fn is_active(&self, trx: TrxId) -> bool {
        self.info(trx).is_some_and(|info| info.active)
    }

    pub(super) fn committed_at(&self, trx: TrxId) -> Option<u32> {
        self.info(trx)?.committed
    }

    /// Gives a transaction that is to write its place among those.
    pub(super) fn is_to_write(&mut self, trx: TrxId) {
        let next = self.writers + 1;
        let info = (trx as usize).checked_sub(1).and_then(|at| self.trxs.get_mut(at));
        if let Some(info) = info.filter(|info| info.writer == 0) {
            info.writer = next;
            self.writers = next;
        }
    }

    /// A transaction's place among those that write.
    pub(super) fn writer(&self, trx: TrxId) -> u32 {
        self.info(trx).map_or(0, |info| info.writer)
    }

    /// The first among those that write and run.
    pub(super) fn oldest_writer(&self) -> u32 {
        let running = self.trxs.iter().filter(|info| info.active && info.writer > 0);
        running.map(|info| info.writer).min().unwrap_or(u32::MAX)
    }

    /// Which transaction has a number in the history.
    pub(super) fn numbered(&self, number: u32) -> Option<TrxId> {
        self.trxs.iter().position(|info| info.number == number).map(|at| at as TrxId + 1)
    }

    /// How many rows a transaction has changed.
    pub(super) fn changes(&self, trx: TrxId) -> usize {
        let undo = self.trx(self.session_of(trx)).map_or(&[][..], |trx| &trx.undo);
        undo.iter().filter(|(_, undo)| matches!(undo, Undo::Version(..))).count()
    }

    /// The oldest moment that somebody may still look at.
    pub(super) fn oldest_view(&self) -> u32 {
        let views = self.sessions.iter().filter_map(|session| session.trx.as_ref()?.view);
        views.min().unwrap_or(self.commits)
    }

    /// The transaction of a statement, begun where there is none.
    pub(super) fn need_trx(&mut self, session: SessionId) -> TrxId {
        if let Some(trx) = self.trx(session) {
            return trx.id;
        }
        let number = self.history.begin(session);
        let Some(own) = self.sessions.get_mut(usize::from(session)) else { return 0 };
        let level = match &own.block {
            Some(block) => block.level,
            None => own.next.take().unwrap_or(own.level),
        };
        self.trxs.push(Info { session, level, active: true, committed: None, number, writer: 0 });
        let id = self.trxs.len() as TrxId;
        own.trx = Some(Trx { id, level, view: None, undo: Vec::new(), number });
        id
    }

    /// What a consistent read sees: at READ COMMITTED what is committed now, else what was when the transaction first looked.
    pub(super) fn view(&mut self, session: SessionId) -> u32 {
        let commits = self.commits;
        let Some(trx) = self.session_mut(session).and_then(|session| session.trx.as_mut()) else { return commits };
        if trx.level <= Level::ReadCommitted {
            return commits;
        }
        *trx.view.get_or_insert(commits)
    }

    pub(super) fn log(&mut self, trx: TrxId, undo: Undo) {
        let session = self.session_of(trx);
        let write = self.write_number(session);
        if let Some(trx) = self.session_mut(session).and_then(|session| session.trx.as_mut()) {
            trx.undo.push((write, undo));
        }
    }

    /// The number under which the current statement writes.
    pub(super) fn write_number(&mut self, session: SessionId) -> u32 {
        if let Some(write) = self.session(session).and_then(|session| session.running.as_ref()?.write) {
            return write;
        }
        self.writes += 1;
        let write = self.writes;
        if let Some(number) = self.trx(session).map(|trx| trx.number) {
            self.history.name(write, number);
        }
        if let Some(running) = self.running_mut(session) {
            running.write = Some(write);
        }
        write
    }

    /// Begins to wait, and looks for a deadlock at once. Another that is to give up leaves its queue now and is undone as soon as this one has stopped; where
    /// only its request was in the way, there is nothing left to wait for.
    pub(super) fn wait(&mut self, trx: TrxId, want: Want, by: TrxId) -> Result<(), Stop> {
        self.enqueue(trx, want, by);
        match self.victim(trx) {
            Some(victim) if victim == trx => return Err(fail::deadlock().into()),
            Some(victim) => self.doom(victim),
            None => {}
        }
        if self.waits.contains_key(&trx) {
            return Err(Stop::Wait);
        }
        let session = self.session_of(trx);
        self.ready.retain(|other| *other != session);
        Ok(())
    }

    fn doom(&mut self, victim: TrxId) {
        self.leave_queue(victim);
        let session = self.session_of(victim);
        self.ready.retain(|other| *other != session);
        self.doomed.push(session);
    }

    /// Looks for deadlocks that came about as queues moved.
    pub(super) fn resolve(&mut self) {
        while let Some(trx) = self.suspects.pop() {
            if let Some(victim) = self.victim(trx) {
                self.doom(victim);
            }
        }
    }

    /// Goes on with what a session runs; gives the answer if it comes to the end.
    pub(super) fn run(&mut self, session: SessionId) -> Option<Answer> {
        loop {
            let undo = self.trx(session).map_or(0, |trx| trx.undo.len());
            let running = self.running_mut(session)?;
            let (statements, at) = (Arc::clone(&running.statements), running.at as usize);
            let Some(statement) = statements.get(at) else { return Some(self.take_answer(session)) };
            if running.journal.is_empty() && running.resume.is_none() {
                running.undo = undo;
            }
            match self.statement(session, statement) {
                Ok(reply) => {
                    let running = self.running_mut(session)?;
                    running.answer.replies.push(reply);
                    running.at += 1;
                    self.next_statement(session);
                    if self.session(session)?.block.is_none() {
                        self.end(session, true);
                    }
                }
                Err(Stop::Wait) => return None,
                Err(Stop::Error(error)) => return Some(self.failed(session, error)),
            }
        }
    }

    fn next_statement(&mut self, session: SessionId) {
        if let Some(running) = self.running_mut(session) {
            running.journal.clear();
            running.resume = None;
            running.write = None;
        }
    }

    fn take_answer(&mut self, session: SessionId) -> Answer {
        let running = self.session_mut(session).and_then(|session| session.running.take());
        running.map(|running| running.answer).unwrap_or_default()
    }

    /// A deadlock undoes the transaction, anything else the statement.
    pub(super) fn failed(&mut self, session: SessionId, error: SqlError) -> Answer {
        let error = fail::translated(error);
        let undo = self.session(session).and_then(|session| session.running.as_ref()).map_or(0, |running| running.undo);
        if error.number == fail::DEADLOCK {
            if let Some(session) = self.session_mut(session) {
                session.block = None;
            }
            self.end(session, false);
        } else {
            if let Some(trx) = self.trx(session).map(|trx| trx.id) {
                self.leave_queue(trx);
            }
            self.roll_back(session, undo);
            if self.session(session).is_some_and(|session| session.block.is_none()) {
                self.end(session, false);
            }
        }
        let mut answer = self.take_answer(session);
        answer.replies.push(Reply::Error(error));
        answer
    }

    /// Undoes changes, the latest first, until so many are left.
    fn roll_back(&mut self, session: SessionId, until: usize) {
        let mut writes = Vec::new();
        while let Some((write, undo)) = self
            .session_mut(session)
            .and_then(|session| session.trx.as_mut())
            .and_then(|trx| if trx.undo.len() > until { trx.undo.pop() } else { None })
        {
            if writes.last() != Some(&write) {
                writes.push(write);
            }
            self.undo(&undo);
        }
        for write in writes {
            self.history.undone(write);
        }
    }

    /// Ends what a session has in InnoDB.
    fn end(&mut self, session: SessionId, commit: bool) {
        let Some((id, number)) = self.trx(session).map(|trx| (trx.id, trx.number)) else { return };
        if commit {
            self.commits += 1;
            self.history.committed(number);
        } else {
            self.roll_back(session, 0);
            self.history.aborted(number);
        }
        let committed = commit.then_some(self.commits);
        if let Some(info) = self.trxs.get_mut(id as usize - 1) {
            info.active = false;
            info.committed = committed;
        }
        if let Some(session) = self.session_mut(session) {
            session.trx = None;
        }
        self.release(id);
        self.purge();
        if self.tables.is_empty() && self.sessions.iter().all(|session| session.trx.is_none()) {
            // Nothing is left that a number could stand in: equal situations are equal again.
            self.trxs.clear();
            (self.commits, self.next_id, self.writes) = (0, 0, 0);
        }
    }

    /// Ends a block, with its transaction.
    pub(super) fn end_block(&mut self, session: SessionId, commit: bool) {
        if let Some(session) = self.session_mut(session) {
            session.block = None;
        }
        self.end(session, commit);
    }

    pub(super) fn is_read_only(&self, session: SessionId) -> bool {
        self.session(session).is_some_and(|session| session.block.as_ref().is_some_and(|block| block.read_only))
    }

    fn statement(&mut self, session: SessionId, statement: &Statement) -> Result<Reply, Stop> {
        Ok(match statement {
            Statement::Begin { modes, start } => {
                self.end_block(session, true);
                if let Some(session) = self.session_mut(session) {
                    let level = modes.level.or(session.next.take()).unwrap_or(session.level);
                    let read_only = modes.read_only.unwrap_or(session.read_only);
                    session.block = Some(Block { level, read_only, savepoints: Vec::new() });
                }
                done(if *start { "START TRANSACTION" } else { "BEGIN" })
            }
            Statement::Commit => {
                self.end_block(session, true);
                done("COMMIT")
            }
            Statement::Rollback => {
                self.end_block(session, false);
                done("ROLLBACK")
            }
            Statement::Savepoint(name) => {
                let undo = self.trx(session).map(|trx| trx.undo.len());
                if let Some(block) = self.session_mut(session).and_then(|session| session.block.as_mut()) {
                    block.savepoints.retain(|savepoint| savepoint.name != *name);
                    block.savepoints.push(Savepoint { name: name.clone(), undo });
                }
                done("SAVEPOINT")
            }
            Statement::RollbackTo(name) => {
                let at = self.savepoint(session, name)?;
                let block = self.session_mut(session).and_then(|session| session.block.as_mut());
                let undo = block.and_then(|block| {
                    block.savepoints.truncate(at + 1);
                    block.savepoints.last()?.undo
                });
                match undo {
                    Some(undo) => self.roll_back(session, undo),
                    // InnoDB was no part of the transaction then, and is none now.
                    None => self.end(session, false),
                }
                done("ROLLBACK")
            }
            Statement::Release(name) => {
                let at = self.savepoint(session, name)?;
                if let Some(block) = self.session_mut(session).and_then(|session| session.block.as_mut()) {
                    block.savepoints.truncate(at);
                }
                done("RELEASE")
            }
            Statement::SetTransaction(modes) => {
                if self.session(session).is_some_and(|session| session.block.is_some()) {
                    let message = "Transaction characteristics can't be changed while a transaction is in progress";
                    return Err(fail::error(1568, "25001", message).into());
                }
                if let Some(session) = self.session_mut(session) {
                    session.next = modes.level.or(session.next);
                }
                done("SET")
            }
            Statement::SetSession(modes) => {
                self.set_session(session, *modes);
                done("SET")
            }
            Statement::Set { name, value, .. } => {
                self.set(session, name, value)?;
                done("SET")
            }
            Statement::CreateTable(_) | Statement::CreateIndex(_) | Statement::DropTable { .. } => {
                self.end_block(session, true);
                self.ddl(session, statement)?
            }
            Statement::LockTable { .. } => return Err(fail::syntax("IN").into()),
            other => self.data(session, other)?,
        })
    }

    fn savepoint(&self, session: SessionId, name: &str) -> Result<usize, SqlError> {
        let block = self.session(session).and_then(|session| session.block.as_ref());
        let found = block.and_then(|block| block.savepoints.iter().position(|savepoint| savepoint.name == name));
        found.ok_or_else(|| fail::error(1305, "42000", format!("SAVEPOINT {name} does not exist")))
    }

    fn set_session(&mut self, session: SessionId, modes: Modes) {
        if let Some(session) = self.session_mut(session) {
            session.level = modes.level.unwrap_or(session.level);
            session.read_only = modes.read_only.unwrap_or(session.read_only);
        }
    }

    fn set(&mut self, session: SessionId, name: &str, value: &str) -> Result<(), SqlError> {
        let invalid =
            || fail::error(1231, "42000", format!("Variable '{name}' can't be set to the value of '{value}'"));
        match name {
            "innodb_lock_wait_timeout" => {
                let seconds: u64 = value.parse().ok().filter(|seconds| *seconds <= 100_000_000).ok_or_else(invalid)?;
                if let Some(session) = self.session_mut(session) {
                    session.lock_wait_timeout_ms = seconds * 1000;
                }
                Ok(())
            }
            "transaction_isolation" | "tx_isolation" => {
                let plain = value.replace('-', " ");
                let level = Level::ALL.into_iter().find(|level| level.words().eq_ignore_ascii_case(&plain));
                self.set_session(session, Modes { level: Some(level.ok_or_else(invalid)?), ..Modes::default() });
                Ok(())
            }
            // PostgreSQL's, so that one file can be run on either: deadlocks are found at once here.
            "deadlock_timeout" => Ok(()),
            _ => Err(SqlError::unsupported(format!(
                "the setting {name}; known are innodb_lock_wait_timeout and transaction_isolation"
            ))),
        }
    }
}
