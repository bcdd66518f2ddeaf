//! Interleave: a lab for distributed concurrency control. The reader is the scheduler and the adversary; every guarantee is checked at each step.
//!
//! # From above
//!
//! A *protocol* is a set of pure state machines. The *world* is one value: nodes, clocks, timers, messages in flight, partitions. Whatever may happen
//! next is a *choice* with a name (`c-p1`: the oldest message from c to p1 arrives), and a *step* is a pure function of (world, choice). A *run* is
//! scenario, variant, parameters, seed and choices, and nothing else: that is the link, the test, the counterexample and the transcript at once, natively
//! and in Wasm alike. Going back is replaying from the nearest checkpoint.
//!
//! While a run grows, a recorder writes down what happened as a [`engine::Trace`]: plain data with a sentence for every event. From there on nothing
//! knows the protocol any more: the [`diagram`] lays the trace out and draws it, the page and the command line show it.
//!
//! # Rooms
//!
//! Arrows point down only; everything but `app` builds natively, without a browser and without Leptos.
//!
//! | room | what is in it |
//! | --- | --- |
//! | `app` (Wasm only) | the page: frame, router, the lab and its parts, keyboard, page API, embedding, and the worker of the search. `app/browser.rs` alone does I/O |
//! | `cli` (native only) | `interleave list`, `run`, `replay`, `explore` |
//! | [`explore`] | the search: [`explore::Model`] is what can be searched, [`explore::Search`] searches it, [`explore::Question`] is what a reader asks |
//! | [`diagram`] | [`diagram::layout`]: trace to [`diagram::Scene`], which the page and the SVG export draw alike; Mermaid, PlantUML, transcript |
//! | [`scenarios`] | the catalogue, what a scenario declares ([`scenarios::Info`]), run strings and links ([`scenarios::run_string`]), and a folder or file for each scenario |
//! | [`servers`] | simulated infrastructure, each mirroring a real system: [`servers::sql`] is PostgreSQL 15, MariaDB 10.11's InnoDB and textbook two-phase locking with their sessions, locks and isolation levels, and the isolation tester's file format; [`servers::redis`] is Redis 7.0; [`servers::zookeeper`], [`servers::etcd`] and [`servers::consul`] are what a lock needs of ZooKeeper 3.8, etcd 3.4 and Consul; [`servers::broker`] is RabbitMQ's queue and Kafka's log |
//! | [`engine`] | [`engine::World`], [`engine::Choice`], clocks, network, faults, recording, replay, branches. Knows no protocol |
//!
//! # What a step does to the page
//!
//! The page has one position, `app::lab::state::At`: which branch, which step. Whatever moves (a choice, a key, the scrub, Back) sets it, and every
//! *part* of the page is an effect that follows it: a pure function from the lab to markup (`maud`), which is parsed and merged into what stands
//! (`app/patch.rs`), so that what has not changed keeps its focus, its folding and its layout. Leptos gives the reactive ground under that; its views are
//! not used for what a step redraws, since each brings its own code (as views, the same parts made the Wasm a quarter larger). What the
//! reader does is heard on the window and told apart by `data-act` (`app/lab/acts.rs`).
//!
//! The diagram lays out the window that is looked at ([`diagram::layout_within`]) and touches in the document only what looks different: what has moved
//! or grown keeps its element.
//!
//! The first frame after a step shows the drawing, the transport and the verdicts. The panel of choices follows in the frame after that (`Bench::offered`):
//! keys, presses on the drawing and the page API ask the run itself, and a press on what the panel shows first brings it up to date
//! (`Bench::caught_up`), so that none can take what was offered before. What no step should wait for follows in an idle moment: the inspector and the
//! announcements once the reader has rested for 60 ms, and every 400 ms while steps go on; what stands below the bench after 120 ms, and every two
//! seconds; the address after 350 ms (`app/rest.rs`).
//!
//! # What the search does
//!
//! Every way on from a world is tried: what happens by itself, crashes between two effects, faults within a budget, repairs. The engine hides the protocol
//! behind [`engine::Space`], so that the same code searches every scenario and a new one costs nothing. States are known by a 64-bit fingerprint
//! ([`engine::World::key`]) with all times relative to now; where no crash can tell them apart any more, interchangeable nodes
//! ([`engine::Protocol::interchangeable`]) count as one another. Sleep sets leave out steps that only change the order of others; a move says of itself
//! with which others it may change places ([`engine::Move`]), and a test tries whether that is so.
//!
//! Most of what makes states many has no consequence: a vote that is late, what is still to be acknowledged by one that has decided, what the client
//! hears where only invariants are asked about. A protocol says what of a world still matters ([`engine::Protocol::essence`]), and worlds of one essence
//! count as one: of basic two-phase commit with a crash, 4,851,642 states become 81,094. A test holds that to being a bisimulation, on every world of
//! small instances and at random on all.
//!
//! Delays are free (a message may be later than any timer), and that makes most of the rest. A budget therefore may have, beside faults, *how often a timer
//! may beat a message that could arrive* and matter ([`engine::Bounds::delays`]); without it, as often as it likes.
//!
//! Whether a goal is *out of reach* is not taken from what a scenario says: the explored states are a graph, and from those that are stuck nothing which
//! happens by itself leads to the goal ([`explore::Stuck`]). What scenarios call blocked is tested against that.
//!
//! In the page it runs in a worker (`app/worker.rs`), which boots the very Wasm that the page has compiled, in slices, so that it can be told to stop;
//! the page's side (`app/searcher.rs`) replaces a worker that dies. They talk in [`explore::message`], versioned text of which neither takes anything on
//! trust. Where there are few states, [`explore::Map`] lays them all out.
//!
//! # Parts of the page
//!
//! The scenarios are spread over parts ([`scenarios::Part`]), each a Wasm of its own with the whole page in it (`src/main.rs`, `src/bin/`): commit
//! protocols and the home page, locks, what plays on databases, services. `public/boot.js` takes the part that the address asks for; where the reader goes to
//! another, the page is loaded anew. Natively, everything is one program. In a part, the catalogue holds for a scenario of another what the home page
//! says of it ([`scenarios::Elsewhere`]); the compiler drops the rest.
//!
//! Sagas, brokers and whatever else spans services ([`scenarios::services`]) is played by programs: a text says who plays, what each member does on what it
//! hears, step by step, and what must hold of the tables. The page shows the lines of the programs with the threads that are at them, so that what the
//! reader sees is what runs. What a service does between two waits is one step; a crash may fall between any two of its writes and messages. Where there
//! are many lifelines, groups of them can be folded, hidden and moved ([`diagram::arrange`]): that rewrites the trace, and the layout knows nothing of it.
//!
//! What there is only to read about a scenario (story, famous runs, challenges, sources) stands in `texts/en/SCENARIO.md` ([`scenarios::About`]) and not in
//! the Wasm: the page fetches it when it is shown (`app/library.rs`), since all of it together would outweigh the models.
//!
//! `docs/explored.tsv` is what the search finds in every variant; a test regenerates it, and the page about fidelity shows it. `docs/beyond.tsv` is what
//! breaks a variant that is right beyond its budget; random walks without a budget must break nothing else (`tests/beyond.rs`).
//!
//! # How to add a scenario
//!
//! Implement [`engine::Protocol`] for its parameters, declare an [`scenarios::Info`], implement [`scenarios::Entry`], and add one line to the catalogue in
//! `scenarios/mod.rs`, and its name to its part in `public/boot.js` (a test asks for it). Its page, its links, its place in the command line, in the
//! search and in the engine's property tests follow; a test asks for a row of each variant in `docs/explored.tsv`.
//! `scenarios/two_phase_commit` is the example to read. One that is about services needs no protocol of its own: a text beside it, as
//! `scenarios/services/idempotency.play`, is the whole of it.
//!
//! # What holds everywhere
//!
//! - *Nondeterminism is a choice.* No node sees a random number, a wall clock, or an order that the engine did not give it. A node that needs a random
//!   answer offers one step for each.
//! - *A crash may fall between any two effects.* A handler acts on the world only through [`engine::Cx`]; sends and durable writes are counted, and a
//!   choice may say behind which of them the node crashes. Durable state stands in an [`engine::Disk`], which nothing else can change.
//! - *Equal situations are equal values.* Messages of an unordered channel are kept in canonical order, their ids take no part in `Eq` and `Hash`
//!   ([`engine::Aside`]), and one fixed hash ([`engine::StableHasher`]) gives the same fingerprint on every target. No `usize` is hashed as such.
//! - *What need not know a protocol is compiled once,* behind [`engine::Ground`], and not once for every scenario: the page is downloaded. Code that is
//!   generic over a protocol stays thin, and sorts by [`engine::sort`].
//! - *One authority on what may happen:* [`engine::World::refuses`]. The menu, replay and the scheduler ask it; its reason is what the reader sees.
//! - *Everything that can grow has a named limit*: [`engine::MAX_STEPS`], [`engine::MAX_IN_FLIGHT`], [`engine::MAX_PARTITIONS`], lengths of links.
//! - *Input is parsed once, into checked types; nothing that comes in may panic.* Errors are values and name what is at fault.
//! - *The search runs without a recorder*, so nothing that is only for the reader costs it anything: reasons and notes are closures.

#[cfg(target_arch = "wasm32")]
pub mod app;
#[cfg(not(target_arch = "wasm32"))]
pub mod cli;
pub mod diagram;
pub mod engine;
pub mod explore;
pub mod scenarios;
pub mod servers;
