//! A drawing as plain data: what the page and the SVG export draw alike.

use std::borrow::Cow;

use super::layout::{LABEL, SMALL};
use super::text;
use crate::engine::{NodeId, Tone};

/// A place on a drawing: (x, y).
pub type Point = (f32, f32);

/// A whole drawing. Lengths are CSS pixels; the origin is the top left corner below the heads of the lifelines.
#[derive(Clone, PartialEq, Debug)]
pub struct Scene {
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
    /// Heads of the lifelines, from left to right.
    pub heads: Vec<Head>,
    /// Everything else, in painting order.
    pub items: Vec<Item>,
    /// Where now is.
    pub now_y: f32,
}

/// Head of a lifeline: what the reader must always see of a node.
#[derive(Clone, PartialEq, Debug)]
pub struct Head {
    /// The lifeline.
    pub node: NodeId,
    /// Its middle.
    pub x: f32,
    /// Room for the head.
    pub width: f32,
    /// Name: `participant 1`.
    pub title: String,
    /// Short name: `p1`.
    pub id: String,
    /// Latest badge.
    pub badge: Option<(&'static str, Tone)>,
    /// `down`, `paused` or `blocked`, where it is so.
    pub status: Option<&'static str>,
}

/// Something drawn that stands for one thing.
#[derive(Clone, PartialEq, Debug)]
pub struct Item {
    /// Changes whenever what is drawn changes: two items with equal keys look alike.
    pub key: Key,
    /// Top of what it covers.
    pub top: f32,
    /// Bottom of what it covers.
    pub bottom: f32,
    /// Classes for the stylesheet: `message flight`.
    pub class: &'static str,
    /// What it stands for.
    pub target: Target,
    /// What it says when pointed at.
    pub title: String,
    /// What is drawn.
    pub shapes: Vec<Shape>,
}

/// Identity of a look: (what kind of thing, which one, a digest of its geometry).
pub type Key = (u8, u32, u64);

/// Identity of what is drawn, however it looks: (what kind of thing, which one). A drawing has one item of each.
pub type Thing = (u8, u32);

impl Item {
    /// What is drawn.
    pub fn thing(&self) -> Thing {
        let (kind, which, _) = self.key;
        (kind, which)
    }
}

/// What an item stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// Nothing to act on.
    Nothing,
    /// An event, by its row.
    Event(u32),
    /// A message that has ended, by its id.
    Message(u32),
    /// A message in flight, by its id: it can be delivered.
    InFlight(u32),
    /// A lifeline.
    Lane(NodeId),
    /// A violation, by its index in the trace.
    Violation(u32),
}

