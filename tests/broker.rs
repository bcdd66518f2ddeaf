//! The simulated brokers over random runs: what RabbitMQ's and Kafka's documentation promises of them, sentence by sentence. Each test names the page and
//! the section that it holds them to.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use interleave::servers::broker::log::{Assignment, Log, Record, Refused, Sequence, TopicPartition};
use interleave::servers::broker::queue::{Acknowledge, ChannelError, Death, Message, Queue, Settings};
use proptest::prelude::*;

fn config() -> ProptestConfig {
    ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() }
}

// RabbitMQ.

/// What may be done to a queue. `which` picks one of the channel's unacknowledged deliveries.
#[derive(Clone, Debug)]
enum Act {
    Publish { persistent: bool },
    Consume { channel: u16, prefetch: u16, acknowledge: Acknowledge },
    Deliver,
    Ack { channel: u16, which: usize, multiple: bool },
    Nack { channel: u16, which: usize, multiple: bool, requeue: bool },
    AckUnknown { channel: u16, ahead: u64, multiple: bool },
    Close { channel: u16 },
    Restart,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let channel = 1_u16..4;
    let acknowledge = prop_oneof![5 => Just(Acknowledge::Manual), 1 => Just(Acknowledge::Automatic)];
    let act = prop_oneof![
        6 => prop::bool::weighted(0.7).prop_map(|persistent| Act::Publish { persistent }),
        2 => (channel.clone(), 0_u16..4, acknowledge)
            .prop_map(|(channel, prefetch, acknowledge)| Act::Consume { channel, prefetch, acknowledge }),
        6 => Just(Act::Deliver),
        3 => (channel.clone(), any::<usize>(), prop::bool::weighted(0.3))
            .prop_map(|(channel, which, multiple)| Act::Ack { channel, which, multiple }),
        5 => (channel.clone(), any::<usize>(), prop::bool::weighted(0.3), prop::bool::weighted(0.7))
            .prop_map(|(channel, which, multiple, requeue)| Act::Nack { channel, which, multiple, requeue }),
        1 => (channel.clone(), 1_u64..9, any::<bool>())
            .prop_map(|(channel, ahead, multiple)| Act::AckUnknown { channel, ahead, multiple }),
        1 => channel.prop_map(|channel| Act::Close { channel }),
        1 => Just(Act::Restart),
    ];
    prop::collection::vec(act, 0..60)
}

fn settings() -> impl Strategy<Value = Settings> {
    let limit = prop_oneof![1 => Just(None), 2 => (0_u32..4).prop_map(Some)];
    (prop::bool::weighted(0.2), limit, any::<bool>()).prop_map(|(transient, delivery_limit, dead_letters)| Settings {
        transient,
        delivery_limit,
        dead_letters,
    })
}

/// Where a message is. Every message is in exactly one of these.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Ready,
    Unacked(u16, u64),
    Acked,
    Dead(Death),
    LostWithTheBroker,
}

/// What is known of a message from outside the queue.
#[derive(Debug)]
struct Known {
    persistent: bool,
    fate: Fate,
    deliveries: u32,
    returns: u32,
}

/// A channel as its consumer sees it.
struct Consumer {
    prefetch: u16,
    acknowledge: Acknowledge,
    tags: u64,
}

/// The queue with a plain account of it, kept from what goes in and out only.
struct Account {
    queue: Queue,
    settings: Settings,
    /// By place; a message's value says its place.
    messages: Vec<Known>,
    consumers: BTreeMap<u16, Consumer>,
    served: u16,
    /// In order of their death.
    dead: Vec<usize>,
}

impl Account {
    fn new(settings: Settings) -> Account {
        Account {
            queue: Queue::new(settings),
            settings,
            messages: Vec::new(),
            consumers: BTreeMap::new(),
            served: 0,
            dead: Vec::new(),
        }
    }

    /// Places of what a channel has not acknowledged, by tag.
    fn unacked(&self, of: u16) -> Vec<(u64, usize)> {
        let held = |(place, known): (usize, &Known)| match known.fate {
            Fate::Unacked(channel, tag) if channel == of => Some((tag, place)),
            _ => None,
        };
        let mut unacked: Vec<_> = self.messages.iter().enumerate().filter_map(held).collect();
        unacked.sort_unstable();
        unacked
    }

