//! The only file that touches storage, clipboard, history, downloads and the parent window. Everything here may be refused by the browser, so
//! everything here is fallible or does nothing; the page works with none of it.

use std::time::Duration;

use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use leptos::prelude::{request_animation_frame, set_timeout};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, CustomEvent, CustomEventInit, Document, HtmlAnchorElement, HtmlElement, ReadableStream,
    ReadableStreamDefaultReader, Response, Storage, Url, Window,
};

/// The window. A page always has one, the worker of the search has not.
pub fn window() -> Option<Window> {
    web_sys::window()
}

/// The document.
pub fn document() -> Option<Document> {
    window()?.document()
}

/// The element with this id.
pub fn element(id: &str) -> Option<HtmlElement> {
    document()?.get_element_by_id(id)?.dyn_into().ok()
}

/// Where the style sheet is that only some of the page needs; the page's head says it.
pub fn sheet(name: &str) -> String {
    let named =
        document().and_then(|document| document.query_selector(&format!("meta[name=sheet-{name}]")).ok().flatten());
    named.and_then(|meta| meta.get_attribute("content")).unwrap_or_default()
}

/// What stands after `#` in the address, without it.
pub fn fragment() -> String {
    let hash = window().and_then(|window| window.location().hash().ok()).unwrap_or_default();
    hash.strip_prefix('#').unwrap_or(&hash).to_owned()
}

/// What stands between `?` and `#` in the address, without the `?`.
pub fn query() -> String {
    let search = window().and_then(|window| window.location().search().ok()).unwrap_or_default();
    search.strip_prefix('?').unwrap_or(&search).to_owned()
}

/// The address of the page without query and fragment.
pub fn page_address() -> String {
    let Some(location) = window().map(|window| window.location()) else { return String::new() };
    let origin = location.origin().unwrap_or_default();
    let path = location.pathname().unwrap_or_default();
    if origin == "null" { format!("file://{path}") } else { format!("{origin}{path}") }
}

/// Whether the page runs inside another.
pub fn is_framed() -> bool {
    let Some(window) = window() else { return false };
    window.parent().ok().flatten().is_some_and(|parent| parent != window)
}

/// How an address goes into the history.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Visit {
    /// Back leads to where the reader was.
    Push,
    /// The entry is only brought up to date.
    Replace,
}

/// Goes to what stands behind `#`, as a link would.
pub fn go_to(fragment: &str) {
    if let Some(window) = window() {
        window.location().set_hash(fragment).ok();
    }
}

/// Loads the page anew.
pub fn reload() {
    if let Some(window) = window() {
        window.location().reload().ok();
    }
}

/// Writes the fragment without loading anything. Chromium refuses more than some hundred a minute; the address is then late, nothing else.
pub fn write_fragment(fragment: &str, visit: Visit) {
    let Some(window) = window() else { return };
    let Ok(history) = window.history() else { return };
    // A bare `#…` would be resolved against <base>, so path and query are said again.
    let location = window.location();
    let address =
        format!("{}{}#{fragment}", location.pathname().unwrap_or_default(), location.search().unwrap_or_default());
    let done = match visit {
        Visit::Push => history.push_state_with_url(&JsValue::NULL, "", Some(&address)),
        Visit::Replace => history.replace_state_with_url(&JsValue::NULL, "", Some(&address)),
    };
    done.ok();
}

/// Sets the title of the document.
pub fn set_title(title: &str) {
    if let Some(document) = document() {
        document.set_title(title);
    }
}

/// Sets (or with `None` removes) an attribute of the root element.
pub fn set_root_attribute(name: &str, value: Option<&str>) {
    let Some(root) = document().and_then(|document| document.document_element()) else { return };
    match value {
        Some(value) => root.set_attribute(name, value).ok(),
        None => root.remove_attribute(name).ok(),
    };
}

fn local_storage() -> Option<Storage> {
    window()?.local_storage().ok().flatten()
}

fn session_storage() -> Option<Storage> {
    window()?.session_storage().ok().flatten()
}

/// A setting that outlives the visit; `None` where there is none or storage is denied.
pub fn setting(key: &str) -> Option<String> {
    local_storage()?.get_item(&format!("interleave:{key}")).ok().flatten()
}

/// Keeps a setting if the browser lets us.
pub fn keep_setting(key: &str, value: &str) {
    if let Some(storage) = local_storage() {
        storage.set_item(&format!("interleave:{key}"), value).ok();
    }
}

/// Something kept for this tab only; `None` where there is none or storage is denied.
pub fn kept(key: &str) -> Option<String> {
    session_storage()?.get_item(&format!("interleave:{key}")).ok().flatten()
}

