//! The same order of statements under every database and level: what comes of it, as a table of links.

use maud::{Markup, html};

use crate::engine::{Exhibit, Run, Tone, VerdictState, run_out};
use crate::scenarios::run_string::Link;
use crate::scenarios::{Grid, Parameter, ParameterKind, isolation};

use super::super::icons::{Glyph, icon};
use super::super::nav::href;
use super::super::signal::Derived;
use super::super::text;
use super::bench::Bench;
use super::state::{Here, choices_of};

/// What the table is made of: it is made anew when this changes, and not for a step.
#[derive(Clone, PartialEq)]
pub struct Asked {
    fragment: String,
    shown: (String, String),
}

/// What the table is made of; `None` for a scenario without one.
pub fn asked(bench: Bench) -> Derived<Option<Asked>> {
    bench.lab.derive(bench.below, None, move |here| {
        let grid = bench.lab.entry.grid()?;
        let value = |id: &str| here.spec.values.text(id).to_owned();
        let mut link = Link::new(bench.lab.entry, here.spec.variant, here.spec.values.clone(), here.spec.seed);
        link.choices = choices_of(here.run);
        Some(Asked { fragment: link.run_string(), shown: (value(grid.rows), value(grid.columns)) })
    })
}

/// The table.
pub fn panel(bench: Bench, asked: Derived<Option<Asked>>) -> Markup {
    let (Some(grid), Some(asked)) = (bench.lab.entry.grid(), asked.get()) else { return html! {} };
    bench.lab.read(|here| table(bench, &here, grid, &asked)).unwrap_or_default()
}

fn options(bench: Bench, id: &str) -> Option<(&'static Parameter, &'static [(&'static str, &'static str)])> {
    let parameter = bench.lab.info().parameters.iter().find(|parameter| parameter.id == id)?;
    match parameter.kind {
        ParameterKind::OneOf(options) => Some((parameter, options)),
        _ => None,
    }
}

fn table(bench: Bench, here: &Here<'_>, grid: Grid, asked: &Asked) -> Markup {
    let (Some((rows, engines)), Some((columns, levels))) = (options(bench, grid.rows), options(bench, grid.columns))
    else {
        return html! {};
    };
    html! {
        h2 #levels-title { (text::LEVELS) }
        p.help { (text::LEVELS_HELP) }
        div.sheet-frame tabindex="0" role="group" aria-label=(text::LEVELS) {
            table.levels-table {
                thead {
                    tr {
                        th scope="col" { (rows.label) }
                        @for (_, label) in levels { th scope="col" { (label) } }
                    }
                }
                tbody {
                    @for (engine, label) in engines {
                        tr {
                            th scope="row" { (label) }
                            @for (level, _) in levels {
                                @let is_shown = asked.shown == ((*engine).to_owned(), (*level).to_owned());
                                @if (grid.has)(engine, level) {
                                    (cell(bench, here, &[(rows.id, engine), (columns.id, level)], is_shown))
                                } @else { td { (text::NO_SUCH_LEVEL) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What comes of the run under other values, run to its end.
fn cell(bench: Bench, here: &Here<'_>, given: &[(&str, &str)], is_shown: bool) -> Markup {
    let pick = |(id, old)| (id, given.iter().find(|(other, _)| *other == id).map_or(old, |(_, value)| *value));
    let all: Vec<(&str, &str)> = here.spec.values.iter().map(pick).collect();
    let Ok(values) = bench.lab.info().values(here.spec.variant, all) else { return html! { td {} } };
    let start = bench.lab.entry.start(here.spec.variant, &values, here.spec.seed);
    let run = run_out(start, &choices_of(here.run));
    let link = Link::new(bench.lab.entry, here.spec.variant, values, here.spec.seed).with_run(&*run);
    let (class, glyph, words) = outcome(&*run);
    html! {
        td.is-shown[is_shown] {
            a.outcome.(class) href=(href(&link.to_string())) aria-current=[is_shown.then_some("true")] {
                (icon(glyph)) " " span.outcome-word { (words) }
                @for remark in remarks(&*run) { span.outcome-remark { (remark) } }
            }
        }
    }
}

/// How a run ended, in a word.
pub fn outcome(run: &dyn Run) -> (&'static str, Glyph, String) {
    let step = run.steps();
    let verdicts = run.verdicts(step);
    let is_broken = verdicts.iter().any(|verdict| matches!(verdict.state, VerdictState::Violated { .. }));
    let is_stuck = verdicts.iter().any(|verdict| matches!(verdict.state, VerdictState::Blocked(_)));
    let graph = run.exhibits(step).into_iter().find_map(|exhibit| match exhibit {
        Exhibit::Graph(graph) => Some(graph),
        Exhibit::Table(_) | Exhibit::Plan(_) => None,
    });
    let verdict = if is_broken { text::VIOLATED } else { text::HOLDS };
    let words = graph.map_or_else(|| verdict.to_owned(), |graph| graph.verdict);
    match (is_broken, is_stuck) {
        (true, _) => ("is-violated", Glyph::Cross, words),
        (false, true) => ("is-blocked", Glyph::Barrier, text::BLOCKED.to_owned()),
        (false, false) => ("is-good", Glyph::Check, words),
    }
}

/// What it took: who was refused, who had to wait.
pub fn remarks(run: &dyn Run) -> Vec<String> {
    let trace = run.trace();
    let mut out = Vec::new();
    for event in &trace.events {
        let id = trace.lanes[event.node.index()].id.as_str();
        let words = if event.marks.contains(&isolation::FAILED) {
            text::refused(id, &event.label)
        } else if event.marks.contains(&isolation::WAITS) {
            text::SOMEBODY_WAITED.to_owned()
        } else {
            continue;
        };
        if !out.contains(&words) {
            out.push(words);
        }
    }
    let last = run.nodes(run.steps());
    let gave_up =
        last.iter().filter_map(|node| node.badge.as_ref()).filter(|badge| badge.tone == Tone::Stopped).count();
    if gave_up > 0 && out.is_empty() {
        out.push(text::ROLLED_BACK.to_owned());
    }
    out
}
