//! What the catalogue says of the scenario with an etcd: variants and parameters.

use super::redis_lock::{CAREFUL, CLIENTS, GOALS};
use super::vocabulary::{Rules, Service};
use super::zookeeper_lock::{INVARIANTS, WORK};
use crate::scenarios::{Info, Parameter, ParameterKind, Variant};

/// Everything that the scenario declares.
pub static INFO: Info = Info {
    id: "etcd-lock",
    title: "A lock in etcd",
    claim: "A queue of keys, each bound to a lease and ordered by the revision that created it: what each step of the client's recipe is there for.",
    revision: 1,
    variants: VARIANTS,
    parameters: PARAMETERS,
    invariants: INVARIANTS,
    goals: GOALS,
};

/// The rules of a variant.
pub fn rules(variant: &str) -> Rules {
    let recipe = Rules { service: Service::Etcd, stops: true, ..CAREFUL };
    match variant {
        "herd" => Rules { herd: true, ..recipe },
        "unchecked" => Rules { checks: false, ..recipe },
        "done-ignored" => Rules { stops: false, ..recipe },
        "fenced" => Rules { fenced: true, ..recipe },
        "guarded" => Rules { guarded: true, ..recipe },
        // `paused` is the recipe, seen by another adversary.
        _ => recipe,
    }
}

const VARIANTS: &[Variant] = &[
    Variant {
        id: "herd",
        title: "Everyone watches the first",
        claim: "Whoever waits watches the holder's key. One deletion wakes all, and all but one go back to sleep.",
        broken: true,
        budget: &[("delay", 0)],
        defaults: &[("clients", "3")],
        opening: "a.begin,a-e+5,e-a+5,a-e+5,e-a+5,a-s+5,s-a+5,b.begin+10,b-e+5,e-b+5,b-e+5,e-b+5,b-e+5,c.begin+10,c-e+5,e-c+5,c-e+5,e-c+5,c-e+5,a:work,a-s+5,s-a+5",
    },
    Variant {
        id: "unchecked",
        title: "Own key not checked",
        claim: "Whoever is woken and finds nobody before it goes in. That its own key ended with its lease while it slept, it does not look.",
        broken: true,
        budget: &[("pause", 1), ("delay", 0)],
        defaults: &[("clients", "3")],
        opening: "a.begin,a-e+5,e-a+5,a-e+5,e-a+5,a-s+5,s-a+5,b.begin+10,b-e+5,e-b+5,b-e+5,e-b+5,b-e+5,e-b+5,b-e+5",
    },
    Variant {
        id: "done-ignored",
        title: "Session.Done ignored",
        claim: "The client does not mind that its lease is no longer kept alive. Cut off, it works on, and its key is gone.",
        broken: true,
        budget: &[("partition", 1), ("delay", 0)],
        defaults: &[("work", "9000")],
        opening: "a.begin,a-e+5,e-a+5,a-e+5,e-a+5,a-s+5,s-a+5,b.begin+10,b-e+5,e-b+5,b-e+5,e-b+5,b-e+5,e-b+5,b-e+5,a!cut",
    },
    Variant {
        id: "paused",
        title: "Paused past its lease",
        claim: "It stops once Session.Done closes, if it runs. Paused, it hears of nothing, and goes on where it stood.",
        broken: true,
        budget: &[("pause", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-e+5,e-a+5,a-e+5,e-a+5,a-s+5,s-a+5,b.begin+10,b-e+5,e-b+5,b-e+5,e-b+5,b-e+5,e-b+5,b-e+5,a!pause",
    },
    Variant {
        id: "recipe",
        title: "The recipe",
        claim: "Each waits for the key before its own, then looks whether its own is still there, and stops when Done closes. Whoever crashes, it holds.",
        broken: false,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-e+5,e-a+5,a-e+5,e-a+5,a-s+5,s-a+5,b.begin+10,b-e+5,e-b+5,b-e+5,e-b+5,b-e+5,e-b+5,b-e+5,a:work,a-s+5,s-a+5",
    },
    Variant {
        id: "fenced",
        title: "Fenced by its revision",
        claim: "Create revisions only grow, so that a key's is a fencing token. Two may be inside; the storage takes the later one.",
        broken: false,
        budget: &[("pause", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-e+5,e-a+5,a-e+5,e-a+5,a-s+5,s-a+5,b.begin+10,b-e+5,e-b+5,b-e+5,e-b+5,b-e+5,e-b+5,b-e+5,a!pause",
    },
    Variant {
        id: "guarded",
        title: "Guarded by a transaction",
        claim: "What the lock protects stands in etcd too, and is written only if the writer's key still has its create revision (IsOwner).",
        broken: false,
        budget: &[("pause", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-e+5,e-a+5,a-e+5,e-a+5,a-e+5,e-a+5,b.begin+10,b-e+5,e-b+5,b-e+5,e-b+5,b-e+5,e-b+5,b-e+5,a!pause",
    },
];

const PARAMETERS: &[Parameter] = &[
    CLIENTS,
    Parameter {
        id: "ttl",
        label: "Lease (TTL)",
        help: "How long a lease lasts unless it is kept alive; 60 s where a session is not told otherwise.",
        kind: ParameterKind::Int { min: 600, max: 60_000, step: 100, unit: "ms" },
        default: "6000",
    },
    WORK,
];
