//! Widths of texts without a browser, so that layout is a pure function: a table of average advances of common UI faces.

/// Width of a text in px at a font size in px. Errs a little on the wide side.
pub fn width(text: &str, size: f32) -> f32 {
    text.chars().map(advance).sum::<f32>() * size
}

/// Width of a text in its bold weight; a fifth more, which is what the widest of the faces in use (DejaVu Sans) needs.
pub fn bold_width(text: &str, size: f32) -> f32 {
    width(text, size) * 1.2
}

/// Width of a text in the face in which every character is as wide as any other.
pub fn mono_width(text: &str, size: f32) -> f32 {
    text.chars().count() as f32 * size * 0.602
}

fn advance(c: char) -> f32 {
    match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.28,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | ' ' | '-' => 0.36,
        'm' | 'w' | 'M' | 'W' | '\u{2014}' => 0.86,
        'A'..='Z' | '\u{25B8}' | '\u{2713}' | '\u{2715}' | '\u{25D4}' | '\u{25CB}' => 0.68,
        '0'..='9' => 0.58,
        _ if c.is_ascii() => 0.56,
        _ => 0.9,
    }
}

/// The text, shortened with an ellipsis where it is wider than `room` px.
pub fn fit(text: &str, size: f32, room: f32) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = advance('\u{2026}') * size;
    for c in text.chars() {
        used += advance(c) * size;
        if used > room {
            break;
        }
        kept.push(c);
    }
    kept.truncate(kept.trim_end().len());
    kept.push('\u{2026}');
    kept
}

/// The text in the face in which every character is as wide as any other, shortened with an ellipsis where it is wider than `room` px.
pub fn fit_mono(text: &str, size: f32, room: f32) -> String {
    let kept = (room / mono_width("x", size)).max(1.0) as usize;
    if text.chars().count() <= kept {
        return text.to_owned();
    }
    text.chars().take(kept - 1).chain(['\u{2026}']).collect()
}

/// The text in at most so many lines of at most `room` px, broken at spaces; what is left over ends the last line with an ellipsis.
pub fn wrap(text: &str, size: f32, room: f32, lines: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let last = out.len() == lines;
        match out.last_mut() {
            Some(line) if last || width(line, size) + width(word, size) + advance(' ') * size <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => out.push(word.to_owned()),
        }
    }
    out.into_iter().map(|line| fit(&line, size, room)).collect()
}
