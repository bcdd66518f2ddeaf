//! Types and values.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use super::date;
use super::error::SqlError;
use super::numeric::Numeric;

/// A type (manual, chapter 8).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum Type {
    Int,
    BigInt,
    /// Precision and scale in decimal digits, where limited.
    Numeric(Option<(u8, u8)>),
    Text,
    /// Greatest length in characters.
    Varchar(u16),
    /// Length in characters.
    Char(u16),
    Bool,
    Date,
    Timestamp,
    /// What some functions give: no value worth looking at.
    Void,
    /// Text in quotes, or NULL, that is of no type yet.
    Unknown,
}

impl Type {
    /// Whether it is a number.
    pub fn is_number(self) -> bool {
        matches!(self, Type::Int | Type::BigInt | Type::Numeric(_))
    }

    /// Whether it is text.
    pub fn is_text(self) -> bool {
        matches!(self, Type::Text | Type::Varchar(_) | Type::Char(_))
    }

    /// The name that error messages use (`format_type`).
    pub fn name(self) -> &'static str {
        match self {
            Type::Int => "integer",
            Type::BigInt => "bigint",
            Type::Numeric(_) => "numeric",
            Type::Text => "text",
            Type::Varchar(_) => "character varying",
            Type::Char(_) => "character",
            Type::Bool => "boolean",
            Type::Date => "date",
            Type::Timestamp => "timestamp without time zone",
            Type::Void => "void",
            Type::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Numeric(Some((precision, scale))) => write!(f, "numeric({precision}, {scale})"),
            Type::Varchar(size) => write!(f, "varchar({size})"),
            Type::Char(size) => write!(f, "char({size})"),
            Type::Timestamp => f.write_str("timestamp"),
            other => f.write_str(other.name()),
        }
    }
}

/// A value. `Eq` and `Hash` are those of states (1.0 and 1.00 differ); SQL compares with [`Value::compare`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Value {
    /// No value.
    Null,
    /// An integer of 4 bytes.
    Int(i32),
    /// An integer of 8 bytes.
    BigInt(i64),
    /// A decimal number.
    Numeric(Numeric),
    /// Text.
    Text(Arc<str>),
    /// A truth value.
    Bool(bool),
    /// Days since 2000-01-01.
    Date(i32),
    /// Microseconds since 2000-01-01.
    Timestamp(i64),
    /// What a function gives that gives nothing.
    Void,
}

impl Value {
    /// Text.
    pub fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    /// Whether it is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// As a decimal number, where it is a number.
    pub fn as_numeric(&self) -> Option<Numeric> {
        match self {
            Value::Int(value) => Some(Numeric::from(i64::from(*value))),
            Value::BigInt(value) => Some(Numeric::from(*value)),
            Value::Numeric(value) => Some(*value),
            _ => None,
        }
    }

