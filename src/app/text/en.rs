//! English.

use crate::engine::{ChoiceGroup, LossCause};

use super::super::lab::exports::Format;

pub const SITE: &str = "Interleave";
pub const SITE_TITLE: &str = "Interleave: a lab for distributed concurrency control";
pub const SKIP: &str = "Skip to the content";
pub const MAIN_NAVIGATION: &str = "Main";
pub const CATALOGUE: &str = "Scenarios";
pub const HELP: &str = "Keys";
pub const SETTINGS: &str = "Settings";
pub const THEME: &str = "Theme";
pub const LESS_MOTION: &str = "Less motion";
pub const SINGLE_KEYS: &str = "Single-key shortcuts";
pub const CLOSE: &str = "Close";
pub const SAVE: &str = "Save";
pub const SHARE: &str = "Share";
pub const FOOTER: &str = "Every run is computed in your browser and lives in its link. Nothing is sent anywhere.";
pub const OPEN_FULL: &str = "Open in the lab";

pub const HERO_TITLE: &str = "You decide what arrives first.";
pub const HERO_WORDS: &str = "Interleave runs real distributed protocols in your browser, one event at a time. You are the scheduler and the adversary: deliver, delay, drop, crash, and watch which promises still hold.";
pub const HERO_CALL: &str = "Break a two-phase commit";
pub const HERO_RUN: &str = "Split by impatience";
pub const HERO_TEXT: &str =
    "p2 voted yes, waited, and gave up, while the commit was on its way. c and p1 have committed.";
pub const HERO_CAPTION: &str = "A real run, not a drawing: open it, rewind it, do better.";
pub const HOW_TITLE: &str = "How it works";
pub const HOW_IT_WORKS: [(&str, &str); 3] = [
    (
        "Choose the next event",
        "Messages hang in the air until you let them arrive. Timers run down. Nodes crash where you say, even between two writes to a log.",
    ),
    (
        "See what broke, and why",
        "Every guarantee is checked after every event. When one breaks, the two events that contradict each other are named and linked.",
    ),
    (
        "Send the very moment",
        "A run is its list of choices, and the link holds them all. Whoever opens it stands exactly where you stood, and can go on from there.",
    ),
];

pub const FIDELITY: &str = "Fidelity";
pub const FIDELITY_TITLE: &str = "Fidelity: how far to trust the lab";
pub const FIDELITY_LEDE: &str =
    "A lab that is wrong teaches the wrong thing. This is what was checked, how far, and what the models leave out.";
pub const FIDELITY_WORDS_TITLE: &str = "How to read it";
pub const FIDELITY_BREAKS: &str = "Can it break?";
pub const FIDELITY_BLOCKS: &str = "Can it block?";
pub const VARIANT: &str = "Variant";
pub const BUDGET: &str = "What may go wrong";
pub const STATES: &str = "States";
pub const DEPTH: &str = "Deepest";
pub const RESULT: &str = "Result";
pub const ALL_HOLD: &str = "Every invariant holds in every reachable state.";
pub const NEVER_BLOCKS: &str = "Every goal stays within reach.";

/// What a run of the table shows.
pub fn shown_by(what: &str, is_block: bool) -> String {
    if is_block { format!("\u{201c}{what}\u{201d} blocks") } else { format!("{} breaks", what.to_ascii_uppercase()) }
}

pub const NOT_FOUND: &str = "No such page";
pub const NOT_FOUND_BACK: &str = "To the scenarios";

pub const CHOICES: &str = "What happens next?";
pub const HINT_AT_END: &str = "You are the scheduler. Choose here, or click a message in the diagram.";
pub const HINT_TO_BREAK: &str =
    "You are the scheduler. This variant can break: choose the event that does it, here or on the diagram.";
pub const NOTHING_HAPPENS: &str =
    "Nothing more can happen by itself. Go back a few steps and choose otherwise, or let a fault strike.";
