//! Servers that others made from the page alone: what they do otherwise where the page says nothing is no finding, and what they
//! lack is told once, by its cause.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use carbon_harness::render::python;
use carbon_mock::CarbonMock;
use serde_json::{Map, Value, json};
use support::proxy::{self, Proxy};
use support::{Ended, Folder, harness};
use tokio::runtime::Runtime;

/// Models that the page addresses nowhere.
const UNNAMED_MODELS: [&str; 5] = ["ServiceTypes", "ObjectStatuses", "OperationTypes", "SnatPull", "UslugaRangeTypes"];

struct Server {
    _runtime: Runtime,
    _mock: CarbonMock,
    proxy: Proxy,
}

/// The mock, changed on its way: `change` makes another reply of a path, what was asked, and the reply.
fn server(deviation: Option<&str>, change: impl Fn(&str, &str, Value) -> Value + Send + Sync + 'static) -> Server {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let builder = CarbonMock::builder().clock("2022-02-01 10:00:00");
    let builder = match deviation {
        Some(name) => builder.deviate(name.parse().unwrap()),
        None => builder,
    };
    let mock = runtime.block_on(builder.start()).unwrap();
    let proxy = proxy::start_asked(&mock.url(), move |path, asked, status, body| {
        // It is no mock.
        if path.starts_with("/__mock__/") {
            return ("404 Not Found".to_owned(), Vec::new());
        }
        match serde_json::from_slice::<Value>(&body) {
            Ok(reply) => (status.to_owned(), python(&change(path, asked, reply)).into_bytes()),
            Err(_) => (status.to_owned(), body),
        }
    });
    Server { _runtime: runtime, _mock: mock, proxy }
}

fn refused(path: &str, error: &str) -> Value {
    json!({ "call": path, "error": error })
}

/// What a server of others may do within the page's words.
fn from_the_page_alone(path: &str, asked: &str, mut reply: Value) -> Value {
    if UNNAMED_MODELS.iter().any(|model| path.contains(&format!("/{model}/"))) {
        return refused(path, "model not found");
    }
    if UNNAMED_MODELS.iter().any(|model| reply["error"].as_str().is_some_and(|error| error.contains(model))) {
        return refused(path, "no such link");
    }
    for method in ["none", "latest", "earliest", "in_bulk", "values_list"] {
        if asked.contains(&format!("=objects.{method}&")) || asked.contains(&format!("={method}&")) {
            return refused(path, &format!("'QuerySet' object has no attribute '{method}'"));
        }
    }
    // The page prints this call; it means the subscriber's own id.
    if path.contains("/Abonents/") && asked.contains("\"abonent_id\"") {
        return json!({ "call": path, "result": [] });
    }
    // Its first subscribers are not those of the demo data.
    if path.contains("/Abonents/")
        && asked.contains("tarif__name")
        && let Some(rows) = reply["result"].as_array_mut()
    {
        rows.sort_by_key(|row| !row["fields"]["tarif"].is_null());
    }
    reply
}

