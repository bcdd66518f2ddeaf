//! What the catalogue says of the scenario with an order that spans services: variants and parameters, and of which sections each variant's play is made.

use crate::scenarios::{Info, Parameter, ParameterKind, Values, Variant};

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

/// What a variant's play is put together from.
struct Plan<'v> {
    variant: &'v str,
    steps: u8,
    fails: &'v str,
    once: bool,
    out: Vec<&'static str>,
}

/// The sections of a variant.
pub fn sections(variant: &str, values: &Values) -> Vec<&'static str> {
    let steps = match variant {
        "choreographed" | "parallel" | "pivot" | "dirty-read" | "semantic-lock" | "overwritten" | "reread"
        | "restored" | "commutative" => 4,
        _ => values.text("steps").parse().unwrap_or(4),
    };
    let once = values.text("often") == "once";
    let mut plan = Plan { variant, steps, fails: values.text("fails"), once, out: Vec::new() };
    plan.cast();
    plan.tables();
    if variant == "choreographed" {
        plan.events();
    } else {
        plan.services();
        plan.orders(values.text("undo") == "at-once");
    }
    plan.rules();
    plan.out
}

impl Plan<'_> {
    fn add(&mut self, names: &[&'static str]) {
        self.out.extend(names);
    }

    fn add_if(&mut self, is_so: bool, names: &[&'static str]) {
        if is_so {
            self.add(names);
        }
    }

    fn is(&self, variants: &[&str]) -> bool {
        variants.contains(&self.variant)
    }

    fn ships(&self) -> bool {
        self.steps >= 4
    }

    fn verifies(&self) -> bool {
        self.steps >= 5 && self.has_log()
    }

    fn notifies(&self) -> bool {
        self.steps >= 6 && self.has_log()
    }

    /// Whether how far a saga is stands in a table.
    fn has_log(&self) -> bool {
        !self.is(&["local-transaction", "no-compensation", "try-catch", "choreographed"])
    }

    fn has_another(&self) -> bool {
        self.is(&["dirty-read", "semantic-lock", "restored", "commutative"])
    }

    fn cast(&mut self) {
        self.add(&["cast"]);
        self.add_if(self.has_another(), &["cast: other"]);
        self.add(&["cast: orders"]);
        self.add_if(self.verifies(), &["cast: verify"]);
        self.add(&["cast: stores"]);
        self.add_if(self.ships(), &["cast: shipping"]);
        self.add_if(self.notifies(), &["cast: notify"]);
        if self.variant == "choreographed" {
            self.add(&["lossy chain"]);
        } else if self.is(&["not-idempotent", "blind-retry", "overtaken", "orchestrated", "pivot", "parallel"]) {
            self.add(&["lossy"]);
            self.add_if(self.ships(), &["lossy shipping"]);
        }
    }

    fn tables(&mut self) {
        let events = self.variant == "choreographed";
        self.add(&["tables: orders"]);
        self.add_if(self.has_log(), &["tables: saga log"]);
        self.add_if(events, &["tables: outbox"]);
        let remembers = self.variant == "restored";
        self.add(&[if remembers { "tables: inventory that remembers" } else { "tables: inventory" }]);
        self.add_if(self.once && self.fails == "reserve", &["tables: faults"]);
        self.add_if(events, &["tables: outbox"]);
        self.add(&["tables: payment"]);
        self.add_if(self.once && matches!(self.fails, "charge" | "refund"), &["tables: faults"]);
        self.add_if(events, &["tables: outbox"]);
        if self.ships() {
            self.add(&["tables: shipping"]);
            self.add_if(self.once && self.fails == "ship", &["tables: faults"]);
            self.add_if(events, &["tables: outbox"]);
        }
        self.add_if(self.notifies(), &["tables: mail"]);
        // Gauges stand before what asks them.
        self.add(&["gauges: orders"]);
        self.add_if(self.has_log(), &["gauges: saga log"]);
        self.add_if(events, &["gauges: outboxes"]);
        self.add(&["gauges: inventory"]);
        self.add_if(self.variant == "semantic-lock", &["pending reservation"]);
        self.add(&["gauges: payment"]);
        self.add(&[if self.variant == "pivot" { "plan: pivot" } else { "plan: charge" }]);
        self.add_if(self.variant == "parallel", &["plan: pack"]);
        self.add_if(self.ships(), &["gauges: shipping"]);
        self.add_if(self.notifies(), &["gauges: mail"]);
    }

    /// What comes first in a step that fails, and whether it never does anything else.
    fn faults(&mut self, step: &str) -> bool {
        // Whose refund fails goes back because there is no parcel.
        let fails = self.fails == step || self.fails == "refund" && step == "ship";
        let always = fails && (!self.once || step == "ship" && self.fails == "refund");
        self.add_if(always, &["fails always"]);
        self.add_if(fails && !always, &["fails once"]);
        always
    }

    fn services(&mut self) {
        self.add_if(self.verifies(), &["hears verify"]);
        self.add(&["hears reserve"]);
        if !self.faults("reserve") {
            self.add(&[if self.variant == "restored" { "reserves and remembers" } else { "reserves once" }]);
        }
        self.add(&["hears release"]);
        self.add(&[match self.variant {
            "not-idempotent" => "adds back",
            "overtaken" => "releases what is there",
            "restored" => "puts back what was there",
            _ => "releases once",
        }]);
        self.add_if(self.variant == "semantic-lock", &["confirms"]);
        if self.has_another() {
            self.add(&["sells"]);
            let remembers = self.variant == "restored";
            self.add(&[if remembers { "sells: a row that remembers" } else { "sells: a row" }]);
            let looks = self.variant == "semantic-lock";
            self.add(&[if looks { "sells: nothing is left, or not yet" } else { "sells: nothing is left" }]);
        }
        self.add(&["hears charge"]);
        if !self.faults("charge") {
            self.add(&[if self.variant == "blind-retry" { "charges each time" } else { "charges once" }]);
        }
        self.add(&["hears refund"]);
        if !self.faults("refund") {
            self.add(&[match self.variant {
                "not-idempotent" => "pays back",
                "overtaken" => "refunds what is there",
                _ => "refunds once",
            }]);
        }
        if self.ships() {
            let packs = self.variant == "parallel";
            self.add_if(packs, &["packs and ships"]);
            self.add(&["hears ship"]);
            if !self.faults("ship") {
                self.add(&[if packs { "ships what is packed" } else { "ships once" }]);
            }
            self.add(&[if self.variant == "overtaken" { "recalls what is there" } else { "hears recall" }]);
        }
        self.add_if(self.notifies(), &["hears notify"]);
    }

    fn orders(&mut self, at_once: bool) {
        self.add(&["buyer"]);
        self.add_if(self.is(&["overwritten", "reread"]), &["customer who changes their mind"]);
        self.add_if(self.has_another(), &["another customer"]);
        let ships = self.ships();
        match self.variant {
            "local-transaction" => {
                self.add(&["one transaction"]);
                self.add_if(ships, &["one transaction: ship"]);
                self.add(&["one transaction: commit"]);
            }
            "no-compensation" => {
                self.add(&["no way back"]);
                self.add_if(ships, &["no way back: ship"]);
                self.add(&["no way back: end"]);
            }
            "try-catch" => {
                self.add(&["try"]);
                self.add_if(ships, &["try: ship"]);
                self.add(&["catch"]);
            }
            _ => {
                let is_shown = self.variant == "dirty-read";
                self.add(&[if is_shown { "takes the order at once" } else { "takes the order" }]);
                self.forward();
                self.back(at_once);
                self.add(&["stuck"]);
            }
        }
    }

    fn forward(&mut self) {
        if self.variant == "parallel" {
            self.add(&["branches", "forward: ship", "forward: end"]);
            return;
        }
        self.add(&["go on"]);
        self.add_if(self.notifies(), &["go on: notify"]);
        self.add_if(self.verifies(), &["forward: verify"]);
        self.add(&["forward: reserve"]);
        self.add(&[if self.variant == "pivot" { "forward: pivot" } else { "forward: charge" }]);
        self.add(&[match self.variant {
            _ if !self.ships() => "forward: no ship",
            "pivot" => "forward: ship, whatever it takes",
            "reread" => "forward: reread, then ship",
            _ => "forward: ship",
        }]);
        self.add_if(self.variant == "semantic-lock", &["forward: confirm"]);
        self.add_if(self.notifies(), &["forward: notify"]);
        self.add(&["forward: end"]);
    }

    fn back(&mut self, at_once: bool) {
        let ships = self.ships();
        if self.variant == "parallel" {
            self.add(&["branches: back", "back: reserve"]);
        } else if self.variant == "wrong-order" {
            self.add(&["back: first step first"]);
            self.add_if(ships, &["back: first step first: ship"]);
        } else if at_once && self.variant != "pivot" {
            self.add(&["back: all at once"]);
            self.add_if(ships, &["back: all at once: ship"]);
            self.add(&["back: all at once: wait"]);
        } else {
            self.add(&["back"]);
            self.add_if(ships, &["back: ship"]);
            self.add(&["back: charge", "back: reserve"]);
        }
        self.add(&["back: cancel"]);
    }

    /// Services that tell each other, without anybody in the middle.
    fn events(&mut self) {
        self.add(&["buyer", "events: orders", "events: inventory"]);
        if !self.faults_of_events("reserve", "events: no item") {
            self.add(&["events: an item"]);
        }
        self.add(&["events: payment"]);
        if !self.faults_of_events("charge", "events: no money") {
            self.add(&["events: money"]);
        }
        self.add(&["events: payment goes back"]);
        if !self.faults_of_events("refund", "events: no refund") {
            self.add(&["events: refund"]);
        }
        self.add(&["events: shipping"]);
        if !self.faults_of_events("ship", "events: no parcel") {
            self.add(&["events: a parcel"]);
        }
    }

    fn faults_of_events(&mut self, step: &str, instead: &'static str) -> bool {
        let mut probe = Plan { out: Vec::new(), ..*self };
        let always = probe.faults(step);
        self.out.extend(if always { vec![instead] } else { probe.out });
        always
    }

    fn rules(&mut self) {
        self.add(&["rules"]);
        self.add(&[if self.ships() { "whole" } else { "whole without shipping" }]);
        self.add_if(self.has_log(), &["ended"]);
        match self.variant {
            "choreographed" => self.add(&["ended by events", "covered"]),
            "parallel" => self.add(&["packed"]),
            "wrong-order" | "orchestrated" => self.add(&["covered"]),
            "dirty-read" | "semantic-lock" => self.add(&["turned away"]),
            "overwritten" | "reread" => self.add(&["told"]),
            _ => {}
        }
    }
}

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
        help: "Which step is refused. With the refund, the parcel is refused first, so that there is something to refund.",
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
        id: "often",
        label: "How often",
        help: "Whether it is refused each time or only the first time.",
        kind: ParameterKind::OneOf(&[("always", "always"), ("once", "once")]),
        default: "always",
    },
    Parameter {
        id: "retries",
        label: "Retries",
        help: "How often a step, or a refund, that was refused is tried again. A step that goes unanswered counts too; a compensation that does is asked for until it is answered.",
        kind: ParameterKind::Int { min: 0, max: 3, step: 1, unit: "" },
        default: "0",
    },
    Parameter {
        id: "steps",
        label: "Steps",
        help: "3: create, reserve, charge; 4: and ship; 5: and verify the customer before; 6: and notify them after. The last two only where there is a saga log; variants with further participants have four.",
        kind: ParameterKind::Int { min: 3, max: 6, step: 1, unit: "" },
        default: "4",
    },
    Parameter {
        id: "undo",
        label: "Compensations",
        help: "In reverse, one behind the other, as Temporal's Saga runs them; or all at once, as Camunda 8 does. Only where an orchestrator with a log goes back.",
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
