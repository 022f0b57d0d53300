//! Values as Django's fields take them, and as the replies print them.

use std::io::Write;
use std::net::IpAddr;

use carbon_specs::demo::MONEY_SCALE;
use carbon_specs::{Field, FieldType, Schema};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::Value as Json;

use super::error::CallError;
use crate::pyjson;
use crate::store::value::{DATETIME_FORMAT, parse_date, parse_datetime, rubles};
use crate::store::{Pk, Value};

/// A JSON value as this field takes it, in a filter or in `set`. `null` is NULL; whether the column allows it is asked
/// when the object is saved.
///
/// # Errors
/// Django's texts: a number that is none, a date of the wrong form, a list where one value belongs.
pub fn to_value(schema: &Schema, field: &Field, json: &Json) -> Result<Value, CallError> {
    if json.is_null() {
        return Ok(Value::Null);
    }
    match field.kind {
        FieldType::Fk => match field.to {
            Some(to) => {
                to_integer(field, json).map(Value::Int).map_err(|_| number_expected(schema.at(to).pk_field(), json))
            }
            None => Err(CallError::Internal(format!("`{}` points at nothing", field.name))),
        },
        FieldType::Int | FieldType::BigInt | FieldType::Flag => to_integer(field, json).map(Value::Int),
        FieldType::String | FieldType::Text | FieldType::Ip => to_text(field, json).map(Value::text),
        FieldType::Money => to_decimal(json).and_then(|amount| to_units(field, amount)),
        FieldType::Decimal => to_decimal(json).map(Value::Decimal),
        FieldType::Date => match json.as_str().and_then(parse_date) {
            Some(date) => Ok(Value::Date(date)),
            None => Err(date_expected(json, "date", "YYYY-MM-DD")),
        },
        FieldType::DateTime => match json.as_str().and_then(parse_datetime) {
            Some(moment) => Ok(Value::DateTime(moment)),
            None => Err(date_expected(json, "datetime", "YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ]")),
        },
    }
}

/// A value for `set` and `create`: as [`to_value`], and within the column's range.
///
/// # Errors
/// As [`to_value`], and a flag that is neither 0 nor 1, or a number beyond 32 bits.
pub fn to_column(schema: &Schema, field: &Field, json: &Json) -> Result<Value, CallError> {
    let value = to_value(schema, field, json)?;
    match (field.kind, &value) {
        (FieldType::Flag, Value::Int(flag)) if !matches!(flag, 0 | 1) => Err(CallError::Value(format!(
            "Field '{}' takes 0 or 1 (also true, false, \"0\", \"1\"), not {json}.",
            field.name
        ))),
        (FieldType::Int, Value::Int(number)) if i32::try_from(*number).is_err() => {
            Err(CallError::Value(format!("Field '{}' takes a 32-bit integer, not {json}.", field.name)))
        }
        (FieldType::Ip, Value::Text(text)) => to_address(field, text),
        (FieldType::Decimal, Value::Decimal(decimal)) => Ok(Value::Decimal({
            let mut rounded = decimal.round_dp(field.places);
            rounded.rescale(field.places);
            rounded
        })),
        _ => Ok(value),
    }
}

/// An address as Django's `GenericIPAddressField` keeps it: without blanks, IPv6 in its short form, an empty one as none.
fn to_address(field: &Field, text: &str) -> Result<Value, CallError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(if field.null { Value::Null } else { Value::text("") });
    }
    match text.parse::<IpAddr>() {
        Ok(address) => Ok(Value::text(address.to_string())),
        Err(_) => Err(CallError::Value(format!("['Enter a valid IPv4 or IPv6 address.'] ({})", field.name))),
    }
}

/// A primary key of this model, as a number or text.
///
/// # Errors
/// Where it is neither.
pub fn to_pk(field: &Field, json: &Json) -> Result<Pk, CallError> {
    to_integer(field, json)
}

/// Python's `int(value)`, for JSON.
fn to_integer(field: &Field, json: &Json) -> Result<i64, CallError> {
    match json {
        Json::Bool(flag) => Some(i64::from(*flag)),
        Json::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(|float| float.trunc().to_i64())),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    }
    .ok_or_else(|| number_expected(field, json))
}

