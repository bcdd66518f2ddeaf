//! `make bench`: Interleave's search beside Stateright's, one thread each, on the very same states and steps. Prints one
//! round as JSON; `tests/browser/bench-search.mjs` takes several, turn about with the Wasm in Chromium, and holds the medians to the bars.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use stateright::{Checker, Model, Property};
use two_phase_wasm::two_phase::{Action, State};
use two_phase_wasm::{COUNTS, explore};

/// Bytes to begin counting at, so that what is freed of what was there before does not make the count negative.
const SLACK: usize = 1 << 20;

/// The system's allocator, counting what lives, where that is asked for: counting takes time, and who asks for memory more often more of it.
struct Counting;

static IS_COUNTING: AtomicBool = AtomicBool::new(false);
static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if IS_COUNTING.load(Ordering::Relaxed) {
            let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
            PEAK.fetch_max(live, Ordering::Relaxed);
        }
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if IS_COUNTING.load(Ordering::Relaxed) {
            LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        }
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The same model, behind Stateright's trait.
struct TwoPhase;

impl Model for TwoPhase {
    type State = State<7>;
    type Action = Action;

    fn init_states(&self) -> Vec<State<7>> {
        vec![State::INIT]
    }

    fn actions(&self, state: &State<7>, actions: &mut Vec<Action>) {
        state.actions(&mut |action| actions.push(action));
    }

    fn next_state(&self, state: &State<7>, action: Action) -> Option<State<7>> {
        Some(state.after(action))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("consistent", |_, state: &State<7>| state.is_consistent())]
    }
}

fn ours() {
    let figures = explore();
    assert_eq!((figures.states, figures.transitions + 1), COUNTS);
}

fn theirs() {
    let checker = TwoPhase.checker().threads(1).spawn_bfs().join();
    assert_eq!((checker.unique_state_count() as u32, checker.state_count() as u64), COUNTS);
}

/// Seconds that it takes.
fn seconds(run: fn()) -> f64 {
    let begin = Instant::now();
    run();
    begin.elapsed().as_secs_f64()
}

/// The most bytes that live while it runs, for each state.
fn bytes_per_state(run: fn()) -> f64 {
    LIVE.store(SLACK, Ordering::Relaxed);
    PEAK.store(SLACK, Ordering::Relaxed);
    IS_COUNTING.store(true, Ordering::Relaxed);
    run();
    IS_COUNTING.store(false, Ordering::Relaxed);
    (PEAK.load(Ordering::Relaxed) - SLACK) as f64 / f64::from(COUNTS.0)
}

fn main() {
    // Once for nothing, so that neither is the one that first asks the system for memory.
    (ours(), theirs());
    let (our_seconds, their_seconds) = (seconds(ours), seconds(theirs));
    let (our_bytes, their_bytes) = (bytes_per_state(ours), bytes_per_state(theirs));
    println!(
        r#"{{"states":{},"ours":{{"seconds":{our_seconds},"bytes":{our_bytes}}},"stateright":{{"seconds":{their_seconds},"bytes":{their_bytes}}}}}"#,
        COUNTS.0
    );
}
