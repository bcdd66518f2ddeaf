//! Which choices a violation hangs on: each is left out in turn, all else equal, and what happens then is looked at, not guessed.

use crate::engine::{Run, follow_in};

/// Longest run of which each choice is left out in turn; the trials grow with the square of its length.
pub const EXPLAINED_MAX: u32 = 200;

/// What kind of choice it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Role {
    /// Something goes wrong.
    Fault,
    /// What went wrong is repaired.
    Repair,
    /// A timer fires.
    Timer,
    /// A message arrives, or a node does something of its own accord.
    Event,
}

impl Role {
    /// The role of a choice by its name in a run string.
    pub fn of(choice: &str) -> Role {
        match choice.split_once('!') {
            Some((_, verb)) if ["restart", "resume", "heal"].iter().any(|repair| verb.starts_with(repair)) => {
                Role::Repair
            }
            Some(_) => Role::Fault,
            None if choice.contains(':') => Role::Timer,
            None => Role::Event,
        }
    }
}

/// What happens without one choice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trial {
    /// The number of the choice, from 1.
    pub number: u32,
    /// Its name.
    pub choice: String,
    /// Its kind.
    pub role: Role,
    /// Whether the invariant holds to the end without it, all else equal.
    pub holds_without: bool,
    /// How many of the choices behind it could not be taken any more.
    pub skipped: u32,
}

/// Leaves out each choice up to the violation in turn, and takes the others as far as they apply. `None` where the run does not break the invariant, or
/// only behind [`EXPLAINED_MAX`] choices.
pub fn trials(run: &dyn Run, invariant: &str) -> Option<Vec<Trial>> {
    let broken_at = violation_step(run, invariant).filter(|step| *step <= EXPLAINED_MAX)?;
    let names: Vec<String> = (1..=broken_at).filter_map(|step| run.choice(step).map(str::to_owned)).collect();
    let trial = |number: u32| {
        let at = number as usize;
        let followed = follow_in(run.fork(number - 1), &names[at..]);
        Trial {
            number,
            choice: names[at - 1].clone(),
            role: Role::of(&names[at - 1]),
            holds_without: violation_step(&*followed.run, invariant).is_none(),
            skipped: followed.skipped.len() as u32,
        }
    };
    Some((1..=names.len() as u32).map(trial).collect())
}

/// The choices worth naming: faults without which it holds; where there are none, timers; where there are none either, whatever else.
pub fn decisive(trials: &[Trial]) -> Vec<&Trial> {
    let of = |role: Role| -> Vec<&Trial> {
        trials.iter().filter(|trial| trial.holds_without && trial.role == role).collect()
    };
    [Role::Fault, Role::Timer, Role::Repair, Role::Event]
        .into_iter()
        .map(of)
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}

/// The step at which a run breaks an invariant.
pub(super) fn violation_step(run: &dyn Run, invariant: &str) -> Option<u32> {
    run.trace().violations.iter().find(|violation| violation.invariant == invariant).map(|violation| violation.step)
}
