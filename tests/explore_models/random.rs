//! Random models: what a search finds is what a plain one finds, whatever its order, its reductions, its threads.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use interleave::explore::{End, Figures, Found, Kind, Model, Options, Order, Search, Until};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::models::graph::{Graph, graphs};
use crate::models::processes::{Processes, alike, processes};
use crate::{everything, explored, follow};

/// What was found, without the places.
fn summary(found: &[Found]) -> Vec<(Option<u8>, u16, u32)> {
    let mut all: Vec<_> = found.iter().map(|found| (found.property, found.depth, found.faults)).collect();
    all.sort_unstable();
    all
}

/// Whether every way that is shown leads to a state that is as it is said to be, in as many steps.
fn check_paths<M: Model>(search: &Search<M>) -> Result<(), TestCaseError> {
    for found in search.found() {
        let path = search.path(found.place);
        let state = follow(search.model(), &path);
        let is_so = match found.property {
            Some(bit) => (search.model().broken(&state) >> bit) & 1 == 1,
            None => search.model().is_wanted(&state),
        };
        prop_assert!(is_so, "{path:?} leads elsewhere");
        prop_assert_eq!(path.1.len(), usize::from(found.depth));
        prop_assert_eq!(search.model().faults(&state), found.faults);
    }
    Ok(())
}

/// The fingerprints of all states that a model reaches, with the least number of steps to each.
fn depths<M: Model>(model: &M) -> BTreeMap<u64, u16> {
    let mut known = BTreeMap::new();
    let mut layer = model.initial();
    for depth in 0.. {
        layer.retain(|state| match known.entry(model.fingerprint(state)) {
            Entry::Vacant(vacant) => *vacant.insert(depth) == depth,
            Entry::Occupied(_) => false,
        });
        if layer.is_empty() {
            break;
        }
        let mut next = Vec::new();
        layer.iter().for_each(|state| model.expand(state, &[], &mut |_, successor| next.push(successor)));
        layer = next;
    }
    known
}

/// The fingerprints of all states that a search found, with the number of steps to each.
fn depths_found<M: Model>(search: &Search<M>) -> BTreeMap<u64, u16> {
    let at = |place| {
        let path = search.path(place);
        (search.model().fingerprint(&follow(search.model(), &path)), path.1.len() as u16)
    };
    (0..search.figures().states).map(at).collect()
}

/// Orders in which the first counterexample is a shortest one.
const ORDERS: [Order; 2] = [Order::Breadth, Order::Deepening];
/// What one may wait for.
const UNTIL: [Until; 4] = [Until::First, Until::Wanted, Until::Broken(0), Until::Broken(2)];

