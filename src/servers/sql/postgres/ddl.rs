//! `CREATE TABLE`, `CREATE INDEX`, `DROP TABLE`.

use std::sync::Arc;

use super::heap::Stored;
use super::locks::Tag;
use super::session::done;
use super::{Postgres, SessionId, Visible};
use crate::servers::sql::answer::Reply;
use crate::servers::sql::ast::{
    ColumnConstraint, CreateIndex, CreateTable, Expr, Name, Statement, TableConstraint, TableMode,
};
use crate::servers::sql::bind::{Bound, Catalog, Scope, assigned};
use crate::servers::sql::error::SqlError;
use crate::servers::sql::eval::Stop;
use crate::servers::sql::schema::{Column, ForeignKey, Index, Table};

/// A foreign key as it is written: its name, columns, the other table and its columns.
type Foreign = (Option<Name>, Vec<Name>, Name, Vec<Name>);

/// Most columns of a table.
const MAX_COLUMNS: usize = 256;

/// A catalogue of one table that does not exist yet, for its constraints.
struct Only<'a>(&'a Table);

impl Catalog for Only<'_> {
    fn table(&self, name: &str) -> Option<&Table> {
        Some(self.0).filter(|table| table.name == name)
    }
}

impl Postgres {
    pub(super) fn ddl(&mut self, session: SessionId, statement: &Statement) -> Result<Reply, Stop> {
        if self.txn(session).is_some_and(|txn| txn.subs.len() > 1) {
            return Err(SqlError::unsupported("changing the schema behind a savepoint").into());
        }
        match statement {
            Statement::CreateTable(create) => self.create_table(session, create),
            Statement::CreateIndex(create) => self.create_index(session, create),
            Statement::DropTable { names, if_exists } => self.drop_tables(session, names, *if_exists),
            _ => Err(SqlError::unsupported("this statement").into()),
        }
    }

    fn new_id(&mut self) -> u32 {
        self.next_id += 1;
        self.next_id
    }

    fn create_table(&mut self, session: SessionId, create: &CreateTable) -> Result<Reply, Stop> {
        let known = Visible { postgres: self, session }.existing_id(&create.name);
        if known.is_some() {
            if create.if_not_exists {
                let message = format!("relation \"{}\" already exists, skipping", create.name);
                self.notice(session, "NOTICE", message);
                return Ok(done("CREATE TABLE"));
            }
            return Err(SqlError::new("42P07", format!("relation \"{}\" already exists", create.name)).into());
        }
        if self.tables.values().any(|stored| stored.table.name == create.name) {
            return Err(SqlError::unsupported("a table whose name another transaction is using").into());
        }
        if create.columns.len() > MAX_COLUMNS {
            return Err(SqlError::unsupported(format!("more than {MAX_COLUMNS} columns")).into());
        }
        let mut table = Table {
            id: self.new_id(),
            name: create.name.clone(),
            columns: Vec::new(),
            indexes: Vec::new(),
            checks: Vec::new(),
            foreign_keys: Vec::new(),
        };
        for column in &create.columns {
            if table.column(&column.name).is_some() {
                return Err(
                    SqlError::new("42701", format!("column \"{}\" specified more than once", column.name)).into()
                );
            }
            let (name, ty) = (column.name.clone(), column.ty);
            table.columns.push(Column { name, ty, not_null: false, default: None });
        }
        let mut unique: Vec<(Option<Name>, Vec<Name>, bool)> = Vec::new();
        let mut checks: Vec<(Option<Name>, &Expr)> = Vec::new();
        let mut foreign: Vec<Foreign> = Vec::new();
        for (at, column) in create.columns.iter().enumerate() {
            for (name, constraint) in &column.constraints {
                match constraint {
                    ColumnConstraint::Null => {}
                    ColumnConstraint::NotNull => table.columns[at].not_null = true,
                    ColumnConstraint::PrimaryKey => unique.push((name.clone(), vec![column.name.clone()], true)),
                    ColumnConstraint::Unique => unique.push((name.clone(), vec![column.name.clone()], false)),
                    ColumnConstraint::Default(expr) => {
                        let only = Only(&table);
                        let bound = assigned(Scope::new(&only).expr(expr)?, &column.name, column.ty)?;
                        table.columns[at].default = Some(bound);
                    }
                    ColumnConstraint::Check(check) => checks.push((name.clone(), check)),
                    ColumnConstraint::References(to, on) => {
                        foreign.push((
                            name.clone(),
                            vec![column.name.clone()],
                            to.clone(),
                            on.iter().cloned().collect(),
                        ));
                    }
                }
            }
        }
        for (name, constraint) in &create.constraints {
            match constraint {
                TableConstraint::PrimaryKey(columns) => unique.push((name.clone(), columns.clone(), true)),
                TableConstraint::Unique(columns) => unique.push((name.clone(), columns.clone(), false)),
                TableConstraint::Check(check) => checks.push((name.clone(), check)),
                TableConstraint::ForeignKey(columns, to, on) => {
                    foreign.push((name.clone(), columns.clone(), to.clone(), on.clone()));
                }
            }
        }
        // The primary key's index is made first.
        unique.sort_by_key(|(_, _, primary)| !primary);
        if unique.iter().filter(|(_, _, primary)| *primary).count() > 1 {
            let message = format!("multiple primary keys for table \"{}\" are not allowed", table.name);
            return Err(SqlError::new("42P16", message).into());
        }
        for (name, columns, primary) in unique {
            let places = places(&table, &columns)?;
            for place in places.iter().filter(|_| primary) {
                table.columns[usize::from(*place)].not_null = true;
            }
            let made = if primary {
                format!("{}_pkey", table.name)
            } else {
                format!("{}_{}_key", table.name, columns.join("_"))
            };
            let id = self.new_id();
            let name = name.unwrap_or(made);
            table.indexes.push(Index { id, name, columns: places, unique: true, primary, filter: None });
        }
        for (name, check) in checks {
            let only = Only(&table);
            let mut scope = Scope::of_table(&only, &table.name, None)?;
            scope.no_aggregates = Some("check constraints");
            let bound = scope.condition(check, "CHECK")?;
            let made = check_name(&table, &bound);
            let taken = |name: &Name| table.checks.iter().any(|(other, _)| other == name);
            let made = std::iter::once(made.clone())
                .chain((1..).map(|at: u32| format!("{made}{at}")))
                .find(|name| !taken(name))
                .unwrap_or(made);
            table.checks.push((name.unwrap_or(made), bound));
        }
        table.checks.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (name, columns, to, on) in foreign {
            let key = self.foreign_key(session, &table, name, &columns, &to, &on)?;
            table.foreign_keys.push(key);
        }
        let id = table.id;
        self.lock(session, Tag::Table(id), TableMode::AccessExclusive, 0, true)?;
        let stored = Stored {
            table: Arc::new(table),
            heap: Arc::default(),
            filled: 0,
            pages: 0,
            counted: None,
            created_by: Some(session),
            dropped_by: None,
        };
        self.tables.insert(id, stored);
        Ok(done("CREATE TABLE"))
    }

