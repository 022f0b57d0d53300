//! The server's SQL tool: `SELECT` over the committed rows, under Firebird's rules (dialect 3).
//!
//! Owns statements, their evaluation and how `isql` prints what comes out. Knows nothing of HTTP, tasks or billing; it
//! reads a [`Store`] and never changes one. The lexer and the grammar are ours, not a general SQL parser's: Firebird
//! names the byte at which a statement goes wrong, binds `||` tighter than `*`, and knows `FIRST`, `ROWS`, `CONTAINING`.
//!
//! A statement's way: [`script`] cuts the text as isql does, [`lexer`] and [`parser`] make an [`ast`] of it, [`bind`]
//! resolves names and types, [`exec`] runs it, [`isql`] prints the rows.

pub mod error;
pub mod isql;
pub mod text;
pub mod types;

use jiff::civil::DateTime;

use crate::store::Store;

pub use error::SqlError;
pub use types::{Cell, Column, Kind, Table, Type};

/// How rows are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// One line per column (`set list on`).
    pub list: bool,
    /// Without headings (`set heading off`).
    pub heading_off: bool,
}

/// What one statement came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How isql was told to print at this point.
    pub layout: Layout,
    /// The rows; those fetched before the error, if there is one.
    pub table: Option<Table>,
    /// Why it stopped.
    pub error: Option<SqlError>,
}

/// What a whole input of isql came to.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// One for each statement, in order.
    pub outcomes: Vec<Outcome>,
}

/// Runs one `SELECT`, without the final `;`.
///
/// # Errors
/// What Firebird would say; rows fetched before an error are dropped.
pub fn select(store: &Store, now: DateTime, statement: &str) -> Result<Table, SqlError> {
    let _ = (store, now, statement);
    Err(SqlError::refused("SQL is not evaluated yet"))
}

/// Runs what `sqlexec` hands to isql: `set list on;` and the like, then statements. The last `;` may be left out.
pub fn run(store: &Store, now: DateTime, script: &str) -> Script {
    let error = select(store, now, script).err();
    Script { outcomes: vec![Outcome { layout: Layout::default(), table: None, error }] }
}
