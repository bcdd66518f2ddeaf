//! What a handler may do: the only way in which a node acts on the world.

use std::hash::{Hash, Hasher};

use super::disk::Disk;
use super::hash::{Aside, KeyHasher};
use super::network::{InFlight, MAX_IN_FLIGHT, Network};
use super::protocol::{Channel, Protocol, Timing};
use super::recorder::Recorder;
use super::trace::{LossCause, NodeId};

/// The world as a handler sees it. Every [`Cx::send`], [`Cx::force`] and [`Cx::write`] is an *effect*; a crash may fall between any two of them,
/// after which the rest of the handler has no effect at all.
pub struct Cx<'a, P: Protocol> {
    pub(super) protocol: &'a P,
    pub(super) me: NodeId,
    pub(super) now_ms: u64,
    pub(super) local_ms: i64,
    pub(super) network: &'a mut Network<P::Msg>,
    pub(super) timers: &'a mut Vec<(P::Timer, i64)>,
    pub(super) ghost: &'a mut P::Ghost,
    pub(super) next_message: &'a mut Aside<u32>,
    pub(super) recorder: Option<&'a mut Recorder>,
    /// Where the effects are to be named, for the menu of crash points.
    pub(super) labels: Option<&'a mut Vec<String>>,
    pub(super) effects: u8,
    /// Which messages it looked for among those on their way, as bits of their contents ([`content_bit`]).
    pub(super) looked_for: u64,
    pub(super) crash_after: Option<u8>,
    /// Set when the handler tries an effect behind the point of its crash; from there on nothing it does counts.
    pub(super) dead: bool,
}

/// One of 64 bits that stands for a message's content; different contents may share one.
pub(super) fn content_bit(from: NodeId, to: NodeId, msg: &impl Hash) -> u64 {
    let mut hasher = KeyHasher::default();
    (from, to, msg).hash(&mut hasher);
    1 << (hasher.finish() & 63)
}

