//! What no real server can be asked in time: expiry to the millisecond, whoever's clock says so.

use std::hash::Hasher;

use super::words::Server;
use super::{ExpireIf, Expiry, Redis, Reply, SetIf, whole_number};
use crate::engine::StableHasher;

fn locked(now_ms: i64, ttl_ms: i64) -> Redis {
    let mut redis = Redis::default();
    assert_eq!(redis.set(now_ms, "lock", "a1", SetIf::Absent, Expiry::After(ttl_ms), false), Reply::OK);
    redis
}

#[test]
fn a_key_is_gone_once_the_clock_has_passed_its_expiry() {
    let mut redis = locked(0, 1000);
    assert_eq!(redis.pttl(1000, "lock"), 0);
    assert_eq!(redis.set(1000, "lock", "b1", SetIf::Absent, Expiry::After(1000), false), Reply::Nil);
    assert_eq!(redis.pttl(1001, "lock"), -2);
    assert_eq!(redis.set(1001, "lock", "b1", SetIf::Absent, Expiry::After(1000), false), Reply::OK);
}

#[test]
fn a_clock_that_jumps_forward_expires_and_one_that_jumps_back_prolongs() {
    let redis = locked(5_000, 1000);
    assert!(!redis.exists(7_000, "lock"));
    assert_eq!(redis.pttl(3_000, "lock"), 3_000);
}

#[test]
fn only_its_owner_deletes_or_extends_by_script() {
    let mut redis = locked(0, 1000);
    assert_eq!(redis.compare_and_delete(10, "lock", "b1"), Reply::Int(0));
    assert_eq!(redis.compare_and_extend(10, "lock", "b1", 9_000), Reply::Int(0));
    assert_eq!(redis.compare_and_extend(10, "lock", "a1", 9_000), Reply::Int(1));
    assert_eq!(redis.pttl(10, "lock"), 9_000);
    assert_eq!(redis.compare_and_delete(9_011, "lock", "a1"), Reply::Int(0), "it has expired");
    assert_eq!(redis.lock_with_token(9_011, "lock", "b1", 50, "fence"), Reply::Int(1));
    assert_eq!(redis.lock_with_token(9_012, "lock", "a2", 50, "fence"), Reply::Nil);
    assert_eq!(redis.lock_with_token(9_062, "lock", "a2", 50, "fence"), Reply::Int(2), "the counter does not expire");
    assert_eq!(redis.compare_and_delete(9_063, "lock", "a2"), Reply::Int(1));
}

#[test]
fn an_expiry_that_is_past_deletes() {
    let mut redis = locked(0, 1000);
    assert!(redis.pexpire(10, "lock", 0, ExpireIf::default()));
    assert!(!redis.exists(10, "lock"));
    assert!(!redis.pexpire(10, "lock", 5, ExpireIf::default()));
}

#[test]
fn a_shift_in_time_is_no_other_state_and_what_has_expired_is_none() {
    let key = |redis: &Redis, now_ms| {
        let mut hasher = StableHasher::default();
        redis.hash_at(now_ms, &mut hasher);
        hasher.finish()
    };
    assert_eq!(key(&locked(0, 1000), 10), key(&locked(500, 1000), 510));
    assert_ne!(key(&locked(0, 1000), 10), key(&locked(0, 1000), 11));
    assert_eq!(key(&locked(0, 1000), 1001), key(&Redis::default(), 0));
    let mut swept = locked(0, 1000);
    assert_eq!(swept.next_expiry_ms(), Some(1000));
    assert_eq!(swept.sweep(1000), Vec::<String>::new());
    assert_eq!(swept.sweep(1001), ["lock"]);
    assert_eq!(swept, Redis::default());
}

#[test]
fn numbers_are_read_as_redis_reads_them() {
    for (text, number) in [
        ("0", Some(0)),
        ("-7", Some(-7)),
        ("9223372036854775807", Some(i64::MAX)),
        ("9223372036854775808", None),
        ("-0", None),
        ("007", None),
        ("+7", None),
        (" 7", None),
        ("", None),
        ("-", None),
    ] {
        assert_eq!(whole_number(text), number, "{text:?}");
    }
}

#[test]
fn subscribers_hear_what_is_published() {
    let mut server = Server::default();
    server.call(1, &["SUBSCRIBE", "free"], 0);
    let outcome = server.call(2, &["PUBLISH", "free", "now"], 0);
    assert_eq!(outcome.reply, Reply::Int(1));
    assert_eq!(outcome.published, [(1, "free".to_owned(), "now".to_owned())]);
    assert_eq!(server.call(2, &["PUBLISH", "other", "now"], 0).published, []);
}

#[test]
fn a_watched_key_that_expires_spoils_the_transaction() {
    let mut server = Server::default();
    for words in [&["SET", "k", "v", "PX", "10"][..], &["WATCH", "k"], &["MULTI"], &["GET", "k"]] {
        server.call(1, words, 0);
    }
    assert_eq!(server.call(1, &["EXEC"], 11).reply, Reply::NilArray);
    assert_eq!(
        server.call(1, &["TIME"], 1_234).reply,
        Reply::Array(vec![Reply::Bulk("1".into()), Reply::Bulk("234000".into())])
    );
}
