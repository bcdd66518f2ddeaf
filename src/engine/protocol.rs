//! What a scenario tells the engine about its protocol: nodes as pure state machines, and what must hold.

use std::borrow::Cow;
use std::fmt::Debug;
use std::hash::Hash;

use super::cx::Cx;
use super::exhibit::Exhibit;
use super::hash::KeyHasher;
use super::key::Relabel;
use super::schedule::Latency;
use super::stakes::Stakes;
use super::trace::{Badge, Lane, NodeId, Trace};
use super::view::{Bar, Blocked, Field, Figure};
use super::world::World;

/// Most nodes that a protocol may have.
pub const MAX_NODES: usize = 32;

/// Anything that is part of a world.
pub trait Data: Clone + Eq + Hash + Debug + Send + Sync + 'static {}

impl<T: Clone + Eq + Hash + Debug + Send + Sync + 'static> Data for T {}

/// A protocol: its value holds the parameters, its nodes are pure state machines. Everything random, timed or ordered comes from the engine:
/// a node that needs a random answer offers one [`Protocol::Step`] for each answer.
pub trait Protocol: Data {
    /// State of one node, usually an enum over the roles. Whatever is durable in it stands in a [`super::Disk`].
    type Node: Data;
    /// What is sent.
    type Msg: Data + Ord;
    /// Names of timers; a node has at most one of each.
    type Timer: Data + Copy + Ord;
    /// What a node may do of its own accord.
    type Step: Data + Copy;
    /// Auxiliary state that no node sees and invariants need: who decided what, ever.
    type Ghost: Data + Default;

    /// Whether what is sent arrives in the step in which it is sent, as soon as its sender is done: where nobody looks at the network between who asks
    /// and who answers. Channels then keep order.
    const AT_ONCE: bool = false;

    /// Whether [`Protocol::withholds`] ever holds a step back: the search asks for every step of every state.
    const WITHHOLDS: bool = false;

    /// Lifelines, from left to right; at most [`MAX_NODES`], ids of letters and digits.
    fn lanes(&self) -> Vec<Lane>;

    /// The id of one lifeline, as in [`Protocol::lanes`]; asked for often.
    fn lane_id(&self, node: NodeId) -> String {
        self.lanes().into_iter().nth(node.index()).map_or_else(String::new, |lane| lane.id)
    }

    /// State of a node before it starts.
    fn initial(&self, me: NodeId) -> Self::Node;

