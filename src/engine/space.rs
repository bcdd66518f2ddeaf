//! What the search sees of a run: the worlds that can follow one of its moments, as opaque values that can be told apart, expanded and judged. It is
//! object-safe, so that every scenario is searched by the same code.

use std::any::Any;
use std::borrow::Cow;
use std::hash::{Hash, Hasher};

use super::choice::{Act, Choice};
use super::cx::content_bit;
use super::hash::KeyHasher;
use super::protocol::{Channel, Progress, Protocol, Timing};
use super::stakes::{Heed, Stakes};
use super::trace::NodeId;
use super::view::Status;
use super::ways::{disturbances, happenings};
use super::world::{Spent, World};

/// A world, as the search holds it.
pub struct Spot(Box<dyn Any + Send + Sync>);

/// One way on from a world.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Move {
    /// Its place among all ways on from that world: with the moves before it, it says which choice it is.
    pub ordinal: u16,
    /// What it is, whatever its place: the same arrival has the same id in worlds that differ in what happened elsewhere.
    pub id: u64,
    /// The node that acts, where nothing but that node and what it sends is touched and no time passes. Such moves of different nodes may change places,
    /// but for `takes`.
    pub alone: Option<NodeId>,
    /// The sender of the message that arrives, and a bit of its content: what a node sends may depend on what of it is still on its way.
    pub takes: Option<(NodeId, u64)>,
    /// Which messages of its own the acting node looked for among those on their way ([`super::Cx::send_again`]), as bits of their contents.
    pub looks_for: u64,
    /// What kind of move it is.
    pub kind: MoveKind,
}

/// What kind of move it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MoveKind {
    /// What happens by itself: an arrival, a timer, a step of a node.
    Event,
    /// Something goes wrong.
    Fault,
    /// What went wrong is repaired: restart, resume, heal.
    Repair,
}

/// What the search may do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Bounds {
    /// Faults that may be spent beyond those that the run has spent already.
    pub budget: Spent,
    /// How often a timer may fire although a message that matters could still arrive first, that is, how often the network may be so slow; `None` for as often as it
    /// likes, which is what an asynchronous network may do. Emmi, Qadeer and Rakamarić, "Delay-bounded scheduling" (2011).
    pub delays: Option<u16>,
    /// Whether what went wrong may be repaired.
    pub repairs: bool,
}

/// How a lifeline is to stand: what its badge says, or `down` or `paused`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Standing {
    /// The lifeline.
    pub node: NodeId,
    /// The word.
    pub word: String,
}

/// The worlds that can follow one moment of a run.
pub trait Space: Send + Sync {
    /// The moment itself.
    fn start(&self) -> Spot;

    /// Every way on, in a fixed order: what happens by itself, crashes in its midst, faults and repairs. Those whose ids are `asleep` are counted
    /// and left out.
    fn expand(&self, spot: &Spot, asleep: &[u64], visit: &mut dyn FnMut(Move, Spot));

    /// The name in a run string of the way on with this ordinal, and the world to which it leads.
    fn follow(&self, spot: &Spot, ordinal: u16) -> Option<(String, Spot)>;

    /// The ordinal of a choice by its name in a run string, whatever it waits for first.
    fn ordinal(&self, spot: &Spot, choice: &str) -> Option<u16>;

    /// Fingerprint: equal for worlds that differ by a shift in time only, or by what has no consequence ([`Protocol::essence`]).
    fn key(&self, spot: &Spot) -> u64;

    /// Fingerprint: equal also for worlds that differ only in which of interchangeable nodes is which, once no crash can tell them apart.
    fn orbit_key(&self, spot: &Spot) -> u64;

    /// Whether [`Space::orbit_key`] ever differs from [`Space::key`].
    fn has_symmetry(&self) -> bool;

    /// Invariants that are broken, bit per promised invariant in the order of the scenario.
    fn broken(&self, spot: &Spot) -> u32;

