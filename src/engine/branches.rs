//! Branches: the runs that a reader has open beside each other, each with a cursor. Moving never destroys anything: another choice in the midst of
//! a run makes a branch that shares what came before.

use thiserror::Error;

use super::run::{ChoiceError, Run};

/// Most branches that stand open at once.
pub const MAX_BRANCHES: usize = 32;
/// Longest name of a branch, in characters.
pub const BRANCH_NAME_MAX: usize = 40;

/// A branch, by a number that is never used twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BranchId(pub u32);

/// A run under a name, and where the reader stands in it.
pub struct Branch {
    id: BranchId,
    name: String,
    run: Box<dyn Run>,
    cursor: u32,
    origin: Option<Origin>,
}

/// Where a branch left another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin {
    /// The branch that it left.
    pub branch: BranchId,
    /// The last step that they share.
    pub step: u32,
}

/// What a choice did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Chosen {
    /// The run grew by it.
    Extended,
    /// It was what follows anyway: the cursor moved on.
    Stepped,
    /// It made this branch, which is now shown.
    Forked(BranchId),
}

/// What cannot be done with branches.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum BranchError {
    /// A choice that cannot be taken.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// No branch has this id.
    #[error("there is no such branch; it may have been closed")]
    Unknown,
    /// The last branch cannot be closed.
    #[error("the last branch stays open")]
    Last,
    /// A name without letters.
    #[error("a branch needs a name")]
    Nameless,
    /// Too many are open.
    #[error("at most {MAX_BRANCHES} branches can be open; close one first")]
    TooMany,
}

impl Branch {
    /// Its number.
    pub fn id(&self) -> BranchId {
        self.id
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its run, whole.
    pub fn run(&self) -> &dyn Run {
        &*self.run
    }

    /// The step at which the reader stands, from 0 to the end of the run.
    pub fn cursor(&self) -> u32 {
        self.cursor
    }

    /// Where it left another branch; `None` for one that was opened by itself, or whose origins are all closed.
    pub fn origin(&self) -> Option<Origin> {
        self.origin
    }
}

/// The branches that are open, one of which is shown. There is always at least one.
pub struct Branches {
    open: Vec<Branch>,
    /// Position of the one that is shown.
    shown: usize,
    next_id: u32,
}

impl Branches {
    /// One branch, shown at its end.
    pub fn new(run: Box<dyn Run>, name: &str) -> Self {
        let cursor = run.steps();
        let first = Branch { id: BranchId(1), name: clip(name), run, cursor, origin: None };
        Branches { open: vec![first], shown: 0, next_id: 2 }
    }

    /// Every branch, in the order in which they were opened.
    pub fn all(&self) -> &[Branch] {
        &self.open
    }

    /// The branch that is shown.
    pub fn current(&self) -> &Branch {
        &self.open[self.shown]
    }

    /// A branch by its id.
    pub fn get(&self, id: BranchId) -> Option<&Branch> {
        self.open.iter().find(|branch| branch.id == id)
    }

    /// Shows a step; past the end, the end. Gives the step that is shown.
    pub fn go(&mut self, step: u32) -> u32 {
        let branch = &mut self.open[self.shown];
        branch.cursor = step.min(branch.run.steps());
        branch.cursor
    }

    /// One step back; `false` at the start.
    pub fn back(&mut self) -> bool {
        let cursor = self.current().cursor;
        cursor > 0 && self.go(cursor - 1) < cursor
    }

    /// One step on; `false` at the end.
    pub fn forward(&mut self) -> bool {
        let cursor = self.current().cursor;
        self.go(cursor.saturating_add(1)) > cursor
    }

    /// Takes a choice where the reader stands: at the end the run grows; before it, the choice that follows anyway moves the cursor, and any other
    /// makes a branch.
    ///
    /// # Errors
    /// Where the choice cannot be taken, or there is no room for another branch; nothing has then changed.
    pub fn choose(&mut self, choice: &str) -> Result<Chosen, BranchError> {
        let branch = &mut self.open[self.shown];
        let (id, step) = (branch.id, branch.cursor);
        if step == branch.run.steps() {
            branch.run.push(choice)?;
            branch.cursor = branch.run.steps();
            return Ok(Chosen::Extended);
        }
        let mut run = branch.run.fork(step);
        run.push(choice)?;
        // Compared once it is taken, so that every spelling of the choice that follows counts as it.
        let taken = run.choice(step + 1).unwrap_or(choice).to_owned();
        if branch.run.choice(step + 1) == Some(taken.as_str()) {
            branch.cursor = step + 1;
            return Ok(Chosen::Stepped);
        }
        let name = format!("{}: {taken}", step + 1);
        self.add(run, &name, Some(Origin { branch: id, step })).map(Chosen::Forked)
    }

