//! What a lifeline knows at this step, with what has just changed; or what a message says.

use leptos::prelude::*;

use crate::diagram::{tone_class, tone_sign};
use crate::engine::{Change, ChoiceView, Message, MessageEnd, NodeId, NodeView, Status};

use super::super::live::{act, drawn, live, memo};
use super::super::text;
use super::state::{Here, Lab, Selected, Sight, lifeline, rows_of};

/// The panel.
#[component]
pub fn Inspector() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let sight = expect_context::<Sight>();
    let shown = memo(move || {
        lab.at.track();
        let selected = lab.selected.get();
        lab.read(|here| lifeline(selected, &here)).unwrap_or(NodeId(0))
    });
    let tabs = drawn(move || {
        let lanes = sight.lanes.get();
        let buttons: Vec<_> = lanes
            .into_iter()
            .enumerate()
            .map(|(at, (id, title))| {
                let node = NodeId(at as u8);
                view! {
                    <button
                        type="button"
                        class="lane-tab"
                        data-lane=(at % 8 + 1).to_string()
                        aria-pressed=live(move || (shown.get() == node).to_string())
                        title=title
                        on:click=act(move || lab.selected.set(Selected::Node(node)))
                    >
                        {id}
                    </button>
                }
            })
            .collect();
        view! {
            {buttons}
            <button
                type="button"
                class="lane-tab follow"
                aria-pressed=live(move || (lab.selected.get() == Selected::Follow).to_string())
                title=text::FOLLOW_HELP
                on:click=act(move || lab.selected.set(Selected::Follow))
            >
                {text::FOLLOW}
            </button>
        }
    });
    view! {
        <section class="panel inspector" aria-labelledby="inspector-title">
            <h2 id="inspector-title">{text::INSPECTOR}</h2>
            <div class="lane-tabs" role="group" aria-label=text::LIFELINES>{tabs}</div>
            <MessageCard lab sight />
            <NodeCard lab sight shown />
        </section>
    }
}

/// Everything about a lifeline that is not in its [`NodeView`].
#[derive(Clone, PartialEq, Default)]
struct Beside {
    title: String,
    vector: Vec<(String, u32)>,
    changes: Vec<Change>,
    log_before: usize,
}

fn beside(branch: &Here<'_>, node: NodeId) -> Beside {
    let trace = branch.run.trace();
    let rows = trace.rows_at_step(branch.step) as usize;
    let vector = trace.events[..rows].iter().rev().find(|event| event.node == node).map(|event| &event.clock);
    let ids = trace.lanes.iter().map(|lane| lane.id.clone());
    let changes = rows_of(trace, branch.step)
        .flat_map(|row| {
            let event = &trace.events[row];
            if event.node == node { event.changes.clone() } else { Vec::new() }
        })
        .collect();
    let before = branch.step.checked_sub(1).map(|step| branch.run.nodes(step));
    let log_before = before.and_then(|nodes| nodes.get(node.index()).map(|node| node.log.len()));
    Beside {
        title: trace.lanes.get(node.index()).map_or_else(String::new, |lane| lane.title.clone()),
        vector: vector.map(|clock| ids.zip(clock.iter().copied()).collect()).unwrap_or_default(),
        changes,
        log_before: log_before.unwrap_or(0),
    }
}

#[component]
fn NodeCard(lab: Lab, sight: Sight, shown: Memo<NodeId>) -> impl IntoView {
    let card = memo(move || {
        lab.at.track();
        let node = shown.get();
        let view = sight.nodes.with(|nodes| nodes.get(node.index()).cloned());
        view.and_then(|view| lab.read(|here| beside(&here, node)).map(|beside| (view, beside)))
    });
    move || card.get().map(|(view, beside)| node_card(view, beside))
}

