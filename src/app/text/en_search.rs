//! English, for the search.

use crate::engine::Lane;
use crate::explore::message::Report;
use crate::explore::reads_as::number;
use crate::explore::{MAP_MAX, Mark, Place};

use super::step_of;

pub const SEARCH_SUPERSEDED: &str = "another question took its place";
pub const SEARCH_NO_WORKER: &str = "The browser allows no worker here, and the search runs in one. `interleave explore` on the command line does the same.";
pub const SEARCH_DEAF: &str =
    "The search did not stop when it was told to, so it was ended, and what it had found is gone.";

pub fn search_died(what: &str) -> String {
    // A worker that could not be loaded says nothing.
    let what = if what.is_empty() { "it could not be loaded" } else { what };
    format!(
        "The search ended before its time ({what}). It may have run out of memory; a smaller budget or limit helps. Nothing else is lost."
    )
}

pub fn search_unread(why: &str) -> String {
    format!("The search said something that the page does not understand ({why}). It was ended; nothing else is lost.")
}

pub fn api_bad_question(question: &str) -> String {
    format!("explore takes a question as a string, such as \"violation;crash=1\", not {question}")
}

pub const SEARCH_BUTTON: &str = "Find a violation";
pub const SEARCH_HELP: &str = "Search every schedule within a budget of faults";
pub const SEARCH_TITLE: &str = "Search every schedule";
pub const SEARCH_WHAT: &str = "What to look for";
/// What can be looked for: its name in a question, its title, what it does.
pub const SEARCH_KINDS: [(&str, &str, &str); 4] = [
    ("violation", "Find a violation", "The shortest run that breaks a guarantee."),
    (
        "block",
        "Can it block?",
        "A state that only a repair leads out of: somebody waits, and nothing that happens by itself helps.",
    ),
    ("reached", "Is a goal within reach?", "The fewest choices that lead to it, or that none do any more."),
    ("state", "Find a state", "A run that leads to where you want everybody to stand."),
];
pub const SEARCH_FROM: &str = "Where to begin";
pub const SEARCH_FROM_START: &str = "From the start";
pub const SEARCH_FROM_HERE: &str = "What can still go wrong from here?";
pub const SEARCH_GOAL: &str = "Goal";
pub const SEARCH_STANDING: &str = "Everybody is to stand so";
pub const SEARCH_STANDING_HELP: &str =
    "What the badge of a lifeline says, or down, or paused. What is left empty may be anything.";
pub const SEARCH_ANYTHING: &str = "anything";
pub const SEARCH_NO_STANDING: &str = "Say of at least one lifeline how it is to stand.";
pub const SEARCH_BUDGET: &str = "What may go wrong, and how often";
pub const SEARCH_LATE: &str = "a timer beats a message";
pub const SEARCH_ANY: &str = "any";
pub const SEARCH_REPAIRS: &str = "Repairs (restart, resume, heal) are free.";
pub const SEARCH_WAYS: &str = "How to search";
pub const SEARCH_ORDER: &str = "Order";
/// Orders: name in a question, words.
pub const SEARCH_ORDERS: [(&str, &str); 3] = [
    ("breadth", "breadth first: shortest runs"),
    ("depth", "depth first: little memory"),
    ("deepening", "deepening: shortest runs, little memory, slow"),
];
pub const SEARCH_SLEEP: &str = "Leave out what only changes the order (sleep sets)";
pub const SEARCH_SYMMETRY: &str = "Take interchangeable nodes for one another (symmetry)";
pub const SEARCH_ESSENCE: &str = "Leave out of a state what can have no consequence (essence)";
pub const SEARCH_STATES: &str = "Stop after so many states";
pub const SEARCH_GO: &str = "Search";
pub const SEARCH_CANCEL: &str = "Stop";
pub const SEARCH_GOING: &str = "Searching";
pub const SEARCH_DETAILS: &str = "Details";
pub const SEARCH_SHOW: &str = "Open this run";
pub const SEARCH_HANGS_ON: &str = "What it hangs on:";
pub const SEARCH_PLACEHOLDER: &str = "Every order of arrivals, every timer that may fire first, every place for a fault: the search takes them all, here in your browser, and opens the shortest run that shows what you look for.";
pub const SEARCH_OUTCOME: &str = "What the search says";
pub const SEARCH_MAP: &str = "Map of the states";
pub const SEARCH_MAP_LIST: &str = "The same as a list";
pub const SEARCH_BY_DEPTH: &str = "As a table";
pub const SEARCH_CHOICES_COLUMN: &str = "Choices";
pub const SEARCH_STATES_COLUMN: &str = "States";
pub const SEARCH_WAITING_COLUMN: &str = "Waiting";

/// What a fault of a kind is called on its stepper.
pub fn fault(kind: &'static str) -> &'static str {
    match kind {
        "crash" => "crashes",
        "drop" => "losses",
        "duplicate" => "duplicates",
        "partition" => "partitions",
        "pause" => "pauses",
        "jump" => "clock jumps",
        "drift" => "clock drifts",
        _ => kind,
    }
}

pub fn fewer(of: &str) -> String {
    format!("Fewer: {of}")
}

pub fn more(of: &str) -> String {
    format!("More: {of}")
}

/// The name of the branch that a search opens.
pub fn found_name(kind: &str, is_shortest: bool) -> &'static str {
    match (kind, is_shortest) {
        ("block", _) => "Blocked",
        (SEARCH_KIND_CHALLENGE, _) => "A solution",
        (SEARCH_KIND_SHORTEN, _) => "Shortened",
        ("state", _) => "The state",
        ("reached", _) => "To the goal",
        (_, true) => "Shortest violation",
        (_, false) => "A violation",
    }
}

