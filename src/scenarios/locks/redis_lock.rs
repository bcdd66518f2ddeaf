//! What the catalogue says of the scenario with one Redis: variants and parameters.

use super::vocabulary::{Command, Grain, Pool, Rules, Service};
use crate::scenarios::{Info, Parameter, ParameterKind, Variant};

/// What must hold of any lock here, and what should come to hold.
pub const INVARIANTS: &[(&str, &str)] = &[
    ("mutex", "At most one client is in its critical section."),
    ("past", "The storage takes no write that was worked out before another's write."),
    ("owner", "Nobody releases a lock that another holds."),
    ("orphan", "No lock stands for ever: it expires, or somebody will release it."),
];

/// What should come to hold.
pub const GOALS: &[(&str, &str)] =
    &[("free", "The lock becomes free."), ("served", "Everyone who wants the lock gets in.")];

/// Everything that the scenario declares.
pub static INFO: Info = Info {
    id: "redis-lock",
    title: "A lock in Redis",
    claim: "Six ways to take a lock in one Redis, what breaks each of them, and the one that does not need the lock to be right.",
    revision: 1,
    variants: VARIANTS,
    parameters: PARAMETERS,
    invariants: INVARIANTS,
    goals: GOALS,
};

/// A lock by SET NX PX, released by script, by a client that looks at its clock.
pub const CAREFUL: Rules = Rules {
    service: Service::Redis,
    take: Command::Set,
    expires_later: false,
    give: Command::DelOwn,
    finally: true,
    looks: true,
    stops: false,
    renews: false,
    fenced: false,
    delayed_restart: false,
    single: true,
    herd: false,
    checks: true,
    guarded: false,
    own_clock: false,
    pool: Pool::None,
    in_transaction: false,
    twice: false,
    replicated: false,
    acks: 0,
    ignores: false,
    limited: false,
    leads: false,
    asks_first: false,
    grain: Grain::One,
    compares: false,
};

/// The rules of a variant. A name that is none of ours cannot come in: variants are looked up in `INFO` first.
pub fn rules(variant: &str) -> Rules {
    let naive = Rules { take: Command::SetNx, give: Command::Del, looks: false, ..CAREFUL };
    match variant {
        "no-expiry" => naive,
        "forgotten-release" => Rules { finally: false, ..naive },
        "set-then-expire" => Rules { expires_later: true, ..naive },
        "no-owner-check" => Rules { take: Command::Set, ..naive },
        "watchdog" => Rules { renews: true, ..CAREFUL },
        "fenced" => Rules { take: Command::SetWithToken, fenced: true, ..CAREFUL },
        _ => CAREFUL,
    }
}

const VARIANTS: &[Variant] = &[
    Variant {
        id: "no-expiry",
        title: "SETNX without expiry",
        claim: "Whoever crashes inside takes the lock along. Nobody ever gets in again.",
        broken: true,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,b.begin+500,b-r+5,r-b+5",
    },
    Variant {
        id: "forgotten-release",
        title: "Release forgotten in finally",
        claim: "The release stands behind the work and not in a finally. No crash is needed: one exception, and the lock stays.",
        broken: true,
        budget: &[("delay", 0)],
        defaults: &[("throws", "a")],
        opening: "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,b.begin+500,b-r+5,r-b+5",
    },
    Variant {
        id: "set-then-expire",
        title: "SETNX, then EXPIRE",
        claim: "Two commands where one is needed. A crash between them leaves a lock without an expiry.",
        broken: true,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-r+5,b.begin,r-a+5,b-r,r-b+5",
    },
    Variant {
        id: "no-owner-check",
        title: "Release without owner check",
        claim: "DEL removes whatever stands there. A release that comes late deletes the lock of whoever came next.",
        broken: true,
        budget: &[("delay", 1)],
        defaults: &[],
        opening: "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,b.begin+100,b-r+5,r-b+5,a:work,a-s+5,s-a+5,a:reply,b:retry,b-r+5,r-b+5,r:expire,b:retry,b-r+5,r-b+5,b-s+5",
    },
    Variant {
        id: "owner-checked",
        title: "Owner-checked release",
        claim: "SET NX PX with a value of one's own, released by script. It steals nobody's lock; but a client that is paused inside does not know that its lease is over.",
        broken: true,
        budget: &[("pause", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,b.begin+100,b-r+5,r-b+5,a!pause,b:retry,b-r+5,r-b+5,r:expire",
    },
    Variant {
        id: "watchdog",
        title: "Watchdog renewal",
        claim: "The lease is renewed every third of its length while the work goes on, so long work is no danger. The watchdog lives in the process that pauses.",
        broken: true,
        budget: &[("pause", 1), ("delay", 0)],
        defaults: &[("ttl", "30000"), ("work", "25000"), ("retry", "20000")],
        opening: "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,b.begin+100,b-r+5,r-b+5,a:renew,a-r+5,r-a+5,a!pause,b:retry,b-r+5,r-b+5,r:expire",
    },
    Variant {
        id: "fenced",
        title: "Fencing token",
        claim: "Every grant carries a number, and the storage refuses any that is lower than the newest it has seen. Two may be inside; only one of them writes.",
        broken: false,
        budget: &[("pause", 1), ("jump", 1), ("delay", 1)],
        defaults: &[],
        opening: "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,b.begin+100,b-r+5,r-b+5,a!pause,b:retry,b-r+5,r-b+5,r:expire,b:retry,b-r+5,r-b+5,b-s+5,s-b+5,b:work,b-s+5",
    },
];

/// How many clients there are.
pub const CLIENTS: Parameter = Parameter {
    id: "clients",
    label: "Clients",
    help: "How many want the lock.",
    kind: ParameterKind::Int { min: 1, max: 3, step: 1, unit: "" },
    default: "2",
};

/// How long a client works.
pub const WORK: Parameter = Parameter {
    id: "work",
    label: "Work",
    help: "How long a client works inside.",
    kind: ParameterKind::Int { min: 100, max: 60_000, step: 100, unit: "ms" },
    default: "2000",
};

/// When a Redis has its data on the disk.
pub const PERSISTENCE: Parameter = Parameter {
    id: "persistence",
    label: "Persistence",
    help: "Always: on the disk before the reply. Every second: a crash may lose what was answered. Off: a crash loses all.",
    kind: ParameterKind::OneOf(&[("always", "fsync always"), ("everysec", "fsync every second"), ("off", "off")]),
    default: "always",
};

/// Whose work fails.
pub const THROWS: Parameter = Parameter {
    id: "throws",
    label: "Work fails",
    help: "Whose work ends with an exception.",
    kind: ParameterKind::Nodes(&["a", "b", "c"]),
    default: "none",
};

const PARAMETERS: &[Parameter] = &[
    CLIENTS,
    Parameter {
        id: "ttl",
        label: "Lease (TTL)",
        help: "How long the lock stands unless it is released or renewed.",
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
        help: "How long a client waits for a reply of Redis before it gives up.",
        kind: ParameterKind::Int { min: 100, max: 10_000, step: 100, unit: "ms" },
        default: "1000",
    },
    Parameter {
        id: "renew",
        label: "Watchdog period",
        help: "How often the watchdog renews the lease; Redisson: a third of it.",
        kind: ParameterKind::Int { min: 100, max: 60_000, step: 100, unit: "ms" },
        default: "10000",
    },
    PERSISTENCE,
    THROWS,
];
