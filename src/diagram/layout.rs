//! Where everything stands: a pure function of (trace, step, style). One row per event, time downwards.

use std::hash::{Hash, Hasher};

use super::marks;
use super::scene::{Anchor, Head, Item, Key, Scene, Shape, Target};
use super::text;
use crate::engine::{EventKind, LossCause, Message, MessageEnd, NodeId, SpanKind, StableHasher, Trace, Violation};

/// What the surroundings ask for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Style {
    /// Width to fill, in px; a drawing that needs more is wider.
    pub width: f32,
    /// Height of a row, in px.
    pub row: f32,
    /// Height of the row of a message in flight, in px (its button is a little lower).
    pub flight_row: f32,
    /// Least distance of two lifelines, in px.
    pub lane_min: f32,
    /// Greatest distance of two lifelines, in px.
    pub lane_max: f32,
    /// Width of the time gutter, in px.
    pub gutter: f32,
}

impl Style {
    /// For a page of this width.
    pub fn for_width(width: f32) -> Self {
        let narrow = width < 560.0;
        Style {
            width,
            row: 26.0,
            flight_row: if narrow { 44.0 } else { 34.0 },
            lane_min: if narrow { 96.0 } else { 118.0 },
            lane_max: 230.0,
            gutter: if narrow { 52.0 } else { 64.0 },
        }
    }
}

/// Size of ordinary labels, in px.
pub(super) const LABEL: f32 = 12.0;
const TOP: f32 = 10.0;

/// Lays out a run as of a step.
pub fn layout(trace: &Trace, step: u32, style: &Style) -> Scene {
    let rows = trace.rows_at_step(step);
    let mut plan = Plan::new(trace, rows, style);
    plan.time_and_steps(step);
    plan.partitions();
    plan.violations(step);
    plan.lifelines();
    plan.spans();
    plan.messages();
    plan.flights();
    plan.events();
    plan.labels();
    plan.now();
    plan.buttons();
    plan.finish()
}

pub(super) struct Plan<'a> {
    pub(super) trace: &'a Trace,
    pub(super) rows: u32,
    pub(super) style: &'a Style,
    pub(super) spacing: f32,
    first_x: f32,
    width: f32,
    now_y: f32,
    height: f32,
    flights: Vec<u32>,
    items: Vec<Item>,
}

impl<'a> Plan<'a> {
    fn new(trace: &'a Trace, rows: u32, style: &'a Style) -> Self {
        let count = trace.lanes.len().max(1) as f32;
        // Room beside the outer lifelines for labels that point outwards.
        let margin_left = style.gutter + style.lane_min * 0.42;
        let margin_right = style.lane_min * 0.92;
        let room = (style.width - margin_left - margin_right) / (count - 1.0).max(1.0);
        let spacing = room.clamp(style.lane_min, style.lane_max);
        let used = margin_left + margin_right + spacing * (count - 1.0);
        // A drawing that does not fill its place stands in its middle, with the gutter at the edge.
        let first_x = margin_left + ((style.width - used) / 2.0).max(0.0);
        let width = used.max(style.width);
        let flights: Vec<u32> =
            (0..trace.messages.len() as u32).filter(|id| in_flight(&trace.messages[*id as usize], rows)).collect();
        let now_y = TOP + rows as f32 * style.row + 8.0;
        let height = now_y + 14.0 + flights.len() as f32 * style.flight_row + 18.0;
        Plan { trace, rows, style, spacing, first_x, width, now_y, height, flights, items: Vec::new() }
    }

    fn finish(self) -> Scene {
        let heads = self.heads();
        Scene { width: self.width, height: self.height, heads, items: self.items, now_y: self.now_y }
    }

    pub(super) fn x(&self, node: NodeId) -> f32 {
        self.first_x + f32::from(node.0) * self.spacing
    }

    pub(super) fn y(&self, row: u32) -> f32 {
        TOP + (row as f32 + 0.5) * self.style.row
    }

