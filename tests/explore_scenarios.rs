//! The search over every scenario: the checked-in table, challenges, reductions that lose nothing, and what is said of a counterexample.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use interleave::engine::{Bounds, Heed, Move, Run, Space, Spent, Spot};
use interleave::explore::challenge::{Judged, judge, proof};
use interleave::explore::explain::{Role, decisive, trials};
use interleave::explore::{
    Answer, End, Exploration, Question, Shows, What, budget_text, declared_budget, parse_budget, reads_as, shrink,
};
use interleave::scenarios::run_string::{Link, open, replay, to_text};
use interleave::scenarios::{Entry, Target, Variant, catalogue, find};

const TABLE: &str = "docs/explored.tsv";

fn start(entry: &dyn Entry, variant: &'static Variant, given: &str) -> Box<dyn Run> {
    let pairs: Vec<(&str, &str)> = given.split(' ').filter_map(|pair| pair.split_once('=')).collect();
    let values = entry.info().values(variant, pairs).expect("values that fit");
    entry.start(variant, &values, 0)
}

fn explore(run: &dyn Run, question: Question) -> Answer {
    let mut exploration = Exploration::new(run, 0, question).expect("a question that fits");
    while exploration.advance_with(100_000, 2).is_none() {}
    exploration.answer()
}

/// One row: what is asked, and what came of it.
fn row(scenario: &str, variant: &str, given: &str, question: &str) -> String {
    let entry = find(scenario).expect("a scenario of ours");
    let declared = entry.info().variant(variant).expect("a variant of ours");
    let run = start(entry, declared, given);
    let answer = explore(&*run, Question::parse(question).expect("a question"));
    let figures = answer.figures;
    let mut findings = Vec::new();
    for finding in &answer.findings {
        let shows = match finding.shows {
            Shows::Broken(invariant) => invariant.to_owned(),
            Shows::Stuck { goal, states, forever } => format!("{goal}:{states}:{forever}"),
            Shows::Wanted => "reached".to_owned(),
        };
        let pairs = given.split(' ').filter_map(|pair| pair.split_once('='));
        let values = entry.info().values(declared, pairs).expect("values that fit");
        let mut link = Link::new(entry, declared, values, 0);
        link.choices.clone_from(&finding.choices);
        findings.push(format!("{shows} {}", to_text(&link)));
    }
    let end = answer.end.expect("it ended").word();
    let (states, transitions, depth) = (figures.states, figures.transitions, figures.depth);
    let findings = if findings.is_empty() { "-".to_owned() } else { findings.join(" | ") };
    let given = if given.is_empty() { "-" } else { given };
    let title = declared.title;
    format!("{scenario}\t{variant}\t{given}\t{question}\t{states}\t{transitions}\t{depth}\t{end}\t{findings}\t{title}")
}

fn table() -> String {
    std::fs::read_to_string(TABLE).unwrap_or_default()
}

fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(|line| line.split('\t').collect())
}

/// Regenerates the table and compares. To add a row, write its first four columns; to take what the search says now, run with UPDATE_EXPECT=1.
#[test]
fn the_table_says_what_the_search_finds() {
    let before = table();
    let head: Vec<&str> = before.lines().take_while(|line| line.starts_with('#')).collect();
    let mut after = String::new();
    for line in head {
        let _ = writeln!(after, "{line}");
    }
    for row_before in rows(&before) {
        let given = if row_before[2] == "-" { "" } else { row_before[2] };
        let _ = writeln!(after, "{}", row(row_before[0], row_before[1], given, row_before[3]));
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(TABLE, &after).expect("the table can be written");
    } else {
        assert_eq!(after, before, "the search no longer finds what {TABLE} says; UPDATE_EXPECT=1 writes it anew");
    }
}

#[test]
fn every_variant_stands_in_the_table_with_its_own_budget_and_breaks_or_holds_as_declared() {
    let table = table();
    let rows: Vec<Vec<&str>> = rows(&table).collect();
    for entry in catalogue() {
        let info = entry.info();
        for variant in info.variants {
            let question = Question::new(What::Violation, declared_budget(variant.budget)).to_string();
            let own = |row: &&Vec<&str>| row[..4] == [info.id, variant.id, "-", question.as_str()];
            let row = rows.iter().find(own).unwrap_or_else(|| panic!("{TABLE} lacks {} {question}", variant.id));
            let expected = if variant.broken { "found" } else { "exhausted" };
            assert_eq!(row[7], expected, "{} is declared otherwise", variant.id);
        }
    }
}

