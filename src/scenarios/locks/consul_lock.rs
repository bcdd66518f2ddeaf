//! What the catalogue says of the scenario with a Consul: variants and parameters.

use super::redis_lock::{CAREFUL, CLIENTS, GOALS, INVARIANTS};
use super::vocabulary::{Rules, Service};
use super::zookeeper_lock::WORK;
use crate::scenarios::{Info, Parameter, ParameterKind, Variant};

/// Everything that the scenario declares.
pub static INFO: Info = Info {
    id: "consul-lock",
    title: "A lock in Consul",
    claim: "A key that a session holds. When the session is invalidated, nobody gets the key for a while: what that delay is good for, and for how long.",
    revision: 1,
    variants: VARIANTS,
    parameters: PARAMETERS,
    invariants: &[INVARIANTS[0], INVARIANTS[1]],
    goals: GOALS,
};

/// The rules of a variant.
pub fn rules(variant: &str) -> Rules {
    let recipe = Rules { service: Service::Consul, stops: true, ..CAREFUL };
    match variant {
        "unwatched" => Rules { stops: false, ..recipe },
        "sequencer" => Rules { fenced: true, ..recipe },
        // `no-delay` differs by a parameter, `paused` by its adversary.
        _ => recipe,
    }
}

const VARIANTS: &[Variant] = &[
    Variant {
        id: "no-delay",
        title: "No lock-delay",
        claim: "Cut off, the client stops in time. What it sent before does not: with no lock-delay it arrives when another has the lock.",
        broken: true,
        budget: &[("partition", 1), ("delay", 0)],
        defaults: &[("delay", "0")],
        opening: "a.begin,a-k+5,k-a+5,a-k+5,k-a+5,a-s+5,s-a+5,b.begin+10,b-k+5,k-b+5,b-k+5,k-b+5,b-k+5,a:work,a!cut",
    },
    Variant {
        id: "unwatched",
        title: "Lost session not minded",
        claim: "The client does not mind that its session is no longer renewed. The TTL twice over and the lock-delay give it time; work that takes longer overlaps.",
        broken: true,
        budget: &[("partition", 1), ("delay", 0)],
        defaults: &[("work", "60000")],
        opening: "a.begin,a-k+5,k-a+5,a-k+5,k-a+5,a-s+5,s-a+5,b.begin+10,b-k+5,k-b+5,b-k+5,k-b+5,b-k+5,a!cut",
    },
    Variant {
        id: "paused",
        title: "Paused past the lock-delay",
        claim: "The lock-delay gives a client that is paused time to come back. It is a guess: a longer pause breaks it.",
        broken: true,
        budget: &[("pause", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-k+5,k-a+5,a-k+5,k-a+5,a-s+5,s-a+5,b.begin+10,b-k+5,k-b+5,b-k+5,k-b+5,b-k+5,a!pause",
    },
    Variant {
        id: "recipe",
        title: "The recipe",
        claim: "A session renewed every half of its TTL, the key acquired, released, and waited for. Whoever crashes, it holds.",
        broken: false,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-k+5,k-a+5,a-k+5,k-a+5,a-s+5,s-a+5,b.begin+10,b-k+5,k-b+5,b-k+5,k-b+5,b-k+5,a:work,a-s+5,s-a+5",
    },
    Variant {
        id: "sequencer",
        title: "Fenced by its LockIndex",
        claim: "LockIndex grows with each new holder: with key and session it is the sequencer that the storage compares. No delay is needed.",
        broken: false,
        budget: &[("pause", 1), ("delay", 0)],
        defaults: &[("delay", "0")],
        opening: "a.begin,a-k+5,k-a+5,a-k+5,k-a+5,a-s+5,s-a+5,b.begin+10,b-k+5,k-b+5,b-k+5,k-b+5,b-k+5,a!pause",
    },
];

const PARAMETERS: &[Parameter] = &[
    CLIENTS,
    Parameter {
        id: "ttl",
        label: "Session TTL",
        help: "Unless it is renewed, a session is invalidated after this at the earliest; in fact after twice as long.",
        kind: ParameterKind::Int { min: 10_000, max: 60_000, step: 1_000, unit: "ms" },
        default: "15000",
    },
    Parameter {
        id: "delay",
        label: "Lock-delay",
        help: "For how long nobody gets a key whose holder's session was invalidated.",
        kind: ParameterKind::Int { min: 0, max: 60_000, step: 1_000, unit: "ms" },
        default: "15000",
    },
    WORK,
    Parameter {
        id: "retry",
        label: "Retry delay",
        help: "How long a client waits where it may not have a key that nobody holds.",
        kind: ParameterKind::Int { min: 1_000, max: 60_000, step: 1_000, unit: "ms" },
        default: "5000",
    },
];
