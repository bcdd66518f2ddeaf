//! Invariants and goals, always in view with how they stand; who is blocked, on what, and what would free them; the figures.

use maud::{Markup, html};

use crate::engine::{NodeView, Verdict, VerdictKind, VerdictState};

use super::super::icons::{Glyph, icon};
use super::super::text;
use super::bench::Bench;
use super::state::Here;

/// The panel.
pub fn panel(bench: Bench) -> Markup {
    bench.lab.at.track();
    bench.lab.read(|here| standing(&here)).unwrap_or_default()
}

fn standing(here: &Here<'_>) -> Markup {
    let verdicts = here.run.verdicts(here.step);
    let is_broken = |verdict: &&Verdict| matches!(verdict.state, VerdictState::Violated { .. });
    let broken = verdicts.iter().filter(is_broken).count();
    html! {
        h2 #verdicts-title { (text::VERDICTS) }
        p.verdict-summary.is-broken[broken > 0] { (text::verdict_summary(broken)) }
        ul.verdict-list { @for verdict in &verdicts { (item(here, verdict)) } }
        ul.blocked-list { @for node in here.run.nodes(here.step) { (blocked(here, &node)) } }
        button.link-button type="button" data-act="explore" data-of="here" { (text::SEARCH_FROM_HERE) }
    }
}

fn item(here: &Here<'_>, verdict: &Verdict) -> Markup {
    let (class, glyph, word) = match &verdict.state {
        VerdictState::Holds if verdict.kind == VerdictKind::Goal => ("is-good", Glyph::Check, text::REACHED),
        VerdictState::Holds => ("is-good", Glyph::Check, text::HOLDS),
        VerdictState::Open(_) => ("is-open", Glyph::Hourglass, text::OPEN),
        VerdictState::Blocked(_) => ("is-blocked", Glyph::Barrier, text::BLOCKED),
        VerdictState::Violated { .. } => ("is-violated", Glyph::Cross, text::VIOLATED),
    };
    let (detail, step) = match &verdict.state {
        VerdictState::Holds => (None, None),
        VerdictState::Open(words) | VerdictState::Blocked(words) => (Some(words.as_str()), None),
        VerdictState::Violated { violation } => {
            let found = here.run.trace().violations.get(*violation as usize);
            (found.map(|found| found.sentence.as_str()), found.map(|found| found.step))
        }
    };
    html! {
        li class={ "verdict " (class) } data-verdict=(verdict.id) {
            (icon(glyph))
            span.verdict-id { (verdict.id.to_ascii_uppercase()) }
            span.verdict-word { (word) }
            span.verdict-text { (verdict.text) }
            @if let Some(words) = detail {
                p.verdict-detail {
                    (words) " "
                    @if let Some(step) = step {
                        button.link-button type="button" data-act="go" data-of=(step) { (text::go_to_step(step)) }
                        " " button.link-button type="button" data-act="explore-shorten" data-of=(verdict.id) { (text::SEARCH_SHORTEN) }
                    }
                }
            }
        }
    }
}

/// Who waits, on what, for whom, what they hold meanwhile, and what would free them.
fn blocked(here: &Here<'_>, node: &NodeView) -> Markup {
    let Some(blocked) = &node.blocked else { return html! {} };
    let by: Vec<String> = blocked.by.iter().map(|node| here.lane_id(*node)).collect();
    html! {
        li.blocked {
            p { (icon(Glyph::Barrier)) strong { (text::is_blocked(&here.lane_id(node.node), &blocked.on, &by)) } }
            @if !blocked.holds.is_empty() { p { (text::holds(&blocked.holds)) } }
            p { (text::freed_by(&blocked.frees)) }
        }
    }
}

/// Counts against what the literature gives.
pub fn figures(bench: Bench) -> Markup {
    let at = bench.below.get();
    let figures = bench.lab.read_at(at, |here| here.run.figures(here.step)).unwrap_or_default();
    if figures.is_empty() {
        return html! {};
    }
    // The literature counts messages of commit protocols, and nothing of locks.
    let is_published = figures.iter().any(|figure| !figure.published.is_empty());
    html! {
        h2 #figures-title { (text::FIGURES) }
        table {
            thead {
                tr {
                    th scope="col" { (text::FIGURE_WHAT) }
                    th scope="col" { (text::FIGURE_HERE) }
                    @if is_published { th scope="col" { (text::FIGURE_PUBLISHED) } }
                }
            }
            tbody {
                @for figure in figures {
                    tr {
                        th scope="row" { (figure.label) }
                        td.figure-value { (figure.value) }
                        @if is_published { td { (figure.published) } }
                    }
                }
            }
        }
    }
}
