//! What a server answers: replies and error words as Redis 7.0 has them.

use std::borrow::Cow;

/// A reply.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reply {
    /// A status: `OK`, `QUEUED`.
    Simple(&'static str),
    /// An error, with its first word: `ERR syntax error`.
    Error(Cow<'static, str>),
    /// A number.
    Int(i64),
    /// A string.
    Bulk(String),
    /// No such thing.
    Nil,
    /// Several.
    Array(Vec<Reply>),
    /// No array: a transaction that was not executed.
    NilArray,
}

impl Reply {
    /// `OK`.
    pub const OK: Reply = Reply::Simple("OK");
    /// An operation on a key of another type.
    pub const WRONG_TYPE: Reply =
        Reply::Error(Cow::Borrowed("WRONGTYPE Operation against a key holding the wrong kind of value"));
    /// A word that must be a number is none, or does not fit into 64 bits.
    pub const NOT_AN_INTEGER: Reply = Reply::Error(Cow::Borrowed("ERR value is not an integer or out of range"));
    /// A sum that does not fit into 64 bits.
    pub const OVERFLOW: Reply = Reply::Error(Cow::Borrowed("ERR increment or decrement would overflow"));
    /// Options that do not go together, or are none.
    pub const SYNTAX: Reply = Reply::Error(Cow::Borrowed("ERR syntax error"));

    /// 1 or 0.
    pub fn flag(is_so: bool) -> Reply {
        Reply::Int(i64::from(is_so))
    }

    /// As it goes over the wire (RESP2).
    pub fn encode(&self, out: &mut String) {
        match self {
            Reply::Simple(word) => *out += &format!("+{word}\r\n"),
            Reply::Error(words) => *out += &format!("-{words}\r\n"),
            Reply::Int(number) => *out += &format!(":{number}\r\n"),
            Reply::Bulk(text) => *out += &format!("${}\r\n{text}\r\n", text.len()),
            Reply::Nil => *out += "$-1\r\n",
            Reply::NilArray => *out += "*-1\r\n",
            Reply::Array(replies) => {
                *out += &format!("*{}\r\n", replies.len());
                replies.iter().for_each(|reply| reply.encode(out));
            }
        }
    }
}
