//! What the reader has set for themselves: theme, motion, single-key shortcuts.

use maud::{Markup, html};
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::browser;
use super::live::{effect, hear};
use super::nav::Nav;
use super::signal::State;
use super::text;

/// Light, dark, or as the system says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Theme {
    /// As the system says.
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// All of them, in the order of the page.
    pub const ALL: [Theme; 3] = [Theme::Auto, Theme::Light, Theme::Dark];

    /// The name in links and storage.
    pub fn name(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// The theme of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == name)
    }
}

/// The settings, as signals. `Copy`, from context.
#[derive(Clone, Copy)]
pub struct Settings {
    /// Theme.
    pub theme: State<Theme>,
    /// Whether the reader asked this app for less motion (the system may ask for it as well).
    pub still: State<bool>,
    /// Whether single keys act.
    pub shortcuts: State<bool>,
}

impl Settings {
    /// Reads what was kept; a link's `theme` and `motion` win over it and are not kept.
    pub fn start(nav: Nav) -> Self {
        let kept_theme = browser::setting("theme");
        let asked_theme = nav.parameter("theme");
        let theme = asked_theme.as_deref().or(kept_theme.as_deref()).and_then(Theme::named).unwrap_or(Theme::Auto);
        let still =
            nav.parameter("motion").as_deref() == Some("none") || browser::setting("motion").as_deref() == Some("none");
        let shortcuts = browser::setting("shortcuts").as_deref() != Some("off");
        let settings =
            Settings { theme: State::new(theme), still: State::new(still), shortcuts: State::new(shortcuts) };
        effect(move || {
            let theme = settings.theme.get();
            browser::set_root_attribute("data-theme", (theme != Theme::Auto).then(|| theme.name()));
            browser::set_root_attribute("data-motion", settings.still.get().then_some("none"));
        });
        settings
    }

    /// Whether nothing should move by itself.
    pub fn less_motion(self) -> bool {
        self.still.get_untracked() || browser::prefers_less_motion()
    }

    fn set_theme(self, theme: Theme) {
        self.theme.set(theme);
        browser::keep_setting("theme", theme.name());
    }

    fn set_still(self, still: bool) {
        self.still.set(still);
        browser::keep_setting("motion", if still { "none" } else { "auto" });
    }

    fn set_shortcuts(self, on: bool) {
        self.shortcuts.set(on);
        browser::keep_setting("shortcuts", if on { "on" } else { "off" });
    }
}

/// The settings as a popover under its button.
pub fn menu(settings: Settings) -> Markup {
    let option = |name: &str, is_on: bool, words: &str| {
        html! {
            label.option {
                input type="checkbox" checked[is_on] data-act="setting" data-of=(name);
                span { (words) }
            }
        }
    };
    html! {
        button.bar-button type="button" popovertarget="settings" { (text::SETTINGS) }
        div #settings.popover.settings popover="auto" {
            fieldset {
                legend { (text::THEME) }
                @for theme in Theme::ALL {
                    label.option {
                        input type="radio" name="theme" value=(theme.name()) checked[settings.theme.get() == theme]
                            data-act="setting" data-of="theme";
                        span { (text::theme(theme.name())) }
                    }
                }
            }
            (option("less-motion", settings.still.get(), text::LESS_MOTION))
            (option("single-keys", settings.shortcuts.get(), text::SINGLE_KEYS))
        }
    }
}

/// Hears the menu for as long as the page lives.
pub fn listen(settings: Settings) {
    hear("change", move |event| {
        let target = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        let Some(input) = target.filter(|input| input.get_attribute("data-act").as_deref() == Some("setting")) else {
            return;
        };
        match input.get_attribute("data-of").as_deref() {
            Some("theme") => Theme::named(&input.value()).into_iter().for_each(|theme| settings.set_theme(theme)),
            Some("less-motion") => settings.set_still(input.checked()),
            Some("single-keys") => settings.set_shortcuts(input.checked()),
            _ => {}
        }
    });
}
