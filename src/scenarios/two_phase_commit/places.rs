//! Participants that may change places: those that vote alike. The search takes runs that differ only in which of them is which for one.

use std::hash::Hash;

use super::acceptor::{Acceptor, Leading, Promises};
use super::coordinator::Coordinator;
use super::ghost::Ghost;
use super::participant::Participant;
use super::termination::Termination;
use super::vocabulary::{Begin, Config, Msg, Rules};
use super::{Node, TwoPhaseCommit};
use crate::engine::{KeyHasher, NodeId, Relabel, World};

/// The first participant: sets and lists of participants are counted from here.
const FIRST: NodeId = NodeId(2);

/// Sets of participants that may change places.
pub fn interchangeable(config: &Config) -> Vec<Vec<NodeId>> {
    // Backup coordinators of three-phase commit take over in the order of their numbers, and participant 1 may be the one that begins.
    if config.rules == Rules::ThreePhase || config.begin == Begin::Participant {
        return Vec::new();
    }
    let votes_no = |node: &NodeId| (config.votes_no >> (node.0 - FIRST.0)) & 1 == 1;
    let (no, yes): (Vec<NodeId>, Vec<NodeId>) = config.all_participants().partition(votes_no);
    [yes, no].into_iter().filter(|set| set.len() > 1).collect()
}

/// Tells a participant apart: by its own state, and by what the coordinator counts it among.
pub fn mark_apart(protocol: &TwoPhaseCommit, me: NodeId, world: &World<TwoPhaseCommit>, hasher: &mut KeyHasher) {
    let bit = |set: u8| (set >> (me.0 - FIRST.0)) & 1;
    if let Some(participant) = protocol.participant(world, me) {
        (participant.phase, &participant.log, participant.asks, participant.doubtful.count_ones()).hash(hasher);
    }
    match world.state(Config::COORDINATOR) {
        Node::Coordinator(coordinator) => {
            (bit(coordinator.yes), bit(coordinator.no), bit(coordinator.acks)).hash(hasher);
        }
        Node::Acceptor(acceptor) => acceptor.disk.accepted[usize::from(me.0 - FIRST.0)].hash(hasher),
        Node::Client(_) | Node::Participant(_) => {}
    }
    world.ghost.decided[me.index()].hash(hasher);
}

fn bits(set: u8, relabel: &Relabel) -> u8 {
    relabel.bits(u32::from(set), FIRST) as u8
}

/// The coordinator, with participants in other places.
pub fn coordinator(coordinator: &Coordinator, relabel: &Relabel) -> Coordinator {
    Coordinator {
        yes: bits(coordinator.yes, relabel),
        no: bits(coordinator.no, relabel),
        acks: bits(coordinator.acks, relabel),
        ..coordinator.clone()
    }
}

/// A participant, with others in other places.
pub fn participant(participant: &Participant, relabel: &Relabel) -> Participant {
    let termination = &participant.termination;
    Participant {
        doubtful: bits(participant.doubtful, relabel),
        termination: Termination {
            follows: termination.follows.map(|node| relabel.node(node)),
            states: relabel.entries(&termination.states, FIRST),
            awaited: bits(termination.awaited, relabel),
            ..termination.clone()
        },
        ..participant.clone()
    }
}

/// An acceptor, with participants in other places.
pub fn acceptor(acceptor: &Acceptor, relabel: &Relabel) -> Acceptor {
    let leading = |leading: &Leading| Leading {
        best: relabel.entries(&leading.best, FIRST),
        votes: leading.votes.map(|(answered, prepared)| (bits(answered, relabel), bits(prepared, relabel))),
        ..leading.clone()
    };
    Acceptor {
        disk: acceptor.disk.map(|promises| Promises {
            promised: promises.promised,
            accepted: relabel.entries(&promises.accepted, FIRST),
        }),
        leads: acceptor.leads.as_ref().map(leading),
        outcome: acceptor.outcome,
    }
}

/// A message, with participants in other places.
pub fn message(msg: &Msg, relabel: &Relabel) -> Msg {
    match *msg {
        Msg::Phase1b { ballot, accepted } => Msg::Phase1b { ballot, accepted: relabel.entries(&accepted, FIRST) },
        Msg::Phase2aVote { instance, prepared } => {
            Msg::Phase2aVote { instance: relabel.node(NodeId(FIRST.0 + instance)).0 - FIRST.0, prepared }
        }
        Msg::Phase2a { ballot, prepared } => Msg::Phase2a { ballot, prepared: bits(prepared, relabel) },
        Msg::Phase2b { ballot, answered, prepared } => {
            Msg::Phase2b { ballot, answered: bits(answered, relabel), prepared: bits(prepared, relabel) }
        }
        Msg::Request
        | Msg::Prepare
        | Msg::Yes
        | Msg::No
        | Msg::PreCommit
        | Msg::AckPreCommit
        | Msg::Decided(_)
        | Msg::Ack
        | Msg::Reply(_)
        | Msg::Inquiry
        | Msg::InDoubt
        | Msg::StateRequest
        | Msg::State(_)
        | Msg::Phase1a { .. } => *msg,
    }
}

/// Who voted and decided what, with participants in other places.
pub fn ghost(ghost: &Ghost, relabel: &Relabel) -> Ghost {
    Ghost {
        decided: relabel.entries(&ghost.decided, NodeId(0)),
        reversed: ghost.reversed.map(|node| relabel.node(node)),
        yes: bits(ghost.yes, relabel),
        no: bits(ghost.no, relabel),
        suspected: ghost.suspected,
    }
}
