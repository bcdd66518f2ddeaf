//! Branches as named tabs: rewinding and choosing anew opens one, and nothing is ever thrown away unasked.

use leptos::prelude::*;

use crate::engine::BranchId;

use super::super::icons::{Glyph, Icon};
use super::super::live::{act, effect, heed, live, memo};
use super::super::text;
use super::state::Lab;

/// A tab.
#[derive(Clone, PartialEq)]
struct Tab {
    id: BranchId,
    name: String,
    steps: u32,
    broken: bool,
}

/// The tabs of the branches that share the spec of the one that is shown.
#[component]
pub fn Branches() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let tabs = memo(move || {
        lab.at.track();
        lab.read_sisters(|here| Tab {
            id: here.id,
            name: here.name.to_owned(),
            steps: here.run.steps(),
            broken: !here.run.trace().violations.is_empty(),
        })
    });
    let alone = memo(move || tabs.with(|tabs| tabs.len() < 2));
    let renaming = RwSignal::new(false);
    view! {
        <div class="branches">
            <h2 class="visually-hidden">{text::BRANCHES}</h2>
            <ul class="branch-tabs">
                <For each=move || tabs.get() key=|tab| (tab.id, tab.name.clone(), tab.steps, tab.broken) let:tab>
                    <BranchTab lab tab alone />
                </For>
            </ul>
            <div class="branch-acts">
                <button type="button" class="bar-button" title=text::with_key(text::BRANCH_HELP, "B") on:click=act(move || lab.branch_here())>
                    <Icon glyph=Glyph::Fork />
                    {text::BRANCH_HERE}
                </button>
                <button type="button" class="bar-button" title=text::with_key(text::START_OVER_HELP, "R") on:click=act(move || lab.start_over())>
                    {text::START_OVER}
                </button>
                <button
                    type="button"
                    class="bar-button"
                    aria-expanded=live(move || renaming.get().to_string())
                    on:click=act(move || renaming.update(|on| *on = !*on))
                >
                    {text::RENAME}
                </button>
            </div>
            <Show when=move || renaming.get()>
                <RenameForm lab renaming />
            </Show>
        </div>
    }
}

#[component]
fn BranchTab(lab: Lab, tab: Tab, alone: Memo<bool>) -> impl IntoView {
    let Tab { id, name, steps, broken } = tab;
    let shown = memo(move || lab.at.with(|at| at.branch == id));
    let close_label = text::close_branch(&name);
    view! {
        <li class="branch-tab" class:is-shown=shown>
            <button
                type="button"
                class="branch-name"
                aria-current=live(move || shown.get().then_some("true"))
                on:click=act(move || lab.show_branch(id))
            >
                {name}
                <span class="branch-steps">{text::steps(steps)}</span>
                {broken.then(|| view! { <span class="branch-broken"><Icon glyph=Glyph::Cross />{text::VIOLATED}</span> })}
            </button>
            <button type="button" class="branch-close" aria-label=close_label hidden=alone on:click=act(move || lab.close(id))>
                <Icon glyph=Glyph::Cross />
            </button>
        </li>
    }
}

#[component]
fn RenameForm(lab: Lab, renaming: RwSignal<bool>) -> impl IntoView {
    let input = NodeRef::<leptos::html::Input>::new();
    let name = lab.read(|here| here.name.to_owned()).unwrap_or_default();
    effect(move || {
        if let Some(input) = input.get() {
            input.focus().ok();
            input.select();
        }
    });
    let rename = heed(move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if let Some(input) = input.get_untracked() {
            lab.rename(&input.value());
        }
        renaming.set(false);
    });
    view! {
        <form class="rename" on:submit=rename>
            <label for="branch-name">{text::BRANCH_NAME}</label>
            <input id="branch-name" type="text" maxlength="40" autocomplete="off" value=name node_ref=input />
            <button type="submit" class="bar-button">{text::SAVE}</button>
        </form>
    }
}
