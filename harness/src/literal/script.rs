//! Tries an integrator's own script against a mock, and tells what it did.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use serde_json::Value;

use super::relay::{Relay, Traffic};
use super::running::{self, Running};
use super::stage::Stage;
use super::{BASH, Isolation, path_with};
use crate::control::{self, ControlError, Judged, Tasks};
use crate::exchange::Exchange;
use crate::report::chain;
use crate::target::Client;

/// The most hazards that are told.
const MOST_HAZARDS: usize = 10;

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

/// What a script did.
#[derive(Debug)]
pub struct Tried {
    script: String,
    isolation: Isolation,
    status: ExitStatus,
    traffic: Traffic,
    tasks: Tasks,
    /// How many were done while it ran.
    done: u64,
    failed: Vec<Value>,
    hazards: Vec<String>,
    warnings: Vec<String>,
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
    let (before, ran) = (control::verdict(client).await?, control::tasks(client).await?.ran);
    let (status, traffic) = play(isolation, script, arguments, client)
        .await
        .map_err(|error| ScriptError::Run { script: name.clone(), error })?;
    let tasks = control::tasks(client).await?;
    let done = tasks.ran.saturating_sub(ran);
    // What they spoil is seen when they run.
    let failed = control::run_tasks(client).await?.failed;
    // A mock that has been running knows of what others did, too.
    let known: HashSet<String> = before.hazards.into_iter().chain(before.warnings).collect();
    let fresh = |list: Vec<String>| list.into_iter().filter(|text| !known.contains(text)).collect();
    let Judged { hazards, warnings } = control::verdict(client).await?;
    let (hazards, warnings) = (fresh(hazards), fresh(warnings));
    Ok(Tried { script: name, isolation, status, traffic, tasks, done, failed, hazards, warnings })
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

impl Tried {
    /// Whether the script ended well, nothing that it asked for was refused, and nothing overlapped.
    pub fn is_clean(&self) -> bool {
        self.status.success()
            && self.refused().next().is_none()
            && self.failed_statements().next().is_none()
            && self.traffic.strange.is_empty()
            && self.failed.is_empty()
            && self.hazards.is_empty()
    }

    /// Calls that were answered with an error.
    fn refused(&self) -> impl Iterator<Item = (&Exchange, String)> {
        self.traffic.exchanges.iter().filter_map(|exchange| {
            let answer = exchange.answer.json().ok();
            let error = match answer.as_ref().and_then(|answer| answer.get("error")) {
                Some(Value::String(error)) => error.clone(),
                Some(error) => error.to_string(),
                None if (200..300).contains(&exchange.answer.status) => return None,
                None => format!("HTTP status {}", exchange.answer.status),
            };
            Some((exchange, error))
        })
    }

    fn failed_statements(&self) -> impl Iterator<Item = (&str, &str)> {
        let statements = self.traffic.statements.iter();
        statements.filter_map(|statement| Some((statement.sql.as_str(), statement.error.as_deref()?)))
    }
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (exchange, error) in self.refused() {
            writeln!(f, "REFUSED    {}  {}\n           {error}", exchange.sent.path, chain(&exchange.sent.body))?;
        }
        for (sql, error) in self.failed_statements() {
            writeln!(f, "REFUSED    sqlexec {sql:?}\n           {error}")?;
        }
        for text in &self.traffic.strange {
            writeln!(f, "STRANGE    {text}")?;
        }
        for task in &self.failed {
            writeln!(f, "FAILED     a task: {task}")?;
        }
        for hazard in self.hazards.iter().take(MOST_HAZARDS) {
            writeln!(f, "HAZARD     {hazard}")?;
        }
        if self.hazards.len() > MOST_HAZARDS {
            writeln!(f, "           and {} more", self.hazards.len() - MOST_HAZARDS)?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning    {warning}")?;
        }
        if !self.isolation.is_isolated() {
            writeln!(f, "warning    it ran in the machine's network: only curl was pointed at the mock")?;
        }
        let (done, waiting, now) = (self.done, self.tasks.pending.len(), &self.tasks.now);
        write!(f, "tasks      {done} were done when it had ended at {now}, {waiting} waited")?;
        if let Some(last) = self.tasks.pending.iter().map(|task| task.due.as_str()).max() {
            write!(f, "; the last is done at {last}")?;
        }
        writeln!(f)?;
        let (calls, refused) = (self.traffic.exchanges.len(), self.refused().count());
        let (statements, failed) = (self.traffic.statements.len(), self.failed_statements().count());
        write!(
            f,
            "{} ended with {}: {calls} calls, {refused} refused; {statements} SQL statements, {failed} refused; {} hazards",
            self.script,
            running::told(self.status),
            self.hazards.len()
        )
    }
}
