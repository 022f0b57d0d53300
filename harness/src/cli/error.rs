//! What ends the program early, and with which exit code.

use std::io;
use std::path::{Path, PathBuf};

use carbon_specs::LoadError;

use crate::ask::AskError;
use crate::bindings::file::BindingsError;
use crate::brief::plural;
use crate::catalog::SelectionError;
use crate::choose::ChoiceError;
use crate::embedded::EmbeddedError;
use crate::exit;
use crate::literal::script::ScriptError;
use crate::literal::{NoBash, NoNamespace};
use crate::regression::noise::MasksError;
use crate::regression::recording::RecordingError;
use crate::run::RunError;
use crate::sandbox::SandboxError;
use crate::sandbox::journal::{JournalError, Listed, Told};
use crate::target::{BaseUrlError, TargetError, TransportError};

/// Trouble of the run itself; a mismatch is none.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// Nothing, or nothing known, was selected.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// Too much was left out.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// The target is no base URL.
    #[error(transparent)]
    BaseUrl(#[from] BaseUrlError),
    /// Arguments that do not go together.
    #[error("{0}")]
    Usage(String),
    /// There is nothing to run the page's commands with.
    #[error(transparent)]
    Bash(#[from] NoBash),
    /// A text could reach any server here.
    #[error(transparent)]
    Namespace(#[from] NoNamespace),
    /// A script could not be tried.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// A script was to be tried on something that is no mock.
    #[error("refused: {0} does not say that it is a mock (`/__mock__/health`); a script is tried on nothing else")]
    NoMock(String),
    /// The way to the target cannot be taken.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The target does not answer.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Our own mock does not start.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// Only writes were selected for a server that is not ours.
    #[error("refused: everything selected writes, and {0} is not ours; only reads are sent there")]
    OnlyWrites(String),
    /// `--writes all` without the host, or with another.
    #[error("refused: --writes all changes whatever the page names on {host}; if that is meant, add --i-mean {host}{}", but(.meant))]
    NotMeant {
        /// The target's host.
        host: String,
        /// What was typed.
        meant: String,
    },
    /// A sandbox's file belongs to another server.
    #[error("refused: {} lists objects of {listed}, not of {target}", .journal.display())]
    OtherTarget {
        /// The file.
        journal: PathBuf,
        /// Its server.
        listed: String,
        /// The one asked for.
        target: String,
    },
    /// A sandbox was not removed as a whole.
    #[error("the sandbox is not removed: {left}\nfinish it with: carbon-harness clean --journal {}", .journal.display())]
    Left {
        /// The file that lists what is there.
        journal: PathBuf,
        /// What is still there, or why.
        left: String,
    },
    /// The user ended it.
    #[error("interrupted; the sandbox was removed")]
    Interrupted(u8),
    /// Nothing could be compared.
    #[error("{0}")]
    Nothing(String),
    /// A bindings file that cannot be used.
    #[error(transparent)]
    Bindings(#[from] BindingsError),
    /// What stands for the page's rows cannot be found out.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// A sandbox cannot be set up or used.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// A recording cannot be read or written.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// The contract cannot be read.
    #[error("the contract{} cannot be read: {error}", place(.folder))]
    Contract {
        /// Its folder; nothing for the one built in.
        folder: Option<PathBuf>,
        /// What is wrong with it.
        error: Box<LoadError>,
    },
    /// The run ended early.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Standard output or a report's file cannot be written.
    #[error("cannot write: {0}")]
    Io(#[from] io::Error),
}

impl From<MasksError> for CliError {
    fn from(error: MasksError) -> Self {
        Self::Recording(error.into())
    }
}

impl CliError {
    /// A removal that did not come to its end, with what the file still lists.
    pub(super) fn left(journal: &Path, why: &SandboxError, told: &Told) -> Self {
        // What hangs on a subscriber goes with it.
        let (named, hanging): (Vec<&Listed>, Vec<_>) =
            told.objects.iter().filter(|listed| !listed.gone).partition(|listed| listed.name().is_some());
        let mut left: Vec<String> = named.into_iter().map(ToString::to_string).collect();
        if !hanging.is_empty() {
            left.push(format!("{} on them", plural(hanging.len(), "object that hangs", "objects that hang")));
        }
        let left = match left.as_slice() {
            [] => why.to_string(),
            _ => format!("{why}; still listed: {}", left.join(", ")),
        };
        Self::Left { journal: journal.to_owned(), left }
    }

    /// Whether the reader of our output went away, which is no failure.
    pub fn is_broken_pipe(&self) -> bool {
        let (Self::Io(error) | Self::Run(RunError::Report(error))) = self else { return false };
        error.kind() == io::ErrorKind::BrokenPipe
    }

    /// Whether it may repeat what a server said. The others are about what the user typed and wrote.
    pub fn tells_of_a_server(&self) -> bool {
        match self {
            Self::Target(_)
            | Self::Left { .. }
            | Self::Ask(_)
            | Self::Sandbox(_)
            | Self::Recording(_)
            | Self::Run(_)
            | Self::Io(_)
            | Self::Embedded(_) => true,
            Self::Selection(_)
            | Self::Choice(_)
            | Self::BaseUrl(_)
            | Self::Usage(_)
            | Self::Bash(_)
            | Self::Namespace(_)
            | Self::Script(_)
            | Self::NoMock(_)
            | Self::Transport(_)
            | Self::OnlyWrites(_)
            | Self::NotMeant { .. }
            | Self::OtherTarget { .. }
            | Self::Interrupted(_)
            | Self::Nothing(_)
            | Self::Bindings(_)
            | Self::Contract { .. } => false,
        }
    }

    /// The exit code it ends with.
    pub fn exit_code(&self) -> u8 {
        match self {
            error if error.is_broken_pipe() => exit::CONFORMS,
            Self::Selection(_)
            | Self::Choice(_)
            | Self::BaseUrl(_)
            | Self::Usage(_)
            | Self::Bash(_)
            | Self::Namespace(_)
            | Self::Script(ScriptError::Run { .. })
            | Self::Transport(_) => exit::USAGE,
            Self::Target(_) | Self::Embedded(_) | Self::Run(RunError::Unreachable(_)) => exit::UNREACHABLE,
            Self::Script(ScriptError::Mock(_)) => exit::UNREACHABLE,
            Self::OnlyWrites(_)
            | Self::NoMock(_)
            | Self::NotMeant { .. }
            | Self::OtherTarget { .. }
            | Self::Sandbox(
                SandboxError::Journal(JournalError::Unfinished(_))
                | SandboxError::Lacks(_)
                | SandboxError::Stranger { .. },
            ) => exit::REFUSED,
            Self::Sandbox(error) if error.target().is_some_and(TargetError::is_unreachable) => exit::UNREACHABLE,
            Self::Ask(AskError::Target(error)) if error.is_unreachable() => exit::UNREACHABLE,
            Self::Sandbox(SandboxError::Journal(_)) | Self::Bindings(_) | Self::Recording(_) => exit::USAGE,
            Self::Left { .. } | Self::Sandbox(_) | Self::Ask(_) | Self::Nothing(_) => exit::MISMATCH,
            Self::Interrupted(code) => *code,
            Self::Contract { .. } => exit::CONTRACT,
            Self::Run(RunError::Snapshot(_) | RunError::Report(_)) | Self::Io(_) => exit::MISMATCH,
        }
    }
}

fn but(meant: &str) -> String {
    if meant.is_empty() { String::new() } else { format!(" (not --i-mean {meant})") }
}

fn place(folder: &Option<PathBuf>) -> String {
    folder.as_ref().map(|folder| format!(" in {}", folder.display())).unwrap_or_default()
}
