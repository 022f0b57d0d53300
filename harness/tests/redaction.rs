//! What a server shows of anybody, planted in every place: no command prints or writes it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::fs;

use carbon_mock::tasks::Profile;
use carbon_mock::{CarbonMock, Mock};
use serde_json::{Value, json};
use support::{Folder, everything, program, proxy};

/// What is personal by its looks: see `harness/src/redact`.
const PERSONAL: &str = include_str!("data/personal.tsv");

/// Each value, and the sentence it stands in.
fn personal() -> Vec<(&'static str, String)> {
    let lines = PERSONAL.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let values = lines.map(|line| match line.split_once('\t') {
        Some((value, sentence)) => (value, sentence.replace("{}", value)),
        None => (line, line.to_owned()),
    });
    // Shorter ones stand in a report by chance, or on the page.
    values.filter(|(value, _)| value.chars().count() >= 10).collect()
}

/// Puts a value of its own into every secret column of every row.
fn plant(mock: &Mock) {
    let schema = mock.contract().schema.clone();
    let mut state = mock.state();
    let mut count = 0;
    for (model, rows) in state.as_object_mut().unwrap() {
        let model = schema.model(model).unwrap();
        for row in rows.as_array_mut().unwrap() {
            for (column, value) in row["fields"].as_object_mut().unwrap() {
                if !value.is_string() || !model.field(column).unwrap().secret {
                    continue;
                }
                count += 1;
                let (low, high) = (count % 250, count / 250);
                *value = Value::from(match column.as_str() {
                    "sms" | "src" | "dst" | "addressee" => format!("+7912555{count:04}"),
                    "email" => format!("somebody{count}@plant.example"),
                    "ip" | "snatip" => format!("10.99.{high}.{low}"),
                    "mac" => format!("02:99:00:00:{high:02X}:{low:02X}"),
                    _ => format!("ПЛАНТ{count:05}"),
                });
            }
        }
    }
    assert!(count > 1000, "{count} values were planted");
    mock.put_state(&state).unwrap();
}

/// A server in front of a mock. It calls itself a mock, and puts what is personal into names of keys, JSON within texts, errors
/// and pages of HTML, with the status of a success and of an error.
fn liar(upstream: &str) -> proxy::Proxy {
    let values = personal();
    proxy::start_with(upstream, move |path, status, reply| {
        let turns = values.iter().map(|(_, sentence)| sentence.as_str());
        let Ok(mut body) = serde_json::from_slice::<Value>(&reply) else { return (status.to_owned(), reply) };
        match path.trim_end_matches('/').rsplit('/').next().unwrap_or_default() {
            "Tarif" => {
                let lines: Vec<String> = turns.map(|sentence| format!("<p>{sentence}</p>")).collect();
                let page = format!("<html><h1>Server Error (500)</h1>{}</html>", lines.join("\n"));
                return ("500 Internal Server Error".to_owned(), page.into_bytes());
            }
            "Usluga" => {
                let told: Vec<&str> = turns.collect();
                let error = json!({ "call": body["call"], "error": told.join("; ") });
                return ("400 Bad Request".to_owned(), error.to_string().into_bytes());
            }
            "Operators" => body["error"] = turns.map(str::to_owned).collect(),
            "ObjectStatuses" => {
                let keys = turns.map(|sentence| (sentence.to_owned(), Value::from(sentence)));
                body["result"] = Value::Object(keys.collect());
            }
            "Homes" => {
                let told: Vec<Value> = turns.map(|sentence| json!({ "note": sentence })).collect();
                body["result"] = json!([Value::from(told).to_string(), { "login": "ПЛАНТ-1", "tokens": ["ПЛАНТ-2"] }]);
            }
            "Switch" => {
                let lines: Vec<&str> = turns.collect();
                return (status.to_owned(), format!("<pre>{}</pre>", lines.join("\n")).into_bytes());
            }
            _ => return (status.to_owned(), reply),
        }
        (status.to_owned(), body.to_string().into_bytes())
    })
}

