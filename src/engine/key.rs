//! Fingerprints of worlds for the search: a shift in time is no other state, nor is a change of places among interchangeable nodes.

use std::hash::{Hash, Hasher};
use std::mem::discriminant;

use super::hash::KeyHasher;
use super::protocol::{MAX_NODES, Protocol};
use super::sorting::sort;
use super::trace::NodeId;
use super::world::World;

/// Who takes whose place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Relabel {
    to: [u8; MAX_NODES],
    from: [u8; MAX_NODES],
}

impl Relabel {
    /// Everybody stays.
    pub fn identity() -> Self {
        let mut places = [0; MAX_NODES];
        for (place, at) in places.iter_mut().zip(0..) {
            *place = at;
        }
        Relabel { to: places, from: places }
    }

    /// The place that a node takes.
    pub fn node(&self, node: NodeId) -> NodeId {
        NodeId(self.to[node.index()])
    }

    /// Who takes a place.
    pub fn taker(&self, place: NodeId) -> NodeId {
        NodeId(self.from[place.index()])
    }

    /// A set of nodes, bit per node, after the change.
    pub fn nodes(&self, set: u32) -> u32 {
        self.bits(set, NodeId(0))
    }

    /// A set with a bit per node, counted from the node `first`, after the change; nodes before it stay where they are.
    pub fn bits(&self, set: u32, first: NodeId) -> u32 {
        let mut rest = set;
        let mut moved = 0;
        while rest != 0 {
            let bit = rest.trailing_zeros() as u8;
            rest &= rest - 1;
            moved |= 1 << (self.node(NodeId(first.0 + bit)).0 - first.0);
        }
        moved
    }

    /// A list with an entry per node, counted from the node `first`, after the change; the list reaches at least as far as the nodes that move.
    pub fn entries<T: Clone, const N: usize>(&self, list: &[T; N], first: NodeId) -> [T; N] {
        let mut moved = list.clone();
        for (entry, at) in list.iter().zip(first.0..) {
            let place = usize::from(self.node(NodeId(at)).0 - first.0);
            // Nodes change places only among each other, and all that move stand in the list.
            if let Some(slot) = moved.get_mut(place) {
                *slot = entry.clone();
            }
        }
        moved
    }

    /// The same, with nodes (`takers`) in the places of a set.
    fn with(&self, takers: &[NodeId], places: &[NodeId]) -> Relabel {
        let mut relabel = self.clone();
        for (taker, place) in takers.iter().zip(places) {
            relabel.put(*taker, *place);
        }
        relabel
    }

    fn put(&mut self, taker: NodeId, place: NodeId) {
        self.to[taker.index()] = place.0;
        self.from[place.index()] = taker.0;
    }
}

/// Most nodes of one set that cannot be told apart and are still tried in every order: 5! = 120 fingerprints for a state are cheaper than 120 states.
const ALIKE_MAX: usize = 5;

/// Sets of nodes that may change places, and the ways to put them in order.
struct Orders {
    relabels: Vec<Relabel>,
}

impl Orders {
    /// Nobody moves.
    fn new() -> Self {
        Orders { relabels: vec![Relabel::identity()] }
    }

    /// Puts a set in the order of what tells its nodes apart; those that nothing tells apart, in every order.
    fn arrange(&mut self, set: &[NodeId], marks: &[u64]) {
        let mut order: Vec<(u64, NodeId)> = marks.iter().copied().zip(set.iter().copied()).collect();
        sort(&mut order);
        let mut orders: Vec<Vec<NodeId>> = vec![Vec::new()];
        for alike in order.chunk_by(|one, other| one.0 == other.0) {
            let nodes: Vec<NodeId> = alike.iter().map(|(_, node)| *node).collect();
            let ways = if nodes.len() <= ALIKE_MAX { permutations(&nodes) } else { vec![nodes] };
            orders = orders
                .iter()
                .flat_map(|begun| ways.iter().map(move |way| begun.iter().chain(way).copied().collect()))
                .collect();
        }
        self.relabels =
            self.relabels.iter().flat_map(|relabel| orders.iter().map(move |order| relabel.with(order, set))).collect();
    }
}

fn permutations(nodes: &[NodeId]) -> Vec<Vec<NodeId>> {
    if nodes.len() <= 1 {
        return vec![nodes.to_vec()];
    }
    let mut all = Vec::new();
    for (at, first) in nodes.iter().enumerate() {
        let rest = [&nodes[..at], &nodes[at + 1..]].concat();
        all.extend(permutations(&rest).into_iter().map(|tail| [&[*first], tail.as_slice()].concat()));
    }
    all
}

