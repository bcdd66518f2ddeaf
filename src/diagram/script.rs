//! What Mermaid and PlantUML exports share: the run as a list of lines to say, in order.
//!
//! Neither can slant an arrow, so an arrow stands where its message ended; where another event of the run came between, its label says when it
//! was sent.

use super::layout::{format_time, in_flight};
use super::transcript::violation_sentence;
use crate::engine::{Event, EventKind, LossCause, Message, NodeId, Trace};

/// One thing to say.
pub(super) enum Line {
    /// An arrow; every message of the run has exactly one.
    Arrow { from: NodeId, to: NodeId, label: String, way: Way },
    /// A note over one lifeline.
    Note { node: NodeId, text: String, grave: bool },
    /// A note over all.
    Across { text: String },
    /// The network splits: what follows happens under a partition.
    Cut { text: String },
    /// So many partitions end.
    Healed { text: String, cuts: u32 },
    /// So many partitions last, but the run ends here.
    StillCut { cuts: u32 },
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
    let mut teller = Teller { trace, newest: vec![0; trace.lanes.len() * trace.lanes.len()], cuts: 0 };
    let mut lines = Vec::new();
    let mut time = None;
    for (row, event) in (0..rows).zip(&trace.events) {
        if time.is_some_and(|last| last != event.time_ms) {
            // Nothing that an export shows happened since the last divider.
            if matches!(lines.last(), Some(Line::Time { .. })) {
                lines.pop();
            }
            lines.push(Line::Time { text: format_time(event.time_ms) });
        }
        time = Some(event.time_ms);
        lines.extend(teller.tell(event));
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
    if teller.cuts > 0 {
        lines.push(Line::StillCut { cuts: teller.cuts });
    }
    lines
}

/// What an export says of itself, in a sentence.
pub(super) fn summary(trace: &Trace, step: u32) -> String {
    let rows = trace.rows_at_step(step);
    let messages = trace.messages.iter().filter(|message| message.sent_row < rows).count();
    let names: Vec<&str> = trace.lanes.iter().map(|lane| lane.title.as_str()).collect();
    let mut out =
        format!("{} among {}, in {}.", many(messages, "message"), names.join(", "), many(step as usize, "step"));
    for violation in trace.violations.iter().filter(|violation| violation.step <= step) {
        out.push(' ');
        out.push_str(&violation_sentence(violation));
    }
    out
}

fn many(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

struct Teller<'a> {
    trace: &'a Trace,
    /// By sender and receiver, the row in which the youngest message that has ended was sent; 0 where none has.
    newest: Vec<u32>,
    /// How many partitions last.
    cuts: u32,
}

impl Teller<'_> {
    fn tell(&mut self, event: &Event) -> Option<Line> {
        let note = |text: String, grave: bool| Some(Line::Note { node: event.node, text, grave });
        match &event.kind {
            EventKind::Sent { .. } | EventKind::Duplicated { .. } => None,
            EventKind::Delivered { message } => {
                let message = &self.trace.messages[*message as usize];
                let label = if self.ended_late(message) {
                    format!("{} (sent at {}, overtaken)", named(message), format_time(message.sent_ms))
                } else {
                    named(message)
                };
                Some(Line::Arrow { from: message.from, to: message.to, label, way: Way::Arrived })
            }
            EventKind::Lost { message, cause } => {
                let message = &self.trace.messages[*message as usize];
                self.ended_late(message);
                let label = format!("{} ({})", named(message), lost(*cause));
                Some(Line::Arrow { from: message.from, to: message.to, label, way: Way::Lost })
            }
            EventKind::TimerFired
            | EventKind::Stepped
            | EventKind::Wrote { .. }
            | EventKind::Noted
            | EventKind::Restarted
            | EventKind::Resumed => note(event.label.clone(), false),
            EventKind::ClockJumped { .. } | EventKind::ClockRate { .. } => note(event.label.clone(), true),
            EventKind::Crashed | EventKind::Paused => note(event.label.to_ascii_uppercase(), true),
            EventKind::Partitioned { .. } => {
                self.cuts += 1;
                Some(Line::Cut { text: event.sentence.clone() })
            }
            EventKind::Healed => {
                Some(Line::Healed { text: event.sentence.clone(), cuts: std::mem::take(&mut self.cuts) })
            }
        }
    }

    /// Whether a message that was sent later on the same way has ended before this one, which now does.
    fn ended_late(&mut self, message: &Message) -> bool {
        let way = message.from.index() * self.trace.lanes.len() + message.to.index();
        let newest = &mut self.newest[way];
        let late = *newest > message.sent_row;
        *newest = message.sent_row.max(*newest);
        late
    }
}

fn lost(cause: LossCause) -> &'static str {
    match cause {
        LossCause::Dropped => "lost",
        LossCause::ReceiverDown => "lost: receiver down",
        LossCause::Partitioned => "lost: partition",
        LossCause::ConnectionBroken => "lost: connection broken",
    }
}

fn named(message: &Message) -> String {
    let copy = if message.copy_of.is_some() { "copy of " } else { "" };
    format!("{copy}{}", message.label)
}
