//! What `explain` says of commands: of the page's own, which are mostly sound, and of each mistake integrators make.
#![allow(clippy::panic, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeMap;

use carbon_harness::explain::{Explanation, Severity, explain};
use carbon_specs::Contract;
use carbon_specs::example::ErratumKind;

fn contract() -> Contract {
    Contract::embedded().unwrap_or_else(|error| panic!("{error}"))
}

fn errors(explanation: &Explanation) -> Vec<&'static str> {
    let errors = explanation.pitfalls.iter().filter(|pitfall| pitfall.severity == Severity::Error);
    errors.map(|pitfall| pitfall.code).collect()
}

/// Wraps a body in the page's usual command.
fn post(model: &str, body: &str) -> String {
    format!("curl -XPOST -d '{body}' http://127.0.0.1:8082/rest_api/v2/{model}/ -D -")
}

const URL: &str = "http://127.0.0.1:8082/rest_api/v2/Abonents/";

#[test]
fn each_mistake_is_told_by_its_code() {
    let contract = contract();
    let get = r#"method1=objects.get&arg1={"id":1}"#;
    let cases: Vec<(&str, String)> = vec![
        ("no-url", format!("curl -XPOST -d '{get}'")),
        ("url-as-data", format!("curl -XPOST -d '{URL}' --data '{get}'")),
        ("missing-option-argument", format!("curl -XPOST -d '{get}' {URL} -D")),
        ("unknown-option", format!("curl --url={URL} -d '{get}'")),
        ("open-quote", format!("curl -XPOST '{URL}' -d '{get}")),
        ("stray-quote", format!("curl -XPOST -d '{get}'' {URL}")),
        ("shell-syntax", format!("for i in 1 2; do curl -d '{get}' {URL}")),
        ("no-curl", "yum install -y jq".into()),
        ("variable-in-single-quotes", post("Abonents", r#"method1=objects.get&arg1={"id":"$id"}"#)),
        ("unquoted-ampersand", format!("curl -d method1=objects.get&arg1=1 {URL}")),
        ("unquoted-json", format!(r#"curl -d arg1={{"id":1}} {URL}"#)),
        ("bad-url", format!("curl -d '{get}' 'http:///rest_api/v2/Abonents/'")),
        ("url-globbing", format!(r#"curl '{URL}?fields=["id"]' -d '{get}'"#)),
        ("two-methods", format!("curl -I -d '{get}' {URL}")),
        ("get-method", format!("curl -G -d '{get}' {URL}")),
        ("get-method", format!("curl {URL}")),
        ("wrong-http-method", format!("curl -XPUT -d '{get}' {URL}")),
        ("no-body", format!("curl -XPOST {URL}")),
        ("content-type", format!("curl -H 'Content-Type: application/json' -d '{get}' {URL}")),
        ("content-type", format!("curl --json '{{\"method1\":\"objects.all\"}}' {URL}")),
        ("missing-equals", post("Usluga", r#"method1=objects.get&arg1{"id":1}"#)),
        ("unescaped-plus", post("Abonents", r#"method1=objects.filter&arg1={"sms":"+7"}"#)),
        ("missing-method1", post("Abonents", r#"method2=objects.get&arg2={"id":1}"#)),
        ("misnumbered-steps", post("Users", r#"method1=objects.get&arg1={"id":1}&method3=save&arg2={}"#)),
        ("not-json", post("Abonents", "method1=objects.get&arg1={id:1}")),
        ("not-an-object", post("Abonents", "method1=objects.get&arg1=[1]")),
        ("fields-not-a-list", post("Abonents", &format!("{get}&fields=name"))),
        ("unknown-model", post("Abonent", get)),
        ("no-model", format!("curl -d '{get}' http://127.0.0.1:8082/rest_api/v2/")),
        ("unknown-method", post("Abonents", "method1=objects.gett")),
        ("unknown-method", post("Abonents", r#"method1=objects.filter&arg1={}&method2=add_payment&arg2={"SUM_IN":1}"#)),
        ("unknown-method", post("Abonents", r#"method1=add_payment&arg1={"SUM_IN":1}"#)),
        ("unknown-field", post("Abonents", r#"method1=objects.get&arg1={"contract_nomer":"1"}"#)),
        ("unknown-field", post("Abonents", &format!(r#"{get}&fields=["tarif__nane"]"#))),
        ("unknown-field", post("Abonents", &format!(r#"{get}&method2=set&arg2={{"nane":"x"}}&method3=save"#))),
        ("set-without-save", post("Abonents", &format!(r#"{get}&method2=set&arg2={{"name":"x"}}"#))),
        ("missing-argument", post("Users", &format!("{get}&method2=check_pass&arg2={{}}"))),
        ("not-a-number", post("AdminAccounts", r#"method1=objects.get&arg1={"id":"номер лицевого счета"}"#)),
        ("not-a-number", post("Users", r#"method1=objects.filter&arg1={"id__in":[1,"2","x"]}"#)),
        (
            "not-a-date",
            post("Abonents", &format!(r#"{get}&method2=set&arg2={{"need_recalc":"01.06.2019"}}&method3=save"#)),
        ),
        ("unknown-argument", post("Abonents", &format!(r#"{get}&method2=save&arg2={{"nane":1}}"#))),
        ("unknown-argument", post("Users", &format!(r#"{get}&method2=check_pass&arg2={{"passwd":"1","psw":1}}"#))),
        ("placeholder-value", post("AdminAccounts", r#"method1=objects.get&arg1={"id":"<ID>"}"#)),
    ];
    for (code, command) in cases {
        let explanation = explain(&command, &contract);
        assert!(errors(&explanation).contains(&code), "{code}: {command}\n{explanation}");
        for pitfall in &explanation.pitfalls {
            assert!(pitfall.says.len() > 20 && pitfall.fix.len() > 8, "{pitfall:?}");
        }
    }
}

#[test]
fn lesser_things_are_warnings_and_notes() {
    let contract = contract();
    let get = r#"method1=objects.get&arg1={"id":1}"#;
    let filter = |name: &str, value: &str| format!(r#"method1=objects.filter&arg1={{"{name}":{value}}}"#);
    let cases: Vec<(&str, Severity, String)> = vec![
        ("https", Severity::Warning, post("Abonents", get).replace("http:", "https:")),
        ("unset-variable", Severity::Warning, format!(r#"curl -d 'method1=objects.get&arg1={{"id":'$id'}}' {URL}"#)),
        ("repeated-name", Severity::Warning, post("Abonents", &format!("{get}&arg1={{}}"))),
        ("unknown-parameter", Severity::Warning, post("Abonents", &format!("{get}&field=1"))),
        ("bad-percent", Severity::Warning, post("Abonents", r#"method1=objects.filter&arg1={"name":"5% x"}"#)),
        ("write-is-a-task", Severity::Note, post("Abonents", r#"method1=objects.create&arg1={"name":"x"}"#)),
        ("placeholder", Severity::Note, post("Abonents", get).replace("127.0.0.1", "<ip>")),
        (
            "day-for-a-moment",
            Severity::Warning,
            post("AbonentsBlockHistory", &filter("time_del__range", r#"["2019-06-01", "2019-06-30"]"#)),
        ),
        ("day-for-a-moment", Severity::Warning, post("VoipLog", &filter("s_time__lte", r#""2017-12-01""#))),
        ("day-for-a-moment", Severity::Warning, post("VoipLog", &filter("s_time", r#""2017-12-01""#))),
        ("typographic-quotes", Severity::Warning, format!("curl -d “{get}” {URL}")),
    ];
    for (code, severity, command) in cases {
        let explanation = explain(&command, &contract);
        let found = explanation.pitfalls.iter().find(|pitfall| pitfall.code == code);
        assert_eq!(found.map(|pitfall| pitfall.severity), Some(severity), "{code}: {command}\n{explanation}");
    }
}

#[test]
fn sound_commands_have_no_errors_and_misprints_have_the_right_one() {
    let contract = contract();
    // What explain calls a misprint of each kind. Kinds that no look at the command alone can tell are left out.
    let codes: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("no-url", &["no-url"][..]),
        ("url-as-data", &["url-as-data"]),
        ("stray-quote", &["stray-quote"]),
        ("missing-quote", &["open-quote"]),
        ("missing-option-argument", &["missing-option-argument"]),
        ("missing-equals", &["missing-equals"]),
        ("unexpanded-variable", &["variable-in-single-quotes"]),
        ("macro-error", &["not-json"]),
        ("unknown-field", &["unknown-field"]),
        ("unescaped-plus", &["unescaped-plus"]),
        ("never-saves", &["set-without-save"]),
        ("placeholder", &["placeholder-value", "not-a-number"]),
        ("misnumbered-steps", &["misnumbered-steps", "open-quote"]),
        ("invalid-sql", &["unknown-table"]),
    ]);
    let mut wrong = Vec::new();
    for example in &contract.examples {
        let sound = example.corrected.as_ref().unwrap_or(&example.printed);
        let explanation = explain(&sound.command, &contract);
        let python = example.erratum.as_ref().is_some_and(|erratum| erratum.kind == ErratumKind::NotACommand);
        if !errors(&explanation).is_empty() && !python {
            wrong.push(format!("{}: sound, but:\n{}\n{explanation}", example.id, sound.command));
        }
        if !python && explanation.requests.is_empty() {
            wrong.push(format!("{}: explains no request:\n{explanation}", example.id));
        }
        let Some(erratum) = &example.erratum else { continue };
        let kind = serde_json::to_value(erratum.kind).unwrap();
        let Some(expected) = codes.get(kind.as_str().unwrap()) else { continue };
        let explanation = explain(&example.printed.command, &contract);
        let found = errors(&explanation);
        if explanation.requests.is_empty() && explanation.mended.is_empty() && kind != "macro-error" {
            wrong.push(format!("{}: nothing of it is explained:\n{explanation}", example.id));
        }
        if !expected.iter().any(|code| found.contains(code)) {
            wrong.push(format!("{}: {kind} is not told, but {found:?}:\n{explanation}", example.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn days_where_days_are_kept_and_moments_where_moments_are_need_no_warning() {
    let contract = contract();
    for (model, argument) in [
        ("Counters", r#"{"s_date__range":["2018-10-01", "2018-11-01"]}"#),
        ("VoipLog", r#"{"s_time__range":["2017-11-20", "2017-11-25 23:59:59"]}"#),
        ("VoipLog", r#"{"s_time__gte":"2017-11-20", "s_time__lt":"2017-11-26"}"#),
    ] {
        let explanation = explain(&post(model, &format!("method1=objects.filter&arg1={argument}")), &contract);
        assert_eq!(explanation.pitfalls, [], "{argument}");
    }
    // Nothing is looked for: the value is written, and midnight is as good a moment as any.
    let written = r#"method1=objects.get&arg1={"id":118}&method2=set&arg2={"time_del":"2019-06-01"}&method3=save"#;
    let explanation = explain(&post("AbonentsBlockHistory", written), &contract);
    assert!(explanation.pitfalls.iter().all(|pitfall| pitfall.code != "day-for-a-moment"), "{explanation}");
}

#[test]
fn the_page_s_ranges_of_days_and_unknown_table_are_told() {
    let contract = contract();
    let codes = |id: &str, command: fn(&carbon_specs::example::Example) -> &str| -> Vec<&'static str> {
        let example = contract.example(id).unwrap_or_else(|| panic!("{id}"));
        explain(command(example), &contract).pitfalls.iter().map(|pitfall| pitfall.code).collect()
    };
    for (id, code) in [
        ("blocks-2.3", "day-for-a-moment"),
        ("blocks-2.4", "day-for-a-moment"),
        ("misc-2.1", "day-for-a-moment"),
        ("account-8.1", "unknown-table"),
    ] {
        assert!(codes(id, |example| &example.printed.command).contains(&code), "{id}");
        let mended = codes(id, |example| example.corrected.as_ref().map_or("", |variant| &variant.command));
        assert!(!mended.is_empty() || id != "account-8.1", "the corrected form is explained");
        assert!(!mended.contains(&code), "{id}, corrected: {mended:?}");
    }
    let found = explain(
        r#"sqlexec "select id from abonent" | while read id; do curl -d 'method1=objects.get&arg1={"id":'$id'}' http://h/rest_api/v2/Abonents/; done"#,
        &contract,
    );
    let pitfall = found.pitfalls.iter().find(|pitfall| pitfall.code == "unknown-table");
    assert!(pitfall.is_some_and(|pitfall| pitfall.fix.contains("`abonents`")), "{found}");
}

#[test]
fn a_chain_is_told_step_by_step() {
    let command = "sqlexec \"set list on; select id from abonents\" | awk '{print $2}' | while read line; do \
        curl -XPOST -d 'method1=objects.get&arg1={\"id\":'$line'}&method2=set&arg2={\"tarif_id\":\"1134\"}\
        &method3=save&arg3={}&fields=[\"tarif__name\"]' http://169.254.80.82:8082/rest_api/v2/abonents/ -D -; done";
    let explanation = explain(command, &contract());
    let request = &explanation.requests[0];
    assert_eq!(request.variables, ["line"]);
    assert_eq!(request.model.as_deref(), Some("Abonents"));
    let said: Vec<&str> = request.steps.iter().map(|step| step.says.as_str()).collect();
    assert_eq!(
        said,
        [
            r#"find the one row where id is "$line"; none or several are an error"#,
            r#"set tarif_id = "1134" on the object in hand; nothing is written yet"#,
            "save it: a task writes the whole row",
        ]
    );
    assert_eq!(request.fields.as_deref(), Some(&["tarif__name".to_owned()][..]));
    assert_eq!(errors(&explanation), [""; 0]);
    let text = explanation.to_string();
    assert!(text.starts_with("POST http://169.254.80.82:8082/rest_api/v2/abonents/\n"), "{text}");
    assert!(text.contains("with $line replaced by the shell") && text.contains("[write-is-a-task]"), "{text}");
    let json = serde_json::to_value(&explanation).unwrap();
    assert_eq!(json["requests"][0]["steps"][0]["method"], "objects.get");
    assert_eq!(json["pitfalls"][0]["severity"], "note");
}

#[test]
fn what_is_never_sent_is_explained_mended() {
    let contract = contract();
    let get = r#"method1=objects.get&arg1={"idd":1}"#;
    for command in [
        format!("curl -XPOST -d '{URL}' --data '{get}'"),
        format!("curl -XPOST -d '{get}' {URL} -D"),
        format!("curl -XPOST -d '{get}'' {URL}"),
        format!("curl -XPOST {URL} -d '{get}"),
    ] {
        let explanation = explain(&command, &contract);
        assert_eq!(explanation.requests, [], "{command}");
        let request = &explanation.mended[0];
        assert_eq!((request.url.as_str(), request.body.as_str()), (URL, get), "{command}");
        assert!(errors(&explanation).contains(&"unknown-field"), "{command}\n{explanation}");
        let text = explanation.to_string();
        assert!(text.starts_with("Nothing is sent.\n\nMended, it would send:\nPOST "), "{text}");
    }
}

#[test]
fn a_wrong_name_suggests_the_right_one() {
    let contract = contract();
    for (command, name) in [
        (post("Abonnents", "method1=objects.all"), "`Abonents`"),
        (post("Abonents", "method1=objects.fliter"), "`objects.filter`"),
        (post("Users", r#"method1=objects.filter&arg1={"abonent__contract_nummer":"1"}"#), "`contract_number`"),
        (post("Abonents", r#"method1=objects.get&arg1={"id":1}&method2=add_paymant"#), "`add_payment`"),
    ] {
        let explanation = explain(&command, &contract);
        assert!(explanation.pitfalls.iter().any(|pitfall| pitfall.fix.contains(name)), "{name}: {explanation}");
    }
}

#[test]
fn the_program_explains_and_its_exit_code_tells_errors() {
    let program = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_carbon-harness")).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let sound = post("Abonents", r#"method1=objects.get&arg1={"id":1}"#);
    let (code, text) = program(&["explain", &sound]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("1. find the one row where id is 1"), "{text}");
    let (code, text) = program(&["explain", "--format", "json", &post("Abonents", "method1=objects.gett")]);
    assert_eq!(code, Some(1), "{text}");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["pitfalls"][0]["code"], "unknown-method");
    // Pasted without quotes, the words come one by one.
    let (code, text) =
        program(&["explain", "curl", "-XPOST", "-d", r#"method1=objects.all&fields=["id", "name"]"#, URL, "-D", "-"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.starts_with(&format!("POST {URL}\n")), "{text}");
    assert_eq!(program(&["explain"]).0, Some(2));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_command_makes_it_panic(text in r#"(curl |-d |-X|-D |--data-urlencode |http://|/rest_api/v2/|Abonents|method1=|objects\.get|arg|fields=|[&{}"'\[\],:%+$@=\\ a-zЖ0-9]){0,40}"#) {
        static CONTRACT: std::sync::LazyLock<Contract> = std::sync::LazyLock::new(contract);
        let explanation = explain(&text, &CONTRACT);
        let again = explain(&format!("curl -XPOST -d '{text}' '{URL}'"), &CONTRACT);
        for explanation in [explanation, again] {
            proptest::prop_assert!(!explanation.to_string().is_empty());
            proptest::prop_assert!(explanation.pitfalls.is_sorted_by_key(|pitfall| pitfall.severity));
        }
    }
}
