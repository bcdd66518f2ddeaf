//! What the catalogue says of the scenario with an order that spans services: variants and parameters.

mod plan;

use crate::scenarios::{Info, Parameter, ParameterKind, Variant};

pub use plan::sections;

/// Everything that the scenario declares.
pub static INFO: Info = Info {
    id: "saga",
    title: "Sagas",
    claim: "An order is created, its item reserved, its payment charged, its parcel shipped: four services, a database each, and no transaction over them. When one of them fails, what the others did has to be undone, in order, once, and whatever crashes meanwhile.",
    revision: 1,
    variants: VARIANTS,
    parameters: PARAMETERS,
    invariants: &[
        ("charged", "An order is charged at most once."),
        ("conserved", "Items and money add up."),
        ("compensated", "Each compensation has its effect once, and only behind its step."),
        ("covered", "What is paid for, or packed, is kept for whoever ordered it."),
        ("whole", "In the end all of an order is done, or none of it, or it is marked as stuck."),
        ("stuck", "In the end a saga is done or undone, or says that it is stuck."),
        ("dirty", "Nobody is turned away because of an order that is then undone."),
        ("answer", "Whoever is told that an order is cancelled does not get it."),
    ],
    goals: &[("settled", "Everything that was begun comes to an end.")],
};

const fn variant(id: &'static str, title: &'static str, claim: &'static str, opening: &'static str) -> Variant {
    Variant { id, title, claim, broken: false, budget: &[], defaults: &[], opening }
}

const NO_PARCEL: &[(&str, &str)] = &[("fails", "ship")];
const CALM: &[(&str, u32)] = &[("delay", 0)];
const ONE_CRASH: &[(&str, u32)] = &[("crash", 1), ("delay", 1)];
const CRASH_AND_COPY: &[(&str, u32)] = &[("crash", 1), ("duplicate", 1), ("delay", 0)];
const CRASH_COPY_AND_DELAY: &[(&str, u32)] = &[("crash", 1), ("duplicate", 1), ("delay", 1)];

