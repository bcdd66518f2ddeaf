//! The states that were found: a fingerprint each, and where each was found from.

/// Most states that can be held: their numbers share 32 bits with the kind of a step.
pub const STATES_MAX: u32 = (1 << 30) - 1;
/// Where a state that was not found from another was found from.
const NONE: u32 = u32::MAX;
/// The key of a slot in which nothing is; a state with this fingerprint goes by another.
const EMPTY: u64 = 0;

/// States found so far, in the order in which they were found; a state is named by its place in it.
pub struct Store {
    /// How each was found.
    ways: Vec<Way>,
    /// Fingerprints, by open addressing with linear probing. A power of two, at most 3/4 full. They stand by themselves, since what is asked most
    /// often is whether a state is known at all, and that is then one look into memory.
    keys: Vec<u64>,
    /// The place of the state in each slot.
    places: Vec<u32>,
}

/// How a state was found.
#[derive(Clone, Copy)]
struct Way {
    parent: u32,
    ordinal: u16,
    depth: u16,
}

/// Whether a state was known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seen {
    /// It is new, and has this place now.
    New(u32),
    /// It has this place already.
    Known(u32),
}

impl Store {
    /// No states yet.
    pub fn new() -> Self {
        const SLOTS: usize = 1 << 10;
        Store { ways: Vec::new(), keys: vec![EMPTY; SLOTS], places: vec![0; SLOTS] }
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        self.ways.len() as u32
    }

    /// Bytes that it takes, what it has set aside for more included.
    pub fn bytes(&self) -> usize {
        self.ways.capacity() * size_of::<Way>() + self.keys.len() * (size_of::<u64>() + size_of::<u32>())
    }

    /// The slot of a fingerprint, or the one where it belongs, and whether it is there.
    fn slot(&self, key: u64) -> (usize, bool) {
        let mask = self.keys.len() - 1;
        // Fingerprints are well spread, so their low bits are.
        let mut slot = (key as usize) & mask;
        loop {
            let there = self.keys[slot];
            if there == key || there == EMPTY {
                return (slot, there == key);
            }
            slot = (slot + 1) & mask;
        }
    }

    /// Whether there is a state with this fingerprint.
    pub fn knows(&self, fingerprint: u64) -> bool {
        self.slot(key_of(fingerprint)).1
    }

    /// Brings near what looking these up will need. Done by itself it is free of branches, and the processor waits for all of it at once.
    pub fn fetch(&self, fingerprints: impl Iterator<Item = u64>) {
        let mask = self.keys.len() - 1;
        let near = fingerprints.fold(0, |near, fingerprint| near ^ self.keys[(fingerprint as usize) & mask]);
        std::hint::black_box(near);
    }

    /// The place of the state with this fingerprint.
    pub fn find(&self, fingerprint: u64) -> Option<u32> {
        let (slot, is_there) = self.slot(key_of(fingerprint));
        is_there.then(|| self.places[slot])
    }

    /// Adds a state unless it is known. `parent` is where it was found from, by which step; `None` for an initial state.
    pub fn insert(&mut self, fingerprint: u64, parent: Option<(u32, u16)>) -> Seen {
        let key = key_of(fingerprint);
        let (slot, is_there) = self.slot(key);
        if is_there {
            return Seen::Known(self.places[slot]);
        }
        let place = self.len();
        (self.keys[slot], self.places[slot]) = (key, place);
        let (parent, ordinal) = parent.unwrap_or((NONE, 0));
        self.ways.push(Way { parent, ordinal, depth: self.depth_from(parent) });
        if self.ways.len() * 4 > self.keys.len() * 3 {
            self.grow();
        }
        Seen::New(place)
    }

    fn depth_from(&self, parent: u32) -> u16 {
        self.ways.get(parent as usize).map_or(0, |way| way.depth.saturating_add(1))
    }

    fn grow(&mut self) {
        let slots = self.keys.len() * 2;
        let keys = std::mem::replace(&mut self.keys, vec![EMPTY; slots]);
        let places = std::mem::replace(&mut self.places, vec![0; slots]);
        for (key, place) in keys.into_iter().zip(places).filter(|(key, _)| *key != EMPTY) {
            let (slot, _) = self.slot(key);
            (self.keys[slot], self.places[slot]) = (key, place);
        }
    }

    /// How many steps lead to a state on the way on which it was found.
    pub fn depth(&self, place: u32) -> u16 {
        self.ways[place as usize].depth
    }

    /// How many states are so many steps away.
    pub fn count_at(&self, depth: u16) -> u32 {
        self.ways.iter().filter(|way| way.depth == depth).count() as u32
    }

    /// Notes a shorter way to a state than the one on which it was found; `false` where it is not shorter.
    pub fn shorten(&mut self, place: u32, (parent, ordinal): (u32, u16)) -> bool {
        let depth = self.depth_from(parent);
        let way = &mut self.ways[place as usize];
        if depth >= way.depth {
            return false;
        }
        *way = Way { parent, ordinal, depth };
        true
    }

    /// The steps that lead to a state, from an initial state on, and which of the initial states that is.
    pub fn path(&self, place: u32) -> (u32, Vec<u16>) {
        let mut ordinals = Vec::new();
        let mut at = place;
        loop {
            let way = self.ways[at as usize];
            if way.parent == NONE {
                break;
            }
            ordinals.push(way.ordinal);
            at = way.parent;
        }
        ordinals.reverse();
        (at, ordinals)
    }
}

/// The key of a fingerprint.
fn key_of(fingerprint: u64) -> u64 {
    if fingerprint == EMPTY { 1 } else { fingerprint }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_known_again_and_its_path_leads_to_it() {
        let mut store = Store::new();
        let Seen::New(root) = store.insert(7, None) else { panic!("it is new") };
        let mut last = root;
        // Enough to make the table grow several times, with fingerprints that all want the same slot.
        for at in 1..5_000_u64 {
            let Seen::New(place) = store.insert(7 + (at << 32), Some((last, (at % 3) as u16))) else {
                panic!("it is new")
            };
            last = place;
        }
        assert_eq!(store.insert(7 + (4_000 << 32), Some((root, 0))), Seen::Known(4_000));
        assert_eq!((store.find(8), store.find(7)), (None, Some(root)));
        assert_eq!((store.knows(8), store.knows(7)), (false, true));
        let (start, path) = store.path(last);
        assert_eq!((start, path.len()), (root, 4_999));
        assert_eq!(path[..4], [1, 2, 0, 1]);
        assert_eq!(store.depth(last), 4_999);
    }

    #[test]
    fn a_shorter_way_takes_the_place_of_a_longer_one() {
        let mut store = Store::new();
        store.insert(1, None);
        store.insert(2, Some((0, 0)));
        store.insert(3, Some((1, 5)));
        assert!(!store.shorten(2, (1, 6)));
        assert!(store.shorten(2, (0, 9)));
        assert_eq!(store.path(2), (0, vec![9]));
    }
}
