//! What the catalogue says of the scenario with one Redis: variants, parameters, story, moments, sources.

use super::vocabulary::{Command, Rules, Service};
use crate::scenarios::{Challenge, Info, Moment, Parameter, ParameterKind, Target, Variant};

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
    story: STORY,
    moments: MOMENTS,
    challenges: CHALLENGES,
    left_out: &[
        "Connections are TCP: they neither lose nor reorder; a crash breaks them and a partition makes them wait. A broken pool or a proxy is not modelled.",
        "A Redis expires a key at the moment its clock passes the expiry; a real one does so when somebody asks, or within a tenth of a second. Nobody can tell.",
        "Redisson's lock is a hash with a count, so that its owner may lock again, and it wakes waiters by a message; here the value is a plain owner and waiters poll.",
        "The storage holds one value and does one thing at a time.",
        "Replication and failover are left out: a promoted replica that lacks the lock is a scenario of its own.",
        "A client that gets no answer at all gives up; a real one may retry and find its own lock in its way.",
    ],
    sources: &[
        ("redis/docs: Distributed locks with Redis", "the single-instance lock, the release by script, fencing tokens"),
        ("Redis 7.0 source and commands reference", "SET, PEXPIRE, expiry (`keyIsExpired`), `appendfsync`"),
        ("Redisson: RLock, RFencedLock", "watchdog of 30 s renewed every 10 s; tokens from a counter"),
        ("Kleppmann: How to do distributed locking (2016)", "the pause, the delayed write, fencing"),
    ],
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
    Parameter {
        id: "work",
        label: "Work",
        help: "How long a client works inside.",
        kind: ParameterKind::Int { min: 100, max: 60_000, step: 100, unit: "ms" },
        default: "2000",
    },
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

const STORY: &[&str] = &[
    "Two processes on two machines must not do the same thing at once. Neither can see the other's memory, so they agree on a third place: a key in Redis. Who sets it may go in; who finds it set waits; who leaves deletes it.",
    "Everything that can go wrong is in that last sentence. If its holder crashes, nobody deletes the key, so it needs an expiry. The expiry must come with the key, in one command, or a crash falls between the two. And once a lock can expire, it can belong to another by the time its first holder releases it, so a release must check whose it is.",
    "What is then left is what no lock service can mend: the lease is a promise about time, and its holder may not be running when it ends. A garbage collection, a suspended machine, a write that lingers in the network: the lease is over, another is inside, and the first goes on as if nothing had happened.",
    "There are two answers. Make the lease longer than any pause that you care about, or renew it; that makes the overlap rare, and for work that may be done twice it is enough. Or let the storage itself refuse whoever comes late, by a number that grows with each grant; then it no longer matters who believes what. Pause a client and see which of the two you need.",
];

