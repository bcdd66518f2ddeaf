//! Constraints: NOT NULL, CHECK, unique indexes, foreign keys. Each looks at what others have not committed yet, and waits for them where it depends on it.

use std::sync::Arc;

use super::exec::{Entry, Exec};
use super::locks::Tag;
use super::rows::{How, Outcome, Spot};
use super::scan::{key_of, lost};
use super::select::concurrent_update;
use super::ssi::Target;
use super::txn::{Snapshot, State};
use super::{Postgres, SessionId, Tid, Xid};
use crate::servers::sql::ast::{Binary, Patience, Strength, TableMode};
use crate::servers::sql::bind::Bound;
use crate::servers::sql::error::SqlError;
use crate::servers::sql::eval::{Env, Stop, holds};
use crate::servers::sql::query::Asked;
use crate::servers::sql::schema::{ForeignKey, Index, Row, Table};
use crate::servers::sql::value::Value;

/// Whether anybody has a row with the key of a new one.
enum Rival {
    None,
    /// Somebody may, depending on how this transaction ends.
    Pending(Xid),
    Found(Tid),
}

fn same_key(index: &Index, a: &[Value], b: &[Value]) -> bool {
    index.columns.iter().all(|at| {
        let at = usize::from(*at);
        a[at].compare(&b[at]) == Some(std::cmp::Ordering::Equal)
    })
}

impl Postgres {
    /// A row version is in so many of its table's indexes by now.
    fn enter(&mut self, table: u32, tid: Tid, entered: u16) {
        if let Some(tuple) = self.tuple_mut(table, tid) {
            tuple.entered = entered;
        }
    }

    /// Looks for a row with the same key, whether committed, own, or in the making.
    fn rival(
        &self,
        session: SessionId,
        table: u32,
        index: &Index,
        values: &[Value],
        own: Option<Tid>,
        held: &[Tid],
    ) -> Rival {
        let Some(stored) = self.tables.get(&table) else { return Rival::None };
        for root in held {
            let mut at = Some(*root);
            while let Some(tid) = at {
                let tuple = &stored.heap[tid as usize];
                at = tuple.next.filter(|next| stored.heap[*next as usize].root == *root);
                if own == Some(tid) || !same_key(index, &tuple.values, values) {
                    continue;
                }
                match self.info(tuple.xmin).state {
                    State::Aborted => continue,
                    State::Running(owner) if owner != session => return Rival::Pending(tuple.xmin),
                    _ => {}
                }
                let ended = tuple.updater().filter(|updater| !self.aborted(updater.xid));
                match ended.map(|ended| (ended.xid, self.info(ended.xid).state)) {
                    None => return Rival::Found(tid),
                    Some((xid, State::Running(owner))) if owner != session => return Rival::Pending(xid),
                    Some(_) => {}
                }
            }
        }
        Rival::None
    }
}

impl<'a> Exec<'a> {
    /// The entries of an index that could have the key of a row.
    fn held(&mut self, table: &Table, at: usize, values: &[Value]) -> Result<Vec<Tid>, Stop> {
        let Some(index) = table.indexes.get(at) else { return Ok(Vec::new()) };
        let Some(stored) = self.pg.tables.get(&table.id) else { return Ok(Vec::new()) };
        let heap = Arc::clone(&stored.heap);
        let mut out = Vec::new();
        for (tid, tuple) in heap.iter().enumerate() {
            if tuple.root as usize == tid
                && usize::from(tuple.entered) > at
                && same_key(index, &tuple.values, values)
                && self.in_index(index, &tuple.values)?
            {
                out.push(tid as Tid);
            }
        }
        Ok(out)
    }