    fn room(&self, channel: u16) -> bool {
        let consumer = &self.consumers[&channel];
        consumer.acknowledge == Acknowledge::Automatic
            || consumer.prefetch == 0
            || self.unacked(channel).len() < usize::from(consumer.prefetch)
    }

    /// Round and round, beginning behind the one that was served last.
    fn next_channel(&self) -> Option<u16> {
        let behind = self.consumers.range(self.served + 1..);
        behind
            .chain(self.consumers.range(..=self.served))
            .map(|(channel, _)| *channel)
            .find(|channel| self.room(*channel))
    }

    fn come_back(&mut self, place: usize) {
        let known = &mut self.messages[place];
        known.returns += 1;
        if self.settings.delivery_limit.is_some_and(|limit| known.returns > limit) {
            self.die(place, Death::DeliveryLimit);
        } else {
            known.fate = Fate::Ready;
        }
    }

    fn die(&mut self, place: usize, reason: Death) {
        self.messages[place].fate = Fate::Dead(reason);
        self.dead.push(place);
    }

    fn close(&mut self, channel: u16) {
        self.consumers.remove(&channel);
        for (_, place) in self.unacked(channel) {
            self.come_back(place);
        }
    }

    /// The deliveries that an acknowledgement is about: the tag it carries, and all that it settles.
    fn pick(&self, channel: u16, which: usize, multiple: bool) -> Option<(u64, Vec<usize>)> {
        let unacked = self.unacked(channel);
        let at = which.checked_rem(unacked.len())?;
        let about = if multiple { &unacked[..=at] } else { &unacked[at..=at] };
        Some((unacked[at].0, about.iter().map(|(_, place)| *place).collect()))
    }

    fn deliver(&mut self) -> Result<(), TestCaseError> {
        for delivery in self.queue.next_deliveries() {
            let place: usize = delivery.message.value.parse().unwrap();
            let first = self.messages.iter().position(|known| known.fate == Fate::Ready);
            prop_assert_eq!(first, Some(place), "messages go out in the order of the queue");
            prop_assert_eq!(self.next_channel(), Some(delivery.channel), "consumers take turns, prefetch is kept to");
            self.served = delivery.channel;
            let consumer = self.consumers.get_mut(&delivery.channel).unwrap();
            consumer.tags += 1;
            prop_assert_eq!(delivery.tag, consumer.tags);
            let known = &mut self.messages[place];
            prop_assert_eq!(delivery.redelivered, known.deliveries > 0);
            if self.settings.delivery_limit.is_some() {
                prop_assert_eq!(delivery.returns, known.returns);
            }
            known.deliveries += 1;
            known.fate = match consumer.acknowledge {
                Acknowledge::Manual => Fate::Unacked(delivery.channel, delivery.tag),
                Acknowledge::Automatic => Fate::Acked,
            };
        }
        let waits = self.messages.iter().any(|known| known.fate == Fate::Ready);
        prop_assert!(!waits || self.next_channel().is_none(), "nothing waits that could be delivered");
        Ok(())
    }

