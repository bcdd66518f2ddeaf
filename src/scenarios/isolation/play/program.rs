//! What an application does with the answers: lines of a script that begin with `#>`, which the isolation tester takes for comments.
//!
//! ```text
//! session ada
//! #> let bucket = 2                                            before the first step: what it has in memory
//! #> synchronized server 1                                     no two sessions of one such lock are under way at once
//! step read { SELECT quantity, version FROM inventory; }       what is found stands in its memory: $quantity, $version, and $rows, how many
//! #> if $quantity <= 0: stop, sold out                         behind a step: what follows from its answer
//! step take { UPDATE inventory SET quantity = quantity - 1, version = version + 1 WHERE version = $version; }
//! #> if $rows = 0: again from read, at most 3 attempts, after 100 ms
//! #> on 40001: again from read, at most 3 attempts
//! #> set bucket = $bucket - 1
//! #> if $bucket > 0: go to read
//! ```
//!
//! Whoever begins again or stops gives up a transaction that is open. The wait before an attempt doubles with each.

use crate::servers::sql::answer::{Answer, Reply};
use crate::servers::sql::error::{Position, SyntaxError};
use crate::servers::sql::value::Value;

/// Begins a line of a program.
const MARK: &str = "#>";
/// The name under which the number of rows found or changed is known.
const ROWS: &str = "rows";
/// Stands for any error.
const ANY: &str = "error";
/// Most attempts, so that every run ends.
const MAX_ATTEMPTS: i64 = 9;
/// Longest wait before an attempt, in ms.
const MAX_WAIT_MS: i64 = 60_000;
/// How often a wait doubles at most.
const MAX_DOUBLINGS: u16 = 5;

/// What a session has in memory, by name, as it is written in SQL.
pub type Memory = Vec<(String, String)>;

/// A number, or what is in memory.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Operand {
    Number(i64),
    Name(String),
}

/// When something follows.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum When {
    Always,
    If(Operand, String, Operand),
    On(String),
}

/// What follows.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Action {
    Set { name: String, to: Operand, plus: Operand, is_less: bool },
    Go(u16),
    Again { from: u16, attempts: u16, after_ms: u32 },
    Stop(String),
}

/// A line behind a step.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Reaction {
    when: When,
    action: Action,
}

/// What a line says, with the names of steps not yet looked up.
enum Line {
    Let(String, i64),
    Synchronized(String),
    Reaction(When, Spoken),
}

enum Spoken {
    Set { name: String, to: Operand, plus: Operand, is_less: bool },
    Go(Word),
    Again { from: Word, attempts: u16, after_ms: u32 },
    Stop(String),
}

/// What a session does next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// Nothing is said: it goes on with the next step, or does with an error what it does with errors.
    Unsaid,
    /// It goes on with this step.
    Go(u16),
    /// It begins an attempt, the one of this number of so many, with this step.
    Again { from: u16, attempt: u16, of: u16, after_ms: u32 },
    /// It stops.
    Stop(String),
}

/// What an answer holds for a program.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Found {
    /// The first row's values by the names of their columns, and the number of rows.
    pub memory: Memory,
    /// SQLSTATE of the error, if one.
    pub code: &'static str,
}

impl Found {
    /// What stands in an answer.
    pub fn of(answer: &Answer) -> Found {
        let mut found = Found::default();
        for reply in &answer.replies {
            match reply {
                Reply::Rows(rows) => {
                    let first = rows.rows.first().map(|row| row.iter().map(literal).collect()).unwrap_or_default();
                    let first: Vec<String> = first;
                    for (name, value) in rows.columns.iter().zip(first) {
                        keep(&mut found.memory, name, value);
                    }
                    keep(&mut found.memory, ROWS, rows.rows.len().to_string());
                }
                Reply::Done(tag) => {
                    if let Some(count) = tag.rsplit(' ').next().filter(|count| count.parse::<u32>().is_ok()) {
                        keep(&mut found.memory, ROWS, count.to_owned());
                    }
                }
                Reply::Error(error) => found.code = error.code,
            }
        }
        found
    }
}

/// A value as it is written in SQL.
pub fn literal(value: &Value) -> String {
    match value {
        Value::Null | Value::Void => "NULL".to_owned(),
        Value::Int(_) | Value::BigInt(_) | Value::Numeric(_) => value.to_string(),
        other => format!("'{}'", other.to_string().replace('\'', "''")),
    }
}

