//! What the reader does on a scenario's page. What can be pressed, picked or submitted says so in `data-act`, and in `data-of` of what; it is heard in
//! one place, so that the parts of the page are nothing but markup.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlInputElement, MouseEvent};

use crate::engine::{BranchId, NodeId};
use crate::scenarios::Part;

use super::super::live::{hear, target};
use super::bench::Bench;
use super::branches;
use super::share::{self, Copying};
use super::state::Selected;
use super::transport::{along_lifeline, toggle_play};
use super::{challenges, choices, explore, open, orders, parameters, script, transcript};

/// Hears the page for as long as the component that calls it stands.
pub fn listen(bench: Bench) {
    hear("click", move |event| clicked(bench, &event));
    hear("change", move |event| changed(bench, &event));
    hear("input", move |event| typed(bench, &event));
    hear("submit", move |event| {
        let Some(form) = asked(&event, "form[data-act]") else { return };
        event.prevent_default();
        match attribute(&form, "data-act").as_str() {
            "rename-to" => branches::rename(bench),
            "script" if Part::Databases.is_here() => script::play(bench.lab, bench.wrong),
            _ => explore::ask(bench),
        }
    });
}

/// The element around an event that says what is asked for.
fn asked(event: &Event, selector: &str) -> Option<Element> {
    target(event)?.closest(selector).ok()?
}

fn attribute(element: &Element, name: &str) -> String {
    element.get_attribute(name).unwrap_or_default()
}

/// `data-of` where it is a number.
fn number(element: &Element) -> Option<u32> {
    attribute(element, "data-of").parse().ok()
}

fn clicked(bench: Bench, event: &Event) {
    let Some(element) = asked(event, ":is(button, a)[data-act]") else { return };
    if element.tag_name() == "A" {
        // A link can also be opened elsewhere.
        let elsewhere = |event: &MouseEvent| event.ctrl_key() || event.meta_key() || event.shift_key();
        if event.dyn_ref().is_some_and(elsewhere) {
            return;
        }
        event.prevent_default();
    }
    pressed(bench, &element);
}

fn pressed(bench: Bench, element: &Element) {
    let Bench { lab, comparison, share, .. } = bench;
    match attribute(element, "data-act").as_str() {
        "take" => {
            // What is gone by then, or stands for something else, cannot be meant.
            let (element, choice) = (element.clone(), attribute(element, "data-choice"));
            bench.caught_up(move || {
                if element.is_connected() && attribute(&element, "data-choice") == choice {
                    take(bench, &element);
                }
            });
        }
        "go" => {
            lab.playing.set(false);
            if let Some(step) = number(element) {
                lab.go(step);
            }
        }
        "lane" => {
            if let Some(node) = number(element) {
                lab.selected.set(Selected::Node(NodeId(node as u8)));
            }
        }
        "follow" => lab.selected.set(Selected::Follow),
        "branch" => number(element).into_iter().for_each(|id| lab.show_branch(BranchId(id))),
        "close-branch" => number(element).into_iter().for_each(|id| lab.close(BranchId(id))),
        "branch-here" => lab.branch_here(),
        "start-over" => lab.start_over(),
        "rename" => bench.is_renaming.update(|on| *on = !*on),
        "drawer" => bench.is_drawn_out.update(|on| *on = !*on),
        "more-lines" => bench.reach.update(|reach| *reach = reach.saturating_mul(transcript::MORE)),
        "moment" => {
            if let (Some(at), Some(about)) = (number(element), lab.about())
                && let Some(moment) = about.moments.get(at as usize)
            {
                open::moment(lab, moment);
            }
        }
        act @ ("challenge" | "challenge-solve") => {
            if let Some(at) = number(element) {
                challenges::start(bench, at as usize, act == "challenge-solve");
            }
        }
        "close-notice" => lab.notice.set(None),
        "help" => bench.help.set(true),
        "share" => share.open.set(true),
        "copy" => share::copy(bench, Copying::named(&attribute(element, "data-of"))),
        "download" => share::download(bench, Copying::named(&attribute(element, "data-of"))),
        "orders" if Part::Databases.is_here() => orders::play(bench),
        "drive-beside" => comparison.drive(lab),
        "go-to-parting" => comparison.go_to_parting(lab),
        act if bench.explore.pressed(bench, act, &attribute(element, "data-of")) => {}
        act => moved(bench, act),
    }
}

/// The transport.
fn moved(bench: Bench, act: &str) {
    let Bench { lab, .. } = bench;
    match act {
        "play" => return toggle_play(lab),
        "next-on-lane" => return along_lifeline(lab, true),
        "previous-on-lane" => return along_lifeline(lab, false),
        _ => lab.playing.set(false),
    }
    match act {
        "to-start" => lab.go(0),
        "back" => lab.back(),
        "forward" => {
            lab.forward();
        }
        "to-end" => lab.go(u32::MAX),
        "to-violation" => {
            lab.go_to_violation();
        }
        _ => {}
    }
}

/// A choice that cannot be taken stays in the order of the focus, and says why when it is reached.
fn take(bench: Bench, element: &Element) {
    if element.get_attribute("aria-disabled").is_some() {
        return;
    }
    let place = choices::place(element);
    bench.menu.set(None);
    bench.lab.take(&attribute(element, "data-choice"));
    if let Some(place) = place {
        choices::after_choice(bench, place);
    }
}

fn changed(bench: Bench, event: &Event) {
    let Some(element) = asked(event, ":is(input, select)[data-act]") else { return };
    let (lab, of) = (bench.lab, attribute(&element, "data-of"));
    match attribute(&element, "data-act").as_str() {
        "variant" => {
            if let Ok(variant) = lab.info().variant(&of) {
                open::variant(lab, variant);
            }
        }
        "compare" => bench.comparison.pick(lab, &event_target_value(event)),
        "speed" => event_target_value(event).parse().into_iter().for_each(|speed| lab.speed.set(speed)),
        "seed" => open::with_seed(lab, &event_target_value(event)),
        "parameter" => parameters::set(lab, &of, &event_target_value(event)),
        "parameter-node" => parameters::toggle(lab, &of, &event_target_value(event)),
        "share-from-start" => bench.share.from_start.set(event_target_checked(event)),
        act => bench.explore.picked(act, &of),
    }
}

fn typed(bench: Bench, event: &Event) {
    let Some(scrub) = asked(event, "#scrub").and_then(|scrub| scrub.dyn_into::<HtmlInputElement>().ok()) else {
        return;
    };
    bench.lab.playing.set(false);
    if let Ok(step) = scrub.value().parse() {
        bench.lab.go(step);
    }
}
