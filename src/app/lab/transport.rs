//! To the start, back, play, forward, to the end; the scrub; speed; along one lifeline; to the violation.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::diagram::number;

use super::super::browser;
use super::super::icons::{Glyph, Icon};
use super::super::live::{act, drawn, heed, live, memo};
use super::super::text;
use super::choices::DrawerButton;
use super::state::{Lab, Selected, lifeline};

/// Speeds of autoplay, in tenths of a step per second.
pub const SPEEDS: [u32; 6] = [5, 10, 20, 40, 80, 160];

/// The next speed up or down.
pub fn change_speed(lab: Lab, faster: bool) {
    let now = lab.speed.get_untracked();
    let next = if faster {
        SPEEDS.into_iter().find(|speed| *speed > now)
    } else {
        SPEEDS.into_iter().rev().find(|speed| *speed < now)
    };
    if let Some(next) = next {
        lab.speed.set(next);
    }
}

/// Starts or stops autoplay. In the midst of a run it plays what was recorded and stops at its end; at the end the seeded scheduler goes on until
/// nothing is left to do. It also stops where an invariant breaks.
pub fn toggle_play(lab: Lab) {
    if lab.playing.get_untracked() {
        lab.playing.set(false);
    } else {
        play(lab);
    }
}

/// Starts autoplay.
pub fn play(lab: Lab) {
    lab.playing.set(true);
    let recorded = lab.at.with_untracked(|at| at.step < at.steps);
    let place = lab.at.with_untracked(|at| at.place());
    spawn_local(async move {
        loop {
            let pause_ms = 10_000 / lab.speed.try_get_untracked().unwrap_or(10).max(1);
            browser::sleep(i32::try_from(pause_ms).unwrap_or(1_000)).await;
            // The page may be gone, or the reader may have stopped or gone elsewhere meanwhile.
            let still_here = lab.at.try_with_untracked(|at| at.place() == place).unwrap_or(false);
            if !still_here || !lab.playing.try_get_untracked().unwrap_or(false) {
                return;
            }
            let moved = lab.forward();
            let at = lab.at.get_untracked();
            let broke =
                lab.read(|branch| branch.run.trace().violations.iter().any(|v| v.step == at.step)).unwrap_or(false);
            if !moved || broke || (recorded && at.step >= at.steps) {
                lab.playing.set(false);
                return;
            }
        }
    });
}

/// The transport.
#[component]
pub fn Transport() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let at_start = move || lab.at.with(|at| at.step == 0);
    let at_end = move || lab.at.with(|at| at.step == at.steps);
    let stop = move || lab.playing.set(false);
    let button = move |glyph: Glyph, label: &'static str, key: &'static str, moves: fn(Lab)| {
        view! {
            <button
                type="button"
                class="transport-button"
                aria-label=label
                title=text::with_key(label, key)
                on:click=act(move || {
                    stop();
                    moves(lab);
                })
            >
                <Icon glyph />
            </button>
        }
    };
    let play_label = move || {
        if lab.playing.get() {
            text::PAUSE
        } else if at_end() {
            text::PLAY_ON
        } else {
            text::PLAY
        }
    };
    view! {
        <div class="transport" role="group" aria-label=text::TRANSPORT>
            <div class="transport-buttons" class:is-start=live(at_start) class:is-end=live(at_end)>
                {button(Glyph::Start, text::TO_START, "Home", |lab| lab.go(0))}
                {button(Glyph::Back, text::STEP_BACK, "←", Lab::back)}
                <button
                    type="button"
                    class="transport-button play"
                    aria-label=live(play_label)
                    title=live(move || text::with_key(play_label(), "Space"))
                    on:click=act(move || toggle_play(lab))
                >
                    {drawn(move || view! { <Icon glyph=if lab.playing.get() { Glyph::Pause } else { Glyph::Play } /> })}
                </button>
                {button(Glyph::Forward, text::STEP_FORWARD, "→", |lab| { lab.forward(); })}
                {button(Glyph::End, text::TO_END, "End", |lab| lab.go(u32::MAX))}
            </div>
            <DrawerButton />
            <Scrub lab />
            <Speed lab />
            <AlongLifeline lab />
        </div>
    }
}

