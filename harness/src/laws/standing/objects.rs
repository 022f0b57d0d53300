//! Laws about the objects of every reply: their form, their columns' types, NULLs, and which fields there are.

use std::collections::BTreeSet;

use carbon_specs::{Field, FieldType, Model, Provenance, Schema};
use serde_json::{Map, Value};

use super::super::call::Call;
use super::super::reply::{Reply, keys};
use super::super::verdict::{Judged, Wrong, brief, must};
use super::objects as objects_of;

/// What is held of one object, a row of this model.
type Inspect<'i> = dyn Fn(&Model, &Map<String, Value>) -> Result<(), Wrong> + 'i;

/// Walks through an object and those inside it; `inspect` sees each with its model.
fn walk(schema: &Schema, model: &Model, value: &Value, inspect: &Inspect<'_>) -> Result<(), Wrong> {
    let object = value.as_object().ok_or_else(|| Wrong::new("an object of `pk`, `model`, `fields`", brief(value)))?;
    inspect(model, object)?;
    let Some(fields) = object.get("fields").and_then(Value::as_object) else { return Ok(()) };
    for (name, value) in fields {
        if let Some(relation) = model.relation(name) {
            for item in value.as_array().into_iter().flatten() {
                walk(schema, schema.at(relation.model), item, inspect)?;
            }
        } else if let Some(to) = model.field(name).filter(|field| field.name == *name).and_then(|field| field.to)
            && value.is_object()
        {
            walk(schema, schema.at(to), value, inspect)?;
        }
    }
    Ok(())
}

fn each(schema: &Schema, call: &Call, reply: &Reply, inspect: &Inspect<'_>) -> Judged {
    let (Some(model), Some(objects)) = (schema.model(&call.model), objects_of(call, reply)) else {
        return Judged::Vacuous("no objects");
    };
    if objects.is_empty() {
        return Judged::Vacuous("no objects");
    }
    objects.into_iter().try_for_each(|object| walk(schema, model, object, inspect)).into()
}

/// Exactly `pk`, `model`, `fields`, in any order: the page prints both.
pub fn form(schema: &Schema, call: &Call, reply: &Reply) -> Judged {
    each(schema, call, reply, &|model, object| {
        let parts = ["pk", "model", "fields"];
        let has_all = object.len() == parts.len() && parts.iter().all(|part| object.contains_key(*part));
        must(has_all, "exactly `pk`, `model`, `fields`", keys(object))?;
        let named = object.get("model").and_then(Value::as_str);
        must(named == Some(&model.name), format!("the model `{}`", model.name), format!("{:?}", object.get("model")))?;
        must(object.get("fields").is_some_and(Value::is_object), "`fields` as an object", "something else")
    })
}

/// Types by the schema.
pub fn types(schema: &Schema, call: &Call, reply: &Reply) -> Judged {
    each(schema, call, reply, &|model, object| {
        match object.get("pk") {
            Some(Value::Number(number)) if number.is_i64() => {}
            None | Some(Value::Null) => {}
            Some(other) => return Err(Wrong::new("`pk` as a whole number", brief(other))),
        }
        for (name, value) in object.get("fields").and_then(Value::as_object).into_iter().flatten() {
            if value.is_null() {
                continue;
            }
            let standing =
                |wrong: Wrong, model: &Model, name: &str| match (model.field(name), model.properties.get(name)) {
                    (Some(field), _) => wrong.resting_on(field.source.provenance()),
                    (None, Some(property)) => wrong.resting_on(property.source.provenance()),
                    (None, None) => wrong,
                };
            column(model, name, value).map_err(|wrong| standing(wrong, model, name))?;
        }
        Ok(())
    })
}

fn column(model: &Model, name: &str, value: &Value) -> Result<(), Wrong> {
    let place = format!("{}.{name}", model.name);
    if model.relation(name).is_some() {
        return must(value.is_array(), format!("{place} as a list"), kind_of(value));
    }
    if let Some(property) = model.properties.get(name) {
        let fine = match property.kind.as_str() {
            "list" => value.is_array(),
            "object" => value.is_object(),
            kind => parse_kind(kind).is_none_or(|kind| fits(kind, value)),
        };
        let held = must(fine, format!("{place} as {}", property.kind), kind_of(value));
        return held.map_err(|wrong| spelled(parse_kind(&property.kind), wrong));
    }
    let Some(field) = model.field(name) else { return Ok(()) };
    let expected = match field.kind {
        FieldType::Fk if field.name == name => {
            return must(value.is_object(), format!("{place} as an object"), kind_of(value));
        }
        FieldType::Fk | FieldType::Int | FieldType::BigInt => "a whole number",
        FieldType::Flag => "0 or 1",
        FieldType::Decimal | FieldType::Money => "a text with a decimal number",
        FieldType::Date => "a text like 2022-02-01",
        FieldType::DateTime => "a text like 2022-02-01 10:00:00",
        FieldType::String | FieldType::Text | FieldType::Ip => "a text",
    };
    let held = must(fits(field.kind, value), format!("{place} as {expected}"), shown(field, value));
    held.map_err(|wrong| spelled(Some(field.kind), wrong))
}

/// The page says what a sum is and what a flag says, and nowhere how a reply spells them.
fn spelled(kind: Option<FieldType>, wrong: Wrong) -> Wrong {
    match kind {
        Some(FieldType::Money | FieldType::Flag) => wrong.resting_on(Provenance::Assumed),
        _ => wrong,
    }
}

fn parse_kind(kind: &str) -> Option<FieldType> {
    serde_json::from_value(Value::from(kind)).ok()
}

