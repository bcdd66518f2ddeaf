//! The lab: the runs that the reader has open on one scenario's page, which of them is shown, and at which step.

use leptos::prelude::*;

use crate::engine::{ChoiceError, ChoiceView, Event, Figure, MessageEnd, NodeId, NodeView, Run, Trace, Verdict};
use crate::scenarios::{Entry, Info, Values, Variant};

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

/// A run that the reader has open, under a name.
pub struct Branch {
    /// Never used twice on a page.
    pub id: u32,
    /// Name on its tab.
    pub name: String,
    /// What it is a run of.
    pub spec: Spec,
    /// The run.
    pub run: Box<dyn Run>,
    /// The step that is shown.
    pub step: u32,
}

/// Which branch is shown, how long it is, and at which step: everything that a redraw depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct At {
    /// [`Branch::id`].
    pub branch: u32,
    /// How many choices were taken.
    pub steps: u32,
    /// The step that is shown, from 0 to `steps`.
    pub step: u32,
    /// Raised when branches are opened, closed or renamed.
    pub set: u32,
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
    branches: StoredValue<Vec<Branch>, LocalStorage>,
    next_id: StoredValue<u32>,
    /// Where the reader is.
    pub at: RwSignal<At>,
    /// What the inspector shows.
    pub selected: RwSignal<Selected>,
    /// Something that went wrong, until the reader puts it away.
    pub notice: RwSignal<Option<String>>,
    /// The sentence for the screen reader.
    pub said: RwSignal<String>,
    /// Whether the run plays by itself.
    pub playing: RwSignal<bool>,
    /// Events per second of autoplay, in tenths.
    pub speed: RwSignal<u32>,
}

/// Why a branch is opened, for its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The variant's opening run.
    Opening,
    /// A link.
    Link,
    /// A named run.
    Moment(&'static str),
    /// Another choice at a step of another branch.
    Fork(u32),
    /// From the start.
    Fresh,
}

impl Lab {
    /// A lab with one branch: the first variant at its start, until something is opened.
    pub fn new(entry: &'static dyn Entry) -> Self {
        Lab {
            entry,
            branches: StoredValue::new_local(Vec::new()),
            next_id: StoredValue::new(1),
            at: RwSignal::new(At { branch: 0, steps: 0, step: 0, set: 0 }),
            selected: RwSignal::new(Selected::Follow),
            notice: RwSignal::new(None),
            said: RwSignal::new(String::new()),
            playing: RwSignal::new(false),
            speed: RwSignal::new(10),
        }
    }

