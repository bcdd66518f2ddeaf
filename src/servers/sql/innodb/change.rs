//! `UPDATE` and `DELETE` (row0upd.cc; which rows are collected first, sql_update.cc).

use super::access::Path;
use super::exec::{Entry, Exec};
use super::scan::{Found, Reading};
use super::store::{Place, Version, compare};
use super::{Innodb, TrxId};
use crate::servers::sql::answer::Reply;
use crate::servers::sql::ast::{Level, Patience};
use crate::servers::sql::bind::{Bound, BoundChange};
use crate::servers::sql::dml::{changed, returning};
use crate::servers::sql::eval::{Env, Stop, eval};
use crate::servers::sql::query::conjuncts;
use crate::servers::sql::schema::Row;
use crate::servers::sql::value::Value;

impl Innodb {
    /// Adds a version to a row that nobody is in the way of: new values, or its end where there are none.
    fn rewrite(&mut self, trx: TrxId, place: Place, heap: u32, values: Option<Row>) -> Result<(), Stop> {
        self.need_record(trx, place, heap)?;
        let session = self.session_of(trx);
        let write = self.write_number(session);
        let Some(stored) = self.tables.get_mut(&place.table) else { return Ok(()) };
        let number = stored.next_version;
        stored.next_version += 1;
        let Some(before) = stored.find(place.index, heap).and_then(|entry| entry.newest()).cloned() else {
            return Ok(());
        };
        let after = values.clone().map(|values| (number, values));
        self.history.write(write, place.table, Some(before.number), after);
        let version = match values {
            Some(values) => Version { by: trx, values, deleted: false, number },
            None => Version { by: trx, deleted: true, ..before },
        };
        self.push_version(trx, place, heap, version);
        Ok(())
    }

    /// Marks the entry of a row in another index as deleted.
    fn mark_secondary(&mut self, trx: TrxId, place: Place, key: &[Value]) -> Result<(), Stop> {
        let Some(stored) = self.tables.get(&place.table) else { return Ok(()) };
        let entry = stored.entries(place.index).iter().find(|entry| compare(&entry.key, key).is_eq());
        let Some((heap, false)) = entry.map(|entry| (entry.heap, entry.deleted)) else { return Ok(()) };
        self.need_record(trx, place, heap)?;
        self.mark(trx, place, heap, true);
        Ok(())
    }
}

impl<'a> Exec<'a> {
    pub fn change(&mut self, change: &BoundChange) -> Result<Reply, Stop> {
        let mut quals = Vec::new();
        if let Some(filter) = &change.filter {
            conjuncts(filter, &mut quals);
        }
        let table = change.table.id;
        let path = self.path(table, &quals, None, None)?;
        let update = change.set.is_some();
        let reading = Reading {
            table,
            path: &path,
            exclusive: true,
            patience: Patience::Wait,
            semi_consistent: update && self.level <= Level::ReadCommitted,
            pushed_down: false,
        };
        let mut count = 0_u32;
        let mut returned = Vec::new();
        if self.moves_itself(change, &path) {
            // Rows that move within the index that is read would be met again: all are found before the first is changed.
            let mut all: Vec<Found> = Vec::new();
            self.current(&reading, &quals, None, &mut |_, found| {
                all.push(found);
                Ok(true)
            })?;
            for found in all {
                self.change_row(change, &found, &mut count, &mut returned)?;
            }
        } else {
            self.current(&reading, &quals, None, &mut |exec, found| {
                exec.change_row(change, &found, &mut count, &mut returned)?;
                Ok(true)
            })?;
        }
        self.looks(table, &quals, true);
        let word = if update { "UPDATE" } else { "DELETE" };
        Ok(changed(format!("{word} {count}"), &change.returning, returned))
    }

    /// Whether a change touches columns of the index by which it finds its rows.
    fn moves_itself(&self, change: &BoundChange, path: &Path) -> bool {
        let (Some(set), Some(stored)) = (&change.set, self.db.tables.get(&change.table.id)) else { return false };
        let columns = |index: u16| stored.table.indexes.get(usize::from(index)).map_or(&[][..], |index| &index.columns);
        let touched = |(column, _): &(u16, Bound)| {
            columns(path.index).contains(column) || columns(stored.clustered).contains(column)
        };
        set.iter().any(touched)
    }

    fn change_row(
        &mut self,
        change: &BoundChange,
        found: &Found,
        count: &mut u32,
        returned: &mut Vec<Row>,
    ) -> Result<(), Stop> {
        let table = &change.table;
        let (trx, id, old) = (self.trx, table.id, &found.row);
        let Some(stored) = self.db.tables.get(&id) else { return Ok(()) };
        let (clustered, secondary) = (stored.clustered(), stored.secondary());
        let Some(key) = stored.find(clustered.index, found.heap).map(|entry| entry.key.clone()) else {
            return Ok(());
        };
        self.as_reader().note_item(id, found.version);
        let new = match &change.set {
            Some(set) => Some(self.set(change, set, old)?),
            None => None,
        };
        // A row that stays as it is is not written.
        if new.as_ref() == Some(old) {
            return Ok(());
        }
        *count += 1;
        let stored = self.db.tables.get(&id);
        let new_key = new.as_ref().and_then(|new| stored.and_then(|stored| stored.clustered_key(new)));
        let moves = new_key.is_some_and(|new| compare(&new, &key).is_ne());
        let heap = found.heap;
        let stays = new.clone().filter(|_| !moves);
        self.in_turn(|db| db.rewrite(trx, clustered, heap, stays).map(|()| Entry::Done))?;
        if moves && let Some(new) = &new {
            let new_key = self.db.tables.get(&id).and_then(|stored| stored.clustered_key(new)).unwrap_or_default();
            self.in_turn(|db| db.insert_clustered(trx, clustered, new_key, new.clone()).map(|()| Entry::Done))?;
        }
        for place in secondary {
            let Some(stored) = self.db.tables.get(&id) else { return Ok(()) };
            let before = stored.key(place.index, old, &key);
            let after = new
                .as_ref()
                .map(|new| stored.key(place.index, new, &stored.clustered_key(new).unwrap_or_else(|| key.clone())));
            if after.as_ref().is_some_and(|after| compare(after, &before).is_eq()) {
                continue;
            }
            self.in_turn(|db| db.mark_secondary(trx, place, &before).map(|()| Entry::Done))?;
            if let Some(after) = after {
                self.in_turn(|db| db.insert_secondary(trx, place, after).map(|()| Entry::Done))?;
            }
        }
        if new.is_none() {
            self.count_row(id, -1)?;
        }
        returning(&change.returning, new.as_ref().unwrap_or(old), returned, self)
    }

    /// The row with new values. Each assignment sees what those before it have set (MariaDB's documentation of UPDATE).
    fn set(&mut self, change: &BoundChange, set: &[(u16, Bound)], old: &Row) -> Result<Row, Stop> {
        let mut new = old.to_vec();
        for (column, expr) in set {
            let at = usize::from(*column);
            new[at] = eval(expr, &Env::of(&new), self)?.cast(change.table.columns[at].ty)?;
        }
        self.own_constraints(&change.table, &new)?;
        Ok(new.into())
    }
}
