//! Branches never lose anything, and two runs side by side say where they part.

use interleave::engine::{
    BRANCH_NAME_MAX, BranchError, BranchId, Branches, Chosen, MAX_BRANCHES, Origin, Pair, Parting, PartingKind, Run,
    align, common_prefix, same_act,
};
use interleave::scenarios::run_string::{parse, replay, split_choices};
use interleave::scenarios::{find, follow};

const START: &str = "cl.begin,cl-c+10,c-p1+10,c-p2";

fn run(variant: &str, choices: &str) -> Box<dyn Run> {
    let link = parse(&format!("/two-phase-commit/{variant}?run={choices}")).expect("a link");
    let replayed = replay(&link);
    assert_eq!(replayed.error, None);
    replayed.run
}

fn branches() -> Branches {
    Branches::new(run("basic", START), "opening")
}

fn choices(run: &dyn Run) -> String {
    (1..=run.steps()).filter_map(|step| run.choice(step)).collect::<Vec<_>>().join(",")
}

#[test]
fn moving_destroys_nothing() {
    let mut open = branches();
    assert_eq!(open.current().cursor(), 4);
    assert!(!open.forward());
    assert!(open.back() && open.back());
    assert_eq!(open.current().cursor(), 2);
    assert_eq!(open.go(0), 0);
    assert!(!open.back());
    assert_eq!(open.go(99), 4);
    assert_eq!(choices(open.current().run()), START);
}

#[test]
fn a_choice_at_the_end_extends_the_run() {
    let mut open = branches();
    assert_eq!(open.choose("c-p3"), Ok(Chosen::Extended));
    assert_eq!((open.current().cursor(), open.current().run().steps()), (5, 5));
    assert!(matches!(open.choose("c-p3"), Err(BranchError::Choice(_))));
    assert_eq!(open.all().len(), 1);
}

#[test]
fn the_choice_that_follows_moves_on_in_whatever_spelling() {
    let mut open = branches();
    open.go(2);
    assert_eq!(open.choose("c-p1.1+010"), Ok(Chosen::Stepped));
    assert_eq!((open.current().cursor(), open.all().len()), (3, 1));
    open.go(2);
    assert_eq!(open.choose_offered("c-p1+4"), Ok(Chosen::Stepped));
    assert_eq!((open.current().cursor(), open.all().len()), (3, 1));
    assert!(same_act("c-p1+4", "c-p1") && !same_act("c-p1", "c-p1.2") && same_act("é+1", "é"));
}

#[test]
fn another_choice_in_the_past_makes_a_branch() {
    let mut open = branches();
    open.go(2);
    let Ok(Chosen::Forked(id)) = open.choose("c-p1+4") else { panic!("another wait is another choice") };
    assert_eq!(open.current().id(), id);
    assert_eq!(open.current().name(), "3: c-p1+4");
    assert_eq!(open.current().origin(), Some(Origin { branch: BranchId(1), step: 2 }));
    assert_eq!(choices(open.current().run()), "cl.begin,cl-c+10,c-p1+4");
    assert_eq!(choices(open.all()[0].run()), START);
    assert_eq!(open.all()[0].cursor(), 2);
    assert_eq!(common_prefix(open.all()[0].run(), open.all()[1].run()), 2);
    assert_eq!(common_prefix(open.all()[0].run(), open.all()[0].run()), 4);

    open.switch(BranchId(1)).expect("it is open");
    assert!(matches!(open.choose("c-p9"), Err(BranchError::Choice(_))));
    let Ok(Chosen::Forked(again)) = open.choose("c-p1+4") else { panic!("it was made from the first branch again") };
    assert_eq!(open.get(again).map(|branch| branch.name()), Some("3: c-p1+4 (2)"));
}

#[test]
fn closing_keeps_the_last_branch_and_says_whom_the_others_left() {
    let mut open = branches();
    open.go(2);
    let second = open.fork_here("second").expect("there is room");
    open.choose("c-p2").expect("enabled");
    let third = open.fork_here("third").expect("there is room");
    assert_eq!(open.get(third).and_then(|branch| branch.origin()), Some(Origin { branch: second, step: 3 }));
    open.close(second).expect("others are open");
    assert_eq!(open.current().id(), third);
    assert_eq!(open.current().origin(), Some(Origin { branch: BranchId(1), step: 2 }));
    assert_eq!(open.close(second), Err(BranchError::Unknown));
    open.close(BranchId(1)).expect("another is open");
    assert_eq!(open.current().origin(), None);
    assert_eq!(open.close(third), Err(BranchError::Last));
    assert_eq!(open.switch(BranchId(1)), Err(BranchError::Unknown));
    assert_ne!(open.open(run("basic", ""), "new"), Ok(second));
}

