//! What must hold, what should come to hold, and who waits for whom.

use super::durable;
use super::nodes::{COMMITTED, STOPPED, Server, key, version_of};
use super::script::{Script, holds};
use super::{Isolation, Node};
use crate::engine::{Blocked, Breach, Goal, Invariant, NodeId, Progress, World};
use crate::servers::sql::engine::{Engine, SessionId};
use crate::servers::sql::history::{Cycle, Edge, Event, Graph, History, Kind, Phenomenon};

/// Safety.
pub const INVARIANTS: &[Invariant<Isolation>] = &[
    Invariant { id: "g0", check: |protocol, world| without(protocol, world, &[Phenomenon::G0]) },
    Invariant { id: "g1a", check: |protocol, world| without(protocol, world, &[Phenomenon::G1a]) },
    Invariant { id: "g1b", check: |protocol, world| without(protocol, world, &[Phenomenon::G1b]) },
    Invariant { id: "g1c", check: |protocol, world| without(protocol, world, &[Phenomenon::G1c]) },
    Invariant { id: "lost-update", check: |protocol, world| without(protocol, world, &[Phenomenon::LostUpdate]) },
    Invariant {
        id: "g-single",
        check: |protocol, world| without(protocol, world, &[Phenomenon::ReadSkew, Phenomenon::GSingle]),
    },
    Invariant {
        id: "g2-item",
        check: |protocol, world| without(protocol, world, &[Phenomenon::WriteSkew, Phenomenon::G2Item]),
    },
    Invariant { id: "g2", check: |protocol, world| without(protocol, world, &[Phenomenon::G2]) },
    Invariant { id: "circle", check: no_circle },
    Invariant { id: "rule", check: rule },
    Invariant { id: "end", check: end },
    Invariant {
        id: "serializable",
        check: |protocol, world| match cycle(protocol, world) {
            Some(cycle) => Err(breach(protocol, world, &cycle, circle)),
            None => Ok(()),
        },
    },
    Invariant { id: "money", check: durable::conserved },
    Invariant { id: "durable", check: durable::durable },
];

/// Liveness.
pub const GOALS: &[Goal<Isolation>] = &[Goal { id: "finished", check: finished }];

/// The database.
pub fn server<'w>(protocol: &Isolation, world: &'w World<Isolation>) -> Option<&'w Server> {
    match world.state(protocol.script.database()) {
        Node::Server(server) => Some(server),
        Node::Session(_) => None,
    }
}

fn cycle(protocol: &Isolation, world: &World<Isolation>) -> Option<Cycle> {
    Graph::of(server(protocol, world)?.database.engine().history()).cycle()
}

fn without(protocol: &Isolation, world: &World<Isolation>, never: &[Phenomenon]) -> Result<(), Breach> {
    match cycle(protocol, world).filter(|cycle| never.contains(&cycle.phenomenon)) {
        Some(cycle) => Err(breach(protocol, world, &cycle, clauses)),
        None => Ok(()),
    }
}

/// A cycle in words.
type Words = fn(&Script, &dyn Engine, &[Edge]) -> String;

/// What each edge says.
fn clauses(script: &Script, engine: &dyn Engine, edges: &[Edge]) -> String {
    let clauses: Vec<String> = edges.iter().map(|edge| clause(script, engine, edge)).collect();
    clauses.join(", and ")
}

/// Which way the edges lead.
fn circle(script: &Script, engine: &dyn Engine, edges: &[Edge]) -> String {
    let name = |txn: u32| name(script, engine.history(), txn);
    let mut out = edges.first().map_or_else(String::new, |first| name(first.from));
    for edge in edges {
        out += &format!(" \u{2013}{} {}\u{2192} {}", kind_words(edge.kind), subject(engine, edge), name(edge.to));
    }
    out
}

/// The letters of an edge.
pub fn kind_words(kind: Kind) -> &'static str {
    match kind {
        Kind::WriteWrite => "ww",
        Kind::WriteRead => "wr",
        Kind::ReadWrite => "rw",
    }
}

