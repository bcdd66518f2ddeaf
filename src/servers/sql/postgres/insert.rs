//! `INSERT`, with `ON CONFLICT`.

use super::Tid;
use super::exec::{Entry, Exec};
use super::rows::{How, Outcome, Spot};
use super::scan::lost;
use super::select::concurrent_update;
use super::ssi::Target;
use crate::servers::sql::answer::Reply;
use crate::servers::sql::ast::{Patience, Strength};
use crate::servers::sql::bind::{Bound, BoundInsert, BoundRows};
use crate::servers::sql::dml::{changed, new_row, own_constraints, returning};
use crate::servers::sql::error::SqlError;
use crate::servers::sql::eval::{Env, Stop, eval, holds};
use crate::servers::sql::schema::{Row, Table};
use crate::servers::sql::value::Value;

impl Exec<'_> {
    pub fn insert(&mut self, insert: &BoundInsert) -> Result<Reply, Stop> {
        let mut count = 0_u32;
        let mut returned = Vec::new();
        let mut checked: Vec<(Option<Row>, Tid)> = Vec::new();
        match &insert.rows {
            BoundRows::Values(rows) => {
                for row in rows {
                    let mut values = Vec::new();
                    for expr in row {
                        values.push(eval(expr, &Env { row: &[], aggregates: &[], outer: None }, self)?);
                    }
                    self.insert_row(insert, values, &mut count, &mut returned, &mut checked)?;
                }
            }
            BoundRows::Query(query, fitted) => {
                for row in self.query(query, None)? {
                    let mut values = Vec::new();
                    for expr in fitted {
                        values.push(eval(expr, &Env::of(&row), self)?);
                    }
                    self.insert_row(insert, values, &mut count, &mut returned, &mut checked)?;
                }
            }
        }
        for (old, new) in checked {
            self.foreign_keys(&insert.table, old.as_ref(), Some(new))?;
        }
        Ok(changed(format!("INSERT 0 {count}"), &insert.returning, returned))
    }

    fn insert_row(
        &mut self,
        insert: &BoundInsert,
        given: Vec<Value>,
        count: &mut u32,
        returned: &mut Vec<Row>,
        checked: &mut Vec<(Option<Row>, Tid)>,
    ) -> Result<(), Stop> {
        let table = &insert.table;
        let values = new_row(insert, given, self)?;
        own_constraints(table, &values, self)?;
        let values: Row = values.into();
        if let Some(conflict) = &insert.conflict {
            while let Some(found) = self.conflict(table, &conflict.indexes, &values)? {
                let Some((set, filter)) = &conflict.update else {
                    if !self.reads_rival(table.id, found)?
                        && self.pg.txn(self.session).is_some_and(super::txn::Txn::one_snapshot)
                    {
                        return Err(concurrent_update());
                    }
                    return Ok(());
                };
                let outcome = self.update_on_conflict(table, set, filter.as_ref(), found, &values)?;
                match outcome {
                    // It has gone meanwhile: look again.
                    None => {}
                    Some(None) => return Ok(()),
                    Some(Some((old, new))) => {
                        *count += 1;
                        let shown = self.values(table.id, new);
                        returning(&insert.returning, &shown, returned, self)?;
                        checked.push((Some(old), new));
                        return Ok(());
                    }
                }
            }
        }
        let id = table.id;
        let entry = self.once(|pg, session, snapshot| {
            pg.ssi_write(session, &[Target::Relation(id)])?;
            let xid = pg.xid(session);
            let Some(stored) = pg.tables.get_mut(&id) else { return Err(lost()) };
            let tid = stored.push(values.clone(), xid, snapshot.command, None);
            pg.history.write(xid, id, None, Some((tid, values)));
            Ok(Entry::Found(Some(tid)))
        })?;
        let Entry::Found(Some(tid)) = entry else { return Err(lost()) };
        self.enter_into_indexes(table, tid)?;
        *count += 1;
        let shown = self.values(id, tid);
        returning(&insert.returning, &shown, returned, self)?;
        checked.push((None, tid));
        Ok(())
    }

    /// A row that a new one would clash with counts as read for SERIALIZABLE; gives whether the statement sees it.
    fn reads_rival(&mut self, table: u32, found: Tid) -> Result<bool, Stop> {
        let entry = self.once(|pg, session, snapshot| {
            let tuple = pg.tuple(table, found);
            let (visible, own, page) = (pg.sees(session, snapshot, tuple), pg.is_mine(session, tuple.xmin), tuple.page);
            pg.ssi_look(session, table, found, visible)?;
            if visible && !own {
                pg.ssi_read(session, Target::Tuple(table, page, found));
            }
            Ok(Entry::Found(visible.then_some(found)))
        })?;
        if let Entry::Found(found) = entry { Ok(found.is_some()) } else { Err(lost()) }
    }

    /// `DO UPDATE`: none where the row has gone, then none where the condition does not hold, then the old values and the new version.
    #[allow(clippy::type_complexity)]
    fn update_on_conflict(
        &mut self,
        table: &Table,
        set: &[(u16, Bound)],
        filter: Option<&Bound>,
        found: Tid,
        excluded: &Row,
    ) -> Result<Option<Option<(Row, Tid)>>, Stop> {
        let one_snapshot = self.pg.txn(self.session).is_some_and(super::txn::Txn::one_snapshot);
        let mode =
            if set.iter().any(|(at, _)| table.is_key_column(*at)) { Strength::Update } else { Strength::NoKeyUpdate };
        let spot = Spot { table: table.id, tid: found };
        let entry = self.once(|pg, session, snapshot| {
            let how = How { mode, patience: Patience::Wait, command: snapshot.command, follow: false, last: false };
            let (outcome, tid) = pg.lock_row(session, spot, how)?;
            Ok(Entry::Fate(outcome, tid))
        })?;
        let Entry::Fate(outcome, _) = entry else { return Err(lost()) };
        match outcome {
            Outcome::Done | Outcome::Moved => {}
            Outcome::Invisible | Outcome::SelfModified => {
                let message = "ON CONFLICT DO UPDATE command cannot affect row a second time";
                return Err(SqlError::new("21000", message).into());
            }
            Outcome::Updated if one_snapshot => return Err(concurrent_update()),
            Outcome::Deleted if one_snapshot => {
                return Err(SqlError::new("40001", "could not serialize access due to concurrent delete").into());
            }
            _ => return Ok(None),
        }
        if !self.reads_rival(table.id, found)? && one_snapshot {
            return Err(concurrent_update());
        }
        let old = self.values(table.id, found);
        self.reads(table.id, found);
        let both: Vec<Value> = old.iter().chain(excluded.iter()).cloned().collect();
        if let Some(filter) = filter
            && !holds(filter, &Env::of(&both), self)?
        {
            return Ok(Some(None));
        }
        let new = self.set(table, set, &old, &both)?;
        let entry = self.once(|pg, session, snapshot| {
            let (outcome, tid) = pg.update_row(session, spot, snapshot.command, new)?;
            Ok(Entry::Fate(outcome, tid))
        })?;
        let Entry::Fate(Outcome::Done, new) = entry else { return Ok(None) };
        self.enter_into_indexes(table, new)?;
        Ok(Some(Some((old, new))))
    }
}
