//! Running one statement, with its journal.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::access::{Path, choose};
use super::scan::{Reading, Step};
use super::{Innodb, TrxId, fail};
use crate::engine::sort_stably_by;
use crate::servers::sql::answer::{Reply, Rows};
use crate::servers::sql::ast::{Level, Name, Patience, Statement, Strength};
use crate::servers::sql::bind::{Bound, BoundQuery, BoundSource, BoundStatement, Catalog, Function};
use crate::servers::sql::engine::SessionId;
use crate::servers::sql::error::SqlError;
use crate::servers::sql::eval::{Context, Env, Stop};
use crate::servers::sql::query::{Asked, EachRow, Joined, Reader, Tid, conjuncts, depends};
use crate::servers::sql::schema::Row;
use crate::servers::sql::value::Value;

/// Something that a statement did and does not do again when it runs from its beginning after a wait.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Entry {
    Done,
    /// How a table is read.
    Path(Path),
    /// The rows that a consistent read sees.
    Rows(Vec<(Tid, Row)>),
    /// Where a current read has come to.
    Step(Step),
}

/// A statement that runs.
pub(super) struct Exec<'a> {
    pub db: &'a mut Innodb,
    pub session: SessionId,
    pub trx: TrxId,
    pub level: Level,
    /// Whether it only reads.
    select: bool,
    /// Whether it is part of a transaction block.
    block: bool,
    journal: Vec<Entry>,
    at: usize,
    /// Rows of queries that do not depend on the row around them.
    cache: BTreeMap<u16, Vec<Row>>,
}

impl Exec<'_> {
    /// Does something once. It may wait if it can be asked again from its own beginning.
    pub fn once(&mut self, act: impl FnOnce(&mut Innodb) -> Result<Entry, Stop>) -> Result<Entry, Stop> {
        if let Some(entry) = self.journal.get(self.at) {
            self.at += 1;
            return Ok(entry.clone());
        }
        let entry = act(self.db)?;
        self.journal.push(entry.clone());
        self.at += 1;
        Ok(entry)
    }

    /// Does something once, and then lets others have their turn who go on at the same time: whoever is woken by one commit runs side by side in the real server,
    /// and a short statement overtakes a long one.
    pub fn in_turn(&mut self, act: impl FnOnce(&mut Innodb) -> Result<Entry, Stop>) -> Result<Entry, Stop> {
        let new = self.at == self.journal.len();
        let entry = self.once(act)?;
        if new && !self.db.ready.is_empty() {
            self.db.ready.push(self.session);
            return Err(Stop::Wait);
        }
        Ok(entry)
    }

    pub fn as_reader(&mut self) -> &mut dyn Reader {
        self
    }

    /// How rows are read that nobody asked to lock: none where old versions will do.
    fn plain_lock(&self) -> Option<bool> {
        let locks = match self.level {
            // Outside of a block nothing can come after the read that would depend on it.
            Level::Serializable => !self.select || self.block,
            Level::RepeatableRead | Level::CursorStability => !self.select,
            Level::Degree0 | Level::ReadUncommitted | Level::ReadCommitted => false,
        };
        locks.then_some(false)
    }

    /// Rows as they were for the view of a consistent read, or at READ UNCOMMITTED as they are.
    fn consistent(&mut self, asked: &Asked, path: &Path) -> Result<Vec<(Tid, Row)>, Stop> {
        if path.ranges.is_empty() {
            // Not even a view is opened for what nothing can meet.
            return Ok(Vec::new());
        }
        let (session, trx, level, table) = (self.session, self.trx, self.level, asked.table);
        let entry = self.once(|db| {
            let view = db.view(session);
            let Some(stored) = db.tables.get(&table) else { return Ok(Entry::Rows(Vec::new())) };
            let mut rows = Vec::new();
            for entry in stored.entries(stored.clustered) {
                let version = if level <= Level::ReadUncommitted { entry.newest() } else { db.seen(view, trx, entry) };
                if let Some(version) = version.filter(|version| !version.deleted) {
                    rows.push((stored.key(path.index, &version.values, &entry.key), version));
                }
            }
            sort_stably_by(&mut rows, &|(a, _), (b, _)| super::store::compare(a, b));
            if path.backward {
                rows.reverse();
            }
            Ok(Entry::Rows(rows.into_iter().map(|(_, version)| (version.number, version.values.clone())).collect()))
        })?;
        if let Entry::Rows(rows) = entry { Ok(rows) } else { Err(lost()) }
    }

    /// How a table is read, chosen once: others may have changed it before the statement runs again.
    pub fn path(
        &mut self,
        table: u32,
        quals: &[Bound],
        order: Option<(u16, bool)>,
        used: Option<&[u16]>,
    ) -> Result<Path, Stop> {
        let entry = self.once(|db| {
            Ok(Entry::Path(
                db.tables.get(&table).map_or_else(Path::default, |stored| choose(stored, quals, order, used)),
            ))
        })?;
        if let Entry::Path(path) = entry { Ok(path) } else { Err(lost()) }
    }

    fn bound(&mut self, statement: &BoundStatement) -> Result<Reply, Stop> {
        match statement {
            BoundStatement::Select(query) => {
                let rows = self.as_reader().query(query, None)?;
                let columns: Arc<[Name]> = query.items.iter().map(|item| item.name.clone()).collect();
                let tag = format!("SELECT {}", rows.len()).into();
                Ok(Reply::Rows(Rows { columns, rows, tag }))
            }
            BoundStatement::Insert(insert) => self.insert(insert),
            BoundStatement::Change(change) => self.change(change),
        }
    }
}

