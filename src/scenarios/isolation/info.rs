//! What the catalogue says of the scenario: variants, parameters, story, moments, sources.

use crate::scenarios::{Challenge, Info, Moment, Parameter, ParameterKind, Target, Variant};
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
        ("serializable", "Some order, one after the other, explains all that is committed."),
    ],
    goals: &[("finished", "Every session runs all its statements.")],
    story: &[
        "A level of isolation is a bargain: the database runs transactions at once, and promises how much of it they will notice. SQL names four levels, by what must not happen; what does happen differs from one database to the next.",
        "Here you decide which session runs its next statement. The database does what the real one does: it takes snapshots, makes some wait, gives up others. Nothing is drawn by chance.",
        "Whether something went wrong is not a matter of taste. Of each committed transaction it is known what it read and wrote. One transaction comes before another if the other overwrote (ww) or read (wr) what it wrote, or wrote what it had read (rw). Where these arrows close a circle, no order explains what is committed, and the arrows in the circle give the anomaly its name.",
        "Take the same order of statements to another level: some must then wait, some are refused, and some go through unharmed. The table of levels shows all of them at once.",
    ],
    moments: MOMENTS,
    challenges: CHALLENGES,
    left_out: &[
        "Statements take no time and cannot be interrupted in their midst: what stands in one step is sent at once.",
        "The connection between session and database loses nothing, and neither crashes.",
        "What a session reads does not change what it sends: a script says all statements beforehand.",
        "Triggers, functions, views, sequences, partitions and what else SQL has to offer: the parser says what it knows.",
    ],
    sources: &[
        (
            "Adya: Weak Consistency: A Generalized Theory and Optimistic Implementations for Distributed Transactions (1999)",
            "chapters 3 and 4: histories, dependency graphs, the phenomena G0 to G2",
        ),
        (
            "Berenson, Bernstein, Gray, Melton, O'Neil, O'Neil: A Critique of ANSI SQL Isolation Levels (1995)",
            "sections 3 and 4: lost update, read skew, write skew, snapshot isolation",
        ),
        ("Fekete, O'Neil, O'Neil: A Read-Only Transaction Anomaly Under Snapshot Isolation (2004)", "the example"),
        ("Ports, Grittner: Serializable Snapshot Isolation in PostgreSQL (2012)", "sections 3 to 5"),
        ("Kleppmann: Hermitage", "what real databases let pass at each level"),
        ("PostgreSQL: src/test/isolation/README", "the format of scripts"),
    ],
};

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
        claim: "A session overwrites what another has not committed. Every real database prevents it, at every level, by locking rows.",
        broken: false,
        budget: &[],
        defaults: &[RU],
        opening: "ada.one,ben.one2",
    },
    Variant {
        id: "dirty-read",
        title: "Dirty read",
        claim: "A session reads what is then rolled back.",
        broken: false,
        budget: &[],
        defaults: &[RU],
        opening: "s1.write,s2.read,s1.rollback",
    },
    Variant {
        id: "intermediate-read",
        title: "Intermediate read",
        claim: "A session reads what its writer goes on to change before it commits.",
        broken: false,
        budget: &[],
        defaults: &[RU],
        opening: "s1.first,s2.read,s1.last,s1.commit",
    },
    Variant {
        id: "circular-flow",
        title: "Circular flow",
        claim: "Two sessions each see what the other has written and not committed, so that each comes after the other.",
        broken: true,
        budget: &[],
        defaults: &[RU],
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
    help: "The level of transactions that do not name one.",
    kind: ParameterKind::OneOf(&[
        ("read-uncommitted", "READ UNCOMMITTED"),
        ("read-committed", "READ COMMITTED"),
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
    kind: ParameterKind::Script,
    default: "",
};

const MOMENTS: &[Moment] = &[
    Moment {
        title: "A deposit is lost",
        text: "At READ COMMITTED an update takes the row as it is by then, and this one writes what was true before.",
        variant: "lost-update",
        parameters: &[],
        choices: "s1.read,s2.read2,s1.write,s1.commit,s2.write2,s2.commit2",
        step: None,
    },
    Moment {
        title: "The same at REPEATABLE READ",
        text: "PostgreSQL refuses the second update: somebody has changed the row since the snapshot (40001).",
        variant: "lost-update",
        parameters: &[RR],
        choices: "s1.read,s2.read2,s1.write,s1.commit,s2.write2",
        step: None,
    },
    Moment {
        title: "Write skew passes a snapshot",
        text: "Each changes another row, so nothing collides; the rule over both is broken all the same.",
        variant: "write-skew",
        parameters: &[],
        choices: "s1.draw,s2.draw2,s1.commit,s2.commit2",
        step: None,
    },
    Moment {
        title: "SERIALIZABLE sees the circle",
        text: "PostgreSQL keeps note of who has read what somebody else then wrote, and refuses the commit that would close the circle.",
        variant: "write-skew",
        parameters: &[("level", "serializable")],
        choices: "s1.draw,s2.draw2,s1.commit,s2.commit2",
        step: None,
    },
    Moment {
        title: "A reader that spoils everything",
        text: "The report sees the deposit and not the drawing, so it must come between; but the drawing has not seen the deposit.",
        variant: "read-only-anomaly",
        parameters: &[],
        choices: "draw.look,deposit.put,deposit.commit2,report.print,report.commit3,draw.take,draw.commit",
        step: None,
    },
];

const CHALLENGES: &[Challenge] = &[
    Challenge {
        id: "oversell",
        title: "Sell what is not there",
        text: "There is one item, and each sale looks first whether there is one left. Sell it twice.",
        variant: "own",
        parameters: &[],
        budget: &[],
        target: Target::Break("rule"),
        choices: 4,
        hints: [
            "A statement sees what is committed, and nothing that another is in the midst of.",
            "Let both buy before either commits.",
            "Ada buys, Ben buys, and both commit.",
        ],
    },
    Challenge {
        id: "skewed-snapshots",
        title: "Overdraw together",
        text: "Both sessions check that the two accounts together stay above zero. Bring them below, at REPEATABLE READ.",
        variant: "write-skew",
        parameters: &[],
        budget: &[],
        target: Target::Break("rule"),
        choices: 4,
        hints: [
            "At this level a session sees what was committed when it first looked.",
            "The two draw from different accounts, so neither has to wait.",
            "Both draw, then both commit.",
        ],
    },
];
