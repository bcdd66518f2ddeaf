//! One fixed 64-bit hash, so that native and Wasm builds, today's and tomorrow's, agree on the fingerprint of a world.

use std::hash::{Hash, Hasher};

/// Odd constant with well-spread bits (the fractional part of the golden ratio).
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

/// A word-at-a-time folded-multiply hasher. Not for untrusted keys: for fingerprints of worlds.
///
/// `usize` and `isize` (which `derive(Hash)` uses for lengths and discriminants) are widened to 64 bits, so that a 32-bit
/// target gives the same hash.
#[derive(Clone, Debug)]
pub struct StableHasher {
    state: u64,
}

impl Default for StableHasher {
    fn default() -> Self {
        StableHasher { state: 0x243F_6A88_85A3_08D3 }
    }
}

impl StableHasher {
    #[inline]
    fn mix(&mut self, word: u64) {
        let product = u128::from(self.state ^ word) * u128::from(MULTIPLIER);
        self.state = (product as u64) ^ ((product >> 64) as u64) ^ word.rotate_left(23);
    }

    /// The same out of line: whole worlds are hashed by it word by word, and seldom.
    #[inline(never)]
    fn absorb(&mut self, word: u64) {
        self.mix(word);
    }
}

impl Hasher for StableHasher {
    fn finish(&self) -> u64 {
        let folded = (self.state ^ (self.state >> 32)).wrapping_mul(MULTIPLIER);
        folded ^ (folded >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0_u8; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.absorb(u64::from_le_bytes(word));
        }
        self.absorb(bytes.len() as u64);
    }

    fn write_u8(&mut self, word: u8) {
        self.absorb(u64::from(word));
    }

    fn write_u16(&mut self, word: u16) {
        self.absorb(u64::from(word));
    }

    fn write_u32(&mut self, word: u32) {
        self.absorb(u64::from(word));
    }

    fn write_u64(&mut self, word: u64) {
        self.absorb(word);
    }

    fn write_usize(&mut self, word: usize) {
        self.absorb(word as u64);
    }

    fn write_isize(&mut self, word: isize) {
        self.absorb(word as i64 as u64);
    }
}

/// The hasher of the search: many small values go into one word, so that a world takes a fifth of the time. Its values are the same on every target,
/// and may change from one release to the next: they are kept nowhere.
#[derive(Clone, Debug, Default)]
pub struct KeyHasher {
    words: StableHasher,
    /// Up to seven bytes that wait for their word to be full, the last one lowest.
    begun: u64,
    bytes: u32,
}

/// Announces a value that does not fit into one byte.
const WIDE: u8 = 0xFF;

impl KeyHasher {
    #[inline]
    fn push(&mut self, byte: u8) {
        self.begun = self.begun << 8 | u64::from(byte);
        self.bytes += 1;
        if self.bytes == 8 {
            self.words.mix(self.begun);
            (self.begun, self.bytes) = (0, 0);
        }
    }

    #[inline]
    fn push_word(&mut self, word: u64) {
        if word < u64::from(WIDE) {
            self.push(word as u8);
        } else {
            self.push(WIDE);
            self.words.mix(word);
        }
    }
}

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        let mut words = self.words.clone();
        words.mix(self.begun);
        words.mix(u64::from(self.bytes));
        words.finish()
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.push(*byte);
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.push_word(u64::from(word));
    }

    fn write_u16(&mut self, word: u16) {
        self.push_word(u64::from(word));
    }

    fn write_u32(&mut self, word: u32) {
        self.push_word(u64::from(word));
    }

    fn write_u64(&mut self, word: u64) {
        self.push_word(word);
    }

    fn write_i64(&mut self, word: i64) {
        self.push_word(word as u64);
    }

    fn write_usize(&mut self, word: usize) {
        self.push_word(word as u64);
    }

    fn write_isize(&mut self, word: isize) {
        self.push_word(word as i64 as u64);
    }
}

/// The fixed hash of a value. The value must hold no `usize` slices (their bytes differ between targets).
pub fn stable_hash(value: &impl Hash) -> u64 {
    let mut hasher = StableHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

/// A value that travels with a world without being part of its state: it takes no part in `Eq`, `Ord` and `Hash`.
/// Message ids are such: two worlds that differ only in how their messages are numbered are the same world to search.
#[derive(Clone, Copy, Debug, Default)]
pub struct Aside<T>(pub T);

impl<T> PartialEq for Aside<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Aside<T> {}

impl<T> Hash for Aside<T> {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_fixed_for_ever() {
        assert_eq!(stable_hash(&(1_u8, 2_u32, -3_i64, "abc", vec![Some(4_u16), None])), 9_576_177_260_629_648_825);
    }

    #[test]
    fn an_aside_is_not_state() {
        assert_eq!(stable_hash(&(1_u8, Aside(2_u32))), stable_hash(&(1_u8, Aside(3_u32))));
        assert_eq!(Aside(2_u32), Aside(3_u32));
    }
}
