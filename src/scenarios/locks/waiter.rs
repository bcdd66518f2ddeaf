//! How a client takes a lock in ZooKeeper: Curator's recipe (`LockInternals`). It takes a place, and is inside once its place is the first; until then
//! it watches the place before its own, and looks again when that is gone.

use super::Locks;
use super::client::{Client, Phase, note};
use super::vocabulary::{Answer, Command, Config, Msg, Timer};
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
            (_, _, Answer::Expired) if self.has_session() => {
                note(cx, "session expired", "ZooKeeper has ended its session, and with it its place: it stops.");
                self.stop(Phase::Lost, cx);
            }
            (_, Command::Ping, _) if self.has_session() => self.heard(config, cx),
            (Phase::Asking, Command::Connect, _) => {
                self.heard(config, cx);
                cx.set_timer(Timer::Renew, config.ttl_ms / 3);
                self.call(config, Command::Create, cx);
            }
            (Phase::Asking, Command::Create, Answer::Int(place)) => {
                self.token = Some(place);
                self.call(config, Command::Children, cx);
            }
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
            self.call(config, Command::Children, cx);
        }
    }

    /// It shows that it lives, unless an answer is still to come.
    pub fn ping(&mut self, config: &Config, cx: &mut Context<'_>) {
        cx.set_timer(Timer::Renew, config.ttl_ms / 3);
        if self.awaited == 0 {
            self.awaited = 1;
            self.asked_ms = cx.local_ms();
            self.call(config, Command::Ping, cx);
        }
    }

    /// The server lives and has heard of it, when it last asked or later.
    fn heard(&mut self, config: &Config, cx: &mut Context<'_>) {
        self.awaited = 0;
        let left_ms = self.asked_ms + i64::from(config.ttl_ms) - cx.local_ms();
        self.until_ms = Some(cx.local_ms() + left_ms);
        if config.rules.stops {
            // A client takes a connection for lost of which it has heard nothing for two thirds of its session.
            let patience_ms = left_ms - i64::from(config.ttl_ms / 3);
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