    /// The one place where a node acts: on its start, a message, a timer, a step of its own, or its restart.
    fn on(&self, me: NodeId, node: &mut Self::Node, input: Input<Self>, cx: &mut Cx<'_, Self>);

    /// What a crash leaves of a node.
    fn crashed(&self, me: NodeId, node: &Self::Node) -> Self::Node;

    /// What a node may do of its own accord now, in a fixed order.
    fn steps(&self, me: NodeId, node: &Self::Node) -> Vec<Self::Step>;

    /// How the channel from one node to another behaves.
    fn channel(&self, from: NodeId, to: NodeId) -> Channel {
        let _ = (from, to);
        Channel::Datagram
    }

    /// What the network promises about delays.
    fn timing(&self) -> Timing {
        Timing::Free
    }

    /// Latencies that the seeded scheduler draws.
    fn latency(&self) -> Latency {
        Latency::default()
    }

    /// Jumps of clocks that the menu offers and the search tries, in ms; a run string may name any. Whoever has expiries of its own names jumps past them.
    fn jumps_ms(&self) -> Vec<i64> {
        vec![1_000, -1_000]
    }

    /// Rates of clocks that the menu offers and the search tries, in thousandths of true speed; a run string may name any within its bounds.
    fn rates_permille(&self) -> Vec<u32> {
        vec![500, 1_000, 2_000]
    }

    /// Which faults may befall a node.
    fn exposure(&self, me: NodeId) -> Exposure {
        let _ = me;
        Exposure::ALL
    }

    /// Name of a message on an arrow.
    fn message_name(&self, msg: &Self::Msg) -> Cow<'static, str>;

    /// Whole content of a message.
    fn message_body(&self, msg: &Self::Msg) -> String {
        self.message_name(msg).into_owned()
    }

    /// Name of a timer in run strings: letters, digits and `-`.
    fn timer_name(&self, timer: Self::Timer) -> Cow<'static, str>;

    /// Name of a step in run strings: letters, digits and `-`.
    fn step_name(&self, step: Self::Step) -> Cow<'static, str>;

    /// Why a step that a node offers cannot be taken now, if it cannot: a clause. Asked only where [`Protocol::WITHHOLDS`] says so. The step then stands in the menu with this reason.
    fn withholds(&self, me: NodeId, step: Self::Step, world: &World<Self>) -> Option<String> {
        let _ = (me, step, world);
        None
    }

    /// What a step does, in a few words: `ask to commit`.
    fn step_label(&self, step: Self::Step) -> Cow<'static, str>;

    /// What a step does, as a sentence about the node with this id: `cl asks to commit.` Empty where what the node then sends says it all: the step has
    /// no row of its own.
    fn step_sentence(&self, id: &str, step: Self::Step) -> String;

    /// How a node looks.
    fn look(&self, me: NodeId, node: &Self::Node) -> Look;

    /// What a node waits for, if it cannot go on by itself and nothing under way will free it.
    fn blocked(&self, me: NodeId, world: &World<Self>) -> Option<Blocked> {
        let _ = (me, world);
        None
    }

    /// Sets of nodes that may change places without anything else changing: same state at the start, same rules, same faults. The search then takes
    /// runs that differ only in who is who for one. Nodes between whom a handler tells an order (it sends to p1 before p2) may stand here: where
    /// a crash can still fall between two sends, and does not break the connections that carry them, the engine does not use it.
    fn interchangeable(&self) -> Vec<Vec<NodeId>> {
        Vec::new()
    }

    /// A node's state after nodes have changed places; whatever in it names nodes is to be renamed. Asked for where [`Protocol::interchangeable`] is not
    /// empty, as are the next two.
    fn relabel_node(&self, node: &Self::Node, relabel: &Relabel) -> Self::Node {
        let _ = relabel;
        node.clone()
    }

    /// The content of a message after nodes have changed places.
    fn relabel_message(&self, msg: &Self::Msg, relabel: &Relabel) -> Self::Msg {
        let _ = relabel;
        msg.clone()
    }

    /// The auxiliary state after nodes have changed places.
    fn relabel_ghost(&self, ghost: &Self::Ghost, relabel: &Relabel) -> Self::Ghost {
        let _ = relabel;
        ghost.clone()
    }

    /// Tells a node apart from others of its set ([`Protocol::interchangeable`]), by what does not depend on which places those have: where it is in the
    /// protocol, what others know of it. The more is told here, the fewer orders the search must try; telling nothing is right, too.
    fn mark_apart(&self, me: NodeId, world: &World<Self>, hasher: &mut KeyHasher) {
        let _ = (me, world, hasher);
    }

    /// Whether nodes of a set that [`Protocol::mark_apart`] marks alike are alike in all there is, down to the messages from and to them: one order
    /// then stands for all.
    fn marks_are_whole(&self) -> bool {
        false
    }

    /// What of a world still matters: a world that goes on like this one in all that is looked at, without what can have no consequence any more (a vote
    /// on its way to a coordinator that has decided, say); `None` where all of it matters. The search takes worlds of one essence for one, and messages
    /// that it leaves out are neither awaited nor delivered. So it must be a bisimulation: whatever happens in either world happens in the other too, or
    /// leads nowhere else, and to worlds of one essence. Messages are only left out; on a channel that keeps order, with all that follow.
    /// Milner, *Communication and Concurrency* (1989), chapter 4. Tests hold every protocol to it.
    fn essence(&self, world: &World<Self>, stakes: &Stakes) -> Option<World<Self>> {
        let _ = (world, stakes);
        None
    }

    /// Hashes a node's state for the search, in which a shift in time is no other state. Whoever keeps readings of its own clock hashes them relative
    /// to `local_ms`, what that clock says now.
    fn hash_node(&self, node: &Self::Node, local_ms: i64, hasher: &mut KeyHasher) {
        let _ = local_ms;
        node.hash(hasher);
    }

    /// The same after nodes have changed places: whoever has nodes that name no others hashes them without a copy.
    fn hash_relabelled(&self, node: &Self::Node, relabel: &Relabel, local_ms: i64, hasher: &mut KeyHasher) {
        self.hash_node(&self.relabel_node(node, relabel), local_ms, hasher);
    }

    /// What must hold in every state.
    fn invariants() -> &'static [Invariant<Self>];

    /// Whether this variant promises an invariant; what it does not promise is neither checked nor shown.
    fn promises(&self, invariant: &str) -> bool {
        let _ = invariant;
        true
    }

    /// What should come to hold.
    fn goals() -> &'static [Goal<Self>] {
        &[]
    }

