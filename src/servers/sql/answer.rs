//! What a server answers.

use std::sync::Arc;

use super::ast::Name;
use super::error::SqlError;
use super::schema::Row;

/// The answers to what was sent to a session at once.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Answer {
    /// One for each statement, up to the first that failed.
    pub replies: Vec<Reply>,
    /// Remarks beside them.
    pub notices: Vec<Notice>,
}

impl Answer {
    /// The error, if a statement failed.
    pub fn error(&self) -> Option<&SqlError> {
        self.replies.iter().find_map(|reply| if let Reply::Error(error) = reply { Some(error) } else { None })
    }
}

/// The answer to a statement.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Reply {
    /// Rows.
    Rows(Rows),
    /// It is done: the command tag, such as `UPDATE 1`.
    Done(Arc<str>),
    /// It failed.
    Error(SqlError),
}

/// Rows under their names.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Rows {
    /// Names of the columns.
    pub columns: Arc<[Name]>,
    /// The rows.
    pub rows: Vec<Row>,
    /// The command tag, such as `SELECT 2`.
    pub tag: Arc<str>,
}

/// A remark of a server.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Notice {
    /// `NOTICE` or `WARNING`.
    pub severity: &'static str,
    /// The text.
    pub message: Arc<str>,
}
