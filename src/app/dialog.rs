//! The native `<dialog>`, opened and closed by a signal.

use leptos::html;
use leptos::prelude::*;
use maud::{Markup, html};

use super::live::{effect, heed, part};
use super::text;

/// A modal dialog. The browser keeps the focus inside, gives it back on closing, and closes on Escape.
#[component]
pub fn Dialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// Id of the dialog; its title has `ID-title`.
    id: &'static str,
    /// What is in it, its head included.
    draw: Box<dyn Fn() -> Markup>,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    part(id, draw);
    effect(move || {
        let Some(dialog) = node.get() else { return };
        match (open.get(), dialog.open()) {
            // Its inside is drawn by now, and the browser finds what takes the focus.
            (true, false) => queue_microtask(move || {
                dialog.show_modal().ok();
            }),
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    view! {
        <dialog
            id=id
            class="dialog"
            aria-labelledby=format!("{id}-title")
            node_ref=node
            on:close=heed(move |_: leptos::ev::Event| open.set(false))
        ></dialog>
    }
}

/// The head of a dialog: its title, and a button that the browser itself closes it by.
pub fn head(id: &str, title: &str) -> Markup {
    html! {
        header.dialog-head {
            h2 id=(format!("{id}-title")) { (title) }
            form method="dialog" { button.bar-button { (text::CLOSE) } }
        }
    }
}

/// The sheet of keys.
pub fn help() -> Markup {
    html! {
        (head("help", text::HELP_TITLE))
        p { (text::HELP_INTRO) }
        table.keys {
            tbody {
                @for (keys, what) in text::KEYS {
                    tr { th scope="row" { @for key in keys.split(' ') { kbd { (key) } " " } } td { (what) } }
                }
            }
        }
        p { (text::HELP_OFF) }
    }
}