/// Keeps a value under its name, in place of what was there.
pub fn keep(memory: &mut Memory, name: &str, value: String) {
    match memory.iter_mut().find(|(known, _)| known == name) {
        Some((_, old)) => *old = value,
        None => memory.push((name.to_owned(), value)),
    }
}

impl Operand {
    fn value(&self, memory: &Memory) -> Option<i64> {
        match self {
            Operand::Number(number) => Some(*number),
            Operand::Name(name) => memory.iter().find(|(known, _)| known == name)?.1.parse().ok(),
        }
    }
}

impl When {
    fn is_so(&self, memory: &Memory, code: &str) -> bool {
        match self {
            When::On(wanted) => !code.is_empty() && (wanted == code || wanted == ANY),
            _ if !code.is_empty() => false,
            When::Always => true,
            // What is not a number is in no relation to another.
            When::If(left, relation, right) => match (left.value(memory), right.value(memory)) {
                (Some(left), Some(right)) => match relation.as_str() {
                    "=" => left == right,
                    "<>" => left != right,
                    "<" => left < right,
                    "<=" => left <= right,
                    ">" => left > right,
                    _ => left >= right,
                },
                _ => false,
            },
        }
    }
}

/// What follows from an answer whose error is `code`. Lines are tried in order: memory changes at once, and the first that says where to go on is the last.
pub fn react(reactions: &[Reaction], memory: &mut Memory, code: &str, begun: &mut Vec<(u16, u16)>) -> Next {
    for Reaction { when, action } in reactions {
        if !when.is_so(memory, code) {
            continue;
        }
        match action {
            Action::Set { name, to, plus, is_less } => {
                if let (Some(to), Some(plus)) = (to.value(memory), plus.value(memory)) {
                    let sum = if *is_less { to.saturating_sub(plus) } else { to.saturating_add(plus) };
                    keep(memory, name, sum.to_string());
                }
            }
            Action::Go(step) => return Next::Go(*step),
            Action::Stop(why) => return Next::Stop(why.clone()),
            Action::Again { from, attempts, after_ms } => {
                let attempt = match begun.iter_mut().find(|(step, _)| step == from) {
                    Some((_, count)) => {
                        *count += 1;
                        *count
                    }
                    None => {
                        begun.push((*from, 2));
                        2
                    }
                };
                if attempt > *attempts {
                    return Next::Stop(format!("gives up after {attempts} attempts"));
                }
                let after_ms = after_ms << (attempt - 2).min(MAX_DOUBLINGS);
                return Next::Again { from: *from, attempt, of: *attempts, after_ms };
            }
        }
    }
    Next::Unsaid
}

/// Whether a character may stand in a name.
fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Hands each name behind a `$` of SQL to `fill`, and puts there what it gives; text in quotes stays as it is.
fn fill_in(sql: &str, mut fill: impl FnMut(&str) -> String) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut is_quoted = false;
    let mut before = ' ';
    let mut rest = sql.chars();
    while let Some(c) = rest.next() {
        is_quoted ^= c == '\'';
        let begins = rest.as_str().starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if c == '$' && begins && !is_quoted && !is_of_name(before) {
            let name: String = rest.as_str().chars().take_while(|c| is_of_name(*c)).collect();
            out += &fill(&name);
            for _ in 0..name.len() {
                rest.next();
            }
        } else {
            out.push(c);
        }
        before = c;
    }
    out
}

/// Whether SQL needs something from memory.
pub fn needs_memory(sql: &str) -> bool {
    let mut needs = false;
    fill_in(sql, |_| {
        needs = true;
        String::new()
    });
    needs
}

/// SQL with what is in memory; what is not there is NULL, and a negative number stands in brackets.
pub fn with_memory(sql: &str, memory: &Memory) -> String {
    fill_in(sql, |name| match memory.iter().find(|(known, _)| known == name) {
        Some((_, value)) if value.starts_with('-') => format!("({value})"),
        Some((_, value)) => value.clone(),
        None => "NULL".to_owned(),
    })
}

