//! Where the reader is: the address as a signal, and the ways to change it.

use leptos::prelude::*;
use wasm_bindgen::prelude::*;

use super::browser::{self, Visit};
use super::live::memo;
use super::router;

/// Browsers refuse (Safari) or hold back (Chromium) a page that writes its address too often, so it is written at most this often, in ms; what is
/// late is written before the page is left.
const WRITE_EVERY_MS: f64 = 350.0;

/// The address of the page. `Copy`, from context.
#[derive(Clone, Copy)]
pub struct Nav {
    /// The address the reader arrived at: by a link, by typing, by Back and Forward. What the page writes itself does not show here.
    pub arrived: RwSignal<String>,
    /// The address of what is shown, whether or not it has been written yet.
    pub shown: RwSignal<String>,
    /// The fragment that stands in the address bar.
    written: StoredValue<String>,
    last_write_ms: StoredValue<f64>,
    is_waiting: StoredValue<bool>,
    search: StoredValue<String>,
    /// Whether the page shows itself without its chrome (`embed=1`).
    pub embedded: Memo<bool>,
}

impl Nav {
    /// Reads the address and listens to its changes for as long as the page lives.
    pub fn start() -> Self {
        let fragment = browser::fragment();
        let arrived = RwSignal::new(fragment.clone());
        let search = StoredValue::new(format!("?{}", browser::query()));
        let embedded = memo(move || {
            let in_fragment = arrived.with(|fragment| is_on(router::parameter(fragment, "embed")));
            in_fragment.unwrap_or_else(|| {
                search.with_value(|search| is_on(router::parameter(search, "embed"))).unwrap_or(false)
            })
        });
        let nav = Nav {
            arrived,
            shown: RwSignal::new(fragment.clone()),
            written: StoredValue::new(fragment),
            last_write_ms: StoredValue::new(f64::MIN),
            is_waiting: StoredValue::new(false),
            search,
            embedded,
        };
        nav.listen();
        nav
    }

    fn listen(self) {
        let arrive = Closure::<dyn FnMut()>::new(move || {
            let fragment = browser::fragment();
            if self.written.with_value(|written| *written != fragment) {
                self.written.set_value(fragment.clone());
                self.shown.set(fragment.clone());
                self.arrived.set(fragment);
            }
        });
        let leave = Closure::<dyn FnMut()>::new(move || self.flush());
        if let Some(window) = browser::window() {
            let arrive = arrive.as_ref().unchecked_ref();
            window.add_event_listener_with_callback("hashchange", arrive).ok();
            window.add_event_listener_with_callback("popstate", arrive).ok();
            window.add_event_listener_with_callback("pagehide", leave.as_ref().unchecked_ref()).ok();
        }
        // The app lives as long as the page, and so do its listeners.
        arrive.forget();
        leave.forget();
    }

    /// A link parameter from the fragment or, failing that, from the query before it.
    pub fn parameter(self, name: &str) -> Option<String> {
        let value = |text: &String| router::parameter(text, name).map(str::to_owned);
        self.arrived.with_untracked(value).or_else(|| self.search.with_value(value))
    }

    /// Brings the address up to date with what the page shows. An embedded page never adds to the history.
    pub fn write(self, fragment: String, visit: Visit) {
        let is_framed = self.embedded.get_untracked() || browser::is_framed();
        if visit == Visit::Push && !is_framed {
            self.flush();
            self.shown.set(fragment);
            self.put(Visit::Push);
            return;
        }
        self.shown.set(fragment);
        let wait_ms = self.last_write_ms.get_value() + WRITE_EVERY_MS - browser::now_ms();
        if wait_ms <= 0.0 {
            self.flush();
        } else if !self.is_waiting.get_value() {
            self.is_waiting.set_value(true);
            set_timeout(move || self.flush(), std::time::Duration::from_millis(wait_ms as u64));
        }
    }

    /// Writes what is late.
    fn flush(self) {
        self.is_waiting.set_value(false);
        self.put(Visit::Replace);
    }

    fn put(self, visit: Visit) {
        let fragment = self.shown.get_untracked();
        if self.written.with_value(|written| *written == fragment) {
            return;
        }
        browser::write_fragment(&fragment, visit);
        self.last_write_ms.set_value(browser::now_ms());
        self.written.set_value(fragment);
    }

    /// Goes to another place, as a link would.
    pub fn go(self, fragment: String) {
        self.write(fragment.clone(), Visit::Push);
        self.arrived.set(fragment);
    }
}

/// Whether a switch in a link is on; `None` where the link does not have it.
fn is_on(value: Option<&str>) -> Option<bool> {
    value.map(|value| value == "1" || value == "true")
}

/// The full address of a place of the site, for `href`: independent of `<base>`, and right when opened in another tab.
pub fn href(fragment: &str) -> String {
    format!("{}#{fragment}", browser::page_address())
}

/// A link within the site.
#[component]
pub fn PageLink(
    /// Where it leads.
    #[prop(into)]
    to: String,
    /// Classes.
    #[prop(optional)]
    class: &'static str,
    children: Children,
) -> impl IntoView {
    view! { <a href=href(&to) class=class>{children()}</a> }
}
