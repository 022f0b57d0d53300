//! The server's SQL tool: `SELECT` over the committed rows, under Firebird's rules (dialect 3).
//!
//! Owns statements, their evaluation and how `isql` prints what comes out. Knows nothing of HTTP, tasks or billing; it
//! reads a [`Store`] and never changes one.
//!
//! Neither a general SQL parser nor SQLite stands behind it, though both were thought of. Firebird names the byte and the
//! token at which a statement goes wrong, binds `||` tighter than a sign and a sign tighter than `*`, and knows `FIRST`,
//! `ROWS`, `CONTAINING` and `STARTING`: a parser of other dialects takes what it refuses and refuses what it takes.
//! SQLite gets nine of the page's statements wrong (division, padding, scales) and has no types to print columns by.
//! What holds this module to the truth is `specs/firebird`: the real isql's answers, compared byte by byte.
//!
//! A statement's way: [`script`] cuts the text as isql does, [`lexer`] and [`parser`] make an [`ast`] of it, [`bind`]
//! resolves names and types, [`exec`] runs it, [`isql`] prints the rows.

pub mod ast;
pub mod bind;
pub mod convert;
mod dates;
pub mod error;
pub mod exec;
pub mod isql;
mod keywords;
pub mod lexer;
mod numeric;
pub mod parser;
pub mod plan;
pub mod script;
pub mod text;
pub mod types;

use std::time::Instant;

use jiff::civil::DateTime;

use crate::store::Store;

use exec::{Context, Flow};
use script::Piece;

use bind::Bound;

pub use error::{SqlError, SqlWarning};
pub use exec::Limits;
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
    /// What isql tells beside the rows.
    pub warning: Option<SqlWarning>,
    /// Why it stopped.
    pub error: Option<SqlError>,
}

impl Outcome {
    /// Nothing yet.
    fn new(layout: Layout) -> Self {
        Self { layout, table: None, warning: None, error: None }
    }
}

/// What a whole input of isql came to.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// One for each statement, in order.
    pub outcomes: Vec<Outcome>,
}

/// How many statements one input may hold.
const MAX_STATEMENTS: usize = 100;

/// The bytes of stack that a statement may use.
const DEEP_STACK: usize = 64 << 20;

/// Runs one `SELECT`; a `;` at its end is allowed.
///
/// # Errors
/// What Firebird would say; rows fetched before an error are dropped.
pub fn select(store: &Store, now: DateTime, statement: &str) -> Result<Table, SqlError> {
    let statement = statement.trim_end().trim_end_matches(';');
    let outcome = with_deep_stack(|| {
        let mut outcome = Outcome::new(Layout::default());
        fetch(&Context::new(store, now, Limits::default()), statement, &mut outcome);
        outcome
    })?;
    match (outcome.error, outcome.table) {
        (None, Some(table)) => Ok(table),
        (Some(error), _) => Err(error),
        (None, None) => Err(SqlError::refused("there is no statement")),
    }
}

/// Runs what `sqlexec` hands to isql: `set list on;` and the like, then statements. The last `;` may be left out, as
/// `sqlexec` adds it. An error in one statement does not stop the next ones.
pub fn run(store: &Store, now: DateTime, input: &str) -> Script {
    run_within(store, now, input, Limits::default())
}

/// As [`run`], within limits of its own.
pub fn run_within(store: &Store, now: DateTime, input: &str, limits: Limits) -> Script {
    with_deep_stack(|| run_pieces(store, now, input, limits)).unwrap_or_else(|error| Script {
        outcomes: vec![Outcome { error: Some(error), ..Outcome::new(Layout::default()) }],
    })
}

/// Runs something on a thread whose stack holds the deepest statement that the parser lets pass. A worker of the
/// server has a few MB only, of which each operation inside another takes its part; this memory is not touched unless
/// a statement needs it.
fn with_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, SqlError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(DEEP_STACK).spawn_scoped(scope, work);
        let thread = thread.map_err(|_| SqlError::limit("there is no thread to run the statement on"))?;
        // A panic is a bug of ours, and whoever asked tells of it as of any other.
        thread.join().map_err(|panic| std::panic::resume_unwind(panic))
    })
}

fn run_pieces(store: &Store, now: DateTime, input: &str, limits: Limits) -> Script {
    let started = Instant::now();
    // What a statement took is not given back: the script keeps all rows until they are printed.
    let mut left = limits.bytes;
    let mut layout = Layout::default();
    let mut script = Script::default();
    for (index, piece) in script::pieces(input).into_iter().enumerate() {
        let mut outcome = Outcome::new(layout);
        match piece {
            _ if index >= MAX_STATEMENTS => outcome.error = Some(SqlError::limit("there are more than 100 statements")),
            Piece::Statement(statement) if script::ends(statement) => break,
            Piece::Unfinished => outcome.error = Some(SqlError::unfinished()),
            Piece::Statement(statement) => match script::set(statement, &mut layout) {
                Some(Ok(())) => continue,
                Some(Err(error)) => outcome.error = Some(error),
                None => {
                    let limits = Limits { time: limits.time.saturating_sub(started.elapsed()), bytes: left };
                    let context = Context::new(store, now, limits);
                    fetch(&context, statement, &mut outcome);
                    left = left.saturating_sub(context.taken());
                }
            },
        }
        script.outcomes.push(outcome);
        if index >= MAX_STATEMENTS {
            break;
        }
    }
    script
}

/// Prepares a statement and fetches its rows. `table` stays empty if no row could be fetched yet.
fn fetch(context: &Context<'_>, statement: &str, outcome: &mut Outcome) {
    let prepared =
        parser::parse(statement).and_then(|query| bind::bind(context.store().schema(), context.now(), &query));
    let plan = match prepared {
        Ok(Bound { plan, unused }) => {
            outcome.warning = SqlWarning::unused(&unused);
            plan
        }
        Err(error) => {
            outcome.error = Some(error);
            return;
        }
    };
    let printed = isql::row_bytes(&plan.columns, outcome.layout);
    let mut rows = Vec::new();
    let fetched = exec::run(context, &plan, &mut |row| {
        context.give(&row, printed)?;
        rows.push(row);
        Ok(Flow::More)
    });
    outcome.error = fetched.err();
    if outcome.error.is_none() || !context.is_opening() {
        outcome.table = Some(Table { columns: plan.columns, rows });
    }
}
