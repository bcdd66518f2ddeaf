//! Where a variant that is not broken breaks all the same, because the adversary has more than its budget: `docs/beyond.tsv` names each such pair with a run
//! that shows it, and random walks, which know no budget, must break nothing else.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use interleave::engine::Run;
use interleave::explore::shrink;
use interleave::scenarios::run_string::{Link, open, replay, to_text};
use interleave::scenarios::{Entry, Variant, catalogue};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

const TABLE: &str = "docs/beyond.tsv";
/// Walks through each variant. Whoever hunts for more sets INTERLEAVE_WALKS, and INTERLEAVE_SEED.
const WALKS: u64 = 500;
const LENGTH_MAX: u32 = 90;

/// Scenario, variant, invariant.
type Pair = [String; 3];

fn pair(of: [&str; 3]) -> Pair {
    of.map(str::to_owned)
}

fn table() -> String {
    std::fs::read_to_string(TABLE).unwrap_or_default()
}

/// Pairs, and the run that shows each.
fn rows(table: &str) -> BTreeMap<Pair, String> {
    let lines = table.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let [scenario, variant, invariant, link] = cells[..] else { panic!("{TABLE}: four cells, not {line}") };
        (pair([scenario, variant, invariant]), link.to_owned())
    };
    lines.map(row).collect()
}

fn unbroken() -> impl Iterator<Item = (&'static dyn Entry, &'static Variant)> {
    let whole = |variant: &&Variant| !variant.broken;
    catalogue()
        .iter()
        .flat_map(move |entry| entry.info().variants.iter().filter(whole).map(move |variant| (*entry, variant)))
}

fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Takes what comes, and a fault now and then: faults at every second step, as every second walk has it, leave little that goes on.
fn walk(entry: &dyn Entry, variant: &'static Variant, rng: &mut ChaCha8Rng) -> Box<dyn Run> {
    let values = entry.info().values(variant, []).expect("defaults fit");
    let mut run = entry.start(variant, &values, 0);
    let calm = rng.next_u32().is_multiple_of(2);
    for _ in 0..rng.next_u32() % LENGTH_MAX {
        let mut names = Vec::new();
        for choice in run.choices(run.steps()) {
            if choice.disabled.is_none() {
                names.push(choice.name);
                names.extend(choice.crash_points.into_iter().map(|point| point.name));
            }
        }
        if calm && !rng.next_u32().is_multiple_of(8) && names.iter().any(|name| !name.contains('!')) {
            names.retain(|name| !name.contains('!'));
        }
        let Some(name) = names.get(rng.next_u32() as usize % names.len().max(1)) else { break };
        run.push(name).unwrap_or_else(|error| panic!("offered, and refused: {error}"));
        if !run.trace().violations.is_empty() {
            break;
        }
    }
    run
}

/// The run as a link, with no choice that the violation can do without.
fn shown(entry: &'static dyn Entry, variant: &'static Variant, run: &dyn Run, invariant: &'static str) -> String {
    let values = entry.info().values(variant, []).expect("defaults fit");
    let mut link = Link::new(entry, variant, values, 0);
    link.choices = shrink(run, invariant).expect("it breaks this").choices;
    to_text(&link)
}

#[test]
fn beyond_its_budget_a_variant_breaks_only_as_the_table_says() {
    let before = table();
    let mut known = rows(&before);
    let (walks, seed) = (from_environment("INTERLEAVE_WALKS", WALKS), from_environment("INTERLEAVE_SEED", 20_261_125));
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut unknown = String::new();
    for (entry, variant) in unbroken() {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for _ in 0..walks {
            let run = walk(entry, variant, &mut rng);
            for violation in &run.trace().violations {
                let pair = pair([entry.info().id, variant.id, violation.invariant]);
                if known.contains_key(&pair) {
                    continue;
                }
                let link = shown(entry, variant, &*run, violation.invariant);
                let _ = writeln!(unknown, "{}\t{link}", pair.join("\t"));
                known.insert(pair, link);
            }
        }
    }
    if update {
        let mut after: String =
            before.lines().filter(|line| line.starts_with('#')).map(|line| format!("{line}\n")).collect();
        for (pair, link) in &known {
            let _ = writeln!(after, "{}\t{link}", pair.join("\t"));
        }
        std::fs::write(TABLE, after).expect("the table can be written");
    } else {
        assert_eq!(
            unknown, "",
            "these break, and {TABLE} does not say so; if it should, UPDATE_EXPECT=1 writes them there"
        );
    }
}

#[test]
fn what_the_table_shows_replays_to_the_violation_it_names() {
    for ([scenario, variant, invariant], text) in rows(&table()) {
        let link = open(&text).expect("a link of ours");
        assert_eq!((link.info().id, link.variant.id), (&*scenario, &*variant), "{text}");
        assert!(!link.variant.broken, "{scenario} {variant} is broken: its place is docs/explored.tsv");
        let replayed = replay(&link);
        assert_eq!(replayed.error, None, "{text}");
        let violations = &replayed.run.trace().violations;
        let found = violations.iter().find(|violation| violation.invariant == invariant);
        let found = found.unwrap_or_else(|| panic!("{text} does not break {invariant}"));
        assert_eq!(found.step, replayed.run.steps(), "it breaks with its last choice");
    }
}
