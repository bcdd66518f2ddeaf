//! The nodes: sessions that run their statements, and the database that answers.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::Isolation;
use super::durable::Durable;
use super::judge;
use super::program::{Found, Memory, Next, keep, react};
use super::script::Script;
use crate::engine::{Badge, Bar, Cx, Field, Input, Look, SpanKind, Tone, stable_hash};
use crate::scenarios::isolation::{FAILED, WAITS};
use crate::servers::sql::answer::{Answer, Reply, Rows};
use crate::servers::sql::ast::Statement;
use crate::servers::sql::engine::{Database, Engine, SessionId};
use crate::servers::sql::history::{Event, History};
use crate::servers::sql::schema::Row;

/// Mark of the event by which a session learns that its transaction is committed.
pub const COMMITTED: &str = "committed";
/// Mark of the event by which a session stops of its own accord.
pub const STOPPED: &str = "stopped";
/// The timer that counts how long a session waits before its next attempt: that of the setup's session, which waits for nobody.
pub const BACKOFF: SessionId = 0;

/// Longest answer on an arrow, in characters.
const LABEL_MAX: usize = 44;
/// Most rows of an answer that are told.
const ROWS_TOLD: usize = 12;

/// What is sent.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Msg {
    /// Session to database: the statements of a step.
    Run {
        /// Its place among the session's steps.
        step: u16,
        /// The statements, in one line, and as they stand on an arrow.
        text: (Arc<str>, Arc<str>),
    },
    /// Session to database: `ROLLBACK`, after an error.
    Rollback,
    /// Database to session: the answer.
    Told(Told),
    /// Database to session: it knows nothing of this connection, having crashed.
    Reset,
}

/// An answer, as a session takes it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Told {
    /// In a few words.
    pub label: String,
    /// Whole.
    pub body: String,
    /// Whether it is an error.
    pub is_error: bool,
    /// Whether a transaction is open now.
    pub is_open: bool,
    /// Whether it tells of the end of a transaction, and whether that is committed.
    pub ended: Option<bool>,
    /// What a program makes of it.
    pub found: Found,
}

// What is found stands in the words, too.
impl Hash for Told {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.label, &self.body, self.is_error, self.is_open, self.ended).hash(state);
    }
}

/// A session.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Session {
    /// Which step comes next.
    pub begun: u16,
    /// Whether it waits for an answer.
    pub is_busy: bool,
    /// Whether it has stopped because of an error.
    pub has_stopped: bool,
    /// Whether its setup has begun a transaction.
    pub has_begun: bool,
    /// The last answer.
    pub told: Option<Told>,
    /// What it has in memory.
    memory: Memory,
    /// Which attempt it is at, by the steps with which attempts begin.
    attempts: Vec<(u16, u16)>,
    /// Whether it waits before its next attempt.
    pub is_resting: bool,
    /// Whether it has sent ROLLBACK of its own accord, and has yet to hear of it.
    gives_up: bool,
    /// Why it has stopped of its own accord, if it has.
    pub outcome: Option<String>,
    /// All answers so far, as one number.
    heard: u64,
}

// All else follows from the answers.
impl Hash for Session {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.begun, self.is_busy, self.has_stopped, self.has_begun, &self.told, self.heard).hash(state);
    }
}

/// The database.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    /// The database itself.
    pub database: Database,
    /// Sessions that have begun to wait and whose patience is counted, bit per session.
    patient: u32,
    /// What was read and written so far, whatever the order, as one number: the history is no part of the database's own state, but what is
    /// anomalous depends on it.
    account: u64,
    /// Log and pages, where it can crash.
    pub durable: Option<Box<Durable>>,
}

// What sessions have heard says where a run stands and does not change with how the database keeps its books, so that links stay good. The search
// tells worlds apart by more: `Server::hash_whole`.
impl Hash for Server {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.patient.hash(state);
        if let Some(durable) = &self.durable {
            durable.hash(state);
        }
    }
}

/// What a node acts on.
pub type Context<'a> = Cx<'a, Isolation>;

impl Session {
    /// A session behind its setup, which may have begun a transaction.
    pub fn new(has_begun: bool, memory: Memory) -> Session {
        Session { has_begun, memory, ..Session::default() }
    }