pub const FOLLOWED: &str = "what followed";
pub const SCHEDULED: &str = "next by the clock";
pub const FAULTS: &str = "Faults";
pub const VERDICTS: &str = "Guarantees";
pub const REACHED: &str = "reached";
pub const HOLDS: &str = "holds";
pub const OPEN: &str = "open";
pub const BLOCKED: &str = "blocked";
pub const VIOLATED: &str = "violated";
pub const TABLES_MEASURED: &str = "Measured here, under the parameters of this page: three clients want each lock at the same moment, messages take what one seed draws, and the fault comes once the first of them works. Idle: how long somebody waited while nobody was inside. Next: when another was, counted from the fault.";
pub const FIGURES: &str = "What it costs";
pub const FIGURE_WHAT: &str = "Counted";
pub const FIGURE_HERE: &str = "So far";
pub const FIGURE_PUBLISHED: &str = "Published, without failures";
pub const INSPECTOR: &str = "Inspector";
pub const LIFELINES: &str = "Lifelines";
pub const FOLLOW: &str = "follow";
pub const FOLLOW_HELP: &str = "Show the lifeline on which the last event happened";
pub const RUNS: &str = "running";
pub const PAUSED: &str = "paused";
pub const DOWN: &str = "down";
pub const NEW_FIELD: &str = "new";
pub const NEW_RECORD: &str = "new";
pub const WAS: &str = "was ";
pub const LOG: &str = "Log on disk";
pub const TIMERS: &str = "Timers";
pub const NO_TIMER: &str = "none";
pub const CLOCK: &str = "Own clock";
pub const VECTOR_CLOCK: &str = "Vector clock";
pub const MESSAGE_DELIVERED: &str = "It arrived.";
pub const MESSAGE_IN_FLIGHT: &str = "It is in flight.";
pub const MESSAGE_IS_COPY: &str = "The network made this copy.";
pub const TRANSCRIPT: &str = "Transcript";
pub const TRANSCRIPT_HINT: &str = "The same run in words. Choose a line to go there.";
pub const BRANCHES: &str = "Branches";
pub const BRANCH_HERE: &str = "Branch here";
pub const BRANCH_HELP: &str = "Keep this run and go on from here in a new branch";
pub const START_OVER: &str = "Start over";
pub const START_OVER_HELP: &str = "A new branch from the very start";
pub const RENAME: &str = "Rename";
pub const BRANCH_NAME: &str = "Name of this branch";
pub const VARIANTS: &str = "Variant";
pub const BROKEN: &str = "can break";
pub const SOUND: &str = "holds";
pub const PARAMETERS: &str = "Parameters";
pub const SEED: &str = "Seed";
pub const SEED_HELP: &str = "Latencies of the scheduler are drawn from it.";
pub const NO_NODES: &str = "nobody";
pub const MOMENTS: &str = "Runs worth seeing";
pub const COMING: &str = "On its way\u{2026}";
pub const STORY: &str = "The story";
pub const LEFT_OUT: &str = "What this model leaves out";
pub const SOURCES: &str = "Sources";

pub const TRANSPORT: &str = "Move through the run";
pub const TO_START: &str = "To the start";
pub const STEP_BACK: &str = "One step back";
pub const STEP_FORWARD: &str = "One step forward";
pub const TO_END: &str = "To the end";
pub const PLAY: &str = "Play";
pub const PLAY_ON: &str = "Let the scheduler play on";
pub const PAUSE: &str = "Pause";
pub const SCRUB: &str = "Step";
pub const SPEED: &str = "Speed";
pub const ALONG_LIFELINE: &str = "Along one lifeline";
pub const TO_VIOLATION: &str = "To the violation";
pub const NO_VIOLATION: &str = "No guarantee is broken in this run.";

pub const HELP_TITLE: &str = "Keys";
pub const HELP_INTRO: &str = "They act while the focus is on the page and not in a field.";
pub const HELP_OFF: &str = "Single-key shortcuts can be switched off under Settings.";
/// Keys (parted by spaces) and what they do.
pub const KEYS: [(&str, &str); 13] = [
    ("Space", "play or pause"),
    ("← →", "one step back or forward; at the end, what the scheduler would do next"),
    ("Shift+← Shift+→", "previous or next event on the selected lifeline"),
    ("Home End", "to the start or the end"),
    ("1 … 9", "choose the event with that number"),
    ("[ ]", "slower or faster"),
    ("V", "to the violation"),
    ("B", "branch here"),
    ("R", "start over in a new branch"),
    ("X", "search every schedule for a violation"),
    ("S", "share this step"),
    ("?", "this sheet"),
    ("Esc", "close what is open"),
];

pub const CRASH_TITLE: &str = "Interleave made a mistake and had to stop";
pub const CRASH_WORDS: &str = "This is a bug in Interleave, not something you did. Your run is safe: it is in the address of this page. Open it again below; the words in the box help whoever mends the bug.";
pub const CRASH_LINK: &str = "Open this run again";

/// A theme by its name in links.
pub fn theme(name: &str) -> &'static str {
    match name {
        "light" => "Light",
        "dark" => "Dark",
        _ => "As the system",
    }
}

/// The title of a run.
pub fn run_title(scenario: &str, variant: &str) -> String {
    format!("{scenario}, {variant}")
}

/// The title of the page of a run.
pub fn page_title(scenario: &str, variant: &str) -> String {
    format!("{scenario}, {variant} · {SITE}")
}

