//! What the catalogue says of the scenario with several Redis servers: variants, parameters, story, moments, sources.

use super::redis_lock::{CAREFUL, CLIENTS, GOALS, INVARIANTS, PERSISTENCE, THROWS};
use super::vocabulary::Rules;
use crate::scenarios::{Challenge, Info, Moment, Parameter, ParameterKind, Target, Variant};

/// Everything that the scenario declares.
pub static INFO: Info = Info {
    id: "redlock",
    title: "Redlock",
    claim: "A lock on a majority of Redis servers: what it survives, what it does not, and what Kleppmann and antirez argued about.",
    revision: 1,
    variants: VARIANTS,
    parameters: PARAMETERS,
    invariants: INVARIANTS,
    goals: GOALS,
    story: STORY,
    moments: MOMENTS,
    challenges: CHALLENGES,
    left_out: &[
        "Asked all at once, the servers share one timeout, and the client waits for all answers before it counts, as redsync does unless told to fail fast.",
        "Nobody waits for the answer to a release, so that it is not sent here.",
        "The delay before the next attempt is drawn from two values, once or twice the retry delay.",
        "Clients measure by a monotonic clock that neither jumps nor drifts; servers expire keys by the time of day, which may do both.",
        "A client stops when its validity ends, and extends its lease in one variant only; how often it may is not limited but by its work.",
        "Connections are TCP: they neither lose nor reorder; a crash breaks them and a partition makes them wait.",
    ],
    sources: &[
        (
            "redis/docs: Distributed locks with Redis",
            "the Redlock algorithm, steps 1 to 5; the safety argument; crash recovery and delayed restarts",
        ),
        ("redlock-rb", "sequential acquisition; the drift of a hundredth of the lease and 2 ms"),
        ("redsync", "acquisition from all servers at once; the drift of a hundredth of the lease"),
        ("Kleppmann: How to do distributed locking (2016)", "clock jumps, restarts, pauses, fencing"),
        (
            "antirez: Is Redlock safe? (2016)",
            "the second reading of the clock; delays behind it hit every lock with a lease",
        ),
    ],
};

/// The rules of a variant.
pub fn rules(variant: &str) -> Rules {
    let redlock = Rules { stops: true, single: false, ..CAREFUL };
    match variant {
        "delayed-restart" => Rules { delayed_restart: true, ..redlock },
        "extended" => Rules { renews: true, ..redlock },
        "fenced" => Rules { fenced: true, ..redlock },
        // `no-margin` and `no-persistence` differ by their parameters.
        _ => redlock,
    }
}

