//! An earlier recording, by which a run is judged.

use std::sync::Arc;

use carbon_specs::Schema;

use super::changes::Change;
use super::recording::{Depth, Recording};
use crate::exchange::Exchange;
use crate::redact::Redactor;

/// An earlier recording, and how closely it is compared.
#[derive(Debug)]
pub struct Baseline {
    schema: Arc<Schema>,
    earlier: Recording,
    depth: Depth,
    /// With the key of the recording: what is hidden there is hidden here, to the same placeholders.
    redactor: Redactor,
}

impl Baseline {
    /// From a recording and the key of its placeholders.
    pub fn new(schema: Arc<Schema>, earlier: Recording, depth: Depth, key: Vec<u8>) -> Self {
        let redactor = Redactor::new(Arc::clone(&schema), key);
        Self { schema, earlier, depth, redactor }
    }

    /// That the server is asked as the recorded one was.
    ///
    /// # Errors
    /// What is to be given.
    pub fn asked_like(&self, is_bound: bool) -> Result<(), String> {
        self.earlier.manifest.asked_like(is_bound)
    }

    /// What changed in a call's replies; `None` where the recording has not got the call.
    pub fn changes(&self, name: &str, exchanges: &[Exchange]) -> Option<Vec<Change>> {
        let was = self.earlier.calls.get(name)?;
        let mut is = Recording::default();
        is.take(name, exchanges, &self.redactor);
        let is = is.calls.remove(name)?;
        Some(is.changes(&self.schema, &self.redactor, was, self.depth, &self.earlier.masks))
    }
}
