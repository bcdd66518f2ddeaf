//! The Share dialog: the link to this step, a frame for other pages, and the run in other forms.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::super::browser;
use super::super::dialog::Dialog;
use super::super::live::{act, effect, heed, live};
use super::super::nav::href;
use super::super::text;
use super::exports::{self, Format, file_name};
use super::open;
use super::state::Lab;

/// The dialog.
#[component]
pub fn Share(
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let from_start = RwSignal::new(false);
    let link = RwSignal::new(String::new());
    let frame = RwSignal::new(String::new());
    effect(move || {
        if !open.get() {
            return;
        }
        lab.at.track();
        let from_start = from_start.get();
        let Some(mut shared) = open::here(lab) else { return };
        if from_start {
            shared.step = Some(0);
        }
        spawn_local(async move {
            link.set(href(&open::packed(&shared).await));
            shared.embed = true;
            frame.set(text::iframe(&href(&open::packed(&shared).await), lab.info().title));
        });
    });
    let step = move || lab.at.with(|at| at.step);
    let formats = Format::ALL.map(|format| view! { <ExportRow lab format link /> });
    view! {
        <Dialog open id="share" title=text::SHARE_TITLE>
            <p>{live(move || text::share_intro(step()))}</p>
            <CopyField id="share-link" label=text::SHARE_LINK value=link />
            <label class="option">
                <input
                    type="checkbox"
                    prop:checked=from_start
                    on:change=heed(move |event| from_start.set(event_target_checked(&event)))
                />
                <span>{text::SHARE_FROM_START}</span>
            </label>
            <p class="help">{live(move || text::link_length(link.with(String::len)))}</p>
            <CopyField id="share-frame" label=text::SHARE_FRAME value=frame />
            <section class="exports" aria-labelledby="exports-title">
                <h3 id="exports-title">{text::EXPORTS}</h3>
                <ul>{formats}</ul>
            </section>
        </Dialog>
    }
}

/// What became of a copy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Copied {
    NotYet,
    Yes,
    Denied,
}

/// Text to copy. Where the clipboard is denied the text is selected, so that the reader can copy it by hand.
#[component]
fn CopyField(id: &'static str, label: &'static str, value: RwSignal<String>) -> impl IntoView {
    let node = NodeRef::<html::Textarea>::new();
    let copied = RwSignal::new(Copied::NotYet);
    effect(move || {
        value.track();
        copied.set(Copied::NotYet);
    });
    let copy = act(move || {
        let words = value.get_untracked();
        spawn_local(async move {
            if browser::copy(words).await.is_ok() {
                copied.set(Copied::Yes);
                return;
            }
            copied.set(Copied::Denied);
            if let Some(field) = node.get_untracked() {
                field.focus().ok();
                field.select();
            }
        });
    });
    let outcome = live(move || match copied.get() {
        Copied::NotYet => "",
        Copied::Yes => text::COPIED,
        Copied::Denied => text::COPY_BY_HAND,
    });
    view! {
        <div class="copy-field">
            <label for=id>{label}</label>
            <textarea id=id readonly rows="3" spellcheck="false" prop:value=value node_ref=node></textarea>
            <div class="copy-acts">
                <button type="button" class="bar-button" on:click=copy>
                    {text::COPY}
                    <span class="visually-hidden">{format!(": {label}")}</span>
                </button>
                <span role="status">{outcome}</span>
            </div>
        </div>
    }
}

#[component]
fn ExportRow(lab: Lab, format: Format, link: RwSignal<String>) -> impl IntoView {
    let name = text::format_name(format);
    let copied = RwSignal::new(Copied::NotYet);
    let write = move || {
        let (title, link) = (exports::title(lab), link.get_untracked());
        lab.read(|here| format.write(&title, &here, Some(&link))).unwrap_or_default()
    };
    let copy = act(move || {
        let words = write();
        spawn_local(async move {
            copied.set(if browser::copy(words).await.is_ok() { Copied::Yes } else { Copied::Denied });
        });
    });
    let keep = act(move || browser::download(&file_name(lab, format), format.mime(), &write()));
    let outcome = move || match copied.get() {
        Copied::NotYet => "",
        Copied::Yes => text::COPIED,
        Copied::Denied => text::COPY_DENIED,
    };
    view! {
        <li class="export">
            <span class="export-name">{name}</span>
            <button type="button" class="bar-button" on:click=copy>
                {text::COPY}
                <span class="visually-hidden">{format!(": {name}")}</span>
            </button>
            <button type="button" class="bar-button" on:click=keep>
                {text::DOWNLOAD}
                <span class="visually-hidden">{format!(": {name}")}</span>
            </button>
            <span role="status">{outcome}</span>
        </li>
    }
}
