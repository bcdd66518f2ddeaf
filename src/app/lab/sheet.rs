//! The diagram's place in the middle of the bench: a press delivers or selects, a second button or a long press offers what else may befall.

use maud::{Markup, html};

use crate::diagram::{Style, Target, in_flight};
use crate::engine::{ChoiceView, NodeId};

use super::super::browser;
use super::super::diagram::{self, Diagram};
use super::super::live::{effect, hear, target};
use super::super::signal::Derived;
use super::super::text;
use super::bench::Bench;
use super::compare::{narrow, other_title};
use super::lanes::{self, Lanes};
use super::state::{Lab, Selected};

/// Id of the frame of the run that is driven.
pub const OWN: &str = "own-diagram";
/// Id of the frame of the run beside.
const OTHER: &str = "other-diagram";
/// Id of the menu.
pub const MENU: &str = "diagram-menu";

/// Keeps the diagram of the run that is driven. While another stands beside it, the two share the room.
pub fn keep_own(bench: Bench, lanes: Lanes) {
    let Bench { lab, comparison, menu, .. } = bench;
    let translate = move |target: Target, is_back: bool| {
        if lanes::ARE_MANY { lanes::translate(lab, lanes, target, is_back) } else { target }
    };
    diagram::keep(Diagram {
        id: OWN,
        source: Box::new(move |draw| {
            lab.at.track();
            lab.read(|here| {
                if lanes::ARE_MANY {
                    lanes::draw(lanes, here.run.trace(), here.step, draw);
                } else {
                    draw(here.run.trace(), here.step);
                }
            });
        }),
        style: Box::new(move |width| {
            let style = Style::for_width(width);
            if comparison.is_on() { narrow(style) } else { style }
        }),
        selected: Box::new(move || {
            let selected = match lab.selected.get() {
                Selected::Follow => None,
                Selected::Node(node) => Some(Target::Lane(node)),
                Selected::Message(id) => Some(message_target(lab, id)),
            };
            selected.map(|target| translate(target, false))
        }),
        on_press: Box::new(move |(target, _, _)| match translate(target, true) {
            Target::InFlight(id) => deliver(bench, id),
            other => select(lab, other),
        }),
        on_menu: Box::new(move |(target, x, y)| {
            let target = translate(target, true);
            select(lab, target);
            menu.set(Some((target, x, y)));
        }),
    });
}

/// The sheet of the run beside, while there is one.
pub fn other(bench: Bench) -> Markup {
    if !bench.comparison.is_on() {
        return html! {};
    }
    html! { div.sheet.other-sheet { (other_title(bench)) (diagram::frame(OTHER)) } }
}

/// Keeps the diagram of the run beside, while there is one.
pub fn keep_other(bench: Bench) {
    let Bench { lab, comparison, .. } = bench;
    let is_on = Derived::new(move || comparison.is_on());
    effect(move || {
        if !is_on.get() {
            return;
        }
        diagram::keep(Diagram {
            id: OTHER,
            source: Box::new(move |draw| {
                let step = lab.at.with(|at| at.step);
                comparison.read_beside(step, |run, beside| draw(run.trace(), beside));
            }),
            style: Box::new(|width| narrow(Style::for_width(width))),
            selected: Box::new(|| None),
            on_press: Box::new(|_| {}),
            on_menu: Box::new(|_| {}),
        });
    });
}

/// A message in flight and one that has ended are drawn under different names.
fn message_target(lab: Lab, id: u32) -> Target {
    let flies = lab.read(|here| {
        let trace = here.run.trace();
        let rows = trace.rows_at_step(here.step);
        trace.messages.get(id as usize).is_some_and(|message| in_flight(message, rows))
    });
    if flies == Some(true) { Target::InFlight(id) } else { Target::Message(id) }
}

/// Delivers a message; where it cannot arrive now, says why.
fn deliver(bench: Bench, id: u32) {
    let choice = bench.offers.with_untracked(|choices| {
        choices.iter().find(|choice| choice.verb == "deliver" && choice.message == Some(id)).cloned()
    });
    let Some(choice) = choice else { return };
    match choice.disabled {
        None => bench.lab.take(&choice.name),
        Some(why) => bench.lab.notice.set(Some(text::cannot(&choice.label, &why))),
    }
}

fn select(lab: Lab, target: Target) {
    let selected = match target {
        Target::Nothing => return,
        Target::InFlight(id) | Target::Message(id) => Selected::Message(id),
        Target::Lane(node) => Selected::Node(node),
        Target::Event(row) => match lab.read(|here| here.run.trace().events.get(row as usize).map(|e| e.node)) {
            Some(Some(node)) => Selected::Node(node),
            _ => return,
        },
        Target::Violation(_) => {
            lab.go_to_violation();
            return;
        }
    };
    lab.selected.set(selected);
}

/// What may befall the thing that was pressed.
pub fn menu(bench: Bench) -> Markup {
    let Some((target, _, _)) = bench.menu.get() else { return html! {} };
    bench.offers.with(|choices| {
        html! {
            ul {
                @for choice in choices.iter().filter(|choice| concerns(choice, target)) {
                    li { (menu_item(&choice.name, &choice.label, choice.disabled.as_deref())) }
                    @for point in &choice.crash_points {
                        li { (menu_item(&point.name, &text::crash_point(&point.label), None)) }
                    }
                }
            }
        }
    })
}

fn menu_item(name: &str, label: &str, disabled: Option<&str>) -> Markup {
    html! {
        button.menu-item type="button" disabled[disabled.is_some()] data-act="take" data-choice=(name) {
            (label)
            @if let Some(why) = disabled { span.why { (why) } }
        }
    }
}

/// Opens the menu where the thing was pressed, and closes it.
pub fn keep_menu(bench: Bench) {
    effect(move || {
        let pressed = bench.menu.get();
        let Some(menu) = browser::element(MENU) else { return };
        // A popover that is already in the wanted state refuses to be put into it again: nothing to do then.
        let Some((_, x, y)) = pressed else {
            menu.hide_popover().ok();
            return;
        };
        for (property, px) in [("left", x), ("top", y)] {
            menu.style().set_property(property, &format!("{px}px")).ok();
        }
        menu.show_popover().ok();
    });
    // The browser closes it by itself on Escape and on a press elsewhere.
    hear("toggle", move |event| {
        let menu = target(&event).filter(|menu| menu.id() == MENU);
        if menu.is_some_and(|menu| !menu.matches(":popover-open").unwrap_or(false)) {
            bench.menu.set(None);
        }
    });
}

fn concerns(choice: &ChoiceView, target: Target) -> bool {
    match target {
        Target::InFlight(id) => choice.message == Some(id),
        Target::Lane(node) => on_lane(choice, node),
        Target::Nothing | Target::Event(_) | Target::Message(_) | Target::Violation(_) => false,
    }
}

fn on_lane(choice: &ChoiceView, node: NodeId) -> bool {
    choice.node == Some(node) && choice.message.is_none()
}
