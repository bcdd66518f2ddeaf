//! The variant switch, and the parameters of a run.

use leptos::prelude::*;

use crate::scenarios::{Parameter, ParameterKind, Variant};

use super::super::live::{act, heed, live, memo};
use super::super::text;
use super::open;
use super::state::Lab;

/// The variants as a group of radio buttons, broken ones marked in words.
#[component]
pub fn VariantSwitch() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let shown = lab.derive("", |branch| branch.spec.variant.id);
    let claim = lab.derive("", |branch| branch.spec.variant.claim);
    let options: Vec<_> = lab.info().variants.iter().map(|variant| variant_option(lab, shown, variant)).collect();
    view! {
        <fieldset class="variants">
            <legend class="visually-hidden">{text::VARIANTS}</legend>
            <div class="variant-options">{options}</div>
            <p class="variant-claim" id="variant-claim">{claim}</p>
        </fieldset>
    }
}

fn variant_option(lab: Lab, shown: Memo<&'static str>, variant: &'static Variant) -> impl IntoView {
    let word = if variant.broken { text::BROKEN } else { text::SOUND };
    view! {
        <label class="variant" class:is-broken=variant.broken class:is-shown=live(move || shown.get() == variant.id)>
            <input
                type="radio"
                name="variant"
                value=variant.id
                aria-describedby="variant-claim"
                prop:checked=live(move || shown.get() == variant.id)
                on:change=act(move || open::variant(lab, variant))
            />
            <span class="variant-title">{variant.title}</span>
            <span class="variant-word">{word}</span>
        </label>
    }
}

/// The parameters, folded to one line that says how they stand.
#[component]
pub fn Parameters() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let values = lab.derive(Vec::new(), |branch| {
        branch.spec.values.iter().map(|(id, value)| (id, value.to_owned())).collect::<Vec<_>>()
    });
    let seed = lab.derive(0, |branch| branch.spec.seed);
    let summary = live(move || {
        let values = values.get();
        let parts = lab.info().parameters.iter().filter_map(|parameter| {
            let (_, value) = values.iter().find(|(id, _)| *id == parameter.id)?;
            Some(format!("{} {}", parameter.label, shown_value(parameter, value)))
        });
        parts.collect::<Vec<_>>().join(" · ")
    });
    let controls: Vec<_> = lab
        .info()
        .parameters
        .iter()
        .map(|parameter| {
            let value = memo(move || {
                values
                    .with(|values| values.iter().find(|(id, _)| *id == parameter.id).map(|(_, value)| value.clone()))
                    .unwrap_or_default()
            });
            control(lab, parameter, value)
        })
        .collect();
    view! {
        <details class="parameters">
            <summary>
                <span class="parameters-title">{text::PARAMETERS}</span>
                <span class="parameters-summary">{summary}</span>
            </summary>
            <div class="parameter-list">
                {controls}
                <div class="parameter">
                    <label for="parameter-seed">{text::SEED}</label>
                    <input
                        id="parameter-seed"
                        type="number"
                        min="0"
                        max="4294967295"
                        step="1"
                        aria-describedby="help-seed"
                        prop:value=live(move || seed.get().to_string())
                        on:change=heed(move |event| open::with_seed(lab, &event_target_value(&event)))
                    />
                    <p class="help" id="help-seed">{text::SEED_HELP}</p>
                </div>
            </div>
        </details>
    }
}

fn shown_value(parameter: &Parameter, value: &str) -> String {
    match parameter.kind {
        ParameterKind::Int { unit: "", .. } => value.to_owned(),
        ParameterKind::Int { unit, .. } => format!("{value} {unit}"),
        ParameterKind::OneOf(options) => {
            options.iter().find(|(id, _)| *id == value).map_or(value, |(_, label)| label).to_owned()
        }
        ParameterKind::Nodes(_) if value == "none" => text::NO_NODES.to_owned(),
        ParameterKind::Nodes(_) => value.replace('.', ", "),
    }
}

fn control(lab: Lab, parameter: &'static Parameter, value: Memo<String>) -> impl IntoView {
    let id = format!("parameter-{}", parameter.id);
    let help_id = format!("help-{}", parameter.id);
    let set = move |value: &str| open::with_parameter(lab, parameter, value);
    let help = view! { <p class="help" id=help_id.clone()>{parameter.help}</p> };
    match parameter.kind {
        ParameterKind::Int { min, max, step, unit } => {
            let label =
                if unit.is_empty() { parameter.label.to_owned() } else { format!("{} ({unit})", parameter.label) };
            view! {
                <div class="parameter">
                    <label for=id.clone()>{label}</label>
                    <input
                        id=id
                        type="number"
                        min=min.to_string()
                        max=max.to_string()
                        step=step.to_string()
                        aria-describedby=help_id
                        prop:value=value
                        on:change=heed(move |event| set(&event_target_value(&event)))
                    />
                    {help}
                </div>
            }
            .into_any()
        }
        ParameterKind::OneOf(options) => {
            let options: Vec<_> = options
                .iter()
                .map(|(name, label)| {
                    view! { <option value=*name prop:selected=live(move || value.get() == *name)>{*label}</option> }
                })
                .collect();
            view! {
                <div class="parameter">
                    <label for=id.clone()>{parameter.label}</label>
                    <select id=id aria-describedby=help_id on:change=heed(move |event| set(&event_target_value(&event)))>
                        {options}
                    </select>
                    {help}
                </div>
            }
            .into_any()
        }
        ParameterKind::Nodes(all) => {
            let boxes: Vec<_> = all
                .iter()
                .map(|node| {
                    let chosen = live(move || value.with(|value| value.split('.').any(|id| id == *node)));
                    let toggle = act(move || set(&toggled(all, &value.get_untracked(), node)));
                    view! {
                        <label class="option">
                            <input type="checkbox" prop:checked=chosen on:change=toggle />
                            <span>{*node}</span>
                        </label>
                    }
                })
                .collect();
            view! {
                <fieldset class="parameter" aria-describedby=help_id>
                    <legend>{parameter.label}</legend>
                    <div class="options">{boxes}</div>
                    {help}
                </fieldset>
            }
            .into_any()
        }
    }
}

/// A set of nodes with one of them put in or taken out, as a parameter's value.
fn toggled(all: &[&str], value: &str, node: &str) -> String {
    let is_in = |id: &str| value.split('.').any(|known| known == id);
    let set: Vec<&str> = all.iter().copied().filter(|id| if *id == node { !is_in(id) } else { is_in(id) }).collect();
    if set.is_empty() { "none".to_owned() } else { set.join(".") }
}
