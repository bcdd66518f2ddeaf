//! Sleep sets: steps that need not be taken from a state, since what they lead to is found by taking them earlier.
//!
//! Godefroid, *Partial-Order Methods for the Verification of Concurrent Systems* (1996), §5: from each state on the way of a step, the independent steps
//! that were taken before it sleep. They leave out steps and never states. Where a state is found again with less asleep, what woke up is
//! taken after all (§5.3 there, for searches that know states again).

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::model::Step;
use crate::engine::StableHasher;

/// Steps asleep in a state, in the order in which they fell asleep.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sleep(Vec<Step>);

impl Sleep {
    /// Whether a step sleeps.
    pub fn holds(&self, id: u64) -> bool {
        self.0.iter().any(|asleep| asleep.id == id)
    }

    /// Whether nothing sleeps.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ids of all.
    pub fn ids(&self) -> Vec<u64> {
        self.0.iter().map(|asleep| asleep.id).collect()
    }

    /// A step was taken, and sleeps in what comes after others.
    pub fn add(&mut self, step: &Step) {
        if step.alone.is_some() {
            self.0.push(*step);
        }
    }

    /// What still sleeps after a step.
    pub fn after(&self, step: &Step) -> Sleep {
        Sleep(self.0.iter().copied().filter(|asleep| asleep.is_independent_of(step)).collect())
    }

    fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<Step>() + size_of::<(u32, Sleep)>()
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
        self.bytes += sleep.bytes();
        self.sets.insert(place, sleep);
    }

    /// A state was found again, with this asleep: only what sleeps on both ways goes on sleeping. Gives what woke up, if anything did.
    pub fn meet(&mut self, place: u32, sleep: Option<&Sleep>) -> Option<Sleep> {
        let set = self.sets.get_mut(&place)?;
        let (stay, woken): (Vec<_>, Vec<_>) =
            set.0.iter().partition(|asleep| sleep.is_some_and(|sleep| sleep.holds(asleep.id)));
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
