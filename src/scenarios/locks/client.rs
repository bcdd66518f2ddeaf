//! A client: takes the lock, reads, works, writes, and gives the lock back, by the rules of its variant.
//!
//! With several masters it asks them one after the other, as redlock-rb does, or all at once, as redsync does (redis/docs, "Distributed locks with
//! Redis"): it has the lock if a majority said yes and some of the lease is left when it looks at its clock a second time.

use std::hash::{Hash, Hasher};

use super::Locks;
use super::failover::is_enough;
use super::vocabulary::{Answer, Command, Config, Grain, Msg, Owner, Service, Step, Timer, validity_ms};
use super::waiter::period_ms;
use crate::engine::{Cx, Input, NodeId};

/// The mark on events by which a client enters its critical section.
pub const ENTERED: &str = "entered";
/// The mark on events by which a client begins to want the lock.
pub const WANTED: &str = "wanted";
/// The mark on events by which a client leaves a lock behind.
pub const LEFT: &str = "left";

/// State of a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Client {
    /// How far it is.
    pub phase: Phase,
    /// Which attempt this is; it stands in the lock, so a crash does not set it back.
    pub attempt: u8,
    /// How many attempts there were since it began.
    pub tries: u8,
    /// Which servers have yet to answer it (bit per server).
    pub awaited: u8,
    /// Which servers said yes (bit per server).
    pub granted: u8,
    /// How often it has asked for more time.
    pub renewals: u8,
    /// Its clock when it began to ask (or to renew), in ms.
    pub asked_ms: i64,
    /// Until when it holds the lease by its own reckoning, in ms of its clock.
    pub until_ms: Option<i64>,
    /// Its fencing token.
    pub token: Option<i64>,
    /// What few scenarios need.
    pub more: More,
}

/// What only few scenarios need of a client.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct More {
    /// Which server it takes for the master, where there are replicas.
    pub master: u8,
    /// Its clock when it began to want the lock, in ms, while it waits and that is limited.
    pub since_ms: Option<i64>,
    /// How often it has written, where it leads.
    pub written: u8,
}

// Where nothing more is needed, links that were shared end where they did.
impl Hash for Client {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.phase, self.attempt, self.tries, self.awaited, self.granted, self.renewals).hash(hasher);
        (self.asked_ms, self.until_ms, self.token).hash(hasher);
        if self.more != More::default() {
            self.more.hash(hasher);
        }
    }
}

/// How far a client is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Phase {
    /// It does not want the lock.
    Idle,
    /// It has asked for the lock.
    Asking,
    /// It has the lock and waits for the reply to its EXPIRE.
    Expiring,
    /// Inside: it has asked the storage what it is.
    Reading,
    /// Inside: it works.
    Working,
    /// Inside: it has sent what the storage shall be.
    Writing,
    /// Outside: it gives the lock back.
    Releasing,
    /// It is to draw how long it waits.
    Drawing,
    /// It waits before it tries again.
    Waiting,
    /// It was inside and gave the lock back.
    Done,
    /// Its work failed.
    Failed,
    /// It noticed that it no longer has the lock.
    Lost,
    /// It got no lock.
    GaveUp,
    /// The server does not answer: it has asked which is the master.
    Finding,
}

type Context<'a> = Cx<'a, Locks>;

/// Gives the reason of what follows.
pub fn because(cx: &mut Context<'_>, why: &'static str) {
    cx.because(|| why.to_owned());
}

/// Says something worth a row of its own.
pub fn note(cx: &mut Context<'_>, label: &str, sentence: &'static str) {
    cx.note(label, || sentence.to_owned());
}

impl Client {
    /// A client that wants nothing yet.
    pub fn new() -> Self {
        Client {
            phase: Phase::Idle,
            attempt: 0,
            tries: 0,
            awaited: 0,
            granted: 0,
            renewals: 0,
            asked_ms: 0,
            until_ms: None,
            token: None,
            more: More::default(),
        }
    }

    /// What a crash leaves: nothing but that no value is drawn twice.
    pub fn crashed(&self) -> Self {
        Client { attempt: self.attempt, more: More { master: self.more.master, ..More::default() }, ..Client::new() }
    }

    /// Whether it is in its critical section.
    pub fn is_inside(&self) -> bool {
        matches!(self.phase, Phase::Reading | Phase::Working | Phase::Writing)
    }

