//! Sorted sets, as far as rate limiters need them.

use std::hash::{Hash, Hasher};

use super::{Key, Redis, Reply, Table, Value};

/// A score: any float but NaN.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug)]
pub struct Score(f64);

// A score is never NaN, so that equality is one.
impl Eq for Score {}

impl Hash for Score {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        // -0 equals 0.
        (self.0 + 0.0).to_bits().hash(hasher);
    }
}

impl Score {
    /// A score as it is written: `1`, `-2.5`, `inf`. `None` for anything else, NaN included.
    pub fn parse(text: &str) -> Option<Score> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+'));
        text.parse::<f64>().ok().filter(|score| is_plain && !score.is_nan()).map(Score)
    }
}

/// An end of a range of scores.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Bound {
    score: Score,
    is_open: bool,
}

impl Bound {
    /// A bound as it is written: `5`, `(5`, `-inf`. `None` for anything else.
    pub fn parse(text: &str) -> Option<Bound> {
        let (text, is_open) = text.strip_prefix('(').map_or((text, false), |rest| (rest, true));
        Score::parse(text).map(|score| Bound { score, is_open })
    }

    fn is_below(self, score: Score) -> bool {
        if self.is_open { self.score < score } else { self.score <= score }
    }

    fn is_above(self, score: Score) -> bool {
        if self.is_open { self.score > score } else { self.score >= score }
    }
}

/// Options of ZADD.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ZaddOptions {
    /// NX: add only.
    pub add_only: bool,
    /// XX: update only.
    pub update_only: bool,
    /// GT: update to a greater score only.
    pub greater: bool,
    /// LT: update to a lesser score only.
    pub less: bool,
    /// CH: count updates too.
    pub count_updates: bool,
}

impl Redis {
    fn scores(&self, now_ms: i64, key: &str) -> Result<Option<&Table<Score>>, Reply> {
        match self.find(now_ms, key).map(|found| &found.value) {
            None => Ok(None),
            Some(Value::Zset(scores)) => Ok(Some(scores)),
            Some(_) => Err(Reply::WRONG_TYPE),
        }
    }

    /// The same, to be changed, once it is known that the key holds a sorted set or nothing. With its last member goes the key.
    fn change_scores<T>(&mut self, now_ms: i64, key: &str, change: impl FnOnce(&mut Table<Score>) -> T) -> Option<T> {
        self.expire(now_ms, key);
        let found = self.keys.get_or(key, Key { value: Value::Zset(Table::default()), expires_ms: None });
        let Value::Zset(scores) = &mut found.value else { return None };
        let outcome = change(scores);
        if scores.is_empty() {
            self.keys.remove(key);
        }
        Some(outcome)
    }

    /// ZADD without INCR: how many were added (with CH, or updated).
    pub fn zadd(&mut self, now_ms: i64, key: &str, options: ZaddOptions, members: &[(Score, &str)]) -> Reply {
        let added = self.change_scores(now_ms, key, |scores| {
            let mut count = 0;
            for (score, member) in members {
                match scores.get(member).copied() {
                    None if !options.update_only => {
                        scores.insert(member, *score);
                        count += 1;
                    }
                    Some(before) => {
                        let refused = options.add_only
                            || (options.greater && *score <= before)
                            || (options.less && *score >= before)
                            || *score == before;
                        if !refused {
                            scores.insert(member, *score);
                            count += i64::from(options.count_updates);
                        }
                    }
                    None => {}
                }
            }
            count
        });
        added.map_or(Reply::WRONG_TYPE, Reply::Int)
    }

    /// ZREMRANGEBYSCORE: how many were removed.
    pub fn zremrangebyscore(&mut self, now_ms: i64, key: &str, min: Bound, max: Bound) -> Reply {
        let removed = self.change_scores(now_ms, key, |scores| {
            let before = scores.len();
            scores.retain(|score| !(min.is_below(*score) && max.is_above(*score)));
            before - scores.len()
        });
        removed.map_or(Reply::WRONG_TYPE, |removed| Reply::Int(removed as i64))
    }

    /// ZCARD.
    pub fn zcard(&self, now_ms: i64, key: &str) -> Reply {
        match self.scores(now_ms, key) {
            Ok(scores) => Reply::Int(scores.map_or(0, Table::len) as i64),
            Err(wrong) => wrong,
        }
    }

    /// ZCOUNT.
    pub fn zcount(&self, now_ms: i64, key: &str, min: Bound, max: Bound) -> Reply {
        match self.scores(now_ms, key) {
            Ok(scores) => {
                let within = |score: &&Score| min.is_below(**score) && max.is_above(**score);
                Reply::Int(scores.map_or(0, |scores| scores.values().filter(within).count()) as i64)
            }
            Err(wrong) => wrong,
        }
    }
}
