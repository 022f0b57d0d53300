//! The queue between a reply and its commit: order, atomicity, overlaps, snapshots, repeatability.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod direct;

use carbon_mock::Mock;
use carbon_mock::tasks::Overlap;
use carbon_mock::wire::{self, Outcome};
use direct::{ask, bytes, done, hazards, minded, mock};
use serde_json::{Value, json};

fn set(mock: &Mock, id: i64, columns: Value) {
    let body = format!(r#"method1=objects.get&arg1={{"id":{id}}}&method2=set&arg2={columns}&method3=save"#);
    done(mock, "Homes", &body);
}

fn home(mock: &Mock, id: i64) -> Value {
    done(mock, "Homes", &format!(r#"method1=objects.filter&arg1={{"id":{id}}}"#))[0]["fields"].clone()
}

#[test]
fn tasks_run_one_after_another_in_the_order_of_their_requests() {
    let mock = mock();
    for number in 1..=5 {
        set(&mock, 1201, json!({ "s_number": number.to_string() }));
    }
    let tasks = mock.tasks();
    let pending = tasks["pending"].as_array().unwrap();
    let ids: Vec<i64> = pending.iter().map(|task| task["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5]);
    let due: Vec<&str> = pending.iter().map(|task| task["due"].as_str().unwrap()).collect();
    assert!(due.is_sorted() && due[0] >= "2022-02-01 10:00:05" && due[4] >= "2022-02-01 10:00:10", "{due:?}");
    assert_eq!(mock.run_tasks(), json!({ "ran": 5, "failed": [] }));
    assert_eq!(home(&mock, 1201)["s_number"], "5");
}

#[test]
fn an_overlap_undoes_the_first_change_and_is_told_with_both_calls() {
    let mock = mock();
    set(&mock, 1201, json!({ "city": "Ейск" }));
    set(&mock, 1201, json!({ "street": "Новая" }));
    mock.run_tasks();
    assert_eq!((&home(&mock, 1201)["city"], &home(&mock, 1201)["street"]), (&json!("Тихорецк"), &json!("Новая")));
    let hazard = mock.hazards()["hazards"][0].clone();
    assert_eq!(hazard["kind"], "lost-update");
    assert_eq!((&hazard["task"], &hazard["other_task"]), (&json!(2), &json!(1)));
    assert_eq!(hazard["columns"], json!([{ "column": "city", "lost": "Ейск", "written": "Тихорецк" }]));
    assert_eq!(hazards(&mock), ["lost-update"]);
}

#[test]
fn a_world_that_serializes_loses_nothing_and_still_tells() {
    let mock = minded(Overlap::Serialize);
    set(&mock, 1201, json!({ "city": "Ейск" }));
    set(&mock, 1201, json!({ "street": "Новая" }));
    mock.run_tasks();
    assert_eq!((&home(&mock, 1201)["city"], &home(&mock, 1201)["street"]), (&json!("Ейск"), &json!("Новая")));
    assert_eq!(hazards(&mock), ["lost-update"]);
}

#[test]
fn a_world_that_refuses_names_the_task_until_it_is_done() {
    let mock = minded(Overlap::Refuse);
    set(&mock, 1201, json!({ "city": "Ейск" }));
    let second = r#"method1=objects.get&arg1={"id":1201}&method2=set&arg2={"street":"Новая"}&method3=save"#;
    let refused = ask(&mock, "Homes", second)["error"].as_str().unwrap().to_owned();
    assert!(refused.starts_with("Homes 1201 is about to be changed by task 1 ("), "{refused}");
    mock.run_tasks();
    done(&mock, "Homes", second);
    mock.run_tasks();
    assert_eq!((&home(&mock, 1201)["city"], &home(&mock, 1201)["street"]), (&json!("Ейск"), &json!("Новая")));
    assert!(hazards(&mock).is_empty());
}

#[test]
fn asking_too_early_for_what_a_task_will_make_is_told() {
    let mock = mock();
    let pk = done(&mock, "Homes", r#"method1=objects.create&arg1={"city":"Ейск"}"#)["pk"].as_i64().unwrap();
    let get = format!(r#"method1=objects.get&arg1={{"id":{pk}}}"#);
    assert_eq!(ask(&mock, "Homes", &get)["error"], "Homes matching query does not exist.");
    assert_eq!(hazards(&mock), ["too-early"]);
    ask(&mock, "Homes", r#"method1=objects.get&arg1={"id":987654}"#);
    assert_eq!(hazards(&mock), ["too-early"], "what no task will make is simply not there");
    mock.run_tasks();
    done(&mock, "Homes", &get);
    assert!(hazards(&mock).is_empty(), "who asks again until it is there was waiting, as one should");
}

#[test]
fn a_filter_that_finds_nothing_yet_is_too_early_unless_it_is_asked_again() {
    let mock = mock();
    done(&mock, "Homes", r#"method1=objects.create&arg1={"city":"Ейск"}"#);
    let filter = r#"method1=objects.filter&arg1={"city":"Ейск"}"#;
    let count = r#"method1=objects.filter&arg1={"city":"Ейск"}&method2=count"#;
    assert_eq!(ask(&mock, "Homes", filter)["result"], json!([]));
    assert_eq!(ask(&mock, "Homes", filter)["result"], json!([]));
    assert_eq!(hazards(&mock), ["too-early"], "the same question is told once");
    assert_eq!(done(&mock, "Homes", count), 0);
    assert_eq!(hazards(&mock), ["too-early", "too-early"]);
    mock.run_tasks();
    assert_eq!(done(&mock, "Homes", count), 1);
    assert_eq!(hazards(&mock), ["too-early"], "the count was waited for, the list was not");
    assert_eq!(done(&mock, "Homes", filter).as_array().map(Vec::len), Some(1));
    assert!(hazards(&mock).is_empty());
}

#[test]
fn waiting_between_the_calls_is_no_overlap() {
    let mock = mock();
    set(&mock, 1201, json!({ "city": "Ейск" }));
    mock.run_tasks();
    set(&mock, 1201, json!({ "street": "Новая" }));
    mock.run_tasks();
    assert_eq!((&home(&mock, 1201)["city"], &home(&mock, 1201)["street"]), (&json!("Ейск"), &json!("Новая")));
    assert!(hazards(&mock).is_empty());
}

#[test]
fn two_values_for_one_column_are_a_conflict() {
    let mock = mock();
    set(&mock, 1201, json!({ "city": "Ейск" }));
    set(&mock, 1201, json!({ "city": "Анапа" }));
    mock.run_tasks();
    assert_eq!(home(&mock, 1201)["city"], "Анапа");
    assert_eq!(hazards(&mock), ["conflict"]);
}

#[test]
fn the_same_change_asked_for_twice_is_told() {
    let mock = mock();
    set(&mock, 1201, json!({ "city": "Ейск" }));
    set(&mock, 1201, json!({ "city": "Ейск" }));
    mock.run_tasks();
    assert_eq!(home(&mock, 1201)["city"], "Ейск");
    assert_eq!(hazards(&mock), ["repeated"]);
}

#[test]
fn saving_what_a_waiting_task_deletes_brings_it_back() {
    let mock = mock();
    done(&mock, "Homes", r#"method1=objects.get&arg1={"id":1221}&method2=delete"#);
    set(&mock, 1221, json!({ "city": "Адлер" }));
    mock.run_tasks();
    assert_eq!(home(&mock, 1221)["city"], "Адлер");
    assert_eq!(hazards(&mock), ["resurrected"]);
}

#[test]
fn a_task_that_fails_leaves_nothing_half_written() {
    let mock = mock();
    let accounts = || done(&mock, "AdminAccounts", "method1=objects.count").as_i64().unwrap();
    let before = accounts();
    let body = r#"method1=objects.create&arg1={"name":"half","parent_id":1,"home_id":987654}"#;
    done(&mock, "Abonents", body);
    let ran = mock.run_tasks();
    assert_eq!(ran["ran"], 1);
    assert!(ran["failed"][0]["error"].as_str().unwrap().contains("`home_id` points at Homes 987654"), "{ran}");
    assert_eq!(accounts(), before, "the account that came with the subscriber is not there either");
    assert_eq!(done(&mock, "Abonents", r#"method1=objects.filter&arg1={"name":"half"}&method2=count"#), 0);
    assert_eq!(hazards(&mock), ["failed-task"]);
}

#[test]
fn overlapping_payments_both_count() {
    let mock = mock();
    for _ in 0..3 {
        done(&mock, "Abonents", r#"method1=objects.get&arg1={"id":1321}&method2=add_payment&arg2={"SUM_IN":"0.1"}"#);
    }
    mock.run_tasks();
    let body = r#"method1=objects.get&arg1={"account_id_abonents":1321}&fields=["balance"]"#;
    assert_eq!(done(&mock, "AdminAccounts", body)["fields"]["balance"], "700.3");
    assert!(hazards(&mock).is_empty());
}

#[test]
fn a_list_that_is_being_sent_shows_the_state_it_was_asked_of() {
    let mock = mock();
    let body = br#"method1=objects.all&fields=["city"]"#;
    let reply = mock.handle(wire::parse("/rest_api/v2/Homes/", body).unwrap());
    set(&mock, 1201, json!({ "city": "Ейск" }));
    mock.run_tasks();
    let Outcome::Stream(pieces) = reply.outcome else { panic!("a list streams") };
    let list: Value = serde_json::from_slice(&pieces.map(Result::unwrap).collect::<Vec<_>>().concat()).unwrap();
    let row = list.as_array().unwrap().iter().find(|row| row["pk"] == 1201).unwrap();
    assert_eq!(row["fields"]["city"], "Тихорецк");
    assert_eq!(home(&mock, 1201)["city"], "Ейск");
}

#[test]
fn many_clients_at_once_never_see_half_a_task() {
    let mock = mock();
    let body = r#"method1=objects.create&arg1={"name":"whole","parent_id":1,"tarif_id":1}&method2=add_payment&arg2={"SUM_IN":"10"}"#;
    let seen = r#"method1=objects.filter&arg1={"name":"whole"}&fields=["account__balance","abonent_id_paylog__summ"]"#;
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for _ in 0..25 {
                    done(&mock, "Abonents", body);
                    mock.run_tasks();
                }
            });
        }
        for _ in 0..2 {
            threads.spawn(|| {
                for _ in 0..100 {
                    for abonent in done(&mock, "Abonents", seen).as_array().unwrap() {
                        let fields = &abonent["fields"];
                        assert_eq!(fields["account"]["fields"]["balance"], "10", "{abonent}");
                        assert_eq!(fields["abonent_id_paylog"][0]["fields"]["summ"], "10", "{abonent}");
                    }
                }
            });
        }
    });
    assert_eq!(done(&mock, "Abonents", seen).as_array().unwrap().len(), 100);
}

#[test]
fn twenty_thousand_waiting_tasks_run_in_their_order() {
    let mock = mock();
    for number in 0..20_000 {
        done(&mock, "Operators", &format!(r#"method1=objects.create&arg1={{"name":"{number}"}}"#));
    }
    assert_eq!(mock.run_tasks(), json!({ "ran": 20_000, "failed": [] }));
    let last = done(&mock, "Operators", r#"method1=objects.last&fields=["id","name"]"#);
    assert_eq!(last["fields"], json!({ "id": 1444 + 20_000, "name": "19999" }));
}

#[test]
fn a_change_of_a_thousand_objects_takes_ten_to_thirty_minutes() {
    let mock = mock();
    for number in 0..1_000 {
        done(&mock, "Operators", &format!(r#"method1=objects.create&arg1={{"name":"{number}"}}"#));
    }
    mock.run_tasks();
    let changed =
        done(&mock, "Operators", r#"method1=objects.filter&arg1={"id__gt":1444}&method2=update&arg2={"name":"one"}"#);
    assert_eq!(changed, 1_000);
    let named = || done(&mock, "Operators", r#"method1=objects.filter&arg1={"name":"one"}&method2=count"#);
    mock.advance(jiff::Span::new().minutes(10)).unwrap();
    assert_eq!(named(), 0);
    mock.advance(jiff::Span::new().minutes(20)).unwrap();
    assert_eq!(named(), 1_000);
}

#[test]
fn the_same_seed_clock_and_calls_give_the_same_bytes() {
    let run = || {
        let mock = mock();
        let mut seen = Vec::new();
        for (model, body) in [
            ("Users", r#"method1=objects.create&arg1={"abonent_id":45,"login":"again"}"#),
            ("Users", r#"method1=objects.get&arg1={"id":12341}&method2=get_or_create_dynamic_session"#),
            ("Users", r#"method1=web_cabinet.reset_password&arg1={"login":"makarov1","base_url":""}"#),
        ] {
            seen.extend(bytes(&mock, model, body));
        }
        seen.extend(mock.tasks().to_string().into_bytes());
        mock.run_tasks();
        seen.extend(mock.state().to_string().into_bytes());
        seen
    };
    assert!(run() == run());
}

#[test]
fn a_reset_world_starts_over() {
    let mock = mock();
    let fresh = mock.state();
    set(&mock, 1201, json!({ "city": "Ейск" }));
    set(&mock, 1201, json!({ "city": "Анапа" }));
    mock.run_tasks();
    assert_ne!(mock.state(), fresh);
    mock.reset();
    assert_eq!(mock.state(), fresh);
    assert!(hazards(&mock).is_empty());
    assert_eq!(mock.journal()["total"], 0);
}

#[test]
fn a_state_that_no_calls_could_have_made_is_refused_and_names_the_row() {
    let mock = mock();
    let state = mock.state();
    mock.put_state(&state).unwrap();
    let with = |model: &str, pk: i64, column: &str, value: Value| {
        let mut state = state.clone();
        let rows = state[model].as_array_mut().unwrap();
        let row = rows.iter_mut().find(|row| row["pk"] == pk).unwrap();
        row["fields"][column] = value;
        mock.put_state(&state).unwrap_err().to_string()
    };
    let ip = done(&mock, "Users", r#"method1=objects.get&arg1={"id":12341}&fields=["ip"]"#)["fields"]["ip"].clone();
    let twice = with("Users", 12342, "ip", ip.clone());
    assert_eq!(twice, format!("Users 12342: `ip` is {}, as that of Users 12341", ip.as_str().unwrap()));
    assert_eq!(
        with("Abonents", 4911, "parent_id", json!(4911)),
        "Abonents 4911: lies in itself: follow its `parent_id`"
    );
    let before = mock.state();
    assert_eq!(before, state, "a refused state changes nothing");
}

#[test]
fn the_methods_of_an_object_are_listed_once_each() {
    let error = ask(&mock(), "Abonents", r#"method1=objects.get&arg1={"id":45}&method2=fly"#)["error"].clone();
    let (_, methods) = error.as_str().unwrap().split_once("Its methods are: ").unwrap();
    let mut methods: Vec<&str> = methods.split(", ").collect();
    let listed = methods.len();
    methods.sort_unstable();
    methods.dedup();
    assert_eq!(methods.len(), listed, "{error}");
}
