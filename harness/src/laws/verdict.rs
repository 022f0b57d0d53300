//! What a law comes to on one case.

use carbon_specs::Provenance;
use serde_json::Value;

use crate::brief::cut;

/// Longer values are cut where they are shown.
const MOST_SHOWN: usize = 300;

/// What was expected, and what came.
#[derive(Clone, Debug, PartialEq)]
pub struct Wrong {
    /// What must hold.
    pub expected: String,
    /// What is.
    pub got: String,
    /// The standing of the very point, where it is weaker than the law's.
    pub standing: Option<Provenance>,
}

impl Wrong {
    /// Something wrong.
    pub fn new(expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self { expected: expected.into(), got: got.into(), standing: None }
    }

    /// Rests on this as well.
    #[must_use]
    pub fn resting_on(mut self, standing: Provenance) -> Self {
        self.standing = Some(self.standing.map_or(standing, |known| known.max(standing)));
        self
    }
}

/// Whether a case holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Judged {
    /// It does.
    Holds,
    /// It says nothing: what it supposes is not so (any more), and why.
    Vacuous(&'static str),
    /// It does not.
    Fails(Wrong),
}

impl Judged {
    /// Whether it fails.
    pub fn failure(&self) -> Option<&Wrong> {
        match self {
            Self::Fails(wrong) => Some(wrong),
            _ => None,
        }
    }
}

impl From<Result<(), Wrong>> for Judged {
    fn from(result: Result<(), Wrong>) -> Self {
        result.map_or_else(Self::Fails, |()| Self::Holds)
    }
}

/// Holds if the condition does.
///
/// # Errors
/// What was expected and what came.
pub fn must(holds: bool, expected: impl Into<String>, got: impl Into<String>) -> Result<(), Wrong> {
    if holds { Ok(()) } else { Err(Wrong::new(expected, got)) }
}

/// A value in a line; long ones are cut.
pub fn brief(value: &Value) -> String {
    cut(&value.to_string(), MOST_SHOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weakest_standing_counts() {
        let wrong = Wrong::new("a", "b").resting_on(Provenance::Observed).resting_on(Provenance::Derived);
        assert_eq!(wrong.standing, Some(Provenance::Observed));
    }

    #[test]
    fn a_long_value_is_cut() {
        let text = brief(&Value::from("я".repeat(1000)));
        assert!(text.ends_with("(1002 characters)") && text.chars().count() < 340, "{text}");
    }
}
