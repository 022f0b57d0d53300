//! One object in a chain: a row, read or new, that `set` changes and `save` writes.

use std::sync::Arc;

use carbon_specs::{Field, Model, ModelId, Schema};
use jiff::civil::{Date, DateTime};

use super::error::CallError;
use crate::store::{Pk, Row, Value};

/// An object of a model. Nobody else sees what is set on it until it is saved and its task has run.
#[derive(Clone, Debug)]
pub struct Instance {
    schema: Arc<Schema>,
    /// Its model.
    pub model: ModelId,
    /// Its key; none before it is first saved.
    pub pk: Option<Pk>,
    /// One value per field, in the model's order.
    pub values: Vec<Value>,
    /// The row as it was read; none for a new object.
    pub base: Option<Row>,
}

impl Instance {
    /// The object of a row that was read.
    pub fn of_row(schema: &Arc<Schema>, model: ModelId, pk: Pk, row: &Row) -> Self {
        Self { schema: Arc::clone(schema), model, pk: Some(pk), values: row.to_vec(), base: Some(Arc::clone(row)) }
    }

    /// An object that is not in the database.
    pub fn new(schema: &Arc<Schema>, model: ModelId, values: Vec<Value>) -> Self {
        Self { schema: Arc::clone(schema), model, pk: None, values, base: None }
    }

    /// Its model.
    pub fn model(&self) -> &Model {
        self.schema.at(self.model)
    }

    /// The field of this column (`tarif_id`) or name.
    ///
    /// # Errors
    /// [`CallError::Internal`]: for names written in our own code.
    pub fn field(&self, name: &str) -> Result<&Field, CallError> {
        let model = self.model();
        model.field(name).ok_or_else(|| CallError::Internal(format!("{} has no field `{name}`", model.name)))
    }

    /// A column's value.
    ///
    /// # Errors
    /// Where the model has no such column: a bug of ours.
    pub fn value(&self, column: &str) -> Result<&Value, CallError> {
        let field = self.field(column)?;
        Ok(&self.values[field.id.0])
    }

    /// An integer column; none for NULL.
    ///
    /// # Errors
    /// Where the model has no such column: a bug of ours.
    pub fn int(&self, column: &str) -> Result<Option<i64>, CallError> {
        Ok(self.value(column)?.as_int())
    }

    /// Whether a flag is set.
    ///
    /// # Errors
    /// Where the model has no such column: a bug of ours.
    pub fn flag(&self, column: &str) -> Result<bool, CallError> {
        Ok(self.int(column)? == Some(1))
    }

    /// A text column; `""` for NULL.
    ///
    /// # Errors
    /// Where the model has no such column: a bug of ours.
    pub fn text(&self, column: &str) -> Result<&str, CallError> {
        Ok(self.value(column)?.as_text().unwrap_or_default())
    }

    /// A date column; none for NULL.
    ///
    /// # Errors
    /// Where the model has no such column: a bug of ours.
    pub fn date(&self, column: &str) -> Result<Option<Date>, CallError> {
        Ok(self.value(column)?.as_date())
    }

    /// A datetime column; none for NULL.
    ///
    /// # Errors
    /// Where the model has no such column: a bug of ours.
    pub fn datetime(&self, column: &str) -> Result<Option<DateTime>, CallError> {
        Ok(self.value(column)?.as_datetime())
    }

    /// Changes a column of this object only.
    ///
    /// # Errors
    /// Where the model has no such column: a bug of ours.
    pub fn put(&mut self, column: &str, value: impl Into<Value>) -> Result<(), CallError> {
        let place = self.field(column)?.id.0;
        self.values[place] = value.into();
        Ok(())
    }

    /// Whether a column differs from the row that was read (or from nothing, for a new object).
    ///
    /// # Errors
    /// Where the model has no such column: a bug of ours.
    pub fn changed(&self, column: &str) -> Result<bool, CallError> {
        let place = self.field(column)?.id.0;
        Ok(self.base.as_ref().is_none_or(|base| base[place] != self.values[place]))
    }

    /// Its values as a row.
    pub fn row(&self) -> Row {
        self.values.clone().into()
    }
}
