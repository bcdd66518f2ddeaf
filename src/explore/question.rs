//! What a reader asks of the search, as text that the page, its worker, the command line and checked-in tables share.
//!
//! ```text
//! violation;crash=1,drop=1,delay=1;states=1000000,order=depth
//! └ what    └ budget               └ bounds and ways that differ from the defaults
//! ```

use std::fmt;

use thiserror::Error;

use super::search::{Options, Order, Until};
use super::worlds::Wanted;
use crate::engine::{Bounds, Heed, Lane, NodeId, Spent, Standing};

/// Most states that a question may ask for.
pub const STATES_ASKED_MAX: u32 = 50_000_000;
/// Longest question that is read, in bytes.
pub const QUESTION_TEXT_MAX: usize = 2_000;
/// Most faults of one kind.
pub const FAULTS_MAX: u16 = 9;

/// A question.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Question {
    /// What is looked for.
    pub what: What,
    /// Faults that may be spent, and how slow the network may be.
    pub bounds: Bounds,
    /// In which order.
    pub order: Order,
    /// Whether to leave out steps that only change the order of others.
    pub sleep: bool,
    /// Whether to take worlds for one that differ only in which of interchangeable nodes is which.
    pub symmetry: bool,
    /// Whether to take worlds for one that differ only in what can have no consequence for what is asked.
    pub essence: bool,
    /// Most states.
    pub states: u32,
    /// Longest way, in choices.
    pub depth: u16,
    /// Most memory, in MB.
    pub megabytes: u32,
}

/// What is looked for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum What {
    /// A state that breaks an invariant.
    Violation,
    /// For each invariant, a state that breaks it.
    Violations,
    /// A state that breaks this invariant.
    Break(String),
    /// A state from which a goal is out of reach unless something is repaired.
    Block,
    /// A state in which the scenario says that this goal is blocked.
    Blocked(String),
    /// A state in which this goal is reached: whether it is still within reach, and how soon.
    Reached(String),
    /// A state in which lifelines stand as said: (id of the lifeline, word).
    State(Vec<(String, String)>),
}

/// A question that cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum QuestionError {
    /// Too long.
    #[error("the question is {0} bytes long; at most {QUESTION_TEXT_MAX} are read")]
    TooLong(usize),
    /// Nothing of the sort can be looked for.
    #[error(
        "`{0}` cannot be looked for; `violation`, `violations`, `break:ac1`, `block`, `blocked:decided`, `reached:decided` and `state:p1=committed,p2=aborted` can"
    )]
    What(String),
    /// No such fault.
    #[error("there is no fault `{0}`; there is {known}, and delay", known = Spent::KINDS.join(", "))]
    Fault(String),
    /// A count that does not fit.
    #[error("`{key}` cannot be `{value}`: it is a whole number from {min} to {max}")]
    Count {
        /// What is counted.
        key: String,
        /// The value at fault.
        value: String,
        /// The least.
        min: u32,
        /// The most.
        max: u32,
    },
    /// No such bound.
    #[error("there is no bound `{0}`; there is states, depth, megabytes, order, sleep, symmetry and essence")]
    Bound(String),
    /// A value that a bound does not take.
    #[error("`{key}` cannot be `{value}`; it is one of {known}")]
    Choice {
        /// The bound.
        key: &'static str,
        /// The value at fault.
        value: String,
        /// What it may be.
        known: &'static str,
    },
    /// Something without a value.
    #[error("`{0}` is not written as name=value")]
    Pair(String),
    /// More parts than a question has.
    #[error("the question has more than three parts")]
    Parts,
    /// An invariant that is not there.
    #[error("there is no invariant `{id}`; there is {known}")]
    Invariant {
        /// The id at fault.
        id: String,
        /// The ids that exist.
        known: String,
    },
    /// A goal that is not there.
    #[error("there is no goal `{id}`; there is {known}")]
    Goal {
        /// The id at fault.
        id: String,
        /// The ids that exist.
        known: String,
    },
    /// A lifeline that is not there.
    #[error("there is no lifeline `{id}`; there is {known}")]
    Lane {
        /// The id at fault.
        id: String,
        /// The ids that exist.
        known: String,
    },
}

impl Question {
    /// A question about everything that may happen within these bounds, with the usual limits.
    pub fn new(what: What, bounds: Bounds) -> Self {
        Question {
            what,
            bounds,
            order: Order::Breadth,
            sleep: true,
            symmetry: true,
            essence: true,
            states: 1_000_000,
            depth: u16::MAX,
            megabytes: 1_000,
        }
    }

