//! `SELECT`.

use super::{Parsed, Parser};
use crate::servers::sql::ast::{Item, Join, Locking, Order, Patience, Query, Source, Strength};
use crate::servers::sql::lex::Token;

impl Parser {
    pub(super) fn query(&mut self) -> Parsed<Query> {
        self.deeper()?;
        let query = self.query_inside();
        self.depth -= 1;
        query
    }

    fn query_inside(&mut self) -> Parsed<Query> {
        self.expect(&["select"])?;
        let distinct = self.eat(&["distinct"]);
        if distinct && self.is_word("on") {
            return Err(self.unsupported("DISTINCT ON is not supported"));
        }
        if !distinct {
            self.eat(&["all"]);
        }
        let mut query = Query { distinct, items: self.list(Parser::item)?, ..Query::default() };
        if self.eat(&["from"]) {
            self.from(&mut query)?;
        }
        if self.eat(&["where"]) {
            query.filter = Some(self.expr()?);
        }
        if self.eat(&["group", "by"]) {
            query.group_by = self.list(Parser::expr)?;
        }
        if self.eat(&["having"]) {
            query.having = Some(self.expr()?);
        }
        if self.is_word("union") || self.is_word("intersect") || self.is_word("except") || self.is_word("window") {
            return Err(self.unsupported("UNION, INTERSECT, EXCEPT and WINDOW are not supported"));
        }
        if self.eat(&["order", "by"]) {
            query.order_by = self.list(Parser::order)?;
        }
        // LIMIT and FOR UPDATE may stand in either order.
        loop {
            if query.limit.is_none() && self.eat(&["limit"]) {
                if !self.eat(&["all"]) {
                    query.limit = Some(self.expr()?);
                }
            } else if query.offset.is_none() && self.eat(&["offset"]) {
                query.offset = Some(self.expr()?);
                let _ = self.eat(&["rows"]) || self.eat(&["row"]);
            } else if self.is_word("for") {
                let locking = self.locking()?;
                query.locking.push(locking);
            } else if self.eat(&["lock", "in", "share", "mode"]) {
                query.locking.push(Locking {
                    strength: Strength::Share,
                    of: Vec::new(),
                    patience: Patience::Wait,
                    in_share_mode: true,
                });
            } else {
                return Ok(query);
            }
        }
    }

    pub(super) fn item(&mut self) -> Parsed<Item> {
        if self.eat_mark("*") {
            return Ok(Item::All);
        }
        if let (Token::Word { .. }, Token::Mark("."), Token::Mark("*")) =
            (self.peek(), &self.at_offset(1).0, &self.at_offset(2).0)
        {
            let table = self.name()?;
            self.next += 2;
            return Ok(Item::AllOf(table));
        }
        let expr = self.expr()?;
        Ok(Item::Expr(expr, self.alias()?))
    }

    fn from(&mut self, query: &mut Query) -> Parsed<()> {
        query.from.push((Join::Comma, self.source()?));
        loop {
            if self.eat_mark(",") {
                query.from.push((Join::Comma, self.source()?));
            } else if self.eat(&["cross", "join"]) {
                query.from.push((Join::Cross, self.source()?));
            } else if self.eat(&["join"]) || self.eat(&["inner", "join"]) {
                let source = self.source()?;
                query.from.push((Join::Inner(self.on()?), source));
            } else if self.eat(&["left", "join"]) || self.eat(&["left", "outer", "join"]) {
                let source = self.source()?;
                query.from.push((Join::Left(self.on()?), source));
            } else if self.is_word("right") || self.is_word("full") || self.is_word("natural") {
                return Err(self.unsupported("supported joins are JOIN … ON, LEFT JOIN … ON, CROSS JOIN and the comma"));
            } else {
                return Ok(());
            }
        }
    }

    fn on(&mut self) -> Parsed<crate::servers::sql::ast::Expr> {
        if self.is_word("using") {
            return Err(self.unsupported("JOIN takes ON here, not USING"));
        }
        self.expect(&["on"])?;
        self.expr()
    }

    fn source(&mut self) -> Parsed<Source> {
        if self.eat_mark("(") {
            let query = self.query()?;
            self.expect_mark(")")?;
            let name = self.alias()?.ok_or_else(|| self.unexpected("a name for the subquery"))?;
            return Ok(Source::Query(Box::new(query), name));
        }
        let name = self.table_name()?;
        if self.eat_mark("(") {
            let arguments = if self.is_mark(")") { Vec::new() } else { self.list(Parser::expr)? };
            self.expect_mark(")")?;
            return Ok(Source::Function(name, arguments, self.alias()?));
        }
        Ok(Source::Table(name, self.alias()?))
    }

    fn order(&mut self) -> Parsed<Order> {
        let by = self.expr()?;
        let descending = self.eat(&["desc"]);
        if !descending {
            self.eat(&["asc"]);
        }
        let nulls_first = if self.eat(&["nulls", "first"]) {
            Some(true)
        } else if self.eat(&["nulls", "last"]) {
            Some(false)
        } else {
            None
        };
        Ok(Order { by, descending, nulls_first })
    }

    fn locking(&mut self) -> Parsed<Locking> {
        self.expect(&["for"])?;
        let strength = if self.eat(&["update"]) {
            Strength::Update
        } else if self.eat(&["no", "key", "update"]) {
            Strength::NoKeyUpdate
        } else if self.eat(&["share"]) {
            Strength::Share
        } else if self.eat(&["key", "share"]) {
            Strength::KeyShare
        } else {
            return Err(self.unexpected("UPDATE, NO KEY UPDATE, SHARE or KEY SHARE"));
        };
        let of = if self.eat(&["of"]) { self.names()? } else { Vec::new() };
        let patience = if self.eat(&["nowait"]) {
            Patience::Nowait
        } else if self.eat(&["skip", "locked"]) {
            Patience::SkipLocked
        } else {
            Patience::Wait
        };
        Ok(Locking { strength, of, patience, in_share_mode: false })
    }
}
