//! What the catalogue says of the scenario with all locks: variants and parameters. What the tables on its page say is in [`super::measure`].

use super::redis_lock::{CLIENTS, GOALS, INVARIANTS, WORK};
use super::vocabulary::Rules;
use super::{ADVISORY, CONSUL, ETCD, FAILOVER, Lock, REDIS, REDLOCK, TABLE, ZOOKEEPER};
use crate::scenarios::{Info, Parameter, ParameterKind, Variant};

/// Everything that the scenario declares.
pub static INFO: Info = Info {
    id: "lock-comparison",
    title: "Locks side by side",
    claim: "The same clients, the same work and the same adversary on eight locks: what each costs, and what it survives, measured.",
    revision: 1,
    variants: VARIANTS,
    parameters: PARAMETERS,
    invariants: &[
        INVARIANTS[0],
        INVARIANTS[1],
        INVARIANTS[2],
        INVARIANTS[3],
        ("herd", "The end of a place wakes one who waits."),
    ],
    goals: GOALS,
};

/// The rules of a variant.
pub fn rules(variant: &str) -> Rules {
    Rules { compares: true, ..lock(variant, false) }
}

/// The lock of a variant as its own scenario has it; fenced, with a token that the storage checks, or, where there is none, with a write in the lock's own
/// transaction.
pub fn lock(variant: &str, is_fenced: bool) -> Rules {
    let (_, lock, bare, fenced) = LOCKS.iter().find(|lock| lock.0 == variant).unwrap_or(&LOCKS[0]);
    (lock.rules)(if is_fenced { fenced } else { bare })
}

/// A variant, its own scenario, and what it is called there: bare, and fenced.
type Of = (&'static str, &'static Lock, &'static str, &'static str);

/// Where the locks come from.
static LOCKS: [Of; 8] = [
    ("redis", &REDIS, "owner-checked", "fenced"),
    ("failover", &FAILOVER, "async", "fenced"),
    ("redlock", &REDLOCK, "redlock", "fenced"),
    ("zookeeper", &ZOOKEEPER, "recipe", "fenced"),
    ("etcd", &ETCD, "recipe", "fenced"),
    ("consul", &CONSUL, "recipe", "sequencer"),
    ("table", &TABLE, "owner-checked", "fenced"),
    ("advisory", &ADVISORY, "session", "guarded"),
];

const BUDGET: &[(&str, u32)] = &[("crash", 1), ("delay", 0)];

/// The locks, the broken one first.
pub const VARIANTS: &[Variant] = &[
    Variant {
        id: "failover",
        title: "Redis with a replica",
        claim: "Fast, and somebody takes over. What the master had not yet passed on, the lock with it, is lost.",
        broken: true,
        budget: BUDGET,
        defaults: &[],
        opening: "a.begin,a-r1+5,r1-a+5,a-s+5,s-a+5,b.begin+500,r1!crash",
    },
    Variant {
        id: "redis",
        title: "One Redis",
        claim: "The fewest messages. Whoever waits asks again, and while Redis is down there is no lock.",
        broken: false,
        budget: BUDGET,
        defaults: &[],
        opening: "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,b.begin+500,b-r+5,r-b+5",
    },
    Variant {
        id: "redlock",
        title: "Redlock",
        claim: "A majority of three: one may be down. Whoever waits asks all of them again.",
        broken: false,
        budget: BUDGET,
        defaults: &[("tries", "1")],
        opening: "a.begin,a-r1+5,r1-a+5,a-r2+5,r2-a+5,a-r3+5,r3-a+5,a-s+5,s-a+5,b.begin+500,b-r1+5,r1-b+5",
    },
    Variant {
        id: "zookeeper",
        title: "ZooKeeper",
        claim: "A queue of places, each of which wakes the next.",
        broken: false,
        budget: BUDGET,
        defaults: &[],
        opening: "a.begin,a-z+5,z-a+5,a-z+5,z-a+5,a-z+5,z-a+5,a-s+5,s-a+5,b.begin+500,b-z+5,z-b+5",
    },
    Variant {
        id: "etcd",
        title: "etcd",
        claim: "A queue of keys on leases, each of which wakes the next.",
        broken: false,
        budget: BUDGET,
        defaults: &[],
        opening: "a.begin,a-e+5,e-a+5,a-e+5,e-a+5,a-s+5,s-a+5,b.begin+500,b-e+5,e-b+5",
    },
    Variant {
        id: "consul",
        title: "Consul",
        claim: "One key, and all who wait are woken. A crash costs the TTL, and the lock-delay behind it.",
        broken: false,
        budget: BUDGET,
        defaults: &[],
        opening: "a.begin,a-k+5,k-a+5,a-k+5,k-a+5,a-s+5,s-a+5,b.begin+500,b-k+5,k-b+5",
    },
    Variant {
        id: "table",
        title: "A row in a table",
        claim: "A lease in the database that is there anyway. Whoever waits asks again.",
        broken: false,
        budget: BUDGET,
        defaults: &[],
        opening: "a.begin,a-d+5,d-a+5,a-s+5,s-a+5,b.begin+500,b-d+5,d-b+5",
    },
    Variant {
        id: "advisory",
        title: "Advisory lock",
        claim: "The statement waits in the database's own queue, and the lock ends with its connection.",
        broken: false,
        budget: BUDGET,
        defaults: &[],
        opening: "a.begin,a-d+5,d-a+5,a-d+5,d-a+5,a-s+5,s-a+5,b.begin+500,b-d+5,d-b+5",
    },
];

const PARAMETERS: &[Parameter] = &[
    CLIENTS,
    Parameter {
        id: "ttl",
        label: "Lease (TTL)",
        help: "How long a lock, or the session that it hangs on, lasts unless it is renewed.",
        kind: ParameterKind::Int { min: 600, max: 60_000, step: 100, unit: "ms" },
        default: "6000",
    },
    WORK,
    Parameter {
        id: "retry",
        label: "Retry delay",
        help: "How long a client waits before it tries again.",
        kind: ParameterKind::Int { min: 100, max: 60_000, step: 100, unit: "ms" },
        default: "1000",
    },
    Parameter {
        id: "timeout",
        label: "Reply timeout",
        help: "How long a client waits for one reply.",
        kind: ParameterKind::Int { min: 100, max: 10_000, step: 100, unit: "ms" },
        default: "500",
    },
    Parameter {
        id: "delay",
        label: "Lock-delay",
        help: "Consul: for how long nobody gets a key whose holder's session was invalidated.",
        kind: ParameterKind::Int { min: 0, max: 60_000, step: 100, unit: "ms" },
        default: "15000",
    },
    Parameter {
        id: "tries",
        label: "Attempts",
        help: "How often a client tries before it gives up; 0 for no end, as in the tables.",
        kind: ParameterKind::Int { min: 0, max: 4, step: 1, unit: "" },
        default: "0",
    },
];
