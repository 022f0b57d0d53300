//! The page's own text under bash: all of it, what is wrong with it, and what its pipelines do to the task queue.
#![cfg(unix)]
#![allow(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod support;

use std::path::Path;

use carbon_harness::curl::point_at;
use carbon_harness::exit;
use carbon_mock::CarbonMock;
use carbon_specs::Contract;
use serde_json::Value;
use support::{Folder, harness, program, root};

/// Runs `literal` with the machine's programs on PATH.
#[track_caller]
fn literal(arguments: &[&str]) -> (i32, String, String) {
    let path = std::env::var("PATH").unwrap_or_default();
    let output = program().env("PATH", path).arg("literal").args(arguments).output().expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it is UTF-8");
    (output.status.code().expect("no signal ended it"), text(output.stdout), text(output.stderr))
}

#[test]
fn every_command_of_the_page_runs_as_it_stands_or_as_corrected() {
    let (code, stdout, stderr) = literal(&["--format", "json"]);
    assert_eq!(code, i32::from(exit::CONFORMS), "{stdout}{stderr}");
    let report: Value = serde_json::from_str(&stdout).expect("the report is JSON");
    let examples = &report["summary"]["examples"];
    assert_eq!((&examples["total"], &examples["pass"]), (&Value::from(148), &Value::from(148)), "{examples}");
    assert!(report["summary"]["requests"].as_u64().is_some_and(|requests| requests > 1000));
}

#[test]
fn what_a_command_does_not_send_is_told() {
    let specs = Folder::new("literal-specs");
    specs.copy(&root().join("specs"));
    let file = specs.0.join("examples/debug.toml");
    let text = std::fs::read_to_string(&file).expect("the examples are there");
    // The command stays; only what the contract says of it changes.
    let request = r#"body = 'method1=objects.get&arg1={"id":"3"}&fields=["name"]'"#;
    assert!(text.contains(request), "{text}");
    let changed = text.replace(request, &request.replace("\"3\"", "\"45\""));
    std::fs::write(&file, changed).expect("the copy can be written");
    let (code, stdout, _) = literal(&["debug-1", "--specs", specs.path()]);
    assert_eq!(code, i32::from(exit::MISMATCH), "{stdout}");
    for part in ["something else than the contract says", "-expected /rest_api/v2/Abonents/", "+arrived"] {
        assert!(stdout.contains(part), "`{part}` is not in:\n{stdout}");
    }
}

#[test]
fn programs_that_are_missing_are_named() {
    let empty = Folder::new("literal-path");
    let output = program().env("PATH", empty.path()).arg("literal").output().expect("the program runs");
    assert_eq!(output.status.code(), Some(i32::from(exit::USAGE)));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("install bash, curl, awk, sed, jq, python3"), "{stderr}");
}

#[test]
fn a_dry_run_prints_the_scripts_and_keep_leaves_the_folder() {
    let ended = harness(&["literal", "abonents-7.2", "--dry-run"]);
    assert_eq!(ended.code, i32::from(exit::CONFORMS));
    for part in ["# abonents-7.2\n", "# abonents-7.2 (corrected)\n", "http://127.0.0.1:8082/rest_api/v2/Abonents/ -D -"]
    {
        assert!(ended.stdout.contains(part), "`{part}` is not in:\n{}", ended.stdout);
    }
    let (code, stdout, _) = literal(&["users-5.1", "--keep", "-v"]);
    assert_eq!(code, i32::from(exit::CONFORMS), "{stdout}");
    let folder = stdout.split_whitespace().find(|word| word.contains("carbon-literal-")).expect("the folder is named");
    assert!(Path::new(folder).join("bin/sqlexec").is_file(), "{folder}");
    std::fs::remove_dir_all(folder).expect("it can be removed");
}

/// Runs a documented pipeline against a mock, as an integrator would.
fn pipeline(mock: &CarbonMock, folder: &Folder, id: &str) {
    use std::os::unix::fs::PermissionsExt;

    let contract = Contract::embedded().expect("the contract is sound");
    let command = point_at(&contract.example(id).expect("it is documented").printed.command, &mock.url());
    let sqlexec = folder.0.join("sqlexec");
    let script = format!("#!/bin/sh\nexec '{}' sqlexec \"$@\"\n", env!("CARGO_BIN_EXE_carbon-harness"));
    std::fs::write(&sqlexec, script).expect("the script can be written");
    std::fs::set_permissions(&sqlexec, std::fs::Permissions::from_mode(0o755)).expect("it can be made executable");
    let path = format!("{}:{}", folder.path(), std::env::var("PATH").unwrap_or_default());
    let output = std::process::Command::new("bash")
        .args(["-c", &command])
        .env("PATH", path)
        .env("CARBON_MOCK_URL", mock.url())
        .output()
        .expect("bash runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_takes_its_time_and_is_no_hazard_but_twice_without_waiting_is() {
    let mock = CarbonMock::builder().clock("2022-02-01 10:00:00").seed(1).start().await.expect("the mock starts");
    let folder = Folder::new("literal-pipeline");
    // Three subscribers of folder 1354 get a status.
    tokio::task::block_in_place(|| pipeline(&mock, &folder, "abonents-13.1"));
    let tasks = mock.mock().tasks();
    let due: Vec<&str> =
        tasks["pending"].as_array().expect("a list").iter().filter_map(|task| task["due"].as_str()).collect();
    assert_eq!(due.len(), 3, "{tasks}");
    // 5-10 seconds, and about a second for each.
    assert!(due[0] >= "2022-02-01 10:00:05" && due[2] >= "2022-02-01 10:00:08", "{due:?}");
    assert!(due[2] <= "2022-02-01 10:00:20", "{due:?}");
    mock.mock().run_tasks();
    assert_eq!(mock.mock().hazards()["total"], 0);

    mock.mock().reset();
    tokio::task::block_in_place(|| pipeline(&mock, &folder, "abonents-13.1"));
    tokio::task::block_in_place(|| pipeline(&mock, &folder, "abonents-13.1"));
    mock.mock().run_tasks();
    let hazards = mock.mock().hazards();
    assert_eq!(hazards["total"], 3, "{hazards}");
    assert_eq!(hazards["hazards"][0]["kind"], "repeated", "{hazards}");
    mock.shutdown().await;
}
