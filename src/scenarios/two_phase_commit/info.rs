//! What the catalogue says of the scenario: variants and parameters.

use super::vocabulary::Rules;
use crate::scenarios::{Info, Parameter, ParameterKind, Variant};

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
        ("decided", "Every participant that is up learns the decision and releases its lock."),
        ("told", "The client hears how it ended."),
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
        budget: &[("crash", 1)],
        defaults: &[],
        opening: "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p2-c,p3-c,c-p1+10,c!crash,c!restart,p2:decision",
    },
    Variant {
        id: "basic",
        title: "Basic",
        claim: "Votes and decisions are forced to the log before they are sent. Never wrong, but it blocks while the coordinator is down.",
        broken: false,
        budget: &[("crash", 1)],
        defaults: &[],
        opening: "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p2-c,c!crash,p3-c",
    },
    Variant {
        id: "presumed-abort",
        title: "Presumed abort",
        claim: "What the coordinator cannot find in its log was aborted: the same safety with fewer forced writes and messages.",
        broken: false,
        budget: &[("crash", 1), ("drop", 1)],
        defaults: &[],
        opening: "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3!drop,p1-c+10,p2-c,c:vote",
    },
    Variant {
        id: "cooperative",
        title: "Cooperative termination",
        claim: "A participant in doubt asks the others. One that knows, or has not voted, frees it; if all are in doubt, they still block.",
        broken: false,
        budget: &[("crash", 1), ("delay", 2)],
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
        budget: &[("crash", 1), ("delay", 1)],
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
