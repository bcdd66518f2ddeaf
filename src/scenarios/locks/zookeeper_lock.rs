//! What the catalogue says of the scenario with a ZooKeeper: variants and parameters.

use super::redis_lock::{CAREFUL, CLIENTS, GOALS, INVARIANTS};
use super::vocabulary::{Rules, Service};
use crate::scenarios::{Info, Parameter, ParameterKind, Variant};

/// Everything that the scenario declares.
pub static INFO: Info = Info {
    id: "zookeeper-lock",
    title: "A lock in ZooKeeper",
    claim: "A queue of places, each bound to a session: who is woken when one ends, and what a session that ended does to whoever is inside.",
    revision: 1,
    variants: VARIANTS,
    parameters: PARAMETERS,
    invariants: &[INVARIANTS[0], INVARIANTS[1], ("herd", "The end of a place wakes one client at most.")],
    goals: GOALS,
};

/// The rules of a variant.
pub fn rules(variant: &str) -> Rules {
    let recipe = Rules { service: Service::ZooKeeper, stops: true, ..CAREFUL };
    match variant {
        "herd" => Rules { herd: true, ..recipe },
        "cut-off" => Rules { stops: false, ..recipe },
        "fenced" => Rules { fenced: true, ..recipe },
        // `paused` is the recipe, seen by another adversary.
        _ => recipe,
    }
}

const VARIANTS: &[Variant] = &[
    Variant {
        id: "herd",
        title: "Everyone watches the first",
        claim: "Whoever waits watches the holder's place. One release wakes all of them, and all but one go back to sleep.",
        broken: true,
        budget: &[("delay", 0)],
        defaults: &[("clients", "3")],
        opening: "a.begin,a-z+5,z-a+5,a-z+5,z-a+5,a-z+5,z-a+5,a-s+5,s-a+5,b.begin+10,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,c.begin+10,c-z+5,z-c+5,c-z+5,z-c+5,c-z+5,z-c+5,c-z+5,z-c+5,a:work,a-s+5,s-a+5",
    },
    Variant {
        id: "cut-off",
        title: "Goes on when cut off",
        claim: "The client does not mind a lost connection. Cut off, it works on, while its session ends on the other side.",
        broken: true,
        budget: &[("partition", 1), ("delay", 0)],
        defaults: &[("work", "9000")],
        opening: "a.begin,a-z+5,z-a+5,a-z+5,z-a+5,a-z+5,z-a+5,a-s+5,s-a+5,b.begin+10,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,a!cut,a:renew,b:renew,b-z+5,z-b+5,a:renew,b:renew,b-z+5,z-b+5,a:renew,z:expire,z-b+5,b-z+5",
    },
    Variant {
        id: "paused",
        title: "Paused past its session",
        claim: "It stops when the connection is lost, if it runs. Paused, it hears of nothing, and goes on where it stood.",
        broken: true,
        budget: &[("pause", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-z+5,z-a+5,a-z+5,z-a+5,a-z+5,z-a+5,a-s+5,s-a+5,b.begin+10,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,a!pause,b:renew,b-z+5,z-b+5,b:renew,b-z+5,z-b+5,z:expire,z-b+5,b-z+5",
    },
    Variant {
        id: "recipe",
        title: "The recipe",
        claim: "Each watches the place before its own, and stops when its connection is lost. Whoever crashes, it holds; a pause, or a write that lingers, it cannot see.",
        broken: false,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-z+5,z-a+5,a-z+5,z-a+5,a-z+5,z-a+5,a-s+5,s-a+5,b.begin+10,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,a:work,a-s+5,s-a+5",
    },
    Variant {
        id: "fenced",
        title: "Fenced by its place",
        claim: "Places only grow, so that the number of a place is a fencing token. Two may be inside; the storage takes the later one.",
        broken: false,
        budget: &[("pause", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-z+5,z-a+5,a-z+5,z-a+5,a-z+5,z-a+5,a-s+5,s-a+5,b.begin+10,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,a!pause,b:renew,b-z+5,z-b+5,b:renew,b-z+5,z-b+5,z:expire,z-b+5,b-z+5,z-b+5,b-s+5,s-b+5,b:renew,b-z+5,z-b+5,b:work,b-s+5",
    },
];

const PARAMETERS: &[Parameter] = &[
    CLIENTS,
    Parameter {
        id: "ttl",
        label: "Session timeout",
        help: "How long the server waits for a sign of life before it ends a session.",
        kind: ParameterKind::Int { min: 600, max: 60_000, step: 100, unit: "ms" },
        default: "6000",
    },
    Parameter {
        id: "work",
        label: "Work",
        help: "How long a client works inside.",
        kind: ParameterKind::Int { min: 100, max: 60_000, step: 100, unit: "ms" },
        default: "1500",
    },
];
