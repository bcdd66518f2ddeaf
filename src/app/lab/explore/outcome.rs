//! How far the search is and what it says: words, numbers, a chart of the states by depth, what was found, the map.

use maud::{Markup, html};

use crate::explore::End;
use crate::explore::message::{Course, Report};

use super::super::super::icons::{Glyph, icon};
use super::super::super::text;
use super::super::bench::Bench;
use super::{Asked, map};

/// Width of a bar of the chart and height of the chart, in its own units.
const CHART: (usize, u64) = (10, 1_000);

/// The right half of the dialog.
pub fn panel(bench: Bench, asked: &Asked) -> Markup {
    let report = match &asked.told {
        Ok(report) => report,
        Err(words) => {
            return html! { div.explore-answer.is-trouble { (icon(Glyph::Warning)) p role="status" { (words) } } };
        }
    };
    html! {
        (answer(asked, report))
        @if report.figures.states > 0 {
            dl.explore-figures {
                @for (what, much) in text::search_figures(report) { div { dt { (what) } dd { (much) } } }
            }
            (chart(report))
        }
        @match &report.map {
            Some(map) => (map::section(bench, asked, map)),
            None if !asked.is_going() && report.figures.states > 0 => p.help { (text::map_too_large()) },
            None => {},
        }
    }
}

/// How it stands: a class, a picture, and whether it is settled.
fn look(report: &Report) -> (&'static str, Glyph) {
    match report.course {
        Course::Going => ("is-going", Glyph::Hourglass),
        _ if !report.findings.is_empty() => ("is-found", Glyph::Cross),
        Course::Ended(End::Exhausted) => ("is-complete", Glyph::Check),
        _ => ("is-open", Glyph::Warning),
    }
}

fn answer(asked: &Asked, report: &Report) -> Markup {
    let (class, glyph) = look(report);
    html! {
        div class={ "explore-answer " (class) } {
            (icon(glyph))
            @if asked.is_going() {
                p aria-hidden="true" { (text::searching(report)) }
                p.visually-hidden role="status" { (text::searching_said(report)) }
            } @else {
                p role="status" { (report.words) " " span.help { (text::search_took(report.ms)) } }
                @for (at, found) in (0_u32..).zip(&report.findings) {
                    p.explore-finding {
                        (found.words) " "
                        button.bar-button type="button" data-act="explore-show" data-of=(at) { (text::SEARCH_SHOW) }
                    }
                    @if !found.hangs_on.is_empty() { p { strong { (text::SEARCH_HANGS_ON) } " " (found.hangs_on) } }
                }
            }
        }
    }
}

/// States by depth as bars; what waits to be looked behind is the hatched part on top.
fn chart(report: &Report) -> Markup {
    let layers = &report.layers;
    let most = layers.iter().map(|(states, _)| *states).max().unwrap_or(1).max(1);
    let height = |count: u32| u64::from(count) * CHART.1 / u64::from(most);
    let bar = |at: usize, bottom: u64, height: u64| {
        format!("M{} {}v-{height}h8v{height}z", at * CHART.0 + 1, CHART.1 - bottom)
    };
    let (mut done, mut open) = (String::new(), String::new());
    for (at, (states, waiting)) in layers.iter().enumerate() {
        let waits = (*waiting).min(*states);
        done += &bar(at, 0, height(states - waits));
        if waits > 0 {
            open += &bar(at, height(states - waits), height(waits));
        }
    }
    html! {
        figure.explore-chart {
            svg viewBox=(format!("0 0 {} {}", layers.len() * CHART.0, CHART.1)) preserveAspectRatio="none" aria-hidden="true" focusable="false" {
                path.chart-done d=(done) {}
                path.chart-open d=(open) {}
            }
            figcaption { (text::layers(layers)) }
            details {
                summary { (text::SEARCH_BY_DEPTH) }
                table {
                    thead { tr { th scope="col" { (text::SEARCH_CHOICES_COLUMN) } th scope="col" { (text::SEARCH_STATES_COLUMN) } th scope="col" { (text::SEARCH_WAITING_COLUMN) } } }
                    tbody { @for (at, (states, waiting)) in layers.iter().enumerate() { tr { th scope="row" { (at) } td { (states) } td { (waiting) } } } }
                }
            }
        }
    }
}

/// On the bench, while the dialog is closed: how far the search is, or what came of it.
pub fn strip(bench: Bench) -> Markup {
    let explore = bench.explore;
    if explore.open.get() || !explore.is_told.get() {
        return html! {};
    }
    let Some(asked) = explore.asked.get() else { return html! {} };
    let (class, glyph, words) = match &asked.told {
        Ok(report) => {
            let (class, glyph) = look(report);
            let found = report.findings.first().map_or("", |found| &found.words);
            (class, glyph, if asked.is_going() { text::searching(report) } else { format!("{} {found}", report.words) })
        }
        Err(words) => ("is-trouble", Glyph::Warning, words.clone()),
    };
    html! {
        div class={ "explore-strip explore-answer " (class) } {
            (icon(glyph))
            p { (words) }
            @if asked.is_going() {
                button.bar-button type="button" data-act="explore-cancel" { (text::SEARCH_CANCEL) }
            }
            button.bar-button type="button" data-act="explore" { (text::SEARCH_DETAILS) }
            button.bar-button type="button" data-act="explore-hide" { (text::CLOSE) }
        }
    }
}
