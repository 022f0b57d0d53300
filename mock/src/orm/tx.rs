//! What one request (or one task) sees and changes: its own view of the state, and the changes it asks for.
//!
//! A request works on a copy of the committed state, so that it reads its own writes and its reply shows the new
//! values at once. Its changes are recorded on the way; the world queues them as one task. When the task's turn comes
//! they are made on the committed state, in a `Tx` again, so that what follows from them is computed from what is
//! true then.

use std::collections::HashMap;
use std::sync::Arc;

use carbon_specs::schema::FieldType;
use carbon_specs::{Model, ModelId, Provenance, Schema};
use jiff::civil::DateTime;

use super::error::CallError;
use super::instance::Instance;
use crate::deviation::Deviations;
use crate::store::{Pk, Store, Value, state};
use crate::tasks::{Chance, Change, ChangeError, Patch};

/// Keys handed out: never twice, though the rows exist only when their tasks have run.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    handed: HashMap<ModelId, Pk>,
    floor: Pk,
}

impl Keys {
    /// Keys that are all greater than this one, however small those in the state are.
    pub fn above(floor: Pk) -> Self {
        Self { handed: HashMap::new(), floor }
    }

    /// The next key of a model: one more than the greatest there is or was handed out.
    ///
    /// # Errors
    /// The greatest key that the column can hold is taken.
    pub fn next(&mut self, store: &Store, model: ModelId) -> Result<Pk, CallError> {
        let last = store.table(model).last_pk().unwrap_or(0);
        let last = self.handed.get(&model).copied().unwrap_or(self.floor).max(last).max(0);
        let model = store.schema().at(model);
        let greatest = match model.at(model.pk).kind {
            // Keys above a floor are foreseen, and never written.
            FieldType::Int if self.floor == 0 => i64::from(i32::MAX),
            _ => i64::MAX,
        };
        if last >= greatest {
            return Err(CallError::Refused(format!(
                "{} has no keys left: {last} is the greatest, and taken",
                model.name
            )));
        }
        self.handed.insert(model.id, last + 1);
        Ok(last + 1)
    }
}

/// Addresses promised to accounts whose tasks have not run yet, so that none is given out twice.
pub type Leases = std::collections::HashSet<String>;

/// The view and the pen of one request or task.
#[derive(Debug)]
pub struct Tx<'w> {
    /// The state as this request sees it: committed, with its own changes.
    pub store: Store,
    /// The state as it was before the first of them.
    pub before: Store,
    /// The moment.
    pub now: DateTime,
    /// The dice.
    pub chance: &'w mut Chance,
    /// The keys handed out.
    pub keys: &'w mut Keys,
    /// The addresses promised.
    pub leases: &'w mut Leases,
    /// Whether a task is running (then what follows is derived again), rather than a request being answered.
    pub committing: bool,
    /// How the server misbehaves on purpose; usually not at all.
    pub deviations: Deviations,
    /// What the caller should know though the call is answered.
    pub warnings: Vec<String>,
    changes: Vec<Change>,
    weakest: Provenance,
    failures: Vec<Failure>,
}

/// A part of the work that failed and left nothing behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The model of the object it was about.
    pub model: ModelId,
    /// Its key.
    pub pk: Pk,
    /// Why.
    pub error: CallError,
}

/// What a view leaves behind.
#[derive(Debug)]
pub struct Finished {
    /// The state as it was seen last.
    pub view: Store,
    /// The changes made.
    pub changes: Vec<Change>,
    /// The weakest standing of what the answer relies on.
    pub provenance: Provenance,
    /// What the caller should know.
    pub warnings: Vec<String>,
    /// What was attempted in vain.
    pub failures: Vec<Failure>,
}

impl<'w> Tx<'w> {
    /// A view of a state at a moment.
    pub fn new(
        store: Store,
        now: DateTime,
        chance: &'w mut Chance,
        keys: &'w mut Keys,
        leases: &'w mut Leases,
        committing: bool,
    ) -> Self {
        Self {
            before: store.clone(),
            store,
            now,
            chance,
            keys,
            leases,
            committing,
            deviations: Deviations::NONE,
            warnings: Vec::new(),
            changes: Vec::new(),
            weakest: Provenance::Documented,
            failures: Vec::new(),
        }
    }

