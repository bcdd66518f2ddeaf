//! The scripts: one for each anomaly, on accounts, orders and seats.

use std::borrow::Cow;

use super::super::info::OWN;
use super::{cases, stock, transfer};
use crate::scenarios::Values;

/// A script with the variant that plays it.
pub struct Preset {
    /// The variant.
    pub variant: &'static str,
    /// The invariants that are looked at, beside the script's own rule.
    pub invariants: &'static [&'static str],
    /// The script.
    pub text: &'static str,
}

fn presets(scenario: &str) -> &'static [Preset] {
    match scenario {
        "lost-update" => cases::LOST_UPDATE,
        "double-booking" => cases::DOUBLE_BOOKING,
        "deadlock" => cases::DEADLOCK,
        "inventory-locking" => stock::INVENTORY,
        "flash-sale" => stock::FLASH_SALE,
        transfer::ID => transfer::TRANSFER,
        _ => PRESETS,
    }
}

fn preset(scenario: &str, variant: &str) -> &'static Preset {
    let all = presets(scenario);
    // Variants are looked up in the catalogue first, and a test holds it to these tables.
    all.iter().find(|preset| preset.variant == variant).unwrap_or(&all[0])
}

/// The script of a variant; in the reader's own, what the parameter holds.
pub fn text<'v>(scenario: &str, variant: &str, values: &'v Values) -> Cow<'v, str> {
    match values.text("script") {
        own if variant == OWN && !own.is_empty() => Cow::Borrowed(own),
        _ => filled(preset(scenario, variant).text, values),
    }
}

/// Names of buyers: as many of them come as a scenario's parameter says.
const BUYERS: [&str; 4] = ["ada", "ben", "cem", "dan"];

/// A script with parameters in it, as `@stock`; what follows `session @name` stands once for each buyer, and `@` behind the name of a step numbers it.
fn filled<'v>(text: &'v str, values: &Values) -> Cow<'v, str> {
    if !text.contains('@') {
        return Cow::Borrowed(text);
    }
    let left = (values.int("stock") - values.int("clients")).max(0).to_string();
    let known = values.iter().chain([("left", left.as_str())]);
    let text = known.fold(text.to_owned(), |text, (id, value)| text.replace(&format!("@{id}"), value));
    let Some((head, own)) = text.split_once("session @name") else { return Cow::Owned(text) };
    let mut out = head.to_owned();
    let count = usize::try_from(values.int("clients")).unwrap_or(0);
    for (number, name) in (1..).zip(BUYERS).take(count) {
        let number = if number == 1 { String::new() } else { number.to_string() };
        let own = own.replace("@name", name).replace('@', &number);
        out += &format!("session {name}{own}\n");
    }
    Cow::Owned(out)
}

/// The invariants that a variant looks at.
pub fn invariants(scenario: &str, variant: &str) -> &'static [&'static str] {
    preset(scenario, variant).invariants
}

