//! Reading a table, by the way that the planner chose.

use super::exec::{Entry, Exec};
use super::plan::{Path, Wanted, best, choose};
use super::ssi::Target;
use super::{Postgres, SessionId, Tid};
use crate::engine::{sort, sort_stably_by};
use crate::servers::sql::bind::Bound;
use crate::servers::sql::error::SqlError;
use crate::servers::sql::eval::{Env, Stop, holds};
use crate::servers::sql::query::Asked;
use crate::servers::sql::schema::{Index, Row};
use crate::servers::sql::value::Value;

/// A table that is being read.
pub(super) struct Cursor {
    table: u32,
    path: Path,
    /// What is left: pages of the heap, or entries of an index.
    left: std::collections::VecDeque<u32>,
    /// Versions found and not yet handed out.
    found: std::collections::VecDeque<Tid>,
}

impl Exec<'_> {
    pub fn values(&self, table: u32, tid: Tid) -> Row {
        self.pg.tuple(table, tid).values.clone()
    }

    /// Begins to read a table.
    pub fn open(&mut self, asked: &Asked, outer: Option<&Env>) -> Result<Cursor, Stop> {
        let table = asked.table;
        let Some(stored) = self.pg.tables.get(&table) else {
            return Ok(Cursor { table, path: Path::Seq, left: Default::default(), found: Default::default() });
        };
        let wanted =
            Wanted { stored, offset: asked.offset, quals: asked.quals, order: asked.order, limit: asked.limit };
        // Others may have changed the table, and with it the plan, before the statement runs again.
        let ordered = asked.in_order.then(|| best(&wanted, true)).flatten().map(|best| best.path);
        let path = ordered.unwrap_or_else(|| choose(&wanted));
        let Entry::Path(path) = self.once(|_, _, _| Ok(Entry::Path(path)))? else { return Err(lost()) };
        let entry = match &path {
            Path::Seq => self.once(|pg, session, _| {
                pg.ssi_read(session, Target::Relation(table));
                Ok(Entry::Tids((0..pg.tables.get(&table).map_or(0, |stored| stored.pages)).collect()))
            })?,
            Path::Index { index, quals, backward } => {
                let mut roots = self.entries(asked, &[(*index, quals.clone())], outer)?;
                if *backward {
                    roots.reverse();
                }
                self.once(|pg, session, _| {
                    pg.ssi_index(session, table, *index);
                    Ok(Entry::Tids(roots))
                })?
            }
            Path::Bitmap { any } => {
                let mut roots = self.entries(asked, any, outer)?;
                sort(&mut roots);
                roots.dedup();
                self.once(|pg, session, _| {
                    for (index, _) in any {
                        pg.ssi_index(session, table, *index);
                    }
                    Ok(Entry::Tids(roots))
                })?
            }
        };
        let left = if let Entry::Tids(left) = entry { left.into() } else { Default::default() };
        Ok(Cursor { table, path, left, found: Default::default() })
    }

    /// The next version that the statement sees.
    pub fn fetch(&mut self, cursor: &mut Cursor) -> Result<Option<Tid>, Stop> {
        let table = cursor.table;
        loop {
            if let Some(tid) = cursor.found.pop_front() {
                return Ok(Some(tid));
            }
            let Some(next) = cursor.left.pop_front() else { return Ok(None) };
            match &cursor.path {
                Path::Seq => {
                    let entry = self.once(|pg, session, snapshot| {
                        let Some(stored) = pg.tables.get(&table) else { return Ok(Entry::Tids(Vec::new())) };
                        let on_page: Vec<Tid> = stored
                            .heap
                            .iter()
                            .enumerate()
                            .filter(|(_, tuple)| tuple.page == next)
                            .map(|(tid, _)| tid as Tid)
                            .collect();
                        let mut seen = Vec::new();
                        for tid in on_page {
                            let visible = pg.sees(session, snapshot, pg.tuple(table, tid));
                            pg.ssi_look(session, table, tid, visible)?;
                            if visible {
                                seen.push(tid);
                            }
                        }
                        Ok(Entry::Tids(seen))
                    })?;
                    if let Entry::Tids(seen) = entry {
                        cursor.found.extend(seen);
                    }
                }
                Path::Index { .. } => {
                    let entry =
                        self.once(|pg, session, snapshot| pg.chain(session, snapshot, table, next).map(Entry::Found))?;
                    if let Entry::Found(Some(tid)) = entry {
                        cursor.found.push_back(tid);
                    }
                }
                Path::Bitmap { .. } => {
                    // All rows of a page at once.
                    let page = self.pg.tuple(table, next).page;
                    let mut roots = vec![next];
                    while let Some(more) =
                        cursor.left.front().copied().filter(|tid| self.pg.tuple(table, *tid).page == page)
                    {
                        roots.push(more);
                        cursor.left.pop_front();
                    }
                    let entry = self.once(|pg, session, snapshot| {
                        let mut seen = Vec::new();
                        for root in roots {
                            seen.extend(pg.chain(session, snapshot, table, root)?);
                        }
                        Ok(Entry::Tids(seen))
                    })?;
                    if let Entry::Tids(seen) = entry {
                        cursor.found.extend(seen);
                    }
                }
            }
        }
    }

    /// The entries of indexes that meet conditions, in the order of the first.
    fn entries(&mut self, asked: &Asked, any: &[(usize, Vec<Bound>)], outer: Option<&Env>) -> Result<Vec<Tid>, Stop> {
        let Some(stored) = self.pg.tables.get(&asked.table) else { return Ok(Vec::new()) };
        let (table, heap) = (std::sync::Arc::clone(&stored.table), std::sync::Arc::clone(&stored.heap));
        let mut out: Vec<(Vec<Value>, Tid)> = Vec::new();
        for (at, quals) in any {
            let Some(index) = table.indexes.get(*at) else { continue };
            let is_entry = |(tid, tuple): &(usize, &super::heap::Tuple)| {
                tuple.root as usize == *tid && usize::from(tuple.entered) > *at
            };
            for (tid, tuple) in heap.iter().enumerate().filter(is_entry) {
                let tid = tid as Tid;
                if !self.in_index(index, &tuple.values)? {
                    continue;
                }
                let mut row = vec![Value::Null; asked.width];
                let from = usize::from(asked.offset);
                row[from..from + tuple.values.len()].clone_from_slice(&tuple.values);
                let env = Env { row: &row, aggregates: &[], outer };
                let mut all = true;
                for qual in quals {
                    all = all && holds(qual, &env, self)?;
                }
                if all {
                    out.push((key_of(index, &tuple.values), tid));
                }
            }
        }
        sort_stably_by(&mut out, &|(a, a_tid), (b, b_tid)| {
            let keys = a.iter().zip(b).map(|(a, b)| a.order(b)).find(|order| order.is_ne());
            keys.unwrap_or(std::cmp::Ordering::Equal).then(a_tid.cmp(b_tid))
        });
        Ok(out.into_iter().map(|(_, tid)| tid).collect())
    }

    /// Whether an index holds a row.
    pub fn in_index(&mut self, index: &Index, values: &[Value]) -> Result<bool, Stop> {
        match &index.filter {
            Some(filter) => holds(filter, &Env::of(values), self),
            None => Ok(true),
        }
    }
}

