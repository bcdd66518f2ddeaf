//! A simulated ZooKeeper 3.8, as far as the recipe for locks goes: sessions that the server ends by its own clock, children of one node that are ephemeral
//! and sequential, watches that fire once. The ensemble is one here: what it answers, a majority of it has agreed on.
//!
//! A caller passes `now_ms`, what the server's clock says, with every request; sessions are named by numbers of the caller's choice.

use std::hash::{Hash, Hasher};

/// What a server knows. Its lists are in order and short.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ZooKeeper {
    /// By their numbers.
    sessions: Vec<Session>,
    /// Each child's number, and whose it is.
    children: Vec<(i32, u16)>,
    /// Who is to hear of the end of which child, in the order of their sessions.
    watches: Vec<Fired>,
    /// How many children there ever were: the number of the next (`PrepRequestProcessor` takes the parent's count of creations).
    created: i32,
}

/// A session: it ends unless something is heard of its client in time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Session {
    id: u16,
    timeout_ms: i64,
    /// Reading of the server's clock at which it ends.
    until_ms: i64,
}

/// Why a request is refused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Refused {
    /// KeeperErrorCode SESSIONEXPIRED: the server has ended the session, or never knew it.
    SessionExpired,
    /// KeeperErrorCode NONODE: there is no such child.
    NoNode,
}

/// A watch that fires: a child is gone, and a session is to hear of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Fired {
    /// Who watched.
    pub session: u16,
    /// The child that is gone.
    pub child: i32,
}

impl ZooKeeper {
    /// Begins a session, which ends `timeout_ms` after its client was last heard of. (A real server rounds that up to its next tick.)
    pub fn connect(&mut self, now_ms: i64, session: u16, timeout_ms: i64) {
        let begun = Session { id: session, timeout_ms, until_ms: now_ms.saturating_add(timeout_ms) };
        self.sessions.retain(|other| other.id != session);
        let at = self.sessions.iter().take_while(|other| other.id < session).count();
        self.sessions.insert(at, begun);
    }

    /// Hears of a session's client; every request does so.
    ///
    /// # Errors
    /// Where the session has ended.
    pub fn ping(&mut self, now_ms: i64, session: u16) -> Result<(), Refused> {
        let found = self.sessions.iter_mut().find(|found| found.id == session && now_ms < found.until_ms);
        let found = found.ok_or(Refused::SessionExpired)?;
        found.until_ms = now_ms.saturating_add(found.timeout_ms);
        Ok(())
    }

    /// Creates a child, ephemeral and sequential: its number.
    ///
    /// # Errors
    /// Where the session has ended.
    pub fn create(&mut self, now_ms: i64, session: u16) -> Result<i32, Refused> {
        self.ping(now_ms, session)?;
        let number = self.created;
        self.created += 1;
        self.children.push((number, session));
        Ok(number)
    }

    /// The children, by number.
    ///
    /// # Errors
    /// Where the session has ended.
    pub fn children(&mut self, now_ms: i64, session: u16) -> Result<Vec<i32>, Refused> {
        self.ping(now_ms, session)?;
        Ok(self.children.iter().map(|(child, _)| *child).collect())
    }

    /// Looks at a child and leaves a watch on it, as getData does; a child that is not there gets none.
    ///
    /// # Errors
    /// Where the session has ended or the child is not there.
    pub fn watch(&mut self, now_ms: i64, session: u16, child: i32) -> Result<(), Refused> {
        self.ping(now_ms, session)?;
        if !self.children.iter().any(|(there, _)| *there == child) {
            return Err(Refused::NoNode);
        }
        let watch = Fired { session, child };
        if !self.watches.contains(&watch) {
            let at = self.watches.iter().take_while(|other| other.session < session).count();
            self.watches.insert(at, watch);
        }
        Ok(())
    }

    /// Deletes a child: the watches that fire.
    ///
    /// # Errors
    /// Where the session has ended or the child is not there.
    pub fn delete(&mut self, now_ms: i64, session: u16, child: i32) -> Result<Vec<Fired>, Refused> {
        self.ping(now_ms, session)?;
        self.remove(child).ok_or(Refused::NoNode)
    }

    /// Ends a session at its client's wish, and with it what it has created: the watches that fire.
    pub fn close(&mut self, session: u16) -> Vec<Fired> {
        self.sessions.retain(|other| other.id != session);
        self.watches.retain(|watch| watch.session != session);
        let mut fired = Vec::new();
        while let Some((child, _)) = self.children.iter().find(|(_, owner)| *owner == session).copied() {
            fired.extend(self.remove(child).into_iter().flatten());
        }
        fired
    }

