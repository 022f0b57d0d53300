//! How sure we are of a statement: its place on the page, or what else it rests on.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The standing of a statement, strongest first, so that the maximum of several is the weakest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provenance {
    /// The page says so.
    Documented,
    /// It follows from the Django ORM (or from Firebird under it).
    Derived,
    /// Public clients of real servers show it.
    Observed,
    /// Our own choice where nothing is said.
    Assumed,
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Documented => "documented",
            Self::Derived => "derived",
            Self::Observed => "observed",
            Self::Assumed => "assumed",
        })
    }
}

/// Where a statement comes from. Written `page 132`, `derived`, `observed` or `assumed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A line of the page, counted from 1.
    Page(u32),
    /// Anything but the page.
    Other(Provenance),
}

impl Source {
    /// The standing of this source.
    pub fn provenance(self) -> Provenance {
        match self {
            Self::Page(_) => Provenance::Documented,
            Self::Other(provenance) => provenance,
        }
    }

    /// The page's line, if it is documented.
    pub fn line(self) -> Option<u32> {
        match self {
            Self::Page(line) => Some(line),
            Self::Other(_) => None,
        }
    }
}

/// The text is none of the four spellings.
#[derive(Debug, thiserror::Error)]
#[error("source `{0}` is not `page <line>`, `derived`, `observed` or `assumed`")]
pub struct SourceError(String);

impl FromStr for Source {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "derived" => Ok(Self::Other(Provenance::Derived)),
            "observed" => Ok(Self::Other(Provenance::Observed)),
            "assumed" => Ok(Self::Other(Provenance::Assumed)),
            _ => text
                .strip_prefix("page ")
                .and_then(|line| line.parse().ok())
                .filter(|line| *line > 0)
                .map(Self::Page)
                .ok_or_else(|| SourceError(text.to_owned())),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page(line) => write!(f, "page {line}"),
            Self::Other(provenance) => provenance.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
