//! The dependency graph of a history, and the cycle in it that says why no serial order exists (Adya, "Weak Consistency", MIT 1999; the names of
//! Adya, Liskov and O'Neil, ICDE 2000, and of Berenson et al., SIGMOD 1995).

use std::collections::{BTreeMap, BTreeSet};

use super::{Event, History};
use crate::servers::sql::bind::{Bound, BoundQuery, Function};
use crate::servers::sql::error::SqlError;
use crate::servers::sql::eval::{Context, Env, Stop, holds};
use crate::servers::sql::schema::Row;
use crate::servers::sql::value::Value;

/// How one transaction depends on another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// The second overwrote what the first wrote.
    WriteWrite,
    /// The second read what the first wrote.
    WriteRead,
    /// The second overwrote what the first read.
    ReadWrite,
}

/// A dependency: `to` comes after `from` in every serial order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Edge {
    /// Number of a transaction.
    pub from: u32,
    /// Number of another.
    pub to: u32,
    /// How.
    pub kind: Kind,
    /// Whether by rows that meet a condition, and not by a row that was read.
    pub predicate: bool,
    /// Id of the table.
    pub table: u32,
    /// The version that the later transaction wrote or read; none where it ended the row.
    pub version: Option<u32>,
}

/// What went wrong.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Phenomenon {
    /// Writes interleave.
    G0,
    /// A committed transaction read what was rolled back.
    G1a,
    /// A committed transaction read what its writer then wrote again.
    G1b,
    /// Information flows in a circle.
    G1c,
    /// One anti-dependency: a transaction overwrote a change that it had not seen, of a row that it had read.
    LostUpdate,
    /// One anti-dependency: a transaction saw some of another's changes and not others.
    ReadSkew,
    /// One anti-dependency, over more than two transactions.
    GSingle,
    /// Two transactions each read a row that the other wrote.
    WriteSkew,
    /// Several anti-dependencies, all by rows that were read.
    G2Item,
    /// Several anti-dependencies, at least one by a condition.
    G2,
}

impl Phenomenon {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Phenomenon::G0 => "G0 (dirty write)",
            Phenomenon::G1a => "G1a (aborted read)",
            Phenomenon::G1b => "G1b (intermediate read)",
            Phenomenon::G1c => "G1c (circular information flow)",
            Phenomenon::LostUpdate => "lost update (G-single)",
            Phenomenon::ReadSkew => "read skew (G-single)",
            Phenomenon::GSingle => "G-single",
            Phenomenon::WriteSkew => "write skew (G2-item)",
            Phenomenon::G2Item => "G2-item",
            Phenomenon::G2 => "G2",
        }
    }
}

/// Why there is no serial order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cycle {
    /// What it is called.
    pub phenomenon: Phenomenon,
    /// The edges, each beginning where the one before ends. For G1a and G1b the one read.
    pub edges: Vec<Edge>,
}

/// Dependencies of committed transactions.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Graph {
    /// Numbers of the committed transactions.
    pub nodes: BTreeSet<u32>,
    /// Dependencies between them.
    pub edges: BTreeSet<Edge>,
    /// Reads of what should not have been read.
    dirty: Vec<(Phenomenon, Edge)>,
}

/// A write that was not undone. Several may end one version only where a read of an undone one is told.
struct Write {
    txn: u32,
    table: u32,
    before: Option<u32>,
    after: Option<(u32, Row)>,
    undone: bool,
}

/// Conditions are only over a row here.
struct RowOnly;

impl Context for RowOnly {
    fn subquery(&mut self, _: &BoundQuery, _: &Env) -> Result<Vec<Row>, Stop> {
        Err(SqlError::unsupported("a query in a condition of a history").into())
    }

    fn advisory(&mut self, _: Function, _: &[Value]) -> Result<Value, Stop> {
        Err(SqlError::unsupported("a lock in a condition of a history").into())
    }
}

