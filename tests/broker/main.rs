//! The simulated brokers over random runs: what RabbitMQ's and Kafka's documentation promises of them, sentence by sentence. Each test names the page and
//! the section that it holds them to.
#![allow(clippy::unwrap_used)]

mod log;
mod queue;

use proptest::prelude::ProptestConfig;

fn config() -> ProptestConfig {
    ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() }
}
