//! `interleave run` and `interleave replay`: a run, and what is written of it.

use std::fmt::Write as _;

use super::args::{DEFAULT_STEPS, Format, Replay, Run as RunArgs};
use super::{BadInput, Outcome, Status, json};
use crate::diagram::{About, Style, Theme, export, layout, mermaid, plantuml, transcript};
use crate::engine::{MAX_STEPS, Run, VerdictState};
use crate::scenarios::find;
use crate::scenarios::run_string::{Link, Replayed, open, replay, split_choices, to_text};

/// Width of a drawing, in px; one with many lifelines is wider.
const DRAWING_WIDTH: f32 = 720.0;

/// Plays a scenario.
pub fn run(args: &RunArgs) -> Result<Outcome, BadInput> {
    if let Some(asked) = args.steps.filter(|steps| *steps > MAX_STEPS) {
        return Err(BadInput::TooManySteps { asked, max: MAX_STEPS });
    }
    let entry = find(&args.scenario)?;
    let info = entry.info();
    let variant = info.variant(args.variant.as_deref().unwrap_or(info.variants[0].id))?;
    let values = info.values(variant, args.params.iter().map(|(key, value)| (key.as_str(), value.as_str())))?;
    let mut link = Link::new(entry, variant, values, args.seed);
    link.choices = split_choices(args.choices.as_deref().unwrap_or_default());
    let mut replayed = replay(&link);
    let limit = args.steps.unwrap_or(if args.choices.is_some() { 0 } else { DEFAULT_STEPS });
    while replayed.error.is_none() && replayed.run.steps() < limit {
        let Some(choice) = replayed.run.scheduled(replayed.run.steps(), args.seed) else { break };
        if replayed.run.push(&choice).is_err() {
            break;
        }
    }
    replayed.step = replayed.run.steps();
    show(&link, replayed, args.format)
}

/// Replays a link.
pub fn replay_link(args: &Replay) -> Result<Outcome, BadInput> {
    let link = open(&args.link)?;
    let mut replayed = replay(&link);
    if let Some(asked) = args.step {
        let steps = replayed.run.steps();
        if asked > steps && replayed.error.is_none() {
            return Err(BadInput::PastTheEnd { asked, steps });
        }
        replayed.step = asked.min(steps);
    }
    show(&link, replayed, args.format)
}

/// Writes a run as of the step to be shown. Of one that stopped at a choice, what came before is written all the same.
fn show(link: &Link, replayed: Replayed, format: Format) -> Result<Outcome, BadInput> {
    let shown = Shown { link: link.clone().with_run(&*replayed.run), run: replayed.run, step: replayed.step };
    let text = shown.text(format)?;
    let mut remarks: Vec<String> = replayed.notes.iter().map(|note| format!("note: {note}")).collect();
    let status = if let Some(error) = replayed.error {
        remarks.push(format!("error: {error}"));
        Status::BadInput
    } else if shown.violated() {
        Status::Violated
    } else {
        Status::Fine
    };
    Ok(Outcome { text, remarks, status })
}

/// A run as of a step.
pub struct Shown {
    /// Link to the whole run.
    pub link: Link,
    /// The run.
    pub run: Box<dyn Run>,
    /// The step.
    pub step: u32,
}

impl Shown {
    fn title(&self) -> String {
        format!("{}: {}", self.link.info().title, self.link.variant.title)
    }

    /// The run string of the whole run, compressed where it would be too long.
    pub fn run_string(&self) -> String {
        let mut bare = Link::new(self.link.entry, self.link.variant, self.link.values.clone(), self.link.seed);
        bare.choices.clone_from(&self.link.choices);
        to_text(&bare)
    }

    fn violated(&self) -> bool {
        self.run.verdicts(self.step).iter().any(|verdict| matches!(verdict.state, VerdictState::Violated { .. }))
    }

    fn text(&self, format: Format) -> Result<String, BadInput> {
        let trace = self.run.trace();
        Ok(match format {
            Format::Text => self.in_words(),
            Format::Json => json::run(self)?,
            Format::Svg => {
                let scene = layout(trace, self.step, &Style::for_width(DRAWING_WIDTH));
                let (title, description) = (self.title(), transcript(trace, self.step));
                let about = About { title: &title, description: &description, link: None, theme: Theme::Light };
                with_newline(export(&scene, &about))
            }
            Format::Mermaid => with_newline(mermaid(trace, self.step, &self.title())),
            Format::Plantuml => with_newline(plantuml(trace, self.step, &self.title())),
        })
    }

    fn in_words(&self) -> String {
        let mut out = format!("{}\n{}\n\n", self.title(), self.run_string());
        out.push_str(&transcript(self.run.trace(), self.step));
        out.push('\n');
        for verdict in self.run.verdicts(self.step) {
            let (word, why) = match verdict.state {
                VerdictState::Holds => ("holds", String::new()),
                VerdictState::Open(missing) => ("open", missing),
                VerdictState::Blocked(why) => ("blocked", why),
                VerdictState::Violated { violation } => {
                    let found = self.run.trace().violations.get(violation as usize);
                    ("violated", found.map(|found| found.sentence.clone()).unwrap_or_default())
                }
            };
            let _ = writeln!(out, "{:<8} {:<9}{}", verdict.id, word, verdict.text);
            if !why.is_empty() {
                let _ = writeln!(out, "{:<18}{why}", "");
            }
        }
        out
    }
}

fn with_newline(mut text: String) -> String {
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}
