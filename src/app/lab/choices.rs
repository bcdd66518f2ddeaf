//! What may happen next: events as numbered buttons, faults as verbs with the nodes and messages they may befall.

use maud::{Markup, html};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use crate::engine::{ChoiceGroup, ChoiceView};

use super::super::browser;
use super::super::icons::{Glyph, icon};
use super::super::live::{class, part};
use super::super::text;
use super::bench::Bench;
use super::state::Here;

/// Id of the panel.
pub const PANEL: &str = "choices";
const NUMBERED_BUTTONS: &str = "button.choice:not([aria-disabled])";

/// How many choices have a key of their own.
const NUMBERED: usize = 9;

/// The groups of events, in the order in which they are numbered, and the ids of their parts.
const EVENTS: [(ChoiceGroup, &str); 3] =
    [(ChoiceGroup::Step, "acts"), (ChoiceGroup::Deliver, "deliveries"), (ChoiceGroup::Timer, "timers")];
/// The groups of faults, and the ids of their parts.
const FAULTS: [(ChoiceGroup, &str); 3] = [
    (ChoiceGroup::Network, "network-faults"),
    (ChoiceGroup::Node, "node-faults"),
    (ChoiceGroup::Clock, "clock-faults"),
];

/// Whether a choice is something that a system without faults does.
pub fn is_event(choice: &ChoiceView) -> bool {
    EVENTS.iter().any(|(group, _)| *group == choice.group)
}

fn is_open_event(choice: &ChoiceView) -> bool {
    is_event(choice) && choice.disabled.is_none()
}

/// The choice of the key `number` (1 to 9): the events that can happen, in their order.
pub fn numbered(choices: &[ChoiceView], number: usize) -> Option<&ChoiceView> {
    choices.iter().filter(|choice| is_open_event(choice)).nth(number.checked_sub(1)?)
}

/// The numbered buttons that stand in the panel.
fn buttons() -> Vec<HtmlElement> {
    let found = browser::element(PANEL).and_then(|panel| panel.query_selector_all(NUMBERED_BUTTONS).ok());
    let Some(found) = found else { return Vec::new() };
    (0..found.length()).filter_map(|at| found.item(at)?.dyn_into().ok()).collect()
}

/// The place of a pressed button among the numbered ones, from 0; of a crash point, that of the event in whose midst it is; of a fault, the first.
/// `None` for what is not in the panel.
pub fn place(pressed: &Element) -> Option<usize> {
    pressed.closest(&format!("#{PANEL}")).ok()??;
    let item = pressed.closest(".choice-item").ok().flatten();
    let place = item.and_then(|item| buttons().iter().position(|button| item.contains(Some(button))));
    Some(place.unwrap_or(0))
}

/// After a choice from the panel: a drawer closes, so that the reader sees what came of it; a panel that stands keeps the focus, on the choice at
/// this place or the last one before it.
pub fn after_choice(bench: Bench, place: usize) {
    if bench.is_drawn_out.get_untracked() {
        bench.is_drawn_out.set(false);
        if let Some(button) = browser::element("drawer-button") {
            button.focus().ok();
        }
        return;
    }
    let focus = move || {
        let mut buttons = buttons();
        buttons.truncate(place + 1);
        if let Some(target) = buttons.pop().or_else(|| browser::element(PANEL)) {
            target.focus().ok();
        }
    };
    browser::after_paint(move || bench.caught_up(focus));
}

/// The button that draws the panel out on a narrow screen, where it is a drawer above the transport.
pub fn drawer_button(bench: Bench) -> Markup {
    let is_open = bench.is_drawn_out.get();
    bench.offered.track();
    let count = bench.offers.with_untracked(|choices| choices.iter().filter(|choice| is_open_event(choice)).count());
    html! {
        button #drawer-button.drawer-button type="button" aria-expanded=(is_open)
            aria-controls="choices" data-act="drawer" {
            @if is_open { (text::CLOSE_CHOICES) } @else { (text::open_choices(count)) }
        }
    }
}

/// What stands still of the panel, and a place for each of its parts: a step changes few of them.
pub fn frame() -> Markup {
    html! {
        section .panel.choices id=(PANEL) tabindex="-1" aria-labelledby="choices-title" {
            h2 #choices-title { (text::CHOICES) }
            div #choices-hint {}
            @for (_, id) in EVENTS { div id=(id) {} }
            h3.faults-title { (text::FAULTS) }
            p #spent.spent {}
            @for (_, id) in FAULTS { ul.verbs id=(id) {} }
        }
    }
}

/// Keeps the panel up to date, a frame behind a step.
pub fn keep(bench: Bench) {
    let Bench { lab, offered, .. } = bench;
    class(PANEL, "is-open", move || bench.is_drawn_out.get());
    let can_break =
        lab.derive(offered, false, |here| here.spec.variant.broken && here.run.trace().violations.is_empty());
    part("choices-hint", move || hint(bench, can_break.get()));
    let marked = lab.derive(offered, None, Marked::of);
    for (group, id) in EVENTS {
        part(id, move || marked.with(|marked| of_offers(bench, |choices| events(choices, group, marked.as_ref()))));
    }
    let spent = lab.derive(offered, String::new(), |here| text::spent(&here.run.spent(here.step)));
    part("spent", move || html! { (spent.get()) });
    for (group, id) in FAULTS {
        part(id, move || of_offers(bench, |choices| faults(bench, choices, group)));
    }
}

