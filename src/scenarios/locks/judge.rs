//! What must hold, what should come to hold, and who waits for whom.

use std::hash::{Hash, Hasher};

use super::client::{Client, ENTERED, LEFT, Phase, WANTED};
use super::keeper::{Data, WOKE};
use super::servers::{DELETED, GRANTED, WROTE};
use super::vocabulary::{Command, KEYS, MAX_CLIENTS, Msg, Owner, Service};
use super::{Locks, Node, seats};
use crate::engine::{Blocked, Breach, Goal, Invariant, NodeId, Progress, Protocol, Status, World};

/// What invariants need to know and no node does. Each part is changed by one node only.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ghost {
    /// Version of the storage that each client read last.
    pub read_at: [u8; MAX_CLIENTS],
    /// The first write that rests on an older version: whose, and whose was lost.
    pub overwritten: Option<(u8, u8)>,
    /// The first release of another's lock: by whom, and whose it was.
    pub stolen: Option<(u8, u8)>,
    /// Most clients that the end of one place has woken.
    pub woken: u8,
    /// The newest epoch whose leader has written, and who that is.
    pub led: (i64, u8),
    /// The first write of a leader behind that of a newer one: whose, and who was the newer.
    pub deposed: Option<(u8, u8)>,
}

// Where nobody leads, links that were shared end where they did.
impl Hash for Ghost {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.read_at, self.overwritten, self.stolen, self.woken).hash(hasher);
        if (self.led, self.deposed) != Default::default() {
            (self.led, self.deposed).hash(hasher);
        }
    }
}

/// Safety.
pub const INVARIANTS: &[Invariant<Locks>] = &[
    Invariant { id: "mutex", check: mutual_exclusion },
    Invariant { id: "past", check: never_back_in_time },
    Invariant { id: "owner", check: own_locks_only },
    Invariant { id: "orphan", check: no_orphan },
    Invariant { id: "herd", check: no_herd },
    Invariant { id: "patience", check: no_endless_wait },
    Invariant { id: "epoch", check: no_deposed_leader },
    Invariant { id: "apart", check: seats::kept_apart },
    Invariant { id: "circle", check: seats::no_circle },
];

/// Liveness.
pub const GOALS: &[Goal<Locks>] =
    &[Goal { id: "free", check: lock_is_free }, Goal { id: "served", check: everyone_served }];

/// A client's state; `None` for another node.
pub fn client(world: &World<Locks>, node: NodeId) -> Option<&Client> {
    match world.state(node) {
        Node::Client(client) => Some(client),
        _ => None,
    }
}

fn clients<'w>(protocol: &Locks, world: &'w World<Locks>) -> impl Iterator<Item = (NodeId, &'w Client)> {
    (0..protocol.config.clients).filter_map(|at| Some((NodeId(at), client(world, NodeId(at))?)))
}

pub fn id(client: u8) -> char {
    char::from(b'a' + client)
}

/// Whether a server is the master, as the Sentinel has it.
fn is_the_master(protocol: &Locks, world: &World<Locks>, index: u8) -> bool {
    let sentinel = protocol.config.sentinel().map(|node| world.state(node));
    matches!(sentinel, Some(Node::Sentinel(sentinel)) if sentinel.master == index)
}

/// Locks that stand, with their servers: (server, owner, whether they expire).
fn locks(protocol: &Locks, world: &World<Locks>) -> Vec<(NodeId, Owner, bool)> {
    let mut found = Vec::new();
    for index in 0..protocol.config.masters {
        let node = protocol.config.master(index);
        match world.state(node) {
            Node::Server(server) => {
                let local_ms = world.slot(node).clock.read(world.now_ms);
                for (key, text, left) in server.data.list(local_ms) {
                    if let Some(owner) = Owner::parse(text).filter(|_| KEYS.contains(&key)) {
                        found.push((node, owner, left.is_some()));
                    }
                }
            }
            Node::Keeper(keeper) => {
                let first = keeper.list().into_iter().next();
                let local_ms = world.slot(node).clock.read(world.now_ms);
                // A row that is over stands, and is in nobody's way.
                let counts = |until_ms: Option<i64>| {
                    protocol.config.rules.service != Service::Table
                        || until_ms.is_none_or(|until_ms| until_ms >= local_ms)
                };
                found.extend(
                    first
                        .filter(|(_, _, until_ms)| counts(*until_ms))
                        .map(|(_, session, until_ms)| (node, Owner::of_session(session), until_ms.is_some())),
                );
            }
            // What a master holds that is none any more, or a replica, keeps nobody out.
            Node::Member(member) if is_the_master(protocol, world, index) => {
                let local_ms = world.slot(node).clock.read(world.now_ms);
                found.extend(member.server.lock(local_ms).map(|(owner, _)| (node, owner, true)));
            }
            Node::Client(_) | Node::Storage(_) | Node::Member(_) | Node::Sentinel(_) => {}
        }
    }
    found
}

