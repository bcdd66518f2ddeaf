//! A run as text: one sentence per event, grouped by step. The screen reader's view, the command line's output, the test's snapshot.

use std::fmt::Write as _;

use super::layout::format_time;
use crate::engine::{Trace, Violation};

/// The run as of a step.
pub fn transcript(trace: &Trace, step: u32) -> String {
    let mut out = String::new();
    let rows = trace.rows_at_step(step) as usize;
    let mut last = None;
    for (row, event) in trace.events[..rows].iter().enumerate() {
        if last != Some(event.step) {
            last = Some(event.step);
            let _ = writeln!(out, "{}. {}", event.step, format_time(event.time_ms));
        }
        let _ = writeln!(out, "   {}", event.sentence);
        for violation in broken_at(trace, row as u32, step) {
            let _ = writeln!(out, "   ! {}", violation_sentence(violation));
        }
    }
    out
}

/// What happened in one step, in one breath: for the live region.
pub fn step_sentence(trace: &Trace, step: u32) -> String {
    let from = if step == 0 { 0 } else { trace.rows_at_step(step - 1) } as usize;
    let to = trace.rows_at_step(step) as usize;
    let mut parts: Vec<String> = trace.events[from..to].iter().map(|event| event.sentence.clone()).collect();
    for violation in trace.violations.iter().filter(|violation| violation.step == step) {
        parts.push(violation_sentence(violation));
    }
    if parts.is_empty() { "Nothing has happened yet.".to_owned() } else { parts.join(" ") }
}

/// A violation as a sentence: `AC1 is violated: …`.
pub fn violation_sentence(violation: &Violation) -> String {
    format!("{} is violated: {}", violation.invariant.to_ascii_uppercase(), violation.sentence)
}

fn broken_at(trace: &Trace, row: u32, step: u32) -> impl Iterator<Item = &Violation> {
    trace.violations.iter().filter(move |violation| violation.row == row && violation.step <= step)
}