pub fn not_found(what: &str) -> String {
    format!("There is nothing at “{what}”. The address may be mistyped, or come from another version of this site.")
}

pub fn variant_counts(all: usize, broken: usize) -> String {
    format!("{all} variants, {broken} of them can be broken")
}

pub const OPENING_NAME: &str = "Opening";
pub const LINK_NAME: &str = "From the link";
pub const FRESH_NAME: &str = "From the start";
pub const NOT_INFLATED: &str = "its packed part cannot be unpacked";

/// A text of this site that could not be had.
pub fn not_fetched(path: &str, why: &str) -> String {
    format!(
        "{path} could not be loaded ({why}). Check your connection and load the page again; what you have done here stays."
    )
}

pub fn fork_name(step: u32) -> String {
    format!("From step {step}")
}

pub fn hint_in_past(step: u32, steps: u32) -> String {
    format!(
        "You stand at step {step} of {steps}. Choose otherwise than before, and a new branch begins; this one stays."
    )
}

pub fn group(group: ChoiceGroup) -> &'static str {
    match group {
        ChoiceGroup::Step => "Someone acts",
        ChoiceGroup::Deliver => "A message arrives",
        ChoiceGroup::Timer => "Time runs to a timer",
        ChoiceGroup::Network => "The network misbehaves",
        ChoiceGroup::Node => "A node fails or comes back",
        ChoiceGroup::Clock => "A clock goes wrong",
    }
}

pub fn crash_midway(points: usize) -> String {
    if points == 1 { "… and crash midway".to_owned() } else { format!("… and crash midway ({points} places)") }
}

pub fn of_choice(label: &str) -> String {
    format!("of: {label}")
}

pub fn crash_point(label: &str) -> String {
    format!("Crash {label}")
}

pub fn not_now(reason: &str) -> String {
    format!("not now: {reason}")
}

