//! Side by side: the same choices under other rules, and where the two runs part.

use super::run::{ChoiceError, Run};
use super::view::{ChoiceGroup, ChoiceView};

/// The same choices in another run, as far as they apply.
pub struct Followed {
    /// The run that they made.
    pub run: Box<dyn Run>,
    /// For each choice, the step of the run to which it led; `None` where it could not be taken there.
    pub taken: Vec<Option<u32>>,
    /// The choices that could not be taken, in their order.
    pub skipped: Vec<Skipped>,
}

/// A choice that did not apply.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Skipped {
    /// Its number, from 1.
    pub number: u32,
    /// The choice.
    pub choice: String,
    /// Why it could not be taken.
    pub why: ChoiceError,
}

/// Takes choices one by one in a run, leaving out those that cannot be taken.
pub fn follow_in(mut run: Box<dyn Run>, choices: &[String]) -> Followed {
    let mut taken = Vec::with_capacity(choices.len());
    let mut skipped = Vec::new();
    for (number, choice) in (1..).zip(choices) {
        match run.push(choice) {
            Ok(()) => taken.push(Some(run.steps())),
            Err(why) => {
                taken.push(None);
                skipped.push(Skipped { number, choice: choice.clone(), why });
            }
        }
    }
    Followed { run, taken, skipped }
}

/// The same steps of nodes in another run, each as soon as its node can take it after those before it; then whatever is left to do, until nothing is, or
/// [`RUN_OUT_MAX`] choices have been taken. Where nothing but time can help, a timer fires.
pub fn run_out(mut run: Box<dyn Run>, choices: &[String]) -> Box<dyn Run> {
    let actor = |choice: &str| choice.split('.').next().map(str::to_owned);
    let mut left: Vec<&String> = choices.iter().filter(|choice| choice.contains('.')).collect();
    while run.steps() < RUN_OUT_MAX {
        let mut passed: Vec<Option<String>> = Vec::new();
        let next = left.iter().position(|choice| {
            let actor = actor(choice);
            let is_next = !passed.contains(&actor) && run.push(choice).is_ok();
            passed.push(actor);
            is_next
        });
        if let Some(at) = next {
            left.remove(at);
            continue;
        }
        let offered = run.choices(run.steps());
        let is_open = |choice: &&ChoiceView| choice.disabled.is_none() && choice.group <= ChoiceGroup::Timer;
        let Some(other) = offered.iter().find(is_open) else { break };
        if run.push(&other.name).is_err() {
            break;
        }
    }
    run
}

/// Most choices of [`run_out`].
pub const RUN_OUT_MAX: u32 = 1_000;

/// Two runs side by side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alignment {
    /// Every step of the left run with the step of the right one that the same choice led to.
    pub pairs: Vec<Pair>,
    /// Where they first part; `None` where they tell the same story to the end.
    pub parting: Option<Parting>,
}

/// A step of the left run beside one of the right run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pair {
    /// Step of the left run.
    pub left: u32,
    /// Step of the right run; `None` where the choice could not be taken there.
    pub right: Option<u32>,
}

/// Where two runs part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parting {
    /// The first step of the left run that has no equal on the right.
    pub left: u32,
    /// The step of the right run that shows it: where the same choice led, or the last one before it could not be taken.
    pub right: u32,
    /// What the difference is.
    pub why: PartingKind,
}

/// How two runs part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PartingKind {
    /// The choice could not be taken on the right.
    NotTaken,
    /// The same choice had other consequences.
    Differs,
}

/// Lays a run beside another that followed its choices; `taken` is [`Followed::taken`].
pub fn align(left: &dyn Run, right: &dyn Run, taken: &[Option<u32>]) -> Alignment {
    let followed = taken.iter().copied().chain(std::iter::repeat(None));
    let pairs: Vec<Pair> = (0..=left.steps())
        .zip(std::iter::once(Some(0)).chain(followed))
        .map(|(left, right)| Pair { left, right })
        .collect();
    let mut last_right = 0;
    let mut parting = None;
    for pair in &pairs {
        let Some(step) = pair.right else {
            parting = Some(Parting { left: pair.left, right: last_right, why: PartingKind::NotTaken });
            break;
        };
        if !sentences(left, pair.left).eq(sentences(right, step)) {
            parting = Some(Parting { left: pair.left, right: step, why: PartingKind::Differs });
            break;
        }
        last_right = step;
    }
    Alignment { pairs, parting }
}

/// What happened in one step, sentence by sentence.
fn sentences(run: &dyn Run, step: u32) -> impl Iterator<Item = &str> {
    let trace = run.trace();
    let first = step.checked_sub(1).map_or(0, |before| trace.rows_at_step(before));
    let rows = first as usize..trace.rows_at_step(step) as usize;
    trace.events.get(rows).unwrap_or_default().iter().map(|event| event.sentence.as_str())
}
