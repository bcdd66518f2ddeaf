//! The search: every state within bounds, found step by step, so that whoever runs it can look at it, stop it, and do something else meanwhile.

use std::collections::VecDeque;

use super::model::{Kind, Model, Step};
use super::sleep::{Sleep, Sleeps};
use super::store::{STATES_MAX, Seen, Store};

/// Most states that are expanded before their successors are taken.
const BATCH: usize = 512;

/// In which order states are expanded.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Order {
    /// All that are one step away, then all that are two steps away, and so on: the first counterexample is a shortest one.
    #[default]
    Breadth,
    /// As far as one way leads, then the next: few states wait at a time, and counterexamples are as they come.
    Depth,
    /// Depth first to a limit that rises by one from round to round: shortest counterexamples, few states waiting, and work done again in each round.
    Deepening,
}

/// When to stop before everything is explored.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Until {
    /// When one property is broken.
    #[default]
    First,
    /// When each of so many properties is broken.
    Every(u8),
    /// When this property is broken.
    Broken(u8),
    /// When a wanted state is found.
    Wanted,
    /// Never.
    End,
}

/// Bounds and ways of a search.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Options {
    /// In which order states are expanded.
    pub order: Order,
    /// Leaves out steps that only change the order of others (sleep sets; breadth first only, and not together with `symmetry`).
    pub sleep: bool,
    /// Takes states for one that differ only in which of interchangeable parts is which.
    pub symmetry: bool,
    /// When to stop.
    pub until: Until,
    /// Most states, up to [`STATES_MAX`].
    pub max_states: u32,
    /// Longest way, in steps.
    pub max_depth: u16,
    /// Most bytes, about.
    pub max_bytes: usize,
    /// Keeps all steps, for [`Search::stuck`]. Leaves nothing out, so it does without sleep sets.
    pub edges: bool,
    /// Steps, from the first initial state on, that are tried first where counterexamples are equally long.
    pub guide: Vec<u16>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            order: Order::default(),
            sleep: true,
            symmetry: false,
            until: Until::default(),
            max_states: 1_000_000,
            max_depth: u16::MAX,
            max_bytes: 1 << 30,
            edges: false,
            guide: Vec::new(),
        }
    }
}

/// How a search ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// Every reachable state was expanded.
    Exhausted,
    /// What was looked for was found.
    Found,
    /// The limit of states was reached.
    States,
    /// Every state up to the limit of depth was expanded, and there are more behind it.
    Depth,
    /// The limit of memory was reached.
    Memory,
}

impl End {
    /// Its name in JSON.
    pub fn word(self) -> &'static str {
        match self {
            End::Exhausted => "exhausted",
            End::Found => "found",
            End::States => "states",
            End::Depth => "depth",
            End::Memory => "memory",
        }
    }
}

/// How far a search is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Figures {
    /// Distinct states found.
    pub states: u32,
    /// Steps taken, to known states included.
    pub transitions: u64,
    /// Steps on the way to the deepest state found.
    pub depth: u16,
    /// States that were found and not yet expanded.
    pub frontier: u32,
    /// States behind which nothing was looked at, since they lie at the limit of depth.
    pub cut: u32,
    /// Bytes in use, about.
    pub bytes: usize,
}

/// A state that was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Found {
    /// What about it: the place of the property that it breaks; `None` for a state that was wanted.
    pub property: Option<u8>,
    /// Its place in the store.
    pub place: u32,
    /// Steps on the way to it.
    pub depth: u16,
    /// Faults on the way to it.
    pub faults: u32,
}

/// A state that waits to be expanded.
pub(super) struct Waiting<S> {
    pub place: u32,
    pub state: S,
    /// Only these steps are to be taken; `None` for all that do not sleep.
    pub woken: Option<Sleep>,
}

/// A successor, before it is known whether it is new.
pub(super) struct Successor<S> {
    pub step: Step,
    /// `None` where nobody will want it, since it is known already.
    pub state: Option<S>,
    pub fingerprint: u64,
    pub sleep: Sleep,
}

/// A search under way.
pub struct Search<M: Model> {
    pub(super) model: M,
    pub(super) options: Options,
    pub(super) store: Store,
    pub(super) waiting: VecDeque<Waiting<M::State>>,
    sleeps: Sleeps,
    /// Goals that each state reaches, where edges are kept.
    pub(super) reached: Vec<u32>,
    /// (from, to) of every step, with its kind in the upper two bits of the second.
    pub(super) edges: Vec<(u32, u32)>,
    /// Which states were expanded, where edges are kept.
    pub(super) expanded: Vec<bool>,
    figures: Figures,
    waiting_bytes: usize,
    found: Vec<Found>,
    end: Option<End>,
    /// Where the guide leads next: a state, and how many of its steps were taken.
    guided: Option<(u32, usize)>,
    /// How many states were taken from the queue for the first time; breadth first, those are the first so many.
    begun: u32,
    round: u16,
}

