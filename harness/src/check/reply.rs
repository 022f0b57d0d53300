//! Checks at places of one reply.

use carbon_specs::step::{Check, Each};
use serde_json::Value;

use super::{Mismatch, Verdict, equal, error_of, matches, same_values, short};
use crate::bindings::Bindings;
use crate::brief::plural;

/// Every check that does not hold.
pub fn hold_all(checks: &[Check], reply: &Value, bindings: &Bindings) -> Vec<Mismatch> {
    checks.iter().filter_map(|check| hold(check, reply, bindings).err()).collect()
}

/// Holds one check to a reply.
///
/// # Errors
/// Says where and how the reply differs.
pub fn hold(check: &Check, reply: &Value, bindings: &Bindings) -> Verdict {
    let at = place(&check.at);
    let found = match check.at.as_str() {
        "/error" => error_of(reply),
        pointer => reply.pointer(pointer),
    };
    if check.absent.is_some() {
        return match found {
            None => Ok(()),
            Some(value) => Err(Mismatch::new(at, "nothing there", short(value))),
        };
    }
    let Some(found) = found else {
        let observed = match reply.get("result") {
            Some(result) if check.at == "/error" => format!("no error, but the result {}", short(result)),
            _ => "nothing there".to_owned(),
        };
        return Err(Mismatch::new(at, describe(check, bindings), observed));
    };
    let holds = if let Some(expected) = &check.equals {
        equal(found, &bindings.value(expected))
    } else if let Some(null) = check.null {
        found.is_null() == null
    } else if let Some(pattern) = &check.matches {
        found.as_str().is_some_and(|text| matches(&bindings.text(pattern), text))
    } else if let Some(kind) = &check.kind {
        kind == kind_of(found)
    } else if let Some(length) = check.length {
        match found {
            Value::Array(items) => items.len() == length,
            Value::Object(pairs) => pairs.len() == length,
            _ => false,
        }
    } else if let Some(keys) = &check.keys {
        found
            .as_object()
            .is_some_and(|pairs| pairs.len() == keys.len() && keys.iter().all(|key| pairs.contains_key(key)))
    } else if let Some(part) = &check.contains {
        contains(found, &bindings.value(part))
    } else if let Some(each) = &check.each {
        return hold_each(each, &at, found, bindings);
    } else if let Some(checks) = &check.json {
        return hold_inside(checks, &at, found, bindings);
    } else {
        false
    };
    if holds { Ok(()) } else { Err(Mismatch::new(at, describe(check, bindings), observed(check, found))) }
}

fn hold_each(each: &Each, at: &str, found: &Value, bindings: &Bindings) -> Verdict {
    let place = format!(
        "{at}[*]{}",
        place(&each.at).strip_prefix("reply").map_or_else(|| format!(".{}", place(&each.at)), str::to_owned)
    );
    let Some(items) = found.as_array() else {
        return Err(Mismatch::new(at, "a list", short(found)));
    };
    let absent = Value::String("(nothing there)".to_owned());
    let values: Vec<&Value> = items.iter().map(|item| item.pointer(&each.at).unwrap_or(&absent)).collect();
    if let Some(expected) = &each.equals {
        let expected = bindings.value(expected);
        if values.is_empty() {
            return Err(Mismatch::new(place, format!("each {}", short(&expected)), "an empty list"));
        }
        if let Some(wrong) = values.iter().find(|value| !equal(value, &expected)) {
            return Err(Mismatch::new(place, format!("each {}", short(&expected)), short(wrong)));
        }
    }
    if let Some(expected) = &each.values {
        let expected: Vec<Value> = expected.iter().map(|value| bindings.value(value)).collect();
        if !same_values(&values, &expected) {
            let values = Value::Array(values.into_iter().cloned().collect());
            return Err(Mismatch::new(
                place,
                format!("in any order {}", short(&Value::Array(expected))),
                short(&values),
            ));
        }
    }
    Ok(())
}

/// The cabinet's replies: a text that is JSON itself.
fn hold_inside(checks: &[Check], at: &str, found: &Value, bindings: &Bindings) -> Verdict {
    let inner: Value = found
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| Mismatch::new(at, "a text that is JSON", short(found)))?;
    for check in checks {
        hold(check, &inner, bindings).map_err(|wrong| Mismatch { at: format!("{at} > {}", wrong.at), ..wrong })?;
    }
    Ok(())
}

