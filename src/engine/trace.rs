//! What happened in a run, as plain data: the last form in which a run knows its scenario, and the first that the diagram knows.
//!
//! A [`Trace`] grows with the run and never changes what it already holds, except that a message in flight gets its end.
//! Row numbers are indices into [`Trace::events`]; a *step* is the number of choices taken so far (0 is the start of the run).

/// A lifeline, by its place in [`Trace::lanes`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub u8);

impl NodeId {
    /// The position in any per-node list.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// One lifeline.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lane {
    /// Short name used in run strings and arrows: letters and digits, `p1`.
    pub id: String,
    /// Name for the head of the lifeline: `participant 1`.
    pub title: String,
    /// The scenario's own role: `coordinator`, `participant`, `client`, `acceptor`.
    pub role: &'static str,
    /// The group that it can be shown in; empty where it stands by itself.
    pub group: String,
}

/// Everything that happened in a run up to its last step.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Trace {
    /// Lifelines, from left to right.
    pub lanes: Vec<Lane>,
    /// One row each, in the order in which they happened.
    pub events: Vec<Event>,
    /// Every message ever sent, copies included; a message's id is its index.
    pub messages: Vec<Message>,
    /// Bars on lifelines, ordered by their first row.
    pub spans: Vec<Span>,
    /// Partitions, ordered by their first row.
    pub partitions: Vec<PartitionBand>,
    /// Violations, in the order in which they were found.
    pub violations: Vec<Violation>,
    /// `rows_at[step]` is how many rows stand when `step` choices have been taken; its length is the number of steps plus one.
    pub rows_at: Vec<u32>,
}

impl Trace {
    /// How many choices were taken.
    pub fn steps(&self) -> u32 {
        (self.rows_at.len() as u32).saturating_sub(1)
    }

    /// How many rows are drawn when the cursor stands at `step`; past the end, all of them.
    pub fn rows_at_step(&self, step: u32) -> u32 {
        self.rows_at.get(step as usize).copied().unwrap_or(self.events.len() as u32)
    }
}

/// Something that happened, on one lifeline: one row of the diagram, one sentence of the transcript.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// The step (number of the choice, from 1) that caused it; 0 for what happens before any choice.
    pub step: u32,
    /// Virtual time in ms since the start of the run.
    pub time_ms: u64,
    /// What the node's own clock says at that moment, in ms.
    pub local_ms: i64,
    /// Where it happened. For a partition or its healing this is the first node of the side that was cut off.
    pub node: NodeId,
    /// What kind of thing it is.
    pub kind: EventKind,
    /// A few words for the diagram: `forces yes`, `vote timer`.
    pub label: String,
    /// A whole sentence with its reason: `p2 sends no to c, because its local check failed.`
    pub sentence: String,
    /// Vector clock of the node after the event, one entry per lane.
    pub clock: Vec<u32>,
    /// The badge that the node carries from this event on, where it changed.
    pub badge: Option<Badge>,
    /// Fields of the node's state that this step changed up to this event (set on the last event of a node in a step).
    pub changes: Vec<Change>,
    /// Names by which an invariant can point at this event, such as `decided`.
    pub marks: Vec<&'static str>,
}

/// What kind of thing happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EventKind {
    /// A message left the node.
    Sent { message: u32 },
    /// A message arrived and the node acted on it.
    Delivered { message: u32 },
    /// A message will never arrive.
    Lost { message: u32, cause: LossCause },
    /// The network made a second copy of a message.
    Duplicated { message: u32, copy: u32 },
    /// A timer of the node fired.
    TimerFired,
    /// The node did something of its own accord: a client's request, a session's next statement.
    Stepped,
    /// A record reached the node's durable state.
    Wrote { forced: bool },
    /// The node says something about itself that is none of the above.
    Noted,
    /// The node stopped and lost its volatile state.
    Crashed,
    /// The node came back with its durable state and ran its recovery.
    Restarted,
    /// The process stopped executing; its clock goes on.
    Paused,
    /// The process goes on from where it was.
    Resumed,
    /// The node's clock moved by so many ms.
    ClockJumped { by_ms: i64 },
    /// The node's clock now runs at so many thousandths of true speed.
    ClockRate { permille: u32 },
    /// The network split; `side` is cut off from all others.
    Partitioned { side: Vec<NodeId> },
    /// All partitions ended.
    Healed,
}

