//! The way to a server: TLS, proxies, headers, pace, retries, the configuration file, Ctrl-C. Over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use carbon_mock::CarbonMock;
use serde_json::Value;
use support::{Folder, harness, program};
use tokio::runtime::Runtime;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}

fn mock(runtime: &Runtime) -> CarbonMock {
    runtime.block_on(CarbonMock::builder().clock("2022-02-01 10:00:00").start()).unwrap()
}

/// A server of plain sockets: for each request its head and body, and what to answer; nothing closes the connection.
struct Plain {
    url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

fn plain(answer: impl Fn(usize, &str) -> Option<String> + Send + Sync + 'static) -> Plain {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
            thread::spawn(move || serve(stream, &kept, &*answer));
        }
    });
    Plain { url, seen }
}

fn serve(mut stream: TcpStream, seen: &Mutex<Vec<String>>, answer: &dyn Fn(usize, &str) -> Option<String>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let length =
            head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).unwrap();
        let request = format!("{head}{}", String::from_utf8_lossy(&body));
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(request.clone());
            seen.len()
        };
        match answer(number, &request) {
            Some(text) => stream.write_all(text.as_bytes()).unwrap(),
            None => return,
        }
    }
}

fn ok(body: &str) -> Option<String> {
    let length = body.len();
    Some(format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"))
}

const EMPTY: &str = r#"{"call": "/rest_api/v2/Abonents/", "result": []}"#;

/// A TLS server in front of a mock, and its authority's certificate.
fn secure(runtime: &Runtime, mock: &CarbonMock) -> (String, String) {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    shown_by(runtime, mock, &certified.cert, &certified.signing_key)
}

/// The same with this certificate.
fn shown_by(
    runtime: &Runtime,
    mock: &CarbonMock,
    certificate: &rcgen::Certificate,
    key: &rcgen::KeyPair,
) -> (String, String) {
    let key = rustls_pki_types::PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let upstream = mock.addr();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut server = tokio::net::TcpStream::connect(upstream).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
            });
        }
    });
    (format!("https://localhost:{port}"), certificate.pem())
}

