//! The live diagram: a scene of [`crate::diagram`] in a scroll container of its own. Only what is in view is laid out and in the document, and a
//! step touches only what looks different after it.
//!
//! The drawing is for eyes and pointers; all that it says and does is in the choices, the transcript and the inspector, too, so it is hidden from the
//! accessibility tree.

use std::fmt::Write as _;
use std::mem::discriminant;

use leptos::prelude::*;
use maud::{Markup, PreEscaped, html as markup};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, Event, HtmlElement, MouseEvent};

use super::browser;
use super::live::{effect, hear, target};
use super::signal::{Derived, State};
use crate::diagram::{
    Extent, Head, Item, Scene, Style, Target, Thing, Window, escape, extent, fit_mono, layout_within, number,
    tone_class, tone_sign, write_shape,
};
use crate::engine::{NodeId, Trace};

/// How far beyond its frame the drawing is kept in the document at least, in px.
const OVERSCAN: f32 = 120.0;
/// The stretch that is in the document is moved on by so many px at a time, so that most scrolling leaves it as it is.
const CHUNK: f32 = 240.0;
/// Room that stays free above now when the drawing follows it, as a share of the frame.
const LEAD: f32 = 0.72;
/// Height of the heads, in px.
const HEADS: f32 = 52.0;

/// What a press on the drawing means: the thing, and where it was pressed (px in the window).
pub type Press = (Target, i32, i32);

/// What is drawn: hands a trace and a step to what draws them, and tracks what they depend on.
pub type Source = Box<dyn Fn(&mut dyn FnMut(&Trace, u32))>;

/// What is done about a press.
pub type OnPress = Box<dyn Fn(Press)>;

/// A drawing: what it shows, and what is done about presses on it.
pub struct Diagram {
    /// Id of its frame.
    pub id: &'static str,
    /// What is drawn.
    pub source: Source,
    /// How it is drawn in a frame of so many px.
    pub style: Box<dyn Fn(f32) -> Style>,
    /// What is selected.
    pub selected: Box<dyn Fn() -> Option<Target>>,
    /// Pressed with the main button or tapped.
    pub on_press: OnPress,
    /// Pressed with the second button or long.
    pub on_menu: OnPress,
}

/// A frame for a drawing, which nothing else writes into.
pub fn frame(id: &str) -> Markup {
    markup! {
        div.diagram-frame id=(id) aria-hidden="true" data-keep {
            svg.diagram.diagram-heads height=(HEADS as u32) {}
            div.diagram-space { svg.diagram.diagram-body { g { g.items {} g.selection {} } } }
        }
    }
}

/// Keeps the drawing in its frame up to date, for as long as the component that calls it stands.
pub fn keep(diagram: Diagram) {
    let Diagram { id, source, style, selected, on_press, on_menu } = diagram;
    let size = State::new((0.0_f32, 0.0_f32));
    let scroll = State::new(0.0_f32);
    // Redrawn by scrolling only where what is in the document no longer reaches far enough.
    let window = Derived::new(move || window_at(scroll.get(), size.get().1));
    // Paper takes all of it.
    let is_printed = State::new(false);
    hear("beforeprint", move |_| is_printed.set(true));
    hear("afterprint", move |_| is_printed.set(false));
    let mut sheet = None;
    effect(move || {
        let (width, height) = size.get();
        window.track();
        if sheet.is_none() {
            sheet = browser::element(id).map(|frame| Sheet::of(&frame));
            measure(id, size);
        }
        let Some(sheet) = sheet.as_mut().filter(|_| width > 0.0) else { return };
        let (style, selected) = (style(width), selected());
        source(&mut |trace, step| {
            let now = extent(trace, step, &style);
            let top = sheet.follow(now, scroll.get_untracked(), height);
            let window = if is_printed.get() { (0.0, now.height) } else { window_at(top, height) };
            sheet.draw(layout_within(trace, step, &style, window), window, selected);
            if top != scroll.get_untracked() {
                scroll.set(top);
                // After all that this step changes, so that the browser lays out once.
                let frame = sheet.frame.clone();
                queue_microtask(move || frame.set_scroll_top(top as i32));
            }
        });
    });
    hear("scroll", move |event| {
        if let Some(frame) = target(&event).filter(|frame| frame.id() == id) {
            scroll.set(frame.scroll_top() as f32);
        }
    });
    let press = move |event: &Event, act: &OnPress| {
        let Some((target, event)) = target_of(event, id).zip(event.dyn_ref::<MouseEvent>()) else { return false };
        act((target, event.client_x(), event.client_y()));
        true
    };
    hear("click", move |event| {
        press(&event, &on_press);
    });
    hear("contextmenu", move |event| {
        if press(&event, &on_menu) {
            event.prevent_default();
        }
    });
}