/// A script with a number for everything from memory, at the same places: so it can be read before anything is known.
pub fn blanked(script: &str) -> String {
    let lines: Vec<String> = script
        .split('\n')
        .map(|line| match line.trim_start().starts_with('#') {
            true => line.to_owned(),
            false => fill_in(line, |name| "0".repeat(name.len() + 1)),
        })
        .collect();
    lines.join("\n")
}

/// A word of a line, with where it stands.
#[derive(Clone)]
struct Word {
    text: String,
    at: Position,
}

/// The words of a line; `:` and `,` stand for themselves.
struct Words {
    all: Vec<Word>,
    next: usize,
    end: Position,
}

type Read<T> = Result<T, SyntaxError>;

impl Words {
    fn of(text: &str, start: Position) -> Words {
        let mut all: Vec<Word> = Vec::new();
        let mut at = start;
        let mut is_open = false;
        for c in text.chars() {
            let is_mark = matches!(c, ':' | ',');
            match all.last_mut() {
                _ if c.is_whitespace() => is_open = false,
                Some(word) if is_open && !is_mark => word.text.push(c),
                _ => {
                    all.push(Word { text: c.to_string(), at });
                    is_open = !is_mark;
                }
            }
            at.column += 1;
        }
        Words { all, next: 0, end: at }
    }

    fn refuse<T>(&self, wanted: &str) -> Read<T> {
        let (at, found) = match self.all.get(self.next) {
            Some(word) => (word.at, format!("`{}`", word.text)),
            None => (self.end, "the end of the line".to_owned()),
        };
        Err(SyntaxError::new(at, format!("{wanted} is expected here, not {found}")))
    }

    fn takes(&mut self, text: &str) -> bool {
        let is_there = self.all.get(self.next).is_some_and(|word| word.text == text);
        self.next += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, words: &[&str]) -> Read<()> {
        for word in words {
            if !self.takes(word) {
                return self.refuse(&format!("`{word}`"));
            }
        }
        Ok(())
    }

    fn word(&mut self, wanted: &str, is_right: impl Fn(&str) -> bool) -> Read<Word> {
        match self.all.get(self.next).filter(|word| is_right(&word.text)) {
            Some(word) => {
                self.next += 1;
                Ok(word.clone())
            }
            None => self.refuse(wanted),
        }
    }

    fn name(&mut self, wanted: &str) -> Read<Word> {
        self.word(wanted, |text| text.chars().all(is_of_name) && !text.starts_with(|c: char| c.is_ascii_digit()))
    }

    fn number(&mut self, from: i64, to: i64) -> Read<i64> {
        let wanted = format!("a whole number from {from} to {to}");
        let word = self.word(&wanted, |text| text.parse().is_ok_and(|number: i64| (from..=to).contains(&number)))?;
        Ok(word.text.parse().unwrap_or(from))
    }

    fn operand(&mut self) -> Read<Operand> {
        let is_operand = |text: &str| match text.strip_prefix('$') {
            Some(name) => !name.is_empty() && name.chars().all(is_of_name),
            None => text.parse::<i64>().is_ok(),
        };
        let word = self.word("a whole number or $name", is_operand)?;
        Ok(match word.text.strip_prefix('$') {
            Some(name) => Operand::Name(name.to_owned()),
            None => Operand::Number(word.text.parse().unwrap_or(0)),
        })
    }

    /// All that is left, as one text.
    fn rest(&mut self, wanted: &str) -> Read<String> {
        if self.next >= self.all.len() {
            return self.refuse(wanted);
        }
        let words: Vec<&str> = self.all[self.next..].iter().map(|word| word.text.as_str()).collect();
        self.next = self.all.len();
        Ok(words.join(" ").replace(" ,", ",").replace(" :", ":"))
    }

    fn set(&mut self) -> Read<Spoken> {
        let name = self.name("a name")?.text;
        self.expect(&["="])?;
        let to = self.operand()?;
        let is_less = self.takes("-");
        let plus = if is_less || self.takes("+") { self.operand()? } else { Operand::Number(0) };
        Ok(Spoken::Set { name, to, plus, is_less })
    }

