//! A map of all states, where there are few: what leads where, and where each is drawn. It leaves nothing out, so it is made without reductions.

use super::exploration::Exploration;
use super::model::{Kind, Model};
use super::store::{Seen, Store};

/// Most states that a map shows.
pub const MAP_MAX: usize = 400;
/// How often the rows are put in a better order.
const SWEEPS: u32 = 12;

/// States and what leads from one to another, in the order in which breadth-first search finds them. The first is where it begins.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Map {
    /// The states.
    pub places: Vec<Place>,
    /// What leads where; of those that lead to a state, the first belongs to a shortest way.
    pub edges: Vec<Edge>,
}

/// A state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The fewest choices that lead to it.
    pub depth: u16,
    /// What is to be said of it.
    pub mark: Mark,
    /// What the badge of each lifeline says, in lane order, with commas between.
    pub standing: String,
    /// The invariants that it breaks, with commas between.
    pub breaks: String,
}

/// A choice that leads from a state to another, or to itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edge {
    /// From this place in [`Map::places`].
    pub from: u32,
    /// To this.
    pub to: u32,
    /// By this choice.
    pub choice: String,
}

/// What is to be said of a state; what comes later here outweighs what comes before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Mark {
    /// Nothing.
    Plain,
    /// Every goal is reached.
    Reached,
    /// Nothing that happens by itself leads to every goal.
    Stuck,
    /// An invariant is broken.
    Broken,
}

impl Mark {
    /// All of them.
    pub const ALL: [Mark; 4] = [Mark::Plain, Mark::Reached, Mark::Stuck, Mark::Broken];

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Mark::Plain => "plain",
            Mark::Reached => "reached",
            Mark::Stuck => "stuck",
            Mark::Broken => "broken",
        }
    }

    /// The mark of that name.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mark| mark.word() == word)
    }
}

impl Exploration {
    /// The map of everything that can follow the moment from which the search begins; `None` where that is more than [`MAP_MAX`] states.
    pub fn map(&self) -> Option<Map> {
        let worlds = self.whole();
        let space = worlds.space();
        let mut map = Map::default();
        let mut known = Store::new();
        let mut states = worlds.initial();
        let mut helpful: Vec<(u32, u32)> = Vec::new();
        let mut reached = Vec::new();
        for state in &states {
            known.insert(worlds.fingerprint(state), None);
        }
        let mut depths = vec![0_u16; states.len()];
        let mut at = 0;
        while at < states.len() {
            let mut steps = Vec::new();
            worlds.expand(&states[at], &[], &mut |step, next| {
                steps.push((step.ordinal, step.kind, worlds.fingerprint(&next), next));
            });
            let named = |ordinal| space.follow(&states[at], ordinal).map(|(name, _)| name).unwrap_or_default();
            let names: Vec<String> = steps.iter().map(|(ordinal, ..)| named(*ordinal)).collect();
            let goals = worlds.reached(&states[at]);
            let broken = worlds.broken(&states[at]);
            let breaks = self.invariants().iter().zip(0..).filter(|(_, bit)| broken >> bit & 1 == 1);
            map.places.push(Place {
                depth: depths[at],
                mark: if broken != 0 { Mark::Broken } else { Mark::Plain },
                standing: space.standing(&states[at]).join(","),
                breaks: breaks.map(|(id, _)| *id).collect::<Vec<_>>().join(","),
            });
            reached.push(goals);
            for ((_, kind, fingerprint, next), choice) in steps.into_iter().zip(names) {
                let to = match known.insert(fingerprint, None) {
                    Seen::Known(to) => to,
                    Seen::New(_) if states.len() == MAP_MAX => return None,
                    Seen::New(to) => {
                        depths.push(depths[at].saturating_add(1));
                        states.push(next);
                        to
                    }
                };
                if kind == Kind::Event {
                    helpful.push((at as u32, to));
                }
                map.edges.push(Edge { from: at as u32, to, choice });
            }
            at += 1;
        }
        map.mark_goals(&reached, &helpful, self.goals().len());
        Some(map)
    }
}

