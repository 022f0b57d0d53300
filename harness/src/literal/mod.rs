//! Runs shell texts, the page's own or an integrator's, under bash, with the real curl, and hears what arrives at the server.
//!
//! A text runs in a network of its own, in which nothing is found but the relay (`isolation`, `inside`), or, where that
//! is asked for, in the machine's, where only curl's settings point at the relay. The relay stands in front of the mock
//! (`relay`): calls come through it, and the SQL of `sqlexec`, which is this program. The text's folder (`stage`) holds
//! that program, and in place of `sleep` and of what would change the machine some that do not.
//!
//! What a text of the page comes to is for [`crate::replay`] to judge, by the expectations of the replay; what a script of
//! one's own does is told by [`script`].

pub mod inside;
pub mod isolation;
mod relay;
mod running;
pub mod script;
pub mod sleep;
mod stage;
mod tried;

use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use carbon_specs::example::Variant;
use serde::Serialize;

use crate::curl::point_at;
use crate::target::Client;
pub use isolation::{Isolation, NoNamespace};
use relay::Relay;
pub use relay::{Statement, Traffic};
use running::Running;
use stage::Stage;
pub use tried::{Refused, TasksOf, Tried};

/// How long one text of the page may run.
const PATIENCE: Duration = Duration::from_secs(300);

/// What runs the texts.
const BASH: &str = "bash";

/// What the page's commands are made of.
const PROGRAMS: [&str; 5] = ["curl", "awk", "sed", "jq", "python3"];

/// The most of standard error that is told.
const MOST_STDERR: usize = 4096;

/// There is nothing to run a text with.
#[derive(Debug, thiserror::Error)]
#[error("install {BASH}: it runs the page's commands")]
pub struct NoBash;

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

/// How a text ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ended {
    /// `exit code 0`, or which signal.
    pub with: String,
    /// What it wrote to its standard error; curl's progress is turned off.
    pub stderr: String,
    /// Programs that it called and this machine does not have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Whether nothing but the mock could be reached.
    pub isolated: bool,
    /// Whether it ended well.
    #[serde(skip)]
    success: bool,
}

impl Ended {
    fn new(status: ExitStatus, stderr: &[u8], missing: Vec<String>, isolation: Isolation) -> Self {
        let more = if stderr.len() > MOST_STDERR { "..." } else { "" };
        let told = String::from_utf8_lossy(&stderr[..stderr.len().min(MOST_STDERR)]);
        let stderr = format!("{}{more}", told.trim_end());
        let (with, isolated) = (running::told(status), isolation.is_isolated());
        Self { with, stderr, missing, isolated, success: status.success() }
    }

    /// How it ended, in words.
    pub fn told(&self) -> String {
        let missing = match self.missing.as_slice() {
            [] => String::new(),
            names => format!("; it needs {}, which this machine does not have", names.join(", ")),
        };
        format!("the shell text ended with {}{missing}", self.with)
    }

    /// Whether nothing in it failed: a filter in the middle of a pipeline shows by what it complains of.
    pub fn is_clean(&self) -> bool {
        self.success && self.stderr.is_empty() && self.missing.is_empty()
    }
}

/// Runs the page's texts.
#[derive(Clone, Debug)]
pub struct Shell {
    isolation: Isolation,
    missing: Vec<&'static str>,
    keep: bool,
}

/// What came of one text.
#[derive(Debug)]
pub struct Heard {
    /// What arrived.
    pub traffic: Traffic,
    /// How it ended.
    pub ended: Ended,
    /// The folder, where it is kept.
    pub folder: Option<PathBuf>,
}

fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// The machine's programs, behind those of a stage.
fn path_with(stage: &Stage) -> io::Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(stage.programs()).chain(std::env::split_paths(&path));
    std::env::join_paths(folders).map_err(io::Error::other)
}

impl Shell {
    /// A shell, if there is bash. `keep` leaves the folders behind.
    ///
    /// # Errors
    /// Where there is none.
    pub fn new(isolation: Isolation, keep: bool) -> Result<Self, NoBash> {
        let missing = PROGRAMS.into_iter().filter(|name| !is_there(name)).collect();
        if is_there(BASH) { Ok(Self { isolation, missing, keep }) } else { Err(NoBash) }
    }

    /// Where it runs texts.
    pub fn isolation(&self) -> Isolation {
        self.isolation
    }

    /// Runs one spelling's text against the server behind a client. Dropped before its end, the text ends too.
    ///
    /// # Errors
    /// See [`ShellError`]; an exit code of the text is none.
    pub async fn run(&self, name: &str, variant: &Variant, client: &Client) -> Result<Heard, ShellError> {
        let stage = Stage::for_page(name, &self.missing, self.keep)?;
        let socket = self.isolation.is_isolated().then(|| stage.socket());
        let relay = Relay::start(client.clone(), socket.as_deref()).await?;
        stage.point_curl_at(relay.authority())?;
        stage.write_script(&point_at(&variant.command, &relay.url()))?;
        let mut command = self.isolation.command(socket.as_ref(), OsStr::new(BASH))?;
        command
            .arg("../script")
            .current_dir(stage.work())
            .env_clear()
            .env("PATH", path_with(&stage)?)
            .env("HOME", stage.home())
            .env("LC_ALL", "C.UTF-8")
            .env("CARBON_MOCK_URL", relay.url())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut running = Running::start(command, stage)?;
        let ended = tokio::time::timeout(PATIENCE, running.ended()).await;
        let (output, stage) = ended.map_err(|_| ShellError::Endless)??;
        let ended = Ended::new(output.status, &output.stderr, stage.missed(), self.isolation);
        let folder = match self.keep {
            true => {
                let usual = format!("http://{}", inside::ADDRESS);
                Some(stage.leave(&point_at(&variant.command, &usual), &output.stdout, &output.stderr)?)
            }
            false => None,
        };
        Ok(Heard { traffic: relay.heard(), ended, folder })
    }
}
