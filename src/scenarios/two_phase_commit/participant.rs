//! A participant of the whole family: it has done its part of the transaction, holds a row lock, and votes.
//!
//! Until it votes yes it may abort on its own; from then on it is *in doubt* and keeps its lock until it knows the decision (Bernstein,
//! Hadzilacos and Goodman 1987, §7.4). How it gets out of doubt is what the variants differ in.

use super::TwoPhaseCommit;
use super::ghost::{VOTED, decided, suspects};
use super::termination::Termination;
use super::vocabulary::{Begin, Config, Decision, Msg, Record, Rules, StateReport, Timer};
use crate::engine::{Cx, Disk, Input, NodeId};

/// State of a participant.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Participant {
    /// Its log.
    pub log: Disk<Vec<Record>>,
    /// How far it is.
    pub phase: Phase,
    /// Other participants that said they are in doubt too (bit per participant).
    pub doubtful: u8,
    /// Paxos Commit: which acceptor it asks next.
    pub asks: u8,
    /// Three-phase commit: its part in the termination protocol.
    pub termination: Termination,
}

/// How far a participant is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Phase {
    /// It has not voted.
    Working,
    /// It voted yes and does not know the decision.
    Prepared,
    /// Three-phase commit: it knows that everyone voted yes.
    PreCommitted,
    /// It has decided.
    Decided(Decision),
}

type Context<'a> = Cx<'a, TwoPhaseCommit>;

impl Participant {
    /// A participant that has done its work.
    pub fn new() -> Self {
        Participant {
            log: Disk::new(Vec::new()),
            phase: Phase::Working,
            doubtful: 0,
            asks: 0,
            termination: Termination::default(),
        }
    }

    /// What a crash leaves.
    pub fn crashed(&self) -> Self {
        Participant { log: self.log.crashed(), ..Participant::new() }
    }

    /// Whether it voted yes and has not decided.
    pub fn is_in_doubt(&self) -> bool {
        matches!(self.phase, Phase::Prepared | Phase::PreCommitted)
    }

    /// Acts.
    pub fn on(&mut self, config: &Config, input: Input<TwoPhaseCommit>, cx: &mut Context<'_>) {
        match input {
            Input::Start => cx.set_timer(Timer::Work, config.work_timeout_ms),
            Input::Step(_) => self.vote(config, cx),
            Input::Restarted => self.recover(config, cx),
            Input::Timer(timer) => self.on_timer(config, timer, cx),
            Input::Message { from, msg } => self.on_message(config, from, msg, cx),
        }
    }

    fn on_message(&mut self, config: &Config, from: NodeId, msg: Msg, cx: &mut Context<'_>) {
        match msg {
            Msg::Prepare => self.on_prepare(config, cx),
            Msg::Decided(decision) => self.on_decision(config, from, decision, cx),
            Msg::Inquiry => self.on_inquiry(config, from, cx),
            Msg::InDoubt => {
                let index = config.index_of(from).unwrap_or(0);
                self.doubtful |= 1 << index;
            }
            Msg::PreCommit => self.on_pre_commit(from, cx),
            Msg::AckPreCommit => self.on_ack_pre_commit(config, from, cx),
            Msg::StateRequest => self.on_state_request(config, from, cx),
            Msg::State(report) => self.on_state(config, from, report, cx),
            _ => {}
        }
    }

    fn on_timer(&mut self, config: &Config, timer: Timer, cx: &mut Context<'_>) {
        match timer {
            Timer::Work if self.phase == Phase::Working => {
                suspects(cx);
                cx.because(|| "nobody has asked it to vote, and until it votes it may".to_owned());
                self.abort_alone(config, cx);
            }
            Timer::Decision if self.is_in_doubt() => self.on_doubt(config, cx),
            Timer::States => self.judge_states(config, cx),
            Timer::PreCommit => self.finish_pre_commit(config, cx),
            _ => {}
        }
    }

    fn on_prepare(&mut self, config: &Config, cx: &mut Context<'_>) {
        match self.phase {
            Phase::Working => self.vote(config, cx),
            Phase::Prepared => self.send_vote(config, true, cx),
            Phase::Decided(Decision::Abort) => self.send_vote(config, false, cx),
            Phase::PreCommitted | Phase::Decided(Decision::Commit) => {}
        }
    }

