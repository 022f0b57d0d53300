//! The state file: `{"Abonents": [{"pk": 45, "fields": {...}}], ...}`, in and out.

use std::sync::{Arc, mpsc};
use std::thread;

use carbon_specs::demo::DemoRow;
use carbon_specs::{Field, FieldType, Model, Schema};
use jiff::civil::DateTime;
use serde::de::DeserializeSeed;
use serde_json::{Map, Value as Json, json};

use super::value::{self, Value};
use super::{Pk, Row, Store, strict};

/// Why a state is refused; names the entry.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Not JSON, or JSON of another form.
    #[error("it is not the JSON of a state, an object of lists of rows: {0}")]
    Json(serde_json::Error),
    /// Not an object of lists.
    #[error("a state is an object of lists of rows: {0}")]
    Form(String),
    /// A key that is no model.
    #[error("`{0}` is no model")]
    Model(String),
    /// One row is wrong.
    #[error("{model} {pk}: {problem}")]
    Row {
        /// The model.
        model: String,
        /// The key, or the row's place in its list.
        pk: String,
        /// What is wrong.
        problem: String,
    },
}

/// So many demo rows are handed over at once.
const BATCH: usize = 1024;

/// So many batches wait to be stored.
const BATCHES: usize = 8;

impl Store {
    /// The state of demo rows. They are made and checked on one thread and stored on another, in batches, so that a
    /// million subscribers take half the time and no list of them is ever held.
    ///
    /// # Errors
    /// The first row that does not fit its model.
    pub fn from_rows(
        schema: &Arc<Schema>,
        rows: impl IntoIterator<Item = DemoRow, IntoIter: Send>,
        now: DateTime,
    ) -> Result<Self, StateError> {
        let mut rows = rows.into_iter();
        let mut store = Self::new(Arc::clone(schema));
        thread::scope(|threads| {
            let (made, taken) = mpsc::sync_channel(BATCHES);
            threads.spawn(move || {
                loop {
                    let build = |row: DemoRow| {
                        build_row(schema.at(row.model), row.pk, &row.fields, now)
                            .map(|built| (row.model, row.pk, built))
                    };
                    let batch: Vec<_> = rows.by_ref().take(BATCH).map(build).collect();
                    // Nobody takes any more where a row was refused.
                    if batch.is_empty() || made.send(batch).is_err() {
                        return;
                    }
                }
            });
            for row in taken.into_iter().flatten() {
                let (model, pk, row) = row?;
                if store.put(model, pk, row).is_some() {
                    return Err(row_error(schema.at(model), pk, "is there twice"));
                }
            }
            Ok(store)
        })
    }

    /// The state that JSON in hand holds. Columns left out take their defaults.
    ///
    /// # Errors
    /// The first entry that is wrong: nothing is taken over then.
    pub fn from_state(schema: &Arc<Schema>, state: &Json, now: DateTime) -> Result<Self, StateError> {
        let mut store = Self::new(Arc::clone(schema));
        let mut refused = None;
        let read = strict::States { store: &mut store, now, refused: &mut refused }.deserialize(state);
        if let Err(error) = read {
            return Err(refused.unwrap_or_else(|| StateError::Form(error.to_string())));
        }
        store.check_links()?;
        Ok(store)
    }

    /// The state that the text of a state file holds, taken row by row: never more than one row is held as JSON.
    ///
    /// # Errors
    /// As [`Self::from_state`], and text that is not JSON.
    pub fn from_text(schema: &Arc<Schema>, text: &[u8], now: DateTime) -> Result<Self, StateError> {
        let mut store = Self::new(Arc::clone(schema));
        let mut refused = None;
        let mut json = serde_json::Deserializer::from_slice(text);
        let read = strict::States { store: &mut store, now, refused: &mut refused }.deserialize(&mut json);
        if let Err(error) = read.and_then(|()| json.end()) {
            return Err(refused.unwrap_or(StateError::Json(error)));
        }
        store.check_links()?;
        Ok(store)
    }

