//! Words of the locks: rules, parameters, messages, timers, steps.

use crate::engine::NodeId;
use crate::scenarios::Values;
use crate::servers::redis::Reply;

/// Most clients.
pub const MAX_CLIENTS: usize = 3;
/// The key of the lock.
pub const LOCK: &str = "lock";
/// The key of the counter that fencing tokens come from.
pub const FENCE: &str = "fence";
/// The keys where there are seats: of all of them, and of each.
pub const KEYS: [&str; 3] = [LOCK, "seat-1", "seat-2"];

/// Whose a lock is: the value under its key. A client draws a new one for every attempt, as it would a random one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Owner {
    /// The client, from 0.
    pub client: u8,
    /// Which of its attempts.
    pub attempt: u8,
}

impl Owner {
    /// The value: `a1`.
    pub fn text(self) -> String {
        format!("{}{}", char::from(b'a' + self.client), self.attempt)
    }

    /// The number of its session: one for each attempt.
    pub fn session(self) -> u16 {
        u16::from(self.client) << 8 | u16::from(self.attempt)
    }

    /// Whose session this is.
    pub fn of_session(session: u16) -> Self {
        Owner { client: (session >> 8) as u8, attempt: session as u8 }
    }

    /// The owner that a value names.
    pub fn parse(text: &str) -> Option<Owner> {
        let client = text.bytes().next()?.checked_sub(b'a')?;
        Some(Owner { client, attempt: text.get(1..)?.parse().ok()? })
    }
}

/// What a client asks of a server.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Command {
    /// SETNX: the lock without an expiry.
    SetNx,
    /// PEXPIRE: the expiry, afterwards.
    Expire,
    /// SET NX PX.
    Set,
    /// The same with the next fencing token, in one script.
    SetWithToken,
    /// DEL, whoever holds it.
    Del,
    /// DEL if it is still one's own, in one script.
    DelOwn,
    /// PEXPIRE if it is still one's own, in one script: the so-manieth renewal, so that a late reply is not taken for one to the next.
    Extend(u8),
    /// Begin a session, or a lease.
    Connect,
    /// Take a place; of a Consul: acquire the key.
    Create,
    /// ZooKeeper: who is there?
    Children,
    /// Tell when this place is gone.
    Watch(i32),
    /// Give up a place.
    Delete(i32),
    /// It lives.
    Ping,
    /// End the session, or the lease.
    Close,
    /// etcd: who was first?
    First,
    /// etcd: who was last before this revision?
    Before(i32),
    /// etcd: is one's own key still there?
    Own,
    /// A table: the row, to see whether the lock is to be had.
    Look,
    /// A table: take the row, whoever has it.
    Seize,
    /// A table: take the row if it is over by the client's clock, which says this.
    SetAt(i64),
    /// Redis: answer once so many replicas have what was written (WAIT), or have not in time.
    Wait,
    /// Redis to its replica: say that you have all that was sent before (REPLCONF GETACK).
    GetAck,
    /// Sentinel: which Redis is the master?
    Master,
    /// Sentinel to a replica: be the master (REPLICAOF NO ONE).
    Promote,
    /// SET NX PX of one of several keys (its place in [`KEYS`]).
    SetKey(u8),
    /// DEL of one of several keys if it is still one's own, in one script.
    DelKey(u8),
}

/// What a server answers, of what can come of these commands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Answer {
    /// OK.
    Ok,
    /// Nothing: the lock is taken, or the place is not there.
    Nil,
    /// A number.
    Int(i64),
    /// Places: the lowest, and all as bits counted from it; a place 64 behind the lowest is not told.
    Children {
        /// The lowest.
        first: i32,
        /// All.
        others: u64,
    },
    /// The session has ended.
    Expired,
    /// One's own place, and the first.
    Place {
        /// One's own.
        own: i32,
        /// The first.
        first: i32,
    },
}

impl Answer {
    /// From a reply. Errors cannot come: no key holds what its commands do not expect.
    pub fn of(reply: &Reply) -> Self {
        match reply {
            Reply::Int(number) => Answer::Int(*number),
            Reply::Simple(_) => Answer::Ok,
            _ => Answer::Nil,
        }
    }

