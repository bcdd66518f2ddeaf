//! Keys in order, as a list: a simulated server holds a handful, for which a tree is much code and no faster.

/// A map from text, in the order of the text.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Table<V> {
    rows: Vec<(String, V)>,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Table { rows: Vec::new() }
    }
}

impl<V> Table<V> {
    /// Where a key stands, or where it would.
    fn find(&self, key: &str) -> Result<usize, usize> {
        self.rows.binary_search_by(|(name, _)| name.as_str().cmp(key))
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&V> {
        self.find(key).ok().map(|at| &self.rows[at].1)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        self.find(key).ok().map(|at| &mut self.rows[at].1)
    }

    /// The value of a key, which a key that is not there gets first.
    pub fn get_or(&mut self, key: &str, value: V) -> &mut V {
        let at = self.find(key).unwrap_or_else(|at| {
            self.rows.insert(at, (key.to_owned(), value));
            at
        });
        &mut self.rows[at].1
    }

    /// Sets the value of a key; gives what it was.
    pub fn insert(&mut self, key: &str, value: V) -> Option<V> {
        match self.find(key) {
            Ok(at) => Some(std::mem::replace(&mut self.rows[at].1, value)),
            Err(at) => {
                self.rows.insert(at, (key.to_owned(), value));
                None
            }
        }
    }

    /// Takes a key away; gives its value.
    pub fn remove(&mut self, key: &str) -> Option<V> {
        self.find(key).ok().map(|at| self.rows.remove(at).1)
    }

    /// Keeps the rows of which something is so.
    pub fn retain(&mut self, mut is_so: impl FnMut(&V) -> bool) {
        self.rows.retain(|(_, value)| is_so(value));
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All rows, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &V)> {
        self.rows.iter().map(|(name, value)| (name, value))
    }

    /// All keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.rows.iter().map(|(name, _)| name)
    }

    /// All values, in the order of their keys.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.rows.iter().map(|(_, value)| value)
    }
}