#[test]
fn what_the_table_shows_replays_to_the_violation_it_names() {
    let table = table();
    let mut seen = 0;
    for row in rows(&table).filter(|row| row[3].starts_with("violation")) {
        for finding in row[8].split(" | ").filter(|finding| *finding != "-") {
            let (invariant, link) = finding.split_once(' ').expect("an invariant and a link");
            let replayed = replay(&open(link).expect("a link of ours"));
            assert_eq!(replayed.error, None);
            let violations = &replayed.run.trace().violations;
            let found = violations.iter().find(|violation| violation.invariant == invariant);
            let found = found.unwrap_or_else(|| panic!("{link} does not break {invariant}"));
            assert_eq!(found.step, replayed.run.steps(), "it breaks with its last choice");
            seen += 1;
        }
    }
    assert!(seen >= 3, "every broken variant has a counterexample");
}

#[test]
fn every_challenge_can_be_done_and_not_in_fewer_choices_than_the_search_says() {
    for entry in catalogue() {
        let info = entry.info();
        for challenge in &support::about(info.id).challenges {
            let variant = info.variant(challenge.variant).expect("a variant of ours");
            let values = info.values(variant, challenge.parameters.iter().copied()).expect("values that fit");
            let run = entry.start(variant, &values, 0);
            let answer = explore(&*run, proof(challenge));
            let goal = |shows: &Shows| match (&challenge.target, shows) {
                (Target::Break(asked), Shows::Broken(found)) => asked == found,
                (Target::Block(_) | Target::Reach(_), Shows::Wanted) => true,
                _ => false,
            };
            let finding = answer.findings.iter().find(|finding| goal(&finding.shows));
            let finding = finding.unwrap_or_else(|| panic!("{} cannot be done: {answer:?}", challenge.id));
            let mut solved = run.fork(0);
            finding.choices.iter().for_each(|choice| solved.push(choice).expect("it replays"));
            let steps = solved.steps();
            assert_eq!(judge(challenge, &*solved, steps), Judged::Solved { step: steps }, "{}", challenge.id);
            assert_eq!(judge(challenge, &*solved, steps - 1), Judged::Open, "{}: not before its end", challenge.id);
            assert!(steps <= challenge.choices && steps + 2 >= challenge.choices, "{}: in {steps}", challenge.id);
        }
    }
}

#[test]
fn a_challenge_is_not_solved_past_its_bounds() {
    let entry = find("two-phase-commit").expect("a scenario of ours");
    let info = entry.info();
    let challenges = support::about(info.id).challenges;
    let challenge = challenges.iter().find(|one| one.id == "split-without-fault").expect("a challenge");
    let mut run = start(entry, info.variant(challenge.variant).expect("a variant"), "");
    for choice in "cl.begin,cl-c,c-p1,c-p2,c-p3!dup,c-p3,p1-c,p2-c,p3-c,c:ack,p1:decision".split(',') {
        run.push(choice).expect("it can be taken");
    }
    let judged = judge(challenge, &*run, run.steps());
    assert_eq!(judged, Judged::Over("Done with duplicate 1; the challenge allows 0.".to_owned()));
}

/// Worlds that a few random moves reach.
fn wander(space: &dyn Space, seed: u64, steps: u32) -> Vec<Spot> {
    let mut spots = vec![space.start()];
    let mut draw = seed;
    for _ in 0..steps {
        let mut next: Vec<Spot> = Vec::new();
        space.expand(&spots[spots.len() - 1], &[], &mut |_, spot| next.push(spot));
        if next.is_empty() {
            break;
        }
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = (draw >> 33) as usize % next.len();
        spots.push(next.swap_remove(at));
    }
    spots
}

fn moves(space: &dyn Space, spot: &Spot) -> Vec<(Move, Spot)> {
    let mut all = Vec::new();
    space.expand(spot, &[], &mut |move_, next| all.push((move_, next)));
    all
}

fn independent(one: &Move, other: &Move) -> bool {
    let disturbs =
        |a: &Move, b: &Move| a.takes.is_some_and(|(node, bit)| b.alone == Some(node) && b.looks_for & bit != 0);
    one.alone.is_some()
        && other.alone.is_some()
        && one.alone != other.alone
        && !disturbs(one, other)
        && !disturbs(other, one)
}

fn bounds(text: &str) -> Bounds {
    parse_budget(text).expect("a budget")
}

