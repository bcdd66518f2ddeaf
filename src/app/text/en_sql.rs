//! What is said about isolation levels, scripts, tables and plans.

use crate::engine::{Stage, StepMark};
use crate::scenarios::Part;

/// How the parameter stands that holds a script.
pub fn own_script(script: &str) -> String {
    if script.is_empty() { "the example".to_owned() } else { format!("of {} lines", script.lines().count()) }
}

pub const PART_MISSING: &str = "The part of this page that was asked for could not be loaded. Load the page again; if it stays so, the site was not uploaded whole.";

pub const GRAPHS: &str = "Who depends on whom";
pub const IN_CYCLE: &str = "in the circle";
pub const TABLES: &str = "Tables";
const TABLES_HELP: &str =
    "What is committed, what each session would see if it looked now, and how each row came to be what it is.";
const TABLES_HELP_ELSEWHERE: &str = "What stands where at this step, and which line of its program each service is at.";

/// What tables show, in this part of the page.
pub fn tables_help() -> &'static str {
    if Part::Databases.is_here() {
        TABLES_HELP
    } else if Part::Services.is_here() {
        TABLES_HELP_ELSEWHERE
    } else {
        super::TABLES_MEASURED
    }
}

pub const PLAN: &str = "The plan, forward and back";

/// What sets a step of a plan apart.
pub fn step_mark(mark: StepMark) -> &'static str {
    match mark {
        StepMark::Pivot => "pivot: no way back",
        StepMark::SavePoint => "save-point: back to here",
    }
}

/// How a step of a plan stands.
pub fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Ahead => "not begun",
        Stage::UnderWay => "under way",
        Stage::Done => "done",
        Stage::Undone => "undone",
        Stage::Stuck => "stuck",
    }
}

pub const LANES: &str = "Lifelines";
pub const LANE_GROUPS: &str = "Shown as one";
pub const LANES_RESET: &str = "As it was";

pub fn lane_left(title: &str) -> String {
    format!("Move {title} to the left")
}

pub fn lane_right(title: &str) -> String {
    format!("Move {title} to the right")
}

pub const NO_ROWS: &str = "no rows";
pub const DIFFERS: &str = "differs";
pub const LEVELS: &str = "The same order at every level";
pub const LEVELS_HELP: &str = "Who has to wait goes on when it can; what is still to be chosen is run in the order of the sessions. Each cell opens its run.";
pub const NO_SUCH_LEVEL: &str = "no such level";
pub const SOMEBODY_WAITED: &str = "with a wait";
pub const ROLLED_BACK: &str = "one rolled back";
pub const SCRIPT: &str = "Script";
pub const SCRIPT_HELP: &str = "In the format of PostgreSQL's isolation tester: setup, sessions with their steps, and in a comment a rule (# holds: SELECT …) that must be true of what is committed, or only once all are done (# in the end: SELECT …). Lines that begin with #> say what an answer leads to. Paste a spec, or change this one.";
pub const SCRIPT_PLAY: &str = "Play this script";
pub const SCRIPT_SEARCH: &str = "Search all orders";
pub const SCRIPT_ORDERS: &str = "Play every order";
pub const ORDERS: &str = "Orders";
pub const ORDERS_HELP: &str = "As the isolation tester runs a file that names none: every order that keeps each session’s own. Who has to wait goes on when it can. Each line opens the first run of its kind.";
pub const ORDERS_OUTCOME: &str = "What comes of them";
pub const SCRIPT_NAME: &str = "Script";

/// Title of a graph, and what it will show.
pub fn graph_title(id: &str) -> (&'static str, &'static str) {
    match id {
        "waits" => ("Who waits for whom", ""),
        _ => (
            "Dependencies",
            "Arrows will stand here from one transaction to those that come after it: ww where they overwrote what it wrote, wr where they read it, rw where they wrote what it had read.",
        ),
    }
}

pub fn table_of(title: &str) -> String {
    format!("Table {title}")
}

/// How many orders have been played.
pub fn orders_played(done: usize, total: usize) -> String {
    if done == total { format!("{total} orders played") } else { format!("{done} of {total} orders played") }
}

pub fn refused(session: &str, answer: &str) -> String {
    format!("{session}: {answer}")
}

pub fn script_place(line: usize, column: usize) -> String {
    format!("Line {line}, column {column}:")
}
