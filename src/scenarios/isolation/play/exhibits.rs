//! What is shown beside the lifelines: who depends on whom, who waits for whom, and the tables as each session sees them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::judge::{clause, in_circle, kind_words, name, server, subject};
use super::nodes::key;
use super::script::Script;
use super::{Isolation, Node};
use crate::engine::{Cell, Exhibit, Graph as Shown, GraphEdge, GraphNode, Table as Sheet, Tone, World, sort_stably_by};
use crate::servers::sql::answer::Reply;
use crate::servers::sql::ast::Statement;
use crate::servers::sql::engine::{Database, Engine, SessionId};
use crate::servers::sql::history::{Event, Graph, History};
use crate::servers::sql::parse::parse;
use crate::servers::sql::schema::{Row, Table};

/// Everything there is to see.
pub fn all(protocol: &Isolation, world: &World<Isolation>) -> Vec<Exhibit> {
    let Some(server) = server(protocol, world) else { return Vec::new() };
    let script = &protocol.script;
    let engine = server.database.engine();
    // Where the database can crash, what is on disk is the matter, and not who depends on whom.
    let mut out = match &server.durable {
        Some(durable) => super::durable::exhibits(script, durable),
        None => vec![Exhibit::Graph(dependencies(script, engine))],
    };
    if server.durable.as_ref().is_some_and(|durable| !durable.serves) {
        return out;
    }
    let waits = waits(script, engine);
    if !waits.edges.is_empty() {
        out.push(Exhibit::Graph(waits));
    }
    let is_busy = |session: SessionId| match world.state(script.lane_of(session)) {
        Node::Session(session) => session.is_busy,
        Node::Server(_) => false,
    };
    out.extend(
        engine.tables().into_iter().map(|table| Exhibit::Table(sheet(script, &server.database, table, &is_busy))),
    );
    out
}

/// How a transaction stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stand {
    Open,
    Committed,
    Aborted,
}

/// Transactions of sessions that have done anything, by number.
fn stands(history: &History) -> BTreeMap<u32, Stand> {
    let mut all = BTreeMap::new();
    for event in history.events() {
        let (txn, stand) = match event {
            Event::Read { txn, .. } | Event::Looked { txn, .. } | Event::Wrote { txn, .. } => (*txn, Stand::Open),
            Event::Committed { txn } if all.contains_key(txn) => (*txn, Stand::Committed),
            Event::Aborted { txn } if all.contains_key(txn) => (*txn, Stand::Aborted),
            _ => continue,
        };
        if history.sessions().get(txn as usize).is_some_and(|session| *session != 0) {
            all.insert(txn, stand);
        }
    }
    all
}

/// The dependency graph, with what it would be if all who are in a transaction committed.
fn dependencies(script: &Script, engine: &dyn Engine) -> Shown {
    let history = engine.history();
    let stands = stands(history);
    let committed = Graph::of(history);
    let mut supposed = history.clone();
    for (txn, _) in stands.iter().filter(|(_, stand)| **stand == Stand::Open) {
        supposed.committed(*txn);
    }
    let supposed = Graph::of(&supposed);
    let cycle = committed.cycle();
    let in_cycle = |edge| cycle.as_ref().is_some_and(|cycle| cycle.edges.contains(edge));
    let place = |txn: u32| stands.keys().position(|known| *known == txn).map(|at| at as u8);
    let mut edges: Vec<GraphEdge> = Vec::new();
    // A dirty read is no edge of the graph, but is what went wrong.
    let dirty = cycle.iter().filter(|cycle| cycle.edges.len() == 1).flat_map(|cycle| &cycle.edges);
    for edge in supposed.edges.iter().chain(dirty) {
        let (Some(from), Some(to)) = (place(edge.from), place(edge.to)) else { continue };
        let kind = kind_words(edge.kind);
        let label = format!("{kind} {}{}", subject(engine, edge), if edge.predicate { " (where)" } else { "" });
        let same =
            edges.iter_mut().find(|known| (known.from, known.to, known.label.as_str()) == (from, to, label.as_str()));
        match same {
            Some(known) => known.in_cycle |= in_cycle(edge),
            None => edges.push(GraphEdge {
                from,
                to,
                label,
                sentence: clause(script, engine, edge),
                in_cycle: in_cycle(edge),
            }),
        }
    }
    let count = stands.values().filter(|stand| **stand == Stand::Committed).count();
    let (verdict, is_good) = match (&cycle, committed.serial_order()) {
        (Some(cycle), _) => (cycle.phenomenon.name().to_owned(), Some(false)),
        (None, Some(order)) if count > 0 => {
            let own = order.into_iter().filter(|txn| stands.contains_key(txn));
            let names: Vec<String> = own.map(|txn| name(script, history, txn)).collect();
            (format!("serializable as {}", names.join(", ")), Some(true))
        }
        _ => ("nothing is committed yet".to_owned(), None),
    };
    let node = |(txn, stand): (&u32, &Stand)| GraphNode {
        name: name(script, history, *txn),
        state: match stand {
            Stand::Open => "open",
            Stand::Committed => "committed",
            Stand::Aborted => "rolled back",
        },
    };
    let outlook = match (&cycle, supposed.cycle()) {
        (None, Some(cycle)) => format!("If all who are open commit: {}.", cycle.phenomenon.name()),
        _ => String::new(),
    };
    Shown { id: "dependencies", nodes: stands.iter().map(node).collect(), edges, verdict, is_good, outlook }
}

