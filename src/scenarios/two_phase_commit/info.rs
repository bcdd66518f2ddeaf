//! What the catalogue says of the scenario: variants, parameters, story, moments, sources.

use super::vocabulary::Rules;
use crate::scenarios::{Info, Moment, Parameter, ParameterKind, Variant};

/// Everything that the scenario declares.
pub static INFO: Info = Info {
    id: "two-phase-commit",
    title: "Two-phase commit",
    claim: "Either everyone commits or no one does, and what that costs when somebody stops answering.",
    revision: 2,
    variants: VARIANTS,
    parameters: PARAMETERS,
    invariants: &[
        ("ac1", "Agreement: no two processes decide differently."),
        ("ac2", "Validity: a commit needs a yes from every participant."),
        ("ac3", "Validity: if all vote yes and nothing fails, nobody aborts."),
        ("ac4", "Stability: nobody reverses a decision."),
    ],
    goals: &[
        ("decided", "Every participant learns the decision and releases its lock."),
        ("told", "The client hears how it ended."),
    ],
    story: STORY,
    moments: MOMENTS,
    left_out: &[
        "One transaction only: no other transaction waits for the row locks that you see held.",
        "The local check is a parameter; what the participants store is not modelled.",
        "A crash loses every write that was not forced; a real disk may have kept some of them.",
        "A message that is repeated while its first copy is still on its way is not sent twice.",
        "The read-only optimisation, presumed commit, trees of coordinators, and heuristic decisions by operators are left out.",
        "In three-phase commit a participant that crashed after voting never leads: if all have crashed, they wait for ever, although the last to crash could finish.",
        "Faster Paxos Commit, where participants hear from the acceptors directly, is left out.",
    ],
    sources: &[
        (
            "Bernstein, Hadzilacos, Goodman: Concurrency Control and Recovery in Database Systems (1987)",
            "chapter 7: AC1 to AC5, two-phase and three-phase commit, cooperative termination",
        ),
        ("Gray, Lamport: Consensus on Transaction Commit (2006)", "sections 3 to 5: the costs, blocking, Paxos Commit"),
        (
            "Mohan, Lindsay, Obermarck: Transaction Management in the R* Distributed Database Management System (1986)",
            "section 3: presumed abort",
        ),
        ("Skeen: Nonblocking Commit Protocols (1981)", "three-phase commit"),
    ],
};

/// The rules of a variant. A name that is none of ours cannot come in: variants are looked up in `INFO` first.
pub fn rules(variant: &str) -> Rules {
    match variant {
        "gives-up" => Rules::GivesUp,
        "no-log" => Rules::NoLog,
        "presumed-abort" => Rules::PresumedAbort,
        "cooperative" => Rules::Cooperative,
        "three-phase" => Rules::ThreePhase,
        "paxos-commit" => Rules::PaxosCommit,
        _ => Rules::Basic,
    }
}

const VARIANTS: &[Variant] = &[
    Variant {
        id: "gives-up",
        title: "Participant gives up",
        claim: "A participant that voted yes tires of waiting and aborts on its own. One slow message is enough to split the outcome.",
        broken: true,
        budget: &[],
        defaults: &[],
        opening: "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p2-c,p3-c,c-p1+10,p1-c+10,c:ack",
    },
    Variant {
        id: "no-log",
        title: "Coordinator without a log",
        claim: "The coordinator keeps its decision in memory. One crash, and it denies what it has decided.",
        broken: true,
        budget: &[("crash", 1), ("delay", 1)],
        defaults: &[],
        opening: "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p2-c,p3-c,c-p1+10,c!crash,c!restart,p2:decision",
    },
    Variant {
        id: "basic",
        title: "Basic",
        claim: "Votes and decisions are forced to the log before they are sent. Never wrong, but it blocks while the coordinator is down.",
        broken: false,
        budget: &[("crash", 1), ("delay", 1)],
        defaults: &[],
        opening: "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p2-c,c!crash,p3-c",
    },
    Variant {
        id: "presumed-abort",
        title: "Presumed abort",
        claim: "What the coordinator cannot find in its log was aborted: the same safety with fewer forced writes and messages.",
        broken: false,
        budget: &[("crash", 1), ("drop", 1), ("delay", 1)],
        defaults: &[],
        opening: "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3!drop,p1-c+10,p2-c,c:vote",
    },
    Variant {
        id: "cooperative",
        title: "Cooperative termination",
        claim: "A participant in doubt asks the others. One that knows, or has not voted, frees it; if all are in doubt, they still block.",
        broken: false,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[],
        opening: "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p2-c,p3-c!crash2,c-p1+10,p2:decision",
    },
    Variant {
        id: "three-phase",
        title: "Three-phase commit",
        claim: "A round of pre-commits lets the survivors of a crash finish without the coordinator. Cut the network instead, and the two sides decide apart.",
        broken: true,
        budget: &[("partition", 1)],
        defaults: &[("delay-bound", "50")],
        opening: "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p2-c,p3-c,c!cut",
    },
    Variant {
        id: "paxos-commit",
        title: "Paxos Commit",
        claim: "Votes are chosen by a majority of acceptors, so nobody waits for one machine: no split, and no block while a majority is up.",
        broken: false,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[],
        opening: "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p1-a1,p2-c,p2-a1,p3-c,p3-a1,c!crash",
    },
];

