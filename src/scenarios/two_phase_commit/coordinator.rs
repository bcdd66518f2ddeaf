//! The coordinator of two-phase and three-phase commit.
//!
//! Basic: Bernstein, Hadzilacos and Goodman, *Concurrency Control and Recovery in Database Systems* (1987), §7.4: a start record before voting,
//! the decision forced before it is sent. Presumed abort: Mohan, Lindsay and Obermarck, "Transaction Management in the R* Distributed Database
//! Management System" (1986), §3: no start record, nothing written or acknowledged for an abort, and no information means abort.
//! Three-phase: §7.5 of the former: pre-commit before commit, acknowledged by all that are up.

use super::TwoPhaseCommit;
use super::ghost::{decided, suspects};
use super::vocabulary::{Begin, Config, Decision, Msg, Record, Rules, Timer, have, participants_in};
use crate::engine::{Cx, Disk, Input, NodeId};

/// State of the coordinator.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Coordinator {
    /// Its log.
    pub log: Disk<Vec<Record>>,
    /// How far it is.
    pub phase: Phase,
    /// Participants that voted yes (bit per participant).
    pub yes: u8,
    /// Participants that voted no.
    pub no: u8,
    /// Participants that acknowledged the pre-commit or the decision.
    pub acks: u8,
}

/// How far a coordinator is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Phase {
    /// It has not been asked yet.
    Idle,
    /// It restarted and knows of no transaction: whatever there was, it never decided to commit it (or has forgotten).
    Forgotten,
    /// It waits for votes.
    Collecting,
    /// Three-phase commit: it waits for acknowledgements of the pre-commit.
    PreCommitting,
    /// Three-phase commit: it restarted in the midst of a transaction and asks how it ended.
    Recovering,
    /// It has decided and tells the participants.
    Telling(Decision),
    /// It has decided and expects nothing more.
    Done(Decision),
}

type Context<'a> = Cx<'a, TwoPhaseCommit>;

impl Coordinator {
    /// A coordinator that knows of no transaction.
    pub fn new() -> Self {
        Coordinator { log: Disk::new(Vec::new()), phase: Phase::Idle, yes: 0, no: 0, acks: 0 }
    }

    /// What a crash leaves.
    pub fn crashed(&self) -> Self {
        Coordinator { log: self.log.crashed(), ..Coordinator::new() }
    }

    /// Acts.
    pub fn on(&mut self, config: &Config, input: Input<TwoPhaseCommit>, cx: &mut Context<'_>) {
        match input {
            Input::Start | Input::Step(_) => {}
            Input::Restarted => self.recover(config, cx),
            Input::Timer(timer) => self.on_timer(config, timer, cx),
            Input::Message { from, msg } => self.on_message(config, from, msg, cx),
        }
    }

    fn on_message(&mut self, config: &Config, from: NodeId, msg: Msg, cx: &mut Context<'_>) {
        let sender = config.index_of(from).map_or(0, |index| 1_u8 << index);
        match (msg, self.phase) {
            (Msg::Request, Phase::Idle) => self.begin(config, cx),
            // Gray and Lamport's plain case: the first vote sets the protocol off (or the question that follows a lost vote).
            (Msg::Yes | Msg::Inquiry, Phase::Idle) if config.begin == Begin::Participant => {
                self.yes |= sender;
                self.begin(config, cx);
            }
            (Msg::No, Phase::Idle | Phase::Collecting) => {
                self.no |= sender;
                cx.because(|| format!("{} voted no", participants_in(sender)));
                self.decide(config, Decision::Abort, cx);
            }
            // Whoever asks for the decision has voted yes; its vote may have been lost.
            (Msg::Yes | Msg::Inquiry, Phase::Collecting) => self.count_yes(config, sender, cx),
            (Msg::Inquiry, Phase::Telling(decision) | Phase::Done(decision)) => {
                cx.send_again(from, Msg::Decided(decision));
            }
            (Msg::Inquiry | Msg::Yes, Phase::Forgotten) => self.presume_abort(from, cx),
            (Msg::AckPreCommit, Phase::PreCommitting) => {
                self.acks |= sender;
                if self.acks == config.everyone() {
                    cx.because(|| "everyone has pre-committed".to_owned());
                    self.decide(config, Decision::Commit, cx);
                }
            }
            (Msg::Ack, Phase::Telling(decision)) => self.count_ack(config, sender, decision, cx),
            (Msg::Decided(decision), Phase::Recovering | Phase::Collecting | Phase::PreCommitting) => {
                cx.because(|| "a participant knows how it ended".to_owned());
                self.record(config, Record::Decided(decision), true, cx);
                decided(cx, decision);
                self.phase = Phase::Done(decision);
                for timer in [Timer::Decision, Timer::Vote, Timer::PreCommit] {
                    cx.cancel_timer(timer);
                }
                self.reply(config, decision, cx);
            }
            _ => {}
        }
    }