    fn vote(&mut self, config: &Config, cx: &mut Context<'_>) {
        cx.cancel_timer(Timer::Work);
        let me = cx.me();
        let index = config.index_of(me).unwrap_or(0);
        if (config.votes_no >> index) & 1 == 1 {
            cx.because(|| "its local check failed".to_owned());
            self.record(config, Record::Decided(Decision::Abort), config.rules != Rules::PresumedAbort, cx);
            cx.mark(VOTED);
            cx.ghost(|ghost| ghost.no |= 1 << index);
            self.settle(Decision::Abort, cx);
            self.send_vote(config, false, cx);
            return;
        }
        cx.because(|| "its local check passed".to_owned());
        self.record(config, Record::Yes, true, cx);
        cx.mark(VOTED);
        cx.ghost(|ghost| ghost.yes |= 1 << index);
        self.phase = Phase::Prepared;
        self.send_vote(config, true, cx);
        cx.set_timer(Timer::Decision, self.patience_ms(config, me));
    }

    fn send_vote(&mut self, config: &Config, yes: bool, cx: &mut Context<'_>) {
        if config.rules != Rules::PaxosCommit {
            return cx.send_again(Config::COORDINATOR, if yes { Msg::Yes } else { Msg::No });
        }
        // Gray and Lamport 2006, §4.2: in the normal case the votes go to F+1 of the acceptors only.
        let instance = config.index_of(cx.me()).unwrap_or(0);
        for index in 0..=config.tolerated {
            cx.send_again(config.acceptor(index), Msg::Phase2aVote { instance, prepared: yes });
        }
    }

    fn abort_alone(&mut self, config: &Config, cx: &mut Context<'_>) {
        self.record(config, Record::Decided(Decision::Abort), config.rules != Rules::PresumedAbort, cx);
        self.settle(Decision::Abort, cx);
        if config.begin == Begin::Participant && config.index_of(cx.me()) == Some(0) {
            self.send_vote(config, false, cx);
        }
    }

    /// Notes the decision and lets go of the lock. Call it behind the write that makes the decision durable.
    fn settle(&mut self, decision: Decision, cx: &mut Context<'_>) {
        decided(cx, decision);
        self.phase = Phase::Decided(decision);
        self.termination = Termination::default();
        self.doubtful = 0;
        for timer in [Timer::Work, Timer::Decision, Timer::States, Timer::PreCommit] {
            cx.cancel_timer(timer);
        }
    }

    /// Writes a decision down and takes it over.
    pub(super) fn decide(&mut self, config: &Config, decision: Decision, cx: &mut Context<'_>) {
        let lazily = config.rules == Rules::PresumedAbort && decision == Decision::Abort;
        self.record(config, Record::Decided(decision), !lazily, cx);
        self.settle(decision, cx);
    }

    fn on_decision(&mut self, config: &Config, from: NodeId, decision: Decision, cx: &mut Context<'_>) {
        match self.phase {
            Phase::Working if decision == Decision::Commit => {
                cx.note("ignores commit", || "It never voted, so this commit cannot be meant.".to_owned());
                return;
            }
            Phase::Working | Phase::Prepared | Phase::PreCommitted => self.decide(config, decision, cx),
            Phase::Decided(own) if own != decision => {
                let (own, told) = (own.state(), decision.word());
                cx.note("too late", || format!("Told to {told}, but it has already {own}: it cannot go back."));
                return;
            }
            Phase::Decided(_) => {}
        }
        let acknowledged = config.rules != Rules::PaxosCommit
            && from == Config::COORDINATOR
            && !(config.rules == Rules::PresumedAbort && decision == Decision::Abort);
        if acknowledged {
            cx.without_reason();
            cx.send_again(Config::COORDINATOR, Msg::Ack);
        }
    }

    /// It has waited long enough for the decision.
    fn on_doubt(&mut self, config: &Config, cx: &mut Context<'_>) {
        suspects(cx);
        match config.rules {
            Rules::GivesUp => {
                cx.because(|| "it has waited too long for the decision and gives up".to_owned());
                self.decide(config, Decision::Abort, cx);
            }
            Rules::ThreePhase if !self.termination.recovering => self.lead(config, cx),
            _ => self.inquire(config, cx),
        }
    }

