//! The seeded scheduler: what happens next when the reader lets it play. It draws latencies, never faults.

use rand_core::RngCore;

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
pub fn generator(seed: u64, stream: u64) -> Draws {
    // PCG32, by which `rand_core` makes a key of a number.
    let mut state = seed;
    let mut key = [0; 8];
    for word in &mut key {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(11_634_580_027_462_260_723);
        *word = ((((state >> 18) ^ state) >> 27) as u32).rotate_right((state >> 59) as u32);
    }
    Draws { key, stream, block: 0, words: [0; WORDS], used: WORDS }
}

/// Words of a block.
const WORDS: usize = 16;

/// Random numbers: ChaCha of eight rounds with a counter and a stream of 64 bits each (Bernstein, "ChaCha, a variant of Salsa20", 2008). They are those of
/// the crate `rand_chacha`, as a test holds. That is written for many words at once, which makes it 4 KB in each part of the page.
#[derive(Clone, Debug)]
pub struct Draws {
    key: [u32; 8],
    stream: u64,
    /// The next block.
    block: u64,
    words: [u32; WORDS],
    /// How many words of the block are drawn.
    used: usize,
}

impl Draws {
    fn refill(&mut self) {
        let [low, high] = [self.block as u32, (self.block >> 32) as u32];
        let mut start = [0x6170_7865, 0x3320_646E, 0x7962_2D32, 0x6B20_6574, 0, 0, 0, 0, 0, 0, 0, 0, low, high, 0, 0];
        start[4..12].copy_from_slice(&self.key);
        start[14..].copy_from_slice(&[self.stream as u32, (self.stream >> 32) as u32]);
        let mut words = start;
        for round in 0..8 {
            for column in 0..4 {
                // Columns and diagonals in turn.
                let at = |row: usize| row * 4 + (column + if round % 2 == 1 { row } else { 0 }) % 4;
                let [a, b, c, d] = [at(0), at(1), at(2), at(3)];
                for (x, y, z, turn) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
                    words[x] = u32::wrapping_add(words[x], words[y]);
                    words[z] = (words[z] ^ words[x]).rotate_left(turn);
                }
            }
        }
        for (word, start) in words.iter_mut().zip(start) {
            *word = word.wrapping_add(start);
        }
        (self.words, self.used) = (words, 0);
        self.block = self.block.wrapping_add(1);
    }
}

impl RngCore for Draws {
    fn next_u32(&mut self) -> u32 {
        if self.used == WORDS {
            self.refill();
        }
        self.used += 1;
        self.words[self.used - 1]
    }

    fn next_u64(&mut self) -> u64 {
        let low = self.next_u32();
        u64::from(self.next_u32()) << 32 | u64::from(low)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(4) {
            chunk.copy_from_slice(&self.next_u32().to_le_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_core::SeedableRng;

    #[test]
    fn draws_are_those_of_the_crate() {
        for (seed, stream) in [(0, 0), (1, 7), (u64::MAX, u64::MAX), (62, 1 << 32 | 5)] {
            let mut known = ChaCha8Rng::seed_from_u64(seed);
            known.set_stream(stream);
            let mut own = generator(seed, stream);
            for at in 0..100 {
                assert_eq!(own.next_u32(), known.next_u32(), "seed {seed}, stream {stream}, word {at}");
            }
        }
    }
}
