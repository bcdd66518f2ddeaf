//! Run strings and links: a run as text that can be shared, reviewed in a diff, and replayed for ever.
//!
//! ```text
//! /two-phase-commit/gives-up?v=1&rev=2&participants=2&seed=7&run=cl.begin,cl-c+10,c-p1+10&step=2&theme=dark
//! └─ scenario ─────┘└variant┘└ format └ values that differ   └ choices, see engine::Choice  └ view: where to look, and how
//!                                └ revision of the scenario's rules
//! ```
//!
//! A choice that is taken several times on end is written once: `c:ack*3`.
//!
//! A link is an address, `#`, and this. Everything up to the choices is the *run string*; the rest only says how to look at it. Without `run` it is
//! the variant's opening run. Where a run string would be longer than [`RUN_STRING_MAX`], `runz` holds its choices as base64url of raw DEFLATE; so where
//! it holds a script, which then stands behind the choices. The
//! browser inflates asynchronously, so reading such a link takes two halves: [`packed`] gives the bytes to inflate, [`with_choices`] goes on.

use std::fmt;

use crate::engine::{ChoiceError, MAX_STEPS, Run};

use super::{Entry, Info, SpecError, Values, Variant};

mod parse;
mod write;
#[cfg(not(target_arch = "wasm32"))]
mod zip;

use thiserror::Error;

pub use parse::{packed, parse, split_choices, with_choices};
pub use write::encode_packed;
#[cfg(not(target_arch = "wasm32"))]
pub use zip::{open, to_text};

/// Version of the run string's own format (`v`).
pub const FORMAT_VERSION: u32 = 1;
/// Longest run string that holds its choices in the plain, in characters.
pub const RUN_STRING_MAX: usize = 2_000;
/// Longest link that is read, in bytes.
pub const LINK_TEXT_MAX: usize = 400_000;
/// Longest list of choices that is read once inflated, in bytes.
pub const CHOICES_TEXT_MAX: usize = 1_000_000;
/// Most parameters that a link may carry.
pub const LINK_PARAMETERS_MAX: usize = 100;

/// A run and how to look at it. Two links are equal if they say the same; notes do not count.
#[derive(Clone, Debug)]
pub struct Link {
    /// The scenario.
    pub entry: &'static dyn Entry,
    /// Its variant.
    pub variant: &'static Variant,
    /// Parameters, complete.
    pub values: Values,
    /// Seed of the scheduler; 0 where the link names none.
    pub seed: u64,
    /// Revision of the scenario's rules under which the link was made.
    pub revision: u32,
    /// Choices by their names.
    pub choices: Vec<String>,
    /// Whether the link names no run, so that `choices` are those of the variant's opening.
    pub opening: bool,
    /// Step to show; `None` for the end.
    pub step: Option<u32>,
    /// Whether to leave out the chrome, for an `<iframe>`.
    pub embed: bool,
    /// Colours; `None` leaves them to the reader's setting.
    pub theme: Option<Theme>,
    /// Whether the run plays by itself.
    pub autoplay: bool,
    /// Language asked for: `en`.
    pub lang: Option<String>,
    /// What was ignored in reading it, a sentence each.
    pub notes: Vec<String>,
}

/// Colours that a link asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
    /// As the system has it.
    Auto,
}

impl Theme {
    /// Every theme.
    pub const ALL: [Theme; 3] = [Theme::Light, Theme::Dark, Theme::Auto];

    /// Its name in a link.
    pub fn name(self) -> &'static str {
        match self {
            Theme::Light => "light",
            Theme::Dark => "dark",
            Theme::Auto => "auto",
        }
    }
}