    fn action(&mut self) -> Read<Spoken> {
        if self.takes("stop") {
            self.expect(&[","])?;
            return Ok(Spoken::Stop(self.rest("why it stops")?));
        }
        if self.takes("go") {
            self.expect(&["to"])?;
            return Ok(Spoken::Go(self.name("the name of a step")?));
        }
        if self.takes("set") {
            return self.set();
        }
        if !self.takes("again") {
            return self.refuse("`stop, …`, `go to …`, `again from …` or `set … = …`");
        }
        self.expect(&["from"])?;
        let from = self.name("the name of a step")?;
        self.expect(&[",", "at", "most"])?;
        let attempts = self.number(1, MAX_ATTEMPTS)? as u16;
        self.expect(&["attempts"])?;
        let mut after_ms = 0;
        if self.takes(",") {
            self.expect(&["after"])?;
            after_ms = self.number(0, MAX_WAIT_MS)? as u32;
            self.expect(&["ms"])?;
        }
        Ok(Spoken::Again { from, attempts, after_ms })
    }

    fn line(&mut self) -> Read<Line> {
        let line = if self.takes("let") {
            let name = self.name("a name")?.text;
            self.expect(&["="])?;
            Line::Let(name, self.number(i64::MIN, i64::MAX)?)
        } else if self.takes("synchronized") {
            Line::Synchronized(self.rest("the name of a lock")?)
        } else if self.takes("if") {
            let left = self.operand()?;
            let relation =
                self.word("=, <>, <, <=, > or >=", |text| matches!(text, "=" | "<>" | "<" | "<=" | ">" | ">="))?;
            let right = self.operand()?;
            self.expect(&[":"])?;
            Line::Reaction(When::If(left, relation.text, right), self.action()?)
        } else if self.takes("on") {
            let code =
                self.word("an SQLSTATE of five characters, or `error`", |text| text == ANY || text.len() == 5)?;
            self.expect(&[":"])?;
            Line::Reaction(When::On(code.text), self.action()?)
        } else if self.takes("set") {
            Line::Reaction(When::Always, self.set()?)
        } else {
            return self.refuse("`let`, `synchronized`, `if`, `on` or `set`");
        };
        if self.next < self.all.len() { self.refuse("the end of the line") } else { Ok(line) }
    }
}

/// What the lines of a script say about one session.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Program {
    /// What it has in memory at the start.
    pub memory: Memory,
    /// The lock that it is under way under.
    pub lock: Option<String>,
    /// What follows from the answers, step by step.
    pub reactions: Vec<Vec<Reaction>>,
}

impl Program {
    /// Whether answers change nothing.
    pub fn is_empty(&self) -> bool {
        self.memory.is_empty() && self.reactions.iter().all(Vec::is_empty)
    }
}

