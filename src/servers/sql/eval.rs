//! The value of an expression over a row, in three-valued logic.

use std::cmp::Ordering;

use super::ast::Binary;
use super::bind::{Bound, BoundQuery, Function};
use super::date;
use super::error::SqlError;
use super::numeric::Numeric;
use super::schema::Row;
use super::value::{Type, Value, out_of_range};

/// Why a statement did not go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stop {
    /// It failed.
    Error(SqlError),
    /// Its session waits for a lock; what for, the lock manager knows.
    Wait,
}

impl From<SqlError> for Stop {
    fn from(error: SqlError) -> Stop {
        Stop::Error(error)
    }
}

/// What an expression needs beyond its row.
pub trait Context {
    /// The rows of a query within an expression.
    fn subquery(&mut self, query: &BoundQuery, env: &Env) -> Result<Vec<Row>, Stop>;

    /// Calls an advisory lock function.
    fn advisory(&mut self, function: Function, arguments: &[Value]) -> Result<Value, Stop>;
}

/// The row of a query, and those of the queries around it.
#[derive(Clone, Copy)]
pub struct Env<'a> {
    /// The row.
    pub row: &'a [Value],
    /// Results of aggregates.
    pub aggregates: &'a [Value],
    /// The query around.
    pub outer: Option<&'a Env<'a>>,
}

