//! Which lab stands on the page now, for what lives longer than a page: the page API and the embedding page.

use js_sys::{Function, Promise};
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use super::browser;
use super::lab::state::Lab;
use super::signal::{Kept, State};

/// How long a link may take to be opened, in ms: packed ones are inflated by the browser.
const OPEN_MAX_MS: i32 = 5_000;

/// The lab that is shown, if any. `Copy`, from context.
#[derive(Clone, Copy)]
pub struct Stage {
    lab: State<Option<Lab>>,
    /// Who waits for a link to be opened.
    waiting: Kept<Vec<Function>>,
}

impl Stage {
    /// An empty stage.
    pub fn new() -> Self {
        Stage { lab: State::new(None), waiting: Kept::new(Vec::new()) }
    }

    /// A link has been opened, well or badly.
    pub fn has_opened(self) {
        for resolve in self.waiting.try_update_value(std::mem::take).unwrap_or_default() {
            // What resolves a promise throws nothing.
            resolve.call0(&JsValue::NULL).ok();
        }
    }

    /// Waits until the next link has been opened; what is waited for is asked for in `ask`.
    pub async fn opened(self, ask: impl FnOnce()) {
        let opened = Promise::new(&mut |resolve, _| {
            self.waiting.update_value(|waiting| waiting.push(resolve));
        });
        ask();
        let either = js_sys::Array::of2(&opened, &browser::timeout(OPEN_MAX_MS));
        JsFuture::from(Promise::race(&either)).await.ok();
    }

    /// The lab that is shown.
    pub fn lab(self) -> Option<Lab> {
        self.lab.get_untracked()
    }

    /// The lab that is shown; tracked.
    pub fn shown(self) -> Option<Lab> {
        self.lab.get()
    }

    /// A lab enters; it leaves when the component that calls this goes.
    pub fn enter(self, lab: Lab) {
        self.lab.set(Some(lab));
        on_cleanup(move || {
            // The next page may have entered before this one is cleaned up.
            let still_here = self.lab.with_untracked(|now| now.is_some_and(|now| now.at == lab.at));
            if still_here {
                self.lab.set(None);
            }
        });
    }
}
