//! The Share dialog: the link to this step, a frame for other pages, and the run in other forms.

use leptos::task::spawn_local;
use maud::{Markup, html};
use wasm_bindgen::JsCast;
use web_sys::HtmlTextAreaElement;

use super::super::browser;
use super::super::dialog;
use super::super::live::effect;
use super::super::nav::href;
use super::super::signal::State;
use super::super::text;
use super::bench::Bench;
use super::exports::{self, Format, file_name};
use super::open;

/// Something that can be copied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Copying {
    /// The link to this step.
    Link,
    /// The frame for other pages.
    Frame,
    /// The run in another form.
    Form(Format),
}

impl Copying {
    fn name(self) -> &'static str {
        match self {
            Copying::Link => "link",
            Copying::Frame => "frame",
            Copying::Form(format) => format.extension(),
        }
    }

    /// By the name in the markup; the link where nothing else has it.
    pub fn named(name: &str) -> Self {
        let mut all = Format::ALL.into_iter().map(Copying::Form).chain([Copying::Frame]);
        all.find(|copying| copying.name() == name).unwrap_or(Copying::Link)
    }
}

/// The state of the dialog. `Copy`.
#[derive(Clone, Copy)]
pub struct Share {
    /// Whether it is open.
    pub open: State<bool>,
    /// Whether the link leads to the start of the run.
    pub from_start: State<bool>,
    link: State<String>,
    frame: State<String>,
    /// What was copied last, and whether the browser let us.
    copied: State<Option<(Copying, bool)>>,
}

impl Share {
    /// A dialog that is closed.
    pub fn new() -> Self {
        Share {
            open: State::new(false),
            from_start: State::new(false),
            link: State::new(String::new()),
            frame: State::new(String::new()),
            copied: State::new(None),
        }
    }
}

/// While the dialog is open, keeps its link at what the lab shows.
pub fn keep_link(bench: Bench) {
    let Bench { lab, share, .. } = bench;
    effect(move || {
        if !share.open.get() {
            return;
        }
        lab.at.track();
        let from_start = share.from_start.get();
        let Some(mut shared) = open::here(lab) else { return };
        if from_start {
            shared.step = Some(0);
        }
        share.copied.set(None);
        spawn_local(async move {
            share.link.set(href(&open::packed(&shared).await));
            shared.embed = true;
            share.frame.set(text::iframe(&href(&open::packed(&shared).await), lab.info().title));
        });
    });
}

/// The dialog.
pub fn panel(bench: Bench) -> Markup {
    let Bench { lab, share, .. } = bench;
    if !share.open.get() {
        return html! {};
    }
    let copied = share.copied.get();
    html! {
        (dialog::head("share", text::SHARE_TITLE))
        p { (text::share_intro(lab.at.with(|at| at.step))) }
        (field("share-link", Copying::Link, text::SHARE_LINK, &share.link.get(), copied))
        label.option {
            input type="checkbox" checked[share.from_start.get()] data-act="share-from-start";
            span { (text::SHARE_FROM_START) }
        }
        p.help { (text::link_length(share.link.with(String::len))) }
        (field("share-frame", Copying::Frame, text::SHARE_FRAME, &share.frame.get(), copied))
        section.exports aria-labelledby="exports-title" {
            h3 #exports-title { (text::EXPORTS) }
            ul { @for format in Format::ALL { (export(format, copied)) } }
        }
    }
}

fn outcome(what: Copying, copied: Option<(Copying, bool)>, denied: &'static str) -> Markup {
    let words = match copied {
        Some((copied, true)) if copied == what => text::COPIED,
        Some((copied, false)) if copied == what => denied,
        _ => "",
    };
    html! { span role="status" { (words) } }
}

fn button(act: &str, what: Copying, word: &str, name: &str) -> Markup {
    html! {
        button.bar-button type="button" data-act=(act) data-of=(what.name()) { (word) span.visually-hidden { ": " (name) } }
    }
}

/// Text to copy.
fn field(id: &str, what: Copying, label: &str, value: &str, copied: Option<(Copying, bool)>) -> Markup {
    html! {
        div.copy-field {
            label for=(id) { (label) }
            textarea id=(id) readonly rows="3" spellcheck="false" { (value) }
            div.copy-acts {
                (button("copy", what, text::COPY, label))
                (outcome(what, copied, text::COPY_BY_HAND))
            }
        }
    }
}

fn export(format: Format, copied: Option<(Copying, bool)>) -> Markup {
    let (name, what) = (text::format_name(format), Copying::Form(format));
    html! {
        li.export {
            span.export-name { (name) }
            (button("copy", what, text::COPY, name))
            (button("download", what, text::DOWNLOAD, name))
            (outcome(what, copied, text::COPY_DENIED))
        }
    }
}

fn words(bench: Bench, what: Copying) -> String {
    let Bench { lab, share, .. } = bench;
    let link = share.link.get_untracked();
    match what {
        Copying::Link => link,
        Copying::Frame => share.frame.get_untracked(),
        Copying::Form(format) => {
            let title = exports::title(lab);
            lab.read(|here| format.write(&title, &here, Some(&link))).unwrap_or_default()
        }
    }
}

/// Puts it on the clipboard. Where that is denied, a text is selected, so that the reader can copy it by hand.
pub fn copy(bench: Bench, what: Copying) {
    let words = words(bench, what);
    spawn_local(async move {
        let is_copied = browser::copy(words).await.is_ok();
        bench.share.copied.set(Some((what, is_copied)));
        let field = match what {
            Copying::Link => browser::element("share-link"),
            Copying::Frame => browser::element("share-frame"),
            Copying::Form(_) => None,
        };
        let field = field.filter(|_| !is_copied).and_then(|field| field.dyn_into::<HtmlTextAreaElement>().ok());
        if let Some(field) = field {
            field.focus().ok();
            field.select();
        }
    });
}

/// Offers it as a file.
pub fn download(bench: Bench, what: Copying) {
    if let Copying::Form(format) = what {
        browser::download(&file_name(bench.lab, format), format.mime(), &words(bench, what));
    }
}
