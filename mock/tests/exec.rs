//! `carbon-mock exec`: a client's own tests against a mock of their own, and the verdict.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};

fn exec(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } =
        Command::new(env!("CARGO_BIN_EXE_carbon-mock")).arg("exec").args(arguments).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

/// A client that posts these bodies to `Abonents`, one after another.
fn client(bodies: &[&str]) -> Vec<String> {
    let calls: Vec<String> = bodies
        .iter()
        .map(|body| format!("curl -ss -o /dev/null $CARBON_URL/rest_api/v2/Abonents/ -d '{body}'"))
        .collect();
    vec!["--".into(), "sh".into(), "-c".into(), calls.join(" && ")]
}

#[track_caller]
fn verdict(bodies: &[&str]) -> (Option<i32>, String) {
    let arguments = client(bodies);
    exec(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

const GET: &str = r#"method1=objects.get&arg1={"id":45}"#;
const SET_SMS: &str = r#"method1=objects.get&arg1={"id":45}&method2=set&arg2={"sms":"1"}&method3=save"#;
const SET_FLAT: &str = r#"method1=objects.get&arg1={"id":45}&method2=set&arg2={"a_home_number":"1"}&method3=save"#;

#[test]
fn a_clean_client_ends_with_zero_and_is_told_what_it_exercised() {
    let (code, said) = verdict(&[SET_FLAT]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("exercised  abonents-2.1\n"), "{said}");
    assert!(said.contains("1 call: 0 violations, 0 hazards; 1 of 148 documented calls exercised"), "{said}");
    let (code, said) = verdict(&[SET_SMS]);
    assert!(code == Some(0) && said.contains("; 0 of 148 documented"), "no call of the page sets this column: {said}");
}

#[test]
fn a_violation_and_an_overlap_end_with_one() {
    let (code, said) = verdict(&[SET_SMS, SET_FLAT]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("HAZARD     task 2") && said.contains("undid sms"), "{said}");
    let (code, said) = verdict(&[GET, r#"method1=objects.get&arg1={"idd":45}"#]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("VIOLATION  request 2") && said.contains("Cannot resolve keyword"), "{said}");
}

#[test]
fn asking_for_what_is_not_there_breaks_nothing() {
    let (code, said) = verdict(&[r#"method1=objects.get&arg1={"id":987654}"#]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn the_commands_own_failure_is_kept() {
    assert_eq!(exec(&["--", "sh", "-c", "exit 7"]).0, Some(7));
    let (code, said) = exec(&["--", "sh", "-c", "kill -KILL $$"]);
    assert_eq!(code, Some(137));
    assert!(said.contains("0 calls: 0 violations"), "{said}");
    for (program, expected) in [("no-such-program", 127), (env!("CARGO_MANIFEST_DIR"), 126), ("./Cargo.toml", 126)] {
        let (code, said) = exec(&["--", program]);
        assert_eq!(code, Some(expected), "{said}");
        assert!(said.contains(&format!("error: `{program}` cannot be run: ")), "{said}");
    }
    assert_eq!(exec(&[]).0, Some(2), "a command is needed");
}

/// Sends a signal once the command says that it is ready; exit code and what is said. The command holds standard output,
/// so that its end is the end of that.
fn interrupted(signal: &str, script: &str) -> (Option<i32>, String) {
    let mut exec = Command::new(env!("CARGO_BIN_EXE_carbon-mock"))
        .args(["exec", "--", "sh", "-c", script])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Not in the foreground of a terminal, where Ctrl-C reaches the command by itself.
        .process_group(0)
        .spawn()
        .unwrap();
    let mut out = BufReader::new(exec.stdout.take().unwrap());
    let mut ready = String::new();
    out.read_line(&mut ready).unwrap();
    assert_eq!(ready, "ready\n");
    assert!(Command::new("kill").args([signal, &exec.id().to_string()]).status().unwrap().success());
    out.read_to_string(&mut ready).unwrap();
    let Output { status, stderr, .. } = exec.wait_with_output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_signal_reaches_the_command_and_the_verdict_is_still_told() {
    for (signal, expected) in [("-TERM", 143), ("-INT", 130), ("-HUP", 129)] {
        let (code, said) = interrupted(signal, "echo ready; exec sleep 47");
        assert_eq!(code, Some(expected), "{signal} {said}");
        assert!(said.contains("0 calls: 0 violations, 0 hazards; "), "{said}");
    }
    let own = |code: &str| format!("trap 'exit {code}' TERM; echo ready; while :; do sleep 0.1; done");
    assert_eq!(interrupted("-TERM", &own("7")).0, Some(7), "its own failure");
    assert_eq!(interrupted("-TERM", &own("0")).0, Some(143), "what was interrupted has not passed");
}

#[test]
fn a_journal_that_cannot_be_written_is_refused_before_anything_runs() {
    let (code, said) = exec(&["--save-journal", "/no-such-folder/journal.json", "--", "echo", "never"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.starts_with("error: cannot save the journal to /no-such-folder/journal.json: "), "{said}");
}
