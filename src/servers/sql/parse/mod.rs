//! From words to statements: a small recursive-descent parser. What it does not know is an error at its place that says what is supported.

mod ddl;
mod expr;
mod query;

use super::ast::{Delete, Insert, Level, Modes, Name, OnConflict, Rows, Statement, TableMode, Update};
use super::error::{Position, SyntaxError};
use super::lex::{Token, lex};

/// Deepest nesting of expressions and queries, so that no text can exhaust the stack.
pub const MAX_DEPTH: u32 = 64;

/// Longest text of SQL that is read, in bytes.
pub const MAX_TEXT: usize = 64 * 1024;

const STATEMENTS: &str = "supported are SELECT, INSERT, UPDATE, DELETE, CREATE TABLE, CREATE INDEX, DROP TABLE, BEGIN, \
    START TRANSACTION, SET, COMMIT, ROLLBACK, SAVEPOINT, RELEASE and LOCK TABLE";

/// Words that end an expression or a list, so that they are no alias.
const RESERVED: &[&str] = &[
    "all",
    "and",
    "any",
    "as",
    "asc",
    "between",
    "by",
    "case",
    "check",
    "constraint",
    "create",
    "cross",
    "default",
    "deferrable",
    "delete",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "exists",
    "false",
    "fetch",
    "for",
    "foreign",
    "from",
    "full",
    "group",
    "having",
    "in",
    "inner",
    "insert",
    "intersect",
    "into",
    "is",
    "join",
    "left",
    "like",
    "limit",
    "lock",
    "natural",
    "not",
    "null",
    "offset",
    "on",
    "or",
    "order",
    "outer",
    "primary",
    "references",
    "returning",
    "right",
    "select",
    "set",
    "table",
    "then",
    "to",
    "true",
    "union",
    "unique",
    "update",
    "using",
    "values",
    "when",
    "where",
    "window",
    "with",
    "begin",
    "commit",
    "rollback",
    "ilike",
    "collate",
    "some",
    "array",
    "cast",
];

/// Reads statements, separated by semicolons.
pub fn parse(text: &str) -> Result<Vec<Statement>, SyntaxError> {
    if text.len() > MAX_TEXT {
        return Err(SyntaxError::new(Position::START, format!("this text is longer than {MAX_TEXT} bytes")));
    }
    let mut parser = Parser { tokens: lex(text)?, next: 0, depth: 0 };
    let mut out = Vec::new();
    loop {
        while parser.eat_mark(";") {}
        if parser.peek() == &Token::End {
            return Ok(out);
        }
        out.push(parser.statement()?);
        if parser.peek() != &Token::End && !parser.eat_mark(";") {
            return Err(parser.unexpected("`;` or the end of the statement"));
        }
    }
}

struct Parser {
    /// Never empty: the last is [`Token::End`].
    tokens: Vec<(Token, Position)>,
    next: usize,
    depth: u32,
}

type Parsed<T> = Result<T, SyntaxError>;

impl Parser {
    fn at_offset(&self, offset: usize) -> &(Token, Position) {
        &self.tokens[(self.next + offset).min(self.tokens.len() - 1)]
    }

    fn peek(&self) -> &Token {
        &self.at_offset(0).0
    }

    fn position(&self) -> Position {
        self.at_offset(0).1
    }

    fn word_at(&self, offset: usize) -> Option<&str> {
        match &self.at_offset(offset).0 {
            Token::Word { text, quoted: false } => Some(text),
            _ => None,
        }
    }

    fn is_word(&self, word: &str) -> bool {
        self.word_at(0) == Some(word)
    }

