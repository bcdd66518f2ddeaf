//! Fingerprints of worlds for the search: a shift in time is no other state, nor is a change of places among interchangeable nodes.

use std::hash::{Hash, Hasher};

use super::hash::StableHasher;
use super::protocol::{MAX_NODES, Protocol};
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

    fn swap(&mut self, one: NodeId, other: NodeId) {
        self.to.swap(one.index(), other.index());
        for (taker, place) in (0..).zip(self.to) {
            self.from[usize::from(place)] = taker;
        }
    }
}

/// Every way in which interchangeable nodes may change places, the identity first. Sets of more than [`ORBIT_MAX`] nodes stay as they are.
pub(super) fn orbit(sets: &[Vec<NodeId>]) -> Vec<Relabel> {
    let mut all = vec![Relabel::identity()];
    for set in sets.iter().filter(|set| set.len() <= ORBIT_MAX) {
        all = all.iter().flat_map(|relabel| permuted(relabel, set)).collect();
    }
    all
}

/// Most nodes of one set that change places: 5! = 120 fingerprints for a state are still cheaper than 120 states.
const ORBIT_MAX: usize = 5;

fn permuted(relabel: &Relabel, set: &[NodeId]) -> Vec<Relabel> {
    let Some((first, rest)) = set.split_first() else { return vec![relabel.clone()] };
    let mut all = permuted(relabel, rest);
    for other in rest {
        let mut swapped = relabel.clone();
        swapped.swap(*first, *other);
        all.extend(permuted(&swapped, rest));
    }
    all
}

impl<P: Protocol> World<P> {
    /// The fingerprint by which the search knows a world again: as [`World::hash64`], but with all times relative to now.
    pub fn key(&self, protocol: &P) -> u64 {
        let mut hasher = StableHasher::default();
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

    /// The least fingerprint among all worlds that differ from this one only in who is who.
    pub(super) fn orbit_key(&self, protocol: &P, orbit: &[Relabel]) -> u64 {
        let others = orbit.iter().skip(1).map(|relabel| self.relabelled_key(protocol, relabel));
        others.fold(self.key(protocol), u64::min)
    }

    fn relabelled_key(&self, protocol: &P, relabel: &Relabel) -> u64 {
        let mut hasher = StableHasher::default();
        for place in self.ids() {
            let taker = relabel.taker(place);
            let slot = self.slot(taker);
            let local_ms = slot.clock.read(self.now_ms);
            protocol.hash_node(&protocol.relabel_node(&slot.state, relabel), local_ms, &mut hasher);
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
        messages.sort_unstable();
        for (ends, _, msg, remaining) in messages {
            ends.hash(&mut hasher);
            msg.hash(&mut hasher);
            remaining.hash(&mut hasher);
        }
        let mut sides: Vec<u32> = self.network.sides.iter().map(|side| relabel.nodes(*side)).collect();
        sides.sort_unstable();
        sides.hash(&mut hasher);
        self.spent.hash(&mut hasher);
        protocol.relabel_ghost(&self.ghost, relabel).hash(&mut hasher);
        hasher.finish()
    }

    /// What the engine keeps for a node, with times relative to its own clock.
    fn hash_slot(&self, node: NodeId, hasher: &mut StableHasher) {
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
