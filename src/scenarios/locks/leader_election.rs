//! What the catalogue says of the scenario with leaders: variants and parameters.

use super::redis_lock::{CAREFUL, CLIENTS};
use super::vocabulary::{Rules, Service};
use super::zookeeper_lock::WORK;
use crate::scenarios::{Info, Parameter, ParameterKind, Variant};

/// Everything that the scenario declares.
pub static INFO: Info = Info {
    id: "leader-election",
    title: "Electing a leader",
    claim: "A lock that is kept for as long as its holder lives. Who leads is known to nobody for certain; what counts is whose writes are taken.",
    revision: 1,
    variants: VARIANTS,
    parameters: PARAMETERS,
    invariants: &[("epoch", "What a leader writes is not taken once a newer one has written.")],
    goals: &[("free", "The office falls vacant."), ("served", "Everyone who stands for election leads once.")],
};

/// The rules of a variant.
pub fn rules(variant: &str) -> Rules {
    let election = Rules { service: Service::Etcd, stops: true, leads: true, ..CAREFUL };
    match variant {
        "asks-first" => Rules { asks_first: true, ..election },
        "epoch" => Rules { fenced: true, ..election },
        "guarded" => Rules { guarded: true, ..election },
        _ => election,
    }
}

const VARIANTS: &[Variant] = &[
    Variant {
        id: "lease-only",
        title: "A lease, and nothing else",
        claim: "The leader steps down once its lease is not kept alive, if it runs. Paused, it wakes as a leader, and writes behind its successor.",
        broken: true,
        budget: &[("pause", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-e+5,e-a+5,a-e+5,e-a+5,a-s+5,s-a+5,b.begin+10,b-e+5,e-b+5,b-e+5,e-b+5,b-e+5,e-b+5,b-e+5,a!pause",
    },
    Variant {
        id: "asks-first",
        title: "Asks before it writes",
        claim: "Before each write the leader asks whether it still leads. The answer was true when it was given, and the write arrives later.",
        broken: true,
        budget: &[("partition", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-e+5,e-a+5,a-e+5,e-a+5,a-s+5,s-a+5,b.begin+10,b-e+5,e-b+5,b-e+5,e-b+5,b-e+5,e-b+5,b-e+5,a:work,a-e+5,e-a+5",
    },
    Variant {
        id: "epoch",
        title: "Fenced by its epoch",
        claim: "The revision that made it the leader goes along with each write, and the resource refuses any that is older than one it has seen.",
        broken: false,
        budget: &[("pause", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-e+5,e-a+5,a-e+5,e-a+5,a-s+5,s-a+5,b.begin+10,b-e+5,e-b+5,b-e+5,e-b+5,b-e+5,e-b+5,b-e+5,a!pause",
    },
    Variant {
        id: "guarded",
        title: "Guarded by a transaction",
        claim: "What the leader writes stands in etcd too, and is written only if its key is still there.",
        broken: false,
        budget: &[("pause", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-e+5,e-a+5,a-e+5,e-a+5,a-e+5,e-a+5,b.begin+10,b-e+5,e-b+5,b-e+5,e-b+5,b-e+5,e-b+5,b-e+5,a!pause",
    },
];

const PARAMETERS: &[Parameter] = &[
    Parameter { label: "Candidates", help: "How many stand for election.", ..CLIENTS },
    Parameter {
        id: "ttl",
        label: "Lease (TTL)",
        help: "How long an office lasts unless it is kept alive.",
        kind: ParameterKind::Int { min: 600, max: 60_000, step: 100, unit: "ms" },
        default: "6000",
    },
    Parameter { help: "How long a leader works on each of its two writes.", ..WORK },
];
