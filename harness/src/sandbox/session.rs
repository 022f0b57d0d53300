//! One sandbox from its first object to its last: built, used by the write examples, removed.

use carbon_specs::Contract;
use carbon_specs::example::{Example, Variant};
use tokio::sync::Mutex;

use super::SandboxError;
use super::estate::{Builder, Estate};
use super::journal::Told;
use super::play;
use super::removal::{self, Removal};
use super::{Patience, Sandbox};
use crate::catalog::Form;
use crate::outcome::FormOutcome;
use crate::target::{Client, Unreachable};

/// A sandbox on a server.
#[derive(Debug)]
pub struct Session {
    client: Client,
    sandbox: std::sync::Arc<Sandbox>,
    patience: Patience,
    estate: Mutex<Option<Estate>>,
}

impl Session {
    /// A session with nothing built yet. The client must be held by the same sandbox.
    pub fn new(client: Client, sandbox: std::sync::Arc<Sandbox>, patience: Patience) -> Self {
        Self { client, sandbox, patience, estate: Mutex::new(None) }
    }

    /// Creates the sandbox's objects.
    ///
    /// # Errors
    /// See [`SandboxError`]. Whatever was created is listed: call [`Session::remove`] all the same.
    pub async fn build(&self) -> Result<(), SandboxError> {
        let builder = Builder { client: &self.client, sandbox: &self.sandbox, patience: &self.patience };
        let estate = builder.build().await?;
        *self.estate.lock().await = Some(estate);
        Ok(())
    }

    /// Runs one spelling of a write example on the sandbox's objects, or says why it cannot be.
    ///
    /// # Errors
    /// Only if nobody answers.
    pub async fn play(
        &self,
        contract: &Contract,
        example: &Example,
        form: Form,
        variant: &Variant,
    ) -> Result<FormOutcome, Unreachable> {
        let mut estate = self.estate.lock().await;
        let Some(estate) = estate.as_mut() else {
            return Ok(FormOutcome::not_run(form, "the sandbox is not built".to_owned()));
        };
        let builder = Builder { client: &self.client, sandbox: &self.sandbox, patience: &self.patience };
        play::play(&builder, estate, contract, example, form, variant).await
    }

    /// What the file lists so far.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn told(&self) -> Result<Told, SandboxError> {
        Ok(self.sandbox.told()?)
    }

    /// Removes everything that was created.
    ///
    /// # Errors
    /// See [`SandboxError`]; `carbon-harness clean` can finish it.
    pub async fn remove(&self) -> Result<Removal, SandboxError> {
        removal::remove(&self.client, &self.sandbox, &self.patience).await
    }
}
