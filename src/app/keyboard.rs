//! Keys of the lab. They act only while the document has the focus and nothing is typed into, and can be switched off (WCAG 2.1.4).

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

use super::browser;
use super::lab::Bench;
use super::lab::choices::numbered;
use super::lab::transport::{along_lifeline, change_speed, toggle_play};
use super::live::hear;
use super::settings::Settings;
use super::text;

/// Listens for as long as the component that calls it stands.
pub fn listen(bench: Bench) {
    let settings = expect_context::<Settings>();
    hear("keydown", move |event| {
        let Ok(event) = event.dyn_into::<KeyboardEvent>() else { return };
        if !settings.shortcuts.get_untracked() || is_taken(&event) {
            return;
        }
        if act(bench, &event) {
            event.prevent_default();
        }
    });
}

/// Whether the key belongs to something else: a modifier of the browser, a text field, a slider, an open dialog.
fn is_taken(event: &KeyboardEvent) -> bool {
    if event.ctrl_key() || event.meta_key() || event.alt_key() || event.is_composing() || event.default_prevented() {
        return true;
    }
    let Some(document) = browser::document() else { return true };
    if document.query_selector("dialog[open]").ok().flatten().is_some() {
        return true;
    }
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let Some(target) = target else { return false };
    if target.closest("[popover]").ok().flatten().is_some() {
        return true;
    }
    let name = target.tag_name().to_ascii_lowercase();
    match name.as_str() {
        "input" | "textarea" | "select" => true,
        // Space and Enter press what has the focus.
        "button" | "a" | "summary" => matches!(event.key().as_str(), " " | "Enter"),
        _ => target.get_attribute("contenteditable").is_some_and(|value| value != "false"),
    }
}

/// Does what the key means; `false` where it means nothing.
fn act(bench: Bench, event: &KeyboardEvent) -> bool {
    let Bench { lab, .. } = bench;
    let shift = event.shift_key();
    match event.key().as_str() {
        " " => toggle_play(lab),
        "ArrowRight" if shift => along_lifeline(lab, true),
        "ArrowLeft" if shift => along_lifeline(lab, false),
        "ArrowRight" => {
            lab.playing.set(false);
            lab.forward();
        }
        "ArrowLeft" => {
            lab.playing.set(false);
            lab.back();
        }
        "Home" => lab.go(0),
        "End" => lab.go(u32::MAX),
        "[" => change_speed(lab, false),
        "]" => change_speed(lab, true),
        "b" | "B" => lab.branch_here(),
        "r" | "R" => lab.start_over(),
        "v" | "V" => {
            if !lab.go_to_violation() {
                lab.said.set(text::NO_VIOLATION.to_owned());
            }
        }
        "x" | "X" => bench.explore.start(""),
        "s" | "S" => bench.share.open.set(true),
        "?" => bench.help.set(true),
        key => return choose(bench, key),
    }
    true
}

fn choose(bench: Bench, key: &str) -> bool {
    let Bench { lab, offers, .. } = bench;
    let Ok(number @ 1..=9) = key.parse::<usize>() else { return false };
    let choice = offers.with_untracked(|choices| numbered(choices, number).map(|choice| choice.name.clone()));
    match choice {
        Some(choice) => lab.take(&choice),
        None => lab.said.set(text::no_choice(number)),
    }
    true
}
