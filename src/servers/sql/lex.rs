//! Words of SQL, with their positions.

use super::error::{Position, SyntaxError};

/// A word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Token {
    /// A name or keyword, in lower case unless it was quoted.
    Word {
        /// The text.
        text: String,
        /// Whether it stood in double quotes, so that it is no keyword.
        quoted: bool,
    },
    /// Digits, perhaps with a point.
    Number(String),
    /// Text between single quotes.
    Text(String),
    /// An operator or a punctuation mark.
    Mark(&'static str),
    /// The end of the text.
    End,
}

/// Longest first, so that `<=` is not read as `<`.
const MARKS: &[&str] = &[
    "::", "<=", ">=", "<>", "!=", "||", "(", ")", ",", ";", ".", "*", "+", "-", "/", "%", "=", "<", ">", "[", "]", ":",
];

struct Cursor<'a> {
    rest: &'a str,
    at: Position,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        if c == '\n' {
            self.at = Position { line: self.at.line + 1, column: 1 };
        } else {
            self.at.column += 1;
        }
        Some(c)
    }

    fn skip(&mut self, chars: usize) {
        for _ in 0..chars {
            self.next();
        }
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let mut out = String::new();
        while let Some(c) = self.peek().filter(|c| wanted(*c)) {
            out.push(c);
            self.next();
        }
        out
    }

    fn blank(&mut self) -> Result<(), SyntaxError> {
        loop {
            if self.peek().is_some_and(char::is_whitespace) {
                self.next();
            } else if self.rest.starts_with("--") {
                self.take_while(|c| c != '\n');
            } else if self.rest.starts_with("/*") {
                let from = self.at;
                self.skip(2);
                while !self.rest.starts_with("*/") {
                    if self.next().is_none() {
                        return Err(SyntaxError::new(from, "this comment is never closed with */"));
                    }
                }
                self.skip(2);
            } else {
                return Ok(());
            }
        }
    }

    /// What stands between quotes; a doubled quote stands for one.
    fn quoted(&mut self, quote: char) -> Result<String, SyntaxError> {
        let from = self.at;
        self.next();
        let mut out = String::new();
        loop {
            match self.next() {
                Some(c) if c == quote => {
                    if self.peek() != Some(quote) {
                        return Ok(out);
                    }
                    self.next();
                    out.push(quote);
                }
                Some(c) => out.push(c),
                None => return Err(SyntaxError::new(from, format!("this quote is never closed with {quote}"))),
            }
        }
    }
}

/// Cuts a text into words; the last is [`Token::End`].
pub fn lex(text: &str) -> Result<Vec<(Token, Position)>, SyntaxError> {
    let mut cursor = Cursor { rest: text, at: Position::START };
    let mut out = Vec::new();
    loop {
        cursor.blank()?;
        let at = cursor.at;
        let Some(c) = cursor.peek() else {
            out.push((Token::End, at));
            return Ok(out);
        };
        let after_point = cursor.rest[c.len_utf8()..].starts_with(|c: char| c.is_ascii_digit());
        let token = if c == '\'' {
            Token::Text(cursor.quoted('\'')?)
        } else if c == '"' {
            Token::Word { text: cursor.quoted('"')?, quoted: true }
        } else if c.is_ascii_digit() || (c == '.' && after_point) {
            Token::Number(number(&mut cursor, at)?)
        } else if c.is_alphabetic() || c == '_' {
            let text = cursor.take_while(|c| c.is_alphanumeric() || c == '_' || c == '$');
            Token::Word { text: text.to_lowercase(), quoted: false }
        } else if let Some(mark) = MARKS.iter().find(|mark| cursor.rest.starts_with(**mark)) {
            cursor.skip(mark.len());
            Token::Mark(mark)
        } else {
            return Err(SyntaxError::new(at, format!("`{c}` means nothing here")));
        };
        out.push((token, at));
    }
}

fn number(cursor: &mut Cursor, at: Position) -> Result<String, SyntaxError> {
    let mut text = cursor.take_while(|c| c.is_ascii_digit());
    if cursor.peek() == Some('.') {
        cursor.next();
        text.push('.');
        text.push_str(&cursor.take_while(|c| c.is_ascii_digit()));
    }
    if cursor.peek().is_some_and(|c| c.is_alphabetic() || c == '_') {
        return Err(SyntaxError::new(at, "a number ends in a letter; numbers are digits with at most one point"));
    }
    Ok(text)
}
