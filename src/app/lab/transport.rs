//! To the start, back, play, forward, to the end; the scrub; speed; along one lifeline; to the violation.

use leptos::task::spawn_local;
use maud::{Markup, html};

use crate::diagram::{number, step_sentence};

use super::super::browser;
use super::super::icons::{Glyph, icon};
use super::super::text;
use super::bench::Bench;
use super::state::{Here, Lab, Selected, lifeline};

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

/// The buttons of the transport.
pub fn buttons(bench: Bench, at_end: bool) -> Markup {
    let (glyph, label) = match (bench.lab.playing.get(), at_end) {
        (true, _) => (Glyph::Pause, text::PAUSE),
        (false, true) => (Glyph::Play, text::PLAY_ON),
        (false, false) => (Glyph::Play, text::PLAY),
    };
    html! {
        (button("to-start", Glyph::Start, text::TO_START, "Home"))
        (button("back", Glyph::Back, text::STEP_BACK, "←"))
        button.transport-button.play type="button" aria-label=(label) title=(text::with_key(label, "Space")) data-act="play" {
            (icon(glyph))
        }
        (button("forward", Glyph::Forward, text::STEP_FORWARD, "→"))
        (button("to-end", Glyph::End, text::TO_END, "End"))
    }
}

fn button(act: &str, glyph: Glyph, label: &str, key: &str) -> Markup {
    html! {
        button.transport-button type="button" aria-label=(label) title=(text::with_key(label, key)) data-act=(act) {
            (icon(glyph))
        }
    }
}

/// The scrub, with marks where an invariant broke.
pub fn scrub(lab: Lab) -> Markup {
    lab.at.track();
    lab.read(|here| scrub_of(&here)).unwrap_or_default()
}

fn scrub_of(here: &Here<'_>) -> Markup {
    let (step, steps) = (here.step, here.run.steps());
    let trace = here.run.trace();
    let words = format!("{}. {}", text::step_of(step, steps), step_sentence(trace, step));
    let broken: Vec<u32> = trace.violations.iter().map(|violation| violation.step).collect();
    let place = |step: u32| format!("{}%", number(step as f32 * 100.0 / steps.max(1) as f32));
    html! {
        label.visually-hidden for="scrub" { (text::SCRUB) }
        div.scrub-track {
            input #scrub type="range" min="0" max=(steps) value=(step) aria-valuetext=(words);
            svg.scrub-marks aria-hidden="true" focusable="false" {
                @for step in &broken { svg.scrub-mark x=(place(*step)) { path d="M0 0v8M-2.5-8l5 5m0-5l-5 5" {} } }
            }
        }
        p.scrub-text {
            span.step-count { (text::step_of(step, steps)) }
            span.virtual-time { (text::virtual_time(here.run.now_ms(step))) }
        }
        @if !broken.is_empty() {
            button.to-violation type="button" title=(text::with_key(text::TO_VIOLATION, "V")) data-act="to-violation" {
                (icon(Glyph::Warning)) (text::TO_VIOLATION)
            }
        }
    }
}

/// Events per second of autoplay.
pub fn speeds(lab: Lab) -> Markup {
    let now = lab.speed.get();
    html! {
        span { (text::SPEED) }
        select data-act="speed" {
            @for speed in SPEEDS { option value=(speed) selected[speed == now] { (text::speed(speed)) } }
        }
    }
}

/// Along the lifeline that the inspector shows.
pub fn along(bench: Bench) -> Markup {
    let at = bench.later.get();
    let selected = bench.lab.selected.get();
    let lane = bench.lab.read_at(at, |here| here.lane_id(lifeline(selected, &here))).unwrap_or_default();
    html! {
        (button("previous-on-lane", Glyph::Up, &text::previous_on(&lane), "Shift+←"))
        span.along-name { (lane) }
        (button("next-on-lane", Glyph::Down, &text::next_on(&lane), "Shift+→"))
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
