//! Running one statement.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Textbook;
use super::locks::{Lock, On, Span, Spans, spans};
use super::store::Slot;
use crate::servers::sql::answer::{Reply, Rows};
use crate::servers::sql::ast::{Name, Patience, Statement, Strength};
use crate::servers::sql::bind::{Bound, BoundQuery, BoundSource, BoundStatement, Catalog, Function};
use crate::servers::sql::engine::SessionId;
use crate::servers::sql::error::SqlError;
use crate::servers::sql::eval::{Context, Env, Stop};
use crate::servers::sql::history::Event;
use crate::servers::sql::query::{Asked, EachRow, Joined, Reader, Tid};
use crate::servers::sql::schema::Row;
use crate::servers::sql::value::Value;

/// A statement that runs.
pub(super) struct Exec<'a> {
    pub db: &'a mut Textbook,
    pub session: SessionId,
    pub spans: Spans,
    /// Number of its transaction in the history.
    pub number: u32,
    /// The number under which it writes, if it has written.
    pub write: Option<u32>,
    /// What it does, for the history: told once it has come to its end.
    pub notes: Vec<Event>,
    /// The row that it has read last: table and place.
    cursor: Option<(u32, u32)>,
    /// Rows of queries that do not depend on the row around them.
    cache: BTreeMap<u16, Vec<Row>>,
}

fn could_not_lock() -> Stop {
    SqlError::new("55P03", "could not obtain lock").into()
}

impl Exec<'_> {
    pub fn as_reader(&mut self) -> &mut dyn Reader {
        self
    }

    /// The rows of a table, as they are.
    pub fn rows(&self, table: u32) -> Vec<(Slot, Row)> {
        let Some(stored) = self.db.tables.get(&table) else { return Vec::new() };
        stored.rows.iter().filter_map(|slot| Some((slot.clone(), slot.row.clone()?))).collect()
    }

    pub fn ask(&mut self, table: u32, on: On, span: Span, images: Vec<Row>, patience: Patience) -> Result<bool, Stop> {
        // Only writes have images: a read of a row is not in the way of another.
        let write = !images.is_empty();
        let got =
            self.db.ask(Lock { session: self.session, table, on, write, span, images }, patience == Patience::Wait)?;
        if !got && patience == Patience::Nowait { Err(could_not_lock()) } else { Ok(got) }
    }

    /// Looks for the rows that meet conditions: locks the predicate, and notes among what it has looked.
    pub fn look(&mut self, table: u32, conditions: &[Bound], patience: Patience) -> Result<(), Stop> {
        if patience == Patience::SkipLocked {
            // It does not want to know of all.
            return Ok(());
        }
        let conditions: Arc<[Bound]> = conditions.into();
        self.ask(table, On::Predicate(Arc::clone(&conditions)), self.spans.predicates, Vec::new(), patience)?;
        let among: Vec<Tid> = self.rows(table).iter().map(|(slot, _)| slot.version).collect();
        let gone = self.db.history.gone(table, |_| true);
        let (txn, among, gone) = (self.number, among.into(), gone.into());
        self.notes.push(Event::Looked { txn, table, conditions, among, gone });
        Ok(())
    }

    fn bound(&mut self, statement: &BoundStatement) -> Result<Reply, Stop> {
        match statement {
            BoundStatement::Select(query) => {
                let rows = self.as_reader().query(query, None)?;
                let columns: Arc<[Name]> = query.items.iter().map(|item| item.name.clone()).collect();
                let tag = format!("SELECT {}", rows.len()).into();
                Ok(Reply::Rows(Rows { columns, rows, tag }))
            }
            BoundStatement::Insert(insert) => self.insert(insert),
            BoundStatement::Change(change) => self.change(change),
        }
    }
}

impl Context for Exec<'_> {
    fn subquery(&mut self, query: &BoundQuery, env: &Env) -> Result<Vec<Row>, Stop> {
        if let Some(rows) = self.cache.get(&query.id).filter(|_| !query.correlated) {
            return Ok(rows.clone());
        }
        let rows = self.as_reader().query(query, Some(env))?;
        if !query.correlated {
            self.cache.insert(query.id, rows.clone());
        }
        Ok(rows)
    }

    fn advisory(&mut self, _: Function, _: &[Value]) -> Result<Value, Stop> {
        Err(SqlError::unsupported("advisory locks in the textbook database").into())
    }
}