const VARIANTS: &[Variant] = &[
    Variant {
        broken: true,
        budget: CALM,
        defaults: NO_PARCEL,
        ..variant(
            "local-transaction",
            "One transaction over all",
            "The order service begins a transaction, asks the others inside it, and rolls back when one of them fails. The others have committed long since, and know of no rollback.",
            "customer.buy,customer-orders,orders-inventory,inventory-orders,orders-payment,payment-orders",
        )
    },
    Variant {
        broken: true,
        budget: CALM,
        defaults: NO_PARCEL,
        ..variant(
            "no-compensation",
            "No compensation",
            "A step fails, the order is marked as rejected, and that is all. What went before stays: an item that is kept, and money that is taken.",
            "customer.buy,customer-orders,orders-inventory,inventory-orders,orders-payment,payment-orders",
        )
    },
    Variant {
        broken: true,
        budget: &[("crash", 1), ("delay", 0)],
        defaults: NO_PARCEL,
        ..variant(
            "try-catch",
            "Try and catch",
            "What to undo is known to local variables and a catch block. A crash in the middle takes both with it, and half an order stays for ever.",
            "customer.buy,customer-orders,orders-inventory,inventory-orders,orders-payment,payment-orders",
        )
    },
    Variant {
        broken: true,
        budget: &[("duplicate", 1), ("delay", 0)],
        defaults: NO_PARCEL,
        ..variant(
            "not-idempotent",
            "Adds back, again",
            "The compensation adds back whatever it is asked for. Its request comes twice, and so does the money.",
            "customer.buy,customer-orders,orders.go-on,orders-inventory,inventory-orders,orders-payment,payment-orders",
        )
    },
    Variant {
        broken: true,
        budget: &[("drop", 1), ("delay", 0)],
        defaults: &[("retries", "1")],
        ..variant(
            "blind-retry",
            "Blind retry",
            "No answer in time, so the step is asked for again. It was done the first time, and nothing in the request says that it is the same.",
            "customer.buy,customer-orders,orders.go-on,orders-inventory,inventory-orders,orders-payment",
        )
    },
    Variant {
        broken: true,
        budget: &[("delay", 1)],
        ..variant(
            "overtaken",
            "Undone before it is done",
            "A request is slow, the saga gives up and goes back. The compensation overtakes the step, finds nothing to undo, and the step comes after it.",
            "customer.buy,customer-orders,orders.go-on,orders-inventory,inventory-orders,orders:t1",
        )
    },
    Variant {
        broken: true,
        budget: CALM,
        defaults: NO_PARCEL,
        ..variant(
            "wrong-order",
            "First step first",
            "Compensations run in the order of the steps: the item goes back to the shelf while the customer has not been refunded. If the refund fails now, there is neither.",
            "customer.buy,customer-orders,orders.go-on,orders-inventory,inventory-orders,orders-payment,payment-orders",
        )
    },
    Variant {
        broken: true,
        budget: CALM,
        defaults: &[("fails", "ship"), ("stock", "1")],
        ..variant(
            "dirty-read",
            "Pending, and nobody says so",
            "Somebody else wants the last item, which an order has reserved that is not over yet. They are told that all are sold; then the order is undone.",
            "customer.buy,customer-orders,orders.go-on,orders-inventory,inventory-orders,orders-payment",
        )
    },
    Variant {
        broken: true,
        budget: CALM,
        defaults: NO_PARCEL,
        ..variant(
            "restored",
            "The old value, restored",
            "The compensation sets the stock to what it was before the order. What others bought in the meantime is on the shelf again.",
            "customer.buy,customer-orders,orders.go-on,orders-inventory,inventory-orders,orders-payment",
        )
    },
    Variant {
        broken: true,
        budget: CALM,
        ..variant(
            "overwritten",
            "Not looked at again",
            "The customer cancels while the saga is under way, and is told that it is cancelled. The saga goes on with what it read at its start.",
            "customer.buy,customer-orders,orders.go-on,orders-inventory,inventory-orders,orders-payment",
        )
    },
    Variant {
        budget: CRASH_COPY_AND_DELAY,
        defaults: NO_PARCEL,
        ..variant(
            "orchestrated",
            "Orchestrated",
            "Before each step its name is in the saga log, in the order service's database. After a crash it goes on from there, forward or back; services know what they did for which order.",
            "customer.buy,customer-orders,orders.go-on,orders-inventory,inventory-orders,orders-payment,payment-orders",
        )
    },
    Variant {
        budget: CRASH_AND_COPY,
        defaults: NO_PARCEL,
        ..variant(
            "choreographed",
            "Choreographed",
            "Nobody is in the middle: each service does its part and tells the next, and when it cannot, the one before. What is to be told stands in the same transaction as what was done.",
            "customer.buy,customer-orders,orders.hand-on,orders-inventory,inventory.hand-on,inventory-payment",
        )
    },
    Variant {
        budget: &[("crash", 1), ("delay", 0)],
        defaults: &[("steps", "3"), ("fails", "charge")],
        ..variant(
            "over-log",
            "Choreographed, over a log",
            "Each service publishes what it did, and reads what others have published: none knows who listens. What is to be published stands in the same transaction as what was done.",
            "customer.buy,customer-orders,orders.hand-on,orders-kafka,kafka-orders,kafka-inventory",
        )
    },
    Variant {
        budget: CRASH_AND_COPY,
        defaults: &[("fails", "ship"), ("often", "once"), ("retries", "1")],
        ..variant(
            "save-point",
            "Back to a save-point",
            "Behind the reservation there is a save-point. When the parcel is refused, the saga goes back to there and forward again: the item stays kept, the charge is refunded and made anew.",
            "customer.buy,customer-orders,orders.go-on,orders-inventory,inventory-orders,orders-payment,payment-orders",
        )
    },
    Variant {
        budget: CRASH_COPY_AND_DELAY,
        defaults: &[("fails", "ship"), ("often", "once"), ("retries", "1")],
        ..variant(
            "pivot",
            "Pivot",
            "What can be undone comes before the charge, what can be tried again behind it. Once it is charged there is no way back, and none is needed.",
            "customer.buy,customer-orders,orders.go-on,orders-inventory,inventory-orders,orders-payment,payment-orders",
        )
    },
    Variant {
        budget: CRASH_AND_COPY,
        defaults: NO_PARCEL,
        ..variant(
            "parallel",
            "Parallel branches",
            "The item is reserved and packed while the payment is charged. Each branch goes back in reverse, and the order is cancelled when both have.",
            "customer.buy,customer-orders,orders.go-on,orders-inventory,orders-payment,inventory-orders",
        )
    },
    Variant {
        budget: ONE_CRASH,
        defaults: &[("fails", "ship"), ("stock", "1")],
        ..variant(
            "semantic-lock",
            "Semantic lock",
            "What an order has reserved is marked as pending until the order is through. Whoever wants it is told so, and asks again later.",
            "customer.buy,customer-orders,orders.go-on,orders-inventory,inventory-orders,orders-payment",
        )
    },
    Variant {
        budget: ONE_CRASH,
        defaults: NO_PARCEL,
        ..variant(
            "commutative",
            "Commutative updates",
            "Steps take away and compensations add: in whichever order they and others come, it comes to the same.",
            "customer.buy,customer-orders,orders.go-on,orders-inventory,inventory-orders,orders-payment",
        )
    },
    Variant {
        budget: ONE_CRASH,
        ..variant(
            "reread",
            "Reread",
            "Before the step behind which there is no cancelling, the saga looks again whether the order is still wanted, and says that it ships, in one write.",
            "customer.buy,customer-orders,orders.go-on,orders-inventory,inventory-orders,orders-payment",
        )
    },
];

