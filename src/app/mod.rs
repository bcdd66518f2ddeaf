//! The page: everything that knows the browser. Components are small and take plain values or signals; what they show is derived from the lab's
//! one position ([`lab::state::At`]), so that a step redraws what it changed and nothing else.

mod browser;
mod crash;
mod diagram;
mod dialog;
mod embed;
mod home;
mod icons;
mod keyboard;
mod lab;
mod live;
mod nav;
mod page_api;
mod router;
mod settings;
mod stage;
mod text;

use leptos::prelude::*;
use live::{effect, memo};

use crate::scenarios;
use nav::{Nav, PageLink, href};
use settings::{Settings, SettingsMenu};
use stage::Stage;

/// Takes over the page: the static words and picture that stood there until the app arrived make room for it.
pub fn start() {
    crash::install();
    let Some(place) = browser::element("app") else { return };
    place.set_inner_html("");
    mount_to(place, App).forget();
}

/// What stands behind `#` on the home page.
const HOME: &str = "/";

/// What the address asks for.
#[derive(Clone, PartialEq, Eq)]
enum Place {
    Home,
    Scenario(&'static str),
    Unknown(String),
}

fn place(fragment: &str) -> Place {
    let path = router::path(fragment);
    match path.first() {
        None => Place::Home,
        Some(id) => match scenarios::find(id) {
            Ok(entry) => Place::Scenario(entry.info().id),
            Err(_) => Place::Unknown(path.join("/").chars().take(UNKNOWN_SHOWN).collect()),
        },
    }
}

/// How much of an unknown address is shown.
const UNKNOWN_SHOWN: usize = 80;

#[component]
fn App() -> impl IntoView {
    let nav = Nav::start();
    let settings = Settings::start(nav);
    let stage = Stage::new();
    provide_context(nav);
    provide_context(settings);
    provide_context(stage);
    page_api::install(nav, stage);
    embed::listen(stage, settings);
    embed::tell_height();
    effect(move || browser::set_root_attribute("data-embed", nav.embedded.get().then_some("1")));
    let place = memo(move || nav.arrived.with(|fragment| place(fragment)));
    let page = move || match place.get() {
        Place::Home => home::Home().into_any(),
        Place::Scenario(id) => match scenarios::find(id) {
            Ok(entry) => view! { <lab::LabPage entry /> }.into_any(),
            Err(error) => view! { <NotFound what=error.to_string() /> }.into_any(),
        },
        Place::Unknown(what) => view! { <NotFound what /> }.into_any(),
    };
    let chrome = move || !nav.embedded.get();
    view! {
        <Show when=chrome>
            <Header />
        </Show>
        <main id="main" tabindex="-1">{page}</main>
        <Show when=chrome fallback=embed::EmbedFoot>
            <footer class="site-foot">
                <p>{text::FOOTER}</p>
            </footer>
        </Show>
    }
}

#[component]
fn Header() -> impl IntoView {
    let skip = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        if let Some(main) = browser::element("main") {
            main.focus().ok();
        }
    };
    view! {
        <header class="site-head">
            <a class="skip" href=href(HOME) on:click=skip>{text::SKIP}</a>
            <PageLink to=HOME class="wordmark">
                <svg class="mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
                    <path class="mark-lanes" d="M5 2v20M19 2v20" />
                    <path class="mark-one" d="M5 6 19 17" />
                    <path class="mark-two" d="M19 6 5 17" />
                </svg>
                {text::SITE}
            </PageLink>
            <nav aria-label=text::MAIN_NAVIGATION>
                <PageLink to=HOME>{text::CATALOGUE}</PageLink>
            </nav>
            <SettingsMenu />
        </header>
    }
}

#[component]
fn NotFound(what: String) -> impl IntoView {
    browser::set_title(text::NOT_FOUND);
    view! {
        <article class="not-found">
            <h1>{text::NOT_FOUND}</h1>
            <p>{text::not_found(&what)}</p>
            <p>
                <PageLink to=HOME class="call">{text::NOT_FOUND_BACK}</PageLink>
            </p>
        </article>
    }
}
