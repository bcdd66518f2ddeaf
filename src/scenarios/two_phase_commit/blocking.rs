//! Who waits for whom: a participant in doubt that nobody reachable can free.
//!
//! Bernstein, Hadzilacos and Goodman 1987, §7.4; Gray and Lamport 2006, §3: in doubt, the coordinator gone, and no reachable process that knows the
//! decision or that may still abort.

use super::participant::Phase;
use super::vocabulary::{Config, Msg, Rules};
use super::{Node, TwoPhaseCommit};
use crate::engine::{Blocked, NodeId, Protocol, Status, World};

/// What a node waits for, if nobody reachable can free it.
pub fn blocked(protocol: &TwoPhaseCommit, me: NodeId, world: &World<TwoPhaseCommit>) -> Option<Blocked> {
    let config = &protocol.config;
    let participant = protocol.participant(world, me)?;
    if !participant.is_in_doubt() || !world.is_alive(me) || help_is_coming(me, world) {
        return None;
    }
    let by: Vec<NodeId> = match config.rules {
        // It will free itself, rightly or wrongly.
        Rules::GivesUp => return None,
        Rules::NoLog | Rules::Basic | Rules::PresumedAbort => helpers_missing(&[Config::COORDINATOR], me, world)?,
        Rules::Cooperative => waits_for_anyone_who_knows(protocol, me, world)?,
        Rules::ThreePhase if !participant.termination.recovering => return None,
        Rules::ThreePhase => waits_for_anyone_who_knows(protocol, me, world)?,
        Rules::PaxosCommit => waits_for_acceptors(config, me, world)?,
    };
    Some(Blocked {
        on: "the decision".to_owned(),
        frees: what_frees(protocol, &by, world),
        by,
        holds: vec!["row lock".to_owned()],
    })
}

fn executes_within_reach(me: NodeId, other: NodeId, world: &World<TwoPhaseCommit>) -> bool {
    world.slot(other).status == Status::Up && world.network.connected(me, other)
}

/// A message under way that may free it.
fn help_is_coming(me: NodeId, world: &World<TwoPhaseCommit>) -> bool {
    world
        .network
        .in_flight
        .iter()
        .any(|message| message.to == me && matches!(message.msg, Msg::Decided(_) | Msg::PreCommit | Msg::StateRequest))
}

/// All of these, if none of them can help.
fn helpers_missing(helpers: &[NodeId], me: NodeId, world: &World<TwoPhaseCommit>) -> Option<Vec<NodeId>> {
    let helpless = helpers.iter().all(|helper| !executes_within_reach(me, *helper, world));
    helpless.then(|| helpers.to_vec())
}

/// Cooperative termination: the coordinator, or any participant that has decided or has not voted.
fn waits_for_anyone_who_knows(
    protocol: &TwoPhaseCommit,
    me: NodeId,
    world: &World<TwoPhaseCommit>,
) -> Option<Vec<NodeId>> {
    let config = &protocol.config;
    let three_phase = config.rules == Rules::ThreePhase;
    let may_help = |node: NodeId| {
        let Some(other) = protocol.participant(world, node) else { return false };
        match other.phase {
            Phase::Working | Phase::Decided(_) => true,
            // Whoever is about to learn can tell.
            Phase::Prepared | Phase::PreCommitted => {
                help_is_coming(node, world) || (three_phase && !other.termination.recovering)
            }
        }
    };
    let mut silent = Vec::new();
    let coordinator_helps = match world.state(Config::COORDINATOR) {
        Node::Coordinator(coordinator) => coordinator.phase != super::coordinator::Phase::Recovering,
        Node::Client(_) | Node::Participant(_) | Node::Acceptor(_) => true,
    };
    if executes_within_reach(me, Config::COORDINATOR, world) {
        if coordinator_helps {
            return None;
        }
    } else {
        silent.push(Config::COORDINATOR);
    }
    for other in config.others(me) {
        match (executes_within_reach(me, other, world), may_help(other)) {
            (true, true) => return None,
            (true, false) => {}
            (false, _) => silent.push(other),
        }
    }
    Some(silent)
}

/// Paxos Commit: fewer than F+1 acceptors within reach, and none of them knows the decision.
fn waits_for_acceptors(config: &Config, me: NodeId, world: &World<TwoPhaseCommit>) -> Option<Vec<NodeId>> {
    let all = (0..config.acceptors()).map(|index| config.acceptor(index));
    let (within, silent): (Vec<NodeId>, Vec<NodeId>) = all.partition(|node| executes_within_reach(me, *node, world));
    let somebody_knows = within.iter().any(|node| match world.state(*node) {
        Node::Acceptor(acceptor) => acceptor.outcome.is_some(),
        Node::Client(_) | Node::Coordinator(_) | Node::Participant(_) => false,
    });
    let majority = usize::from(config.tolerated) + 1;
    (!somebody_knows && within.len() < majority).then_some(silent)
}

fn what_frees(protocol: &TwoPhaseCommit, by: &[NodeId], world: &World<TwoPhaseCommit>) -> String {
    let ways: Vec<String> = by
        .iter()
        .map(|node| {
            let id = protocol.lane_id(*node);
            match world.slot(*node).status {
                Status::Crashed => format!("{id} restarts"),
                Status::Paused => format!("{id} resumes"),
                Status::Up => format!("the network to {id} heals"),
            }
        })
        .collect();
    match (protocol.config.rules, ways.len()) {
        (_, 0) => "nothing: everyone crashed since voting, and who decided is not known".to_owned(),
        (Rules::PaxosCommit, _) => format!("enough acceptors come back: {}", ways.join(", ")),
        _ => ways.join(", or "),
    }
}
