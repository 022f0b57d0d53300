//! The law that the hazards are for: calls that overlap and are told of nothing come to the same as calls that waited.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod direct;

use std::sync::LazyLock;

use carbon_mock::Mock;
use carbon_mock::tasks::Overlap;
use direct::{ask, done, hazards, minded};
use proptest::prelude::*;
use serde_json::Value;

const SESSION: &str = "144997776676316356";

/// What clients do to two subscribers, an account and a house: calls that touch, and calls that do not.
fn calls() -> Vec<(&'static str, String)> {
    let of = |id: i64, rest: &str| format!(r#"method1=objects.get&arg1={{"id":{id}}}&{rest}"#);
    let cabinet = |method: &str, usluga: i64| {
        format!(r#"method1=web_cabinet.{method}&arg1={{"suid":"{SESSION}","usluga_id":{usluga}}}"#)
    };
    let mut calls = Vec::new();
    for id in [45, 47] {
        for rest in [
            r#"method2=set&arg2={"name":"a"}&method3=save"#,
            r#"method2=set&arg2={"sms":"1"}&method3=save"#,
            r#"method2=set&arg2={"name":"b"}&method3=save&method4=set&arg4={"email":"x"}&method5=save"#,
            r#"method2=set&arg2={"tarif_id":1134}&method3=save"#,
            r#"method2=add_payment&arg2={"SUM_IN":"1"}"#,
            r#"method2=add_service&arg2={"usluga_id":127}"#,
            r#"method2=block&arg2={"comment":"x"}"#,
            "method2=unblock",
            "method2=init_userattributes",
            "method2=delete",
            "method2=restore",
        ] {
            calls.push(("Abonents", of(id, rest)));
        }
    }
    calls.extend([
        ("Abonents", r#"method1=objects.filter&arg1={"id__in":[45,47]}&method2=update&arg2={"name":"c"}"#.to_owned()),
        ("Abonents", r#"method1=objects.filter&arg1={"name":"a"}&method2=update&arg2={"sms":"2"}"#.to_owned()),
        ("Users", r#"method1=objects.create&arg1={"abonent_id":45,"login":"one"}"#.to_owned()),
        ("Users", r#"method1=objects.get_or_create&arg1={"abonent_id":45,"login":"one"}"#.to_owned()),
        ("Users", of(12341, r#"method2=set_password&arg2={"psw":""}&method3=save"#)),
        ("Users", of(12341, "method2=get_or_create_dynamic_session")),
        ("Users", r#"method1=web_cabinet.login&arg1={"login":"makarov1","passwd":"pw12341"}"#.to_owned()),
        ("Users", cabinet("set_user_usluga", 127)),
        ("Users", cabinet("remove_user_usluga", 127)),
        ("Homes", r#"method1=objects.create&arg1={"city":"x"}"#.to_owned()),
        ("Homes", r#"method1=objects.filter&arg1={"city":"x"}&method2=delete"#.to_owned()),
        ("Homes", of(1221, r#"method2=set&arg2={"city":"x"}&method3=save"#)),
    ]);
    calls
}

/// The columns that tell rows apart, whatever the keys of new ones and the moments.
const TOLD_APART: [(&str, &[&str]); 10] = [
    ("Abonents", &["name", "sms", "email", "tarif_id", "deleted"]),
    ("AdminAccounts", &["ostatok", "debit", "credit"]),
    ("UsersUsluga", &["abonent_id", "usluga_id"]),
    ("AbonentsBlock", &["abonent_id", "b_admin", "b_negbal"]),
    ("AbonentsBlockHistory", &["abonent_id", "b_admin"]),
    ("AttributeValues", &["abonent_id", "attribute_id"]),
    ("Users", &["login", "deleted"]),
    ("DynamicSessionUsers", &["user_id", "active"]),
    ("Homes", &["city"]),
    ("PayLog", &["abonent_id", "summ"]),
];

/// The rows there are, each as a line.
fn rows(mock: &Mock) -> Vec<String> {
    let state = mock.state();
    let line = |model: &str, columns: &[&str], row: &Value| {
        let values: Vec<String> = columns.iter().map(|column| row["fields"][column].to_string()).collect();
        format!("{model} {}", values.join(" "))
    };
    let mut rows: Vec<String> = TOLD_APART
        .iter()
        .flat_map(|(model, columns)| state[model].as_array().unwrap().iter().map(|row| line(model, columns, row)))
        .collect();
    rows.sort_unstable();
    rows
}

/// The lines of the first that the second has not, as often.
fn beyond(some: &[String], others: &[String]) -> Vec<String> {
    let mut others = others.to_vec();
    let mut beyond = Vec::new();
    for line in some {
        match others.iter().position(|other| other == line) {
            Some(place) => drop(others.swap_remove(place)),
            None => beyond.push(line.clone()),
        }
    }
    beyond
}

/// Makes the calls, waiting for the tasks where it is said; answers the hazards and what there is in the end.
fn run(mock: &Mock, calls: &[((&str, String), bool)]) -> (Vec<String>, Vec<String>) {
    mock.reset();
    for ((model, body), waits) in calls {
        ask(mock, model, body);
        if *waits {
            mock.run_tasks();
        }
    }
    mock.run_tasks();
    (hazards(mock), rows(mock))
}

fn sequences() -> impl Strategy<Value = Vec<((&'static str, String), bool)>> {
    proptest::collection::vec((proptest::sample::select(calls()), proptest::bool::weighted(0.3)), 1..7)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn overlaps_without_a_hazard_come_to_the_same_as_waiting(calls in sequences()) {
        static MOCK: LazyLock<Mock> = LazyLock::new(|| minded(Overlap::Faithful));
        let waiting: Vec<_> = calls.iter().map(|(call, _)| (call.clone(), true)).collect();
        let (told, expected) = run(&MOCK, &waiting);
        prop_assert_eq!(told, Vec::<String>::new(), "whoever waits is told of nothing");
        let (told, came) = run(&MOCK, &calls);
        if told.is_empty() {
            prop_assert_eq!(beyond(&came, &expected), Vec::<String>::new(), "too much");
            prop_assert_eq!(beyond(&expected, &came), Vec::<String>::new(), "too little");
        }
    }

    #[test]
    fn where_overlaps_are_refused_nothing_is_spoilt(calls in sequences()) {
        static MOCK: LazyLock<Mock> = LazyLock::new(|| minded(Overlap::Refuse));
        let (told, _) = run(&MOCK, &calls);
        prop_assert!(told.iter().all(|kind| kind == "too-early"), "{:?}: {}", told, MOCK.hazards());
    }
}

#[test]
fn the_calls_are_calls() {
    let mock = minded(Overlap::Faithful);
    for (model, body) in calls() {
        mock.reset();
        let reply = ask(&mock, model, &body);
        assert!(reply.get("error").is_none() || body.contains("restore"), "{body}: {reply}");
    }
    done(&mock, "Users", &format!(r#"method1=web_cabinet.user_info&arg1={{"suid":"{SESSION}"}}"#));
}
