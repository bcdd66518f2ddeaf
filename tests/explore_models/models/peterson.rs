//! Peterson's mutual exclusion of two processes (1981): `Peterson.tla` of tlaplus/Examples (`specifications/locks_auxiliary_vars`).

use interleave::engine::stable_hash;
use interleave::explore::{Model, Step};

/// The algorithm, or the well-known mistake in it.
pub struct Peterson {
    /// Gives way before it says that it wants to enter.
    pub gives_way_first: bool,
}

/// `pc`, `c` and `turn`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Both {
    at: [Label; 2],
    wants: [bool; 2],
    turn: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Label {
    A0,
    A1,
    A2,
    A3,
    Critical,
    A4,
}

impl Model for Peterson {
    type State = Both;

    fn initial(&self) -> Vec<Both> {
        vec![Both { at: [Label::A0; 2], wants: [false; 2], turn: 0 }]
    }

    fn expand(&self, state: &Both, _: &[u64], visit: &mut dyn FnMut(Step, Both)) {
        for me in 0..2 {
            let other = 1 - me;
            let mut next = *state;
            let say = |next: &mut Both| next.wants[me] = true;
            let give_way = |next: &mut Both| next.turn = other as u8;
            next.at[me] = match state.at[me] {
                Label::A0 => Label::A1,
                Label::A1 => {
                    if self.gives_way_first {
                        give_way(&mut next)
                    } else {
                        say(&mut next)
                    }
                    Label::A2
                }
                Label::A2 => {
                    if self.gives_way_first {
                        say(&mut next)
                    } else {
                        give_way(&mut next)
                    }
                    Label::A3
                }
                Label::A3 if state.wants[other] && state.turn != me as u8 => continue,
                Label::A3 => Label::Critical,
                Label::Critical => Label::A4,
                Label::A4 => {
                    next.wants[me] = false;
                    Label::A0
                }
            };
            visit(Step::event(me as u16), next);
        }
    }

    fn fingerprint(&self, state: &Both) -> u64 {
        stable_hash(state)
    }

    fn broken(&self, state: &Both) -> u32 {
        u32::from(state.at.iter().all(|at| matches!(at, Label::Critical | Label::A4)))
    }
}