impl<M: Model> Search<M> {
    /// A search at its beginning.
    pub fn new(model: M, options: Options) -> Self {
        let mut options = options;
        options.max_states = options.max_states.min(STATES_MAX);
        options.sleep &= options.order == Order::Breadth && !options.symmetry && !options.edges;
        let mut search = Search {
            model,
            options,
            store: Store::new(),
            waiting: VecDeque::new(),
            sleeps: Sleeps::default(),
            reached: Vec::new(),
            edges: Vec::new(),
            expanded: Vec::new(),
            figures: Figures::default(),
            waiting_bytes: 0,
            found: Vec::new(),
            end: None,
            guided: None,
            begun: 0,
            round: 1,
        };
        search.begin();
        search
    }

    fn begin(&mut self) {
        self.store = Store::new();
        self.waiting.clear();
        self.waiting_bytes = 0;
        self.begun = 0;
        self.guided = (self.options.order == Order::Breadth).then_some((0, 0));
        for state in self.model.initial() {
            let fingerprint = self.fingerprint(&state);
            if let Seen::New(place) = self.store.insert(fingerprint, None) {
                self.welcome(place, state, Sleep::default());
            }
        }
        if self.waiting.is_empty() {
            self.end = Some(End::Exhausted);
        }
    }

    /// What is searched.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// How far it is.
    pub fn figures(&self) -> Figures {
        Figures { states: self.store.len(), frontier: self.waiting.len() as u32, bytes: self.bytes(), ..self.figures }
    }

    /// How it ended; `None` while there is more to do.
    pub fn end(&self) -> Option<End> {
        self.end
    }

    /// The shortest way found to each broken property, and to a wanted state; of equally short ones that with the fewest faults, and of those the first.
    pub fn found(&self) -> &[Found] {
        &self.found
    }

    /// The ordinals of the steps to a state, from an initial state on, and the number of that initial state.
    pub fn path(&self, place: u32) -> (u32, Vec<u16>) {
        self.store.path(place)
    }

    fn bytes(&self) -> usize {
        let graph = self.edges.capacity() * size_of::<(u32, u32)>() + self.reached.capacity() * size_of::<u32>();
        self.store.bytes() + self.waiting_bytes + self.sleeps.bytes() + graph + self.expanded.capacity()
    }

    pub(super) fn fingerprint(&self, state: &M::State) -> u64 {
        if self.options.symmetry { self.model.orbit(state) } else { self.model.fingerprint(state) }
    }

    /// Expands about so many states. `None` where there is more to do.
    pub fn advance(&mut self, states: u32) -> Option<End> {
        self.advance_by(states, |search, batch| batch.iter().map(|waiting| search.expand(waiting)).collect())
    }

    /// As [`Search::advance`], with the work of expanding done by `expand`: for each state of a batch, its successors.
    pub(super) fn advance_by(
        &mut self,
        states: u32,
        expand: impl Fn(&Self, &[Waiting<M::State>]) -> Vec<Vec<Successor<M::State>>>,
    ) -> Option<End> {
        let mut left = states;
        while left > 0 && self.end.is_none() {
            let batch = self.next_batch();
            let successors = expand(self, &batch);
            left = left.saturating_sub(batch.len().max(1) as u32);
            for (waiting, successors) in batch.iter().zip(successors) {
                self.take(waiting, successors);
            }
        }
        self.end
    }

    /// States that are expanded before any of their successors is taken: however many threads do it, the result is the same. Depth first, only one.
    fn next_batch(&mut self) -> Vec<Waiting<M::State>> {
        let most = if self.options.order == Order::Breadth { BATCH } else { 1 };
        let mut batch: Vec<Waiting<M::State>> = Vec::with_capacity(most);
        while batch.len() < most {
            // What one depth finds may end the search before the next begins.
            let depth_of = |waiting: &Waiting<M::State>| self.store.depth(waiting.place);
            let next = self.waiting.front();
            if batch.last().is_some_and(|last| next.is_none_or(|next| depth_of(next) != depth_of(last))) {
                break;
            }
            let Some(waiting) = self.next() else { break };
            if waiting.woken.is_none() {
                self.begun = self.begun.max(waiting.place + 1);
            }
            batch.push(waiting);
        }
        batch
    }

