//! Run strings and links: what is written reads back, what is damaged says how.

use interleave::scenarios::run_string::{
    CHOICES_TEXT_MAX, LINK_TEXT_MAX, Link, LinkError, Theme, encode_packed, open, packed, parse, replay, to_text,
    with_choices,
};
use interleave::scenarios::{SpecError, catalogue, find};

fn read(text: &str) -> Link {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    match parse(text) {
        Ok(link) => panic!("{text} was read as {link}"),
        Err(error) => assert_eq!(error.to_string(), expected, "{text}"),
    }
}

#[test]
fn a_run_string_names_the_whole_run() {
    let link = read("/two-phase-commit/gives-up?v=1&rev=2&participants=2&no=p2.p1&seed=7&run=cl.begin,cl-c+10&step=1");
    assert_eq!((link.info().id, link.variant.id), ("two-phase-commit", "gives-up"));
    assert_eq!(link.values.int("participants"), 2);
    assert_eq!(link.values.text("no"), "p1.p2");
    assert_eq!((link.seed, link.revision, link.step), (7, 2, Some(1)));
    assert_eq!(link.choices, ["cl.begin", "cl-c+10"]);
    assert_eq!(link.notes, Vec::<String>::new());
    assert_eq!(
        link.to_string(),
        "/two-phase-commit/gives-up?v=1&rev=2&participants=2&no=p1.p2&seed=7&run=cl.begin,cl-c+10&step=1"
    );
    assert_eq!(
        link.address("https://example.org/lab/#old"),
        "https://example.org/lab/#/two-phase-commit/gives-up?v=1&rev=2&participants=2&no=p1.p2&seed=7&run=cl.begin,cl-c+10&step=1"
    );
}

#[test]
fn every_spelling_of_a_link_is_the_same_link() {
    let canonical = "/two-phase-commit/basic?v=1&rev=2&participants=2&run=cl.begin,cl-c+10&step=1&embed=1&theme=dark";
    let link = read(canonical);
    for spelling in [
        "#/two-phase-commit/basic?v=1&rev=2&participants=2&run=cl.begin,cl-c+10&step=1&embed=1&theme=dark",
        "two-phase-commit/basic/?v=1&rev=2&participants=2&run=cl.begin,cl-c+10,&step=1&embed=1&theme=dark",
        "https://example.org/lab/#/two-phase-commit/basic?v=1&rev=2&participants=2&run=cl.begin,cl-c+10&step=1&embed=1&theme=dark",
        "https://example.org/lab/?utm_source=x&embed=1&theme=dark#/two-phase-commit/basic?v=1&rev=2&participants=2&run=cl.begin,cl-c+10&step=1",
        "  /Two-Phase-Commit/Basic?STEP=1&Run=cl.begin%2Ccl-c%2B10&theme=DARK&embed=true&Participants=02&V=1&retry=300\n",
        "/two-phase-commit/basic?v=1&amp;rev=2&amp;participants=2&amp;run=cl.begin,cl-c 10&amp;step=1&amp;embed=1&amp;theme=dark",
        "https://example.org/lab/%23/two-phase-commit/basic?participants=2&run=cl.begin,cl-c+10&step=1&embed&theme=dark",
        "#%2Ftwo-phase-commit%2Fbasic%3Fparticipants=2&run=cl.begin,cl-c+10&step=1&embed=1&theme=dark",
    ] {
        let other = read(spelling);
        assert_eq!(other, link, "{spelling}");
        assert_eq!(other.notes, Vec::<String>::new(), "{spelling}");
        assert_eq!(other.to_string(), canonical, "{spelling}");
    }
}

#[test]
fn a_choice_taken_on_end_is_written_once() {
    let link =
        read("/two-phase-commit/basic?v=1&rev=2&run=c:ack,c:ack,c:ack,c:ack,p1-c,p1-c,c:ack*2, c:ack *2,c:ack*1");
    assert_eq!(link.choices_text(), "c:ack*4,p1-c,p1-c,c:ack*5");
    assert_eq!(read(&link.to_string()), link);
    // What is no count is left to be refused as a choice.
    for odd in ["c:ack*0", "c:ack*20001", "c:ack*x", "*3", "c:ack*", "c:ack*-1"] {
        let link = read(&format!("/two-phase-commit/basic?v=1&rev=2&run={odd}"));
        assert_eq!(link.choices, [odd]);
        assert_eq!(read(&link.to_string()), link);
        assert!(replay(&link).error.is_some());
    }
}

