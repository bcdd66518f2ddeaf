//! The page inside another page: it tells its height and step, and takes harmless commands. It never takes the focus, never scrolls its host and
//! never adds to the history.
//!
//! To the parent: `{type: "interleave:height", v: 1, height}`, `{type: "interleave:step", v: 1, step, steps}`.
//! From the parent: `{type: "interleave:goto", step}`, `{type: "interleave:theme", theme}`. Anything else is ignored.

use js_sys::Reflect;
use maud::{Markup, html};
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, ResizeObserver};

use super::browser;
use super::lab::open;
use super::lab::state::Lab;
use super::live::{effect, hear};
use super::nav::{Nav, href};
use super::router;
use super::settings::{Settings, Theme};
use super::signal::Kept;
use super::stage::Stage;
use super::text;

/// Tells the parent how high the page is, whenever that changes.
pub fn tell_height(stage: Stage) {
    if !browser::is_framed() {
        return;
    }
    let Some(place) = browser::element("app") else { return };
    let watched = place.clone();
    let told = Kept::new(0);
    let tell = move || {
        let height = watched.get_bounding_client_rect().height().ceil();
        if told.get_value() != height as i32 {
            told.set_value(height as i32);
            browser::tell_parent(&[("type", "interleave:height".into()), ("v", 1.into()), ("height", height.into())]);
        }
    };
    // Frames that are out of view are not told of their sizes, and yet a host wants to know how much room to keep.
    let tell_once = tell.clone();
    effect(move || {
        if let Some(lab) = stage.shown() {
            lab.at.track();
        }
        browser::when_idle(tell_once.clone());
    });
    let resized = Closure::<dyn FnMut()>::new(tell);
    if let Ok(observer) = ResizeObserver::new(resized.as_ref().unchecked_ref()) {
        observer.observe(&place);
    }
    // Observed for as long as the page lives.
    resized.forget();
}

/// Tells the parent which step is shown.
pub fn tell_step(lab: Lab) {
    effect(move || {
        let at = lab.at.get();
        if !at.is_open {
            return;
        }
        browser::tell_parent(&[
            ("type", "interleave:step".into()),
            ("v", 1.into()),
            ("step", at.step.into()),
            ("steps", at.steps.into()),
        ]);
    });
}

/// Listens to the parent.
pub fn listen(stage: Stage, settings: Settings) {
    if !browser::is_framed() {
        return;
    }
    hear("message", move |event| {
        if let Some(event) = event.dyn_ref::<MessageEvent>().filter(|event| browser::is_from_parent(event)) {
            obey(stage, settings, &event.data());
        }
    });
}

fn obey(stage: Stage, settings: Settings, data: &JsValue) {
    let field = |name: &str| if data.is_object() { Reflect::get(data, &name.into()).ok() } else { None };
    match field("type").and_then(|kind| kind.as_string()).as_deref() {
        Some("interleave:goto") => {
            let step = field("step").and_then(|step| step.as_f64());
            if let (Some(lab), Some(step)) = (stage.lab(), step.filter(|step| (0.0..=4e9).contains(step))) {
                lab.playing.set(false);
                lab.go(step as u32);
            }
        }
        Some("interleave:theme") => {
            let theme = field("theme").and_then(|theme| theme.as_string());
            if let Some(theme) = theme.as_deref().and_then(Theme::named) {
                settings.theme.set(theme);
            }
        }
        _ => {}
    }
}

/// The line under an embedded run: what it is, and the way to all of it, with the state kept.
pub fn foot(nav: Nav, stage: Stage) -> Markup {
    let shown = stage.shown().and_then(|lab| {
        lab.at.track();
        lab.read(|here| open::address(lab, nav, &here))
    });
    let shown = shown.unwrap_or_else(|| nav.arrived.get());
    let full = href(&router::without(&shown, "embed"));
    html! {
        footer.embed-foot { a href=(full) target="_blank" rel="noopener" { (text::OPEN_FULL) } }
    }
}
