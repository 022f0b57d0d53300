//! Why a sandbox cannot be set up, used or removed.

use super::journal::JournalError;
use crate::ask::AskError;
use crate::target::TargetError;

/// Why a sandbox cannot be set up, used or removed.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// What was asked has no answer.
    #[error(transparent)]
    Asked(#[from] AskError),
    /// The write-ahead file.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A change does not come true.
    #[error("{what} was not seen within {seconds} seconds; a busy server may need a longer --settle")]
    Late {
        /// What was waited for.
        what: String,
        /// How long.
        seconds: u64,
    },
    /// The server answers a row that was not asked for.
    #[error(
        "the server answers {model} {pk}, which is not what was asked for: it ignores a condition, and nothing is done on \
         its word"
    )]
    Stranger {
        /// Of which model.
        model: String,
        /// Whose key.
        pk: i64,
    },
    /// The server lacks what a sandbox needs.
    #[error("a sandbox cannot be made here: {0}")]
    Lacks(String),
}

impl From<TargetError> for SandboxError {
    fn from(error: TargetError) -> Self {
        Self::Asked(error.into())
    }
}

impl SandboxError {
    /// Why nothing came of a request, where it is that.
    pub fn target(&self) -> Option<&TargetError> {
        match self {
            Self::Asked(AskError::Target(error)) => Some(error),
            _ => None,
        }
    }
}
