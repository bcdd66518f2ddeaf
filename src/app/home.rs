//! The home page: what this is, a run to look at, the catalogue, how it works.

use leptos::prelude::*;

use crate::diagram::{Style, layout};
use crate::scenarios::run_string::{Link, replay, split_choices};
use crate::scenarios::{Entry, catalogue};

use super::diagram::Still;
use super::nav::{PageLink, href};
use super::text;

/// What stands behind `#` on a scenario's page.
fn scenario_fragment(id: &str) -> String {
    format!("/{id}")
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
                            <PageLink to=scenario_fragment(entry.info().id) class="call">{text::HERO_CALL}</PageLink>
                        </p>
                    })}
                </div>

                {first.and_then(hero_run)}
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

/// Width at which the hero's run is drawn, in px.
const HERO_WIDTH: f32 = 640.0;

/// How much of it is shown, in px.
const HERO_TAIL: f32 = 452.0;

/// The first famous run of a scenario, replayed and drawn, as a link to itself.
fn hero_run(entry: &'static dyn Entry) -> Option<impl IntoView> {
    let info = entry.info();
    let moment = info.moments.first()?;
    let variant = info.variant(moment.variant).ok()?;
    let values = info.values(variant, moment.parameters.iter().copied()).ok()?;
    let mut link = Link::new(entry, variant, values, 0);
    link.choices = split_choices(moment.choices);
    link.step = moment.step;
    let replayed = replay(&link);
    let scene = layout(replayed.run.trace(), replayed.step, &Style::for_width(HERO_WIDTH));
    Some(view! {
        <figure class="hero-run">
            <a href=href(&link.to_string()) aria-label=text::hero_link(moment.title)>
                <Still scene tail=HERO_TAIL />
            </a>
            <figcaption>
                <strong>{moment.title}</strong>
                " "
                {moment.text}
                " "
                {text::HERO_CAPTION}
            </figcaption>
        </figure>
    })
}

fn card(entry: &'static dyn Entry) -> impl IntoView {
    let info = entry.info();
    let broken = info.variants.iter().filter(|variant| variant.broken).count();
    view! {
        <li class="card-link">
            <h3>
                <PageLink to=scenario_fragment(info.id)>{info.title}</PageLink>
            </h3>
            <p>{info.claim}</p>
            <p class="card-meta">{text::variant_counts(info.variants.len(), broken)}</p>
        </li>
    }
}