    pub(super) fn push(
        &mut self,
        (kind, id): (u8, u32),
        (top, bottom): (f32, f32),
        class: &'static str,
        target: Target,
        title: String,
        shapes: Vec<Shape>,
    ) {
        let key = (kind, id, digest(class, &shapes));
        self.items.push(Item { key, top, bottom, class, target, title, shapes });
    }

    fn heads(&self) -> Vec<Head> {
        let mut badges = vec![None; self.trace.lanes.len()];
        for event in &self.trace.events[..self.rows as usize] {
            if let Some(badge) = &event.badge {
                badges[event.node.index()] = Some((badge.text, badge.tone));
            }
        }
        let lanes = self.trace.lanes.iter().enumerate();
        lanes
            .map(|(at, lane)| {
                let node = NodeId(at as u8);
                Head {
                    node,
                    x: self.x(node),
                    width: self.spacing - 8.0,
                    title: lane.title.clone(),
                    id: lane.id.clone(),
                    badge: badges[at],
                    status: self.status(node),
                }
            })
            .collect()
    }

    fn status(&self, node: NodeId) -> Option<&'static str> {
        let open = self.trace.spans.iter().filter(|span| {
            span.node == node && span.from_row < self.rows && span.to_row.is_none_or(|to| to >= self.rows)
        });
        let worst = open.map(|span| span.kind).filter(|kind| *kind <= SpanKind::Blocked).min()?;
        match worst {
            SpanKind::Crashed => Some("down"),
            SpanKind::Paused => Some("paused"),
            SpanKind::Blocked => Some("blocked"),
            SpanKind::Lock | SpanKind::CriticalSection | SpanKind::Lease { .. } => None,
        }
    }

    /// Shaded while they last, with a double line where the sides meet.
    fn partitions(&mut self) {
        let (trace, rows) = (self.trace, self.rows);
        for (at, band) in trace.partitions.iter().enumerate().filter(|(_, band)| band.from_row < rows) {
            let top = self.y(band.from_row);
            let bottom = band.to_row.filter(|row| *row < self.rows).map_or(self.height - 4.0, |row| self.y(row));
            let left = self.style.gutter;
            let mut shapes = vec![Shape::Rect {
                class: "partition-band",
                x: left,
                y: top,
                width: self.width - left,
                height: (bottom - top).max(2.0),
                radius: 0.0,
            }];
            for lane in 1..self.trace.lanes.len() as u8 {
                let apart = band.side.contains(&NodeId(lane)) != band.side.contains(&NodeId(lane - 1));
                if apart {
                    let x = self.x(NodeId(lane)) - self.spacing / 2.0;
                    for offset in [-2.0, 2.0] {
                        let x = x + offset;
                        shapes.push(Shape::Line { class: "partition-edge", x1: x, y1: top, x2: x, y2: bottom });
                    }
                }
            }
            let names: Vec<&str> = band.side.iter().map(|node| self.trace.lanes[node.index()].id.as_str()).collect();
            let title = format!("partition: {} cut off", names.join(", "));
            self.push((b'p', at as u32), (top, bottom), "partition", Target::Nothing, title, shapes);
        }
    }

    /// A hairline where a step begins, and the time where it changes.
    fn time_and_steps(&mut self, step: u32) {
        let mut last_time = None;
        for row in 0..self.rows {
            let event = &self.trace.events[row as usize];
            let begins = row == 0 || self.trace.events[row as usize - 1].step != event.step;
            let current = event.step == step && step > 0;
            let y = self.y(row);
            let mut shapes = Vec::new();
            if current {
                shapes.push(Shape::Rect {
                    class: "step-now",
                    x: 0.0,
                    y: y - self.style.row / 2.0,
                    width: self.width,
                    height: self.style.row,
                    radius: 0.0,
                });
            }
            if begins && row > 0 {
                let y = y - self.style.row / 2.0;
                shapes.push(Shape::Line { class: "step-line", x1: 0.0, y1: y, x2: self.width, y2: y });
            }
            if last_time != Some(event.time_ms) {
                last_time = Some(event.time_ms);
                shapes.push(Shape::Text {
                    class: "time",
                    x: self.style.gutter - 10.0,
                    y: y + 4.0,
                    anchor: Anchor::End,
                    text: format_time(event.time_ms),
                });
            }
            if !shapes.is_empty() {
                let bounds = (y - self.style.row / 2.0, y + self.style.row / 2.0);
                self.push((b't', row), bounds, "row-ground", Target::Nothing, String::new(), shapes);
            }
        }
    }

    /// The row is marked, the guilty events are ringed, and a bracket links them.
    fn violations(&mut self, step: u32) {
        let trace = self.trace;
        for (at, violation) in trace.violations.iter().enumerate().filter(|(_, v)| v.step <= step) {
            let shapes = self.violation_shapes(at, violation);
            let top = violation.guilty.first().map_or(self.y(violation.row), |row| self.y(*row)) - self.style.row;
            let bottom = self.y(violation.row) + self.style.row;
            let target = Target::Violation(at as u32);
            self.push((b'v', at as u32), (top, bottom), "violation", target, violation.sentence.clone(), shapes);
        }
    }

    fn violation_shapes(&self, at: usize, violation: &Violation) -> Vec<Shape> {
        let half = self.style.row / 2.0;
        let row_y = self.y(violation.row);
        let right = self.width - 12.0 - 9.0 * at as f32;
        let mut shapes = vec![Shape::Rect {
            class: "violation-row",
            x: 0.0,
            y: row_y - half,
            width: self.width,
            height: self.style.row,
            radius: 0.0,
        }];
        let mut rows = violation.guilty.clone();
        rows.push(violation.row);
        rows.sort_unstable();
        rows.dedup();
        if let (Some(first), Some(last)) = (rows.first(), rows.last()) {
            let (top, bottom) = (self.y(*first), self.y(*last));
            shapes.push(Shape::Line { class: "violation-link", x1: right, y1: top, x2: right, y2: bottom });
        }
        for row in &violation.guilty {
            let x = self.x(self.trace.events[*row as usize].node);
            let y = self.y(*row);
            shapes.push(Shape::Line { class: "violation-link", x1: x + 9.0, y1: y, x2: right, y2: y });
            shapes.push(Shape::Circle { class: "violation-ring", x, y, radius: 9.0 });
        }
        let label = format!("\u{26A0} {}", violation.invariant.to_uppercase());
        let width = text::width(&label, 11.0) + 10.0;
        let y = row_y + half - 1.0;
        shapes.push(Shape::Rect {
            class: "violation-tag",
            x: right - width,
            y: y - 8.0,
            width,
            height: 17.0,
            radius: 4.0,
        });
        shapes.push(Shape::Text {
            class: "violation-text",
            x: right - width / 2.0,
            y: y + 4.5,
            anchor: Anchor::Middle,
            text: label,
        });
        shapes
    }

    fn lifelines(&mut self) {
        for at in 0..self.trace.lanes.len() as u8 {
            let node = NodeId(at);
            let x = self.x(node);
            let y2 = self.height - 6.0;
            let shapes = vec![Shape::Line { class: "lifeline", x1: x, y1: 0.0, x2: x, y2 }];
            let title = self.trace.lanes[node.index()].title.clone();
            self.push((b'l', u32::from(at)), (0.0, self.height), "lane", Target::Lane(node), title, shapes);
        }
    }

    fn spans(&mut self) {
        let (trace, rows) = (self.trace, self.rows);
        for (at, span) in trace.spans.iter().enumerate().filter(|(_, span)| span.from_row < rows) {
            let top = self.y(span.from_row);
            let closed = span.to_row.filter(|row| *row < self.rows);
            let bottom = closed.map_or(self.height - 8.0, |row| self.y(row)).max(top + 2.0);
            let x = self.x(span.node);
            let shapes = marks::bar(span, x, top, bottom);
            let id = &self.trace.lanes[span.node.index()].id;
            let title = format!("{id}: {}", span.label);
            self.push(
                (b's', at as u32),
                (top, bottom),
                marks::bar_class(span.kind),
                Target::Lane(span.node),
                title,
                shapes,
            );
        }
    }

    fn messages(&mut self) {
        for id in 0..self.trace.messages.len() as u32 {
            let message = &self.trace.messages[id as usize];
            if message.sent_row >= self.rows || in_flight(message, self.rows) {
                continue;
            }
            let Some((start, end, lost)) = self.course(message) else { continue };
            let class = if lost { "message lost" } else { "message" };
            let shapes = marks::arrow(start, end, message.copy_of.is_some(), lost);
            let title = self.message_title(message);
            let bounds = (start.1 - 14.0, end.1 + 10.0);
            self.push((b'm', id), bounds, class, Target::Message(id), title, shapes);
        }
    }

    /// Where an ended message starts and ends, and whether it was lost.
    fn course(&self, message: &Message) -> Option<(Point, Point, bool)> {
        let start = self.message_start(message);
        match message.end {
            MessageEnd::Delivered { row } => Some((start, (self.x(message.to), self.y(row)), false)),
            MessageEnd::Lost { row, cause } => Some((start, (self.cut_x(message, cause), self.y(row)), true)),
            MessageEnd::InFlight => None,
        }
    }

    /// Labels stand above all lines, so that no arrow runs through a word.
    fn labels(&mut self) {
        for id in 0..self.trace.messages.len() as u32 {
            let message = &self.trace.messages[id as usize];
            if message.sent_row >= self.rows {
                continue;
            }
            let mut shapes = Vec::new();
            let flies = in_flight(message, self.rows);
            let start = self.message_start(message);
            self.label_at_sender(message, start, flies, &mut shapes);
            let mut bottom = start.1 + 4.0;
            if let Some((_, end, _)) = self.course(message).filter(|_| !flies) {
                self.label_at_end(message, end, &mut shapes);
                bottom = end.1 + 8.0;
            }
            let (class, target) =
                if flies { ("message flight", Target::InFlight(id)) } else { ("message", Target::Message(id)) };
            let title = self.message_title(message);
            self.push((b'w', id), (start.1 - 16.0, bottom), class, target, title, shapes);
        }
    }

    /// A copy begins on the way of its original, everything else at the sender.
    fn message_start(&self, message: &Message) -> Point {
        let from = self.x(message.from);
        let x = if message.copy_of.is_some() { from + (self.x(message.to) - from) * 0.3 } else { from };
        (x, self.y(message.sent_row))
    }

    /// Where a lost message was cut.
    fn cut_x(&self, message: &Message, cause: LossCause) -> f32 {
        let (from, to) = (self.x(message.from), self.x(message.to));
        let toward = (to - from).signum();
        match cause {
            LossCause::ReceiverDown => to - toward * 13.0,
            LossCause::Dropped | LossCause::ConnectionBroken => from + (to - from) * 0.6,
            // Where the sides meet: beside the first lifeline on the other side.
            LossCause::Partitioned => from + toward * self.spacing / 2.0,
        }
    }

    fn toward(&self, message: &Message) -> f32 {
        (self.x(message.to) - self.x(message.from)).signum()
    }

    /// The label stands at the sender, where its row is free.
    fn label_at_sender(&self, message: &Message, start: Point, flies: bool, shapes: &mut Vec<Shape>) {
        let toward = self.toward(message);
        let anchor = if toward > 0.0 { Anchor::Start } else { Anchor::End };
        let text = if message.copy_of.is_some() { format!("copy of {}", message.label) } else { message.label.clone() };
        let class = if flies { "label flight-label" } else { "label" };
        shapes.push(Shape::Text { class, x: start.0 + toward * 9.0, y: start.1 - 4.0, anchor, text });
    }

    /// At its end a lost message says so, and one that was long on its way says again what it is.
    fn label_at_end(&self, message: &Message, end: Point, shapes: &mut Vec<Shape>) {
        let toward = self.toward(message);
        let onward = if toward > 0.0 { Anchor::Start } else { Anchor::End };
        let back = if toward > 0.0 { Anchor::End } else { Anchor::Start };
        let (x, anchor, text) = match message.end {
            MessageEnd::InFlight => return,
            MessageEnd::Lost { cause: LossCause::ReceiverDown, .. } => (end.0 - toward * 10.0, back, "lost".to_owned()),
            MessageEnd::Lost { .. } => (end.0 + toward * 9.0, onward, "lost".to_owned()),
            MessageEnd::Delivered { row } => {
                let far = row - message.sent_row > 6;
                if !far || self.trace.events[row as usize].badge.is_some() {
                    return;
                }
                (end.0 + toward * 9.0, onward, text::fit(&message.label, 11.0, self.spacing - 20.0))
            }
        };
        shapes.push(Shape::Text { class: "label quiet", x, y: end.1 + 4.0, anchor, text });
    }

    fn message_title(&self, message: &Message) -> String {
        let id = |node: NodeId| self.trace.lanes[node.index()].id.as_str();
        format!("{} from {} to {}", message.body, id(message.from), id(message.to))
    }

    fn events(&mut self) {
        for row in 0..self.rows {
            let event = &self.trace.events[row as usize];
            let (x, y) = (self.x(event.node), self.y(row));
            let left = match &event.kind {
                EventKind::Sent { message } => {
                    let message = &self.trace.messages[*message as usize];
                    // The label of the arrow takes one side, a badge the other.
                    self.x(message.to) > self.x(message.from)
                }
                EventKind::Delivered { message } => {
                    let message = &self.trace.messages[*message as usize];
                    self.x(message.to) < self.x(message.from)
                }
                _ => true,
            };
            let mut shapes = vec![Shape::Rect {
                class: "row-hit",
                x: 0.0,
                y: y - self.style.row / 2.0,
                width: self.width,
                height: self.style.row,
                radius: 0.0,
            }];
            marks::event(event, x, y, self.spacing, &mut shapes);
            if let Some(badge) = &event.badge {
                marks::badge(badge, x, y, left, &mut shapes);
            }
            let bounds = (y - self.style.row / 2.0, y + self.style.row / 2.0);
            let class = marks::event_class(&event.kind);
            self.push((b'e', row), bounds, class, Target::Event(row), event.sentence.clone(), shapes);
        }
    }

    fn now(&mut self) {
        let y = self.now_y;
        let time = self.rows.checked_sub(1).map_or(0, |row| self.trace.events[row as usize].time_ms);
        let shapes = vec![
            Shape::Line { class: "now-line", x1: self.style.gutter - 6.0, y1: y, x2: self.width, y2: y },
            Shape::Text {
                class: "time now-text",
                x: self.style.gutter - 10.0,
                y: y + 4.0,
                anchor: Anchor::End,
                text: "now".to_owned(),
            },
        ];
        let title = format!("now: {}", format_time(time));
        self.push((b'n', 0), (y - 8.0, y + 8.0), "now", Target::Nothing, title, shapes);
    }

    /// The way so far of each message in flight.
    fn flights(&mut self) {
        for at in 0..self.flights.len() {
            let place = self.flight_place(at);
            let message = &self.trace.messages[place.id as usize];
            let start = self.message_start(message);
            let pill = (place.middle - place.toward * place.width / 2.0, place.y);
            let shapes = marks::flight(start, pill, message.copy_of.is_some());
            let title = self.message_title(message);
            let bounds = (start.1.min(place.y) - 4.0, place.y + 4.0);
            self.push((b'f', place.id), bounds, "message flight", Target::InFlight(place.id), title, shapes);
        }
    }

    /// Each message in flight ends in a row of its own below now, before its receiver, in a button.
    fn buttons(&mut self) {
        for at in 0..self.flights.len() {
            let place = self.flight_place(at);
            let message = &self.trace.messages[place.id as usize];
            let half_height = self.style.flight_row / 2.0 - 4.0;
            let mut shapes = vec![Shape::Rect {
                class: "flight-hit",
                x: place.middle - self.spacing / 2.0 + 4.0,
                y: place.y - self.style.flight_row / 2.0,
                width: self.spacing - 8.0,
                height: self.style.flight_row,
                radius: 6.0,
            }];
            let edge = place.middle + place.toward * place.width / 2.0;
            shapes.extend(marks::open_head((edge, place.y), self.x(message.to), place.toward));
            shapes.push(Shape::Rect {
                class: "flight-pill",
                x: place.middle - place.width / 2.0,
                y: place.y - half_height,
                width: place.width,
                height: half_height * 2.0,
                radius: half_height.min(13.0),
            });
            shapes.push(Shape::Text {
                class: "flight-text",
                x: place.middle,
                y: place.y + 4.2,
                anchor: Anchor::Middle,
                text: place.text,
            });
            let title = format!("Deliver {}", self.message_title(message));
            let bounds = (place.y - self.style.flight_row / 2.0, place.y + self.style.flight_row / 2.0);
            self.push((b'b', place.id), bounds, "message flight button", Target::InFlight(place.id), title, shapes);
        }
    }

    fn flight_place(&self, at: usize) -> FlightPlace {
        let id = self.flights[at];
        let message = &self.trace.messages[id as usize];
        let toward = self.toward(message);
        let copy = if message.copy_of.is_some() { "copy of " } else { "" };
        let room = self.spacing - 34.0;
        let text = text::fit(&format!("{copy}{}", message.label), LABEL, room - 14.0);
        FlightPlace {
            id,
            toward,
            middle: self.x(message.to) - toward * self.spacing / 2.0,
            y: self.now_y + 14.0 + (at as f32 + 0.5) * self.style.flight_row,
            width: (text::width(&text, LABEL) + 18.0).max(44.0).min(room),
            text,
        }
    }
}

