//! Everything that the parts of a scenario's page share.

use leptos::prelude::*;

use crate::engine::ChoiceView;

use super::super::browser;
use super::super::diagram::Press;
use super::super::live::effect;
use super::super::rest::Rest;
use super::super::signal::{Derived, State};
use super::compare::Comparison;
use super::explore::Explore;
use super::orders::Orders;
use super::share::Share;
use super::state::{At, Lab};

/// What no step waits for follows once the reader has rested for so long, in ms: too short to be seen, longer than from frame to frame.
const REST_MS: u32 = 60;
/// While the reader steps on and on, it follows this often, in ms.
const LATEST_MS: u32 = 400;
/// The same for what stands below the bench, which is long and mostly out of view.
const BELOW_REST_MS: u32 = 120;
/// The same.
const BELOW_LATEST_MS: u32 = 2_000;

/// The page of a scenario: the lab, what stands beside it, and what is open. `Copy`.
#[derive(Clone, Copy)]
pub struct Bench {
    /// The runs.
    pub lab: Lab,
    /// Where the reader is, told once the reader rests, in the next idle moment: for what no step should wait for.
    pub later: State<At>,
    /// The same for what stands below the bench.
    pub below: State<At>,
    /// Where the reader is, told once that is painted: for the panel of choices, which is empty until then. Who acts on what it says brings it up to
    /// date first, by [`Bench::caught_up`].
    pub offered: State<At>,
    /// What may happen next, derived once per step, at once whenever it is read.
    pub offers: Derived<Vec<ChoiceView>>,
    /// The run beside.
    pub comparison: Comparison,
    /// Whether the drawer with the choices is open, on a narrow screen.
    pub is_drawn_out: State<bool>,
    /// Whether the name of the branch is being changed.
    pub is_renaming: State<bool>,
    /// How many lines of the transcript stand around the current one.
    pub reach: State<u32>,
    /// What was pressed for what may befall it.
    pub menu: State<Option<Press>>,
    /// Whether the sheet of keys is open.
    pub help: State<bool>,
    /// The Share dialog.
    pub share: Share,
    /// The search.
    pub explore: Explore,
    /// What is wrong with the script in the editor: where, and what.
    pub wrong: State<Option<(String, String)>>,
    /// What came of all orders of the script, where that was asked for.
    pub orders: State<Orders>,
}

impl Bench {
    /// A page with nothing open on it.
    pub fn new(lab: Lab) -> Self {
        let at = lab.at.get_untracked();
        let (later, below, offered) = (State::new(at), State::new(at), State::new(at));
        let told = [(later, Rest::new(REST_MS, LATEST_MS)), (below, Rest::new(BELOW_REST_MS, BELOW_LATEST_MS))];
        effect(move || {
            lab.at.track();
            for (told, rest) in told {
                rest.then(move || browser::when_idle(move || tell(lab, told)));
            }
            browser::after_paint(move || tell(lab, offered));
        });
        Bench {
            lab,
            later,
            below,
            offered,
            offers: lab.derive(lab.at, Vec::new(), |here| here.run.choices(here.step)),
            comparison: Comparison::start(lab),
            is_drawn_out: State::new(false),
            is_renaming: State::new(false),
            reach: State::new(super::transcript::REACH),
            menu: State::new(None),
            help: State::new(false),
            share: Share::new(),
            explore: Explore::new(),
            wrong: State::new(None),
            orders: State::new(Orders::default()),
        }
    }

    /// Does something once what can be pressed on the bench is what can happen at the step that is shown: at once where it is, which is so but for the
    /// moment after a step.
    pub fn caught_up(self, act: impl FnOnce() + 'static) {
        let at = self.lab.at.get_untracked();
        if self.offered.get_untracked() == at && self.later.get_untracked() == at {
            act();
            return;
        }
        tell(self.lab, self.offered);
        tell(self.lab, self.later);
        // Effects run in the microtask that this has asked for, and what is asked for now comes after it.
        queue_microtask(act);
    }
}

/// Tells where the reader is, unless that is known or the page is left.
fn tell(lab: Lab, told: State<At>) {
    let known = told.try_get_untracked();
    if let Some(at) = lab.at.try_get_untracked().filter(|at| known.is_some_and(|known| known != *at)) {
        told.set(at);
    }
}
