//! The diagram's grammar, sign by sign, on traces made by hand; its laws, on random ones. No scenario is needed for either.

#[path = "support/laws.rs"]
mod laws;
#[path = "support/tale.rs"]
mod tale;

use expect_test::expect_file;
use interleave::diagram::{
    About, Item, Scene, Shape, Style, Target, Theme, export, extent, layout, layout_within, mermaid, plantuml,
    step_sentence, transcript,
};
use interleave::engine::{EventKind, LossCause, SpanKind, Tone, Trace};
use proptest::prelude::*;
use tale::Tale;

/// Texts that mean something to XML, Mermaid or PlantUML, and texts that are hard to fit.
const AWKWARD: &[&str] = &[
    "end",
    "a; b",
    "#35;",
    "100%% {sure}",
    "<b>&\"'",
    "x -->> y: z",
    "note over n0",
    "--",
    "\u{65E5}\u{672C}\u{8A9E} \u{1F600}",
    "back\\slash ~tilde~ **bold** //it// __u__",
    "",
    " ",
    "two\nlines",
    "bell\u{7}",
    "a label that is far too long to stand between two lifelines of any drawing whatsoever",
    "@enduml",
    "%% comment",
    "[*]",
    "loop",
    "$x == |y|",
];

/// Two clients, a lock with leases, a store: every sign of the grammar.
fn every_sign() -> Trace {
    let mut tale = Tale::among(&[("a", "client A"), ("lock", "lock service"), ("b", "client B"), ("db", "store")]);
    tale.step(0);
    tale.event(0, EventKind::Stepped, "wants the lock");
    let ask = tale.send(0, 1, "acquire");
    tale.step(10);
    tale.deliver(ask);
    tale.event(1, EventKind::Wrote { forced: true }, "log: A holds");
    let granted = tale.send(1, 0, "granted");
    tale.badge("held by A", Tone::Active);
    tale.step(10);
    tale.deliver(granted);
    tale.badge("holder", Tone::Good);
    let lease = tale.begin(0, SpanKind::Lease { until_ms: 120 }, "lease of 100 ms");
    let inside = tale.begin(0, SpanKind::CriticalSection, "in the critical section");
    tale.step(5);
    tale.event(3, EventKind::Wrote { forced: false }, "buffered");
    let row_lock = tale.begin(3, SpanKind::Lock, "row 7");
    let second = tale.begin(3, SpanKind::Lock, "row 8");
    tale.step(5);
    let guilty = tale.event(0, EventKind::Paused, "pause");
    let pause = tale.begin(0, SpanKind::Paused, "paused");
    tale.step(40);
    let second_ask = tale.send(2, 1, "acquire");
    let copy = tale.copy(second_ask);
    tale.step(10);
    tale.deliver(second_ask);
    tale.event(1, EventKind::Noted, "queued");
    tale.step(40);
    tale.event(1, EventKind::TimerFired, "lease of A");
    let to_b = tale.send(1, 2, "granted");
    tale.step(3);
    tale.deliver(copy);
    tale.step(2);
    tale.deliver(to_b);
    let guilty_too = tale.rows() - 1;
    let inside_too = tale.begin(2, SpanKind::CriticalSection, "in the critical section");
    let _lease_too = tale.begin(2, SpanKind::Lease { until_ms: 400 }, "lease of 275 ms");
    tale.violate("mutex", "a and b are both in the critical section.", &[guilty, guilty_too]);
    tale.step(1);
    tale.event(0, EventKind::Resumed, "resume");
    tale.end(pause);
    let write = tale.send(0, 3, "write 1");
    tale.step(5);
    tale.cut(&[3]);
    let other = tale.send(2, 3, "write 2");
    tale.step(5);
    tale.lose(other, LossCause::Partitioned);
    tale.end(row_lock);
    tale.step(5);
    tale.heal(3);
    tale.step(5);
    tale.deliver(write);
    tale.end(inside);
    tale.end(lease);
    let own = tale.send(3, 3, "compact");
    tale.step(1);
    tale.deliver(own);
    tale.step(0);
    tale.event(1, EventKind::Crashed, "crash");
    let down = tale.begin(1, SpanKind::Crashed, "down");
    let to_the_dead = tale.send(2, 1, "renew");
    tale.step(10);
    tale.lose(to_the_dead, LossCause::ReceiverDown);
    tale.badge("in doubt", Tone::Waiting);
    tale.step(10);
    tale.event(1, EventKind::Restarted, "restart");
    tale.end(down);
    tale.end(second);
    tale.step(10);
    tale.event(2, EventKind::ClockJumped { by_ms: 500 }, "clock +500 ms");
    tale.event(2, EventKind::ClockRate { permille: 500 }, "clock \u{D7}0.500");
    tale.end(inside_too);
    let dropped = tale.send(0, 3, "write 3");
    tale.step(10);
    tale.lose(dropped, LossCause::Dropped);
    let read = tale.send(0, 3, "read");
    tale.begin(0, SpanKind::Blocked, "waits for row 7, held by b");
    tale.badge("stopped", Tone::Stopped);
    let far = tale.send(3, 0, "invalidate");
    let _copy = tale.copy(far);
    let _note_to_self = tale.send(2, 2, "try again");
    let _ = read;
    tale.done()
}

