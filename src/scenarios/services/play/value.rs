//! Values at run time: memory, templates, sums, conditions.

use super::program::{Atom, Compare, Condition, Memory, Piece, Sum, Template, Word};

/// Keeps a value under its name, in place of what was there. Memory stands in the order of names, so that equal memories are alike.
pub fn keep(memory: &mut Memory, name: &str, value: Word) {
    match memory.binary_search_by(|(known, _)| (**known).cmp(name)) {
        Ok(at) => memory[at].1 = value,
        Err(at) => memory.insert(at, (name.into(), value)),
    }
}

/// What is in memory under a name.
pub fn recall<'m>(memory: &'m Memory, name: &str) -> Option<&'m Word> {
    let at = memory.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
    Some(&memory[at].1)
}

/// A value as it is written in SQL.
pub fn literal(value: &str) -> String {
    if value.parse::<i64>().is_ok() { value.to_owned() } else { format!("'{}'", value.replace('\'', "''")) }
}

impl Template {
    /// The text with its values; what is not in memory is empty.
    pub fn fill(&self, memory: &Memory) -> String {
        self.fill_with(|name| recall(memory, name).map(ToString::to_string).unwrap_or_default())
    }

    /// The same as SQL, each value as it is written there.
    pub fn sql(&self, memory: &Memory) -> String {
        self.fill_with(|name| recall(memory, name).map_or_else(|| "NULL".to_owned(), |value| literal(value)))
    }

    /// The same with values from elsewhere.
    pub fn fill_with(&self, value: impl Fn(&str) -> String) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out += text,
                Piece::Value(name) => out += &value(name),
            }
        }
        out
    }
}

/// What gauges say, by their places in the play.
pub type Gauges<'g> = &'g dyn Fn(u16) -> i64;

impl Sum {
    /// What it comes to.
    pub fn value(&self, memory: &Memory, gauges: Gauges<'_>) -> Word {
        let atom = |atom: &Atom| -> Word {
            match atom {
                Atom::Text(text) => text.clone(),
                Atom::Value(name) => recall(memory, name).cloned().unwrap_or_default(),
                Atom::Gauge(at) => gauges(*at).to_string().into(),
            }
        };
        if let [(false, only)] = &self.0[..] {
            return atom(only);
        }
        let number = |of: &Atom| atom(of).parse::<i64>().unwrap_or(0);
        let sum = self.0.iter().fold(0_i64, |sum, (is_less, of)| {
            if *is_less { sum.saturating_sub(number(of)) } else { sum.saturating_add(number(of)) }
        });
        sum.to_string().into()
    }
}

impl Condition {
    /// Whether it holds.
    pub fn holds(&self, memory: &Memory, gauges: Gauges<'_>) -> bool {
        let compare = |(left, how, right): &(Sum, Compare, Sum)| {
            let (left, right) = (left.value(memory, gauges), right.value(memory, gauges));
            let order = match (left.parse::<i64>(), right.parse::<i64>()) {
                (Ok(left), Ok(right)) => left.cmp(&right),
                _ => left.cmp(&right),
            };
            match how {
                Compare::Is => order.is_eq(),
                Compare::IsNot => order.is_ne(),
                Compare::Less => order.is_lt(),
                Compare::AtMost => order.is_le(),
                Compare::More => order.is_gt(),
                Compare::AtLeast => order.is_ge(),
            }
        };
        self.0.is_empty() || self.0.iter().any(|all| all.iter().all(compare))
    }

    /// The gauges that it asks.
    pub fn gauges(&self) -> impl Iterator<Item = u16> {
        let sums = self.0.iter().flatten().flat_map(|(left, _, right)| [left, right]);
        sums.flat_map(|sum| &sum.0).filter_map(|(_, atom)| if let Atom::Gauge(at) = atom { Some(*at) } else { None })
    }
}
