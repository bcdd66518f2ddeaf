//! Commands as the words that go over the wire, from several connections: MULTI, WATCH, subscriptions, and Redis's own words for what is wrong.
//!
//! Scripts are called by name (`EVAL compare-and-delete 1 key value`), where a real client sends Lua.

use std::collections::{BTreeMap, BTreeSet};

use super::{Bound, ExpireIf, Expiry, Redis, Reply, Score, SetIf, ZaddOptions, whole_number};

/// A server with its connections.
#[derive(Clone, Debug, Default)]
pub struct Server {
    redis: Redis,
    sessions: BTreeMap<u8, Session>,
    /// How often each key was changed, for WATCH.
    changes: BTreeMap<String, u64>,
    channels: BTreeMap<String, BTreeSet<u8>>,
}

/// What a server keeps for a connection.
#[derive(Clone, Debug, Default)]
struct Session {
    /// Commands since MULTI.
    queue: Option<Vec<Vec<String>>>,
    /// Whether one of them was refused.
    is_spoilt: bool,
    /// Watched keys, with how often each had been changed and whether it was there.
    watched: Vec<(String, u64, bool)>,
}

/// What one command brings about: its reply, and what subscribers are sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The reply to the caller.
    pub reply: Reply,
    /// Messages to connections: (connection, channel, text).
    pub published: Vec<(u8, String, String)>,
}

fn err(words: impl Into<String>) -> Reply {
    Reply::Error(words.into().into())
}

/// Least and most words of a command, its name included; `None` for one that is unknown here.
fn arity(name: &str) -> Option<(usize, usize)> {
    const ANY: usize = usize::MAX;
    Some(match name {
        "multi" | "exec" | "discard" | "unwatch" | "time" => (1, 1),
        "get" | "incr" | "decr" | "ttl" | "pttl" | "zcard" => (2, 2),
        "del" | "exists" | "watch" | "subscribe" => (2, ANY),
        "setnx" | "incrby" | "decrby" | "hget" | "hexists" | "publish" | "wait" => (3, 3),
        "set" | "expire" | "pexpire" | "hdel" | "eval" => (3, ANY),
        "hincrby" | "zcount" | "zremrangebyscore" => (4, 4),
        "hset" | "zadd" => (4, ANY),
        _ => return None,
    })
}

impl Server {
    /// Takes a command of a connection. `now_ms` is what the server's clock says.
    pub fn call(&mut self, connection: u8, words: &[&str], now_ms: i64) -> Outcome {
        let mut published = Vec::new();
        let reply = self.receive(connection, words, now_ms, &mut published);
        Outcome { reply, published }
    }

    fn session(&mut self, connection: u8) -> &mut Session {
        self.sessions.entry(connection).or_default()
    }

    fn receive(&mut self, connection: u8, words: &[&str], now_ms: i64, out: &mut Vec<(u8, String, String)>) -> Reply {
        let Some(first) = words.first() else { return err("ERR Protocol error") };
        let name = first.to_ascii_lowercase();
        let refused = match arity(&name) {
            None => {
                let shown: String = words[1..].iter().map(|word| format!("'{word}' ")).collect();
                Some(err(format!("ERR unknown command '{first}', with args beginning with: {shown}")))
            }
            Some((least, most)) if words.len() < least || words.len() > most => {
                Some(err(format!("ERR wrong number of arguments for '{name}' command")))
            }
            Some(_) => None,
        };
        let session = self.session(connection);
        if let Some(refusal) = refused {
            session.is_spoilt |= session.queue.is_some();
            return refusal;
        }
        match (name.as_str(), &mut session.queue) {
            ("multi", None) => {
                session.queue = Some(Vec::new());
                Reply::OK
            }
            ("multi", Some(_)) => err("ERR MULTI calls can not be nested"),
            ("exec", None) => err("ERR EXEC without MULTI"),
            ("exec", Some(_)) => self.exec(connection, now_ms, out),
            ("discard", None) => err("ERR DISCARD without MULTI"),
            ("discard", Some(_)) => {
                *session = Session::default();
                Reply::OK
            }
            ("watch", None) => {
                for key in &words[1..] {
                    let seen = self.changes.get(*key).copied().unwrap_or(0);
                    let is_there = self.redis.exists(now_ms, key);
                    let session = self.session(connection);
                    if session.watched.iter().all(|(known, ..)| known != key) {
                        session.watched.push(((*key).to_owned(), seen, is_there));
                    }
                }
                Reply::OK
            }
            ("watch", Some(_)) => err("ERR WATCH inside MULTI is not allowed"),
            (_, Some(queue)) => {
                queue.push(words.iter().map(|word| (*word).to_owned()).collect());
                Reply::Simple("QUEUED")
            }
            (_, None) => self.perform(connection, &name, &words[1..], now_ms, out),
        }
    }

