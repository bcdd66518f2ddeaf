//! A queue as RabbitMQ has it (AMQP 0-9-1): what is published is handed out to consumers, stays until it is acknowledged, and comes back if its consumer is
//! gone before. Followed: the guides "Consumer Acknowledgements and Publisher Confirms", "Consumers", "Dead Letter Exchanges" and "Quorum Queues" (with
//! their delivery limit as it was before 4.3: every return counts).
//!
//! Consumers are known by their channels, and those by numbers of the caller's choice; there is one consumer on a channel. Delivery tags are the channel's
//! own: a channel that is opened anew begins at 1, and what was on the way on the old one must not reach the new one, as it does not in a TCP connection.
//!
//! Left out: exchanges (what is published is routed to this queue), priorities, expiry of messages, limits of length, transactions. What is requeued goes
//! where it came from, as a classic queue has it. A quorum queue with a limit puts it near the head, in the order of the returns; one without puts it at
//! the end ("Quorum Queues", Repeated Requeues).

use std::sync::Arc;

use thiserror::Error;

/// A message, as its publisher made it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Message {
    /// What it is about, or its publisher's name for it (`message-id`).
    pub key: Arc<str>,
    /// What it says.
    pub value: Arc<str>,
    /// `delivery_mode` 2: it survives the broker's restart, if its queue does.
    pub persistent: bool,
}

impl Message {
    /// A persistent message.
    pub fn new(key: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> Message {
        Message { key: key.into(), value: value.into(), persistent: true }
    }
}

/// How a queue is declared. By default it is durable, without a limit of deliveries and without dead letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Settings {
    /// `durable` is false: the queue and all in it end with the broker.
    pub transient: bool,
    /// `x-delivery-limit` of quorum queues: a message that was returned more often than that is dead.
    pub delivery_limit: Option<u32>,
    /// `x-dead-letter-exchange`: what is dead is kept aside, in order of its death. Without, it is gone.
    pub dead_letters: bool,
}

/// Who acknowledges what a consumer gets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Acknowledge {
    /// The consumer, delivery by delivery.
    #[default]
    Manual,
    /// The broker, as soon as it has sent the message (`no-ack`): "fire and forget". Prefetch does not limit it.
    Automatic,
}

/// Why a channel is closed with 406 or was not open.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Error)]
pub enum ChannelError {
    /// The tag was never given on this channel, or has been acknowledged ("Client Errors: Double Acking and Unknown Tags").
    #[error("PRECONDITION_FAILED - unknown delivery tag {0}")]
    UnknownTag(u64),
    /// There is no such channel.
    #[error("CHANNEL_ERROR - channel {0} is not open")]
    NotOpen(u16),
}

/// A message on its way to a consumer (`basic.deliver`).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Delivery {
    /// The channel it goes out on.
    pub channel: u16,
    /// Its name on that channel, counted from 1.
    pub tag: u64,
    /// Whether it has been delivered before, to this consumer or to another.
    pub redelivered: bool,
    /// How often it came back before (`x-delivery-count`); only counted up to 1 where no limit asks for it, as a classic queue does not tell it.
    pub returns: u32,
    /// The message.
    pub message: Message,
}

/// Why a message is dead (`x-first-death-reason`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Death {
    /// Its consumer rejected it without wanting it requeued.
    Rejected,
    /// It was returned more often than the queue's limit.
    DeliveryLimit,
}

/// A message that is dead.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DeadLetter {
    /// The message.
    pub message: Message,
    /// Why.
    pub reason: Death,
}

/// A message in the queue's hands.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Held {
    /// Its place: how many were published before it.
    place: u64,
    /// How often it came back; see [`Delivery::returns`].
    returns: u32,
    message: Message,
}

/// A channel with its consumer.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Channel {
    number: u16,
    /// How many deliveries may be unacknowledged at once; 0 means no limit.
    prefetch: u16,
    acknowledge: Acknowledge,
    /// The last tag given.
    tag: u64,
    /// What is delivered and not acknowledged, by tag.
    unacked: Vec<(u64, Held)>,
}

impl Channel {
    /// Whether one more may be delivered.
    fn has_room(&self) -> bool {
        self.acknowledge == Acknowledge::Automatic
            || self.prefetch == 0
            || self.unacked.len() < usize::from(self.prefetch)
    }
}

/// A queue.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Queue {
    settings: Settings,
    /// By place.
    ready: Vec<Held>,
    /// By number.
    channels: Vec<Channel>,
    /// The channel that was last served.
    served: u16,
    /// How many were ever published.
    published: u64,
    dead: Vec<DeadLetter>,
}

impl Queue {
    /// An empty queue.
    pub fn new(settings: Settings) -> Queue {
        Queue { settings, ..Queue::default() }
    }

    /// Takes a message. When this returns, the broker has confirmed it: of a persistent message in a durable queue that means that it is on disk
    /// ("When Will Published Messages Be Confirmed by the Broker?"). Gives how many were published so far.
    pub fn publish(&mut self, message: Message) -> u64 {
        self.ready.push(Held { place: self.published, returns: 0, message });
        self.published += 1;
        self.published
    }

    /// Opens a channel with a consumer on it (`basic.qos`, `basic.consume`); one of that number which is still open is closed first. `prefetch` is how
    /// many deliveries may be unacknowledged at once, 0 for any number.
    pub fn consume(&mut self, channel: u16, prefetch: u16, acknowledge: Acknowledge) {
        self.close(channel);
        let at = self.channels.partition_point(|open| open.number < channel);
        self.channels.insert(at, Channel { number: channel, prefetch, acknowledge, tag: 0, unacked: Vec::new() });
    }

