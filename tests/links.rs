//! Links of every kind: what is written reads back, however it is wrapped; what is damaged never panics and says what is wrong with it.

use interleave::engine::generator;
use interleave::scenarios::run_string::{
    Link, LinkError, RUN_STRING_MAX, Theme, encode_packed, open, parse, replay, split_choices, to_text,
};
use interleave::scenarios::{Entry, ParameterKind, Part, SpecError, Variant, catalogue};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use proptest::prelude::*;
use rand_core::RngCore;

mod support;
use support::Temper;

/// How many damaged links are tried.
const MUTATIONS: u32 = 6_000;

fn variants() -> impl Iterator<Item = (&'static dyn Entry, &'static Variant)> {
    catalogue().iter().flat_map(|entry| entry.info().variants.iter().map(move |variant| (*entry, variant)))
}

fn choice() -> impl Strategy<Value = String> {
    prop_oneof![
        "(c|p[1-5]|a1)-(c|p[1-5]|cl)(\\.[2-9])?(!drop|!dup|!crash[1-3])?(\\+[1-9][0-9]?)?",
        "(c|p[1-5]):(vote|decision|ack|pre-commit)",
        "(c|p[1-5]|p1~p2)!(crash|restart|jump-?[1-9][0-9]{0,3}|rate[5-9]00|cut)",
        "[^,\\s+]{1,12}",
        "[a-c](\\*[0-9]?){0,2}",
    ]
}

/// Any link that can be written, not only to runs that can be played.
fn links() -> impl Strategy<Value = Link> {
    let all: Vec<(usize, usize)> = catalogue()
        .iter()
        .enumerate()
        .flat_map(|(at, entry)| (0..entry.info().variants.len()).map(move |variant| (at, variant)))
        .collect();
    let run = (
        prop::sample::select(all),
        prop::collection::vec(any::<prop::sample::Index>(), 20),
        prop_oneof![Just(0), any::<u64>()],
        prop_oneof![Just(1), any::<u32>()],
        prop::option::weighted(
            0.8,
            prop::collection::vec((choice(), prop_oneof![4 => Just(1_usize), 1 => 2..6_usize]), 0..30),
        ),
    );
    let view = (
        prop::option::of(any::<u32>()),
        any::<bool>(),
        prop::option::of(prop::sample::select(&Theme::ALL[..])),
        any::<bool>(),
        prop::option::of("[a-z0-9-]{1,16}"),
    );
    (run, view).prop_map(|((at, draws, seed, revision, choices), (step, embed, theme, autoplay, lang))| {
        let entry = catalogue()[at.0];
        let variant = &entry.info().variants[at.1];
        let given: Vec<(&str, String)> = entry
            .info()
            .parameters
            .iter()
            .zip(draws)
            .map(|(parameter, draw)| (parameter.id, value(&parameter.kind, draw)))
            .collect();
        let values =
            entry.info().values(variant, given.iter().map(|(id, value)| (*id, value.as_str()))).expect("in range");
        let mut link = Link::new(entry, variant, values, seed);
        link.opening = choices.is_none();
        link.choices = match choices {
            Some(choices) => {
                choices.into_iter().flat_map(|(choice, times)| std::iter::repeat_n(choice, times)).collect()
            }
            None => split_choices(variant.opening),
        };
        Link { revision, step, embed, theme, autoplay, lang, ..link }
    })
}