/// Why a message was lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LossCause {
    /// The network dropped it (a fault that the reader or the search chose).
    Dropped,
    /// It reached a node that was down.
    ReceiverDown,
    /// A partition cut it off.
    Partitioned,
    /// Its connection broke when one end crashed.
    ConnectionBroken,
}

/// One message on its way, or at its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// Sender.
    pub from: NodeId,
    /// Receiver.
    pub to: NodeId,
    /// What stands on the arrow: `prepare`.
    pub label: String,
    /// The whole content for the inspector: `prepare(txn 1)`.
    pub body: String,
    /// Row in which it was sent (for a copy: in which the copy was made).
    pub sent_row: u32,
    /// Virtual time of sending, in ms.
    pub sent_ms: u64,
    /// The message this is a copy of.
    pub copy_of: Option<u32>,
    /// How it ended, if it did.
    pub end: MessageEnd,
}

/// How a message ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MessageEnd {
    /// Still on its way when the run ends.
    InFlight,
    /// Arrived in this row.
    Delivered { row: u32 },
    /// Lost in this row.
    Lost { row: u32, cause: LossCause },
}

/// A bar on a lifeline that lasts from one row to another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Span {
    /// The lifeline.
    pub node: NodeId,
    /// First row.
    pub from_row: u32,
    /// Row in which it ended; `None` while it lasts.
    pub to_row: Option<u32>,
    /// What the bar means.
    pub kind: SpanKind,
    /// Words beside it: `waits for the decision of c`.
    pub label: String,
}

/// What a bar on a lifeline means. Ordered by how much it says, for layouts that must choose.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SpanKind {
    /// The node is down.
    Crashed,
    /// The process is paused.
    Paused,
    /// The node waits and cannot go on by itself.
    Blocked,
    /// It holds a lock on a row or a resource.
    Lock,
    /// It is inside a critical section.
    CriticalSection,
    /// It holds a lease that ends at this time of its own clock, in ms.
    Lease { until_ms: i64 },
}

/// A partition, while it lasts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartitionBand {
    /// First row.
    pub from_row: u32,
    /// Row in which it healed; `None` while it lasts.
    pub to_row: Option<u32>,
    /// The nodes that are cut off from all others.
    pub side: Vec<NodeId>,
}

/// What a badge or a field says about how things stand, apart from its words. Never shown by colour alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Tone {
    /// Nothing special.
    Neutral,
    /// Under way.
    Active,
    /// Ended well (committed).
    Good,
    /// Ended by giving up (aborted), as it may.
    Stopped,
    /// Waiting for others, or in doubt.
    Waiting,
}

/// A state worth seeing on the lifeline: `prepared`, `committed`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Badge {
    /// One or two words.
    pub text: &'static str,
    /// How it looks.
    pub tone: Tone,
}

/// One field of a node's state that changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// Name of the field.
    pub field: String,
    /// Value before the step; empty where the field is new.
    pub before: String,
    /// Value after the step; empty where the field is gone.
    pub after: String,
}

/// An invariant that broke.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The invariant's id, `ac1`.
    pub invariant: &'static str,
    /// What is wrong, as a sentence: `p1 committed while p2 aborted.`
    pub sentence: String,
    /// Row in which it broke (the last row of the step that broke it).
    pub row: u32,
    /// Step that broke it.
    pub step: u32,
    /// Rows of the guilty events, ascending; at most two as a rule.
    pub guilty: Vec<u32>,
}
