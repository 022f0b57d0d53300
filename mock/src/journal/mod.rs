//! What was asked and answered, kept for the control API, the console and `verify`. Bounded.
//!
//! An `entry` is one call. `exercise` says which documented call it is; `verdict` judges them all.

mod entry;
mod exercise;
mod verdict;

use std::collections::VecDeque;

use serde_json::{Value as Json, json};

pub use entry::{Entry, in_words};
pub use exercise::names;
pub use verdict::{Judge, Saved, Told, Verdict, Violation};

/// The most entries kept; older ones go.
pub const CAPACITY: usize = 10_000;

/// The last calls.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    entries: VecDeque<Entry>,
    last: u64,
    judge: Judge,
}

impl Journal {
    /// A number for a call that is about to be answered.
    pub fn reserve(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Adds an entry, as calls are done with.
    pub fn push(&mut self, mut entry: Entry) {
        entry.shorten();
        self.judge.see(&entry);
        if self.entries.len() == CAPACITY {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    /// The entries kept, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// What was seen of all calls.
    pub fn judge(&self) -> &Judge {
        &self.judge
    }

    /// How many calls there were, those no longer kept among them.
    pub fn total(&self) -> u64 {
        self.last
    }

    /// For the control API, oldest first.
    pub fn to_json(&self) -> Json {
        json!({ "journal": self.entries, "total": self.last })
    }
}
