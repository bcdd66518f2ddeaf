//! Readers and writers that are served in turn: `ReadersWriters.tla` of tlaplus/Examples.

use std::collections::{BTreeSet, VecDeque};

use interleave::engine::stable_hash;
use interleave::explore::{Model, Step};

/// So many actors, each of which may read and write.
pub struct ReadersWriters(pub u8);

/// What an actor waits for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Wish {
    Read,
    Write,
}

/// Who reads, who writes, and who waits for what.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Room {
    readers: BTreeSet<u8>,
    writers: BTreeSet<u8>,
    waiting: VecDeque<(Wish, u8)>,
}

impl Model for ReadersWriters {
    type State = Room;

    fn initial(&self) -> Vec<Room> {
        vec![Room::default()]
    }

    fn expand(&self, room: &Room, _: &[u64], visit: &mut dyn FnMut(Step, Room)) {
        let mut all = Vec::new();
        for wish in [Wish::Read, Wish::Write] {
            for actor in (0..self.0).filter(|actor| !room.waiting.contains(&(wish, *actor))) {
                let mut next = room.clone();
                next.waiting.push_back((wish, actor));
                all.push(next);
            }
        }
        if room.writers.is_empty() {
            let mut next = room.clone();
            match next.waiting.pop_front() {
                Some((Wish::Read, actor)) => {
                    next.readers.insert(actor);
                    all.push(next);
                }
                Some((Wish::Write, actor)) if room.readers.is_empty() => {
                    next.writers.insert(actor);
                    all.push(next);
                }
                _ => {}
            }
        }
        for actor in room.readers.union(&room.writers) {
            let mut next = room.clone();
            let who = if room.readers.contains(actor) { &mut next.readers } else { &mut next.writers };
            who.remove(actor);
            all.push(next);
        }
        (0..).zip(all).for_each(|(ordinal, next)| visit(Step::event(ordinal), next));
    }

    fn fingerprint(&self, room: &Room) -> u64 {
        stable_hash(room)
    }

    /// `Safety`
    fn broken(&self, room: &Room) -> u32 {
        u32::from((!room.readers.is_empty() && !room.writers.is_empty()) || room.writers.len() > 1)
    }
}