    /// Whether it knows of a lock with this owner, and will do something about it.
    pub fn minds(&self, owner: Owner) -> bool {
        self.attempt == owner.attempt
            && (self.is_inside() || matches!(self.phase, Phase::Asking | Phase::Expiring | Phase::Releasing))
    }

    /// Its value in the lock.
    pub fn owner(&self, me: NodeId) -> Owner {
        Owner { client: me.0, attempt: self.attempt }
    }

    /// Acts.
    pub fn on(&mut self, config: &Config, input: Input<Locks>, cx: &mut Context<'_>) {
        let me = cx.me();
        match input {
            Input::Start | Input::Restarted => {}
            Input::Step(Step::Begin) => self.begin(config, cx),
            Input::Step(Step::Wait(times)) => {
                self.phase = Phase::Waiting;
                cx.set_timer(Timer::Retry, config.retry_ms * u32::from(times));
            }
            Input::Timer(timer) => self.on_timer(config, timer, cx),
            Input::Message { from, msg } => match msg {
                Msg::Answer(owner, Command::Master, Answer::Int(server))
                    if owner == self.owner(me) && self.phase == Phase::Finding =>
                {
                    self.more.master = u8::try_from(server - 1).unwrap_or(0);
                    self.begin(config, cx);
                }
                // What answers an earlier attempt comes too late.
                Msg::Answer(owner, command, answer) if owner == self.owner(me) => {
                    self.on_answer(config, from, command, answer, cx);
                }
                Msg::Value(owner, token) if owner == self.owner(me) && self.phase == Phase::Reading => {
                    self.token = self.token.or(token);
                    self.phase = Phase::Working;
                    cx.set_timer(Timer::Work, config.work_ms);
                }
                Msg::Gone(owner, _) if owner == self.owner(me) => self.on_gone(config, cx),
                Msg::Written(owner)
                    if owner == self.owner(me) && self.phase == Phase::Writing && self.leads_on(config) =>
                {
                    because(cx, "it leads on");
                    self.phase = Phase::Reading;
                    cx.send(config.storage(), Msg::Read(owner, self.token));
                }
                Msg::Written(owner) if owner == self.owner(me) && self.phase == Phase::Writing => {
                    because(cx, "its work is done");
                    self.leave(config, Phase::Releasing, cx);
                }
                Msg::Refused(owner) if owner == self.owner(me) && self.is_inside() => {
                    note(cx, "fenced off", "The storage has seen a newer token, so its lock must be gone.");
                    self.leave(config, Phase::Lost, cx);
                }
                _ => {}
            },
        }
    }

    fn begin(&mut self, config: &Config, cx: &mut Context<'_>) {
        // A single server that said no holds nothing under the old value, which then serves again.
        if matches!(self.phase, Phase::Idle | Phase::Finding) || !config.rules.single || self.granted != 0 {
            self.attempt = self.attempt.saturating_add(1);
        }
        if config.limit_ms > 0 && self.more.since_ms.is_none() {
            self.more.since_ms = Some(cx.local_ms());
            cx.mark(WANTED);
            if config.rules.limited {
                cx.set_timer(Timer::Limit, config.limit_ms);
            }
        }
        // Counted only where there is an end to it, so that waiting is no ever new state.
        if config.tries != 0 {
            self.tries = self.tries.saturating_add(1);
        }
        self.granted = 0;
        self.more.written = 0;
        self.token = None;
        self.until_ms = None;
        self.renewals = 0;
        self.asked_ms = cx.local_ms();
        self.phase = Phase::Asking;
        if config.rules.service.has_sessions() {
            return self.call(config, Command::Connect, cx);
        }
        if config.rules.grain != Grain::One {
            return self.next_key(config, cx);
        }
        self.ask(config, if config.at_once { config.all_masters() } else { 1 << self.more.master }, cx);
    }

    /// The servers that may have a lock of its own.
    fn servers(&self, config: &Config) -> u8 {
        if config.rules.replicated { 1 << self.more.master } else { config.all_masters() }
    }

    /// The command by which it takes the lock.
    fn take(&self, config: &Config) -> Command {
        if config.rules.own_clock { Command::SetAt(self.asked_ms) } else { config.rules.take }
    }

    /// Asks these servers for the lock. All have the same patience with them, so that one timer stands for all.
    fn ask(&mut self, config: &Config, servers: u8, cx: &mut Context<'_>) {
        self.awaited = servers;
        cx.set_timer(Timer::Reply, config.timeout_ms);
        self.tell(config, servers, self.take(config), cx);
    }

