//! `serve --deviate` and `--list-deviations`, as a program.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Output, Stdio};

use carbon_mock::Deviation;
use serde_json::Value;

fn serve(arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_carbon-mock"));
    program.env_clear().arg("serve").args(arguments);
    program
}

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = serve(arguments).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn the_list_names_every_deviation_for_people() {
    let (code, list, said) = run(&["--list-deviations"]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    for deviation in Deviation::all() {
        let line = list.lines().find(|line| line.split_whitespace().next() == Some(deviation.name()));
        let line = line.unwrap_or_else(|| panic!("{deviation} is not listed"));
        assert!(line.contains(deviation.shows().name()) && line.ends_with(deviation.summary()), "{line}");
    }
    let last = list.lines().last().unwrap();
    assert!(last.starts_with(&format!("{} deviations, ", Deviation::all().len())), "{last}");
    assert!(Deviation::all().len() >= 60);
}

#[test]
fn the_list_is_json_for_programs() {
    let (code, list, _) = run(&["--list-deviations=json"]);
    assert_eq!(code, Some(0));
    let json: Value = serde_json::from_str(&list).unwrap();
    let names: Vec<&str> =
        json["deviations"].as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect();
    assert_eq!(names, Deviation::all().map(Deviation::name).collect::<Vec<_>>());
    let first = &json["deviations"][0];
    assert_eq!((&first["group"], &first["shows"]), (&Value::from("envelope"), &Value::from("reads")));
    assert_eq!(first["probe"][0]["path"], "/rest_api/v2/Abonents/");
    assert!(first["probe"][0]["body"].as_str().unwrap().starts_with("method1="), "{first}");
    assert_eq!(run(&["--list-deviations", "--format", "json"]).1, list, "both ways to ask for it");
    assert_eq!(run(&["--format", "json"]).0, Some(2), "there is nothing else to be formatted");
}

#[test]
fn an_unknown_name_is_a_usage_error_with_near_names() {
    let (code, out, said) = run(&["--deviate", "types-flag-as-boolean"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(said.contains("no deviation is called `types-flag-as-boolean`"), "{said}");
    assert!(said.contains("did you mean types-flags-as-booleans"), "{said}");
}

#[test]
fn a_deviating_server_warns_and_serves() {
    let arguments =
        ["--listen", "127.0.0.1:0", "--abonents", "0", "--deviate", "dates-iso-t", "--deviate", "dates-utc"];
    let mut child = serve(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(first.starts_with("listening on http://127.0.0.1:"), "{first}");
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "warning: this mock misbehaves on purpose: dates-iso-t, dates-utc\n");
}
