//! The one authority on what may happen.

use super::choice::{Act, Choice};
use super::clock::END_OF_TIME_MS;
use super::ground::Ground;
use super::network::{MAX_IN_FLIGHT, MAX_PARTITIONS};
use super::protocol::Channel;
use super::trace::NodeId;
use super::view::Status;

/// Why a choice cannot be taken now.
#[derive(PartialEq, Eq, Debug)]
pub enum Refusal {
    /// No such message in flight.
    NoMessage { from: NodeId, to: NodeId, nth: u16 },
    /// An older message on the same FIFO channel comes first.
    NotFirst { from: NodeId, to: NodeId },
    /// The channel neither loses nor repeats.
    NotLossy { from: NodeId, to: NodeId },
    /// A partition stands between.
    Partitioned { from: NodeId, to: NodeId },
    /// The node is down.
    Down(NodeId),
    /// The node is paused.
    Paused(NodeId),
    /// The node is not down.
    NotDown(NodeId),
    /// The node is not paused.
    NotPaused(NodeId),
    /// The node has no timer at this place.
    NoTimer(NodeId),
    /// Another timer (by its place among those of its node) fires first, at this true time.
    TimerFirst { node: NodeId, timer: u16, due_ms: u64 },
    /// A message must have arrived by this true time.
    ArrivalFirst { due_ms: u64 },
    /// The node cannot take that step now.
    NoStep(NodeId),
    /// The node offers that step, but cannot take it now.
    Withheld { node: NodeId, step: u16 },
    /// This fault cannot befall this node.
    Exempt(NodeId),
    /// A cut must leave nodes on both sides, and not stand already.
    NoSides,
    /// There is no partition.
    NotPartitioned,
    /// A named limit is reached.
    Limit(&'static str),
}

impl Refusal {
    /// The reason, as the reader sees it on a disabled choice.
    pub fn sentence(&self, ground: &dyn Ground, ids: &[String]) -> String {
        let id = |node: NodeId| ids[node.index()].as_str();
        match *self {
            Refusal::NoMessage { from, to, nth: 1 } => {
                format!("nothing is in flight from {} to {}", id(from), id(to))
            }
            Refusal::NoMessage { from, to, nth } => {
                format!("there are fewer than {nth} messages in flight from {} to {}", id(from), id(to))
            }
            Refusal::NotFirst { from, to } => {
                format!("an older message from {} to {} arrives first: their connection keeps order", id(from), id(to))
            }
            Refusal::NotLossy { from, to } => {
                format!("the connection from {} to {} neither loses nor repeats messages", id(from), id(to))
            }
            Refusal::Partitioned { from, to } => format!("{} and {} are partitioned", id(from), id(to)),
            Refusal::Down(node) => format!("{} is down", id(node)),
            Refusal::Paused(node) => format!("{} is paused", id(node)),
            Refusal::NotDown(node) => format!("{} is not down", id(node)),
            Refusal::NotPaused(node) => format!("{} is not paused", id(node)),
            Refusal::NoTimer(node) => format!("{} has no such timer running", id(node)),
            Refusal::TimerFirst { node, timer, due_ms } => {
                format!("the {} timer of {} fires first, at {due_ms} ms", ground.timer_name(node, timer), id(node))
            }
            Refusal::ArrivalFirst { due_ms } => {
                format!("delays are bounded, and a message in flight arrives first, by {due_ms} ms")
            }
            Refusal::Withheld { node, step } => ground.withholds(node, step).unwrap_or_default(),
            Refusal::NoStep(node) => format!("{} cannot do that now", id(node)),
            Refusal::Exempt(node) => format!("this fault cannot befall {} in this scenario", id(node)),
            Refusal::NoSides => "a cut must leave nodes on both sides, and not stand already".to_owned(),
            Refusal::NotPartitioned => "the network is whole".to_owned(),
            Refusal::Limit(what) => format!("the limit of {what} is reached"),
        }
    }
}

impl dyn Ground + '_ {
    /// Why a choice cannot be taken now; `None` where it can.
    pub(super) fn refuses(&self, choice: &Choice) -> Option<Refusal> {
        self.refuses_act(&choice.act).or_else(|| self.refuses_wait(choice)).or_else(|| self.refuses_crash_point(choice))
    }

    fn refuses_crash_point(&self, choice: &Choice) -> Option<Refusal> {
        choice.crash_after?;
        let node = choice.act.actor()?;
        if !self.exposure(node).crash {
            return Some(Refusal::Exempt(node));
        }
        self.refuses_running(node)
    }

