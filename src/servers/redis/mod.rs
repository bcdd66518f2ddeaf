//! A simulated Redis 7.0: keys with values and expiry, one method for each command. Differentially tested against Debian's redis-server
//! (`make fidelity`).
//!
//! A caller passes `now_ms`, what the server's own clock says, with every command: keys expire by it and by nothing else. Commands are methods, so that a
//! page which uses few of them carries few; [`words`] takes them as the words that go over the wire.

mod hash;
mod reply;
mod scripts;
mod table;
pub mod words;
mod zset;

use std::hash::{Hash, Hasher};

use self::table::Table;

pub use reply::Reply;
pub use zset::{Bound, Score, ZaddOptions};

/// What a server holds.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Redis {
    keys: Table<Key>,
}

/// A key's value with its expiry.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Key {
    value: Value,
    /// Reading of the server's clock behind which the key is gone, in ms.
    expires_ms: Option<i64>,
}

/// A value.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Value {
    Text(String),
    Hash(Table<String>),
    Zset(Table<Score>),
}

/// When SET sets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SetIf {
    /// In any case.
    #[default]
    Always,
    /// NX: only a key that is not there.
    Absent,
    /// XX: only a key that is there.
    Present,
}

/// What SET does with the expiry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Expiry {
    /// The key gets none.
    #[default]
    Never,
    /// PX: so many ms from now on.
    After(i64),
    /// KEEPTTL: what it was.
    Keep,
}

/// Options of EXPIRE and PEXPIRE.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ExpireIf {
    /// NX: only where there is no expiry.
    pub none: bool,
    /// XX: only where there is one.
    pub some: bool,
    /// GT: only where the new one is later.
    pub later: bool,
    /// LT: only where the new one is earlier.
    pub earlier: bool,
}

/// A whole number as Redis reads one: no sign but `-`, no leading zero, no space.
pub fn whole_number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0') || text == "0";
    text.parse().ok().filter(|_| is_plain)
}

impl Redis {
    /// A key that has not expired.
    fn find(&self, now_ms: i64, key: &str) -> Option<&Key> {
        self.keys.get(key).filter(|found| found.lives(now_ms))
    }

    /// The same, to be changed; one that has expired is deleted (which Redis does lazily, too).
    fn find_mut(&mut self, now_ms: i64, key: &str) -> Option<&mut Key> {
        self.expire(now_ms, key);
        self.keys.get_mut(key)
    }

    /// Deletes a key if it has expired.
    fn expire(&mut self, now_ms: i64, key: &str) {
        if self.keys.get(key).is_some_and(|found| !found.lives(now_ms)) {
            self.keys.remove(key);
        }
    }