fn value(kind: &ParameterKind, draw: prop::sample::Index) -> String {
    match kind {
        ParameterKind::Int { min, max, .. } => (min + draw.index((max - min + 1) as usize) as i64).to_string(),
        ParameterKind::OneOf(options) => draw.get(options).0.to_owned(),
        ParameterKind::Nodes(nodes) => {
            let bits = draw.index(1 << nodes.len());
            let some: Vec<&str> =
                nodes.iter().enumerate().filter(|(at, _)| (bits >> at) & 1 == 1).map(|(_, id)| *id).collect();
            if some.is_empty() { "none".to_owned() } else { some.join(".") }
        }
        ParameterKind::Script(_) => {
            draw.get(&["", "# ½ & more?\nsession \"s 1\" step a { SELECT 'a+b' || '%41;#'; }"]).to_string()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back(link in links()) {
        let text = link.to_string();
        prop_assert_eq!(parse(&text), Ok(link.clone()), "{}", text);
        prop_assert!(text.is_ascii());
        let bare = parse(&link.run_string()).expect("a run string is a link");
        prop_assert_eq!(bare.to_string(), link.run_string());
        prop_assert_eq!(parse(&text).map(|link| link.notes), Ok(Vec::new()));
    }

    #[test]
    fn however_it_is_wrapped(link in links()) {
        let text = link.to_string();
        let whole = link.address("https://example.org/docs/lab/index.html?utm_source=mail");
        let escaped = utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string();
        for wrapped in [
            whole.clone(),
            format!("#{text}"),
            format!(" {text}\n"),
            text.replace('&', "&amp;"),
            text.replace(',', "%2c").replace('+', "%2B"),
            text.replace('+', "%20"),
            format!("https://example.org/#{escaped}"),
            format!("https://example.org/%23{escaped}"),
        ] {
            prop_assert_eq!(parse(&wrapped), Ok(link.clone()), "{}", wrapped);
        }
    }

    #[test]
    fn compressed_or_not(link in links()) {
        prop_assert_eq!(open(&to_text(&link)), Ok(link.clone()));
        if !link.opening {
            let deflated = miniz_oxide::deflate::compress_to_vec(link.packed_text().as_bytes(), 6);
            prop_assert_eq!(open(&encode_packed(&link, &deflated)), Ok(link.clone()));
        }
    }

    #[test]
    fn any_text_is_a_link_or_an_error_that_says_why(text in prop_oneof!["\\PC{0,200}", "[/#?&=%+,.:a-f0-9]{0,80}"]) {
        told(&text)?;
    }

    #[test]
    fn any_query_is_read_or_an_error_says_why(
        query in "((v|rev|seed|run|runz|step|embed|theme|lang|participants|no|begin|x)=?[-a-z0-9.,%]{0,6}&?){0,8}",
        variant in prop_oneof!["basic", "[a-z-]{0,8}"],
    ) {
        told(&format!("/two-phase-commit/{variant}?{query}"))?;
    }
}

/// Reads and replays a text: it is a link that stays itself, or an error names what in it is at fault.
fn told(text: &str) -> Result<(), TestCaseError> {
    let link = match open(text) {
        Ok(link) => link,
        Err(error) => return names_the_fault(text, &error),
    };
    prop_assert_eq!(open(&to_text(&link)), Ok(link.clone()), "{}", text);
    let replayed = replay(&link);
    prop_assert!(replayed.step <= replayed.run.steps());
    match replayed.error {
        None => prop_assert_eq!(replayed.run.steps() as usize, link.choices.len()),
        Some(error) => {
            prop_assert_eq!(replayed.run.steps() + 1, error.number, "{}", text);
            prop_assert_eq!(&link.choices[error.number as usize - 1], &error.choice);
            let said = error.to_string();
            prop_assert!(said.contains(&format!("choice {} of {}", error.number, error.total)), "{}", said);
            // A wait of nothing (`+0`) is not repeated.
            let head: String = error.choice.split('+').next().unwrap_or_default().chars().take(12).collect();
            prop_assert!(said.contains(&head), "{}: {}", text, said);
        }
    }
    Ok(())
}

/// The piece of the link that an error is about; `None` where it is about the whole.
fn fault(error: &LinkError) -> Option<&str> {
    match error {
        LinkError::Path { part } => Some(part),
        LinkError::Spec(SpecError::Scenario { scenario, .. }) => Some(scenario),
        LinkError::Spec(SpecError::Variant { variant, .. }) => Some(variant),
        LinkError::Spec(SpecError::Parameter { parameter, .. }) => Some(parameter),
        LinkError::Spec(SpecError::Value { value, .. }) => Some(value),
        LinkError::Version { version } => Some(version),
        LinkError::Number { value, .. } => Some(value),
        LinkError::Repeated { key } => Some(key),
        LinkError::Damaged { .. } => Some("runz"),
        // Natively every part is here.
        LinkError::Elsewhere { .. }
        | LinkError::TooLong { .. }
        | LinkError::NoFragment
        | LinkError::NoScenario { .. }
        | LinkError::RunTwice
        | LinkError::TooManyParameters
        | LinkError::TooManyChoices
        | LinkError::Packed => None,
    }
}

fn names_the_fault(text: &str, error: &LinkError) -> Result<(), TestCaseError> {
    let said = error.to_string();
    let Some(fault) = fault(error) else {
        prop_assert!(said.len() > 20, "{}", said);
        return Ok(());
    };
    prop_assert!(said.contains(&format!("`{fault}`")), "{} does not name {}", said, fault);
    // A program may have escaped the link more than once.
    let once = percent_decode_str(text).decode_utf8_lossy().into_owned();
    let twice = percent_decode_str(&once).decode_utf8_lossy().into_owned();
    let piece = fault.trim_end_matches('…').to_lowercase();
    let there = [text, &once, &twice].iter().any(|text| text.to_lowercase().contains(&piece));
    prop_assert!(there, "{} is not in {}", fault, text);
    Ok(())
}

/// Links as readers share them: openings, moments, and runs played against an adversary.
fn shared() -> Vec<String> {
    let mut all = Vec::new();
    for (entry, variant) in variants() {
        all.push(format!("/{}/{}", entry.info().id, variant.id));
        for (seed, calm) in [(1, 90), (2, 50)] {
            let temper = Temper { steps: 24, calm, parameters: seed == 2 };
            let (mut link, run) = support::play(entry, variant, seed, temper);
            link.step = Some(run.steps() / 2);
            link.theme = Some(Theme::Dark);
            all.push(link.address("https://example.org/lab/"));
            let deflated = miniz_oxide::deflate::compress_to_vec(link.packed_text().as_bytes(), 6);
            all.push(encode_packed(&link, &deflated));
        }
    }
    for entry in catalogue() {
        for moment in support::about(entry.info().id).moments {
            all.push(format!("#/{}/{}?v=1&rev=2&run={}", entry.info().id, moment.variant, moment.choices));
        }
    }
    all
}

/// Damages a text as hands and programs do: a letter lost, doubled, changed or swapped, a piece cut out or repeated, the end torn off.
fn damage(text: &str, other: &str, random: &mut impl RngCore) -> String {
    const STRANGE: &[char] = &[
        '%', '&', '=', '#', '?', '/', ',', '+', '!', '.', '-', ':', '~', ' ', '9', '*', '\0', 'é', '🦀', '\u{202e}',
        '"', '<',
    ];
    let mut letters: Vec<char> = text.chars().collect();
    for _ in 0..=random.next_u32() % 3 {
        let mut place = |length: usize| random.next_u32() as usize % length.max(1);
        let (at, to) = (place(letters.len()), place(letters.len()));
        let (from, to) = (at.min(to), at.max(to));
        match place(9) {
            0 if !letters.is_empty() => drop(letters.remove(at)),
            1 if !letters.is_empty() => letters.insert(at, letters[at]),
            2 if !letters.is_empty() => letters[at] = STRANGE[place(STRANGE.len())],
            3 => letters.insert(at, STRANGE[place(STRANGE.len())]),
            4 if !letters.is_empty() => letters.swap(from, to),
            5 => drop(letters.drain(from..to.min(from + 12))),
            6 => {
                let piece: Vec<char> = letters[from..to].to_vec();
                letters.splice(from..from, piece);
            }
            7 => letters.truncate(at),
            _ => letters.splice(from..to, other.chars().skip(from).take(place(30))).for_each(drop),
        }
    }
    letters.into_iter().collect()
}

#[test]
fn thousands_of_damaged_links_open_or_say_what_is_wrong() {
    let mut random = generator(11, 0);
    let shared = shared();
    let (mut whole, mut stopped, mut refused) = (0_u32, 0_u32, 0_u32);
    for _ in 0..MUTATIONS {
        let text = &shared[random.next_u32() as usize % shared.len()];
        let other = &shared[random.next_u32() as usize % shared.len()];
        let damaged = damage(text, other, &mut random);
        if let Err(failure) = told(&damaged) {
            panic!("{damaged}\n{failure}");
        }
        match open(&damaged).map(|link| replay(&link).error) {
            Ok(None) => whole += 1,
            Ok(Some(_)) => stopped += 1,
            Err(_) => refused += 1,
        }
    }
    // Each way of ending must have been tried, or this test says little.
    assert!(whole > 200 && stopped > 200 && refused > 200, "{whole} whole, {stopped} stopped, {refused} refused");
}

/// Whether every run of a scenario comes to an end: a script does.
fn ends(entry: &dyn Entry) -> bool {
    let variant = &entry.info().variants[0];
    entry.script(variant, &entry.info().values(variant, []).expect("defaults")).is_some()
}

/// Seeded play with a fault in every five choices. Where a protocol has come to rest, the adversary goes on with nothing but faults, whose names are
/// the longest. Services are called by words (`orders-payment`): what that makes too long is shared packed, and must fit then.
#[test]
fn two_hundred_choices_fit_into_two_thousand_characters() {
    for (entry, variant) in variants().filter(|(entry, _)| !ends(*entry)) {
        for seed in 1..=8 {
            let temper = Temper { steps: 200, calm: 80, parameters: false };
            let (link, run) = support::play(entry, variant, seed, temper);
            assert_eq!(run.steps(), 200, "{} seed {seed} came to rest", variant.id);
            let is_by_words = entry.part() == Part::Services;
            let text = if is_by_words { to_text(&link) } else { link.run_string() };
            assert!(text.len() <= RUN_STRING_MAX, "{} seed {seed}: {} characters: {text}", variant.id, text.len());
            assert!(is_by_words || !link.needs_packing());
        }
    }
}

#[test]
fn a_run_of_a_thousand_choices_is_shared_compressed() {
    for (entry, variant) in variants().filter(|(entry, _)| !ends(*entry)) {
        let (link, run) = support::play(entry, variant, 5, Temper { steps: 1_000, calm: 80, parameters: false });
        assert_eq!(run.steps(), 1_000, "{}", variant.id);
        let text = to_text(&link);
        assert!(text.contains("&runz=") && text.len() < link.to_string().len() / 2, "{}: {}", variant.id, text.len());
        assert_eq!(open(&text), Ok(link), "{}", variant.id);
    }
}
