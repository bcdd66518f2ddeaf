//! Texts that the page fetches when it shows them, and then keeps: what there is to read about a scenario, what the search found.

use std::rc::Rc;

use maud::{Markup, html};
use wasm_bindgen_futures::spawn_local;

use crate::scenarios::{About, Info};

use super::signal::{Kept, State};
use super::{browser, text};

/// Something that was asked for: `None` while it is on its way, and a whole sentence where it cannot be had.
pub type Asked<T> = Option<Result<T, String>>;

/// What is made of it; until it arrives, and where it does not, a sentence about that.
pub fn once_here<T>(asked: Asked<T>, draw: impl FnOnce(T) -> Markup) -> Markup {
    match asked {
        Some(Ok(text)) => draw(text),
        Some(Err(why)) => html! { p { (why) } },
        None => html! { p { (text::COMING) } },
    }
}

/// A scenario's name, and what there is to read about it.
type Shelf = (&'static str, Result<Rc<About>, String>);

/// Everything that was asked for so far. `Copy`, from context.
#[derive(Clone, Copy)]
pub struct Library {
    /// By their addresses. A text is never given back: there is one for each scenario, and all that is read from it are parts of it.
    texts: Kept<Vec<(String, Asked<&'static str>)>>,
    /// By the scenarios' names.
    abouts: Kept<Vec<Shelf>>,
    /// Raised with each text that arrives.
    arrived: State<u32>,
}

impl Library {
    /// An empty one, which outlives every page.
    pub fn new() -> Self {
        Library { texts: Kept::new(Vec::new()), abouts: Kept::new(Vec::new()), arrived: State::new(0) }
    }

    /// A text of this site, by its path. Who asks in an effect is run again when it arrives.
    pub fn text(self, path: &str) -> Asked<&'static str> {
        self.arrived.track();
        let known =
            self.texts.with_value(|texts| texts.iter().find(|(of, _)| of == path).map(|(_, asked)| asked.clone()));
        known.unwrap_or_else(|| {
            self.texts.update_value(|texts| texts.push((path.to_owned(), None)));
            let path = path.to_owned();
            spawn_local(async move {
                let text = browser::fetch_text(&path).await.map(|text| -> &'static str { text.leak() });
                self.keep(&path, text.map_err(|why| text::not_fetched(&path, &why)));
            });
            None
        })
    }

    fn keep(self, path: &str, text: Result<&'static str, String>) {
        self.texts.update_value(|texts| {
            if let Some((_, asked)) = texts.iter_mut().find(|(of, _)| of == path) {
                *asked = Some(text);
            }
        });
        self.arrived.update(|arrived| *arrived += 1);
    }

    /// What there is to read about a scenario.
    pub fn about(self, info: &'static Info) -> Asked<Rc<About>> {
        let of = |abouts: &Vec<Shelf>| abouts.iter().find(|(id, _)| *id == info.id).map(|(_, about)| about.clone());
        if let Some(about) = self.abouts.with_value(of) {
            return Some(about);
        }
        let path = format!("texts/en/{}.md", info.id);
        let read = |text| About::parse(text).map(Rc::new).map_err(|error| text::not_fetched(&path, &error.to_string()));
        let about = self.text(&path)?.and_then(read);
        self.abouts.update_value(|abouts| abouts.push((info.id, about.clone())));
        Some(about)
    }
}
