//! What holds of every drawing of every well-formed trace.

use std::collections::BTreeSet;

use interleave::diagram::{Item, Scene, Shape, Target, in_flight};
use interleave::engine::{MessageEnd, Trace};
use proptest::prelude::*;

type Box4 = (f32, f32, f32, f32);

/// Everything that must hold of the drawing of a trace as of a step.
pub fn check(trace: &Trace, step: u32, scene: &Scene) -> Result<(), TestCaseError> {
    let distinct: BTreeSet<_> = scene.items.iter().map(Item::thing).collect();
    prop_assert_eq!(distinct.len(), scene.items.len(), "two items draw one thing");
    for pair in scene.heads.windows(2) {
        prop_assert!(pair[1].x - pair[0].x >= pair[0].width, "heads overlap");
    }
    for item in &scene.items {
        within_its_bounds(item, scene)?;
    }
    flights(trace, step, scene)?;
    every_message_once(trace, step, scene)?;
    every_event_once(trace, step, scene)
}

fn within_its_bounds(item: &Item, scene: &Scene) -> Result<(), TestCaseError> {
    prop_assert!(item.top <= item.bottom, "{} is upside down", item.class);
    for shape in &item.shapes {
        let Some((left, top, right, bottom)) = shape.bounds() else { continue };
        prop_assert!(left >= -0.1 && right <= scene.width + 0.1, "{} leaves the page: {shape:?}", item.class);
        prop_assert!(top >= -0.1 && bottom <= scene.height + 0.1, "{} leaves the page: {shape:?}", item.class);
        prop_assert!(bottom <= item.bottom + 20.0 && top >= item.top - 20.0, "{}: its bounds lie", item.class);
        if let Shape::Line { class, y1, y2, .. } = shape
            && class.starts_with("shaft")
        {
            prop_assert!(y1 <= y2, "time runs upwards: {shape:?}");
        }
    }
    Ok(())
}

fn flights(trace: &Trace, step: u32, scene: &Scene) -> Result<(), TestCaseError> {
    let rows = trace.rows_at_step(step);
    let flying = trace.messages.iter().filter(|message| in_flight(message, rows)).count();
    let shapes = scene.items.iter().flat_map(|item| &item.shapes);
    let pills: Vec<Box4> = shapes
        .filter(|shape| matches!(shape, Shape::Rect { class: "flight-pill", .. }))
        .filter_map(Shape::bounds)
        .collect();
    prop_assert_eq!(pills.len(), flying, "each message in flight has one button");
    for (at, a) in pills.iter().enumerate() {
        prop_assert!(a.2 - a.0 >= 20.0, "a button of {} px", a.2 - a.0);
        prop_assert!(a.1 >= scene.now_y, "a message in flight stands before now");
        for b in &pills[at + 1..] {
            prop_assert!(!overlap(*a, *b, 0.0), "buttons overlap");
        }
    }
    Ok(())
}

fn every_message_once(trace: &Trace, step: u32, scene: &Scene) -> Result<(), TestCaseError> {
    let rows = trace.rows_at_step(step);
    let is_dot = |shape: &Shape| matches!(shape, Shape::Circle { class: "send-dot", .. });
    let drawn: Vec<Target> = scene
        .items
        .iter()
        .flat_map(|item| item.shapes.iter().filter(|shape| is_dot(shape)).map(|_| item.target))
        .collect();
    let mut wanted = Vec::new();
    for (id, message) in (0_u32..).zip(&trace.messages).filter(|(_, message)| message.sent_row < rows) {
        let flies = in_flight(message, rows);
        wanted.push(if flies { Target::InFlight(id) } else { Target::Message(id) });
        let cut = |item: &&Item| item.shapes.iter().any(|shape| matches!(shape, Shape::Path { class: "cut", .. }));
        let crossed = scene.items.iter().filter(cut).filter(|item| item.target == Target::Message(id)).count();
        let lost = !flies && matches!(message.end, MessageEnd::Lost { .. });
        prop_assert_eq!(crossed, usize::from(lost), "a lost message ends in a cross, and no other does");
    }
    let name = |target: &Target| format!("{target:?}");
    let (mut drawn, mut wanted): (Vec<_>, Vec<_>) =
        (drawn.iter().map(name).collect(), wanted.iter().map(name).collect());
    drawn.sort();
    wanted.sort();
    prop_assert_eq!(drawn, wanted, "every message is drawn once");
    Ok(())
}

fn every_event_once(trace: &Trace, step: u32, scene: &Scene) -> Result<(), TestCaseError> {
    let rows = trace.rows_at_step(step);
    let of_event = |item: &Item| match item.target {
        Target::Event(row) => Some(row),
        _ => None,
    };
    let event_rows: Vec<u32> = scene.items.iter().filter_map(of_event).collect();
    prop_assert_eq!(event_rows, (0..rows).collect::<Vec<_>>(), "every event has its row, in order");
    Ok(())
}

/// Pairs of texts (and badges, and buttons) that stand upon one another, as sentences.
pub fn collisions(scene: &Scene) -> Vec<String> {
    let mut boxes: Vec<(Box4, String)> = Vec::new();
    for shape in scene.items.iter().flat_map(|item| &item.shapes) {
        let said = match shape {
            Shape::Text { class, text, .. } if !class.contains("badge") && !class.contains("violation") => text.clone(),
            Shape::Upward { text, .. } => text.clone(),
            Shape::Rect { class, .. } if class.starts_with("badge") || *class == "violation-tag" => {
                format!("({class})")
            }
            _ => continue,
        };
        boxes.extend(shape.bounds().map(|bounds| (bounds, said)));
    }
    boxes.sort_by(|a, b| a.0.1.total_cmp(&b.0.1));
    let mut found = Vec::new();
    for (at, (a, said)) in boxes.iter().enumerate() {
        let near = boxes[at + 1..].iter().take_while(|(b, _)| b.1 < a.3);
        let upon = near.filter(|(b, _)| overlap(*a, *b, 1.0));
        found.extend(upon.map(|(b, other)| format!("{said} {a:?} and {other} {b:?}")));
    }
    found
}

fn overlap(a: Box4, b: Box4, tolerance: f32) -> bool {
    a.0 + tolerance < b.2 && b.0 + tolerance < a.2 && a.1 + tolerance < b.3 && b.1 + tolerance < a.3
}