impl Map {
    /// Marks where every goal is reached, and from where some goal is out of reach.
    fn mark_goals(&mut self, reached: &[u32], helpful: &[(u32, u32)], goals: usize) {
        let all = (1_u64 << goals.min(32)) as u32;
        let all = all.wrapping_sub(1);
        // Goals that are within reach: what is reached, and what is within reach one step on.
        let mut hopes = reached.to_vec();
        let mut has_changed = true;
        while has_changed {
            has_changed = false;
            for (from, to) in helpful.iter().rev() {
                let more = hopes[*from as usize] | hopes[*to as usize];
                has_changed |= std::mem::replace(&mut hopes[*from as usize], more) != more;
            }
        }
        for ((place, reached), hopes) in self.places.iter_mut().zip(reached).zip(hopes) {
            let mark = match (goals, reached & all == all, hopes & all == all) {
                (0, ..) | (_, false, true) => Mark::Plain,
                (_, true, _) => Mark::Reached,
                (_, false, false) => Mark::Stuck,
            };
            place.mark = place.mark.max(mark);
        }
    }

    /// The places on a way by these choices, as far as the map has them; the first is where it begins.
    pub fn along<'a>(&self, choices: impl IntoIterator<Item = &'a str>) -> Vec<u32> {
        let mut way = vec![0];
        let mut at = 0;
        for choice in choices {
            let Some(edge) = self.edges.iter().find(|edge| edge.from == at && edge.choice == choice) else { break };
            at = edge.to;
            way.push(at);
        }
        way
    }

    /// The choices on a shortest way to a place.
    pub fn way_to(&self, place: u32) -> Vec<&str> {
        let mut choices = Vec::new();
        let mut at = place;
        // Each step leads to a lower depth, so this ends also where a map was made up.
        while let Some(edge) = self.edges.iter().find(|edge| edge.to == at && self.depth(edge.from) < self.depth(at)) {
            choices.push(edge.choice.as_str());
            at = edge.from;
        }
        choices.reverse();
        choices
    }

    fn depth(&self, place: u32) -> u16 {
        self.places.get(place as usize).map_or(0, |place| place.depth)
    }

    /// Where each place is drawn: (number in its row from the left, from 0; row). Rows are depths. Within a row, places stand near those that lead to
    /// them and those to which they lead (the barycentre heuristic of Sugiyama, Tagawa and Toda, 1981).
    pub fn rows(&self) -> Vec<Vec<u32>> {
        let deepest = self.places.iter().map(|place| usize::from(place.depth)).max().unwrap_or(0);
        let mut rows: Vec<Vec<u32>> = vec![Vec::new(); deepest + 1];
        for (at, place) in (0..).zip(&self.places) {
            rows[usize::from(place.depth)].push(at);
        }
        let mut near: Vec<Vec<u32>> = vec![Vec::new(); self.places.len()];
        for edge in &self.edges {
            if self.depth(edge.from) != self.depth(edge.to) {
                near[edge.from as usize].push(edge.to);
                near[edge.to as usize].push(edge.from);
            }
        }
        let mut across = vec![0_i64; self.places.len()];
        spread(&rows, &mut across);
        for sweep in 0..SWEEPS {
            let down = sweep % 2 == 0;
            for at in 0..rows.len() {
                let at = if down { at } else { rows.len() - 1 - at };
                let is_before = |other: &u32| (usize::from(self.depth(*other)) < at) == down;
                let toward = |place: u32| {
                    let asked = || near[place as usize].iter().filter(|other| is_before(other));
                    let sum: i64 = asked().map(|other| across[*other as usize]).sum();
                    match asked().count() as i64 {
                        0 => across[place as usize],
                        count => sum / count,
                    }
                };
                let mut keyed: Vec<(i64, u32)> = rows[at].iter().map(|place| (toward(*place), *place)).collect();
                sort(&mut keyed);
                rows[at] = keyed.into_iter().map(|(_, place)| place).collect();
                spread(&rows[at..=at], &mut across);
            }
        }
        rows
    }
}

