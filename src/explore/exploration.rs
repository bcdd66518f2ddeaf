//! A question put to a scenario: from one moment of a run, with an answer in choices that the page can take.

use super::model::Model as _;
use super::question::{Question, QuestionError, What};
use super::search::{End, Figures, Found, Search};
use super::worlds::{Wanted, Worlds};
use crate::engine::{Heed, Run, VerdictKind};

/// A question under way.
pub struct Exploration {
    question: Question,
    search: Search<Worlds>,
    /// The same worlds, with nothing left out.
    whole: Worlds,
    /// Choices that led to the moment from which it starts.
    prefix: Vec<String>,
    invariants: Vec<&'static str>,
    goals: Vec<&'static str>,
}

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// How the search ended; `None` where it was stopped.
    pub end: Option<End>,
    /// How far it came.
    pub figures: Figures,
    /// Runs that were asked for.
    pub findings: Vec<Finding>,
}

/// A run that was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// What it shows.
    pub shows: Shows,
    /// All its choices, from the start of the run.
    pub choices: Vec<String>,
    /// Of these, how many stood before the search began.
    pub prefix: u32,
    /// Faults among those that the search took.
    pub faults: u32,
}

/// What a found run shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shows {
    /// It breaks this invariant.
    Broken(&'static str),
    /// It ends where nothing that happens by itself leads to this goal; with how many states are like that, and from how many of them no repair helps
    /// either.
    Stuck {
        /// The goal.
        goal: &'static str,
        /// States from which only a repair leads to it.
        states: u32,
        /// States from which not even repairs do.
        forever: u32,
    },
    /// It ends in the state that was asked for.
    Wanted,
}

impl Exploration {
    /// Puts a question to a run, from a step on. The choices that follow it in the run are what an answer should be close to.
    ///
    /// # Errors
    /// Where the question names a lifeline, an invariant or a goal that the run does not have.
    pub fn new(run: &dyn Run, step: u32, question: Question) -> Result<Self, QuestionError> {
        let verdicts = run.verdicts(0);
        let ids = |kind: VerdictKind| -> Vec<&'static str> {
            verdicts.iter().filter(|verdict| verdict.kind == kind).map(|verdict| verdict.id).collect()
        };
        let goals = ids(VerdictKind::Goal);
        let wanted = question.wanted(&run.trace().lanes, &goals)?;
        let worlds = Worlds::new(run.space(step, question.bounds, question.heed()), wanted);
        let choices = |from: u32, to: u32| (from + 1..=to).filter_map(|step| run.choice(step));
        let guide = worlds.ordinals(choices(step, run.steps()));
        let invariants = ids(VerdictKind::Invariant);
        let has_symmetry = worlds.space().has_symmetry();
        let options = question.options(&invariants, has_symmetry, guide)?;
        Ok(Exploration {
            prefix: choices(0, step).map(str::to_owned).collect(),
            search: Search::new(worlds, options),
            whole: Worlds::new(run.space(step, question.bounds, Heed::Everything), Wanted::Nothing),
            question,
            invariants,
            goals,
        })
    }

    /// What was asked.
    pub fn question(&self) -> &Question {
        &self.question
    }

    /// Expands about so many states. `None` where there is more to do.
    pub fn advance(&mut self, states: u32) -> Option<End> {
        self.search.advance(states)
    }

    /// As [`Exploration::advance`], with so many threads.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn advance_with(&mut self, states: u32, threads: usize) -> Option<End> {
        self.search.advance_with(states, threads)
    }

    /// How far it is.
    pub fn figures(&self) -> Figures {
        self.search.figures()
    }

    /// Ids of the invariants, in the order of the bits that stand for them.
    pub fn invariants(&self) -> &[&'static str] {
        &self.invariants
    }

    /// Ids of the goals, in the order of the bits that stand for them.
    pub fn goals(&self) -> &[&'static str] {
        &self.goals
    }

    /// The search itself.
    pub fn search(&self) -> &Search<Worlds> {
        &self.search
    }

    /// The same worlds, with nothing left out.
    pub(super) fn whole(&self) -> &Worlds {
        &self.whole
    }

    /// The choices that lead to a state, from the start of the run.
    pub fn choices_to(&self, place: u32) -> Vec<String> {
        let (_, ordinals) = self.search.path(place);
        let mut choices = self.prefix.clone();
        choices.extend(self.search.model().names(&ordinals));
        choices
    }

    /// What was found so far; complete once [`Exploration::advance`] has given an end.
    pub fn answer(&self) -> Answer {
        let findings = match self.question.what {
            What::Block => self.stuck(),
            What::Violation
            | What::Violations
            | What::Break(_)
            | What::Blocked(_)
            | What::Reached(_)
            | What::State(_) => self.search.found().iter().filter_map(|found| self.finding(found)).collect(),
        };
        Answer { end: self.search.end(), figures: self.figures(), findings }
    }

    fn finding(&self, found: &Found) -> Option<Finding> {
        let shows = match (&self.question.what, found.property) {
            (What::State(_) | What::Blocked(_) | What::Reached(_), None) => Shows::Wanted,
            (What::State(_) | What::Blocked(_) | What::Reached(_), Some(_)) | (_, None) => return None,
            (What::Break(id), Some(at)) if self.invariants.get(usize::from(at)) != Some(&id.as_str()) => return None,
            (_, Some(at)) => Shows::Broken(self.invariants.get(usize::from(at))?),
        };
        Some(self.run_to(found.place, shows))
    }

    fn run_to(&self, place: u32, shows: Shows) -> Finding {
        let model = self.search.model();
        let (_, ordinals) = self.search.path(place);
        let mut at = model.space().start();
        for ordinal in &ordinals {
            match model.space().follow(&at, *ordinal) {
                Some((_, next)) => at = next,
                None => break,
            }
        }
        let faults = model.faults(&at);
        Finding { shows, choices: self.choices_to(place), prefix: self.prefix.len() as u32, faults }
    }

    /// For each goal that can be out of reach, the shortest way to where it is.
    fn stuck(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (goal, bit) in self.goals.iter().zip(0..) {
            let Some(stuck) = self.search.stuck(bit, false) else { continue };
            let Some(nearest) = stuck.nearest else { continue };
            let forever = self.search.stuck(bit, true).map_or(0, |stuck| stuck.states);
            findings.push(self.run_to(nearest, Shows::Stuck { goal, states: stuck.states, forever }));
        }
        findings
    }
}
