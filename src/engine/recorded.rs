//! A run of one protocol: its world at the start, its choices, what was written down, and checkpoints to go back to.

use std::cell::RefCell;
use std::sync::Arc;

use super::choice::{Act, Choice};
use super::exhibit::Exhibit;
use super::ground::Ground;
use super::menu;
use super::protocol::{Look, Progress, Protocol};
use super::recorder::Recorder;
use super::run::{ChoiceError, MAX_STEPS, Run};
use super::sorting::sort_by;
use super::space::{Bounds, Space, Worlds};
use super::stakes::Heed;
use super::trace::{NodeId, Trace};
use super::view::{Blocked, ChoiceView, Figure, NodeView, Status, TimerView, Verdict, VerdictKind, VerdictState};
use super::world::World;

/// A world is kept every so many steps; going back replays at most one less.
const CHECKPOINT_EVERY: u32 = 16;

/// What the scenario calls its invariants and goals: (id, sentence).
pub type Texts = &'static [(&'static str, &'static str)];

/// A run of a protocol, with everything that happened in it.
pub struct Recorded<P: Protocol> {
    protocol: P,
    ids: Vec<String>,
    invariants: Texts,
    goals: Texts,
    choices: Vec<(Choice, String)>,
    /// `checkpoints[k]` is the world after `k * CHECKPOINT_EVERY` choices.
    checkpoints: Vec<World<P>>,
    tip: World<P>,
    /// The world that was looked at last, with its step: readers look at one step from many sides, and at the next one after it.
    seen: RefCell<(u32, World<P>)>,
    recorder: Recorder,
}

impl<P: Protocol> Recorded<P> {
    /// A run at its start. `invariants` and `goals` are the scenario's sentences for the ids that the protocol checks.
    pub fn new(protocol: P, invariants: Texts, goals: Texts) -> Self {
        let lanes = protocol.lanes();
        let ids = lanes.iter().map(|lane| lane.id.clone()).collect();
        let mut recorder = Recorder::new(lanes);
        let tip = World::start(&protocol, Some(&mut recorder));
        let views = tip.ids().map(|node| node_view(&protocol, &tip, node)).collect();
        recorder.end_step(views);
        let mut run = Recorded {
            protocol,
            ids,
            invariants,
            goals,
            choices: Vec::new(),
            checkpoints: vec![tip.clone()],
            seen: RefCell::new((0, tip.clone())),
            tip,
            recorder,
        };
        run.check_invariants();
        run
    }

    /// The protocol with its parameters.
    pub fn protocol(&self) -> &P {
        &self.protocol
    }

    /// The world at a step; past the end, the last one.
    pub fn world_at(&self, step: u32) -> World<P> {
        if step >= self.choices.len() as u32 {
            return self.tip.clone();
        }
        let mut seen = self.seen.borrow_mut();
        let checkpoint = step - step % CHECKPOINT_EVERY;
        let (mut from, mut world) = match &*seen {
            (near, world) if (checkpoint..=step).contains(near) => (*near, world.clone()),
            _ => (checkpoint, self.checkpoints[(step / CHECKPOINT_EVERY) as usize].clone()),
        };
        while from < step {
            world.take(&self.protocol, &self.choices[from as usize].0, None);
            from += 1;
        }
        *seen = (step, world.clone());
        world
    }

    /// Takes a choice at the end of the run.
    ///
    /// # Errors
    /// Where it cannot be taken now; the run is then unchanged.
    pub fn take(&mut self, choice: Choice) -> Result<(), ChoiceError> {
        if self.choices.len() as u32 >= MAX_STEPS {
            return Err(ChoiceError::TooLong);
        }
        let name = choice.name(&self.tip.ground(&self.protocol), &self.ids);
        let before = self.tip.clone();
        if let Err(refusal) = self.tip.apply(&self.protocol, &choice, Some(&mut self.recorder)) {
            return Err(ChoiceError::NotEnabled {
                choice: name,
                why: refusal.sentence(&self.tip.ground(&self.protocol), &self.ids),
            });
        }
        self.recorder.end_step(self.changed_views(&before));
        self.choices.push((choice, name));
        if (self.choices.len() as u32).is_multiple_of(CHECKPOINT_EVERY) {
            self.checkpoints.push(self.tip.clone());
        }
        self.check_invariants();
        Ok(())
    }

    /// Views of the nodes that the last step changed: those with another state, and those that began or ceased to be blocked.
    fn changed_views(&self, before: &World<P>) -> Vec<NodeView> {
        let changed = self.tip.ids().filter(|node| {
            !Arc::ptr_eq(&before.nodes[node.index()], &self.tip.nodes[node.index()])
                || self.recorder.blocked(*node) != self.protocol.blocked(*node, &self.tip).as_ref()
        });
        changed.map(|node| node_view(&self.protocol, &self.tip, node)).collect()
    }

    /// Writes down the invariants that the last step broke. One that is broken stays so for the rest of the run.
    fn check_invariants(&mut self) {
        for invariant in P::invariants().iter().filter(|invariant| self.protocol.promises(invariant.id)) {
            if self.recorder.trace.violations.iter().any(|known| known.invariant == invariant.id) {
                continue;
            }
            if let Err(breach) = (invariant.check)(&self.protocol, &self.tip) {
                self.recorder.broken(invariant.id, breach, self.choices.len() as u32);
            }
        }
    }
}

