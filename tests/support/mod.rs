//! An adversary for tests: plays any variant under any parameters, with faults of every kind, the same for the same seed.
// Every test that includes this file uses a part of it.
#![allow(dead_code)]

use interleave::engine::{ChoiceGroup, ChoiceView, Run, generator};
use interleave::scenarios::run_string::Link;
use interleave::scenarios::{About, Entry, Info, ParameterKind, Variant};
use rand_core::RngCore;

/// How an adversary plays.
#[derive(Clone, Copy, Debug)]
pub struct Temper {
    /// Most choices that it takes.
    pub steps: u32,
    /// Of a hundred choices, how many are the scheduler's; the others are drawn from all that can be taken.
    pub calm: u32,
    /// Whether to draw parameters, or to leave them at the variant's defaults.
    pub parameters: bool,
}

/// Plays a variant, and gives the run with the link that names it.
pub fn play(entry: &'static dyn Entry, variant: &'static Variant, seed: u64, temper: Temper) -> (Link, Box<dyn Run>) {
    let mut random = generator(seed, u64::MAX);
    let given = if temper.parameters { parameters(entry.info(), &mut random) } else { Vec::new() };
    let values = entry
        .info()
        .values(variant, given.iter().map(|(id, value)| (*id, value.as_str())))
        .expect("drawn within their ranges");
    let mut run = entry.start(variant, &values, seed);
    while run.steps() < temper.steps {
        let Some(choice) = next(&*run, seed, temper.calm, &mut random) else { break };
        // A disturbance that does not fit here, such as a wait past a timer, is drawn again.
        let _ = run.push(&choice);
    }
    (Link::new(entry, variant, values, seed).with_run(&*run), run)
}

/// Something to do next: the scheduler's choice, one of all that can be taken, or a disturbance that no menu offers.
fn next(run: &dyn Run, seed: u64, calm: u32, random: &mut impl RngCore) -> Option<String> {
    let scheduled = run.scheduled(run.steps(), seed);
    if random.next_u32() % 100 < calm
        && let Some(choice) = scheduled
    {
        return Some(choice);
    }
    let mut enabled = run.choices(run.steps());
    enabled.retain(|choice| choice.disabled.is_none());
    let choice = weighted(&enabled, random)?;
    if !choice.crash_points.is_empty() && random.next_u32().is_multiple_of(3) {
        return pick(&choice.crash_points, random).map(|point| point.name.clone());
    }
    let base = choice.name.split('+').next().unwrap_or_default().to_owned();
    Some(match random.next_u32() % 6 {
        1 if !base.contains(':') => format!("{base}+{}", random.next_u32() % 60),
        2 if base.contains("!jump") => {
            let (node, _) = base.split_once('!')?;
            format!("{node}!jump{}", i64::from(random.next_u32() % 4_001) - 2_000)
        }
        2 if base.contains("!rate") => {
            let (node, _) = base.split_once('!')?;
            format!("{node}!rate{}", 500 + random.next_u32() % 1_501)
        }
        2 | 3 if base.ends_with("!cut") => {
            let (node, _) = base.split_once('!')?;
            let lanes = &run.trace().lanes;
            format!("{node}~{}!cut", pick(lanes, random)?.id)
        }
        _ => choice.name.clone(),
    })
}

/// A choice by the weight of its group, so that the many ways to disturb a clock do not crowd out the rest.
fn weighted<'a>(enabled: &'a [ChoiceView], random: &mut impl RngCore) -> Option<&'a ChoiceView> {
    let weight = |group: ChoiceGroup| match group {
        ChoiceGroup::Deliver => 6,
        ChoiceGroup::Step | ChoiceGroup::Timer | ChoiceGroup::Network | ChoiceGroup::Node => 2,
        ChoiceGroup::Clock => 1,
    };
    let mut groups: Vec<ChoiceGroup> = enabled.iter().map(|choice| choice.group).collect();
    groups.dedup();
    let whole: u32 = groups.iter().map(|group| weight(*group)).sum();
    let mut left = random.next_u32() % whole.max(1);
    let group = groups.into_iter().find(|group| {
        let here = left < weight(*group);
        left = left.saturating_sub(weight(*group));
        here
    })?;
    let of_group: Vec<&ChoiceView> = enabled.iter().filter(|choice| choice.group == group).collect();
    pick(&of_group, random).copied()
}

/// Scripts that a reader may write.
const SCRIPTS: [&str; 3] = [
    "",
    "setup { CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x+y & z'); } session one step r_1 { SELECT * FROM t; } session two step w { UPDATE t SET a = a + 1; }",
    "setup{CREATE TABLE t(a int PRIMARY KEY);INSERT INTO t VALUES(1),(2);}\nsession s1\nsetup{BEGIN;}\nstep a{UPDATE t SET a=11 WHERE a=1;}\nstep b{UPDATE t SET a=12 WHERE a=2;}\nstep c{COMMIT;}\nsession s2\nsetup{BEGIN;}\nstep d{UPDATE t SET a=12 WHERE a=2;}\nstep e{UPDATE t SET a=11 WHERE a=1;}\nstep f{COMMIT;}\nsession s3\nstep g{SELECT sum(a) FROM t FOR UPDATE;}",
];

/// Values for about a third of the parameters.
fn parameters(info: &'static Info, random: &mut impl RngCore) -> Vec<(&'static str, String)> {
    let mut given = Vec::new();
    for parameter in info.parameters {
        if !random.next_u32().is_multiple_of(3) {
            continue;
        }
        let value = match parameter.kind {
            ParameterKind::Int { min, max, step, .. } => {
                let places = u32::try_from((max - min) / step + 1).expect("ranges are small");
                (min + i64::from(random.next_u32() % places) * step).to_string()
            }
            ParameterKind::OneOf(options) => options[random.next_u32() as usize % options.len()].0.to_owned(),
            ParameterKind::Nodes(nodes) => {
                let some: Vec<&str> = nodes.iter().copied().filter(|_| random.next_u32().is_multiple_of(3)).collect();
                if some.is_empty() { "none".to_owned() } else { some.join(".") }
            }
            ParameterKind::Script(_) => pick(&SCRIPTS, random).map_or_else(String::new, |script| (*script).to_owned()),
        };
        given.push((parameter.id, value));
    }
    given
}

fn pick<'a, T>(all: &'a [T], random: &mut impl RngCore) -> Option<&'a T> {
    let at = random.next_u32() as usize % all.len().max(1);
    all.get(at)
}

/// What there is to read about a scenario.
pub fn about(id: &str) -> About {
    let path = format!("{}/texts/en/{id}.md", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    About::parse(text.leak()).unwrap_or_else(|error| panic!("{path}: {error}"))
}
