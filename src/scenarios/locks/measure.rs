//! Locks side by side: the rules of each under one seeded schedule and one adversary, and what came of it. All that the tables say is counted in runs.

use std::sync::{Mutex, PoisonError};

use super::Locks;
use super::figures::{Cost, cost};
use super::keeper::TOLD;
use super::lock_comparison::{VARIANTS, lock};
use super::redis_lock::CAREFUL;
use super::vocabulary::{Config, Margin, Rules};
use crate::engine::{Cell, Exhibit, Recorded, Run, Table, Tone, Trace};

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

/// What is asked of each lock, by its column in the second table: what befalls it, and whether the storage checks a token. The first is what it costs.
const ASKED: [(&str, Option<Fault>, bool); 7] = [
    ("lock", None, false),
    ("holder crashes", Some(Fault::Crash), false),
    ("holder is paused", Some(Fault::Pause), false),
    ("the same, fenced", Some(Fault::Pause), true),
    ("holder is cut off", Some(Fault::Cut), false),
    ("clock jumps", Some(Fault::Jump), false),
    ("server is down", Some(Fault::Down), false),
];

/// What came of all that is asked of a lock.
type Outcomes = [Option<Outcome>; ASKED.len()];

/// The tables. What they say is the same for as long as the parameters are, and so is worked out once.
pub fn tables(config: &Config) -> Vec<Exhibit> {
    static KNOWN: Mutex<Option<(Config, [Outcomes; VARIANTS.len()])>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let config = config_of(config, CAREFUL);
    if known.as_ref().is_none_or(|(of, _)| *of != config) {
        let mut all = [[None; ASKED.len()]; VARIANTS.len()];
        for (variant, outcomes) in VARIANTS.iter().zip(&mut all) {
            for ((_, fault, is_fenced), outcome) in ASKED.iter().zip(outcomes) {
                *outcome = play(config_of(&config, lock(variant.id, *is_fenced)), *fault);
            }
        }
        *known = Some((config, all));
    }
    let mut costs = table("Without a fault", &["lock", "messages", "longest wait", "idle", "woken by a release"]);
    let mut faults = table("With one fault, once a client works", &ASKED.map(|(column, ..)| column));
    let all = known.as_ref().map_or(&[][..], |(_, all)| all);
    for (variant, outcomes) in VARIANTS.iter().zip(all) {
        let mut row = vec![plain(variant.title.to_owned())];
        faults.rows.push(row.clone());
        for (at, outcome) in outcomes.iter().enumerate() {
            match outcome {
                Some(outcome) if at == 0 => {
                    row.push(plain(outcome.cost.messages.to_string()));
                    row.push(plain(time(outcome.cost.longest_ms.into())));
                    row.push(plain(time(outcome.cost.idle_ms.into())));
                    row.push(plain(outcome.woken.to_string()));
                }
                _ => faults.rows.last_mut().into_iter().for_each(|row| row.push(cell(*outcome))),
            }
        }
        costs.rows.push(row);
    }
    vec![Exhibit::Table(costs), Exhibit::Table(faults)]
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

fn table(title: &str, columns: &[&str]) -> Table {
    let columns = columns.iter().map(|column| (*column).to_owned()).collect();
    Table { title: title.to_owned(), columns, rows: Vec::new() }
}

fn plain(text: String) -> Cell {
    Cell { text, ..Cell::default() }
}

/// So many ms, in seconds.
fn time(ms: u64) -> String {
    format!("{}.{:02} s", ms / 1_000, ms % 1_000 / 10)
}

/// What came of a fault; nothing where it cannot befall this lock.
fn cell(outcome: Option<Outcome>) -> Cell {
    let Some(outcome) = outcome else { return plain("\u{2013}".to_owned()) };
    let text = outcome.next_ms.map_or("nobody gets in".to_owned(), |ms| format!("next after {}", time(ms)));
    let (tone, remark) = match outcome {
        Outcome { stale: true, .. } => (Tone::Stopped, "a write is lost"),
        Outcome { overlaps: true, .. } => (Tone::Waiting, "two inside"),
        _ => (Tone::Good, "one at a time"),
    };
    Cell { text, remarks: vec![(tone, remark.to_owned())], differs: false }
}

/// A run to its end; `None` where the fault cannot befall.
fn play(config: Config, fault: Option<Fault>) -> Option<Outcome> {
    let (ttl_ms, server) = (u64::from(config.ttl_ms), usize::from(config.master(0).0));
    // Behind the face that every run has, so that nothing is compiled twice.
    let mut run: Box<dyn Run> = Box::new(Recorded::new(Locks { config }, &[], &[]));
    let id = |run: &dyn Run, at: usize| run.trace().lanes[at].id.clone();
    let clients = usize::from(CLIENTS);
    for at in 0..clients {
        run.push(&format!("{}.begin", id(&*run, at))).ok()?;
    }
    let mut outcome = Outcome::default();
    // Whom it struck, when, and how that is mended, unless it is.
    let mut struck: Option<(usize, u64)> = None;
    let mut mend = String::new();
    while run.steps() < STEPS_MAX {
        let step = run.steps();
        let (now_ms, nodes) = (run.now_ms(step), run.nodes(step));
        let is = |at: usize, word: &str| nodes[at].badge.as_ref().is_some_and(|badge| badge.text == word);
        let works = |at: &usize| nodes[*at].timers.iter().any(|timer| timer.name == "work");
        outcome.overlaps |= (0..clients).filter(|at| is(*at, "inside")).count() > 1;
        if let (Some(fault), Some(holder), None) = (fault, (0..clients).find(works), struck) {
            struck = Some((holder, now_ms));
            let (holder, server) = (id(&*run, holder), id(&*run, server));
            let strike = match fault {
                Fault::Crash => format!("{holder}!crash"),
                Fault::Pause => {
                    mend = format!("{holder}!resume");
                    format!("{holder}!pause")
                }
                Fault::Cut => {
                    mend = "!heal".to_owned();
                    format!("{holder}!cut")
                }
                Fault::Jump => format!("{server}!jump{}", ttl_ms + 1_000),
                Fault::Down => {
                    mend = format!("{server}!restart");
                    format!("{server}!crash")
                }
            };
            run.push(&strike).ok()?;
            continue;
        }
        let scheduled = run.scheduled(step, SEED);
        if let Some((holder, since_ms)) = struck {
            let others = |word| (0..clients).any(|at| at != holder && is(at, word));
            if outcome.next_ms.is_none() && others("inside") {
                outcome.next_ms = Some(now_ms - since_ms);
            }
            let is_time = if fault == Some(Fault::Down) { now_ms >= since_ms + ttl_ms } else { others("done") };
            if !mend.is_empty() && (is_time || scheduled.is_none()) {
                run.push(&std::mem::take(&mut mend)).ok()?;
                continue;
            }
        }
        let Some(choice) = scheduled else { break };
        run.push(&choice).ok()?;
    }
    outcome.stale = run.trace().violations.iter().any(|violation| violation.invariant == "past");
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
