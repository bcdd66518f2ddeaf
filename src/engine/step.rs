//! One step: a pure function of (world, choice), and the one authority on what may happen.

use std::sync::Arc;

use super::choice::{Act, Choice};
use super::clock::END_OF_TIME_MS;
use super::cx::Cx;
use super::network::{MAX_IN_FLIGHT, MAX_PARTITIONS};
use super::protocol::{Channel, Input, Protocol, Timing};
use super::recorder::Recorder;
use super::trace::{LossCause, NodeId};
use super::view::Status;
use super::world::{Slot, World};

/// Why a choice cannot be taken now.
#[derive(PartialEq, Eq, Debug)]
pub enum Refusal<P: Protocol> {
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
    /// The node has no such timer.
    NoTimer(NodeId, P::Timer),
    /// Another timer fires first, at this true time.
    TimerFirst { node: NodeId, timer: P::Timer, due_ms: u64 },
    /// A message must have arrived by this true time.
    ArrivalFirst { due_ms: u64 },
    /// The node cannot take that step now.
    NoStep(NodeId),
    /// This fault cannot befall this node.
    Exempt(NodeId),
    /// A cut must leave nodes on both sides, and not stand already.
    NoSides,
    /// There is no partition.
    NotPartitioned,
    /// A named limit is reached.
    Limit(&'static str),
}

/// What a node did in a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Acted {
    /// How many sends and writes.
    pub effects: u8,
    /// Which messages it looked for among those on their way, as bits of their contents.
    pub looked_for: u64,
}

impl<P: Protocol> Refusal<P> {
    /// The reason, as the reader sees it on a disabled choice.
    pub fn sentence(&self, protocol: &P, ids: &[String]) -> String {
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
            Refusal::NoTimer(node, timer) => {
                format!("{} has no timer `{}` running", id(node), protocol.timer_name(timer))
            }
            Refusal::TimerFirst { node, timer, due_ms } => {
                format!("the {} timer of {} fires first, at {due_ms} ms", protocol.timer_name(timer), id(node))
            }
            Refusal::ArrivalFirst { due_ms } => {
                format!("delays are bounded, and a message in flight arrives first, by {due_ms} ms")
            }
            Refusal::NoStep(node) => format!("{} cannot do that now", id(node)),
            Refusal::Exempt(node) => format!("this fault cannot befall {} in this scenario", id(node)),
            Refusal::NoSides => "a cut must leave nodes on both sides, and not stand already".to_owned(),
            Refusal::NotPartitioned => "the network is whole".to_owned(),
            Refusal::Limit(what) => format!("the limit of {what} is reached"),
        }
    }
}

impl<P: Protocol> World<P> {
    /// The world in which every node has started.
    pub fn start(protocol: &P, mut recorder: Option<&mut Recorder>) -> Self {
        let mut world = World::new(protocol);
        for node in world.ids() {
            world.handle(protocol, node, Input::Start, None, recorder.as_deref_mut());
        }
        world
    }

    /// Why a choice cannot be taken now; `None` where it can.
    pub fn refuses(&self, protocol: &P, choice: &Choice<P>) -> Option<Refusal<P>> {
        self.refuses_act(protocol, &choice.act)
            .or_else(|| self.refuses_wait(protocol, choice))
            .or_else(|| self.refuses_crash_point(protocol, choice))
    }

    fn refuses_crash_point(&self, protocol: &P, choice: &Choice<P>) -> Option<Refusal<P>> {
        choice.crash_after?;
        let (Act::Deliver { to: node, .. } | Act::Fire { node, .. } | Act::Step { node, .. }) = choice.act else {
            return None;
        };
        if !protocol.exposure(node).crash {
            return Some(Refusal::Exempt(node));
        }
        self.refuses_running(node)
    }

    fn refuses_wait(&self, protocol: &P, choice: &Choice<P>) -> Option<Refusal<P>> {
        let wait = u64::from(choice.wait_ms);
        if wait == 0 {
            return None;
        }
        let until = self.now_ms + wait;
        if until > END_OF_TIME_MS {
            return Some(Refusal::Limit("virtual time"));
        }
        if let Some((due_ms, node, timer)) = self.next_timer()
            && due_ms < until
        {
            return Some(Refusal::TimerFirst { node, timer, due_ms });
        }
        let due_ms = self.arrival_horizon_ms(protocol);
        (due_ms < until).then_some(Refusal::ArrivalFirst { due_ms })
    }

