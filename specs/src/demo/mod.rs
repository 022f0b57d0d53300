//! The demo subscriber base: the rows that the page's calls speak of, written by hand in `demo/*.toml`, and a filler
//! that makes a believable small (or, on request, very large) ISP around them.
//!
//! A [`DemoRow`] is in the format of the state file: columns by attribute name (`tarif_id`), money as integers scaled
//! by 10^10. In the hand-written files money is in rubles.

mod filler;

use std::collections::HashSet;

use indexmap::IndexMap;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::schema::{FieldType, Model, ModelId, Schema};

pub use filler::filler;

/// The subscribers that the filler adds by default.
pub const DEFAULT_FILLER: usize = 250;

/// How many units of a stored amount make a ruble.
pub const MONEY_SCALE: i64 = 10_000_000_000;

/// One row, in the format of the state file.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoRow {
    /// Its model.
    pub model: ModelId,
    /// Its primary key.
    pub pk: i64,
    /// The columns given; the others take the field's default.
    pub fields: Map<String, Value>,
}

/// Why a demo file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Not TOML of the expected form.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// One row is wrong.
    #[error("{model} {pk}: {problem}")]
    Row {
        /// The model.
        model: String,
        /// The primary key, or the row's number in the file.
        pk: String,
        /// What is wrong.
        problem: String,
    },
}

#[derive(Deserialize)]
struct DemoFile(IndexMap<String, Vec<Map<String, Value>>>);

/// Reads one hand-written file.
///
/// # Errors
/// Names the row with an unknown model or column, a missing key, or an amount that is none.
pub fn parse(schema: &Schema, text: &str) -> Result<Vec<DemoRow>, DemoError> {
    let DemoFile(models) = toml::from_str(text)?;
    let mut rows = Vec::new();
    for (name, entries) in models {
        let model = schema.model(&name).filter(|model| model.name == name).ok_or_else(|| DemoError::Row {
            model: name.clone(),
            pk: "-".into(),
            problem: "no such model".into(),
        })?;
        for (index, entry) in entries.into_iter().enumerate() {
            rows.push(parse_row(model, index, entry)?);
        }
    }
    Ok(rows)
}

fn parse_row(model: &Model, index: usize, mut entry: Map<String, Value>) -> Result<DemoRow, DemoError> {
    let pk = entry.remove("pk").and_then(|pk| pk.as_i64()).ok_or_else(|| DemoError::Row {
        model: model.name.clone(),
        pk: format!("number {}", index + 1),
        problem: "has no integer `pk`".into(),
    })?;
    let wrong = |problem: String| DemoError::Row { model: model.name.clone(), pk: pk.to_string(), problem };
    let mut fields = Map::new();
    for (name, value) in entry {
        let field = model
            .field(&name)
            .filter(|field| field.column == name)
            .ok_or_else(|| wrong(format!("has no column `{name}`")))?;
        let value = match field.kind {
            FieldType::Money if !value.is_null() => scaled(&value)
                .map(Value::from)
                .ok_or_else(|| wrong(format!("`{name}` is {value}, which is no amount of rubles")))?,
            _ => value,
        };
        fields.insert(name, value);
    }
    Ok(DemoRow { model: model.id, pk, fields })
}

/// Rubles, given as a number or text, in stored units.
fn scaled(value: &Value) -> Option<i64> {
    let rubles: Decimal = match value {
        Value::Number(number) => number.to_string().parse().ok()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    let units = rubles.checked_mul(Decimal::from(MONEY_SCALE))?;
    units.is_integer().then(|| i64::try_from(units).ok()).flatten()
}

/// What is wrong with the rows taken together: a key twice, or a foreign key that points at nothing.
///
/// # Errors
/// The first such row.
pub fn check(schema: &Schema, rows: &[DemoRow]) -> Result<(), DemoError> {
    let mut keys = HashSet::with_capacity(rows.len());
    for row in rows {
        if !keys.insert((row.model, row.pk)) {
            return Err(wrong_row(schema, row, "is there twice".into()));
        }
    }
    for row in rows {
        for field in &schema.at(row.model).fields {
            if let (Some(to), Some(Value::Number(pk))) = (field.to, row.fields.get(&field.column))
                && !pk.as_i64().is_some_and(|pk| keys.contains(&(to, pk)))
            {
                let problem = format!("`{}` points at {} {pk}, which is not there", field.column, schema.at(to).name);
                return Err(wrong_row(schema, row, problem));
            }
        }
    }
    Ok(())
}

fn wrong_row(schema: &Schema, row: &DemoRow, problem: String) -> DemoError {
    DemoError::Row { model: schema.at(row.model).name.clone(), pk: row.pk.to_string(), problem }
}
