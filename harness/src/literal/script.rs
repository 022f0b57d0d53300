//! Tries an integrator's own script against a mock.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use super::relay::{Relay, Traffic};
use super::running::Running;
use super::stage::Stage;
use super::tried::{TasksOf, Tried};
use super::{BASH, Isolation, path_with};
use crate::control::{self, ControlError, Judged};
use crate::target::Client;

/// What would lead curl, or Python, past the relay.
const PROXIES: [&str; 6] = ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

/// Why a script could not be tried.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// There is no such script, or it cannot be started.
    #[error("{script} cannot be run: {error}")]
    Run {
        /// As it was named.
        script: String,
        /// What the system says.
        error: io::Error,
    },
    /// The mock does not answer.
    #[error(transparent)]
    Mock(#[from] ControlError),
}

/// Runs a script, in the folder that we stand in, to its end, and then the tasks that wait. What it prints goes where
/// ours goes.
///
/// # Errors
/// See [`ScriptError`]; that the script fails is none.
pub async fn run(
    isolation: Isolation,
    script: &Path,
    arguments: &[OsString],
    client: &Client,
) -> Result<Tried, ScriptError> {
    let name = script.display().to_string();
    let failed = |error| ScriptError::Run { script: name.clone(), error };
    let (before, ran) = (control::verdict(client).await?, control::tasks(client).await?.ran);
    let (status, traffic) = play(isolation, script, arguments, client).await.map_err(failed)?;
    let tasks = control::tasks(client).await?;
    let tasks = TasksOf {
        done: tasks.ran.saturating_sub(ran),
        waited: tasks.pending.len(),
        last_done_at: tasks.pending.into_iter().map(|task| task.due).max(),
        ended_at: tasks.now,
        // What they spoil is seen when they run.
        failed: control::run_tasks(client).await?.failed,
    };
    // A mock that has been running knows of what others did, too.
    let known: HashSet<String> = before.hazards.into_iter().chain(before.warnings).collect();
    let fresh = |list: Vec<String>| list.into_iter().filter(|text| !known.contains(text)).collect();
    let Judged { hazards, warnings } = control::verdict(client).await?;
    let (hazards, warnings) = (fresh(hazards), fresh(warnings));
    Ok(Tried::new(name, isolation, status, traffic, tasks, hazards, warnings))
}

async fn play(
    isolation: Isolation,
    script: &Path,
    arguments: &[OsString],
    client: &Client,
) -> io::Result<(ExitStatus, Traffic)> {
    let script = script.canonicalize()?;
    // Its first line says what runs it, where the system heeds it.
    let runs_itself = script.metadata()?.permissions().mode() & 0o111 != 0;
    let stage = Stage::for_script()?;
    let socket = isolation.is_isolated().then(|| stage.socket());
    let relay = Relay::start(client.clone(), socket.as_deref()).await?;
    stage.point_curl_at(relay.authority())?;
    let program = if runs_itself { script.as_os_str() } else { OsStr::new(BASH) };
    let mut command = isolation.command(socket.as_ref(), program)?;
    if !runs_itself {
        command.arg(&script);
    }
    for proxy in PROXIES {
        command.env_remove(proxy);
    }
    command
        .args(arguments)
        .env("PATH", path_with(&stage)?)
        .env("CURL_HOME", stage.home())
        .env("CARBON_URL", relay.url())
        .env("CARBON_MOCK_URL", relay.url())
        .stdout(Stdio::inherit())
        .stderr(Stdio::inherit());
    let mut running = Running::start(command, stage)?;
    let (output, _stage) = running.ended().await?;
    Ok((output.status, relay.heard()))
}
