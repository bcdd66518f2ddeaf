//! What must hold, what should come to hold, and who waits for whom.

use super::program::{Memory, Role, Rule};
use super::service::{STOPPED, WROTE};
use super::{Node, Services};
use crate::engine::{Blocked, Breach, Goal, Invariant, NodeId, Progress, Protocol, Status, World};

/// Every rule that a scenario of this room may have, with what checks it.
macro_rules! rules {
    ($($id:literal),* $(,)?) => {
        &[$(Invariant { id: $id, check: |protocol, world| check(protocol, world, $id) }),*]
    };
}

/// Safety.
pub const INVARIANTS: &[Invariant<Services>] = rules![
    "charged",
    "answer",
    "conserved",
    "whole",
    "published",
    "effect",
    "lost",
    "order",
    "compensated",
    "dirty",
    "stuck",
    "model",
    "version",
    "stale",
    "stock",
    "served",
    "covered",
];

/// Liveness.
pub const GOALS: &[Goal<Services>] = &[Goal { id: "settled", check: settled }];

/// What a gauge of the play says in a world.
pub fn gauge(protocol: &Services, world: &World<Services>, at: u16) -> i64 {
    let Some(gauge) = protocol.play.gauges.get(usize::from(at)) else { return 0 };
    let gauges = match world.state(gauge.reading.node) {
        Node::Service(service) => &service.gauges,
        Node::Base(base) => &base.gauges,
        Node::Post(post) => return post.number(&gauge.reading.topic),
        Node::Cache(_) => return 0,
    };
    gauges.get(usize::from(gauge.place)).copied().unwrap_or(0)
}

fn check(protocol: &Services, world: &World<Services>, id: &'static str) -> Result<(), Breach> {
    for rule in protocol.play.rules.iter().filter(|rule| *rule.id == *id) {
        if rule.in_the_end && !is_at_rest(protocol, world) {
            continue;
        }
        if !rule.holds.holds(&Memory::new(), &|at| gauge(protocol, world, at)) {
            return Err(breach(protocol, world, rule));
        }
    }
    Ok(())
}

fn breach(protocol: &Services, world: &World<Services>, rule: &Rule) -> Breach {
    let play = &protocol.play;
    let value = |name: &str| {
        let at = play.gauges.iter().position(|gauge| &*gauge.name == name);
        at.and_then(|at| u16::try_from(at).ok()).map_or(0, |at| gauge(protocol, world, at)).to_string()
    };
    let mut guilty: Vec<(NodeId, &'static str)> = Vec::new();
    for at in rule.holds.gauges() {
        let node = play.gauges[usize::from(at)].reading.node;
        if !guilty.contains(&(node, WROTE)) {
            guilty.extend([(node, WROTE), (node, STOPPED)]);
        }
    }
    Breach { sentence: rule.sentence.fill_with(value), guilty }
}

/// Whether nothing moves any more: nobody is down or at work, nothing is on its way, nothing waits to be handed out, and nobody has anything left to do by itself.
pub fn is_at_rest(protocol: &Services, world: &World<Services>) -> bool {
    let is_idle = |node: NodeId| {
        let slot = world.slot(node);
        slot.status == Status::Up
            && match &slot.state {
                Node::Service(service) => {
                    let is_client = protocol.play.member(node).is_some_and(|member| member.role == Role::Client);
                    // What the reader's side might still ask for need not be asked.
                    !service.is_busy() && (is_client || service.steps(&protocol.play, node).is_empty())
                }
                Node::Post(post) => post.is_idle(&protocol.play, node),
                Node::Base(_) | Node::Cache(_) => true,
            }
    };
    world.network.in_flight.is_empty() && world.ids().all(is_idle)
}

fn settled(protocol: &Services, world: &World<Services>) -> Progress {
    if is_at_rest(protocol, world) {
        return Progress::Reached;
    }
    let stuck = world.ids().find_map(|node| Some((node, protocol.blocked(node, world)?)));
    match stuck {
        Some((node, blocked)) if world.network.in_flight.is_empty() => {
            let ids =
                |nodes: &[NodeId]| nodes.iter().map(|node| protocol.lane_id(*node)).collect::<Vec<_>>().join(", ");
            Progress::Blocked(format!("{} waits for {} of {}.", ids(&[node]), blocked.on, ids(&blocked.by)))
        }
        _ => Progress::Open("something is still under way".to_owned()),
    }
}

/// Whether a node waits for an answer that nobody will give.
pub fn blocked(me: NodeId, world: &World<Services>) -> Option<Blocked> {
    let slot = world.slot(me);
    let Node::Service(service) = &slot.state else { return None };
    if slot.status != Status::Up {
        return None;
    }
    for (at, thread) in (0..).zip(&service.threads) {
        let Some(thread) = thread.as_ref().filter(|thread| thread.is_waiting) else { continue };
        let has_timer = slot.timers.iter().any(|(timer, _)| *timer == super::Timer::Thread(at));
        let by = &thread.awaits.first()?.of;
        let is_coming = world
            .network
            .in_flight
            .iter()
            .any(|message| (message.from, message.to) == (me, *by) || (message.from, message.to) == (*by, me));
        let is_served = match world.state(*by) {
            Node::Service(other) => {
                let is_asked =
                    |asker: Option<(NodeId, super::service::Call)>| asker.is_some_and(|(node, _)| node == me);
                world.is_alive(*by) && other.threads.iter().flatten().any(|thread| is_asked(thread.asker))
            }
            Node::Base(_) | Node::Cache(_) | Node::Post(_) => false,
        };
        if !has_timer && !is_coming && !is_served {
            return Some(Blocked {
                on: "an answer".to_owned(),
                by: vec![*by],
                holds: Vec::new(),
                frees: "Nothing: what it asked is forgotten.".to_owned(),
            });
        }
    }
    None
}