    /// Sends a command to these servers.
    pub fn tell(&self, config: &Config, servers: u8, command: Command, cx: &mut Context<'_>) {
        let owner = self.owner(cx.me());
        for index in (0..config.masters).filter(|index| servers >> index & 1 == 1) {
            cx.send(config.master(index), Msg::Ask(owner, command));
        }
    }

    fn on_answer(&mut self, config: &Config, from: NodeId, command: Command, answer: Answer, cx: &mut Context<'_>) {
        if config.rules.service.has_sessions() {
            return self.on_keeper(config, command, answer, cx);
        }
        if let Command::SetKey(key) | Command::DelKey(key) = command {
            return self.on_key(config, key, answer, cx);
        }
        let server = 1 << config.index_of(from).unwrap_or(0);
        let is_awaited = self.awaited & server != 0;
        match (self.phase, command) {
            (Phase::Asking, _) if command == self.take(config) && is_awaited => {
                if let (Command::SetWithToken, Answer::Int(token)) = (command, answer) {
                    self.token = Some(token);
                }
                self.granted |= if answer.did() { server } else { 0 };
                self.awaited &= !server;
                if self.awaited == 0 {
                    self.next(config, server, cx);
                }
            }
            (Phase::Expiring, Command::Wait) if is_enough(config, answer) => self.enter(config, cx),
            (Phase::Expiring, Command::Wait) => self.put_off(config, "too few replicas have its lock", cx),
            (Phase::Expiring, Command::Expire | Command::Seize) => {
                self.until_ms = Some(self.asked_ms + i64::from(config.ttl_ms));
                self.enter(config, cx);
            }
            (Phase::Releasing, _) if command == config.rules.give => {
                cx.cancel_timer(Timer::Reply);
                self.phase = Phase::Done;
            }
            (_, Command::Extend(round)) if self.is_inside() && round == self.renewals && is_awaited => {
                self.granted |= if answer.did() { server } else { 0 };
                self.awaited &= !server;
                self.count_renewed(config, cx);
            }
            _ => {}
        }
    }

    /// Counts who gave it more time: a majority makes it, a majority that cannot come about any more ends it.
    fn count_renewed(&mut self, config: &Config, cx: &mut Context<'_>) {
        if self.granted.count_ones() >= config.quorum() {
            self.awaited = 0;
            let left_ms = validity_ms(config.ttl_ms, cx.local_ms() - self.asked_ms, config.margin);
            self.hold_for(config, left_ms, cx);
        } else if (self.granted | self.awaited).count_ones() < config.quorum() {
            note(cx, "lost the lock", "It asked for more time and found the lock gone: it stops.");
            self.leave(config, Phase::Lost, cx);
        }
    }

    /// Reckons that the lease is good for so many ms from now on.
    pub fn hold_for(&mut self, config: &Config, left_ms: i64, cx: &mut Context<'_>) {
        self.until_ms = Some(cx.local_ms() + left_ms);
        if config.rules.stops {
            cx.set_timer(Timer::Deadline, u32::try_from(left_ms).unwrap_or(0));
        }
    }

    /// Whom it asked last has answered, or will not: on to the next, or to the count.
    fn next(&mut self, config: &Config, asked: u8, cx: &mut Context<'_>) {
        self.awaited = 0;
        let next = asked << 1;
        if !config.rules.single && !config.at_once && next & config.all_masters() != 0 {
            return self.ask(config, next, cx);
        }
        cx.cancel_timer(Timer::Reply);
        let elapsed_ms = cx.local_ms() - self.asked_ms;
        let left_ms = validity_ms(config.ttl_ms, elapsed_ms, config.margin);
        let has_majority = self.granted.count_ones() >= config.quorum();
        if !has_majority && config.rules.ignores {
            note(cx, "goes on", "It did not get the lock, and does not look: it goes on as if it had.");
            return self.enter(config, cx);
        }
        if !has_majority {
            return self.put_off(config, "it did not get the lock", cx);
        }
        if config.rules.looks && left_ms <= 0 {
            cx.note("lease is over", || {
                format!(
                    "It has the lock, but asking took {elapsed_ms} ms of its {} ms: nothing is left.",
                    config.ttl_ms
                )
            });
            return self.put_off(config, "its lease is over before it began", cx);
        }
        match config.rules.take {
            Command::SetNx if config.rules.expires_later => {
                because(cx, "it has the lock and now gives it an expiry");
                self.follow_up(config, Command::Expire, cx);
            }
            Command::Look => {
                because(cx, "the lock is to be had");
                self.follow_up(config, Command::Seize, cx);
            }
            Command::SetNx => self.enter(config, cx),
            _ => {
                self.hold_for(config, left_ms, cx);
                if config.rules.acks > 0 {
                    because(cx, "it has the lock and now asks how many replicas have it");
                    self.follow_up(config, Command::Wait, cx);
                } else {
                    self.enter(config, cx);
                }
            }
        }
    }

