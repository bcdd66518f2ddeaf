//! Does the search find what it is for? Correct variants are broken in a copy of the sources, one line at a time, and each mutant must be caught.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// One way to break a correct variant.
struct Mutation {
    /// What goes wrong.
    what: &'static str,
    scenario: &'static str,
    /// Under `src`.
    file: &'static str,
    /// Stands exactly once in the file.
    line: &'static str,
    instead: &'static str,
    variant: &'static str,
    faults: &'static str,
}

const COMMIT: &str = "two-phase-commit";
const TRANSFER: &str = "atomic-transfer";

const MUTATIONS: &[Mutation] = &[
    Mutation {
        what: "a participant skips the log write of its vote",
        scenario: COMMIT,
        file: "scenarios/two_phase_commit/participant.rs",
        line: "self.record(config, Record::Yes, true, cx);",
        instead: "",
        variant: "basic",
        faults: "crash=1,delay=1",
    },
    Mutation {
        what: "the coordinator skips the log write of its decision",
        scenario: COMMIT,
        file: "scenarios/two_phase_commit/coordinator.rs",
        line: "self.record(config, Record::Decided(decision), true, cx);\n        }\n        decided(cx, decision);\n        self.acks = 0;",
        instead: "}\n        decided(cx, decision);\n        self.acks = 0;",
        variant: "basic",
        faults: "crash=1,delay=1",
    },
    Mutation {
        what: "the coordinator counts one vote too few",
        scenario: COMMIT,
        file: "scenarios/two_phase_commit/coordinator.rs",
        line: "self.yes |= sender;\n        if self.yes == config.everyone() {",
        instead: "self.yes |= sender;\n        if self.yes.count_ones() + 1 >= config.everyone().count_ones() {",
        variant: "basic",
        faults: "delay=1",
    },
    Mutation {
        what: "a participant lets go of its lock, and commits, when it votes",
        scenario: COMMIT,
        file: "scenarios/two_phase_commit/participant.rs",
        line: "self.phase = Phase::Prepared;\n        self.send_vote(config, true, cx);",
        instead: "self.decide(config, Decision::Commit, cx);\n        self.send_vote(config, true, cx);",
        variant: "cooperative",
        faults: "delay=0",
    },
    Mutation {
        what: "a participant that has voted yes still aborts when asked",
        scenario: COMMIT,
        file: "scenarios/two_phase_commit/participant.rs",
        line: "cx.send_again(from, Msg::InDoubt);",
        instead: "self.abort_alone(config, cx);",
        variant: "cooperative",
        faults: "delay=2",
    },
    Mutation {
        what: "a new leader of Paxos Commit does not look at what was accepted",
        scenario: COMMIT,
        file: "scenarios/two_phase_commit/acceptor.rs",
        line: ".filter(|at| leading.best[*at].is_some_and(|(_, prepared)| prepared))",
        instead: ".filter(|at| *at == MAX_PARTICIPANTS)",
        variant: "paxos-commit",
        faults: "crash=1,delay=1",
    },
    Mutation {
        what: "a database that restarts does not repeat what its pages lack",
        scenario: TRANSFER,
        file: "servers/sql/storage.rs",
        line: "        if is_old {\n            self.put(page, row.clone(), lsn);\n        }\n        is_old",
        instead: "        is_old",
        variant: "write-ahead-log",
        faults: "crash=1",
    },
    Mutation {
        what: "a database that restarts does not look for who had not committed",
        scenario: TRANSFER,
        file: "servers/sql/storage.rs",
        line: "None => self.losers.push(Loser { txn: *txn, left: vec![change] }),",
        instead: "None => {}",
        variant: "write-ahead-log",
        faults: "crash=1",
    },
];

#[test]
fn every_mutant_is_caught() {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutant");
    copy(Path::new("src"), &scratch.join("src"));
    copy(Path::new("docs"), &scratch.join("docs"));
    copy(Path::new("styles"), &scratch.join("styles"));
    for file in ["Cargo.toml", "Cargo.lock"] {
        fs::copy(file, scratch.join(file)).expect("it can be copied");
    }
    assert_eq!(explore(&scratch, COMMIT, "basic", "delay=0"), Some(0), "without a mutation nothing is found");
    for mutation in MUTATIONS {
        let path = scratch.join("src").join(mutation.file);
        let before = fs::read_to_string(&path).expect("it is there");
        assert_eq!(before.matches(mutation.line).count(), 1, "{}: the line to break has changed", mutation.what);
        fs::write(&path, before.replace(mutation.line, mutation.instead)).expect("it can be written");
        let status = explore(&scratch, mutation.scenario, mutation.variant, mutation.faults);
        fs::write(&path, before).expect("it can be written");
        assert_eq!(status, Some(1), "not caught: {}", mutation.what);
    }
}

/// The exit status of the search in the copy.
fn explore(scratch: &Path, scenario: &str, variant: &str, faults: &str) -> Option<i32> {
    let arguments = ["run", "--quiet", "--offline", "--bin", "interleave", "--", "explore", scenario];
    let small: &[&str] = if scenario == COMMIT { &["--param", "participants=2"] } else { &[] };
    let output = Command::new(env!("CARGO"))
        .current_dir(scratch)
        .env("CARGO_TARGET_DIR", target())
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("RUSTFLAGS", "--cap-lints allow")
        .args(arguments)
        .args(["--variant", variant, "--faults", faults, "--max-states", "400000"])
        .args(small)
        .output()
        .expect("cargo runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!errors.contains("could not compile"), "the mutant does not compile:\n{errors}");
    output.status.code()
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let place = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &place);
        } else if fs::read(entry.path()).ok() != fs::read(&place).ok() {
            // What has not changed keeps its time, so that cargo does not build it again.
            fs::copy(entry.path(), &place).expect("it can be copied");
        }
    }
    // What an earlier run has left, and is no more.
    for left in fs::read_dir(to).expect("a folder").flatten().filter(|left| !from.join(left.file_name()).exists()) {
        let removed = if left.path().is_dir() { fs::remove_dir_all(left.path()) } else { fs::remove_file(left.path()) };
        removed.expect("it can be removed");
    }
}
