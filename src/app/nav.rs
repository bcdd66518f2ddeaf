//! Where the reader is: the address as a signal, and the ways to change it.

use leptos::prelude::*;
use wasm_bindgen::prelude::*;

use super::browser::{self, Visit};
use super::router::{self, Location};

/// Parameters that say how the page looks, whatever it shows.
const PAGE_PARAMETERS: [&str; 5] = ["embed", "theme", "motion", "lang", "autoplay"];

/// The address of the page. `Copy`, from context.
#[derive(Clone, Copy)]
pub struct Nav {
    /// The address the reader arrived at: by a link, by typing, by Back and Forward. What the page writes itself does not show here.
    pub arrived: RwSignal<Location>,
    written: StoredValue<String>,
    search: StoredValue<Vec<(String, String)>>,
    /// Whether the page shows itself without its chrome (`embed=1`).
    pub embedded: Memo<bool>,
}

impl Nav {
    /// Reads the address and listens to its changes for as long as the page lives.
    pub fn start() -> Self {
        let fragment = browser::fragment();
        let arrived = RwSignal::new(Location::parse(&fragment));
        let search = StoredValue::new(router::parse_query(&browser::query()));
        let embedded = Memo::new(move |_| {
            let in_fragment = arrived.with(|location| location.get("embed").map(str::to_owned));
            let value = in_fragment.or_else(|| in_search(search, "embed"));
            matches!(value.as_deref(), Some("1" | "true"))
        });
        let nav = Nav { arrived, written: StoredValue::new(fragment), search, embedded };
        nav.listen();
        nav
    }

    fn listen(self) {
        let arrive = Closure::<dyn FnMut()>::new(move || {
            let fragment = browser::fragment();
            if self.written.with_value(|written| *written != fragment) {
                self.written.set_value(fragment.clone());
                self.arrived.set(Location::parse(&fragment));
            }
        });
        if let Some(window) = browser::window() {
            let handler = arrive.as_ref().unchecked_ref();
            window.add_event_listener_with_callback("hashchange", handler).ok();
            window.add_event_listener_with_callback("popstate", handler).ok();
        }
        // The app lives as long as the page, and so does its listener.
        arrive.forget();
    }

    /// A link parameter from the fragment or, failing that, from the query before it.
    pub fn parameter(self, name: &str) -> Option<String> {
        let in_fragment = self.arrived.with_untracked(|location| location.get(name).map(str::to_owned));
        in_fragment.or_else(|| in_search(self.search, name))
    }

    /// Brings the address up to date with what the page shows. An embedded page never adds to the history.
    pub fn write(self, location: &Location, visit: Visit) {
        let fragment = location.fragment();
        if self.written.with_value(|written| *written == fragment) {
            return;
        }
        let visit = if self.embedded.get_untracked() || browser::is_framed() { Visit::Replace } else { visit };
        browser::write_fragment(&fragment, visit);
        self.written.set_value(fragment);
    }

    /// Puts the parameters of the page itself, which are none of a run's, into an address.
    pub fn carry_over(self, location: &mut Location) {
        self.arrived.with_untracked(|arrived| {
            for (name, value) in &arrived.query {
                if PAGE_PARAMETERS.contains(&name.as_str()) && location.get(name).is_none() {
                    location.query.push((name.clone(), value.clone()));
                }
            }
        });
    }

    /// Goes to another place, as a link would.
    pub fn go(self, location: Location) {
        self.write(&location, Visit::Push);
        self.arrived.set(location);
    }
}

fn in_search(search: StoredValue<Vec<(String, String)>>, name: &str) -> Option<String> {
    search.with_value(|search| search.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()))
}

/// The full address of a place of the site, for `href`: independent of `<base>`, and right when opened in another tab.
pub fn href(location: &Location) -> String {
    format!("{}#{}", browser::page_address(), location.fragment())
}

/// A link within the site.
#[component]
pub fn Link(
    /// Where it leads.
    to: Location,
    /// Classes.
    #[prop(optional)]
    class: &'static str,
    children: Children,
) -> impl IntoView {
    view! { <a href=href(&to) class=class>{children()}</a> }
}
