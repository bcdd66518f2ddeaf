//! `window.interleave`, version 1: what embeds, tests and authors script against.
//!
//! | call | does |
//! | --- | --- |
//! | `version` | 1 |
//! | `open(run)` | opens a link, or what stands behind its `#`; a Promise that is rejected where it could not be read whole. A run of another part of the page ([`crate::scenarios::Part`]) has the page loaded anew, and its Promise is never settled |
//! | `choices()` | what may happen next: `[{name, group, label, verb, node, message, disabled, crashPoints: [{name, label}]}]` |
//! | `choose(name)` | takes a choice at the step that is shown; returns the step |
//! | `back()`, `goto(step)` | moves; returns the step |
//! | `run()` | what stands behind `#` in the link to this step |
//! | `transcript()` | one sentence per event, up to this step |
//! | `invariants()` | `[{id, text, kind, state, detail}]`; `kind` is `invariant` or `goal`, `state` is `holds`, `open`, `blocked` or `violated` |
//! | `svg()`, `mermaid()` | the diagram up to this step |
//! | `explore(question, onProgress?)` | searches everything that can follow this step (`"violation;crash=1,delay=1"`, as `interleave explore` understands it). A Promise of `{end, complete, states, transitions, depth, frontier, bytes, ms, words, findings: [{shows, of, choices, faults, words, hangsOn}]}`; `end` is `exhausted`, `found`, `states`, `depth`, `memory` or `stopped`, `shows` is `broken`, `stuck` or `wanted`. `onProgress` gets the same about ten times a second |
//! | `hash()`, `hashes()` | hash of the world at this step, at every step of the run: 16 hexadecimal digits each |
//!
//! Bad arguments throw (or reject with) an `Error` that says what is wrong. On the window, `interleave:step` (`detail: {step, steps}`) and
//! `interleave:violation` (`detail: {invariant, sentence, step}`) are dispatched as CustomEvents.

use js_sys::{Array, Error, Function, Object, Promise, Reflect};
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use crate::engine::{ChoiceGroup, ChoiceView, Verdict, VerdictKind, VerdictState};
use crate::explore::End;
use crate::explore::message::{Course, Report};
use crate::scenarios::find;

use super::browser::{self, object};
use super::lab::exports::{self, Format};
use super::lab::open;
use super::lab::state::{Here, Lab};
use super::nav::Nav;
use super::router;
use super::searcher::Searcher;
use super::stage::Stage;
use super::text;

/// The longest link that `open` reads.
const LINK_LENGTH_MAX: usize = 2_000_000;

type Answer = Result<JsValue, JsValue>;

fn error(words: &str) -> JsValue {
    Error::new(words).into()
}

/// Puts `window.interleave` in place.
pub fn install(nav: Nav, stage: Stage, searcher: Searcher) {
    let api = Object::new();
    let set = |name: &str, value: &JsValue| {
        // Setting a field of a fresh plain object cannot fail.
        Reflect::set(&api, &name.into(), value).ok();
    };
    set("version", &1.into());
    set("open", &function(move |run, _| Ok(future_to_promise(open_run(nav, stage, run)).into())));
    set("choices", &function(move |_, _| read(stage, |branch| choices(&branch.run.choices(branch.step)))));
    set("choose", &function(move |name, _| choose(stage, &name)));
    set("back", &function(move |_, _| go(stage, |lab| lab.at.with_untracked(|at| at.step.saturating_sub(1)))));
    set("goto", &function(move |step, _| goto(stage, &step)));
    set("run", &function(move |_, _| lab(stage).map(|lab| optional(open::here(lab).map(|link| link.to_string())))));
    for (name, format) in [("transcript", Format::Text), ("svg", Format::SvgLight), ("mermaid", Format::Mermaid)] {
        set(name, &function(move |_, _| written(stage, format)));
    }
    set("invariants", &function(move |_, _| read(stage, invariants)));
    set("hash", &function(move |_, _| read(stage, |branch| hex(branch.run.hash(branch.step)))));
    set("hashes", &function(move |_, _| read(stage, hashes)));
    set("explore", &function(move |question, progress| explore(stage, searcher, &question, progress)));
    if let Some(window) = browser::window() {
        Reflect::set(&window, &"interleave".into(), &Object::freeze(&api)).ok();
    }
}

