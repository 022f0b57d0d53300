//! The ways to misbehave on purpose: what an upgrade of the billing might change, one [`Deviation`] each.
//!
//! A harness that finds nothing on a faithful server has shown nothing yet; one that finds each of these has. Here is the list
//! alone, plain data that any layer may ask; what they do is in [`crate::deviate`].

mod name;
mod set;
mod table;

use std::fmt;

pub use name::UnknownDeviation;
pub use set::Deviations;
pub use table::Deviation;

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
