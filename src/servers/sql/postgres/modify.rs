//! `UPDATE` and `DELETE`.

use std::sync::Arc;

use super::exec::{Entry, Exec};
use super::rows::{How, Outcome, Spot};
use super::scan::lost;
use super::select::concurrent_update;
use super::session::done;
use super::{Tid, Visible};
use crate::servers::sql::answer::{Reply, Rows};
use crate::servers::sql::ast::{Delete, Expr, Item, Name, Patience, Strength, Update};
use crate::servers::sql::bind::{Bound, BoundItem, BoundQuery, Catalog as _, Scope, assigned};
use crate::servers::sql::error::SqlError;
use crate::servers::sql::eval::{Env, Stop, eval, holds};
use crate::servers::sql::schema::{Row, Table};
use crate::servers::sql::value::{Type, Value};

/// An `UPDATE`, or a `DELETE` where nothing is set.
pub(super) struct BoundChange {
    pub table: Arc<Table>,
    query: BoundQuery,
    /// Columns and their new values; none for DELETE.
    set: Option<Vec<(u16, Bound)>>,
    returning: Vec<BoundItem>,
}

impl Visible<'_> {
    /// New values of columns.
    pub(super) fn bind_set(
        &self,
        scope: &mut Scope,
        table: &Table,
        set: &[(Name, Option<Expr>)],
    ) -> Result<Vec<(u16, Bound)>, SqlError> {
        let mut out: Vec<(u16, Bound)> = Vec::new();
        for (name, expr) in set {
            let missing =
                || SqlError::new("42703", format!("column \"{name}\" of relation \"{}\" does not exist", table.name));
            let at = table.column(name).ok_or_else(missing)?;
            if out.iter().any(|(other, _)| *other == at) {
                return Err(SqlError::new("42601", format!("multiple assignments to same column \"{name}\"")));
            }
            let column = &table.columns[usize::from(at)];
            let value = match expr {
                Some(expr) => {
                    scope.no_aggregates = Some("UPDATE");
                    assigned(scope.expr(expr)?, name, column.ty)?
                }
                None => column.default.clone().unwrap_or(Bound::Const(Value::Null)),
            };
            out.push((at, value));
        }
        Ok(out)
    }

    pub(super) fn bind_returning(&self, scope: &mut Scope, items: &[Item]) -> Result<Vec<BoundItem>, SqlError> {
        scope.no_aggregates = Some("RETURNING");
        let items = scope.items(items)?;
        if items.iter().any(|item| item.series.is_some()) {
            return Err(SqlError::unsupported("generate_series in RETURNING"));
        }
        Ok(items)
    }

    pub(super) fn bind_update(&self, update: &Update) -> Result<BoundChange, SqlError> {
        let table = self.existing(&update.table)?;
        let mut scope = Scope::of_table(self, &update.table, update.alias.as_deref())?;
        let set = self.bind_set(&mut scope, table, &update.set)?;
        scope.no_aggregates = Some("WHERE");
        let filter = update.filter.as_ref().map(|filter| scope.condition(filter, "WHERE")).transpose()?;
        let returning = self.bind_returning(&mut scope, &update.returning)?;
        let query = Exec::only_table(table.id, table.columns.len(), filter);
        Ok(BoundChange { table: Arc::new(table.clone()), query, set: Some(set), returning })
    }

    pub(super) fn bind_delete(&self, delete: &Delete) -> Result<BoundChange, SqlError> {
        let table = self.existing(&delete.table)?;
        let mut scope = Scope::of_table(self, &delete.table, delete.alias.as_deref())?;
        scope.no_aggregates = Some("WHERE");
        let filter = delete.filter.as_ref().map(|filter| scope.condition(filter, "WHERE")).transpose()?;
        let returning = self.bind_returning(&mut scope, &delete.returning)?;
        let query = Exec::only_table(table.id, table.columns.len(), filter);
        Ok(BoundChange { table: Arc::new(table.clone()), query, set: None, returning })
    }
}

/// The answer to a statement that changed rows.
pub(super) fn changed(tag: String, returning: &[BoundItem], rows: Vec<Row>) -> Reply {
    if returning.is_empty() {
        return done(tag);
    }
    let columns = returning.iter().map(|item| item.name.clone()).collect();
    Reply::Rows(Rows { columns, rows, tag: tag.into() })
}

