//! A world as the parts of the engine see it that need not know its protocol: the menu, names and reading of choices, what may not happen, what the
//! search tries. They are compiled once, not once for every protocol.

use std::borrow::Cow;

use super::choice::Act;
use super::clock::Clock;
use super::network::InFlight;
use super::protocol::{Channel, Exposure, Protocol, Timing};
use super::schedule::Latency;
use super::trace::NodeId;
use super::view::Status;
use super::world::{Spent, World};

/// A message in flight without its content.
#[derive(Clone, Copy)]
pub struct Envelope {
    /// Sender.
    pub from: NodeId,
    /// Receiver.
    pub to: NodeId,
    /// True time by which it must have arrived, where delays are bounded.
    pub due_ms: Option<u64>,
    /// Its id in the trace.
    pub id: u32,
    /// True time of sending, in ms.
    pub sent_ms: u64,
}

/// A world with its protocol. Nodes, messages, timers and steps are told by their places: `at` among the messages in flight, among the timers of a
/// node, or among the steps that it offers.
pub trait Ground {
    /// True virtual time, in ms.
    fn now_ms(&self) -> u64;
    /// How many nodes there are.
    fn nodes(&self) -> u8;
    /// Whether a node executes.
    fn status(&self, node: NodeId) -> Status;
    /// A node's clock.
    fn clock(&self, node: NodeId) -> Clock;
    /// Which faults may befall a node.
    fn exposure(&self, node: NodeId) -> Exposure;
    /// Jumps of clocks that are offered and tried, in ms.
    fn jumps_ms(&self) -> Vec<i64>;
    /// Rates of clocks that are offered and tried, in thousandths of true speed.
    fn rates_permille(&self) -> Vec<u32>;
    /// How the channel from one node to another behaves.
    fn channel(&self, from: NodeId, to: NodeId) -> Channel;
    /// What the network promises about delays.
    fn timing(&self) -> Timing;
    /// Latencies that the seeded scheduler draws.
    fn latency(&self) -> Latency;
    /// Whether what is sent arrives in the step in which it is sent.
    fn is_at_once(&self) -> bool;
    /// How many messages are in flight.
    fn in_flight(&self) -> usize;
    /// A message in flight.
    fn envelope(&self, at: usize) -> Envelope;
    /// Whether a message equals the one before it.
    fn is_repeated(&self, at: usize) -> bool;
    /// The age rank of a message among those on its channel, from 1.
    fn rank(&self, at: usize) -> u16;
    /// Where the `nth` oldest message of a channel stands.
    fn find(&self, from: NodeId, to: NodeId, nth: u16) -> Option<usize>;
    /// Name of a message on an arrow.
    fn message_name(&self, at: usize) -> Cow<'static, str>;
    /// Sides that are cut off.
    fn sides(&self) -> &[u32];
    /// Faults spent so far.
    fn spent(&self) -> &Spent;
    /// The reading of its own clock at which a timer of a node fires; `None` where there is none at this place.
    fn reading(&self, node: NodeId, at: u16) -> Option<i64>;
    /// Name of a timer; empty where there is none at this place.
    fn timer_name(&self, node: NodeId, at: u16) -> Cow<'static, str>;
    /// How many steps a node offers.
    fn steps(&self, node: NodeId) -> u16;
    /// Name of a step in run strings, and what it does in a few words; empty where there is none at this place.
    fn step(&self, node: NodeId, at: u16) -> (Cow<'static, str>, Cow<'static, str>);
    /// Why a step that a node offers cannot be taken now.
    fn withholds(&self, node: NodeId, at: u16) -> Option<String>;
    /// What the acting node would do, effect by effect.
    fn effects_of(&self, act: &Act) -> Vec<String>;
}

impl dyn Ground + '_ {
    /// All nodes, in lane order.
    pub(super) fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes()).map(NodeId)
    }

    /// Whether a node is up (running or paused, but not crashed).
    pub(super) fn is_alive(&self, node: NodeId) -> bool {
        self.status(node) != Status::Crashed
    }

    /// Whether no partition stands between two nodes.
    pub(super) fn connected(&self, a: NodeId, b: NodeId) -> bool {
        self.sides().iter().all(|side| (side >> a.0) & 1 == (side >> b.0) & 1)
    }

    /// The timers of a node: (place, true time at which it fires as its clock runs now).
    pub(super) fn timers(&self, node: NodeId) -> impl Iterator<Item = (u16, u64)> {
        let (clock, now_ms) = (self.clock(node), self.now_ms());
        (0..).map_while(move |at| Some((at, clock.reaches(self.reading(node, at)?, now_ms))))
    }

    /// The earliest timer of a running node: (true time, node, place).
    pub(super) fn next_timer(&self) -> Option<(u64, NodeId, u16)> {
        let mut first: Option<(u64, NodeId, u16)> = None;
        for node in self.ids().filter(|node| self.status(*node) == Status::Up) {
            for (at, due_ms) in self.timers(node) {
                if first.is_none_or(|(earliest, _, _)| due_ms < earliest) {
                    first = Some((due_ms, node, at));
                }
            }
        }
        first
    }

    /// The earliest true time by which some message in flight must have arrived; `u64::MAX` where delays are free.
    pub(super) fn arrival_horizon_ms(&self) -> u64 {
        if self.timing() == Timing::Free {
            return u64::MAX;
        }
        (0..self.in_flight())
            .map(|at| self.envelope(at))
            .filter(|message| self.status(message.to) != Status::Paused && self.connected(message.from, message.to))
            .filter_map(|message| message.due_ms)
            .min()
            .map_or(u64::MAX, |due_ms| due_ms.max(self.now_ms()))
    }

    /// The latest true time to which the clock may be let run without anything happening: the next timer, or the moment by which a message
    /// must have arrived where delays are bounded.
    pub(super) fn horizon_ms(&self) -> u64 {
        let timer = self.next_timer().map_or(u64::MAX, |(due_ms, _, _)| due_ms);
        timer.min(self.arrival_horizon_ms())
    }
}

