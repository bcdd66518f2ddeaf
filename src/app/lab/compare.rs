//! Side by side: another variant under the same choices as far as they apply, aligned step by step, with the point where the two part.

use maud::{Markup, html};

use crate::diagram::{Style, step_sentence};
use crate::engine::{Alignment, Followed, Pair, Parting, PartingKind, Run, Skipped, align};
use crate::scenarios::{Values, Variant, follow};

use super::super::live::effect;
use super::super::signal::{Derived, Kept, State};
use super::super::text;
use super::bench::Bench;
use super::state::{Here, Lab, Spec, choices_of};

/// The run beside.
struct Other {
    spec: Spec,
    run: Box<dyn Run>,
    alignment: Alignment,
    skipped: Vec<Skipped>,
}

/// The comparison that is shown, if any. `Copy`, from context.
#[derive(Clone, Copy)]
pub struct Comparison {
    /// The variant beside; `None` while nothing is compared.
    pub variant: State<Option<&'static str>>,
    other: Kept<Option<Other>>,
    version: State<u32>,
}

impl Comparison {
    /// Follows the lab: whenever its run changes, so does the one beside.
    pub fn start(lab: Lab) -> Self {
        let comparison = Comparison { variant: State::new(None), other: Kept::new(None), version: State::new(0) };
        let run = Derived::new(move || lab.at.with(|at| (at.place(), at.steps)));
        effect(move || {
            run.track();
            let variant = comparison.variant.get().and_then(|id| lab.info().variant(id).ok());
            // Another variant of one's own ends the comparison with it.
            if lab.read(|here| variant.is_some_and(|variant| variant.id == here.spec.variant.id)) == Some(true) {
                comparison.variant.set(None);
                return;
            }
            let other = variant.and_then(|variant| other_run(lab, variant));
            comparison.other.set_value(other);
            comparison.version.update(|version| *version += 1);
        });
        comparison
    }

    /// Depends on the run beside.
    pub fn track(self) {
        self.version.track();
    }

    /// Whether anything is compared.
    pub fn is_on(self) -> bool {
        self.variant.with(Option::is_some)
    }

    fn read<T>(self, read: impl FnOnce(&Other) -> T) -> Option<T> {
        self.version.track();
        self.other.with_value(|other| other.as_ref().map(read))
    }

    /// Reads the run beside, at the step that goes with a step of the lab's.
    pub fn read_beside<T>(self, step: u32, read: impl FnOnce(&dyn Run, u32) -> T) -> Option<T> {
        let beside = self.step_beside(step);
        self.read(|other| read(&*other.run, beside))
    }

    /// Compares with this variant; with another name or one's own variant, with nothing.
    pub fn pick(self, lab: Lab, id: &str) {
        let own = lab.read(|here| here.spec.variant.id);
        self.variant.set(lab.info().variant(id).ok().map(|variant| variant.id).filter(|id| own != Some(*id)));
    }

    /// Makes the run beside the one that is driven.
    pub fn drive(self, lab: Lab) {
        let beside = self.step_beside(lab.at.with_untracked(|at| at.step));
        if let Some((spec, run)) = self.read(|other| (other.spec.clone(), other.run.fork(other.run.steps()))) {
            self.variant.set(None);
            lab.open(spec, run, beside, text::BESIDE_NAME);
        }
    }

    /// Goes to where the two runs part.
    pub fn go_to_parting(self, lab: Lab) {
        if let Some(Some(parting)) = self.read(|other| other.alignment.parting) {
            lab.go(parting.left);
        }
    }

    /// The step of the run beside that goes with a step of the lab's.
    fn step_beside(self, step: u32) -> u32 {
        self.read(|other| {
            let pairs = other.alignment.pairs.iter().take_while(|pair| pair.left <= step);
            pairs.filter_map(|pair| pair.right).last().unwrap_or(0)
        })
        .unwrap_or(0)
    }
}

/// What differs from the defaults of one variant, over the defaults of another.
fn values_for(lab: Lab, spec: &Spec, variant: &'static Variant) -> Option<Values> {
    let info = lab.info();
    let given = info.parameters.iter().filter_map(|parameter| {
        let value = spec.values.text(parameter.id);
        (value != info.default(spec.variant, parameter)).then_some((parameter.id, value))
    });
    info.values(variant, given.collect::<Vec<_>>()).ok()
}

