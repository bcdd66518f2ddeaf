//! Expressions.

use std::sync::Arc;

use super::{Aggregate, AggregateKind, Bound, BoundQuery, Catalog};
use crate::servers::sql::ast::{Binary, Expr, Name, Unary};
use crate::servers::sql::error::SqlError;
use crate::servers::sql::value::{self, Type, Value};

/// A function known here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum Function {
    Abs,
    Lower,
    Upper,
    Length,
    Coalesce,
    Nullif,
    Greatest,
    Least,
    Round,
    Floor,
    Ceil,
    Concat,
    /// `pg_advisory_lock` and its kin: shared, within the transaction, tried without waiting.
    AdvisoryLock {
        shared: bool,
        xact: bool,
        attempt: bool,
    },
    /// `pg_advisory_unlock` and its kin.
    AdvisoryUnlock {
        shared: bool,
    },
    AdvisoryUnlockAll,
}

/// Names in reach of one query, and of those around it.
pub struct Scope<'a> {
    /// Tables.
    pub catalog: &'a dyn Catalog,
    /// Columns of each query around, the innermost last: table, column, type.
    pub columns: Vec<Vec<(Name, Name, Type)>>,
    /// Whether a column of a query further out than the depth was looked at: the least depth from outside.
    pub outermost: usize,
    /// Aggregates found in the query that is being read.
    pub aggregates: Vec<Aggregate>,
    /// Why an aggregate may not stand here.
    pub no_aggregates: Option<&'static str>,
    /// The next number of a query.
    pub next_query: u16,
}

type Pair = (Bound, Type);

type Typed = Result<Pair, SqlError>;

