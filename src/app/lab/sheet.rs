//! The diagram's place in the middle of the bench: a press delivers or selects, a second button or a long press offers what else may befall.

use leptos::prelude::*;
use maud::{Markup, html};

use crate::diagram::{Style, Target, in_flight};
use crate::engine::{ChoiceView, NodeId};

use super::super::browser;
use super::super::diagram::{Diagram, Press};
use super::super::live::effect;
use super::super::text;
use super::bench::Bench;
use super::compare::narrow;
use super::state::{Lab, Selected};

/// The diagram of the run that is driven. While another stands beside it, the two share the room.
#[component]
pub fn OwnDiagram(bench: Bench) -> impl IntoView {
    let Bench { lab, comparison, menu, .. } = bench;
    let source = Box::new(move |draw: &mut dyn FnMut(&_, _)| {
        lab.at.track();
        lab.read(|here| draw(here.run.trace(), here.step));
    });
    let selected = Box::new(move || match lab.selected.get() {
        Selected::Follow => None,
        Selected::Node(node) => Some(Target::Lane(node)),
        Selected::Message(id) => Some(message_target(lab, id)),
    });
    let on_press = Box::new(move |(target, _, _): Press| match target {
        Target::InFlight(id) => deliver(bench, id),
        other => select(lab, other),
    });
    let on_menu = Box::new(move |press: Press| {
        let (target, _, _) = press;
        select(lab, target);
        menu.set(Some(press));
    });
    let style = Box::new(move |width| {
        let style = Style::for_width(width);
        if comparison.is_on() { narrow(style) } else { style }
    });
    view! { <Diagram source style selected on_press on_menu /> }
}

/// The diagram of the run beside.
#[component]
pub fn OtherDiagram(bench: Bench) -> impl IntoView {
    let Bench { lab, comparison, .. } = bench;
    let source = Box::new(move |draw: &mut dyn FnMut(&_, _)| {
        let step = lab.at.with(|at| at.step);
        comparison.read_beside(step, |run, beside| draw(run.trace(), beside));
    });
    let nothing = || Box::new(|_: Press| {});
    view! {
        <Diagram
            source
            style=Box::new(|width| narrow(Style::for_width(width)))
            selected=Box::new(|| None)
            on_press=nothing()
            on_menu=nothing()
        />
    }
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
        let Some(menu) = browser::element("diagram-menu") else { return };
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