    /// What a crash leaves: nothing, but for how far the customer has got.
    pub fn crashed(&self) -> Session {
        let outcome = (self.begun > 0).then(|| "crashed".to_owned());
        Session { begun: self.begun, has_stopped: self.begun > 0, outcome, heard: self.heard, ..Session::default() }
    }

    /// Whether it is done, with so many steps.
    pub fn is_done(&self, steps: usize) -> bool {
        !self.is_busy && !self.is_resting && (self.has_stopped || usize::from(self.begun) >= steps)
    }

    /// Acts.
    pub fn on(&mut self, script: &Script, input: Input<Isolation>, cx: &mut Context<'_>) {
        let Some(own) = script.session_of(cx.me()).map(|at| &script.sessions[at]) else { return };
        match input {
            Input::Start => {
                if let Some(setup) = &own.setup {
                    cx.note(setup, || format!("{} has run {setup}.", own.id));
                }
            }
            Input::Step((_, step)) => {
                self.begun = step + 1;
                self.is_busy = true;
                let sent = own.steps.get(usize::from(step)).map(|step| step.sent(&self.memory));
                cx.send(script.database(), Msg::Run { step, text: sent.unwrap_or_else(|| ("".into(), "".into())) });
            }
            Input::Timer(_) => self.is_resting = false,
            Input::Restarted if self.begun > 0 => {
                self.is_busy = true;
                self.gives_up = true;
                cx.because(|| "its old connection is gone".to_owned());
                cx.send(script.database(), Msg::Rollback);
            }
            Input::Message { msg: Msg::Reset, .. } if !self.is_done(own.steps.len()) && self.begun > 0 => {
                let is_last = self.is_busy && usize::from(self.begun) == own.steps.len();
                let why = if is_last { "does not know whether it is committed" } else { "cut off" };
                (self.is_busy, self.has_stopped, self.gives_up) = (false, true, false);
                cx.note(why, || format!("{} stops: {why}.", own.id));
                cx.mark(STOPPED);
                self.outcome = Some(why.to_owned());
                self.told = None;
            }
            Input::Message { msg: Msg::Told(told), .. } => {
                self.is_busy = false;
                self.heard = stable_hash(&(self.heard, &told));
                if told.is_error {
                    cx.mark(FAILED);
                }
                if told.ended == Some(true) {
                    cx.mark(COMMITTED);
                    if script.can_crash && usize::from(self.begun) == own.steps.len() {
                        let session = script.number_of(cx.me());
                        cx.ghost(|promised| promised.acknowledge(session));
                    }
                }
                if !std::mem::take(&mut self.gives_up) {
                    self.react(script, own, &told, cx);
                }
                self.told = Some(told);
            }
            _ => {}
        }
    }

    /// Does with an answer what its program says; and with an error of which it says nothing, what the script says.
    fn react(&mut self, script: &Script, own: &super::script::Session, told: &Told, cx: &mut Context<'_>) {
        for (name, value) in &told.found.memory {
            keep(&mut self.memory, name, value.clone());
        }
        let step = usize::from(self.begun.saturating_sub(1));
        let reactions = own.program.reactions.get(step).map_or(&[][..], Vec::as_slice);
        match react(reactions, &mut self.memory, told.found.code, &mut self.attempts) {
            Next::Unsaid if told.is_error && script.stops => {
                self.has_stopped = true;
                let why = "an application that hears of an error gives its transaction up";
                self.give_up(script, told, why, cx);
            }
            Next::Unsaid => {}
            Next::Go(step) => self.begun = step,
            Next::Again { from, attempt, of, after_ms } => {
                self.begun = from;
                self.give_up(script, told, "it begins again", cx);
                if after_ms > 0 {
                    self.is_resting = true;
                    cx.set_timer(BACKOFF, after_ms);
                }
                let name = own.steps.get(usize::from(from)).map_or("", |step| step.name.as_str());
                let when = if after_ms > 0 { format!(" in {after_ms} ms") } else { String::new() };
                cx.without_reason();
                cx.note("tries again", || format!("{} begins attempt {attempt} of {of} with {name}{when}.", own.id));
            }
            Next::Stop(why) => {
                self.has_stopped = true;
                self.give_up(script, told, "it goes no further", cx);
                cx.without_reason();
                cx.note(&why, || format!("{} stops: {why}.", own.id));
                cx.mark(STOPPED);
                self.outcome = Some(why);
            }
        }
    }

