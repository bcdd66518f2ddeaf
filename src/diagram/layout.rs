//! Where everything stands: a pure function of (trace, step, style). One row per event, time downwards.

use std::hash::{Hash, Hasher};

use super::scene::{Head, Item, Point, Scene, Shape, Target, within};
use super::text;
use crate::engine::{Message, MessageEnd, NodeId, SpanKind, StableHasher, Trace};

/// What the surroundings ask for. All lengths in px.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Style {
    /// Width to fill; a drawing that needs more is wider.
    pub width: f32,
    /// Height of a row.
    pub row: f32,
    /// Height of the row of a message in flight (its button is a little lower).
    pub flight_row: f32,
    /// Least distance of two lifelines.
    pub lane_min: f32,
    /// Greatest distance of two lifelines.
    pub lane_max: f32,
    /// Width of the time gutter.
    pub gutter: f32,
    /// Room between the gutter and the first lifeline, for badges that point outwards and the marks of violations.
    pub left: f32,
    /// Room beside the last lifeline, for what its events say.
    pub right: f32,
}

impl Style {
    /// For a page of this width.
    pub fn for_width(width: f32) -> Self {
        if width < 560.0 { Style::narrow(width) } else { Style::roomy(width) }
    }

    /// Left, right and the least distance of two lifelines where there is little room.
    const TIGHT: (f32, f32, f32) = (52.0, 88.0, 96.0);

    fn narrow(width: f32) -> Self {
        let (gutter, (left, right, lane_min)) = (54.0, Style::TIGHT);
        Style { width, row: 26.0, flight_row: 44.0, lane_min, lane_max: 230.0, gutter, left, right }
    }

    fn roomy(width: f32) -> Self {
        let (lane_min, gutter, left, right) = (118.0, 64.0, 104.0, 112.0);
        Style { width, row: 26.0, flight_row: 34.0, lane_min, lane_max: 230.0, gutter, left, right }
    }
}

/// Size of ordinary labels, in px.
pub(super) const LABEL: f32 = 12.0;
/// Size of what is said quietly: times, badges, words on bars.
pub(super) const SMALL: f32 = 11.0;
const TOP: f32 = 10.0;
/// Most lines of a caption.
const CAPTION_LINES: usize = 3;
/// Height of a line of a caption under a lifeline.
pub(super) const CAPTION_LINE: f32 = 14.0;

/// A stretch of a drawing: (top, bottom).
pub type Window = (f32, f32);

/// How large a drawing is, and where now is in it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Extent {
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
    /// Where now is.
    pub now_y: f32,
}

/// How large a run's drawing is as of a step, without drawing it.
pub fn extent(trace: &Trace, step: u32, style: &Style) -> Extent {
    Plan::new(trace, trace.rows_at_step(step), style, (0.0, 0.0)).extent()
}

/// Lays out a run as of a step.
pub fn layout(trace: &Trace, step: u32, style: &Style) -> Scene {
    layout_within(trace, step, style, (f32::MIN, f32::MAX))
}

/// Lays out what of a run, as of a step, reaches into a window: the work grows with the window and hardly with the run. Every item is as it is in
/// [`layout`], but what runs on beyond the window ends soon after it.
pub fn layout_within(trace: &Trace, step: u32, style: &Style, window: Window) -> Scene {
    let rows = trace.rows_at_step(step);
    let mut plan = Plan::new(trace, rows, style, window);
    plan.place_starts();
    plan.partition_bands();
    plan.time_and_steps(step);
    plan.broken_rows(step);
    plan.partition_edges();
    plan.lifelines();
    plan.spans();
    plan.messages();
    plan.flights();
    plan.violations(step);
    plan.events();
    plan.labels();
    plan.captions();
    plan.now();
    plan.buttons();
    plan.finish()
}

