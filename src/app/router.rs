//! The address: a path and parameters behind `#`, so that the site runs from any static host and any sub-path without server rules.
//!
//! `#/two-phase-commit?run=…&step=9&embed=1`. Unknown parameters are kept out of the way, not refused.

/// What stands behind `#`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Location {
    /// The parts between slashes, decoded, empty ones left out.
    pub path: Vec<String>,
    /// Parameters in their order, decoded.
    pub query: Vec<(String, String)>,
}

impl Location {
    /// Reads a fragment (without `#`). Total: what cannot be decoded stays as it is written.
    pub fn parse(fragment: &str) -> Self {
        let (path, query) = fragment.split_once('?').unwrap_or((fragment, ""));
        Location {
            path: path.split('/').filter(|part| !part.is_empty()).map(decode).collect(),
            query: parse_query(query),
        }
    }

    /// The value of a parameter, the first where it stands twice.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The fragment that [`Location::parse`] reads.
    pub fn fragment(&self) -> String {
        let mut text = String::from("/");
        text.push_str(&self.path.iter().map(|part| encode(part)).collect::<Vec<_>>().join("/"));
        for (at, (name, value)) in self.query.iter().enumerate() {
            text.push(if at == 0 { '?' } else { '&' });
            text.push_str(&encode(name));
            text.push('=');
            text.push_str(&encode(value));
        }
        text
    }
}

/// Reads `a=1&b=2`.
pub fn parse_query(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// Percent-decodes; a broken escape or one that is no UTF-8 leaves the text as it is. `+` stays a plus, since run strings use it.
fn decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        let value = hex.and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match value {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

/// Percent-encodes what would end a parameter or be changed by a chat program; run strings mostly pass as they are.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.push(byte as char),
            b'-' | b'_' | b'.' | b'~' | b'!' | b'*' | b':' | b'@' | b',' | b';' | b'+' | b'$' | b'/' => {
                out.push(byte as char);
            }
            _ => {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                out.push('%');
                out.push(HEX[usize::from(byte >> 4)] as char);
                out.push(HEX[usize::from(byte & 15)] as char);
            }
        }
    }
    out
}