    /// From places in order.
    pub fn children(all: &[i32]) -> Self {
        let first = all.first().copied().unwrap_or(0);
        let bits = all.iter().filter_map(|place| 1_u64.checked_shl((place - first) as u32));
        Answer::Children { first, others: bits.fold(0, |all, bit| all | bit) }
    }

    /// Whether the command found what it asked for and changed something.
    pub fn did(self) -> bool {
        !matches!(self, Answer::Nil | Answer::Int(0))
    }
}

/// What is sent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Msg {
    /// Client to Redis.
    Ask(Owner, Command),
    /// Redis to client: the reply to that command.
    Answer(Owner, Command, Answer),
    /// Client to storage: what is it now? With the fencing token, where the client has one.
    Read(Owner, Option<i64>),
    /// Storage to client: what it is; with the token that the storage hands out, where it does.
    Value(Owner, Option<i64>),
    /// Client to storage: what it shall be.
    Write(Owner, Option<i64>),
    /// Storage to client: written.
    Written(Owner),
    /// Storage to client: refused, its token is too old.
    Refused(Owner),
    /// Service to client: the place that it watched is gone.
    Gone(Owner, i32),
    /// A master to its replica: that command was done, and the lock stands for so many ms. `Promote` comes before all that a new
    /// master holds.
    Copy(Owner, Command, i64),
}

/// Timers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Timer {
    /// Client: how long it waits for a reply.
    Reply,
    /// Client: how long its work takes.
    Work,
    /// Client: when it tries again.
    Retry,
    /// Client: when its watchdog renews the lease.
    Renew,
    /// Client: when its lease is over by its own reckoning.
    Deadline,
    /// Redis: when the next key expires.
    Expire,
    /// Redis: the fsync of every second.
    Fsync,
    /// Redis: when it may answer again after a restart.
    Awake,
    /// Redis: when a WAIT ends without enough replicas.
    Wait,
    /// Sentinel: when a master that does not answer counts as down.
    Down,
    /// Client: when it has waited long enough.
    Limit,
}

/// What a client does of its own accord.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Step {
    /// It wants the lock.
    Begin,
    /// It draws how long it waits before it tries again: so many times the retry delay.
    Wait(u8),
}

/// When a Redis has its data on the disk.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Persistence {
    /// Never.
    Off,
    /// Every second (`appendfsync everysec`).
    EverySecond,
    /// Before it answers (`appendfsync always`).
    Always,
}

/// What a lease is shortened by for clocks that run at different speeds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Margin {
    /// By nothing, as Redisson has it.
    None,
    /// By a hundredth of it, as redsync has it.
    Hundredth,
    /// By a hundredth of it and 2 ms, as redlock-rb has it.
    HundredthAnd2,
}

/// How much of a lease is left: what it was, less the time that getting it took, less the margin. In ms; nothing is left where it is not positive.
pub fn validity_ms(ttl_ms: u32, elapsed_ms: i64, margin: Margin) -> i64 {
    let margin_ms = match margin {
        Margin::None => 0,
        Margin::Hundredth => i64::from(ttl_ms) / 100,
        Margin::HundredthAnd2 => i64::from(ttl_ms) / 100 + 2,
    };
    i64::from(ttl_ms) - elapsed_ms - margin_ms
}

/// Who keeps the lock.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Service {
    /// One Redis or several.
    Redis,
    /// A ZooKeeper.
    ZooKeeper,
    /// An etcd.
    Etcd,
    /// A Consul.
    Consul,
    /// A table in a database.
    Table,
    /// PostgreSQL's advisory locks.
    Advisory,
}

impl Service {
    /// The id and the title of its lifeline.
    pub fn lane(self) -> (&'static str, &'static str) {
        match self {
            Service::Redis => ("r", "Redis"),
            Service::ZooKeeper => ("z", "ZooKeeper"),
            Service::Etcd => ("e", "etcd"),
            Service::Consul => ("k", "Consul"),
            Service::Table => ("d", "database"),
            Service::Advisory => ("d", "PostgreSQL"),
        }
    }

