//! Replaying the page: all of it holds, one changed byte does not, and servers of others are only read.

mod support;

use std::collections::BTreeSet;

use carbon_harness::exit;
use carbon_mock::CarbonMock;
use serde_json::Value;
use support::{Folder, harness, program, proxy, root};

#[test]
fn the_whole_page_is_replayed_and_holds() {
    let ended = harness(&["--format", "json"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (i32::from(exit::CONFORMS), ""), "{}", failures(&ended.stdout));
    let report: Value = serde_json::from_str(&ended.stdout).expect("the report is JSON");
    assert_eq!(report["summary"]["examples"]["total"], 148);
    assert_eq!(report["summary"]["examples"]["pass"], 148);
    assert_eq!(report["summary"]["corrected"]["pass"], report["summary"]["misprints"]["pass"]);
    assert_eq!(report["summary"]["cases"]["fail"], 0);
    let names: BTreeSet<&str> =
        report["examples"].as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 148);
}

/// What does not match, for the test's message.
fn failures(report: &str) -> String {
    let report: Value = serde_json::from_str(report).unwrap_or_default();
    let entries = ["examples", "rules"].into_iter().flat_map(|list| report[list].as_array().into_iter().flatten());
    let wrong = entries.filter(|entry| entry["status"] == "fail");
    wrong.map(|entry| format!("{} {}\n", entry["id"], entry["rule"])).collect()
}

#[test]
fn the_text_report_ends_with_a_summary_by_section() {
    let ended = harness(&["run", "--section", "homes"]);
    assert_eq!(ended.code, i32::from(exit::CONFORMS), "{}", ended.stdout);
    assert!(ended.stdout.contains("Дома"), "{}", ended.stdout);
    assert!(ended.stdout.contains("4 examples: 4 pass, 0 fail"), "{}", ended.stdout);
    assert!(!ended.stdout.contains('\u{1b}'), "NO_COLOR is respected");
}

#[test]
fn one_changed_byte_of_a_snapshot_is_shown_as_a_difference() {
    let snapshots = Folder::new("snapshots");
    snapshots.copy(&root().join("snapshots"));
    let file = snapshots.0.join("debug-1.snap");
    let text = std::fs::read_to_string(&file).expect("the snapshot is there");
    let changed = text.replacen("\"pk\": 3", "\"pk\": 4", 1);
    assert_ne!(text, changed);
    std::fs::write(&file, changed).expect("the copy can be written");
    let ended = harness(&["run", "--section", "debug", "--snapshots", snapshots.path()]);
    assert_eq!(ended.code, i32::from(exit::MISMATCH));
    for part in
        ["FAIL", "objects.get {\"id\":\"3\"}", "-    \"pk\": 4,", "+    \"pk\": 3,", "carbon-harness run debug-1"]
    {
        assert!(ended.stdout.contains(part), "`{part}` is not in:\n{}", ended.stdout);
    }
    let updated = harness(&["run", "--section", "debug", "--snapshots", snapshots.path(), "--update"]);
    assert_eq!(updated.code, i32::from(exit::CONFORMS), "{}", updated.stdout);
    assert!(updated.stdout.contains("1 snapshot written"), "{}", updated.stdout);
    let again = std::fs::read_to_string(&file).expect("the snapshot is there");
    assert_eq!(again.split("\n---\n").last(), text.split("\n---\n").last());
}

#[test]
fn a_difference_is_coloured_where_colours_are_wanted() {
    let snapshots = Folder::new("colours");
    snapshots.copy(&root().join("snapshots"));
    let file = snapshots.0.join("debug-1.snap");
    let text = std::fs::read_to_string(&file).expect("the snapshot is there");
    std::fs::write(&file, text.replacen("\"pk\": 3", "\"pk\": 4", 1)).expect("the copy can be written");
    let output = program()
        .env_remove("NO_COLOR")
        .env("CLICOLOR_FORCE", "1")
        .args(["run", "debug-1", "--snapshots", snapshots.path()])
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(i32::from(exit::MISMATCH)));
    let shown = String::from_utf8(output.stdout).expect("stdout is UTF-8");
    let (red, green) = ("\u{1b}[31m-    \"pk\": ", "\u{1b}[32m+    \"pk\": ");
    assert!(shown.contains(red) && shown.contains(green), "{shown:?}");
}

#[test]
fn a_snapshot_that_is_missing_is_a_mismatch() {
    let empty = Folder::new("empty");
    let ended = harness(&["run", "--section", "debug", "--snapshots", empty.path()]);
    assert_eq!(ended.code, i32::from(exit::MISMATCH));
    assert!(ended.stdout.contains("`run --update` writes it"), "{}", ended.stdout);
}