/// A world with its protocol.
struct Here<'a, P: Protocol> {
    world: &'a World<P>,
    protocol: &'a P,
}

impl<P: Protocol> World<P> {
    /// The world as seen by what knows no protocol.
    pub fn ground<'a>(&'a self, protocol: &'a P) -> impl Ground + 'a {
        Here { world: self, protocol }
    }
}

impl<P: Protocol> Here<'_, P> {
    fn message(&self, at: usize) -> &InFlight<P::Msg> {
        &self.world.network.in_flight[at]
    }
}

impl<P: Protocol> Ground for Here<'_, P> {
    fn now_ms(&self) -> u64 {
        self.world.now_ms
    }

    fn nodes(&self) -> u8 {
        self.world.nodes.len() as u8
    }

    fn status(&self, node: NodeId) -> Status {
        self.world.slot(node).status
    }

    fn clock(&self, node: NodeId) -> Clock {
        self.world.slot(node).clock
    }

    fn exposure(&self, node: NodeId) -> Exposure {
        self.protocol.exposure(node)
    }

    fn jumps_ms(&self) -> Vec<i64> {
        self.protocol.jumps_ms()
    }

    fn rates_permille(&self) -> Vec<u32> {
        self.protocol.rates_permille()
    }

    fn channel(&self, from: NodeId, to: NodeId) -> Channel {
        self.protocol.channel(from, to)
    }

    fn timing(&self) -> Timing {
        self.protocol.timing()
    }

    fn latency(&self) -> Latency {
        self.protocol.latency()
    }

    fn is_at_once(&self) -> bool {
        P::AT_ONCE
    }

    fn in_flight(&self) -> usize {
        self.world.network.in_flight.len()
    }

    fn envelope(&self, at: usize) -> Envelope {
        let InFlight { from, to, due_ms, id, sent_ms, .. } = self.message(at);
        Envelope { from: *from, to: *to, due_ms: *due_ms, id: id.0, sent_ms: sent_ms.0 }
    }

    fn is_repeated(&self, at: usize) -> bool {
        at > 0 && self.message(at - 1) == self.message(at)
    }

    fn rank(&self, at: usize) -> u16 {
        self.world.network.rank(at)
    }

    fn find(&self, from: NodeId, to: NodeId, nth: u16) -> Option<usize> {
        self.world.find(from, to, nth)
    }

    fn message_name(&self, at: usize) -> Cow<'static, str> {
        self.protocol.message_name(&self.message(at).msg)
    }

    fn sides(&self) -> &[u32] {
        &self.world.network.sides
    }

    fn spent(&self) -> &Spent {
        &self.world.spent
    }

    fn reading(&self, node: NodeId, at: u16) -> Option<i64> {
        self.world.slot(node).timers.get(usize::from(at)).map(|(_, reading)| *reading)
    }

    fn timer_name(&self, node: NodeId, at: u16) -> Cow<'static, str> {
        let timer = self.world.slot(node).timers.get(usize::from(at));
        timer.map_or(Cow::Borrowed(""), |(timer, _)| self.protocol.timer_name(*timer))
    }

    fn steps(&self, node: NodeId) -> u16 {
        self.protocol.steps(node, self.world.state(node)).len() as u16
    }

    fn step(&self, node: NodeId, at: u16) -> (Cow<'static, str>, Cow<'static, str>) {
        let steps = self.protocol.steps(node, self.world.state(node));
        match steps.get(usize::from(at)) {
            Some(step) => (self.protocol.step_name(*step), self.protocol.step_label(*step)),
            None => (Cow::Borrowed(""), Cow::Borrowed("")),
        }
    }

    fn withholds(&self, node: NodeId, at: u16) -> Option<String> {
        if !P::WITHHOLDS {
            return None;
        }
        let step = self.protocol.steps(node, self.world.state(node)).into_iter().nth(usize::from(at))?;
        self.protocol.withholds(node, step, self.world)
    }

    fn effects_of(&self, act: &Act) -> Vec<String> {
        self.world.effects_of(self.protocol, act)
    }
}
