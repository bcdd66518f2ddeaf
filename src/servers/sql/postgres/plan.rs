//! How a table is read: whole, by an index, or by an index and then in the order of the heap. It matters here because SERIALIZABLE remembers what was
//! read by the way it was read, and because rows come out in that order. The costs are the planner's own for a table without statistics (manual,
//! 20.7.2 and chapter 70).

use super::heap::Stored;
use crate::servers::sql::ast::Binary;
use crate::servers::sql::bind::Bound;
use crate::servers::sql::query::{conjuncts, depends};
use crate::servers::sql::schema::{Index, Table};
use crate::servers::sql::value::Type;

const SEQ_PAGE: f64 = 1.0;
const RANDOM_PAGE: f64 = 4.0;
const CPU_TUPLE: f64 = 0.01;
const CPU_INDEX_TUPLE: f64 = 0.005;
const CPU_OPERATOR: f64 = 0.0025;
/// `effective_cache_size`, in pages.
const CACHE_PAGES: f64 = 524_288.0;

/// Indexes, by place, with conditions each.
pub(super) type Named = Vec<(usize, Vec<Bound>)>;

/// How a table is read.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Path {
    /// Every page.
    Seq,
    /// In the order of an index (its place among the table's), forwards or backwards, where these conditions hold.
    Index { index: usize, quals: Vec<Bound>, backward: bool },
    /// The rows that indexes name, in the order of the heap; any of these lists of conditions may hold.
    Bitmap { any: Named },
}

/// What a path costs: until the first row, and in all.
#[derive(Clone, Copy)]
struct Cost {
    startup: f64,
    total: f64,
}

/// What is wanted of a table.
pub(super) struct Wanted<'a> {
    pub stored: &'a Stored,
    /// Place of its first column in the row.
    pub offset: u16,
    /// Conditions on this table alone.
    pub quals: &'a [Bound],
    /// The column that rows are wanted in order of, and whether backwards.
    pub order: Option<(u16, bool)>,
    /// How many rows are wanted, if not all.
    pub limit: Option<f64>,
}

/// What a condition asks of one column.
#[derive(Clone, Copy, PartialEq)]
enum Ask {
    Eq,
    /// One of so many.
    In(usize),
    Null,
    Above,
    Below,
}

fn ask(qual: &Bound, offset: u16) -> Option<(u16, Ask)> {
    let column = |expr: &Bound| match expr {
        Bound::Column(0, at) if *at >= offset => Some(*at - offset),
        _ => None,
    };
    let fixed = |expr: &Bound| !depends(expr, &|_| true);
    match qual {
        Bound::Binary(sign, left, right) => {
            let (at, flipped) = match (column(left), column(right)) {
                (Some(at), _) if fixed(right) => (at, false),
                (_, Some(at)) if fixed(left) => (at, true),
                _ => return None,
            };
            let ask = match sign {
                Binary::Eq => Ask::Eq,
                Binary::Gt | Binary::Ge => {
                    if flipped {
                        Ask::Below
                    } else {
                        Ask::Above
                    }
                }
                Binary::Lt | Binary::Le => {
                    if flipped {
                        Ask::Above
                    } else {
                        Ask::Below
                    }
                }
                _ => return None,
            };
            Some((at, ask))
        }
        Bound::InList(left, list, false) if list.iter().all(fixed) => {
            let ask = if list.len() == 1 { Ask::Eq } else { Ask::In(list.len()) };
            column(left).map(|at| (at, ask))
        }
        Bound::IsNull(left, false) => column(left).map(|at| (at, Ask::Null)),
        _ => None,
    }
}

struct Estimate<'a> {
    table: &'a Table,
    offset: u16,
    pages: f64,
    tuples: f64,
}

