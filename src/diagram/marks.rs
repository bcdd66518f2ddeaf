//! The signs of the grammar: arrows, crosses, bars, glyphs, badges.

use super::scene::{Anchor, Shape, number, tone_class, tone_sign};
use super::text;
use crate::engine::{Badge, Event, EventKind, Span, SpanKind};

type Point = (f32, f32);

/// An arrow from its sending to its arrival (or to where it was cut).
pub(super) fn arrow(start: Point, end: Point, copy: bool, lost: bool) -> Vec<Shape> {
    let mut shapes = shaft(start, end, copy, if lost { "shaft shaft-lost" } else { "shaft" });
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

/// The class of a bar's item.
pub(super) fn bar_class(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Crashed => "bar bar-crashed",
        SpanKind::Paused => "bar bar-paused",
        SpanKind::Blocked => "bar bar-blocked",
        SpanKind::Lock => "bar bar-lock",
        SpanKind::CriticalSection => "bar bar-critical",
        SpanKind::Lease { .. } => "bar bar-lease",
    }
}

/// A bar on a lifeline.
pub(super) fn bar(span: &Span, x: f32, top: f32, bottom: f32) -> Vec<Shape> {
    let rect = |class: &'static str, width: f32| Shape::Rect {
        class,
        x: x - width / 2.0,
        y: top,
        width,
        height: bottom - top,
        radius: 2.0,
    };
    let mut shapes = match span.kind {
        SpanKind::Crashed => vec![
            rect("crashed-ground", 14.0),
            Shape::Line { class: "crashed-hatch", x1: x, y1: top, x2: x, y2: bottom },
        ],
        SpanKind::Paused => vec![rect("paused-bar", 12.0)],
        SpanKind::Blocked => vec![rect("blocked-bar", 16.0)],
        SpanKind::Lock => vec![rect("lock-bar", 6.0)],
        SpanKind::CriticalSection => vec![rect("critical-bar", 10.0)],
        // It shrinks to its expiry.
        SpanKind::Lease { .. } => {
            let (left, right) = (number(x - 5.0), number(x + 5.0));
            let d = format!("M{left} {t}L{right} {t}L{} {}Z", number(x), number(bottom), t = number(top));
            vec![Shape::Path { class: "lease-bar", d }]
        }
    };
    let says = matches!(span.kind, SpanKind::Blocked);
    let needed = text::width(&span.label, 11.0) + 16.0;
    if says && bottom - top >= needed {
        let y = bottom - needed / 2.0;
        shapes.push(Shape::Upward { class: "bar-text", x: x + 19.0, y, text: span.label.clone() });
    }
    shapes
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
pub(super) fn event(event: &Event, x: f32, y: f32, spacing: f32, shapes: &mut Vec<Shape>) {
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
    let text = text::fit(&event.label, super::layout::LABEL, spacing - 26.0);
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

/// A state, beside the lifeline.
pub(super) fn badge(badge: &Badge, x: f32, y: f32, left: bool, shapes: &mut Vec<Shape>) {
    let text = format!("{} {}", tone_sign(badge.tone), badge.text);
    let width = text::width(&text, 11.0) + 12.0;
    let start = if left { x - 12.0 - width } else { x + 12.0 };
    shapes.push(Shape::Rect { class: badge_class(badge), x: start, y: y - 9.0, width, height: 18.0, radius: 9.0 });
    let middle = start + width / 2.0;
    shapes.push(Shape::Text { class: "badge-text", x: middle, y: y + 3.9, anchor: Anchor::Middle, text });
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
