//! What the page, the command line and the tests see of a run at one step: choices, nodes, verdicts, figures. Plain data, no generics.

use super::trace::{Badge, NodeId, SpanKind};

/// Kind of choice, in the order in which the page groups them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ChoiceGroup {
    /// A node does something of its own accord.
    Step,
    /// A message arrives.
    Deliver,
    /// Time runs to a timer.
    Timer,
    /// The network misbehaves: drop, duplicate, partition, heal.
    Network,
    /// A node crashes, restarts, is paused or resumed.
    Node,
    /// A clock jumps or drifts.
    Clock,
}

/// Something that may happen next (or may not, and says why).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChoiceView {
    /// Its name in a run string, with the wait that suits it: `c-p1+10`. Give this to [`super::Run::push`].
    pub name: String,
    /// Which group it belongs to.
    pub group: ChoiceGroup,
    /// What it does, in a few words: `deliver prepare to p1`.
    pub label: String,
    /// The verb alone, for menus on an arrow or a lifeline: `deliver`, `drop`, `crash`.
    pub verb: &'static str,
    /// The lifeline it concerns most.
    pub node: Option<NodeId>,
    /// The message it concerns, by its id in the trace.
    pub message: Option<u32>,
    /// Why it cannot be taken now; `None` where it can.
    pub disabled: Option<String>,
    /// The same choice with a crash of the acting node in its midst; empty where there is no point between two effects.
    pub crash_points: Vec<CrashPoint>,
}

/// A choice whose node crashes after some of its effects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CrashPoint {
    /// Its name in a run string: `c-p1!crash1+10`.
    pub name: String,
    /// Where the crash falls: `after forcing yes, before sending yes to c`.
    pub label: String,
}

/// A node as it stands at one step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeView {
    /// Which lifeline.
    pub node: NodeId,
    /// Whether it runs.
    pub status: Status,
    /// The badge on the lifeline, if it has one.
    pub badge: Option<Badge>,
    /// Own clock, in ms.
    pub local_ms: i64,
    /// Own clock less true time, in ms.
    pub offset_ms: i64,
    /// Speed of its clock in thousandths of true speed.
    pub rate_permille: u32,
    /// State, field by field, in the scenario's order.
    pub fields: Vec<Field>,
    /// Its log (durable records in the order of writing; those not yet forced are marked so by the scenario).
    pub log: Vec<String>,
    /// Timers that run, by when they fire.
    pub timers: Vec<TimerView>,
    /// What it waits for, if it cannot go on by itself.
    pub blocked: Option<Blocked>,
    /// Bars that stand on its lifeline now.
    pub bars: Vec<Bar>,
}

/// Whether a node executes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Status {
    /// Executes.
    Up,
    /// Stopped executing, loses nothing.
    Paused,
    /// Down: volatile state is gone.
    Crashed,
}

/// One field of a node's state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A timer that runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TimerView {
    /// Its name in run strings: `vote`.
    pub name: String,
    /// True time at which it fires as its clock runs now, in ms.
    pub due_ms: u64,
}

/// A node that waits: not a violation, but what liveness is about.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Blocked {
    /// What it waits for: `the decision`.
    pub on: String,
    /// Who keeps it waiting.
    pub by: Vec<NodeId>,
    /// What it holds meanwhile: `row lock on account 2`.
    pub holds: Vec<String>,
    /// What would free it: `c restarts, or …`.
    pub frees: String,
}

/// A bar that stands on a lifeline now.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Bar {
    /// What it means.
    pub kind: SpanKind,
    /// Words beside it.
    pub label: String,
}

/// How an invariant or goal stands at one step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// Its id: `ac1`.
    pub id: &'static str,
    /// What must hold, in one sentence.
    pub text: &'static str,
    /// Whether it must always hold or only come to hold.
    pub kind: VerdictKind,
    /// How it stands.
    pub state: VerdictState,
}

/// Safety or liveness.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VerdictKind {
    /// Must hold at every step.
    Invariant,
    /// Should hold in the end.
    Goal,
}

/// How an invariant or goal stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum VerdictState {
    /// Holds (for a goal: has been reached).
    Holds,
    /// A goal that is still open, with what is missing.
    Open(String),
    /// A goal that nobody can reach by waiting, with who waits for whom: *blocked*.
    Blocked(String),
    /// An invariant that is broken, now or earlier in the run. The index points into [`super::Trace::violations`].
    Violated { violation: u32 },
}

/// A figure about the run up to one step: `forced log writes: 5 (published: 2N+1 = 7)`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Figure {
    /// What is counted.
    pub label: &'static str,
    /// The count.
    pub value: u32,
    /// What the literature gives for the failure-free case, with its source; empty where it gives nothing.
    pub published: String,
}
