//! The live diagram: a scene of [`crate::diagram`] in a scroll container of its own. Only what is in view is in the document.
//!
//! The drawing is for eyes and pointers; all that it says and does is in the choices, the transcript and the inspector, too, so it is hidden from the
//! accessibility tree.

use std::fmt::Write as _;
use std::sync::Arc;

use super::live::{act, effect, heed, live, memo};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;

use crate::diagram::{Head, Item, Key, Scene, Target, escape, number, tone_class, tone_sign, write_shape};
use crate::engine::NodeId;

/// How far beyond its frame the drawing is kept in the document, in px.
const OVERSCAN: f32 = 400.0;
/// Room that stays free above now when the drawing follows it, as a share of the frame.
const LEAD: f32 = 0.72;

/// What a press on the drawing means: the thing, and where it was pressed (px in the window).
pub type Press = (Target, i32, i32);

/// The drawing.
#[component]
pub fn Diagram(
    /// Draws for a frame of this width, in px.
    scene: Signal<Option<Arc<Scene>>>,
    /// Width of the frame in px; the drawing measures it.
    width: RwSignal<f32>,
    /// What is selected.
    selected: Signal<Option<Target>>,
    /// Pressed with the main button or tapped.
    on_press: Callback<Press>,
    /// Pressed with the second button or long.
    on_menu: Callback<Press>,
) -> impl IntoView {
    let frame = NodeRef::<html::Div>::new();
    let scroll = RwSignal::new(0.0_f32);
    let height = RwSignal::new(600.0_f32);
    measure(frame, width, height);
    follow_now(frame, scene, scroll, height);

    let size = memo(move || scene.with(|scene| scene.as_ref().map_or((0.0, 0.0), |s| (s.width, s.height))));
    let visible = memo(move || {
        let (top, bottom) = (scroll.get() - OVERSCAN, scroll.get() + height.get() + OVERSCAN);
        scene.with(|scene| scene.as_ref().map_or_else(Vec::new, |scene| in_view(scene, top, bottom)))
    });
    let heads =
        memo(move || scene.with(|scene| scene.as_ref().map_or_else(String::new, |scene| heads_markup(&scene.heads))));
    let highlight = memo(move || {
        let Some(target) = selected.get() else { return String::new() };
        scene.with(|scene| scene.as_ref().map_or_else(String::new, |scene| highlight_markup(scene, target)))
    });
    let press = move |event: &web_sys::MouseEvent, callback: Callback<Press>| -> bool {
        let Some(target) = target_of(event) else { return false };
        callback.run((target, event.client_x(), event.client_y()));
        true
    };
    let view_box = move || size.with(|(width, height)| format!("0 0 {} {}", number(*width), number(*height)));
    view! {
        <div
            class="diagram-frame"
            aria-hidden="true"
            node_ref=frame
            on:scroll=act(move || {
                if let Some(frame) = frame.get_untracked() {
                    scroll.set(frame.scroll_top() as f32);
                }
            })
            on:click=heed(move |event| {
                press(&event, on_press);
            })
            on:contextmenu=heed(move |event| {
                if press(&event, on_menu) {
                    event.prevent_default();
                }
            })
        >
            <svg
                class="diagram diagram-heads"
                width=live(move || number(size.get().0))
                height=number(HEADS)
                inner_html=heads
            ></svg>
            <svg
                class="diagram diagram-body"
                width=live(move || number(size.get().0))
                height=live(move || number(size.get().1))
                viewBox=view_box
            >
                <For each=move || visible.get() key=|drawn| drawn.key let(drawn)>
                    <g class=drawn.class data-target=drawn.target inner_html=drawn.markup></g>
                </For>
                <g class="selection" inner_html=highlight></g>
            </svg>
        </div>
    }
}

/// Height of the heads, in px.
const HEADS: f32 = 52.0;

