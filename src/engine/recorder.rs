//! Writes down what happens, with sentences and vector clocks. The search runs without one.

use super::protocol::Breach;
use super::sorting::sort;
use super::trace::{
    Change, Event, EventKind, Lane, LossCause, Message, MessageEnd, NodeId, PartitionBand, Span, SpanKind, Trace,
    Violation,
};
use super::view::{Bar, Blocked, NodeView, Status};

/// The trace under construction, with what is needed to continue it.
#[derive(Clone, Debug)]
pub struct Recorder {
    pub(super) trace: Trace,
    /// Reason of what follows in the running handler: a clause behind "because".
    pub(super) reason: Option<String>,
    now_ms: u64,
    local_ms: Vec<i64>,
    clocks: Vec<Vec<u32>>,
    /// Vector clock of each message at its sending.
    message_clocks: Vec<Vec<u32>>,
    /// How each node looked after the last step.
    looks: Vec<Option<NodeView>>,
    /// First row of the running step.
    step_row: usize,
}

impl Recorder {
    /// A recorder of a run over these lifelines.
    pub fn new(lanes: Vec<Lane>) -> Self {
        let count = lanes.len();
        Recorder {
            trace: Trace { lanes, ..Trace::default() },
            reason: None,
            now_ms: 0,
            local_ms: vec![0; count],
            clocks: vec![vec![0; count]; count],
            message_clocks: Vec::new(),
            looks: vec![None; count],
            step_row: 0,
        }
    }

    /// Whether a node was blocked, and on what, after the last step.
    pub(super) fn blocked(&self, node: NodeId) -> Option<&Blocked> {
        self.looks[node.index()].as_ref()?.blocked.as_ref()
    }

