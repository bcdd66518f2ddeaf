//! Locks and the storage that they protect: over a database (`lock-table`, `advisory-lock`), one Redis (`redis-lock`), one with replicas
//! (`redis-failover`), a majority of several (`redlock`), a ZooKeeper, an etcd or a Consul (`zookeeper-lock` and its like). All are one protocol, so
//! that the page carries it once; scenarios and variants are rules ([`vocabulary::Rules`]).
//!
//! Rooms: `vocabulary` rules and parameters, `wording` how they read; `client` a client, `waiter` how it waits at a service with sessions, and `seats`
//! how it takes one lock of several; `servers` a Redis and the storage, `failover` a Redis with replicas and its Sentinel, `keeper` a service of another
//! kind, and `database` what it is where that is one; `judge` what must hold, and who waits for whom; `look` how nodes look; `figures` what a run has cost, and `measure` what all of them do; `redis_lock` and its like what the catalogue says of each scenario.

mod advisory_lock;
mod client;
mod consul_lock;
mod database;
mod etcd_lock;
mod failover;
mod figures;
mod judge;
mod keeper;
mod leader_election;
mod lock_comparison;
mod lock_granularity;
mod lock_table;
mod look;
mod measure;
mod redis_failover;
mod redis_lock;
mod redlock;
mod seats;
mod servers;
mod try_lock;
mod vocabulary;
mod waiter;
mod wording;
mod zookeeper_lock;

use std::borrow::Cow;
use std::fmt;
use std::hash::Hash;

use self::client::{Client, More, Phase};
use self::failover::{Member, Sentinel};
use self::judge::Ghost;
use self::keeper::Keeper;
use self::servers::{Server, Storage};
use self::vocabulary::{Config, Grain, Msg, Persistence, Rules, Service, Step, Timer};
use super::{Entry, Info, Part, Values, Variant};
use crate::engine::{
    Blocked, Channel, Cx, Exhibit, Exposure, Figure, Goal, Input, Invariant, KeyHasher, Lane, Look, NodeId, Protocol,
    Recorded, Relabel, Run, Trace, World,
};

/// A scenario in the catalogue: what it says of itself, and the rules of each variant.
pub struct Lock {
    info: &'static Info,
    rules: fn(&str) -> Rules,
}

// By its name: all that it says of itself would be much to print, and much code to print it.
impl fmt::Debug for Lock {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.info.id)
    }
}

/// The scenario with one Redis.
pub static REDIS: Lock = Lock { info: &redis_lock::INFO, rules: redis_lock::rules };
/// The scenario with a table.
pub static TABLE: Lock = Lock { info: &lock_table::INFO, rules: lock_table::rules };
/// The scenario with a Redis and its replicas.
pub static FAILOVER: Lock = Lock { info: &redis_failover::INFO, rules: redis_failover::rules };
/// The scenario with PostgreSQL's advisory locks.
pub static ADVISORY: Lock = Lock { info: &advisory_lock::INFO, rules: advisory_lock::rules };
/// The scenario with leaders.
pub static LEADER: Lock = Lock { info: &leader_election::INFO, rules: leader_election::rules };
/// The scenario with a limit to waiting.
pub static TRY: Lock = Lock { info: &try_lock::INFO, rules: try_lock::rules };
/// The scenario with seats.
pub static GRAIN: Lock = Lock { info: &lock_granularity::INFO, rules: lock_granularity::rules };
/// The scenario with all of them.
pub static COMPARISON: Lock = Lock { info: &lock_comparison::INFO, rules: lock_comparison::rules };
/// The scenario with several.
pub static REDLOCK: Lock = Lock { info: &redlock::INFO, rules: redlock::rules };
/// The scenario with a ZooKeeper.
pub static ZOOKEEPER: Lock = Lock { info: &zookeeper_lock::INFO, rules: zookeeper_lock::rules };
/// The scenario with an etcd.
pub static ETCD: Lock = Lock { info: &etcd_lock::INFO, rules: etcd_lock::rules };
/// The scenario with a Consul.
pub static CONSUL: Lock = Lock { info: &consul_lock::INFO, rules: consul_lock::rules };

/// The part of the page that they are in.
pub const PART: Part = Part::Locks;

impl Lock {
    /// What it declares about itself.
    pub const fn declared(&self) -> &'static Info {
        self.info
    }
}