    /// The models.
    pub fn schema(&self) -> Arc<Schema> {
        Arc::clone(self.store.schema())
    }

    /// The model of this name.
    ///
    /// # Errors
    /// [`CallError::Internal`]: for names written in our own code.
    pub fn model(&self, name: &str) -> Result<&Model, CallError> {
        self.store.schema().model(name).ok_or_else(|| CallError::Internal(format!("no model `{name}`")))
    }

    /// The object of this key, if it is there.
    ///
    /// # Errors
    /// For an unknown model: a bug of ours.
    pub fn find(&self, model: &str, pk: Pk) -> Result<Option<Instance>, CallError> {
        let id = self.model(model)?.id;
        Ok(self.store.get(id, pk).map(|row| Instance::of_row(self.store.schema(), id, pk, row)))
    }

    /// The object of this key.
    ///
    /// # Errors
    /// [`CallError::DoesNotExist`].
    pub fn get(&self, model: &str, pk: Pk) -> Result<Instance, CallError> {
        self.find(model, pk)?.ok_or_else(|| CallError::DoesNotExist { model: model.to_owned() })
    }

    /// The objects whose columns all have these values, in the order of their keys. Uses the index of the first
    /// condition that has one.
    ///
    /// # Errors
    /// For an unknown model or column: a bug of ours.
    pub fn all_where(&self, model: &str, conditions: &[(&str, Value)]) -> Result<Vec<Instance>, CallError> {
        let model = self.model(model)?;
        let mut resolved = Vec::with_capacity(conditions.len());
        for (column, value) in conditions {
            let field = model
                .field(column)
                .ok_or_else(|| CallError::Internal(format!("{} has no field `{column}`", model.name)))?;
            resolved.push((field.id, value));
        }
        let table = self.store.table(model.id);
        let keys: Vec<Pk> = match resolved.iter().find(|(field, _)| table.is_indexed(*field) || model.pk == *field) {
            Some((field, value)) => self.store.matching(model.id, *field, value).collect(),
            None => table.iter().map(|(pk, _)| pk).collect(),
        };
        Ok(keys
            .into_iter()
            .filter_map(|pk| table.get(pk).map(|row| (pk, row)))
            .filter(|(_, row)| resolved.iter().all(|(field, value)| row[field.0].key_eq(value)))
            .map(|(pk, row)| Instance::of_row(self.store.schema(), model.id, pk, row))
            .collect())
    }

    /// A new object with the model's defaults. A column that needs a value and has none is NULL until it is set.
    ///
    /// # Errors
    /// For an unknown model: a bug of ours.
    pub fn blank(&self, model: &str) -> Result<Instance, CallError> {
        let model = self.model(model)?;
        let values = model.fields.iter().map(|field| state::default(field, self.now).unwrap_or(Value::Null)).collect();
        Ok(Instance::new(self.store.schema(), model.id, values))
    }

    /// Writes an object: a new row with a new key, or the whole row over the one that is there.
    ///
    /// # Errors
    /// Where a column that needs a value has none, or a foreign key points at nothing this request can see.
    pub fn save(&mut self, object: &mut Instance) -> Result<Pk, CallError> {
        let pk = match object.pk {
            Some(pk) => pk,
            None => self.keys.next(&self.store, object.model)?,
        };
        let pk_place = object.model().pk.0;
        object.values[pk_place] = Value::Int(pk);
        if let Some(field) =
            object.model().fields.iter().find(|field| !field.null && object.values[field.id.0].is_null())
        {
            let model = &object.model().name;
            return Err(CallError::Value(format!("{}.{} may not be NULL", model, field.column)));
        }
        let row = object.row();
        let change = match object.base.take() {
            Some(base) => Change::Write { model: object.model, pk, base, row: Arc::clone(&row) },
            None => Change::Insert { model: object.model, pk, row: Arc::clone(&row) },
        };
        object.pk = Some(pk);
        object.base = Some(row);
        self.apply(change)?;
        Ok(pk)
    }

