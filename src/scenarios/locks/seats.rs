//! One lock of several: how a client takes all that it needs, one after the other, and who then waits for whom.

use super::client::{Client, Phase, because, note};
use super::judge::{client, id};
use super::vocabulary::{Answer, Command, Config, Grain, KEYS, Owner, Timer, validity_ms};
use super::{Locks, Node};
use crate::engine::{Breach, Cx, NodeId, World};

/// The mark on events by which a client is told that somebody else has the lock.
pub const REFUSED: &str = "refused";

type Context<'a> = Cx<'a, Locks>;

impl Config {
    /// The seats that a client wants, bit per seat.
    pub fn seats(&self, client: u8) -> u8 {
        if self.both || self.rules.grain == Grain::One { 0b11 } else { 1 << (client % 2) }
    }

    /// The keys that a client needs, by their places in [`KEYS`], in the order in which it takes them.
    fn keys(&self, client: u8) -> &'static [u8] {
        match (self.rules.grain, self.seats(client)) {
            (Grain::One | Grain::All, _) => &[0],
            (_, 0b01) => &[1],
            (_, 0b10) => &[2],
            (Grain::Seat, _) if client % 2 == 1 => &[2, 1],
            _ => &[1, 2],
        }
    }
}

impl Client {
    /// The first key that it needs and does not have.
    fn missing(&self, config: &Config, me: NodeId) -> Option<u8> {
        config.keys(me.0).iter().copied().find(|key| self.granted >> key & 1 == 0)
    }

    /// Asks for the next lock that it needs; with all of them it goes in.
    pub fn next_key(&mut self, config: &Config, cx: &mut Context<'_>) {
        if let Some(key) = self.missing(config, cx.me()) {
            self.phase = Phase::Asking;
            self.awaited = 1 << key;
            // The first of its leases is the first to end.
            if self.granted == 0 {
                self.asked_ms = cx.local_ms();
            }
            cx.set_timer(Timer::Reply, config.timeout_ms);
            return self.tell(config, 1, Command::SetKey(key), cx);
        }
        let left_ms = validity_ms(config.ttl_ms, cx.local_ms() - self.asked_ms, config.margin);
        if left_ms > 0 {
            self.hold_for(config, left_ms, cx);
            return self.enter(config, cx);
        }
        note(
            cx,
            "lease is over",
            "It has all that it needs, but the first of its leases may be over: it begins again.",
        );
        self.give_keys_back(config, cx);
        self.granted = 0;
        self.wait(config, cx);
    }

    /// Redis has answered about a key.
    pub fn on_key(&mut self, config: &Config, key: u8, answer: Answer, cx: &mut Context<'_>) {
        let bit = 1 << key;
        match self.phase {
            Phase::Asking if self.awaited == bit => {
                cx.cancel_timer(Timer::Reply);
                self.awaited = 0;
                if answer.did() {
                    self.granted |= bit;
                    return self.next_key(config, cx);
                }
                because(cx, "somebody else has it");
                self.wait(config, cx);
                cx.mark(REFUSED);
            }
            Phase::Releasing => {
                self.granted &= !bit;
                if self.granted == 0 {
                    cx.cancel_timer(Timer::Reply);
                    self.phase = Phase::Done;
                }
            }
            _ => {}
        }
    }

    fn wait(&mut self, config: &Config, cx: &mut Context<'_>) {
        self.phase = Phase::Waiting;
        cx.set_timer(Timer::Retry, config.retry_ms);
    }

    /// Gives back every key that it has, or that may be granted to it.
    pub fn give_keys_back(&self, config: &Config, cx: &mut Context<'_>) {
        let all = self.granted | self.awaited;
        for key in config.keys(cx.me().0).iter().filter(|key| all >> **key & 1 == 1) {
            self.tell(config, 1, Command::DelKey(*key), cx);
        }
    }
}

/// The key that a client waits for, and whose it is.
pub fn awaited(protocol: &Locks, world: &World<Locks>, me: NodeId) -> Option<(u8, Owner)> {
    let own =
        client(world, me).filter(|own| protocol.config.rules.grain != Grain::One && own.phase == Phase::Waiting)?;
    let key = own.missing(&protocol.config, me)?;
    let server = protocol.config.master(0);
    let Node::Server(redis) = world.state(server) else { return None };
    let local_ms = world.slot(server).clock.read(world.now_ms);
    let (_, text, _) = redis.data.list(local_ms).find(|(name, ..)| *name == KEYS[usize::from(key)])?;
    Some((key, Owner::parse(text)?))
}

/// What a client holds while it waits.
pub fn held(protocol: &Locks, world: &World<Locks>, me: NodeId) -> Vec<String> {
    let granted = client(world, me).filter(|_| protocol.config.rules.grain != Grain::One).map_or(0, |own| own.granted);
    KEYS.iter().zip(0..).filter(|(_, at)| granted >> at & 1 == 1).map(|(key, _)| (*key).to_owned()).collect()
}

/// Nobody waits for one who wants another seat.
pub fn kept_apart(protocol: &Locks, world: &World<Locks>) -> Result<(), Breach> {
    let waits = |me: NodeId| Some((me, NodeId(awaited(protocol, world, me)?.1.client)));
    let strangers =
        |(me, holder): &(NodeId, NodeId)| protocol.config.seats(me.0) & protocol.config.seats(holder.0) == 0;
    let Some((me, holder)) = (0..protocol.config.clients).map(NodeId).filter_map(waits).find(strangers) else {
        return Ok(());
    };
    Err(Breach {
        sentence: format!("{} waits for {}, who wants another seat.", id(me.0), id(holder.0)),
        guilty: vec![(me, REFUSED)],
    })
}

/// Nobody waits in a circle that only the end of a lease breaks.
pub fn no_circle(protocol: &Locks, world: &World<Locks>) -> Result<(), Breach> {
    if protocol.config.rules.limited && protocol.config.limit_ms > 0 {
        return Ok(());
    }
    // What one left behind that crashed, or has given back already, is not what it holds.
    let next = |me: NodeId| {
        let (key, owner) = awaited(protocol, world, me)?;
        let holder = NodeId(owner.client);
        let holds = |client: &&Client| client.owner(holder) == owner && client.granted >> key & 1 == 1;
        client(world, holder).filter(holds).map(|_| holder)
    };
    for me in (0..protocol.config.clients).map(NodeId) {
        let mut circle = vec![me];
        while let Some(holder) = next(*circle.last().unwrap_or(&me)).filter(|holder| *holder != me) {
            // A circle without this one is found from one of its own.
            if circle.contains(&holder) {
                break;
            }
            circle.push(holder);
        }
        if circle.len() > 1 && next(*circle.last().unwrap_or(&me)) == Some(me) {
            let names: Vec<String> = circle.iter().map(|node| id(node.0).to_string()).collect();
            return Err(Breach {
                sentence: format!("{} wait for one another: none of them gives up what it has.", names.join(" and ")),
                guilty: circle.into_iter().map(|node| (node, REFUSED)).collect(),
            });
        }
    }
    Ok(())
}
