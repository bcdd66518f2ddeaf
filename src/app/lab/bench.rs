//! Everything that the parts of a scenario's page share.

use leptos::prelude::*;

use crate::engine::ChoiceView;

use super::super::diagram::Press;
use super::compare::Comparison;
use super::share::Share;
use super::state::Lab;

/// The page of a scenario: the lab, what stands beside it, and what is open. `Copy`.
#[derive(Clone, Copy)]
pub struct Bench {
    /// The runs.
    pub lab: Lab,
    /// What may happen next, derived once per step.
    pub offers: Memo<Vec<ChoiceView>>,
    /// The run beside.
    pub comparison: Comparison,
    /// Whether the drawer with the choices is open, on a narrow screen.
    pub is_drawn_out: RwSignal<bool>,
    /// Whether the name of the branch is being changed.
    pub is_renaming: RwSignal<bool>,
    /// How many lines of the transcript stand around the current one.
    pub reach: RwSignal<u32>,
    /// What was pressed for what may befall it.
    pub menu: RwSignal<Option<Press>>,
    /// Whether the sheet of keys is open.
    pub help: RwSignal<bool>,
    /// The Share dialog.
    pub share: Share,
}

impl Bench {
    /// A page with nothing open on it.
    pub fn new(lab: Lab) -> Self {
        Bench {
            lab,
            offers: lab.derive(Vec::new(), |here| here.run.choices(here.step)),
            comparison: Comparison::start(lab),
            is_drawn_out: RwSignal::new(false),
            is_renaming: RwSignal::new(false),
            reach: RwSignal::new(super::transcript::REACH),
            menu: RwSignal::new(None),
            help: RwSignal::new(false),
            share: Share::new(),
        }
    }
}
