//! What a scenario declares about itself, and its object-safe face in the catalogue.

use thiserror::Error;

use super::Part;
use crate::engine::Run;

/// A scenario as the catalogue, the page and the command line see it.
#[derive(Clone, Copy, Debug)]
pub struct Info {
    /// Name in run strings and addresses: `two-phase-commit`.
    pub id: &'static str,
    /// Title of its page.
    pub title: &'static str,
    /// One line: what it shows.
    pub claim: &'static str,
    /// Raised whenever the meaning of old run strings changes.
    pub revision: u32,
    /// Ways of doing it, broken ones first.
    pub variants: &'static [Variant],
    /// Parameters, in the order of the page.
    pub parameters: &'static [Parameter],
    /// What must always hold: (id, one sentence).
    pub invariants: &'static [(&'static str, &'static str)],
    /// What should come to hold: (id, one sentence).
    pub goals: &'static [(&'static str, &'static str)],
}

/// The same scenario done another way.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// Name in run strings: `gives-up`.
    pub id: &'static str,
    /// Name on the switch.
    pub title: &'static str,
    /// One line: what is different and what follows from it.
    pub claim: &'static str,
    /// Whether some schedule within `budget` violates an invariant.
    pub broken: bool,
    /// Faults that search may spend, by verb (`crash=1`), and how often a timer may beat a message (`delay=1`; without it, as often as it likes).
    pub budget: &'static [(&'static str, u32)],
    /// Parameters whose default differs from the scenario's in this variant: (id, value).
    pub defaults: &'static [(&'static str, &'static str)],
    /// The run that the page opens with, as choices of a run string.
    pub opening: &'static str,
}

/// A parameter of a scenario. Its value in a run string is text that [`Parameter::check`] accepts.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Name in run strings: `participants`.
    pub id: &'static str,
    /// Label on the page.
    pub label: &'static str,
    /// One line: what it does.
    pub help: &'static str,
    /// What values it takes.
    pub kind: ParameterKind,
    /// Value where a run string names none.
    pub default: &'static str,
}

/// What values a parameter takes.
#[derive(Clone, Copy, Debug)]
pub enum ParameterKind {
    /// A whole number from `min` to `max`; `unit` is `ms` or empty.
    Int { min: i64, max: i64, step: i64, unit: &'static str },
    /// One of these: (value, label).
    OneOf(&'static [(&'static str, &'static str)]),
    /// A set of these nodes, written `p1.p3`, or `none`: (node id).
    Nodes(&'static [&'static str]),
    /// A script of SQL in the isolation tester's format; holds what says what is wrong with one.
    Script(fn(&str) -> Result<(), String>),
}

impl ParameterKind {
    /// Whether it is a script, which only databases play.
    pub fn is_script(&self) -> bool {
        Part::Databases.is_here() && matches!(self, ParameterKind::Script(_))
    }
}

/// Values of a scenario's parameters, in the order of [`Info::parameters`]; always complete and within their ranges.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Values(Vec<(&'static str, String)>);

/// A scenario, variant or parameter that does not exist or does not fit.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum SpecError {
    /// No such scenario.
    #[error("there is no scenario `{scenario}`; there is {known}")]
    Scenario {
        /// The name at fault.
        scenario: String,
        /// The names that exist.
        known: String,
    },
    /// No such variant.
    #[error("`{scenario}` has no variant `{variant}`; it has {known}")]
    Variant {
        /// The scenario.
        scenario: &'static str,
        /// The name at fault.
        variant: String,
        /// The names that exist.
        known: String,
    },
    /// No such parameter.
    #[error("`{scenario}` has no parameter `{parameter}`; it has {known}")]
    Parameter {
        /// The scenario.
        scenario: &'static str,
        /// The name at fault.
        parameter: String,
        /// The names that exist.
        known: String,
    },
    /// A value that does not fit.
    #[error("parameter `{parameter}` cannot be `{value}`: {why}")]
    Value {
        /// The parameter.
        parameter: &'static str,
        /// The value at fault.
        value: String,
        /// What would fit.
        why: String,
    },
}

impl Parameter {
    /// Checks a value and gives it in its one canonical form (`007` becomes `7`, `p3.p1` becomes `p1.p3`).
    ///
    /// # Errors
    /// Where the value does not fit, with what would.
    pub fn check(&self, value: &str) -> Result<String, SpecError> {
        let bad = |why: String| SpecError::Value { parameter: self.id, value: value.chars().take(40).collect(), why };
        match self.kind {
            ParameterKind::Int { min, max, unit, .. } => {
                let number: i64 =
                    value.parse().map_err(|_| bad(format!("it takes a whole number from {min} to {max}")))?;
                if (min..=max).contains(&number) {
                    Ok(number.to_string())
                } else {
                    Err(bad(format!("it goes from {min} to {max}{}{unit}", if unit.is_empty() { "" } else { " " })))
                }
            }
            ParameterKind::OneOf(options) => {
                options.iter().find(|(id, _)| *id == value).map(|(id, _)| (*id).to_owned()).ok_or_else(|| {
                    bad(format!("it is one of {}", options.iter().map(|(id, _)| *id).collect::<Vec<_>>().join(", ")))
                })
            }
            ParameterKind::Nodes(all) => {
                if value == "none" {
                    return Ok(value.to_owned());
                }
                if let Some(stranger) = value.split('.').find(|id| !all.contains(id)) {
                    return Err(bad(format!(
                        "`{}` is not one of {}",
                        stranger.chars().take(20).collect::<String>(),
                        all.join(", ")
                    )));
                }
                let chosen: Vec<&str> = all.iter().copied().filter(|id| value.split('.').any(|v| v == *id)).collect();
                Ok(chosen.join("."))
            }
            ParameterKind::Script(check) => {
                // Without one, the variant's own is played.
                if !value.is_empty() {
                    check(value).map_err(bad)?;
                }
                Ok(value.to_owned())
            }
        }
    }
}

