//! `carbon-mock exec -- COMMAND`: a mock on a free port, a client's own tests against it, and the verdict.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use tokio::process::Command;

use crate::cli_keep::{self, KeepError};
use crate::server::Builder;
use crate::server::StartError;

/// Neither violation nor hazard may be there.
const NOT_CLEAN: u8 = 1;

/// Why the command could not be run.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// The mock does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The command does not start.
    #[error("`{command}` cannot be run: {error}")]
    Command {
        /// The program.
        command: String,
        /// What the system says.
        error: io::Error,
    },
    /// The journal cannot be saved.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// The runtime does not start.
    #[error("cannot run: {0}")]
    Io(#[from] io::Error),
}

/// Runs a command against a mock of its own, prints the verdict to standard error, and ends as the command did; with 1
/// where it succeeded and the verdict is not clean. The journal is saved where one is asked for.
///
/// # Errors
/// See [`ExecError`].
pub fn run(builder: Builder, command: &[OsString], journal: Option<&Path>) -> Result<ExitCode, ExecError> {
    let (program, arguments) = match command {
        [program, arguments @ ..] => (program, arguments),
        [] => return Ok(ExitCode::from(2)),
    };
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let carbon = builder.start().await?;
        let failed = |error| ExecError::Command { command: program.to_string_lossy().into_owned(), error };
        let mut child = Command::new(program)
            .args(arguments)
            .env("CARBON_URL", carbon.url())
            .env("CARBON_MOCK_URL", carbon.url())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        // Ctrl-C reaches the command too, which ends as it likes; the verdict is still wanted.
        let status = loop {
            tokio::select! {
                status = child.wait() => break status.map_err(failed)?,
                _ = tokio::signal::ctrl_c() => {}
            }
        };
        carbon.mock().run_tasks();
        let verdict = carbon.mock().verdict();
        if let Some(path) = journal {
            cli_keep::journal(carbon.mock(), path)?;
        }
        let _ = writeln!(io::stderr(), "{verdict}");
        carbon.shutdown().await;
        let clean = if verdict.is_clean() { 0 } else { NOT_CLEAN };
        Ok(ExitCode::from(match status.code() {
            Some(0) => clean,
            Some(code) => u8::try_from(code).unwrap_or(NOT_CLEAN),
            // Ended by a signal.
            None => NOT_CLEAN,
        }))
    })
}