#[test]
fn tls_with_an_authority_of_ones_own() {
    let runtime = runtime();
    let mock = mock(&runtime);
    let (url, pem) = secure(&runtime, &mock);
    let folder = Folder::new("tls");
    let ca = format!("{}/ca.pem", folder.path());
    fs::write(&ca, pem).unwrap();
    let ended = harness(&["run", "abonents-1.1", "--target", &url, "--ca", &ca]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let ended = harness(&["run", "abonents-1.1", "--target", &url]);
    assert_eq!(ended.code, 3, "{}", ended.stdout);
    assert!(ended.stderr.contains("certificate"), "{}", ended.stderr);
    fs::write(&ca, "no certificate").unwrap();
    let ended = harness(&["run", "abonents-1.1", "--target", &url, "--ca", &ca]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("there is no certificate in it"), "{}", ended.stderr);
}

#[test]
fn a_server_that_has_signed_itself_is_trusted_by_its_own_certificate() {
    let runtime = runtime();
    let mock = mock(&runtime);
    // As `openssl req -x509` makes them: an authority for itself, and in another name.
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = || {
        let mut parameters = rcgen::CertificateParams::new(["billing.example".to_owned()]).unwrap();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        parameters.self_signed(&key).unwrap()
    };
    let (url, pem) = shown_by(&runtime, &mock, &certificate(), &key);
    let folder = Folder::new("pinned");
    let ca = format!("{}/own.pem", folder.path());
    fs::write(&ca, pem).unwrap();
    let run = |ca: &str| harness(&["run", "abonents-1.1", "--target", &url, "--ca", ca]);
    let ended = run(&ca);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    // Another one is not this one.
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(&ca, other.cert.pem()).unwrap();
    let ended = run(&ca);
    assert_eq!(ended.code, 3, "{}", ended.stdout);
    assert!(ended.stderr.contains("certificate"), "{}", ended.stderr);
}

#[test]
fn headers_and_a_user_arrive_and_secrets_are_never_shown() {
    let server = plain(|_, _| ok(EMPTY));
    let folder = Folder::new("secrets");
    let report = format!("json={}/report.json", folder.path());
    let run = |arguments: &[&str]| {
        let mut program = program();
        program.env("CARBON_PASSWORD", "hunter2hunter2").env("CARBON_HEADER", "X-Token: t0ps3cr3t");
        program.args(["run", "abonents-1.1", "--compare", "shape", "-v", "--target", &server.url]).args(arguments);
        program.output().unwrap()
    };
    let output = run(&["--header", "X-Site: lab", "--user", "robot", "--report", &report]);
    let seen = server.seen.lock().unwrap().join("\n").to_lowercase();
    assert!(seen.contains("x-site: lab") && seen.contains("x-token: t0ps3cr3t"), "{seen}");
    assert!(seen.contains("authorization: basic cm9ib3q6ahvudgvymmh1bnrlcji="), "{seen}");
    let report = fs::read_to_string(format!("{}/report.json", folder.path())).unwrap();
    let told =
        format!("{}{}{report}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    for secret in ["hunter2", "t0ps3cr3t", "cm9ib3Q6"] {
        assert!(!told.contains(secret), "{secret} is in {told}");
    }
    let ended = harness(&["run", "--target", &server.url, "--user", "robot"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("CARBON_PASSWORD"), "{}", ended.stderr);
}

#[test]
fn plain_requests_go_through_a_proxy_with_their_whole_url() {
    let proxy = plain(|_, _| ok(EMPTY));
    let through = proxy.url.replace("http://", "http://me:pass@");
    let ended = harness(&[
        "run",
        "abonents-1.1",
        "--compare",
        "shape",
        "--target",
        "http://billing.invalid:8082",
        "--proxy",
        &through,
    ]);
    let seen = proxy.seen.lock().unwrap();
    assert!(seen.iter().all(|request| request.contains(" http://billing.invalid:8082/rest_api/v2/")), "{seen:?}");
    assert!(seen[0].to_lowercase().contains("proxy-authorization: basic bwu6cgfzcw=="), "{seen:?}");
    assert!(!ended.stdout.contains("pass@"), "{}", ended.stdout);
    // The environment names it, too, and what it leaves out is asked for directly.
    drop(seen);
    let ask = |name: &str, value: &str| {
        let mut program = program();
        program.env("http_proxy", &proxy.url).env(name, value);
        program.args(["run", "abonents-1.1", "--compare", "shape", "--target", "http://billing.invalid:8082"]);
        program.output().unwrap().status.code()
    };
    assert_ne!(ask("UNUSED", ""), Some(3));
    assert_eq!(ask("no_proxy", "billing.invalid"), Some(3));
}

#[test]
fn a_tunnel_is_asked_for_where_tls_goes_through_a_proxy() {
    let proxy = plain(|_, _| None);
    let ended = harness(&[
        "run",
        "abonents-1.1",
        "--target",
        "https://billing.invalid",
        "--proxy",
        &proxy.url,
        "--retries",
        "0",
    ]);
    assert_eq!(ended.code, 3, "{}{}", ended.stdout, ended.stderr);
    let seen = proxy.seen.lock().unwrap();
    assert!(seen[0].starts_with("CONNECT billing.invalid:443 HTTP/1.1"), "{seen:?}");
    let ended = harness(&["run", "--target", "http://127.0.0.1:1", "--proxy", "socks5://me:pass@x"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("`x` is no proxy") && !ended.stderr.contains("pass"), "{}", ended.stderr);
}

#[test]
fn a_read_is_sent_again_when_the_connection_breaks() {
    let server = plain(|number, request| match number {
        _ if request.starts_with("GET") => ok(EMPTY),
        2 => None,
        3 => Some("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n".to_owned()),
        _ => ok(r#"{"call": "/rest_api/v2/Tarif/", "result": []}"#),
    });
    // The health page of a mock is asked for first.
    let ended = harness(&["run", "requests-1", "--compare", "shape", "--target", &server.url]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let seen = server.seen.lock().unwrap();
    assert_eq!(seen.iter().filter(|request| request.starts_with("POST")).count(), 3, "{seen:?}");
}

#[test]
fn who_does_not_answer_in_time_is_not_waited_for() {
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let held = Mutex::new(held);
    let server = plain(move |_, request| {
        if request.starts_with("POST") {
            // Ends when the test does.
            let _ = held.lock().unwrap().recv();
        }
        ok(EMPTY)
    });
    let ended = harness(&["run", "requests-1", "--compare", "shape", "--timeout", "1", "--target", &server.url]);
    drop(hold);
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("no answer from /rest_api/v2/Abonents/ within 1s"), "{}", ended.stdout);
}

#[test]
fn a_write_is_never_sent_again() {
    let server = plain(|_, request| if request.starts_with("GET") { ok(EMPTY) } else { None });
    let host = "127.0.0.1";
    let ended = harness(&[
        "run",
        "abonents-2.1",
        "--compare",
        "shape",
        "--writes",
        "all",
        "--i-mean",
        host,
        "--retries",
        "10",
        "--target",
        &server.url,
    ]);
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    let seen = server.seen.lock().unwrap();
    let writes = seen.iter().filter(|request| request.starts_with("POST") && request.contains("save"));
    assert_eq!(writes.count(), 1, "{seen:?}");
}

#[test]
fn what_the_bound_on_requests_leaves_out_is_not_run() {
    let runtime = runtime();
    let mock = mock(&runtime);
    let seen = support::proxy::start(&mock.url(), |_, reply| reply);
    let ended = harness(&["run", "--target", &seen.url, "--max-requests", "7", "--format", "json"]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(seen.forwarded.lock().unwrap().len(), 7);
    let reasons = report["rules"].as_array().unwrap().iter().filter_map(|case| case["reason"].as_str());
    assert!(reasons.clone().any(|reason| reason == "the 7 requests of --max-requests are sent"));
    assert_eq!(report["summary"]["examples"]["fail"], 0);
}

#[test]
fn a_pace_is_kept() {
    let runtime = runtime();
    let mock = mock(&runtime);
    let started = std::time::Instant::now();
    let ended = harness(&["run", "abonents-1.1", "--target", &mock.url(), "--rate", "4"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    // Three requests at least: two pages that say who is there, and the call. It may always take longer, never less.
    assert!(started.elapsed() >= Duration::from_millis(500), "{:?}", started.elapsed());
}

#[test]
fn a_file_gives_options_and_what_is_typed_wins() {
    let runtime = runtime();
    let mock = mock(&runtime);
    let folder = Folder::new("config");
    let file = format!("{}/carbon-harness.toml", folder.path());
    let report = format!("{}/from-file.json", folder.path());
    let write = |text: &str| fs::write(&file, text).unwrap();
    write(&format!(
        "[target]\ntarget = \"{}\"\nrate = 1000\n\n[run]\nquiet = true\nreport = [\"json={report}\"]\n",
        mock.url()
    ));
    let ended = harness(&["--config", &file, "run", "abonents-1.1"]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let told: Value = serde_json::from_str(&fs::read_to_string(&report).unwrap()).unwrap();
    assert_eq!(told["target"], mock.url());
    let typed = harness(&["run", "abonents-1.1", "--config", &file, "--target", "http://127.0.0.1:1"]);
    assert_eq!(typed.code, 3, "{}", typed.stderr);
    // It is found where it usually is.
    let output = program()
        .current_dir(&folder.0)
        .args(["run", "requests-1", "--compare", "shape", "--format", "json"])
        .output()
        .unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["target"], mock.url());

    for (text, hint) in [
        ("[target]\nrat = 5\n", "line 2: there is no option `rat`; did you mean `rate`?"),
        ("[rum]\n", "line 1: there is no section [rum]; did you mean `run`?"),
        (
            "[target]\n\npassword = \"x\"\n",
            "line 3: `password` is a secret: put it into the environment, as CARBON_PASSWORD",
        ),
        ("[run]\nheader = [\"Authorization: Bearer s3cr3t\"]\n", "into the environment, as CARBON_HEADER"),
        ("[target]\nheader = \"X-Api-Key: s3cr3t\"\n", "line 2: `header` holds a secret here"),
        ("[target]\nproxy = \"http://me:s3cr3t@192.0.2.7:3128\"\n", "as HTTPS_PROXY or HTTP_PROXY"),
        ("[target]\nuser = \"me:s3cr3t\"\n", "as CARBON_PASSWORD"),
        ("[diff]\nheader = \"Cookie: sessionid=s3cr3t\"\n", "as CARBON_HEADER"),
        ("[target]\ntarget = \"https://me:s3cr3t@192.0.2.7\"\n", "as CARBON_PASSWORD"),
        ("[run]\nquiet = 1\n", "line 2: `quiet` is true or false"),
        ("[run\n", "line 1"),
    ] {
        write(text);
        let ended = harness(&["run", "--config", &file]);
        assert_eq!(ended.code, 2, "{text}: {}", ended.stdout);
        assert!(ended.stderr.contains(hint), "{text}: {}", ended.stderr);
        assert!(!ended.stderr.contains("s3cr3t"), "{text}: {}", ended.stderr);
    }
}

#[test]
fn what_is_typed_wins_over_the_environment_and_that_over_the_file() {
    let runtime = runtime();
    let mock = mock(&runtime);
    let folder = Folder::new("precedence");
    let file = format!("{}/carbon-harness.toml", folder.path());
    let asked = |file_says: &str, environment: Option<&str>, typed: Option<&str>| {
        fs::write(&file, format!("[verify]\nmock = \"{file_says}\"\n")).unwrap();
        let mut program = program();
        program.args(["verify", "--config", &file]);
        environment.map(|url| program.env("CARBON_MOCK_URL", url));
        typed.map(|url| program.args(["--mock", url]));
        program.output().unwrap().status.code().unwrap()
    };
    let (right, wrong) = (mock.url(), "http://127.0.0.1:1");
    assert_eq!(asked(&right, None, None), 0);
    assert_eq!(asked(wrong, None, None), 3);
    assert_eq!(asked(wrong, Some(&right), None), 0);
    assert_eq!(asked(&right, Some(wrong), None), 3);
    assert_eq!(asked(wrong, Some(wrong), Some(&right)), 0);
    assert_eq!(asked(&right, Some(&right), Some(wrong)), 3);
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_run_with_a_report_of_what_was_done() {
    let runtime = runtime();
    let mock = mock(&runtime);
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let seen = support::proxy::start(&mock.url(), |_, reply| reply);
        for command in ["run", "check"] {
            seen.forwarded.lock().unwrap().clear();
            let mut child = program()
                .args([command, "--target", &seen.url, "--rate", "8", "--format", "json"])
                .stdout(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            support::until(|| seen.forwarded.lock().unwrap().len() > 4);
            let ended = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
            assert!(ended.success());
            let mut out = String::new();
            child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(code), "{command} {signal}");
            let report: Value = serde_json::from_str(&out).unwrap();
            if command == "run" {
                assert_eq!(report["summary"]["interrupted"], true);
                assert!(report["summary"]["examples"]["total"].as_u64().unwrap() < 148, "{}", report["summary"]);
            } else {
                assert_eq!(report["stopped"], "interrupted");
            }
        }
    }
}
