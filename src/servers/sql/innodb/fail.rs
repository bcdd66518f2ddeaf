//! Errors in MariaDB's words (its documentation, "MariaDB Error Codes").

use crate::servers::sql::error::SqlError;
use crate::servers::sql::value::Value;

/// An error with its number, SQLSTATE and message.
pub(super) fn error(number: u16, code: &'static str, message: impl Into<String>) -> SqlError {
    SqlError { number, ..SqlError::new(code, message) }
}

pub(super) const DEADLOCK: u16 = 1213;

pub(super) fn deadlock() -> SqlError {
    error(DEADLOCK, "40001", "Deadlock found when trying to get lock; try restarting transaction")
}

pub(super) fn timeout() -> SqlError {
    error(1205, "HY000", "Lock wait timeout exceeded; try restarting transaction")
}

pub(super) fn syntax(near: &str) -> SqlError {
    let message =
        "You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version";
    error(1064, "42000", format!("{message} for the right syntax to use near '{near}'"))
}

pub(super) fn duplicate(key: &[Value], index: &str) -> SqlError {
    error(1062, "23000", format!("Duplicate entry '{}' for key '{index}'", self::key(key)))
}

/// A key as messages have it.
pub(super) fn key(values: &[Value]) -> String {
    let texts: Vec<String> =
        values.iter().map(|value| if value.is_null() { "NULL".to_owned() } else { value.to_string() }).collect();
    texts.join("-")
}

/// An error of the parts that all engines share, under MariaDB's number for it.
pub(super) fn translated(found: SqlError) -> SqlError {
    let (number, code) = match (found.number, found.code) {
        (0, "42P01") => (1146, "42S02"),
        (0, "42703") => (1054, "42S22"),
        (0, "42702") => (1052, "23000"),
        (0, "42P07") => (1050, "42S01"),
        (0, "21000") => (1242, "21000"),
        (0, "22012") => (1365, "22012"),
        (0, "22003") => (1264, "22003"),
        (0, "22001") => (1406, "22001"),
        (0, "42601") => (1136, "21S01"),
        (0, "42803") => (1140, "42000"),
        (number, code) => (number, code),
    };
    SqlError { number, code, ..found }
}
