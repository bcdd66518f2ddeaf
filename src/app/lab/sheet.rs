//! The diagram's place in the middle of the bench: a press delivers or selects, a second button or a long press offers what else may befall.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;

use crate::diagram::{Scene, Style, Target, layout};
use crate::engine::{ChoiceView, MessageEnd, NodeId};

use super::super::diagram::{Diagram, Press};
use super::super::live::{act, drawn, effect, live, memo};
use super::super::text;
use super::compare::{Comparison, OwnTitle, narrow};
use super::state::{Lab, Selected, Sight};

/// The diagram.
#[component]
pub fn Sheet() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let sight = expect_context::<Sight>();
    let width = RwSignal::new(0.0_f32);
    let menu = RwSignal::new(None::<Press>);
    let comparison = expect_context::<Comparison>();
    let comparing = move || comparison.variant.get().is_some();
    let scene = memo(move || {
        lab.at.track();
        let style = Style::for_width(width.get());
        let style = if comparing() { narrow(style) } else { style };
        if style.width <= 0.0 {
            return None::<Arc<Scene>>;
        }
        lab.read(|branch| Arc::new(layout(branch.run.trace(), branch.step, &style)))
    });
    let selected = Signal::derive(move || match lab.selected.get() {
        Selected::Follow => None,
        Selected::Node(node) => Some(Target::Lane(node)),
        Selected::Message(id) => lab.at.with(|_| Some(message_target(lab, id))),
    });
    let on_press = Callback::new(move |(target, _, _): Press| match target {
        Target::InFlight(id) => deliver(lab, sight, id),
        other => select(lab, other),
    });
    let on_menu = Callback::new(move |press: Press| {
        let (target, _, _) = press;
        select(lab, target);
        menu.set(Some(press));
    });
    view! {
        <div class="sheet">
            <Show when=comparing>
                <OwnTitle />
            </Show>
            <Diagram scene=scene.into() width selected on_press on_menu />
            <Menu lab sight menu />
        </div>
    }
}

/// A message in flight and one that has ended are drawn under different names.
fn message_target(lab: Lab, id: u32) -> Target {
    let flies = lab.read(|branch| {
        let trace = branch.run.trace();
        let rows = trace.rows_at_step(branch.step);
        trace.messages.get(id as usize).is_some_and(|message| match message.end {
            MessageEnd::InFlight => true,
            MessageEnd::Delivered { row } | MessageEnd::Lost { row, .. } => row >= rows,
        })
    });
    if flies == Some(true) { Target::InFlight(id) } else { Target::Message(id) }
}

/// Delivers a message; where it cannot arrive now, says why.
fn deliver(lab: Lab, sight: Sight, id: u32) {
    let choice = sight.choices.with_untracked(|choices| {
        choices.iter().find(|choice| choice.verb == "deliver" && choice.message == Some(id)).cloned()
    });
    let Some(choice) = choice else { return };
    match choice.disabled {
        None => lab.take(&choice.name),
        Some(why) => lab.notice.set(Some(text::cannot(&choice.label, &why))),
    }
}

fn select(lab: Lab, target: Target) {
    let selected = match target {
        Target::Nothing => return,
        Target::InFlight(id) | Target::Message(id) => Selected::Message(id),
        Target::Lane(node) => Selected::Node(node),
        Target::Event(row) => match lab.read(|branch| branch.run.trace().events.get(row as usize).map(|e| e.node)) {
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
#[component]
fn Menu(lab: Lab, sight: Sight, menu: RwSignal<Option<Press>>) -> impl IntoView {
    let node = NodeRef::<html::Div>::new();
    effect(move || {
        let Some(element) = node.get() else { return };
        // A popover that is already in the wanted state refuses to be put into it again: nothing to do then.
        match menu.get() {
            Some(_) => element.show_popover().ok(),
            None => element.hide_popover().ok(),
        };
    });
    let offers = move || {
        let Some((target, _, _)) = menu.get() else { return Vec::new() };
        sight.choices.with(|choices| choices.iter().filter(|choice| concerns(choice, target)).cloned().collect())
    };
    let take = move |name: String| {
        menu.set(None);
        lab.take(&name);
    };
    let items = drawn(move || {
        offers()
            .into_iter()
            .flat_map(|choice: ChoiceView| {
                let points =
                    choice.crash_points.into_iter().map(|point| (point.name, text::crash_point(&point.label), None));
                std::iter::once((choice.name, choice.label, choice.disabled)).chain(points.collect::<Vec<_>>())
            })
            .map(|(name, label, disabled)| {
                let off = disabled.is_some();
                let why = disabled.map(|why| view! { <span class="why">{why}</span> });
                view! {
                    <li>
                        <button
                            type="button"
                            class="menu-item"
                            disabled=off
                            on:click=act(move || take(name.clone()))
                        >
                            {label}
                            {why}
                        </button>
                    </li>
                }
            })
            .collect::<Vec<_>>()
    });
    let left = live(move || menu.get().map(|(_, x, _)| format!("{x}px")));
    let top = live(move || menu.get().map(|(_, _, y)| format!("{y}px")));
    view! {
        <div
            class="diagram-menu"
            popover="auto"
            node_ref=node
            style:left=left
            style:top=top
            on:toggle=act(move || {
                if let Some(element) = node.get_untracked()
                    && !element.matches(":popover-open").unwrap_or(false)
                {
                    menu.set(None);
                }
            })
        >
            <ul>{items}</ul>
        </div>
    }
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