/// A drawing under way.
pub(super) struct Plan<'a> {
    pub(super) trace: &'a Trace,
    pub(super) rows: u32,
    pub(super) style: &'a Style,
    pub(super) spacing: f32,
    pub(super) width: f32,
    pub(super) now_y: f32,
    pub(super) height: f32,
    /// Where lifelines end; below stand captions.
    pub(super) lanes_end: f32,
    /// Messages in flight, in the order of sending.
    pub(super) flights: Vec<u32>,
    /// Where each message begins, by its id.
    pub(super) starts: Vec<Point>,
    /// What blocked nodes wait for: the span, in lines.
    pub(super) captions: Vec<(usize, Vec<String>)>,
    first_x: f32,
    window: Window,
    items: Vec<Item>,
}

impl<'a> Plan<'a> {
    fn new(trace: &'a Trace, rows: u32, style: &'a Style, window: Window) -> Self {
        let gaps = trace.lanes.len().saturating_sub(1) as f32;
        let (mut left, mut right, mut lane_min) = (style.left, style.right, style.lane_min);
        if style.gutter + left + right + lane_min * gaps > style.width {
            // Rather close together, with signs for badges at the edges, than cut off.
            let tight = Style::TIGHT;
            (left, right, lane_min) = (left.min(tight.0), right.min(tight.1), lane_min.min(tight.2));
        }
        let margins = style.gutter + left + right;
        let spacing = within((style.width - margins) / gaps.max(1.0), lane_min, style.lane_max);
        let used = margins + spacing * gaps;
        // A drawing that does not fill its place stands in its middle, with the gutter at the edge.
        let first_x = style.gutter + left + ((style.width - used) / 2.0).max(0.0);
        let width = used.max(style.width);
        let flights: Vec<u32> =
            (0..trace.messages.len() as u32).filter(|id| in_flight(&trace.messages[*id as usize], rows)).collect();
        let captions = captions(trace, rows, spacing - 12.0);
        let caption_lines = captions.iter().map(|(_, lines)| lines.len()).max().unwrap_or(0) as f32;
        let now_y = TOP + rows as f32 * style.row + 8.0;
        let lanes_end = now_y + 24.0 + flights.len() as f32 * style.flight_row;
        let height = lanes_end + 8.0 + caption_lines * CAPTION_LINE;
        Plan {
            trace,
            rows,
            style,
            spacing,
            width,
            now_y,
            height,
            lanes_end,
            flights,
            starts: Vec::new(),
            captions,
            first_x,
            window,
            items: Vec::new(),
        }
    }

    fn extent(&self) -> Extent {
        Extent { width: self.width, height: self.height, now_y: self.now_y }
    }

    fn finish(self) -> Scene {
        let heads = self.heads();
        Scene { width: self.width, height: self.height, heads, items: self.items, now_y: self.now_y }
    }

    /// Whether something with these bounds reaches into the window.
    pub(super) fn shows(&self, (top, bottom): (f32, f32)) -> bool {
        bottom >= self.window.0 && top <= self.window.1
    }

    /// The rows that may reach into the window.
    pub(super) fn rows_shown(&self) -> std::ops::Range<u32> {
        // Casts of floats saturate.
        let row_at = |y: f32| ((y - TOP) / self.style.row).floor();
        let first = (row_at(self.window.0) - 1.0) as u32;
        let end = (row_at(self.window.1) + 2.0) as u32;
        first.min(self.rows)..end.min(self.rows)
    }

    pub(super) fn x(&self, node: NodeId) -> f32 {
        self.first_x + f32::from(node.0) * self.spacing
    }

    pub(super) fn y(&self, row: u32) -> f32 {
        TOP + (row as f32 + 0.5) * self.style.row
    }

    /// How much text fits beside a lifeline on this side (1: right, -1: left), from `gap` px off it to the edge of the page or the gutter.
    pub(super) fn room(&self, x: f32, toward: f32, gap: f32) -> f32 {
        let room = if toward > 0.0 { self.width - x } else { x - self.style.gutter };
        room - gap - 4.0
    }

    /// Whether a span still lasts.
    pub(super) fn lasts(&self, to_row: Option<u32>) -> bool {
        to_row.is_none_or(|row| row >= self.rows)
    }

