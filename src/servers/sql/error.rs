//! Errors: of the text (before anything runs), and of the server (with a SQLSTATE).

use std::sync::Arc;

use thiserror::Error;

/// Where in a text something stands. Both count from 1; a column is a character, not a byte.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Position {
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

impl Position {
    /// The first character of a text.
    pub const START: Position = Position { line: 1, column: 1 };

    /// Where a position within a piece of text stands in the whole, given where the piece begins.
    #[must_use]
    pub fn within(self, piece: Position) -> Position {
        if self.line == 1 {
            Position { line: piece.line, column: piece.column + self.column - 1 }
        } else {
            Position { line: piece.line + self.line - 1, column: self.column }
        }
    }
}

/// A text that is not SQL as it is understood here.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("line {}, column {}: {message}", at.line, at.column)]
pub struct SyntaxError {
    /// Where.
    pub at: Position,
    /// What is wrong, and what is supported instead.
    pub message: String,
}

impl SyntaxError {
    /// An error at a position.
    pub fn new(at: Position, message: impl Into<String>) -> SyntaxError {
        SyntaxError { at, message: message.into() }
    }
}

/// An error that a server raises: five characters of SQLSTATE (PostgreSQL manual, appendix A) and the primary message in the server's words.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Error)]
#[error("{code}: {message}")]
pub struct SqlError {
    /// The server's own number for it (MariaDB); 0 where it has none.
    pub number: u16,
    /// SQLSTATE.
    pub code: &'static str,
    /// Primary message.
    pub message: Arc<str>,
}

impl SqlError {
    /// An error of a server.
    pub fn new(code: &'static str, message: impl Into<String>) -> SqlError {
        SqlError { number: 0, code, message: message.into().into() }
    }

    /// As the server's own client prints it: `ERROR:  message` (psql), or `ERROR 1213 (40001): message` (mariadb).
    pub fn printed(&self) -> String {
        if self.number == 0 {
            return format!("ERROR:  {}", self.message);
        }
        format!("ERROR {} ({}): {}", self.number, self.code, self.message)
    }

    /// What the real server may well do, and this one does not: 0A000. It never differs silently.
    pub fn unsupported(what: impl AsRef<str>) -> SqlError {
        SqlError::new("0A000", format!("not supported in this simulation: {}", what.as_ref()))
    }
}