    /// One row of a list.
    pub(super) fn take_entry(
        &mut self,
        model: &Model,
        place: usize,
        entry: &Json,
        now: DateTime,
    ) -> Result<(), StateError> {
        let wrong = |problem: &str| StateError::Row {
            model: model.name.clone(),
            pk: format!("number {}", place + 1),
            problem: problem.to_owned(),
        };
        let object = entry.as_object().ok_or_else(|| wrong("is not an object"))?;
        if let Some(key) = object.keys().find(|key| !matches!(key.as_str(), "pk" | "fields" | "model")) {
            return Err(wrong(&format!("has an unknown key `{key}`")));
        }
        if let Some(other) = object.get("model").filter(|named| **named != model.name) {
            return Err(wrong(&format!("is said to be of {other}, in the list of {}", model.name)));
        }
        let pk = object.get("pk").and_then(Json::as_i64).ok_or_else(|| wrong("has no integer `pk`"))?;
        let fields = object.get("fields").and_then(Json::as_object).ok_or_else(|| wrong("has no object `fields`"))?;
        let row = build_row(model, pk, fields, now)?;
        match self.put(model.id, pk, row) {
            Some(_) => Err(row_error(model, pk, "is there twice")),
            None => Ok(()),
        }
    }

    /// Every foreign key points at a row.
    fn check_links(&self) -> Result<(), StateError> {
        for model in &self.schema().models {
            for field in &model.fields {
                let Some(to) = field.to else { continue };
                for (pk, row) in self.table(model.id).iter() {
                    if let Value::Int(target) = row[field.id.0]
                        && self.get(to, target).is_none()
                    {
                        let target_model = &self.model(to).name;
                        let problem =
                            format!("`{}` points at {target_model} {target}, which is not there", field.column);
                        return Err(row_error(model, pk, &problem));
                    }
                }
            }
        }
        Ok(())
    }

    /// The state, as [`Store::from_state`] reads it.
    pub fn to_state(&self) -> Json {
        let models: Map<String, Json> = self
            .schema()
            .models
            .iter()
            .map(|model| {
                let rows = self.table(model.id).iter().map(|(pk, row)| row_state(model, pk, row)).collect();
                (model.name.clone(), Json::Array(rows))
            })
            .collect();
        Json::Object(models)
    }
}

/// One row as the state file writes it.
pub fn row_state(model: &Model, pk: Pk, row: &Row) -> Json {
    let fields: Map<String, Json> = model
        .fields
        .iter()
        .filter(|field| field.id != model.pk)
        .map(|field| (field.column.clone(), value::to_state(&row[field.id.0])))
        .collect();
    json!({ "pk": pk, "fields": fields })
}

fn row_error(model: &Model, pk: Pk, problem: &str) -> StateError {
    StateError::Row { model: model.name.clone(), pk: pk.to_string(), problem: problem.to_owned() }
}

fn build_row(model: &Model, pk: Pk, given: &Map<String, Json>, now: DateTime) -> Result<Row, StateError> {
    let mut row = Vec::with_capacity(model.fields.len());
    for field in &model.fields {
        let value = if field.id == model.pk {
            Value::Int(pk)
        } else {
            match given.get(&field.column) {
                Some(json) => {
                    value::from_state(field, json).map_err(|error| row_error(model, pk, &error.to_string()))?
                }
                None => default(field, now)
                    .ok_or_else(|| row_error(model, pk, &format!("`{}` is required", field.column)))?,
            }
        };
        row.push(value);
    }
    if let Some(name) = given.keys().find(|name| model.field(name).is_none_or(|field| field.column != **name)) {
        return Err(row_error(model, pk, &format!("has no column `{name}`")));
    }
    Ok(row.into())
}

/// What a column holds when nothing is given: its default, else NULL if allowed, else `""` for text; `None` where a
/// value is required.
pub fn default(field: &Field, now: DateTime) -> Option<Value> {
    match &field.default {
        Some(Json::String(text)) if text == "now" && field.kind == FieldType::Date => Some(Value::Date(now.date())),
        Some(Json::String(text)) if text == "now" && field.kind == FieldType::DateTime => Some(Value::DateTime(now)),
        Some(json) => value::from_state(field, json).ok(),
        None if field.null => Some(Value::Null),
        None if field.kind.is_text() => Some(Value::text("")),
        None => None,
    }
}
