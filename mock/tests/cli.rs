//! The program as a program: first line, signals, exit codes, both streams.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use common::{get, post};
use serde_json::Value;

/// The small contract as a directory, for `--specs`; one for each test, since they run at once.
fn specs(test: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("cli-{test}"));
    let _ = fs::remove_dir_all(&root);
    for folder in ["models", "examples", "rules", "demo"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    for (path, text) in common::contract_files() {
        fs::write(root.join(path), text).unwrap();
    }
    root
}

fn program(test: &str, command: &str) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_carbon-mock"));
    program.env_clear().arg(command).arg("--specs").arg(specs(test));
    program
}

fn run(program: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = program.output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

struct Served {
    child: Child,
    addr: SocketAddr,
    stdout: BufReader<std::process::ChildStdout>,
}

fn serve(program: &mut Command) -> Served {
    let mut child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    stdout.read_line(&mut first).unwrap();
    let addr = first
        .strip_prefix("listening on http://")
        .unwrap_or_else(|| {
            let mut told = String::new();
            child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
            panic!("first line {first:?}, {told}")
        })
        .trim_end()
        .parse()
        .unwrap();
    Served { child, addr, stdout }
}

impl Served {
    /// Sends a signal; exit code and both streams' rest.
    fn end(mut self, signal: &str) -> (Option<i32>, String, String) {
        let killed = Command::new("kill").arg(signal).arg(self.child.id().to_string()).status().unwrap();
        assert!(killed.success());
        let status = self.child.wait().unwrap();
        let (mut out, mut err) = (String::new(), String::new());
        self.stdout.read_to_string(&mut out).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (status.code(), out, err)
    }
}

#[tokio::test]
async fn serve_greets_answers_and_ends_cleanly_at_each_signal() {
    for signal in ["-TERM", "-INT", "-HUP"] {
        let served = serve(program(&format!("serve{signal}"), "serve").args(["--listen", "127.0.0.1:0"]));
        let addr = served.addr;
        let answer = post(addr, "/rest_api/v2/Shelves/", "method1=objects.count").await;
        assert_eq!(answer.result(), 2);
        let (code, hint, log) = served.end(signal);
        assert_eq!(code, Some(0), "{log}");
        assert!(hint.contains("curl") && hint.contains(&addr.to_string()), "{hint}");
        assert_eq!(log, "", "nothing failed, so nothing is logged");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn who_says_nohup_is_served_after_the_terminal_has_gone() {
    let mut program = Command::new("nohup");
    program.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    program
        .arg(env!("CARGO_BIN_EXE_carbon-mock"))
        .args(["serve", "--listen", "127.0.0.1:0", "--specs"])
        .arg(specs("nohup"));
    let served = serve(&mut program);
    assert!(Command::new("kill").args(["-HUP", &served.child.id().to_string()]).status().unwrap().success());
    // One that ended would let an open answer or two go out before.
    for _ in 0..50 {
        assert_eq!(get(served.addr, "/__mock__/health").await.status, 200);
    }
    let (code, ..) = served.end("-TERM");
    assert_eq!(code, Some(0));
}

#[tokio::test]
async fn failures_are_logged_by_default_and_every_call_at_info_with_words() {
    let served = serve(program("log-error", "serve").args(["--listen", "127.0.0.1:0"]));
    post(served.addr, "/rest_api/v2/Shelves/", "method1=objects.count").await;
    post(served.addr, "/rest_api/v2/Shelves/", "method1=objects.fly").await;
    let (_, _, log) = served.end("-TERM");
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains("ERROR api_v2: POST /rest_api/v2/Shelves/ method1=objects.fly -> error: "), "{log}");

    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cli-info.log");
    let _ = fs::remove_file(&file);
    let mut program = program("log-info", "serve");
    program.args(["--listen", "127.0.0.1:0", "--log-level", "info", "-v", "--log-file"]).arg(&file);
    let served = serve(&mut program);
    let body = r#"method1=objects.filter&arg1={"name":"Ж"}&method2=count"#;
    post(served.addr, "/rest_api/v2/Shelves/", body).await;
    get(served.addr, "/rest_api/v2/").await;
    let (code, _, err) = served.end("-TERM");
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let log = fs::read_to_string(&file).unwrap();
    assert!(log.contains(&format!("INFO api_v2: POST /rest_api/v2/Shelves/ {body} -> result")), "{log}");
    assert!(log.contains("1. the rows with name = \"Ж\"\n  2. count them"), "{log}");
    assert!(log.contains("INFO api_v2: GET /rest_api/v2/ -> 200 OK\n"), "the browser's too: {log}");
    assert!(!log.contains('\u{1b}'), "no colours in a file");
}

#[tokio::test]
async fn overlaps_are_logged_and_the_state_is_saved_at_the_end() {
    let saved = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cli-saved.json");
    let _ = fs::remove_file(&saved);
    let served = serve(program("save", "serve").args(["--listen", "127.0.0.1:0", "--save-on-exit"]).arg(&saved));
    for change in [r#"{"name":"saved"}"#, r#"{"locked":1}"#, r#"{"name":"last"}"#] {
        let body = format!(r#"method1=objects.get&arg1={{"id":1}}&method2=set&arg2={change}&method3=save"#);
        post(served.addr, "/rest_api/v2/Shelves/", &body).await.result();
    }
    post(served.addr, "/__mock__/tasks/run", "").await;
    let (code, _, log) = served.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("WARN") && log.contains("undid name"), "{log}");
    let state: Value = serde_json::from_str(&fs::read_to_string(&saved).unwrap()).unwrap();
    assert_eq!(state["Shelves"][0]["fields"]["name"], "last", "{state}");
    let (code, again, errors) = run(program("save-again", "state").arg("--state").arg(&saved));
    assert_eq!(code, 0, "{errors}");
    assert_eq!(serde_json::from_str::<Value>(&again).unwrap(), state, "it reads what it saved");
}

#[tokio::test]
async fn what_cannot_be_saved_is_refused_at_once_and_one_failure_costs_only_itself() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cli-keep");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("goes")).unwrap();
    let nowhere = folder.join("no-such-folder/kept.json");
    for (option, what) in [("--save-on-exit", "state"), ("--save-journal", "journal")] {
        for path in [&nowhere, &folder] {
            let (code, out, err) = run(program("nowhere", "serve").args(["--listen", "127.0.0.1:0", option]).arg(path));
            assert_eq!((code, out.as_str()), (2, ""), "{err}");
            assert!(err.starts_with(&format!("error: cannot save the {what} to {}: ", path.display())), "{err}");
        }
    }

    let (journal, state) = (folder.join("goes/journal.json"), folder.join("state.json"));
    let mut both = program("both", "serve");
    both.args(["--listen", "127.0.0.1:0", "--save-journal"]).arg(&journal).arg("--save-on-exit").arg(&state);
    let served = serve(&mut both);
    let body = r#"method1=objects.get&arg1={"id":1}&method2=set&arg2={"name":"late"}&method3=save"#;
    post(served.addr, "/rest_api/v2/Shelves/", body).await.result();
    fs::remove_dir_all(folder.join("goes")).unwrap();
    let (code, _, log) = served.end("-TERM");
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains(&format!("error: cannot save the journal to {}: ", journal.display())), "{log}");
    let waited = format!("1 task still waited: what was to be changed is lost and is not in {}", state.display());
    assert!(log.contains(&waited), "{log}");
    let state: Value = serde_json::from_str(&fs::read_to_string(&state).unwrap()).unwrap();
    assert_ne!(state["Shelves"][0]["fields"]["name"], "late", "the state is saved all the same");
}

