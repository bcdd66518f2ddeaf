//! What the catalogue says of the scenario with the whole order path: variants and parameters.

use crate::scenarios::{Info, Parameter, ParameterKind, Values, Variant};

/// Everything that the scenario declares.
pub static INFO: Info = Info {
    id: "e-commerce",
    title: "The whole order path",
    claim: "Gateway, users, orders, inventory, payment, a database each, a lock, a cache, a broker, a bank. Every part is right by itself; whether money and stock agree in the end is up to what lies between them.",
    revision: 1,
    variants: VARIANTS,
    parameters: PARAMETERS,
    invariants: &[
        ("conserved", "In the end what is in stock and what is reserved make what there was, and so does the money."),
        ("charged", "Nobody is charged more often than they ordered."),
        ("whole", "In the end every order is approved or rejected."),
        ("stock", "In the end orders approved, lamps reserved and charges made are as many."),
    ],
    goals: &[("settled", "Everything that was begun comes to an end.")],
};

/// The sections of a variant.
pub fn sections(variant: &str, values: &Values) -> Vec<&'static str> {
    let has_rival = values.int("buyers") > 1;
    let mut out = vec![if has_rival { "two buyers" } else { "one buyer" }, "cast"];
    out.extend(has_rival.then_some("rival"));
    out.push(if variant == "no-key" { "bank" } else { "bank that knows keys" });
    out.push(match variant {
        "dual-write" | "no-release" => "orders without",
        _ => "orders with an outbox",
    });
    out.push(match variant {
        "no-inbox" => "stock by a look",
        _ => "stock by a transaction",
    });
    out.extend(["payment", "rules"]);
    out
}

const fn variant(id: &'static str, title: &'static str, claim: &'static str, opening: &'static str) -> Variant {
    Variant { id, title, claim, broken: false, budget: &[], defaults: &[], opening }
}

const ONE_CRASH: &[(&str, u32)] = &[("crash", 1), ("delay", 0)];

/// The order has come to the order service.
const PLACED: &str = "buyer.buy,buyer-gateway,gateway-users,users-cache,cache-users,users-usersdb,usersdb-users,users-cache,cache-users,users-gateway,gateway-orders";

const VARIANTS: &[Variant] = &[
    Variant {
        broken: true,
        budget: ONE_CRASH,
        defaults: &[("fragile", "orders")],
        ..variant(
            "dual-write",
            "Database, then broker",
            "The order is stored, and then published. The order service crashes in between, and the order stays pending for ever.",
            PLACED,
        )
    },
    Variant {
        broken: true,
        budget: &[("delay", 0)],
        defaults: &[("bank", "refuses"), ("on-refusal", "nothing")],
        ..variant(
            "no-release",
            "Nothing given back",
            "The bank refuses, the order is rejected, and the lamp that was put aside for it stays aside.",
            PLACED,
        )
    },
    Variant {
        broken: true,
        budget: ONE_CRASH,
        defaults: &[("fragile", "inventory")],
        ..variant(
            "no-inbox",
            "Same message, twice",
            "The inventory service takes from stock on every message. It crashes before it has said that it is done, and takes again.",
            PLACED,
        )
    },
    Variant {
        broken: true,
        budget: ONE_CRASH,
        defaults: &[("fragile", "payment")],
        ..variant(
            "no-key",
            "A bank without keys",
            "The payment service crashes once the bank has charged, is handed the message again, and charges again.",
            PLACED,
        )
    },
    Variant {
        budget: ONE_CRASH,
        defaults: &[("fragile", "payment")],
        ..variant(
            "composed",
            "Put together",
            "An outbox behind every write that somebody must hear of, an inbox before every effect, a key for the bank, a constraint on stock: the lock only saves work.",
            PLACED,
        )
    },
];

const PARAMETERS: &[Parameter] = &[
    Parameter {
        id: "fragile",
        label: "May crash",
        help: "Which of them may crash, be paused and be cut off.",
        kind: ParameterKind::Nodes(&["gateway", "users", "orders", "inventory", "payment"]),
        default: "orders.inventory.payment",
    },
    Parameter {
        id: "buyers",
        label: "Buyers",
        help: "How many buy a lamp, one each.",
        kind: ParameterKind::Int { min: 1, max: 2, step: 1, unit: "" },
        default: "1",
    },
    Parameter {
        id: "stock",
        label: "In stock",
        help: "How many lamps there are.",
        kind: ParameterKind::Int { min: 0, max: 5, step: 1, unit: "" },
        default: "2",
    },
    Parameter {
        id: "bank",
        label: "The bank",
        help: "Whether it pays.",
        kind: ParameterKind::OneOf(&[("pays", "pays"), ("refuses", "refuses")]),
        default: "pays",
    },
    Parameter {
        id: "on-refusal",
        label: "After a refusal",
        help: "What the order service asks of the inventory where it keeps no outbox.",
        kind: ParameterKind::OneOf(&[("release", "to give back"), ("nothing", "nothing")]),
        default: "release",
    },
];