    /// Enters a new version into the indexes, unless it shares the entries of the one before.
    pub fn enter_into_indexes(&mut self, table: &Table, tid: Tid) -> Result<(), Stop> {
        let tuple = self.pg.tuple(table.id, tid);
        if tuple.root != tid {
            return Ok(());
        }
        let values = tuple.values.clone();
        for (at, index) in table.indexes.iter().enumerate() {
            if !self.in_index(index, &values)? {
                continue;
            }
            let unique = index.unique && !key_of(index, &values).iter().any(Value::is_null);
            let held = if unique { self.held(table, at, &values)? } else { Vec::new() };
            let values = &values;
            self.once(|pg, session, _| {
                let targets = [Target::Page(index.id, 0), Target::Relation(index.id)];
                if unique {
                    match pg.rival(session, table.id, index, values, Some(tid), &held) {
                        Rival::None => {}
                        Rival::Pending(xid) => {
                            pg.wait_for(session, xid, true)?;
                        }
                        Rival::Found(_) => {
                            pg.ssi_write(session, &targets)?;
                            let message = format!("duplicate key value violates unique constraint \"{}\"", index.name);
                            return Err(SqlError::new("23505", message).into());
                        }
                    }
                }
                pg.ssi_write(session, &targets)?;
                pg.enter(table.id, tid, at as u16 + 1);
                Ok(Entry::Done)
            })?;
        }
        self.once(|pg, _, _| {
            pg.enter(table.id, tid, u16::MAX);
            Ok(Entry::Done)
        })?;
        Ok(())
    }

    /// The row that a new one would clash with, for `ON CONFLICT`.
    pub fn conflict(&mut self, table: &Table, indexes: &[usize], values: &Row) -> Result<Option<Tid>, Stop> {
        for at in indexes {
            let Some(index) = table.indexes.get(*at) else { continue };
            if key_of(index, values).iter().any(Value::is_null) {
                continue;
            }
            let held = self.held(table, *at, values)?;
            let entry = self.once(|pg, session, _| match pg.rival(session, table.id, index, values, None, &held) {
                Rival::None => Ok(Entry::Found(None)),
                Rival::Found(tid) => Ok(Entry::Found(Some(tid))),
                Rival::Pending(xid) => {
                    pg.wait_for(session, xid, true)?;
                    Ok(Entry::Found(None))
                }
            })?;
            if let Entry::Found(Some(tid)) = entry {
                return Ok(Some(tid));
            }
        }
        Ok(None)
    }

    /// Foreign keys from and to a row that was inserted, updated or deleted.
    pub fn foreign_keys(&mut self, table: &Table, old: Option<&Row>, new: Option<Tid>) -> Result<(), Stop> {
        let new_row = new.map(|new| self.values(table.id, new));
        let differs = |columns: &[u16]| match (old, &new_row) {
            (Some(old), Some(new)) => columns.iter().any(|at| old[usize::from(*at)] != new[usize::from(*at)]),
            _ => true,
        };
        if let Some(row) = &new_row {
            for key in &table.foreign_keys {
                if differs(&key.columns) {
                    self.refers(table, key, row)?;
                }
            }
        }
        let Some(old) = old else { return Ok(()) };
        let referring: Vec<(Arc<Table>, ForeignKey)> = self
            .pg
            .tables
            .values()
            .flat_map(|stored| stored.table.foreign_keys.iter().map(|key| (Arc::clone(&stored.table), key.clone())))
            .filter(|(_, key)| key.target == table.id)
            .collect();
        for (referring, key) in referring {
            if differs(&key.target_columns) {
                self.still_referred(table, &referring, &key, old)?;
            }
        }
        Ok(())
    }

    /// A snapshot for a check behind the statement, which sees what the statement did.
    fn check_snapshot(&mut self, latest: bool) -> Result<Snapshot, Stop> {
        let entry = self.once(|pg, session, snapshot| {
            let command = snapshot.command + 1;
            let one = pg.txn(session).and_then(|txn| txn.snapshot.clone()).filter(|_| !latest);
            Ok(Entry::Snapshot(match one {
                Some(one) => Snapshot { command, ..one },
                None => pg.snapshot_now(command),
            }))
        })?;
        if let Entry::Snapshot(snapshot) = entry { Ok(snapshot) } else { Err(lost()) }
    }

