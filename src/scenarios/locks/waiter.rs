//! How a client takes a lock of a service with sessions. In ZooKeeper (Curator's `LockInternals`) and etcd (`clientv3/concurrency`'s `Mutex`) it takes a
//! place, and is inside once its place is the first; until then it watches the place before its own, and looks again when that is gone. In Consul
//! (`api.Lock`) it tries to acquire the key, and again whenever that has changed, or, while the lock-delay lasts, some time later.

use super::Locks;
use super::client::{Client, Phase, because, note};
use super::vocabulary::{Answer, Command, Config, Msg, Service, Timer};
use crate::engine::Cx;

type Context<'a> = Cx<'a, Locks>;

impl Client {
    /// Whether it has a session that it keeps alive.
    pub fn has_session(&self) -> bool {
        self.is_inside() || matches!(self.phase, Phase::Asking | Phase::Waiting)
    }

    /// Sends a request.
    pub fn call(&self, config: &Config, command: Command, cx: &mut Context<'_>) {
        cx.send(config.master(0), Msg::Ask(self.owner(cx.me()), command));
    }

    /// An answer has come.
    pub fn on_keeper(&mut self, config: &Config, command: Command, answer: Answer, cx: &mut Context<'_>) {
        match (self.phase, command, answer) {
            (Phase::Releasing, Command::Delete(_), _) => {
                self.call(config, Command::Close, cx);
                self.phase = Phase::Done;
            }
            // The end of a connection shows when it is used.
            (_, Command::Ping, Answer::Expired) if config.rules.service == Service::Advisory => {}
            // Whoever does not mind the end of its lease (etcd's `Session.Done`) goes on.
            (_, _, Answer::Expired)
                if config.rules.service == Service::Etcd && !config.rules.stops && self.is_inside() => {}
            (_, _, Answer::Expired) if self.has_session() => {
                note(cx, "session expired", "Its session has ended, and with it its place: it stops.");
                self.stop(Phase::Lost, cx);
            }
            (_, Command::Ping, _) if self.has_session() => self.heard(config, cx),
            (Phase::Asking, Command::Connect, _) => {
                self.heard(config, cx);
                // While a statement waits, nobody looks whether its client is there.
                if config.rules.service != Service::Advisory {
                    cx.set_timer(Timer::Renew, period_ms(config));
                }
                self.call(config, Command::Create, cx);
            }
            (Phase::Asking, Command::Create, Answer::Int(place)) => {
                self.token = Some(place);
                match config.rules.service {
                    Service::Consul => self.enter(config, cx),
                    _ => self.call(config, Command::Children, cx),
                }
            }
            // The same session may lock again what it has locked.
            (Phase::Asking, Command::Create, Answer::Ok) if config.rules.twice && self.renewals == 0 => {
                self.renewals = 1;
                because(cx, "what it calls takes the lock again");
                self.call(config, Command::Create, cx);
            }
            (Phase::Asking, Command::Create, Answer::Ok) => self.enter(config, cx),
            (Phase::Asking, Command::Create, Answer::Nil) => self.watch(config, 0, cx),
            (Phase::Asking, Command::Create, Answer::Place { own, first }) => {
                self.token = Some(i64::from(own));
                if own == first {
                    self.enter(config, cx);
                } else if config.rules.herd {
                    self.watch(config, first, cx);
                } else {
                    self.call(config, Command::Before(own), cx);
                }
            }
            (Phase::Asking, Command::First | Command::Own, Answer::Int(place)) if Some(place) == self.token => {
                self.enter(config, cx);
            }
            (Phase::Working, Command::Own, Answer::Int(place)) if Some(place) == self.token => {
                because(cx, "it has just heard that it leads");
                self.write(config, cx);
            }
            (Phase::Working, Command::Own, _) => {
                note(cx, "leads no more", "Its key is gone: it stops.");
                self.stop(Phase::Lost, cx);
            }
            (Phase::Asking, Command::Own, _) => {
                note(cx, "its key is gone", "Its lease ended while it waited, and with it its key: it stops.");
                self.stop(Phase::Lost, cx);
            }
            (Phase::Asking, Command::First | Command::Before(_), Answer::Int(place)) => {
                self.watch(config, i32::try_from(place).unwrap_or(0), cx);
            }
            (Phase::Asking, Command::Before(_), _) if config.rules.checks => self.call(config, Command::Own, cx),
            (Phase::Asking, Command::Before(_), _) => self.enter(config, cx),
            // The key is nobody's, and yet it was not to be had: the lock-delay.
            (Phase::Waiting, Command::Watch(_), Answer::Nil) => cx.set_timer(Timer::Retry, config.retry_ms),
            (Phase::Asking, Command::Children, Answer::Children { first, others }) => {
                self.look_at(config, first, others, cx);
            }
            (Phase::Asking, Command::Watch(_), Answer::Ok) => self.phase = Phase::Waiting,
            (Phase::Asking, Command::Watch(_), _) => self.call(config, Command::Children, cx),
            _ => {}
        }
    }