const PARAMETERS: &[Parameter] = &[
    Parameter {
        id: "fails",
        label: "What fails",
        help: "Which step is refused. With the refund, the parcel is refused first, so that there is something to refund; with three steps there is no parcel, and neither is.",
        kind: ParameterKind::OneOf(&[
            ("none", "nothing"),
            ("reserve", "the reservation"),
            ("charge", "the charge"),
            ("ship", "the parcel"),
            ("refund", "the refund"),
        ]),
        default: "none",
    },
    Parameter {
        id: "when",
        label: "When",
        help: "Before it has done anything, or after: the step is done, and the answer says that it failed. Refunds, and services that tell each other, fail before.",
        kind: ParameterKind::OneOf(&[("before", "before its work"), ("after", "after its work")]),
        default: "before",
    },
    Parameter {
        id: "often",
        label: "How often",
        help: "Whether it is refused each time or only the first time.",
        kind: ParameterKind::OneOf(&[("always", "always"), ("once", "once")]),
        default: "always",
    },
    Parameter {
        id: "retries",
        label: "Retries",
        help: "How often a step, or a refund, that was refused is tried again. A step that goes unanswered counts too; a compensation that does is asked for until it is answered. With a save-point: how often it goes forward from there again. Without a saga log nothing is tried again, and by events until it works.",
        kind: ParameterKind::Int { min: 0, max: 3, step: 1, unit: "" },
        default: "0",
    },
    Parameter {
        id: "steps",
        label: "Steps",
        help: "3: create, reserve, charge; 4: and ship; 5: and verify the customer before; 6: and notify them after.",
        kind: ParameterKind::Int { min: 3, max: 6, step: 1, unit: "" },
        default: "4",
    },
    Parameter {
        id: "undo",
        label: "Compensations",
        help: "In reverse, one behind the other, as Temporal's Saga runs them; or all at once, as Camunda 8 does. Only where an orchestrator with a log goes back all the way, from step to step.",
        kind: ParameterKind::OneOf(&[("reverse", "in reverse"), ("at-once", "all at once")]),
        default: "reverse",
    },
    Parameter {
        id: "stock",
        label: "Stock",
        help: "How many items are on the shelf.",
        kind: ParameterKind::Int { min: 1, max: 5, step: 1, unit: "" },
        default: "2",
    },
    Parameter {
        id: "timeout",
        label: "Patience",
        help: "For how long an answer is waited for.",
        kind: ParameterKind::Int { min: 500, max: 60_000, step: 500, unit: "ms" },
        default: "5000",
    },
];
