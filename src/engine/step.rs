//! One step: a pure function of (world, choice).

use std::sync::Arc;

use super::choice::{Act, Choice};
use super::cx::Cx;
use super::ground::Ground;
use super::protocol::{Channel, Input, Protocol, Timing};
use super::recorder::Recorder;
use super::refusal::Refusal;
use super::sorting::sort;
use super::trace::{LossCause, NodeId};
use super::view::Status;
use super::world::{Slot, World};

/// What a node did in a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Acted {
    /// How many sends and writes.
    pub effects: u8,
    /// Which messages it looked for among those on their way, as bits of their contents.
    pub looked_for: u64,
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
    pub fn refuses(&self, protocol: &P, choice: &Choice) -> Option<Refusal> {
        let ground: &dyn Ground = &self.ground(protocol);
        ground.refuses(choice)
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
    pub fn apply(&mut self, protocol: &P, choice: &Choice, recorder: Option<&mut Recorder>) -> Result<(), Refusal> {
        match self.refuses(protocol, choice) {
            Some(refusal) => Err(refusal),
            None => {
                self.take(protocol, choice, recorder);
                Ok(())
            }
        }
    }

    /// Takes a choice that [`World::refuses`] has let pass. Gives what the acting node did.
    pub(super) fn take(&mut self, protocol: &P, choice: &Choice, mut recorder: Option<&mut Recorder>) -> Acted {
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
                let Some(timer) = self.stop_timer(node, timer) else { return Acted::default() };
                if let Some(recorder) = recorder.as_deref_mut() {
                    recorder.fired(node, &protocol.timer_name(timer));
                }
                return self.handle(protocol, node, Input::Timer(timer), crash_after, recorder);
            }
            Act::Step { node, step } => {
                let offered = protocol.steps(node, self.state(node));
                let Some(step) = offered.get(usize::from(step)).copied() else { return Acted::default() };
                if let Some(recorder) = recorder.as_deref_mut() {
                    let sentence = protocol.step_sentence(&recorder.trace().lanes[node.index()].id, step);
                    if !sentence.is_empty() {
                        recorder.stepped(node, &protocol.step_label(step), sentence);
                    }
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

    fn pass_time(&mut self, choice: &Choice) {
        match choice.act {
            Act::Fire { node, timer } => {
                if let Some((_, reading)) = self.slot(node).timers.get(usize::from(timer)) {
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

    /// Takes a timer of a node away, by its place.
    fn stop_timer(&mut self, node: NodeId, at: u16) -> Option<P::Timer> {
        let at = usize::from(at);
        (at < self.slot(node).timers.len()).then(|| self.slot_mut(node).timers.remove(at).0)
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
            self.crash(protocol, node, recorder.as_deref_mut());
        }
        if P::AT_ONCE {
            self.arrive_at_once(protocol, recorder);
        }
        acted
    }

    /// Lets arrive what is on its way, in the order in which it was sent; and before anything else, what is sent by that.
    fn arrive_at_once(&mut self, protocol: &P, mut recorder: Option<&mut Recorder>) {
        let first = |world: &Self| {
            let first = world.network.in_flight.iter().min_by_key(|message| message.id.0);
            first.map(|message| (message.from, message.to, 1))
        };
        while let Some(message) = first(self) {
            self.deliver(protocol, message, None, recorder.as_deref_mut());
        }
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
    pub fn effects_of(&self, protocol: &P, act: &Act) -> Vec<String> {
        let mut world = self.clone();
        let (node, input) = match *act {
            Act::Deliver { from, to, nth } => match world.find(from, to, nth) {
                Some(at) if world.slot(to).status == Status::Up => {
                    let message = world.network.in_flight.remove(at);
                    (to, Input::Message { from, msg: message.msg })
                }
                _ => return Vec::new(),
            },
            Act::Fire { node, timer } => match world.stop_timer(node, timer) {
                Some(timer) => (node, Input::Timer(timer)),
                None => return Vec::new(),
            },
            Act::Step { node, step } => match protocol.steps(node, world.state(node)).get(usize::from(step)) {
                Some(step) => (node, Input::Step(*step)),
                None => return Vec::new(),
            },
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
        sort(&mut lost);
        if let Some(recorder) = recorder {
            for id in lost {
                recorder.lost(id, cause);
            }
        }
    }

    fn pause_or_resume(&mut self, act: &Act, recorder: Option<&mut Recorder>) {
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

    fn disturb_clock(&mut self, act: &Act, recorder: Option<&mut Recorder>) {
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
        sort(&mut self.network.sides);
        if let Some(recorder) = recorder.as_deref_mut() {
            recorder.partitioned(self.ids().filter(|node| (side >> node.0) & 1 == 1).collect());
        }
        let crosses = |from: NodeId, to: NodeId| (side >> from.0) & 1 != (side >> to.0) & 1;
        self.lose_where(LossCause::Partitioned, recorder, |(from, to)| {
            crosses(from, to) && protocol.channel(from, to) == Channel::Datagram
        });
    }
}