    /// What it watched is gone.
    pub fn on_gone(&mut self, config: &Config, cx: &mut Context<'_>) {
        if self.phase == Phase::Waiting {
            self.phase = Phase::Asking;
            let own = self.token.and_then(|own| i32::try_from(own).ok()).unwrap_or(0);
            let look = match config.rules.service {
                Service::Consul => Command::Create,
                Service::Etcd if config.rules.herd => Command::First,
                Service::Etcd => Command::Before(own),
                _ => Command::Children,
            };
            self.call(config, look, cx);
        }
    }

    /// Waits until it is told that a place is gone.
    fn watch(&mut self, config: &Config, place: i32, cx: &mut Context<'_>) {
        self.phase = Phase::Waiting;
        self.call(config, Command::Watch(place), cx);
    }

    /// It shows that it lives, unless an answer is still to come.
    pub fn ping(&mut self, config: &Config, cx: &mut Context<'_>) {
        cx.set_timer(Timer::Renew, period_ms(config));
        if self.awaited == 0 {
            self.awaited = 1;
            self.asked_ms = cx.local_ms();
            self.call(config, Command::Ping, cx);
        }
    }

    /// The server lives and has heard of it, when it last asked or later.
    fn heard(&mut self, config: &Config, cx: &mut Context<'_>) {
        self.awaited = 0;
        if config.rules.service == Service::Advisory {
            return;
        }
        let ttl_ms = i64::from(config.ttl_ms);
        // The clients of etcd and Consul count from the answer, whenever it was that the server counted from.
        let (since_ms, early_ms) = match config.rules.service {
            // A client of ZooKeeper takes a connection for lost of which it has heard nothing for two thirds of its session.
            Service::ZooKeeper => (self.asked_ms, i64::from(config.ttl_ms / 3)),
            _ => (cx.local_ms(), 0),
        };
        self.until_ms = Some(since_ms + ttl_ms);
        if config.rules.stops {
            let patience_ms = since_ms + ttl_ms - early_ms - cx.local_ms();
            cx.set_timer(Timer::Deadline, u32::try_from(patience_ms).unwrap_or(0));
        }
    }

    /// It knows who is there: the lowest, and, as bits counted from it, all.
    fn look_at(&mut self, config: &Config, first: i32, others: u64, cx: &mut Context<'_>) {
        let own = self.token.and_then(|place| i32::try_from(place).ok()).unwrap_or(i32::MAX);
        if own == first {
            return self.enter(config, cx);
        }
        let before = (first..own).rev().find(|place| others.checked_shr((place - first) as u32).unwrap_or(0) & 1 == 1);
        let watched = if config.rules.herd { first } else { before.unwrap_or(first) };
        self.call(config, Command::Watch(watched), cx);
    }
}

/// How often it shows that it lives: every third of its session, or, of a Consul, every half.
pub fn period_ms(config: &Config) -> u32 {
    config.ttl_ms / if config.rules.service == Service::Consul { 2 } else { 3 }
}