    /// The text under a key.
    ///
    /// # Errors
    /// Where the key holds something else: the reply that says so.
    fn text(&self, now_ms: i64, key: &str) -> Result<Option<&str>, Reply> {
        match self.find(now_ms, key).map(|found| &found.value) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(_) => Err(Reply::WRONG_TYPE),
        }
    }

    /// SET key value, with NX, XX, PX, KEEPTTL; `get` is GET.
    pub fn set(&mut self, now_ms: i64, key: &str, value: &str, when: SetIf, expiry: Expiry, get: bool) -> Reply {
        let before = if get { self.get(now_ms, key) } else { Reply::OK };
        if matches!(before, Reply::Error(_)) {
            return before;
        }
        let found = self.find_mut(now_ms, key);
        let refused = match when {
            SetIf::Always => false,
            SetIf::Absent => found.is_some(),
            SetIf::Present => found.is_none(),
        };
        if refused {
            return if get { before } else { Reply::Nil };
        }
        let expires_ms = match expiry {
            Expiry::Never => None,
            Expiry::After(ms) => Some(now_ms.saturating_add(ms)),
            Expiry::Keep => found.and_then(|found| found.expires_ms),
        };
        self.keys.insert(key, Key { value: Value::Text(value.to_owned()), expires_ms });
        before
    }

    /// SETNX.
    pub fn setnx(&mut self, now_ms: i64, key: &str, value: &str) -> Reply {
        Reply::flag(self.set(now_ms, key, value, SetIf::Absent, Expiry::Never, false) == Reply::OK)
    }

    /// GET.
    pub fn get(&self, now_ms: i64, key: &str) -> Reply {
        match self.text(now_ms, key) {
            Ok(None) => Reply::Nil,
            Ok(Some(text)) => Reply::Bulk(text.to_owned()),
            Err(wrong) => wrong,
        }
    }

    /// DEL of one key: whether it was there.
    pub fn del(&mut self, now_ms: i64, key: &str) -> bool {
        self.keys.remove(key).is_some_and(|found| found.lives(now_ms))
    }

    /// EXISTS of one key.
    pub fn exists(&self, now_ms: i64, key: &str) -> bool {
        self.find(now_ms, key).is_some()
    }

    /// PEXPIRE (and, with a thousandfold, EXPIRE): whether the expiry was set. One that is past deletes the key.
    pub fn pexpire(&mut self, now_ms: i64, key: &str, after_ms: i64, only: ExpireIf) -> bool {
        let Some(found) = self.find_mut(now_ms, key) else { return false };
        let until_ms = now_ms.saturating_add(after_ms);
        let refused = (only.none && found.expires_ms.is_some())
            || (only.some && found.expires_ms.is_none())
            || (only.later && found.expires_ms.is_none_or(|now| until_ms <= now))
            || (only.earlier && found.expires_ms.is_some_and(|now| until_ms >= now));
        if refused {
            return false;
        }
        found.expires_ms = Some(until_ms);
        if until_ms <= now_ms {
            self.keys.remove(key);
        }
        true
    }

    /// PTTL: ms until the key expires; -1 without an expiry, -2 without the key.
    pub fn pttl(&self, now_ms: i64, key: &str) -> i64 {
        match self.find(now_ms, key) {
            None => -2,
            Some(found) => found.expires_ms.map_or(-1, |until| (until - now_ms).max(0)),
        }
    }

    /// TTL: the same in seconds, rounded.
    pub fn ttl(&self, now_ms: i64, key: &str) -> i64 {
        match self.pttl(now_ms, key) {
            ms if ms < 0 => ms,
            ms => (ms + 500) / 1000,
        }
    }

    /// INCRBY; INCR and DECR add 1 and -1.
    pub fn incr_by(&mut self, now_ms: i64, key: &str, by: i64) -> Reply {
        let before = match self.text(now_ms, key) {
            Ok(text) => text.map_or(Some(0), whole_number),
            Err(wrong) => return wrong,
        };
        let Some(before) = before else { return Reply::NOT_AN_INTEGER };
        let Some(after) = before.checked_add(by) else { return Reply::OVERFLOW };
        self.set(now_ms, key, &after.to_string(), SetIf::Always, Expiry::Keep, false);
        Reply::Int(after)
    }

    /// When the next key expires, by the server's clock, in ms: it is gone at any later reading.
    pub fn next_expiry_ms(&self) -> Option<i64> {
        self.keys.values().filter_map(|key| key.expires_ms).min()
    }

    /// Deletes what has expired, as the server does from time to time; gives the keys.
    pub fn sweep(&mut self, now_ms: i64) -> Vec<String> {
        let gone: Vec<String> =
            self.keys.iter().filter(|(_, key)| !key.lives(now_ms)).map(|(name, _)| name.clone()).collect();
        gone.iter().for_each(|name| {
            self.keys.remove(name);
        });
        gone
    }

    /// Every key that has not expired, with its text (empty where it holds none) and the reading of the clock behind which it is gone, in ms.
    pub fn list(&self, now_ms: i64) -> impl Iterator<Item = (&str, &str, Option<i64>)> {
        self.keys.iter().filter(move |(_, key)| key.lives(now_ms)).map(move |(name, key)| {
            let text = if let Value::Text(text) = &key.value { text.as_str() } else { "" };
            (name.as_str(), text, key.expires_ms)
        })
    }

    /// Hashes what the server holds with expiries relative to its clock, so that a shift in time is no other state.
    pub fn hash_at(&self, now_ms: i64, hasher: &mut impl Hasher) {
        for (name, key) in self.keys.iter().filter(|(_, key)| key.lives(now_ms)) {
            (name, &key.value, key.expires_ms.map(|until| until - now_ms)).hash(hasher);
        }
        hasher.write_u8(0);
    }
}

impl Key {
    /// Whether it is still there. Redis (`keyIsExpired`) drops a key once the clock has passed its expiry, not when it reaches it.
    fn lives(&self, now_ms: i64) -> bool {
        self.expires_ms.is_none_or(|until| now_ms <= until)
    }
}

#[cfg(test)]
mod tests;
