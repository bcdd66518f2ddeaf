//! Words of the protocol family: decisions, messages, timers, log records, and the parameters that all nodes know.

use std::borrow::Cow;

use crate::engine::NodeId;
use crate::scenarios::Values;

/// Most participants.
pub const MAX_PARTICIPANTS: usize = 5;
/// Most nodes: a client, a coordinator, participants, and the acceptors beside the coordinator.
pub const MAX_LANES: usize = 2 + MAX_PARTICIPANTS + 4;

/// How a transaction ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Decision {
    /// It takes effect everywhere.
    Commit,
    /// It has no effect anywhere.
    Abort,
}

impl Decision {
    /// The log record and the verb: `commit`.
    pub fn word(self) -> &'static str {
        match self {
            Decision::Commit => "commit",
            Decision::Abort => "abort",
        }
    }

    /// The state: `committed`.
    pub fn state(self) -> &'static str {
        match self {
            Decision::Commit => "committed",
            Decision::Abort => "aborted",
        }
    }
}

/// Which member of the family is run.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Rules {
    /// A prepared participant aborts on its own when it has waited too long. Wrong.
    GivesUp,
    /// The coordinator keeps its decision in memory only. Wrong.
    NoLog,
    /// Two-phase commit with the coordinator's log (Bernstein, Hadzilacos and Goodman 1987, §7.4).
    Basic,
    /// Presumed abort (Mohan, Lindsay and Obermarck 1986, §3): what is not in the log was aborted.
    PresumedAbort,
    /// Cooperative termination (Bernstein, Hadzilacos and Goodman 1987, §7.4): a participant in doubt asks the others.
    Cooperative,
    /// Three-phase commit with its termination protocol (Skeen 1981; Bernstein, Hadzilacos and Goodman 1987, §7.5).
    ThreePhase,
    /// Paxos Commit (Gray and Lamport 2006, §4).
    PaxosCommit,
}

/// Who sets the protocol off.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Begin {
    /// The client asks the coordinator.
    Client,
    /// Participant 1 prepares of its own accord and tells the coordinator (Gray and Lamport's count of 3N-1 messages).
    Participant,
}

/// What is sent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Msg {
    /// Client to coordinator: please commit.
    Request,
    /// Coordinator to participant: vote.
    Prepare,
    /// A yes vote: the sender can commit, and no longer abort on its own.
    Yes,
    /// A no vote: the sender has aborted.
    No,
    /// Three-phase commit: everyone voted yes.
    PreCommit,
    /// The sender has pre-committed.
    AckPreCommit,
    /// The decision.
    Decided(Decision),
    /// The sender has the decision in its log.
    Ack,
    /// Coordinator (or leader) to client: how it ended.
    Reply(Decision),
    /// A participant in doubt asks for the decision.
    Inquiry,
    /// Answer to an inquiry: in doubt too.
    InDoubt,
    /// Three-phase commit: a backup coordinator asks for the receiver's state.
    StateRequest,
    /// Answer to it.
    State(StateReport),
    /// Paxos Commit, phase 1a: a leader asks to be followed in this ballot.
    Phase1a { ballot: u8 },
    /// Phase 1b: what the sender has accepted, instance by instance.
    Phase1b { ballot: u8, accepted: Accepted },
    /// Phase 2a of ballot 0 by participant `instance` itself: it prepared (or aborted).
    Phase2aVote { instance: u8, prepared: bool },
    /// Phase 2a of a later ballot by its leader, for all instances at once (bit per participant: prepared).
    Phase2a { ballot: u8, prepared: u8 },
    /// Phase 2b: what the sender has accepted in this ballot (bit per participant: answered; prepared).
    Phase2b { ballot: u8, answered: u8, prepared: u8 },
}

/// What an acceptor has accepted in each participant's instance: (ballot, prepared).
pub type Accepted = [Option<(u8, bool)>; MAX_PARTICIPANTS];

/// What a participant tells a backup coordinator about itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum StateReport {
    /// It voted yes and knows no more.
    Uncertain,
    /// It has pre-committed.
    PreCommitted,
    /// It has decided.
    Decided(Decision),
    /// It crashed since its vote and does not count.
    Recovering,
    /// It is a backup coordinator itself.
    Leading,
}

