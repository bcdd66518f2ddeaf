//! The script that is played, and what the reader makes of it.

use maud::{Markup, html};
use wasm_bindgen::JsCast;
use web_sys::HtmlTextAreaElement;

use crate::engine::stable_hash;
use crate::scenarios::run_string::Link;
use crate::scenarios::{Entry, isolation};

use super::super::browser;
use super::super::signal::State;
use super::super::text;
use super::bench::Bench;
use super::open;
use super::state::Lab;

/// Id of the field.
const FIELD: &str = "script";

/// The editor, for a scenario that plays scripts. `wrong` is what is wrong with what stands in it, and where.
pub fn panel(bench: Bench, wrong: State<Option<(String, String)>>) -> Markup {
    let lab = bench.lab;
    bench.below.track();
    let script = lab.read(|here| lab.entry.script(here.spec.variant, &here.spec.values));
    let Some(Some(script)) = script else { return html! {} };
    let wrong = wrong.get();
    html! {
        h2 #script-title { (text::SCRIPT) }
        p.help #script-help { (text::SCRIPT_HELP) }
        form.script-form data-act="script" {
            // What the reader writes stays until another script is played.
            textarea #(FIELD) aria-labelledby="script-title" spellcheck="false" autocapitalize="off" autocomplete="off" wrap="off"
                rows=(script.lines().count().clamp(8, 24)) aria-invalid=[wrong.as_ref().map(|_| "true")]
                aria-describedby={ "script-help" @if wrong.is_some() { " script-wrong" } } data-key=(stable_hash(&script)) { "\n" (script) }
            @if let Some((place, why)) = &wrong {
                p #script-wrong.script-wrong role="alert" { strong { (place) } " " (why) }
            }
            div.script-acts {
                button.bar-button.is-first type="submit" { (text::SCRIPT_PLAY) }
                button.bar-button type="button" data-act="orders" { (text::SCRIPT_ORDERS) }
                button.bar-button type="button" data-act="explore" { (text::SCRIPT_SEARCH) }
            }
        }
    }
}

/// Plays what stands in the editor, or says what is wrong with it and goes there.
pub fn play(lab: Lab, wrong: State<Option<(String, String)>>) {
    let Some(field) = browser::element(FIELD).and_then(|field| field.dyn_into::<HtmlTextAreaElement>().ok()) else {
        return;
    };
    let text = field.value().replace("\r\n", "\n");
    match isolation::check(text.trim()) {
        Ok(()) => {
            wrong.set(None);
            let parameter = lab.info().parameters.iter().find(|parameter| parameter.kind.is_script());
            match (parameter, lab.info().variant(isolation::OWN)) {
                (Some(parameter), Ok(own)) => open::with_script(lab, own, parameter, text.trim()),
                // Scripts of the reader's own have a page of their own.
                _ => elsewhere(lab, text.trim()),
            }
        }
        Err(error) => {
            // Blanks before the script were not read.
            let skipped = &text[..text.len() - text.trim_start().len()];
            let line = error.at.line as usize - 1 + skipped.matches('\n').count();
            let before: usize = text.split('\n').take(line).map(|line| line.encode_utf16().count() + 1).sum();
            let column = error.at.column.saturating_sub(1) as usize;
            let inside: usize =
                text.split('\n').nth(line).map_or(0, |line| line.chars().take(column).map(char::len_utf16).sum());
            let at = (before + inside) as u32;
            wrong.set(Some((text::script_place(line + 1, column + 1), error.message)));
            field.focus().ok();
            field.set_selection_range(at, at + 1).ok();
        }
    }
}

/// Plays a script on the page of the reader's own, under what has been chosen here.
fn elsewhere(lab: Lab, script: &str) {
    let entry: &dyn Entry = &isolation::ISOLATION;
    let Ok(own) = entry.info().variant(isolation::OWN) else { return };
    let chosen = lab.read(|here| {
        let known =
            |(id, _): &(&'static str, &str)| entry.info().parameters.iter().any(|parameter| parameter.id == *id);
        let chosen = here.spec.values.iter().filter(known).chain([("script", script)]);
        entry.info().values(own, chosen.collect::<Vec<_>>())
    });
    if let Some(Ok(values)) = chosen {
        browser::go_to(&Link::new(&isolation::ISOLATION, own, values, 0).to_string());
    }
}
