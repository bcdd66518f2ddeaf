//! What Mermaid and PlantUML exports share: the run as a list of lines to say, in order.
//!
//! Neither can slant an arrow, so an arrow stands where its message ended; where another event of the run came between, its label says when it
//! was sent.

use super::layout::{format_time, in_flight};
use super::transcript::violation_sentence;
use crate::engine::{EventKind, LossCause, Message, MessageEnd, NodeId, Trace};

/// One thing to say.
pub(super) enum Line {
    /// An arrow; every message of the run has exactly one.
    Arrow { from: NodeId, to: NodeId, label: String, way: Way },
    /// A note over one lifeline.
    Note { node: NodeId, text: String, grave: bool },
    /// A note over all.
    Across { text: String },
    /// A divider: time has passed.
    Time { text: String },
}

/// How an arrow ends.
pub(super) enum Way {
    Arrived,
    Lost,
    InFlight,
}

/// The run as of a step.
pub(super) fn script(trace: &Trace, step: u32) -> Vec<Line> {
    let rows = trace.rows_at_step(step);
    let mut lines = Vec::new();
    let mut time = None;
    for row in 0..rows {
        let event = &trace.events[row as usize];
        if time.is_some_and(|last| last != event.time_ms) {
            lines.push(Line::Time { text: format_time(event.time_ms) });
        }
        time = Some(event.time_ms);
        lines.extend(of_event(trace, row));
        if let Some(badge) = &event.badge {
            lines.push(Line::Note { node: event.node, text: badge.text.to_owned(), grave: false });
        }
        for violation in trace.violations.iter().filter(|violation| violation.row == row && violation.step <= step) {
            lines.push(Line::Across { text: violation_sentence(violation) });
        }
    }
    for message in trace.messages.iter().filter(|message| in_flight(message, rows)) {
        let label = format!("{} (in flight since {})", named(message), format_time(message.sent_ms));
        lines.push(Line::Arrow { from: message.from, to: message.to, label, way: Way::InFlight });
    }
    lines
}

fn of_event(trace: &Trace, row: u32) -> Option<Line> {
    let event = &trace.events[row as usize];
    match &event.kind {
        EventKind::Sent { .. } | EventKind::Duplicated { .. } => None,
        EventKind::Delivered { message } => {
            let message = &trace.messages[*message as usize];
            Some(Line::Arrow {
                from: message.from,
                to: message.to,
                label: when_sent(trace, message, row),
                way: Way::Arrived,
            })
        }
        EventKind::Lost { message, cause } => {
            let message = &trace.messages[*message as usize];
            let why = match cause {
                LossCause::Dropped => "lost",
                LossCause::ReceiverDown => "lost: receiver down",
                LossCause::Partitioned => "lost: partition",
                LossCause::ConnectionBroken => "lost: connection broken",
            };
            let label = format!("{} ({why})", named(message));
            Some(Line::Arrow { from: message.from, to: message.to, label, way: Way::Lost })
        }
        EventKind::TimerFired
        | EventKind::Stepped
        | EventKind::Wrote { .. }
        | EventKind::Noted
        | EventKind::Restarted
        | EventKind::Resumed => Some(Line::Note { node: event.node, text: event.label.clone(), grave: false }),
        EventKind::Crashed | EventKind::Paused | EventKind::ClockJumped { .. } | EventKind::ClockRate { .. } => {
            Some(Line::Note { node: event.node, text: event.label.to_ascii_uppercase(), grave: true })
        }
        EventKind::Partitioned { .. } | EventKind::Healed => Some(Line::Across { text: event.sentence.clone() }),
    }
}

fn named(message: &Message) -> String {
    let copy = if message.copy_of.is_some() { "copy of " } else { "" };
    format!("{copy}{}", message.label)
}

/// The label, with the time of sending where another message ended in between on the same two lifelines or time has passed.
fn when_sent(trace: &Trace, message: &Message, row: u32) -> String {
    let overtaken = trace.messages.iter().any(|other| {
        let ended = match other.end {
            MessageEnd::Delivered { row } | MessageEnd::Lost { row, .. } => row,
            MessageEnd::InFlight => return false,
        };
        (other.from, other.to) == (message.from, message.to) && other.sent_row > message.sent_row && ended < row
    });
    if overtaken {
        format!("{} (sent at {}, overtaken)", named(message), format_time(message.sent_ms))
    } else {
        named(message)
    }
}
