//! Writing links: one spelling for each.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{FORMAT_VERSION, Link, RUN_STRING_MAX};
use crate::scenarios::Parameter;

/// What is escaped in a value: all but what choices are made of and what passes through chat programs as it is.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b':')
    .remove(b',')
    .remove(b'*')
    .remove(b'+');

/// The same for what a reader wrote: a blank that some program took `+` for would not be told from one.
const ESCAPED_TEXT: &AsciiSet = &ESCAPED.add(b'+');

/// How the choices are written.
#[derive(Clone, Copy)]
enum Choices<'a> {
    Plain,
    Packed(&'a [u8]),
}

impl Link {
    /// The choices as they stand in a run string: `cl.begin,cl-c+10,c:ack*3`.
    pub fn choices_text(&self) -> String {
        let times = |same: &[String]| match same {
            // What would read as a count must not.
            [choice] if choice.contains('*') => format!("{choice}*1"),
            [choice] => choice.clone(),
            [choice, second] if !choice.contains('*') => format!("{choice},{second}"),
            [choice, ..] => format!("{choice}*{}", same.len()),
            [] => String::new(),
        };
        self.choices.chunk_by(|one, next| one == next).map(times).collect::<Vec<_>>().join(",")
    }

    /// What is compressed for [`encode_packed`]: the choices and, on the lines behind them, the name of a script and the script.
    pub fn packed_text(&self) -> String {
        let mut text = self.choices_text();
        for parameter in self.scripts() {
            text.extend(["\n", parameter.id, "\n", self.values.text(parameter.id)]);
        }
        text
    }

    /// Parameters that hold a script of the reader's own.
    fn scripts(&self) -> impl Iterator<Item = &'static Parameter> {
        let is_own = |parameter: &&Parameter| {
            parameter.kind.is_script() && self.values.text(parameter.id) != self.info().default(self.variant, parameter)
        };
        self.info().parameters.iter().filter(is_own)
    }

    /// The run string: the link without how to look at it.
    pub fn run_string(&self) -> String {
        self.write_run(Choices::Plain)
    }

    /// Whether the run string holds a script, or is so long that its choices should be compressed.
    pub fn needs_packing(&self) -> bool {
        !self.opening && self.scripts().next().is_some() || self.run_string().chars().count() > RUN_STRING_MAX
    }

    /// The address under which the page at `base` shows this link.
    pub fn address(&self, base: &str) -> String {
        let base = base.split('#').next().unwrap_or_default();
        format!("{base}#{self}")
    }

    fn write_run(&self, choices: Choices<'_>) -> String {
        let info = self.info();
        let mut text = format!("/{}/{}", info.id, self.variant.id);
        let mut separator = '?';
        let mut add = |key: &str, value: &str| {
            text.push(separator);
            separator = '&';
            text.push_str(key);
            text.push('=');
            let escaped = if matches!(key, "run" | "runz") { ESCAPED } else { ESCAPED_TEXT };
            text.extend(utf8_percent_encode(value, escaped));
        };
        let today = self.revision == info.revision;
        if !self.opening || !today {
            add("v", &FORMAT_VERSION.to_string());
            add("rev", &self.revision.to_string());
        }
        for parameter in info.parameters {
            let value = self.values.text(parameter.id);
            let is_packed = parameter.kind.is_script() && matches!(choices, Choices::Packed(_)) && !self.opening;
            if value != info.default(self.variant, parameter) && !is_packed {
                add(parameter.id, value);
            }
        }
        if self.seed != 0 {
            add("seed", &self.seed.to_string());
        }
        match choices {
            _ if self.opening => {}
            Choices::Plain => add("run", &self.choices_text()),
            Choices::Packed(deflated) => add("runz", &Base64UrlUnpadded::encode_string(deflated)),
        }
        text
    }

    fn write_view(&self) -> String {
        let mut pairs: Vec<(&str, String)> = Vec::new();
        if let Some(step) = self.step {
            pairs.push(("step", step.to_string()));
        }
        if self.embed {
            pairs.push(("embed", "1".to_owned()));
        }
        if let Some(theme) = self.theme {
            pairs.push(("theme", theme.name().to_owned()));
        }
        if self.autoplay {
            pairs.push(("autoplay", "1".to_owned()));
        }
        if let Some(lang) = &self.lang {
            pairs.push(("lang", utf8_percent_encode(lang, ESCAPED).to_string()));
        }
        pairs.into_iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("&")
    }

    fn write(&self, choices: Choices<'_>) -> String {
        let run = self.write_run(choices);
        let view = self.write_view();
        if view.is_empty() {
            return run;
        }
        let separator = if run.contains('?') { '&' } else { '?' };
        format!("{run}{separator}{view}")
    }
}

/// The whole link as it stands behind `#`, its choices in the plain.
impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.write(Choices::Plain))
    }
}

/// The link with its choices compressed: `deflated` is [`Link::packed_text`] as raw DEFLATE.
pub fn encode_packed(link: &Link, deflated: &[u8]) -> String {
    link.write(Choices::Packed(deflated))
}
