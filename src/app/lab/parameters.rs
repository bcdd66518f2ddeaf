//! The variant switch, and the parameters of a run.

use maud::{Markup, html};
use wasm_bindgen::JsCast;

use crate::scenarios::{Parameter, ParameterKind, Values};

use super::super::live::effect;
use super::super::{browser, text};
use super::open;
use super::state::{Here, Lab};

/// The variants as a group of radio buttons, broken ones marked in words.
pub fn variants(lab: Lab) -> Markup {
    let shown = lab.at.with(|_| lab.read(|here| here.spec.variant));
    html! {
        legend.visually-hidden { (text::VARIANTS) }
        div #variant-options.variant-options {
            @for variant in lab.info().variants {
                @let is_shown = shown.is_some_and(|shown| shown.id == variant.id);
                label.variant.is-broken[variant.broken].is-shown[is_shown] {
                    input type="radio" name="variant" value=(variant.id) aria-describedby="variant-claim" checked[is_shown]
                        data-act="variant" data-of=(variant.id);
                    span.variant-title { (variant.title) }
                    span.variant-word { (if variant.broken { text::BROKEN } else { text::SOUND }) }
                }
            }
        }
        p #variant-claim.variant-claim { @if let Some(shown) = shown { (shown.claim) } }
    }
}

/// Brings the variant that is shown into view, where they stand in a row that is wider than the window.
pub fn keep_variant_in_view(lab: Lab) {
    let mut before = "";
    effect(move || {
        let shown = lab.at.with(|_| lab.read(|here| here.spec.variant.id)).unwrap_or_default();
        if std::mem::replace(&mut before, shown) != shown {
            browser::after_paint(|| {
                let row = browser::element("variant-options");
                let chosen = row.as_ref().and_then(|row| row.query_selector(".is-shown").ok().flatten());
                if let (Some(row), Some(chosen)) = (row, chosen.and_then(|chosen| chosen.dyn_into().ok())) {
                    browser::show_inside(&row, &chosen);
                }
            });
        }
    });
}

/// The parameters, folded to one line that says how they stand.
pub fn panel(lab: Lab) -> Markup {
    // Whatever was typed and refused gives way to what counts whenever this changes.
    let set = lab.at.with(|at| at.set);
    lab.read(|here| controls(&here, lab.info().parameters, set)).unwrap_or_default()
}

fn controls(here: &Here<'_>, parameters: &'static [Parameter], set: u32) -> Markup {
    let values = &here.spec.values;
    let summary: Vec<String> = parameters
        .iter()
        .map(|parameter| format!("{} {}", parameter.label, shown_value(parameter, values.text(parameter.id))))
        .collect();
    html! {
        details.parameters {
            summary {
                span.parameters-title { (text::PARAMETERS) }
                span.parameters-summary { (summary.join(" · ")) }
            }
            div.parameter-list {
                @for parameter in parameters { (control(parameter, values, set)) }
                div.parameter {
                    label for="parameter-seed" { (text::SEED) }
                    input #parameter-seed type="number" min="0" max="4294967295" step="1" aria-describedby="help-seed"
                        value=(here.spec.seed) data-set=(set) data-act="seed";
                    p #help-seed.help { (text::SEED_HELP) }
                }
            }
        }
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
        ParameterKind::Script(_) => text::own_script(value),
    }
}

fn control(parameter: &Parameter, values: &Values, set: u32) -> Markup {
    let value = values.text(parameter.id);
    let (id, help_id) = (format!("parameter-{}", parameter.id), format!("help-{}", parameter.id));
    let help = html! { p.help id=(help_id) { (parameter.help) } };
    match parameter.kind {
        ParameterKind::Int { min, max, step, unit } => html! {
            div.parameter {
                label for=(id) { (parameter.label) @if !unit.is_empty() { " (" (unit) ")" } }
                input id=(id) type="number" min=(min) max=(max) step=(step) aria-describedby=(help_id)
                    value=(value) data-set=(set) data-act="parameter" data-of=(parameter.id);
                (help)
            }
        },
        ParameterKind::OneOf(options) => html! {
            div.parameter {
                label for=(id) { (parameter.label) }
                select id=(id) aria-describedby=(help_id) data-act="parameter" data-of=(parameter.id) {
                    @for (name, label) in options {
                        option value=(name) selected[*name == value] data-set=(set) { (label) }
                    }
                }
                (help)
            }
        },
        // It has a part of the page of its own.
        ParameterKind::Script(_) => html! {},
        ParameterKind::Nodes(all) => html! {
            fieldset.parameter aria-describedby=(help_id) {
                legend { (parameter.label) }
                div.options {
                    @for node in all {
                        label.option {
                            input type="checkbox" value=(node) checked[value.split('.').any(|id| id == *node)] data-set=(set)
                                data-act="parameter-node" data-of=(parameter.id);
                            span { (node) }
                        }
                    }
                }
                (help)
            }
        },
    }
}

fn named(lab: Lab, id: &str) -> Option<&'static Parameter> {
    lab.info().parameters.iter().find(|parameter| parameter.id == id)
}

/// Sets a parameter of the run, if there is one of this name.
pub fn set(lab: Lab, id: &str, value: &str) {
    if let Some(parameter) = named(lab, id) {
        open::with_parameter(lab, parameter, value);
    }
}

/// Puts a node into a parameter that is a set of nodes, or takes it out.
pub fn toggle(lab: Lab, id: &str, node: &str) {
    let Some(parameter) = named(lab, id) else { return };
    let ParameterKind::Nodes(all) = parameter.kind else { return };
    let Some(value) = lab.read(|here| here.spec.values.text(parameter.id).to_owned()) else { return };
    open::with_parameter(lab, parameter, &toggled(all, &value, node));
}

/// A set of nodes with one of them put in or taken out, as a parameter's value.
fn toggled(all: &[&str], value: &str, node: &str) -> String {
    let is_in = |id: &str| value.split('.').any(|known| known == id);
    let set: Vec<&str> = all.iter().copied().filter(|id| if *id == node { !is_in(id) } else { is_in(id) }).collect();
    if set.is_empty() { "none".to_owned() } else { set.join(".") }
}
