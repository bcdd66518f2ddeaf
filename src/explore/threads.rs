//! Several threads at one search. States are expanded in batches, and what they lead to is taken in order, so that the result is that of one thread.

use std::thread;

use super::model::Model;
use super::search::{End, Search, Successor, Waiting};

impl<M: Model> Search<M> {
    /// As [`Search::advance`], with so many threads.
    pub fn advance_with(&mut self, states: u32, threads: usize) -> Option<End> {
        if threads <= 1 {
            return self.advance(states);
        }
        self.advance_by(states, |search, batch| {
            let share = batch.len().div_ceil(threads).max(1);
            thread::scope(|scope| {
                let workers: Vec<_> =
                    batch.chunks(share).map(|chunk| scope.spawn(|| expand_all(search, chunk))).collect();
                // A thread ends without a result only where the model panicked, and then so does this one.
                workers
                    .into_iter()
                    .flat_map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                    .collect()
            })
        })
    }
}

fn expand_all<M: Model>(search: &Search<M>, chunk: &[Waiting<M::State>]) -> Vec<Vec<Successor<M::State>>> {
    chunk.iter().map(|waiting| search.expand(waiting)).collect()
}