    fn on_timer(&mut self, config: &Config, timer: Timer, cx: &mut Context<'_>) {
        match (timer, self.phase) {
            (Timer::Vote, Phase::Collecting) => {
                suspects(cx);
                let missing = config.everyone() & !self.yes;
                cx.because(|| format!("the vote of {} has not come in time", participants_in(missing)));
                self.decide(config, Decision::Abort, cx);
            }
            (Timer::PreCommit, Phase::PreCommitting) => {
                suspects(cx);
                let missing = config.everyone() & !self.acks;
                cx.because(|| {
                    format!("{} must have crashed, and all others have pre-committed", participants_in(missing))
                });
                self.decide(config, Decision::Commit, cx);
            }
            (Timer::Ack, Phase::Telling(decision)) => self.tell_again(config, decision, cx),
            (Timer::Decision, Phase::Recovering) => self.ask_participants(config, cx),
            _ => {}
        }
    }

    fn begin(&mut self, config: &Config, cx: &mut Context<'_>) {
        if config.rules != Rules::PresumedAbort {
            self.record(config, Record::Start, true, cx);
        }
        self.phase = Phase::Collecting;
        let voted = self.yes;
        for (index, node) in config.all_participants().enumerate() {
            if (voted >> index) & 1 == 0 {
                cx.send(node, Msg::Prepare);
            }
        }
        cx.set_timer(Timer::Vote, config.vote_timeout_ms);
        if self.yes == config.everyone() {
            self.all_voted_yes(config, cx);
        }
    }

    fn count_yes(&mut self, config: &Config, sender: u8, cx: &mut Context<'_>) {
        self.yes |= sender;
        if self.yes == config.everyone() {
            self.all_voted_yes(config, cx);
        }
    }

    fn all_voted_yes(&mut self, config: &Config, cx: &mut Context<'_>) {
        cx.because(|| "everyone voted yes".to_owned());
        if config.rules != Rules::ThreePhase {
            return self.decide(config, Decision::Commit, cx);
        }
        cx.cancel_timer(Timer::Vote);
        self.phase = Phase::PreCommitting;
        self.acks = 0;
        for node in config.all_participants() {
            cx.send(node, Msg::PreCommit);
        }
        cx.set_timer(Timer::PreCommit, 2 * config.reckoned_delay_ms() + 20);
    }

    /// Decides, tells the client, and tells the participants that do not know yet. The decision stands from the moment it is in the log; without
    /// a log, from the moment it is made.
    fn decide(&mut self, config: &Config, decision: Decision, cx: &mut Context<'_>) {
        cx.cancel_timer(Timer::Vote);
        cx.cancel_timer(Timer::PreCommit);
        let silent = config.rules == Rules::PresumedAbort && decision == Decision::Abort;
        if silent || config.rules == Rules::NoLog {
            cx.note(decision.word(), || format!("c decides to {} and writes nothing down.", decision.word()));
        } else {
            self.record(config, Record::Decided(decision), true, cx);
        }
        decided(cx, decision);
        self.acks = 0;
        self.phase = Phase::Telling(decision);
        self.tell(config, decision, cx);
        self.reply(config, decision, cx);
        if silent {
            self.phase = Phase::Done(decision);
            return;
        }
        self.await_acks(config, decision, cx);
    }

