//! The page of a scenario: the reader is the scheduler and the adversary.

mod acts;
mod bench;
mod branches;
mod challenges;
pub mod choices;
mod compare;
mod current;
mod exhibits;
mod explore;
pub mod exports;
mod inspector;
mod lanes;
mod levels;
pub mod open;
mod orders;
mod parameters;
mod script;
mod share;
mod sheet;
pub mod state;
mod story;
mod transcript;
pub mod transport;
mod verdicts;

use leptos::prelude::*;
use maud::{Markup, html};

use crate::scenarios::{Entry, Info, Part};

use super::icons::{Glyph, icon};
use super::library::Library;
use super::live::{class, effect, part};
use super::nav::Nav;
use super::settings::Settings;
use super::signal::{Derived, Kept, State};
use super::stage::Stage;
use super::{browser, diagram, dialog, embed, keyboard, page_api, text};
pub use bench::Bench;
use state::{At, Lab};

/// The page: a frame whose parts are kept up to date each by its own markup.
pub fn page(entry: &'static dyn Entry) -> Markup {
    let nav = expect_context::<Nav>();
    let stage = expect_context::<Stage>();
    let lab = Lab::new(entry, expect_context::<Settings>(), expect_context::<Library>());
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
    speak(bench);
    page_api::announce(lab);
    embed::tell_step(lab);
    keyboard::listen(bench);
    acts::listen(bench);
    let title = Derived::new(move || {
        lab.at.track();
        text::page_title(entry.info().title, lab.read(|here| here.spec.variant.title).unwrap_or_default())
    });
    effect(move || browser::set_title(&title.get()));
    html! { article.lab { (frame(entry.info())) } }
}