impl<P: Protocol> World<P> {
    /// The fingerprint by which the search knows a world again: as [`World::hash64`], but with all times relative to now.
    pub fn key(&self, protocol: &P) -> u64 {
        let mut hasher = KeyHasher::default();
        for node in self.ids() {
            let slot = self.slot(node);
            let local_ms = slot.clock.read(self.now_ms);
            protocol.hash_node(&slot.state, local_ms, &mut hasher);
            self.hash_slot(node, &mut hasher);
        }
        hasher.write_usize(self.network.in_flight.len());
        for message in &self.network.in_flight {
            (message.from, message.to).hash(&mut hasher);
            message.msg.hash(&mut hasher);
            self.remaining(message.due_ms).hash(&mut hasher);
        }
        self.network.sides.hash(&mut hasher);
        self.spent.hash(&mut hasher);
        self.ghost.hash(&mut hasher);
        hasher.finish()
    }

    /// One fingerprint for all worlds that differ from this one only in which node of a set is which: that of the world in which they stand in the
    /// order of what tells them apart; where nothing does, the least among those in which they stand in any order.
    pub(super) fn orbit_key(&self, protocol: &P, sets: &[Vec<NodeId>]) -> u64 {
        if protocol.marks_are_whole() {
            // One order stands for all: there is nothing to be tried.
            let mut relabel = Relabel::identity();
            for set in sets {
                let mut order: Vec<(u64, NodeId)> =
                    set.iter().map(|node| (self.marked(protocol, *node).finish(), *node)).collect();
                sort(&mut order);
                for ((_, taker), place) in order.iter().zip(set) {
                    relabel.put(*taker, *place);
                }
            }
            return self.relabelled_key(protocol, &relabel);
        }
        let mut orders = Orders::new();
        for set in sets {
            let marks: Vec<u64> = set.iter().map(|node| self.mark_of(protocol, *node, set)).collect();
            orders.arrange(set, &marks);
        }
        let keys = orders.relabels.iter().map(|relabel| self.relabelled_key(protocol, relabel));
        keys.min().unwrap_or_default()
    }

    /// What tells a node apart from others of its set, whichever places those have.
    fn mark_of(&self, protocol: &P, node: NodeId, set: &[NodeId]) -> u64 {
        let mut hasher = self.marked(protocol, node);
        // A sum, since the order of messages tells places.
        let mut messages = 0_u64;
        for message in self.network.in_flight.iter().filter(|message| message.from == node || message.to == node) {
            let other = if message.from == node { message.to } else { message.from };
            let other = (!set.contains(&other)).then_some(other);
            let mut hasher = KeyHasher::default();
            (message.from == node, other, discriminant(&message.msg)).hash(&mut hasher);
            messages = messages.wrapping_add(hasher.finish());
        }
        messages.hash(&mut hasher);
        hasher.finish()
    }

    fn marked(&self, protocol: &P, node: NodeId) -> KeyHasher {
        let mut hasher = KeyHasher::default();
        self.hash_slot(node, &mut hasher);
        protocol.mark_apart(node, self, &mut hasher);
        hasher
    }

    fn relabelled_key(&self, protocol: &P, relabel: &Relabel) -> u64 {
        let mut hasher = KeyHasher::default();
        for place in self.ids() {
            let taker = relabel.taker(place);
            let slot = self.slot(taker);
            let local_ms = slot.clock.read(self.now_ms);
            protocol.hash_relabelled(&slot.state, relabel, local_ms, &mut hasher);
            self.hash_slot(taker, &mut hasher);
        }
        let in_flight = &self.network.in_flight;
        hasher.write_usize(in_flight.len());
        let mut messages: Vec<_> = in_flight
            .iter()
            .zip(0_usize..)
            .map(|(message, at)| {
                let ends = (relabel.node(message.from), relabel.node(message.to));
                // Within a channel that keeps order, the order stays.
                let order = if protocol.channel(message.from, message.to).keeps_order() { at } else { 0 };
                (ends, order, protocol.relabel_message(&message.msg, relabel), self.remaining(message.due_ms))
            })
            .collect();
        sort(&mut messages);
        for (ends, _, msg, remaining) in messages {
            ends.hash(&mut hasher);
            msg.hash(&mut hasher);
            remaining.hash(&mut hasher);
        }
        let mut sides: Vec<u32> = self.network.sides.iter().map(|side| relabel.nodes(*side)).collect();
        sort(&mut sides);
        sides.hash(&mut hasher);
        self.spent.hash(&mut hasher);
        protocol.relabel_ghost(&self.ghost, relabel).hash(&mut hasher);
        hasher.finish()
    }

    /// What the engine keeps for a node, with times relative to its own clock.
    fn hash_slot(&self, node: NodeId, hasher: &mut KeyHasher) {
        let slot = self.slot(node);
        let local_ms = slot.clock.read(self.now_ms);
        slot.status.hash(hasher);
        slot.clock.rate_permille().hash(hasher);
        local_ms.wrapping_sub_unsigned(self.now_ms).hash(hasher);
        hasher.write_usize(slot.timers.len());
        for (timer, reading) in &slot.timers {
            timer.hash(hasher);
            reading.wrapping_sub(local_ms).hash(hasher);
        }
    }

    /// How long a message may still take; one that is overdue (its receiver is paused, say) may take no longer.
    fn remaining(&self, due_ms: Option<u64>) -> Option<u64> {
        due_ms.map(|due| due.saturating_sub(self.now_ms))
    }
}