    fn refuses_act(&self, protocol: &P, act: &Act<P>) -> Option<Refusal<P>> {
        match *act {
            Act::Deliver { from, to, nth } => self.refuses_delivery(protocol, from, to, nth),
            Act::Drop { from, to, nth } | Act::Duplicate { from, to, nth } => {
                if self.find(from, to, nth).is_none() {
                    return Some(Refusal::NoMessage { from, to, nth });
                }
                if protocol.channel(from, to) != Channel::Datagram {
                    return Some(Refusal::NotLossy { from, to });
                }
                let full = matches!(act, Act::Duplicate { .. }) && self.network.in_flight.len() >= MAX_IN_FLIGHT;
                full.then_some(Refusal::Limit("messages in flight"))
            }
            Act::Fire { node, timer } => self.refuses_timer(protocol, node, timer),
            Act::Step { node, step } => self.refuses_running(node).or_else(|| {
                let offered = protocol.steps(node, self.state(node));
                let name = protocol.step_name(step);
                (!offered.iter().any(|other| protocol.step_name(*other) == name)).then_some(Refusal::NoStep(node))
            }),
            Act::Crash { node } => {
                if !protocol.exposure(node).crash {
                    return Some(Refusal::Exempt(node));
                }
                (!self.is_alive(node)).then_some(Refusal::Down(node))
            }
            Act::Restart { node } => self.is_alive(node).then_some(Refusal::NotDown(node)),
            Act::Pause { node } => {
                if !protocol.exposure(node).pause {
                    return Some(Refusal::Exempt(node));
                }
                self.refuses_running(node)
            }
            Act::Resume { node } => (self.slot(node).status != Status::Paused).then_some(Refusal::NotPaused(node)),
            Act::Jump { node, .. } | Act::Rate { node, .. } => {
                (!protocol.exposure(node).clock).then_some(Refusal::Exempt(node))
            }
            Act::Cut { side } => self.refuses_cut(protocol, side),
            Act::Heal => self.network.sides.is_empty().then_some(Refusal::NotPartitioned),
        }
    }

    fn refuses_running(&self, node: NodeId) -> Option<Refusal<P>> {
        match self.slot(node).status {
            Status::Up => None,
            Status::Paused => Some(Refusal::Paused(node)),
            Status::Crashed => Some(Refusal::Down(node)),
        }
    }

    fn refuses_delivery(&self, protocol: &P, from: NodeId, to: NodeId, nth: u16) -> Option<Refusal<P>> {
        if self.find(from, to, nth).is_none() {
            return Some(Refusal::NoMessage { from, to, nth });
        }
        self.refuses_arrival(protocol, from, to, nth)
    }

    /// Why a message that is in flight cannot arrive now.
    pub(super) fn refuses_arrival(&self, protocol: &P, from: NodeId, to: NodeId, nth: u16) -> Option<Refusal<P>> {
        if self.slot(to).status == Status::Paused {
            return Some(Refusal::Paused(to));
        }
        if !self.network.connected(from, to) {
            return Some(Refusal::Partitioned { from, to });
        }
        (nth > 1 && protocol.channel(from, to) == Channel::Fifo).then_some(Refusal::NotFirst { from, to })
    }

    fn refuses_timer(&self, protocol: &P, node: NodeId, timer: P::Timer) -> Option<Refusal<P>> {
        if let Some(refusal) = self.refuses_running(node) {
            return Some(refusal);
        }
        let Some((_, reading)) = self.slot(node).timers.iter().find(|(name, _)| *name == timer) else {
            return Some(Refusal::NoTimer(node, timer));
        };
        let due = self.due_ms(node, *reading);
        if due > END_OF_TIME_MS {
            return Some(Refusal::Limit("virtual time"));
        }
        if let Some((due_ms, first, timer)) = self.next_timer()
            && due_ms < due
        {
            return Some(Refusal::TimerFirst { node: first, timer, due_ms });
        }
        let due_ms = self.arrival_horizon_ms(protocol);
        (due_ms < due).then_some(Refusal::ArrivalFirst { due_ms })
    }

