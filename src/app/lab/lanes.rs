//! How the lifelines stand: their order, which of them are shown, which groups are folded.

use maud::{Markup, html};

use crate::diagram::{Arrangement, Target, arrange};
use crate::engine::{Lane, NodeId, Trace};
use crate::scenarios::Part;

use super::super::icons::{Glyph, icon};
use super::super::live::{hear, target};
use super::super::signal::State;
use super::super::text;
use super::state::Lab;

/// Whether lifelines can be arranged: where there are many. The other parts of the page go without.
pub const ARE_MANY: bool = Part::Services.is_here();

/// Id of the panel.
pub const ID: &str = "lanes";

/// As the reader has arranged them; `None` until they are known.
pub type Lanes = State<Option<Arrangement>>;

/// The lifelines as they stand, or as the run has them.
fn arrangement(lanes: Lanes, all: &[Lane]) -> Arrangement {
    let known = lanes.get().filter(|known| known.order.len() == all.len());
    known.unwrap_or_else(|| Arrangement::of(all))
}

/// Draws a run as it is arranged.
pub fn draw(lanes: Lanes, trace: &Trace, step: u32, draw: &mut dyn FnMut(&Trace, u32)) {
    let arrangement = arrangement(lanes, &trace.lanes);
    if arrangement == (Arrangement { folded: Vec::new(), ..Arrangement::of(&trace.lanes) }) {
        draw(trace, step);
    } else {
        draw(&arrange(trace, &arrangement).trace, step);
    }
}

/// What a press means in the run itself, or what is selected as it is drawn.
pub fn translate(lab: Lab, lanes: Lanes, of: Target, is_back: bool) -> Target {
    let found = lab.read(|here| {
        let trace = here.run.trace();
        let arranged = arrange(trace, &arrangement(lanes, &trace.lanes));
        if is_back { arranged.original(of) } else { arranged.shown(of) }
    });
    found.unwrap_or(of)
}

/// The panel.
pub fn panel(lab: Lab, lanes: Lanes) -> Markup {
    lab.at.track();
    let all = lab.read(|here| here.run.trace().lanes.clone()).unwrap_or_default();
    let now = arrangement(lanes, &all);
    let mut groups: Vec<&str> = Vec::new();
    for lane in all.iter().filter(|lane| !lane.group.is_empty()) {
        if !groups.contains(&lane.group.as_str()) {
            groups.push(&lane.group);
        }
    }
    let last = now.order.len().saturating_sub(1);
    html! {
        @if !groups.is_empty() {
            fieldset.lane-groups {
                legend { (text::LANE_GROUPS) }
                @for group in &groups {
                    label {
                        input type="checkbox" data-fold=(group) checked[now.folded.iter().any(|folded| folded == group)];
                        " " (group)
                    }
                }
            }
        }
        ol.lane-list aria-label=(text::LANES) {
            @for (at, node) in now.order.iter().enumerate() {
                @if let Some(lane) = all.get(node.index()) {
                    li data-key=(lane.id) {
                        label {
                            input type="checkbox" data-lane=(node.0) checked[!now.hidden.contains(node)];
                            " " (lane.title) " " span.lane-id { (lane.id) }
                        }
                        button.bar-button type="button" data-shift="left" data-lane=(node.0) disabled[at == 0]
                            aria-label=(text::lane_left(&lane.title)) { (icon(Glyph::Back)) }
                        button.bar-button type="button" data-shift="right" data-lane=(node.0) disabled[at == last]
                            aria-label=(text::lane_right(&lane.title)) { (icon(Glyph::Forward)) }
                    }
                }
            }
        }
        button.bar-button type="button" data-shift="reset" { (text::LANES_RESET) }
    }
}

/// Does what is asked for in the panel.
pub fn listen(lab: Lab, lanes: Lanes) {
    let change = move |change: &dyn Fn(&mut Arrangement)| {
        let all = lab.read(|here| here.run.trace().lanes.clone()).unwrap_or_default();
        let mut now = lanes.get_untracked().unwrap_or_else(|| Arrangement::of(&all));
        change(&mut now);
        lanes.set(Some(now));
    };
    hear("change", move |event| {
        let Some(input) = target(&event).filter(|input| input.closest("#lanes").is_ok_and(|panel| panel.is_some()))
        else {
            return;
        };
        if let Some(group) = input.get_attribute("data-fold") {
            change(&|now| toggle(&mut now.folded, group.clone()));
        } else if let Some(node) = node_of(&input) {
            change(&|now| toggle(&mut now.hidden, node));
        }
    });
    hear("click", move |event| {
        let button = target(&event).and_then(|element| element.closest("[data-shift]").ok().flatten());
        let Some(button) = button else { return };
        match (button.get_attribute("data-shift").as_deref(), node_of(&button)) {
            (Some("reset"), _) => lanes.set(None),
            (Some(way), Some(node)) => change(&|now| now.shift(node, way == "left")),
            _ => {}
        }
    });
}

fn node_of(element: &web_sys::Element) -> Option<NodeId> {
    element.get_attribute("data-lane")?.parse().ok().map(NodeId)
}

fn toggle<T: PartialEq>(list: &mut Vec<T>, item: T) {
    match list.iter().position(|known| *known == item) {
        Some(at) => {
            list.remove(at);
        }
        None => list.push(item),
    }
}
