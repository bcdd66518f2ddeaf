//! Challenges: what the scenario dares the reader to bring about, judged at the step that is shown.

use maud::{Markup, html};

use crate::explore::challenge::{Judged, judge, proof};
use crate::scenarios::{Challenge, Variant};

use super::super::browser;
use super::super::icons::{Glyph, icon};
use super::super::text;
use super::bench::Bench;
use super::state::{Here, Spec};
use super::{explore, open};

/// How far past the last choice that a challenge allows it is still looked whether it was met: each step that is looked at is replayed.
const BEYOND: u32 = 40;

/// All of them.
pub fn panel(bench: Bench) -> Markup {
    bench.below.track();
    let info = bench.lab.info();
    let Some(about) = bench.lab.about().filter(|about| !about.challenges.is_empty()) else { return html! {} };
    let judged = |challenge: &Challenge| bench.lab.read(|here| judged(bench, challenge, &here)).unwrap_or(Judged::Open);
    html! {
        h2 #challenges-title { (text::CHALLENGES) }
        ol {
            @for (at, challenge) in about.challenges.iter().enumerate() {
                li.challenge {
                    h3 { (challenge.title) }
                    p { (challenge.text) }
                    @if let Ok(variant) = info.variant(challenge.variant) {
                        p.help { (text::challenge_bounds(variant.title, &challenge.budget, challenge.choices)) }
                    }
                    (verdict(judged(challenge)))
                    div.challenge-acts {
                        button.bar-button type="button" data-act="challenge" data-of=(at) { (text::CHALLENGE_TAKE) }
                        button.bar-button type="button" data-act="challenge-solve" data-of=(at) { (text::CHALLENGE_SOLVE) }
                    }
                    (hints(&challenge.hints, 1))
                }
            }
        }
    }
}

/// A run of another variant, or under other parameters, is no try.
fn judged(bench: Bench, challenge: &Challenge, here: &Here<'_>) -> Judged {
    match spec(bench, challenge) {
        Some((_, spec)) if spec == *here.spec => judge(challenge, here.run, here.step.min(challenge.choices + BEYOND)),
        _ => Judged::Open,
    }
}

fn spec(bench: Bench, challenge: &Challenge) -> Option<(&'static Variant, Spec)> {
    let info = bench.lab.info();
    let variant = info.variant(challenge.variant).ok()?;
    let values = info.values(variant, challenge.parameters.iter().copied()).ok()?;
    Some((variant, Spec { variant, values, seed: 0 }))
}

fn verdict(judged: Judged) -> Markup {
    match judged {
        Judged::Open => html! {},
        Judged::Over(why) => html! { p.challenge-over { (icon(Glyph::Warning)) " " (why) } },
        Judged::Solved { step } => html! {
            p.challenge-solved {
                (icon(Glyph::Check)) " " (text::challenge_solved(step)) " "
                button.link-button type="button" data-act="share" { (text::CHALLENGE_PROVE) }
            }
        },
    }
}

/// One after the other: the next stands inside the one before.
fn hints(hints: &[&str], number: usize) -> Markup {
    let Some((first, rest)) = hints.split_first() else { return html! {} };
    html! { details { summary { (text::challenge_hint(number)) } p { (first) } (self::hints(rest, number + 1)) } }
}

/// Opens a run in which a challenge can be met, from its start; with `solved`, asks the search for a shortest one that meets it.
pub fn start(bench: Bench, at: usize, solved: bool) {
    let lab = bench.lab;
    let Some(about) = lab.about() else { return };
    let Some(challenge) = about.challenges.get(at) else { return };
    let Some((variant, spec)) = spec(bench, challenge) else { return };
    lab.playing.set(false);
    let run = lab.entry.start(variant, &spec.values, spec.seed);
    let is_new = !lab.show_same(&spec, &[]);
    if is_new {
        lab.open(spec, run, 0, challenge.title);
    }
    // It stands right above the bench.
    if let Some(place) = browser::element("notice") {
        place.scroll_into_view();
    }
    if let (true, Some(link)) = (solved, open::here(lab)) {
        explore::put(bench, link, proof(challenge).to_string(), text::SEARCH_KIND_CHALLENGE, true);
    }
}
