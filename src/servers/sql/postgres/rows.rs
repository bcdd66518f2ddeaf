//! Locking, updating and deleting one row: whom to wait for, what the wait can end in, and which version comes after (README.tuplock).
//!
//! Each of these can be asked again from its beginning after a wait: what it waited for has ended by then, and its place in line for the row is kept.

use super::heap::{Fate, Member};
use super::locks::Tag;
use super::ssi::Target;
use super::txn::State;
use super::{Postgres, SessionId, Tid, Xid};
use crate::servers::sql::ast::{Patience, Strength, TableMode};
use crate::servers::sql::error::SqlError;
use crate::servers::sql::eval::Stop;
use crate::servers::sql::schema::Row;

/// What became of a row that was to be locked or changed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Outcome {
    Done,
    /// Done on a later version than the one asked for.
    Moved,
    Updated,
    Deleted,
    SelfModified,
    Invisible,
    /// It is taken, and was not to be waited for.
    Taken,
}

/// A row version of a table.
#[derive(Clone, Copy)]
pub(super) struct Spot {
    pub table: u32,
    pub tid: Tid,
}

/// How to lock a row.
#[derive(Clone, Copy)]
pub(super) struct How {
    pub mode: Strength,
    pub patience: Patience,
    /// The command that asks: it sees those before.
    pub command: u32,
    /// Also lock the versions that a running update has made.
    pub follow: bool,
    /// Go on to the last version where this one was updated.
    pub last: bool,
}

/// Whether two sessions may not hold these on one row (manual, table 13.3).
pub(super) fn rows_conflict(a: Strength, b: Strength) -> bool {
    let (weak, strong) = if a <= b { (a, b) } else { (b, a) };
    match weak {
        Strength::KeyShare => strong == Strength::Update,
        Strength::Share => strong >= Strength::NoKeyUpdate,
        Strength::NoKeyUpdate | Strength::Update => true,
    }
}

/// The lock on the place in line that goes with a row lock.
fn line_mode(mode: Strength) -> TableMode {
    match mode {
        Strength::KeyShare => TableMode::AccessShare,
        Strength::Share => TableMode::RowShare,
        Strength::NoKeyUpdate => TableMode::Exclusive,
        Strength::Update => TableMode::AccessExclusive,
    }
}

impl Postgres {
    fn mine(&self, session: SessionId, member: &Member) -> bool {
        self.is_mine(session, member.xid)
    }

    /// Takes the place first in line for a row.
    fn line_up(&mut self, session: SessionId, spot: Spot, mode: Strength, wait: bool) -> Result<bool, Stop> {
        let tag = Tag::Tuple(spot.table, spot.tid);
        if self.locks.has(session, tag, line_mode(mode)) && !self.locks.waiting.contains_key(&session) {
            // It was granted in the sleep, or is held since an earlier wait of the same act.
            self.locks.found(session, tag, line_mode(mode));
            return Ok(true);
        }
        let owner = self.depth(session);
        self.lock(session, tag, line_mode(mode), owner, wait)
    }

    fn leave_line(&mut self, session: SessionId, spot: Spot) {
        let mut woken = Vec::new();
        let tag = Tag::Tuple(spot.table, spot.tid);
        self.locks.release_tag(session, tag, &mut woken);
        self.ready.append(&mut woken);
    }

    fn not_locked(&self, table: u32) -> SqlError {
        let name = self.tables.get(&table).map(|stored| stored.table.name.as_str()).unwrap_or_default();
        SqlError::new("55P03", format!("could not obtain lock on row in relation \"{name}\""))
    }

    /// Waits for a transaction as patiently as asked.
    fn wait_patiently(&mut self, session: SessionId, table: u32, xid: Xid, patience: Patience) -> Result<bool, Stop> {
        let ended = self.wait_for(session, xid, patience == Patience::Wait)?;
        if !ended && patience == Patience::Nowait {
            return Err(self.not_locked(table).into());
        }
        Ok(ended)
    }

    /// Locks a row; gives the version that is locked in the end.
    pub(super) fn lock_row(&mut self, session: SessionId, spot: Spot, how: How) -> Result<(Outcome, Tid), Stop> {
        let mut spot = spot;
        let mut moved = false;
        loop {
            let outcome = self.lock_version(session, spot, how)?;
            match outcome {
                Outcome::Updated if how.last => {}
                Outcome::Done if moved => return Ok((Outcome::Moved, spot.tid)),
                other => return Ok((other, spot.tid)),
            }
            // Along the versions to the one that nobody has ended.
            let mut at = spot.tid;
            loop {
                let tuple = self.tuple(spot.table, at);
                let updater = tuple.updater().filter(|updater| !self.aborted(updater.xid));
                let (Some(next), Some(updater)) = (tuple.next, updater) else { return Ok((Outcome::Deleted, at)) };
                let after = self.tuple(spot.table, next);
                if after.xmin != updater.xid {
                    return Ok((Outcome::Deleted, at));
                }
                at = next;
                let ended = after.updater().filter(|updater| !self.aborted(updater.xid));
                match ended.map(|ended| (ended.xid, self.info(ended.xid).state)) {
                    None => {
                        if self.is_mine(session, after.xmin) && after.cmin >= how.command {
                            return Ok((Outcome::Invisible, at));
                        }
                        break;
                    }
                    Some((xid, State::Running(owner))) if owner != session => {
                        if !self.wait_patiently(session, spot.table, xid, how.patience)? {
                            return Ok((Outcome::Taken, at));
                        }
                    }
                    Some(_) => {}
                }
            }
            spot.tid = at;
            moved = true;
        }
    }

