//! The servers: a Redis with its disk, and the storage that the lock is there to protect.

use super::Locks;
use super::client::{because, note};
use super::vocabulary::{Answer, Command, Config, FENCE, Grain, KEYS, LOCK, Msg, Owner, Persistence, Timer};
use crate::engine::{Cx, Disk, Input, NodeId};
use crate::servers::redis::{ExpireIf, Expiry, Redis, Reply, SetIf};

/// The mark on events by which a Redis deletes a lock.
pub const DELETED: &str = "deleted";
/// The mark on events by which a Redis gives the lock away.
pub const GRANTED: &str = "granted";
/// The mark on events by which the storage takes a write.
pub const WROTE: &str = "wrote";

/// State of a Redis.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Server {
    /// What it holds in memory.
    pub data: Redis,
    /// What of that is on its disk, where it has one.
    pub disk: Disk<Redis>,
    /// Whether it keeps silent after a restart.
    pub is_silent: bool,
}

type Context<'a> = Cx<'a, Locks>;

impl Server {
    /// An empty one.
    pub fn new() -> Self {
        Server { data: Redis::default(), disk: Disk::new(Redis::default()), is_silent: false }
    }

    /// What a crash leaves: what the disk holds.
    pub fn crashed(&self) -> Self {
        let disk = self.disk.crashed();
        Server { data: (*disk).clone(), disk, is_silent: false }
    }

    /// Acts.
    pub fn on(&mut self, config: &Config, input: Input<Locks>, cx: &mut Context<'_>) {
        match input {
            Input::Restarted => {
                if config.rules.delayed_restart {
                    self.is_silent = true;
                    note(cx, "keeps silent", "It answers nobody until every lease from before has run out.");
                    // As long as any lease, by the slowest clock that a margin allows for.
                    cx.set_timer(Timer::Awake, config.ttl_ms + config.ttl_ms / 50 + 2);
                }
                self.await_expiry(cx);
            }
            Input::Timer(Timer::Expire) => {
                let local_ms = cx.local_ms();
                // An expiry goes to the disk as a deletion does.
                self.disk = self.disk.map(|disk| {
                    let mut swept = disk.clone();
                    swept.sweep(local_ms);
                    swept
                });
                for key in self.data.sweep(local_ms) {
                    cx.note(&format!("{key} expires"), || format!("By its own clock the key {key} has expired."));
                }
                self.await_expiry(cx);
            }
            Input::Timer(Timer::Fsync) => cx.force(&mut self.disk, "fsync", |_| {}),
            Input::Timer(Timer::Awake) => {
                self.is_silent = false;
                note(cx, "answers again", "It answers again.");
            }
            Input::Message { from, msg: Msg::Ask(owner, command) } if !self.is_silent => {
                self.serve(config, from, owner, command, cx);
            }
            _ => {}
        }
    }

    /// Does what it is asked, and answers.
    pub fn serve(
        &mut self,
        config: &Config,
        from: NodeId,
        owner: Owner,
        command: Command,
        cx: &mut Context<'_>,
    ) -> Answer {
        let answer = self.perform(config, owner, command, cx);
        if answer.did() {
            self.keep(config, owner, command, cx);
        }
        self.await_expiry(cx);
        // To a release of many locks nobody awaits the answers.
        if config.rules.single || command != config.rules.give {
            cx.send(from, Msg::Answer(owner, command, answer));
        }
        answer
    }