    fn exec(&mut self, connection: u8, now_ms: i64, out: &mut Vec<(u8, String, String)>) -> Reply {
        let session = std::mem::take(self.session(connection));
        if session.is_spoilt {
            return err("EXECABORT Transaction discarded because of previous errors.");
        }
        let is_stale = session.watched.iter().any(|(key, seen, was_there)| {
            self.changes.get(key).copied().unwrap_or(0) != *seen || (*was_there && !self.redis.exists(now_ms, key))
        });
        if is_stale {
            return Reply::NilArray;
        }
        let queue = session.queue.unwrap_or_default();
        let mut replies = Vec::with_capacity(queue.len());
        for words in queue {
            let rest: Vec<&str> = words[1..].iter().map(String::as_str).collect();
            replies.push(self.perform(connection, &words[0].to_ascii_lowercase(), &rest, now_ms, out));
        }
        Reply::Array(replies)
    }

    /// Performs a command, and counts what it changed.
    fn perform(
        &mut self,
        connection: u8,
        name: &str,
        args: &[&str],
        now_ms: i64,
        out: &mut Vec<(u8, String, String)>,
    ) -> Reply {
        let before = self.redis.clone();
        let reply = match (name, args) {
            ("unwatch", _) => {
                self.session(connection).watched.clear();
                Reply::OK
            }
            ("subscribe", channels) => self.subscribe(connection, channels),
            ("publish", [channel, text]) => {
                let heard = self.channels.get(*channel).cloned().unwrap_or_default();
                out.extend(heard.iter().map(|to| (*to, (*channel).to_owned(), (*text).to_owned())));
                Reply::Int(heard.len() as i64)
            }
            ("time", _) => {
                let (seconds, micros) = (now_ms.div_euclid(1000), now_ms.rem_euclid(1000) * 1000);
                Reply::Array(vec![Reply::Bulk(seconds.to_string()), Reply::Bulk(micros.to_string())])
            }
            // Nothing replicates from this one.
            ("wait", [replicas, timeout]) => match (whole_number(replicas), whole_number(timeout)) {
                (Some(_), Some(timeout)) if timeout < 0 => err("ERR timeout is negative"),
                (Some(_), Some(_)) => Reply::Int(0),
                (None, _) => Reply::NOT_AN_INTEGER,
                (Some(_), None) => err("ERR timeout is not an integer or out of range"),
            },
            _ => self.redis.perform(name, args, now_ms),
        };
        let is_failed = matches!(reply, Reply::Error(_));
        let touches_anyway = match name {
            "set" => before.sets(args, now_ms),
            "hset" | "incr" | "decr" | "incrby" | "decrby" | "hincrby" => true,
            "expire" | "pexpire" => reply == Reply::Int(1),
            _ => false,
        };
        let keys: BTreeSet<&String> = before.keys.keys().chain(self.redis.keys.keys()).collect();
        for key in keys {
            let is_named = touches_anyway && !is_failed && args.first() == Some(&key.as_str());
            if is_named || before.find(now_ms, key) != self.redis.find(now_ms, key) {
                *self.changes.entry(key.clone()).or_default() += 1;
            }
        }
        reply
    }

    fn subscribe(&mut self, connection: u8, channels: &[&str]) -> Reply {
        let mut last = Reply::Nil;
        for channel in channels {
            self.channels.entry((*channel).to_owned()).or_default().insert(connection);
            let count = self.channels.values().filter(|heard| heard.contains(&connection)).count() as i64;
            let words =
                vec![Reply::Bulk("subscribe".to_owned()), Reply::Bulk((*channel).to_owned()), Reply::Int(count)];
            last = Reply::Array(words);
        }
        last
    }
}

/// The options of SET: when, which expiry, and whether to give the value before.
type SetWords = (SetIf, Expiry, bool);