/// Holds that nothing planted is left.
#[track_caller]
fn nothing_is_left(all: &str, what: &str) {
    let escaped = "\\u041f\\u041b\\u0410\\u041d\\u0422";
    let fixed = ["ПЛАНТ", escaped, "7912555", "@plant.example", "10.99.", "02:99:00"];
    let values = personal();
    for planted in fixed.into_iter().chain(values.iter().map(|(value, _)| *value)) {
        if let Some(at) = all.find(planted) {
            let near: String = all[..at].chars().rev().take(200).collect::<Vec<_>>().into_iter().rev().collect();
            panic!("{what}: {planted} is left after: {near}");
        }
    }
}

#[test]
fn nothing_of_anybody_is_printed_or_written() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let builder = CarbonMock::builder().clock("2022-02-01 10:00:00").tasks(Profile::INSTANT);
    let mock = runtime.block_on(builder.start()).unwrap();
    plant(mock.mock());
    let liar = liar(&mock.url());
    let folder = Folder::new("planted");
    let at = |name: &str| format!("{}/{name}", folder.path());
    let (target, saved, plain) = (liar.url.as_str(), at("saved"), mock.url());
    let reports: Vec<String> = ["json", "junit", "html", "md"].map(|kind| format!("{kind}={}", at(kind))).to_vec();
    let mut reported = vec!["run", "--target", target, "-v", "--save", &saved];
    for report in &reports {
        reported.extend(["--report", report]);
    }
    let (journal, bindings, masks) = (at("sandbox.jsonl"), at("bindings.toml"), at("masks.toml"));
    let sandbox = ["run", "abonents-7.2", "users-2.1", "--target", target, "--writes", "sandbox", "--settle", "1"];
    let commands: Vec<(&str, Vec<&str>)> = vec![
        ("reports", reported),
        ("shape", vec!["run", "--target", target, "--compare", "shape", "-v", "--format", "json"]),
        ("baseline", vec!["run", "--target", target, "--compare", "shape", "--baseline", &saved, "--values", "-v"]),
        ("check", vec!["check", "--target", target, "--personal", "--max-requests", "400", "--cases", "1", "-v"]),
        ("check of the rest", vec!["check", "--target", &plain, "--personal", "--max-requests", "600", "--cases", "2"]),
        ("check as JSON", vec!["check", "--target", target, "--max-requests", "300", "--format", "json"]),
        ("diff", vec!["diff", &plain, target, "--values", "--save-masks", &masks]),
        ("diff as JSON", vec!["diff", &saved, target, "--values", "--format", "json"]),
        ("bind", vec!["bind", "--target", target, "--out", &bindings]),
        ("sandbox", [&sandbox[..], &["--journal", &journal]].concat()),
        ("clean", vec!["clean", "--journal", &journal, "--settle", "1"]),
    ];
    let mut shown = 0;
    for (what, arguments) in commands {
        let summary = at("summary.md");
        let github = [("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", summary.as_str())];
        let output = program().envs(github).args(&arguments).output().unwrap();
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
        assert_ne!(output.status.code(), Some(2), "{what}: {said}");
        nothing_is_left(&said, what);
        shown += usize::from(said.contains("<text:") || said.contains("<phone:") || said.contains("<name:"));
    }
    assert!(shown >= 5, "{shown} commands had something to hide");
    // What stands for the rows of the page is needed to ask for them: this file says so itself.
    fs::remove_file(&bindings).unwrap();
    let written = everything(&folder.0);
    assert!(
        written.contains("<phone:") && written.contains("<ip:") && written.contains("<email:"),
        "{}",
        written.len()
    );
    nothing_is_left(&written, "files");
}