fn to_text(field: &Field, json: &Json) -> Result<String, CallError> {
    match json {
        Json::String(text) => Ok(text.clone()),
        Json::Number(number) => Ok(number.to_string()),
        Json::Bool(true) => Ok("True".to_owned()),
        Json::Bool(false) => Ok("False".to_owned()),
        _ => Err(CallError::Value(format!("Field '{}' expected a text but got {}.", field.name, python(json)))),
    }
}

fn to_decimal(json: &Json) -> Result<Decimal, CallError> {
    let text = match json {
        Json::Number(number) => number.to_string(),
        Json::String(text) => text.trim().to_owned(),
        Json::Bool(flag) => i64::from(*flag).to_string(),
        _ => String::new(),
    };
    text.parse().or_else(|_| Decimal::from_scientific(&text)).map_err(|_| {
        let shown = match json {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        CallError::Value(format!("['“{shown}” value must be a decimal number.']"))
    })
}

fn to_units(field: &Field, amount: Decimal) -> Result<Value, CallError> {
    amount
        .checked_mul(Decimal::from(MONEY_SCALE))
        .and_then(|units| units.trunc().to_i64())
        .map(Value::Int)
        .ok_or_else(|| CallError::Value(format!("Field '{}' cannot hold {amount} rubles.", field.name)))
}

fn number_expected(field: &Field, json: &Json) -> CallError {
    CallError::Value(format!("Field '{}' expected a number but got {}.", field.name, python(json)))
}

fn date_expected(json: &Json, kind: &str, format: &str) -> CallError {
    let Some(text) = json.as_str() else {
        return CallError::Value(format!("expected string or bytes-like object for a {kind}, got {}", python(json)));
    };
    let looks_right = text.split(['-', ' ', 'T', ':', '.']).all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
        && text.split('-').next().is_some_and(|year| year.len() == 4)
        && text.split('-').count() == 3;
    CallError::Value(match (looks_right, kind) {
        (true, "date") => {
            format!("['“{text}” value has the correct format ({format}) but it is an invalid date.']")
        }
        (true, _) => format!("['“{text}” value has the correct format ({format}) but it is an invalid date/time.']"),
        (false, "date") => {
            format!("['“{text}” value has an invalid date format. It must be in {format} format.']")
        }
        (false, _) => format!("['“{text}” value has an invalid format. It must be in {format} format.']"),
    })
}

/// A JSON value as Python's `repr` shows it.
pub fn python(json: &Json) -> String {
    match json {
        Json::Null => "None".to_owned(),
        Json::Bool(true) => "True".to_owned(),
        Json::Bool(false) => "False".to_owned(),
        Json::Number(number) => number.to_string(),
        Json::String(text) if text.contains('\'') && !text.contains('"') => format!("\"{text}\""),
        Json::String(text) => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n")),
        Json::Array(items) => format!("[{}]", items.iter().map(python).collect::<Vec<_>>().join(", ")),
        Json::Object(pairs) => {
            let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("'{key}': {}", python(value))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
    }
}

/// Appends a column's value as replies print it: flags as 0 and 1, money in rubles and decimals as strings, dates in
/// the page's formats.
pub fn print(out: &mut Vec<u8>, kind: FieldType, value: &Value) {
    // Writing to memory cannot fail.
    let _ = match value {
        Value::Null => out.write_all(b"null"),
        Value::Int(units) if kind == FieldType::Money => write!(out, "\"{}\"", rubles(*units)),
        Value::Int(number) => write!(out, "{number}"),
        Value::Decimal(decimal) => write!(out, "\"{decimal}\""),
        Value::Date(date) => write!(out, "\"{date}\""),
        Value::DateTime(moment) => write!(out, "\"{}\"", moment.strftime(DATETIME_FORMAT)),
        Value::Text(text) => {
            pyjson::write(out, &**text);
            Ok(())
        }
    };
}

/// A column's value as JSON, as [`print()`] shows it.
pub fn to_json(kind: FieldType, value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Int(units) if kind == FieldType::Money => Json::from(rubles(*units).to_string()),
        Value::Int(number) => Json::from(*number),
        Value::Text(text) => Json::from(&**text),
        other => Json::from(other.to_string()),
    }
}
