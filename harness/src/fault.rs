//! What can be wrong with a replayed call, as values that a report can show.

use serde::Serialize;
use serde_json::Value;

use crate::check::Mismatch;
use crate::diff::Difference;
use crate::exchange::Sent;
use crate::literal::Ended;
use crate::regression::changes::Change;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Fault {
    /// A reply is not what the contract expects.
    Reply {
        /// Which turn of a loop, counted from 1.
        #[serde(skip_serializing_if = "Option::is_none")]
        turn: Option<usize>,
        /// Where and how.
        #[serde(flatten)]
        mismatch: Mismatch,
    },
    /// A reply is no JSON.
    NotJson {
        /// The HTTP status.
        status: u16,
        /// How the body begins.
        begins: String,
    },
    /// What the call needs could not be put in place.
    Before {
        /// Where and how.
        #[serde(flatten)]
        mismatch: Mismatch,
    },
    /// What must hold afterwards does not.
    After {
        /// Where and how.
        #[serde(flatten)]
        mismatch: Mismatch,
    },
    /// What must hold afterwards held already before the task had run, so it proves nothing: the contract's fault.
    ProvesNothing {
        /// The read that holds too early.
        at: String,
    },
    /// A task failed.
    Task {
        /// What the server says of it.
        failed: Value,
    },
    /// The SQL statement does not select the rows that the contract lists.
    Rows {
        /// Listed, and not selected.
        missing: Vec<Vec<String>>,
        /// Selected, and not listed.
        extra: Vec<Vec<String>>,
    },
    /// The shell text sent something else than the contract says.
    Arrived {
        /// What should have arrived, and did not.
        missing: Vec<Sent>,
        /// What arrived, and should not have.
        extra: Vec<Sent>,
    },
    /// Something in the shell text failed.
    Shell {
        /// How it ended.
        #[serde(flatten)]
        ended: Ended,
    },
    /// The replies are not the snapshot's.
    Snapshot {
        /// The snapshot's file.
        file: String,
        /// How they differ.
        difference: Difference,
    },
    /// There is no snapshot to compare with.
    NoSnapshot {
        /// Where it should be.
        file: String,
    },
    /// The reply is not as it was recorded.
    Drift {
        /// Where and how.
        #[serde(flatten)]
        change: Change,
    },
    /// The list of known faults says otherwise.
    Listed {
        /// What the list says, and what is.
        text: String,
    },
    /// The server did not answer, or not to the purpose.
    Trouble {
        /// What happened.
        text: String,
    },
}

impl Fault {
    /// Every text that may hold a server's data.
    pub fn each_text(&mut self, change: &mut dyn FnMut(&mut String)) {
        match self {
            Self::Reply { mismatch, .. } | Self::Before { mismatch } | Self::After { mismatch } => {
                [&mut mismatch.at, &mut mismatch.expected, &mut mismatch.observed].into_iter().for_each(change);
            }
            Self::NotJson { begins: text, .. }
            | Self::ProvesNothing { at: text }
            | Self::Listed { text }
            | Self::Trouble { text } => change(text),
            Self::Drift { change: Change { at, what, was, is } } => {
                [at, what, was, is].into_iter().for_each(change);
            }
            Self::Task { failed } => {
                let mut text = failed.to_string();
                change(&mut text);
                *failed = Value::String(text);
            }
            Self::Rows { missing, extra } => missing.iter_mut().chain(extra).flatten().for_each(change),
            Self::Arrived { missing, extra } => {
                missing.iter_mut().chain(extra).map(|sent| &mut sent.body).for_each(change);
            }
            Self::Shell { ended } => change(&mut ended.stderr),
            Self::Snapshot { difference, .. } => {
                for line in difference.hunks.iter_mut().flatten() {
                    change(&mut line.text);
                    // They pointed into the text as it was.
                    line.changed.clear();
                }
            }
            Self::NoSnapshot { .. } => {}
        }
    }

    /// The mismatch, where it is one.
    pub fn mismatch(&self) -> Option<&Mismatch> {
        match self {
            Self::Reply { mismatch, .. } | Self::Before { mismatch } | Self::After { mismatch } => Some(mismatch),
            _ => None,
        }
    }

    /// What was asked, where the fault knows.
    pub fn sent(&self) -> Option<&Sent> {
        self.mismatch()?.sent.as_deref()
    }

    /// The same, to be changed.
    pub fn sent_mut(&mut self) -> Option<&mut Sent> {
        match self {
            Self::Reply { mismatch, .. } | Self::Before { mismatch } | Self::After { mismatch } => {
                mismatch.sent.as_deref_mut()
            }
            _ => None,
        }
    }

    /// Whether the server refused what it should have done.
    pub fn is_refusal(&self) -> bool {
        self.mismatch().is_some_and(|mismatch| mismatch.is_refusal)
    }

    /// Puts a word before the place of a mismatch.
    pub fn locate(&mut self, word: &str) {
        if let Self::Reply { mismatch, .. } | Self::Before { mismatch } | Self::After { mismatch } = self {
            mismatch.at.insert_str(0, word);
        }
    }
}
