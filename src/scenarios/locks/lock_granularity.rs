//! What the catalogue says of the scenario with seats: variants and parameters.

use super::redis_lock::{CAREFUL, CLIENTS, WORK};
use super::vocabulary::{Command, Grain, Rules};
use crate::scenarios::{Info, Parameter, ParameterKind, Variant};

/// Everything that the scenario declares.
pub static INFO: Info = Info {
    id: "lock-granularity",
    title: "One lock or many",
    claim: "One lock for all seats makes everybody wait for everybody; one for each seat does not, until somebody needs two.",
    revision: 1,
    variants: VARIANTS,
    parameters: PARAMETERS,
    invariants: &[
        ("mutex", "At most one client works on a seat."),
        (
            "patience",
            "Whoever wants a seat, and is not itself stopped, has it, or has given up, before its limit is over.",
        ),
        ("apart", "Nobody waits for one who wants another seat."),
        ("circle", "Nobody waits in a circle that only the end of a lease breaks."),
    ],
    goals: &[("free", "All locks become free."), ("served", "Everyone who wants a seat gets in, or gives up.")],
};

/// The rules of a variant.
pub fn rules(variant: &str) -> Rules {
    let seat = Rules { take: Command::SetKey(0), give: Command::DelKey(0), grain: Grain::Seat, ..CAREFUL };
    match variant {
        "global" => Rules { grain: Grain::All, ..seat },
        "ordered" => Rules { grain: Grain::Ordered, ..seat },
        "limited" => Rules { limited: true, ..seat },
        // `opposite` and `per-seat` differ by what the clients want.
        _ => seat,
    }
}

const BOTH: &[(&str, &str)] = &[("wants", "both")];

const VARIANTS: &[Variant] = &[
    Variant {
        id: "global",
        title: "One lock for everything",
        claim: "a wants seat 1 and b seat 2, and both need the one lock: b waits for nothing that it wants.",
        broken: true,
        budget: &[("delay", 0)],
        defaults: &[],
        opening: "a.begin,b.begin,a-r+5,b-r,r-a+5,a-s+5",
    },
    Variant {
        id: "opposite",
        title: "Two locks, either first",
        claim: "Both want both seats. a takes 1 first and b takes 2, and each then waits for what the other has.",
        broken: true,
        budget: &[("delay", 0)],
        defaults: BOTH,
        opening: "a.begin,b.begin,a-r+5,b-r,r-a+5,r-b,a-r+5",
    },
    Variant {
        id: "per-seat",
        title: "One lock for each seat",
        claim: "The seat stands in the name of the lock. Who wants different seats does not meet.",
        broken: false,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,b.begin,a-r+5,b-r,r-a+5,r-b,a-s+5,b-s",
    },
    Variant {
        id: "ordered",
        title: "Two locks, in order",
        claim: "Whoever needs two takes the lower number first. Who has seat 2 has all that it needs, and so never waits for one who waits for it.",
        broken: false,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: BOTH,
        opening: "a.begin,b.begin,a-r+5,b-r,r-a+5,r-b,a-r+5",
    },
    Variant {
        id: "limited",
        title: "Waits with a limit",
        claim: "In either order, but for three seconds at most: then it gives back what it has, and says so. Both may give up.",
        broken: false,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[("wants", "both"), ("limit", "3000")],
        opening: "a.begin,b.begin+100,a-r+5,b-r,r-a+5,r-b,a-r+5,b-r,r-a+5,r-b",
    },
];

const PARAMETERS: &[Parameter] = &[
    CLIENTS,
    Parameter {
        id: "wants",
        label: "Each wants",
        help: "One: a and c want seat 1, b wants seat 2. Both: a and c think of seat 1 first, b of seat 2.",
        kind: ParameterKind::OneOf(&[("one", "one seat"), ("both", "both seats")]),
        default: "one",
    },
    Parameter {
        id: "limit",
        label: "Limit",
        help: "How long a client may be kept waiting; 0 where nothing is said of it.",
        kind: ParameterKind::Int { min: 0, max: 60_000, step: 100, unit: "ms" },
        default: "0",
    },
    Parameter {
        id: "ttl",
        label: "Lease (TTL)",
        help: "How long a lock stands unless it is released.",
        kind: ParameterKind::Int { min: 100, max: 60_000, step: 100, unit: "ms" },
        default: "30000",
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
        help: "How long a client waits for a reply of Redis before it gives up.",
        kind: ParameterKind::Int { min: 100, max: 10_000, step: 100, unit: "ms" },
        default: "1000",
    },
];