    fn refers(&mut self, table: &Table, key: &ForeignKey, row: &Row) -> Result<(), Stop> {
        let values: Vec<Value> = key.columns.iter().map(|at| row[usize::from(*at)].clone()).collect();
        if values.iter().any(Value::is_null) {
            return Ok(());
        }
        self.share_table(key.target)?;
        let snapshot = self.check_snapshot(false)?;
        if self.share_key(key.target, &key.target_columns, &values, snapshot)? {
            return Ok(());
        }
        let message =
            format!("insert or update on table \"{}\" violates foreign key constraint \"{}\"", table.name, key.name);
        Err(SqlError::new("23503", message).into())
    }

    fn still_referred(&mut self, table: &Table, referring: &Table, key: &ForeignKey, old: &Row) -> Result<(), Stop> {
        let values: Vec<Value> = key.target_columns.iter().map(|at| old[usize::from(*at)].clone()).collect();
        if values.iter().any(Value::is_null) {
            return Ok(());
        }
        // Another row may have taken the key over.
        self.share_table(table.id)?;
        let snapshot = self.check_snapshot(true)?;
        if self.share_key(table.id, &key.target_columns, &values, snapshot)? {
            return Ok(());
        }
        self.share_table(referring.id)?;
        let snapshot = self.check_snapshot(true)?;
        if !self.share_key(referring.id, &key.columns, &values, snapshot)? {
            return Ok(());
        }
        let message = format!(
            "update or delete on table \"{}\" violates foreign key constraint \"{}\" on table \"{}\"",
            table.name, key.name, referring.name
        );
        Err(SqlError::new("23503", message).into())
    }

    /// The lock on a table that `SELECT … FOR KEY SHARE` takes.
    fn share_table(&mut self, table: u32) -> Result<(), Stop> {
        let owner = self.pg.depth(self.session);
        self.pg.lock(self.session, Tag::Table(table), TableMode::RowShare, owner, true)?;
        Ok(())
    }

    /// `SELECT 1 … FOR KEY SHARE`: whether a row with the key is there, which stays until the transaction ends.
    fn share_key(&mut self, table: u32, columns: &[u16], values: &[Value], snapshot: Snapshot) -> Result<bool, Stop> {
        let quals: Vec<Bound> = columns
            .iter()
            .zip(values)
            .map(|(column, value)| {
                Bound::Binary(Binary::Eq, Box::new(Bound::Column(0, *column)), Box::new(Bound::Const(value.clone())))
            })
            .collect();
        let outer = std::mem::replace(&mut self.snapshot, snapshot);
        let found = self.share_key_now(table, &quals);
        self.snapshot = outer;
        found
    }

    fn share_key_now(&mut self, table: u32, quals: &[Bound]) -> Result<bool, Stop> {
        let width = self.pg.tables.get(&table).map_or(0, |stored| stored.table.columns.len());
        let asked = Asked {
            table,
            offset: 0,
            quals,
            order: None,
            limit: None,
            in_order: false,
            width,
            lock: None,
            query: None,
        };
        let one_snapshot = self.pg.txn(self.session).is_some_and(super::txn::Txn::one_snapshot);
        let mut cursor = self.open(&asked, None)?;
        let mut any = false;
        while let Some(tid) = self.fetch(&mut cursor)? {
            if !self.all(quals, &self.values(table, tid))? {
                continue;
            }
            let entry = self.once(|pg, session, snapshot| {
                let how = How {
                    mode: Strength::KeyShare,
                    patience: Patience::Wait,
                    command: snapshot.command,
                    follow: true,
                    last: !one_snapshot,
                };
                let (outcome, tid) = pg.lock_row(session, Spot { table, tid }, how)?;
                Ok(Entry::Fate(outcome, tid))
            })?;
            let Entry::Fate(outcome, at) = entry else { return Err(lost()) };
            match outcome {
                Outcome::Done => any = true,
                Outcome::Moved => any |= self.all(quals, &self.values(table, at))?,
                Outcome::Updated | Outcome::Deleted if one_snapshot => return Err(concurrent_update()),
                _ => {}
            }
        }
        Ok(any)
    }

    fn all(&mut self, quals: &[Bound], row: &Row) -> Result<bool, Stop> {
        for qual in quals {
            if !holds(qual, &Env::of(row), self)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
