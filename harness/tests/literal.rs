//! The page's own text under bash: all of it, what is wrong with it, and what its pipelines do to the task queue.
#![cfg(unix)]
#![allow(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod support;

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

use carbon_harness::curl::point_at;
use carbon_harness::exit;
use carbon_mock::CarbonMock;
use carbon_specs::Contract;
use serde_json::Value;
use support::shell::{Held, NAMESPACES, ended, ends, literal_anywhere, script, signal};
use support::{Ended, Folder, harness, program, root};

#[track_caller]
fn literal(arguments: &[&str]) -> (i32, String, String) {
    let ended = ended(literal_anywhere().args(arguments));
    (ended.code, ended.stdout, ended.stderr)
}

/// A copy of the contract in which `debug-1` is printed otherwise: `$URL` stands for its API.
fn with_command(command: &str) -> Folder {
    static COPIES: AtomicUsize = AtomicUsize::new(0);
    let specs = Folder::new(&format!("literal-specs-{}", COPIES.fetch_add(1, Ordering::Relaxed)));
    specs.copy(&root().join("specs"));
    let file = specs.0.join("examples/debug.toml");
    let text = std::fs::read_to_string(&file).expect("the examples are there");
    let start = text.find("curl -ss").expect("its command");
    let end = start + text[start..].find("'''").expect("the command's end");
    let command = command.replace("$URL", "http://169.254.80.82:8082/rest_api/v2");
    std::fs::write(&file, format!("{}{command}{}", &text[..start], &text[end..])).expect("the copy can be written");
    specs
}

/// What `debug-1` sends.
const CALL: &str = r#"curl -ss $URL/Abonents/ -d 'method1=objects.get&arg1={"id":"3"}&fields=["name"]'"#;

#[test]
fn every_command_of_the_page_runs_as_it_stands_or_as_corrected() {
    let (code, stdout, stderr) = literal(&["--format", "json"]);
    assert_eq!(code, i32::from(exit::CONFORMS), "{stdout}{stderr}");
    let report: Value = serde_json::from_str(&stdout).expect("the report is JSON");
    let examples = &report["summary"]["examples"];
    assert_eq!((&examples["total"], &examples["pass"]), (&Value::from(148), &Value::from(148)), "{examples}");
    assert!(report["summary"]["requests"].as_u64().is_some_and(|requests| requests > 1000));
    let forms = report["examples"].as_array().into_iter().flatten().filter_map(|example| example["forms"].as_array());
    for form in forms.flatten() {
        assert_eq!(form["shell"]["isolated"], *NAMESPACES, "{form}");
    }
}

#[test]
fn what_a_command_does_not_send_is_told() {
    let specs = with_command(&CALL.replace("\"3\"", "\"45\""));
    let (code, stdout, _) = literal(&["debug-1", "--specs", specs.path()]);
    assert_eq!(code, i32::from(exit::MISMATCH), "{stdout}");
    for part in [
        "something else than the contract says",
        "-expected /rest_api/v2/Abonents/",
        "+arrived",
        "again   carbon-harness literal debug-1",
    ] {
        assert!(stdout.contains(part), "`{part}` is not in:\n{stdout}");
    }
}

#[test]
fn what_fails_in_a_command_is_told_though_the_right_call_was_sent() {
    for (command, parts) in [
        (format!("{CALL} | jq .result["), ["exit code 3", "jq: error"]),
        (format!("{CALL} | awk '{{' | cat"), ["exit code 0", "awk: "]),
        (format!("{CALL} | sed s/a | cat"), ["exit code 0", "sed: -e expression #1"]),
        (format!("sqlexec 'select nope from abonents'; {CALL}"), ["exit code 0", "-NOPE"]),
        (format!("sqlexec 'delete from abonents'; {CALL}"), ["exit code 0", "SELECT"]),
        (format!("{CALL}; exit 7"), ["exit code 7", ""]),
        (format!("{CALL}; curl -sS file:///etc/hostname"), ["exit code 1", "curl: (1) Protocol"]),
    ] {
        let specs = with_command(&command);
        let (code, stdout, _) = literal(&["debug-1", "--specs", specs.path()]);
        assert_eq!(code, i32::from(exit::MISMATCH), "{command}: {stdout}");
        for part in parts {
            assert!(stdout.contains(part), "`{part}` of `{command}` is not in:\n{stdout}");
        }
        assert!(!stdout.contains("something else than the contract says"), "{stdout}");
    }
}

/// The machine's programs, without one.
fn programs_but(missing: &str) -> Folder {
    let folder = Folder::new("literal-path");
    let path = std::env::var_os("PATH").unwrap_or_default();
    // The first of a name is the one that is run.
    for program in std::env::split_paths(&path).filter_map(|folder| folder.read_dir().ok()).flatten().flatten() {
        if program.file_name() != missing {
            let _ = symlink(program.path(), folder.0.join(program.file_name()));
        }
    }
    folder
}

#[test]
fn a_program_that_is_missing_fails_the_calls_that_want_it_and_no_others() {
    let path = programs_but("jq");
    let ended = ended(literal_anywhere().env("PATH", path.path()).args(["debug-1", "abonents-8.1"]));
    assert_eq!(ended.code, i32::from(exit::MISMATCH), "{}{}", ended.stdout, ended.stderr);
    for part in ["FAIL    debug-1", "it needs jq, which this machine does not have", "2 examples: 1 pass, 1 fail"] {
        assert!(ended.stdout.contains(part), "`{part}` is not in:\n{}", ended.stdout);
    }
    let empty = Folder::new("literal-no-path");
    let output = program().env("PATH", empty.path()).args(["literal", "--no-isolation"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(i32::from(exit::USAGE)));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("install bash"), "{stderr}");
}

