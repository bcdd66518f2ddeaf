//! Statements that read or change rows.

use std::sync::Arc;

use super::{Bound, BoundItem, BoundQuery, Catalog, Scope, assigned};
use crate::engine::sort;
use crate::servers::sql::ast::{Delete, Expr, Insert, Item, Name, Rows, Statement, Update};
use crate::servers::sql::error::SqlError;
use crate::servers::sql::schema::Table;
use crate::servers::sql::value::{Type, Value};

/// A statement whose names are found.
pub enum BoundStatement {
    /// `SELECT`.
    Select(BoundQuery),
    /// `INSERT`.
    Insert(BoundInsert),
    /// `UPDATE` or `DELETE`.
    Change(BoundChange),
}

/// An `UPDATE`, or a `DELETE` where nothing is set.
pub struct BoundChange {
    /// The table.
    pub table: Arc<Table>,
    /// `WHERE`.
    pub filter: Option<Bound>,
    /// Columns and their new values; none for DELETE.
    pub set: Option<Vec<(u16, Bound)>>,
    /// `RETURNING`.
    pub returning: Vec<BoundItem>,
}

impl dyn Catalog + '_ {
    /// Finds the names of a statement that reads or changes rows.
    pub fn bind(&self, statement: &Statement) -> Result<BoundStatement, SqlError> {
        Ok(match statement {
            Statement::Select(query) => BoundStatement::Select(Scope::new(self).query(query)?),
            Statement::Insert(insert) => BoundStatement::Insert(self.bind_insert(insert)?),
            Statement::Update(update) => BoundStatement::Change(self.bind_update(update)?),
            Statement::Delete(delete) => BoundStatement::Change(self.bind_delete(delete)?),
            _ => return Err(SqlError::unsupported("this statement")),
        })
    }

    /// New values of columns.
    fn bind_set(
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

    fn bind_returning(&self, scope: &mut Scope, items: &[Item]) -> Result<Vec<BoundItem>, SqlError> {
        scope.no_aggregates = Some("RETURNING");
        let items = scope.items(items)?;
        if items.iter().any(|item| item.series.is_some()) {
            return Err(SqlError::unsupported("generate_series in RETURNING"));
        }
        Ok(items)
    }

    fn bind_update(&self, update: &Update) -> Result<BoundChange, SqlError> {
        let table = self.existing(&update.table)?;
        let mut scope = Scope::of_table(self, &update.table, update.alias.as_deref())?;
        let set = self.bind_set(&mut scope, table, &update.set)?;
        scope.no_aggregates = Some("WHERE");
        let filter = update.filter.as_ref().map(|filter| scope.condition(filter, "WHERE")).transpose()?;
        let returning = self.bind_returning(&mut scope, &update.returning)?;
        Ok(BoundChange { table: Arc::new(table.clone()), filter, set: Some(set), returning })
    }

    fn bind_delete(&self, delete: &Delete) -> Result<BoundChange, SqlError> {
        let table = self.existing(&delete.table)?;
        let mut scope = Scope::of_table(self, &delete.table, delete.alias.as_deref())?;
        scope.no_aggregates = Some("WHERE");
        let filter = delete.filter.as_ref().map(|filter| scope.condition(filter, "WHERE")).transpose()?;
        let returning = self.bind_returning(&mut scope, &delete.returning)?;
        Ok(BoundChange { table: Arc::new(table.clone()), filter, set: None, returning })
    }
}

/// An `INSERT`.
pub struct BoundInsert {
    /// The table.
    pub table: Arc<Table>,
    /// The rows.
    pub rows: BoundRows,
    /// Columns that rows give values for, in their order.
    pub columns: Vec<u16>,
    /// `ON CONFLICT`.
    pub conflict: Option<Conflict>,
    /// `RETURNING`.
    pub returning: Vec<BoundItem>,
}

/// What an `INSERT` inserts.
pub enum BoundRows {
    /// `VALUES`.
    Values(Vec<Vec<Bound>>),
    /// A query, and how its columns are fitted.
    Query(Box<BoundQuery>, Vec<Bound>),
}

/// Columns with their new values.
pub type Set = Vec<(u16, Bound)>;

/// `ON CONFLICT`.
pub struct Conflict {
    /// Places of the unique indexes that are meant.
    pub indexes: Vec<usize>,
    /// `DO UPDATE`: what is set, and `WHERE`; `DO NOTHING` where none.
    pub update: Option<(Set, Option<Bound>)>,
}

