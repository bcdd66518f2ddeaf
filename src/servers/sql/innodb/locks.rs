//! Record locks and their queues (MariaDB's documentation, "InnoDB Lock Modes"; lock0lock.cc has the rules): record, gap, next-key and insert intention, shared or
//! exclusive; what waits for what; which locks move where records come and go; deadlocks and their victims.

use super::store::{Entry, Place, SUPREMUM};
use super::{Innodb, TrxId};
use crate::servers::sql::ast::Level;

/// What of a record a lock covers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Span {
    /// The record and the gap before it: next-key.
    NextKey,
    /// The gap before the record.
    Gap,
    /// The record alone.
    Record,
    /// The wish to insert into the gap before the record.
    Insert,
}

/// What a lock is on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum On {
    /// A table, to announce row locks. These never wait for each other.
    Table(u32),
    /// Records of an index.
    Index(Place, Span),
}

/// A lock of a transaction on any number of records of one index, or on a table. As in the real server it counts as one, however many records it covers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Lock {
    pub trx: TrxId,
    pub on: On,
    pub exclusive: bool,
    pub waiting: bool,
    pub heaps: Vec<u32>,
}

/// A request for a record.
#[derive(Clone, Copy)]
pub(super) struct Want {
    pub place: Place,
    pub heap: u32,
    pub exclusive: bool,
    pub span: Span,
}

/// How a request went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// It was held already, in this strength or more.
    Had,
    /// It is held now.
    New,
    /// Another's lock, or request, is in the way: the number of its transaction.
    Blocked(TrxId),
}

impl Lock {
    fn covers(&self, place: Place, heap: u32) -> bool {
        matches!(self.on, On::Index(at, _) if at == place) && self.heaps.contains(&heap)
    }

    fn span(&self) -> Span {
        match self.on {
            On::Index(_, span) => span,
            On::Table(_) => Span::NextKey,
        }
    }

    fn words(&self) -> &'static str {
        match (self.span(), self.exclusive) {
            (Span::NextKey, true) => "X",
            (Span::NextKey, false) => "S",
            (Span::Gap, true) => "X locks gap before rec",
            (Span::Gap, false) => "S locks gap before rec",
            (Span::Record, true) => "X locks rec but not gap",
            (Span::Record, false) => "S locks rec but not gap",
            (Span::Insert, _) => "X locks gap before rec insert intention",
        }
    }

    /// Whether somebody who wants something has to wait for this lock (`lock_rec_has_to_wait`).
    fn blocks(&self, trx: TrxId, want: &Want) -> bool {
        if self.trx == trx || (!self.exclusive && !want.exclusive) {
            return false;
        }
        let insert = want.span == Span::Insert;
        // Gaps are locked against inserting only.
        if (want.heap == SUPREMUM || want.span == Span::Gap) && !insert {
            return false;
        }
        let own = self.span();
        if !insert && own == Span::Gap {
            return false;
        }
        if insert && own == Span::Record {
            return false;
        }
        own != Span::Insert
    }

    /// Whether it is as much as somebody wants (`lock_rec_has_expl`).
    fn serves(&self, want: &Want) -> bool {
        let (own, supremum) = (self.span(), want.heap == SUPREMUM);
        !self.waiting
            && own != Span::Insert
            && (self.exclusive || !want.exclusive)
            && (own != Span::Record || want.span == Span::Record || supremum)
            && (own != Span::Gap || want.span == Span::Gap || supremum)
    }
}

impl Innodb {
    /// The first lock in the queue of a record that somebody has to wait for; `ahead` of which place in the list.
    fn blocker(&self, trx: TrxId, want: &Want, ahead: usize) -> Option<TrxId> {
        let mut locks = self.locks[..ahead].iter();
        locks.find(|lock| lock.covers(want.place, want.heap) && lock.blocks(trx, want)).map(|lock| lock.trx)
    }

    /// Whether a transaction holds as much as it wants.
    fn holds(&self, trx: TrxId, want: &Want) -> bool {
        self.locks.iter().any(|lock| lock.trx == trx && lock.covers(want.place, want.heap) && lock.serves(want))
    }

    /// Asks for a record. Where it is only to be looked whether anybody is in the way, nothing is left behind but a wait (`implicit`).
    pub(super) fn ask(&mut self, trx: TrxId, mut want: Want, implicit: bool) -> Outcome {
        // Who holds the record and wants its gap too asks for the gap alone, past those who wait for the record.
        if want.span == Span::NextKey && self.holds(trx, &Want { span: Span::Record, ..want }) {
            want.span = Span::Gap;
        }
        if want.span != Span::Insert && self.holds(trx, &want) {
            return Outcome::Had;
        }
        if let Some(by) = self.blocker(trx, &want, self.locks.len()) {
            return Outcome::Blocked(by);
        }
        if !implicit {
            self.add(trx, want);
        }
        Outcome::New
    }