    /// What the scenario declares.
    pub fn info(self) -> &'static Info {
        self.entry.info()
    }

    /// Opens a run under a new tab and shows it.
    pub fn open(self, spec: Spec, run: Box<dyn Run>, step: u32, origin: &Origin) -> u32 {
        let id = self.next_id.get_value();
        self.next_id.set_value(id + 1);
        let name = self.free_name(&spec, &text::branch_name(origin));
        let step = step.min(run.steps());
        self.branches.update_value(|branches| branches.push(Branch { id, name, spec, run, step }));
        self.show(id);
        id
    }

    /// `name`, or `name 2` where it is taken within the same spec.
    fn free_name(self, spec: &Spec, name: &str) -> String {
        self.branches.with_value(|branches| {
            let taken = |name: &str| branches.iter().any(|branch| branch.spec == *spec && branch.name == name);
            if !taken(name) {
                return name.to_owned();
            }
            let numbered = |number: u32| format!("{name} {number}");
            // One of as many names as there are branches, and one more, is free.
            (2..).map(numbered).find(|name| !taken(name)).unwrap_or_default()
        })
    }

    /// Brings `at` up to date with the branch of this id.
    fn show(self, id: u32) {
        let set = self.at.with_untracked(|at| at.set) + 1;
        let found = self.branches.with_value(|branches| {
            branches.iter().find(|branch| branch.id == id).map(|branch| At {
                branch: id,
                steps: branch.run.steps(),
                step: branch.step,
                set,
            })
        });
        if let Some(at) = found {
            self.at.set(at);
        }
    }

    /// Reads the branch that is shown; `None` before one is opened. Tracks nothing.
    pub fn read<T>(self, read: impl FnOnce(&Branch) -> T) -> Option<T> {
        let id = self.at.with_untracked(|at| at.branch);
        self.branches.with_value(|branches| branches.iter().find(|branch| branch.id == id).map(read))
    }

    /// Reads all branches. Tracks nothing.
    pub fn read_all<T>(self, read: impl FnOnce(&[Branch]) -> T) -> T {
        self.branches.with_value(|branches| read(branches))
    }

    fn write<T>(self, write: impl FnOnce(&mut Branch) -> T) -> Option<T> {
        let id = self.at.with_untracked(|at| at.branch);
        self.branches
            .try_update_value(|branches| branches.iter_mut().find(|branch| branch.id == id).map(write))
            .flatten()
    }

    /// A value derived from the branch that is shown; anew whenever the reader moves.
    pub fn derive<T>(self, default: T, derive: impl Fn(&Branch) -> T + Send + Sync + 'static) -> Memo<T>
    where
        T: Clone + PartialEq + Send + Sync + 'static,
    {
        Memo::new(move |_| {
            self.at.track();
            self.read(&derive).unwrap_or_else(|| default.clone())
        })
    }

    /// What the branch that is shown is a run of.
    pub fn spec(self) -> Option<Spec> {
        self.read(|branch| branch.spec.clone())
    }

    /// The choices of the branch that is shown, up to `step` or the end.
    pub fn choices_to(self, step: u32) -> Vec<String> {
        self.read(|branch| {
            (1..=step.min(branch.run.steps())).filter_map(|step| branch.run.choice(step).map(str::to_owned)).collect()
        })
        .unwrap_or_default()
    }

    /// Shows a step; past the end, the end.
    pub fn go(self, step: u32) {
        let step = self.write(|branch| {
            branch.step = step.min(branch.run.steps());
            branch.step
        });
        if let Some(step) = step {
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
        let next = self.read(|branch| branch.run.scheduled(at.step, branch.spec.seed)).flatten();
        next.is_some_and(|choice| self.choose(&choice).is_ok())
    }

    /// Takes a choice at the step that is shown. In the midst of a run, another choice than the one that follows makes a branch, and the one that
    /// follows only moves on; nothing is ever cut off.
    ///
    /// # Errors
    /// Where the choice cannot be taken; everything is then unchanged.
    pub fn choose(self, choice: &str) -> Result<(), ChoiceError> {
        let at = self.at.get_untracked();
        if at.step < at.steps {
            let follows = self.read(|branch| branch.run.choice(at.step + 1).is_some_and(|next| same_act(next, choice)));
            if follows == Some(true) {
                self.go(at.step + 1);
                return Ok(());
            }
            let forked = self.read(|branch| (branch.spec.clone(), branch.run.fork(at.step)));
            let Some((spec, mut run)) = forked else { return Ok(()) };
            run.push(choice)?;
            self.open(spec, run, at.step + 1, &Origin::Fork(at.step));
            return Ok(());
        }
        let steps = self.write(|branch| {
            branch.run.push(choice)?;
            branch.step = branch.run.steps();
            Ok(branch.step)
        });
        if let Some(steps) = steps.transpose()? {
            self.at.update(|at| (at.steps, at.step) = (steps, steps));
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
        let step = self.at.with_untracked(|at| at.step);
        if let Some((spec, run)) = self.read(|branch| (branch.spec.clone(), branch.run.fork(step))) {
            self.open(spec, run, step, &Origin::Fork(step));
        }
    }

    /// A branch of its own with no choice taken yet.
    pub fn start_over(self) {
        if let Some(spec) = self.spec() {
            let run = self.entry.start(spec.variant, &spec.values, spec.seed);
            self.open(spec, run, 0, &Origin::Fresh);
        }
    }

    /// Shows another branch.
    pub fn show_branch(self, id: u32) {
        self.playing.set(false);
        self.show(id);
    }

    /// The branch with exactly these choices, if it is open.
    pub fn find(self, spec: &Spec, choices: &[String]) -> Option<u32> {
        self.branches.with_value(|branches| {
            let same = |branch: &&Branch| {
                branch.spec == *spec
                    && branch.run.steps() as usize == choices.len()
                    && (1..).zip(choices).all(|(step, choice)| branch.run.choice(step) == Some(choice))
            };
            branches.iter().find(same).map(|branch| branch.id)
        })
    }

    /// The branch of a spec that was opened last.
    pub fn latest(self, spec: &Spec) -> Option<u32> {
        self.branches
            .with_value(|branches| branches.iter().rfind(|branch| branch.spec == *spec).map(|branch| branch.id))
    }

    /// Draws everything anew, for controls that show what was refused.
    pub fn redraw(self) {
        self.at.update(|at| at.set += 1);
    }

    /// Gives the branch that is shown another name; an empty one changes nothing.
    pub fn rename(self, name: &str) {
        let name: String = name.trim().chars().take(40).collect();
        if name.is_empty() {
            return;
        }
        self.write(|branch| branch.name = name);
        self.at.update(|at| at.set += 1);
    }

    /// Closes a branch; the last one of its spec stays.
    pub fn close(self, id: u32) {
        let next = self
            .branches
            .try_update_value(|branches| {
                let at = branches.iter().position(|branch| branch.id == id)?;
                let spec = branches[at].spec.clone();
                let sister = branches.iter().rposition(|branch| branch.spec == spec && branch.id != id)?;
                let next = branches[sister].id;
                branches.remove(at);
                Some(next)
            })
            .flatten();
        match next {
            Some(next) if self.at.with_untracked(|at| at.branch) == id => self.show(next),
            Some(_) => self.at.update(|at| at.set += 1),
            None => {}
        }
    }

    /// The step of the next (or previous) event on a lifeline.
    pub fn step_on(self, node: NodeId, forward: bool) -> Option<u32> {
        let at = self.at.get_untracked();
        let here = |event: &&Event| event.node == node;
        self.read(|branch| {
            let events = &branch.run.trace().events;
            if forward {
                events.iter().filter(here).map(|event| event.step).find(|step| *step > at.step)
            } else {
                events.iter().rev().filter(here).map(|event| event.step).find(|step| *step < at.step)
            }
        })
        .flatten()
    }

    /// The lifeline that the inspector shows.
    pub fn lifeline(self) -> NodeId {
        self.read(|branch| lifeline(self.selected.get_untracked(), branch)).unwrap_or(NodeId(0))
    }

    /// Goes to the step that broke an invariant: the first one, or the next after the step that is shown.
    pub fn go_to_violation(self) -> bool {
        let step = self.at.with_untracked(|at| at.step);
        let found = self.read(|branch| {
            let violations = &branch.run.trace().violations;
            let next = violations.iter().find(|violation| violation.step > step);
            next.or(violations.first()).map(|violation| violation.step)
        });
        let Some(Some(step)) = found else { return false };
        self.playing.set(false);
        self.go(step);
        true
    }

    /// The sentences of the events of a step.
    pub fn sentences(self, step: u32) -> String {
        self.read(|branch| {
            let trace = branch.run.trace();
            rows_of(trace, step).map(|row| trace.events[row].sentence.as_str()).collect::<Vec<_>>().join(" ")
        })
        .unwrap_or_default()
    }
}

/// Rows of the events that a step caused.
pub fn rows_of(trace: &Trace, step: u32) -> std::ops::Range<usize> {
    let first = if step == 0 { 0 } else { trace.rows_at_step(step - 1) };
    (first as usize)..(trace.rows_at_step(step) as usize)
}

/// Whether two names mean the same act, whatever the time that passes before it.
fn same_act(one: &str, other: &str) -> bool {
    let act = |name: &str| name.split_once('+').map_or(name.to_owned(), |(act, _)| act.to_owned());
    act(one) == act(other)
}

/// The lifeline that a selection means in a branch.
pub fn lifeline(selected: Selected, branch: &Branch) -> NodeId {
    let trace = branch.run.trace();
    let last_row = trace.rows_at_step(branch.step) as usize;
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

/// What most panels show, derived once per step. `Copy`, from context.
#[derive(Clone, Copy)]
pub struct Sight {
    /// What may happen next.
    pub choices: Memo<Vec<ChoiceView>>,
    /// Lifelines.
    pub nodes: Memo<Vec<NodeView>>,
    /// Invariants and goals.
    pub verdicts: Memo<Vec<Verdict>>,
    /// Counts.
    pub figures: Memo<Vec<Figure>>,
    /// Faults spent.
    pub spent: Memo<Vec<(&'static str, u32)>>,
    /// Titles of the lifelines: (short, long).
    pub lanes: Memo<Vec<(String, String)>>,
    /// What the seeded scheduler would do next.
    pub next: Memo<Option<String>>,
}

impl Sight {
    /// Derives everything from the lab.
    pub fn of(lab: Lab) -> Self {
        Sight {
            choices: lab.derive(Vec::new(), |branch| branch.run.choices(branch.step)),
            nodes: lab.derive(Vec::new(), |branch| branch.run.nodes(branch.step)),
            verdicts: lab.derive(Vec::new(), |branch| branch.run.verdicts(branch.step)),
            figures: lab.derive(Vec::new(), |branch| branch.run.figures(branch.step)),
            spent: lab.derive(Vec::new(), |branch| branch.run.spent(branch.step)),
            lanes: lab.derive(Vec::new(), |branch| {
                branch.run.trace().lanes.iter().map(|lane| (lane.id.clone(), lane.title.clone())).collect()
            }),
            next: lab.derive(None, |branch| {
                if branch.step < branch.run.steps() {
                    return branch.run.choice(branch.step + 1).map(str::to_owned);
                }
                branch.run.scheduled(branch.step, branch.spec.seed)
            }),
        }
    }

    /// The short name of a lifeline.
    pub fn id(self, node: NodeId) -> String {
        self.lanes.with(|lanes| lanes.get(node.index()).map_or_else(String::new, |(id, _)| id.clone()))
    }
}
