//! Every order of the steps of a script, played in the page: what comes of them, how often, and a run for each.

use std::time::Duration;

use leptos::prelude::set_timeout;
use maud::{Markup, html};

use crate::engine::{Run, run_out, sort_stably_by};
use crate::scenarios::isolation;
use crate::scenarios::run_string::Link;

use super::super::browser;
use super::super::icons::{Glyph, icon};
use super::super::nav::href;
use super::super::text;
use super::bench::Bench;
use super::levels::{outcome, remarks};
use super::state::{Lab, Spec};

/// How long orders are played before the page may paint and hear the reader, in ms.
const SLICE_MS: f64 = 20.0;

/// What came of some of the orders.
#[derive(Clone, PartialEq)]
struct Outcome {
    class: &'static str,
    glyph: Glyph,
    words: String,
    remarks: Vec<String>,
    count: usize,
    /// The first run of which that came.
    link: String,
}

/// What has been played so far.
#[derive(Clone, PartialEq, Default)]
pub struct Orders {
    /// Of what: it is put away when another script, or the same under other values, is shown.
    of: String,
    total: usize,
    done: usize,
    outcomes: Vec<Outcome>,
    /// Why none is played.
    refusal: Option<String>,
}

fn link(lab: Lab, spec: &Spec) -> Link {
    Link::new(lab.entry, spec.variant, spec.values.clone(), spec.seed)
}

/// What came of the orders, for a scenario that plays scripts.
pub fn panel(bench: Bench) -> Markup {
    bench.below.track();
    let orders = bench.orders.get();
    let shown = bench.lab.spec().map(|spec| link(bench.lab, &spec).run_string());
    if orders.of.is_empty() || shown.as_ref() != Some(&orders.of) {
        return html! {};
    }
    if let Some(why) = &orders.refusal {
        return html! { p.script-wrong role="alert" { (why) } };
    }
    html! {
        h3 { (text::orders_played(orders.done, orders.total)) }
        p.help { (text::ORDERS_HELP) }
        div.sheet-frame tabindex="0" role="group" aria-label=(text::ORDERS) {
            table.levels-table.orders-table data-done=[(orders.done == orders.total).then_some(orders.total)] {
                thead { tr { th scope="col" { (text::ORDERS) } th scope="col" { (text::ORDERS_OUTCOME) } } }
                tbody {
                    @for one in &orders.outcomes {
                        tr {
                            th scope="row" { (one.count) }
                            td {
                                a.outcome.(one.class) href=(href(&one.link)) {
                                    (icon(one.glyph)) " " span.outcome-word { (one.words) }
                                    @for remark in &one.remarks { span.outcome-remark { (remark) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Plays every order of the script that is shown, a slice at a time.
pub fn play(bench: Bench) {
    let lab = bench.lab;
    let Some(spec) = lab.spec() else { return };
    let Some(script) = lab.entry.script(spec.variant, &spec.values) else { return };
    let of = link(lab, &spec).run_string();
    match isolation::orders(&script) {
        Err(why) => bench.orders.set(Orders { of, refusal: Some(why), ..Orders::default() }),
        Ok(all) => {
            let start = lab.entry.start(spec.variant, &spec.values, spec.seed);
            let played = Orders { of, total: all.len(), ..Orders::default() };
            bench.orders.set(played.clone());
            slice(bench, spec, start, all, played);
        }
    }
}

fn slice(bench: Bench, spec: Spec, start: Box<dyn Run>, all: Vec<Vec<String>>, mut played: Orders) {
    let until = browser::now_ms() + SLICE_MS;
    while played.done < played.total && browser::now_ms() < until {
        let run = run_out(start.fork(0), &all[played.done]);
        played.done += 1;
        let (class, glyph, words) = outcome(&*run);
        let remarks = remarks(&*run);
        let is_same = |one: &&mut Outcome| (one.class, &one.words, &one.remarks) == (class, &words, &remarks);
        match played.outcomes.iter_mut().find(is_same) {
            Some(known) => known.count += 1,
            None => {
                let link = link(bench.lab, &spec).with_run(&*run);
                played.outcomes.push(Outcome { class, glyph, words, remarks, count: 1, link: link.to_string() });
            }
        }
    }
    // What is played for a script that is no longer asked for is given up.
    if bench.orders.try_get_untracked().is_none_or(|known| known.of != played.of) {
        return;
    }
    let is_over = played.done == played.total;
    if is_over {
        // What goes wrong stands first, and what is rare before what is not.
        let rank = |one: &Outcome| (one.class == "is-good", one.class == "is-blocked", one.count);
        sort_stably_by(&mut played.outcomes, &|one, other| rank(one).cmp(&rank(other)));
        bench.lab.said.set(text::orders_played(played.done, played.total));
    }
    bench.orders.set(played.clone());
    if !is_over {
        set_timeout(move || slice(bench, spec, start, all, played), Duration::ZERO);
    }
}