    /// What a world looks like beside the lifelines: tables, graphs.
    fn exhibits(&self, world: &World<Self>) -> Vec<Exhibit> {
        let _ = world;
        Vec::new()
    }

    /// Figures about the first `rows` rows of a run.
    fn figures(&self, trace: &Trace, rows: u32) -> Vec<Figure> {
        let _ = (trace, rows);
        Vec::new()
    }
}

/// What a node acts on.
#[derive(Clone, Debug)]
pub enum Input<P: Protocol> {
    /// The run starts.
    Start,
    /// A message arrives.
    Message {
        /// Its sender.
        from: NodeId,
        /// Its content.
        msg: P::Msg,
    },
    /// A timer fires.
    Timer(P::Timer),
    /// It does something of its own accord.
    Step(P::Step),
    /// It comes back after a crash.
    Restarted,
}

/// How a channel behaves.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Channel {
    /// Any order, may lose and duplicate; a partition loses what is on its way.
    Datagram,
    /// Any order, neither loses nor duplicates; across a partition it waits.
    Reliable,
    /// In order, neither loses nor duplicates (TCP within one connection); a partition makes it wait, a crash breaks it.
    Fifo,
}

impl Channel {
    /// Whether messages arrive in the order in which they were sent.
    pub fn keeps_order(self) -> bool {
        self == Channel::Fifo
    }
}

/// What the network promises about delays.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Timing {
    /// Nothing: a message arrives at any later moment or never (the asynchronous model).
    Free,
    /// A message that is not lost arrives within so many ms (the synchronous model that three-phase commit needs).
    Bounded {
        /// Longest delay, in ms of true time.
        max_ms: u32,
    },
}

/// Which faults may befall a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exposure {
    /// It may crash and restart.
    pub crash: bool,
    /// Its process may be paused.
    pub pause: bool,
    /// Its clock may jump and drift.
    pub clock: bool,
    /// A partition may cut it off.
    pub partition: bool,
}

impl Exposure {
    /// All of them.
    pub const ALL: Exposure = Exposure { crash: true, pause: true, clock: true, partition: true };
    /// None of them: the reader's own side.
    pub const NONE: Exposure = Exposure { crash: false, pause: false, clock: false, partition: false };
}

/// How a node looks.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Look {
    /// Badge on the lifeline.
    pub badge: Option<Badge>,
    /// State, field by field.
    pub fields: Vec<Field>,
    /// Log records.
    pub log: Vec<String>,
    /// Bars on the lifeline.
    pub bars: Vec<Bar>,
}

/// A predicate that must hold in every state.
pub struct Invariant<P: Protocol> {
    /// Its id, as declared by the scenario: `ac1`.
    pub id: &'static str,
    /// Whether it holds, and if not, why.
    pub check: fn(&P, &World<P>) -> Result<(), Breach>,
}

/// Why an invariant does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Breach {
    /// A whole sentence.
    pub sentence: String,
    /// The guilty: the latest event of this node that carries this mark.
    pub guilty: Vec<(NodeId, &'static str)>,
}

/// A predicate that should come to hold.
pub struct Goal<P: Protocol> {
    /// Its id, as declared by the scenario.
    pub id: &'static str,
    /// How it stands.
    pub check: fn(&P, &World<P>) -> Progress,
}

/// How a goal stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Progress {
    /// It has come to hold.
    Reached,
    /// Not yet; what is missing.
    Open(String),
    /// Not yet, and waiting will not help; who waits for whom.
    Blocked(String),
}
