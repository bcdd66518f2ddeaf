//! The page of a scenario: the reader is the scheduler and the adversary.

mod branches;
pub mod choices;
mod compare;
pub mod exports;
mod inspector;
pub mod open;
mod parameters;
mod share;
mod sheet;
pub mod state;
mod story;
mod transcript;
pub mod transport;
mod verdicts;

use leptos::prelude::*;

use crate::scenarios::Entry;

use super::dialog::Help;
use super::icons::{Glyph, Icon};
use super::live::{act, drawn, effect, live};
use super::nav::Nav;
use super::settings::Settings;
use super::stage::Stage;
use super::{browser, embed, keyboard, page_api, text};
use compare::Comparison;
use state::{Lab, Sight};

/// The page.
#[component]
pub fn LabPage(
    /// The scenario.
    entry: &'static dyn Entry,
) -> impl IntoView {
    let nav = expect_context::<Nav>();
    let stage = expect_context::<Stage>();
    let lab = Lab::new(entry, expect_context::<Settings>());
    stage.enter(lab);
    if !nav.embedded.get_untracked() {
        open::restore_branches(lab);
    }
    let sight = Sight::of(lab);
    provide_context(lab);
    let comparison = Comparison::start(lab);
    provide_context(sight);
    provide_context(comparison);
    provide_context(choices::Drawer(RwSignal::new(false)));
    let comparing = move || comparison.variant.get().is_some();
    let help = RwSignal::new(false);
    let share = RwSignal::new(false);
    effect(move || {
        let fragment = nav.arrived.get();
        untrack(|| open::fragment(lab, fragment, move || stage.opened.update(|count| *count += 1)));
    });
    open::follow(lab, nav);
    open::keep_branches(lab, nav);
    speak(lab);
    page_api::announce(lab);
    embed::tell_step(lab);
    keyboard::listen(lab, sight, help, share);
    let info = entry.info();
    let variant = lab.derive("", |branch| branch.spec.variant.title);
    effect(move || browser::set_title(&text::page_title(info.title, variant.get())));
    view! {
        <article class="lab">
            <header class="lab-head">
                <div class="lab-title">
                    <h1>{info.title}</h1>
                    <p class="claim">{info.claim}</p>
                </div>
                <parameters::VariantSwitch />
            </header>
            <Notice lab />
            <div class="bench">
                <div class="bench-bar">
                    <branches::Branches />
                    <div class="bench-acts">
                        <compare::CompareSwitch />
                        <button type="button" class="bar-button" on:click=act(move || share.set(true))>
                            <Icon glyph=Glyph::Share />
                            {text::SHARE}
                        </button>
                        <button type="button" class="bar-button" on:click=act(move || help.set(true))>{text::HELP}</button>
                    </div>
                </div>
                <choices::Choices />
                <div class="sheets" class:is-comparing=live(comparing)>
                    <sheet::Sheet />
                    <Show when=comparing>
                        <compare::OtherSheet />
                    </Show>
                </div>
                <div class="side">
                    <verdicts::Verdicts />
                    <inspector::Inspector />
                </div>
                <transport::Transport />
            </div>
            <Show when=comparing>
                <compare::Aligned />
            </Show>
            <parameters::Parameters />
            <div class="beside">
                <transcript::Transcript />
                <verdicts::Figures />
                <story::Moments />
                <story::Story />
            </div>
            <p class="visually-hidden" role="status" aria-live="polite" id="said">{lab.said}</p>
            <Help open=help />
            <share::Share open=share />
        </article>
    }
}

/// What went wrong, until it is put away.
#[component]
fn Notice(lab: Lab) -> impl IntoView {
    view! {
        <div role="alert" class="notice-place">
            {drawn(move || {
                lab.notice.get().map(|words| {
                    view! {
                        <div class="notice">
                            <Icon glyph=Glyph::Warning />
                            <p>{words}</p>
                            <button type="button" class="bar-button" on:click=act(move || lab.notice.set(None))>
                                {text::CLOSE}
                            </button>
                        </div>
                    }
                })
            })}
        </div>
    }
}

/// One polite sentence per step; while it plays by itself only where it stops.
fn speak(lab: Lab) {
    Effect::new(move |before: Option<_>| {
        let at = lab.at.get();
        let playing = lab.playing.get();
        let now = (at.place(), at.step);
        if playing || before.is_none() || before == Some(now) {
            return before.unwrap_or(now);
        }
        lab.said.set(text::said(at.step, at.steps, &lab.sentences(at.step)));
        now
    });
}