/// Puts what is nearly in order in order, and leaves alike what is alike: by insertion, which is a tenth of the code of the library's.
fn sort(keyed: &mut [(i64, u32)]) {
    for at in 1..keyed.len() {
        let mut to = at;
        while to > 0 && keyed[to - 1].0 > keyed[to].0 {
            keyed.swap(to - 1, to);
            to -= 1;
        }
    }
}

/// Where the places of rows stand, each row centred, in thousandths of the distance between neighbours.
fn spread(rows: &[Vec<u32>], across: &mut [i64]) {
    for row in rows {
        for (at, place) in (0..).zip(row) {
            across[*place as usize] = at * 1_000 - (row.len() as i64 - 1) * 500;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::Question;
    use crate::scenarios::run_string::{parse, replay};

    fn exploration(run: &str, question: &str) -> Exploration {
        let replayed = replay(&parse(run).expect("a link"));
        let question = Question::parse(question).expect("a question");
        Exploration::new(&*replayed.run, replayed.step, question).expect("it can be asked")
    }

    const SMALL: &str = "/two-phase-commit/basic?v=1&rev=2&participants=1&run=";

    #[test]
    fn a_map_has_the_states_that_a_search_finds() {
        let mut search = exploration(SMALL, "block;crash=1,delay=0;symmetry=off,sleep=off,essence=off");
        while search.advance(1_000).is_none() {}
        let map = search.map().expect("it is small");
        assert_eq!(map.places.len() as u32, search.figures().states);
        assert_eq!(map.edges.len() as u64, search.figures().transitions);
        let deepest = map.places.iter().map(|place| place.depth).max();
        assert_eq!(deepest, Some(search.figures().depth));
        let stuck = map.places.iter().filter(|place| place.mark == Mark::Stuck).count();
        assert!(stuck > 0, "without its coordinator, it blocks");
        assert!(map.places.iter().any(|place| place.mark == Mark::Reached));
        assert!(map.places.iter().all(|place| place.mark != Mark::Broken), "it never breaks");
    }

    #[test]
    fn the_way_to_each_place_leads_there_and_is_a_shortest_one() {
        let map = exploration(SMALL, "violation;crash=1,delay=0").map().expect("it is small");
        for (at, place) in (0..).zip(&map.places) {
            let way = map.way_to(at);
            assert_eq!(way.len(), usize::from(place.depth));
            assert_eq!(map.along(way.iter().copied()).last(), Some(&at));
            let link = parse(&format!("{SMALL}{}", way.join(","))).expect("a link");
            assert!(replay(&link).error.is_none(), "{way:?} can be taken");
        }
    }

    #[test]
    fn what_is_large_has_no_map() {
        assert_eq!(exploration("/two-phase-commit/basic?v=1&rev=2&run=", "violation;crash=1").map(), None);
    }

    #[test]
    fn rows_hold_each_place_once_and_neighbours_stand_near_each_other() {
        let place = |depth| Place { depth, mark: Mark::Plain, standing: String::new(), breaks: String::new() };
        let edge = |from, to| Edge { from, to, choice: String::new() };
        // Two strands that the order of discovery crosses.
        let map = Map {
            places: [0, 1, 1, 2, 2].map(place).to_vec(),
            edges: vec![edge(0, 1), edge(0, 2), edge(2, 3), edge(1, 4)],
        };
        let rows = map.rows();
        assert_eq!(rows.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 2]);
        let spot = |row: usize, place: u32| rows[row].iter().position(|other| *other == place);
        assert_eq!(spot(1, 1), spot(2, 4));
        assert_eq!(spot(1, 2), spot(2, 3));
    }
}
