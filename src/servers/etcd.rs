//! A simulated etcd 3.4, as far as the recipe for locks goes (`clientv3/concurrency`): one revision for all that is written, leases that the server ends by
//! its own clock, transactions that compare a key's create revision, watches for the deletion of a key. The cluster is one here: what it answers, a
//! majority of it has agreed on.
//!
//! Keys stand under one prefix, but for [`OUTSIDE`], and are numbers of the caller's choice, as leases are. A caller passes `now_ms`, what the server's
//! clock says, where a lease is begun or kept alive.

use std::hash::{Hash, Hasher};

/// A key outside of the prefix: what the lock protects, where that is kept here too.
pub const OUTSIDE: u16 = u16::MAX;

/// What a server knows. Its lists are in order and short.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Etcd {
    /// The revision of the last change; an empty etcd is at 1.
    revision: i32,
    /// By their numbers.
    leases: Vec<Lease>,
    /// By their names.
    keys: Vec<Key>,
    /// In the order of who watches.
    watches: Vec<Fired>,
}

/// A lease: it ends, and its keys with it, unless it is kept alive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Lease {
    id: u16,
    ttl_ms: i64,
    /// Reading of the server's clock at which it ends.
    until_ms: i64,
}

/// A key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Key {
    /// Its name under the prefix.
    pub name: u16,
    /// The revision that created it.
    pub created: i32,
    /// The revision that wrote it last.
    pub modified: i32,
    /// How often it was written since it was created.
    pub version: i32,
    /// The lease that it ends with.
    pub lease: Option<u16>,
}

/// The lease is not there: it has ended, or never was ("etcdserver: requested lease not found").
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoLease;

/// A watch that fires: a key is gone, and somebody is to hear of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Fired {
    /// Who watched.
    pub watcher: u16,
    /// The name of the key that is gone.
    pub name: u16,
    /// The revision that had created it.
    pub created: i32,
}

impl Default for Etcd {
    fn default() -> Self {
        Etcd { revision: 1, leases: Vec::new(), keys: Vec::new(), watches: Vec::new() }
    }
}

impl Etcd {
    /// Grants a lease, or begins it anew. (A real one refuses a number that is taken; a client of ours never asks for one.)
    pub fn grant(&mut self, now_ms: i64, id: u16, ttl_ms: i64) {
        let begun = Lease { id, ttl_ms, until_ms: now_ms.saturating_add(ttl_ms) };
        self.leases.retain(|other| other.id != id);
        let at = self.leases.iter().take_while(|other| other.id < id).count();
        self.leases.insert(at, begun);
    }

    /// Keeps a lease alive for its length from now on. A real server answers with a TTL of 0 where it has ended.
    ///
    /// # Errors
    /// Where it has ended.
    pub fn keep_alive(&mut self, now_ms: i64, id: u16) -> Result<(), NoLease> {
        let found = self.leases.iter_mut().find(|lease| lease.id == id && now_ms < lease.until_ms).ok_or(NoLease)?;
        found.until_ms = now_ms.saturating_add(found.ttl_ms);
        Ok(())
    }

    /// Ends a lease, and its keys with it in one revision: the watches that fire. `None` where it has ended.
    pub fn revoke(&mut self, id: u16) -> Option<Vec<Fired>> {
        let at = self.leases.iter().position(|lease| lease.id == id)?;
        self.leases.remove(at);
        Some(self.remove(|key| key.lease == Some(id)))
    }

    /// Ends the leases whose time is over: which, and the watches that fire.
    pub fn expire(&mut self, now_ms: i64) -> Vec<(u16, Vec<Fired>)> {
        let mut ended = Vec::new();
        while let Some(over) = self.leases.iter().find(|lease| now_ms >= lease.until_ms).copied() {
            ended.push((over.id, self.revoke(over.id).unwrap_or_default()));
        }
        ended
    }

    /// `If CreateRevision(if_key) = created Then Put(key)`, where 0 says that the key is not there: whether it was so.
    ///
    /// # Errors
    /// Where it was so and the lease is not there; then nothing is written.
    pub fn put_if(&mut self, if_key: u16, created: i32, key: u16, lease: Option<u16>) -> Result<bool, NoLease> {
        if self.get(if_key).map_or(0, |found| found.created) != created {
            return Ok(false);
        }
        if lease.is_some_and(|id| !self.leases.iter().any(|lease| lease.id == id)) {
            return Err(NoLease);
        }
        self.revision += 1;
        let at = self.keys.iter().take_while(|other| other.name < key).count();
        match self.keys.get_mut(at).filter(|found| found.name == key) {
            Some(found) => {
                *found = Key { modified: self.revision, version: found.version + 1, lease, ..*found };
            }
            None => {
                let (created, modified) = (self.revision, self.revision);
                self.keys.insert(at, Key { name: key, created, modified, version: 1, lease });
            }
        }
        Ok(true)
    }

    /// A key.
    pub fn get(&self, name: u16) -> Option<&Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The key that was created first (`WithFirstCreate`).
    pub fn first(&self) -> Option<&Key> {
        self.queue().min_by_key(|key| key.created)
    }

    /// The key that was created last, at this revision or before (`WithLastCreate`, `WithMaxCreateRev`).
    pub fn last(&self, at_most: i32) -> Option<&Key> {
        self.queue().filter(|key| key.created <= at_most).max_by_key(|key| key.created)
    }

    /// What stands under the prefix.
    fn queue(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(|key| key.name != OUTSIDE)
    }

