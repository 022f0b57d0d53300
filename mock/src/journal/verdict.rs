//! What a mock has seen of an integration, judged: calls that break the contract, overlaps, and what was exercised.

use std::collections::{BTreeSet, HashSet};
use std::fmt;

use carbon_specs::Contract;
use serde::{Deserialize, Serialize};

use super::entry::Entry;
use super::exercise::{self, Pattern};
use crate::counted::plural;

/// The most violations told; later ones are counted.
const MOST_VIOLATIONS: usize = 10_000;

/// The most different warnings told, and the most different calls remembered.
const MOST_DIFFERENT: usize = 10_000;

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

/// Sees every call as it is answered, those that the journal no longer keeps too. Bounded.
#[derive(Clone, Debug, Default)]
pub struct Judge {
    calls: u64,
    violations: Vec<Violation>,
    more_violations: u64,
    warnings: BTreeSet<String>,
    called: HashSet<Pattern>,
}

impl Judge {
    /// Takes a call in.
    pub fn see(&mut self, entry: &Entry) {
        self.calls += 1;
        if let Some(error) = entry.error.as_ref().filter(|_| entry.violation) {
            if self.violations.len() < MOST_VIOLATIONS {
                let (request, call, error) = (entry.id, entry.call.clone(), error.clone());
                self.violations.push(Violation { request, call, error });
            } else {
                self.more_violations += 1;
            }
        }
        for warning in &entry.warnings {
            if self.warnings.len() < MOST_DIFFERENT {
                self.warnings.insert(warning.clone());
            }
        }
        if entry.error.is_none() && self.called.len() < MOST_DIFFERENT {
            self.called.insert(Pattern::of(entry));
        }
    }

    /// The judgement, with the hazards told beside.
    pub fn verdict(&self, contract: &Contract, hazards: Vec<String>, waiting: usize) -> Verdict {
        Verdict {
            calls: self.calls,
            violations: self.violations.clone(),
            more_violations: self.more_violations,
            hazards,
            warnings: self.warnings.iter().cloned().collect(),
            exercised: exercise::exercised(contract, self.called.iter()),
            documented: contract.examples.len(),
            unseen: 0,
            waiting,
        }
    }
}

/// A journal as the control API tells it, and as it is saved: all that a verdict needs.
#[derive(Clone, Debug, Deserialize)]
pub struct Saved {
    /// The calls kept, oldest first.
    pub journal: Vec<Entry>,
    /// What was spoilt.
    pub hazards: Vec<Told>,
    /// How many calls there were.
    pub total: u64,
    /// How many tasks waited.
    #[serde(default)]
    pub waiting: usize,
}

/// A hazard, as told.
#[derive(Clone, Debug, Deserialize)]
pub struct Told {
    /// In one sentence.
    pub says: String,
}

/// The judgement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// How many calls arrived.
    pub calls: u64,
    /// Calls that break the contract: unknown names, wrong values, broken bodies.
    pub violations: Vec<Violation>,
    /// Violations beyond those listed.
    #[serde(default)]
    pub more_violations: u64,
    /// Overlaps and failed tasks, a sentence each.
    pub hazards: Vec<String>,
    /// What works but is hardly meant, a sentence each.
    pub warnings: Vec<String>,
    /// The documented calls, by id, that were made: with their model, methods, names of arguments and `fields`.
    pub exercised: Vec<String>,
    /// How many calls are documented.
    pub documented: usize,
    /// Calls that a saved journal no longer had: not judged.
    #[serde(default)]
    pub unseen: u64,
    /// Tasks that still wait: what they will spoil is not judged.
    #[serde(default)]
    pub waiting: usize,
}

impl Verdict {
    /// Judges a saved journal.
    pub fn of_saved(contract: &Contract, saved: &Saved) -> Self {
        let mut judge = Judge::default();
        saved.journal.iter().for_each(|entry| judge.see(entry));
        let hazards = saved.hazards.iter().map(|hazard| hazard.says.clone()).collect();
        let unseen = saved.total.saturating_sub(judge.calls);
        Self { calls: saved.total.max(judge.calls), unseen, ..judge.verdict(contract, hazards, saved.waiting) }
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
        if self.more_violations > 0 {
            writeln!(f, "           and {} more", self.more_violations)?;
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
        if self.unseen > 0 {
            let calls = plural(self.unseen, "earlier call is", "earlier calls are");
            writeln!(f, "unseen     {calls} no longer in this journal, and not judged")?;
        }
        if self.waiting > 0 {
            let tasks = plural(self.waiting, "task has", "tasks have");
            writeln!(f, "waiting    {tasks} not run yet: what that will spoil is not judged")?;
        }
        write!(
            f,
            "{}: {}, {}; {} of {} documented calls exercised",
            plural(self.calls, "call", "calls"),
            plural(self.violations.len() as u64 + self.more_violations, "violation", "violations"),
            plural(self.hazards.len(), "hazard", "hazards"),
            self.exercised.len(),
            self.documented
        )
    }
}