/// Whether a condition looks at nothing but the row. What does not is left out, so that more rows count as met.
fn over_row(expr: &Bound) -> bool {
    match expr {
        Bound::Const(_) => true,
        Bound::Column(depth, _) => *depth == 0,
        Bound::Aggregate(_) | Bound::InQuery(..) | Bound::Exists(_) | Bound::Scalar(_) => false,
        Bound::Not(a)
        | Bound::Minus(a)
        | Bound::Trimmed(a)
        | Bound::IsNull(a, _)
        | Bound::IsBool(a, ..)
        | Bound::Cast(a, _) => over_row(a),
        Bound::Binary(_, a, b) | Bound::Like(a, b, _) => over_row(a) && over_row(b),
        Bound::InList(a, list, _) => over_row(a) && list.iter().all(over_row),
        Bound::Case(arms, otherwise) => {
            arms.iter().all(|(when, then)| over_row(when) && over_row(then))
                && otherwise.as_ref().is_none_or(|otherwise| over_row(otherwise))
        }
        Bound::Call(
            Function::AdvisoryLock { .. } | Function::AdvisoryUnlock { .. } | Function::AdvisoryUnlockAll,
            _,
        ) => false,
        Bound::Call(_, arguments) => arguments.iter().all(over_row),
    }
}

/// Whether a row meets conditions, as far as these are over the row alone.
pub(crate) fn meets(conditions: &[Bound], row: Option<&Row>) -> bool {
    let Some(row) = row else { return false };
    let mut local = conditions.iter().filter(|one| over_row(one));
    // A condition that fails on a row fails the statement; which row, nobody saw.
    local.all(|one| holds(one, &Env::of(row), &mut RowOnly).unwrap_or(true))
}

impl Graph {
    /// The graph of a history.
    pub fn of(history: &History) -> Graph {
        let mut graph = Graph::default();
        let mut writes: Vec<Write> = Vec::new();
        let mut by_xid: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for event in history.events() {
            match event {
                Event::Committed { txn } => {
                    graph.nodes.insert(*txn);
                }
                Event::Wrote { txn, xid, table, before, after } => {
                    by_xid.entry(*xid).or_default().push(writes.len());
                    let (txn, table, before, after) = (*txn, *table, *before, after.clone());
                    writes.push(Write { txn, table, before, after, undone: false });
                }
                Event::Undone { xid } => {
                    for at in by_xid.get(xid).into_iter().flatten() {
                        writes[*at].undone = true;
                    }
                }
                Event::Read { .. } | Event::Looked { .. } | Event::Aborted { .. } => {}
            }
        }
        let versions = Versions::new(&graph, &writes);
        graph.of_writes(&writes, &versions);
        for event in history.events() {
            match event {
                Event::Read { txn, table, version } if graph.nodes.contains(txn) => {
                    graph.of_read(*txn, *table, *version, &versions);
                }
                Event::Looked { txn, table, conditions, among, gone } if graph.nodes.contains(txn) => {
                    graph.of_look(*txn, *table, conditions, (among, gone), &writes, &versions);
                }
                _ => {}
            }
        }
        graph
    }

    fn add(&mut self, edge: Edge) {
        if edge.from != edge.to && self.nodes.contains(&edge.from) && self.nodes.contains(&edge.to) {
            self.edges.insert(edge);
        }
    }

    fn of_writes(&mut self, writes: &[Write], versions: &Versions) {
        for write in writes.iter().filter(|write| !write.undone) {
            let Some(before) = write.before.and_then(|before| versions.made.get(&(write.table, before))) else {
                continue;
            };
            let version = write.after.as_ref().map(|(version, _)| *version);
            let (from, to, table) = (before.txn, write.txn, write.table);
            self.add(Edge { from, to, kind: Kind::WriteWrite, predicate: false, table, version });
        }
    }

    fn of_read(&mut self, txn: u32, table: u32, version: u32, versions: &Versions) {
        if let Some(made) = versions.made.get(&(table, version)) {
            let edge = Edge {
                from: made.txn,
                to: txn,
                kind: Kind::WriteRead,
                predicate: false,
                table,
                version: Some(version),
            };
            self.add(edge);
            if made.txn != txn {
                if made.undone {
                    self.dirty.push((Phenomenon::G1a, edge));
                } else if self.nodes.contains(&made.txn)
                    && versions.ended.get(&(table, version)).is_some_and(|next| next.txn == made.txn)
                {
                    self.dirty.push((Phenomenon::G1b, edge));
                }
            }
        }
        if let Some(next) = versions.ended.get(&(table, version)) {
            let after = next.after.as_ref().map(|(version, _)| *version);
            self.add(Edge { from: txn, to: next.txn, kind: Kind::ReadWrite, predicate: false, table, version: after });
        }
    }