type Point = (f32, f32);

/// Where the button of a message in flight stands.
struct FlightPlace {
    id: u32,
    toward: f32,
    middle: f32,
    y: f32,
    width: f32,
    text: String,
}

/// Whether a message is under way when `rows` rows stand.
pub fn in_flight(message: &Message, rows: u32) -> bool {
    message.sent_row < rows
        && match message.end {
            MessageEnd::InFlight => true,
            MessageEnd::Delivered { row } | MessageEnd::Lost { row, .. } => row >= rows,
        }
}

/// A moment of virtual time: `620 ms`, `12.5 s`.
pub fn format_time(ms: u64) -> String {
    match ms {
        0..10_000 => format!("{ms} ms"),
        _ => {
            let tenths = ms / 100;
            if tenths.is_multiple_of(10) {
                format!("{} s", tenths / 10)
            } else {
                format!("{}.{} s", tenths / 10, tenths % 10)
            }
        }
    }
}

fn digest(class: &str, shapes: &[Shape]) -> u64 {
    let mut hasher = StableHasher::default();
    class.hash(&mut hasher);
    for shape in shapes {
        match shape {
            Shape::Line { class, x1, y1, x2, y2 } => {
                (0_u8, class).hash(&mut hasher);
                hash_all(&[*x1, *y1, *x2, *y2], &mut hasher);
            }
            Shape::Rect { class, x, y, width, height, .. } => {
                (1_u8, class).hash(&mut hasher);
                hash_all(&[*x, *y, *width, *height], &mut hasher);
            }
            Shape::Circle { class, x, y, radius } => {
                (2_u8, class).hash(&mut hasher);
                hash_all(&[*x, *y, *radius], &mut hasher);
            }
            Shape::Path { class, d } => (3_u8, class, d).hash(&mut hasher),
            Shape::Text { class, x, y, text, .. } => {
                (4_u8, class, text).hash(&mut hasher);
                hash_all(&[*x, *y], &mut hasher);
            }
            Shape::Upward { class, x, y, text } => {
                (5_u8, class, text).hash(&mut hasher);
                hash_all(&[*x, *y], &mut hasher);
            }
        }
    }
    hasher.finish()
}

fn hash_all(values: &[f32], hasher: &mut StableHasher) {
    for value in values {
        hasher.write_u32(value.to_bits());
    }
}

/// Distinct keys are what keyed lists rely on.
pub fn keys(scene: &Scene) -> impl Iterator<Item = Key> + '_ {
    scene.items.iter().map(|item| item.key)
}