    pub(super) fn push(
        &mut self,
        (kind, id): (u8, u32),
        (top, bottom): (f32, f32),
        class: &'static str,
        target: Target,
        title: String,
        mut shapes: Vec<Shape>,
    ) {
        if !self.shows((top, bottom)) {
            return;
        }
        shapes.iter_mut().for_each(|shape| clip(shape, self.window));
        let key = (kind, id, digest(class, &shapes));
        self.items.push(Item { key, top, bottom, class, target, title, shapes });
    }

    fn heads(&self) -> Vec<Head> {
        let mut badges = vec![None; self.trace.lanes.len()];
        for event in self.trace.events[..self.rows as usize].iter().rev() {
            let latest = &mut badges[event.node.index()];
            *latest = latest.or(event.badge.as_ref().map(|badge| (badge.text, badge.tone)));
            if badges.iter().all(Option::is_some) {
                break;
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
        let spans = self.trace.spans.iter();
        let open = spans.filter(|span| span.node == node && span.from_row < self.rows && self.lasts(span.to_row));
        let worst = open.map(|span| span.kind).filter(|kind| *kind <= SpanKind::Blocked).min()?;
        match worst {
            SpanKind::Crashed => Some("down"),
            SpanKind::Paused => Some("paused"),
            SpanKind::Blocked => Some("blocked"),
            SpanKind::Lock | SpanKind::CriticalSection | SpanKind::Lease { .. } => None,
        }
    }
}

/// What blocked nodes wait for, in lines of this width.
fn captions(trace: &Trace, rows: u32, room: f32) -> Vec<(usize, Vec<String>)> {
    let mut all: Vec<(usize, Vec<String>)> = Vec::new();
    for (at, span) in trace.spans.iter().enumerate() {
        let lasts = span.from_row < rows && span.to_row.is_none_or(|row| row >= rows);
        let first = !all.iter().any(|(other, _)| trace.spans[*other].node == span.node);
        if span.kind == SpanKind::Blocked && lasts && first {
            all.push((at, text::wrap(&span.label, SMALL, room, CAPTION_LINES)));
        }
    }
    all
}

/// Whether a message is under way when `rows` rows stand.
pub fn in_flight(message: &Message, rows: u32) -> bool {
    message.sent_row < rows
        && match message.end {
            MessageEnd::InFlight => true,
            MessageEnd::Delivered { row } | MessageEnd::Lost { row, .. } => row >= rows,
        }
}

/// A moment of virtual time: `620 ms`, `12.5 s`, `10.036 s`.
pub fn format_time(ms: u64) -> String {
    if ms < 10_000 {
        return format!("{ms} ms");
    }
    let seconds = format!("{}.{:03}", ms / 1_000, ms % 1_000);
    format!("{} s", seconds.trim_end_matches('0').trim_end_matches('.'))
}

/// How far what is cut off reaches beyond the window, in px, so that nobody sees it end.
const BEYOND: f32 = 40.0;

/// Cuts what is long to the window: browsers dash a line from its first pixel, and the lifelines of a long run have tens of thousands.
fn clip(shape: &mut Shape, (top, bottom): Window) {
    let (top, bottom) = (top - BEYOND, bottom + BEYOND);
    match shape {
        Shape::Line { x1, y1, x2, y2, .. } => {
            let (from, to) = ((*x1, *y1), (*x2, *y2));
            let cut = |(x, y): Point| {
                let inside = within(y, top, bottom);
                // A level line is inside or not drawn at all.
                if inside == y || to.1 == from.1 {
                    (x, y)
                } else {
                    (from.0 + (inside - from.1) / (to.1 - from.1) * (to.0 - from.0), inside)
                }
            };
            ((*x1, *y1), (*x2, *y2)) = (cut(from), cut(to));
        }
        Shape::Rect { y, height, .. } => {
            let end = within(*y + *height, top, bottom);
            *y = within(*y, top, bottom);
            *height = end - *y;
        }
        Shape::Circle { .. } | Shape::Path { .. } | Shape::Text { .. } | Shape::Upward { .. } => {}
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
