//! A broker: a queue for each name that somebody publishes to or takes from, or a log with a topic for each.
//!
//! Consumers are pushed what they are to work on. To a queue's consumer that is as much as its prefetch allows; to one of a log, the next record once it is done with
//! the last, as a loop around `poll()` has it. Members whose ids differ by a number at their end are one group. A broker that hears nothing of a consumer for as
//! long as its patience lasts (`consumer_timeout`, `max.poll.interval.ms`) gives what it had to others; that its connection broke, it notices no earlier,
//! unless the consumer comes back first.

use std::sync::Arc;

use super::program::{Handler, Play, Role, Settled, Trigger, Verb, Word};
use super::service::{Call, Parcel};
use super::{Context, Msg, Services, Timer};
use crate::engine::{Field, Input, Look, NodeId, sort, sort_by};
use crate::servers::broker::log::{Assignment, Log, Record, TopicPartition};
use crate::servers::broker::queue::{Acknowledge, Message, Queue, Settings};

/// A broker.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Post {
    role: Role,
    /// Queues, by name.
    queues: Vec<(Word, Queue)>,
    /// How often each consumer's channel to a queue was opened: what belongs to an older one is not heard.
    opened: Vec<(NodeId, Word, u16)>,
    log: Log,
    /// Its topics, in the order in which they came.
    topics: Vec<Word>,
    /// Members of groups, as they stand.
    members: Vec<Reader>,
    /// For whom a patience timer runs, and for which delivery.
    watched: Vec<(NodeId, u64)>,
}

/// A member of a group.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Reader {
    node: NodeId,
    group: Word,
    topic: Word,
    generation: u16,
    /// Where it reads on: by partition, the next offset.
    positions: Vec<(u16, u64)>,
    /// What it works on: partition and offset.
    at_work: Option<(u16, u64)>,
    /// Whether it has to join again.
    is_out: bool,
}

