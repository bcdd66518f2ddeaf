//! A lock in a database: a row of a table, or an advisory lock of PostgreSQL behind a pool of connections.

use std::hash::Hash;

use super::Locks;
use super::client::because;
use super::servers::{DELETED, GRANTED};
use super::vocabulary::{Answer, Command, Config, Owner, Pool};
use crate::engine::{Cx, KeyHasher};
use crate::servers::advisory::{Advisory, Level};
use crate::servers::lock_table::LockTable;

/// Does a statement on the table.
pub fn on_table(
    table: &mut LockTable,
    config: &Config,
    owner: Owner,
    command: Command,
    cx: &mut Cx<'_, Locks>,
) -> Answer {
    let (session, now_ms, ttl_ms) = (owner.session(), cx.local_ms(), i64::from(config.ttl_ms));
    let until_ms = now_ms + ttl_ms;
    let rows = |did: bool| if did { Answer::Ok } else { Answer::Nil };
    let granted = match command {
        Command::SetNx => table.insert(session, None),
        Command::Set | Command::SetWithToken => table.take_expired(now_ms, session, until_ms),
        Command::SetAt(clock_ms) => table.take_expired(clock_ms, session, clock_ms + ttl_ms),
        Command::Seize => Some(table.put(session, Some(until_ms))),
        Command::Look => return rows(table.select().is_none_or(|row| row.is_over(now_ms))),
        Command::Del => {
            let gone = table.delete();
            if let Some(holder) = gone.map(|row| Owner::of_session(row.owner)).filter(|holder| *holder != owner) {
                cx.ghost(|ghost| ghost.stolen = ghost.stolen.or(Some((owner.client, holder.client))));
            }
            cx.mark(DELETED);
            return rows(gone.is_some());
        }
        Command::DelOwn => return rows(table.delete_own(session)),
        Command::Extend(_) => return rows(table.extend(session, until_ms)),
        // What else is asked, is asked of others.
        _ => return Answer::Nil,
    };
    match granted {
        Some(token) => {
            cx.mark(GRANTED);
            if command == Command::SetWithToken { Answer::Int(i64::from(token)) } else { Answer::Ok }
        }
        None => {
            because(cx, "a row is there and is not over");
            Answer::Nil
        }
    }
}

/// An answer: to whom, to what.
pub type Told = (u16, Command, Answer);

/// PostgreSQL with its pool: which client has which connection, and which connection has the lock.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Desk {
    locks: Advisory,
    /// Clients that are connected, in order.
    links: Vec<Link>,
    /// Who waits for a connection, with what it is for; in order.
    waiting: Vec<(u16, Command)>,
    /// Whose statement took the lock last.
    taker: u16,
}

/// A client that is connected, to the database or to the pool.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Link {
    client: u16,
    /// Reading of the server's clock at which it counts as gone; none while its statement waits, when nobody looks (`client_connection_check_interval`).
    until_ms: Option<i64>,
    /// The connection that it has: its own, or one that it was lent.
    connection: Option<u16>,
}

/// Rules and parameters, and until when whoever is heard of now counts as there.
#[derive(Clone, Copy)]
struct At<'a> {
    config: &'a Config,
    until_ms: i64,
}

impl Desk {
    /// Does what a client asks; whom that lets go on, too.
    pub fn perform(&mut self, config: &Config, client: u16, command: Command, now_ms: i64) -> Vec<Told> {
        let mut told = Vec::new();
        let at = At { config, until_ms: now_ms + i64::from(config.ttl_ms) };
        let until_ms = Some(at.until_ms);
        if command == Command::Connect {
            let connection = (config.rules.pool == Pool::None).then_some(client);
            let place = self.links.iter().take_while(|link| link.client < client).count();
            self.links.insert(place, Link { client, until_ms, connection });
        }
        let Some(link) = self.links.iter_mut().find(|link| link.client == client) else {
            return if command == Command::Close { told } else { vec![(client, command, Answer::Expired)] };
        };
        link.until_ms = until_ms;
        match command {
            Command::Close => self.close(at, client, &mut told),
            Command::Connect | Command::Create | Command::Delete(_) => {
                // Connections to PgBouncer are many; those behind it are lent when there is something to do.
                let is_done = command == Command::Connect && config.rules.pool == Pool::Transaction;
                match link.connection {
                    _ if is_done => told.push((client, command, Answer::Ok)),
                    Some(connection) => self.run(at, client, connection, command, &mut told),
                    None => {
                        link.until_ms = None;
                        self.waiting.push((client, command));
                    }
                }
            }
            _ => told.push((client, command, Answer::Ok)),
        }
        self.lend(at, &mut told);
        told
    }

    /// Takes the clients for gone of which nothing was heard for too long: which, and whom that lets go on.
    pub fn expire(&mut self, config: &Config, now_ms: i64) -> (Vec<u16>, Vec<Told>) {
        let mut told = Vec::new();
        let at = At { config, until_ms: now_ms + i64::from(config.ttl_ms) };
        let gone: Vec<u16> = self
            .links
            .iter()
            .filter(|link| link.until_ms.is_some_and(|until_ms| now_ms >= until_ms))
            .map(|link| link.client)
            .collect();
        gone.iter().for_each(|client| self.close(at, *client, &mut told));
        self.lend(at, &mut told);
        (gone, told)
    }

