//! Calls that ask for more than any server does: refused with a reason, while everyone else is served.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use carbon_mock::CarbonMock;
use common::{get, post};
use serde_json::json;

const ABONENTS: &str = "/rest_api/v2/Abonents/";
const REPORTS: &str = "/rest_api/v2/AdminCustomReports/";

async fn demo() -> CarbonMock {
    CarbonMock::builder().clock("2022-02-01 10:00:00").start().await.unwrap()
}

/// A chain that joins a folder's children again with each step, so that the combinations multiply.
fn exploding(last: &str) -> String {
    let steps: String = (1..10)
        .map(|step| {
            format!("method{step}=objects.filter&arg{step}={{\"parent__parent_id_abonents__id__gt\":0}}&")
                .replace("objects.", if step == 1 { "objects." } else { "" })
        })
        .collect();
    format!("{steps}method99={last}")
}

#[tokio::test]
async fn a_chain_whose_joins_multiply_is_refused_and_delays_nobody() {
    let carbon = demo().await;
    let addr = carbon.addr();
    let heavy = tokio::spawn(async move { post(addr, ABONENTS, &exploding("count")).await });
    // Each is answered while the heavy one is at work.
    let mut answered = 0;
    while !heavy.is_finished() && answered < 20 {
        assert_eq!(get(addr, "/__mock__/health").await.status, 200);
        assert_eq!(post(addr, ABONENTS, r#"method1=objects.get&arg1={"id":45}"#).await.result()["pk"], 45);
        answered += 1;
    }
    let refused = heavy.await.unwrap();
    assert!(refused.error().contains("passes over more than"), "{}", refused.text());
    assert_eq!(answered, 20, "the others had to wait for the heavy one");
    carbon.shutdown().await;
}

/// A statement over so many pairs of subscribers that only its time limit ends it.
const ENDLESS: &str =
    "select count(*) from abonents a, abonents b, abonents c, abonents d where a.name || b.name = c.name || d.name";

/// Reads and a write, each answered while something else is at work.
async fn serves_others<T>(carbon: &CarbonMock, heavy: &tokio::task::JoinHandle<T>) {
    let addr = carbon.addr();
    for _ in 0..3 {
        assert_eq!(get(addr, "/__mock__/health").await.status, 200);
        assert_eq!(post(addr, ABONENTS, r#"method1=objects.get&arg1={"id":45}"#).await.result()["pk"], 45);
        let write = r#"method1=objects.get&arg1={"id":45}&method2=set&arg2={"a_home_number":"3"}&method3=save"#;
        assert_eq!(post(addr, ABONENTS, write).await.result()["pk"], 45);
        carbon.mock().run_tasks();
        assert!(!heavy.is_finished(), "the others had to wait");
    }
}

#[tokio::test]
async fn a_report_that_runs_long_delays_nobody_and_is_ended_with_the_reason() {
    let carbon = demo().await;
    let addr = carbon.addr();
    let made = format!(r#"method1=objects.create&arg1={{"name":"long","sql":"{}"}}"#, ENDLESS.replace('+', "%2B"));
    let report = post(addr, REPORTS, &made).await.result()["pk"].clone();
    carbon.mock().run_tasks();
    let ask = format!(r#"method1=objects.get&arg1={{"id":{report}}}&method2=get_data"#);
    let heavy = tokio::spawn(async move { post(addr, REPORTS, &ask).await });
    serves_others(&carbon, &heavy).await;
    let refused = heavy.await.unwrap();
    assert!(refused.error().contains("the statement runs longer than it may: 10 seconds"), "{}", refused.text());
    carbon.shutdown().await;
}

#[tokio::test]
async fn a_statement_that_runs_long_delays_nobody_and_is_ended_with_the_reason() {
    let carbon = demo().await;
    let addr = carbon.addr();
    let body = json!({ "sql": ENDLESS }).to_string();
    let heavy = tokio::spawn(async move { post(addr, "/__mock__/sql", &body).await });
    serves_others(&carbon, &heavy).await;
    let refused = heavy.await.unwrap();
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("the statement runs longer than it may: 10 seconds"), "{}", refused.text());
    carbon.shutdown().await;
}

#[tokio::test]
async fn paths_longer_than_a_database_joins_are_refused() {
    let carbon = demo().await;
    let long = format!("{}name", "parent__".repeat(5000));
    for body in [
        format!("method1=objects.get&arg1={{\"id\":45}}&fields=[\"{long}\"]"),
        format!("method1=objects.filter&arg1={{\"{long}\":\"x\"}}"),
        format!("method1=objects.exclude&arg1={{\"{long}\":\"x\"}}"),
        format!("method1=objects.order_by&arg1=[\"{long}\"]"),
        format!("method1=objects.values&arg1=[\"{long}\"]"),
    ] {
        let answer = post(carbon.addr(), ABONENTS, &body).await;
        assert!(answer.error().contains("Too many Contexts"), "{}: {}", &body[..60], answer.text());
    }
    carbon.shutdown().await;
}

#[tokio::test]
async fn an_object_too_large_to_be_sent_is_refused_and_a_list_with_it_breaks_off() {
    let carbon = demo().await;
    let deep = format!("{}name", "parent__parent_id_abonents__".repeat(8));
    let body = format!("method1=objects.get&arg1={{\"id\":45}}&fields=[\"{deep}\"]");
    let answer = post(carbon.addr(), ABONENTS, &body).await;
    assert!(answer.error().contains("64 MiB"), "{}", answer.text());

    // The first of them is small, and so is what is sent before the large one is met.
    let folder = r#"method1=objects.create&arg1={"name":"alone","is_folder":1}"#;
    let alone = post(carbon.addr(), ABONENTS, folder).await.result()["pk"].clone();
    carbon.mock().run_tasks();
    let body = format!(
        "method1=objects.filter&arg1={{\"id__in\":[45,{alone}]}}&method2=order_by&arg2=[\"-id\"]&fields=[\"{deep}\"]"
    );
    let answer = post(carbon.addr(), ABONENTS, &body).await;
    assert!(answer.error().contains("64 MiB"), "{}", answer.text());
    carbon.shutdown().await;
}

#[tokio::test]
async fn rows_of_values_are_streamed_and_what_follows_them_is_answered() {
    let carbon = demo().await;
    let ask = async |chain: &str| post(carbon.addr(), ABONENTS, chain).await;
    let filter = r#"method1=objects.filter&arg1={"id__in":[45,3]}&method2=values_list&arg2=["id"]"#;
    assert_eq!(ask(&format!("{filter}&method3=count")).await.result(), json!(2));
    assert_eq!(ask(&format!("{filter}&method3=order_by&arg3=[\"-id\"]")).await.result(), json!([[45], [3]]));
    assert_eq!(ask(&format!("{filter}&method3=get&arg3={{\"id\":3}}")).await.result(), json!([3]));
    let values = filter.replace("values_list", "values");
    assert_eq!(ask(&format!("{values}&method3=last")).await.result(), json!({ "id": 45 }));
    assert_eq!(ask(&format!("{values}&method3=latest&arg3=[\"id\"]")).await.result(), json!({ "id": 45 }));
    assert!(ask(&format!("{values}&method3=delete")).await.error().starts_with("Cannot call delete() after"));
    let all = ask("method1=objects.values").await;
    assert_eq!(all.header("transfer-encoding"), Some("chunked"));
    assert_eq!(all.result().as_array().unwrap().len(), ask("method1=objects.count").await.result());
    carbon.shutdown().await;
}
