//! Hashes, as far as Redisson's locks need them.

use super::{Key, Redis, Reply, Table, Value, whole_number};

impl Redis {
    /// The fields under a key.
    ///
    /// # Errors
    /// Where the key holds something else: the reply that says so.
    pub(super) fn fields(&self, now_ms: i64, key: &str) -> Result<Option<&Table<String>>, Reply> {
        match self.find(now_ms, key).map(|found| &found.value) {
            None => Ok(None),
            Some(Value::Hash(fields)) => Ok(Some(fields)),
            Some(_) => Err(Reply::WRONG_TYPE),
        }
    }

    /// The same, to be changed; a key that is not there begins empty.
    fn fields_mut(&mut self, now_ms: i64, key: &str) -> Result<&mut Table<String>, Reply> {
        self.expire(now_ms, key);
        let found = self.keys.get_or(key, Key { value: Value::Hash(Table::default()), expires_ms: None });
        match &mut found.value {
            Value::Hash(fields) => Ok(fields),
            _ => Err(Reply::WRONG_TYPE),
        }
    }

    /// HSET of one field: whether it is new.
    ///
    /// # Errors
    /// Where the key holds something else.
    pub fn hset(&mut self, now_ms: i64, key: &str, field: &str, value: &str) -> Result<bool, Reply> {
        Ok(self.fields_mut(now_ms, key)?.insert(field, value.to_owned()).is_none())
    }

    /// HGET.
    pub fn hget(&self, now_ms: i64, key: &str, field: &str) -> Reply {
        match self.fields(now_ms, key) {
            Ok(fields) => fields.and_then(|fields| fields.get(field)).cloned().map_or(Reply::Nil, Reply::Bulk),
            Err(wrong) => wrong,
        }
    }

    /// HEXISTS.
    pub fn hexists(&self, now_ms: i64, key: &str, field: &str) -> Reply {
        match self.fields(now_ms, key) {
            Ok(fields) => Reply::flag(fields.is_some_and(|fields| fields.get(field).is_some())),
            Err(wrong) => wrong,
        }
    }

    /// HDEL of one field: whether it was there. With its last field goes the key.
    ///
    /// # Errors
    /// Where the key holds something else.
    pub fn hdel(&mut self, now_ms: i64, key: &str, field: &str) -> Result<bool, Reply> {
        if self.fields(now_ms, key)?.is_none() {
            return Ok(false);
        }
        let fields = self.fields_mut(now_ms, key)?;
        let was_there = fields.remove(field).is_some();
        if fields.is_empty() {
            self.keys.remove(key);
        }
        Ok(was_there)
    }

    /// HINCRBY.
    pub fn hincrby(&mut self, now_ms: i64, key: &str, field: &str, by: i64) -> Reply {
        let before = match self.fields(now_ms, key) {
            Ok(fields) => fields.and_then(|fields| fields.get(field)).map_or(Some(0), |text| whole_number(text)),
            Err(wrong) => return wrong,
        };
        let Some(before) = before else { return Reply::Error("ERR hash value is not an integer".into()) };
        let Some(after) = before.checked_add(by) else { return Reply::OVERFLOW };
        match self.hset(now_ms, key, field, &after.to_string()) {
            Ok(_) => Reply::Int(after),
            Err(wrong) => wrong,
        }
    }
}
