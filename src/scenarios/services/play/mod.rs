//! What is played: services with their programs, and what they stand on, as the engine drives them.
//!
//! Rooms: `program` what a play is made of, `read` how it is written; `value` memory and conditions; `service` a member that runs its program, and
//! `store` its database; `others` a Redis and a database of its own, `post` a broker; `judge` what must hold; `show` how all of it looks.

mod judge;
mod others;
mod post;
mod program;
mod read;
mod service;
mod show;
mod store;
mod value;

use std::borrow::Cow;
use std::hash::Hash;
use std::sync::Arc;

use self::others::{Base, Cache};
use self::post::Post;
use self::program::{Play, Role, Settled, Trigger, Verb, Word};
use self::service::{Call, Parcel, Service};
use crate::engine::{
    Blocked, Channel, Cx, Exhibit, Exposure, Goal, Input, Invariant, KeyHasher, Lane, Look, NodeId, Protocol, Recorded,
    Run, World,
};
use crate::scenarios::Info;

pub use read::PlayError;

/// What a handler works with.
type Context<'c> = Cx<'c, Services>;

/// What is wrong with a play, if anything is: a line that is not understood, tables that cannot be made, or a query that is not about them.
///
/// # Errors
/// What is wrong.
pub fn check(text: &str) -> Result<(), PlayError> {
    let play = read::read(text)?;
    let readings = play.gauges.iter().map(|gauge| &gauge.reading).chain(&play.states);
    let readings: Vec<_> = readings.chain(play.plan.iter().map(|step| &step.reading)).collect();
    for (node, member) in play.nodes() {
        let wrong = |message: String| PlayError { line: 0, message: format!("tables of {}: {message}", member.id) };
        let made = store::Store::new(&member.schema).map_err(wrong)?;
        let mut queries = readings.iter().filter(|reading| reading.node == node).map(|reading| &reading.query);
        if let Some(message) = queries.find_map(|query| made.fault(query)) {
            return Err(wrong(message));
        }
    }
    Ok(())
}

/// A run at its start.
pub fn start(info: &'static Info, text: &str) -> Box<dyn Run> {
    // That every variant's play can be read is held by a test; in the page, one that could not would be empty, and no reason to break down.
    let play = read::read(text).unwrap_or_default();
    Box::new(Recorded::new(Services { play: Arc::new(play) }, info.invariants, info.goals))
}

/// The protocol: a play that is ready.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Services {
    play: Arc<Play>,
}

/// State of a node.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Node {
    /// A member with a program.
    Service(Box<Service>),
    /// A Redis.
    Cache(Box<Cache>),
    /// A database of its own.
    Base(Box<Base>),
    /// A broker.
    Post(Box<Post>),
}

/// What is sent.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Msg {
    /// Somebody wants something and waits for the answer.
    Ask { call: Call, verb: Verb, words: Vec<Word> },
    /// Somebody is told something.
    Tell { words: Vec<Word> },
    /// An answer: what comes into memory.
    Answer { call: Call, found: Vec<(Word, Word)> },
    /// What a broker hands out.
    Parcel { parcel: Parcel, key: Word, value: Word, is_again: bool },
    /// How a parcel ended.
    Settle { parcel: Parcel, how: Settled, is_ready: bool },
    /// Somebody wants what comes from a topic or queue.
    Subscribe { topic: Word },
}

/// Timers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Timer {
    /// A thread's work or patience.
    Thread(u8),
    /// The next key expires.
    Expire,
    /// A broker's patience with a member.
    Patience(NodeId),
}

impl Protocol for Services {
    type Node = Node;
    type Msg = Msg;
    type Timer = Timer;
    type Step = u16;
    type Ghost = ();

    fn lanes(&self) -> Vec<Lane> {
        let role = |role: Role| match role {
            Role::Client => "client",
            Role::Service => "service",
            Role::Outside => "outside",
            Role::Redis => "redis",
            Role::Database => "database",
            Role::Queue { .. } | Role::Log { .. } => "broker",
        };
        let lane = |member: &program::Member| Lane {
            id: member.id.to_string(),
            title: member.title.to_string(),
            role: role(member.role),
            group: member.group.to_string(),
        };
        self.play.members.iter().map(lane).collect()
    }

