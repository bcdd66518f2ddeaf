//! Queries over any engine's tables: joining, filtering, sorting, grouping. What an engine does for each row, it says as a [`Reader`].

use std::cmp::Ordering;

use super::ast::{Binary, Patience, Strength};
use super::bind::{Aggregate, AggregateKind, Bound, BoundFrom, BoundQuery, BoundSource, Function};
use super::error::SqlError;
use super::eval::{Context, Env, Stop, eval, holds};
use super::numeric::Numeric;
use super::schema::Row;
use super::value::{Type, Value};
use crate::engine::sort_stably_by;

/// Most rows that a statement may have in hand.
const MAX_ROWS: usize = 1_000_000;

/// Number of a row version within its table.
pub type Tid = u32;

/// A row on its way, with the versions that it is made of.
#[derive(Clone)]
pub struct Joined {
    /// Values of all sources, one after the other.
    pub values: Vec<Value>,
    /// The version of each source; none where it is no table, or has no partner in an outer join.
    pub tids: Vec<Option<Tid>>,
}

/// What is done with each row; whether more are wanted.
type Each<'f> = &'f mut dyn FnMut(&mut dyn Reader, Joined) -> Result<bool, Stop>;

/// What is done with each row of a scan; whether more are wanted.
pub type EachRow<'f> = &'f mut dyn FnMut(&mut dyn Reader, Tid, &Row) -> Result<bool, Stop>;

/// Where a table stands among the sources of a query, and what is asked of it.
pub struct Asked<'a> {
    /// The table.
    pub table: u32,
    /// Place of its first column in the row of the query.
    pub offset: u16,
    /// Conditions on it alone, all of which rows have to meet. A scan may give other rows too.
    pub quals: &'a [Bound],
    /// A column whose order is wanted, and whether descending.
    pub order: Option<(u16, bool)>,
    /// How many rows are wanted, where that is known.
    pub limit: Option<f64>,
    /// Whether only an index that gives the order will do.
    pub in_order: bool,
    /// How wide a row of the query is.
    pub width: usize,
    /// How its rows are to be locked, where the query says so.
    pub lock: Option<(Strength, Patience)>,
    /// The query that reads it, if one does.
    pub query: Option<&'a BoundQuery>,
}

/// What an engine does for the queries of one statement.
pub trait Reader: Context {
    /// Gives the rows of a table to a function, until it has enough.
    fn scan(&mut self, asked: &Asked, outer: Option<&Env>, each: EachRow) -> Result<(), Stop>;

    /// Whether scans give rows in the order that a query wants, so that it can stop as soon as it has as many as are wanted.
    fn in_order(&mut self, query: &BoundQuery, wanted: usize) -> bool;

    /// Locks what a query asks to lock of a row, where scans have not; none where the row is passed over.
    fn lock(&mut self, query: &BoundQuery, joined: Joined, outer: Option<&Env>) -> Result<Option<Joined>, Stop>;

    /// The aggregates of a query from the ends of indexes; none where rows are to be read instead.
    fn ends(&mut self, query: &BoundQuery, outer: Option<&Env>, width: usize) -> Result<Option<Vec<Value>>, Stop>;

    /// Notes for the history that the statement looks for rows of a table.
    fn note_read(&mut self, table: u32, conditions: &[Bound]);

    /// Notes for the history that the statement reads a version.
    fn note_item(&mut self, table: u32, tid: Tid);
}

/// Cuts a condition at its ANDs.
pub fn conjuncts(condition: &Bound, out: &mut Vec<Bound>) {
    if let Bound::Binary(Binary::And, left, right) = condition {
        conjuncts(left, out);
        conjuncts(right, out);
    } else {
        out.push(condition.clone());
    }
}

