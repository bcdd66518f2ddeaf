//! A member's database: a textbook one, asked one transaction at a time, so that nobody ever waits for a lock in it.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::program::{Memory, Word};
use super::value::keep;
use crate::servers::sql::answer::{Answer, Reply};
use crate::servers::sql::ast::Statement;
use crate::servers::sql::engine::{Engine, SessionId};
use crate::servers::sql::parse::parse;
use crate::servers::sql::schema::{Row, Table};
use crate::servers::sql::textbook::Textbook;
use crate::servers::sql::value::Value;

/// The only session.
const SESSION: SessionId = 0;
/// Where the number of rows found or changed is put.
const ROWS: &str = "rows";
/// Where the code of an error is put, or nothing where all went well.
pub const ERROR: &str = "error";

/// A database. Two of them that hold the same rows are alike, whatever they went through.
#[derive(Clone, Debug)]
pub struct Store {
    database: Textbook,
}

impl PartialEq for Store {
    fn eq(&self, other: &Store) -> bool {
        let (mut own, mut others) = (self.database.contents(), other.database.contents());
        loop {
            match (own.next(), others.next()) {
                (None, None) => return true,
                (Some((_, rows)), Some((_, other))) if rows.clone().eq(other.clone()) => {}
                _ => return false,
            }
        }
    }
}

impl Eq for Store {}

impl Hash for Store {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for (table, rows) in self.database.contents() {
            (table.id, rows.clone().count()).hash(state);
            rows.for_each(|row| row.hash(state));
        }
    }
}

impl Store {
    /// A database that these statements have made.
    ///
    /// # Errors
    /// Where one of them fails: why.
    pub fn new(schema: &Arc<[Statement]>) -> Result<Store, String> {
        let mut database = Textbook::new();
        database.connect().map_err(|error| error.to_string())?;
        let mut store = Store { database };
        if schema.is_empty() {
            return Ok(store);
        }
        let answer = store.ask(Arc::clone(schema));
        match answer.error() {
            Some(error) => Err(error.to_string()),
            None => Ok(store),
        }
    }

    fn ask(&mut self, statements: Arc<[Statement]>) -> Answer {
        let answers = self.database.execute(SESSION, statements);
        self.database.clear_history();
        answers.into_iter().next().map(|(_, answer)| answer).unwrap_or_default()
    }

    /// Runs statements as one transaction: all of them, or none. Gives what comes into memory of whoever asked: the first row's values by their
    /// columns, `rows`, and `error`.
    pub fn run(&mut self, texts: &[String]) -> Memory {
        let mut found = Memory::new();
        let all = texts.join("; ");
        let all = if texts.len() > 1 { format!("BEGIN; {all}; COMMIT") } else { all };
        let statements = match parse(&all) {
            Ok(statements) => statements,
            Err(error) => {
                keep(&mut found, ERROR, error.to_string().into());
                return found;
            }
        };
        let answer = self.ask(statements.into());
        if self.database.in_transaction(SESSION) {
            self.ask(Arc::from([Statement::Rollback]));
        }
        keep(&mut found, ERROR, Word::default());
        for reply in &answer.replies {
            remember(&mut found, reply);
        }
        found
    }

    /// The first value of the first row of an answer, as text; none where there is no row.
    pub fn first(&self, query: &Arc<[Statement]>) -> Option<String> {
        let mut copy = self.clone();
        match copy.ask(Arc::clone(query)).replies.first() {
            Some(Reply::Rows(rows)) => rows.rows.first()?.first().map(ToString::to_string),
            _ => None,
        }
    }

    /// What is wrong with a query, if anything is.
    pub fn fault(&self, query: &Arc<[Statement]>) -> Option<String> {
        self.clone().ask(Arc::clone(query)).error().map(ToString::to_string)
    }

    /// The same as a number; 0 where there is none.
    pub fn number(&self, query: &Arc<[Statement]>) -> i64 {
        self.first(query).and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// Its tables with their rows.
    pub fn contents(&self) -> impl Iterator<Item = (&Table, impl Iterator<Item = &Row> + Clone)> {
        self.database.contents()
    }
}

/// Keeps what a reply says.
fn remember(found: &mut Memory, reply: &Reply) {
    match reply {
        Reply::Rows(rows) => {
            for (at, name) in rows.columns.iter().enumerate() {
                let value = rows.rows.first().and_then(|row| row.get(at)).map(text).unwrap_or_default();
                keep(found, name, value);
            }
            keep(found, ROWS, rows.rows.len().to_string().into());
        }
        Reply::Done(tag) => {
            if let Some(count) = tag.rsplit(' ').next().filter(|count| count.parse::<u32>().is_ok()) {
                keep(found, ROWS, count.into());
            }
        }
        Reply::Error(error) => {
            keep(found, ROWS, "0".into());
            keep(found, ERROR, error.code.into());
        }
    }
}

fn text(value: &Value) -> Word {
    match value {
        Value::Null | Value::Void => Word::default(),
        other => other.to_string().into(),
    }
}
