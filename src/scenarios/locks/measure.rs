//! Locks side by side: the rules of each under one seeded schedule and one adversary, and what came of it. All that the tables say is counted in runs.

use std::sync::{Mutex, PoisonError};

use super::client::Phase;
use super::figures::{Cost, cost};
use super::judge::client;
use super::keeper::TOLD;
use super::lock_comparison::{VARIANTS, bare, fenced};
use super::redis_lock::CAREFUL;
use super::vocabulary::{Config, Margin, Rules};
use super::{Locks, Node};
use crate::engine::{Cell, Exhibit, NodeId, Protocol, Recorded, Run, Table, Tone, Trace, World};

/// How many clients want the lock, all at the same moment.
const CLIENTS: u8 = 3;
/// The seed of the schedule.
const SEED: u64 = 1;
/// Longest run, in choices.
const STEPS_MAX: u32 = 600;

/// What the adversary does, as soon as one client works.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It crashes.
    Crash,
    /// It is paused until another is done.
    Pause,
    /// It is cut off until another is done.
    Cut,
    /// The clock of the (first) server jumps past the lease.
    Jump,
    /// The (first) server is down for as long as a lease.
    Down,
}

/// What came of a run.
#[derive(Clone, Copy, Default)]
struct Outcome {
    cost: Cost,
    /// Most clients that were told in one step of a change that they waited for.
    woken: u32,
    /// From the fault until another client was inside, in ms.
    next_ms: Option<u64>,
    /// Whether two were inside at the same time.
    overlaps: bool,
    /// Whether the storage took a write that rests on what another has overwritten.
    stale: bool,
}

/// The tables. They are the same for as long as the parameters are, and so are worked out once.
pub fn tables(config: &Config) -> Vec<Exhibit> {
    static KNOWN: Mutex<Option<(Config, Vec<Exhibit>)>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let config = config_of(config, CAREFUL);
    match &*known {
        Some((of, tables)) if *of == config => tables.clone(),
        _ => {
            let tables = vec![costs(&config), faults(&config)];
            *known = Some((config, tables.clone()));
            tables
        }
    }
}

/// The same parameters under other rules.
fn config_of(config: &Config, rules: Rules) -> Config {
    Config {
        rules,
        clients: CLIENTS,
        masters: rules.least_servers(),
        margin: if rules.single { Margin::None } else { Margin::HundredthAnd2 },
        tries: 0,
        ..config.clone()
    }
}

/// What each costs where nothing goes wrong.
fn costs(config: &Config) -> Exhibit {
    let columns = ["", "messages", "longest wait", "idle", "woken by a release"];
    let rows = VARIANTS.iter().map(|variant| {
        let outcome = play(config_of(config, bare(variant.id)), None).unwrap_or_default();
        let Cost { messages, longest_ms, idle_ms, .. } = outcome.cost;
        let values = [messages.to_string(), time(longest_ms.into()), time(idle_ms.into()), outcome.woken.to_string()];
        [plain(variant.title)].into_iter().chain(values.iter().map(|value| plain(value))).collect()
    });
    table("Without a fault", &columns, rows.collect())
}

/// What each survives.
fn faults(config: &Config) -> Exhibit {
    let columns = [
        "",
        "holder crashes",
        "holder is paused",
        "the same, fenced",
        "holder is cut off",
        "clock jumps",
        "server is down",
    ];
    let rows = VARIANTS.iter().map(|variant| {
        let rules = bare(variant.id);
        let all = [
            (rules, Fault::Crash),
            (rules, Fault::Pause),
            (fenced(variant.id), Fault::Pause),
            (rules, Fault::Cut),
            (rules, Fault::Jump),
            (rules, Fault::Down),
        ];
        let cells = all.map(|(rules, fault)| cell(play(config_of(config, rules), Some(fault))));
        [plain(variant.title)].into_iter().chain(cells).collect()
    });
    table("With one fault, once a client works", &columns, rows.collect())
}

fn table(title: &str, columns: &[&str], rows: Vec<Vec<Cell>>) -> Exhibit {
    let columns = columns.iter().map(|column| (*column).to_owned()).collect();
    Exhibit::Table(Table { title: title.to_owned(), columns, rows })
}

fn plain(text: &str) -> Cell {
    Cell { text: text.to_owned(), ..Cell::default() }
}

/// So many ms, in seconds.
fn time(ms: u64) -> String {
    format!("{}.{:02} s", ms / 1_000, ms % 1_000 / 10)
}

