//! Which index a table is read by, as MariaDB's optimizer chooses it for small tables. Locks follow what is read.

use super::store::{Stored, compare};
use crate::engine::sort_stably_by;
use crate::servers::sql::ast::Binary;
use crate::servers::sql::bind::Bound;
use crate::servers::sql::query::depends;
use crate::servers::sql::value::Value;

/// Most entries of a secondary index that are read instead of the whole table, each of which costs a look into the clustered index too. Measured on small tables.
const FEW: usize = 3;

/// One end of a range: a key, and whether it is within.
pub(super) type End = Option<(Vec<Value>, bool)>;

/// A part of an index.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Range {
    pub low: End,
    pub high: End,
}

impl Range {
    /// The key, where it is but one.
    pub fn exact(&self) -> Option<&[Value]> {
        match (&self.low, &self.high) {
            (Some((low, true)), Some((high, true))) if low == high => Some(low),
            _ => None,
        }
    }
}

/// How a table is read.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Path {
    pub index: u16,
    pub ranges: Vec<Range>,
    pub backward: bool,
    /// Whether it gives the order that was asked for.
    pub ordered: bool,
    /// Whether the index holds all that is asked of the table.
    pub covering: bool,
}

/// What conditions say of one column: single values, or a range.
struct Asks {
    points: Option<Vec<Value>>,
    low: Option<(Value, bool)>,
    high: Option<(Value, bool)>,
}

/// The value of an expression that needs no row.
fn constant(expr: &Bound) -> Option<Value> {
    match expr {
        Bound::Const(value) => Some(value.clone()),
        Bound::Minus(inner) | Bound::Cast(inner, _) if !depends(inner, &|_| true) => {
            let inner = constant(inner)?;
            match expr {
                Bound::Cast(_, ty) => inner.cast(*ty).ok(),
                _ => {
                    Value::Int(0).as_integer().zip(inner.as_integer()).map(|(zero, value)| Value::BigInt(zero - value))
                }
            }
        }
        _ => None,
    }
}

fn asks(quals: &[Bound], column: u16) -> Asks {
    let mut asks = Asks { points: None, low: None, high: None };
    let is_column = |expr: &Bound| matches!(expr, Bound::Column(0, at) if *at == column);
    for qual in quals {
        match qual {
            Bound::Binary(sign, left, right) if sign.compares() && *sign != Binary::Ne => {
                let (sign, value) = match (is_column(left), is_column(right)) {
                    (true, false) => (*sign, constant(right)),
                    (false, true) => (turned(*sign), constant(left)),
                    _ => continue,
                };
                let Some(value) = value.filter(|value| !value.is_null()) else { continue };
                match sign {
                    Binary::Eq => asks.points = Some(vec![value]),
                    Binary::Lt | Binary::Le => asks.high = Some((value, sign == Binary::Le)),
                    _ => asks.low = Some((value, sign == Binary::Ge)),
                }
            }
            Bound::InList(of, list, false) if is_column(of) && asks.points.is_none() => {
                let values: Option<Vec<Value>> = list.iter().map(constant).collect();
                if let Some(mut values) = values.filter(|values| !values.iter().any(Value::is_null)) {
                    sort_stably_by(&mut values, &Value::order);
                    values.dedup_by(|a, b| a.order(b).is_eq());
                    asks.points = Some(values);
                }
            }
            Bound::IsNull(of, false) if is_column(of) => asks.points = Some(vec![Value::Null]),
            _ => {}
        }
    }
    asks
}

fn turned(sign: Binary) -> Binary {
    match sign {
        Binary::Lt => Binary::Gt,
        Binary::Le => Binary::Ge,
        Binary::Gt => Binary::Lt,
        Binary::Ge => Binary::Le,
        other => other,
    }
}

impl Stored {
    /// The ranges of an index that conditions leave, if they leave any out, and how many of its columns are fixed to one value.
    fn ranges(&self, index: u16, quals: &[Bound]) -> Option<(Vec<Range>, usize)> {
        let columns = &self.table.indexes.get(usize::from(index))?.columns;
        let mut prefix: Vec<Value> = Vec::new();
        for column in columns {
            let asks = asks(quals, *column);
            let with = |value: &Value| {
                let mut key = prefix.clone();
                key.push(value.clone());
                key
            };
            match asks.points.as_deref() {
                Some([one]) => {
                    prefix.push(one.clone());
                    continue;
                }
                Some(points) => {
                    let point =
                        |value: &Value| Range { low: Some((with(value), true)), high: Some((with(value), true)) };
                    return Some((points.iter().map(point).collect(), prefix.len()));
                }
                None => {}
            }
            let fixed = (!prefix.is_empty()).then(|| (prefix.clone(), true));
            let end = |ask: &Option<(Value, bool)>| ask.as_ref().map(|(value, within)| (with(value), *within));
            if asks.low.is_none() && asks.high.is_none() {
                break;
            }
            return Some((
                vec![Range { low: end(&asks.low).or(fixed.clone()), high: end(&asks.high).or(fixed) }],
                prefix.len(),
            ));
        }
        let fixed = prefix.len();
        (fixed > 0).then(|| (vec![Range { low: Some((prefix.clone(), true)), high: Some((prefix, true)) }], fixed))
    }

