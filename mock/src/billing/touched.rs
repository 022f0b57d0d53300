//! Rows that changes touched, as they were before and as they are now.
//!
//! What follows from a change is read off these two, not off the change: a `save`, an `update` of many rows, a delete
//! that takes others along and a stale row written back by a task all come to the same here.

use std::collections::BTreeSet;

use carbon_specs::ModelId;

use crate::orm::{CallError, Instance};
use crate::store::{Pk, Store};
use crate::tasks::Change;

/// A row: its model and key.
pub type Target = (ModelId, Pk);

/// A row before and after changes.
#[derive(Clone, Debug)]
pub struct Touched {
    /// Its model.
    pub model: ModelId,
    /// Its key.
    pub pk: Pk,
    /// As it was; none for a new row.
    pub before: Option<Instance>,
    /// As it is; none for a row that is gone.
    pub after: Option<Instance>,
}

impl Touched {
    /// Whether the row was not there before.
    pub fn is_new(&self) -> bool {
        self.before.is_none() && self.after.is_some()
    }

    /// Whether a column has another value than before; every one has in a row that came or went.
    ///
    /// # Errors
    /// Where the model has no such column: a bug of ours.
    pub fn changed(&self, column: &str) -> Result<bool, CallError> {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => Ok(before.value(column)? != after.value(column)?),
            (before, after) => Ok(before.is_some() != after.is_some()),
        }
    }

    /// Whether one of these columns has another value than before.
    ///
    /// # Errors
    /// Where the model has no such column: a bug of ours.
    pub fn any_changed(&self, columns: &[&str]) -> Result<bool, CallError> {
        for column in columns {
            if self.changed(column)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The row as it is, or as it was where it is gone, or both where both are there.
    pub fn versions(&self) -> impl Iterator<Item = &Instance> {
        self.before.iter().chain(&self.after)
    }
}

/// The rows that changes touch, each once, in the order in which they are first touched.
pub fn targets<'c>(changes: impl IntoIterator<Item = &'c Change>) -> Vec<Target> {
    let mut seen = BTreeSet::new();
    changes.into_iter().map(Change::target).filter(|target| seen.insert(*target)).collect()
}

/// Those of some models, as they were before and as they are now.
pub fn rows(before: &Store, after: &Store, targets: &[Target], models: &[&str]) -> Vec<Touched> {
    let schema = after.schema();
    let watched: Vec<ModelId> = models.iter().filter_map(|name| schema.model(name)).map(|model| model.id).collect();
    targets
        .iter()
        .filter(|(model, _)| watched.contains(model))
        .map(|(model, pk)| row(before, after, *model, *pk))
        .collect()
}

/// One row before and after.
pub fn row(before: &Store, after: &Store, model: ModelId, pk: Pk) -> Touched {
    let read = |store: &Store| store.get(model, pk).map(|row| Instance::of_row(store.schema(), model, pk, row));
    Touched { model, pk, before: read(before), after: read(after) }
}
