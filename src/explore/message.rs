//! What the page and the worker of the search say to each other: versioned text, of which nothing is taken on trust by either side.
//!
//! ```text
//! interleave 1 ask 7          the page: this question, to this run at the step that its link shows
//! /two-phase-commit/…
//! violation;crash=1
//!
//! interleave 1 cancel 7       the page: never mind
//!
//! interleave 1 report 7       the worker: how far it is (`going`), or the answer
//! exhausted 12 40 6 0 0 5120 31
//! 1/0 3/0 8/0
//! Every reachable state within this budget was checked: …
//! finding  broken  ac1  …     tabs between; then states and edges of the map
//!
//! interleave 1 refusal 7      the worker: why it cannot
//! there is no lifeline `p9`; …
//! ```

use std::fmt::Write as _;

use thiserror::Error;

use super::exploration::{Finding, Shows};
use super::map::{Edge, Map, Mark, Place};
use super::reads_as;
use super::search::{End, Figures};

/// The version of the messages. Both sides come with one Wasm, so another one means that something else is talking.
pub const VERSION: &str = "1";
/// The first word of every message.
const SIGN: &str = "interleave";
/// Before the id of an invariant, in the place of a question: to leave out of the run what its violation does not need.
pub const SHORTEN: &str = "shorten:";
/// Most bytes of a message that are read.
pub const MESSAGE_MAX: usize = 4_000_000;

/// What the page asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Request {
    /// A question.
    Ask {
        /// Its number.
        id: u32,
        /// What stands behind `#` in the link to the moment from which to search.
        run: String,
        /// The question, as [`super::Question`] reads it; or [`SHORTEN`].
        question: String,
    },
    /// Stop, and say how far it came.
    Cancel {
        /// The question's number.
        id: u32,
    },
}

/// What the worker says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    /// How far it is, or what it found.
    Report {
        /// The question's number.
        id: u32,
        /// The report.
        report: Box<Report>,
    },
    /// It cannot be done.
    Refusal {
        /// The question's number; 0 where what was said is no question.
        id: u32,
        /// Why, as a sentence.
        words: String,
    },
}

/// How far a search is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Course {
    /// It goes on.
    #[default]
    Going,
    /// It was stopped.
    Stopped,
    /// It has ended.
    Ended(End),
}

/// What is told of a search.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// How far it is.
    pub course: Course,
    /// In numbers.
    pub figures: Figures,
    /// How long it has taken, in ms.
    pub ms: u32,
    /// For each number of choices: (states found there, states that wait there to be looked behind).
    pub layers: Vec<(u32, u32)>,
    /// The answer, in a sentence or two; empty while it goes on.
    pub words: String,
    /// What was found.
    pub findings: Vec<Shown>,
    /// All states, where there are few.
    pub map: Option<Map>,
}

/// A run that was found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Shown {
    /// `broken`, `stuck`, `wanted` or `shortened`.
    pub shows: String,
    /// The invariant or the goal; empty for a state that was asked for.
    pub of: String,
    /// Faults that the search took.
    pub faults: u32,
    /// How many of its choices stood before the search began.
    pub prefix: u32,
    /// Its choices, as in a run string.
    pub choices: String,
    /// What it shows, as a sentence.
    pub words: String,
    /// What a violation hangs on, in sentences; empty where that is not told.
    pub hangs_on: String,
}

/// A message that is none.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum MessageError {
    /// It does not begin as one, or is too long.
    #[error("what arrived is no message of the search")]
    Foreign,
    /// It is of another version.
    #[error("the message is of version {0}, and this is version {VERSION}: load the page again")]
    Version(String),
    /// A part of it cannot be read.
    #[error("the message has no readable {0}")]
    Part(&'static str),
}

impl Request {
    /// As text.
    pub fn write(&self) -> String {
        match self {
            Request::Ask { id, run, question } => format!("{SIGN} {VERSION} ask {id}\n{run}\n{question}"),
            Request::Cancel { id } => format!("{SIGN} {VERSION} cancel {id}"),
        }
    }

    /// From text.
    ///
    /// # Errors
    /// Where it is not what the page says.
    pub fn read(text: &str) -> Result<Self, MessageError> {
        let (kind, id, rest) = head(text)?;
        match kind {
            "ask" => {
                let (run, question) = rest.split_once('\n').ok_or(MessageError::Part("question"))?;
                Ok(Request::Ask { id, run: run.to_owned(), question: question.to_owned() })
            }
            "cancel" => Ok(Request::Cancel { id }),
            _ => Err(MessageError::Part("kind")),
        }
    }
}

