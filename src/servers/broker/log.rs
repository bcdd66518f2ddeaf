//! A log as Kafka has it: topics of partitions, each an ordered sequence of records that are kept, and groups of consumers that remember how far they have
//! read. Followed: Kafka's documentation, sections "Message Delivery Semantics" and "The Consumer" of Design, and "Producer Configs"; error names as in
//! "Error Codes" of the protocol guide.
//!
//! Producers are taken to write with `acks=all`: what [`Log::produce`] has answered, every in-sync replica has, and no restart loses it. Producers,
//! members of groups and groups are named by the caller. A producer that restarts is another one (without a `transactional.id` it gets a new producer id):
//! what it sends again is not known as a duplicate. A member that crashes is a member until its session is over; if it comes back under its old number
//! before, that is static membership (`group.instance.id`): it has what it had.
//!
//! Left out: transactions, retention and compaction, keyless records (here, the caller names the partition), incremental rebalancing. JoinGroup and
//! SyncGroup are one step, in which the coordinator assigns by range; `group.initial.rebalance.delay.ms` is 0.

use std::sync::Arc;

use thiserror::Error;

use super::group::Group;

pub use super::group::Assignment;

/// How many of a producer's last records a partition knows as duplicates, with their offsets (`ProducerStateEntry.NUM_BATCHES_TO_RETAIN`; each is a batch
/// of its own here).
pub const SEQUENCES_KEPT: usize = 5;

/// A partition of a topic.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TopicPartition {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition's number, from 0.
    pub partition: u16,
}

/// A record.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Record {
    /// What it is about: records of one key are in one partition, unless the producer named another.
    pub key: Arc<str>,
    /// What it says.
    pub value: Arc<str>,
    /// With an idempotent producer: whose it is, and the how manieth of that producer in this partition.
    pub sequence: Option<Sequence>,
}

impl Record {
    /// A record of a producer that is not idempotent.
    pub fn new(key: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> Record {
        Record { key: key.into(), value: value.into(), sequence: None }
    }
}

/// What an idempotent producer (`enable.idempotence`) puts on a record, so that a retry is known as one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Sequence {
    /// Producer id.
    pub producer: u64,
    /// Counts the producer's records in the partition, from 0.
    pub number: u32,
}

/// What a producer is answered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Produced {
    /// Where the record stands.
    pub partition: u16,
    /// Where in the partition, from 0.
    pub offset: u64,
    /// Whether it stood there before; Kafka's producers are not told.
    pub duplicate: bool,
}

/// Why a request is refused. Kafka's names for it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Error)]
pub enum Refused {
    /// There is no such topic, or it has no such partition.
    #[error("UNKNOWN_TOPIC_OR_PARTITION")]
    UnknownTopicOrPartition,
    /// A consumer asks for what is behind the end.
    #[error("OFFSET_OUT_OF_RANGE")]
    OffsetOutOfRange,
    /// A record of an idempotent producer is missing before this one.
    #[error("OUT_OF_ORDER_SEQUENCE_NUMBER")]
    OutOfOrderSequence,
    /// A duplicate so old that its offset is no longer known; producers take it as success.
    #[error("DUPLICATE_SEQUENCE_NUMBER")]
    DuplicateSequence,
    /// The group does not know the member: its session is over, or it has left.
    #[error("UNKNOWN_MEMBER_ID")]
    UnknownMemberId,
    /// There has been a rebalance since.
    #[error("ILLEGAL_GENERATION")]
    IllegalGeneration,
    /// The member is to join again.
    #[error("REBALANCE_IN_PROGRESS")]
    RebalanceInProgress,
}

/// A topic.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Topic {
    name: Arc<str>,
    partitions: Vec<Vec<Record>>,
}

/// All topics and all groups.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Log {
    /// By name.
    topics: Vec<Topic>,
    /// By name.
    groups: Vec<Group>,
}

impl Log {
    /// Creates a topic of so many partitions, at least one; one that is there stays as it is.
    pub fn create_topic(&mut self, name: &str, partitions: u16) {
        if let Err(at) = self.topics.binary_search_by(|topic| (*topic.name).cmp(name)) {
            let partitions = vec![Vec::new(); usize::from(partitions.max(1))];
            self.topics.insert(at, Topic { name: name.into(), partitions });
        }
    }

