//! How much one call may ask of the machine.
//!
//! A chain of `filter()`s over many-valued links joins again with each step, so that a short call can ask for more
//! combinations of rows than there are atoms. A database would be busy with it for days; the mock refuses it after
//! seconds, and says why.

use std::cell::Cell;

/// The most rows that one query passes over, joined rows counted each time: some seconds of work.
const MOST_PASSED: u64 = 50_000_000;

/// The most rows that one query answers: eight bytes each are held until they are sent.
pub const MOST_FOUND: usize = 20_000_000;

/// The most tables that one query joins, its own among them: Firebird's limit. No path is longer.
pub const MOST_JOINED: usize = 256;

/// The most bytes that one object takes, with all that `fields` shows under it.
pub const MOST_BYTES: usize = 64 * 1024 * 1024;

/// A call asks for more than the mock does for one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooMuch {
    /// Too many tables; Firebird's words.
    #[error("Too many Contexts of Relation/Procedure/Views. Maximum allowed is {MOST_JOINED}")]
    Joined,
    /// Too many combinations of rows.
    #[error(
        "the query passes over more than {MOST_PASSED} joined rows, and the mock gives up: each filter() or exclude() over \
         a link to many rows joins them again; put conditions on one link into one filter(), or narrow the rows first"
    )]
    Passed,
    /// Too many rows in the answer.
    #[error(
        "the query answers more than {MOST_FOUND} rows, and the mock gives up: narrow it, or ask for distinct() rows"
    )]
    Found,
    /// An object too large to be sent.
    #[error(
        "an object with all that `fields` shows under it takes more than {} MiB, and the mock gives up: name fewer links \
         to many rows below one another",
        MOST_BYTES / 1024 / 1024
    )]
    Bytes,
}

/// What is left to one query.
#[derive(Debug)]
pub struct Effort(Cell<u64>);

impl Effort {
    /// All of it.
    pub fn full() -> Self {
        Self(Cell::new(MOST_PASSED))
    }

    /// One more row is looked at.
    ///
    /// # Errors
    /// If that is one too many.
    pub fn spend(&self) -> Result<(), TooMuch> {
        let left = self.0.get().checked_sub(1).ok_or(TooMuch::Passed)?;
        self.0.set(left);
        Ok(())
    }
}
