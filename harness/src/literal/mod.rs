//! Runs the page's own shell text under bash, with the real curl, and hears what arrives at the server.
//!
//! In an empty folder, with a clean environment: `sqlexec` is this program asking the mock in SQL, curl is
//! pointed at the relay in front of the mock (`relay`) whatever host it names, `sleep` and what would change the machine do nothing
//! (`stage`). What the text comes to is for [`crate::replay`] to judge, by the expectations of the replay.

mod relay;
mod stage;

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use carbon_specs::example::Variant;
use tokio::process::Command;

use crate::curl::point_at;
use crate::exchange::Exchange;
use crate::target::Client;
use relay::Relay;
use stage::Stage;

/// How long one text may run.
const PATIENCE: Duration = Duration::from_secs(300);

/// What the page's commands are made of.
const PROGRAMS: [&str; 6] = ["bash", "curl", "awk", "sed", "jq", "python3"];

/// Programs that the page's commands need and this machine does not have.
#[derive(Debug, thiserror::Error)]
#[error("install {}: the page's commands use it", .0.join(", "))]
pub struct MissingPrograms(Vec<&'static str>);

/// Why a text could not be run to its end.
#[derive(Debug, thiserror::Error)]
pub enum ShellError {
    /// The folder, the relay or bash itself.
    #[error("the shell text cannot be run: {0}")]
    Io(#[from] io::Error),
    /// It does not end.
    #[error("the shell text still runs after {} seconds", PATIENCE.as_secs())]
    Endless,
}

/// Runs shell texts.
#[derive(Clone, Debug)]
pub struct Shell {
    path: String,
    keep: bool,
}

/// What came of one text.
#[derive(Debug)]
pub struct Heard {
    /// The calls that arrived, in order, with their answers.
    pub exchanges: Vec<Exchange>,
    /// What arrived and was no call of the page's kind.
    pub strange: Vec<String>,
    /// What the text wrote to its standard error.
    pub stderr: String,
    /// The folder, where it is kept.
    pub folder: Option<PathBuf>,
}

/// Ends whatever a shell has started, itself with it.
fn end_group(leader: Option<u32>) {
    if let Some(leader) = leader {
        // Where there is no `kill`, the shell alone is ended, as it is dropped.
        let _ = std::process::Command::new("kill").args(["-KILL", "--", &format!("-{leader}")]).status();
    }
}

impl Shell {
    /// A shell, if all programs are there. `keep` leaves the folders behind.
    ///
    /// # Errors
    /// Names what is missing.
    pub fn new(keep: bool) -> Result<Self, MissingPrograms> {
        let path = std::env::var("PATH").unwrap_or_default();
        let there = |name: &&str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
        let missing: Vec<&str> = PROGRAMS.into_iter().filter(|name| !there(name)).collect();
        if missing.is_empty() { Ok(Self { path, keep }) } else { Err(MissingPrograms(missing)) }
    }

    /// Runs one spelling's text against the server behind a client.
    ///
    /// # Errors
    /// See [`ShellError`]; an exit code of the text is none.
    pub async fn run(&self, name: &str, variant: &Variant, client: &Client) -> Result<Heard, ShellError> {
        let relay = Relay::start(client.clone()).await?;
        let stage = Stage::set(name, &relay.url())?;
        let running = Command::new("bash")
            .args(["-c", &point_at(&variant.command, &relay.url())])
            .current_dir(stage.work())
            .env_clear()
            .env("PATH", format!("{}:{}", stage.programs().display(), self.path))
            .env("HOME", stage.home())
            .env("LC_ALL", "C.UTF-8")
            .env("CARBON_MOCK_URL", client.base().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let group = running.id();
        let Ok(output) = tokio::time::timeout(PATIENCE, running.wait_with_output()).await else {
            end_group(group);
            return Err(ShellError::Endless);
        };
        let output = output?;
        let (exchanges, strange) = relay.heard();
        let folder = if self.keep { Some(stage.keep()) } else { None };
        Ok(Heard { exchanges, strange, stderr: String::from_utf8_lossy(&output.stderr).into_owned(), folder })
    }
}
