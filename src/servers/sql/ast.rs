//! Statements as they were written.

use super::value::Type;

/// Names are compared as the server compares them: in lower case unless quoted.
pub type Name = String;

/// An expression.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Expr {
    /// `NULL`.
    Null,
    /// Digits, perhaps with a point.
    Number(String),
    /// Text in quotes, of a type yet to be found.
    Text(String),
    /// `TRUE` or `FALSE`.
    Bool(bool),
    /// `DATE '2008-12-22'` and the like.
    Typed(Type, String),
    /// A column, perhaps with its table.
    Column(Option<Name>, Name),
    /// `NOT` or a sign.
    Unary(Unary, Box<Expr>),
    /// An operator between two.
    Binary(Binary, Box<Expr>, Box<Expr>),
    /// `IS [NOT] NULL`.
    IsNull(Box<Expr>, bool),
    /// `IS [NOT] TRUE` or `FALSE`: what is asked for, and whether it is negated.
    IsBool(Box<Expr>, bool, bool),
    /// `[NOT] IN (…)`; true where negated.
    InList(Box<Expr>, Vec<Expr>, bool),
    /// `[NOT] IN (SELECT …)`; true where negated.
    InQuery(Box<Expr>, Box<Query>, bool),
    /// `EXISTS (SELECT …)`.
    Exists(Box<Query>),
    /// A query for one value.
    Scalar(Box<Query>),
    /// `[NOT] BETWEEN low AND high`; true where negated.
    Between(Box<Expr>, Box<Expr>, Box<Expr>, bool),
    /// `[NOT] LIKE pattern`; true where negated.
    Like(Box<Expr>, Box<Expr>, bool),
    /// A function: name, arguments, `DISTINCT`. `count(*)` has no arguments.
    Call(Name, Vec<Expr>, bool),
    /// `CAST(x AS t)` or `x::t`.
    Cast(Box<Expr>, Type),
    /// `CASE [x] WHEN … THEN … [ELSE …] END`.
    Case(Option<Box<Expr>>, Vec<(Expr, Expr)>, Option<Box<Expr>>),
}

/// What stands before one operand.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unary {
    /// `NOT`.
    Not,
    /// `-`.
    Minus,
    /// `+`.
    Plus,
}

/// What stands between two operands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum Binary {
    Or,
    And,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Concat,
}

impl Binary {
    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Binary::Or => "OR",
            Binary::And => "AND",
            Binary::Eq => "=",
            Binary::Ne => "<>",
            Binary::Lt => "<",
            Binary::Le => "<=",
            Binary::Gt => ">",
            Binary::Ge => ">=",
            Binary::Add => "+",
            Binary::Sub => "-",
            Binary::Mul => "*",
            Binary::Div => "/",
            Binary::Mod => "%",
            Binary::Concat => "||",
        }
    }

    /// Whether it compares.
    pub fn compares(self) -> bool {
        matches!(self, Binary::Eq | Binary::Ne | Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge)
    }
}

/// What a query gives for each row.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Item {
    /// `*`.
    All,
    /// `t.*`.
    AllOf(Name),
    /// An expression, perhaps with a name.
    Expr(Expr, Option<Name>),
}

/// A row source.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Source {
    /// A table, perhaps under another name.
    Table(Name, Option<Name>),
    /// A query in parentheses under a name.
    Query(Box<Query>, Name),
    /// A function that gives rows, perhaps under a name.
    Function(Name, Vec<Expr>, Option<Name>),
}

/// How a row source is joined to those before it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Join {
    /// The first, or after a comma.
    Comma,
    /// `CROSS JOIN`.
    Cross,
    /// `JOIN … ON`.
    Inner(Expr),
    /// `LEFT JOIN … ON`.
    Left(Expr),
}

/// Row-level locks, weakest first (manual, 13.3.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[allow(missing_docs)]
pub enum Strength {
    KeyShare,
    Share,
    NoKeyUpdate,
    Update,
}

/// What to do where a lock cannot be had at once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum Patience {
    Wait,
    Nowait,
    SkipLocked,
}

/// `FOR UPDATE …`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Locking {
    /// How strong.
    pub strength: Strength,
    /// Of which tables; of all where empty.
    pub of: Vec<Name>,
    /// Whether to wait.
    pub patience: Patience,
    /// Whether it was written `LOCK IN SHARE MODE` (MySQL).
    pub in_share_mode: bool,
}

/// One of `ORDER BY`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Order {
    /// By what.
    pub by: Expr,
    /// Whether greatest first.
    pub descending: bool,
    /// `NULLS FIRST` or `LAST`, where written.
    pub nulls_first: Option<bool>,
}

/// `SELECT …`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Query {
    /// `DISTINCT`.
    pub distinct: bool,
    /// What is wanted.
    pub items: Vec<Item>,
    /// From where.
    pub from: Vec<(Join, Source)>,
    /// `WHERE`.
    pub filter: Option<Expr>,
    /// `GROUP BY`.
    pub group_by: Vec<Expr>,
    /// `HAVING`.
    pub having: Option<Expr>,
    /// `ORDER BY`.
    pub order_by: Vec<Order>,
    /// `LIMIT`.
    pub limit: Option<Expr>,
    /// `OFFSET`.
    pub offset: Option<Expr>,
    /// `FOR UPDATE` and the like.
    pub locking: Vec<Locking>,
}