    fn act(&mut self, act: &Act) -> Result<(), TestCaseError> {
        match *act {
            Act::Publish { persistent } => {
                let place = self.messages.len();
                let message = Message { persistent, ..Message::new("order", place.to_string()) };
                prop_assert_eq!(self.queue.publish(message), place as u64 + 1);
                self.messages.push(Known { persistent, fate: Fate::Ready, deliveries: 0, returns: 0 });
            }
            Act::Consume { channel, prefetch, acknowledge } => {
                self.queue.consume(channel, prefetch, acknowledge);
                self.close(channel);
                self.consumers.insert(channel, Consumer { prefetch, acknowledge, tags: 0 });
            }
            Act::Deliver => self.deliver()?,
            Act::Ack { channel, which, multiple } => {
                let Some((tag, places)) = self.pick(channel, which, multiple) else { return Ok(()) };
                // Zero means all there are.
                let all = multiple && places.len() == self.unacked(channel).len();
                prop_assert_eq!(self.queue.ack(channel, if all { 0 } else { tag }, multiple), Ok(()));
                places.into_iter().for_each(|place| self.messages[place].fate = Fate::Acked);
            }
            Act::Nack { channel, which, multiple, requeue } => {
                let Some((tag, places)) = self.pick(channel, which, multiple) else { return Ok(()) };
                prop_assert_eq!(self.queue.nack(channel, tag, multiple, requeue), Ok(()));
                for place in places {
                    if requeue {
                        self.come_back(place);
                    } else {
                        self.die(place, Death::Rejected);
                    }
                }
            }
            Act::AckUnknown { channel, ahead, multiple } => {
                let expected = match self.consumers.get(&channel) {
                    Some(consumer) => ChannelError::UnknownTag(consumer.tags + ahead),
                    None => ChannelError::NotOpen(channel),
                };
                let tag = self.consumers.get(&channel).map_or(1, |consumer| consumer.tags + ahead);
                prop_assert_eq!(self.queue.ack(channel, tag, multiple), Err(expected));
                self.close(channel);
            }
            Act::Close { channel } => {
                self.queue.close(channel);
                self.close(channel);
            }
            Act::Restart => {
                self.queue.restart();
                (1..4).for_each(|channel| self.close(channel));
                let durable = !self.settings.transient;
                for known in &mut self.messages {
                    let held = matches!(known.fate, Fate::Ready | Fate::Dead(_));
                    if held && !(durable && known.persistent) {
                        known.fate = Fate::LostWithTheBroker;
                    }
                }
                let messages = &self.messages;
                self.dead.retain(|place| matches!(messages[*place].fate, Fate::Dead(_)));
                self.served = 0;
            }
        }
        Ok(())
    }

