//! What a mock starts with, as it is said on the command line.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use carbon_specs::{Contract, demo};
use clap::{Args, ValueEnum};

use super::CliError;
use super::deviate::DeviateArgs;
use crate::control::moment;
use crate::mock::Start;
use crate::server::{Builder, CarbonMock};
use crate::tasks::{Overlap, Profile};

/// What a mock starts with.
#[derive(Debug, Args)]
pub struct WorldArgs {
    /// Start from this state instead of the demo data.
    #[arg(long, value_name = "FILE", conflicts_with = "abonents")]
    state: Option<PathBuf>,
    /// Seed of passwords, session ids and codes.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// `system`, or a moment like '2022-02-01 10:00:00' at which a clock of its own stands until it is moved.
    #[arg(long, default_value = "system", value_name = "system|MOMENT", value_parser = clock)]
    clock: String,
    /// How long changes wait before they are made.
    #[arg(long, value_enum, default_value_t = Tasks::Documented)]
    tasks: Tasks,
    /// What happens when a change overlaps a task that still waits.
    #[arg(long, value_enum, default_value_t = Overlaps::Faithful)]
    overlap: Overlaps,
    /// Subscribers in the demo data beyond those that the page names.
    #[arg(long, default_value_t = demo::DEFAULT_FILLER, value_name = "N")]
    abonents: usize,
    #[command(flatten)]
    pub deviate: DeviateArgs,
    #[command(flatten)]
    specs: SpecsArg,
}

#[derive(Debug, Args)]
pub struct SpecsArg {
    /// Read the contract from this `specs` directory instead of the one built in.
    #[arg(long, value_name = "DIR")]
    specs: Option<PathBuf>,
}

/// Task times, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Tasks {
    /// Changes are made at once.
    Instant,
    /// 5-10 seconds, and about a second for each object.
    Documented,
    /// 30-60 seconds, and three for each object.
    Slow,
}

impl Tasks {
    fn profile(self) -> Profile {
        match self {
            Self::Instant => Profile::INSTANT,
            Self::Documented => Profile::DOCUMENTED,
            Self::Slow => Profile::SLOW,
        }
    }
}

/// Treatments of overlaps, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Overlaps {
    /// As on the real server: the earlier change is lost.
    Faithful,
    /// Only changed columns are written: nothing is lost, and the overlap is still reported.
    Serialize,
    /// A change that overlaps a waiting one, or would be another one after it, is refused until that is done.
    Refuse,
}

impl Overlaps {
    fn mode(self) -> Overlap {
        match self {
            Self::Faithful => Overlap::Faithful,
            Self::Serialize => Overlap::Serialize,
            Self::Refuse => Overlap::Refuse,
        }
    }
}

pub fn clock(text: &str) -> Result<String, String> {
    match text {
        "system" => Ok(text.to_owned()),
        _ => moment::parse(text).map(|_| text.to_owned()).map_err(|error| format!("{error}, or `system`")),
    }
}

impl SpecsArg {
    pub fn builder(&self) -> Result<Builder, CliError> {
        let builder = CarbonMock::builder();
        Ok(match &self.specs {
            Some(root) => builder.contract(Arc::new(Contract::read(root)?)),
            None => builder,
        })
    }
}

impl WorldArgs {
    pub fn builder(&self) -> Result<Builder, CliError> {
        let builder = self
            .specs
            .builder()?
            .clock(&self.clock)
            .seed(self.seed)
            .tasks(self.tasks.profile())
            .overlap(self.overlap.mode())
            .abonents(self.abonents);
        let builder = self.deviate.apply(builder);
        Ok(match &self.state {
            Some(path) => builder.state(read_state(path)?),
            None => builder,
        })
    }
}

pub fn read_state(path: &Path) -> Result<Start, CliError> {
    let text = fs::read(path).map_err(|error| CliError::Read { path: path.to_owned(), error })?;
    Ok(Start::File { name: path.display().to_string(), text })
}
