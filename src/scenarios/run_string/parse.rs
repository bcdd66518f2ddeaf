//! Reading links: tolerant of what chat programs do to them, strict about what they mean.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use percent_encoding::percent_decode_str;

use super::{CHOICES_TEXT_MAX, FORMAT_VERSION, LINK_PARAMETERS_MAX, LINK_TEXT_MAX, Link, LinkError, Theme};
use crate::engine::MAX_STEPS;
use crate::scenarios::{Entry, Part, SpecError, Values, Variant, catalogue, find};

/// Keys that belong to the run itself, beside the scenario's parameters.
const RUN_KEYS: [&str; 5] = ["v", "rev", "seed", "run", "runz"];
/// Keys that only say how to look at it.
const VIEW_KEYS: [&str; 5] = ["step", "embed", "theme", "autoplay", "lang"];
/// Longest language tag.
const LANG_MAX: usize = 16;
/// How much of a text at fault is shown.
const CLIP: usize = 40;

/// Reads a link: a whole address, a fragment with or without `#`, or a bare run string.
///
/// # Errors
/// Where it is not one, naming what is wrong with it. A link with `runz` is [`LinkError::Packed`]: see [`packed`].
pub fn parse(text: &str) -> Result<Link, LinkError> {
    read(text, None)
}

/// The compressed choices of a link, to be inflated (raw DEFLATE, at most [`CHOICES_TEXT_MAX`] bytes); `None` where the link holds none or they are
/// not base64url, of which [`parse`] then tells.
pub fn packed(text: &str) -> Option<Vec<u8>> {
    let parts = Parts::of(text).ok()?;
    let runz = parts.fragment.iter().find(|(key, _)| key == "runz")?;
    decoded(runz.1.trim()).ok()
}

/// What base64url stands for. We write it without padding; others may have added some.
fn decoded(text: &str) -> Result<Vec<u8>, base64ct::Error> {
    Base64UrlUnpadded::decode_vec(text.trim_end_matches('='))
}

/// Reads a link whose choices were compressed, with what they inflate to.
///
/// # Errors
/// As [`parse`], and where the inflated bytes are too many or no text.
pub fn with_choices(text: &str, inflated: &[u8]) -> Result<Link, LinkError> {
    if inflated.len() > CHOICES_TEXT_MAX {
        return Err(LinkError::Damaged { why: format!("they inflate to more than {CHOICES_TEXT_MAX} bytes") });
    }
    let choices = std::str::from_utf8(inflated)
        .map_err(|_| LinkError::Damaged { why: "what they inflate to is no text".to_owned() })?;
    read(text, Some(choices))
}

/// Splits the choices of a run string: `cl.begin,cl-c+10,c:ack*3`. Blanks (a `+` that some program took for one) become `+` again; empty choices (a
/// comma at the end of a line) are left out. Ends after one more choice than a run may hold.
pub fn split_choices(text: &str) -> Vec<String> {
    text.split(',')
        .map(str::trim)
        .filter(|choice| !choice.is_empty())
        .flat_map(|written| {
            let (choice, times) = repeated(written);
            std::iter::repeat_n(choice.replace(char::is_whitespace, "+"), times)
        })
        .take(MAX_STEPS as usize + 1)
        .collect()
}

/// `c:ack*3` is `c:ack` three times.
fn repeated(written: &str) -> (&str, usize) {
    let count = |digits: &str| digits.parse().ok().filter(|times| (1..=MAX_STEPS as usize).contains(times));
    match written.rsplit_once('*') {
        Some((choice, digits)) if !choice.trim_end().is_empty() => {
            count(digits).map_or((written, 1), |times| (choice.trim_end(), times))
        }
        _ => (written, 1),
    }
}

