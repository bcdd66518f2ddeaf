//! What a run has cost: messages, waiting, how many worked at once. Told from what happened, the same for every lock.

use crate::engine::{EventKind, Figure, NodeId, Trace};

/// What a run has cost up to some row.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cost {
    /// Messages that were sent.
    pub messages: u32,
    /// The longest that a client waited to get in, in ms; one that still waits counts until now.
    pub longest_ms: u32,
    /// How long somebody waited while nobody was inside, in ms.
    pub idle_ms: u32,
    /// Most clients that were inside at the same time.
    pub at_once: u32,
}

/// What the first `rows` rows of a run have cost; the first lifelines are its clients.
pub fn cost(clients: u8, trace: &Trace, rows: u32) -> Cost {
    let mut cost = Cost::default();
    let mut since: Vec<Option<u64>> = vec![None; usize::from(clients)];
    let mut inside = vec![false; usize::from(clients)];
    let mut before_ms = 0;
    for event in trace.events.iter().take(rows as usize) {
        let is_idle = !inside.contains(&true) && since.iter().any(Option::is_some);
        cost.idle_ms += if is_idle { (event.time_ms - before_ms) as u32 } else { 0 };
        before_ms = event.time_ms;
        cost.messages += u32::from(matches!(event.kind, EventKind::Sent { .. }));
        let NodeId(at) = event.node;
        if at < clients {
            let at = usize::from(at);
            // Its badge says whether it wants in, is there, or neither; one that is down has none.
            let badge = if event.kind == EventKind::Crashed { Some("") } else { event.badge.as_ref().map(|b| b.text) };
            if let Some(text) = badge {
                since[at] = WANTS.contains(&text).then(|| since[at].unwrap_or(event.time_ms));
                inside[at] = text == "inside";
            }
        }
        let waits = since.iter().flatten().map(|since_ms| (event.time_ms - since_ms) as u32);
        cost.longest_ms = waits.fold(cost.longest_ms, u32::max);
        cost.at_once = cost.at_once.max(inside.iter().filter(|inside| **inside).count() as u32);
    }
    cost
}

/// Badges of one who wants in.
const WANTS: [&str; 3] = ["acquiring", "waiting", "looking for the master"];

/// The same for the page.
pub fn figures(clients: u8, trace: &Trace, rows: u32) -> Vec<Figure> {
    let cost = cost(clients, trace, rows);
    let figure = |label, value| Figure { label, value, published: String::new() };
    vec![
        figure("messages", cost.messages),
        figure("longest wait for a lock, in ms", cost.longest_ms),
        figure("time in which somebody waited and nobody was inside, in ms", cost.idle_ms),
        figure("most clients inside at the same time", cost.at_once),
    ]
}