    /// What has been written down.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    pub(super) fn set_time(&mut self, now_ms: u64, local_ms: impl Iterator<Item = i64>) {
        self.now_ms = now_ms;
        self.local_ms.clear();
        self.local_ms.extend(local_ms);
    }

    fn id(&self, node: NodeId) -> &str {
        &self.trace.lanes[node.index()].id
    }

    fn because(&self) -> String {
        self.reason.as_ref().map(|reason| format!(", because {reason}")).unwrap_or_default()
    }

    fn push(&mut self, node: NodeId, kind: EventKind, label: String, sentence: String) -> u32 {
        self.clocks[node.index()][node.index()] += 1;
        let row = self.trace.events.len() as u32;
        self.trace.events.push(Event {
            step: self.trace.rows_at.len() as u32,
            time_ms: self.now_ms,
            local_ms: self.local_ms[node.index()],
            node,
            kind,
            label,
            sentence,
            clock: self.clocks[node.index()].clone(),
            badge: None,
            changes: Vec::new(),
            marks: Vec::new(),
        });
        row
    }

    pub(super) fn sent(&mut self, from: NodeId, to: NodeId, label: &str, body: String) {
        let message = self.trace.messages.len() as u32;
        let sentence = format!("{} sends {label} to {}{}.", self.id(from), self.id(to), self.because());
        let row = self.push(from, EventKind::Sent { message }, label.to_owned(), sentence);
        self.trace.messages.push(Message {
            from,
            to,
            label: label.to_owned(),
            body,
            sent_row: row,
            sent_ms: self.now_ms,
            copy_of: None,
            end: MessageEnd::InFlight,
        });
        self.message_clocks.push(self.clocks[from.index()].clone());
    }

    pub(super) fn delivered(&mut self, message: u32) {
        let sent = &self.trace.messages[message as usize];
        let (from, to, label) = (sent.from, sent.to, sent.label.clone());
        let copy = if sent.copy_of.is_some() { "a copy of " } else { "" };
        let sentence = format!("{} receives {copy}{label} from {}.", self.id(to), self.id(from));
        for (own, theirs) in self.clocks[to.index()].iter_mut().zip(&self.message_clocks[message as usize]) {
            *own = (*own).max(*theirs);
        }
        let row = self.push(to, EventKind::Delivered { message }, label, sentence);
        self.trace.messages[message as usize].end = MessageEnd::Delivered { row };
    }

    pub(super) fn lost(&mut self, message: u32, cause: LossCause) {
        let sent = &self.trace.messages[message as usize];
        let (from, to, label) = (sent.from, sent.to, sent.label.clone());
        let (sender, receiver) = (self.id(from), self.id(to));
        let why = match cause {
            LossCause::Dropped => "the network drops it".to_owned(),
            LossCause::ReceiverDown => format!("{receiver} is down"),
            LossCause::Partitioned => format!("a partition stands between {sender} and {receiver}"),
            LossCause::ConnectionBroken => "the crash broke its connection".to_owned(),
        };
        let sentence = format!("The {label} from {sender} to {receiver} is lost: {why}.");
        let row = self.push(to, EventKind::Lost { message, cause }, label, sentence);
        self.trace.messages[message as usize].end = MessageEnd::Lost { row, cause };
    }

    pub(super) fn duplicated(&mut self, message: u32) {
        let copy = self.trace.messages.len() as u32;
        let mut copied = self.trace.messages[message as usize].clone();
        let sentence = format!(
            "The network duplicates the {} from {} to {}.",
            copied.label,
            self.id(copied.from),
            self.id(copied.to)
        );
        let from = copied.from;
        let row = self.push(from, EventKind::Duplicated { message, copy }, copied.label.clone(), sentence);
        copied.copy_of = Some(message);
        copied.sent_row = row;
        copied.sent_ms = self.now_ms;
        copied.end = MessageEnd::InFlight;
        self.trace.messages.push(copied);
        let clock = self.message_clocks[message as usize].clone();
        self.message_clocks.push(clock);
    }

    pub(super) fn wrote(&mut self, node: NodeId, record: &str, forced: bool) {
        let because = self.because();
        let (label, sentence) = if forced {
            (
                format!("log: {record}"),
                format!("{} forces \u{201c}{record}\u{201d} to its log{because}.", self.id(node)),
            )
        } else {
            let sentence =
                format!("{} writes \u{201c}{record}\u{201d} to its log without forcing it{because}.", self.id(node));
            (format!("log: {record} (unforced)"), sentence)
        };
        self.push(node, EventKind::Wrote { forced }, label, sentence);
    }

    pub(super) fn overwrote(&mut self, node: NodeId, content: &str) {
        let sentence = format!("{} writes \u{201c}{content}\u{201d} to its disk{}.", self.id(node), self.because());
        self.push(node, EventKind::Wrote { forced: true }, format!("disk: {content}"), sentence);
    }

    pub(super) fn fired(&mut self, node: NodeId, timer: &str) {
        let sentence = format!("The {timer} timer of {} fires.", self.id(node));
        self.push(node, EventKind::TimerFired, format!("{timer} timer"), sentence);
    }

    pub(super) fn stepped(&mut self, node: NodeId, label: &str, sentence: String) {
        self.push(node, EventKind::Stepped, label.to_owned(), sentence);
    }

    pub(super) fn noted(&mut self, node: NodeId, label: &str, sentence: String) {
        self.push(node, EventKind::Noted, label.to_owned(), sentence);
    }

    pub(super) fn mark(&mut self, node: NodeId, mark: &'static str) {
        if let Some(event) = self.trace.events.iter_mut().rev().find(|event| event.node == node) {
            event.marks.push(mark);
        }
    }

    pub(super) fn crashed(&mut self, node: NodeId) {
        let sentence = format!("{} crashes; what it held only in memory is gone.", self.id(node));
        self.push(node, EventKind::Crashed, "crash".to_owned(), sentence);
    }

    pub(super) fn restarted(&mut self, node: NodeId) {
        let sentence = format!("{} restarts with what its disk holds.", self.id(node));
        self.push(node, EventKind::Restarted, "restart".to_owned(), sentence);
    }

    pub(super) fn paused(&mut self, node: NodeId, pauses: bool) {
        let id = self.id(node);
        let (kind, label, sentence) = if pauses {
            (EventKind::Paused, "pause", format!("{id} stops executing (a pause); its clock goes on."))
        } else {
            (EventKind::Resumed, "resume", format!("{id} goes on from where it was."))
        };
        self.push(node, kind, label.to_owned(), sentence);
    }

    pub(super) fn jumped(&mut self, node: NodeId, by_ms: i64) {
        let way = if by_ms > 0 { "forward" } else { "back" };
        let sentence = format!("The clock of {} jumps {way} by {} ms.", self.id(node), by_ms.unsigned_abs());
        self.push(node, EventKind::ClockJumped { by_ms }, format!("clock {by_ms:+} ms"), sentence);
    }

    pub(super) fn rate_changed(&mut self, node: NodeId, permille: u32) {
        let speed = format!("{}.{:03}", permille / 1000, permille % 1000);
        let sentence = format!("The clock of {} now runs at {speed} of true speed.", self.id(node));
        self.push(node, EventKind::ClockRate { permille }, format!("clock \u{d7}{speed}"), sentence);
    }

    pub(super) fn partitioned(&mut self, side: Vec<NodeId>) {
        let names: Vec<&str> = side.iter().map(|node| self.id(*node)).collect();
        let verb = if names.len() == 1 { "is" } else { "are" };
        let sentence = format!("The network splits: {} {verb} cut off from all others.", names.join(", "));
        let first = side.first().copied().unwrap_or(NodeId(0));
        let row = self.push(first, EventKind::Partitioned { side: side.clone() }, "partition".to_owned(), sentence);
        self.trace.partitions.push(PartitionBand { from_row: row, to_row: None, side });
    }

    pub(super) fn healed(&mut self, first: NodeId) {
        let row = self.push(first, EventKind::Healed, "heal".to_owned(), "The network heals.".to_owned());
        for band in self.trace.partitions.iter_mut().filter(|band| band.to_row.is_none()) {
            band.to_row = Some(row);
        }
    }

    /// The step that led to `step` broke an invariant.
    pub(super) fn broken(&mut self, invariant: &'static str, breach: Breach, step: u32) {
        let events = &self.trace.events;
        let latest = |(node, mark): &(NodeId, &'static str)| {
            events.iter().rposition(|event| event.node == *node && event.marks.contains(mark))
        };
        let mut guilty: Vec<u32> = breach.guilty.iter().filter_map(latest).map(|row| row as u32).collect();
        sort(&mut guilty);
        guilty.dedup();
        let row = (events.len() as u32).saturating_sub(1);
        self.trace.violations.push(Violation { invariant, sentence: breach.sentence, row, step, guilty });
    }

    /// Ends the running step: compares how the nodes look now with how they looked before it, and writes the difference down.
    pub(super) fn end_step(&mut self, views: Vec<NodeView>) {
        for view in views {
            let before = self.looks[view.node.index()].take();
            let row = self.last_row_of(view.node);
            self.note_changes(row, before.as_ref(), &view);
            self.note_bars(row, before.as_ref(), &view);
            let at = view.node.index();
            self.looks[at] = Some(view);
        }
        self.step_row = self.trace.events.len();
        self.trace.rows_at.push(self.step_row as u32);
    }

    /// The last row of a node within the running step; where it has none, the last row of the run.
    fn last_row_of(&self, node: NodeId) -> Option<usize> {
        let own = self.trace.events[self.step_row..].iter().rposition(|event| event.node == node);
        own.map(|at| at + self.step_row).or(self.trace.events.len().checked_sub(1))
    }

    fn note_changes(&mut self, row: Option<usize>, before: Option<&NodeView>, after: &NodeView) {
        let (Some(before), Some(row)) = (before, row) else { return };
        let event = &mut self.trace.events[row];
        if event.node != after.node {
            return;
        }
        if before.badge != after.badge {
            event.badge = after.badge.clone();
        }
        for field in &after.fields {
            let old = before.fields.iter().find(|old| old.name == field.name).map_or("", |old| old.value.as_str());
            if old != field.value {
                event.changes.push(Change {
                    field: field.name.clone(),
                    before: old.to_owned(),
                    after: field.value.clone(),
                });
            }
        }
        for gone in before.fields.iter().filter(|old| !after.fields.iter().any(|field| field.name == old.name)) {
            event.changes.push(Change { field: gone.name.clone(), before: gone.value.clone(), after: String::new() });
        }
    }

    fn note_bars(&mut self, row: Option<usize>, before: Option<&NodeView>, after: &NodeView) {
        let is_as_before = before.is_some_and(|before| {
            (before.status, &before.blocked, &before.bars) == (after.status, &after.blocked, &after.bars)
        });
        if is_as_before {
            return;
        }
        let lanes = &self.trace.lanes;
        let old = before.map(|view| standing(view, lanes)).unwrap_or_default();
        let new = standing(after, lanes);
        let row = row.unwrap_or(0) as u32;
        for ended in old.iter().filter(|bar| !new.contains(bar)) {
            let end = self.row_in_step(after.node, ending(ended.kind)).unwrap_or(row);
            let open = self.trace.spans.iter_mut().rev().find(|span| {
                span.node == after.node && span.kind == ended.kind && span.label == ended.label && span.to_row.is_none()
            });
            if let Some(span) = open {
                span.to_row = Some(end);
            }
        }
        for begun in new.into_iter().filter(|bar| !old.contains(bar)) {
            let from_row = self.row_in_step(after.node, beginning(begun.kind)).unwrap_or(row);
            let span = Span { node: after.node, from_row, to_row: None, kind: begun.kind, label: begun.label };
            let at = self.trace.spans.partition_point(|other| other.from_row <= from_row);
            self.trace.spans.insert(at, span);
        }
    }

    /// Where an event of this kind on this node stands among the rows of the running step.
    fn row_in_step(&self, node: NodeId, kind: Option<EventKind>) -> Option<u32> {
        let kind = kind?;
        let at = self.trace.events[self.step_row..].iter().position(|event| event.node == node && event.kind == kind);
        at.map(|at| (at + self.step_row) as u32)
    }
}