    fn of_look(
        &mut self,
        txn: u32,
        table: u32,
        conditions: &[Bound],
        seen: (&[u32], &[u32]),
        writes: &[Write],
        versions: &Versions,
    ) {
        // What was undone later, such as a statement's own writes before ROLLBACK TO, hides what it had replaced: that is what was there in the end.
        let settled = |mut version: u32| loop {
            let made = |write: &&Write| write.after.as_ref().is_some_and(|(after, _)| *after == version);
            match writes.iter().filter(|write| write.table == table && write.undone).find(made) {
                Some(write) => version = write.before?,
                None => return Some(version),
            }
        };
        let ended = |version: u32| {
            let ends = |write: &&Write| write.table == table && write.after.is_none() && write.before == Some(version);
            writes.iter().filter(ends).any(|write| !write.undone)
        };
        let (there, gone): (Vec<u32>, Vec<u32>) = seen.1.iter().copied().partition(|version| !ended(*version));
        let among: Vec<u32> = seen.0.iter().copied().chain(there).filter_map(settled).collect();
        let changes = |write: &Write| {
            let before = write.before.and_then(|before| versions.values(table, before));
            let after = write.after.as_ref().map(|(_, values)| values);
            meets(conditions, before) != meets(conditions, after)
        };
        // What made the rows as they were seen.
        for version in &among {
            if let Some(made) = versions.made.get(&(table, *version)).filter(|made| changes(made)) {
                let (from, version) = (made.txn, Some(*version));
                self.add(Edge { from, to: txn, kind: Kind::WriteRead, predicate: true, table, version });
            }
        }
        for version in &gone {
            if let Some(end) = versions.ended.get(&(table, *version)).filter(|end| changes(end)) {
                self.add(Edge { from: end.txn, to: txn, kind: Kind::WriteRead, predicate: true, table, version: None });
            }
        }
        // What changed them afterwards.
        // What came before the versions that were seen, whoever made those and whether that is committed yet.
        let mut older: BTreeSet<u32> = BTreeSet::new();
        for version in among.iter().chain(&gone) {
            let mut at = versions.made.get(&(table, *version)).and_then(|made| made.before);
            while let Some(version) = at.filter(|version| older.insert(*version)) {
                at = versions.made.get(&(table, version)).and_then(|made| made.before);
            }
        }
        let unseen = |write: &&Write| {
            if write.table != table || write.undone || write.txn == txn {
                return false;
            }
            let mut at = write.before;
            if let Some((version, _)) = &write.after
                && (among.contains(version) || gone.contains(version))
            {
                return false;
            }
            if write.after.is_none() && write.before.is_some_and(|before| gone.contains(&before)) {
                return false;
            }
            while let Some(version) = at {
                if among.contains(&version) {
                    return true;
                }
                if gone.contains(&version) {
                    return false;
                }
                at = versions.made.get(&(table, version)).and_then(|made| made.before);
            }
            // Back to the row's beginning: it was seen in none of these versions, so either it came later, or a later version was seen.
            write.after.as_ref().is_none_or(|(version, _)| !older.contains(version))
        };
        for write in writes.iter().filter(unseen).filter(|write| changes(write)) {
            let version = write.after.as_ref().map(|(version, _)| *version);
            self.add(Edge { from: txn, to: write.txn, kind: Kind::ReadWrite, predicate: true, table, version });
        }
    }

    /// A serial order that explains everything, where there is one: of those that could come next, the first that began.
    pub fn serial_order(&self) -> Option<Vec<u32>> {
        let mut left = self.nodes.clone();
        let mut out = Vec::new();
        while !left.is_empty() {
            let free = |node: &&u32| !self.edges.iter().any(|edge| edge.to == **node && left.contains(&edge.from));
            let next = *left.iter().find(free)?;
            left.remove(&next);
            out.push(next);
        }
        Some(out)
    }