const MOMENTS: &[Moment] = &[
    Moment {
        title: "A lock for ever",
        text: "The holder crashed, the key has no expiry, and b asks in vain.",
        variant: "no-expiry",
        parameters: &[],
        choices: "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,b.begin+500,b-r+5,r-b+5,a!crash+100,b:retry,b-r+5,r-b+5",
        step: None,
    },
    Moment {
        title: "Between two commands",
        text: "SETNX was done, EXPIRE was not: the crash broke the connection that carried it.",
        variant: "set-then-expire",
        parameters: &[],
        choices: "a.begin,a-r+5,b.begin,r-a+5,b-r,r-b+5,a!crash",
        step: None,
    },
    Moment {
        title: "An exception on the way out",
        text: "No crash at all: the work throws, the release is skipped, the lock stays.",
        variant: "forgotten-release",
        parameters: &[],
        choices: "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,b.begin+500,b-r+5,r-b+5,a:work",
        step: None,
    },
    Moment {
        title: "The stolen lock",
        text: "a's DEL was slow. It arrives when the lock is b's, and c walks in beside b.",
        variant: "no-owner-check",
        parameters: &[("clients", "3")],
        choices: "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,b.begin+100,b-r+5,r-b+5,a:work,a-s+5,s-a+5,a:reply,b:retry,b-r+5,r-b+5,r:expire,b:retry,b-r+5,r-b+5,b-s+5,s-b+5,a-r,c.begin+5,c-r+5,r-c+5",
        step: None,
    },
    Moment {
        title: "The stolen lock, refused",
        text: "The same schedule with the release by script: the late release finds another's value and does nothing.",
        variant: "owner-checked",
        parameters: &[("clients", "3")],
        choices: "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,b.begin+100,b-r+5,r-b+5,a:work,a-s+5,s-a+5,a:reply,b:retry,b-r+5,r-b+5,r:expire,b:retry,b-r+5,r-b+5,b-s+5,s-b+5,a-r,c.begin+5,c-r+5,r-c+5",
        step: None,
    },
    Moment {
        title: "Kleppmann's pause",
        text: "a stops inside, its lease runs out, b goes in and writes. a wakes and overwrites what b wrote.",
        variant: "owner-checked",
        parameters: &[],
        choices: "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,b.begin+100,b-r+5,r-b+5,a!pause,b:retry,b-r+5,r-b+5,r:expire,b:retry,b-r+5,r-b+5,b-s+5,s-b+5,b:work,b-s+5,s-b+5,a!resume,a:work,a-s+5",
        step: None,
    },
    Moment {
        title: "Work outlives the lease",
        text: "Nothing fails: the work takes six seconds and the lease five.",
        variant: "owner-checked",
        parameters: &[("work", "6000")],
        choices: "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,b.begin+1200,b-r+5,r-b+5,r:expire,b:retry,b-r+5,r-b+5",
        step: None,
    },
    Moment {
        title: "Redis's clock jumps",
        text: "The server's clock is set forward by six seconds, and with it the lease is over.",
        variant: "owner-checked",
        parameters: &[],
        choices: "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,b.begin+100,r!jump6000,r:expire,b-r+5,r-b+5",
        step: None,
    },
    Moment {
        title: "Redis forgets",
        text: "Without persistence a restart of Redis frees every lock, whoever is inside.",
        variant: "owner-checked",
        parameters: &[("persistence", "off")],
        choices: "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,r!crash+100,r!restart+200,b.begin,b-r+5,r-b+5",
        step: None,
    },
    Moment {
        title: "The watchdog at work",
        text: "The work takes 25 s, three times the renewal period: the lease never runs out.",
        variant: "watchdog",
        parameters: &[],
        choices: "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,b.begin+100,b-r+5,r-b+5,a:renew,a-r+5,r-a+5,a:renew,a-r+5,r-a+5,b:retry,b-r+5,r-b+5,a:work,a-s+5,s-a+5,a-r+5,r-a+5,b:retry,b-r+5,r-b+5",
        step: None,
    },
    Moment {
        title: "Fenced off",
        text: "The same pause. The storage has seen token 2, so it refuses a's write with token 1.",
        variant: "fenced",
        parameters: &[],
        choices: "a.begin,a-r+5,r-a+5,a-s+5,s-a+5,b.begin+100,b-r+5,r-b+5,a!pause,b:retry,b-r+5,r-b+5,r:expire,b:retry,b-r+5,r-b+5,b-s+5,s-b+5,b:work,b-s+5,s-b+5,a!resume,a:work,a-s+5,s-a+5",
        step: None,
    },
];

const CHALLENGES: &[Challenge] = &[
    Challenge {
        id: "lock-for-ever",
        title: "A lock for ever",
        text: "One crash: leave a lock that nobody will ever release.",
        variant: "set-then-expire",
        parameters: &[],
        budget: &[("crash", 1), ("delay", 0)],
        target: Target::Break("orphan"),
        choices: 4,
        hints: [
            "Where is the lock without an expiry?",
            "Between SETNX and PEXPIRE, for as long as the latter is on its way.",
            "Let a take the lock, and crash it before its PEXPIRE arrives.",
        ],
    },
    Challenge {
        id: "steal-a-lock",
        title: "Steal a lock",
        text: "No fault, one slow message: let a delete the lock that b holds.",
        variant: "no-owner-check",
        parameters: &[],
        budget: &[("delay", 1)],
        target: Target::Break("owner"),
        choices: 13,
        hints: [
            "A release that is on its way is nobody's.",
            "Let a finish its work and hold its DEL back.",
            "Let the lock expire while the DEL is on its way, let b take it, and then let the DEL arrive.",
        ],
    },
    Challenge {
        id: "overwrite",
        title: "Overwrite a write",
        text: "One pause: let a client overwrite what the other wrote, without having seen it.",
        variant: "owner-checked",
        parameters: &[],
        budget: &[("pause", 1), ("delay", 0)],
        target: Target::Break("past"),
        choices: 20,
        hints: [
            "Whoever overwrites must have read before the other wrote.",
            "Pause a once it has read, and let its lease run out.",
            "b takes the lock, reads, works and writes; then wake a and let it write.",
        ],
    },
];
