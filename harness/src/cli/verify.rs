//! `verify`: what a running mock has seen of an integration, judged.

use std::time::Duration;

use serde_json::Value;

use super::args::{Format, VerifyArgs};
use super::error::CliError;
use crate::exit;
use crate::target::{BaseUrl, Client, Policy};

/// Where a mock tells its verdict.
const VERDICT: &str = "/__mock__/verdict";

/// How long the mock may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Carries out `verify`.
///
/// # Errors
/// See [`CliError`].
pub fn verify(args: &VerifyArgs) -> Result<u8, CliError> {
    let base = BaseUrl::parse(&args.mock)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(Client::new(base, Policy::Everything, TIMEOUT).get(VERDICT))?;
    let no_mock = || CliError::Usage(format!("{} is no carbon-mock: it tells no verdict at {VERDICT}", args.mock));
    let told: Value = answer.json().map_err(|_| no_mock())?;
    let clean = told["clean"].as_bool().ok_or_else(no_mock)?;
    super::print(|out| match args.format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &told["verdict"])?;
            writeln!(out)
        }
        Format::Text => writeln!(out, "{}", told["text"].as_str().unwrap_or_default()),
    })?;
    Ok(if clean { exit::CONFORMS } else { exit::MISMATCH })
}
