//! Bars on lifelines: down, paused, blocked, locks, critical sections, leases.

use std::fmt::Write as _;

use super::layout::{Plan, SMALL};
use super::scene::{Point, Shape, Target, number, within};
use super::text;
use crate::engine::{Span, SpanKind, sort_by};

/// How far apart two bars of one kind stand that share a lifeline.
const SLOT: f32 = 9.0;
/// Half the width of a lease that has just begun.
const LEASE: f32 = 10.0;

impl Plan<'_> {
    /// Wide ones first, so that each stays visible where several share a lifeline.
    pub(super) fn spans(&mut self) {
        let trace = self.trace;
        let mut begun: Vec<usize> = (0..trace.spans.len()).filter(|at| trace.spans[*at].from_row < self.rows).collect();
        let slots = slots(&trace.spans, &begun);
        sort_by(&mut begun, &|one, other| {
            let place = |at: usize| (rank(trace.spans[at].kind), at);
            place(*one).cmp(&place(*other))
        });
        for at in begun {
            let span = &trace.spans[at];
            let top = self.y(span.from_row);
            let bottom =
                if self.lasts(span.to_row) { self.lanes_end } else { self.y(span.to_row.unwrap_or(self.rows)) };
            let bounds = (top, bottom.max(top + 2.0));
            if !self.shows(bounds) {
                continue;
            }
            let x = self.x(span.node) + SLOT * f32::from(slots[at]);
            let shapes = self.bar(span, x, bounds);
            let title = format!("{}: {}", trace.lanes[span.node.index()].id, span.label);
            let target = Target::Lane(span.node);
            self.push((b's', at as u32), bounds, class(span.kind), target, title, shapes);
        }
    }

    fn bar(&self, span: &Span, x: f32, (top, bottom): (f32, f32)) -> Vec<Shape> {
        let height = bottom - top;
        let rect = |class, width: f32| Shape::Rect { class, x: x - width / 2.0, y: top, width, height, radius: 2.0 };
        let mut shapes = match span.kind {
            SpanKind::Crashed => vec![
                rect("crashed-ground", 14.0),
                Shape::Line { class: "crashed-hatch", x1: x, y1: top, x2: x, y2: bottom },
            ],
            SpanKind::Paused => vec![rect("paused-bar", 12.0)],
            SpanKind::Blocked => vec![rect("blocked-bar", 18.0)],
            SpanKind::Lock => vec![rect("lock-bar", 6.0)],
            SpanKind::CriticalSection => vec![rect("critical-bar", 10.0)],
            SpanKind::Lease { until_ms } => self.lease(span, until_ms, x, (top, bottom)),
        };
        // While a node is blocked, a caption under its lifeline says on what.
        let says = match span.kind {
            SpanKind::Blocked => !self.lasts(span.to_row),
            SpanKind::CriticalSection => true,
            SpanKind::Crashed | SpanKind::Paused | SpanKind::Lock | SpanKind::Lease { .. } => false,
        };
        if says
            && let Some((from, to)) = self.quiet_stretch(span, bottom)
            && to - from >= text::width(&span.label, SMALL) + 10.0
        {
            let y = (from + to) / 2.0;
            shapes.push(Shape::Upward { class: bar_text(span.kind), x: x + 4.0, y, text: span.label.clone() });
        }
        shapes
    }

    /// The longest stretch of a bar on which its node does nothing: room for words.
    fn quiet_stretch(&self, span: &Span, bottom: f32) -> Option<(f32, f32)> {
        let half = self.style.row / 2.0;
        let last = if self.lasts(span.to_row) { self.rows } else { span.to_row.unwrap_or(self.rows) };
        let rows = span.from_row + 1..last;
        let busy = rows.filter(|row| self.trace.events[*row as usize].node == span.node);
        let stops = busy.map(|row| self.y(row)).chain([bottom + half]);
        let mut from = self.y(span.from_row);
        let mut longest = None;
        for stop in stops {
            let stretch = (from + half, stop - half);
            if longest.is_none_or(|(a, b)| stretch.1 - stretch.0 > b - a) {
                longest = Some(stretch);
            }
            from = stop;
        }
        longest
    }

    /// A bar as wide as what is left of the lease by its holder's own clock, with a tick where nothing is left.
    fn lease(&self, span: &Span, until_ms: i64, x: f32, (top, bottom): Point) -> Vec<Shape> {
        let last = if self.lasts(span.to_row) { self.rows.saturating_sub(1) } else { span.to_row.unwrap_or(self.rows) };
        let events = &self.trace.events;
        let first = &events[span.from_row as usize];
        let mut local = if first.node == span.node { first.local_ms } else { first.time_ms as i64 };
        let mut time = first.time_ms;
        let whole = (until_ms.saturating_sub(local)).max(1) as f32;
        let mut profile = Vec::new();
        let mut ended = None;
        for row in span.from_row..=last {
            let event = &events[row as usize];
            let passed = event.time_ms.saturating_sub(time) as i64;
            local = if event.node == span.node { event.local_ms } else { local.saturating_add(passed) };
            time = event.time_ms;
            let left = within(until_ms.saturating_sub(local) as f32 / whole, 0.0, 1.0);
            if left <= 0.0 && ended.is_none() {
                ended = Some(self.y(row));
            }
            profile.push((0.7 + (LEASE - 0.7) * left, self.y(row)));
        }
        let last_width = profile.last().map_or(LEASE, |(half, _)| *half);
        profile.push((last_width, bottom.max(top)));
        let mut shapes = vec![Shape::Path { class: "lease-bar", d: outline(x, &profile) }];
        if let Some(y) = ended {
            shapes.push(Shape::Line { class: "lease-end", x1: x - 9.0, y1: y, x2: x + 9.0, y2: y });
        }
        shapes
    }
}

