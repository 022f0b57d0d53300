//! Replays what the real curl did with each line of `curl/cases.txt` (see `curl/record.py`), without needing curl.

use carbon_harness::curl::{self, Body, Request};
use carbon_harness::shell::{Script, Word};
use serde_json::{Value, json};

/// The files that `record.py` puts beside each command, and its standard input.
fn files(name: &str) -> Option<Vec<u8>> {
    match name {
        "body.txt" => Some(b"method1=objects.get&\r\narg1={\"id\":1}\n".to_vec()),
        "plain.txt" => Some("имя & a+b\n".into()),
        "empty.txt" => Some(Vec::new()),
        "-" => Some(b"c=3".to_vec()),
        _ => None,
    }
}

/// What the parse says happens: exit code, message, requests as the recording server describes them.
fn predicted(command: &str) -> (u8, String, Vec<Value>) {
    let script = Script::parse(&command.replace("HOST", "127.0.0.1:1"));
    let mut requests = Vec::new();
    let mut message = script.error.as_ref().map(|error| error.to_string());
    let mut code = if script.error.is_some() { 2 } else { 0 };
    for found in script.curls() {
        let arguments: Vec<Word> = found.curl_arguments().unwrap_or_default().to_vec();
        // The table's one unquoted placeholder: bash cannot open the file and runs nothing.
        if !found.redirects.is_empty() {
            (code, message) = (1, Some("bash: ".into()));
            continue;
        }
        match curl::parse(&arguments, &files) {
            Ok(curl) => {
                code = curl.exit_code();
                // Words that are no option are URLs to curl, but their hosts are not the recording server.
                let ours = curl.requests().filter(|request| request.url.authority == "127.0.0.1:1");
                requests.extend(ours.map(describe));
                let refused = curl.transfers.iter().find_map(|transfer| transfer.sent.as_ref().err());
                message = message.or(refused.map(|error| error.to_string()));
            }
            Err(error) => {
                code = error.exit_code();
                message = message.or((code != 0).then(|| error.to_string()));
            }
        }
    }
    (code, message.unwrap_or_default(), requests)
}

fn describe(request: &Request) -> Value {
    let mut seen = json!({ "method": request.method, "target": request.url.target() });
    for name in ["Content-Type", "Accept", "X-Test", "Cookie", "User-Agent", "Referer"] {
        if let Some(value) = request.header(name) {
            let boundary = if value == "multipart/form-data" { "; boundary=BOUNDARY" } else { "" };
            seen[name.to_lowercase()] = json!(format!("{value}{boundary}"));
        }
    }
    if let Some(user) = &request.user {
        assert_eq!(user, "user:pass");
        seen["authorization"] = json!("Basic dXNlcjpwYXNz");
    }
    match &request.body {
        Body::Text(text) | Body::File(text) => seen["body"] = json!(text),
        Body::Empty => seen["body"] = json!(""),
        Body::Multipart(_) => {}
    }
    seen
}

#[test]
fn the_parse_does_what_the_real_curl_did() {
    let table = include_str!("curl/recorded.tsv");
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in table.lines().skip(2) {
        let [command, code, message, requests] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("not four columns: {line}");
        };
        count += 1;
        let (predicted_code, predicted_message, predicted_requests) = predicted(command);
        let requests: Vec<Value> = serde_json::from_str(requests).unwrap();
        // After `&` bash reads on, and what it makes of the rest decides the exit code.
        let split = code == "127";
        if (predicted_code.to_string() != code && !split) || predicted_requests != requests {
            wrong.push(format!(
                "{command}\n  real:  {code} {requests:?}\n  parse: {predicted_code} {predicted_requests:?}"
            ));
        }
        // curl's words may be cut at the line's end, and positions count from the address, which differs.
        let same = |text: &str| text.split(" in URL position").next().unwrap_or_default().to_owned();
        let (real, ours) = (same(message), same(&predicted_message.replace("127.0.0.1:1", "HOST")));
        let shell = real.contains("bash: ");
        let harmless = real.contains("looks like a flag") || real.contains("makes an empty");
        if !shell && !harmless && !ours.starts_with(real.trim_end()) {
            wrong.push(format!("{command}\n  real:  {message}\n  parse: {predicted_message}"));
        }
    }
    assert!(count > 100, "the table has {count} lines");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_case_is_recorded() {
    let cases = include_str!("curl/cases.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let recorded = include_str!("curl/recorded.tsv").lines().skip(2).filter_map(|line| line.split('\t').next());
    assert!(cases.eq(recorded), "run tests/curl/record.py > tests/curl/recorded.tsv");
}
