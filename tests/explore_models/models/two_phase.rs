//! The abstract specification of two-phase commit: Lamport's `TwoPhase.tla` (Gray & Lamport, *Consensus on Transaction Commit*, 2006, §3).
//!
//! Messages are never taken out, so receiving one again is a step that changes nothing. A resource manager may prepare or abort on its own; the
//! manager may abort at any time before it commits.

use std::hash::{Hash, Hasher};

use interleave::engine::stable_hash;
use interleave::explore::{Model, Step};

/// How a resource manager stands (`rmState`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Rm {
    Working,
    Prepared,
    Committed,
    Aborted,
}

/// How the transaction manager stands (`tmState`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Tm {
    Init,
    Committed,
    Aborted,
}

/// A set of resource managers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Set(u8);

impl Set {
    fn has(self, rm: usize) -> bool {
        (self.0 >> rm) & 1 == 1
    }

    fn with(self, rm: usize) -> Set {
        Set(self.0 | (1 << rm))
    }

    fn all(size: usize) -> Set {
        (0..size).fold(Set::default(), Set::with)
    }
}

/// A state with `N` resource managers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct State<const N: usize> {
    /// `rmState`
    pub rms: [Rm; N],
    /// `tmState`
    pub tm: Tm,
    /// `tmPrepared`
    pub heard: Set,
    /// Whose "Prepared" is in `msgs`.
    pub prepared: Set,
    /// Whether "Commit" is in `msgs`.
    pub commit: bool,
    /// Whether "Abort" is in `msgs`.
    pub abort: bool,
}

impl<const N: usize> Hash for State<N> {
    /// As one word, since all of it fits into one.
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let rms = self.rms.iter().fold(0, |word, rm| word << 2 | *rm as u64);
        let messages = u64::from(self.prepared.0) << 2 | u64::from(self.commit) << 1 | u64::from(self.abort);
        hasher.write_u64(((rms << 2 | self.tm as u64) << 8 | u64::from(self.heard.0)) << 10 | messages);
    }
}

/// A step, by the name that the specification gives it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    TmCommit,
    TmAbort,
    TmRcvPrepared(usize),
    RmPrepare(usize),
    RmChooseToAbort(usize),
    RmRcvCommitMsg(usize),
    RmRcvAbortMsg(usize),
}

impl<const N: usize> State<N> {
    /// `TPInit`
    pub const INIT: Self =
        State { rms: [Rm::Working; N], tm: Tm::Init, heard: Set(0), prepared: Set(0), commit: false, abort: false };

    /// Hands over everything that can happen.
    pub fn actions(&self, visit: &mut impl FnMut(Action)) {
        if self.tm == Tm::Init {
            if self.heard == Set::all(N) {
                visit(Action::TmCommit);
            }
            visit(Action::TmAbort);
        }
        for rm in 0..N {
            if self.tm == Tm::Init && self.prepared.has(rm) {
                visit(Action::TmRcvPrepared(rm));
            }
            if self.rms[rm] == Rm::Working {
                visit(Action::RmPrepare(rm));
                visit(Action::RmChooseToAbort(rm));
            }
            if self.commit {
                visit(Action::RmRcvCommitMsg(rm));
            }
            if self.abort {
                visit(Action::RmRcvAbortMsg(rm));
            }
        }
    }

    /// The state after something that can happen.
    pub fn after(&self, action: Action) -> Self {
        let mut next = *self;
        match action {
            Action::TmCommit => (next.tm, next.commit) = (Tm::Committed, true),
            Action::TmAbort => (next.tm, next.abort) = (Tm::Aborted, true),
            Action::TmRcvPrepared(rm) => next.heard = self.heard.with(rm),
            Action::RmPrepare(rm) => (next.rms[rm], next.prepared) = (Rm::Prepared, self.prepared.with(rm)),
            Action::RmChooseToAbort(rm) | Action::RmRcvAbortMsg(rm) => next.rms[rm] = Rm::Aborted,
            Action::RmRcvCommitMsg(rm) => next.rms[rm] = Rm::Committed,
        }
        next
    }

    /// `TCConsistent`: no one has committed while another has aborted.
    pub fn is_consistent(&self) -> bool {
        !(self.rms.contains(&Rm::Committed) && self.rms.contains(&Rm::Aborted))
    }

    /// The same for all states that differ only in which resource manager is which: the managers sorted by what is said of each.
    pub fn canonical(&self) -> Self {
        let mut order: [usize; N] = std::array::from_fn(|rm| rm);
        order.sort_by_key(|rm| (self.rms[*rm], self.heard.has(*rm), self.prepared.has(*rm)));
        self.permuted(&order)
    }

    /// The state in which each place is taken by the resource manager that `order` names.
    pub fn permuted(&self, order: &[usize; N]) -> Self {
        let members = |of: Set| (0..N).filter(|rm| of.has(order[*rm])).fold(Set::default(), Set::with);
        State {
            rms: order.map(|rm| self.rms[rm]),
            heard: members(self.heard),
            prepared: members(self.prepared),
            ..*self
        }
    }
}

impl Action {
    /// How the search knows it. What different resource managers do may change places, and so may what the manager does, since a message that is
    /// there stays there.
    fn step<const N: usize>(self, ordinal: u16) -> Step {
        let (kind, actor) = match self {
            Action::TmCommit => (0, N),
            Action::TmAbort => (1, N),
            Action::TmRcvPrepared(rm) => (2 + rm, N),
            Action::RmPrepare(rm) => (2 + N, rm),
            Action::RmChooseToAbort(rm) => (3 + N, rm),
            Action::RmRcvCommitMsg(rm) => (4 + N, rm),
            Action::RmRcvAbortMsg(rm) => (5 + N, rm),
        };
        Step { id: (kind * (N + 1) + actor) as u64, alone: Some(actor as u8), ..Step::event(ordinal) }
    }
}

/// Two-phase commit with `N` resource managers.
#[derive(Clone, Copy, Debug)]
pub struct TwoPhase<const N: usize>;

impl<const N: usize> Model for TwoPhase<N> {
    type State = State<N>;

    fn initial(&self) -> Vec<Self::State> {
        vec![State::INIT]
    }

    fn expand(&self, state: &Self::State, asleep: &[u64], visit: &mut dyn FnMut(Step, Self::State)) {
        let mut ordinal = 0;
        state.actions(&mut |action| {
            let step = action.step::<N>(ordinal);
            ordinal += 1;
            if !asleep.contains(&step.id) {
                visit(step, state.after(action));
            }
        });
    }

    fn fingerprint(&self, state: &Self::State) -> u64 {
        stable_hash(state)
    }

    fn orbit(&self, state: &Self::State) -> u64 {
        stable_hash(&state.canonical())
    }

    fn broken(&self, state: &Self::State) -> u32 {
        u32::from(!state.is_consistent())
    }
}