    fn lock_version(&mut self, session: SessionId, spot: Spot, how: How) -> Result<Outcome, Stop> {
        let outcome = self.lock_version_in_line(session, spot, how)?;
        self.leave_line(session, spot);
        Ok(outcome)
    }

    fn lock_version_in_line(&mut self, session: SessionId, spot: Spot, how: How) -> Result<Outcome, Stop> {
        let tuple = self.tuple(spot.table, spot.tid);
        let fate = self.fate(session, how.command, tuple);
        match fate {
            Fate::Invisible => return Ok(Outcome::Invisible),
            Fate::SelfModified => return Ok(Outcome::SelfModified),
            Fate::Free => {}
            Fate::Taken | Fate::Updated | Fate::Deleted => {
                let several = tuple.xmax.len() > 1;
                let members = self.live_members(tuple);
                let own = members.iter().filter(|member| self.mine(session, member));
                let own = own.map(|member| member.mode).max();
                if own.is_some_and(|own| own >= how.mode) {
                    return Ok(Outcome::Done);
                }
                let others: Vec<Member> =
                    members.iter().filter(|member| !self.mine(session, member)).copied().collect();
                let updater = others.iter().find(|member| member.update).copied();
                let clash = others.iter().any(|member| rows_conflict(member.mode, how.mode));
                let sleeps = match how.mode {
                    Strength::KeyShare => clash,
                    Strength::Share => updater.is_some() || clash,
                    Strength::NoKeyUpdate => updater.is_some() || clash,
                    Strength::Update => !others.is_empty(),
                };
                if !sleeps && how.mode == Strength::KeyShare && updater.is_some() && how.follow {
                    let outcome = self.lock_later(session, spot, how)?;
                    if outcome != Outcome::Done {
                        return Ok(outcome);
                    }
                }
                if sleeps && fate == Fate::Updated {
                    return Ok(Outcome::Updated);
                }
                if sleeps && fate == Fate::Deleted {
                    return Ok(Outcome::Deleted);
                }
                if sleeps {
                    // Who already has a weaker lock does not line up, or it could deadlock with whoever is first in line.
                    let in_line = several && own.is_some();
                    if !in_line && !self.line_up(session, spot, how.mode, how.patience == Patience::Wait)? {
                        if how.patience == Patience::Nowait {
                            return Err(self.not_locked(spot.table).into());
                        }
                        return Ok(Outcome::Taken);
                    }
                    for member in others.iter().filter(|member| rows_conflict(member.mode, how.mode)) {
                        if !self.wait_patiently(session, spot.table, member.xid, how.patience)? {
                            return Ok(Outcome::Taken);
                        }
                    }
                    if let Some(ended) = self.ended(spot, updater) {
                        return Ok(ended);
                    }
                }
            }
        }
        let xid = self.xid(session);
        self.mark(spot.table, spot.tid, Member { xid, mode: how.mode, update: false });
        Ok(Outcome::Done)
    }

    /// Locks the versions after one whose updater leaves the key alone.
    fn lock_later(&mut self, session: SessionId, spot: Spot, how: How) -> Result<Outcome, Stop> {
        let mut at = spot.tid;
        loop {
            let tuple = self.tuple(spot.table, at);
            let updater = tuple.updater().filter(|updater| !self.aborted(updater.xid));
            let (Some(next), Some(updater)) = (tuple.next, updater) else { return Ok(Outcome::Done) };
            let after = self.tuple(spot.table, next);
            if after.xmin != updater.xid || self.aborted(after.xmin) {
                return Ok(Outcome::Done);
            }
            let members = self.live_members(after);
            let mut own_update = false;
            for member in members {
                let clash = rows_conflict(member.mode, how.mode);
                if self.mine(session, &member) {
                    own_update |= member.update;
                } else if clash && self.running(member.xid) {
                    // Along these versions the real server waits whatever was asked for (`heap_lock_updated_tuple_rec`): NOWAIT, too.
                    self.wait_for(session, member.xid, true)?;
                } else if clash && member.update {
                    let updated = self.tuple(spot.table, next).next.is_some();
                    return Ok(if updated { Outcome::Updated } else { Outcome::Deleted });
                }
            }
            if !own_update {
                let xid = self.xid(session);
                self.mark(spot.table, next, Member { xid, mode: how.mode, update: false });
            }
            at = next;
        }
    }