    /// The next state to be expanded; `None` once the search has ended.
    fn next(&mut self) -> Option<Waiting<M::State>> {
        while self.end.is_none() {
            if let Some(limit) = self.limit_reached() {
                self.end = Some(limit);
                break;
            }
            let next = match self.options.order {
                Order::Breadth => self.waiting.pop_front(),
                Order::Depth | Order::Deepening => self.waiting.pop_back(),
            };
            let Some(waiting) = next else {
                self.finish_round();
                continue;
            };
            self.waiting_bytes = self.waiting_bytes.saturating_sub(self.weight(&waiting.state));
            let depth = self.store.depth(waiting.place);
            // States are checked when they are found: all of this depth have been.
            if self.options.order == Order::Breadth && self.is_enough(depth) {
                self.end = Some(End::Found);
                break;
            }
            if depth >= self.depth_limit() {
                self.figures.cut += 1;
                continue;
            }
            return Some(waiting);
        }
        None
    }

    fn limit_reached(&self) -> Option<End> {
        // Looked at for every state, so only what is cheap to tell.
        if self.store.len() >= self.options.max_states {
            return Some(End::States);
        }
        (self.bytes() >= self.options.max_bytes).then_some(End::Memory)
    }

    fn depth_limit(&self) -> u16 {
        match self.options.order {
            Order::Breadth | Order::Depth => self.options.max_depth,
            Order::Deepening => self.round.min(self.options.max_depth),
        }
    }

    fn finish_round(&mut self) {
        let has_more = self.figures.cut > 0;
        let goes_on = self.options.order == Order::Deepening
            && has_more
            && self.round < self.options.max_depth
            && !self.is_enough(u16::MAX);
        if goes_on {
            self.round += 1;
            self.figures.cut = 0;
            self.found.clear();
            self.begin();
        } else if self.options.until != Until::End && self.is_enough(u16::MAX) {
            self.end = Some(End::Found);
        } else {
            self.end = Some(if has_more { End::Depth } else { End::Exhausted });
        }
    }

    /// Whether what was looked for was found in at most so many steps.
    fn is_enough(&self, depth: u16) -> bool {
        let mut near = self.found.iter().filter(|found| found.depth <= depth);
        match self.options.until {
            Until::First => near.any(|found| found.property.is_some()),
            Until::Wanted => near.any(|found| found.property.is_none()),
            Until::Broken(property) => near.any(|found| found.property == Some(property)),
            Until::Every(properties) => near.count() >= usize::from(properties),
            Until::End => false,
        }
    }

    fn weight(&self, state: &M::State) -> usize {
        self.model.bytes(state) + size_of::<Waiting<M::State>>() - size_of::<M::State>()
    }

    /// All successors of a state that do not sleep.
    pub(super) fn expand(&self, waiting: &Waiting<M::State>) -> Vec<Successor<M::State>> {
        let mut out = Vec::new();
        if !self.options.sleep {
            let is_once_enough = self.options.order == Order::Breadth;
            self.model.expand(&waiting.state, &[], &mut |step, state| {
                let fingerprint = self.fingerprint(&state);
                let is_known = is_once_enough && self.store.find(fingerprint).is_some();
                // Dropped here and now, its memory serves the next.
                let state = (!is_known).then_some(state);
                out.push(Successor { step, state, fingerprint, sleep: Sleep::default() });
            });
            return out;
        }
        let mut asleep = self.sleeps.of(waiting.place).clone();
        if let Some(woken) = &waiting.woken {
            // The rest was taken before. What has been taken need not sleep in what follows: taking more is never wrong.
            self.model.expand(&waiting.state, &[], &mut |step, state| {
                if woken.holds(step.id) {
                    let fingerprint = self.fingerprint(&state);
                    out.push(Successor { step, state: Some(state), fingerprint, sleep: asleep.after(&step) });
                }
            });
            return out;
        }
        let ids = asleep.ids();
        self.model.expand(&waiting.state, &ids, &mut |step, state| {
            if asleep.holds(step.id) && step.alone.is_some() {
                return;
            }
            let fingerprint = self.fingerprint(&state);
            // A state in which nothing sleeps has nothing to be woken.
            let is_known = self.store.find(fingerprint).is_some_and(|place| self.sleeps.of(place).is_empty());
            let state = (!is_known).then_some(state);
            out.push(Successor { step, state, fingerprint, sleep: asleep.after(&step) });
            asleep.add(&step);
        });
        out
    }