    /// Appends a record to a partition, or to that of its key; a retry of an idempotent producer is answered and not appended.
    ///
    /// # Errors
    /// Where the topic or partition is not there, or the sequence number is out of order or too old.
    pub fn produce(&mut self, topic: &str, partition: Option<u16>, record: Record) -> Result<Produced, Refused> {
        let found = self.topics.iter_mut().find(|found| &*found.name == topic);
        let partitions = &mut found.ok_or(Refused::UnknownTopicOrPartition)?.partitions;
        let partition = partition.unwrap_or_else(|| partition_of(&record.key, partitions.len() as u16));
        let records = partitions.get_mut(usize::from(partition)).ok_or(Refused::UnknownTopicOrPartition)?;
        if let Some(Sequence { producer, number }) = record.sequence
            && let Some(offset) = appended(records, producer, number)?
        {
            return Ok(Produced { partition, offset, duplicate: true });
        }
        records.push(record);
        Ok(Produced { partition, offset: records.len() as u64 - 1, duplicate: false })
    }

    /// The records of a partition from an offset on. Anyone may read anything: no generation is asked for.
    ///
    /// # Errors
    /// Where the partition is not there, or the offset lies behind its end.
    pub fn fetch(&self, topic: &str, partition: u16, offset: u64) -> Result<&[Record], Refused> {
        let records = self.records(topic, partition)?;
        usize::try_from(offset).ok().and_then(|from| records.get(from..)).ok_or(Refused::OffsetOutOfRange)
    }

    /// The offset that a partition's next record will have.
    ///
    /// # Errors
    /// Where the partition is not there.
    pub fn end(&self, topic: &str, partition: u16) -> Result<u64, Refused> {
        Ok(self.records(topic, partition)?.len() as u64)
    }

    /// A member joins a group, or joins again because it was told to, and says what it subscribes to (JoinGroup, SyncGroup). From now on the group
    /// rebalances: the next generation begins as soon as all members of the last have joined or are gone. Gives who is answered now, which is all that
    /// have joined, or nobody yet.
    ///
    /// # Errors
    /// Where a topic is not there.
    pub fn join(&mut self, group: &str, member: u16, topics: &[&str]) -> Result<Vec<Assignment>, Refused> {
        let name = |topic: &&str| Ok(self.topic(topic)?.name.clone());
        let topics = topics.iter().map(name).collect::<Result<_, _>>()?;
        let sizes = self.sizes();
        let at = self.groups.binary_search_by(|other| (*other.name).cmp(group)).unwrap_or_else(|at| {
            self.groups.insert(at, Group::new(group));
            at
        });
        Ok(self.groups[at].join(member, topics, &sizes))
    }

    /// A member is gone: it has left, or its session is over (`session.timeout.ms`), or it has not joined in time (`max.poll.interval.ms`). The others
    /// are to join again. Gives who is answered now.
    pub fn leave(&mut self, group: &str, member: u16) -> Vec<Assignment> {
        let sizes = self.sizes();
        let found = self.groups.iter_mut().find(|found| &*found.name == group);
        found.map(|group| group.leave(member, &sizes)).unwrap_or_default()
    }

    /// The members for whom a rebalance waits, by id: those that are gone when `max.poll.interval.ms` is over.
    pub fn awaited(&self, group: &str) -> Vec<u16> {
        self.group(group).map(|group| group.awaited().collect()).unwrap_or_default()
    }

    /// Whether a group rebalances.
    pub fn is_rebalancing(&self, group: &str) -> bool {
        self.group(group).is_some_and(Group::is_rebalancing)
    }

    /// A member reports that it lives.
    ///
    /// # Errors
    /// Where it is no member, of another generation, or to join again.
    pub fn heartbeat(&self, group: &str, member: u16, generation: u32) -> Result<(), Refused> {
        self.group(group).ok_or(Refused::UnknownMemberId)?.heartbeat(member, generation)
    }

