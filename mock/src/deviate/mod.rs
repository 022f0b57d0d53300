//! Misbehaving on purpose: what an upgrade of the billing might change, one [`Deviation`] each.
//!
//! A harness that finds nothing on a faithful server has shown nothing yet; one that finds each of these has. The list
//! is data (`table`), with a probe for each that shows it (`probe`). Almost all of them work from outside the
//! faithful mock: `request` rewrites the call before it is carried out, `reply` rewrites the answer afterwards. A few
//! are decided where the behaviour is, by asking the [`Deviations`] that are passed there.
//!
//! A mock without deviations does none of this: its replies stream, and nobody looks at them again.

mod name;
pub mod probe;
mod reply;
mod set;
mod table;

use std::fmt;

pub use name::UnknownDeviation;
pub use set::Deviations;
pub use table::Deviation;

pub(crate) use reply::rewrite as reply;

/// What a deviation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// `call`, `result`, `error`.
    Envelope,
    /// Statuses and headers.
    Http,
    /// How JSON is spelled.
    Escaping,
}

impl Group {
    /// Its name: the first word of its deviations' names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Envelope => "envelope",
            Self::Http => "http",
            Self::Escaping => "escaping",
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

    /// What it does, in a sentence without its full stop.
    pub fn summary(self) -> &'static str {
        self.entry().summary
    }

    /// Whether reads alone can show it.
    pub fn shows(self) -> Shows {
        self.entry().shows
    }
}
