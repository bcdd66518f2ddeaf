//! The file format: setup, teardown, sessions with steps, permutations.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::servers::sql::ast::Statement;
use crate::servers::sql::error::{Position, SyntaxError};
use crate::servers::sql::parse::parse as parse_sql;

/// Longest file that is read, in bytes.
const MAX_FILE: usize = 256 * 1024;

/// Most sessions of a file.
pub const MAX_SESSIONS: usize = 16;

/// SQL between braces.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sql {
    /// As it is written, without the blanks around it.
    pub text: String,
    /// As it is understood.
    pub statements: Arc<[Statement]>,
    /// Where it begins.
    pub at: Position,
}

/// A step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// Name.
    pub name: String,
    /// What it runs.
    pub sql: Sql,
}

/// A session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// Name.
    pub name: String,
    /// What it runs before the steps.
    pub setup: Option<Sql>,
    /// Steps in order.
    pub steps: Vec<Step>,
    /// What it runs after the steps.
    pub teardown: Option<Sql>,
}

/// What holds back the report that a step is done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Blocker {
    /// `*`: the step is reported as waiting when it is launched, though it may be done.
    Launched,
    /// Another step (its place among all) is to be reported first.
    Step(usize),
    /// Another step is to have caused so many more notices first.
    Notices(usize, u32),
}

/// A step of a permutation: its place among all steps of all sessions, and what holds it back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Launch {
    /// Which step.
    pub step: usize,
    /// What holds back its report.
    pub blockers: Vec<Blocker>,
}

/// A file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Spec {
    /// What is run before each permutation, in pieces.
    pub setup: Vec<Sql>,
    /// What is run after each permutation.
    pub teardown: Option<Sql>,
    /// Sessions.
    pub sessions: Vec<Session>,
    /// Permutations; all there are where empty.
    pub permutations: Vec<Vec<Launch>>,
}

impl Spec {
    /// All steps: session and step within it.
    pub fn steps(&self) -> Vec<(usize, &Step)> {
        self.sessions
            .iter()
            .enumerate()
            .flat_map(|(at, session)| session.steps.iter().map(move |step| (at, step)))
            .collect()
    }
}

enum Word {
    Name(String),
    Sql(String),
    Mark(char),
    Number(u32),
    End,
}

struct Reader<'a> {
    rest: &'a str,
    at: Position,
    word: Word,
    /// Where the word begins.
    begins: Position,
}

type Parsed<T> = Result<T, SyntaxError>;

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Parsed<Reader<'a>> {
        let mut reader = Reader { rest: text, at: Position::START, word: Word::End, begins: Position::START };
        reader.next()?;
        Ok(reader)
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        if c == '\n' {
            self.at = Position { line: self.at.line + 1, column: 1 };
        } else {
            self.at.column += 1;
        }
        Some(c)
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Parsed<()> {
        loop {
            match self.peek() {
                Some('#') => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.bump();
                    }
                }
                Some(c) if c.is_whitespace() => {
                    self.bump();
                }
                _ => break,
            }
        }
        self.begins = self.at;
        self.word = match self.peek() {
            None => Word::End,
            Some('{') => {
                self.bump();
                while self.peek().is_some_and(char::is_whitespace) {
                    self.bump();
                }
                let opened = std::mem::replace(&mut self.begins, self.at);
                let mut text = String::new();
                loop {
                    match self.bump() {
                        Some('}') => break,
                        Some(c) => text.push(c),
                        None => return Err(SyntaxError::new(opened, "this `{` is never closed with `}`")),
                    }
                }
                text.truncate(text.trim_end().len());
                Word::Sql(text)
            }
            Some('"') => {
                self.bump();
                let mut text = String::new();
                loop {
                    match self.bump() {
                        Some('"') if self.peek() == Some('"') => {
                            self.bump();
                            text.push('"');
                        }
                        Some('"') => break,
                        Some(c) if c != '\n' => text.push(c),
                        _ => return Err(SyntaxError::new(self.begins, "this name is never closed with `\"`")),
                    }
                }
                Word::Name(text)
            }
            Some(c) if c.is_ascii_digit() => {
                let mut digits = String::new();
                while let Some(c) = self.peek().filter(char::is_ascii_digit) {
                    digits.push(c);
                    self.bump();
                }
                let number = digits.parse().ok().filter(|number| *number <= i32::MAX as u32);
                Word::Number(number.ok_or_else(|| SyntaxError::new(self.begins, "this number is too large"))?)
            }
            Some(c) if c.is_alphabetic() || c == '_' => {
                let mut text = String::new();
                while let Some(c) = self.peek().filter(|c| c.is_alphanumeric() || *c == '_' || *c == '$') {
                    text.push(c);
                    self.bump();
                }
                Word::Name(text)
            }
            Some(c @ ('(' | ')' | ',' | '*')) => {
                self.bump();
                Word::Mark(c)
            }
            Some(c) => return Err(SyntaxError::new(self.begins, format!("`{c}` means nothing here"))),
        };
        Ok(())
    }

    fn is(&self, keyword: &str) -> bool {
        matches!(&self.word, Word::Name(name) if name == keyword)
    }

    fn unexpected<T>(&self, wanted: &str) -> Parsed<T> {
        let found = match &self.word {
            Word::Name(name) => format!("`{name}`"),
            Word::Sql(_) => "`{`".to_owned(),
            Word::Mark(mark) => format!("`{mark}`"),
            Word::Number(number) => format!("`{number}`"),
            Word::End => "the end of the file".to_owned(),
        };
        Err(SyntaxError::new(self.begins, format!("{wanted} is expected here, not {found}")))
    }

    fn name(&mut self, what: &str) -> Parsed<String> {
        let Word::Name(name) = &self.word else { return self.unexpected(what) };
        let name = name.clone();
        self.next()?;
        Ok(name)
    }

    fn sql(&mut self) -> Parsed<Sql> {
        let Word::Sql(text) = &self.word else { return self.unexpected("SQL in braces") };
        let text = text.clone();
        let statements = parse_sql(&text).map_err(|error| SyntaxError { at: error.at.within(self.begins), ..error })?;
        let at = self.begins;
        self.next()?;
        Ok(Sql { text, statements: statements.into(), at })
    }
}

