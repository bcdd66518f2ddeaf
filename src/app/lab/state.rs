//! The lab: the runs that the reader has open on one scenario's page, which of them is shown, and at which step.

use std::rc::Rc;

use crate::diagram::step_sentence;
use crate::engine::{Branch, BranchError, BranchId, Branches, Chosen, Event, MessageEnd, NodeId, Run, Trace};
use crate::scenarios::{About, Entry, Info, Values, Variant};

use super::super::library::Library;
use super::super::settings::Settings;
use super::super::signal::{Derived, Kept, State};
use super::super::text;

/// What a run is a run of.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The way of doing it.
    pub variant: &'static Variant,
    /// Parameters, complete.
    pub values: Values,
    /// Seed of the scheduler.
    pub seed: u64,
}

impl PartialEq for Spec {
    fn eq(&self, other: &Self) -> bool {
        self.variant.id == other.variant.id && self.values == other.values && self.seed == other.seed
    }
}

/// The branches of one spec.
struct Folder {
    spec: Spec,
    branches: Branches,
}

/// A branch as the page sees it, with the reader's place in it.
pub struct Here<'a> {
    /// What it is a run of.
    pub spec: &'a Spec,
    /// Its number, among those of its spec.
    pub id: BranchId,
    /// Name on its tab.
    pub name: &'a str,
    /// The run, whole.
    pub run: &'a dyn Run,
    /// The step that is shown.
    pub step: u32,
}

impl<'a> Here<'a> {
    fn of(spec: &'a Spec, branch: &'a Branch) -> Self {
        Here { spec, id: branch.id(), name: branch.name(), run: branch.run(), step: branch.cursor() }
    }

    /// The short name of a lifeline.
    pub fn lane_id(&self, node: NodeId) -> String {
        self.run.trace().lanes.get(node.index()).map_or_else(String::new, |lane| lane.id.clone())
    }
}

/// Which branch is shown, how long it is, and at which step: everything that a redraw depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct At {
    /// Which spec, in the order in which they were opened.
    pub folder: u32,
    /// Which of its branches.
    pub branch: BranchId,
    /// How many choices were taken.
    pub steps: u32,
    /// The step that is shown, from 0 to `steps`.
    pub step: u32,
    /// Raised when branches are opened, closed or renamed.
    pub set: u32,
    /// Whether anything is open yet.
    pub is_open: bool,
}

impl At {
    /// The branch, unmistakably.
    pub fn place(self) -> (u32, BranchId) {
        (self.folder, self.branch)
    }
}

/// What the inspector shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Selected {
    /// The lifeline on which the last event happened.
    Follow,
    /// A lifeline.
    Node(NodeId),
    /// A message, by its id.
    Message(u32),
}

/// The state of a scenario's page. `Copy`, from context.
#[derive(Clone, Copy)]
pub struct Lab {
    /// The scenario.
    pub entry: &'static dyn Entry,
    /// What the reader has set for themselves.
    pub settings: Settings,
    /// What there is to read.
    pub library: Library,
    folders: Kept<Vec<Folder>>,
    /// Where the reader is.
    pub at: State<At>,
    /// What the inspector shows.
    pub selected: State<Selected>,
    /// Something that went wrong, until the reader puts it away.
    pub notice: State<Option<String>>,
    /// The sentence for the screen reader.
    pub said: State<String>,
    /// Whether a packed link is being read.
    pub loading: State<bool>,
    /// Whether what is shown comes from the address, which then needs no new entry in the history.
    pub is_arriving: Kept<bool>,
    /// Whether the run plays by itself.
    pub playing: State<bool>,
    /// Events per second of autoplay, in tenths.
    pub speed: State<u32>,
}

impl Lab {
    /// A lab in which nothing is open yet.
    pub fn new(entry: &'static dyn Entry, settings: Settings, library: Library) -> Self {
        Lab {
            entry,
            settings,
            library,
            folders: Kept::new(Vec::new()),
            at: State::new(At { folder: 0, branch: BranchId(0), steps: 0, step: 0, set: 0, is_open: false }),
            selected: State::new(Selected::Follow),
            notice: State::new(None),
            said: State::new(String::new()),
            loading: State::new(false),
            is_arriving: Kept::new(false),
            playing: State::new(false),
            speed: State::new(10),
        }
    }