impl<'a> Env<'a> {
    /// A row of its own.
    pub fn of(row: &'a [Value]) -> Env<'a> {
        Env { row, aggregates: &[], outer: None }
    }

    fn column(&self, depth: u8, at: u16) -> Value {
        let mut env = self;
        for _ in 0..depth {
            let Some(outer) = env.outer else { return Value::Null };
            env = outer;
        }
        env.row.get(usize::from(at)).cloned().unwrap_or(Value::Null)
    }
}

/// Whether a condition holds; unknown is no.
pub fn holds(condition: &Bound, env: &Env, cx: &mut dyn Context) -> Result<bool, Stop> {
    Ok(eval(condition, env, cx)? == Value::Bool(true))
}

fn truth(value: Option<bool>) -> Value {
    value.map_or(Value::Null, Value::Bool)
}

fn as_truth(value: &Value) -> Option<bool> {
    if let Value::Bool(value) = value { Some(*value) } else { None }
}

/// The value of an expression.
pub fn eval(expr: &Bound, env: &Env, cx: &mut dyn Context) -> Result<Value, Stop> {
    Ok(match expr {
        Bound::Const(value) => value.clone(),
        Bound::Column(depth, at) => env.column(*depth, *at),
        Bound::Aggregate(at) => env.aggregates.get(usize::from(*at)).cloned().unwrap_or(Value::Null),
        Bound::Not(inner) => truth(as_truth(&eval(inner, env, cx)?).map(|value| !value)),
        Bound::Minus(inner) => minus(eval(inner, env, cx)?)?,
        Bound::Trimmed(inner) => match eval(inner, env, cx)? {
            Value::Text(text) => Value::text(text.trim_end_matches(' ')),
            other => other,
        },
        Bound::Binary(sign @ (Binary::And | Binary::Or), left, right) => {
            // What decides alone is not looked behind, as in the server.
            let deciding = *sign == Binary::Or;
            let left = as_truth(&eval(left, env, cx)?);
            if left == Some(deciding) {
                return Ok(Value::Bool(deciding));
            }
            match (left, as_truth(&eval(right, env, cx)?)) {
                (_, Some(right)) if right == deciding => Value::Bool(deciding),
                (Some(_), Some(_)) => Value::Bool(!deciding),
                _ => Value::Null,
            }
        }
        Bound::Binary(sign, left, right) => {
            let (left, right) = (eval(left, env, cx)?, eval(right, env, cx)?);
            if sign.compares() {
                truth(left.compare(&right).map(|order| compares(*sign, order)))
            } else {
                arithmetic(*sign, &left, &right)?
            }
        }
        Bound::IsNull(inner, negated) => Value::Bool(eval(inner, env, cx)?.is_null() != *negated),
        Bound::IsBool(inner, wanted, negated) => {
            Value::Bool((as_truth(&eval(inner, env, cx)?) == Some(*wanted)) != *negated)
        }
        Bound::InList(left, list, negated) => {
            let left = eval(left, env, cx)?;
            let mut found = Some(false);
            for one in list {
                match left.compare(&eval(one, env, cx)?) {
                    Some(Ordering::Equal) => {
                        found = Some(true);
                        break;
                    }
                    Some(_) => {}
                    None => found = None,
                }
            }
            truth(found.map(|found| found != *negated))
        }
        Bound::InQuery(left, query, negated) => {
            let left = eval(left, env, cx)?;
            let mut found = Some(false);
            for row in cx.subquery(query, env)? {
                match row.first().and_then(|one| left.compare(one)) {
                    Some(Ordering::Equal) => {
                        found = Some(true);
                        break;
                    }
                    Some(_) => {}
                    None => found = None,
                }
            }
            truth(found.map(|found| found != *negated))
        }
        Bound::Exists(query) => Value::Bool(!cx.subquery(query, env)?.is_empty()),
        Bound::Scalar(query) => match cx.subquery(query, env)?.as_slice() {
            [] => Value::Null,
            [row] => row.first().cloned().unwrap_or(Value::Null),
            _ => {
                let message = "more than one row returned by a subquery used as an expression";
                return Err(SqlError::new("21000", message).into());
            }
        },
        Bound::Like(left, pattern, negated) => match (eval(left, env, cx)?, eval(pattern, env, cx)?) {
            (Value::Text(text), Value::Text(pattern)) => {
                let text: Vec<char> = text.chars().collect();
                let pattern: Vec<char> = pattern.chars().collect();
                Value::Bool(like(&text, &pattern) != *negated)
            }
            _ => Value::Null,
        },
        Bound::Cast(inner, ty) => eval(inner, env, cx)?.cast(*ty)?,
        Bound::Case(arms, otherwise) => {
            for (when, then) in arms {
                if holds(when, env, cx)? {
                    return eval(then, env, cx);
                }
            }
            match otherwise {
                Some(otherwise) => eval(otherwise, env, cx)?,
                None => Value::Null,
            }
        }
        Bound::Call(Function::Coalesce, arguments) => {
            for argument in arguments {
                let value = eval(argument, env, cx)?;
                if !value.is_null() {
                    return Ok(value);
                }
            }
            Value::Null
        }
        Bound::Call(function, arguments) => {
            let mut values = Vec::with_capacity(arguments.len());
            for argument in arguments {
                values.push(eval(argument, env, cx)?);
            }
            call(*function, values, cx)?
        }
    })
}

fn compares(sign: Binary, order: Ordering) -> bool {
    match sign {
        Binary::Eq => order.is_eq(),
        Binary::Ne => order.is_ne(),
        Binary::Lt => order.is_lt(),
        Binary::Le => order.is_le(),
        Binary::Gt => order.is_gt(),
        _ => order.is_ge(),
    }
}

fn minus(value: Value) -> Result<Value, SqlError> {
    Ok(match value {
        Value::Int(value) => Value::Int(value.checked_neg().ok_or_else(|| out_of_range(Type::Int))?),
        Value::BigInt(value) => Value::BigInt(value.checked_neg().ok_or_else(|| out_of_range(Type::BigInt))?),
        Value::Numeric(value) => Value::Numeric(value.negated()),
        _ => Value::Null,
    })
}

fn arithmetic(sign: Binary, left: &Value, right: &Value) -> Result<Value, SqlError> {
    let zero = || SqlError::new("22012", "division by zero");
    Ok(match (left, right) {
        (Value::Null, _) | (_, Value::Null) => Value::Null,
        (Value::Text(a), Value::Text(b)) => Value::Text(format!("{a}{b}").into()),
        (Value::Int(a), Value::Int(b)) => {
            if *b == 0 && matches!(sign, Binary::Div | Binary::Mod) {
                return Err(zero());
            }
            let result = match sign {
                Binary::Add => a.checked_add(*b),
                Binary::Sub => a.checked_sub(*b),
                Binary::Mul => a.checked_mul(*b),
                Binary::Div => a.checked_div(*b),
                _ => Some(a.wrapping_rem(*b)),
            };
            Value::Int(result.ok_or_else(|| out_of_range(Type::Int))?)
        }
        (Value::Date(a), Value::Date(b)) => Value::Int(a - b),
        (Value::Date(a), Value::Int(b)) | (Value::Int(b), Value::Date(a)) => {
            let days = if sign == Binary::Sub { a.checked_sub(*b) } else { a.checked_add(*b) };
            let in_range = days.filter(|days| i64::from(*days).abs() < date::DAY_US / 86_400);
            Value::Date(in_range.ok_or_else(|| SqlError::new("22008", "date out of range"))?)
        }
        _ => match (left.as_integer(), right.as_integer()) {
            (Some(a), Some(b)) => {
                if b == 0 && matches!(sign, Binary::Div | Binary::Mod) {
                    return Err(zero());
                }
                let result = match sign {
                    Binary::Add => a.checked_add(b),
                    Binary::Sub => a.checked_sub(b),
                    Binary::Mul => a.checked_mul(b),
                    Binary::Div => a.checked_div(b),
                    _ => Some(a.wrapping_rem(b)),
                };
                Value::BigInt(result.ok_or_else(|| out_of_range(Type::BigInt))?)
            }
            _ => {
                let (a, b) = (left.as_numeric().unwrap_or_default(), right.as_numeric().unwrap_or_default());
                Value::Numeric(match sign {
                    Binary::Add => a.add(b)?,
                    Binary::Sub => a.sub(b)?,
                    Binary::Mul => a.mul(b)?,
                    Binary::Div => a.div(b)?,
                    _ => a.rem(b)?,
                })
            }
        },
    })
}

/// `%` stands for any characters, `_` for one, `\` takes the next as it is.
fn like(text: &[char], pattern: &[char]) -> bool {
    // Where the last `%` stood and how much of the text it has taken: enough to go back to, so that no pattern takes exponential time.
    let (mut at, mut by) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let step = match pattern.get(by) {
            Some('%') => {
                retry = Some((by + 1, at));
                by += 1;
                continue;
            }
            None if at == text.len() => return true,
            Some('\\') if by + 1 < pattern.len() => (pattern.get(by + 1) == text.get(at)).then_some(2),
            Some('_') if at < text.len() => Some(1),
            Some(c) if text.get(at) == Some(c) => Some(1),
            _ => None,
        };
        if let Some(step) = step {
            by += step;
            at += 1;
        } else if let Some((after, taken)) = retry.filter(|(_, taken)| *taken < text.len()) {
            retry = Some((after, taken + 1));
            (by, at) = (after, taken + 1);
        } else {
            return false;
        }
    }
}