/// The stretch that is laid out for a frame that is scrolled to `top`. It is as high wherever it is, since the browser lays out all of an SVG that
/// changes its size.
fn window_at(top: f32, height: f32) -> Window {
    let first = ((top - OVERSCAN) / CHUNK).floor() * CHUNK;
    (first, first + height + 2.0 * OVERSCAN + CHUNK)
}

/// The document's side of a drawing: what stands in it.
struct Sheet {
    frame: HtmlElement,
    heads: Element,
    /// As large as the whole drawing; the body is only as high as its window.
    space: Element,
    body: Element,
    /// Shifts everything into the body's window. A view box would do it, too, but the browser then lays out every word anew.
    shift: Element,
    items: Element,
    selection: Element,
    /// Parses what is new.
    workshop: Element,
    /// The items that stand, with their elements, in the order of the document.
    standing: Vec<(Item, Element)>,
    drawn_heads: String,
    drawn_selection: String,
    size: (f32, f32),
    window: Window,
    /// Where now was, in a frame of which height.
    now_at: Option<(f32, f32)>,
}

impl Sheet {
    fn of(frame: &HtmlElement) -> Self {
        let part = |selector: &str| {
            let found = frame.query_selector(selector).ok().flatten();
            // The frame was made with these parts, and nobody else writes into it.
            found.unwrap_or_else(|| frame.clone().into())
        };
        // A detached twin: what is parsed inside an <svg> becomes SVG.
        let workshop = part(".diagram-body").clone_node().ok().and_then(|twin| twin.dyn_into().ok());
        Sheet {
            frame: frame.clone(),
            heads: part(".diagram-heads"),
            space: part(".diagram-space"),
            body: part(".diagram-body"),
            shift: part(".diagram-body > g"),
            items: part(".items"),
            selection: part(".selection"),
            workshop: workshop.unwrap_or_else(|| part(".selection")),
            standing: Vec::new(),
            drawn_heads: String::new(),
            drawn_selection: String::new(),
            size: (0.0, 0.0),
            window: (0.0, 0.0),
            now_at: None,
        }
    }

    /// Where the frame is scrolled to after this: after a step, and in a frame of another height, now and what is in flight is kept in view.
    fn follow(&mut self, now: Extent, top: f32, height: f32) -> f32 {
        let now_at = (now.now_y, height);
        if self.now_at.replace(now_at) == Some(now_at) {
            return top;
        }
        let room = height - 60.0;
        let lowest = now.height.min(now.now_y + room * (1.0 - LEAD).max(0.28));
        let bottom = lowest.max((now.now_y + 40.0).min(now.height));
        let wanted = if bottom > top + room {
            bottom - room
        } else if now.now_y - 60.0 < top {
            now.now_y - room * LEAD
        } else {
            top
        };
        // A frame scrolls no further than its content.
        wanted.min(now.height + HEADS - height).max(0.0).floor()
    }

    fn draw(&mut self, scene: Scene, window: Window, selected: Option<Target>) {
        self.resize((scene.width, scene.height), window);
        let heads = heads_markup(&scene.heads);
        if heads != self.drawn_heads {
            self.heads.set_inner_html(&heads);
            self.drawn_heads = heads;
        }
        let selection = selected.map_or_else(String::new, |target| highlight_markup(&scene, target));
        if selection != self.drawn_selection {
            self.selection.set_inner_html(&selection);
            self.drawn_selection = selection;
        }
        self.place(scene.items);
    }

    fn resize(&mut self, size: (f32, f32), (top, bottom): Window) {
        let (width, height) = (number(size.0), number(bottom - top));
        // Valid names and values are never refused.
        let set = |element: &Element, property: &str, px: &str| {
            element.unchecked_ref::<HtmlElement>().style().set_property(property, &format!("{px}px")).ok();
        };
        if self.size != size {
            set(&self.space, "width", &width);
            set(&self.space, "height", &number(size.1));
        }
        if self.size.0 != size.0 {
            self.heads.set_attribute("width", &width).ok();
        }
        let (old_top, old_bottom) = self.window;
        if (self.size.0, old_bottom - old_top) != (size.0, bottom - top) {
            self.body.set_attribute("width", &width).ok();
            self.body.set_attribute("height", &height).ok();
        }
        if old_top != top {
            self.shift.set_attribute("transform", &format!("translate(0 {})", number(-top))).ok();
            set(&self.body, "top", &number(top));
        }
        (self.size, self.window) = (size, (top, bottom));
    }

