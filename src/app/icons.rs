//! Icons: inline paths on a grid of 16, drawn with the ink of the text around them. They are decoration; words or labels stand beside them.

use maud::{Markup, html};

/// Paths by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Glyph {
    /// To the start.
    Start,
    /// One step back.
    Back,
    /// Play.
    Play,
    /// Pause.
    Pause,
    /// One step forward.
    Forward,
    /// To the end.
    End,
    /// Holds.
    Check,
    /// Broken, lost, close.
    Cross,
    /// Open, waiting.
    Hourglass,
    /// Blocked.
    Barrier,
    /// Crash.
    Bolt,
    /// Previous on this lifeline.
    Up,
    /// Next on this lifeline.
    Down,
    /// A branch.
    Fork,
    /// Share.
    Share,
    /// Search.
    Search,
    /// Warning.
    Warning,
}

impl Glyph {
    fn path(self) -> &'static str {
        match self {
            Glyph::Start => "M3 3v10M13 3.5 6 8l7 4.5z",
            Glyph::Back => "M11 3.5 4.5 8l6.5 4.5z",
            Glyph::Play => "M4.5 2.8 13 8l-8.5 5.2z",
            Glyph::Pause => "M5 3v10M11 3v10",
            Glyph::Forward => "M5 3.5 11.5 8 5 12.5z",
            Glyph::End => "M13 3v10M3 3.5 10 8l-7 4.5z",
            Glyph::Check => "M2.8 8.6 6.4 12l6.8-8",
            Glyph::Cross => "M3.5 3.5l9 9M12.5 3.5l-9 9",
            Glyph::Hourglass => "M4 2.5h8M4 13.5h8M5 2.5c0 3 6 8 6 11M11 2.5c0 3-6 8-6 11",
            Glyph::Barrier => "M2 6h12v4H2zM5 6 3.5 10M9 6l-1.5 4M13 6l-1.5 4M4 10v4M12 10v4",
            Glyph::Bolt => "M9 1.5 3.5 9H8l-1 5.5L12.5 7H8z",
            Glyph::Up => "M3.5 10 8 5.5l4.5 4.5",
            Glyph::Down => "M3.5 6 8 10.5 12.5 6",
            Glyph::Fork => "M5 2v12M5 9c0-3 6-1.5 6-5V2.5M9 4.5l2-2 2 2",
            Glyph::Share => "M8 10V2M5 4.5 8 1.5l3 3M3 8v6h10V8",
            Glyph::Search => "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9M10.3 10.3 14 14",
            Glyph::Warning => "M8 2 1.5 13.5h13zM8 6.5v3.5M8 11.7v.3",
        }
    }

    fn filled(self) -> bool {
        matches!(self, Glyph::Start | Glyph::Back | Glyph::Play | Glyph::Forward | Glyph::End)
    }
}

/// An icon, hidden from assistive technology.
pub fn icon(glyph: Glyph) -> Markup {
    html! {
        svg.icon.icon-filled[glyph.filled()] viewBox="0 0 16 16" aria-hidden="true" focusable="false" { path d=(glyph.path()) {} }
    }
}
