//! The home page: what this is, a run to look at, the catalogue, how it works.

use maud::{Markup, html};

use crate::diagram::{Style, layout};
use crate::scenarios::run_string::{parse, replay};
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
                @if let Some(run) = hero_run() { (run) }
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

/// The famous run that is shown there.
const HERO_LINK: &str = "/two-phase-commit/gives-up?v=1&rev=2&run=cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p2-c,p3-c,c-p1+10,p1-c+10,c:ack,p2:decision";

/// That run, replayed and drawn, as a link to itself.
fn hero_run() -> Option<Markup> {
    let link = parse(HERO_LINK).ok()?;
    let replayed = replay(&link);
    let scene = layout(replayed.run.trace(), replayed.step, &Style::for_width(HERO_WIDTH));
    Some(html! {
        figure.hero-run {
            a href=(href(&link.to_string())) aria-label=(text::hero_link(text::HERO_RUN)) { (still(&scene, HERO_TAIL)) }
            figcaption { strong { (text::HERO_RUN) } " " (text::HERO_TEXT) " " (text::HERO_CAPTION) }
        }
    })
}

fn card(entry: &'static dyn Entry) -> Markup {
    let info = entry.info();
    let (variants, broken) = entry.counts();
    html! {
        li.card-link {
            h3 { a href=(address(entry)) { (info.title) } }
            p { (info.claim) }
            p.card-meta { (text::variant_counts(variants, broken)) }
        }
    }
}
