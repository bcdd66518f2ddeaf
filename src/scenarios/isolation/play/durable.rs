//! A database that can crash: its log and pages beside the engine, what it answers only when they are on disk, and how it comes back.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::exhibits::seen_by;
use super::judge::server;
use super::nodes::{COMMITTED, Context, Msg, STOPPED, Server, key, version_of};
use super::script::Script;
use super::{Isolation, Node};
use crate::engine::{Badge, Breach, Cell, Exhibit, Field, Look, NodeId, Table as Sheet, Tone, World};
use crate::scenarios::isolation::RESTORED;
use crate::servers::sql::answer::Answer;
use crate::servers::sql::ast::{Modes, Statement};
use crate::servers::sql::engine::{Database, SessionId};
use crate::servers::sql::history::Event;
use crate::servers::sql::storage::{Page, Record, Rules, Storage, number, shown};

/// The database forces its log.
const FORCE: u16 = 0;
/// The database undoes one change of who had not committed.
const UNDO: u16 = 1;
/// The database writes its first page; those after it follow.
const WRITE: u16 = 2;

/// What a database that can crash has beside its engine.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Durable {
    /// Log and pages.
    pub storage: Storage,
    /// Whether it is open to sessions: not between a crash and the end of recovery.
    pub serves: bool,
    /// Sessions whose statement is a transaction of its own, which the database has begun for them.
    implicit: Vec<SessionId>,
    /// Answers that wait for the disk.
    held: Vec<(SessionId, Answer)>,
}

/// What sessions have changed, and whose transfer was acknowledged: the customer knows, whatever crashes. No node sees it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Promised {
    /// By how much a session changed the last value of a row.
    moves: Vec<(SessionId, String, i64)>,
    acknowledged: Vec<SessionId>,
}

// Where nothing can crash, nothing is noted, and links hash as they did without it.
impl Hash for Promised {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if *self != Promised::default() {
            (&self.moves, &self.acknowledged).hash(state);
        }
    }
}

impl Promised {
    /// A session has heard that all of its transfer is committed.
    pub fn acknowledge(&mut self, session: SessionId) {
        self.acknowledged.push(session);
    }
}

impl Durable {
    /// What there is once everything is set up.
    pub fn new(rules: Rules, start: &Database) -> Durable {
        let pages = rows(start).into_iter().map(|(table, key, row)| Page { table, key, row, lsn: 0 });
        Durable { storage: Storage::new(rules, pages.collect()), serves: true, implicit: Vec::new(), held: Vec::new() }
    }

    fn crashed(&self) -> Durable {
        Durable { storage: self.storage.crashed(), serves: false, implicit: Vec::new(), held: Vec::new() }
    }

    /// What the database may do of its own accord.
    pub fn steps(&self) -> Vec<u16> {
        let undo = self.storage.is_recovering().then_some(UNDO);
        let force = self.storage.has_tail().then_some(FORCE);
        undo.into_iter().chain(force).chain(self.storage.dirty().map(|page| WRITE + page)).collect()
    }

    /// Why it cannot take one now, if it cannot.
    pub fn withholds(&self, step: u16) -> Option<String> {
        let record = self.storage.held_by(step.checked_sub(WRITE)?)?;
        Some(format!("record {record} of the log, about a change of the page, is not on disk"))
    }

    /// Why a session cannot send anything now, if it cannot.
    pub fn refuses(&self) -> Option<String> {
        let why = if self.storage.is_recovering() { "the database recovers" } else { "the database is down" };
        (!self.serves).then(|| why.to_owned())
    }

    /// Whether a session's commit waits for the disk.
    pub fn is_committing(&self, session: SessionId) -> bool {
        self.storage.is_committing(session)
    }

    /// How it looks.
    pub fn look(&self, look: &mut Look) {
        let (text, tone) = match (self.serves, self.storage.is_recovering()) {
            (true, _) => ("open", Tone::Good),
            (_, true) => ("recovers", Tone::Waiting),
            _ => ("down", Tone::Stopped),
        };
        look.badge = Some(Badge { text, tone });
        let (disk, tail) = self.storage.records();
        let lines = disk.iter().map(|record| (record, "")).chain(tail.iter().map(|record| (record, " (in memory)")));
        look.log = (1..).zip(lines).map(|(lsn, (record, place))| format!("{lsn} {record}{place}")).collect();
        let (pages, cache) = self.storage.pages();
        for (at, page) in pages.iter().enumerate() {
            let memory = cache.get(at).filter(|cached| *cached != page);
            let memory = memory.map_or_else(String::new, |cached| format!(", in memory {}", shown(&cached.row)));
            let name = format!("page {} ({})", number(at as u16), page.key);
            look.fields.push(Field { name, value: format!("{} on disk{memory}", shown(&page.row)) });
        }
    }
}

