//! `carbon-mock exec -- COMMAND`: a mock on a free port, a client's own tests against it, and the verdict.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::{ExitCode, ExitStatus};

use tokio::process::{Child, Command};

use super::keep::{self, KeepError};
use crate::server::Builder;
use crate::server::StartError;
use crate::signals::{Signal, Signals};

/// Neither violation nor hazard may be there, and the journal must have been saved.
const NOT_CLEAN: u8 = 1;

/// What a shell adds to the number of the signal that ended a command.
const SIGNALLED: u8 = 128;

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
    /// The journal could not be saved.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// The runtime does not start.
    #[error("cannot run: {0}")]
    Io(#[from] io::Error),
}

impl ExecError {
    /// As a shell has it: 127 for a command that is not there, 126 for one that cannot be run.
    pub fn code(&self) -> u8 {
        match self {
            Self::Command { error, .. } if error.kind() == io::ErrorKind::NotFound => 127,
            Self::Command { .. } => 126,
            _ => NOT_CLEAN,
        }
    }
}

/// Runs a command against a mock of its own, prints the verdict to standard error, and ends as the command did; with 1
/// where it succeeded and the verdict is not clean. A signal is passed on to the command, and the verdict is printed all
/// the same. The journal is saved where one is asked for.
///
/// # Errors
/// See [`ExecError`].
pub fn run(builder: Builder, command: &[OsString], journal: Option<&Path>) -> Result<ExitCode, ExecError> {
    let (program, arguments) = match command {
        [program, arguments @ ..] => (program, arguments),
        [] => return Ok(ExitCode::from(2)),
    };
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        // Before the command is there: from now on no signal ends us without it.
        let signals = Signals::listen()?;
        let carbon = builder.start().await?;
        let failed = |error| ExecError::Command { command: program.to_string_lossy().into_owned(), error };
        let child = Command::new(program)
            .args(arguments)
            .env("CARBON_URL", carbon.url())
            .env("CARBON_MOCK_URL", carbon.url())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let (status, told) = ended(child, signals).await.map_err(failed)?;
        carbon.mock().run_tasks();
        let verdict = carbon.mock().verdict();
        let _ = writeln!(io::stderr(), "{verdict}");
        let saved = journal.map_or(Ok(()), |path| keep::journal(carbon.mock(), path));
        carbon.shutdown().await;
        if let Err(error) = &saved {
            let _ = writeln!(io::stderr(), "error: {error}");
        }
        Ok(ExitCode::from(match code(status, told) {
            0 if !verdict.is_clean() || saved.is_err() => NOT_CLEAN,
            code => code,
        }))
    })
}

/// Waits for the command and passes on the signals that we are sent. Answers the last of them too.
async fn ended(mut child: Child, mut signals: Signals) -> io::Result<(ExitStatus, Option<Signal>)> {
    let mut told = None;
    loop {
        tokio::select! {
            status = child.wait() => return Ok((status?, told)),
            signal = signals.next() => {
                told = Some(signal);
                if let Some(id) = child.id() {
                    signal.pass_on(id);
                }
            }
        }
    }
}

/// The command's own code; 128 and the signal that ended it, or that ended a command which then says that all was well.
fn code(status: ExitStatus, told: Option<Signal>) -> u8 {
    let signalled = |number: i32| u8::try_from(number).map_or(u8::MAX, |number| SIGNALLED.saturating_add(number));
    match (status.code(), told) {
        (Some(0), Some(signal)) => signalled(signal.number()),
        (Some(code), _) => u8::try_from(code).unwrap_or(NOT_CLEAN),
        (None, _) => ended_by(status).map_or(NOT_CLEAN, signalled),
    }
}

#[cfg(unix)]
fn ended_by(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn ended_by(_: ExitStatus) -> Option<i32> {
    None
}