    fn foreign_key(
        &mut self,
        session: SessionId,
        table: &Table,
        name: Option<Name>,
        columns: &[Name],
        to: &str,
        on: &[Name],
    ) -> Result<ForeignKey, Stop> {
        let places = places(table, columns)?;
        let itself = to == table.name;
        let target = if itself { table.clone() } else { Visible { postgres: self, session }.existing(to)?.clone() };
        if !itself {
            self.lock(session, Tag::Table(target.id), TableMode::ShareRowExclusive, 0, true)?;
        }
        let target_columns = if on.is_empty() {
            let primary = target.indexes.iter().find(|index| index.primary);
            let missing = || SqlError::new("42704", format!("there is no primary key for referenced table \"{to}\""));
            primary.ok_or_else(missing)?.columns.clone()
        } else {
            let mut found = Vec::new();
            for column in on {
                let message = format!("column \"{column}\" referenced in foreign key constraint does not exist");
                found.push(target.column(column).ok_or_else(|| SqlError::new("42703", message))?);
            }
            found
        };
        let sorted = |columns: &[u16]| {
            let mut columns = columns.to_vec();
            columns.sort_unstable();
            columns
        };
        let serves =
            |index: &Index| index.unique && index.filter.is_none() && sorted(&index.columns) == sorted(&target_columns);
        if !target.indexes.iter().any(serves) {
            let message = format!("there is no unique constraint matching given keys for referenced table \"{to}\"");
            return Err(SqlError::new("42830", message).into());
        }
        if target_columns.len() != places.len() {
            let message = "number of referencing and referenced columns for foreign key disagree";
            return Err(SqlError::new("42830", message).into());
        }
        for (own, other) in places.iter().zip(&target_columns) {
            let (own, other) = (table.columns[usize::from(*own)].ty, target.columns[usize::from(*other)].ty);
            let fits = own == other || (own.is_number() && other.is_number()) || (own.is_text() && other.is_text());
            if !fits {
                let name = name.unwrap_or_else(|| format!("{}_{}_fkey", table.name, columns.join("_")));
                return Err(
                    SqlError::new("42804", format!("foreign key constraint \"{name}\" cannot be implemented")).into()
                );
            }
        }
        let made = format!("{}_{}_fkey", table.name, columns.join("_"));
        Ok(ForeignKey { name: name.unwrap_or(made), columns: places, target: target.id, target_columns })
    }

