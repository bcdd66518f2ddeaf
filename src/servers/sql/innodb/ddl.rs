//! `CREATE TABLE`, `CREATE INDEX`, `DROP TABLE`. Each ends the transaction that it comes in.

use std::sync::Arc;

use super::session::done;
use super::store::{Entry, Stored, compare};
use super::{Innodb, fail};
use crate::engine::sort_stably_by;
use crate::servers::sql::answer::Reply;
use crate::servers::sql::ast::{CreateIndex, CreateTable, Name, Statement};
use crate::servers::sql::bind::Catalog as _;
use crate::servers::sql::define;
use crate::servers::sql::engine::SessionId;
use crate::servers::sql::error::SqlError;
use crate::servers::sql::eval::Stop;
use crate::servers::sql::schema::Index;
use crate::servers::sql::value::Value;

impl Innodb {
    pub(super) fn ddl(&mut self, session: SessionId, statement: &Statement) -> Result<Reply, Stop> {
        let others =
            self.sessions.iter().enumerate().any(|(at, other)| at != usize::from(session) && other.trx.is_some());
        if others && !matches!(statement, Statement::CreateTable(_)) {
            return Err(SqlError::unsupported("changing the schema while another transaction runs").into());
        }
        match statement {
            Statement::CreateTable(create) => self.create_table(create),
            Statement::CreateIndex(create) => self.create_index(create),
            Statement::DropTable { names, if_exists } => self.drop_tables(names, *if_exists),
            _ => Err(SqlError::unsupported("this statement").into()),
        }
    }

    fn create_table(&mut self, create: &CreateTable) -> Result<Reply, Stop> {
        if self.table(&create.name).is_some() {
            if create.if_not_exists {
                return Ok(done("CREATE TABLE"));
            }
            return Err(fail::error(1050, "42S01", format!("Table '{}' already exists", create.name)).into());
        }
        let mut next = self.next_id;
        let (mut table, foreign) = define::table(create, &mut || {
            next += 1;
            next
        })?;
        self.next_id = next;
        if !foreign.is_empty() {
            return Err(SqlError::unsupported("foreign keys with InnoDB").into());
        }
        for index in &mut table.indexes {
            let columns: Vec<&str> =
                index.columns.iter().map(|at| table.columns[usize::from(*at)].name.as_str()).collect();
            if index.primary {
                "PRIMARY".clone_into(&mut index.name);
            } else if index.name == format!("{}_{}_key", table.name, columns.join("_")) {
                // An unnamed one is named for its first column.
                columns.first().copied().unwrap_or_default().clone_into(&mut index.name);
            }
        }
        self.tables.insert(table.id, Stored::new(table));
        Ok(done("CREATE TABLE"))
    }

    fn create_index(&mut self, create: &CreateIndex) -> Result<Reply, Stop> {
        let table = self.existing(&create.table)?;
        let (id, columns) = (table.id, define::places(table, &create.columns)?);
        if create.filter.is_some() {
            return Err(fail::syntax("WHERE").into());
        }
        let Some(name) = create.name.clone() else { return Err(fail::syntax("ON").into()) };
        self.next_id += 1;
        let index = Index { id: self.next_id, name, columns, unique: create.unique, primary: false, filter: None };
        let Some(stored) = self.tables.get_mut(&id) else { return Ok(done("CREATE INDEX")) };
        let at = stored.table.indexes.len() as u16;
        let mut table = (*stored.table).clone();
        table.indexes.push(index);
        let (unique, name) = (create.unique, table.indexes[usize::from(at)].name.clone());
        stored.table = Arc::new(table);
        let mut entries = Vec::new();
        for entry in stored.entries(stored.clustered) {
            if let Some(version) = entry.newest().filter(|version| !version.deleted) {
                let key = stored.key(at, &version.values, &entry.key);
                entries.push(Entry { heap: 0, key, deleted: false, by: version.by, versions: Vec::new() });
            }
        }
        sort_stably_by(&mut entries, &|a, b| compare(&a.key, &b.key));
        let width = stored.width(at);
        let twice = entries.windows(2).find(|pair| {
            let (a, b) = (&pair[0].key[..width], &pair[1].key[..width]);
            unique && !a.iter().any(Value::is_null) && compare(a, b).is_eq()
        });
        if let Some(pair) = twice {
            let error = fail::duplicate(&pair[0].key[..width], &name);
            let mut table = (*stored.table).clone();
            table.indexes.pop();
            stored.table = Arc::new(table);
            return Err(error.into());
        }
        for entry in &mut entries {
            entry.heap = stored.next_heap;
            stored.next_heap += 1;
        }
        stored.indexes.push((at, Arc::new(entries)));
        sort_stably_by(&mut stored.indexes, &|(one, _), (other, _)| one.cmp(other));
        Ok(done("CREATE INDEX"))
    }

    fn drop_tables(&mut self, names: &[Name], if_exists: bool) -> Result<Reply, Stop> {
        for name in names {
            match self.table(name).map(|table| table.id) {
                Some(id) => {
                    self.tables.remove(&id);
                }
                None if if_exists => {}
                None => return Err(fail::error(1051, "42S02", format!("Unknown table '{name}'")).into()),
            }
        }
        Ok(done("DROP TABLE"))
    }
}