/// Whether the browser lets us keep things for this tab.
pub fn can_keep() -> bool {
    session_storage().is_some()
}

/// Something kept for this tab, which is then forgotten.
pub fn take_kept(key: &str) -> Option<String> {
    let kept = kept(key)?;
    session_storage()?.remove_item(&format!("interleave:{key}")).ok();
    Some(kept)
}

/// Keeps something for this tab if the browser lets us.
pub fn keep(key: &str, value: &str) {
    if let Some(storage) = session_storage() {
        storage.set_item(&format!("interleave:{key}"), value).ok();
    }
}

/// Whether the reader's system asks for less motion.
pub fn prefers_less_motion() -> bool {
    window()
        .and_then(|window| window.match_media("(prefers-reduced-motion: reduce)").ok().flatten())
        .is_some_and(|query| query.matches())
}

/// Puts text on the clipboard.
///
/// # Errors
/// Where the browser has no clipboard for us (an insecure page, an iframe without permission) or denies it.
pub async fn copy(text: String) -> Result<(), ()> {
    let window = window().ok_or(())?;
    let navigator = window.navigator();
    // Absent outside secure contexts, where web-sys's getter would hand out `undefined` as a Clipboard.
    let clipboard = Reflect::get(&navigator, &"clipboard".into()).map_err(|_| ())?;
    if clipboard.is_undefined() || clipboard.is_null() {
        return Err(());
    }
    JsFuture::from(navigator.clipboard().write_text(&text)).await.map(|_| ()).map_err(|_| ())
}

/// A text file of this site, asked for anew wherever it may have changed.
///
/// # Errors
/// Where it cannot be had: why, as the browser or the server puts it.
pub async fn fetch_text(path: &str) -> Result<String, String> {
    let fetch = async || -> Result<JsValue, JsValue> {
        let init = object(&[("cache", "no-cache".into())]).unchecked_into();
        let window = window().ok_or(JsValue::NULL)?;
        let response: Response = JsFuture::from(window.fetch_with_str_and_init(path, &init)).await?.dyn_into()?;
        if !response.ok() {
            return Err(format!("HTTP status {}", response.status()).into());
        }
        JsFuture::from(response.text()?).await
    };
    let text = fetch().await.map_err(|error| {
        let message = Reflect::get(&error, &"message".into()).ok().and_then(|message| message.as_string());
        message.or_else(|| error.as_string()).unwrap_or_default()
    })?;
    Ok(text.as_string().unwrap_or_default())
}

/// Offers text as a file to keep.
pub fn download(name: &str, mime: &str, text: &str) {
    let offer = || -> Option<()> {
        let bag = BlobPropertyBag::new();
        bag.set_type(mime);
        let blob = Blob::new_with_str_sequence_and_options(&Array::of1(&text.into()), &bag).ok()?;
        let url = Url::create_object_url_with_blob(&blob).ok()?;
        let link: HtmlAnchorElement = document()?.create_element("a").ok()?.dyn_into().ok()?;
        link.set_href(&url);
        link.set_download(name);
        link.click();
        Url::revoke_object_url(&url).ok()
    };
    offer();
}

/// Pipes bytes through a stream of the global constructor `name`; `None` where that fails or gives more than `limit` bytes.
async fn through(name: &str, bytes: &[u8], limit: usize) -> Option<Vec<u8>> {
    let constructor: Function = Reflect::get(&js_sys::global(), &name.into()).ok()?.dyn_into().ok()?;
    let stream = Reflect::construct(&constructor, &Array::of1(&"deflate-raw".into())).ok()?;
    let blob = Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes))).ok()?;
    let source = blob.stream();
    let pipe: Function = Reflect::get(&source, &"pipeThrough".into()).ok()?.dyn_into().ok()?;
    let piped: ReadableStream = pipe.call1(&source, &stream).ok()?.dyn_into().ok()?;
    let reader: ReadableStreamDefaultReader = piped.get_reader().dyn_into().ok()?;
    let mut out = Vec::new();
    loop {
        let part = JsFuture::from(reader.read()).await.ok()?;
        if Reflect::get(&part, &"done".into()).ok()?.is_truthy() {
            return Some(out);
        }
        let part: Uint8Array = Reflect::get(&part, &"value".into()).ok()?.dyn_into().ok()?;
        if out.len() + part.length() as usize > limit {
            // What is left is not read: a small link could hold gigabytes.
            JsFuture::from(reader.cancel()).await.ok();
            return None;
        }
        out.extend(part.to_vec());
    }
}

