//! The rows of one model, and its indexes.

use std::sync::{Arc, OnceLock};

use carbon_specs::{FieldId, Model};
use imbl::{OrdMap, OrdSet};

use super::columns::{Columns, Stretch};
use super::value::Value;

/// A primary key.
pub type Pk = i64;

/// A row: one value per field of the model, in the model's order, the primary key among them.
pub type Row = Arc<[Value]>;

/// One model's rows. Cloning it costs a few pointers, whatever its size; a clone is unaffected by later changes.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: OrdMap<Pk, Row>,
    columns: Columns,
    /// Set when the rows are first looked through.
    looked_through: OnceLock<()>,
    /// For each field that is indexed, every (value, key) but those of NULL, which nothing equals.
    indexes: Vec<Option<OrdSet<(Value, Pk)>>>,
}

impl Table {
    /// No rows.
    pub fn new(model: &Model) -> Self {
        let indexes = model.fields.iter().map(|field| field.indexed.then(OrdSet::new)).collect();
        Self { rows: OrdMap::new(), columns: Columns::default(), looked_through: OnceLock::new(), indexes }
    }

    /// The row of this key.
    pub fn get(&self, pk: Pk) -> Option<&Row> {
        self.rows.get(&pk)
    }

    /// All rows in the order of their keys.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Pk, &Row)> {
        self.rows.iter().map(|(pk, row)| (*pk, row))
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The greatest key.
    pub fn last_pk(&self) -> Option<Pk> {
        self.rows.get_max().map(|(pk, _)| *pk)
    }

    /// The least key that is not below this one.
    pub fn key_from(&self, least: Pk) -> Option<Pk> {
        self.rows.range(least..).next().map(|(pk, _)| *pk)
    }

    /// Whether it pays to copy columns out: from the second time on that the rows are looked through. Once alone is done sooner by
    /// following each row.
    pub fn columns_pay(&self) -> bool {
        self.looked_through.set(()).is_err()
    }

    /// The rows in stretches of neighbouring keys, whose columns are copied out as they are asked for.
    pub fn stretches(&self) -> impl Iterator<Item = Stretch<'_>> {
        self.columns.stretches(&self.rows)
    }

    /// Whether this field is kept in an index.
    pub fn is_indexed(&self, field: FieldId) -> bool {
        self.indexes.get(field.0).is_some_and(Option::is_some)
    }

    /// The keys of the rows whose indexed field equals this value as the database compares, ascending; `None` if the
    /// field is not indexed, or the value is NULL.
    pub fn by_index(&self, field: FieldId, value: &Value) -> Option<impl Iterator<Item = Pk> + '_> {
        let index = self.indexes.get(field.0)?.as_ref().filter(|_| !value.is_null())?;
        let value = value.key();
        let first = (value.clone(), Pk::MIN);
        let last = (value, Pk::MAX);
        Some(index.range(first..=last).map(|(_, pk)| *pk))
    }

    /// Stores a row, replacing the one of this key, which is returned.
    pub fn put(&mut self, pk: Pk, row: Row) -> Option<Row> {
        let earlier = self.rows.insert(pk, Arc::clone(&row));
        self.columns.changed(pk, earlier.is_none(), self.rows.len());
        for (place, index) in self.indexes.iter_mut().enumerate() {
            let Some(index) = index else { continue };
            if let Some(earlier) = &earlier {
                if earlier[place] == row[place] {
                    continue;
                }
                if !earlier[place].is_null() {
                    index.remove(&(earlier[place].key(), pk));
                }
            }
            if !row[place].is_null() {
                index.insert((row[place].key(), pk));
            }
        }
        earlier
    }

    /// Removes the row of this key.
    pub fn remove(&mut self, pk: Pk) -> Option<Row> {
        let row = self.rows.remove(&pk)?;
        self.columns.changed(pk, false, self.rows.len());
        for (place, index) in self.indexes.iter_mut().enumerate() {
            if let Some(index) = index
                && !row[place].is_null()
            {
                index.remove(&(row[place].key(), pk));
            }
        }
        Some(row)
    }
}