#[test]
fn a_link_without_choices_is_the_opening_run() {
    let link = read("/two-phase-commit/basic?theme=auto");
    assert!(link.opening);
    assert_eq!(link.choices.join(","), link.variant.opening);
    assert_eq!(link.to_string(), "/two-phase-commit/basic?theme=auto");
    assert_eq!(read("/two-phase-commit").variant.id, link.info().variants[0].id);
    let start = read("/two-phase-commit/basic?run=");
    assert!(!start.opening && start.choices.is_empty());
    assert_ne!(start, read("/two-phase-commit/basic"));
}

#[test]
fn what_is_wrong_with_a_link_is_named() {
    let variants = "gives-up, no-log, basic, presumed-abort, cooperative, three-phase, paxos-commit";
    let parameters =
        "participants, no, begin, log, vote-timeout, decision-timeout, retry, work-timeout, delay-bound, f";
    let scenarios = catalogue().iter().map(|entry| entry.info().id).collect::<Vec<_>>().join(", ");
    assert!(scenarios.starts_with("two-phase-commit, redis-lock, redlock"));
    refused("", &format!("the link names no scenario; there is {scenarios}"));
    refused("https://example.org/lab/", "the address has no `#`, so it names no run");
    refused("/two-phase-comit/basic", &format!("there is no scenario `two-phase-comit`; there is {scenarios}"));
    refused("/two-phase-commit/basics", &format!("`two-phase-commit` has no variant `basics`; it has {variants}"));
    refused(
        "/two-phase-commit/basic/cl.begin",
        "`cl.begin` is one name too many: a link names a scenario and a variant",
    );
    refused("/two-phase-commit/basic?v=2&run=", "run strings of version `2` cannot be read here; version 1 can");
    refused(
        "/two-phase-commit/basic?partcipants=2&run=",
        &format!("`two-phase-commit` has no parameter `partcipants`; it has {parameters}"),
    );
    refused(
        "/two-phase-commit/basic?participants=9&run=",
        "parameter `participants` cannot be `9`: it goes from 1 to 5",
    );
    refused(
        "/two-phase-commit/basic?seed=-1&run=",
        "`seed` cannot be `-1`: it is a whole number from 0 to 18446744073709551615",
    );
    refused("/two-phase-commit/basic?rev=x&run=", "`rev` cannot be `x`: it is a whole number from 0 to 4294967295");
    refused("/two-phase-commit/basic?run=&seed=1&seed=2", "`seed` stands twice in the link");
    refused("/two-phase-commit/basic?participants=2&participants=3", "`participants` stands twice in the link");
    refused("/two-phase-commit/basic?run=&runz=", "the link holds its choices twice, as `run` and as `runz`");
    refused(
        "/two-phase-commit/basic?runz=AAAA",
        "the choices of this link are compressed (`runz`) and have not been inflated",
    );
    assert!(matches!(parse("/two-phase-commit/basic?runz=A$A"), Err(LinkError::Damaged { .. })));
    assert!(matches!(parse(&"x".repeat(LINK_TEXT_MAX + 1)), Err(LinkError::TooLong { .. })));
    assert_eq!(parse(&format!("/two-phase-commit/basic?{}", "step=1&".repeat(101))), Err(LinkError::TooManyParameters));
    let many = format!("/two-phase-commit/basic?run={}", "x,".repeat(20_001));
    assert!(matches!(parse(&many), Err(LinkError::TooManyChoices)));
    for many in ["x*20000,x", "x,x*20000", "x*15000,y*15000,z*15000"] {
        assert_eq!(parse(&format!("/two-phase-commit/basic?run={many}")), Err(LinkError::TooManyChoices));
    }
    assert!(matches!(find("x"), Err(SpecError::Scenario { .. })));
}

#[test]
fn what_only_says_how_to_look_is_ignored_with_a_note() {
    let link =
        read("/two-phase-commit/basic?run=&step=soon&embed=perhaps&theme=pink&lang=e%20n&zoom=2&autoplay=0&autoplay=1");
    assert_eq!(link.to_string(), "/two-phase-commit/basic?v=1&rev=2&run=");
    assert_eq!(
        link.notes,
        [
            "The link says `zoom`, which means nothing here and was ignored.",
            "The link says `step=soon`, which cannot be read and was ignored.",
            "The link says `embed=perhaps`, which cannot be read and was ignored.",
            "The link says `theme=pink`, which cannot be read and was ignored.",
            "The link says `lang=e n`, which cannot be read and was ignored.",
            "The link says `autoplay` twice; the second was ignored.",
        ]
    );
    let link = read("https://x.org/?theme=light&lang=fr#/two-phase-commit/basic?run=&theme=dark&lang=EN");
    assert_eq!((link.theme, link.lang.as_deref()), (Some(Theme::Dark), Some("en")));
}

