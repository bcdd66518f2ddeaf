//! The worker of the search: the same Wasm as the page's, in a scope without a document. It answers one question at a time, in slices, so that it
//! hears between two of them that it should stop. What it says and hears is [`crate::explore::message`].

use std::cell::Cell;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use crate::engine::Run;
use crate::explore::explain::{decisive, trials};
use crate::explore::message::{Course, Reply, Report, Request, SHORTEN, Shown};
use crate::explore::{End, Exploration, Finding, Question, Shows, reads_as, shrink};
use crate::scenarios::run_string::{Link, parse, replay};

use super::browser;
use super::text;

/// How long it works before it listens, in ms.
const SLICE_MS: f64 = 40.0;
/// How often it says how far it is, in ms.
const TELL_MS: f64 = 100.0;
/// States that are expanded between two looks at the clock.
const STATES: u32 = 64;

/// Most choices of which it is told that a violation hangs on them.
const TRIALS: usize = 3;

thread_local! {
    /// The question that is being answered; 0 where none is.
    static ASKED: Cell<u32> = const { Cell::new(0) };
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Listens to the page from now on.
pub fn start() {
    let hear = Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| hear(&event));
    scope().set_onmessage(Some(hear.as_ref().unchecked_ref()));
    hear.forget();
}

fn hear(event: &MessageEvent) {
    match Request::read(&event.data().as_string().unwrap_or_default()) {
        Ok(Request::Ask { id, run, question }) => {
            ASKED.set(id);
            spawn_local(async move {
                if let Err(words) = answer(id, &run, &question).await {
                    say(&Reply::Refusal { id, words });
                }
            });
        }
        Ok(Request::Cancel { id }) => {
            if ASKED.get() == id {
                ASKED.set(0);
            }
        }
        Err(error) => say(&Reply::Refusal { id: 0, words: error.to_string() }),
    }
}

fn say(reply: &Reply) {
    // Text can always be posted.
    scope().post_message(&reply.write().into()).ok();
}

/// Searches until it has an answer, is told to stop, or is asked something else, about which nothing more is said then.
async fn answer(id: u32, run: &str, question: &str) -> Result<(), String> {
    let link = parse(run).map_err(|error| error.to_string())?;
    let replayed = replay(&link);
    if let Some(error) = replayed.error {
        return Err(error.to_string());
    }
    let begun = js_sys::Date::now();
    if let Some(invariant) = question.strip_prefix(SHORTEN) {
        let mut report = shortened(&*replayed.run, invariant)?;
        report.ms = (js_sys::Date::now() - begun) as u32;
        tell(id, report);
        return Ok(());
    }
    let question = Question::parse(question).map_err(|error| error.to_string())?;
    let mut exploration =
        Exploration::new(&*replayed.run, replayed.step, question).map_err(|error| error.to_string())?;
    let mut told = begun;
    let course = loop {
        let slice = js_sys::Date::now();
        let mut now = slice;
        let mut end = None;
        while end.is_none() && now - slice < SLICE_MS {
            end = exploration.advance(STATES);
            now = js_sys::Date::now();
        }
        if let Some(end) = end {
            break Course::Ended(end);
        }
        if now - told >= TELL_MS {
            told = now;
            tell(id, report(&exploration, Course::Going, begun));
        }
        browser::sleep(0).await;
        match ASKED.get() {
            0 => break Course::Stopped,
            asked if asked != id => return Ok(()),
            _ => {}
        }
    };
    let answer = exploration.answer();
    tell(
        id,
        Report {
            words: reads_as::answer(exploration.question(), &answer),
            findings: answer.findings.iter().map(|finding| shown(&link, finding)).collect(),
            map: exploration.map(),
            ..report(&exploration, course, begun)
        },
    );
    Ok(())
}

/// The run itself, without the choices that its violation does not need.
fn shortened(run: &dyn Run, invariant: &str) -> Result<Report, String> {
    let shrunk = shrink(run, invariant).ok_or_else(|| text::nothing_to_shorten(invariant))?;
    let shown = Shown {
        shows: "shortened".to_owned(),
        of: invariant.to_owned(),
        choices: shrunk.choices.join(","),
        ..Shown::default()
    };
    let words = text::shortened(run.steps(), shrunk.choices.len(), shrunk.tries);
    Ok(Report { course: Course::Ended(End::Found), words, findings: vec![shown], ..Report::default() })
}

/// A found run, with what it hangs on where it breaks an invariant.
fn shown(link: &Link, finding: &Finding) -> Shown {
    let mut shown = Shown::of(finding);
    if let Shows::Broken(invariant) = finding.shows {
        let run = replay(&Link { choices: finding.choices.clone(), ..link.clone() }).run;
        let trials = trials(&*run, invariant).unwrap_or_default();
        let words = decisive(&trials).into_iter().take(TRIALS).map(|trial| reads_as::trial(trial, invariant));
        shown.hangs_on = words.collect::<Vec<_>>().join(" ");
    }
    shown
}

fn report(exploration: &Exploration, course: Course, begun: f64) -> Report {
    Report {
        course,
        figures: exploration.figures(),
        ms: (js_sys::Date::now() - begun) as u32,
        layers: exploration.search().layers(),
        ..Report::default()
    }
}

fn tell(id: u32, report: Report) {
    say(&Reply::Report { id, report: Box::new(report) });
}