fn clip(text: &str) -> String {
    let mut shown: String = text.chars().take(CLIP).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// A link taken apart: names, then keys (in lower case) and values, all decoded.
struct Parts {
    path: Vec<String>,
    /// Pairs of the fragment.
    fragment: Vec<(String, String)>,
    /// Pairs of the address's own query, which can only say how to look.
    query: Vec<(String, String)>,
}

impl Parts {
    fn of(text: &str) -> Result<Self, LinkError> {
        let text = text.trim();
        if text.len() > LINK_TEXT_MAX {
            return Err(LinkError::TooLong { length: text.len() });
        }
        let (address, fragment) = match text.split_once('#') {
            Some(halves) => halves,
            None => match text.split_once("%23") {
                Some((address, fragment)) if address.contains("://") => (address, fragment),
                _ if text.contains("://") => return Err(LinkError::NoFragment),
                _ => ("", text),
            },
        };
        // A fragment that went through a program which encodes everything holds no `?` of its own.
        let whole = if fragment.contains('?') || !fragment.to_ascii_lowercase().contains("%3f") {
            fragment.to_owned()
        } else {
            decode(fragment)
        };
        let (path, pairs) = whole.split_once('?').unwrap_or((&whole, ""));
        let query = address.split_once('?').map_or("", |(_, query)| query);
        Ok(Parts {
            path: path
                .split('/')
                .map(|part| decode(part).trim().to_ascii_lowercase())
                .filter(|part| !part.is_empty())
                .collect(),
            fragment: pairs_of(pairs)?,
            query: pairs_of(query)?,
        })
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn pairs_of(query: &str) -> Result<Vec<(String, String)>, LinkError> {
    let pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).take(LINK_PARAMETERS_MAX + 1).collect();
    if pairs.len() > LINK_PARAMETERS_MAX {
        return Err(LinkError::TooManyParameters);
    }
    let read = pairs.into_iter().map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        // Text that was taken for HTML writes `&` as `&amp;`.
        let key = decode(key).trim().to_ascii_lowercase();
        (key.strip_prefix("amp;").map(str::to_owned).unwrap_or(key), decode(value).trim().to_owned())
    });
    Ok(read.collect())
}

