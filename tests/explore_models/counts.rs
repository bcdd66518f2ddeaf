//! Published counts: distinct states, generated states, depth.
//!
//! Sources: `manifest.json` of tlaplus/Examples (TLC's `distinctStates`, `totalStates`, `stateDepth`), the examples of Stateright, and where nothing is
//! published for a size, a run of TLC and of Stateright 0.31 that agree.

use std::collections::BTreeSet;

use interleave::explore::{End, Model, Options, Search, Until};

use crate::models::coffee_can::{BLACK_IS_LEFT, CoffeeCan, WHITE_IS_LEFT};
use crate::models::increment::{Increment, Shared};
use crate::models::jugs::Jugs;
use crate::models::peterson::Peterson;
use crate::models::philosophers::{EATS, Philosophers};
use crate::models::readers_writers::ReadersWriters;
use crate::models::transaction_commit::TransactionCommit;
use crate::models::two_phase::TwoPhase;
use crate::{as_tlc, everything, explored, follow};

/// Explores everything, and expects these counts and nothing broken.
fn expect<M: Model>(model: M, counts: (u32, u64, u16)) {
    let search = explored(model, everything());
    assert_eq!((search.end(), as_tlc(&search)), (Some(End::Exhausted), counts));
    assert_eq!(search.found(), []);
    assert_eq!((search.figures().frontier, search.figures().cut), (0, 0));
}

/// `specifications/transaction_commit/TCommit.cfg` has three.
#[test]
fn transaction_commit() {
    let published = [(4, 5, 3), (12, 23, 5), (34, 94, 7), (96, 357, 9), (274, 1_296, 11)];
    for (size, counts) in (1..).zip(published) {
        expect(TransactionCommit(size), counts);
    }
}

/// `specifications/transaction_commit/TwoPhase.cfg` and `examples/2pc.rs` of Stateright have three, 2pc.rs also five, and six are in the comment
/// that closes `TwoPhase.tla`.
#[test]
fn two_phase() {
    expect(TwoPhase::<1>, (12, 20, 5));
    expect(TwoPhase::<2>, (56, 154, 8));
    expect(TwoPhase::<3>, (288, 1_146, 11));
    expect(TwoPhase::<4>, (1_568, 8_258, 14));
    expect(TwoPhase::<5>, (8_832, 58_146, 17));
    expect(TwoPhase::<6>, (50_816, 402_306, 20));
    expect(TwoPhase::<7>, (296_448, 2_744_706, 23));
}

/// Orbits under permutation of the resource managers; no less than there are multisets of what they can be, and no more.
#[test]
fn two_phase_up_to_symmetry() {
    fn orbits<const N: usize>() -> u32 {
        let search = explored(TwoPhase::<N>, Options { symmetry: true, ..everything() });
        assert_eq!((search.end(), search.found()), (Some(End::Exhausted), &[][..]));
        search.figures().states
    }
    assert_eq!([orbits::<1>(), orbits::<2>(), orbits::<3>(), orbits::<4>()], [12, 34, 80, 166]);
}

/// 13 for two threads: `examples/increment.rs` of Stateright, which also names 8 up to symmetry.
#[test]
fn racy_increment() {
    for (threads, states) in [(1, 3), (2, 13), (3, 84), (4, 755)] {
        let search = explored(Increment(threads), everything());
        assert_eq!((search.end(), search.figures().states), (Some(End::Exhausted), states));
        assert_eq!(search.found().is_empty(), threads == 1, "two threads lose an increment");
    }
    assert_eq!(explored(Increment(2), Options { symmetry: true, ..everything() }).figures().states, 8);
}

