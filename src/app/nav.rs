//! Where the reader is: the address as a signal, and the ways to change it.

use super::browser::{self, Visit};
use super::live::hear;
use super::rest::Rest;
use super::router;
use super::signal::{Derived, Kept, State};

/// Browsers refuse (Safari) or hold back (Chromium) a page that writes its address too often, and take their time over a long one. So it is written
/// when the reader has rested for so long, in ms; what is late is written before the page is left.
const REST_MS: u32 = 350;
/// At the latest so long after the first of many steps, in ms.
const LATEST_MS: u32 = 3_000;
/// Under this name stands, for a reload of this tab, what the address should have been: a line with what it was, a line with what was shown.
const LATE: &str = "late";

/// What stands behind `#` for what is shown, worked out when it is needed; `None` where it is no longer there.
pub type Later = Box<dyn Fn() -> Option<String>>;

/// The address of the page. `Copy`, from context.
#[derive(Clone, Copy)]
pub struct Nav {
    /// The address the reader arrived at: by a link, by typing, by Back and Forward. What the page writes itself does not show here.
    pub arrived: State<String>,
    /// The fragment that stands in the address bar.
    pub written: State<String>,
    /// What shall stand there soon.
    late: Kept<Option<Later>>,
    /// When it is written.
    rest: Rest,
    search: Kept<String>,
    /// Whether the page shows itself without its chrome (`embed=1`).
    pub embedded: Derived<bool>,
}

impl Nav {
    /// Reads the address and listens to its changes for as long as the page lives.
    pub fn start() -> Self {
        let fragment = browser::fragment();
        // A page that is left just after a step cannot write its address any more: browsers reload the one from before.
        let kept = browser::take_kept(LATE);
        let late = kept.as_deref().and_then(|kept| kept.split_once('\n')).filter(|(written, _)| *written == fragment);
        let fragment = late.map_or(fragment.clone(), |(_, shown)| shown.to_owned());
        let arrived = State::new(fragment.clone());
        let search = Kept::new(format!("?{}", browser::query()));
        let embedded = Derived::new(move || {
            let in_fragment = arrived.with(|fragment| is_on(router::parameter(fragment, "embed")));
            in_fragment.unwrap_or_else(|| {
                search.with_value(|search| is_on(router::parameter(search, "embed"))).unwrap_or(false)
            })
        });
        let nav = Nav {
            arrived,
            written: State::new(browser::fragment()),
            late: Kept::new(None),
            rest: Rest::new(REST_MS, LATEST_MS),
            search,
            embedded,
        };
        nav.put(fragment, Visit::Replace);
        nav.listen();
        nav
    }

    fn listen(self) {
        let arrive = move || {
            let fragment = browser::fragment();
            if self.written.with_untracked(|written| *written != fragment) {
                // What was shown before belongs to another entry of the history.
                self.late.set_value(None);
                self.written.set(fragment.clone());
                self.arrived.set(fragment);
            }
        };
        hear("hashchange", move |_| arrive());
        hear("popstate", move |_| arrive());
        hear("pagehide", move |_| {
            let before = self.written.get_untracked();
            self.flush();
            let after = self.written.get_untracked();
            if after != before {
                browser::keep(LATE, &format!("{before}\n{after}"));
            }
        });
    }

    /// A link parameter from the fragment or, failing that, from the query before it.
    pub fn parameter(self, name: &str) -> Option<String> {
        let value = |text: &String| router::parameter(text, name).map(str::to_owned);
        self.arrived.with_untracked(value).or_else(|| self.search.with_value(value))
    }

    /// Brings the address up to date with what the page shows. An embedded page never adds to the history.
    pub fn write(self, link: Later, visit: Visit) {
        let is_framed = self.embedded.get_untracked() || browser::is_framed();
        if visit == Visit::Push && !is_framed {
            self.flush();
            if let Some(fragment) = link() {
                self.put(fragment, Visit::Push);
            }
            return;
        }
        self.late.set_value(Some(link));
        // Where nothing can be kept for a reload, the address is all there is.
        if !browser::can_keep() {
            self.flush();
            return;
        }
        self.rest.then(move || self.flush());
    }

    /// Writes what is late.
    fn flush(self) {
        self.rest.forget();
        let late = self.late.try_update_value(Option::take).flatten();
        if let Some(fragment) = late.and_then(|link| link()) {
            self.put(fragment, Visit::Replace);
        }
    }

    fn put(self, fragment: String, visit: Visit) {
        if self.written.with_untracked(|written| *written == fragment) {
            return;
        }
        browser::write_fragment(&fragment, visit);
        self.written.set(fragment);
    }

    /// Goes to another place, as a link would.
    pub fn go(self, fragment: String) {
        let there = fragment.clone();
        self.write(Box::new(move || Some(there.clone())), Visit::Push);
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
