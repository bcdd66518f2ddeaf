//! `CREATE` and `DROP`, and types.

use super::{Parsed, Parser};
use crate::servers::sql::ast::{
    ColumnConstraint, ColumnDef, CreateIndex, CreateTable, Name, Statement, TableConstraint,
};
use crate::servers::sql::lex::Token;
use crate::servers::sql::value::Type;

const TYPES: &str = "supported types are int, bigint, numeric, text, varchar(n), char(n), boolean, date and timestamp";

impl Parser {
    pub(super) fn create(&mut self) -> Parsed<Statement> {
        self.expect(&["create"])?;
        if self.eat(&["table"]) {
            return self.create_table().map(Statement::CreateTable);
        }
        let unique = self.eat(&["unique"]);
        if self.eat(&["index"]) {
            return self.create_index(unique).map(Statement::CreateIndex);
        }
        Err(self.unsupported(&format!("CREATE makes a TABLE or an INDEX here, not {}", self.found())))
    }

    pub(super) fn drop(&mut self) -> Parsed<Statement> {
        self.expect(&["drop"])?;
        if !self.eat(&["table"]) {
            return Err(self.unsupported("DROP takes a TABLE here"));
        }
        let if_exists = self.eat(&["if", "exists"]);
        let names = self.list(Parser::table_name)?;
        if self.is_word("cascade") {
            return Err(self.unsupported("CASCADE is not supported"));
        }
        self.eat(&["restrict"]);
        Ok(Statement::DropTable { names, if_exists })
    }

    fn create_index(&mut self, unique: bool) -> Parsed<CreateIndex> {
        if self.is_word("concurrently") {
            return Err(self.unsupported("CONCURRENTLY is not supported"));
        }
        let name = if self.is_word("on") { None } else { Some(self.name()?) };
        self.expect(&["on"])?;
        let table = self.table_name()?;
        if self.eat(&["using"]) && !self.eat(&["btree"]) {
            return Err(self.unsupported("indexes are btrees here"));
        }
        let columns = self.names_in_parentheses()?;
        let filter = if self.eat(&["where"]) { Some(self.expr()?) } else { None };
        Ok(CreateIndex { name, unique, table, columns, filter })
    }

    fn create_table(&mut self) -> Parsed<CreateTable> {
        let if_not_exists = self.eat(&["if", "not", "exists"]);
        let mut table =
            CreateTable { name: self.table_name()?, if_not_exists, columns: Vec::new(), constraints: Vec::new() };
        self.expect_mark("(")?;
        if self.eat_mark(")") {
            return Ok(table);
        }
        loop {
            if let Some(constraint) = self.table_constraint()? {
                table.constraints.push(constraint);
            } else {
                let column = self.column_def()?;
                table.columns.push(column);
            }
            if !self.eat_mark(",") {
                break;
            }
        }
        self.expect_mark(")")?;
        if self.is_word("with") || self.is_word("partition") || self.is_word("inherits") || self.is_word("engine") {
            return Err(self.unsupported("nothing may follow the columns of CREATE TABLE"));
        }
        Ok(table)
    }

    fn constraint_name(&mut self) -> Parsed<Option<Name>> {
        if self.eat(&["constraint"]) { self.name().map(Some) } else { Ok(None) }
    }

    fn table_constraint(&mut self) -> Parsed<Option<(Option<Name>, TableConstraint)>> {
        let name = self.constraint_name()?;
        let constraint = if self.eat(&["primary", "key"]) {
            TableConstraint::PrimaryKey(self.names_in_parentheses()?)
        } else if self.eat(&["unique"]) {
            TableConstraint::Unique(self.names_in_parentheses()?)
        } else if self.eat(&["check"]) {
            self.expect_mark("(")?;
            let check = self.expr()?;
            self.expect_mark(")")?;
            TableConstraint::Check(check)
        } else if self.eat(&["foreign", "key"]) {
            let columns = self.names_in_parentheses()?;
            self.expect(&["references"])?;
            let table = self.table_name()?;
            let referenced = if self.is_mark("(") { self.names_in_parentheses()? } else { Vec::new() };
            self.no_actions()?;
            TableConstraint::ForeignKey(columns, table, referenced)
        } else if name.is_some() {
            return Err(self.unexpected("PRIMARY KEY, UNIQUE, CHECK or FOREIGN KEY"));
        } else {
            return Ok(None);
        };
        Ok(Some((name, constraint)))
    }

