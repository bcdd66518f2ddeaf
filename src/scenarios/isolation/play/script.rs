//! A script: tables, sessions with their statements, and a rule, in the format of PostgreSQL's isolation tester.
//!
//! Rules stand in comments, so that the tester itself takes the same file: `# holds: SELECT sum(balance) >= 0 FROM accounts` of whatever is committed, and
//! `# in the end: SELECT …` of what is committed once every session is done. What an application does with the answers stands in comments, too:
//! [`super::program`].

use std::sync::Arc;

use super::program::{Program, blanked, literal, needs_memory, programs, with_memory};
use crate::engine::NodeId;
use crate::servers::sql::answer::Reply;
use crate::servers::sql::ast::{Level, Statement};
use crate::servers::sql::engine::{Database, Engine, Kind, SessionId};
use crate::servers::sql::error::{Position, SyntaxError};
use crate::servers::sql::isolation_tester::{Launch, Spec, Sql, interleavings, parse, permutations};
use crate::servers::sql::parse::parse as parse_sql;
use crate::servers::sql::schema::Row;

/// Longest script, in bytes.
pub const MAX_SCRIPT: usize = 16 * 1024;
/// Most sessions of a script.
pub const MAX_SESSIONS: usize = 8;
/// Most steps of a session.
pub const MAX_STEPS: usize = 60;
/// Most orders that are all played.
pub const MAX_ORDERS: u64 = 2_000;
/// Id of the database's lifeline.
pub const DATABASE: &str = "db";

/// Begins the comment in which the rule stands.
const RULE: &str = "holds:";
/// Begins the comment in which stands what must be true in the end.
const END: &str = "in the end:";

/// A step of a session.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Step {
    /// Its name in run strings.
    pub name: String,
    /// What it runs, in one line.
    pub text: String,
    /// The same as it stands on an arrow: where there is but one table, without its name.
    pub short: String,
    /// The same, understood, but for what is in the session's memory.
    pub statements: Arc<[Statement]>,
    /// Whether something from memory stands in it.
    pub needs_memory: bool,
}

impl Step {
    /// What is sent: what it runs, and the same as it stands on an arrow.
    pub fn sent(&self, memory: &super::program::Memory) -> (Arc<str>, Arc<str>) {
        if self.needs_memory {
            (with_memory(&self.text, memory).into(), with_memory(&self.short, memory).into())
        } else {
            (self.text.as_str().into(), self.short.as_str().into())
        }
    }

    /// What was sent, understood.
    pub fn understood(&self, sent: &str) -> Arc<[Statement]> {
        match parse_sql(sent) {
            Ok(statements) if self.needs_memory => statements.into(),
            _ => Arc::clone(&self.statements),
        }
    }
}

/// A session.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Session {
    /// Its id as a lifeline.
    pub id: String,
    /// What it has run before the first step, in one line.
    pub setup: Option<String>,
    /// Its steps.
    pub steps: Vec<Step>,
    /// What it does with the answers.
    pub program: Program,
}

/// A script that is ready to be played on a database.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Script {
    /// Which database.
    pub kind: Kind,
    /// The level of transactions that name none.
    pub level: Level,
    /// Whether a session that hears of an error rolls back and stops.
    pub stops: bool,
    /// Whether the database, and who uses it, can crash.
    pub can_crash: bool,
    /// The sessions. Session 0 of the database sets up the tables, so that the first of these is its session 1.
    pub sessions: Vec<Session>,
    /// What must be true of what is committed.
    pub rule: Option<Arc<[Statement]>>,
    /// What must be true of it once every session is done.
    pub end: Option<Arc<[Statement]>>,
    /// The database once everything is set up.
    pub start: Database,
    /// What the setup says of tables and indexes, but not of rows.
    schema: Arc<[Statement]>,
    /// Why it could not be set up, if it could not.
    pub failure: Option<String>,
}

