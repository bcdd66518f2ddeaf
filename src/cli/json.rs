//! A run as JSON.

use serde::Serialize;

use super::play::Shown;
use crate::engine::{Event, EventKind, Trace, Verdict, VerdictKind, VerdictState};

#[derive(Serialize)]
struct RunJson<'a> {
    /// Run string of the whole run.
    run: String,
    /// The step as of which all else is said.
    step: u32,
    /// Hash of the world at that step, 16 hexadecimal digits.
    hash: String,
    events: Vec<EventJson<'a>>,
    invariants: Vec<VerdictJson<'a>>,
    goals: Vec<VerdictJson<'a>>,
}

#[derive(Serialize)]
struct EventJson<'a> {
    step: u32,
    time_ms: u64,
    local_ms: i64,
    node: &'a str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<u32>,
    label: &'a str,
    sentence: &'a str,
}

#[derive(Serialize)]
struct VerdictJson<'a> {
    id: &'static str,
    text: &'static str,
    /// `holds`, `open`, `blocked` or `violated`.
    state: &'static str,
    /// What is missing or wrong; left out where it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    violation: Option<ViolationJson<'a>>,
}

#[derive(Serialize)]
struct ViolationJson<'a> {
    /// Step that broke it.
    step: u32,
    /// Positions in `events` of the guilty ones.
    events: &'a [u32],
}

/// A run as of its step.
pub fn run(shown: &Shown) -> Result<String, serde_json::Error> {
    let trace = shown.run.trace();
    let rows = trace.rows_at_step(shown.step) as usize;
    let verdicts = shown.run.verdicts(shown.step);
    let of = |kind: VerdictKind| {
        verdicts
            .iter()
            .filter(move |verdict| verdict.kind == kind)
            .map(|verdict| verdict_json(trace, verdict))
            .collect()
    };
    let whole = RunJson {
        run: shown.run_string(),
        step: shown.step,
        hash: format!("{:016x}", shown.run.hash(shown.step)),
        events: trace.events[..rows].iter().map(|event| event_json(trace, event)).collect(),
        invariants: of(VerdictKind::Invariant),
        goals: of(VerdictKind::Goal),
    };
    Ok(serde_json::to_string_pretty(&whole)? + "\n")
}

fn event_json<'a>(trace: &'a Trace, event: &'a Event) -> EventJson<'a> {
    let (kind, message) = kind(&event.kind);
    EventJson {
        step: event.step,
        time_ms: event.time_ms,
        local_ms: event.local_ms,
        node: &trace.lanes[event.node.index()].id,
        kind,
        message,
        label: &event.label,
        sentence: &event.sentence,
    }
}

/// The name of a kind of event, and the message it is about.
fn kind(kind: &EventKind) -> (&'static str, Option<u32>) {
    match kind {
        EventKind::Sent { message } => ("sent", Some(*message)),
        EventKind::Delivered { message } => ("delivered", Some(*message)),
        EventKind::Lost { message, .. } => ("lost", Some(*message)),
        EventKind::Duplicated { message, .. } => ("duplicated", Some(*message)),
        EventKind::TimerFired => ("timer-fired", None),
        EventKind::Stepped => ("stepped", None),
        EventKind::Wrote { .. } => ("wrote", None),
        EventKind::Noted => ("noted", None),
        EventKind::Crashed => ("crashed", None),
        EventKind::Restarted => ("restarted", None),
        EventKind::Paused => ("paused", None),
        EventKind::Resumed => ("resumed", None),
        EventKind::ClockJumped { .. } => ("clock-jumped", None),
        EventKind::ClockRate { .. } => ("clock-rate", None),
        EventKind::Partitioned { .. } => ("partitioned", None),
        EventKind::Healed => ("healed", None),
    }
}

fn verdict_json<'a>(trace: &'a Trace, verdict: &Verdict) -> VerdictJson<'a> {
    let mut violation = None;
    let (state, why) = match &verdict.state {
        VerdictState::Holds => ("holds", None),
        VerdictState::Open(missing) => ("open", Some(missing.clone())),
        VerdictState::Blocked(why) => ("blocked", Some(why.clone())),
        VerdictState::Violated { violation: at } => {
            let found = trace.violations.get(*at as usize);
            violation = found.map(|found| ViolationJson { step: found.step, events: &found.guilty });
            ("violated", found.map(|found| found.sentence.clone()))
        }
    };
    VerdictJson { id: verdict.id, text: verdict.text, state, why, violation }
}
