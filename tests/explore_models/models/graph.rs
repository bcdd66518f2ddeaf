//! A graph that was drawn at random, as a model.

use std::collections::BTreeSet;

use interleave::engine::stable_hash;
use interleave::explore::{Kind, Model, Step};
use proptest::collection::vec;
use proptest::prelude::*;

/// Nodes, by number.
#[derive(Clone, Debug)]
pub struct Graph {
    pub nodes: Vec<Node>,
    pub initial: Vec<u16>,
}

/// A node of it.
#[derive(Clone, Debug)]
pub struct Node {
    pub steps: Vec<(u16, Kind)>,
    pub broken: u32,
    pub reached: u32,
    pub faults: u32,
    pub is_wanted: bool,
}

/// Graphs of up to so many nodes: self-loops, parallel steps, several beginnings (the same one twice, too), parts that nothing leads to.
pub fn graphs(most: u16) -> impl Strategy<Value = Graph> {
    (1..=most).prop_flat_map(|size| {
        let kinds = prop_oneof![3 => Just(Kind::Event), 1 => Just(Kind::Fault), 1 => Just(Kind::Repair)];
        let rarely = |most: u32| prop_oneof![9 => Just(0), 1 => 0..most];
        let node = (vec((0..size, kinds), 0..4), rarely(8), rarely(4), 0_u32..3, 0_u8..20);
        let node = node.prop_map(|(steps, broken, reached, faults, wanted)| Node {
            steps,
            broken,
            reached,
            faults,
            is_wanted: wanted == 0,
        });
        (vec(node, usize::from(size)), vec(0..size, 1..4)).prop_map(|(nodes, initial)| Graph { nodes, initial })
    })
}

impl Graph {
    /// The states of each depth, by plain breadth-first search.
    pub fn layers(&self) -> Vec<BTreeSet<u16>> {
        let mut known: BTreeSet<u16> = self.initial.iter().copied().collect();
        let mut layers = vec![known.clone()];
        loop {
            let last = &layers[layers.len() - 1];
            let next: BTreeSet<u16> =
                last.iter().flat_map(|at| self.targets(*at)).filter(|to| !known.contains(to)).collect();
            if next.is_empty() {
                return layers;
            }
            known.extend(&next);
            layers.push(next);
        }
    }

    /// Where the steps of a node lead.
    pub fn targets(&self, at: u16) -> impl Iterator<Item = u16> {
        self.nodes[usize::from(at)].steps.iter().map(|(to, _)| *to)
    }

    /// What a search should find, breadth first: for each property, and for a wanted node (`None`), the least depth and, at that depth, the
    /// fewest faults.
    pub fn nearest(&self) -> Vec<(Option<u8>, u16, u32)> {
        let is = |property: Option<u8>, at: u16| {
            let node = &self.nodes[usize::from(at)];
            property.map_or(node.is_wanted, |bit| (node.broken >> bit) & 1 == 1)
        };
        let layers = self.layers();
        let nearest = |property| {
            let (depth, layer) = (0..).zip(&layers).find(|(_, layer)| layer.iter().any(|at| is(property, *at)))?;
            let faults = layer.iter().filter(|at| is(property, **at)).map(|at| self.nodes[usize::from(*at)].faults);
            Some((property, depth, faults.min()?))
        };
        [None, Some(0), Some(1), Some(2)].into_iter().filter_map(nearest).collect()
    }
}

impl Model for Graph {
    type State = u16;

    fn initial(&self) -> Vec<u16> {
        self.initial.clone()
    }

    fn expand(&self, state: &u16, _: &[u64], visit: &mut dyn FnMut(Step, u16)) {
        for (ordinal, (to, kind)) in (0..).zip(&self.nodes[usize::from(*state)].steps) {
            visit(Step { kind: *kind, ..Step::event(ordinal) }, *to);
        }
    }

    fn fingerprint(&self, state: &u16) -> u64 {
        stable_hash(state)
    }

    fn broken(&self, state: &u16) -> u32 {
        self.nodes[usize::from(*state)].broken
    }

    fn reached(&self, state: &u16) -> u32 {
        self.nodes[usize::from(*state)].reached
    }

    fn is_wanted(&self, state: &u16) -> bool {
        self.nodes[usize::from(*state)].is_wanted
    }

    fn faults(&self, state: &u16) -> u32 {
        self.nodes[usize::from(*state)].faults
    }
}