/// Down one side and up the other. Between two corners of equal width no corner is needed.
fn outline(x: f32, profile: &[Point]) -> String {
    let inner = |at: usize| at > 0 && at + 1 < profile.len() && profile[at - 1].0 == profile[at].0;
    let needed = |at: &usize| !(inner(*at) && profile[*at].0 == profile[*at + 1].0);
    let corners: Vec<Point> = (0..profile.len()).filter(needed).map(|at| profile[at]).collect();
    let mut d = String::new();
    for (at, (half, y)) in corners.iter().enumerate() {
        let _ = write!(d, "{}{} {}", if at == 0 { 'M' } else { 'L' }, number(x + half), number(*y));
    }
    for (half, y) in corners.iter().rev() {
        let _ = write!(d, "L{} {}", number(x - half), number(*y));
    }
    d.push('Z');
    d
}

/// For each bar, how many of its kind stand left of it on its lifeline while it lasts.
fn slots(spans: &[Span], begun: &[usize]) -> Vec<u8> {
    let mut slots = vec![0_u8; spans.len()];
    let mut lasting: Vec<usize> = Vec::new();
    for at in begun.iter().copied() {
        let span = &spans[at];
        lasting.retain(|other| spans[*other].to_row.is_none_or(|row| row > span.from_row));
        let shares = |other: &&usize| spans[**other].node == span.node && rank(spans[**other].kind) == rank(span.kind);
        let taken: Vec<u8> = lasting.iter().filter(shares).map(|other| slots[*other]).collect();
        slots[at] = (0..3).find(|slot| !taken.contains(slot)).unwrap_or(3);
        lasting.push(at);
    }
    slots
}

/// Painting order.
fn rank(kind: SpanKind) -> u8 {
    match kind {
        SpanKind::Blocked => 0,
        SpanKind::Lease { .. } => 1,
        SpanKind::CriticalSection => 2,
        SpanKind::Lock => 3,
        SpanKind::Paused => 4,
        SpanKind::Crashed => 5,
    }
}

fn class(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Crashed => "bar bar-crashed",
        SpanKind::Paused => "bar bar-paused",
        SpanKind::Blocked => "bar bar-blocked",
        SpanKind::Lock => "bar bar-lock",
        SpanKind::CriticalSection => "bar bar-critical",
        SpanKind::Lease { .. } => "bar bar-lease",
    }
}

fn bar_text(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::CriticalSection => "bar-text critical",
        _ => "bar-text",
    }
}
