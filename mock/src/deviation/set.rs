//! A set of deviations, as small as a number: it is passed by value to where behaviour is decided.

use serde_json::Value as Json;

use super::Deviation;

const WORDS: usize = 4;

/// Which deviations are on; usually none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deviations([u64; WORDS]);

// One bit for each.
const _: () = assert!(super::table::TABLE.len() <= WORDS * 64);

impl Deviations {
    /// The faithful server.
    pub const NONE: Self = Self([0; WORDS]);

    /// Whether the server is faithful.
    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }

    /// Whether this one is on.
    pub fn contains(self, deviation: Deviation) -> bool {
        let (word, bit) = place(deviation);
        self.0[word] & bit != 0
    }

    /// This one too.
    #[must_use]
    pub fn with(mut self, deviation: Deviation) -> Self {
        let (word, bit) = place(deviation);
        self.0[word] |= bit;
        self
    }

    /// Those that are on, in the order of the list.
    pub fn iter(self) -> impl Iterator<Item = Deviation> {
        Deviation::all().filter(move |deviation| self.contains(*deviation))
    }

    /// Their names, for the control API.
    pub fn names(self) -> Json {
        self.iter().map(Deviation::name).collect()
    }
}

fn place(deviation: Deviation) -> (usize, u64) {
    let number = deviation as usize;
    (number / 64, 1 << (number % 64))
}

impl FromIterator<Deviation> for Deviations {
    fn from_iter<I: IntoIterator<Item = Deviation>>(deviations: I) -> Self {
        deviations.into_iter().fold(Self::NONE, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        let set = Deviations::NONE.with(Deviation::EscapingCompact).with(Deviation::EnvelopeNoCall);
        assert!(!set.is_empty() && Deviations::NONE.is_empty());
        assert!(set.contains(Deviation::EnvelopeNoCall) && !set.contains(Deviation::EnvelopeBare));
        assert_eq!(set.names(), serde_json::json!(["envelope-no-call", "escaping-compact"]));
        let all: Deviations = Deviation::all().collect();
        assert_eq!(all.iter().count(), Deviation::all().len());
    }
}
