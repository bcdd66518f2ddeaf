//! Two-phase commit and its relatives: one client, one coordinator, one to five participants, and what each variant adds.
//!
//! Rooms: `vocabulary` words and parameters; `client`, `coordinator`, `participant`, `acceptor` the nodes; `termination` the backup
//! coordinators of three-phase commit; `ghost` and `invariants` what must hold; `blocking` who waits for whom; `figures` counts;
//! `look` how nodes look; `essence` what still matters; `places` who may change places with whom; `info` what the catalogue says.

mod acceptor;
mod blocking;
mod client;
mod coordinator;
mod essence;
mod figures;
mod ghost;
mod info;
mod invariants;
mod look;
mod participant;
mod places;
mod termination;
mod vocabulary;
#[cfg(test)]
mod walks;

use std::borrow::Cow;

use self::acceptor::Acceptor;
use self::client::Client;
use self::coordinator::Coordinator;
use self::ghost::Ghost;
use self::participant::{Participant, Phase};
use self::vocabulary::{Begin, Config, Msg, Rules, Step, Timer};
use super::{Entry, Info, Part, Values, Variant};
use crate::engine::{
    Blocked, Channel, Cx, Exposure, Figure, Goal, Input, Invariant, KeyHasher, Lane, Look, NodeId, Protocol, Recorded,
    Relabel, Run, Stakes, Timing, Trace, World,
};

/// The scenario in the catalogue.
#[derive(Debug)]
pub struct Scenario;

/// The scenario.
pub static COMMIT: Scenario = Scenario;
/// The part of the page that it is in.
pub const PART: Part = Part::Commit;

impl Scenario {
    /// What it declares about itself.
    pub const fn declared(&self) -> &'static Info {
        &info::INFO
    }
}

impl Entry for Scenario {
    fn info(&self) -> &'static Info {
        self.declared()
    }

    fn part(&self) -> Part {
        PART
    }

    fn start(&self, variant: &'static Variant, values: &Values, _seed: u64) -> Box<dyn Run> {
        let protocol = TwoPhaseCommit { config: Config::new(info::rules(variant.id), values) };
        Box::new(Recorded::new(protocol, info::INFO.invariants, info::INFO.goals))
    }
}

/// The protocol with its parameters.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TwoPhaseCommit {
    config: Config,
}

/// State of a node.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Node {
    /// The client.
    Client(Client),
    /// The coordinator of two-phase and three-phase commit.
    Coordinator(Coordinator),
    /// A participant.
    Participant(Participant),
    /// An acceptor of Paxos Commit, the first of which coordinates.
    Acceptor(Acceptor),
}

impl TwoPhaseCommit {
    /// What a node is, and which of its kind, where there are several.
    fn role(&self, node: NodeId) -> (&'static str, Option<u8>) {
        match (node, self.config.index_of(node)) {
            (Config::CLIENT, _) => ("client", None),
            (Config::COORDINATOR, _) => ("coordinator", None),
            (_, Some(index)) => ("participant", Some(index + 1)),
            // Lifelines of acceptors stand behind those of participants; the first acceptor is the coordinator.
            (NodeId(at), None) => ("acceptor", Some(at - 1 - self.config.participants)),
        }
    }

    fn participant<'w>(&self, world: &'w World<Self>, node: NodeId) -> Option<&'w Participant> {
        match world.state(node) {
            Node::Participant(participant) => Some(participant),
            Node::Client(_) | Node::Coordinator(_) | Node::Acceptor(_) => None,
        }
    }
}

impl Protocol for TwoPhaseCommit {
    type Node = Node;
    type Msg = Msg;
    type Timer = Timer;
    type Step = Step;
    type Ghost = Ghost;

    fn lanes(&self) -> Vec<Lane> {
        let count = 2 + self.config.participants + self.config.acceptors().saturating_sub(1);
        let lane = |at: u8| {
            let (role, number) = self.role(NodeId(at));
            let title = number.map_or_else(|| role.to_owned(), |number| format!("{role} {number}"));
            Lane { id: self.lane_id(NodeId(at)), title, role, group: String::new() }
        };
        (0..count).map(lane).collect()
    }

    fn lane_id(&self, node: NodeId) -> String {
        match self.role(node) {
            ("client", _) => "cl".to_owned(),
            // The first letter stands for the role: c, p1, a1.
            (role, number) => number.map_or_else(|| role[..1].to_owned(), |number| format!("{}{number}", &role[..1])),
        }
    }

    fn initial(&self, me: NodeId) -> Node {
        if me == Config::CLIENT {
            Node::Client(Client::default())
        } else if self.config.index_of(me).is_some() {
            Node::Participant(Participant::new())
        } else if self.config.rules == Rules::PaxosCommit {
            Node::Acceptor(Acceptor::new())
        } else {
            Node::Coordinator(Coordinator::new())
        }
    }