impl Info {
    /// How many variants there are, and how many of them are broken.
    pub const fn counts(&self) -> (usize, usize) {
        let (mut at, mut broken) = (0, 0);
        while at < self.variants.len() {
            broken += self.variants[at].broken as usize;
            at += 1;
        }
        (at, broken)
    }

    /// What the catalogue says of a scenario that is not here: of the home page, where that is, what stands there.
    pub const fn outline(&self) -> Info {
        let (title, claim) = if Part::Commit.is_here() { (self.title, self.claim) } else { ("", "") };
        Info { title, claim, variants: &[], parameters: &[], invariants: &[], goals: &[], ..*self }
    }

    /// Finds a variant by its name.
    ///
    /// # Errors
    /// Where there is none, with those that exist.
    pub fn variant(&self, id: &str) -> Result<&'static Variant, SpecError> {
        self.variants.iter().find(|v| v.id == id).ok_or_else(|| SpecError::Variant {
            scenario: self.id,
            variant: id.chars().take(40).collect(),
            known: self.variants.iter().map(|v| v.id).collect::<Vec<_>>().join(", "),
        })
    }

    /// The values of a run: the scenario's defaults, under the variant's, under those given.
    ///
    /// # Errors
    /// Where a parameter does not exist or a value does not fit.
    pub fn values<'a>(
        &self,
        variant: &Variant,
        given: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Values, SpecError> {
        self.values_under(variant, &mut given.into_iter())
    }

    /// The same, compiled once.
    fn values_under(
        &self,
        variant: &Variant,
        given: &mut dyn Iterator<Item = (&str, &str)>,
    ) -> Result<Values, SpecError> {
        let mut values: Vec<(&'static str, String)> =
            self.parameters.iter().map(|p| (p.id, self.default(variant, p).to_owned())).collect();
        for (id, value) in given {
            let Some(at) = self.parameters.iter().position(|p| p.id == id) else {
                return Err(SpecError::Parameter {
                    scenario: self.id,
                    parameter: id.chars().take(40).collect(),
                    known: self.parameters.iter().map(|p| p.id).collect::<Vec<_>>().join(", "),
                });
            };
            values[at].1 = self.parameters[at].check(value)?;
        }
        Ok(Values(values))
    }

    /// The default of a parameter in a variant.
    pub fn default(&self, variant: &Variant, parameter: &Parameter) -> &'static str {
        variant.defaults.iter().find(|(id, _)| *id == parameter.id).map_or(parameter.default, |(_, value)| value)
    }
}

impl Values {
    /// All of them, in the order of [`Info::parameters`].
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(id, value)| (*id, value.as_str()))
    }

    /// The text of one value; empty for a parameter that the scenario does not declare.
    pub fn text(&self, id: &str) -> &str {
        self.0.iter().find(|(name, _)| *name == id).map_or("", |(_, value)| value)
    }

    /// A whole number; 0 for a parameter that the scenario does not declare as one.
    pub fn int(&self, id: &str) -> i64 {
        self.text(id).parse().unwrap_or(0)
    }

    /// The nodes of a set.
    pub fn nodes(&self, id: &str) -> impl Iterator<Item = &str> {
        self.text(id).split('.').filter(|node| *node != "none" && !node.is_empty())
    }
}

/// A scenario in the catalogue.
pub trait Entry: Sync + std::fmt::Debug {
    /// What it declares about itself.
    fn info(&self) -> &'static Info;

    /// A run at its start.
    fn start(&self, variant: &'static Variant, values: &Values, seed: u64) -> Box<dyn Run>;

    /// The part of the page that it belongs to. Runs can be started where that is here ([`Part::is_here`]).
    fn part(&self) -> Part;

    /// How many variants there are, and how many of them are broken.
    fn counts(&self) -> (usize, usize) {
        self.info().counts()
    }

    /// The script that is played, where the scenario plays one: what a reader may make their own of, as the value of the parameter `script`.
    fn script(&self, variant: &'static Variant, values: &Values) -> Option<String> {
        let _ = (variant, values);
        None
    }

    /// Two parameters under all values of which the page replays a run side by side.
    fn grid(&self) -> Option<Grid> {
        None
    }
}

/// Two parameters, both [`ParameterKind::OneOf`].
#[derive(Clone, Copy, Debug)]
pub struct Grid {
    /// The parameter whose values are the rows.
    pub rows: &'static str,
    /// The parameter whose values are the columns.
    pub columns: &'static str,
    /// Whether there is such a row in such a column.
    pub has: fn(&str, &str) -> bool,
}