    /// Waits until nobody stands against changing a row.
    fn claim(&mut self, session: SessionId, spot: Spot, command: u32, mode: Strength) -> Result<Outcome, Stop> {
        let tuple = self.tuple(spot.table, spot.tid);
        match self.fate(session, command, tuple) {
            Fate::Invisible => return Ok(Outcome::Invisible),
            Fate::SelfModified => return Ok(Outcome::SelfModified),
            Fate::Updated => return Ok(Outcome::Updated),
            Fate::Deleted => return Ok(Outcome::Deleted),
            Fate::Free => return Ok(Outcome::Done),
            Fate::Taken => {}
        }
        let several = tuple.xmax.len() > 1;
        let members = self.live_members(tuple);
        let own = members.iter().any(|member| self.mine(session, member));
        let clashing: Vec<Member> = members
            .into_iter()
            .filter(|member| !self.mine(session, member) && rows_conflict(member.mode, mode))
            .collect();
        if clashing.is_empty() {
            return Ok(Outcome::Done);
        }
        if !(several && own) {
            self.line_up(session, spot, mode, true)?;
        }
        let updater = clashing.iter().find(|member| member.update).copied();
        for member in clashing {
            self.wait_for(session, member.xid, true)?;
        }
        Ok(self.ended(spot, updater).unwrap_or(Outcome::Done))
    }

    /// What has become of a row if whoever changed it has committed.
    fn ended(&self, spot: Spot, updater: Option<Member>) -> Option<Outcome> {
        updater.filter(|updater| !self.running(updater.xid) && !self.aborted(updater.xid))?;
        Some(if self.tuple(spot.table, spot.tid).next.is_some() { Outcome::Updated } else { Outcome::Deleted })
    }

    fn targets(&self, spot: Spot) -> [Target; 3] {
        let page = self.tuple(spot.table, spot.tid).page;
        [Target::Tuple(spot.table, page, spot.tid), Target::Page(spot.table, page), Target::Relation(spot.table)]
    }

    /// Puts a new version behind a row; gives it where it is done.
    pub(super) fn update_row(
        &mut self,
        session: SessionId,
        spot: Spot,
        command: u32,
        values: Row,
    ) -> Result<(Outcome, Tid), Stop> {
        let Some(stored) = self.tables.get(&spot.table) else { return Ok((Outcome::Deleted, spot.tid)) };
        let table = std::sync::Arc::clone(&stored.table);
        let old = &stored.heap[spot.tid as usize].values;
        let changed: Vec<u16> =
            (0..table.columns.len() as u16).filter(|at| old[usize::from(*at)] != values[usize::from(*at)]).collect();
        let key = changed.iter().any(|column| table.is_key_column(*column));
        let mode = if key { Strength::Update } else { Strength::NoKeyUpdate };
        let outcome = self.claim(session, spot, command, mode)?;
        if outcome != Outcome::Done {
            self.leave_line(session, spot);
            return Ok((outcome, spot.tid));
        }
        self.ssi_write(session, &self.targets(spot))?;
        let xid = self.xid(session);
        let lockers: Vec<Member> = self
            .live_members(self.tuple(spot.table, spot.tid))
            .into_iter()
            .filter(|member| !member.update && !self.mine(session, member))
            .collect();
        let indexed = table.indexes.iter().any(|index| {
            let mut within = index.columns.iter().any(|column| changed.contains(column));
            if let Some(filter) = &index.filter {
                within |= crate::servers::sql::query::depends(filter, &|column| changed.contains(&column));
            }
            within
        });
        let Some(stored) = self.tables.get_mut(&spot.table) else { return Ok((Outcome::Deleted, spot.tid)) };
        let new = stored.push(values.clone(), xid, command, (!indexed).then_some(spot.tid));
        if let Some(tuple) = self.tuple_mut(spot.table, new) {
            tuple.xmax = lockers;
        }
        self.mark(spot.table, spot.tid, Member { xid, mode, update: true });
        if let Some(tuple) = self.tuple_mut(spot.table, spot.tid) {
            tuple.cmax = command;
            tuple.next = Some(new);
        }
        self.leave_line(session, spot);
        self.history.write(xid, spot.table, Some(spot.tid), Some((new, values)));
        Ok((Outcome::Done, new))
    }

    /// Ends a row.
    pub(super) fn delete_row(&mut self, session: SessionId, spot: Spot, command: u32) -> Result<(Outcome, Tid), Stop> {
        let outcome = self.claim(session, spot, command, Strength::Update)?;
        if outcome != Outcome::Done {
            self.leave_line(session, spot);
            return Ok((outcome, spot.tid));
        }
        self.ssi_write(session, &self.targets(spot))?;
        let xid = self.xid(session);
        self.mark(spot.table, spot.tid, Member { xid, mode: Strength::Update, update: true });
        if let Some(tuple) = self.tuple_mut(spot.table, spot.tid) {
            tuple.cmax = command;
            tuple.next = None;
        }
        self.leave_line(session, spot);
        self.history.write(xid, spot.table, Some(spot.tid), None);
        Ok((Outcome::Done, spot.tid))
    }
}