    /// The queue holds what the account says, all of it and nothing else.
    fn agree(&self) -> Result<(), TestCaseError> {
        let place = |message: &Message| message.value.parse::<usize>().unwrap();
        let ready: Vec<usize> = self.queue.ready().map(place).collect();
        let known = self.messages.iter().enumerate();
        let expected: Vec<usize> = known.filter(|(_, known)| known.fate == Fate::Ready).map(|(at, _)| at).collect();
        prop_assert_eq!(ready, expected, "ready");
        let unacked: Vec<_> =
            self.queue.unacked().map(|(channel, tag, message)| (channel, tag, place(message))).collect();
        let of = |channel| self.unacked(channel).into_iter().map(move |(tag, place)| (channel, tag, place));
        prop_assert_eq!(unacked, (1..4).flat_map(of).collect::<Vec<_>>(), "unacked");
        let dead: Vec<_> =
            self.queue.dead_letters().iter().map(|dead| (place(&dead.message), Fate::Dead(dead.reason))).collect();
        let kept = self.dead.iter().filter(|_| self.settings.dead_letters);
        prop_assert_eq!(dead, kept.map(|place| (*place, self.messages[*place].fate)).collect::<Vec<_>>(), "dead");
        for channel in 1..4 {
            prop_assert_eq!(self.queue.is_open(channel), self.consumers.contains_key(&channel));
            if let Some(Consumer { prefetch: 1.., acknowledge: Acknowledge::Manual, .. }) = self.consumers.get(&channel)
            {
                let limit = usize::from(self.consumers[&channel].prefetch);
                prop_assert!(self.unacked(channel).len() <= limit, "prefetch");
            }
        }
        if let Some(limit) = self.settings.delivery_limit {
            for known in &self.messages {
                prop_assert!(known.deliveries <= limit + 1, "a limit of returns allows one delivery more");
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(config())]

    /// "Consumer Acknowledgements and Publisher Confirms": what is not acknowledged is requeued when its channel closes (Automatic Requeueing); requeued
    /// messages take their original position, if possible (Negative Acknowledgement and Requeuing); no more than the prefetch count is unacknowledged, 0
    /// means no limit (Channel Prefetch Setting); redeliveries have their flag set, and first deliveries have not (Automatic Requeueing); tags grow and
    /// are the channel's own (Delivery Tags); an unknown tag or one acknowledged twice is a channel error (Double Acking and Unknown Tags); without
    /// acknowledgements, what is sent counts as delivered (Acknowledgement Modes). "Quorum Queues", Poison Message Handling: what was returned more often
    /// than the limit is dropped or dead-lettered. "Dead Letter Exchanges", Overview: rejected without requeue, or over the limit, with the reason. "Queues",
    /// Durability: what survives a restart.
    #[test]
    fn every_message_is_in_exactly_one_place((settings, acts) in (settings(), acts())) {
        let mut account = Account::new(settings);
        for act in &acts {
            account.act(act)?;
            account.agree()?;
        }
    }

    /// "Consumer Acknowledgements and Publisher Confirms", When Consumers Fail: consumers must be prepared for redeliveries, and nothing that was confirmed
    /// as persistent is lost: work done before its acknowledgement is done at least once, whatever fails, if the queue drops nothing.
    #[test]
    fn acknowledged_after_the_work_nothing_stays_undone(acts in acts()) {
        let mut account = Account::new(Settings::default());
        for act in &acts {
            let rejects = matches!(act, Act::Nack { requeue: false, .. });
            let forgets = matches!(act, Act::Publish { persistent: false } | Act::Consume { acknowledge: Acknowledge::Automatic, .. });
            if !rejects && !forgets {
                account.act(act)?;
            }
        }
        account.act(&Act::Consume { channel: 1, prefetch: 0, acknowledge: Acknowledge::Manual })?;
        (2..4).try_for_each(|channel| account.act(&Act::Close { channel }))?;
        account.act(&Act::Deliver)?;
        account.act(&Act::Ack { channel: 1, which: account.unacked(1).len().saturating_sub(1), multiple: true })?;
        prop_assert!(account.messages.iter().all(|known| known.fate == Fate::Acked && known.deliveries > 0));
    }
}

/// "Client Errors: Double Acking and Unknown Tags": the same tag twice, or on another channel, is an error that closes the channel it came on, and what that
/// had not acknowledged is requeued.
#[test]
fn a_tag_is_good_once_and_on_its_own_channel() {
    let mut queue = Queue::default();
    for at in 0..3 {
        queue.publish(Message::new("order", at.to_string()));
    }
    queue.consume(1, 2, Acknowledge::Manual);
    queue.consume(2, 1, Acknowledge::Manual);
    let sent: Vec<(u16, u64)> =
        queue.next_deliveries().iter().map(|delivery| (delivery.channel, delivery.tag)).collect();
    assert_eq!(sent, [(1, 1), (2, 1), (1, 2)]);
    assert_eq!(queue.ack(2, 2, false), Err(ChannelError::UnknownTag(2)));
    assert_eq!(queue.ack(1, 1, false), Ok(()));
    let twice = queue.ack(1, 1, false);
    assert_eq!(twice, Err(ChannelError::UnknownTag(1)));
    assert_eq!(twice.unwrap_err().to_string(), "PRECONDITION_FAILED - unknown delivery tag 1");
    assert_eq!(queue.ack(1, 2, false), Err(ChannelError::NotOpen(1)));
    assert_eq!(queue.ready().map(|message| &*message.value).collect::<Vec<_>>(), ["1", "2"]);
}

// Kafka.

const TOPIC: &str = "orders";
const GROUP: &str = "stock";
const PARTITIONS: u16 = 3;
const MEMBERS: u16 = 4;

fn log() -> Log {
    let mut log = Log::default();
    log.create_topic(TOPIC, PARTITIONS);
    log
}

fn partition(partition: u16) -> TopicPartition {
    TopicPartition { topic: TOPIC.into(), partition }
}

proptest! {
    #![proptest_config(config())]

    /// Introduction, Main Concepts: events of one key go to the same partition, and its consumers read them in exactly the order in which they were
    /// written; they are not deleted when they are read, and can be read as often as needed.
    #[test]
    fn a_partition_keeps_everything_in_the_order_it_was_written(keys in prop::collection::vec(0_u8..9, 0..50)) {
        let mut log = log();
        let mut written: BTreeMap<u16, Vec<(String, String)>> = BTreeMap::new();
        let mut partition_of_key = BTreeMap::new();
        for (at, key) in keys.iter().enumerate() {
            let (key, value) = (format!("order-{key}"), at.to_string());
            let produced = log.produce(TOPIC, None, Record::new(key.as_str(), value.as_str())).unwrap();
            prop_assert_eq!(*partition_of_key.entry(key.clone()).or_insert(produced.partition), produced.partition);
            let records = written.entry(produced.partition).or_default();
            prop_assert_eq!(produced.offset, records.len() as u64);
            records.push((key, value));
            if at % 7 == 0 {
                log.restart();
            }
        }
        for at in 0..PARTITIONS {
            let records = written.remove(&at).unwrap_or_default();
            prop_assert_eq!(log.end(TOPIC, at), Ok(records.len() as u64));
            for from in 0..=records.len() {
                let read = log.fetch(TOPIC, at, from as u64).unwrap().iter();
                let read: Vec<_> = read.map(|record| (record.key.to_string(), record.value.to_string())).collect();
                prop_assert_eq!(&read[..], &records[from..]);
            }
            prop_assert_eq!(log.fetch(TOPIC, at, records.len() as u64 + 1), Err(Refused::OffsetOutOfRange));
        }
    }

    /// Producer Configs, `enable.idempotence`: exactly one copy of each message is written; Design, Message Delivery Semantics: the broker knows duplicates
    /// by the producer's id and a sequence number. A retry is answered as the first attempt was. A producer with another id is not known (KIP-98).
    #[test]
    fn an_idempotent_producer_writes_everything_once(sends in prop::collection::vec((0_u64..3, 0_u16..2, 0_u32..8, any::<bool>()), 0..80)) {
        let mut log = log();
        let mut next: BTreeMap<(u64, u16), Vec<u64>> = BTreeMap::new();
        for (producer, at, back, restart) in sends {
            let offsets = next.entry((producer, at)).or_default();
            // The next one, one of those before, or one too far.
            let count = offsets.len() as u32;
            let number = if back == 7 { count + 1 } else { count.saturating_sub(back) };
            let end = log.end(TOPIC, at).unwrap();
            let sequence = Some(Sequence { producer, number });
            let value = format!("{producer} {at} {number}");
            let answer = log.produce(TOPIC, Some(at), Record { sequence, ..Record::new("order", value.as_str()) });
            let known = offsets.get(number as usize).copied();
            match (known, answer) {
                (Some(offset), Ok(produced)) => prop_assert_eq!((produced.offset, produced.duplicate), (offset, true)),
                (Some(_), Err(refused)) => {
                    prop_assert_eq!(refused, Refused::DuplicateSequence);
                    prop_assert!(count - number > 5, "the last five are known");
                }
                // Of a producer that the partition has never heard of, any number is taken.
                (None, Ok(produced)) if number == count => {
                    prop_assert_eq!((produced.offset, produced.duplicate), (end, false));
                    offsets.push(end);
                }
                (None, Ok(_)) if count == 0 => return Ok(()),
                (None, answer) => prop_assert_eq!(answer, Err(Refused::OutOfOrderSequence)),
            }
            if restart {
                log.restart();
            }
        }
        for ((producer, at), offsets) in next {
            let values = log.fetch(TOPIC, at, 0).unwrap().iter().map(|record| record.value.to_string());
            let own: Vec<String> = values.filter(|value| value.starts_with(&format!("{producer} "))).collect();
            let expected: Vec<String> = (0..offsets.len()).map(|number| format!("{producer} {at} {number}")).collect();
            prop_assert_eq!(own, expected);
        }
    }
}

/// When a consumer commits.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Commit {
    BeforeWork,
    AfterWork,
}

/// What may happen to a group; numbers are members, or a key.
#[derive(Clone, Debug)]
enum Happening {
    Produce(u8),
    Join(u16),
    Heartbeat(u16),
    /// A member reads a record, works on it and commits, or commits and works. It may crash between the two.
    Poll(u16, bool),
    /// It leaves in good order.
    Leave(u16),
    /// The coordinator gives it up, and it knows nothing of that.
    Expire(u16),
    Restart,
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let member = 0..MEMBERS;
    let happening = prop_oneof![
        5 => (0_u8..9).prop_map(Happening::Produce),
        5 => member.clone().prop_map(Happening::Join),
        6 => member.clone().prop_map(Happening::Heartbeat),
        10 => (member.clone(), prop::bool::weighted(0.15)).prop_map(|(member, crash)| Happening::Poll(member, crash)),
        1 => member.clone().prop_map(Happening::Leave),
        3 => member.prop_map(Happening::Expire),
        1 => Just(Happening::Restart),
    ];
    prop::collection::vec(happening, 0..90)
}

/// A consumer as its client library has it.
#[derive(Clone, Debug, Default)]
struct Client {
    generation: Option<u32>,
    /// Where it goes on, by partition.
    positions: BTreeMap<u16, u64>,
}

/// A group of consumers on one topic.
struct Running {
    log: Log,
    commit: Commit,
    clients: BTreeMap<u16, Client>,
    /// How often each record was worked on.
    work: BTreeMap<(u16, u64), u32>,
}

impl Running {
    fn new(commit: Commit) -> Running {
        Running { log: log(), commit, clients: BTreeMap::new(), work: BTreeMap::new() }
    }

