//! Rows as the isolation tester prints them.

use std::fmt::Write as _;

use crate::servers::sql::answer::Rows;

/// Whether a column of these texts is set to the right: all look like numbers.
fn is_number(text: &str) -> bool {
    let numeric = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'E' | 'e' | ' ' | '-');
    text.is_empty()
        || (text.chars().all(numeric) && !text.starts_with(['E', 'e']) && text.ends_with(|c: char| c.is_ascii_digit()))
}

/// Writes rows under their names, with a line that counts them and an empty one.
pub(super) fn table(out: &mut String, rows: &Rows) {
    let cells: Vec<Vec<String>> = rows.rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect();
    let right: Vec<bool> = (0..rows.columns.len()).map(|at| cells.iter().all(|row| is_number(&row[at]))).collect();
    let length = |text: &str| text.chars().count();
    let widths: Vec<usize> = rows
        .columns
        .iter()
        .enumerate()
        .map(|(at, name)| cells.iter().map(|row| length(&row[at])).max().unwrap_or(0).max(length(name)))
        .collect();
    let line = |out: &mut String, texts: &mut dyn Iterator<Item = &String>| {
        for (at, text) in texts.enumerate() {
            if at > 0 {
                out.push('|');
            }
            let width = widths[at];
            let _ = if right[at] { write!(out, "{text:>width$}") } else { write!(out, "{text:<width$}") };
        }
        out.push('\n');
    };
    line(out, &mut rows.columns.iter());
    let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let _ = writeln!(out, "{}", rules.join("+"));
    for row in &cells {
        line(out, &mut row.iter());
    }
    let _ = writeln!(out, "({} row{})\n", cells.len(), if cells.len() == 1 { "" } else { "s" });
}
