//! The native `<dialog>`, opened and closed by a signal.

use leptos::html;
use leptos::prelude::*;

use super::live::{act, effect};
use super::text;

/// A modal dialog. The browser keeps the focus inside, gives it back on closing, and closes on Escape.
#[component]
pub fn Dialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// Id of the dialog; its title gets `ID-title`.
    id: &'static str,
    /// Title.
    title: &'static str,
    children: Children,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    effect(move || {
        let Some(dialog) = node.get() else { return };
        match (open.get(), dialog.open()) {
            (true, false) => {
                dialog.show_modal().ok();
            }
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    view! {
        <dialog id=id class="dialog" aria-labelledby=format!("{id}-title") node_ref=node on:close=act(move || open.set(false))>
            <header class="dialog-head">
                <h2 id=format!("{id}-title")>{title}</h2>
                <button type="button" class="bar-button" on:click=act(move || open.set(false))>{text::CLOSE}</button>
            </header>
            {children()}
        </dialog>
    }
}

/// The sheet of keys.
#[component]
pub fn Help(
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let rows = text::KEYS.map(|(keys, what)| {
        let keys: Vec<_> = keys.split(' ').map(|key| view! { <kbd>{key}</kbd>" " }).collect();
        view! { <tr><th scope="row">{keys}</th><td>{what}</td></tr> }
    });
    view! {
        <Dialog open id="help" title=text::HELP_TITLE>
            <p>{text::HELP_INTRO}</p>
            <table class="keys"><tbody>{rows}</tbody></table>
            <p>{text::HELP_OFF}</p>
        </Dialog>
    }
}
