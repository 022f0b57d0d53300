//! Values as the database compares them: numbers by value, days and moments in time, texts without trailing blanks.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use carbon_specs::FieldType;
use serde_json::Value;

use super::verdict::Wrong;
use crate::brief::plural;

/// Decimals are compared in units of 10^-10.
pub const PLACES: usize = 10;

/// A number in units, if the value is one: a JSON number, a text that spells one, or a flag.
pub fn units(value: &Value) -> Option<i128> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        Value::Bool(flag) => u8::from(*flag).to_string(),
        _ => return None,
    };
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.as_str()),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || whole.len() > 24 || part.len() > PLACES {
        return None;
    }
    let number: i128 = format!("{whole}{part:0<PLACES$}").parse().ok().filter(|number| *number >= 0)?;
    Some(if negative { -number } else { number })
}

/// How two values of a column are ordered; nothing for NULLs, values of another kind, and texts, whose order is the
/// database's affair.
pub fn order(kind: FieldType, left: &Value, right: &Value) -> Option<Ordering> {
    match kind {
        FieldType::Date | FieldType::DateTime => Some(left.as_str()?.cmp(right.as_str()?)),
        FieldType::String | FieldType::Text | FieldType::Ip => {
            let (left, right) = (left.as_str()?, right.as_str()?);
            (left.trim_end_matches(' ') == right.trim_end_matches(' ')).then_some(Ordering::Equal)
        }
        _ => Some(units(left)?.cmp(&units(right)?)),
    }
}

/// Equal, as the database sees it.
pub fn same(kind: FieldType, left: &Value, right: &Value) -> bool {
    order(kind, left, right) == Some(Ordering::Equal)
}

/// Equal as JSON, the order of keys apart.
pub fn identical(left: &Value, right: &Value) -> bool {
    left == right
}

/// How often each key is there.
pub fn tally<'a>(keys: impl IntoIterator<Item = &'a Value>) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for key in keys {
        *tally.entry(key.to_string()).or_insert(0) += 1;
    }
    tally
}

/// The same keys, each as often, in any order.
///
/// # Errors
/// Names the keys that are missing or too many.
pub fn same_keys(what: &str, expected: &[Value], got: &[Value]) -> Result<(), Wrong> {
    const MOST: usize = 12;
    let (want, have) = (tally(expected), tally(got));
    if want == have {
        return Ok(());
    }
    let differ = |more: &BTreeMap<String, usize>, fewer: &BTreeMap<String, usize>| {
        let mut names: Vec<String> = more
            .iter()
            .filter_map(|(key, count)| {
                let other = fewer.get(key).copied().unwrap_or(0);
                (*count > other)
                    .then(|| if *count - other == 1 { key.clone() } else { format!("{key} ({}x)", count - other) })
            })
            .collect();
        let all = names.len();
        names.truncate(MOST);
        if all > MOST {
            names.push(format!("and {} more", all - MOST));
        }
        names.join(", ")
    };
    let mut got_text = plural(got.len(), "row", "rows");
    let (missing, extra) = (differ(&want, &have), differ(&have, &want));
    if !missing.is_empty() {
        got_text.push_str(&format!("; missing: {missing}"));
    }
    if !extra.is_empty() {
        got_text.push_str(&format!("; too many: {extra}"));
    }
    Err(Wrong::new(format!("{what}: {}", plural(expected.len(), "row", "rows")), got_text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_compared_by_value_however_they_are_spelled() {
        assert!(same(FieldType::Decimal, &json!("10.50"), &json!(10.5)));
        assert!(same(FieldType::Money, &json!("-3"), &json!("-3.00")));
        assert_eq!(order(FieldType::Decimal, &json!("-0.5"), &json!("0.25")), Some(Ordering::Less));
        assert_eq!(order(FieldType::Int, &json!(9), &json!(10)), Some(Ordering::Less));
        assert_eq!(order(FieldType::Int, &json!("--9"), &json!(10)), None);
        assert_eq!(order(FieldType::Int, &json!(null), &json!(10)), None);
    }

    #[test]
    fn texts_are_equal_without_trailing_blanks_and_otherwise_unordered() {
        assert!(same(FieldType::String, &json!("a "), &json!("a")));
        assert!(!same(FieldType::String, &json!(" a"), &json!("a")));
        assert_eq!(order(FieldType::String, &json!("a"), &json!("b")), None);
    }

    #[test]
    fn missing_and_extra_keys_are_named() {
        assert_eq!(same_keys("x", &[json!(1), json!(2)], &[json!(2), json!(1)]), Ok(()));
        let wrong = same_keys("x", &[json!(1), json!(2), json!(2)], &[json!(2), json!(3)]).unwrap_err();
        assert_eq!(wrong.got, "2 rows; missing: 1, 2; too many: 3");
    }
}