impl Script {
    /// Reads a script and sets it up. What cannot be read or set up is left out, and told in `failure`.
    pub fn new(text: &str, kind: Kind, level: Level, stops: bool) -> Script {
        let (Read { spec, programs, rule, end }, mut failure) = match read(text) {
            Ok(read) => (read, None),
            Err(error) => (Read::default(), Some(error.to_string())),
        };
        if !kind.levels().contains(&level) {
            failure = failure.or(Some(format!("{} has no level {}", kind.title(), level.words())));
        }
        let mut start = kind.database();
        if let Err(error) = set_up(start.engine_mut(), &spec, level) {
            failure = failure.or(Some(error));
        }
        let tables: Vec<String> = start.engine().tables().iter().map(|table| table.name.clone()).collect();
        let ids = names(spec.sessions.iter().map(|session| session.name.as_str()), false);
        let sessions = ids.into_iter().zip(&spec.sessions).zip(programs).map(|((id, session), program)| {
            let names = names(session.steps.iter().map(|step| step.name.as_str()), true);
            let steps = names.into_iter().zip(&session.steps).map(|(name, step)| {
                let statements = Arc::clone(&step.sql.statements);
                let text = line(&piece(text, &step.sql));
                let needs_memory = needs_memory(&text);
                Step { name, short: short(&text, &tables), text, statements, needs_memory }
            });
            Session { id, setup: session.setup.as_ref().map(|sql| line(&sql.text)), steps: steps.collect(), program }
        });
        let of_setup = spec.setup.iter().flat_map(|sql| sql.statements.iter());
        let is_schema =
            |statement: &&Statement| matches!(statement, Statement::CreateTable(_) | Statement::CreateIndex(_));
        let schema = of_setup.filter(is_schema).cloned().collect();
        // Nothing is played on a database that is not as the script wants it.
        let sessions = if failure.is_some() { Vec::new() } else { sessions.collect() };
        Script { kind, level, stops, can_crash: false, sessions, rule, end, start, schema, failure }
    }

    /// The database with its tables, and these rows in them, by the ids of the tables; nobody has begun anything.
    pub fn with_rows<'r>(&self, rows: impl Iterator<Item = (u32, &'r Row)>) -> Database {
        let mut database = self.kind.database();
        let engine = database.engine_mut();
        for _ in 0..=self.sessions.len() {
            if let Ok(session) = engine.connect() {
                engine.set_default_level(session, self.level);
            }
        }
        engine.execute(0, Arc::clone(&self.schema));
        for (table, row) in rows {
            let name = engine.tables().into_iter().find(|known| known.id == table).map(|table| table.name.clone());
            let values: Vec<String> = row.iter().map(literal).collect();
            let sql = format!("INSERT INTO {} VALUES ({})", name.unwrap_or_default(), values.join(", "));
            if let Ok(statements) = parse_sql(&sql) {
                engine.execute(0, statements.into());
            }
        }
        database
    }

    /// The lifeline of the database: amid the sessions, so that arrows are short.
    pub fn database(&self) -> NodeId {
        NodeId(self.sessions.len().div_ceil(2) as u8)
    }

    /// Which session a lifeline is.
    pub fn session_of(&self, node: NodeId) -> Option<usize> {
        match node.cmp(&self.database()) {
            std::cmp::Ordering::Less => Some(node.index()),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(node.index() - 1),
        }
        .filter(|at| *at < self.sessions.len())
    }

    /// The number of a session in the database, by its lifeline.
    pub fn number_of(&self, node: NodeId) -> SessionId {
        self.session_of(node).map_or(0, |at| (at + 1) as SessionId)
    }

    /// The lifeline of a session, by its number in the database.
    pub fn lane_of(&self, session: SessionId) -> NodeId {
        let at = usize::from(session).saturating_sub(1) as u8;
        NodeId(if at < self.database().0 { at } else { at + 1 })
    }

    /// The id of a session, by its number in the database.
    pub fn id_of(&self, session: SessionId) -> &str {
        let at = usize::from(session).checked_sub(1);
        at.and_then(|at| self.sessions.get(at)).map_or("setup", |session| session.id.as_str())
    }
}

/// What is wrong with a script, if anything is.
pub fn check(text: &str) -> Result<(), SyntaxError> {
    read(text).map(|_| ())
}