pub fn spent(spent: &[(&'static str, u32)]) -> String {
    if spent.is_empty() {
        return "You are the adversary as well. None spent so far.".to_owned();
    }
    let parts: Vec<String> = spent.iter().map(|(verb, count)| format!("{verb} {count}")).collect();
    format!("Spent: {}", parts.join(", "))
}

pub fn no_choice(number: usize) -> String {
    format!("There is no choice {number} now.")
}

pub fn verdict_summary(broken: usize) -> String {
    match broken {
        0 => "All hold up to this step.".to_owned(),
        1 => "One is broken.".to_owned(),
        many => format!("{many} are broken."),
    }
}

pub fn go_to_step(step: u32) -> String {
    format!("Go to step {step}")
}

pub fn is_blocked(node: &str, on: &str, by: &[String]) -> String {
    if by.is_empty() { format!("{node} waits for {on}") } else { format!("{node} waits for {on} of {}", by.join(", ")) }
}

pub fn holds(what: &[String]) -> String {
    format!("Meanwhile it holds {}.", what.join(", "))
}

pub fn freed_by(what: &str) -> String {
    format!("What would free it: {what}")
}

pub fn timer(name: &str, due_ms: u64) -> String {
    format!("{name} at {due_ms} ms")
}

pub fn own_clock(local_ms: i64, offset_ms: i64, rate_permille: u32) -> String {
    let mut words = format!("{local_ms} ms");
    if offset_ms != 0 {
        words += &format!(", {offset_ms:+} ms off");
    }
    if rate_permille != 1000 {
        words += &format!(", runs at {}.{:03} of true speed", rate_permille / 1000, rate_permille % 1000);
    }
    words
}

pub fn route(from: &str, to: &str) -> String {
    format!("{from} → {to}")
}

pub fn sent_at(ms: u64) -> String {
    format!("Sent at {ms} ms.")
}

pub fn message_lost(cause: LossCause) -> String {
    let why = match cause {
        LossCause::Dropped => "the network dropped it",
        LossCause::ReceiverDown => "its receiver was down",
        LossCause::Partitioned => "a partition cut it off",
        LossCause::ConnectionBroken => "its connection broke",
    };
    format!("It is lost: {why}.")
}

pub fn milliseconds(ms: u64) -> String {
    format!("{ms} ms")
}

pub fn steps(steps: u32) -> String {
    if steps == 1 { "1 step".to_owned() } else { format!("{steps} steps") }
}

pub fn close_branch(name: &str) -> String {
    format!("Close the branch “{name}”")
}

pub fn with_key(label: &str, key: &str) -> String {
    format!("{label} ({key})")
}

pub fn step_of(step: u32, steps: u32) -> String {
    format!("Step {step} of {steps}")
}

pub fn virtual_time(ms: u64) -> String {
    format!("{ms} ms")
}

/// `tenths` of a step per second.
pub fn speed(tenths: u32) -> String {
    if tenths.is_multiple_of(10) { format!("{}/s", tenths / 10) } else { format!("{}.{}/s", tenths / 10, tenths % 10) }
}

pub fn previous_on(lane: &str) -> String {
    format!("Previous event of {lane}")
}

pub fn next_on(lane: &str) -> String {
    format!("Next event of {lane}")
}

pub fn bad_link(problem: &str) -> String {
    format!("This link could not be read: {problem}. Below is the scenario as it opens.")
}

pub fn stopped_at(problem: &str) -> String {
    format!("This link could not be replayed to its end: {problem}. What stands up to there is yours to go on with.")
}

pub fn bad_seed(seed: &str) -> String {
    let seed: String = seed.chars().take(40).collect();
    format!("“{seed}” is no seed: it is a whole number from 0 to 4294967295.")
}

pub fn said(step: u32, steps: u32, sentences: &str) -> String {
    if step == 0 { "At the start.".to_owned() } else { format!("{}. {sentences}", step_of(step, steps)) }
}

pub fn cannot(what: &str, why: &str) -> String {
    format!("Not now: “{what}”, because {why}.")
}

pub const SHARE_TITLE: &str = "Share this run";
pub const SHARE_LINK: &str = "Link to this step";
pub const SHARE_FRAME: &str = "Frame for a page of yours";
pub const SHARE_FROM_START: &str = "Open it at the start instead";
pub const EXPORTS: &str = "Other forms";
pub const COPY: &str = "Copy";
pub const COPIED: &str = "Copied.";
pub const COPY_BY_HAND: &str = "The browser refuses the clipboard. The text is selected: copy it with the keyboard.";
pub const COPY_DENIED: &str = "The browser refuses the clipboard. Download it instead.";
pub const DOWNLOAD: &str = "Download";

pub const API_NO_RUN: &str = "no run is open on this page";

pub fn share_intro(step: u32) -> String {
    format!("The link holds every choice of this branch and opens at step {step}. It needs no server and no account.")
}

pub fn link_length(length: usize) -> String {
    format!("{length} characters.")
}

/// A frame for other people's pages; quotes in an address are percent-encoded already.
pub fn iframe(address: &str, title: &str) -> String {
    let address = address.replace('&', "&amp;");
    format!(
        "<iframe src=\"{address}\" title=\"{title}, interactive\" loading=\"lazy\" width=\"100%\" height=\"640\" \
         style=\"border:0\" allow=\"clipboard-write; fullscreen\"></iframe>"
    )
}

pub fn format_name(format: Format) -> &'static str {
    match format {
        Format::Text => "Text",
        Format::Mermaid => "Mermaid",
        Format::PlantUml => "PlantUML",
        Format::SvgLight => "SVG, light",
        Format::SvgDark => "SVG, dark",
    }
}

pub fn api_bad_step(step: &str, steps: u32) -> String {
    format!("goto takes a whole number from 0 to {steps}, not {step}")
}

pub fn api_bad_choice(name: &str) -> String {
    format!("choose takes the name of a choice as a string, not {name}")
}

pub fn api_bad_link(link: &str) -> String {
    format!("open takes a link as a string of at most 2,000,000 characters, not {link}")
}

pub fn hero_link(title: &str) -> String {
    format!("Open the run “{title}”")
}

pub const COMPARE: &str = "Compare with";
pub const COMPARE_NONE: &str = "nothing";
pub const DRIVEN: &str = "as you drive it";
pub const SAME_CHOICES: &str = "under the same choices";
pub const OPEN_BESIDE: &str = "Drive this one";
pub const BESIDE_NAME: &str = "From beside";
pub const SIDE_BY_SIDE: &str = "Side by side";
pub const NEVER_PART: &str = "Up to here the same choices lead to the same events.";
pub const PARTING_MARK: &str = "they part here";
pub const GO_TO_PARTING: &str = "Go there";
pub const ALIGNED_CHOICE: &str = "Choice";

pub fn part_differs(step: u32) -> String {
    format!("They part at step {step}: the same choice leads to other events.")
}

pub fn part_not_taken(step: u32) -> String {
    format!("They part at step {step}: that choice cannot be taken in the other variant.")
}

pub fn skipped(why: &str) -> String {
    format!("Left out: {why}.")
}

pub const CLOSE_CHOICES: &str = "Close the list";

pub fn open_choices(count: usize) -> String {
    if count == 0 { "Choices".to_owned() } else { format!("Choose the next event ({count})") }
}

pub fn earlier_lines(count: u32) -> String {
    format!("Show more: {count} earlier lines")
}

pub fn later_lines(count: u32) -> String {
    format!("Show more: {count} later lines")
}
