//! Where a text runs: in a network of its own, or, if that is asked for, in the machine's.
//!
//! `unshare` makes the namespaces, and this program, started in them (`inside`), makes the one door. A namespace of users
//! comes with them even for root: without it, the text could go back into the machine's network. A namespace of processes
//! lets all that the text has started end with it.

use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::inside;
use super::running;

/// Makes namespaces of users, networks and processes, which end with the program that is started in them.
const UNSHARE: &str = "unshare";
const NAMESPACES: [&str; 6] = ["--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child"];

/// This machine gives no network of its own.
#[derive(Debug, thiserror::Error)]
#[error(
    "no network of its own can be had here, in which the text could reach nothing but the mock ({0}). It takes Linux with \
     `unshare` (util-linux) and the right to make namespaces of users and networks; in a container, privileges such as \
     `--security-opt seccomp=unconfined`. With --no-isolation it runs all the same, and only its curl is pointed at the mock"
)]
pub struct NoNamespace(String);

/// Shows the namespace's own processes in /proc, as `ps` and its kind need it. Some containers forbid it.
const OWN_PROC: &str = "--mount-proc";

/// Where a text runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Where nothing but the relay can be reached.
    Namespace {
        /// Whether /proc shows the processes of the namespace, not the machine's.
        own_proc: bool,
    },
    /// In the machine's own network: only curl's settings point at the relay.
    Machine,
}

impl Isolation {
    /// A network of its own, once it has been seen to work here.
    ///
    /// # Errors
    /// What this machine lacks.
    pub fn namespace() -> Result<Self, NoNamespace> {
        let own = Self::Namespace { own_proc: true };
        let shared = Self::Namespace { own_proc: false };
        own.tried().or_else(|_| shared.tried())
    }

    /// Runs a program that does nothing.
    fn tried(self) -> Result<Self, NoNamespace> {
        let tried = self.command(None, OsStr::new("true")).and_then(|mut command| {
            let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
            let _lifeline = child.stdin.take();
            child.wait_with_output()
        });
        match tried {
            Ok(output) if output.status.success() => Ok(self),
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
                Err(NoNamespace(if said.is_empty() { running::told(output.status) } else { said }))
            }
            Err(error) => Err(NoNamespace(format!("{UNSHARE}: {error}"))),
        }
    }

    /// Whether nothing but the relay can be reached.
    pub fn is_isolated(self) -> bool {
        matches!(self, Self::Namespace { .. })
    }

    /// Starts a program where texts run; its standard input must be a pipe that is held open as long as it may run.
    /// What connects to the relay's address there comes out at the socket.
    pub(super) fn command(self, socket: Option<&PathBuf>, program: &OsStr) -> io::Result<Command> {
        let this = std::env::current_exe()?;
        let mut command = match self {
            Self::Namespace { own_proc } => {
                let mut command = Command::new(UNSHARE);
                command
                    .args(NAMESPACES)
                    .args(own_proc.then_some(OWN_PROC))
                    .arg("--")
                    .arg(this)
                    .args([inside::NAME, "--isolated"]);
                command
            }
            Self::Machine => {
                let mut command = Command::new(this);
                command.arg(inside::NAME);
                command
            }
        };
        if let Some(socket) = socket {
            command.arg("--socket").arg(socket);
        }
        command.arg("--").arg(program);
        Ok(command)
    }
}