/// Tries every pair of moves that are said to be independent in worlds that random walks reach; how many that were.
fn expect_independent_moves_change_places(space: &dyn Space, heed: Heed, variant: &str) -> u32 {
    let mut pairs = 0;
    for seed in 0..12 {
        for spot in wander(space, seed, 40) {
            let all = moves(space, &spot);
            for (one, after_one) in &all {
                for (other, after_other) in all.iter().filter(|(other, _)| independent(one, other)) {
                    let then = |spot: &Spot, id: u64| {
                        let found = moves(space, spot).into_iter().find(|(move_, _)| move_.id == id);
                        // What has no consequence any more leads nowhere else.
                        let stays = (heed < Heed::Everything).then(|| space.key(spot));
                        found.map(|(_, spot)| space.key(&spot)).or(stays)
                    };
                    let (there, back) = (then(after_one, other.id), then(after_other, one.id));
                    assert!(there.is_some() && there == back, "{variant}: {one:?} and {other:?}");
                    pairs += 1;
                }
            }
        }
    }
    pairs
}

#[test]
fn moves_that_are_said_to_change_places_do() {
    let mut pairs = 0;
    for entry in catalogue() {
        for variant in entry.info().variants {
            let run = start(*entry, variant, "");
            let budget = bounds("crash=1,drop=1,duplicate=1,partition=1,pause=1");
            for heed in [Heed::Everything, Heed::Invariants] {
                pairs += expect_independent_moves_change_places(&*run.space(0, budget, heed), heed, variant.id);
            }
        }
    }
    assert!(pairs > 20_000, "only {pairs} pairs were tried");
}

#[test]
fn reductions_lose_no_violation_and_find_it_as_early() {
    for entry in catalogue() {
        for variant in entry.info().variants {
            let given = if entry.info().id == "two-phase-commit" { "participants=2" } else { "" };
            let run = start(*entry, variant, given);
            let mut results = BTreeSet::new();
            let mut states = BTreeMap::new();
            for ways in ["", "symmetry=off", "sleep=off", "symmetry=off,sleep=off", "essence=off"] {
                let mut bounds = declared_budget(variant.budget);
                // Where delays are bounded, there are too many states to leave nothing out.
                bounds.delays = bounds.delays.map(|_| 0);
                let text = format!("violation;{};{ways}", budget_text(&bounds));
                let question = Question::parse(&text).expect("a question");
                let answer = explore(&*run, question);
                let found: Vec<(String, usize)> = answer
                    .findings
                    .iter()
                    .map(|finding| (format!("{:?}", finding.shows), finding.choices.len()))
                    .collect();
                let broken = found.first().map(|(_, choices)| *choices);
                results.insert((broken, answer.end == Some(End::Exhausted)));
                states.insert(ways, answer.figures.states);
            }
            assert_eq!(results.len(), 1, "{}: {results:?}", variant.id);
            if results.iter().all(|(broken, _)| broken.is_none()) {
                assert_eq!(
                    states["symmetry=off"], states["symmetry=off,sleep=off"],
                    "{}: sleep sets lose no state",
                    variant.id
                );
                assert!(states[""] <= states["symmetry=off"], "{}", variant.id);
                assert!(states[""] <= states["essence=off"], "{}", variant.id);
            }
        }
    }
}

/// Asked all at once, servers may change places, even while one may still crash: what is sent to them goes with the connection.
#[test]
fn servers_that_are_asked_at_once_may_change_places() {
    let entry = find("redlock").expect("a scenario of ours");
    for (id, budget, breaks) in [
        ("no-persistence", "crash=1,delay=0", true),
        ("redlock", "pause=1,delay=0", true),
        ("redlock", "drift=1,delay=0", false),
        ("delayed-restart", "crash=1,delay=0", false),
    ] {
        let run = start(entry, entry.info().variant(id).expect("a variant"), "ask=at-once");
        let ask = |ways: &str| {
            let answer = explore(&*run, Question::parse(&format!("violation;{budget};{ways}")).expect("a question"));
            let choices = answer.findings.first().map(|finding| finding.choices.len());
            assert_eq!(answer.end, Some(if breaks { End::Found } else { End::Exhausted }), "{id} {budget}");
            (choices, answer.figures.states)
        };
        let ((shortest, some), (as_short, all)) = (ask(""), ask("symmetry=off"));
        assert_eq!(shortest, as_short, "{id} {budget}");
        assert!(breaks || some * 9 < all * 2 && all <= some * 6, "{id} {budget}: {some} orbits of {all} states");
    }
}

