//! Tables from `CREATE TABLE`, as every engine makes them.

use super::ast::{ColumnConstraint, CreateTable, Expr, Name, TableConstraint};
use super::bind::{Bound, Catalog, Scope, assigned};
use super::error::SqlError;
use super::schema::{Column, ForeignKey, Index, Table};
use crate::engine::{sort, sort_stably_by};

/// A foreign key as it is written: its name, columns, the other table and its columns.
pub type Foreign = (Option<Name>, Vec<Name>, Name, Vec<Name>);

/// Most columns of a table.
const MAX_COLUMNS: usize = 256;

/// A catalogue of one table that does not exist yet, for its constraints.
pub struct Only<'a>(pub &'a Table);

impl Catalog for Only<'_> {
    fn table(&self, name: &str) -> Option<&Table> {
        Some(self.0).filter(|table| table.name == name)
    }
}

/// A table with its columns, indexes and checks, and the foreign keys that it is to have. Numbers are given out for it and then for its indexes.
pub fn table(create: &CreateTable, new_id: &mut dyn FnMut() -> u32) -> Result<(Table, Vec<Foreign>), SqlError> {
    if create.columns.len() > MAX_COLUMNS {
        return Err(SqlError::unsupported(format!("more than {MAX_COLUMNS} columns")));
    }
    let mut table = Table {
        id: new_id(),
        name: create.name.clone(),
        columns: Vec::new(),
        indexes: Vec::new(),
        checks: Vec::new(),
        foreign_keys: Vec::new(),
    };
    for column in &create.columns {
        if table.column(&column.name).is_some() {
            return Err(SqlError::new("42701", format!("column \"{}\" specified more than once", column.name)));
        }
        let (name, ty) = (column.name.clone(), column.ty);
        table.columns.push(Column { name, ty, not_null: false, default: None });
    }
    let mut unique: Vec<(Option<Name>, Vec<Name>, bool)> = Vec::new();
    let mut checks: Vec<(Option<Name>, &Expr)> = Vec::new();
    let mut foreign: Vec<Foreign> = Vec::new();
    for (at, column) in create.columns.iter().enumerate() {
        for (name, constraint) in &column.constraints {
            match constraint {
                ColumnConstraint::Null => {}
                ColumnConstraint::NotNull => table.columns[at].not_null = true,
                ColumnConstraint::PrimaryKey => unique.push((name.clone(), vec![column.name.clone()], true)),
                ColumnConstraint::Unique => unique.push((name.clone(), vec![column.name.clone()], false)),
                ColumnConstraint::Default(expr) => {
                    let only = Only(&table);
                    let bound = assigned(Scope::new(&only).expr(expr)?, &column.name, column.ty)?;
                    table.columns[at].default = Some(bound);
                }
                ColumnConstraint::Check(check) => checks.push((name.clone(), check)),
                ColumnConstraint::References(to, on) => {
                    foreign.push((name.clone(), vec![column.name.clone()], to.clone(), on.iter().cloned().collect()));
                }
            }
        }
    }
    for (name, constraint) in &create.constraints {
        match constraint {
            TableConstraint::PrimaryKey(columns) => unique.push((name.clone(), columns.clone(), true)),
            TableConstraint::Unique(columns) => unique.push((name.clone(), columns.clone(), false)),
            TableConstraint::Check(check) => checks.push((name.clone(), check)),
            TableConstraint::ForeignKey(columns, to, on) => {
                foreign.push((name.clone(), columns.clone(), to.clone(), on.clone()));
            }
        }
    }
    // The primary key's index is made first.
    sort_stably_by(&mut unique, &|(_, _, one), (_, _, other)| other.cmp(one));
    if unique.iter().filter(|(_, _, primary)| *primary).count() > 1 {
        let message = format!("multiple primary keys for table \"{}\" are not allowed", table.name);
        return Err(SqlError::new("42P16", message));
    }
    for (name, columns, primary) in unique {
        let places = places(&table, &columns)?;
        for place in places.iter().filter(|_| primary) {
            table.columns[usize::from(*place)].not_null = true;
        }
        let made =
            if primary { format!("{}_pkey", table.name) } else { format!("{}_{}_key", table.name, columns.join("_")) };
        let id = new_id();
        let name = name.unwrap_or(made);
        table.indexes.push(Index { id, name, columns: places, unique: true, primary, filter: None });
    }
    for (name, check) in checks {
        let only = Only(&table);
        let mut scope = Scope::of_table(&only, &table.name, None)?;
        scope.no_aggregates = Some("check constraints");
        let bound = scope.condition(check, "CHECK")?;
        let made = check_name(&table, &bound);
        let taken = |name: &Name| table.checks.iter().any(|(other, _)| other == name);
        let made = std::iter::once(made.clone())
            .chain((1..).map(|at: u32| format!("{made}{at}")))
            .find(|name| !taken(name))
            .unwrap_or(made);
        table.checks.push((name.unwrap_or(made), bound));
    }
    sort_stably_by(&mut table.checks, &|(a, _), (b, _)| a.cmp(b));
    Ok((table, foreign))
}

