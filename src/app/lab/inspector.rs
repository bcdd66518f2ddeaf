//! What a lifeline knows at this step, with what has just changed; or what a message says.

use maud::{Markup, html};

use crate::diagram::{tone_class, tone_sign};
use crate::engine::{Change, MessageEnd, NodeId, NodeView, Status};

use super::super::text;
use super::bench::Bench;
use super::state::{Here, Selected, lifeline, rows_of};

/// The panel. A step does not wait for it.
pub fn panel(bench: Bench) -> Markup {
    let at = bench.later.get();
    let selected = bench.lab.selected.get();
    let cards = bench.lab.read_at(at, |here| {
        let shown = lifeline(selected, &here);
        let nodes = here.run.nodes(here.step);
        html! {
            div.lane-tabs role="group" aria-label=(text::LIFELINES) { (tabs(&here, shown, selected)) }
            @if let Selected::Message(id) = selected { (message_card(&here, id)) }
            @if let Some(view) = nodes.get(shown.index()) { (node_card(shown, view, &Beside::of(&here, shown))) }
        }
    });
    html! {
        h2 #inspector-title { (text::INSPECTOR) }
        @if let Some(cards) = cards { (cards) }
    }
}

fn tabs(here: &Here<'_>, shown: NodeId, selected: Selected) -> Markup {
    html! {
        @for (at, lane) in here.run.trace().lanes.iter().enumerate() {
            button.lane-tab type="button" data-lane=(at % 8 + 1) aria-pressed=(at == shown.index()) title=(lane.title)
                data-act="lane" data-of=(at) {
                (lane.id)
            }
        }
        button.lane-tab.follow type="button" aria-pressed=(selected == Selected::Follow) title=(text::FOLLOW_HELP)
            data-act="follow" {
            (text::FOLLOW)
        }
    }
}

/// Everything about a lifeline that is not in its [`NodeView`].
struct Beside<'a> {
    title: &'a str,
    vector: Vec<(&'a str, u32)>,
    changes: Vec<&'a Change>,
    log_before: usize,
}

impl<'a> Beside<'a> {
    fn of(here: &Here<'a>, node: NodeId) -> Self {
        let trace = here.run.trace();
        let rows = trace.rows_at_step(here.step) as usize;
        let clock = trace.events[..rows].iter().rev().find(|event| event.node == node).map(|event| &event.clock);
        let ids = trace.lanes.iter().map(|lane| lane.id.as_str());
        let now = trace.events[rows_of(trace, here.step)].iter().filter(|event| event.node == node);
        let before = here.step.checked_sub(1).map(|step| here.run.nodes(step));
        let log_before = before.and_then(|nodes| nodes.get(node.index()).map(|node| node.log.len()));
        Beside {
            title: trace.lanes.get(node.index()).map_or("", |lane| lane.title.as_str()),
            vector: clock.map(|clock| ids.zip(clock.iter().copied()).collect()).unwrap_or_default(),
            changes: now.flat_map(|event| &event.changes).collect(),
            log_before: log_before.unwrap_or(0),
        }
    }
}

fn node_card(node: NodeId, view: &NodeView, beside: &Beside<'_>) -> Markup {
    let status = match view.status {
        Status::Up => text::RUNS,
        Status::Paused => text::PAUSED,
        Status::Crashed => text::DOWN,
    };
    let timers: Vec<_> = view.timers.iter().map(|timer| text::timer(&timer.name, timer.due_ms)).collect();
    html! {
        div.card data-key=(node.0) {
            h3 {
                (beside.title) " "
                @if let Some(badge) = &view.badge {
                    span class={ "badge " (tone_class(badge.tone)) } { (tone_sign(badge.tone)) " " (badge.text) }
                }
                " " span.status { (status) }
            }
            dl.fields {
                @for field in &view.fields {
                    (node_field(&field.name, &field.value, beside.changes.iter().find(|change| change.field == field.name)))
                }
            }
            @if !view.log.is_empty() { (log(&view.log, beside.log_before)) }
            dl.clocks {
                div.field {
                    dt { (text::TIMERS) }
                    dd { @if timers.is_empty() { (text::NO_TIMER) } @else { (timers.join(", ")) } }
                }
                div.field {
                    dt { (text::CLOCK) }
                    dd { (text::own_clock(view.local_ms, view.offset_ms, view.rate_permille)) }
                }
                div.field {
                    dt { (text::VECTOR_CLOCK) }
                    dd.vector {
                        @for (id, count) in &beside.vector { span.tick { span.tick-id { (id) } (count) } }
                    }
                }
            }
        }
    }
}

fn node_field(name: &str, value: &str, change: Option<&&Change>) -> Markup {
    html! {
        div.field.is-changed[change.is_some()] {
            dt { (name) }
            dd {
                @if let Some(change) = change {
                    span.before {
                        span.visually-hidden { (text::WAS) }
                        @if change.before.is_empty() { (text::NEW_FIELD) } @else { (change.before) }
                    }
                }
                span.value { (value) }
            }
        }
    }
}

fn log(log: &[String], before: usize) -> Markup {
    html! {
        div.log {
            h4 { (text::LOG) }
            ol {
                @for (at, record) in log.iter().enumerate() {
                    li.is-changed[at >= before] {
                        (record) @if at >= before { " " span.fresh { (text::NEW_RECORD) } }
                    }
                }
            }
        }
    }
}

/// A message that has been sent by now, and what may befall it.
fn message_card(here: &Here<'_>, id: u32) -> Markup {
    let trace = here.run.trace();
    let rows = trace.rows_at_step(here.step);
    let Some(message) = trace.messages.get(id as usize).filter(|message| message.sent_row < rows) else {
        return html! {};
    };
    let state = match message.end {
        MessageEnd::Delivered { row } if row < rows => text::MESSAGE_DELIVERED.to_owned(),
        MessageEnd::Lost { row, cause } if row < rows => text::message_lost(cause),
        _ => text::MESSAGE_IN_FLIGHT.to_owned(),
    };
    let choices = here.run.choices(here.step);
    let acts = choices.iter().filter(|choice| choice.message == Some(id) && choice.disabled.is_none());
    html! {
        div.card.message-card {
            h3 {
                (message.label) " " span.route { (text::route(&here.lane_id(message.from), &here.lane_id(message.to))) }
                button.link-button type="button" data-act="follow" { (text::CLOSE) }
            }
            p.mono { (message.body) }
            p {
                (text::sent_at(message.sent_ms)) " " (state)
                @if message.copy_of.is_some() { " " (text::MESSAGE_IS_COPY) }
            }
            div.chips {
                @for choice in acts {
                    button.chip type="button" aria-label=(choice.label) data-act="take" data-choice=(choice.name) {
                        (choice.verb)
                    }
                }
            }
        }
    }
}
