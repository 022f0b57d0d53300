//! Conditions that mean something else than they say.

use carbon_specs::{Field, FieldType, Model, Schema};
use serde_json::{Map, Value as Json, json};

use crate::deviate::steps::conditions;
use crate::deviation::{Deviation as D, Deviations};
use crate::orm::lookup::LookupKind;
use crate::orm::path;
use crate::wire::Call;

/// Changes every condition of a call.
///
/// # Errors
/// The text with which such a server refuses one.
pub fn rewrite(on: Deviations, schema: &Schema, model: &Model, call: &mut Call) -> Result<(), String> {
    for step in &mut call.steps {
        let Some(given) = conditions(step) else { continue };
        let mut changed = Map::new();
        for (path, value) in std::mem::take(given) {
            check(on, schema, model, &path, &value)?;
            if !is_ignored(on, schema, model, &path) {
                changed.extend(meant(on, schema, model, path, value));
            }
        }
        *given = changed;
    }
    Ok(())
}

/// The column at a path's end.
fn end<'s>(schema: &'s Schema, model: &Model, path: &str) -> Option<&'s Field> {
    let resolved = path::resolve(schema, model.id, path).ok()?;
    Some(path::end_field(schema, model.id, &resolved))
}

fn check(on: Deviations, schema: &Schema, model: &Model, path: &str, value: &Json) -> Result<(), String> {
    if on.contains(D::LookupsKeyUnknown) && path.split("__").any(|name| name == "pk") {
        return Err(path::cannot_resolve(model, "pk").to_string());
    }
    let (_, lookup) = split(path);
    if on.contains(D::LookupsRegexUnknown) && matches!(lookup, "regex" | "iregex") {
        return Err(format!("Unsupported lookup '{lookup}' for CharField or join on the field not permitted."));
    }
    let Some(field) = end(schema, model, path) else { return Ok(()) };
    let number = matches!(field.kind, FieldType::Int | FieldType::BigInt | FieldType::Flag | FieldType::Fk);
    let parts = path::resolve(schema, model.id, path).is_ok_and(|path| !path.transforms.is_empty());
    if on.contains(D::LookupsDatePartsUnknown) && parts {
        return Err(format!("Unsupported lookup for {}.{}: '{path}'", model.name, field.name));
    }
    let text = value.is_string() || value.as_array().is_some_and(|items| items.iter().any(Json::is_string));
    if on.contains(D::LookupsStringNumbersRefused) && number && !parts && text {
        return Err(format!("Field '{}' expected a number but got {value}.", field.name));
    }
    Ok(())
}

/// Whether a condition is passed over though it resolves to nothing, or because nobody looks at it.
fn is_ignored(on: Deviations, schema: &Schema, model: &Model, path: &str) -> bool {
    let (_, lookup) = split(path);
    if on.contains(D::LookupsInIgnored) && lookup == "in" {
        return true;
    }
    let Err(error) = path::resolve(schema, model.id, path) else { return false };
    let unknown_name = error.to_string().starts_with("Cannot resolve keyword");
    if unknown_name { on.contains(D::LookupsUnknownFieldIgnored) } else { on.contains(D::LookupsUnknownLookupIgnored) }
}

/// A path without its lookup, and the lookup.
fn split(path: &str) -> (&str, &str) {
    match path.rsplit_once("__") {
        Some((base, lookup)) if LookupKind::parse(lookup).is_some() => (base, lookup),
        _ => (path, "exact"),
    }
}

/// What such a server asks instead.
fn meant(on: Deviations, schema: &Schema, model: &Model, path: String, value: Json) -> Vec<(String, Json)> {
    let (base, lookup) = split(&path);
    let ask = |lookup: &str, value: &Json| vec![(format!("{base}__{lookup}"), value.clone())];
    for (deviation, from, to) in [
        (D::LookupsIexactCase, "iexact", "exact"),
        (D::LookupsIcontainsCase, "icontains", "contains"),
        (D::LookupsIstartswithCase, "istartswith", "startswith"),
        (D::LookupsContainsAnyCase, "contains", "icontains"),
        (D::LookupsStartswithAnywhere, "startswith", "contains"),
        (D::LookupsEndswithAnywhere, "endswith", "contains"),
        (D::LookupsGtAsGte, "gt", "gte"),
        (D::LookupsGteAsGt, "gte", "gt"),
        (D::LookupsLtAsLte, "lt", "lte"),
        (D::LookupsLteAsLt, "lte", "lt"),
        (D::LookupsRegexAnyCase, "regex", "iregex"),
    ] {
        if on.contains(deviation) && lookup == from {
            return ask(to, &value);
        }
    }
    match (lookup, &value) {
        ("icontains", Json::String(text)) if on.contains(D::LookupsIcontainsAsciiOnly) && !text.is_ascii() => {
            ask("contains", &value)
        }
        ("range", Json::Array(bounds)) if bounds.len() == 2 && on.contains(D::LookupsRangeExclusive) => {
            vec![(format!("{base}__gt"), bounds[0].clone()), (format!("{base}__lt"), bounds[1].clone())]
        }
        ("range", Json::Array(bounds)) if bounds.len() == 2 && on.contains(D::LookupsRangeWithoutEnd) => {
            vec![(format!("{base}__gte"), bounds[0].clone()), (format!("{base}__lt"), bounds[1].clone())]
        }
        ("in", Json::Array(items)) if on.contains(D::LookupsInFirstOnly) => {
            ask("in", &items.iter().take(1).cloned().collect())
        }
        ("in", Json::Array(items)) if on.contains(D::LimitsInTen) => {
            ask("in", &items.iter().take(10).cloned().collect())
        }
        ("in", Json::Array(items)) if items.is_empty() && on.contains(D::LookupsEmptyInAsAll) => Vec::new(),
        ("isnull", _) if on.contains(D::LookupsIsnullInverted) => {
            let null = match &value {
                Json::Bool(null) => *null,
                Json::Number(number) => number.as_f64() != Some(0.0),
                _ => return vec![(path, value)],
            };
            ask("isnull", &json!(!null))
        }
        ("isnull", _) if on.contains(D::LookupsIsnullAlwaysTrue) => ask("isnull", &json!(true)),
        ("regex", Json::String(pattern)) if on.contains(D::LookupsRegexWhole) => {
            ask("regex", &json!(format!("^(?:{pattern})$")))
        }
        ("exact", Json::Null) if on.contains(D::LookupsNullIgnored) => Vec::new(),
        ("exact", Json::String(text)) if end(schema, model, base).is_some_and(|field| field.kind.is_text()) => {
            if on.contains(D::LookupsExactAnyCase) {
                ask("iexact", &value)
            } else if on.contains(D::LookupsTrailingBlanksCount) {
                ask("regex", &json!(format!("^{}$", regex::escape(text))))
            } else {
                vec![(path, value)]
            }
        }
        _ => vec![(path, value)],
    }
}