    /// Members begin where their group has committed (`auto.offset.reset` is `earliest`).
    fn answer(&mut self, answers: Vec<Assignment>) {
        for Assignment { member, generation, partitions } in answers {
            let start = |at: &TopicPartition| (at.partition, self.log.committed(GROUP, at).unwrap_or(0));
            let positions = partitions.iter().map(start).collect();
            self.clients.insert(member, Client { generation: Some(generation), positions });
        }
    }

    fn join(&mut self, member: u16) {
        // What it had, it gives up as it joins (the classic protocol is eager).
        self.clients.insert(member, Client::default());
        let answers = self.log.join(GROUP, member, &[TOPIC]).unwrap();
        self.answer(answers);
    }

    fn poll(&mut self, member: u16, crash: bool) -> Result<(), TestCaseError> {
        let Some(client) = self.clients.get_mut(&member) else { return Ok(()) };
        let Some(generation) = client.generation else { return Ok(()) };
        let has_more = |(at, position): &(&u16, &mut u64)| !self.log.fetch(TOPIC, **at, **position).unwrap().is_empty();
        let Some((at, position)) = client.positions.iter_mut().find(has_more) else { return Ok(()) };
        let (at, offset) = (*at, *position);
        *position += 1;
        if self.commit == Commit::AfterWork {
            *self.work.entry((at, offset)).or_default() += 1;
        }
        let crashed = if crash && self.commit == Commit::AfterWork {
            true
        } else {
            let current = self.log.assignments(GROUP);
            let answer = self.log.commit(GROUP, member, generation, &partition(at), offset + 1);
            let expected = match current.iter().find(|current| current.member == member) {
                None => Err(Refused::UnknownMemberId),
                Some(current) if current.generation == generation => Ok(()),
                Some(_) => Err(Refused::IllegalGeneration),
            };
            prop_assert_eq!(answer, expected);
            if answer.is_ok() && !crash && self.commit == Commit::BeforeWork {
                *self.work.entry((at, offset)).or_default() += 1;
            }
            crash || answer.is_err()
        };
        if crashed {
            self.clients.remove(&member);
        }
        Ok(())
    }

