//! `interleave list`: the catalogue.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::args::List;
use super::{BadInput, Outcome, Status};
use crate::scenarios::{Info, Parameter, ParameterKind, catalogue};

#[derive(Serialize)]
struct ScenarioJson {
    id: &'static str,
    title: &'static str,
    claim: &'static str,
    variants: Vec<VariantJson>,
    parameters: Vec<ParameterJson>,
    invariants: Vec<InvariantJson>,
}

#[derive(Serialize)]
struct VariantJson {
    id: &'static str,
    title: &'static str,
    broken: bool,
    budget: BTreeMap<&'static str, u32>,
}

#[derive(Serialize)]
struct ParameterJson {
    id: &'static str,
    /// `int`, `one-of` or `nodes`.
    kind: &'static str,
    default: serde_json::Value,
    /// Least value of an `int`, else null.
    min: Option<i64>,
    /// Greatest value of an `int`, else null.
    max: Option<i64>,
}

#[derive(Serialize)]
struct InvariantJson {
    id: &'static str,
    text: &'static str,
}

/// Lists the catalogue.
pub fn list(args: &List) -> Result<Outcome, BadInput> {
    let infos = catalogue().iter().map(|entry| entry.info());
    let text = if args.json {
        let all: Vec<ScenarioJson> = infos.map(scenario).collect();
        serde_json::to_string_pretty(&all)? + "\n"
    } else {
        infos.map(in_words).collect::<Vec<_>>().join("\n")
    };
    Ok(Outcome { text, remarks: Vec::new(), status: Status::Fine })
}

fn scenario(info: &'static Info) -> ScenarioJson {
    ScenarioJson {
        id: info.id,
        title: info.title,
        claim: info.claim,
        variants: info
            .variants
            .iter()
            .map(|variant| VariantJson {
                id: variant.id,
                title: variant.title,
                broken: variant.broken,
                budget: variant.budget.iter().copied().collect(),
            })
            .collect(),
        parameters: info.parameters.iter().map(parameter).collect(),
        invariants: info.invariants.iter().map(|(id, text)| InvariantJson { id, text }).collect(),
    }
}

fn parameter(parameter: &'static Parameter) -> ParameterJson {
    let (kind, min, max) = match parameter.kind {
        ParameterKind::Int { min, max, .. } => ("int", Some(min), Some(max)),
        ParameterKind::OneOf(_) => ("one-of", None, None),
        ParameterKind::Nodes(_) => ("nodes", None, None),
        ParameterKind::Script(_) => ("script", None, None),
    };
    let number = parameter.default.parse::<i64>().ok().filter(|_| kind == "int");
    let default = number.map_or_else(|| parameter.default.into(), Into::into);
    ParameterJson { id: parameter.id, kind, default, min, max }
}

fn in_words(info: &Info) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}: {}\n{}", info.id, info.title, info.claim);
    let _ = writeln!(out, "\n  variants");
    for variant in info.variants {
        let mark = if variant.broken { " (broken)" } else { "" };
        let _ = writeln!(out, "    {:<17} {}{mark}. {}", variant.id, variant.title, variant.claim);
    }
    let _ = writeln!(out, "\n  parameters");
    for parameter in info.parameters {
        let range = match parameter.kind {
            ParameterKind::Int { min, max, unit, .. } => {
                format!("{min} to {max}{}{unit}", if unit.is_empty() { "" } else { " " })
            }
            ParameterKind::OneOf(options) => options.iter().map(|(id, _)| *id).collect::<Vec<_>>().join(", "),
            ParameterKind::Nodes(nodes) => format!("none, or some of {}", nodes.join(".")),
            ParameterKind::Script(_) => "SQL in the isolation tester's format".to_owned(),
        };
        let _ = writeln!(out, "    {:<18}{range}; default {}. {}", parameter.id, parameter.default, parameter.help);
    }
    for (head, rules) in [("invariants", info.invariants), ("goals", info.goals)] {
        let _ = writeln!(out, "\n  {head}");
        for (id, text) in rules {
            let _ = writeln!(out, "    {id:<18}{text}");
        }
    }
    out
}
