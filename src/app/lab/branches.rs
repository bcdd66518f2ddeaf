//! Branches as named tabs: rewinding and choosing anew opens one, and nothing is ever thrown away unasked.

use leptos::prelude::*;
use maud::{Markup, html};
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use crate::engine::BranchId;

use super::super::browser;
use super::super::icons::{Glyph, icon};
use super::super::live::effect;
use super::super::text;
use super::bench::Bench;
use super::state::Here;

/// The tabs of the branches that share the spec of the one that is shown, and what can be done with it.
pub fn panel(bench: Bench) -> Markup {
    let Bench { lab, is_renaming, .. } = bench;
    let at = lab.at.get();
    let tabs = lab.read_sisters(|here| tab(&here, at.branch));
    let is_alone = tabs.len() < 2;
    let is_renaming = is_renaming.get();
    html! {
        h2.visually-hidden { (text::BRANCHES) }
        ul.branch-tabs.is-alone[is_alone] { @for tab in tabs { (tab) } }
        div.branch-acts {
            button.bar-button type="button" title=(text::with_key(text::BRANCH_HELP, "B")) data-act="branch-here" {
                (icon(Glyph::Fork)) (text::BRANCH_HERE)
            }
            button.bar-button type="button" title=(text::with_key(text::START_OVER_HELP, "R")) data-act="start-over" {
                (text::START_OVER)
            }
            button #rename-button.bar-button type="button" aria-expanded=(is_renaming)
                data-act="rename" {
                (text::RENAME)
            }
        }
        @if is_renaming { (rename_form(&lab.read(|here| here.name.to_owned()).unwrap_or_default())) }
    }
}

fn tab(here: &Here<'_>, shown: BranchId) -> Markup {
    let is_shown = here.id == shown;
    let is_broken = !here.run.trace().violations.is_empty();
    html! {
        li.branch-tab.is-shown[is_shown] data-key=(here.id.0) {
            button.branch-name type="button" aria-current=[is_shown.then_some("true")] data-act="branch" data-of=(here.id.0) {
                (here.name)
                span.branch-steps { (text::steps(here.run.steps())) }
                @if is_broken { span.branch-broken { (icon(Glyph::Cross)) (text::VIOLATED) } }
            }
            button.branch-close type="button" aria-label=(text::close_branch(here.name)) data-act="close-branch" data-of=(here.id.0) {
                (icon(Glyph::Cross))
            }
        }
    }
}

/// Submitted by the act `rename-to`.
fn rename_form(name: &str) -> Markup {
    html! {
        form.rename data-act="rename-to" {
            label for="branch-name" { (text::BRANCH_NAME) }
            input #branch-name type="text" maxlength="40" autocomplete="off" value=(name);
            button.bar-button type="submit" { (text::SAVE) }
        }
    }
}

fn field() -> Option<HtmlInputElement> {
    browser::element("branch-name")?.dyn_into().ok()
}

/// The form takes the focus when it opens; when it closes, the button that opened it does.
pub fn hold_focus(bench: Bench) {
    let mut was_open = false;
    effect(move || {
        let is_open = bench.is_renaming.get();
        if is_open == was_open {
            return;
        }
        was_open = is_open;
        request_animation_frame(move || match field().filter(|_| is_open) {
            Some(field) => {
                field.focus().ok();
                field.select();
            }
            None => {
                if let Some(button) = browser::element("rename-button") {
                    button.focus().ok();
                }
            }
        });
    });
}

/// Gives the branch the name that was typed.
pub fn rename(bench: Bench) {
    if let Some(field) = field() {
        bench.lab.rename(&field.value());
    }
    bench.is_renaming.set(false);
}