    fn happen(&mut self, happening: &Happening) -> Result<(), TestCaseError> {
        match *happening {
            Happening::Produce(key) => {
                self.log.produce(TOPIC, None, Record::new(format!("order-{key}"), "placed")).unwrap();
            }
            Happening::Join(member) => self.join(member),
            Happening::Heartbeat(member) => {
                if let Some(generation) = self.clients.get(&member).and_then(|client| client.generation)
                    && let Err(refused) = self.log.heartbeat(GROUP, member, generation)
                {
                    let joins = matches!(
                        refused,
                        Refused::RebalanceInProgress | Refused::IllegalGeneration | Refused::UnknownMemberId
                    );
                    prop_assert!(joins);
                    self.join(member);
                }
            }
            Happening::Poll(member, crash) => self.poll(member, crash)?,
            Happening::Leave(member) => {
                self.clients.remove(&member);
                let answers = self.log.leave(GROUP, member);
                self.answer(answers);
            }
            Happening::Expire(member) => {
                let answers = self.log.leave(GROUP, member);
                self.answer(answers);
            }
            Happening::Restart => self.log.restart(),
        }
        Ok(())
    }

    /// Everyone is gone but one, which is new and reads all there is.
    fn drain(&mut self) -> Result<(), TestCaseError> {
        for member in 0..MEMBERS {
            self.happen(&Happening::Leave(member))?;
        }
        self.join(MEMBERS);
        for _ in 0..200 {
            self.poll(MEMBERS, false)?;
        }
        Ok(())
    }

