//! The home page: what this is, a run to look at, the catalogue, how it works.

use maud::{Markup, html};

use crate::diagram::{Style, layout};
use crate::scenarios::run_string::{Link, replay, split_choices};
use crate::scenarios::{Entry, catalogue};

use super::diagram::still;
use super::nav::href;
use super::text;

/// The address of a scenario's page.
fn address(entry: &'static dyn Entry) -> String {
    href(&format!("/{}", entry.info().id))
}

/// The home page.
pub fn page() -> Markup {
    let first = catalogue().first().copied();
    html! {
        article.home {
            header.hero {
                div.hero-words {
                    h1 { (text::HERO_TITLE) }
                    p.lede { (text::HERO_WORDS) }
                    @if let Some(entry) = first { p { a.call href=(address(entry)) { (text::HERO_CALL) } } }
                }
                @if let Some(run) = first.and_then(hero_run) { (run) }
            }
            section aria-labelledby="catalogue-title" {
                h2 #catalogue-title { (text::CATALOGUE) }
                ul.cards { @for entry in catalogue() { (card(*entry)) } }
            }
            section aria-labelledby="how-title" {
                h2 #how-title { (text::HOW_TITLE) }
                ol.how { @for (title, words) in text::HOW_IT_WORKS { li { h3 { (title) } p { (words) } } } }
            }
        }
    }
}

/// Width at which the hero's run is drawn, in px.
const HERO_WIDTH: f32 = 640.0;

/// How much of it is shown, in px.
const HERO_TAIL: f32 = 452.0;

/// The first famous run of a scenario, replayed and drawn, as a link to itself.
fn hero_run(entry: &'static dyn Entry) -> Option<Markup> {
    let info = entry.info();
    let moment = info.moments.first()?;
    let variant = info.variant(moment.variant).ok()?;
    let values = info.values(variant, moment.parameters.iter().copied()).ok()?;
    let mut link = Link::new(entry, variant, values, 0);
    link.choices = split_choices(moment.choices);
    link.step = moment.step;
    let replayed = replay(&link);
    let scene = layout(replayed.run.trace(), replayed.step, &Style::for_width(HERO_WIDTH));
    Some(html! {
        figure.hero-run {
            a href=(href(&link.to_string())) aria-label=(text::hero_link(moment.title)) { (still(&scene, HERO_TAIL)) }
            figcaption { strong { (moment.title) } " " (moment.text) " " (text::HERO_CAPTION) }
        }
    })
}

fn card(entry: &'static dyn Entry) -> Markup {
    let info = entry.info();
    let broken = info.variants.iter().filter(|variant| variant.broken).count();
    html! {
        li.card-link {
            h3 { a href=(address(entry)) { (info.title) } }
            p { (info.claim) }
            p.card-meta { (text::variant_counts(info.variants.len(), broken)) }
        }
    }
}
