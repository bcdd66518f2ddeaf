//! The run as text: one sentence per event, in order. The screen reader's view of the diagram, and a way to go to any step.

use leptos::prelude::*;

use super::super::browser;
use super::super::live::{act, drawn, effect, live, memo};
use super::super::text;
use super::state::{Lab, rows_of};

/// How many lines stand before and behind the current one, until the reader asks for more: a long run would be a heavy page.
const REACH: usize = 80;

/// One event's line.
#[derive(Clone, PartialEq)]
struct Line {
    step: u32,
    time_ms: u64,
    lane: usize,
    node: String,
    sentence: String,
}

/// The panel. Lines are drawn once and kept while the run grows; moving the cursor touches two of them.
#[component]
pub fn Transcript() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let rows = lab.derive(0, |here| here.run.trace().events.len());
    let place = memo(move || lab.at.with(|at| at.place()));
    let current = Selector::new(move || lab.at.with(|at| at.step));
    let step = memo(move || lab.at.with(|at| at.step));
    let line = move |row: usize| {
        lab.read(|branch| {
            let trace = branch.run.trace();
            trace.events.get(row).map(|event| Line {
                step: event.step,
                time_ms: event.time_ms,
                lane: event.node.index() % 8 + 1,
                node: trace.lanes.get(event.node.index()).map_or_else(String::new, |lane| lane.id.clone()),
                sentence: event.sentence.clone(),
            })
        })
        .flatten()
    };
    let item = move |(_, row): (_, usize)| {
        let current = current.clone();
        line(row).map(|line| {
            let at = line.step;
            let here = {
                let current = current.clone();
                move || current.selected(&at)
            };
            view! {
                <li class="event" aria-current=live(move || here().then_some("step")) data-step=at>
                    <button type="button" class="event-button" on:click=act(move || lab.go(at))>
                        <span class="event-step">{at}</span>
                        <span class="event-node" data-lane=line.lane>{line.node}</span>
                        <span class="event-text">{line.sentence}</span>
                        <span class="event-time">{text::milliseconds(line.time_ms)}</span>
                    </button>
                </li>
            }
        })
    };
    let reach = RwSignal::new(REACH);
    let window = memo(move || {
        step.track();
        let row = lab.read(|branch| rows_of(branch.run.trace(), step.get()).start).unwrap_or(0);
        let (all, reach) = (rows.get(), reach.get());
        (row.saturating_sub(reach), (row + reach).min(all))
    });
    let more = move || reach.update(|reach| *reach *= 8);
    let edge = move |hidden: usize, words: fn(usize) -> String| {
        (hidden > 0)
            .then(|| view! { <button type="button" class="link-button" on:click=act(more)>{words(hidden)}</button> })
    };
    keep_in_view(lab, step, window);
    view! {
        <section class="panel transcript" aria-labelledby="transcript-title">
            <h2 id="transcript-title">{text::TRANSCRIPT}</h2>
            <p class="hint">{text::TRANSCRIPT_HINT}</p>
            {drawn(move || edge(window.get().0, text::earlier_lines))}
            <ol class="events" id="events" class:at-start=live(move || step.get() == 0)>
                <For
                    each=move || {
                        let place = place.get();
                        let (first, end) = window.get();
                        (first..end).map(move |row| (place, row))
                    }
                    key=|key| *key
                    children=item
                />
            </ol>
            {drawn(move || edge(rows.get() - window.get().1.min(rows.get()), text::later_lines))}
        </section>
    }
}

/// Scrolls the list, never the page, so that the current line shows.
fn keep_in_view(lab: Lab, step: Memo<u32>, window: Memo<(usize, usize)>) {
    effect(move || {
        let step = step.get();
        let row = lab.read(|branch| rows_of(branch.run.trace(), step).start).unwrap_or(0);
        request_animation_frame(move || {
            let Some(list) = browser::element("events") else { return };
            let child = list.children().item(row.saturating_sub(window.get_untracked().0) as u32);
            if let Some(child) = child.and_then(|child| wasm_bindgen::JsCast::dyn_into(child).ok()) {
                browser::show_inside(&list, &child);
            }
        });
    });
}
