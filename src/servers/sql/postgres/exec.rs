//! Running one statement, with its journal.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::locks::{Request, SESSION, Tag};
use super::txn::{Snapshot, State};
use super::{Postgres, SessionId, Tid, Visible, Xid};
use crate::servers::sql::answer::{Reply, Rows};
use crate::servers::sql::ast::{Name, Query, Source, Statement, TableMode};
use crate::servers::sql::bind::{BoundQuery, BoundStatement, Catalog, Function};
use crate::servers::sql::error::SqlError;
use crate::servers::sql::eval::{Context, Env, Stop};
use crate::servers::sql::schema::Row;
use crate::servers::sql::value::Value;

/// Something that a statement did and does not do again when it runs from its beginning after a wait.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Entry {
    Done,
    /// How a table is read.
    Path(super::plan::Path),
    Tids(Vec<Tid>),
    /// The version that was found, if any.
    Found(Option<Tid>),
    Value(Value),
    Snapshot(Snapshot),
    Fate(super::rows::Outcome, Tid),
}

/// A statement that runs.
pub(super) struct Exec<'a> {
    pub pg: &'a mut Postgres,
    pub session: SessionId,
    pub snapshot: Snapshot,
    journal: Vec<Entry>,
    at: usize,
    /// Rows of queries that do not depend on the row around them.
    cache: BTreeMap<u16, Vec<Row>>,
}

impl Exec<'_> {
    /// Does something once. It may wait if it can be asked again from its own beginning.
    pub fn once(
        &mut self,
        act: impl FnOnce(&mut Postgres, SessionId, &Snapshot) -> Result<Entry, Stop>,
    ) -> Result<Entry, Stop> {
        if let Some(entry) = self.journal.get(self.at) {
            self.at += 1;
            return Ok(entry.clone());
        }
        let entry = act(self.pg, self.session, &self.snapshot)?;
        self.journal.push(entry.clone());
        self.at += 1;
        Ok(entry)
    }
}

impl Context for Exec<'_> {
    fn subquery(&mut self, query: &BoundQuery, env: &Env) -> Result<Vec<Row>, Stop> {
        if let Some(rows) = self.cache.get(&query.id).filter(|_| !query.correlated) {
            return Ok(rows.clone());
        }
        let rows = self.query(query, Some(env))?;
        if !query.correlated {
            self.cache.insert(query.id, rows.clone());
        }
        Ok(rows)
    }

    fn advisory(&mut self, function: Function, arguments: &[Value]) -> Result<Value, Stop> {
        let integer = |at: usize| arguments.get(at).and_then(Value::as_integer);
        let tag = match (integer(0), integer(1)) {
            (Some(high), Some(low)) => Tag::Advisory((high << 32) | (low & 0xffff_ffff), 2),
            (key, _) => Tag::Advisory(key.unwrap_or_default(), 1),
        };
        let mode = |shared| if shared { TableMode::Share } else { TableMode::Exclusive };
        let entry = self.once(|pg, session, _| {
            let mut woken = Vec::new();
            let value = match function {
                Function::AdvisoryLock { shared, xact, attempt } => {
                    let owner = if xact { pg.depth(session) } else { SESSION };
                    let granted = pg.lock(session, tag, mode(shared), owner, !attempt)?;
                    if attempt { Value::Bool(granted) } else { Value::Void }
                }
                Function::AdvisoryUnlock { shared } => {
                    let held = pg.locks.release(session, tag, mode(shared), true, &mut woken);
                    if !held {
                        let name = if shared { "ShareLock" } else { "ExclusiveLock" };
                        pg.notice(session, "WARNING", format!("you don't own a lock of type {name}"));
                    }
                    Value::Bool(held)
                }
                _ => {
                    let advisory = |tag, owner| owner == SESSION && matches!(tag, Tag::Advisory(..));
                    pg.locks.release_where(session, advisory, &mut woken);
                    Value::Void
                }
            };
            pg.ready.append(&mut woken);
            Ok(Entry::Value(value))
        })?;
        Ok(if let Entry::Value(value) = entry { value } else { Value::Void })
    }
}