impl Entry for Lock {
    fn info(&self) -> &'static Info {
        self.info
    }

    fn part(&self) -> Part {
        PART
    }

    fn start(&self, variant: &'static Variant, values: &Values, _seed: u64) -> Box<dyn Run> {
        let config = Config::new((self.rules)(variant.id), values);
        Box::new(Recorded::new(Locks { config }, self.info.invariants, self.info.goals))
    }
}

/// The protocol with its rules and parameters.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Locks {
    config: Config,
}

/// State of a node.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Node {
    /// A client.
    Client(Client),
    /// A Redis.
    Server(Server),
    /// A service with sessions. Boxed, so that the other nodes, which the search copies most, stay small.
    Keeper(Box<Keeper>),
    /// The storage.
    Storage(Storage),
    /// A Redis that is a master or a replica.
    Member(Box<Member>),
    /// The Sentinel.
    Sentinel(Sentinel),
}

impl Locks {
    fn hash_server(&self, server: &Server, local_ms: i64, hasher: &mut KeyHasher) {
        server.data.hash_at(local_ms, hasher);
        // Where all is forced before the answer, the disk most often holds what the memory does.
        let disk = server.disk.survives();
        if self.config.persistence != Persistence::Off && *disk != server.data {
            disk.hash_at(local_ms, hasher);
        }
        server.is_silent.hash(hasher);
    }
}

impl Protocol for Locks {
    type Node = Node;
    type Msg = Msg;
    type Timer = Timer;
    type Step = Step;
    type Ghost = Ghost;

    fn lanes(&self) -> Vec<Lane> {
        let lane = |node: NodeId| {
            let id = self.lane_id(node);
            let (title, role) = match self.config.index_of(node) {
                Some(_) if self.config.masters == 1 => (self.config.rules.service.lane().1.to_owned(), "server"),
                Some(index) => (format!("Redis {}", index + 1), "server"),
                None if node == self.config.storage() => ("storage".to_owned(), "storage"),
                None if Some(node) == self.config.sentinel() => ("Sentinel".to_owned(), "server"),
                None => (format!("client {id}"), "client"),
            };
            Lane { id, title, role, group: String::new() }
        };
        let last = self.config.sentinel().unwrap_or(self.config.storage());
        (0..=last.0).map(|at| lane(NodeId(at))).collect()
    }

    fn lane_id(&self, node: NodeId) -> String {
        match self.config.index_of(node) {
            Some(_) if self.config.masters == 1 => self.config.rules.service.lane().0.to_owned(),
            Some(index) => format!("r{}", index + 1),
            None if node == self.config.storage() => "s".to_owned(),
            None if Some(node) == self.config.sentinel() => "w".to_owned(),
            None => char::from(b'a' + node.0).to_string(),
        }
    }

    fn initial(&self, me: NodeId) -> Node {
        if self.config.index_of(me).is_some() {
            match self.config.rules.service {
                Service::Redis if self.config.rules.replicated => Node::Member(Box::new(Member::new())),
                Service::Redis => Node::Server(Server::new()),
                service => Node::Keeper(Box::new(Keeper::new(service))),
            }
        } else if me == self.config.storage() {
            Node::Storage(Storage::default())
        } else if Some(me) == self.config.sentinel() {
            Node::Sentinel(Sentinel::default())
        } else {
            Node::Client(Client::new())
        }
    }

    fn on(&self, _me: NodeId, node: &mut Node, input: Input<Self>, cx: &mut Cx<'_, Self>) {
        match node {
            Node::Client(client) => client.on(&self.config, input, cx),
            Node::Server(server) => server.on(&self.config, input, cx),
            Node::Keeper(keeper) => keeper.on(&self.config, input, cx),
            Node::Storage(storage) => storage.on(&self.config, input, cx),
            Node::Member(member) => member.on(&self.config, input, cx),
            Node::Sentinel(sentinel) => sentinel.on(&self.config, input, cx),
        }
    }

    fn crashed(&self, _me: NodeId, node: &Node) -> Node {
        match node {
            Node::Client(client) => Node::Client(client.crashed()),
            Node::Server(server) => Node::Server(server.crashed()),
            Node::Member(member) => Node::Member(Box::new(member.crashed())),
            Node::Keeper(_) | Node::Storage(_) | Node::Sentinel(_) => node.clone(),
        }
    }

