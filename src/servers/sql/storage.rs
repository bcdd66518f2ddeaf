//! What a database keeps on disk, and how it comes back from a crash: a log, pages, and copies of both in memory.
//!
//! ARIES in small (Mohan, Haderle, Lindsay, Pirahesh and Schwarz, "ARIES: A Transaction Recovery Method Supporting Fine-Granularity Locking and Partial
//! Rollbacks Using Write-Ahead Logging", ACM TODS 17(1), 1992): records are numbered (LSN), a page carries the LSN of its last change; a page goes to disk only
//! behind its records, and a commit is answered only behind its own. Restart repeats history from the log, and then undoes who had not committed, with
//! compensation records, so that undoing is never undone and may itself be cut short by a crash. Left out: checkpoints, so that restart reads the whole log; a
//! page holds one row, which changes and neither comes nor goes, and is written whole or not at all.
//!
//! Which of these rules are kept, [`Rules`] say: each broken one is a way to lose money.

use std::fmt;

use super::engine::SessionId;
use super::schema::Row;
use crate::engine::{Cx, Disk, Protocol};

/// Number of a record of the log, from 1; 0 stands before all.
pub type Lsn = u32;

/// Which rules a database keeps.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Rules {
    /// There is a log. Without one, a commit writes the pages that it changed, in place.
    pub log: bool,
    /// A page is written only when the records of its changes are on disk: the write-ahead rule.
    pub log_first: bool,
    /// A commit is answered only when its record is on disk.
    pub forced_commit: bool,
}

/// A row and where it stands.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Page {
    /// Of the table, in the database.
    pub table: u32,
    /// What the row is known by.
    pub key: String,
    /// The row.
    pub row: Row,
    /// The last record that changed it.
    pub lsn: Lsn,
}

/// A record of the log.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Record {
    /// A transaction changed a page.
    Update {
        /// Which transaction.
        txn: u32,
        /// Which page.
        page: u16,
        /// What was there: to undo.
        before: Row,
        /// What is there: to redo.
        after: Row,
    },
    /// A transaction is committed.
    Commit {
        /// Which.
        txn: u32,
    },
    /// A change is undone: a compensation record, which is redone and never undone.
    Undo {
        /// Whose change.
        txn: u32,
        /// Which page.
        page: u16,
        /// What is there again.
        after: Row,
        /// The record that is undone.
        of: Lsn,
    },
    /// A transaction is undone to its beginning.
    End {
        /// Which.
        txn: u32,
    },
}

/// The first page is page 1 to readers.
pub fn number(page: u16) -> u16 {
    page + 1
}

/// A row as it stands in records.
pub fn shown(row: &Row) -> String {
    let rest: Vec<String> = row.iter().skip(usize::from(row.len() > 1)).map(ToString::to_string).collect();
    rest.join(", ")
}

impl fmt::Display for Record {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Record::Update { txn, page, before, after } => {
                let (before, after) = (shown(before), shown(after));
                write!(out, "T{txn} page {}: {before} → {after}", number(*page))
            }
            Record::Commit { txn } => write!(out, "T{txn} commit"),
            Record::Undo { txn, page, after, of } => {
                write!(out, "T{txn} undo {of}: page {} → {}", number(*page), shown(after))
            }
            Record::End { txn } => write!(out, "T{txn} undone"),
        }
    }
}

/// A transaction that runs, as it is known in memory.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Running {
    session: SessionId,
    txn: u32,
    /// What it changed: the record, the page, and what was there.
    changes: Vec<(Lsn, u16, Row)>,
    /// Its commit, where it waits for the disk: the record that has to be there.
    commit: Option<Lsn>,
}

/// A transaction that restart has to undo: whose records are left, the last first.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Loser {
    txn: u32,
    left: Vec<(Lsn, u16, Row)>,
}

/// What a restart finds and does before it undoes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Found {
    /// Records of the log.
    pub records: usize,
    /// Changes that no page on disk had.
    pub redone: usize,
    /// Transactions that are to be undone.
    pub losers: usize,
}

/// Log and pages, on disk and in memory.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Storage {
    rules: Rules,
    log: Disk<Vec<Record>>,
    pages: Disk<Vec<Page>>,
    /// Records that are not on disk yet.
    tail: Vec<Record>,
    /// Pages as they are in memory.
    cache: Vec<Page>,
    running: Vec<Running>,
    losers: Vec<Loser>,
    next_txn: u32,
}

