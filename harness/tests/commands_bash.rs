//! Runs every command of the page, printed and corrected, under the real bash with the real curl, and compares what
//! arrives with what the parse says. `sqlexec` is replaced by a script that checks the statement and prints the
//! example's rows as isql does; `sleep` and the programs that would change the machine do nothing.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use std::convert::Infallible;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use carbon_harness::curl;
use carbon_harness::shell::{Script, Word};
use carbon_specs::Contract;
use carbon_specs::example::{ErratumKind, Example, Loop, Request, Variant};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// What the page's commands are made of. Everything else they name is replaced.
const PROGRAMS: [&str; 6] = ["bash", "curl", "awk", "sed", "jq", "python3"];
const STUBS: [&str; 5] = ["sleep", "yum", "service", "vim", "chroot"];

type Arrived = Arc<Mutex<Vec<Result<Request, String>>>>;

/// The programs' folders, or the names of those that are missing.
fn search_path() -> Result<String, String> {
    let path = std::env::var("PATH").unwrap_or_default();
    let there = |name: &&str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    let missing: Vec<&str> = PROGRAMS.into_iter().filter(|name| !there(name)).collect();
    if missing.is_empty() {
        Ok(path)
    } else {
        Err(format!("install {}: the page's commands use it", missing.join(", ")))
    }
}

/// A server that records what arrives and answers an empty list. Gives its base URL.
async fn recorder(arrived: Arrived) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let arrived = Arc::clone(&arrived);
            let service = service_fn(move |request: hyper::Request<Incoming>| record(request, Arc::clone(&arrived)));
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    base
}

async fn record(
    request: hyper::Request<Incoming>,
    arrived: Arrived,
) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let kind = head.headers.get("content-type").map(|value| value.to_str().unwrap_or_default().to_owned());
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let form = kind.as_deref() == Some("application/x-www-form-urlencoded") && head.method == hyper::Method::POST;
    let seen = Request { path, body: String::from_utf8_lossy(&body).into_owned() };
    let answer = format!("{{\"call\": \"{}\", \"result\": []}}", seen.path);
    let seen = if form { Ok(seen) } else { Err(format!("{} {kind:?} {seen:?}", head.method)) };
    arrived.lock().unwrap().push(seen);
    Ok(hyper::Response::new(Full::new(Bytes::from(answer))))
}

/// The rows as isql prints them in the layout that the statement asks for.
fn printed_rows(turns: &Loop, list: bool) -> String {
    let mut out = String::from("\n");
    for row in &turns.rows {
        if list {
            for value in row {
                let _ = writeln!(out, "{:<32}{value}", "ID");
            }
            out.push('\n');
        } else {
            let cells: Vec<String> = row.iter().map(|value| format!("{value:>12}")).collect();
            let _ = writeln!(out, "{} ", cells.join(" "));
        }
    }
    out.push('\n');
    out
}

fn executable(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A folder with the replaced programs, for one command.
fn stage(name: &str, variant: &Variant) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("commands_bash").join(name);
    let _ = fs::remove_dir_all(&folder);
    let bin = folder.join("bin");
    fs::create_dir_all(&bin).unwrap();
    for stub in STUBS {
        executable(&bin.join(stub), "#!/bin/sh\nexit 0\n");
    }
    let turns = variant.turns.as_ref().filter(|turns| turns.sql.is_some());
    let sql = turns.and_then(|turns| turns.sql.as_deref()).unwrap_or_default();
    let list = sql.trim_start().starts_with("set list") || variant.command.contains("sqlexec -l");
    fs::write(folder.join("rows"), turns.map(|turns| printed_rows(turns, list)).unwrap_or_default()).unwrap();
    fs::write(folder.join("sql"), sql.trim()).unwrap();
    // The statement is compared as text, so a loop that quotes it wrongly gets no rows.
    executable(
        &bin.join("sqlexec"),
        "#!/bin/sh\n\
         here=$(dirname \"$0\")/..\n\
         [ \"$1\" = -l ] && shift\n\
         trim() { sed 's/[[:space:]]*$//'; }\n\
         if [ \"$(echo \"$1\" | trim)\" = \"$(trim < \"$here/sql\")\" ]; then cat \"$here/rows\"; else\n\
         echo \"$1\" >> \"$here/refused\"; echo 'Statement failed' >&2; exit 1; fi\n",
    );
    folder
}

