//! Tables as InnoDB keeps them: each index a sorted list of entries, the clustered one with the rows and their older versions; the undo log; purge.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Innodb, TrxId};
use crate::servers::sql::query::Tid;
use crate::servers::sql::schema::{Row, Table};
use crate::servers::sql::value::Value;

/// The end of every index, which can be locked as a record can.
pub(super) const SUPREMUM: u32 = 0;

/// The clustered index of a table that has no key to cluster by.
pub(super) const HIDDEN: u16 = u16::MAX;

/// An index: table, and place among its indexes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) struct Place {
    pub table: u32,
    pub index: u16,
}

/// A version of a row.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Version {
    pub by: TrxId,
    pub values: Row,
    pub deleted: bool,
    /// Its number in the history; that of the version before where it is a deletion.
    pub number: Tid,
}

/// A record of an index.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Entry {
    /// Unique within its table.
    pub heap: u32,
    /// Columns of the index, then of the clustered one.
    pub key: Vec<Value>,
    /// Marked as deleted: there until nobody can need it.
    pub deleted: bool,
    /// Who last wrote it.
    pub by: TrxId,
    /// Of the clustered index only: the row, oldest version first.
    pub versions: Vec<Version>,
}

impl Entry {
    pub fn newest(&self) -> Option<&Version> {
        self.versions.last()
    }
}

/// A table with its indexes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Stored {
    pub table: Arc<Table>,
    /// The index that the rows are in.
    pub clustered: u16,
    pub indexes: Vec<(u16, Arc<Vec<Entry>>)>,
    pub next_heap: u32,
    pub next_version: Tid,
    pub next_row_id: i64,
    /// Of each index but the clustered one, who last wrote to it, as [`Innodb::writer`] has it (`PAGE_MAX_TRX_ID`: small indexes are one page).
    writers: BTreeMap<u16, u32>,
    /// How many rows there are for all that the optimizer knows (`stat_n_rows`): a row counts when its statement is done with it, but whatever is undone
    /// counts as if it had.
    pub known_rows: i64,
}

/// What a change did, and undoing it undoes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Undo {
    /// A version of a row was added. Counts as a change.
    Version(Place, u32),
    /// An entry was added.
    Added(Place, u32),
    /// An entry was marked or unmarked: how it was, and who had written it.
    Marked(Place, u32, bool, TrxId),
}

