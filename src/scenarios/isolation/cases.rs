//! Scenarios around one question each, played as scripts like [`super::INFO`]'s: an update that is lost, a seat that is booked twice, a deadlock.

use super::info::{ENGINE, LEVEL, ON_ERROR};
use crate::scenarios::{Challenge, Info, Moment, Parameter, Target, Variant};

const PARAMETERS: &[Parameter] = &[ENGINE, LEVEL, ON_ERROR];
const GOALS: &[(&str, &str)] = &[("finished", "Every session runs all its statements.")];
const SERIALIZABLE: (&str, &str) = ("serializable", "Some order, one after the other, explains all that is committed.");
const LEFT_OUT: &[&str] = &[
    "What a session reads does not change what it sends: whoever is refused does not try again by itself.",
    "Statements take no time, and the connection loses nothing.",
];
const POSTGRES: (&str, &str) = ("PostgreSQL 15 manual", "chapter 13: concurrency control");

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
    story: &[
        "Reading a value, working out a new one and writing it back takes two statements, and between them the value may change. At READ COMMITTED, where PostgreSQL begins, nobody notices: the second write stands on what was true before the first.",
        "A lock on the row keeps others from reading it to change it. A version check lets them read, and refuses the write. One statement leaves no room between. A higher level leaves it to the database to notice, and to the application to try again.",
    ],
    moments: &[Moment {
        title: "Who waits reads what is there afterwards",
        text: "The second SELECT … FOR UPDATE answers only when the first transaction has ended, and with its balance.",
        variant: "for-update",
        parameters: &[],
        choices: "s1.read,s2.read2,s1.write,s1.commit,s2.write2,s2.commit2",
        step: None,
    }],
    challenges: &[Challenge {
        id: "lose-a-deposit",
        title: "Lose a deposit",
        text: "Let both sessions commit, so that only one deposit is there.",
        variant: "read-modify-write",
        parameters: &[],
        budget: &[],
        target: Target::Break("lost-update"),
        choices: 6,
        hints: [
            "What counts is what a session has read by the time it writes.",
            "Let both read while the balance is still 100.",
            "Both read, one writes and commits, then the other does.",
        ],
    }],
    left_out: LEFT_OUT,
    sources: &[("Berenson et al.: A Critique of ANSI SQL Isolation Levels (1995)", "P4, lost update"), POSTGRES],
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
    story: &[
        "Looking whether a seat is free and then booking it is two things, even when one statement does both: no row says that the seat is free, so there is nothing to lock, and what another has not committed cannot be seen.",
        "So make something collide. A row for the seat can be locked or changed by one at a time. A unique constraint collides at the booking itself. And SERIALIZABLE makes the looking count.",
    ],
    moments: &[Moment {
        title: "SERIALIZABLE refuses one of them",
        text: "Each has looked for bookings of the seat before the other put one there: no order explains both.",
        variant: "serializable",
        parameters: &[],
        choices: "ada.look,ben.look2,ada.book,ben.book2,ada.done,ben.done2",
        step: None,
    }],
    challenges: &[],
    left_out: LEFT_OUT,
    sources: &[POSTGRES],
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
    story: &[
        "A deadlock is a circle of waits: everybody in it could go on if somebody else went first. Nothing is wrong with the data, but nobody in the circle ever comes to an end by itself.",
        "PostgreSQL lets a session wait for a second (deadlock_timeout) before it looks for a circle, since most waits end before that; then it gives up the one that looked. The application has to try again.",
    ],
    moments: &[Moment {
        title: "After a second, somebody looks",
        text: "The session whose second is up finds itself in a circle and is given up (40P01), and the other goes on.",
        variant: "opposite",
        parameters: &[],
        choices: "s1.take,s2.take2,s1.give,s2.give2,db:wait-s1,s2.commit2",
        step: None,
    }],
    challenges: &[],
    left_out: LEFT_OUT,
    sources: &[POSTGRES],
};
