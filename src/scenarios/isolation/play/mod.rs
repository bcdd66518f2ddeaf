//! What is played: sessions and a simulated database, as the engine drives them. In the page it is there only where databases are (feature `sql`).
//!
//! Rooms: `script` what a script says; `program` what an application does with the answers; `nodes` sessions and the database; `durable` the database's log and
//! pages, where it can crash; `judge` what must hold, and who waits for whom; `exhibits` graphs and tables; `presets` the scripts.

mod cases;
mod durable;
mod exhibits;
mod judge;
mod nodes;
mod presets;
mod program;
mod script;
mod stock;
mod transfer;

use std::borrow::Cow;
use std::hash::Hash;
use std::sync::Arc;

use self::durable::{Durable, Promised};
use self::nodes::{Msg, Server, Session};
use self::script::{DATABASE, Script};
use crate::engine::{
    Blocked, Channel, Cx, Exhibit, Exposure, Goal, Input, Invariant, KeyHasher, Lane, Look, NodeId, Protocol, Recorded,
    Run, World,
};
use crate::scenarios::{Info, Values, Variant};
use crate::servers::sql::ast::Level;
use crate::servers::sql::engine::{Kind, SessionId};
use crate::servers::sql::storage::Rules;

pub use script::{check, orders};

/// The script of a variant.
pub fn text(info: &Info, variant: &Variant, values: &Values) -> Option<String> {
    Some(presets::text(info.id, variant.id, values).trim().to_owned())
}

/// A run at its start.
pub fn start(info: &'static Info, variant: &Variant, values: &Values) -> Box<dyn Run> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == values.text("engine"));
    let level = Level::TEXTBOOK.into_iter().find(|level| level.id() == values.text("level"));
    let rules = transfer::rules(info.id, variant.id);
    let mut script = Script::new(
        &presets::text(info.id, variant.id, values),
        kind.unwrap_or(Kind::ALL[0]),
        level.unwrap_or(Level::Serializable),
        values.text("on-error") == "rolls-back" || rules.is_some(),
    );
    script.can_crash = rules.is_some();
    let protocol = Isolation { script: Arc::new(script), shown: presets::invariants(info.id, variant.id), rules };
    Box::new(Recorded::new(protocol, info.invariants, info.goals))
}

/// The protocol: a script that is ready to be played.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Isolation {
    script: Arc<Script>,
    /// Which invariants are looked at.
    shown: &'static [&'static str],
    /// How the database keeps what is to survive a crash, where it can crash.
    rules: Option<Rules>,
}

/// State of a node.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Node {
    /// A session.
    Session(Session),
    /// The database.
    Server(Box<Server>),
}

impl Isolation {
    fn step(&self, node: NodeId, step: u16) -> Option<&script::Step> {
        self.script.sessions[self.script.session_of(node)?].steps.get(usize::from(step))
    }
}

/// A step of a session: which session, by its lifeline, and which step. What the database does of its own accord has its lifeline, and a number of its own.
pub type Place = (NodeId, u16);

impl Protocol for Isolation {
    type Node = Node;
    type Msg = Msg;
    type Timer = SessionId;
    type Step = Place;
    type Ghost = Promised;

    const AT_ONCE: bool = true;
    const WITHHOLDS: bool = true;

    fn lanes(&self) -> Vec<Lane> {
        (0..=self.script.sessions.len() as u8)
            .map(|at| match self.script.session_of(NodeId(at)) {
                Some(session) => {
                    let id = self.script.sessions[session].id.clone();
                    Lane { title: format!("session {id}"), id, role: "session", group: String::new() }
                }
                None => Lane {
                    id: DATABASE.to_owned(),
                    title: self.script.kind.title().to_owned(),
                    role: "database",
                    group: String::new(),
                },
            })
            .collect()
    }

    fn initial(&self, me: NodeId) -> Node {
        match self.script.session_of(me) {
            Some(at) => {
                let has_begun = self.script.start.engine().in_transaction((at + 1) as SessionId);
                Node::Session(Session::new(has_begun, self.script.sessions[at].program.memory.clone()))
            }
            None => {
                let durable = self.rules.map(|rules| Box::new(Durable::new(rules, &self.script.start)));
                Node::Server(Box::new(Server::new(&self.script, durable)))
            }
        }
    }

    fn on(&self, _me: NodeId, node: &mut Node, input: Input<Self>, cx: &mut Cx<'_, Self>) {
        match node {
            Node::Session(session) => session.on(&self.script, input, cx),
            Node::Server(server) => server.on(&self.script, input, cx),
        }
    }

    fn crashed(&self, _me: NodeId, node: &Node) -> Node {
        match node {
            Node::Session(session) => Node::Session(session.crashed()),
            Node::Server(server) => Node::Server(Box::new(server.crashed(&self.script))),
        }
    }