    fn records(&self) -> impl Iterator<Item = (u16, u64)> {
        (0..PARTITIONS).flat_map(|at| (0..self.log.end(TOPIC, at).unwrap()).map(move |offset| (at, offset)))
    }

    fn worked(&self, record: (u16, u64)) -> u32 {
        self.work.get(&record).copied().unwrap_or(0)
    }
}

proptest! {
    #![proptest_config(config())]

    /// Design, Message Delivery Semantics: a consumer that works first and then saves its position may, where it fails in between, see to it that the one
    /// who takes over gets records again: at least once. Nothing is skipped.
    #[test]
    fn committed_after_the_work_nothing_is_skipped(happenings in happenings()) {
        let mut running = Running::new(Commit::AfterWork);
        for happening in &happenings {
            running.happen(happening)?;
            for (at, offset) in running.records() {
                let done = running.log.committed(GROUP, &partition(at)).is_some_and(|committed| offset < committed);
                prop_assert!(!done || running.worked((at, offset)) > 0, "{at} {offset} is committed and not done");
            }
        }
        running.drain()?;
        prop_assert!(running.records().all(|record| running.worked(record) > 0));
    }

    /// The same section: one that saves its position first and then works may leave records undone where it fails in between: at most once. Nothing is
    /// repeated.
    #[test]
    fn committed_before_the_work_nothing_is_repeated(happenings in happenings()) {
        let mut running = Running::new(Commit::BeforeWork);
        for happening in &happenings {
            running.happen(happening)?;
        }
        running.drain()?;
        prop_assert!(running.records().all(|record| running.worked(record) <= 1));
    }

    /// Design, The Consumer: each partition is consumed by exactly one consumer of the group at a time. JavaDoc of `RangeAssignor`: partitions by number,
    /// consumers in order, and the first few have one more where it does not come out even. A new generation begins once all members have joined or are
    /// gone; it is the old one's number and one.
    #[test]
    fn a_generation_gives_each_partition_to_exactly_one_member(happenings in happenings()) {
        let mut running = Running::new(Commit::AfterWork);
        let mut generation = 0;
        let mut members = BTreeSet::new();
        for happening in &happenings {
            running.happen(happening)?;
            let current = running.log.assignments(GROUP);
            let Some(now) = current.first().map(|first| first.generation) else { continue };
            prop_assert!(current.iter().all(|assignment| assignment.generation == now) && now >= generation);
            let ids: BTreeSet<u16> = current.iter().map(|assignment| assignment.member).collect();
            prop_assert!(now > generation || ids.is_subset(&members), "who joins comes with a new generation");
            if now > generation {
                let owned: Vec<TopicPartition> = current.iter().flat_map(|assignment| assignment.partitions.clone()).collect();
                prop_assert_eq!(owned, (0..PARTITIONS).map(partition).collect::<Vec<_>>());
                let shares: Vec<usize> = current.iter().map(|assignment| assignment.partitions.len()).collect();
                prop_assert!(shares.is_sorted_by(|one, next| one >= next) && shares[0] - shares[shares.len() - 1] <= 1);
                prop_assert!(!running.log.is_rebalancing(GROUP));
            }
            (generation, members) = (now, ids);
            let awaited = running.log.awaited(GROUP);
            prop_assert_eq!(running.log.is_rebalancing(GROUP), !awaited.is_empty(), "a rebalance waits for someone");
        }
    }
}

/// `RangeAssignor` works topic by topic: its JavaDoc's example of two members and two topics of three partitions. Members of one group may have subscribed to
/// different topics.
#[test]
fn partitions_are_given_out_topic_by_topic() {
    let mut log = Log::default();
    ["t0", "t1", "t2"].into_iter().for_each(|topic| log.create_topic(topic, 3));
    let own = |log: &Log| -> Vec<String> {
        let name = |at: &TopicPartition| format!("{}p{}", at.topic, at.partition);
        log.assignments(GROUP).iter().map(|of| of.partitions.iter().map(name).collect::<Vec<_>>().join(" ")).collect()
    };
    assert_eq!(log.join(GROUP, 0, &["t0", "t1"]).unwrap().len(), 1);
    assert_eq!(log.join(GROUP, 1, &["t1", "t0"]), Ok(Vec::new()));
    assert_eq!(log.join(GROUP, 0, &["t0", "t1"]).unwrap().len(), 2);
    assert_eq!(own(&log), ["t0p0 t0p1 t1p0 t1p1", "t0p2 t1p2"]);
    assert_eq!(log.join(GROUP, 2, &["t2"]), Ok(Vec::new()));
    assert_eq!(log.leave(GROUP, 1), Vec::new());
    assert_eq!(log.awaited(GROUP), [0]);
    assert_eq!(log.join(GROUP, 0, &["t0", "t1"]).unwrap().len(), 2);
    assert_eq!(own(&log), ["t0p0 t0p1 t0p2 t1p0 t1p1 t1p2", "t2p0 t2p1 t2p2"]);
    assert_eq!(log.join(GROUP, 3, &["t9"]), Err(Refused::UnknownTopicOrPartition));
}

/// The protocol guide's Error Codes: 22 ILLEGAL_GENERATION, 25 UNKNOWN_MEMBER_ID, 27 REBALANCE_IN_PROGRESS, as the coordinator of the classic protocol gives
/// them. While a rebalance is prepared, members of the last generation may still commit.
#[test]
fn an_old_generation_may_not_commit() {
    let mut log = log();
    let at = partition(0);
    let answers = log.join(GROUP, 1, &[TOPIC]).unwrap();
    assert_eq!((answers[0].generation, answers[0].partitions.len()), (1, 3));
    assert_eq!(log.heartbeat(GROUP, 1, 1), Ok(()));
    assert_eq!(log.join(GROUP, 2, &[TOPIC]), Ok(Vec::new()));
    assert_eq!(log.heartbeat(GROUP, 1, 1), Err(Refused::RebalanceInProgress));
    assert_eq!(log.commit(GROUP, 1, 1, &at, 7), Ok(()));
    assert_eq!(log.commit(GROUP, 2, 1, &at, 8), Err(Refused::UnknownMemberId));
    log.restart();
    assert_eq!(log.committed(GROUP, &at), Some(7));
    assert_eq!(log.join(GROUP, 2, &[TOPIC]), Ok(Vec::new()));
    let told: Vec<(u16, u32)> =
        log.join(GROUP, 1, &[TOPIC]).unwrap().iter().map(|answer| (answer.member, answer.generation)).collect();
    assert_eq!(told, [(1, 2), (2, 2)]);
    assert_eq!(log.commit(GROUP, 1, 1, &at, 9), Err(Refused::IllegalGeneration));
    assert_eq!(log.leave(GROUP, 1), Vec::new());
    assert_eq!(log.commit(GROUP, 1, 2, &at, 9), Err(Refused::UnknownMemberId));
    assert_eq!(log.commit(GROUP, 2, 2, &partition(9), 9), Err(Refused::UnknownTopicOrPartition));
    assert_eq!(Refused::IllegalGeneration.to_string(), "ILLEGAL_GENERATION");
    assert_eq!(log.committed(GROUP, &at), Some(7));
}

/// What a group does not know, another may not change: groups read the same partition each at its own pace (Introduction, Main Concepts).
#[test]
fn groups_know_nothing_of_each_other() {
    let mut log = log();
    let name: Arc<str> = "mail".into();
    log.produce(TOPIC, Some(0), Record::new("order-1", "placed")).unwrap();
    log.join(GROUP, 1, &[TOPIC]).unwrap();
    log.join(&name, 1, &[TOPIC]).unwrap();
    assert_eq!(log.commit(GROUP, 1, 1, &partition(0), 1), Ok(()));
    assert_eq!((log.committed(GROUP, &partition(0)), log.committed(&name, &partition(0))), (Some(1), None));
    assert_eq!(log.fetch(TOPIC, 0, log.committed(&name, &partition(0)).unwrap_or(0)).unwrap().len(), 1);
}
