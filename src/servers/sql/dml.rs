//! What engines do alike when a statement changes rows: new rows with their defaults, constraints of a row alone, what is answered.

use super::answer::{Reply, Rows};
use super::bind::{BoundInsert, BoundItem};
use super::error::SqlError;
use super::eval::{Context, Env, Stop, eval};
use super::schema::{Row, Table};
use super::value::Value;

/// A new row: the values that are given, in the order of the columns that an `INSERT` names, and defaults.
pub fn new_row(insert: &BoundInsert, given: Vec<Value>, cx: &mut dyn Context) -> Result<Vec<Value>, Stop> {
    let table = &insert.table;
    let mut values = Vec::new();
    for column in &table.columns {
        values.push(match &column.default {
            Some(default) if !insert.columns.contains(&(values.len() as u16)) => eval(default, &Env::of(&[]), cx)?,
            _ => Value::Null,
        });
    }
    for (at, value) in insert.columns.iter().zip(given) {
        values[usize::from(*at)] = value.cast(table.columns[usize::from(*at)].ty)?;
    }
    Ok(values)
}

/// NOT NULL, then CHECK, in PostgreSQL's words.
pub fn own_constraints(table: &Table, values: &[Value], cx: &mut dyn Context) -> Result<(), Stop> {
    for (column, value) in table.columns.iter().zip(values) {
        if column.not_null && value.is_null() {
            let (column, table) = (&column.name, &table.name);
            let message =
                format!("null value in column \"{column}\" of relation \"{table}\" violates not-null constraint");
            return Err(SqlError::new("23502", message).into());
        }
    }
    for (name, check) in &table.checks {
        if eval(check, &Env::of(values), cx)? == Value::Bool(false) {
            let message = format!("new row for relation \"{}\" violates check constraint \"{name}\"", table.name);
            return Err(SqlError::new("23514", message).into());
        }
    }
    Ok(())
}

/// Adds what `RETURNING` gives of a row.
pub fn returning(items: &[BoundItem], row: &Row, out: &mut Vec<Row>, cx: &mut dyn Context) -> Result<(), Stop> {
    if !items.is_empty() {
        let values: Result<Vec<Value>, Stop> = items.iter().map(|item| eval(&item.expr, &Env::of(row), cx)).collect();
        out.push(values?.into());
    }
    Ok(())
}

/// The answer to a statement that changed rows.
pub fn changed(tag: String, returning: &[BoundItem], rows: Vec<Row>) -> Reply {
    if returning.is_empty() {
        return Reply::Done(tag.into());
    }
    let columns = returning.iter().map(|item| item.name.clone()).collect();
    Reply::Rows(Rows { columns, rows, tag: tag.into() })
}
