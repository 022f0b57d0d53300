//! The judge judged: a contract with one thing wrong in it must be found out, each by its own fault.
#![allow(clippy::panic, reason = "a helper of tests fails the test")]

use std::sync::Arc;
use std::time::Duration;

use carbon_harness::catalog::Form;
use carbon_harness::embedded::Embedded;
use carbon_harness::fault::Fault;
use carbon_harness::replay::{Compare, Replayed, Replayer};
use carbon_harness::target::{BaseUrl, Client, Policy};
use carbon_specs::Contract;
use carbon_specs::example::Example;
use carbon_specs::step::{Check, Read, Step};
use serde_json::{Value, json};

/// Replays an example of the page after changing it.
async fn replay(id: &str, form: Form, change: impl FnOnce(&mut Example)) -> Replayed {
    let contract = Arc::new(Contract::embedded().unwrap_or_else(|error| panic!("{error}")));
    let mut example = contract.example(id).unwrap_or_else(|| panic!("there is no {id}")).clone();
    change(&mut example);
    let mock = Embedded::start(contract).await.unwrap_or_else(|error| panic!("{error}"));
    let base = BaseUrl::parse(&mock.url()).unwrap_or_else(|error| panic!("{error}"));
    let client =
        Client::new(base, Policy::Everything, Duration::from_secs(30)).unwrap_or_else(|error| panic!("{error}"));
    Replayer::new(client, Compare::Exact).variant(&example, form).await.unwrap_or_else(|error| panic!("{error}"))
}

fn check(check: Value) -> Check {
    serde_json::from_value(check).unwrap_or_else(|error| panic!("{error}"))
}

fn read(read: Value) -> Step {
    let read: Read = serde_json::from_value(read).unwrap_or_else(|error| panic!("{error}"));
    Step::Read(Box::new(read))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_s_own_example_has_no_fault() {
    let replayed = replay("abonents-2.1", Form::Printed, |_| {}).await;
    assert_eq!(replayed.faults, []);
    assert_eq!(replayed.turns.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_expectation_of_the_reply_is_found() {
    let change = |example: &mut Example| {
        example.printed.reply.push(check(json!({"at": "/result/fields/a_home_number", "equals": "4"})));
    };
    let replayed = replay("abonents-2.1", Form::Printed, change).await;
    let [Fault::Reply { turn: None, mismatch }] = replayed.faults.as_slice() else { panic!("{:?}", replayed.faults) };
    assert_eq!(mismatch.at, "result.fields.a_home_number");
    assert_eq!((mismatch.expected.as_str(), mismatch.observed.as_str()), ("\"4\"", "\"3\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expectation_that_held_before_the_task_proves_nothing() {
    let unchanged = json!({"model": "Abonents", "where": {"id": 45}, "field": "deleted", "equals": 0});
    let replayed = replay("abonents-2.1", Form::Printed, |example| example.printed.after.push(read(unchanged))).await;
    let [Fault::ProvesNothing { at }] = replayed.faults.as_slice() else { panic!("{:?}", replayed.faults) };
    assert_eq!(at, "Abonents {\"id\":45} deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expectation_of_what_does_not_happen_is_found() {
    let never = json!({"model": "Abonents", "where": {"id": 45}, "field": "deleted", "equals": 1});
    let replayed = replay("abonents-2.1", Form::Printed, |example| example.printed.after.push(read(never))).await;
    assert!(matches!(replayed.faults.as_slice(), [Fault::After { .. }]), "{:?}", replayed.faults);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_refused_is_a_fault_whatever_is_expected() {
    let change = |example: &mut Example| {
        let request = example.printed.request.as_mut().unwrap_or_else(|| panic!("it sends a request"));
        request.body = request.body.replace("a_home_number", "a_home_numbre");
        example.printed.after.clear();
    };
    let replayed = replay("abonents-2.1", Form::Printed, change).await;
    let [Fault::Reply { mismatch, .. }] = replayed.faults.as_slice() else { panic!("{:?}", replayed.faults) };
    assert_eq!((mismatch.at.as_str(), mismatch.expected.as_str()), ("error", "no error"));
    assert!(mismatch.observed.contains("a_home_numbre"), "{}", mismatch.observed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_left_out_of_a_loop_is_found() {
    let change = |example: &mut Example| {
        let turns = example.printed.turns.as_mut().unwrap_or_else(|| panic!("it is a loop"));
        turns.rows[0] = vec!["-7".to_owned()];
    };
    let replayed = replay("abonents-8.1", Form::Printed, change).await;
    let rows = replayed.faults.iter().find_map(|fault| match fault {
        Fault::Rows { missing, extra } => Some((missing.clone(), extra.len())),
        _ => None,
    });
    assert_eq!(rows, Some((vec![vec!["-7".to_owned()]], 1)), "{:?}", replayed.faults);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_sends_nothing_sends_nothing() {
    let printed = replay("abonents-3.1", Form::Printed, |_| {}).await;
    assert_eq!(printed, Replayed::default());
    let corrected = replay("abonents-3.1", Form::Corrected, |_| {}).await;
    assert_eq!((corrected.turns.len(), corrected.faults.as_slice()), (1, [].as_slice()));
}