impl Estimate<'_> {
    fn new(stored: &Stored, offset: u16) -> Estimate<'_> {
        let current = f64::from(stored.pages);
        let (pages, tuples) = match stored.counted {
            Some((pages, tuples)) if pages > 0 => (current, (f64::from(tuples) / f64::from(pages) * current).round()),
            _ => {
                let pages = current.max(10.0);
                let width: u32 = stored.table.columns.iter().map(|column| width(column.ty)).sum();
                let density = f64::from((8192 - 24) / (width.next_multiple_of(8) + 24 + 4));
                (pages, (density * pages).round())
            }
        };
        Estimate { table: &stored.table, offset, pages, tuples }
    }

    fn equal(&self, column: u16) -> f64 {
        let unique = self
            .table
            .indexes
            .iter()
            .any(|index| index.unique && index.filter.is_none() && index.columns.as_slice() == [column]);
        if unique && self.tuples >= 1.0 {
            return 1.0 / self.tuples;
        }
        if self.table.columns.get(usize::from(column)).is_some_and(|column| column.ty == Type::Bool) {
            return 0.5;
        }
        if self.tuples >= 1.0 && self.tuples < 200.0 { 1.0 / self.tuples } else { 0.005 }
    }

    fn selectivity(&self, qual: &Bound) -> f64 {
        match (ask(qual, self.offset), qual) {
            (Some((column, Ask::Eq)), _) => self.equal(column),
            (Some((column, Ask::In(many))), _) => (self.equal(column) * many as f64).min(1.0),
            (Some((_, Ask::Null)), _) => 0.005,
            (Some(_), _) => 1.0 / 3.0,
            (None, Bound::Binary(Binary::Eq, ..) | Bound::Like(_, _, false)) => 0.005,
            (None, Bound::Binary(Binary::Ne, left, right)) => {
                let eq = Bound::Binary(Binary::Eq, left.clone(), right.clone());
                1.0 - self.selectivity(&eq)
            }
            (None, Bound::Binary(Binary::Or, left, right)) => {
                let (a, b) = (self.selectivity(left), self.selectivity(right));
                a + b - a * b
            }
            (None, Bound::Binary(Binary::And, ..)) => {
                let mut all = Vec::new();
                conjuncts(qual, &mut all);
                self.all(&all)
            }
            (None, Bound::Binary(Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge, ..)) => 1.0 / 3.0,
            (None, Bound::Not(inner)) => 1.0 - self.selectivity(inner),
            (None, Bound::IsNull(_, true) | Bound::Like(_, _, true)) => 0.995,
            (None, Bound::Const(value)) => f64::from(u8::from(*value == crate::servers::sql::value::Value::Bool(true))),
            _ => 0.5,
        }
    }

    /// Of all of these; two bounds on one column count as one range.
    fn all(&self, quals: &[Bound]) -> f64 {
        let mut out = 1.0;
        let mut bounds: Vec<(u16, Ask)> = Vec::new();
        for qual in quals {
            match ask(qual, self.offset) {
                Some((column, bound @ (Ask::Above | Ask::Below))) => {
                    if !bounds.contains(&(column, bound)) {
                        bounds.push((column, bound));
                    }
                }
                _ => out *= self.selectivity(qual),
            }
        }
        let mut seen: Vec<u16> = Vec::new();
        for (column, bound) in &bounds {
            let other = if *bound == Ask::Above { Ask::Below } else { Ask::Above };
            if !bounds.contains(&(*column, other)) {
                out *= 1.0 / 3.0;
            } else if !seen.contains(column) {
                seen.push(*column);
                out *= 0.005;
            }
        }
        out
    }

    fn rows(&self, selectivity: f64) -> f64 {
        (selectivity * self.tuples).round().max(1.0)
    }

    /// Pages that so many rows are on, if the cache holds less than everything (Mackert and Lohman).
    fn pages_for(&self, tuples: f64, index_pages: f64) -> f64 {
        let t = self.pages.max(1.0);
        let cache = (CACHE_PAGES * t / (t + index_pages)).max(1.0).ceil();
        if t > cache {
            return t;
        }
        let pages = 2.0 * t * tuples / (2.0 * t + tuples);
        if pages >= t { t } else { pages.ceil() }
    }
}

/// Bytes that the planner takes a type to be wide.
fn width(ty: Type) -> u32 {
    match ty {
        Type::Int | Type::Date => 4,
        Type::BigInt | Type::Timestamp => 8,
        Type::Bool => 1,
        Type::Char(size) => u32::from(size) + 4,
        Type::Varchar(size) if size <= 32 => u32::from(size) + 4,
        Type::Varchar(size) if size < 1000 => 32 + (u32::from(size) - 32) / 2 + 4,
        _ => 32,
    }
}

/// What reading an index costs, and how much of the table it names.
struct IndexCost {
    cost: Cost,
    selectivity: f64,
    pages: f64,
}

