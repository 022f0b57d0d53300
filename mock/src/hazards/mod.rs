//! What goes wrong between requests and tasks, told with both sides.
//!
//! [`overlap`] sees a task undo or repeat what another did since its request was answered; `authors` remembers who did
//! what. That a request was answered before a task that it rests on is found by `foresight`. `list` keeps them.

mod authors;
mod list;
pub mod overlap;

use serde_json::{Value as Json, json};

use crate::store::Pk;

pub use authors::{Author, Authors};
pub use list::Hazards;

/// What kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HazardKind {
    /// A task undid another's change.
    LostUpdate,
    /// Two tasks wrote the same column; the later one won.
    Conflict,
    /// Two tasks made the same change: the second was asked for before the first was done.
    Repeated,
    /// A task wrote a row that had been deleted, and so brought it back.
    Resurrected,
    /// A call was refused or found too little, for what it is about exists so far only in a task.
    TooEarly,
    /// A change was asked for before a task was done, and would have been another one afterwards.
    Stale,
    /// A task, or a part of the nightly run, could not be carried out.
    FailedTask,
    /// So many tasks waited that nobody looked whether calls came too early.
    Unforeseen,
}

impl HazardKind {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::LostUpdate => "lost-update",
            Self::Conflict => "conflict",
            Self::Repeated => "repeated",
            Self::Resurrected => "resurrected",
            Self::TooEarly => "too-early",
            Self::Stale => "stale",
            Self::FailedTask => "failed-task",
            Self::Unforeseen => "unforeseen",
        }
    }
}

/// One detected trouble.
#[derive(Clone, Debug, PartialEq)]
pub struct Hazard {
    /// What kind.
    pub kind: HazardKind,
    /// When the task ran, or the call was answered.
    pub at: String,
    /// The task that did it; none for a call that became none.
    pub task: Option<u64>,
    /// The request that it comes from; none for the nightly run and for SQL.
    pub request: Option<u64>,
    /// The call, in words.
    pub call: String,
    /// The other side, where there is one.
    pub other: Option<Author>,
    /// The row: model and key.
    pub row: Option<(String, Pk)>,
    /// Column, value lost, value written.
    pub columns: Vec<(String, Json, Json)>,
    /// In one sentence.
    pub says: String,
}

impl Hazard {
    /// For the control API.
    pub fn to_json(&self) -> Json {
        let columns: Vec<Json> = self
            .columns
            .iter()
            .map(|(column, lost, written)| json!({ "column": column, "lost": lost, "written": written }))
            .collect();
        json!({
            "kind": self.kind.name(),
            "at": self.at,
            "task": self.task,
            "request": self.request,
            "call": self.call,
            "other_task": self.other.as_ref().and_then(Author::task),
            "other_call": self.other.as_ref().map(Author::call),
            "model": self.row.as_ref().map(|(model, _)| model),
            "pk": self.row.as_ref().map(|(_, pk)| pk),
            "columns": columns,
            "says": self.says,
        })
    }
}
