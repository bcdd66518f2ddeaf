//! The command line as its users meet it: the built binary, every subcommand, format and exit status.
//! Snapshots stand in `tests/golden/cli`; after a wanted change, `UPDATE_EXPECT=1 cargo test --test cli` writes them anew.
#![cfg(not(target_arch = "wasm32"))]

use std::io::Read;
use std::process::{Command, Stdio};

use expect_test::{Expect, expect, expect_file};
use interleave::diagram::transcript;
use interleave::scenarios::run_string::{parse, replay};
use serde_json::Value;

const SPLIT: &str = "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p2-c,p3-c,c-p1+10,p1-c+10,c:ack,p2:decision";

fn split() -> String {
    format!("/two-phase-commit/gives-up?v=1&rev=2&run={SPLIT}")
}

/// Status, standard output, standard error.
fn interleave(args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_interleave")).args(args).output().expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it writes UTF-8");
    (output.status.code().expect("it was not killed"), text(output.stdout), text(output.stderr))
}

#[track_caller]
fn fine(args: &[&str]) -> String {
    let (status, out, err) = interleave(args);
    assert_eq!((status, err.as_str()), (0, ""), "{args:?}");
    out
}

#[track_caller]
fn bad(args: &[&str], message: &Expect) {
    let (status, out, err) = interleave(args);
    assert_eq!((status, out.as_str()), (2, ""), "{args:?}");
    message.assert_eq(&err);
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("it is JSON")
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn list_tells_what_there_is() {
    expect_file!["golden/cli/list.txt"].assert_eq(&fine(&["list"]));
    let text = fine(&["list", "--json"]);
    expect_file!["golden/cli/list.json"].assert_eq(&text);
    let all = json(&text);
    let scenario = &all[0];
    assert_eq!(keys(scenario), ["claim", "id", "invariants", "parameters", "title", "variants"]);
    assert_eq!(keys(&scenario["variants"][1]), ["broken", "budget", "id", "title"]);
    assert_eq!(scenario["variants"][1]["budget"]["crash"], 1);
    assert_eq!(keys(&scenario["parameters"][0]), ["default", "id", "kind", "max", "min"]);
    assert_eq!(keys(&scenario["invariants"][0]), ["id", "text"]);
}

#[test]
fn a_run_is_written_in_every_format() {
    for (format, ending) in [("text", "txt"), ("json", "json"), ("mermaid", "mmd"), ("plantuml", "puml")] {
        let run = ["run", "two-phase-commit", "--variant", "basic", "--param", "participants=2", "--seed", "7"];
        let text = fine(&[&run[..], &["--format", format]].concat());
        expect_file![format!("golden/cli/run.{ending}")].assert_eq(&text);
        let (status, text, err) = interleave(&["replay", &split(), "--format", format]);
        assert_eq!((status, err.as_str()), (1, ""), "{format}");
        expect_file![format!("golden/cli/replay.{ending}")].assert_eq(&text);
    }
}

#[test]
fn text_is_what_is_written_where_nothing_else_is_asked() {
    let plain = ["run", "two-phase-commit", "--steps", "4"];
    assert_eq!(fine(&plain), fine(&[&plain[..], &["--format", "text"]].concat()));
    assert_eq!(
        fine(&["replay", "/two-phase-commit/basic"]),
        fine(&["replay", "/two-phase-commit/basic", "--format", "text"])
    );
}

/// How a drawing looks is held by the tests of `diagram`; here, that the right one comes out.
#[test]
fn a_drawing_shows_the_run_at_the_step() {
    for (step, status) in [(3, 0), (12, 1)] {
        let (ended, text, err) = interleave(&["replay", &split(), "--step", &step.to_string(), "--format", "svg"]);
        assert_eq!((ended, err.as_str()), (status, ""), "step {step}");
        let drawing = roxmltree::Document::parse(&text).expect("it is XML");
        let root = drawing.root_element();
        assert_eq!(root.tag_name().name(), "svg");
        let said = |tag: &str| {
            let found = root.descendants().find(|node| node.tag_name().name() == tag).and_then(|node| node.text());
            found.unwrap_or_default().trim().to_owned()
        };
        assert_eq!(said("title"), "Two-phase commit: Participant gives up");
        let run = replay(&parse(&split()).expect("a link")).run;
        assert_eq!(said("desc"), transcript(run.trace(), step).trim());
    }
}

#[test]
fn what_a_run_writes_replays_to_the_same() {
    for variant in ["gives-up", "no-log", "basic", "presumed-abort", "cooperative", "three-phase", "paxos-commit"] {
        let args = ["run", "two-phase-commit", "--variant", variant, "--seed", "3", "--format", "json"];
        let (status, text, _) = interleave(&args);
        let run = json(&text);
        let address = format!("https://example.org/lab/#{}", run["run"].as_str().expect("a run string"));
        let (again, text, err) = interleave(&["replay", &address, "--format", "json"]);
        assert_eq!((again, err.as_str()), (status, ""), "{variant}");
        assert_eq!(json(&text), run, "{variant}");
    }
}

#[test]
fn the_seed_and_the_limit_count() {
    let run = |more: &[&str]| {
        json(&fine(&[&["run", "two-phase-commit", "--variant", "basic", "--format", "json"], more].concat()))
    };
    assert_ne!(run(&["--seed", "1"])["run"], run(&["--seed", "2"])["run"]);
    assert_eq!(run(&["--seed", "1"]), run(&["--seed", "1"]));
    assert_eq!(run(&["--steps", "5"])["step"], 5);
    assert_eq!(run(&["--steps", "0"])["events"], Value::Array(Vec::new()));
    assert_eq!(run(&["--choices", "cl.begin,cl-c+10"])["step"], 2);
    assert_eq!(run(&["--choices", "cl.begin,cl-c+10", "--steps", "6"])["step"], 6);
}

#[test]
fn a_replay_shows_the_step_that_is_asked_for() {
    let link = split();
    let step = |args: &[&str]| {
        let (status, text, _) = interleave(&[&["replay", "--format", "json"], args].concat());
        (status, json(&text)["step"].as_u64())
    };
    assert_eq!(step(&[&link]), (1, Some(12)));
    assert_eq!(step(&[&link, "--step", "11"]), (0, Some(11)));
    assert_eq!(step(&[&format!("{link}&step=3")]), (0, Some(3)));
    assert_eq!(step(&[&format!("{link}&step=3"), "--step", "12"]), (1, Some(12)));
    bad(
        &["replay", &link, "--step", "13"],
        &expect![[r#"
        error: `--step 13` is past the end: the run has 12 steps
    "#]],
    );
}

#[test]
fn what_the_reader_should_know_goes_to_standard_error() {
    let (status, out, err) = interleave(&["replay", "/two-phase-commit/basic?v=1&rev=0&run=cl.begin&step=4&zoom=2"]);
    assert_eq!(status, 0);
    assert!(out.contains("cl asks to commit."));
    expect![[r#"
        note: The link says `zoom`, which means nothing here and was ignored.
        note: This link was made under revision 0 of the rules of `two-phase-commit`; today's are revision 2, so the run may differ from what was shared.
        note: The link asks for step 4, but the run ends at step 1, which is shown.
    "#]]
    .assert_eq(&err);
}

#[test]
fn a_choice_that_cannot_be_taken_stops_the_run_there() {
    for args in [
        &["replay", "/two-phase-commit/basic?v=1&rev=2&run=cl.begin,c-p1,cl-c", "--format", "json"][..],
        &[
            "run",
            "two-phase-commit",
            "--variant",
            "basic",
            "--choices",
            "cl.begin,c-p1,cl-c",
            "--steps",
            "9",
            "--format",
            "json",
        ],
    ] {
        let (status, out, err) = interleave(args);
        assert_eq!(status, 2, "{args:?}");
        assert_eq!(json(&out)["run"], "/two-phase-commit/basic?v=1&rev=2&run=cl.begin");
        expect![[r#"
            error: the run stops before choice 2 of 3: `c-p1` cannot happen now: nothing is in flight from c to p1
        "#]]
        .assert_eq(&err);
    }
}

#[test]
fn bad_input_is_named() {
    bad(
        &["run", "three-phase-commit"],
        &expect![[r#"
            error: there is no scenario `three-phase-commit`; there is two-phase-commit, redis-lock, redlock, redis-failover, zookeeper-lock, etcd-lock, consul-lock, lock-table, advisory-lock, try-lock, lock-granularity, leader-election, lock-comparison, isolation, lost-update, double-booking, deadlock, inventory-locking, flash-sale, atomic-transfer, idempotency, saga, message-queue, outbox, event-sourcing, e-commerce
        "#]],
    );
    bad(
        &["run", "two-phase-commit", "--variant", "plain"],
        &expect![[r#"
        error: `two-phase-commit` has no variant `plain`; it has gives-up, no-log, basic, presumed-abort, cooperative, three-phase, paxos-commit
    "#]],
    );
    bad(
        &["run", "two-phase-commit", "--param", "people=2"],
        &expect![[r#"
        error: `two-phase-commit` has no parameter `people`; it has participants, no, begin, log, vote-timeout, decision-timeout, retry, work-timeout, delay-bound, f
    "#]],
    );
    bad(
        &["run", "two-phase-commit", "--param", "participants=two"],
        &expect![[r#"
        error: parameter `participants` cannot be `two`: it takes a whole number from 1 to 5
    "#]],
    );
    bad(
        &["run", "two-phase-commit", "--steps", "20001"],
        &expect![[r#"
        error: `--steps 20001` is too many: a run may hold at most 20000 choices
    "#]],
    );
    bad(
        &["replay", "https://example.org/"],
        &expect![[r#"
        error: the address has no `#`, so it names no run
    "#]],
    );
    bad(
        &["replay", "/two-phase-commit/basic?runz=AAAA"],
        &expect![[r#"
        error: the compressed choices (`runz`) cannot be read: they do not inflate (Truncated input stream)
    "#]],
    );
    bad(
        &["run", "two-phase-commit", "--param", "participants"],
        &expect![[r#"
        error: invalid value 'participants' for '--param <K=V>': it is written as parameter=value

        For more information, try '--help'.
    "#]],
    );
    bad(
        &["run", "two-phase-commit", "--format", "png"],
        &expect![[r#"
        error: invalid value 'png' for '--format <FORMAT>'
          [possible values: text, json, svg, mermaid, plantuml]

        For more information, try '--help'.
    "#]],
    );
    bad(
        &["run", "two-phase-commit", "--seed", "-1"],
        &expect![[r#"
            error: invalid value '-1' for '--seed <N>': invalid digit found in string

            For more information, try '--help'.
        "#]],
    );
    bad(
        &["walk"],
        &expect![[r#"
        error: unrecognized subcommand 'walk'

        Usage: interleave <COMMAND>

        For more information, try '--help'.
    "#]],
    );
}

#[test]
fn help_and_version_are_no_errors() {
    assert!(fine(&["--help"]).contains("Exit status"));
    assert!(fine(&["run", "--help"]).contains("--choices"));
    assert_eq!(fine(&["--version"]), format!("interleave {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let long = "c!crash,c!restart,".repeat(3_000);
    let link = format!("/two-phase-commit/basic?run={long}");
    let mut child = Command::new(env!("CARGO_BIN_EXE_interleave"))
        .args(["replay", &link, "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    // More than a pipe holds is to come, and nobody reads it.
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().expect("it is piped").read_to_string(&mut err).expect("it is text");
    let status = child.wait().expect("it ends");
    assert_eq!((status.code(), err.as_str()), (Some(0), ""));
}
