//! Another look at a run: its lifelines in another order, some of them left out, and groups of them folded into one. What goes on inside a folded group, and
//! what a hidden lifeline says and hears, has no row.

use super::scene::Target;
use crate::engine::{EventKind, Lane, Message, MessageEnd, NodeId, Span, Trace};

/// How lifelines are to stand.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Arrangement {
    /// All of them, from left to right.
    pub order: Vec<NodeId>,
    /// Those that are left out.
    pub hidden: Vec<NodeId>,
    /// Groups of which only the whole is shown.
    pub folded: Vec<String>,
}

impl Arrangement {
    /// Most lifelines that stand side by side as the reader finds them: of more than that, groups are folded.
    const MANY: usize = 8;

    /// As the scenario has them.
    pub fn of(lanes: &[Lane]) -> Arrangement {
        let mut folded: Vec<String> = Vec::new();
        for lane in lanes.iter().filter(|lane| lanes.len() > Self::MANY && !lane.group.is_empty()) {
            if !folded.contains(&lane.group) {
                folded.push(lane.group.clone());
            }
        }
        Arrangement { order: (0..lanes.len() as u8).map(NodeId).collect(), hidden: Vec::new(), folded }
    }

    /// Moves a lifeline one place to the left or to the right; at an edge it stays.
    pub fn shift(&mut self, node: NodeId, to_the_left: bool) {
        let Some(at) = self.order.iter().position(|other| *other == node) else { return };
        let other = if to_the_left { at.checked_sub(1) } else { Some(at + 1) };
        if let Some(other) = other.filter(|other| *other < self.order.len()) {
            self.order.swap(at, other);
        }
    }
}

/// A run as it is arranged, and what in it stands for what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Arranged {
    /// The run.
    pub trace: Trace,
    /// The first lifeline that each column stands for.
    lanes: Vec<NodeId>,
    /// The row that each row was.
    rows: Vec<u32>,
    /// The message that each message was.
    messages: Vec<u32>,
}

/// Where things have gone.
struct Places {
    /// The column of each lifeline.
    columns: Vec<Option<NodeId>>,
    /// The new number of each message.
    messages: Vec<Option<u32>>,
    /// How many rows stay before each row.
    rows: Vec<u32>,
}

impl Places {
    fn column(&self, node: NodeId) -> Option<NodeId> {
        self.columns.get(node.index()).copied().flatten()
    }

    fn row(&self, row: u32) -> u32 {
        self.rows.get(row as usize).or(self.rows.last()).copied().unwrap_or(0)
    }
}

/// Arranges a run.
pub fn arrange(trace: &Trace, arrangement: &Arrangement) -> Arranged {
    let (lanes, firsts, columns) = columns(&trace.lanes, arrangement);
    let mut places = Places { columns, messages: Vec::new(), rows: Vec::new() };
    let mut messages = Vec::new();
    for (id, message) in (0_u32..).zip(&trace.messages) {
        let is_shown = match (places.column(message.from), places.column(message.to)) {
            (Some(from), Some(to)) => from != to || message.from == message.to,
            _ => false,
        };
        places.messages.push(is_shown.then_some(messages.len() as u32));
        messages.extend(is_shown.then_some(id));
    }
    let mut rows = Vec::new();
    for (row, event) in (0_u32..).zip(&trace.events) {
        places.rows.push(rows.len() as u32);
        let of_message = match event.kind {
            EventKind::Sent { message }
            | EventKind::Delivered { message }
            | EventKind::Lost { message, .. }
            | EventKind::Duplicated { message, .. } => Some(message),
            _ => None,
        };
        let is_shown = places.column(event.node).is_some()
            && of_message.is_none_or(|id| places.messages.get(id as usize).copied().flatten().is_some());
        rows.extend(is_shown.then_some(row));
    }
    places.rows.push(rows.len() as u32);
    let arranged = projected(trace, lanes, &places, &rows, &messages);
    Arranged { trace: arranged, lanes: firsts, rows, messages }
}

/// The columns, the first lifeline of each, and the column of each lifeline.
fn columns(all: &[Lane], arrangement: &Arrangement) -> (Vec<Lane>, Vec<NodeId>, Vec<Option<NodeId>>) {
    let (mut lanes, mut firsts): (Vec<Lane>, Vec<NodeId>) = (Vec::new(), Vec::new());
    let mut columns = vec![None; all.len()];
    for node in arrangement.order.iter().filter(|node| !arrangement.hidden.contains(node)) {
        let Some(lane) = all.get(node.index()) else { continue };
        let is_folded = arrangement.folded.contains(&lane.group);
        let at = match lanes.iter().position(|other| is_folded && other.role == GROUP && other.id == lane.group) {
            Some(at) => at,
            None => {
                let group =
                    || Lane { id: lane.group.clone(), title: lane.group.clone(), role: GROUP, group: String::new() };
                lanes.push(if is_folded { group() } else { lane.clone() });
                firsts.push(*node);
                lanes.len() - 1
            }
        };
        columns[node.index()] = Some(NodeId(at as u8));
    }
    (lanes, firsts, columns)
}

