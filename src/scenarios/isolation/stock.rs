//! Scenarios about what is sold, by sessions that act upon what they are answered: inventory locking, and the flash sale.

use super::info::{ENGINE, LEVEL, ON_ERROR};
use crate::scenarios::{Info, Parameter, ParameterKind, Variant};

const SERIALIZABLE: (&str, &str) = ("serializable", "Some order, one after the other, explains all that is committed.");
const GOALS: &[(&str, &str)] = &[("finished", "Every session runs all its statements, or stops of its own accord.")];
const LAST_ONE: &[(&str, &str)] = &[("stock", "1")];
const fn variant(id: &'static str, title: &'static str, claim: &'static str, opening: &'static str) -> Variant {
    Variant { id, title, claim, broken: false, budget: &[], defaults: &[], opening }
}

const STOCK: Parameter = Parameter {
    id: "stock",
    label: "In stock",
    help: "How many there are to sell.",
    kind: ParameterKind::Int { min: 1, max: 9, step: 1, unit: "" },
    default: "2",
};

const CLIENTS: Parameter = Parameter {
    id: "clients",
    label: "Buyers",
    help: "How many buy, one each.",
    kind: ParameterKind::Int { min: 1, max: 4, step: 1, unit: "" },
    default: "2",
};

const ATTEMPTS: Parameter = Parameter {
    id: "attempts",
    label: "Attempts",
    help: "How often a buyer tries, where it tries again.",
    kind: ParameterKind::Int { min: 1, max: 9, step: 1, unit: "" },
    default: "3",
};

const BACKOFF: Parameter = Parameter {
    id: "backoff",
    label: "Backoff",
    help: "How long a buyer waits before its second attempt; before each further one, twice as long.",
    kind: ParameterKind::Int { min: 0, max: 1_000, step: 50, unit: "ms" },
    default: "100",
};

const BUCKET: Parameter = Parameter {
    id: "bucket",
    label: "Bucket",
    help: "How many a server reserves at first, where it reserves.",
    kind: ParameterKind::Int { min: 1, max: 4, step: 1, unit: "" },
    default: "2",
};

/// Taking from stock, without a lock, with one, and with a check.
pub static INVENTORY: Info = Info {
    id: "inventory-locking",
    title: "Inventory locking",
    claim: "Buyers read how many are left and take one: lock first, or check at the end and try again.",
    revision: 1,
    variants: &[
        Variant {
            broken: true,
            ..variant(
                "none",
                "No locking",
                "Each reads how many are left, and writes back one less: two are sold, and one is taken from stock.",
                "ada.read,ben.read2,ada.take,ada.order,ben.take2",
            )
        },
        Variant {
            broken: true,
            defaults: LAST_ONE,
            ..variant(
                "decrement",
                "Look, then subtract",
                "The database subtracts, so that no update is lost; but both have looked while one was left, and stock goes below zero.",
                "ada.read,ben.read2,ada.take,ada.order,ben.take2",
            )
        },
        Variant {
            broken: true,
            ..variant(
                "version-once",
                "Version, no retry",
                "Who comes too late changes no row. That keeps stock right, and turns a buyer away from a full shelf.",
                "ada.read,ben.read2,ada.take,ada.order",
            )
        },
        variant(
            "pessimistic",
            "Pessimistic",
            "SELECT … FOR UPDATE: lock first. The other waits before it reads, and nobody has to try again.",
            "ada.read,ben.read2,ada.take",
        ),
        variant(
            "optimistic",
            "Optimistic",
            "The update names the version that was read. Who hears UPDATE 0 waits a little, reads again and tries again, at most so many times.",
            "ada.read,ben.read2,ada.take,ada.order,ben.take2",
        ),
        Variant {
            defaults: &[("level", "repeatable-read")],
            ..variant(
                "snapshot",
                "REPEATABLE READ, retried",
                "The database checks the version itself, and refuses who comes too late (40001). Trying again is the application’s part here, too.",
                "ada.read,ben.read2,ada.take,ada.order,ben.take2",
            )
        },
        Variant {
            defaults: LAST_ONE,
            ..variant(
                "conditional",
                "Conditional update",
                "UPDATE … WHERE quantity > 0 looks and takes in one. Who hears UPDATE 0 knows that it is sold out.",
                "ada.take,ben.take2",
            )
        },
        Variant {
            defaults: LAST_ONE,
            ..variant(
                "check",
                "CHECK constraint",
                "CHECK (quantity >= 0): the table itself refuses what would take it below zero (23514), whoever forgot to look.",
                "ada.take,ben.take2",
            )
        },
    ],
    parameters: &[CLIENTS, STOCK, ATTEMPTS, BACKOFF, ENGINE, LEVEL, ON_ERROR],
    invariants: &[
        ("rule", "Stock is never negative, and what is ordered is what was taken from it."),
        ("end", "All are served: in the end nobody was turned away while there was stock."),
        SERIALIZABLE,
    ],
    goals: GOALS,
};

/// More customers than items, and more than one server.
pub static FLASH_SALE: Info = Info {
    id: "flash-sale",
    title: "Flash sale",
    claim: "A lock in the memory of one server does not know the other: who sells more than there is, and who sells it fast.",
    revision: 1,
    variants: &[
        Variant {
            broken: true,
            ..variant(
                "two-servers",
                "Two servers",
                "synchronized, on each of two servers, and each has the stock in its own memory: both sell the last one.",
                "server1.ada",
            )
        },
        Variant {
            broken: true,
            ..variant(
                "check-then-act",
                "Shared database",
                "Stock stands in one database now, but looking and taking are two things, and synchronized excludes only threads of the same server.",
                "ada.look,ben.look3,ada.sell",
            )
        },
        Variant {
            broken: true,
            defaults: &[("stock", "4")],
            ..variant(
                "stranded",
                "Buckets, never returned",
                "Each server reserves a bucket and sells from memory. Nothing is oversold; but what is left in a bucket is lost to everybody.",
                "server1.reserve,server2.reserve2,server1.ada,server1.cem",
            )
        },
        variant(
            "one-server",
            "One server",
            "All threads are of one server, so synchronized lets one in at a time. It holds, for as long as there is one server.",
            "ada.look",
        ),
        variant(
            "atomic",
            "Atomic update",
            "UPDATE … SET stock = stock - 1 WHERE stock > 0: the database looks and takes in one, for any number of servers.",
            "ada.sell,ben.sell3",
        ),
        Variant {
            defaults: &[("stock", "4")],
            ..variant(
                "buckets",
                "Buckets, returned",
                "A server whose bucket is empty asks for more, and gives back what is left when it closes: few visits to the database, nothing lost.",
                "server1.reserve,server2.reserve2,server1.ada,server1.cem",
            )
        },
    ],
    parameters: &[Parameter { default: "1", ..STOCK }, BUCKET, ENGINE, LEVEL, ON_ERROR],
    invariants: &[
        ("rule", "No more is sold than there is."),
        ("end", "Nothing is stranded: in the end, what is not sold is in stock."),
        SERIALIZABLE,
    ],
    goals: GOALS,
};
