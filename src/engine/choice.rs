//! Choices: what may happen next, named by what they are.
//!
//! | written | means |
//! | --- | --- |
//! | `c-p1`, `c-p1.2` | the oldest (second oldest) message in flight from c to p1 arrives |
//! | `c-p1!drop`, `c-p1.2!dup` | the network drops (duplicates) it |
//! | `c:vote` | the timer `vote` of c fires; time runs to it |
//! | `cl.begin` | node cl takes its step `begin` |
//! | `p2!crash` `!restart` `!pause` `!resume` | what befalls a node |
//! | `p2!jump5000`, `p2!jump-5000` | its clock jumps by so many ms |
//! | `p2!rate1500` | its clock runs at so many thousandths of true speed |
//! | `p1~p2!cut`, `!heal` | these nodes are cut off from all others; all partitions end |
//! | `…!crash2` | after an arrival, a timer or a step: the acting node crashes after its second effect (send or write to its log) |
//! | `…+10` | 10 ms pass first |

use std::fmt::Write as _;

use super::clock::{JUMP_MAX_MS, RATE_MAX_PERMILLE, RATE_MIN_PERMILLE};
use super::ground::Ground;
use super::run::ChoiceError;
use super::trace::NodeId;

/// Longest wait before a choice, in ms.
pub const WAIT_MAX_MS: u32 = 100_000_000;
/// Longest text of one choice.
pub const CHOICE_TEXT_MAX: usize = 200;

/// What may happen next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Choice {
    /// What happens.
    pub act: Act,
    /// How many ms pass first (0 for a timer, which says itself when it fires).
    pub wait_ms: u32,
    /// The acting node crashes after so many effects of its handler.
    pub crash_after: Option<u8>,
}

/// What happens. Messages, timers and steps are told by their places in the world in which the choice is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// A message arrives: the `nth` oldest on its channel, from 1.
    Deliver { from: NodeId, to: NodeId, nth: u16 },
    /// The network drops a message.
    Drop { from: NodeId, to: NodeId, nth: u16 },
    /// The network duplicates a message.
    Duplicate { from: NodeId, to: NodeId, nth: u16 },
    /// A timer fires: its place among those of the node, from 0.
    Fire { node: NodeId, timer: u16 },
    /// A node does something of its own accord: its place among the steps that the node offers, from 0.
    Step { node: NodeId, step: u16 },
    /// A node crashes.
    Crash { node: NodeId },
    /// A node comes back.
    Restart { node: NodeId },
    /// A process stops executing.
    Pause { node: NodeId },
    /// A process goes on.
    Resume { node: NodeId },
    /// A clock jumps.
    Jump { node: NodeId, by_ms: i64 },
    /// A clock changes its speed.
    Rate { node: NodeId, permille: u32 },
    /// A set of nodes (bit per node) is cut off from all others.
    Cut { side: u32 },
    /// All partitions end.
    Heal,
}

impl Act {
    /// The node that acts, where one does.
    pub(super) fn actor(&self) -> Option<NodeId> {
        match *self {
            Act::Deliver { to: node, .. } | Act::Fire { node, .. } | Act::Step { node, .. } => Some(node),
            _ => None,
        }
    }
}

impl Choice {
    /// A choice that happens at once and without a crash in its midst.
    pub fn now(act: Act) -> Self {
        Choice { act, wait_ms: 0, crash_after: None }
    }

