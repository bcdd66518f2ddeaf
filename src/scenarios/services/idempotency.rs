//! What the catalogue says of the scenario with requests that come twice: variants and parameters.

use crate::scenarios::{Info, Parameter, ParameterKind, Values, Variant};

/// Everything that the scenario declares.
pub static INFO: Info = Info {
    id: "idempotency",
    title: "Idempotency keys",
    claim: "A buyer clicks twice, or asks again after a timeout. Whether the bank charges once is up to what the service does with the key, and in which order.",
    revision: 1,
    variants: VARIANTS,
    parameters: PARAMETERS,
    invariants: &[
        ("charged", "One key is charged at most once."),
        ("answer", "Whoever is told that it is paid is told of what was asked for."),
        ("served", "Nobody is told for ever that their payment is under way."),
    ],
    goals: &[("settled", "Everything that was begun comes to an end.")],
};

/// The sections of a variant.
pub fn sections(variant: &str, values: &Values) -> Vec<&'static str> {
    let mut out = vec!["cast"];
    out.push(if values.text("bank") == "honours" { "bank that knows keys" } else { "bank" });
    out.push(match variant {
        "other-payload" | "fingerprint" => "buyer who changes their mind",
        "for-ever" | "unique-key" | "unsure" | "claimed" => "buyer who tries again",
        "expired" => "buyer who comes back",
        _ => "buyer",
    });
    out.push(match variant {
        "get-then-set" | "other-payload" => "get, then set",
        "claimed" | "expired" => "claim first",
        "for-ever" => "claim for ever",
        "fingerprint" => "fingerprint",
        _ => "unique key",
    });
    out.push("rules");
    out.extend(matches!(variant, "for-ever" | "unique-key" | "unsure").then_some("served"));
    out
}

const fn variant(id: &'static str, title: &'static str, claim: &'static str, opening: &'static str) -> Variant {
    Variant { id, title, claim, broken: false, budget: &[], defaults: &[], opening }
}

const ONE_CRASH: &[(&str, u32)] = &[("crash", 1), ("delay", 1)];

const VARIANTS: &[Variant] = &[
    Variant {
        broken: true,
        budget: &[("delay", 0)],
        ..variant(
            "get-then-set",
            "Get, then set",
            "Look whether the key is there, charge, then store it. Two clicks both look before either has stored.",
            "buyer.click,buyer-api,api-redis,redis-api",
        )
    },
    Variant {
        broken: true,
        budget: ONE_CRASH,
        ..variant(
            "claimed",
            "Claimed, then crashed",
            "SET NX first, so that the second click is told 409. A crash between charge and store leaves a claim that expires, and then it is charged again.",
            "buyer.click,buyer-api,api-redis,redis-api,api-bank,bank-api!crash0",
        )
    },
    Variant {
        broken: true,
        budget: ONE_CRASH,
        ..variant(
            "for-ever",
            "Claimed for ever",
            "The claim has no expiry, so that it is never charged twice. After a crash nobody ever hears anything but 409.",
            "buyer.click,buyer-api,api-redis,redis-api",
        )
    },
    Variant {
        broken: true,
        budget: &[("delay", 1)],
        ..variant(
            "expired",
            "Key expired",
            "Keys are kept for a while only. Whoever asks again behind that pays again.",
            "buyer.click,buyer-api,api-redis,redis-api,api-bank,bank-api,api-redis,redis-api,api-buyer",
        )
    },
    Variant {
        broken: true,
        budget: &[("delay", 0)],
        ..variant(
            "other-payload",
            "Same key, other payload",
            "The same key comes with another amount. The stored answer says that it is paid, and it is not what was asked for.",
            "buyer.click,buyer-api,api-redis,redis-api,api-bank,bank-api,api-redis,redis-api,api-buyer",
        )
    },
    Variant {
        broken: true,
        budget: ONE_CRASH,
        defaults: &[("bank", "ignores")],
        ..variant(
            "unsure",
            "Unique key, bank ignores it",
            "The key is a primary key in the service's own database. After a crash it stands there as begun, and whether the bank was asked nobody knows.",
            "buyer.click,buyer-api,api-bank",
        )
    },
    Variant {
        budget: &[("delay", 0)],
        ..variant(
            "fingerprint",
            "Fingerprint",
            "What was asked for is kept with the key: the same key with another payload is told 422. It is a claim as any: behind a crash, or its expiry, it is charged again.",
            "buyer.click,buyer-api,api-redis,redis-api,api-bank,bank-api,api-redis,redis-api,api-redis,redis-api,api-buyer",
        )
    },
    Variant {
        budget: ONE_CRASH,
        defaults: &[("bank", "honours")],
        ..variant(
            "unique-key",
            "Unique key, all the way",
            "Begun in the service's database before the bank is asked, and the bank is given the key. After a crash it is asked again, and answers what it did.",
            "buyer.click,buyer-api,api-bank,bank-api,api-buyer",
        )
    },
];

const PARAMETERS: &[Parameter] = &[
    Parameter {
        id: "clicks",
        label: "Clicks",
        help: "How often a buyer clicks who does not wait for the first answer.",
        kind: ParameterKind::Int { min: 1, max: 3, step: 1, unit: "" },
        default: "2",
    },
    Parameter {
        id: "tries",
        label: "Tries",
        help: "How often a buyer who tries again does so before giving up.",
        kind: ParameterKind::Int { min: 1, max: 4, step: 1, unit: "" },
        default: "2",
    },
    Parameter {
        id: "bank",
        label: "The bank",
        help: "Whether it knows keys itself: then it answers a charge that it has seen with what it did.",
        kind: ParameterKind::OneOf(&[("ignores", "ignores keys"), ("honours", "honours keys")]),
        default: "ignores",
    },
    Parameter {
        id: "ttl",
        label: "Expiry",
        help: "For how long a key is kept in Redis.",
        kind: ParameterKind::Int { min: 1_000, max: 600_000, step: 1_000, unit: "ms" },
        default: "30000",
    },
    Parameter {
        id: "timeout",
        label: "Patience",
        help: "For how long the buyer waits for an answer.",
        kind: ParameterKind::Int { min: 500, max: 60_000, step: 500, unit: "ms" },
        default: "5000",
    },
];