#[test]
fn closing_the_shown_branch_shows_its_neighbour() {
    let mut open = branches();
    let second = open.fork_here("second").expect("there is room");
    let third = open.fork_here("third").expect("there is room");
    open.switch(second).expect("it is open");
    open.close(second).expect("others are open");
    assert_eq!(open.current().id(), third);
    open.close(third).expect("another is open");
    assert_eq!(open.current().id(), BranchId(1));
}

#[test]
fn names_are_bounded_and_never_blank() {
    let mut open = branches();
    assert_eq!(open.rename(BranchId(1), "  "), Err(BranchError::Nameless));
    assert_eq!(open.rename(BranchId(9), "x"), Err(BranchError::Unknown));
    open.rename(BranchId(1), &"é".repeat(100)).expect("it is cut");
    assert_eq!(open.current().name().chars().count(), BRANCH_NAME_MAX);
    let id = open.fork_here(&"é".repeat(100)).expect("there is room");
    let name = open.get(id).expect("it is open").name();
    assert!(name.ends_with("é (2)") && name.chars().count() == BRANCH_NAME_MAX, "{name}");
}

#[test]
fn there_is_an_end_to_branches_and_the_refusal_changes_nothing() {
    let mut open = branches();
    while open.all().len() < MAX_BRANCHES {
        open.fork_here("b").expect("there is room");
    }
    open.go(2);
    assert_eq!(open.choose("c-p1+4"), Err(BranchError::TooMany));
    assert_eq!((open.all().len(), open.current().cursor(), open.current().run().steps()), (MAX_BRANCHES, 2, 4));
    assert_eq!(open.choose("c-p1+10"), Ok(Chosen::Stepped));
}

/// The left run in one variant, its choices followed in another.
fn beside(left: &str, right: &str, text: &str) -> (Box<dyn Run>, interleave::engine::Followed) {
    let entry = find("two-phase-commit").expect("in the catalogue");
    let variant = entry.info().variant(right).expect("a variant");
    let values = entry.info().values(variant, []).expect("defaults");
    let left = run(left, text);
    (left, follow(entry, variant, &values, 0, &split_choices(text)))
}

#[test]
fn the_same_run_twice_never_parts() {
    let (left, followed) = beside("basic", "basic", START);
    assert_eq!(followed.taken, [Some(1), Some(2), Some(3), Some(4)]);
    assert_eq!(followed.skipped, []);
    let alignment = align(&*left, &*followed.run, &followed.taken);
    assert_eq!(alignment.parting, None);
    assert_eq!(alignment.pairs.len(), 5);
    assert_eq!(alignment.pairs[4], Pair { left: 4, right: Some(4) });
}

#[test]
fn runs_part_where_the_same_choice_has_other_consequences() {
    // p1 gives up on its own in the one, and goes on waiting in the other.
    let text = "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p2-c,p3-c,c-p1+10,p1-c+10,c:ack,p2:decision";
    let (left, followed) = beside("gives-up", "basic", text);
    let alignment = align(&*left, &*followed.run, &followed.taken);
    let parting = alignment.parting.expect("the variants differ");
    assert_eq!(parting.why, PartingKind::Differs, "{parting:?}");
    let sentences = |run: &dyn Run, step: u32| -> Vec<String> {
        let trace = run.trace();
        let rows = trace.rows_at_step(step - 1) as usize..trace.rows_at_step(step) as usize;
        trace.events[rows].iter().map(|event| event.sentence.clone()).collect()
    };
    assert_ne!(sentences(&*left, parting.left), sentences(&*followed.run, parting.right));
    for step in 1..parting.left {
        assert_eq!(sentences(&*left, step), sentences(&*followed.run, step), "step {step}");
    }
}

#[test]
fn a_choice_that_does_not_apply_is_skipped_and_parts_the_runs() {
    let text = "cl.begin,cl-c+10,c-p1+10,c-p2,c-p3,p1-c+10,p1-a1,p2-c,p2-a1,p3-c,p3-a1,c!crash";
    let (left, followed) = beside("paxos-commit", "basic", text);
    let numbers: Vec<u32> = followed.skipped.iter().map(|skipped| skipped.number).collect();
    assert_eq!(numbers, [7, 9, 11]);
    assert_eq!(followed.taken[6], None);
    assert_eq!(followed.taken[7], Some(7));
    assert_eq!(followed.run.steps(), 9);
    let alignment = align(&*left, &*followed.run, &followed.taken);
    assert_eq!(alignment.pairs[7], Pair { left: 7, right: None });
    assert_eq!(alignment.pairs[8], Pair { left: 8, right: Some(7) });
    let parting = alignment.parting.expect("the variants differ");
    assert!(parting.left <= 7);
    // Laid beside itself cut short, a run parts where the other ends.
    let alignment = align(&*left, &*left.fork(3), &[Some(1), Some(2), Some(3)]);
    assert_eq!(alignment.parting, Some(Parting { left: 4, right: 3, why: PartingKind::NotTaken }));
}