    fn steps(&self, _me: NodeId, node: &Node) -> Vec<Step> {
        match node {
            Node::Client(client) => match client.phase {
                Phase::Idle => vec![Step::Begin],
                Phase::Drawing => vec![Step::Wait(1), Step::Wait(2)],
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    // Every client has a TCP connection to every server.
    fn channel(&self, _from: NodeId, _to: NodeId) -> Channel {
        Channel::Fifo
    }

    fn jumps_ms(&self) -> Vec<i64> {
        let past_a_lease = i64::from(self.config.ttl_ms) + 1_000;
        vec![past_a_lease, -past_a_lease]
    }

    fn rates_permille(&self) -> Vec<u32> {
        // What a drift margin of a hundredth is made for, and what no margin is.
        if self.config.rules.single { vec![500, 1_000, 2_000] } else { vec![990, 1_000, 1_010] }
    }

    fn exposure(&self, me: NodeId) -> Exposure {
        let (is_server, rules) = (self.config.index_of(me).is_some(), &self.config.rules);
        let is_keeper = rules.service != Service::Redis && is_server;
        if me == self.config.storage() || Some(me) == self.config.sentinel() || is_keeper {
            // A database tells whether a row is over by the time of day.
            let clock = is_server && rules.service == Service::Table;
            return Exposure { partition: true, clock, ..Exposure::NONE };
        }
        // Clients measure with a monotonic clock, unless they send it along; a Redis expires keys by the time of day. For a process that is paused, its
        // kernel answers.
        Exposure { clock: is_server || rules.own_clock, pause: rules.service != Service::Advisory, ..Exposure::ALL }
    }

    fn message_name(&self, msg: &Msg) -> Cow<'static, str> {
        wording::name(&self.config, msg)
    }

    fn message_body(&self, msg: &Msg) -> String {
        let name = wording::name(&self.config, msg);
        match msg {
            Msg::Ask(owner, command) => self.config.command(*owner, *command),
            Msg::Answer(owner, command, _) => format!("{name} to {}", self.config.command(*owner, *command)),
            Msg::Copy(_, _, left_ms) if *left_ms > 0 => format!("{name} PX {left_ms}"),
            Msg::Copy(owner, ..)
            | Msg::Gone(owner, _)
            | Msg::Read(owner, _)
            | Msg::Value(owner, _)
            | Msg::Write(owner, _)
            | Msg::Written(owner)
            | Msg::Refused(owner) => format!("{name} ({})", owner.text()),
        }
    }

    fn timer_name(&self, timer: Timer) -> Cow<'static, str> {
        Cow::Borrowed(wording::timer_name(timer))
    }

    fn step_name(&self, step: Step) -> Cow<'static, str> {
        match step {
            Step::Begin => Cow::Borrowed("begin"),
            Step::Wait(times) => Cow::Owned(format!("wait-{times}")),
        }
    }