/// The rows of a database as committed: table, what the row is known by, the row.
fn rows(database: &Database) -> Vec<(u32, String, crate::servers::sql::schema::Row)> {
    let of = |(id, name): (u32, String)| {
        seen_by(database, 0, &name).unwrap_or_default().into_iter().map(move |row| (id, key(&row), row))
    };
    let tables = database.engine().tables().into_iter().map(|table| (table.id, table.name.clone()));
    tables.collect::<Vec<_>>().into_iter().flat_map(of).collect()
}

/// The name of a step of the database in run strings.
pub fn step_name(step: u16) -> String {
    match step {
        FORCE => "force-log".to_owned(),
        UNDO => "undo".to_owned(),
        page => format!("write-page-{}", number(page - WRITE)),
    }
}

/// What a step of the database does.
pub fn step_label(step: u16) -> String {
    match step {
        FORCE => "force the log".to_owned(),
        UNDO => "undo one change".to_owned(),
        page => format!("write page {}", number(page - WRITE)),
    }
}

impl Server {
    /// What a crash leaves: what is on disk.
    pub fn crashed(&self, script: &Script) -> Server {
        let durable = self.durable.as_ref().map(|durable| Box::new(durable.crashed()));
        let mut down = Server::new(script, durable);
        down.database = script.with_rows(std::iter::empty());
        down
    }

    /// Prepares for what a session sends. False where that is not for the engine yet: a commit that waits for the disk.
    pub fn before(&mut self, session: SessionId, statements: &Arc<[Statement]>) -> bool {
        let Some(durable) = &mut self.durable else { return true };
        let is_open = self.database.engine().in_transaction(session);
        if is_open {
            return !(matches!(**statements, [Statement::Commit]) && durable.storage.commits(session));
        }
        if !statements.iter().any(|statement| matches!(statement, Statement::Begin { .. } | Statement::Rollback)) {
            durable.implicit.push(session);
            let begin = Statement::Begin { modes: Modes::default(), start: false };
            self.database.engine_mut().execute(session, Arc::from([begin]));
        }
        true
    }

    /// An application is back, and has no memory of its transaction: what is open on its old connection is rolled back; none where it is committing.
    pub fn hangs_up(&mut self, session: SessionId) -> Option<Vec<(SessionId, Answer)>> {
        if self.durable.as_ref().is_none_or(|durable| durable.is_committing(session)) {
            return None;
        }
        if let Some(durable) = &mut self.durable {
            durable.implicit.retain(|own| *own != session);
        }
        let mut answers = self.database.engine_mut().cancel(session);
        answers.retain(|(whose, _)| *whose != session);
        answers.extend(self.database.engine_mut().execute(session, Arc::from([Statement::Rollback])));
        Some(answers)
    }

    /// Keeps log and pages in step with what the engine has done since its history had so many events, and leaves out answers that have to wait.
    pub fn keep(
        &mut self,
        known: usize,
        answers: Vec<(SessionId, Answer)>,
        cx: &mut Context<'_>,
    ) -> Vec<(SessionId, Answer)> {
        self.note_changes(known, cx);
        let mut out = Vec::new();
        let mut left = std::collections::VecDeque::from(answers);
        while let Some((session, answer)) = left.pop_front() {
            let Some(durable) = &mut self.durable else { break };
            let Some(at) = durable.implicit.iter().position(|own| *own == session) else {
                out.push((session, answer));
                continue;
            };
            durable.implicit.remove(at);
            let is_error = answer.error().is_some();
            if !is_error && durable.storage.commits(session) {
                durable.held.push((session, answer));
                continue;
            }
            let end = if is_error { Statement::Rollback } else { Statement::Commit };
            let from = self.database.engine().history().events().len();
            let more = self.database.engine_mut().execute(session, Arc::from([end]));
            self.note_changes(from, cx);
            out.push((session, answer));
            left.extend(more.into_iter().filter(|(whose, _)| *whose != session));
        }
        out
    }