/// Every order of a script's steps that keeps each session's own, as names of choices, in the isolation tester's order.
///
/// # Errors
/// Where the script cannot be read, or there are more than [`MAX_ORDERS`].
pub fn orders(text: &str) -> Result<Vec<Vec<String>>, String> {
    let Read { mut spec, .. } = read(text).map_err(|error| error.to_string())?;
    // Those that a file names are some of them.
    spec.permutations.clear();
    let sizes: Vec<usize> = spec.sessions.iter().map(|session| session.steps.len()).collect();
    if interleavings(&sizes).is_none_or(|count| count > MAX_ORDERS) {
        return Err(format!("There are more than {MAX_ORDERS} orders. The search tries them all the same."));
    }
    let ids = names(spec.sessions.iter().map(|session| session.name.as_str()), false);
    let steps: Vec<String> = ids
        .iter()
        .zip(&spec.sessions)
        .flat_map(|(id, session)| {
            let own = names(session.steps.iter().map(|step| step.name.as_str()), true);
            own.into_iter().map(move |step| format!("{id}.{step}"))
        })
        .collect();
    let all = permutations(&spec).map_err(|error| error.to_string())?;
    let named = |order: Vec<Launch>| order.iter().filter_map(|launch| steps.get(launch.step).cloned()).collect();
    Ok(all.into_iter().map(named).collect())
}

/// What stands in a script.
#[derive(Default)]
struct Read {
    spec: Spec,
    programs: Vec<Program>,
    rule: Option<Arc<[Statement]>>,
    end: Option<Arc<[Statement]>>,
}

fn read(text: &str) -> Result<Read, SyntaxError> {
    let limit = |message: String| Err(SyntaxError::new(Position::START, message));
    if text.len() > MAX_SCRIPT {
        return limit(format!("a script has at most {MAX_SCRIPT} bytes; this one has {}", text.len()));
    }
    let spec = parse(&blanked(text))?;
    if spec.sessions.len() > MAX_SESSIONS {
        return limit(format!("at most {MAX_SESSIONS} sessions fit on the page"));
    }
    if let Some(long) = spec.sessions.iter().find(|session| session.steps.len() > MAX_STEPS) {
        return limit(format!("session {} has more than {MAX_STEPS} steps", long.name));
    }
    let of_sessions = spec.sessions.iter().map(|session| &session.steps);
    let steps = of_sessions.map(|steps| steps.iter().map(|step| (step.name.as_str(), step.sql.at.line)).collect());
    let programs = programs(text, &steps.collect::<Vec<_>>())?;
    let (rule, end) = (rule(text, RULE)?, rule(text, END)?);
    Ok(Read { spec, programs, rule, end })
}

/// SQL as it is written in a script, with what is from memory.
fn piece(script: &str, sql: &Sql) -> String {
    let lines = script.split('\n').take(sql.at.line as usize - 1);
    let before: usize = lines.map(|line| line.chars().count() + 1).sum();
    script.chars().skip(before + sql.at.column as usize - 1).take(sql.text.chars().count()).collect()
}

/// The rule in a comment of its own.
fn rule(text: &str, mark: &str) -> Result<Option<Arc<[Statement]>>, SyntaxError> {
    for (number, line) in (1..).zip(text.lines()) {
        let Some(words) = line.trim_start().strip_prefix('#') else { continue };
        let Some(sql) = words.trim_start().strip_prefix(mark) else { continue };
        let at = Position { line: number, column: (line.chars().count() - sql.chars().count()) as u32 + 1 };
        let statements = parse_sql(sql).map_err(|error| SyntaxError { at: error.at.within(at), ..error })?;
        if !matches!(statements.as_slice(), [Statement::Select(_)]) {
            return Err(SyntaxError::new(at, "a rule is one SELECT whose first value must be true"));
        }
        return Ok(Some(statements.into()));
    }
    Ok(None)
}

