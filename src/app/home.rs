//! The home page: what this is, a run to look at, the catalogue, how it works.

use leptos::prelude::*;

use crate::scenarios::{Entry, catalogue};

use super::nav::Link;
use super::router::Location;
use super::text;

/// The address of a scenario's page.
pub fn scenario_location(id: &str) -> Location {
    Location { path: vec![id.to_owned()], query: Vec::new() }
}

/// The home page.
#[component]
pub fn Home() -> impl IntoView {
    super::browser::set_title(text::SITE_TITLE);
    let first = catalogue().first().copied();
    let cards: Vec<_> = catalogue().iter().map(|entry| card(*entry)).collect();
    let steps = text::HOW_IT_WORKS.map(|(title, words)| {
        view! {
            <li>
                <h3>{title}</h3>
                <p>{words}</p>
            </li>
        }
    });
    view! {
        <article class="home">
            <header class="hero">
                <div class="hero-words">
                    <h1>{text::HERO_TITLE}</h1>
                    <p class="lede">{text::HERO_WORDS}</p>
                    {first.map(|entry| view! {
                        <p>
                            <Link to=scenario_location(entry.info().id) class="call">{text::HERO_CALL}</Link>
                        </p>
                    })}
                </div>

            </header>
            <section aria-labelledby="catalogue-title">
                <h2 id="catalogue-title">{text::CATALOGUE}</h2>
                <ul class="cards">{cards}</ul>
            </section>
            <section aria-labelledby="how-title">
                <h2 id="how-title">{text::HOW_TITLE}</h2>
                <ol class="how">{steps}</ol>
            </section>
        </article>
    }
}

fn card(entry: &'static dyn Entry) -> impl IntoView {
    let info = entry.info();
    let broken = info.variants.iter().filter(|variant| variant.broken).count();
    view! {
        <li class="card-link">
            <h3>
                <Link to=scenario_location(info.id)>{info.title}</Link>
            </h3>
            <p>{info.claim}</p>
            <p class="card-meta">{text::variant_counts(info.variants.len(), broken)}</p>
        </li>
    }
}
