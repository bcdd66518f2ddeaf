//! What the catalogue says of the scenario with a table of locks: variants and parameters.

use super::redis_lock::{CAREFUL, CLIENTS, GOALS, INVARIANTS, THROWS, WORK};
use super::vocabulary::{Command, Rules, Service};
use crate::scenarios::{Info, Parameter, ParameterKind, Variant};

/// Everything that the scenario declares.
pub static INFO: Info = Info {
    id: "lock-table",
    title: "A lock in a table",
    claim: "A row in a database that is there anyway: who takes it over when its owner is gone, by whose clock, and in how many statements.",
    revision: 1,
    variants: VARIANTS,
    parameters: PARAMETERS,
    invariants: INVARIANTS,
    goals: GOALS,
};

/// The rules of a variant.
pub fn rules(variant: &str) -> Rules {
    let table = Rules { service: Service::Table, ..CAREFUL };
    match variant {
        "no-expiry" => Rules { take: Command::SetNx, looks: false, ..table },
        "look-then-take" => Rules { take: Command::Look, ..table },
        "no-owner-check" => Rules { give: Command::Del, ..table },
        "own-clock" => Rules { own_clock: true, ..table },
        "fenced" => Rules { take: Command::SetWithToken, fenced: true, ..table },
        "guarded" => Rules { guarded: true, ..table },
        // `paused` is the same, seen by another adversary.
        _ => table,
    }
}

const VARIANTS: &[Variant] = &[
    Variant {
        id: "no-expiry",
        title: "Row without an expiry",
        claim: "INSERT, and DELETE when done. Whoever crashes between the two leaves a row that nobody may delete.",
        broken: true,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-d+5,d-a+5,a-s+5,s-a+5,b.begin+500,b-d+5,d-b+5",
    },
    Variant {
        id: "look-then-take",
        title: "Look, then take",
        claim: "SELECT whether the row is there and not over, then take it. Two who look before either takes it both take it.",
        broken: true,
        budget: &[("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-d+5,b.begin,b-d,d-a+5,a-d+5",
    },
    Variant {
        id: "no-owner-check",
        title: "Delete without owner check",
        claim: "DELETE by the name of the lock. A release that comes late deletes the row of whoever took the lock over.",
        broken: true,
        budget: &[("delay", 1)],
        defaults: &[],
        opening: "a.begin,a-d+5,d-a+5,a-s+5,s-a+5,b.begin+100,b-d+5,d-b+5,a:work,a-s+5,s-a+5,a:reply,b:retry,b-d+5,d-b+5,d:expire,b:retry,b-d+5,d-b+5,b-s+5",
    },
    Variant {
        id: "own-clock",
        title: "Expiry by the clients' clocks",
        claim: "Each client writes and compares its own time of day. Whose clock is ahead takes over a lock that is not over.",
        broken: true,
        budget: &[("jump", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-d+5,d-a+5,a-s+5,s-a+5,b.begin+100,b-d+5,d-b+5",
    },
    Variant {
        id: "paused",
        title: "Paused past its expiry",
        claim: "One statement, by the database's clock, released by its owner only. Whoever is paused does not know that its row is over.",
        broken: true,
        budget: &[("pause", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-d+5,d-a+5,a-s+5,s-a+5,b.begin+100,b-d+5,d-b+5,a!pause,b:retry,b-d+5,d-b+5,d:expire",
    },
    Variant {
        id: "owner-checked",
        title: "Expiry and owner check",
        claim: "The same against crashes: a row is taken over in one statement, and only once it is over by the database's clock.",
        broken: false,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-d+5,d-a+5,a-s+5,s-a+5,b.begin+100,b-d+5,d-b+5,a!crash,b:retry,b-d+5,d-b+5,d:expire",
    },
    Variant {
        id: "fenced",
        title: "Fenced by a sequence",
        claim: "Every grant takes the next number of a sequence along, and the storage refuses the older. Two may be inside; only one of them writes.",
        broken: false,
        budget: &[("pause", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-d+5,d-a+5,a-s+5,s-a+5,b.begin+100,b-d+5,d-b+5,a!pause,b:retry,b-d+5,d-b+5,d:expire,b:retry,b-d+5,d-b+5,b-s+5",
    },
    Variant {
        id: "guarded",
        title: "Guarded by a transaction",
        claim: "What the lock protects stands in the same database, and the transaction that writes it looks whether the row is still its own.",
        broken: false,
        budget: &[("pause", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-d+5,d-a+5,a-d+5,d-a+5,b.begin+100,b-d+5,d-b+5,a!pause,b:retry,b-d+5,d-b+5,d:expire",
    },
];

const PARAMETERS: &[Parameter] = &[
    CLIENTS,
    Parameter {
        id: "ttl",
        label: "Expiry",
        help: "How long the row counts unless it is deleted.",
        kind: ParameterKind::Int { min: 100, max: 60_000, step: 100, unit: "ms" },
        default: "5000",
    },
    WORK,
    Parameter {
        id: "retry",
        label: "Retry delay",
        help: "How long a client waits before it tries again.",
        kind: ParameterKind::Int { min: 100, max: 60_000, step: 100, unit: "ms" },
        default: "4000",
    },
    Parameter {
        id: "timeout",
        label: "Reply timeout",
        help: "How long a client waits for a reply of the database before it gives up.",
        kind: ParameterKind::Int { min: 100, max: 10_000, step: 100, unit: "ms" },
        default: "1000",
    },
    THROWS,
];