/// Labels, titles and sentences that would break a careless export.
fn awkward() -> Trace {
    let lanes: Vec<(&str, &str)> =
        vec![("end", "end"), ("n0", "a \"quoted\" <title>"), ("x", "semi;colon #1"), ("y", "as y: {z}")];
    let mut tale = Tale::among(&lanes);
    for (at, text) in AWKWARD.iter().enumerate() {
        let (from, to) = ((at % 4) as u8, ((at + 1) % 4) as u8);
        tale.step(10);
        let id = tale.send(from, to, text);
        tale.event(from, EventKind::Noted, text);
        match at % 4 {
            0 => tale.lose(id, LossCause::Dropped),
            1 => {}
            _ => tale.deliver(id),
        }
    }
    // Two partitions that no one heals.
    tale.cut(&[0]);
    tale.cut(&[1, 2]);
    tale.event(3, EventKind::Noted, "still there");
    let row = tale.rows() - 1;
    tale.violate("ac1", "a; b --> <c> #1 {d}: \"e\"", &[0, row]);
    tale.done()
}

fn count(scene: &Scene, class: &str) -> usize {
    scene.items.iter().flat_map(|item| &item.shapes).filter(|shape| class_of(shape) == class).count()
}

fn class_of(shape: &Shape) -> &'static str {
    match shape {
        Shape::Line { class, .. }
        | Shape::Rect { class, .. }
        | Shape::Circle { class, .. }
        | Shape::Path { class, .. }
        | Shape::Text { class, .. }
        | Shape::Upward { class, .. } => class,
    }
}

fn items<'a>(scene: &'a Scene, class: &'a str) -> impl Iterator<Item = &'a Item> {
    scene.items.iter().filter(move |item| item.class == class)
}

#[test]
fn every_sign_is_drawn() {
    let trace = every_sign();
    let scene = layout(&trace, trace.steps(), &Style::for_width(900.0));
    for (class, times) in [
        ("message lost", 3),
        ("message copy", 1),
        ("message flight button", 4),
        ("event timer", 1),
        ("event wrote forced", 1),
        ("event wrote unforced", 1),
        ("event crashed", 1),
        ("event restarted", 1),
        ("event paused", 2),
        ("event clock", 2),
        ("event network", 2),
        ("bar bar-lease", 2),
        ("bar bar-critical", 2),
        ("bar bar-lock", 2),
        ("bar bar-paused", 1),
        ("bar bar-crashed", 1),
        ("bar bar-blocked", 1),
        ("caption", 1),
        ("violation", 1),
    ] {
        assert_eq!(items(&scene, class).count(), times, "{class}");
    }
    for (class, times) in [("violation-ring", 2), ("violation-row", 1), ("violation-tag", 1), ("lease-end", 1)] {
        assert_eq!(count(&scene, class), times, "{class}");
    }
    assert_eq!(count(&scene, "partition-edge"), 2, "a double line between the sides");
    assert_eq!(laws::collisions(&scene), Vec::<String>::new());
    let heads: Vec<Option<&str>> = scene.heads.iter().map(|head| head.status).collect();
    assert_eq!(heads, [Some("blocked"), None, None, None]);
}

