//! Writes on a server that is not ours: over real sockets, with the server's own state before and after.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::process::Stdio;
use std::sync::Mutex;

use carbon_harness::safety;
use carbon_harness::sandbox::journal;
use carbon_mock::tasks::Profile;
use serde_json::Value;
use support::foreign::{BOOKS, Foreign, LATE, as_it_was, removed};
#[cfg(target_os = "linux")]
use support::terminal::on_a_terminal;
use support::{harness, program, proxy, until};

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

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_one_sees_what_is_made_and_removed() {
    let server = Foreign::start(Profile::INSTANT);
    let arguments = server.arguments(&["abonents-2.1", "--no-rules"]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some(ended) = on_a_terminal(&arguments, "") else { return };
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    for step in ["creating the folder", "creating the subscriber", "0/1 abonents-2.1", "removing Abonents"] {
        assert!(ended.stdout.contains(step), "`{step}` was not shown:\n{}", ended.stdout);
    }
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
        until(|| {
            assert!(child.try_wait().unwrap().is_none(), "it ended before {lines} lines");
            std::fs::read_to_string(&journal).unwrap_or_default().lines().count() >= lines
        });
        child.kill().unwrap();
        child.wait().unwrap();
        if lines > 2 {
            let ended = server.run(&["abonents-2.1"]);
            assert_eq!(ended.code, 4, "a new run must not forget the old one: {}", ended.stderr);
            assert!(ended.stderr.contains("carbon-harness clean --journal"), "{}", ended.stderr);
        }
        let ended = server.clean(&[]);
        assert_eq!(ended.code, 0, "killed at line {lines}: {}{}", ended.stdout, ended.stderr);
        as_it_was(&before, &server.rest());
        removed(&journal);
        let calls = server.calls();
        assert_eq!(server.clean(&[]).code, 0, "a second time");
        assert_eq!(server.calls(), calls, "a second time there is nothing to ask");
    }
}

#[test]
fn a_clean_that_may_send_no_more_says_what_is_left_and_another_one_finishes() {
    let server = Foreign::start(Profile::INSTANT);
    let before = server.rest();
    // So many requests build the sandbox and run some examples; for the removal there are none.
    let ended = server.run(&["--write", "--no-rules", "--max-requests", "400"]);
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains("carbon-harness clean --journal"), "{}", ended.stderr);
    // Of each listed object: whether the file says that it is gone, and whether it is.
    let listed = || journal::read(&server.journal()).unwrap().objects;
    let left = || listed().iter().filter(|listed| !listed.gone).count();
    let is_there = |state: &Value, listed: &journal::Listed| {
        let is_it = |row: &Value| {
            let bears = listed.by.iter().all(|(key, value)| row["fields"][key] == *value);
            bears && listed.pk.is_none_or(|pk| row["pk"] == pk) && row["fields"]["deleted"] != 1
        };
        state[&listed.model].as_array().unwrap().iter().any(is_it)
    };
    let all = left();
    assert!(all > 6, "{all}");
    let mut stops = 0;
    for most in (0..).map(|power| 4 << power) {
        let ended = server.clean(&["--max-requests", &most.to_string()]);
        let state = server.rest();
        for gone in listed().iter().filter(|listed| listed.gone && !BOOKS.contains(&listed.model.as_str())) {
            assert!(!is_there(&state, gone), "{gone:?} is listed as gone");
        }
        if ended.code == 0 {
            assert!(ended.stdout.contains("listed objects are gone\n"), "{}", ended.stdout);
            assert!(ended.stdout.ends_with("nothing is left\n"), "{}", ended.stdout);
            assert!(ended.stdout.contains("in the server's books for good: AdminAccounts"), "{}", ended.stdout);
            break;
        }
        stops += 1;
        assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
        let said = format!("the {most} requests of --max-requests are sent; still listed");
        assert!(ended.stderr.contains(&said), "{}", ended.stderr);
        let open: Vec<_> = listed().into_iter().filter(|listed| !listed.gone).collect();
        assert!(open.iter().any(|listed| is_there(&state, listed)), "nothing was left to remove");
        for name in open.iter().filter_map(journal::Listed::name) {
            assert!(ended.stderr.contains(name), "{name} is not told: {}", ended.stderr);
        }
    }
    assert!(stops >= 2, "{stops}");
    as_it_was(&before, &server.rest());
    removed(&server.journal());
}

#[test]
fn clean_without_the_memory_of_keys_finds_objects_by_name() {
    let server = Foreign::start(LATE);
    let before = server.rest();
    let journal = server.journal();
    let mut child =
        program().args(server.arguments(&["--write"])).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until(|| std::fs::read_to_string(&journal).unwrap_or_default().lines().count() >= 30);
    child.kill().unwrap();
    child.wait().unwrap();
    // As if no reply had ever come back.
    let text = std::fs::read_to_string(&journal).unwrap();
    let intents: String =
        text.lines().filter(|line| !line.contains("\"created\"")).map(|line| format!("{line}\n")).collect();
    std::fs::write(&journal, intents).unwrap();
    let ended = server.clean(&[]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    as_it_was(&before, &server.rest());
    // And as if the removal had been cut off before a line of it was written.
    std::fs::write(&journal, text).unwrap();
    assert_eq!(server.clean(&[]).code, 0);
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
        until(|| journal().lines().filter(|line| line.contains("\"write\"")).count() > 3);
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