impl Postgres {
    /// Asks for a lock; false where it cannot be had and is not to be waited for.
    pub(super) fn lock(
        &mut self,
        session: SessionId,
        tag: Tag,
        mode: TableMode,
        owner: super::locks::Owner,
        wait: bool,
    ) -> Result<bool, Stop> {
        match self.locks.request(session, tag, mode, owner, wait) {
            Request::Granted => Ok(true),
            Request::Refused => Ok(false),
            Request::Waiting => Err(Stop::Wait),
            Request::Deadlock => Err(SqlError::new("40P01", "deadlock detected").into()),
        }
    }

    /// Waits for a (sub)transaction to end; false where it runs and is not to be waited for.
    pub(super) fn wait_for(&mut self, session: SessionId, xid: Xid, wait: bool) -> Result<bool, Stop> {
        if !matches!(self.info(xid).state, State::Running(owner) if owner != session) {
            return Ok(true);
        }
        // A released savepoint has become part of what is around it.
        let held = self.locks.table.contains_key(&Tag::Xid(xid));
        let xid = if held { xid } else { self.top(xid) };
        let owner = self.depth(session);
        self.lock(session, Tag::Xid(xid), TableMode::Share, owner, wait)
    }

    /// Locks the tables of a statement.
    fn lock_tables(&mut self, session: SessionId, tables: &[(Name, TableMode)]) -> Result<(), Stop> {
        for (name, mode) in tables {
            let id = { Visible { postgres: self, session }.existing_id(name) };
            if let Some(id) = id {
                let owner = self.depth(session);
                self.lock(session, Tag::Table(id), *mode, owner, true)?;
            }
        }
        Ok(())
    }

    /// Runs a statement that reads or changes data.
    pub(super) fn data(&mut self, session: SessionId, statement: &Statement) -> Result<Reply, Stop> {
        match statement {
            Statement::CreateTable(_) | Statement::CreateIndex(_) | Statement::DropTable { .. } => {
                self.read_only(session, statement)?;
                return self.ddl(session, statement);
            }
            Statement::LockTable { names, mode, nowait } => return self.lock_table(session, names, *mode, *nowait),
            _ => {}
        }
        let started = self.running_mut(session).is_some_and(|running| running.snapshot.is_some());
        if !started && self.txn(session).is_some_and(super::txn::Txn::one_snapshot) {
            self.take_snapshot(session)?;
        }
        let mut tables = Vec::new();
        tables_of(statement, &mut tables);
        self.lock_tables(session, &tables)?;
        if let Statement::Select(query) = statement
            && query.locking.iter().any(|locking| locking.in_share_mode)
        {
            return Err(SqlError::new("42601", "syntax error at or near \"LOCK\"").into());
        }
        let visible = Visible { postgres: self, session };
        let bound = (&visible as &dyn Catalog).bind(statement)?;
        self.read_only(session, statement)?;
        let snapshot = match self.running_mut(session).and_then(|running| running.snapshot.clone()) {
            Some(snapshot) => snapshot,
            None => {
                let snapshot = self.take_snapshot(session)?;
                if let Some(running) = self.running_mut(session) {
                    running.snapshot = Some(snapshot.clone());
                }
                snapshot
            }
        };
        let journal = self.running_mut(session).map(|running| std::mem::take(&mut running.journal)).unwrap_or_default();
        let mut exec = Exec { pg: self, session, snapshot, journal, at: 0, cache: BTreeMap::new() };
        let reply = exec.bound(&bound);
        let journal = exec.journal;
        if let Some(running) = self.running_mut(session) {
            running.journal = journal;
        }
        reply
    }

    fn read_only(&self, session: SessionId, statement: &Statement) -> Result<(), SqlError> {
        if !self.txn(session).is_some_and(|txn| txn.read_only) {
            return Ok(());
        }
        let words = match statement {
            Statement::Insert(_) => "INSERT",
            Statement::Update(_) => "UPDATE",
            Statement::Delete(_) => "DELETE",
            Statement::CreateTable(_) => "CREATE TABLE",
            Statement::CreateIndex(_) => "CREATE INDEX",
            Statement::DropTable { .. } => "DROP TABLE",
            Statement::Select(query) => match query.locking.first() {
                Some(locking) => match locking.strength {
                    crate::servers::sql::ast::Strength::KeyShare => "SELECT FOR KEY SHARE",
                    crate::servers::sql::ast::Strength::Share => "SELECT FOR SHARE",
                    crate::servers::sql::ast::Strength::NoKeyUpdate => "SELECT FOR NO KEY UPDATE",
                    crate::servers::sql::ast::Strength::Update => "SELECT FOR UPDATE",
                },
                None => return Ok(()),
            },
            _ => return Ok(()),
        };
        Err(SqlError::new("25006", format!("cannot execute {words} in a read-only transaction")))
    }

