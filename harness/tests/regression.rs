//! Replies kept and compared: nothing personal is written, the same server has not changed, and what changed is told once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::fs;
use std::path::Path;

use carbon_mock::{CarbonMock, Mock};
use serde_json::{Value, json};
use support::{Folder, harness};
use tokio::runtime::Runtime;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}

fn faithful(runtime: &Runtime) -> CarbonMock {
    runtime.block_on(CarbonMock::builder().clock("2022-02-01 10:00:00").start()).unwrap()
}

fn deviating(runtime: &Runtime, name: &str) -> CarbonMock {
    let mock = CarbonMock::builder().clock("2022-02-01 10:00:00").deviate(name.parse().unwrap());
    runtime.block_on(mock.start()).unwrap()
}

/// Puts a value of its own into every secret column of every row.
fn plant(mock: &Mock) {
    let schema = mock.contract().schema.clone();
    let mut state = mock.state();
    let mut count = 0;
    for (model, rows) in state.as_object_mut().unwrap() {
        let model = schema.model(model).unwrap();
        for row in rows.as_array_mut().unwrap() {
            for (column, value) in row["fields"].as_object_mut().unwrap() {
                if !value.is_string() || !model.field(column).unwrap().secret {
                    continue;
                }
                count += 1;
                let (low, high) = (count % 250, count / 250);
                *value = Value::from(match column.as_str() {
                    "sms" | "src" | "dst" | "addressee" => format!("+7912555{count:04}"),
                    "email" => format!("somebody{count}@plant.example"),
                    "ip" | "snatip" => format!("10.99.{high}.{low}"),
                    "mac" => format!("02:99:00:00:{high:02X}:{low:02X}"),
                    _ => format!("ПЛАНТ{count:05}"),
                });
            }
        }
    }
    assert!(count > 1000, "{count} values were planted");
    mock.put_state(&state).unwrap();
}

/// Everything below a folder, in one text.
fn everything(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            text.push_str(&everything(&entry.path()));
        } else {
            text.push_str(&String::from_utf8_lossy(&fs::read(entry.path()).unwrap()));
        }
    }
    text
}

#[test]
fn nothing_personal_is_written() {
    let runtime = runtime();
    let mock = faithful(&runtime);
    plant(mock.mock());
    let folder = Folder::new("planted");
    let (saved, report) = (format!("{}/saved", folder.path()), format!("json={}/report.json", folder.path()));
    let target = mock.url();
    let run = ["run", "--target", &target, "--compare", "shape", "-v", "--save", &saved, "--report", &report];
    let ended = harness(&run);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    // The same server, misbehaving: what differs is shown, and shown without them.
    let other = deviating(&runtime, "types-null-as-none");
    other.mock().put_state(&mock.mock().state()).unwrap();
    let drifted = harness(&[
        "run",
        "--target",
        &other.url(),
        "--compare",
        "shape",
        "-v",
        "--baseline",
        &saved,
        "--values",
        "--format",
        "json",
    ]);
    assert_eq!(drifted.code, 1, "{}{}", drifted.stdout, drifted.stderr);
    let all = [ended.stdout, ended.stderr, drifted.stdout, drifted.stderr, everything(&folder.0)].concat();
    assert!(all.contains("<phone:") && all.contains("<ip:") && all.contains("<email:"), "{}", all.len());
    let escaped = "\\u041f\\u041b\\u0410\\u041d\\u0422";
    for planted in ["ПЛАНТ", escaped, "7912555", "@plant.example", "10.99.", "02:99:00"] {
        if let Some(at) = all.find(planted) {
            let near: String = all[..at].chars().rev().take(200).collect::<Vec<_>>().into_iter().rev().collect();
            panic!("{planted} is left after: {near}");
        }
    }
}