    fn create_index(&mut self, session: SessionId, create: &CreateIndex) -> Result<Reply, Stop> {
        if self.txn(session).is_some_and(|txn| txn.explicit) {
            return Err(SqlError::unsupported("CREATE INDEX in a transaction block").into());
        }
        let table = Visible { postgres: self, session }.existing(&create.table)?.clone();
        self.lock(session, Tag::Table(table.id), TableMode::Share, 0, true)?;
        let columns = places(&table, &create.columns)?;
        let made = format!("{}_{}_idx", table.name, create.columns.join("_"));
        let name = create.name.clone().unwrap_or(made);
        let taken = self
            .tables
            .values()
            .any(|stored| stored.table.name == name || stored.table.indexes.iter().any(|index| index.name == name));
        if taken {
            return Err(SqlError::new("42P07", format!("relation \"{name}\" already exists")).into());
        }
        let only = Only(&table);
        let mut scope = Scope::of_table(&only, &table.name, None)?;
        let filter = create.filter.as_ref().map(|filter| scope.condition(filter, "WHERE")).transpose()?;
        let id = self.new_id();
        let index = Index { id, name, columns, unique: create.unique, primary: false, filter };
        let Some(stored) = self.tables.get(&table.id) else { return Ok(done("CREATE INDEX")) };
        let live: Vec<&super::heap::Tuple> = stored
            .heap
            .iter()
            .filter(|tuple| {
                !self.aborted(tuple.xmin) && tuple.updater().is_none_or(|updater| self.aborted(updater.xid))
            })
            .collect();
        if index.unique {
            let mut keys = Vec::new();
            for tuple in &live {
                let key = super::scan::key_of(&index, &tuple.values);
                if !key.iter().any(crate::servers::sql::value::Value::is_null) && keys.contains(&key) {
                    return Err(
                        SqlError::new("23505", format!("could not create unique index \"{}\"", index.name)).into()
                    );
                }
                keys.push(key);
            }
            if index.filter.is_some() {
                return Err(SqlError::unsupported("a unique partial index").into());
            }
        }
        let (pages, rows) = (stored.pages, live.len() as u32);
        if let Some(stored) = self.tables.get_mut(&table.id) {
            let mut table = table;
            table.indexes.push(index);
            stored.table = Arc::new(table);
            if pages > 0 {
                stored.counted = Some((pages, rows));
            }
        }
        Ok(done("CREATE INDEX"))
    }

    fn drop_tables(&mut self, session: SessionId, names: &[Name], if_exists: bool) -> Result<Reply, Stop> {
        let mut dropped = Vec::new();
        for name in names {
            let Some(id) = Visible { postgres: self, session }.existing_id(name) else {
                if if_exists {
                    self.notice(session, "NOTICE", format!("table \"{name}\" does not exist, skipping"));
                    continue;
                }
                return Err(SqlError::new("42P01", format!("table \"{name}\" does not exist")).into());
            };
            self.lock(session, Tag::Table(id), TableMode::AccessExclusive, 0, true)?;
            dropped.push((id, name));
        }
        for (id, name) in &dropped {
            let refers = |stored: &Stored| {
                stored.dropped_by.is_none()
                    && !dropped.iter().any(|(other, _)| *other == stored.table.id)
                    && stored.table.foreign_keys.iter().any(|key| key.target == *id)
            };
            if self.tables.values().any(refers) {
                let message = format!("cannot drop table {name} because other objects depend on it");
                return Err(SqlError::new("2BP01", message).into());
            }
        }
        for (id, _) in dropped {
            if let Some(stored) = self.tables.get_mut(&id) {
                stored.dropped_by = Some(session);
            }
        }
        Ok(done("DROP TABLE"))
    }

    /// What a transaction did to the schema becomes so for everybody, or never was.
    pub(super) fn settle_ddl(&mut self, session: SessionId, committed: bool) {
        self.tables.retain(|_, stored| {
            let gone = if committed { stored.dropped_by } else { stored.created_by };
            gone != Some(session)
        });
        for stored in self.tables.values_mut() {
            for mark in [&mut stored.created_by, &mut stored.dropped_by] {
                if *mark == Some(session) {
                    *mark = None;
                }
            }
        }
        let others =
            self.sessions.iter().enumerate().any(|(at, other)| at != usize::from(session) && other.txn.is_some());
        if self.tables.is_empty() && !others {
            // Nothing is left that a number could stand in: equal situations are equal again.
            self.xids.clear();
            self.next_id = 0;
        }
    }
}

fn places(table: &Table, columns: &[Name]) -> Result<Vec<u16>, SqlError> {
    let mut out = Vec::new();
    for column in columns {
        let missing = || SqlError::new("42703", format!("column \"{column}\" named in key does not exist"));
        out.push(table.column(column).ok_or_else(missing)?);
    }
    Ok(out)
}

/// The name that the server gives to an unnamed CHECK: with the column, where it looks at only one.
fn check_name(table: &Table, check: &Bound) -> Name {
    let looked: Vec<&Column> = table
        .columns
        .iter()
        .enumerate()
        .filter(|(at, _)| super::plan::depends(check, &|column| usize::from(column) == *at))
        .map(|(_, column)| column)
        .collect();
    match looked.as_slice() {
        [column] => format!("{}_{}_check", table.name, column.name),
        _ => format!("{}_check", table.name),
    }
}
