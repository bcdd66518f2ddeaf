//! An acceptor of Paxos Commit, which is also a leader when it must be. The coordinator is the first of them.
//!
//! Gray and Lamport, "Consensus on Transaction Commit" (2006), §4: one instance of Paxos for each participant's vote, ballot 0 of which the participant
//! proposes itself; 2F+1 acceptors, of which F may crash. A leader of a later ballot proposes *aborted* for instances in which nothing may have been
//! chosen. Messages of all instances travel in one (§4.2).

use super::TwoPhaseCommit;
use super::ghost::{decided, suspects};
use super::vocabulary::{Accepted, Begin, Config, Decision, MAX_PARTICIPANTS, Msg, Timer};
use crate::engine::{Cx, Disk, Input, NodeId};

/// Highest ballot: a leader that reaches it gives up (a limit of the model).
pub const BALLOT_MAX: u8 = 60;

/// State of an acceptor.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Acceptor {
    /// What it must never forget.
    pub disk: Disk<Promises>,
    /// The ballot that it leads.
    pub leads: Option<Leading>,
    /// The decision, once it knows it.
    pub outcome: Option<Decision>,
}

/// What an acceptor must never forget.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Promises {
    /// It takes part in no lower ballot.
    pub promised: u8,
    /// What it has accepted, instance by instance.
    pub accepted: Accepted,
}

/// A ballot under way, at its leader.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Leading {
    /// Its number.
    pub ballot: u8,
    /// Whether its values have been proposed (phase 2).
    pub proposed: bool,
    /// Acceptors that promised to follow (bit per acceptor).
    pub promises: u8,
    /// The highest accepted vote that those report, instance by instance.
    pub best: Accepted,
    /// What each acceptor has accepted in this ballot: (bit per participant: answered; prepared).
    pub votes: [(u8, u8); 5],
}

type Context<'a> = Cx<'a, TwoPhaseCommit>;

impl Acceptor {
    /// An acceptor that has promised nothing.
    pub fn new() -> Self {
        Acceptor { disk: Disk::new(Promises::default()), leads: None, outcome: None }
    }

    /// What a crash leaves.
    pub fn crashed(&self) -> Self {
        Acceptor { disk: self.disk.crashed(), leads: None, outcome: None }
    }

    /// Acts.
    pub fn on(&mut self, config: &Config, input: Input<TwoPhaseCommit>, cx: &mut Context<'_>) {
        match input {
            Input::Start | Input::Step(_) | Input::Restarted => {}
            Input::Timer(Timer::Vote | Timer::Ballot) => {
                if self.outcome.is_none() && self.leads.is_some() {
                    suspects(cx);
                    cx.because(|| "its ballot has not been decided in time".to_owned());
                    self.start_ballot(config, cx);
                }
            }
            Input::Timer(_) => {}
            Input::Message { from, msg } => self.on_message(config, from, msg, cx),
        }
    }

    fn on_message(&mut self, config: &Config, from: NodeId, msg: Msg, cx: &mut Context<'_>) {
        match msg {
            Msg::Request => self.begin(config, 0, cx),
            Msg::Phase2aVote { instance, prepared } => self.on_vote(config, instance, prepared, cx),
            Msg::Phase1a { ballot } => self.on_phase_1a(config, from, ballot, cx),
            Msg::Phase1b { ballot, accepted } => self.on_phase_1b(config, from, ballot, &accepted, cx),
            Msg::Phase2a { ballot, prepared } => self.on_phase_2a(config, from, ballot, prepared, cx),
            Msg::Phase2b { ballot, answered, prepared } => {
                let Some(index) = config.acceptor_index(from) else { return };
                self.tally(config, index, ballot, (answered, prepared), cx);
            }
            Msg::Inquiry => self.on_inquiry(config, from, cx),
            _ => {}
        }
    }

    /// Ballot 0: asks the participants to vote, but those (bit per participant) that have.
    fn begin(&mut self, config: &Config, voted: u8, cx: &mut Context<'_>) {
        let fresh = self.leads.is_none() && self.outcome.is_none() && self.disk.promised == 0;
        if !fresh {
            return;
        }
        self.leads = Some(Leading::new(0, true));
        for (index, node) in config.all_participants().enumerate() {
            if (voted >> index) & 1 == 0 {
                cx.send(node, Msg::Prepare);
            }
        }
        cx.set_timer(Timer::Vote, config.vote_timeout_ms);
    }

