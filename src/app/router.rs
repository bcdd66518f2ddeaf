//! The address: a path and parameters behind `#`, so that the site runs from any static host and any sub-path without server rules.
//!
//! Here only what any page asks of it; the links to runs are read by [`crate::scenarios::run_string`].

/// The names between slashes at the start of a fragment, empty ones left out.
pub fn path(fragment: &str) -> Vec<&str> {
    let path = fragment.split('?').next().unwrap_or_default();
    path.split('/').filter(|part| !part.is_empty()).collect()
}

/// The value of a parameter (`?a=1&b=2`) in a fragment or query, the first where it stands twice.
pub fn parameter<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let pairs = text.split_once('?').map_or("", |(_, pairs)| pairs).split('&');
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// The same fragment without a parameter.
pub fn without(fragment: &str, name: &str) -> String {
    let Some((path, pairs)) = fragment.split_once('?') else { return fragment.to_owned() };
    let kept: Vec<&str> = pairs.split('&').filter(|pair| pair.split('=').next() != Some(name)).collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}
