//! What the catalogue says of the scenario with an order and the event that tells of it: variants and parameters.

use crate::scenarios::{Info, Parameter, ParameterKind, Values, Variant};

/// Everything that the scenario declares.
pub static INFO: Info = Info {
    id: "outbox",
    title: "Outbox",
    claim: "An order is stored in a database and told of in a log. No transaction spans the two: one of them is written first, and a crash falls between.",
    revision: 1,
    variants: VARIANTS,
    parameters: PARAMETERS,
    invariants: &[
        (
            "published",
            "An order is in the database exactly if its event is in the log, once nothing is left to be done.",
        ),
        ("effect", "Every order is mailed about at most once."),
    ],
    goals: &[("settled", "Everything that was begun comes to an end.")],
};

/// The sections of a variant.
pub fn sections(variant: &str, _values: &Values) -> Vec<&'static str> {
    match variant {
        "database-first" => vec!["cast", "tables", "buyer", "database first", "mail with an inbox", "rules"],
        "publish-first" => vec!["cast", "tables", "buyer", "publish first", "mail with an inbox", "rules"],
        "relay" => vec![
            "cast with a mail service that never fails",
            "tables with an outbox",
            "buyer",
            "outbox",
            "mail",
            "rules",
        ],
        "last-number" => {
            vec!["cast", "tables with numbers", "two buyers", "numbered", "mail with an inbox", "rules"]
        }
        "commit-order" => vec!["cast", "tables with a log", "two buyers", "captured", "mail with an inbox", "rules"],
        _ => vec!["cast", "tables with an outbox", "buyer", "outbox", "mail with an inbox", "rules"],
    }
}

const fn variant(id: &'static str, title: &'static str, claim: &'static str, opening: &'static str) -> Variant {
    Variant { id, title, claim, broken: false, budget: &[("crash", 1), ("delay", 0)], defaults: &[], opening }
}

const CRASH_AND_DELAY: &[(&str, u32)] = &[("crash", 1), ("delay", 1)];

const VARIANTS: &[Variant] = &[
    Variant {
        broken: true,
        ..variant(
            "database-first",
            "Database first",
            "The order is committed, then its event is published. A crash between the two leaves an order that nobody hears of.",
            "shop.order",
        )
    },
    Variant {
        broken: true,
        ..variant(
            "publish-first",
            "Publish first",
            "The event is published, then the order is committed. A crash between the two leaves an event of an order that there is not.",
            "shop.order,shop-orders,orders-kafka",
        )
    },
    Variant {
        broken: true,
        ..variant(
            "relay",
            "Outbox and relay",
            "The event stands in an outbox, committed together with the order; a relay publishes it and marks it as sent. A crash between these two publishes it again.",
            "shop.order,shop-orders,orders.relay,orders-kafka",
        )
    },
    Variant {
        broken: true,
        budget: &[("delay", 0)],
        ..variant(
            "last-number",
            "By the last number",
            "The relay remembers the last number that it has sent. Numbers are drawn before the commit, and one that is committed late is behind it for ever.",
            "shop.order-1,shop.order-2,shop-orders,shop-orders",
        )
    },
    Variant {
        budget: CRASH_AND_DELAY,
        ..variant(
            "inbox",
            "Outbox and inbox",
            "Who gets the event keeps its id together with what it does. What is published twice is done once.",
            "shop.order,shop-orders,orders.relay,orders-kafka",
        )
    },
    Variant {
        ..variant(
            "commit-order",
            "Change data capture",
            "The relay reads the database's own log, in which transactions stand in the order of their commits. None can come to stand behind it.",
            "shop.order-1,shop.order-2,shop-orders,shop-orders",
        )
    },
];

const PARAMETERS: &[Parameter] = &[Parameter {
    id: "orders",
    label: "Orders",
    help: "How many the shop places, one after the other. Where numbers are drawn there are two, at the same time.",
    kind: ParameterKind::Int { min: 1, max: 3, step: 1, unit: "" },
    default: "1",
}];
