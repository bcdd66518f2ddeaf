//! The page that says how far the simulators can be trusted: what the search found in every variant, what is left out, and whom the models follow.

use leptos::prelude::expect_context;
use maud::{Markup, html};

use crate::explore::{Question, What, reads_as};
use crate::scenarios::{Entry, Info, catalogue};

use super::library::{Library, once_here};
use super::live::part;
use super::nav::href;
use super::text;

/// What the search finds in every variant: regenerated and compared by tests, so it is true of this very build.
const EXPLORED: &str = "explored.tsv";

/// How to read that, a sentence a line.
const HOW_TO_READ: &str = "texts/en/fidelity.txt";

/// One row of it.
struct Row<'a> {
    /// Its title.
    variant: &'a str,
    /// Parameters that differ from the defaults; empty where none does.
    given: &'a str,
    question: Question,
    states: &'a str,
    depth: &'a str,
    /// What was found: (what it shows, the run string of the run that shows it).
    findings: Vec<(&'a str, &'a str)>,
}

impl<'a> Row<'a> {
    fn of(line: &'a str, info: &Info) -> Option<Row<'a>> {
        let cells: Vec<&str> = line.split('\t').collect();
        let [scenario, _, given, question, states, _, depth, _, findings, variant] = cells[..] else { return None };
        if scenario != info.id {
            return None;
        }
        Some(Row {
            variant,
            given: if given == "-" { "" } else { given },
            question: Question::parse(question).ok()?,
            states,
            depth,
            findings: findings.split(" | ").filter_map(|finding| finding.split_once(' ')).collect(),
        })
    }

    /// Whether this is a question of liveness.
    fn asks_for_blocks(&self) -> bool {
        self.question.what == What::Block
    }
}

/// The page, which fills as its texts arrive.
pub fn page() -> Markup {
    let library = expect_context::<Library>();
    part("how-to-read", move || {
        once_here(
            library.text(HOW_TO_READ),
            |text| html! { ul.plain { @for words in text.lines() { li { (words) } } } },
        )
    });
    part("explored", move || html! { @for entry in catalogue() { (scenario(*entry, library)) } });
    html! {
        article.fidelity {
            header { h1 { (text::FIDELITY) } p.lede { (text::FIDELITY_LEDE) } }
            section aria-labelledby="words-title" {
                h2 #words-title { (text::FIDELITY_WORDS_TITLE) }
                div #how-to-read {}
            }
            div #explored {}
        }
    }
}

fn scenario(entry: &'static dyn Entry, library: Library) -> Markup {
    let info = entry.info();
    html! {
        section {
            h2 { a href=(href(&format!("/{}", info.id))) { (info.title) } }
            (once_here(library.text(EXPLORED), |table| explored(info, table)))
            (once_here(library.about(info), |about| html! {
                h3 { (text::LEFT_OUT) }
                ul.plain { @for words in &about.left_out { li { (words) } } }
                h3 { (text::SOURCES) }
                ul.plain { @for (title, place) in &about.sources { li { cite { (title) } ", " (place) } } }
            }))
        }
    }
}

fn explored(info: &Info, table_of_all: &'static str) -> Markup {
    let rows: Vec<Row> = table_of_all.lines().filter_map(|line| Row::of(line, info)).collect();
    let (blocks, breaks): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(Row::asks_for_blocks);
    html! {
        (table(info, text::FIDELITY_BREAKS, &breaks))
        (table(info, text::FIDELITY_BLOCKS, &blocks))
    }
}

fn table(info: &Info, caption: &str, rows: &[Row]) -> Markup {
    html! {
        @if !rows.is_empty() {
            div.table-frame tabindex="0" role="region" aria-label={ (info.title) ": " (caption) } {
                table.explored {
                    caption { (caption) }
                    thead {
                        tr {
                            th scope="col" { (text::VARIANT) }
                            th scope="col" { (text::RESULT) }
                            th scope="col" { (text::BUDGET) }
                            th.count scope="col" { (text::STATES) }
                            th.count scope="col" { (text::DEPTH) }
                        }
                    }
                    tbody { @for row in rows { (line(row)) } }
                }
            }
        }
    }
}

fn line(row: &Row) -> Markup {
    let states = row.states.parse().map_or_else(|_| row.states.to_owned(), reads_as::number);
    html! {
        tr {
            th scope="row" { (row.variant) @if !row.given.is_empty() { span.given { (row.given) } } }
            td.result {
                @if row.findings.is_empty() {
                    span.held { (if row.asks_for_blocks() { text::NEVER_BLOCKS } else { text::ALL_HOLD }) }
                }
                @for (shows, run) in &row.findings {
                    a class=(if row.asks_for_blocks() { "blocks" } else { "broken" }) href=(href(run)) {
                        (text::shown_by(shows.split(':').next().unwrap_or(shows), row.asks_for_blocks()))
                    }
                }
            }
            td { (reads_as::bounds(&row.question.bounds)) }
            td.count { (states) }
            td.count { (row.depth) }
        }
    }
}