impl<'a> Exec<'a> {
    pub fn change(&mut self, change: &BoundChange) -> Result<Reply, Stop> {
        let width = change.table.columns.len();
        let mut count = 0_u32;
        let mut returned = Vec::new();
        // Old and new versions, for the foreign keys, which are checked at the end.
        let mut pairs: Vec<(Row, Option<Tid>)> = Vec::new();
        let query = &change.query;
        self.each(query, None, width, usize::MAX, &mut |exec, joined| {
            let Some(Some(tid)) = joined.tids.first().copied() else { return Ok(true) };
            if let Some((old, new)) = exec.change_row(change, tid)? {
                count += 1;
                let shown = new.map_or_else(|| old.clone(), |new| exec.values(change.table.id, new));
                exec.returning(&change.returning, &shown, &mut returned)?;
                pairs.push((old, new));
            }
            Ok(true)
        })?;
        for (old, new) in pairs {
            self.foreign_keys(&change.table, Some(&old), new)?;
        }
        let word = if change.set.is_some() { "UPDATE" } else { "DELETE" };
        Ok(changed(format!("{word} {count}"), &change.returning, returned))
    }

    pub fn returning(&mut self, items: &[BoundItem], row: &Row, out: &mut Vec<Row>) -> Result<(), Stop> {
        if items.is_empty() {
            return Ok(());
        }
        let values: Vec<Value> =
            items.iter().map(|item| eval(&item.expr, &Env::of(row), self)).collect::<Result<_, _>>()?;
        out.push(values.into());
        Ok(())
    }

    /// Changes a row that was selected; gives its old values and its new version, or none where it is passed over.
    fn change_row(&mut self, change: &BoundChange, tid: Tid) -> Result<Option<(Row, Option<Tid>)>, Stop> {
        let table = change.table.id;
        let mut tid = tid;
        loop {
            let old = self.values(table, tid);
            let spot = Spot { table, tid };
            let entry = match &change.set {
                Some(set) => {
                    let new = self.set(&change.table, set, &old, &old)?;
                    self.once(|pg, session, snapshot| {
                        let (outcome, tid) = pg.update_row(session, spot, snapshot.command, new)?;
                        Ok(Entry::Fate(outcome, tid))
                    })?
                }
                None => self.once(|pg, session, snapshot| {
                    let (outcome, tid) = pg.delete_row(session, spot, snapshot.command)?;
                    Ok(Entry::Fate(outcome, tid))
                })?,
            };
            let Entry::Fate(outcome, at) = entry else { return Err(lost()) };
            match outcome {
                Outcome::Done => {
                    let new = change.set.is_some().then_some(at);
                    if let Some(new) = new {
                        self.enter_into_indexes(&change.table, new)?;
                    }
                    return Ok(Some((old, new)));
                }
                Outcome::Updated | Outcome::Deleted
                    if self.pg.txn(self.session).is_some_and(super::txn::Txn::one_snapshot) =>
                {
                    if outcome == Outcome::Updated {
                        return Err(concurrent_update());
                    }
                    let message = "could not serialize access due to concurrent delete";
                    return Err(SqlError::new("40001", message).into());
                }
                Outcome::Updated => {}
                _ => return Ok(None),
            }
            // READ COMMITTED goes on with the row as it is now, if it would still be selected.
            let keys = change.set.as_ref().is_none_or(|set| set.iter().any(|(at, _)| change.table.is_key_column(*at)));
            let mode = if keys { Strength::Update } else { Strength::NoKeyUpdate };
            let entry = self.once(|pg, session, snapshot| {
                let how = How { mode, patience: Patience::Wait, command: snapshot.command, follow: false, last: true };
                let (outcome, tid) = pg.lock_row(session, spot, how)?;
                Ok(Entry::Fate(outcome, tid))
            })?;
            let Entry::Fate(Outcome::Done | Outcome::Moved, at) = entry else { return Ok(None) };
            let now = self.values(table, at);
            self.note_item(table, at);
            if let Some(filter) = &change.query.filter
                && !holds(filter, &Env::of(&now), self)?
            {
                return Ok(None);
            }
            tid = at;
        }
    }

    /// The row with new values, which its table's own constraints allow.
    pub fn set(&mut self, table: &Table, set: &[(u16, Bound)], old: &Row, seen: &[Value]) -> Result<Row, Stop> {
        let mut new = old.to_vec();
        for (column, expr) in set {
            let ty: Type = table.columns[usize::from(*column)].ty;
            new[usize::from(*column)] = eval(expr, &Env::of(seen), self)?.cast(ty)?;
        }
        self.own_constraints(table, &new)?;
        Ok(new.into())
    }
}