impl dyn Catalog + '_ {
    fn bind_insert(&self, insert: &Insert) -> Result<BoundInsert, SqlError> {
        let table = self.existing(&insert.table)?;
        let mut columns = Vec::new();
        for name in &insert.columns {
            let missing =
                || SqlError::new("42703", format!("column \"{name}\" of relation \"{}\" does not exist", table.name));
            let at = table.column(name).ok_or_else(missing)?;
            if columns.contains(&at) {
                return Err(SqlError::new("42701", format!("column \"{name}\" specified more than once")));
            }
            columns.push(at);
        }
        let named = !columns.is_empty();
        if !named {
            columns = (0..table.columns.len() as u16).collect();
        }
        let fits = |count: usize| -> Result<(), SqlError> {
            if count > columns.len() {
                return Err(SqlError::new("42601", "INSERT has more expressions than target columns"));
            }
            if named && count < columns.len() {
                return Err(SqlError::new("42601", "INSERT has more target columns than expressions"));
            }
            Ok(())
        };
        let column = |at: usize| &table.columns[usize::from(columns[at])];
        let rows = match &insert.rows {
            Rows::Defaults => BoundRows::Values(vec![Vec::new()]),
            Rows::Values(rows) => {
                let mut out = Vec::new();
                let length = rows.first().map_or(0, Vec::len);
                for row in rows {
                    if row.len() != length {
                        return Err(SqlError::new("42601", "VALUES lists must all be the same length"));
                    }
                    fits(row.len())?;
                    let mut bound = Vec::new();
                    for (at, expr) in row.iter().enumerate() {
                        bound.push(match expr {
                            Some(expr) => {
                                let mut scope = Scope::new(self);
                                scope.no_aggregates = Some("VALUES");
                                scope.columns.push(Vec::new());
                                assigned(scope.expr(expr)?, &column(at).name, column(at).ty)?
                            }
                            None => column(at).default.clone().unwrap_or(Bound::Const(Value::Null)),
                        });
                    }
                    out.push(bound);
                }
                BoundRows::Values(out)
            }
            Rows::Query(query) => {
                let query = Scope::new(self).query(query)?;
                fits(query.items.len())?;
                let fitted = query.items.iter().enumerate().map(|(at, item)| {
                    let literal =
                        matches!(item.expr, Bound::Const(Value::Null | Value::Text(_))) && item.series.is_none();
                    if literal {
                        return Ok(Bound::Cast(Box::new(Bound::Column(0, at as u16)), column(at).ty));
                    }
                    assigned((Bound::Column(0, at as u16), item.ty), &column(at).name, column(at).ty)
                });
                let fitted = fitted.collect::<Result<_, _>>()?;
                BoundRows::Query(Box::new(query), fitted)
            }
        };
        let given = match &rows {
            BoundRows::Values(rows) => rows.first().map_or(0, Vec::len),
            BoundRows::Query(query, _) => query.items.len(),
        };
        columns.truncate(given);
        let conflict = self.bind_conflict(insert, table)?;
        let mut scope = Scope::of_table(self, &insert.table, insert.alias.as_deref())?;
        let returning = self.bind_returning(&mut scope, &insert.returning)?;
        Ok(BoundInsert { table: Arc::new(table.clone()), rows, columns, conflict, returning })
    }

    fn bind_conflict(&self, insert: &Insert, table: &Table) -> Result<Option<Conflict>, SqlError> {
        let Some(conflict) = &insert.on_conflict else { return Ok(None) };
        let mut wanted = Vec::new();
        for name in &conflict.columns {
            let missing = || SqlError::new("42703", format!("column \"{name}\" does not exist"));
            wanted.push(table.column(name).ok_or_else(missing)?);
        }
        sort(&mut wanted);
        let serves = |columns: &[u16]| {
            let mut columns = columns.to_vec();
            sort(&mut columns);
            wanted.is_empty() || columns == wanted
        };
        let unique = table.indexes.iter().enumerate().filter(|(_, index)| index.unique && index.filter.is_none());
        let indexes: Vec<usize> = unique.filter(|(_, index)| serves(&index.columns)).map(|(at, _)| at).collect();
        if indexes.is_empty() && !wanted.is_empty() {
            let message = "there is no unique or exclusion constraint matching the ON CONFLICT specification";
            return Err(SqlError::new("42P10", message));
        }
        let update = match &conflict.update {
            None => None,
            Some((set, filter)) => {
                let mut scope = Scope::of_table(self, &insert.table, insert.alias.as_deref())?;
                let excluded: Vec<(Name, Name, Type)> = table
                    .columns
                    .iter()
                    .map(|column| ("excluded".to_owned(), column.name.clone(), column.ty))
                    .collect();
                scope.columns[0].extend(excluded);
                let set = self.bind_set(&mut scope, table, set)?;
                let filter = filter.as_ref().map(|filter| scope.condition(filter, "WHERE")).transpose()?;
                Some((set, filter))
            }
        };
        Ok(Some(Conflict { indexes, update }))
    }
}
