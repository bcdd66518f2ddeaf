//! Locks side by side: the tables, which are counted in runs and compared with what they said before, and what they must say.

mod support;

use std::fmt::Write as _;

use expect_test::expect_file;
use interleave::engine::{Exhibit, Run, Table};
use interleave::scenarios::find;

fn start(variant: &str, given: &[(&str, &str)]) -> Box<dyn Run> {
    let entry = find("lock-comparison").expect("it is in the catalogue");
    let declared = entry.info().variant(variant).expect("a variant of ours");
    let values = entry.info().values(declared, given.iter().copied()).expect("values that fit");
    entry.start(declared, &values, 0)
}

fn tables(variant: &str, given: &[(&str, &str)]) -> Vec<Table> {
    let exhibits = start(variant, given).exhibits(0).into_iter();
    exhibits
        .map(|exhibit| match exhibit {
            Exhibit::Table(table) => table,
            other => panic!("{other:?}"),
        })
        .collect()
}

fn text(tables: &[Table]) -> String {
    let mut text = String::new();
    for table in tables {
        let _ = writeln!(text, "# {}\n{}", table.title, table.columns.join(" | "));
        for row in &table.rows {
            let cells = row.iter().map(|cell| {
                let remarks = cell.remarks.iter().map(|(_, remark)| format!(", {remark}"));
                format!("{}{}", cell.text, remarks.collect::<String>())
            });
            let _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join(" | "));
        }
    }
    text
}

/// A cell of the second table.
fn survives(tables: &[Table], lock: &str, fault: &str) -> String {
    let at = tables[1].columns.iter().position(|column| column == fault).expect("a column");
    let row = tables[1].rows.iter().find(|row| row[0].text == lock).expect("a row");
    let remarks: Vec<&str> = row[at].remarks.iter().map(|(_, remark)| remark.as_str()).collect();
    format!("{} / {}", row[at].text, remarks.join(" "))
}

#[test]
fn the_tables_say_what_the_runs_show() {
    expect_file!["golden/lock-comparison.txt"].assert_eq(&text(&tables("redis", &[])));
}

#[test]
fn the_tables_are_the_same_whichever_lock_is_looked_at_and_follow_the_parameters() {
    let of_redis = tables("redis", &[]);
    for variant in find("lock-comparison").expect("ours").info().variants {
        assert_eq!(tables(variant.id, &[]), of_redis, "{}", variant.id);
        assert_eq!(tables(variant.id, &[("tries", "3"), ("clients", "1")]), of_redis, "{}", variant.id);
    }
    let other = tables("redis", &[("ttl", "9000")]);
    assert_ne!(other, of_redis);
    assert_eq!(tables("redis", &[]), of_redis);
}

#[test]
fn a_pause_breaks_whatever_is_not_fenced_and_nothing_that_is() {
    let tables = tables("redis", &[]);
    for row in &tables[1].rows {
        let lock = row[0].text.as_str();
        let (paused, fenced) =
            (survives(&tables, lock, "holder is paused"), survives(&tables, lock, "the same, fenced"));
        assert!(!fenced.contains("a write is lost"), "{lock}: {fenced}");
        // For a process that is paused, its kernel keeps the connection to PostgreSQL.
        let is_exposed = lock != "Advisory lock";
        assert_eq!(is_exposed, paused.contains("a write is lost"), "{lock}: {paused}");
    }
}

#[test]
fn only_locks_that_go_by_the_time_of_day_mind_a_clock_that_jumps_and_a_majority_does_not_mind_one() {
    let tables = tables("redis", &[]);
    let jumps = |lock: &str| survives(&tables, lock, "clock jumps");
    for lock in ["One Redis", "A row in a table"] {
        assert!(
            jumps(lock).contains("two inside") || jumps(lock).contains("a write is lost"),
            "{lock}: {}",
            jumps(lock)
        );
    }
    assert!(jumps("Redlock").contains("one at a time"), "{}", jumps("Redlock"));
    for lock in ["ZooKeeper", "etcd", "Consul", "Advisory lock"] {
        assert_eq!(jumps(lock), "\u{2013} / ", "{lock}");
    }
}
