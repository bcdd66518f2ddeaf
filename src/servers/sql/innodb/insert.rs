//! Putting rows into indexes: duplicates, and waiting for gaps (row0ins.cc).

use super::exec::{Entry, Exec};
use super::locks::{Outcome, Span, Want};
use super::store::{HIDDEN, Place, SUPREMUM, Version, compare};
use super::{Innodb, TrxId, fail};
use crate::servers::sql::answer::Reply;
use crate::servers::sql::bind::{BoundInsert, BoundRows};
use crate::servers::sql::dml::{changed, new_row, returning};
use crate::servers::sql::eval::{Env, Stop, eval};
use crate::servers::sql::schema::{Row, Table};
use crate::servers::sql::value::Value;

impl Innodb {
    /// Waits for a record, or holds it.
    fn need(&mut self, trx: TrxId, want: Want, implicit: bool) -> Result<(), Stop> {
        match self.ask(trx, want, implicit) {
            Outcome::Had | Outcome::New => Ok(()),
            Outcome::Blocked(by) => self.wait(trx, want, by),
        }
    }

    /// Locks a record that a new one would clash with.
    fn need_shared(&mut self, trx: TrxId, place: Place, heap: u32, span: Span) -> Result<(), Stop> {
        let entry = self.tables.get(&place.table).and_then(|stored| stored.find(place.index, heap)).cloned();
        if let Some(entry) = entry
            && self.explicit(trx, place, &entry)
            && span == Span::Record
        {
            return Ok(());
        }
        self.need(trx, Want { place, heap, exclusive: false, span }, false)
    }

    /// Makes sure that nobody is in the way of changing a record.
    pub(super) fn need_record(&mut self, trx: TrxId, place: Place, heap: u32) -> Result<(), Stop> {
        let entry = self.tables.get(&place.table).and_then(|stored| stored.find(place.index, heap)).cloned();
        if let Some(entry) = entry
            && self.explicit(trx, place, &entry)
        {
            return Ok(());
        }
        self.need(trx, Want { place, heap, exclusive: true, span: Span::Record }, true)
    }

    /// Waits until nobody has locked the gap before a place.
    fn need_gap(&mut self, trx: TrxId, place: Place, key: &[Value]) -> Result<(), Stop> {
        let Some(stored) = self.tables.get(&place.table) else { return Ok(()) };
        let heap = stored.heap_at(place.index, stored.seek_after(place.index, key));
        self.need(trx, Want { place, heap, exclusive: true, span: Span::Insert }, true)
    }

    /// Puts a row into the clustered index.
    pub(super) fn insert_clustered(
        &mut self,
        trx: TrxId,
        place: Place,
        key: Vec<Value>,
        values: Row,
    ) -> Result<(), Stop> {
        let Some(stored) = self.tables.get(&place.table) else { return Ok(()) };
        let same = stored.entries(place.index).iter().find(|entry| compare(&entry.key, &key).is_eq());
        let same = same.map(|entry| entry.heap);
        if let Some(heap) = same {
            self.need_shared(trx, place, heap, Span::Record)?;
            let Some(stored) = self.tables.get(&place.table) else { return Ok(()) };
            if stored.find(place.index, heap).is_some_and(|entry| !entry.deleted) {
                let name = stored.table.indexes.get(usize::from(place.index)).map_or("PRIMARY", |index| &index.name);
                return Err(fail::duplicate(&key, name).into());
            }
            self.need_record(trx, place, heap)?;
        } else {
            self.need_gap(trx, place, &key)?;
        }
        let session = self.session_of(trx);
        let write = self.write_number(session);
        let Some(stored) = self.tables.get_mut(&place.table) else { return Ok(()) };
        let number = stored.next_version;
        stored.next_version += 1;
        self.history.write(write, place.table, None, Some((number, values.clone())));
        let version = Version { by: trx, values, deleted: false, number };
        match same {
            Some(heap) => self.push_version(trx, place, heap, version),
            None => self.put(trx, place, key, vec![version]),
        }
        Ok(())
    }

