//! What a mock has seen of an integration, judged: calls that break the contract, overlaps, and what was exercised.

use std::collections::BTreeSet;
use std::fmt;

use carbon_specs::Contract;
use serde::{Deserialize, Serialize};

use crate::hazards::Hazard;
use crate::journal::Journal;

/// One call that a server refuses because it is no call of this API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Its number in the journal.
    pub request: u64,
    /// The call, in words.
    pub call: String,
    /// The refusal.
    pub error: String,
}

/// The judgement. Calls beyond the journal's bound are counted and not judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// How many calls arrived.
    pub calls: u64,
    /// Calls that break the contract: unknown names, wrong values, broken bodies.
    pub violations: Vec<Violation>,
    /// Overlaps and failed tasks, a sentence each.
    pub hazards: Vec<String>,
    /// What works but is hardly meant, a sentence each.
    pub warnings: Vec<String>,
    /// The documented calls, by id, whose model and methods were called.
    pub exercised: Vec<String>,
    /// How many calls are documented.
    pub documented: usize,
}

impl Verdict {
    /// Judges what a world has seen.
    pub(crate) fn of(contract: &Contract, journal: &Journal, hazards: &[Hazard]) -> Self {
        let mut violations = Vec::new();
        let mut warnings = BTreeSet::new();
        let mut called = BTreeSet::new();
        for entry in journal.entries() {
            if let Some(error) = entry.error.as_ref().filter(|_| entry.violation) {
                violations.push(Violation { request: entry.id, call: entry.call.clone(), error: error.clone() });
            }
            warnings.extend(entry.warnings.iter().cloned());
            if entry.error.is_none() {
                called.insert((entry.model.to_lowercase(), entry.methods.as_slice()));
            }
        }
        let exercised = contract
            .examples
            .iter()
            .filter(|example| called.contains(&(example.model.to_lowercase(), example.methods.as_slice())))
            .map(|example| example.id.clone())
            .collect();
        Self {
            calls: journal.total(),
            violations,
            hazards: hazards.iter().map(|hazard| hazard.says.clone()).collect(),
            warnings: warnings.into_iter().collect(),
            exercised,
            documented: contract.examples.len(),
        }
    }

    /// Whether there is neither a violation nor a hazard.
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty() && self.hazards.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for violation in &self.violations {
            writeln!(
                f,
                "VIOLATION  request {}  {}\n           {}",
                violation.request, violation.call, violation.error
            )?;
        }
        for hazard in &self.hazards {
            writeln!(f, "HAZARD     {hazard}")?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning    {warning}")?;
        }
        if !self.exercised.is_empty() {
            writeln!(f, "exercised  {}", self.exercised.join(" "))?;
        }
        write!(
            f,
            "{} calls: {} violations, {} hazards; {} of {} documented calls exercised",
            self.calls,
            self.violations.len(),
            self.hazards.len(),
            self.exercised.len(),
            self.documented
        )
    }
}
