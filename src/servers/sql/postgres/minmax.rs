//! `min` and `max` by the end of an index, where the planner would: then the rest of the table is not read, which SERIALIZABLE notices.

use super::exec::Exec;
use super::plan::{Wanted, best};
use crate::servers::sql::bind::{AggregateKind, Bound, BoundQuery, BoundSource};
use crate::servers::sql::eval::{Env, Stop, holds};
use crate::servers::sql::query::{Asked, conjuncts};
use crate::servers::sql::value::Value;

/// What the planner takes an aggregate over a row to cost.
const CPU_AGGREGATE: f64 = 0.0025;

impl Exec<'_> {
    /// The aggregates of a query from the ends of indexes; none where the planner would read the table once instead.
    pub fn min_max(
        &mut self,
        query: &BoundQuery,
        outer: Option<&Env>,
        width: usize,
    ) -> Result<Option<Vec<Value>>, Stop> {
        let [from] = query.from.as_slice() else { return Ok(None) };
        let BoundSource::Table(table) = from.source else { return Ok(None) };
        if !query.group_by.is_empty() || query.aggregates.is_empty() {
            return Ok(None);
        }
        let mut quals = Vec::new();
        if let Some(filter) = &query.filter {
            conjuncts(filter, &mut quals);
        }
        let mut wanted = Vec::new();
        for aggregate in &query.aggregates {
            let backward = match aggregate.kind {
                AggregateKind::Min => false,
                AggregateKind::Max => true,
                _ => return Ok(None),
            };
            let Some(Bound::Column(0, column)) = aggregate.of else { return Ok(None) };
            let mut quals = quals.clone();
            quals.push(Bound::IsNull(Box::new(Bound::Column(0, column)), true));
            wanted.push((column, backward, quals));
        }
        if !self.ends_are_cheaper(table, &quals, &wanted) {
            return Ok(None);
        }
        let mut out = Vec::new();
        for (column, backward, quals) in wanted {
            self.looks(table, &quals);
            let asked = Asked {
                table,
                offset: 0,
                quals: &quals,
                order: Some((column, backward)),
                limit: Some(1.0),
                in_order: true,
                width,
                lock: None,
                query: None,
            };
            let mut cursor = self.open(&asked, outer)?;
            let mut end = Value::Null;
            'rows: while let Some(tid) = self.fetch(&mut cursor)? {
                let row = self.values(table, tid);
                for qual in &quals {
                    if !holds(qual, &Env { row: &row, aggregates: &[], outer }, self)? {
                        continue 'rows;
                    }
                }
                self.reads(table, tid);
                end = row[usize::from(column)].clone();
                break;
            }
            out.push(end);
        }
        Ok(Some(out))
    }

    /// Decided once: others may have changed the table before the statement runs again.
    fn ends_are_cheaper(&mut self, table: u32, quals: &[Bound], wanted: &[(u16, bool, Vec<Bound>)]) -> bool {
        let decided = self.once(|pg, _, _| {
            let Some(stored) = pg.tables.get(&table) else { return Ok(super::exec::Entry::Found(None)) };
            let whole = Wanted { stored, offset: 0, quals, order: None, limit: None };
            let plain = best(&whole, false);
            let plain = plain.map_or(f64::MAX, |found| found.total + found.rows * CPU_AGGREGATE * wanted.len() as f64);
            let mut ends = 0.0;
            for (column, backward, quals) in wanted {
                let order = Some((*column, *backward));
                let end = best(&Wanted { stored, offset: 0, quals, order, limit: Some(1.0) }, true);
                ends += end.map_or(f64::MAX, |found| found.total);
            }
            Ok(super::exec::Entry::Found((ends < plain).then_some(0)))
        });
        matches!(decided, Ok(super::exec::Entry::Found(Some(_))))
    }
}