    /// Ends the sessions whose time is over: which, and the watches that fire.
    pub fn expire(&mut self, now_ms: i64) -> Vec<(u16, Vec<Fired>)> {
        let mut ended = Vec::new();
        while let Some(over) = self.sessions.iter().find(|session| now_ms >= session.until_ms).copied() {
            ended.push((over.id, self.close(over.id)));
        }
        ended
    }

    /// When the next session ends unless its client is heard of, by the server's clock, in ms.
    pub fn next_expiry_ms(&self) -> Option<i64> {
        self.sessions.iter().map(|session| session.until_ms).min()
    }

    /// The child that a session watches, the lowest if there are several.
    pub fn watched(&self, session: u16) -> Option<i32> {
        self.watches.iter().filter(|watch| watch.session == session).map(|watch| watch.child).min()
    }

    /// The children with their sessions, by number, and until when those last, in ms of the server's clock.
    pub fn list(&self) -> impl Iterator<Item = (i32, u16, i64)> {
        self.children.iter().filter_map(|(child, owner)| {
            let session = self.sessions.iter().find(|session| session.id == *owner)?;
            Some((*child, *owner, session.until_ms))
        })
    }

    /// Hashes what the server knows with times relative to its clock, so that a shift in time is no other state.
    pub fn hash_at(&self, now_ms: i64, hasher: &mut impl Hasher) {
        for Session { id, timeout_ms, until_ms } in &self.sessions {
            (id, timeout_ms, until_ms - now_ms).hash(hasher);
        }
        (u16::MAX, &self.children, &self.watches, self.created).hash(hasher);
    }

    /// Takes a child away; `None` where there is none.
    fn remove(&mut self, child: i32) -> Option<Vec<Fired>> {
        let at = self.children.iter().position(|(there, _)| *there == child)?;
        self.children.remove(at);
        let fired = self.watches.iter().filter(|watch| watch.child == child).copied().collect();
        self.watches.retain(|watch| watch.child != child);
        Some(fired)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT_MS: i64 = 6_000;

    fn three() -> ZooKeeper {
        let mut server = ZooKeeper::default();
        for session in 1..=3 {
            server.connect(0, session, TIMEOUT_MS);
            assert_eq!(server.create(0, session), Ok(i32::from(session) - 1));
        }
        server
    }

    #[test]
    fn numbers_grow_and_are_never_given_twice() {
        let mut server = three();
        assert_eq!(server.delete(10, 3, 2), Ok(Vec::new()));
        assert_eq!(server.create(10, 3), Ok(3));
        assert_eq!(server.children(10, 1), Ok(vec![0, 1, 3]));
    }

    #[test]
    fn a_watch_fires_once_and_only_for_its_child() {
        let mut server = three();
        assert_eq!(server.watch(0, 2, 0), Ok(()));
        assert_eq!(server.watch(0, 3, 1), Ok(()));
        assert_eq!(server.watch(0, 3, 9), Err(Refused::NoNode));
        assert_eq!(server.delete(0, 1, 0), Ok(vec![Fired { session: 2, child: 0 }]));
        assert_eq!(server.delete(0, 1, 0), Err(Refused::NoNode));
    }

    #[test]
    fn a_session_ends_by_the_servers_clock_and_takes_its_children_along() {
        let mut server = three();
        assert_eq!(server.watch(4_000, 2, 0), Ok(()));
        assert_eq!(server.ping(4_000, 3), Ok(()));
        assert_eq!(server.next_expiry_ms(), Some(TIMEOUT_MS));
        assert_eq!(server.expire(TIMEOUT_MS - 1), Vec::new());
        assert_eq!(server.expire(TIMEOUT_MS), vec![(1, vec![Fired { session: 2, child: 0 }])]);
        assert_eq!(server.ping(TIMEOUT_MS, 1), Err(Refused::SessionExpired));
        assert_eq!(server.create(TIMEOUT_MS, 1), Err(Refused::SessionExpired));
        assert_eq!(server.children(TIMEOUT_MS, 2), Ok(vec![1, 2]));
    }

    #[test]
    fn whoever_is_gone_hears_of_nothing() {
        let mut server = three();
        assert_eq!(server.watch(0, 2, 0), Ok(()));
        assert_eq!(server.close(2), Vec::new());
        assert_eq!(server.close(1), Vec::new());
        assert_eq!(server.list().map(|(child, ..)| child).collect::<Vec<_>>(), [2]);
    }
}
