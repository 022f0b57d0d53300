//! Writes on a server that is not ours: over real sockets, with the server's own state before and after.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use carbon_harness::safety;
use carbon_mock::CarbonMock;
use carbon_mock::tasks::Profile;
use serde_json::Value;
use support::{Ended, harness, program, proxy};

/// A mock that the harness only knows by its address.
struct Foreign {
    runtime: tokio::runtime::Runtime,
    mock: Option<CarbonMock>,
    folder: tempfile::TempDir,
}

impl Foreign {
    fn start(tasks: Profile) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let builder = CarbonMock::builder().clock("system").tasks(tasks).abonents(120);
        let mock = runtime.block_on(builder.start()).unwrap();
        Self { runtime, mock: Some(mock), folder: tempfile::tempdir().unwrap() }
    }

    fn mock(&self) -> &CarbonMock {
        self.mock.as_ref().unwrap()
    }

    fn url(&self) -> String {
        self.mock().url()
    }

    fn journal(&self) -> PathBuf {
        self.folder.path().join("sandbox.jsonl")
    }

    /// The arguments of a run in a sandbox, as far as they are always the same.
    fn arguments(&self, more: &[&str]) -> Vec<String> {
        let journal = self.journal().display().to_string();
        let url = self.url();
        let fixed = [
            "run",
            "--target",
            &url,
            "--writes",
            "sandbox",
            "--compare",
            "shape",
            "--settle",
            "20",
            "--journal",
            &journal,
        ];
        fixed.iter().chain(more).map(|text| (*text).to_owned()).collect()
    }

    fn run(&self, more: &[&str]) -> Ended {
        let arguments = self.arguments(more);
        harness(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn clean(&self) -> Ended {
        harness(&[
            "clean",
            "--target",
            &self.url(),
            "--settle",
            "2",
            "--journal",
            &self.journal().display().to_string(),
        ])
    }

    /// Waits until no task is left: what the test looks at is the server at rest.
    fn rest(&self) -> Value {
        let started = Instant::now();
        while self.mock().mock().waiting() > 0 {
            assert!(started.elapsed() < Duration::from_secs(30), "tasks do not end");
            thread::sleep(Duration::from_millis(5));
        }
        self.mock().mock().state()
    }

    /// How many calls were answered.
    fn calls(&self) -> u64 {
        self.mock().mock().journal()["total"].as_u64().unwrap()
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        if let Some(mock) = self.mock.take() {
            self.runtime.block_on(mock.shutdown());
        }
    }
}

/// Quick tasks that still come later than their replies.
const LATE: Profile = Profile { latency_ms: (15, 40), service_ms: 1 };

/// Where the server keeps what was; the API has no way to take it away again.
const BOOKS: [&str; 9] = [
    "AdminAccounts",
    "AbonentsBlockHistory",
    "ArchAccountStack",
    "DynamicSessionUsers",
    "DynamicSessions",
    "FinanceOperations",
    "FinanceOperationsDetail",
    "PayLog",
    "VoipLog",
];

type Rows = BTreeMap<i64, Value>;

fn rows(state: &Value, model: &str) -> Rows {
    let list = state[model].as_array().unwrap();
    list.iter().map(|row| (row["pk"].as_i64().unwrap(), row["fields"].clone())).collect()
}

/// Holds that a server is as it was: no row that was there differs or is gone; what came is in the trash and bears a
/// sandbox's name, or is in the books and belongs to what is in the trash.
#[track_caller]
fn as_it_was(before: &Value, after: &Value) -> usize {
    let mut came = BTreeMap::new();
    for model in before.as_object().unwrap().keys() {
        let (old, mut new) = (rows(before, model), rows(after, model));
        for (pk, fields) in &old {
            assert_eq!(new.remove(pk).as_ref(), Some(fields), "{model} {pk} was there before");
        }
        came.insert(model.as_str(), new);
    }
    for (model, name) in [("Abonents", "name"), ("Users", "login")] {
        for (pk, fields) in &came[model] {
            let marked = fields[name].as_str().is_some_and(|name| name.starts_with("carbon-harness-"));
            assert!(marked && fields["deleted"] == 1, "{model} {pk}: {fields}");
        }
    }
    let accounts: Vec<&Value> = came["Abonents"].values().map(|fields| &fields["account_id"]).collect();
    for (model, rows) in &came {
        for (pk, fields) in rows {
            let ours = |column: &str, of: &str| fields[column].as_i64().is_some_and(|pk| came[of].contains_key(&pk));
            let belongs = match *model {
                "Abonents" | "Users" => true,
                "AdminAccounts" => accounts.contains(&&Value::from(*pk)),
                "DynamicSessionUsers" => ours("user_id", "Users"),
                "DynamicSessions" => fields["id"].as_i64().is_some_and(|id| came["Abonents"].contains_key(&id)),
                "FinanceOperationsDetail" => ours("finance_operation_id", "FinanceOperations"),
                _ => ours("abonent_id", "Abonents"),
            };
            assert!(belongs, "{model} {pk} was left behind: {fields}");
            assert!(["Abonents", "Users"].contains(model) || BOOKS.contains(model), "{model} {pk} was left: {fields}");
        }
    }
    came.values().map(Rows::len).sum()
}

#[track_caller]
fn removed(journal: &Path) {
    let text = std::fs::read_to_string(journal).unwrap();
    assert!(text.trim_end().ends_with("{\"what\":\"done\"}"), "{text}");
}

#[test]
fn a_sandbox_run_leaves_a_server_as_it_was() {
    let server = Foreign::start(Profile::INSTANT);
    let before = server.rest();
    let ended = server.run(&["--write", "--no-rules", "-v"]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let passed = ended.stdout.lines().filter(|line| line.starts_with("pass")).count();
    assert!(passed >= 75, "{passed} passed\n{}", ended.stdout);
    let came = as_it_was(&before, &server.rest());
    assert!(came > 20, "the examples did something: {came} rows in the trash and in the books");
    removed(&server.journal());
}

#[test]
fn tasks_that_take_their_time_are_waited_for_and_never_overlap() {
    let server = Foreign::start(LATE);
    let before = server.rest();
    let ended = server.run(&["--write", "--no-rules", "-v", "--section", "abonents", "--section", "services"]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    as_it_was(&before, &server.rest());
    let hazards = server.mock().mock().hazards();
    assert_eq!(hazards["total"], 0, "{hazards}");
}

#[test]
fn after_kill_9_clean_leaves_the_server_as_it_was() {
    let server = Foreign::start(LATE);
    let before = server.rest();
    let journal = server.journal();
    // After so many lines of the file: in the set-up, between, and far into the examples.
    for lines in [1, 2, 4, 5, 7, 11, 18, 31, 64] {
        let _ = std::fs::remove_file(&journal);
        let mut child = program()
            .args(server.arguments(&["--write", "--no-rules"]))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let started = Instant::now();
        let written = || std::fs::read_to_string(&journal).unwrap_or_default().lines().count();
        while written() < lines {
            assert!(started.elapsed() < Duration::from_secs(60), "the file does not grow to {lines} lines");
            assert!(child.try_wait().unwrap().is_none(), "it ended before {lines} lines");
            thread::sleep(Duration::from_micros(300));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        if lines > 2 {
            let ended = server.run(&["abonents-2.1"]);
            assert_eq!(ended.code, 4, "a new run must not forget the old one: {}", ended.stderr);
            assert!(ended.stderr.contains("carbon-harness clean --journal"), "{}", ended.stderr);
        }
        let ended = server.clean();
        assert_eq!(ended.code, 0, "killed at line {lines}: {}{}", ended.stdout, ended.stderr);
        as_it_was(&before, &server.rest());
        removed(&journal);
        let calls = server.calls();
        assert_eq!(server.clean().code, 0, "a second time");
        assert_eq!(server.calls(), calls, "a second time there is nothing to ask");
    }
}

#[test]
fn clean_without_the_memory_of_keys_finds_objects_by_name() {
    let server = Foreign::start(LATE);
    let before = server.rest();
    let journal = server.journal();
    let mut child =
        program().args(server.arguments(&["--write"])).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while std::fs::read_to_string(&journal).unwrap_or_default().lines().count() < 30 {
        thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // As if no reply had ever come back.
    let text = std::fs::read_to_string(&journal).unwrap();
    let intents: String =
        text.lines().filter(|line| !line.contains("\"created\"")).map(|line| format!("{line}\n")).collect();
    std::fs::write(&journal, intents).unwrap();
    let ended = server.clean();
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    as_it_was(&before, &server.rest());
    // And as if the removal had been cut off before a line of it was written.
    std::fs::write(&journal, text).unwrap();
    assert_eq!(server.clean().code, 0);
    as_it_was(&before, &server.rest());
}

#[test]
fn a_signal_leaves_nothing_behind_but_a_report() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let server = Foreign::start(LATE);
        let before = server.rest();
        let report = server.folder.path().join("report.json");
        let wanted = format!("json={}", report.display());
        let arguments = server.arguments(&["--write", "--report", &wanted]);
        let mut child = program().args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let journal = || std::fs::read_to_string(server.journal()).unwrap_or_default();
        // Once the sandbox is built, examples are run in it.
        support::until(|| journal().lines().filter(|line| line.contains("\"write\"")).count() > 3);
        let sent = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert_eq!(child.wait().unwrap().code(), Some(code), "{signal}");
        as_it_was(&before, &server.rest());
        removed(&server.journal());
        let report: Value = serde_json::from_str(&std::fs::read_to_string(&report).unwrap()).unwrap();
        assert_eq!(report["summary"]["interrupted"], true, "{signal}");
        // Accounts and sessions came along with what was created; they are listed, too.
        assert!(journal().contains("\"along\""), "{}", journal());
    }
}

#[test]
fn the_file_of_another_server_is_refused() {
    let (one, other) = (Foreign::start(Profile::INSTANT), Foreign::start(Profile::INSTANT));
    assert_eq!(one.run(&["abonents-2.1"]).code, 0);
    let journal = one.journal().display().to_string();
    let ended = harness(&["clean", "--target", &other.url(), "--journal", &journal]);
    assert_eq!(ended.code, 4, "{}", ended.stderr);
    assert_eq!(other.calls(), 0);
    let ended = harness(&["clean", "--journal", &one.folder.path().join("none").display().to_string()]);
    assert_eq!(ended.code, 2, "{}", ended.stderr);
}

#[test]
fn all_writes_need_the_host_typed_again() {
    let server = Foreign::start(Profile::INSTANT);
    let before = server.rest();
    let url = server.url();
    for (meant, code) in [(None, 2), (Some("localhost"), 4), (Some("127.0.0.2"), 4)] {
        let mut arguments = vec!["run", "--target", &url, "--writes", "all", "abonents-2.1"];
        arguments.extend(meant.iter().flat_map(|meant| ["--i-mean", meant]));
        let ended = harness(&arguments);
        assert_eq!(ended.code, code, "{meant:?}: {}", ended.stderr);
    }
    assert_eq!(server.calls(), 0);
    assert_eq!(server.rest(), before);
    let ended = harness(&[
        "run",
        "--target",
        &url,
        "--writes",
        "all",
        "--i-mean",
        "127.0.0.1",
        "abonents-2.1",
        "--compare",
        "shape",
    ]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert_ne!(server.rest(), before);
}

#[test]
fn without_writes_nothing_leaves_that_could_write() {
    let server = Foreign::start(Profile::INSTANT);
    let before = server.rest();
    let seen = proxy::start(&server.url(), |_, reply| reply);
    let ended = harness(&["run", "--target", &seen.url, "--bindings", "page", "-q"]);
    assert!(ended.code <= 1, "{}", ended.stderr);
    let contract = carbon_specs::Contract::embedded().unwrap();
    let forwarded = seen.forwarded.lock().unwrap();
    let calls: Vec<_> =
        forwarded.iter().filter(|(path, _)| !path.starts_with("/__mock__/") && path != "/rest_api/v2/").collect();
    assert!(calls.len() > 20, "{}", calls.len());
    for (path, body) in calls {
        assert_eq!(safety::only_reads(&contract.schema, path, body), Ok(()), "{path} {body}");
    }
    assert!(forwarded.iter().all(|(path, body)| !path.starts_with("/__mock__/") || body.is_empty()));
    assert_eq!(server.rest(), before);
    assert_eq!(harness(&["run", "--target", &seen.url, "--write"]).code, 4);
}

#[test]
fn objects_whose_creation_was_never_answered_are_found_and_removed() {
    for lost in ["Users", "Homes", "Abonents"] {
        let server = Foreign::start(LATE);
        let before = server.rest();
        let done = Mutex::new(false);
        let broken = proxy::start(&server.url(), move |path, reply| {
            // The first object that comes of this model: its answer is lost on the way.
            let mut done = done.lock().unwrap();
            let creates = String::from_utf8_lossy(&reply).contains("carbon-harness-");
            if !*done && creates && path == format!("/rest_api/v2/{lost}/") {
                *done = true;
                return Vec::new();
            }
            reply
        });
        let journal = server.journal().display().to_string();
        let ended = harness(&[
            "run",
            "abonents-2.1",
            "--target",
            &broken.url,
            "--writes",
            "sandbox",
            "--settle",
            "2",
            "--journal",
            &journal,
            "--compare",
            "shape",
        ]);
        assert_ne!(ended.code, 0, "{lost}: {}{}", ended.stdout, ended.stderr);
        as_it_was(&before, &server.rest());
        removed(&server.journal());
    }
}