    /// Gives a lock (`lock_rec_add_to_queue`).
    fn add(&mut self, trx: TrxId, want: Want) {
        let span = if want.heap == SUPREMUM { Span::NextKey } else { want.span };
        let on = On::Index(want.place, span);
        let contended = self.locks.iter().any(|lock| lock.waiting && lock.covers(want.place, want.heap));
        let similar =
            |lock: &&mut Lock| lock.trx == trx && lock.on == on && lock.exclusive == want.exclusive && !lock.waiting;
        match self.locks.iter_mut().find(similar).filter(|_| !contended) {
            Some(lock) => {
                if !lock.heaps.contains(&want.heap) {
                    lock.heaps.push(want.heap);
                }
            }
            None => {
                self.locks.push(Lock { trx, on, exclusive: want.exclusive, waiting: false, heaps: vec![want.heap] })
            }
        }
    }

    /// Puts a request into the queue.
    pub(super) fn enqueue(&mut self, trx: TrxId, want: Want, by: TrxId) {
        let span = if want.heap == SUPREMUM && want.span != Span::Insert { Span::NextKey } else { want.span };
        let on = On::Index(want.place, span);
        self.locks.push(Lock { trx, on, exclusive: want.exclusive, waiting: true, heaps: vec![want.heap] });
        self.waits.insert(trx, by);
    }

    /// Announces row locks on a table.
    pub(super) fn announce(&mut self, trx: TrxId, table: u32, exclusive: bool) {
        let on = On::Table(table);
        let served = |lock: &Lock| lock.trx == trx && lock.on == on && (lock.exclusive || !exclusive);
        if !self.locks.iter().any(served) {
            self.locks.push(Lock { trx, on, exclusive, waiting: false, heaps: Vec::new() });
        }
        if exclusive {
            self.is_to_write(trx);
        }
    }

    /// Whoever wrote a record and runs has it locked without a lock; before others ask for it, that lock is made. True where it is the asker's own.
    pub(super) fn explicit(&mut self, asker: TrxId, place: Place, entry: &Entry) -> bool {
        let owner = entry.by;
        if !self.is_active(owner) {
            return false;
        }
        if owner == asker {
            return true;
        }
        let want = Want { place, heap: entry.heap, exclusive: true, span: Span::Record };
        if !self.holds(owner, &want) {
            self.add(owner, want);
        }
        false
    }

    /// Whether a reader passes for the owner of an entry of another index, though it may not have written it: it has written the row, and the index was
    /// written by somebody who began to write no earlier than all who run (`row_vers_impl_x_locked_low`, which does not look at its caller's versions).
    pub(super) fn passes(&self, asker: TrxId, place: Place, entry: &Entry) -> bool {
        let Some(stored) = self.tables.get(&place.table).filter(|stored| stored.clustered != place.index) else {
            return false;
        };
        let row = stored.row_of(entry, place.index);
        row.is_some_and(|row| row.by == asker) && stored.last_writer(place.index) >= self.oldest_writer()
    }