/// A journal that does not fit its statement: this would be a fault of ours.
pub(super) fn lost() -> Stop {
    SqlError::new("XX000", "the statement has lost its place").into()
}

/// The key that an index has for a row.
pub(super) fn key_of(index: &Index, values: &[Value]) -> Vec<Value> {
    index.columns.iter().map(|column| values[usize::from(*column)].clone()).collect()
}

impl Postgres {
    /// Remembers that an index was read. An index is small enough here to be one page.
    fn ssi_index(&mut self, session: SessionId, table: u32, index: usize) {
        let id = self.tables.get(&table).and_then(|stored| stored.table.indexes.get(index)).map(|index| index.id);
        if let Some(id) = id {
            self.ssi_read(session, Target::Page(id, 0));
        }
    }

    /// The version behind an index entry that a snapshot sees.
    pub(super) fn chain(
        &mut self,
        session: SessionId,
        snapshot: &super::txn::Snapshot,
        table: u32,
        root: Tid,
    ) -> Result<Option<Tid>, Stop> {
        let mut at = Some(root);
        while let Some(tid) = at {
            let tuple = self.tuple(table, tid);
            let (visible, page, xmin, next) = (self.sees(session, snapshot, tuple), tuple.page, tuple.xmin, tuple.next);
            self.ssi_look(session, table, tid, visible)?;
            if visible {
                if !self.is_mine(session, xmin) {
                    self.ssi_read(session, Target::Tuple(table, page, tid));
                }
                return Ok(Some(tid));
            }
            at = next.filter(|next| self.tuple(table, *next).root == root);
        }
        Ok(None)
    }
}
