//! `CREATE TABLE`, `CREATE INDEX`, `DROP TABLE`.

use std::sync::Arc;

use super::heap::Stored;
use super::locks::Tag;
use super::session::done;
use super::{Postgres, SessionId, Visible};
use crate::servers::sql::answer::Reply;
use crate::servers::sql::ast::{CreateIndex, CreateTable, Name, Statement, TableMode};
use crate::servers::sql::bind::{Catalog as _, Scope};
use crate::servers::sql::define;
use crate::servers::sql::error::SqlError;
use crate::servers::sql::eval::Stop;
use crate::servers::sql::schema::{ForeignKey, Index, Table};

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
        let (mut table, foreign) = define::table(create, &mut || self.new_id())?;
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
        define::places(table, columns)?;
        let itself = to == table.name;
        let target = if itself { table.clone() } else { Visible { postgres: self, session }.existing(to)?.clone() };
        if !itself {
            self.lock(session, Tag::Table(target.id), TableMode::ShareRowExclusive, 0, true)?;
        }
        Ok(define::foreign_key(table, &target, name, columns, to, on)?)
    }

    fn create_index(&mut self, session: SessionId, create: &CreateIndex) -> Result<Reply, Stop> {
        if self.txn(session).is_some_and(|txn| txn.explicit) {
            return Err(SqlError::unsupported("CREATE INDEX in a transaction block").into());
        }
        let table = Visible { postgres: self, session }.existing(&create.table)?.clone();
        self.lock(session, Tag::Table(table.id), TableMode::Share, 0, true)?;
        let columns = define::places(&table, &create.columns)?;
        let made = format!("{}_{}_idx", table.name, create.columns.join("_"));
        let name = create.name.clone().unwrap_or(made);
        let taken = self
            .tables
            .values()
            .any(|stored| stored.table.name == name || stored.table.indexes.iter().any(|index| index.name == name));
        if taken {
            return Err(SqlError::new("42P07", format!("relation \"{name}\" already exists")).into());
        }
        let only = define::Only(&table);
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