    fn initial(&self, me: NodeId) -> Node {
        match self.play.member(me).map(|member| member.role) {
            Some(Role::Redis) => Node::Cache(Box::default()),
            Some(Role::Database) => Node::Base(Box::new(Base::new(&self.play, me))),
            Some(role @ (Role::Queue { .. } | Role::Log { .. })) => Node::Post(Box::new(Post::new(role))),
            _ => Node::Service(Box::new(Service::new(&self.play, me))),
        }
    }

    fn on(&self, _me: NodeId, node: &mut Node, input: Input<Self>, cx: &mut Cx<'_, Self>) {
        match node {
            Node::Service(service) => service.on(&self.play, input, cx),
            Node::Cache(cache) => cache.on(input, cx),
            Node::Base(base) => base.on(&self.play, input, cx),
            Node::Post(post) => post.on(&self.play, input, cx),
        }
    }

    fn crashed(&self, me: NodeId, node: &Node) -> Node {
        match node {
            Node::Service(service) => Node::Service(Box::new(service.crashed(&self.play, me))),
            Node::Post(post) => Node::Post(Box::new(post.crashed())),
            Node::Cache(_) | Node::Base(_) => node.clone(),
        }
    }

    fn steps(&self, me: NodeId, node: &Node) -> Vec<u16> {
        match node {
            Node::Service(service) => service.steps(&self.play, me),
            _ => Vec::new(),
        }
    }

    // Services talk over connections, unless the play says that messages between two of them may be lost and come twice.
    fn channel(&self, from: NodeId, to: NodeId) -> Channel {
        if self.play.lossy.contains(&(from, to)) { Channel::Datagram } else { Channel::Fifo }
    }

    fn exposure(&self, me: NodeId) -> Exposure {
        let member = self.play.member(me);
        if self.play.is_choosy && member.is_some_and(|member| !member.is_fragile && member.role != Role::Redis) {
            return Exposure::NONE;
        }
        match member.map(|member| member.role) {
            Some(Role::Service) => Exposure { clock: false, ..Exposure::ALL },
            Some(Role::Queue { .. }) => Exposure { clock: false, pause: false, ..Exposure::ALL },
            // A log is a cluster: when one of its brokers crashes, another leads, and who waits for an answer asks there. Whoever reads has kept its place.
            Some(Role::Log { .. }) => Exposure { partition: true, ..Exposure::NONE },
            Some(Role::Redis) => Exposure { clock: true, ..Exposure::NONE },
            _ => Exposure::NONE,
        }
    }

    fn message_name(&self, msg: &Msg) -> Cow<'static, str> {
        Cow::Owned(show::name(msg))
    }

    fn message_body(&self, msg: &Msg) -> String {
        show::body(msg)
    }

    fn timer_name(&self, timer: Timer) -> Cow<'static, str> {
        match timer {
            Timer::Thread(at) => Cow::Owned(format!("t{}", at + 1)),
            Timer::Expire => Cow::Borrowed("expire"),
            Timer::Patience(node) => Cow::Owned(format!("patience-{}", self.lane_id(node))),
        }
    }

    fn step_name(&self, step: u16) -> Cow<'static, str> {
        Cow::Owned(self.play.handlers.get(usize::from(step)).map_or_else(
            String::new,
            |handler| match &handler.trigger {
                Trigger::May { name, .. } => name.to_string(),
                _ => String::new(),
            },
        ))
    }

    fn step_label(&self, step: u16) -> Cow<'static, str> {
        self.step_name(step)
    }

    // What it then does says it all.
    fn step_sentence(&self, _id: &str, _step: u16) -> String {
        String::new()
    }

    fn look(&self, me: NodeId, node: &Node) -> Look {
        show::look(&self.play, me, node)
    }

    fn blocked(&self, me: NodeId, world: &World<Self>) -> Option<Blocked> {
        judge::blocked(me, world)
    }

    fn hash_node(&self, node: &Node, local_ms: i64, hasher: &mut KeyHasher) {
        match node {
            Node::Cache(cache) => cache.hash_at(local_ms, hasher),
            _ => node.hash(hasher),
        }
    }

    fn invariants() -> &'static [Invariant<Self>] {
        judge::INVARIANTS
    }

    fn promises(&self, invariant: &str) -> bool {
        self.play.rules.iter().any(|rule| *rule.id == *invariant)
    }

    fn goals() -> &'static [Goal<Self>] {
        judge::GOALS
    }

    fn exhibits(&self, world: &World<Self>) -> Vec<Exhibit> {
        show::exhibits(self, world)
    }
}