/// Interleavings of N sequences of two steps: (2N)!/2^N, one way each through the model; and the number ends as anything from 1 to N.
#[test]
fn racy_increment_has_as_many_schedules_as_there_are_interleavings() {
    fn schedules(model: &Increment, state: &Shared, finals: &mut BTreeSet<u8>) -> u64 {
        if state.is_final() {
            finals.insert(state.number);
            return 1;
        }
        let mut count = 0;
        model.expand(state, &[], &mut |_, next| count += schedules(model, &next, finals));
        count
    }
    for (threads, expected) in [(1, 1), (2, 6), (3, 90), (4, 2_520)] {
        let model = Increment(threads);
        let mut finals = BTreeSet::new();
        assert_eq!(schedules(&model, &model.initial()[0], &mut finals), expected);
        assert_eq!(finals, (1..=threads as u8).collect());
    }
}

/// `specifications/locks_auxiliary_vars/Peterson.cfg`.
#[test]
fn peterson() {
    expect(Peterson { gives_way_first: false }, (42, 77, 11));
    let search = explored(Peterson { gives_way_first: true }, Options::default());
    let [found] = *search.found() else { panic!("both get in") };
    // Each alone needs four steps into the critical section, and then both are there.
    assert_eq!((search.end(), found.depth), (Some(End::Found), 8));
    assert_eq!(search.model().broken(&follow(search.model(), &search.path(found.place))), 1);
}

/// `specifications/CoffeeCan/CoffeeCan100Beans.cfg`: all of its states are initial ones.
#[test]
fn coffee_can() {
    expect(CoffeeCan(100), (5_150, 20_002, 1));
}

/// The colour of the last bean is settled by whether the number of white ones is even (`TerminationHypothesis` there).
#[test]
fn from_half_of_the_cans_the_last_bean_cannot_be_white() {
    let search = explored(CoffeeCan(100), Options { edges: true, ..everything() });
    let cans = CoffeeCan(100).initial();
    let even = cans.iter().filter(|can| can.white % 2 == 0).count() as u32;
    let odd = cans.len() as u32 - even;
    assert_eq!(search.stuck(WHITE_IS_LEFT, false).map(|stuck| stuck.states), Some(even));
    assert_eq!(search.stuck(BLACK_IS_LEFT, false).map(|stuck| stuck.states), Some(odd));
}

/// `specifications/ReadersWriters/MC.cfg`, three actors.
#[test]
fn readers_and_writers() {
    expect(ReadersWriters(3), (21_527, 59_674, 13));
}

/// `DieHard.tla`: six steps are always open, so 16 states give 6 * 16 + 1 generated ones; solved in six steps, as in its film.
#[test]
fn die_hard() {
    let search = explored(Jugs, everything());
    assert_eq!((search.end(), search.figures().states, as_tlc(&search).1), (Some(End::Exhausted), 16, 97));
    let search = explored(Jugs, Options { until: Until::Wanted, ..Options::default() });
    let [found] = *search.found() else { panic!("there is a solution") };
    assert_eq!((search.end(), found.property, found.depth), (Some(End::Found), None, 6));
    assert_eq!(follow(&Jugs, &search.path(found.place)), (3, 4));
}

/// Forks are held as words over {nothing, left, both} around the table in which "both" stands only before "nothing": the trace of a power of the
/// matrix of what may stand beside what. One state is a deadlock: all hold the left fork.
#[test]
fn dining_philosophers() {
    const BESIDE: [[u32; 3]; 3] = [[1, 1, 1], [1, 1, 1], [1, 0, 0]];
    let times = |one: [[u32; 3]; 3]| {
        one.map(|row| std::array::from_fn(|column| (0..3).map(|at| row[at] * BESIDE[at][column]).sum()))
    };
    for size in 2..=7_usize {
        let power = (1..size).fold(BESIDE, |power, _| times(power));
        let words = (0..3).map(|at| power[at][at]).sum();
        let search: Search<Philosophers> = explored(Philosophers(size), Options { edges: true, ..everything() });
        assert_eq!((search.end(), search.figures().states), (Some(End::Exhausted), words));
        let stuck = search.stuck(EATS, false).expect("steps are kept");
        let nearest = search.path(stuck.nearest.expect("there is one"));
        assert_eq!((stuck.states, nearest.1.len()), (1, size));
    }
}
