//! The search: every state within bounds, found step by step, so that whoever runs it can look at it, stop it, and do something else meanwhile.

use std::collections::VecDeque;

use super::batch::{Counts, Expanded, Successor, Waiting, kind_bits};
use super::model::{Model, Step};
use super::sleep::{Sleep, Sleeps};
use super::store::{STATES_MAX, Seen, Store};

/// Most states that are expanded before their successors are taken.
const BATCH: usize = 512;
/// How many states are expanded before their successors are looked up, in one go: the processor waits for memory, and better for many at once.
const GROUP: usize = 8;

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
        self.reached.clear();
        self.edges.clear();
        self.expanded.clear();
        self.begun = 0;
        self.guided = (self.options.order == Order::Breadth).then_some((0, 0));
        for state in self.model.initial() {
            let fingerprint = self.fingerprint(&state);
            if self.is_one_too_many(fingerprint) {
                self.end = Some(End::States);
                break;
            }
            if let Seen::New(place) = self.store.insert(fingerprint, None) {
                self.welcome(place, fingerprint, state, None);
            }
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
        self.advance_by(states, |search, batch, out| search.expand_all(batch, out))
    }

    /// As [`Search::advance`], with the work of expanding a batch done by `expand`.
    pub(super) fn advance_by(
        &mut self,
        states: u32,
        expand: impl Fn(&Self, &[Waiting<M::State>], &mut Expanded<M::State>),
    ) -> Option<End> {
        let mut left = states;
        // Both are filled and emptied over and over, which spares asking for memory.
        let mut batch = Vec::new();
        let mut expanded = Expanded::new();
        while left > 0 && self.end.is_none() {
            self.next_batch(&mut batch);
            expand(self, &batch, &mut expanded);
            left = left.saturating_sub(batch.len().max(1) as u32);
            let mut successors = expanded.successors.drain(..);
            for (waiting, count) in batch.drain(..).zip(expanded.counts.drain(..)) {
                if self.end.is_none() {
                    self.figures.transitions += count.known as u64;
                    self.take(&waiting, successors.by_ref().take(count.successors));
                }
                // It still waits, at least in part.
                if self.end.is_some_and(|end| end != End::Found) {
                    self.waiting_bytes += self.weight(&waiting.state);
                    self.waiting.push_back(waiting);
                }
            }
        }
        self.end
    }

    /// States that are expanded before any of their successors is taken: however many threads do it, the result is the same. Depth first, only one.
    fn next_batch(&mut self, batch: &mut Vec<Waiting<M::State>>) {
        let most = if self.options.order == Order::Breadth { BATCH } else { 1 };
        while batch.len() < most {
            // What one depth finds may end the search before the next begins.
            let next = self.waiting.front();
            if batch.last().is_some_and(|last| next.is_none_or(|next| next.depth != last.depth)) {
                break;
            }
            let Some(waiting) = self.next() else { break };
            if waiting.woken.is_none() {
                self.begun = self.begun.max(waiting.place + 1);
            }
            batch.push(waiting);
        }
    }

    /// The next state to be expanded; `None` once the search has ended.
    fn next(&mut self) -> Option<Waiting<M::State>> {
        while self.end.is_none() {
            if self.bytes() >= self.options.max_bytes && !self.waiting.is_empty() {
                self.end = Some(End::Memory);
                break;
            }
            // States are checked when they are found: all of this depth have been.
            let is_breadth = self.options.order == Order::Breadth;
            if is_breadth && self.waiting.front().is_some_and(|next| self.is_enough(next.depth)) {
                self.end = Some(End::Found);
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
            if waiting.depth >= self.depth_limit() {
                self.figures.cut += 1;
            } else if is_breadth || waiting.depth == self.store.depth(waiting.place) {
                return Some(waiting);
            }
        }
        None
    }

    /// Whether a state is new, and there is no room for it.
    fn is_one_too_many(&self, fingerprint: u64) -> bool {
        self.store.len() >= self.options.max_states && !self.store.knows(fingerprint)
    }

    fn depth_limit(&self) -> u16 {
        match self.options.order {
            Order::Breadth | Order::Depth => self.options.max_depth,
            Order::Deepening => self.round.min(self.options.max_depth),
        }
    }

    fn finish_round(&mut self) {
        // Depth first, a state that was cut may have been reached by a shorter way since.
        if self.figures.cut > 0 && self.options.order != Order::Breadth {
            self.figures.cut = self.store.count_at(self.depth_limit());
        }
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
            Until::Every(properties) => {
                near.filter(|found| found.property.is_some()).count() >= usize::from(properties)
            }
            Until::End => false,
        }
    }

    fn weight(&self, state: &M::State) -> usize {
        self.model.bytes(state) + size_of::<Waiting<M::State>>() - size_of::<M::State>()
    }

    /// Hands over all successors of states that do not sleep, but for those that are known and to which nothing is to be done.
    pub(super) fn expand_all(&self, batch: &[Waiting<M::State>], out: &mut Expanded<M::State>) {
        for group in batch.chunks(GROUP) {
            if self.options.sleep {
                group.iter().for_each(|waiting| self.expand_awake(waiting, out));
            } else {
                self.expand_group(group, out);
            }
        }
    }

    fn expand_group(&self, group: &[Waiting<M::State>], out: &mut Expanded<M::State>) {
        // Breadth first, nothing about a known state can change.
        let skips_known = self.options.order == Order::Breadth && !self.options.edges;
        let successors = &mut out.successors;
        let begin = successors.len();
        let mut ends = [(begin, 0); GROUP];
        for (waiting, (end, same)) in group.iter().zip(&mut ends) {
            self.model.expand(&waiting.state, &[], &mut |Step { ordinal, kind, .. }, state| {
                let fingerprint = self.fingerprint(&state);
                if skips_known && fingerprint == waiting.fingerprint {
                    *same += 1;
                    return;
                }
                successors.push(Successor { ordinal, kind, fingerprint, state, sleep: None });
            });
            *end = successors.len();
        }
        if skips_known {
            self.store.fetch(successors[begin..].iter().map(|successor| successor.fingerprint));
        }
        let mut kept = begin;
        let mut at = begin;
        for (waiting, (end, same)) in group.iter().zip(ends) {
            let first = kept;
            let steps = end - at + same;
            for at in at..end {
                if !skips_known || !self.store.knows(successors[at].fingerprint) {
                    successors.swap(kept, at);
                    kept += 1;
                }
            }
            at = end;
            self.put_in_order(waiting.place, &mut successors[first..kept], |successor| successor.ordinal);
            out.counts.push(Counts { successors: kept - first, known: steps - (kept - first) });
        }
        successors.truncate(kept);
    }

    fn expand_awake(&self, waiting: &Waiting<M::State>, out: &mut Expanded<M::State>) {
        let begin = out.successors.len();
        let mut steps = Vec::new();
        let asleep = self.sleeps.of(waiting.place);
        if let Some(woken) = &waiting.woken {
            self.model.expand(&waiting.state, &[], &mut |step, state| {
                if woken.holds(step.id) {
                    steps.push((step, state));
                }
            });
        } else {
            self.model.expand(&waiting.state, &asleep.ids(), &mut |step, state| {
                if step.alone.is_none() || !asleep.holds(step.id) {
                    steps.push((step, state));
                }
            });
            self.put_in_order(waiting.place, &mut steps, |(step, _)| step.ordinal);
        }
        let mut asleep = asleep.clone();
        let mut known = 0;
        for (step, state) in steps {
            let fingerprint = self.fingerprint(&state);
            let sleep = asleep.after(&step);
            let sleep = (!sleep.is_empty()).then(|| Box::new(sleep));
            // Of what woke up, the rest was taken before, and need not sleep in what follows: taking more is never wrong.
            if waiting.woken.is_none() {
                asleep.add(&step);
            }
            // A state in which nothing sleeps has nothing to be woken.
            if self.store.find(fingerprint).is_some_and(|place| self.sleeps.of(place).is_empty()) {
                known += 1;
            } else {
                let Step { ordinal, kind, .. } = step;
                out.successors.push(Successor { ordinal, kind, fingerprint, state, sleep });
            }
        }
        out.counts.push(Counts { successors: out.successors.len() - begin, known });
    }

    /// Puts the steps of a state in the order in which they are taken: that of the guide first, if the guide is here.
    fn put_in_order<T>(&self, place: u32, steps: &mut [T], ordinal: impl Fn(&T) -> u16) {
        if let Some(first) = self.guide_at(place)
            && let Some(found) = steps.iter().position(|step| ordinal(step) == first)
        {
            steps[..=found].rotate_right(1);
        }
        // What goes on the top of a stack last is expanded first.
        if self.options.order != Order::Breadth {
            steps.reverse();
        }
    }

    /// Takes the successors of a state into the store, and those that are new into the queue.
    fn take(&mut self, waiting: &Waiting<M::State>, successors: impl Iterator<Item = Successor<M::State>>) {
        let mut guide = self.guide_at(waiting.place);
        for successor in successors {
            if self.is_one_too_many(successor.fingerprint) {
                self.end = Some(End::States);
                return;
            }
            self.figures.transitions += 1;
            let (kind, parent) = (successor.kind, (waiting.place, successor.ordinal));
            let (place, is_new) = match self.store.insert(successor.fingerprint, Some(parent)) {
                Seen::New(place) => {
                    self.welcome(place, successor.fingerprint, successor.state, successor.sleep);
                    (place, true)
                }
                Seen::Known(place) => {
                    self.meet_again(place, parent, successor);
                    (place, false)
                }
            };
            if self.options.edges {
                self.edges.push((waiting.place, place | kind_bits(kind)));
            }
            // Only the first can be the guide's. Where it leads to a known state, the guide is no shortest way, and of no more use.
            if let Some(ordinal) = guide.take() {
                let goes_on = is_new && ordinal == parent.1;
                self.guided = self.guided.filter(|_| goes_on).map(|(_, taken)| (place, taken + 1));
            }
        }
        if self.options.edges {
            self.expanded[waiting.place as usize] = true;
        }
        if self.options.order == Order::Depth && self.is_enough(u16::MAX) {
            self.end = Some(End::Found);
        }
    }

    /// The step that the guide takes from a state, if the guide is there.
    fn guide_at(&self, place: u32) -> Option<u16> {
        let (_, taken) = self.guided.filter(|(at, _)| *at == place)?;
        self.options.guide.get(taken).copied()
    }

    fn welcome(&mut self, place: u32, fingerprint: u64, state: M::State, sleep: Option<Box<Sleep>>) {
        let depth = self.store.depth(place);
        self.figures.depth = self.figures.depth.max(depth);
        self.judge(place, depth, &state);
        if self.options.edges {
            self.reached.push(self.model.reached(&state));
            self.expanded.push(false);
        }
        self.waiting_bytes += self.weight(&state);
        if let Some(sleep) = sleep {
            self.sleeps.put(place, *sleep);
        }
        self.waiting.push_back(Waiting { place, depth, state, fingerprint, woken: None });
    }

    /// A state that is known was found once more.
    fn meet_again(&mut self, place: u32, parent: (u32, u16), successor: Successor<M::State>) {
        let Successor { state, fingerprint, sleep, .. } = successor;
        if self.options.sleep {
            let waits = place >= self.begun;
            if let Some(woken) = self.sleeps.meet(place, sleep.as_deref()).filter(|_| !waits) {
                self.waiting_bytes += self.weight(&state);
                let depth = self.store.depth(place);
                self.waiting.push_back(Waiting { place, depth, state, fingerprint, woken: Some(Box::new(woken)) });
            }
            return;
        }
        // Where depth is limited, a shorter way may lead further.
        let is_limited = self.options.order != Order::Breadth && self.depth_limit() < u16::MAX;
        if is_limited && self.store.shorten(place, parent) {
            let depth = self.store.depth(place);
            self.judge(place, depth, &state);
            self.waiting_bytes += self.weight(&state);
            self.waiting.push_back(Waiting { place, depth, state, fingerprint, woken: None });
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
