//! The abstract specification of two-phase commit: Lamport's `TwoPhase.tla` (Gray & Lamport, *Consensus on Transaction Commit*, 2006, §3).
//!
//! Messages are never taken out, so receiving one again is a step that changes nothing. A resource manager may prepare or abort on its own; the
//! manager may abort at any time before it commits.

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

/// A state with `N` resource managers, at most 8, in one word: both searches of the benchmark copy and hash states millions of times. From the lowest bit
/// on: `rmState`, two bits each; `tmPrepared` and whose "Prepared" is in `msgs`, a bit each; `tmState`; "Commit" and "Abort" in `msgs`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct State<const N: usize>(u64);

/// `tmPrepared`: the manager has heard that this one is prepared.
const HEARD: u32 = 16;
/// "Prepared" of this one is in `msgs`.
const PREPARED: u32 = 24;
/// `tmState`
const TM: u32 = 32;
/// "Commit" is in `msgs`.
const COMMIT: u32 = 34;
/// "Abort" is in `msgs`.
const ABORT: u32 = 35;

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
    pub const INIT: Self = State(0);

    fn has(self, bit: u32) -> bool {
        self.0 >> bit & 1 == 1
    }

    #[must_use]
    fn with(self, bit: u32) -> Self {
        State(self.0 | 1 << bit)
    }

    fn rm(self, rm: usize) -> u64 {
        self.0 >> (2 * rm) & 3
    }

    #[must_use]
    fn with_rm(self, rm: usize, stands: Rm) -> Self {
        State(self.0 & !(3 << (2 * rm)) | (stands as u64) << (2 * rm))
    }

    /// The manager decides, and says so.
    #[must_use]
    fn decided(self, tm: Tm, message: u32) -> Self {
        State(self.0 | (tm as u64) << TM).with(message)
    }

    /// Hands over everything that can happen.
    pub fn actions(&self, visit: &mut impl FnMut(Action)) {
        let is_open = self.0 >> TM & 3 == Tm::Init as u64;
        if is_open {
            if (0..N as u32).all(|rm| self.has(HEARD + rm)) {
                visit(Action::TmCommit);
            }
            visit(Action::TmAbort);
        }
        for rm in 0..N {
            if is_open && self.has(PREPARED + rm as u32) {
                visit(Action::TmRcvPrepared(rm));
            }
            if self.rm(rm) == Rm::Working as u64 {
                visit(Action::RmPrepare(rm));
                visit(Action::RmChooseToAbort(rm));
            }
            if self.has(COMMIT) {
                visit(Action::RmRcvCommitMsg(rm));
            }
            if self.has(ABORT) {
                visit(Action::RmRcvAbortMsg(rm));
            }
        }
    }

    /// The state after something that can happen.
    pub fn after(&self, action: Action) -> Self {
        match action {
            Action::TmCommit => self.decided(Tm::Committed, COMMIT),
            Action::TmAbort => self.decided(Tm::Aborted, ABORT),
            Action::TmRcvPrepared(rm) => self.with(HEARD + rm as u32),
            Action::RmPrepare(rm) => self.with_rm(rm, Rm::Prepared).with(PREPARED + rm as u32),
            Action::RmChooseToAbort(rm) | Action::RmRcvAbortMsg(rm) => self.with_rm(rm, Rm::Aborted),
            Action::RmRcvCommitMsg(rm) => self.with_rm(rm, Rm::Committed),
        }
    }

    /// `TCConsistent`: no one has committed while another has aborted.
    pub fn is_consistent(&self) -> bool {
        let any = |stands: Rm| (0..N).any(|rm| self.rm(rm) == stands as u64);
        !(any(Rm::Committed) && any(Rm::Aborted))
    }

    /// The same for all states that differ only in which resource manager is which: the managers sorted by what is said of each.
    pub fn canonical(&self) -> Self {
        let mut order: [usize; N] = std::array::from_fn(|rm| rm);
        order.sort_by_key(|rm| (self.rm(*rm), self.has(HEARD + *rm as u32), self.has(PREPARED + *rm as u32)));
        self.permuted(&order)
    }

    /// The state in which each place is taken by the resource manager that `order` names.
    pub fn permuted(&self, order: &[usize; N]) -> Self {
        let manager = self.0 >> TM << TM;
        let place = |word: u64, (to, from): (usize, &usize)| {
            let bit = |set: u32| (self.0 >> (set as usize + from) & 1) << (set as usize + to);
            word | self.rm(*from) << (2 * to) | bit(HEARD) | bit(PREPARED)
        };
        State(order.iter().enumerate().fold(manager, place))
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