fn node_card(view: NodeView, beside: Beside) -> impl IntoView {
    let Beside { title, vector, changes, log_before } = beside;
    let status = match view.status {
        Status::Up => text::RUNS,
        Status::Paused => text::PAUSED,
        Status::Crashed => text::DOWN,
    };
    let badge = view.badge.map(|badge| {
        view! { <span class=format!("badge {}", tone_class(badge.tone))>{tone_sign(badge.tone)} " " {badge.text}</span> }
    });
    let fields: Vec<_> = view
        .fields
        .into_iter()
        .map(|field| {
            let change = changes.iter().find(|change| change.field == field.name).cloned();
            let before = change.as_ref().map(|change| {
                let before = if change.before.is_empty() { text::NEW_FIELD.to_owned() } else { change.before.clone() };
                view! { <span class="before"><span class="visually-hidden">{text::WAS}</span>{before}</span> }
            });
            view! {
                <div class="field" class:is-changed=change.is_some()>
                    <dt>{field.name}</dt>
                    <dd>{before}<span class="value">{field.value}</span></dd>
                </div>
            }
        })
        .collect();
    let log = (!view.log.is_empty()).then(|| log_list(view.log, log_before));
    let timers: Vec<_> = view.timers.iter().map(|timer| text::timer(&timer.name, timer.due_ms)).collect();
    let timers = if timers.is_empty() { text::NO_TIMER.to_owned() } else { timers.join(", ") };
    let vector: Vec<_> = vector
        .into_iter()
        .map(|(id, count)| view! { <span class="tick"><span class="tick-id">{id}</span>{count}</span> })
        .collect();
    let clock = text::own_clock(view.local_ms, view.offset_ms, view.rate_permille);
    view! {
        <div class="card">
            <h3>{title} " " {badge} <span class="status">{status}</span></h3>
            <dl class="fields">{fields}</dl>
            {log}
            <dl class="clocks">
                <div class="field"><dt>{text::TIMERS}</dt><dd>{timers}</dd></div>
                <div class="field"><dt>{text::CLOCK}</dt><dd>{clock}</dd></div>
                <div class="field"><dt>{text::VECTOR_CLOCK}</dt><dd class="vector">{vector}</dd></div>
            </dl>
        </div>
    }
}

fn log_list(log: Vec<String>, before: usize) -> impl IntoView {
    let records: Vec<_> = log
        .into_iter()
        .enumerate()
        .map(|(at, record)| {
            let fresh = at >= before;
            view! {
                <li class:is-changed=fresh>
                    {record} {fresh.then(|| view! { <span class="fresh">{text::NEW_RECORD}</span> })}
                </li>
            }
        })
        .collect();
    view! {
        <div class="log">
            <h4>{text::LOG}</h4>
            <ol>{records}</ol>
        </div>
    }
}

#[component]
fn MessageCard(lab: Lab, sight: Sight) -> impl IntoView {
    let card = memo(move || {
        lab.at.track();
        let Selected::Message(id) = lab.selected.get() else { return None };
        let found = lab.read(|branch| {
            let trace = branch.run.trace();
            let rows = trace.rows_at_step(branch.step);
            let message = trace.messages.get(id as usize).filter(|message| message.sent_row < rows)?;
            Some((message.clone(), rows))
        });
        found.flatten().map(|(message, rows)| {
            let choices: Vec<ChoiceView> =
                sight.choices.with(|all| all.iter().filter(|choice| choice.message == Some(id)).cloned().collect());
            (message, rows, choices)
        })
    });
    move || card.get().map(|(message, rows, choices)| message_card(lab, sight, message, rows, choices))
}

fn message_card(lab: Lab, sight: Sight, message: Message, rows: u32, choices: Vec<ChoiceView>) -> impl IntoView {
    let state = match message.end {
        MessageEnd::Delivered { row } if row < rows => text::MESSAGE_DELIVERED.to_owned(),
        MessageEnd::Lost { row, cause } if row < rows => text::message_lost(cause),
        _ => text::MESSAGE_IN_FLIGHT.to_owned(),
    };
    let acts: Vec<_> = choices
        .into_iter()
        .filter(|choice| choice.disabled.is_none())
        .map(|choice| {
            view! {
                <button type="button" class="chip" aria-label=choice.label on:click=act(move || lab.take(&choice.name))>
                    {choice.verb}
                </button>
            }
        })
        .collect();
    view! {
        <div class="card message-card">
            <h3>
                {message.label} <span class="route">{text::route(&sight.id(message.from), &sight.id(message.to))}</span>
                <button type="button" class="link-button" on:click=act(move || lab.selected.set(Selected::Follow))>
                    {text::CLOSE}
                </button>
            </h3>
            <p class="mono">{message.body}</p>
            <p>{text::sent_at(message.sent_ms)} " " {state} {message.copy_of.map(|_| text::MESSAGE_IS_COPY)}</p>
            <div class="chips">{acts}</div>
        </div>
    }
}
