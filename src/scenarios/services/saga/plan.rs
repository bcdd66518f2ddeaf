//! Of which sections each variant's play is made: services and their tables (`stores.play`), orchestrators (`orders.play`), and services that tell each other
//! (`events.play`).

use crate::scenarios::Values;

/// What a variant's play is put together from.
struct Plan<'v> {
    variant: &'v str,
    steps: u8,
    fails: &'v str,
    once: bool,
    /// Whether what fails has done its work all the same, and fails in answering.
    behind: bool,
    out: Vec<&'static str>,
}

/// Whether a step is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Failing {
    Never,
    Once,
    Always,
}

/// The sections of a variant.
pub fn sections(variant: &str, values: &Values) -> Vec<&'static str> {
    let steps = values.text("steps").parse().unwrap_or(4);
    let (once, behind) = (values.text("often") == "once", values.text("when") == "after");
    let mut plan = Plan { variant, steps, fails: values.text("fails"), once, behind, out: Vec::new() };
    plan.cast();
    plan.tables();
    match variant {
        "choreographed" => plan.events(),
        "over-log" => plan.log(),
        _ => {
            plan.services();
            plan.orders(values.text("undo") == "at-once");
        }
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
        self.steps >= 5
    }

    fn notifies(&self) -> bool {
        self.steps >= 6
    }

    /// Whether how far a saga is stands in a table.
    fn has_log(&self) -> bool {
        !self.is(&["local-transaction", "no-compensation", "try-catch"]) && !self.is_told_by_events()
    }

    /// Whether nobody is in the middle.
    fn is_told_by_events(&self) -> bool {
        self.is(&["choreographed", "over-log"])
    }

    fn goes_in_rounds(&self) -> bool {
        self.is(&["save-point"])
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
        match self.variant {
            "choreographed" => {
                self.add(&["lossy chain"]);
                self.add(&[if self.ships() { "lossy chain: ship" } else { "lossy chain: no ship" }]);
            }
            "over-log" => {
                self.add(&["cast: log", "fragile"]);
                self.add_if(self.ships(), &["fragile: ship"]);
            }
            "not-idempotent" | "blind-retry" | "overtaken" | "orchestrated" | "pivot" | "parallel" | "save-point" => {
                self.add(&["lossy"]);
                self.add_if(self.ships(), &["lossy shipping"]);
            }
            _ => {}
        }
    }

    fn tables(&mut self) {
        let events = self.is_told_by_events();
        self.add(&["tables: orders"]);
        let in_rounds = self.goes_in_rounds();
        self.add_if(self.has_log(), &[if in_rounds { "tables: saga log with rounds" } else { "tables: saga log" }]);
        self.add_if(events, &["tables: outbox"]);
        self.add_if(self.verifies(), &["tables: accounts"]);
        self.add_if(self.verifies() && events, &["tables: outbox"]);
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
        self.add_if(self.verifies(), &["plan: verify"]);
        self.add_if(self.has_log(), &["gauges: saga log"]);
        self.add_if(events, &["gauges: outboxes"]);
        self.add_if(events && self.ships(), &["gauges: outbox of shipping"]);
        self.add_if(events && self.verifies(), &["gauges: outbox of accounts"]);
        self.add(&["gauges: inventory"]);
        self.add(&[if in_rounds { "plan: save-point" } else { "plan: reserve" }]);
        self.add_if(self.variant == "semantic-lock", &["pending reservation"]);
        self.add(&["gauges: payment"]);
        self.add(&[if self.variant == "pivot" { "plan: pivot" } else { "plan: charge" }]);
        self.add_if(self.variant == "parallel" && self.ships(), &["plan: pack"]);
        self.add_if(self.ships(), &["gauges: shipping"]);
        self.add_if(self.notifies(), &["gauges: mail"]);
    }

    /// Whether a step fails. Whose refund fails goes back because there is no parcel.
    fn failing(&self, step: &str) -> Failing {
        let in_the_way = self.fails == "refund" && step == "ship";
        match (self.fails == step || in_the_way, self.once && !in_the_way) {
            (false, _) => Failing::Never,
            (true, true) => Failing::Once,
            (true, false) => Failing::Always,
        }
    }

    /// What a service does that is asked for a step; `works` is the same up to the answer, where a step may fail in answering.
    fn step(&mut self, step: &str, does: &'static str, works: Option<&'static str>) {
        let works = works.filter(|_| self.behind && self.fails == step);
        match (self.failing(step), works) {
            (Failing::Never, _) => self.add(&[does]),
            (Failing::Once, None) => self.add(&["fails once", does]),
            (Failing::Always, None) => self.add(&["fails always"]),
            (Failing::Once, Some(works)) => self.add(&[works, "answers that it failed, once"]),
            (Failing::Always, Some(works)) => self.add(&[works, "answers that it failed"]),
        }
    }

    fn services(&mut self) {
        self.add_if(self.verifies(), &["hears verify"]);
        self.add(&["hears reserve"]);
        match self.variant {
            "restored" => self.step("reserve", "reserves and remembers", None),
            _ => self.step("reserve", "reserves once", Some("reserves, then answers")),
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
        match self.variant {
            "blind-retry" => self.step("charge", "charges each time", None),
            _ => self.step("charge", "charges once", Some("charges, then answers")),
        }
        self.add(&["hears refund"]);
        let refunds = match self.variant {
            "not-idempotent" => "pays back",
            "overtaken" => "refunds what is there",
            _ => "refunds once",
        };
        self.step("refund", refunds, None);
        if self.ships() {
            let packs = self.variant == "parallel";
            self.add_if(packs, &["packs and ships"]);
            self.add(&["hears ship"]);
            match packs {
                true => self.step("ship", "ships what is packed", None),
                false => self.step("ship", "ships once", Some("ships, then answers")),
            }
            self.add(&[if self.variant == "overtaken" { "recalls what is there" } else { "hears recall" }]);
        }
        self.add_if(self.notifies(), &["hears notify"]);
    }

    fn orders(&mut self, at_once: bool) {
        self.add(&["buyer"]);
        self.add_if(self.is(&["overwritten", "reread"]), &["customer who changes their mind"]);
        self.add_if(self.has_another(), &["another customer"]);
        match self.variant {
            "local-transaction" => self.in_one_go([
                "one transaction",
                "one transaction: verify",
                "one transaction: reserve and charge",
                "one transaction: ship",
                "one transaction: commit",
            ]),
            "no-compensation" => self.in_one_go([
                "no way back",
                "no way back: verify",
                "no way back: reserve and charge",
                "no way back: ship",
                "no way back: end",
            ]),
            "try-catch" => {
                self.in_one_go(["try", "try: verify", "try: reserve and charge", "try: ship", "catch"]);
            }
            "save-point" => {
                self.add(&["takes the order, in its first round"]);
                self.rounds();
                self.add(&["stuck"]);
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

    /// An order without a saga log: step after step, by one handler.
    fn in_one_go(&mut self, [begin, verify, reserve_and_charge, ship, end]: [&'static str; 5]) {
        self.add(&[begin]);
        self.add_if(self.verifies(), &[verify]);
        self.add(&[reserve_and_charge]);
        self.add_if(self.ships(), &[ship]);
        self.add_if(self.notifies(), &["then notify"]);
        self.add(&[end]);
    }

    fn forward(&mut self) {
        if self.variant == "parallel" {
            self.branches();
            return;
        }
        self.add(&["go on"]);
        self.add_if(self.notifies(), &["go on: notify"]);
        self.add_if(self.verifies(), &["forward: verify"]);
        self.add(&["forward: reserve"]);
        self.add(&[if self.variant == "pivot" { "forward: pivot" } else { "forward: charge" }]);
        self.add(&[match (self.variant, self.ships()) {
            ("reread", false) => "forward: reread",
            (_, false) => "forward: no ship",
            ("pivot", true) => "forward: ship, whatever it takes",
            ("reread", true) => "forward: reread, then ship",
            (_, true) => "forward: ship",
        }]);
        self.add_if(self.variant == "semantic-lock", &["forward: confirm"]);
        self.add_if(self.notifies(), &["forward: notify"]);
        self.add(&["forward: end"]);
    }

    /// The item and the parcel beside the money.
    fn branches(&mut self) {
        let ships = self.ships();
        self.add(&["branches"]);
        self.add_if(ships, &["branches: at packing"]);
        self.add_if(self.notifies(), &["go on: notify"]);
        self.add_if(self.verifies(), &["forward: verify"]);
        self.add(&["branches: both"]);
        self.add_if(ships, &["branches: pack", "forward: ship"]);
        self.add_if(self.notifies(), &["forward: notify"]);
        self.add(&["forward: end"]);
    }

    /// Back to the save-point behind the reservation, and forward again.
    fn rounds(&mut self) {
        let ships = self.ships();
        self.add(&["go on, in rounds"]);
        self.add_if(self.notifies(), &["go on: notify"]);
        self.add_if(self.verifies(), &["forward: verify"]);
        self.add(&["forward: reserve", "forward: charge, in this round"]);
        self.add(&[if ships { "forward: ship, in this round" } else { "forward: no ship" }]);
        self.add_if(self.notifies(), &["forward: notify"]);
        self.add(&["forward: end", "back to the save-point"]);
        self.add_if(ships, &["back to the save-point: ship"]);
        self.add(&["back to the save-point: charge", "back from the save-point", "back: reserve", "back: cancel"]);
    }

    fn back(&mut self, at_once: bool) {
        let ships = self.ships();
        if self.variant == "parallel" {
            self.add(&["branches: back"]);
            self.add_if(ships, &["branches: back from packing"]);
            self.add(&["branches: wait", "back: reserve"]);
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
        let (ships, verifies, notifies) = (self.ships(), self.verifies(), self.notifies());
        self.add(&["buyer", "events: orders", "events: orders hand on"]);
        self.add_if(notifies, &["events: mail is told"]);
        self.add(&[if verifies { "events: accounts are told" } else { "events: inventory is told" }]);
        self.add_if(notifies, &["events: or mail"]);
        self.add(&["events: orders have told"]);
        self.add(&[if ships { "events: approved when shipped" } else { "events: approved when charged" }]);
        self.add(&[if notifies { "events: approves and says so" } else { "events: approves" }]);
        self.add_if(verifies, &["events: accounts"]);
        self.add(&["events: inventory"]);
        self.add(&[if verifies {
            "events: inventory hears that it is verified"
        } else {
            "events: inventory hears of it"
        }]);
        self.does_or_not("reserve", "fails once", ["events: an item", "events: no item"]);
        self.add(&["events: payment"]);
        self.add(&[if ships { "events: shipping is told" } else { "events: orders are told" }]);
        self.add(&["events: payment has told"]);
        self.does_or_not("charge", "fails once", ["events: money", "events: no money"]);
        self.add(&["events: payment goes back"]);
        self.does_or_not("refund", "fails once", ["events: refund", "events: no refund"]);
        if ships {
            self.add(&["events: shipping"]);
            self.does_or_not("ship", "fails once", ["events: a parcel", "events: no parcel"]);
        }
        self.add_if(notifies, &["events: mail"]);
    }

    /// Services that say what they did, to whoever reads the log.
    fn log(&mut self) {
        const ONCE: &str = "log: fails once";
        let (ships, verifies) = (self.ships(), self.verifies());
        self.add(&["buyer", "log: orders"]);
        self.add(&[if ships { "log: approved when shipped" } else { "log: approved when charged" }]);
        self.add(&["log: orders change"]);
        self.add_if(verifies, &["log: accounts"]);
        self.add(&["log: inventory"]);
        self.add(&[if verifies {
            "log: inventory waits for the accounts"
        } else {
            "log: inventory waits for an order"
        }]);
        self.add(&["log: inventory changes"]);
        self.does_or_not("reserve", ONCE, ["log: an item", "log: no item"]);
        self.add(&["log: payment"]);
        self.does_or_not("refund", ONCE, ["log: refund", "log: no refund"]);
        self.add(&["log: payment charges"]);
        self.does_or_not("charge", ONCE, ["log: money", "log: no money"]);
        if ships {
            self.add(&["log: shipping"]);
            self.does_or_not("ship", ONCE, ["log: a parcel", "log: no parcel"]);
        }
        self.add_if(self.notifies(), &["log: mail"]);
    }

    /// What a service does that is told by events: its step, where that fails once only, or what it says instead.
    fn does_or_not(&mut self, step: &str, once: &'static str, [does, does_not]: [&'static str; 2]) {
        match self.failing(step) {
            Failing::Always => self.add(&[does_not]),
            Failing::Once => self.add(&[once, does]),
            Failing::Never => self.add(&[does]),
        }
    }

    fn rules(&mut self) {
        self.add(&[if self.goes_in_rounds() { "rules of rounds" } else { "rules" }]);
        self.add(&[if self.ships() { "whole" } else { "whole without shipping" }]);
        self.add_if(self.notifies(), &["letters"]);
        self.add_if(self.has_log(), &["ended"]);
        match self.variant {
            "choreographed" | "over-log" => self.add(&["ended by events", "covered"]),
            "parallel" => self.add_if(self.ships(), &["packed"]),
            "wrong-order" | "orchestrated" | "save-point" => self.add(&["covered"]),
            "dirty-read" | "semantic-lock" => self.add(&["turned away"]),
            "overwritten" | "reread" => self.add(&[if self.ships() { "told" } else { "told without shipping" }]),
            _ => {}
        }
    }
}
