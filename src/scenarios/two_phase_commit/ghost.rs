//! What invariants need to know and no node does: who voted and decided what, ever.

use super::vocabulary::{Decision, MAX_LANES};
use crate::engine::{Cx, NodeId};

use super::TwoPhaseCommit;

/// The mark on events by which a process decides.
pub const DECIDED: &str = "decided";
/// The mark on events by which a process reverses its decision.
pub const REVERSED: &str = "reversed";
/// The mark on events by which a participant votes.
pub const VOTED: &str = "voted";

/// Auxiliary state of a run.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Ghost {
    /// First decision of each process, by lane.
    pub decided: [Option<Decision>; MAX_LANES],
    /// The first process that decided one way and then the other.
    pub reversed: Option<NodeId>,
    /// Participants that voted yes (bit per participant).
    pub yes: u8,
    /// Participants that voted no.
    pub no: u8,
    /// Whether a timeout made a node suspect a failure.
    pub suspected: bool,
}

/// Notes that this process has decided. Call it behind the effect by which it does.
pub fn decided(cx: &mut Cx<'_, TwoPhaseCommit>, decision: Decision) {
    let me = cx.me();
    let mut mark = None;
    cx.ghost(|ghost| match ghost.decided[me.index()] {
        None => {
            ghost.decided[me.index()] = Some(decision);
            mark = Some(DECIDED);
        }
        Some(first) if first != decision => {
            ghost.reversed.get_or_insert(me);
            mark = Some(REVERSED);
        }
        Some(_) => {}
    });
    if let Some(mark) = mark {
        cx.mark(mark);
    }
}

/// Notes that a timeout made this node suspect a failure.
pub fn suspects(cx: &mut Cx<'_, TwoPhaseCommit>) {
    cx.ghost(|ghost| ghost.suspected = true);
}
