//! In which order rows come that have a partner in another table.
//!
//! Where the planner knows how small a table is (`CREATE INDEX` has counted it) and not how small the other is, `EXISTS (SELECT … WHERE other.c = own.c)`
//! runs through the distinct keys of the other and looks each up. The keys come out of a hash table (nodeAgg.c, execGrouping.c, simplehash.h), and the
//! rows in that order: the highest place first. SQL promises none, but rows are locked in it.

use std::collections::BTreeMap;

use super::heap::Stored;
use crate::servers::sql::ast::Binary;
use crate::servers::sql::bind::{Bound, BoundQuery, BoundSource};
use crate::servers::sql::query::conjuncts;
use crate::servers::sql::value::Value;

/// Places of the hash table for the 200 keys that the planner expects where it knows nothing.
const PLACES: u32 = 256;

/// The column of a query's only table by which it has a partner, where rows come in the order of those.
pub(super) fn hashed(tables: &BTreeMap<u32, Stored>, query: &BoundQuery) -> Option<u16> {
    let is_counted = |source: &BoundSource| match source {
        BoundSource::Table(table) => tables.get(table)?.counted.map(|(pages, _)| pages > 0).or(Some(false)),
        _ => None,
    };
    let [from] = query.from.as_slice() else { return None };
    let mut conditions = Vec::new();
    conjuncts(query.filter.as_ref()?, &mut conditions);
    let [Bound::Exists(other)] = conditions.as_slice() else { return None };
    let [partner] = other.from.as_slice() else { return None };
    if is_counted(&from.source) != Some(true) || is_counted(&partner.source) != Some(false) {
        return None;
    }
    match other.filter.as_ref()? {
        Bound::Binary(Binary::Eq, left, right) => match (&**left, &**right) {
            (Bound::Column(0, _), Bound::Column(1, own)) | (Bound::Column(1, own), Bound::Column(0, _)) => Some(*own),
            _ => None,
        },
        _ => None,
    }
}

/// The place of a key in the hash table.
pub(super) fn bucket(key: &Value) -> u32 {
    let hash = key.as_integer().map_or(0, |value| {
        let high = (value >> 32) as u32;
        // Small numbers have the same hash whatever their width (hashfunc.c, hashint8).
        jenkins(value as u32 ^ if value >= 0 { high } else { !high })
    });
    murmur(hash) & (PLACES - 1)
}

/// `hash_bytes_uint32` (hashfn.c), after Bob Jenkins, lookup3.
fn jenkins(key: u32) -> u32 {
    let start: u32 = 0x9e37_79b9 + 4 + 3_923_095;
    let (mut a, mut b, mut c) = (start.wrapping_add(key), start, start);
    let mix = |x: &mut u32, y: u32, turn: u32| *x = (*x ^ y).wrapping_sub(y.rotate_left(turn));
    mix(&mut c, b, 14);
    mix(&mut a, c, 11);
    mix(&mut b, a, 25);
    mix(&mut c, b, 16);
    mix(&mut a, c, 4);
    mix(&mut b, a, 14);
    mix(&mut c, b, 24);
    c
}

/// `murmurhash32` (hashfn.h), after Austin Appleby, MurmurHash3.
fn murmur(hash: u32) -> u32 {
    let hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    let hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `SELECT g, hashint4(g)`, and `SELECT c FROM u GROUP BY c` over 1 to 16, on PostgreSQL 15.20.
    #[test]
    fn keys_stand_where_the_real_server_has_them() {
        assert_eq!([1, 2, 3].map(|key| jenkins(key) as i32), [-1_905_060_026, 1_134_484_726, -28_094_569]);
        let mut keys: Vec<i32> = (1..=16).collect();
        keys.sort_by_key(|key| std::cmp::Reverse(bucket(&Value::Int(*key))));
        assert_eq!(keys, [11, 9, 15, 3, 5, 4, 10, 6, 14, 13, 2, 16, 7, 12, 1, 8]);
    }
}
