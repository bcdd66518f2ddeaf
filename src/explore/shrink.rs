//! Shorter runs that break the same invariant, by leaving out choices: for counterexamples that no breadth-first search has found, such as the reader's own.
//!
//! Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input" (2002): ever smaller chunks are left out as long as the rest still breaks it.

use super::explain::{Role, violation_step};
use crate::engine::{Run, follow_in};

/// Most runs that are tried.
const TRIES_MAX: u32 = 2_000;

/// A shorter run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shrunk {
    /// Its choices.
    pub choices: Vec<String>,
    /// How many runs were tried.
    pub tries: u32,
}

/// Shortens a run to its violation of an invariant: first to fewer choices, then to fewer faults. What stays is a part of the run at hand, in its order.
/// `None` where the run does not break the invariant.
pub fn shrink(run: &dyn Run, invariant: &str) -> Option<Shrunk> {
    let broken_at = violation_step(run, invariant)?;
    let choices = (1..=broken_at).filter_map(|step| run.choice(step).map(str::to_owned)).collect();
    let mut shrinking = Shrinking { run, invariant, best: choices, tries: 0 };
    let mut chunk = shrinking.best.len().div_ceil(2).max(1);
    loop {
        let before = shrinking.best.len();
        shrinking.leave_out_chunks(chunk);
        if chunk > 1 {
            chunk = chunk.div_ceil(2);
        } else if shrinking.best.len() == before || shrinking.tries >= TRIES_MAX {
            break;
        }
    }
    Some(Shrunk { choices: shrinking.best, tries: shrinking.tries })
}

struct Shrinking<'a> {
    run: &'a dyn Run,
    invariant: &'a str,
    /// The shortest run so far.
    best: Vec<String>,
    tries: u32,
}

impl Shrinking<'_> {
    fn leave_out_chunks(&mut self, chunk: usize) {
        let mut at = 0;
        while at < self.best.len() && self.tries < TRIES_MAX {
            let end = (at + chunk).min(self.best.len());
            let rest = [&self.best[..at], &self.best[end..]].concat();
            match self.breaks(&rest) {
                Some(choices) if is_simpler(&choices, &self.best) => self.best = choices,
                _ => at = end,
            }
        }
    }

    /// The choices that were taken up to the violation, if there still is one.
    fn breaks(&mut self, choices: &[String]) -> Option<Vec<String>> {
        self.tries += 1;
        let followed = follow_in(self.run.fork(0), choices);
        let step = violation_step(&*followed.run, self.invariant)?;
        Some((1..=step).filter_map(|step| followed.run.choice(step).map(str::to_owned)).collect())
    }
}

fn is_simpler(one: &[String], other: &[String]) -> bool {
    let faults = |choices: &[String]| choices.iter().filter(|choice| Role::of(choice) == Role::Fault).count();
    (one.len(), faults(one)) < (other.len(), faults(other))
}