/// Who waits for whom; a cycle is a deadlock.
fn waits(script: &Script, engine: &dyn Engine) -> Shown {
    let count = script.sessions.len() as SessionId;
    let waiting: Vec<(SessionId, Vec<SessionId>)> =
        (1..=count).filter_map(|session| Some((session, engine.waiting(session)?.by))).collect();
    let circle = in_circle(script, engine);
    let mut edges = Vec::new();
    for (session, by) in &waiting {
        let on = engine.waiting(*session).map(|waiting| super::judge::lock_words(&waiting.on)).unwrap_or_default();
        for other in by.iter().filter(|other| **other > 0) {
            let (from, to) = (script.id_of(*session), script.id_of(*other));
            edges.push(GraphEdge {
                from: (session - 1) as u8,
                to: (other - 1) as u8,
                label: on.clone(),
                sentence: format!("{from} waits for {on} of {to}"),
                in_cycle: circle.contains(session) && circle.contains(other),
            });
        }
    }
    let is_deadlock = edges.iter().any(|edge| edge.in_cycle);
    let node = |session| GraphNode {
        name: script.id_of(session).to_owned(),
        state: if waiting.iter().any(|(who, _)| *who == session) { "waits" } else { "goes on" },
    };
    Shown {
        id: "waits",
        nodes: (1..=count).map(node).collect(),
        edges,
        verdict: if is_deadlock { "deadlock" } else { "no deadlock" }.to_owned(),
        is_good: Some(!is_deadlock),
        outlook: String::new(),
    }
}

/// The rows of a table for a session, as a copy of the database answers; `None` where it would have to wait, or its transaction has failed.
pub fn seen_by(database: &Database, session: SessionId, table: &str) -> Option<Vec<Row>> {
    let statements: Arc<[Statement]> = parse(&format!("SELECT * FROM {table}")).ok()?.into();
    // The session that has set all up has nothing of its own open: it stands for what is committed.
    let mut copy = if session == 0 { database.committed(0) } else { database.clone() };
    let answers = copy.engine_mut().execute(session, statements);
    let (_, answer) = answers.into_iter().find(|(whose, _)| *whose == session)?;
    match answer.replies.into_iter().next()? {
        Reply::Rows(rows) => Some(rows.rows),
        _ => None,
    }
}

/// A row without its key.
fn rest(row: &Row) -> String {
    if row.len() == 1 {
        return row[0].to_string();
    }
    let all: Vec<String> = row.iter().skip(1).map(ToString::to_string).collect();
    all.join(", ")
}