    /// Gives the transaction up, if one is open.
    fn give_up(&mut self, script: &Script, told: &Told, why: &'static str, cx: &mut Context<'_>) {
        if told.is_open {
            self.is_busy = true;
            self.gives_up = true;
            cx.because(|| why.to_owned());
            cx.send(script.database(), Msg::Rollback);
        }
    }

    /// How it looks.
    pub fn look(&self, steps: usize) -> Look {
        let is_open = self.told.as_ref().map_or(self.has_begun, |told| told.is_open);
        let ended = self.told.as_ref().and_then(|told| told.ended);
        let is_error = self.told.as_ref().is_some_and(|told| told.is_error);
        let (text, tone) = match (self.is_busy, is_open, ended) {
            (true, ..) => ("waiting", Tone::Waiting),
            _ if self.is_resting => ("backs off", Tone::Waiting),
            _ if self.outcome.is_some() => ("stopped", Tone::Stopped),
            (_, true, _) if is_error => ("failed", Tone::Stopped),
            (_, true, _) => ("open", Tone::Active),
            (_, _, Some(true)) => ("committed", Tone::Good),
            (_, _, Some(false)) => ("rolled back", Tone::Stopped),
            _ if is_error => ("failed", Tone::Stopped),
            _ => ("idle", Tone::Neutral),
        };
        let field = |name: &str, value: String| Field { name: name.to_owned(), value };
        let mut fields =
            vec![field("transaction", text.to_owned()), field("statements", format!("{} of {steps}", self.begun))];
        if let Some(told) = &self.told {
            fields.push(field("last answer", told.body.clone()));
        }
        fields.extend(self.memory.iter().map(|(name, value)| field(&format!("${name}"), value.clone())));
        fields.extend(self.attempts.iter().map(|(_, attempt)| field("attempt", attempt.to_string())));
        fields.extend(self.outcome.iter().map(|why| field("outcome", why.clone())));
        let mut bars = Vec::new();
        if is_open && !self.is_busy {
            bars.push(Bar { kind: SpanKind::CriticalSection, label: "transaction".to_owned() });
        }
        Look { badge: Some(Badge { text, tone }), fields, log: Vec::new(), bars }
    }
}

impl Server {
    /// The database once everything is set up.
    pub fn new(script: &Script, durable: Option<Box<Durable>>) -> Server {
        Server { database: script.start.clone(), patient: 0, account: 0, durable }
    }

    /// All that tells one from another.
    pub fn hash_whole<H: Hasher>(&self, state: &mut H) {
        (&self.database, self.patient, self.account, &self.durable).hash(state);
    }

    /// Acts.
    pub fn on(&mut self, script: &Script, input: Input<Isolation>, cx: &mut Context<'_>) {
        let known = self.database.engine().history().events().len();
        let (asker, answers) = match input {
            Input::Message { from, msg } => {
                let Some(at) = script.session_of(from) else { return };
                let session = (at + 1) as SessionId;
                let statements = match msg {
                    Msg::Run { step, text: (text, _) } => {
                        script.sessions[at].steps.get(usize::from(step)).map(|step| step.understood(&text))
                    }
                    _ => None,
                };
                match statements {
                    None if self.durable.is_some() => match self.hangs_up(session) {
                        Some(answers) => (session, answers),
                        None => return,
                    },
                    Some(statements) if !self.before(session, &statements) => return,
                    statements => {
                        let statements = statements.unwrap_or_else(|| Arc::from([Statement::Rollback]));
                        (session, self.database.engine_mut().execute(session, statements))
                    }
                }
            }
            Input::Timer(timer) => (timer, self.database.engine_mut().lose_patience(timer)),
            Input::Step((_, step)) => return self.step(script, step, cx),
            Input::Restarted => return self.restart(script, cx),
            _ => return,
        };
        let new = &self.database.engine().history().events()[known.min(self.events())..];
        self.account = new.iter().fold(self.account, |sum, event| sum.wrapping_add(stable_hash(event)));
        if !answers.iter().any(|(session, _)| *session == asker)
            && let Some(waiting) = self.database.engine().waiting(asker)
        {
            let by: Vec<&str> = waiting.by.iter().map(|session| script.id_of(*session)).collect();
            let (me, by, on) = (script.id_of(asker), by.join(" and "), judge::lock_words(&waiting.on));
            cx.note("waits", || format!("{me} waits for {on} of {by}."));
            cx.mark(WAITS);
        }
        self.tell(script, known, answers, cx);
    }

