//! The scripts of the scenarios around one question each: an update that is lost, a seat that is booked twice, a deadlock.

use super::presets::Preset;

/// `lost-update`.
pub const LOST_UPDATE: &[Preset] = &[
    Preset { variant: "read-modify-write", invariants: &["lost-update", "serializable"], text: DEPOSITS },
    Preset {
        variant: "for-update",
        invariants: &["lost-update", "serializable"],
        text: "
setup {
  CREATE TABLE accounts (id int PRIMARY KEY, balance int);
  INSERT INTO accounts VALUES (1, 100);
}

# Who has read the row keeps the others from it until the end.
session s1
setup { BEGIN; }
step read   { SELECT balance FROM accounts WHERE id = 1 FOR UPDATE; }
step write  { UPDATE accounts SET balance = 130 WHERE id = 1; }
step commit { COMMIT; }

session s2
setup { BEGIN; }
step read2   { SELECT balance FROM accounts WHERE id = 1 FOR UPDATE; }
step write2  { UPDATE accounts SET balance = 180 WHERE id = 1; }
step commit2 { COMMIT; }
",
    },
    Preset {
        variant: "version",
        invariants: &["lost-update", "serializable"],
        text: "
setup {
  CREATE TABLE accounts (id int PRIMARY KEY, balance int, version int);
  INSERT INTO accounts VALUES (1, 100, 1);
}

# No transaction spans both. A write counts only if the row is as it was read; who hears UPDATE 0 reads again.
session s1
step read  { SELECT balance, version FROM accounts WHERE id = 1; }
step write { UPDATE accounts SET balance = 130, version = 2 WHERE id = 1 AND version = 1; }

session s2
step read2  { SELECT balance, version FROM accounts WHERE id = 1; }
step write2 { UPDATE accounts SET balance = 150, version = 2 WHERE id = 1 AND version = 1; }
",
    },
    Preset {
        variant: "atomic",
        invariants: &["lost-update", "serializable"],
        text: "
setup {
  CREATE TABLE accounts (id int PRIMARY KEY, balance int);
  INSERT INTO accounts VALUES (1, 100);
}

# Reading and writing in one statement: who waits goes on with the row as it is by then.
session s1
setup { BEGIN; }
step add    { UPDATE accounts SET balance = balance + 30 WHERE id = 1; }
step commit { COMMIT; }

session s2
setup { BEGIN; }
step add2    { UPDATE accounts SET balance = balance + 50 WHERE id = 1; }
step commit2 { COMMIT; }
",
    },
    Preset { variant: "repeatable-read", invariants: &["lost-update", "serializable"], text: DEPOSITS },
];

const DEPOSITS: &str = "
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
";

/// `double-booking`.
pub const DOUBLE_BOOKING: &[Preset] = &[
    Preset { variant: "check-then-book", invariants: &["serializable"], text: BOOKINGS },
    Preset { variant: "snapshot", invariants: &["serializable"], text: BOOKINGS },
    Preset {
        variant: "for-update",
        invariants: &["serializable"],
        text: "
# holds: SELECT count(*) <= 1 FROM bookings WHERE seat = 5

setup {
  CREATE TABLE seats (id int PRIMARY KEY);
  CREATE TABLE bookings (guest text PRIMARY KEY, seat int);
  INSERT INTO seats VALUES (5);
}

# The seat itself is locked before anybody looks whether it is booked.
session ada
setup { BEGIN; }
step lock { SELECT * FROM seats WHERE id = 5 FOR UPDATE; }
step book { INSERT INTO bookings SELECT 'Ada', 5 WHERE NOT EXISTS (SELECT * FROM bookings WHERE seat = 5); }
step done { COMMIT; }

session ben
setup { BEGIN; }
step lock2 { SELECT * FROM seats WHERE id = 5 FOR UPDATE; }
step book2 { INSERT INTO bookings SELECT 'Ben', 5 WHERE NOT EXISTS (SELECT * FROM bookings WHERE seat = 5); }
step done2 { COMMIT; }
",
    },
    Preset {
        variant: "conditional-update",
        invariants: &["serializable"],
        text: "
# holds: SELECT count(*) = 1 FROM seats WHERE id = 5

setup {
  CREATE TABLE seats (id int PRIMARY KEY, guest text);
  INSERT INTO seats VALUES (5, '');
}

# Who hears UPDATE 0 has not got it.
session ada
setup { BEGIN; }
step book { UPDATE seats SET guest = 'Ada' WHERE id = 5 AND guest = ''; }
step done { COMMIT; }

session ben
setup { BEGIN; }
step book2 { UPDATE seats SET guest = 'Ben' WHERE id = 5 AND guest = ''; }
step done2 { COMMIT; }
",
    },
    Preset {
        variant: "unique",
        invariants: &["serializable"],
        text: "
# holds: SELECT count(*) <= 1 FROM bookings WHERE seat = 5

setup {
  CREATE TABLE bookings (seat int UNIQUE, guest text);
}

# The second to book waits for what becomes of the first, and is refused if that is committed.
session ada
setup { BEGIN; }
step book { INSERT INTO bookings VALUES (5, 'Ada'); }
step done { COMMIT; }

session ben
setup { BEGIN; }
step book2 { INSERT INTO bookings VALUES (5, 'Ben'); }
step done2 { COMMIT; }
",
    },
    Preset { variant: "serializable", invariants: &["serializable"], text: BOOKINGS },
];