    /// Phase 2a of ballot 0, from a participant itself.
    fn on_vote(&mut self, config: &Config, instance: u8, prepared: bool, cx: &mut Context<'_>) {
        if self.disk.promised > 0 {
            return;
        }
        let is_leader = cx.me() == Config::COORDINATOR;
        if is_leader && config.begin == Begin::Participant {
            self.begin(config, 1 << instance, cx);
        }
        let slot = usize::from(instance);
        if self.disk.accepted[slot].is_none() {
            let record = format!("p{} {}", instance + 1, if prepared { "prepared" } else { "aborted" });
            self.keep(config, &record, cx, |promises| promises.accepted[slot] = Some((0, prepared)));
        }
        let (answered, yes) = self.disk.in_ballot(0);
        let complete = answered == config.everyone() || answered != yes;
        if !complete {
            return;
        }
        if is_leader {
            self.tally(config, 0, 0, (answered, yes), cx);
        } else {
            cx.send_again(Config::COORDINATOR, Msg::Phase2b { ballot: 0, answered, prepared: yes });
        }
    }

    /// Becomes the leader of the next ballot of its own.
    fn start_ballot(&mut self, config: &Config, cx: &mut Context<'_>) {
        let me = cx.me();
        let Some(index) = config.acceptor_index(me) else { return };
        let highest = self.disk.promised.max(self.leads.as_ref().map_or(0, |leading| leading.ballot));
        let Some(ballot) = (highest + 1..=BALLOT_MAX).find(|ballot| ballot % config.acceptors() == index) else {
            self.leads = None;
            return cx.note("gives up", || format!("Ballot {BALLOT_MAX} is as far as this model goes."));
        };
        self.keep(config, &format!("promised {ballot}"), cx, |promises| promises.promised = ballot);
        let mut leading = Leading::new(ballot, false);
        leading.promises = 1 << index;
        leading.best = self.disk.accepted;
        self.leads = Some(leading);
        for other in self.other_acceptors(config, me) {
            cx.send(other, Msg::Phase1a { ballot });
        }
        cx.cancel_timer(Timer::Vote);
        cx.set_timer(Timer::Ballot, config.vote_timeout_ms);
        self.propose_if_followed(config, cx);
    }

    fn on_phase_1a(&mut self, config: &Config, from: NodeId, ballot: u8, cx: &mut Context<'_>) {
        if ballot < self.disk.promised {
            return;
        }
        if ballot > self.disk.promised {
            self.keep(config, &format!("promised {ballot}"), cx, |promises| promises.promised = ballot);
            self.step_down(cx);
        }
        cx.send_again(from, Msg::Phase1b { ballot, accepted: self.disk.accepted });
    }

    fn on_phase_1b(&mut self, config: &Config, from: NodeId, ballot: u8, accepted: &Accepted, cx: &mut Context<'_>) {
        let Some(index) = config.acceptor_index(from) else { return };
        let Some(leading) = self.leads.as_mut().filter(|leading| leading.ballot == ballot && !leading.proposed) else {
            return;
        };
        leading.promises |= 1 << index;
        for (best, theirs) in leading.best.iter_mut().zip(accepted) {
            // The higher ballot wins; `None` orders below every vote.
            if theirs.map(|vote| vote.0) > best.map(|vote| vote.0) {
                *best = *theirs;
            }
        }
        self.propose_if_followed(config, cx);
    }

    /// Phase 2a, once a majority has promised: the reported vote where there is one, else *aborted*.
    fn propose_if_followed(&mut self, config: &Config, cx: &mut Context<'_>) {
        let me = cx.me();
        let Some(leading) = self.leads.as_mut() else { return };
        if leading.promises.count_ones() < u32::from(config.tolerated) + 1 {
            return;
        }
        leading.proposed = true;
        let ballot = leading.ballot;
        let prepared = (0..MAX_PARTICIPANTS)
            .filter(|at| leading.best[*at].is_some_and(|(_, prepared)| prepared))
            .fold(0_u8, |mask, at| mask | 1 << at);
        let free = (0..usize::from(config.participants)).any(|at| leading.best[at].is_none());
        cx.because(|| {
            if free {
                "a majority follows; what nobody has accepted it proposes to abort".to_owned()
            } else {
                "a majority follows and reports a vote of every participant".to_owned()
            }
        });
        self.accept_all(config, ballot, prepared, cx);
        for other in self.other_acceptors(config, me) {
            cx.send(other, Msg::Phase2a { ballot, prepared });
        }
        let index = config.acceptor_index(me).unwrap_or(0);
        self.tally(config, index, ballot, (config.everyone(), prepared), cx);
    }

