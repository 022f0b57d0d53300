//! A sandbox on servers that do not do as they say: nothing that is not the sandbox's is touched.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::sync::atomic::{AtomicI64, Ordering};

use carbon_mock::CarbonMock;
use carbon_mock::tasks::Profile;
use serde_json::{Value, json};
use support::{Ended, harness, proxy};

/// The state of a mock before and after a sandbox run that reaches it through a server which changes its replies.
fn run_through(change: impl Fn(&str, Value) -> Value + Send + Sync + 'static) -> (Ended, Value, Value) {
    let examples = ["users-2.1", "abonents-7.2", "attributes-1.1", "services-4.1"];
    run_these_through(&examples, move |path, _, reply| change(path, reply))
}

/// The same with these examples, through a server that hears each call's body, too.
fn run_these_through(
    examples: &[&str],
    change: impl Fn(&str, &str, Value) -> Value + Send + Sync + 'static,
) -> (Ended, Value, Value) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let builder = CarbonMock::builder().clock("system").tasks(Profile::INSTANT).abonents(120);
    let mock = runtime.block_on(builder.start()).unwrap();
    let before = mock.mock().state();
    let liar = proxy::start_between(&mock.url(), move |request, pass_on| {
        let mut reply = pass_on();
        if let Ok(said) = serde_json::from_slice(&reply.body) {
            reply.body = change(&request.path, &request.body, said).to_string().into_bytes();
        }
        Some(reply)
    });
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("sandbox.jsonl").display().to_string();
    let target = ["--target", &liar.url, "--writes", "sandbox", "--settle", "3", "--journal", &journal];
    let ended = harness(&[&["run", "--compare", "shape"], examples, &target].concat());
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

/// A home of the page's.
const SOMEBODYS_HOME: i64 = 1203;

/// Holds that a model has no more rows than before.
#[track_caller]
fn nothing_is_new_of(model: &str, before: &Value, after: &Value) {
    assert_eq!(before[model].as_array().map(Vec::len), after[model].as_array().map(Vec::len), "{model}");
}

/// The page's session, which is of a subscriber that is not the sandbox's.
const SOMEBODYS: &str = "144997776676316356";

/// A server that answers somebody's session where one of the sandbox's is asked for, with a key of its own making, and more
/// lies beside. Holds that nothing is written through it.
#[track_caller]
fn nothing_is_written_through_a_session(says: &str, beside: impl Fn(&str, &mut Value) + Send + Sync + 'static) {
    let writes = ["cabinet-1.3", "cabinet-2.4", "cabinet-2.5"];
    let (ended, before, after) = run_these_through(&writes, move |_, body, mut reply| {
        if reply["result"]["model"] == "DynamicSessions" && body.contains("get_or_create_dynamic_session") {
            reply["result"]["pk"] = json!(2_000_000_000);
            reply["result"]["fields"]["suid"] = json!(SOMEBODYS);
        }
        beside(body, &mut reply);
        reply
    });
    assert_ne!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains(says), "{}{}", ended.stdout, ended.stderr);
    nothing_of_others_changed(&before, &after);
    nothing_is_new_of("UsersUsluga", &before, &after);
}

/// The user of a marked login that was created last, as far as replies have shown one.
fn latest_user(seen: &AtomicI64, reply: &Value) -> i64 {
    if reply["result"]["model"] == "Users"
        && reply["result"]["fields"]["login"].as_str().is_some_and(|login| login.starts_with("carbon-harness-"))
        && let Some(pk) = reply["result"]["pk"].as_i64()
    {
        seen.store(pk, Ordering::Relaxed);
    }
    seen.load(Ordering::Relaxed)
}

#[test]
fn a_session_of_somebody_is_not_taken_for_the_sandboxs() {
    nothing_is_written_through_a_session("that it then says is of Users", |_, _| {});
}

#[test]
fn a_server_that_calls_every_session_the_sandboxs_is_not_believed() {
    let seen = AtomicI64::new(0);
    nothing_is_written_through_a_session("a SUID which nobody has", move |body, reply| {
        let user = latest_user(&seen, reply);
        if body.contains("get_user_by_suid") {
            *reply = json!({ "call": "", "result": { "pk": user, "model": "Users", "fields": {} } });
        }
    });
}

#[test]
fn a_session_whose_row_is_of_another_subscriber_is_not_written_through() {
    let seen = AtomicI64::new(0);
    nothing_is_written_through_a_session("the server answers DynamicSessions", move |body, reply| {
        let user = latest_user(&seen, reply);
        if body.contains("get_user_by_suid") && body.contains(SOMEBODYS) {
            *reply = json!({ "call": "", "result": { "pk": user, "model": "Users", "fields": {} } });
        }
    });
}

#[test]
fn the_account_of_another_subscriber_is_not_taken_for_the_new_ones() {
    let (ended, before, after) = run_these_through(&["account-2.1"], |path, _, mut reply| {
        // It hides that there are newer accounts, and then says that one of them is the new subscriber's.
        if path == "/rest_api/v2/AdminAccounts/" && reply["result"]["pk"].is_i64() {
            reply["result"]["pk"] = json!(1);
        }
        for row in reply["result"].as_array_mut().into_iter().flatten() {
            if row["fields"]["contract_number"].as_str().is_some_and(|name| name.starts_with("carbon-harness-")) {
                row["fields"]["account_id"] = json!(10_012_230);
            }
        }
        reply
    });
    assert_eq!(ended.code, 4, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains("the new subscriber's account 10012230"), "{}", ended.stderr);
    nothing_of_others_changed(&before, &after);
}

#[test]
fn a_row_that_is_not_found_by_what_it_shows_is_not_taken_in() {
    let name = std::sync::Mutex::new(Value::Null);
    let (ended, before, after) = run_through(move |path, mut reply| {
        if path != "/rest_api/v2/Homes/" {
            return reply;
        }
        // Somebody's home is made out to be newer than all others, and to be the one that was created.
        let mut name = name.lock().unwrap();
        if reply["result"]["pk"].is_i64() {
            let is_created = reply["result"]["fields"]["city"] == "carbon-harness";
            if is_created {
                *name = reply["result"]["fields"]["street"].clone();
            }
            reply["result"]["pk"] = json!(if is_created { SOMEBODYS_HOME } else { 1 });
        }
        for row in reply["result"].as_array_mut().into_iter().flatten() {
            if row["pk"] == SOMEBODYS_HOME {
                row["fields"]["street"] = name.clone();
            }
        }
        reply
    });
    assert_eq!(ended.code, 4, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains("does not find it by that"), "{}", ended.stderr);
    nothing_of_others_changed(&before, &after);
}
