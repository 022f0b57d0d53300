//! Options that choose what is run, and by what it is judged.

use std::fs;
use std::path::PathBuf;

use carbon_specs::{Contract, Provenance};
use clap::ValueEnum;
use jiff::ZonedDateTime;

use super::error::CliError;
use crate::choose::{self, Choice, Shard};
use crate::known::KnownList;
use crate::run::Judgement;

/// What of the selection is run.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ChoiceArgs {
    /// Only these examples and rules: ids or patterns; may be repeated.
    #[arg(long, value_name = "ID")]
    pub only: Vec<String>,
    /// Not these examples and rules; may be repeated.
    #[arg(long, value_name = "ID")]
    pub skip: Vec<String>,
    /// Only what failed in an earlier run, by its JSON report.
    #[arg(long, value_name = "FILE")]
    pub rerun_failed: Option<PathBuf>,
    /// This part of all of it, like 2/4: for machines that share the work.
    #[arg(long, value_name = "N/M")]
    pub shard: Option<Shard>,
}

impl ChoiceArgs {
    /// As a choice.
    ///
    /// # Errors
    /// Where the earlier report cannot be read or tells of no failure.
    pub fn choice(&self) -> Result<Choice, CliError> {
        let failed = self.rerun_failed.as_ref().map(|file| {
            let wrong = |error: String| CliError::Usage(format!("{}: {error}", file.display()));
            let report = fs::read(file).map_err(|error| wrong(error.to_string()))?;
            choose::failed(&report).map_err(|error| wrong(error.to_string()))
        });
        Ok(Choice { only: self.only.clone(), skip: self.skip.clone(), failed: failed.transpose()?, shard: self.shard })
    }
}

/// How sure we must be of a statement for a server to be held to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Strict {
    /// Only what the page says.
    Documented,
    /// What follows from Django, too.
    Derived,
    /// What public clients show, too.
    Observed,
    /// What we assume, too.
    Assumed,
}

impl From<Strict> for Provenance {
    fn from(strict: Strict) -> Self {
        match strict {
            Strict::Documented => Self::Documented,
            Strict::Derived => Self::Derived,
            Strict::Observed => Self::Observed,
            Strict::Assumed => Self::Assumed,
        }
    }
}

/// By what it is judged.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct JudgementArgs {
    /// The weakest standing of a statement that counts as a failure; below it there are only warnings.
    ///
    /// By default `derived` for a server that is not ours, and `assumed` for the embedded mock.
    #[arg(long, value_enum, value_name = "STANDING")]
    pub strict: Option<Strict>,
    /// What this server is known to get wrong: a listed case must fail, and only until its last day.
    #[arg(long, value_name = "FILE")]
    pub known: Option<PathBuf>,
}

impl JudgementArgs {
    /// As a judgement.
    ///
    /// # Errors
    /// Where the list is wrong.
    pub fn judgement(&self, contract: &Contract) -> Result<Judgement, CliError> {
        let known = match &self.known {
            Some(file) => KnownList::read(file, contract).map_err(|error| CliError::Usage(error.to_string()))?,
            None => KnownList::default(),
        };
        Ok(Judgement {
            strict: self.strict.map(Provenance::from),
            known,
            today: ZonedDateTime::now().date(),
            baseline: None,
        })
    }
}
