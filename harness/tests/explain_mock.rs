//! Holds `explain` to the mock: what it calls an error of the call is refused, and what it calls sound is answered.

use std::process::Command;
use std::sync::Arc;

use carbon_harness::embedded::Embedded;
use carbon_harness::explain::{Severity, explain};
use carbon_specs::Contract;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_explain_calls_an_error_is_refused() {
    let contract = Arc::new(Contract::embedded().unwrap());
    let mock = Embedded::start(Arc::clone(&contract)).await.unwrap();
    let get = r#"method1=objects.get&arg1={"id":45}"#;
    let user = r#"method1=objects.get&arg1={"id":1361}"#;
    // The options, the model, and the code; without a code the command is sound.
    let cases: Vec<(Option<&str>, String, &str)> = vec![
        (None, format!("-XPOST -d '{get}'"), "Abonents"),
        (None, format!("-d '{get}&fields=[\"name\",\"tarif__name\"]'"), "abonents"),
        (None, r#"-d method1=objects.get --data-urlencode 'arg1={"id": 45}'"#.into(), "Abonents"),
        (None, r#"-F method1=objects.get -F 'arg1={"id": 45}'"#.into(), "Abonents"),
        (None, r#"-d 'method1=objects.filter&arg1={"sms":"%2B71234567899"}&method5=count'"#.into(), "Abonents"),
        (None, r#"-d 'method1=objects.order_by&arg1=["id"]&method2=first'"#.into(), "Tarif"),
        (Some("get-method"), format!("-G -d '{get}'"), "Abonents"),
        (Some("wrong-http-method"), format!("-XPUT -d '{get}'"), "Abonents"),
        (Some("no-body"), "-XPOST".into(), "Abonents"),
        (Some("content-type"), format!("-H 'Content-Type: application/json' -d '{get}'"), "Abonents"),
        (Some("content-type"), "--json '{\"method1\":\"objects.all\"}'".into(), "Abonents"),
        (Some("missing-method1"), r#"-d 'method2=objects.get&arg2={"id":45}'"#.into(), "Abonents"),
        (Some("not-json"), "-d 'method1=objects.get&arg1={id:45}'".into(), "Abonents"),
        (Some("not-an-object"), "-d 'method1=objects.get&arg1=[45]'".into(), "Abonents"),
        (Some("fields-not-a-list"), format!("-d '{get}&fields=name'"), "Abonents"),
        (Some("unknown-model"), format!("-d '{get}'"), "Abonent"),
        (Some("unknown-method"), "-d 'method1=objects.gett'".into(), "Abonents"),
        (
            Some("unknown-method"),
            r#"-d 'method1=objects.filter&arg1={}&method2=add_payment&arg2={"SUM_IN":1}'"#.into(),
            "Abonents",
        ),
        (Some("unknown-method"), r#"-d 'method1=add_payment&arg1={"SUM_IN":1}'"#.into(), "Abonents"),
        (Some("unknown-field"), r#"-d 'method1=objects.get&arg1={"contract_nomer":"1"}'"#.into(), "Abonents"),
        (Some("unknown-field"), format!("-d '{get}&fields=[\"tarif__nane\"]'"), "Abonents"),
        (Some("unknown-field"), format!("-d '{get}&method2=set&arg2={{\"nane\":1}}&method3=save'"), "Abonents"),
        (Some("missing-argument"), format!("-d '{user}&method2=check_pass'"), "Users"),
        (
            Some("unknown-argument"),
            format!("-d '{user}&method2=check_pass&arg2={{\"passwd\":\"1\",\"psw\":1}}'"),
            "Users",
        ),
        (Some("unknown-argument"), format!("-d '{get}&method2=save&arg2={{\"psw\":1}}'"), "Abonents"),
        (Some("unknown-argument"), format!("-d '{get}&method2=add_payment&arg2={{\"SUM\":1}}'"), "Abonents"),
        (Some("not-a-number"), r#"-d 'method1=objects.get&arg1={"id":"номер"}'"#.into(), "AdminAccounts"),
        (
            Some("not-a-date"),
            format!("-d '{get}&method2=set&arg2={{\"need_recalc\":\"01.06.2019\"}}&method3=save'"),
            "Abonents",
        ),
    ];
    let mut wrong = Vec::new();
    for (code, options, model) in cases {
        let command = format!("curl -sS {options} -w '\\n%{{http_code}}' {}/rest_api/v2/{model}/", mock.url());
        let explanation = explain(&command, &contract);
        let mut errors = explanation.pitfalls.iter().filter(|pitfall| pitfall.severity == Severity::Error);
        let told =
            errors.clone().any(|pitfall| Some(pitfall.code) == code) || (code.is_none() && errors.next().is_none());
        let output = Command::new("bash").args(["-c", &command]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (body, status) = text.rsplit_once('\n').unwrap_or((&text, ""));
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let answered = status == "200" && body["error"].is_null() && !body.is_null();
        if !told || answered != code.is_none() {
            wrong.push(format!("{command}\n{code:?}: told {told}, answered {answered}: {text}\n{explanation}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
