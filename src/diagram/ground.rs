//! What everything else stands on: steps, times, partitions, violations, lifelines, now.

use super::layout::{CAPTION_LINE, Plan, SMALL, format_time};
use super::scene::{Anchor, Shape, Target};
use super::text;
use crate::engine::{NodeId, PartitionBand, Violation};

/// How many columns the brackets of violations share.
const BRACKETS: usize = 4;
/// Between a time and what stands right of the gutter, in px.
const GUTTER_GAP: f32 = 7.0;

impl<'a> Plan<'a> {
    /// A hairline where a step begins, and the time where it changes.
    pub(super) fn time_and_steps(&mut self, step: u32) {
        let trace = self.trace;
        let half = self.style.row / 2.0;
        let rows = self.rows_shown();
        let before = rows.start.checked_sub(1).map(|row| &trace.events[row as usize]);
        let mut last_time = before.map(|event| event.time_ms);
        let mut last_step = before.map(|event| event.step);
        for row in rows {
            let event = &trace.events[row as usize];
            let begins = last_step.replace(event.step).is_some_and(|last| last != event.step);
            let y = self.y(row);
            let mut shapes = Vec::new();
            if event.step == step && step > 0 {
                shapes.push(self.across("step-now", y));
                let (x, height) = (0.0, self.style.row);
                shapes.push(Shape::Rect { class: "step-edge", x, y: y - half, width: 3.0, height, radius: 0.0 });
            }
            if begins {
                shapes.push(Shape::Line { class: "step-line", x1: 0.0, y1: y - half, x2: self.width, y2: y - half });
            }
            if last_time.replace(event.time_ms) != Some(event.time_ms) {
                let text = gutter_time(event.time_ms, self.style.gutter - GUTTER_GAP);
                shapes.push(self.in_gutter("time", y, text));
            }
            if !shapes.is_empty() {
                self.push((b't', row), (y - half, y + half), "row-ground", Target::Nothing, String::new(), shapes);
            }
        }
    }

    /// A row, from edge to edge.
    fn across(&self, class: &'static str, y: f32) -> Shape {
        let (width, height) = (self.width, self.style.row);
        Shape::Rect { class, x: 0.0, y: y - height / 2.0, width, height, radius: 0.0 }
    }

    fn in_gutter(&self, class: &'static str, y: f32, text: String) -> Shape {
        Shape::Text { class, x: self.style.gutter - GUTTER_GAP, y: y + 4.0, anchor: Anchor::End, text }
    }

    /// Shaded while they last.
    pub(super) fn partition_bands(&mut self) {
        for at in 0..self.trace.partitions.len() {
            let Some((band, top, bottom)) = self.partition(at) else { continue };
            let x = self.style.gutter;
            let (width, height) = (self.width - x, bottom - top);
            let title = self.partition_title(band);
            let shapes = vec![Shape::Rect { class: "partition-band", x, y: top, width, height, radius: 0.0 }];
            self.push((b'p', at as u32), (top, bottom), "partition", Target::Nothing, title, shapes);
        }
    }

    /// A double line where the sides of a partition meet.
    pub(super) fn partition_edges(&mut self) {
        for at in 0..self.trace.partitions.len() {
            let Some((band, top, bottom)) = self.partition(at) else { continue };
            let within = |lane: u8| band.side.contains(&NodeId(lane));
            let meet = (1..self.trace.lanes.len() as u8).filter(|lane| within(*lane) != within(*lane - 1));
            let line = |x: f32| Shape::Line { class: "partition-edge", x1: x, y1: top, x2: x, y2: bottom };
            let middle = |lane: u8| self.x(NodeId(lane)) - self.spacing / 2.0;
            let shapes: Vec<Shape> =
                meet.flat_map(|lane| [line(middle(lane) - 2.0), line(middle(lane) + 2.0)]).collect();
            let title = self.partition_title(band);
            self.push((b'q', at as u32), (top, bottom), "partition", Target::Nothing, title, shapes);
        }
    }

    /// A partition that has begun, with its top and its bottom.
    fn partition(&self, at: usize) -> Option<(&'_ PartitionBand, f32, f32)> {
        let trace = self.trace;
        let band = trace.partitions.get(at).filter(|band| band.from_row < self.rows)?;
        let top = self.y(band.from_row);
        let bottom = if self.lasts(band.to_row) { self.lanes_end } else { self.y(band.to_row.unwrap_or(self.rows)) };
        Some((band, top, bottom.max(top + 2.0)))
    }

    fn partition_title(&self, band: &PartitionBand) -> String {
        let names: Vec<&str> = band.side.iter().map(|node| self.trace.lanes[node.index()].id.as_str()).collect();
        format!("partition: {} cut off", names.join(", "))
    }

    /// The rows in which something broke.
    pub(super) fn broken_rows(&mut self, step: u32) {
        let mut rows: Vec<u32> = self.broken(step).map(|(_, violation)| violation.row).collect();
        rows.dedup();
        for row in rows {
            let y = self.y(row);
            let bounds = (y - self.style.row / 2.0, y + self.style.row / 2.0);
            let shapes = vec![self.across("violation-row", y)];
            self.push((b'x', row), bounds, "row-ground", Target::Nothing, String::new(), shapes);
        }
    }