impl Msg {
    /// What stands on the arrow.
    pub fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Msg::Request => "commit?",
            Msg::Prepare => "prepare",
            Msg::Yes => "yes",
            Msg::No => "no",
            Msg::PreCommit => "pre-commit",
            Msg::AckPreCommit => "ack pre-commit",
            Msg::Decided(decision) => decision.word(),
            Msg::Ack => "ack",
            Msg::Reply(decision) => decision.state(),
            Msg::Inquiry => "decision?",
            Msg::InDoubt => "in doubt too",
            Msg::StateRequest => "state?",
            Msg::State(StateReport::Uncertain) => "uncertain",
            Msg::State(StateReport::PreCommitted) => "pre-committed",
            Msg::State(StateReport::Decided(decision)) => decision.state(),
            Msg::State(StateReport::Recovering) => "recovering",
            Msg::State(StateReport::Leading) => "I lead",
            Msg::Phase1a { ballot } => return Cow::Owned(format!("1a ballot {ballot}")),
            Msg::Phase1b { ballot, .. } => return Cow::Owned(format!("1b ballot {ballot}")),
            Msg::Phase2aVote { prepared: true, .. } => "2a prepared",
            Msg::Phase2aVote { prepared: false, .. } => "2a aborted",
            Msg::Phase2a { ballot, .. } => return Cow::Owned(format!("2a ballot {ballot}")),
            Msg::Phase2b { ballot, .. } => return Cow::Owned(format!("2b ballot {ballot}")),
        })
    }

    /// Whole content, for the inspector.
    pub fn body(&self) -> String {
        match self {
            Msg::Phase1b { ballot, accepted } => {
                let parts: Vec<String> = accepted
                    .iter()
                    .enumerate()
                    .filter_map(|(at, vote)| {
                        vote.map(|(ballot, prepared)| {
                            format!("p{}: {} in ballot {ballot}", at + 1, prepared_word(prepared))
                        })
                    })
                    .collect();
                let accepted = if parts.is_empty() { "nothing accepted".to_owned() } else { parts.join(", ") };
                format!("phase 1b of ballot {ballot}: {accepted}")
            }
            Msg::Phase2aVote { instance, prepared } => {
                format!("phase 2a of ballot 0: p{} {}", instance + 1, prepared_word(*prepared))
            }
            Msg::Phase2a { ballot, prepared } => {
                format!("phase 2a of ballot {ballot}: prepared {}", participants_in(*prepared))
            }
            Msg::Phase2b { ballot, answered, prepared } => format!(
                "phase 2b of ballot {ballot}: accepted for {}, of which prepared {}",
                participants_in(*answered),
                participants_in(*prepared)
            ),
            other => other.name().into_owned(),
        }
    }
}

fn prepared_word(prepared: bool) -> &'static str {
    if prepared { "prepared" } else { "aborted" }
}

/// `p1, p3`, or `none`.
pub fn participants_in(mask: u8) -> String {
    let names: Vec<String> =
        (0..MAX_PARTICIPANTS).filter(|at| (mask >> at) & 1 == 1).map(|at| format!("p{}", at + 1)).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// `has` or `have`, as the number of participants asks for.
pub fn have(mask: u8) -> &'static str {
    if mask.count_ones() == 1 { "has" } else { "have" }
}

/// Names of timers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Timer {
    /// A participant that nobody has asked to vote.
    Work,
    /// A coordinator (or leader) that waits for votes.
    Vote,
    /// A participant in doubt.
    Decision,
    /// A coordinator that waits for acknowledgements.
    Ack,
    /// Three-phase commit: a coordinator or backup that waits for pre-commits.
    PreCommit,
    /// Three-phase commit: a backup that waits for states.
    States,
    /// Paxos Commit: a leader that waits for a majority.
    Ballot,
}

impl Timer {
    /// Name in run strings.
    pub fn name(self) -> &'static str {
        match self {
            Timer::Work => "work",
            Timer::Vote => "vote",
            Timer::Decision => "decision",
            Timer::Ack => "ack",
            Timer::PreCommit => "pre-commit",
            Timer::States => "states",
            Timer::Ballot => "ballot",
        }
    }
}

/// What a node does of its own accord.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Step {
    /// The client asks to commit, or participant 1 prepares by itself.
    Begin,
}

/// A record in a log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Record {
    /// Coordinator: voting began, with the list of participants.
    Start,
    /// Participant: it voted yes.
    Yes,
    /// The decision.
    Decided(Decision),
    /// Coordinator: everyone has acknowledged; nobody will ask again.
    End,
}

