//! What the catalogue says of the scenario with an account that is the sum of its events: variants and parameters.

use crate::scenarios::{Info, Parameter, ParameterKind, Values, Variant};

/// Everything that the scenario declares.
pub static INFO: Info = Info {
    id: "event-sourcing",
    title: "Event sourcing",
    claim: "An account is the sum of what happened to it. Commands decide on what they have read, and read models follow the events: twice, late, or in another order.",
    revision: 1,
    variants: VARIANTS,
    parameters: PARAMETERS,
    invariants: &[
        ("conserved", "No more is withdrawn from an account than there is in it."),
        ("version", "Every version of an account has one event."),
        ("model", "Once nothing is left to come, a read model says what the events come to."),
        ("stale", "Who has written something reads it, or is told to wait."),
    ],
    goals: &[("settled", "Everything that was begun comes to an end.")],
};

/// The sections of a variant.
pub fn sections(variant: &str, _values: &Values) -> Vec<&'static str> {
    let projection = |rest: &[&'static str]| [&["cast", "tables"], rest].concat();
    match variant {
        "blind" => vec!["account", "withdrawals", "append blindly", "rules of the account"],
        "expected-version" => vec!["account with versions", "withdrawals", "expected version", "rules of the account"],
        "snapshot" => {
            vec!["account with a snapshot", "withdrawals", "from the snapshot", "snapshot", "rules of the account"]
        }
        "versioned-snapshot" => vec![
            "account with a snapshot",
            "withdrawals",
            "from the snapshot",
            "snapshot with its version",
            "rules of the account",
        ],
        "lost-event" => {
            vec!["cast without a store", "deposits", "state and publish", "add what comes", "rules without a store"]
        }
        "out-of-order" => vec!["cast with a push", "deposits", "store and push", "take what comes", "rules"],
        "in-order" => {
            vec!["cast with a push", "tell again", "deposits", "store and push", "take what is next", "rules"]
        }
        "twice" => projection(&["deposits", "store and relay", "add what comes", "rules"]),
        "rebuild" => projection(&["deposits", "store and relay", "history", "rebuild", "add what comes", "rules"]),
        "rebuild-position" => projection(&[
            "deposits",
            "store and relay",
            "history",
            "rebuild from a position",
            "add what is next",
            "rules",
        ]),
        "stale-read" => projection(&["read at once", "store and relay", "add what is next", "rules", "rules of reads"]),
        "own-writes" => {
            projection(&["read what was written", "store and relay", "add what is next", "rules", "rules of reads"])
        }
        "two-models" => vec![
            "cast with two",
            "tables",
            "deposits",
            "store and relay",
            "add what is next",
            "add what is next, twice",
            "rules of two",
        ],
        _ => projection(&["deposits", "store and relay", "add what is next", "rules"]),
    }
}

const fn variant(id: &'static str, title: &'static str, claim: &'static str, opening: &'static str) -> Variant {
    Variant { id, title, claim, broken: false, budget: &[("delay", 0)], defaults: &[], opening }
}

const ONE_CRASH: &[(&str, u32)] = &[("crash", 1), ("delay", 0)];

const CRASH_AND_DELAY: &[(&str, u32)] = &[("crash", 1), ("delay", 1)];

const VARIANTS: &[Variant] = &[
    Variant {
        broken: true,
        ..variant(
            "blind",
            "Append blindly",
            "Two withdrawals read the same events, both find that there is enough, and both append theirs.",
            "shop.withdraw,shop.withdraw,shop-bank,shop-bank",
        )
    },
    Variant {
        broken: true,
        budget: ONE_CRASH,
        ..variant(
            "lost-event",
            "Command whose event is lost",
            "The account is changed in a table and its event published behind it. A crash between the two loses the event, and no read model ever hears of it.",
            "shop.deposit",
        )
    },
    Variant {
        broken: true,
        budget: ONE_CRASH,
        ..variant(
            "twice",
            "Added twice",
            "The read model adds each event that comes. An event that comes again, because its acknowledgement was lost, is added again.",
            "shop.deposit,shop-bank,bank.relay,bank-kafka",
        )
    },
    Variant {
        broken: true,
        ..variant(
            "out-of-order",
            "Out of order",
            "Events are pushed to the read model, which shows what came last. What came last need not have happened last.",
            "shop.deposit,shop.deposit,shop-bank,shop-bank",
        )
    },
    Variant {
        broken: true,
        ..variant(
            "rebuild",
            "Rebuild from zero",
            "The read model is emptied and summed up from the history, while events still come: what is in both is added twice.",
            "shop.deposit,shop-bank,bank.relay,bank-kafka",
        )
    },
    Variant {
        broken: true,
        ..variant(
            "snapshot",
            "Snapshot without its version",
            "A snapshot of the sum is stored as of the version at the time of storing. An event that came in between is in neither.",
            "bank.snapshot,shop.withdraw,shop-bank",
        )
    },
    Variant {
        broken: true,
        ..variant(
            "stale-read",
            "Read at once",
            "Somebody deposits, is told that it is done, and looks. The read model has not heard of it.",
            "shop.deposit,shop-bank,bank-shop",
        )
    },
    Variant {
        budget: CRASH_AND_DELAY,
        ..variant(
            "expected-version",
            "Expected version",
            "Whoever appends says which version it has read. The second finds its version taken, reads again and decides anew.",
            "shop.withdraw,shop.withdraw,shop-bank,shop-bank",
        )
    },
    Variant {
        budget: CRASH_AND_DELAY,
        ..variant(
            "position",
            "Position with the model",
            "The read model keeps, in one transaction, what it shows and up to which version. It adds the next event, and none twice.",
            "shop.deposit,shop-bank,bank.relay,bank-kafka",
        )
    },
    Variant {
        budget: &[("crash", 1), ("duplicate", 1), ("delay", 0)],
        ..variant(
            "in-order",
            "In order",
            "What is pushed is taken one version after the other: what comes too early waits for what is missing. What nobody has confirmed is told again, as a sum with its version.",
            "shop.deposit,shop.deposit,shop-bank,shop-bank",
        )
    },
    Variant {
        budget: ONE_CRASH,
        ..variant(
            "rebuild-position",
            "Rebuild with a position",
            "The sum comes with the version up to which it goes, and takes the model's place with it. What is in it is not added again.",
            "shop.deposit,shop-bank,bank.relay,bank-kafka",
        )
    },
    Variant {
        budget: CRASH_AND_DELAY,
        ..variant(
            "versioned-snapshot",
            "Snapshot with its version",
            "The sum and its version are read in one statement and stored together. However late, the events behind it are added.",
            "bank.snapshot,shop.withdraw,shop-bank",
        )
    },
    Variant {
        budget: ONE_CRASH,
        ..variant(
            "own-writes",
            "Read your writes",
            "The answer to a command says its version. Who reads passes it on, and the read model waits until it has come so far, or says so.",
            "shop.deposit,shop-bank,bank-shop",
        )
    },
    Variant {
        budget: ONE_CRASH,
        ..variant(
            "two-models",
            "Two read models",
            "Balances and analytics read the same events, each at its own pace. While one lags they disagree; in the end they do not.",
            "shop.deposit,shop-bank,bank.relay,bank-kafka",
        )
    },
];

const PARAMETERS: &[Parameter] = &[Parameter {
    id: "commands",
    label: "Commands",
    help: "How many deposits or withdrawals there are.",
    kind: ParameterKind::Int { min: 1, max: 3, step: 1, unit: "" },
    default: "2",
}];