    /// Goals that are reached, bit per goal in the order of the scenario.
    fn reached(&self, spot: &Spot) -> u32;

    /// Goals that the scenario says are blocked, bit per goal.
    fn blocked(&self, spot: &Spot) -> u32;

    /// Whether lifelines stand as asked.
    fn stands(&self, spot: &Spot, asked: &[Standing]) -> bool;

    /// The words that lifelines carry, in lane order; empty where there is none.
    fn standing(&self, spot: &Spot) -> Vec<&'static str>;

    /// Faults spent since the moment from which the search began.
    fn faults(&self, spot: &Spot) -> u32;

    /// About how many bytes the world takes.
    fn bytes(&self, spot: &Spot) -> usize;
}

/// A world with what the search counts beside it.
#[derive(Clone)]
struct Point<P: Protocol> {
    world: World<P>,
    /// How often the network was slow; stays 0 where it may be as slow as it likes.
    delays: u16,
}

/// What is done with each way on: the move, its choice, and where it leads.
type Visit<'a, P> = dyn FnMut(Move, &Choice, Point<P>) + 'a;

/// The worlds of one protocol.
pub(super) struct Worlds<P: Protocol> {
    protocol: P,
    ids: Vec<String>,
    start: World<P>,
    bounds: Bounds,
    heed: Heed,
    /// All that may be spent, what the run has spent already included.
    limit: Spent,
    /// Sets of nodes that may change places.
    sets: Vec<Vec<NodeId>>,
    /// Whether a crash between two sends tells one node of a set, to whom was sent, from another, to whom was not yet. It does not where it breaks the
    /// connection that carries what was sent.
    crash_tells: bool,
}

impl<P: Protocol> Worlds<P> {
    pub(super) fn new(protocol: P, ids: Vec<String>, start: World<P>, bounds: Bounds, heed: Heed) -> Self {
        let limit = start.spent.plus(&bounds.budget);
        let sets = protocol.interchangeable();
        let keeps = |to: NodeId| {
            let outlives = |from: NodeId| protocol.exposure(from).crash && protocol.channel(from, to) != Channel::Fifo;
            start.ids().any(outlives)
        };
        let crash_tells = sets.iter().flatten().any(|node| keeps(*node));
        // Where delays are bounded, every message on its way says how far time may run.
        let heed = if protocol.timing() == Timing::Free { heed } else { Heed::Everything };
        Worlds { protocol, ids, start, bounds, heed, limit, sets, crash_tells }
    }