const VARIANTS: &[Variant] = &[
    Variant {
        id: "no-margin",
        title: "No drift margin",
        claim: "The client counts on its whole lease. A server whose clock is one per cent fast gives the lock away a tenth of a second early.",
        broken: true,
        budget: &[("crash", 1), ("drift", 1), ("delay", 0)],
        defaults: &[("work", "20000"), ("margin", "none")],
        opening: "a.begin,a-r1+5,r1-a+5,a-r2+5,r2-a+5,r1!rate1010,r3!crash,a:reply,a-s+5,s-a+5,r1:expire",
    },
    Variant {
        id: "no-persistence",
        title: "Restart without persistence",
        claim: "A server that comes back empty says yes a second time, and two majorities need not meet.",
        broken: true,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[("persistence", "off")],
        opening: "a.begin,a-r1+5,r1-a+5,a-r2+5,r2-a+5,a:reply,a-s+5,s-a+5,r2!crash,r2!restart,b.begin+20,b-r1+5,r1-b+5,b-r2+5,r2-b+5",
    },
    Variant {
        id: "delayed-restart",
        title: "Delayed restart",
        claim: "A server that comes back empty keeps silent until every lease from before has run out. That mends the restart, and not a clock that jumps.",
        broken: true,
        budget: &[("jump", 1), ("delay", 1)],
        defaults: &[("persistence", "off")],
        opening: "a.begin,a-r1+5,r1-a+5,a-r2+5,r2-a+5,a:reply,a-s+5,s-a+5,b.begin+20,b-r1+5,r1-b+5",
    },
    Variant {
        id: "redlock",
        title: "Redlock",
        claim: "A majority, a second look at the clock, a margin for drift, and fsync always. With bounded drift and no pause it holds; a pause behind the second look breaks it.",
        broken: true,
        budget: &[("pause", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-r1+5,r1-a+5,a-r2+5,r2-a+5,a-r3+5,r3-a+5,a-s+5,s-a+5,a!pause,r1:expire,r2:expire,r3:expire,b.begin,b-r1+5,r1-b+5",
    },
    Variant {
        id: "extended",
        title: "Lock extension",
        claim: "Work that outlives the lease: every few seconds the client asks all servers for more, and goes on if a majority gives it while something is left. One server may crash; a pause breaks it as before.",
        broken: false,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[("work", "15000")],
        opening: "a.begin,a-r1+5,r1-a+5,a-r2+5,r2-a+5,a-r3+5,r3-a+5,a-s+5,s-a+5,a:renew,a-r1+5,a-r2,a-r3,r1-a+5,r2-a,r3-a,r2!crash,a:renew,a-r1+5,a-r3,r1-a+5",
    },
    Variant {
        id: "fenced",
        title: "Fenced by the storage",
        claim: "Redlock has no counter to draw tokens from, so the storage hands them out and refuses the older. Now the lock only saves work, and the storage alone is right.",
        broken: false,
        budget: &[("pause", 1), ("delay", 0)],
        defaults: &[],
        opening: "a.begin,a-r1+5,r1-a+5,a-r2+5,r2-a+5,a-r3+5,r3-a+5,a-s+5,s-a+5,a!pause,r1:expire,r2:expire,r3:expire,b.begin,b-r1+5,r1-b+5,b-r2+5,r2-b+5,b-r3+5,r3-b+5,b-s+5,s-b+5,b:work,b-s+5",
    },
];

const PARAMETERS: &[Parameter] = &[
    CLIENTS,
    Parameter {
        id: "masters",
        label: "Servers (N)",
        help: "How many independent Redis servers; a majority makes the lock.",
        kind: ParameterKind::Int { min: 3, max: 7, step: 1, unit: "" },
        default: "3",
    },
    Parameter {
        id: "ask",
        label: "Servers are asked",
        help: "One after the other, each with its own timeout, as redlock-rb does; or all at once, as redsync does.",
        kind: ParameterKind::OneOf(&[("in-turn", "one after the other"), ("at-once", "all at once")]),
        default: "in-turn",
    },
    Parameter {
        id: "ttl",
        label: "Lease (TTL)",
        help: "How long the key stands on each server.",
        kind: ParameterKind::Int { min: 1_000, max: 60_000, step: 100, unit: "ms" },
        default: "10000",
    },
    Parameter {
        id: "work",
        label: "Work",
        help: "How long a client works inside; it stops when its validity ends.",
        kind: ParameterKind::Int { min: 100, max: 60_000, step: 100, unit: "ms" },
        default: "1000",
    },
    Parameter {
        id: "retry",
        label: "Retry delay",
        help: "How long a client waits before its next attempt: once or twice this.",
        kind: ParameterKind::Int { min: 50, max: 10_000, step: 50, unit: "ms" },
        default: "200",
    },
    Parameter {
        id: "timeout",
        label: "Timeout per server",
        help: "How long a client waits for one server before it asks the next; far less than the lease.",
        kind: ParameterKind::Int { min: 5, max: 1_000, step: 5, unit: "ms" },
        default: "50",
    },
    Parameter {
        id: "margin",
        label: "Drift margin",
        help: "What the client takes off its lease for clocks that do not run alike.",
        kind: ParameterKind::OneOf(&[
            ("redlock-rb", "1 % and 2 ms (redlock-rb)"),
            ("redsync", "1 % (redsync)"),
            ("none", "none (Redisson)"),
        ]),
        default: "redlock-rb",
    },
    Parameter {
        id: "renew",
        label: "Extension period",
        help: "How often the lease is extended, where it is.",
        kind: ParameterKind::Int { min: 100, max: 60_000, step: 100, unit: "ms" },
        default: "4000",
    },
    Parameter {
        id: "tries",
        label: "Attempts",
        help: "How often a client tries before it gives up.",
        kind: ParameterKind::Int { min: 1, max: 4, step: 1, unit: "" },
        default: "1",
    },
    PERSISTENCE,
    THROWS,
];

const STORY: &[&str] = &[
    "One Redis is one machine that can fail, and a replica that takes over may not know of the lock. Redlock therefore asks several servers that know nothing of each other. Whoever gets a majority of them within the lease has the lock; whoever does not gives back what it has and tries again after a random delay.",
    "How long is the lock good for? The first key was set when the client began to ask, so what is left is the lease, less the time that asking took, less a margin for clocks that do not run alike. The client looks at its clock twice, before the first question and after the last answer, and works only as long as something is left.",
    "Kleppmann's objection: this rests on time. If one server's clock jumps, or one restarts without its keys, another client finds a majority too. If the client pauses, or a packet lingers, it acts behind the end of its lease and cannot know. A lock that guards correctness needs a number that grows with every grant, which the storage can compare; independent servers have no such number to give.",
    "Sanfilippo's answer (antirez): a pause or a delay before the second look at the clock is noticed, since then nothing is left; behind it, every lock with a lease has the same gap, whatever service gave it. Clocks can be kept from jumping by how machines are run, a restart can be delayed or the keys kept on the disk. And where the storage can compare numbers, it could do without the lock.",
    "Both can be tried here. Pause a between its first question and its last answer: it gives up. Pause it once it is inside: two are inside. Let a clock jump, or a server forget. With clocks that differ by one per cent and with nobody paused, the search finds nothing.",
];

const MOMENTS: &[Moment] = &[
    Moment {
        title: "A clock jumps",
        text: "Kleppmann's first case, with five servers: a has r1, r2 and r3, r3's clock jumps past the lease, and b gets r3, r4 and r5.",
        variant: "redlock",
        parameters: &[("masters", "5")],
        choices: "r4~r5!cut,a.begin,a-r1+5,r1-a+5,a-r2+5,r2-a+5,a-r3+5,r3-a+5,a:reply,a:reply,a-s+5,r3!jump11000,r3:expire,!heal,b.begin,b-r1+5,r1-b+5,b-r2+5,r2-b+5,b-r3+5,r3-b+5,b-r4+5,r4-b+5,b-r5+5,r5-b+5",
        step: None,
    },
    Moment {
        title: "A server forgets",
        text: "The same with a restart in place of the jump: r3 comes back without its keys.",
        variant: "no-persistence",
        parameters: &[("masters", "5")],
        choices: "r4~r5!cut,a.begin,a-r1+5,r1-a+5,a-r2+5,r2-a+5,a-r3+5,r3-a+5,a:reply,a:reply,a-s+5,r3!crash,r3!restart,!heal,b.begin,b-r1+5,r1-b+5,b-r2+5,r2-b+5,b-r3+5,r3-b+5,b-r4+5,r4-b+5,b-r5+5,r5-b+5",
        step: None,
    },
    Moment {
        title: "A delayed restart",
        text: "r2 came back without its keys and keeps silent: b finds no majority.",
        variant: "delayed-restart",
        parameters: &[],
        choices: "a.begin,a-r1+5,r1-a+5,a-r2+5,r2-a+5,a:reply,a-s+5,s-a+5,r2!crash,r2!restart,b.begin+20,b-r1+5,r1-b+5,b-r2+5,b:reply,b-r3+5,r3-b+5",
        step: None,
    },
    Moment {
        title: "antirez's answer",
        text: "a is paused while an answer is on its way. b takes the lock. a wakes, looks at its clock, and gives up: nothing of its lease is left.",
        variant: "redlock",
        parameters: &[],
        choices: "a.begin,a-r1+5,r1-a+5,a-r2+5,r2-a+5,a-r3+5,a!pause,r1:expire,r2:expire,r3:expire,b.begin,b-r1+5,r1-b+5,b-r2+5,r2-b+5,b-r3+5,r3-b+5,a!resume,r3-a",
        step: None,
    },
    Moment {
        title: "Kleppmann's pause",
        text: "The pause comes behind the second look at the clock. Two are inside, and a overwrites what b wrote.",
        variant: "redlock",
        parameters: &[],
        choices: "a.begin,a-r1+5,r1-a+5,a-r2+5,r2-a+5,a-r3+5,r3-a+5,a-s+5,s-a+5,a!pause,r1:expire,r2:expire,r3:expire,b.begin,b-r1+5,r1-b+5,b-r2+5,r2-b+5,b-r3+5,r3-b+5,b-s+5,s-b+5,b:work,b-s+5,s-b+5,a!resume,a:work,a-s",
        step: None,
    },
    Moment {
        title: "Stopping in time",
        text: "Nobody is paused and the work is too long: a stops when its validity ends, 102 ms and a little before its keys expire.",
        variant: "redlock",
        parameters: &[("work", "20000")],
        choices: "a.begin,a-r1+5,r1-a+5,a-r2+5,r2-a+5,a-r3+5,r3-a+5,a-s+5,s-a+5,a:deadline,a-r1+5,a-r2,a-r3,b.begin,b-r1+5,r1-b+5,b-r2+5,r2-b+5,b-r3+5,r3-b+5",
        step: None,
    },
    Moment {
        title: "The lease extended",
        text: "The work takes 15 s and the lease 10: every four seconds two of three servers give a more time, and b finds no majority.",
        variant: "extended",
        parameters: &[],
        choices: "a.begin,a-r1+5,r1-a+5,a-r2+5,r2-a+5,a-r3+5,r3-a+5,a-s+5,s-a+5,r2!crash,a:renew,a-r1+5,a-r3,r1-a+5,r3-a,a:renew,a-r1+5,a-r3,r1-a+5,r3-a,a:renew,a-r1+5,a-r3,r1-a+5,r3-a,b.begin,b-r1+5,r1-b+5,b:reply,b-r3+5,r3-b+5",
        step: None,
    },
    Moment {
        title: "Nobody has a majority",
        text: "Three clients ask five servers at the same moment and get two, two and one. All give back what they have, and draw how long they wait.",
        variant: "redlock",
        parameters: &[("clients", "3"), ("masters", "5"), ("ask", "at-once"), ("tries", "2")],
        choices: "a.begin,b.begin,c.begin,a-r1+5,a-r2,b-r3,b-r4,c-r5,b-r1+2,c-r1,b-r2,c-r2,a-r3,c-r3,a-r4,c-r4,a-r5,b-r5,r1-a+3,r2-a,r3-a,r4-a,r5-a,r1-b+2,r2-b,r3-b,r4-b,r5-b,r1-c+2,r2-c,r3-c,r4-c,r5-c",
        step: None,
    },
    Moment {
        title: "Refused by the storage",
        text: "Kleppmann's pause again. The storage gave a token 1 and b token 2, so that a's write comes too late.",
        variant: "fenced",
        parameters: &[],
        choices: "a.begin,a-r1+5,r1-a+5,a-r2+5,r2-a+5,a-r3+5,r3-a+5,a-s+5,s-a+5,a!pause,r1:expire,r2:expire,r3:expire,b.begin,b-r1+5,r1-b+5,b-r2+5,r2-b+5,b-r3+5,r3-b+5,b-s+5,s-b+5,b:work,b-s+5,s-b+5,a!resume,a:work,a-s,s-a",
        step: None,
    },
];

const CHALLENGES: &[Challenge] = &[
    Challenge {
        id: "two-majorities",
        title: "Two majorities",
        text: "One crash: let two clients have a majority of the servers at once.",
        variant: "no-persistence",
        parameters: &[],
        budget: &[("crash", 1), ("delay", 0)],
        target: Target::Break("mutex"),
        choices: 17,
        hints: [
            "Two majorities of three share a server.",
            "Let that server say yes to a, and forget it.",
            "a gets r1 and r2; r2 crashes and restarts; b gets r2 and r3, before a asks r3.",
        ],
    },
    Challenge {
        id: "jump-the-clock",
        title: "Jump the clock",
        text: "One clock may jump and one message may be slow: let two clients be inside.",
        variant: "delayed-restart",
        parameters: &[],
        budget: &[("jump", 1), ("delay", 1)],
        target: Target::Break("mutex"),
        choices: 15,
        hints: [
            "A key expires by its server's clock, and by no other.",
            "a must have no more than a majority: let it lose patience with r3.",
            "r2, which said yes to a, jumps past the lease; b gets r2 and r3.",
        ],
    },
    Challenge {
        id: "behind-the-second-look",
        title: "Behind the second look",
        text: "One pause and no slow message: let two clients be inside.",
        variant: "redlock",
        parameters: &[],
        budget: &[("pause", 1), ("delay", 0)],
        target: Target::Break("mutex"),
        choices: 18,
        hints: [
            "A pause before the second look is noticed.",
            "Pause a once it is inside.",
            "Let time run to the end of the keys, then let b ask all servers.",
        ],
    },
];
