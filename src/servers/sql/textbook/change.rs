//! `INSERT`, `UPDATE`, `DELETE`, and the constraints.

use std::cmp::Ordering;
use std::sync::Arc;

use super::exec::Exec;
use super::locks::{On, Span};
use crate::servers::sql::answer::Reply;
use crate::servers::sql::ast::{Binary, Patience};
use crate::servers::sql::bind::{Bound, BoundChange, BoundInsert, BoundRows};
use crate::servers::sql::dml::{changed, new_row, own_constraints, returning};
use crate::servers::sql::error::SqlError;
use crate::servers::sql::eval::{Env, Stop, eval, holds};
use crate::servers::sql::history::{Event, meets};
use crate::servers::sql::query::conjuncts;
use crate::servers::sql::schema::{Index, Row, Table};
use crate::servers::sql::value::Value;

/// Whether two rows cannot both stand in a unique index.
pub(super) fn clashes(index: &Index, one: &[Value], other: &[Value]) -> bool {
    index.columns.iter().all(|at| one[usize::from(*at)].compare(&other[usize::from(*at)]) == Some(Ordering::Equal))
}

impl Exec<'_> {
    /// Writes a row that is locked, or will be.
    fn put(&mut self, table: &Table, id: u32, row: Option<Row>) -> Result<(), Stop> {
        if let Some(row) = &row {
            own_constraints(table, row, self)?;
            for index in table.indexes.iter().filter(|index| index.unique) {
                if self.rival(table, index, id, row)?.is_some() {
                    let message = format!("duplicate key value violates unique constraint \"{}\"", index.name);
                    return Err(SqlError::new("23505", message).into());
                }
            }
            self.ask(table.id, On::Row(id), self.spans.writes, vec![row.clone()], Patience::Wait)?;
        }
        let xid = self.write.unwrap_or_else(|| {
            self.db.writes += 1;
            self.db.writes
        });
        self.write = Some(xid);
        let (before, after) = self.db.write(self.session, xid, table.id, id, row.clone());
        let after = row.map(|row| (after, row));
        self.notes.push(Event::Wrote { txn: self.number, xid, table: table.id, before, after });
        Ok(())
    }

    /// Another row with the key of a new one. What others are about to make of theirs is waited for, at every level.
    fn rival(&mut self, table: &Table, index: &Index, id: u32, row: &Row) -> Result<Option<(u32, Row)>, Stop> {
        if index.columns.iter().any(|at| row[usize::from(*at)].is_null()) {
            return Ok(None);
        }
        let conditions = index.columns.iter().map(|at| equals(*at, row[usize::from(*at)].clone())).collect();
        let span = self.spans.predicates.max(Span::Short);
        self.ask(table.id, On::Predicate(conditions), span, Vec::new(), Patience::Wait)?;
        let other = self.rows(table.id).into_iter().find(|(slot, other)| slot.id != id && clashes(index, other, row));
        Ok(other.map(|(slot, row)| (slot.id, row)))
    }

    pub fn insert(&mut self, insert: &BoundInsert) -> Result<Reply, Stop> {
        let mut all: Vec<Vec<Value>> = Vec::new();
        match &insert.rows {
            BoundRows::Values(rows) => {
                for row in rows {
                    all.push(row.iter().map(|expr| eval(expr, &Env::of(&[]), self)).collect::<Result<_, _>>()?);
                }
            }
            BoundRows::Query(query, fitted) => {
                for row in self.as_reader().query(query, None)? {
                    all.push(fitted.iter().map(|expr| eval(expr, &Env::of(&row), self)).collect::<Result<_, _>>()?);
                }
            }
        }
        let mut written: Vec<(Option<Row>, Row)> = Vec::new();
        let mut returned = Vec::new();
        for given in all {
            let row = Row::from(new_row(insert, given, self)?);
            let Some((old, row)) = self.insert_row(insert, row)? else { continue };
            returning(&insert.returning, &row, &mut returned, self)?;
            written.push((old, row));
        }
        for (old, new) in &written {
            self.foreign_keys(&insert.table, old.as_ref(), Some(new))?;
        }
        Ok(changed(format!("INSERT 0 {}", written.len()), &insert.returning, returned))
    }

    /// A new row, or what `ON CONFLICT` makes of the one in its way: that one before, and what stands there now.
    fn insert_row(&mut self, insert: &BoundInsert, row: Row) -> Result<Option<(Option<Row>, Row)>, Stop> {
        let table = &insert.table;
        if let Some(conflict) = &insert.conflict {
            for index in conflict.indexes.iter().filter_map(|at| table.indexes.get(*at)) {
                let Some((id, old)) = self.rival(table, index, 0, &row)? else { continue };
                let Some((set, filter)) = &conflict.update else { return Ok(None) };
                self.ask(table.id, On::Row(id), self.spans.writes, vec![old.clone()], Patience::Wait)?;
                self.as_reader().note_item(table.id, id);
                let both: Vec<Value> = old.iter().chain(row.iter()).cloned().collect();
                if let Some(filter) = filter
                    && !holds(filter, &Env::of(&both), self)?
                {
                    return Ok(None);
                }
                let new = self.set(table, set, &old, &both)?;
                self.put(table, id, Some(new.clone()))?;
                return Ok(Some((Some(old), new)));
            }
        }
        let id = self.db.tables.get_mut(&table.id).map_or(0, |stored| stored.new_slot());
        self.put(table, id, Some(row.clone()))?;
        Ok(Some((None, row)))
    }

    /// `UPDATE` and `DELETE`: what is to become of each row is known before the first is changed.
    pub fn change(&mut self, change: &BoundChange) -> Result<Reply, Stop> {
        let table = &change.table;
        let mut quals = Vec::new();
        if let Some(filter) = &change.filter {
            conjuncts(filter, &mut quals);
        }
        self.look(table.id, &quals, Patience::Wait)?;
        let mut found: Vec<(u32, Row, Option<Row>)> = Vec::new();
        for (slot, old) in self.rows(table.id) {
            if !self.as_reader().all_hold(&quals, &old, None)? {
                continue;
            }
            self.ask(table.id, On::Row(slot.id), self.spans.writes, vec![old.clone()], Patience::Wait)?;
            self.notes.push(Event::Read { txn: self.number, table: table.id, version: slot.version });
            let new = match &change.set {
                Some(set) => Some(self.set(table, set, &old, &old)?),
                None => None,
            };
            found.push((slot.id, old, new));
        }
        let word = if change.set.is_some() { "UPDATE" } else { "DELETE" };
        let tag = format!("{word} {}", found.len());
        let mut returned = Vec::new();
        for (id, old, new) in &found {
            self.put(table, *id, new.clone())?;
            returning(&change.returning, new.as_ref().unwrap_or(old), &mut returned, self)?;
        }
        for (_, old, new) in &found {
            self.foreign_keys(table, Some(old), new.as_ref())?;
        }
        Ok(changed(tag, &change.returning, returned))
    }

    /// The row with new values, which may look at more than the row itself.
    fn set(&mut self, table: &Table, set: &[(u16, Bound)], old: &Row, seen: &[Value]) -> Result<Row, Stop> {
        let mut new = old.to_vec();
        for (column, expr) in set {
            let at = usize::from(*column);
            new[at] = eval(expr, &Env::of(seen), self)?.cast(table.columns[at].ty)?;
        }
        Ok(new.into())
    }

    /// What a row refers to must be there and stay, and what refers to it must not lose it; asked when the statement has written all.
    fn foreign_keys(&mut self, table: &Table, old: Option<&Row>, new: Option<&Row>) -> Result<(), Stop> {
        let values = |row: &Row, columns: &[u16]| columns.iter().map(|at| row[usize::from(*at)].clone()).collect();
        let stays = |columns: &[u16]| {
            let same =
                |(old, new): (&Row, &Row)| columns.iter().all(|at| old[usize::from(*at)] == new[usize::from(*at)]);
            old.zip(new).is_some_and(same)
        };
        for key in table.foreign_keys.iter().filter(|key| !stays(&key.columns)) {
            let Some(wanted) = new.map(|row| values(row, &key.columns)) else { continue };
            if let Some(wanted) = not_null(wanted)
                && !self.keeps(key.target, &key.target_columns, &wanted)?
            {
                let (table, key) = (&table.name, &key.name);
                let message =
                    format!("insert or update on table \"{table}\" violates foreign key constraint \"{key}\"");
                return Err(SqlError::new("23503", message).into());
            }
        }
        let Some(old) = old else { return Ok(()) };
        let tables: Vec<Arc<Table>> = self.db.tables.values().map(|stored| Arc::clone(&stored.table)).collect();
        for referring in tables {
            for key in referring.foreign_keys.iter().filter(|key| key.target == table.id && !stays(&key.target_columns))
            {
                let Some(lost) = not_null(values(old, &key.target_columns)) else { continue };
                if !self.keeps(table.id, &key.target_columns, &lost)?
                    && self.keeps(referring.id, &key.columns, &lost)?
                {
                    let (table, other, key) = (&table.name, &referring.name, &key.name);
                    let message = format!(
                        "update or delete on table \"{table}\" violates foreign key constraint \"{key}\" on table \"{other}\""
                    );
                    return Err(SqlError::new("23503", message).into());
                }
            }
        }
        Ok(())
    }

    /// Whether a row has these values, which it then keeps until the transaction ends, whatever the level.
    fn keeps(&mut self, table: u32, columns: &[u16], values: &[Value]) -> Result<bool, Stop> {
        let same = |(at, value): (&u16, &Value)| equals(*at, value.clone());
        let conditions: Arc<[Bound]> = columns.iter().zip(values).map(same).collect();
        let span = self.spans.predicates.max(Span::Short);
        self.ask(table, On::Predicate(Arc::clone(&conditions)), span, Vec::new(), Patience::Wait)?;
        let found = self.rows(table).into_iter().find(|(_, row)| meets(&conditions, Some(row)));
        let Some((slot, _)) = found else { return Ok(false) };
        self.ask(table, On::Row(slot.id), Span::Long, Vec::new(), Patience::Wait)
    }
}

fn equals(column: u16, value: Value) -> Bound {
    Bound::Binary(Binary::Eq, Box::new(Bound::Column(0, column)), Box::new(Bound::Const(value)))
}

fn not_null(values: Vec<Value>) -> Option<Vec<Value>> {
    Some(values).filter(|values| !values.iter().any(Value::is_null))
}