#[test]
fn what_the_page_does_not_say_is_no_finding() {
    let server = server(Some("types-flags-as-booleans"), from_the_page_alone);
    let url = &server.proxy.url;
    let ended = harness(&["run", "--target", url, "--compare", "shape", "--bindings", "page"]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains(" 0 fail"), "{}", ended.stdout);
    let ended = harness(&["check", "--target", url]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    for told in [
        "not run  latest: this server has no `latest`, and the page calls it nowhere",
        "WARN  types  (derived; here it rests on what is assumed)",
        "ServiceTypes (error \"model not found\")",
    ] {
        assert!(ended.stdout.contains(told), "`{told}` is not in:\n{}", ended.stdout);
    }
}

#[test]
fn what_is_missing_is_told_once_with_all_that_comes_of_it() {
    let server = server(None, |path, asked, reply| match asked.contains("\"attr\"") {
        true => refused(path, "Abonents has no field 'attr'"),
        false => reply,
    });
    let folder = Folder::new("cause");
    let (md, html) = (format!("{}/report.md", folder.path()), format!("{}/report.html", folder.path()));
    let run = |compare: &str| -> Ended {
        harness(&[
            "run",
            "requests-*",
            "--target",
            &server.proxy.url,
            "--compare",
            compare,
            "--bindings",
            "page",
            "--report",
            &format!("md={md}"),
            "--report",
            &format!("html={html}"),
        ])
    };
    for compare in ["shape", "exact"] {
        let ended = run(compare);
        assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
        assert_eq!(ended.stdout.matches("-expected ").count(), 2, "one reason each:\n{}", ended.stdout);
        let cause =
            "one cause behind several findings\n   2  \"Abonents has no field 'attr'\"\n      requests-1, requests-2\n";
        assert!(ended.stdout.contains(cause), "{}", ended.stdout);
        assert!(ended.stdout.contains("page line 55"), "{}", ended.stdout);
    }
    let (md, html) = (std::fs::read_to_string(md).unwrap(), std::fs::read_to_string(html).unwrap());
    assert!(md.contains("- 2: \"Abonents has no field 'attr'\" (requests-1, requests-2)"), "{md}");
    assert!(html.contains("one cause behind several findings") && html.contains("requests-1, requests-2"), "{html}");
}

/// The same with its keys in the opposite order.
fn turned(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(turned).collect(),
        Value::Object(pairs) => {
            Value::Object(pairs.iter().rev().map(|(key, value)| (key.clone(), turned(value))).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

#[test]
fn values_are_compared_however_json_is_spelled() {
    let read = ["run", "abonents-34.1", "finance-3.2", "attributes-8.1", "--compare", "exact", "--show-values"];
    let other = server(None, |_, _, reply| turned(&reply));
    let ended = harness(&[&read[..], &["--target", &other.proxy.url]].concat());
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let wrong = server(None, |path, _, mut reply| {
        if path.contains("FinanceOperationsDetail") {
            reply["result"][0]["fields"]["vv"] = json!("2.000");
        }
        turned(&reply)
    });
    let ended = harness(&[&read[..], &["--target", &wrong.proxy.url]].concat());
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(ended.stdout.contains("3 examples: 2 pass, 1 fail"), "{}", ended.stdout);
    assert!(ended.stdout.contains("+        \"vv\": \"2.000\""), "{}", ended.stdout);
}

#[test]
fn a_property_is_compared_though_another_is_missing() {
    let lacks = |path: &str, asked: &str, reply: Value| match asked.contains("recomend_pay_sum") {
        true => refused(path, "no field 'recomend_pay_sum'"),
        false => reply,
    };
    let before = server(None, lacks);
    let after = server(None, move |path, asked, reply| {
        let mut reply = lacks(path, asked, reply);
        if let Some(value) = reply.pointer_mut("/result/fields/balance") {
            *value = json!(1.5);
        }
        reply
    });
    let ended = harness(&["diff", &before.proxy.url, &after.proxy.url]);
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("Abonents.balance is now a number with a fraction (was a text)"), "{}", ended.stdout);
    assert!(ended.stdout.contains(": 2 findings"), "of Abonents and of AdminAccounts:\n{}", ended.stdout);
}

#[test]
fn what_was_recorded_with_bindings_is_compared_with_bindings() {
    let server = server(None, |_, _, reply| reply);
    let (url, folder) = (&server.proxy.url, Folder::new("bound"));
    let (bindings, saved) = (format!("{}/bindings.toml", folder.path()), format!("{}/saved", folder.path()));
    let ended = harness(&["bind", "--target", url, "--out", &bindings]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let ended =
        harness(&["run", "--target", url, "--bindings", &bindings, "--compare", "shape", "-q", "--save", &saved]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let ended = harness(&["diff", &saved, url, "--values", "--bindings", &bindings]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    for asked in [vec!["diff", &saved, url], vec!["run", "--target", url, "--compare", "shape", "--baseline", &saved]] {
        let ended = harness(&asked);
        assert_eq!(ended.code, 2, "{}{}", ended.stdout, ended.stderr);
        assert!(ended.stderr.contains("were recorded with bindings: give the same ones"), "{}", ended.stderr);
    }
}

#[test]
fn what_was_not_run_is_counted_by_its_reason() {
    let server = server(None, |_, _, reply| reply);
    let url = &server.proxy.url;
    let ended = harness(&["run", "--target", url, "--compare", "shape", "--format", "json"]);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let reasons = report["summary"]["reasons"].as_object().unwrap();
    let forms = report["examples"].as_array().unwrap().iter().flat_map(|example| example["forms"].as_array().unwrap());
    let parts: Vec<&Value> =
        forms.chain(report["rules"].as_array().unwrap()).filter(|part| part["status"] == "not-run").collect();
    assert!(parts.iter().all(|part| part["reason"].as_str().is_some_and(|reason| !reason.is_empty())));
    assert_eq!(reasons.values().map(|count| count.as_u64().unwrap()).sum::<u64>(), parts.len() as u64);
    assert!(reasons["no binding"].as_u64().unwrap() > 20, "{reasons:?}");
    let ended = harness(&["run", "--target", url, "--compare", "shape", "-q"]);
    let told =
        format!("  {} it writes, and this server is not ours\n", reasons["it writes, and this server is not ours"]);
    assert!(ended.stdout.contains(&told), "`{told}` is not in:\n{}", ended.stdout);
}

#[test]
fn strict_sets_the_weakest_word_that_counts() {
    let server = server(None, |path, _, reply| match path.contains("/Version/") {
        true => refused(path, "model not found"),
        false => reply,
    });
    let run = |strict: &[&str]| {
        let rule = ["run", "--only-rules", "version-and-server-time", "--compare", "shape", "--target"];
        harness(&[&rule[..], &[&server.proxy.url], strict].concat())
    };
    let usual = run(&[]);
    assert_eq!(usual.code, 0, "{}{}", usual.stdout, usual.stderr);
    assert!(usual.stdout.contains("warn    version-and-server-time  observed"), "{}", usual.stdout);
    assert_eq!(run(&["--strict", "derived"]).code, 0);
    let strict = run(&["--strict", "observed"]);
    assert_eq!(strict.code, 1, "{}", strict.stdout);
    assert!(strict.stdout.contains("FAIL    version-and-server-time"), "{}", strict.stdout);
    // What was asked is told, too.
    assert!(strict.stdout.contains("sent    /rest_api/v2/Version/"), "{}", strict.stdout);
}

#[test]
fn by_the_rules_alone_no_shape_is_compared_but_errors_and_rules_are() {
    let read = ["run", "requests-1", "requests-2", "--compare", "rules", "--target"];
    // Another shape than any example's, which no rule speaks of.
    let other = server(None, |path, asked, mut reply| {
        if path.contains("/Abonents/") && asked.contains("child_folders_count") {
            reply["result"] = json!([{ "pk": 1, "model": "Abonents", "fields": {} }]);
        }
        reply
    });
    let of = |compare: &str| {
        let ended = harness(&["run", "requests-1", "requests-2", "--compare", compare, "--target", &other.proxy.url]);
        (ended.code, ended.stdout)
    };
    let ((rules, _), (shape, told)) = (of("rules"), of("shape"));
    assert_eq!((rules, shape), (0, 1), "{told}");
    let refuses = server(None, |path, asked, reply| match asked.contains("child_folders_count") {
        true => refused(path, "no such field"),
        false => reply,
    });
    let ended = harness(&[&read[..], &[&refuses.proxy.url]].concat());
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(ended.stdout.contains("2 examples: 0 pass, 2 fail"), "{}", ended.stdout);
}
