//! `UPDATE` and `DELETE`.

use super::Tid;
use super::exec::{Entry, Exec};
use super::rows::{How, Outcome, Spot};
use super::scan::lost;
use super::select::concurrent_update;
use crate::servers::sql::answer::Reply;
use crate::servers::sql::ast::{Patience, Strength};
use crate::servers::sql::bind::{Bound, BoundChange};
use crate::servers::sql::dml::{changed, own_constraints, returning};
use crate::servers::sql::error::SqlError;
use crate::servers::sql::eval::{Env, Stop, eval, holds};
use crate::servers::sql::query::{Asked, conjuncts};
use crate::servers::sql::schema::{Row, Table};
use crate::servers::sql::value::{Type, Value};

impl Exec<'_> {
    pub fn change(&mut self, change: &BoundChange) -> Result<Reply, Stop> {
        let width = change.table.columns.len();
        let mut count = 0_u32;
        let mut returned = Vec::new();
        // Old and new versions, for the foreign keys, which are checked at the end.
        let mut pairs: Vec<(Row, Option<Tid>)> = Vec::new();
        let mut quals = Vec::new();
        if let Some(filter) = &change.filter {
            conjuncts(filter, &mut quals);
        }
        let table = change.table.id;
        let asked = Asked {
            table,
            offset: 0,
            quals: &quals,
            order: None,
            limit: None,
            in_order: false,
            width,
            lock: None,
            query: None,
        };
        self.looks(table, &quals);
        let mut cursor = self.open(&asked, None)?;
        while let Some(tid) = self.fetch(&mut cursor)? {
            let values = self.values(table, tid);
            if !self.as_reader().all_hold(&quals, &values, None)? {
                continue;
            }
            if let Some((old, new)) = self.change_row(change, &quals, tid)? {
                count += 1;
                let shown = new.map_or_else(|| old.clone(), |new| self.values(table, new));
                returning(&change.returning, &shown, &mut returned, self)?;
                pairs.push((old, new));
            }
        }
        for (old, new) in pairs {
            self.foreign_keys(&change.table, Some(&old), new)?;
        }
        let word = if change.set.is_some() { "UPDATE" } else { "DELETE" };
        Ok(changed(format!("{word} {count}"), &change.returning, returned))
    }

    /// Changes a row that was selected; gives its old values and its new version, or none where it is passed over.
    fn change_row(&mut self, change: &BoundChange, by: &[Bound], tid: Tid) -> Result<Option<(Row, Option<Tid>)>, Stop> {
        let table = change.table.id;
        let mut tid = tid;
        loop {
            let old = self.values(table, tid);
            let spot = Spot { table, tid };
            let entry = match &change.set {
                Some(set) => {
                    let new = self.set(&change.table, set, &old, &old)?;
                    self.once(|pg, session, snapshot| {
                        let (outcome, tid) = pg.update_row(session, spot, snapshot.command, new)?;
                        Ok(Entry::Fate(outcome, tid))
                    })?
                }
                None => self.once(|pg, session, snapshot| {
                    let (outcome, tid) = pg.delete_row(session, spot, snapshot.command)?;
                    Ok(Entry::Fate(outcome, tid))
                })?,
            };
            let Entry::Fate(outcome, at) = entry else { return Err(lost()) };
            match outcome {
                Outcome::Done => {
                    // Which version it has read is known once it has it: one that it waited for and that was then changed, it passes over.
                    self.reads(table, tid);
                    let new = change.set.is_some().then_some(at);
                    if let Some(new) = new {
                        self.enter_into_indexes(&change.table, new)?;
                    }
                    return Ok(Some((old, new)));
                }
                Outcome::Updated | Outcome::Deleted
                    if self.pg.txn(self.session).is_some_and(super::txn::Txn::one_snapshot) =>
                {
                    if outcome == Outcome::Updated {
                        return Err(concurrent_update());
                    }
                    let message = "could not serialize access due to concurrent delete";
                    return Err(SqlError::new("40001", message).into());
                }
                Outcome::Updated => {}
                Outcome::Deleted => {
                    self.finds_instead(table, by, tid, None);
                    return Ok(None);
                }
                _ => return Ok(None),
            }
            // READ COMMITTED goes on with the row as it is now, if it would still be selected.
            let keys = change.set.as_ref().is_none_or(|set| set.iter().any(|(at, _)| change.table.is_key_column(*at)));
            let mode = if keys { Strength::Update } else { Strength::NoKeyUpdate };
            let entry = self.once(|pg, session, snapshot| {
                let how = How { mode, patience: Patience::Wait, command: snapshot.command, follow: false, last: true };
                let (outcome, tid) = pg.lock_row(session, spot, how)?;
                Ok(Entry::Fate(outcome, tid))
            })?;
            let Entry::Fate(Outcome::Done | Outcome::Moved, at) = entry else {
                self.finds_instead(table, by, tid, None);
                return Ok(None);
            };
            let now = self.values(table, at);
            self.finds_instead(table, by, tid, Some(at));
            self.reads(table, at);
            if let Some(filter) = &change.filter
                && !holds(filter, &Env::of(&now), self)?
            {
                return Ok(None);
            }
            tid = at;
        }
    }

    /// The row with new values, which its table's own constraints allow.
    pub fn set(&mut self, table: &Table, set: &[(u16, Bound)], old: &Row, seen: &[Value]) -> Result<Row, Stop> {
        let mut new = old.to_vec();
        for (column, expr) in set {
            let ty: Type = table.columns[usize::from(*column)].ty;
            new[usize::from(*column)] = eval(expr, &Env::of(seen), self)?.cast(ty)?;
        }
        own_constraints(table, &new, self)?;
        Ok(new.into())
    }
}
