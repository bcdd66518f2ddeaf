//! The scripts of `atomic-transfer`, and which rules of a log the database keeps in each.

use super::presets::Preset;
use crate::servers::sql::storage::Rules;

/// The scenario.
pub const ID: &str = "atomic-transfer";

const INVARIANTS: &[&str] = &["money", "durable"];

/// The rules of a write-ahead log.
const ALL: Rules = Rules { log: true, log_first: true, forced_commit: true };

/// The rules that a variant keeps; none in scenarios in which nothing crashes.
pub fn rules(scenario: &str, variant: &str) -> Option<Rules> {
    (scenario == ID).then_some(match variant {
        "no-log" => Rules { log: false, log_first: false, ..ALL },
        "page-first" => Rules { log_first: false, ..ALL },
        "early-answer" => Rules { forced_commit: false, ..ALL },
        _ => ALL,
    })
}

/// `atomic-transfer`.
pub const TRANSFER: &[Preset] = &[
    Preset {
        variant: "two-updates",
        invariants: INVARIANTS,
        text: "
setup {
  CREATE TABLE accounts (id int PRIMARY KEY, balance int);
  INSERT INTO accounts VALUES (1, 100), (2, 100), (3, 100);
}

# 40 from account 1 to account 2. Each statement is a transaction of its own.
session ada
step take { UPDATE accounts SET balance = balance - 40 WHERE id = 1; }
step give { UPDATE accounts SET balance = balance + 40 WHERE id = 2; }

# 30 from account 2 to account 3.
session ben
step take2 { UPDATE accounts SET balance = balance - 30 WHERE id = 2; }
step give2 { UPDATE accounts SET balance = balance + 30 WHERE id = 3; }
",
    },
    Preset { variant: "no-log", invariants: INVARIANTS, text: TRANSACTIONS },
    Preset { variant: "page-first", invariants: INVARIANTS, text: TRANSACTIONS },
    Preset { variant: "early-answer", invariants: INVARIANTS, text: TRANSACTIONS },
    Preset { variant: "write-ahead-log", invariants: INVARIANTS, text: TRANSACTIONS },
];

const TRANSACTIONS: &str = "
setup {
  CREATE TABLE accounts (id int PRIMARY KEY, balance int);
  INSERT INTO accounts VALUES (1, 100), (2, 100), (3, 100);
}

# 40 from account 1 to account 2.
session ada
step take   { BEGIN; UPDATE accounts SET balance = balance - 40 WHERE id = 1; }
step give   { UPDATE accounts SET balance = balance + 40 WHERE id = 2; }
step commit { COMMIT; }

# 30 from account 2 to account 3.
session ben
step take2   { BEGIN; UPDATE accounts SET balance = balance - 30 WHERE id = 2; }
step give2   { UPDATE accounts SET balance = balance + 30 WHERE id = 3; }
step commit2 { COMMIT; }
";
