//! The states that were explored as a graph: from where a goal is still within reach, and from where not.

use super::batch::edge_parts;
use super::model::{Kind, Model};
use super::search::Search;

/// States from which a goal is out of reach.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stuck {
    /// How many there are.
    pub states: u32,
    /// The place of the one that is reached in the fewest steps.
    pub nearest: Option<u32>,
}

impl<M: Model> Search<M> {
    /// For each number of steps: (states found in so many, those among them that wait to be expanded).
    pub fn layers(&self) -> Vec<(u32, u32)> {
        let mut layers = vec![(0, 0); usize::from(self.figures().depth) + 1];
        let depths = (0..self.store.len()).map(|place| self.store.depth(place));
        depths.for_each(|depth| layers[usize::from(depth)].0 += 1);
        let waiting = self.waiting.iter().map(|waiting| self.store.depth(waiting.place));
        waiting.for_each(|depth| layers[usize::from(depth)].1 += 1);
        layers
    }

    /// States from which nothing that happens by itself leads to a goal (its bit in [`Model::reached`]); with `repairs`, nor any repair. Faults do
    /// not help. States that were not expanded are given the benefit of the doubt, so what is found is stuck in truth, whether or not the search
    /// is complete. `None` where the search keeps no steps ([`super::Options::edges`]).
    pub fn stuck(&self, goal: u8, repairs: bool) -> Option<Stuck> {
        if !self.options.edges {
            return None;
        }
        let is_hopeful = self.within_reach(goal, repairs);
        let stuck = || (0..self.store.len()).filter(|place| !is_hopeful[*place as usize]);
        Some(Stuck { states: stuck().count() as u32, nearest: stuck().min_by_key(|place| self.store.depth(*place)) })
    }

    /// For each state whether a goal is out of reach from it, in the order in which states were found; as [`Search::stuck`].
    pub fn stuck_states(&self, goal: u8, repairs: bool) -> Option<Vec<bool>> {
        self.options.edges.then(|| self.within_reach(goal, repairs).iter().map(|is_hopeful| !is_hopeful).collect())
    }

    /// States at which a goal is reached, or may be.
    fn within_reach(&self, goal: u8, repairs: bool) -> Vec<bool> {
        let helps = |kind: Kind| kind == Kind::Event || (repairs && kind == Kind::Repair);
        // Steps by where they lead, laid out in one list: `begin[place]..begin[place + 1]` are those that lead to a place.
        let helpful = || {
            let parts = self.edges.iter().map(|(from, to)| (*from, edge_parts(*to)));
            parts.filter(|(_, (_, kind))| helps(*kind)).map(|(from, (to, _))| (from, to as usize))
        };
        let states = self.store.len() as usize;
        let mut begin = vec![0_u32; states + 1];
        helpful().for_each(|(_, to)| begin[to + 1] += 1);
        for at in 0..states {
            begin[at + 1] += begin[at];
        }
        let mut fill = begin.clone();
        let mut sources = vec![0_u32; begin[states] as usize];
        for (from, to) in helpful() {
            sources[fill[to] as usize] = from;
            fill[to] += 1;
        }
        let is_there = |at: usize| (self.reached[at] >> goal) & 1 == 1 || !self.expanded[at];
        let mut is_hopeful: Vec<bool> = (0..states).map(is_there).collect();
        let mut todo: Vec<u32> = (0..states as u32).filter(|at| is_hopeful[*at as usize]).collect();
        while let Some(at) = todo.pop() {
            let at = at as usize;
            for source in &sources[begin[at] as usize..begin[at + 1] as usize] {
                if !std::mem::replace(&mut is_hopeful[*source as usize], true) {
                    todo.push(*source);
                }
            }
        }
        is_hopeful
    }
}