    /// Answers, and lets timers run for whoever waits. What has happened since the history had so many events is what is told.
    pub fn tell(&mut self, script: &Script, known: usize, answers: Vec<(SessionId, Answer)>, cx: &mut Context<'_>) {
        let answers = if self.durable.is_some() { self.keep(known, answers, cx) } else { answers };
        for (session, answer) in answers {
            self.answer(script, session, &answer, known, cx);
        }
        self.count_patience(script, cx);
    }

    fn events(&self) -> usize {
        self.database.engine().history().events().len()
    }

    fn answer(&self, script: &Script, session: SessionId, answer: &Answer, known: usize, cx: &mut Context<'_>) {
        let engine = self.database.engine();
        let history = engine.history();
        let is_own = |txn: u32| history.sessions().get(txn as usize) == Some(&session);
        let ended = history.events()[known..].iter().rev().find_map(|event| match event {
            Event::Committed { txn } if is_own(*txn) => Some(true),
            Event::Aborted { txn } if is_own(*txn) => Some(false),
            _ => None,
        });
        let mut told = Told::of(answer, engine.in_transaction(session), ended);
        let own = usize::from(session).checked_sub(1).and_then(|at| script.sessions.get(at));
        if own.is_some_and(|own| !own.program.is_empty()) {
            told.found = Found::of(answer);
        }
        cx.without_reason();
        let deeds = || deeds(engine, known, session);
        if !deeds().is_empty() {
            cx.because(|| format!("it {}", deeds()));
        }
        cx.send(script.lane_of(session), Msg::Told(told));
    }

    /// Lets a timer run for whoever has begun to wait, and none for who waits no more.
    fn count_patience(&mut self, script: &Script, cx: &mut Context<'_>) {
        for session in 1..=script.sessions.len() as SessionId {
            let waits = self.database.engine().waiting(session).is_some();
            let is_counted = self.patient >> session & 1 == 1;
            if waits && !is_counted {
                let ms = self.database.engine().patience_ms(session);
                cx.set_timer(session, u32::try_from(ms).unwrap_or(u32::MAX));
                self.patient |= 1 << session;
            } else if !waits && is_counted {
                cx.cancel_timer(session);
                self.patient &= !(1 << session);
            }
        }
    }

    /// How it looks: what is committed.
    pub fn look(&self, script: &Script) -> Look {
        let engine = self.database.engine();
        let open = (1..=script.sessions.len() as SessionId).filter(|session| engine.in_transaction(*session));
        let open: Vec<&str> = open.map(|session| script.id_of(session)).collect();
        let mut fields = vec![
            Field { name: "level".to_owned(), value: script.level.words().to_owned() },
            Field {
                name: "open transactions".to_owned(),
                value: if open.is_empty() { "none".to_owned() } else { open.join(", ") },
            },
        ];
        if let Some(failure) = &script.failure {
            fields.push(Field { name: "setup".to_owned(), value: failure.clone() });
        }
        for lock in engine.row_locks() {
            let table = engine.tables().into_iter().find(|table| table.id == lock.table);
            let table = table.map_or("", |table| table.name.as_str());
            let name = format!("lock on {table} {}", key(&lock.row));
            fields.push(Field { name, value: format!("{} {}", script.id_of(lock.session), lock.mode) });
        }
        let mut look = Look { badge: None, fields, log: Vec::new(), bars: Vec::new() };
        if let Some(durable) = &self.durable {
            durable.look(&mut look);
        }
        look
    }
}

