//! The page: everything that knows the browser. It is made of parts, each a function from state to markup that is kept up to date by itself
//! ([`live::part`]); what they show is derived from the lab's one position ([`lab::state::At`]), so that a step redraws what it changed and nothing else.

mod browser;
mod crash;
mod diagram;
mod dialog;
mod embed;
mod fidelity;
mod home;
mod icons;
mod keyboard;
mod lab;
mod library;
mod live;
mod nav;
mod page_api;
mod patch;
mod rest;
mod router;
mod searcher;
mod settings;
mod signal;
mod stage;
mod text;
mod worker;

use leptos::prelude::*;
use library::Library;
use live::{effect, hear, part};
use maud::{Markup, html};
use wasm_bindgen::JsCast;

use crate::scenarios::{self, Part};
use nav::{Nav, href};
use searcher::Searcher;
use settings::Settings;
use signal::Derived;
use stage::Stage;

/// Takes over the page: the static words and picture that stood there until the app arrived make room for it. Where there is no page, it is the worker
/// of the search.
pub fn start() {
    crash::install();
    if browser::document().is_none() {
        return worker::start();
    }
    let Some(place) = browser::element("app") else { return };
    place.set_inner_html(&frame().into_string());
    // All that stands here is markup, so there is no view to mount: what counts is the owner that its effects live under.
    mount_to(place, keep).forget();
}

/// What stands still, and places for what does not.
fn frame() -> Markup {
    html! {
        div #site-head.unboxed {}
        main #main tabindex="-1" {}
        div #site-foot.unboxed {}
    }
}

/// What stands behind `#` on the home page.
const HOME: &str = "/";

/// What stands behind `#` on the page about fidelity.
const FIDELITY: &str = "/fidelity";

/// What the address asks for.
#[derive(Clone, PartialEq, Eq)]
enum Place {
    Home,
    Fidelity,
    Scenario(&'static str),
    /// What another part of the page holds, which must be loaded.
    Elsewhere,
    Unknown(String),
}

fn place(fragment: &str) -> Place {
    let path = router::path(fragment);
    match path.first() {
        None => still_place(Place::Home),
        Some(&"fidelity") if path.len() == 1 => still_place(Place::Fidelity),
        Some(id) => match scenarios::find(id) {
            Ok(entry) if !entry.part().is_here() => Place::Elsewhere,
            Ok(entry) => Place::Scenario(entry.info().id),
            Err(_) => Place::Unknown(path.join("/").chars().take(UNKNOWN_SHOWN).collect()),
        },
    }
}

/// A page that stands around all scenarios, which the first part holds, and none of the others.
fn still_place(place: Place) -> Place {
    if Part::Commit.is_here() { place } else { Place::Elsewhere }
}

/// How much of an unknown address is shown.
const UNKNOWN_SHOWN: usize = 80;

/// Keeps the page at what the address asks for.
fn keep() {
    let nav = Nav::start();
    let settings = Settings::start(nav);
    let stage = Stage::new();
    let searcher = Searcher::new();
    provide_context(searcher);
    provide_context(nav);
    provide_context(settings);
    provide_context(stage);
    provide_context(Library::new());
    page_api::install(nav, stage, searcher);
    settings::listen(settings);
    listen();
    embed::listen(stage, settings);
    embed::tell_height(stage);
    effect(move || browser::set_root_attribute("data-embed", nav.embedded.get().then_some("1")));
    part("site-head", move || {
        if nav.embedded.get() {
            html! {}
        } else {
            site_head(settings)
        }
    });
    part("site-foot", move || if nav.embedded.get() { embed::foot(nav, stage) } else { site_foot() });
    let place = Derived::new(move || nav.arrived.with(|fragment| place(fragment)));
    let mut is_first = true;
    effect(move || {
        let place = place.get();
        // Loaded anew, the page takes the part that the address asks for. Where that has been tried, it is not there.
        if let Place::Elsewhere = place
            && !std::mem::take(&mut is_first)
        {
            return browser::reload();
        }
        is_first = false;
        let page = untrack(|| page(&place));
        if let Some(main) = browser::element("main") {
            main.set_inner_html(&page.into_string());
        }
    });
}

/// The page of a place; whatever keeps it up to date lives until the next one comes.
fn page(place: &Place) -> Markup {
    match place {
        Place::Home if Part::Commit.is_here() => still_page(text::SITE_TITLE, home::page()),
        Place::Fidelity if Part::Commit.is_here() => still_page(text::FIDELITY_TITLE, fidelity::page()),
        Place::Scenario(id) => match scenarios::find(id) {
            Ok(entry) => lab::page(entry),
            Err(error) => still_page(text::NOT_FOUND, not_found(&error.to_string())),
        },
        Place::Elsewhere | Place::Home | Place::Fidelity => still_page(
            text::NOT_FOUND,
            html! { article.not-found { h1 { (text::NOT_FOUND) } p { (text::PART_MISSING) } } },
        ),
        Place::Unknown(what) => still_page(text::NOT_FOUND, not_found(what)),
    }
}

/// A page that never changes.
fn still_page(title: &str, page: Markup) -> Markup {
    browser::set_title(title);
    html! { div { (page) } }
}

/// The way past what stands before the content.
fn listen() {
    hear("click", |event| {
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        if target.is_some_and(|target| target.matches(".skip").unwrap_or(false)) {
            event.prevent_default();
            if let Some(main) = browser::element("main") {
                main.focus().ok();
            }
        }
    });
}

fn site_head(settings: Settings) -> Markup {
    html! {
        header.site-head {
            a.skip href=(href(HOME)) { (text::SKIP) }
            a.wordmark href=(href(HOME)) {
                svg.mark viewBox="0 0 24 24" aria-hidden="true" focusable="false" {
                    path.mark-lanes d="M5 2v20M19 2v20" {}
                    path.mark-one d="M5 6 19 17" {}
                    path.mark-two d="M19 6 5 17" {}
                }
                (text::SITE)
            }
            nav aria-label=(text::MAIN_NAVIGATION) {
                a href=(href(HOME)) { (text::CATALOGUE) }
                a href=(href(FIDELITY)) { (text::FIDELITY) }
            }
            (settings::menu(settings))
        }
    }
}

fn site_foot() -> Markup {
    html! { footer.site-foot { p { (text::FOOTER) } } }
}

fn not_found(what: &str) -> Markup {
    html! {
        article.not-found {
            h1 { (text::NOT_FOUND) }
            p { (text::not_found(what)) }
            p { a.call href=(href(HOME)) { (text::NOT_FOUND_BACK) } }
        }
    }
}