    /// Its name in a run string; `ids` are those of the lifelines.
    pub fn name(&self, ground: &dyn Ground, ids: &[String]) -> String {
        let id = |node: NodeId| ids[node.index()].as_str();
        let channel = |from: NodeId, to: NodeId, nth: u16| match nth {
            1 => format!("{}-{}", id(from), id(to)),
            _ => format!("{}-{}.{nth}", id(from), id(to)),
        };
        let mut text = match self.act {
            Act::Deliver { from, to, nth } => channel(from, to, nth),
            Act::Drop { from, to, nth } => channel(from, to, nth) + "!drop",
            Act::Duplicate { from, to, nth } => channel(from, to, nth) + "!dup",
            Act::Fire { node, timer } => format!("{}:{}", id(node), ground.timer_name(node, timer)),
            Act::Step { node, step } => format!("{}.{}", id(node), ground.step(node, step).0),
            Act::Crash { node } => format!("{}!crash", id(node)),
            Act::Restart { node } => format!("{}!restart", id(node)),
            Act::Pause { node } => format!("{}!pause", id(node)),
            Act::Resume { node } => format!("{}!resume", id(node)),
            Act::Jump { node, by_ms } => format!("{}!jump{by_ms}", id(node)),
            Act::Rate { node, permille } => format!("{}!rate{permille}", id(node)),
            Act::Cut { side } => {
                let names: Vec<&str> =
                    ids.iter().enumerate().filter(|(at, _)| (side >> at) & 1 == 1).map(|(_, id)| id.as_str()).collect();
                names.join("~") + "!cut"
            }
            Act::Heal => "!heal".to_owned(),
        };
        if let Some(effects) = self.crash_after {
            let _ = write!(text, "!crash{effects}");
        }
        if self.wait_ms > 0 {
            let _ = write!(text, "+{}", self.wait_ms);
        }
        text
    }

    /// Reads a choice. Names of timers and steps are looked up in the world in which it is to be taken.
    ///
    /// # Errors
    /// Where the text is not a choice, or names a node, timer or step that is not there.
    pub fn parse(text: &str, ground: &dyn Ground, ids: &[String]) -> Result<Self, ChoiceError> {
        if text.len() > CHOICE_TEXT_MAX {
            let shown: String = text.chars().take(24).collect();
            return Err(syntax(&(shown + "…"), "it is too long"));
        }
        let (head, wait_ms) = match text.split_once('+') {
            Some((head, digits)) => (head, number(text, digits, "the wait after `+`", u64::from(WAIT_MAX_MS))? as u32),
            None => (text, 0),
        };
        let mut parts = head.split('!');
        let subject = parts.next().unwrap_or_default();
        let verb = parts.next();
        let second_verb = parts.next();
        if parts.next().is_some() {
            return Err(syntax(text, "it has too many `!`"));
        }
        let reader = Reader { text, ground, ids };
        let (act, crash_after) = reader.act(subject, verb, second_verb)?;
        if wait_ms > 0 && matches!(act, Act::Fire { .. }) {
            return Err(syntax(text, "a timer fires when its clock says so, so it takes no `+`"));
        }
        Ok(Choice { act, wait_ms, crash_after })
    }
}

fn syntax(text: &str, why: &str) -> ChoiceError {
    ChoiceError::Syntax { choice: text.to_owned(), why: why.to_owned() }
}

/// Digits only: no sign, no space, so that every choice has one spelling.
fn number(text: &str, digits: &str, what: &str, max: u64) -> Result<u64, ChoiceError> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits
        .parse::<u64>()
        .ok()
        .filter(|number| plain && *number <= max)
        .ok_or_else(|| syntax(text, &format!("{what} must be a whole number up to {max}")))
}

struct Reader<'a> {
    text: &'a str,
    ground: &'a dyn Ground,
    ids: &'a [String],
}