/// The event with which a bar begins, where it is not the last of the step.
fn beginning(kind: SpanKind) -> Option<EventKind> {
    match kind {
        SpanKind::Crashed => Some(EventKind::Crashed),
        SpanKind::Paused => Some(EventKind::Paused),
        SpanKind::Blocked | SpanKind::Lock | SpanKind::CriticalSection | SpanKind::Lease { .. } => None,
    }
}

/// The event with which a bar ends, where it is not the last of the step.
fn ending(kind: SpanKind) -> Option<EventKind> {
    match kind {
        SpanKind::Crashed => Some(EventKind::Restarted),
        SpanKind::Paused => Some(EventKind::Resumed),
        SpanKind::Blocked | SpanKind::Lock | SpanKind::CriticalSection | SpanKind::Lease { .. } => None,
    }
}

/// All bars of a node, those of its status and of its waiting included.
fn standing(view: &NodeView, lanes: &[Lane]) -> Vec<Bar> {
    let mut bars = Vec::new();
    match view.status {
        Status::Up => {}
        Status::Paused => bars.push(Bar { kind: SpanKind::Paused, label: "paused".to_owned() }),
        Status::Crashed => bars.push(Bar { kind: SpanKind::Crashed, label: "down".to_owned() }),
    }
    if let Some(blocked) = &view.blocked {
        let by: Vec<&str> = blocked.by.iter().map(|node| lanes[node.index()].id.as_str()).collect();
        let of = if by.is_empty() { String::new() } else { format!(" of {}", by.join(", ")) };
        bars.push(Bar { kind: SpanKind::Blocked, label: format!("waits for {}{of}", blocked.on) });
    }
    bars.extend(view.bars.iter().cloned());
    bars
}