    fn perform(&mut self, config: &Config, owner: Owner, command: Command, cx: &mut Context<'_>) -> Answer {
        let (now_ms, ttl_ms) = (cx.local_ms(), i64::from(config.ttl_ms));
        let (data, value) = (&mut self.data, owner.text());
        let reply = match command {
            Command::SetNx => data.setnx(now_ms, LOCK, &value),
            Command::Expire => Reply::flag(data.pexpire(now_ms, LOCK, ttl_ms, ExpireIf::default())),
            Command::Set => data.set(now_ms, LOCK, &value, SetIf::Absent, Expiry::After(ttl_ms), false),
            Command::SetWithToken => data.lock_with_token(now_ms, LOCK, &value, ttl_ms, FENCE),
            Command::Del => {
                let holder =
                    data.list(now_ms).find(|(key, ..)| *key == LOCK).and_then(|(_, text, _)| Owner::parse(text));
                if let Some(holder) = holder.filter(|holder| *holder != owner) {
                    cx.ghost(|ghost| ghost.stolen = ghost.stolen.or(Some((owner.client, holder.client))));
                }
                cx.mark(DELETED);
                Reply::flag(data.del(now_ms, LOCK))
            }
            Command::DelOwn => data.compare_and_delete(now_ms, LOCK, &value),
            Command::Extend(_) => data.compare_and_extend(now_ms, LOCK, &value, ttl_ms),
            Command::SetKey(key) => {
                data.set(now_ms, KEYS[usize::from(key)], &value, SetIf::Absent, Expiry::After(ttl_ms), false)
            }
            Command::DelKey(key) => data.compare_and_delete(now_ms, KEYS[usize::from(key)], &value),
            // What a ZooKeeper is asked, no client asks a Redis.
            _ => Reply::Nil,
        };
        let answer = Answer::of(&reply);
        if command == config.rules.take && answer.did() {
            cx.mark(GRANTED);
        }
        answer
    }

    /// Has what was changed on the disk, as soon as it is to be.
    pub fn keep(&mut self, config: &Config, owner: Owner, command: Command, cx: &mut Context<'_>) {
        let data = self.data.clone();
        match config.persistence {
            Persistence::Off => {}
            Persistence::Always => cx.force(&mut self.disk, &config.short(owner, command), |disk| *disk = data),
            Persistence::EverySecond => {
                if self.disk.is_forced() {
                    cx.set_timer(Timer::Fsync, 1_000);
                }
                cx.write(&mut self.disk, &config.short(owner, command), |disk| *disk = data);
            }
        }
    }

    /// Wakes when the next key expires.
    pub fn await_expiry(&self, cx: &mut Context<'_>) {
        match self.data.next_expiry_ms() {
            Some(until_ms) => {
                let left_ms = (until_ms + 1 - cx.local_ms()).max(0);
                cx.set_timer(Timer::Expire, u32::try_from(left_ms).unwrap_or(u32::MAX));
            }
            None => cx.cancel_timer(Timer::Expire),
        }
    }
}

/// State of the storage.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Storage {
    /// How often it was written.
    pub version: u8,
    /// Who wrote last.
    pub last: Option<Owner>,
    /// The newest token that it has seen.
    pub newest: Option<i64>,
}

impl Storage {
    /// Acts.
    pub fn on(&mut self, config: &Config, input: Input<Locks>, cx: &mut Context<'_>) {
        let Input::Message { from, msg } = input else { return };
        let (owner, token) = match msg {
            Msg::Read(owner, token) | Msg::Write(owner, token) => (owner, token),
            _ => return,
        };
        if config.rules.fenced && token.is_some_and(|token| self.newest.is_some_and(|newest| token < newest)) {
            because(cx, "it has seen a newer token");
            return cx.send(from, Msg::Refused(owner));
        }
        let at = usize::from(owner.client);
        if matches!(msg, Msg::Read(..)) {
            let version = self.version;
            cx.ghost(|ghost| ghost.read_at[at] = version);
            // Where the lock has no counter, the storage counts.
            let own = (config.rules.fenced && token.is_none()).then(|| self.newest.unwrap_or(0) + 1);
            self.newest = self.newest.max(token).max(own).filter(|_| config.rules.fenced);
            return cx.send(from, Msg::Value(owner, own));
        }
        if let (true, Some(epoch)) = (config.rules.leads, token) {
            cx.ghost(|ghost| {
                let (newest, leader) = ghost.led;
                if epoch < newest {
                    ghost.deposed = ghost.deposed.or(Some((owner.client, leader)));
                } else {
                    ghost.led = (epoch, owner.client);
                }
            });
        }
        let (version, last) = (self.version, self.last);
        cx.ghost(|ghost| {
            // Seats are apart in the storage too; it is counted as one.
            if config.rules.grain == Grain::One && ghost.read_at[at] != version && ghost.overwritten.is_none() {
                ghost.overwritten = last.map(|last| (owner.client, last.client));
            }
        });
        self.version = self.version.saturating_add(1);
        self.last = Some(owner);
        cx.send(from, Msg::Written(owner));
        cx.mark(WROTE);
    }
}
