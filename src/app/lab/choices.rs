//! What may happen next: events as numbered buttons, faults as verbs with the nodes and messages they may befall.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::engine::{ChoiceGroup, ChoiceView};

use super::super::browser;
use super::super::icons::{Glyph, Icon};
use super::super::live::{act, drawn, live, memo};
use super::super::text;
use super::state::{Lab, Sight};

/// How many choices have a key of their own.
const NUMBERED: usize = 9;

/// Whether a choice is something that a system without faults does.
pub fn is_event(choice: &ChoiceView) -> bool {
    matches!(choice.group, ChoiceGroup::Step | ChoiceGroup::Deliver | ChoiceGroup::Timer)
}

/// The choice of the key `number` (1 to 9): the events that can happen, in their order.
pub fn numbered(choices: &[ChoiceView], number: usize) -> Option<&ChoiceView> {
    choices.iter().filter(|choice| is_event(choice) && choice.disabled.is_none()).nth(number.checked_sub(1)?)
}

/// After a choice from the panel: a drawer closes, so that the reader sees what came of it; a panel that stands keeps the focus, on the choice with
/// this number or the last one before it.
fn after_choice(drawer: Drawer, number: usize) {
    let Drawer(open) = drawer;
    if open.get_untracked() {
        open.set(false);
        if let Some(button) = browser::element("drawer-button") {
            button.focus().ok();
        }
        return;
    }
    request_animation_frame(move || {
        let Some(panel) = browser::element("choices") else { return };
        let Ok(buttons) = panel.query_selector_all("button.choice:not([aria-disabled])") else { return };
        let at = (number.max(1) as u32).min(buttons.length());
        let button = at.checked_sub(1).and_then(|at| buttons.item(at));
        let target = button.and_then(|button| button.dyn_into::<web_sys::HtmlElement>().ok());
        target.unwrap_or(panel).focus().ok();
    });
}

/// Whether the panel is drawn out. On a narrow screen it is a drawer above the transport; on a wide one it always stands.
#[derive(Clone, Copy)]
pub struct Drawer(pub RwSignal<bool>);

/// The button that draws the panel out on a narrow screen.
#[component]
pub fn DrawerButton() -> impl IntoView {
    let Drawer(open) = expect_context::<Drawer>();
    let sight = expect_context::<Sight>();
    let count =
        move || sight.choices.with(|choices| choices.iter().filter(|c| is_event(c) && c.disabled.is_none()).count());
    view! {
        <button
            type="button"
            class="drawer-button"
            id="drawer-button"
            aria-expanded=live(move || open.get().to_string())
            aria-controls="choices"
            on:click=act(move || open.update(|open| *open = !*open))
        >
            {live(move || if open.get() { text::CLOSE_CHOICES.to_owned() } else { text::open_choices(count()) })}
        </button>
    }
}

/// The panel.
#[component]
pub fn Choices() -> impl IntoView {
    let Drawer(open) = expect_context::<Drawer>();
    let lab = expect_context::<Lab>();
    let sight = expect_context::<Sight>();
    let in_past = memo(move || lab.at.with(|at| at.step < at.steps));
    let unbroken = lab.derive(false, |here| here.spec.variant.broken && here.run.trace().violations.is_empty());
    let hint = live(move || {
        let at = lab.at.get();
        if at.step < at.steps {
            return text::hint_in_past(at.step, at.steps);
        }
        if unbroken.get() { text::HINT_TO_BREAK.to_owned() } else { text::HINT_AT_END.to_owned() }
    });
    view! {
        <section class="panel choices" class:is-open=open id="choices" tabindex="-1" aria-labelledby="choices-title">
            <h2 id="choices-title">{text::CHOICES}</h2>
            <p class="hint" class:is-past=in_past>{hint}</p>
            <Events lab sight />
            <Faults lab sight />
        </section>
    }
}

/// One group of events, numbered on from the groups before.
#[component]
fn Events(lab: Lab, sight: Sight) -> impl IntoView {
    let drawer = expect_context::<Drawer>();
    move || {
        let choices = sight.choices.get();
        let next = sight.next.get();
        let followed = lab.at.with_untracked(|at| at.step < at.steps);
        if !choices.iter().any(|choice| is_event(choice) && choice.disabled.is_none()) {
            return view! { <p class="nothing">{text::NOTHING_HAPPENS}</p> }.into_any();
        }
        let mut number = 0;
        [ChoiceGroup::Step, ChoiceGroup::Deliver, ChoiceGroup::Timer]
            .map(|group| {
                let items: Vec<_> = choices
                    .iter()
                    .filter(|choice| choice.group == group)
                    .map(|choice| {
                        let enabled = choice.disabled.is_none();
                        number += usize::from(enabled);
                        let is_next = next.as_deref().is_some_and(|next| act_of(next) == act_of(&choice.name));
                        let mark = is_next.then_some(if followed { text::FOLLOWED } else { text::SCHEDULED });
                        event_item(lab, drawer, choice.clone(), if enabled { number } else { 0 }, mark)
                    })
                    .collect();
                (!items.is_empty()).then(|| {
                    view! {
                        <h3>{text::group(group)}</h3>
                        <ol class="choice-list">{items}</ol>
                    }
                })
            })
            .into_any()
    }
}

