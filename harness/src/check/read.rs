//! Reads rows back: the question a `read` step asks, and what its answer comes to.

use carbon_specs::step::Read;
use serde_json::Value;

use super::{Mismatch, Verdict, equal, error_of, matches, same_values, short};
use crate::bindings::Bindings;
use crate::brief::plural;
use crate::exchange::Sent;

/// What a read found.
#[derive(Clone, Debug, PartialEq)]
pub enum Observed {
    /// A number of rows.
    Count(u64),
    /// The field's value in each row.
    Values(Vec<Value>),
}

/// The call that a read makes.
pub fn question(read: &Read, bindings: &Bindings) -> Sent {
    let filter = bindings.value(&Value::Object(read.filter.clone())).to_string();
    let mut pairs = vec![("method1", "objects.filter".to_owned()), ("arg1", filter)];
    match (&read.field, read.count) {
        (Some(field), None) => pairs.push(("fields", Value::from(vec![field.as_str()]).to_string())),
        _ => pairs.extend([("method2", "count".to_owned()), ("arg2", "{}".to_owned())]),
    }
    let body = serde_urlencoded::to_string(pairs).unwrap_or_default();
    Sent { path: format!("/rest_api/v2/{}/", read.model), body }
}

/// What the answer to [`question`] shows.
///
/// # Errors
/// The answer is an error, or not of the documented form.
pub fn observe(read: &Read, reply: &Value) -> Result<Observed, Mismatch> {
    let at = format!("read of {}", read.model);
    if let Some(error) = error_of(reply) {
        return Err(Mismatch::refusal(at, error));
    }
    let result = reply.get("result").ok_or_else(|| Mismatch::new(at.as_str(), "a result", short(reply)))?;
    let (Some(field), None) = (&read.field, read.count) else {
        return result
            .as_u64()
            .map(Observed::Count)
            .ok_or_else(|| Mismatch::new(at.as_str(), "a number of rows", short(result)));
    };
    let rows = result.as_array().ok_or_else(|| Mismatch::new(at.as_str(), "a list", short(result)))?;
    let path: Vec<&str> = field.split("__").collect();
    let mut values = Vec::new();
    for row in rows {
        collect(row, &path, &mut values).map_err(|()| Mismatch::new(at.as_str(), format!("`{field}`"), short(row)))?;
    }
    Ok(Observed::Values(values))
}

/// Walks `abonent__tarif__name` through objects; a reverse link's list gives a value for each element.
fn collect(object: &Value, path: &[&str], into: &mut Vec<Value>) -> Result<(), ()> {
    match (object, path) {
        (value, []) => into.push(value.clone()),
        (Value::Array(items), _) => {
            for item in items {
                collect(item, path, into)?;
            }
        }
        (Value::Null, _) => into.push(Value::Null),
        (_, ["pk"]) => into.push(object.get("pk").cloned().ok_or(())?),
        (_, [first, rest @ ..]) => {
            let next = object.get("fields").and_then(|fields| fields.get(first)).ok_or(())?;
            collect(next, rest, into)?;
        }
    }
    Ok(())
}

