//! The question: what to look for, from where, within which budget, and how.

use maud::{Markup, html};
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlSelectElement};

use crate::engine::{Lane, Spent, Trace};
use crate::explore::{FAULTS_MAX, STATES_ASKED_MAX, declared_budget};

use super::super::super::{browser, text};
use super::super::bench::Bench;
use super::super::state::Here;

/// Most memory that a search in the page may take, in MB.
const MEGABYTES: u32 = 600;
/// Most states, unless the reader says otherwise.
const STATES: u32 = 1_000_000;
/// Words that any lifeline can have, whatever its badge says.
const ALWAYS: [&str; 2] = ["down", "paused"];

/// The form. What the reader types stays until another variant is shown.
pub fn form(bench: Bench) -> Markup {
    bench.lab.at.track();
    bench.lab.read(|here| form_of(bench, &here)).unwrap_or_default()
}

fn form_of(bench: Bench, here: &Here<'_>) -> Markup {
    let explore = bench.explore;
    let (kind, from_here, trouble) = (explore.kind.get(), explore.from_here.get(), explore.trouble.get());
    let is_going = explore.asked.with(|asked| asked.as_ref().is_some_and(super::Asked::is_going));
    let origin = |of: &str, title: &str, words: &str, is_on: bool| {
        html! {
            label.option {
                input type="radio" name="explore-from" checked[is_on] data-act="explore-from" data-of=(of);
                span { (title) @if !words.is_empty() { span.help { " " (words) } } }
            }
        }
    };
    html! {
        form.explore-form data-act="explore-ask" {
            fieldset.explore-kinds {
                legend { (text::SEARCH_WHAT) }
                @for (name, title, words) in text::SEARCH_KINDS {
                    label.option {
                        input type="radio" name="explore-kind" checked[kind == name] data-act="explore-kind" data-of=(name);
                        span { (title) span.help { (words) } }
                    }
                }
            }
            @if kind == "state" { (standings(here.run.trace())) }
            @if kind == "reached" { (goals(bench.lab.entry.info().goals)) }
            fieldset {
                legend { (text::SEARCH_FROM) }
                (origin("start", text::SEARCH_FROM_START, "", !from_here))
                (origin("here", text::SEARCH_FROM_HERE, &text::search_here(here.step, here.run.steps()), from_here))
            }
            (budget(here))
            (ways())
            div.explore-acts {
                // One button, so that it keeps the focus.
                button.call type=(if is_going { "button" } else { "submit" }) data-act=[is_going.then_some("explore-cancel")] autofocus {
                    (if is_going { text::SEARCH_CANCEL } else { text::SEARCH_GO })
                }
            }
            p.explore-trouble role="alert" { (trouble) }
        }
    }
}

/// How everybody is to stand: a word for each lifeline, offered from what badges have said so far.
fn standings(trace: &Trace) -> Markup {
    let mut words = ALWAYS.to_vec();
    for badge in trace.events.iter().filter_map(|event| event.badge.as_ref()) {
        if !words.contains(&badge.text) {
            words.push(badge.text);
        }
    }
    html! {
        fieldset.explore-standings data-key="standings" {
            legend { (text::SEARCH_STANDING) }
            @for lane in &trace.lanes {
                div.explore-standing {
                    label for=(standing_id(lane)) { (lane.id) }
                    input id=(standing_id(lane)) type="text" list="explore-words" maxlength="40" autocomplete="off" placeholder=(text::SEARCH_ANYTHING);
                }
            }
            datalist #explore-words { @for word in words { option value=(word) {} } }
            p.help { (text::SEARCH_STANDING_HELP) }
        }
    }
}

/// The goal that is to be reached.
fn goals(goals: &[(&str, &str)]) -> Markup {
    html! {
        fieldset {
            legend { (text::SEARCH_GOAL) }
            select #explore-goal aria-label=(text::SEARCH_GOAL) { @for (id, words) in goals { option value=(id) { (words) } } }
        }
    }
}

fn standing_id(lane: &Lane) -> String {
    format!("explore-lane-{}", lane.id)
}

