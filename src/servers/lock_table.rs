//! A lock as a row of a table in PostgreSQL 15, one method for each statement that a client sends: each is a transaction of its own, so that two that meet
//! on the row come one after the other (PostgreSQL manual, `INSERT`, "ON CONFLICT Clause"; chapter 13.2.1). Whole SQL is in [`super::sql`]; this is what
//! a lock needs of it.
//!
//! Owners are numbers of the caller's choice. A caller passes `now_ms`, what `now()` says there: the database's own clock, or, where the
//! client sends its time along, the client's.

use std::hash::{Hash, Hasher};

/// `CREATE TABLE locks (name text PRIMARY KEY, owner text, expires_at timestamptz, token bigint)`, with at most one row, and a sequence for tokens.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct LockTable {
    row: Option<Row>,
    /// `nextval`: it never goes back, whatever becomes of the row.
    token: i32,
}

/// The row.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Row {
    /// Whose lock it is.
    pub owner: u16,
    /// From when on it counts for nothing; `None`: never.
    pub expires_ms: Option<i64>,
    /// Which grant this is.
    pub token: i32,
}

impl Row {
    /// `expires_at < now()`
    pub fn is_over(&self, now_ms: i64) -> bool {
        self.expires_ms.is_some_and(|expires_ms| expires_ms < now_ms)
    }
}

impl LockTable {
    /// The row, whether it is over or not.
    pub fn select(&self) -> Option<&Row> {
        self.row.as_ref()
    }

    /// `INSERT … ON CONFLICT DO NOTHING`: the new row's token, or none where a row is there.
    pub fn insert(&mut self, owner: u16, expires_ms: Option<i64>) -> Option<i32> {
        if self.row.is_some() {
            return None;
        }
        Some(self.put(owner, expires_ms))
    }

    /// `INSERT … ON CONFLICT (name) DO UPDATE SET … WHERE locks.expires_at < now() RETURNING token`: none where a row is there that is not over.
    pub fn take_expired(&mut self, now_ms: i64, owner: u16, expires_ms: i64) -> Option<i32> {
        if self.row.as_ref().is_some_and(|row| !row.is_over(now_ms)) {
            return None;
        }
        Some(self.put(owner, Some(expires_ms)))
    }

    /// `INSERT … ON CONFLICT (name) DO UPDATE SET …` without a condition: it takes the row from whoever has it.
    pub fn put(&mut self, owner: u16, expires_ms: Option<i64>) -> i32 {
        self.token = self.token.saturating_add(1);
        self.row = Some(Row { owner, expires_ms, token: self.token });
        self.token
    }

    /// `UPDATE … SET expires_at = … WHERE owner = …`: whether that was a row.
    pub fn extend(&mut self, owner: u16, expires_ms: i64) -> bool {
        let own = self.row.as_mut().filter(|row| row.owner == owner);
        own.map(|row| row.expires_ms = Some(expires_ms)).is_some()
    }

    /// `DELETE … WHERE name = 'lock'`: the row that is gone.
    pub fn delete(&mut self) -> Option<Row> {
        self.row.take()
    }

    /// `DELETE … WHERE name = 'lock' AND owner = …`: whether that was a row.
    pub fn delete_own(&mut self, owner: u16) -> bool {
        self.row.take_if(|row| row.owner == owner).is_some()
    }

    /// When the row will be over, by the database's clock, where that is to come: the first reading at which it is.
    pub fn next_expiry_ms(&self, now_ms: i64) -> Option<i64> {
        let expires_ms = self.row.as_ref().filter(|row| !row.is_over(now_ms))?.expires_ms?;
        Some(expires_ms.saturating_add(1))
    }

    /// Hashes what the table holds with times relative to the database's clock, so that a shift in time is no other state.
    pub fn hash_at(&self, now_ms: i64, hasher: &mut impl Hasher) {
        let row = self.row.as_ref().map(|row| {
            // How long it has been over makes no difference.
            let left_ms = row.expires_ms.map(|expires_ms| (expires_ms - now_ms).max(-1));
            (row.owner, left_ms, row.token)
        });
        (row, self.token).hash(hasher);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_insert_leaves_a_row_alone_even_one_that_is_over() {
        let mut table = LockTable::default();
        assert_eq!(table.insert(1, Some(5_000)), Some(1));
        assert_eq!(table.insert(2, Some(9_000)), None);
        assert_eq!(table.select(), Some(&Row { owner: 1, expires_ms: Some(5_000), token: 1 }));
        assert!(!table.delete_own(2));
        assert!(table.delete_own(1));
        assert_eq!(table.insert(2, None), Some(2), "a sequence never goes back");
    }

    #[test]
    fn a_row_is_taken_once_it_is_over_and_not_before() {
        let mut table = LockTable::default();
        assert_eq!(table.take_expired(0, 1, 5_000), Some(1));
        assert_eq!(table.next_expiry_ms(0), Some(5_001));
        assert_eq!(table.take_expired(5_000, 2, 10_000), None, "not less than now");
        assert_eq!(table.take_expired(5_001, 2, 10_001), Some(2));
        assert!(!table.extend(1, 20_000), "it is no longer its own");
        assert!(table.extend(2, 20_000));
        assert_eq!(table.next_expiry_ms(20_001), None);
        assert_eq!(table.delete().map(|row| row.owner), Some(2));
    }

    #[test]
    fn a_row_without_an_expiry_is_never_over_and_put_asks_nobody() {
        let mut table = LockTable::default();
        assert_eq!(table.insert(1, None), Some(1));
        assert_eq!(table.take_expired(i64::MAX, 2, 0), None);
        assert_eq!(table.next_expiry_ms(0), None);
        assert_eq!(table.put(2, Some(7)), 2);
    }
}
