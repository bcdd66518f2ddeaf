//! The reactive ground: effects, derived values, and parts of the page that are kept up to date.
//!
//! Leptos compiles its machinery anew for every type of closure and of view that it is given, and a lab has hundreds. Closures are therefore boxed,
//! and whatever a step redraws is markup (`maud`), which the browser parses and [`super::patch`] merges: this halves the page's code and leaves
//! alone what a step did not change. Views of Leptos are the frame that stands around it.

use leptos::prelude::*;
use maud::Markup;

use super::{browser, patch};

/// An effect that keeps nothing from run to run.
pub fn effect(act: impl FnMut() + 'static) {
    let mut act: Box<dyn FnMut()> = Box::new(act);
    Effect::new(move |_| act());
}

/// A derived value.
pub fn memo<T: PartialEq + Send + Sync + 'static>(derive: impl Fn() -> T + Send + Sync + 'static) -> Memo<T> {
    let derive: Box<dyn Fn() -> T + Send + Sync> = Box::new(derive);
    Memo::new(move |_| derive())
}

/// What an event does.
pub type Act<E> = Box<dyn FnMut(E)>;

/// What an event does.
pub fn heed<E: 'static>(act: impl FnMut(E) + 'static) -> Act<E> {
    Box::new(act)
}

/// Hears an event anywhere on the page, for as long as the component that calls it stands.
pub fn hear(name: &str, act: impl Fn(web_sys::Event) + 'static) {
    let act: Box<dyn Fn(web_sys::Event)> = Box::new(act);
    let handle = window_event_listener_untyped(name, act);
    on_cleanup(move || handle.remove());
}

/// Keeps the inside of the element `id` at what is drawn, for as long as the component that calls it stands.
pub fn part(id: &'static str, draw: impl Fn() -> Markup + 'static) {
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