    fn on_phase_2a(&mut self, config: &Config, from: NodeId, ballot: u8, prepared: u8, cx: &mut Context<'_>) {
        if ballot < self.disk.promised {
            return;
        }
        self.step_down(cx);
        self.accept_all(config, ballot, prepared, cx);
        cx.send_again(from, Msg::Phase2b { ballot, answered: config.everyone(), prepared });
    }

    fn accept_all(&mut self, config: &Config, ballot: u8, prepared: u8, cx: &mut Context<'_>) {
        let count = usize::from(config.participants);
        self.keep(config, &format!("accepted {ballot}"), cx, |promises| {
            promises.promised = ballot;
            for (at, vote) in promises.accepted.iter_mut().enumerate().take(count) {
                *vote = Some((ballot, (prepared >> at) & 1 == 1));
            }
        });
    }

    /// Phase 2b has come in (or is its own): decides once a majority has accepted the same vote in every instance, or an abort in one.
    fn tally(&mut self, config: &Config, index: u8, ballot: u8, vote: (u8, u8), cx: &mut Context<'_>) {
        let Some(leading) = self.leads.as_mut().filter(|leading| leading.ballot == ballot && leading.proposed) else {
            return;
        };
        leading.votes[usize::from(index)] = vote;
        let majority = usize::from(config.tolerated) + 1;
        let chosen = |wanted_prepared: bool, at: usize| {
            let count = leading.votes.iter().filter(|(answered, prepared)| {
                (answered >> at) & 1 == 1 && ((prepared >> at) & 1 == 1) == wanted_prepared
            });
            count.count() >= majority
        };
        let all = 0..usize::from(config.participants);
        if all.clone().any(|at| chosen(false, at)) {
            cx.because(|| "a majority has accepted that a participant aborted".to_owned());
            self.decide(config, Decision::Abort, cx);
        } else if all.clone().all(|at| chosen(true, at)) {
            cx.because(|| "a majority has accepted that every participant prepared".to_owned());
            self.decide(config, Decision::Commit, cx);
        }
    }

    fn decide(&mut self, config: &Config, decision: Decision, cx: &mut Context<'_>) {
        self.outcome = Some(decision);
        self.step_down(cx);
        cx.note(decision.word(), || format!("The votes that are chosen amount to a decision: {}.", decision.word()));
        decided(cx, decision);
        for node in config.all_participants() {
            cx.send_again(node, Msg::Decided(decision));
        }
        if config.begin == Begin::Client {
            cx.send_again(Config::CLIENT, Msg::Reply(decision));
        }
    }

    /// A participant in doubt asks: whoever knows answers, whoever does not leads a ballot to find out.
    fn on_inquiry(&mut self, config: &Config, from: NodeId, cx: &mut Context<'_>) {
        if let Some(decision) = self.outcome {
            return cx.send_again(from, Msg::Decided(decision));
        }
        if self.leads.is_none() {
            cx.because(|| "a participant is in doubt and no ballot is under way here".to_owned());
            self.start_ballot(config, cx);
        }
    }

    fn step_down(&mut self, cx: &mut Context<'_>) {
        self.leads = None;
        cx.cancel_timer(Timer::Vote);
        cx.cancel_timer(Timer::Ballot);
    }

    fn other_acceptors(&self, config: &Config, me: NodeId) -> Vec<NodeId> {
        (0..config.acceptors()).map(|index| config.acceptor(index)).filter(|node| *node != me).collect()
    }

    fn keep(&mut self, config: &Config, record: &str, cx: &mut Context<'_>, change: impl FnOnce(&mut Promises)) {
        if config.forced {
            cx.force(&mut self.disk, record, change);
        } else {
            cx.write(&mut self.disk, record, change);
        }
    }
}

impl Leading {
    fn new(ballot: u8, proposed: bool) -> Self {
        Leading { ballot, proposed, promises: 0, best: Accepted::default(), votes: [(0, 0); 5] }
    }
}

impl Promises {
    /// What it has accepted in a ballot: (bit per participant: answered; prepared).
    pub fn in_ballot(&self, ballot: u8) -> (u8, u8) {
        let mut answered = 0;
        let mut prepared = 0;
        for (at, vote) in self.accepted.iter().enumerate() {
            if let Some((in_ballot, yes)) = vote
                && *in_ballot == ballot
            {
                answered |= 1 << at;
                prepared |= u8::from(*yes) << at;
            }
        }
        (answered, prepared)
    }
}