#[test]
fn two_bars_of_a_kind_stand_side_by_side() {
    let trace = every_sign();
    let scene = layout(&trace, trace.steps(), &Style::for_width(900.0));
    let bars: Vec<_> = items(&scene, "bar bar-lock").filter_map(|item| item.shapes[0].bounds()).collect();
    assert!(bars[0].2 <= bars[1].0, "{bars:?}");
}

#[test]
fn a_lease_shrinks_to_its_end_by_its_holders_clock() {
    let trace = every_sign();
    let scene = layout(&trace, trace.steps(), &Style::for_width(900.0));
    let lease = items(&scene, "bar bar-lease").find(|item| item.title.contains("100 ms")).expect("A's lease");
    let ended =
        lease.shapes.iter().find(|shape| class_of(shape) == "lease-end").and_then(Shape::bounds).expect("a tick");
    let fired = items(&scene, "event timer").next().expect("the lease's timer");
    assert!(fired.top <= ended.1 && ended.1 <= fired.bottom, "it ends where the timer fires");
    let Shape::Path { d, .. } = &lease.shapes[0] else { panic!("a lease is a path") };
    let right_side: Vec<f32> = d
        .split(['M', 'L', 'Z'])
        .filter_map(|corner| corner.split_once(' ')?.0.parse().ok())
        .take_while(|x| *x > scene.heads[0].x)
        .collect();
    assert!(right_side.len() > 2 && right_side.windows(2).all(|pair| pair[0] >= pair[1]), "{right_side:?}");
}

#[test]
fn an_overtaken_message_crosses_the_one_that_overtakes() {
    let mut tale = Tale::among(&[("a", "a"), ("b", "b")]);
    tale.step(0);
    let slow = tale.send(0, 1, "slow");
    let fast = tale.send(0, 1, "fast");
    tale.step(5);
    tale.deliver(fast);
    tale.step(5);
    tale.deliver(slow);
    let trace = tale.done();
    let scene = layout(&trace, 3, &Style::for_width(700.0));
    let shaft = |id: u32| {
        let item = items(&scene, "message").find(|item| item.target == Target::Message(id)).expect("it is drawn");
        item.shapes[0].bounds().expect("a line")
    };
    let (slow, fast) = (shaft(slow), shaft(fast));
    assert!(slow.1 < fast.1 && slow.3 > fast.3, "they cross");
    assert!(slow.3 > slow.1 && fast.3 > fast.1, "they slant");
    let text = mermaid(&trace, 3, "t");
    assert!(text.contains("slow (sent at 0 ms, overtaken)") && !text.contains("fast ("), "{text}");
}

#[test]
fn what_has_not_happened_yet_is_not_drawn() {
    let trace = every_sign();
    let style = Style::for_width(900.0);
    for step in 0..=trace.steps() {
        let scene = layout(&trace, step, &style);
        let rows = trace.rows_at_step(step);
        let violated = trace.violations.iter().filter(|violation| violation.step <= step).count();
        assert_eq!(items(&scene, "violation").count(), violated);
        let bands = trace.partitions.iter().filter(|band| band.from_row < rows).count();
        assert_eq!(count(&scene, "partition-band"), bands);
        laws::check(&trace, step, &scene).unwrap_or_else(|error| panic!("step {step}: {error}"));
    }
}

#[test]
fn a_copy_branches_off_the_way_of_its_original() {
    let trace = every_sign();
    let scene = layout(&trace, trace.steps(), &Style::for_width(900.0));
    let shaft = |class: &str, target: Target| {
        items(&scene, class).find(|item| item.target == target).map(|item| match item.shapes[0] {
            Shape::Line { x1, y1, x2, y2, .. } => (x1, y1, x2, y2),
            _ => panic!("a shaft is a line"),
        })
    };
    let copy_id = trace.messages.iter().position(|message| message.copy_of.is_some()).expect("a copy") as u32;
    let original_id = trace.messages[copy_id as usize].copy_of.expect("it is one");
    let copy = shaft("message copy", Target::Message(copy_id)).expect("drawn");
    let original = shaft("message", Target::Message(original_id)).expect("drawn");
    let share = (copy.1 + 1.6 - original.1) / (original.3 - original.1);
    let on_the_line = original.0 + share * (original.2 - original.0);
    assert!((on_the_line - copy.0).abs() < 0.5, "{original:?} {copy:?}");
}