    fn refuses_cut(&self, protocol: &P, side: u32) -> Option<Refusal<P>> {
        let all = if self.nodes.len() == 32 { u32::MAX } else { (1_u32 << self.nodes.len()) - 1 };
        if let Some(exempt) = self.ids().find(|node| (side >> node.0) & 1 == 1 && !protocol.exposure(*node).partition) {
            return Some(Refusal::Exempt(exempt));
        }
        if side == 0 || side == all || self.network.sides.contains(&side) || self.network.sides.contains(&(all & !side))
        {
            return Some(Refusal::NoSides);
        }
        (self.network.sides.len() >= MAX_PARTITIONS).then_some(Refusal::Limit("partitions"))
    }

    pub(super) fn find(&self, from: NodeId, to: NodeId, nth: u16) -> Option<usize> {
        let is_on_channel = |at: &usize| {
            let message = &self.network.in_flight[*at];
            message.from == from && message.to == to
        };
        (0..self.network.in_flight.len()).filter(is_on_channel).find(|at| self.network.rank(*at) == nth)
    }

    /// Takes a choice.
    ///
    /// # Errors
    /// Where it cannot be taken now; the world is then unchanged.
    pub fn apply(
        &mut self,
        protocol: &P,
        choice: &Choice<P>,
        recorder: Option<&mut Recorder>,
    ) -> Result<(), Refusal<P>> {
        match self.refuses(protocol, choice) {
            Some(refusal) => Err(refusal),
            None => {
                self.take(protocol, choice, recorder);
                Ok(())
            }
        }
    }

    /// Takes a choice that [`World::refuses`] has let pass. Gives what the acting node did.
    pub(super) fn take(&mut self, protocol: &P, choice: &Choice<P>, mut recorder: Option<&mut Recorder>) -> Acted {
        self.pass_time(choice);
        if let Some(recorder) = recorder.as_deref_mut() {
            self.tell_time(recorder);
        }
        let crash_after = choice.crash_after;
        match choice.act {
            Act::Deliver { from, to, nth } => return self.deliver(protocol, (from, to, nth), crash_after, recorder),
            Act::Drop { from, to, nth } => {
                self.spent.drop += 1;
                self.lose(from, to, nth, LossCause::Dropped, recorder);
            }
            Act::Duplicate { from, to, nth } => self.duplicate(protocol, from, to, nth, recorder),
            Act::Fire { node, timer } => {
                self.slot_mut(node).timers.retain(|(name, _)| *name != timer);
                if let Some(recorder) = recorder.as_deref_mut() {
                    recorder.fired(node, &protocol.timer_name(timer));
                }
                return self.handle(protocol, node, Input::Timer(timer), crash_after, recorder);
            }
            Act::Step { node, step } => {
                if let Some(recorder) = recorder.as_deref_mut() {
                    let sentence = protocol.step_sentence(&recorder.trace().lanes[node.index()].id, step);
                    recorder.stepped(node, &protocol.step_label(step), sentence);
                }
                return self.handle(protocol, node, Input::Step(step), crash_after, recorder);
            }
            Act::Crash { node } => self.crash(protocol, node, recorder),
            Act::Restart { node } => {
                self.slot_mut(node).status = Status::Up;
                if let Some(recorder) = recorder.as_deref_mut() {
                    recorder.restarted(node);
                }
                return self.handle(protocol, node, Input::Restarted, None, recorder);
            }
            Act::Pause { .. } | Act::Resume { .. } => self.pause_or_resume(&choice.act, recorder),
            Act::Jump { .. } | Act::Rate { .. } => self.disturb_clock(&choice.act, recorder),
            Act::Cut { side } => self.cut(protocol, side, recorder),
            Act::Heal => {
                let side = self.network.sides.first().copied().unwrap_or(1);
                self.network.sides.clear();
                if let Some(recorder) = recorder {
                    recorder.healed(NodeId(side.trailing_zeros() as u8));
                }
            }
        }
        Acted::default()
    }

