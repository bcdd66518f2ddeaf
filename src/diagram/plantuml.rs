//! A run as a PlantUML sequence diagram, in forms that version 1.2020.02 accepts.

use std::fmt::Write as _;

use super::mermaid::over_all;
use super::script::{Line, Way, script};
use crate::engine::Trace;

/// The run as of a step.
pub fn plantuml(trace: &Trace, step: u32, title: &str) -> String {
    let mut out = format!("@startuml\ntitle {}\nhide footbox\n", escape(title));
    for (at, lane) in trace.lanes.iter().enumerate() {
        let _ = writeln!(out, "participant \"{} ({})\" as n{at}", escape(&lane.title).replace('"', "'"), lane.id);
    }
    let all = over_all(trace.lanes.len());
    for line in script(trace, step) {
        let _ = match line {
            Line::Arrow { from, to, label, way } => {
                let arrow = match way {
                    Way::Arrived => "->",
                    Way::Lost => "->x",
                    Way::InFlight => "-->>",
                };
                writeln!(out, "n{} {arrow} n{} : {}", from.0, to.0, escape(&label))
            }
            Line::Note { node, text, grave: true } => writeln!(out, "rnote over n{} : {}", node.0, escape(&text)),
            Line::Note { node, text, grave: false } => writeln!(out, "hnote over n{} : {}", node.0, escape(&text)),
            Line::Across { text } => writeln!(out, "note over {all} : {}", escape(&text)),
            Line::Cut { text } => writeln!(out, "group partition\nnote over {all} : {}", escape(&text)),
            Line::Healed { text, cuts } => {
                write!(out, "note over {all} : {}\n{}", escape(&text), "end\n".repeat(cuts as usize))
            }
            Line::StillCut { cuts } => write!(out, "{}", "end\n".repeat(cuts as usize)),
            Line::Time { text } => writeln!(out, "... {} ...", escape(&text)),
        };
    }
    out.push_str("@enduml\n");
    out
}

/// One line, and none of Creole's or PlantUML's own signs.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("<U+005C>"),
            '<' => out.push_str("<U+003C>"),
            '~' => out.push_str("<U+007E>"),
            '*' => out.push_str("<U+002A>"),
            '"' => out.push('\''),
            '\n' | '\r' => out.push(' '),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    if out.trim().is_empty() { "<U+00A0>".to_owned() } else { out }
}
