//! The termination protocol of three-phase commit: a participant that has waited too long becomes a backup coordinator.
//!
//! Bernstein, Hadzilacos and Goodman 1987, §7.5 (after Skeen 1981): the backup asks all for their states and applies the termination rules. It relies
//! on bounded delays: whoever does not answer in time has crashed. A participant that crashed since its vote does not take part.

use super::TwoPhaseCommit;
use super::participant::{Participant, Phase};
use super::vocabulary::{Config, Decision, Msg, StateReport, Timer, participants_in};
use crate::engine::{Cx, NodeId};

/// A participant's part in the termination protocol.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Termination {
    /// It crashed since its vote.
    pub recovering: bool,
    /// It is the backup coordinator.
    pub leads: bool,
    /// The backup that it follows.
    pub follows: Option<NodeId>,
    /// States that have come in, its own included (by participant).
    pub states: [Option<StateReport>; 5],
    /// Participants that it waits for to pre-commit (bit per participant).
    pub awaited: u8,
}

type Context<'a> = Cx<'a, TwoPhaseCommit>;

impl Participant {
    /// Becomes the backup coordinator.
    pub(super) fn lead(&mut self, config: &Config, cx: &mut Context<'_>) {
        let me = cx.me();
        let index = usize::from(config.index_of(me).unwrap_or(0));
        let own = self.report();
        self.termination = Termination { leads: true, ..Termination::default() };
        self.termination.states[index] = Some(own);
        cx.because(|| "the coordinator is silent, and somebody must finish".to_owned());
        for node in config.others(me) {
            cx.send(node, Msg::StateRequest);
        }
        cx.set_timer(Timer::States, 2 * config.reckoned_delay_ms() + 20);
    }

    pub(super) fn on_state_request(&mut self, config: &Config, from: NodeId, cx: &mut Context<'_>) {
        if self.termination.leads {
            return cx.send(from, Msg::State(StateReport::Leading));
        }
        self.abort_unvoted(config, cx);
        if self.is_in_doubt() && !self.termination.recovering {
            self.termination.follows = Some(from);
            let patience = self.patience_ms(config, cx.me());
            cx.set_timer(Timer::Decision, patience);
        }
        cx.without_reason();
        cx.send(from, Msg::State(self.report()));
    }

    pub(super) fn on_state(&mut self, config: &Config, from: NodeId, report: StateReport, cx: &mut Context<'_>) {
        if !self.termination.leads {
            return;
        }
        if report == StateReport::Leading {
            self.termination = Termination { follows: Some(from), ..Termination::default() };
            cx.cancel_timer(Timer::States);
            cx.cancel_timer(Timer::PreCommit);
            let patience = self.patience_ms(config, cx.me());
            return cx.set_timer(Timer::Decision, patience);
        }
        if let Some(index) = config.index_of(from) {
            self.termination.states[usize::from(index)] = Some(report);
        }
    }

    /// The time for answers is over: applies the termination rules TR1 to TR4.
    pub(super) fn judge_states(&mut self, config: &Config, cx: &mut Context<'_>) {
        if !self.termination.leads {
            return;
        }
        let states = self.termination.states;
        let known = |wanted: StateReport| states.iter().flatten().any(|state| *state == wanted);
        if known(StateReport::Decided(Decision::Abort)) {
            cx.because(|| "somebody has aborted".to_owned());
            self.conclude(config, Decision::Abort, cx);
        } else if known(StateReport::Decided(Decision::Commit)) {
            cx.because(|| "somebody has committed".to_owned());
            self.conclude(config, Decision::Commit, cx);
        } else if known(StateReport::PreCommitted) {
            self.spread_pre_commit(config, cx);
        } else {
            cx.because(|| "nobody that is up has pre-committed, so nobody can have committed".to_owned());
            self.conclude(config, Decision::Abort, cx);
        }
    }

    /// TR4: brings those that are uncertain up to pre-committed before anybody commits.
    fn spread_pre_commit(&mut self, config: &Config, cx: &mut Context<'_>) {
        self.phase = Phase::PreCommitted;
        let states = self.termination.states;
        cx.because(|| "somebody has pre-committed, so everybody voted yes".to_owned());
        for (index, node) in config.all_participants().enumerate() {
            if node != cx.me() && states[index] == Some(StateReport::Uncertain) {
                self.termination.awaited |= 1 << index;
                cx.send(node, Msg::PreCommit);
            }
        }
        if self.termination.awaited == 0 {
            return self.finish_pre_commit(config, cx);
        }
        cx.set_timer(Timer::PreCommit, 2 * config.reckoned_delay_ms() + 20);
    }

    pub(super) fn on_pre_commit(&mut self, from: NodeId, cx: &mut Context<'_>) {
        // From whom it does not follow any more (or yet), a pre-commit is stale.
        let expected = self.termination.follows.unwrap_or(Config::COORDINATOR) == from;
        if !self.is_in_doubt() || self.termination.recovering || self.termination.leads || !expected {
            return;
        }
        self.phase = Phase::PreCommitted;
        cx.send(from, Msg::AckPreCommit);
    }

    pub(super) fn on_ack_pre_commit(&mut self, config: &Config, from: NodeId, cx: &mut Context<'_>) {
        let Some(index) = config.index_of(from) else { return };
        if !self.termination.leads || self.termination.awaited == 0 {
            return;
        }
        self.termination.awaited &= !(1 << index);
        if self.termination.awaited == 0 {
            self.finish_pre_commit(config, cx);
        }
    }

    /// Everyone that is up has pre-committed.
    pub(super) fn finish_pre_commit(&mut self, config: &Config, cx: &mut Context<'_>) {
        if !self.termination.leads {
            return;
        }
        let missing = self.termination.awaited;
        cx.because(|| {
            if missing == 0 {
                "everyone that is up has pre-committed".to_owned()
            } else {
                format!("{} must have crashed, and all others have pre-committed", participants_in(missing))
            }
        });
        self.conclude(config, Decision::Commit, cx);
    }

    fn conclude(&mut self, config: &Config, decision: Decision, cx: &mut Context<'_>) {
        let me = cx.me();
        self.decide(config, decision, cx);
        for node in config.others(me) {
            cx.send(node, Msg::Decided(decision));
        }
        cx.send(Config::COORDINATOR, Msg::Decided(decision));
    }
}