    /// Deletes a key: the watches that fire. `None` where it is not there; that is no change.
    pub fn delete(&mut self, name: u16) -> Option<Vec<Fired>> {
        self.get(name)?;
        Some(self.remove(|key| key.name == name))
    }

    /// Watches for the end of a key, from the revision that created it on: where it has ended, that is known at once, and `false`.
    pub fn watch(&mut self, watcher: u16, name: u16, created: i32) -> bool {
        if !self.keys.iter().any(|key| (key.name, key.created) == (name, created)) {
            return false;
        }
        let watch = Fired { watcher, name, created };
        if !self.watches.contains(&watch) {
            let at = self.watches.iter().take_while(|other| other.watcher < watcher).count();
            self.watches.insert(at, watch);
        }
        true
    }

    /// Ends what somebody watches: its connection is gone.
    pub fn forget(&mut self, watcher: u16) {
        self.watches.retain(|watch| watch.watcher != watcher);
    }

    /// The create revision of the key that somebody watches, the lowest if there are several.
    pub fn watched(&self, watcher: u16) -> Option<i32> {
        self.watches.iter().filter(|watch| watch.watcher == watcher).map(|watch| watch.created).min()
    }

    /// When the next lease ends unless it is kept alive, by the server's clock, in ms.
    pub fn next_expiry_ms(&self) -> Option<i64> {
        self.leases.iter().map(|lease| lease.until_ms).min()
    }

    /// The revision of the last change.
    pub fn revision(&self) -> i32 {
        self.revision
    }

    /// The keys with a lease, by create revision, and until when the lease lasts, in ms of the server's clock.
    pub fn list(&self) -> Vec<(i32, u16, i64)> {
        let leased = self.keys.iter().filter_map(|key| {
            let lease = self.leases.iter().find(|lease| Some(lease.id) == key.lease)?;
            Some((key.created, lease.id, lease.until_ms))
        });
        let mut all: Vec<_> = leased.collect();
        crate::engine::sort(&mut all);
        all
    }

    /// Hashes what the server knows with times relative to its clock, so that a shift in time is no other state.
    pub fn hash_at(&self, now_ms: i64, hasher: &mut impl Hasher) {
        for Lease { id, ttl_ms, until_ms } in &self.leases {
            (id, ttl_ms, until_ms - now_ms).hash(hasher);
        }
        (u16::MAX, &self.keys, &self.watches, self.revision).hash(hasher);
    }

    /// Takes keys away in one revision: the watches that fire.
    fn remove(&mut self, goes: impl Fn(&Key) -> bool) -> Vec<Fired> {
        let gone: Vec<Key> = self.keys.iter().copied().filter(&goes).collect();
        if gone.is_empty() {
            return Vec::new();
        }
        self.revision += 1;
        self.keys.retain(|key| !goes(key));
        let is_gone = |watch: &Fired| gone.iter().any(|key| key.name == watch.name);
        let fired = self.watches.iter().copied().filter(is_gone).collect();
        self.watches.retain(|watch| !is_gone(watch));
        fired
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL_MS: i64 = 6_000;

    fn three() -> Etcd {
        let mut server = Etcd::default();
        for lease in 1..=3 {
            server.grant(0, lease, TTL_MS);
            assert_eq!(server.put_if(lease, 0, lease, Some(lease)), Ok(true));
        }
        server
    }

    #[test]
    fn a_revision_is_for_all_keys_and_a_grant_is_none() {
        let mut server = three();
        assert_eq!(server.revision(), 4);
        assert_eq!(server.put_if(2, 0, 2, Some(2)), Ok(false), "it is there");
        assert_eq!(server.put_if(2, 3, 9, None), Ok(true));
        let nine = Key { name: 9, created: 5, modified: 5, version: 1, lease: None };
        assert_eq!(server.get(9), Some(&nine));
        assert_eq!(server.put_if(2, 3, 9, None), Ok(true));
        assert_eq!(server.get(9), Some(&Key { modified: 6, version: 2, ..nine }));
        assert_eq!(server.delete(7), None);
        assert_eq!(server.revision(), 6, "what changes nothing is no revision");
    }

    #[test]
    fn who_was_first_and_who_is_before_one() {
        let mut server = three();
        assert_eq!(server.first().map(|key| key.name), Some(1));
        assert_eq!(server.last(3).map(|key| key.name), Some(2));
        assert_eq!(server.delete(2), Some(Vec::new()));
        assert_eq!(server.last(3).map(|key| key.name), Some(1));
        assert_eq!(server.last(1), None);
    }

    #[test]
    fn a_lease_takes_its_keys_along_in_one_revision_and_wakes_who_watches() {
        let mut server = three();
        assert_eq!(server.put_if(8, 0, 8, Some(1)), Ok(true));
        assert!(server.watch(2, 1, 2));
        assert!(!server.watch(2, 1, 1), "a key of that revision is gone");
        assert_eq!(server.keep_alive(4_000, 2), Ok(()));
        assert_eq!(server.expire(TTL_MS - 1), []);
        let one = Fired { watcher: 2, name: 1, created: 2 };
        assert_eq!(server.expire(TTL_MS), [(1, vec![one]), (3, Vec::new())]);
        assert_eq!(server.revision(), 7);
        assert_eq!(server.keep_alive(TTL_MS, 1), Err(NoLease));
        assert_eq!(server.put_if(1, 0, 1, Some(1)), Err(NoLease));
        assert_eq!(server.put_if(2, 0, 1, Some(1)), Ok(false), "only what is to be done must be possible");
        assert_eq!(server.list(), [(3, 2, 10_000)]);
    }
}
