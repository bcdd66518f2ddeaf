//! Locks on rows and on predicates, and for how long each level holds them.

use std::sync::Arc;

use super::Textbook;
use crate::engine::sort;
use crate::servers::sql::ast::Level;
use crate::servers::sql::bind::Bound;
use crate::servers::sql::engine::SessionId;
use crate::servers::sql::eval::Stop;
use crate::servers::sql::history::meets;
use crate::servers::sql::schema::Row;

/// For how long a lock is held.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) enum Span {
    /// It is not taken at all.
    None,
    /// Until the statement ends.
    Short,
    /// On the row that a session has read last: until it reads another.
    Cursor,
    /// Until the transaction ends.
    Long,
}

/// For how long a level holds each kind of lock.
#[derive(Clone, Copy)]
pub(super) struct Spans {
    pub rows: Span,
    pub predicates: Span,
    pub writes: Span,
}

/// Table 2 of Berenson et al.
pub(super) fn spans(level: Level) -> Spans {
    let (rows, predicates, writes) = match level {
        Level::Degree0 => (Span::None, Span::None, Span::Short),
        Level::ReadUncommitted => (Span::None, Span::None, Span::Long),
        Level::ReadCommitted => (Span::Short, Span::Short, Span::Long),
        Level::CursorStability => (Span::Cursor, Span::Short, Span::Long),
        Level::RepeatableRead => (Span::Long, Span::Short, Span::Long),
        Level::Serializable => (Span::Long, Span::Long, Span::Long),
    };
    Spans { rows, predicates, writes }
}

/// What a lock is on.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum On {
    /// A row, by its place.
    Row(u32),
    /// All rows that meet conditions, whether they are there or not.
    Predicate(Arc<[Bound]>),
}

/// A lock that is held or wanted.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Lock {
    pub session: SessionId,
    pub table: u32,
    pub on: On,
    pub write: bool,
    pub span: Span,
    /// What the row was before it was written and what it is after: a predicate covers the row if it covers any of them.
    pub images: Vec<Row>,
}

impl Lock {
    /// Whether two of different sessions cannot both be held.
    pub fn conflicts(&self, other: &Lock) -> bool {
        if self.session == other.session || self.table != other.table || !(self.write || other.write) {
            return false;
        }
        match (&self.on, &other.on) {
            (On::Row(one), On::Row(two)) => one == two,
            (On::Predicate(conditions), On::Row(_)) => other.images.iter().any(|row| meets(conditions, Some(row))),
            (On::Row(_), On::Predicate(conditions)) => self.images.iter().any(|row| meets(conditions, Some(row))),
            (On::Predicate(_), On::Predicate(_)) => false,
        }
    }
}

impl Textbook {
    /// Gets a lock; where others are in the way, begins to wait or says so.
    pub(super) fn ask(&mut self, want: Lock, wait: bool) -> Result<bool, Stop> {
        if want.span == Span::None {
            return Ok(true);
        }
        if self.locks.iter().any(|lock| lock.conflicts(&want)) {
            if !wait {
                return Ok(false);
            }
            let session = want.session;
            if let Some(own) = self.session_mut(session) {
                own.waiting = Some(want);
                self.queue.push(session);
            }
            return Err(Stop::Wait);
        }
        let same = |lock: &&mut Lock| (lock.session, lock.table, &lock.on) == (want.session, want.table, &want.on);
        match self.locks.iter_mut().find(same) {
            Some(held) => {
                held.write |= want.write;
                held.span = held.span.max(want.span);
                for image in want.images {
                    if !held.images.contains(&image) {
                        held.images.push(image);
                    }
                }
            }
            None => self.locks.push(want),
        }
        Ok(true)
    }

    /// Who is in the way of what a session waits for.
    pub(super) fn blockers(&self, session: SessionId) -> Vec<SessionId> {
        let Some(want) = self.session(session).and_then(|session| session.waiting.as_ref()) else { return Vec::new() };
        let mut by: Vec<SessionId> =
            self.locks.iter().filter(|lock| lock.conflicts(want)).map(|lock| lock.session).collect();
        sort(&mut by);
        by.dedup();
        by
    }

    /// Gives up locks of a session, and wakes whoever can go on by it.
    pub(super) fn release(&mut self, session: SessionId, which: impl Fn(&Lock) -> bool) {
        self.locks.retain(|lock| lock.session != session || !which(lock));
        let (still, woken) =
            std::mem::take(&mut self.queue).into_iter().partition(|session| !self.blockers(*session).is_empty());
        self.queue = still;
        let woken: Vec<SessionId> = woken;
        for session in woken {
            if let Some(own) = self.session_mut(session) {
                own.waiting = None;
            }
            self.ready.push(session);
        }
    }

    /// What is waited for, in words.
    pub(super) fn words(&self, want: &Lock, in_the_way: &Lock) -> String {
        let table = self.tables.get(&want.table).map_or("", |stored| stored.table.name.as_str());
        let row = match (&want.on, &in_the_way.on) {
            (_, On::Predicate(_)) => return format!("the predicate lock on {table}"),
            (On::Predicate(_), _) => in_the_way.images.first(),
            (On::Row(_), _) => want.images.first().or(in_the_way.images.first()),
        };
        let key = row.and_then(|row| row.first()).map(ToString::to_string).unwrap_or_default();
        format!("the lock on {table} {key}")
    }
}
