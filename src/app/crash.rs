//! What the reader sees should the app ever panic: that it is our fault, that the run is safe in its link, and how to go on. There must be none.

use std::panic::PanicHookInfo;

use wasm_bindgen::JsValue;

use super::browser;
use super::text;

/// Installs the hook. It builds its panel with the plainest of means, since nothing else can be relied on any more.
pub fn install() {
    std::panic::set_hook(Box::new(show));
}

fn show(info: &PanicHookInfo<'_>) {
    let message = info.to_string();
    web_sys::console::error_1(&JsValue::from_str(&message));
    let build = || -> Option<()> {
        let document = browser::document()?;
        if document.get_element_by_id("crash").is_some() {
            return None;
        }
        let panel = document.create_element("div").ok()?;
        panel.set_id("crash");
        panel.set_attribute("role", "alert").ok()?;
        let say = |tag: &str, words: &str| -> Option<web_sys::Element> {
            let element = document.create_element(tag).ok()?;
            element.set_text_content(Some(words));
            panel.append_child(&element).ok()?;
            Some(element)
        };
        say("h2", text::CRASH_TITLE)?;
        say("p", text::CRASH_WORDS)?;
        say("pre", &message)?;
        let link = say("a", text::CRASH_LINK)?;
        link.set_attribute("href", &format!("{}#{}", browser::page_address(), browser::fragment())).ok()?;
        link.set_attribute("target", "_blank").ok()?;
        document.body()?.append_child(&panel).ok().map(|_| ())
    };
    build();
}