    fn steps(&self, me: NodeId, node: &Node) -> Vec<Place> {
        if let Node::Server(server) = node {
            let steps = server.durable.as_ref().map(|durable| durable.steps()).unwrap_or_default();
            return steps.into_iter().map(|step| (me, step)).collect();
        }
        let (Node::Session(session), Some(at)) = (node, self.script.session_of(me)) else { return Vec::new() };
        let is_left = !session.has_stopped && usize::from(session.begun) < self.script.sessions[at].steps.len();
        if is_left { vec![(me, session.begun)] } else { Vec::new() }
    }

    fn withholds(&self, me: NodeId, (_, step): Place, world: &World<Self>) -> Option<String> {
        let durable = judge::server(self, world).and_then(|server| server.durable.as_ref());
        if let Some(why) = durable.and_then(|durable| durable.refuses()).filter(|_| me != self.script.database()) {
            return Some(why);
        }
        match world.state(me) {
            Node::Server(_) => durable?.withholds(step),
            Node::Session(session)
                if session.is_busy && durable.is_some_and(|own| own.is_committing(self.script.number_of(me))) =>
            {
                Some("its commit waits for the disk".to_owned())
            }
            Node::Session(session) if session.is_resting => Some("it waits before its next attempt".to_owned()),
            Node::Session(session) if session.is_busy || session.begun == 0 => {
                let waits = judge::blocked(self, me, world)?;
                let by: Vec<&str> = waits
                    .by
                    .iter()
                    .filter_map(|node| Some(self.script.sessions[self.script.session_of(*node)?].id.as_str()))
                    .collect();
                Some(format!("it waits for {} of {}", waits.on, by.join(" and ")))
            }
            _ => None,
        }
    }

    fn channel(&self, _from: NodeId, _to: NodeId) -> Channel {
        Channel::Fifo
    }

    fn exposure(&self, _me: NodeId) -> Exposure {
        Exposure { crash: self.script.can_crash, ..Exposure::NONE }
    }

    fn message_name(&self, msg: &Msg) -> Cow<'static, str> {
        match msg {
            Msg::Run { text: (_, short), .. } => Cow::Owned(nodes::clip(short)),
            Msg::Rollback => Cow::Borrowed("ROLLBACK"),
            Msg::Told(told) => Cow::Owned(told.label.clone()),
            Msg::Reset => Cow::Borrowed("connection reset"),
        }
    }

    fn message_body(&self, msg: &Msg) -> String {
        match msg {
            Msg::Run { text: (text, _), .. } => text.to_string(),
            Msg::Rollback => "ROLLBACK".to_owned(),
            Msg::Told(told) => told.body.clone(),
            Msg::Reset => "the database knows nothing of this connection".to_owned(),
        }
    }

    fn timer_name(&self, timer: SessionId) -> Cow<'static, str> {
        match timer {
            nodes::BACKOFF => Cow::Borrowed("backoff"),
            _ => Cow::Owned(format!("wait-{}", self.script.id_of(timer))),
        }
    }

    fn step_name(&self, (node, step): Place) -> Cow<'static, str> {
        if node == self.script.database() {
            return Cow::Owned(durable::step_name(step));
        }
        Cow::Owned(self.step(node, step).map_or_else(String::new, |step| step.name.clone()))
    }

    fn step_label(&self, (node, step): Place) -> Cow<'static, str> {
        if node == self.script.database() {
            return Cow::Owned(durable::step_label(step));
        }
        Cow::Owned(self.step(node, step).map_or_else(String::new, |step| step.text.clone()))
    }

    // The statement on its way to the database says it all.
    fn step_sentence(&self, _id: &str, _step: Place) -> String {
        String::new()
    }

    fn look(&self, me: NodeId, node: &Node) -> Look {
        match (node, self.script.session_of(me)) {
            (Node::Session(session), Some(at)) => session.look(self.script.sessions[at].steps.len()),
            (Node::Server(server), _) => server.look(&self.script),
            _ => Look::default(),
        }
    }

    fn blocked(&self, me: NodeId, world: &World<Self>) -> Option<Blocked> {
        judge::blocked(self, me, world)
    }

    fn hash_node(&self, node: &Node, _local_ms: i64, hasher: &mut KeyHasher) {
        match node {
            Node::Session(session) => session.hash(hasher),
            Node::Server(server) => server.hash_whole(hasher),
        }
    }

    fn invariants() -> &'static [Invariant<Self>] {
        judge::INVARIANTS
    }

    fn promises(&self, invariant: &str) -> bool {
        match invariant {
            "rule" => self.script.rule.is_some(),
            "end" => self.script.end.is_some(),
            _ => self.shown.contains(&invariant),
        }
    }

    fn goals() -> &'static [Goal<Self>] {
        judge::GOALS
    }

    fn exhibits(&self, world: &World<Self>) -> Vec<Exhibit> {
        exhibits::all(self, world)
    }
}
