//! Side by side: another variant under the same choices as far as they apply, aligned step by step, with the point where the two part.

use std::sync::Arc;

use leptos::prelude::*;

use crate::diagram::{Style, layout, step_sentence};
use crate::engine::{Alignment, Followed, Parting, PartingKind, Run, Skipped, align};
use crate::scenarios::{Values, Variant, follow};

use super::super::diagram::Diagram;
use super::super::live::{act, effect, heed, live, memo};
use super::super::text;
use super::state::{Lab, Spec, choices_of};

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
    pub variant: RwSignal<Option<&'static str>>,
    other: StoredValue<Option<Other>, LocalStorage>,
    version: RwSignal<u32>,
}

impl Comparison {
    /// Follows the lab: whenever its run changes, so does the one beside.
    pub fn start(lab: Lab) -> Self {
        let comparison =
            Comparison { variant: RwSignal::new(None), other: StoredValue::new_local(None), version: RwSignal::new(0) };
        let run = memo(move || lab.at.with(|at| (at.place(), at.steps)));
        effect(move || {
            run.track();
            let variant = comparison.variant.get().and_then(|id| lab.info().variant(id).ok());
            let other = variant.and_then(|variant| other_run(lab, variant));
            comparison.other.set_value(other);
            comparison.version.update(|version| *version += 1);
        });
        comparison
    }

    fn read<T>(self, read: impl FnOnce(&Other) -> T) -> Option<T> {
        self.version.track();
        self.other.with_value(|other| other.as_ref().map(read))
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
#[component]
pub fn CompareSwitch() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let comparison = expect_context::<Comparison>();
    let own = lab.derive("", |here| here.spec.variant.id);
    let options: Vec<_> = lab
        .info()
        .variants
        .iter()
        .map(|variant| {
            view! {
                <option
                    value=variant.id
                    disabled=live(move || own.get() == variant.id)
                    prop:selected=live(move || comparison.variant.get() == Some(variant.id))
                >
                    {variant.title}
                </option>
            }
        })
        .collect();
    // Another variant of one's own ends the comparison with it.
    effect(move || {
        if comparison.variant.get() == Some(own.get()) {
            comparison.variant.set(None);
        }
    });
    let pick = heed(move |event| {
        let id = event_target_value(&event);
        comparison.variant.set(lab.info().variant(&id).ok().map(|variant| variant.id));
    });
    view! {
        <label class="compare-switch">
            <span>{text::COMPARE}</span>
            <select on:change=pick>
                <option value="" prop:selected=live(move || comparison.variant.get().is_none())>{text::COMPARE_NONE}</option>
                {options}
            </select>
        </label>
    }
}

/// Two drawings share the room of one, so their lifelines stand closer.
pub fn narrow(style: Style) -> Style {
    Style { lane_min: 80.0, left: 40.0, right: 74.0, ..style }
}

/// The head of the run that is driven, while another stands beside it.
#[component]
pub fn OwnTitle() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let title = lab.derive("", |here| here.spec.variant.title);
    view! {
        <p class="sheet-title">
            <strong>{title}</strong>
            " "
            {text::DRIVEN}
        </p>
    }
}

/// The drawing of the run beside.
#[component]
pub fn OtherSheet() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let comparison = expect_context::<Comparison>();
    let width = RwSignal::new(0.0_f32);
    let scene = memo(move || {
        let step = lab.at.with(|at| at.step);
        let style = narrow(Style::for_width(width.get()));
        if style.width <= 0.0 {
            return None;
        }
        let beside = comparison.step_beside(step);
        comparison.read(|other| Arc::new(layout(other.run.trace(), beside, &style)))
    });
    let title = move || comparison.read(|other| other.spec.variant.title);
    let open = act(move || {
        let beside = comparison.step_beside(lab.at.with_untracked(|at| at.step));
        let run = comparison.read(|other| (other.spec.clone(), other.run.fork(other.run.steps())));
        if let Some((spec, run)) = run {
            comparison.variant.set(None);
            lab.open(spec, run, beside, text::BESIDE_NAME);
        }
    });
    let nothing = Callback::new(|_| {});
    view! {
        <div class="sheet other-sheet">
            <p class="sheet-title">
                <strong>{title}</strong>
                " "
                {text::SAME_CHOICES}
                <button type="button" class="link-button" on:click=open>{text::OPEN_BESIDE}</button>
            </p>
            <Diagram scene=scene.into() width selected=Signal::derive(|| None) on_press=nothing on_menu=nothing />
        </div>
    }
}