    /// Participants that must hear of the decision: all but those that aborted by voting no.
    fn audience(&self, config: &Config) -> u8 {
        config.everyone() & !self.no
    }

    fn tell(&mut self, config: &Config, decision: Decision, cx: &mut Context<'_>) {
        let waiting = self.audience(config) & !self.acks;
        for (index, node) in config.all_participants().enumerate() {
            if (waiting >> index) & 1 == 1 {
                cx.send_again(node, Msg::Decided(decision));
            }
        }
    }

    fn tell_again(&mut self, config: &Config, decision: Decision, cx: &mut Context<'_>) {
        let missing = self.audience(config) & !self.acks;
        cx.because(|| format!("{} {} not acknowledged", participants_in(missing), have(missing)));
        self.tell(config, decision, cx);
        cx.set_timer(Timer::Ack, config.retry_ms);
    }

    fn reply(&self, config: &Config, decision: Decision, cx: &mut Context<'_>) {
        if config.begin == Begin::Client {
            cx.send(Config::CLIENT, Msg::Reply(decision));
        }
    }

    fn await_acks(&mut self, config: &Config, decision: Decision, cx: &mut Context<'_>) {
        if self.audience(config) & !self.acks == 0 {
            return self.end(config, decision, cx);
        }
        cx.set_timer(Timer::Ack, config.retry_ms);
    }

    fn count_ack(&mut self, config: &Config, sender: u8, decision: Decision, cx: &mut Context<'_>) {
        self.acks |= sender;
        if self.audience(config) & !self.acks == 0 {
            cx.because(|| "everyone has acknowledged".to_owned());
            self.end(config, decision, cx);
        }
    }

    fn end(&mut self, config: &Config, decision: Decision, cx: &mut Context<'_>) {
        cx.cancel_timer(Timer::Ack);
        self.record(config, Record::End, false, cx);
        self.phase = Phase::Done(decision);
    }

    /// No information means abort: by rule in presumed abort, by having forgotten in the variant without a log.
    fn presume_abort(&mut self, from: NodeId, cx: &mut Context<'_>) {
        cx.because(|| "c knows nothing of the transaction".to_owned());
        cx.send_again(from, Msg::Decided(Decision::Abort));
        decided(cx, Decision::Abort);
    }

    /// Recovery from the log.
    fn recover(&mut self, config: &Config, cx: &mut Context<'_>) {
        let decision = self.log.iter().find_map(|record| match record {
            Record::Decided(decision) => Some(*decision),
            _ => None,
        });
        let ended = self.log.contains(&Record::End);
        match decision {
            Some(decision) if ended => self.phase = Phase::Done(decision),
            Some(decision) => {
                self.phase = Phase::Telling(decision);
                cx.because(|| format!("its log says {} but not that everyone knows", decision.word()));
                self.tell(config, decision, cx);
                self.reply(config, decision, cx);
                cx.set_timer(Timer::Ack, config.retry_ms);
            }
            None if self.log.is_empty() => self.phase = Phase::Forgotten,
            // The others may have finished without it: three-phase commit must ask.
            None if config.rules == Rules::ThreePhase => {
                self.phase = Phase::Recovering;
                cx.because(|| "its log says that voting began and not how it ended".to_owned());
                self.ask_participants(config, cx);
            }
            None => {
                cx.because(|| "its log says that voting began and not how it ended".to_owned());
                self.decide(config, Decision::Abort, cx);
            }
        }
    }

    fn ask_participants(&mut self, config: &Config, cx: &mut Context<'_>) {
        for node in config.all_participants() {
            cx.send_again(node, Msg::Inquiry);
        }
        cx.set_timer(Timer::Decision, config.decision_timeout_ms);
    }

    fn record(&mut self, config: &Config, record: Record, force: bool, cx: &mut Context<'_>) {
        if config.rules == Rules::NoLog {
            return;
        }
        if force && config.forced {
            cx.force(&mut self.log, record.word(), |log| log.push(record));
        } else {
            cx.write(&mut self.log, record.word(), |log| log.push(record));
        }
    }
}
