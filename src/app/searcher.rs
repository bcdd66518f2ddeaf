//! The page's side of the search: one worker, started when the first question is asked, and put in another's place when it dies. It is given the
//! compiled Wasm of the page, so nothing is loaded twice, and boot.js, which brings up whichever of the two it finds itself in.

use js_sys::Reflect;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::explore::message::{Course, Reply, Report, Request};

use super::browser::{self, object};
use super::signal::Kept;
use super::text;

/// Most answers that are kept.
const KEPT_MAX: usize = 32;
/// A worker that has used more than this, in bytes, is not kept: Wasm never gives memory back.
const LARGE: usize = 100_000_000;
/// How long a worker that is told to stop may take to do so, in ms.
const STOP_MAX_MS: u64 = 2_000;

/// Who is told how far a question is, again and again until it has an answer; an error is the last that is told.
pub type Told = Box<dyn Fn(Result<Report, String>)>;

struct Asking {
    id: u32,
    key: String,
    told: Told,
}

/// The search, as the page sees it. `Copy`, from context.
#[derive(Clone, Copy)]
pub struct Searcher {
    worker: Kept<Option<Worker>>,
    asking: Kept<Option<Asking>>,
    /// Answers by question, the latest last.
    kept: Kept<Vec<(String, Report)>>,
    last_id: Kept<u32>,
}

impl Searcher {
    /// No worker yet.
    pub fn new() -> Self {
        Searcher {
            worker: Kept::new(None),
            asking: Kept::new(None),
            kept: Kept::new(Vec::new()),
            last_id: Kept::new(0),
        }
    }

    /// Asks a question about what follows the step that a link shows. The same question about the same run is answered at once. One question is answered
    /// at a time: the one before is told that this one has taken its place.
    pub fn ask(self, run: String, question: String, told: Told) {
        self.end(Err(text::SEARCH_SUPERSEDED.to_owned()));
        let key = format!("{run}\n{question}");
        let kept =
            self.kept.with_value(|kept| kept.iter().find(|(known, _)| *known == key).map(|(_, kept)| kept.clone()));
        if let Some(report) = kept {
            return told(Ok(report));
        }
        let id = self.last_id.get_value().wrapping_add(1).max(1);
        self.last_id.set_value(id);
        self.asking.set_value(Some(Asking { id, key, told }));
        if self.say(&Request::Ask { id, run, question }).is_none() {
            self.end(Err(text::SEARCH_NO_WORKER.to_owned()));
        }
    }

    /// Stops; what was found so far is told as the answer.
    pub fn cancel(self) {
        let Some(id) = self.asked() else { return };
        self.say(&Request::Cancel { id });
        let is_deaf = move || self.asked() == Some(id);
        let give_up = move || {
            if is_deaf() {
                self.replace();
                self.end(Err(text::SEARCH_DEAF.to_owned()));
            }
        };
        set_timeout(give_up, std::time::Duration::from_millis(STOP_MAX_MS));
    }

    /// The number of the question that is being answered.
    fn asked(self) -> Option<u32> {
        self.asking.try_with_value(|asking| asking.as_ref().map(|asking| asking.id)).flatten()
    }

    fn say(self, request: &Request) -> Option<()> {
        if self.worker.with_value(Option::is_none) {
            self.worker.set_value(self.hire());
        }
        self.worker.with_value(|worker| worker.as_ref()?.post_message(&request.write().into()).ok())
    }

    /// Starts a worker; `None` where the browser has none for us.
    fn hire(self) -> Option<Worker> {
        // Their absolute addresses, whatever the page's base is.
        let address = |selector: &str, name: &str| {
            let element = browser::document()?.query_selector(selector).ok().flatten()?;
            Reflect::get(&element, &name.into()).ok()
        };
        let boot = address("script[type=module][src]", "src")?.as_string()?;
        let glue = address("link[rel=modulepreload]", "href")?;
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(&boot, &options).ok()?;
        let hear = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| self.hear(&event));
        worker.set_onmessage(Some(hear.into_js_value().unchecked_ref()));
        let fail = Closure::<dyn Fn(ErrorEvent)>::new(move |event: ErrorEvent| {
            event.prevent_default();
            // A worker that could not be loaded gives no message.
            let what = Reflect::get(&event, &"message".into()).ok().and_then(|what| what.as_string());
            self.fail(&text::search_died(&what.unwrap_or_default()));
        });
        worker.set_onerror(Some(fail.into_js_value().unchecked_ref()));
        worker.post_message(&object(&[("module", wasm_bindgen::module()), ("glue", glue)])).ok()?;
        Some(worker)
    }

    fn hear(self, event: &MessageEvent) {
        match Reply::read(&event.data().as_string().unwrap_or_default()) {
            Ok(Reply::Report { id, report }) if self.asked() == Some(id) => {
                if report.figures.bytes > LARGE && report.course != Course::Going {
                    self.replace();
                }
                self.tell(*report);
            }
            // What is said of a question that is no longer asked.
            Ok(Reply::Report { .. }) => {}
            Ok(Reply::Refusal { id, words }) if self.asked() == Some(id) => self.end(Err(words)),
            Ok(Reply::Refusal { id: 0, words }) => self.fail(&words),
            Ok(Reply::Refusal { .. }) => {}
            Err(error) => self.fail(&text::search_unread(&error.to_string())),
        }
    }

    fn tell(self, report: Report) {
        if report.course == Course::Going {
            self.asking.with_value(|asking| {
                if let Some(asking) = asking {
                    (asking.told)(Ok(report));
                }
            });
        } else {
            self.end(Ok(report));
        }
    }

    /// The last that is told of a question.
    fn end(self, told: Result<Report, String>) {
        let Some(asking) = self.asking.try_update_value(Option::take).flatten() else { return };
        if let Ok(report) = &told
            && report.course != Course::Stopped
        {
            self.kept.update_value(|kept| {
                if kept.len() == KEPT_MAX {
                    kept.remove(0);
                }
                kept.push((asking.key.clone(), report.clone()));
            });
        }
        (asking.told)(told);
    }

    /// The worker is of no more use; the next question is for another.
    fn fail(self, words: &str) {
        self.replace();
        self.end(Err(words.to_owned()));
    }

    fn replace(self) {
        if let Some(worker) = self.worker.try_update_value(Option::take).flatten() {
            worker.terminate();
        }
    }
}