    fn pass_time(&mut self, choice: &Choice<P>) {
        match choice.act {
            Act::Fire { node, timer } => {
                if let Some((_, reading)) = self.slot(node).timers.iter().find(|(name, _)| *name == timer) {
                    self.now_ms = self.due_ms(node, *reading);
                }
            }
            _ => self.now_ms += u64::from(choice.wait_ms),
        }
    }

    /// Lets the recorder know what time it is, everywhere.
    pub(super) fn tell_time(&self, recorder: &mut Recorder) {
        recorder.set_time(self.now_ms, self.nodes.iter().map(|slot| slot.clock.read(self.now_ms)));
    }

    pub(super) fn slot_mut(&mut self, node: NodeId) -> &mut Slot<P> {
        Arc::make_mut(&mut self.nodes[node.index()])
    }

    /// Lets a node act. With `crash_after` it crashes behind so many effects. Gives what it did.
    fn handle(
        &mut self,
        protocol: &P,
        node: NodeId,
        input: Input<P>,
        crash_after: Option<u8>,
        mut recorder: Option<&mut Recorder>,
    ) -> Acted {
        let acted = self.act(protocol, node, input, crash_after, recorder.as_deref_mut(), None);
        if crash_after.is_some() {
            self.crash(protocol, node, recorder);
        }
        acted
    }

    fn act(
        &mut self,
        protocol: &P,
        node: NodeId,
        input: Input<P>,
        crash_after: Option<u8>,
        mut recorder: Option<&mut Recorder>,
        labels: Option<&mut Vec<String>>,
    ) -> Acted {
        let now_ms = self.now_ms;
        let Slot { state, timers, clock, .. } = Arc::make_mut(&mut self.nodes[node.index()]);
        if let Some(recorder) = recorder.as_deref_mut() {
            recorder.reason = None;
        }
        let mut cx = Cx {
            protocol,
            me: node,
            now_ms,
            local_ms: clock.read(now_ms),
            network: &mut self.network,
            timers,
            ghost: &mut self.ghost,
            next_message: &mut self.next_message,
            recorder,
            labels,
            effects: 0,
            looked_for: 0,
            crash_after,
            dead: false,
        };
        protocol.on(node, state, input, &mut cx);
        Acted { effects: cx.effects, looked_for: cx.looked_for }
    }

    /// What the acting node would do if an arrival, a timer or a step came now, effect by effect: `forcing “yes”`, `sending yes to c`.
    pub fn effects_of(&self, protocol: &P, act: &Act<P>) -> Vec<String> {
        let mut world = self.clone();
        let (node, input) = match *act {
            Act::Deliver { from, to, nth } => match world.find(from, to, nth) {
                Some(at) if world.slot(to).status == Status::Up => {
                    let message = world.network.in_flight.remove(at);
                    (to, Input::Message { from, msg: message.msg })
                }
                _ => return Vec::new(),
            },
            Act::Fire { node, timer } => {
                world.slot_mut(node).timers.retain(|(name, _)| *name != timer);
                (node, Input::Timer(timer))
            }
            Act::Step { node, step } => (node, Input::Step(step)),
            _ => return Vec::new(),
        };
        let mut labels = Vec::new();
        world.act(protocol, node, input, None, None, Some(&mut labels));
        labels
    }

    fn deliver(
        &mut self,
        protocol: &P,
        (from, to, nth): (NodeId, NodeId, u16),
        crash_after: Option<u8>,
        mut recorder: Option<&mut Recorder>,
    ) -> Acted {
        if self.slot(to).status == Status::Crashed {
            self.lose(from, to, nth, LossCause::ReceiverDown, recorder);
            return Acted::default();
        }
        let Some(at) = self.find(from, to, nth) else { return Acted::default() };
        let message = self.network.in_flight.remove(at);
        if let Some(recorder) = recorder.as_deref_mut() {
            recorder.delivered(message.id.0);
        }
        self.handle(protocol, to, Input::Message { from, msg: message.msg }, crash_after, recorder)
    }