impl Reply {
    /// As text.
    pub fn write(&self) -> String {
        match self {
            Reply::Report { id, report } => {
                let mut out = format!("{SIGN} {VERSION} report {id}\n");
                report.write(&mut out);
                out
            }
            Reply::Refusal { id, words } => format!("{SIGN} {VERSION} refusal {id}\n{words}"),
        }
    }

    /// From text.
    ///
    /// # Errors
    /// Where it is not what the worker says.
    pub fn read(text: &str) -> Result<Self, MessageError> {
        let (kind, id, rest) = head(text)?;
        match kind {
            "report" => Report::read(rest).map(|report| Reply::Report { id, report: Box::new(report) }),
            "refusal" => Ok(Reply::Refusal { id, words: rest.to_owned() }),
            _ => Err(MessageError::Part("kind")),
        }
    }
}

/// Kind, number, and what stands below the first line.
fn head(text: &str) -> Result<(&str, u32, &str), MessageError> {
    let (head, rest) = text.split_once('\n').unwrap_or((text, ""));
    let mut words = head.split(' ');
    if text.len() > MESSAGE_MAX || words.next() != Some(SIGN) {
        return Err(MessageError::Foreign);
    }
    let version = words.next().unwrap_or_default();
    if version != VERSION {
        return Err(MessageError::Version(version.chars().take(20).collect()));
    }
    let kind = words.next().ok_or(MessageError::Part("kind"))?;
    let id = number(words.next(), "number")?;
    Ok((kind, id, rest))
}

/// A part as a number.
fn long(part: Option<&str>, name: &'static str) -> Result<u64, MessageError> {
    part.and_then(|part| part.parse().ok()).ok_or(MessageError::Part(name))
}

/// A part as a number of 32 bits.
fn number(part: Option<&str>, name: &'static str) -> Result<u32, MessageError> {
    u32::try_from(long(part, name)?).map_err(|_| MessageError::Part(name))
}

const ENDS: [End; 5] = [End::Exhausted, End::Found, End::States, End::Depth, End::Memory];

impl Course {
    /// Its name, here and in the page API.
    pub fn word(self) -> &'static str {
        match self {
            Course::Going => "going",
            Course::Stopped => "stopped",
            Course::Ended(end) => end.word(),
        }
    }

    fn named(word: &str) -> Option<Self> {
        let mut all = [Course::Going, Course::Stopped].into_iter().chain(ENDS.into_iter().map(Course::Ended));
        all.find(|course| course.word() == word)
    }
}

impl Shown {
    /// What was found, as it is told.
    pub fn of(finding: &Finding) -> Self {
        let (shows, of) = match finding.shows {
            Shows::Broken(invariant) => ("broken", invariant),
            Shows::Stuck { goal, .. } => ("stuck", goal),
            Shows::Wanted => ("wanted", ""),
        };
        Shown {
            shows: shows.to_owned(),
            of: of.to_owned(),
            faults: finding.faults,
            prefix: finding.prefix,
            choices: finding.choices.join(","),
            words: reads_as::finding(finding),
            hangs_on: String::new(),
        }
    }
}

impl Report {
    /// States a second.
    pub fn rate(&self) -> u32 {
        (u64::from(self.figures.states) * 1_000 / u64::from(self.ms.max(1))) as u32
    }

    // Writing to a string cannot fail.
    fn write(&self, out: &mut String) {
        let Figures { states, transitions, depth, frontier, cut, bytes } = self.figures;
        let (course, ms) = (self.course.word(), self.ms);
        let _ = writeln!(out, "{course} {states} {transitions} {depth} {frontier} {cut} {bytes} {ms}");
        for (states, waiting) in &self.layers {
            let _ = write!(out, "{states}/{waiting} ");
        }
        let _ = write!(out, "\n{}", self.words);
        for shown in &self.findings {
            let Shown { shows, of, faults, prefix, choices, words, hangs_on } = shown;
            let _ = write!(out, "\nfinding\t{shows}\t{of}\t{faults}\t{prefix}\t{choices}\t{words}\t{hangs_on}");
        }
        let Some(map) = &self.map else { return };
        for Place { depth, mark, standing, breaks } in &map.places {
            let _ = write!(out, "\nstate\t{depth}\t{}\t{standing}\t{breaks}", mark.word());
        }
        for Edge { from, to, choice } in &map.edges {
            let _ = write!(out, "\nedge\t{from}\t{to}\t{choice}");
        }
    }

