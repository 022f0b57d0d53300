//! Reading rows by key and by column, for code that has a state and no pen (properties), and for code that has both.

use crate::orm::{CallError, Instance};
use crate::store::{Pk, Row, Store, Value};

/// The object of this key, if it is there.
///
/// # Errors
/// For an unknown model: a bug of ours.
pub fn find(store: &Store, model: &str, pk: Pk) -> Result<Option<Instance>, CallError> {
    let id = known(store, model)?.id;
    Ok(store.get(id, pk).map(|row| Instance::of_row(store.schema(), id, pk, row)))
}

/// The object that a foreign key points at, if it points at one that is there.
///
/// # Errors
/// For an unknown model or column: a bug of ours.
pub fn follow(store: &Store, object: &Instance, column: &str, model: &str) -> Result<Option<Instance>, CallError> {
    match object.int(column)? {
        Some(pk) => find(store, model, pk),
        None => Ok(None),
    }
}

/// The object that a foreign key must point at. One that so far exists only in a task is not there yet.
///
/// # Errors
/// A refusal for NULL, Django's text for a key without a row.
pub fn need(store: &Store, object: &Instance, column: &str, model: &str) -> Result<Instance, CallError> {
    match object.int(column)? {
        None => Err(CallError::Refused(format!("{column} is required"))),
        Some(pk) => find(store, model, pk)?.ok_or_else(|| CallError::DoesNotExist { model: model.to_owned() }),
    }
}

/// The objects whose columns all have these values, in the order of their keys. Name an indexed column first.
///
/// # Errors
/// For an unknown model or column: a bug of ours.
pub fn all_where(store: &Store, model: &str, conditions: &[(&str, Value)]) -> Result<Vec<Instance>, CallError> {
    let model = known(store, model)?;
    let mut resolved = Vec::with_capacity(conditions.len());
    for (column, value) in conditions {
        let field = model
            .field(column)
            .ok_or_else(|| CallError::Internal(format!("{} has no field `{column}`", model.name)))?;
        resolved.push((field.id, value));
    }
    let fits = |row: &Row| resolved.iter().all(|(field, value)| row[field.0] == **value);
    let object = |pk: Pk, row: &Row| Instance::of_row(store.schema(), model.id, pk, row);
    Ok(match resolved.first() {
        Some((field, value)) => store
            .matching(model.id, *field, value)
            .filter_map(|pk| store.get(model.id, pk).map(|row| (pk, row)))
            .filter(|(_, row)| fits(row))
            .map(|(pk, row)| object(pk, row))
            .collect(),
        None => store.table(model.id).iter().map(|(pk, row)| object(pk, row)).collect(),
    })
}

fn known<'s>(store: &'s Store, model: &str) -> Result<&'s carbon_specs::Model, CallError> {
    store.schema().model(model).ok_or_else(|| CallError::Internal(format!("no model `{model}`")))
}
