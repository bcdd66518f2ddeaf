//! Expressions, by the server's table of precedence (manual, 4.1.6).

use super::{MAX_DEPTH, Parsed, Parser};
use crate::servers::sql::ast::{Binary, Expr, Unary};
use crate::servers::sql::lex::Token;
use crate::servers::sql::value::Type;

impl Parser {
    pub(super) fn deeper(&mut self) -> Parsed<()> {
        if self.depth >= MAX_DEPTH {
            return Err(self.unsupported(&format!("this is nested deeper than {MAX_DEPTH} levels")));
        }
        self.depth += 1;
        Ok(())
    }

    pub(super) fn expr(&mut self) -> Parsed<Expr> {
        self.deeper()?;
        let expr = self.or();
        self.depth -= 1;
        expr
    }

    fn or(&mut self) -> Parsed<Expr> {
        let mut left = self.and()?;
        while self.eat(&["or"]) {
            left = binary(Binary::Or, left, self.and()?);
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed<Expr> {
        let mut left = self.not()?;
        while self.eat(&["and"]) {
            left = binary(Binary::And, left, self.not()?);
        }
        Ok(left)
    }

    fn not(&mut self) -> Parsed<Expr> {
        if self.is_word("not") {
            self.deeper()?;
            self.next += 1;
            let inner = self.not();
            self.depth -= 1;
            return Ok(Expr::Unary(Unary::Not, Box::new(inner?)));
        }
        self.is()
    }

    fn is(&mut self) -> Parsed<Expr> {
        let mut left = self.comparison()?;
        while self.eat(&["is"]) {
            let negated = self.eat(&["not"]);
            left = if self.eat(&["null"]) {
                Expr::IsNull(Box::new(left), negated)
            } else if self.eat(&["true"]) {
                Expr::IsBool(Box::new(left), true, negated)
            } else if self.eat(&["false"]) {
                Expr::IsBool(Box::new(left), false, negated)
            } else {
                return Err(self.unexpected("NULL, TRUE or FALSE"));
            };
        }
        Ok(left)
    }

    /// Comparisons do not chain: `a < b < c` is an error, as in the server.
    fn comparison(&mut self) -> Parsed<Expr> {
        let left = self.membership()?;
        let Some(sign) = self.comparison_sign() else { return Ok(left) };
        let right = self.membership()?;
        if self.comparison_sign().is_some() {
            self.next -= 1;
            return Err(self.unsupported("comparisons do not chain: use AND"));
        }
        Ok(binary(sign, left, right))
    }

    fn comparison_sign(&mut self) -> Option<Binary> {
        let Token::Mark(mark) = self.peek() else { return None };
        let sign = match *mark {
            "=" => Binary::Eq,
            "<>" | "!=" => Binary::Ne,
            "<" => Binary::Lt,
            "<=" => Binary::Le,
            ">" => Binary::Gt,
            ">=" => Binary::Ge,
            _ => return None,
        };
        self.next += 1;
        Some(sign)
    }

    /// `IN`, `BETWEEN`, `LIKE`: these do not chain either.
    fn membership(&mut self) -> Parsed<Expr> {
        let left = self.concat()?;
        let negated = self.is_word("not") && matches!(self.word_at(1), Some("in" | "between" | "like"));
        if negated {
            self.next += 1;
        }
        let left = Box::new(left);
        if self.eat(&["in"]) {
            self.expect_mark("(")?;
            let out = if self.is_word("select") {
                Expr::InQuery(left, Box::new(self.query()?), negated)
            } else {
                Expr::InList(left, self.list(Parser::expr)?, negated)
            };
            self.expect_mark(")")?;
            return Ok(out);
        }
        if self.eat(&["between"]) {
            if self.is_word("symmetric") {
                return Err(self.unsupported("BETWEEN SYMMETRIC is not supported"));
            }
            let low = self.concat()?;
            self.expect(&["and"])?;
            let high = self.concat()?;
            return Ok(Expr::Between(left, Box::new(low), Box::new(high), negated));
        }
        if self.eat(&["like"]) {
            return Ok(Expr::Like(left, Box::new(self.concat()?), negated));
        }
        Ok(*left)
    }

    fn concat(&mut self) -> Parsed<Expr> {
        let mut left = self.sum()?;
        while self.eat_mark("||") {
            left = binary(Binary::Concat, left, self.sum()?);
        }
        Ok(left)
    }

    fn sum(&mut self) -> Parsed<Expr> {
        let mut left = self.product()?;
        loop {
            let sign = if self.eat_mark("+") {
                Binary::Add
            } else if self.eat_mark("-") {
                Binary::Sub
            } else {
                return Ok(left);
            };
            left = binary(sign, left, self.product()?);
        }
    }

    fn product(&mut self) -> Parsed<Expr> {
        let mut left = self.signed()?;
        loop {
            let sign = if self.eat_mark("*") {
                Binary::Mul
            } else if self.eat_mark("/") {
                Binary::Div
            } else if self.eat_mark("%") {
                Binary::Mod
            } else {
                return Ok(left);
            };
            left = binary(sign, left, self.signed()?);
        }
    }

    fn signed(&mut self) -> Parsed<Expr> {
        let sign = if self.is_mark("-") {
            Unary::Minus
        } else if self.is_mark("+") {
            Unary::Plus
        } else {
            return self.cast();
        };
        self.deeper()?;
        self.next += 1;
        let inner = self.signed();
        self.depth -= 1;
        Ok(Expr::Unary(sign, Box::new(inner?)))
    }

    fn cast(&mut self) -> Parsed<Expr> {
        let mut left = self.atom()?;
        while self.eat_mark("::") {
            left = Expr::Cast(Box::new(left), self.ty()?);
        }
        Ok(left)
    }

    fn atom(&mut self) -> Parsed<Expr> {
        match self.peek().clone() {
            Token::Number(text) => {
                self.next += 1;
                Ok(Expr::Number(text))
            }
            Token::Text(text) => {
                self.next += 1;
                Ok(Expr::Text(text))
            }
            Token::Mark("(") => {
                self.next += 1;
                let inner = if self.is_word("select") { Expr::Scalar(Box::new(self.query()?)) } else { self.expr()? };
                if self.is_mark(",") {
                    return Err(self.unsupported("row values are not supported: compare column by column"));
                }
                self.expect_mark(")")?;
                Ok(inner)
            }
            Token::Word { text, quoted: false } => self.word(&text),
            Token::Word { .. } => self.column_or_call(),
            _ => Err(self.unexpected("an expression")),
        }
    }

    fn word(&mut self, word: &str) -> Parsed<Expr> {
        let constant = match word {
            "null" => Some(Expr::Null),
            "true" => Some(Expr::Bool(true)),
            "false" => Some(Expr::Bool(false)),
            _ => None,
        };
        if let Some(constant) = constant {
            self.next += 1;
            return Ok(constant);
        }
        match word {
            "exists" => {
                self.next += 1;
                self.expect_mark("(")?;
                let query = self.query()?;
                self.expect_mark(")")?;
                Ok(Expr::Exists(Box::new(query)))
            }
            "case" => self.case(),
            "cast" => {
                self.next += 1;
                self.expect_mark("(")?;
                let inner = self.expr()?;
                self.expect(&["as"])?;
                let ty = self.ty()?;
                self.expect_mark(")")?;
                Ok(Expr::Cast(Box::new(inner), ty))
            }
            "date" | "timestamp" => {
                let Token::Text(text) = self.at_offset(1).0.clone() else { return self.column_or_call() };
                self.next += 2;
                Ok(Expr::Typed(if word == "date" { Type::Date } else { Type::Timestamp }, text))
            }
            _ => self.column_or_call(),
        }
    }

    fn case(&mut self) -> Parsed<Expr> {
        self.expect(&["case"])?;
        let of = if self.is_word("when") { None } else { Some(Box::new(self.expr()?)) };
        let mut arms = Vec::new();
        while self.eat(&["when"]) {
            let when = self.expr()?;
            self.expect(&["then"])?;
            arms.push((when, self.expr()?));
        }
        if arms.is_empty() {
            return Err(self.unexpected("WHEN"));
        }
        let otherwise = if self.eat(&["else"]) { Some(Box::new(self.expr()?)) } else { None };
        self.expect(&["end"])?;
        Ok(Expr::Case(of, arms, otherwise))
    }

    fn column_or_call(&mut self) -> Parsed<Expr> {
        let name = self.name()?;
        if self.eat_mark(".") {
            return Ok(Expr::Column(Some(name), self.name()?));
        }
        if !self.eat_mark("(") {
            return Ok(Expr::Column(None, name));
        }
        if name == "count" && self.eat_mark("*") {
            self.expect_mark(")")?;
            return Ok(Expr::Call(name, Vec::new(), false));
        }
        let distinct = self.eat(&["distinct"]);
        let arguments = if self.is_mark(")") { Vec::new() } else { self.list(Parser::expr)? };
        self.expect_mark(")")?;
        if self.is_word("over") || self.is_word("filter") {
            return Err(self.unsupported("OVER and FILTER are not supported"));
        }
        Ok(Expr::Call(name, arguments, distinct))
    }
}

fn binary(sign: Binary, left: Expr, right: Expr) -> Expr {
    Expr::Binary(sign, Box::new(left), Box::new(right))
}