/// A row is known to queries by its place.
impl Reader for Exec<'_> {
    fn scan(&mut self, asked: &Asked, outer: Option<&Env>, each: EachRow) -> Result<(), Stop> {
        // In a join, conditions are tried when all sources are read: each is read as a whole.
        let quals = if asked.query.is_some() { asked.quals } else { &[] };
        self.look(asked.table, quals, asked.lock.map_or(Patience::Wait, |(_, patience)| patience))?;
        for (slot, row) in self.rows(asked.table) {
            if !self.as_reader().all_hold(quals, &row, outer)? {
                continue;
            }
            if asked.lock.is_none() && self.spans.rows > Span::None {
                // A cursor moves on to the next row; the last one keeps its lock (`statement_over`).
                let span = if self.spans.rows == Span::Cursor { Span::Short } else { self.spans.rows };
                self.ask(asked.table, On::Row(slot.id), span, Vec::new(), Patience::Wait)?;
                if self.spans.rows == Span::Cursor {
                    self.cursor = Some((asked.table, slot.id));
                }
            }
            if !each(self, slot.id, &row)? {
                break;
            }
        }
        Ok(())
    }

    fn in_order(&mut self, _: &BoundQuery, _: usize) -> bool {
        false
    }

    fn lock(&mut self, query: &BoundQuery, joined: Joined, _: Option<&Env>) -> Result<Option<Joined>, Stop> {
        for (from, tid) in query.from.iter().zip(&joined.tids) {
            let (Some((strength, patience)), BoundSource::Table(table), Some(id)) = (from.lock, &from.source, *tid)
            else {
                continue;
            };
            let row = self.db.tables.get(table).and_then(|stored| stored.slot(id)?.row.clone());
            let images = if strength >= Strength::NoKeyUpdate { row.into_iter().collect() } else { Vec::new() };
            if !self.ask(*table, On::Row(id), Span::Long, images, patience)? {
                return Ok(None);
            }
        }
        Ok(Some(joined))
    }

    fn ends(&mut self, _: &BoundQuery, _: Option<&Env>, _: usize) -> Result<Option<Vec<Value>>, Stop> {
        Ok(None)
    }

    /// Scans do so themselves, since they may have to wait for it.
    fn note_read(&mut self, _: u32, _: &[Bound]) {}

    fn note_item(&mut self, table: u32, id: Tid) {
        if let Some(slot) = self.db.tables.get(&table).and_then(|stored| stored.slot(id)) {
            self.notes.push(Event::Read { txn: self.number, table, version: slot.version });
        }
    }
}

impl Textbook {
    /// Runs a statement that reads or changes data.
    pub(super) fn data(&mut self, session: SessionId, statement: &Statement) -> Result<Reply, Stop> {
        let Some(txn) = self.need_txn(session, false) else { return Err(SqlError::unsupported("no session").into()) };
        let (spans, number) = (spans(txn.level), txn.number);
        if txn.read_only && !matches!(statement, Statement::Select(_)) {
            return Err(SqlError::new("25006", "cannot change data in a read-only transaction").into());
        }
        let bound = (self as &dyn Catalog).bind(statement)?;
        let logged = self.log.len();
        let (notes, cache) = (Vec::new(), BTreeMap::new());
        let mut exec = Exec { db: self, session, spans, number, write: None, notes, cursor: None, cache };
        let reply = exec.bound(&bound);
        let (notes, cursor) = (exec.notes, exec.cursor);
        match &reply {
            Ok(_) => {
                notes.into_iter().for_each(|event| self.history.push(event));
                self.statement_over(session, cursor);
            }
            // What is logged since is its own.
            Err(_) => {
                self.undo(logged, |_| true);
                self.sweep();
            }
        }
        reply
    }
}