fn set_up(database: &mut dyn Engine, spec: &Spec, level: Level) -> Result<(), String> {
    for _ in 0..=spec.sessions.len() {
        let session = database.connect().map_err(|error| error.to_string())?;
        database.set_default_level(session, level);
    }
    let of_sessions = spec.sessions.iter().map(|session| session.setup.as_ref());
    let all =
        spec.setup.iter().map(|sql| (0, sql)).chain((1..).zip(of_sessions).filter_map(|(at, sql)| Some((at, sql?))));
    for (session, sql) in all {
        run(database, session, sql)?;
    }
    Ok(())
}

fn run(database: &mut dyn Engine, session: SessionId, sql: &Sql) -> Result<(), String> {
    let answers = database.execute(session, Arc::clone(&sql.statements));
    let Some((_, answer)) = answers.into_iter().find(|(whose, _)| *whose == session) else {
        return Err("the setup waits for a lock that nobody will give back".to_owned());
    };
    match answer.error() {
        Some(error) => Err(format!("the setup failed: {error}")),
        None => Ok(()),
    }
}

/// Asks what is committed, and nothing of the database changes: the first value of the answer.
pub fn holds(database: &Database, rule: &Arc<[Statement]>) -> bool {
    let mut copy = database.committed(0);
    let answers = copy.engine_mut().execute(0, Arc::clone(rule));
    let first = answers.iter().find_map(|(_, answer)| match answer.replies.first() {
        Some(Reply::Rows(rows)) => rows.rows.first()?.first().cloned(),
        _ => None,
    });
    // What cannot be asked now, since somebody has locked it, is not known to be false.
    first.is_none_or(|value| value.to_string() != "f")
}

/// SQL in one line.
fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").trim_end_matches(';').to_owned()
}

/// SQL for an arrow.
fn short(text: &str, tables: &[String]) -> String {
    let [table] = tables else { return text.to_owned() };
    let words = [("UPDATE ", "UPDATE …"), (" FROM ", " …"), ("INSERT INTO ", "INSERT …"), ("DELETE FROM ", "DELETE …")];
    let mut out = text.to_owned();
    for (before, after) in words {
        out = out.replacen(&format!("{before}{table} "), &format!("{after} "), 1);
    }
    out
}

/// Names that run strings can hold, each once.
fn names<'a>(raw: impl Iterator<Item = &'a str>, dashes: bool) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for name in raw {
        let plain = name.chars().map(|c| if c == '_' { '-' } else { c });
        let plain: String =
            plain.filter(|c| c.is_ascii_alphanumeric() || (dashes && *c == '-')).take(NAME_MAX).collect();
        let mut unique = if plain.is_empty() { "s".to_owned() } else { plain };
        while unique == DATABASE || out.contains(&unique) {
            unique.push('x');
        }
        out.push(unique);
    }
    out
}

/// Longest name of a session or step in a run string.
const NAME_MAX: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_stands_in_a_comment_and_is_refused_at_its_place() {
        let script = |rule: &str| format!("# holds: {rule}\nsession s1 step a {{ COMMIT; }}");
        assert_eq!(check(&script("SELECT 1 = 1")), Ok(()));
        let error = check(&script("SELECT 1 +")).expect_err("refused");
        assert_eq!((error.at.line, error.at.column > 9), (1, true), "{error}");
        assert!(check(&script("COMMIT")).expect_err("refused").message.contains("one SELECT"));
    }

    #[test]
    fn names_are_what_run_strings_hold_each_once() {
        assert_eq!(names(["s 1", "s1", "db", "?"].into_iter(), false), ["s1", "s1x", "dbx", "s"]);
        assert_eq!(names(["r_1", "r-1"].into_iter(), true), ["r-1", "r-1x"]);
    }

    #[test]
    fn what_cannot_be_set_up_is_told_and_not_played() {
        let text = "setup { INSERT INTO nowhere VALUES (1); } session s1 step a { COMMIT; }";
        let script = Script::new(text, Kind::Postgres, Level::ReadCommitted, true);
        assert!(script.failure.as_ref().is_some_and(|why| why.contains("42P01")), "{:?}", script.failure);
        assert!(script.sessions.is_empty());
    }
}
