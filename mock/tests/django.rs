//! The real Django's answers, recorded in `specs/django/`, against ours.
//!
//! `vectors.jsonl` holds calls and what Django answered over the rows of `data.json`; `generate.py` makes both again.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::PathBuf;
use std::sync::Arc;

use carbon_mock::tasks::Clock;
use carbon_mock::wire::{Call, Outcome, Reply, Step};
use carbon_mock::{Mock, Options};
use carbon_specs::Contract;
use serde_json::{Value, json};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../specs/django")
}

fn mock() -> Mock {
    let state = std::fs::read_to_string(folder().join("data.json")).unwrap();
    let options = Options {
        contract: Arc::new(Contract::embedded().unwrap()),
        clock: Clock::Virtual { now: jiff::civil::date(2022, 2, 1).at(10, 0, 0, 0) },
        state: Some(serde_json::from_str(&state).unwrap()),
        ..Options::new().unwrap()
    };
    Mock::new(options).unwrap()
}

fn ask(mock: &Mock, model: &str, steps: &[Value]) -> Result<Value, String> {
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
        fields: Some(vec!["pk".to_owned()]),
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
    match ask(mock, model, vector["steps"].as_array().unwrap()) {
        Err(text) => json!({ "error": text }),
        Ok(result) if vector.get("rows").is_some() => json!({ "rows": result }),
        Ok(Value::Array(items)) if items.iter().all(|item| item.get("pk").is_some()) => {
            json!({ "pks": items.iter().map(|item| item["pk"].clone()).collect::<Vec<_>>() })
        }
        Ok(Value::Object(object)) if object.contains_key("pk") => json!({ "pk": object["pk"] }),
        Ok(other) => json!({ "value": other }),
    }
}

fn sorted(value: &Value) -> Vec<String> {
    let mut texts: Vec<String> = value.as_array().into_iter().flatten().map(Value::to_string).collect();
    texts.sort();
    texts
}

/// Whether our answer is Django's: rows without an ordering in any order, refusals by their text.
fn same(vector: &Value, ours: &Value) -> bool {
    if let Some(text) = vector.get("text").and_then(Value::as_str) {
        return ours["error"] == text;
    }
    for key in ["pks", "rows"] {
        if let Some(expected) = vector.get(key) {
            let Some(got) = ours.get(key) else { return false };
            let ordered = vector["ordered"] == Value::Bool(true);
            return if ordered { expected == got } else { sorted(expected) == sorted(got) };
        }
    }
    // `first()` of nothing is None, which is no object.
    ["pk", "value"].iter().any(|key| vector.get(*key).is_some() && vector.get(*key) == ours.get(*key))
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
        let ours = answer(&mock, &vector);
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
