//! Values as Django's fields take them, and as the replies print them.

use std::io::Write;
use std::net::IpAddr;

use carbon_specs::demo::MONEY_SCALE;
use carbon_specs::{Field, FieldType, Schema};
use jiff::civil::DateTime;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::Value as Json;

use super::error::CallError;
use super::transform::Kind;
use super::{moments, python};
use crate::pyjson;
use crate::store::Value;
use crate::store::value::{DATETIME_FORMAT, rubles};

/// A JSON value as a field takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// NULL.
    Null,
    /// What a column can hold.
    Value(Value),
    /// A whole number less than any that a column holds.
    Below,
    /// A whole number greater than any that a column holds.
    Above,
}

/// A JSON value as what is compared takes it (Django's `get_prep_value`).
///
/// # Errors
/// Django's texts: a number that is none, a date of the wrong form, a list where one value belongs.
pub fn operand(schema: &Schema, field: &Field, kind: Kind, json: &Json) -> Result<Operand, CallError> {
    if json.is_null() {
        return Ok(Operand::Null);
    }
    let value = match kind {
        // A key, whether of the row or of one that it refers to: the latter's field is named.
        Kind::Key | Kind::Column(FieldType::Fk | FieldType::Int | FieldType::BigInt | FieldType::Flag) => {
            return to_whole(Some(field.to.map_or(field, |to| schema.at(to).pk_field())), json);
        }
        // What a transform yields has no name.
        Kind::Number => return to_whole(None, json),
        Kind::Column(FieldType::String | FieldType::Text | FieldType::Ip) => Value::text(python::text(json)),
        Kind::Column(FieldType::Money) => to_units(field, to_decimal(json)?)?,
        Kind::Column(FieldType::Decimal) => Value::Decimal(to_decimal(json)?),
        Kind::Column(FieldType::Date) | Kind::Day => Value::Date(moments::day(json)?),
        Kind::Column(FieldType::DateTime) => Value::DateTime(moments::moment(json)?),
        Kind::Time => Value::text(moments::time(json)?.to_string()),
    };
    Ok(Operand::Value(value))
}

/// A JSON value as this column takes it in `set`. `null` is NULL; whether the column allows it is asked when the object is
/// saved.
///
/// # Errors
/// As [`operand`], and a number beyond 64 bits.
fn to_value(schema: &Schema, field: &Field, json: &Json) -> Result<Value, CallError> {
    match operand(schema, field, Kind::Column(field.kind), json)? {
        Operand::Null => Ok(Value::Null),
        Operand::Value(value) => Ok(value),
        Operand::Below | Operand::Above => Err(out_of_range()),
    }
}

/// A number that goes to the database, which cannot hold it (Firebird's text).
pub fn out_of_range() -> CallError {
    CallError::Value(
        "arithmetic exception, numeric overflow, or string truncation\n-numeric value is out of range".to_owned(),
    )
}

/// A value for `set` and `create`: as a lookup takes it, and within the column's range.
///
/// # Errors
/// As [`operand`], and a flag that is neither 0 nor 1, or a number beyond 32 bits.
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
        (FieldType::DateTime, Value::DateTime(moment)) => Ok(Value::DateTime(without_fraction(*moment))),
        (FieldType::Decimal, Value::Decimal(decimal)) => Ok(Value::Decimal({
            let mut rounded = decimal.round_dp(field.places);
            rounded.rescale(field.places);
            rounded
        })),
        _ => Ok(value),
    }
}

/// The database's columns keep whole seconds.
fn without_fraction(moment: DateTime) -> DateTime {
    moment.with().subsec_nanosecond(0).build().unwrap_or(moment)
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

/// Python's `int(value)`; `field` is named in the refusal.
fn to_whole(field: Option<&Field>, json: &Json) -> Result<Operand, CallError> {
    let Some(number) = python::whole(json) else {
        let name = field.map_or("None", |field| field.name.as_str());
        return Err(CallError::Value(format!("Field '{name}' expected a number but got {}.", python::repr(json))));
    };
    Ok(match i64::try_from(number) {
        Ok(number) => Operand::Value(Value::Int(number)),
        Err(_) if number < 0 => Operand::Below,
        Err(_) => Operand::Above,
    })
}

/// Python's `Decimal(value)`.
fn to_decimal(json: &Json) -> Result<Decimal, CallError> {
    let text = match json {
        Json::Bool(flag) => i64::from(*flag).to_string(),
        Json::Number(number) => number.to_string(),
        Json::String(text) => text.trim().replace('_', ""),
        _ => String::new(),
    };
    if let Ok(number) = text.parse().or_else(|_| Decimal::from_scientific(&text)) {
        return Ok(number);
    }
    // A number that is only too great or too fine for us is the nearest that is not.
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(match number {
            great if great >= 1.0 => Decimal::MAX,
            small if small <= -1.0 => Decimal::MIN,
            _ => Decimal::ZERO,
        }),
        _ => Err(validation(&format!("“{}” value must be a decimal number.", python::text(json)))),
    }
}

/// Django's ValidationError, which is told as a list of texts.
pub fn validation(text: &str) -> CallError {
    CallError::Value(python::repr(&Json::from(vec![text])))
}

fn to_units(field: &Field, amount: Decimal) -> Result<Value, CallError> {
    amount
        .checked_mul(Decimal::from(MONEY_SCALE))
        .and_then(|units| units.trunc().to_i64())
        .map(Value::Int)
        .ok_or_else(|| CallError::Value(format!("Field '{}' cannot hold {amount} rubles.", field.name)))
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