    fn lock_table(&mut self, session: SessionId, names: &[Name], mode: TableMode, nowait: bool) -> Result<Reply, Stop> {
        if !self.txn(session).is_some_and(|txn| txn.explicit) {
            return Err(SqlError::new("25P01", "LOCK TABLE can only be used in transaction blocks").into());
        }
        for name in names {
            let id = Visible { postgres: self, session }.existing_id(name);
            let id = id.ok_or_else(|| SqlError::new("42P01", format!("relation \"{name}\" does not exist")))?;
            let owner = self.depth(session);
            if !self.lock(session, Tag::Table(id), mode, owner, !nowait)? {
                return Err(SqlError::new("55P03", format!("could not obtain lock on relation \"{name}\"")).into());
            }
        }
        Ok(super::session::done("LOCK TABLE"))
    }
}

impl Visible<'_> {
    pub(super) fn existing_id(&self, name: &str) -> Option<u32> {
        self.table(name).map(|table| table.id)
    }
}

impl Exec<'_> {
    fn bound(&mut self, statement: &BoundStatement) -> Result<Reply, Stop> {
        match statement {
            BoundStatement::Select(query) => {
                let rows = self.query(query, None)?;
                let columns: Arc<[Name]> = query.items.iter().map(|item| item.name.clone()).collect();
                let tag = format!("SELECT {}", rows.len()).into();
                Ok(Reply::Rows(Rows { columns, rows, tag }))
            }
            BoundStatement::Insert(insert) => self.insert(insert),
            BoundStatement::Change(change) => self.change(change),
        }
    }
}

fn tables_of(statement: &Statement, out: &mut Vec<(Name, TableMode)>) {
    use crate::servers::sql::ast::{Item, Rows as Inserted};
    let items = |items: &[Item], out: &mut Vec<(Name, TableMode)>| {
        for item in items {
            if let Item::Expr(expr, _) = item {
                expr.queries(&mut |query| tables_of_query(query, out));
            }
        }
    };
    match statement {
        Statement::Select(query) => tables_of_query(query, out),
        Statement::Insert(insert) => {
            out.push((insert.table.clone(), TableMode::RowExclusive));
            match &insert.rows {
                Inserted::Query(query) => tables_of_query(query, out),
                Inserted::Values(rows) => {
                    for expr in rows.iter().flatten().flatten() {
                        expr.queries(&mut |query| tables_of_query(query, out));
                    }
                }
                Inserted::Defaults => {}
            }
            if let Some((set, filter)) = insert.on_conflict.as_ref().and_then(|conflict| conflict.update.as_ref()) {
                for expr in set.iter().filter_map(|(_, expr)| expr.as_ref()).chain(filter) {
                    expr.queries(&mut |query| tables_of_query(query, out));
                }
            }
            items(&insert.returning, out);
        }
        Statement::Update(update) => {
            out.push((update.table.clone(), TableMode::RowExclusive));
            for expr in update.set.iter().filter_map(|(_, expr)| expr.as_ref()).chain(&update.filter) {
                expr.queries(&mut |query| tables_of_query(query, out));
            }
            items(&update.returning, out);
        }
        Statement::Delete(delete) => {
            out.push((delete.table.clone(), TableMode::RowExclusive));
            if let Some(expr) = &delete.filter {
                expr.queries(&mut |query| tables_of_query(query, out));
            }
            items(&delete.returning, out);
        }
        _ => {}
    }
}

fn tables_of_query(query: &Query, out: &mut Vec<(Name, TableMode)>) {
    for (_, source) in &query.from {
        if let Source::Table(name, alias) = source {
            let shown = alias.as_ref().unwrap_or(name);
            let locked = query.locking.iter().any(|locking| locking.of.is_empty() || locking.of.contains(shown));
            out.push((name.clone(), if locked { TableMode::RowShare } else { TableMode::AccessShare }));
        }
    }
    query.inner(&mut |inner| tables_of_query(inner, out));
}