/// Whether an expression looks at the row itself, or does more than compute.
pub fn depends(expr: &Bound, on: &dyn Fn(u16) -> bool) -> bool {
    match expr {
        Bound::Const(_) => false,
        Bound::Column(depth, at) => *depth == 0 && on(*at),
        Bound::Aggregate(_) | Bound::InQuery(..) | Bound::Exists(_) | Bound::Scalar(_) => true,
        Bound::Call(function, arguments) => {
            let volatile = matches!(
                function,
                Function::AdvisoryLock { .. } | Function::AdvisoryUnlock { .. } | Function::AdvisoryUnlockAll
            );
            volatile || arguments.iter().any(|one| depends(one, on))
        }
        Bound::Not(a)
        | Bound::Minus(a)
        | Bound::Trimmed(a)
        | Bound::IsNull(a, _)
        | Bound::IsBool(a, ..)
        | Bound::Cast(a, _) => depends(a, on),
        Bound::Binary(_, a, b) | Bound::Like(a, b, _) => depends(a, on) || depends(b, on),
        Bound::InList(a, list, _) => depends(a, on) || list.iter().any(|one| depends(one, on)),
        Bound::Case(arms, otherwise) => {
            arms.iter().any(|(when, then)| depends(when, on) || depends(then, on))
                || otherwise.as_ref().is_some_and(|otherwise| depends(otherwise, on))
        }
    }
}

fn too_many() -> Stop {
    SqlError::unsupported(format!("more than {MAX_ROWS} rows in one statement")).into()
}