    /// What of a world still matters.
    fn essence<'a>(&self, world: &'a World<P>) -> Cow<'a, World<P>> {
        let stakes = Stakes { heed: self.heed, left: self.limit.minus(&world.spent) };
        let essence = if self.heed == Heed::Everything { None } else { self.protocol.essence(world, &stakes) };
        essence.map_or(Cow::Borrowed(world), Cow::Owned)
    }

    /// The places of messages that do not matter any more.
    fn idle(&self, world: &World<P>) -> Vec<usize> {
        let essence = self.essence(world);
        let mut kept = essence.network.in_flight.iter().peekable();
        let all = world.network.in_flight.iter().zip(0..);
        all.filter(|(message, _)| kept.next_if_eq(message).is_none()).map(|(_, at)| at).collect()
    }

    fn point<'a>(&self, spot: &'a Spot) -> &'a Point<P> {
        // Spots come from a space and go back to the same: nobody else can make one.
        spot.0.downcast_ref().unwrap_or_else(|| unreachable!("a spot of another space"))
    }

    fn world<'a>(&self, spot: &'a Spot) -> &'a World<P> {
        &self.point(spot).world
    }

    fn successors(&self, point: &Point<P>, asleep: &[u64], visit: &mut Visit<'_, P>) {
        let Point { world, delays } = point;
        let protocol = &self.protocol;
        let mut ordinal = 0_u16;
        let mut counted = || {
            ordinal = ordinal.saturating_add(1);
            ordinal - 1
        };
        let may_crash = world.spent.crash < self.limit.crash;
        let mut points: Vec<(Choice, u8, u16)> = Vec::new();
        let ground = world.ground(protocol);
        let idle = self.idle(world);
        let (happenings, is_awaited) = happenings(&ground, &idle);
        for (choice, alone) in happenings {
            let mut delays = *delays;
            if let (Act::Fire { .. }, true, Some(limit)) = (choice.act, is_awaited, self.bounds.delays) {
                if delays >= limit {
                    continue;
                }
                delays += 1;
            }
            let (id, takes) = world.identity(protocol, &choice.act);
            let mut move_ = Move { ordinal: counted(), id, alone, takes, looks_for: 0, kind: MoveKind::Event };
            let sleeps = asleep.contains(&id);
            let can_crash = may_crash && choice.act.actor().is_some_and(|node| protocol.exposure(node).crash);
            if sleeps && !can_crash {
                continue;
            }
            let mut next = world.clone();
            let acted = next.take(protocol, &choice, None);
            move_.looks_for = acted.looked_for;
            if can_crash && acted.effects > 1 {
                points.push((choice, acted.effects, delays));
            }
            if !sleeps {
                visit(move_, &choice, Point { world: next, delays });
            }
        }
        let midst = points.into_iter().flat_map(|(choice, effects, delays)| {
            (1..effects).map(move |done| (Choice { crash_after: Some(done), ..choice }, MoveKind::Fault, delays))
        });
        let outside = disturbances(&ground, &self.limit, self.bounds.repairs, &idle);
        let outside = outside.into_iter().map(|(choice, kind)| (choice, kind, *delays));
        for (choice, kind, delays) in midst.chain(outside) {
            let move_ = Move { ordinal: counted(), id: 0, alone: None, takes: None, looks_for: 0, kind };
            let mut next = world.clone();
            next.take(protocol, &choice, None);
            visit(move_, &choice, Point { world: next, delays });
        }
    }
}

impl<P: Protocol> World<P> {
    /// What an event is, by its content and not by its place in a queue; of an arrival, what it takes from whom ([`Move::takes`]).
    fn identity(&self, protocol: &P, act: &Act) -> (u64, Option<(NodeId, u64)>) {
        let mut hasher = KeyHasher::default();
        let mut takes = None;
        match *act {
            Act::Deliver { from, to, nth } => {
                if let Some(message) = self.find(from, to, nth).map(|at| &self.network.in_flight[at]) {
                    (1_u8, message).hash(&mut hasher);
                    takes = Some((from, content_bit(from, to, &message.msg)));
                }
            }
            Act::Fire { node, timer } => {
                let timer = self.slot(node).timers.get(usize::from(timer)).map(|(timer, _)| *timer);
                (2_u8, node, timer).hash(&mut hasher);
            }
            Act::Step { node, step } => {
                (3_u8, node).hash(&mut hasher);
                protocol.steps(node, self.state(node)).get(usize::from(step)).hash(&mut hasher);
            }
            _ => {}
        }
        (hasher.finish(), takes)
    }
}

impl<P: Protocol> Space for Worlds<P> {
    fn start(&self) -> Spot {
        Spot(Box::new(Point { world: self.start.clone(), delays: 0 }))
    }

    fn expand(&self, spot: &Spot, asleep: &[u64], visit: &mut dyn FnMut(Move, Spot)) {
        self.successors(self.point(spot), asleep, &mut |move_, _, point| visit(move_, Spot(Box::new(point))));
    }

    fn follow(&self, spot: &Spot, ordinal: u16) -> Option<(String, Spot)> {
        let ground = self.world(spot).ground(&self.protocol);
        let mut found = None;
        self.successors(self.point(spot), &[], &mut |move_, choice, point| {
            if move_.ordinal == ordinal {
                found = Some((choice.name(&ground, &self.ids), Spot(Box::new(point))));
            }
        });
        found
    }

