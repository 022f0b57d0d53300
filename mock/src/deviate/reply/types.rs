//! Values under another type.

use std::net::Ipv4Addr;

use carbon_specs::FieldType;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::Value as Json;

use super::objects::Column;
use crate::deviation::{Deviation as D, Deviations};

/// Changes one value of a column.
pub fn change(on: Deviations, column: Column, value: &mut Json) {
    let Column { kind, key } = column;
    if let Some(changed) = changed(on, kind, key, value) {
        *value = changed;
    }
}

fn changed(on: Deviations, kind: FieldType, key: bool, value: &Json) -> Option<Json> {
    let whole = matches!(kind, FieldType::Int | FieldType::BigInt | FieldType::Fk);
    match value {
        Json::Null if on.contains(D::TypesNullAsEmpty) => Some(Json::from("")),
        Json::Null if on.contains(D::TypesNullAsNone) => Some(Json::from("None")),
        Json::Number(number) => {
            let text = || Some(Json::from(number.to_string()));
            match kind {
                _ if key && on.contains(D::TypesKeysAsStrings) => text(),
                FieldType::Fk if on.contains(D::TypesForeignKeysAsStrings) => text(),
                FieldType::Flag if on.contains(D::TypesFlagsAsBooleans) => Some(Json::from(number.as_i64() != Some(0))),
                FieldType::Flag if on.contains(D::TypesFlagsAsStrings) => text(),
                FieldType::Int | FieldType::BigInt if !key && on.contains(D::TypesNumbersAsStrings) => text(),
                _ if whole && !key && on.contains(D::TypesIntegersAsFloats) => number.as_f64().map(Json::from),
                _ => None,
            }
        }
        Json::String(text) => of_text(on, kind, text),
        _ => None,
    }
}

fn of_text(on: Deviations, kind: FieldType, text: &str) -> Option<Json> {
    let amount = || text.parse::<Decimal>().ok();
    match kind {
        FieldType::Decimal if on.contains(D::TypesDecimalsAsFloats) => amount()?.to_f64().map(Json::from),
        FieldType::Money if on.contains(D::TypesMoneyAsFloats) => amount()?.to_f64().map(Json::from),
        FieldType::Money if on.contains(D::TypesMoneyInKopecks) => {
            amount()?.checked_mul(Decimal::ONE_HUNDRED)?.to_i64().map(Json::from)
        }
        FieldType::Money if on.contains(D::TypesMoneyTwoPlaces) => {
            let mut amount = amount()?.round_dp(2);
            amount.rescale(2);
            Some(Json::from(amount.to_string()))
        }
        FieldType::Money if on.contains(D::TypesMoneyCommas) => Some(Json::from(text.replace('.', ","))),
        FieldType::Ip if on.contains(D::TypesAddressesAsNumbers) => {
            text.parse::<Ipv4Addr>().ok().map(|address| Json::from(u32::from(address)))
        }
        _ if kind.is_text() && text.is_empty() && on.contains(D::TypesEmptyAsNull) => Some(Json::Null),
        FieldType::String if on.contains(D::TypesTextsPadded) => Some(Json::from(format!("{text:<100}"))),
        FieldType::String if on.contains(D::TypesTextsTrimmed) => Some(Json::from(text.trim())),
        FieldType::String if on.contains(D::TypesDigitsAsNumbers) => text.parse::<u32>().ok().map(Json::from),
        _ => None,
    }
}

/// Whatever is no column: booleans anywhere, and the bare numbers that methods answer.
pub fn bare(on: Deviations, result: &mut Json) {
    if on.contains(D::TypesBooleansAsNumbers) {
        booleans(result);
    }
    if on.contains(D::TypesCountAsString) && result.is_number() {
        *result = Json::from(result.to_string());
    }
}

fn booleans(value: &mut Json) {
    match value {
        Json::Bool(flag) => *value = Json::from(u8::from(*flag)),
        Json::Array(items) => items.iter_mut().for_each(booleans),
        Json::Object(entries) => entries.values_mut().for_each(booleans),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_changes_its_type_only_where_the_column_has_it() {
        let check = |on: D, kind, value: Json, expected: Json| {
            let mut changed = value.clone();
            change(Deviations::NONE.with(on), Column { kind, key: false }, &mut changed);
            assert_eq!(changed, expected, "{on} {value}");
        };
        check(D::TypesFlagsAsBooleans, FieldType::Flag, json!(1), json!(true));
        check(D::TypesFlagsAsBooleans, FieldType::Int, json!(1), json!(1));
        check(D::TypesNumbersAsStrings, FieldType::Int, json!(-5), json!("-5"));
        check(D::TypesIntegersAsFloats, FieldType::Fk, json!(5), json!(5.0));
        check(D::TypesMoneyInKopecks, FieldType::Money, json!("10.5"), json!(1050));
        check(D::TypesMoneyTwoPlaces, FieldType::Money, json!("10"), json!("10.00"));
        check(D::TypesAddressesAsNumbers, FieldType::Ip, json!("10.0.0.1"), json!(167_772_161));
        check(D::TypesEmptyAsNull, FieldType::String, json!(""), json!(null));
        check(D::TypesDigitsAsNumbers, FieldType::String, json!("12"), json!(12));
        check(D::TypesDigitsAsNumbers, FieldType::String, json!("12a"), json!("12a"));
        check(D::TypesNullAsNone, FieldType::Date, json!(null), json!("None"));
    }
}