    /// Puts exactly these items into the document, in this order. What looks as it did is left alone; what only stands elsewhere, or is longer, stays
    /// the element that it was.
    fn place(&mut self, items: Vec<Item>) {
        let mut before: Vec<_> = std::mem::take(&mut self.standing).into_iter().map(Some).collect();
        let mut fresh = String::new();
        let mut placed = Vec::with_capacity(items.len());
        let mut next = 0;
        for item in items {
            let stands = find_thing(&before, next, item.thing()).and_then(|at| {
                next = at + 1;
                let (old, element) = before[at].take()?;
                let stays = old.key == item.key || reshape(&element, &old, &item);
                if !stays {
                    element.remove();
                }
                stays.then_some(element)
            });
            if stands.is_none() {
                write_item(&mut fresh, &item);
            }
            placed.push((item, stands));
        }
        for (_, gone) in before.into_iter().flatten() {
            gone.remove();
        }
        self.workshop.set_inner_html(&fresh);
        let mut cursor = self.items.first_element_child();
        for (item, stands) in placed {
            let Some(element) = stands.or_else(|| self.workshop.first_element_child()) else { return };
            if cursor.as_ref() == Some(&element) {
                cursor = element.next_element_sibling();
            } else {
                // The cursor is a child of these items, so this cannot be refused.
                self.items.insert_before(&element, cursor.as_deref()).ok();
            }
            self.standing.push((item, element));
        }
    }
}

/// Where a thing stands among those that are left, looked for from where the last one stood: their order rarely changes.
fn find_thing(standing: &[Option<(Item, Element)>], from: usize, thing: Thing) -> Option<usize> {
    let is_it = |at: &usize| matches!(&standing[*at], Some((item, _)) if item.thing() == thing);
    (from..standing.len()).chain(0..from).find(is_it)
}

/// Makes the element of an item look like another of the same make; `false` where they differ by more than where their shapes stand, what they say,
/// how they are styled, and some that come first and are no longer there.
fn reshape(element: &Element, old: &Item, new: &Item) -> bool {
    let shapes = || old.shapes.iter().rev().zip(new.shapes.iter().rev());
    let is_same_make = old.title == new.title
        && old.shapes.len() >= new.shapes.len()
        && shapes().all(|(old, new)| discriminant(old) == discriminant(new));
    if !is_same_make {
        return false;
    }
    // Names and values are SVG's own, here and below, so they are never refused.
    if old.class != new.class {
        element.set_attribute("class", new.class).ok();
    }
    if old.target != new.target {
        element.set_attribute("data-target", &name_of(new.target)).ok();
    }
    // A title may stand before the shapes.
    let mut drawn = std::iter::successors(element.last_element_child(), Element::previous_element_sibling);
    for ((old, new), drawn) in shapes().zip(drawn.by_ref()) {
        if old == new {
            continue;
        }
        if old.class() != new.class() {
            drawn.set_attribute("class", new.class()).ok();
        }
        for ((name, value), (_, before)) in new.attributes().into_iter().zip(old.attributes()) {
            if value != before {
                drawn.set_attribute(name, &value).ok();
            }
        }
        if let Some(words) = new.words().filter(|_| new.words() != old.words()) {
            drawn.set_text_content(Some(&words));
        }
    }
    let gone: Vec<Element> = drawn.take(old.shapes.len() - new.shapes.len()).collect();
    gone.iter().for_each(Element::remove);
    true
}

fn write_item(out: &mut String, item: &Item) {
    out.push_str("<g class=\"");
    out.push_str(item.class);
    out.push_str("\" data-target=\"");
    out.push_str(&name_of(item.target));
    out.push_str("\">");
    if !item.title.is_empty() {
        out.push_str("<title>");
        out.push_str(&escape(&item.title));
        out.push_str("</title>");
    }
    for shape in &item.shapes {
        write_shape(out, shape);
    }
    out.push_str("</g>");
}

