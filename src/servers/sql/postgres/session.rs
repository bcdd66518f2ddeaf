//! Sessions: statements one after the other, transaction control, what failing and ending do.

use std::sync::Arc;

use super::exec::Entry;
use super::locks::{Owner, SESSION, Tag};
use super::txn::{Snapshot, State, Sub, Txn, XidInfo};
use super::{Postgres, SessionId, Xid};
use crate::servers::sql::answer::{Answer, Notice, Reply};
use crate::servers::sql::ast::{Level, Modes, Statement, TableMode};
use crate::servers::sql::error::SqlError;
use crate::servers::sql::eval::Stop;

/// `deadlock_timeout` where nobody sets it, in milliseconds.
pub(super) const DEADLOCK_TIMEOUT_MS: u64 = 1000;

/// A session.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Session {
    pub level: Level,
    pub read_only: bool,
    pub deferrable: bool,
    pub deadlock_timeout_ms: u64,
    pub txn: Option<Txn>,
    /// What it is in the middle of.
    pub running: Option<Running>,
}

impl Default for Session {
    fn default() -> Session {
        Session {
            level: Level::ReadCommitted,
            read_only: false,
            deferrable: false,
            deadlock_timeout_ms: DEADLOCK_TIMEOUT_MS,
            txn: None,
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
    /// What it sees.
    pub snapshot: Option<Snapshot>,
}

impl Session {
    pub fn start(&mut self, statements: Arc<[Statement]>) {
        self.running =
            Some(Running { statements, at: 0, answer: Answer::default(), journal: Vec::new(), snapshot: None });
    }
}

pub(super) fn done(tag: impl Into<Arc<str>>) -> Reply {
    Reply::Done(tag.into())
}

impl Postgres {
    pub(super) fn session(&self, session: SessionId) -> Option<&Session> {
        self.sessions.get(usize::from(session))
    }

    pub(super) fn session_mut(&mut self, session: SessionId) -> Option<&mut Session> {
        self.sessions.get_mut(usize::from(session))
    }

    pub(super) fn txn(&self, session: SessionId) -> Option<&Txn> {
        self.session(session)?.txn.as_ref()
    }

    pub(super) fn txn_mut(&mut self, session: SessionId) -> Option<&mut Txn> {
        self.session_mut(session)?.txn.as_mut()
    }

    pub(super) fn running_mut(&mut self, session: SessionId) -> Option<&mut Running> {
        self.session_mut(session)?.running.as_mut()
    }

    pub(super) fn notice(&mut self, session: SessionId, severity: &'static str, message: impl Into<Arc<str>>) {
        if let Some(running) = self.running_mut(session) {
            running.answer.notices.push(Notice { severity, message: message.into() });
        }
    }

    /// How deep in savepoints a session is: the owner of what it locks now.
    pub(super) fn depth(&self, session: SessionId) -> Owner {
        self.txn(session).map_or(0, |txn| txn.subs.len().saturating_sub(1) as Owner)
    }

    /// Goes on with what a session runs; gives the answer if it comes to the end.
    pub(super) fn run(&mut self, session: SessionId) -> Option<Answer> {
        loop {
            let running = self.session(session)?.running.as_ref()?;
            let (statements, at) = (Arc::clone(&running.statements), running.at as usize);
            let Some(statement) = statements.get(at) else { return Some(self.finish(session)) };
            match self.statement(session, statement) {
                Ok(reply) => {
                    if let Some(txn) = self.txn_mut(session) {
                        txn.command += 1;
                    }
                    let running = self.running_mut(session)?;
                    running.answer.replies.push(reply);
                    running.at += 1;
                    running.journal.clear();
                    running.snapshot = None;
                }
                Err(Stop::Wait) => return None,
                Err(Stop::Error(error)) => {
                    let answer = self.failed(session, error);
                    return Some(answer);
                }
            }
        }
    }

    /// All statements are done: a transaction of their own is committed.
    fn finish(&mut self, session: SessionId) -> Answer {
        if self.txn(session).is_some_and(|txn| !txn.explicit)
            && let Err(error) = self.commit(session)
        {
            if let Some(running) = self.running_mut(session) {
                running.answer.replies.pop();
            }
            return self.failed(session, error);
        }
        self.take_answer(session)
    }

    fn take_answer(&mut self, session: SessionId) -> Answer {
        self.session_mut(session)
            .and_then(|session| session.running.take())
            .map(|running| running.answer)
            .unwrap_or_default()
    }

    fn failed(&mut self, session: SessionId, error: SqlError) -> Answer {
        self.abort_current(session);
        let mut answer = self.take_answer(session);
        answer.replies.push(Reply::Error(error));
        answer
    }

    /// A waiting session is told to stop.
    pub(super) fn give_up(&mut self, session: SessionId, error: SqlError) -> Answer {
        let mut woken = Vec::new();
        self.locks.leave(session, &mut woken);
        self.ready.append(&mut woken);
        self.failed(session, error)
    }

    /// Begins a transaction for a statement that needs one.
    fn need_txn(&mut self, session: SessionId, explicit: bool) {
        if let Some(txn) = self.txn_mut(session) {
            txn.explicit |= explicit;
            return;
        }
        let number = self.history.begin(session);
        let Some(session) = self.session_mut(session) else { return };
        session.txn = Some(Txn {
            level: session.level,
            read_only: session.read_only,
            deferrable: session.deferrable,
            explicit,
            subs: vec![Sub::default()],
            command: 0,
            snapshot: None,
            looked: false,
            sxact: None,
            number,
        });
    }

    fn statement(&mut self, session: SessionId, statement: &Statement) -> Result<Reply, Stop> {
        if self.txn(session).is_some_and(Txn::failed)
            && !matches!(statement, Statement::Commit | Statement::Rollback | Statement::RollbackTo(_))
        {
            let message = "current transaction is aborted, commands ignored until end of transaction block";
            return Err(SqlError::new("25P02", message).into());
        }
        Ok(match statement {
            Statement::Begin { modes, start } => {
                if self.txn(session).is_some_and(|txn| txn.explicit) {
                    self.notice(session, "WARNING", "there is already a transaction in progress");
                }
                self.need_txn(session, true);
                self.modes(session, *modes)?;
                done(if *start { "START TRANSACTION" } else { "BEGIN" })
            }
            Statement::Commit => {
                if !self.txn(session).is_some_and(|txn| txn.explicit) {
                    self.notice(session, "WARNING", "there is no transaction in progress");
                }
                if self.txn(session).is_some_and(Txn::failed) {
                    self.abort(session);
                    return Ok(done("ROLLBACK"));
                }
                if self.txn(session).is_some() {
                    self.commit(session)?;
                }
                done("COMMIT")
            }
            Statement::Rollback => {
                if !self.txn(session).is_some_and(|txn| txn.explicit) {
                    self.notice(session, "WARNING", "there is no transaction in progress");
                }
                self.abort(session);
                done("ROLLBACK")
            }
            Statement::Savepoint(name) => {
                self.block_only(session, "SAVEPOINT")?;
                if let Some(txn) = self.txn_mut(session) {
                    txn.subs.push(Sub { name: name.clone(), xid: None, failed: false });
                }
                done("SAVEPOINT")
            }
            Statement::RollbackTo(name) => {
                self.block_only(session, "ROLLBACK TO SAVEPOINT")?;
                let depth = self.savepoint(session, name)?;
                self.abort_from(session, depth);
                if let Some(txn) = self.txn_mut(session) {
                    txn.subs.push(Sub { name: name.clone(), xid: None, failed: false });
                }
                done("ROLLBACK")
            }
            Statement::Release(name) => {
                self.block_only(session, "RELEASE SAVEPOINT")?;
                let depth = self.savepoint(session, name)?;
                while self.txn(session).is_some_and(|txn| txn.subs.len() > depth) {
                    self.release(session);
                }
                done("RELEASE")
            }
            Statement::SetTransaction(modes) => {
                self.need_txn(session, false);
                if !self.txn(session).is_some_and(|txn| txn.explicit) {
                    self.notice(session, "WARNING", "SET TRANSACTION can only be used in transaction blocks");
                }
                self.modes(session, *modes)?;
                done("SET")
            }
            Statement::SetSession(modes) => {
                if let Some(session) = self.session_mut(session) {
                    session.level = modes.level.unwrap_or(session.level);
                    session.read_only = modes.read_only.unwrap_or(session.read_only);
                    session.deferrable = modes.deferrable.unwrap_or(session.deferrable);
                }
                done("SET")
            }
            Statement::Set { name, value, .. } => {
                self.set(session, name, value)?;
                done("SET")
            }
            other => {
                self.need_txn(session, false);
                self.data(session, other)?
            }
        })
    }

    fn block_only(&self, session: SessionId, what: &str) -> Result<(), SqlError> {
        if self.txn(session).is_some_and(|txn| txn.explicit) {
            return Ok(());
        }
        Err(SqlError::new("25P01", format!("{what} can only be used in transaction blocks")))
    }

    fn savepoint(&self, session: SessionId, name: &str) -> Result<usize, SqlError> {
        let subs = self.txn(session).map(|txn| txn.subs.as_slice()).unwrap_or_default();
        let found = subs.iter().skip(1).rposition(|sub| sub.name == name);
        found.map(|at| at + 1).ok_or_else(|| SqlError::new("3B001", format!("savepoint \"{name}\" does not exist")))
    }

    fn modes(&mut self, session: SessionId, modes: Modes) -> Result<(), SqlError> {
        let Some(txn) = self.txn_mut(session) else { return Ok(()) };
        if let Some(level) = modes.level.filter(|level| *level != txn.level) {
            if txn.looked {
                return Err(SqlError::new("25001", "SET TRANSACTION ISOLATION LEVEL must be called before any query"));
            }
            if txn.subs.len() > 1 {
                let message = "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction";
                return Err(SqlError::new("25001", message));
            }
            txn.level = level;
        }
        if let Some(read_only) = modes.read_only {
            if txn.read_only && !read_only && txn.looked {
                return Err(SqlError::new("25001", "transaction read-write mode must be set before any query"));
            }
            txn.read_only = read_only;
        }
        txn.deferrable = modes.deferrable.unwrap_or(txn.deferrable);
        Ok(())
    }

    fn set(&mut self, session: SessionId, name: &str, value: &str) -> Result<(), SqlError> {
        match name {
            "deadlock_timeout" => {
                let invalid = || SqlError::new("22023", format!("invalid value for parameter \"{name}\": \"{value}\""));
                let ms = milliseconds(value).filter(|ms| (1..=i32::MAX as u64).contains(ms)).ok_or_else(invalid)?;
                if let Some(session) = self.session_mut(session) {
                    session.deadlock_timeout_ms = ms;
                }
                Ok(())
            }
            "default_transaction_isolation" | "transaction_isolation" => {
                let level = Level::ALL.into_iter().find(|level| level.words().eq_ignore_ascii_case(value));
                let invalid = || SqlError::new("22023", format!("invalid value for parameter \"{name}\": \"{value}\""));
                let level = level.ok_or_else(invalid)?;
                if name == "transaction_isolation" {
                    return self.modes(session, Modes { level: Some(level), ..Modes::default() });
                }
                if let Some(session) = self.session_mut(session) {
                    session.level = level;
                }
                Ok(())
            }
            _ => Err(SqlError::unsupported(format!(
                "the setting {name}; known are deadlock_timeout, default_transaction_isolation and transaction_isolation"
            ))),
        }
    }

    /// The number of the current (sub)transaction, given out when it first writes.
    pub(super) fn xid(&mut self, session: SessionId) -> Xid {
        let depth = self.depth(session);
        let mut parent = None;
        for at in 0..=depth {
            let known = self.txn(session).and_then(|txn| txn.subs.get(usize::from(at))).and_then(|sub| sub.xid);
            let xid = known.unwrap_or_else(|| {
                let xid = self.next_xid();
                self.xids.push(XidInfo { state: State::Running(session), parent });
                // Nobody else can want a number that did not exist.
                self.locks.request(session, Tag::Xid(xid), TableMode::Exclusive, at, false);
                let sxact = self.txn(session).and_then(|txn| txn.sxact);
                if let (0, Some(sxact)) = (at, sxact) {
                    self.ssi.register(xid, sxact);
                }
                if let Some(txn) = self.txn(session) {
                    self.history.name(xid, txn.number);
                }
                xid
            });
            if let Some(sub) = self.txn_mut(session).and_then(|txn| txn.subs.get_mut(usize::from(at))) {
                sub.xid = Some(xid);
            }
            parent = Some(xid);
        }
        parent.unwrap_or_default()
    }

    /// What the transaction sees now, or has seen all along.
    pub(super) fn take_snapshot(&mut self, session: SessionId) -> Result<Snapshot, Stop> {
        self.hear_verdict(session)?;
        let Some(txn) = self.txn(session) else { return Ok(self.snapshot_now(0)) };
        let command = txn.command;
        if let Some(snapshot) = &txn.snapshot {
            return Ok(Snapshot { command, ..snapshot.clone() });
        }
        let (one, serializable, read_only) = (txn.one_snapshot(), txn.level == Level::Serializable, txn.read_only);
        let deferrable = txn.deferrable;
        let snapshot = self.snapshot_now(command);
        let mut sxact = None;
        if serializable {
            sxact = self.ssi.enter(session, read_only, &snapshot);
        }
        if let (Some(sxact), Some(xid)) = (sxact, self.txn(session).and_then(|txn| txn.subs[0].xid)) {
            self.ssi.register(xid, sxact);
        }
        if let Some(txn) = self.txn_mut(session) {
            txn.looked = true;
            if one {
                txn.snapshot = Some(snapshot.clone());
                txn.sxact = sxact;
            }
        }
        if let Some(sxact) = sxact.filter(|_| read_only && deferrable) {
            self.ssi.wait_for_verdict(sxact, session);
            return Err(Stop::Wait);
        }
        Ok(snapshot)
    }

    /// A deferrable transaction that waits for a safe snapshot learns whether it has one, or has to take another.
    fn hear_verdict(&mut self, session: SessionId) -> Result<(), Stop> {
        let Some(txn) = self.txn(session).filter(|txn| txn.read_only && txn.deferrable) else { return Ok(()) };
        let Some(sxact) = txn.sxact else { return Ok(()) };
        match self.ssi.verdict(sxact) {
            Some(true) => self.ssi.opt_out(sxact),
            Some(false) => {
                self.ssi.ended(sxact, false, self.next_xid());
                if let Some(txn) = self.txn_mut(session) {
                    txn.snapshot = None;
                }
            }
            None => return Err(Stop::Wait),
        }
        if let Some(txn) = self.txn_mut(session) {
            txn.sxact = None;
        }
        Ok(())
    }

    fn set_state(&mut self, root: Xid, session: SessionId, state: State) {
        for at in 0..self.xids.len() {
            let mut xid = Some(at as Xid + super::txn::FIRST_XID);
            while let Some(inner) = xid.filter(|xid| *xid != root) {
                xid = self.info(inner).parent;
            }
            if xid == Some(root) && self.xids[at].state == State::Running(session) {
                self.xids[at].state = state;
            }
        }
    }

    fn commit(&mut self, session: SessionId) -> Result<(), SqlError> {
        let Some(txn) = self.txn(session) else { return Ok(()) };
        let (sxact, xid, number) = (txn.sxact, txn.subs[0].xid, txn.number);
        if let Some(sxact) = sxact
            && let Err(error) = self.ssi.before_commit(sxact)
        {
            self.abort(session);
            return Err(error);
        }
        if let Some(xid) = xid {
            self.set_state(xid, session, State::Committed);
        }
        if let Some(sxact) = sxact {
            self.ssi.ended(sxact, true, self.next_xid());
            self.ready.append(&mut self.ssi.woken);
        }
        self.history.committed(number);
        self.settle_ddl(session, true);
        self.end(session);
        Ok(())
    }

    /// Gives everything up.
    fn abort(&mut self, session: SessionId) {
        if self.txn(session).is_some() {
            self.abort_from(session, 0);
        }
        self.end(session);
    }

    fn end(&mut self, session: SessionId) {
        let mut woken = Vec::new();
        self.locks.release_where(session, |_, owner| owner != SESSION, &mut woken);
        self.ready.append(&mut woken);
        if let Some(session) = self.session_mut(session) {
            session.txn = None;
        }
    }

    /// An error in a block leaves its innermost (sub)transaction undone and failed; outside of a block everything ends.
    fn abort_current(&mut self, session: SessionId) {
        let Some(txn) = self.txn(session) else { return };
        if !txn.explicit {
            self.abort(session);
            return;
        }
        if txn.failed() {
            return;
        }
        let depth = txn.subs.len() - 1;
        let name = txn.subs[depth].name.clone();
        self.abort_from(session, depth);
        if let Some(txn) = self.txn_mut(session) {
            txn.subs.push(Sub { name, xid: None, failed: true });
        }
    }

    /// Undoes a (sub)transaction and those within it, and takes them off the stack.
    fn abort_from(&mut self, session: SessionId, depth: usize) {
        let Some(txn) = self.txn_mut(session) else { return };
        let undone: Vec<Xid> = txn.subs[depth..].iter().filter_map(|sub| sub.xid).collect();
        let number = txn.number;
        let sxact = if depth == 0 { txn.sxact.take() } else { None };
        if depth == 0 {
            txn.snapshot = None;
        }
        txn.subs.truncate(depth);
        for xid in undone {
            self.set_state(xid, session, State::Aborted);
            self.history.undone(xid);
        }
        if depth == 0 {
            self.history.aborted(number);
            self.settle_ddl(session, false);
        }
        if let Some(sxact) = sxact {
            self.ssi.ended(sxact, false, self.next_xid());
            self.ready.append(&mut self.ssi.woken);
        }
        let mut woken = Vec::new();
        self.locks.release_where(session, |_, owner| owner != SESSION && usize::from(owner) >= depth, &mut woken);
        self.ready.append(&mut woken);
    }

    /// Makes the innermost savepoint part of what is around it.
    fn release(&mut self, session: SessionId) {
        let depth = self.depth(session);
        let sub = self.txn_mut(session).and_then(|txn| txn.subs.pop());
        let mut woken = Vec::new();
        if let Some(xid) = sub.and_then(|sub| sub.xid) {
            self.locks.release(session, Tag::Xid(xid), TableMode::Exclusive, false, &mut woken);
        }
        self.locks.hand_up(session, depth);
        self.ready.append(&mut woken);
    }
}

/// A time as settings have it: a number of milliseconds, or with a unit.
fn milliseconds(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim();
    let number: u64 = digits.parse().ok()?;
    let unit = text[digits.len().min(text.len())..].trim();
    number.checked_mul(match unit {
        "" | "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        _ => return None,
    })
}