impl Storage {
    /// Storage that holds these pages and no record.
    pub fn new(rules: Rules, pages: Vec<Page>) -> Storage {
        Storage {
            rules,
            log: Disk::new(Vec::new()),
            tail: Vec::new(),
            cache: pages.clone(),
            pages: Disk::new(pages),
            running: Vec::new(),
            losers: Vec::new(),
            next_txn: 1,
        }
    }

    /// What a crash leaves: what is on disk.
    #[must_use]
    pub fn crashed(&self) -> Storage {
        let (log, pages) = (self.log.crashed(), self.pages.crashed());
        Storage { log, pages, ..Storage::new(self.rules, Vec::new()) }
    }

    /// The records on disk, and those in memory only.
    pub fn records(&self) -> (&[Record], &[Record]) {
        (&self.log, &self.tail)
    }

    /// The pages on disk, and as they are in memory; after a crash there are none in memory.
    pub fn pages(&self) -> (&[Page], &[Page]) {
        (&self.pages, &self.cache)
    }

    /// The last record on disk.
    fn forced(&self) -> Lsn {
        self.log.len() as Lsn
    }

    /// Makes a record, where there is a log.
    fn append(&mut self, record: Record) -> Lsn {
        if !self.rules.log {
            return 0;
        }
        self.tail.push(record);
        self.forced() + self.tail.len() as Lsn
    }

    fn running(&mut self, session: SessionId) -> &mut Running {
        let at = self.running.iter().position(|running| running.session == session).unwrap_or_else(|| {
            let txn = self.next_txn;
            self.next_txn += 1;
            self.running.push(Running { session, txn, changes: Vec::new(), commit: None });
            self.running.len() - 1
        });
        &mut self.running[at]
    }

    fn put(&mut self, page: u16, row: Row, lsn: Lsn) {
        if let Some(page) = self.cache.get_mut(usize::from(page)) {
            (page.row, page.lsn) = (row, lsn);
        }
    }

    /// A session's transaction has changed a row. Memory is changed, and a record is made.
    pub fn changed(&mut self, session: SessionId, table: u32, key: &str, after: Row) {
        let Some(at) = self.cache.iter().position(|page| page.table == table && page.key == key) else { return };
        let (before, page) = (self.cache[at].row.clone(), at as u16);
        let txn = self.running(session).txn;
        let lsn = self.append(Record::Update { txn, page, before: before.clone(), after: after.clone() });
        self.put(page, after, lsn);
        self.running(session).changes.push((lsn, page, before));
    }

    /// A session's transaction is rolled back: what it changed is put back, the last first.
    pub fn rolled_back(&mut self, session: SessionId) {
        let Some(at) = self.running.iter().position(|running| running.session == session) else { return };
        let Running { txn, changes, .. } = self.running.remove(at);
        for (of, page, before) in changes.into_iter().rev() {
            let lsn = self.append(Record::Undo { txn, page, after: before.clone(), of });
            self.put(page, before, lsn);
        }
        self.append(Record::End { txn });
    }

    /// A session wants to commit. Whether it has to wait for the disk.
    pub fn commits(&mut self, session: SessionId) -> bool {
        let Some(at) = self.running.iter().position(|running| running.session == session) else { return false };
        let txn = self.running[at].txn;
        let lsn = self.append(Record::Commit { txn });
        self.running[at].commit = Some(lsn);
        if self.rules.forced_commit && self.waits(&self.running[at]) {
            return true;
        }
        self.running.remove(at);
        false
    }

    fn waits(&self, running: &Running) -> bool {
        match running.commit {
            Some(lsn) if self.rules.log => lsn > self.forced(),
            Some(_) => running.changes.iter().any(|(_, page, _)| self.is_dirty(*page)),
            None => false,
        }
    }

    /// Whether a session's commit waits for the disk.
    pub fn is_committing(&self, session: SessionId) -> bool {
        self.running.iter().any(|running| running.session == session && running.commit.is_some())
    }

    /// Sessions whose commit need wait no longer, in the order in which they asked.
    pub fn take_committed(&mut self) -> Vec<SessionId> {
        let is_done = |running: &Running| running.commit.is_some() && !self.waits(running);
        let done: Vec<SessionId> =
            self.running.iter().filter(|running| is_done(running)).map(|running| running.session).collect();
        self.running.retain(|running| !done.contains(&running.session));
        done
    }