    /// The guilty events are ringed, and a bracket links them to the row in which something broke, which is named.
    pub(super) fn violations(&mut self, step: u32) {
        let mut tagged = None;
        let found: Vec<_> = self.broken(step).collect();
        for (at, violation) in found {
            let rows = violation.guilty.iter().copied().chain([violation.row]);
            let (first, last) = (rows.clone().min().unwrap_or(0), rows.max().unwrap_or(0));
            let bounds = (self.y(first) - self.style.row, self.y(last) + self.style.row);
            let is_first_of_row = tagged.replace(violation.row) != Some(violation.row);
            if !self.shows(bounds) {
                continue;
            }
            let mut shapes = self.bracket(at, violation);
            if is_first_of_row {
                shapes.extend(self.violation_tag(violation.row, step));
            }
            let target = Target::Violation(at as u32);
            self.push((b'v', at as u32), bounds, "violation", target, violation.sentence.clone(), shapes);
        }
    }

    fn broken(&self, step: u32) -> impl Iterator<Item = (usize, &'a Violation)> + use<'a> {
        let (trace, rows) = (self.trace, self.rows);
        trace.violations.iter().enumerate().filter(move |(_, found)| found.step <= step && found.row < rows)
    }

    fn bracket(&self, at: usize, violation: &Violation) -> Vec<Shape> {
        let right = self.width - 8.0 - 7.0 * (at % BRACKETS) as f32;
        let line = |x1: f32, y1: f32, x2: f32, y2: f32| Shape::Line { class: "violation-link", x1, y1, x2, y2 };
        let rows = violation.guilty.iter().copied().chain([violation.row]).filter(|row| *row < self.rows);
        let mut shapes = Vec::new();
        if let (Some(first), Some(last)) = (rows.clone().min(), rows.max()) {
            shapes.push(line(right, self.y(first), right, self.y(last)));
        }
        for row in violation.guilty.iter().filter(|row| **row < self.rows) {
            let (x, y) = (self.x(self.trace.events[*row as usize].node), self.y(*row));
            shapes.push(line(x + 10.0, y, right, y));
            shapes.push(Shape::Circle { class: "violation-ring", x, y, radius: 10.0 });
        }
        shapes
    }

    /// Names what broke, in the free place of its row: left of the lifelines, or right of them where the event itself stands at the left.
    fn violation_tag(&self, row: u32, step: u32) -> [Shape; 2] {
        let here = self.trace.violations.iter().filter(|violation| violation.row == row && violation.step <= step);
        let names: Vec<String> = here.map(|violation| violation.invariant.to_ascii_uppercase()).collect();
        let place = self.x(NodeId(0)) - self.style.gutter - 16.0;
        let wide = format!("\u{26A0} {}", names.join(" "));
        let fits = text::width(&wide, SMALL) + 12.0 <= place;
        let text = if fits || names.len() < 2 { wide } else { format!("\u{26A0} {}", names.len()) };
        let width = text::width(&text, SMALL) + 12.0;
        let x = match self.trace.events[row as usize].node {
            NodeId(0) => self.width - 12.0 - 7.0 * BRACKETS as f32 - width,
            _ => self.x(NodeId(0)) - 12.0 - width,
        };
        let y = self.y(row);
        [
            Shape::Rect { class: "violation-tag", x, y: y - 9.0, width, height: 18.0, radius: 3.0 },
            Shape::Text { class: "violation-text", x: x + width / 2.0, y: y + 4.0, anchor: Anchor::Middle, text },
        ]
    }

    pub(super) fn lifelines(&mut self) {
        let trace = self.trace;
        for (at, lane) in trace.lanes.iter().enumerate() {
            let node = NodeId(at as u8);
            let (x, y2) = (self.x(node), self.lanes_end);
            let shapes = vec![Shape::Line { class: "lifeline", x1: x, y1: 0.0, x2: x, y2 }];
            self.push((b'l', at as u32), (0.0, y2), "lane", Target::Lane(node), lane.title.clone(), shapes);
        }
    }

    /// What blocked nodes wait for, under their lifelines.
    pub(super) fn captions(&mut self) {
        for (span, lines) in std::mem::take(&mut self.captions) {
            let node = self.trace.spans[span].node;
            let (x, top) = (self.x(node), self.lanes_end + 2.0);
            let y = |line: usize| top + (line as f32 + 0.8) * CAPTION_LINE;
            let text = |(at, text)| Shape::Text { class: "bar-text", x, y: y(at), anchor: Anchor::Middle, text };
            let shapes: Vec<Shape> = lines.into_iter().enumerate().map(text).collect();
            let title = self.trace.spans[span].label.clone();
            self.push((b'c', span as u32), (top, self.height), "caption", Target::Lane(node), title, shapes);
        }
    }

    pub(super) fn now(&mut self) {
        let y = self.now_y;
        let time = self.rows.checked_sub(1).map_or(0, |row| self.trace.events[row as usize].time_ms);
        let line = Shape::Line { class: "now-line", x1: self.style.gutter, y1: y, x2: self.width, y2: y };
        let shapes = vec![line, self.in_gutter("time now-text", y, "now".to_owned())];
        let title = format!("now: {}", format_time(time));
        self.push((b'n', 0), (y - 8.0, y + 8.0), "now", Target::Nothing, title, shapes);
    }
}

/// A time in this room: where milliseconds do not fit any more, seconds, and then minutes.
fn gutter_time(ms: u64, room: f32) -> String {
    let fits = |text: &String| text::mono_width(text, SMALL) <= room;
    let seconds = || format!("{} s", ms / 1_000);
    let minutes = || format!("{} min", ms / 60_000);
    [format_time(ms), seconds(), minutes()].into_iter().find(fits).unwrap_or_else(|| "\u{2026}".to_owned())
}