    /// Lends free connections to those who wait for one.
    fn lend(&mut self, at: At<'_>, told: &mut Vec<Told>) {
        while let Some((client, command)) = self.waiting.first().copied() {
            let is_free = |number: &u16| !self.links.iter().any(|link| link.connection == Some(*number));
            let Some(connection) = (1..=u16::from(at.config.connections)).find(is_free) else { return };
            self.waiting.remove(0);
            self.link(client, Some(connection));
            if let Some(link) = self.links.iter_mut().find(|link| link.client == client) {
                link.until_ms = Some(at.until_ms);
            }
            self.run(at, client, connection, command, told);
        }
    }

    /// Runs a statement in a connection.
    fn run(&mut self, at: At<'_>, client: u16, connection: u16, command: Command, told: &mut Vec<Told>) {
        let answer = match command {
            Command::Create => {
                let level = if at.config.rules.in_transaction { Level::Transaction } else { Level::Session };
                if self.locks.lock(connection, level) {
                    self.granted(at, connection, told);
                } else if let Some(link) = self.links.iter_mut().find(|link| link.client == client) {
                    link.until_ms = None;
                }
                return;
            }
            Command::Delete(_) => {
                let (did, next) = if at.config.rules.in_transaction {
                    (true, self.locks.end_transaction(connection))
                } else {
                    self.locks.unlock(connection)
                };
                self.pass(at, next, told);
                if at.config.rules.pool == Pool::Transaction {
                    self.link(client, None);
                }
                if did { Answer::Ok } else { Answer::Nil }
            }
            _ => Answer::Ok,
        };
        told.push((client, command, answer));
    }

    /// A client closes its connection, or is gone.
    fn close(&mut self, at: At<'_>, client: u16, told: &mut Vec<Told>) {
        self.waiting.retain(|(other, _)| *other != client);
        let Some(place) = self.links.iter().position(|link| link.client == client) else { return };
        let Some(connection) = self.links.remove(place).connection else { return };
        let next = match at.config.rules.pool {
            Pool::None | Pool::Reset => self.locks.end(connection),
            Pool::Session | Pool::Transaction => {
                self.locks.cancel(connection);
                self.locks.end_transaction(connection)
            }
        };
        self.pass(at, next, told);
    }

    fn pass(&mut self, at: At<'_>, next: Option<u16>, told: &mut Vec<Told>) {
        if let Some(connection) = next {
            self.granted(at, connection, told);
        }
    }

    /// A connection has the lock: its client is told, and its statement is over.
    fn granted(&mut self, at: At<'_>, connection: u16, told: &mut Vec<Told>) {
        let Some(link) = self.links.iter_mut().find(|link| link.connection == Some(connection)) else { return };
        told.push((link.client, Command::Create, Answer::Ok));
        self.taker = link.client;
        link.until_ms = Some(at.until_ms);
        if at.config.rules.pool == Pool::Transaction && !at.config.rules.in_transaction {
            link.connection = None;
        }
    }

    fn link(&mut self, client: u16, connection: Option<u16>) {
        if let Some(link) = self.links.iter_mut().find(|link| link.client == client) {
            link.connection = connection;
        }
    }

    /// When the next client counts as gone, by the server's clock, in ms.
    pub fn next_expiry_ms(&self) -> Option<i64> {
        self.links.iter().filter_map(|link| link.until_ms).min()
    }

    /// Who took the lock, and until when its connection lasts, in ms of the server's clock, where the lock ends with that.
    pub fn held(&self) -> Option<(u16, Option<i64>)> {
        let holder = self.locks.holder()?;
        let own = |link: &&Link| (link.client, link.connection) == (self.taker, Some(holder));
        Some((self.taker, self.links.iter().find(own).and_then(|link| link.until_ms)))
    }

    /// Whether a client may write what the lock protects in the same transaction: its connection has the lock.
    pub fn has(&self, client: u16) -> bool {
        let link = self.links.iter().find(|link| link.client == client);
        link.is_some_and(|link| link.connection.is_some() && link.connection == self.locks.holder())
    }

    /// Whether a client waits for the lock.
    pub fn waits(&self, client: u16) -> bool {
        let link = self.links.iter().find(|link| link.client == client);
        link.and_then(|link| link.connection).is_some_and(|connection| self.locks.waits(connection))
    }

    /// Connections that are lent, with whom they are lent to, and the one that has the lock.
    pub fn connections(&self) -> (Vec<(u16, u16)>, Option<u16>) {
        let lent = self.links.iter().filter_map(|link| Some((link.connection?, link.client)));
        (lent.collect(), self.locks.holder())
    }

    /// Hashes what it knows with times relative to the server's clock, so that a shift in time is no other state.
    pub fn hash_at(&self, now_ms: i64, hasher: &mut KeyHasher) {
        for Link { client, until_ms, connection } in &self.links {
            (client, until_ms.map(|until_ms| until_ms - now_ms), connection).hash(hasher);
        }
        (u16::MAX, &self.locks, &self.waiting, self.taker).hash(hasher);
    }
}
