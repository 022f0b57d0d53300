//! What must hold of a state that is handed in: a file is written by hand, and no call has looked at its rows.

use std::collections::{HashMap, HashSet};

use carbon_specs::{FieldId, Model};

use crate::store::{Pk, StateError, Store, Value};

/// Refuses folders that contain themselves, and accounts that have a login or an address of another.
///
/// # Errors
/// Names the row.
pub fn check(store: &Store) -> Result<(), StateError> {
    check_folders(store)?;
    ["login", "ip"].iter().try_for_each(|column| check_accounts(store, column))
}

fn wrong(model: &Model, pk: Pk, problem: String) -> StateError {
    StateError::Row { model: model.name.clone(), pk: pk.to_string(), problem }
}

fn place(model: &Model, column: &str) -> Option<FieldId> {
    model.field(column).map(|field| field.id)
}

fn check_folders(store: &Store) -> Result<(), StateError> {
    let Some(model) = store.schema().model("Abonents") else { return Ok(()) };
    let Some(parent) = place(model, "parent_id") else { return Ok(()) };
    let mut sound: HashSet<Pk> = HashSet::new();
    for (start, _) in store.table(model.id).iter() {
        let mut way: HashSet<Pk> = HashSet::new();
        let mut next = Some(start);
        while let Some(pk) = next.filter(|pk| !sound.contains(pk)) {
            if !way.insert(pk) {
                return Err(wrong(model, pk, "lies in itself: follow its `parent_id`".to_owned()));
            }
            next = store.get(model.id, pk).and_then(|row| row[parent.0].as_int());
        }
        sound.extend(way);
    }
    Ok(())
}

fn check_accounts(store: &Store, column: &str) -> Result<(), StateError> {
    let Some(model) = store.schema().model("Users") else { return Ok(()) };
    let (Some(field), Some(deleted)) = (place(model, column), place(model, "deleted")) else { return Ok(()) };
    let mut holders: HashMap<Value, Pk> = HashMap::new();
    for (pk, row) in store.table(model.id).iter() {
        let value = row[field.0].key();
        // In the trash an account has neither.
        if row[deleted.0] == Value::Int(1) || value.as_text().is_none_or(str::is_empty) {
            continue;
        }
        if let Some(other) = holders.insert(value, pk) {
            let value = &row[field.0];
            return Err(wrong(model, pk, format!("`{column}` is {value}, as that of {} {other}", model.name)));
        }
    }
    Ok(())
}