#[test]
fn a_partition_cuts_where_the_sides_meet() {
    let mut tale = Tale::among(&[("a", "a"), ("b", "b"), ("c", "c"), ("d", "d")]);
    tale.step(0);
    tale.cut(&[3]);
    let id = tale.send(0, 3, "hello");
    tale.lose(id, LossCause::Partitioned);
    let trace = tale.done();
    let scene = layout(&trace, 1, &Style::for_width(900.0));
    let lost = items(&scene, "message lost").next().and_then(|item| item.shapes[0].bounds()).expect("a shaft");
    let middle = (scene.heads[2].x + scene.heads[3].x) / 2.0;
    assert!((lost.2 - middle).abs() < 0.5, "{lost:?} {middle}");
}

#[test]
fn exports_of_hand_made_runs_look_as_they_did() {
    let mut counts = String::new();
    for (slug, trace) in [("every-sign", every_sign()), ("awkward", awkward())] {
        let step = trace.steps();
        let text = transcript(&trace, step);
        expect_file![format!("golden/grammar/{slug}.txt")].assert_eq(&text);
        expect_file![format!("golden/grammar/{slug}.mmd")].assert_eq(&mermaid(&trace, step, "every; sign: #1 {x}"));
        expect_file![format!("golden/grammar/{slug}.puml")].assert_eq(&plantuml(&trace, step, "every; sign: #1 {x}"));
        for (theme, name) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
            let scene = layout(&trace, step, &Style::for_width(900.0));
            let about =
                About { title: "every <sign>", description: &text, link: Some("https://example.org/?a&b"), theme };
            let svg = export(&scene, &about);
            roxmltree::Document::parse(&svg).expect("well-formed XML");
            expect_file![format!("golden/grammar/{slug}-{name}.svg")].assert_eq(&svg);
        }
        counts.push_str(&format!("{slug}\t{}\n", trace.messages.len()));
    }
    // The browser's tests draw the exports in real Mermaid and PlantUML, and count.
    expect_file!["golden/grammar/messages.tsv"].assert_eq(&counts);
}

#[test]
fn an_empty_run_is_drawn() {
    for lanes in [&[][..], &[("a", "a")][..]] {
        let trace = Tale::among(lanes).done();
        let scene = layout(&trace, 0, &Style::for_width(360.0));
        laws::check(&trace, 0, &scene).expect("the laws hold");
        assert_eq!(step_sentence(&trace, 0), "Nothing has happened yet.");
        let about = About { title: "", description: "", link: None, theme: Theme::Dark };
        roxmltree::Document::parse(&export(&scene, &about)).expect("well-formed XML");
    }
}

/// Something that may happen next; numbers are taken modulo what there is.
type Act = (u8, u8, u8, u8);

fn tell(lanes: usize, acts: &[Act]) -> Trace {
    let names: Vec<String> = (0..lanes).map(|at| format!("n{at}")).collect();
    let pairs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), name.as_str())).collect();
    let mut tale = Tale::among(&pairs);
    for (what, a, b, c) in acts.iter().copied() {
        act(&mut tale, lanes, what, (a, b, c));
    }
    tale.done()
}

