//! Replies kept and compared: the same server has not changed, and what changed is told once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::fs;
use std::path::Path;

use carbon_mock::CarbonMock;
use serde_json::{Value, json};
use support::{Folder, everything, harness};
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
fn where_nothing_but_errors_is_answered_nothing_was_compared() {
    let runtime = runtime();
    let mock = faithful(&runtime);
    let down = support::proxy::start(&mock.url(), |path, _| {
        json!({ "call": path, "error": "the database is down" }).to_string().into_bytes()
    });
    let ended = harness(&["diff", &down.url, &down.url]);
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains("nothing could be compared"), "{}", ended.stderr);
    let folder = Folder::new("down");
    let saved = format!("{}/saved", folder.path());
    harness(&["run", "--target", &down.url, "--compare", "shape", "-q", "--save", &saved]);
    let ended = harness(&["run", "--target", &mock.url(), "--compare", "shape", "-q", "--baseline", &saved]);
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(ended.stderr.contains("nothing can be compared with it"), "{}", ended.stderr);
}

#[test]
fn a_page_shows_drift_side_by_side() {
    let runtime = runtime();
    let folder = Folder::new("sides");
    let (saved, page) = (format!("{}/saved", folder.path()), format!("{}/report.html", folder.path()));
    let mock = faithful(&runtime);
    let ended = harness(&["run", "--target", &mock.url(), "--compare", "shape", "-q", "--save", &saved]);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    let other = deviating(&runtime, "types-flags-as-booleans");
    let report = format!("html={page}");
    harness(&["run", "--target", &other.url(), "--compare", "shape", "-q", "--baseline", &saved, "--report", &report]);
    let page = fs::read_to_string(&page).unwrap();
    let sides = "<h3>expected</h3><pre class=\"minus\">a whole number</pre></div>\
                 <div><h3>got</h3><pre class=\"plus\">a boolean</pre></div>";
    assert!(page.contains("Abonents.deleted is now a boolean") && page.contains(sides), "{page}");
    assert!(page.contains("<span class=\"minus\">- a whole number"), "the difference, too");
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
