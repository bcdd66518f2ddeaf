//! The worlds of a scenario, as a model.

use super::model::{Kind, Model, Step};
use crate::engine::{Move, MoveKind, Space, Spot, Standing};

/// What can follow one moment of a run.
pub struct Worlds {
    space: Box<dyn Space>,
    wanted: Wanted,
}

/// A state that is looked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// None.
    Nothing,
    /// One in which lifelines stand so.
    Standing(Vec<Standing>),
    /// One in which this goal is blocked, as the scenario has it; by its place among the goals.
    Blocked(u8),
    /// One in which this goal is reached.
    Reached(u8),
}

impl Worlds {
    /// Everything that `space` holds, with a state to be looked for.
    pub fn new(space: Box<dyn Space>, wanted: Wanted) -> Self {
        Worlds { space, wanted }
    }

    /// What the engine knows.
    pub fn space(&self) -> &dyn Space {
        &*self.space
    }

    /// The names of the choices behind ordinals.
    pub fn names(&self, ordinals: &[u16]) -> Vec<String> {
        let mut at = self.space.start();
        let mut names = Vec::with_capacity(ordinals.len());
        for ordinal in ordinals {
            let Some((name, next)) = self.space.follow(&at, *ordinal) else { break };
            names.push(name);
            at = next;
        }
        names
    }

    /// The ordinals of choices, as far as the search has such moves.
    pub fn ordinals<'a>(&self, choices: impl IntoIterator<Item = &'a str>) -> Vec<u16> {
        let mut at = self.space.start();
        let mut ordinals = Vec::new();
        for choice in choices {
            let Some(ordinal) = self.space.ordinal(&at, choice) else { break };
            let Some((_, next)) = self.space.follow(&at, ordinal) else { break };
            ordinals.push(ordinal);
            at = next;
        }
        ordinals
    }
}

impl Model for Worlds {
    type State = Spot;

    fn initial(&self) -> Vec<Spot> {
        vec![self.space.start()]
    }

    fn expand(&self, state: &Spot, asleep: &[u64], visit: &mut dyn FnMut(Step, Spot)) {
        self.space.expand(state, asleep, &mut |move_, next| visit(step(move_), next));
    }

    fn fingerprint(&self, state: &Spot) -> u64 {
        self.space.key(state)
    }

    fn orbit(&self, state: &Spot) -> u64 {
        self.space.orbit_key(state)
    }

    fn broken(&self, state: &Spot) -> u32 {
        self.space.broken(state)
    }

    fn reached(&self, state: &Spot) -> u32 {
        self.space.reached(state)
    }

    fn is_wanted(&self, state: &Spot) -> bool {
        match &self.wanted {
            Wanted::Nothing => false,
            Wanted::Standing(asked) => self.space.stands(state, asked),
            Wanted::Blocked(goal) => (self.space.blocked(state) >> goal) & 1 == 1,
            Wanted::Reached(goal) => (self.space.reached(state) >> goal) & 1 == 1,
        }
    }

    fn faults(&self, state: &Spot) -> u32 {
        self.space.faults(state)
    }

    fn bytes(&self, state: &Spot) -> usize {
        self.space.bytes(state)
    }
}

fn step(move_: Move) -> Step {
    let kind = match move_.kind {
        MoveKind::Event => Kind::Event,
        MoveKind::Fault => Kind::Fault,
        MoveKind::Repair => Kind::Repair,
    };
    Step {
        ordinal: move_.ordinal,
        id: move_.id,
        alone: move_.alone.map(|node| node.0),
        takes: move_.takes.map(|(node, bit)| (node.0, bit)),
        looks_for: move_.looks_for,
        kind,
    }
}
