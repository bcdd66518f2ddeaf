//! A service as the lock's clients see it: a ZooKeeper or an etcd, where each takes a place in a queue, a Consul, where one holds a key, or a database.
//! Whoever waits hears of the end of what it watches.

use std::hash::{Hash, Hasher};

use super::Locks;
use super::client::because;
use super::database::{self, Desk, Told};
use super::servers::Storage;
use super::vocabulary::{Answer, Command, Config, Msg, Owner, Service, Timer};
use crate::engine::{Cx, Input, KeyHasher, NodeId};
use crate::servers::consul::Consul;
use crate::servers::etcd::{Etcd, OUTSIDE};
use crate::servers::lock_table::LockTable;
use crate::servers::zookeeper::{Refused, ZooKeeper};

/// The mark on events by which it wakes whoever waits.
pub const WOKE: &str = "woke";
/// The mark on events by which it tells one client.
pub const TOLD: &str = "told";

/// State of a service. All of it is durable: a majority of its servers has agreed on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Keeper {
    /// What it knows of sessions and places.
    pub data: Data,
    /// What the lock protects, where that stands in the same service.
    pub storage: Storage,
}

/// What a service knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Data {
    /// A ZooKeeper.
    ZooKeeper(ZooKeeper),
    /// An etcd.
    Etcd(Etcd),
    /// A Consul.
    Consul(Consul),
    /// A table.
    Table(LockTable),
    /// PostgreSQL with its pool.
    Advisory(Box<Desk>),
}

/// Who is woken by the end of which place.
type Woken = Vec<(u16, i32)>;

type Context<'a> = Cx<'a, Locks>;

// Which service it is, is the same in all of a run, and a ZooKeeper or a Consul keeps nothing else: links to them that were shared end where they did.
impl Hash for Keeper {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        match &self.data {
            Data::ZooKeeper(data) => data.hash(hasher),
            Data::Etcd(data) => (data, &self.storage).hash(hasher),
            Data::Consul(data) => data.hash(hasher),
            Data::Table(data) => (data, &self.storage).hash(hasher),
            Data::Advisory(data) => (data, &self.storage).hash(hasher),
        }
    }
}

impl Keeper {
    /// One that knows of nobody.
    pub fn new(service: Service) -> Self {
        let data = match service {
            Service::Etcd => Data::Etcd(Etcd::default()),
            Service::Consul => Data::Consul(Consul::default()),
            Service::Table => Data::Table(LockTable::default()),
            Service::Advisory => Data::Advisory(Box::default()),
            Service::ZooKeeper | Service::Redis => Data::ZooKeeper(ZooKeeper::default()),
        };
        Keeper { data, storage: Storage::default() }
    }

    /// Acts.
    pub fn on(&mut self, config: &Config, input: Input<Locks>, cx: &mut Context<'_>) {
        match input {
            Input::Message { from, msg: Msg::Ask(owner, command) } => {
                if let Data::Advisory(data) = &mut self.data {
                    let told = data.perform(config, owner.session(), command, cx.local_ms());
                    tell(told, cx);
                    return self.await_expiry(cx);
                }
                let (answer, woken) = match &mut self.data {
                    Data::Table(data) => (Some(database::on_table(data, config, owner, command, cx)), Vec::new()),
                    _ => self.perform(config, owner, command, cx.local_ms()),
                };
                self.wake(&woken, cx);
                if let Some(answer) = answer {
                    cx.send(from, Msg::Answer(owner, command, answer));
                }
            }
            Input::Message { from, msg } => {
                if let Msg::Write(owner, token) = msg
                    && !self.commits(owner, token)
                {
                    because(
                        cx,
                        match config.rules.service {
                            Service::Etcd => "its key is gone, so that the transaction does nothing",
                            _ => "its lock is gone, so that the transaction does nothing",
                        },
                    );
                    return cx.send(from, Msg::Refused(owner));
                }
                return self.storage.on(config, Input::Message { from, msg }, cx);
            }
            Input::Timer(Timer::Expire) if matches!(self.data, Data::Table(_)) => {
                cx.note("expires_at is past", || {
                    "The row's expires_at is past by the database's clock. It stands until somebody takes it."
                        .to_owned()
                });
            }
            Input::Timer(Timer::Expire) => {
                if let Data::Advisory(data) = &mut self.data {
                    let (gone, told) = data.expire(config, cx.local_ms());
                    for client in gone {
                        let client = Owner::of_session(client).text();
                        cx.note(&format!("{client} is gone"), || {
                            format!("It has heard nothing of {client} for too long: its connection is closed.")
                        });
                    }
                    tell(told, cx);
                    return self.await_expiry(cx);
                }
                for (session, woken) in self.expire(config, cx.local_ms()) {
                    let owner = Owner::of_session(session).text();
                    cx.note(&format!("session {owner} expires"), || {
                        format!("It has heard nothing of {owner} for too long: it ends the session.")
                    });
                    self.wake(&woken, cx);
                }
            }
            _ => return,
        }
        self.await_expiry(cx);
    }

