//! A text that runs: it ends when it is done, or when this value is dropped.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{ChildStdin, Command, ExitStatus, Output, Stdio};

use tokio::task::JoinHandle;

use super::stage::Stage;

/// A running text and its folder. Dropped, it ends the text and all that it has started, and removes the folder after
/// that; whoever waits for the runtime's blocking threads waits for it.
pub(super) struct Running {
    _lifeline: Option<ChildStdin>,
    ended: JoinHandle<io::Result<(Output, Stage)>>,
}

impl Running {
    /// Starts a command made by [`super::Isolation::command`], in a group of its own: Ctrl-C is for us to hear.
    pub(super) fn start(mut command: Command, stage: Stage) -> io::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).process_group(0).spawn()?;
        let lifeline = child.stdin.take();
        let ended = tokio::task::spawn_blocking(move || Ok((child.wait_with_output()?, stage)));
        Ok(Self { _lifeline: lifeline, ended })
    }

    /// Waits for the end.
    pub(super) async fn ended(&mut self) -> io::Result<(Output, Stage)> {
        (&mut self.ended).await.map_err(io::Error::other)?
    }
}

/// How a program ended, in words.
pub(super) fn told(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}
