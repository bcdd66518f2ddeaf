//! What of a world still matters: what can have no consequence any more is left out, so that the search takes more worlds for one.
//!
//! Where votes are idle: whoever has decided counts no more. Where a participant is finished: it tells the coordinator nothing new, and hears nothing
//! new from it. What the client hears matters only to who asks whether it hears.

use std::sync::Arc;

use super::coordinator::{Coordinator, Phase};
use super::participant::{self, Participant};
use super::vocabulary::{Begin, Config, Decision, Msg, Record, Rules};
use super::{Node, TwoPhaseCommit};
use crate::engine::{Disk, Heed, InFlight, Stakes, World};

/// What of a world still matters ([`crate::engine::Protocol::essence`]).
pub fn essence(protocol: &TwoPhaseCommit, world: &World<TwoPhaseCommit>, stakes: &Stakes) -> World<TwoPhaseCommit> {
    let matters = Matters::of(&protocol.config, world, stakes);
    let mut essence = world.clone();
    essence
        .network
        .in_flight
        .retain(|message| !matters.is_idle(message) && !is_stale(&protocol.config, world, message));
    for at in 0..essence.nodes.len() {
        if let Some(node) = matters.node(&essence.nodes[at].state) {
            let slot = Arc::make_mut(&mut essence.nodes[at]);
            if matters.is_over() {
                slot.timers.clear();
            }
            slot.state = node;
        }
    }
    essence
}

/// What still matters to whom.
struct Matters<'a> {
    config: &'a Config,
    heed: Heed,
    /// No vote changes anything any more, wherever the coordinator restarts.
    votes_idle: bool,
    /// Participants that may still vote (bit per participant).
    unvoted: u8,
    /// Participants that have decided as the coordinator has, so that neither can lose it.
    finished: u8,
    /// What the coordinator has decided.
    decision: Option<Decision>,
}

impl<'a> Matters<'a> {
    fn of(config: &'a Config, world: &World<TwoPhaseCommit>, stakes: &Stakes) -> Self {
        let mut matters =
            Matters { config, heed: stakes.heed, votes_idle: false, unvoted: 0, finished: 0, decision: None };
        let Node::Coordinator(coordinator) = world.state(Config::COORDINATOR) else { return matters };
        let is_up = world.is_alive(Config::COORDINATOR);
        // With a record in its log it restarts behind the votes.
        let lasts = !coordinator.log.survives().is_empty();
        let has_counted = !matches!(coordinator.phase, Phase::Idle | Phase::Collecting | Phase::Forgotten);
        matters.votes_idle = if is_up { has_counted && (lasts || stakes.left.crash == 0) } else { lasts };
        matters.unvoted = participants_where(config, world, &|participant, is_up| {
            is_up && participant.phase == participant::Phase::Working
        });
        // How many messages a node sends at once says where it may crash, and a drifting clock tells when a timer fires that does nothing.
        let is_calm = stakes.left.crash == 0 && stakes.left.drift == 0;
        let runs_true = world.nodes.iter().all(|slot| slot.clock.rate_permille() == 1000);
        // Without forced writes one that has acknowledged may have lost its decision since.
        let is_kept = config.forced && config.rules != Rules::ThreePhase;
        if !is_calm || !runs_true || !is_kept || stakes.heed > Heed::Goals {
            return matters;
        }
        matters.decision = match coordinator.phase {
            Phase::Telling(decision) | Phase::Done(decision) => Some(decision),
            _ => decision_in(coordinator.log.survives()).filter(|_| !is_up),
        };
        matters.finished = participants_where(config, world, &|participant, is_up| {
            let own = match participant.phase {
                participant::Phase::Decided(decision) => Some(decision),
                _ => decision_in(participant.log.survives()).filter(|_| !is_up),
            };
            own.is_some() && own == matters.decision
        });
        matters
    }

    /// Whether all have decided, so that nothing but the answer to the client is left.
    fn is_over(&self) -> bool {
        self.finished == self.config.everyone()
    }

