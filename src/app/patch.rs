//! Brings a part of the document up to date with its markup, in place. What has not changed is left alone, and so keeps the focus, its scroll
//! position, a selection of text and whether it is folded; and the browser lays out and paints only what did change.
//!
//! An element that must not be mistaken for another (the folded list of another choice, say, or a line of a list that moves on) says what it shows in
//! `data-key`: it is found again by that among its sisters, wherever it stood.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement, HtmlOptionElement, HtmlTemplateElement, Node};

use super::browser;
use crate::engine::sort;

/// Makes the inside of `place` what the markup says.
pub fn update(place: &Element, markup: &str) {
    if let Some(fresh) = parse(markup) {
        merge_children(place, &fresh);
    }
}

fn parse(markup: &str) -> Option<Node> {
    let template: HtmlTemplateElement = browser::document()?.create_element("template").ok()?.dyn_into().ok()?;
    template.set_inner_html(markup);
    Some(template.content().into())
}

fn children(node: &Node) -> Vec<Node> {
    std::iter::successors(node.first_child(), Node::next_sibling).collect()
}

fn key(node: &Node) -> Option<String> {
    node.dyn_ref::<Element>()?.get_attribute("data-key")
}

/// What stands equal at the head and the tail stays; between them, what has a key is found by it, and the rest takes the place of the one before.
fn merge_children(place: &Node, fresh: &Node) {
    let (old, new) = (children(place), children(fresh));
    let equal = |(old, new): &(&Node, &Node)| old.is_equal_node(Some(*new));
    let head = old.iter().zip(&new).take_while(equal).count();
    let (old, new) = (&old[head..], &new[head..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(equal).count();
    let after = old.len().checked_sub(tail).and_then(|at| old.get(at));
    let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);
    if new.first().is_some_and(|first| key(first).is_some()) {
        return merge_keyed(place, old, new, after);
    }
    for (old, new) in old.iter().zip(new) {
        merge(place, old, new);
    }
    // Both are children of the nodes that they are moved between, so none of this can be refused.
    for surplus in old.iter().skip(new.len()) {
        place.remove_child(surplus).ok();
    }
    for missing in new.iter().skip(old.len()) {
        place.insert_before(missing, after).ok();
    }
}

fn merge_keyed(place: &Node, old: &[Node], new: &[Node], after: Option<&Node>) {
    let mut standing: Vec<(String, usize)> =
        old.iter().enumerate().filter_map(|(at, node)| Some((key(node)?, at))).collect();
    sort(&mut standing);
    let mut is_surplus = vec![true; old.len()];
    let mut find = |node: &Node| {
        let key = key(node)?;
        let (_, at) = standing[standing.binary_search_by(|(known, _)| known.cmp(&key)).ok()?];
        // What has been found once is not found again.
        std::mem::take(&mut is_surplus[at]).then_some(at)
    };
    let found: Vec<Option<usize>> = new.iter().map(&mut find).collect();
    for (surplus, _) in old.iter().zip(&is_surplus).filter(|(_, is_surplus)| **is_surplus) {
        place.remove_child(surplus).ok();
    }
    let first = is_surplus.iter().position(|is_surplus| !is_surplus);
    let mut cursor = first.map(|at| &old[at]).or(after).cloned();
    for (found, new) in found.iter().zip(new) {
        let stands = found.map_or(new, |at| &old[at]);
        if cursor.as_ref() == Some(stands) {
            cursor = stands.next_sibling();
        } else {
            place.insert_before(stands, cursor.as_ref()).ok();
        }
        if found.is_some() {
            merge(place, stands, new);
        }
    }
}

fn merge(place: &Node, old: &Node, new: &Node) {
    if old.is_equal_node(Some(new)) {
        return;
    }
    match (old.dyn_ref::<Element>(), new.dyn_ref::<Element>()) {
        // What draws itself is left to itself.
        (Some(element), Some(fresh)) if element.has_attribute("data-keep") && is_same_thing(element, fresh) => {}
        (Some(element), Some(fresh)) if is_same_thing(element, fresh) => {
            merge_attributes(element, fresh);
            merge_children(old, new);
            merge_state(element);
        }
        (None, None) if old.node_type() == new.node_type() => old.set_node_value(new.node_value().as_deref()),
        _ => {
            place.replace_child(new, old).ok();
        }
    }
}

fn is_same_thing(old: &Element, new: &Element) -> bool {
    old.tag_name() == new.tag_name() && old.get_attribute("data-key") == new.get_attribute("data-key")
}

fn names(element: &Element) -> impl Iterator<Item = String> {
    element.get_attribute_names().into_iter().filter_map(|name| name.as_string())
}

fn merge_attributes(old: &Element, new: &Element) {
    for name in names(new) {
        let value = new.get_attribute(&name).unwrap_or_default();
        if old.get_attribute(&name).as_deref() != Some(&value) {
            // A name that the parser took is a valid one.
            old.set_attribute(&name, &value).ok();
        }
    }
    // Whether something is folded is the reader's business.
    for name in names(old).filter(|name| name != "open" && !new.has_attribute(name)) {
        old.remove_attribute(&name).ok();
    }
}

/// What the reader has typed or picked is no attribute; the markup's word counts once it has changed.
fn merge_state(element: &Element) {
    if let Some(input) = element.dyn_ref::<HtmlInputElement>() {
        match input.type_().as_str() {
            "checkbox" | "radio" => input.set_checked(input.has_attribute("checked")),
            _ => input.set_value(&input.get_attribute("value").unwrap_or_default()),
        }
    } else if let Some(option) = element.dyn_ref::<HtmlOptionElement>() {
        option.set_selected(option.has_attribute("selected"));
    }
}
