//! Current reads: going through an index record by record, locking each (row_search_mvcc in row0sel.cc).

use super::access::{Path, Range};
use super::exec::{Entry, Exec, lost};
use super::locks::{Outcome, Span, Want};
use super::store::{Place, SUPREMUM, Stored, Version, compare};
use super::{Innodb, TrxId, fail};
use crate::servers::sql::ast::{Level, Patience};
use crate::servers::sql::bind::Bound;
use crate::servers::sql::engine::SessionId;
use crate::servers::sql::eval::{Env, Stop};
use crate::servers::sql::history::Event;
use crate::servers::sql::query::Tid;
use crate::servers::sql::schema::Row;
use crate::servers::sql::value::Value;

/// How a table is read and locked.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub table: u32,
    pub path: &'a Path,
    pub exclusive: bool,
    pub patience: Patience,
    /// Whether a locked row is looked at as it was last committed before anybody waits for it (UPDATE at READ COMMITTED).
    pub semi_consistent: bool,
    /// Whether conditions on a secondary index are checked before the row is fetched (queries only).
    pub pushed_down: bool,
}

/// A row that a current read has found.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Found {
    /// Of its record in the clustered index.
    pub heap: u32,
    pub version: Tid,
    pub row: Row,
}

/// One step of a current read.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Step {
    /// The key that it has come to; none at the end.
    at: Option<Vec<Value>>,
    found: Option<Found>,
    /// Locks that this step took, to be given back at READ COMMITTED if the row is not wanted.
    fresh: Vec<(Place, u32)>,
    /// Whether the row is an old version that is not locked.
    old: bool,
}

impl Step {
    fn end(fresh: Vec<(Place, u32)>) -> Step {
        Step { at: None, found: None, fresh, old: false }
    }

    fn next(key: Vec<Value>) -> Step {
        Step { at: Some(key), found: None, fresh: Vec::new(), old: false }
    }
}

/// How asking for one record went.
enum Got {
    Had,
    New,
    Skipped,
    /// Somebody is in the way, and nobody waits yet.
    Busy,
}

/// Who reads.
#[derive(Clone, Copy)]
struct Who {
    session: SessionId,
    trx: TrxId,
    /// Whether gaps are locked.
    gaps: bool,
}

impl Innodb {
    fn lock_record(
        &mut self,
        who: Who,
        want: Want,
        patience: Patience,
        semi: bool,
        key: &[Value],
    ) -> Result<Got, Stop> {
        match self.ask(who.trx, want, false) {
            Outcome::Had => Ok(Got::Had),
            Outcome::New => Ok(Got::New),
            Outcome::Blocked(_) if semi => Ok(Got::Busy),
            Outcome::Blocked(by) => match patience {
                Patience::SkipLocked => Ok(Got::Skipped),
                Patience::Nowait => Err(fail::timeout().into()),
                Patience::Wait => {
                    if let Some(running) = self.running_mut(who.session) {
                        running.resume = Some(key.to_vec());
                    }
                    self.wait(who.trx, want, by)?;
                    if let Some(running) = self.running_mut(who.session) {
                        running.resume = None;
                    }
                    Ok(Got::Had)
                }
            },
        }
    }