fn breach(protocol: &Isolation, world: &World<Isolation>, cycle: &Cycle, words: Words) -> Breach {
    let Some(server) = server(protocol, world) else { return Breach { sentence: String::new(), guilty: Vec::new() } };
    let engine = server.database.engine();
    let told = words(&protocol.script, engine, &cycle.edges);
    let session = |txn: u32| engine.history().sessions().get(txn as usize).copied().unwrap_or(0);
    let ends = cycle.edges.iter().flat_map(|edge| [edge.from, edge.to]);
    let guilty = ends.map(|txn| (protocol.script.lane_of(session(txn)), COMMITTED)).collect();
    Breach { sentence: format!("{}: {}.", capitalised(cycle.phenomenon.name()), told), guilty }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

/// What is true of what is committed.
fn rule(protocol: &Isolation, world: &World<Isolation>) -> Result<(), Breach> {
    let (Some(rule), Some(server)) = (&protocol.script.rule, server(protocol, world)) else { return Ok(()) };
    if holds(&server.database, rule) {
        return Ok(());
    }
    let lanes = (1..=protocol.script.sessions.len()).map(|at| protocol.script.lane_of(at as SessionId));
    let guilty = lanes.map(|lane| (lane, COMMITTED)).collect();
    Err(Breach { sentence: "What is committed breaks the rule of the script.".to_owned(), guilty })
}

/// What is true of what is committed once every session is done.
fn end(protocol: &Isolation, world: &World<Isolation>) -> Result<(), Breach> {
    let script = &protocol.script;
    let (Some(end), Some(server)) = (&script.end, server(protocol, world)) else { return Ok(()) };
    let lanes = || (1..=script.sessions.len()).map(|at| script.lane_of(at as SessionId));
    let is_done = |(lane, session): (NodeId, &super::script::Session)| matches!(world.state(lane), Node::Session(state) if state.is_done(session.steps.len()));
    if !lanes().zip(&script.sessions).all(is_done) || holds(&server.database, end) {
        return Ok(());
    }
    let guilty = lanes().flat_map(|lane| [(lane, STOPPED), (lane, COMMITTED)]).collect();
    let outcomes: Vec<String> = lanes()
        .zip(&script.sessions)
        .filter_map(|(lane, session)| match world.state(lane) {
            Node::Session(state) => Some(format!("{}: {}", session.id, state.outcome.as_ref()?)),
            Node::Server(_) => None,
        })
        .collect();
    let outcomes = if outcomes.is_empty() { String::new() } else { format!(" ({})", outcomes.join(", ")) };
    Err(Breach { sentence: format!("All are done, and what is committed is not as it should be{outcomes}."), guilty })
}

/// Nobody waits for somebody who waits, however far round, for them.
fn no_circle(protocol: &Isolation, world: &World<Isolation>) -> Result<(), Breach> {
    let script = &protocol.script;
    let Some(server) = server(protocol, world) else { return Ok(()) };
    let circle = in_circle(script, server.database.engine());
    if circle.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = circle.iter().map(|session| script.id_of(*session)).collect();
    let guilty = vec![(script.database(), crate::scenarios::isolation::WAITS)];
    Err(Breach { sentence: format!("{} wait for each other: a deadlock.", names.join(" and ")), guilty })
}

/// The sessions that wait in a circle.
pub fn in_circle(script: &Script, engine: &dyn Engine) -> Vec<SessionId> {
    let by = |session: SessionId| engine.waiting(session).map(|waiting| waiting.by).unwrap_or_default();
    let waits_for_itself = |session: &SessionId| {
        let mut seen = by(*session);
        let mut at = 0;
        while at < seen.len() {
            for next in by(seen[at]) {
                if !seen.contains(&next) {
                    seen.push(next);
                }
            }
            at += 1;
        }
        seen.contains(session)
    };
    (1..=script.sessions.len() as SessionId).filter(waits_for_itself).collect()
}

/// Every session has run all its statements.
fn finished(protocol: &Isolation, world: &World<Isolation>) -> Progress {
    let script = &protocol.script;
    let Some(server) = server(protocol, world) else { return Progress::Reached };
    let mut open = Vec::new();
    let mut can_go_on = false;
    for (at, session) in script.sessions.iter().enumerate() {
        let number = (at + 1) as SessionId;
        let Node::Session(state) = world.state(script.lane_of(number)) else { continue };
        if state.is_busy {
            open.push(format!("{} waits", session.id));
        } else if state.is_resting {
            open.push(format!("{} waits before its next attempt", session.id));
            can_go_on = true;
        } else if !state.has_stopped && usize::from(state.begun) < session.steps.len() {
            open.push(format!("{} has {} left", session.id, session.steps.len() - usize::from(state.begun)));
            can_go_on = true;
        }
    }
    // Whoever waits may yet lose patience, and find a deadlock.
    can_go_on |= !world.slot(script.database()).timers.is_empty();
    if let Some(durable) = &server.durable {
        let waits = (1..=script.sessions.len() as SessionId).any(|session| durable.is_committing(session));
        can_go_on = durable.storage.is_recovering() || durable.serves && (can_go_on || waits);
        if !durable.serves && !can_go_on && !open.is_empty() {
            return Progress::Blocked("the database is down, and nothing brings it back".to_owned());
        }
    }
    match open.is_empty() {
        true => Progress::Reached,
        false if can_go_on => Progress::Open(open.join(", ")),
        false => {
            let waits = (1..=script.sessions.len() as SessionId).find_map(|session| {
                let waiting = server.database.engine().waiting(session)?;
                let by: Vec<&str> = waiting.by.iter().map(|other| script.id_of(*other)).collect();
                Some(format!("{} waits for {}, and nothing ends that", script.id_of(session), by.join(", ")))
            });
            Progress::Blocked(waits.unwrap_or_default())
        }
    }
}

/// What a session waits for.
pub fn blocked(protocol: &Isolation, me: NodeId, world: &World<Isolation>) -> Option<Blocked> {
    let script = &protocol.script;
    let session = (script.session_of(me)? + 1) as SessionId;
    if let Some(blocked) = outside(script, me, world) {
        return Some(blocked);
    }
    let engine = server(protocol, world)?.database.engine();
    let waiting = engine.waiting(session)?;
    let tables = engine.tables();
    let table = |id: u32| tables.iter().find(|table| table.id == id).map_or("", |table| table.name.as_str());
    let own = engine.row_locks().into_iter().filter(|lock| lock.session == session);
    let holds = own.map(|lock| format!("{} {} {}", table(lock.table), key(&lock.row), lock.mode)).collect();
    let by: Vec<NodeId> = waiting.by.iter().map(|other| script.lane_of(*other)).collect();
    let names: Vec<&str> = waiting.by.iter().map(|other| script.id_of(*other)).collect();
    let frees = format!("{} commits or rolls back", names.join(" and "));
    Some(Blocked { on: lock_words(&waiting.on), by, holds, frees })
}

/// Who is to begin under a lock of the application, and finds another under way.
fn outside(script: &Script, me: NodeId, world: &World<Isolation>) -> Option<Blocked> {
    let own = script.session_of(me)?;
    let lock = script.sessions[own].program.lock.as_ref()?;
    let state_of = |at: usize| {
        let lane = script.lane_of((at + 1) as SessionId);
        match world.state(lane) {
            Node::Session(state) => Some((lane, state)),
            Node::Server(_) => None,
        }
    };
    let is_inside = |at: usize| {
        let session = &script.sessions[at];
        let (lane, state) = state_of(at).filter(|_| session.program.lock.as_ref() == Some(lock))?;
        (state.told.is_some() || state.is_busy).then_some(lane).filter(|_| !state.is_done(session.steps.len()))
    };
    if is_inside(own).is_some() || state_of(own).is_none_or(|(_, state)| state.told.is_some()) {
        return None;
    }
    let (at, holder) = (0..script.sessions.len()).find_map(|at| Some((at, is_inside(at)?)))?;
    let frees = format!("{} is done", script.sessions[at].id);
    Some(Blocked { on: format!("the lock of {lock}"), by: vec![holder], holds: Vec::new(), frees })
}

/// What is waited for, without the server's own numbers.
pub fn lock_words(on: &str) -> String {
    let plain = on.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end();
    if plain == "transaction" { "the transaction".to_owned() } else { on.to_owned() }
}

/// What an edge is about: the row, or the table whose rows meet a condition.
pub fn subject(engine: &dyn Engine, edge: &Edge) -> String {
    let tables = engine.tables();
    let table = tables.iter().find(|table| table.id == edge.table).map_or("", |table| table.name.as_str());
    let row = edge.version.and_then(|version| version_of(engine.history(), edge.table, version));
    row.map_or_else(|| table.to_owned(), |row| format!("{table} {}", key(row)))
}

/// The name of a transaction: that of its session, with its number where the session has had several.
pub fn name(script: &Script, history: &History, txn: u32) -> String {
    let session = history.sessions().get(txn as usize).copied().unwrap_or(0);
    let id = script.id_of(session);
    let wrote_or_read = |txn: u32| {
        history.events().iter().any(|event| {
            matches!(event, Event::Read { txn: of, .. } | Event::Looked { txn: of, .. } | Event::Wrote { txn: of, .. } | Event::Committed { txn: of } if *of == txn)
        })
    };
    let all = (0_u32..).zip(history.sessions()).filter(|(_, of)| **of == session).map(|(number, _)| number);
    let all: Vec<u32> = all.filter(|number| wrote_or_read(*number)).collect();
    match all.iter().position(|number| *number == txn) {
        Some(at) if all.len() > 1 => format!("{id}/{}", at + 1),
        _ => id.to_owned(),
    }
}

/// An edge in words.
pub fn clause(script: &Script, engine: &dyn Engine, edge: &Edge) -> String {
    let history = engine.history();
    let (from, to) = (name(script, history, edge.from), name(script, history, edge.to));
    let what = subject(engine, edge);
    match (edge.kind, edge.predicate) {
        (Kind::WriteWrite, _) => format!("{to} overwrote {what} after {from}"),
        (Kind::WriteRead, false) => format!("{to} read {what} as {from} wrote it"),
        (Kind::WriteRead, true) => format!("{to} looked and found {what} as {from} left it"),
        (Kind::ReadWrite, false) => format!("{from} read {what} before {to} wrote it"),
        (Kind::ReadWrite, true) => format!("{from} looked before {to} wrote {what}"),
    }
}