    fn inquire(&mut self, config: &Config, cx: &mut Context<'_>) {
        let me = cx.me();
        cx.because(|| "it voted yes and does not know the decision".to_owned());
        match config.rules {
            Rules::PaxosCommit => {
                cx.send_again(config.acceptor(self.asks), Msg::Inquiry);
                self.asks = (self.asks + 1) % config.acceptors();
            }
            Rules::Cooperative | Rules::ThreePhase => {
                self.doubtful = 0;
                cx.send_again(Config::COORDINATOR, Msg::Inquiry);
                for node in config.others(me) {
                    cx.send_again(node, Msg::Inquiry);
                }
            }
            Rules::GivesUp | Rules::NoLog | Rules::Basic | Rules::PresumedAbort => {
                cx.send_again(Config::COORDINATOR, Msg::Inquiry);
            }
        }
        cx.set_timer(Timer::Decision, config.decision_timeout_ms);
    }

    fn on_inquiry(&mut self, config: &Config, from: NodeId, cx: &mut Context<'_>) {
        match self.phase {
            Phase::Decided(decision) => cx.send_again(from, Msg::Decided(decision)),
            // Three-phase commit has its own way: the asker waits until a backup coordinator has decided.
            Phase::Prepared | Phase::PreCommitted if config.rules == Rules::ThreePhase => {}
            Phase::Prepared | Phase::PreCommitted => {
                cx.because(|| "it voted yes and does not know the decision either".to_owned());
                cx.send_again(from, Msg::InDoubt);
            }
            Phase::Working => {
                cx.because(|| "it has not voted, so it may still abort and thereby free the others".to_owned());
                self.abort_alone(config, cx);
                cx.send_again(from, Msg::Decided(Decision::Abort));
            }
        }
    }

    /// Recovery from the log (Bernstein, Hadzilacos and Goodman 1987, §7.4): without a yes it aborts, with one it must ask.
    fn recover(&mut self, config: &Config, cx: &mut Context<'_>) {
        let decision = self.log.iter().find_map(|record| match record {
            Record::Decided(decision) => Some(*decision),
            _ => None,
        });
        if let Some(decision) = decision {
            self.phase = Phase::Decided(decision);
            return;
        }
        if self.log.contains(&Record::Yes) {
            self.phase = Phase::Prepared;
            self.termination.recovering = config.rules == Rules::ThreePhase;
            return self.inquire(config, cx);
        }
        cx.because(|| "its log has no yes, and the crash took its work".to_owned());
        self.abort_alone(config, cx);
    }

    /// How long it waits for the decision, in ms. In three-phase commit participants become backup coordinators one after the other, far enough
    /// apart that the first has told the rest before their patience ends.
    pub(super) fn patience_ms(&self, config: &Config, me: NodeId) -> u32 {
        if config.rules != Rules::ThreePhase {
            return config.decision_timeout_ms;
        }
        let rank = u32::from(config.index_of(me).unwrap_or(0));
        config.decision_timeout_ms + rank * 4 * config.reckoned_delay_ms()
    }

    /// What it tells a backup coordinator.
    pub(super) fn report(&self) -> StateReport {
        match self.phase {
            _ if self.termination.recovering => StateReport::Recovering,
            Phase::Working | Phase::Decided(Decision::Abort) => StateReport::Decided(Decision::Abort),
            Phase::Prepared => StateReport::Uncertain,
            Phase::PreCommitted => StateReport::PreCommitted,
            Phase::Decided(Decision::Commit) => StateReport::Decided(Decision::Commit),
        }
    }

    pub(super) fn abort_unvoted(&mut self, config: &Config, cx: &mut Context<'_>) {
        if self.phase == Phase::Working {
            cx.because(|| "it has not voted".to_owned());
            self.abort_alone(config, cx);
        }
    }

    fn record(&mut self, config: &Config, record: Record, force: bool, cx: &mut Context<'_>) {
        if force && config.forced {
            cx.force(&mut self.log, record.word(), |log| log.push(record));
        } else {
            cx.write(&mut self.log, record.word(), |log| log.push(record));
        }
    }
}