fn contains(found: &Value, part: &Value) -> bool {
    match (found, part) {
        (Value::Array(items), part) => {
            items.iter().any(|item| equal(item, part) || (part.is_object() && contains(item, part)))
        }
        (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
        (Value::Object(pairs), Value::Object(part)) => part.iter().all(|(key, value)| {
            pairs.get(key).is_some_and(|found| equal(found, value) || (value.is_object() && contains(found, value)))
        }),
        _ => false,
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// `/result/0/fields` as `result[0].fields`; the whole reply is `reply`.
fn place(pointer: &str) -> String {
    let mut text = String::new();
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
            text.push_str(&format!("[{part}]"));
        } else {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(&part);
        }
    }
    if text.is_empty() { "reply".to_owned() } else { text }
}

/// What a check asks for, in words.
fn describe(check: &Check, bindings: &Bindings) -> String {
    if let Some(expected) = &check.equals {
        short(&bindings.value(expected))
    } else if let Some(null) = check.null {
        if null { "null".to_owned() } else { "anything but null".to_owned() }
    } else if let Some(pattern) = &check.matches {
        format!("a text matching {}", bindings.text(pattern))
    } else if let Some(kind) = &check.kind {
        format!("a value of the kind `{kind}`")
    } else if let Some(length) = check.length {
        elements(length)
    } else if let Some(keys) = &check.keys {
        format!("the keys {}", keys.join(", "))
    } else if let Some(part) = &check.contains {
        format!("something that contains {}", short(&bindings.value(part)))
    } else if check.each.is_some() {
        "a list".to_owned()
    } else if check.json.is_some() {
        "a text that is JSON".to_owned()
    } else {
        "nothing there".to_owned()
    }
}

fn elements(count: usize) -> String {
    plural(count, "element", "elements")
}

fn observed(check: &Check, found: &Value) -> String {
    match found {
        Value::Array(items) if check.length.is_some() => elements(items.len()),
        Value::Object(pairs) if check.length.is_some() => elements(pairs.len()),
        Value::Object(pairs) if check.keys.is_some() => {
            format!("the keys {}", pairs.keys().map(String::as_str).collect::<Vec<_>>().join(", "))
        }
        value => short(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(check: Value, holds: bool) {
        let reply = json!({
            "call": "/rest_api/v2/Abonents/",
            "result": [
                {"pk": 3, "model": "Abonents", "fields": {"name": "abonent", "tarif_id": null}},
                {"pk": 5, "model": "Abonents", "fields": {"name": "другой", "tarif_id": 1}},
            ],
            "cabinet": ["{\"error\": \"no\"}"],
        });
        let check: Check = serde_json::from_value(check).unwrap();
        assert_eq!(hold(&check, &reply, &Bindings::default()).is_ok(), holds, "{check:?}");
    }

    #[test]
    fn each_expectation_holds_or_does_not() {
        check(json!({"at": "/result/0/pk", "equals": 3}), true);
        check(json!({"at": "/result/0/pk", "equals": "3"}), false);
        check(json!({"at": "/result/0/fields/tarif_id", "null": true}), true);
        check(json!({"at": "/result/1/fields/tarif_id", "null": true}), false);
        check(json!({"at": "/result/9/fields/tarif_id", "null": true}), false);
        check(json!({"at": "/error", "absent": true}), true);
        check(json!({"at": "/call", "absent": true}), false);
        check(json!({"at": "/call", "matches": "^/rest_api/v2/"}), true);
        check(json!({"at": "/result", "matches": "."}), false);
        check(json!({"at": "/result", "kind": "list"}), true);
        check(json!({"at": "/result", "kind": "object"}), false);
        check(json!({"at": "/result", "length": 2}), true);
        check(json!({"at": "/result", "length": 3}), false);
        check(json!({"at": "/result/0", "keys": ["pk", "model", "fields"]}), true);
        check(json!({"at": "/result/0", "keys": ["pk", "model"]}), false);
        check(json!({"at": "/result", "contains": {"pk": 5}}), true);
        check(json!({"at": "/result", "contains": {"pk": 6}}), false);
        check(json!({"at": "/result/1/fields/name", "contains": "руг"}), true);
        check(json!({"at": "/result", "each": {"at": "/pk", "values": [5, 3]}}), true);
        check(json!({"at": "/result", "each": {"at": "/pk", "values": [5, 5]}}), false);
        check(json!({"at": "/result", "each": {"at": "/model", "equals": "Abonents"}}), true);
        check(json!({"at": "/result", "each": {"at": "/pk", "equals": 3}}), false);
        check(json!({"at": "/cabinet/0", "json": [{"at": "/error", "equals": "no"}]}), true);
        check(json!({"at": "/cabinet/0", "json": [{"at": "/error", "equals": "yes"}]}), false);
    }

    #[test]
    fn a_place_reads_like_a_path() {
        assert_eq!(place("/result/0/fields/name"), "result[0].fields.name");
        assert_eq!(place(""), "reply");
    }
}
