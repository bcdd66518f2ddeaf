//! Running a file: each permutation on a fresh set of sessions, with the tester's own order of reports.
//!
//! The tester is a program with a clock: it launches a step as soon as the one before is done or seen to wait, and a server's `deadlock_timeout` runs while
//! it waits. Here a launch takes a millisecond of virtual time, and where nothing but time can help, time passes to the next `deadlock_timeout`.

use std::fmt::Write as _;

use thiserror::Error;

use super::print::table;
use super::spec::{Blocker, Launch, Spec, Sql};
use crate::servers::sql::answer::{Answer, Reply};
use crate::servers::sql::ast::Level;
use crate::servers::sql::engine::{Engine, Kind, SessionId};
use crate::servers::sql::error::SqlError;

/// Most permutations that are run of a file that names none.
pub const MAX_PERMUTATIONS: u64 = 100_000;

/// Why a file cannot be run.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum RunError {
    /// Too many.
    #[error("there are more than {MAX_PERMUTATIONS} ways to interleave these steps: name some with `permutation`")]
    TooMany,
    /// Setup or teardown failed.
    #[error("{part} failed: {error}")]
    Around {
        /// Which part.
        part: String,
        /// Why.
        error: SqlError,
    },
    /// Setup or teardown waits for somebody.
    #[error("{0} waits for a lock that nobody will give back")]
    AroundWaits(String),
    /// A step waits for ever.
    #[error("step {0} waits for a lock that nobody will give back")]
    Stuck(String),
    /// A session cannot be opened.
    #[error(transparent)]
    Connect(#[from] SqlError),
}

/// Every order of all steps that keeps each session's own, in the tester's order; or those that the file names.
pub fn permutations(spec: &Spec) -> Result<Vec<Vec<Launch>>, RunError> {
    if !spec.permutations.is_empty() {
        return Ok(spec.permutations.clone());
    }
    let sizes: Vec<usize> = spec.sessions.iter().map(|session| session.steps.len()).collect();
    if interleavings(&sizes).is_none_or(|count| count > MAX_PERMUTATIONS) {
        return Err(RunError::TooMany);
    }
    let mut firsts = Vec::new();
    let mut first = 0;
    for size in &sizes {
        firsts.push(first);
        first += size;
    }
    let mut out = Vec::new();
    extend(&sizes, &firsts, &mut vec![0; sizes.len()], &mut Vec::new(), &mut out);
    Ok(out)
}

/// How many ways there are to interleave sessions of so many steps, where that can be counted.
pub fn interleavings(sizes: &[usize]) -> Option<u64> {
    let mut count: u64 = 1;
    let mut placed: u64 = 0;
    for size in sizes {
        for at in 1..=*size as u64 {
            placed += 1;
            // The product stays whole: it is a binomial coefficient at each step.
            count = count.checked_mul(placed)? / at;
        }
    }
    Some(count)
}

fn extend(
    sizes: &[usize],
    firsts: &[usize],
    taken: &mut Vec<usize>,
    prefix: &mut Vec<Launch>,
    out: &mut Vec<Vec<Launch>>,
) {
    let mut any = false;
    for session in 0..sizes.len() {
        if taken[session] < sizes[session] {
            any = true;
            prefix.push(Launch { step: firsts[session] + taken[session], blockers: Vec::new() });
            taken[session] += 1;
            extend(sizes, firsts, taken, prefix, out);
            taken[session] -= 1;
            prefix.pop();
        }
    }
    if !any {
        out.push(prefix.clone());
    }
}

/// Runs a file and gives what the tester prints. `level` is that of transactions that name none.
pub fn run(spec: &Spec, kind: Kind, level: Level) -> Result<String, RunError> {
    let mut out = format!("Parsed test spec with {} sessions\n", spec.sessions.len());
    let mut database = kind.database();
    let database = database.engine_mut();
    for _ in 0..=spec.sessions.len() {
        let session = database.connect()?;
        database.set_default_level(session, level);
    }
    for launches in permutations(spec)? {
        let mut tester = Tester { spec, out: &mut out, database: &mut *database, now_ms: 0, conns: Vec::new() };
        tester.permutation(&launches)?;
    }
    Ok(out)
}