/// A drawing that only shows: its heads and its last part (`tail` of its own px, counted from its end), scaled to the width that it gets.
pub fn still(scene: &Scene, tail: f32) -> Markup {
    let top = (scene.height - tail).max(0.0);
    let mut items = String::new();
    for item in scene.items.iter().filter(|item| item.bottom >= top) {
        write_item(&mut items, item);
    }
    let (width, height) = (number(scene.width), number(scene.height - top));
    markup! {
        svg.diagram.still viewBox=(format!("0 0 {width} {}", number(HEADS))) aria-hidden="true" focusable="false" {
            (PreEscaped(heads_markup(&scene.heads)))
        }
        svg.diagram.still viewBox=(format!("0 {} {width} {height}", number(top))) aria-hidden="true" focusable="false" {
            (PreEscaped(items))
        }
    }
}

fn heads_markup(heads: &[Head]) -> String {
    let mut out = String::new();
    for head in heads {
        let (left, middle) = (head.x - head.width / 2.0, number(head.x));
        let roomy = head.width > 118.0;
        let title = if roomy { head.title.as_str() } else { head.id.as_str() };
        let standing = match (head.status, head.badge) {
            (Some(status), _) => format!("\u{26A0} {status}"),
            (None, Some((badge, tone))) => format!("{} {badge}", tone_sign(tone)),
            (None, None) => String::new(),
        };
        let line = match (roomy, standing.is_empty()) {
            (true, false) => format!("{} \u{00B7} {standing}", head.id),
            (false, false) => standing,
            (_, true) => head.id.clone(),
        };
        let state = head.status.map_or(head.badge.map_or("", |(_, tone)| tone_class(tone)), |_| "tone-trouble");
        let _ = write!(
            out,
            "<g class=\"head-of-lane {state}\" data-target=\"l{}\"><title>{}</title>\
             <rect class=\"head-box\" x=\"{}\" y=\"4\" width=\"{}\" height=\"44\" rx=\"5\"/>\
             <text class=\"head-title\" x=\"{middle}\" y=\"22\" text-anchor=\"middle\">{}</text>\
             <text class=\"head-id\" x=\"{middle}\" y=\"39\" text-anchor=\"middle\">{}</text></g>",
            head.node.0,
            escape(&format!("{} ({})", head.title, head.id)),
            number(left),
            number(head.width),
            escape(title),
            escape(&fit_mono(&line, 11.0, head.width - 6.0))
        );
    }
    out
}

/// The same shapes once more, for a stylesheet that sets them off.
fn highlight_markup(scene: &Scene, target: Target) -> String {
    let mut out = String::new();
    for item in scene.items.iter().filter(|item| item.target == target && !matches!(target, Target::Lane(_))) {
        for shape in &item.shapes {
            write_shape(&mut out, shape);
        }
    }
    out
}

fn name_of(target: Target) -> String {
    match target {
        Target::Nothing => String::new(),
        Target::Event(row) => format!("e{row}"),
        Target::Message(id) => format!("m{id}"),
        Target::InFlight(id) => format!("f{id}"),
        Target::Lane(node) => format!("l{}", node.0),
        Target::Violation(at) => format!("v{at}"),
    }
}

/// The thing under an event in the frame `id`.
fn target_of(event: &Event, id: &str) -> Option<Target> {
    let element = target(event)?.closest("[data-target]").ok()??;
    element.closest(".diagram-frame").ok()?.filter(|frame| frame.id() == id)?;
    let name = element.get_attribute("data-target")?;
    let number = |digits: &str| digits.parse::<u32>().ok();
    let rest = name.get(1..)?;
    match name.as_bytes().first()? {
        b'e' => number(rest).map(Target::Event),
        b'm' => number(rest).map(Target::Message),
        b'f' => number(rest).map(Target::InFlight),
        b'l' => rest.parse::<u8>().ok().map(|node| Target::Lane(NodeId(node))),
        b'v' => number(rest).map(Target::Violation),
        _ => None,
    }
}

/// Keeps `size` at (width, height) of the frame.
fn measure(id: &'static str, size: State<(f32, f32)>) {
    let Some(frame) = browser::element(id) else { return };
    let watched = frame.clone();
    let update = move || {
        let now = (watched.client_width() as f32, watched.client_height() as f32);
        if now.0 > 0.0 && now.1 > 0.0 && size.try_get_untracked().is_some_and(|size| size != now) {
            size.set(now);
        }
    };
    update();
    let resized = Closure::<dyn FnMut()>::new(update);
    if let Ok(observer) = web_sys::ResizeObserver::new(resized.as_ref().unchecked_ref()) {
        observer.observe(&frame);
        // An observer ends with what it observes, and so does its callback.
        resized.into_js_value();
    }
}
