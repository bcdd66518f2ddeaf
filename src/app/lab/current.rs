//! Marks what belongs to the step that is shown in the long lists of the page, which are not drawn anew for a step.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::super::browser;
use super::super::live::{effect, hear, target};
use super::super::signal::{Derived, Kept};
use super::bench::Bench;
use super::transcript::Window;

/// Marks the lines of the transcript and of the comparison, and scrolls the transcript, never the page, so that its line shows: at once where the
/// transcript is near, else when the reader comes there.
pub fn mark(bench: Bench, window: Derived<Window>) {
    let Bench { below, comparison, .. } = bench;
    let is_behind = Kept::new(false);
    hear("scroll", move |event| {
        // An element's own scrolling brings nothing nearer.
        if is_behind.get_value() && target(&event).is_none() {
            show(is_behind);
        }
    });
    effect(move || {
        let step = below.with(|at| at.step);
        // Lists that are drawn anew, in effects of their own, come without marks.
        window.track();
        comparison.track();
        queue_microtask(move || {
            mark_in("aligned", step);
            mark_in("events", step);
            request_animation_frame(move || show(is_behind));
        });
    });
}

/// Brings the transcript to its current line. Where it is far off, the browser has not even laid it out, and asking for places would make it.
fn show(is_behind: Kept<bool>) {
    let (Some(panel), Some(list)) = (browser::element("transcript"), browser::element("events")) else { return };
    let is_near = browser::is_near(&panel);
    is_behind.set_value(!is_near);
    let line = list.query_selector("[aria-current]").ok().flatten().filter(|_| is_near);
    if let Some(line) = line.and_then(|line| line.dyn_into().ok()) {
        browser::show_inside(&list, &line);
    }
}

/// Marks what has `data-step` at this step inside an element.
fn mark_in(id: &str, step: u32) {
    let Some(list) = browser::element(id) else { return };
    let each = |selector: &str, act: fn(&Element)| {
        let Ok(found) = list.query_selector_all(selector) else { return };
        for line in (0..found.length()).filter_map(|at| found.item(at)) {
            act(line.unchecked_ref());
        }
    };
    // A plain name and value are never refused.
    each("[data-step][aria-current]", |line| {
        line.remove_attribute("aria-current").ok();
    });
    each(&format!("[data-step=\"{step}\"]"), |line| {
        line.set_attribute("aria-current", "step").ok();
    });
    list.class_list().toggle_with_force("at-start", step == 0).ok();
}
