//! What a world looks like beside its lifelines, as plain data: tables and graphs that a scenario hands to whoever shows it.

use super::trace::Tone;

/// Something to look at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Exhibit {
    /// Who depends on whom.
    Graph(Graph),
    /// Rows and columns.
    Table(Table),
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
