//! Links that were shared must open for ever: `tests/golden/links.txt`, which says how to add to it.

use std::fmt::Write as _;

use interleave::scenarios::catalogue;
use interleave::scenarios::run_string::{Link, parse, replay};

const LINKS: &str = include_str!("golden/links.txt");

/// Run string, steps, hash of the last world; the latter two are missing on a line that was just added.
fn lines() -> impl Iterator<Item = (&'static str, Option<&'static str>, Option<&'static str>)> {
    LINKS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| {
        let mut parts = line.split(' ');
        (parts.next().unwrap_or_default(), parts.next(), parts.next())
    })
}

fn links() -> Vec<Link> {
    lines().map(|(text, ..)| parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))).collect()
}

#[test]
fn golden_links_replay_to_the_same_worlds() {
    let mut wrong = String::new();
    for ((text, steps, hash), link) in lines().zip(links()) {
        let replayed = replay(&link);
        let today = link.revision == link.info().revision;
        if let Some(error) = replayed.error.filter(|_| today) {
            let _ = writeln!(wrong, "{text}\n  {error}");
            continue;
        }
        let found = (replayed.run.steps().to_string(), format!("{:016x}", replayed.run.hash(replayed.run.steps())));
        if (steps, hash) != (Some(&found.0), Some(&found.1)) {
            let _ = writeln!(wrong, "{text} {} {}", found.0, found.1);
        }
    }
    assert!(wrong.is_empty(), "These no longer end where they did, or are new; they now read:\n{wrong}");
}

/// A link of today's revision is written as it was shared, so that comparing links as text keeps working.
#[test]
fn golden_links_are_still_spelled_the_same() {
    for ((text, ..), link) in lines().zip(links()) {
        assert_eq!(link.to_string(), text);
        assert_eq!(link.notes, Vec::<String>::new(), "{text}");
    }
}

#[test]
fn golden_links_cover_every_variant_and_every_kind_of_choice() {
    let links = links();
    for entry in catalogue() {
        let info = entry.info();
        for variant in info.variants {
            let of_variant: Vec<&Link> =
                links.iter().filter(|link| link.info().id == info.id && link.variant.id == variant.id).collect();
            assert!(of_variant.len() >= 3, "{} has {} golden links", variant.id, of_variant.len());
            let holds =
                |what: &str| of_variant.iter().any(|link| link.choices.iter().any(|choice| choice.contains(what)));
            // What a scenario never offers, a link need not hold.
            let runs: Vec<_> = of_variant.iter().map(|link| replay(link).run).collect();
            let offered: Vec<_> =
                runs.iter().flat_map(|run| (0..=run.steps()).flat_map(|step| run.choices(step))).collect();
            for verb in ["!cut", "!jump", "!restart"] {
                let is_offered = offered.iter().any(|choice| choice.name.contains(verb));
                assert!(holds(verb) || !is_offered, "no golden link of {} holds `{verb}`", variant.id);
            }
            let crash_point = |choice: &String| {
                choice
                    .split_once("!crash")
                    .is_some_and(|(_, rest)| rest.starts_with(|digit: char| digit.is_ascii_digit()))
            };
            assert!(
                of_variant.iter().any(|link| link.choices.iter().any(crash_point))
                    || offered.iter().all(|choice| choice.crash_points.is_empty()),
                "{} has no crash point",
                variant.id
            );
            let default = info.values(variant, []).expect("defaults");
            assert!(of_variant.iter().any(|link| link.values != default), "{} has default parameters only", variant.id);
        }
    }
    for verb in ["!drop", "!dup", "!crash", "!heal", "!pause", "!resume", "!rate", "~", "+", ".2", "!jump-"] {
        assert!(links.iter().any(|link| link.choices_text().contains(verb)), "no golden link holds `{verb}`");
    }
}
