//! RabbitMQ's model.

use std::collections::BTreeMap;

use interleave::servers::broker::queue::{Acknowledge, ChannelError, Death, Message, Queue, Settings};
use proptest::prelude::*;

use crate::config;

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
