//! A simulated Consul, as far as its recipe for locks goes: sessions with a TTL, one key that a session may hold, the lock-delay, queries that wait until
//! the key changes. The servers are one here, with the leader's clock. After the source (`agent/consul/session_ttl.go`, `state/session.go`,
//! `kvs_endpoint.go`) and the documentation of sessions; not compared with a running Consul, which Debian does not have.
//!
//! Sessions are numbers of the caller's choice. A caller passes `now_ms`, what the leader's clock says.

use std::hash::{Hash, Hasher};

/// How many times its TTL a session lasts when nobody renews it (`SessionTTLMultiplier`): the TTL is a lower bound.
pub const TTL_MULTIPLIER: i64 = 2;

/// What the servers know. The lists are in order and short.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Consul {
    /// By their numbers.
    sessions: Vec<Session>,
    /// The session that holds the key.
    holder: Option<u16>,
    /// How often the key was acquired.
    lock_index: i32,
    /// Until when nobody may acquire it, by the leader's clock.
    delay_until_ms: Option<i64>,
    /// Who waits for it to change, in order.
    waiting: Vec<u16>,
}

/// A session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Session {
    id: u16,
    ttl_ms: i64,
    /// Reading of the leader's clock at which it is invalidated.
    until_ms: i64,
}

/// The session is not there ("invalid session").
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoSession;

impl Consul {
    /// Creates a session, or begins it anew.
    pub fn create(&mut self, now_ms: i64, id: u16, ttl_ms: i64) {
        let begun = Session { id, ttl_ms, until_ms: now_ms.saturating_add(TTL_MULTIPLIER * ttl_ms) };
        self.sessions.retain(|other| other.id != id);
        let at = self.sessions.iter().take_while(|other| other.id < id).count();
        self.sessions.insert(at, begun);
    }

    /// Renews a session.
    ///
    /// # Errors
    /// Where it has been invalidated.
    pub fn renew(&mut self, now_ms: i64, id: u16) -> Result<(), NoSession> {
        let found =
            self.sessions.iter_mut().find(|found| found.id == id && now_ms < found.until_ms).ok_or(NoSession)?;
        found.until_ms = now_ms.saturating_add(TTL_MULTIPLIER * found.ttl_ms);
        Ok(())
    }

    /// Acquires the key: its LockIndex, which grows with each new holder; `None` where another holds it or the lock-delay lasts.
    ///
    /// # Errors
    /// Where the session has been invalidated.
    pub fn acquire(&mut self, now_ms: i64, id: u16) -> Result<Option<i32>, NoSession> {
        if !self.sessions.iter().any(|session| session.id == id) {
            return Err(NoSession);
        }
        if self.delay_until_ms.is_some_and(|until_ms| now_ms < until_ms)
            || self.holder.is_some_and(|holder| holder != id)
        {
            return Ok(None);
        }
        if self.holder.is_none() {
            (self.holder, self.delay_until_ms) = (Some(id), None);
            self.lock_index += 1;
        }
        Ok(Some(self.lock_index))
    }

    /// Releases the key, with no delay: who is told. `None` where this session does not hold it.
    pub fn release(&mut self, id: u16) -> Option<Vec<u16>> {
        self.holder.filter(|holder| *holder == id)?;
        self.holder = None;
        Some(std::mem::take(&mut self.waiting))
    }

    /// Ends a session. Where it holds the key, that is released, and for the lock-delay nobody may acquire it: who is told.
    pub fn invalidate(&mut self, now_ms: i64, id: u16, delay_ms: i64) -> Vec<u16> {
        self.sessions.retain(|other| other.id != id);
        self.waiting.retain(|other| *other != id);
        let told = self.release(id);
        if told.is_some() && delay_ms > 0 {
            self.delay_until_ms = Some(now_ms.saturating_add(delay_ms));
        }
        told.unwrap_or_default()
    }

