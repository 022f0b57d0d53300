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
    let compared = argument.iter().filter_map(|(path, value)| Some((path, compared(path, model)?, value)));
    compared
        .flat_map(|(path, (field, _), value)| {
            let values = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
            values.iter().filter_map(move |value| wrong(path, field, value.as_str()?))
        })
        .collect()
}

/// Moments that a filter compares with a day, so that it leaves out the day's hours.
pub fn midnights(argument: &Map<String, Value>, model: &Model) -> Vec<Pitfall> {
    let compared = argument.iter().filter_map(|(path, value)| Some((path, compared(path, model)?, value)));
    compared.filter_map(|(path, (field, lookup), value)| midnight(path, field, lookup, value)).collect()
}

/// The column of the model that a name compares with a value of its own type, and how.
fn compared<'a>(path: &'a str, model: &'a Model) -> Option<(&'a Field, &'a str)> {
    let (name, lookup) = match path.rsplit_once("__") {
        Some((name, lookup)) if LOOKUPS.contains(&lookup) => (name, lookup),
        _ => (path, "exact"),
    };
    let field = if name == "pk" { Some(model.pk_field()) } else { model.field(name) };
    field.filter(|_| PLAIN.contains(&lookup)).map(|field| (field, lookup))
}

fn midnight(path: &str, field: &Field, lookup: &str, value: &Value) -> Option<Pitfall> {
    if field.kind != FieldType::DateTime {
        return None;
    }
    let bound = match lookup {
        "range" => value.as_array()?.get(1)?,
        "lte" | "exact" => value,
        _ => return None,
    };
    let day = bound.as_str().filter(|text| Date::strptime("%Y-%m-%d", text).is_ok())?;
    let (says, fix) = if lookup == "exact" {
        (
            "only what happened at that very moment is found",
            format!("Ask for a range: [\"{day}\", \"{day} 23:59:59\"]."),
        )
    } else {
        ("what happened later that day is left out", format!("Write \"{day} 23:59:59\" for the whole day."))
    };
    Some(Pitfall::warning(
        "day-for-a-moment",
        format!("`{path}` is a moment, and {day} without a time is its midnight: {says}."),
        fix,
    ))
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