    /// Reads a question.
    ///
    /// # Errors
    /// Where the text is not one, with the part at fault.
    pub fn parse(text: &str) -> Result<Self, QuestionError> {
        if text.len() > QUESTION_TEXT_MAX {
            return Err(QuestionError::TooLong(text.len()));
        }
        let mut parts = text.split(';');
        let what = what(parts.next().unwrap_or_default())?;
        let bounds = parse_budget(parts.next().unwrap_or_default())?;
        let mut question = Question::new(what, bounds);
        for pair in pairs(parts.next().unwrap_or_default()) {
            let (key, value) = pair?;
            question.set(key, value)?;
        }
        if parts.next().is_some() {
            return Err(QuestionError::Parts);
        }
        Ok(question)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), QuestionError> {
        match key {
            "states" => self.states = count(key, value, 1, STATES_ASKED_MAX)?,
            "depth" => self.depth = count(key, value, 1, u32::from(u16::MAX))? as u16,
            "megabytes" => self.megabytes = count(key, value, 1, 16_000)?,
            "order" => {
                let found = ORDERS.iter().find(|(name, _)| *name == value);
                self.order = found.map(|(_, order)| *order).ok_or_else(|| QuestionError::Choice {
                    key: "order",
                    value: clip(value),
                    known: "breadth, depth, deepening",
                })?;
            }
            "sleep" => self.sleep = switch("sleep", value)?,
            "symmetry" => self.symmetry = switch("symmetry", value)?,
            "essence" => self.essence = switch("essence", value)?,
            _ => return Err(QuestionError::Bound(clip(key))),
        }
        Ok(())
    }

    /// How the search is to be done among these invariants; `has_symmetry` says whether the model has any.
    ///
    /// # Errors
    /// Where the invariant that is to be broken is not among them.
    pub fn options(&self, invariants: &[&str], has_symmetry: bool, guide: Vec<u16>) -> Result<Options, QuestionError> {
        let until = match &self.what {
            What::Violation => Until::First,
            What::State(_) | What::Blocked(_) | What::Reached(_) => Until::Wanted,
            What::Violations => Until::Every(invariants.len().min(32) as u8),
            What::Break(id) => {
                let at = invariants.iter().position(|known| known == id);
                Until::Broken(
                    at.ok_or_else(|| QuestionError::Invariant { id: clip(id), known: invariants.join(", ") })? as u8,
                )
            }
            What::Block => Until::End,
        };
        Ok(Options {
            order: self.order,
            sleep: self.sleep,
            symmetry: self.symmetry && has_symmetry,
            until,
            max_states: self.states,
            max_depth: self.depth,
            max_bytes: (self.megabytes as usize).saturating_mul(1_000_000),
            edges: self.what == What::Block,
            guide,
        })
    }

    /// What the search must look at for the answer.
    pub fn heed(&self) -> Heed {
        match &self.what {
            _ if !self.essence => Heed::Everything,
            What::Violation | What::Violations | What::Break(_) => Heed::Invariants,
            What::Block | What::Blocked(_) | What::Reached(_) => Heed::Goals,
            What::State(_) => Heed::Looks,
        }
    }

    /// The state that is looked for, among these lifelines and goals.
    ///
    /// # Errors
    /// Where there is no such lifeline or goal.
    pub fn wanted(&self, lanes: &[Lane], goals: &[&str]) -> Result<Wanted, QuestionError> {
        let standing = |(id, word): &(String, String)| {
            let at = lanes.iter().position(|lane| lane.id == *id).ok_or_else(|| QuestionError::Lane {
                id: clip(id),
                known: lanes.iter().map(|lane| lane.id.as_str()).collect::<Vec<_>>().join(", "),
            })?;
            Ok(Standing { node: NodeId(at as u8), word: word.clone() })
        };
        match &self.what {
            What::State(asked) => Ok(Wanted::Standing(asked.iter().map(standing).collect::<Result<_, _>>()?)),
            What::Blocked(id) => Ok(Wanted::Blocked(place_of(id, goals)?)),
            What::Reached(id) => Ok(Wanted::Reached(place_of(id, goals)?)),
            What::Violation | What::Violations | What::Break(_) | What::Block => Ok(Wanted::Nothing),
        }
    }
}

/// The place of a goal among all.
fn place_of(id: &str, goals: &[&str]) -> Result<u8, QuestionError> {
    let at = goals.iter().position(|known| *known == id);
    at.map(|at| at as u8).ok_or_else(|| QuestionError::Goal { id: clip(id), known: goals.join(", ") })
}

const ORDERS: [(&str, Order); 3] =
    [("breadth", Order::Breadth), ("depth", Order::Depth), ("deepening", Order::Deepening)];

