//! The search on the bench: a question put to the run that is shown, how far it is, and what came of it. What is found opens in a branch of its own.

mod form;
mod map;
mod outcome;

use leptos::prelude::*;
use maud::{Markup, html};
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use crate::explore::message::{Course, Report, SHORTEN};
use crate::explore::{FAULTS_MAX, Order, Question};
use crate::scenarios::run_string::{Link, split_choices};

use super::super::live::effect;
use super::super::searcher::Searcher;
use super::super::signal::{Kept, State};
use super::super::{browser, dialog, patch, text};
use super::bench::Bench;
use super::open;
use super::state::Spec;
pub use outcome::strip;

/// Id of the dialog.
pub const ID: &str = "explore";

/// A question that was put, and what came of it so far.
#[derive(Clone)]
pub struct Asked {
    /// The run, and the step from which to search.
    pub link: Link,
    /// The choices up to that step.
    pub prefix: usize,
    /// What was looked for: `violation`, `block`, `reached` or `state`.
    pub kind: String,
    /// Whether what is found is the shortest.
    pub is_shortest: bool,
    /// How far it is; what went wrong.
    pub told: Result<Report, String>,
}

impl Asked {
    /// Whether it goes on.
    pub fn is_going(&self) -> bool {
        self.told.as_ref().is_ok_and(|report| report.course == Course::Going)
    }
}

/// The state of the search. `Copy`.
#[derive(Clone, Copy)]
pub struct Explore {
    searcher: Searcher,
    /// Whether the dialog is open.
    pub open: State<bool>,
    /// What is to be looked for.
    kind: State<String>,
    /// Whether to begin at the step that is shown.
    from_here: State<bool>,
    /// What is wrong with the question; empty where nothing is.
    trouble: State<String>,
    /// The last question.
    asked: State<Option<Asked>>,
    /// Counts the questions: only of the last is anything told.
    turn: Kept<u32>,
    /// Of which question the map was brought into view.
    mapped: Kept<u32>,
    /// Whether the bench tells of it.
    is_told: State<bool>,
}

impl Explore {
    /// Nothing asked yet.
    pub fn new() -> Self {
        let searcher: Searcher = expect_context();
        on_cleanup(move || searcher.cancel());
        Explore {
            searcher,
            open: State::new(false),
            kind: State::new(text::SEARCH_KINDS[0].0.to_owned()),
            from_here: State::new(false),
            trouble: State::new(String::new()),
            asked: State::new(None),
            turn: Kept::new(0),
            mapped: Kept::new(0),
            is_told: State::new(false),
        }
    }

    /// Opens the dialog; `here` to ask what can follow the step that is shown.
    pub fn start(self, of: &str) {
        if of == "here" {
            self.from_here.set(true);
        }
        self.open.set(true);
    }

    /// Does what a button of the search asks for; `false` where it is none of them.
    pub fn pressed(self, bench: Bench, act: &str, of: &str) -> bool {
        match act {
            "explore" => self.start(of),
            "explore-less" | "explore-more" => {
                if let Some(input) = input(of) {
                    let by = if act == "explore-less" { -1.0 } else { 1.0 };
                    // What is no number counts as none.
                    let stepped = (input.value_as_number().max(0.0) + by).clamp(0.0, f64::from(FAULTS_MAX));
                    input.set_value_as_number(stepped);
                }
            }
            "explore-shorten" => {
                if let Some(link) = open::here(bench.lab) {
                    put(bench, link, format!("{SHORTEN}{of}"), text::SEARCH_KIND_SHORTEN, false);
                }
            }
            "explore-cancel" => self.searcher.cancel(),
            "explore-hide" => self.is_told.set(false),
            "explore-show" => of.parse().into_iter().for_each(|at| show_finding(bench, at)),
            "explore-place" => of.parse().into_iter().for_each(|place| show_place(bench, place)),
            _ => return false,
        }
        true
    }

    /// Brings the start of a new map into view, which stands in the middle of its upper edge.
    fn show_start(self) {
        let turn = self.turn.try_get_value();
        let frame = browser::element(map::ID).filter(|frame| frame.client_width() > 0);
        if let Some(frame) = frame.filter(|_| self.mapped.try_get_value() != turn) {
            frame.set_scroll_left((frame.scroll_width() - frame.client_width()) / 2);
            self.mapped.try_set_value(turn.unwrap_or_default());
        }
    }

    /// The reader has picked something.
    pub fn picked(self, act: &str, of: &str) {
        match act {
            "explore-kind" => self.kind.set(of.to_owned()),
            "explore-from" => self.from_here.set(of == "here"),
            _ => {}
        }
    }
}

