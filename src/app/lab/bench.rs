//! Everything that the parts of a scenario's page share.

use leptos::prelude::*;

use crate::engine::ChoiceView;

use super::super::browser;
use super::super::diagram::Press;
use super::super::live::effect;
use super::super::rest::Rest;
use super::compare::Comparison;
use super::share::Share;
use super::state::{At, Lab};

/// What no step waits for follows once the reader has rested for so long, in ms: too short to be seen, longer than from frame to frame.
const REST_MS: u32 = 60;
/// While the reader steps on and on, it follows this often, in ms.
const LATEST_MS: u32 = 400;

/// The page of a scenario: the lab, what stands beside it, and what is open. `Copy`.
#[derive(Clone, Copy)]
pub struct Bench {
    /// The runs.
    pub lab: Lab,
    /// Where the reader is, told once the reader rests, in the next idle moment: for what no step should wait for.
    pub later: RwSignal<At>,
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
        let later = RwSignal::new(lab.at.get_untracked());
        let rest = Rest::new(REST_MS, LATEST_MS);
        effect(move || {
            lab.at.track();
            let tell = move || lab.at.try_get_untracked().into_iter().for_each(|at| later.set(at));
            rest.then(move || browser::when_idle(tell));
        });
        Bench {
            lab,
            later,
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