fn act(tale: &mut Tale, lanes: usize, what: u8, (a, b, c): (u8, u8, u8)) {
    let (node, other) = (a % lanes as u8, b % lanes as u8);
    let words = if c % 3 == 0 { AWKWARD[usize::from(c) % AWKWARD.len()] } else { "prepare" };
    let flying = tale.flying();
    let one = flying.get(usize::from(b) % flying.len().max(1)).copied();
    let kinds = [
        SpanKind::Crashed,
        SpanKind::Paused,
        SpanKind::Blocked,
        SpanKind::Lock,
        SpanKind::CriticalSection,
        SpanKind::Lease { until_ms: i64::from(c) * 8 - 200 },
    ];
    let causes = [LossCause::Dropped, LossCause::ReceiverDown, LossCause::Partitioned, LossCause::ConnectionBroken];
    match (what % 16, one) {
        (0..4, _) => drop(tale.send(node, other, words)),
        (4..7, Some(id)) => tale.deliver(id),
        (7, Some(id)) => tale.lose(id, causes[usize::from(c) % causes.len()]),
        (8, Some(id)) => drop(tale.copy(id)),
        (9, _) => tale.step(u64::from(c) * u64::from(b % 5)),
        (10, _) => {
            tale.event(node, EventKind::Noted, words);
            let kind = kinds[usize::from(c) % kinds.len()];
            tale.begin(node, kind, words);
        }
        (11, _) if !tale.lasting().is_empty() => {
            tale.event(node, EventKind::Restarted, "restart");
            let lasting = tale.lasting();
            tale.end(lasting[usize::from(b) % lasting.len()]);
        }
        (12, _) => tale.cut(&[node]),
        (13, _) => tale.heal(node),
        (14, _) if tale.rows() > 0 => {
            let row = u32::from(b) % tale.rows();
            tale.violate(["ac1", "ac2", "mutex"][usize::from(c % 3)], words, &[row, tale.rows() - 1]);
        }
        _ => {
            tale.event(node, EventKind::Wrote { forced: c % 2 == 0 }, words);
            let badges = [("committed", Tone::Good), ("in doubt", Tone::Waiting), ("\u{2026}", Tone::Stopped)];
            let (text, tone) = badges[usize::from(c) % badges.len()];
            tale.badge(text, tone);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_well_formed_trace_is_drawn_by_the_laws(
        lanes in 1_usize..10,
        acts in prop::collection::vec(any::<Act>(), 0..120),
        at in any::<u32>(),
        width in 320.0_f32..2000.0,
    ) {
        let trace = tell(lanes, &acts);
        for step in [at % (trace.steps() + 1), trace.steps()] {
            let scene = layout(&trace, step, &Style::for_width(width));
            laws::check(&trace, step, &scene)?;
            let text = transcript(&trace, step);
            let about = About { title: "t", description: &text, link: None, theme: Theme::Light };
            let svg = export(&scene, &about);
            prop_assert!(roxmltree::Document::parse(&svg).is_ok(), "{svg}");
            prop_assert!(!step_sentence(&trace, step).is_empty());
        }
    }

    #[test]
    fn layout_depends_on_nothing_that_has_not_happened(
        lanes in 1_usize..6,
        acts in prop::collection::vec(any::<Act>(), 1..60),
    ) {
        let acts: Vec<Act> = acts.into_iter().map(|(what, a, b, c)| (if what % 16 == 9 { 0 } else { what }, a, b, c)).collect();
        let (early, rest) = acts.split_at(acts.len() / 2);
        let whole: Vec<Act> = early.iter().copied().chain([(9, 0, 1, 7)]).chain(rest.iter().copied()).collect();
        let style = Style::for_width(800.0);
        let (short, long) = (tell(lanes, early), tell(lanes, &whole));
        prop_assert_eq!(layout(&short, 0, &style), layout(&long, 0, &style));
    }

    #[test]
    fn a_window_shows_what_the_whole_shows_there(
        lanes in 1_usize..8,
        acts in prop::collection::vec(any::<Act>(), 0..120),
        at in any::<u32>(),
        top in -200.0_f32..3000.0,
        height in 1.0_f32..900.0,
    ) {
        let trace = tell(lanes, &acts);
        let (step, style, window) = (at % (trace.steps() + 1), Style::for_width(900.0), (top, top + height));
        let whole = layout(&trace, step, &style);
        let part = layout_within(&trace, step, &style, window);
        let size = extent(&trace, step, &style);
        prop_assert_eq!((size.width, size.height, size.now_y), (whole.width, whole.height, whole.now_y));
        prop_assert_eq!(&part.heads, &whole.heads);
        let there: Vec<&Item> = whole.items.iter().filter(|item| item.bottom >= top && item.top <= top + height).collect();
        let about = |item: &Item| (item.key.0, item.key.1, item.class, item.target, item.title.clone());
        prop_assert_eq!(part.items.iter().map(about).collect::<Vec<_>>(), there.iter().map(|item| about(item)).collect::<Vec<_>>());
        for (part, whole) in part.items.iter().zip(there) {
            prop_assert_eq!(part.shapes.len(), whole.shapes.len());
            for (shape, uncut) in part.shapes.iter().zip(&whole.shapes) {
                // Lines and bars end soon after the window; everything else is as it was.
                let is_cut = matches!(uncut, Shape::Line { .. } | Shape::Rect { .. });
                let reach = shape.bounds().map_or(0.0, |(_, from, _, to)| to - from);
                prop_assert!(if is_cut { reach <= height + 100.0 } else { shape == uncut }, "{shape:?} of {uncut:?}");
            }
        }
    }
}
