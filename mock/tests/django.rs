//! The real Django's answers, recorded in `specs/django/`, against ours.
//!
//! `vectors.jsonl` holds calls and what Django answered over the rows of `data.json`; `generate.py` makes both again.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use carbon_mock::tasks::Clock;
use carbon_mock::wire::{Call, Outcome, Reply, Step};
use carbon_mock::{Mock, Options, Start};
use carbon_specs::Contract;
use serde_json::{Value, json};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../specs/django")
}

fn mock() -> Mock {
    let text = std::fs::read(folder().join("data.json")).unwrap();
    let options = Options {
        contract: Arc::new(Contract::embedded().unwrap()),
        clock: Clock::Virtual { now: jiff::civil::date(2022, 2, 1).at(10, 0, 0, 0) },
        state: Some(Start::File { name: "data.json".to_owned(), text }),
        ..Options::new().unwrap()
    };
    Mock::new(options).unwrap()
}

fn ask(mock: &Mock, model: &str, steps: &[Value], fields: Option<Vec<String>>) -> Result<Value, String> {
    let steps = steps
        .iter()
        .enumerate()
        .map(|(place, step)| {
            let name = step[0].as_str().unwrap();
            let method = if place == 0 { format!("objects.{name}") } else { name.to_owned() };
            Step { number: place as u32 + 1, method, arg: step[1].clone() }
        })
        .collect();
    let call = Call {
        path: format!("/rest_api/v2/{model}/"),
        model: model.to_owned(),
        steps,
        fields,
        extra: Vec::new(),
        warnings: Vec::new(),
    };
    let Reply { outcome, .. } = mock.handle(call);
    match outcome {
        Outcome::Error(text) => Err(text),
        Outcome::Value(value) => Ok(value),
        Outcome::Stream(pieces) => {
            let bytes: Vec<u8> = pieces.flat_map(Result::unwrap).collect();
            Ok(serde_json::from_slice(&bytes).unwrap())
        }
        Outcome::Spelled(spelled) => Err(format!("nothing deviates here: {spelled:?}")),
    }
}

/// What our answer is, in the form of the vectors.
fn answer(mock: &Mock, vector: &Value) -> Value {
    let model = vector["model"].as_str().unwrap();
    let fields = match vector.get("fields") {
        Some(fields) => serde_json::from_value(fields.clone()).unwrap(),
        None => vec!["pk".to_owned()],
    };
    let result = match ask(mock, model, vector["steps"].as_array().unwrap(), Some(fields)) {
        Err(text) => return json!({ "error": text }),
        Ok(result) => result,
    };
    if let Some(key) = ["shown", "rows", "value"].into_iter().find(|key| vector.get(*key).is_some()) {
        return json!({ key: result });
    }
    if vector.get("pair").is_some() {
        return json!({ "pair": [result[0]["pk"], result[1]] });
    }
    if vector.get("keys").is_some() {
        let mut keys: Vec<i64> = result.as_object().unwrap().keys().map(|key| key.parse().unwrap()).collect();
        keys.sort_unstable();
        return json!({ "keys": keys });
    }
    match result {
        Value::Array(items) => json!({ "pks": items.iter().map(|item| item["pk"].clone()).collect::<Vec<_>>() }),
        Value::Object(object) => json!({ "pk": object["pk"] }),
        // `first()` of nothing.
        other => json!({ "pk": other }),
    }
}

/// The rows of a model by key, as a call shows them.
fn rows(mock: &Mock, model: &str) -> BTreeMap<i64, Value> {
    let shown = ask(mock, model, &[json!(["order_by", ["pk"]])], None).unwrap();
    let rows = shown.as_array().unwrap().iter();
    rows.map(|row| (row["pk"].as_i64().unwrap(), row["fields"].clone())).collect()
}

/// What our answer to a call that writes is, with the rows that are other when its task has run; then all is as before.
fn written(mock: &Mock, vector: &Value) -> Value {
    let model = vector["model"].as_str().unwrap();
    let before = rows(mock, model);
    let mut ours = answer(mock, vector);
    mock.run_tasks();
    let after = rows(mock, model);
    mock.reset();
    let changed: Vec<Value> = after
        .iter()
        .filter(|(pk, fields)| before.get(pk) != Some(fields))
        .map(|(pk, fields)| json!({ "pk": pk, "fields": fields }))
        .collect();
    let gone: Vec<&i64> = before.keys().filter(|pk| !after.contains_key(pk)).collect();
    ours["changed"] = json!({ "rows": changed, "gone": gone });
    ours
}

fn sorted(value: &Value) -> Vec<String> {
    let mut texts: Vec<String> = value.as_array().into_iter().flatten().map(Value::to_string).collect();
    texts.sort();
    texts
}

/// Whether our answer is Django's: rows without an ordering in any order, refusals by their text. What has no text was refused by
/// the database's driver, or by the API itself, in words of its own; nothing is changed then.
fn same(vector: &Value, ours: &Value) -> bool {
    let nothing = json!({ "rows": [], "gone": [] });
    let refused = vector.get("error").is_some();
    if vector.get("writes").is_some() && ours["changed"] != *vector.get("changed").unwrap_or(&nothing) {
        return false;
    }
    if refused {
        return ours.get("error").is_some_and(|error| vector.get("text").is_none_or(|text| error == text));
    }
    for key in ["pks", "rows", "shown"] {
        if let Some(expected) = vector.get(key) {
            let Some(got) = ours.get(key) else { return false };
            let ordered = vector["ordered"] == Value::Bool(true) || !expected.is_array();
            return if ordered { expected == got } else { sorted(expected) == sorted(got) };
        }
    }
    ["pk", "value", "pair", "keys"].iter().any(|key| vector.get(*key).is_some() && vector.get(*key) == ours.get(*key))
}

#[test]
fn answers_what_django_answers() {
    let mock = mock();
    let vectors = std::fs::read_to_string(folder().join("vectors.jsonl")).unwrap();
    let mut lines = vectors.lines();
    let head: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    let mut asked = 0;
    let mut wrong = Vec::new();
    for line in lines {
        let vector: Value = serde_json::from_str(line).unwrap();
        let ours = if vector.get("writes").is_some() { written(&mock, &vector) } else { answer(&mock, &vector) };
        asked += 1;
        if !same(&vector, &ours) {
            wrong.push(format!("{line}\n    ours: {ours}"));
        }
    }
    assert_eq!(Some(asked), head["calls"].as_u64(), "every recorded call is asked");
    assert!(asked >= 1000, "the recording is there");
    let shown = wrong.iter().take(10).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} of {asked} differ from Django {}:\n{shown}", wrong.len(), head["django"]);
}
