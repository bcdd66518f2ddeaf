//! All choices that a scheduler with a fault budget has: what random walks draw from and the search tries.

use super::choice::{Act, Choice};
use super::protocol::Protocol;
use super::trace::NodeId;
use super::view::Status;
use super::world::{Spent, World};

impl<P: Protocol> World<P> {
    /// Every choice that can be taken now without spending more faults than `budget` holds, in a fixed order. Time passes only by timers; clocks are
    /// left alone. Crashes between two effects of a handler are included where the budget has a crash left.
    pub fn enabled(&self, protocol: &P, budget: &Spent) -> Vec<Choice> {
        let mut acts: Vec<Act> = Vec::new();
        for node in self.ids() {
            let offered = protocol.steps(node, self.state(node)).len() as u16;
            acts.extend((0..offered).map(|step| Act::Step { node, step }));
        }
        for (at, message) in self.network.in_flight.iter().enumerate() {
            acts.push(Act::Deliver { from: message.from, to: message.to, nth: self.network.rank(at) });
        }
        for node in self.ids() {
            let timers = self.slot(node).timers.len() as u16;
            acts.extend((0..timers).map(|timer| Act::Fire { node, timer }));
        }
        let crash_points = self.spent.crash < budget.crash;
        let mut choices: Vec<Choice> = Vec::new();
        for act in acts {
            let choice = Choice::now(act);
            if self.refuses(protocol, &choice).is_some() {
                continue;
            }
            choices.push(choice);
            if crash_points {
                self.push_crash_points(protocol, &choice, &mut choices);
            }
        }
        self.push_faults(protocol, budget, &mut choices);
        choices
    }

    /// The same choice with a crash of the acting node between two of its effects.
    fn push_crash_points(&self, protocol: &P, choice: &Choice, choices: &mut Vec<Choice>) {
        if !choice.act.actor().is_some_and(|node| protocol.exposure(node).crash) {
            return;
        }
        let effects = self.effects_of(protocol, &choice.act).len().min(255) as u8;
        choices.extend((1..effects).map(|done| Choice { crash_after: Some(done), ..*choice }));
    }

    fn push_faults(&self, protocol: &P, budget: &Spent, choices: &mut Vec<Choice>) {
        let mut acts: Vec<Act> = Vec::new();
        for (at, message) in self.network.in_flight.iter().enumerate() {
            let (from, to, nth) = (message.from, message.to, self.network.rank(at));
            if self.spent.drop < budget.drop {
                acts.push(Act::Drop { from, to, nth });
            }
            if self.spent.duplicate < budget.duplicate {
                acts.push(Act::Duplicate { from, to, nth });
            }
        }
        for node in self.ids() {
            self.node_faults(node, budget, &mut acts);
        }
        if !self.network.sides.is_empty() {
            acts.push(Act::Heal);
        }
        let allowed = acts.into_iter().map(Choice::now).filter(|choice| self.refuses(protocol, choice).is_none());
        choices.extend(allowed);
    }

    fn node_faults(&self, node: NodeId, budget: &Spent, acts: &mut Vec<Act>) {
        match self.slot(node).status {
            Status::Crashed => acts.push(Act::Restart { node }),
            Status::Paused => acts.push(Act::Resume { node }),
            Status::Up if self.spent.pause < budget.pause => acts.push(Act::Pause { node }),
            Status::Up => {}
        }
        if self.spent.crash < budget.crash {
            acts.push(Act::Crash { node });
        }
        if self.spent.partition < budget.partition {
            acts.push(Act::Cut { side: 1 << node.0 });
        }
    }
}
