//! What the catalogue says of the scenario with a ZooKeeper: variants, parameters, story, moments, sources.

use super::redis_lock::{CAREFUL, CLIENTS, GOALS, INVARIANTS};
use super::vocabulary::{Rules, Service};
use crate::scenarios::{Challenge, Info, Moment, Parameter, ParameterKind, Target, Variant};

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
    story: STORY,
    moments: MOMENTS,
    challenges: CHALLENGES,
    left_out: &[
        "The ensemble is one lifeline, which neither crashes nor elects: what it answers, a majority has agreed on. Cut off, it stands for a client on the side of the minority.",
        "A session ends to the millisecond; a real server rounds up to its next tick, two seconds by default.",
        "A client reconnects within its session and does not retry; Curator's protected creation, which finds its own place after a lost answer, is left out.",
        "Pings go every third of the session, whatever else is sent.",
    ],
    sources: &[
        ("ZooKeeper Recipes and Solutions: Locks", "places in order, a watch on the one before, no herd"),
        ("Curator: LockInternals, StandardLockInternalsDriver", "getData with a watch, look again when it fires"),
        ("ZooKeeper 3.8 Programmer's Guide: Sessions, Watches", "who ends a session, what is lost with it"),
        ("Curator: Error Handling, Shared Reentrant Lock", "stop when the connection is suspended"),
    ],
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

const STORY: &[&str] = &[
    "ZooKeeper knows no locks. It keeps small nodes in a tree and sessions with clients; a node may be bound to a session and end with it, and may get a number that no other ever gets. Out of these a queue is made: whoever wants the lock takes a number, and whoever has the lowest is inside.",
    "The others need not ask again and again: they leave a watch. If all watch the first place, its end wakes all of them, and all but one wake in vain. If each watches the place before its own, one is woken for each place that ends.",
    "A session is a lease by another name. The server ends it when it has heard nothing for so long, and the client that has heard nothing for two thirds of that takes the connection for lost and stops. That is why being cut off does no harm. A client that is paused cannot stop, and a write that has been sent cannot be called back.",
    "The number of a place is what a fencing token should be: it only grows, and comes with the lock at no cost. Let the storage compare it, and neither the pause nor the late write matters any more.",
];

