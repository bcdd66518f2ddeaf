//! Consumer groups: who belongs to a group, who of them reads which partition, and how far the group has come. Followed: Kafka's documentation, sections
//! "Consumers" of Design and "Consumer Configs", the classic protocol (`group.protocol=classic`), and the JavaDoc of `RangeAssignor`.

use std::sync::Arc;

use super::log::{Refused, TopicPartition};
use crate::engine::sort;

/// What a member is told when a rebalance is over.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Assignment {
    /// Who.
    pub member: u16,
    /// The generation that begins: what the member commits and reports with.
    pub generation: u32,
    /// What it reads from now on, in order.
    pub partitions: Vec<TopicPartition>,
}

/// A member of the current generation, or one that has joined for the next.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Member {
    id: u16,
    /// What it has subscribed to, in order.
    topics: Vec<Arc<str>>,
    partitions: Vec<TopicPartition>,
}

/// A group.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Group {
    pub(super) name: Arc<str>,
    generation: u32,
    /// Of the current generation, by id.
    members: Vec<Member>,
    /// While a rebalance is under way: who has joined for the next generation, by id.
    joined: Option<Vec<Member>>,
    /// By partition: the offset at which the group goes on.
    committed: Vec<(TopicPartition, u64)>,
}

impl Group {
    pub(super) fn new(name: &str) -> Group {
        Group { name: name.into(), generation: 0, members: Vec::new(), joined: None, committed: Vec::new() }
    }

    /// A member joins, or joins again; gives whom the coordinator answers now. A member that has missed no rebalance is told what it has.
    pub(super) fn join(&mut self, id: u16, mut topics: Vec<Arc<str>>, sizes: &[(Arc<str>, u16)]) -> Vec<Assignment> {
        sort(&mut topics);
        topics.dedup();
        if self.joined.is_none()
            && let Some(member) = self.members.iter().find(|member| member.id == id && member.topics == topics)
        {
            return vec![self.told(member)];
        }
        let joined = self.joined.get_or_insert_default();
        joined.retain(|member| member.id != id);
        let at = joined.partition_point(|member| member.id < id);
        joined.insert(at, Member { id, topics, partitions: Vec::new() });
        self.complete(sizes)
    }

    /// A member is gone; gives whom the coordinator answers now.
    pub(super) fn leave(&mut self, id: u16, sizes: &[(Arc<str>, u16)]) -> Vec<Assignment> {
        let known = self.members.iter().chain(self.joined.iter().flatten()).any(|member| member.id == id);
        if !known {
            return Vec::new();
        }
        self.members.retain(|member| member.id != id);
        self.joined.get_or_insert_default().retain(|member| member.id != id);
        self.complete(sizes)
    }

    /// The members for whom a rebalance waits, by id.
    pub(super) fn awaited(&self) -> impl Iterator<Item = u16> {
        let has_joined = |id| self.joined.as_ref().is_none_or(|joined| joined.iter().any(|other| other.id == id));
        self.members.iter().map(|member| member.id).filter(move |id| !has_joined(*id))
    }

    /// A member reports that it lives.
    pub(super) fn heartbeat(&self, id: u16, generation: u32) -> Result<(), Refused> {
        self.check(id, generation)?;
        if self.joined.is_some() { Err(Refused::RebalanceInProgress) } else { Ok(()) }
    }

    /// A member commits. While a rebalance is being prepared, it may: that is how it saves what it has done before it gives its partitions up.
    pub(super) fn commit(&mut self, id: u16, generation: u32, at: TopicPartition, offset: u64) -> Result<(), Refused> {
        self.check(id, generation)?;
        match self.committed.binary_search_by(|(other, _)| other.cmp(&at)) {
            Ok(found) => self.committed[found].1 = offset,
            Err(place) => self.committed.insert(place, (at, offset)),
        }
        Ok(())
    }

    /// Where the group goes on in a partition, if it has committed there.
    pub(super) fn committed(&self, topic: &str, partition: u16) -> Option<u64> {
        let found = self.committed.iter().find(|(at, _)| &*at.topic == topic && at.partition == partition);
        found.map(|(_, offset)| *offset)
    }

    /// What the members of the current generation have, by id.
    pub(super) fn assignments(&self) -> impl Iterator<Item = Assignment> {
        self.members.iter().map(|member| self.told(member))
    }

    /// Whether a rebalance is under way.
    pub(super) fn is_rebalancing(&self) -> bool {
        self.joined.is_some()
    }

    /// The coordinator fails and another takes over: it knows the last generation from the log of offsets, and who has joined since must join again.
    pub(super) fn restart(&mut self) {
        if let Some(joined) = &mut self.joined {
            joined.clear();
        }
    }

    fn told(&self, member: &Member) -> Assignment {
        Assignment { member: member.id, generation: self.generation, partitions: member.partitions.clone() }
    }

    fn check(&self, id: u16, generation: u32) -> Result<(), Refused> {
        if !self.members.iter().any(|member| member.id == id) {
            return Err(Refused::UnknownMemberId);
        }
        if generation == self.generation { Ok(()) } else { Err(Refused::IllegalGeneration) }
    }

    /// Begins the next generation, once all of the last that are still members have joined.
    fn complete(&mut self, sizes: &[(Arc<str>, u16)]) -> Vec<Assignment> {
        if self.awaited().next().is_some() {
            return Vec::new();
        }
        let Some(mut members) = self.joined.take() else { return Vec::new() };
        for (topic, partitions) in sizes {
            assign_range(&mut members, topic, *partitions);
        }
        self.members = members;
        self.generation += 1;
        self.assignments().collect()
    }
}

/// Gives out a topic's partitions by number to its subscribers by id, in ranges; where that does not come out even, the first few get one more.
fn assign_range(members: &mut [Member], topic: &Arc<str>, partitions: u16) {
    let mut subscribers: Vec<&mut Member> = members.iter_mut().filter(|member| member.topics.contains(topic)).collect();
    // A group has fewer members than ids, and with none there is nothing to give out.
    let count = subscribers.len() as u32;
    let mut next = 0;
    for (at, member) in (0_u32..).zip(&mut subscribers) {
        let share = u32::from(partitions) / count + u32::from(at < u32::from(partitions) % count);
        let range = next..next + share;
        next = range.end;
        member
            .partitions
            .extend(range.map(|partition| TopicPartition { topic: topic.clone(), partition: partition as u16 }));
    }
}
