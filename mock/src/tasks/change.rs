//! What a task does when its turn comes: plain data, so that it can be listed, compared and replayed.

use carbon_specs::{FieldId, ModelId};

use crate::store::{Pk, Row, Store, Value};

/// One write.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A new row.
    Insert {
        /// Its model.
        model: ModelId,
        /// Its key, handed out when the call was answered.
        pk: Pk,
        /// Its values.
        row: Row,
    },
    /// A whole row, as Django's `save()` writes it: every column, the ones nobody touched too.
    Write {
        /// Its model.
        model: ModelId,
        /// Its key.
        pk: Pk,
        /// The row as the request read it.
        base: Row,
        /// The row as it will be.
        row: Row,
    },
    /// Some columns only: what the billing itself does (`debit = debit + 10`).
    Patch {
        /// Its model.
        model: ModelId,
        /// Its key.
        pk: Pk,
        /// Column by column.
        columns: Vec<(FieldId, Patch)>,
    },
    /// A row goes.
    Delete {
        /// Its model.
        model: ModelId,
        /// Its key.
        pk: Pk,
    },
}

/// What happens to one column.
#[derive(Clone, Debug, PartialEq)]
pub enum Patch {
    /// It becomes this.
    Set(Value),
    /// It becomes `to`, and the task fails if it is not `from` by then (`... where storno = 0`).
    Turn {
        /// What it must be.
        from: Value,
        /// What it becomes.
        to: Value,
    },
    /// It grows by this (an integer column; NULL counts as 0).
    Add(i64),
}

/// Why a change cannot be made; the task fails and nothing of it is kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// A row of this key is there already.
    #[error("{model} {pk} is there already")]
    Duplicate {
        /// The model.
        model: String,
        /// The key.
        pk: Pk,
    },
    /// There is no such row.
    #[error("{model} {pk} is not there any more")]
    Gone {
        /// The model.
        model: String,
        /// The key.
        pk: Pk,
    },
    /// A foreign key points at nothing.
    #[error("{model} {pk}: `{column}` points at {target}, which is not there")]
    Dangling {
        /// The model.
        model: String,
        /// The key.
        pk: Pk,
        /// The foreign key.
        column: String,
        /// Model and key it points at.
        target: String,
    },
    /// Another task was there first.
    #[error("{model} {pk}: `{column}` is {found} by now, not {expected}")]
    Turned {
        /// The model.
        model: String,
        /// The key.
        pk: Pk,
        /// The column.
        column: String,
        /// What it was when the request was answered.
        expected: String,
        /// What it is now.
        found: String,
    },
    /// A number left its range.
    #[error("{model} {pk}: `{column}` is out of range")]
    Overflow {
        /// The model.
        model: String,
        /// The key.
        pk: Pk,
        /// The column.
        column: String,
    },
}

impl Change {
    /// The row it touches.
    pub fn target(&self) -> (ModelId, Pk) {
        match self {
            Self::Insert { model, pk, .. }
            | Self::Write { model, pk, .. }
            | Self::Patch { model, pk, .. }
            | Self::Delete { model, pk } => (*model, *pk),
        }
    }

    /// Whether it replaces something that is there, whatever that is by then. What is new or adds to a sum does not.
    pub fn replaces(&self) -> bool {
        match self {
            Self::Insert { .. } => false,
            Self::Write { .. } | Self::Delete { .. } => true,
            Self::Patch { columns, .. } => columns.iter().any(|(_, patch)| !matches!(patch, Patch::Add(_))),
        }
    }

    /// Makes the change.
    ///
    /// # Errors
    /// See [`ChangeError`]; the store is as it was.
    pub fn apply(&self, store: &mut Store) -> Result<(), ChangeError> {
        let (model, pk) = self.target();
        let name = || store.model(model).name.clone();
        match self {
            Self::Insert { row, .. } => {
                if store.get(model, pk).is_some() {
                    return Err(ChangeError::Duplicate { model: name(), pk });
                }
                check_links(store, model, pk, None, row)?;
                store.put(model, pk, row.clone());
            }
            // Django's save() updates the row, and inserts it where it has gone meanwhile.
            Self::Write { row, .. } => {
                check_links(store, model, pk, store.get(model, pk), row)?;
                store.put(model, pk, row.clone());
            }
            Self::Patch { columns, .. } => {
                let earlier = store.get(model, pk).cloned().ok_or_else(|| ChangeError::Gone { model: name(), pk })?;
                let mut values = earlier.to_vec();
                for (field, patch) in columns {
                    values[field.0] = match patch {
                        Patch::Set(value) => value.clone(),
                        Patch::Turn { from, to } if values[field.0] == *from => to.clone(),
                        Patch::Turn { from, .. } => {
                            return Err(ChangeError::Turned {
                                model: name(),
                                pk,
                                column: store.model(model).at(*field).column.clone(),
                                expected: from.to_string(),
                                found: values[field.0].to_string(),
                            });
                        }
                        Patch::Add(amount) => {
                            let sum = values[field.0].as_int().unwrap_or(0).checked_add(*amount);
                            Value::Int(sum.ok_or_else(|| ChangeError::Overflow {
                                model: name(),
                                pk,
                                column: store.model(model).at(*field).column.clone(),
                            })?)
                        }
                    };
                }
                let row: Row = values.into();
                check_links(store, model, pk, Some(&earlier), &row)?;
                store.put(model, pk, row);
            }
            Self::Delete { .. } => {
                if store.remove(model, pk).is_none() {
                    return Err(ChangeError::Gone { model: store.model(model).name.clone(), pk });
                }
            }
        }
        Ok(())
    }
}

/// Every foreign key that changed points at a row, as the database's constraints would insist.
fn check_links(store: &Store, model: ModelId, pk: Pk, earlier: Option<&Row>, row: &Row) -> Result<(), ChangeError> {
    for field in &store.model(model).fields {
        let (Some(to), Value::Int(target)) = (field.to, &row[field.id.0]) else { continue };
        let unchanged = earlier.is_some_and(|earlier| earlier[field.id.0] == row[field.id.0]);
        let itself = (to, *target) == (model, pk);
        if !unchanged && !itself && store.get(to, *target).is_none() {
            return Err(ChangeError::Dangling {
                model: store.model(model).name.clone(),
                pk,
                column: field.column.clone(),
                target: format!("{} {target}", store.model(to).name),
            });
        }
    }
    Ok(())
}
