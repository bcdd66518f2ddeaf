//! A SQL database with sessions, as real servers and one textbook behave: what a statement answers, what it waits for, how it fails.

pub mod answer;
pub mod ast;
pub mod bind;
mod date;
pub mod define;
mod dml;
pub mod engine;
pub mod error;
pub mod eval;
pub mod history;
pub mod innodb;
pub mod isolation_tester;
mod lex;
mod numeric;
pub mod parse;
pub mod postgres;
pub mod query;
pub mod schema;
pub mod storage;
pub mod textbook;
pub mod value;