impl dyn Reader + '_ {
    /// The rows of a query.
    pub fn query(&mut self, query: &BoundQuery, outer: Option<&Env>) -> Result<Vec<Row>, Stop> {
        let offset = self.count(query.offset.as_ref(), outer, "OFFSET")?.unwrap_or(0);
        let limit = self.count(query.limit.as_ref(), outer, "LIMIT")?;
        let wanted = limit.map_or(usize::MAX, |limit| limit.saturating_add(offset));
        let mut out = Vec::new();
        if wanted == 0 {
            return Ok(out);
        }
        let width = query.from.iter().map(|from| usize::from(from.width)).sum();
        if query.grouped {
            out = self.groups(query, outer, width)?;
            out.truncate(wanted);
        } else if query.order_by.is_empty() || query.distinct || self.in_order(query, wanted) {
            let wanted = if query.distinct { usize::MAX } else { wanted };
            let mut rows = Vec::new();
            self.each(query, outer, width, wanted, &mut |exec, joined| {
                if let Some(joined) = exec.lock(query, joined, outer)? {
                    exec.project(query, &joined, outer, &mut rows)?;
                }
                Ok(rows.len() < wanted)
            })?;
            out = rows;
            if query.distinct {
                out = self.distinct(query, out, outer)?;
            }
            out.truncate(limit.map_or(usize::MAX, |limit| limit.saturating_add(offset)));
        } else {
            let mut all = Vec::new();
            self.each(query, outer, width, wanted, &mut |exec, joined| {
                let env = Env { row: &joined.values, aggregates: &[], outer };
                let keys = exec.keys(query, &env)?;
                all.push((keys, joined));
                if all.len() > MAX_ROWS { Err(too_many()) } else { Ok(true) }
            })?;
            sort_stably_by(&mut all, &|(a, _), (b, _)| order(query, a, b));
            for (_, joined) in all {
                if let Some(joined) = self.lock(query, joined, outer)? {
                    self.project(query, &joined, outer, &mut out)?;
                }
                if out.len() >= wanted {
                    break;
                }
            }
            out.truncate(wanted);
        }
        Ok(out.into_iter().skip(offset).collect())
    }

    fn count(&mut self, expr: Option<&Bound>, outer: Option<&Env>, clause: &str) -> Result<Option<usize>, Stop> {
        let Some(expr) = expr else { return Ok(None) };
        match eval(expr, &Env { row: &[], aggregates: &[], outer }, self)?.cast(Type::BigInt)? {
            Value::BigInt(count) if count < 0 => {
                let code = if clause == "LIMIT" { "2201W" } else { "2201X" };
                Err(SqlError::new(code, format!("{clause} must not be negative")).into())
            }
            Value::BigInt(count) => Ok(Some(usize::try_from(count).unwrap_or(usize::MAX))),
            _ => Ok(None),
        }
    }

    fn keys(&mut self, query: &BoundQuery, env: &Env) -> Result<Vec<Value>, Stop> {
        query.order_by.iter().map(|(by, ..)| eval(by, env, self)).collect()
    }

    /// Gives every row that a query selects to a function, until it has enough.
    fn each(
        &mut self,
        query: &BoundQuery,
        outer: Option<&Env>,
        width: usize,
        wanted: usize,
        each: Each<'_>,
    ) -> Result<(), Stop> {
        if wanted == 0 {
            return Ok(());
        }
        let mut filter = Vec::new();
        if let Some(condition) = &query.filter {
            conjuncts(condition, &mut filter);
        }
        let empty = Joined { values: vec![Value::Null; width], tids: vec![None; query.from.len()] };
        match query.from.as_slice() {
            [] => {
                if self.all_hold(&filter, &[], outer)? {
                    each(self, empty)?;
                }
                Ok(())
            }
            [from] => self.only(query, from, &filter, outer, wanted, &empty, each),
            _ => self.join(query, &filter, outer, &empty, each),
        }
    }

    /// Whether all conditions hold of a row.
    pub fn all_hold(&mut self, conditions: &[Bound], row: &[Value], outer: Option<&Env>) -> Result<bool, Stop> {
        let env = Env { row, aggregates: &[], outer };
        for condition in conditions {
            if !holds(condition, &env, self)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A query over one source reads row by row.
    #[allow(clippy::too_many_arguments)]
    fn only(
        &mut self,
        query: &BoundQuery,
        from: &BoundFrom,
        filter: &[Bound],
        outer: Option<&Env>,
        wanted: usize,
        empty: &Joined,
        each: Each<'_>,
    ) -> Result<(), Stop> {
        let BoundSource::Table(table) = &from.source else {
            for row in self.rows_of(from, outer)? {
                if self.all_hold(filter, &row, outer)?
                    && !each(self, Joined { values: row.to_vec(), tids: vec![None] })?
                {
                    break;
                }
            }
            return Ok(());
        };
        let order = query.index_order();
        let limit = (wanted < usize::MAX).then_some(wanted as f64);
        let width = empty.values.len();
        let asked = Asked {
            table: *table,
            offset: 0,
            quals: filter,
            order,
            limit,
            in_order: false,
            width,
            lock: from.lock,
            query: Some(query),
        };
        self.note_read(*table, filter);
        self.scan(&asked, outer, &mut |reader, tid, values| {
            if !reader.all_hold(filter, values, outer)? {
                return Ok(true);
            }
            reader.note_item(*table, tid);
            each(reader, Joined { values: values.to_vec(), tids: vec![Some(tid)] })
        })
    }

    /// Several sources: each is read once, by its own conditions, then they are matched.
    fn join(
        &mut self,
        query: &BoundQuery,
        filter: &[Bound],
        outer: Option<&Env>,
        empty: &Joined,
        each: Each<'_>,
    ) -> Result<(), Stop> {
        let mut sources = Vec::new();
        for from in &query.from {
            let own = from.offset..from.offset + from.width;
            let elsewhere = |at: u16| !own.contains(&at);
            let quals: Vec<Bound> =
                filter.iter().filter(|one| !from.left && !depends(one, &elsewhere)).cloned().collect();
            let mut rows: Vec<(Row, Option<Tid>)> = Vec::new();
            if let BoundSource::Table(table) = &from.source {
                self.note_read(*table, &[]);
                let width = empty.values.len();
                let asked = Asked {
                    table: *table,
                    offset: from.offset,
                    quals: &quals,
                    order: None,
                    limit: None,
                    in_order: false,
                    width,
                    lock: from.lock,
                    query: None,
                };
                self.scan(&asked, outer, &mut |reader, tid, values| {
                    reader.note_item(*table, tid);
                    rows.push((values.clone(), Some(tid)));
                    Ok(true)
                })?;
            } else {
                rows.extend(self.rows_of(from, outer)?.into_iter().map(|row| (row, None)));
            }
            sources.push(rows);
        }
        let mut partial = vec![empty.clone()];
        for (at, (from, rows)) in query.from.iter().zip(&sources).enumerate() {
            let mut next = Vec::new();
            for left in partial {
                let before = next.len();
                for (row, tid) in rows {
                    let mut joined = left.clone();
                    let place = usize::from(from.offset);
                    joined.values[place..place + row.len()].clone_from_slice(row);
                    joined.tids[at] = *tid;
                    let fits = match &from.on {
                        Some(on) => holds(on, &Env { row: &joined.values, aggregates: &[], outer }, self)?,
                        None => true,
                    };
                    if fits {
                        next.push(joined);
                    }
                    if next.len() > MAX_ROWS {
                        return Err(too_many());
                    }
                }
                if from.left && next.len() == before {
                    next.push(left);
                }
            }
            partial = next;
        }
        for joined in partial {
            if self.all_hold(filter, &joined.values, outer)? && !each(self, joined)? {
                break;
            }
        }
        Ok(())
    }

    /// The rows of a source that is no table.
    fn rows_of(&mut self, from: &BoundFrom, outer: Option<&Env>) -> Result<Vec<Row>, Stop> {
        match &from.source {
            BoundSource::Table(_) => Ok(Vec::new()),
            BoundSource::Query(query) => {
                let env = Env { row: &[], aggregates: &[], outer };
                self.query(query, Some(&env))
            }
            BoundSource::Series(arguments) => {
                let env = Env { row: &[], aggregates: &[], outer };
                let values = self.series(arguments, &env)?;
                Ok(values.into_iter().map(|value| Row::from([value])).collect())
            }
        }
    }

    fn series(&mut self, arguments: &[Bound], env: &Env) -> Result<Vec<Value>, Stop> {
        let mut values = Vec::new();
        for argument in arguments {
            values.push(eval(argument, env, self)?);
        }
        let long = values.iter().any(|value| matches!(value, Value::BigInt(_)));
        let integers: Vec<i64> = values.iter().filter_map(Value::as_integer).collect();
        let (from, to, step) = match integers.as_slice() {
            [from, to] if values.len() == 2 => (*from, *to, 1),
            [from, to, step] => (*from, *to, *step),
            _ => return Ok(Vec::new()),
        };
        if step == 0 {
            return Err(SqlError::new("22023", "step size cannot equal zero").into());
        }
        let mut out = Vec::new();
        let mut at = Some(from);
        while let Some(value) = at.filter(|at| if step > 0 { *at <= to } else { *at >= to }) {
            out.push(if long { Value::BigInt(value) } else { Value::Int(value as i32) });
            if out.len() > MAX_ROWS {
                return Err(too_many());
            }
            at = value.checked_add(step);
        }
        Ok(out)
    }

    fn project(
        &mut self,
        query: &BoundQuery,
        joined: &Joined,
        outer: Option<&Env>,
        out: &mut Vec<Row>,
    ) -> Result<(), Stop> {
        let env = Env { row: &joined.values, aggregates: &[], outer };
        let mut series = Vec::new();
        let mut row = Vec::new();
        for item in &query.items {
            match &item.series {
                Some(arguments) => {
                    let values = self.series(arguments, &env)?;
                    series.push((row.len(), values));
                    row.push(Value::Null);
                }
                None => row.push(eval(&item.expr, &env, self)?),
            }
        }
        if series.is_empty() {
            out.push(row.into());
            return if out.len() > MAX_ROWS { Err(too_many()) } else { Ok(()) };
        }
        let longest = series.iter().map(|(_, values)| values.len()).max().unwrap_or(0);
        for at in 0..longest {
            let mut row = row.clone();
            for (place, values) in &series {
                row[*place] = values.get(at).cloned().unwrap_or(Value::Null);
            }
            out.push(row.into());
        }
        if out.len() > MAX_ROWS { Err(too_many()) } else { Ok(()) }
    }

    fn distinct(&mut self, query: &BoundQuery, rows: Vec<Row>, outer: Option<&Env>) -> Result<Vec<Row>, Stop> {
        let mut out: Vec<Row> = Vec::new();
        for row in rows {
            if !out.iter().any(|other| same(other, &row)) {
                out.push(row);
            }
        }
        if query.order_by.is_empty() {
            return Ok(out);
        }
        // With DISTINCT, what is ordered by is among the items.
        let place = |by: &Bound| query.items.iter().position(|item| item.expr == *by);
        let places: Vec<usize> = query.order_by.iter().filter_map(|(by, ..)| place(by)).collect();
        if places.len() != query.order_by.len() {
            let message = "for SELECT DISTINCT, ORDER BY expressions must appear in select list";
            return Err(SqlError::new("42P10", message).into());
        }
        let _ = outer;
        let keys = |row: &Row| -> Vec<Value> { places.iter().map(|place| row[*place].clone()).collect() };
        sort_stably_by(&mut out, &|a, b| order(query, &keys(a), &keys(b)));
        Ok(out)
    }

    fn groups(&mut self, query: &BoundQuery, outer: Option<&Env>, width: usize) -> Result<Vec<Row>, Stop> {
        let mut groups: Vec<(Vec<Value>, Vec<Joined>)> = Vec::new();
        let mut count = 0;
        let ends = self.ends(query, outer, width)?;
        let wanted = if ends.is_some() { 0 } else { usize::MAX };
        self.each(query, outer, width, wanted, &mut |exec, joined| {
            let env = Env { row: &joined.values, aggregates: &[], outer };
            let key: Vec<Value> = query.group_by.iter().map(|by| eval(by, &env, exec)).collect::<Result<_, _>>()?;
            count += 1;
            match groups.iter_mut().find(|(other, _)| same(other, &key)) {
                Some((_, members)) => members.push(joined),
                None => groups.push((key, vec![joined])),
            }
            if count > MAX_ROWS { Err(too_many()) } else { Ok(true) }
        })?;
        if groups.is_empty() && query.group_by.is_empty() {
            groups.push((Vec::new(), Vec::new()));
        }
        let nothing = Joined { values: vec![Value::Null; width], tids: Vec::new() };
        let mut sorted = Vec::new();
        for (_, members) in groups {
            let mut aggregates = Vec::new();
            match &ends {
                Some(ends) => aggregates.clone_from(ends),
                None => {
                    for aggregate in &query.aggregates {
                        aggregates.push(self.aggregate(aggregate, &members, outer)?);
                    }
                }
            }
            let first = members.first().unwrap_or(&nothing);
            let env = Env { row: &first.values, aggregates: &aggregates, outer };
            if let Some(having) = &query.having
                && !holds(having, &env, self)?
            {
                continue;
            }
            let keys = self.keys(query, &env)?;
            let mut row = Vec::new();
            for item in &query.items {
                if item.series.is_some() {
                    return Err(SqlError::unsupported("generate_series in a grouped query").into());
                }
                row.push(eval(&item.expr, &env, self)?);
            }
            sorted.push((keys, Row::from(row)));
        }
        sort_stably_by(&mut sorted, &|(a, _), (b, _)| order(query, a, b));
        let mut out: Vec<Row> = Vec::new();
        for (_, row) in sorted {
            if !query.distinct || !out.iter().any(|other| same(other, &row)) {
                out.push(row);
            }
        }
        Ok(out)
    }

    fn aggregate(&mut self, aggregate: &Aggregate, members: &[Joined], outer: Option<&Env>) -> Result<Value, Stop> {
        let Some(of) = &aggregate.of else { return Ok(Value::BigInt(members.len() as i64)) };
        let mut values: Vec<Value> = Vec::new();
        for member in members {
            let value = eval(of, &Env { row: &member.values, aggregates: &[], outer }, self)?;
            let again = aggregate.distinct && values.iter().any(|other| other.compare(&value) == Some(Ordering::Equal));
            if !value.is_null() && !again {
                values.push(value);
            }
        }
        let wanted = if aggregate.kind == AggregateKind::Max { Ordering::Greater } else { Ordering::Less };
        Ok(match aggregate.kind {
            AggregateKind::Count => Value::BigInt(values.len() as i64),
            AggregateKind::Min | AggregateKind::Max => {
                let better =
                    |best: Value, value: Value| if value.compare(&best) == Some(wanted) { value } else { best };
                values.into_iter().reduce(better).unwrap_or(Value::Null)
            }
            AggregateKind::Sum | AggregateKind::Avg => {
                if values.is_empty() {
                    return Ok(Value::Null);
                }
                let mut sum = Numeric::from(0);
                for value in &values {
                    sum = sum.add(value.as_numeric().unwrap_or_default())?;
                }
                if aggregate.kind == AggregateKind::Avg {
                    sum = sum.div(Numeric::from(values.len() as i64))?;
                }
                Value::Numeric(sum).cast(aggregate.ty)?
            }
        })
    }
}

fn same(a: &[Value], b: &[Value]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.order(b).is_eq())
}

fn order(query: &BoundQuery, a: &[Value], b: &[Value]) -> Ordering {
    for ((_, descending, nulls_first), (a, b)) in query.order_by.iter().zip(a.iter().zip(b)) {
        let found = match (a.is_null(), b.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) => {
                if *nulls_first {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
            (false, true) => {
                if *nulls_first {
                    Ordering::Greater
                } else {
                    Ordering::Less
                }
            }
            (false, false) => {
                let order = a.compare(b).unwrap_or(Ordering::Equal);
                if *descending { order.reverse() } else { order }
            }
        };
        if found.is_ne() {
            return found;
        }
    }
    Ordering::Equal
}