impl Told {
    fn of(answer: &Answer, is_open: bool, ended: Option<bool>) -> Told {
        let is_error = answer.error().is_some();
        let label = match answer.replies.last() {
            Some(Reply::Rows(rows)) => few(rows),
            Some(Reply::Done(tag)) => tag.to_string(),
            Some(Reply::Error(error)) => format!("ERROR {}", error.code),
            None => "nothing".to_owned(),
        };
        let of_reply = |reply: &Reply| match reply {
            Reply::Rows(rows) => few(rows),
            Reply::Done(tag) => tag.to_string(),
            Reply::Error(error) => format!("ERROR {error}"),
        };
        let mut body: Vec<String> = answer.replies.iter().map(of_reply).collect();
        body.extend(answer.notices.iter().map(|notice| format!("{}: {}", notice.severity, notice.message)));
        Told { label: clip(&label), body: body.join("; "), is_error, is_open, ended, found: Found::default() }
    }
}

/// Rows in one line.
fn few(rows: &Rows) -> String {
    match rows.rows.as_slice() {
        [] => "no rows".to_owned(),
        [row] if row.len() == 1 => format!("{} {}", rows.columns[0], row[0]),
        all => {
            let mut shown: Vec<String> = all.iter().take(ROWS_TOLD).map(values).collect();
            if all.len() > ROWS_TOLD {
                shown.push(format!("and {} more", all.len() - ROWS_TOLD));
            }
            shown.join(", ")
        }
    }
}

/// A text cut to what an arrow has room for.
pub fn clip(text: &str) -> String {
    if text.chars().count() <= LABEL_MAX {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(LABEL_MAX - 1).collect();
    short.push('…');
    short
}

/// A row in brackets.
pub fn values(row: &Row) -> String {
    let all: Vec<String> = row.iter().map(ToString::to_string).collect();
    format!("({})", all.join(", "))
}

/// What a row is known by: its first value.
pub fn key(row: &Row) -> String {
    row.first().map(ToString::to_string).unwrap_or_default()
}

/// The values of a version of a row.
pub fn version_of(history: &History, table: u32, version: u32) -> Option<&Row> {
    history.events().iter().rev().find_map(|event| match event {
        Event::Wrote { table: of, after: Some((made, row)), .. } if (*of, *made) == (table, version) => Some(row),
        _ => None,
    })
}

/// What a session has read and written since the history had so many events, as clauses.
fn deeds(engine: &dyn Engine, known: usize, session: SessionId) -> String {
    let history = engine.history();
    let tables = engine.tables();
    let name = |id: u32| tables.iter().find(|table| table.id == id).map_or("", |table| table.name.as_str());
    // What is changed has been read, too.
    let is_changed = |of: u32, version: u32| {
        history.events()[known..].iter().any(
            |event| matches!(event, Event::Wrote { table, before: Some(before), .. } if (*table, *before) == (of, version)),
        )
    };
    let mut out: Vec<String> = Vec::new();
    let mut say = |words: String| {
        if !out.contains(&words) {
            out.push(words);
        }
    };
    for event in &history.events()[known..] {
        let (Event::Read { txn, .. }
        | Event::Looked { txn, .. }
        | Event::Wrote { txn, .. }
        | Event::Committed { txn }
        | Event::Aborted { txn }) = event
        else {
            continue;
        };
        if history.sessions().get(*txn as usize) != Some(&session) {
            continue;
        }
        let of = |table: u32, version: u32| version_of(history, table, version).map(values).unwrap_or_default();
        match event {
            Event::Read { table, version, .. } if is_changed(*table, *version) => {}
            Event::Read { table, version, .. } => say(format!("reads {} {}", name(*table), of(*table, *version))),
            Event::Wrote { table, before: None, after: Some((_, row)), .. } => {
                say(format!("puts {} into {}", values(row), name(*table)));
            }
            Event::Wrote { table, before: Some(before), after: Some((_, row)), .. } => {
                say(format!("makes {} {} out of {}", name(*table), values(row), of(*table, *before)));
            }
            Event::Wrote { table, before: Some(before), after: None, .. } => {
                say(format!("takes {} out of {}", of(*table, *before), name(*table)));
            }
            Event::Committed { .. } => say("commits the transaction".to_owned()),
            Event::Aborted { .. } => say("rolls the transaction back".to_owned()),
            _ => {}
        }
    }
    out.join(", ")
}
