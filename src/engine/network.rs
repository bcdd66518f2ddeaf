//! Messages in flight and partitions.

use super::hash::Aside;
use super::protocol::Channel;
use super::trace::NodeId;

/// Most messages that may be in flight at once.
pub const MAX_IN_FLIGHT: usize = 512;
/// Most partitions that may stand at once.
pub const MAX_PARTITIONS: usize = 8;

/// A message on its way.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct InFlight<M> {
    /// Sender.
    pub from: NodeId,
    /// Receiver.
    pub to: NodeId,
    /// Content.
    pub msg: M,
    /// True time by which it must have arrived, where delays are bounded.
    pub due_ms: Option<u64>,
    /// Its id in the trace; ids grow with age.
    pub id: Aside<u32>,
    /// True time of sending, in ms.
    pub sent_ms: Aside<u64>,
}

/// What is in flight, and who is cut off from whom.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Network<M> {
    /// Kept in an order that does not depend on when messages of an unordered channel were sent, so that equal situations are equal values.
    pub in_flight: Vec<InFlight<M>>,
    /// Each a set of nodes (bit per node) cut off from all others, sorted.
    pub sides: Vec<u32>,
}

impl<M> Default for Network<M> {
    fn default() -> Self {
        Network { in_flight: Vec::new(), sides: Vec::new() }
    }
}

impl<M> Network<M> {
    /// Whether no partition stands between two nodes.
    pub fn connected(&self, a: NodeId, b: NodeId) -> bool {
        self.sides.iter().all(|side| (side >> a.0) & 1 == (side >> b.0) & 1)
    }

    /// The age rank (1 is the oldest) of a message among those on its channel.
    pub fn rank(&self, at: usize) -> u16 {
        let message = &self.in_flight[at];
        let older = self
            .in_flight
            .iter()
            .filter(|other| other.from == message.from && other.to == message.to && other.id.0 < message.id.0);
        older.count() as u16 + 1
    }
}

impl<M: Ord> Network<M> {
    /// Puts a message in flight, in canonical order.
    pub(super) fn insert(&mut self, message: InFlight<M>, channel: Channel) {
        let at = self.in_flight.partition_point(|other| {
            let channel_order = (other.from, other.to).cmp(&(message.from, message.to));
            let within = match channel {
                Channel::Fifo => other.id.0.cmp(&message.id.0),
                Channel::Datagram | Channel::Reliable => other
                    .msg
                    .cmp(&message.msg)
                    .then(other.due_ms.cmp(&message.due_ms))
                    .then(other.id.0.cmp(&message.id.0)),
            };
            channel_order.then(within).is_lt()
        });
        self.in_flight.insert(at, message);
    }
}
