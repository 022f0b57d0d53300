//! Writes on a server that is not ours, kept to objects of our own.
//!
//! The way of a run: [`estate`] creates a folder, a subscriber and what belongs to it; `bind` turns the page's write
//! examples into calls on these objects; `play` sends them and waits until they have come true; [`removal`] takes
//! everything away again, and does so too for `carbon-harness clean` after a crash.
//!
//! Two things are enforced where requests leave, whatever those modules do: [`guard()`] lets a write go only if all it can
//! touch belongs to the sandbox, and the [`journal`] lists an object on the disk before it is created.

mod bind;
mod error;
pub mod estate;
mod guard;
pub mod journal;
mod money;
mod play;
pub mod removal;
mod scope;
mod session;
mod suid;
mod wait;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use carbon_specs::Schema;
use serde_json::Value;

use crate::exchange::{Answer, Sent, key};
use crate::target::{Guard, Pass, Refusal};
pub use error::SandboxError;
pub use guard::{Beyond, Leave, guard};
use journal::{Entry, Journal, JournalError};
pub use scope::Scope;
pub use session::Session;
pub use wait::{Patience, pauses};

/// A sandbox: what belongs to it, and the file that lists it.
pub struct Sandbox {
    schema: Arc<Schema>,
    state: Mutex<State>,
}

struct State {
    scope: Scope,
    journal: Journal,
    /// The number in the file of each object whose key is known.
    numbers: BTreeMap<(String, i64), u64>,
    names: u64,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").finish_non_exhaustive()
    }
}

/// Why a call is not sent, or nothing after it.
#[derive(Debug, thiserror::Error)]
pub enum NotLet {
    /// It could touch what is not of the sandbox.
    #[error(transparent)]
    Guard(#[from] Box<Beyond>),
    /// The file that lists what is created cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// An object that was there before is said to be new.
    #[error(
        "the server says that it created {model} {pk}, but that was there before the sandbox was; nothing more is sent"
    )]
    NotNew {
        /// Its model.
        model: String,
        /// Its key.
        pk: i64,
    },
}

impl From<NotLet> for Refusal {
    fn from(error: NotLet) -> Self {
        Self::Guard(Box::new(error))
    }
}

impl Guard for Sandbox {
    /// A write is listed on the disk before this returns.
    fn admit(self: Arc<Self>, sent: &Sent) -> Result<Pass, Refusal> {
        Ok(match self.list(sent)? {
            None => Pass::Read,
            Some(listed) => Pass::Write(Box::new(move |answer| Ok(self.answered(listed, answer)?))),
        })
    }
}

/// A write that was let go: where it creates, its number in the file and the model.
struct Listed(Option<(u64, String)>);

impl Sandbox {
    /// A sandbox with its file.
    pub fn new(schema: Arc<Schema>, scope: Scope, journal: Journal) -> Self {
        Self { schema, state: Mutex::new(State { scope, journal, numbers: BTreeMap::new(), names: 0 }) }
    }

    /// Lists a write on the disk; nothing for a read.
    fn list(&self, sent: &Sent) -> Result<Option<Listed>, NotLet> {
        let mut state = self.state();
        let leave = guard(&self.schema, &state.scope, sent).map_err(Box::new)?;
        let listed = match leave {
            Leave::Read => return Ok(None),
            Leave::Create { model, by } => {
                let n = state.journal.number();
                let entry = Entry::Intent { n, model: model.clone(), by };
                state.journal.append(&entry)?;
                Listed(Some((n, model)))
            }
            Leave::Write { model, methods, pk } => {
                if methods.iter().any(|method| method == "delete")
                    && let Some(n) = pk.and_then(|pk| state.numbers.get(&(model.clone(), pk)).copied())
                {
                    state.journal.append(&Entry::Removing { n })?;
                }
                state.journal.append(&Entry::Write { model, methods })?;
                Listed(None)
            }
        };
        Ok(Some(listed))
    }

    /// Learns from the answer to a write. Without one (the connection broke) what was listed stays listed.
    fn answered(&self, Listed(created): Listed, answer: &Answer) -> Result<(), NotLet> {
        let Ok(reply) = answer.json() else { return Ok(()) };
        let mut state = self.state();
        let pk = reply.pointer("/result/pk").and_then(key);
        let model = reply.pointer("/result/model").and_then(Value::as_str).unwrap_or_default();
        let entry = match (created, pk) {
            (Some((n, wanted)), Some(pk)) if wanted == model => {
                // It is the sandbox's own only once it was looked at.
                if !state.scope.is_new(&wanted, pk) {
                    return Err(NotLet::NotNew { model: wanted, pk });
                }
                state.numbers.insert((wanted.clone(), pk), n);
                Some(Entry::Created { n, model: wanted, pk })
            }
            (Some((n, _)), None) if reply.get("error").is_some() && reply.get("result").is_none() => {
                Some(Entry::Refused { n })
            }
            _ => None,
        };
        Ok(entry.map_or(Ok(()), |entry| state.journal.append(&entry))?)
    }

    /// The contract's models.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// A name that no other object has.
    pub fn name(&self) -> String {
        let mut state = self.state();
        state.names += 1;
        format!("{}{}", state.scope.mark(), state.names)
    }

    /// Takes in an object of the file that was found on the server.
    pub fn own(&self, n: u64, model: &str, pk: i64) {
        let mut state = self.state();
        state.scope.own(model, pk);
        state.numbers.insert((model.to_owned(), pk), n);
    }

    /// Writes down that an object was seen to be gone.
    ///
    /// # Errors
    /// See [`JournalError`].
    pub fn gone(&self, model: &str, pk: i64) -> Result<(), JournalError> {
        let mut state = self.state();
        match state.numbers.get(&(model.to_owned(), pk)).copied() {
            Some(n) => state.journal.append(&Entry::Removed { n }),
            None => Ok(()),
        }
    }

    /// Looks at the scope, or changes it.
    pub fn scope<T>(&self, with: impl FnOnce(&mut Scope) -> T) -> T {
        with(&mut self.state().scope)
    }

    /// Writes a line into the file.
    ///
    /// # Errors
    /// See [`JournalError`].
    pub fn note(&self, entry: &Entry) -> Result<(), JournalError> {
        self.state().journal.append(entry)
    }

    /// What the file tells so far.
    ///
    /// # Errors
    /// See [`JournalError`].
    pub fn told(&self) -> Result<journal::Told, JournalError> {
        journal::read(self.state().journal.path())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