/// The columns of its only table that a query looks at.
fn used(query: &BoundQuery, width: usize) -> Vec<u16> {
    let items = query.items.iter().map(|item| &item.expr);
    let aggregates = query.aggregates.iter().filter_map(|aggregate| aggregate.of.as_ref());
    let order = query.order_by.iter().map(|(by, ..)| by);
    let all: Vec<&Bound> =
        items.chain(aggregates).chain(order).chain(&query.filter).chain(&query.group_by).chain(&query.having).collect();
    // What an aggregate looks at stands among the aggregates.
    let looks = |column: &u16| {
        all.iter().any(|expr| !matches!(expr, Bound::Aggregate(_)) && depends(expr, &|at| at == *column))
    };
    (0..width as u16).filter(looks).collect()
}

/// A journal that does not fit its statement: this would be a fault of ours.
pub(super) fn lost() -> Stop {
    SqlError::new("XX000", "the statement has lost its place").into()
}

impl Context for Exec<'_> {
    fn subquery(&mut self, query: &BoundQuery, env: &Env) -> Result<Vec<Row>, Stop> {
        if let Some(rows) = self.cache.get(&query.id).filter(|_| !query.correlated) {
            return Ok(rows.clone());
        }
        let rows = self.as_reader().query(query, Some(env))?;
        if !query.correlated {
            self.cache.insert(query.id, rows.clone());
        }
        Ok(rows)
    }

    fn advisory(&mut self, _: Function, _: &[Value]) -> Result<Value, Stop> {
        Err(SqlError::unsupported("advisory locks with InnoDB").into())
    }
}