/// A text that is no link to a run of ours.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum LinkError {
    /// Too long to be read.
    #[error("the link is {length} bytes long; at most {LINK_TEXT_MAX} are read")]
    TooLong {
        /// Its length, in bytes.
        length: usize,
    },
    /// An address without a fragment.
    #[error("the address has no `#`, so it names no run")]
    NoFragment,
    /// Nothing between the slashes.
    #[error("the link names no scenario; there is {known}")]
    NoScenario {
        /// The names that exist.
        known: String,
    },
    /// More than a scenario and a variant.
    #[error("`{part}` is one name too many: a link names a scenario and a variant")]
    Path {
        /// The first name too many.
        part: String,
    },
    /// A scenario, variant, parameter or value that does not exist or does not fit.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A run of another part of the page.
    #[error("`{scenario}` is in another part of this page, which is not loaded")]
    Elsewhere {
        /// The scenario.
        scenario: &'static str,
    },
    /// A format that we do not know.
    #[error("run strings of version `{version}` cannot be read here; version {FORMAT_VERSION} can")]
    Version {
        /// The version named.
        version: String,
    },
    /// Something that must be a whole number.
    #[error("`{key}` cannot be `{value}`: it is a whole number from 0 to {max}")]
    Number {
        /// The name.
        key: &'static str,
        /// The value at fault.
        value: String,
        /// The greatest value.
        max: u64,
    },
    /// Something of the run that stands twice, so that it is unclear which is meant.
    #[error("`{key}` stands twice in the link")]
    Repeated {
        /// The name.
        key: String,
    },
    /// `run` and `runz` together.
    #[error("the link holds its choices twice, as `run` and as `runz`")]
    RunTwice,
    /// More parameters than any link has.
    #[error("the link has more than {LINK_PARAMETERS_MAX} parameters")]
    TooManyParameters,
    /// More choices than a run may hold.
    #[error("the link holds more than {MAX_STEPS} choices, which is as many as a run may hold")]
    TooManyChoices,
    /// The choices are compressed and must be inflated first.
    #[error("the choices of this link are compressed (`runz`) and have not been inflated")]
    Packed,
    /// The compressed choices are damaged.
    #[error("the compressed choices (`runz`) cannot be read: {why}")]
    Damaged {
        /// What is wrong with them.
        why: String,
    },
}

/// What became of a link's run.
pub struct Replayed {
    /// The run, as far as it could be replayed.
    pub run: Box<dyn Run>,
    /// The step to show, from 0 to the end of the run.
    pub step: u32,
    /// The choice that stopped it, if one did.
    pub error: Option<ReplayError>,
    /// What the reader should know, a sentence each.
    pub notes: Vec<String>,
}

/// A choice that stopped a replay.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("the run stops before choice {number} of {total}: {source}")]
pub struct ReplayError {
    /// Number of the choice, from 1.
    pub number: u32,
    /// How many choices the link holds.
    pub total: u32,
    /// The choice.
    pub choice: String,
    /// Why it cannot be taken.
    pub source: ChoiceError,
}

impl Link {
    /// A link to a run under today's rules, shown at its end.
    pub fn new(entry: &'static dyn Entry, variant: &'static Variant, values: Values, seed: u64) -> Self {
        Link {
            entry,
            variant,
            values,
            seed,
            revision: entry.info().revision,
            choices: Vec::new(),
            opening: false,
            step: None,
            embed: false,
            theme: None,
            autoplay: false,
            lang: None,
            notes: Vec::new(),
        }
    }

    /// The same with the choices of a run.
    #[must_use]
    pub fn with_run(mut self, run: &dyn Run) -> Self {
        self.choices = (1..=run.steps()).filter_map(|step| run.choice(step).map(str::to_owned)).collect();
        self.opening = false;
        self
    }

    /// What the scenario declares.
    pub fn info(&self) -> &'static Info {
        self.entry.info()
    }
}

impl PartialEq for Link {
    fn eq(&self, other: &Self) -> bool {
        (self.info().id, self.variant.id, &self.values, self.seed, self.revision)
            == (other.info().id, other.variant.id, &other.values, other.seed, other.revision)
            && (&self.choices, self.opening) == (&other.choices, other.opening)
            && (self.step, self.embed, self.theme, self.autoplay, &self.lang)
                == (other.step, other.embed, other.theme, other.autoplay, &other.lang)
    }
}

impl Eq for Link {}

impl fmt::Debug for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replayed")
            .field("steps", &self.run.steps())
            .field("step", &self.step)
            .field("error", &self.error)
            .field("notes", &self.notes)
            .finish_non_exhaustive()
    }
}

/// Replays a link's run, as far as its choices can be taken.
pub fn replay(link: &Link) -> Replayed {
    let mut run = link.entry.start(link.variant, &link.values, link.seed);
    let mut notes = link.notes.clone();
    let today = link.info().revision;
    if link.revision != today {
        notes.push(format!(
            "This link was made under revision {} of the rules of `{}`; today's are revision {today}, so the run may differ from what was shared.",
            link.revision,
            link.info().id,
        ));
    }
    let mut error = None;
    for (number, choice) in (1..).zip(&link.choices) {
        if let Err(source) = run.push(choice) {
            let total = u32::try_from(link.choices.len()).unwrap_or(u32::MAX);
            error = Some(ReplayError { number, total, choice: choice.clone(), source });
            break;
        }
    }
    let end = run.steps();
    let step = link.step.unwrap_or(end).min(end);
    if let Some(asked) = link.step.filter(|asked| *asked > end) {
        notes.push(format!("The link asks for step {asked}, but the run ends at step {end}, which is shown."));
    }
    Replayed { run, step, error, notes }
}
