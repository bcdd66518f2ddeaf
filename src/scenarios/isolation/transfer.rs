//! A transfer of money that a crash cuts in two, and what keeps it whole: a transaction, and a write-ahead log under it.

use super::info::{ENGINE, LEVEL};
use crate::scenarios::{Info, Variant};

const ONE_CRASH: &[(&str, u32)] = &[("crash", 1)];

const fn variant(id: &'static str, title: &'static str, claim: &'static str, opening: &'static str) -> Variant {
    Variant { id, title, claim, broken: true, budget: ONE_CRASH, defaults: &[], opening }
}

/// Everything that the scenario declares.
pub static TRANSFER: Info = Info {
    id: "atomic-transfer",
    title: "Atomic transfer",
    claim: "Two updates, and a crash in between: why a transaction is whole or not there, and what has to be on disk before what.",
    revision: 1,
    variants: &[
        variant(
            "two-updates",
            "Two updates",
            "Each update is a transaction of its own. Crash the application, or the database, between them, and 40 are gone.",
            "ada.take,db.force-log",
        ),
        variant(
            "no-log",
            "No log",
            "The database writes the pages of a transaction in place. A crash between two of them leaves half, and nothing says how it was before.",
            "ada.take,ada.give,ada.commit,db.write-page-1,db!crash",
        ),
        variant(
            "page-first",
            "Page before log",
            "There is a log, but a page may be written before the record of its change. After a crash nobody knows that there is something to undo.",
            "ada.take,db.write-page-1,db!crash",
        ),
        variant(
            "early-answer",
            "Answered too early",
            "COMMIT is answered while its record is in memory only. A crash then takes what the customer was told is done.",
            "ada.take,ada.give,ada.commit,db!crash",
        ),
        Variant {
            broken: false,
            ..variant(
                "write-ahead-log",
                "Write-ahead log",
                "The record first, then the page; the record of the commit first, then the answer. Restart repeats the log, and undoes who had not committed.",
                "ada.take,ada.give,ben.take2,db.force-log,db.write-page-1,db!crash",
            )
        },
    ],
    parameters: &[ENGINE, LEVEL],
    invariants: &[
        (
            "money",
            "No money comes or goes: while nobody is in the midst of a transfer, there is as much as at the start.",
        ),
        ("durable", "A transfer whose commit was acknowledged is there, whatever crashes."),
    ],
    goals: &[("finished", "Every session runs all its statements, or stops.")],
};