impl Reader<'_> {
    fn act(
        &self,
        subject: &str,
        verb: Option<&str>,
        second_verb: Option<&str>,
    ) -> Result<(Act, Option<u8>), ChoiceError> {
        let acting = subject.contains(['-', ':', '.']);
        match verb {
            Some(verb) if acting => self.on_message(subject, verb, second_verb),
            _ if second_verb.is_some() => Err(syntax(self.text, "it has too many `!`")),
            Some(verb) => Ok((self.on_node(subject, verb)?, None)),
            None => Ok((self.happening(subject)?, None)),
        }
    }

    /// `c-p1!drop`, `c-p1!dup`, and whatever may end in `!crash2`.
    fn on_message(
        &self,
        subject: &str,
        verb: &str,
        second_verb: Option<&str>,
    ) -> Result<(Act, Option<u8>), ChoiceError> {
        if second_verb.is_some() {
            return Err(syntax(self.text, "it has too many `!`"));
        }
        let act = self.happening(subject)?;
        if let Some(digits) = verb.strip_prefix("crash") {
            return Ok((act, Some(number(self.text, digits, "the number of effects after `!crash`", 255)? as u8)));
        }
        match (act, verb) {
            (Act::Deliver { from, to, nth }, "drop") => Ok((Act::Drop { from, to, nth }, None)),
            (Act::Deliver { from, to, nth }, "dup") => Ok((Act::Duplicate { from, to, nth }, None)),
            _ => Err(syntax(self.text, &format!("`{verb}` is not something that can befall it"))),
        }
    }

    /// A message, a timer or a step of a node.
    fn happening(&self, subject: &str) -> Result<Act, ChoiceError> {
        let Some(at) = subject.find(['-', ':', '.']) else {
            return Err(syntax(self.text, "it names no message, timer, step or fault"));
        };
        let (head, rest) = (&subject[..at], &subject[at + 1..]);
        let node = self.node(head)?;
        match subject.as_bytes()[at] {
            b'-' => {
                let (to, nth) = match rest.split_once('.') {
                    Some((to, digits)) => (to, number(self.text, digits, "the place after `.`", 9999)? as u16),
                    None => (rest, 1),
                };
                if nth == 0 {
                    return Err(syntax(self.text, "messages are counted from 1"));
                }
                Ok(Act::Deliver { from: node, to: self.node(to)?, nth })
            }
            b':' => {
                let mut timers = (0..).take_while(|at| self.ground.reading(node, *at).is_some());
                match timers.find(|at| self.ground.timer_name(node, *at) == rest) {
                    Some(timer) => Ok(Act::Fire { node, timer }),
                    None => Err(self.absent(format!("{head} has no timer `{}` running", clip(rest)))),
                }
            }
            _ => match (0..self.ground.steps(node)).find(|at| self.ground.step(node, *at).0 == rest) {
                Some(step) => Ok(Act::Step { node, step }),
                None => Err(self.absent(format!("{head} cannot do `{}` now", clip(rest)))),
            },
        }
    }

    fn on_node(&self, subject: &str, verb: &str) -> Result<Act, ChoiceError> {
        if verb == "heal" && subject.is_empty() {
            return Ok(Act::Heal);
        }
        if verb == "cut" {
            let mut side = 0_u32;
            for id in subject.split('~') {
                side |= 1 << self.node(id)?.0;
            }
            return Ok(Act::Cut { side });
        }
        let node = self.node(subject)?;
        match verb {
            "crash" => Ok(Act::Crash { node }),
            "restart" => Ok(Act::Restart { node }),
            "pause" => Ok(Act::Pause { node }),
            "resume" => Ok(Act::Resume { node }),
            _ => self.on_clock(node, verb),
        }
    }

    fn on_clock(&self, node: NodeId, verb: &str) -> Result<Act, ChoiceError> {
        if let Some(digits) = verb.strip_prefix("jump") {
            let (sign, digits) = digits.strip_prefix('-').map_or((1, digits), |digits| (-1, digits));
            let by = number(self.text, digits, "the jump", JUMP_MAX_MS as u64)? as i64;
            if by == 0 {
                return Err(syntax(self.text, "a jump by 0 ms is none"));
            }
            return Ok(Act::Jump { node, by_ms: sign * by });
        }
        if let Some(digits) = verb.strip_prefix("rate") {
            let permille = number(self.text, digits, "the rate", u64::from(RATE_MAX_PERMILLE))? as u32;
            if permille < RATE_MIN_PERMILLE {
                return Err(syntax(self.text, &format!("the rate must be at least {RATE_MIN_PERMILLE}")));
            }
            return Ok(Act::Rate { node, permille });
        }
        Err(syntax(self.text, &format!("`{}` is not something that can befall a node", clip(verb))))
    }

    fn node(&self, id: &str) -> Result<NodeId, ChoiceError> {
        match self.ids.iter().position(|known| known == id) {
            Some(at) => Ok(NodeId(at as u8)),
            None if id.is_empty() => Err(syntax(self.text, "it lacks the name of a node")),
            None => Err(syntax(self.text, &format!("there is no node `{}`", clip(id)))),
        }
    }

    fn absent(&self, why: String) -> ChoiceError {
        ChoiceError::NotEnabled { choice: self.text.to_owned(), why }
    }
}

fn clip(text: &str) -> String {
    text.chars().take(24).collect()
}