    /// The next record behind a key, or the first of the range.
    fn step(&mut self, who: Who, reading: &Reading, range: &Range, after: Option<&[Value]>) -> Result<Step, Stop> {
        let resume = self.running_mut(who.session).and_then(|running| running.resume.take());
        let Some(stored) = self.tables.get(&reading.table) else { return Ok(Step::end(Vec::new())) };
        let (path, place) = (reading.path, Place { table: reading.table, index: reading.path.index });
        let clustered = stored.clustered();
        let entries = stored.entries(place.index);
        let (exclusive, patience) = (reading.exclusive, reading.patience);
        let want = |heap: u32, span: Span| Want { place, heap, exclusive, span };
        // Where the cursor stands: the place of an entry, or the end.
        let at = if path.backward {
            let bound = match (&resume, after) {
                (Some(key), _) => Some(stored.seek_after(place.index, key)),
                (None, Some([])) => Some(entries.len()),
                (None, Some(key)) => Some(stored.seek(place.index, key)),
                (None, None) => None,
            };
            match bound {
                Some(0) => return Ok(Step::end(Vec::new())),
                Some(bound) => bound - 1,
                None => entries.len(),
            }
        } else {
            match (&resume, after) {
                (Some(key), _) => stored.seek(place.index, key),
                (None, Some(key)) => stored.seek_after(place.index, key),
                (None, None) => match &range.low {
                    Some((low, true)) => stored.seek(place.index, low),
                    Some((low, false)) => stored.seek_after(place.index, low),
                    None => 0,
                },
            }
        };
        let Some(entry) = entries.get(at).cloned() else {
            if who.gaps {
                self.lock_record(who, want(SUPREMUM, Span::NextKey), patience, false, &[])?;
            }
            // Backward, the end is where it begins: an empty key stands behind the last.
            return Ok(if path.backward { Step::next(Vec::new()) } else { Step::end(Vec::new()) });
        };
        let width = stored.width(place.index);
        let whole_key = range.exact().filter(|key| key.len() == width);
        let unique =
            place == clustered || stored.table.indexes.get(usize::from(place.index)).is_some_and(|index| index.unique);
        let unique = unique && whole_key.is_some_and(|key| !key.iter().any(Value::is_null));
        if range.exact().is_some() && range.is_past(&entry.key) {
            if who.gaps {
                // The record itself is not asked for, but its writer gets a lock of its own all the same, which counts where a victim is chosen.
                self.explicit(who.trx, place, &entry);
                self.lock_record(who, want(entry.heap, Span::Gap), patience, false, &entry.key)?;
            }
            return Ok(Step::end(Vec::new()));
        }
        let is_own_row = || stored.row_of(&entry, place.index).is_some_and(|row| row.by == who.trx);
        if !who.gaps && entry.deleted && !self.is_active(entry.by) && (place == clustered || !is_own_row()) {
            // READ COMMITTED does not lock what is gone for good.
            let is_all = unique && place == clustered;
            return Ok(if is_all { Step::end(Vec::new()) } else { Step::next(entry.key) });
        }
        let from_key = place == clustered
            && after.is_none()
            && range
                .low
                .as_ref()
                .is_some_and(|(low, within)| *within && low.len() == width && compare(low, &entry.key).is_eq());
        // The whole key of another index locks the gap before it too, though nothing can be inserted there that it would meet.
        let only_record = !who.gaps || (unique && place == clustered && !entry.deleted) || from_key;
        let span = if only_record { Span::Record } else { Span::NextKey };
        let semi = reading.semi_consistent && !unique && place == clustered;
        let own = self.explicit(who.trx, place, &entry) || self.passes(who.trx, place, &entry);
        let got = if own && span == Span::Record {
            Got::Had
        } else {
            self.lock_record(who, want(entry.heap, span), patience, semi, &entry.key)?
        };
        let mut fresh = Vec::new();
        match got {
            Got::New => fresh.push((place, entry.heap)),
            Got::Had => {}
            Got::Skipped => return Ok(Step::next(entry.key)),
            Got::Busy => {
                // What was last committed; a row that never was is passed over.
                let version = entry.versions.iter().rev().find(|version| self.committed_at(version.by).is_some());
                let found = version.filter(|version| !version.deleted).map(|version| found(entry.heap, version));
                return Ok(Step { at: Some(entry.key), old: found.is_some(), found, fresh });
            }
        }
        if entry.deleted {
            if place == clustered && unique {
                return Ok(Step::end(fresh));
            }
            return Ok(Step { at: Some(entry.key), found: None, fresh, old: false });
        }
        if reading.pushed_down && place != clustered && !path.covering && range.is_past(&entry.key) {
            return Ok(Step::end(Vec::new()));
        }
        let Some(stored) = self.tables.get(&reading.table) else { return Ok(Step::end(fresh)) };
        let row = if place == clustered { Some(&entry) } else { stored.row_of(&entry, place.index) };
        let Some(row) = row.cloned() else { return Ok(Step::next(entry.key)) };
        if place != clustered && (exclusive || !path.covering) {
            let want = Want { place: clustered, heap: row.heap, exclusive, span: Span::Record };
            let got = if self.explicit(who.trx, clustered, &row) {
                Got::Had
            } else {
                self.lock_record(who, want, patience, false, &entry.key)?
            };
            match got {
                Got::New => fresh.push((clustered, row.heap)),
                Got::Skipped => return Ok(Step::next(entry.key)),
                Got::Had | Got::Busy => {}
            }
        }
        // An index that holds all that is asked is read alone: its entry may stand for a version before one that its writer has not brought here yet.
        let alone = place != clustered && !exclusive && path.covering;
        let meant = |version: &&Version| {
            let key = |stored: &Stored| stored.key(place.index, &version.values, &row.key);
            self.tables.get(&reading.table).is_some_and(|stored| compare(&key(stored), &entry.key).is_eq())
        };
        let newest = if alone { row.versions.iter().rev().find(meant) } else { row.newest() };
        let Some(version) = newest.filter(|version| !version.deleted || alone) else {
            // Its row is marked as deleted.
            return Ok(Step { at: Some(entry.key), found: None, fresh, old: false });
        };
        let found = found(row.heap, version);
        if range.is_past(&entry.key) {
            // Behind the range of another index, entry and row stay locked also at READ COMMITTED.
            return Ok(Step::end(if place == clustered { fresh } else { Vec::new() }));
        }
        Ok(Step { at: Some(entry.key), found: Some(found), fresh, old: false })
    }
}