/// A row of the aligned list.
#[derive(Clone, PartialEq)]
struct Row {
    step: u32,
    choice: String,
    here: String,
    there: Result<String, String>,
    parts: bool,
}

fn rows(lab: Lab, other: &Other) -> Vec<Row> {
    let parts_at = other.alignment.parting.map(|parting| parting.left);
    lab.read(|here| {
        let row = |pair: &crate::engine::Pair| Row {
            step: pair.left,
            choice: here.run.choice(pair.left).unwrap_or_default().to_owned(),
            here: step_sentence(here.run.trace(), pair.left),
            there: match pair.right {
                Some(step) => Ok(step_sentence(other.run.trace(), step)),
                None => Err(other
                    .skipped
                    .iter()
                    .find(|skipped| skipped.number == pair.left)
                    .map_or_else(String::new, |skipped| text::skipped(&skipped.why.to_string()))),
            },
            parts: parts_at == Some(pair.left),
        };
        other.alignment.pairs.iter().skip(1).map(row).collect()
    })
    .unwrap_or_default()
}

/// Both runs in words, step beside step, with the point where they part.
#[component]
pub fn Aligned() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let comparison = expect_context::<Comparison>();
    let own = lab.derive("", |here| here.spec.variant.title);
    let current = Selector::new(move || lab.at.with(|at| at.step));
    let parting = move || comparison.read(|other| other.alignment.parting).flatten();
    let list = memo(move || comparison.read(|other| rows(lab, other)).unwrap_or_default());
    let item = move |row: Row| {
        let current = current.clone();
        let Row { step, choice, here, there, parts } = row;
        let (there, skipped) = match there {
            Ok(words) => (words, false),
            Err(why) => (why, true),
        };
        view! {
            <tr class:parts=parts aria-current=live(move || current.selected(&step).then_some("step"))>
                <th scope="row">
                    <button type="button" class="link-button" on:click=act(move || lab.go(step))>{step}</button>
                    <span class="choice-name">{choice}</span>
                    {parts.then(|| view! { <strong class="parting-mark">{text::PARTING_MARK}</strong> })}
                </th>
                <td>{here}</td>
                <td class:is-skipped=skipped>{there}</td>
            </tr>
        }
    };
    let go = act(move || {
        if let Some(Parting { left, .. }) = parting() {
            lab.go(left);
        }
    });
    view! {
        <section class="aligned" aria-labelledby="aligned-title">
            <h2 id="aligned-title">{text::SIDE_BY_SIDE}</h2>
            <p class="parting" role="status">
                {live(move || match parting() {
                    None => text::NEVER_PART.to_owned(),
                    Some(Parting { left, why: PartingKind::NotTaken, .. }) => text::part_not_taken(left),
                    Some(Parting { left, why: PartingKind::Differs, .. }) => text::part_differs(left),
                })}
                " "
                <button type="button" class="link-button" hidden=live(move || parting().is_none()) on:click=go>
                    {text::GO_TO_PARTING}
                </button>
            </p>
            <div class="table-frame" tabindex="0" role="group" aria-labelledby="aligned-title">
                <table>
                    <thead>
                        <tr>
                            <th scope="col">{text::ALIGNED_CHOICE}</th>
                            <th scope="col">{own}</th>
                            <th scope="col">{live(move || comparison.read(|other| other.spec.variant.title))}</th>
                        </tr>
                    </thead>
                    <tbody>
                        <For each=move || list.get() key=|row| (row.step, row.here.clone(), row.there.clone()) children=item />
                    </tbody>
                </table>
            </div>
        </section>
    }
}