/// The group of a member: its id without a number at the end.
fn group_of(id: &str) -> &str {
    id.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// Who takes what from a broker.
fn takers(play: &Play, broker: NodeId) -> impl Iterator<Item = (Word, NodeId)> {
    let takes = |handler: &Handler| match &handler.trigger {
        Trigger::Takes(topic) => Some((Arc::clone(topic), handler.node)),
        _ => None,
    };
    play.handlers.iter().filter(move |_| play.broker() == Some(broker)).filter_map(takes)
}

impl Post {
    /// As the run begins.
    pub fn new(role: Role) -> Post {
        Post {
            role,
            queues: Vec::new(),
            opened: Vec::new(),
            log: Log::default(),
            topics: Vec::new(),
            members: Vec::new(),
            watched: Vec::new(),
        }
    }

    /// What a crash leaves: what was published, and what of it is done with.
    pub fn crashed(&self) -> Post {
        let mut left = self.clone();
        left.queues.iter_mut().for_each(|(_, queue)| queue.restart());
        left.log.restart();
        left.watched.clear();
        for reader in &mut left.members {
            (reader.at_work, reader.is_out) = (None, true);
        }
        left
    }

    /// Acts.
    pub fn on(&mut self, play: &Play, input: Input<Services>, cx: &mut Context<'_>) {
        match input {
            Input::Step(_) => {}
            // Whoever takes something is connected, and connects again by itself.
            Input::Start | Input::Restarted => {
                for (topic, node) in takers(play, cx.me()) {
                    self.open(play, &topic, node, cx);
                }
            }
            Input::Timer(Timer::Patience(node)) => self.lose_patience(node, cx),
            Input::Timer(_) => {}
            Input::Message { from, msg } => match msg {
                Msg::Ask { call, verb: Verb::Publish, words } => self.publish(from, call, &words, cx),
                Msg::Subscribe { topic } => self.open(play, &topic, from, cx),
                Msg::Settle { parcel, how, is_ready } => self.settle(play, from, &parcel, how, is_ready, cx),
                _ => {}
            },
        }
        self.hand_out(cx);
        self.watch(cx);
    }

    fn is_log(&self) -> bool {
        matches!(self.role, Role::Log { .. })
    }

    /// The queue of a name, which is declared by whoever names it first.
    fn queue(&mut self, name: &Word) -> Option<&mut Queue> {
        let Role::Queue { limit, .. } = self.role else { return None };
        let at = match self.queues.binary_search_by(|(known, _)| known.cmp(name)) {
            Ok(at) => at,
            Err(at) => {
                let delivery_limit = (limit > 0).then(|| u32::from(limit) - 1);
                let settings = Settings { delivery_limit, dead_letters: true, ..Settings::default() };
                self.queues.insert(at, (Arc::clone(name), Queue::new(settings)));
                at
            }
        };
        Some(&mut self.queues[at].1)
    }

    fn create(&mut self, topic: &Word) {
        if let Role::Log { partitions, .. } = self.role
            && !self.topics.contains(topic)
        {
            self.log.create_topic(topic, u16::from(partitions));
            self.topics.push(Arc::clone(topic));
        }
    }

    fn publish(&mut self, from: NodeId, call: Call, words: &[Word], cx: &mut Context<'_>) {
        let [topic, key, value] = words else { return };
        let detail = if self.is_log() {
            self.create(topic);
            let record = Record::new(Arc::clone(key), Arc::clone(value));
            self.log.produce(topic, None, record).map_or_else(|why| why.to_string(), |at| at.offset.to_string())
        } else {
            let message = Message::new(Arc::clone(key), Arc::clone(value));
            self.queue(topic).map_or_else(String::new, |queue| queue.publish(message).to_string())
        };
        let found = vec![("answer".into(), "confirmed".into()), ("detail".into(), detail.into())];
        cx.send(from, Msg::Answer { call, found });
    }

    /// A consumer comes, or comes back.
    fn open(&mut self, play: &Play, topic: &Word, node: NodeId, cx: &mut Context<'_>) {
        if let Role::Queue { prefetch, .. } = self.role {
            match self.opened.iter_mut().find(|(known, of, _)| (*known, of) == (node, topic)) {
                Some((_, _, times)) => *times = times.wrapping_add(1),
                None => self.opened.push((node, Arc::clone(topic), 1)),
            }
            if let Some(queue) = self.queue(topic) {
                queue.consume(u16::from(node.0), u16::from(prefetch), Acknowledge::Manual);
            }
            return;
        }
        self.create(topic);
        let group: Word = group_of(play.member(node).map_or("", |member| &member.id)).into();
        if !self.members.iter().any(|reader| reader.node == node) {
            self.members.push(Reader {
                node,
                group,
                topic: Arc::clone(topic),
                generation: 0,
                positions: Vec::new(),
                at_work: None,
                is_out: true,
            });
            sort_by(&mut self.members, &|one, other| one.node.cmp(&other.node));
        }
        // Whoever comes back after a crash has forgotten what it worked on, and has the place that it had.
        if let Some(reader) = self.members.iter_mut().find(|reader| reader.node == node) {
            (reader.at_work, reader.is_out) = (None, true);
        }
        self.join(node, cx);
    }

    /// A member joins its group, and with it all who are free to; those at work do so once they are done.
    fn join(&mut self, node: NodeId, cx: &mut Context<'_>) {
        let Some(reader) = self.members.iter().find(|reader| reader.node == node) else { return };
        let (group, topic) = (Arc::clone(&reader.group), Arc::clone(&reader.topic));
        let told = self.log.join(&group, u16::from(node.0), &[&topic]).unwrap_or_default();
        self.assign(&group, told, cx);
        while let Some(free) = self.next_free(&group) {
            let told = self.log.join(&group, free, &[&topic]).unwrap_or_default();
            self.assign(&group, told, cx);
        }
    }

    /// A member for whom a rebalance waits and who is not at work.
    fn next_free(&self, group: &str) -> Option<u16> {
        self.log.awaited(group).into_iter().find(|member| {
            self.members.iter().any(|reader| u16::from(reader.node.0) == *member && reader.at_work.is_none())
        })
    }

    /// A rebalance is over: everybody reads on where their partitions were committed.
    fn assign(&mut self, group: &str, told: Vec<Assignment>, cx: &mut Context<'_>) {
        for assignment in told {
            let committed = |at: &TopicPartition| self.log.committed(group, at).unwrap_or(0);
            let positions: Vec<(u16, u64)> =
                assignment.partitions.iter().map(|at| (at.partition, committed(at))).collect();
            let generation = assignment.generation as u16;
            let member = assignment.member;
            let Some(reader) = self.members.iter_mut().find(|reader| u16::from(reader.node.0) == member) else {
                continue;
            };
            reader.is_out = false;
            // Who has missed nothing goes on.
            if reader.generation == generation && !reader.positions.is_empty() && reader.at_work.is_some() {
                continue;
            }
            (reader.generation, reader.positions) = (generation, positions);
            let parts: Vec<String> = reader.positions.iter().map(|(partition, _)| partition.to_string()).collect();
            let (topic, node) = (Arc::clone(&reader.topic), reader.node);
            let what = match &parts[..] {
                [] => format!("nothing of {topic}"),
                [one] => format!("partition {one} of {topic}"),
                all => format!("partitions {} of {topic}", all.join(" and ")),
            };
            let id = cx.name_of(node);
            cx.note(&format!("gen {generation}: {id} reads {what}"), || {
                format!("Generation {generation}: {id} reads {what}.")
            });
        }
    }

    fn settle(
        &mut self,
        play: &Play,
        from: NodeId,
        parcel: &Parcel,
        how: Settled,
        is_ready: bool,
        cx: &mut Context<'_>,
    ) {
        if self.is_log() {
            self.commit(play, from, parcel, how, is_ready, cx);
            return;
        }
        let is_known = self.opened.contains(&(from, Arc::clone(&parcel.topic), parcel.generation));
        let (channel, tag) = (u16::from(from.0), u64::from(parcel.tag));
        if let Some(queue) = self.queue(&parcel.topic).filter(|queue| is_known && queue.is_open(channel)) {
            // A tag that it does not know closes the channel.
            let _ = match how {
                Settled::Done => queue.ack(channel, tag, false),
                Settled::Again => queue.nack(channel, tag, false, true),
                Settled::Aside => queue.nack(channel, tag, false, false),
                Settled::Next => Ok(()),
            };
        } else {
            let id = cx.name_of(from);
            cx.note("not heard", || format!("It came on a channel of {id} that is closed: nobody hears it."));
        }
        // Whoever talks has a connection, and opens anew what was closed.
        for (topic, node) in takers(play, cx.me()) {
            if node == from && self.queue(&topic).is_some_and(|queue| !queue.is_open(channel)) {
                self.open(play, &topic, from, cx);
            }
        }
    }

    fn commit(
        &mut self,
        play: &Play,
        from: NodeId,
        parcel: &Parcel,
        how: Settled,
        is_ready: bool,
        cx: &mut Context<'_>,
    ) {
        let Some(at) = self.members.iter().position(|reader| reader.node == from) else { return };
        let (partition, offset) = (u16::from(parcel.partition), u64::from(parcel.tag));
        let place = TopicPartition { topic: Arc::clone(&parcel.topic), partition };
        let group = Arc::clone(&self.members[at].group);
        let generation = u32::from(parcel.generation);
        if matches!(how, Settled::Done | Settled::Aside)
            && let Err(why) = self.log.commit(&group, u16::from(from.0), generation, &place, offset + 1)
        {
            let id = cx.name_of(from);
            cx.note(&why.to_string(), || format!("What {id} commits is refused: {why}."));
            self.members[at].is_out = true;
        }
        if !is_ready {
            return;
        }
        let reader = &mut self.members[at];
        if reader.at_work == Some((partition, offset)) {
            reader.at_work = None;
        }
        let back_to = if how == Settled::Again { offset } else { offset + 1 };
        if reader.generation == parcel.generation
            && let Some((_, next)) = reader.positions.iter_mut().find(|(known, _)| *known == partition)
        {
            *next = back_to;
        }
        let is_awaited = self.log.awaited(&group).contains(&u16::from(from.0));
        if self.members[at].is_out || is_awaited {
            self.members[at].positions.clear();
            let topic = Arc::clone(&parcel.topic);
            self.open(play, &topic, from, cx);
        }
    }

    /// A consumer has taken too long over what it was handed.
    fn lose_patience(&mut self, node: NodeId, cx: &mut Context<'_>) {
        self.watched.retain(|(watched, _)| *watched != node);
        let id = cx.name_of(node);
        cx.note("loses patience", || format!("{id} has had its delivery for too long: it goes to whoever is there."));
        if self.is_log() {
            let Some(reader) = self.members.iter_mut().find(|reader| reader.node == node) else { return };
            (reader.at_work, reader.is_out) = (None, true);
            reader.positions.clear();
            let group = Arc::clone(&reader.group);
            let told = self.log.leave(&group, u16::from(node.0));
            self.assign(&group, told, cx);
            if let Some(free) = self.next_free(&group) {
                self.join(NodeId(free as u8), cx);
            }
        } else {
            self.queues.iter_mut().for_each(|(_, queue)| queue.close(u16::from(node.0)));
        }
    }

    /// Hands out whatever may be handed out.
    fn hand_out(&mut self, cx: &mut Context<'_>) {
        let me = cx.me();
        for (name, queue) in &mut self.queues {
            for delivery in queue.next_deliveries() {
                let node = NodeId(delivery.channel as u8);
                let opened = self.opened.iter().find(|(known, of, _)| (*known, of) == (node, name));
                let generation = opened.map_or(0, |(_, _, times)| *times);
                let parcel =
                    Parcel { from: me, topic: Arc::clone(name), tag: delivery.tag as u32, partition: 0, generation };
                let Message { key, value, .. } = delivery.message;
                cx.send(node, Msg::Parcel { parcel, key, value, is_again: delivery.redelivered });
            }
        }
        for reader in self.members.iter_mut().filter(|reader| !reader.is_out && reader.at_work.is_none()) {
            let next = reader.positions.iter().find_map(|(partition, offset)| {
                let record = self.log.fetch(&reader.topic, *partition, *offset).ok()?.first()?;
                Some((*partition, *offset, record.clone()))
            });
            let Some((partition, offset, record)) = next else { continue };
            reader.at_work = Some((partition, offset));
            let parcel = Parcel {
                from: me,
                topic: Arc::clone(&reader.topic),
                tag: offset as u32,
                partition: partition as u8,
                generation: reader.generation,
            };
            cx.send(reader.node, Msg::Parcel { parcel, key: record.key, value: record.value, is_again: false });
        }
    }

    /// Lets a timer run for whoever has something in hand.
    fn watch(&mut self, cx: &mut Context<'_>) {
        let (Role::Queue { timeout_ms, .. } | Role::Log { timeout_ms, .. }) = self.role else { return };
        let at_work = |reader: &Reader| Some((reader.node, reader.at_work?.1));
        let mut busy: Vec<(NodeId, u64)> = self.members.iter().filter_map(at_work).collect();
        let unacked = self.queues.iter().flat_map(|(_, queue)| queue.unacked());
        busy.extend(unacked.map(|(channel, tag, _)| (NodeId(channel as u8), tag)));
        // The oldest delivery of each counts.
        sort(&mut busy);
        busy.dedup_by_key(|(node, _)| *node);
        for (node, _) in busy.iter().filter(|watched| !self.watched.contains(watched)) {
            cx.set_timer(Timer::Patience(*node), timeout_ms);
        }
        for (node, _) in &self.watched {
            if !busy.iter().any(|(known, _)| known == node) {
                cx.cancel_timer(Timer::Patience(*node));
            }
        }
        self.watched = busy;
    }

    /// Whether nothing waits to be handed out or done with.
    pub fn is_idle(&self, play: &Play, me: NodeId) -> bool {
        let is_left = |reader: &Reader| {
            let behind = |(partition, offset): &(u16, u64)| {
                self.log.end(&reader.topic, *partition).is_ok_and(|end| *offset < end)
            };
            reader.is_out || reader.at_work.is_some() || reader.positions.iter().any(behind)
        };
        let has_taker = |name: &Word| takers(play, me).any(|(topic, _)| topic == *name);
        let is_queued = |(name, queue): &(Word, Queue)| {
            has_taker(name) && queue.ready().len() > 0 || queue.unacked().next().is_some()
        };
        !self.members.iter().any(is_left) && !self.queues.iter().any(is_queued)
    }

    /// The number that a play may read of it: how many messages its queues have put aside, or of how many keys its log has records.
    pub fn number(&self, of: &Word) -> i64 {
        let is_meant = |topic: &Word| of.is_empty() || topic == of;
        if !self.is_log() {
            let queues = self.queues.iter().filter(|(name, _)| is_meant(name));
            return queues.map(|(_, queue)| queue.dead_letters().len() as i64).sum();
        }
        let mut keys: Vec<Word> = Vec::new();
        for topic in self.topics.iter().filter(|topic| is_meant(topic)) {
            let partitions = (0..).map_while(|partition| self.log.fetch(topic, partition, 0).ok());
            keys.extend(partitions.flatten().map(|record| Arc::clone(&record.key)));
        }
        sort(&mut keys);
        keys.dedup();
        keys.len() as i64
    }

    /// How it looks: what waits, what is in whose hands, what was put aside; or what stands in the log, and how far each group has come.
    pub fn look(&self) -> Look {
        let mut fields = Vec::new();
        let mut field = |name: String, mut of: Vec<String>| {
            let none = if of.is_empty() { vec!["none".to_owned()] } else { Vec::new() };
            of.extend(none);
            fields.push(Field { name, value: of.join(", ") });
        };
        for (name, queue) in &self.queues {
            let words = |message: &Message| format!("{} {}", message.key, message.value);
            field(format!("{name}: waiting"), queue.ready().map(words).collect());
            field(format!("{name}: handed out"), queue.unacked().map(|(_, _, message)| words(message)).collect());
            let dead = queue.dead_letters().iter();
            field(format!("{name}: put aside"), dead.map(|letter| words(&letter.message)).collect());
        }
        for topic in &self.topics {
            for partition in 0.. {
                let Ok(records) = self.log.fetch(topic, partition, 0) else { break };
                let words = |record: &Record| format!("{} {}", record.key, record.value);
                field(format!("{topic} {partition}"), records.iter().map(words).collect());
                let at = TopicPartition { topic: Arc::clone(topic), partition };
                let mut groups: Vec<&Word> =
                    self.members.iter().filter(|reader| reader.topic == *topic).map(|reader| &reader.group).collect();
                groups.dedup();
                for group in groups {
                    let offset = self.log.committed(group, &at).unwrap_or(0);
                    field(format!("{group} has committed of {topic} {partition}"), vec![offset.to_string()]);
                }
            }
        }
        Look { fields, ..Look::default() }
    }
}