fn found(heap: u32, version: &Version) -> Found {
    Found { heap, version: version.number, row: version.values.clone() }
}

/// What is done with each row of a current read; whether more are wanted.
pub(super) type EachFound<'f, 'a> = &'f mut dyn FnMut(&mut Exec<'a>, Found) -> Result<bool, Stop>;

impl<'a> Exec<'a> {
    /// Reads and locks, and gives every row that meets the conditions to a function, until it has enough.
    pub fn current(
        &mut self,
        reading: &Reading,
        quals: &[Bound],
        outer: Option<&Env>,
        each: EachFound<'_, 'a>,
    ) -> Result<(), Stop> {
        let gaps = self.level > Level::ReadCommitted;
        let who = Who { session: self.session, trx: self.trx, gaps };
        if !reading.path.ranges.is_empty() {
            self.db.announce(self.trx, reading.table, reading.exclusive);
        }
        for range in &reading.path.ranges {
            let mut after: Option<Vec<Value>> = None;
            loop {
                let mut step = self.step_once(who, reading, range, after.as_deref())?;
                let mut wanted = self.is_wanted(&step, quals, outer)?;
                if wanted && step.old {
                    // Only now it is worth waiting for.
                    let patient = Reading { semi_consistent: false, ..*reading };
                    step = self.step_once(who, &patient, range, after.as_deref())?;
                    wanted = self.is_wanted(&step, quals, outer)?;
                }
                if !wanted && !gaps && !step.fresh.is_empty() {
                    let fresh = std::mem::take(&mut step.fresh);
                    let (trx, exclusive) = (self.trx, reading.exclusive);
                    self.once(|db| {
                        for (place, heap) in fresh {
                            db.unlock(trx, place, heap, exclusive);
                        }
                        Ok(Entry::Done)
                    })?;
                }
                // Behind the only row that a range can hold nobody looks.
                let last = step.at.is_none() || (step.found.is_some() && self.is_unique(reading, range));
                if let Some(found) = step.found.filter(|_| wanted)
                    && !each(self, found)?
                {
                    return Ok(());
                }
                if last {
                    break;
                }
                after = step.at;
            }
        }
        Ok(())
    }

    /// Whether a range can hold but one row.
    fn is_unique(&self, reading: &Reading, range: &Range) -> bool {
        let Some(stored) = self.db.tables.get(&reading.table) else { return true };
        let index = stored.table.indexes.get(usize::from(reading.path.index));
        let whole = |key: &[Value]| key.len() == stored.width(reading.path.index) && !key.iter().any(Value::is_null);
        index.is_some_and(|index| index.unique) && range.exact().is_some_and(whole)
    }

    fn step_once(&mut self, who: Who, reading: &Reading, range: &Range, after: Option<&[Value]>) -> Result<Step, Stop> {
        let entry = self.in_turn(|db| db.step(who, reading, range, after).map(Entry::Step))?;
        if let Entry::Step(step) = entry { Ok(step) } else { Err(lost()) }
    }

    fn is_wanted(&mut self, step: &Step, quals: &[Bound], outer: Option<&Env>) -> Result<bool, Stop> {
        let Some(found) = &step.found else { return Ok(false) };
        self.as_reader().all_hold(quals, &found.row, outer)
    }

    /// Notes for the history what the statement looks for, among the rows as it sees them now.
    pub fn looks(&mut self, table: u32, conditions: &[Bound], current: bool) {
        let (session, trx, level) = (self.session, self.trx, self.level);
        // `once` so that running again after a wait leaves no second note; it cannot fail.
        let _ = self.once(|db| {
            let view = if current { u32::MAX } else { db.view(session) };
            let number = db.trx(session).map(|trx| trx.number);
            let (Some(txn), Some(stored)) = (number, db.tables.get(&table)) else { return Ok(Entry::Done) };
            let dirty = !current && level <= Level::ReadUncommitted;
            let seen = |entry| if dirty { super::store::Entry::newest(entry) } else { db.seen(view, trx, entry) };
            let versions = stored.entries(stored.clustered).iter().filter_map(seen);
            let among: Vec<Tid> = versions.filter(|version| !version.deleted).map(|version| version.number).collect();
            let sees = |by| db.numbered(by).is_some_and(|by| dirty || db.sees(view, trx, by));
            let gone = db.history.gone(table, sees);
            let conditions = conditions.into();
            db.history.push(Event::Looked { txn, table, conditions, among: among.into(), gone: gone.into() });
            Ok(Entry::Done)
        });
    }
}