/// Reads the lines of all sessions. `steps` are the names of their steps, and on which line of the script each begins.
pub fn programs(script: &str, steps: &[Vec<(&str, u32)>]) -> Read<Vec<Program>> {
    let mut out: Vec<Program> =
        steps.iter().map(|own| Program { reactions: vec![Vec::new(); own.len()], ..Program::default() }).collect();
    let all: Vec<(usize, usize, u32)> = steps
        .iter()
        .enumerate()
        .flat_map(|(session, own)| own.iter().enumerate().map(move |(step, (_, line))| (session, step, *line)))
        .collect();
    for (number, line) in (1..).zip(script.lines()) {
        let Some(text) = line.trim_start().strip_prefix(MARK) else { continue };
        let at = Position { line: number, column: (line.chars().count() - text.chars().count()) as u32 + 1 };
        let before = all.iter().rev().find(|(.., line)| *line < number);
        let after = all.iter().find(|(.., line)| *line > number);
        match Words::of(text, at).line()? {
            Line::Let(..) | Line::Synchronized(_) if after.is_none_or(|(_, step, _)| *step > 0) => {
                return Err(SyntaxError::new(at, "this stands before the first step of a session"));
            }
            Line::Let(name, value) => {
                if let Some((session, ..)) = after {
                    keep(&mut out[*session].memory, &name, value.to_string());
                }
            }
            Line::Synchronized(lock) => {
                if let Some((session, ..)) = after {
                    out[*session].lock = Some(lock);
                }
            }
            Line::Reaction(when, spoken) => {
                let Some((session, step, _)) = before else {
                    return Err(SyntaxError::new(at, "this stands behind a step: it follows from its answer"));
                };
                let find = |word: &Word| {
                    let place = steps[*session].iter().position(|(name, _)| *name == word.text);
                    place.map(|place| place as u16).ok_or_else(|| {
                        SyntaxError::new(word.at, format!("this session has no step named `{}`", word.text))
                    })
                };
                let action = match spoken {
                    Spoken::Set { name, to, plus, is_less } => Action::Set { name, to, plus, is_less },
                    Spoken::Go(to) => match find(&to)? {
                        place if usize::from(place) > *step => Action::Go(place),
                        _ => return Err(SyntaxError::new(to.at, "`go to` leads on; `again from` leads back")),
                    },
                    Spoken::Again { from, attempts, after_ms } => {
                        Action::Again { from: find(&from)?, attempts, after_ms }
                    }
                    Spoken::Stop(why) => Action::Stop(why),
                };
                out[*session].reactions[*step].push(Reaction { when, action });
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn one(lines: &str) -> Read<Program> {
        let script = format!("session s1\nstep a {{ COMMIT; }}\n{lines}\nstep b {{ COMMIT; }}\n");
        programs(&script, &[vec![("a", 2), ("b", 3 + lines.lines().count() as u32)]]).map(|mut all| all.remove(0))
    }

    #[test]
    fn an_answer_leads_on_or_back_as_often_as_is_said() {
        let program =
            one("#> set left = $left - 1\n#> if $rows = 0: again from a, at most 3 attempts, after 100 ms").unwrap();
        let mut memory = vec![("left".to_owned(), "2".to_owned()), ("rows".to_owned(), "0".to_owned())];
        let mut begun = Vec::new();
        let mut next = || react(&program.reactions[0], &mut memory, "", &mut begun);
        assert_eq!(next(), Next::Again { from: 0, attempt: 2, of: 3, after_ms: 100 });
        assert_eq!(next(), Next::Again { from: 0, attempt: 3, of: 3, after_ms: 200 });
        assert_eq!(next(), Next::Stop("gives up after 3 attempts".to_owned()));
        assert_eq!(memory[0].1, "-1");
        keep(&mut memory, "rows", "1".to_owned());
        assert_eq!(react(&program.reactions[0], &mut memory, "", &mut Vec::new()), Next::Unsaid);
    }

    #[test]
    fn an_error_is_answered_by_its_code_and_by_nothing_else() {
        let program = one("#> if 1 = 1: go to b\n#> on 23514: stop, sold out\n#> on error: stop, broken").unwrap();
        let next = |code| react(&program.reactions[0], &mut Vec::new(), code, &mut Vec::new());
        assert_eq!(next("23514"), Next::Stop("sold out".to_owned()));
        assert_eq!(next("40001"), Next::Stop("broken".to_owned()));
        assert_eq!(next(""), Next::Go(1));
    }

    #[test]
    fn what_is_wrong_is_told_at_its_place() {
        for (line, column, why) in [
            ("#> if $rows = 0, stop", 16, "`:` is expected here, not `,`"),
            ("#> if $rows == 0: stop, x", 13, "=, <>, <, <=, > or >="),
            ("#> if $rows = 0: again from c, at most 3 attempts", 29, "no step named `c`"),
            ("#> if $rows = 0: again from a, at most 99 attempts", 40, "from 1 to 9"),
            ("#> on 4001: stop, x", 7, "SQLSTATE"),
            ("#> if $rows = 0: go to a", 24, "leads on"),
            ("#> let n = 1", 3, "before the first step"),
            ("#> wait", 4, "`let`, `synchronized`"),
            ("#> set n = 1 + 2 3", 18, "the end of the line"),
        ] {
            let error = one(line).unwrap_err();
            assert_eq!((error.at.line, error.at.column), (3, column), "{line}: {error}");
            assert!(error.message.contains(why), "{line}: {error}");
        }
    }

    #[test]
    fn memory_goes_into_sql_and_not_into_texts() {
        let memory = vec![("v".to_owned(), "-5".to_owned()), ("name".to_owned(), "'O''Hara'".to_owned())];
        assert_eq!(
            with_memory("SELECT $v, '$v', a$v, $1, $name, $none", &memory),
            "SELECT (-5), '$v', a$v, $1, 'O''Hara', NULL"
        );
        assert_eq!(blanked("# $v\nSELECT $v;"), "# $v\nSELECT 00;");
        assert!(needs_memory("SELECT $v") && !needs_memory("SELECT '$v'"));
    }
}
