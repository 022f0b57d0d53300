//! `carbon-mock exec`: a client's own tests against a mock of their own, and the verdict.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::process::{Command, Output};

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
    let (code, said) = verdict(&[SET_SMS]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("exercised  ") && said.contains("abonents-2.1"), "{said}");
    assert!(said.contains("1 calls: 0 violations, 0 hazards; "), "{said}");
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
    let (code, said) = exec(&["--", "no-such-program"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("`no-such-program` cannot be run"), "{said}");
    assert_eq!(exec(&[]).0, Some(2), "a command is needed");
}
