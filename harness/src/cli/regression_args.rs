//! Options that keep the replies of a run, or hold them against those of an earlier one.

use std::env;
use std::path::PathBuf;
use std::sync::Arc;

use carbon_specs::Schema;
use jiff::ZonedDateTime;

use super::error::CliError;
use super::privacy_args;
use crate::redact::Redactor;
use crate::regression::baseline::Baseline;
use crate::regression::recording::{self, Depth, Manifest, Recording};
use crate::report::Recorder;
use crate::target::{Client, TargetError};
use crate::version;

/// The environment variable with the key of the placeholders.
pub const KEY: &str = "CARBON_REDACTION_KEY";

/// Recordings of replies.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct RegressionArgs {
    /// Keep the replies in this folder, to compare with later: without names, phones, addresses, passwords and the like.
    ///
    /// The same value becomes the same placeholder. Their key is in the folder's redaction.key, or in CARBON_REDACTION_KEY.
    #[arg(long, value_name = "DIR")]
    pub save: Option<PathBuf>,
    /// Hold the replies against those that an earlier run has saved: another shape is drift, and ends with exit code 1.
    #[arg(long, value_name = "DIR")]
    pub baseline: Option<PathBuf>,
    /// Compare values with the baseline, too, but those that its masks.toml names.
    #[arg(long, requires = "baseline")]
    pub values: bool,
}

impl RegressionArgs {
    /// Whether replies are kept or compared.
    pub fn records(&self) -> bool {
        self.save.is_some() || self.baseline.is_some()
    }

    /// The earlier recording to judge by, if there is one.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn baseline(&self, schema: &Arc<Schema>) -> Result<Option<Baseline>, CliError> {
        let Some(folder) = &self.baseline else { return Ok(None) };
        let earlier = Recording::read(folder)?;
        if earlier.says_nothing() {
            let folder = folder.display();
            return Err(CliError::Nothing(format!(
                "{folder}: nothing can be compared with it, for no reply holds a result"
            )));
        }
        let key = recording::key(given().as_deref(), folder, false)?;
        let depth = if self.values { Depth::Exact } else { Depth::Shape };
        Ok(Some(Baseline::new(Arc::clone(schema), earlier, depth, key)))
    }

    /// What keeps the replies, if they are kept.
    ///
    /// # Errors
    /// The folder cannot be written, or the server does not answer.
    pub async fn recorder(
        &self,
        schema: &Arc<Schema>,
        client: &Client,
        is_bound: bool,
    ) -> Result<Option<Recorder>, CliError> {
        let Some(folder) = &self.save else { return Ok(None) };
        let key = recording::key(given().as_deref(), folder, true)?;
        let redactor = Redactor::new(Arc::clone(schema), key);
        let manifest = manifest(client, &redactor, is_bound).await?;
        Ok(Some(Recorder::new(manifest, redactor, Some(folder.clone()))))
    }

    /// What keeps a report clean. Its placeholders are those of the recording, where there is one.
    ///
    /// # Errors
    /// The key cannot be read.
    pub fn redactor(&self, schema: &Arc<Schema>) -> Result<Redactor, CliError> {
        Ok(match self.save.as_ref().or(self.baseline.as_ref()) {
            // The folder is made with its key at once: what is shown and what is saved have the same placeholders.
            Some(folder) => {
                let key = recording::key(given().as_deref(), folder, self.save.is_some())?;
                Redactor::new(Arc::clone(schema), key)
            }
            None => privacy_args::redactor(schema),
        })
    }
}

/// The key from the environment.
pub fn given() -> Option<String> {
    env::var(KEY).ok().filter(|key| !key.is_empty())
}

/// What a recording of this server says of itself.
///
/// # Errors
/// The server does not answer.
pub async fn manifest(client: &Client, redactor: &Redactor, is_bound: bool) -> Result<Manifest, TargetError> {
    Ok(Manifest {
        harness: env!("CARGO_PKG_VERSION").to_owned(),
        target: if client.is_ours() { "embedded".to_owned() } else { client.base().to_string() },
        server_version: version::ask(client).await?.map(|version| match version::is_plain(&version) {
            true => version,
            false => redactor.text(&version),
        }),
        date: ZonedDateTime::now().date().to_string(),
        bound: is_bound,
    })
}
