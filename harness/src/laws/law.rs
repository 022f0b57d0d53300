//! What a law is: a name, a sentence, where it comes from, what it is tried on, what it asks, and how it judges.

use carbon_specs::{Schema, Source};

use super::call::Call;
use super::dice::Dice;
use super::pick::Pick;
use super::reply::Reply;
use super::sample::Sample;
use super::verdict::{Judged, Wrong};

/// A law about calls of its own.
#[derive(Clone, Copy, Debug)]
pub struct Law {
    /// Kebab-case, stable.
    pub name: &'static str,
    /// What must hold.
    pub says: &'static str,
    /// Where that is said.
    pub source: Source,
    /// Chooses what to try it on; or says what the data lack.
    pub make: fn(&Sample, &mut Dice) -> Result<Pick, &'static str>,
    /// The calls, in order.
    pub calls: fn(&Sample, &Pick) -> Vec<Call>,
    /// Judges their replies. Sees no server.
    pub judge: fn(&Sample, &Pick, &[Reply]) -> Result<Judged, Wrong>,
}

impl Law {
    /// Judges replies, an early end included.
    pub fn judged(&self, sample: &Sample, pick: &Pick, replies: &[Reply]) -> Judged {
        (self.judge)(sample, pick, replies).unwrap_or_else(Judged::Fails)
    }
}

/// A law about every reply, whatever was asked.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Kebab-case, stable.
    pub name: &'static str,
    /// What must hold.
    pub says: &'static str,
    /// Where that is said.
    pub source: Source,
    /// Judges one reply.
    pub judge: fn(&Schema, &Call, &Reply) -> Judged,
}

/// What a generator says when the data do not serve.
pub type Made = Result<Pick, &'static str>;
