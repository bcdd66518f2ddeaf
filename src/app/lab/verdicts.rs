//! Invariants and goals, always in view with how they stand; who is blocked, on what, and what would free them; the figures.

use leptos::prelude::*;

use crate::engine::{NodeView, Verdict, VerdictKind, VerdictState};

use super::super::icons::{Glyph, Icon};
use super::super::live::{act, drawn, live};
use super::super::text;
use super::state::{Lab, Sight};

/// The panel.
#[component]
pub fn Verdicts() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let sight = expect_context::<Sight>();
    let summary = live(move || {
        let broken = sight.verdicts.with(|verdicts| {
            verdicts.iter().filter(|verdict| matches!(verdict.state, VerdictState::Violated { .. })).count()
        });
        text::verdict_summary(broken)
    });
    let broken = live(move || {
        sight
            .verdicts
            .with(|verdicts| verdicts.iter().any(|verdict| matches!(verdict.state, VerdictState::Violated { .. })))
    });
    view! {
        <section class="panel verdicts" class:is-broken=broken aria-labelledby="verdicts-title">
            <h2 id="verdicts-title">{text::VERDICTS}</h2>
            <p class="verdict-summary">{summary}</p>
            <ul class="verdict-list">
                <For each=move || sight.verdicts.get() key=|verdict| (verdict.id, verdict.state_key()) let:verdict>
                    {verdict_item(lab, &verdict)}
                </For>
            </ul>
            <BlockedNodes sight />
        </section>
    }
}

trait StateKey {
    /// Tells apart what must be drawn anew.
    fn state_key(&self) -> String;
}

impl StateKey for Verdict {
    fn state_key(&self) -> String {
        match &self.state {
            VerdictState::Holds => String::new(),
            VerdictState::Open(missing) => format!("o{missing}"),
            VerdictState::Blocked(why) => format!("b{why}"),
            VerdictState::Violated { violation } => format!("v{violation}"),
        }
    }
}

fn verdict_item(lab: Lab, verdict: &Verdict) -> impl IntoView + use<> {
    let (class, glyph, word) = match &verdict.state {
        VerdictState::Holds if verdict.kind == VerdictKind::Goal => ("verdict is-good", Glyph::Check, text::REACHED),
        VerdictState::Holds => ("verdict is-good", Glyph::Check, text::HOLDS),
        VerdictState::Open(_) => ("verdict is-open", Glyph::Hourglass, text::OPEN),
        VerdictState::Blocked(_) => ("verdict is-blocked", Glyph::Barrier, text::BLOCKED),
        VerdictState::Violated { .. } => ("verdict is-violated", Glyph::Cross, text::VIOLATED),
    };
    let detail = match &verdict.state {
        VerdictState::Holds => None,
        VerdictState::Open(words) | VerdictState::Blocked(words) => Some((words.clone(), None)),
        VerdictState::Violated { violation } => lab
            .read(|branch| {
                let found = branch.run.trace().violations.get(*violation as usize);
                found.map(|violation| (violation.sentence.clone(), Some(violation.step)))
            })
            .flatten(),
    };
    let detail = detail.map(|(words, step)| {
        let jump = step.map(|step| {
            view! {
                <button type="button" class="link-button" on:click=act(move || lab.go(step))>
                    {text::go_to_step(step)}
                </button>
            }
        });
        view! { <p class="verdict-detail">{words} " " {jump}</p> }
    });
    view! {
        <li class=class data-verdict=verdict.id>
            <Icon glyph />
            <span class="verdict-id">{verdict.id.to_ascii_uppercase()}</span>
            <span class="verdict-word">{word}</span>
            <span class="verdict-text">{verdict.text}</span>
            {detail}
        </li>
    }
}

/// Who waits, on what, for whom, what they hold meanwhile, and what would free them.
#[component]
fn BlockedNodes(sight: Sight) -> impl IntoView {
    let items = drawn(move || {
        let nodes = sight.nodes.get();
        nodes.into_iter().filter_map(|node| blocked_item(sight, &node)).collect::<Vec<_>>()
    });
    view! { <ul class="blocked-list">{items}</ul> }
}

fn blocked_item(sight: Sight, node: &NodeView) -> Option<impl IntoView + use<>> {
    let blocked = node.blocked.clone()?;
    let by: Vec<String> = blocked.by.iter().map(|node| sight.id(*node)).collect();
    let holds = (!blocked.holds.is_empty()).then(|| view! { <p>{text::holds(&blocked.holds)}</p> });
    Some(view! {
        <li class="blocked">
            <p>
                <Icon glyph=Glyph::Barrier />
                <strong>{text::is_blocked(&sight.id(node.node), &blocked.on, &by)}</strong>
            </p>
            {holds}
            <p>{text::freed_by(&blocked.frees)}</p>
        </li>
    })
}

/// Counts against what the literature gives.
#[component]
pub fn Figures() -> impl IntoView {
    let sight = expect_context::<Sight>();
    let rows = drawn(move || {
        let figures = sight.figures.get();
        figures
            .into_iter()
            .map(|figure| {
                view! {
                    <tr>
                        <th scope="row">{figure.label}</th>
                        <td class="figure-value">{figure.value}</td>
                        <td>{figure.published}</td>
                    </tr>
                }
            })
            .collect::<Vec<_>>()
    });
    let any = move || sight.figures.with(|figures| !figures.is_empty());
    view! {
        <section class="panel figures" aria-labelledby="figures-title" hidden=live(move || !any())>
            <h2 id="figures-title">{text::FIGURES}</h2>
            <table>
                <thead>
                    <tr>
                        <th scope="col">{text::FIGURE_WHAT}</th>
                        <th scope="col">{text::FIGURE_HERE}</th>
                        <th scope="col">{text::FIGURE_PUBLISHED}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </section>
    }
}