    fn step_label(&self, step: Step) -> Cow<'static, str> {
        match step {
            Step::Begin => Cow::Borrowed("want the lock"),
            Step::Wait(times) => Cow::Owned(format!("wait {} ms", self.config.retry_ms * u32::from(times))),
        }
    }

    fn step_sentence(&self, id: &str, step: Step) -> String {
        match step {
            Step::Begin => format!("{id} wants the lock."),
            Step::Wait(times) => format!("{id} draws a delay of {} ms.", self.config.retry_ms * u32::from(times)),
        }
    }

    fn look(&self, me: NodeId, node: &Node) -> Look {
        match node {
            Node::Client(client) => look::client(&self.config, client),
            Node::Server(server) => look::server(&self.config, server),
            Node::Keeper(keeper) => look::keeper(&self.config, keeper),
            Node::Storage(storage) => look::storage(&self.config, storage),
            Node::Member(member) => look::member(&self.config, self.config.index_of(me).unwrap_or(0), member),
            Node::Sentinel(sentinel) => look::sentinel(sentinel),
        }
    }

    fn blocked(&self, me: NodeId, world: &World<Self>) -> Option<Blocked> {
        judge::blocked(self, me, world)
    }

    // Asked one after the other, the first server is not the last.
    fn interchangeable(&self) -> Vec<Vec<NodeId>> {
        if !self.config.at_once {
            return Vec::new();
        }
        vec![(0..self.config.masters).map(|index| self.config.master(index)).collect()]
    }

    // Only clients name servers: by their bits.
    fn relabel_node(&self, node: &Node, relabel: &Relabel) -> Node {
        let Node::Client(client) = node else { return node.clone() };
        let moved = |servers: u8| relabel.bits(u32::from(servers), self.config.master(0)) as u8;
        Node::Client(Client { awaited: moved(client.awaited), granted: moved(client.granted), ..client.clone() })
    }

    fn hash_relabelled(&self, node: &Node, relabel: &Relabel, local_ms: i64, hasher: &mut KeyHasher) {
        match node {
            Node::Client(_) => self.hash_node(&self.relabel_node(node, relabel), local_ms, hasher),
            _ => self.hash_node(node, local_ms, hasher),
        }
    }

    // A server is told apart by what it holds, by which clients have heard what from it, and by what is on its way: that is all there is.
    fn mark_apart(&self, me: NodeId, world: &World<Self>, hasher: &mut KeyHasher) {
        self.hash_node(world.state(me), world.slot(me).clock.read(world.now_ms), hasher);
        let at = me.0 - self.config.clients;
        for client in (0..self.config.clients).filter_map(|at| judge::client(world, NodeId(at))) {
            (client.awaited >> at & 1, client.granted >> at & 1).hash(hasher);
        }
        for message in world.network.in_flight.iter().filter(|message| message.from == me || message.to == me) {
            let other = if message.from == me { message.to } else { message.from };
            (message.from == me, other, &message.msg).hash(hasher);
        }
        for side in &world.network.sides {
            (side >> me.0 & 1).hash(hasher);
        }
    }

    fn marks_are_whole(&self) -> bool {
        true
    }

    fn hash_node(&self, node: &Node, local_ms: i64, hasher: &mut KeyHasher) {
        match node {
            Node::Client(client) => {
                let asks = client.awaited != 0 || matches!(client.phase, Phase::Asking | Phase::Expiring);
                // Whose connection it is, and not when it asked, says how long an advisory lock stands.
                let collects = self.config.rules.grain != Grain::One && client.granted != 0;
                let minds_time = self.config.rules.service != Service::Advisory
                    && (client.is_inside() || asks || collects && client.phase == Phase::Waiting);
                let relative = Client {
                    asked_ms: if minds_time { client.asked_ms - local_ms } else { 0 },
                    until_ms: client.until_ms.map(|until_ms| until_ms - local_ms),
                    more: More { since_ms: client.more.since_ms.map(|since_ms| since_ms - local_ms), ..client.more },
                    ..client.clone()
                };
                relative.hash(hasher);
            }
            Node::Server(server) => self.hash_server(server, local_ms, hasher),
            Node::Member(member) => {
                self.hash_server(&member.server, local_ms, hasher);
                member.hash_rest(hasher);
            }
            Node::Sentinel(sentinel) => sentinel.hash(hasher),
            Node::Keeper(keeper) => keeper.hash_at(local_ms, hasher),
            Node::Storage(storage) => storage.hash(hasher),
        }
    }

    fn invariants() -> &'static [Invariant<Self>] {
        judge::INVARIANTS
    }

    fn promises(&self, invariant: &str) -> bool {
        match (invariant, self.config.rules.service) {
            // Seats are about who waits for whom.
            ("apart" | "circle", _) => self.config.rules.grain != Grain::One,
            ("past" | "owner" | "orphan", _) if self.config.rules.grain != Grain::One => false,
            // Who leads is a matter of belief, and counts where it writes.
            (invariant, _) if self.config.rules.leads || invariant == "epoch" => {
                self.config.rules.leads && invariant == "epoch"
            }
            // Fencing lets two be inside, and only one write.
            ("mutex", _) => !self.config.rules.fenced && !self.config.rules.guarded,
            ("patience", _) => self.config.limit_ms > 0,
            // Where it is about waiting, it is about nothing else.
            ("owner" | "orphan", _) if self.config.limit_ms > 0 => false,
            ("owner", service) => matches!(service, Service::Redis | Service::Table),
            ("orphan", service) => matches!(service, Service::Redis | Service::Table | Service::Advisory),
            ("herd", service) => matches!(service, Service::ZooKeeper | Service::Etcd),
            _ => true,
        }
    }

    fn goals() -> &'static [Goal<Self>] {
        judge::GOALS
    }

    fn exhibits(&self, _world: &World<Self>) -> Vec<Exhibit> {
        if self.config.rules.compares { measure::tables(&self.config) } else { Vec::new() }
    }

    fn figures(&self, trace: &Trace, rows: u32) -> Vec<Figure> {
        figures::figures(self.config.clients, trace, rows)
    }
}
