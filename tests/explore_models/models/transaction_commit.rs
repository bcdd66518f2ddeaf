//! What any commit protocol must do: Lamport's `TCommit.tla` (Gray & Lamport, *Consensus on Transaction Commit*, 2006, §2).

use interleave::engine::stable_hash;
use interleave::explore::{Model, Step};

use super::two_phase::Rm;

/// Transaction commit among so many resource managers.
pub struct TransactionCommit(pub usize);

impl Model for TransactionCommit {
    type State = Vec<Rm>;

    fn initial(&self) -> Vec<Self::State> {
        vec![vec![Rm::Working; self.0]]
    }

    fn expand(&self, state: &Self::State, _: &[u64], visit: &mut dyn FnMut(Step, Self::State)) {
        let can_commit = state.iter().all(|rm| matches!(rm, Rm::Prepared | Rm::Committed));
        let not_committed = !state.contains(&Rm::Committed);
        let mut ordinal = 0;
        for (at, rm) in state.iter().enumerate() {
            let mut become_ = |next: Rm| {
                let mut after = state.clone();
                after[at] = next;
                visit(Step::event(ordinal), after);
                ordinal += 1;
            };
            if *rm == Rm::Working {
                become_(Rm::Prepared);
            }
            if *rm == Rm::Prepared && can_commit {
                become_(Rm::Committed);
            }
            if matches!(rm, Rm::Working | Rm::Prepared) && not_committed {
                become_(Rm::Aborted);
            }
        }
    }

    fn fingerprint(&self, state: &Self::State) -> u64 {
        stable_hash(state)
    }

    fn broken(&self, state: &Self::State) -> u32 {
        u32::from(state.contains(&Rm::Committed) && state.contains(&Rm::Aborted))
    }
}