#[test]
fn values_are_shown_where_they_are_asked_for_and_in_no_file() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mock = runtime.block_on(CarbonMock::builder().clock("2022-02-01 10:00:00").start()).unwrap();
    let seen = proxy::start(&mock.url(), |path, reply| {
        let error = json!({ "call": path, "error": "of Иванов Иван Иванович" }).to_string();
        if path.contains("Abonents") { error.into_bytes() } else { reply }
    });
    let folder = Folder::new("shown");
    let report = format!("{}/report.json", folder.path());
    let written = format!("json={report}");
    let run = ["run", "abonents-1.*", "--target", &seen.url, "--report", &written];
    let shown = |more: &[&str]| {
        let output = program().args([&run[..], more].concat()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(!shown(&[]).contains("Иванов"));
    assert!(shown(&["--show-values"]).contains("Иванов Иван Иванович"));
    assert!(fs::read_to_string(&report).unwrap().contains("of <name:"));
    assert!(!shown(&["--show-values", "--format", "json"]).contains("Иванов"));
}

/// Somebody whom nothing but a field can show to be one.
const LATE: &str = "Polikarpova-Wolff";

/// A server that names somebody in the error and in the text of its first replies, and only much later shows in a field that
/// this is a name. It answers the same to the same.
fn late(upstream: &str) -> proxy::Proxy {
    let seen = std::sync::Mutex::new(Vec::new());
    proxy::start_between(upstream, move |request, pass_on| {
        let mut reply = pass_on();
        let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else { return Some(reply) };
        if request.body.is_empty() || request.path.contains("Version") {
            return Some(reply);
        }
        let mut seen = seen.lock().unwrap();
        if request.body.starts_with("method1=objects.order_by") {
            // A look at which rows there are: nothing of it is told.
            return Some(reply);
        }
        let call = (request.path.clone(), request.body.clone());
        let number = seen.iter().position(|known| *known == call).unwrap_or(seen.len());
        if number == seen.len() {
            seen.push(call);
        }
        match number {
            0 => body = json!({ "call": request.path, "error": format!("locked by {LATE} since noon") }),
            1 => body["note"] = format!("ask {LATE}, or her sister").into(),
            60.. => body["result"] = json!([{ "pk": 7, "model": "Abonents", "fields": { "name": LATE } }]),
            _ => {}
        }
        reply.body = body.to_string().into();
        Some(reply)
    })
}

#[test]
fn a_name_that_only_a_later_reply_shows_is_in_no_file() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mock = runtime.block_on(CarbonMock::builder().clock("2022-02-01 10:00:00").start()).unwrap();
    let server = late(&mock.url());
    let folder = Folder::new("late");
    let at = |name: &str| format!("{}/{name}", folder.path());
    let saved = at("saved");
    let reports: Vec<String> = ["json", "junit", "html", "md"].map(|kind| format!("{kind}={}", at(kind))).to_vec();
    let mut run = vec!["run", "--target", &server.url, "--compare", "shape", "--no-rules", "--format", "json"];
    for report in &reports {
        run.extend(["--report", report]);
    }
    let summary = at("summary.md");
    let github = [("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", summary.as_str())];
    let told = |more: &[&str]| {
        let output = program().envs(github).args([&run[..], more].concat()).output().unwrap();
        let said = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat();
        assert!(said.contains("locked by <"), "{said}");
        assert!(!said.contains(LATE), "{said}");
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    told(&["--save", &saved]);
    let written = everything(&folder.0);
    assert!(written.contains("locked by <") && written.contains("or her sister"), "{}", written.len());
    assert!(!written.contains(LATE));
    // Whoever compares with the recording knows as little at first as it did: that is no difference.
    let report = told(&["--baseline", &saved, "--values"]);
    assert_eq!(report["summary"]["examples"]["drift"], 0, "{}", report["summary"]);
    assert!(!everything(&folder.0).contains(LATE));
    // Two servers, and a recording of one of them, held against each other.
    for (before, after) in [(server.url.as_str(), mock.url().as_str()), (&saved, &server.url)] {
        let ended = support::harness(&["diff", before, after, "--values"]);
        assert!(!format!("{}{}", ended.stdout, ended.stderr).contains(LATE), "{}", ended.stdout);
        assert!(ended.code == 0 || before != saved, "{}", ended.stdout);
    }
}