impl Record {
    /// What the log says.
    pub fn word(self) -> &'static str {
        match self {
            Record::Start => "start",
            Record::Yes => "yes",
            Record::Decided(decision) => decision.word(),
            Record::End => "end",
        }
    }
}

/// What all nodes know: the parameters of a run.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Config {
    /// Member of the family.
    pub rules: Rules,
    /// Number of participants, 1 to 5.
    pub participants: u8,
    /// Whose local check fails (bit per participant).
    pub votes_no: u8,
    /// Who sets it off.
    pub begin: Begin,
    /// Whether records that the protocol forces are forced.
    pub forced: bool,
    /// How long the coordinator waits for votes, in ms.
    pub vote_timeout_ms: u32,
    /// How long a participant waits for the decision before it acts, in ms; also the period of its inquiries.
    pub decision_timeout_ms: u32,
    /// Period in which decisions are repeated until acknowledged, in ms.
    pub retry_ms: u32,
    /// How long a participant waits to be asked before it aborts on its own, in ms.
    pub work_timeout_ms: u32,
    /// Longest delay of a message in ms; 0 where it is free.
    pub delay_bound_ms: u32,
    /// Crashes of acceptors that Paxos Commit survives: F of 2F+1.
    pub tolerated: u8,
}

impl Config {
    /// Reads the parameters of a run.
    pub fn new(rules: Rules, values: &Values) -> Self {
        let participants = values.int("participants").clamp(1, MAX_PARTICIPANTS as i64) as u8;
        let votes_no = values
            .nodes("no")
            .filter_map(|id| id.strip_prefix('p')?.parse::<u8>().ok())
            .filter(|number| (1..=participants).contains(number))
            .fold(0, |mask, number| mask | 1 << (number - 1));
        let ms = |id: &str| values.int(id).clamp(0, i64::from(u32::MAX)) as u32;
        Config {
            rules,
            participants,
            votes_no,
            begin: if values.text("begin") == "participant" { Begin::Participant } else { Begin::Client },
            forced: values.text("log") != "unforced",
            vote_timeout_ms: ms("vote-timeout"),
            decision_timeout_ms: ms("decision-timeout"),
            retry_ms: ms("retry"),
            work_timeout_ms: ms("work-timeout"),
            delay_bound_ms: ms("delay-bound"),
            tolerated: values.int("f").clamp(0, 2) as u8,
        }
    }

    /// The client.
    pub const CLIENT: NodeId = NodeId(0);
    /// The coordinator (in Paxos Commit: the first leader, which is also an acceptor).
    pub const COORDINATOR: NodeId = NodeId(1);

    /// Participant by index from 0.
    pub fn participant(&self, index: u8) -> NodeId {
        NodeId(2 + index)
    }

    /// Index of a participant; `None` for other nodes.
    pub fn index_of(&self, node: NodeId) -> Option<u8> {
        let index = node.0.checked_sub(2)?;
        (index < self.participants).then_some(index)
    }

    /// All participants.
    pub fn all_participants(&self) -> impl Iterator<Item = NodeId> + use<> {
        (2..2 + self.participants).map(NodeId)
    }

    /// All participants but one.
    pub fn others(&self, me: NodeId) -> impl Iterator<Item = NodeId> + use<> {
        self.all_participants().filter(move |node| *node != me)
    }

    /// Bit of every participant.
    pub fn everyone(&self) -> u8 {
        (1 << self.participants) - 1
    }

    /// Number of acceptors, the coordinator among them: 2F+1.
    pub fn acceptors(&self) -> u8 {
        match self.rules {
            Rules::PaxosCommit => 2 * self.tolerated + 1,
            _ => 0,
        }
    }

    /// Acceptor by index from 0; the coordinator is the first.
    pub fn acceptor(&self, index: u8) -> NodeId {
        if index == 0 { Config::COORDINATOR } else { NodeId(1 + self.participants + index) }
    }

    /// Index of an acceptor; `None` for other nodes.
    pub fn acceptor_index(&self, node: NodeId) -> Option<u8> {
        (0..self.acceptors()).find(|index| self.acceptor(*index) == node)
    }

    /// Longest delay that timeouts of three-phase commit reckon with, in ms.
    pub fn reckoned_delay_ms(&self) -> u32 {
        if self.delay_bound_ms == 0 { 50 } else { self.delay_bound_ms }
    }
}
