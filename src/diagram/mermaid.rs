//! A run as a Mermaid sequence diagram, in the subset that versions 10 to 12 parse.

use std::fmt::Write as _;

use super::script::{Line, Way, script};
use crate::engine::Trace;

/// The run as of a step.
pub fn mermaid(trace: &Trace, step: u32, title: &str) -> String {
    let mut out = format!("sequenceDiagram\n    accTitle: {}\n", plain(title));
    for (at, lane) in trace.lanes.iter().enumerate() {
        // Ids of our own: a participant called `end` would end a block.
        let _ = writeln!(out, "    participant n{at} as {}", escape(&format!("{} ({})", lane.title, lane.id)));
    }
    let last = trace.lanes.len().saturating_sub(1);
    for line in script(trace, step) {
        let _ = match line {
            Line::Arrow { from, to, label, way } => {
                let arrow = match way {
                    Way::Arrived => "->>",
                    Way::Lost => "-x",
                    Way::InFlight => "--)",
                };
                writeln!(out, "    n{}{arrow}n{}: {}", from.0, to.0, escape(&label))
            }
            Line::Note { node, text, .. } => writeln!(out, "    Note over n{}: {}", node.0, escape(&text)),
            Line::Across { text } | Line::Time { text } if last == 0 => {
                writeln!(out, "    Note over n0: {}", escape(&text))
            }
            Line::Across { text } | Line::Time { text } => {
                writeln!(out, "    Note over n0,n{last}: {}", escape(&text))
            }
        };
    }
    out
}

/// Characters that Mermaid gives a meaning.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '#' => out.push_str("#35;"),
            ';' => out.push_str("#59;"),
            ':' => out.push_str("#58;"),
            '%' => out.push_str("#37;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '{' => out.push_str("#123;"),
            '}' => out.push_str("#125;"),
            '\n' | '\r' => out.push_str("<br/>"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    // The text of a message is mandatory.
    if out.trim().is_empty() { "#160;".to_owned() } else { out }
}

/// For `accTitle`, which takes the rest of the line as it is.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !matches!(c, ';' | '#' | '{' | '}')).collect()
}
