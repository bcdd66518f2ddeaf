//! What can be searched: any state machine.

/// A state machine with properties. The search keeps fingerprints only, so a state may be anything.
pub trait Model: Sync {
    /// A state.
    type State: Send + Sync;

    /// Where it may begin.
    fn initial(&self) -> Vec<Self::State>;

    /// Hands over every successor of a state, in a fixed order. Steps whose [`Step::id`] is among `asleep` must be numbered and may be left out; a
    /// model whose steps are all dependent ([`Step::alone`] is `None`) is never given any.
    fn expand(&self, state: &Self::State, asleep: &[u64], visit: &mut dyn FnMut(Step, Self::State));

    /// Fingerprint of a state: equal states have equal ones, and different states, for all that matters, different ones (64 bits: among ten million
    /// states two meet by chance with a probability of 3 in a million).
    fn fingerprint(&self, state: &Self::State) -> u64;

    /// Fingerprint of the orbit of a state: equal also for states that differ only in which of interchangeable parts is which.
    fn orbit(&self, state: &Self::State) -> u64 {
        self.fingerprint(state)
    }

    /// Properties that a state breaks, bit per property.
    fn broken(&self, state: &Self::State) -> u32 {
        let _ = state;
        0
    }

    /// Goals that a state reaches, bit per goal.
    fn reached(&self, state: &Self::State) -> u32 {
        let _ = state;
        0
    }

    /// Whether the state is one that was asked for.
    fn is_wanted(&self, state: &Self::State) -> bool {
        let _ = state;
        false
    }

    /// How much has gone wrong on the way to a state: of counterexamples that are equally long, the one with less is shown.
    fn faults(&self, state: &Self::State) -> u32 {
        let _ = state;
        0
    }

    /// About how many bytes a state takes while it waits to be expanded.
    fn bytes(&self, state: &Self::State) -> usize {
        size_of_val(state)
    }
}

/// A step from one state to the next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// Its place among all steps of the state, from 0.
    pub ordinal: u16,
    /// What it does, whatever its place: the same in all states in which the same can happen.
    pub id: u64,
    /// The part that acts, where nothing else is touched but what it sends. Steps of different parts may change places without anything else changing,
    /// but for `takes`. `None` for a step that depends on everything.
    pub alone: Option<u8>,
    /// The part whose outbox the step takes something from, and a bit for what it takes.
    pub takes: Option<(u8, u64)>,
    /// What the acting part looked for in its outbox, as such bits: it does not change places with a step that takes it.
    pub looks_for: u64,
    /// What kind of step it is.
    pub kind: Kind,
}

/// What kind of step it is: whether a goal counts as within reach may depend on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// What happens by itself.
    Event,
    /// Something goes wrong.
    Fault,
    /// What went wrong is repaired.
    Repair,
}

impl Step {
    /// An event that depends on everything.
    pub fn event(ordinal: u16) -> Self {
        Step { ordinal, id: u64::from(ordinal), alone: None, takes: None, looks_for: 0, kind: Kind::Event }
    }

    /// Whether the two may change places.
    pub fn is_independent_of(&self, other: &Step) -> bool {
        let differ = self.alone.is_some() && other.alone.is_some() && self.alone != other.alone;
        differ && !self.disturbs(other) && !other.disturbs(self)
    }

    /// Whether it takes something that the other looks for.
    fn disturbs(&self, other: &Step) -> bool {
        self.takes.is_some_and(|(part, bit)| other.alone == Some(part) && other.looks_for & bit != 0)
    }
}
