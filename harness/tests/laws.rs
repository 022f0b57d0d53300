//! `check`: it sends reads alone, holds on the faithful server, and asks in every form that the page uses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::collections::BTreeSet;

use carbon_harness::form::Form;
use carbon_harness::laws::{book, standing};
use carbon_harness::safety::only_reads;
use carbon_mock::CarbonMock;
use carbon_specs::Contract;
use serde_json::Value;
use support::{harness, proxy};

const LOOKUPS: [&str; 17] = [
    "exact",
    "iexact",
    "contains",
    "icontains",
    "startswith",
    "istartswith",
    "endswith",
    "iendswith",
    "in",
    "gt",
    "gte",
    "lt",
    "lte",
    "range",
    "isnull",
    "regex",
    "iregex",
];

/// What a body asks with: its lookups, and which generic method follows which.
fn forms(body: &str, into: &mut BTreeSet<String>) {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(body).unwrap_or_default();
    for (name, text) in &pairs {
        let Ok(Value::Object(conditions)) = serde_json::from_str::<Value>(text) else { continue };
        if !name.starts_with("arg") {
            continue;
        }
        for key in conditions.keys() {
            let last = key.rsplit("__").next().unwrap();
            if key.contains("__") && LOOKUPS.contains(&last) {
                into.insert(format!("lookup {last}"));
            }
            if key.contains("__") && !LOOKUPS.contains(&last) {
                into.insert("a condition across a link".to_owned());
            }
        }
    }
    // A form that can be read in two ways, as some misprints are, is never sent to a server that is not ours.
    let form = Form::parse(body).unwrap_or_default();
    let chain: Vec<String> = form.methods.into_iter().map(|(_, method)| method).collect();
    let generic = ["objects.all", "objects.filter", "objects.get", "filter", "count", "distinct", "exclude"];
    for (one, next) in chain.iter().zip(chain.iter().skip(1)) {
        if generic.contains(&one.as_str()) && generic.contains(&next.as_str()) {
            into.insert(format!("chain {} {next}", one.trim_start_matches("objects.")));
        }
    }
    if pairs.iter().any(|(name, text)| name == "fields" && text.contains("__")) {
        into.insert("fields across a link".to_owned());
    }
}

#[test]
fn every_form_that_the_page_uses_is_asked_by_reads_alone() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mock = runtime.block_on(CarbonMock::builder().clock("2022-02-01 10:00:00").start()).unwrap();
    let before = mock.mock().state();
    let seen = proxy::start(&mock.url(), |_, reply| reply);
    let ended = harness(&["check", "--target", &seen.url, "--personal", "--cases", "10"]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert_eq!(mock.mock().state(), before);

    let contract = Contract::embedded().unwrap();
    let mut asked = BTreeSet::new();
    for (path, body) in seen.forwarded.lock().unwrap().iter().filter(|(path, _)| path.len() > "/rest_api/v2/".len()) {
        assert_eq!(only_reads(&contract.schema, path, body), Ok(()), "{path} {body}");
        forms(body, &mut asked);
    }
    let mut used = BTreeSet::new();
    for example in &contract.examples {
        for variant in std::iter::once(&example.printed).chain(&example.corrected) {
            if let Some(request) = &variant.request {
                forms(&request.body, &mut used);
            }
        }
    }
    assert!(used.len() > 8, "{used:?}");
    let missing: Vec<_> = used.difference(&asked).collect();
    assert!(missing.is_empty(), "the page uses, and no law asks by: {missing:?}");
}

#[test]
fn a_law_of_the_page_names_a_line_that_the_contract_knows() {
    let contract = Contract::embedded().unwrap();
    let examples = contract.examples.iter().map(|example| example.line);
    let known: BTreeSet<u32> = examples.chain(contract.rules.iter().filter_map(|rule| rule.source.line())).collect();
    let laws = book::all().into_iter().map(|law| (law.name, law.source));
    for (name, source) in laws.chain(standing::LAWS.iter().map(|law| (law.name, law.source))) {
        if let Some(line) = source.line() {
            assert!(known.contains(&line), "`{name}` rests on line {line}, where no call and no rule is");
        }
    }
}

#[test]
fn a_seed_makes_the_same_calls() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mock = runtime.block_on(CarbonMock::builder().clock("2022-02-01 10:00:00").start()).unwrap();
    let calls = |seed: &str| {
        let seen = proxy::start(&mock.url(), |_, reply| reply);
        let ended = harness(&["check", "--target", &seen.url, "--seed", seed, "--cases", "2"]);
        assert_eq!(ended.code, 0, "{}", ended.stdout);
        seen.forwarded.lock().unwrap().clone()
    };
    assert!(calls("7") == calls("7"));
    assert!(calls("7") != calls("8"));
}

#[cfg(unix)]
#[test]
fn an_interrupt_tells_what_was_found() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mock = runtime.block_on(CarbonMock::builder().clock("2022-02-01 10:00:00").start()).unwrap();
    let seen = proxy::start(&mock.url(), |_, reply| reply);
    let mut child = support::program()
        .args(["check", "--target", &seen.url, "--rate", "20", "--format", "json"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // It is in the middle of the first look.
    support::until(|| seen.forwarded.lock().unwrap().len() > 10);
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let report: Value = serde_json::from_reader(child.stdout.take().unwrap()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(report["stopped"], "interrupted", "{report}");
}

#[test]
fn a_broken_law_is_told_with_the_smallest_call_as_a_command() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mock = CarbonMock::builder().clock("2022-02-01 10:00:00").deviate("lookups-gt-as-gte".parse().unwrap());
    let mock = runtime.block_on(mock.start()).unwrap();
    let ended = harness(&["check", "--target", &mock.url(), "--personal"]);
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(ended.stdout.contains("curl -XPOST -d 'method1="), "{}", ended.stdout);
    assert_eq!(harness(&["check", "--target", "http://127.0.0.1:1"]).code, 3);
}
