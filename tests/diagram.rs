//! The diagram: laws of layout over random runs, and snapshots of the famous ones.

#[path = "support/laws.rs"]
mod laws;

mod support;

use std::collections::BTreeSet;

use expect_test::expect_file;
use interleave::diagram::{About, Style, TOKENS, Theme, export, layout, mermaid, plantuml, step_sentence, transcript};
use interleave::engine::{EventKind, Run};
use interleave::scenarios::catalogue;
use proptest::prelude::*;

/// A run of the catalogue by random choices, faults included.
fn walk(scenario: usize, variant: usize, draws: &[u32]) -> Box<dyn Run> {
    let entry = catalogue()[scenario % catalogue().len()];
    let info = entry.info();
    let variant = &info.variants[variant % info.variants.len()];
    let mut run = entry.start(variant, &info.values(variant, []).expect("defaults fit"), 0);
    for draw in draws {
        let names: Vec<String> = run
            .choices(run.steps())
            .into_iter()
            .filter(|choice| choice.disabled.is_none())
            .map(|choice| choice.name)
            .collect();
        let Some(name) = names.get(*draw as usize % names.len().max(1)) else { break };
        run.push(name).expect("it was offered");
    }
    run
}

fn moments() -> Vec<(String, &'static str, Box<dyn Run>)> {
    let mut all = Vec::new();
    for entry in catalogue() {
        let info = entry.info();
        for moment in support::about(info.id).moments {
            let variant = info.variant(moment.variant).expect("a variant of the scenario");
            let values = info.values(variant, moment.parameters.iter().copied()).expect("values that fit");
            let mut run = entry.start(variant, &values, 0);
            for choice in moment.choices.split(',') {
                run.push(choice).expect("a moment replays");
            }
            let slug: String =
                moment.title.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
            all.push((format!("{}-{}", info.id, slug), moment.title, run));
        }
    }
    all
}

fn arrows(text: &str, signs: &[&str]) -> usize {
    let is_arrow = |line: &str| line.trim_start().starts_with('n') && signs.iter().any(|sign| line.contains(sign));
    text.lines().filter(|line| is_arrow(line)).count()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn layout_keeps_its_laws(
        variant in 0_usize..16,
        draws in prop::collection::vec(any::<u32>(), 0..80),
        at in any::<u32>(),
        width in 320.0_f32..2000.0,
    ) {
        let run = walk(0, variant, &draws);
        for step in [at % (run.steps() + 1), run.steps()] {
            let scene = layout(run.trace(), step, &Style::for_width(width));
            laws::check(run.trace(), step, &scene)?;
            prop_assert_eq!(laws::collisions(&scene), Vec::<String>::new());
        }
    }

    #[test]
    fn every_export_has_as_many_messages_as_the_run(
        variant in 0_usize..16,
        draws in prop::collection::vec(any::<u32>(), 0..80),
    ) {
        let run = walk(0, variant, &draws);
        let (trace, step) = (run.trace(), run.steps());
        let sent = trace.messages.len();
        prop_assert_eq!(arrows(&mermaid(trace, step, "a run"), &["->>", "-x", "--)"]), sent);
        prop_assert_eq!(arrows(&plantuml(trace, step, "a run"), &[" -> ", " ->x ", " -->> "]), sent);
        let scene = layout(trace, step, &Style::for_width(900.0));
        let about = About { title: "a <run> & more", description: "\"quoted\"", link: Some("#/x?a=1&b=2"), theme: Theme::Dark };
        let svg = export(&scene, &about);
        let document = roxmltree::Document::parse(&svg).expect("well-formed XML");
        let dots = document.descendants().filter(|node| node.attribute("class") == Some("send-dot")).count();
        prop_assert_eq!(dots, sent);
        prop_assert!(!svg.contains("var(--"), "a token is left unresolved");
        let inside = &svg["<svg xmlns=\"http://www.w3.org/2000/svg\"".len()..];
        prop_assert!(!inside.contains("http") && !inside.contains("url("), "something is fetched");
    }

    #[test]
    fn the_transcript_has_one_sentence_per_event(
        variant in 0_usize..16,
        draws in prop::collection::vec(any::<u32>(), 0..60),
        at in any::<u32>(),
    ) {
        let run = walk(0, variant, &draws);
        let trace = run.trace();
        let step = at % (run.steps() + 1);
        let text = transcript(trace, step);
        let sentences = text.lines().filter(|line| line.starts_with("   ") && !line.starts_with("   !")).count();
        prop_assert_eq!(sentences as u32, trace.rows_at_step(step));
        prop_assert!(!step_sentence(trace, step).is_empty());
    }
}

#[test]
fn the_famous_runs_look_as_they_did() {
    for (slug, title, run) in moments() {
        let (trace, step) = (run.trace(), run.steps());
        let text = transcript(trace, step);
        expect_file![format!("golden/moments/{slug}.txt")].assert_eq(&text);
        expect_file![format!("golden/moments/{slug}.mmd")].assert_eq(&mermaid(trace, step, title));
        expect_file![format!("golden/moments/{slug}.puml")].assert_eq(&plantuml(trace, step, title));
        let scene = layout(trace, step, &Style::for_width(900.0));
        let about = About { title, description: &text, link: None, theme: Theme::Light };
        expect_file![format!("golden/moments/{slug}.svg")].assert_eq(&export(&scene, &about));
    }
}

#[test]
fn exported_colours_are_those_of_the_page() {
    let css = include_str!("../styles/tokens.css");
    for (name, light, dark) in TOKENS {
        let declared = format!("--{name}: light-dark({light}, {dark});");
        assert!(css.contains(&declared), "styles/tokens.css does not say `{declared}`");
    }
}

#[test]
fn a_run_with_every_kind_of_event_draws_each() {
    let entry = catalogue()[0];
    let info = entry.info();
    let variant = info.variant("basic").expect("it exists");
    let mut run = entry.start(variant, &info.values(variant, []).expect("defaults fit"), 0);
    let choices = "cl.begin,cl-c+10,c-p1!dup,c-p1,c-p1,c-p2!drop,c-p3,p2!pause,p3!crash,p3!restart,p2!resume,p1~p2!cut,!heal,\
                   c!jump1000,p1!rate500,c:vote";
    for choice in choices.split(',') {
        run.push(choice.trim()).unwrap_or_else(|error| panic!("{error}"));
    }
    let trace = run.trace();
    let has = |wanted: fn(&EventKind) -> bool| trace.events.iter().any(|event| wanted(&event.kind));
    assert!(has(|kind| matches!(kind, EventKind::Duplicated { .. })));
    assert!(has(|kind| matches!(kind, EventKind::ClockRate { .. })));
    assert!(has(|kind| matches!(kind, EventKind::Healed)));
    let scene = layout(trace, run.steps(), &Style::for_width(1100.0));
    let classes: BTreeSet<&str> = scene.items.iter().map(|item| item.class).collect();
    for class in [
        "partition",
        "bar bar-crashed",
        "bar bar-paused",
        "bar bar-lock",
        "message lost",
        "message flight button",
        "event clock",
        "event network",
        "event restarted",
        "event crashed",
        "event timer",
        "event wrote forced",
    ] {
        assert!(classes.contains(class), "{class} is not drawn: {classes:?}");
    }
    let text = transcript(trace, run.steps());
    let scene = export(&scene, &About { title: "every sign", description: &text, link: None, theme: Theme::Light });
    expect_file!["golden/every-sign.svg"].assert_eq(&scene);
}
