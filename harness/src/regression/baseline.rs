//! An earlier recording, by which a run is judged.

use std::sync::{Arc, Mutex, PoisonError};

use carbon_specs::Schema;

use super::changes::Change;
use super::recording::{Depth, Recording};
use super::redact::Redactor;
use crate::exchange::Exchange;

/// An earlier recording, and how closely it is compared.
#[derive(Debug)]
pub struct Baseline {
    schema: Arc<Schema>,
    earlier: Recording,
    depth: Depth,
    /// With the key of the recording: what is hidden there is hidden here, to the same placeholders.
    redactor: Mutex<Redactor>,
}

impl Baseline {
    /// From a recording and the key of its placeholders.
    pub fn new(schema: Arc<Schema>, earlier: Recording, depth: Depth, key: Vec<u8>) -> Self {
        let redactor = Mutex::new(Redactor::new(Arc::clone(&schema), key));
        Self { schema, earlier, depth, redactor }
    }

    /// What changed in a call's replies; `None` where the recording has not got the call.
    pub fn changes(&self, name: &str, exchanges: &[Exchange]) -> Option<Vec<Change>> {
        let was = self.earlier.calls.get(name)?;
        let mut is = Recording::default();
        let mut redactor = self.redactor.lock().unwrap_or_else(PoisonError::into_inner);
        is.take(name, exchanges, &mut redactor);
        let is = is.calls.remove(name)?;
        Some(is.changes(&self.schema, was, self.depth, &self.earlier.masks))
    }
}