/// What stands still, and places for what does not.
fn frame(info: &'static Info) -> Markup {
    html! {
        header.lab-head {
            div.lab-title { h1 { (info.title) } p.claim { (info.claim) } }
            fieldset #variants.variants {}
        }
        div #notice.notice-place role="alert" {}
        div.bench {
            div.bench-bar { div #branches.branches {} div #bench-acts.bench-acts {} }
            div #explore-strip.strip {}
            (choices::frame())
            div #sheets.sheets {
                div.sheet {
                    div #own-title {}
                    @if lanes::ARE_MANY { details.lanes { summary { (text::LANES) } div id=(lanes::ID) {} } }
                    (diagram::frame(sheet::OWN))
                    div.diagram-menu id=(sheet::MENU) popover="auto" {}
                }
                div #other-sheet.unboxed {}
            }
            div.side {
                section #verdicts.panel.verdicts aria-labelledby="verdicts-title" {}
                @if GRAPHS { section #graphs.panel.graphs aria-label=(text::GRAPHS) {} }
                section #inspector.panel.inspector aria-labelledby="inspector-title" {}
            }
            div.transport role="group" aria-label=(text::TRANSPORT) {
                div #transport-buttons.transport-buttons {}
                div #drawer.unboxed {}
                div #scrub-part.scrub {}
                label #speed.speed {}
                div #along.along role="group" aria-label=(text::ALONG_LIFELINE) {}
            }
        }
        @if EXHIBITS {
            div.exhibits {
                section #tables.tables aria-labelledby="tables-title" {}
                section #levels.levels aria-labelledby="levels-title" {}
            }
        }
        section #aligned.aligned aria-labelledby="aligned-title" {}
        div #parameters {}
        @if Part::Databases.is_here() {
            section #script-panel.script-panel aria-labelledby="script-title" {}
            section #orders.script-panel aria-label=(text::ORDERS) {}
        }
        div.beside {
            section #transcript.panel.transcript aria-labelledby="transcript-title" {}
            section #figures.panel.figures aria-labelledby="figures-title" {}
            section #challenges.challenges aria-labelledby="challenges-title" {}
            section #moments.moments aria-labelledby="moments-title" {}
            section #story.story aria-labelledby="story-title" {}
            section #small-print.small-print aria-labelledby="left-out-title" {}
        }
        p #said.visually-hidden role="status" aria-live="polite" {}
        (dialog::place("help"))
        (dialog::place("share"))
        (dialog::place(explore::ID))
    }
}

/// Whether there are tables to show. Commit protocols have none, and their part of the page, the first that anyone loads, goes without.
const EXHIBITS: bool = Part::Locks.is_here() || GRAPHS;

/// Whether there are graphs to show, too: locks have none.
const GRAPHS: bool = Part::Databases.is_here() || Part::Services.is_here();

/// Keeps every part of the frame up to date.
fn keep_parts(bench: Bench) {
    let Bench { lab, .. } = bench;
    let window = transcript::window(bench);
    let at_end = Derived::new(move || lab.at.with(|at| at.step == at.steps));
    // What the size of the drawing's frame depends on comes before it, so that the page is not laid out with all the rest to measure it.
    part("variants", move || parameters::variants(lab));
    parameters::keep_variant_in_view(lab);
    part("branches", move || branches::panel(bench));
    part("bench-acts", move || bench_acts(bench));
    part("explore-strip", move || explore::strip(bench));
    part("transport-buttons", move || transport::buttons(bench, at_end.get()));
    part("drawer", move || choices::drawer_button(bench));
    part("scrub-part", move || transport::scrub(lab));
    part("speed", move || transport::speeds(lab));
    part("along", move || transport::along(bench));
    part("own-title", move || compare::own_title(bench));
    part("other-sheet", move || sheet::other(bench));
    class("sheets", "is-comparing", move || bench.comparison.is_on());
    let lanes = State::new(None);
    if lanes::ARE_MANY {
        part(lanes::ID, move || lanes::panel(lab, lanes));
        lanes::listen(lab, lanes);
    }
    sheet::keep_own(bench, lanes);
    sheet::keep_other(bench);
    part(sheet::MENU, move || sheet::menu(bench));
    sheet::keep_menu(bench);
    part("notice", move || notice(lab));
    choices::keep(bench);
    part("verdicts", move || verdicts::panel(bench));
    part("inspector", move || inspector::panel(bench));
    part("said", move || html! { (lab.said.get()) });
    // What stands below the bench waits until the bench is painted.
    let below = |id, draw: fn(Bench) -> Markup| {
        part(id, move || {
            if bench.below.with(|at| at.is_open) {
                draw(bench)
            } else {
                html! {}
            }
        });
    };
    if EXHIBITS {
        below("tables", exhibits::tables);
    }
    if GRAPHS {
        part("graphs", move || exhibits::graphs(bench));
    }
    if Part::Databases.is_here() {
        let asked = levels::asked(bench);
        part("levels", move || levels::panel(bench, asked));
        part("script-panel", move || script::panel(bench, bench.wrong));
        part("orders", move || orders::panel(bench));
    }
    below("aligned", compare::aligned);
    below("parameters", |bench| parameters::panel(bench.lab));
    part("transcript", move || transcript::panel(bench, window));
    below("figures", verdicts::figures);
    below("challenges", challenges::panel);
    below("moments", |bench| story::moments(bench.lab));
    below("story", |bench| story::story(bench.lab));
    below("small-print", |bench| story::small_print(bench.lab));
    dialog::keep("help", bench.help, dialog::help);
    dialog::keep("share", bench.share.open, move || share::panel(bench));
    explore::keep(bench);
    branches::hold_focus(bench);
    share::keep_link(bench);
    current::mark(bench, window);
}

fn bench_acts(bench: Bench) -> Markup {
    html! {
        button.bar-button.is-first type="button" title=(text::with_key(text::SEARCH_HELP, "X")) data-act="explore" {
            (icon(Glyph::Search)) (text::SEARCH_BUTTON)
        }
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
fn speak(bench: Bench) {
    let Bench { lab, later, .. } = bench;
    let of = |at: At| at.is_open.then(|| (at.place(), at.step));
    // What a page opens with is not news.
    let said = Kept::new(None);
    effect(move || {
        let now = of(lab.at.get());
        if said.get_value().is_none() {
            said.set_value(now);
        }
    });
    effect(move || {
        let at = later.get();
        if lab.playing.get() || !at.is_open || said.get_value() == of(at) {
            return;
        }
        lab.said.set(text::said(at.step, at.steps, &lab.sentences(at.step)));
        said.set_value(of(at));
    });
}
