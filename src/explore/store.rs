//! The states that were found: a fingerprint each, and where each was found from.

/// Most states that can be held: their numbers share 32 bits with the kind of a step.
pub const STATES_MAX: u32 = (1 << 30) - 1;
/// Where a state that was not found from another was found from.
const NONE: u32 = u32::MAX;

/// States found so far, in the order in which they were found; a state is named by its place in it.
pub struct Store {
    fingerprints: Vec<u64>,
    parents: Vec<u32>,
    ordinals: Vec<u16>,
    depths: Vec<u16>,
    /// Open addressing with linear probing; the places of states, or `NONE`. A power of two, at most 5/8 full.
    table: Vec<u32>,
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
        Store {
            fingerprints: Vec::new(),
            parents: Vec::new(),
            ordinals: Vec::new(),
            depths: Vec::new(),
            table: vec![NONE; 1 << 10],
        }
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        self.fingerprints.len() as u32
    }

    /// Bytes that it takes, what it has set aside for more included.
    pub fn bytes(&self) -> usize {
        let state = size_of::<u64>() + size_of::<u32>() + 2 * size_of::<u16>();
        self.fingerprints.capacity() * state + self.table.len() * size_of::<u32>()
    }

    /// The place of the state with this fingerprint.
    pub fn find(&self, fingerprint: u64) -> Option<u32> {
        let mask = self.table.len() - 1;
        let mut slot = home(fingerprint, mask);
        loop {
            let place = self.table[slot];
            if place == NONE {
                return None;
            }
            if self.fingerprints[place as usize] == fingerprint {
                return Some(place);
            }
            slot = (slot + 1) & mask;
        }
    }

    /// Adds a state unless it is known. `parent` is where it was found from, by which step; `None` for an initial state.
    pub fn insert(&mut self, fingerprint: u64, parent: Option<(u32, u16)>) -> Seen {
        let mask = self.table.len() - 1;
        let mut slot = home(fingerprint, mask);
        loop {
            let place = self.table[slot];
            if place == NONE {
                break;
            }
            if self.fingerprints[place as usize] == fingerprint {
                return Seen::Known(place);
            }
            slot = (slot + 1) & mask;
        }
        let place = self.len();
        self.table[slot] = place;
        self.fingerprints.push(fingerprint);
        let (from, ordinal) = parent.unwrap_or((NONE, 0));
        self.parents.push(from);
        self.ordinals.push(ordinal);
        self.depths.push(self.depth_from(from));
        if self.fingerprints.len() * 8 > self.table.len() * 5 {
            self.grow();
        }
        Seen::New(place)
    }

    fn depth_from(&self, parent: u32) -> u16 {
        self.depths.get(parent as usize).map_or(0, |depth| depth.saturating_add(1))
    }

    fn grow(&mut self) {
        let mask = self.table.len() * 2 - 1;
        let mut table = vec![NONE; mask + 1];
        for (place, fingerprint) in (0..).zip(&self.fingerprints) {
            let mut slot = home(*fingerprint, mask);
            while table[slot] != NONE {
                slot = (slot + 1) & mask;
            }
            table[slot] = place;
        }
        self.table = table;
    }

    /// How many steps lead to a state on the way on which it was found.
    pub fn depth(&self, place: u32) -> u16 {
        self.depths[place as usize]
    }

    /// Notes a shorter way to a state than the one on which it was found; `false` where it is not shorter.
    pub fn shorten(&mut self, place: u32, parent: (u32, u16)) -> bool {
        let depth = self.depth_from(parent.0);
        let at = place as usize;
        if depth >= self.depths[at] {
            return false;
        }
        self.depths[at] = depth;
        (self.parents[at], self.ordinals[at]) = parent;
        true
    }

    /// The steps that lead to a state, from an initial state on, and which of the initial states that is.
    pub fn path(&self, place: u32) -> (u32, Vec<u16>) {
        let mut ordinals = Vec::new();
        let mut at = place;
        while self.parents[at as usize] != NONE {
            ordinals.push(self.ordinals[at as usize]);
            at = self.parents[at as usize];
        }
        ordinals.reverse();
        (at, ordinals)
    }
}

/// Where a fingerprint is looked for first. Fingerprints are well spread, so their low bits do.
fn home(fingerprint: u64, mask: usize) -> usize {
    (fingerprint as usize) & mask
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
        assert_eq!(store.find(8), None);
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