fn input(id: &str) -> Option<HtmlInputElement> {
    browser::element(id)?.dyn_into().ok()
}

/// Keeps the dialog up to date while it is open, and leaves it as it is while it is not.
pub fn keep(bench: Bench) {
    let Explore { open, .. } = bench.explore;
    effect(move || {
        if !open.get() {
            return;
        }
        let drawn = panel(bench).into_string();
        if let Some(place) = browser::element(ID) {
            patch::update(&place, &drawn);
            // Once the dialog is open: what is not shown has no width.
            browser::after_paint(move || bench.explore.show_start());
        }
    });
    dialog::follow(ID, open);
}

fn panel(bench: Bench) -> Markup {
    let explore = bench.explore;
    html! {
        link rel="stylesheet" href=(browser::sheet("search"));
        (dialog::head(ID, text::SEARCH_TITLE))
        div.explore-parts {
            (form::form(bench))
            section.explore-outcome aria-label=(text::SEARCH_OUTCOME) {
                @match explore.asked.get() {
                    Some(asked) => { (outcome::panel(bench, &asked)) },
                    None => { p.explore-placeholder { (text::SEARCH_PLACEHOLDER) } },
                }
            }
        }
    }
}

/// Puts the question that the form asks.
pub fn ask(bench: Bench) {
    let explore = bench.explore;
    let kind = explore.kind.get_untracked();
    let question = form::question(bench, &kind);
    let question = question.and_then(|question| Question::parse(&question).map_err(|error| error.to_string()));
    let (Some(mut link), Ok(question)) = (open::here(bench.lab), &question) else {
        explore.trouble.set(question.err().unwrap_or_default());
        return;
    };
    explore.trouble.set(String::new());
    if !explore.from_here.get_untracked() {
        link.step = Some(0);
    }
    put(bench, link, question.to_string(), &kind, question.order != Order::Depth);
}

/// Puts a question about what follows the step that a link shows.
pub fn put(bench: Bench, link: Link, question: String, kind: &str, is_shortest: bool) {
    let explore = bench.explore;
    let asked = Asked {
        prefix: link.step.unwrap_or(0) as usize,
        kind: kind.to_owned(),
        is_shortest,
        told: Ok(Report::default()),
        link: link.clone(),
    };
    let turn = explore.turn.get_value() + 1;
    explore.turn.set_value(turn);
    explore.asked.set(Some(asked.clone()));
    let told = move |told: Result<Report, String>| {
        // The page may be gone by now, or something else have been asked.
        if explore.turn.try_get_value() == Some(turn) {
            explore.asked.set(Some(Asked { told, ..asked.clone() }));
            finish(bench);
        }
    };
    explore.is_told.set(true);
    explore.searcher.ask(link.to_string(), question, Box::new(told));
}

/// Once there is an answer, opens the run that was found, and says what there is to say.
fn finish(bench: Bench) {
    let explore = bench.explore;
    let Some(asked) = explore.asked.get_untracked().filter(|asked| !asked.is_going()) else { return };
    match &asked.told {
        Ok(report) => {
            bench.lab.said.set(report.words.clone());
            if !report.findings.is_empty() {
                show_finding(bench, 0);
            }
        }
        Err(words) => bench.lab.said.set(words.clone()),
    }
}

/// Opens a run that was found, beside the reader's own, and shows where it ends.
fn show_finding(bench: Bench, at: usize) {
    let Some(asked) = bench.explore.asked.get_untracked() else { return };
    let Some(found) = asked.told.as_ref().ok().and_then(|report| report.findings.get(at)) else { return };
    show(bench, &asked, split_choices(&found.choices), text::found_name(&asked.kind, asked.is_shortest));
}

/// Opens a shortest run to a place on the map.
fn show_place(bench: Bench, place: u32) {
    let Some(asked) = bench.explore.asked.get_untracked() else { return };
    let Some(map) = asked.told.as_ref().ok().and_then(|report| report.map.as_ref()) else { return };
    let mut choices = asked.link.choices[..asked.prefix.min(asked.link.choices.len())].to_vec();
    choices.extend(map.way_to(place).into_iter().map(str::to_owned));
    show(bench, &asked, choices, text::SEARCH_MAP_NAME);
}

fn show(bench: Bench, asked: &Asked, choices: Vec<String>, name: &str) {
    let link = Link { choices, opening: false, step: None, ..asked.link.clone() };
    let spec = Spec { variant: link.variant, values: link.values.clone(), seed: link.seed };
    bench.lab.playing.set(false);
    open::show(bench.lab, &link, spec, name);
    bench.lab.go(u32::MAX);
    bench.explore.open.set(false);
}