#[test]
fn the_same_server_has_not_changed_and_its_files_are_the_same() {
    let runtime = runtime();
    let mock = faithful(&runtime);
    let folder = Folder::new("same");
    let (one, other) = (format!("{}/one", folder.path()), format!("{}/other", folder.path()));
    let target = mock.url();
    for saved in [&one, &other] {
        fs::create_dir_all(saved).unwrap();
        fs::write(format!("{saved}/redaction.key"), "the same key").unwrap();
        let ended = harness(&["run", "--target", &target, "--compare", "shape", "-q", "--save", saved]);
        assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    }
    assert_eq!(everything(Path::new(&one)), everything(Path::new(&other)));
    let ended = harness(&["diff", &one, &other, "--values"]);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    assert!(ended.stdout.contains("nothing changed"), "{}", ended.stdout);
    let ended = harness(&["run", "--target", &target, "--compare", "shape", "-q", "--baseline", &one, "--values"]);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
}

#[test]
fn the_same_change_in_many_replies_is_one_finding() {
    let runtime = runtime();
    let mock = deviating(&runtime, "types-flags-as-booleans");
    let ended = harness(&["diff", "embedded", &mock.url(), "--format", "json"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let told: Vec<&str> = findings.iter().map(|finding| finding["at"].as_str().unwrap()).collect();
    assert!(told.contains(&"Abonents.deleted") && told.contains(&"UsersUsluga.enabled"), "{told:?}");
    assert_eq!(told.iter().filter(|at| **at == "Abonents.deleted").count(), 1, "{told:?}");
    assert!(findings[0]["calls"].as_array().unwrap().len() > 3, "{}", findings[0]);
    assert!(findings.iter().all(|finding| finding["what"] == "is now a boolean (was a whole number)"), "{findings:?}");
}

#[test]
fn drift_ends_a_run_badly_and_a_call_that_was_not_recorded_is_told() {
    let runtime = runtime();
    let folder = Folder::new("drift");
    let saved = format!("{}/saved", folder.path());
    let mock = faithful(&runtime);
    let ended = harness(&["run", "--target", &mock.url(), "--compare", "shape", "-q", "--save", &saved]);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    fs::remove_file(format!("{saved}/survey-tarif.1.json")).unwrap();
    let other = deviating(&runtime, "dates-iso-t");
    let ended = harness(&["run", "--target", &other.url(), "--compare", "shape", "--baseline", &saved]);
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(ended.stdout.contains("is now a moment spelled otherwise (was a moment) in"), "{}", ended.stdout);
    assert!(ended.stdout.contains("1 not in the baseline"), "{}", ended.stdout);
}

#[test]
fn what_moves_by_itself_is_learned_and_left_out() {
    let runtime = runtime();
    let mock = faithful(&runtime);
    let target = mock.url();
    // A counter that moves with every read, as a session's time does on a real server.
    let turn = std::sync::atomic::AtomicUsize::new(0);
    let seen = support::proxy::start(&target, move |path, reply| {
        let turn = turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        match (path.contains("/Tarif/"), serde_json::from_slice::<Value>(&reply)) {
            (true, Ok(mut body)) if body["result"]["fields"].is_object() => {
                body["result"]["fields"]["comments"] = json!(format!("read {turn}"));
                body.to_string().into_bytes()
            }
            _ => reply,
        }
    });
    let folder = Folder::new("noise");
    let masks = format!("{}/masks.toml", folder.path());
    let ended = harness(&["diff", &seen.url, &seen.url, "--values", "--save-masks", &masks]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(fs::read_to_string(&masks).unwrap().contains("at = \"Tarif.comments\""));
    // Without having looked for what moves, it is a finding.
    let saved = format!("{}/saved", folder.path());
    let ended = harness(&["run", "--target", &seen.url, "--compare", "shape", "-q", "--save", &saved]);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    fs::remove_file(format!("{saved}/masks.toml")).unwrap();
    let ended = harness(&["diff", &saved, &seen.url, "--values"]);
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    let ended = harness(&["diff", &saved, &seen.url, "--values", "--masks", &masks]);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
}

#[test]
fn a_side_that_is_nothing_is_a_usage_error() {
    let ended = harness(&["diff", "no-such-folder", "embedded"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("neither a folder that `run --save` wrote, nor a base URL"), "{}", ended.stderr);
    let folder = Folder::new("nothing");
    let ended = harness(&["diff", folder.path(), "embedded"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("manifest.json"), "{}", ended.stderr);
}