/// What must arrive, in order: the request of each turn, its variables replaced by the row's values.
fn expected(variant: &Variant) -> Vec<Request> {
    let Some(request) = &variant.request else { return Vec::new() };
    let Some(turns) = &variant.turns else { return vec![request.clone()] };
    let turn = |row: &Vec<String>| {
        let mut pairs: Vec<(&String, &String)> = turns.variables.iter().zip(row).collect();
        pairs.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        let body = pairs
            .into_iter()
            .fold(request.body.clone(), |body, (name, value)| body.replace(&format!("${name}"), value));
        Request { path: request.path.clone(), body }
    };
    turns.rows.iter().map(turn).collect()
}

/// The exit code that the parse predicts, where one command alone decides it.
fn predicted_code(command: &str) -> Option<i32> {
    let script = Script::parse(command);
    if script.error.is_some() {
        return Some(2);
    }
    let [only] = script.commands.as_slice() else { return None };
    let arguments: Vec<Word> = only.curl_arguments()?.to_vec();
    match curl::parse(&arguments, &curl::no_files) {
        Ok(curl) => Some(i32::from(curl.exit_code())),
        Err(error) => Some(i32::from(error.exit_code())),
    }
}

/// Runs one command and says what differs.
async fn run(name: String, example: Example, variant: Variant, path: String) -> Result<usize, String> {
    let folder = stage(&name, &variant);
    let arrived = Arrived::default();
    let base = recorder(Arc::clone(&arrived)).await;
    let command = curl::point_at(&variant.command, &base);
    let child = tokio::process::Command::new("bash")
        .args(["-c", &command])
        .current_dir(&folder)
        .env_clear()
        .env("PATH", format!("{}:{path}", folder.join("bin").display()))
        .env("HOME", &folder)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(120), child).await;
    let output =
        output.map_err(|_| format!("{name}: still running after two minutes"))?.map_err(|e| format!("{name}: {e}"))?;
    let seen = std::mem::take(&mut *arrived.lock().unwrap());
    let expected = expected(&variant);
    let python = example.erratum.as_ref().is_some_and(|erratum| erratum.kind == ErratumKind::NotACommand);
    let mut wrong = String::new();
    if seen != expected.iter().cloned().map(Ok).collect::<Vec<_>>() {
        let _ = writeln!(
            wrong,
            "  expected {} {:?}\n  arrived  {} {:?}",
            expected.len(),
            expected.first(),
            seen.len(),
            seen.first()
        );
    }
    if !python && let Some(code) = predicted_code(&command).filter(|code| output.status.code() != Some(*code)) {
        let _ = writeln!(wrong, "  ends with {:?}, not {code}", output.status.code());
    }
    if variant.request.is_some()
        && let Ok(refused) = fs::read_to_string(folder.join("refused"))
    {
        let _ = writeln!(wrong, "  sqlexec got another statement: {refused}");
    }
    let _ = fs::remove_dir_all(&folder);
    if wrong.is_empty() {
        return Ok(seen.len());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let errors: Vec<&str> = errors.lines().filter(|line| line.contains(": ")).take(5).collect();
    Err(format!("{name} (page line {}):\n{wrong}  stderr {errors:?}", example.line))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_arrives_under_bash_and_curl_is_what_the_parse_says() {
    let path = search_path().unwrap_or_else(|missing| panic!("{missing}"));
    let contract = Contract::embedded().unwrap_or_else(|error| panic!("{error}"));
    let slots = Arc::new(Semaphore::new(4));
    let mut runs = Vec::new();
    for example in contract.examples {
        let corrected = example.corrected.clone().map(|variant| (format!("{}-corrected", example.id), variant));
        let printed = (example.id.clone(), example.printed.clone());
        for (name, variant) in std::iter::once(printed).chain(corrected) {
            let (slots, example, path) = (Arc::clone(&slots), example.clone(), path.clone());
            runs.push(tokio::spawn(async move {
                let _slot = slots.acquire_owned().await.map_err(|error| error.to_string())?;
                run(name, example, variant, path).await
            }));
        }
    }
    let count = runs.len();
    let (mut requests, mut wrong) = (0, Vec::new());
    for run in runs {
        match run.await.unwrap() {
            Ok(arrived) => requests += arrived,
            Err(problem) => wrong.push(problem),
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 148 && requests >= 148, "{count} commands, {requests} requests");
}
