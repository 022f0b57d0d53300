//! Typed rows, keys and indexes, and nothing of protocol, time or billing.
//!
//! A [`Store`] is a value: cloning it takes a snapshot in time independent of its size, which is how long replies
//! stream from a consistent view, how a task is applied whole or not at all, and how a world is forked or reset.

mod columns;
pub mod state;
mod strict;
pub mod table;
pub mod value;

use std::sync::Arc;

use carbon_specs::{FieldId, Model, ModelId, Schema};

pub use columns::Stretch;
pub use state::StateError;
pub use table::{Pk, Row, Table};
pub use value::Value;

/// All rows of all models.
#[derive(Clone, Debug)]
pub struct Store {
    schema: Arc<Schema>,
    /// Shared until one is changed: a snapshot is taken for every call.
    tables: Arc<Vec<Arc<Table>>>,
}

impl Store {
    /// No rows.
    pub fn new(schema: Arc<Schema>) -> Self {
        let tables = schema.models.iter().map(|model| Arc::new(Table::new(model))).collect();
        Self { schema, tables: Arc::new(tables) }
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
    pub fn matching<'s>(&'s self, model: ModelId, field: FieldId, value: &Value) -> Box<dyn Iterator<Item = Pk> + 's> {
        let table = self.table(model);
        if self.model(model).pk == field {
            return Box::new(value.as_int().filter(|pk| table.get(*pk).is_some()).into_iter());
        }
        match table.by_index(field, value) {
            Some(keys) => Box::new(keys),
            None => {
                let value = value.clone();
                Box::new(table.iter().filter(move |(_, row)| row[field.0].key_eq(&value)).map(|(pk, _)| pk))
            }
        }
    }

    /// How many rows there are in all.
    pub fn len(&self) -> usize {
        self.tables.iter().map(|table| table.len()).sum()
    }

    /// Whether there is no row at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn table_mut(&mut self, model: ModelId) -> &mut Table {
        Arc::make_mut(&mut Arc::make_mut(&mut self.tables)[model.0])
    }

    /// Stores a row; the earlier one of this key, if any, is returned.
    pub fn put(&mut self, model: ModelId, pk: Pk, row: Row) -> Option<Row> {
        self.table_mut(model).put(pk, row)
    }

    /// Removes a row.
    pub fn remove(&mut self, model: ModelId, pk: Pk) -> Option<Row> {
        self.table_mut(model).remove(pk)
    }
}
