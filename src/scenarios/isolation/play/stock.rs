//! The scripts of what is sold: inventory locking, and the flash sale.

use super::presets::Preset;

/// `inventory-locking`. The last session stands once for each buyer.
pub const INVENTORY: &[Preset] = &[
    Preset {
        variant: "none",
        invariants: &["serializable"],
        text: "
# holds: SELECT quantity >= 0 AND quantity + (SELECT count(*) FROM orders) = @stock FROM inventory

setup {
  CREATE TABLE inventory (product_id int PRIMARY KEY, quantity int);
  CREATE TABLE orders (buyer text PRIMARY KEY);
  INSERT INTO inventory VALUES (123, @stock);
}

# The application works out what is left from what it has read.
session @name
step read@ { BEGIN; SELECT quantity FROM inventory WHERE product_id = 123; }
#> if $quantity <= 0: stop, sold out
step take@ { UPDATE inventory SET quantity = $quantity - 1 WHERE product_id = 123; }
step order@ { INSERT INTO orders VALUES ('@name'); COMMIT; }
",
    },
    Preset {
        variant: "decrement",
        invariants: &["serializable"],
        text: "
# holds: SELECT quantity >= 0 AND quantity + (SELECT count(*) FROM orders) = @stock FROM inventory

setup {
  CREATE TABLE inventory (product_id int PRIMARY KEY, quantity int);
  CREATE TABLE orders (buyer text PRIMARY KEY);
  INSERT INTO inventory VALUES (123, @stock);
}

# No update is lost now; but whether there was one left was asked before.
session @name
step read@ { BEGIN; SELECT quantity FROM inventory WHERE product_id = 123; }
#> if $quantity <= 0: stop, sold out
step take@ { UPDATE inventory SET quantity = quantity - 1 WHERE product_id = 123; }
step order@ { INSERT INTO orders VALUES ('@name'); COMMIT; }
",
    },
    Preset {
        variant: "version-once",
        invariants: &["serializable"],
        text: "
# holds: SELECT quantity >= 0 AND quantity + (SELECT count(*) FROM orders) = @stock FROM inventory
# in the end: SELECT quantity = @left FROM inventory

setup {
  CREATE TABLE inventory (product_id int PRIMARY KEY, quantity int, version int);
  CREATE TABLE orders (buyer text PRIMARY KEY);
  INSERT INTO inventory VALUES (123, @stock, 5);
}

# Who comes too late changes no row, and leaves it at that.
session @name
step read@ { SELECT quantity, version FROM inventory WHERE product_id = 123; }
#> if $quantity <= 0: stop, sold out
step take@ { BEGIN; UPDATE inventory SET quantity = quantity - 1, version = version + 1 WHERE product_id = 123 AND version = $version; }
#> if $rows = 0: stop, turned away
step order@ { INSERT INTO orders VALUES ('@name'); COMMIT; }
",
    },
    Preset {
        variant: "pessimistic",
        invariants: &["serializable"],
        text: "
# holds: SELECT quantity >= 0 AND quantity + (SELECT count(*) FROM orders) = @stock FROM inventory
# in the end: SELECT quantity = @left FROM inventory

setup {
  CREATE TABLE inventory (product_id int PRIMARY KEY, quantity int);
  CREATE TABLE orders (buyer text PRIMARY KEY);
  INSERT INTO inventory VALUES (123, @stock);
}

# Lock first: who comes second waits here, and reads what is there by then.
session @name
step read@ { BEGIN; SELECT quantity FROM inventory WHERE product_id = 123 FOR UPDATE; }
#> if $quantity <= 0: stop, sold out
step take@ { UPDATE inventory SET quantity = quantity - 1 WHERE product_id = 123; }
step order@ { INSERT INTO orders VALUES ('@name'); COMMIT; }
",
    },
    Preset {
        variant: "optimistic",
        invariants: &["serializable"],
        text: "
# holds: SELECT quantity >= 0 AND quantity + (SELECT count(*) FROM orders) = @stock FROM inventory
# in the end: SELECT quantity = @left FROM inventory

setup {
  CREATE TABLE inventory (product_id int PRIMARY KEY, quantity int, version int);
  CREATE TABLE orders (buyer text PRIMARY KEY);
  INSERT INTO inventory VALUES (123, @stock, 5);
}

# Who comes too late changes no row, waits, reads again, and tries again.
session @name
step read@ { SELECT quantity, version FROM inventory WHERE product_id = 123; }
#> if $quantity <= 0: stop, sold out
step take@ { BEGIN; UPDATE inventory SET quantity = quantity - 1, version = version + 1 WHERE product_id = 123 AND version = $version; }
#> if $rows = 0: again from read@, at most @attempts attempts, after @backoff ms
step order@ { INSERT INTO orders VALUES ('@name'); COMMIT; }
",
    },
    Preset {
        variant: "snapshot",
        invariants: &["serializable"],
        text: "
# holds: SELECT quantity >= 0 AND quantity + (SELECT count(*) FROM orders) = @stock FROM inventory
# in the end: SELECT quantity = @left FROM inventory

setup {
  CREATE TABLE inventory (product_id int PRIMARY KEY, quantity int);
  CREATE TABLE orders (buyer text PRIMARY KEY);
  INSERT INTO inventory VALUES (123, @stock);
}

# The database itself looks whether the row has changed since it was read, and refuses (40001).
session @name
step read@ { BEGIN; SELECT quantity FROM inventory WHERE product_id = 123; }
#> if $quantity <= 0: stop, sold out
step take@ { UPDATE inventory SET quantity = $quantity - 1 WHERE product_id = 123; }
#> on 40001: again from read@, at most @attempts attempts, after @backoff ms
step order@ { INSERT INTO orders VALUES ('@name'); COMMIT; }
",
    },
    Preset {
        variant: "conditional",
        invariants: &["serializable"],
        text: "
# holds: SELECT quantity >= 0 AND quantity + (SELECT count(*) FROM orders) = @stock FROM inventory
# in the end: SELECT quantity = @left FROM inventory

setup {
  CREATE TABLE inventory (product_id int PRIMARY KEY, quantity int);
  CREATE TABLE orders (buyer text PRIMARY KEY);
  INSERT INTO inventory VALUES (123, @stock);
}

# Looking and taking in one statement: who had to wait looks again.
session @name
step take@ { BEGIN; UPDATE inventory SET quantity = quantity - 1 WHERE product_id = 123 AND quantity > 0; }
#> if $rows = 0: stop, sold out
step order@ { INSERT INTO orders VALUES ('@name'); COMMIT; }
",
    },
    Preset {
        variant: "check",
        invariants: &["serializable"],
        text: "
# holds: SELECT quantity >= 0 AND quantity + (SELECT count(*) FROM orders) = @stock FROM inventory
# in the end: SELECT quantity = @left FROM inventory

setup {
  CREATE TABLE inventory (product_id int PRIMARY KEY, quantity int CHECK (quantity >= 0));
  CREATE TABLE orders (buyer text PRIMARY KEY);
  INSERT INTO inventory VALUES (123, @stock);
}

# Whoever would take what is not there is refused by the table itself (23514; 23000 in MariaDB).
session @name
step take@ { BEGIN; UPDATE inventory SET quantity = quantity - 1 WHERE product_id = 123; }
#> on 23514: stop, sold out
#> on 23000: stop, sold out
step order@ { INSERT INTO orders VALUES ('@name'); COMMIT; }
",
    },
];

