//! A run as a Mermaid sequence diagram, in the subset that versions 10 to 12 parse.

use std::fmt::Write as _;

use super::script::{Line, Way, script, summary};
use crate::engine::Trace;

/// The run as of a step.
pub fn mermaid(trace: &Trace, step: u32, title: &str) -> String {
    let (title, description) = (plain(title), plain(&summary(trace, step)));
    let mut out = format!("sequenceDiagram\n    accTitle: {title}\n    accDescr: {description}\n");
    for (at, lane) in trace.lanes.iter().enumerate() {
        // Ids of our own: a participant called `end` would end a block.
        let _ = writeln!(out, "    participant n{at} as {}", escape(&format!("{} ({})", lane.title, lane.id)));
    }
    let all = over_all(trace.lanes.len());
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
            Line::Across { text } | Line::Time { text } => writeln!(out, "    Note over {all}: {}", escape(&text)),
            Line::Cut { text } => writeln!(out, "    rect {SHADE}\n    Note over {all}: {}", escape(&text)),
            Line::Healed { text, cuts } => {
                write!(out, "    Note over {all}: {}\n{}", escape(&text), "    end\n".repeat(cuts as usize))
            }
            Line::StillCut { cuts } => write!(out, "{}", "    end\n".repeat(cuts as usize)),
        };
    }
    out
}

/// What shades a partition: visible on light paper and on dark.
const SHADE: &str = "rgba(213, 94, 0, 0.12)";

/// The place of a note over all lifelines.
pub(super) fn over_all(lanes: usize) -> String {
    match lanes.saturating_sub(1) {
        0 => "n0".to_owned(),
        last => format!("n0,n{last}"),
    }
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