    fn read(text: &str) -> Result<Self, MessageError> {
        let mut lines = text.split('\n');
        let mut parts = lines.next().unwrap_or_default().split(' ');
        let mut report = Report {
            course: parts.next().and_then(Course::named).ok_or(MessageError::Part("course"))?,
            figures: Figures {
                states: number(parts.next(), "states")?,
                transitions: long(parts.next(), "steps")?,
                depth: number(parts.next(), "depth")? as u16,
                frontier: number(parts.next(), "frontier")?,
                cut: number(parts.next(), "cut")?,
                bytes: long(parts.next(), "bytes")? as usize,
            },
            ms: number(parts.next(), "time")?,
            ..Report::default()
        };
        for layer in lines.next().unwrap_or_default().split(' ').filter(|layer| !layer.is_empty()) {
            let (states, waiting) = layer.split_once('/').ok_or(MessageError::Part("layers"))?;
            report.layers.push((number(Some(states), "layers")?, number(Some(waiting), "layers")?));
        }
        lines.next().unwrap_or_default().clone_into(&mut report.words);
        let mut map = Map::default();
        for line in lines {
            let mut parts = line.split('\t');
            let kind = parts.next();
            let mut word = || parts.next().map(str::to_owned).ok_or(MessageError::Part("field"));
            match kind {
                Some("finding") => report.findings.push(Shown {
                    shows: word()?,
                    of: word()?,
                    faults: number(Some(&word()?), "faults")?,
                    prefix: number(Some(&word()?), "prefix")?,
                    choices: word()?,
                    words: word()?,
                    hangs_on: word()?,
                }),
                Some("state") => map.places.push(Place {
                    depth: number(Some(&word()?), "depth")? as u16,
                    mark: Mark::named(&word()?).ok_or(MessageError::Part("mark"))?,
                    standing: word()?,
                    breaks: word()?,
                }),
                Some("edge") => map.edges.push(Edge {
                    from: number(Some(&word()?), "edge")?,
                    to: number(Some(&word()?), "edge")?,
                    choice: word()?,
                }),
                _ => return Err(MessageError::Part("line")),
            }
        }
        if map.edges.iter().any(|edge| edge.from.max(edge.to) as usize >= map.places.len()) {
            return Err(MessageError::Part("edge"));
        }
        report.map = (!map.places.is_empty()).then_some(map);
        Ok(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn report() -> Report {
        Report {
            course: Course::Ended(End::Found),
            figures: Figures { states: 12, transitions: 40, depth: 6, frontier: 3, cut: 0, bytes: 5_120 },
            ms: 31,
            layers: vec![(1, 0), (3, 2)],
            words: "Found a violation.".to_owned(),
            findings: vec![Shown { shows: "broken".to_owned(), of: "ac1".to_owned(), ..Shown::default() }],
            map: Some(Map {
                places: vec![Place {
                    depth: 0,
                    mark: Mark::Broken,
                    standing: ",aborted".to_owned(),
                    breaks: "ac1".to_owned(),
                }],
                edges: vec![Edge { from: 0, to: 0, choice: "c-p1".to_owned() }],
            }),
        }
    }

    #[test]
    fn what_is_said_is_understood() {
        let ask = Request::Ask { id: 7, run: "/a/b?run=".to_owned(), question: "violation;crash=1".to_owned() };
        for request in [ask, Request::Cancel { id: 8 }] {
            assert_eq!(Request::read(&request.write()), Ok(request));
        }
        let told = Reply::Report { id: 7, report: Box::new(report()) };
        let refused = Reply::Refusal { id: 0, words: "no\nway".to_owned() };
        for reply in [told, refused] {
            assert_eq!(Reply::read(&reply.write()), Ok(reply));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(Reply::read("hello"), Err(MessageError::Foreign));
        assert_eq!(Reply::read("interleave 2 report 1\n"), Err(MessageError::Version("2".to_owned())));
        assert_eq!(Reply::read("interleave 1 report x\n"), Err(MessageError::Part("number")));
        assert_eq!(Reply::read("interleave 1 report 1\nfine 1"), Err(MessageError::Part("course")));
        assert_eq!(Reply::read("interleave 1 report 1\ngoing 1 -1"), Err(MessageError::Part("steps")));
        assert_eq!(Request::read("interleave 1 report 1\n"), Err(MessageError::Part("kind")));
        assert_eq!(Request::read("interleave 1 ask 1\nrun"), Err(MessageError::Part("question")));
        let stray = "interleave 1 report 1\ngoing 1 1 1 1 1 1 1\n\n\nedge\t0\t9\tc-p1";
        assert_eq!(Reply::read(stray), Err(MessageError::Part("edge")), "an edge leads to a state that is there");
    }

    proptest! {
        #[test]
        fn nothing_that_arrives_panics(noise in ".{0,80}", at in 0_usize..200, cut in any::<bool>()) {
            let mut text = Reply::Report { id: 7, report: Box::new(report()) }.write();
            let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            if cut {
                text.truncate(at);
            }
            text.insert_str(at.min(text.len()), &noise);
            let _ = Reply::read(&text);
            let _ = Request::read(&text);
        }
    }
}