#[test]
fn what_cannot_be_done_is_said_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let (code, out, err) = run(program("taken", "serve").args(["--listen", &addr]));
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.starts_with(&format!("error: cannot listen on {addr}: ")) && err.lines().count() == 1, "{err}");

    let (code, _, err) = run(program("no-file", "serve").args(["--state", "/nonexistent.json"]));
    assert_eq!(code, 1);
    assert!(err.contains("cannot read /nonexistent.json"), "{err}");

    let broken = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cli-broken.json");
    fs::write(&broken, "{\n\"Shelves\": [}").unwrap();
    let (code, _, err) = run(program("broken", "state").arg("--state").arg(&broken));
    assert_eq!(code, 1);
    assert!(err.contains("is refused: it is not the JSON of a state") && err.contains("line 2"), "{err}");

    for wrong in [&["--tasks", "never"][..], &["--clock", "noon"], &["--listen", "nowhere"], &["--nonsense"]] {
        let (code, out, err) = run(program("usage", "serve").args(wrong));
        assert_eq!((code, out.as_str()), (2, ""), "{wrong:?} {err}");
    }
}

#[test]
fn schema_and_states_are_json_that_the_program_reads_again() {
    let (code, out, err) = run(&mut program("schema", "schema"));
    assert_eq!((code, err.as_str()), (0, ""));
    let schema: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(schema["models"]["Books"]["table"], "books");

    let (code, out, _) = run(&mut program("state", "state"));
    assert_eq!(code, 0);
    let state: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(state["Books"][0]["fields"]["title"], "+7");
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cli-state.json");
    fs::write(&file, &out).unwrap();
    let (code, again, err) = run(program("state-again", "state").arg("--state").arg(&file));
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(again, out, "a state read and written again is the same file");
    let (code, demo, _) = run(program("demo", "demo-data").args(["--abonents", "0"]));
    assert_eq!((code, demo), (0, out));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut child = program("pipe", "schema").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""));
}

#[test]
fn help_shows_examples() {
    for args in [&["--help"][..], &["serve", "--help"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_carbon-mock")).args(args).output().unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success() && help.contains("Examples:") && help.contains("demo-data --abonents"),
            "{help}"
        );
    }
}
