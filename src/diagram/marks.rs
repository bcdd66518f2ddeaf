//! The signs of the grammar: arrows, crosses, bars, glyphs, badges.

use super::layout::{LABEL, SMALL};
use super::scene::{Anchor, Point, Shape, number, tone_class};
use super::text;
use crate::engine::{Badge, Event, EventKind, Tone};

/// An arrow from its sending to its arrival (or to where it was cut). That of a compensation is broken, and has a second head that points back.
pub(super) fn arrow(start: Point, end: Point, copy: bool, lost: bool, undoes: bool) -> Vec<Shape> {
    let class = match (lost, undoes) {
        (true, _) => "shaft shaft-lost",
        (false, true) => "shaft shaft-undo",
        (false, false) => "shaft",
    };
    let mut shapes = shaft(start, end, copy, class);
    if undoes {
        let toward = (end.0 - start.0).signum();
        let (tip, back) = (start.0 + toward * 6.0, start.0 + toward * 13.0);
        let (top, bottom) = (number(start.1 - 5.0), number(start.1 + 5.0));
        let d = format!("M{} {top}L{} {}L{} {bottom}", number(back), number(tip), number(start.1), number(back));
        shapes.push(Shape::Path { class: "open-head", d });
    }
    if lost {
        shapes.push(cross(end, 5.0, "cut"));
    } else {
        shapes.push(filled_head(start, end));
    }
    shapes.push(Shape::Circle { class: "send-dot", x: start.0, y: start.1, radius: 2.6 });
    shapes
}

/// A doubled line stands for a copy.
fn shaft(start: Point, end: Point, copy: bool, class: &'static str) -> Vec<Shape> {
    let line = |offset: f32| Shape::Line { class, x1: start.0, y1: start.1 + offset, x2: end.0, y2: end.1 + offset };
    if copy { vec![line(-1.6), line(1.6)] } else { vec![line(0.0)] }
}

/// What a node sends to itself: out to the right and back.
pub(super) fn own_arrow(start: Point, end: Point, out: f32, lost: bool) -> Vec<Shape> {
    let class = if lost { "shaft shaft-lost" } else { "shaft" };
    let side = start.0 + out;
    let line = |x1: f32, y1: f32, x2: f32, y2: f32| Shape::Line { class, x1, y1, x2, y2 };
    let mut shapes = vec![line(start.0, start.1, side, start.1), line(side, start.1, side, end.1)];
    if lost {
        shapes.push(cross(end, 5.0, "cut"));
    } else {
        shapes.push(line(side, end.1, end.0, end.1));
        shapes.push(filled_head((side, end.1), end));
    }
    shapes.push(Shape::Circle { class: "send-dot", x: start.0, y: start.1, radius: 2.6 });
    shapes
}

fn filled_head(start: Point, end: Point) -> Shape {
    let (dx, dy) = (end.0 - start.0, end.1 - start.1);
    let length = (dx * dx + dy * dy).sqrt().max(0.1);
    let (ux, uy) = (dx / length, dy / length);
    let tip = (end.0 - ux * 2.0, end.1 - uy * 2.0);
    let base = (tip.0 - ux * 9.0, tip.1 - uy * 9.0);
    let d = format!(
        "M{} {}L{} {}L{} {}Z",
        number(tip.0),
        number(tip.1),
        number(base.0 - uy * 4.2),
        number(base.1 + ux * 4.2),
        number(base.0 + uy * 4.2),
        number(base.1 - ux * 4.2)
    );
    Shape::Path { class: "head", d }
}

fn cross(at: Point, arm: f32, class: &'static str) -> Shape {
    let (left, right) = (number(at.0 - arm), number(at.0 + arm));
    let (top, bottom) = (number(at.1 - arm), number(at.1 + arm));
    Shape::Path { class, d: format!("M{left} {top}L{right} {bottom}M{left} {bottom}L{right} {top}") }
}

/// The way so far of a message in flight.
pub(super) fn flight(start: Point, pill: Point, copy: bool) -> Vec<Shape> {
    let mut shapes = shaft(start, pill, copy, "shaft shaft-flight");
    shapes.push(Shape::Circle { class: "send-dot", x: start.0, y: start.1, radius: 2.6 });
    shapes
}

/// What is left of its way, with an open head before its receiver.
pub(super) fn open_head(pill: Point, receiver_x: f32, toward: f32) -> Vec<Shape> {
    let tip = receiver_x - toward * 5.0;
    let back = tip - toward * 7.0;
    let y = pill.1;
    let d = format!(
        "M{} {}L{} {}L{} {}",
        number(back),
        number(y - 5.0),
        number(tip),
        number(y),
        number(back),
        number(y + 5.0)
    );
    vec![
        Shape::Line { class: "shaft shaft-flight", x1: pill.0, y1: y, x2: tip, y2: y },
        Shape::Path { class: "open-head", d },
    ]
}

/// The class of an event's item.
pub(super) fn event_class(kind: &EventKind) -> &'static str {
    match kind {
        EventKind::Sent { .. } => "event sent",
        EventKind::Delivered { .. } => "event delivered",
        EventKind::Lost { .. } => "event lost-here",
        EventKind::Duplicated { .. } => "event duplicated",
        EventKind::TimerFired => "event timer",
        EventKind::Stepped => "event stepped",
        EventKind::Wrote { forced: true } => "event wrote forced",
        EventKind::Wrote { forced: false } => "event wrote unforced",
        EventKind::Noted => "event noted",
        EventKind::Crashed => "event crashed",
        EventKind::Restarted => "event restarted",
        EventKind::Paused | EventKind::Resumed => "event paused",
        EventKind::ClockJumped { .. } | EventKind::ClockRate { .. } => "event clock",
        EventKind::Partitioned { .. } | EventKind::Healed => "event network",
    }
}

