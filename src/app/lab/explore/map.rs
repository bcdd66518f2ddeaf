//! The map of all states, drawn: a row for each number of choices, the run that is shown as a path through it.

use maud::{Markup, html};

use crate::explore::{Map, Mark};

use super::super::super::text;
use super::super::bench::Bench;
use super::Asked;

/// Id of the frame in which it scrolls.
pub const ID: &str = "explore-map";
/// Between neighbours in a row, and between rows, in px.
const STEP: (i64, i64) = (26, 34);
/// Around all of it, in px.
const MARGIN: i64 = 18;

/// The map, what its signs mean, and the same as a list.
pub fn section(bench: Bench, asked: &Asked, map: &Map) -> Markup {
    bench.lab.at.track();
    let read = bench.lab.read(|here| {
        let steps = here.run.steps();
        let own: Vec<&str> = (1..=steps).filter_map(|step| here.run.choice(step)).collect();
        let is_same = own.len() >= asked.prefix
            && (0..asked.prefix).all(|at| asked.link.choices.get(at).is_some_and(|choice| choice == own[at]));
        let is_same = is_same && here.spec.variant.id == asked.link.variant.id && here.spec.values == asked.link.values;
        let way = if is_same { map.along(own[asked.prefix..].iter().copied()) } else { Vec::new() };
        (way, here.run.trace().lanes.clone())
    });
    let Some((way, lanes)) = read else { return html! {} };
    let rows = map.rows();
    let widest = rows.iter().map(Vec::len).max().unwrap_or(1) as i64;
    let mut spots = vec![(0, 0); map.places.len()];
    for (down, row) in (0..).zip(&rows) {
        for (across, place) in (0..).zip(row) {
            let x = MARGIN + (widest - row.len() as i64) * STEP.0 / 2 + across * STEP.0;
            spots[*place as usize] = (x, MARGIN + down * STEP.1);
        }
    }
    let (width, height) = (2 * MARGIN + (widest - 1) * STEP.0, 2 * MARGIN + (rows.len() as i64 - 1) * STEP.1);
    let mut lines = String::new();
    for edge in map.edges.iter().filter(|edge| edge.from != edge.to) {
        let ((x1, y1), (x2, y2)) = (spots[edge.from as usize], spots[edge.to as usize]);
        // What leads back or sideways bends out of the way.
        let bend = if y2 > y1 { 0 } else { STEP.0 };
        lines += &format!("M{x1} {y1}Q{} {} {x2} {y2}", (x1 + x2) / 2 + bend, (y1 + y2) / 2);
    }
    let path: Vec<String> = way.iter().map(|place| spots[*place as usize]).map(|(x, y)| format!("{x} {y}")).collect();
    let count = |mark: Mark| map.places.iter().filter(|place| place.mark == mark).count();
    html! {
        details.explore-map open {
            summary { (text::SEARCH_MAP) }
            p.help { (text::map_intro(map.places.len(), map.edges.len())) }
            ul.map-legend {
                @for mark in Mark::ALL.into_iter().filter(|mark| count(*mark) > 0) {
                    li {
                        svg viewBox="-10 -10 20 20" aria-hidden="true" focusable="false" { (sign(mark)) }
                        (count(mark)) " " (text::mark(mark))
                    }
                }
            }
            div.map-frame #(ID) tabindex="0" role="group" aria-label=(text::SEARCH_MAP) {
                svg width=(width) height=(height) viewBox=(format!("0 0 {width} {height}")) aria-hidden="true" focusable="false" {
                    path.map-lines d=(lines) {}
                    @if path.len() > 1 { path.map-way d=(format!("M{}", path.join("L"))) {} }
                    @for (at, (place, (x, y))) in map.places.iter().zip(&spots).enumerate() {
                        a.map-place.is-on-way[way.contains(&(at as u32))].is-here[way.last() == Some(&(at as u32))] transform=(format!("translate({x} {y})")) data-act="explore-place" data-of=(at) {
                            title { (text::map_state(place, &lanes)) }
                            circle.map-hit r="12" {}
                            (sign(place.mark))
                        }
                    }
                }
            }
            details {
                summary { (text::SEARCH_MAP_LIST) }
                ol.map-list {
                    @for (at, place) in map.places.iter().enumerate() {
                        li { button.link-button type="button" data-act="explore-place" data-of=(at) { (text::map_state(place, &lanes)) } }
                    }
                }
            }
        }
    }
}

/// Each mark has a shape of its own.
fn sign(mark: Mark) -> Markup {
    match mark {
        Mark::Plain => html! { circle.map-plain r="4" {} },
        Mark::Reached => html! { circle.map-reached r="6.5" {} path.map-reached-in d="M-3 0-1 2.5 3.2-2.5" {} },
        Mark::Stuck => html! { path.map-stuck d="M-5.5-5.5h11v11h-11zM-5.5 0h11" {} },
        Mark::Broken => html! { path.map-broken d="M-5.5-5.5 5.5 5.5M5.5-5.5-5.5 5.5" {} },
    }
}
