//! What may happen next: for the reader (everything, with reasons where it cannot), and for the seeded scheduler (one of them).

use rand_core::RngCore;

use super::choice::{Act, Choice};
use super::ground::{Envelope, Ground};
use super::protocol::{Channel, Timing};
use super::schedule::generator;
use super::sorting::sort;
use super::trace::NodeId;
use super::view::{ChoiceGroup, ChoiceView, CrashPoint, Status};

/// How long a message takes when the reader delivers it and nothing else presses, in ms.
const NOMINAL_LATENCY_MS: u64 = 10;

/// Everything that may happen next, and what may not with the reason, in groups and in a fixed order.
pub(super) fn choices(ground: &dyn Ground, ids: &[String]) -> Vec<ChoiceView> {
    let mut menu = Menu { ground, ids, out: Vec::new() };
    menu.steps();
    menu.deliveries();
    menu.timers();
    menu.network_faults();
    menu.node_faults();
    menu.clock_faults();
    menu.out
}

struct Menu<'a> {
    ground: &'a dyn Ground,
    ids: &'a [String],
    out: Vec<ChoiceView>,
}

impl Menu<'_> {
    fn id(&self, node: NodeId) -> &str {
        &self.ids[node.index()]
    }

    fn add(&mut self, group: ChoiceGroup, verb: &'static str, label: String, about: About, choice: Choice) {
        let refusal = self.ground.refuses(&choice);
        let crash_points = if refusal.is_none() { self.crash_points(&choice) } else { Vec::new() };
        self.out.push(ChoiceView {
            name: choice.name(self.ground, self.ids),
            group,
            label,
            verb,
            node: about.node,
            message: about.message,
            disabled: refusal.map(|refusal| refusal.sentence(self.ground, self.ids)),
            crash_points,
        });
    }

    /// Points between two effects of the acting node.
    fn crash_points(&self, choice: &Choice) -> Vec<CrashPoint> {
        if !choice.act.actor().is_some_and(|node| self.ground.exposure(node).crash) {
            return Vec::new();
        }
        let effects = self.ground.effects_of(&choice.act);
        (1..effects.len().min(255))
            .map(|done| CrashPoint {
                name: Choice { crash_after: Some(done as u8), ..*choice }.name(self.ground, self.ids),
                label: format!("after {}, before {}", effects[done - 1], effects[done]),
            })
            .collect()
    }

    fn steps(&mut self) {
        for node in self.ground.ids() {
            for step in 0..self.ground.steps(node) {
                let label = format!("{}: {}", self.id(node), self.ground.step(node, step).1);
                let choice = Choice::now(Act::Step { node, step });
                self.add(ChoiceGroup::Step, "step", label, About::node(node), choice);
            }
        }
    }

    fn deliveries(&mut self) {
        for at in by_age(self.ground) {
            let Envelope { from, to, id, sent_ms, .. } = self.ground.envelope(at);
            let nth = self.ground.rank(at);
            let name = self.ground.message_name(at);
            let label = format!("{name} from {} reaches {}", self.id(from), self.id(to));
            let choice = Choice {
                act: Act::Deliver { from, to, nth },
                wait_ms: nominal_wait(self.ground, sent_ms),
                crash_after: None,
            };
            self.add(ChoiceGroup::Deliver, "deliver", label, About { node: Some(to), message: Some(id) }, choice);
        }
    }

    fn timers(&mut self) {
        let mut timers: Vec<(u64, NodeId, u16)> = Vec::new();
        for node in self.ground.ids() {
            timers.extend(self.ground.timers(node).map(|(at, due_ms)| (due_ms, node, at)));
        }
        sort(&mut timers);
        for (due_ms, node, timer) in timers {
            let name = self.ground.timer_name(node, timer);
            let label = format!("{name} timer of {} fires at {due_ms} ms", self.id(node));
            let choice = Choice::now(Act::Fire { node, timer });
            self.add(ChoiceGroup::Timer, "fire", label, About::node(node), choice);
        }
    }

    fn network_faults(&mut self) {
        for at in by_age(self.ground) {
            let Envelope { from, to, id, .. } = self.ground.envelope(at);
            if self.ground.channel(from, to) != Channel::Datagram {
                continue;
            }
            let nth = self.ground.rank(at);
            let name = self.ground.message_name(at).into_owned();
            let about = About { node: Some(to), message: Some(id) };
            let what = format!("{name} from {} to {}", self.id(from), self.id(to));
            let drop = Choice::now(Act::Drop { from, to, nth });
            self.add(ChoiceGroup::Network, "drop", format!("drop {what}"), about, drop);
            let duplicate = Choice::now(Act::Duplicate { from, to, nth });
            self.add(ChoiceGroup::Network, "duplicate", format!("duplicate {what}"), about, duplicate);
        }
        for node in self.ground.ids().filter(|node| self.ground.exposure(*node).partition) {
            let label = format!("cut {} off from all others", self.id(node));
            let cut = Choice::now(Act::Cut { side: 1 << node.0 });
            self.add(ChoiceGroup::Network, "cut off", label, About::node(node), cut);
        }
        if !self.ground.sides().is_empty() {
            let about = About { node: None, message: None };
            self.add(ChoiceGroup::Network, "heal", "heal the network".to_owned(), about, Choice::now(Act::Heal));
        }
    }

    fn node_faults(&mut self) {
        for node in self.ground.ids() {
            let exposure = self.ground.exposure(node);
            let id = self.id(node).to_owned();
            let about = About::node(node);
            let group = ChoiceGroup::Node;
            match self.ground.status(node) {
                Status::Crashed => {
                    self.add(group, "restart", format!("restart {id}"), about, Choice::now(Act::Restart { node }));
                    continue;
                }
                Status::Paused => {
                    self.add(group, "resume", format!("resume {id}"), about, Choice::now(Act::Resume { node }));
                }
                Status::Up if exposure.pause => {
                    self.add(group, "pause", format!("pause {id}"), about, Choice::now(Act::Pause { node }));
                }
                Status::Up => {}
            }
            if exposure.crash {
                self.add(group, "crash", format!("crash {id}"), about, Choice::now(Act::Crash { node }));
            }
        }
    }

    fn clock_faults(&mut self) {
        for node in self.ground.ids().filter(|node| self.ground.exposure(*node).clock) {
            let id = self.id(node).to_owned();
            for by_ms in self.ground.jumps_ms() {
                let label = format!("move the clock of {id} by {by_ms:+} ms");
                let verb = if by_ms > 0 { "jump forward" } else { "jump back" };
                self.add(ChoiceGroup::Clock, verb, label, About::node(node), Choice::now(Act::Jump { node, by_ms }));
            }
            let runs_at = self.ground.clock(node).rate_permille();
            for permille in self.ground.rates_permille().into_iter().filter(|rate| *rate != runs_at) {
                let (verb, speed) = match permille {
                    500 => ("slow down", "half speed".to_owned()),
                    1_000 => ("true speed", "true speed".to_owned()),
                    2_000 => ("speed up", "double speed".to_owned()),
                    _ => (
                        if permille < 1_000 { "slow down" } else { "speed up" },
                        format!("{permille} \u{2030} of true speed"),
                    ),
                };
                let label = format!("let the clock of {id} run at {speed}");
                self.add(ChoiceGroup::Clock, verb, label, About::node(node), Choice::now(Act::Rate { node, permille }));
            }
        }
    }
}