    fn note_changes(&mut self, known: usize, cx: &mut Context<'_>) {
        let Some(durable) = &mut self.durable else { return };
        let history = self.database.engine().history();
        let session_of = |txn: u32| history.sessions().get(txn as usize).copied().unwrap_or(0);
        for event in &history.events()[known..] {
            match event {
                Event::Wrote { txn, table, before: Some(before), after: Some((_, row)), .. } => {
                    let session = session_of(*txn);
                    durable.storage.changed(session, *table, &key(row), Arc::clone(row));
                    let last = |row: &[crate::servers::sql::value::Value]| row.last()?.as_integer();
                    let old = version_of(history, *table, *before).and_then(|row| last(row));
                    if let (Some(old), Some(new)) = (old, last(row)) {
                        let by = new.saturating_sub(old);
                        cx.ghost(|promised| promised.moves.push((session, key(row), by)));
                    }
                }
                Event::Aborted { txn } => {
                    let session = session_of(*txn);
                    durable.storage.rolled_back(session);
                    cx.ghost(|promised| promised.moves.retain(|(whose, ..)| *whose != session));
                }
                _ => {}
            }
        }
    }

    /// The database does something of its own accord.
    pub fn step(&mut self, script: &Script, step: u16, cx: &mut Context<'_>) {
        let Some(durable) = &mut self.durable else { return };
        match step {
            FORCE => durable.storage.force_log(cx),
            UNDO => {
                let undone = durable.storage.undo_one();
                let is_over = !durable.storage.is_recovering();
                match undone {
                    Some(Record::Undo { txn, page, after, .. }) => cx.note("undo", || {
                        let (page, row) = (number(page), shown(&after));
                        format!("db undoes a change of T{txn}, which had not committed: page {page} is {row} again.")
                    }),
                    _ => cx.note("undo", || "db finds nothing more to undo.".to_owned()),
                }
                if is_over {
                    self.open(script, cx);
                }
            }
            page => durable.storage.write_page(page - WRITE, cx),
        }
        self.answer_committed(script, cx);
    }

    /// Commits that have waited for the disk.
    fn answer_committed(&mut self, script: &Script, cx: &mut Context<'_>) {
        let committed = self.durable.as_mut().map(|durable| durable.storage.take_committed()).unwrap_or_default();
        for session in committed {
            let known = self.database.engine().history().events().len();
            let mut answers = self.database.engine_mut().execute(session, Arc::from([Statement::Commit]));
            let held = self.durable.as_mut().and_then(|durable| {
                let at = durable.held.iter().position(|(whose, _)| *whose == session)?;
                Some(durable.held.remove(at).1)
            });
            if let Some((answer, held)) = answers.iter_mut().find(|(whose, _)| *whose == session).zip(held) {
                answer.1 = held;
            }
            self.tell(script, known, answers, cx);
        }
    }

    /// The database comes back: its memory is gone, and so are its connections.
    pub fn restart(&mut self, script: &Script, cx: &mut Context<'_>) {
        let Some(durable) = &mut self.durable else { return };
        let found = durable.storage.restart();
        cx.note("redo", || {
            let losers = match found.losers {
                0 => "nobody is to be undone".to_owned(),
                1 => "one transaction is to be undone".to_owned(),
                several => format!("{several} transactions are to be undone"),
            };
            let many = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
            let (records, redone) = (many(found.records, "record"), many(found.redone, "change"));
            format!("db reads {records} of its log and repeats {redone}; {losers}.")
        });
        for session in 1..=script.sessions.len() as SessionId {
            cx.without_reason();
            cx.send(script.lane_of(session), Msg::Reset);
        }
        if found.losers == 0 {
            self.open(script, cx);
        }
    }

    /// Recovery is over: the engine has the rows that the pages hold.
    fn open(&mut self, script: &Script, cx: &mut Context<'_>) {
        let Some(durable) = &mut self.durable else { return };
        durable.serves = true;
        let (_, pages) = durable.storage.pages();
        self.database = script.with_rows(pages.iter().map(|page| (page.table, &page.row)));
        cx.note("recovered", || "db is open again.".to_owned());
        cx.mark(RESTORED);
    }
}

/// Whether the database is open, and nobody is in the midst of a transfer.
fn quiet<'w>(protocol: &Isolation, world: &'w World<Isolation>) -> Option<&'w Server> {
    let script = &protocol.script;
    let is_out = |(session, own): (SessionId, &super::script::Session)| match world.state(script.lane_of(session)) {
        Node::Session(state) => state.begun == 0 || state.is_done(own.steps.len()),
        Node::Server(_) => false,
    };
    let server = server(protocol, world)?;
    let serves = server.durable.as_ref().is_some_and(|durable| durable.serves);
    (serves && (1..).zip(&script.sessions).all(is_out)).then_some(server)
}