pub const SEARCH_MAP_NAME: &str = "From the map";

pub fn search_here(step: u32, steps: u32) -> String {
    format!("{}, with what followed as a hint", step_of(step, steps))
}

/// Numbers of a search: what, how much.
pub fn search_figures(report: &Report) -> [(&'static str, String); 6] {
    let figures = &report.figures;
    [
        ("states", number(figures.states.into())),
        ("steps", number(figures.transitions)),
        ("choices deep", number(figures.depth.into())),
        ("waiting", number(figures.frontier.into())),
        ("states a second", number(report.rate().into())),
        ("memory", format!("{}.{} MB", figures.bytes / 1_000_000, figures.bytes / 100_000 % 10)),
    ]
}

/// How far a search is, in a few words.
pub fn searching(report: &Report) -> String {
    format!("{SEARCH_GOING}: {} states, {} choices deep", number(report.figures.states.into()), report.figures.depth)
}

/// For a screen reader: said again only when the number of states has doubled.
pub fn searching_said(report: &Report) -> String {
    match report.figures.states {
        0..16_384 => format!("{SEARCH_GOING}."),
        states => format!("{SEARCH_GOING}. More than {} states so far.", number(1 << states.ilog2())),
    }
}

pub fn search_took(ms: u32) -> String {
    if ms < 1_000 { format!("{ms} ms") } else { format!("{}.{} s", ms / 1_000, ms % 1_000 / 100) }
}

/// The chart of states by depth, in words.
pub fn layers(layers: &[(u32, u32)]) -> String {
    let (most, states) = (0..)
        .zip(layers)
        .map(|(depth, (states, _))| (depth, *states))
        .max_by_key(|(_, states)| *states)
        .unwrap_or((0, 0));
    let waiting: u32 = layers.iter().map(|(_, waiting)| waiting).sum();
    let open = match waiting {
        0 => "none waits to be looked behind".to_owned(),
        waiting => format!("{} wait to be looked behind", number(waiting.into())),
    };
    format!(
        "States by number of choices, 0 to {}: most, {}, after {most}; {open}.",
        layers.len().saturating_sub(1),
        number(states.into())
    )
}

pub fn map_intro(states: usize, edges: usize) -> String {
    format!(
        "All {states} states and {edges} steps between them, the start on top, one row for each choice. Press a state to open a shortest run to it. The line is your run."
    )
}

pub fn map_too_large() -> String {
    format!("There are too many states for a map, which leaves nothing out; up to {MAP_MAX} are drawn.")
}

pub fn mark(mark: Mark) -> &'static str {
    match mark {
        Mark::Plain => "on the way",
        Mark::Reached => "every goal is reached",
        Mark::Stuck => "a goal is out of reach without a repair",
        Mark::Broken => "a guarantee is broken",
    }
}

/// A state of the map: after how many choices, how everybody stands, what is to be said of it.
pub fn map_state(place: &Place, lanes: &[Lane]) -> String {
    let stands = lanes.iter().zip(place.standing.split(',')).filter(|(_, word)| !word.is_empty());
    let stands: Vec<String> = stands.map(|(lane, word)| format!("{} {word}", lane.id)).collect();
    let mut words = format!(
        "After {}: {}",
        choices(place.depth),
        if stands.is_empty() { "nobody has moved".to_owned() } else { stands.join(", ") }
    );
    if !place.breaks.is_empty() {
        words += &format!("; breaks {}", place.breaks.to_ascii_uppercase());
    } else if place.mark != Mark::Plain {
        words += &format!("; {}", mark(place.mark));
    }
    words
}

fn choices(count: u16) -> String {
    if count == 1 { "1 choice".to_owned() } else { format!("{count} choices") }
}

pub const SEARCH_KIND_CHALLENGE: &str = "challenge";
pub const SEARCH_KIND_SHORTEN: &str = "shorten";
pub const SEARCH_SHORTEN: &str = "Shorten this run";

pub fn nothing_to_shorten(invariant: &str) -> String {
    format!("This run does not break {}.", invariant.to_ascii_uppercase())
}

pub fn shortened(before: u32, after: usize, tries: u32) -> String {
    format!(
        "Shortened from {before} to {after} choices by leaving out what the violation does not need; {tries} runs were tried."
    )
}

pub const CHALLENGES: &str = "Challenges";
pub const CHALLENGE_TAKE: &str = "Take it on";
pub const CHALLENGE_SOLVE: &str = "How short can it be?";
pub const CHALLENGE_PROVE: &str = "Share the proof";

pub fn challenge_bounds(variant: &str, budget: &[(&str, u32)], most: u32) -> String {
    let faults = budget.iter().filter(|(kind, count)| *count > 0 && *kind != "delay");
    let faults: Vec<String> = faults.map(|(kind, count)| format!("{kind} {count}")).collect();
    let faults = if faults.is_empty() { "no faults".to_owned() } else { faults.join(", ") };
    format!("{variant}; {faults}; at most {most} choices.")
}

pub fn challenge_solved(step: u32) -> String {
    format!("Done, in {step} choices.")
}

pub fn challenge_hint(number: usize) -> String {
    format!("Hint {number}")
}