/// Isolation levels, weakest first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[allow(missing_docs)]
pub enum Level {
    /// Gray's degree 0: of textbooks only.
    Degree0,
    ReadUncommitted,
    ReadCommitted,
    /// Of textbooks only.
    CursorStability,
    RepeatableRead,
    Serializable,
}

impl Level {
    /// Those of SQL, weakest first.
    pub const ALL: [Level; 4] =
        [Level::ReadUncommitted, Level::ReadCommitted, Level::RepeatableRead, Level::Serializable];

    /// Those of textbooks, weakest first (Berenson et al. 1995, table 2).
    pub const TEXTBOOK: [Level; 6] = [
        Level::Degree0,
        Level::ReadUncommitted,
        Level::ReadCommitted,
        Level::CursorStability,
        Level::RepeatableRead,
        Level::Serializable,
    ];

    /// Its name on the command line and in links.
    pub fn id(self) -> &'static str {
        match self {
            Level::Degree0 => "degree-0",
            Level::ReadUncommitted => "read-uncommitted",
            Level::ReadCommitted => "read-committed",
            Level::CursorStability => "cursor-stability",
            Level::RepeatableRead => "repeatable-read",
            Level::Serializable => "serializable",
        }
    }

    /// As SQL writes it.
    pub fn words(self) -> &'static str {
        match self {
            Level::Degree0 => "DEGREE 0",
            Level::ReadUncommitted => "READ UNCOMMITTED",
            Level::ReadCommitted => "READ COMMITTED",
            Level::CursorStability => "CURSOR STABILITY",
            Level::RepeatableRead => "REPEATABLE READ",
            Level::Serializable => "SERIALIZABLE",
        }
    }
}

/// Behind `BEGIN` or `SET TRANSACTION`; what is not written is as it was.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Modes {
    /// Isolation level.
    pub level: Option<Level>,
    /// `READ ONLY` or `READ WRITE`.
    pub read_only: Option<bool>,
    /// `[NOT] DEFERRABLE`.
    pub deferrable: Option<bool>,
}

/// A column of `CREATE TABLE`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ColumnDef {
    /// Name.
    pub name: Name,
    /// Type.
    pub ty: Type,
    /// Constraints, in the order written.
    pub constraints: Vec<(Option<Name>, ColumnConstraint)>,
}

/// A constraint behind a column.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum ColumnConstraint {
    Null,
    NotNull,
    PrimaryKey,
    Unique,
    Default(Expr),
    Check(Expr),
    References(Name, Option<Name>),
}

/// A constraint of a table.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum TableConstraint {
    PrimaryKey(Vec<Name>),
    Unique(Vec<Name>),
    Check(Expr),
    ForeignKey(Vec<Name>, Name, Vec<Name>),
}

/// `CREATE TABLE`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CreateTable {
    /// Name.
    pub name: Name,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// Columns.
    pub columns: Vec<ColumnDef>,
    /// Constraints of the table, perhaps named.
    pub constraints: Vec<(Option<Name>, TableConstraint)>,
}

/// `CREATE INDEX`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CreateIndex {
    /// Name, where given.
    pub name: Option<Name>,
    /// `UNIQUE`.
    pub unique: bool,
    /// Table.
    pub table: Name,
    /// Columns.
    pub columns: Vec<Name>,
    /// `WHERE`, for a partial index.
    pub filter: Option<Expr>,
}

/// What an `INSERT` inserts.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Rows {
    /// `VALUES`; nothing stands for `DEFAULT`.
    Values(Vec<Vec<Option<Expr>>>),
    /// A query.
    Query(Box<Query>),
    /// `DEFAULT VALUES`.
    Defaults,
}

/// Columns with their new values; nothing stands for `DEFAULT`.
pub type Assignments = Vec<(Name, Option<Expr>)>;

/// `ON CONFLICT`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OnConflict {
    /// The columns whose unique index is meant; any, where empty.
    pub columns: Vec<Name>,
    /// `DO UPDATE SET … [WHERE …]`; `DO NOTHING` where none.
    pub update: Option<(Assignments, Option<Expr>)>,
}

/// `INSERT`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Insert {
    /// Table.
    pub table: Name,
    /// The table under another name.
    pub alias: Option<Name>,
    /// Columns; all in order where empty.
    pub columns: Vec<Name>,
    /// Rows.
    pub rows: Rows,
    /// `ON CONFLICT`.
    pub on_conflict: Option<OnConflict>,
    /// `RETURNING`.
    pub returning: Vec<Item>,
}

/// `UPDATE`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Update {
    /// Table.
    pub table: Name,
    /// The table under another name.
    pub alias: Option<Name>,
    /// Columns with their new values; nothing stands for `DEFAULT`.
    pub set: Assignments,
    /// `WHERE`.
    pub filter: Option<Expr>,
    /// `RETURNING`.
    pub returning: Vec<Item>,
}