/// A drawing that only shows: its heads and its last part, scaled to the width that it gets.
#[component]
pub fn Still(
    /// What is drawn.
    scene: Scene,
    /// How much of it is shown, in its own px, counted from its end.
    tail: f32,
) -> impl IntoView {
    let top = (scene.height - tail).max(0.0);
    let heads = heads_markup(&scene.heads);
    let seen = scene.items.iter().filter(|item| item.bottom >= top);
    let items: String = seen.map(|item| format!("<g class=\"{}\">{}</g>", item.class, markup(item))).collect();
    let (width, height) = (scene.width, scene.height - top);
    view! {
        <svg class="diagram still" viewBox=format!("0 0 {} {}", number(width), number(HEADS)) aria-hidden="true" focusable="false" inner_html=heads></svg>
        <svg class="diagram still" viewBox=format!("0 {} {} {}", number(top), number(width), number(height)) aria-hidden="true" focusable="false" inner_html=items></svg>
    }
}

/// An item, ready for the document.
#[derive(Clone, PartialEq)]
struct Drawn {
    key: Key,
    class: &'static str,
    target: String,
    markup: String,
}

fn in_view(scene: &Scene, top: f32, bottom: f32) -> Vec<Drawn> {
    let within = scene.items.iter().filter(|item| item.bottom >= top && item.top <= bottom);
    within
        .map(|item| Drawn { key: item.key, class: item.class, target: name_of(item.target), markup: markup(item) })
        .collect()
}

fn markup(item: &Item) -> String {
    let mut out = String::with_capacity(item.shapes.len() * 90);
    if !item.title.is_empty() {
        let _ = write!(out, "<title>{}</title>", escape(&item.title));
    }
    for shape in &item.shapes {
        write_shape(&mut out, shape);
    }
    out
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
            escape(&line)
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

/// The thing under a mouse event.
fn target_of(event: &web_sys::MouseEvent) -> Option<Target> {
    let element = event.target()?.dyn_into::<web_sys::Element>().ok()?;
    let name = element.closest("[data-target]").ok()??.get_attribute("data-target")?;
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

/// Keeps `width` and `height` at the size of the frame.
fn measure(frame: NodeRef<html::Div>, width: RwSignal<f32>, height: RwSignal<f32>) {
    let update = move || {
        if let Some(frame) = frame.get_untracked() {
            let (wide, high) = (frame.client_width() as f32, frame.client_height() as f32);
            if wide > 0.0 && width.get_untracked() != wide {
                width.set(wide);
            }
            if high > 0.0 && height.get_untracked() != high {
                height.set(high);
            }
        }
    };
    effect(move || {
        let Some(frame) = frame.get() else { return };
        update();
        let resized = Closure::<dyn FnMut()>::new(update);
        if let Ok(observer) = web_sys::ResizeObserver::new(resized.as_ref().unchecked_ref()) {
            observer.observe(&frame);
            on_cleanup_local(observer, resized);
        }
    });
}

/// Ends the observation with the component.
fn on_cleanup_local(observer: web_sys::ResizeObserver, callback: Closure<dyn FnMut()>) {
    let kept = StoredValue::new_local((observer, callback));
    on_cleanup(move || {
        kept.try_with_value(|(observer, _)| observer.disconnect());
    });
}

/// After a step, keeps now and what is in flight in view, by scrolling this frame alone.
fn follow_now(
    frame: NodeRef<html::Div>,
    scene: Signal<Option<Arc<Scene>>>,
    scroll: RwSignal<f32>,
    height: RwSignal<f32>,
) {
    Effect::new(move |before: Option<f32>| {
        let Some((now_y, whole)) = scene.with(|scene| scene.as_ref().map(|s| (s.now_y, s.height))) else {
            return 0.0;
        };
        let high = height.get();
        let Some(frame) = frame.get() else { return now_y };
        if before == Some(now_y) {
            return now_y;
        }
        let room = high - 60.0;
        let top = scroll.get_untracked();
        let (from, to) = (now_y - 60.0, whole.min(now_y + room * (1.0 - LEAD).max(0.28)));
        let bottom = to.max((now_y + 40.0).min(whole));
        if bottom > top + room {
            set_scroll(&frame, scroll, (bottom - room).max(0.0));
        } else if from < top {
            set_scroll(&frame, scroll, (now_y - room * LEAD).max(0.0));
        }
        now_y
    });
}

fn set_scroll(frame: &web_sys::HtmlDivElement, scroll: RwSignal<f32>, to: f32) {
    // The body takes its new height only after this effect, and a frame scrolls no further than its content.
    let frame = frame.clone();
    scroll.set(to);
    request_animation_frame(move || {
        frame.set_scroll_top(to as i32);
        scroll.set(frame.scroll_top() as f32);
    });
}