    /// A member commits where its group goes on in a partition: the offset behind the last record that is done with. As with Kafka, neither that it owns the
    /// partition is asked nor that the offset is higher than the last.
    ///
    /// # Errors
    /// Where the partition is not there, or who commits is no member of the current generation.
    pub fn commit(
        &mut self,
        group: &str,
        member: u16,
        generation: u32,
        at: &TopicPartition,
        offset: u64,
    ) -> Result<(), Refused> {
        self.records(&at.topic, at.partition)?;
        let found = self.groups.iter_mut().find(|found| &*found.name == group);
        found.ok_or(Refused::UnknownMemberId)?.commit(member, generation, at.clone(), offset)
    }

    /// Where a group goes on in a partition; `None` where it has never committed, and `auto.offset.reset` says whether that is 0 or [`Log::end`].
    pub fn committed(&self, group: &str, at: &TopicPartition) -> Option<u64> {
        self.group(group)?.committed(&at.topic, at.partition)
    }

    /// What the members of a group's current generation read, by id.
    pub fn assignments(&self, group: &str) -> Vec<Assignment> {
        self.group(group).map(|group| group.assignments().collect()).unwrap_or_default()
    }

    /// The cluster fails and comes back. Records, committed offsets and the groups' last generations are in its logs (`__consumer_offsets`); who had
    /// joined for a next generation must join again.
    pub fn restart(&mut self) {
        self.groups.iter_mut().for_each(Group::restart);
    }

    fn topic(&self, name: &str) -> Result<&Topic, Refused> {
        self.topics.iter().find(|topic| &*topic.name == name).ok_or(Refused::UnknownTopicOrPartition)
    }

    fn records(&self, topic: &str, partition: u16) -> Result<&Vec<Record>, Refused> {
        self.topic(topic)?.partitions.get(usize::from(partition)).ok_or(Refused::UnknownTopicOrPartition)
    }

    fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| &*group.name == name)
    }

    /// How many partitions each topic has.
    fn sizes(&self) -> Vec<(Arc<str>, u16)> {
        self.topics.iter().map(|topic| (topic.name.clone(), topic.partitions.len() as u16)).collect()
    }
}

/// Where a producer's record stands already; none if it is the next one. What a partition knows of its producers, it can tell from its records
/// (`ProducerStateManager` is rebuilt from them); of a producer that it knows nothing of, it takes any number.
fn appended(records: &[Record], producer: u64, number: u32) -> Result<Option<u64>, Refused> {
    let sequences = (0_u64..).zip(records).filter_map(|(offset, record)| Some((offset, record.sequence?)));
    let own: Vec<(u64, u32)> =
        sequences.filter(|(_, by)| by.producer == producer).map(|(offset, by)| (offset, by.number)).collect();
    let latest = &own[own.len().saturating_sub(SEQUENCES_KEPT)..];
    let Some(&(_, last)) = latest.last() else { return Ok(None) };
    if let Some((offset, _)) = latest.iter().find(|(_, kept)| *kept == number) {
        return Ok(Some(*offset));
    }
    if number == last.wrapping_add(1) {
        Ok(None)
    } else if number < last {
        Err(Refused::DuplicateSequence)
    } else {
        Err(Refused::OutOfOrderSequence)
    }
}

/// The partition of a key, as Kafka's default partitioner has it.
fn partition_of(key: &str, partitions: u16) -> u16 {
    // A remainder by a u16 is one.
    ((murmur2(key.as_bytes()) & 0x7FFF_FFFF) % u32::from(partitions)) as u16
}

/// Kafka's `Utils.murmur2`.
fn murmur2(data: &[u8]) -> u32 {
    const MULTIPLIER: u32 = 0x5BD1_E995;
    const SEED: u32 = 0x9747_B28C;
    let mut hash = SEED ^ data.len() as u32;
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let word = word.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte)).wrapping_mul(MULTIPLIER);
        hash = hash.wrapping_mul(MULTIPLIER) ^ (word ^ word >> 24).wrapping_mul(MULTIPLIER);
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        hash ^= rest.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
        hash = hash.wrapping_mul(MULTIPLIER);
    }
    hash = (hash ^ hash >> 13).wrapping_mul(MULTIPLIER);
    hash ^ hash >> 15
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `UtilsTest.testMurmur2` of Kafka.
    #[test]
    fn keys_are_hashed_as_kafka_hashes_them() {
        let cases = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ];
        for (text, hash) in cases {
            assert_eq!(murmur2(text.as_bytes()).cast_signed(), hash, "{text}");
        }
    }
}
