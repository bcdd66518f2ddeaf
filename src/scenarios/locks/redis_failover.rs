//! What the catalogue says of the scenario with a Redis and its replicas: variants and parameters.

use super::redis_lock::{CAREFUL, CLIENTS, GOALS, INVARIANTS, PERSISTENCE};
use super::vocabulary::{Command, Rules};
use crate::scenarios::{Info, Parameter, ParameterKind, Variant};

/// Everything that the scenario declares.
pub static INFO: Info = Info {
    id: "redis-failover",
    title: "A lock in Redis, and its failover",
    claim: "A master answers before its replica has the lock. What is lost when that replica takes over, what WAIT mends of it, and what it costs.",
    revision: 1,
    variants: VARIANTS,
    parameters: PARAMETERS,
    invariants: &[INVARIANTS[0], INVARIANTS[1], INVARIANTS[2], INVARIANTS[3]],
    goals: GOALS,
};

/// The rules of a variant.
pub fn rules(variant: &str) -> Rules {
    let failover = Rules { replicated: true, ..CAREFUL };
    match variant {
        "token" => Rules { take: Command::SetWithToken, fenced: true, ..failover },
        "wait-one" => Rules { acks: 1, ..failover },
        "wait-all" => Rules { acks: 2, ..failover },
        "redlock" => Rules { stops: true, single: false, ..CAREFUL },
        "fenced" => Rules { fenced: true, ..failover },
        _ => failover,
    }
}

const VARIANTS: &[Variant] = &[
    Variant {
        id: "async",
        title: "Asynchronous replica",
        claim: "The master says OK, and crashes before its replica hears of it. The replica takes over and gives the lock away once more.",
        broken: true,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-r1+5,r1-a+5,a-s+5,s-a+5,b.begin+100",
    },
    Variant {
        id: "token",
        title: "Fencing token from Redis",
        claim: "The counter of the tokens is lost with the lock: the new master hands out the same number again, and the storage cannot tell the two apart.",
        broken: true,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-r1+5,r1-a+5,a-s+5,s-a+5,b.begin+100",
    },
    Variant {
        id: "wait-one",
        title: "WAIT for one of two",
        claim: "The client goes in once one replica has its lock. The Sentinel promotes by priority, and may promote the other.",
        broken: true,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[("masters", "3")],
        opening: "a.begin,a-r1+5,r1-a+5,a-r1+5,r1-r3+5,r1-r3+5,r3-r1+5,r1-a+5,a-s+5,s-a+5",
    },
    Variant {
        id: "wait-all",
        title: "WAIT for all",
        claim: "The client goes in once every replica has its lock. Whichever is promoted has it, and from then on nobody gets in: one is missing.",
        broken: false,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[("masters", "3")],
        opening: "a.begin,a-r1+5,r1-a+5,a-r1+5,r1-r3+5,r1-r3+5,r3-r1+5,r1-r2+5,r1-r2+5,r2-r1+5,r1-a+5,a-s+5,s-a+5",
    },
    Variant {
        id: "redlock",
        title: "Redlock instead",
        claim: "Three masters without replicas: one that crashes takes no lock along, since a majority still has it.",
        broken: false,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[("masters", "3"), ("timeout", "100"), ("tries", "1")],
        opening: "a.begin,a-r1+5,r1-a+5,a-r2+5,r2-a+5,a-r3+5,r3-a+5,a-s+5,s-a+5",
    },
    Variant {
        id: "fenced",
        title: "Fenced by the storage",
        claim: "The storage hands out the tokens itself, and refuses the older. The lock may be given away twice; only one of the two writes.",
        broken: false,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-r1+5,r1-a+5,a-s+5,s-a+5,b.begin+100",
    },
];

const PARAMETERS: &[Parameter] = &[
    CLIENTS,
    Parameter {
        id: "masters",
        label: "Servers",
        help: "How many Redis servers: a master and its replicas, or masters that know nothing of each other.",
        kind: ParameterKind::Int { min: 2, max: 3, step: 1, unit: "" },
        default: "2",
    },
    Parameter {
        id: "ttl",
        label: "Lease (TTL)",
        help: "How long the lock stands unless it is released.",
        kind: ParameterKind::Int { min: 1_000, max: 60_000, step: 100, unit: "ms" },
        default: "10000",
    },
    Parameter {
        id: "work",
        label: "Work",
        help: "How long a client works inside.",
        kind: ParameterKind::Int { min: 100, max: 60_000, step: 100, unit: "ms" },
        default: "6000",
    },
    Parameter {
        id: "retry",
        label: "Retry delay",
        help: "How long a client waits before it tries again.",
        kind: ParameterKind::Int { min: 100, max: 60_000, step: 100, unit: "ms" },
        default: "2000",
    },
    Parameter {
        id: "timeout",
        label: "Reply timeout",
        help: "How long a client waits for a reply before it asks the Sentinel, and the Sentinel before it takes a master for down.",
        kind: ParameterKind::Int { min: 100, max: 10_000, step: 100, unit: "ms" },
        default: "1000",
    },
    Parameter {
        id: "tries",
        label: "Attempts",
        help: "How often a client tries before it gives up.",
        kind: ParameterKind::Int { min: 1, max: 4, step: 1, unit: "" },
        default: "2",
    },
    PERSISTENCE,
];
