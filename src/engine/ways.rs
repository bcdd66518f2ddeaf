//! What the search tries from a world: what can happen by itself, what may go wrong, what may be repaired.

use super::choice::{Act, Choice};
use super::clock::END_OF_TIME_MS;
use super::ground::{Envelope, Ground};
use super::protocol::Channel;
use super::space::MoveKind;
use super::trace::NodeId;
use super::view::Status;
use super::world::Spent;

/// What can happen by itself, and the node that acts alone, if one does.
pub(super) type Happening = (Choice, Option<NodeId>);

/// What can happen by itself now, with the node that acts alone (see [`super::Move::alone`]), and whether any message can arrive. Of equal messages only
/// one is tried, and none of those that are `idle` (by their places).
pub(super) fn happenings(ground: &dyn Ground, idle: &[usize]) -> (Vec<Happening>, bool) {
    let mut all = Vec::new();
    // What arrives in the step in which it is sent touches others than the node that acts.
    let is_at_once = ground.is_at_once();
    let alone = |node: NodeId| (!is_at_once).then_some(node);
    for node in ground.ids().filter(|node| ground.status(*node) == Status::Up) {
        let open = (0..ground.steps(node)).filter(|step| ground.withholds(node, *step).is_none());
        all.extend(open.map(|step| (Choice::now(Act::Step { node, step }), alone(node))));
    }
    let steps = all.len();
    for at in 0..ground.in_flight() {
        let Envelope { from, to, .. } = ground.envelope(at);
        if idle.contains(&at) || ground.is_repeated(at) && !ground.channel(from, to).keeps_order() {
            continue;
        }
        let nth = ground.rank(at);
        if ground.refuses_arrival(from, to, nth).is_none() {
            all.push((Choice::now(Act::Deliver { from, to, nth }), alone(to)));
        }
    }
    let is_awaited = all.len() > steps;
    // What fires by then is refused by nothing: no other timer and no arrival comes before it.
    let horizon_ms = ground.horizon_ms().min(END_OF_TIME_MS);
    for node in ground.ids().filter(|node| ground.status(*node) == Status::Up) {
        let due = ground.timers(node).filter(|(_, due_ms)| *due_ms <= horizon_ms);
        all.extend(due.map(|(timer, _)| (Choice::now(Act::Fire { node, timer }), None)));
    }
    (all, is_awaited)
}

/// What may go wrong or be repaired now. Nothing is spent on messages that are `idle`.
pub(super) fn disturbances(
    ground: &dyn Ground,
    limit: &Spent,
    repairs: bool,
    idle: &[usize],
) -> Vec<(Choice, MoveKind)> {
    let mut acts: Vec<Act> = Vec::new();
    let spent = ground.spent();
    let (drops, duplicates) = (spent.drop < limit.drop, spent.duplicate < limit.duplicate);
    let messages = if drops || duplicates { 0..ground.in_flight() } else { 0..0 };
    for at in messages {
        let Envelope { from, to, .. } = ground.envelope(at);
        if idle.contains(&at) || ground.is_repeated(at) || ground.channel(from, to) != Channel::Datagram {
            continue;
        }
        let nth = ground.rank(at);
        if drops {
            acts.push(Act::Drop { from, to, nth });
        }
        if duplicates {
            acts.push(Act::Duplicate { from, to, nth });
        }
    }
    for node in ground.ids() {
        match ground.status(node) {
            Status::Crashed if repairs => acts.push(Act::Restart { node }),
            Status::Paused if repairs => acts.push(Act::Resume { node }),
            Status::Up if spent.pause < limit.pause => acts.push(Act::Pause { node }),
            _ => {}
        }
        if spent.crash < limit.crash {
            acts.push(Act::Crash { node });
        }
        if spent.partition < limit.partition {
            acts.push(Act::Cut { side: 1 << node.0 });
        }
        if spent.jump < limit.jump {
            acts.extend(ground.jumps_ms().into_iter().map(|by_ms| Act::Jump { node, by_ms }));
        }
        if spent.drift < limit.drift {
            let runs_at = ground.clock(node).rate_permille();
            let others = ground.rates_permille().into_iter().filter(|permille| *permille != runs_at);
            acts.extend(others.map(|permille| Act::Rate { node, permille }));
        }
    }
    if repairs && !ground.sides().is_empty() {
        acts.push(Act::Heal);
    }
    let kind = |act: &Act| match act {
        Act::Restart { .. } | Act::Resume { .. } | Act::Heal => MoveKind::Repair,
        _ => MoveKind::Fault,
    };
    let allowed = acts.into_iter().map(|act| (Choice::now(act), kind(&act)));
    allowed.filter(|(choice, _)| ground.refuses(choice).is_none()).collect()
}
