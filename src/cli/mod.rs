//! The command line: the same library for docs builds, CI and reviewers. Native only.
//!
//! Exit status 0; 1 where a run (or one that the search finds) breaks an invariant; 2 for bad input, with a message that names it on standard error.

mod args;
mod explore;
mod json;
mod list;
mod play;
mod sql;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use clap::Parser as _;
use thiserror::Error;

use crate::explore::QuestionError;
use crate::scenarios::SpecError;
use crate::scenarios::run_string::{LinkError, ReplayError};
use args::{Args, Command};

/// What a command leaves behind.
struct Outcome {
    /// For standard output.
    text: String,
    /// For standard error, a sentence each.
    remarks: Vec<String>,
    /// Exit status.
    status: Status,
}

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Status {
    /// Nothing is wrong.
    Fine = 0,
    /// A run broke an invariant.
    Violated = 1,
    /// The input is at fault.
    BadInput = 2,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        ExitCode::from(status as u8)
    }
}

/// Input that cannot be used.
#[derive(Debug, Error)]
enum BadInput {
    #[error(transparent)]
    Spec(#[from] SpecError),
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error(transparent)]
    Replay(#[from] ReplayError),
    #[error(transparent)]
    Question(#[from] QuestionError),
    #[error("`--threads {asked}` does not fit: it is a number from 1 to {max}")]
    Threads { asked: u16, max: u16 },
    #[error("`--step {asked}` is past the end: the run has {steps} steps")]
    PastTheEnd { asked: u32, steps: u32 },
    #[error("`--steps {asked}` is too many: a run may hold at most {max} choices")]
    TooManySteps { asked: u32, max: u32 },
    #[error("{file} cannot be read: {error}")]
    File { file: String, error: std::io::Error },
    #[error("{file}: {error}")]
    SpecFile { file: String, error: crate::servers::sql::error::SyntaxError },
    #[error("{file}: {error}")]
    SpecRun { file: String, error: crate::servers::sql::isolation_tester::RunError },
    #[error("`--level {level}` is no isolation level of {engine}: they are {known}")]
    Level { level: String, engine: &'static str, known: String },
    #[error("the run cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Runs the command that the arguments ask for.
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Nobody is left to be told where even this cannot be written.
            let _ = error.print();
            return if error.use_stderr() { Status::BadInput.into() } else { Status::Fine.into() };
        }
    };
    let outcome = match &args.command {
        Command::List(list) => list::list(list),
        Command::Run(run) => play::run(run),
        Command::Replay(replay) => play::replay_link(replay),
        Command::Explore(explore) => explore::explore(explore),
        Command::Sql(args) => sql::sql(args),
    };
    match outcome {
        Ok(outcome) => finish(&outcome),
        Err(error) => {
            remark(&format!("error: {error}"));
            Status::BadInput.into()
        }
    }
}

fn finish(outcome: &Outcome) -> ExitCode {
    for text in &outcome.remarks {
        remark(text);
    }
    let mut out = std::io::stdout().lock();
    match out.write_all(outcome.text.as_bytes()).and_then(|()| out.flush()) {
        // A reader such as `head` that has seen enough is no failure.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            remark(&format!("error: the output cannot be written: {error}"));
            Status::BadInput.into()
        }
        _ => outcome.status.into(),
    }
}

/// Writes a line to standard error, if there is one (`eprintln!` would panic where it is closed).
fn remark(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
