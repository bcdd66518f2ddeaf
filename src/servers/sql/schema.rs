//! What a table is made of.

use std::sync::Arc;

use super::ast::Name;
use super::bind::Bound;
use super::value::{Type, Value};

/// A row of values.
pub type Row = Arc<[Value]>;

/// A table's columns, indexes and constraints.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Table {
    /// Unique for as long as the database lives.
    pub id: u32,
    /// Name.
    pub name: Name,
    /// Columns in order.
    pub columns: Vec<Column>,
    /// Indexes in order of creation.
    pub indexes: Vec<Index>,
    /// `CHECK` constraints: name and condition, in order of name, which is the order in which the server tries them.
    pub checks: Vec<(Name, Bound)>,
    /// Foreign keys of this table, in order of creation.
    pub foreign_keys: Vec<ForeignKey>,
}

/// A column.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Column {
    /// Name.
    pub name: Name,
    /// Type.
    pub ty: Type,
    /// Whether NULL is refused.
    pub not_null: bool,
    /// What stands for `DEFAULT`.
    pub default: Option<Bound>,
}

/// An index.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Index {
    /// Unique for as long as the database lives, also among tables.
    pub id: u32,
    /// Name.
    pub name: Name,
    /// Numbers of its columns.
    pub columns: Vec<u16>,
    /// Whether a key may stand in it but once.
    pub unique: bool,
    /// Whether it is the primary key's.
    pub primary: bool,
    /// The rows that it holds, if not all.
    pub filter: Option<Bound>,
}

/// A foreign key.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ForeignKey {
    /// Name.
    pub name: Name,
    /// Columns of this table.
    pub columns: Vec<u16>,
    /// The table referred to.
    pub target: u32,
    /// Its columns, in the order of ours.
    pub target_columns: Vec<u16>,
}

impl Table {
    /// The number of a column.
    pub fn column(&self, name: &str) -> Option<u16> {
        self.columns.iter().position(|column| column.name == name).map(|at| at as u16)
    }

    /// Whether a column is part of a key that a foreign key could refer to: such columns decide whether an update is a `NO KEY UPDATE`
    /// (manual, 13.3.2: unique indexes that are neither partial nor on expressions).
    pub fn is_key_column(&self, column: u16) -> bool {
        self.indexes.iter().any(|index| index.unique && index.filter.is_none() && index.columns.contains(&column))
    }
}