    /// What a foreign key may not say yet.
    fn no_actions(&mut self) -> Parsed<()> {
        loop {
            if self.eat(&["on", "delete", "no", "action"]) || self.eat(&["on", "update", "no", "action"]) {
                continue;
            }
            if self.is_word("on") || self.is_word("match") || self.is_word("deferrable") || self.is_word("initially") {
                return Err(self.unsupported("a foreign key takes no action, MATCH or DEFERRABLE here"));
            }
            return Ok(());
        }
    }

    fn column_def(&mut self) -> Parsed<ColumnDef> {
        let name = self.name()?;
        let ty = self.ty()?;
        let mut constraints = Vec::new();
        loop {
            let constraint_name = self.constraint_name()?;
            let constraint = if self.eat(&["not", "null"]) {
                ColumnConstraint::NotNull
            } else if self.eat(&["null"]) {
                ColumnConstraint::Null
            } else if self.eat(&["primary", "key"]) {
                ColumnConstraint::PrimaryKey
            } else if self.eat(&["unique"]) {
                ColumnConstraint::Unique
            } else if self.eat(&["default"]) {
                ColumnConstraint::Default(self.expr()?)
            } else if self.eat(&["check"]) {
                self.expect_mark("(")?;
                let check = self.expr()?;
                self.expect_mark(")")?;
                ColumnConstraint::Check(check)
            } else if self.eat(&["references"]) {
                let table = self.table_name()?;
                let column = if self.eat_mark("(") {
                    let column = self.name()?;
                    self.expect_mark(")")?;
                    Some(column)
                } else {
                    None
                };
                self.no_actions()?;
                ColumnConstraint::References(table, column)
            } else if constraint_name.is_some() {
                return Err(self.unexpected("a constraint"));
            } else {
                return Ok(ColumnDef { name, ty, constraints });
            };
            constraints.push((constraint_name, constraint));
        }
    }

    pub(super) fn ty(&mut self) -> Parsed<Type> {
        let at = self.position();
        let Token::Word { text, quoted: false } = self.peek().clone() else { return Err(self.unexpected("a type")) };
        self.next += 1;
        Ok(match text.as_str() {
            "int" | "integer" | "int4" => Type::Int,
            "bigint" | "int8" => Type::BigInt,
            "numeric" | "decimal" => {
                let sizes = self.sizes()?;
                match sizes.as_slice() {
                    [] => Type::Numeric(None),
                    [precision] if (1..=28).contains(precision) => Type::Numeric(Some((*precision as u8, 0))),
                    [precision, scale] if (1..=28).contains(precision) && scale <= precision => {
                        Type::Numeric(Some((*precision as u8, *scale as u8)))
                    }
                    _ => return Err(super::SyntaxError::new(at, "numeric(p, s) takes p from 1 to 28 and s up to p")),
                }
            }
            "text" => Type::Text,
            "varchar" => self.sized(Type::Text, Type::Varchar)?,
            "char" => self.sized(Type::Char(1), Type::Char)?,
            "character" if self.eat(&["varying"]) => self.sized(Type::Text, Type::Varchar)?,
            "character" => self.sized(Type::Char(1), Type::Char)?,
            "bool" | "boolean" => Type::Bool,
            "date" => Type::Date,
            "timestamp" => {
                if self.is_word("with") || self.is_mark("(") {
                    return Err(self.unsupported("timestamp has neither a time zone nor a precision here"));
                }
                self.eat(&["without", "time", "zone"]);
                Type::Timestamp
            }
            _ => return Err(super::SyntaxError::new(at, format!("`{text}` is no type known here: {TYPES}"))),
        })
    }

    fn sized(&mut self, bare: Type, with: fn(u16) -> Type) -> Parsed<Type> {
        let at = self.position();
        match self.sizes()?.as_slice() {
            [] => Ok(bare),
            [size] if (1..=10_000).contains(size) => Ok(with(*size)),
            _ => Err(super::SyntaxError::new(at, "a length is a number from 1 to 10000")),
        }
    }

    fn sizes(&mut self) -> Parsed<Vec<u16>> {
        if !self.eat_mark("(") {
            return Ok(Vec::new());
        }
        let sizes = self.list(|parser| {
            let size = match parser.peek() {
                Token::Number(text) => text.parse::<u16>().ok(),
                _ => None,
            };
            let size = size.ok_or_else(|| parser.unexpected("a length"))?;
            parser.next += 1;
            Ok(size)
        })?;
        self.expect_mark(")")?;
        Ok(sizes)
    }
}