/// Reads what is looked for: `violation`, `state:p1=committed,p2=aborted`.
fn what(text: &str) -> Result<What, QuestionError> {
    match text {
        "violation" => Ok(What::Violation),
        "violations" => Ok(What::Violations),
        "block" => Ok(What::Block),
        _ if text.strip_prefix("break:").is_some_and(|id| !id.is_empty()) => Ok(What::Break(text[6..].to_owned())),
        _ if text.strip_prefix("blocked:").is_some_and(|id| !id.is_empty()) => Ok(What::Blocked(text[8..].to_owned())),
        _ if text.strip_prefix("reached:").is_some_and(|id| !id.is_empty()) => Ok(What::Reached(text[8..].to_owned())),
        _ => {
            let asked = text.strip_prefix("state:").ok_or_else(|| QuestionError::What(clip(text)))?;
            let asked: Vec<(String, String)> = pairs(asked)
                .map(|pair| pair.map(|(id, word)| (id.to_owned(), word.to_owned())))
                .collect::<Result<_, _>>()?;
            if asked.is_empty() { Err(QuestionError::What(clip(text))) } else { Ok(What::State(asked)) }
        }
    }
}

/// Reads a budget: `crash=1,drop=2,delay=1`. Kinds that are left out may not happen, but for `delay`: left out, or `any`, the network may be as slow
/// as it likes.
///
/// # Errors
/// Where there is no such kind, or its count does not fit.
pub fn parse_budget(text: &str) -> Result<Bounds, QuestionError> {
    let mut bounds = Bounds { budget: Spent::default(), delays: None, repairs: true };
    for pair in pairs(text) {
        let (kind, value) = pair?;
        if kind == "delay" && value == "any" {
            bounds.delays = None;
            continue;
        }
        let number = || count(kind, value, 0, u32::from(FAULTS_MAX)).map(|number| number as u16);
        if kind == "delay" {
            bounds.delays = Some(number()?);
        } else {
            *bounds.budget.of_mut(kind).ok_or_else(|| QuestionError::Fault(clip(kind)))? = number()?;
        }
    }
    Ok(bounds)
}

/// The budget that a scenario declares, by kind.
pub fn declared_budget(declared: &[(&str, u32)]) -> Bounds {
    let mut bounds = Bounds { budget: Spent::default(), delays: None, repairs: true };
    for (kind, number) in declared {
        let number = (*number).min(u32::from(FAULTS_MAX)) as u16;
        match bounds.budget.of_mut(kind) {
            Some(spent) => *spent = number,
            None => bounds.delays = Some(number),
        }
    }
    bounds
}

/// Writes a budget as [`parse_budget`] reads it.
pub fn budget_text(bounds: &Bounds) -> String {
    let mut parts: Vec<String> = bounds.budget.list().iter().map(|(kind, number)| format!("{kind}={number}")).collect();
    parts.extend(bounds.delays.map(|delays| format!("delay={delays}")));
    parts.join(",")
}

fn pairs(text: &str) -> impl Iterator<Item = Result<(&str, &str), QuestionError>> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| match part.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim(), value.trim())),
        _ => Err(QuestionError::Pair(clip(part))),
    })
}

fn count(key: &str, value: &str, min: u32, max: u32) -> Result<u32, QuestionError> {
    let plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let number = value.parse().ok().filter(|number| plain && (min..=max).contains(number));
    number.ok_or_else(|| QuestionError::Count { key: clip(key), value: clip(value), min, max })
}

fn switch(key: &'static str, value: &str) -> Result<bool, QuestionError> {
    match value {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(QuestionError::Choice { key, value: clip(value), known: "on, off" }),
    }
}

fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Violation => f.write_str("violation")?,
            What::Violations => f.write_str("violations")?,
            What::Break(id) => write!(f, "break:{id}")?,
            What::Block => f.write_str("block")?,
            What::Blocked(id) => write!(f, "blocked:{id}")?,
            What::Reached(id) => write!(f, "reached:{id}")?,
            What::State(asked) => {
                let asked: Vec<String> = asked.iter().map(|(id, word)| format!("{id}={word}")).collect();
                write!(f, "state:{}", asked.join(","))?;
            }
        }
        write!(f, ";{}", budget_text(&self.bounds))?;
        let usual = Question::new(What::Violation, self.bounds);
        let mut ways = Vec::new();
        if self.states != usual.states {
            ways.push(format!("states={}", self.states));
        }
        if self.depth != usual.depth {
            ways.push(format!("depth={}", self.depth));
        }
        if self.megabytes != usual.megabytes {
            ways.push(format!("megabytes={}", self.megabytes));
        }
        if let Some((name, _)) = ORDERS.iter().find(|(_, order)| *order == self.order && *order != usual.order) {
            ways.push(format!("order={name}"));
        }
        if !self.sleep {
            ways.push("sleep=off".to_owned());
        }
        if !self.symmetry {
            ways.push("symmetry=off".to_owned());
        }
        if !self.essence {
            ways.push("essence=off".to_owned());
        }
        if ways.is_empty() { Ok(()) } else { write!(f, ";{}", ways.join(",")) }
    }
}