fn index_cost(estimate: &Estimate, index: &Index, rows_in_index: f64, quals: &[Bound]) -> IndexCost {
    let pages = if rows_in_index > 0.0 { 1.0 + (rows_in_index / 366.0).ceil() } else { 1.0 };
    // Conditions up to the first column that is not fixed bound the part of the index that is read.
    let mut bounding: Vec<Bound> = Vec::new();
    let mut all_equal = true;
    let mut arrays = 1.0;
    for column in &index.columns {
        let mut equal = false;
        for qual in quals {
            match ask(qual, estimate.offset) {
                Some((at, what)) if at == *column => {
                    bounding.push(qual.clone());
                    equal |= matches!(what, Ask::Eq | Ask::In(_) | Ask::Null);
                    if let Ask::In(many) = what {
                        arrays *= many as f64;
                    }
                }
                _ => {}
            }
        }
        if !equal {
            all_equal = false;
            break;
        }
    }
    let mut selective = bounding.clone();
    let mut filter = Vec::new();
    if let Some(of) = &index.filter {
        conjuncts(of, &mut filter);
        selective.extend(filter.iter().filter(|one| !quals.contains(one)).cloned());
    }
    let tuples = if index.unique && all_equal {
        1.0
    } else {
        let found = estimate.all(&selective) * estimate.tuples;
        (found / arrays).round().max(1.0)
    };
    let mut whole = quals.to_vec();
    whole.extend(filter.into_iter().filter(|one| !quals.contains(one)));
    let selectivity = estimate.all(&whole);
    let index_tuples = if index.filter.is_some() { rows_in_index.max(1.0) } else { estimate.tuples };
    let read = if pages > 1.0 && index_tuples > 1.0 { (tuples * pages / index_tuples).ceil() } else { 1.0 };
    let mut startup = 0.0;
    let mut total = read * RANDOM_PAGE * arrays.min(read.max(1.0)).max(1.0);
    total += tuples * arrays * (CPU_INDEX_TUPLE + CPU_OPERATOR * quals.len() as f64);
    if index_tuples > 1.0 {
        let descent = index_tuples.log2().ceil() * CPU_OPERATOR;
        startup += descent;
        total += arrays * descent;
    }
    let descent = 50.0 * CPU_OPERATOR;
    startup += descent;
    total += arrays * descent;
    IndexCost { cost: Cost { startup, total }, selectivity, pages }
}

/// A way to read a table, and what it costs.
pub(super) struct Best {
    pub path: Path,
    /// Cost of the rows that are wanted.
    pub total: f64,
    /// How many rows the planner expects.
    pub rows: f64,
}

/// Chooses how to read a table.
pub(super) fn choose(wanted: &Wanted) -> Path {
    best(wanted, false).map_or(Path::Seq, |best| best.path)
}

/// The cheapest way to read a table; `in_order` for only those by an index that gives the order that is wanted.
pub(super) fn best(wanted: &Wanted, in_order: bool) -> Option<Best> {
    let only = in_order;
    let estimate = Estimate::new(wanted.stored, wanted.offset);
    let rows = estimate.rows(estimate.all(wanted.quals));
    let checks = CPU_OPERATOR * wanted.quals.len() as f64;
    let seq = estimate.pages * SEQ_PAGE + estimate.tuples * (CPU_TUPLE + checks);
    let whole = (Path::Seq, finish(wanted, rows, Cost { startup: 0.0, total: seq }, false));
    let mut best = (!only).then_some(whole);
    let mut offer = |path: Path, cost: Cost, in_order: bool| {
        if only && !in_order {
            return;
        }
        let cost = finish(wanted, rows, cost, in_order);
        // Costs within a hundredth of each other are the same; then the earlier startup wins.
        let better = best.as_ref().is_none_or(|(_, best)| {
            cost.total < best.total / 1.01 || (cost.total <= best.total * 1.01 && cost.startup < best.startup / 1.01)
        });
        if better {
            best = Some((path, cost));
        }
    };
    let table = &wanted.stored.table;
    for (at, index) in table.indexes.iter().enumerate() {
        let usable: Vec<Bound> = wanted
            .quals
            .iter()
            .filter(|qual| ask(qual, wanted.offset).is_some_and(|(column, _)| index.columns.contains(&column)))
            .cloned()
            .collect();
        if !implied(index, wanted) {
            continue;
        }
        let ordered = wanted.order.filter(|(column, _)| index.columns.first() == Some(column));
        if usable.is_empty() && ordered.is_none() && index.filter.is_none() {
            continue;
        }
        let found = index_cost(&estimate, index, entries(wanted.stored, index), &usable);
        let fetched = estimate.rows(found.selectivity);
        let heap = estimate.pages_for(fetched, found.pages) * RANDOM_PAGE;
        let rest = CPU_OPERATOR * (wanted.quals.len() - usable.len()) as f64;
        let total = found.cost.total + heap + fetched * (CPU_TUPLE + rest);
        let backward = ordered.is_some_and(|(_, backward)| backward);
        let cost = Cost { startup: found.cost.startup, total };
        let array = usable.iter().any(|qual| matches!(ask(qual, wanted.offset), Some((_, Ask::In(_)))));
        let in_order = ordered.is_some() && (!array || index.columns.len() == 1);
        offer(Path::Index { index: at, quals: usable.clone(), backward }, cost, in_order);
        if !usable.is_empty() || index.filter.is_some() {
            let cost = bitmap_cost(&estimate, found.cost.total + 0.1 * CPU_OPERATOR * fetched, fetched, checks);
            offer(Path::Bitmap { any: vec![(at, usable)] }, cost, false);
        }
    }
    for qual in wanted.quals {
        if let Some((any, cost)) = bitmap_or(&estimate, wanted, qual, checks) {
            offer(Path::Bitmap { any }, cost, false);
        }
    }
    best.map(|(path, cost)| Best { path, total: cost.total, rows })
}