/// Whether it is this that is waited for.
fn is_asked(until: Until, property: Option<u8>) -> bool {
    match until {
        Until::First => property.is_some(),
        Until::Wanted => property.is_none(),
        Until::Broken(one) => property == Some(one),
        Until::Every(_) | Until::End => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn breadth_first_finds_what_a_plain_search_finds(graph in graphs(40)) {
        let layers = graph.layers();
        let steps: usize = layers.iter().flatten().map(|at| graph.targets(*at).count()).sum();
        let search = explored(graph.clone(), everything());
        let Figures { states, transitions, depth, frontier, cut, .. } = search.figures();
        prop_assert_eq!(search.end(), Some(End::Exhausted));
        prop_assert_eq!(states as usize, layers.iter().map(BTreeSet::len).sum::<usize>());
        prop_assert_eq!((transitions as usize, usize::from(depth), frontier, cut), (steps, layers.len() - 1, 0, 0));
        prop_assert_eq!(summary(search.found()), graph.nearest());
        prop_assert_eq!(depths_found(&search), depths(&graph));
        check_paths(&search)?;
    }

    #[test]
    fn the_first_counterexample_is_a_shortest_one_with_the_fewest_faults(graph in graphs(40)) {
        let nearest = graph.nearest();
        for (order, until) in ORDERS.into_iter().flat_map(|order| UNTIL.map(|until| (order, until))) {
            let asked: Vec<_> = nearest.iter().filter(|(property, ..)| is_asked(until, *property)).collect();
            let search = explored(graph.clone(), Options { order, until, ..Options::default() });
            let end = if asked.is_empty() { End::Exhausted } else { End::Found };
            prop_assert_eq!(search.end(), Some(end), "{:?} {:?}", order, until);
            let found = summary(search.found());
            let first = found.iter().filter(|(property, ..)| is_asked(until, *property)).map(|(_, depth, _)| depth).min();
            prop_assert_eq!(first, asked.iter().map(|(_, depth, _)| depth).min(), "{:?} {:?}", order, until);
            for found in found {
                prop_assert!(nearest.contains(&found), "{:?}: {:?} is not among {:?}", order, found, nearest);
            }
            check_paths(&search)?;
        }
    }

    #[test]
    fn every_property_is_found_where_it_is_asked_for(graph in graphs(40), asked in 1_u8..4) {
        let broken: Vec<_> = graph.nearest().into_iter().filter(|(property, ..)| property.is_some()).collect();
        let end = if broken.len() >= usize::from(asked) { End::Found } else { End::Exhausted };
        for order in [Order::Breadth, Order::Deepening] {
            let search = explored(graph.clone(), Options { order, until: Until::Every(asked), ..Options::default() });
            prop_assert_eq!(search.end(), Some(end));
            let found = summary(search.found());
            let properties = found.iter().filter(|(property, ..)| property.is_some());
            prop_assert!(properties.clone().count() >= usize::from(asked).min(broken.len()));
            for found in properties {
                prop_assert!(broken.contains(found), "{:?}: {:?} is not among {:?}", order, found, broken);
            }
            check_paths(&search)?;
        }
    }

    #[test]
    fn depth_first_finds_something_if_there_is_something(graph in graphs(40)) {
        let nearest = graph.nearest();
        for until in UNTIL {
            let search = explored(graph.clone(), Options { order: Order::Depth, until, ..Options::default() });
            let is_there = nearest.iter().any(|(property, ..)| is_asked(until, *property));
            prop_assert_eq!(search.end(), Some(if is_there { End::Found } else { End::Exhausted }));
            prop_assert_eq!(search.found().iter().any(|found| is_asked(until, found.property)), is_there);
            check_paths(&search)?;
        }
        let all = explored(graph.clone(), Options { order: Order::Depth, ..everything() });
        prop_assert_eq!(all.end(), Some(End::Exhausted));
        prop_assert_eq!(all.figures().states as usize, graph.layers().iter().map(BTreeSet::len).sum::<usize>());
        let properties = |all: &[(Option<u8>, u16, u32)]| all.iter().map(|(property, ..)| *property).collect::<Vec<_>>();
        prop_assert_eq!(properties(&summary(all.found())), properties(&nearest));
    }

    #[test]
    fn a_limit_of_depth_cuts_there_and_says_so(graph in graphs(40), limit in 0_u16..6) {
        let layers = graph.layers();
        let near: usize = layers.iter().take(usize::from(limit) + 1).map(BTreeSet::len).sum();
        let is_cut = layers.len() > usize::from(limit);
        let found: Vec<_> = graph.nearest().into_iter().filter(|(_, depth, _)| *depth <= limit).collect();
        for order in [Order::Breadth, Order::Depth, Order::Deepening] {
            let search = explored(graph.clone(), Options { order, max_depth: limit, ..everything() });
            // What lies at the limit is not expanded, so it is not known whether anything is behind it.
            let end = if is_cut { End::Depth } else { End::Exhausted };
            prop_assert_eq!(search.end(), Some(end), "{:?}", order);
            prop_assert_eq!(search.figures().states as usize, near, "{:?}", order);
            prop_assert_eq!(summary(search.found()), found.clone(), "{:?}", order);
            let last = layers.get(usize::from(limit)).map_or(0, BTreeSet::len);
            prop_assert_eq!(search.figures().cut as usize, last, "{:?}", order);
            check_paths(&search)?;
        }
    }

    #[test]
    fn a_limit_of_states_stops_there_and_says_so(graph in graphs(40), limit in 1_u32..40, edges: bool) {
        let all = graph.layers().iter().map(BTreeSet::len).sum::<usize>() as u32;
        for order in [Order::Breadth, Order::Depth, Order::Deepening] {
            let search = explored(graph.clone(), Options { order, max_states: limit, edges, ..everything() });
            let end = if all > limit { End::States } else { End::Exhausted };
            prop_assert_eq!((search.end(), search.figures().states), (Some(end), all.min(limit)), "{:?}", order);
            if edges {
                // What was not expanded in full is given the benefit of the doubt.
                check_stuck(&graph, &search, order != Order::Depth)?;
            }
        }
    }

    #[test]
    fn a_limit_of_memory_stops_and_says_so(graph in graphs(40), limit in 0_usize..10_000) {
        let needed = explored(graph.clone(), everything()).figures().bytes;
        let search = explored(graph, Options { max_bytes: limit, ..everything() });
        prop_assert!(matches!(search.end(), Some(End::Memory | End::Exhausted)));
        // A search that has gone to its end has had room for all of it.
        prop_assert!(search.end() == Some(End::Memory) || limit > needed.min(4 << 10));
    }

    #[test]
    fn threads_and_pauses_change_nothing(model in processes(), pauses in vec(1_u32..700, 1..5), sleep: bool, every: bool) {
        let until = if every { Until::End } else { Until::First };
        let options = Options { until, sleep, edges: !sleep, ..Options::default() };
        let expected = explored(model.clone(), options.clone());
        for threads in 1..=3 {
            let mut search = Search::new(model.clone(), options.clone());
            let mut pauses = pauses.iter().cycle();
            while search.advance_with(*pauses.next().expect("for ever"), threads).is_none() {}
            prop_assert_eq!((search.end(), search.figures()), (expected.end(), expected.figures()));
            prop_assert_eq!(search.found(), expected.found());
            for place in 0..search.figures().states {
                prop_assert_eq!(search.path(place), expected.path(place));
            }
            prop_assert_eq!(search.stuck(0, true), expected.stuck(0, true));
        }
    }

    #[test]
    fn sleep_sets_leave_out_steps_and_never_states(model in processes()) {
        let full = explored(model.clone(), everything());
        let less = explored(model.clone(), Options { sleep: true, ..everything() });
        prop_assert_eq!((full.end(), less.end()), (Some(End::Exhausted), Some(End::Exhausted)));
        prop_assert_eq!(depths_found(&less), depths(&model));
        prop_assert_eq!(less.figures().depth, full.figures().depth);
        prop_assert!(less.figures().transitions <= full.figures().transitions);
        prop_assert_eq!(summary(less.found()), summary(full.found()));
        check_paths(&less)?;
    }

    #[test]
    fn sleep_sets_find_the_same_within_a_depth(model in processes(), limit in 0_u16..8) {
        let options = Options { max_depth: limit, ..everything() };
        let full = explored(model.clone(), options.clone());
        let less = explored(model, Options { sleep: true, ..options });
        prop_assert_eq!(full.end(), less.end());
        prop_assert_eq!((full.figures().states, full.figures().cut), (less.figures().states, less.figures().cut));
        prop_assert_eq!(summary(less.found()), summary(full.found()));
    }

    #[test]
    fn symmetry_finds_what_the_full_search_finds(model in alike(), order in prop_oneof![Just(Order::Breadth), Just(Order::Deepening)]) {
        let full = explored(model.clone(), everything());
        let less = explored(model.clone(), Options { symmetry: true, ..everything() });
        prop_assert_eq!((full.end(), less.end()), (Some(End::Exhausted), Some(End::Exhausted)));
        prop_assert_eq!(summary(less.found()), summary(full.found()));
        // As many states as there are orbits.
        let orbits: BTreeSet<u64> = (0..full.figures().states).map(|at| model.orbit(&follow(&model, &full.path(at)))).collect();
        prop_assert_eq!(less.figures().states as usize, orbits.len());
        check_paths(&less)?;
        let first = explored(model, Options { order, symmetry: true, ..Options::default() });
        prop_assert_eq!(summary(first.found()), summary(full.found()));
        check_paths(&first)?;
    }

    #[test]
    fn stuck_is_what_a_plain_fixpoint_says(graph in graphs(30), limit in 0_u16..12, order in prop_oneof![Just(Order::Breadth), Just(Order::Depth), Just(Order::Deepening)]) {
        let all = explored(graph.clone(), Options { order, edges: true, ..everything() });
        check_stuck(&graph, &all, order != Order::Depth)?;
        let near = explored(graph.clone(), Options { order, edges: true, max_depth: limit, ..everything() });
        check_stuck(&graph, &near, order != Order::Depth)?;
        prop_assert_eq!(explored(graph, everything()).stuck(0, false), None);
    }

    #[test]
    fn the_guide_leads_as_far_as_it_goes(model in processes(), sleep: bool, walk in vec(any::<u16>(), 0..8)) {
        let walk = walked(&model, &walk);
        let options = Options { sleep, ..Options::default() };
        let plain = explored(model.clone(), options.clone());
        let search = explored(model.clone(), Options { guide: walk.clone(), ..options });
        prop_assert_eq!(search.end(), plain.end());
        prop_assert_eq!(summary(search.found()), summary(plain.found()));
        check_paths(&search)?;
        if let Some(found) = search.found().first() {
            let shared = |path: &[u16]| path.iter().zip(&walk).take_while(|(one, other)| one == other).count();
            prop_assert_eq!(shared(&search.path(found.place).1), longest_shared(&model, &walk, found.depth));
        }
    }
}

/// Ordinals of steps that can be taken one after the other, drawn by numbers of any size.
fn walked<M: Model>(model: &M, draws: &[u16]) -> Vec<u16> {
    let mut at = model.initial().swap_remove(0);
    let mut ordinals = Vec::new();
    for draw in draws {
        let mut next = Vec::new();
        model.expand(&at, &[], &mut |step, state| next.push((step.ordinal, state)));
        if next.is_empty() {
            break;
        }
        let (ordinal, state) = next.swap_remove(usize::from(*draw) % next.len());
        ordinals.push(ordinal);
        at = state;
    }
    ordinals
}

/// With how much of a guide a way of so many steps to a broken state can begin, where none is shorter.
fn longest_shared(model: &Processes, guide: &[u16], depth: u16) -> usize {
    let is_on_time = |taken: &usize| {
        let begin = follow(model, &(0, guide[..*taken].to_vec()));
        let distance = distance_to_broken(model, begin);
        distance.is_some_and(|distance| usize::from(distance) + taken == usize::from(depth))
    };
    (0..=guide.len()).rev().find(is_on_time).expect("some way is as short as that")
}

/// The least number of steps to a broken state.
fn distance_to_broken<M: Model>(model: &M, begin: M::State) -> Option<u16> {
    let mut known = BTreeSet::new();
    let mut layer = vec![begin];
    for distance in 0.. {
        layer.retain(|state| known.insert(model.fingerprint(state)));
        if layer.is_empty() {
            return None;
        }
        if layer.iter().any(|state| model.broken(state) != 0) {
            return Some(distance);
        }
        let mut next = Vec::new();
        layer.iter().for_each(|state| model.expand(state, &[], &mut |_, successor| next.push(successor)));
        layer = next;
    }
    None
}

/// Holds [`Search::stuck`] to a plain fixpoint over the states that the search has expanded.
fn check_stuck(graph: &Graph, search: &Search<Graph>, is_shortest: bool) -> Result<(), TestCaseError> {
    let layers = graph.layers();
    let nodes: Vec<u16> = (0..search.figures().states).map(|at| follow(graph, &search.path(at))).collect();
    let known: BTreeSet<u16> = nodes.iter().copied().collect();
    let is_complete = search.end() == Some(End::Exhausted);
    for (goal, repairs) in [(0, false), (0, true), (1, false), (1, true)] {
        let reaches = |at: u16| (graph.nodes[usize::from(at)].reached >> goal) & 1 == 1;
        let helps = |kind: Kind| kind == Kind::Event || (kind == Kind::Repair && repairs);
        // In the whole graph: stuck in truth.
        let mut hopeful: BTreeSet<u16> = (0..graph.nodes.len() as u16).filter(|at| reaches(*at)).collect();
        loop {
            let leads = |at: &u16| {
                graph.nodes[usize::from(*at)].steps.iter().any(|(to, kind)| helps(*kind) && hopeful.contains(to))
            };
            let more: Vec<u16> =
                (0..graph.nodes.len() as u16).filter(|at| !hopeful.contains(at)).filter(leads).collect();
            if more.is_empty() {
                break;
            }
            hopeful.extend(more);
        }
        let stuck = search.stuck(goal, repairs).expect("steps are kept");
        let truly: Vec<u16> = known.iter().copied().filter(|at| !hopeful.contains(at)).collect();
        prop_assert!(stuck.states as usize <= truly.len());
        prop_assert!(!is_complete || stuck.states as usize == truly.len());
        prop_assert_eq!(stuck.nearest.is_some(), stuck.states > 0);
        if let Some(nearest) = stuck.nearest {
            let node = nodes[nearest as usize];
            prop_assert!(truly.contains(&node));
            if is_complete && is_shortest {
                let depth = |at: u16| layers.iter().position(|layer| layer.contains(&at));
                prop_assert_eq!(depth(node), truly.iter().filter_map(|at| depth(*at)).min());
            }
        }
    }
    Ok(())
}
