//! The isolation tester's own files give the isolation tester's own output, byte for byte.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use interleave::servers::sql::ast::Level;
use interleave::servers::sql::engine::Kind;
use interleave::servers::sql::isolation_tester::{parse, permutations, run};

/// Folders of specs with what a real server printed: the copy in this repository, and what lies beside a checkout.
fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all = ["tests/ground-truth/pg-isolation", "tests/ground-truth/pg-live", "../shared/ground-truth/pg-isolation"];
    all.iter().map(|folder| root.join(folder)).filter(|folder| folder.join("specs").is_dir()).collect()
}

fn specs() -> Vec<(String, String, String)> {
    let mut out = Vec::new();
    for folder in folders() {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(folder.join("specs")).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            let expected = folder.join("expected").join(format!("{name}.out"));
            out.push((name, std::fs::read_to_string(&file).unwrap(), std::fs::read_to_string(expected).unwrap()));
        }
    }
    out
}

#[test]
fn specs_print_what_the_real_server_printed() {
    let specs = specs();
    assert!(specs.len() >= 29, "only {} specs found", specs.len());
    for (name, text, expected) in specs {
        let spec = parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let found = run(&spec, Kind::Postgres, Level::ReadCommitted).unwrap_or_else(|error| panic!("{name}: {error}"));
        let differs = found.lines().zip(expected.lines()).position(|(found, expected)| found != expected);
        assert!(found == expected, "{name}: differs at line {differs:?}");
    }
}

#[test]
fn every_interleaving_is_run_once() {
    for (name, text, expected) in specs() {
        let spec = parse(&text).unwrap();
        let count = expected.matches("\nstarting permutation:").count();
        assert_eq!(permutations(&spec).unwrap().len(), count, "{name}");
    }
}

#[test]
fn bad_files_are_refused_at_a_place() {
    let cases = [
        ("", "line 1, column 1: setup, teardown or session is expected here, not the end of the file"),
        ("session s1\nstep a { SELEC 1; }", "line 2, column 10: `selec` begins no statement known here"),
        ("session s1\nstep a {\n  SELECT 1 +;\n}", "line 3, column 13: an expression is expected here, not `;`"),
        ("session s1\nstep a { COMMIT; }\npermutation b", "line 3, column 13: there is no step named `b`"),
        ("session s1\nstep a { COMMIT;", "line 2, column 8: this `{` is never closed"),
        ("session s1\nstep a { COMMIT; }\nstep a { COMMIT; }", "line 3, column 6: there are two steps named `a`"),
    ];
    for (text, message) in cases {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.starts_with(message), "{text:?} gives {error:?}");
    }
}

fn interleave(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_interleave")).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_command_line_prints_the_same_and_names_what_is_bad() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ground-truth/pg-isolation");
    let spec = folder.join("specs/simple-write-skew.spec");
    let spec = spec.to_str().unwrap();
    let expected = std::fs::read_to_string(folder.join("expected/simple-write-skew.out")).unwrap();
    assert_eq!(interleave(&["sql", spec]), (Some(0), expected, String::new()));
    let cases: [(&[&str], &str); 3] = [
        (&["sql", "no-such-file.spec"], "no-such-file.spec cannot be read"),
        (
            &["sql", spec, "--level", "degree-0"],
            "no isolation level of postgres: they are read-uncommitted, read-committed",
        ),
        (&["sql", spec, "--level", "snapshot"], "`--level snapshot` is no isolation level"),
    ];
    for (arguments, message) in cases {
        let (status, out, error) = interleave(arguments);
        assert_eq!((status, out.as_str()), (Some(2), ""));
        assert!(error.contains(message), "{error}");
    }
}