impl<'a> Scope<'a> {
    /// Nothing but the catalogue.
    pub fn new(catalog: &'a dyn Catalog) -> Scope<'a> {
        Scope {
            catalog,
            columns: Vec::new(),
            outermost: usize::MAX,
            aggregates: Vec::new(),
            no_aggregates: Some("here"),
            next_query: 0,
        }
    }

    /// The columns of one table, under its name or another.
    pub fn of_table(catalog: &'a dyn Catalog, table: &str, alias: Option<&str>) -> Result<Scope<'a>, SqlError> {
        let mut scope = Scope::new(catalog);
        let columns = catalog.existing(table)?.columns.iter();
        let name = alias.unwrap_or(table);
        scope.columns.push(columns.map(|column| (name.to_owned(), column.name.clone(), column.ty)).collect());
        Ok(scope)
    }

    fn column(&mut self, table: Option<&str>, name: &str) -> Typed {
        for (depth, columns) in self.columns.iter().rev().enumerate() {
            let mut found = columns
                .iter()
                .enumerate()
                .filter(|(_, (of, column, _))| column == name && table.is_none_or(|table| table == of));
            if let Some((at, (_, _, ty))) = found.next() {
                if found.next().is_some() {
                    return Err(SqlError::new("42702", format!("column reference \"{name}\" is ambiguous")));
                }
                self.outermost = self.outermost.min(self.columns.len() - 1 - depth);
                return Ok((Bound::Column(depth as u8, at as u16), *ty));
            }
            if let Some(table) = table
                && columns.iter().any(|(of, _, _)| of == table)
            {
                return Err(SqlError::new("42703", format!("column {table}.{name} does not exist")));
            }
        }
        Err(match table {
            Some(table) => SqlError::new("42P01", format!("missing FROM-clause entry for table \"{table}\"")),
            None => SqlError::new("42703", format!("column \"{name}\" does not exist")),
        })
    }

    /// A condition, which must be a truth value.
    pub fn condition(&mut self, expr: &Expr, clause: &str) -> Result<Bound, SqlError> {
        let (bound, ty) = self.expr(expr)?;
        if !matches!(ty, Type::Bool | Type::Unknown) {
            return Err(SqlError::new(
                "42804",
                format!("argument of {clause} must be type boolean, not type {}", ty.name()),
            ));
        }
        coerce(bound, ty, Type::Bool)
    }

    /// An expression and its type.
    pub fn expr(&mut self, expr: &Expr) -> Typed {
        Ok(match expr {
            Expr::Null => (Bound::Const(Value::Null), Type::Unknown),
            Expr::Number(digits) => number(digits)?,
            Expr::Text(text) => (Bound::Const(Value::text(text)), Type::Unknown),
            Expr::Bool(value) => (Bound::Const(Value::Bool(*value)), Type::Bool),
            Expr::Typed(ty, text) => (Bound::Const(value::parse(text, *ty)?), *ty),
            Expr::Column(table, name) => self.column(table.as_deref(), name)?,
            Expr::Unary(Unary::Not, inner) => (Bound::Not(Box::new(self.condition(inner, "NOT")?)), Type::Bool),
            Expr::Unary(sign, inner) => self.sign(*sign, inner)?,
            Expr::Binary(sign, left, right) => self.binary(*sign, left, right)?,
            Expr::IsNull(inner, negated) => (Bound::IsNull(Box::new(self.expr(inner)?.0), *negated), Type::Bool),
            Expr::IsBool(inner, wanted, negated) => {
                let inner = self.condition(inner, if *wanted { "IS TRUE" } else { "IS FALSE" })?;
                (Bound::IsBool(Box::new(inner), *wanted, *negated), Type::Bool)
            }
            Expr::InList(left, list, negated) => self.in_list(left, list, *negated)?,
            Expr::InQuery(left, query, negated) => {
                let left = self.expr(left)?;
                let query = self.subquery(query)?;
                let right = (Bound::Column(0, 0), query.items[0].ty);
                let (left, right) = comparable(Binary::Eq, left, right)?;
                if right.0 != Bound::Column(0, 0) {
                    return Err(SqlError::unsupported("IN with a query whose type has to be converted"));
                }
                (Bound::InQuery(Box::new(left.0), query, *negated), Type::Bool)
            }
            Expr::Exists(query) => {
                let query = self.query(query)?;
                (Bound::Exists(Arc::new(query)), Type::Bool)
            }
            Expr::Scalar(query) => {
                let query = self.subquery(query)?;
                let ty = query.items[0].ty;
                (Bound::Scalar(query), ty)
            }
            Expr::Between(inner, low, high, negated) => {
                let low = Expr::Binary(Binary::Ge, inner.clone(), low.clone());
                let high = Expr::Binary(Binary::Le, inner.clone(), high.clone());
                let both = self.binary(Binary::And, &low, &high)?.0;
                (if *negated { Bound::Not(Box::new(both)) } else { both }, Type::Bool)
            }
            Expr::Like(left, right, negated) => {
                let (left, right) = (self.text(left, "~~")?, self.text(right, "~~")?);
                (Bound::Like(Box::new(left), Box::new(right), *negated), Type::Bool)
            }
            Expr::Call(name, arguments, distinct) => self.call(name, arguments, *distinct)?,
            Expr::Cast(inner, ty) => {
                let (bound, from) = self.expr(inner)?;
                let fits = from == Type::Unknown
                    || ty.is_text()
                    || from.is_text()
                    || (from.is_number() && ty.is_number())
                    || from == *ty
                    || matches!((from, ty), (Type::Date, Type::Timestamp) | (Type::Timestamp, Type::Date))
                    || matches!((from, ty), (Type::Bool, Type::Int) | (Type::Int, Type::Bool));
                if !fits {
                    return Err(SqlError::new("42846", format!("cannot cast type {} to {}", from.name(), ty.name())));
                }
                (if from == Type::Unknown { coerce(bound, from, *ty)? } else { Bound::Cast(Box::new(bound), *ty) }, *ty)
            }
            Expr::Case(of, arms, otherwise) => self.case(of.as_deref(), arms, otherwise.as_deref())?,
        })
    }

    fn sign(&mut self, sign: Unary, inner: &Expr) -> Typed {
        if let (Unary::Minus, Expr::Number(digits)) = (sign, inner) {
            // So that the least integer can be written.
            return number(&format!("-{digits}"));
        }
        let (bound, ty) = self.expr(inner)?;
        if !ty.is_number() {
            let sign = if sign == Unary::Minus { "-" } else { "+" };
            return Err(no_operator(&format!("{sign} {}", ty.name())));
        }
        Ok((if sign == Unary::Minus { Bound::Minus(Box::new(bound)) } else { bound }, ty))
    }

    fn subquery(&mut self, query: &crate::servers::sql::ast::Query) -> Result<Arc<BoundQuery>, SqlError> {
        let query = self.query(query)?;
        if query.items.len() != 1 {
            return Err(SqlError::new("42601", "subquery must return only one column"));
        }
        Ok(Arc::new(query))
    }

    fn text(&mut self, expr: &Expr, operator: &str) -> Result<Bound, SqlError> {
        let (bound, ty) = self.expr(expr)?;
        if ty != Type::Unknown && !ty.is_text() {
            return Err(no_operator(&format!("{} {operator} unknown", ty.name())));
        }
        Ok(trimmed(bound, ty))
    }

    fn in_list(&mut self, left: &Expr, list: &[Expr], negated: bool) -> Typed {
        let mut left = self.expr(left)?;
        let mut bound = Vec::new();
        for expr in list {
            let right = self.expr(expr)?;
            let (new_left, right) = comparable(Binary::Eq, left, right)?;
            left = new_left;
            bound.push(right.0);
        }
        Ok((Bound::InList(Box::new(left.0), bound, negated), Type::Bool))
    }

    fn case(&mut self, of: Option<&Expr>, arms: &[(Expr, Expr)], otherwise: Option<&Expr>) -> Typed {
        let mut whens = Vec::new();
        let mut thens = Vec::new();
        for (when, then) in arms {
            whens.push(match of {
                Some(of) => self.binary(Binary::Eq, of, when)?.0,
                None => self.condition(when, "CASE/WHEN")?,
            });
            thens.push(self.expr(then)?);
        }
        let has_else = otherwise.is_some();
        if let Some(otherwise) = otherwise {
            thens.push(self.expr(otherwise)?);
        }
        let (mut thens, ty) = unified("CASE", thens)?;
        let otherwise = if has_else { thens.pop().map(Box::new) } else { None };
        Ok((Bound::Case(whens.into_iter().zip(thens).collect(), otherwise), ty))
    }

    fn binary(&mut self, sign: Binary, left: &Expr, right: &Expr) -> Typed {
        if matches!(sign, Binary::And | Binary::Or) {
            let (left, right) = (self.condition(left, sign.sign())?, self.condition(right, sign.sign())?);
            return Ok((Bound::Binary(sign, Box::new(left), Box::new(right)), Type::Bool));
        }
        let (left, right) = (self.expr(left)?, self.expr(right)?);
        let whole = |left: Bound, right: Bound| Bound::Binary(sign, Box::new(left), Box::new(right));
        if sign.compares() {
            let (left, right) = comparable(sign, left, right)?;
            return Ok((whole(left.0, right.0), Type::Bool));
        }
        let ((left, left_ty), (right, right_ty)) = (left, right);
        if sign == Binary::Concat {
            if !(left_ty.is_text() || right_ty.is_text() || left_ty == Type::Unknown || right_ty == Type::Unknown) {
                return Err(no_operator(&format!("{} || {}", left_ty.name(), right_ty.name())));
            }
            let cast = |bound, ty| Bound::Cast(Box::new(trimmed(bound, ty)), Type::Text);
            return Ok((whole(cast(left, left_ty), cast(right, right_ty)), Type::Text));
        }
        let (left, left_ty, right, right_ty) = match (left_ty, right_ty) {
            (Type::Unknown, Type::Unknown) => {
                return Err(SqlError::new("42725", format!("operator is not unique: unknown {} unknown", sign.sign())));
            }
            (Type::Unknown, ty) => (coerce(left, Type::Unknown, ty)?, ty, right, ty),
            (ty, Type::Unknown) => (left, ty, coerce(right, Type::Unknown, ty)?, ty),
            _ => (left, left_ty, right, right_ty),
        };
        let ty = match (left_ty, right_ty) {
            (Type::Int, Type::Int) => Type::Int,
            (Type::Int | Type::BigInt, Type::Int | Type::BigInt) => Type::BigInt,
            (a, b) if a.is_number() && b.is_number() => Type::Numeric(None),
            (Type::Date, Type::Int) if matches!(sign, Binary::Add | Binary::Sub) => Type::Date,
            (Type::Int, Type::Date) if sign == Binary::Add => Type::Date,
            (Type::Date, Type::Date) if sign == Binary::Sub => Type::Int,
            _ => return Err(no_operator(&format!("{} {} {}", left_ty.name(), sign.sign(), right_ty.name()))),
        };
        Ok((whole(left, right), ty))
    }

    fn call(&mut self, name: &str, arguments: &[Expr], distinct: bool) -> Typed {
        let aggregate = match name {
            "count" => Some(AggregateKind::Count),
            "sum" => Some(AggregateKind::Sum),
            "min" => Some(AggregateKind::Min),
            "max" => Some(AggregateKind::Max),
            "avg" => Some(AggregateKind::Avg),
            _ => None,
        };
        if let Some(kind) = aggregate {
            return self.aggregate(kind, name, arguments, distinct);
        }
        let mut bound = Vec::new();
        for argument in arguments {
            bound.push(self.expr(argument)?);
        }
        function(name, bound)
    }

    fn aggregate(&mut self, kind: AggregateKind, name: &str, arguments: &[Expr], distinct: bool) -> Typed {
        if let Some(place) = self.no_aggregates {
            return Err(SqlError::new("42803", format!("aggregate functions are not allowed in {place}")));
        }
        let of = match arguments {
            [] if kind == AggregateKind::Count => None,
            [of] => {
                self.no_aggregates = Some("an aggregate");
                let of = self.expr(of);
                self.no_aggregates = None;
                Some(of?)
            }
            _ => return Err(no_function(name, &[])),
        };
        let ty = match (kind, of.as_ref().map(|(_, ty)| *ty)) {
            (AggregateKind::Count, _) => Type::BigInt,
            (AggregateKind::Sum, Some(Type::Int)) => Type::BigInt,
            (AggregateKind::Sum | AggregateKind::Avg, Some(ty)) if ty.is_number() => Type::Numeric(None),
            (AggregateKind::Min | AggregateKind::Max, Some(ty)) if !matches!(ty, Type::Bool | Type::Void) => ty,
            (_, ty) => return Err(no_function(name, &ty.into_iter().collect::<Vec<_>>())),
        };
        self.aggregates.push(Aggregate { kind, of: of.map(|(of, _)| of), distinct, ty });
        Ok((Bound::Aggregate((self.aggregates.len() - 1) as u16), ty))
    }
}

fn number(digits: &str) -> Typed {
    Ok(if let Ok(value) = digits.parse::<i32>() {
        (Bound::Const(Value::Int(value)), Type::Int)
    } else if let Ok(value) = digits.parse::<i64>() {
        (Bound::Const(Value::BigInt(value)), Type::BigInt)
    } else {
        let digits = digits.strip_suffix('.').unwrap_or(digits);
        (Bound::Const(value::parse(digits, Type::Numeric(None))?), Type::Numeric(None))
    })
}

fn no_operator(what: &str) -> SqlError {
    SqlError::new("42883", format!("operator does not exist: {what}"))
}

fn no_function(name: &str, types: &[Type]) -> SqlError {
    let types: Vec<&str> = types.iter().map(|ty| ty.name()).collect();
    SqlError::new("42883", format!("function {name}({}) does not exist", types.join(", ")))
}

fn trimmed(bound: Bound, ty: Type) -> Bound {
    if matches!(ty, Type::Char(_)) { Bound::Trimmed(Box::new(bound)) } else { bound }
}

/// Gives an untyped literal its type.
pub(super) fn coerce(bound: Bound, from: Type, to: Type) -> Result<Bound, SqlError> {
    match bound {
        Bound::Const(Value::Text(text)) if from == Type::Unknown => Ok(Bound::Const(value::parse(&text, to)?)),
        bound => Ok(bound),
    }
}

/// Fits an expression to a column that it is assigned to.
pub fn assigned(bound: (Bound, Type), column: &str, to: Type) -> Result<Bound, SqlError> {
    let (bound, from) = bound;
    if from == Type::Unknown {
        return coerce(bound, from, to);
    }
    let fits = to.is_text()
        || (from.is_number() && to.is_number())
        || from == to
        || matches!((from, to), (Type::Date, Type::Timestamp) | (Type::Timestamp, Type::Date));
    if !fits {
        let (to, from) = (to.name(), from.name());
        let message = format!("column \"{column}\" is of type {to} but expression is of type {from}");
        return Err(SqlError::new("42804", message));
    }
    Ok(if from == to && !matches!(to, Type::Numeric(_)) { bound } else { Bound::Cast(Box::new(bound), to) })
}

/// Fits two operands of a comparison to each other.
fn comparable(sign: Binary, left: Pair, right: Pair) -> Result<(Pair, Pair), SqlError> {
    let ((left, left_ty), (right, right_ty)) = (left, right);
    let (left, left_ty, right, right_ty) = match (left_ty, right_ty) {
        (Type::Unknown, Type::Unknown) => (left, Type::Text, right, Type::Text),
        (Type::Unknown, ty) => (coerce(left, Type::Unknown, plain(ty))?, ty, right, ty),
        (ty, Type::Unknown) => (left, ty, coerce(right, Type::Unknown, plain(ty))?, ty),
        _ => (left, left_ty, right, right_ty),
    };
    let day = |ty| matches!(ty, Type::Date | Type::Timestamp);
    let fits = (left_ty.is_number() && right_ty.is_number())
        || (left_ty.is_text() && right_ty.is_text())
        || (left_ty == right_ty && left_ty != Type::Void)
        || (day(left_ty) && day(right_ty));
    if !fits {
        return Err(no_operator(&format!("{} {} {}", left_ty.name(), sign.sign(), right_ty.name())));
    }
    if matches!(left_ty, Type::Char(_)) || matches!(right_ty, Type::Char(_)) {
        let trim = |bound| Bound::Trimmed(Box::new(bound));
        return Ok(((trim(left), Type::Text), (trim(right), Type::Text)));
    }
    Ok(((left, left_ty), (right, right_ty)))
}

/// A type without its limits, for a literal that is only compared with a value of it.
fn plain(ty: Type) -> Type {
    match ty {
        Type::Numeric(_) => Type::Numeric(None),
        Type::Varchar(_) | Type::Char(_) => Type::Text,
        other => other,
    }
}

/// One type for several expressions.
fn unified(what: &str, all: Vec<(Bound, Type)>) -> Result<(Vec<Bound>, Type), SqlError> {
    let mut ty = Type::Unknown;
    for (_, other) in &all {
        ty = match (ty, *other) {
            (a, Type::Unknown) => a,
            (Type::Unknown, b) => b,
            (a, b) if a == b => a,
            (Type::Int | Type::BigInt, Type::Int | Type::BigInt) => Type::BigInt,
            (a, b) if a.is_number() && b.is_number() => Type::Numeric(None),
            (a, b) if a.is_text() && b.is_text() => Type::Text,
            (a, b) => {
                let message = format!("{what} types {} and {} cannot be matched", a.name(), b.name());
                return Err(SqlError::new("42804", message));
            }
        };
    }
    let ty = if ty == Type::Unknown { Type::Text } else { ty };
    let bound = all.into_iter().map(|(bound, from)| match from {
        Type::Unknown => coerce(bound, from, ty),
        from if from == ty => Ok(bound),
        _ => Ok(Bound::Cast(Box::new(bound), ty)),
    });
    Ok((bound.collect::<Result<_, _>>()?, ty))
}

fn function(name: &str, mut arguments: Vec<(Bound, Type)>) -> Typed {
    let types: Vec<Type> = arguments.iter().map(|(_, ty)| *ty).collect();
    let call = |function, arguments: Vec<(Bound, Type)>, ty| {
        (Bound::Call(function, arguments.into_iter().map(|(bound, ty)| trimmed(bound, ty)).collect()), ty)
    };
    let is_text = |ty: &Type| ty.is_text() || *ty == Type::Unknown;
    if let Some(function) = advisory(name) {
        let integers = types.iter().all(|ty| matches!(ty, Type::Int | Type::BigInt | Type::Unknown));
        let all = matches!(function, Function::AdvisoryUnlockAll);
        let fits = match types.len() {
            0 => all,
            1 => !all && integers,
            2 => !all && types.iter().all(|ty| *ty == Type::Int),
            _ => false,
        };
        if !fits {
            return Err(no_function(name, &types));
        }
        for (bound, ty) in &mut arguments {
            *bound = coerce(bound.clone(), *ty, Type::BigInt)?;
        }
        let void = matches!(function, Function::AdvisoryLock { attempt: false, .. } | Function::AdvisoryUnlockAll);
        return Ok(call(function, arguments, if void { Type::Void } else { Type::Bool }));
    }
    let simple = match (name, types.as_slice()) {
        ("abs", [ty]) if ty.is_number() => Some((Function::Abs, *ty)),
        ("round", [ty]) if ty.is_number() => Some((Function::Round, Type::Numeric(None))),
        ("round", [ty, Type::Int]) if ty.is_number() => Some((Function::Round, Type::Numeric(None))),
        ("floor", [ty]) if ty.is_number() => Some((Function::Floor, Type::Numeric(None))),
        ("ceil" | "ceiling", [ty]) if ty.is_number() => Some((Function::Ceil, Type::Numeric(None))),
        ("lower", [ty]) if is_text(ty) => Some((Function::Lower, Type::Text)),
        ("upper", [ty]) if is_text(ty) => Some((Function::Upper, Type::Text)),
        ("length", [ty]) if is_text(ty) => Some((Function::Length, Type::Int)),
        ("concat", [_, ..]) => Some((Function::Concat, Type::Text)),
        ("mod", [a, b]) if a.is_number() && b.is_number() => {
            let ty = if *a == *b { *a } else { Type::Numeric(None) };
            let mut both = arguments.into_iter().map(|(bound, _)| Box::new(bound));
            let (Some(a), Some(b)) = (both.next(), both.next()) else { return Err(no_function(name, &types)) };
            return Ok((Bound::Binary(Binary::Mod, a, b), ty));
        }
        _ => None,
    };
    if let Some((function, ty)) = simple {
        return Ok(call(function, arguments, ty));
    }
    let function = match (name, types.len()) {
        ("coalesce", 1..) => Function::Coalesce,
        ("greatest", 1..) => Function::Greatest,
        ("least", 1..) => Function::Least,
        ("nullif", 2) => Function::Nullif,
        _ => {
            let known = "known are abs, ceil, coalesce, concat, floor, greatest, least, length, lower, mod, nullif, round, upper, \
                the advisory lock functions, count, sum, min, max and avg";
            return Err(SqlError::unsupported(format!("the function {name} with these arguments; {known}")));
        }
    };
    let (bound, ty) = unified(&name.to_uppercase(), arguments)?;
    Ok((Bound::Call(function, bound), ty))
}

fn advisory(name: &str) -> Option<Function> {
    Some(match name.strip_prefix("pg_")? {
        "advisory_lock" => Function::AdvisoryLock { shared: false, xact: false, attempt: false },
        "advisory_lock_shared" => Function::AdvisoryLock { shared: true, xact: false, attempt: false },
        "advisory_xact_lock" => Function::AdvisoryLock { shared: false, xact: true, attempt: false },
        "advisory_xact_lock_shared" => Function::AdvisoryLock { shared: true, xact: true, attempt: false },
        "try_advisory_lock" => Function::AdvisoryLock { shared: false, xact: false, attempt: true },
        "try_advisory_lock_shared" => Function::AdvisoryLock { shared: true, xact: false, attempt: true },
        "try_advisory_xact_lock" => Function::AdvisoryLock { shared: false, xact: true, attempt: true },
        "try_advisory_xact_lock_shared" => Function::AdvisoryLock { shared: true, xact: true, attempt: true },
        "advisory_unlock" => Function::AdvisoryUnlock { shared: false },
        "advisory_unlock_shared" => Function::AdvisoryUnlock { shared: true },
        "advisory_unlock_all" => Function::AdvisoryUnlockAll,
        _ => return None,
    })
}
