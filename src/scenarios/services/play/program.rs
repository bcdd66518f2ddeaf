//! What a play is made of: its members, what they do when they hear something, and what must hold of them. [`super::read`] reads it from text.

use std::sync::Arc;

use crate::engine::{NodeId, StepMark};
use crate::servers::sql::ast::Statement;

/// A word of a program, or a value at run time: numbers are told by their digits.
pub type Word = Arc<str>;

/// What a thread has in memory, by name.
pub type Memory = Vec<(Word, Word)>;

/// A play: services with their programs, and what they stand on.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Play {
    /// Who plays, from left to right.
    pub members: Vec<Member>,
    /// What they do.
    pub handlers: Vec<Handler>,
    /// Numbers that are read off tables.
    pub gauges: Vec<Gauge>,
    /// Words that are read off tables, for lifelines: the state of an order.
    pub states: Vec<Reading>,
    /// Numbers that say, where they are not 0, that something unfinished can be read by others.
    pub pending: Vec<(Word, u16)>,
    /// What must hold.
    pub rules: Vec<Rule>,
    /// What is reckoned up, and what it should come to.
    pub ledgers: Vec<Ledger>,
    /// The steps of a saga.
    pub plan: Vec<PlanStep>,
    /// Whether it says who may crash.
    pub is_choosy: bool,
    /// Between whom messages may be lost and duplicated.
    pub lossy: Vec<(NodeId, NodeId)>,
}

/// Who plays.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Member {
    /// Id of the lifeline.
    pub id: Word,
    /// Its title.
    pub title: Word,
    /// What it is.
    pub role: Role,
    /// Its own database as the run begins: statements that make it.
    pub schema: Arc<[Statement]>,
    /// The database that it asks, where that is no part of it.
    pub database: Option<NodeId>,
    /// The group that it is shown in; empty for none.
    pub group: Word,
    /// Whether something may befall it, where the play says so of each ([`Play::is_choosy`]).
    pub is_fragile: bool,
}

/// What a member is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    /// The reader's side: nothing befalls it.
    Client,
    /// A service: it may crash, and keeps only what is in its database.
    Service,
    /// Somebody else's service: nothing befalls it.
    Outside,
    /// A Redis.
    Redis,
    /// A database of its own.
    Database,
    /// A queue.
    Queue {
        /// How many a consumer may have unacknowledged.
        prefetch: u8,
        /// After how many deliveries a message is put aside; 0 for never.
        limit: u8,
        /// For how long a delivery may go without acknowledgement, in ms.
        timeout_ms: u32,
    },
    /// A partitioned log.
    Log {
        /// Partitions of each topic.
        partitions: u8,
        /// For how long a consumer may work on a record, in ms.
        timeout_ms: u32,
    },
}

/// What a member does, and when.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Handler {
    /// Who.
    pub node: NodeId,
    /// When.
    pub trigger: Trigger,
    /// Names of what comes with it.
    pub parameters: Vec<Word>,
    /// What is done, in order.
    pub ops: Vec<Op>,
    /// The line of the text that each comes from.
    pub lines: Vec<u16>,
    /// The text.
    pub text: Vec<Word>,
}

/// When something is done.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Trigger {
    /// On a message of this name.
    Hears(Word),
    /// On what a broker delivers from this topic or queue.
    Takes(Word),
    /// Of its own accord.
    May {
        /// Name of the step.
        name: Word,
        /// How often at most; 0 for no end.
        times: u8,
        /// Only while this is so.
        only_while: Condition,
    },
    /// As the run begins.
    Starts,
    /// After a crash.
    Restarts,
}

/// What is done.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Op {
    /// Puts a value into memory.
    Let(Word, Sum),
    /// Goes on elsewhere unless this is so.
    Unless(Condition, u16),
    /// Goes on elsewhere.
    Go(u16),
    /// Asks somebody; the answer comes into memory under this name.
    Ask { to: NodeId, verb: Verb, words: Vec<Template>, into: Word },
    /// Runs statements on its own database, all or none.
    Sql(Vec<Template>),
    /// Waits for all answers, at most for so long (ms); 0 for as long as it takes.
    Wait(u32),
    /// Waits for all answers, and asks again every so often (ms) for those that are missing. It is the same question then, and any answer to it will do.
    Every(u32),
    /// Tells somebody something, and does not wait.
    Tell { to: NodeId, words: Vec<Template> },
    /// Answers whoever asked.
    Reply(Vec<Template>),
    /// Says how the delivery at hand ended.
    Settle(Settled),
    /// Works for so long (ms).
    Work(u32),
    /// Ends, and says why.
    Stop(Template),
    /// Says something.
    Say(Template),
    /// Ends.
    End,
}

