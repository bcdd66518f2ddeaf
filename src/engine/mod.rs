//! Worlds, networks, clocks, faults, choices, history, replay. Knows no protocol.
//!
//! Reading order: [`Protocol`] is what a scenario tells the engine; [`World`] is everything there is at one moment; [`Choice`] is what may happen
//! next; [`World::apply`] is a step; [`Recorded`] is a run with its [`Trace`]; [`Run`] is its object-safe face.
//! [`Ground`] is a world as those parts see it that are compiled once for all protocols.
mod beside;
mod branches;
mod choice;
mod clock;
mod cx;
mod disk;
mod enabled;
mod exhibit;
mod ground;
mod hash;
mod key;
mod menu;
mod network;
mod protocol;
mod recorded;
mod recorder;
mod refusal;
mod run;
mod schedule;
mod sorting;
mod space;
mod stakes;
mod step;
mod trace;
mod view;
mod ways;
mod world;

pub use beside::{Alignment, Followed, Pair, Parting, PartingKind, RUN_OUT_MAX, Skipped, align, follow_in, run_out};
pub use branches::{
    BRANCH_NAME_MAX, Branch, BranchError, BranchId, Branches, Chosen, MAX_BRANCHES, Origin, common_prefix, same_act,
};
pub use choice::{Act, CHOICE_TEXT_MAX, Choice, WAIT_MAX_MS};
pub use clock::{Clock, END_OF_TIME_MS, JUMP_MAX_MS, RATE_MAX_PERMILLE, RATE_MIN_PERMILLE};
pub use cx::Cx;
pub use disk::Disk;
pub use exhibit::{Cell, Exhibit, Graph, GraphEdge, GraphNode, Plan, PlanStep, Stage, StepMark, Table};
pub use ground::{Envelope, Ground};
pub use hash::{Aside, KeyHasher, StableHasher, stable_hash};
pub use key::Relabel;
pub use network::{InFlight, MAX_IN_FLIGHT, MAX_PARTITIONS, Network};
pub use protocol::{
    Breach, Channel, Data, Exposure, Goal, Input, Invariant, Look, MAX_NODES, Progress, Protocol, Timing,
};
pub use recorded::{Recorded, Texts};
pub use recorder::Recorder;
pub use refusal::Refusal;
pub use run::{ChoiceError, MAX_STEPS, Run};
pub use schedule::{Draws, Latency, generator};
pub use sorting::{sort, sort_by, sort_stably_by};
pub use space::{Bounds, Move, MoveKind, Space, Spot, Standing};
pub use stakes::{Heed, Stakes};
pub use trace::*;
pub use view::*;
pub use world::{Slot, Spent, World};