    /// Puts an entry into another index.
    pub(super) fn insert_secondary(&mut self, trx: TrxId, place: Place, key: Vec<Value>) -> Result<(), Stop> {
        let Some(stored) = self.tables.get(&place.table) else { return Ok(()) };
        let width = stored.width(place.index);
        let own = &key[..width];
        let unique = stored.table.indexes.get(usize::from(place.index)).filter(|index| index.unique);
        if let Some(index) = unique.filter(|_| !own.iter().any(Value::is_null)) {
            let name = index.name.clone();
            let from = stored.seek(place.index, own);
            let behind: Vec<(u32, bool, bool)> = stored.entries(place.index)[from..]
                .iter()
                .map(|entry| (entry.heap, entry.deleted, compare(&entry.key, own).is_eq()))
                .collect();
            if behind.first().is_some_and(|(.., same)| *same) {
                for (heap, deleted, same) in behind.into_iter().chain([(SUPREMUM, false, false)]) {
                    self.need_shared(trx, place, heap, Span::NextKey)?;
                    if !same {
                        break;
                    }
                    if !deleted {
                        return Err(fail::duplicate(own, &name).into());
                    }
                }
            }
        }
        let Some(stored) = self.tables.get(&place.table) else { return Ok(()) };
        let same = stored.entries(place.index).iter().find(|entry| compare(&entry.key, &key).is_eq());
        match same.map(|entry| (entry.heap, entry.deleted)) {
            Some((heap, true)) => {
                self.need_record(trx, place, heap)?;
                self.mark(trx, place, heap, false);
            }
            // The same entry serves two versions of its row.
            Some((_, false)) => {}
            None => {
                self.need_gap(trx, place, &key)?;
                self.put(trx, place, key, Vec::new());
            }
        }
        Ok(())
    }
}

impl Exec<'_> {
    pub fn insert(&mut self, insert: &BoundInsert) -> Result<Reply, Stop> {
        let mut count = 0_u32;
        let mut returned = Vec::new();
        let mut all: Vec<Vec<Value>> = Vec::new();
        match &insert.rows {
            BoundRows::Values(rows) => {
                for row in rows {
                    let mut values = Vec::new();
                    for expr in row {
                        values.push(eval(expr, &Env { row: &[], aggregates: &[], outer: None }, self)?);
                    }
                    all.push(values);
                }
            }
            BoundRows::Query(query, fitted) => {
                for row in self.as_reader().query(query, None)? {
                    let mut values = Vec::new();
                    for expr in fitted {
                        values.push(eval(expr, &Env::of(&row), self)?);
                    }
                    all.push(values);
                }
            }
        }
        for given in all {
            let row = self.insert_row(insert, given)?;
            count += 1;
            returning(&insert.returning, &row, &mut returned, self)?;
        }
        Ok(changed(format!("INSERT 0 {count}"), &insert.returning, returned))
    }

    fn insert_row(&mut self, insert: &BoundInsert, given: Vec<Value>) -> Result<Row, Stop> {
        let table = &insert.table;
        let values = new_row(insert, given, self)?;
        self.own_constraints(table, &values)?;
        let row = Row::from(values);
        self.put_row(table, &row)?;
        Ok(row)
    }

    /// Puts a row into all indexes of its table.
    pub fn put_row(&mut self, table: &Table, row: &Row) -> Result<(), Stop> {
        let (trx, id) = (self.trx, table.id);
        self.db.announce(trx, id, true);
        let mut key = Vec::new();
        if let Some(stored) = self.db.tables.get(&id) {
            match stored.clustered_key(row) {
                Some(known) => key = known,
                None => {
                    let made = self.once(|db| {
                        let made = db.tables.get_mut(&id).map_or(0, |stored| {
                            stored.next_row_id += 1;
                            stored.next_row_id
                        });
                        Ok(Entry::Rows(vec![(0, Row::from([Value::BigInt(made)]))]))
                    })?;
                    if let Entry::Rows(made) = made {
                        key = made.into_iter().flat_map(|(_, row)| row.to_vec()).collect();
                    }
                }
            }
        }
        let places = self.db.tables.get(&id).map(|stored| (stored.clustered(), stored.secondary()));
        let Some((clustered, secondary)) = places else { return Ok(()) };
        debug_assert!(clustered.index == HIDDEN || !key.is_empty());
        self.in_turn(|db| db.insert_clustered(trx, clustered, key.clone(), row.clone()).map(|()| Entry::Done))?;
        for place in secondary {
            self.in_turn(|db| {
                let Some(stored) = db.tables.get(&id) else { return Ok(Entry::Done) };
                let key = stored.key(place.index, row, &key);
                db.insert_secondary(trx, place, key).map(|()| Entry::Done)
            })?;
        }
        self.count_row(id, 1)
    }

    /// Lets the optimizer know of a row that has come or gone.
    pub(super) fn count_row(&mut self, table: u32, by: i64) -> Result<(), Stop> {
        self.once(|db| {
            if let Some(stored) = db.tables.get_mut(&table) {
                stored.known_rows += by;
            }
            Ok(Entry::Done)
        })?;
        Ok(())
    }

    /// NOT NULL, then CHECK.
    pub fn own_constraints(&mut self, table: &Table, values: &[Value]) -> Result<(), Stop> {
        for (column, value) in table.columns.iter().zip(values) {
            if column.not_null && value.is_null() {
                return Err(fail::error(1048, "23000", format!("Column '{}' cannot be null", column.name)).into());
            }
        }
        for (name, check) in &table.checks {
            if eval(check, &Env::of(values), self)? == Value::Bool(false) {
                let message = format!("CONSTRAINT `{name}` failed for `{}`", table.name);
                return Err(fail::error(4025, "23000", message).into());
            }
        }
        Ok(())
    }
}
