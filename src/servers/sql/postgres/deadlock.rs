//! Finding deadlocks, and dissolving those that are only a matter of the order in a queue (the algorithm of the server's README on locks, "The Deadlock
//! Detection Algorithm").

use super::SessionId;
use super::locks::{Locks, Tag, conflicts};
use crate::engine::sort_stably_by;

/// What a check found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Found {
    /// No deadlock, or one that a new order in the queues has dissolved.
    Nothing,
    /// A deadlock: the session that looked must give up.
    Deadlock,
}

/// In a queue, the waiter is to come before the one that it waits for only because of the queue's order.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Edge {
    waiter: SessionId,
    blocker: SessionId,
    tag: Tag,
}

type Orders = Vec<(Tag, Vec<SessionId>)>;

/// Most reorderings that are tried on top of each other.
const MAX_CONSTRAINTS: usize = 64;

impl Locks {
    /// Looks for a deadlock around a waiting session.
    pub fn check(&mut self, session: SessionId, woken: &mut Vec<SessionId>) -> Found {
        if !self.waiting.contains_key(&session) {
            return Found::Nothing;
        }
        let mut constraints = Vec::new();
        let Some(orders) = self.solve(session, &mut constraints) else { return Found::Deadlock };
        for (tag, order) in orders {
            if let Some(lock) = self.table.get_mut(&tag) {
                let place = |session: SessionId| order.iter().position(|known| *known == session);
                sort_stably_by(&mut lock.queue, &|one, other| place(one.session).cmp(&place(other.session)));
            }
            self.wake(tag, woken);
        }
        Found::Nothing
    }

    /// Orders of queues without a deadlock, under these constraints or more; none where there are none.
    fn solve(&self, session: SessionId, constraints: &mut Vec<Edge>) -> Option<Orders> {
        let orders = self.expand(constraints)?;
        let mut soft = None;
        let mut starts: Vec<SessionId> = constraints.iter().flat_map(|edge| [edge.waiter, edge.blocker]).collect();
        starts.push(session);
        for start in starts {
            let mut edges = Vec::new();
            if self.reaches(start, start, &orders, &mut Vec::new(), &mut edges) {
                if edges.is_empty() {
                    return None;
                }
                soft = Some(edges);
            }
        }
        let Some(edges) = soft else { return Some(orders) };
        if constraints.len() >= MAX_CONSTRAINTS {
            return None;
        }
        for edge in edges {
            constraints.push(edge);
            if let Some(orders) = self.solve(session, constraints) {
                return Some(orders);
            }
            constraints.pop();
        }
        None
    }

    /// Whether waiting leads from a session back to the start. The soft edges on the way are left in `edges`.
    fn reaches(
        &self,
        session: SessionId,
        start: SessionId,
        orders: &Orders,
        visited: &mut Vec<SessionId>,
        edges: &mut Vec<Edge>,
    ) -> bool {
        if visited.contains(&session) {
            return session == start;
        }
        visited.push(session);
        let Some(tag) = self.waiting.get(&session) else { return false };
        let Some(lock) = self.table.get(tag) else { return false };
        let Some(me) = lock.queue.iter().find(|waiter| waiter.session == session) else { return false };
        for hold in &lock.holds {
            if hold.session != session
                && conflicts(hold.mode, me.mode)
                && self.reaches(hold.session, start, orders, visited, edges)
            {
                return true;
            }
        }
        let queued: Vec<SessionId> = match orders.iter().find(|(of, _)| of == tag) {
            Some((_, order)) => order.clone(),
            None => lock.queue.iter().map(|waiter| waiter.session).collect(),
        };
        for ahead in queued.into_iter().take_while(|ahead| *ahead != session) {
            let clashes = lock.queue.iter().any(|waiter| waiter.session == ahead && conflicts(waiter.mode, me.mode));
            if clashes && self.reaches(ahead, start, orders, visited, edges) {
                edges.push(Edge { waiter: session, blocker: ahead, tag: *tag });
                return true;
            }
        }
        false
    }

    /// The orders of the queues that the constraints ask for, otherwise as they are; none where they contradict.
    fn expand(&self, constraints: &[Edge]) -> Option<Orders> {
        let mut orders = Orders::new();
        for edge in constraints.iter().rev() {
            if orders.iter().any(|(tag, _)| *tag == edge.tag) {
                continue;
            }
            let lock = self.table.get(&edge.tag)?;
            let mut left: Vec<SessionId> = lock.queue.iter().map(|waiter| waiter.session).collect();
            let mut order = Vec::new();
            // From the back: the last that need not come before any that is left.
            while !left.is_empty() {
                let free = left.iter().rposition(|session| {
                    !constraints
                        .iter()
                        .any(|other| other.tag == edge.tag && other.waiter == *session && left.contains(&other.blocker))
                })?;
                order.push(left.remove(free));
            }
            order.reverse();
            orders.push((edge.tag, order));
        }
        Some(orders)
    }
}