/// A table: what is committed, what each session sees, who has locked what, and how each row came to be what it is.
fn sheet(script: &Script, database: &Database, table: &Table, is_busy: &dyn Fn(SessionId) -> bool) -> Sheet {
    let engine = database.engine();
    let sessions = script.sessions.len() as SessionId;
    let views: Vec<Option<Vec<Row>>> = (0..=sessions)
        .map(|session| if session > 0 && is_busy(session) { None } else { seen_by(database, session, &table.name) })
        .collect();
    let chains = chains(script, engine, table);
    let mut keys: Vec<Row> = views.iter().flatten().flatten().cloned().collect();
    keys.extend(chains.iter().map(|(row, _)| row.clone()));
    sort_stably_by(&mut keys, &|a, b| a[0].order(&b[0]));
    keys.dedup_by(|a, b| key(a) == key(b));
    let locks = engine.row_locks();
    let mut columns = vec![table.columns.first().map(|column| column.name.clone()).unwrap_or_default()];
    columns.push("committed".to_owned());
    columns.extend((1..=sessions).map(|session| format!("{} sees", script.id_of(session))));
    columns.push("versions".to_owned());
    let row = |known: &Row| {
        let key = key(known);
        let of = |view: &Option<Vec<Row>>| {
            view.as_ref().map(|rows| rows.iter().find(|row| self::key(row) == key).map_or("–".to_owned(), rest))
        };
        let committed = of(&views[0]).unwrap_or_else(|| "locked".to_owned());
        let mut held: Vec<(Tone, String)> = Vec::new();
        for lock in locks.iter().filter(|lock| lock.table == table.id && self::key(&lock.row) == key) {
            let words = format!("{} {}", script.id_of(lock.session), lock.mode);
            if !held.iter().any(|(_, known)| *known == words) {
                held.push((Tone::Waiting, words));
            }
        }
        let mut cells = vec![Cell { text: key.clone(), remarks: held, differs: false }];
        cells.push(Cell { text: committed.clone(), ..Cell::default() });
        for view in &views[1..] {
            let text = of(view).unwrap_or_else(|| "…".to_owned());
            let differs = view.is_some() && text != committed;
            cells.push(Cell { text, remarks: Vec::new(), differs });
        }
        let chain = chains.iter().filter(|(row, _)| self::key(row) == key).map(|(_, words)| words.as_str());
        cells.push(Cell { text: chain.collect::<Vec<_>>().join("; "), ..Cell::default() });
        cells
    };
    Sheet { title: table.name.clone(), columns, rows: keys.iter().map(row).collect() }
}

/// Each row with its versions from the first to the last: `100, 130 by s1 (open)`.
fn chains(script: &Script, engine: &dyn Engine, table: &Table) -> Vec<(Row, String)> {
    let history = engine.history();
    let stands = stands(history);
    let mut rows: Vec<(Row, Vec<u32>, Vec<String>)> = Vec::new();
    for event in history.events() {
        let Event::Wrote { txn, table: of, before, after, .. } = event else { continue };
        if *of != table.id {
            continue;
        }
        let by = match stands.get(txn) {
            None => String::new(),
            Some(Stand::Committed) => format!(" by {}", name(script, history, *txn)),
            Some(Stand::Open) => format!(" by {} (open)", name(script, history, *txn)),
            Some(Stand::Aborted) => format!(" by {} (undone)", name(script, history, *txn)),
        };
        let words = after.as_ref().map_or_else(|| format!("gone{by}"), |(_, row)| format!("{}{by}", rest(row)));
        let version = after.as_ref().map(|(version, _)| *version);
        // What comes after an undone version names the one before that.
        match rows.iter_mut().find(|(_, versions, _)| before.is_some_and(|before| versions.contains(&before))) {
            Some((_, versions, all)) => {
                versions.extend(version);
                all.push(words);
            }
            None => {
                let row = after.as_ref().map(|(_, row)| row.clone());
                let known = before.and_then(|before| super::nodes::version_of(history, table.id, before).cloned());
                if let Some(row) = row.or(known) {
                    rows.push((row, version.into_iter().collect(), vec![words]));
                }
            }
        }
    }
    rows.into_iter().map(|(row, _, words)| (row, words.join(" → "))).collect()
}
