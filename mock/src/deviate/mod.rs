//! Misbehaving on purpose: what an upgrade of the billing might change, one [`Deviation`] each.
//!
//! A harness that finds nothing on a faithful server has shown nothing yet; one that finds each of these has. The list
//! is data (`table`), with a probe for each that shows it (`probe`). Almost all of them work from outside the
//! faithful mock: `request` rewrites the call before it is carried out, `reply` rewrites the answer afterwards. A few
//! are decided where the behaviour is, by asking the [`Deviations`] that are passed there.
//!
//! So it stands at two places among the layers: the list and the set are plain data that any layer may ask, `request`
//! and `reply` stand above the ORM, around the answering of a call.
//!
//! A mock without deviations does none of this: its replies stream, and nobody looks at them again.

mod name;
pub mod probe;
mod reply;
mod request;
mod set;
mod steps;
mod table;

use std::fmt;

use carbon_specs::Schema;

pub use name::UnknownDeviation;
pub use set::Deviations;
pub use table::Deviation;

use crate::tasks::{Change, Overlap, Patch, Profile};
use crate::wire::{Call, Outcome, Reply};

pub(crate) use reply::rewrite as reply;

/// How long tasks take, and what happens where they overlap.
pub(crate) fn pace(on: Deviations, tasks: Profile, overlap: Overlap) -> (Profile, Overlap) {
    let tasks = if on.contains(Deviation::TasksImmediate) { Profile::INSTANT } else { tasks };
    let overlap = if on.contains(Deviation::TasksChangedColumnsOnly) {
        Overlap::Serialize
    } else if on.contains(Deviation::TasksOverlapRefused) {
        Overlap::Refuse
    } else {
        overlap
    };
    (tasks, overlap)
}

/// Answers a call as a deviating server does.
///
/// `answer` is the faithful server, told what it is to carry out; `peek` shows what a read answers now; `refused` is
/// told of a refusal that the faithful server never heard of.
pub(crate) fn handle(
    on: Deviations,
    schema: &Schema,
    asked: &Call,
    answer: impl FnOnce(Call) -> Reply,
    peek: impl FnOnce(&Call) -> Option<Outcome>,
    refused: impl FnOnce(String) -> Reply,
) -> Reply {
    let reply = match request::rewrite(on, schema, asked.clone()) {
        Ok(call) => {
            let before = request::before(on, &call).and_then(|call| peek(&call));
            let mut reply = answer(call);
            if let (Some(before), false) = (before, matches!(reply.outcome, Outcome::Error(_))) {
                reply.outcome = before;
            }
            reply
        }
        Err(text) => refused(text),
    };
    self::reply(on, schema, Some(asked), reply)
}

/// A change as such a server makes it.
pub(crate) fn made(on: Deviations, mut change: Change) -> Change {
    let factor = if on.contains(Deviation::TasksSumsTwice) {
        2
    } else if on.contains(Deviation::TasksSumsLost) {
        0
    } else {
        return change;
    };
    if let Change::Patch { columns, .. } = &mut change {
        for (_, patch) in columns {
            if let Patch::Add(amount) = patch {
                *amount = amount.saturating_mul(factor);
            }
        }
    }
    change
}

/// What a deviation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// `call`, `result`, `error`.
    Envelope,
    /// Statuses and headers.
    Http,
    /// How JSON is spelled.
    Escaping,
    /// How values are typed.
    Types,
    /// How days and moments are written.
    Dates,
    /// What conditions mean.
    Lookups,
    /// Links, repeats and NULLs in conditions.
    Joins,
    /// What of an object is shown.
    Projection,
    /// The methods of a chain and what they answer.
    Chains,
    /// How refusals are told.
    Errors,
    /// How much there may be.
    Limits,
    /// Models, methods and arguments that are not what they were.
    Methods,
    /// The personal cabinet's replies.
    Cabinet,
    /// Writes, and when and how they are made.
    Tasks,
}

impl Group {
    /// Its name: the first word of its deviations' names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Envelope => "envelope",
            Self::Http => "http",
            Self::Escaping => "escaping",
            Self::Types => "types",
            Self::Dates => "dates",
            Self::Lookups => "lookups",
            Self::Joins => "joins",
            Self::Projection => "projection",
            Self::Chains => "chains",
            Self::Errors => "errors",
            Self::Limits => "limits",
            Self::Methods => "methods",
            Self::Cabinet => "cabinet",
            Self::Tasks => "tasks",
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// By which calls a deviation shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shows {
    /// Reads alone show it.
    Reads,
    /// It takes a write.
    Writes,
}

impl Shows {
    /// `reads` or `writes`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Writes => "writes",
        }
    }
}

impl fmt::Display for Shows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Deviation {
    /// All there are, group by group.
    pub fn all() -> impl ExactSizeIterator<Item = Self> + Clone {
        table::TABLE.iter().map(|entry| entry.deviation)
    }

    fn entry(self) -> &'static table::Entry {
        // The table is in the order of the enum: they come from one macro.
        &table::TABLE[self as usize]
    }

    /// Its name: `envelope-no-call`.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// What it is about.
    pub fn group(self) -> Group {
        self.entry().group
    }

    /// Whether it shows in the bytes of a reply only: read as JSON, where order of keys means nothing, it is the same.
    pub fn only_in_bytes(self) -> bool {
        matches!(
            self,
            Self::EnvelopeResultFirst
                | Self::EscapingBareCyrillic
                | Self::EscapingUpperCaseHex
                | Self::EscapingCompact
                | Self::EscapingPretty
                | Self::EscapingSlashes
                | Self::ProjectionSorted
        )
    }

    /// What it does, in a sentence without its full stop.
    pub fn summary(self) -> &'static str {
        self.entry().summary
    }

    /// Whether reads alone can show it.
    pub fn shows(self) -> Shows {
        self.entry().shows
    }
}
