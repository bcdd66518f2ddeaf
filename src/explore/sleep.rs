//! Sleep sets: steps that need not be taken from a state, since what they lead to is found by taking them earlier.
//!
//! Godefroid, *Partial-Order Methods for the Verification of Concurrent Systems* (1996), §5: from each state on the way of a step, the independent steps
//! that were taken before it sleep. They leave out steps and never states. Where a state is found again with less asleep, what woke up is
//! taken after all (§5.3 there, for searches that know states again).

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::model::Step;
use crate::engine::StableHasher;

/// Steps asleep in a state: (id, the part that acts alone), in the order in which they fell asleep.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sleep(Vec<(u64, u8)>);

impl Sleep {
    /// Whether a step sleeps.
    pub fn holds(&self, id: u64) -> bool {
        self.0.iter().any(|(asleep, _)| *asleep == id)
    }

    /// The ids of all.
    pub fn ids(&self) -> Vec<u64> {
        self.0.iter().map(|(id, _)| *id).collect()
    }

    /// A step was taken, and sleeps in what comes after others.
    pub fn add(&mut self, step: &Step) {
        if let Some(part) = step.alone {
            self.0.push((step.id, part));
        }
    }

    /// What still sleeps after a step.
    pub fn after(&self, step: &Step) -> Sleep {
        match step.alone {
            Some(part) => Sleep(self.0.iter().copied().filter(|(_, other)| *other != part).collect()),
            None => Sleep::default(),
        }
    }

    fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<(u64, u8)>() + size_of::<(u32, Sleep)>()
    }
}

/// The sleep set of every state that has one.
#[derive(Default)]
pub struct Sleeps {
    sets: HashMap<u32, Sleep, BuildHasherDefault<StableHasher>>,
    bytes: usize,
    none: Sleep,
}

impl Sleeps {
    /// What sleeps in a state.
    pub fn of(&self, place: u32) -> &Sleep {
        self.sets.get(&place).unwrap_or(&self.none)
    }

    /// What sleeps in a new state.
    pub fn put(&mut self, place: u32, sleep: Sleep) {
        if !sleep.0.is_empty() {
            self.bytes += sleep.bytes();
            self.sets.insert(place, sleep);
        }
    }

    /// A state was found again, with this asleep: only what sleeps on both ways goes on sleeping. Gives what woke up, if anything did.
    pub fn meet(&mut self, place: u32, sleep: &Sleep) -> Option<Sleep> {
        let set = self.sets.get_mut(&place)?;
        let (stay, woken): (Vec<_>, Vec<_>) = set.0.iter().partition(|(id, _)| sleep.holds(*id));
        if woken.is_empty() {
            return None;
        }
        self.bytes = self.bytes.saturating_sub(set.bytes());
        if stay.is_empty() {
            self.sets.remove(&place);
        } else {
            *set = Sleep(stay);
            self.bytes += set.bytes();
        }
        Some(Sleep(woken))
    }

    /// Bytes that they take, about.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}