/// A session as the tester sees it. Session 0 of the database is the tester's own.
#[derive(Default)]
struct Conn {
    /// The answer to the active step, which nobody has looked at yet.
    answer: Option<Answer>,
    /// When the session began to wait, and whether it has looked for a deadlock since.
    waits: Option<(u64, bool)>,
    notices: u32,
    /// Place of the active step in the permutation.
    active: Option<usize>,
}

struct Tester<'a> {
    spec: &'a Spec,
    out: &'a mut String,
    database: &'a mut dyn Engine,
    now_ms: u64,
    conns: Vec<Conn>,
}

/// A launched step, and how many notices its blockers wait for.
struct Launched<'a> {
    launch: &'a Launch,
    session: usize,
    targets: Vec<u32>,
}

impl<'a> Tester<'a> {
    fn took(&mut self, answers: Vec<(SessionId, Answer)>) {
        for (session, answer) in answers {
            let conn = &mut self.conns[usize::from(session)];
            conn.waits = None;
            conn.answer = Some(answer);
        }
        for at in 0..self.conns.len() {
            let waiting = self.database.waiting(at as SessionId).is_some();
            let conn = &mut self.conns[at];
            match conn.waits {
                None if waiting => conn.waits = Some((self.now_ms, false)),
                Some(_) if !waiting => conn.waits = None,
                _ => {}
            }
        }
    }

    fn send(&mut self, session: usize, sql: &Sql) {
        self.now_ms += 1;
        let answers = self.database.execute(session as SessionId, sql.statements.clone());
        self.took(answers);
    }

    /// Lets time pass to when the next session loses its patience; false where none will any more.
    fn pass_time(&mut self) -> bool {
        let due = (0..self.conns.len())
            .filter_map(|at| match self.conns[at].waits {
                Some((since, false)) => Some((since + self.database.patience_ms(at as SessionId), at)),
                _ => None,
            })
            .min();
        let Some((when, at)) = due else { return false };
        self.now_ms = self.now_ms.max(when);
        if let Some((since, _)) = self.conns[at].waits {
            self.conns[at].waits = Some((since, true));
        }
        let answers = self.database.lose_patience(at as SessionId);
        self.took(answers);
        true
    }

    /// Runs something that is no step.
    fn around(&mut self, session: usize, sql: &Sql, part: &str, is_setup: bool) -> Result<(), RunError> {
        self.send(session, sql);
        while self.conns[session].answer.is_none() {
            if !self.pass_time() {
                return Err(RunError::AroundWaits(part.to_owned()));
            }
        }
        let answer = self.conns[session].answer.take().unwrap_or_default();
        self.notices(session, &answer);
        for reply in &answer.replies {
            match reply {
                Reply::Rows(rows) if session > 0 || !is_setup || rows.rows.len() < usize::MAX => {}
                Reply::Error(error) if is_setup => {
                    return Err(RunError::Around { part: part.to_owned(), error: error.clone() });
                }
                // The tester goes on after a teardown that fails, and says so where nobody compares.
                _ => {}
            }
        }
        // Only the last result of what is sent at once comes back to the tester here.
        if let Some(Reply::Rows(rows)) = answer.replies.last() {
            table(self.out, rows);
        }
        Ok(())
    }

    fn notices(&mut self, session: usize, answer: &Answer) {
        if session == 0 {
            return;
        }
        for notice in &answer.notices {
            let name = &self.spec.sessions[session - 1].name;
            let _ = writeln!(self.out, "{name}: {}:  {}", notice.severity, notice.message);
            self.conns[session].notices += 1;
        }
    }

    fn permutation(&mut self, launches: &'a [Launch]) -> Result<(), RunError> {
        let spec = self.spec;
        self.conns = (0..=spec.sessions.len()).map(|_| Conn::default()).collect();
        let steps = spec.steps();
        self.out.push_str("\nstarting permutation:");
        for launch in launches {
            let _ = write!(self.out, " {}", quoted(&steps[launch.step].1.name));
        }
        self.out.push('\n');
        for sql in &spec.setup {
            self.around(0, sql, "setup", true)?;
        }
        for (at, session) in spec.sessions.iter().enumerate() {
            if let Some(sql) = &session.setup {
                self.around(at + 1, sql, &format!("setup of session {}", session.name), true)?;
            }
        }
        let all: Vec<Launched> = launches
            .iter()
            .map(|launch| Launched { launch, session: steps[launch.step].0 + 1, targets: Vec::new() })
            .collect();
        self.steps(all)?;
        for (at, session) in spec.sessions.iter().enumerate() {
            if let Some(sql) = &session.teardown {
                self.around(at + 1, sql, &format!("teardown of session {}", session.name), false)?;
            }
        }
        if let Some(sql) = &spec.teardown {
            self.around(0, sql, "teardown", false)?;
        }
        Ok(())
    }

