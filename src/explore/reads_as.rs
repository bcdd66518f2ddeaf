//! Answers in words, the same on the page and on the command line. Nothing that was not looked at is ever said to hold.

use super::explain::Trial;
use super::exploration::{Answer, Finding, Shows};
use super::question::{Question, What};
use super::search::{End, Figures};
use crate::engine::Bounds;

/// A number with its thousands set apart.
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number with its noun.
fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

/// What may go wrong.
pub fn bounds(bounds: &Bounds) -> String {
    let mut parts: Vec<String> = bounds.budget.list().iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    if parts.is_empty() {
        parts.push("no faults".to_owned());
    }
    parts.push(match bounds.delays {
        None => "messages as late as they like".to_owned(),
        Some(0) => "no timer beats a message that can arrive".to_owned(),
        Some(1) => "once a timer may beat a message".to_owned(),
        Some(delays) => format!("{delays} times a timer may beat a message"),
    });
    if bounds.repairs {
        parts.push("repairs are free".to_owned());
    }
    let mut words = parts.join(", ");
    words.get_mut(..1).into_iter().for_each(str::make_ascii_uppercase);
    words + "."
}

/// How far a search came.
pub fn figures(figures: &Figures) -> String {
    format!(
        "{}, {}, {} deep.",
        counted(u64::from(figures.states), "state", "states"),
        counted(figures.transitions, "step", "steps"),
        counted(u64::from(figures.depth), "choice", "choices"),
    )
}

/// What the search says, in one or two sentences.
pub fn answer(question: &Question, answer: &Answer) -> String {
    let (what, nothing) = match &question.what {
        What::Violation | What::Violations => ("a violation", "no invariant breaks".to_owned()),
        What::Break(id) => ("a violation", format!("{} holds", id.to_ascii_uppercase())),
        What::Block => {
            ("a state from which only a repair helps", "every goal stays within reach without a repair".to_owned())
        }
        What::Blocked(goal) => ("a blocked state", format!("\u{201c}{goal}\u{201d} is never blocked")),
        What::Reached(goal) => ("a run to the goal", format!("\u{201c}{goal}\u{201d} is out of reach")),
        What::State(_) => ("such a state", "there is no such state".to_owned()),
    };
    let figures = &answer.figures;
    let open = counted(u64::from(figures.frontier), "state waits", "states wait");
    let shown = match answer.findings.len() {
        0 => String::new(),
        _ => format!("Found {what}. "),
    };
    let is_none = answer.findings.is_empty();
    match (answer.end, is_none) {
        (Some(End::Exhausted), true) => format!("Every reachable state within this budget was checked: {nothing}."),
        (Some(End::Exhausted), false) => format!("{shown}Every reachable state within this budget was checked."),
        (Some(End::Found), _) => match question.order {
            super::search::Order::Depth => format!("{shown}It need not be the shortest."),
            _ => format!("{shown}No shorter one exists within this budget."),
        },
        (Some(End::States), _) => {
            format!("{shown}Stopped at the limit of states: {open} to be looked behind, so this proves nothing more.")
        }
        (Some(End::Memory), _) => {
            format!("{shown}Stopped at the limit of memory: {open} to be looked behind, so this proves nothing more.")
        }
        (Some(End::Depth), _) => format!(
            "{shown}Every run of at most {} was checked; {} lie at that limit, and nothing was looked at behind them.",
            counted(u64::from(question.depth), "choice", "choices"),
            counted(u64::from(figures.cut), "state", "states"),
        ),
        (None, _) => format!("{shown}Stopped: {open} to be looked behind, so this proves nothing more."),
    }
}

/// What was seen when a choice of a run was left out.
pub fn trial(trial: &Trial, invariant: &str) -> String {
    let Trial { number, choice, holds_without, skipped, .. } = trial;
    let what = if *holds_without { "holds" } else { "breaks all the same" };
    let rest = match skipped {
        0 => String::new(),
        _ => format!(" ({} behind it no longer apply)", counted(u64::from(*skipped), "choice", "choices")),
    };
    format!("Without choice {number}, {choice}, all else equal, {} {what}{rest}.", invariant.to_ascii_uppercase())
}

/// What a found run shows.
pub fn finding(finding: &Finding) -> String {
    let own = finding.choices.len() as u64 - u64::from(finding.prefix);
    let length = format!(
        "in {}, {}",
        counted(own, "choice", "choices"),
        match finding.faults {
            0 => "without a fault".to_owned(),
            faults => format!("with {}", counted(u64::from(faults), "fault", "faults")),
        }
    );
    match finding.shows {
        Shows::Broken(invariant) => format!("{} breaks {length}.", invariant.to_ascii_uppercase()),
        Shows::Stuck { goal, states, forever } => {
            let after = match forever {
                0 => "from each of them, repairs help".to_owned(),
                _ => format!("from {}, not even repairs help", number(u64::from(forever))),
            };
            format!(
                "\u{201c}{goal}\u{201d} is out of reach {length}: nothing that happens by itself leads there. So it is in {}; {after}.",
                counted(u64::from(states), "state", "states"),
            )
        }
        Shows::Wanted => format!("The state is reached {length}."),
    }
}
