//! A Redis master with its replicas, and the Sentinel that puts a replica in its place.
//!
//! Replication is asynchronous: the master answers, and then sends what it did to its replicas (redis/docs, "Redis replication"). WAIT answers once so many
//! replicas have said that they have all that was sent before. A client whose master does not answer asks the Sentinel, which looks for itself and
//! promotes a replica if the master does not answer it either (redis/docs, "High availability with Redis Sentinel").

use std::hash::Hash;

use super::Locks;
use super::client::{because, note};
use super::servers::Server;
use super::vocabulary::{Answer, Command, Config, FENCE, LOCK, Msg, Owner, Timer};
use crate::engine::{Cx, Input, KeyHasher, NodeId};
use crate::servers::redis::{ExpireIf, Expiry, SetIf};

type Context<'a> = Cx<'a, Locks>;

/// State of a Redis that is a master or a replica.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Member {
    /// What any Redis is.
    pub server: Server,
    /// Which server it takes for the master: itself, or another.
    pub follows: u8,
    /// Whose WAIT is not answered yet, and which servers have said that they have all.
    waits: Vec<(Owner, u8)>,
}

impl Member {
    /// An empty one, of which the first is the master.
    pub fn new() -> Self {
        Member { server: Server::new(), follows: 0, waits: Vec::new() }
    }

    /// What a crash leaves; whose replica it was stands in its configuration.
    pub fn crashed(&self) -> Self {
        Member { server: self.server.crashed(), follows: self.follows, waits: Vec::new() }
    }

    /// Acts.
    pub fn on(&mut self, config: &Config, input: Input<Locks>, cx: &mut Context<'_>) {
        let own = config.index_of(cx.me()).unwrap_or(0);
        let is_master = self.follows == own;
        match input {
            Input::Message { from, msg: Msg::Ask(owner, Command::GetAck) }
                if config.index_of(from) == Some(self.follows) =>
            {
                cx.send(from, Msg::Answer(owner, Command::GetAck, Answer::Ok));
            }
            Input::Message { from, msg: Msg::Copy(owner, command, left_ms) }
                if config.index_of(from) == Some(self.follows) || command == Command::Promote =>
            {
                self.follows = config.index_of(from).unwrap_or(self.follows);
                self.copy(config, owner, command, left_ms, cx);
            }
            Input::Message { from, msg: Msg::Answer(owner, Command::GetAck, _) } => {
                let bit = 1 << config.index_of(from).unwrap_or(0);
                self.waits.iter_mut().filter(|(other, _)| *other == owner).for_each(|(_, acks)| *acks |= bit);
                self.answer_waits(|acks| acks.count_ones() >= u32::from(config.rules.acks), cx);
            }
            Input::Message { from, msg: Msg::Ask(owner, Command::Ping) } => {
                cx.send(from, Msg::Answer(owner, Command::Ping, Answer::Ok));
            }
            Input::Message { from, msg: Msg::Ask(owner, Command::Promote) } => {
                self.follows = own;
                self.server.await_expiry(cx);
                // Whoever was another's replica takes over all that the new master has.
                for other in others(config, own) {
                    cx.send(other, Msg::Copy(owner, Command::Promote, 0));
                    if let Some((holder, left_ms)) = self.server.lock(cx.local_ms()) {
                        cx.send(other, Msg::Copy(holder, Command::Set, left_ms));
                    }
                }
                cx.send(from, Msg::Answer(owner, Command::Promote, Answer::Ok));
            }
            Input::Message { msg: Msg::Ask(owner, Command::Wait), .. } if is_master => {
                self.waits.push((owner, 0));
                cx.set_timer(Timer::Wait, config.timeout_ms / 2);
                others(config, own).for_each(|other| cx.send(other, Msg::Ask(owner, Command::GetAck)));
            }
            Input::Timer(Timer::Wait) => {
                because(cx, "its WAIT is over");
                self.answer_waits(|_| true, cx);
            }
            Input::Message { from, msg: Msg::Ask(owner, command) } if is_master && from.0 < config.clients => {
                let answer = self.server.serve(config, from, owner, command, cx);
                if answer.did() {
                    let left_ms = self.server.lock(cx.local_ms()).map_or(0, |(_, left_ms)| left_ms);
                    others(config, own).for_each(|other| cx.send(other, Msg::Copy(owner, command, left_ms)));
                }
            }
            Input::Message { .. } => {}
            // A replica deletes nothing of its own accord.
            Input::Restarted if !is_master => {}
            input => self.server.on(config, input, cx),
        }
    }

    /// Hashes what it knows beside its data.
    pub fn hash_rest(&self, hasher: &mut KeyHasher) {
        (self.follows, &self.waits).hash(hasher);
    }

