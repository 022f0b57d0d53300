//! The objects and columns within a result: what the other modules of this folder change, they find here.

use carbon_specs::{FieldType, Model, Schema};
use serde_json::{Map, Value as Json};

use crate::deviate::steps::method;
use crate::orm::path;
use crate::wire::{Call, Step};

/// Calls `change` for every printed object, those within others first.
pub fn objects(value: &mut Json, change: &mut impl FnMut(&mut Map<String, Json>)) {
    match value {
        Json::Array(items) => items.iter_mut().for_each(|item| objects(item, change)),
        Json::Object(entries) => {
            entries.values_mut().for_each(|item| objects(item, change));
            if is_object(entries) {
                change(entries);
            }
        }
        _ => {}
    }
}

/// Whether this is an object as the API prints it.
pub fn is_object(entries: &Map<String, Json>) -> bool {
    entries.contains_key("pk")
        && entries.get("model").is_some_and(Json::is_string)
        && entries.get("fields").is_some_and(Json::is_object)
}

/// The columns shown by an object.
pub fn fields(object: &mut Map<String, Json>) -> Option<&mut Map<String, Json>> {
    object.get_mut("fields").and_then(Json::as_object_mut)
}

/// The model of an object.
pub fn model_of<'s>(schema: &'s Schema, object: &Map<String, Json>) -> Option<&'s Model> {
    schema.model(object.get("model")?.as_str()?)
}

/// What is known of a value that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its type.
    pub kind: FieldType,
    /// Whether it is the object's key, under whichever name.
    pub key: bool,
}

/// Calls `change` for every value of known type: columns and properties of objects, the objects' keys, the rows of
/// `values()` and `values_list()`.
pub fn columns(schema: &Schema, asked: Option<&Call>, result: &mut Json, change: &mut impl FnMut(Column, &mut Json)) {
    objects(result, &mut |object| {
        let Some(model) = model_of(schema, object) else { return };
        let key = Column { kind: model.pk_field().kind, key: true };
        if let Some(pk) = object.get_mut("pk") {
            change(key, pk);
        }
        let Some(fields) = fields(object) else { return };
        for (name, value) in fields {
            if let Some(column) = column(model, name)
                && !value.is_object()
                && !value.is_array()
            {
                change(column, value);
            }
        }
    });
    rows(schema, asked, result, change);
}

fn column(model: &Model, name: &str) -> Option<Column> {
    if name == "pk" {
        return Some(Column { kind: model.pk_field().kind, key: true });
    }
    if let Some(field) = model.field(name) {
        // A foreign key that is expanded is no column; it is null where it leads nowhere.
        let expanded = field.to.is_some() && field.name == name;
        return (!expanded).then_some(Column { kind: field.kind, key: field.id == model.pk });
    }
    let property = model.properties.get(name)?;
    let kind = serde_json::from_value(Json::from(property.kind.as_str())).ok()?;
    Some(Column { kind, key: false })
}

/// The rows of `values()`, objects without a key, and of `values_list()`, lists.
fn rows(schema: &Schema, asked: Option<&Call>, result: &mut Json, change: &mut impl FnMut(Column, &mut Json)) {
    let Some((call, model)) = asked.and_then(|call| Some((call, schema.model(&call.model)?))) else { return };
    let selecting = |step: &&Step| matches!(method(step), "values" | "values_list");
    let (Some(step), Some(rows)) = (call.steps.iter().rev().find(selecting), result.as_array_mut()) else { return };
    let kind_of = |path: &str| {
        let (hops, field) = path::resolve_column(schema, model.id, path).ok()?;
        let end = schema.at(hops.last().map_or(model.id, |hop| hop.target()));
        Some(Column { kind: end.at(field).kind, key: field == end.pk })
    };
    let named: Vec<Option<Column>> = match step.arg.as_array() {
        Some(paths) if !paths.is_empty() => paths.iter().map(|path| kind_of(path.as_str()?)).collect(),
        _ => model.fields.iter().map(|field| kind_of(&field.column)).collect(),
    };
    for row in rows {
        let values: Vec<&mut Json> = match row {
            Json::Array(values) => values.iter_mut().collect(),
            Json::Object(entries) if !is_object(entries) => entries.values_mut().collect(),
            _ => continue,
        };
        for (value, column) in values.into_iter().zip(&named) {
            if let Some(column) = column {
                change(*column, value);
            }
        }
    }
}