/// Draws what may happen next, anew whenever the panel is told of a step; nothing before the first.
fn of_offers(bench: Bench, draw: impl FnOnce(&[ChoiceView]) -> Markup) -> Markup {
    if bench.offered.with(|at| at.is_open) {
        bench.offers.with_untracked(|choices| draw(choices))
    } else {
        html! {}
    }
}

fn hint(bench: Bench, can_break: bool) -> Markup {
    let at = bench.offered.get();
    if !at.is_open {
        return html! {};
    }
    let in_past = at.step < at.steps;
    let hint = match (in_past, can_break) {
        (true, _) => text::hint_in_past(at.step, at.steps),
        (false, true) => text::HINT_TO_BREAK.to_owned(),
        (false, false) => text::HINT_AT_END.to_owned(),
    };
    let is_still = bench.offers.with_untracked(|choices| !choices.iter().any(is_open_event));
    html! {
        p.hint.is-past[in_past] { (hint) }
        @if is_still { p.nothing { (text::NOTHING_HAPPENS) } }
    }
}

/// The choice that followed, or that the scheduler would take, and what is said beside it.
#[derive(Clone, PartialEq)]
struct Marked {
    name: String,
    mark: &'static str,
}

impl Marked {
    fn of(here: Here<'_>) -> Option<Marked> {
        let (name, mark) = match here.run.choice(here.step + 1) {
            Some(followed) => (followed.to_owned(), text::FOLLOWED),
            None => (here.run.scheduled(here.step, here.spec.seed)?, text::SCHEDULED),
        };
        Some(Marked { name: act_of(&name).to_owned(), mark })
    }
}

/// A choice without the crash point in its midst.
fn act_of(name: &str) -> &str {
    name.split_once('+').map_or(name, |(act, _)| act)
}

/// The events of a group, numbered on from the groups before it. Where nothing can happen, none stands.
fn events(choices: &[ChoiceView], group: ChoiceGroup, marked: Option<&Marked>) -> Markup {
    let groups_before = || EVENTS.iter().map(|(group, _)| *group).take_while(|before| *before != group);
    let is_before = |choice: &&ChoiceView| groups_before().any(|before| before == choice.group);
    let mut number = choices.iter().filter(is_before).filter(|choice| is_open_event(choice)).count();
    let is_shown = choices.iter().any(is_open_event) && choices.iter().any(|choice| choice.group == group);
    html! {
        @if is_shown {
            h3 { (text::group(group)) }
            ol.choice-list {
                @for choice in choices.iter().filter(|choice| choice.group == group) {
                    (event_item(choice, &mut number, marked))
                }
            }
        }
    }
}

/// Counts the choices that can be taken in `number`.
fn event_item(choice: &ChoiceView, number: &mut usize, marked: Option<&Marked>) -> Markup {
    let is_off = choice.disabled.is_some();
    *number += usize::from(!is_off);
    let key = (!is_off && *number <= NUMBERED).then_some(*number);
    let mark = marked.filter(|marked| marked.name == act_of(&choice.name)).map(|marked| marked.mark);
    html! {
        li.choice-item data-key=(choice.name) {
            button.choice type="button" aria-disabled=[is_off.then_some("true")] aria-keyshortcuts=[key]
                data-act="take" data-choice=(choice.name) {
                kbd aria-hidden="true" { @if let Some(key) = key { (key) } @else { "–" } }
                span.choice-label { (choice.label) }
                @if let Some(mark) = mark { span.choice-mark { (mark) } }
                @if let Some(reason) = &choice.disabled { span.choice-reason { (text::not_now(reason)) } }
            }
            @if !choice.crash_points.is_empty() { (crash_points(choice)) }
        }
    }
}

/// The places in the midst of an event at which its node can crash.
fn crash_points(choice: &ChoiceView) -> Markup {
    let points = &choice.crash_points;
    html! {
        details.crash-points {
            summary {
                (icon(Glyph::Bolt)) (text::crash_midway(points.len()))
                span.visually-hidden { " " (text::of_choice(&choice.label)) }
            }
            ul {
                @for point in points {
                    li {
                        button.crash-point type="button" data-act="take" data-choice=(point.name) {
                            (text::crash_point(&point.label))
                        }
                    }
                }
            }
        }
    }
}

/// The reader as the adversary: the verbs of a group, and what each may befall.
fn faults(bench: Bench, choices: &[ChoiceView], group: ChoiceGroup) -> Markup {
    let mut verbs: Vec<&'static str> = Vec::new();
    for choice in choices.iter().filter(|choice| choice.group == group) {
        if !verbs.contains(&choice.verb) {
            verbs.push(choice.verb);
        }
    }
    html! {
        @for verb in verbs {
            li.verb data-key=(verb) {
                span.verb-name { (verb) }
                span.chips {
                    @for choice in choices.iter().filter(|choice| choice.verb == verb && choice.group == group) {
                        (fault_chip(bench, choice))
                    }
                }
            }
        }
    }
}

fn fault_chip(bench: Bench, choice: &ChoiceView) -> Markup {
    let ChoiceView { name, label, verb, node, message, disabled, .. } = choice;
    let short = match (message, node) {
        (None, Some(node)) => bench.lab.lane_id(*node),
        _ => label.strip_prefix(verb).unwrap_or(label).trim().to_owned(),
    };
    let spoken = match disabled {
        Some(reason) => format!("{label}: {}", text::not_now(reason)),
        None => label.clone(),
    };
    html! {
        button.chip type="button" aria-disabled=[disabled.is_some().then_some("true")] aria-label=(spoken) title=(spoken)
            data-act="take" data-choice=(name) data-key=(name) {
            (short)
        }
    }
}
