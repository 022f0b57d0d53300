//! A second, deliberately naive idea of what a chain of QuerySet calls answers, to hold the mock against.
//!
//! It is written from Django's rules: nested loops over all rows, two truth values, no planner, no indexes, no kinds of
//! joins. It shares nothing with the mock but the contract's names and types, and is slow; its databases are small.
//!
//! - [`cell`]: what a column holds, compared and spelled.
//! - [`database`]: random small databases.
//! - [`call`]: a call: the steps of its chain, how it ends, what is to be shown.
//! - [`random`]: random calls over a database.
//! - [`lookup`]: whether a cell satisfies a comparison.
//! - [`evaluator`]: which rows a chain answers.
//! - [`projection`]: what `fields` shows of a row.
//! - [`judge`]: asks the mock and compares.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod call;
pub mod cell;
pub mod database;
pub mod evaluator;
pub mod judge;
pub mod lookup;
pub mod projection;
pub mod random;
