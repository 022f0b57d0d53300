//! Each deviation changes at least one reply, and only on purpose: its probe is answered otherwise than by the faithful mock.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::collections::BTreeSet;

use carbon_mock::deviate::probe::Step;
use carbon_mock::deviation::{Deviation, Group, Shows};
use carbon_mock::wire::{self, Outcome};
use carbon_mock::{CarbonMock, Mock};
use carbon_specs::Contract;
use serde_json::Value;

/// What comes over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    content_type: String,
    body: String,
}

fn mock(deviations: &[Deviation]) -> Mock {
    let builder = CarbonMock::builder().abonents(20);
    deviations.iter().fold(builder, |builder, deviation| builder.deviate(*deviation)).build().unwrap()
}

fn ask(mock: &Mock, model: &str, body: &str) -> Answer {
    let path = format!("{}{model}/", wire::ROOT);
    let reply = match wire::parse(&path, body.as_bytes()) {
        Ok(call) => mock.handle(call),
        Err(error) => mock.refuse(path, error.to_string()),
    };
    let (status, content_type) = match &reply.outcome {
        Outcome::Spelled(spelled) => (spelled.status, spelled.content_type),
        _ => (200, "application/json"),
    };
    let bytes: Vec<u8> = wire::body(reply).flat_map(Result::unwrap).collect();
    Answer { status, content_type: content_type.to_owned(), body: String::from_utf8(bytes).unwrap() }
}

fn answers(mock: &Mock, steps: &[Step]) -> Vec<Answer> {
    let mut answers = Vec::new();
    for step in steps {
        match step {
            Step::Call(model, body) => answers.push(ask(mock, model, body)),
            Step::RunTasks => {
                mock.run_tasks();
            }
        }
    }
    answers
}