/// `flash-sale`.
pub const FLASH_SALE: &[Preset] = &[
    Preset {
        variant: "two-servers",
        invariants: &[],
        text: "
# holds: SELECT count(*) <= @stock FROM sales

setup {
  CREATE TABLE sales (customer text PRIMARY KEY, server int);
}

# synchronized lets one customer in at a time: what a server does, it does one after the other.
session server1
#> let stock = @stock
step ada { INSERT INTO sales VALUES ('ada', 1); }
#> set stock = $stock - 1
#> if $stock <= 0: stop, sold out
step cem { INSERT INTO sales VALUES ('cem', 1); }

# The other server has a memory, and a lock, of its own.
session server2
#> let stock = @stock
step ben { INSERT INTO sales VALUES ('ben', 2); }
#> set stock = $stock - 1
#> if $stock <= 0: stop, sold out
step dan { INSERT INTO sales VALUES ('dan', 2); }
",
    },
    Preset {
        variant: "check-then-act",
        invariants: &["serializable"],
        text: "
# holds: SELECT (SELECT count(*) FROM sales) <= @stock FROM items
# in the end: SELECT (SELECT count(*) FROM sales) + stock = @stock FROM items

setup {
  CREATE TABLE items (id int PRIMARY KEY, stock int);
  CREATE TABLE sales (customer text PRIMARY KEY);
  INSERT INTO items VALUES (1, @stock);
}

# Two threads of one server: synchronized lets the second begin when the first is done.
session ada
#> synchronized server 1
step look { SELECT stock FROM items WHERE id = 1; }
#> if $stock <= 0: stop, sold out
step sell { BEGIN; UPDATE items SET stock = $stock - 1 WHERE id = 1; INSERT INTO sales VALUES ('ada'); COMMIT; }

session cem
#> synchronized server 1
step look2 { SELECT stock FROM items WHERE id = 1; }
#> if $stock <= 0: stop, sold out
step sell2 { BEGIN; UPDATE items SET stock = $stock - 1 WHERE id = 1; INSERT INTO sales VALUES ('cem'); COMMIT; }

# A thread of another server, which that lock does not know.
session ben
#> synchronized server 2
step look3 { SELECT stock FROM items WHERE id = 1; }
#> if $stock <= 0: stop, sold out
step sell3 { BEGIN; UPDATE items SET stock = $stock - 1 WHERE id = 1; INSERT INTO sales VALUES ('ben'); COMMIT; }
",
    },
    Preset {
        variant: "stranded",
        invariants: &[],
        text: "
# holds: SELECT (SELECT count(*) FROM sales) + stock <= @stock FROM items
# in the end: SELECT (SELECT count(*) FROM sales) + stock = @stock FROM items

setup {
  CREATE TABLE items (id int PRIMARY KEY, stock int);
  CREATE TABLE sales (customer text PRIMARY KEY, server int);
  INSERT INTO items VALUES (1, @stock);
}

# Each server takes a bucket out of stock, and then sells from memory. The first has three customers.
session server1
step reserve { UPDATE items SET stock = stock - @bucket WHERE id = 1 AND stock >= @bucket; }
#> if $rows = 0: stop, sold out
#> set bucket = @bucket
step ada { INSERT INTO sales VALUES ('ada', 1); }
#> set bucket = $bucket - 1
#> if $bucket <= 0: stop, sold out
step cem { INSERT INTO sales VALUES ('cem', 1); }
#> set bucket = $bucket - 1
#> if $bucket <= 0: stop, sold out
step eva { INSERT INTO sales VALUES ('eva', 1); }

# The second has one, and what is left in its bucket nobody can buy.
session server2
step reserve2 { UPDATE items SET stock = stock - @bucket WHERE id = 1 AND stock >= @bucket; }
#> if $rows = 0: stop, sold out
#> set bucket = @bucket
step ben { INSERT INTO sales VALUES ('ben', 2); }
",
    },
    Preset {
        variant: "one-server",
        invariants: &["serializable"],
        text: "
# holds: SELECT (SELECT count(*) FROM sales) <= @stock FROM items
# in the end: SELECT (SELECT count(*) FROM sales) + stock = @stock FROM items

setup {
  CREATE TABLE items (id int PRIMARY KEY, stock int);
  CREATE TABLE sales (customer text PRIMARY KEY);
  INSERT INTO items VALUES (1, @stock);
}

# All threads of the only server: synchronized lets each begin when the one before is done.
session ada
#> synchronized server 1
step look { SELECT stock FROM items WHERE id = 1; }
#> if $stock <= 0: stop, sold out
step sell { BEGIN; UPDATE items SET stock = $stock - 1 WHERE id = 1; INSERT INTO sales VALUES ('ada'); COMMIT; }

session cem
#> synchronized server 1
step look2 { SELECT stock FROM items WHERE id = 1; }
#> if $stock <= 0: stop, sold out
step sell2 { BEGIN; UPDATE items SET stock = $stock - 1 WHERE id = 1; INSERT INTO sales VALUES ('cem'); COMMIT; }

session ben
#> synchronized server 1
step look3 { SELECT stock FROM items WHERE id = 1; }
#> if $stock <= 0: stop, sold out
step sell3 { BEGIN; UPDATE items SET stock = $stock - 1 WHERE id = 1; INSERT INTO sales VALUES ('ben'); COMMIT; }
",
    },
    Preset {
        variant: "atomic",
        invariants: &["serializable"],
        text: "
# holds: SELECT (SELECT count(*) FROM sales) <= @stock FROM items
# in the end: SELECT (SELECT count(*) FROM sales) + stock = @stock FROM items

setup {
  CREATE TABLE items (id int PRIMARY KEY, stock int);
  CREATE TABLE sales (customer text PRIMARY KEY);
  INSERT INTO items VALUES (1, @stock);
}

# Whichever server they are on: the row itself is what they meet at.
session ada
step sell { BEGIN; UPDATE items SET stock = stock - 1 WHERE id = 1 AND stock > 0; }
#> if $rows = 0: stop, sold out
step note { INSERT INTO sales VALUES ('ada'); COMMIT; }

session cem
step sell2 { BEGIN; UPDATE items SET stock = stock - 1 WHERE id = 1 AND stock > 0; }
#> if $rows = 0: stop, sold out
step note2 { INSERT INTO sales VALUES ('cem'); COMMIT; }

session ben
step sell3 { BEGIN; UPDATE items SET stock = stock - 1 WHERE id = 1 AND stock > 0; }
#> if $rows = 0: stop, sold out
step note3 { INSERT INTO sales VALUES ('ben'); COMMIT; }
",
    },
    Preset {
        variant: "buckets",
        invariants: &[],
        text: "
# holds: SELECT (SELECT count(*) FROM sales) + stock <= @stock FROM items
# in the end: SELECT (SELECT count(*) FROM sales) + stock = @stock FROM items

setup {
  CREATE TABLE items (id int PRIMARY KEY, stock int);
  CREATE TABLE sales (customer text PRIMARY KEY, server int);
  INSERT INTO items VALUES (1, @stock);
}

# A server whose bucket is empty asks for one more; and when it closes, it gives back what is left.
session server1
step reserve { UPDATE items SET stock = stock - @bucket WHERE id = 1 AND stock >= @bucket; }
#> if $rows = 0: stop, sold out
#> set bucket = @bucket
step ada { INSERT INTO sales VALUES ('ada', 1); }
#> set bucket = $bucket - 1
#> if $bucket > 0: go to cem
step more { UPDATE items SET stock = stock - 1 WHERE id = 1 AND stock >= 1; }
#> if $rows = 0: stop, sold out
#> set bucket = 1
step cem { INSERT INTO sales VALUES ('cem', 1); }
#> set bucket = $bucket - 1
#> if $bucket > 0: go to eva
step again { UPDATE items SET stock = stock - 1 WHERE id = 1 AND stock >= 1; }
#> if $rows = 0: stop, sold out
#> set bucket = 1
step eva { INSERT INTO sales VALUES ('eva', 1); }
#> set bucket = $bucket - 1
step close { UPDATE items SET stock = stock + $bucket WHERE id = 1; }

session server2
step reserve2 { UPDATE items SET stock = stock - @bucket WHERE id = 1 AND stock >= @bucket; }
#> if $rows = 0: stop, sold out
#> set bucket = @bucket
step ben { INSERT INTO sales VALUES ('ben', 2); }
#> set bucket = $bucket - 1
step close2 { UPDATE items SET stock = stock + $bucket WHERE id = 1; }
",
    },
];
