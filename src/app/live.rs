//! The reactive ground: effects, derived values, and parts of the page that are kept up to date.
//!
//! Leptos compiles its machinery anew for every type of closure and of view that it is given, and a lab has hundreds. Closures are therefore boxed,
//! and what stands on the page is markup (`maud`), which the browser parses and [`super::patch`] merges: this makes the Wasm a fifth smaller and leaves
//! alone what a step did not change. What the reader does is heard on the window, and told apart by what the markup says of itself.

use leptos::prelude::*;
use maud::Markup;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, Event};

use super::signal::Kept;
use super::{browser, patch};

/// An effect that keeps nothing from run to run.
pub fn effect(act: impl FnMut() + 'static) {
    boxed_effect(Box::new(act));
}

// A closure within a generic function is another type for each of its instances, so what is boxed goes on in a function that is not generic.
fn boxed_effect(mut act: Box<dyn FnMut()>) {
    Effect::new(move |_| act());
}

/// Hears an event wherever on the page it happens, also one that does not bubble, for as long as the component that calls it stands.
pub fn hear(name: &'static str, act: impl Fn(Event) + 'static) {
    hear_boxed(name, Box::new(act));
}

fn hear_boxed(name: &'static str, act: Box<dyn Fn(Event)>) {
    let Some(window) = browser::window() else { return };
    let act = Closure::wrap(act);
    window.add_event_listener_with_callback_and_bool(name, act.as_ref().unchecked_ref(), true).ok();
    let kept = Kept::new((window, act));
    on_cleanup(move || {
        kept.try_with_value(|(window, act)| {
            window.remove_event_listener_with_callback_and_bool(name, act.as_ref().unchecked_ref(), true).ok();
        });
    });
}

/// The element in which an event happened.
pub fn target(event: &Event) -> Option<Element> {
    event.target()?.dyn_into().ok()
}

/// Keeps the inside of the element `id` at what is drawn, for as long as the component that calls it stands.
pub fn part(id: &'static str, draw: impl Fn() -> Markup + 'static) {
    boxed_part(id, Box::new(draw));
}

fn boxed_part(id: &'static str, draw: Box<dyn Fn() -> Markup>) {
    let mut shown = String::new();
    effect(move || {
        let drawn = draw().into_string();
        if drawn == shown {
            return;
        }
        if let Some(place) = browser::element(id) {
            patch::update(&place, &drawn);
            shown = drawn;
        }
    });
}

/// Keeps a class on the element `id` while something is so.
pub fn class(id: &'static str, class: &'static str, is_so: impl Fn() -> bool + 'static) {
    effect(move || {
        let is_so = is_so();
        if let Some(element) = browser::element(id) {
            element.class_list().toggle_with_force(class, is_so).ok();
        }
    });
}
