//! Scripts: what clients send as Lua, here by name, each one atomic as in Redis. The Lua of the same meaning stands beside them in
//! `tests/fidelity_redis.rs`, which compares the two.

use super::{ExpireIf, Expiry, Redis, Reply, SetIf};

impl Redis {
    /// Deletes a key if it holds this value, else leaves it alone: the owner-checked release.
    pub fn compare_and_delete(&mut self, now_ms: i64, key: &str, value: &str) -> Reply {
        match self.text(now_ms, key) {
            Ok(text) if text == Some(value) => Reply::flag(self.del(now_ms, key)),
            Ok(_) => Reply::Int(0),
            Err(wrong) => wrong,
        }
    }

    /// Gives a key so many ms from now on if it holds this value: the renewal.
    pub fn compare_and_extend(&mut self, now_ms: i64, key: &str, value: &str, ms: i64) -> Reply {
        match self.text(now_ms, key) {
            Ok(text) if text == Some(value) => Reply::flag(self.pexpire(now_ms, key, ms, ExpireIf::default())),
            Ok(_) => Reply::Int(0),
            Err(wrong) => wrong,
        }
    }

    /// Takes a lock and the next number of its counter, as Redisson's fenced lock does: the number, or nothing where the lock is taken.
    pub fn lock_with_token(&mut self, now_ms: i64, key: &str, value: &str, ms: i64, counter: &str) -> Reply {
        match self.set(now_ms, key, value, SetIf::Absent, Expiry::After(ms), false) {
            Reply::Simple(_) => self.incr_by(now_ms, counter, 1),
            refused => refused,
        }
    }

    /// Redisson's lock: a hash of one owner and a count, so that the owner may lock again. Nothing where it is taken, else the ms it has left.
    pub fn redisson_lock(&mut self, now_ms: i64, key: &str, owner: &str, ms: i64) -> Reply {
        if self.exists(now_ms, key) {
            match self.hexists(now_ms, key, owner) {
                Reply::Int(0) => return Reply::Int(self.pttl(now_ms, key)),
                Reply::Int(_) => {}
                wrong => return wrong,
            }
        }
        if let wrong @ Reply::Error(_) = self.hincrby(now_ms, key, owner, 1) {
            return wrong;
        }
        self.pexpire(now_ms, key, ms, ExpireIf::default());
        Reply::Nil
    }

    /// Redisson's release: nothing where another holds it; 0 while the owner still has it, with its expiry set anew; 1 once it is free.
    pub fn redisson_unlock(&mut self, now_ms: i64, key: &str, owner: &str, ms: i64) -> Reply {
        match self.hexists(now_ms, key, owner) {
            Reply::Int(1) => {}
            Reply::Int(_) => return Reply::Nil,
            wrong => return wrong,
        }
        match self.hincrby(now_ms, key, owner, -1) {
            Reply::Int(left) if left > 0 => {
                self.pexpire(now_ms, key, ms, ExpireIf::default());
                Reply::Int(0)
            }
            Reply::Int(_) => {
                self.del(now_ms, key);
                Reply::Int(1)
            }
            wrong => wrong,
        }
    }
}
