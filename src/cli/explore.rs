//! `interleave explore`: the search from the command line.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Instant;

use serde::Serialize;

use super::args::Explore;
use super::{BadInput, Outcome, Status};
use crate::explore::{
    Answer, End, Exploration, Finding, Question, Shows, budget_text, declared_budget, parse_budget, reads_as,
};
use crate::scenarios::find;
use crate::scenarios::run_string::{Link, replay, split_choices, to_text};

/// Most threads.
const THREADS_MAX: u16 = 64;
/// States between two looks at the clock.
const SLICE: u32 = 50_000;

#[derive(Serialize)]
struct AnswerJson {
    /// Distinct states.
    states: u32,
    /// Steps taken, to known states included.
    transitions: u64,
    /// Choices on the way to the deepest state.
    depth: u16,
    /// Whether every state within the budget was reached and looked at.
    complete: bool,
    /// `exhausted`, `found`, `states`, `depth` or `memory`.
    end: &'static str,
    /// States that were found and not looked behind.
    frontier: u32,
    /// Bytes in use at the end, about.
    bytes: usize,
    budget: BTreeMap<&'static str, u32>,
    violations: Vec<ViolationJson>,
    /// Runs that show something else that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<FindingJson>,
}

#[derive(Serialize)]
struct ViolationJson {
    invariant: &'static str,
    choices: Vec<String>,
    run: String,
}

#[derive(Serialize)]
struct FindingJson {
    /// The goal that is out of reach; left out for a state that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    goal: Option<&'static str>,
    choices: Vec<String>,
    run: String,
}

/// Explores a scenario.
pub fn explore(args: &Explore) -> Result<Outcome, BadInput> {
    if args.threads == 0 || args.threads > THREADS_MAX {
        return Err(BadInput::Threads { asked: args.threads, max: THREADS_MAX });
    }
    let entry = find(&args.scenario)?;
    let info = entry.info();
    let variant = info.variant(args.variant.as_deref().unwrap_or(info.variants[0].id))?;
    let values = info.values(variant, args.params.iter().map(|(key, value)| (key.as_str(), value.as_str())))?;
    let bounds = match &args.faults {
        Some(faults) => parse_budget(faults)?,
        None => declared_budget(variant.budget),
    };
    let question = asked(args, &budget_text(&bounds))?;
    let mut link = Link::new(entry, variant, values, 0);
    link.choices = split_choices(args.choices.as_deref().unwrap_or_default());
    let replayed = replay(&link);
    if let Some(error) = replayed.error {
        return Err(error.into());
    }
    let begun = Instant::now();
    let mut exploration = Exploration::new(&*replayed.run, replayed.run.steps(), question)?;
    while exploration.advance_with(SLICE, usize::from(args.threads)).is_none() {}
    let seconds = begun.elapsed().as_secs_f64();
    let answer = exploration.answer();
    let violated = answer.findings.iter().any(|finding| matches!(finding.shows, Shows::Broken(_)));
    let status = if violated { Status::Violated } else { Status::Fine };
    let text = if args.json { in_json(&link, &exploration, &answer)? } else { in_words(&link, &exploration, &answer) };
    let rate = f64::from(answer.figures.states) / seconds.max(0.001);
    let remarks = vec![format!("note: {seconds:.1} s, {rate:.0} states a second")];
    Ok(Outcome { text, remarks: if args.json { Vec::new() } else { remarks }, status })
}

fn asked(args: &Explore, budget: &str) -> Result<Question, BadInput> {
    let mut ways = vec![
        format!("states={}", args.max_states),
        format!("megabytes={}", args.max_memory),
        format!("order={}", args.order),
    ];
    ways.extend(args.max_depth.as_ref().map(|depth| format!("depth={depth}")));
    ways.extend(args.no_sleep.then(|| "sleep=off".to_owned()));
    ways.extend(args.no_symmetry.then(|| "symmetry=off".to_owned()));
    ways.extend(args.no_essence.then(|| "essence=off".to_owned()));
    Ok(Question::parse(&format!("{};{budget};{}", args.find, ways.join(",")))?)
}

fn run_string(link: &Link, finding: &Finding) -> String {
    let mut link = Link { opening: false, ..link.clone() };
    link.choices.clone_from(&finding.choices);
    to_text(&link)
}

fn in_json(link: &Link, exploration: &Exploration, answer: &Answer) -> Result<String, BadInput> {
    let bounds = exploration.question().bounds;
    let mut budget: BTreeMap<&'static str, u32> = bounds.budget.list().into_iter().collect();
    budget.extend(bounds.delays.map(|delays| ("delay", u32::from(delays))));
    let mut violations = Vec::new();
    let mut findings = Vec::new();
    for finding in &answer.findings {
        let (choices, run) = (finding.choices.clone(), run_string(link, finding));
        match finding.shows {
            Shows::Broken(invariant) => violations.push(ViolationJson { invariant, choices, run }),
            Shows::Stuck { goal, .. } => findings.push(FindingJson { goal: Some(goal), choices, run }),
            Shows::Wanted => findings.push(FindingJson { goal: None, choices, run }),
        }
    }
    let figures = answer.figures;
    let whole = AnswerJson {
        states: figures.states,
        transitions: figures.transitions,
        depth: figures.depth,
        complete: answer.end == Some(End::Exhausted),
        end: answer.end.map_or("stopped", End::word),
        frontier: figures.frontier,
        bytes: figures.bytes,
        budget,
        violations,
        findings,
    };
    Ok(serde_json::to_string_pretty(&whole)? + "\n")
}

fn in_words(link: &Link, exploration: &Exploration, answer: &Answer) -> String {
    let mut out = format!("{}: {}\n", link.info().title, link.variant.title);
    let _ = writeln!(out, "Budget: {}", reads_as::bounds(&exploration.question().bounds));
    let _ = writeln!(out, "{}", reads_as::figures(&answer.figures));
    let _ = writeln!(out, "\n{}", reads_as::answer(exploration.question(), answer));
    for finding in &answer.findings {
        let _ = writeln!(out, "\n{}\n{}", reads_as::finding(finding), run_string(link, finding));
    }
    out
}
