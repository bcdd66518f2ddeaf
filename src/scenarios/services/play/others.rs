//! What members stand on: a Redis, a database of its own.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::program::{Memory, Play, Verb, Word};
use super::service::WROTE;
use super::store::Store;
use super::{Context, Msg, Services, Timer};
use crate::engine::{Input, KeyHasher, NodeId};
use crate::servers::redis::{Expiry, Redis, Reply, SetIf};

/// A Redis.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Cache {
    /// What it holds.
    pub data: Redis,
}

impl Cache {
    /// Acts.
    pub fn on(&mut self, input: Input<Services>, cx: &mut Context<'_>) {
        let now_ms = cx.local_ms();
        match input {
            Input::Message { from, msg: Msg::Ask { call, verb: Verb::Redis, words } } => {
                let words: Vec<&str> = words.iter().map(|word| &**word).collect();
                let reply = self.command(now_ms, &words);
                let answer: Word = match reply {
                    Reply::Simple(word) => word.into(),
                    Reply::Error(words) => words.into(),
                    Reply::Int(number) => number.to_string().into(),
                    Reply::Bulk(text) => text.into(),
                    Reply::Nil | Reply::NilArray | Reply::Array(_) => "nil".into(),
                };
                cx.send(from, Msg::Answer { call, found: vec![("answer".into(), answer)] });
            }
            Input::Timer(Timer::Expire) => {
                for key in self.data.sweep(now_ms) {
                    cx.note("expires", || format!("The key {key} expires."));
                }
            }
            _ => {}
        }
        match self.data.next_expiry_ms() {
            Some(at_ms) => {
                // A key lives up to that reading, and is gone behind it.
                let after_ms = u32::try_from((at_ms - now_ms).max(0) + 1).unwrap_or(u32::MAX);
                cx.set_timer(Timer::Expire, after_ms);
            }
            None => cx.cancel_timer(Timer::Expire),
        }
    }

    /// A command as its words: GET, SET with NX and PX, DEL, INCR, and a release by its owner.
    fn command(&mut self, now_ms: i64, words: &[&str]) -> Reply {
        match words {
            ["GET", key] => self.data.get(now_ms, key),
            ["DEL", key] => Reply::flag(self.data.del(now_ms, key)),
            ["INCR", key] => self.data.incr_by(now_ms, key, 1),
            ["release", key, owner] => self.data.compare_and_delete(now_ms, key, owner),
            ["SET", key, value, options @ ..] => {
                let when = if options.contains(&"NX") { SetIf::Absent } else { SetIf::Always };
                let after =
                    options.iter().position(|word| *word == "PX").and_then(|at| options.get(at + 1)?.parse().ok());
                let expiry = after.map_or(Expiry::Never, Expiry::After);
                self.data.set(now_ms, key, value, when, expiry, false)
            }
            _ => Reply::SYNTAX,
        }
    }

    /// Hashes it with times relative to its clock.
    pub fn hash_at(&self, local_ms: i64, hasher: &mut KeyHasher) {
        self.data.hash_at(local_ms, hasher);
    }
}

/// A database of its own.
#[derive(Clone, Debug)]
pub struct Base {
    /// What it holds.
    pub store: Arc<Store>,
    /// What its gauges say.
    pub gauges: Vec<i64>,
}

// Gauges follow from what it holds.
impl PartialEq for Base {
    fn eq(&self, other: &Base) -> bool {
        self.store == other.store
    }
}

impl Eq for Base {}

impl Hash for Base {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.store.hash(state);
    }
}

impl Base {
    /// As the run begins.
    pub fn new(play: &Play, node: NodeId) -> Base {
        let schema = play.member(node).map(|member| Arc::clone(&member.schema)).unwrap_or_default();
        // That every schema can be set up is held by tests.
        let store = Store::new(&schema).or_else(|_| Store::new(&Arc::default()));
        let store = Arc::new(store.unwrap_or_else(|_| unreachable!("an empty database has no statement that fails")));
        let gauges = play.gauges_of(node).map(|gauge| store.number(&gauge.reading.query)).collect();
        Base { store, gauges }
    }

    /// Acts.
    pub fn on(&mut self, play: &Play, input: Input<Services>, cx: &mut Context<'_>) {
        let Input::Message { from, msg: Msg::Ask { call, verb: Verb::Sql, words } } = input else { return };
        let texts: Vec<String> = words.iter().map(ToString::to_string).collect();
        let mut after = Store::clone(&self.store);
        let found: Memory = after.run(&texts);
        let is_changed = after != *self.store;
        if is_changed {
            self.store = Arc::new(after);
            self.gauges = play.gauges_of(cx.me()).map(|gauge| self.store.number(&gauge.reading.query)).collect();
        }
        cx.send(from, Msg::Answer { call, found });
        if is_changed {
            cx.mark(WROTE);
        }
    }
}
