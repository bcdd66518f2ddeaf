//! A simulated message broker, twice: [`queue`] is RabbitMQ's model, a queue whose messages are handed out, acknowledged and gone; [`log`] is Kafka's, a
//! partitioned log that is kept, and of which a group of consumers remembers how far it has come.
//!
//! Both answer for a whole cluster: what they have confirmed, a majority or all in-sync replicas have on disk. What may fail here is whoever talks to
//! them, the way there, and the broker as a whole, which [`queue::Queue::restart`] and [`log::Log::restart`] bring back.
//!
//! Neither has a clock. What a real broker does when time is over (RabbitMQ's `consumer_timeout`, Kafka's `session.timeout.ms` and
//! `max.poll.interval.ms`), the caller does when it finds that time is over.

mod group;
pub mod log;
pub mod queue;