    fn ordinal(&self, spot: &Spot, choice: &str) -> Option<u16> {
        let point = self.point(spot);
        let asked = Choice::parse(choice, &point.world.ground(&self.protocol), &self.ids).ok()?;
        let mut found = None;
        self.successors(point, &[], &mut |move_, choice, _| {
            if choice.act == asked.act && choice.crash_after == asked.crash_after {
                found = Some(move_.ordinal);
            }
        });
        found
    }

    fn key(&self, spot: &Spot) -> u64 {
        let Point { world, delays } = self.point(spot);
        with_delays(self.essence(world).key(&self.protocol), *delays)
    }

    fn orbit_key(&self, spot: &Spot) -> u64 {
        let Point { world, delays } = self.point(spot);
        let may_crash = world.spent.crash < self.limit.crash;
        let essence = self.essence(world);
        let key = if may_crash && self.crash_tells {
            essence.key(&self.protocol)
        } else {
            essence.orbit_key(&self.protocol, &self.sets)
        };
        with_delays(key, *delays)
    }

    fn has_symmetry(&self) -> bool {
        !self.sets.is_empty()
    }

    fn broken(&self, spot: &Spot) -> u32 {
        let world = self.world(spot);
        let promised = P::invariants().iter().filter(|invariant| self.protocol.promises(invariant.id));
        promised.zip(0..).fold(0, |broken, (invariant, bit)| {
            broken | u32::from((invariant.check)(&self.protocol, world).is_err()) << bit
        })
    }

    fn reached(&self, spot: &Spot) -> u32 {
        goals_that(&self.protocol, self.world(spot), |progress| *progress == Progress::Reached)
    }

    fn blocked(&self, spot: &Spot) -> u32 {
        goals_that(&self.protocol, self.world(spot), |progress| matches!(progress, Progress::Blocked(_)))
    }

    fn stands(&self, spot: &Spot, asked: &[Standing]) -> bool {
        let world = self.world(spot);
        asked.iter().all(|asked| word_of(&self.protocol, world, asked.node) == asked.word)
    }

    fn standing(&self, spot: &Spot) -> Vec<&'static str> {
        let world = self.world(spot);
        world.ids().map(|node| word_of(&self.protocol, world, node)).collect()
    }

    fn faults(&self, spot: &Spot) -> u32 {
        self.world(spot).spent.total() - self.start.spent.total()
    }

    fn bytes(&self, spot: &Spot) -> usize {
        let world = self.world(spot);
        let message = size_of_val(world.network.in_flight.as_slice());
        // Nodes are shared with the world before, but for the one that acted.
        size_of_val(world) + world.nodes.len() * size_of::<usize>() + message + size_of::<P::Node>() + OVERHEAD_BYTES
    }
}

/// A fingerprint, told apart by how often the network was slow.
fn with_delays(key: u64, delays: u16) -> u64 {
    key ^ u64::from(delays).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// What the allocator and the queue add to a world, about.
const OVERHEAD_BYTES: usize = 160;

/// Goals of which something is so, bit per goal.
fn goals_that<P: Protocol>(protocol: &P, world: &World<P>, is_so: impl Fn(&Progress) -> bool) -> u32 {
    let bits = P::goals().iter().zip(0..);
    bits.fold(0, |goals, (goal, bit)| goals | u32::from(is_so(&(goal.check)(protocol, world))) << bit)
}

/// What stands on a lifeline.
fn word_of<P: Protocol>(protocol: &P, world: &World<P>, node: NodeId) -> &'static str {
    if node.index() >= world.nodes.len() {
        return "";
    }
    let slot = world.slot(node);
    match slot.status {
        Status::Crashed => "down",
        Status::Paused => "paused",
        Status::Up => protocol.look(node, &slot.state).badge.map_or("", |badge| badge.text),
    }
}