fn read(text: &str, inflated: Option<&str>) -> Result<Link, LinkError> {
    let parts = Parts::of(text)?;
    let (entry, variant) = names(&parts.path)?;
    let info = entry.info();
    let mut notes = Vec::new();
    let mut given: Vec<(&str, &str)> = Vec::new();
    let mut view: Vec<(&str, &str)> = Vec::new();
    let mut run = RunPairs::default();
    for (key, value) in &parts.fragment {
        if run.set(key, value)? {
            continue;
        }
        if info.parameters.iter().any(|parameter| parameter.id == key) {
            if given.iter().any(|(known, _)| known == key) {
                return Err(LinkError::Repeated { key: clip(key) });
            }
            given.push((key, value));
        } else if VIEW_KEYS.contains(&key.as_str()) {
            view.push((key, value));
        } else if run.named() {
            // Behind the choices stands how to look at them; a newer page may know more ways than we do.
            notes.push(format!("The link says `{}`, which means nothing here and was ignored.", clip(key)));
        } else {
            let known = info.parameters.iter().map(|parameter| parameter.id).collect::<Vec<_>>().join(", ");
            return Err(SpecError::Parameter { scenario: info.id, parameter: clip(key), known }.into());
        }
    }
    // Behind the choices, a script: its name, and what it says.
    let (inflated, script) = match inflated.and_then(|inflated| inflated.split_once('\n')) {
        Some((choices, script)) if Part::Databases.is_here() => (Some(choices), script.split_once('\n')),
        _ => (inflated, None),
    };
    given.extend(script);
    let values = info.values(variant, given)?;
    view.extend(parts.query.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    let mut link = run.link(entry, variant, values, inflated)?;
    link.notes = notes;
    look(&mut link, &view);
    Ok(link)
}

fn names(path: &[String]) -> Result<(&'static dyn Entry, &'static Variant), LinkError> {
    let none = || LinkError::NoScenario {
        known: catalogue().iter().map(|entry| entry.info().id).collect::<Vec<_>>().join(", "),
    };
    let entry = find(path.first().ok_or_else(none)?)?;
    if !entry.part().is_here() {
        return Err(LinkError::Elsewhere { scenario: entry.info().id });
    }
    if let Some(part) = path.get(2) {
        return Err(LinkError::Path { part: clip(part) });
    }
    let variant = match path.get(1) {
        Some(id) => entry.info().variant(id)?,
        None => entry.info().variants.first().ok_or_else(none)?,
    };
    Ok((entry, variant))
}

/// The values of [`RUN_KEYS`], as they stand.
#[derive(Default)]
struct RunPairs<'a> {
    found: [Option<&'a str>; RUN_KEYS.len()],
}

impl<'a> RunPairs<'a> {
    /// Keeps a pair if it is one of ours.
    fn set(&mut self, key: &str, value: &'a str) -> Result<bool, LinkError> {
        let Some(at) = RUN_KEYS.iter().position(|known| *known == key) else { return Ok(false) };
        if self.found[at].replace(value).is_some() {
            return Err(LinkError::Repeated { key: key.to_owned() });
        }
        Ok(true)
    }

    /// Whether the choices stand before this point.
    fn named(&self) -> bool {
        let [_, _, _, run, runz] = self.found;
        run.is_some() || runz.is_some()
    }

    fn link(
        self,
        entry: &'static dyn Entry,
        variant: &'static Variant,
        values: Values,
        inflated: Option<&str>,
    ) -> Result<Link, LinkError> {
        let [version, revision, seed, run, runz] = self.found;
        if let Some(version) = version.filter(|version| version.parse() != Ok(FORMAT_VERSION)) {
            return Err(LinkError::Version { version: clip(version) });
        }
        let seed = seed.map_or(Ok(0), |seed| number("seed", seed, u64::MAX))?;
        let mut link = Link::new(entry, variant, values, seed);
        if let Some(revision) = revision {
            link.revision = u32::try_from(number("rev", revision, u64::from(u32::MAX))?).unwrap_or(u32::MAX);
        }
        let choices = match (run, runz, inflated) {
            (Some(_), Some(_), _) => return Err(LinkError::RunTwice),
            (None, Some(_), Some(inflated)) => inflated,
            (None, Some(runz), None) => return Err(not_inflated(runz)),
            (Some(run), None, _) => run,
            (None, None, _) => {
                link.opening = true;
                variant.opening
            }
        };
        link.choices = split_choices(choices);
        if link.choices.len() > MAX_STEPS as usize {
            return Err(LinkError::TooManyChoices);
        }
        Ok(link)
    }
}

fn not_inflated(runz: &str) -> LinkError {
    match decoded(runz) {
        Ok(_) => LinkError::Packed,
        Err(error) => LinkError::Damaged { why: format!("they are not base64url ({error})") },
    }
}

fn number(key: &'static str, value: &str, max: u64) -> Result<u64, LinkError> {
    let plain = value.bytes().all(|byte| byte.is_ascii_digit());
    value.parse().ok().filter(|number| plain && *number <= max).ok_or_else(|| LinkError::Number {
        key,
        value: clip(value),
        max,
    })
}

/// Reads how to look at the run. The first of two values counts; what cannot be read is ignored with a note, since the run is there all the same.
fn look(link: &mut Link, pairs: &[(&str, &str)]) {
    let mut seen: Vec<&str> = Vec::new();
    for (key, value) in pairs {
        let known = VIEW_KEYS.contains(key);
        if known && seen.contains(key) {
            link.notes.push(format!("The link says `{key}` twice; the second was ignored."));
            continue;
        }
        seen.push(key);
        let fits = match *key {
            "step" => {
                number("step", value, u64::from(u32::MAX)).map(|step| link.step = u32::try_from(step).ok()).is_ok()
            }
            "embed" => switch(value).map(|on| link.embed = on).is_some(),
            "autoplay" => switch(value).map(|on| link.autoplay = on).is_some(),
            "theme" => {
                link.theme = Theme::ALL.into_iter().find(|theme| theme.name().eq_ignore_ascii_case(value));
                link.theme.is_some()
            }
            "lang" => {
                link.lang = language(value);
                link.lang.is_some()
            }
            // The address's own query belongs to whoever mounts the site.
            _ => true,
        };
        if !fits {
            link.notes.push(format!("The link says `{key}={}`, which cannot be read and was ignored.", clip(value)));
        }
    }
}

fn switch(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" | "" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

fn language(value: &str) -> Option<String> {
    let plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (plain && !value.is_empty() && value.len() <= LANG_MAX).then(|| value.to_ascii_lowercase())
}
