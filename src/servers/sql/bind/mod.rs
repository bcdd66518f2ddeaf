//! From names to places: columns are found, types checked, literals given their types. What is wrong here the server says before it runs anything.

mod expr;
mod query;
mod statement;

use std::sync::Arc;

use super::ast::{Binary, Name, Patience, Strength};
use super::error::SqlError;
use super::schema::Table;
use super::value::{Type, Value};

pub use expr::{Function, Scope, assigned};
pub use statement::{BoundChange, BoundInsert, BoundRows, BoundStatement, Conflict, Set};

/// An expression whose columns are places in rows.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Bound {
    /// A constant.
    Const(Value),
    /// A column: how many queries further out, and its place in the row there.
    Column(u8, u16),
    /// The result of an aggregate of this query.
    Aggregate(u16),
    /// `NOT`.
    Not(Box<Bound>),
    /// `-`.
    Minus(Box<Bound>),
    /// Without trailing blanks, as `char(n)` compares.
    Trimmed(Box<Bound>),
    /// Operator between two.
    Binary(Binary, Box<Bound>, Box<Bound>),
    /// `IS [NOT] NULL`.
    IsNull(Box<Bound>, bool),
    /// `IS [NOT] TRUE` or `FALSE`.
    IsBool(Box<Bound>, bool, bool),
    /// `[NOT] IN (…)`.
    InList(Box<Bound>, Vec<Bound>, bool),
    /// `[NOT] IN (SELECT …)`.
    InQuery(Box<Bound>, Arc<BoundQuery>, bool),
    /// `EXISTS (SELECT …)`.
    Exists(Arc<BoundQuery>),
    /// A query for one value.
    Scalar(Arc<BoundQuery>),
    /// `[NOT] LIKE`.
    Like(Box<Bound>, Box<Bound>, bool),
    /// To another type.
    Cast(Box<Bound>, Type),
    /// `CASE` with conditions.
    Case(Vec<(Bound, Bound)>, Option<Box<Bound>>),
    /// A function.
    Call(Function, Vec<Bound>),
}

/// An aggregate.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Aggregate {
    /// Which.
    pub kind: AggregateKind,
    /// Over what; over rows where none.
    pub of: Option<Bound>,
    /// `DISTINCT`.
    pub distinct: bool,
    /// Type of the result.
    pub ty: Type,
}

/// Which aggregate.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum AggregateKind {
    Count,
    Sum,
    Min,
    Max,
    Avg,
}

/// Where rows come from.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum BoundSource {
    /// A table.
    Table(u32),
    /// A query.
    Query(Arc<BoundQuery>),
    /// `generate_series(from, to[, step])`.
    Series(Vec<Bound>),
}

/// A row source and how it is joined to those before it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct BoundFrom {
    /// From where.
    pub source: BoundSource,
    /// Place of its first column in the row.
    pub offset: u16,
    /// How many columns.
    pub width: u16,
    /// `ON`.
    pub on: Option<Bound>,
    /// Whether rows without a partner are kept (`LEFT JOIN`).
    pub left: bool,
    /// How its rows are to be locked.
    pub lock: Option<(Strength, Patience)>,
}

/// What a query gives.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct BoundItem {
    /// The value.
    pub expr: Bound,
    /// Its type.
    pub ty: Type,
    /// The name above it.
    pub name: Name,
    /// The arguments of `generate_series`, in place of a value.
    pub series: Option<Vec<Bound>>,
}

/// A query whose columns are places.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct BoundQuery {
    /// Number within its statement.
    pub id: u16,
    /// Whether it looks at rows of a query further out.
    pub correlated: bool,
    /// `DISTINCT`.
    pub distinct: bool,
    /// What it gives.
    pub items: Vec<BoundItem>,
    /// From where.
    pub from: Vec<BoundFrom>,
    /// `WHERE`.
    pub filter: Option<Bound>,
    /// Whether rows are grouped, if only into one group.
    pub grouped: bool,
    /// `GROUP BY`.
    pub group_by: Vec<Bound>,
    /// Aggregates.
    pub aggregates: Vec<Aggregate>,
    /// `HAVING`.
    pub having: Option<Bound>,
    /// `ORDER BY`: by what, whether descending, whether NULLs come first.
    pub order_by: Vec<(Bound, bool, bool)>,
    /// `LIMIT`.
    pub limit: Option<Bound>,
    /// `OFFSET`.
    pub offset: Option<Bound>,
}

impl BoundQuery {
    /// Whether it locks rows.
    pub fn locks(&self) -> bool {
        self.from.iter().any(|from| from.lock.is_some())
    }

    /// The column that it is ordered by, and whether descending, where an index may give that order.
    pub fn index_order(&self) -> Option<(u16, bool)> {
        match self.order_by.as_slice() {
            [(Bound::Column(0, at), descending, nulls_first)] if descending == nulls_first => Some((*at, *descending)),
            _ => None,
        }
    }
}

/// Finds tables by name.
pub trait Catalog {
    /// The table of that name.
    fn table(&self, name: &str) -> Option<&Table>;

    /// The table of that name, or 42P01.
    fn existing(&self, name: &str) -> Result<&Table, SqlError> {
        self.table(name).ok_or_else(|| SqlError::new("42P01", format!("relation \"{name}\" does not exist")))
    }
}