    fn refuses_wait(&self, choice: &Choice) -> Option<Refusal> {
        let wait = u64::from(choice.wait_ms);
        if wait == 0 {
            return None;
        }
        let until = self.now_ms() + wait;
        if until > END_OF_TIME_MS {
            return Some(Refusal::Limit("virtual time"));
        }
        if let Some((due_ms, node, timer)) = self.next_timer()
            && due_ms < until
        {
            return Some(Refusal::TimerFirst { node, timer, due_ms });
        }
        let due_ms = self.arrival_horizon_ms();
        (due_ms < until).then_some(Refusal::ArrivalFirst { due_ms })
    }

    fn refuses_act(&self, act: &Act) -> Option<Refusal> {
        match *act {
            Act::Deliver { from, to, nth } => self.refuses_delivery(from, to, nth),
            Act::Drop { from, to, nth } | Act::Duplicate { from, to, nth } => {
                if self.find(from, to, nth).is_none() {
                    return Some(Refusal::NoMessage { from, to, nth });
                }
                if self.channel(from, to) != Channel::Datagram {
                    return Some(Refusal::NotLossy { from, to });
                }
                let full = matches!(act, Act::Duplicate { .. }) && self.in_flight() >= MAX_IN_FLIGHT;
                full.then_some(Refusal::Limit("messages in flight"))
            }
            Act::Fire { node, timer } => self.refuses_timer(node, timer),
            Act::Step { node, step } => self
                .refuses_running(node)
                .or_else(|| (step >= self.steps(node)).then_some(Refusal::NoStep(node)))
                .or_else(|| self.withholds(node, step).map(|_| Refusal::Withheld { node, step })),
            Act::Crash { node } => {
                if !self.exposure(node).crash {
                    return Some(Refusal::Exempt(node));
                }
                (!self.is_alive(node)).then_some(Refusal::Down(node))
            }
            Act::Restart { node } => self.is_alive(node).then_some(Refusal::NotDown(node)),
            Act::Pause { node } => {
                if !self.exposure(node).pause {
                    return Some(Refusal::Exempt(node));
                }
                self.refuses_running(node)
            }
            Act::Resume { node } => (self.status(node) != Status::Paused).then_some(Refusal::NotPaused(node)),
            Act::Jump { node, .. } | Act::Rate { node, .. } => {
                (!self.exposure(node).clock).then_some(Refusal::Exempt(node))
            }
            Act::Cut { side } => self.refuses_cut(side),
            Act::Heal => self.sides().is_empty().then_some(Refusal::NotPartitioned),
        }
    }

    fn refuses_running(&self, node: NodeId) -> Option<Refusal> {
        match self.status(node) {
            Status::Up => None,
            Status::Paused => Some(Refusal::Paused(node)),
            Status::Crashed => Some(Refusal::Down(node)),
        }
    }

    fn refuses_delivery(&self, from: NodeId, to: NodeId, nth: u16) -> Option<Refusal> {
        if self.find(from, to, nth).is_none() {
            return Some(Refusal::NoMessage { from, to, nth });
        }
        self.refuses_arrival(from, to, nth)
    }

    /// Why a message that is in flight cannot arrive now.
    pub(super) fn refuses_arrival(&self, from: NodeId, to: NodeId, nth: u16) -> Option<Refusal> {
        if self.status(to) == Status::Paused {
            return Some(Refusal::Paused(to));
        }
        if !self.connected(from, to) {
            return Some(Refusal::Partitioned { from, to });
        }
        (nth > 1 && self.channel(from, to) == Channel::Fifo).then_some(Refusal::NotFirst { from, to })
    }

    fn refuses_timer(&self, node: NodeId, timer: u16) -> Option<Refusal> {
        if let Some(refusal) = self.refuses_running(node) {
            return Some(refusal);
        }
        let Some(reading) = self.reading(node, timer) else { return Some(Refusal::NoTimer(node)) };
        let due = self.clock(node).reaches(reading, self.now_ms());
        if due > END_OF_TIME_MS {
            return Some(Refusal::Limit("virtual time"));
        }
        if let Some((due_ms, first, timer)) = self.next_timer()
            && due_ms < due
        {
            return Some(Refusal::TimerFirst { node: first, timer, due_ms });
        }
        let due_ms = self.arrival_horizon_ms();
        (due_ms < due).then_some(Refusal::ArrivalFirst { due_ms })
    }

    fn refuses_cut(&self, side: u32) -> Option<Refusal> {
        let all = if self.nodes() == 32 { u32::MAX } else { (1_u32 << self.nodes()) - 1 };
        if let Some(exempt) = self.ids().find(|node| (side >> node.0) & 1 == 1 && !self.exposure(*node).partition) {
            return Some(Refusal::Exempt(exempt));
        }
        if side == 0 || side == all || self.sides().contains(&side) || self.sides().contains(&(all & !side)) {
            return Some(Refusal::NoSides);
        }
        (self.sides().len() >= MAX_PARTITIONS).then_some(Refusal::Limit("partitions"))
    }
}
