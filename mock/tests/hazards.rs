//! What is told of overlaps, stale changes, early reads and failures, and what is not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod direct;

use carbon_mock::Mock;
use carbon_mock::tasks::Overlap;
use direct::{ask, done, hazards, minded, mock};
use serde_json::{Value, json};

/// The hazards' sentences.
fn said(mock: &Mock) -> Vec<String> {
    let hazards = mock.hazards();
    hazards["hazards"].as_array().unwrap().iter().map(|hazard| hazard["says"].as_str().unwrap().to_owned()).collect()
}

fn cabinet(mock: &Mock, method: &str, args: Value) -> Value {
    let reply = done(mock, "Users", &format!("method1=web_cabinet.{method}&arg1={args}"));
    serde_json::from_str(reply[0].as_str().unwrap()).unwrap()
}

/// Bodies for subscriber 45, one call each.
const NAME: &str = r#"method1=objects.get&arg1={"id":45}&method2=set&arg2={"name":"one"}&method3=save"#;
const SMS: &str = r#"method1=objects.get&arg1={"id":45}&method2=set&arg2={"sms":"1"}&method3=save"#;

#[test]
fn a_call_whose_own_steps_write_a_row_twice_spoils_nothing() {
    for overlap in [Overlap::Faithful, Overlap::Serialize, Overlap::Refuse] {
        let mock = minded(overlap);
        for (model, body) in [
            (
                "Abonents",
                r#"method1=objects.get&arg1={"id":45}&method2=set&arg2={"name":"x"}&method3=save&method4=set&arg4={"sms":"1"}&method5=save"#,
            ),
            (
                "Abonents",
                r#"method1=objects.get&arg1={"id":45}&method2=set_object_status&arg2={"status_id":26}&method3=move_to&arg3={"target":4911}"#,
            ),
            (
                "Users",
                r#"method1=objects.get&arg1={"id":12341}&method2=set_password&arg2={"psw":"abc"}&method3=set&arg3={"login":"x"}&method4=save"#,
            ),
            ("Users", r#"method1=objects.get&arg1={"id":12341}&method2=set_password&arg2={"psw":""}&method3=save"#),
            (
                "FinanceOperations",
                r#"method1=objects.create&arg1={"abonent_id":45,"op_summa":"5","op_type_id":8}&method2=storno_op&method3=set&arg3={"descr":"x"}&method4=save"#,
            ),
        ] {
            done(&mock, model, body);
            mock.run_tasks();
            assert_eq!(said(&mock), Vec::<String>::new(), "{overlap:?} {body}");
        }
        assert!(mock.verdict().is_clean());
    }
}

#[test]
fn a_row_that_gets_another_key_before_it_is_saved_was_deleted_by_nobody() {
    let mock = mock();
    let copy = r#"method1=objects.get&arg1={"id":1201}&method2=set&arg2={"id":4711}&method3=save"#;
    done(&mock, "Homes", copy);
    mock.run_tasks();
    assert_eq!(said(&mock), Vec::<String>::new());
    assert_eq!(done(&mock, "Homes", r#"method1=objects.filter&arg1={"id":4711}&method2=count"#), 1);
}

#[test]
fn updates_and_saves_of_one_column_are_conflicts_whichever_comes_first() {
    let update =
        |name: &str| format!(r#"method1=objects.filter&arg1={{"id":45}}&method2=update&arg2={{"name":"{name}"}}"#);
    for (first, second, kind) in [
        (update("a"), update("b"), "conflict"),
        (update("a"), update("a"), "repeated"),
        (NAME.to_owned(), update("b"), "conflict"),
        (update("a"), NAME.to_owned(), "conflict"),
        (update("a"), SMS.to_owned(), "lost-update"),
    ] {
        let mock = mock();
        done(&mock, "Abonents", &first);
        done(&mock, "Abonents", &second);
        mock.run_tasks();
        assert_eq!(hazards(&mock), [kind], "{first} {second}");
        let hazard = &mock.hazards()["hazards"][0];
        assert_eq!((&hazard["task"], &hazard["other_task"]), (&json!(2), &json!(1)), "{hazard}");
    }
}

#[test]
fn an_update_of_another_column_loses_nothing() {
    let mock = mock();
    done(&mock, "Abonents", NAME);
    done(&mock, "Abonents", r#"method1=objects.filter&arg1={"id":45}&method2=update&arg2={"sms":"2"}"#);
    mock.run_tasks();
    let row = done(&mock, "Abonents", r#"method1=objects.get&arg1={"id":45}&fields=["name","sms"]"#);
    assert_eq!(row["fields"], json!({ "name": "one", "sms": "2" }));
    assert_eq!(said(&mock), Vec::<String>::new());
}

#[test]
fn whom_a_lost_change_belongs_to_is_told_column_by_column() {
    let mock = mock();
    done(&mock, "Abonents", NAME);
    done(&mock, "Abonents", r#"method1=objects.filter&arg1={"id":45}&method2=update&arg2={"email":"x@example.net"}"#);
    done(&mock, "Abonents", SMS);
    mock.run_tasks();
    let said = said(&mock);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("undid name made by task 1 ("), "{said:?}");
    assert!(said[1].contains("undid email made by task 2 ("), "{said:?}");
}

#[test]
fn only_a_lost_update_is_said_to_be_kept_where_overlaps_are_serialized() {
    let mock = minded(Overlap::Serialize);
    done(&mock, "Abonents", NAME);
    done(&mock, "Abonents", SMS);
    done(&mock, "Abonents", &NAME.replace("one", "two"));
    mock.run_tasks();
    let said = said(&mock);
    let of = |part: &str| said.iter().find(|says| says.contains(part)).unwrap_or_else(|| panic!("{part} in {said:?}"));
    assert!(of("undid name").ends_with("(only here was nothing lost: this mock serializes overlaps)"), "{said:?}");
    assert!(of("both changed name").ends_with("; the later one won"), "{said:?}");
}

#[test]
fn a_change_that_would_be_another_one_later_is_told() {
    let init = r#"method1=objects.get&arg1={"id":45}&method2=init_userattributes"#;
    let block = r#"method1=objects.get&arg1={"id":45}&method2=block&arg2={"comment":"x"}"#;
    let add = r#"method1=objects.create&arg1={"abonent_id":45,"login":"twice"}"#;
    let update = r#"method1=objects.filter&arg1={"city":"Ейск"}&method2=update&arg2={"street":"Новая"}"#;
    for (calls, kind, reason) in [
        ([("Abonents", init), ("Abonents", init)], "stale", "after which it would change other rows"),
        ([("Abonents", block), ("Abonents", block)], "stale", "after which it would change nothing"),
        (
            [("Users", add), ("Users", add)],
            "failed-task",
            "login twice was given to another of Users meanwhile; it was asked for before task 1 (",
        ),
        (
            [
                ("Homes", r#"method1=objects.get&arg1={"id":1221}&method2=set&arg2={"city":"Ейск"}&method3=save"#),
                ("Homes", update),
            ],
            "too-early",
            "so far exists only in task 1 (",
        ),
    ] {
        let mock = mock();
        for (model, body) in calls {
            done(&mock, model, body);
        }
        mock.run_tasks();
        assert_eq!(hazards(&mock), [kind], "{calls:?}");
        assert!(said(&mock)[0].contains(reason), "{:?}", said(&mock));
        let hazard = &mock.hazards()["hazards"][0];
        assert_eq!((&hazard["request"], &hazard["other_task"]), (&json!(2), &json!(1)), "{hazard}");
    }
}

#[test]
fn a_service_connected_twice_in_the_cabinet_is_told_with_both_requests() {
    let mock = mock();
    let connect = json!({ "suid": "144997776676316356", "usluga_id": 127 });
    let before = done(&mock, "UsersUsluga", "method1=objects.count").as_i64().unwrap();
    assert!(cabinet(&mock, "set_user_usluga", connect.clone())["message"].is_string());
    assert!(cabinet(&mock, "set_user_usluga", connect.clone())["message"].is_string());
    mock.run_tasks();
    assert_eq!(
        done(&mock, "UsersUsluga", "method1=objects.count"),
        before + 2,
        "as on a server that does not look again"
    );
    let said = said(&mock);
    assert_eq!(hazards(&mock), ["stale"], "{said:?}");
    assert!(said[0].contains("be refused: service 127 is connected already"), "{said:?}");
    assert!(said[0].starts_with("task 2 (") && said[0].contains(" before task 1 ("), "{said:?}");
    assert!(cabinet(&mock, "set_user_usluga", connect)["error"].is_string());
}

#[test]
fn who_undoes_what_is_not_done_yet_is_too_early_and_told_until_he_asks_again() {
    let mock = mock();
    let block = r#"method1=objects.get&arg1={"id":45}&method2=block&arg2={"comment":"x"}"#;
    let unblock = r#"method1=objects.get&arg1={"id":45}&method2=unblock"#;
    let blocked = r#"method1=objects.filter&arg1={"abonent_id":45,"b_admin":1}&method2=count"#;
    done(&mock, "Abonents", block);
    done(&mock, "Abonents", unblock);
    mock.run_tasks();
    assert_eq!(done(&mock, "AbonentsBlock", blocked), 1, "the block came after the unblock");
    assert_eq!(hazards(&mock), ["too-early"]);
    done(&mock, "Abonents", unblock);
    mock.run_tasks();
    assert_eq!(done(&mock, "AbonentsBlock", blocked), 0);
    assert_eq!(hazards(&mock), Vec::<String>::new());

    done(&mock, "Abonents", block);
    mock.run_tasks();
    done(&mock, "Abonents", unblock);
    done(&mock, "Abonents", unblock);
    assert_eq!(mock.run_tasks(), json!({ "ran": 2, "failed": [] }), "the second had nothing left to do");
    assert_eq!(hazards(&mock), ["stale"]);
    assert_eq!(mock.tasks()["failed"], json!([]));
}

#[test]
fn a_world_that_refuses_overlaps_lets_no_change_through_that_replaces_or_is_stale() {
    let mock = minded(Overlap::Refuse);
    let error = |model: &str, body: &str| ask(&mock, model, body)["error"].as_str().unwrap_or_default().to_owned();
    let update = r#"method1=objects.filter&arg1={"id":45}&method2=update&arg2={"name":"b"}"#;
    done(&mock, "Abonents", NAME);
    assert!(error("Abonents", update).starts_with("Abonents 45 is about to be changed by task 1 ("));
    let attributes = r#"method1=objects.get&arg1={"id":47}&method2=init_userattributes"#;
    done(&mock, "Abonents", attributes);
    let refused = error("Abonents", attributes);
    assert!(refused.starts_with("task 2 (") && refused.contains("would change other rows"), "{refused}");
    for _ in 0..2 {
        done(&mock, "Abonents", r#"method1=objects.get&arg1={"id":47}&method2=add_payment&arg2={"SUM_IN":"1"}"#);
    }
    mock.run_tasks();
    assert_eq!(said(&mock), Vec::<String>::new(), "what only adds is no overlap");
}

#[test]
fn a_session_that_is_not_there_yet_is_asked_for_too_early() {
    let mock = mock();
    let login = json!({ "login": "makarov1", "passwd": "pw12341" });
    let suid = cabinet(&mock, "login", login)["session_id"].clone();
    assert_eq!(cabinet(&mock, "user_info", json!({ "suid": suid }))["error"], "the session has ended: log in again");
    let said = said(&mock);
    assert_eq!(hazards(&mock), ["too-early"], "{said:?}");
    assert!(said[0].contains("Users.web_cabinet.user_info(") && said[0].contains("task 1 ("), "{said:?}");
    assert!(said[0].contains("web_cabinet.login("), "{said:?}");
    mock.run_tasks();
    assert!(cabinet(&mock, "user_info", json!({ "suid": suid }))["balance"].is_string());
    assert_eq!(hazards(&mock), Vec::<String>::new(), "it was asked again when it was there");
}

#[test]
fn a_service_is_disconnected_too_early_before_it_is_connected() {
    let mock = mock();
    let service = json!({ "suid": "144997776676316356", "usluga_id": 127 });
    cabinet(&mock, "set_user_usluga", service.clone());
    assert_eq!(cabinet(&mock, "remove_user_usluga", service)["error"], "service 127 is not connected");
    assert_eq!(hazards(&mock), ["too-early"]);
}

#[test]
fn a_list_or_count_that_lacks_rows_is_too_early_and_names_the_task_that_brings_them() {
    let city = r#""city":"Тихорецк""#;
    let count = format!("method1=objects.filter&arg1={{{city}}}&method2=count");
    for (model, body) in [
        ("Homes", count.as_str()),
        ("Homes", &format!("method1=objects.filter&arg1={{{city}}}")),
        ("Homes", &format!(r#"method1=objects.filter&arg1={{{city}}}&method2=values_list&arg2=["id"]"#)),
        ("Homes", "method1=objects.all"),
        ("Homes", "method1=objects.last"),
    ] {
        let mock = mock();
        done(&mock, "Homes", &format!("method1=objects.create&arg1={{{city}}}"));
        done(&mock, "Abonents", NAME);
        done(&mock, model, body);
        assert_eq!(hazards(&mock), ["too-early"], "{body}");
        let hazard = &mock.hazards()["hazards"][0];
        assert_eq!((&hazard["request"], &hazard["other_task"]), (&json!(3), &json!(1)), "{hazard}");
        mock.run_tasks();
        done(&mock, model, body);
        assert_eq!(hazards(&mock), Vec::<String>::new(), "{body}");
    }
}

#[test]
fn a_list_inside_an_object_lacks_rows_too() {
    let mock = mock();
    done(&mock, "Users", r#"method1=objects.create&arg1={"abonent_id":45,"login":"second"}"#);
    done(&mock, "Abonents", r#"method1=objects.get&arg1={"id":45}&fields=["name"]"#);
    assert_eq!(hazards(&mock), Vec::<String>::new());
    done(&mock, "Abonents", r#"method1=objects.get&arg1={"id":45}&fields=["abonent_id_users__login"]"#);
    assert_eq!(hazards(&mock), ["too-early"]);
}

#[test]
fn a_value_that_will_change_is_read_by_whoever_waits_for_it() {
    let mock = mock();
    done(&mock, "Abonents", NAME);
    done(&mock, "Abonents", r#"method1=objects.get&arg1={"id":47}&method2=add_payment&arg2={"SUM_IN":"1"}"#);
    for body in [
        r#"method1=objects.get&arg1={"id":45}"#,
        r#"method1=objects.get&arg1={"id":47}&fields=["balance"]"#,
        r#"method1=objects.filter&arg1={"id__in":[45,47]}"#,
        "method1=objects.count",
    ] {
        done(&mock, "Abonents", body);
    }
    assert_eq!(said(&mock), Vec::<String>::new());
}

#[test]
fn the_nightly_run_is_the_one_who_changed_what_a_later_save_undoes() {
    let mock = mock();
    let plan = r#"method1=objects.get&arg1={"id":45}&method2=set&arg2={"tarif_next_id":1132,"tarif_next_date":"2022-02-02"}&method3=save"#;
    done(&mock, "Abonents", plan);
    mock.run_tasks();
    mock.set_clock("2022-02-01T23:59:58".parse().unwrap()).unwrap();
    done(&mock, "Abonents", SMS);
    done(&mock, "Abonents", NAME);
    mock.run_tasks();
    let said = said(&mock);
    let night: Vec<&String> = said.iter().filter(|says| says.contains("tarif_id")).collect();
    assert!(night[0].contains("made by the nightly run of 2022-02-02"), "{said:?}");
    assert!(said.iter().any(|says| says.contains("undid sms made by task 2 (")), "{said:?}");
    assert!(!said.iter().any(|says| says.contains("tarif_id") && says.contains("made by task")), "{said:?}");
}

#[test]
fn one_subscriber_whose_charge_fails_keeps_nobody_else_from_being_charged() {
    let mock = mock();
    let accounts = r#"method1=objects.filter&arg1={"account_id_abonents__id":45}&method2=update&arg2={"unlimited":1}"#;
    done(&mock, "AdminAccounts", accounts);
    let dear = r#"method1=objects.create&arg1={"name":"dear","summa":"500000000","system_type_id":0}"#;
    let usluga = done(&mock, "Usluga", dear)["pk"].as_i64().unwrap();
    mock.run_tasks();
    let add = format!(r#"method1=objects.get&arg1={{"id":45}}&method2=add_service&arg2={{"usluga_id":{usluga}}}"#);
    done(&mock, "Abonents", &add);
    mock.run_tasks();
    mock.set_clock("2022-02-03T12:00:00".parse().unwrap()).unwrap();
    mock.set_clock("2022-07-03T12:00:00".parse().unwrap()).unwrap();
    let late = format!(
        r#"method1=objects.filter&arg1={{"usluga_id":{usluga},"change_balance_time__gt":"2022-06-01"}}&method2=count"#
    );
    let others = r#"method1=objects.filter&arg1={"change_balance_time__gt":"2022-06-01"}&method2=count"#;
    assert_eq!(done(&mock, "ArchAccountStack", &late), 0, "beyond what an account holds");
    assert!(done(&mock, "ArchAccountStack", others).as_i64().unwrap() > 0, "the others are charged as ever");
    let failed = mock.tasks()["failed"].clone();
    let first = failed[0]["error"].as_str().unwrap();
    assert!(first.starts_with("the nightly run of 2022-0") && first.contains("is out of range"), "{first}");
    assert!(failed[0]["id"].is_null(), "{failed}");
    assert!(hazards(&mock).iter().all(|kind| kind == "failed-task") && !hazards(&mock).is_empty());
    assert!(!mock.verdict().is_clean());
}

#[test]
fn sql_that_asks_for_what_a_task_will_make_is_too_early() {
    let mock = mock();
    let create = r#"method1=objects.create&arg1={"name":"new","parent_id":1,"contract_number":"BILL0009999"}"#;
    let number = "set list on; select id from abonents where contract_number='BILL0009999'";
    let count = "select count(*) from abonents";
    let rows =
        |text: &str| mock.sql(text).0.outcomes.last().unwrap().table.as_ref().map_or(0, |table| table.rows.len());
    mock.sql(count);
    done(&mock, "Abonents", create);
    assert_eq!(rows(number), 0);
    assert!(mock.sql(count).1.is_some() && mock.sql("select name from abonents where id=45").1.is_none());
    let said = said(&mock);
    assert_eq!(hazards(&mock), ["too-early", "too-early"], "{said:?}");
    assert!(said[0].starts_with("sqlexec \"set list on; select id") && said[0].contains("task 1 ("), "{said:?}");
    mock.run_tasks();
    assert_eq!(rows(number), 1);
    assert_eq!(hazards(&mock), ["too-early"], "the count was not asked for again");
}

#[test]
fn beside_a_method_that_is_named_without_a_number_other_keys_are_lost() {
    let mock = mock();
    done(&mock, "Version", "get_version=True&foo=1");
    let entry = mock.journal()["journal"][0].clone();
    assert_eq!(entry["methods"], json!(["get_version"]));
    assert_eq!(entry["warnings"], json!(["`foo` is not read: a body has methodN, argN and fields"]));
}

#[test]
fn rows_that_follow_from_a_task_are_foreseen_and_no_longer_once_they_are_there() {
    let mock = mock();
    let create = r#"method1=objects.create&arg1={"name":"new","parent_id":1,"tarif_id":1212}"#;
    let pk = done(&mock, "Abonents", create)["pk"].as_i64().unwrap();
    done(&mock, "Abonents", NAME);
    let services = format!(r#"method1=objects.filter&arg1={{"abonent_id":{pk}}}"#);
    assert_eq!(done(&mock, "UsersUsluga", &services), json!([]));
    assert_eq!(hazards(&mock), ["too-early"], "the tariff's services come with the subscriber");
    mock.jump().unwrap();
    assert_eq!(mock.waiting(), 1);
    assert!(!done(&mock, "UsersUsluga", &services).as_array().unwrap().is_empty());
    done(&mock, "UsersUsluga", "method1=objects.all");
    assert_eq!(said(&mock), Vec::<String>::new(), "what still waits adds nothing");
}

#[test]
fn a_task_that_will_fail_brings_nothing_that_could_be_asked_for_too_early() {
    let mock = mock();
    done(&mock, "Abonents", r#"method1=objects.create&arg1={"name":"half","parent_id":1,"home_id":987654}"#);
    assert_eq!(done(&mock, "Abonents", r#"method1=objects.filter&arg1={"name":"half"}"#), json!([]));
    assert_eq!(said(&mock), Vec::<String>::new());
    mock.run_tasks();
    assert_eq!(hazards(&mock), ["failed-task"]);
}

#[test]
fn an_account_written_back_over_a_payment_keeps_it_and_nothing_is_told() {
    let mock = mock();
    done(&mock, "Abonents", r#"method1=objects.get&arg1={"id":45}&method2=add_payment&arg2={"SUM_IN":"10"}"#);
    let limit = r#"method1=objects.get&arg1={"account_id_abonents":45}&method2=set&arg2={"limit":"-5"}&method3=save"#;
    done(&mock, "AdminAccounts", limit);
    let balance = || {
        let body = r#"method1=objects.get&arg1={"id":45}&fields=["balance"]"#;
        done(&mock, "Abonents", body)["fields"]["balance"].as_str().unwrap().parse::<f64>().unwrap()
    };
    let before = balance();
    mock.run_tasks();
    assert!((balance() - before - 10.0).abs() < 1e-9, "{before} and 10 are not {}", balance());
    assert_eq!(said(&mock), Vec::<String>::new());
}