#[test]
fn every_probe_is_answered_differently_by_its_deviation() {
    let mut wrong = Vec::new();
    for deviation in Deviation::all() {
        let faithful = answers(&mock(&[]), deviation.probe());
        let deviating = answers(&mock(&[deviation]), deviation.probe());
        if faithful == deviating {
            wrong.push(format!("{deviation}: the same answer {faithful:#?}"));
        }
        assert_eq!(faithful, answers(&mock(&[]), deviation.probe()), "{deviation}: its probe must be repeatable");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_reads_can_show_is_probed_by_reads() {
    for deviation in Deviation::all() {
        let mock = mock(&[]);
        answers(&mock, deviation.probe());
        let journal = mock.journal();
        let writes = journal["journal"].as_array().unwrap().iter().filter(|entry| !entry["task"].is_null()).count();
        match deviation.shows() {
            Shows::Reads => assert_eq!(writes, 0, "{deviation}"),
            Shows::Writes => assert!(writes > 0, "{deviation}"),
        }
    }
}

#[test]
fn no_two_deviations_are_the_same() {
    let all: Vec<Deviation> = Deviation::all().collect();
    let probed = |one: Deviation, by: Deviation| answers(&mock(&[one]), by.probe());
    let mut wrong = Vec::new();
    for (place, one) in all.iter().enumerate() {
        for other in all[place + 1..].iter().filter(|other| other.probe() == one.probe()) {
            if probed(*one, *one) == probed(*other, *one) {
                wrong.push(format!("{one} and {other} answer the same"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_bytes_show_what_is_said_to_show_in_bytes_only() {
    for deviation in Deviation::all() {
        let read = |answers: Vec<Answer>| -> Vec<Option<Value>> {
            answers.iter().map(|answer| serde_json::from_str(&answer.body).ok()).collect()
        };
        let head = |answers: &[Answer]| answers.iter().map(|a| (a.status, a.content_type.clone())).collect::<Vec<_>>();
        let faithful = answers(&mock(&[]), deviation.probe());
        let deviating = answers(&mock(&[deviation]), deviation.probe());
        let same = head(&faithful) == head(&deviating) && read(faithful) == read(deviating);
        assert_eq!(same, deviation.only_in_bytes(), "{deviation}");
    }
}

/// What the page's reads meet under all deviations at once is wrong, but never a panic, and always told.
#[test]
fn all_at_once_answer_something() {
    let all: Vec<Deviation> = Deviation::all().collect();
    let mock = mock(&all);
    for deviation in &all {
        for answer in answers(&mock, deviation.probe()) {
            assert!(!answer.body.is_empty() && !answer.body.contains("internal error"), "{deviation}: {answer:?}");
        }
    }
    assert_eq!(mock.journal()["deviations"].as_array().unwrap().len(), all.len());
}

/// What was asked is told, not what was carried out instead; and a refusal of such a server is no fault of the client.
#[test]
fn the_journal_tells_what_was_asked() {
    let mock = mock(&[Deviation::LookupsIstartswithCase, Deviation::MethodsCountGone]);
    ask(&mock, "Homes", r#"method1=objects.filter&arg1={"city__istartswith":"х"}"#);
    ask(&mock, "Homes", "method1=objects.count");
    let journal = mock.journal();
    let told = &journal["journal"][0];
    assert_eq!(told["call"], r#"Homes.objects.filter({"city__istartswith":"х"})"#);
    assert_eq!(told["methods"], serde_json::json!(["objects.filter"]));
    let refused = &journal["journal"][1];
    assert_eq!(
        (&refused["violation"], &refused["error"]),
        (&Value::Bool(false), &"'QuerySet' object has no attribute 'count'".into())
    );
    assert!(refused["warnings"][0].as_str().unwrap().contains("on purpose"), "{refused}");
}

/// Every call of the page, under each group of deviations on its own: nothing of ours breaks.
#[test]
fn the_pages_calls_are_answered_whatever_deviates() {
    let contract = Contract::embedded().unwrap();
    let groups: BTreeSet<Group> = Deviation::all().map(Deviation::group).collect();
    for group in groups {
        let members: Vec<Deviation> = Deviation::all().filter(|deviation| deviation.group() == group).collect();
        let mock = mock(&members);
        for example in &contract.examples {
            let variant = example.corrected.as_ref().unwrap_or(&example.printed);
            let Some(request) = &variant.request else { continue };
            let Some(model) = wire::model_in(&request.path) else { continue };
            let answer = ask(&mock, &model, &request.body);
            assert!(!answer.body.is_empty() && !answer.body.contains("internal error"), "{group}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn status_type_and_body_come_over_the_wire_and_health_tells() {
    let carbon = CarbonMock::builder()
        .deviate(Deviation::HttpErrorsAsPages)
        .deviate(Deviation::DatesIsoT)
        .start()
        .await
        .unwrap();
    let page = common::post(carbon.addr(), "/rest_api/v2/Abonents/", r#"method1=objects.get&arg1={"id":0}"#).await;
    assert_eq!((page.status, page.header("content-type")), (500, Some("text/html; charset=utf-8")));
    assert!(page.text().contains("<h1>Server Error (500)</h1>"), "{}", page.text());
    let body = r#"method1=objects.get&arg1={"id":3}&fields=["create_date"]"#;
    let object = common::post(carbon.addr(), "/rest_api/v2/Abonents/", body).await.result();
    assert_eq!(object["fields"]["create_date"], "2019-01-15T09:00:00");
    // A body that is no call deviates too.
    assert_eq!(common::post(carbon.addr(), "/rest_api/v2/Abonents/", "x=%zz").await.status, 500);
    let health = common::get(carbon.addr(), "/__mock__/health").await.json();
    assert_eq!(health["deviations"], serde_json::json!(["http-errors-as-pages", "dates-iso-t"]));

    let faithful = CarbonMock::start().await.unwrap();
    let health = common::get(faithful.addr(), "/__mock__/health").await.json();
    assert_eq!(health.get("deviations"), None, "a faithful mock does not speak of it");
    assert_eq!(faithful.mock().journal().get("deviations"), None);
}
