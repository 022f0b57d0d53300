//! The control API over a real socket.

mod common;

use carbon_mock::{CarbonMock, Profile};
use common::{builder, get, post, request};
use serde_json::{Value, json};

const SHELVES: &str = "/rest_api/v2/Shelves/";

async fn put(addr: std::net::SocketAddr, path: &str, body: &Value) -> common::Answer {
    request(addr, "PUT", path, "", body.to_string().as_bytes()).await
}

#[tokio::test]
async fn a_change_is_seen_when_its_task_has_run() {
    let carbon = builder().tasks(Profile::DOCUMENTED).clock("2022-02-01 10:00:00").start().await.unwrap();
    let addr = carbon.addr();
    let body = r#"method1=objects.get&arg1={"id":1}&method2=set&arg2={"name":"new"}&method3=save&arg3={}"#;
    let saved = post(addr, SHELVES, body).await.result();
    assert_eq!(saved["fields"]["name"], "new", "the reply shows it at once");
    let name = async || {
        let body = r#"method1=objects.get&arg1={"id":1}&fields=["name"]"#;
        post(addr, SHELVES, body).await.result()["fields"]["name"].clone()
    };
    assert_eq!(name().await, "Верхняя полка", "nobody else sees it");
    let tasks = get(addr, "/__mock__/tasks").await.json();
    assert_eq!(tasks["pending"].as_array().unwrap().len(), 1, "{tasks}");
    assert_eq!(get(addr, "/__mock__/health").await.json()["tasks"], 1);
    let clock = post(addr, "/__mock__/clock", r#"{"advance": "1m"}"#).await.json();
    assert_eq!(clock, json!({ "now": "2022-02-01 10:01:00", "clock": "virtual" }));
    assert_eq!(name().await, "new");

    post(addr, SHELVES, body).await;
    let ran = post(addr, "/__mock__/tasks/run", "").await.json();
    assert_eq!(ran, json!({ "ran": 1, "failed": [] }));
    carbon.shutdown().await;
}

#[tokio::test]
async fn a_task_of_very_many_rows_names_the_first_and_counts_the_others() {
    let carbon = CarbonMock::builder().tasks(Profile::SLOW).clock("2022-02-01 10:00:00").start().await.unwrap();
    let addr = carbon.addr();
    let changed = post(addr, "/rest_api/v2/Counters/", r#"method1=objects.all&method2=update&arg2={"summ":1}"#).await;
    let rows = changed.result().as_u64().unwrap();
    let tasks = get(addr, "/__mock__/tasks").await.json();
    let task = &tasks["pending"][0];
    assert_eq!(task["changes"].as_array().unwrap().len(), 100, "{task}");
    assert_eq!(task["more_changes"], rows - 100);
    carbon.shutdown().await;
}

#[tokio::test]
async fn servers_side_by_side_share_neither_state_nor_clock_nor_seed() {
    let start =
        async |seed| CarbonMock::builder().abonents(0).seed(seed).clock("2022-02-01 10:00:00").start().await.unwrap();
    let (one, other, same) = (start(1).await, start(2).await, start(1).await);
    assert!(one.addr() != other.addr() && one.addr() != same.addr() && other.addr() != same.addr());
    // The billing makes the password up.
    let password = async |carbon: &CarbonMock| {
        let body = r#"method1=objects.create&arg1={"abonent_id":45,"login":"beside"}"#;
        post(carbon.addr(), "/rest_api/v2/Users/", body).await.result()["fields"]["gen_pwd"].clone()
    };
    let made = password(&one).await;
    assert_eq!(password(&same).await, made, "chance follows from the seed");
    assert_ne!(password(&other).await, made, "and another seed has other chances");

    let before = same.mock().state();
    // The hour is long enough for the task to run.
    post(one.addr(), "/__mock__/clock", r#"{"advance": "1h"}"#).await;
    assert_ne!(one.mock().state(), before);
    assert_eq!(same.mock().state(), before);
    assert_eq!(get(one.addr(), "/__mock__/clock").await.json()["now"], "2022-02-01 11:00:00");
    assert_eq!(get(same.addr(), "/__mock__/clock").await.json()["now"], "2022-02-01 10:00:00");
    for carbon in [one, other, same] {
        carbon.shutdown().await;
    }
}

#[tokio::test]
async fn the_clock_jumps_from_task_to_task() {
    let carbon = builder().tasks(Profile::DOCUMENTED).clock("2022-02-01 10:00:00").start().await.unwrap();
    let addr = carbon.addr();
    for id in [1, 2] {
        let body = format!(r#"method1=objects.get&arg1={{"id":{id}}}&method2=set&arg2={{"name":"new"}}&method3=save"#);
        post(addr, SHELVES, &body).await.result();
    }
    let due = get(addr, "/__mock__/tasks").await.json()["pending"][0]["due"].clone();
    let clock = post(addr, "/__mock__/clock", r#"{"next": "task"}"#).await.json();
    assert_eq!(clock["now"], due);
    assert_eq!(get(addr, "/__mock__/health").await.json()["tasks"], 1, "one has run, one waits");
    post(addr, "/__mock__/clock", r#"{"next": "task"}"#).await;
    let last = post(addr, "/__mock__/clock", r#"{"next": "task"}"#).await.json();
    assert_eq!(get(addr, "/__mock__/health").await.json()["tasks"], 0);
    assert_eq!(post(addr, "/__mock__/clock", r#"{"next": "task"}"#).await.json(), last, "nothing waits, nothing moves");
    carbon.shutdown().await;
}

#[tokio::test]
async fn overlapping_changes_are_reported_as_hazards() {
    let carbon = builder().start().await.unwrap();
    let addr = carbon.addr();
    for change in [r#"{"name":"a"}"#, r#"{"locked":1}"#] {
        let body = format!(r#"method1=objects.get&arg1={{"id":1}}&method2=set&arg2={change}&method3=save"#);
        post(addr, SHELVES, &body).await.result();
    }
    post(addr, "/__mock__/tasks/run", "").await;
    let hazards = get(addr, "/__mock__/hazards").await.json();
    assert_eq!((&hazards["total"], &hazards["hazards"][0]["kind"]), (&json!(1), &json!("lost-update")), "{hazards}");
    let journal = get(addr, "/__mock__/journal?last=1").await.json();
    assert_eq!(journal["journal"].as_array().unwrap().len(), 1);
    assert_eq!(journal["total"], 2);
    carbon.shutdown().await;
}

#[tokio::test]
async fn a_state_goes_out_and_in_and_reset_returns_to_it() {
    let carbon = builder().start().await.unwrap();
    let addr = carbon.addr();
    let first = get(addr, "/__mock__/state").await.json();
    assert_eq!(first["Shelves"][1], json!({ "pk": 2, "fields": { "name": "two words", "locked": 0 } }));
    let create = r#"method1=objects.create&arg1={"name":"x"}"#;
    post(addr, SHELVES, create).await.result();
    post(addr, "/__mock__/tasks/run", "").await;
    let second = get(addr, "/__mock__/state").await.json();
    assert_eq!(second["Shelves"].as_array().unwrap().len(), 3);
    post(addr, "/__mock__/reset", "").await;
    assert_eq!(get(addr, "/__mock__/state").await.json(), first);
    assert_eq!(get(addr, "/__mock__/journal").await.json()["total"], 0);

    assert_eq!(put(addr, "/__mock__/state", &second).await.status, 200);
    assert_eq!(get(addr, "/__mock__/state").await.json(), second);
    for (wrong, said) in [
        (json!([]), "an object of lists"),
        (json!({ "Chairs": [] }), "`Chairs` is no model"),
        (json!({ "Books": [{ "pk": 1, "fields": { "shelf_id": 99 } }] }), "points at Shelves 99"),
        (json!({ "Books": [{ "fields": {} }] }), "no integer `pk`"),
        (json!({ "Books": [{ "pk": 1, "fields": {}, "note": 1 }] }), "unknown key `note`"),
        (json!({ "Books": [{ "pk": 1, "fields": {}, "model": "Shelves" }] }), "is said to be of \"Shelves\""),
    ] {
        let answer = put(addr, "/__mock__/state", &wrong).await;
        assert_eq!(answer.status, 400, "{wrong}");
        assert!(answer.error().contains(said), "{}", answer.text());
    }
    let twice = request(addr, "PUT", "/__mock__/state", "", br#"{"Books": [], "Books": []}"#).await;
    assert_eq!(twice.status, 400);
    assert!(twice.error().contains("`Books` is given twice"), "{}", twice.text());
    assert_eq!(get(addr, "/__mock__/state").await.json(), second, "a refused state changes nothing");
    carbon.shutdown().await;
}

#[tokio::test]
async fn the_clock_moves_as_it_is_told() {
    let carbon = builder().clock("2022-02-01 10:00:00").start().await.unwrap();
    let addr = carbon.addr();
    for (body, now) in [
        (r#"{"advance": "2h 30m"}"#, "2022-02-01 12:30:00"),
        (r#"{"advance": "1 month"}"#, "2022-03-01 12:30:00"),
        (r#"{"set": "2022-03-05 00:00:00"}"#, "2022-03-05 00:00:00"),
        (r#"{"set": "2022-02-01"}"#, "2022-02-01 00:00:00"),
    ] {
        let answer = post(addr, "/__mock__/clock", body).await;
        assert_eq!(answer.json()["now"], now, "{body}");
    }
    for body in [
        "",
        "{}",
        "[]",
        r#"{"advance":5}"#,
        r#"{"advance":"-1m"}"#,
        r#"{"set":"x"}"#,
        r#"{"back":"1m"}"#,
        r#"{"advance":"1m","set":"2022-02-01"}"#,
        r#"{"advance":"9999y"}"#,
        r#"{"set":"9000-01-01"}"#,
    ] {
        let answer = post(addr, "/__mock__/clock", body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        assert!(!answer.error().is_empty());
    }
    assert_eq!(get(addr, "/__mock__/clock").await.json()["now"], "2022-02-01 00:00:00");
    carbon.shutdown().await;
}

#[tokio::test]
async fn sql_reads_the_committed_rows_and_prints_as_isql_does() {
    let carbon = builder().start().await.unwrap();
    let addr = carbon.addr();
    let sql = json!({ "sql": "set list on; select id, name from shelves where locked=0 order by id desc" });
    let answer = post(addr, "/__mock__/sql", &sql.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    assert_eq!(answer["rows"], json!([[2, "two words"], [1, "Верхняя полка"]]));
    assert_eq!(answer["columns"][0], json!({ "name": "ID", "type": "INTEGER" }));
    assert_eq!((&answer["exit"], &answer["stderr"]), (&json!(0), &json!("")));
    assert!(answer["stdout"].as_str().unwrap().contains("two words\n"), "{answer}");
    // What is not committed yet is not there.
    post(addr, SHELVES, r#"method1=objects.create&arg1={"name":"x"}"#).await.result();
    let count = r#"{"sql": "select count(*) from shelves"}"#;
    assert_eq!(post(addr, "/__mock__/sql", count).await.json()["rows"], json!([[2]]));
    carbon.mock().run_tasks();
    assert_eq!(post(addr, "/__mock__/sql", count).await.json()["rows"], json!([[3]]));
    carbon.shutdown().await;
}

#[tokio::test]
async fn the_console_and_the_refusals() {
    let carbon = builder().start().await.unwrap();
    let addr = carbon.addr();
    let console = get(addr, "/__mock__/").await;
    assert_eq!(console.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(!console.text().contains("http://") && !console.text().contains("https://"), "no external resources");
    assert_eq!(get(addr, "/__mock__").await.header("location"), Some("/__mock__/"));
    let answer = request(addr, "DELETE", "/__mock__/state", "", b"").await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, PUT")));
    let answer = get(addr, "/__mock__/nothing").await;
    assert_eq!(answer.status, 404);
    assert!(answer.error().contains("tasks/run"));
    assert_eq!(get(addr, "/__mock__/journal?last=x").await.status, 400);
    assert_eq!(post(addr, "/__mock__/sql", "select 1").await.status, 400);
    let answer = post(addr, "/__mock__/sql", r#"{"sql": "selekt 1"}"#).await;
    assert_eq!((answer.status, &answer.json()["exit"]), (400, &json!(1)));
    assert!(answer.json()["stderr"].as_str().unwrap().contains("Statement failed"), "{}", answer.text());
    let schema = get(addr, "/__mock__/schema").await.json();
    assert_eq!(schema["models"]["Books"]["fields"]["shelf"]["to"], "Shelves");
    carbon.shutdown().await;
}

#[tokio::test]
async fn faults_on_purpose_meet_the_calls_they_are_meant_for() {
    let carbon = builder().start().await.unwrap();
    let addr = carbon.addr();
    let count = "method1=objects.count";
    let order = async |fault: Value| {
        let answer = post(addr, "/__mock__/faults", &fault.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    order(json!({ "fault": "status", "status": 502 })).await;
    assert_eq!(post(addr, SHELVES, count).await.status, 502);
    order(json!({ "fault": "error", "text": "database is locked", "method": "count" })).await;
    assert_eq!(post(addr, SHELVES, "method1=objects.count").await.result(), 2, "it is for `count`, not this");
    assert_eq!(post(addr, SHELVES, "method1=objects.all&method2=count").await.error(), "database is locked");
    let journal = get(addr, "/__mock__/journal?last=1").await.json();
    let told = &journal["journal"][0];
    assert_eq!((&told["error"], &told["violation"]), (&json!("database is locked"), &json!(false)), "{told}");
    assert!(told["warnings"][0].as_str().unwrap().starts_with("a fault on purpose: "), "{told}");
    order(json!({ "fault": "delay", "ms": 300 })).await;
    let started = std::time::Instant::now();
    assert_eq!(post(addr, SHELVES, count).await.result(), 2);
    assert!(started.elapsed() >= std::time::Duration::from_millis(300));

    let create = r#"method1=objects.create&arg1={"name":"x"}"#;
    let sent = |body: &str| {
        format!("POST {SHELVES} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
    };
    order(json!({ "fault": "refuse", "model": "shelves" })).await;
    assert_eq!(common::raw(addr, &sent(create)).await, b"");
    assert_eq!(carbon.mock().run_tasks()["ran"], 0, "not carried out");
    order(json!({ "fault": "hangup" })).await;
    assert_eq!(common::raw(addr, &sent(create)).await, b"");
    assert_eq!(carbon.mock().run_tasks()["ran"], 1, "carried out all the same");
    order(json!({ "fault": "tear" })).await;
    let torn = String::from_utf8(common::raw(addr, &sent(count)).await).unwrap();
    assert!(torn.contains("{\"call\": ") && !torn.contains("result\": 3"), "{torn}");

    let journal = get(addr, "/__mock__/journal").await.json();
    let told = |part: &str| {
        let entries = journal["journal"].as_array().unwrap().iter();
        entries.filter(|entry| entry["warnings"].to_string().contains(part)).cloned().collect::<Vec<_>>()
    };
    for fault in ["delay", "hangup", "tear"] {
        let entries = told(&format!("\\\"fault\\\": \\\"{fault}\\\""));
        assert_eq!(entries.len(), 1, "{fault} {entries:?}");
        assert_ne!(entries[0]["methods"], json!([]), "the call's own entry tells of the fault");
    }
    let calls = journal["total"].as_u64().unwrap();
    post(addr, SHELVES, count).await;
    assert_eq!(get(addr, "/__mock__/journal").await.json()["total"].as_u64(), Some(calls + 1));

    order(json!({ "fault": "hangup", "times": 5 })).await;
    assert_eq!(get(addr, "/__mock__/faults").await.json()["faults"][0]["times"], 5);
    assert_eq!(request(addr, "DELETE", "/__mock__/faults", "", b"").await.json(), json!({ "faults": [] }));
    assert_eq!(post(addr, SHELVES, count).await.result(), 3);
    for (wrong, said) in [
        (json!({ "fault": "fire" }), "unknown variant `fire`"),
        (json!({ "fault": "refuse", "model": "Nope" }), "there is no model `Nope`"),
        (json!({ "fault": "refuse", "method": "fly" }), "no model has a method `fly`"),
    ] {
        let answer = post(addr, "/__mock__/faults", &wrong.to_string()).await;
        assert_eq!(answer.status, 400);
        assert!(answer.error().contains(said), "{}", answer.text());
    }
    carbon.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_systems_clock_tasks_run_without_anybody_asking() {
    let quick = Profile { latency_ms: (1, 1), service_ms: 1 };
    let carbon = builder().clock("system").tasks(quick).start().await.unwrap();
    let body = r#"method1=objects.create&arg1={"name":"x"}"#;
    post(carbon.addr(), SHELVES, body).await.result();
    for _ in 0..200 {
        if carbon.mock().state()["Shelves"].as_array().unwrap().len() == 3 {
            carbon.shutdown().await;
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the task never ran: {}", carbon.mock().tasks());
}