    /// As an integer, where it is one.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Value::Int(value) => Some(i64::from(*value)),
            Value::BigInt(value) => Some(*value),
            _ => None,
        }
    }

    /// SQL's order between two values of types that compare; none where either is NULL. Text compares by code points (collation C).
    pub fn compare(&self, other: &Value) -> Option<Ordering> {
        match (self, other) {
            (Value::Null, _) | (_, Value::Null) => None,
            (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
            (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
            (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
            (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
            (Value::Timestamp(a), Value::Timestamp(b)) => Some(a.cmp(b)),
            (Value::Date(a), Value::Timestamp(b)) => Some((i64::from(*a) * date::DAY_US).cmp(b)),
            (Value::Timestamp(a), Value::Date(b)) => Some(a.cmp(&(i64::from(*b) * date::DAY_US))),
            (Value::Void, Value::Void) => Some(Ordering::Equal),
            _ => match (self.as_integer(), other.as_integer()) {
                (Some(a), Some(b)) => Some(a.cmp(&b)),
                _ => Some(self.as_numeric()?.compare(&other.as_numeric()?)),
            },
        }
    }

    /// The order of `ORDER BY` and of indexes: NULL behind everything.
    pub fn order(&self, other: &Value) -> Ordering {
        match (self.is_null(), other.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => self.compare(other).unwrap_or(Ordering::Equal),
        }
    }

    /// How many bytes it takes in a row of the heap at the given offset, alignment included; this decides which page a row is on.
    pub fn stored_end(&self, offset: u32) -> u32 {
        let aligned = |to: u32| offset.next_multiple_of(to);
        match self {
            Value::Null | Value::Void => offset,
            Value::Int(_) | Value::Date(_) => aligned(4) + 4,
            Value::BigInt(_) | Value::Timestamp(_) => aligned(8) + 8,
            Value::Bool(_) => offset + 1,
            Value::Text(text) if text.len() < 127 => offset + 1 + text.len() as u32,
            Value::Text(text) => aligned(4) + 4 + text.len() as u32,
            Value::Numeric(number) => offset + 3 + 2 * number.groups(),
        }
    }

    /// Turns a value into one of another type, as an assignment to a column does.
    pub fn cast(self, to: Type) -> Result<Value, SqlError> {
        Ok(match (self, to) {
            (Value::Null, _) => Value::Null,
            (value, Type::Unknown | Type::Void) => value,
            (value @ Value::Int(_), Type::Int)
            | (value @ Value::BigInt(_), Type::BigInt)
            | (value @ Value::Bool(_), Type::Bool)
            | (value @ Value::Date(_), Type::Date)
            | (value @ Value::Timestamp(_), Type::Timestamp)
            | (value @ Value::Text(_), Type::Text) => value,
            (Value::Int(value), Type::BigInt) => Value::BigInt(i64::from(value)),
            (Value::BigInt(value), Type::Int) => Value::Int(value.try_into().map_err(|_| out_of_range(Type::Int))?),
            (Value::Numeric(value), Type::Int | Type::BigInt) => {
                let whole = i64::try_from(value.round(0).unscaled()).map_err(|_| out_of_range(to))?;
                return if to == Type::Int { Value::BigInt(whole).cast(to) } else { Ok(Value::BigInt(whole)) };
            }
            (value @ (Value::Int(_) | Value::BigInt(_) | Value::Numeric(_)), Type::Numeric(limit)) => {
                let number = value.as_numeric().unwrap_or_default();
                Value::Numeric(limit.map_or(Ok(number), |(precision, scale)| number.limited(precision, scale))?)
            }
            (Value::Text(text), Type::Varchar(size)) => {
                if text.trim_end_matches(' ').chars().count() > usize::from(size) {
                    return Err(too_long(to, size));
                }
                Value::Text(text.chars().take(size.into()).collect::<String>().into())
            }
            (Value::Text(text), Type::Char(size)) => {
                let trimmed = text.trim_end_matches(' ');
                let length = trimmed.chars().count();
                if length > usize::from(size) {
                    return Err(too_long(to, size));
                }
                Value::Text(format!("{trimmed}{}", " ".repeat(usize::from(size) - length)).into())
            }
            (Value::Text(text), _) => return parse(&text, to),
            (Value::Date(days), Type::Timestamp) => Value::Timestamp(i64::from(days) * date::DAY_US),
            (Value::Timestamp(us), Type::Date) => Value::Date(us.div_euclid(date::DAY_US) as i32),
            (Value::Bool(value), Type::Int) => Value::Int(i32::from(value)),
            (Value::Int(value), Type::Bool) => Value::Bool(value != 0),
            (value, Type::Text | Type::Varchar(_) | Type::Char(_)) => return Value::text(&value.to_string()).cast(to),
            (value, _) => return Err(SqlError::new("42846", format!("cannot cast {value} to {}", to.name()))),
        })
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null | Value::Void => Ok(()),
            Value::Int(value) => write!(f, "{value}"),
            Value::BigInt(value) => write!(f, "{value}"),
            Value::Numeric(value) => write!(f, "{value}"),
            Value::Text(text) => f.write_str(text),
            Value::Bool(value) => f.write_str(if *value { "t" } else { "f" }),
            Value::Date(days) => f.write_str(&date::write(*days)),
            Value::Timestamp(us) => f.write_str(&date::write_timestamp(*us)),
        }
    }
}

/// Reads text as a value of a type, as the server's input functions do.
pub fn parse(text: &str, ty: Type) -> Result<Value, SqlError> {
    let trimmed = text.trim();
    let invalid = || SqlError::new("22P02", format!("invalid input syntax for type {}: \"{text}\"", ty.name()));
    Ok(match ty {
        Type::Int | Type::BigInt => {
            let digits = trimmed.strip_prefix(['-', '+']).unwrap_or(trimmed);
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(invalid());
            }
            let out_of_range =
                || SqlError::new("22003", format!("value \"{text}\" is out of range for type {}", ty.name()));
            let value: i64 = trimmed.parse().map_err(|_| out_of_range())?;
            if ty == Type::Int {
                Value::Int(value.try_into().map_err(|_| out_of_range())?)
            } else {
                Value::BigInt(value)
            }
        }
        Type::Numeric(limit) => {
            let number = Numeric::parse(trimmed).ok_or_else(invalid)?;
            Value::Numeric(limit.map_or(Ok(number), |(precision, scale)| number.limited(precision, scale))?)
        }
        Type::Bool => match trimmed.to_lowercase().as_str() {
            "t" | "true" | "y" | "yes" | "on" | "1" => Value::Bool(true),
            "f" | "false" | "n" | "no" | "off" | "0" => Value::Bool(false),
            _ => return Err(invalid()),
        },
        Type::Date => Value::Date(
            date::parse(trimmed)
                .ok_or_else(|| SqlError::new("22007", format!("invalid input syntax for type date: \"{text}\"")))?,
        ),
        Type::Timestamp => Value::Timestamp(
            date::parse_timestamp(trimmed).ok_or_else(|| SqlError::new("22007", invalid().message.to_string()))?,
        ),
        Type::Text | Type::Unknown | Type::Void => Value::text(text),
        Type::Varchar(_) | Type::Char(_) => Value::text(text).cast(ty)?,
    })
}

/// 22003 for an integer.
pub fn out_of_range(ty: Type) -> SqlError {
    SqlError::new("22003", format!("{} out of range", ty.name()))
}

fn too_long(ty: Type, size: u16) -> SqlError {
    SqlError::new("22001", format!("value too long for type {}({size})", ty.name()))
}