/// A foreign key to a table that is there.
pub fn foreign_key(
    table: &Table,
    target: &Table,
    name: Option<Name>,
    columns: &[Name],
    to: &str,
    on: &[Name],
) -> Result<ForeignKey, SqlError> {
    let places = places(table, columns)?;
    let target_columns = if on.is_empty() {
        let primary = target.indexes.iter().find(|index| index.primary);
        let missing = || SqlError::new("42704", format!("there is no primary key for referenced table \"{to}\""));
        primary.ok_or_else(missing)?.columns.clone()
    } else {
        let mut found = Vec::new();
        for column in on {
            let message = format!("column \"{column}\" referenced in foreign key constraint does not exist");
            found.push(target.column(column).ok_or_else(|| SqlError::new("42703", message))?);
        }
        found
    };
    let sorted = |columns: &[u16]| {
        let mut columns = columns.to_vec();
        sort(&mut columns);
        columns
    };
    let serves =
        |index: &Index| index.unique && index.filter.is_none() && sorted(&index.columns) == sorted(&target_columns);
    if !target.indexes.iter().any(serves) {
        let message = format!("there is no unique constraint matching given keys for referenced table \"{to}\"");
        return Err(SqlError::new("42830", message));
    }
    if target_columns.len() != places.len() {
        let message = "number of referencing and referenced columns for foreign key disagree";
        return Err(SqlError::new("42830", message));
    }
    for (own, other) in places.iter().zip(&target_columns) {
        let (own, other) = (table.columns[usize::from(*own)].ty, target.columns[usize::from(*other)].ty);
        let fits = own == other || (own.is_number() && other.is_number()) || (own.is_text() && other.is_text());
        if !fits {
            let name = name.unwrap_or_else(|| format!("{}_{}_fkey", table.name, columns.join("_")));
            return Err(SqlError::new("42804", format!("foreign key constraint \"{name}\" cannot be implemented")));
        }
    }
    let made = format!("{}_{}_fkey", table.name, columns.join("_"));
    Ok(ForeignKey { name: name.unwrap_or(made), columns: places, target: target.id, target_columns })
}

/// The numbers of columns, or 42703.
pub fn places(table: &Table, columns: &[Name]) -> Result<Vec<u16>, SqlError> {
    let mut out = Vec::new();
    for column in columns {
        let missing = || SqlError::new("42703", format!("column \"{column}\" named in key does not exist"));
        out.push(table.column(column).ok_or_else(missing)?);
    }
    Ok(out)
}

/// The name that the server gives to an unnamed CHECK: with the column, where it looks at only one.
fn check_name(table: &Table, check: &Bound) -> Name {
    let looked: Vec<&Column> = table
        .columns
        .iter()
        .enumerate()
        .filter(|(at, _)| super::query::depends(check, &|column| usize::from(column) == *at))
        .map(|(_, column)| column)
        .collect();
    match looked.as_slice() {
        [column] => format!("{}_{}_check", table.name, column.name),
        _ => format!("{}_check", table.name),
    }
}