const PARAMETERS: &[Parameter] = &[
    Parameter {
        id: "participants",
        label: "Participants",
        help: "How many databases take part.",
        kind: ParameterKind::Int { min: 1, max: 5, step: 1, unit: "" },
        default: "3",
    },
    Parameter {
        id: "no",
        label: "Votes no",
        help: "Whose local check fails.",
        kind: ParameterKind::Nodes(&["p1", "p2", "p3", "p4", "p5"]),
        default: "none",
    },
    Parameter {
        id: "begin",
        label: "Set off by",
        help: "A client that asks, or participant 1 that votes unasked (the plain case of Gray and Lamport's counts).",
        kind: ParameterKind::OneOf(&[("client", "the client"), ("participant", "participant 1")]),
        default: "client",
    },
    Parameter {
        id: "log",
        label: "Logging",
        help: "Forced: a record is on the disk before anything depends on it. Unforced: a crash can lose it, and no variant is safe.",
        kind: ParameterKind::OneOf(&[("forced", "forced"), ("unforced", "unforced (unsafe)")]),
        default: "forced",
    },
    Parameter {
        id: "vote-timeout",
        label: "Vote timeout",
        help: "How long the coordinator waits for votes before it aborts.",
        kind: ParameterKind::Int { min: 10, max: 10_000, step: 10, unit: "ms" },
        default: "200",
    },
    Parameter {
        id: "decision-timeout",
        label: "Decision timeout",
        help: "How long a participant in doubt waits before it does something about it.",
        kind: ParameterKind::Int { min: 10, max: 10_000, step: 10, unit: "ms" },
        default: "600",
    },
    Parameter {
        id: "retry",
        label: "Retry period",
        help: "How often the coordinator repeats a decision that is not acknowledged.",
        kind: ParameterKind::Int { min: 10, max: 10_000, step: 10, unit: "ms" },
        default: "300",
    },
    Parameter {
        id: "work-timeout",
        label: "Work timeout",
        help: "How long a participant waits to be asked to vote before it aborts on its own, as it then still may.",
        kind: ParameterKind::Int { min: 10, max: 100_000, step: 10, unit: "ms" },
        default: "2000",
    },
    Parameter {
        id: "delay-bound",
        label: "Longest delay",
        help: "0: messages take as long as they like. Otherwise each that is not lost arrives within this time, which three-phase commit relies on.",
        kind: ParameterKind::Int { min: 0, max: 1_000, step: 10, unit: "ms" },
        default: "0",
    },
    Parameter {
        id: "f",
        label: "Tolerated crashes (F)",
        help: "Paxos Commit: 2F+1 acceptors, the coordinator among them, of which F may crash.",
        kind: ParameterKind::Int { min: 0, max: 2, step: 1, unit: "" },
        default: "1",
    },
];

