//! The page of a scenario: the reader is the scheduler and the adversary.

mod acts;
mod bench;
mod branches;
pub mod choices;
mod compare;
mod current;
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
use maud::{Markup, html};

use crate::scenarios::Entry;

use super::dialog::{self, Dialog};
use super::icons::{Glyph, icon};
use super::live::{effect, heed, memo, part};
use super::nav::Nav;
use super::settings::Settings;
use super::stage::Stage;
use super::{browser, embed, keyboard, page_api, text};
pub use bench::Bench;
use sheet::{OtherDiagram, OwnDiagram};
use state::Lab;

/// The page: a frame whose parts are kept up to date each by its own markup.
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
    let bench = Bench::new(lab);
    effect(move || {
        let fragment = nav.arrived.get();
        untrack(|| open::fragment(lab, fragment, move || stage.has_opened()));
    });
    keep_parts(bench);
    open::follow(lab, nav);
    open::keep_branches(lab, nav);
    speak(lab);
    page_api::announce(lab);
    embed::tell_step(lab);
    keyboard::listen(bench);
    acts::listen(bench);
    let info = entry.info();
    let title = memo(move || {
        lab.at.track();
        text::page_title(info.title, lab.read(|here| here.spec.variant.title).unwrap_or_default())
    });
    effect(move || browser::set_title(&title.get()));
    let is_comparing = memo(move || bench.comparison.is_on());
    let other = move || {
        is_comparing.get().then(|| {
            part("other-title", move || compare::other_title(bench));
            view! {
                <div class="sheet other-sheet">
                    <div id="other-title"></div>
                    <OtherDiagram bench />
                </div>
            }
        })
    };
    let close_menu = heed(move |_: web_sys::Event| {
        let menu = browser::element("diagram-menu");
        if menu.is_some_and(|menu| !menu.matches(":popover-open").unwrap_or(false)) {
            bench.menu.set(None);
        }
    });
    let drawn_out = move || bench.is_drawn_out.get().to_string();
    let drawer_words = move || choices::drawer_words(bench);
    let help = Box::new(dialog::help);
    let share = Box::new(move || share::panel(bench));
    view! {
        <article class="lab">
            <header class="lab-head">
                <div class="lab-title">
                    <h1>{info.title}</h1>
                    <p class="claim">{info.claim}</p>
                </div>
                <fieldset class="variants" id="variants"></fieldset>
            </header>
            <div role="alert" class="notice-place" id="notice"></div>
            <div class="bench">
                <div class="bench-bar">
                    <div class="branches" id="branches"></div>
                    <div class="bench-acts" id="bench-acts"></div>
                </div>
                <section
                    class="panel choices"
                    class:is-open=bench.is_drawn_out
                    id="choices"
                    tabindex="-1"
                    aria-labelledby="choices-title"
                ></section>
                <div class="sheets" class:is-comparing=is_comparing>
                    <div class="sheet">
                        <div id="own-title"></div>
                        <OwnDiagram bench />
                        <div class="diagram-menu" id="diagram-menu" popover="auto" on:toggle=close_menu></div>
                    </div>
                    {other}
                </div>
                <div class="side">
                    <section class="panel verdicts" id="verdicts" aria-labelledby="verdicts-title"></section>
                    <section class="panel inspector" id="inspector" aria-labelledby="inspector-title"></section>
                </div>
                <div class="transport" role="group" aria-label=text::TRANSPORT>
                    <div class="transport-buttons" id="transport-buttons"></div>
                    <button
                        type="button"
                        class="drawer-button"
                        id="drawer-button"
                        aria-expanded=drawn_out
                        aria-controls="choices"
                        data-act="drawer"
                    >
                        {drawer_words}
                    </button>
                    <div class="scrub" id="scrub-part"></div>
                    <label class="speed" id="speed"></label>
                    <div class="along" id="along" role="group" aria-label=text::ALONG_LIFELINE></div>
                </div>
            </div>
            <section class="aligned" id="aligned" aria-labelledby="aligned-title"></section>
            <div id="parameters"></div>
            <div class="beside">
                <section class="panel transcript" id="transcript" aria-labelledby="transcript-title"></section>
                <section class="panel figures" id="figures" aria-labelledby="figures-title"></section>
                <section class="moments" id="moments" aria-labelledby="moments-title"></section>
                <section class="story" id="story" aria-labelledby="story-title"></section>
                <section class="small-print" id="small-print" aria-labelledby="left-out-title"></section>
            </div>
            <p class="visually-hidden" role="status" aria-live="polite" id="said">{lab.said}</p>
            <Dialog open=bench.help id="help" draw=help />
            <Dialog open=bench.share.open id="share" draw=share />
        </article>
    }
}

/// Keeps every part of the frame up to date.
fn keep_parts(bench: Bench) {
    let Bench { lab, .. } = bench;
    let window = transcript::window(bench);
    part("variants", move || parameters::variants(lab));
    part("notice", move || notice(lab));
    part("branches", move || branches::panel(bench));
    part("bench-acts", move || bench_acts(bench));
    part("choices", move || choices::panel(bench));
    part("own-title", move || compare::own_title(bench));
    part("diagram-menu", move || sheet::menu(bench));
    part("verdicts", move || verdicts::panel(bench));
    part("inspector", move || inspector::panel(bench));
    let at_end = memo(move || lab.at.with(|at| at.step == at.steps));
    part("transport-buttons", move || transport::buttons(bench, at_end.get()));
    part("scrub-part", move || transport::scrub(lab));
    part("speed", move || transport::speeds(lab));
    part("along", move || transport::along(lab));
    part("aligned", move || compare::aligned(bench));
    part("parameters", move || parameters::panel(lab));
    part("transcript", move || transcript::panel(bench, window));
    part("figures", move || verdicts::figures(bench));
    part("moments", move || story::moments(lab));
    part("story", move || story::story(lab));
    part("small-print", move || story::small_print(lab));
    sheet::keep_menu(bench);
    branches::hold_focus(bench);
    share::keep_link(bench);
    current::mark(bench, window);
}

fn bench_acts(bench: Bench) -> Markup {
    html! {
        (compare::switch(bench))
        button.bar-button type="button" data-act="share" { (icon(Glyph::Share)) (text::SHARE) }
        button.bar-button type="button" data-act="help" { (text::HELP) }
    }
}

/// What went wrong, until it is put away.
fn notice(lab: Lab) -> Markup {
    let Some(words) = lab.notice.get() else { return html! {} };
    html! {
        div.notice {
            (icon(Glyph::Warning))
            p { (words) }
            button.bar-button type="button" data-act="close-notice" { (text::CLOSE) }
        }
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