    /// Whether records are in memory only.
    pub fn has_tail(&self) -> bool {
        !self.tail.is_empty()
    }

    /// Whether a page in memory is another than on disk.
    pub fn is_dirty(&self, page: u16) -> bool {
        let page = usize::from(page);
        self.cache.get(page).is_some_and(|cached| self.pages.get(page) != Some(cached))
    }

    /// The pages that are other than on disk.
    pub fn dirty(&self) -> impl Iterator<Item = u16> {
        (0..self.cache.len() as u16).filter(|page| self.is_dirty(*page))
    }

    /// The record that has to be on disk before a page, where the rules want one that is not there.
    pub fn held_by(&self, page: u16) -> Option<Lsn> {
        let lsn = self.cache.get(usize::from(page))?.lsn;
        (self.rules.log_first && lsn > self.forced()).then_some(lsn)
    }

    /// Forces the log: all records that are in memory.
    pub fn force_log<P: Protocol>(&mut self, cx: &mut Cx<'_, P>) {
        let (from, to) = (self.forced() + 1, self.forced() + self.tail.len() as Lsn);
        let words = if from == to { format!("record {from}") } else { format!("records {from} to {to}") };
        let tail = std::mem::take(&mut self.tail);
        cx.force(&mut self.log, &words, |log| log.extend(tail));
    }

    /// Writes a page in place.
    pub fn write_page<P: Protocol>(&mut self, page: u16, cx: &mut Cx<'_, P>) {
        let Some(cached) = self.cache.get(usize::from(page)).cloned() else { return };
        let words = format!("page {}: {}", number(page), shown(&cached.row));
        cx.overwrite(&mut self.pages, &words, |pages| {
            if let Some(there) = pages.get_mut(usize::from(page)) {
                *there = cached;
            }
        });
    }

    /// After a crash: finds who had not committed, and repeats history, so that memory is as it was when the last record on disk was made.
    pub fn restart(&mut self) -> Found {
        self.cache = (*self.pages).clone();
        let log = (*self.log).clone();
        let mut redone = 0;
        for (lsn, record) in (1..).zip(&log) {
            let txn = match record {
                Record::Update { txn, page, before, after } => {
                    let change = (lsn, *page, before.clone());
                    match self.losers.iter_mut().find(|loser| loser.txn == *txn) {
                        Some(loser) => loser.left.push(change),
                        None => self.losers.push(Loser { txn: *txn, left: vec![change] }),
                    }
                    redone += usize::from(self.redo(lsn, *page, after));
                    txn
                }
                Record::Undo { txn, page, after, of } => {
                    if let Some(loser) = self.losers.iter_mut().find(|loser| loser.txn == *txn) {
                        loser.left.retain(|(lsn, ..)| lsn != of);
                    }
                    redone += usize::from(self.redo(lsn, *page, after));
                    txn
                }
                Record::Commit { txn } | Record::End { txn } => {
                    self.losers.retain(|loser| loser.txn != *txn);
                    txn
                }
            };
            self.next_txn = self.next_txn.max(txn + 1);
        }
        Found { records: log.len(), redone, losers: self.losers.len() }
    }

    fn redo(&mut self, lsn: Lsn, page: u16, row: &Row) -> bool {
        let is_old = self.cache.get(usize::from(page)).is_some_and(|page| page.lsn < lsn);
        if is_old {
            self.put(page, row.clone(), lsn);
        }
        is_old
    }

    /// Whether a restart has something left to undo.
    pub fn is_recovering(&self) -> bool {
        !self.losers.is_empty()
    }

    /// Undoes one change of who had not committed, the latest of all, and says so in the log. Gives the record.
    pub fn undo_one(&mut self) -> Option<Record> {
        let latest = |loser: &Loser| loser.left.last().map(|(lsn, ..)| *lsn);
        let at = (0..self.losers.len()).max_by_key(|at| latest(&self.losers[*at]))?;
        let txn = self.losers[at].txn;
        let record = match self.losers[at].left.pop() {
            Some((of, page, after)) => {
                let record = Record::Undo { txn, page, after: after.clone(), of };
                let lsn = self.append(record.clone());
                self.put(page, after, lsn);
                record
            }
            // All of it had been undone before the crash but for the last record.
            None => Record::End { txn },
        };
        if self.losers[at].left.is_empty() {
            self.append(Record::End { txn });
            self.losers.remove(at);
        }
        Some(record)
    }
}