/// A JavaScript function of at most two arguments that lives as long as the page.
fn function(act: impl Fn(JsValue, JsValue) -> Answer + 'static) -> JsValue {
    Closure::<dyn Fn(JsValue, JsValue) -> Answer>::new(act).into_js_value()
}

fn lab(stage: Stage) -> Result<Lab, JsValue> {
    stage.lab().ok_or_else(|| error(text::API_NO_RUN))
}

fn read(stage: Stage, read: impl FnOnce(Here<'_>) -> JsValue) -> Answer {
    lab(stage)?.read(read).ok_or_else(|| error(text::API_NO_RUN))
}

fn written(stage: Stage, format: Format) -> Answer {
    let title = exports::title(lab(stage)?);
    read(stage, |branch| format.write(&title, &branch, None).into())
}

fn go(stage: Stage, to: impl FnOnce(Lab) -> u32) -> Answer {
    let lab = lab(stage)?;
    lab.playing.set(false);
    lab.go(to(lab));
    Ok(lab.at.with_untracked(|at| at.step).into())
}

fn goto(stage: Stage, step: &JsValue) -> Answer {
    let steps = lab(stage)?.at.with_untracked(|at| at.steps);
    let asked = step.as_f64().filter(|step| step.fract() == 0.0 && (0.0..=f64::from(steps)).contains(step));
    let asked = asked.ok_or_else(|| error(&text::api_bad_step(&shown(step), steps)))?;
    go(stage, |_| asked as u32)
}

fn choose(stage: Stage, name: &JsValue) -> Answer {
    let lab = lab(stage)?;
    let name = name.as_string().ok_or_else(|| error(&text::api_bad_choice(&shown(name))))?;
    lab.playing.set(false);
    lab.choose(&name).map_err(|refusal| error(&refusal.to_string()))?;
    Ok(lab.at.with_untracked(|at| at.step).into())
}

/// What JavaScript would print for a value; its type where even that throws.
fn said(value: &JsValue) -> String {
    let print: Option<js_sys::Function> =
        Reflect::get(&js_sys::global(), &"String".into()).ok().and_then(|print| print.dyn_into().ok());
    let printed = print.and_then(|print| print.call1(&JsValue::NULL, value).ok());
    printed.and_then(|words| words.as_string()).or_else(|| value.js_typeof().as_string()).unwrap_or_default()
}

/// A value as it may stand in an error message.
fn shown(value: &JsValue) -> String {
    let words = value.as_string().unwrap_or_else(|| said(value));
    words.chars().take(60).collect()
}

fn explore(stage: Stage, searcher: Searcher, question: &JsValue, progress: JsValue) -> Answer {
    let link = open::here(lab(stage)?).ok_or_else(|| error(text::API_NO_RUN))?;
    let question = question.as_string().ok_or_else(|| error(&text::api_bad_question(&shown(question))))?;
    let progress: Option<Function> = progress.dyn_into().ok();
    let promise = Promise::new(&mut |resolve, reject| {
        let progress = progress.clone();
        let told = move |told: Result<Report, String>| {
            // What they do with it is theirs; a promise's own functions throw nothing.
            match (told, &progress) {
                (Ok(report), Some(progress)) if report.course == Course::Going => {
                    progress.call1(&JsValue::NULL, &reported(&report)).ok()
                }
                (Ok(report), None) if report.course == Course::Going => None,
                (Ok(report), _) => resolve.call1(&JsValue::NULL, &reported(&report)).ok(),
                (Err(words), _) => reject.call1(&JsValue::NULL, &error(&words)).ok(),
            };
        };
        searcher.ask(link.to_string(), question.clone(), Box::new(told));
    });
    Ok(promise.into())
}

fn reported(report: &Report) -> JsValue {
    let findings = Array::new();
    for shown in &report.findings {
        let choices: Array = shown.choices.split(',').filter(|choice| !choice.is_empty()).map(JsValue::from).collect();
        findings.push(&object(&[
            ("shows", shown.shows.as_str().into()),
            ("of", shown.of.as_str().into()),
            ("choices", choices.into()),
            ("faults", shown.faults.into()),
            ("words", shown.words.as_str().into()),
            ("hangsOn", shown.hangs_on.as_str().into()),
        ]));
    }
    let figures = report.figures;
    let out = object(&[
        ("end", report.course.word().into()),
        ("complete", (report.course == Course::Ended(End::Exhausted)).into()),
        ("states", figures.states.into()),
        ("transitions", (figures.transitions as f64).into()),
        ("depth", figures.depth.into()),
        ("frontier", figures.frontier.into()),
        ("bytes", (figures.bytes as f64).into()),
        ("ms", report.ms.into()),
        ("words", report.words.as_str().into()),
        ("findings", findings.into()),
    ]);
    out.into()
}

async fn open_run(nav: Nav, stage: Stage, run: JsValue) -> Answer {
    let link = run.as_string().filter(|link| link.len() <= LINK_LENGTH_MAX);
    let link = link.ok_or_else(|| error(&text::api_bad_link(&shown(&run))))?;
    let fragment = link.split_once('#').map_or(link.as_str(), |(_, fragment)| fragment);
    if router::path(fragment).first().is_none_or(|id| find(id).is_err()) {
        return Err(error(&text::not_found(&shown(&run))));
    }
    stage.opened(|| nav.go(fragment.to_owned())).await;
    let lab = lab(stage)?;
    match lab.notice.get_untracked() {
        Some(problem) => Err(error(&problem)),
        None => Ok(lab.at.with_untracked(|at| at.step).into()),
    }
}

/// A hash as it is written: 16 hexadecimal digits.
fn hex(hash: u64) -> JsValue {
    format!("{hash:016x}").into()
}

fn hashes(here: Here<'_>) -> JsValue {
    (0..=here.run.steps()).map(|step| hex(here.run.hash(step))).collect::<Array>().into()
}

fn optional(value: Option<impl Into<JsValue>>) -> JsValue {
    value.map_or(JsValue::NULL, Into::into)
}

fn choices(views: &[ChoiceView]) -> JsValue {
    let out = Array::new();
    for view in views {
        let points = Array::new();
        for point in &view.crash_points {
            points.push(&object(&[("name", point.name.as_str().into()), ("label", point.label.as_str().into())]));
        }
        let group = match view.group {
            ChoiceGroup::Step => "step",
            ChoiceGroup::Deliver => "deliver",
            ChoiceGroup::Timer => "timer",
            ChoiceGroup::Network => "network",
            ChoiceGroup::Node => "node",
            ChoiceGroup::Clock => "clock",
        };
        out.push(&object(&[
            ("name", view.name.as_str().into()),
            ("group", group.into()),
            ("label", view.label.as_str().into()),
            ("verb", view.verb.into()),
            ("node", optional(view.node.map(|node| u32::from(node.0)))),
            ("message", optional(view.message)),
            ("disabled", optional(view.disabled.as_deref())),
            ("crashPoints", points.into()),
        ]));
    }
    out.into()
}

fn invariants(branch: Here<'_>) -> JsValue {
    let out = Array::new();
    for Verdict { id, text, kind, state } in branch.run.verdicts(branch.step) {
        let kind = match kind {
            VerdictKind::Invariant => "invariant",
            VerdictKind::Goal => "goal",
        };
        let (state, detail) = match state {
            VerdictState::Holds => ("holds", None),
            VerdictState::Open(missing) => ("open", Some(missing)),
            VerdictState::Blocked(why) => ("blocked", Some(why)),
            VerdictState::Violated { violation } => {
                let found = branch.run.trace().violations.get(violation as usize);
                ("violated", found.map(|violation| violation.sentence.clone()))
            }
        };
        out.push(&object(&[
            ("id", id.into()),
            ("text", text.into()),
            ("kind", kind.into()),
            ("state", state.into()),
            ("detail", optional(detail)),
        ]));
    }
    out.into()
}

/// Tells the window about steps and violations.
pub fn announce(lab: Lab) {
    Effect::new(move |before: Option<_>| {
        let at = lab.at.get();
        let now = (at.place(), at.step);
        if !at.is_open || before == Some(now) {
            return now;
        }
        browser::announce("interleave:step", &object(&[("step", at.step.into()), ("steps", at.steps.into())]));
        let broken = lab.read(|branch| {
            let violations = branch.run.trace().violations.iter().filter(|violation| violation.step == at.step);
            violations.map(|violation| (violation.invariant, violation.sentence.clone())).collect::<Vec<_>>()
        });
        for (invariant, sentence) in broken.unwrap_or_default() {
            browser::announce(
                "interleave:violation",
                &object(&[
                    ("invariant", invariant.into()),
                    ("sentence", sentence.as_str().into()),
                    ("step", at.step.into()),
                ]),
            );
        }
        now
    });
}