impl Reader for Exec<'_> {
    fn scan(&mut self, asked: &Asked, outer: Option<&Env>, each: EachRow) -> Result<(), Stop> {
        // Conditions on a table alone, behind others in a join, are not used to find its rows: their columns are counted from elsewhere.
        let quals = if asked.offset == 0 { asked.quals } else { &[] };
        let used = asked.query.map(|query| used(query, asked.width));
        // Indexes have NULL where queries want it, so any order by one column may be an index's.
        let order = asked.query.and_then(|query| match query.order_by.as_slice() {
            [(Bound::Column(0, column), descending, _)] => Some((*column, *descending)),
            _ => None,
        });
        let path = self.path(asked.table, quals, order, used.as_deref())?;
        let lock = match asked.lock {
            Some((strength, patience)) => Some((strength >= Strength::NoKeyUpdate, patience)),
            None => self.plain_lock().map(|exclusive| (exclusive, Patience::Wait)),
        };
        let Some((exclusive, patience)) = lock else {
            if !path.ranges.is_empty() {
                self.looks(asked.table, quals, false);
            }
            for (version, row) in self.consistent(asked, &path)? {
                if !each(self, version, &row)? {
                    break;
                }
            }
            return Ok(());
        };
        let reading = Reading {
            table: asked.table,
            path: &path,
            exclusive,
            patience,
            semi_consistent: false,
            pushed_down: self.select,
        };
        self.current(&reading, quals, outer, &mut |exec, found| each(exec, found.version, &found.row))?;
        self.looks(asked.table, quals, true);
        Ok(())
    }

    fn in_order(&mut self, query: &BoundQuery, _: usize) -> bool {
        let ([from], [(Bound::Column(0, column), descending, _)], Some(_)) =
            (query.from.as_slice(), query.order_by.as_slice(), &query.limit)
        else {
            return false;
        };
        let BoundSource::Table(table) = from.source else { return false };
        let Some(stored) = self.db.tables.get(&table) else { return false };
        let mut quals = Vec::new();
        if let Some(filter) = &query.filter {
            conjuncts(filter, &mut quals);
        }
        choose(stored, &quals, Some((*column, *descending)), None).ordered
    }

    fn lock(&mut self, _: &BoundQuery, joined: Joined, _: Option<&Env>) -> Result<Option<Joined>, Stop> {
        Ok(Some(joined))
    }

    fn ends(&mut self, _: &BoundQuery, _: Option<&Env>, _: usize) -> Result<Option<Vec<Value>>, Stop> {
        Ok(None)
    }

    /// Scans do so themselves: a current read only knows what it has seen when it is done.
    fn note_read(&mut self, _: u32, _: &[Bound]) {}

    fn note_item(&mut self, table: u32, tid: Tid) {
        let number = self.db.trx(self.session).map(|trx| trx.number);
        // `once` so that running again after a wait leaves no second note; it cannot fail.
        let _ = self.once(|db| {
            if let Some(number) = number {
                db.history.read(number, table, tid);
            }
            Ok(Entry::Done)
        });
    }
}

impl Innodb {
    /// Runs a statement that reads or changes data.
    pub(super) fn data(&mut self, session: SessionId, statement: &Statement) -> Result<Reply, Stop> {
        if self.is_read_only(session) && !matches!(statement, Statement::Select(_)) {
            let message = "Cannot execute statement in a READ ONLY transaction";
            return Err(fail::error(1792, "25006", message).into());
        }
        let near = match statement {
            Statement::Insert(insert) if insert.on_conflict.is_some() => Some("ON CONFLICT"),
            Statement::Update(update) if !update.returning.is_empty() => Some("RETURNING"),
            _ => None,
        };
        if let Some(near) = near {
            return Err(fail::syntax(near).into());
        }
        let mut bound = (self as &dyn Catalog).bind(statement)?;
        if let BoundStatement::Select(query) = &mut bound {
            // NULL comes before everything.
            query.order_by.iter_mut().for_each(|(_, descending, nulls_first)| *nulls_first = !*descending);
        }
        let trx = self.need_trx(session);
        let (level, block) = (self.level_of(trx), self.in_block(session));
        let journal = self.running_mut(session).map(|running| std::mem::take(&mut running.journal)).unwrap_or_default();
        let select = matches!(statement, Statement::Select(_));
        let mut exec = Exec { db: self, session, trx, level, select, block, journal, at: 0, cache: BTreeMap::new() };
        let reply = exec.bound(&bound);
        let journal = exec.journal;
        if let Some(running) = self.running_mut(session) {
            running.journal = journal;
        }
        reply
    }

    fn in_block(&self, session: SessionId) -> bool {
        self.session(session).is_some_and(|session| session.block.is_some())
    }
}