    /// Sends the second command.
    fn follow_up(&mut self, config: &Config, command: Command, cx: &mut Context<'_>) {
        self.phase = Phase::Expiring;
        cx.set_timer(Timer::Reply, config.timeout_ms);
        self.tell(config, self.servers(config), command, cx);
    }

    /// Enters the critical section.
    pub fn enter(&mut self, config: &Config, cx: &mut Context<'_>) {
        cx.cancel_timer(Timer::Reply);
        self.wait_no_more(cx);
        self.phase = Phase::Reading;
        if config.rules.renews {
            cx.set_timer(Timer::Renew, config.renew_ms);
        } else if config.rules.service == Service::Advisory {
            cx.set_timer(Timer::Renew, period_ms(config));
        }
        because(cx, "it has the lock");
        cx.send(config.storage(), Msg::Read(self.owner(cx.me()), self.token));
        cx.mark(ENTERED);
    }

    /// Counts a write of a leader, which leads on after its first.
    fn leads_on(&mut self, config: &Config) -> bool {
        let is_first = config.rules.leads && self.more.written == 0;
        self.more.written += u8::from(is_first);
        is_first
    }

    /// Sends what the storage shall be.
    pub fn write(&mut self, config: &Config, cx: &mut Context<'_>) {
        self.phase = Phase::Writing;
        cx.send(config.storage(), Msg::Write(self.owner(cx.me()), self.token));
    }

    /// Whatever limited its waiting is of no matter any more.
    fn wait_no_more(&mut self, cx: &mut Context<'_>) {
        if self.more.since_ms.take().is_some() {
            cx.cancel_timer(Timer::Limit);
        }
    }

    /// It has not got the lock: it gives back what it may have, and tries again later.
    fn put_off(&mut self, config: &Config, why: &'static str, cx: &mut Context<'_>) {
        because(cx, why);
        // A single server that said no holds nothing of ours.
        if !config.rules.single || self.granted != 0 {
            self.give_back(config, cx);
        }
        self.until_ms = None;
        if config.tries != 0 && self.tries >= config.tries {
            note(cx, "gives up", "It has tried often enough.");
            self.wait_no_more(cx);
            self.phase = Phase::GaveUp;
        } else if config.rules.single {
            self.phase = Phase::Waiting;
            cx.set_timer(Timer::Retry, config.retry_ms);
        } else {
            self.phase = Phase::Drawing;
        }
    }

    /// Sends the release to every server, whatever it answered.
    pub fn give_back(&self, config: &Config, cx: &mut Context<'_>) {
        if config.rules.grain != Grain::One {
            return self.give_keys_back(config, cx);
        }
        let place = self.token.and_then(|place| i32::try_from(place).ok()).unwrap_or(0);
        let command = match (config.rules.service, self.phase) {
            (Service::Redis | Service::Table, _) => config.rules.give,
            (_, Phase::Releasing) => Command::Delete(place),
            _ => Command::Close,
        };
        self.tell(config, self.servers(config), command, cx);
    }

    /// Leaves the critical section, or the queue, without a word.
    pub fn stop(&mut self, to: Phase, cx: &mut Context<'_>) {
        for timer in [Timer::Work, Timer::Renew, Timer::Deadline, Timer::Retry] {
            cx.cancel_timer(timer);
        }
        self.until_ms = None;
        (self.awaited, self.renewals) = (0, 0);
        self.phase = to;
    }

    /// Leaves the critical section.
    fn leave(&mut self, config: &Config, to: Phase, cx: &mut Context<'_>) {
        self.stop(to, cx);
        match to {
            Phase::Failed => {
                if config.rules.service == Service::Advisory {
                    because(cx, "it closes its connection, as whatever happens");
                    self.call(config, Command::Close, cx);
                }
                cx.mark(LEFT);
            }
            _ => self.give_back(config, cx),
        }
        if to == Phase::Releasing && !config.rules.service.has_sessions() {
            if config.rules.single {
                cx.set_timer(Timer::Reply, config.timeout_ms);
            } else {
                self.phase = Phase::Done;
            }
        }
    }

