//! What of a plan is run this time: `--only`, `--skip`, `--rerun-failed`, `--shard`. They work on examples and rules alike.

use std::collections::BTreeSet;
use std::str::FromStr;

use carbon_specs::Contract;
use globset::{Glob, GlobMatcher};
use serde::Deserialize;

use crate::outcome::Status;
use crate::run::Plan;

/// What is chosen. Nothing given chooses everything.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Ids or patterns of examples and rules; nothing else is run.
    pub only: Vec<String>,
    /// Ids or patterns that are left out.
    pub skip: Vec<String>,
    /// What failed in an earlier run; nothing else is run.
    pub failed: Option<BTreeSet<String>>,
    /// This part of all that is left.
    pub shard: Option<Shard>,
}

/// One part of several, written `2/4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which, from 1.
    part: usize,
    /// Of how many.
    of: usize,
}

/// Not a part of several.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("write it like 2/4, the second of four parts")]
pub struct NoShard;

impl FromStr for Shard {
    type Err = NoShard;

    fn from_str(text: &str) -> Result<Self, NoShard> {
        let (part, of) = text.split_once('/').ok_or(NoShard)?;
        let (part, of) = (part.parse().map_err(|_| NoShard)?, of.parse().map_err(|_| NoShard)?);
        if (1..=of).contains(&part) { Ok(Self { part, of }) } else { Err(NoShard) }
    }
}

