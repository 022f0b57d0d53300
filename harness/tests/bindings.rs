//! The page's rows on a server that is not the page's: found by reads alone, and never asked for as they stand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use carbon_harness::bindings::page::{PageId, bind, names};
use carbon_harness::exchange::Sent;
use carbon_harness::safety::only_reads;
use carbon_mock::CarbonMock;
use carbon_specs::Contract;
use serde_json::Value;
#[cfg(target_os = "linux")]
use support::terminal::on_a_terminal;
use support::{Folder, harness, proxy};

struct Server {
    _runtime: tokio::runtime::Runtime,
    mock: CarbonMock,
    seen: proxy::Proxy,
}

/// A mock behind a proxy that keeps what is asked and says how long the longest answer was.
fn server(longest: std::sync::Arc<std::sync::atomic::AtomicUsize>) -> Server {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mock = runtime.block_on(CarbonMock::builder().abonents(3000).start()).unwrap();
    let seen = proxy::start(&mock.url(), move |path, reply| {
        if path.starts_with("/rest_api/v2/") {
            longest.fetch_max(reply.len(), std::sync::atomic::Ordering::Relaxed);
        }
        reply
    });
    Server { _runtime: runtime, mock, seen }
}

impl Server {
    fn calls(&self) -> Vec<Sent> {
        let seen = self.seen.forwarded.lock().unwrap();
        let calls = seen.iter().filter(|(path, _)| path.starts_with("/rest_api/v2/") && path.len() > 13);
        calls.map(|(path, body)| Sent { path: path.clone(), body: body.clone() }).collect()
    }
}

