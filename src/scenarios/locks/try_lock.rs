//! What the catalogue says of the scenario with a limit to waiting: variants and parameters.

use super::redis_lock::{CAREFUL, CLIENTS, GOALS, INVARIANTS};
use super::vocabulary::Rules;
use crate::scenarios::{Info, Parameter, ParameterKind, Variant};

/// Everything that the scenario declares.
pub static INFO: Info = Info {
    id: "try-lock",
    title: "Trying for a lock",
    claim: "What to do when the lock is not to be had: go on regardless, wait for ever, give up in time, or not wait at all.",
    revision: 1,
    variants: VARIANTS,
    parameters: PARAMETERS,
    invariants: &[
        INVARIANTS[0],
        INVARIANTS[1],
        (
            "patience",
            "Whoever wants the lock, and is not itself stopped, has it, or has given up, before its limit is over.",
        ),
    ],
    goals: GOALS,
};

/// The rules of a variant.
pub fn rules(variant: &str) -> Rules {
    match variant {
        "ignored" => Rules { ignores: true, ..CAREFUL },
        "limited" => Rules { limited: true, ..CAREFUL },
        // `for-ever` is the bare lock, `counted` and `once` differ by a parameter.
        _ => CAREFUL,
    }
}

const VARIANTS: &[Variant] = &[
    Variant {
        id: "ignored",
        title: "Answer ignored",
        claim: "tryLock() says no, and nobody looks. The client goes in without the lock.",
        broken: true,
        budget: &[("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,b.begin+500,b-r+5",
    },
    Variant {
        id: "for-ever",
        title: "Waits for ever",
        claim: "lock() comes back with the lock, whenever that is. Nothing has failed: the holder's work is long, and whoever waits has no answer.",
        broken: true,
        budget: &[("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,b.begin+500,b-r+5,r-b+5,b:retry,b-r+5,r-b+5,b:retry,b-r+5,r-b+5",
    },
    Variant {
        id: "counted",
        title: "Attempts counted, not time",
        claim: "It gives up after four attempts. How long those take is up to the retry delay, and nobody worked it out.",
        broken: true,
        budget: &[("delay", 0)],
        defaults: &[("tries", "4")],
        opening: "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,b.begin+500,b-r+5,r-b+5,b:retry,b-r+5,r-b+5,b:retry,b-r+5,r-b+5",
    },
    Variant {
        id: "limited",
        title: "Gives up in time",
        claim: "tryLock(5 s): it tries until its limit, then gives up, gives back what may still be granted to it, and says so.",
        broken: false,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,b.begin+500,b-r+5,r-b+5,b:retry,b-r+5,r-b+5,b:retry,b-r+5,r-b+5",
    },
    Variant {
        id: "once",
        title: "Does not wait",
        claim: "tryLock(): one attempt, and the answer is known at once. Right where somebody else does the same work anyway.",
        broken: false,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[("tries", "1")],
        opening: "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,b.begin+500,b-r+5",
    },
];

const PARAMETERS: &[Parameter] = &[
    CLIENTS,
    Parameter {
        id: "limit",
        label: "Limit",
        help: "How long whoever asks a client may be kept without an answer.",
        kind: ParameterKind::Int { min: 500, max: 60_000, step: 100, unit: "ms" },
        default: "5000",
    },
    Parameter {
        id: "ttl",
        label: "Lease (TTL)",
        help: "How long the lock stands unless it is released.",
        kind: ParameterKind::Int { min: 100, max: 60_000, step: 100, unit: "ms" },
        default: "30000",
    },
    Parameter {
        id: "work",
        label: "Work",
        help: "How long a client works inside.",
        kind: ParameterKind::Int { min: 100, max: 60_000, step: 100, unit: "ms" },
        default: "20000",
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
        help: "How long a client waits for a reply of Redis before it gives up.",
        kind: ParameterKind::Int { min: 100, max: 10_000, step: 100, unit: "ms" },
        default: "1000",
    },
    Parameter {
        id: "tries",
        label: "Attempts",
        help: "How often a client tries before it gives up; 0 for no end.",
        kind: ParameterKind::Int { min: 0, max: 4, step: 1, unit: "" },
        default: "0",
    },
];
