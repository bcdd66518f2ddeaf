//! What the catalogue says of the scenario with messages that come again, late or in another order: variants and parameters.

use crate::scenarios::{Info, Parameter, ParameterKind, Values, Variant};

/// Everything that the scenario declares.
pub static INFO: Info = Info {
    id: "message-queue",
    title: "Message queue",
    claim: "A broker hands a message out until somebody says that it is done with. When that is said decides whether it is lost or comes twice; that it comes in order is up to its key.",
    revision: 1,
    variants: VARIANTS,
    parameters: PARAMETERS,
    invariants: &[
        ("lost", "Every message is worked on in the end, or put aside where it can be seen."),
        ("effect", "What a message brings about, it brings about once."),
        ("order", "What happens to an order later is applied later."),
        ("served", "What cannot be worked on does not hold up what can."),
    ],
    goals: &[("settled", "Everything that was begun comes to an end.")],
};

/// The sections of a variant.
pub fn sections(variant: &str, values: &Values) -> Vec<&'static str> {
    let broker = if values.text("broker") == "log" { "log" } else { "queue" };
    match variant {
        "order-split" => vec!["two partitions", "key of its kind", "two workers", "rules of order"],
        "order-kept" => vec!["two partitions", "key of the order", "two workers", "rules of order"],
        "rebalance" => vec!["one partition", "tables", "shop", "slow and fast", "gauges of two", "rules"],
        "rebalance-inbox" => vec!["one partition", "tables", "shop", "slow and fast, inbox", "gauges of two", "rules"],
        "dead-letters" if broker == "queue" => vec![
            "queue with dead letters",
            "tables",
            "tables of the worker",
            "shop whose first is bad",
            "try for ever",
            "gauges",
            "rules of dead letters",
        ],
        _ => {
            let (shop, worker, rules) = match variant {
                "poison" => ("shop whose first is bad", "try for ever", "rules of a dead letter topic"),
                "dead-letters" => ("shop whose first is bad", "try so often", "rules of a dead letter topic"),
                "before" => ("shop", "acknowledge first", "rules of what is lost"),
                "after" => ("shop", "acknowledge after", "rules"),
                _ => ("shop", "inbox", "rules"),
            };
            vec![broker, "tables", "tables of the worker", shop, worker, "gauges", rules]
        }
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
        budget: ONE_CRASH,
        ..variant(
            "before",
            "Acknowledge, then work",
            "The message is acknowledged as it comes. Whoever crashes over the work has lost it, and nobody hands it out again.",
            "shop.order,shop-broker,broker-worker",
        )
    },
    Variant {
        broken: true,
        budget: ONE_CRASH,
        ..variant(
            "after",
            "Work, then acknowledge",
            "The message is acknowledged when the work is done. A crash between the two, of the worker or of the broker, brings it again, and the points are granted twice.",
            "shop.order,shop-broker,broker-worker",
        )
    },
    Variant {
        broken: true,
        ..variant(
            "poison",
            "Poison message",
            "A message that nobody can read goes back into the queue, and comes again, and goes back. All behind it wait.",
            "shop.order,shop-broker,broker-worker",
        )
    },
    Variant {
        broken: true,
        ..variant(
            "order-split",
            "Keyed by kind",
            "The key of an event is what kind of event it is, so that the two of one order stand in two partitions. The cancellation can overtake the order.",
            "shop.order,shop-broker,broker-shop",
        )
    },
    Variant {
        broken: true,
        ..variant(
            "rebalance",
            "Rebalance in the middle",
            "Worker 1 takes longer than max.poll.interval.ms: the group goes on without it, and worker 2 gets the same record. Both grant the points.",
            "shop.order,shop-broker",
        )
    },
    Variant {
        budget: CRASH_AND_DELAY,
        ..variant(
            "inbox",
            "Idempotent consumer",
            "The id of the message is stored in one transaction with what it brings about. What comes again is known, and acknowledged again.",
            "shop.order,shop-broker,broker-worker",
        )
    },
    Variant {
        budget: CRASH_AND_DELAY,
        ..variant(
            "dead-letters",
            "Dead letters",
            "What came back too often, for whatever reason, is put aside, where somebody can look at it. All behind it goes on.",
            "shop.order,shop-broker,broker-worker",
        )
    },
    Variant {
        budget: CRASH_AND_DELAY,
        ..variant(
            "order-kept",
            "Keyed by order",
            "All events of an order have its key, stand in one partition, and are read one after the other by one worker.",
            "shop.order,shop-broker,broker-shop",
        )
    },
    Variant {
        ..variant(
            "rebalance-inbox",
            "Rebalance, idempotent",
            "Both work on one record. Who is second finds its id in the inbox, and the commit of who was thrown out is refused.",
            "shop.order,shop-broker",
        )
    },
];

const PARAMETERS: &[Parameter] = &[
    Parameter {
        id: "broker",
        label: "The broker",
        help: "A queue, or a log of one partition. Partitions and rebalances are a log's own.",
        kind: ParameterKind::OneOf(&[("queue", "RabbitMQ's queue"), ("log", "Kafka's log")]),
        default: "queue",
    },
    Parameter {
        id: "messages",
        label: "Messages",
        help: "How many the shop sends, one after the other.",
        kind: ParameterKind::Int { min: 1, max: 3, step: 1, unit: "" },
        default: "2",
    },
    Parameter {
        id: "attempts",
        label: "Attempts",
        help: "How often a message may be handed out before it is put aside.",
        kind: ParameterKind::Int { min: 1, max: 5, step: 1, unit: "" },
        default: "3",
    },
    Parameter {
        id: "work",
        label: "Work",
        help: "How long a worker takes over a message.",
        kind: ParameterKind::Int { min: 1_000, max: 120_000, step: 1_000, unit: "ms" },
        default: "1000",
    },
    Parameter {
        id: "slow",
        label: "Slow worker",
        help: "How long worker 1 takes where it is the slow one.",
        kind: ParameterKind::Int { min: 1_000, max: 120_000, step: 1_000, unit: "ms" },
        default: "45000",
    },
    Parameter {
        id: "patience",
        label: "Patience",
        help: "How long the broker waits for a worker: RabbitMQ's consumer_timeout, Kafka's max.poll.interval.ms.",
        kind: ParameterKind::Int { min: 10_000, max: 1_800_000, step: 1_000, unit: "ms" },
        default: "30000",
    },
];