/// Reads a file.
pub fn parse(text: &str) -> Result<Spec, SyntaxError> {
    if text.len() > MAX_FILE {
        return Err(SyntaxError::new(Position::START, format!("this file is longer than {MAX_FILE} bytes")));
    }
    let mut reader = Reader::new(text)?;
    let mut spec = Spec::default();
    while reader.is("setup") {
        reader.next()?;
        let sql = reader.sql()?;
        spec.setup.push(sql);
    }
    if reader.is("teardown") {
        reader.next()?;
        spec.teardown = Some(reader.sql()?);
    }
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    while reader.is("session") {
        if spec.sessions.len() == MAX_SESSIONS {
            return reader.unexpected(&format!("a file has at most {MAX_SESSIONS} sessions; a permutation or the end"));
        }
        let session = session(&mut reader, &mut places)?;
        spec.sessions.push(session);
    }
    if spec.sessions.is_empty() {
        return reader.unexpected("setup, teardown or session");
    }
    while reader.is("permutation") {
        reader.next()?;
        let mut launches = Vec::new();
        while matches!(reader.word, Word::Name(_)) && !reader.is("permutation") {
            let launch = launch(&mut reader, &places)?;
            launches.push(launch);
        }
        if launches.is_empty() {
            return reader.unexpected("the name of a step");
        }
        spec.permutations.push(launches);
    }
    if !matches!(reader.word, Word::End) {
        return reader.unexpected("session, permutation or the end of the file");
    }
    Ok(spec)
}

fn session(reader: &mut Reader, places: &mut BTreeMap<String, usize>) -> Parsed<Session> {
    reader.next()?;
    let mut session =
        Session { name: reader.name("the name of a session")?, setup: None, steps: Vec::new(), teardown: None };
    if reader.is("setup") {
        reader.next()?;
        session.setup = Some(reader.sql()?);
    }
    while reader.is("step") {
        reader.next()?;
        let at = reader.begins;
        let name = reader.name("the name of a step")?;
        if places.insert(name.clone(), places.len()).is_some() {
            return Err(SyntaxError::new(at, format!("there are two steps named `{name}`")));
        }
        session.steps.push(Step { name, sql: reader.sql()? });
    }
    if session.steps.is_empty() {
        return reader.unexpected("step");
    }
    if reader.is("teardown") {
        reader.next()?;
        session.teardown = Some(reader.sql()?);
    }
    Ok(session)
}

fn place(reader: &mut Reader, places: &BTreeMap<String, usize>) -> Parsed<usize> {
    let at = reader.begins;
    let name = reader.name("the name of a step")?;
    places.get(&name).copied().ok_or_else(|| SyntaxError::new(at, format!("there is no step named `{name}`")))
}

fn launch(reader: &mut Reader, places: &BTreeMap<String, usize>) -> Parsed<Launch> {
    let mut launch = Launch { step: place(reader, places)?, blockers: Vec::new() };
    if !matches!(reader.word, Word::Mark('(')) {
        return Ok(launch);
    }
    reader.next()?;
    loop {
        if matches!(reader.word, Word::Mark('*')) {
            reader.next()?;
            launch.blockers.push(Blocker::Launched);
        } else {
            let other = place(reader, places)?;
            if reader.is("notices") {
                reader.next()?;
                let Word::Number(count) = reader.word else { return reader.unexpected("a number of notices") };
                reader.next()?;
                launch.blockers.push(Blocker::Notices(other, count));
            } else {
                launch.blockers.push(Blocker::Step(other));
            }
        }
        match reader.word {
            Word::Mark(',') => reader.next()?,
            Word::Mark(')') => break,
            _ => return reader.unexpected("`,` or `)`"),
        }
    }
    reader.next()?;
    Ok(launch)
}
