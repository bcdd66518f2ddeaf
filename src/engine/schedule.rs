//! The seeded scheduler: what happens next when the reader lets it play. It draws latencies, never faults.

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

/// A distribution of message latencies, in ms of true time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Latency {
    /// Shortest.
    pub min_ms: u32,
    /// Most lie between `min_ms` and this.
    pub usual_ms: u32,
    /// One in eight lies between `usual_ms` and this: the tail that makes messages overtake.
    pub max_ms: u32,
}

impl Default for Latency {
    fn default() -> Self {
        Latency { min_ms: 4, usual_ms: 14, max_ms: 60 }
    }
}

impl Latency {
    /// The latency of message `id` in a run with this seed: a fixed function, so that it does not matter when it is asked.
    pub fn of(&self, seed: u64, id: u32) -> u32 {
        let mut random = generator(seed, u64::from(id));
        let tail = random.next_u32().is_multiple_of(8);
        let (low, high) = if tail { (self.usual_ms, self.max_ms) } else { (self.min_ms, self.usual_ms) };
        low + random.next_u32() % (high.saturating_sub(low) + 1)
    }
}

/// The generator for one purpose of a seeded run. ChaCha is specified, so that seeds mean the same for ever.
pub fn generator(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(stream);
    random
}