    fn steps(&mut self, mut all: Vec<Launched>) -> Result<(), RunError> {
        let steps = self.spec.steps();
        let mut waiting: Vec<usize> = Vec::new();
        for at in 0..all.len() {
            let session = all[at].session;
            while let Some(old) = self.conns[session].active {
                if self.done(&mut all, old, true, true)? {
                    waiting.retain(|other| *other != old);
                }
                self.poll(&mut all, &mut waiting, false)?;
            }
            for blocker in all[at].launch.blockers.clone() {
                if let Blocker::Notices(other, count) = blocker {
                    let session = steps[other].0 + 1;
                    let target = self.conns[session].notices + count;
                    all[at].targets.push(target);
                }
            }
            self.conns[session].active = Some(at);
            self.send(session, &steps[all[at].launch.step].1.sql);
            let done = self.done(&mut all, at, false, false)?;
            self.poll(&mut all, &mut waiting, false)?;
            if !done {
                waiting.push(at);
            }
        }
        // Whoever is left can only be helped by time and by each other.
        while !waiting.is_empty() {
            let before = waiting.len();
            self.poll(&mut all, &mut waiting, true)?;
            if waiting.len() == before && !self.pass_time() {
                let step = &steps[all[waiting[0]].launch.step].1.name;
                return Err(RunError::Stuck(step.clone()));
            }
        }
        Ok(())
    }

    /// Looks at the waiting steps until none is reported any more.
    fn poll(&mut self, all: &mut [Launched], waiting: &mut Vec<usize>, patient: bool) -> Result<(), RunError> {
        loop {
            let mut held = false;
            let before = waiting.len();
            let mut at = 0;
            while at < waiting.len() {
                held |= !all[waiting[at]].launch.blockers.is_empty();
                if self.done(all, waiting[at], true, patient)? {
                    waiting.remove(at);
                } else {
                    at += 1;
                }
            }
            if !held || waiting.len() == before {
                return Ok(());
            }
        }
    }

    /// Reports a step if it is done; `again` where it was reported as waiting, `patient` where the tester waits for it.
    fn done(&mut self, all: &mut [Launched], at: usize, again: bool, patient: bool) -> Result<bool, RunError> {
        let steps = self.spec.steps();
        let Launched { launch, session, targets } = &all[at];
        let session = *session;
        let (name, sql) = (&steps[launch.step].1.name, &steps[launch.step].1.sql);
        while patient && self.conns[session].answer.is_none() {
            if !self.pass_time() {
                return Err(RunError::Stuck(name.clone()));
            }
        }
        let mut targets = targets.iter();
        let held = launch.blockers.iter().any(|blocker| match blocker {
            Blocker::Launched => !again,
            Blocker::Step(other) => {
                let other_session = steps[*other].0 + 1;
                self.conns[other_session].active.is_some_and(|active| active != at && all[active].launch.step == *other)
            }
            Blocker::Notices(other, _) => {
                let other_session = steps[*other].0 + 1;
                targets.next().is_some_and(|target| {
                    let still =
                        self.conns[other_session].active.is_some_and(|active| all[active].launch.step == *other);
                    still && self.conns[other_session].notices < *target
                })
            }
        });
        if held || self.conns[session].answer.is_none() {
            if !again {
                let _ = writeln!(self.out, "step {name}: {} <waiting ...>", sql.text);
            }
            return Ok(false);
        }
        let answer = self.conns[session].answer.take().unwrap_or_default();
        self.notices(session, &answer);
        if again {
            let _ = writeln!(self.out, "step {name}: <... completed>");
        } else {
            let _ = writeln!(self.out, "step {name}: {}", sql.text);
        }
        for reply in &answer.replies {
            match reply {
                Reply::Rows(rows) => table(self.out, rows),
                Reply::Done(_) => {}
                Reply::Error(error) => {
                    let _ = writeln!(self.out, "{}", error.printed());
                }
            }
        }
        self.conns[session].active = None;
        Ok(true)
    }
}

/// A step's name as the tester writes it: in quotes where it is no plain word.
fn quoted(name: &str) -> String {
    let plain = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$');
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}