fn act_of(name: &str) -> &str {
    name.split_once('+').map_or(name, |(act, _)| act)
}

/// `number` is 0 for a choice that cannot be taken.
fn event_item(
    lab: Lab,
    drawer: Drawer,
    choice: ChoiceView,
    number: usize,
    mark: Option<&'static str>,
) -> impl IntoView {
    let ChoiceView { name, label, disabled, crash_points, .. } = choice;
    let off = disabled.is_some();
    let number_key = (1..=NUMBERED).contains(&number).then(|| number.to_string());
    let key = number_key.clone().unwrap_or_else(|| "–".to_owned());
    let take = {
        let name = name.clone();
        move |_| {
            if !off {
                lab.take(&name);
                after_choice(drawer, number);
            }
        }
    };
    let crashes = (!crash_points.is_empty()).then(|| {
        let points: Vec<_> = crash_points
            .into_iter()
            .map(|point| {
                let take = move |_| {
                    lab.take(&point.name);
                    after_choice(drawer, number);
                };
                view! {
                    <li>
                        <button type="button" class="crash-point" on:click=take>{text::crash_point(&point.label)}</button>
                    </li>
                }
            })
            .collect();
        view! {
            <details class="crash-points">
                <summary>
                    <Icon glyph=Glyph::Bolt />
                    {text::crash_midway(points.len())}
                    <span class="visually-hidden">" "{text::of_choice(&label)}</span>
                </summary>
                <ul>{points}</ul>
            </details>
        }
    });
    view! {
        <li class="choice-item">
            <button
                type="button"
                class="choice"
                aria-disabled=off.then_some("true")
                aria-keyshortcuts=number_key.clone()
                data-choice=name
                on:click=take
            >
                <kbd aria-hidden="true">{key}</kbd>
                <span class="choice-label">{label.clone()}</span>
                {mark.map(|mark| view! { <span class="choice-mark">{mark}</span> })}
                {disabled.map(|reason| view! { <span class="choice-reason">{text::not_now(&reason)}</span> })}
            </button>
            {crashes}
        </li>
    }
}

/// Faults of one verb.
struct Verb {
    verb: &'static str,
    choices: Vec<ChoiceView>,
}

fn by_verb(choices: Vec<ChoiceView>) -> Vec<Verb> {
    let mut verbs: Vec<Verb> = Vec::new();
    for choice in choices.into_iter().filter(|choice| !is_event(choice)) {
        match verbs.iter_mut().find(|verb| verb.verb == choice.verb) {
            Some(verb) => verb.choices.push(choice),
            None => verbs.push(Verb { verb: choice.verb, choices: vec![choice] }),
        }
    }
    verbs
}

/// The reader as the adversary: verbs, what each may befall, and what has been spent.
#[component]
fn Faults(lab: Lab, sight: Sight) -> impl IntoView {
    let drawer = expect_context::<Drawer>();
    let spent = live(move || sight.spent.with(|spent| text::spent(spent)));
    let verbs = drawn(move || {
        by_verb(sight.choices.get())
            .into_iter()
            .map(|Verb { verb, choices }| {
                let chips: Vec<_> = choices.into_iter().map(|choice| fault_chip(lab, sight, drawer, choice)).collect();
                view! {
                    <li class="verb">
                        <span class="verb-name">{verb}</span>
                        <span class="chips">{chips}</span>
                    </li>
                }
            })
            .collect::<Vec<_>>()
    });
    view! {
        <h3 class="faults-title">{text::FAULTS}</h3>
        <p class="spent">{spent}</p>
        <ul class="verbs">{verbs}</ul>
    }
}

fn fault_chip(lab: Lab, sight: Sight, drawer: Drawer, choice: ChoiceView) -> impl IntoView {
    let ChoiceView { name, label, verb, node, message, disabled, .. } = choice;
    let short = match (message, node) {
        (None, Some(node)) => sight.id(node),
        _ => label.strip_prefix(verb).unwrap_or(&label).trim().to_owned(),
    };
    let off = disabled.is_some();
    let spoken = match &disabled {
        Some(reason) => format!("{label}: {}", text::not_now(reason)),
        None => label,
    };
    let take = {
        let name = name.clone();
        move |_| {
            if !off {
                lab.take(&name);
                after_choice(drawer, 1);
            }
        }
    };
    view! {
        <button
            type="button"
            class="chip"
            aria-disabled=off.then_some("true")
            aria-label=spoken.clone()
            title=spoken
            data-choice=name
            on:click=take
        >
            {short}
        </button>
    }
}
