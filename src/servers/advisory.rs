//! Advisory locks of PostgreSQL 15, of one key and exclusive: at session and at transaction level, counted, granted in the order in which they were asked for
//! (PostgreSQL manual, chapter 13.3.5 and 9.27.10). What a pool of connections makes of them is up to the caller: a session here is a
//! connection of the database's.
//!
//! Sessions are numbers of the caller's choice.

/// At which level a lock is taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    /// `pg_advisory_lock`: until it is unlocked or the session ends; a rollback does not matter.
    Session,
    /// `pg_advisory_xact_lock`: until the transaction ends; it cannot be unlocked.
    Transaction,
}

/// Who holds the key, and who waits for it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Advisory {
    holder: Option<Holder>,
    /// In the order in which they asked.
    waiting: Vec<(u16, Level)>,
}

/// A session with the key. Both levels are of one lock, and each is counted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Holder {
    session: u16,
    at_session: u8,
    in_transaction: bool,
}

impl Advisory {
    /// `pg_advisory_lock` or `pg_advisory_xact_lock`: whether it has it now. Otherwise it waits; its holder is never made to wait for itself.
    pub fn lock(&mut self, session: u16, level: Level) -> bool {
        match &mut self.holder {
            Some(holder) if holder.session != session => {
                self.waiting.push((session, level));
                return false;
            }
            Some(holder) => holder.take(level),
            None => self.grant(session, level),
        }
        true
    }

    /// `pg_advisory_unlock`: whether it had it at session level (if not: WARNING, "you don't own a lock of type ExclusiveLock"), and who has it now
    /// that did not before.
    pub fn unlock(&mut self, session: u16) -> (bool, Option<u16>) {
        let own = self.holder.as_mut().filter(|holder| holder.session == session && holder.at_session > 0);
        let Some(holder) = own else { return (false, None) };
        holder.at_session -= 1;
        (true, self.settle())
    }

    /// The end of a transaction: who has the key now that did not before.
    pub fn end_transaction(&mut self, session: u16) -> Option<u16> {
        self.holder.as_mut().filter(|holder| holder.session == session)?.in_transaction = false;
        self.settle()
    }

    /// It waits no more: what it had asked for is cancelled.
    pub fn cancel(&mut self, session: u16) {
        self.waiting.retain(|(other, _)| *other != session);
    }

    /// `pg_advisory_unlock_all`, which is part of `DISCARD ALL`, or the end of a session: who has the key now that did not before.
    pub fn end(&mut self, session: u16) -> Option<u16> {
        self.cancel(session);
        self.holder = self.holder.filter(|holder| holder.session != session);
        self.settle()
    }

    /// The session that has the key.
    pub fn holder(&self) -> Option<u16> {
        self.holder.map(|holder| holder.session)
    }

    /// Whether a session waits for it.
    pub fn waits(&self, session: u16) -> bool {
        self.waiting.iter().any(|(other, _)| *other == session)
    }

    fn grant(&mut self, session: u16, level: Level) {
        let mut holder = Holder { session, at_session: 0, in_transaction: false };
        holder.take(level);
        self.holder = Some(holder);
    }

    /// Passes the key on if its holder has it no more.
    fn settle(&mut self) -> Option<u16> {
        self.holder = self.holder.filter(|holder| holder.at_session > 0 || holder.in_transaction);
        if self.holder.is_some() || self.waiting.is_empty() {
            return None;
        }
        let (session, level) = self.waiting.remove(0);
        self.grant(session, level);
        Some(session)
    }
}

impl Holder {
    fn take(&mut self, level: Level) {
        match level {
            Level::Session => self.at_session = self.at_session.saturating_add(1),
            Level::Transaction => self.in_transaction = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_locked_twice_is_unlocked_twice() {
        let mut key = Advisory::default();
        assert!(key.lock(1, Level::Session));
        assert!(!key.lock(2, Level::Session));
        assert!(key.lock(1, Level::Session), "past whoever waits");
        assert_eq!(key.unlock(1), (true, None));
        assert_eq!(key.unlock(1), (true, Some(2)));
        assert_eq!(key.unlock(1), (false, None));
        assert_eq!(key.holder(), Some(2));
    }

    #[test]
    fn a_transaction_ends_with_its_lock_and_not_with_that_of_its_session() {
        let mut key = Advisory::default();
        assert!(key.lock(1, Level::Session));
        assert!(key.lock(1, Level::Transaction));
        assert!(!key.lock(2, Level::Transaction));
        assert_eq!(key.end_transaction(1), None);
        assert_eq!(key.unlock(1), (true, Some(2)));
        assert_eq!(key.unlock(2), (false, None), "what belongs to a transaction cannot be unlocked");
        assert_eq!(key.end_transaction(2), None);
        assert_eq!(key.holder(), None);
    }

    #[test]
    fn a_session_that_ends_leaves_nothing_behind() {
        let mut key = Advisory::default();
        for session in 1..=3 {
            key.lock(session, Level::Session);
        }
        assert_eq!(key.end(2), None);
        assert!(!key.waits(2) && key.waits(3));
        assert_eq!(key.end(1), Some(3));
    }
}
