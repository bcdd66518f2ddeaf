//! What the simulated databases have in common: sessions that are sent statements, answer, and wait for each other.

use std::sync::Arc;

use super::answer::Answer;
use super::ast::{Level, Statement};
use super::error::SqlError;
use super::history::History;
use super::innodb::Innodb;
use super::postgres::Postgres;
use super::schema::{Row, Table};
use super::textbook::Textbook;

/// Number of a session, from 0.
pub type SessionId = u16;

/// Most sessions of a database.
pub const MAX_SESSIONS: usize = 64;

/// What a session waits for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waiting {
    /// The lock, in words.
    pub on: String,
    /// Who holds it, or is ahead in the queue.
    pub by: Vec<SessionId>,
}

/// A database with its sessions. It has no clock: whoever drives it tells a session when it has waited for so long that it does something about it.
pub trait Engine {
    /// Opens a session.
    fn connect(&mut self) -> Result<SessionId, SqlError>;

    /// The level of transactions that name none.
    fn set_default_level(&mut self, session: SessionId, level: Level);

    /// Sends statements to a session that is not busy. What comes back are the answers of all sessions that finished by it, in the order in which they did; a
    /// session that is not among them waits. To a busy session nothing can be sent: that is an error of the caller, told as one of the server.
    fn execute(&mut self, session: SessionId, statements: Arc<[Statement]>) -> Vec<(SessionId, Answer)>;

    /// What a session waits for, if it does.
    fn waiting(&self, session: SessionId) -> Option<Waiting>;

    /// For how long a session waits before it acts by itself, in milliseconds, and whether it does so but once in a wait.
    fn patience_ms(&self, session: SessionId) -> u64;

    /// A session has waited for as long as its patience is. Gives the answers of all sessions that finished by it.
    fn lose_patience(&mut self, session: SessionId) -> Vec<(SessionId, Answer)>;

    /// Stops what a session is waiting for, as a cancel request does.
    fn cancel(&mut self, session: SessionId) -> Vec<(SessionId, Answer)>;

    /// Whether a session is in a transaction block.
    fn in_transaction(&self, session: SessionId) -> bool;

    /// What was read, written, committed and rolled back so far.
    fn history(&self) -> &History;

    /// Forgets the history so far.
    fn clear_history(&mut self);

    /// Its tables, in order of creation.
    fn tables(&self) -> Vec<&Table> {
        Vec::new()
    }

    /// Who has locked which rows, in order of tables and rows.
    fn row_locks(&self) -> Vec<RowLock> {
        Vec::new()
    }
}

/// A lock on a row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RowLock {
    /// Whose.
    pub session: SessionId,
    /// Id of the table.
    pub table: u32,
    /// The values of the row as it was locked.
    pub row: Row,
    /// Its mode, as the server names it.
    pub mode: &'static str,
}

/// Which engine.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// PostgreSQL 15.
    Postgres,
    /// InnoDB, as in MariaDB 10.11.
    Innodb,
    /// Two-phase locking, as books have it.
    Textbook,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 3] = [Kind::Postgres, Kind::Innodb, Kind::Textbook];

    /// Its name on the command line and in links.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Postgres => "postgres",
            Kind::Innodb => "innodb",
            Kind::Textbook => "textbook",
        }
    }

    /// What it is a simulation of.
    pub const fn title(self) -> &'static str {
        match self {
            Kind::Postgres => "PostgreSQL 15",
            Kind::Innodb => "InnoDB (MariaDB 10.11)",
            Kind::Textbook => "Textbook (two-phase locking)",
        }
    }

    /// The level of transactions where nobody names one.
    pub fn default_level(self) -> Level {
        match self {
            Kind::Postgres => Level::ReadCommitted,
            Kind::Innodb => Level::RepeatableRead,
            // That of the SQL standard.
            Kind::Textbook => Level::Serializable,
        }
    }

    /// The levels that it has, weakest first.
    pub fn levels(self) -> &'static [Level] {
        match self {
            Kind::Postgres | Kind::Innodb => &Level::ALL,
            Kind::Textbook => &Level::TEXTBOOK,
        }
    }

    /// An empty database.
    pub fn database(self) -> Database {
        match self {
            Kind::Postgres => Database::Postgres(Postgres::new()),
            Kind::Innodb => Database::Innodb(Innodb::new()),
            Kind::Textbook => Database::Textbook(Textbook::new()),
        }
    }
}

/// A database of some engine, as a value.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Database {
    /// PostgreSQL 15.
    Postgres(Postgres),
    /// InnoDB, as in MariaDB 10.11.
    Innodb(Innodb),
    /// Two-phase locking.
    Textbook(Textbook),
}

impl Database {
    /// To ask.
    pub fn engine(&self) -> &dyn Engine {
        match self {
            Database::Postgres(database) => database,
            Database::Innodb(database) => database,
            Database::Textbook(database) => database,
        }
    }

    /// What a session would find now if all others had rolled back what is open, whatever its level: a copy, to ask.
    pub fn committed(&self, asker: SessionId) -> Database {
        let mut copy = self.clone();
        if let Database::Textbook(database) = &mut copy {
            // It keeps no older versions: what is open is undone, as it would be after a crash.
            database.roll_back_all();
        }
        copy.engine_mut().set_default_level(asker, Level::ReadCommitted);
        copy
    }

    /// To act.
    pub fn engine_mut(&mut self) -> &mut dyn Engine {
        match self {
            Database::Postgres(database) => database,
            Database::Innodb(database) => database,
            Database::Textbook(database) => database,
        }
    }
}
