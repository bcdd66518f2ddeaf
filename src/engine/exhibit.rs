//! What a world looks like beside its lifelines, as plain data: tables and graphs that a scenario hands to whoever shows it.

use super::trace::Tone;

/// Something to look at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Exhibit {
    /// Who depends on whom.
    Graph(Graph),
    /// Rows and columns.
    Table(Table),
    /// Steps, and how far they got.
    Plan(Plan),
}

/// The steps of a saga, in order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<PlanStep>,
}

/// A step of a plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlanStep {
    /// Its name: `reserve`.
    pub name: String,
    /// The word that stands in the tables for it: `RESERVED`; empty before it is begun.
    pub word: String,
    /// How it stands.
    pub stage: Stage,
    /// What sets it apart from the others.
    pub mark: Option<StepMark>,
}

/// What a step of a plan is to a saga that fails behind it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum StepMark {
    /// There is no way back behind it.
    Pivot,
    /// It goes back to here, and forward again.
    SavePoint,
}

/// How a step of a plan stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Stage {
    /// Not begun.
    Ahead,
    /// Under way, forward or back.
    UnderWay,
    /// Done.
    Done,
    /// Done, and undone.
    Undone,
    /// It can go neither forward nor back.
    Stuck,
}

/// Nodes with arrows between them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Graph {
    /// What it is of: `dependencies`.
    pub id: &'static str,
    /// Its nodes, in order.
    pub nodes: Vec<GraphNode>,
    /// Arrows between them.
    pub edges: Vec<GraphEdge>,
    /// What it comes to, in a few words: `write skew (G2-item)`, `serializable as s1, s2`.
    pub verdict: String,
    /// Whether that is as it should be; `None` while there is nothing to say.
    pub is_good: Option<bool>,
    /// What it may yet come to; empty where there is nothing to say.
    pub outlook: String,
}

/// A node of a graph.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GraphNode {
    /// Its name: `s1`.
    pub name: String,
    /// How it stands, in a word.
    pub state: &'static str,
}

/// An arrow of a graph.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GraphEdge {
    /// Place of the node from which it leads.
    pub from: u8,
    /// Place of the node to which it leads.
    pub to: u8,
    /// What stands on it: `rw accounts 1`.
    pub label: String,
    /// The same as a sentence.
    pub sentence: String,
    /// Whether it is part of the cycle that is shown.
    pub in_cycle: bool,
}

/// A table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Table {
    /// Its title: `accounts`.
    pub title: String,
    /// Heads of the columns, the first of which names the rows.
    pub columns: Vec<String>,
    /// Rows, each with a cell per column.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell of a table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cell {
    /// What stands in it.
    pub text: String,
    /// Remarks beside it: who holds a lock, say.
    pub remarks: Vec<(Tone, String)>,
    /// Whether it differs from what is usual in its row.
    pub differs: bool,
}
