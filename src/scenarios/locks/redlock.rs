//! What the catalogue says of the scenario with several Redis servers: variants and parameters.

use super::redis_lock::{CAREFUL, CLIENTS, GOALS, INVARIANTS, PERSISTENCE, THROWS};
use super::vocabulary::Rules;
use crate::scenarios::{Info, Parameter, ParameterKind, Variant};

/// Everything that the scenario declares.
pub static INFO: Info = Info {
    id: "redlock",
    title: "Redlock",
    claim: "A lock on a majority of Redis servers: what it survives, what it does not, and what Kleppmann and antirez argued about.",
    revision: 1,
    variants: VARIANTS,
    parameters: PARAMETERS,
    invariants: INVARIANTS,
    goals: GOALS,
};

/// The rules of a variant.
pub fn rules(variant: &str) -> Rules {
    let redlock = Rules { stops: true, single: false, ..CAREFUL };
    match variant {
        "delayed-restart" => Rules { delayed_restart: true, ..redlock },
        "extended" => Rules { renews: true, ..redlock },
        "fenced" => Rules { fenced: true, ..redlock },
        // `no-margin` and `no-persistence` differ by their parameters.
        _ => redlock,
    }
}

const VARIANTS: &[Variant] = &[
    Variant {
        id: "no-margin",
        title: "No drift margin",
        claim: "The client counts on its whole lease. A server whose clock is one per cent fast gives the lock away a tenth of a second early.",
        broken: true,
        budget: &[("crash", 1), ("drift", 1), ("delay", 0)],
        defaults: &[("work", "20000"), ("margin", "none")],
        opening: "a.begin,a-r1+5,r1-a+5,a-r2+5,r2-a+5,r1!rate1010,r3!crash,a:reply,a-s+5,s-a+5,r1:expire",
    },
    Variant {
        id: "no-persistence",
        title: "Restart without persistence",
        claim: "A server that comes back empty says yes a second time, and two majorities need not meet.",
        broken: true,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[("persistence", "off")],
        opening: "a.begin,a-r1+5,r1-a+5,a-r2+5,r2-a+5,a:reply,a-s+5,s-a+5,r2!crash,r2!restart,b.begin+20,b-r1+5,r1-b+5,b-r2+5,r2-b+5",
    },
    Variant {
        id: "delayed-restart",
        title: "Delayed restart",
        claim: "A server that comes back empty keeps silent until every lease from before has run out. That mends the restart, and not a clock that jumps.",
        broken: true,
        budget: &[("jump", 1), ("delay", 1)],
        defaults: &[("persistence", "off")],
        opening: "a.begin,a-r1+5,r1-a+5,a-r2+5,r2-a+5,a:reply,a-s+5,s-a+5,b.begin+20,b-r1+5,r1-b+5",
    },
    Variant {
        id: "redlock",
        title: "Redlock",
        claim: "A majority, a second look at the clock, a margin for drift, and fsync always. With bounded drift and no pause it holds; a pause behind the second look breaks it.",
        broken: true,
        budget: &[("pause", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-r1+5,r1-a+5,a-r2+5,r2-a+5,a-r3+5,r3-a+5,a-s+5,s-a+5,a!pause,r1:expire,r2:expire,r3:expire,b.begin,b-r1+5,r1-b+5",
    },
    Variant {
        id: "extended",
        title: "Lock extension",
        claim: "Work that outlives the lease: every few seconds the client asks all servers for more, and goes on if a majority gives it while something is left. One server may crash; a pause breaks it as before.",
        broken: false,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[("work", "15000")],
        opening: "a.begin,a-r1+5,r1-a+5,a-r2+5,r2-a+5,a-r3+5,r3-a+5,a-s+5,s-a+5,a:renew,a-r1+5,a-r2,a-r3,r1-a+5,r2-a,r3-a,r2!crash,a:renew,a-r1+5,a-r3,r1-a+5",
    },
    Variant {
        id: "fenced",
        title: "Fenced by the storage",
        claim: "Redlock has no counter to draw tokens from, so the storage hands them out and refuses the older. Now the lock only saves work, and the storage alone is right.",
        broken: false,
        budget: &[("pause", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-r1+5,r1-a+5,a-r2+5,r2-a+5,a-r3+5,r3-a+5,a-s+5,s-a+5,a!pause,r1:expire,r2:expire,r3:expire,b.begin,b-r1+5,r1-b+5,b-r2+5,r2-b+5,b-r3+5,r3-b+5,b-s+5,s-b+5,b:work,b-s+5",
    },
];

const PARAMETERS: &[Parameter] = &[
    CLIENTS,
    Parameter {
        id: "masters",
        label: "Servers (N)",
        help: "How many independent Redis servers; a majority makes the lock.",
        kind: ParameterKind::Int { min: 3, max: 7, step: 1, unit: "" },
        default: "3",
    },
    Parameter {
        id: "ask",
        label: "Servers are asked",
        help: "One after the other, each with its own timeout, as redlock-rb does; or all at once, as redsync does.",
        kind: ParameterKind::OneOf(&[("in-turn", "one after the other"), ("at-once", "all at once")]),
        default: "in-turn",
    },
    Parameter {
        id: "ttl",
        label: "Lease (TTL)",
        help: "How long the key stands on each server.",
        kind: ParameterKind::Int { min: 1_000, max: 60_000, step: 100, unit: "ms" },
        default: "10000",
    },
    Parameter {
        id: "work",
        label: "Work",
        help: "How long a client works inside; it stops when its validity ends.",
        kind: ParameterKind::Int { min: 100, max: 60_000, step: 100, unit: "ms" },
        default: "1000",
    },
    Parameter {
        id: "retry",
        label: "Retry delay",
        help: "How long a client waits before its next attempt: once or twice this.",
        kind: ParameterKind::Int { min: 50, max: 10_000, step: 50, unit: "ms" },
        default: "200",
    },
    Parameter {
        id: "timeout",
        label: "Timeout per server",
        help: "How long a client waits for one server before it asks the next; far less than the lease.",
        kind: ParameterKind::Int { min: 5, max: 1_000, step: 5, unit: "ms" },
        default: "50",
    },
    Parameter {
        id: "margin",
        label: "Drift margin",
        help: "What the client takes off its lease for clocks that do not run alike.",
        kind: ParameterKind::OneOf(&[
            ("redlock-rb", "1 % and 2 ms (redlock-rb)"),
            ("redsync", "1 % (redsync)"),
            ("none", "none (Redisson)"),
        ]),
        default: "redlock-rb",
    },
    Parameter {
        id: "renew",
        label: "Extension period",
        help: "How often the lease is extended, where it is.",
        kind: ParameterKind::Int { min: 100, max: 60_000, step: 100, unit: "ms" },
        default: "4000",
    },
    Parameter {
        id: "tries",
        label: "Attempts",
        help: "How often a client tries before it gives up.",
        kind: ParameterKind::Int { min: 1, max: 4, step: 1, unit: "" },
        default: "1",
    },
    PERSISTENCE,
    THROWS,
];
