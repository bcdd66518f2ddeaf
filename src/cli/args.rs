//! What the command line understands.

use clap::{Parser, Subcommand, ValueEnum};

/// How many steps the scheduler plays where nothing else is said.
pub const DEFAULT_STEPS: u32 = 200;

/// Play and replay runs of distributed protocols: be the scheduler and the adversary.
#[derive(Parser, Debug)]
#[command(
    name = "interleave",
    version,
    about,
    after_help = "Exit status: 0; 1 where an invariant is violated; 2 for bad input."
)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Say which scenarios there are, with their variants, parameters and invariants
    List(List),
    /// Play a scenario: given choices, or what the seeded scheduler does
    Run(Run),
    /// Replay a run string or a link
    Replay(Replay),
    /// Try every schedule within a fault budget, and show the shortest run that breaks an invariant
    Explore(Explore),
    /// Run a file of the PostgreSQL isolation tester's format, and print what the tester prints
    Sql(Sql),
}

#[derive(clap::Args, Debug)]
pub struct List {
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(clap::Args, Debug)]
pub struct Run {
    /// The scenario, such as two-phase-commit
    pub scenario: String,
    /// Which way of doing it; the first that `list` names where left out
    #[arg(long, value_name = "V")]
    pub variant: Option<String>,
    /// A parameter, such as participants=2
    #[arg(long = "param", value_name = "K=V", value_parser = pair)]
    pub params: Vec<(String, String)>,
    /// Seed of the scheduler
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    pub seed: u64,
    /// How long a run the scheduler makes at most [default: 200; with --choices: it adds nothing]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub steps: Option<u32>,
    /// Choices to take first, as in a run string: cl.begin,cl-c+10
    #[arg(long, value_name = "STRING")]
    pub choices: Option<String>,
    /// What to write
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(clap::Args, Debug)]
pub struct Replay {
    /// A run string, or a link that holds one behind `#`
    #[arg(value_name = "RUN-STRING-OR-LINK")]
    pub link: String,
    /// Show the run as of this step; where left out, the step that the link names, or the end
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub step: Option<u32>,
    /// What to write
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(clap::Args, Debug)]
pub struct Explore {
    /// The scenario, such as two-phase-commit
    pub scenario: String,
    /// Which way of doing it; the first that `list` names where left out
    #[arg(long, value_name = "V")]
    pub variant: Option<String>,
    /// A parameter, such as participants=2
    #[arg(long = "param", value_name = "K=V", value_parser = pair)]
    pub params: Vec<(String, String)>,
    /// Faults that may be spent, such as crash=1,drop=1; `delay=1` lets a timer beat a message once, and where it is left out the network may be as slow
    /// as it likes [default: the variant's own budget]
    #[arg(long, value_name = "KIND=N,...")]
    pub faults: Option<String>,
    /// What to look for: violation, violations (the shortest for each invariant), break:ac1, block (a goal is
    /// out of reach until something is repaired), blocked:decided, reached:decided, or state:p1=committed,p2=aborted
    #[arg(long, value_name = "WHAT", default_value = "violation")]
    pub find: String,
    /// Choices to take first, as in a run string: cl.begin,cl-c+10
    #[arg(long, value_name = "STRING")]
    pub choices: Option<String>,
    /// Most states
    #[arg(long, value_name = "N", default_value = "5000000", allow_negative_numbers = true)]
    pub max_states: String,
    /// Longest run, in choices
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub max_depth: Option<String>,
    /// Most memory, in MB
    #[arg(long, value_name = "MB", default_value = "4000", allow_negative_numbers = true)]
    pub max_memory: String,
    /// breadth (shortest runs first), depth, or deepening (shortest runs, less memory, more time)
    #[arg(long, value_name = "ORDER", default_value = "breadth")]
    pub order: String,
    /// Also take steps that only change the order of others
    #[arg(long)]
    pub no_sleep: bool,
    /// Tell interchangeable nodes apart
    #[arg(long)]
    pub no_symmetry: bool,
    /// Tell states apart that differ only in what can have no consequence for what is looked for
    #[arg(long)]
    pub no_essence: bool,
    /// How many threads expand states; the result is the same
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub threads: u16,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(clap::Args, Debug)]
pub struct Sql {
    /// The spec file
    #[arg(value_name = "FILE.spec")]
    pub file: std::path::PathBuf,
    /// Whose behaviour
    #[arg(long, value_enum, default_value_t = Engine::Postgres)]
    pub engine: Engine,
    /// Isolation level of transactions that name none, such as repeatable-read [default: the engine's own]
    #[arg(long, value_name = "LEVEL")]
    pub level: Option<String>,
}

/// A simulated SQL server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Engine {
    /// PostgreSQL 15
    Postgres,
    /// InnoDB, as in MariaDB 10.11
    Innodb,
    /// Two-phase locking, as books have it
    Textbook,
}

/// What to write of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Format {
    /// One sentence per event, then how the invariants stand
    Text,
    /// The run string, the events and the verdicts
    Json,
    /// A drawing
    Svg,
    /// A Mermaid sequence diagram
    Mermaid,
    /// A PlantUML sequence diagram
    Plantuml,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("it is written as parameter=value".to_owned()),
    }
}
