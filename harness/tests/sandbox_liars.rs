//! A sandbox on servers that do not do as they say: nothing that is not the sandbox's is touched.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use carbon_mock::CarbonMock;
use carbon_mock::tasks::Profile;
use serde_json::{Value, json};
use support::{Ended, harness, proxy};

/// The state of a mock before and after a sandbox run that reaches it through a server which changes its replies.
fn run_through(change: impl Fn(&str, Value) -> Value + Send + Sync + 'static) -> (Ended, Value, Value) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let builder = CarbonMock::builder().clock("system").tasks(Profile::INSTANT).abonents(120);
    let mock = runtime.block_on(builder.start()).unwrap();
    let before = mock.mock().state();
    let liar = proxy::start(&mock.url(), move |path, reply| match serde_json::from_slice(&reply) {
        Ok(reply) => change(path, reply).to_string().into_bytes(),
        Err(_) => reply,
    });
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("sandbox.jsonl").display().to_string();
    let ended = harness(&[
        "run",
        "users-2.1",
        "abonents-7.2",
        "attributes-1.1",
        "services-4.1",
        "--target",
        &liar.url,
        "--writes",
        "sandbox",
        "--settle",
        "3",
        "--journal",
        &journal,
        "--compare",
        "shape",
    ]);
    mock.mock().run_tasks();
    let after = mock.mock().state();
    runtime.block_on(mock.shutdown());
    (ended, before, after)
}

/// Holds that no row that was there differs or is gone.
#[track_caller]
fn nothing_of_others_changed(before: &Value, after: &Value) {
    for (model, rows) in before.as_object().unwrap() {
        let now = after[model].as_array().unwrap();
        for row in rows.as_array().unwrap() {
            assert!(now.contains(row), "{model} {row}");
        }
    }
}

#[test]
fn rows_of_others_that_a_server_answers_are_not_removed() {
    for (model, stranger) in [
        ("AttributeValues", json!({"pk": 1684, "model": "AttributeValues", "fields": {"abonent_id": 45}})),
        ("UsersUsluga", json!({"pk": 1000045, "model": "UsersUsluga", "fields": {"abonent_id": 45}})),
    ] {
        let (ended, before, after) = run_through(move |path, mut reply| {
            if let (true, Some(list)) = (path == format!("/rest_api/v2/{model}/"), reply["result"].as_array_mut()) {
                list.push(stranger.clone());
            }
            reply
        });
        assert_ne!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
        assert!(ended.stderr.contains("ignores a condition"), "{}", ended.stderr);
        nothing_of_others_changed(&before, &after);
    }
}

#[test]
fn a_server_that_ignores_conditions_gets_no_sandbox() {
    let (ended, before, after) = run_through(|path, mut reply| {
        if path == "/rest_api/v2/Homes/" && reply["result"] == 0 {
            reply["result"] = json!(12);
        }
        reply
    });
    assert_eq!(ended.code, 4, "{}", ended.stderr);
    assert!(ended.stderr.contains("the server ignores the condition"), "{}", ended.stderr);
    assert_eq!(before, after);
}

#[test]
fn a_newer_row_of_somebody_else_is_not_taken_for_what_was_asked_for() {
    let (ended, before, after) = run_through(|path, mut reply| {
        let abonent = reply["result"]["fields"]["abonent_id"].as_i64();
        if let (true, Some(abonent)) = (path == "/rest_api/v2/UsersUsluga/", abonent) {
            // It hides that there are newer ones, and then says that one of them is what it created.
            let is_demo = before_demo().contains(&abonent);
            reply["result"]["pk"] = json!(if is_demo { 1 } else { 1_000_045 });
        }
        reply
    });
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("but that row is another's"), "{}", ended.stdout);
    nothing_of_others_changed(&before, &after);
}

/// The subscribers whom a mock of the tests begins with.
fn before_demo() -> Vec<i64> {
    static KEYS: std::sync::OnceLock<Vec<i64>> = std::sync::OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let mock = CarbonMock::builder().abonents(120).build().unwrap();
        let rows = mock.state()["Abonents"].as_array().unwrap().clone();
        rows.iter().filter_map(|row| row["pk"].as_i64()).collect()
    });
    keys.clone()
}

#[test]
fn a_key_that_was_there_before_is_not_taken_for_a_new_object() {
    let (ended, before, after) = run_through(|path, mut reply| {
        let named = |name: &Value| name.as_str().is_some_and(|name| name.starts_with("carbon-harness-"));
        if path == "/rest_api/v2/Abonents/" && named(&reply["result"]["fields"]["contract_number"]) {
            reply["result"]["pk"] = json!(45);
        }
        reply
    });
    assert_ne!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    nothing_of_others_changed(&before, &after);
}
