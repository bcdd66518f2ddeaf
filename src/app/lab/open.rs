//! From an address to a run, and back: links, variants, parameters, named runs.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::engine::{BranchId, Run};
use crate::scenarios::run_string::{self, Link, LinkError, split_choices};
use crate::scenarios::{Moment, Parameter, Variant};

use super::super::browser::{self, Visit};
use super::super::live::effect;
use super::super::nav::Nav;
use super::super::router;
use super::super::signal::Kept;
use super::super::text;
use super::state::{Here, Lab, Spec, choices_of};

/// Opens what stands behind `#`. Whatever is wrong with it becomes a notice, and as much as is right is opened. `done` is called when it stands.
pub fn fragment(lab: Lab, fragment: String, done: impl FnOnce() + 'static) {
    lab.playing.set(false);
    lab.notice.set(None);
    lab.is_arriving.set_value(true);
    let Some(deflated) = run_string::packed(&fragment) else {
        show_read(lab, &fragment, run_string::parse(&fragment));
        done();
        return;
    };
    lab.loading.set(true);
    spawn_local(async move {
        let link = match browser::inflate(&deflated, run_string::CHOICES_TEXT_MAX).await {
            Some(inflated) => run_string::with_choices(&fragment, &inflated),
            None => Err(LinkError::Damaged { why: text::NOT_INFLATED.to_owned() }),
        };
        // The reader may have left the page meanwhile.
        if lab.loading.try_set(false) {
            show_read(lab, &fragment, link);
            done();
        }
    });
}

fn show_read(lab: Lab, fragment: &str, link: Result<Link, LinkError>) {
    match link {
        Ok(link) => show_link(lab, &link),
        Err(problem) => {
            // The variant may be right all the same.
            let named = router::path(fragment).get(1).and_then(|id| lab.info().variant(id).ok());
            if let Some(fallback) = named.or(lab.info().variants.first()) {
                variant(lab, fallback);
            }
            lab.notice.set(Some(text::bad_link(&problem.to_string())));
        }
    }
}

fn show_link(lab: Lab, link: &Link) {
    let spec = Spec { variant: link.variant, values: link.values.clone(), seed: link.seed };
    let name = if link.opening { text::OPENING_NAME } else { text::LINK_NAME };
    show(lab, link, spec, name);
    if link.autoplay && !lab.settings.less_motion() {
        super::transport::play(lab);
    }
}

/// Shows a run: the branch that is open already, or a new one under this name.
pub fn show(lab: Lab, link: &Link, spec: Spec, name: &str) {
    if lab.show_same(&spec, &link.choices) {
        if let Some(step) = link.step {
            lab.go(step);
        }
        tell(lab, link.notes.clone());
        return;
    }
    let replayed = run_string::replay(link);
    lab.open(spec, replayed.run, replayed.step, name);
    let mut problems = replayed.notes;
    if let Some(error) = replayed.error {
        problems.insert(0, text::stopped_at(&error.to_string()));
    }
    tell(lab, problems);
}

fn tell(lab: Lab, problems: Vec<String>) {
    if !problems.is_empty() {
        lab.notice.set(Some(problems.join(" ")));
    }
}

fn link_of(lab: Lab, spec: &Spec) -> Link {
    Link::new(lab.entry, spec.variant, spec.values.clone(), spec.seed)
}

/// Shows a variant: where the reader left it, or its opening run.
pub fn variant(lab: Lab, variant: &'static Variant) {
    lab.notice.set(None);
    lab.playing.set(false);
    if lab.show_variant(variant.id) {
        return;
    }
    let Ok(values) = lab.info().values(variant, []) else { return };
    let spec = Spec { variant, values, seed: 0 };
    let mut link = link_of(lab, &spec);
    link.choices = split_choices(variant.opening);
    show(lab, &link, spec, text::OPENING_NAME);
}

/// The same choices under another value of a parameter, as far as they apply.
pub fn with_parameter(lab: Lab, parameter: &'static Parameter, value: &str) {
    let Some(spec) = lab.spec() else { return };
    let checked = parameter.check(value.trim()).and_then(|value| {
        let pick = |(id, old)| (id, if id == parameter.id { value.as_str() } else { old });
        lab.info().values(spec.variant, spec.values.iter().map(pick).collect::<Vec<_>>())
    });
    match checked {
        Ok(values) => again(lab, Spec { values, ..spec }),
        Err(error) => {
            lab.notice.set(Some(error.to_string()));
            lab.redraw();
        }
    }
}

/// The same choices under another seed.
pub fn with_seed(lab: Lab, seed: &str) {
    let Some(spec) = lab.spec() else { return };
    match seed.trim().parse::<u32>() {
        Ok(seed) => again(lab, Spec { seed: u64::from(seed), ..spec }),
        Err(_) => {
            lab.notice.set(Some(text::bad_seed(seed)));
            lab.redraw();
        }
    }
}

fn again(lab: Lab, spec: Spec) {
    lab.notice.set(None);
    lab.playing.set(false);
    let mut link = link_of(lab, &spec);
    link.choices = lab.choices();
    let step = lab.at.with_untracked(|at| at.step);
    show(lab, &link, spec, text::OPENING_NAME);
    lab.go(step);
}