#[test]
fn reductions_find_the_same_goals_out_of_reach_and_as_early() {
    let entry = find("two-phase-commit").expect("a scenario of ours");
    for (id, budget) in [("basic", "crash=1"), ("presumed-abort", "crash=1"), ("cooperative", "crash=1,delay=0")] {
        let run = start(entry, entry.info().variant(id).expect("a variant"), "participants=2");
        let mut results = BTreeSet::new();
        for ways in ["", "symmetry=off", "symmetry=off,essence=off"] {
            let answer = explore(&*run, Question::parse(&format!("block;{budget};{ways}")).expect("a question"));
            assert_eq!(answer.end, Some(End::Exhausted));
            let stuck = answer.findings.iter().map(|finding| match finding.shows {
                Shows::Stuck { goal, forever, .. } => (goal, finding.choices.len(), forever > 0),
                _ => panic!("{finding:?} was not asked for"),
            });
            results.insert(stuck.collect::<Vec<_>>());
        }
        assert_eq!(results.len(), 1, "{id}: {results:?}");
        assert!(results.iter().all(|stuck| !stuck.is_empty()), "{id}: it can block");
    }
}

/// The scenario's own word for it against the search's: from a state that is called blocked, nothing that happens by itself leads to the goal.
#[test]
fn what_is_called_blocked_is_blocked() {
    let entry = find("two-phase-commit").expect("a scenario of ours");
    for id in ["basic", "presumed-abort", "cooperative"] {
        let variant = entry.info().variant(id).expect("a variant");
        let run = start(entry, variant, "participants=2");
        let question = Question::parse("block;crash=1,delay=1;symmetry=off").expect("a question");
        let mut exploration = Exploration::new(&*run, 0, question).expect("a question that fits");
        while exploration.advance_with(100_000, 2).is_none() {}
        let search = exploration.search();
        let stuck = search.stuck_states(0, false).expect("steps are kept");
        let mut called = 0;
        // Every 7th state is enough, and takes a seventh of the time: each is reached anew from the start.
        for place in (0..stuck.len() as u32).step_by(7) {
            let (_, ordinals) = search.path(place);
            let space = search.model().space();
            let spot =
                ordinals.iter().fold(space.start(), |spot, ordinal| space.follow(&spot, *ordinal).expect("a step").1);
            if space.blocked(&spot) & 1 == 1 {
                assert!(stuck[place as usize], "{id}: {:?} is called blocked", exploration.choices_to(place));
                called += 1;
            }
        }
        assert!(called > 20, "{id}: {called} blocked states were seen");
    }
}

#[test]
fn a_goal_within_reach_is_reached_in_the_fewest_choices_from_here() {
    let entry = find("two-phase-commit").expect("a scenario of ours");
    let variant = entry.info().variant("basic").expect("a variant");
    let mut run = start(entry, variant, "participants=2");
    for choice in "cl.begin,cl-c,c-p1,c-p2,p1-c,p2-c,c!crash".split(',') {
        run.push(choice).expect("it can be taken");
    }
    let from_here = |text: &str| {
        let mut exploration =
            Exploration::new(&*run, run.steps(), Question::parse(text).expect("a question")).expect("it fits");
        while exploration.advance(10_000).is_none() {}
        exploration.answer()
    };
    let answer = from_here("reached:decided;delay=0");
    let finding = answer.findings.first().expect("both decisions are on their way");
    assert_eq!(finding.choices[finding.prefix as usize..], ["c-p1", "c-p2"]);
    // The crash broke the connection to the client: it hears of it only once the coordinator is back.
    let answer = from_here("reached:told;delay=0");
    let told = &answer.findings.first().expect("a restart helps").choices;
    assert!(told.contains(&"c!restart".to_owned()), "{told:?}");
}

#[test]
fn a_shift_in_time_is_no_other_state() {
    let entry = find("two-phase-commit").expect("a scenario of ours");
    let variant = entry.info().variant("basic").expect("a variant");
    let key_after = |choices: &str| {
        let mut run = start(entry, variant, "");
        choices.split(',').for_each(|choice| run.push(choice).expect("it can be taken"));
        let nothing = Bounds { budget: Spent::default(), delays: None, repairs: true };
        let space = run.space(run.steps(), nothing, Heed::Everything);
        (space.key(&space.start()), run.hash(run.steps()))
    };
    // All participants abort at 2,000 ms, and then nothing runs: 500 ms later it is the same situation at another time.
    let still = "p1:work,p2:work,p3:work";
    let (key, hash) = key_after(&format!("{still},p1!crash,p1!restart"));
    let (later_key, later_hash) = key_after(&format!("{still},p1!crash+500,p1!restart"));
    assert_ne!(hash, later_hash);
    assert_eq!(key, later_key);
}