/// What came of a fault; nothing where it cannot befall this lock.
fn cell(outcome: Option<Outcome>) -> Cell {
    let Some(outcome) = outcome else { return plain("\u{2013}") };
    let text = outcome.next_ms.map_or("nobody gets in".to_owned(), |ms| format!("next after {}", time(ms)));
    let remark = match outcome {
        Outcome { stale: true, .. } => (Tone::Stopped, "a write is lost"),
        Outcome { overlaps: true, .. } => (Tone::Waiting, "two inside"),
        _ => (Tone::Good, "one at a time"),
    };
    Cell { text, remarks: vec![(remark.0, remark.1.to_owned())], differs: false }
}

/// A run to its end; `None` where the fault cannot befall.
fn play(config: Config, fault: Option<Fault>) -> Option<Outcome> {
    let (ttl_ms, server) = (u64::from(config.ttl_ms), config.master(0));
    let protocol = Locks { config };
    let server = protocol.lane_id(server);
    let mut run = Recorded::new(protocol, &[], &[]);
    let mut outcome = Outcome::default();
    for at in 0..CLIENTS {
        run.push(&format!("{}.begin", run.protocol().lane_id(NodeId(at)))).ok()?;
    }
    // Whom it struck, when, and how that is mended.
    let mut struck: Option<(NodeId, u64, String)> = None;
    let mut is_mended = false;
    while run.steps() < STEPS_MAX {
        let world = run.world_at(run.steps());
        let phase = |at: u8| client(&world, NodeId(at)).map(|client| client.phase);
        let works = (0..CLIENTS).find(|at| phase(*at) == Some(Phase::Working));
        if let (Some(fault), Some(holder), None) = (fault, works, &struck) {
            let id = run.protocol().lane_id(NodeId(holder));
            let (strike, mend) = match fault {
                Fault::Crash => (format!("{id}!crash"), String::new()),
                Fault::Pause => (format!("{id}!pause"), format!("{id}!resume")),
                Fault::Cut => (format!("{id}!cut"), "!heal".to_owned()),
                Fault::Jump => (format!("{server}!jump{}", ttl_ms + 1_000), String::new()),
                Fault::Down => (format!("{server}!crash"), format!("{server}!restart")),
            };
            run.push(&strike).ok()?;
            is_mended = mend.is_empty();
            struck = Some((NodeId(holder), world.now_ms, mend));
            continue;
        }
        watch(&world, struck.as_ref().map(|(holder, since_ms, _)| (*holder, *since_ms)), &mut outcome);
        let scheduled = run.scheduled(run.steps(), SEED);
        if let (Some((holder, since_ms, mend)), false) = (&struck, is_mended) {
            let is_time = match fault {
                Some(Fault::Down) => world.now_ms >= since_ms + ttl_ms,
                _ => (0..CLIENTS).any(|at| at != holder.0 && phase(at) == Some(Phase::Done)),
            };
            if is_time || scheduled.is_none() {
                is_mended = true;
                run.push(mend).ok()?;
                continue;
            }
        }
        let Some(choice) = scheduled else { break };
        run.push(&choice).ok()?;
    }
    outcome.cost = cost(CLIENTS, run.trace(), u32::MAX);
    outcome.woken = woken(run.trace());
    Some(outcome)
}

/// Most clients that were told in one step of a change that they waited for.
fn woken(trace: &Trace) -> u32 {
    let (mut most, mut step, mut count) = (0, 0, 0);
    for event in trace.events.iter().filter(|event| event.marks.contains(&TOLD)) {
        count = if event.step == step { count + 1 } else { 1 };
        step = event.step;
        most = most.max(count);
    }
    most
}

/// Notes what a world shows.
fn watch(world: &World<Locks>, struck: Option<(NodeId, u64)>, outcome: &mut Outcome) {
    let inside = |node: &NodeId| matches!(world.state(*node), Node::Client(client) if client.is_inside());
    let is_inside: Vec<NodeId> = (0..CLIENTS).map(NodeId).filter(inside).collect();
    outcome.overlaps |= is_inside.len() > 1;
    outcome.stale |= world.ghost.overwritten.is_some();
    if let Some((holder, since_ms)) = struck
        && outcome.next_ms.is_none()
        && is_inside.iter().any(|node| *node != holder)
    {
        outcome.next_ms = Some(world.now_ms - since_ms);
    }
}