fn bitmap_cost(estimate: &Estimate, index: f64, fetched: f64, checks: f64) -> Cost {
    let t = estimate.pages.max(1.0);
    let pages = (2.0 * t * fetched / (2.0 * t + fetched)).min(t);
    let pages = if pages >= t { t } else { pages.ceil() };
    let page = if pages >= 2.0 { RANDOM_PAGE - (RANDOM_PAGE - SEQ_PAGE) * (pages / t).sqrt() } else { RANDOM_PAGE };
    Cost { startup: index, total: index + pages * page + fetched * (CPU_TUPLE + checks) }
}

/// An OR whose every side an index serves.
fn bitmap_or(estimate: &Estimate, wanted: &Wanted, qual: &Bound, checks: f64) -> Option<(Named, Cost)> {
    let Bound::Binary(Binary::Or, ..) = qual else { return None };
    let mut sides = Vec::new();
    disjuncts(qual, &mut sides);
    let mut any = Vec::new();
    let mut total = 0.0;
    let mut selectivity = 0.0;
    for side in sides {
        let mut all = Vec::new();
        conjuncts(&side, &mut all);
        let mut best: Option<(usize, Vec<Bound>, IndexCost)> = None;
        for (at, index) in wanted.stored.table.indexes.iter().enumerate().filter(|(_, index)| index.filter.is_none()) {
            let usable: Vec<Bound> = all
                .iter()
                .filter(|qual| ask(qual, wanted.offset).is_some_and(|(column, _)| index.columns.contains(&column)))
                .cloned()
                .collect();
            if usable.is_empty() {
                continue;
            }
            let found = index_cost(estimate, index, entries(wanted.stored, index), &usable);
            if best.as_ref().is_none_or(|(_, _, best)| found.cost.total < best.cost.total) {
                best = Some((at, usable, found));
            }
        }
        let (at, usable, found) = best?;
        total += found.cost.total + 0.1 * CPU_OPERATOR * estimate.rows(found.selectivity);
        selectivity += found.selectivity;
        any.push((at, usable));
    }
    total += 100.0 * CPU_OPERATOR * (any.len() - 1) as f64;
    let cost = bitmap_cost(estimate, total, estimate.rows(selectivity.min(1.0)), checks);
    Some((any, cost))
}

fn disjuncts(condition: &Bound, out: &mut Vec<Bound>) {
    if let Bound::Binary(Binary::Or, left, right) = condition {
        disjuncts(left, out);
        disjuncts(right, out);
    } else {
        out.push(condition.clone());
    }
}

/// Whether the conditions say that only rows of a partial index are wanted.
fn implied(index: &Index, wanted: &Wanted) -> bool {
    let Some(filter) = &index.filter else { return true };
    if wanted.offset != 0 {
        return false;
    }
    let mut all = Vec::new();
    conjuncts(filter, &mut all);
    all.iter().all(|one| wanted.quals.contains(one))
}

fn entries(stored: &Stored, index: &Index) -> f64 {
    if index.filter.is_some() {
        // The planner guesses from the size of the index, which for a small one is a single page of entries.
        return 226.0;
    }
    stored.heap.len() as f64
}

/// Adds what sorting costs, and takes off what a limit saves.
fn finish(wanted: &Wanted, rows: f64, cost: Cost, in_order: bool) -> Cost {
    let mut cost = cost;
    if wanted.order.is_some() && !in_order {
        let tuples = rows.max(2.0);
        let compared = match wanted.limit {
            Some(limit) if tuples > 2.0 * limit => (2.0 * limit).log2(),
            _ => tuples.log2(),
        };
        let startup = cost.total + 2.0 * CPU_OPERATOR * tuples * compared;
        cost = Cost { startup, total: startup + CPU_OPERATOR * tuples };
    }
    if let Some(limit) = wanted.limit.filter(|limit| *limit < rows) {
        cost.total = cost.startup + (cost.total - cost.startup) * limit / rows;
    }
    cost
}
