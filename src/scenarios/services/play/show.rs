//! How it looks: messages, lifelines, tables, ledgers, programs.

use std::sync::Arc;

use super::judge::gauge;
use super::program::{Handler, Play, Reading, Trigger, Verb, Word};
use super::service::Service;
use super::store::Store;
use super::{Msg, Node, Services, Settled};
use crate::engine::{
    Badge, Bar, Cell, Exhibit, Field, Look, NodeId, Plan, PlanStep, SpanKind, Stage, Table, Tone, World,
};

/// Longest text on an arrow, in characters.
const LABEL_MAX: usize = 44;

/// A text cut to what an arrow has room for.
pub fn clip(text: &str) -> String {
    if text.chars().count() <= LABEL_MAX {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(LABEL_MAX - 1).collect();
    short.push('\u{2026}');
    short
}

fn call(words: &[Word]) -> String {
    match words {
        [] => String::new(),
        [name, arguments @ ..] => format!("{name}({})", arguments.join(", ")),
    }
}

fn answer(found: &[(Word, Word)]) -> String {
    let of = |name: &str| found.iter().find(|(known, _)| **known == *name).map(|(_, value)| &**value);
    if let Some(answer) = of("answer") {
        return of("detail").map_or_else(|| answer.to_owned(), |detail| format!("{answer} {detail}"));
    }
    match of(super::store::ERROR).filter(|code| !code.is_empty()) {
        Some(code) => format!("error {code}"),
        None => super::service::told(&found.to_vec()),
    }
}

/// Name of a message on an arrow.
pub fn name(msg: &Msg) -> String {
    clip(&body(msg))
}

/// Whole content of a message.
pub fn body(msg: &Msg) -> String {
    match msg {
        Msg::Ask { verb: Verb::Do, words, .. } | Msg::Tell { words } => call(words),
        Msg::Ask { verb: Verb::Undo, words, .. } => format!("undo: {}", call(words)),
        Msg::Ask { verb: Verb::Redis, words, .. } => words.join(" "),
        Msg::Ask { verb: Verb::Sql, words, .. } => words.join("; "),
        Msg::Ask { verb: Verb::Publish, words, .. } => format!("publish {}", words.join(" ")),
        Msg::Answer { found, .. } => answer(found),
        Msg::Parcel { parcel, key, value, is_again } => {
            let again = if *is_again { " (again)" } else { "" };
            format!("{} {}: {key} {value}{again}", parcel.topic, parcel.tag)
        }
        Msg::Settle { parcel, how, .. } => {
            let how = match how {
                Settled::Done => "done with",
                Settled::Again => "again, please:",
                Settled::Aside => "put aside:",
                Settled::Next => "next behind",
            };
            format!("{how} {} {}", parcel.topic, parcel.tag)
        }
        Msg::Subscribe { topic } => format!("subscribe {topic}"),
    }
}

/// Words that a lifeline carries, with how they look. Anything else is not shown there.
const WORDS: &[(&str, Tone)] = &[
    ("PENDING", Tone::Waiting),
    ("APPROVED", Tone::Good),
    ("REJECTED", Tone::Stopped),
    ("CANCELLED", Tone::Stopped),
    ("CANCELLING", Tone::Waiting),
    ("RESERVED", Tone::Active),
    ("RELEASED", Tone::Stopped),
    ("CHARGED", Tone::Active),
    ("REFUNDED", Tone::Stopped),
    ("SHIPPED", Tone::Good),
    ("SHIPPING", Tone::Waiting),
    ("PLACED", Tone::Active),
    ("PACKED", Tone::Active),
    ("SOLD", Tone::Good),
    ("PAID", Tone::Good),
    ("BEGUN", Tone::Waiting),
    ("DONE", Tone::Good),
    ("OPEN", Tone::Active),
    ("CLOSED", Tone::Good),
    ("STUCK", Tone::Stopped),
    ("UNDOING", Tone::Waiting),
    ("UNDONE", Tone::Stopped),
];

fn store(node: &Node) -> Option<&Arc<Store>> {
    match node {
        Node::Service(service) => service.store.as_ref(),
        Node::Base(base) => Some(&base.store),
        Node::Cache(_) | Node::Post(_) => None,
    }
}

fn word(node: &Node, reading: &Reading) -> String {
    store(node).and_then(|store| store.first(&reading.query)).unwrap_or_default()
}

fn field(name: impl Into<String>, value: impl Into<String>) -> Field {
    Field { name: name.into(), value: value.into() }
}

/// What begins a handler.
fn head(handler: &Handler) -> String {
    let parameters = handler.parameters.join(", ");
    match &handler.trigger {
        Trigger::Hears(name) => format!("on {name}({parameters})"),
        Trigger::Takes(topic) => format!("from {topic}({parameters})"),
        Trigger::May { name, .. } => format!("may {name}"),
        Trigger::Starts => "at the start".to_owned(),
        Trigger::Restarts => "after a crash".to_owned(),
    }
}

/// How a node looks.
pub fn look(play: &Play, me: NodeId, node: &Node) -> Look {
    let mut look = match node {
        Node::Service(service) => threads(play, service),
        Node::Cache(cache) => {
            let key = |(key, text, until_ms): (&str, &str, Option<i64>)| {
                let expiry = until_ms.map_or(String::new(), |until_ms| format!(", until {until_ms} ms"));
                field(key, format!("{text}{expiry}"))
            };
            Look { fields: cache.data.list(i64::MIN).map(key).collect(), ..Look::default() }
        }
        Node::Base(_) => Look::default(),
        Node::Post(post) => post.look(),
    };
    for reading in play.states.iter().filter(|reading| reading.node == me) {
        let word = word(node, reading);
        look.badge = WORDS.iter().find(|(known, _)| *known == word).map(|(text, tone)| Badge { text, tone: *tone });
    }
    let gauges: &[i64] = match node {
        Node::Service(service) => &service.gauges,
        Node::Base(base) => &base.gauges,
        Node::Cache(_) | Node::Post(_) => &[],
    };
    for (gauge, value) in play.gauges_of(me).zip(gauges) {
        look.fields.push(field(gauge.name.replace('-', " "), value.to_string()));
    }
    for (words, at) in &play.pending {
        let Some(gauge) = play.gauges.get(usize::from(*at)).filter(|gauge| gauge.reading.node == me) else { continue };
        if gauges.get(usize::from(gauge.place)).is_some_and(|value| *value != 0) {
            look.bars.push(Bar { kind: SpanKind::Lock, label: words.to_string() });
        }
    }
    look
}

fn threads(play: &Play, service: &Service) -> Look {
    let mut look = Look::default();
    for (number, thread) in (1..).zip(&service.threads) {
        let Some(thread) = thread else { continue };
        let Some(handler) = play.handlers.get(usize::from(thread.handler)) else { continue };
        let at = usize::from(thread.at).saturating_sub(1);
        let line = handler.lines.get(at).and_then(|line| handler.text.get(usize::from(*line)));
        let line = line.map_or("", |line| &**line);
        look.fields.push(field(format!("thread {number}"), format!("{}: {line}", head(handler))));
        let memory: Vec<String> = thread.memory.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        if !memory.is_empty() {
            look.fields.push(field(format!("memory of thread {number}"), memory.join(", ")));
        }
        look.bars.push(Bar { kind: SpanKind::CriticalSection, label: head(handler) });
    }
    look
}

/// What is beside the lifelines: how far a saga is, what there is and what it comes to, tables, and programs.
pub fn exhibits(protocol: &Services, world: &World<Services>) -> Vec<Exhibit> {
    let play = &protocol.play;
    let mut out = Vec::new();
    if !play.plan.is_empty() {
        out.push(Exhibit::Plan(plan(play, world)));
    }
    out.extend(play.ledgers.iter().map(|ledger| {
        let value = |at: u16| gauge(protocol, world, at);
        let mut rows: Vec<Vec<Cell>> =
            ledger.entries.iter().map(|(name, at)| vec![cell(&**name), cell(value(*at).to_string())]).collect();
        let sum: i64 = ledger.entries.iter().map(|(_, at)| value(*at)).sum();
        if let Some(total) = ledger.total {
            let is_off = sum != total;
            let remark = if is_off { format!("should be {total}") } else { "as it should be".to_owned() };
            let tone = if is_off { Tone::Stopped } else { Tone::Good };
            rows.push(vec![
                cell("together"),
                Cell { text: sum.to_string(), remarks: vec![(tone, remark)], differs: is_off },
            ]);
        }
        let columns = vec!["where".to_owned(), ledger.title.to_string()];
        Exhibit::Table(Table { title: format!("ledger: {}", ledger.title), columns, rows })
    }));
    for (node, member) in play.nodes() {
        let state = world.state(node);
        if let Some(store) = store(state) {
            out.extend(store.contents().map(|(table, rows)| {
                let columns = table.columns.iter().map(|column| column.name.clone()).collect();
                let row =
                    |row: &crate::servers::sql::schema::Row| row.iter().map(|value| cell(value.to_string())).collect();
                let rows = rows.map(row).collect();
                Exhibit::Table(Table { title: format!("{}: {}", member.id, table.name), columns, rows })
            }));
        }
    }
    out.extend(play.nodes().filter_map(|(node, member)| {
        let Node::Service(service) = world.state(node) else { return None };
        program(play, node, &member.id, service)
    }));
    out
}

fn cell(text: impl Into<String>) -> Cell {
    Cell { text: text.into(), ..Cell::default() }
}

/// A member's program, with where its threads are.
fn program(play: &Play, node: NodeId, id: &str, service: &Service) -> Option<Exhibit> {
    let mut rows = Vec::new();
    for (at, handler) in (0_u16..).zip(&play.handlers).filter(|(_, handler)| handler.node == node) {
        rows.push(vec![cell("when"), cell(head(handler))]);
        for (number, line) in (0_u16..).zip(&handler.text) {
            let is_here = |thread: &super::service::Thread| {
                let now = usize::from(thread.at).saturating_sub(1);
                thread.handler == at && handler.lines.get(now) == Some(&number)
            };
            let here = (1..).zip(&service.threads).filter(|(_, thread)| thread.as_ref().is_some_and(is_here));
            let remarks = here.map(|(thread, _)| (Tone::Active, format!("thread {thread} is here"))).collect();
            let line = Cell { text: line.to_string(), remarks, differs: false };
            rows.push(vec![cell((number + 1).to_string()), line]);
        }
    }
    let columns = vec!["line".to_owned(), "what is done".to_owned()];
    (!rows.is_empty()).then(|| Exhibit::Table(Table { title: format!("program of {id}"), columns, rows }))
}

/// How far a saga is, forward and back.
fn plan(play: &Play, world: &World<Services>) -> Plan {
    let step = |step: &super::program::PlanStep| {
        let word = word(world.state(step.reading.node), &step.reading);
        let stage = match &*word {
            "" => Stage::Ahead,
            "PENDING" | "PLACED" | "SHIPPING" | "UNDOING" | "OPEN" => Stage::UnderWay,
            "CANCELLED" | "RELEASED" | "REFUNDED" | "REJECTED" | "UNDONE" => Stage::Undone,
            "STUCK" | "FAILED" => Stage::Stuck,
            _ => Stage::Done,
        };
        PlanStep { name: step.name.to_string(), word, stage, mark: step.mark }
    };
    Plan { steps: play.plan.iter().map(step).collect() }
}