/// The scrub, with marks where an invariant broke.
#[component]
fn Scrub(lab: Lab) -> impl IntoView {
    let steps = memo(move || lab.at.with(|at| at.steps));
    let step = memo(move || lab.at.with(|at| at.step));
    let time = lab.derive(0, |branch| branch.run.now_ms(branch.step));
    let value_text = live(move || {
        let at = lab.at.get();
        format!("{}. {}", text::step_of(at.step, at.steps), lab.sentences(at.step))
    });
    let broken = lab.derive(Vec::new(), |branch| {
        branch.run.trace().violations.iter().map(|violation| violation.step).collect::<Vec<_>>()
    });
    let marks = drawn(move || {
        let steps = steps.get().max(1);
        let at = |step: u32| format!("{}%", number(step as f32 * 100.0 / steps as f32));
        broken
            .get()
            .into_iter()
            .map(|step| view! { <span class="scrub-mark" style:left=at(step)></span> })
            .collect::<Vec<_>>()
    });
    let has_violation = move || broken.with(|broken| !broken.is_empty());
    view! {
        <div class="scrub">
            <label class="visually-hidden" for="scrub">{text::SCRUB}</label>
            <div class="scrub-track">
                <input
                    id="scrub"
                    type="range"
                    min="0"
                    max=live(move || steps.get().to_string())
                    prop:value=live(move || {
                        steps.track();
                        step.get().to_string()
                    })
                    aria-valuetext=value_text
                    on:input=heed(move |event| {
                        lab.playing.set(false);
                        if let Ok(step) = event_target_value(&event).parse() {
                            lab.go(step);
                        }
                    })
                />
                <span class="scrub-marks" aria-hidden="true">{marks}</span>
            </div>
            <p class="scrub-text">
                <span class="step-count">{live(move || text::step_of(step.get(), steps.get()))}</span>
                <span class="virtual-time">{live(move || text::virtual_time(time.get()))}</span>
            </p>
            <button
                type="button"
                class="to-violation"
                hidden=live(move || !has_violation())
                title=text::with_key(text::TO_VIOLATION, "V")
                on:click=act(move || {
                    lab.go_to_violation();
                })
            >
                <Icon glyph=Glyph::Warning />
                {text::TO_VIOLATION}
            </button>
        </div>
    }
}

#[component]
fn Speed(lab: Lab) -> impl IntoView {
    let options = SPEEDS.map(|speed| {
        view! {
            <option value=speed.to_string() prop:selected=live(move || lab.speed.get() == speed)>
                {text::speed(speed)}
            </option>
        }
    });
    view! {
        <label class="speed">
            <span>{text::SPEED}</span>
            <select on:change=heed(move |event| {
                if let Ok(speed) = event_target_value(&event).parse() {
                    lab.speed.set(speed);
                }
            })>{options}</select>
        </label>
    }
}

/// Goes to the next or previous event on the selected lifeline.
pub fn along_lifeline(lab: Lab, forward: bool) {
    lab.playing.set(false);
    let node = lab.lifeline();
    if let Some(step) = lab.step_on(node, forward) {
        lab.selected.set(Selected::Node(node));
        lab.go(step);
    }
}

#[component]
fn AlongLifeline(lab: Lab) -> impl IntoView {
    let title = memo(move || {
        lab.at.track();
        let selected = lab.selected.get();
        lab.read(|branch| branch.run.trace().lanes.get(lifeline(selected, &branch).index()).map(|lane| lane.id.clone()))
            .flatten()
            .unwrap_or_default()
    });
    view! {
        <div class="along" role="group" aria-label=text::ALONG_LIFELINE>
            <button
                type="button"
                class="transport-button"
                aria-label=live(move || text::previous_on(&title.get()))
                title=live(move || text::with_key(&text::previous_on(&title.get()), "Shift+←"))
                on:click=act(move || along_lifeline(lab, false))
            >
                <Icon glyph=Glyph::Up />
            </button>
            <span class="along-name">{title}</span>
            <button
                type="button"
                class="transport-button"
                aria-label=live(move || text::next_on(&title.get()))
                title=live(move || text::with_key(&text::next_on(&title.get()), "Shift+→"))
                on:click=act(move || along_lifeline(lab, true))
            >
                <Icon glyph=Glyph::Down />
            </button>
        </div>
    }
}
