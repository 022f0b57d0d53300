//! Writes on a server that is not ours, kept to objects of our own.
//!
//! The way of a run: [`estate`] creates a folder, a subscriber and what belongs to it; `bind` turns the page's write
//! examples into calls on these objects; `play` sends them and waits until they have come true; [`removal`] takes
//! everything away again, and does so too for `carbon-harness clean` after a crash.
//!
//! Two things are enforced where requests leave, whatever those modules do: [`guard()`] lets a write go only if all it can
//! touch belongs to the sandbox, and the [`journal`] lists an object on the disk before it is created.

pub mod ask;
mod bind;
mod chain;
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

use crate::exchange::{Answer, Sent};
pub use ask::SandboxError;
pub use chain::{Chain, Link};
pub use guard::{Leave, guard};
use journal::{Entry, Journal, JournalError};
pub use scope::{Scope, key};
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

/// A write that was let go; its answer is to be told.
#[derive(Debug)]
#[must_use = "what was created must be written down"]
pub struct Ticket(Option<(u64, String)>);

impl Sandbox {
    /// A sandbox with its file.
    pub fn new(schema: Arc<Schema>, scope: Scope, journal: Journal) -> Self {
        Self { schema, state: Mutex::new(State { scope, journal, numbers: BTreeMap::new(), names: 0 }) }
    }

    /// Lets a call go, or does not. A write is listed on the disk before this returns.
    ///
    /// # Errors
    /// A sentence: what the call could touch, or that the file cannot be written.
    pub fn admit(&self, sent: &Sent) -> Result<Option<Ticket>, String> {
        let mut state = self.state();
        let leave = guard(&self.schema, &state.scope, sent)?;
        let ticket = match leave {
            Leave::Read => return Ok(None),
            Leave::Create { model, by } => {
                let n = state.journal.number();
                let entry = Entry::Intent { n, model: model.clone(), by };
                state.journal.append(&entry).map_err(|error| error.to_string())?;
                Ticket(Some((n, model)))
            }
            Leave::Write { model, methods, pk } => {
                if methods.iter().any(|method| method == "delete")
                    && let Some(n) = pk.and_then(|pk| state.numbers.get(&(model.clone(), pk)).copied())
                {
                    state.journal.append(&Entry::Removing { n }).map_err(|error| error.to_string())?;
                }
                state.journal.append(&Entry::Write { model, methods }).map_err(|error| error.to_string())?;
                Ticket(None)
            }
        };
        Ok(Some(ticket))
    }

    /// Learns from the answer to a write. Without one (the connection broke) what was listed stays listed.
    ///
    /// # Errors
    /// A sentence: the file cannot be written.
    pub fn answered(&self, ticket: Ticket, answer: &Answer) -> Result<(), String> {
        let Ok(reply) = answer.json() else { return Ok(()) };
        let mut state = self.state();
        let pk = reply.pointer("/result/pk").and_then(key);
        let model = reply.pointer("/result/model").and_then(Value::as_str).unwrap_or_default();
        let entry = match (ticket.0, pk) {
            (Some((n, wanted)), Some(pk)) if wanted == model => {
                // It is the sandbox's own only once it was looked at.
                if !state.scope.is_new(&wanted, pk) {
                    return Err(format!(
                        "the server says that it created {wanted} {pk}, but that was there before the sandbox was; nothing \
                         more is sent"
                    ));
                }
                state.numbers.insert((wanted.clone(), pk), n);
                Some(Entry::Created { n, model: wanted, pk })
            }
            (Some((n, _)), None) if reply.get("error").is_some() && reply.get("result").is_none() => {
                Some(Entry::Refused { n })
            }
            _ => None,
        };
        entry.map_or(Ok(()), |entry| state.journal.append(&entry)).map_err(|error| error.to_string())
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