const STORY: &[&str] = &[
    "A transaction has changed rows in several databases. Each holds a lock on its row and can still go either way. The coordinator asks all of them to prepare; whoever votes yes promises to commit when told so, and to wait until it is told.",
    "That promise is the whole trick and the whole price. Between its yes and the decision a participant is in doubt: it may neither commit (another may have voted no) nor abort (the coordinator may have told another to commit). If the coordinator stops answering, it can only wait, with its lock held.",
    "Every variant here is an answer to that wait. Giving up is the tempting one, and it is wrong. Asking the others helps unless all are in doubt. A third phase helps as long as silence means a crash. Paxos Commit helps because a decision no longer lives in one place.",
    "Try to break them. Deliver messages in any order, lose them, crash a node between two writes, cut the network. A red row says which rule broke and which two events broke it.",
];

const MOMENTS: &[Moment] = &[
    Moment {
        title: "Split by impatience",
        text: "p2 voted yes, waited, and gave up, while the commit was on its way. c and p1 have committed.",
        variant: "gives-up",
        parameters: &[],
        choices: "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p2-c,p3-c,c-p1+10,p1-c+10,c:ack,p2:decision",
        step: None,
    },
    Moment {
        title: "The coordinator forgets",
        text: "It told p1 to commit, crashed, and tells p2 that nothing ever happened.",
        variant: "no-log",
        parameters: &[],
        choices: "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p2-c,p3-c,c-p1+10,c!crash,c!restart,p2:decision,p2-c,c-p2.2",
        step: None,
    },
    Moment {
        title: "Blocked",
        text: "All voted yes, the coordinator is down, and three row locks are held until it returns.",
        variant: "basic",
        parameters: &[],
        choices: "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p2-c,c!crash,p3-c",
        step: None,
    },
    Moment {
        title: "Saved by the log",
        text: "The coordinator crashed between writing commit and telling p2 and p3. On its restart the log finishes the work.",
        variant: "basic",
        parameters: &[],
        choices: "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p2-c,p3-c!crash2,c-p1+10,c!restart+500,p1-c,c-p1+5,p1-c+4,c-cl+1,c-p3+2,c-p2+1,p2-c+5,p3-c+4",
        step: None,
    },
    Moment {
        title: "3N−1 messages, 4 delays",
        text: "Nothing fails and participant 1 sets it off: the counts are those of Gray and Lamport.",
        variant: "basic",
        parameters: &[("begin", "participant")],
        choices: "p1.begin,p1-c+6,c-p3+5,c-p2+6,p3-c+2,p2-c+10,c-p3+6,c-p1+3,c-p2+2,p3-c,p1-c+3,p2-c+10",
        step: None,
    },
    Moment {
        title: "All in doubt",
        text: "Asking the others does not help when nobody else knows either.",
        variant: "cooperative",
        parameters: &[],
        choices: "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p2-c,c!crash,p3-c,p1:decision,p1-p2,p1-p3,p2-p1,p3-p1",
        step: None,
    },
    Moment {
        title: "Three phases, two sides",
        text: "The partition looks like a crash to both sides. c commits, the others abort.",
        variant: "three-phase",
        parameters: &[],
        choices: "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p2-c,p3-c,c!cut,c:pre-commit,c:ack,p1:decision,p1-p2+10,p1-p3,p2-p1+10,p3-p1,p1:states",
        step: None,
    },
    Moment {
        title: "Three phases, one crash",
        text: "The coordinator crashed; p1 takes over and everyone commits without it.",
        variant: "three-phase",
        parameters: &[],
        choices: "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p2-c,p3-c,c-p1+10,c!crash,c-p2,c-p3,p3-c+10,p2-c+2,p1-c+1,p1:decision,p1-p2+4,p2-p1+5,p1-p3+1,p3-p1+12,p1:states,p1-p2+7,p1-p3+1,p1-c+5",
        step: None,
    },
    Moment {
        title: "A new leader finds the votes",
        text: "The coordinator is gone. Acceptor a1 asks a majority, finds that everyone prepared, and commits.",
        variant: "paxos-commit",
        parameters: &[],
        choices: "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p1-a1,p2-c,p2-a1,p3-c,p3-a1,c!crash,a1-c+13,p1:decision,p2:decision,p3:decision,p3-c+4,p2-c+6,p1-c+2,p1:decision,p2:decision,p3:decision,p2-a1+5,p1-a1+5,p3-a1+2,a1-c,a1-a2+1,a2-a1+13,a1-c+11,a1-a2+2,a2-a1+4,a1-p1+8,a1-cl+1,a1-p2+2,a1-p3+3",
        step: None,
    },
];