fn other_run(lab: Lab, variant: &'static Variant) -> Option<Other> {
    lab.read(|here| {
        let values = values_for(lab, here.spec, variant)?;
        let spec = Spec { variant, values, seed: here.spec.seed };
        let Followed { run, taken, skipped } =
            follow(lab.entry, variant, &spec.values, spec.seed, &choices_of(here.run));
        let alignment = align(here.run, &*run, &taken);
        Some(Other { spec, run, alignment, skipped })
    })
    .flatten()
}

/// The switch: which variant stands beside.
pub fn switch(bench: Bench) -> Markup {
    let own = bench.lab.at.with(|_| bench.lab.read(|here| here.spec.variant.id));
    let beside = bench.comparison.variant.get();
    html! {
        label.compare-switch {
            span { (text::COMPARE) }
            select data-act="compare" {
                option value="" selected[beside.is_none()] { (text::COMPARE_NONE) }
                @for variant in bench.lab.info().variants {
                    option value=(variant.id) disabled[own == Some(variant.id)] selected[beside == Some(variant.id)] {
                        (variant.title)
                    }
                }
            }
        }
    }
}

/// Two drawings share the room of one, so their lifelines stand closer.
pub fn narrow(style: Style) -> Style {
    Style { lane_min: 80.0, left: 40.0, right: 74.0, ..style }
}

/// The head of the run that is driven, while another stands beside it.
pub fn own_title(bench: Bench) -> Markup {
    bench.lab.at.track();
    let title = bench.lab.read(|here| here.spec.variant.title).unwrap_or_default();
    html! {
        @if bench.comparison.is_on() {
            p.sheet-title { strong { (title) } " " (text::DRIVEN) }
        }
    }
}

/// The head of the run beside.
pub fn other_title(bench: Bench) -> Markup {
    let title = bench.comparison.read(|other| other.spec.variant.title).unwrap_or_default();
    html! {
        p.sheet-title {
            strong { (title) } " " (text::SAME_CHOICES)
            button.link-button type="button" data-act="drive-beside" { (text::OPEN_BESIDE) }
        }
    }
}

/// Both runs in words, step beside step, with the point where they part. The comparison follows the lab, and with it this.
pub fn aligned(bench: Bench) -> Markup {
    let Bench { lab, comparison, .. } = bench;
    comparison.read(|other| lab.read(|here| table(&here, other))).flatten().unwrap_or_default()
}

fn table(here: &Here<'_>, other: &Other) -> Markup {
    let parting = other.alignment.parting;
    let words = match parting {
        None => text::NEVER_PART.to_owned(),
        Some(Parting { left, why: PartingKind::NotTaken, .. }) => text::part_not_taken(left),
        Some(Parting { left, why: PartingKind::Differs, .. }) => text::part_differs(left),
    };
    html! {
        h2 #aligned-title { (text::SIDE_BY_SIDE) }
        p.parting role="status" {
            (words) " "
            @if parting.is_some() {
                button.link-button type="button" data-act="go-to-parting" { (text::GO_TO_PARTING) }
            }
        }
        div.table-frame tabindex="0" role="group" aria-labelledby="aligned-title" {
            table {
                thead {
                    tr {
                        th scope="col" { (text::ALIGNED_CHOICE) }
                        th scope="col" { (here.spec.variant.title) }
                        th scope="col" { (other.spec.variant.title) }
                    }
                }
                tbody { @for pair in other.alignment.pairs.iter().skip(1) { (row(here, other, pair)) } }
            }
        }
    }
}

fn row(here: &Here<'_>, other: &Other, pair: &Pair) -> Markup {
    let step = pair.left;
    let is_parting = other.alignment.parting.is_some_and(|parting| parting.left == step);
    let why_skipped = || {
        let skipped = other.skipped.iter().find(|skipped| skipped.number == step);
        skipped.map_or_else(String::new, |skipped| text::skipped(&skipped.why.to_string()))
    };
    html! {
        tr.parts[is_parting] data-step=(step) {
            th scope="row" {
                button.link-button type="button" data-act="go" data-of=(step) { (step) }
                span.choice-name { (here.run.choice(step).unwrap_or_default()) }
                @if is_parting { strong.parting-mark { (text::PARTING_MARK) } }
            }
            td { (step_sentence(here.run.trace(), step)) }
            @match pair.right {
                Some(beside) => td { (step_sentence(other.run.trace(), beside)) },
                None => td.is-skipped { (why_skipped()) },
            }
        }
    }
}
