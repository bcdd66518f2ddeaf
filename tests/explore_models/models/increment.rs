//! Threads that each read a shared number and then write one more than they read: the race of `stateright/examples/increment.rs`.

use interleave::engine::stable_hash;
use interleave::explore::{Model, Step};

/// So many threads.
pub struct Increment(pub usize);

/// The shared number and the threads.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Shared {
    pub number: u8,
    pub threads: Vec<Thread>,
}

/// Where a thread is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Thread {
    Begins,
    HasRead(u8),
    IsDone(u8),
}

impl Shared {
    pub fn is_final(&self) -> bool {
        self.threads.iter().all(|thread| matches!(thread, Thread::IsDone(_)))
    }
}

impl Model for Increment {
    type State = Shared;

    fn initial(&self) -> Vec<Shared> {
        vec![Shared { number: 0, threads: vec![Thread::Begins; self.0] }]
    }

    fn expand(&self, state: &Shared, _: &[u64], visit: &mut dyn FnMut(Step, Shared)) {
        let mut ordinal = 0;
        for (at, thread) in state.threads.iter().enumerate() {
            let mut next = state.clone();
            match *thread {
                Thread::Begins => next.threads[at] = Thread::HasRead(state.number),
                Thread::HasRead(number) => {
                    next.number = number + 1;
                    next.threads[at] = Thread::IsDone(number);
                }
                Thread::IsDone(_) => continue,
            }
            visit(Step::event(ordinal), next);
            ordinal += 1;
        }
    }

    fn fingerprint(&self, state: &Shared) -> u64 {
        stable_hash(state)
    }

    fn orbit(&self, state: &Shared) -> u64 {
        let mut sorted = state.clone();
        sorted.threads.sort_unstable();
        stable_hash(&sorted)
    }

    /// An increment is lost.
    fn broken(&self, state: &Shared) -> u32 {
        u32::from(state.is_final() && usize::from(state.number) != self.0)
    }
}