    fn are_words(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(at, word)| self.word_at(at) == Some(word))
    }

    fn is_mark(&self, mark: &str) -> bool {
        matches!(self.peek(), Token::Mark(found) if *found == mark)
    }

    /// Takes all of these words, or none.
    fn eat(&mut self, words: &[&str]) -> bool {
        let found = self.are_words(words);
        if found {
            self.next += words.len();
        }
        found
    }

    fn eat_mark(&mut self, mark: &str) -> bool {
        let found = self.is_mark(mark);
        if found {
            self.next += 1;
        }
        found
    }

    fn expect(&mut self, words: &[&str]) -> Parsed<()> {
        if self.eat(words) { Ok(()) } else { Err(self.unexpected(&format!("`{}`", words.join(" ").to_uppercase()))) }
    }

    fn expect_mark(&mut self, mark: &str) -> Parsed<()> {
        if self.eat_mark(mark) { Ok(()) } else { Err(self.unexpected(&format!("`{mark}`"))) }
    }

    fn found(&self) -> String {
        match self.peek() {
            Token::Word { text, quoted: false } => format!("`{text}`"),
            Token::Word { text, quoted: true } => format!("`\"{text}\"`"),
            Token::Number(text) => format!("`{text}`"),
            Token::Text(text) => format!("`'{text}'`"),
            Token::Mark(mark) => format!("`{mark}`"),
            Token::End => "the end".to_owned(),
        }
    }

    fn unexpected(&self, wanted: &str) -> SyntaxError {
        SyntaxError::new(self.position(), format!("{wanted} is expected here, not {}", self.found()))
    }

    fn unsupported(&self, what: &str) -> SyntaxError {
        SyntaxError::new(self.position(), what)
    }

    /// A name: any word that is not reserved.
    fn name(&mut self) -> Parsed<Name> {
        match self.peek() {
            Token::Word { text, quoted } if *quoted || !RESERVED.contains(&text.as_str()) => {
                let text = text.clone();
                self.next += 1;
                Ok(text)
            }
            _ => Err(self.unexpected("a name")),
        }
    }

    fn table_name(&mut self) -> Parsed<Name> {
        let name = self.name()?;
        if self.is_mark(".") {
            return Err(self.unsupported("schemas are not supported: name the table alone"));
        }
        Ok(name)
    }

    fn names(&mut self) -> Parsed<Vec<Name>> {
        self.list(Parser::name)
    }

    fn names_in_parentheses(&mut self) -> Parsed<Vec<Name>> {
        self.expect_mark("(")?;
        let names = self.names()?;
        self.expect_mark(")")?;
        Ok(names)
    }

    fn list<T>(&mut self, one: impl Fn(&mut Parser) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut out = vec![one(self)?];
        while self.eat_mark(",") {
            out.push(one(self)?);
        }
        Ok(out)
    }

    /// `[AS] name`.
    fn alias(&mut self) -> Parsed<Option<Name>> {
        if self.eat(&["as"]) {
            return self.name().map(Some);
        }
        match self.peek() {
            Token::Word { text, quoted } if *quoted || !RESERVED.contains(&text.as_str()) => self.name().map(Some),
            _ => Ok(None),
        }
    }

    fn statement(&mut self) -> Parsed<Statement> {
        match self.word_at(0) {
            Some("select") => self.query().map(Statement::Select),
            Some("insert") => self.insert(),
            Some("update") => self.update(),
            Some("delete") => self.delete(),
            Some("create") => self.create(),
            Some("drop") => self.drop(),
            Some("begin") => {
                self.next += 1;
                let _ = self.eat(&["work"]) || self.eat(&["transaction"]);
                Ok(Statement::Begin { modes: self.modes(false)?, start: false })
            }
            Some("start") => {
                self.expect(&["start", "transaction"])?;
                Ok(Statement::Begin { modes: self.modes(false)?, start: true })
            }
            Some("set") => self.set(),
            Some("commit" | "end") => {
                self.next += 1;
                let _ = self.eat(&["work"]) || self.eat(&["transaction"]);
                Ok(Statement::Commit)
            }
            Some("rollback" | "abort") => self.rollback(),
            Some("savepoint") => {
                self.next += 1;
                Ok(Statement::Savepoint(self.name()?))
            }
            Some("release") => {
                self.next += 1;
                self.eat(&["savepoint"]);
                Ok(Statement::Release(self.name()?))
            }
            Some("lock") => self.lock(),
            _ if self.is_mark("(") => Err(self.unsupported("a statement in parentheses is not supported")),
            _ => Err(self.unsupported(&format!("{} begins no statement known here: {STATEMENTS}", self.found()))),
        }
    }

    fn rollback(&mut self) -> Parsed<Statement> {
        self.next += 1;
        let _ = self.eat(&["work"]) || self.eat(&["transaction"]);
        if self.eat(&["to"]) {
            self.eat(&["savepoint"]);
            return Ok(Statement::RollbackTo(self.name()?));
        }
        Ok(Statement::Rollback)
    }

    /// Transaction modes, with commas or without; at least one where `some`.
    fn modes(&mut self, some: bool) -> Parsed<Modes> {
        let mut modes = Modes::default();
        let mut first = true;
        loop {
            if !first {
                self.eat_mark(",");
            }
            if self.eat(&["isolation", "level"]) {
                modes.level = Some(self.level()?);
            } else if self.eat(&["read", "only"]) {
                modes.read_only = Some(true);
            } else if self.eat(&["read", "write"]) {
                modes.read_only = Some(false);
            } else if self.eat(&["deferrable"]) {
                modes.deferrable = Some(true);
            } else if self.eat(&["not", "deferrable"]) {
                modes.deferrable = Some(false);
            } else if first && some {
                return Err(self.unexpected("ISOLATION LEVEL, READ ONLY, READ WRITE or [NOT] DEFERRABLE"));
            } else {
                return Ok(modes);
            }
            first = false;
        }
    }

    fn level(&mut self) -> Parsed<Level> {
        let found = Level::ALL.into_iter().find(|level| {
            let words: Vec<String> = level.words().split(' ').map(str::to_lowercase).collect();
            self.eat(&words.iter().map(String::as_str).collect::<Vec<_>>())
        });
        found.ok_or_else(|| self.unexpected("READ UNCOMMITTED, READ COMMITTED, REPEATABLE READ or SERIALIZABLE"))
    }

    fn set(&mut self) -> Parsed<Statement> {
        self.expect(&["set"])?;
        if self.eat(&["session", "characteristics", "as", "transaction"]) {
            return Ok(Statement::SetSession(self.modes(true)?));
        }
        if self.eat(&["session", "transaction"]) {
            return Ok(Statement::SetSession(self.modes(true)?));
        }
        if self.eat(&["transaction"]) {
            return Ok(Statement::SetTransaction(self.modes(true)?));
        }
        let local = self.eat(&["local"]);
        if !local {
            self.eat(&["session"]);
        }
        let name = self.name()?;
        if !self.eat_mark("=") && !self.eat(&["to"]) {
            return Err(self.unexpected("`=` or `TO`"));
        }
        let value = match self.peek() {
            Token::Text(text) | Token::Number(text) | Token::Word { text, .. } => text.clone(),
            _ => return Err(self.unexpected("a value")),
        };
        self.next += 1;
        Ok(Statement::Set { name, value, local })
    }

    fn lock(&mut self) -> Parsed<Statement> {
        self.expect(&["lock"])?;
        self.eat(&["table"]);
        let names = self.list(Parser::table_name)?;
        let mut mode = TableMode::AccessExclusive;
        if self.eat(&["in"]) {
            let found = TableMode::ALL.into_iter().find(|mode| {
                let words: Vec<String> = mode.words().split(' ').map(str::to_lowercase).collect();
                let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
                words.push("mode");
                self.eat(&words)
            });
            mode = found.ok_or_else(|| self.unexpected("a lock mode such as ACCESS EXCLUSIVE MODE"))?;
        }
        Ok(Statement::LockTable { names, mode, nowait: self.eat(&["nowait"]) })
    }

    fn insert(&mut self) -> Parsed<Statement> {
        self.expect(&["insert", "into"])?;
        let table = self.table_name()?;
        let alias = if self.eat(&["as"]) { Some(self.name()?) } else { None };
        let columns = if self.is_mark("(") && self.word_at(1) != Some("select") {
            self.names_in_parentheses()?
        } else {
            Vec::new()
        };
        let rows = if self.eat(&["default", "values"]) {
            Rows::Defaults
        } else if self.eat(&["values"]) {
            Rows::Values(self.list(Parser::row)?)
        } else if self.eat_mark("(") {
            let query = self.query()?;
            self.expect_mark(")")?;
            Rows::Query(Box::new(query))
        } else if self.is_word("select") {
            Rows::Query(Box::new(self.query()?))
        } else {
            return Err(self.unexpected("VALUES, DEFAULT VALUES or SELECT"));
        };
        let on_conflict = if self.eat(&["on", "conflict"]) { Some(self.on_conflict()?) } else { None };
        Ok(Statement::Insert(Insert { table, alias, columns, rows, on_conflict, returning: self.returning()? }))
    }

    fn row(&mut self) -> Parsed<Vec<Option<super::ast::Expr>>> {
        self.expect_mark("(")?;
        let row = self.list(Parser::value_or_default)?;
        self.expect_mark(")")?;
        Ok(row)
    }

    fn value_or_default(&mut self) -> Parsed<Option<super::ast::Expr>> {
        if self.eat(&["default"]) { Ok(None) } else { self.expr().map(Some) }
    }

    fn on_conflict(&mut self) -> Parsed<OnConflict> {
        let columns = if self.is_mark("(") { self.names_in_parentheses()? } else { Vec::new() };
        if self.is_word("on") {
            return Err(self.unsupported("ON CONFLICT takes columns here, not ON CONSTRAINT"));
        }
        if self.eat(&["do", "nothing"]) {
            return Ok(OnConflict { columns, update: None });
        }
        if columns.is_empty() {
            return Err(self.unexpected("DO NOTHING, or columns and then DO UPDATE"));
        }
        self.expect(&["do", "update", "set"])?;
        let set = self.list(Parser::assignment)?;
        let filter = if self.eat(&["where"]) { Some(self.expr()?) } else { None };
        Ok(OnConflict { columns, update: Some((set, filter)) })
    }

    fn assignment(&mut self) -> Parsed<(Name, Option<super::ast::Expr>)> {
        if self.is_mark("(") {
            return Err(self.unsupported("SET takes one column at a time here, not a list in parentheses"));
        }
        let column = self.name()?;
        self.expect_mark("=")?;
        Ok((column, self.value_or_default()?))
    }

    fn returning(&mut self) -> Parsed<Vec<super::ast::Item>> {
        if self.eat(&["returning"]) { self.list(Parser::item) } else { Ok(Vec::new()) }
    }

    fn update(&mut self) -> Parsed<Statement> {
        self.expect(&["update"])?;
        let table = self.table_name()?;
        let alias = self.alias()?;
        self.expect(&["set"])?;
        let set = self.list(Parser::assignment)?;
        if self.is_word("from") {
            return Err(self.unsupported("UPDATE … FROM is not supported: use a subquery"));
        }
        let filter = if self.eat(&["where"]) { Some(self.expr()?) } else { None };
        Ok(Statement::Update(Update { table, alias, set, filter, returning: self.returning()? }))
    }

    fn delete(&mut self) -> Parsed<Statement> {
        self.expect(&["delete", "from"])?;
        let table = self.table_name()?;
        let alias = self.alias()?;
        if self.is_word("using") {
            return Err(self.unsupported("DELETE … USING is not supported: use a subquery"));
        }
        let filter = if self.eat(&["where"]) { Some(self.expr()?) } else { None };
        Ok(Statement::Delete(Delete { table, alias, filter, returning: self.returning()? }))
    }
}