    fn await_expiry(&self, cx: &mut Context<'_>) {
        let next_ms = match &self.data {
            Data::ZooKeeper(data) => data.next_expiry_ms(),
            Data::Etcd(data) => data.next_expiry_ms(),
            Data::Consul(data) => data.next_expiry_ms(),
            Data::Table(data) => data.next_expiry_ms(cx.local_ms()),
            Data::Advisory(data) => data.next_expiry_ms(),
        };
        match next_ms {
            Some(until_ms) => {
                let left_ms = (until_ms - cx.local_ms()).max(0);
                cx.set_timer(Timer::Expire, u32::try_from(left_ms).unwrap_or(u32::MAX));
            }
            None => cx.cancel_timer(Timer::Expire),
        }
    }

    /// Does what it is asked: the answer, unless there is none or not yet, and who is woken.
    fn perform(&mut self, config: &Config, owner: Owner, command: Command, now_ms: i64) -> (Option<Answer>, Woken) {
        let (session, ttl_ms) = (owner.session(), i64::from(config.ttl_ms));
        match &mut self.data {
            Data::ZooKeeper(data) => zookeeper(data, session, command, now_ms, ttl_ms),
            Data::Etcd(data) => etcd(data, session, command, now_ms, ttl_ms),
            Data::Consul(data) => consul(data, session, command, now_ms, config),
            Data::Table(_) | Data::Advisory(_) => (None, Vec::new()),
        }
    }

    /// Ends the sessions whose time is over: which, and who is woken.
    fn expire(&mut self, config: &Config, now_ms: i64) -> Vec<(u16, Woken)> {
        match &mut self.data {
            Data::ZooKeeper(data) => {
                data.expire(now_ms).into_iter().map(|(session, all)| (session, ends(all))).collect()
            }
            Data::Etcd(data) => data.expire(now_ms).into_iter().map(|(lease, all)| (lease, deleted(all))).collect(),
            Data::Consul(data) => {
                let ended = data.expire(now_ms, i64::from(config.delay_ms));
                ended.into_iter().map(|(session, all)| (session, changed(all))).collect()
            }
            Data::Table(_) | Data::Advisory(_) => Vec::new(),
        }
    }

    /// Commits a write if the key of the lock is still there: both in one transaction.
    fn commits(&mut self, owner: Owner, token: Option<i64>) -> bool {
        match &mut self.data {
            Data::Etcd(data) => data.put_if(owner.session(), token.unwrap_or(0) as i32, OUTSIDE, None) == Ok(true),
            Data::Table(data) => data.select().is_some_and(|row| row.owner == owner.session()),
            Data::Advisory(data) => data.has(owner.session()),
            Data::ZooKeeper(_) | Data::Consul(_) => true,
        }
    }

    /// Sends the watches that fire.
    fn wake(&self, woken: &[(u16, i32)], cx: &mut Context<'_>) {
        for (session, place) in woken {
            let owner = Owner::of_session(*session);
            cx.send(NodeId(owner.client), Msg::Gone(owner, *place));
            cx.mark(TOLD);
        }
        if !woken.is_empty() {
            cx.mark(WOKE);
            // Whoever has lost its place is in nobody's way.
            let places = self.list();
            let queues = |(session, _): &&(u16, i32)| places.iter().any(|(_, owner, _)| owner == session);
            let count = woken.iter().filter(queues).count() as u8;
            cx.ghost(|ghost| ghost.woken = ghost.woken.max(count));
        }
    }

    /// The place for whose end a session waits.
    pub fn watched(&self, session: u16) -> Option<i32> {
        match &self.data {
            Data::ZooKeeper(data) => data.watched(session),
            Data::Etcd(data) => data.watched(session),
            Data::Consul(data) => data.watched(session),
            Data::Table(_) => None,
            Data::Advisory(data) => data.waits(session).then_some(0),
        }
    }

    /// The places in order, with their sessions and until when they stand, in ms of its clock, where they end at all.
    pub fn list(&self) -> Vec<(i32, u16, Option<i64>)> {
        match &self.data {
            Data::ZooKeeper(data) => data.list().map(ending).collect(),
            Data::Etcd(data) => data.list().into_iter().map(ending).collect(),
            Data::Consul(data) => data.held().map(ending).into_iter().collect(),
            Data::Table(data) => data.select().map(|row| (row.token, row.owner, row.expires_ms)).into_iter().collect(),
            Data::Advisory(data) => data.held().map(|(session, until_ms)| (0, session, until_ms)).into_iter().collect(),
        }
    }

    /// Hashes what it knows with times relative to its clock.
    pub fn hash_at(&self, now_ms: i64, hasher: &mut KeyHasher) {
        match &self.data {
            Data::ZooKeeper(data) => data.hash_at(now_ms, hasher),
            Data::Etcd(data) => {
                data.hash_at(now_ms, hasher);
                self.storage.hash(hasher);
            }
            Data::Consul(data) => data.hash_at(now_ms, hasher),
            Data::Table(data) => {
                data.hash_at(now_ms, hasher);
                self.storage.hash(hasher);
            }
            Data::Advisory(data) => {
                data.hash_at(now_ms, hasher);
                self.storage.hash(hasher);
            }
        }
    }
}