    fn lose(&mut self, from: NodeId, to: NodeId, nth: u16, cause: LossCause, recorder: Option<&mut Recorder>) {
        let Some(at) = self.find(from, to, nth) else { return };
        let message = self.network.in_flight.remove(at);
        if let Some(recorder) = recorder {
            recorder.lost(message.id.0, cause);
        }
    }

    fn duplicate(&mut self, protocol: &P, from: NodeId, to: NodeId, nth: u16, recorder: Option<&mut Recorder>) {
        let Some(at) = self.find(from, to, nth) else { return };
        self.spent.duplicate += 1;
        let mut copy = self.network.in_flight[at].clone();
        let original = copy.id.0;
        copy.id.0 = self.next_message.0;
        copy.sent_ms.0 = self.now_ms;
        if let Timing::Bounded { max_ms } = protocol.timing() {
            copy.due_ms = Some(self.now_ms + u64::from(max_ms));
        }
        self.next_message.0 += 1;
        if let Some(recorder) = recorder {
            recorder.duplicated(original);
        }
        self.network.insert(copy, protocol.channel(from, to));
    }

    fn crash(&mut self, protocol: &P, node: NodeId, mut recorder: Option<&mut Recorder>) {
        self.spent.crash += 1;
        let slot = self.slot_mut(node);
        slot.state = protocol.crashed(node, &slot.state);
        slot.status = Status::Crashed;
        slot.timers.clear();
        if let Some(recorder) = recorder.as_deref_mut() {
            recorder.crashed(node);
        }
        self.lose_where(LossCause::ConnectionBroken, recorder, |message| {
            (message.0 == node || message.1 == node) && protocol.channel(message.0, message.1) == Channel::Fifo
        });
    }

    fn lose_where(
        &mut self,
        cause: LossCause,
        recorder: Option<&mut Recorder>,
        doomed: impl Fn((NodeId, NodeId)) -> bool,
    ) {
        let mut lost: Vec<u32> = Vec::new();
        self.network.in_flight.retain(|message| {
            let keep = !doomed((message.from, message.to));
            if !keep {
                lost.push(message.id.0);
            }
            keep
        });
        lost.sort_unstable();
        if let Some(recorder) = recorder {
            for id in lost {
                recorder.lost(id, cause);
            }
        }
    }

    fn pause_or_resume(&mut self, act: &Act<P>, recorder: Option<&mut Recorder>) {
        let (node, status) = match *act {
            Act::Pause { node } => (node, Status::Paused),
            Act::Resume { node } => (node, Status::Up),
            _ => return,
        };
        let pauses = status == Status::Paused;
        self.spent.pause += u16::from(pauses);
        self.slot_mut(node).status = status;
        if let Some(recorder) = recorder {
            recorder.paused(node, pauses);
        }
    }

    fn disturb_clock(&mut self, act: &Act<P>, recorder: Option<&mut Recorder>) {
        let now = self.now_ms;
        match *act {
            Act::Jump { node, by_ms } => {
                self.spent.jump += 1;
                self.slot_mut(node).clock.jump(by_ms);
                if let Some(recorder) = recorder {
                    self.tell_time(recorder);
                    recorder.jumped(node, by_ms);
                }
            }
            Act::Rate { node, permille } => {
                self.spent.drift += 1;
                self.slot_mut(node).clock.set_rate(permille, now);
                if let Some(recorder) = recorder {
                    recorder.rate_changed(node, permille);
                }
            }
            _ => {}
        }
    }

    fn cut(&mut self, protocol: &P, side: u32, mut recorder: Option<&mut Recorder>) {
        self.spent.partition += 1;
        self.network.sides.push(side);
        self.network.sides.sort_unstable();
        if let Some(recorder) = recorder.as_deref_mut() {
            recorder.partitioned(self.ids().filter(|node| (side >> node.0) & 1 == 1).collect());
        }
        let crosses = |from: NodeId, to: NodeId| (side >> from.0) & 1 != (side >> to.0) & 1;
        self.lose_where(LossCause::Partitioned, recorder, |(from, to)| {
            crosses(from, to) && protocol.channel(from, to) == Channel::Datagram
        });
    }
}