    /// What there is to read about the scenario, once it has arrived.
    pub fn about(self) -> Option<Rc<About>> {
        self.library.about(self.info())?.ok()
    }

    /// What the scenario declares.
    pub fn info(self) -> &'static Info {
        self.entry.info()
    }

    /// Opens a run under a new tab and shows it at `step`.
    pub fn open(self, spec: Spec, run: Box<dyn Run>, step: u32, name: &str) {
        let opened = self.folders.try_update_value(|folders| {
            let at = match folders.iter().position(|folder| folder.spec == spec) {
                Some(at) => {
                    folders[at].branches.open(run, name)?;
                    at
                }
                None => {
                    folders.push(Folder { spec, branches: Branches::new(run, name) });
                    folders.len() - 1
                }
            };
            folders[at].branches.go(step);
            Ok::<usize, BranchError>(at)
        });
        match opened {
            Some(Ok(folder)) => self.show(folder),
            Some(Err(error)) => self.notice.set(Some(error.to_string())),
            None => {}
        }
    }

    /// Brings `at` up to date with a folder.
    fn show(self, folder: usize) {
        let set = self.at.with_untracked(|at| at.set) + 1;
        let found = self.folders.with_value(|folders| {
            folders.get(folder).map(|found| {
                let branch = found.branches.current();
                let (steps, step) = (branch.run().steps(), branch.cursor());
                At { folder: folder as u32, branch: branch.id(), steps, step, set, is_open: true }
            })
        });
        if let Some(at) = found {
            self.at.set(at);
        }
    }

    /// Reads the branch that is shown; `None` before one is opened. Tracks nothing.
    pub fn read<T>(self, read: impl FnOnce(Here<'_>) -> T) -> Option<T> {
        let at = self.at.get_untracked();
        self.folders.with_value(|folders| {
            let folder = folders.get(at.folder as usize)?;
            Some(read(Here::of(&folder.spec, folder.branches.current())))
        })
    }

    /// Reads the branch that was shown at some time, at the step of that time; `None` once it is closed. Tracks nothing.
    pub fn read_at<T>(self, at: At, read: impl FnOnce(Here<'_>) -> T) -> Option<T> {
        self.folders.try_with_value(|folders| {
            let folder = folders.get(at.folder as usize)?;
            let branch = folder.branches.all().iter().find(|branch| branch.id() == at.branch)?;
            Some(read(Here { step: at.step, ..Here::of(&folder.spec, branch) }))
        })?
    }

    /// Reads every branch of the spec that is shown. Tracks nothing.
    pub fn read_sisters<T>(self, read: impl Fn(Here<'_>) -> T) -> Vec<T> {
        let at = self.at.get_untracked();
        self.folders.with_value(|folders| {
            let folder = folders.get(at.folder as usize);
            folder.map_or_else(Vec::new, |folder| {
                folder.branches.all().iter().map(|branch| read(Here::of(&folder.spec, branch))).collect()
            })
        })
    }

    /// Reads every branch that is open. Tracks nothing.
    pub fn read_all<T>(self, read: impl Fn(Here<'_>) -> T) -> Vec<T> {
        self.folders.with_value(|folders| {
            let mut out = Vec::new();
            for Folder { spec, branches } in folders {
                out.extend(branches.all().iter().map(|branch| read(Here::of(spec, branch))));
            }
            out
        })
    }

    /// Changes the branches of the spec that is shown, brings `at` up to date, and tells the reader what is refused.
    fn change<T>(self, change: impl FnOnce(&mut Branches) -> Result<T, BranchError>) -> Result<Option<T>, BranchError> {
        let folder = self.at.with_untracked(|at| at.folder) as usize;
        let changed = self
            .folders
            .try_update_value(|folders| folders.get_mut(folder).map(|folder| change(&mut folder.branches)))
            .flatten()
            .transpose()?;
        self.show(folder);
        Ok(changed)
    }

    fn change_or_tell<T>(self, change: impl FnOnce(&mut Branches) -> Result<T, BranchError>) {
        self.playing.set(false);
        if let Err(error) = self.change(change) {
            self.notice.set(Some(error.to_string()));
        }
    }

    /// A value derived from the branch that is shown; anew whenever it is told that the reader has moved.
    pub fn derive<T>(
        self,
        told: State<At>,
        default: T,
        derive: impl Fn(Here<'_>) -> T + Send + Sync + 'static,
    ) -> Derived<T>
    where
        T: Clone + PartialEq + Send + Sync + 'static,
    {
        Derived::new(move || {
            told.track();
            self.read(&derive).unwrap_or_else(|| default.clone())
        })
    }

    /// What the branch that is shown is a run of.
    pub fn spec(self) -> Option<Spec> {
        self.read(|here| here.spec.clone())
    }

    /// The choices of the branch that is shown, all of them.
    pub fn choices(self) -> Vec<String> {
        self.read(|here| choices_of(here.run)).unwrap_or_default()
    }

    /// Shows a step; past the end, the end.
    pub fn go(self, step: u32) {
        let folder = self.at.with_untracked(|at| at.folder) as usize;
        let step = self
            .folders
            .try_update_value(|folders| folders.get_mut(folder).map(|folder| folder.branches.go(step)))
            .flatten();
        if let Some(step) = step
            && self.at.with_untracked(|at| at.step != step)
        {
            self.at.update(|at| at.step = step);
        }
    }

    /// One step back.
    pub fn back(self) {
        self.go(self.at.with_untracked(|at| at.step.saturating_sub(1)));
    }

    /// One step forward: along the run, or at its end what the seeded scheduler would do. `false` where nothing is left to do.
    pub fn forward(self) -> bool {
        let at = self.at.get_untracked();
        if at.step < at.steps {
            self.go(at.step + 1);
            return true;
        }
        let next = self.read(|here| here.run.scheduled(at.step, here.spec.seed)).flatten();
        next.is_some_and(|choice| self.choose(&choice).is_ok())
    }

    /// Takes a choice at the step that is shown. In the midst of a run, another choice than the one that follows makes a branch, and the one that
    /// follows only moves on; nothing is ever cut off.
    ///
    /// # Errors
    /// Where the choice cannot be taken; everything is then unchanged.
    pub fn choose(self, choice: &str) -> Result<(), BranchError> {
        let folder = self.at.with_untracked(|at| at.folder) as usize;
        let chosen = self
            .folders
            .try_update_value(|folders| folders.get_mut(folder).map(|folder| folder.branches.choose_offered(choice)));
        match chosen.flatten().transpose()? {
            Some(Chosen::Forked(_)) => self.show(folder),
            Some(Chosen::Extended | Chosen::Stepped) => {
                let now = self.read(|here| (here.run.steps(), here.step));
                if let Some(now) = now {
                    self.at.update(|at| (at.steps, at.step) = now);
                }
            }
            None => {}
        }
        Ok(())
    }

    /// Takes a choice and tells the reader where that is refused.
    pub fn take(self, choice: &str) {
        self.playing.set(false);
        if let Err(error) = self.choose(choice) {
            self.notice.set(Some(error.to_string()));
        }
    }

    /// A branch of its own that ends at the step that is shown.
    pub fn branch_here(self) {
        let name = text::fork_name(self.at.with_untracked(|at| at.step));
        self.change_or_tell(|branches| branches.fork_here(&name));
    }

    /// A branch of its own with no choice taken yet.
    pub fn start_over(self) {
        if let Some(spec) = self.spec() {
            let run = self.entry.start(spec.variant, &spec.values, spec.seed);
            self.open(spec, run, 0, text::FRESH_NAME);
        }
    }

    /// Shows another branch of the same spec.
    pub fn show_branch(self, id: BranchId) {
        self.change_or_tell(|branches| branches.switch(id));
    }

    /// Gives the branch that is shown another name.
    pub fn rename(self, name: &str) {
        self.change_or_tell(|branches| branches.rename(branches.current().id(), name));
    }

    /// Closes a branch; the last one of its spec stays.
    pub fn close(self, id: BranchId) {
        self.change_or_tell(|branches| branches.close(id));
    }

    /// Shows the branch with exactly these choices; `false` where none is open.
    pub fn show_same(self, spec: &Spec, choices: &[String]) -> bool {
        let found = self.folders.try_update_value(|folders| {
            let at = folders.iter().position(|folder| folder.spec == *spec)?;
            let branches = &mut folders[at].branches;
            let same = |branch: &&Branch| {
                let run = branch.run();
                run.steps() as usize == choices.len()
                    && (1..).zip(choices).all(|(step, choice)| run.choice(step) == Some(choice))
            };
            let id = branches.all().iter().find(same)?.id();
            branches.switch(id).ok().map(|()| at)
        });
        let Some(Some(folder)) = found else { return false };
        self.show(folder);
        true
    }

    /// Shows the branches of a variant where the reader left them, whatever their parameters; `false` where none is open.
    pub fn show_variant(self, variant: &str) -> bool {
        let found = self.folders.with_value(|folders| folders.iter().rposition(|f| f.spec.variant.id == variant));
        if let Some(folder) = found {
            self.show(folder);
        }
        found.is_some()
    }

    /// Draws everything anew, for controls that show what was refused.
    pub fn redraw(self) {
        self.at.update(|at| at.set += 1);
    }

    /// The step of the next (or previous) event on a lifeline.
    pub fn step_on(self, node: NodeId, forward: bool) -> Option<u32> {
        let on_node = |event: &&Event| event.node == node;
        self.read(|here| {
            let events = &here.run.trace().events;
            if forward {
                events.iter().filter(on_node).map(|event| event.step).find(|step| *step > here.step)
            } else {
                events.iter().rev().filter(on_node).map(|event| event.step).find(|step| *step < here.step)
            }
        })
        .flatten()
    }

    /// The lifeline that the inspector shows.
    pub fn lifeline(self) -> NodeId {
        self.read(|here| lifeline(self.selected.get_untracked(), &here)).unwrap_or(NodeId(0))
    }

    /// Goes to the step that broke an invariant: the next after the step that is shown, or the first one.
    pub fn go_to_violation(self) -> bool {
        let found = self.read(|here| {
            let violations = &here.run.trace().violations;
            let next = violations.iter().find(|violation| violation.step > here.step);
            next.or(violations.first()).map(|violation| violation.step)
        });
        let Some(Some(step)) = found else { return false };
        self.playing.set(false);
        self.go(step);
        true
    }

    /// The short name of a lifeline.
    pub fn lane_id(self, node: NodeId) -> String {
        self.read(|here| here.lane_id(node)).unwrap_or_default()
    }

    /// What happened in a step, in one breath.
    pub fn sentences(self, step: u32) -> String {
        self.read(|here| step_sentence(here.run.trace(), step)).unwrap_or_default()
    }
}

/// All choices of a run.
pub fn choices_of(run: &dyn Run) -> Vec<String> {
    (1..=run.steps()).filter_map(|step| run.choice(step).map(str::to_owned)).collect()
}

/// Rows of the events that a step caused.
pub fn rows_of(trace: &Trace, step: u32) -> std::ops::Range<usize> {
    let first = if step == 0 { 0 } else { trace.rows_at_step(step - 1) };
    (first as usize)..(trace.rows_at_step(step) as usize)
}

/// The lifeline that a selection means in a branch.
pub fn lifeline(selected: Selected, here: &Here<'_>) -> NodeId {
    let trace = here.run.trace();
    let last_row = trace.rows_at_step(here.step) as usize;
    let latest = || trace.events[..last_row].last().map_or(NodeId(0), |event| event.node);
    match selected {
        Selected::Follow => latest(),
        Selected::Node(node) if node.index() < trace.lanes.len() => node,
        Selected::Message(id) => trace.messages.get(id as usize).map_or_else(latest, |message| match message.end {
            MessageEnd::Delivered { .. } => message.to,
            _ => message.from,
        }),
        Selected::Node(_) => latest(),
    }
}