#[test]
fn a_counterexample_says_what_it_hangs_on() {
    let entry = find("two-phase-commit").expect("a scenario of ours");
    let variant = entry.info().variant("no-log").expect("a variant");
    let mut run = start(entry, variant, "");
    for choice in "cl.begin,cl-c,c-p1,c-p2,c-p3,p1-c,p2-c,p3-c!crash1,p1:decision,c!restart,p1-c".split(',') {
        run.push(choice).expect("it can be taken");
    }
    let all = trials(&*run, "ac4").expect("it breaks AC4");
    let named = decisive(&all);
    assert_eq!(named.len(), 1);
    assert_eq!((named[0].role, named[0].choice.as_str()), (Role::Fault, "p3-c!crash1"));
    assert_eq!(
        reads_as::trial(named[0], "ac4"),
        "Without choice 8, p3-c!crash1, all else equal, AC4 holds (3 choices behind it no longer apply)."
    );
    assert_eq!(trials(&*run, "ac2"), None);
}

#[test]
fn a_wandering_run_is_shortened_to_its_violation() {
    let entry = find("two-phase-commit").expect("a scenario of ours");
    let variant = entry.info().variant("gives-up").expect("a variant");
    let mut run = start(entry, variant, "");
    let wandering = "cl.begin,p3!pause,cl-c+10,c-p2!dup,c-p1+3,p3!resume,c-p2,c-p2,c-p3,p2-c,p1-c+4,p3-c,c-cl,c-p3,p3-c,c:ack,p2:decision,c-p1,p1-c";
    for choice in wandering.split(',') {
        run.push(choice).unwrap_or_else(|error| panic!("{error}"));
    }
    let short = shrink(&*run, "ac1").expect("it breaks AC1");
    assert!(short.choices.len() <= 11, "{:?}", short.choices);
    assert!(short.choices.iter().all(|choice| Role::of(choice) != Role::Fault), "{:?}", short.choices);
    let mut again = run.fork(0);
    short.choices.iter().for_each(|choice| again.push(choice).expect("it replays"));
    assert_eq!(again.trace().violations.last().map(|violation| violation.invariant), Some("ac1"));
    assert_eq!(shrink(&*run, "ac2"), None);
}

#[test]
fn a_question_reads_back_as_it_is_written_and_bad_ones_name_the_fault() {
    for text in [
        "violation;",
        "violations;crash=1,drop=2,delay=0",
        "break:ac1;partition=1",
        "blocked:decided;crash=1",
        "reached:told;",
        "block;delay=3;states=500,depth=9,megabytes=20,order=deepening,sleep=off,symmetry=off,essence=off",
        "state:p1=committed,c=down;crash=1",
    ] {
        assert_eq!(Question::parse(text).expect("it is a question").to_string(), text);
    }
    for (text, names) in [
        ("everything;", "`everything`"),
        ("violation;flood=1", "`flood`"),
        ("violation;crash=10", "`crash` cannot be `10`"),
        ("violation;crash", "`crash` is not written as name=value"),
        ("violation;;speed=1", "`speed`"),
        ("violation;;order=random", "`order` cannot be `random`"),
        ("violation;;states=0", "`states` cannot be `0`"),
        ("state:;", "`state:`"),
        ("violation;;;x", "more than three parts"),
    ] {
        let error = Question::parse(text).expect_err(text).to_string();
        assert!(error.contains(names), "{text}: {error}");
    }
    let run = start(
        find("two-phase-commit").expect("ours"),
        find("two-phase-commit").expect("ours").info().variants.first().expect("one"),
        "",
    );
    let refused = |text: &str| {
        Exploration::new(&*run, 0, Question::parse(text).expect("a question")).err().map(|error| error.to_string())
    };
    assert_eq!(
        refused("state:p9=committed;").as_deref(),
        Some("there is no lifeline `p9`; there is cl, c, p1, p2, p3")
    );
    assert_eq!(refused("blocked:rich;").as_deref(), Some("there is no goal `rich`; there is decided, told"));
    assert_eq!(refused("break:ac9;").as_deref(), Some("there is no invariant `ac9`; there is ac1, ac2, ac3, ac4"));
}
