//! What must hold (AC1 to AC4 of Bernstein, Hadzilacos and Goodman 1987, §7.3) and what should come to hold (AC5).

use super::ghost::{DECIDED, REVERSED, VOTED};
use super::vocabulary::{Begin, Config, Decision, participants_in};
use super::{Node, TwoPhaseCommit, blocking};
use crate::engine::{Breach, Goal, Invariant, NodeId, Progress, Protocol, World};

/// Safety.
pub const INVARIANTS: &[Invariant<TwoPhaseCommit>] = &[
    Invariant { id: "ac1", check: agreement },
    Invariant { id: "ac2", check: commit_needs_all },
    Invariant { id: "ac3", check: no_idle_abort },
    Invariant { id: "ac4", check: no_reversal },
];

/// Liveness.
pub const GOALS: &[Goal<TwoPhaseCommit>] =
    &[Goal { id: "decided", check: everyone_decided }, Goal { id: "told", check: client_told }];

fn first(world: &World<TwoPhaseCommit>, wanted: Decision) -> Option<NodeId> {
    let at = world.ghost.decided.iter().position(|decision| *decision == Some(wanted))?;
    Some(NodeId(at as u8))
}

fn id(protocol: &TwoPhaseCommit, node: NodeId) -> String {
    protocol.lane_id(node)
}

/// AC1: all processes that decide, decide alike.
fn agreement(protocol: &TwoPhaseCommit, world: &World<TwoPhaseCommit>) -> Result<(), Breach> {
    let (Some(committed), Some(aborted)) = (first(world, Decision::Commit), first(world, Decision::Abort)) else {
        return Ok(());
    };
    Err(Breach {
        sentence: format!(
            "{} committed while {} aborted: the transaction took effect in part.",
            id(protocol, committed),
            id(protocol, aborted)
        ),
        guilty: vec![(committed, DECIDED), (aborted, DECIDED)],
    })
}

/// AC2: commit only if all voted yes.
fn commit_needs_all(protocol: &TwoPhaseCommit, world: &World<TwoPhaseCommit>) -> Result<(), Breach> {
    let Some(committed) = first(world, Decision::Commit) else { return Ok(()) };
    let missing = protocol.config.everyone() & !world.ghost.yes;
    if missing == 0 {
        return Ok(());
    }
    let mut guilty = vec![(committed, DECIDED)];
    let refused = world.ghost.no;
    guilty.extend(
        protocol
            .config
            .all_participants()
            .enumerate()
            .find_map(|(at, node)| ((refused >> at) & 1 == 1).then_some((node, VOTED))),
    );
    Err(Breach {
        sentence: format!(
            "{} committed although {} did not vote yes.",
            id(protocol, committed),
            participants_in(missing)
        ),
        guilty,
    })
}

/// AC3: if all vote yes and nothing fails, the decision is commit.
fn no_idle_abort(protocol: &TwoPhaseCommit, world: &World<TwoPhaseCommit>) -> Result<(), Breach> {
    let Some(aborted) = first(world, Decision::Abort) else { return Ok(()) };
    if world.ghost.no != 0 || world.ghost.suspected || !world.spent.is_none() {
        return Ok(());
    }
    Err(Breach {
        sentence: format!("{} aborted although nobody voted no and nothing failed.", id(protocol, aborted)),
        guilty: vec![(aborted, DECIDED)],
    })
}

/// AC4: a decision is never reversed.
fn no_reversal(protocol: &TwoPhaseCommit, world: &World<TwoPhaseCommit>) -> Result<(), Breach> {
    match world.ghost.reversed {
        None => Ok(()),
        Some(node) => Err(Breach {
            sentence: format!("{} decided one way and then the other.", id(protocol, node)),
            guilty: vec![(node, DECIDED), (node, REVERSED)],
        }),
    }
}

/// AC5: every correct process decides. One that is down is not asked for more until it is back.
fn everyone_decided(protocol: &TwoPhaseCommit, world: &World<TwoPhaseCommit>) -> Progress {
    let undecided: Vec<NodeId> = protocol
        .config
        .all_participants()
        .filter(|node| world.is_alive(*node))
        .filter(|node| match world.state(*node) {
            Node::Participant(participant) => !matches!(participant.phase, super::Phase::Decided(_)),
            Node::Client(_) | Node::Coordinator(_) | Node::Acceptor(_) => false,
        })
        .collect();
    if undecided.is_empty() {
        return Progress::Reached;
    }
    let waits: Vec<String> = undecided
        .iter()
        .filter_map(|node| {
            let blocked = blocking::blocked(protocol, *node, world)?;
            Some(format!("{} holds its row lock until {}", id(protocol, *node), blocked.frees))
        })
        .collect();
    if !waits.is_empty() {
        return Progress::Blocked(format!("{}.", waits.join("; ")));
    }
    let names: Vec<String> = undecided.iter().map(|node| id(protocol, *node)).collect();
    Progress::Open(format!("undecided: {}", names.join(", ")))
}

/// The client hears how it ended.
fn client_told(protocol: &TwoPhaseCommit, world: &World<TwoPhaseCommit>) -> Progress {
    let Node::Client(client) = world.state(Config::CLIENT) else { return Progress::Reached };
    if protocol.config.begin == Begin::Participant {
        return Progress::Reached;
    }
    match (client.asked, client.told) {
        (_, Some(_)) => Progress::Reached,
        (false, None) => Progress::Open("it has not asked yet".to_owned()),
        (true, None) => Progress::Open("it waits for an answer".to_owned()),
    }
}