    /// Hands out all that may be delivered now, in the queue's order, to one consumer after the other of those that have room ("Consumers": deliveries go
    /// round-robin among consumers of the same priority).
    pub fn next_deliveries(&mut self) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        while !self.ready.is_empty() {
            let Some(channel) = next_with_room(&mut self.channels, self.served) else { break };
            let held = self.ready.remove(0);
            self.served = channel.number;
            channel.tag += 1;
            deliveries.push(Delivery {
                channel: channel.number,
                tag: channel.tag,
                redelivered: held.returns > 0,
                returns: held.returns,
                message: held.message.clone(),
            });
            if channel.acknowledge == Acknowledge::Manual {
                channel.unacked.push((channel.tag, held));
            }
        }
        deliveries
    }

    /// Acknowledges a delivery, or with `multiple` all of the channel up to it (tag 0: all there are): they are done with, and gone.
    ///
    /// # Errors
    /// Where the channel is not open or does not know the tag; in this case it is closed, with all that follows from it.
    pub fn ack(&mut self, channel: u16, tag: u64, multiple: bool) -> Result<(), ChannelError> {
        self.settle(channel, tag, multiple).map(drop)
    }

    /// Gives a delivery back (`basic.nack`; `basic.reject` where it is not `multiple`): to be delivered again with `requeue`, else it is dead ("Negative
    /// Acknowledgement and Requeuing of Deliveries").
    ///
    /// # Errors
    /// As [`Queue::ack`].
    pub fn nack(&mut self, channel: u16, tag: u64, multiple: bool, requeue: bool) -> Result<(), ChannelError> {
        for held in self.settle(channel, tag, multiple)? {
            if requeue {
                self.give_back(held);
            } else {
                self.bury(held, Death::Rejected);
            }
        }
        Ok(())
    }

    /// A channel is closed: by its consumer, with its connection, or by the broker, because an acknowledgement is overdue (`consumer_timeout`, 30 minutes
    /// unless configured). What it has not acknowledged goes back ("When Consumers Fail or Lose Connection: Automatic Requeueing").
    pub fn close(&mut self, channel: u16) {
        if let Some(at) = self.channels.iter().position(|open| open.number == channel) {
            for (_, held) in self.channels.remove(at).unacked {
                self.give_back(held);
            }
        }
    }

    /// The broker fails and comes back: all channels are gone, and with them what is not persistent, or everything if the queue is not durable
    /// ("Queues": durability).
    pub fn restart(&mut self) {
        while let Some(open) = self.channels.first() {
            self.close(open.number);
        }
        let durable = !self.settings.transient;
        self.ready.retain(|held| durable && held.message.persistent);
        self.dead.retain(|dead| durable && dead.message.persistent);
        self.served = 0;
    }

    /// Whether a channel is open.
    pub fn is_open(&self, channel: u16) -> bool {
        self.channels.iter().any(|open| open.number == channel)
    }

    /// What waits to be delivered, in order.
    pub fn ready(&self) -> impl ExactSizeIterator<Item = &Message> {
        self.ready.iter().map(|held| &held.message)
    }

    /// What is delivered and not acknowledged: on which channel, under which tag. By channel and tag.
    pub fn unacked(&self) -> impl Iterator<Item = (u16, u64, &Message)> {
        self.channels
            .iter()
            .flat_map(|channel| channel.unacked.iter().map(|(tag, held)| (channel.number, *tag, &held.message)))
    }

    /// What is dead, in order of its death.
    pub fn dead_letters(&self) -> &[DeadLetter] {
        &self.dead
    }

    /// Takes deliveries out of a channel's hands; closes the channel if it does not know them.
    fn settle(&mut self, channel: u16, tag: u64, multiple: bool) -> Result<Vec<Held>, ChannelError> {
        let open = self.channels.iter_mut().find(|open| open.number == channel);
        let unacked = &mut open.ok_or(ChannelError::NotOpen(channel))?.unacked;
        let through = if multiple && tag == 0 {
            unacked.len()
        } else if let Ok(at) = unacked.binary_search_by_key(&tag, |(tag, _)| *tag) {
            at + 1
        } else {
            self.close(channel);
            return Err(ChannelError::UnknownTag(tag));
        };
        let from = if multiple { 0 } else { through - 1 };
        Ok(unacked.drain(from..through).map(|(_, held)| held).collect())
    }

    /// Puts a message back where it came from, unless that was once too often.
    fn give_back(&mut self, mut held: Held) {
        // Where nothing depends on it, a count would only make states differ that are not different.
        held.returns = self.settings.delivery_limit.map_or(1, |_| held.returns.saturating_add(1));
        if self.settings.delivery_limit.is_some_and(|limit| held.returns > limit) {
            self.bury(held, Death::DeliveryLimit);
        } else {
            let at = self.ready.partition_point(|other| other.place < held.place);
            self.ready.insert(at, held);
        }
    }

    /// Keeps a dead message aside, if the queue is to.
    fn bury(&mut self, held: Held, reason: Death) {
        if self.settings.dead_letters {
            self.dead.push(DeadLetter { message: held.message, reason });
        }
    }
}

/// The next channel with room behind the one that was served last, round and round.
fn next_with_room(channels: &mut [Channel], served: u16) -> Option<&mut Channel> {
    let start = channels.partition_point(|channel| channel.number <= served);
    let (before, behind) = channels.split_at_mut(start);
    behind.iter_mut().chain(before).find(|channel| channel.has_room())
}
