//! What scenarios leave out of a world as having no consequence any more has none: worlds that are taken for one go on alike.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use interleave::engine::{Heed, MoveKind, Run, Space, Spot};
use interleave::explore::parse_budget;
use interleave::scenarios::{Entry, Variant, catalogue, find};

const HEEDS: [Heed; 3] = [Heed::Invariants, Heed::Goals, Heed::Looks];

fn start(entry: &dyn Entry, variant: &'static Variant, given: &[(&str, &str)]) -> Box<dyn Run> {
    let values = entry.info().values(variant, given.iter().copied()).expect("values that fit");
    entry.start(variant, &values, 0)
}

/// What is known of the worlds that are taken for one.
#[derive(PartialEq, Eq, Debug)]
struct Alike {
    /// The essences to which its choices lead, its own included: what leads nowhere else may be missing.
    leads_to: BTreeSet<u64>,
    broken: u32,
    goals: Option<(u32, u32)>,
    looks: Option<Vec<&'static str>>,
}

/// Holds worlds to what [`interleave::engine::Protocol::essence`] promises: a bisimulation.
struct Holding<'a> {
    /// Sees every world as it is.
    whole: &'a dyn Space,
    /// Sees of each what matters.
    less: &'a dyn Space,
    heed: Heed,
    known: BTreeMap<u64, Alike>,
    /// Choices that led to the same essence, and so were or could have been left out.
    idle: u32,
}

impl Holding<'_> {
    /// Holds a world to it, and gives what follows it.
    fn hold(&mut self, spot: &Spot) -> Vec<Spot> {
        let own = self.less.key(spot);
        let mut leads_to = BTreeSet::from([own]);
        self.less.expand(spot, &[], &mut |_, next| {
            leads_to.insert(self.less.key(&next));
        });
        let mut following = Vec::new();
        self.whole.expand(spot, &[], &mut |move_, next| {
            let essence = self.less.key(&next);
            // A fault that is spent on what has no consequence is spent in vain.
            let is_led_to = leads_to.contains(&essence) || move_.kind == MoveKind::Fault;
            assert!(
                is_led_to,
                "{:?}: {:?} leads elsewhere",
                self.heed,
                self.whole.follow(spot, move_.ordinal).expect("it is there").0
            );
            self.idle += u32::from(essence == own);
            following.push(next);
        });
        let alike = Alike {
            leads_to,
            broken: self.whole.broken(spot),
            goals: (self.heed >= Heed::Goals).then(|| (self.whole.reached(spot), self.whole.blocked(spot))),
            looks: (self.heed >= Heed::Looks).then(|| self.whole.standing(spot)),
        };
        if let Some(known) = self.known.get(&own) {
            assert_eq!(*known, alike, "{:?}: worlds of one essence", self.heed);
        } else {
            self.known.insert(own, alike);
        }
        following
    }
}

/// Most worlds that are tried of an instance; those that are reached in the fewest choices.
const WORLDS_MAX: usize = 170_000;

/// Every world that can be reached, where they are few enough.
#[test]
fn all_worlds_of_one_essence_go_on_alike() {
    let entry = find("two-phase-commit").expect("a scenario of ours");
    for (id, given, budget, heeds) in [
        ("basic", "participants=2", "crash=1", &HEEDS[..]),
        ("basic", "participants=2 no=p1", "crash=1", &HEEDS[..2]),
        ("basic", "participants=2 log=unforced", "crash=1", &HEEDS[..1]),
        ("basic", "participants=2", "drop=1", &HEEDS[1..2]),
        ("basic", "participants=1", "crash=2,drop=1", &HEEDS[..]),
        ("basic", "participants=1", "crash=1,drop=1,duplicate=1", &HEEDS[..1]),
        ("gives-up", "participants=2", "crash=1", &HEEDS[..1]),
        ("no-log", "participants=2", "crash=1", &HEEDS[..1]),
        ("presumed-abort", "participants=2", "crash=1,drop=1", &HEEDS[1..2]),
        ("presumed-abort", "participants=2 no=p1", "crash=1,drop=1", &HEEDS[..1]),
        ("cooperative", "participants=2 no=p1", "crash=1", &HEEDS[..1]),
        ("cooperative", "participants=2", "crash=1", &HEEDS[..1]),
        ("three-phase", "participants=2 delay-bound=0", "crash=1", &HEEDS[..1]),
        ("paxos-commit", "participants=1", "crash=1", &HEEDS[2..]),
        ("paxos-commit", "participants=2", "crash=2", &HEEDS[..1]),
        ("paxos-commit", "participants=1 log=unforced", "crash=2", &HEEDS[..1]),
        ("paxos-commit", "participants=2 begin=participant", "crash=1", &HEEDS[..1]),
    ] {
        let variant = entry.info().variant(id).expect("a variant of ours");
        let pairs: Vec<(&str, &str)> = given.split(' ').filter_map(|pair| pair.split_once('=')).collect();
        let run = start(entry, variant, &pairs);
        let bounds = parse_budget(budget).expect("a budget");
        for &heed in heeds {
            let (whole, less) = (run.space(0, bounds, Heed::Everything), run.space(0, bounds, heed));
            let mut holding = Holding { whole: &*whole, less: &*less, heed, known: BTreeMap::new(), idle: 0 };
            let mut waiting = VecDeque::from([whole.start()]);
            let mut found = BTreeSet::from([whole.key(&waiting[0])]);
            while let Some(spot) = waiting.pop_front().filter(|_| found.len() < WORLDS_MAX) {
                waiting.extend(holding.hold(&spot).into_iter().filter(|next| found.insert(whole.key(next))));
            }
            let (essences, worlds) = (holding.known.len(), found.len());
            assert!(essences < worlds && holding.idle > 0, "{id} {given} {budget} {heed:?}: {essences} of {worlds}");
        }
    }
}

/// Worlds at random, where there are too many.
#[test]
fn worlds_of_one_essence_go_on_alike_in_every_variant() {
    for entry in catalogue() {
        for variant in entry.info().variants {
            let run = start(*entry, variant, &[]);
            for budget in ["", "crash=1", "crash=1,drop=1,duplicate=1,partition=1,pause=1,jump=1", "drift=1"] {
                let bounds = parse_budget(budget).expect("a budget");
                for heed in HEEDS {
                    let (whole, less) = (run.space(0, bounds, Heed::Everything), run.space(0, bounds, heed));
                    let mut holding = Holding { whole: &*whole, less: &*less, heed, known: BTreeMap::new(), idle: 0 };
                    let mut draw = 7_u64;
                    for _ in 0..10 {
                        let mut spot = whole.start();
                        for _ in 0..40 {
                            let mut following = holding.hold(&spot);
                            if following.is_empty() {
                                break;
                            }
                            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                            spot = following.swap_remove((draw >> 33) as usize % following.len());
                        }
                    }
                }
            }
        }
    }
}