fn moment_link(lab: Lab, moment: &Moment) -> Option<(Link, Spec)> {
    let variant = lab.info().variant(moment.variant).ok()?;
    let values = lab.info().values(variant, moment.parameters.iter().copied()).ok()?;
    let spec = Spec { variant, values, seed: 0 };
    let mut link = link_of(lab, &spec);
    link.choices = split_choices(moment.choices);
    link.opening = false;
    link.step = moment.step;
    Some((link, spec))
}

/// Opens a named run.
pub fn moment(lab: Lab, moment: &Moment) {
    lab.notice.set(None);
    lab.playing.set(false);
    if let Some((link, spec)) = moment_link(lab, moment) {
        show(lab, &link, spec, moment.title);
        lab.go(link.step.unwrap_or(u32::MAX));
    }
}

/// What stands behind `#` in the link to a named run.
pub fn moment_fragment(lab: Lab, moment: &Moment) -> Option<String> {
    moment_link(lab, moment).map(|(link, _)| link.to_string())
}

fn link_to(lab: Lab, spec: &Spec, run: &dyn Run, step: u32) -> Link {
    let mut link = link_of(lab, spec).with_run(run);
    link.step = Some(step);
    link
}

/// The link to what the lab shows.
pub fn here(lab: Lab) -> Option<Link> {
    lab.read(|here| link_to(lab, here.spec, here.run, here.step))
}

/// A link as it stands behind `#`, packed where it would be long and the browser can pack.
pub async fn packed(link: &Link) -> String {
    if !link.needs_packing() {
        return link.to_string();
    }
    match browser::deflate(link.choices_text().as_bytes()).await {
        Some(deflated) => run_string::encode_packed(link, &deflated),
        None => link.to_string(),
    }
}

/// What stands behind `#` for a branch and a step. How the page looks stays in it.
pub fn address(lab: Lab, nav: Nav, here: &Here<'_>) -> String {
    let mut link = link_to(lab, here.spec, here.run, here.step);
    link.embed = nav.parameter("embed").is_some_and(|value| value == "1" || value == "true");
    link.theme = nav.parameter("theme").and_then(|name| run_string::Theme::ALL.into_iter().find(|t| t.name() == name));
    link.lang = nav.parameter("lang");
    link.to_string()
}

/// Keeps the address in step with the lab: another branch is a new entry of the history, a step is not.
pub fn follow(lab: Lab, nav: Nav) {
    Effect::new(move |before: Option<Option<(u32, BranchId)>>| {
        let at = lab.at.get();
        if !at.is_open || lab.loading.get() {
            return before.flatten();
        }
        let is_arriving = lab.is_arriving.get_value();
        lab.is_arriving.set_value(false);
        let visit = match before.flatten() {
            Some(place) if place != at.place() && !is_arriving => Visit::Push,
            _ => Visit::Replace,
        };
        nav.write(Box::new(move || lab.read_at(at, |here| address(lab, nav, &here))), visit);
        Some(at.place())
    });
}

/// Most choices, over all branches, that are replayed when a tab is opened again.
const KEPT_CHOICES_MAX: usize = 4_000;

/// How long after a change the branches are written down, should the page never be told that it is left.
const KEEP_AFTER: std::time::Duration = std::time::Duration::from_secs(2);

/// Keeps the branches that are open for a reload of this tab, if the browser lets us: a line each, name and link parted by a tab.
pub fn keep_branches(lab: Lab, nav: Nav) {
    let key = move || format!("branches:{}", lab.info().id);
    let lines = move || {
        let line = |here: Here<'_>| {
            let name = here.name.replace(['\t', '\n'], " ");
            format!("{name}\t{}", link_to(lab, here.spec, here.run, here.step))
        };
        lab.read_all(line).join("\n")
    };
    let is_late = Kept::new(false);
    let keep_now = move || {
        if is_late.try_get_value() == Some(true) {
            is_late.set_value(false);
            browser::keep(&key(), &lines());
        }
    };
    effect(move || {
        let is_open = lab.at.with(|at| at.is_open);
        if is_open && !nav.embedded.get() && !is_late.get_value() {
            is_late.set_value(true);
            set_timeout(keep_now, KEEP_AFTER);
        }
    });
    let leave = window_event_listener(leptos::ev::pagehide, move |_| keep_now());
    on_cleanup(move || {
        keep_now();
        leave.remove();
    });
}

/// Opens the branches that were kept, oldest first. What cannot be read any more is left out: the address still holds what was shown.
pub fn restore_branches(lab: Lab) {
    let Some(kept) = browser::kept(&format!("branches:{}", lab.info().id)) else { return };
    let mut choices_left = KEPT_CHOICES_MAX;
    for line in kept.lines() {
        let Some((name, text)) = line.split_once('\t') else { continue };
        let Ok(link) = run_string::parse(text) else { continue };
        if link.info().id != lab.info().id || link.choices.len() > choices_left {
            continue;
        }
        choices_left -= link.choices.len();
        let spec = Spec { variant: link.variant, values: link.values.clone(), seed: link.seed };
        let replayed = run_string::replay(&link);
        if replayed.error.is_none() && choices_of(&*replayed.run).len() == link.choices.len() {
            lab.open(spec, replayed.run, replayed.step, name);
        }
    }
    lab.notice.set(None);
}