const BOOKINGS: &str = "
# holds: SELECT count(*) <= 1 FROM bookings WHERE seat = 5

setup {
  CREATE TABLE bookings (guest text PRIMARY KEY, seat int);
}

session ada
setup { BEGIN; }
step look { SELECT count(*) FROM bookings WHERE seat = 5; }
step book { INSERT INTO bookings SELECT 'Ada', 5 WHERE NOT EXISTS (SELECT * FROM bookings WHERE seat = 5); }
step done { COMMIT; }

session ben
setup { BEGIN; }
step look2 { SELECT count(*) FROM bookings WHERE seat = 5; }
step book2 { INSERT INTO bookings SELECT 'Ben', 5 WHERE NOT EXISTS (SELECT * FROM bookings WHERE seat = 5); }
step done2 { COMMIT; }
";

/// `deadlock`.
pub const DEADLOCK: &[Preset] = &[
    Preset {
        variant: "opposite",
        invariants: &["circle", "serializable"],
        text: "
# holds: SELECT sum(balance) = 200 FROM accounts

setup {
  CREATE TABLE accounts (id int PRIMARY KEY, balance int);
  INSERT INTO accounts VALUES (1, 100), (2, 100);
}

# Each takes first, then gives; and they go opposite ways.
session s1
setup { BEGIN; }
step take   { UPDATE accounts SET balance = balance - 10 WHERE id = 1; }
step give   { UPDATE accounts SET balance = balance + 10 WHERE id = 2; }
step commit { COMMIT; }

session s2
setup { BEGIN; }
step take2   { UPDATE accounts SET balance = balance - 20 WHERE id = 2; }
step give2   { UPDATE accounts SET balance = balance + 20 WHERE id = 1; }
step commit2 { COMMIT; }
",
    },
    Preset {
        variant: "ordered",
        invariants: &["circle", "serializable"],
        text: "
# holds: SELECT sum(balance) = 200 FROM accounts

setup {
  CREATE TABLE accounts (id int PRIMARY KEY, balance int);
  INSERT INTO accounts VALUES (1, 100), (2, 100);
}

# Whichever way the money goes, account 1 comes before account 2.
session s1
setup { BEGIN; }
step one    { UPDATE accounts SET balance = balance - 10 WHERE id = 1; }
step two    { UPDATE accounts SET balance = balance + 10 WHERE id = 2; }
step commit { COMMIT; }

session s2
setup { BEGIN; }
step one2    { UPDATE accounts SET balance = balance + 20 WHERE id = 1; }
step two2    { UPDATE accounts SET balance = balance - 20 WHERE id = 2; }
step commit2 { COMMIT; }
",
    },
    Preset {
        variant: "nowait",
        invariants: &["circle", "serializable"],
        text: "
# holds: SELECT sum(balance) = 200 FROM accounts

setup {
  CREATE TABLE accounts (id int PRIMARY KEY, balance int);
  INSERT INTO accounts VALUES (1, 100), (2, 100);
}

# Who cannot have a row at once is told so, and may try again later.
session s1
setup { BEGIN; }
step lock   { SELECT * FROM accounts WHERE id = 1 FOR UPDATE NOWAIT; }
step lockb  { SELECT * FROM accounts WHERE id = 2 FOR UPDATE NOWAIT; }
step move   { UPDATE accounts SET balance = balance - 10 WHERE id = 1; UPDATE accounts SET balance = balance + 10 WHERE id = 2; }
step commit { COMMIT; }

session s2
setup { BEGIN; }
step lock2   { SELECT * FROM accounts WHERE id = 2 FOR UPDATE NOWAIT; }
step lock2b  { SELECT * FROM accounts WHERE id = 1 FOR UPDATE NOWAIT; }
step move2   { UPDATE accounts SET balance = balance - 20 WHERE id = 2; UPDATE accounts SET balance = balance + 20 WHERE id = 1; }
step commit2 { COMMIT; }
",
    },
];
