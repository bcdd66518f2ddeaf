//! Traces made by hand: what happens is told line by line, and the rows, steps and ends of a well-formed trace follow.

use interleave::engine::{
    Badge, Event, EventKind, Lane, LossCause, Message, MessageEnd, NodeId, PartitionBand, Span, SpanKind, Tone, Trace,
    Violation,
};

/// A trace under way.
pub struct Tale {
    trace: Trace,
    step: u32,
    time_ms: u64,
}

impl Tale {
    /// Begins a tale among these lifelines: (id, title).
    pub fn among(lanes: &[(&str, &str)]) -> Self {
        let lanes = lanes
            .iter()
            .map(|(id, title)| Lane {
                id: (*id).to_owned(),
                title: (*title).to_owned(),
                role: "node",
                group: String::new(),
            })
            .collect();
        Tale { trace: Trace { lanes, ..Trace::default() }, step: 0, time_ms: 0 }
    }

    /// The next choice is taken, so many ms later.
    pub fn step(&mut self, after_ms: u64) {
        self.trace.rows_at.push(self.rows());
        self.step += 1;
        self.time_ms += after_ms;
    }

    /// Something happens on a lifeline; gives its row.
    pub fn event(&mut self, node: u8, kind: EventKind, label: &str) -> u32 {
        let row = self.rows();
        let id = &self.trace.lanes[usize::from(node)].id;
        self.trace.events.push(Event {
            step: self.step,
            time_ms: self.time_ms,
            local_ms: self.time_ms as i64,
            node: NodeId(node),
            kind,
            label: label.to_owned(),
            sentence: format!("{id}: {label}."),
            clock: vec![0; self.trace.lanes.len()],
            badge: None,
            changes: Vec::new(),
            marks: Vec::new(),
        });
        row
    }

    /// The latest event leaves its node with this badge.
    pub fn badge(&mut self, text: &'static str, tone: Tone) {
        self.trace.events.last_mut().expect("something has happened").badge = Some(Badge { text, tone });
    }

    /// A message leaves; gives its id.
    pub fn send(&mut self, from: u8, to: u8, label: &str) -> u32 {
        let message = self.trace.messages.len() as u32;
        let row = self.event(from, EventKind::Sent { message }, label);
        self.trace.messages.push(Message {
            from: NodeId(from),
            to: NodeId(to),
            label: label.to_owned(),
            body: format!("{label}(1)"),
            sent_row: row,
            sent_ms: self.time_ms,
            copy_of: None,
            end: MessageEnd::InFlight,
        });
        message
    }

    /// The network makes a copy of a message in flight; gives the copy's id.
    pub fn copy(&mut self, message: u32) -> u32 {
        let copy = self.trace.messages.len() as u32;
        let mut double = self.trace.messages[message as usize].clone();
        let row = self.event(double.from.0, EventKind::Duplicated { message, copy }, "duplicate");
        double.copy_of = Some(message);
        double.sent_row = row;
        double.sent_ms = self.time_ms;
        self.trace.messages.push(double);
        copy
    }

    /// A message arrives.
    pub fn deliver(&mut self, message: u32) {
        let Message { to, label, .. } = self.trace.messages[message as usize].clone();
        let row = self.event(to.0, EventKind::Delivered { message }, &label);
        self.trace.messages[message as usize].end = MessageEnd::Delivered { row };
    }

    /// A message is lost.
    pub fn lose(&mut self, message: u32, cause: LossCause) {
        let Message { from, to, label, .. } = self.trace.messages[message as usize].clone();
        let node = if cause == LossCause::ReceiverDown { to } else { from };
        let row = self.event(node.0, EventKind::Lost { message, cause }, &label);
        self.trace.messages[message as usize].end = MessageEnd::Lost { row, cause };
    }

    /// Ids of the messages in flight.
    pub fn flying(&self) -> Vec<u32> {
        let messages = self.trace.messages.iter().enumerate();
        messages.filter(|(_, message)| message.end == MessageEnd::InFlight).map(|(id, _)| id as u32).collect()
    }

    /// A bar begins with the latest event; gives its number.
    pub fn begin(&mut self, node: u8, kind: SpanKind, label: &str) -> usize {
        let from_row = self.latest();
        self.trace.spans.push(Span { node: NodeId(node), from_row, to_row: None, kind, label: label.to_owned() });
        self.trace.spans.len() - 1
    }

    /// A bar ends with the latest event.
    pub fn end(&mut self, span: usize) {
        let row = self.latest();
        self.trace.spans[span].to_row = Some(row);
    }

    /// Numbers of the bars that last.
    pub fn lasting(&self) -> Vec<usize> {
        let spans = self.trace.spans.iter().enumerate();
        spans.filter(|(_, span)| span.to_row.is_none()).map(|(at, _)| at).collect()
    }

    /// The network splits.
    pub fn cut(&mut self, side: &[u8]) {
        let side: Vec<NodeId> = side.iter().map(|node| NodeId(*node)).collect();
        let from_row = self.event(side[0].0, EventKind::Partitioned { side: side.clone() }, "partition");
        self.trace.partitions.push(PartitionBand { from_row, to_row: None, side });
    }

    /// All partitions end.
    pub fn heal(&mut self, node: u8) {
        let row = self.event(node, EventKind::Healed, "heal");
        for band in self.trace.partitions.iter_mut().filter(|band| band.to_row.is_none()) {
            band.to_row = Some(row);
        }
    }

    /// An invariant breaks with the latest event.
    pub fn violate(&mut self, invariant: &'static str, sentence: &str, guilty: &[u32]) {
        let (row, step) = (self.latest(), self.step);
        let (sentence, guilty) = (sentence.to_owned(), guilty.to_vec());
        self.trace.violations.push(Violation { invariant, sentence, row, step, guilty });
    }

    /// How many rows there are.
    pub fn rows(&self) -> u32 {
        self.trace.events.len() as u32
    }

    /// The whole of it.
    pub fn done(mut self) -> Trace {
        self.trace.rows_at.push(self.rows());
        self.trace
    }

    fn latest(&self) -> u32 {
        self.rows().checked_sub(1).expect("something has happened")
    }
}
