//! The native `<dialog>`, opened and closed by a signal.

use leptos::prelude::*;
use maud::{Markup, html};
use wasm_bindgen::JsCast;
use web_sys::HtmlDialogElement;

use super::browser;
use super::live::{effect, hear, part, target};
use super::signal::State;
use super::text;

/// A place for a modal dialog.
pub fn place(id: &str) -> Markup {
    html! { dialog.dialog id=(id) aria-labelledby=(format!("{id}-title")) {} }
}

/// Keeps the dialog `id` at what is drawn, its head included, and open while `open` says so.
pub fn keep(id: &'static str, open: State<bool>, draw: impl Fn() -> Markup + 'static) {
    part(id, draw);
    follow(id, open);
}

/// Keeps the dialog `id` open while `open` says so. The browser keeps the focus inside, gives it back on closing, and closes on Escape.
pub fn follow(id: &'static str, open: State<bool>) {
    effect(move || {
        let is_open = open.get();
        let dialog = browser::element(id).and_then(|dialog| dialog.dyn_into::<HtmlDialogElement>().ok());
        match dialog.map(|dialog| (is_open, dialog.open(), dialog)) {
            // Its inside is drawn by now, and the browser finds what takes the focus.
            Some((true, false, dialog)) => queue_microtask(move || {
                dialog.show_modal().ok();
            }),
            Some((false, true, dialog)) => dialog.close(),
            _ => {}
        }
    });
    hear("close", move |event| {
        if target(&event).is_some_and(|dialog| dialog.id() == id) {
            open.set(false);
        }
    });
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