/// The order of keys in an index: NULL first. A shorter key stands for all that begin with it.
pub(super) fn compare(a: &[Value], b: &[Value]) -> Ordering {
    for (a, b) in a.iter().zip(b) {
        let order = match (a.is_null(), b.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => a.compare(b).unwrap_or(Ordering::Equal),
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

impl Stored {
    pub fn new(table: Table) -> Stored {
        let all_there = |columns: &[u16]| columns.iter().all(|at| table.columns[usize::from(*at)].not_null);
        let primary = table.indexes.iter().position(|index| index.primary);
        let unique = || table.indexes.iter().position(|index| index.unique && all_there(&index.columns));
        let clustered = primary.or_else(unique).map_or(HIDDEN, |at| at as u16);
        let mut indexes: Vec<(u16, Arc<Vec<Entry>>)> =
            (0..table.indexes.len() as u16).map(|at| (at, Arc::default())).collect();
        if clustered == HIDDEN {
            indexes.push((HIDDEN, Arc::default()));
        }
        Stored {
            table: Arc::new(table),
            clustered,
            indexes,
            next_heap: 1,
            next_version: 0,
            next_row_id: 1,
            writers: BTreeMap::new(),
            known_rows: 0,
        }
    }

    pub fn clustered(&self) -> Place {
        Place { table: self.table.id, index: self.clustered }
    }

    /// The other indexes, in order.
    pub fn secondary(&self) -> Vec<Place> {
        let table = self.table.id;
        let all = self.indexes.iter().map(|(index, _)| Place { table, index: *index });
        all.filter(|place| place.index != self.clustered).collect()
    }

    pub fn entries(&self, index: u16) -> &[Entry] {
        self.indexes.iter().find(|(at, _)| *at == index).map_or(&[], |(_, entries)| entries.as_slice())
    }

    pub fn entries_mut(&mut self, index: u16) -> Option<&mut Vec<Entry>> {
        self.indexes.iter_mut().find(|(at, _)| *at == index).map(|(_, entries)| Arc::make_mut(entries))
    }

    /// The columns of a row that an index is in order of.
    fn columns(&self, index: u16) -> &[u16] {
        self.table.indexes.get(usize::from(index)).map_or(&[], |index| &index.columns)
    }

    /// How many columns are the index's own.
    pub fn width(&self, index: u16) -> usize {
        if index == HIDDEN { 1 } else { self.columns(index).len() }
    }

    /// The key of a row in an index, given its key in the clustered one.
    pub fn key(&self, index: u16, row: &[Value], clustered: &[Value]) -> Vec<Value> {
        if index == self.clustered {
            return clustered.to_vec();
        }
        let own = self.columns(index).iter().map(|at| row[usize::from(*at)].clone());
        own.chain(clustered.iter().cloned()).collect()
    }

    /// The key of a row in the clustered index; none where it has to be made up.
    pub fn clustered_key(&self, row: &[Value]) -> Option<Vec<Value>> {
        let columns = self.columns(self.clustered);
        (self.clustered != HIDDEN).then(|| columns.iter().map(|at| row[usize::from(*at)].clone()).collect())
    }

    /// The place of the first entry that is not below a key.
    pub fn seek(&self, index: u16, key: &[Value]) -> usize {
        self.entries(index).partition_point(|entry| compare(&entry.key, key).is_lt())
    }

    /// The place of the first entry above a key, and all that begin with it.
    pub fn seek_after(&self, index: u16, key: &[Value]) -> usize {
        self.entries(index).partition_point(|entry| compare(&entry.key, key).is_le())
    }

    pub fn find(&self, index: u16, heap: u32) -> Option<&Entry> {
        self.entries(index).iter().find(|entry| entry.heap == heap)
    }

    pub fn find_mut(&mut self, index: u16, heap: u32) -> Option<&mut Entry> {
        self.entries_mut(index)?.iter_mut().find(|entry| entry.heap == heap)
    }

    /// The row that an entry of another index stands for.
    pub fn row_of(&self, entry: &Entry, index: u16) -> Option<&Entry> {
        let key = &entry.key[self.width(index).min(entry.key.len())..];
        self.entries(self.clustered).iter().find(|row| compare(&row.key, key).is_eq())
    }

    /// Who last wrote to an index.
    pub fn last_writer(&self, index: u16) -> u32 {
        self.writers.get(&index).copied().unwrap_or(0)
    }

    /// The heap number of what follows a place.
    pub fn heap_at(&self, index: u16, at: usize) -> u32 {
        self.entries(index).get(at).map_or(SUPREMUM, |entry| entry.heap)
    }
}

impl Innodb {
    /// Puts a new entry into an index, where nobody is in the way any more.
    pub(super) fn put(&mut self, trx: TrxId, place: Place, key: Vec<Value>, versions: Vec<Version>) {
        let writer = self.writer(trx);
        let Some(stored) = self.tables.get_mut(&place.table) else { return };
        stored.writers.insert(place.index, writer);
        let at = stored.seek(place.index, &key);
        let (heap, next) = (stored.next_heap, stored.heap_at(place.index, at));
        stored.next_heap += 1;
        let undo = if versions.is_empty() { Undo::Added(place, heap) } else { Undo::Version(place, heap) };
        if let Some(entries) = stored.entries_mut(place.index) {
            entries.insert(at, Entry { heap, key, deleted: false, by: trx, versions });
        }
        self.divide(place, heap, next);
        self.log(trx, undo);
    }

    /// Adds a version to a row.
    pub(super) fn push_version(&mut self, trx: TrxId, place: Place, heap: u32, version: Version) {
        let Some(entry) = self.tables.get_mut(&place.table).and_then(|stored| stored.find_mut(place.index, heap))
        else {
            return;
        };
        entry.deleted = version.deleted;
        entry.by = trx;
        entry.versions.push(version);
        self.log(trx, Undo::Version(place, heap));
    }

    /// Marks an entry of a secondary index as deleted, or takes the mark away.
    pub(super) fn mark(&mut self, trx: TrxId, place: Place, heap: u32, deleted: bool) {
        let writer = self.writer(trx);
        let Some(stored) = self.tables.get_mut(&place.table) else { return };
        stored.writers.insert(place.index, writer);
        let Some(entry) = stored.find_mut(place.index, heap) else { return };
        let undo = Undo::Marked(place, heap, entry.deleted, entry.by);
        entry.deleted = deleted;
        entry.by = trx;
        self.log(trx, undo);
    }

    /// Undoes one change.
    pub(super) fn undo(&mut self, undo: &Undo) {
        match *undo {
            Undo::Version(place, heap) => {
                let Some(stored) = self.tables.get_mut(&place.table) else { return };
                let Some(entry) = stored.find_mut(place.index, heap) else { return };
                let there = |version: Option<&Version>| i64::from(version.is_some_and(|version| !version.deleted));
                let before = there(entry.versions.pop().as_ref());
                let after = there(entry.newest());
                let is_new = entry.versions.is_empty();
                if let Some(version) = entry.versions.last() {
                    (entry.deleted, entry.by) = (version.deleted, version.by);
                }
                stored.known_rows += after - before;
                if is_new {
                    self.remove(place, heap);
                }
            }
            Undo::Added(place, heap) => self.remove(place, heap),
            Undo::Marked(place, heap, deleted, by) => {
                if let Some(entry) =
                    self.tables.get_mut(&place.table).and_then(|stored| stored.find_mut(place.index, heap))
                {
                    (entry.deleted, entry.by) = (deleted, by);
                }
            }
        }
    }

    /// Takes an entry out of its index; its locks pass to the gap that is left.
    fn remove(&mut self, place: Place, heap: u32) {
        let Some(stored) = self.tables.get_mut(&place.table) else { return };
        let Some(at) = stored.entries(place.index).iter().position(|entry| entry.heap == heap) else { return };
        let next = stored.heap_at(place.index, at + 1);
        self.merge(place, heap, next);
        if let Some(entries) = self.tables.get_mut(&place.table).and_then(|stored| stored.entries_mut(place.index)) {
            entries.remove(at);
        }
    }

    /// Whether a view sees what a transaction wrote: its own, and what had been committed.
    pub(super) fn sees(&self, view: u32, own: TrxId, by: TrxId) -> bool {
        by == own || self.committed_at(by).is_some_and(|at| at <= view)
    }

    /// The version of a row that a view sees, which may be that it is not there.
    pub(super) fn seen<'a>(&self, view: u32, own: TrxId, entry: &'a Entry) -> Option<&'a Version> {
        entry.versions.iter().rev().find(|version| self.sees(view, own, version.by))
    }

    /// Removes what nobody can need any more: old versions, and records marked as deleted before every open view. The real server does so a little later, in
    /// threads of its own.
    pub(super) fn purge(&mut self) {
        let oldest = self.oldest_view();
        let mut gone: Vec<(Place, u32)> = Vec::new();
        let ids: Vec<u32> = self.tables.keys().copied().collect();
        for id in ids {
            let Some(stored) = self.tables.get(&id) else { continue };
            let place = stored.clustered();
            let mut cuts: Vec<(u32, usize)> = Vec::new();
            for entry in stored.entries(place.index) {
                let needed = entry.versions.iter().rposition(|version| self.sees(oldest, 0, version.by));
                let Some(needed) = needed else { continue };
                if needed > 0 {
                    cuts.push((entry.heap, needed));
                }
                if needed + 1 == entry.versions.len() && entry.deleted {
                    gone.push((place, entry.heap));
                }
            }
            if let Some(stored) = self.tables.get_mut(&id) {
                for (heap, needed) in cuts {
                    if let Some(entry) = stored.find_mut(place.index, heap) {
                        entry.versions.drain(..needed);
                    }
                }
            }
            let Some(stored) = self.tables.get(&id) else { continue };
            for index in stored.secondary() {
                for entry in stored.entries(index.index).iter().filter(|entry| entry.deleted) {
                    let row = stored.row_of(entry, index.index);
                    let still = |version: &Version| {
                        let key = row.map_or(&[][..], |row| &row.key);
                        !version.deleted && compare(&stored.key(index.index, &version.values, key), &entry.key).is_eq()
                    };
                    let needed = row.is_some_and(|row| row.versions.iter().any(still));
                    if !needed && !self.is_active(entry.by) {
                        gone.push((index, entry.heap));
                    }
                }
            }
        }
        for (place, heap) in gone {
            self.remove(place, heap);
        }
    }
}