    /// Whether its locks end with sessions, which clients keep alive.
    pub fn has_sessions(self) -> bool {
        !matches!(self, Service::Redis | Service::Table)
    }

    /// A place as it is called there.
    pub fn place(self, place: i32) -> String {
        match self {
            Service::Etcd => format!("{LOCK} #{place}"),
            Service::Consul | Service::Redis | Service::Table | Service::Advisory => LOCK.to_owned(),
            Service::ZooKeeper => format!("{LOCK}-{place}"),
        }
    }
}

/// How the lock is taken, kept and given back.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Rules {
    /// Who keeps it.
    pub service: Service,
    /// The first command.
    pub take: Command,
    /// Whether the expiry comes with a second command.
    pub expires_later: bool,
    /// The last.
    pub give: Command,
    /// Whether it is also given back where the work fails.
    pub finally: bool,
    /// Whether the client looks at its clock when it has the lock.
    pub looks: bool,
    /// Whether it stops once its lease is over by its own reckoning.
    pub stops: bool,
    /// Whether a watchdog renews the lease while the work goes on.
    pub renews: bool,
    /// Whether the storage refuses old tokens.
    pub fenced: bool,
    /// Whether a Redis that comes back keeps silent until every lease from before has run out.
    pub delayed_restart: bool,
    /// Whether a single server holds the lock, or a majority of several.
    pub single: bool,
    /// Whether all who wait watch the first place, and not each the one before its own.
    pub herd: bool,
    /// Whether whoever was woken looks whether its own key is still there.
    pub checks: bool,
    /// Whether what the lock protects stands in the same service, and is written in a transaction on the condition of the lock.
    pub guarded: bool,
    /// Whether the client's clock says when a row is over, and not the database's.
    pub own_clock: bool,
    /// How the database's connections are shared.
    pub pool: Pool,
    /// Whether the lock is taken at transaction level.
    pub in_transaction: bool,
    /// Whether the client takes it twice and gives it back once.
    pub twice: bool,
    /// Whether the servers are a master and its replicas, of which one takes over.
    pub replicated: bool,
    /// How many replicas must have the lock before its client goes in.
    pub acks: u8,
    /// Whether the client goes in whatever it was answered.
    pub ignores: bool,
    /// Whether it gives up once it has waited for so long.
    pub limited: bool,
    /// Whether who has the lock is a leader, which goes on to write, and each grant an epoch.
    pub leads: bool,
    /// Whether it asks whether it still has the lock before it writes.
    pub asks_first: bool,
    /// What one lock is for.
    pub grain: Grain,
    /// Whether it stands beside the other locks, with what they cost and survive.
    pub compares: bool,
}

impl Rules {
    /// The least number of servers with which they do what they are for: a master and a replica, three of which two are a majority, or one.
    pub fn least_servers(&self) -> u8 {
        match (self.replicated, self.single) {
            (true, _) => 2,
            (false, false) => 3,
            (false, true) => 1,
        }
    }
}

/// What one lock is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Grain {
    /// The one thing that there is.
    One,
    /// All seats.
    All,
    /// A seat; whoever wants two takes first which it thinks of first.
    Seat,
    /// A seat; whoever wants two takes them in their order.
    Ordered,
}

/// How a database's connections are shared.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Pool {
    /// Not at all: each client has its own.
    None,
    /// One is lent to a client until it closes it, and then is as it was left.
    Session,
    /// The same, and what was left is discarded (`DISCARD ALL`).
    Reset,
    /// One is lent for a transaction at a time (PgBouncer's transaction pooling).
    Transaction,
}