#[test]
fn a_folder_of_snapshots_that_is_not_there_is_a_usage_error() {
    let ended = harness(&["run", "--section", "debug", "--snapshots", "/no/such/folder"]);
    assert_eq!(ended.code, i32::from(exit::USAGE), "{}", ended.stdout);
    assert!(ended.stderr.contains("there are no snapshots in /no/such/folder"), "{}", ended.stderr);
}

#[test]
fn outside_of_the_repository_the_built_in_snapshots_are_compared() {
    let folder = Folder::new("installed");
    let output = support::program().current_dir(&folder.0).args(["run", "abonents-1.1", "abonents-3.1"]).output();
    let output = output.expect("the program runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let shown = support::program().current_dir(&folder.0).args(["show", "abonents-1.1"]).output();
    let shown = String::from_utf8(shown.expect("the program runs").stdout).expect("stdout is UTF-8");
    assert!(shown.contains("POST /rest_api/v2/Abonents/"), "{shown}");
}

#[test]
fn a_snapshot_that_no_call_owns_is_told_of() {
    let folder = Folder::new("orphans");
    folder.copy(&support::root().join("snapshots"));
    std::fs::write(folder.0.join("gone-1.1.snap"), "---\nsource: x\n---\nnothing\n").expect("it is written");
    let ended = harness(&["run", "--no-rules", "-q", "--snapshots", folder.path()]);
    assert_eq!(ended.code, i32::from(exit::CONFORMS), "{}", ended.stdout);
    assert!(
        ended.stdout.contains("1 snapshot of no call: ") && ended.stdout.contains("gone-1.1.snap"),
        "{}",
        ended.stdout
    );
}

#[test]
fn fail_fast_stops_at_the_first_mismatch() {
    let empty = Folder::new("fail-fast");
    let ended = harness(&["run", "--fail-fast", "--snapshots", empty.path()]);
    assert_eq!(ended.code, i32::from(exit::MISMATCH));
    assert!(ended.stdout.contains("1 example: 0 pass, 1 fail"), "{}", ended.stdout);
    assert!(ended.stdout.contains("stopped at the first failure"), "{}", ended.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_others_is_only_read() {
    let mock = CarbonMock::start().await.expect("the mock starts");
    let before = mock.mock().state();
    let proxy = proxy::start(&mock.url(), |_, body| body);
    let ended = tokio::task::spawn_blocking(move || {
        let ended = harness(&["run", "--target", &proxy.url, "--format", "json"]);
        (ended, proxy.forwarded.lock().expect("no thread panicked").clone())
    });
    let (ended, forwarded) = ended.await.expect("no panic");
    assert_eq!(ended.code, i32::from(exit::CONFORMS), "{}{}", failures(&ended.stdout), ended.stderr);
    let report: Value = serde_json::from_str(&ended.stdout).expect("the report is JSON");
    let not_run = report["summary"]["examples"]["not_run"].as_u64().unwrap();
    assert!(not_run > 50, "{not_run}");
    assert!(report["summary"]["examples"]["pass"].as_u64().unwrap() > 20);
    assert!(forwarded.iter().all(|(path, _)| !path.starts_with("/__mock__/") || path == "/__mock__/health"));
    for word in ["save", "create", "delete", "add_", "block", "set", "storno", "session"] {
        let sent =
            |body: &str| body.split('&').any(|pair| pair.starts_with("method") && pair.contains(&format!("={word}")));
        assert!(!forwarded.iter().any(|(_, body)| sent(body)), "a `{word}` was sent");
    }
    assert_eq!(mock.mock().state(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_changed_byte_of_a_reply_is_shown_as_a_difference() {
    let mock = CarbonMock::start().await.expect("the mock starts");
    // A comma's blank: the same JSON, and still not the same bytes.
    let proxy = proxy::start(&mock.url(), |path, body| {
        let text = String::from_utf8_lossy(&body).into_owned();
        if path == "/rest_api/v2/Switch/" { text.replacen(", ", ",", 1).into_bytes() } else { body }
    });
    let run = move || harness(&["run", "--target", &proxy.url, "--section", "users", "--read", "--show-values"]);
    let ended = tokio::task::spawn_blocking(run).await.expect("no panic");
    assert_eq!(ended.code, i32::from(exit::MISMATCH), "{}{}", ended.stdout, ended.stderr);
    for part in [
        "FAIL    users-2.1",
        "+raw: {\"call\": \"/rest_api/v2/Switch/\",\"result\"",
        "objects.get {\"ip\":\"1.1.1.1\"}",
    ] {
        assert!(ended.stdout.contains(part), "`{part}` is not in:\n{}", ended.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_writes_for_a_server_of_others_is_refused() {
    let mock = CarbonMock::start().await.expect("the mock starts");
    let url = mock.url();
    let run = move || harness(&["run", "--target", &url, "--write"]);
    let ended = tokio::task::spawn_blocking(run).await.expect("no panic");
    assert_eq!(ended.code, i32::from(exit::REFUSED), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains("only reads are sent there"), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
}
