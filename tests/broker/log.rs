//! Kafka's model.

use std::collections::{BTreeMap, BTreeSet};

use interleave::servers::broker::log::{Assignment, Log, Record, Refused, Sequence, TopicPartition};
use proptest::prelude::*;

use crate::config;

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
            let mut probe = running.log.clone();
            for (member, old) in ids.iter().flat_map(|member| (0..now).map(move |old| (*member, old))) {
                let answer = probe.commit(GROUP, member, old, &partition(0), 0);
                prop_assert_eq!(answer, Err(Refused::IllegalGeneration), "an old generation may not commit");
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
    let again = log.join(GROUP, 0, &["t1", "t0", "t1"]).unwrap();
    assert_eq!((again.len(), again[0].generation, log.is_rebalancing(GROUP)), (1, 3, false), "nothing has changed");
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

/// Where the coordinator fails within a rebalance, the next one knows the last generation (`__consumer_offsets`), not who had joined since: they ask again.
#[test]
fn who_had_joined_when_the_coordinator_failed_joins_again() {
    let mut log = log();
    log.join(GROUP, 1, &[TOPIC]).unwrap();
    assert_eq!(log.join(GROUP, 2, &[TOPIC]), Ok(Vec::new()));
    log.restart();
    let told: Vec<u16> = log.join(GROUP, 1, &[TOPIC]).unwrap().iter().map(|answer| answer.member).collect();
    assert_eq!(told, [1]);
    assert_eq!(log.join(GROUP, 2, &[TOPIC]), Ok(Vec::new()));
    assert_eq!(log.awaited(GROUP), [1]);
}

/// What a group does not know, another may not change: groups read the same partition each at its own pace (Introduction, Main Concepts).
#[test]
fn groups_know_nothing_of_each_other() {
    let mut log = log();
    let name = "mail";
    log.produce(TOPIC, Some(0), Record::new("order-1", "placed")).unwrap();
    log.join(GROUP, 1, &[TOPIC]).unwrap();
    log.join(name, 1, &[TOPIC]).unwrap();
    assert_eq!(log.commit(GROUP, 1, 1, &partition(0), 1), Ok(()));
    assert_eq!((log.committed(GROUP, &partition(0)), log.committed(name, &partition(0))), (Some(1), None));
    assert_eq!(log.fetch(TOPIC, 0, log.committed(name, &partition(0)).unwrap_or(0)).unwrap().len(), 1);
}