/// Reads the options of SET.
///
/// # Errors
/// What Redis says of them.
fn set_options(words: &[&str], now_ms: i64) -> Result<SetWords, Reply> {
    let (mut when, mut get, mut keep, mut after) = (SetIf::Always, false, false, None);
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        match word.to_ascii_lowercase().as_str() {
            "nx" if when != SetIf::Present => when = SetIf::Absent,
            "xx" if when != SetIf::Absent => when = SetIf::Present,
            "get" => get = true,
            "keepttl" if after.is_none() => keep = true,
            word @ ("ex" | "px") if !keep => {
                let unit = if word == "ex" { 1000 } else { 1 };
                // The same unit may be named again, and the last amount counts.
                if after.is_some_and(|(_, before)| before != unit) {
                    return Err(Reply::SYNTAX);
                }
                after = Some((*rest.next().ok_or(Reply::SYNTAX)?, unit));
            }
            _ => return Err(Reply::SYNTAX),
        }
    }
    let Some((amount, unit)) = after else {
        return Ok((when, if keep { Expiry::Keep } else { Expiry::Never }, get));
    };
    let amount = whole_number(amount).ok_or(Reply::NOT_AN_INTEGER)?;
    let ms = amount.checked_mul(unit).filter(|ms| *ms > 0 && now_ms.checked_add(*ms).is_some());
    let ms = ms.ok_or_else(|| err("ERR invalid expire time in 'set' command"))?;
    Ok((when, Expiry::After(ms), get))
}

fn expire_options(words: &[&str]) -> Result<ExpireIf, Reply> {
    let mut only = ExpireIf::default();
    for word in words {
        match word.to_ascii_lowercase().as_str() {
            "nx" => only.none = true,
            "xx" => only.some = true,
            "gt" => only.later = true,
            "lt" => only.earlier = true,
            _ => return Err(err(format!("ERR Unsupported option {word}"))),
        }
    }
    if only.none && (only.some || only.later || only.earlier) {
        return Err(err("ERR NX and XX, GT or LT options at the same time are not compatible"));
    }
    if only.later && only.earlier {
        return Err(err("ERR GT and LT options at the same time are not compatible"));
    }
    Ok(only)
}

impl Redis {
    /// Whether SET with these words would set.
    fn sets(&self, args: &[&str], now_ms: i64) -> bool {
        let (Some(key), Some(options)) = (args.first(), args.get(2..)) else { return false };
        match set_options(options, now_ms) {
            Ok((SetIf::Absent, ..)) => !self.exists(now_ms, key),
            Ok((SetIf::Present, ..)) => self.exists(now_ms, key),
            Ok(_) => true,
            Err(_) => false,
        }
    }

    /// Performs a command that needs no connection.
    fn perform(&mut self, name: &str, args: &[&str], now_ms: i64) -> Reply {
        match (name, args) {
            ("set", [key, value, options @ ..]) => match set_options(options, now_ms) {
                Ok((when, expiry, get)) => self.set(now_ms, key, value, when, expiry, get),
                Err(wrong) => wrong,
            },
            ("setnx", [key, value]) => self.setnx(now_ms, key, value),
            ("get", [key]) => self.get(now_ms, key),
            ("del", keys) => Reply::Int(keys.iter().filter(|key| self.del(now_ms, key)).count() as i64),
            ("exists", keys) => Reply::Int(keys.iter().filter(|key| self.exists(now_ms, key)).count() as i64),
            ("expire" | "pexpire", [key, amount, options @ ..]) => {
                self.expire_words(name, key, amount, options, now_ms)
            }
            ("ttl", [key]) => Reply::Int(self.ttl(now_ms, key)),
            ("pttl", [key]) => Reply::Int(self.pttl(now_ms, key)),
            ("incr", [key]) => self.incr_by(now_ms, key, 1),
            ("decr", [key]) => self.incr_by(now_ms, key, -1),
            ("incrby", [key, by]) => whole_number(by).map_or(Reply::NOT_AN_INTEGER, |by| self.incr_by(now_ms, key, by)),
            ("decrby", [key, by]) => match whole_number(by) {
                None => Reply::NOT_AN_INTEGER,
                Some(i64::MIN) => err("ERR decrement would overflow"),
                Some(by) => self.incr_by(now_ms, key, -by),
            },
            ("eval", [script, count, rest @ ..]) => self.eval(script, count, rest, now_ms),
            _ => self.perform_on_members(name, args, now_ms),
        }
    }

    fn expire_words(&mut self, name: &str, key: &str, amount: &str, options: &[&str], now_ms: i64) -> Reply {
        let only = match expire_options(options) {
            Ok(only) => only,
            Err(wrong) => return wrong,
        };
        let Some(amount) = whole_number(amount) else { return Reply::NOT_AN_INTEGER };
        let unit = if name == "expire" { 1000 } else { 1 };
        match amount.checked_mul(unit).filter(|ms| now_ms.checked_add(*ms).is_some()) {
            Some(ms) => Reply::flag(self.pexpire(now_ms, key, ms, only)),
            None => err(format!("ERR invalid expire time in '{name}' command")),
        }
    }