    fn on(&self, _me: NodeId, node: &mut Node, input: Input<Self>, cx: &mut Cx<'_, Self>) {
        match node {
            Node::Client(client) => client.on(input, cx),
            Node::Coordinator(coordinator) => coordinator.on(&self.config, input, cx),
            Node::Participant(participant) => participant.on(&self.config, input, cx),
            Node::Acceptor(acceptor) => acceptor.on(&self.config, input, cx),
        }
    }

    fn crashed(&self, _me: NodeId, node: &Node) -> Node {
        match node {
            Node::Client(client) => Node::Client(client.clone()),
            Node::Coordinator(coordinator) => Node::Coordinator(coordinator.crashed()),
            Node::Participant(participant) => Node::Participant(participant.crashed()),
            Node::Acceptor(acceptor) => Node::Acceptor(acceptor.crashed()),
        }
    }

    fn steps(&self, me: NodeId, node: &Node) -> Vec<Step> {
        let may_begin = match (self.config.begin, node) {
            (Begin::Client, Node::Client(client)) => !client.asked,
            (Begin::Participant, Node::Participant(participant)) => {
                self.config.index_of(me) == Some(0) && participant.phase == Phase::Working
            }
            _ => false,
        };
        if may_begin { vec![Step::Begin] } else { Vec::new() }
    }

    fn channel(&self, from: NodeId, to: NodeId) -> Channel {
        if from == Config::CLIENT || to == Config::CLIENT { Channel::Fifo } else { Channel::Datagram }
    }

    fn timing(&self) -> Timing {
        match self.config.delay_bound_ms {
            0 => Timing::Free,
            max_ms => Timing::Bounded { max_ms },
        }
    }

    fn exposure(&self, me: NodeId) -> Exposure {
        if me == Config::CLIENT { Exposure::NONE } else { Exposure::ALL }
    }

    fn message_name(&self, msg: &Msg) -> Cow<'static, str> {
        msg.name()
    }

    fn message_body(&self, msg: &Msg) -> String {
        msg.body()
    }

    fn timer_name(&self, timer: Timer) -> Cow<'static, str> {
        Cow::Borrowed(timer.name())
    }

    fn step_name(&self, _step: Step) -> Cow<'static, str> {
        Cow::Borrowed("begin")
    }

    fn step_label(&self, _step: Step) -> Cow<'static, str> {
        Cow::Borrowed(match self.config.begin {
            Begin::Client => "ask to commit",
            Begin::Participant => "finish its work and vote",
        })
    }

    fn step_sentence(&self, id: &str, _step: Step) -> String {
        match self.config.begin {
            Begin::Client => format!("{id} asks to commit."),
            Begin::Participant => format!("{id} has finished its work and votes unasked."),
        }
    }

    fn look(&self, _me: NodeId, node: &Node) -> Look {
        match node {
            Node::Client(client) => look::client(client),
            Node::Coordinator(coordinator) => look::coordinator(coordinator),
            Node::Participant(participant) => look::participant(participant),
            Node::Acceptor(acceptor) => look::acceptor(&self.config, acceptor),
        }
    }

    fn blocked(&self, me: NodeId, world: &World<Self>) -> Option<Blocked> {
        blocking::blocked(self, me, world)
    }

    fn interchangeable(&self) -> Vec<Vec<NodeId>> {
        places::interchangeable(&self.config)
    }

    fn mark_apart(&self, me: NodeId, world: &World<Self>, hasher: &mut KeyHasher) {
        places::mark_apart(self, me, world, hasher);
    }

    fn relabel_node(&self, node: &Node, relabel: &Relabel) -> Node {
        match node {
            Node::Client(client) => Node::Client(client.clone()),
            Node::Coordinator(coordinator) => Node::Coordinator(places::coordinator(coordinator, relabel)),
            Node::Participant(participant) => Node::Participant(places::participant(participant, relabel)),
            Node::Acceptor(acceptor) => Node::Acceptor(places::acceptor(acceptor, relabel)),
        }
    }

    fn relabel_message(&self, msg: &Msg, relabel: &Relabel) -> Msg {
        places::message(msg, relabel)
    }

    fn relabel_ghost(&self, ghost: &Ghost, relabel: &Relabel) -> Ghost {
        places::ghost(ghost, relabel)
    }

    fn essence(&self, world: &World<Self>, stakes: &Stakes) -> Option<World<Self>> {
        Some(essence::essence(self, world, stakes))
    }

    fn invariants() -> &'static [Invariant<Self>] {
        invariants::INVARIANTS
    }

    fn goals() -> &'static [Goal<Self>] {
        invariants::GOALS
    }

    fn figures(&self, trace: &Trace, rows: u32) -> Vec<Figure> {
        figures::figures(&self.config, trace, rows)
    }
}