fn zookeeper(
    data: &mut ZooKeeper,
    session: u16,
    command: Command,
    now_ms: i64,
    ttl_ms: i64,
) -> (Option<Answer>, Woken) {
    let done = match command {
        Command::Connect => {
            data.connect(now_ms, session, ttl_ms);
            Ok((Answer::Ok, Vec::new()))
        }
        Command::Create => data.create(now_ms, session).map(|child| (Answer::Int(i64::from(child)), Vec::new())),
        Command::Children => data.children(now_ms, session).map(|all| (Answer::children(&all), Vec::new())),
        Command::Watch(child) => data.watch(now_ms, session, child).map(|()| (Answer::Ok, Vec::new())),
        Command::Delete(child) => data.delete(now_ms, session, child).map(|fired| (Answer::Ok, ends(fired))),
        Command::Close => return (None, ends(data.close(session))),
        // All else that a ZooKeeper is asked here says no more than that the client lives.
        _ => data.ping(now_ms, session).map(|()| (Answer::Ok, Vec::new())),
    };
    match done {
        Ok((answer, woken)) => (Some(answer), woken),
        Err(Refused::SessionExpired) => (Some(Answer::Expired), Vec::new()),
        Err(Refused::NoNode) => (Some(Answer::Nil), Vec::new()),
    }
}

fn etcd(data: &mut Etcd, lease: u16, command: Command, now_ms: i64, ttl_ms: i64) -> (Option<Answer>, Woken) {
    let revision = |key: Option<i32>| key.map_or(Answer::Nil, |created| Answer::Int(i64::from(created)));
    let answer = match command {
        Command::Connect => {
            data.grant(now_ms, lease, ttl_ms);
            Answer::Ok
        }
        Command::Create => match data.put_if(lease, 0, lease, Some(lease)) {
            Ok(_) => {
                let own = data.get(lease).map_or(0, |key| key.created);
                Answer::Place { own, first: data.first().map_or(own, |key| key.created) }
            }
            Err(_) => Answer::Expired,
        },
        Command::First => revision(data.first().map(|key| key.created)),
        Command::Before(own) => revision(data.last(own - 1).map(|key| key.created)),
        Command::Own => revision(data.get(lease).map(|key| key.created)),
        Command::Watch(created) => {
            let name = data.list().into_iter().find(|key| key.0 == created).map_or(OUTSIDE, |key| key.1);
            // It begins at the revision of the look before, so that an end in between is told too.
            let is_there = data.watch(lease, name, created);
            return (None, if is_there { Vec::new() } else { vec![(lease, created)] });
        }
        Command::Delete(_) => return (Some(Answer::Ok), deleted(data.delete(lease).unwrap_or_default())),
        Command::Close => {
            data.forget(lease);
            return (None, deleted(data.revoke(lease).unwrap_or_default()));
        }
        _ => data.keep_alive(now_ms, lease).map_or(Answer::Expired, |()| Answer::Ok),
    };
    (Some(answer), Vec::new())
}

fn consul(data: &mut Consul, session: u16, command: Command, now_ms: i64, config: &Config) -> (Option<Answer>, Woken) {
    let answer = match command {
        Command::Connect => {
            data.create(now_ms, session, i64::from(config.ttl_ms));
            Answer::Ok
        }
        Command::Create => match data.acquire(now_ms, session) {
            Ok(index) => index.map_or(Answer::Nil, |index| Answer::Int(i64::from(index))),
            Err(_) => Answer::Expired,
        },
        Command::Watch(_) if data.wait(session) => return (None, Vec::new()),
        Command::Watch(_) => Answer::Nil,
        Command::Delete(_) => return (Some(Answer::Ok), changed(data.release(session).unwrap_or_default())),
        Command::Close => return (None, changed(data.invalidate(now_ms, session, i64::from(config.delay_ms)))),
        _ => data.renew(now_ms, session).map_or(Answer::Expired, |()| Answer::Ok),
    };
    (Some(answer), Vec::new())
}

/// A place that ends with its session.
fn ending((place, session, until_ms): (i32, u16, i64)) -> (i32, u16, Option<i64>) {
    (place, session, Some(until_ms))
}

/// Sends what a database answers.
fn tell(told: Vec<Told>, cx: &mut Context<'_>) {
    for (session, command, answer) in told {
        let owner = Owner::of_session(session);
        cx.send(NodeId(owner.client), Msg::Answer(owner, command, answer));
    }
}

fn ends(fired: Vec<crate::servers::zookeeper::Fired>) -> Woken {
    fired.into_iter().map(|one| (one.session, one.child)).collect()
}

fn deleted(fired: Vec<crate::servers::etcd::Fired>) -> Woken {
    fired.into_iter().map(|one| (one.watcher, one.created)).collect()
}

fn changed(told: Vec<u16>) -> Woken {
    told.into_iter().map(|session| (session, 0)).collect()
}