/// Holds a read's expectation to what was found.
///
/// # Errors
/// Says how it differs.
pub fn hold_read(read: &Read, found: &Observed, bindings: &Bindings) -> Verdict {
    let at = describe(read, bindings);
    let rows = |count: u64| plural(count, "row", "rows");
    let values = match found {
        Observed::Count(count) => {
            return match read.count {
                Some(expected) if expected as u64 == *count => Ok(()),
                Some(expected) => Err(Mismatch::new(at, rows(expected as u64), rows(*count))),
                None => Err(Mismatch::new(at, "values", rows(*count))),
            };
        }
        Observed::Values(values) => values,
    };
    let all = || short(&Value::Array(values.clone()));
    let one = |expected: String, holds: &dyn Fn(&Value) -> bool| match values.as_slice() {
        [value] if holds(value) => Ok(()),
        [value] => Err(Mismatch::new(at.as_str(), expected, short(value))),
        _ => Err(Mismatch::new(
            at.as_str(),
            format!("one row with {expected}"),
            format!("{}: {}", rows(values.len() as u64), all()),
        )),
    };
    if let Some(expected) = &read.equals {
        let expected = bindings.value(expected);
        one(short(&expected), &|value| equal(value, &expected))
    } else if let Some(null) = read.null {
        let expected = if null { "null" } else { "anything but null" };
        one(expected.to_owned(), &|value| value.is_null() == null)
    } else if let Some(pattern) = &read.matches {
        let pattern = bindings.text(pattern);
        one(format!("a text matching {pattern}"), &|value| match value {
            Value::Null => false,
            Value::String(text) => matches(&pattern, text),
            other => matches(&pattern, &other.to_string()),
        })
    } else if let Some(expected) = &read.each {
        let expected = bindings.value(expected);
        if !values.is_empty() && values.iter().all(|value| equal(value, &expected)) {
            Ok(())
        } else {
            Err(Mismatch::new(at, format!("rows, each with {}", short(&expected)), all()))
        }
    } else {
        let expected: Vec<Value> = read.values.iter().flatten().map(|value| bindings.value(value)).collect();
        if same_values(&values.iter().collect::<Vec<_>>(), &expected) {
            Ok(())
        } else {
            Err(Mismatch::new(at, format!("in any order {}", short(&Value::Array(expected))), all()))
        }
    }
}

fn describe(read: &Read, bindings: &Bindings) -> String {
    let filter = bindings.value(&Value::Object(read.filter.clone()));
    match &read.field {
        Some(field) if read.count.is_none() => format!("{} {filter} {field}", read.model),
        _ => format!("{} {filter} count", read.model),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: Value) -> Read {
        serde_json::from_value(text).unwrap()
    }

    #[track_caller]
    fn check(step: Value, result: Value, holds: bool) {
        let read = read(step);
        let verdict = observe(&read, &json!({"call": "", "result": result}))
            .and_then(|found| hold_read(&read, &found, &Bindings::default()));
        assert_eq!(verdict.is_ok(), holds, "{read:?} {verdict:?}");
    }

    #[test]
    fn each_expectation_holds_or_does_not() {
        let row = |value: Value| json!([{"pk": 1, "model": "Abonents", "fields": {"name": value}}]);
        let ask =
            |key: &str, value: Value| json!({"model": "Abonents", "where": {"id": 1}, "field": "name", key: value});
        check(ask("equals", json!("a")), row(json!("a")), true);
        check(ask("equals", json!("a")), row(json!("b")), false);
        check(ask("equals", json!("a")), json!([]), false);
        check(ask("null", json!(true)), row(Value::Null), true);
        check(ask("null", json!(true)), row(json!("")), false);
        check(ask("matches", json!("^\\d+$")), row(json!(15)), true);
        check(ask("each", json!("a")), json!([]), false);
        check(ask("values", json!([])), json!([]), true);
        check(ask("values", json!(["a"])), row(json!("a")), true);
        check(json!({"model": "Abonents", "count": 2}), json!(2), true);
        check(json!({"model": "Abonents", "count": 2}), json!(3), false);
        check(json!({"model": "Abonents", "count": 2}), json!([]), false);
    }

    #[test]
    fn a_path_is_walked_through_links() {
        let read =
            read(json!({"model": "Abonents", "field": "abonent_id_users__ip", "values": ["1.1.1.1", "2.2.2.2"]}));
        let users: Vec<Value> =
            ["1.1.1.1", "2.2.2.2"].iter().map(|ip| json!({"pk": 1, "fields": {"ip": ip}})).collect();
        let reply = json!({"result": [{"pk": 1, "fields": {"abonent_id_users": users}}]});
        assert_eq!(observe(&read, &reply), Ok(Observed::Values(vec![json!("1.1.1.1"), json!("2.2.2.2")])));
    }

    #[test]
    fn the_question_is_a_call_of_the_documented_form() {
        let read = read(json!({"model": "Users", "where": {"login": "а"}, "field": "ip", "equals": "1"}));
        let sent = question(&read, &Bindings::default());
        assert_eq!(sent.path, "/rest_api/v2/Users/");
        assert_eq!(sent.body, "method1=objects.filter&arg1=%7B%22login%22%3A%22%D0%B0%22%7D&fields=%5B%22ip%22%5D");
    }
}
