//! Reports in files: what other programs read, whatever a server puts into its replies.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::fs;

use carbon_mock::CarbonMock;
use quick_junit::{Report, TestCaseStatus};
use serde_json::Value;
use support::{Folder, harness, program};

/// What a hostile reply would like to be read as.
const HOSTILE: &str = "</pre><script>alert(1)</script>]]>\u{1}\u{8}`````\n::error::%0A<details>";

/// A mock behind a proxy that puts something else in the place of a name.
fn hostile(runtime: &tokio::runtime::Runtime) -> (CarbonMock, support::proxy::Proxy) {
    let mock = runtime.block_on(CarbonMock::builder().clock("2022-02-01 10:00:00").start()).unwrap();
    let seen = support::proxy::start(&mock.url(), |path, reply| {
        if !path.contains("Abonents") {
            return reply;
        }
        let Ok(mut body) = serde_json::from_slice::<Value>(&reply) else { return reply };
        body["error"] = Value::from(HOSTILE);
        body.to_string().into_bytes()
    });
    (mock, seen)
}

#[test]
fn every_report_tells_the_same_run() {
    let folder = Folder::new("reports");
    let of = |kind: &str| format!("{kind}={}/report.{kind}", folder.path());
    let ended = harness(&[
        "run",
        "abonents-1.*",
        "users-1.1",
        "abonents-3.1",
        "--report",
        &of("json"),
        "--report",
        &of("junit"),
        "--report",
        &of("html"),
        "--report",
        &of("md"),
    ]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let read = |kind: &str| fs::read_to_string(format!("{}/report.{kind}", folder.path())).unwrap();
    let json: Value = serde_json::from_str(&read("json")).unwrap();
    assert_eq!(json["form"], 1);
    assert_eq!(json["summary"]["examples"]["total"], 4);
    let junit = Report::deserialize_from_str(&read("junit")).unwrap();
    let cases: Vec<_> = junit.test_suites.iter().flat_map(|suite| &suite.test_cases).collect();
    assert_eq!(cases.len(), 5, "one of the four is a misprint, in two spellings");
    assert!(cases.iter().all(|case| matches!(case.status, TestCaseStatus::Success { .. })));
    let html = read("html");
    assert!(html.contains("abonents-3.1 (corrected)") && html.contains("curl -sS -XPOST"), "{html}");
    assert!(!html.contains("src=") && !html.contains("href="), "nothing from elsewhere");
    assert!(read("md").contains("## `embedded` conforms"));
    // Nothing is left beside them.
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 4);
}

#[test]
fn a_hostile_reply_stays_a_text() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (_mock, seen) = hostile(&runtime);
    let folder = Folder::new("hostile");
    let of = |kind: &str| format!("{kind}={}/report.{kind}", folder.path());
    let summary = format!("{}/summary", folder.path());
    let output = program()
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", &summary)
        .args(["run", "abonents-1.*", "--target", &seen.url, "--compare", "exact"])
        .args(["--report", &of("junit"), "--report", &of("html"), "--report", &of("md")])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let read = |kind: &str| fs::read_to_string(format!("{}/report.{kind}", folder.path())).unwrap();
    let junit = Report::deserialize_from_str(&read("junit")).unwrap();
    let failed = junit.test_suites.iter().flat_map(|suite| &suite.test_cases);
    assert!(failed.clone().any(|case| matches!(case.status, TestCaseStatus::NonSuccess { .. })));
    let html = read("html");
    assert!(html.contains("&#60;script&#62;alert(1)"), "it is shown, as text");
    assert!(!html.contains("<script>alert"));
    let md = read("md");
    assert!(md.contains("``````"), "a fence that is longer than what it holds");
    assert_eq!(md, fs::read_to_string(&summary).unwrap());
    let annotations = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = annotations.lines().filter(|line| line.contains("::")).collect();
    assert!(!lines.is_empty() && lines.iter().all(|line| line.starts_with("::error title=abonents-1.")), "{lines:?}");
}

#[test]
fn markdown_fits_into_a_comment_and_says_what_it_leaves_out() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mock = runtime.block_on(CarbonMock::builder().clock("2022-02-01 10:00:00").start()).unwrap();
    let long = "ю".repeat(5_000);
    let seen = support::proxy::start(&mock.url(), move |path, reply| {
        let Ok(mut body) = serde_json::from_slice::<Value>(&reply) else { return reply };
        if path.contains("/rest_api/") {
            body["result"] = Value::from(long.as_str());
        }
        body.to_string().into_bytes()
    });
    let folder = Folder::new("long");
    let md = format!("{}/report.md", folder.path());
    let ended = harness(&[
        "run",
        "--target",
        &seen.url,
        "--compare",
        "exact",
        "--no-rules",
        "-q",
        "--report",
        &format!("md={md}"),
    ]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    let md = fs::read_to_string(md).unwrap();
    // GitHub's bound, in characters.
    assert!(md.chars().count() < 65_536 && md.len() > 40_000, "{}", md.len());
    assert!(md.trim_end().ends_with("more are in the whole report.*"), "{}", &md[md.len() - 100..]);
}

#[test]
fn a_report_that_cannot_be_written_is_told_of_before_anything_is_sent() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (_mock, seen) = hostile(&runtime);
    let ended = harness(&["run", "--target", &seen.url, "--report", "md=/no/such/folder/report.md"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("/no/such/folder/report.md"), "{}", ended.stderr);
    assert!(seen.forwarded.lock().unwrap().is_empty());
    let ended = harness(&["run", "--report", "pdf=x"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("there are json, junit, html and md"), "{}", ended.stderr);
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    let bash = harness(&["completions", "bash"]);
    assert!(bash.stdout.contains("--baseline") && bash.stdout.contains("literal"));
    let folder = Folder::new("man");
    assert_eq!(harness(&["man", "--out", folder.path()]).code, 0);
    let run = fs::read_to_string(format!("{}/carbon-harness-run.1", folder.path())).unwrap();
    assert!(run.contains("baseline") && run.contains("EXTRA"), "{run}");
    assert!(harness(&["man"]).stdout.starts_with(".ie"));
}