    /// Who has locked a record, or the gap before it, and how, as `SHOW ENGINE INNODB STATUS` names it; who wrote it and runs has it without a lock of its own.
    pub(super) fn modes(&self, place: Place, entry: &Entry) -> Vec<(TrxId, &'static str)> {
        let granted = self.locks.iter().filter(|lock| !lock.waiting && lock.covers(place, entry.heap));
        let mut modes: Vec<(TrxId, &'static str)> = granted.map(|lock| (lock.trx, lock.words())).collect();
        let record = Want { place, heap: entry.heap, exclusive: true, span: Span::Record };
        if self.is_active(entry.by) && !self.holds(entry.by, &record) {
            modes.push((entry.by, "X locks rec but not gap"));
        }
        modes
    }

    /// A new record divides a gap: whoever locked the whole has both parts.
    pub(super) fn divide(&mut self, place: Place, new: u32, next: u32) {
        let gap = |lock: &&Lock| {
            lock.covers(place, next) && lock.span() != Span::Insert && (next == SUPREMUM || lock.span() != Span::Record)
        };
        let heirs: Vec<(TrxId, bool)> = self.locks.iter().filter(gap).map(|lock| (lock.trx, lock.exclusive)).collect();
        for (trx, exclusive) in heirs {
            self.add(trx, Want { place, heap: new, exclusive, span: Span::Gap });
        }
    }

    /// A record goes: its locks become locks of the gap that is left, and who waited for it looks again.
    pub(super) fn merge(&mut self, place: Place, gone: u32, next: u32) {
        let inherits = |lock: &&Lock| {
            let weak = self.level_of(lock.trx) <= Level::ReadCommitted && lock.exclusive;
            lock.covers(place, gone) && lock.span() != Span::Insert && !weak
        };
        let heirs: Vec<(TrxId, bool)> =
            self.locks.iter().filter(inherits).map(|lock| (lock.trx, lock.exclusive)).collect();
        for (trx, exclusive) in heirs {
            self.add(trx, Want { place, heap: next, exclusive, span: Span::Gap });
        }
        let mut at = 0;
        while at < self.locks.len() {
            let lock = &mut self.locks[at];
            if !lock.covers(place, gone) {
                at += 1;
                continue;
            }
            lock.heaps.retain(|heap| *heap != gone);
            if lock.waiting {
                let trx = lock.trx;
                self.locks.remove(at);
                self.wake(trx);
            } else {
                at += 1;
            }
        }
    }

    fn wake(&mut self, trx: TrxId) {
        self.waits.remove(&trx);
        self.ready.push(self.session_of(trx));
    }

    /// Grants what nothing is in the way of any more, on one index.
    fn grant(&mut self, place: Place) {
        for at in 0..self.locks.len() {
            let lock = &self.locks[at];
            let On::Index(on, span) = lock.on else { continue };
            let (trx, Some(heap)) = (lock.trx, lock.heaps.first().copied()) else { continue };
            if !lock.waiting || on != place {
                continue;
            }
            let want = Want { place, heap, exclusive: lock.exclusive, span };
            match self.blocker(trx, &want, at) {
                Some(by) => {
                    self.waits.insert(trx, by);
                    if self.waits.contains_key(&by) && !self.suspects.contains(&by) {
                        self.suspects.push(by);
                    }
                }
                None => {
                    self.locks[at].waiting = false;
                    self.wake(trx);
                }
            }
        }
    }

    /// Takes back one lock on a record, for a row that was only looked at (READ COMMITTED).
    pub(super) fn unlock(&mut self, trx: TrxId, place: Place, heap: u32, exclusive: bool) {
        let mut own = self.locks.iter_mut();
        let found = own.find(|lock| lock.trx == trx && lock.exclusive == exclusive && lock.covers(place, heap));
        if let Some(lock) = found {
            lock.heaps.retain(|other| *other != heap);
        }
        self.grant(place);
    }

    /// Takes back what a transaction waits for.
    pub(super) fn leave_queue(&mut self, trx: TrxId) {
        self.waits.remove(&trx);
        if let Some(at) = self.locks.iter().position(|lock| lock.trx == trx && lock.waiting) {
            let lock = self.locks.remove(at);
            if let On::Index(place, _) = lock.on {
                self.grant(place);
            }
        }
    }

    /// Gives back everything, the oldest first (`lock_release_try`): who is woken by it runs in that order.
    pub(super) fn release(&mut self, trx: TrxId) {
        self.waits.remove(&trx);
        while let Some(at) = self.locks.iter().position(|lock| lock.trx == trx) {
            let lock = self.locks.remove(at);
            if let On::Index(place, _) = lock.on {
                self.grant(place);
            }
        }
    }

    /// How much would be lost with a transaction: changed rows and locks.
    fn weight(&self, trx: TrxId) -> usize {
        self.changes(trx) + self.locks.iter().filter(|lock| lock.trx == trx).count()
    }

    /// A transaction of the circle that a waiting one is in or leads to: the one at which the server's search ends (`Deadlock::find_cycle`, which is Brent's),
    /// since from there it goes round to choose.
    fn circle(&self, from: TrxId) -> Option<TrxId> {
        let (mut tortoise, mut hare) = (from, from);
        let (mut power, mut steps) = (1_u32, 1_u32);
        loop {
            hare = *self.waits.get(&hare)?;
            if tortoise == hare {
                return Some(hare);
            }
            if steps == power {
                (power, steps, tortoise) = (power * 2, 0, hare);
            }
            steps += 1;
        }
    }

    /// Looks for a deadlock of a transaction that begins to wait, and names who gives up: the lightest, on a tie the one that asks, else the first on the way
    /// round (`Deadlock::report`).
    pub(super) fn victim(&self, from: TrxId) -> Option<TrxId> {
        let begin = self.circle(from)?;
        let mut lightest: Option<(usize, TrxId)> = None;
        let mut at = begin;
        loop {
            at = *self.waits.get(&at)?;
            let weight = self.weight(at);
            if lightest.is_none_or(|(least, _)| weight < least || (weight == least && at == from)) {
                lightest = Some((weight, at));
            }
            if at == begin {
                return lightest.map(|(_, trx)| trx);
            }
        }
    }
}