const MOMENTS: &[Moment] = &[
    Moment {
        title: "The herd",
        text: "a gives up its place, and both who wait are woken for it.",
        variant: "herd",
        parameters: &[],
        choices: "a.begin,a-z+5,z-a+5,a-z+5,z-a+5,a-z+5,z-a+5,a-s+5,s-a+5,b.begin+10,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,c.begin+10,c-z+5,z-c+5,c-z+5,z-c+5,c-z+5,z-c+5,c-z+5,z-c+5,a:work,a-s+5,s-a+5,a-z+5",
        step: None,
    },
    Moment {
        title: "One is woken",
        text: "The same with a watch on the place before one's own: b is woken, c sleeps on.",
        variant: "recipe",
        parameters: &[("clients", "3")],
        choices: "a.begin,a-z+5,z-a+5,a-z+5,z-a+5,a-z+5,z-a+5,a-s+5,s-a+5,b.begin+10,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,c.begin+10,c-z+5,z-c+5,c-z+5,z-c+5,c-z+5,z-c+5,c-z+5,z-c+5,a:work,a-s+5,s-a+5,a-z+5,z-b+5,b-z+5,z-b+5,b-s+5,s-b+5",
        step: None,
    },
    Moment {
        title: "A gap in the queue",
        text: "b crashes while it waits. Its place ends with its session; c looks again and watches a.",
        variant: "recipe",
        parameters: &[("clients", "3"), ("work", "9000")],
        choices: "a.begin,a-z+5,z-a+5,a-z+5,z-a+5,a-z+5,z-a+5,a-s+5,s-a+5,b.begin+10,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,c.begin+10,c-z+5,z-c+5,c-z+5,z-c+5,c-z+5,z-c+5,c-z+5,z-c+5,b!crash,a:renew,a-z+5,z-a+5,c:renew,c-z+5,z-c+5,a:renew,a-z+5,z-a+5,c:renew,c-z+5,z-c+5,a:renew,a-z+5,z-a+5,z:expire,z-c+5,c-z+5,z-c+5,c-z+5,z-c+5",
        step: None,
    },
    Moment {
        title: "Cut off, and it goes on",
        text: "a is cut off and works on. Its session ends, and b goes in.",
        variant: "cut-off",
        parameters: &[],
        choices: "a.begin,a-z+5,z-a+5,a-z+5,z-a+5,a-z+5,z-a+5,a-s+5,s-a+5,b.begin+10,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,a!cut,a:renew,b:renew,b-z+5,z-b+5,a:renew,b:renew,b-z+5,z-b+5,a:renew,z:expire,z-b+5,b-z+5,z-b+5",
        step: None,
    },
    Moment {
        title: "Cut off, and it stops",
        text: "a has heard nothing for four seconds of six and stops, two seconds before its session ends.",
        variant: "recipe",
        parameters: &[("work", "9000")],
        choices: "a.begin,a-z+5,z-a+5,a-z+5,z-a+5,a-z+5,z-a+5,a-s+5,s-a+5,b.begin+10,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,a!cut,a:renew,b:renew,b-z+5,z-b+5,a:deadline,b:renew,b-z+5,z-b+5,z:expire,z-b+5,b-z+5,z-b+5,b-s+5,s-b+5",
        step: None,
    },
    Moment {
        title: "Paused past its session",
        text: "a wakes, and its first act is to write what it had worked out.",
        variant: "paused",
        parameters: &[],
        choices: "a.begin,a-z+5,z-a+5,a-z+5,z-a+5,a-z+5,z-a+5,a-s+5,s-a+5,b.begin+10,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,a!pause,b:renew,b-z+5,z-b+5,b:renew,b-z+5,z-b+5,z:expire,z-b+5,b-z+5,z-b+5,b-s+5,s-b+5,b:renew,b-z+5,z-b+5,b:work,b-s+5,s-b+5,a!resume,a:work,a-s",
        step: None,
    },
    Moment {
        title: "A write that lingers",
        text: "a stopped in time, but its write was on its way, and arrives after b's.",
        variant: "recipe",
        parameters: &[],
        choices: "a.begin,a-z+5,z-a+5,a-z+5,z-a+5,a-z+5,z-a+5,a-s+5,s-a+5,b.begin+10,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,a:work,a!cut,a:renew,b:renew,b-z+5,z-b+5,a:deadline,b:renew,b-z+5,z-b+5,z:expire,z-b+5,b-z+5,z-b+5,b-s+5,s-b+5,b:renew,b-z+5,z-b+5,b:work,b-s+5,s-b+5,!heal,a-s",
        step: None,
    },
    Moment {
        title: "Fenced by its place",
        text: "The storage has seen place 1, and refuses a with place 0.",
        variant: "fenced",
        parameters: &[],
        choices: "a.begin,a-z+5,z-a+5,a-z+5,z-a+5,a-z+5,z-a+5,a-s+5,s-a+5,b.begin+10,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,b-z+5,z-b+5,a!pause,b:renew,b-z+5,z-b+5,b:renew,b-z+5,z-b+5,z:expire,z-b+5,b-z+5,z-b+5,b-s+5,s-b+5,b:renew,b-z+5,z-b+5,b:work,b-s+5,s-b+5,a!resume,a:work,a-s,s-a",
        step: None,
    },
];

const CHALLENGES: &[Challenge] = &[
    Challenge {
        id: "past-its-session",
        title: "Past its session",
        text: "One pause: let two clients be inside.",
        variant: "paused",
        parameters: &[],
        budget: &[("pause", 1), ("delay", 0)],
        target: Target::Break("mutex"),
        choices: 17,
        hints: [
            "Whoever runs notices that its connection is lost.",
            "Pause a once it is inside, and let its session end.",
            "b connects, takes a place, looks, and is the first.",
        ],
    },
    Challenge {
        id: "lingering-write",
        title: "A write that lingers",
        text: "One partition and nobody paused: let a write arrive that was worked out before another's.",
        variant: "recipe",
        parameters: &[],
        budget: &[("partition", 1), ("delay", 0)],
        target: Target::Break("past"),
        choices: 27,
        hints: [
            "a stops when it is cut off. What it has sent does not.",
            "Cut a off while its write is on its way, and let its session end.",
            "b goes in, reads and writes; then heal the partition, and let a's write arrive.",
        ],
    },
];
