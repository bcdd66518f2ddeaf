//! Scenarios around one question each, played as scripts like [`super::INFO`]'s: an update that is lost, a seat that is booked twice, a deadlock.

use super::info::{ENGINE, LEVEL, ON_ERROR};
use crate::scenarios::{Info, Parameter, Variant};

const PARAMETERS: &[Parameter] = &[ENGINE, LEVEL, ON_ERROR];
const GOALS: &[(&str, &str)] = &[("finished", "Every session runs all its statements.")];
const SERIALIZABLE: (&str, &str) = ("serializable", "Some order, one after the other, explains all that is committed.");
const fn variant(id: &'static str, title: &'static str, claim: &'static str, opening: &'static str) -> Variant {
    Variant { id, title, claim, broken: false, budget: &[], defaults: &[], opening }
}

/// An update that is lost, and four ways to lose none.
pub static LOST_UPDATE: Info = Info {
    id: "lost-update",
    title: "Lost update",
    claim: "Two deposits into one account, and only one of them is there afterwards: four ways to keep both.",
    revision: 1,
    variants: &[
        Variant {
            broken: true,
            ..variant(
                "read-modify-write",
                "Read, then write",
                "Each session reads the balance and writes it back with its own deposit added: the second overwrites the first.",
                "s1.read,s2.read2,s1.write,s1.commit,s2.write2",
            )
        },
        variant(
            "for-update",
            "SELECT … FOR UPDATE",
            "Who reads locks the row. The other waits before it reads, and then reads what is there by then.",
            "s1.read,s2.read2,s1.write",
        ),
        variant(
            "version",
            "Version check",
            "A write names the version that was read. Who comes too late changes no row, hears UPDATE 0, and must read again.",
            "s1.read,s2.read2,s1.write",
        ),
        variant(
            "atomic",
            "One statement",
            "UPDATE … SET balance = balance + 30 reads and writes in one: who had to wait adds to what is there by then.",
            "s1.add,s2.add2",
        ),
        Variant {
            defaults: &[("level", "repeatable-read")],
            ..variant(
                "repeatable-read",
                "REPEATABLE READ",
                "The database sees that the row has changed since the snapshot, and refuses the second write (40001).",
                "s1.read,s2.read2,s1.write,s1.commit",
            )
        },
    ],
    parameters: PARAMETERS,
    invariants: &[
        ("lost-update", "No lost update: nobody has overwritten a change of a row that it had read before the change."),
        SERIALIZABLE,
    ],
    goals: GOALS,
};

/// A seat that is booked twice, and four ways to book it once.
pub static DOUBLE_BOOKING: Info = Info {
    id: "double-booking",
    title: "Double booking",
    claim: "Two guests look whether a seat is free, and both book it: why a snapshot does not help, and what does.",
    revision: 1,
    variants: &[
        Variant {
            broken: true,
            ..variant(
                "check-then-book",
                "Look, then book",
                "Each booking looks first, even in the same statement; but what the other has not committed is not there to be seen.",
                "ada.look,ben.look2,ada.book,ben.book2,ada.done",
            )
        },
        Variant {
            broken: true,
            defaults: &[("level", "repeatable-read")],
            ..variant(
                "snapshot",
                "The same in a snapshot",
                "REPEATABLE READ refuses who changes a row that has changed. Here no row changes: two new ones come.",
                "ada.look,ben.look2,ada.book,ben.book2,ada.done",
            )
        },
        variant(
            "for-update",
            "Lock the seat",
            "SELECT … FOR UPDATE on the seat itself: the other waits there, and finds it booked.",
            "ada.lock,ben.lock2,ada.book",
        ),
        variant(
            "conditional-update",
            "Update if free",
            "The seat is one row, taken by UPDATE … WHERE guest = '': who comes second waits, looks again, and changes nothing.",
            "ada.book,ben.book2",
        ),
        variant(
            "unique",
            "Unique constraint",
            "The database keeps a second booking of the seat out, whoever looked or not: it waits for the first, and is then refused (23505).",
            "ada.book,ben.book2",
        ),
        Variant {
            defaults: &[("level", "serializable")],
            ..variant(
                "serializable",
                "SERIALIZABLE",
                "The database notes what was looked for, and refuses one of two bookings that each would have seen the other (40001).",
                "ada.look,ben.look2,ada.book,ben.book2,ada.done",
            )
        },
    ],
    parameters: PARAMETERS,
    invariants: &[("rule", "A seat is booked once."), SERIALIZABLE],
    goals: GOALS,
};

/// A deadlock, and two ways around it.
pub static DEADLOCK: Info = Info {
    id: "deadlock",
    title: "Deadlock",
    claim: "Two transfers go opposite ways, and each waits for the row that the other holds.",
    revision: 1,
    variants: &[
        Variant {
            broken: true,
            ..variant(
                "opposite",
                "Opposite order",
                "Each takes from its own account first. When both have, neither can go on, and the database must give one of them up.",
                "s1.take,s2.take2,s1.give",
            )
        },
        variant(
            "ordered",
            "One order for all",
            "Everybody changes account 1 before account 2. Who comes second waits at the first row, and holds nothing meanwhile.",
            "s1.one,s2.one2",
        ),
        variant(
            "nowait",
            "NOWAIT",
            "Who cannot lock a row at once is told so (55P03) instead of waiting, and can try again.",
            "s1.lock,s2.lock2",
        ),
    ],
    parameters: PARAMETERS,
    invariants: &[("circle", "Nobody waits in a circle."), ("rule", "No money comes or goes."), SERIALIZABLE],
    goals: GOALS,
};