    /// The worst that went wrong, with a shortest cycle that shows it; none where a serial order exists.
    pub fn cycle(&self) -> Option<Cycle> {
        if let Some(cycle) = self.shortest(&|edge| edge.kind == Kind::WriteWrite, &|_| true) {
            return Some(Cycle { phenomenon: Phenomenon::G0, edges: cycle });
        }
        if let Some((phenomenon, edge)) = self.dirty.iter().min_by_key(|(phenomenon, _)| *phenomenon) {
            return Some(Cycle { phenomenon: *phenomenon, edges: vec![*edge] });
        }
        let forward = |edge: &Edge| edge.kind != Kind::ReadWrite;
        if let Some(cycle) = self.shortest(&forward, &|_| true) {
            return Some(Cycle { phenomenon: Phenomenon::G1c, edges: cycle });
        }
        // One anti-dependency, then only forward.
        let single = self.edges.iter().filter(|edge| !forward(edge)).filter_map(|edge| {
            let back = self.path(edge.to, edge.from, &forward)?;
            Some(std::iter::once(*edge).chain(back).collect::<Vec<Edge>>())
        });
        if let Some(cycle) = single.min_by_key(|cycle| (cycle.len(), cycle[0].predicate)) {
            let lost = cycle.len() == 2
                && !cycle[0].predicate
                && cycle[1].kind == Kind::WriteWrite
                && cycle[1].table == cycle[0].table;
            let phenomenon = match cycle.len() {
                2 if lost => Phenomenon::LostUpdate,
                2 if cycle[1].kind == Kind::WriteRead => Phenomenon::ReadSkew,
                _ => Phenomenon::GSingle,
            };
            return Some(Cycle { phenomenon, edges: cycle });
        }
        let item = |edge: &Edge| edge.kind != Kind::ReadWrite || !edge.predicate;
        if let Some(cycle) = self.shortest(&item, &|_| true) {
            let phenomenon = if cycle.len() == 2 { Phenomenon::WriteSkew } else { Phenomenon::G2Item };
            return Some(Cycle { phenomenon, edges: cycle });
        }
        self.shortest(&|_| true, &|_| true).map(|cycle| Cycle { phenomenon: Phenomenon::G2, edges: cycle })
    }

    fn shortest(&self, allowed: &dyn Fn(&Edge) -> bool, first: &dyn Fn(&Edge) -> bool) -> Option<Vec<Edge>> {
        let begun = self.edges.iter().filter(|edge| allowed(edge) && first(edge));
        let cycles = begun.filter_map(|edge| {
            let back = self.path(edge.to, edge.from, allowed)?;
            Some(std::iter::once(*edge).chain(back).collect::<Vec<Edge>>())
        });
        cycles.min_by_key(Vec::len)
    }

    /// A shortest way from one transaction to another.
    fn path(&self, from: u32, to: u32, allowed: &dyn Fn(&Edge) -> bool) -> Option<Vec<Edge>> {
        let mut reached: BTreeMap<u32, Option<Edge>> = BTreeMap::from([(from, None)]);
        let mut next = vec![from];
        while !next.is_empty() && !reached.contains_key(&to) {
            let mut later = Vec::new();
            for at in next {
                for edge in self.edges.iter().filter(|edge| edge.from == at && allowed(edge)) {
                    reached.entry(edge.to).or_insert_with(|| {
                        later.push(edge.to);
                        Some(*edge)
                    });
                }
            }
            next = later;
        }
        let mut out = Vec::new();
        let mut at = to;
        while at != from {
            let edge = (*reached.get(&at)?)?;
            out.push(edge);
            at = edge.from;
        }
        out.reverse();
        Some(out)
    }
}

/// Which write made each version, and which committed one ended it.
struct Versions<'a> {
    made: BTreeMap<(u32, u32), &'a Write>,
    ended: BTreeMap<(u32, u32), &'a Write>,
}

impl<'a> Versions<'a> {
    fn new(graph: &Graph, writes: &'a [Write]) -> Versions<'a> {
        let mut made = BTreeMap::new();
        let mut ended = BTreeMap::new();
        for write in writes {
            if let Some((version, _)) = &write.after {
                made.insert((write.table, *version), write);
            }
            if let Some(before) = write.before.filter(|_| !write.undone && graph.nodes.contains(&write.txn)) {
                ended.insert((write.table, before), write);
            }
        }
        Versions { made, ended }
    }

    fn values(&self, table: u32, version: u32) -> Option<&Row> {
        self.made.get(&(table, version)).and_then(|made| made.after.as_ref()).map(|(_, values)| values)
    }
}