/// Why a choice is none.
#[derive(Debug, thiserror::Error)]
pub enum ChoiceError {
    /// Not a pattern.
    #[error("`{0}` is neither an id nor a pattern: {1}")]
    BadGlob(String, String),
    /// It names nothing.
    #[error("no example or rule is called `{0}`")]
    Unknown(String),
    /// A report of an earlier run cannot be understood.
    #[error("it is no JSON report of a run: {0}")]
    Report(#[from] serde_json::Error),
    /// Nothing failed in the earlier run.
    #[error("nothing failed in that run: there is nothing to run again")]
    NothingFailed,
    /// Everything is left out.
    #[error("the selection is empty: --only, --skip and --rerun-failed leave nothing of it")]
    Empty,
}

impl Choice {
    /// Cuts a plan down to what is chosen.
    ///
    /// # Errors
    /// See [`ChoiceError`]. Only a shard may be empty: there can be more of them than examples.
    pub fn cut(&self, plan: &mut Plan<'_>) -> Result<(), ChoiceError> {
        let only = patterns(plan.contract, &self.only)?;
        let skip = patterns(plan.contract, &self.skip)?;
        let wanted = |id: &str| {
            (only.is_empty() || only.iter().any(|glob| glob.is_match(id)))
                && !skip.iter().any(|glob| glob.is_match(id))
                && self.failed.as_ref().is_none_or(|failed| failed.contains(id))
        };
        plan.examples.retain(|example| wanted(&example.id));
        plan.rules.retain(|rule| wanted(&rule.id));
        if plan.examples.is_empty() && plan.rules.is_empty() {
            return Err(ChoiceError::Empty);
        }
        if let Some(shard) = self.shard {
            let mut index = 0;
            // Every n-th: neighbours take about as long as each other, so that the parts do too.
            let mut mine = || {
                index += 1;
                (index - 1) % shard.of == shard.part - 1
            };
            plan.examples.retain(|_| mine());
            plan.rules.retain(|_| mine());
        }
        Ok(())
    }
}

/// The examples and rules that failed in a run, by its JSON report.
///
/// # Errors
/// See [`ChoiceError`].
pub fn failed(report: &[u8]) -> Result<BTreeSet<String>, ChoiceError> {
    #[derive(Deserialize)]
    struct Report {
        examples: Vec<Example>,
        rules: Vec<Rule>,
    }
    #[derive(Deserialize)]
    struct Example {
        id: String,
        status: Status,
    }
    #[derive(Deserialize)]
    struct Rule {
        rule: String,
        status: Status,
    }
    let report: Report = serde_json::from_slice(report)?;
    let examples = report.examples.into_iter().filter(|example| example.status.is_red()).map(|example| example.id);
    let rules = report.rules.into_iter().filter(|rule| rule.status.is_red()).map(|rule| rule.rule);
    let failed: BTreeSet<String> = examples.chain(rules).collect();
    if failed.is_empty() { Err(ChoiceError::NothingFailed) } else { Ok(failed) }
}

fn patterns(contract: &Contract, texts: &[String]) -> Result<Vec<GlobMatcher>, ChoiceError> {
    let pattern = |text: &String| {
        let glob = Glob::new(text)
            .map_err(|error| ChoiceError::BadGlob(text.clone(), error.kind().to_string()))?
            .compile_matcher();
        let examples = contract.examples.iter().map(|example| &example.id);
        let rules = contract.rules.iter().map(|rule| &rule.id);
        if examples.chain(rules).any(|id| glob.is_match(id)) {
            Ok(glob)
        } else {
            Err(ChoiceError::Unknown(text.clone()))
        }
    };
    texts.iter().map(pattern).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Judgement;

    fn cut(choice: &Choice) -> Result<Vec<String>, ChoiceError> {
        let contract = Contract::embedded().unwrap();
        let mut plan = Plan {
            contract: &contract,
            examples: contract.examples.iter().collect(),
            rules: contract.rules.iter().collect(),
            fail_fast: false,
            shell: None,
            judgement: Judgement::default(),
            twice: false,
        };
        choice.cut(&mut plan)?;
        let examples = plan.examples.iter().map(|example| example.id.clone());
        Ok(examples.chain(plan.rules.iter().map(|rule| rule.id.clone())).collect())
    }

    #[test]
    fn shards_are_all_of_it_and_no_two_share_anything() {
        let all = cut(&Choice::default()).unwrap();
        let mut parts: Vec<String> = Vec::new();
        for part in 1..=3 {
            let shard = Some(format!("{part}/3").parse().unwrap());
            parts.extend(cut(&Choice { shard, ..Choice::default() }).unwrap());
        }
        assert_eq!(parts.len(), all.len());
        assert_eq!(parts.iter().collect::<BTreeSet<_>>(), all.iter().collect());
        for wrong in ["0/3", "4/3", "2", "a/b", "1/0"] {
            assert_eq!(wrong.parse::<Shard>(), Err(NoShard), "{wrong}");
        }
    }

    #[test]
    fn what_is_chosen_and_not_skipped_is_run() {
        let choice = |only: &[&str], skip: &[&str]| Choice {
            only: only.iter().map(ToString::to_string).collect(),
            skip: skip.iter().map(ToString::to_string).collect(),
            ..Choice::default()
        };
        assert_eq!(cut(&choice(&["users-2.*"], &["users-2.2"])).unwrap(), ["users-2.1"]);
        assert!(matches!(cut(&choice(&["nosuch-*"], &[])), Err(ChoiceError::Unknown(_))));
        assert!(matches!(cut(&choice(&["users-2.*"], &["users-*"])), Err(ChoiceError::Empty)));
        assert!(matches!(cut(&choice(&["users-{"], &[])), Err(ChoiceError::BadGlob(_, _))));
    }

    #[test]
    fn what_failed_is_read_from_the_report() {
        let report = br#"{"examples": [{"id": "a-1", "status": "fail"}, {"id": "a-2", "status": "known"}, {"id": "a-3",
            "status": "drift"}], "rules": [{"rule": "r-1", "status": "fail"}, {"rule": "r-2", "status": "not-run"}]}"#;
        assert_eq!(failed(report).unwrap(), ["a-1", "a-3", "r-1"].map(String::from).into());
        assert!(matches!(failed(br#"{"examples": [], "rules": []}"#), Err(ChoiceError::NothingFailed)));
        assert!(matches!(failed(b"[]"), Err(ChoiceError::Report(_))));
    }
}