/// What kind of request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Verb {
    /// A step forward.
    Do,
    /// A compensation.
    Undo,
    /// A command of Redis.
    Redis,
    /// SQL.
    Sql,
    /// Something to be handed on.
    Publish,
}

/// How a delivery ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Settled {
    /// It is done with.
    Done,
    /// It is to come again.
    Again,
    /// It is to be put aside.
    Aside,
    /// How it ended was said before; a log's reader is now ready for the next.
    Next,
}

/// Text with values in it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Template(pub Vec<Piece>);

/// A piece of a template.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Piece {
    /// As it stands.
    Text(Word),
    /// What is in memory under this name.
    Value(Word),
}

/// Values that are added and taken away; a single one may be no number.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Sum(pub Vec<(bool, Atom)>);

/// A value.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Atom {
    /// As it stands.
    Text(Word),
    /// What is in memory under this name.
    Value(Word),
    /// What a gauge says.
    Gauge(u16),
}

/// How two values compare.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Compare {
    /// `=`
    Is,
    /// `!=`
    IsNot,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

/// One of several alternatives, of each of which all must hold; without any, it holds.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Condition(pub Vec<Vec<(Sum, Compare, Sum)>>);

/// A number that is read off a member's tables.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Gauge {
    /// Its name.
    pub name: Word,
    /// What is read.
    pub reading: Reading,
    /// Its place among the gauges of its member.
    pub place: u16,
}

/// A question to a member's database, or to a broker.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Reading {
    /// Whose.
    pub node: NodeId,
    /// The question.
    pub query: Arc<[Statement]>,
    /// Of a broker: the topic or queue that it is about; of all where empty.
    pub topic: Word,
}

/// What must hold.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Rule {
    /// Its id, as the scenario declares it.
    pub id: Word,
    /// Whether it counts only once nothing moves any more.
    pub in_the_end: bool,
    /// What it is.
    pub holds: Condition,
    /// What is wrong where it does not hold: a sentence.
    pub sentence: Template,
}

/// What is reckoned up.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Ledger {
    /// What of: `money`.
    pub title: Word,
    /// Gauges, with what they are called.
    pub entries: Vec<(Word, u16)>,
    /// What they come to where all is well; none where that changes.
    pub total: Option<i64>,
}

/// A step of a saga.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PlanStep {
    /// Its name.
    pub name: Word,
    /// The word that tells how it stands.
    pub reading: Reading,
    /// What sets it apart.
    pub mark: Option<StepMark>,
}

impl Play {
    /// The members, with their places.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Member)> {
        (0..).map(NodeId).zip(&self.members)
    }

    /// A member.
    pub fn member(&self, node: NodeId) -> Option<&Member> {
        self.members.get(node.index())
    }

    /// The member of this id.
    pub fn find(&self, id: &str) -> Option<NodeId> {
        self.nodes().find(|(_, member)| &*member.id == id).map(|(node, _)| node)
    }

    /// The broker that is taken from: the first, if there is one.
    pub fn broker(&self) -> Option<NodeId> {
        let is_broker = |role: Role| matches!(role, Role::Queue { .. } | Role::Log { .. });
        self.nodes().find(|(_, member)| is_broker(member.role)).map(|(node, _)| node)
    }

    /// Gauges of a member, in order of their places.
    pub fn gauges_of(&self, node: NodeId) -> impl Iterator<Item = &Gauge> {
        self.gauges.iter().filter(move |gauge| gauge.reading.node == node)
    }

    /// The handler of a member with this trigger, and its place.
    pub fn handler(&self, node: NodeId, is_it: impl Fn(&Trigger) -> bool) -> Option<u16> {
        let at = self.handlers.iter().position(|handler| handler.node == node && is_it(&handler.trigger))?;
        u16::try_from(at).ok()
    }
}