    /// Takes the successors of a state into the store, and those that are new into the queue.
    fn take(&mut self, waiting: &Waiting<M::State>, mut successors: Vec<Successor<M::State>>) {
        self.follow_guide(waiting.place, &mut successors);
        if self.options.edges {
            self.expanded[waiting.place as usize] = true;
        }
        // What goes on the top of a stack last is expanded first.
        if self.options.order != Order::Breadth {
            successors.reverse();
        }
        for successor in successors {
            self.figures.transitions += 1;
            let parent = (waiting.place, successor.step.ordinal);
            let place = match self.store.insert(successor.fingerprint, Some(parent)) {
                Seen::New(place) => {
                    if let Some(state) = successor.state {
                        self.welcome(place, state, successor.sleep);
                    }
                    place
                }
                Seen::Known(place) => {
                    if let Some(state) = successor.state {
                        self.meet_again(place, parent, state, &successor.sleep);
                    }
                    place
                }
            };
            if self.options.edges {
                self.edges.push((waiting.place, place | kind_bits(successor.step.kind)));
            }
        }
        if self.options.order != Order::Breadth && self.options.order != Order::Deepening && self.is_enough(u16::MAX) {
            self.end = Some(End::Found);
        }
    }

    /// Puts the step of the guide first, and moves on along it.
    fn follow_guide(&mut self, place: u32, successors: &mut Vec<Successor<M::State>>) {
        let Some((at, taken)) = self.guided.filter(|(at, _)| *at == place) else { return };
        let wanted = self.options.guide.get(taken);
        let found = wanted.and_then(|ordinal| successors.iter().position(|next| next.step.ordinal == *ordinal));
        let Some(found) = found else {
            self.guided = None;
            return;
        };
        debug_assert_eq!(at, place, "the guide is where it is");
        let first = successors.remove(found);
        // Its place, if it is new; if it is known, the guide has gone in a circle and leads nowhere.
        self.guided = self.store.find(first.fingerprint).is_none().then_some((self.store.len(), taken + 1));
        successors.insert(0, first);
    }

    fn welcome(&mut self, place: u32, state: M::State, sleep: Sleep) {
        let depth = self.store.depth(place);
        self.figures.depth = self.figures.depth.max(depth);
        self.judge(place, depth, &state);
        if self.options.edges {
            self.reached.push(self.model.reached(&state));
            self.expanded.push(false);
        }
        self.waiting_bytes += self.weight(&state);
        self.sleeps.put(place, sleep);
        self.waiting.push_back(Waiting { place, state, woken: None });
    }

    /// A state that is known was found once more.
    fn meet_again(&mut self, place: u32, parent: (u32, u16), state: M::State, sleep: &Sleep) {
        if self.options.sleep {
            let waits = place >= self.begun;
            if let Some(woken) = self.sleeps.meet(place, sleep).filter(|_| !waits) {
                self.waiting_bytes += self.weight(&state);
                self.waiting.push_back(Waiting { place, state, woken: Some(woken) });
            }
            return;
        }
        // Where depth is limited, a shorter way may lead further.
        let is_limited = self.options.order != Order::Breadth && self.depth_limit() < u16::MAX;
        if is_limited && self.store.shorten(place, parent) {
            self.judge(place, self.store.depth(place), &state);
            self.waiting_bytes += self.weight(&state);
            self.waiting.push_back(Waiting { place, state, woken: None });
        }
    }

    fn judge(&mut self, place: u32, depth: u16, state: &M::State) {
        let mut broken = self.model.broken(state);
        while broken != 0 {
            let property = broken.trailing_zeros() as u8;
            broken &= broken - 1;
            self.note(Some(property), place, depth, state);
        }
        if self.model.is_wanted(state) {
            self.note(None, place, depth, state);
        }
    }

    fn note(&mut self, property: Option<u8>, place: u32, depth: u16, state: &M::State) {
        let found = Found { property, place, depth, faults: self.model.faults(state) };
        match self.found.iter_mut().find(|known| known.property == property) {
            Some(known) if (depth, found.faults) < (known.depth, known.faults) => *known = found,
            Some(_) => {}
            None => self.found.push(found),
        }
    }
}

/// The kind of a step, as it stands in an edge.
fn kind_bits(kind: Kind) -> u32 {
    let bits = match kind {
        Kind::Event => 0,
        Kind::Fault => 1,
        Kind::Repair => 2,
    };
    bits << 30
}

/// The place and the kind that stand in an edge.
pub(super) fn edge_parts(to: u32) -> (u32, Kind) {
    let kind = match to >> 30 {
        0 => Kind::Event,
        1 => Kind::Fault,
        _ => Kind::Repair,
    };
    (to & STATES_MAX, kind)
}
