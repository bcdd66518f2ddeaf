//! The run as text: one sentence per event, in order. The screen reader's view of the diagram, and a way to go to any step.

use maud::{Markup, html};

use crate::engine::{BranchId, Event, Trace};

use super::super::signal::Derived;
use super::super::text;
use super::bench::Bench;
use super::state::rows_of;

/// How many lines stand before and behind the current one at least, until the reader asks for more: a long run would be a heavy page.
pub const REACH: u32 = 40;
/// The list is moved on by so many lines at a time, so that most steps leave it as it is.
const CHUNK: u32 = 40;
/// How many times as many lines stand in the list when more are asked for.
pub const MORE: u32 = 8;

/// The lines that stand in the list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Whose lines they are.
    place: (u32, BranchId),
    first: u32,
    end: u32,
    /// How many there are in all.
    all: u32,
}

/// What the list shows, derived once per step; the list is drawn anew only where it changes.
pub fn window(bench: Bench) -> Derived<Window> {
    Derived::new(move || {
        let at = bench.below.get();
        let reach = bench.reach.get();
        let rows = bench.lab.read_at(at, |here| {
            let trace = here.run.trace();
            (rows_of(trace, at.step).start as u32, trace.events.len() as u32)
        });
        let (row, all) = rows.unwrap_or_default();
        let first = row.saturating_sub(reach) / CHUNK * CHUNK;
        let end = ((row + reach) / CHUNK + 1) * CHUNK;
        Window { place: at.place(), first, end: end.min(all), all }
    })
}

/// The panel.
pub fn panel(bench: Bench, window: Derived<Window>) -> Markup {
    let Window { place: (folder, BranchId(branch)), first, end, all } = window.get();
    let lines = bench.lab.read(|here| {
        let trace = here.run.trace();
        let events = trace.events.get(first as usize..end as usize).unwrap_or_default();
        html! { @for (row, event) in (first..).zip(events) { (line(trace, row, event)) } }
    });
    html! {
        h2 #transcript-title { (text::TRANSCRIPT) }
        p.hint { (text::TRANSCRIPT_HINT) }
        @if first > 0 { (more(&text::earlier_lines(first))) }
        ol #events.events data-key=(format!("{folder}.{branch}")) { @if let Some(lines) = lines { (lines) } }
        @if end < all { (more(&text::later_lines(all - end))) }
    }
}

fn more(words: &str) -> Markup {
    html! { button.link-button type="button" data-act="more-lines" { (words) } }
}

fn line(trace: &Trace, row: u32, event: &Event) -> Markup {
    let lane = event.node.index();
    html! {
        li.event data-key=(row) data-step=(event.step) {
            button.event-button type="button" data-act="go" data-of=(event.step) {
                span.event-step { (event.step) }
                span.event-node data-lane=(lane % 8 + 1) { @if let Some(lane) = trace.lanes.get(lane) { (lane.id) } }
                span.event-text { (event.sentence) }
                span.event-time { (text::milliseconds(event.time_ms)) }
            }
        }
    }
}