    /// Whether entries are so few that reading them costs less than reading the table: of three rows, not all three. Stale entries count, but no more than
    /// there are rows (asked of `EXPLAIN` over tables of 2 to 8 rows).
    fn is_worth(&self, index: u16, ranges: &[Range]) -> bool {
        let rows = usize::try_from(self.known_rows).unwrap_or(0);
        let count = self.count(index, ranges).min(rows);
        count < FEW || (count == FEW && rows > FEW)
    }

    fn count(&self, index: u16, ranges: &[Range]) -> usize {
        let within = |range: &Range| self.entries(index).iter().filter(|entry| range.holds(&entry.key)).count();
        ranges.iter().map(within).sum()
    }

    /// Whether an index has all these columns.
    fn covers(&self, index: u16, used: &[u16]) -> bool {
        let of = |index: u16| self.table.indexes.get(usize::from(index)).map_or(&[][..], |index| &index.columns);
        let (own, rows) = (of(index), of(self.clustered));
        used.iter().all(|column| own.contains(column) || rows.contains(column))
    }
}

impl Range {
    /// Whether a key lies beyond the upper end.
    pub fn is_past(&self, key: &[Value]) -> bool {
        self.high.as_ref().is_some_and(|(high, within)| {
            let order = compare(key, high);
            order.is_gt() || (order.is_eq() && !within)
        })
    }

    /// Whether no key can be in it.
    fn is_empty(&self) -> bool {
        let (Some((low, low_within)), Some((high, high_within))) = (&self.low, &self.high) else { return false };
        let order = compare(low, high);
        order.is_gt() || (order.is_eq() && low.len() == high.len() && !(*low_within && *high_within))
    }

    fn holds(&self, key: &[Value]) -> bool {
        let above = self.low.as_ref().is_none_or(|(low, within)| {
            let order = compare(key, low);
            order.is_gt() || (order.is_eq() && *within)
        });
        above && !self.is_past(key)
    }
}

/// Chooses how a table is read; `used` are the columns that a query looks at; where none are told, all have to be fetched.
pub(super) fn choose(stored: &Stored, quals: &[Bound], order: Option<(u16, bool)>, used: Option<&[u16]>) -> Path {
    let path = |index: u16, ranges: Vec<Range>| Path { index, ranges, ..Path::default() };
    let unique = |at: u16| stored.table.indexes.get(usize::from(at)).is_some_and(|index| index.unique);
    let all: Vec<(u16, Vec<Range>, usize)> = stored
        .indexes
        .iter()
        .filter_map(|(at, _)| stored.ranges(*at, quals).map(|(ranges, fixed)| (*at, ranges, fixed)))
        .collect();
    // What cannot be met by any key is not read at all.
    if let Some((at, ..)) = all.iter().find(|(_, ranges, _)| ranges.iter().all(Range::is_empty)) {
        return Path { ordered: true, ..path(*at, Vec::new()) };
    }
    let whole = |(at, _, fixed): &&(u16, Vec<Range>, usize)| unique(*at) && *fixed == stored.width(*at);
    let clustered = |(at, ..): &&(u16, Vec<Range>, usize)| *at == stored.clustered;
    let null = |range: &Range| range.exact().is_some_and(|key| key.iter().any(Value::is_null));
    // A unique key, the clustered one first.
    let mut uniques = all.iter().filter(whole).filter(|(_, ranges, _)| !ranges.iter().any(null));
    let one = uniques.clone().find(clustered).or_else(|| uniques.next());
    if let Some((at, ranges, _)) = one {
        return Path { ordered: true, ..path(*at, ranges.clone()) };
    }
    let first = |at: u16| stored.table.indexes.get(usize::from(at)).and_then(|index| index.columns.first().copied());
    let by_key = order.filter(|(column, _)| first(stored.clustered) == Some(*column));
    if let Some((at, ranges, _)) = all.iter().find(clustered) {
        // A range is read forward here.
        let ordered = by_key.is_some_and(|(_, descending)| !descending);
        return Path { ordered, ..path(*at, ranges.clone()) };
    }
    let secondary = all.iter().filter(|found| !clustered(found));
    let best = secondary.min_by_key(|(at, ranges, fixed)| (usize::MAX - fixed, stored.count(*at, ranges)));
    if let Some((at, ranges, _)) = best {
        let covering = used.is_some_and(|used| stored.covers(*at, used));
        if covering || stored.is_worth(*at, ranges) {
            return Path { covering, ..path(*at, ranges.clone()) };
        }
    }
    let everything = vec![Range::default()];
    let holds_all = |at: u16| at != stored.clustered && used.is_some_and(|used| stored.covers(at, used));
    if let Some((at, _)) = stored.indexes.iter().find(|(at, _)| holds_all(*at)) {
        return Path { covering: true, ..path(*at, everything) };
    }
    let backward = by_key.is_some_and(|(_, descending)| descending);
    Path { backward, ordered: by_key.is_some(), ..path(stored.clustered, everything) }
}