/// What an event shows on its lifeline, beside arrows.
pub(super) fn event(event: &Event, (x, y): Point, room: f32, shapes: &mut Vec<Shape>) {
    match &event.kind {
        EventKind::Sent { .. } | EventKind::Lost { .. } | EventKind::Duplicated { .. } => return,
        EventKind::Delivered { .. } => return,
        EventKind::Wrote { forced } => shapes.extend(log_glyph(x, y, *forced)),
        EventKind::TimerFired => shapes.extend(clock_glyph(x, y, "glyph")),
        EventKind::ClockJumped { .. } | EventKind::ClockRate { .. } => shapes.extend(clock_glyph(x, y, "glyph warn")),
        EventKind::Stepped => shapes.push(Shape::Path {
            class: "glyph solid",
            d: format!("M{} {}l10 6l-10 6Z", number(x - 4.0), number(y - 6.0)),
        }),
        EventKind::Noted => shapes.push(Shape::Circle { class: "glyph solid", x, y, radius: 3.6 }),
        EventKind::Crashed => shapes.push(cross((x, y), 8.0, "crash-cross")),
        EventKind::Restarted => shapes.push(Shape::Path {
            class: "glyph restart",
            d: format!("M{} {}a6.5 6.5 0 1 0 2.4 3.2m-0.4 -6.2l-1.6 4.2l-4.2 -1.4", number(x + 4.0), number(y - 4.6)),
        }),
        EventKind::Paused => shapes
            .push(Shape::Path { class: "glyph", d: format!("M{} {}v10m6 -10v10", number(x - 3.0), number(y - 5.0)) }),
        EventKind::Resumed => shapes.push(Shape::Path {
            class: "glyph solid",
            d: format!("M{} {}l8 5l-8 5Z", number(x - 3.0), number(y - 5.0)),
        }),
        EventKind::Partitioned { .. } | EventKind::Healed => shapes.push(Shape::Path {
            class: "glyph warn",
            d: format!("M{} {}l5 4l-6 3l5 4", number(x - 2.0), number(y - 6.0)),
        }),
    }
    let text = text::fit(&event.label, LABEL, room);
    shapes.push(Shape::Text { class: "event-text", x: x + 14.0, y: y + 4.2, anchor: Anchor::Start, text });
}

/// A sheet of paper: lines on it where it was forced, a dashed edge where not.
fn log_glyph(x: f32, y: f32, forced: bool) -> Vec<Shape> {
    let mut shapes = vec![Shape::Rect {
        class: if forced { "glyph sheet" } else { "glyph sheet dashed" },
        x: x - 5.0,
        y: y - 6.5,
        width: 10.0,
        height: 13.0,
        radius: 1.5,
    }];
    if forced {
        let d = format!("M{} {}h5m-5 3h5m-5 3h5", number(x - 2.5), number(y - 3.0));
        shapes.push(Shape::Path { class: "glyph thin", d });
    }
    shapes
}

fn clock_glyph(x: f32, y: f32, class: &'static str) -> Vec<Shape> {
    vec![
        Shape::Circle { class: "glyph face", x, y, radius: 6.5 },
        Shape::Path { class, d: format!("M{} {}v4h3.4", number(x), number(y - 3.8)) },
    ]
}

/// A state, beside the lifeline, on the side (1: right, -1: left) that is free; where its words do not fit, its sign alone.
pub(super) fn badge(badge: &Badge, (x, y): Point, side: f32, room: f32, shapes: &mut Vec<Shape>) {
    let words = text::bold_width(badge.text, SMALL);
    let fits = words + SIGN + 17.0 <= room;
    let width = if fits { words + SIGN + 17.0 } else { SIGN + 12.0 };
    let start = if side < 0.0 { x - 12.0 - width } else { x + 12.0 };
    shapes.push(Shape::Rect { class: badge_class(badge), x: start, y: y - 9.0, width, height: 18.0, radius: 9.0 });
    shapes.push(sign(badge.tone, (start + 6.0 + SIGN / 2.0, y)));
    if fits {
        let (x, y, anchor, text) = (start + 10.0 + SIGN, y + 3.9, Anchor::Start, badge.text.to_owned());
        shapes.push(Shape::Text { class: "badge-text", x, y, anchor, text });
    }
}

/// Width of the sign in a badge, in px.
const SIGN: f32 = 9.0;

/// The sign that goes with a tone, drawn: few faces have all of them.
fn sign(tone: Tone, (x, y): Point) -> Shape {
    let at = |dx: f32, dy: f32| format!("M{} {}", number(x + dx), number(y + dy));
    let (class, d) = match tone {
        Tone::Neutral => ("sign", format!("{}a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0", at(-3.5, 0.0))),
        Tone::Active => ("sign solid", format!("{}l7 4l-7 4Z", at(-3.0, -4.0))),
        Tone::Good => ("sign", format!("{}l2.6 2.8l5 -6", at(-3.8, 0.4))),
        Tone::Stopped => ("sign", format!("{}l6.4 6.4m0 -6.4l-6.4 6.4", at(-3.2, -3.2))),
        // A clock.
        Tone::Waiting => ("sign", format!("{}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0m4 -2.6v2.8h2.2", at(-4.0, 0.0))),
    };
    Shape::Path { class, d }
}

fn badge_class(badge: &Badge) -> &'static str {
    match tone_class(badge.tone) {
        "tone-active" => "badge tone-active",
        "tone-good" => "badge tone-good",
        "tone-stopped" => "badge tone-stopped",
        "tone-waiting" => "badge tone-waiting",
        _ => "badge tone-neutral",
    }
}