/// Whether a value is spelled as its type is.
fn fits(kind: FieldType, value: &Value) -> bool {
    match kind {
        FieldType::Int | FieldType::BigInt | FieldType::Fk => value.is_i64(),
        FieldType::Flag => matches!(value.as_i64(), Some(0 | 1)),
        FieldType::Decimal | FieldType::Money => value.as_str().is_some_and(is_decimal),
        FieldType::Date => value.as_str().is_some_and(is_date),
        FieldType::DateTime => value.as_str().is_some_and(is_moment),
        FieldType::String | FieldType::Text | FieldType::Ip => value.is_string(),
    }
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let all = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.split_once('.') {
        Some((whole, part)) => all(whole) && all(part),
        None => all(digits),
    }
}

fn shaped(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, shape)| if shape == b'0' { byte.is_ascii_digit() } else { byte == shape })
}

fn is_date(text: &str) -> bool {
    shaped(text, "0000-00-00") && text.parse::<jiff::civil::Date>().is_ok()
}

fn is_moment(text: &str) -> bool {
    shaped(text, "0000-00-00 00:00:00") && text.parse::<jiff::civil::DateTime>().is_ok()
}

/// The value, or only its kind where it is somebody's own.
fn shown(field: &Field, value: &Value) -> String {
    if field.secret { kind_of(value).to_owned() } else { brief(value) }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// NULL only where it may be.
pub fn nulls(schema: &Schema, call: &Call, reply: &Reply) -> Judged {
    each(schema, call, reply, &|model, object| {
        must(object.get("pk").is_none_or(|pk| !pk.is_null()), "a `pk`", "null")?;
        for (name, _) in
            object.get("fields").and_then(Value::as_object).into_iter().flatten().filter(|(_, value)| value.is_null())
        {
            let wrong = || Wrong::new(format!("{}.{name} is never null", model.name), "null");
            if model.relation(name).is_some() {
                return Err(wrong());
            }
            if let Some(field) = model.field(name).filter(|field| !field.null) {
                return Err(wrong().resting_on(field.source.provenance()));
            }
        }
        Ok(())
    })
}

/// The fields that were asked for.
pub fn asked(schema: &Schema, call: &Call, reply: &Reply) -> Judged {
    let (Some(model), Some(objects)) = (schema.model(&call.model), objects_of(call, reply)) else {
        return Judged::Vacuous("no objects");
    };
    if objects.is_empty() {
        return Judged::Vacuous("no objects");
    }
    let paths: Option<Vec<&str>> = call.fields.as_ref().map(|fields| fields.iter().map(String::as_str).collect());
    objects.into_iter().try_for_each(|object| shows(schema, model, object, paths.as_deref())).into()
}

/// Whether an object shows what these paths ask for; nothing asks for every column.
fn shows(schema: &Schema, model: &Model, object: &Value, paths: Option<&[&str]>) -> Result<(), Wrong> {
    let Some(fields) = object.get("fields").and_then(Value::as_object) else {
        return Err(Wrong::new("an object with `fields`", brief(object)));
    };
    let Some(paths) = paths else { return every_column(model, fields) };
    let mut expected: BTreeSet<&str> = BTreeSet::new();
    for path in paths {
        let (first, rest) = path.split_once("__").unwrap_or((path, ""));
        expected.insert(first);
        let forward = model.field(first).filter(|field| field.name == first && field.to.is_some());
        if let Some(field) = forward {
            expected.insert(&field.column);
        }
        let inner: Vec<&str> = paths
            .iter()
            .filter_map(|other| if *other == first { Some("") } else { other.strip_prefix(first)?.strip_prefix("__") })
            .collect();
        // What is asked for whole is whole, whatever else is asked of it.
        let inner = if rest.is_empty() || inner.contains(&"") { None } else { Some(inner) };
        if let (Some(to), Some(value)) = (forward.and_then(|field| field.to), fields.get(first))
            && value.is_object()
        {
            shows(schema, schema.at(to), value, inner.as_deref())?;
        }
        if let (Some(relation), Some(Value::Array(items))) = (model.relation(first), fields.get(first)) {
            for item in items {
                shows(schema, schema.at(relation.model), item, inner.as_deref())?;
            }
        }
    }
    let got: BTreeSet<&str> = fields.keys().map(String::as_str).collect();
    let names: Vec<&str> = expected.iter().copied().collect();
    must(got == expected, format!("{} with exactly {}", model.name, names.join(", ")), keys(fields))
}

/// Every column, foreign keys as `<fk>_id`, in the order of the contract, and nothing else.
fn every_column(model: &Model, fields: &Map<String, Value>) -> Result<(), Wrong> {
    for field in model.fields.iter().filter(|field| field.id != model.pk) {
        if !fields.contains_key(&field.column) {
            return Err(Wrong::new(format!("the column {}.{}", model.name, field.column), keys(fields))
                .resting_on(field.source.provenance()));
        }
    }
    for name in fields.keys() {
        let known = model.field(name).is_some_and(|field| field.column == *name && field.id != model.pk);
        if !known {
            // A real server has columns that the page never names: worth a word, not a failure.
            return Err(Wrong::new(
                format!("only columns of {} that the contract knows", model.name),
                format!("`{name}`"),
            )
            .resting_on(carbon_specs::Provenance::Assumed));
        }
    }
    let columns = model.fields.iter().filter(|field| field.id != model.pk).map(|field| field.column.as_str());
    if fields.keys().map(String::as_str).eq(columns) {
        Ok(())
    } else {
        Err(Wrong::new(format!("{}'s columns in the contract's order", model.name), keys(fields))
            .resting_on(carbon_specs::Provenance::Assumed))
    }
}
