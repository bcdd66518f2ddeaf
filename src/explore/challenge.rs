//! Challenges: what a scenario dares its reader to bring about. The search proves each one possible, and says in how few choices; the page judges.

use super::question::{Question, What, declared_budget};
use crate::engine::{Run, Status, VerdictState};
use crate::scenarios::{Challenge, Target};

/// How a run stands to a challenge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Judged {
    /// It does what is asked, within the bounds, at this step first.
    Solved {
        /// The step, which is also the number of choices.
        step: u32,
    },
    /// It does what is asked, but went past a bound: a whole sentence.
    Over(String),
    /// Not yet.
    Open,
}

/// The question to the search that proves a challenge possible.
pub fn proof(challenge: &Challenge) -> Question {
    let what = match &challenge.target {
        Target::Break(invariant) => What::Break((*invariant).to_owned()),
        Target::Block(goal) => What::Blocked((*goal).to_owned()),
        Target::Reach(standing) => {
            What::State(standing.iter().map(|(id, word)| ((*id).to_owned(), (*word).to_owned())).collect())
        }
    };
    let mut question = Question::new(what, declared_budget(&challenge.budget));
    question.depth = challenge.choices as u16;
    question
}

/// Judges a run up to a step.
pub fn judge(challenge: &Challenge, run: &dyn Run, step: u32) -> Judged {
    let Some(done) = (0..=step.min(run.steps())).find(|step| does(challenge, run, *step)) else { return Judged::Open };
    if done > challenge.choices {
        return Judged::Over(format!("Done in {done} choices; the challenge allows {}.", challenge.choices));
    }
    for (kind, spent) in run.spent(done) {
        let allowed = challenge.budget.iter().find(|(known, _)| *known == kind).map_or(0, |(_, allowed)| *allowed);
        if spent > allowed {
            return Judged::Over(format!("Done with {kind} {spent}; the challenge allows {allowed}."));
        }
    }
    Judged::Solved { step: done }
}

/// Whether a run does what is asked at a step.
fn does(challenge: &Challenge, run: &dyn Run, step: u32) -> bool {
    match &challenge.target {
        Target::Break(invariant) => {
            run.trace().violations.iter().any(|violation| violation.invariant == *invariant && violation.step <= step)
        }
        Target::Block(goal) => run
            .verdicts(step)
            .iter()
            .any(|verdict| verdict.id == *goal && matches!(verdict.state, VerdictState::Blocked(_))),
        Target::Reach(standing) => {
            let nodes = run.nodes(step);
            let lanes = &run.trace().lanes;
            standing.iter().all(|(id, word)| {
                let node = nodes.iter().find(|node| lanes[node.node.index()].id == *id);
                node.is_some_and(|node| match node.status {
                    Status::Crashed => *word == "down",
                    Status::Paused => *word == "paused",
                    Status::Up => node.badge.as_ref().is_some_and(|badge| badge.text == *word),
                })
            })
        }
    }
}
