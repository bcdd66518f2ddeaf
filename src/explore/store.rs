//! The states that were found: a fingerprint each, and where each was found from.

/// Most states that can be held: their numbers share 32 bits with the kind of a step.
pub const STATES_MAX: u32 = (1 << 30) - 1;
/// Where a state that was not found from another was found from.
const NONE: u32 = u32::MAX;
/// The key of a slot in which nothing is; a state with this fingerprint goes by another.
const EMPTY: u64 = 0;
/// Slots of a bucket.
const SLOTS: usize = 8;

/// Fingerprints that want the same place, from the first slot on without a gap: one line of the processor's cache, all of which is compared at once, since
/// a loop that ends here or there costs more than it spares.
#[derive(Clone)]
#[repr(align(64))]
struct Bucket([u64; SLOTS]);

impl Bucket {
    const EMPTY: Bucket = Bucket([EMPTY; SLOTS]);

    /// The slot of a key; [`SLOTS`] where it is not here. [`EMPTY`] finds the first free one.
    fn slot(&self, key: u64) -> usize {
        (0..SLOTS).rev().fold(SLOTS, |found, slot| if self.0[slot] == key { slot } else { found })
    }

    fn holds(&self, key: u64) -> bool {
        self.0.iter().fold(false, |found, there| found | (*there == key))
    }

    fn is_full(&self) -> bool {
        self.0[SLOTS - 1] != EMPTY
    }
}

/// States found so far, in the order in which they were found; a state is named by its place in it.
pub struct Store {
    /// How each was found.
    ways: Vec<Way>,
    /// Fingerprints, by open addressing: where a bucket is full, the next one is looked into. A power of two, at most 3/4 full. They stand by
    /// themselves, since what is asked most often is whether a state is known at all, and that is then one look into memory.
    buckets: Vec<Bucket>,
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
        const BUCKETS: usize = 1 << 7;
        Store { ways: Vec::new(), buckets: vec![Bucket::EMPTY; BUCKETS], places: vec![0; BUCKETS * SLOTS] }
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        self.ways.len() as u32
    }

    /// Bytes that it takes, what it has set aside for more included.
    pub fn bytes(&self) -> usize {
        self.ways.capacity() * size_of::<Way>() + self.places.len() * (size_of::<u64>() + size_of::<u32>())
    }

    /// The bucket where a key is looked for first.
    fn first_bucket(&self, key: u64) -> usize {
        // Fingerprints are well spread, so their low bits are.
        key as usize & (self.buckets.len() - 1)
    }

    /// The slot of a key, or the one where it belongs, and whether it is there.
    fn slot(&self, key: u64) -> (usize, bool) {
        let mut at = self.first_bucket(key);
        loop {
            let bucket = &self.buckets[at];
            let slot = bucket.slot(key);
            if slot < SLOTS {
                return (at * SLOTS + slot, true);
            }
            if !bucket.is_full() {
                return (at * SLOTS + bucket.slot(EMPTY), false);
            }
            at = (at + 1) & (self.buckets.len() - 1);
        }
    }

    fn put(&mut self, slot: usize, key: u64, place: u32) {
        self.buckets[slot / SLOTS].0[slot % SLOTS] = key;
        self.places[slot] = place;
    }

    /// Whether there is a state with this fingerprint.
    pub fn knows(&self, fingerprint: u64) -> bool {
        let key = key_of(fingerprint);
        let mut at = self.first_bucket(key);
        loop {
            let bucket = &self.buckets[at];
            if bucket.holds(key) {
                return true;
            }
            if !bucket.is_full() {
                return false;
            }
            at = (at + 1) & (self.buckets.len() - 1);
        }
    }

    /// Brings near what looking these up will need. Done by itself it is free of branches, and the processor waits for all of it at once.
    pub fn fetch(&self, fingerprints: impl Iterator<Item = u64>) {
        let near = fingerprints.fold(0, |near, fingerprint| near ^ self.buckets[self.first_bucket(fingerprint)].0[0]);
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
        self.put(slot, key, place);
        let (parent, ordinal) = parent.unwrap_or((NONE, 0));
        self.ways.push(Way { parent, ordinal, depth: self.depth_from(parent) });
        if self.ways.len() * 4 > self.places.len() * 3 {
            self.grow();
        }
        Seen::New(place)
    }

    fn depth_from(&self, parent: u32) -> u16 {
        self.ways.get(parent as usize).map_or(0, |way| way.depth.saturating_add(1))
    }

    fn grow(&mut self) {
        let buckets = self.buckets.len() * 2;
        let old = std::mem::replace(&mut self.buckets, vec![Bucket::EMPTY; buckets]);
        let places = std::mem::replace(&mut self.places, vec![0; buckets * SLOTS]);
        let keys = old.iter().flat_map(|bucket| bucket.0);
        for (key, place) in keys.zip(places).filter(|(key, _)| *key != EMPTY) {
            let (slot, _) = self.slot(key);
            self.put(slot, key, place);
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