/// The role of a column that stands for a group.
const GROUP: &str = "group";

fn projected(trace: &Trace, lanes: Vec<Lane>, places: &Places, rows: &[u32], messages: &[u32]) -> Trace {
    let message_id = |id: u32| places.messages.get(id as usize).copied().flatten().unwrap_or(0);
    let here = |node: NodeId| places.column(node).unwrap_or(NodeId(0));
    let mut new = Trace { lanes, ..Trace::default() };
    for row in rows {
        let mut event = trace.events[*row as usize].clone();
        event.node = here(event.node);
        event.kind = match event.kind {
            EventKind::Sent { message } => EventKind::Sent { message: message_id(message) },
            EventKind::Delivered { message } => EventKind::Delivered { message: message_id(message) },
            EventKind::Lost { message, cause } => EventKind::Lost { message: message_id(message), cause },
            EventKind::Duplicated { message, copy } => {
                EventKind::Duplicated { message: message_id(message), copy: message_id(copy) }
            }
            EventKind::Partitioned { side } => {
                EventKind::Partitioned { side: side.into_iter().filter_map(|node| places.column(node)).collect() }
            }
            other => other,
        };
        new.events.push(event);
    }
    for id in messages {
        let old = &trace.messages[*id as usize];
        new.messages.push(Message {
            from: here(old.from),
            to: here(old.to),
            sent_row: places.row(old.sent_row),
            copy_of: old.copy_of.map(message_id),
            end: match old.end {
                MessageEnd::InFlight => MessageEnd::InFlight,
                MessageEnd::Delivered { row } => MessageEnd::Delivered { row: places.row(row) },
                MessageEnd::Lost { row, cause } => MessageEnd::Lost { row: places.row(row), cause },
            },
            ..old.clone()
        });
    }
    for span in &trace.spans {
        let Some(node) = places.column(span.node) else { continue };
        let (from_row, to_row) = (places.row(span.from_row), span.to_row.map(|row| places.row(row)));
        // What begins and ends between two rows that are left has no room.
        if to_row != Some(from_row) && (from_row as usize) < rows.len() {
            new.spans.push(Span { node, from_row, to_row, ..span.clone() });
        }
    }
    for band in &trace.partitions {
        let mut band = band.clone();
        band.side = band.side.into_iter().filter_map(|node| places.column(node)).collect();
        band.side.dedup();
        (band.from_row, band.to_row) = (places.row(band.from_row), band.to_row.map(|row| places.row(row)));
        if !band.side.is_empty() && (band.from_row as usize) < rows.len() {
            new.partitions.push(band);
        }
    }
    let last = rows.len().saturating_sub(1) as u32;
    for violation in trace.violations.iter().filter(|_| !rows.is_empty()) {
        let mut violation = violation.clone();
        // The row that it stands in may be gone: it then stands in the last before.
        violation.row = (places.row(violation.row + 1).max(1) - 1).min(last);
        let is_left = |row: &u32| rows.binary_search(row).is_ok();
        violation.guilty = violation.guilty.iter().filter(|row| is_left(row)).map(|row| places.row(*row)).collect();
        new.violations.push(violation);
    }
    new.rows_at = trace.rows_at.iter().map(|count| places.row(*count)).collect();
    new
}

impl Arranged {
    /// What a thing in the arranged run is in the run itself.
    pub fn original(&self, target: Target) -> Target {
        let of = |all: &[u32], at: u32| all.get(at as usize).copied();
        let found = match target {
            Target::Nothing | Target::Violation(_) => Some(target),
            Target::Event(row) => of(&self.rows, row).map(Target::Event),
            Target::Message(id) => of(&self.messages, id).map(Target::Message),
            Target::InFlight(id) => of(&self.messages, id).map(Target::InFlight),
            Target::Lane(node) => self.lanes.get(node.index()).copied().map(Target::Lane),
        };
        found.unwrap_or(Target::Nothing)
    }

    /// What a thing of the run is in the arranged one; nothing where it is not shown.
    pub fn shown(&self, target: Target) -> Target {
        let of = |all: &[u32], was: u32| all.binary_search(&was).ok().map(|at| at as u32);
        let found = match target {
            Target::Nothing | Target::Violation(_) => Some(target),
            Target::Event(row) => of(&self.rows, row).map(Target::Event),
            Target::Message(id) => of(&self.messages, id).map(Target::Message),
            Target::InFlight(id) => of(&self.messages, id).map(Target::InFlight),
            Target::Lane(node) => {
                let at = self.lanes.iter().position(|first| *first == node);
                at.map(|at| Target::Lane(NodeId(at as u8)))
            }
        };
        found.unwrap_or(Target::Nothing)
    }
}
