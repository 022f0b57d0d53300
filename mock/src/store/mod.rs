//! Typed rows, keys and indexes, and nothing of protocol, time or billing.
//!
//! A [`Store`] is a value: cloning it takes a snapshot in time independent of its size, which is how long replies
//! stream from a consistent view, how a task is applied whole or not at all, and how a world is forked or reset.

pub mod state;
pub mod table;
pub mod value;

use std::collections::BTreeSet;
use std::sync::Arc;

use carbon_specs::{FieldId, Model, ModelId, Schema};

pub use state::StateError;
pub use table::{Pk, Row, Table};
pub use value::Value;

/// All rows of all models.
#[derive(Clone, Debug)]
pub struct Store {
    schema: Arc<Schema>,
    tables: Vec<Table>,
}

impl Store {
    /// No rows.
    pub fn new(schema: Arc<Schema>) -> Self {
        let tables = schema.models.iter().map(Table::new).collect();
        Self { schema, tables }
    }

    /// The models it holds.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The model at a place.
    pub fn model(&self, id: ModelId) -> &Model {
        self.schema.at(id)
    }

    /// The rows of one model.
    pub fn table(&self, model: ModelId) -> &Table {
        &self.tables[model.0]
    }

    /// One row.
    pub fn get(&self, model: ModelId, pk: Pk) -> Option<&Row> {
        self.tables[model.0].get(pk)
    }

    /// The keys of the rows whose field equals this value as the database compares, ascending: by index
    /// where there is one.
    pub fn matching(&self, model: ModelId, field: FieldId, value: &Value) -> BTreeSet<Pk> {
        let table = self.table(model);
        if self.model(model).pk == field {
            return value.as_int().filter(|pk| table.get(*pk).is_some()).into_iter().collect();
        }
        match table.by_index(field, value) {
            Some(keys) => keys.collect(),
            None => table.iter().filter(|(_, row)| row[field.0].key_eq(value)).map(|(pk, _)| pk).collect(),
        }
    }

    /// Stores a row; the earlier one of this key, if any, is returned.
    pub fn put(&mut self, model: ModelId, pk: Pk, row: Row) -> Option<Row> {
        self.tables[model.0].put(pk, row)
    }

    /// Removes a row.
    pub fn remove(&mut self, model: ModelId, pk: Pk) -> Option<Row> {
        self.tables[model.0].remove(pk)
    }
}