/// `DELETE`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Delete {
    /// Table.
    pub table: Name,
    /// The table under another name.
    pub alias: Option<Name>,
    /// `WHERE`.
    pub filter: Option<Expr>,
    /// `RETURNING`.
    pub returning: Vec<Item>,
}

/// Table-level lock modes (manual, 13.3.1), weakest first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[allow(missing_docs)]
pub enum TableMode {
    AccessShare,
    RowShare,
    RowExclusive,
    ShareUpdateExclusive,
    Share,
    ShareRowExclusive,
    Exclusive,
    AccessExclusive,
}

impl TableMode {
    /// All of them, weakest first.
    pub const ALL: [TableMode; 8] = [
        TableMode::AccessShare,
        TableMode::RowShare,
        TableMode::RowExclusive,
        TableMode::ShareUpdateExclusive,
        TableMode::Share,
        TableMode::ShareRowExclusive,
        TableMode::Exclusive,
        TableMode::AccessExclusive,
    ];

    /// As SQL writes it.
    pub fn words(self) -> &'static str {
        match self {
            TableMode::AccessShare => "ACCESS SHARE",
            TableMode::RowShare => "ROW SHARE",
            TableMode::RowExclusive => "ROW EXCLUSIVE",
            TableMode::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            TableMode::Share => "SHARE",
            TableMode::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            TableMode::Exclusive => "EXCLUSIVE",
            TableMode::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }
}

/// A statement.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum Statement {
    Select(Query),
    Insert(Insert),
    Update(Update),
    Delete(Delete),
    CreateTable(CreateTable),
    CreateIndex(CreateIndex),
    DropTable {
        names: Vec<Name>,
        if_exists: bool,
    },
    Begin {
        modes: Modes,
        start: bool,
    },
    SetTransaction(Modes),
    /// `SET SESSION CHARACTERISTICS AS TRANSACTION`.
    SetSession(Modes),
    Commit,
    Rollback,
    Savepoint(Name),
    RollbackTo(Name),
    Release(Name),
    /// A setting and its value.
    Set {
        name: Name,
        value: String,
        local: bool,
    },
    LockTable {
        names: Vec<Name>,
        mode: TableMode,
        nowait: bool,
    },
}

impl Strength {
    /// As SQL writes it.
    pub fn words(self) -> &'static str {
        match self {
            Strength::KeyShare => "FOR KEY SHARE",
            Strength::Share => "FOR SHARE",
            Strength::NoKeyUpdate => "FOR NO KEY UPDATE",
            Strength::Update => "FOR UPDATE",
        }
    }
}

impl Expr {
    /// Visits the queries within an expression, not those within these.
    pub fn queries<'a>(&'a self, visit: &mut dyn FnMut(&'a Query)) {
        match self {
            Expr::Null | Expr::Number(_) | Expr::Text(_) | Expr::Bool(_) | Expr::Typed(..) | Expr::Column(..) => {}
            Expr::Unary(_, a) | Expr::IsNull(a, _) | Expr::IsBool(a, ..) | Expr::Cast(a, _) => a.queries(visit),
            Expr::Binary(_, a, b) | Expr::Like(a, b, _) => {
                a.queries(visit);
                b.queries(visit);
            }
            Expr::InList(a, list, _) => {
                a.queries(visit);
                list.iter().for_each(|one| one.queries(visit));
            }
            Expr::InQuery(a, query, _) => {
                a.queries(visit);
                visit(query);
            }
            Expr::Exists(query) | Expr::Scalar(query) => visit(query),
            Expr::Between(a, b, c, _) => [a, b, c].into_iter().for_each(|one| one.queries(visit)),
            Expr::Call(_, arguments, _) => arguments.iter().for_each(|one| one.queries(visit)),
            Expr::Case(of, arms, otherwise) => {
                of.iter().for_each(|one| one.queries(visit));
                for (when, then) in arms {
                    when.queries(visit);
                    then.queries(visit);
                }
                otherwise.iter().for_each(|one| one.queries(visit));
            }
        }
    }
}

impl Query {
    /// Visits the queries directly within a query.
    pub fn inner<'a>(&'a self, visit: &mut dyn FnMut(&'a Query)) {
        for item in &self.items {
            if let Item::Expr(expr, _) = item {
                expr.queries(visit);
            }
        }
        for (join, source) in &self.from {
            if let Join::Inner(on) | Join::Left(on) = join {
                on.queries(visit);
            }
            match source {
                Source::Table(..) => {}
                Source::Query(query, _) => visit(query),
                Source::Function(_, arguments, _) => arguments.iter().for_each(|one| one.queries(visit)),
            }
        }
        let orders = self.order_by.iter().map(|order| &order.by);
        let others =
            self.filter.iter().chain(&self.group_by).chain(&self.having).chain(&self.limit).chain(&self.offset);
        others.chain(orders).for_each(|one| one.queries(visit));
    }
}