/// Deflates (raw); `None` where the browser cannot.
pub async fn deflate(bytes: &[u8]) -> Option<Vec<u8>> {
    through("CompressionStream", bytes, usize::MAX).await
}

/// Inflates (raw); `None` where the browser cannot, the bytes are no deflate stream, or it holds more than `limit` bytes.
pub async fn inflate(bytes: &[u8], limit: usize) -> Option<Vec<u8>> {
    through("DecompressionStream", bytes, limit).await
}

/// An object of JavaScript with these fields.
pub fn object(fields: &[(&str, JsValue)]) -> js_sys::Object {
    let object = js_sys::Object::new();
    for (name, value) in fields {
        // Setting a field of a fresh plain object cannot fail.
        Reflect::set(&object, &(*name).into(), value).ok();
    }
    object
}

/// Posts a message to the page that embeds us, if there is one. It holds nothing secret, so any origin may read it.
pub fn tell_parent(fields: &[(&str, JsValue)]) {
    if !is_framed() {
        return;
    }
    if let Some(parent) = window().and_then(|window| window.parent().ok().flatten()) {
        parent.post_message(&object(fields), "*").ok();
    }
}

/// Whether a message comes from the page that embeds us.
pub fn is_from_parent(event: &web_sys::MessageEvent) -> bool {
    let parent = window().and_then(|window| window.parent().ok().flatten());
    match (event.source(), parent) {
        (Some(source), Some(parent)) => source.loose_eq(&parent),
        _ => false,
    }
}

/// Dispatches a CustomEvent on the window.
pub fn announce(name: &str, detail: &JsValue) {
    let init = CustomEventInit::new();
    init.set_detail(detail);
    if let (Some(window), Ok(event)) = (window(), CustomEvent::new_with_event_init_dict(name, &init)) {
        window.dispatch_event(&event).ok();
    }
}

/// Whether an element is in the window or about to be.
pub fn is_near(element: &HtmlElement) -> bool {
    let frame = element.get_bounding_client_rect();
    let height = window().and_then(|window| window.inner_height().ok()?.as_f64()).unwrap_or(0.0);
    frame.bottom() > -NEAR && frame.top() < height + NEAR
}

/// How far from the window is near, in px.
const NEAR: f64 = 400.0;

/// Scrolls a container so that a child shows, without moving the page or the focus.
pub fn show_inside(container: &HtmlElement, child: &HtmlElement) {
    let frame = container.get_bounding_client_rect();
    let inner = child.get_bounding_client_rect();
    if inner.top() < frame.top() {
        container.set_scroll_top(container.scroll_top() - (frame.top() - inner.top()) as i32 - 8);
    } else if inner.bottom() > frame.bottom() {
        container.set_scroll_top(container.scroll_top() + (inner.bottom() - frame.bottom()) as i32 + 8);
    }
    if inner.left() < frame.left() || inner.right() > frame.right() {
        container.set_scroll_left(container.scroll_left() + (inner.left() - frame.left()) as i32 - 16);
    }
}

/// Milliseconds since the page was opened, for the pace of autoplay only.
pub fn now_ms() -> f64 {
    window().and_then(|window| window.performance()).map_or(0.0, |performance| performance.now())
}

/// A promise that is kept after a while, in the page and in the worker: both scopes have the method, though only one is a window.
pub fn timeout(ms: i32) -> Promise {
    Promise::new(&mut |resolve, _| {
        let scope: Window = js_sys::global().unchecked_into();
        scope.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms).ok();
    })
}

/// Does something once what has changed so far is painted, in time for the frame after that.
pub fn after_paint(act: impl FnOnce() + 'static) {
    request_animation_frame(move || set_timeout(act, Duration::ZERO));
}

/// How long work waits for an idle moment at most, in ms.
const IDLE_MAX_MS: f64 = 250.0;

/// Does something when the browser has nothing better to do, soon in any case. Safari does not tell when that is.
pub fn when_idle(act: impl FnOnce() + 'static) {
    let Some(window) = window() else { return };
    let act = Closure::once_into_js(act);
    let ask = Reflect::get(&window, &"requestIdleCallback".into()).ok().and_then(|ask| ask.dyn_into::<Function>().ok());
    let options = object(&[("timeout", IDLE_MAX_MS.into())]);
    // Neither way of asking throws for a function.
    match ask {
        Some(ask) => ask.call2(&window, &act, &options).map(|_| ()).ok(),
        None => window.set_timeout_with_callback(act.unchecked_ref()).map(|_| ()).ok(),
    };
}

/// Waits; 0 gives the browser a chance to paint.
pub async fn sleep(ms: i32) {
    JsFuture::from(timeout(ms)).await.ok();
}