#[test]
fn a_dry_run_prints_the_scripts() {
    let ended = harness(&["literal", "abonents-7.2", "--dry-run"]);
    assert_eq!(ended.code, i32::from(exit::CONFORMS));
    for part in ["# abonents-7.2\n", "# abonents-7.2 (corrected)\n", "http://127.0.0.1:8082/rest_api/v2/Abonents/ -D -"]
    {
        assert!(ended.stdout.contains(part), "`{part}` is not in:\n{}", ended.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_kept_runs_again_by_hand() {
    let folder = Folder::new("literal-keep");
    let stdout = tokio::task::block_in_place(|| {
        let ended = ended(literal_anywhere().env("TMPDIR", folder.path()).args(["debug-1", "--keep"]));
        assert_eq!(ended.code, i32::from(exit::CONFORMS), "{}", ended.stdout);
        ended.stdout
    });
    let kept: PathBuf =
        stdout.split_whitespace().find(|word| word.contains("carbon-literal-")).expect("the folder is named").into();
    let read = |name: &str| std::fs::read_to_string(kept.join(name)).expect("it is left");
    assert!(read("script").contains("http://127.0.0.1:8082/rest_api/v2/"), "{}", read("script"));
    assert_eq!(read("stderr"), "");
    let printed = read("stdout");
    let mock = CarbonMock::builder().clock("2022-02-01 10:00:00").seed(1).start().await.expect("the mock starts");
    let again = tokio::task::block_in_place(|| {
        std::process::Command::new(kept.join("again")).env("CARBON_MOCK_URL", mock.url()).output().expect("it runs")
    });
    let said = String::from_utf8_lossy(&again.stderr);
    assert_eq!((String::from_utf8_lossy(&again.stdout).as_ref(), said.as_ref()), (printed.as_str(), ""));
    assert_eq!(mock.mock().journal()["total"], 1);
    mock.shutdown().await;
}

#[test]
fn a_signal_ends_the_text_and_removes_its_folder() {
    for (name, code) in [("TERM", 143), ("INT", 130)] {
        let folder = Folder::new("literal-signal");
        let pipe = folder.0.join("pipe");
        let held = Held::at(&pipe);
        let specs = with_command(&format!("trap '' INT TERM\nexec 9>{}\ntail -f /dev/null", pipe.display()));
        let temporary = folder.0.join("tmp");
        std::fs::create_dir(&temporary).expect("the folder can be made");
        let mut child = literal_anywhere()
            .env("TMPDIR", &temporary)
            .args(["debug-1", "--specs", specs.path()])
            .stdout(Stdio::null())
            .spawn()
            .expect("the program runs");
        held.opened();
        assert_eq!(temporary.read_dir().expect("it is there").count(), 1);
        signal(&child, name);
        assert_eq!(ends(&mut child), Some(code));
        held.closed();
        assert_eq!(temporary.read_dir().expect("it is there").count(), 0, "{name}: its folder is still there");
    }
}

/// Runs documented pipelines, one after the other, as an integrator would try a script of his own.
fn pipelines(mock: &CarbonMock, ids: &[&str]) -> Ended {
    let contract = Contract::embedded().expect("the contract is sound");
    let command = |id: &&str| contract.example(id).expect("it is documented").printed.command.clone();
    let text = ids.iter().map(command).collect::<Vec<_>>().join("\n");
    let folder = Folder::new("literal-pipeline");
    let script = script(&folder, "pipelines.sh", &point_at(&text, "http://127.0.0.1:8082"));
    tokio::task::block_in_place(|| ended(literal_anywhere().args(["--script", &script, "--mock", &mock.url()])))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_takes_its_time_and_is_no_hazard_but_twice_without_waiting_is() {
    let mock = CarbonMock::builder().clock("2022-02-01 10:00:00").seed(1).start().await.expect("the mock starts");
    // Three subscribers of folder 1354 get a status.
    let once = pipelines(&mock, &["abonents-13.1"]);
    assert_eq!(once.code, i32::from(exit::CONFORMS), "{}", once.stderr);
    let waited = "tasks      0 were done when it had ended at 2022-02-01 10:00:00, 3 waited; the last is done at ";
    for part in [waited, "3 calls, 0 refused; 1 SQL statement, 0 refused; 0 hazards"] {
        assert!(once.stderr.contains(part), "`{part}` is not in:\n{}", once.stderr);
    }
    let done = once.stderr.split(waited).nth(1).and_then(|rest| rest.lines().next()).unwrap_or_default();
    // 5-10 seconds, and about a second for each.
    assert!(("2022-02-01 10:00:08"..="2022-02-01 10:00:20").contains(&done), "{done}");
    assert_eq!(mock.mock().tasks()["ran"], 3);
    assert_eq!(mock.mock().hazards()["total"], 0);

    mock.mock().reset();
    let twice = pipelines(&mock, &["abonents-13.1", "abonents-13.1"]);
    assert_eq!(twice.code, i32::from(exit::MISMATCH), "{}", twice.stderr);
    for part in ["HAZARD     task 4", "it was asked for again before the first was done", "3 hazards"] {
        assert!(twice.stderr.contains(part), "`{part}` is not in:\n{}", twice.stderr);
    }
    let hazards = mock.mock().hazards();
    assert_eq!(hazards["total"], 3, "{hazards}");
    assert_eq!(hazards["hazards"][0]["kind"], "repeated", "{hazards}");
    mock.shutdown().await;
}