impl<P: Protocol> Cx<'_, P> {
    /// This node.
    pub fn me(&self) -> NodeId {
        self.me
    }

    /// The id of a lifeline, for notes.
    pub fn name_of(&self, node: NodeId) -> String {
        self.protocol.lane_id(node)
    }

    /// What this node's own clock says, in ms.
    pub fn local_ms(&self) -> i64 {
        self.local_ms
    }

    /// Sends a message.
    pub fn send(&mut self, to: NodeId, msg: P::Msg) {
        if !self.begin_effect() {
            return;
        }
        if let Some(labels) = self.labels.as_deref_mut() {
            let to = self.protocol.lane_id(to);
            labels.push(format!("sending {} to {to}", self.protocol.message_name(&msg)));
        }
        let id = self.next_message.0;
        self.next_message.0 += 1;
        if let Some(recorder) = self.recorder.as_deref_mut() {
            recorder.sent(self.me, to, &self.protocol.message_name(&msg), self.protocol.message_body(&msg));
        }
        let channel = self.protocol.channel(self.me, to);
        let cut = channel == Channel::Datagram && !self.network.connected(self.me, to);
        let full = self.network.in_flight.len() >= MAX_IN_FLIGHT;
        if cut || full {
            if let Some(recorder) = self.recorder.as_deref_mut() {
                recorder.lost(id, if cut { LossCause::Partitioned } else { LossCause::Dropped });
            }
            return;
        }
        let due_ms = match self.protocol.timing() {
            Timing::Free => None,
            Timing::Bounded { max_ms } => Some(self.now_ms + u64::from(max_ms)),
        };
        let message = InFlight { from: self.me, to, msg, due_ms, id: Aside(id), sent_ms: Aside(self.now_ms) };
        self.network.insert(message, channel);
    }

    /// Sends a message again, unless the same is still on its way: a repetition that travels beside its original can do nothing that a duplicated
    /// message cannot, and would let the network grow without end.
    pub fn send_again(&mut self, to: NodeId, msg: P::Msg) {
        self.looked_for |= content_bit(self.me, to, &msg);
        let on_its_way =
            self.network.in_flight.iter().any(|other| other.from == self.me && other.to == to && other.msg == msg);
        if !on_its_way {
            self.send(to, msg);
        }
    }

    /// Writes to durable state and waits until it is on the platter, with everything written before. `record` is what the log then says.
    pub fn force<T>(&mut self, disk: &mut Disk<T>, record: &str, change: impl FnOnce(&mut T)) {
        if self.begin_effect() {
            disk.force(change);
            if let Some(labels) = self.labels.as_deref_mut() {
                labels.push(format!("forcing \u{201c}{record}\u{201d}"));
            }
            if let Some(recorder) = self.recorder.as_deref_mut() {
                recorder.wrote(self.me, record, true);
            }
        }
    }

    /// Writes to a place on disk, over what was there, and waits until it is on the platter. `content` is what is then there.
    pub fn overwrite<T>(&mut self, disk: &mut Disk<T>, content: &str, change: impl FnOnce(&mut T)) {
        if self.begin_effect() {
            disk.force(change);
            if let Some(labels) = self.labels.as_deref_mut() {
                labels.push(format!("writing \u{201c}{content}\u{201d} in place"));
            }
            if let Some(recorder) = self.recorder.as_deref_mut() {
                recorder.overwrote(self.me, content);
            }
        }
    }

    /// Writes to durable state without waiting: a crash before the next [`Cx::force`] loses it.
    pub fn write<T: Clone>(&mut self, disk: &mut Disk<T>, record: &str, change: impl FnOnce(&mut T)) {
        if self.begin_effect() {
            disk.write(change);
            if let Some(labels) = self.labels.as_deref_mut() {
                labels.push(format!("writing \u{201c}{record}\u{201d}"));
            }
            if let Some(recorder) = self.recorder.as_deref_mut() {
                recorder.wrote(self.me, record, false);
            }
        }
    }

    /// Starts a timer that fires when this node's own clock has moved by `after_ms`; one of the same name is replaced.
    pub fn set_timer(&mut self, timer: P::Timer, after_ms: u32) {
        if self.dead {
            return;
        }
        let reading = self.local_ms.saturating_add(i64::from(after_ms));
        match self.timers.binary_search_by_key(&timer, |(name, _)| *name) {
            Ok(at) => self.timers[at].1 = reading,
            Err(at) => self.timers.insert(at, (timer, reading)),
        }
    }

    /// Stops a timer; none of that name is no matter.
    pub fn cancel_timer(&mut self, timer: P::Timer) {
        if !self.dead {
            self.timers.retain(|(name, _)| *name != timer);
        }
    }

    /// Says something worth a row of its own: a whole sentence, and a few words for the diagram.
    pub fn note(&mut self, label: &str, sentence: impl FnOnce() -> String) {
        if self.dead {
            return;
        }
        if let Some(recorder) = self.recorder.as_deref_mut() {
            recorder.noted(self.me, label, sentence());
        }
    }

    /// Gives the reason of what follows in this handler: a clause that fits behind "because".
    pub fn because(&mut self, reason: impl FnOnce() -> String) {
        if let Some(recorder) = self.recorder.as_deref_mut() {
            recorder.reason = Some(reason());
        }
    }

    /// What follows needs no reason.
    pub fn without_reason(&mut self) {
        if let Some(recorder) = self.recorder.as_deref_mut() {
            recorder.reason = None;
        }
    }

    /// Marks the latest event of this node, so that an invariant can point at it.
    pub fn mark(&mut self, mark: &'static str) {
        if self.dead {
            return;
        }
        if let Some(recorder) = self.recorder.as_deref_mut() {
            recorder.mark(self.me, mark);
        }
    }

    /// Changes the auxiliary state. No node may let its behaviour depend on it.
    pub fn ghost(&mut self, change: impl FnOnce(&mut P::Ghost)) {
        if !self.dead {
            change(self.ghost);
        }
    }

    fn begin_effect(&mut self) -> bool {
        self.dead |= self.crash_after.is_some_and(|limit| self.effects >= limit);
        if self.dead {
            return false;
        }
        self.effects = self.effects.saturating_add(1);
        true
    }
}