    /// Takes a choice from a menu. As [`Branches::choose`], but if the choice that follows differs from it in nothing but how much time passes first,
    /// the cursor moves on: the menu's wait is a suggestion, not what the reader asked for.
    ///
    /// # Errors
    /// As [`Branches::choose`].
    pub fn choose_offered(&mut self, choice: &str) -> Result<Chosen, BranchError> {
        let branch = self.current();
        let follows = branch.run.choice(branch.cursor + 1).is_some_and(|next| same_act(next, choice));
        if follows && self.forward() {
            return Ok(Chosen::Stepped);
        }
        self.choose(choice)
    }

    /// A branch that ends where the reader stands, and shows it.
    ///
    /// # Errors
    /// Where there is no room for another branch.
    pub fn fork_here(&mut self, name: &str) -> Result<BranchId, BranchError> {
        let branch = self.current();
        let origin = Origin { branch: branch.id, step: branch.cursor };
        let run = branch.run.fork(branch.cursor);
        self.add(run, name, Some(origin))
    }

    /// Opens another run beside those that are open, and shows it at its end.
    ///
    /// # Errors
    /// Where there is no room for another branch.
    pub fn open(&mut self, run: Box<dyn Run>, name: &str) -> Result<BranchId, BranchError> {
        self.add(run, name, None)
    }

    fn add(&mut self, run: Box<dyn Run>, name: &str, origin: Option<Origin>) -> Result<BranchId, BranchError> {
        if self.open.len() >= MAX_BRANCHES {
            return Err(BranchError::TooMany);
        }
        let id = BranchId(self.next_id);
        self.next_id += 1;
        let (name, cursor) = (self.free_name(&clip(name)), run.steps());
        self.open.push(Branch { id, name, run, cursor, origin });
        self.shown = self.open.len() - 1;
        Ok(id)
    }

    /// `name`, or `name (2)` and so on where it is taken.
    fn free_name(&self, name: &str) -> String {
        let taken = |name: &str| self.open.iter().any(|branch| branch.name == name);
        if !taken(name) {
            return name.to_owned();
        }
        let mut number = 2_usize;
        loop {
            let suffix = format!(" ({number})");
            let head: String = name.chars().take(BRANCH_NAME_MAX - suffix.len()).collect();
            if !taken(&(head.clone() + &suffix)) {
                return head + &suffix;
            }
            number += 1;
        }
    }

    /// Shows another branch, where the reader left it.
    ///
    /// # Errors
    /// Where there is none of this id.
    pub fn switch(&mut self, id: BranchId) -> Result<(), BranchError> {
        self.shown = self.position(id)?;
        Ok(())
    }

    /// Gives a branch another name, cut to [`BRANCH_NAME_MAX`] characters.
    ///
    /// # Errors
    /// Where there is no such branch, or the name is blank.
    pub fn rename(&mut self, id: BranchId, name: &str) -> Result<(), BranchError> {
        let at = self.position(id)?;
        let name = clip(name);
        if name.is_empty() {
            return Err(BranchError::Nameless);
        }
        self.open[at].name = name;
        Ok(())
    }

    /// Closes a branch. Those that left it are then said to have left the one that it left itself. If it was shown, its neighbour is.
    ///
    /// # Errors
    /// Where there is no such branch, or it is the last.
    pub fn close(&mut self, id: BranchId) -> Result<(), BranchError> {
        let at = self.position(id)?;
        if self.open.len() == 1 {
            return Err(BranchError::Last);
        }
        let closed = self.open.remove(at);
        for origin in self.open.iter_mut().map(|branch| &mut branch.origin) {
            if let Some(left) = *origin
                && left.branch == id
            {
                *origin = closed.origin.map(|older| Origin { step: older.step.min(left.step), ..older });
            }
        }
        if self.shown > at || self.shown == self.open.len() {
            self.shown -= 1;
        }
        Ok(())
    }

    fn position(&self, id: BranchId) -> Result<usize, BranchError> {
        self.open.iter().position(|branch| branch.id == id).ok_or(BranchError::Unknown)
    }
}

fn clip(name: &str) -> String {
    let head: String = name.trim().chars().take(BRANCH_NAME_MAX).collect();
    head.trim_end().to_owned()
}

/// Whether two choices differ in nothing but how much time passes first: `c-p1` and `c-p1+10`.
pub fn same_act(one: &str, other: &str) -> bool {
    let act = |name: &str| name.split_once('+').map_or(name.len(), |(act, _)| act.len());
    one[..act(one)] == other[..act(other)]
}

/// How many choices two runs share from the start. It says nothing of scenario or parameters.
pub fn common_prefix(one: &dyn Run, other: &dyn Run) -> u32 {
    let shorter = one.steps().min(other.steps());
    (1..=shorter).find(|step| one.choice(*step) != other.choice(*step)).map_or(shorter, |parting| parting - 1)
}