#[test]
fn rows_are_found_by_few_and_narrow_reads() {
    let longest = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let server = server(longest.clone());
    let before = server.mock.mock().state();
    let folder = Folder::new("bind");
    let out = format!("{}/bindings.toml", folder.path());
    let ended = harness(&["bind", "--target", &server.seen.url, "--out", &out]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("Abonents 1111"), "{}", ended.stdout);
    // What it does not find, it says how to give, and nothing of that is taken for anybody's.
    let hint = "what was not found can be said, with --force: --set AdminCustomReports=ID";
    assert!(ended.stdout.contains(hint) && ended.stdout.contains("--set suid=SUID"), "{}", ended.stdout);
    let contract = Contract::embedded().unwrap();
    let calls = server.calls();
    for call in &calls {
        assert_eq!(only_reads(&contract.schema, &call.path, &call.body), Ok(()), "{call:?}");
    }
    assert!((20..600).contains(&calls.len()), "{} calls", calls.len());
    // 3000 subscribers alone are a megabyte; here is nothing but a few short rows.
    assert!(longest.load(std::sync::atomic::Ordering::Relaxed) < 20_000, "{longest:?}");
    assert_eq!(server.mock.mock().state(), before);

    // Every row is a binding or a comment that says why not.
    let text = std::fs::read_to_string(&out).unwrap();
    let lines = |keep: &dyn Fn(&str) -> bool| text.lines().filter(|line| keep(line)).count();
    let bound = lines(&|line| line.contains(" = ") && !line.starts_with('#') && !line.starts_with("target"));
    let not = lines(&|line| line.starts_with("# ") && line.contains(": not found: "));
    assert_eq!(bound + not, names(&contract).len(), "{text}");
    assert!(bound >= 35 && not >= 3, "{bound} bound, {not} not\n{text}");
    // Phones and contract numbers are in the file, not on the screen.
    let phone = text.lines().find(|line| line.contains("79121231234")).and_then(|line| line.split(" = ").nth(1));
    let phone = phone.unwrap().trim_matches('"');
    assert!(phone.len() > 8 && !ended.stdout.contains(phone), "{phone}");

    // The file is not overwritten unasked.
    let ended = harness(&["bind", "--target", &server.seen.url, "--out", &out]);
    assert_eq!(ended.code, 2, "{}", ended.stdout);

    // The calls of the page go to the server's rows, and hold.
    server.seen.forwarded.lock().unwrap().clear();
    let report = format!("{}/report.json", folder.path());
    let ended = harness(&[
        "run",
        "--target",
        &server.seen.url,
        "--bindings",
        &out,
        "--no-rules",
        "--read",
        "-v",
        "--report",
        &format!("json={report}"),
    ]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let report: Value = serde_json::from_str(&std::fs::read_to_string(&report).unwrap()).unwrap();
    assert!(report["summary"]["examples"]["pass"].as_u64().unwrap() >= 30, "{}", report["summary"]);
    let values: Vec<String> =
        text.lines().filter_map(|line| Some(line.split_once(" = ")?.1.trim_matches('"').to_owned())).collect();
    for call in server.calls() {
        let mut strange: Vec<PageId> = Vec::new();
        let _ = bind(&contract.schema, &call, |id| {
            if !values.contains(&id.value) {
                strange.push(id.clone());
            }
            Some(id.value.clone().into())
        });
        assert!(strange.is_empty(), "{call:?} asks for {strange:?}");
    }
}

#[test]
fn a_bind_that_may_send_no_more_writes_nothing() {
    let server = server(Default::default());
    let folder = Folder::new("bind-most");
    let out = format!("{}/b.toml", folder.path());
    let ended = harness(&["bind", "--target", &server.seen.url, "--out", &out, "--max-requests", "5"]);
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    let says = "the 5 requests of --max-requests are sent, and not all rows are found";
    assert!(ended.stderr.contains(says) && ended.stderr.contains("b.toml is not written"), "{}", ended.stderr);
    assert!(!std::path::Path::new(&out).exists());
    assert_eq!(server.seen.forwarded.lock().unwrap().len(), 5);
}

#[test]
fn without_bindings_no_row_of_the_page_is_asked_for() {
    let server = server(Default::default());
    let ended = harness(&["run", "--target", &server.seen.url, "--compare", "shape", "--no-rules", "-v"]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("no binding for Abonents 1111"), "{}", ended.stdout);
    let contract = Contract::embedded().unwrap();
    let calls = server.calls();
    assert!(calls.len() >= 5, "{calls:?}");
    for call in calls {
        let mut named = Vec::new();
        let _ = bind(&contract.schema, &call, |id| {
            named.push(id.clone());
            Some(Value::Null)
        });
        assert!(named.is_empty(), "{call:?} names {named:?}");
    }
}

#[test]
fn what_the_user_says_is_bound() {
    let server = server(Default::default());
    let folder = Folder::new("bind-set");
    let out = format!("{}/b.toml", folder.path());
    let bind = |more: &[&str]| {
        let arguments = [&["bind", "--target", &server.seen.url, "--out", &out, "--force"], more].concat();
        harness(&arguments)
    };
    let ended = bind(&["--set", "abonent=20077", "--set", "Tarif.name=Особый", "--set", "suid=42"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let text = std::fs::read_to_string(&out).unwrap();
    for line in ["1111 = 20077", "\"Тестовый\" = \"Особый\"", "144997776676316356 = \"42\""] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    // What hangs on a subscriber is chosen of this one.
    assert!(text.contains("[Users.id]"), "{text}");
    let user =
        text.split("[Users.id]").nth(1).and_then(|rest| rest.lines().nth(1)).and_then(|line| line.split(" = ").nth(1));
    let user: i64 = user.unwrap().parse().unwrap();
    let state = server.mock.mock().state();
    let users = state["Users"].as_array().unwrap();
    let chosen = users.iter().find(|row| row["pk"] == user).unwrap();
    assert_eq!(chosen["fields"]["abonent_id"], 20077);

    let ended = bind(&["--set", "abonent=999999999"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("there is no Abonents 999999999"), "{}", ended.stdout);
    assert_eq!(bind(&["--set", "nobody=1"]).code, 2);
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_what_was_not_found_is_asked_for() {
    let server = server(Default::default());
    let hides = proxy::start(&server.mock.url(), |path, reply| match path.contains("AdminCustomReports") {
        true => br#"{"call": "", "error": "Unknown model"}"#.to_vec(),
        false => reply,
    });
    let folder = Folder::new("bind-asks");
    let out = format!("{}/bindings.toml", folder.path());
    let Some(ended) = on_a_terminal(&["bind", "--target", &hides.url, "--out", &out], "none\n17\n") else { return };
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    for part in ["AdminCustomReports (ID): ", "`AdminCustomReports=none`: the key of AdminCustomReports is a number"] {
        assert!(ended.stdout.contains(part), "{}", ended.stdout);
    }
}

#[test]
fn a_bad_file_is_an_error_that_names_it() {
    let server = server(Default::default());
    let folder = Folder::new("bind-bad");
    let file = format!("{}/bad.toml", folder.path());
    let run = |text: &str, more: &[&str]| {
        std::fs::write(&file, text).unwrap();
        let arguments = [&["run", "--target", &server.seen.url, "--bindings", &file, "--read"], more].concat();
        harness(&arguments)
    };
    for (text, says) in [
        ("[Abonents.id]\n1111 = [1]\n", "`Abonents.id.1111`: expected a number or a text"),
        ("[Abonentz.id]\n1111 = 1\n", "`Abonentz`"),
        ("target = \"http://192.0.2.1:8082\"\n", "`target`: it is about http://192.0.2.1:8082"),
        ("[[", "bad.toml"),
    ] {
        let ended = run(text, &[]);
        assert_eq!(ended.code, 2, "{text}: {}", ended.stdout);
        assert!(ended.stderr.contains("bad.toml") && ended.stderr.contains(says), "{text}: {}", ended.stderr);
    }
    assert_eq!(run("", &["--compare", "exact"]).code, 2);
    assert!(server.calls().is_empty(), "{:?}", server.calls());
}