/// What a choice concerns.
#[derive(Clone, Copy)]
struct About {
    node: Option<NodeId>,
    message: Option<u32>,
}

impl About {
    fn node(node: NodeId) -> Self {
        About { node: Some(node), message: None }
    }
}

/// Positions of the messages in flight, oldest first.
fn by_age(ground: &dyn Ground) -> Vec<usize> {
    let mut order: Vec<(u32, usize)> = (0..ground.in_flight()).map(|at| (ground.envelope(at).id, at)).collect();
    sort(&mut order);
    order.into_iter().map(|(_, at)| at).collect()
}

/// How long to wait so that a message takes its nominal time, as far as nothing else happens first.
fn nominal_wait(ground: &dyn Ground, sent_ms: u64) -> u32 {
    let nominal = match ground.timing() {
        Timing::Free => NOMINAL_LATENCY_MS,
        Timing::Bounded { max_ms } => NOMINAL_LATENCY_MS.min(u64::from(max_ms)),
    };
    wait_until(ground, sent_ms + nominal)
}

fn wait_until(ground: &dyn Ground, arrival_ms: u64) -> u32 {
    let room = ground.horizon_ms().saturating_sub(ground.now_ms());
    let wait = arrival_ms.saturating_sub(ground.now_ms()).min(room);
    u32::try_from(wait).unwrap_or(0)
}

/// What the seeded scheduler does next: steps at once (drawn where there are several), else whichever of the next arrival and the next timer comes
/// first, with latencies drawn from the seed. No faults.
pub(super) fn scheduled(ground: &dyn Ground, step: u32, seed: u64) -> Option<Choice> {
    let mut steps: Vec<Choice> = Vec::new();
    for node in ground.ids().filter(|node| ground.status(*node) == Status::Up) {
        let open = (0..ground.steps(node)).filter(|step| ground.withholds(node, *step).is_none());
        steps.extend(open.map(|step| Choice::now(Act::Step { node, step })));
    }
    if !steps.is_empty() {
        let draw = generator(seed, (1 << 32) | u64::from(step)).next_u32() as usize;
        return steps.get(draw % steps.len()).copied();
    }
    let arrival = (0..ground.in_flight())
        .map(|at| {
            let Envelope { from, to, id, sent_ms, .. } = ground.envelope(at);
            let act = Act::Deliver { from, to, nth: ground.rank(at) };
            (sent_ms + u64::from(ground.latency().of(seed, id)), id, Choice::now(act))
        })
        .filter(|(_, _, choice)| ground.refuses(choice).is_none())
        .min_by_key(|(arrival_ms, id, _)| (*arrival_ms, *id));
    let timer = ground.next_timer();
    match (arrival, timer) {
        (Some((arrival_ms, _, choice)), timer) if timer.is_none_or(|(due_ms, _, _)| arrival_ms <= due_ms) => {
            Some(Choice { wait_ms: wait_until(ground, arrival_ms), ..choice })
        }
        (_, Some((_, node, timer))) => {
            let fire = Choice::now(Act::Fire { node, timer });
            ground.refuses(&fire).is_none().then_some(fire)
        }
        (Some((_, _, choice)), None) => Some(choice),
        (None, None) => None,
    }
}