    /// Invalidates the sessions whose time is over: which, and who is told.
    pub fn expire(&mut self, now_ms: i64, delay_ms: i64) -> Vec<(u16, Vec<u16>)> {
        let mut ended = Vec::new();
        while let Some(over) = self.sessions.iter().find(|session| now_ms >= session.until_ms).copied() {
            ended.push((over.id, self.invalidate(now_ms, over.id, delay_ms)));
        }
        ended
    }

    /// Waits until the key's holder lets go; where nobody holds it there is nothing to wait for, and `false`.
    pub fn wait(&mut self, id: u16) -> bool {
        if self.holder.is_some() && !self.waiting.contains(&id) {
            let at = self.waiting.iter().take_while(|other| **other < id).count();
            self.waiting.insert(at, id);
        }
        self.holder.is_some()
    }

    /// The LockIndex of the holder for whose end somebody waits.
    pub fn watched(&self, id: u16) -> Option<i32> {
        self.waiting.contains(&id).then_some(self.lock_index)
    }

    /// Until when nobody may acquire the key, by the leader's clock, where a session that held it was invalidated since.
    pub fn delay_until_ms(&self) -> Option<i64> {
        self.delay_until_ms
    }

    /// When the next session is invalidated unless it is renewed, by the leader's clock, in ms.
    pub fn next_expiry_ms(&self) -> Option<i64> {
        self.sessions.iter().map(|session| session.until_ms).min()
    }

    /// Who holds the key: LockIndex, session, and until when that lasts, in ms of the leader's clock.
    pub fn held(&self) -> Option<(i32, u16, i64)> {
        let session = self.sessions.iter().find(|session| Some(session.id) == self.holder)?;
        Some((self.lock_index, session.id, session.until_ms))
    }

    /// Hashes what the servers know with times relative to the leader's clock, so that a shift in time is no other state.
    pub fn hash_at(&self, now_ms: i64, hasher: &mut impl Hasher) {
        for Session { id, ttl_ms, until_ms } in &self.sessions {
            (id, ttl_ms, until_ms - now_ms).hash(hasher);
        }
        let delay_ms = self.delay_until_ms.map(|until_ms| (until_ms - now_ms).max(0));
        (u16::MAX, self.holder, self.lock_index, delay_ms, &self.waiting).hash(hasher);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL_MS: i64 = 10_000;
    const DELAY_MS: i64 = 15_000;

    fn two() -> Consul {
        let mut server = Consul::default();
        server.create(0, 1, TTL_MS);
        server.create(0, 2, TTL_MS);
        assert_eq!(server.acquire(0, 1), Ok(Some(1)));
        server
    }

    #[test]
    fn the_index_grows_with_each_new_holder_and_a_release_brings_no_delay() {
        let mut server = two();
        assert_eq!(server.acquire(1, 1), Ok(Some(1)), "it has it");
        assert_eq!(server.acquire(1, 2), Ok(None));
        assert!(server.wait(2));
        assert_eq!(server.release(2), None);
        assert_eq!(server.release(1), Some(vec![2]));
        assert!(!server.wait(2));
        assert_eq!(server.acquire(1, 2), Ok(Some(2)));
    }

    #[test]
    fn the_ttl_is_a_lower_bound_and_the_delay_follows_an_invalidation() {
        let mut server = two();
        assert_eq!(server.renew(5_000, 2), Ok(()));
        assert!(server.wait(2));
        assert_eq!(server.expire(19_999, DELAY_MS), []);
        assert_eq!(server.expire(20_000, DELAY_MS), [(1, vec![2])]);
        assert_eq!(server.renew(20_000, 1), Err(NoSession));
        assert_eq!(server.acquire(20_000, 1), Err(NoSession));
        assert_eq!(server.acquire(20_000, 2), Ok(None), "nobody has it, and nobody may");
        assert_eq!(server.delay_until_ms(), Some(35_000));
        assert_eq!(server.acquire(35_000, 2), Ok(Some(2)));
    }
}
