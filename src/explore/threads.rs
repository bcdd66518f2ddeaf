//! Several threads at one search. States are expanded in batches, and what they lead to is taken in order, so that the result is that of one thread.

use std::thread;

use super::batch::Expanded;
use super::model::Model;
use super::search::{End, Search};

impl<M: Model> Search<M> {
    /// As [`Search::advance`], with so many threads.
    pub fn advance_with(&mut self, states: u32, threads: usize) -> Option<End> {
        if threads <= 1 {
            return self.advance(states);
        }
        self.advance_by(states, |search, batch, out| {
            let share = batch.len().div_ceil(threads).max(1);
            thread::scope(|scope| {
                let workers: Vec<_> = batch
                    .chunks(share)
                    .map(|chunk| {
                        scope.spawn(|| {
                            let mut part = Expanded::new();
                            search.expand_all(chunk, &mut part);
                            part
                        })
                    })
                    .collect();
                for worker in workers {
                    // A thread ends without a result only where the model panicked, and then so does this one.
                    let mut part = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                    out.successors.append(&mut part.successors);
                    out.counts.append(&mut part.counts);
                }
            });
        })
    }
}