/// At most one client is inside, as the clients themselves believe; where there are seats, of those who want the same.
fn mutual_exclusion(protocol: &Locks, world: &World<Locks>) -> Result<(), Breach> {
    let inside = || clients(protocol, world).filter(|(_, client)| client.is_inside()).map(|(node, _)| node);
    let seats = |node: NodeId| protocol.config.seats(node.0);
    let mut pairs = inside().flat_map(|one| inside().map(move |other| (one, other)));
    let Some((one, other)) = pairs.find(|(one, other)| one < other && seats(*one) & seats(*other) != 0) else {
        return Ok(());
    };
    Err(Breach {
        sentence: format!("{} and {} are both in their critical sections.", id(one.0), id(other.0)),
        guilty: vec![(one, ENTERED), (other, ENTERED)],
    })
}

/// The storage takes no write that rests on what it was before another's write.
fn never_back_in_time(protocol: &Locks, world: &World<Locks>) -> Result<(), Breach> {
    let Some((late, lost)) = world.ghost.overwritten else { return Ok(()) };
    Err(Breach {
        sentence: format!("{} overwrote what {} had written, without having seen it.", id(late), id(lost)),
        guilty: vec![(NodeId(late), ENTERED), (protocol.config.storage(), WROTE)],
    })
}

/// Nobody releases a lock that another holds.
fn own_locks_only(protocol: &Locks, world: &World<Locks>) -> Result<(), Breach> {
    let Some((thief, holder)) = world.ghost.stolen else { return Ok(()) };
    Err(Breach {
        sentence: format!("{} deleted the lock of {}.", id(thief), id(holder)),
        guilty: vec![(NodeId(holder), ENTERED), (protocol.config.master(0), DELETED)],
    })
}

/// A lock that never expires and of which nobody knows any more.
fn orphan(protocol: &Locks, world: &World<Locks>) -> Option<(NodeId, Owner)> {
    let is_minded = |owner: Owner| {
        let node = NodeId(owner.client);
        let by_its_client = world.is_alive(node) && client(world, node).is_some_and(|client| client.minds(owner));
        let is_help = |msg: &Msg| matches!(msg, Msg::Ask(asker, Command::Expire | Command::Del | Command::DelOwn) if *asker == owner);
        by_its_client || world.network.in_flight.iter().any(|message| is_help(&message.msg))
    };
    let standing = locks(protocol, world).into_iter();
    standing.filter(|(_, owner, expires)| !expires && !is_minded(*owner)).map(|(node, owner, _)| (node, owner)).next()
}

/// No lock outlives its holder for ever.
fn no_orphan(protocol: &Locks, world: &World<Locks>) -> Result<(), Breach> {
    let Some((node, owner)) = orphan(protocol, world) else { return Ok(()) };
    Err(Breach {
        sentence: format!(
            "The lock of {} has no expiry, and {} will not release it: it stands for ever.",
            id(owner.client),
            id(owner.client)
        ),
        guilty: vec![(node, GRANTED), (NodeId(owner.client), LEFT)],
    })
}

/// The end of a place wakes one who waits.
fn no_herd(protocol: &Locks, world: &World<Locks>) -> Result<(), Breach> {
    let woken = world.ghost.woken;
    if woken <= 1 {
        return Ok(());
    }
    Err(Breach {
        sentence: format!("One place was given up, and {woken} clients are woken for it."),
        guilty: vec![(protocol.config.master(0), WOKE)],
    })
}

/// No leader writes after a newer one has.
fn no_deposed_leader(protocol: &Locks, world: &World<Locks>) -> Result<(), Breach> {
    let Some((old, new)) = world.ghost.deposed else { return Ok(()) };
    let storage = protocol.config.storage();
    Err(Breach {
        sentence: format!("{} wrote as the leader, after {} had followed it and written.", id(old), id(new)),
        guilty: vec![(NodeId(old), ENTERED), (storage, WROTE)],
    })
}

/// Nobody waits for longer than its limit. Whoever does not run cannot give up: it does once it runs again, when a timer that is over fires first.
fn no_endless_wait(protocol: &Locks, world: &World<Locks>) -> Result<(), Breach> {
    let limit_ms = i64::from(protocol.config.limit_ms);
    let is_late = |(node, client): &(NodeId, &Client)| {
        let slot = world.slot(*node);
        let now_ms = slot.clock.read(world.now_ms);
        client.more.since_ms.is_some_and(|since_ms| {
            let until_ms = since_ms + limit_ms;
            let is_due = slot.timers.iter().any(|(_, at_ms)| *at_ms <= until_ms);
            world.is_alive(*node) && now_ms > until_ms && !is_due
        })
    };
    let Some((node, _)) = clients(protocol, world).find(is_late) else { return Ok(()) };
    Err(Breach {
        sentence: format!("{} has waited for more than {limit_ms} ms, and whoever asked it has no answer.", id(node.0)),
        guilty: vec![(node, WANTED)],
    })
}