fn call(function: Function, values: Vec<Value>, cx: &mut dyn Context) -> Result<Value, Stop> {
    let number = |at: usize| values.get(at).and_then(Value::as_numeric);
    Ok(match function {
        Function::AdvisoryLock { .. } | Function::AdvisoryUnlock { .. } | Function::AdvisoryUnlockAll => {
            if values.iter().any(Value::is_null) {
                return Ok(Value::Null);
            }
            return cx.advisory(function, &values);
        }
        Function::Concat => {
            let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
            Value::Text(texts.concat().into())
        }
        Function::Greatest | Function::Least => {
            let wanted = if function == Function::Greatest { Ordering::Greater } else { Ordering::Less };
            let mut best = Value::Null;
            for value in values {
                if !value.is_null() && (best.is_null() || value.compare(&best) == Some(wanted)) {
                    best = value;
                }
            }
            best
        }
        Function::Nullif => match values.as_slice() {
            [a, b] if a.compare(b) != Some(Ordering::Equal) => a.clone(),
            _ => Value::Null,
        },
        Function::Lower | Function::Upper | Function::Length => match values.first() {
            Some(Value::Text(text)) => match function {
                Function::Lower => Value::text(&text.to_lowercase()),
                Function::Upper => Value::text(&text.to_uppercase()),
                _ => Value::Int(text.chars().count() as i32),
            },
            _ => Value::Null,
        },
        Function::Abs => match values.first() {
            Some(value) if value.compare(&Value::Int(0)) == Some(Ordering::Less) => minus(value.clone())?,
            Some(value) => value.clone(),
            None => Value::Null,
        },
        Function::Round => match (number(0), values.get(1)) {
            (Some(value), None) => Value::Numeric(value.round(0)),
            (Some(value), Some(Value::Int(scale))) => {
                let scale = u8::try_from(*scale).ok().filter(|scale| *scale <= 28);
                let scale = scale
                    .ok_or_else(|| SqlError::unsupported("rounding to less than a whole or more than 28 places"))?;
                Value::Numeric(value.round(scale))
            }
            _ => Value::Null,
        },
        Function::Floor | Function::Ceil => match number(0) {
            Some(value) => {
                let down = value.sub(value.rem(Numeric::from(1))?)?.round(0);
                let aside = match (function, down.compare(&value)) {
                    (Function::Floor, Ordering::Greater) => -1,
                    (Function::Ceil, Ordering::Less) => 1,
                    _ => 0,
                };
                Value::Numeric(down.add(Numeric::from(aside))?)
            }
            None => Value::Null,
        },
        // Evaluated by `eval`, which need not look at every argument.
        Function::Coalesce => Value::Null,
    })
}
