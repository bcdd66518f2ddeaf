//! The world as one value: nodes, clocks, timers, messages in flight, partitions, faults spent.

use std::sync::Arc;

use super::clock::Clock;
use super::hash::{Aside, stable_hash};
use super::network::Network;
use super::protocol::Protocol;
use super::trace::NodeId;
use super::view::Status;

/// Everything there is at one moment. Cheap to clone (nodes are shared until they change); `Eq` and `Hash` leave out how messages are
/// numbered, so that worlds which differ in nothing that matters are equal.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct World<P: Protocol> {
    /// True virtual time, in ms.
    pub now_ms: u64,
    /// Nodes, in lane order.
    pub nodes: Vec<Arc<Slot<P>>>,
    /// What is in flight, and which sides are cut off.
    pub network: Network<P::Msg>,
    /// Faults spent so far.
    pub spent: Spent,
    /// Auxiliary state for invariants.
    pub ghost: P::Ghost,
    /// Next message id.
    pub(super) next_message: Aside<u32>,
}

/// One node with what the engine keeps for it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Slot<P: Protocol> {
    /// The protocol's own state.
    pub state: P::Node,
    /// Whether it executes.
    pub status: Status,
    /// Its clock.
    pub clock: Clock,
    /// Its timers: (reading of its own clock at which each fires, in ms; name), sorted by name.
    pub timers: Vec<(P::Timer, i64)>,
}

/// Faults spent, by kind. What only repairs (restart, heal, resume) costs nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Spent {
    /// Crashes of nodes.
    pub crash: u16,
    /// Messages dropped by the network.
    pub drop: u16,
    /// Messages duplicated by the network.
    pub duplicate: u16,
    /// Partitions.
    pub partition: u16,
    /// Pauses of processes.
    pub pause: u16,
    /// Jumps of clocks.
    pub jump: u16,
    /// Changes of a clock's rate.
    pub drift: u16,
}

impl Spent {
    /// Every kind of fault, by its verb, in a fixed order.
    pub const KINDS: [&'static str; 7] = ["crash", "drop", "duplicate", "partition", "pause", "jump", "drift"];

    /// By verb, in a fixed order, those not spent left out.
    pub fn list(&self) -> Vec<(&'static str, u32)> {
        [
            ("crash", self.crash),
            ("drop", self.drop),
            ("duplicate", self.duplicate),
            ("partition", self.partition),
            ("pause", self.pause),
            ("jump", self.jump),
            ("drift", self.drift),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(verb, count)| (verb, u32::from(count)))
        .collect()
    }

    /// How many there are of all kinds.
    pub fn total(&self) -> u32 {
        let counts = [self.crash, self.drop, self.duplicate, self.partition, self.pause, self.jump, self.drift];
        counts.into_iter().map(u32::from).sum()
    }

    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Spent) -> Spent {
        Spent {
            crash: self.crash.saturating_add(other.crash),
            drop: self.drop.saturating_add(other.drop),
            duplicate: self.duplicate.saturating_add(other.duplicate),
            partition: self.partition.saturating_add(other.partition),
            pause: self.pause.saturating_add(other.pause),
            jump: self.jump.saturating_add(other.jump),
            drift: self.drift.saturating_add(other.drift),
        }
    }

    /// What is left of this once `other` is spent.
    #[must_use]
    pub fn minus(&self, other: &Spent) -> Spent {
        Spent {
            crash: self.crash.saturating_sub(other.crash),
            drop: self.drop.saturating_sub(other.drop),
            duplicate: self.duplicate.saturating_sub(other.duplicate),
            partition: self.partition.saturating_sub(other.partition),
            pause: self.pause.saturating_sub(other.pause),
            jump: self.jump.saturating_sub(other.jump),
            drift: self.drift.saturating_sub(other.drift),
        }
    }

    /// The count of a kind by its verb; `None` where there is no such kind.
    pub fn of_mut(&mut self, verb: &str) -> Option<&mut u16> {
        Some(match verb {
            "crash" => &mut self.crash,
            "drop" => &mut self.drop,
            "duplicate" => &mut self.duplicate,
            "partition" => &mut self.partition,
            "pause" => &mut self.pause,
            "jump" => &mut self.jump,
            "drift" => &mut self.drift,
            _ => return None,
        })
    }

    /// Whether nothing has gone wrong so far.
    pub fn is_none(&self) -> bool {
        *self == Spent::default()
    }
}

impl<P: Protocol> World<P> {
    /// The world before any node has started.
    pub(super) fn new(protocol: &P) -> Self {
        let lanes = protocol.lanes();
        debug_assert!(lanes.len() <= super::protocol::MAX_NODES, "a protocol has at most MAX_NODES nodes");
        let nodes = (0..lanes.len() as u8)
            .map(|at| {
                Arc::new(Slot {
                    state: protocol.initial(NodeId(at)),
                    status: Status::Up,
                    clock: Clock::default(),
                    timers: Vec::new(),
                })
            })
            .collect();
        World {
            now_ms: 0,
            nodes,
            network: Network::default(),
            spent: Spent::default(),
            ghost: P::Ghost::default(),
            next_message: Aside(0),
        }
    }

    /// A node with what the engine keeps for it.
    pub fn slot(&self, node: NodeId) -> &Slot<P> {
        &self.nodes[node.index()]
    }

    /// A node's own state.
    pub fn state(&self, node: NodeId) -> &P::Node {
        &self.slot(node).state
    }

    /// All nodes, in lane order.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> + use<P> {
        (0..self.nodes.len() as u8).map(NodeId)
    }

    /// Whether a node is up (running or paused, but not crashed).
    pub fn is_alive(&self, node: NodeId) -> bool {
        self.slot(node).status != Status::Crashed
    }

    /// True time at which a timer of a node fires as its clock runs now.
    pub fn due_ms(&self, node: NodeId, reading_ms: i64) -> u64 {
        self.slot(node).clock.reaches(reading_ms, self.now_ms)
    }

    /// The fixed hash of the world: the same natively and in Wasm.
    pub fn hash64(&self) -> u64 {
        stable_hash(self)
    }
}