/// The kinds of faults that can befall some node of the scenario.
fn kinds(here: &Here<'_>) -> Vec<&'static str> {
    let offered = here.run.choices(0);
    let can = |kind: &&str| {
        let verb = match *kind {
            "partition" => "cut off",
            "jump" => "jump forward",
            "drift" => "speed up",
            "drop" | "duplicate" => return true,
            kind => kind,
        };
        offered.iter().any(|choice| choice.verb == verb)
    };
    Spent::KINDS.into_iter().filter(can).collect()
}

/// A stepper for each kind of fault, set to what the variant declares.
fn budget(here: &Here<'_>) -> Markup {
    let mut declared = declared_budget(here.spec.variant.budget);
    let delays = declared.delays.map_or("any".to_owned(), |delays| delays.to_string());
    html! {
        fieldset.explore-budget data-key=(here.spec.variant.id) {
            legend { (text::SEARCH_BUDGET) }
            @for kind in kinds(here) {
                (stepper(kind, declared.budget.of_mut(kind).map_or(0, |count| *count)))
            }
            div.explore-late {
                label for="explore-delay" { (text::SEARCH_LATE) }
                select #explore-delay {
                    option value="any" selected[delays == "any"] { (text::SEARCH_ANY) }
                    @for count in 0..=FAULTS_MAX {
                        option value=(count) selected[delays == count.to_string()] { (count) "×" }
                    }
                }
            }
            p.help { (text::SEARCH_REPAIRS) }
        }
    }
}

fn stepper(kind: &'static str, count: u16) -> Markup {
    let (id, name) = (format!("explore-{kind}"), text::fault(kind));
    html! {
        div.stepper {
            label for=(id) { (name) }
            button type="button" aria-label=(text::fewer(name)) data-act="explore-less" data-of=(id) { "−" }
            input id=(id) type="number" min="0" max=(FAULTS_MAX) step="1" value=(count) required;
            button type="button" aria-label=(text::more(name)) data-act="explore-more" data-of=(id) { "+" }
        }
    }
}

fn ways() -> Markup {
    let switch = |id: &str, words: &str| {
        html! { label.option { input id=(id) type="checkbox" checked; span { (words) } } }
    };
    html! {
        details.explore-ways {
            summary { (text::SEARCH_WAYS) }
            div.explore-way {
                label for="explore-order" { (text::SEARCH_ORDER) }
                select #explore-order { @for (name, words) in text::SEARCH_ORDERS { option value=(name) { (words) } } }
            }
            div.explore-way {
                label for="explore-states" { (text::SEARCH_STATES) }
                input #explore-states type="number" min="1" max=(STATES_ASKED_MAX) step="1" value=(STATES) required;
            }
            (switch("explore-sleep", text::SEARCH_SLEEP))
            (switch("explore-symmetry", text::SEARCH_SYMMETRY))
            (switch("explore-essence", text::SEARCH_ESSENCE))
        }
    }
}

fn typed(id: &str) -> String {
    let Some(element) = browser::element(id) else { return String::new() };
    match element.dyn_ref::<HtmlInputElement>() {
        Some(input) => input.value(),
        None => element.dyn_ref::<HtmlSelectElement>().map(HtmlSelectElement::value).unwrap_or_default(),
    }
}

/// The question that the form asks, as text; what is missing.
pub fn question(bench: Bench, kind: &str) -> Result<String, String> {
    let mut what = kind.to_owned();
    if kind == "reached" {
        what = format!("reached:{}", typed("explore-goal"));
    }
    if kind == "state" {
        let lanes = bench.lab.read(|here| here.run.trace().lanes.clone()).unwrap_or_default();
        let asked =
            lanes.iter().map(|lane| (&lane.id, typed(&standing_id(lane)))).filter(|(_, word)| !word.trim().is_empty());
        let asked: Vec<String> = asked.map(|(id, word)| format!("{id}={}", word.trim())).collect();
        if asked.is_empty() {
            return Err(text::SEARCH_NO_STANDING.to_owned());
        }
        what = format!("state:{}", asked.join(","));
    }
    let kinds = bench.lab.read(|here| kinds(&here)).unwrap_or_default();
    let mut budget: Vec<String> =
        kinds.iter().map(|kind| format!("{kind}={}", typed(&format!("explore-{kind}")))).collect();
    budget.push(format!("delay={}", typed("explore-delay")));
    let mut ways = format!("megabytes={MEGABYTES},order={},states={}", typed("explore-order"), typed("explore-states"));
    for way in ["sleep", "symmetry", "essence"] {
        if super::input(&format!("explore-{way}")).is_some_and(|input| !input.checked()) {
            ways += &format!(",{way}=off");
        }
    }
    Ok(format!("{what};{};{ways}", budget.join(",")))
}