fn last_values(database: &Database) -> Vec<(String, i128)> {
    let value = |row: &crate::servers::sql::schema::Row| row.last().and_then(|value| value.as_integer()).unwrap_or(0);
    let mut all: Vec<(String, i128)> =
        rows(database).into_iter().map(|(_, key, row)| (key, value(&row).into())).collect();
    // A changed row may stand elsewhere in its table.
    crate::engine::sort(&mut all);
    all
}

/// No money comes or goes.
pub fn conserved(protocol: &Isolation, world: &World<Isolation>) -> Result<(), Breach> {
    let Some(server) = quiet(protocol, world) else { return Ok(()) };
    let sum = |database: &Database| last_values(database).into_iter().map(|(_, value)| value).sum::<i128>();
    let (before, after) = (sum(&protocol.script.start), sum(&server.database));
    if before == after {
        return Ok(());
    }
    let sentence = format!("Nobody is in the midst of a transfer, and of {before} there are {after}.");
    Err(Breach { sentence, guilty: guilty(protocol) })
}

/// What was acknowledged is there: some transfers explain every balance, and whatever was acknowledged is among them.
pub fn durable(protocol: &Isolation, world: &World<Isolation>) -> Result<(), Breach> {
    let Promised { moves, acknowledged } = &world.ghost;
    if acknowledged.is_empty() {
        return Ok(());
    }
    let Some(server) = quiet(protocol, world) else { return Ok(()) };
    let (start, now) = (last_values(&protocol.script.start), last_values(&server.database));
    let count = protocol.script.sessions.len() as SessionId;
    let explains = |sessions: u32| {
        start.iter().zip(&now).all(|((key, before), (_, after))| {
            let own = |(session, of, _): &&(SessionId, String, i64)| of == key && sessions >> session & 1 == 1;
            before + moves.iter().filter(own).map(|(.., by)| i128::from(*by)).sum::<i128>() == *after
        })
    };
    let known = acknowledged.iter().fold(0_u32, |bits, session| bits | 1 << session);
    let all = (0..1_u32 << count).map(|bits| bits << 1);
    if all.filter(|sessions| sessions & known == known).any(explains) {
        return Ok(());
    }
    let names: Vec<&str> = acknowledged.iter().map(|session| protocol.script.id_of(*session)).collect();
    let sentence = format!("{} heard that its transfer is committed, and it is not there.", names.join(" or "));
    Err(Breach { sentence, guilty: guilty(protocol) })
}

/// The latest recovery, and what sessions have last heard or done.
fn guilty(protocol: &Isolation) -> Vec<(NodeId, &'static str)> {
    let script = &protocol.script;
    let lanes = (1..=script.sessions.len() as SessionId).map(|session| script.lane_of(session));
    let marks = lanes.flat_map(|lane| [(lane, COMMITTED), (lane, STOPPED)]);
    std::iter::once((script.database(), RESTORED)).chain(marks).collect()
}

/// The pages and the log, on disk and in memory.
pub fn exhibits(script: &Script, durable: &Durable) -> Vec<Exhibit> {
    let text = |text: String| Cell { text, ..Cell::default() };
    let heads = |heads: &[&str]| heads.iter().map(|head| (*head).to_owned()).collect();
    let (pages, cache) = durable.storage.pages();
    let tables = script.start.engine().tables();
    let page = |(at, page): (usize, &Page)| {
        let table = tables.iter().find(|table| table.id == page.table).map_or("", |table| table.name.as_str());
        let memory = cache.get(at);
        let said = |page: &Page| format!("{} (record {})", shown(&page.row), page.lsn);
        vec![
            text(number(at as u16).to_string()),
            text(format!("{table} {}", page.key)),
            Cell {
                text: memory.map_or_else(|| "–".to_owned(), said),
                differs: memory.is_some_and(|memory| memory != page),
                ..Cell::default()
            },
            text(said(page)),
        ]
    };
    let pages = Sheet {
        title: "pages".to_owned(),
        columns: heads(&["page", "row", "in memory", "on disk"]),
        rows: pages.iter().enumerate().map(page).collect(),
    };
    let (disk, tail) = durable.storage.records();
    let records = disk.iter().map(|record| (record, "on disk")).chain(tail.iter().map(|record| (record, "in memory")));
    let record = |(lsn, (record, place)): (usize, (&Record, &str))| {
        let place = Cell { text: place.to_owned(), differs: place == "in memory", ..Cell::default() };
        vec![text(lsn.to_string()), text(record.to_string()), place]
    };
    let log = Sheet {
        title: "log".to_owned(),
        columns: heads(&["record", "says", "where"]),
        rows: (1..).zip(records).map(record).collect(),
    };
    vec![Exhibit::Table(pages), Exhibit::Table(log)]
}
