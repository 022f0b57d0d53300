//! Starts the mock inside this process: the default target. The only module that knows the mock.

use std::sync::Arc;

pub use carbon_mock::cli::sqlexec::{Sqlexec, run as sqlexec};
pub use carbon_mock::deviation::{Deviation, Deviations, Group, Shows};
pub use carbon_mock::journal::Verdict;
pub use carbon_mock::signals::{Signal, Signals};
use carbon_mock::{CarbonMock, StartError};
use carbon_specs::Contract;

/// The moment at which the demo data stand.
pub const CLOCK: &str = "2022-02-01 10:00:00";
/// The seed of passwords, codes and session ids.
pub const SEED: u64 = 1;

/// The embedded mock does not start.
#[derive(Debug, thiserror::Error)]
#[error("the embedded mock does not start: {0}")]
pub struct EmbeddedError(#[from] StartError);

/// Judges a journal that a mock saved.
///
/// # Errors
/// Those of the JSON.
pub fn judge(contract: &Contract, journal: &[u8]) -> Result<Verdict, serde_json::Error> {
    Ok(Verdict::of_saved(contract, &serde_json::from_slice(journal)?))
}

/// A mock that lives as long as this value.
pub struct Embedded(CarbonMock);

impl Embedded {
    /// Starts a mock on a free port, with the demo data and a virtual clock, serving a contract.
    ///
    /// # Errors
    /// No port, or a contract that the mock cannot serve.
    pub async fn start(contract: Arc<Contract>) -> Result<Self, EmbeddedError> {
        Self::start_deviating(contract, []).await
    }

    /// Starts one that misbehaves in these ways.
    ///
    /// # Errors
    /// As [`Embedded::start`].
    pub async fn start_deviating(
        contract: Arc<Contract>,
        deviations: impl IntoIterator<Item = Deviation>,
    ) -> Result<Self, EmbeddedError> {
        let builder = CarbonMock::builder().contract(contract).clock(CLOCK).seed(SEED);
        let builder = deviations.into_iter().fold(builder, carbon_mock::server::Builder::deviate);
        Ok(Self(builder.start().await?))
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        self.0.url()
    }
}
