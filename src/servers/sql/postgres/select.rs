//! What PostgreSQL does for the queries of a statement, in the order in which its plans do it.

use super::exec::{Entry, Exec};
use super::plan::{Wanted, best, choose};
use super::rows::{How, Outcome, Spot};
use super::scan::lost;
use super::semijoin::{bucket, hashed};
use crate::engine::sort_stably_by;
use crate::servers::sql::bind::{Bound, BoundQuery, BoundSource};
use crate::servers::sql::error::SqlError;
use crate::servers::sql::eval::{Env, Stop};
use crate::servers::sql::query::{Asked, EachRow, Joined, Reader, Tid, conjuncts};
use crate::servers::sql::schema::Row;
use crate::servers::sql::value::Value;

impl Exec<'_> {
    /// As the queries know it.
    pub fn as_reader(&mut self) -> &mut dyn Reader {
        self
    }

    /// The rows of a query.
    pub fn query(&mut self, query: &BoundQuery, outer: Option<&Env>) -> Result<Vec<Row>, Stop> {
        self.as_reader().query(query, outer)
    }
}

impl Reader for Exec<'_> {
    fn scan(&mut self, asked: &Asked, outer: Option<&Env>, each: EachRow) -> Result<(), Stop> {
        let mut cursor = self.open(asked, outer)?;
        if let Some(column) = asked.query.and_then(|query| hashed(&self.pg.tables, query)) {
            let mut all: Vec<(Tid, Row)> = Vec::new();
            while let Some(tid) = self.fetch(&mut cursor)? {
                all.push((tid, self.values(asked.table, tid)));
            }
            let at = |(_, values): &(Tid, Row)| bucket(&values[usize::from(column)]);
            sort_stably_by(&mut all, &|one, other| at(other).cmp(&at(one)));
            for (tid, values) in all {
                if !each(self, tid, &values)? {
                    break;
                }
            }
            return Ok(());
        }
        while let Some(tid) = self.fetch(&mut cursor)? {
            let values = self.values(asked.table, tid);
            if !each(self, tid, &values)? {
                break;
            }
        }
        Ok(())
    }

    /// Where the plan reads an index in that order. Otherwise rows are sorted, and locked after that.
    fn in_order(&mut self, query: &BoundQuery, wanted: usize) -> bool {
        let ([from], Some(order)) = (query.from.as_slice(), query.index_order()) else { return false };
        let BoundSource::Table(table) = from.source else { return false };
        let mut quals = Vec::new();
        if let Some(filter) = &query.filter {
            conjuncts(filter, &mut quals);
        }
        let limit = (wanted < usize::MAX).then_some(wanted as f64);
        // Others may have changed the table, and with it the plan, before the statement runs again.
        let decided = self.once(|pg, _, _| {
            let by_index = pg.tables.get(&table).is_some_and(|stored| {
                let wanted = Wanted { stored, offset: 0, quals: &quals, order: Some(order), limit };
                best(&wanted, true).is_some_and(|best| best.path == choose(&wanted))
            });
            Ok(Entry::Found(by_index.then_some(0)))
        });
        matches!(decided, Ok(Entry::Found(Some(_))))
    }

    /// Locks what a query asks to lock of a row; none where it is passed over.
    fn lock(&mut self, query: &BoundQuery, joined: Joined, outer: Option<&Env>) -> Result<Option<Joined>, Stop> {
        if !query.locks() {
            return Ok(Some(joined));
        }
        let mut joined = joined;
        let mut again = false;
        let one_snapshot = self.pg.txn(self.session).is_some_and(super::txn::Txn::one_snapshot);
        for (at, from) in query.from.iter().enumerate() {
            let (Some((mode, patience)), BoundSource::Table(table), Some(tid)) =
                (from.lock, &from.source, joined.tids[at])
            else {
                continue;
            };
            let spot = Spot { table: *table, tid };
            let entry = self.once(|pg, session, snapshot| {
                let how = How { mode, patience, command: snapshot.command, follow: true, last: !one_snapshot };
                let (outcome, tid) = pg.lock_row(session, spot, how)?;
                Ok(Entry::Fate(outcome, tid))
            })?;
            let Entry::Fate(outcome, at_last) = entry else { return Err(lost()) };
            match outcome {
                Outcome::Done => {}
                Outcome::Moved => {
                    self.reads_instead(*table, tid, at_last);
                    let mut by = Vec::new();
                    if let Some(filter) = &query.filter {
                        conjuncts(filter, &mut by);
                    }
                    self.finds_instead(*table, &by, tid, Some(at_last));
                    let tid = at_last;
                    again = true;
                    joined.tids[at] = Some(tid);
                    let values = self.values(*table, tid);
                    let place = usize::from(from.offset);
                    joined.values[place..place + values.len()].clone_from_slice(&values);
                }
                Outcome::Updated | Outcome::Deleted if one_snapshot => return Err(concurrent_update()),
                _ => return Ok(None),
            }
        }
        if again {
            // The row is not the one that was selected: would it still be?
            let mut conditions: Vec<Bound> = query.from.iter().filter_map(|from| from.on.clone()).collect();
            if let Some(filter) = &query.filter {
                conjuncts(filter, &mut conditions);
            }
            if !self.as_reader().all_hold(&conditions, &joined.values, outer)? {
                return Ok(None);
            }
        }
        Ok(Some(joined))
    }

    fn ends(&mut self, query: &BoundQuery, outer: Option<&Env>, width: usize) -> Result<Option<Vec<Value>>, Stop> {
        self.min_max(query, outer, width)
    }

    fn note_read(&mut self, table: u32, conditions: &[Bound]) {
        self.looks(table, conditions);
    }

    fn note_item(&mut self, table: u32, tid: Tid) {
        self.reads(table, tid);
    }
}

/// 40001 where a row has changed since the snapshot.
pub(super) fn concurrent_update() -> Stop {
    SqlError::new("40001", "could not serialize access due to concurrent update").into()
}