    fn on_timer(&mut self, config: &Config, timer: Timer, cx: &mut Context<'_>) {
        match (timer, self.phase) {
            (Timer::Reply, Phase::Asking) if !config.rules.single => self.next(config, self.awaited, cx),
            (Timer::Reply, Phase::Asking | Phase::Expiring) if config.rules.replicated => {
                because(cx, "Redis does not answer");
                self.phase = Phase::Finding;
                (self.awaited, self.until_ms) = (0, None);
                cx.set_timer(Timer::Reply, config.timeout_ms * 4);
                if let Some(sentinel) = config.sentinel() {
                    cx.send(sentinel, Msg::Ask(self.owner(cx.me()), Command::Master));
                }
            }
            (Timer::Reply, Phase::Asking | Phase::Expiring | Phase::Finding) => {
                note(
                    cx,
                    "no answer",
                    match config.rules.service {
                        Service::Table => "The database does not answer: it gives up.",
                        _ => "Redis does not answer: it gives up.",
                    },
                );
                cx.mark(LEFT);
                self.awaited = 0;
                self.wait_no_more(cx);
                self.phase = Phase::GaveUp;
            }
            (Timer::Reply, Phase::Releasing) => {
                note(
                    cx,
                    "no answer",
                    match config.rules.service {
                        Service::Table => "The database does not answer: whether the lock is free, it does not know.",
                        _ => "Redis does not answer: whether the lock is free, it does not know.",
                    },
                );
                cx.mark(LEFT);
                self.phase = Phase::Done;
            }
            (Timer::Retry, Phase::Waiting) if config.rules.service.has_sessions() => {
                self.phase = Phase::Asking;
                self.call(config, Command::Create, cx);
            }
            (Timer::Retry, Phase::Waiting) if config.rules.grain != Grain::One => self.next_key(config, cx),
            (Timer::Retry, Phase::Waiting) => self.begin(config, cx),
            (Timer::Limit, phase) => {
                note(cx, "gives up", "It has waited as long as it may, and says so to whoever asked it.");
                // What it has asked for may be on its way to it.
                if phase == Phase::Asking || config.rules.grain != Grain::One {
                    self.give_back(config, cx);
                }
                cx.cancel_timer(Timer::Reply);
                self.wait_no_more(cx);
                self.stop(Phase::GaveUp, cx);
            }
            (Timer::Work, Phase::Working) if config.throws >> cx.me().0 & 1 == 1 => {
                note(cx, "exception", "Its work fails with an exception.");
                if config.rules.finally {
                    because(cx, "the release stands in a finally");
                    self.leave(config, Phase::Releasing, cx);
                } else {
                    self.leave(config, Phase::Failed, cx);
                }
            }
            (Timer::Work, Phase::Working) if config.rules.asks_first => {
                because(cx, "it asks before it writes");
                self.call(config, Command::Own, cx);
            }
            (Timer::Work, Phase::Working) => self.write(config, cx),
            (Timer::Renew, _) if config.rules.service.has_sessions() => self.ping(config, cx),
            (Timer::Renew, _) if self.is_inside() => {
                self.asked_ms = cx.local_ms();
                self.renewals = self.renewals.wrapping_add(1);
                (self.awaited, self.granted) = (self.servers(config), 0);
                cx.set_timer(Timer::Renew, config.renew_ms);
                because(cx, "its watchdog renews the lease");
                self.tell(config, self.servers(config), Command::Extend(self.renewals), cx);
            }
            (Timer::Deadline, _) if config.rules.service.has_sessions() => {
                note(
                    cx,
                    "connection lost",
                    match config.rules.service {
                        Service::ZooKeeper => "It has heard nothing for two thirds of its session: it stops.",
                        _ => "It has heard nothing for as long as its session lasts: it stops.",
                    },
                );
                self.leave(config, Phase::Lost, cx);
            }
            (Timer::Deadline, _) if self.is_inside() => {
                note(cx, "stops", "Its lease is over by its own clock: it stops without writing.");
                because(cx, "its lease is over");
                self.leave(config, Phase::Lost, cx);
            }
            _ => {}
        }
    }
}