    /// Changes some columns of a row, whatever the others are when the task runs.
    ///
    /// # Errors
    /// For an unknown model or column (a bug of ours), or a row that is not there.
    pub fn patch(&mut self, model: &str, pk: Pk, columns: &[(&str, Patch)]) -> Result<(), CallError> {
        let model = self.model(model)?;
        let mut resolved = Vec::with_capacity(columns.len());
        for (column, patch) in columns {
            let field = model
                .field(column)
                .ok_or_else(|| CallError::Internal(format!("{} has no field `{column}`", model.name)))?;
            resolved.push((field.id, patch.clone()));
        }
        let change = Change::Patch { model: model.id, pk, columns: resolved };
        self.apply(change)
    }

    /// Deletes one row and nothing else.
    ///
    /// # Errors
    /// Where it is not there.
    pub fn delete(&mut self, model: &str, pk: Pk) -> Result<(), CallError> {
        let model = self.model(model)?.id;
        self.apply(Change::Delete { model, pk })
    }

    /// Deletes a row as Django does: rows that cannot be without it go too, the other links are set to NULL.
    ///
    /// # Errors
    /// Where it is not there.
    pub fn delete_cascading(&mut self, model: ModelId, pk: Pk) -> Result<(), CallError> {
        let relations = self.store.model(model).relations.clone();
        for relation in relations {
            let nullable = self.store.model(relation.model).at(relation.field).null;
            let linked: Vec<Pk> = self.store.matching(relation.model, relation.field, &Value::Int(pk)).collect();
            for linked in linked {
                if nullable {
                    let columns = vec![(relation.field, Patch::Set(Value::Null))];
                    self.apply(Change::Patch { model: relation.model, pk: linked, columns })?;
                } else if (relation.model, linked) != (model, pk) && self.store.get(relation.model, linked).is_some() {
                    self.delete_cascading(relation.model, linked)?;
                }
            }
        }
        self.apply(Change::Delete { model, pk })
    }

    /// Makes a change on this view and records it.
    ///
    /// # Errors
    /// See [`Change::apply`].
    pub fn apply(&mut self, change: Change) -> Result<(), CallError> {
        // A request may name a row that so far exists only in a task: its foreign keys are checked when it commits.
        if let Change::Insert { model, pk, row } | Change::Write { model, pk, row, .. } = &change
            && !self.committing
        {
            if matches!(change, Change::Insert { .. }) && self.store.get(*model, *pk).is_some() {
                let model = self.store.model(*model).name.clone();
                return Err(ChangeError::Duplicate { model, pk: *pk }.into());
            }
            self.store.put(*model, *pk, Arc::clone(row));
        } else {
            change.apply(&mut self.store)?;
        }
        self.changes.push(change);
        Ok(())
    }

    /// Does the part of the work that is about one object, as a transaction in this one. Where it fails, nothing of it is
    /// kept, the failure is noted, and the rest goes on.
    pub fn attempt(&mut self, model: ModelId, pk: Pk, work: impl FnOnce(&mut Self) -> Result<(), CallError>) {
        let (state, changes) = (self.store.clone(), self.changes.len());
        let outer = std::mem::replace(&mut self.before, state.clone());
        let result = work(self);
        self.before = outer;
        if let Err(error) = result {
            self.store = state;
            self.changes.truncate(changes);
            self.failures.push(Failure { model, pk, error });
        }
    }

    /// The changes so far.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Ends the view.
    pub fn finish(self) -> Finished {
        Finished {
            view: self.store,
            changes: self.changes,
            provenance: self.weakest,
            warnings: self.warnings,
            failures: self.failures,
        }
    }

    /// Notes that the answer relies on something of this standing.
    pub fn rely_on(&mut self, provenance: Provenance) {
        self.weakest = self.weakest.max(provenance);
    }
}