const PRESETS: &[Preset] = &[
    Preset {
        variant: "lost-update",
        invariants: &["lost-update", "serializable"],
        text: "
setup {
  CREATE TABLE accounts (id int PRIMARY KEY, balance int);
  INSERT INTO accounts VALUES (1, 100);
}

# Both deposit: 30 and 50. Each writes what it has read, and more.
session s1
setup { BEGIN; }
step read   { SELECT balance FROM accounts WHERE id = 1; }
step write  { UPDATE accounts SET balance = 130 WHERE id = 1; }
step commit { COMMIT; }

session s2
setup { BEGIN; }
step read2   { SELECT balance FROM accounts WHERE id = 1; }
step write2  { UPDATE accounts SET balance = 150 WHERE id = 1; }
step commit2 { COMMIT; }
",
    },
    Preset {
        variant: "non-repeatable-read",
        invariants: &["g-single", "serializable"],
        text: "
setup {
  CREATE TABLE accounts (id int PRIMARY KEY, balance int);
  INSERT INTO accounts VALUES (1, 1000);
}

session s1
setup { BEGIN; }
step read   { SELECT balance FROM accounts WHERE id = 1; }
step again  { SELECT balance FROM accounts WHERE id = 1; }
step commit { COMMIT; }

session s2
setup { BEGIN; }
step write   { UPDATE accounts SET balance = 500 WHERE id = 1; }
step commit2 { COMMIT; }
",
    },
    Preset {
        variant: "read-skew",
        invariants: &["g-single", "serializable"],
        text: "
setup {
  CREATE TABLE accounts (id int PRIMARY KEY, balance int);
  INSERT INTO accounts VALUES (1, 100), (2, 100);
}

# An audit of both accounts, while 40 moves from one to the other.
session audit
setup { BEGIN; }
step first  { SELECT balance FROM accounts WHERE id = 1; }
step second { SELECT balance FROM accounts WHERE id = 2; }
step commit { COMMIT; }

session transfer
setup { BEGIN; }
step take    { UPDATE accounts SET balance = balance - 40 WHERE id = 1; }
step give    { UPDATE accounts SET balance = balance + 40 WHERE id = 2; }
step commit2 { COMMIT; }
",
    },
    Preset {
        variant: "phantom",
        invariants: &["g-single", "serializable"],
        text: "
setup {
  CREATE TABLE orders (id int PRIMARY KEY, amount int);
  INSERT INTO orders VALUES (1, 1200), (2, 300);
}

session report
setup { BEGIN; }
step count  { SELECT count(*) FROM orders WHERE amount > 1000; }
step again  { SELECT count(*) FROM orders WHERE amount > 1000; }
step commit { COMMIT; }

session shop
setup { BEGIN; }
step insert  { INSERT INTO orders VALUES (3, 1500); }
step commit2 { COMMIT; }
",
    },
    Preset {
        variant: "write-skew",
        invariants: &["g2-item", "serializable"],
        text: "
# holds: SELECT sum(balance) >= 0 FROM accounts

setup {
  CREATE TABLE accounts (id int PRIMARY KEY, balance int);
  INSERT INTO accounts VALUES (1, 60), (2, 60);
}

# Either may overdraw an account, as long as both together are not below zero.
session s1
setup { BEGIN; }
step draw   { UPDATE accounts SET balance = balance - 100 WHERE id = 1 AND (SELECT sum(balance) FROM accounts) >= 100; }
step commit { COMMIT; }

session s2
setup { BEGIN; }
step draw2   { UPDATE accounts SET balance = balance - 100 WHERE id = 2 AND (SELECT sum(balance) FROM accounts) >= 100; }
step commit2 { COMMIT; }
",
    },
    Preset {
        variant: "predicate-write-skew",
        invariants: &["g2", "serializable"],
        text: "
# holds: SELECT count(*) <= 1 FROM bookings WHERE seat = 12

setup {
  CREATE TABLE bookings (id int PRIMARY KEY, seat int, guest text);
  INSERT INTO bookings VALUES (1, 11, 'Ada');
}

# No row says that seat 12 is free, so there is none to lock.
session s1
setup { BEGIN; }
step book   { INSERT INTO bookings SELECT 2, 12, 'Ben' WHERE NOT EXISTS (SELECT * FROM bookings WHERE seat = 12); }
step commit { COMMIT; }

session s2
setup { BEGIN; }
step book2   { INSERT INTO bookings SELECT 3, 12, 'Cleo' WHERE NOT EXISTS (SELECT * FROM bookings WHERE seat = 12); }
step commit2 { COMMIT; }
",
    },
    Preset {
        variant: "read-only-anomaly",
        invariants: &["serializable"],
        text: "
setup {
  CREATE TABLE accounts (id text PRIMARY KEY, balance int);
  INSERT INTO accounts VALUES ('checking', 0), ('savings', 0);
}

# 10 is drawn, and 1 more for overdrawing: it has not seen the deposit.
session draw
setup { BEGIN; }
step look    { SELECT * FROM accounts WHERE id IN ('checking', 'savings'); }
step take    { UPDATE accounts SET balance = -11 WHERE id = 'checking'; }
step commit  { COMMIT; }

session deposit
setup { BEGIN; }
step put     { UPDATE accounts SET balance = 20 WHERE id = 'savings'; }
step commit2 { COMMIT; }

# It writes nothing, and yet without it all would be well.
session report
setup { BEGIN; }
step print   { SELECT * FROM accounts WHERE id IN ('checking', 'savings'); }
step commit3 { COMMIT; }
",
    },
    Preset {
        variant: "dirty-write",
        invariants: &["g0", "serializable"],
        text: "
# holds: SELECT count(*) <> 1 FROM seats WHERE guest = 'Ada'

setup {
  CREATE TABLE seats (id int PRIMARY KEY, guest text);
  INSERT INTO seats VALUES (1, ''), (2, '');
}

# Each wants both seats.
session ada
setup { BEGIN; }
step one    { UPDATE seats SET guest = 'Ada' WHERE id = 1; }
step two    { UPDATE seats SET guest = 'Ada' WHERE id = 2; }
step commit { COMMIT; }

session ben
setup { BEGIN; }
step one2    { UPDATE seats SET guest = 'Ben' WHERE id = 1; }
step two2    { UPDATE seats SET guest = 'Ben' WHERE id = 2; }
step commit2 { COMMIT; }
",
    },
    Preset {
        variant: "dirty-read",
        invariants: &["g1a", "serializable"],
        text: "
setup {
  CREATE TABLE accounts (id int PRIMARY KEY, balance int);
  INSERT INTO accounts VALUES (1, 100);
}

session s1
setup { BEGIN; }
step write    { UPDATE accounts SET balance = 900 WHERE id = 1; }
step rollback { ROLLBACK; }

session s2
setup { BEGIN; }
step read   { SELECT balance FROM accounts WHERE id = 1; }
step commit { COMMIT; }
",
    },
    Preset {
        variant: "intermediate-read",
        invariants: &["g1b", "serializable"],
        text: "
setup {
  CREATE TABLE orders (id int PRIMARY KEY, amount int);
  INSERT INTO orders VALUES (1, 100);
}

session s1
setup { BEGIN; }
step first  { UPDATE orders SET amount = 1 WHERE id = 1; }
step last   { UPDATE orders SET amount = 200 WHERE id = 1; }
step commit { COMMIT; }

session s2
setup { BEGIN; }
step read    { SELECT amount FROM orders WHERE id = 1; }
step commit2 { COMMIT; }
",
    },
    Preset {
        variant: "circular-flow",
        invariants: &["g1c", "serializable"],
        text: "
setup {
  CREATE TABLE seats (id int PRIMARY KEY, guest text);
  INSERT INTO seats VALUES (1, ''), (2, '');
}

session ada
setup { BEGIN; }
step take   { UPDATE seats SET guest = 'Ada' WHERE id = 1; }
step look   { SELECT guest FROM seats WHERE id = 2; }
step commit { COMMIT; }

session ben
setup { BEGIN; }
step take2   { UPDATE seats SET guest = 'Ben' WHERE id = 2; }
step look2   { SELECT guest FROM seats WHERE id = 1; }
step commit2 { COMMIT; }
",
    },
    Preset {
        variant: OWN,
        invariants: &["serializable"],
        text: "
# What must be true of whatever is committed:
# holds: SELECT (SELECT count(*) FROM sales) <= stock FROM items

setup {
  CREATE TABLE items (id int PRIMARY KEY, stock int);
  CREATE TABLE sales (buyer text PRIMARY KEY, item int);
  INSERT INTO items VALUES (1, 1);
}

# One item, two buyers. Each sale looks first, in the same statement.
session ada
setup { BEGIN; }
step buy  { INSERT INTO sales SELECT 'Ada', id FROM items WHERE stock > (SELECT count(*) FROM sales); }
step done { COMMIT; }

session ben
setup { BEGIN; }
step buy2  { INSERT INTO sales SELECT 'Ben', id FROM items WHERE stock > (SELECT count(*) FROM sales); }
step done2 { COMMIT; }
",
    },
];

#[cfg(test)]
mod tests {
    use super::super::super::{DEADLOCK, DOUBLE_BOOKING, FLASH_SALE, INVENTORY, ISOLATION, LOST_UPDATE, TRANSFER};
    use super::super::script::check;
    use super::*;
    use crate::scenarios::Entry as _;

    #[test]
    fn every_variant_has_a_script_that_can_be_read() {
        for played in [&ISOLATION, &LOST_UPDATE, &DOUBLE_BOOKING, &DEADLOCK, &INVENTORY, &FLASH_SALE, &TRANSFER] {
            let info = played.info();
            let variants: Vec<&str> = info.variants.iter().map(|variant| variant.id).collect();
            let all: Vec<&str> = presets(info.id).iter().map(|preset| preset.variant).collect();
            assert_eq!(variants, all);
            for preset in presets(info.id) {
                let variant = info.variant(preset.variant).expect("a variant of ours");
                let values = info.values(variant, []).expect("defaults");
                let script = text(info.id, preset.variant, &values);
                assert_eq!(check(&script), Ok(()), "{}: {script}", preset.variant);
                for id in preset.invariants {
                    assert!(info.invariants.iter().any(|(known, _)| known == id), "{id}");
                }
            }
        }
    }
}
