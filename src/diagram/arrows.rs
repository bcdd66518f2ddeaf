//! Messages and events: arrows, their labels, the buttons of messages in flight, and the signs of what happens on a lifeline.

use super::layout::{LABEL, Plan, SMALL, in_flight};
use super::marks;
use super::scene::{Anchor, Point, Shape, Target, within};
use super::text;
use crate::engine::{EventKind, LossCause, Message, MessageEnd, NodeId};

/// Least width of the button of a message in flight.
const PILL_MIN: f32 = 44.0;
/// How far the way of a message that a node sends to itself leaves its lifeline.
const LOOP: f32 = 24.0;

/// Where the button of a message in flight stands.
struct FlightPlace {
    id: u32,
    toward: f32,
    middle: f32,
    y: f32,
    width: f32,
    room: f32,
    text: String,
}

impl FlightPlace {
    /// Where the way so far meets the button.
    fn near(&self) -> Point {
        (self.middle - self.toward * self.width / 2.0, self.y)
    }
}

impl Plan<'_> {
    /// Everything begins at its sender, but a copy on the way of its original.
    pub(super) fn place_starts(&mut self) {
        for id in 0..self.trace.messages.len() as u32 {
            let message = &self.trace.messages[id as usize];
            let sender = (self.x(message.from), self.y(message.sent_row));
            let start = match message.copy_of {
                Some(original) if original < id => self.on_the_way_of(original, sender),
                _ => sender,
            };
            self.starts.push(start);
        }
    }

    fn on_the_way_of(&self, original: u32, (sender_x, y): Point) -> Point {
        let (x0, y0) = self.starts[original as usize];
        let end = match self.flights.binary_search(&original) {
            Ok(at) => Some(self.flight_place(at).near()),
            Err(_) => self.end(&self.trace.messages[original as usize]).map(|(end, _)| end),
        };
        let Some((x1, y1)) = end.filter(|(_, y1)| *y1 > y0) else { return (sender_x, y) };
        let share = within((y - y0) / (y1 - y0), 0.0, 1.0);
        (x0 + share * (x1 - x0), y)
    }

    fn start(&self, id: u32) -> Point {
        self.starts[id as usize]
    }

    /// Where a message that has ended did so, and whether it was lost.
    fn end(&self, message: &Message) -> Option<(Point, bool)> {
        match message.end {
            MessageEnd::Delivered { row } => Some(((self.x(message.to), self.y(row)), false)),
            MessageEnd::Lost { row, cause } => Some(((self.cut_x(message, row, cause), self.y(row)), true)),
            MessageEnd::InFlight => None,
        }
    }

    /// Where a lost message was cut.
    fn cut_x(&self, message: &Message, row: u32, cause: LossCause) -> f32 {
        let (from, to) = (self.x(message.from), self.x(message.to));
        if message.from == message.to {
            return from + LOOP;
        }
        let toward = (to - from).signum();
        match cause {
            LossCause::ReceiverDown => to - toward * 13.0,
            LossCause::Dropped | LossCause::ConnectionBroken => from + (to - from) * 0.6,
            LossCause::Partitioned => self.border(message, row).unwrap_or(from + toward * self.spacing / 2.0),
        }
    }

    /// Where the way of a message leaves its sender's side of a partition.
    fn border(&self, message: &Message, row: u32) -> Option<f32> {
        let bands = self.trace.partitions.iter();
        let mut here = bands.filter(|band| band.from_row <= row && band.to_row.is_none_or(|to| to >= row));
        let (from, to) = (message.from.0, message.to.0);
        here.find_map(|band| {
            let side = |lane: u8| band.side.contains(&NodeId(lane));
            if side(from) == side(to) {
                return None;
            }
            let step = |from: u8| if from < to { from + 1 } else { from - 1 };
            let mut lane = from;
            while side(step(lane)) == side(from) {
                lane = step(lane);
            }
            Some((self.x(NodeId(lane)) + self.x(NodeId(step(lane)))) / 2.0)
        })
    }

    /// 1 to the right, -1 to the left. What a node sends to itself leaves it to the right.
    fn toward(message: &Message) -> f32 {
        if message.to >= message.from { 1.0 } else { -1.0 }
    }

    /// Arrows of messages that have ended.
    pub(super) fn messages(&mut self) {
        let trace = self.trace;
        for (id, message) in (0_u32..).zip(&trace.messages) {
            if message.sent_row >= self.rows || in_flight(message, self.rows) {
                continue;
            }
            let Some((end, lost)) = self.end(message) else { continue };
            let start = self.start(id);
            let bounds = (start.1 - 14.0, end.1 + 10.0);
            if !self.shows(bounds) {
                continue;
            }
            let copy = message.copy_of.is_some();
            let class = match (lost, copy) {
                (true, _) => "message lost",
                (false, true) => "message copy",
                (false, false) => "message",
            };
            let own = message.from == message.to;
            let shapes = if own {
                marks::own_arrow(start, end, LOOP, lost)
            } else {
                marks::arrow(start, end, copy, lost, undoes(message))
            };
            self.push((b'm', id), bounds, class, Target::Message(id), self.message_title(message), shapes);
        }
    }

    /// Labels stand above all lines, so that no arrow runs through a word.
    pub(super) fn labels(&mut self) {
        let trace = self.trace;
        for (id, message) in (0_u32..).zip(&trace.messages) {
            if message.sent_row >= self.rows {
                continue;
            }
            let flies = in_flight(message, self.rows);
            let start = self.start(id);
            let end = self.end(message).filter(|_| !flies).map(|(end, _)| end);
            let bounds = (start.1 - 16.0, end.map_or(start.1 + 4.0, |end| end.1 + 8.0));
            if !self.shows(bounds) {
                continue;
            }
            let mut shapes = vec![self.label_at_sender(message, start, flies)];
            shapes.extend(end.and_then(|end| self.label_at_end(message, end)));
            let (class, target) =
                if flies { ("message flight", Target::InFlight(id)) } else { ("message", Target::Message(id)) };
            self.push((b'w', id), bounds, class, target, self.message_title(message), shapes);
        }
    }

    /// The label stands at the sender, where its row is free, and reaches no further than the next lifeline.
    fn label_at_sender(&self, message: &Message, start: Point, flies: bool) -> Shape {
        let toward = Self::toward(message);
        let anchor = if toward > 0.0 { Anchor::Start } else { Anchor::End };
        let room = self.room(start.0, toward, 9.0).min(self.spacing - 22.0);
        let text = text::fit(&named(message), LABEL, room);
        let class = if flies { "label flight-label" } else { "label" };
        Shape::Text { class, x: start.0 + toward * 9.0, y: start.1 - 4.0, anchor, text }
    }

    /// At its end a lost message says so, and one that was long on its way says again what it is.
    fn label_at_end(&self, message: &Message, end: Point) -> Option<Shape> {
        let toward = Self::toward(message);
        let onward = if toward > 0.0 { Anchor::Start } else { Anchor::End };
        let back = if toward > 0.0 { Anchor::End } else { Anchor::Start };
        let own = message.from == message.to;
        let (x, anchor, text) = match message.end {
            MessageEnd::InFlight => return None,
            MessageEnd::Lost { cause: LossCause::ReceiverDown, .. } if !own => {
                (end.0 - toward * 10.0, back, "lost".to_owned())
            }
            MessageEnd::Lost { .. } => (end.0 + toward * 9.0, onward, "lost".to_owned()),
            MessageEnd::Delivered { row } => {
                let far = row.saturating_sub(message.sent_row) > 6 && !own;
                let room = self.room(end.0, toward, 9.0).min(self.spacing - 20.0);
                if !far || room < 24.0 || self.trace.events[row as usize].badge.is_some() {
                    return None;
                }
                (end.0 + toward * 9.0, onward, text::fit(&message.label, SMALL, room))
            }
        };
        Some(Shape::Text { class: "label quiet", x, y: end.1 + 4.0, anchor, text })
    }

    fn message_title(&self, message: &Message) -> String {
        let id = |node: NodeId| self.trace.lanes[node.index()].id.as_str();
        format!("{} from {} to {}", message.body, id(message.from), id(message.to))
    }

    /// What happens on the lifelines, row by row.
    pub(super) fn events(&mut self) {
        let trace = self.trace;
        for row in self.rows_shown() {
            let event = &trace.events[row as usize];
            let (x, y) = (self.x(event.node), self.y(row));
            let (width, height) = (self.width, self.style.row);
            let top = y - height / 2.0;
            let mut shapes = vec![Shape::Rect { class: "row-hit", x: 0.0, y: top, width, height, radius: 0.0 }];
            marks::event(event, (x, y), self.room(x, 1.0, 14.0).min(self.spacing - 26.0), &mut shapes);
            if let Some(badge) = &event.badge {
                let side = if self.badge_stands_left(&event.kind) { -1.0 } else { 1.0 };
                marks::badge(badge, (x, y), side, self.room(x, side, 12.0), &mut shapes);
            }
            let (class, target) = (marks::event_class(&event.kind), Target::Event(row));
            self.push((b'e', row), (top, top + height), class, target, event.sentence.clone(), shapes);
        }
    }

    /// The arrow takes one side, a badge the other; beside an event that is no arrow, its words stand at the right.
    fn badge_stands_left(&self, kind: &EventKind) -> bool {
        let message = |id: u32| &self.trace.messages[id as usize];
        match kind {
            EventKind::Sent { message: id } | EventKind::Duplicated { copy: id, .. } => {
                Self::toward(message(*id)) > 0.0
            }
            EventKind::Delivered { message: id } => message(*id).to < message(*id).from,
            _ => true,
        }
    }

    /// The way so far of each message in flight.
    pub(super) fn flights(&mut self) {
        let trace = self.trace;
        for at in 0..self.flights.len() {
            let place = self.flight_place(at);
            let message = &trace.messages[place.id as usize];
            let start = self.start(place.id);
            let bounds = (start.1.min(place.y) - 4.0, place.y + 4.0);
            if !self.shows(bounds) {
                continue;
            }
            let shapes = marks::flight(start, place.near(), message.copy_of.is_some());
            let target = Target::InFlight(place.id);
            self.push((b'f', place.id), bounds, "message flight", target, self.message_title(message), shapes);
        }
    }

    /// Each message in flight ends in a row of its own below now, before its receiver, in a button.
    pub(super) fn buttons(&mut self) {
        let trace = self.trace;
        let row = self.style.flight_row;
        for at in 0..self.flights.len() {
            let place = self.flight_place(at);
            let message = &trace.messages[place.id as usize];
            let bounds = (place.y - row / 2.0, place.y + row / 2.0);
            if !self.shows(bounds) {
                continue;
            }
            let half = row / 2.0 - 4.0;
            let rect = |class, width: f32, height: f32, radius: f32| Shape::Rect {
                class,
                x: place.middle - width / 2.0,
                y: place.y - height / 2.0,
                width,
                height,
                radius,
            };
            let mut shapes = vec![rect("flight-hit", place.room, row, 6.0)];
            let edge = place.middle + place.toward * place.width / 2.0;
            shapes.extend(marks::open_head((edge, place.y), self.x(message.to), place.toward));
            shapes.push(rect("flight-pill", place.width, half * 2.0, half.min(13.0)));
            let (x, y, anchor) = (place.middle, place.y + 4.2, Anchor::Middle);
            shapes.push(Shape::Text { class: "flight-text", x, y, anchor, text: place.text });
            let title = format!("Deliver {}", self.message_title(message));
            self.push((b'b', place.id), bounds, "message flight button", Target::InFlight(place.id), title, shapes);
        }
    }

    fn flight_place(&self, at: usize) -> FlightPlace {
        let id = self.flights[at];
        let message = &self.trace.messages[id as usize];
        let receiver = self.x(message.to);
        // What a node sends to itself comes back from the right.
        let toward = if message.from == message.to { -1.0 } else { Self::toward(message) };
        let gap = self.spacing.min(self.room(receiver, -toward, 0.0));
        let room = gap - 34.0;
        let text = text::fit(&named(message), LABEL, room - 14.0);
        FlightPlace {
            id,
            toward,
            middle: receiver - toward * gap / 2.0,
            y: self.now_y + 14.0 + (at as f32 + 0.5) * self.style.flight_row,
            width: (text::width(&text, LABEL) + 18.0).max(PILL_MIN).min(room),
            room: gap - 8.0,
            text,
        }
    }
}

/// Whether a message is a compensation: its name begins so.
fn undoes(message: &Message) -> bool {
    message.label.starts_with("undo: ")
}

fn named(message: &Message) -> String {
    if message.copy_of.is_some() { format!("copy of {}", message.label) } else { message.label.clone() }
}