    /// Answers the WAITs of which that many acknowledgements are enough, with how many there are.
    fn answer_waits(&mut self, is_enough: impl Fn(u8) -> bool, cx: &mut Context<'_>) {
        self.waits.retain(|(owner, acks)| {
            if is_enough(*acks) {
                let count = Answer::Int(i64::from(acks.count_ones()));
                cx.send(NodeId(owner.client), Msg::Answer(*owner, Command::Wait, count));
            }
            !is_enough(*acks)
        });
        if self.waits.is_empty() {
            cx.cancel_timer(Timer::Wait);
        }
    }

    /// Does what the master did.
    fn copy(&mut self, config: &Config, owner: Owner, command: Command, left_ms: i64, cx: &mut Context<'_>) {
        let now_ms = cx.local_ms();
        let (data, value) = (&mut self.server.data, owner.text());
        match command {
            Command::Promote => {
                *data = Default::default();
                cx.cancel_timer(Timer::Expire);
            }
            Command::Set | Command::SetWithToken => {
                data.set(now_ms, LOCK, &value, SetIf::Always, Expiry::After(left_ms), false);
                if command == Command::SetWithToken {
                    data.incr_by(now_ms, FENCE, 1);
                }
            }
            Command::Extend(_) => {
                data.pexpire(now_ms, LOCK, left_ms, ExpireIf::default());
            }
            _ => {
                data.del(now_ms, LOCK);
            }
        }
        self.server.keep(config, owner, command, cx);
    }
}

/// The other servers.
fn others(config: &Config, own: u8) -> impl Iterator<Item = NodeId> {
    let config = (config.masters, config.clients);
    (0..config.0).filter(move |index| *index != own).map(move |index| NodeId(config.1 + index))
}

/// State of the Sentinel. What it has decided is durable.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Sentinel {
    /// Which server is the master.
    pub master: u8,
    /// Which it promotes, if it does.
    promotes: Option<u8>,
    /// Who asked for the master and has no answer yet.
    asked: Vec<Owner>,
}

impl Sentinel {
    /// Acts.
    pub fn on(&mut self, config: &Config, input: Input<Locks>, cx: &mut Context<'_>) {
        match input {
            Input::Message { msg: Msg::Ask(owner, Command::Master), .. } => {
                self.asked.push(owner);
                if self.asked.len() == 1 {
                    because(cx, "it looks for itself whether the master answers");
                    self.ask(config, self.promotes.unwrap_or(self.master), owner, cx);
                }
            }
            Input::Message { from, msg: Msg::Answer(_, command, _) } => {
                let from = config.index_of(from).unwrap_or(0);
                match command {
                    Command::Ping if from == self.master && self.promotes.is_none() => {}
                    Command::Promote if Some(from) == self.promotes => {
                        (self.master, self.promotes) = (from, None);
                        cx.note("+switch-master", || format!("Its master is now r{}.", from + 1));
                    }
                    _ => return,
                }
                cx.cancel_timer(Timer::Down);
                for owner in std::mem::take(&mut self.asked) {
                    cx.send(
                        NodeId(owner.client),
                        Msg::Answer(owner, Command::Master, Answer::Int(i64::from(from) + 1)),
                    );
                }
            }
            Input::Timer(Timer::Down) => {
                let silent = self.promotes.unwrap_or(self.master);
                let next = (silent + 1) % config.masters;
                note(cx, "+odown", "The one that it asked does not answer in time: it takes it for down.");
                self.promotes = (next != self.master).then_some(next);
                if let Some(owner) = self.asked.first().copied() {
                    self.ask(config, next, owner, cx);
                }
            }
            _ => {}
        }
    }

    fn ask(&self, config: &Config, server: u8, owner: Owner, cx: &mut Context<'_>) {
        let command = if self.promotes.is_some() { Command::Promote } else { Command::Ping };
        cx.send(config.master(server), Msg::Ask(owner, command));
        cx.set_timer(Timer::Down, config.timeout_ms);
    }
}

impl Server {
    /// The lock that it holds, and for how long, in ms.
    pub fn lock(&self, now_ms: i64) -> Option<(Owner, i64)> {
        let (_, text, until_ms) = self.data.list(now_ms).find(|(key, ..)| *key == LOCK)?;
        Some((Owner::parse(text)?, until_ms.map_or(0, |until_ms| until_ms - now_ms)))
    }
}

/// Whether a reply says that enough replicas have the lock.
pub fn is_enough(config: &Config, answer: Answer) -> bool {
    matches!(answer, Answer::Int(count) if count >= i64::from(config.rules.acks))
}
