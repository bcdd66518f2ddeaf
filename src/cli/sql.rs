//! `interleave sql`: what the isolation tester prints for a spec file.

use super::args::{Engine, Sql};
use super::{BadInput, Outcome, Status};
use crate::servers::sql::ast::Level;
use crate::servers::sql::engine::Kind;
use crate::servers::sql::isolation_tester::{parse, run};

/// Runs a spec file.
pub fn sql(args: &Sql) -> Result<Outcome, BadInput> {
    let file = args.file.display().to_string();
    let text = std::fs::read_to_string(&args.file).map_err(|error| BadInput::File { file: file.clone(), error })?;
    let spec = parse(&text).map_err(|error| BadInput::SpecFile { file: file.clone(), error })?;
    let kind = match args.engine {
        Engine::Postgres => Kind::Postgres,
        Engine::Innodb => Kind::Innodb,
        Engine::Textbook => Kind::Textbook,
    };
    let level = match &args.level {
        None => kind.default_level(),
        Some(words) => level(words, kind)?,
    };
    let text = run(&spec, kind, level).map_err(|error| BadInput::SpecRun { file, error })?;
    Ok(Outcome { text, remarks: Vec::new(), status: Status::Fine })
}

fn level(words: &str, kind: Kind) -> Result<Level, BadInput> {
    let plain = words.replace([' ', '_'], "-");
    let found = kind.levels().iter().find(|level| level.id().eq_ignore_ascii_case(&plain));
    found.copied().ok_or_else(|| {
        let known: Vec<&str> = kind.levels().iter().map(|level| level.id()).collect();
        BadInput::Level { level: words.to_owned(), engine: kind.name(), known: known.join(", ") }
    })
}