    fn perform_on_members(&mut self, name: &str, args: &[&str], now_ms: i64) -> Reply {
        match (name, args) {
            ("hset", [key, pairs @ ..]) if pairs.len() % 2 == 0 => {
                let mut added = 0;
                for pair in pairs.chunks(2) {
                    match self.hset(now_ms, key, pair[0], pair[1]) {
                        Ok(is_new) => added += i64::from(is_new),
                        Err(wrong) => return wrong,
                    }
                }
                Reply::Int(added)
            }
            ("hset", _) => err("ERR wrong number of arguments for 'hset' command"),
            ("hget", [key, field]) => self.hget(now_ms, key, field),
            ("hexists", [key, field]) => self.hexists(now_ms, key, field),
            ("hdel", [key, fields @ ..]) => {
                let mut gone = 0;
                for field in fields {
                    match self.hdel(now_ms, key, field) {
                        Ok(was_there) => gone += i64::from(was_there),
                        Err(wrong) => return wrong,
                    }
                }
                Reply::Int(gone)
            }
            ("hincrby", [key, field, by]) => {
                whole_number(by).map_or(Reply::NOT_AN_INTEGER, |by| self.hincrby(now_ms, key, field, by))
            }
            ("zadd", [key, words @ ..]) => self.zadd_words(key, words, now_ms),
            ("zcard", [key]) => self.zcard(now_ms, key),
            ("zcount" | "zremrangebyscore", [key, min, max]) => {
                let (Some(min), Some(max)) = (Bound::parse(min), Bound::parse(max)) else {
                    return err("ERR min or max is not a float");
                };
                match name {
                    "zcount" => self.zcount(now_ms, key, min, max),
                    _ => self.zremrangebyscore(now_ms, key, min, max),
                }
            }
            _ => Reply::SYNTAX,
        }
    }

    fn zadd_words(&mut self, key: &str, words: &[&str], now_ms: i64) -> Reply {
        let mut options = ZaddOptions::default();
        let mut taken = 0;
        for word in words {
            match word.to_ascii_lowercase().as_str() {
                "nx" => options.add_only = true,
                "xx" => options.update_only = true,
                "gt" => options.greater = true,
                "lt" => options.less = true,
                "ch" => options.count_updates = true,
                _ => break,
            }
            taken += 1;
        }
        let rest = &words[taken..];
        if rest.is_empty() || !rest.len().is_multiple_of(2) {
            return Reply::SYNTAX;
        }
        if options.add_only && options.update_only {
            return err("ERR XX and NX options at the same time are not compatible");
        }
        if (options.greater && options.less) || (options.add_only && (options.greater || options.less)) {
            return err("ERR GT, LT, and/or NX options at the same time are not compatible");
        }
        let members: Option<Vec<(Score, &str)>> =
            rest.chunks(2).map(|pair| Some((Score::parse(pair[0])?, pair[1]))).collect();
        members
            .map_or_else(|| err("ERR value is not a valid float"), |members| self.zadd(now_ms, key, options, &members))
    }

    /// Calls a script by its name, with one key, or with two where it takes a counter.
    fn eval(&mut self, script: &str, count: &str, rest: &[&str], now_ms: i64) -> Reply {
        match (script, count, rest) {
            ("compare-and-delete", "1", [key, value]) => self.compare_and_delete(now_ms, key, value),
            ("compare-and-extend", "1", [key, value, ms]) => {
                whole_number(ms).map_or(Reply::NOT_AN_INTEGER, |ms| self.compare_and_extend(now_ms, key, value, ms))
            }
            ("lock-with-token", "2", [key, counter, value, ms]) => whole_number(ms)
                .map_or(Reply::NOT_AN_INTEGER, |ms| self.lock_with_token(now_ms, key, value, ms, counter)),
            ("redisson-lock", "1", [key, owner, ms]) => {
                whole_number(ms).map_or(Reply::NOT_AN_INTEGER, |ms| self.redisson_lock(now_ms, key, owner, ms))
            }
            ("redisson-unlock", "1", [key, owner, ms]) => {
                whole_number(ms).map_or(Reply::NOT_AN_INTEGER, |ms| self.redisson_unlock(now_ms, key, owner, ms))
            }
            _ => err("ERR unknown script"),
        }
    }
}