/// No lock stands.
fn lock_is_free(protocol: &Locks, world: &World<Locks>) -> Progress {
    let standing = locks(protocol, world);
    let Some((_, owner, _)) = standing.first() else {
        return match lock_delay_ms(protocol, world) {
            Some(left_ms) => Progress::Open(format!("nobody has it, and nobody may for another {left_ms} ms")),
            None => Progress::Reached,
        };
    };
    if let Some((_, owner)) = orphan(protocol, world) {
        return Progress::Blocked(format!("nobody will release the lock of {}", id(owner.client)));
    }
    Progress::Open(format!("{} has the lock", id(owner.client)))
}

/// For how long nobody gets a key of Consul that nobody has, where anybody may still want it: where not, there is nobody whom it keeps out.
fn lock_delay_ms(protocol: &Locks, world: &World<Locks>) -> Option<i64> {
    let node = protocol.config.master(0);
    let Node::Keeper(keeper) = world.state(node) else { return None };
    let Data::Consul(data) = &keeper.data else { return None };
    let is_over = |client: &Client| {
        matches!(client.phase, Phase::Done | Phase::Failed | Phase::Lost | Phase::GaveUp | Phase::Releasing)
    };
    let left_ms = data.delay_until_ms()? - world.slot(node).clock.read(world.now_ms);
    let is_wanted = clients(protocol, world).any(|(node, client)| world.is_alive(node) && !is_over(client));
    (left_ms > 0 && is_wanted).then_some(left_ms)
}

/// Everyone who wants the lock gets in.
fn everyone_served(protocol: &Locks, world: &World<Locks>) -> Progress {
    let wants = |client: &Client| {
        matches!(client.phase, Phase::Asking | Phase::Expiring | Phase::Drawing | Phase::Waiting | Phase::Finding)
    };
    let waiting: Vec<String> =
        clients(protocol, world).filter(|(_, client)| wants(client)).map(|(node, _)| id(node.0).to_string()).collect();
    if waiting.is_empty() {
        return Progress::Reached;
    }
    match orphan(protocol, world) {
        Some((_, owner)) => Progress::Blocked(format!(
            "{} left its lock behind; still waiting: {}",
            id(owner.client),
            waiting.join(", ")
        )),
        None => Progress::Open(format!("still waiting: {}", waiting.join(", "))),
    }
}

/// What a client waits for: the lock, and who has it.
pub fn blocked(protocol: &Locks, me: NodeId, world: &World<Locks>) -> Option<Blocked> {
    let asks = protocol.config.rules.service == Service::Advisory && client(world, me)?.phase == Phase::Asking;
    let waits = client(world, me)?.phase == Phase::Waiting || asks;
    if !waits || world.slot(me).status != Status::Up {
        return None;
    }
    if let Node::Keeper(keeper) = world.state(protocol.config.master(0))
        && protocol.config.rules.service.has_sessions()
    {
        let place = keeper.watched(client(world, me)?.owner(me).session())?;
        let (_, session, _) = keeper.list().into_iter().find(|(child, ..)| *child == place)?;
        let holder = NodeId(Owner::of_session(session).client);
        let frees = match orphan(protocol, world) {
            Some(_) => "nothing: its connection went back to the pool with it".to_owned(),
            None => format!("{} gives it up, or its session ends", protocol.lane_id(holder)),
        };
        let on = protocol.config.rules.service.place(place);
        return Some(Blocked { on, by: vec![holder], holds: Vec::new(), frees });
    }
    let standing = locks(protocol, world);
    let holds = |node: &NodeId| standing.iter().any(|(_, owner, _)| owner.client == node.0);
    let by: Vec<NodeId> = match seats::awaited(protocol, world, me) {
        Some((_, owner)) => vec![NodeId(owner.client)],
        None => (0..protocol.config.clients).map(NodeId).filter(|node| *node != me && holds(node)).collect(),
    };
    let holder = by.first()?;
    let frees = match orphan(protocol, world) {
        Some(_) => "nothing: it has no expiry and nobody will release it".to_owned(),
        None if standing.iter().all(|(_, _, expires)| *expires) => {
            format!("{} releases it, or it expires", protocol.lane_id(*holder))
        }
        None => format!("{} releases it", protocol.lane_id(*holder)),
    };
    let on = seats::awaited(protocol, world, me).map_or("the lock", |(key, _)| KEYS[usize::from(key)]);
    Some(Blocked { on: on.to_owned(), by, holds: seats::held(protocol, world, me), frees })
}