/// A primitive.
#[derive(Clone, PartialEq, Debug)]
pub enum Shape {
    /// A straight line.
    Line { class: &'static str, x1: f32, y1: f32, x2: f32, y2: f32 },
    /// A rectangle with rounded corners.
    Rect { class: &'static str, x: f32, y: f32, width: f32, height: f32, radius: f32 },
    /// A circle.
    Circle { class: &'static str, x: f32, y: f32, radius: f32 },
    /// A path, in SVG's own notation.
    Path { class: &'static str, d: String },
    /// A line of text.
    Text { class: &'static str, x: f32, y: f32, anchor: Anchor, text: String },
    /// A line of text that runs upwards along a bar, centred at (x, y).
    Upward { class: &'static str, x: f32, y: f32, text: String },
}

impl Shape {
    /// What it covers: (left, top, right, bottom). Of texts, about that; of paths, nothing is known.
    pub fn bounds(&self) -> Option<(f32, f32, f32, f32)> {
        Some(match self {
            Shape::Line { x1, y1, x2, y2, .. } => (x1.min(*x2), y1.min(*y2), x1.max(*x2), y1.max(*y2)),
            Shape::Rect { x, y, width, height, .. } => (*x, *y, x + width, y + height),
            Shape::Circle { x, y, radius, .. } => (x - radius, y - radius, x + radius, y + radius),
            Shape::Path { .. } => return None,
            Shape::Text { class, x, y, anchor, text } => {
                let size = text_size(class);
                let mono = class.split(' ').any(|name| name == "time");
                let width = if mono { text::mono_width(text, size) } else { text::width(text, size) };
                let left = match anchor {
                    Anchor::Start => *x,
                    Anchor::Middle => x - width / 2.0,
                    Anchor::End => x - width,
                };
                (left, y - size * 0.78, left + width, y + size * 0.22)
            }
            Shape::Upward { class, x, y, text } => {
                let size = text_size(class);
                let half = text::width(text, size) / 2.0;
                (x - size * 0.78, y - half, x + size * 0.22, y + half)
            }
        })
    }
}

/// As SVG.
impl Shape {
    /// Name of its element.
    pub fn element(&self) -> &'static str {
        match self {
            Shape::Line { .. } => "line",
            Shape::Rect { .. } => "rect",
            Shape::Circle { .. } => "circle",
            Shape::Path { .. } => "path",
            Shape::Text { .. } | Shape::Upward { .. } => "text",
        }
    }

    /// Its classes for the stylesheet.
    pub fn class(&self) -> &'static str {
        match self {
            Shape::Line { class, .. }
            | Shape::Rect { class, .. }
            | Shape::Circle { class, .. }
            | Shape::Path { class, .. }
            | Shape::Text { class, .. }
            | Shape::Upward { class, .. } => class,
        }
    }

    /// Where it stands: the attributes of its element, the same ones in the same order for all of its kind. No value needs escaping.
    pub fn attributes(&self) -> Vec<(&'static str, String)> {
        match self {
            Shape::Line { x1, y1, x2, y2, .. } => {
                vec![("x1", number(*x1)), ("y1", number(*y1)), ("x2", number(*x2)), ("y2", number(*y2))]
            }
            Shape::Rect { x, y, width, height, radius, .. } => vec![
                ("x", number(*x)),
                ("y", number(*y)),
                ("width", number(*width)),
                ("height", number(*height)),
                ("rx", number(*radius)),
            ],
            Shape::Circle { x, y, radius, .. } => vec![("cx", number(*x)), ("cy", number(*y)), ("r", number(*radius))],
            Shape::Path { d, .. } => vec![("d", d.clone())],
            Shape::Text { x, y, anchor, .. } => {
                vec![("x", number(*x)), ("y", number(*y)), ("text-anchor", anchor.name().to_owned())]
            }
            Shape::Upward { x, y, .. } => vec![
                ("transform", format!("translate({} {}) rotate(-90)", number(*x), number(*y))),
                ("text-anchor", "middle".to_owned()),
            ],
        }
    }

    /// What it says; SVG draws no line breaks.
    pub fn words(&self) -> Option<Cow<'_, str>> {
        match self {
            Shape::Text { text, .. } | Shape::Upward { text, .. } if text.contains(char::is_control) => {
                Some(text.replace(char::is_control, " ").into())
            }
            Shape::Text { text, .. } | Shape::Upward { text, .. } => Some(text.into()),
            Shape::Line { .. } | Shape::Rect { .. } | Shape::Circle { .. } | Shape::Path { .. } => None,
        }
    }
}

/// Size in px of a text of this class, as in `styles/diagram.css`.
fn text_size(class: &str) -> f32 {
    let small = ["time", "quiet", "badge-text", "bar-text", "violation-text"];
    if class.split(' ').any(|name| small.contains(&name)) { SMALL } else { LABEL }
}

/// Which end of a text stands at its x.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Anchor {
    /// Its left end.
    Start,
    /// Its middle.
    Middle,
    /// Its right end.
    End,
}

impl Anchor {
    /// SVG's `text-anchor`.
    pub fn name(self) -> &'static str {
        match self {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        }
    }
}

/// The class that goes with a tone.
pub fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Neutral => "tone-neutral",
        Tone::Active => "tone-active",
        Tone::Good => "tone-good",
        Tone::Stopped => "tone-stopped",
        Tone::Waiting => "tone-waiting",
    }
}

/// The sign that goes with a tone, so that colour never stands alone.
pub fn tone_sign(tone: Tone) -> &'static str {
    match tone {
        Tone::Neutral => "\u{25CB}",
        Tone::Active => "\u{25B8}",
        Tone::Good => "\u{2713}",
        Tone::Stopped => "\u{2715}",
        Tone::Waiting => "\u{25D4}",
    }
}

/// A coordinate as SVG text: at most one decimal.
pub fn number(value: f32) -> String {
    let tenths = (value * 10.0).round() as i64;
    let (whole, tenth) = (tenths / 10, (tenths % 10).abs());
    match tenth {
        0 => whole.to_string(),
        // Whole numbers alone: formatting floats would bring its own few kilobytes.
        _ if tenths < 0 && whole == 0 => format!("-0.{tenth}"),
        _ => format!("{whole}.{tenth}"),
    }
}

/// As [`f32::clamp`], whose panic would bring the printing of floats: ten kilobytes.
pub(super) fn within(value: f32, low: f32, high: f32) -> f32 {
    value.max(low).min(high)
}