    /// Whether the arrival of a message changes nothing, now or later.
    fn is_idle(&self, message: &InFlight<Msg>) -> bool {
        let is_among = |set: u8, node| self.config.index_of(node).is_some_and(|index| (set >> index) & 1 == 1);
        let (from, to) = (message.from, message.to);
        match message.msg {
            Msg::Yes | Msg::No => self.votes_idle && to == Config::COORDINATOR,
            // Whoever has voted votes again.
            Msg::Prepare => self.votes_idle && !is_among(self.unvoted, to),
            Msg::Decided(_) => is_among(self.finished, to),
            Msg::Ack => is_among(self.finished, from),
            // Only to one that has not voted it is more than a question.
            Msg::Inquiry => is_among(self.finished, from) && !is_among(self.unvoted, to),
            // It is for the reader only.
            Msg::InDoubt => true,
            Msg::Reply(_) => self.heed == Heed::Invariants,
            _ => false,
        }
    }

    /// What a node comes down to; `None` where it stays as it is.
    fn node(&self, node: &Node) -> Option<Node> {
        match node {
            Node::Client(client) if self.heed == Heed::Invariants && client.told.is_some() => {
                Some(Node::Client(super::Client { told: None, ..client.clone() }))
            }
            Node::Coordinator(coordinator) => self.coordinator(coordinator).map(Node::Coordinator),
            Node::Participant(participant) => {
                // Whoever knows asks nobody.
                let knows = decision_in(participant.log.survives()).is_some();
                let asks = if knows { 0 } else { participant.asks };
                let is_plain = participant.doubtful == 0 && participant.asks == asks;
                (!is_plain).then(|| Node::Participant(Participant { doubtful: 0, asks, ..participant.clone() }))
            }
            Node::Client(_) | Node::Acceptor(_) => None,
        }
    }

    fn coordinator(&self, coordinator: &Coordinator) -> Option<Coordinator> {
        match coordinator.phase {
            Phase::Telling(decision) | Phase::Done(decision) if self.is_over() => Some(Coordinator {
                log: Disk::new(vec![Record::Decided(decision)]),
                phase: Phase::Done(decision),
                ..Coordinator::new()
            }),
            // Votes are counted no more.
            Phase::Telling(_) | Phase::Done(_) => {
                Some(Coordinator { yes: 0, acks: coordinator.acks | self.finished, ..coordinator.clone() })
            }
            _ => None,
        }
    }
}

/// In Paxos Commit, whether a message belongs to a ballot in which its receiver will never act again, or tells a decision to one that has it in its log.
/// Gray and Lamport 2006, §4.1: an acceptor takes part in no lower ballot, and leads none twice.
fn is_stale(config: &Config, world: &World<TwoPhaseCommit>, message: &InFlight<Msg>) -> bool {
    let acceptor = match world.state(message.to) {
        Node::Acceptor(acceptor) => acceptor,
        Node::Participant(participant) if config.rules == Rules::PaxosCommit => {
            return matches!(message.msg, Msg::Decided(_)) && decision_in(participant.log.survives()).is_some();
        }
        Node::Client(_) | Node::Coordinator(_) | Node::Participant(_) => return false,
    };
    let promised = acceptor.disk.survives().promised;
    let is_led = |ballot: u8, proposed: bool| {
        acceptor.leads.as_ref().is_some_and(|leading| leading.ballot == ballot && leading.proposed == proposed)
    };
    match message.msg {
        Msg::Phase1a { ballot } | Msg::Phase2a { ballot, .. } => ballot < promised,
        Msg::Phase2aVote { .. } => promised > 0,
        Msg::Phase1b { ballot, .. } => ballot <= promised && !is_led(ballot, false),
        // A client asks once, so that ballot 0 is not begun again; a vote may set it off after a crash.
        Msg::Phase2b { ballot: 0, .. } if config.begin == Begin::Participant && promised == 0 => false,
        Msg::Phase2b { ballot, .. } => ballot <= promised && !is_led(ballot, true),
        _ => false,
    }
}

/// The decision that a log holds.
fn decision_in(log: &[Record]) -> Option<Decision> {
    log.iter().find_map(|record| match record {
        Record::Decided(decision) => Some(*decision),
        _ => None,
    })
}

/// Participants of which something is so; it is told whether they are up.
fn participants_where(
    config: &Config,
    world: &World<TwoPhaseCommit>,
    is_so: &dyn Fn(&Participant, bool) -> bool,
) -> u8 {
    let all = config.all_participants().zip(0..);
    all.fold(0, |set, (node, index)| match world.state(node) {
        Node::Participant(participant) => set | u8::from(is_so(participant, world.is_alive(node))) << index,
        Node::Client(_) | Node::Coordinator(_) | Node::Acceptor(_) => set,
    })
}
