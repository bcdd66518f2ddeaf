//! What the catalogue says of the scenario with PostgreSQL's advisory locks: variants and parameters.

use super::redis_lock::{CAREFUL, CLIENTS, GOALS, INVARIANTS, THROWS, WORK};
use super::vocabulary::{Pool, Rules, Service};
use crate::scenarios::{Info, Parameter, ParameterKind, Variant};

/// Everything that the scenario declares.
pub static INFO: Info = Info {
    id: "advisory-lock",
    title: "Advisory locks in PostgreSQL",
    claim: "A lock that belongs to a connection. What becomes of it when the connection is lent to the next, is shared, or breaks.",
    revision: 1,
    variants: VARIANTS,
    parameters: PARAMETERS,
    invariants: &[INVARIANTS[0], INVARIANTS[1], INVARIANTS[3]],
    goals: GOALS,
};

/// The rules of a variant.
pub fn rules(variant: &str) -> Rules {
    let recipe = Rules { service: Service::Advisory, ..CAREFUL };
    match variant {
        "pool-leak" => Rules { pool: Pool::Session, finally: false, ..recipe },
        "locked-twice" => Rules { pool: Pool::Session, twice: true, ..recipe },
        "statement-pool" => Rules { pool: Pool::Transaction, ..recipe },
        "pool-reset" => Rules { pool: Pool::Reset, finally: false, ..recipe },
        "transaction" => Rules { pool: Pool::Transaction, in_transaction: true, ..recipe },
        "guarded" => Rules { in_transaction: true, guarded: true, ..recipe },
        // `cut-off` is the same, seen by another adversary.
        _ => recipe,
    }
}

const VARIANTS: &[Variant] = &[
    Variant {
        id: "pool-leak",
        title: "Leaked with the connection",
        claim: "The work fails, and the connection goes back to the pool with the lock. Neither a rollback nor closing it gives the lock back.",
        broken: true,
        budget: &[("delay", 0)],
        defaults: &[("throws", "a")],
        opening: "a.begin,a-d+5,d-a+5,a-d+5,d-a+5,a-s+5,s-a+5,b.begin+100,b-d+5,d-b+5,b-d+5",
    },
    Variant {
        id: "locked-twice",
        title: "Locked twice, unlocked once",
        claim: "A lock that its own session takes again is counted. Unlocked once, it is still held, and goes back to the pool.",
        broken: true,
        budget: &[("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-d+5,d-a+5,a-d+5,d-a+5,a-d+5,d-a+5,a-s+5,s-a+5",
    },
    Variant {
        id: "statement-pool",
        title: "Session lock, transaction pool",
        claim: "The pool lends a connection for a transaction at a time. Two clients lock in one session, where the second lock is the first one again.",
        broken: true,
        budget: &[("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-d+5,d-a+5,a-d+5,d-a+5,a-s+5,s-a+5,b.begin+100,b-d+5,d-b+5",
    },
    Variant {
        id: "cut-off",
        title: "Cut off",
        claim: "The server takes a client for gone that it cannot hear, and gives the lock away. The client, which has no reason to ask, works on.",
        broken: true,
        budget: &[("partition", 1), ("delay", 0)],
        defaults: &[("work", "15000")],
        opening: "a.begin,a-d+5,d-a+5,a-d+5,d-a+5,a-s+5,s-a+5,b.begin+100,b-d+5,d-b+5,b-d+5,a!cut",
    },
    Variant {
        id: "session",
        title: "Session level",
        claim: "A connection of one's own, and the unlock in a finally. Whoever crashes, the lock ends with its connection.",
        broken: false,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-d+5,d-a+5,a-d+5,d-a+5,a-s+5,s-a+5,b.begin+100,b-d+5,d-b+5,b-d+5,a:work,a-s+5,s-a+5",
    },
    Variant {
        id: "pool-reset",
        title: "Connections are reset",
        claim: "The same failure, and the pool runs DISCARD ALL on what comes back, which unlocks all that the session holds.",
        broken: false,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[("throws", "a")],
        opening: "a.begin,a-d+5,d-a+5,a-d+5,d-a+5,a-s+5,s-a+5,b.begin+100,b-d+5,d-b+5,b-d+5",
    },
    Variant {
        id: "transaction",
        title: "Transaction level",
        claim: "The lock ends with the transaction, however that ends. A pool that lends connections for transactions cannot come between.",
        broken: false,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[("throws", "a")],
        opening: "a.begin,a-d+5,d-a+5,a-d+5,d-a+5,a-s+5,s-a+5,b.begin+100,b-d+5,d-b+5,b-d+5",
    },
    Variant {
        id: "guarded",
        title: "Lock and write in one transaction",
        claim: "What the lock protects is written in the transaction that holds the lock: where the one is gone, so is the other.",
        broken: false,
        budget: &[("partition", 1), ("delay", 0)],
        defaults: &[("work", "15000")],
        opening: "a.begin,a-d+5,d-a+5,a-d+5,d-a+5,a-d+5,d-a+5,b.begin+100,b-d+5,d-b+5,b-d+5,a!cut",
    },
];

const PARAMETERS: &[Parameter] = &[
    CLIENTS,
    Parameter {
        id: "connections",
        label: "Connections",
        help: "How many connections the pool has, where there is one.",
        kind: ParameterKind::Int { min: 1, max: 3, step: 1, unit: "" },
        default: "2",
    },
    Parameter {
        id: "ttl",
        label: "Keep-alive",
        help: "After how long a silence a client counts as gone (tcp_keepalives_idle and its like; two hours where nobody sets them).",
        kind: ParameterKind::Int { min: 1_000, max: 60_000, step: 100, unit: "ms" },
        default: "9000",
    },
    WORK,
    THROWS,
];