/// A node as it stands in a world.
fn node_view<P: Protocol>(protocol: &P, world: &World<P>, node: NodeId) -> NodeView {
    let look = protocol.look(node, &world.slot(node).state);
    view_of(&world.ground(protocol), node, look, protocol.blocked(node, world))
}

fn view_of(ground: &dyn Ground, node: NodeId, look: Look, blocked: Option<Blocked>) -> NodeView {
    let status = ground.status(node);
    // Of a node that is down only its disk is left.
    let look = if status == Status::Crashed { Look { log: look.log, ..Look::default() } } else { look };
    let clock = ground.clock(node);
    let local_ms = clock.read(ground.now_ms());
    let view = |(at, due_ms)| TimerView { name: ground.timer_name(node, at).into_owned(), due_ms };
    let mut timers: Vec<TimerView> = ground.timers(node).map(view).collect();
    sort_by(&mut timers, &|a, b| (a.due_ms, &a.name).cmp(&(b.due_ms, &b.name)));
    NodeView {
        node,
        status,
        badge: look.badge,
        local_ms,
        offset_ms: local_ms.saturating_sub(i64::try_from(ground.now_ms()).unwrap_or(i64::MAX)),
        rate_permille: clock.rate_permille(),
        fields: look.fields,
        log: look.log,
        timers,
        blocked,
        bars: look.bars,
    }
}

fn verdict(kind: VerdictKind, texts: Texts, id: &'static str, state: VerdictState) -> Verdict {
    let text = texts.iter().find(|(known, _)| *known == id).map_or("", |(_, text)| text);
    Verdict { id, text, kind, state }
}

impl<P: Protocol> Run for Recorded<P> {
    fn steps(&self) -> u32 {
        self.choices.len() as u32
    }

    fn choice(&self, step: u32) -> Option<&str> {
        let at = step.checked_sub(1)?;
        self.choices.get(at as usize).map(|(_, name)| name.as_str())
    }

    fn trace(&self) -> &Trace {
        self.recorder.trace()
    }

    fn now_ms(&self, step: u32) -> u64 {
        self.world_at(step).now_ms
    }

    fn choices(&self, step: u32) -> Vec<ChoiceView> {
        menu::choices(&self.world_at(step).ground(&self.protocol), &self.ids)
    }

    fn nodes(&self, step: u32) -> Vec<NodeView> {
        let world = self.world_at(step);
        world.ids().map(|node| node_view(&self.protocol, &world, node)).collect()
    }

    fn verdicts(&self, step: u32) -> Vec<Verdict> {
        let world = self.world_at(step);
        let violations = &self.recorder.trace.violations;
        let mut verdicts: Vec<Verdict> = Vec::new();
        for invariant in P::invariants().iter().filter(|invariant| self.protocol.promises(invariant.id)) {
            let broken = violations.iter().position(|v| v.invariant == invariant.id && v.step <= step);
            let state = broken.map_or(VerdictState::Holds, |at| VerdictState::Violated { violation: at as u32 });
            verdicts.push(verdict(VerdictKind::Invariant, self.invariants, invariant.id, state));
        }
        for goal in P::goals() {
            let state = match (goal.check)(&self.protocol, &world) {
                Progress::Reached => VerdictState::Holds,
                Progress::Open(missing) => VerdictState::Open(missing),
                Progress::Blocked(why) => VerdictState::Blocked(why),
            };
            verdicts.push(verdict(VerdictKind::Goal, self.goals, goal.id, state));
        }
        verdicts
    }

    fn figures(&self, step: u32) -> Vec<Figure> {
        let trace = self.recorder.trace();
        self.protocol.figures(trace, trace.rows_at_step(step))
    }

    fn exhibits(&self, step: u32) -> Vec<Exhibit> {
        self.protocol.exhibits(&self.world_at(step))
    }

    fn spent(&self, step: u32) -> Vec<(&'static str, u32)> {
        self.world_at(step).spent.list()
    }

    fn hash(&self, step: u32) -> u64 {
        self.world_at(step).hash64()
    }

    fn push(&mut self, choice: &str) -> Result<(), ChoiceError> {
        let choice = Choice::parse(choice, &self.tip.ground(&self.protocol), &self.ids)?;
        self.take(choice)
    }

    fn fork(&self, step: u32) -> Box<dyn Run> {
        let mut run = Recorded::new(self.protocol.clone(), self.invariants, self.goals);
        for (choice, _) in self.choices.iter().take(step as usize) {
            // Replaying the same choices from the same start cannot be refused: a step is a pure function of (world, choice).
            if run.take(*choice).is_err() {
                break;
            }
        }
        Box::new(run)
    }

    fn space(&self, step: u32, bounds: Bounds, heed: Heed) -> Box<dyn Space> {
        Box::new(Worlds::new(self.protocol.clone(), self.ids.clone(), self.world_at(step), bounds, heed))
    }

    fn scheduled(&self, step: u32, seed: u64) -> Option<String> {
        let world = self.world_at(step);
        let ground = world.ground(&self.protocol);
        let choice = menu::scheduled(&ground, step, seed)?;
        debug_assert!(!matches!(choice.act, Act::Crash { .. }), "the scheduler spends no faults");
        Some(choice.name(&ground, &self.ids))
    }
}