#[test]
fn a_replay_stops_at_what_cannot_be_taken_and_keeps_the_rest() {
    let replayed =
        replay(&read("/two-phase-commit/basic?v=1&rev=2&participants=2&run=cl.begin,cl-c+10,c-p9,c-p1&step=40"));
    assert_eq!(replayed.run.steps(), 2);
    assert_eq!(
        replayed.error.map(|error| error.to_string()).as_deref(),
        Some("the run stops before choice 3 of 4: `c-p9` is not a choice: there is no node `p9`")
    );
    assert_eq!(replayed.step, 2);
    assert_eq!(replayed.notes, ["The link asks for step 40, but the run ends at step 2, which is shown."]);

    let replayed = replay(&read("/two-phase-commit/basic?v=1&rev=2&run=cl.begin,c-p1"));
    let error = replayed.error.expect("nothing was sent to p1 yet");
    assert_eq!((error.number, error.total, error.choice.as_str()), (2, 2, "c-p1"));
    assert!(error.to_string().starts_with("the run stops before choice 2 of 2: `c-p1` cannot happen now: "), "{error}");
}

#[test]
fn a_link_made_under_other_rules_says_so() {
    let replayed = replay(&read("/two-phase-commit/basic?v=1&rev=0&run=cl.begin"));
    assert_eq!(replayed.run.steps(), 1);
    assert_eq!(
        replayed.notes,
        [
            "This link was made under revision 0 of the rules of `two-phase-commit`; today's are revision 2, so the run may differ from what was shared."
        ]
    );
    assert!(replay(&read("/two-phase-commit/basic?v=1&rev=2&run=cl.begin")).notes.is_empty());
}

#[test]
fn a_long_link_is_compressed_and_reads_back() {
    let mut link = read("/two-phase-commit/basic?v=1&rev=2&seed=3&run=&step=4");
    link.choices = (0..400).map(|at| ["c!crash", "c!restart+1000"][at % 2].to_owned()).collect();
    let text = to_text(&link);
    assert!(text.contains("runz=") && text.len() < 400, "{text}");
    assert_eq!(open(&text), Ok(link.clone()));
    assert_eq!(parse(&text), Err(LinkError::Packed));
    assert_eq!(packed(&link.to_string()), None);
    assert!(packed(&text).is_some());
    assert_eq!(with_choices(&text, link.choices_text().as_bytes()), Ok(link.clone()));
    assert_eq!(
        with_choices(&text, b"\xff"),
        Err(LinkError::Damaged { why: "what they inflate to is no text".to_owned() })
    );
    assert!(matches!(open(&encode_packed(&link, b"no deflate stream")), Err(LinkError::Damaged { .. })));
}

#[test]
fn a_link_that_inflates_without_end_is_refused() {
    let link = read("/two-phase-commit/basic?run=");
    let bomb = miniz_oxide::deflate::compress_to_vec(&vec![b','; CHOICES_TEXT_MAX + 1], 9);
    assert!(bomb.len() < 10_000);
    assert!(matches!(open(&encode_packed(&link, &bomb)), Err(LinkError::Damaged { .. })));
    assert!(matches!(
        with_choices("/two-phase-commit/basic?runz=AAAA", &vec![b','; CHOICES_TEXT_MAX + 1]),
        Err(LinkError::Damaged { .. })
    ));
}

#[test]
fn a_script_is_shared_compressed_and_opens_again() {
    let script = format!("# ½ & 50 % + more\n{}session s1 step a {{ COMMIT; }}", "# a line\n".repeat(40));
    let entry = find("isolation").expect("it exists");
    let own = entry.info().variant("own").expect("it exists");
    let values = entry.info().values(own, [("script", script.as_str())]).expect("a script");
    let mut link = Link::new(entry, own, values, 0);
    link.choices = vec!["s1.a".to_owned()];
    let text = to_text(&link);
    assert!(text.contains("runz=") && text.len() < 300, "{text}");
    assert_eq!(open(&text), Ok(link.clone()));
    assert_eq!(parse(&link.to_string()), Ok(link));
}
