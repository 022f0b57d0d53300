//! What the billing does where tasks overlap, in worlds that treat overlaps differently, and which task fails and why.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::sync::Arc;

use carbon_mock::tasks::{Clock, Overlap, Profile};
use carbon_mock::{Mock, Options, wire};
use carbon_specs::Contract;
use serde_json::{Value, json};

/// A mock that treats overlaps so.
fn minded(overlap: Overlap) -> Mock {
    let options = Options {
        contract: Arc::new(Contract::embedded().unwrap()),
        seed: 1,
        clock: Clock::Virtual { now: jiff::civil::date(2022, 2, 1).at(10, 0, 0, 0) },
        tasks: Profile::DOCUMENTED,
        overlap,
        filler: 0,
        state: None,
        deviations: carbon_mock::Deviations::NONE,
    };
    Mock::new(options).unwrap()
}

fn ask(mock: &Mock, model: &str, body: &str) -> Value {
    let call = wire::parse(&format!("/rest_api/v2/{model}/"), body.as_bytes()).unwrap();
    let bytes: Vec<u8> = wire::body(mock.handle(call)).flat_map(Result::unwrap).collect();
    serde_json::from_slice(&bytes).unwrap()
}

/// A call that must succeed.
#[track_caller]
fn done(mock: &Mock, model: &str, body: &str) -> Value {
    let reply = ask(mock, model, body);
    assert!(reply.get("error").is_none(), "{reply}");
    reply["result"].clone()
}

fn create(columns: &Value) -> String {
    format!("method1=objects.create&arg1={columns}")
}

fn set(pk: i64, columns: &Value) -> String {
    format!(r#"method1=objects.get&arg1={{"pk":{pk}}}&method2=set&arg2={columns}&method3=save"#)
}

/// A column of the rows that a filter finds, in the order of their keys.
fn column(mock: &Mock, model: &str, filter: &Value, name: &str) -> Vec<Value> {
    let rows = done(mock, model, &format!(r#"method1=objects.filter&arg1={filter}&fields=["{name}"]"#));
    rows.as_array().unwrap().iter().map(|row| row["fields"][name].clone()).collect()
}

#[test]
fn of_two_tasks_that_overlap_the_later_one_fails_and_says_why() {
    let promise = |usluga: i64| create(&json!({ "abonent_id": 3612, "usluga_id": usluga, "manager_id": 33 }));
    let login = |abonent: i64| create(&json!({ "abonent_id": abonent, "login": "twice" }));
    let reverse = r#"method1=objects.get&arg1={"op_id":16101}&method2=storno_op"#.to_owned();
    let give_back = r#"method1=objects.get&arg1={"id":7885702}&method2=storno_it"#.to_owned();
    for (model, first, second, why) in [
        ("FinanceOperations", reverse.clone(), reverse, "FinanceOperations 16101: `storno` is 1 by now, not 0"),
        ("ArchAccountStack", give_back.clone(), give_back, "ArchAccountStack 7885702: `storno` is 1 by now, not 0"),
        ("UsersUsluga", promise(240), promise(144), "subscriber 3612 took another promised payment meanwhile"),
        ("Users", login(45), login(1021), "login twice was given to another of Users meanwhile"),
        (
            "Users",
            set(12341, &json!({ "ip": "10.77.0.2" })),
            r#"method1=objects.filter&arg1={"id":12342}&method2=update&arg2={"ip":"10.77.0.2"}"#.to_owned(),
            "ip 10.77.0.2 was given to another of Users meanwhile",
        ),
        (
            "Abonents",
            set(45, &json!({ "contract_number": "TWICE" })),
            set(1021, &json!({ "contract_number": "TWICE" })),
            "contract_number TWICE was given to another of Abonents meanwhile",
        ),
    ] {
        let mock = minded(Overlap::Faithful);
        done(&mock, model, &first);
        done(&mock, model, &second);
        assert_eq!(mock.run_tasks(), json!({ "ran": 2, "failed": [{ "id": 2, "error": why }] }));
    }
}

#[test]
fn an_update_gives_no_two_accounts_one_address() {
    let mock = minded(Overlap::Faithful);
    let both = r#"method1=objects.filter&arg1={"id__in":[12341,12342]}&method2=update&arg2={"ip":"10.77.0.2"}"#;
    assert_eq!(ask(&mock, "Users", both)["error"], "ip 10.77.0.2 belongs to another account");
    assert_eq!(mock.run_tasks(), json!({ "ran": 0, "failed": [] }));
}

#[test]
fn services_follow_the_tariff_however_overlaps_are_treated() {
    for overlap in [Overlap::Faithful, Overlap::Serialize] {
        let mock = minded(overlap);
        for tarif in [1236, 1118] {
            done(&mock, "Abonents", &set(45, &json!({ "tarif_id": tarif })));
        }
        mock.run_tasks();
        assert_eq!(column(&mock, "Abonents", &json!({ "id": 45 }), "tarif_id"), [1118], "{overlap:?}");
        assert_eq!(column(&mock, "UsersUsluga", &json!({ "abonent_id": 45 }), "usluga_id"), [1], "{overlap:?}");
    }
}

#[test]
fn the_last_version_of_a_service_is_its_price() {
    for (overlap, versions) in [(Overlap::Faithful, vec!["120", "99"]), (Overlap::Serialize, vec!["120"])] {
        let mock = minded(overlap);
        done(&mock, "Usluga", &set(127, &json!({ "summa": "120" })));
        done(&mock, "Usluga", &set(127, &json!({ "comments": "x" })));
        mock.run_tasks();
        let today = json!({ "usluga_id": 127, "date_from": "2022-02-01" });
        assert_eq!(column(&mock, "UslugaHistory", &today, "summa"), versions, "{overlap:?}");
        assert_eq!(column(&mock, "Usluga", &json!({ "id": 127 }), "summa"), versions[versions.len() - 1..]);
    }
}

#[test]
fn an_account_saved_beside_payments_keeps_them_however_overlaps_are_treated() {
    for overlap in [Overlap::Faithful, Overlap::Serialize] {
        let mock = minded(overlap);
        let pay = r#"method1=objects.get&arg1={"id":45}&method2=add_payment&arg2={"SUM_IN":"10"}"#;
        done(&mock, "Abonents", pay);
        done(&mock, "AdminAccounts", &set(10_000_045, &json!({ "limit": "-50" })));
        done(&mock, "Abonents", pay);
        mock.run_tasks();
        let account = json!({ "id": 10_000_045 });
        assert_eq!(column(&mock, "AdminAccounts", &account, "balance"), ["20"], "{overlap:?}");
        assert_eq!(column(&mock, "AdminAccounts", &account, "limit"), ["-50"], "{overlap:?}");
    }
}

#[test]
fn keys_end_where_their_column_does() {
    let mock = minded(Overlap::Faithful);
    done(&mock, "Homes", &create(&json!({ "id": i32::MAX, "street": "Последняя" })));
    mock.run_tasks();
    let refused = ask(&mock, "Homes", &create(&json!({ "street": "Ещё одна" })));
    assert_eq!(refused["error"], "Homes has no keys left: 2147483647 is the greatest, and taken");
    done(&mock, "Abonents", &create(&json!({ "name": "других это не касается" })));
}