/// Rules and parameters of a run.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Config {
    /// The rules of the variant.
    pub rules: Rules,
    /// How many clients.
    pub clients: u8,
    /// How many Redis servers.
    pub masters: u8,
    /// Whether they are asked all at once, or one after the other.
    pub at_once: bool,
    /// The lease, in ms.
    pub ttl_ms: u32,
    /// How long the work takes, in ms.
    pub work_ms: u32,
    /// How long a client waits before it tries again, in ms.
    pub retry_ms: u32,
    /// How long it waits for one reply, in ms.
    pub timeout_ms: u32,
    /// Between two renewals, in ms.
    pub renew_ms: u32,
    /// For how long nobody gets a lock whose holder's session was invalidated, in ms.
    pub delay_ms: u32,
    /// What it shortens its lease by.
    pub margin: Margin,
    /// Most attempts; 0 for no end.
    pub tries: u8,
    /// When a Redis has its data on the disk.
    pub persistence: Persistence,
    /// Whose work fails (bit per client).
    pub throws: u8,
    /// How many connections a pool has.
    pub connections: u8,
    /// How long a client is to wait at most, in ms; 0 where nothing is said of it.
    pub limit_ms: u32,
    /// Whether each client wants both seats, where there are seats.
    pub both: bool,
}

impl Config {
    /// From the rules of a variant and the values of the parameters, all within their ranges.
    pub fn new(rules: Rules, values: &Values) -> Self {
        let int = |id: &str| values.int(id);
        let throws =
            values.nodes("throws").filter_map(|id| id.bytes().next()).fold(0, |set, id| set | 1 << (id - b'a'));
        Config {
            rules,
            clients: int("clients") as u8,
            masters: match int("masters") as u8 {
                0 => rules.least_servers(),
                masters => masters,
            },
            at_once: values.text("ask") == "at-once",
            ttl_ms: int("ttl") as u32,
            work_ms: int("work") as u32,
            retry_ms: int("retry") as u32,
            timeout_ms: int("timeout") as u32,
            renew_ms: int("renew") as u32,
            delay_ms: int("delay") as u32,
            margin: match values.text("margin") {
                "redlock-rb" => Margin::HundredthAnd2,
                "redsync" => Margin::Hundredth,
                _ if rules.compares && !rules.single => Margin::HundredthAnd2,
                _ => Margin::None,
            },
            tries: int("tries") as u8,
            persistence: match values.text("persistence") {
                "off" => Persistence::Off,
                "everysec" => Persistence::EverySecond,
                _ => Persistence::Always,
            },
            throws,
            connections: int("connections") as u8,
            limit_ms: int("limit") as u32,
            both: values.text("wants") == "both",
        }
    }

    /// The lifeline of a Redis, from 0.
    pub fn master(&self, index: u8) -> NodeId {
        NodeId(self.clients + index)
    }

    /// Which Redis a lifeline is, if it is one.
    pub fn index_of(&self, node: NodeId) -> Option<u8> {
        node.0.checked_sub(self.clients).filter(|index| *index < self.masters)
    }

    /// The lifeline of the Sentinel, where there is one.
    pub fn sentinel(&self) -> Option<NodeId> {
        self.rules.replicated.then(|| NodeId(self.storage().0 + 1))
    }

    /// The lifeline of the storage.
    pub fn storage(&self) -> NodeId {
        NodeId(self.clients + if self.rules.guarded { 0 } else { self.masters })
    }

    /// Every Redis, bit per server.
    pub fn all_masters(&self) -> u8 {
        (1 << self.masters) - 1
    }

    /// How many Redis servers make a majority.
    pub fn quorum(&self) -> u32 {
        if self.rules.single { 1 } else { u32::from(self.masters / 2 + 1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validity_is_what_the_libraries_say() {
        // redlock-rb, redsync, Redisson: TTL 10 s, 50 ms elapsed.
        assert_eq!(validity_ms(10_000, 50, Margin::HundredthAnd2), 9_848);
        assert_eq!(validity_ms(10_000, 50, Margin::Hundredth), 9_850);
        assert_eq!(validity_ms(10_000, 50, Margin::None), 9_950);
        assert!(validity_ms(10_000, 9_900, Margin::HundredthAnd2) < 0, "a pause before the second reading uses it up");
    }

    #[test]
    fn an_owner_reads_back_as_it_is_written() {
        let owner = Owner { client: 2, attempt: 11 };
        assert_eq!(owner.text(), "c11");
        assert_eq!(Owner::parse("c11"), Some(owner));
        assert_eq!(Owner::parse("7"), None);
        assert_eq!(Owner::parse(""), None);
    }
}
