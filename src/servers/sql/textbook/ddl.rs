//! `CREATE TABLE`, `CREATE INDEX`, `DROP TABLE`. Each ends the transaction that it comes in. Indexes only say what is unique: rows are found by looking at all.

use std::sync::Arc;

use super::Textbook;
use super::change::clashes;
use super::store::Stored;
use crate::servers::sql::answer::Reply;
use crate::servers::sql::ast::{CreateIndex, CreateTable, Name, Statement};
use crate::servers::sql::bind::Catalog as _;
use crate::servers::sql::define;
use crate::servers::sql::engine::SessionId;
use crate::servers::sql::error::SqlError;
use crate::servers::sql::eval::Stop;
use crate::servers::sql::schema::{Index, Row, Table};

impl Textbook {
    pub(super) fn ddl(&mut self, session: SessionId, statement: &Statement) -> Result<Reply, Stop> {
        let is_other = |at: usize| at != usize::from(session);
        let others = self.sessions.iter().enumerate().any(|(at, other)| is_other(at) && other.txn.is_some());
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
        let done = Ok(Reply::Done("CREATE TABLE".into()));
        if self.table(&create.name).is_some() {
            if create.if_not_exists {
                return done;
            }
            return Err(SqlError::new("42P07", format!("relation \"{}\" already exists", create.name)).into());
        }
        let mut next = self.next_id;
        let (mut table, foreign) = define::table(create, &mut || {
            next += 1;
            next
        })?;
        for (name, columns, to, on) in foreign {
            let target = if to == table.name { &table } else { self.existing(&to)? };
            let key = define::foreign_key(&table, target, name, &columns, &to, &on)?;
            table.foreign_keys.push(key);
        }
        self.next_id = next;
        self.tables.insert(table.id, Stored::new(table));
        done
    }

    fn create_index(&mut self, create: &CreateIndex) -> Result<Reply, Stop> {
        let table = self.existing(&create.table)?;
        let (id, columns) = (table.id, define::places(table, &create.columns)?);
        if create.filter.is_some() {
            return Err(SqlError::unsupported("a partial index in the textbook database").into());
        }
        let name = create.name.clone().unwrap_or_else(|| format!("{}_{}_idx", table.name, create.columns.join("_")));
        self.next_id += 1;
        let index = Index { id: self.next_id, name, columns, unique: create.unique, primary: false, filter: None };
        let Some(stored) = self.tables.get_mut(&id) else { return Ok(Reply::Done("CREATE INDEX".into())) };
        let rows: Vec<&Row> = stored.rows.iter().filter_map(|slot| slot.row.as_ref()).collect();
        let twice = |(at, row): (usize, &&Row)| rows[..at].iter().any(|other| clashes(&index, other, row));
        if index.unique && rows.iter().enumerate().any(twice) {
            return Err(SqlError::new("23505", format!("could not create unique index \"{}\"", index.name)).into());
        }
        Arc::make_mut(&mut stored.table).indexes.push(index);
        Ok(Reply::Done("CREATE INDEX".into()))
    }

    fn drop_tables(&mut self, names: &[Name], if_exists: bool) -> Result<Reply, Stop> {
        let mut dropped = Vec::new();
        for name in names {
            match self.table(name).map(|table| table.id) {
                Some(id) => dropped.push((id, name)),
                None if if_exists => {}
                None => return Err(SqlError::new("42P01", format!("table \"{name}\" does not exist")).into()),
            }
        }
        for (id, name) in &dropped {
            let refers = |table: &Table| table.foreign_keys.iter().any(|key| key.target == *id);
            let stays = |id: u32| !dropped.iter().any(|(other, _)| *other == id);
            if self.tables.values().any(|stored| stays(stored.table.id) && refers(&stored.table)) {
                let message = format!("cannot drop table {name} because other objects depend on it");
                return Err(SqlError::new("2BP01", message).into());
            }
        }
        self.tables.retain(|id, _| !dropped.iter().any(|(gone, _)| gone == id));
        Ok(Reply::Done("DROP TABLE".into()))
    }
}
