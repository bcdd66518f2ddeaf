//! What the catalogue says of the scenario: variants, parameters, invariants.

use crate::scenarios::{Info, Parameter, ParameterKind, Variant};
use crate::servers::sql::engine::Kind;

/// The variant in which the reader's own script is played.
pub const OWN: &str = "own";

/// Every engine: its name in run strings, and what it is.
const ENGINES: [(&str, &str); Kind::ALL.len()] = {
    let mut all = [("", ""); Kind::ALL.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = (Kind::ALL[at].name(), Kind::ALL[at].title());
        at += 1;
    }
    all
};

/// Everything that the scenario declares.
pub static INFO: Info = Info {
    id: "isolation",
    title: "Isolation levels",
    claim: "Run SQL in sessions against a simulated database, and see which anomalies a level lets pass, and why.",
    revision: 1,
    variants: VARIANTS,
    parameters: PARAMETERS,
    invariants: &[
        ("g0", "No dirty write: writes of two transactions do not interleave."),
        ("g1a", "No dirty read: nobody has read what was then rolled back."),
        ("g1b", "No intermediate read: nobody has read what its writer then wrote again."),
        ("g1c", "No circular flow: no two transactions have each seen what the other wrote."),
        ("lost-update", "No lost update: nobody has overwritten a change of a row that it had read before the change."),
        ("g-single", "No read skew: nobody has seen some of another's changes and missed others."),
        ("g2-item", "No write skew: no two transactions have each read what the other then changed."),
        ("g2", "No write skew by a condition: no two have each looked for rows that the other then put there."),
        ("rule", "The rule of the script (# holds:) is true of what is committed."),
        ("end", "What the script wants in the end (# in the end:) is true of what is committed once all are done."),
        ("serializable", "Some order, one after the other, explains all that is committed."),
    ],
    goals: &[("finished", "Every session runs all its statements.")],
};

/// The engine that lets dirty reads pass.
const INNODB: (&str, &str) = ("engine", Kind::Innodb.name());
const RU: (&str, &str) = ("level", "read-uncommitted");
const RR: (&str, &str) = ("level", "repeatable-read");

const VARIANTS: &[Variant] = &[
    Variant {
        id: "lost-update",
        title: "Lost update",
        claim: "Two sessions read a balance, and each writes it back with its own deposit added. One deposit is gone.",
        broken: true,
        budget: &[],
        defaults: &[],
        opening: "s1.read,s2.read2,s1.write,s1.commit,s2.write2",
    },
    Variant {
        id: "non-repeatable-read",
        title: "Non-repeatable read",
        claim: "A session reads a row twice, and another changes it in between.",
        broken: true,
        budget: &[],
        defaults: &[],
        opening: "s1.read,s2.write,s2.commit2,s1.again",
    },
    Variant {
        id: "read-skew",
        title: "Read skew",
        claim: "An audit reads one account before a transfer and the other after it: money seems to come from nowhere.",
        broken: true,
        budget: &[],
        defaults: &[],
        opening: "audit.first,transfer.take,transfer.give,transfer.commit2,audit.second",
    },
    Variant {
        id: "phantom",
        title: "Phantom",
        claim: "A session counts the rows that meet a condition twice, and another puts one more there in between.",
        broken: true,
        budget: &[],
        defaults: &[],
        opening: "report.count,shop.insert,shop.commit2,report.again",
    },
    Variant {
        id: "write-skew",
        title: "Write skew",
        claim: "Each of two sessions checks a rule over two rows, and changes another of them. Each is right, and both are wrong.",
        broken: true,
        budget: &[],
        defaults: &[RR],
        opening: "s1.draw,s2.draw2,s1.commit",
    },
    Variant {
        id: "predicate-write-skew",
        title: "Write skew by a condition",
        claim: "Two sessions look whether a seat is booked, find no row, and both put one in: a snapshot locks nothing that is not there.",
        broken: true,
        budget: &[],
        defaults: &[RR],
        opening: "s1.book,s2.book2,s1.commit",
    },
    Variant {
        id: "read-only-anomaly",
        title: "Read-only anomaly",
        claim: "Two sessions could have gone one after the other, until a third looks, without changing anything.",
        broken: true,
        budget: &[],
        defaults: &[RR],
        opening: "draw.look,deposit.put,deposit.commit2,report.print,report.commit3,draw.take",
    },
    Variant {
        id: "dirty-write",
        title: "Dirty write",
        claim: "A session overwrites what another has not committed. Every real database prevents it, at every level, by locking rows; the textbook at degree 0 lets it pass.",
        broken: false,
        budget: &[],
        defaults: &[RU],
        opening: "ada.one,ben.one2",
    },
    Variant {
        id: "dirty-read",
        title: "Dirty read",
        claim: "A session reads what is then rolled back.",
        broken: true,
        budget: &[],
        defaults: &[INNODB, RU],
        opening: "s1.write,s2.read,s1.rollback",
    },
    Variant {
        id: "intermediate-read",
        title: "Intermediate read",
        claim: "A session reads what its writer goes on to change before it commits.",
        broken: true,
        budget: &[],
        defaults: &[INNODB, RU],
        opening: "s1.first,s2.read,s1.last,s1.commit",
    },
    Variant {
        id: "circular-flow",
        title: "Circular flow",
        claim: "Two sessions each see what the other has written and not committed, so that each comes after the other.",
        broken: true,
        budget: &[],
        defaults: &[INNODB, RU],
        opening: "ada.take,ben.take2,ada.look,ben.look2,ada.commit",
    },
    Variant {
        id: OWN,
        title: "Your own script",
        claim: "Write tables, sessions, steps and a rule, and ask the search for an order that breaks it. This one oversells.",
        broken: true,
        budget: &[],
        defaults: &[],
        opening: "",
    },
];

const PARAMETERS: &[Parameter] = &[ENGINE, LEVEL, ON_ERROR, SCRIPT];

/// Which database.
pub const ENGINE: Parameter = Parameter {
    id: "engine",
    label: "Database",
    help: "Which database is simulated.",
    kind: ParameterKind::OneOf(&ENGINES),
    default: Kind::ALL[0].name(),
};

/// Which level.
pub const LEVEL: Parameter = Parameter {
    id: "level",
    label: "Isolation level",
    help: "The level of transactions that do not name one. Degree 0 and cursor stability are levels of the textbook database alone.",
    kind: ParameterKind::OneOf(&[
        ("degree-0", "Degree 0"),
        ("read-uncommitted", "READ UNCOMMITTED"),
        ("read-committed", "READ COMMITTED"),
        ("cursor-stability", "Cursor stability"),
        ("repeatable-read", "REPEATABLE READ"),
        ("serializable", "SERIALIZABLE"),
    ]),
    default: "read-committed",
};

/// What an error does.
pub const ON_ERROR: Parameter = Parameter {
    id: "on-error",
    label: "After an error",
    help: "What a session does when a statement fails.",
    kind: ParameterKind::OneOf(&[("rolls-back", "rolls back and stops"), ("goes-on", "sends its next statement")]),
    default: "rolls-back",
};

/// A script of the reader's own.
const SCRIPT: Parameter = Parameter {
    id: "script",
    label: "Script",
    help: "Tables, sessions and steps; without one, an example is played. Counts in the variant for your own script.",
    kind: ParameterKind::Script(|script| super::check(script).map_err(|error| error.to_string())),
    default: "",
};
