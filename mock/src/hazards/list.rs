//! The hazards so far, bounded; those of calls that were only waiting are taken back.

use std::collections::HashSet;

use super::{Hazard, HazardKind};

/// The most hazards kept; later ones are only counted.
const MOST: usize = 10_000;

/// The hazards so far.
#[derive(Clone, Debug, Default)]
pub struct Hazards {
    list: Vec<Hazard>,
    total: u64,
    /// Calls that were too early so far.
    early: HashSet<String>,
}

impl Hazards {
    /// Those kept, oldest first.
    pub fn list(&self) -> &[Hazard] {
        &self.list
    }

    /// How many there are.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Adds one.
    pub fn report(&mut self, hazard: Hazard) {
        tracing::warn!(target: "carbon_mock::world", kind = hazard.kind.name(), "{}", hazard.says);
        self.total += 1;
        if self.list.len() < MOST {
            self.list.push(hazard);
        }
    }

    /// Adds a call that was too early: once, however often it is made.
    pub fn report_early(&mut self, hazard: Hazard) {
        if self.early.len() < MOST && self.early.insert(hazard.call.clone()) {
            self.report(hazard);
        }
    }

    /// Whether a call was too early already.
    pub fn is_early(&self, call: &str) -> bool {
        self.early.contains(call)
    }

    /// A call was made again and is not too early any more: it was waiting, as one should, and no harm is done.
    pub fn was_waiting(&mut self, call: &str) {
        if self.early.remove(call) {
            let told = self.list.len();
            self.list.retain(|hazard| hazard.kind != HazardKind::TooEarly || hazard.call != call);
            self.total -= (told - self.list.len()) as u64;
        }
    }
}
