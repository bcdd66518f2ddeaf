//! From an address to a run, and back: links, variants, parameters, named runs.

use leptos::prelude::*;

use crate::engine::Run;
use crate::scenarios::{Moment, Parameter, Variant};

use super::super::browser::Visit;
use super::super::nav::Nav;
use super::super::router::Location;
use super::super::text;
use super::state::{Lab, Origin, Spec};

/// Between choices in an address.
const SEPARATOR: char = ',';

/// What a link asks for.
struct Asked {
    spec: Spec,
    choices: Vec<String>,
    step: Option<u32>,
    origin: Origin,
}

/// Opens what the address asks for. Whatever is wrong with it becomes a notice, and as much as is right is opened.
pub fn location(lab: Lab, location: &Location) {
    lab.playing.set(false);
    lab.notice.set(None);
    match asked(lab, location) {
        Ok(asked) => show(lab, asked),
        Err(problem) => {
            if let Some(first) = lab.info().variants.first() {
                variant(lab, first);
            }
            lab.notice.set(Some(text::bad_link(&problem)));
        }
    }
}

fn asked(lab: Lab, location: &Location) -> Result<Asked, String> {
    let info = lab.info();
    let variant = match location.path.get(1) {
        Some(id) => info.variant(id).map_err(|error| error.to_string())?,
        None => info.variants.first().ok_or_else(|| text::NOTHING_HERE.to_owned())?,
    };
    let given = info.parameters.iter().filter_map(|p| location.get(p.id).map(|value| (p.id, value)));
    let values = info.values(variant, given).map_err(|error| error.to_string())?;
    let seed = location.get("seed").and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let step = location.get("step").and_then(|step| step.parse().ok());
    let (choices, origin) = match location.get("c") {
        Some(choices) => (choices, Origin::Link),
        None => (variant.opening, Origin::Opening),
    };
    Ok(Asked { spec: Spec { variant, values, seed }, choices: split(choices), step, origin })
}

fn split(choices: &str) -> Vec<String> {
    choices.split(SEPARATOR).filter(|choice| !choice.is_empty()).map(str::to_owned).collect()
}

/// Shows a run: the branch that is open already, or a new one.
fn show(lab: Lab, asked: Asked) {
    let Asked { spec, choices, step, origin } = asked;
    if let Some(id) = lab.find(&spec, &choices) {
        lab.show_branch(id);
        if let Some(step) = step {
            lab.go(step);
        }
        return;
    }
    let run = replay(lab, &spec, &choices);
    let step = step.unwrap_or(run.steps());
    lab.open(spec, run, step, &origin);
}

/// Takes choices one by one; the first that is refused stops it and becomes a notice.
fn replay(lab: Lab, spec: &Spec, choices: &[String]) -> Box<dyn Run> {
    let mut run = lab.entry.start(spec.variant, &spec.values, spec.seed);
    for (at, choice) in choices.iter().enumerate() {
        if let Err(error) = run.push(choice) {
            lab.notice.set(Some(text::stopped_at(at + 1, choices.len(), &error.to_string())));
            break;
        }
    }
    run
}

/// Shows a variant: a branch of it that is open already, or its opening run.
pub fn variant(lab: Lab, variant: &'static Variant) {
    lab.notice.set(None);
    let Ok(values) = lab.info().values(variant, []) else { return };
    let spec = Spec { variant, values, seed: 1 };
    if let Some(id) = lab.latest(&spec) {
        lab.show_branch(id);
        return;
    }
    show(lab, Asked { spec, choices: split(variant.opening), step: None, origin: Origin::Opening });
}

/// The same choices under another value of a parameter, as far as they apply.
pub fn with_parameter(lab: Lab, parameter: &'static Parameter, value: &str) {
    let Some(spec) = lab.spec() else { return };
    let value = match parameter.check(value) {
        Ok(value) => value,
        Err(error) => {
            lab.notice.set(Some(error.to_string()));
            lab.redraw();
            return;
        }
    };
    let given: Vec<(&str, &str)> =
        spec.values.iter().map(|(id, old)| (id, if id == parameter.id { value.as_str() } else { old })).collect();
    match lab.info().values(spec.variant, given) {
        Ok(values) => again(lab, Spec { values, ..spec }),
        Err(error) => lab.notice.set(Some(error.to_string())),
    }
}

/// The same choices under another seed.
pub fn with_seed(lab: Lab, seed: &str) {
    let Some(spec) = lab.spec() else { return };
    match seed.trim().parse::<u32>() {
        Ok(seed) => again(lab, Spec { seed: u64::from(seed), ..spec }),
        Err(_) => {
            lab.notice.set(Some(text::bad_seed(seed)));
            lab.redraw();
        }
    }
}

fn again(lab: Lab, spec: Spec) {
    lab.notice.set(None);
    let choices = lab.choices_to(u32::MAX);
    let step = lab.at.with_untracked(|at| at.step);
    show(lab, Asked { spec, choices, step: Some(step), origin: Origin::Opening });
}

fn moment_asked(lab: Lab, moment: &'static Moment) -> Option<Asked> {
    let variant = lab.info().variant(moment.variant).ok()?;
    let values = lab.info().values(variant, moment.parameters.iter().copied()).ok()?;
    Some(Asked {
        spec: Spec { variant, values, seed: 1 },
        choices: split(moment.choices),
        step: moment.step,
        origin: Origin::Moment(moment.title),
    })
}

/// Opens a named run.
pub fn moment(lab: Lab, moment: &'static Moment) {
    lab.notice.set(None);
    if let Some(asked) = moment_asked(lab, moment) {
        show(lab, asked);
    }
}

/// The address of a named run.
pub fn moment_location(lab: Lab, moment: &'static Moment) -> Option<Location> {
    let asked = moment_asked(lab, moment)?;
    Some(address(lab, &asked.spec, &asked.choices, asked.step))
}

/// The address of a run at a step.
fn address(lab: Lab, spec: &Spec, choices: &[String], step: Option<u32>) -> Location {
    let info = lab.info();
    let mut query: Vec<(String, String)> = Vec::new();
    for parameter in info.parameters {
        let value = spec.values.text(parameter.id);
        if value != info.default(spec.variant, parameter) {
            query.push((parameter.id.to_owned(), value.to_owned()));
        }
    }
    if spec.seed != 1 {
        query.push(("seed".to_owned(), spec.seed.to_string()));
    }
    query.push(("c".to_owned(), choices.join(",")));
    if let Some(step) = step {
        query.push(("step".to_owned(), step.to_string()));
    }
    Location { path: vec![info.id.to_owned(), spec.variant.id.to_owned()], query }
}

/// The address of what the lab shows.
pub fn here(lab: Lab) -> Option<Location> {
    let at = lab.at.get_untracked();
    let spec = lab.spec()?;
    Some(address(lab, &spec, &lab.choices_to(u32::MAX), Some(at.step)))
}

/// Keeps the address in step with the lab: another branch is a new entry of the history, a step is not.
pub fn follow(lab: Lab, nav: Nav) {
    Effect::new(move |before: Option<Option<u32>>| {
        let at = lab.at.get();
        if at.branch == 0 {
            return None;
        }
        let visit = match before.flatten() {
            Some(branch) if branch != at.branch => Visit::Push,
            _ => Visit::Replace,
        };
        if let Some(mut location) = here(lab) {
            nav.carry_over(&mut location);
            nav.write(&location, visit);
        }
        Some(at.branch)
    });
}
