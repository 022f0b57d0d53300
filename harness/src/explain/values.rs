//! Pitfalls of values: a text where a number or a date must stand.

use carbon_specs::path::LOOKUPS;
use carbon_specs::{Field, FieldType, Model};
use jiff::civil::{Date, DateTime};
use serde_json::{Map, Value};

use super::Pitfall;

/// Lookups that compare with a value of the column's own type.
const PLAIN: [&str; 7] = ["exact", "gt", "gte", "lt", "lte", "in", "range"];

/// What is wrong with the values of an argument whose names are columns of the model. Names that are none, or that
/// lead to other models, are not looked at.
pub fn check(argument: &Map<String, Value>, model: &Model) -> Vec<Pitfall> {
    let mut pitfalls = Vec::new();
    for (path, value) in argument {
        let (name, lookup) = match path.rsplit_once("__") {
            Some((name, lookup)) if LOOKUPS.contains(&lookup) => (name, lookup),
            _ => (path.as_str(), "exact"),
        };
        let field = if name == "pk" { Some(model.pk_field()) } else { model.field(name) };
        let Some(field) = field.filter(|_| PLAIN.contains(&lookup)) else { continue };
        let values = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
        pitfalls.extend(values.iter().filter_map(|value| wrong(path, field, value.as_str()?)));
    }
    pitfalls
}

fn wrong(path: &str, field: &Field, text: &str) -> Option<Pitfall> {
    // An empty text clears the field, `$name` is the shell's business, and `<...>` is told as a placeholder.
    if text.is_empty() || text.contains('$') || text.starts_with('<') {
        return None;
    }
    match field.kind {
        FieldType::Int | FieldType::BigInt | FieldType::Fk if text.trim().parse::<i64>().is_err() => {
            Some(Pitfall::error(
                "not-a-number",
                format!("`{path}` is a number, and `{text}` is none."),
                "Put the id or number there, with or without quotes.",
            ))
        }
        FieldType::Date | FieldType::DateTime if !is_moment(text) => Some(Pitfall::error(
            "not-a-date",
            format!("`{path}` is a date, and `{text}` is not written as one."),
            "Write 2022-02-01 or 2022-02-01 10:00:00.",
        )),
        _ => None,
    }
}

fn is_moment(text: &str) -> bool {
    Date::strptime("%Y-%m-%d", text).is_ok() || DateTime::strptime("%Y-%m-%d %H:%M:%S", text).is_ok()
}
