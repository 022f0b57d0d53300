use carbon_specs::Contract;
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// What must go, in many spellings: the value, then what a sentence shows of it where that is not the value by itself.
const PERSONAL: &str = include_str!("../../tests/data/personal.tsv");
/// What must stay as it is: without it, a report says nothing.
const PLAIN: &str = include_str!("../../tests/data/plain.txt");

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

static SCHEMA: LazyLock<Arc<Schema>> = LazyLock::new(|| Arc::new(Contract::embedded().unwrap().schema));

fn redactor() -> Redactor {
    Redactor::new(Arc::clone(&SCHEMA), "a key")
}

/// What of a value is left in what is shown: all of it, or a long part: a number without its country is a number.
fn left<'v>(shown: &str, value: &'v str) -> Option<&'v str> {
    let runs = value.split(|sign: char| !sign.is_alphanumeric()).filter(|run| run.chars().count() >= 5);
    std::iter::once(value).chain(runs).find(|part| shown.contains(part))
}

#[test]
fn everything_personal_goes_wherever_it_stands() {
    let mut wrong = Vec::new();
    for line in lines(PERSONAL) {
        let (value, sentence) = line.split_once('\t').unwrap_or((line, "{}"));
        let text = sentence.replace("{}", value);
        let places = [
            json!({ "note": format!("вчера: {text}, сегодня") }),
            json!({ "result": [[{ "x": text }]] }),
            json!({ "error": format!("no such value: {text}.") }),
            json!([json!({ "y": text }).to_string()]),
            json!([json!([json!({ "z": text }).to_string()]).to_string()]),
        ];
        for place in places {
            let shown = redactor().value(&place);
            wrong.extend(left(&shown.to_string(), value).map(|part| format!("{part} of {place}: {shown}")));
            let again = redactor().value(&shown);
            wrong.extend((again != shown).then(|| format!("not the same again: {shown} {again}")));
        }
        let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        let percent: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for text in [format!("<html><p>{text}</p>"), format!("{text}\nat line 1"), escaped, percent] {
            let shown = redactor().sentence(&text);
            wrong.extend(left(&shown, value).map(|part| format!("{part} of {text}: {shown}")));
            let again = redactor().text(&shown);
            wrong.extend((again != shown).then(|| format!("not the same again: {shown} {again}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_says_something_stays() {
    let mut wrong = Vec::new();
    for line in lines(PLAIN) {
        let shown = redactor().text(line);
        wrong.extend((shown != line).then(|| format!("{line}: {shown}")));
        let told = json!({ "error": line, "result": [{ "x": line }] });
        let shown = redactor().value(&told);
        wrong.extend((shown != told).then(|| format!("{told}: {shown}")));
    }
    for number in [0, 45, 2_147_483_647, 1_643_700_000, 1_100_000_000_000_i64, 85_000_000_000, 20_220_201_100_000] {
        let shown = redactor().value(&json!({ "x": number }));
        wrong.extend((shown["x"] != number).then(|| format!("{number}: {shown}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn numbers_of_persons_go_too() {
    for number in [79_161_234_567_i64, 9_161_234_567, 4_111_111_111_111_111, 144_997_776_676_316_356] {
        let shown = redactor().value(&json!({ "x": number }));
        assert_ne!(shown["x"], number);
        assert_eq!(shown["x"].to_string().len(), number.to_string().len());
    }
}

#[test]
fn names_and_values_in_texts_that_are_no_json() {
    let redactor = redactor();
    for (text, secret) in [
        (r#"{"login": "makarov1", "ip": nu... (400 characters)"#, "makarov1"),
        (r#"["{\"psw\": \"q1w2e3\"}"#, "q1w2e3"),
        (r#"... "a_home_number": "12", "phone": 79161"#, "79161"),
        (r#"{"userLogin":"makarov1"}x"#, "makarov1"),
    ] {
        let shown = redactor.sentence(text);
        assert!(!shown.contains(secret), "{shown}");
    }
    assert_eq!(redactor.sentence(r#"{"tarif_id": 7, "deleted": 0, ..."#), r#"{"tarif_id": 7, "deleted": 0, ..."#);
}

#[test]
fn what_the_user_has_typed_stays() {
    let redactor = redactor().sparing("192.0.2.1");
    let shown = redactor.text("http://192.0.2.1:8082 cannot be reached, 192.0.2.2:80 neither");
    assert!(shown.starts_with("http://192.0.2.1:8082 cannot be reached, <ip:"), "{shown}");
}

#[test]
fn fields_are_hidden_as_the_contract_marks_them() {
    let reply = json!({ "call": "/rest_api/v2/Abonents/", "result": [
        { "pk": 45, "model": "Abonents", "fields": {
            "name": "Киркоров", "sms": "+79990001122", "tarif_id": 1, "email": null, "a_home_number": "",
            "tarif": { "pk": 1, "model": "Tarif", "fields": { "name": "Основной" } } } } ] });
    let shown = redactor().value(&reply);
    let fields = &shown["result"][0]["fields"];
    assert!(fields["name"].as_str().unwrap().starts_with("<text:"), "{fields}");
    assert!(fields["sms"].as_str().unwrap().starts_with("<phone:"));
    assert_eq!(fields["email"], Value::Null);
    assert_eq!(fields["a_home_number"], "");
    assert_eq!(fields["tarif"]["fields"]["name"], "Основной");
    assert_eq!(shown["result"][0]["pk"], 45);
}

#[test]
fn what_was_hidden_once_is_hidden_in_sentences() {
    let redactor = redactor();
    let hidden = redactor.value(&json!({ "pk": 1, "model": "Users", "fields": { "login": "makarov1" } }));
    let text = redactor.text("User with login makarov1 is there, +7 (999) 000-11-22, 10.1.2.3");
    assert!(!text.contains("makarov1") && !text.contains("999") && !text.contains("10.1.2.3"), "{text}");
    assert!(text.contains(hidden["fields"]["login"].as_str().unwrap()), "the same placeholder: {text}");
}

#[test]
fn requests_and_json_in_texts() {
    let redactor = redactor();
    let form = redactor.form(
        "/rest_api/v2/Users/",
        r#"method1=objects.filter&arg1={"abonent__sms__contains":"0001122","id":45}&password=hunter22"#,
    );
    assert_eq!(form[0], json!(["method1", "objects.filter"]));
    assert_eq!(form[1][1]["id"], 45);
    assert!(!form.to_string().contains("0001122") && !form.to_string().contains("hunter22"), "{form}");
    let cabinet = redactor.value(&json!(["{\"suid\": \"d41d8cd98f00b204\", \"result\": true}"]));
    let inner: Value = serde_json::from_str(cabinet[0].as_str().unwrap()).unwrap();
    assert!(inner["suid"].as_str().unwrap().starts_with('<'));
    assert_eq!(inner["result"], true);
}

#[test]
fn another_key_gives_other_placeholders() {
    let shown = |key: &str| Redactor::new(Arc::clone(&SCHEMA), key).text("someone@example.net");
    assert_eq!(shown("one"), shown("one"));
    assert_ne!(shown("one"), shown("other"));
}

fn secrets() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\+79[0-9]{9}",
        "[a-z]{3,8}@[a-z]{3,8}\\.(ru|net)",
        "10\\.[1-9][0-9]\\.[1-9][0-9]\\.[1-9][0-9]",
        "[0-9A-F]{2}(:[0-9A-F]{2}){5}",
        "[0-9a-f]{32}",
    ]
}

proptest! {
    #[test]
    fn no_planted_value_is_left(secret in secrets(), place in 0..5) {
        let planted = match place {
            0 => json!({ "note": format!("звонил {secret} вчера") }),
            1 => json!({ "result": [[{ "x": secret }]] }),
            2 => json!({ secret.clone(): 1 }),
            3 => json!([json!({ "y": secret }).to_string()]),
            _ => json!({ "error": format!("no such value: {secret}.") }),
        };
        let shown = redactor().value(&planted).to_string();
        prop_assert!(!shown.contains(&secret), "{shown}");
        prop_assert_eq!(redactor().value(&planted).to_string(), shown, "the same again");
    }

    #[test]
    fn shapes_of_secret_fields_stay(text in "[a-zа-я]{1,12}", number in 10_000_000_u64..10_000_000_000) {
        let shown = redactor().value(&json!({ "login": text, "phone": number, "passwd_ok": true }));
        prop_assert!(shown["login"].is_string() && shown["passwd_ok"].is_boolean());
        prop_assert_eq!(shown["phone"].to_string().len(), number.to_string().len());
    }
}

#[test]
fn of_values_in_a_row_each_goes() {
    let all: Vec<(&str, String)> = lines(PERSONAL)
        .map(|line| match line.split_once('\t') {
            Some((value, sentence)) => (value, sentence.replace("{}", value)),
            None => (line, line.to_owned()),
        })
        .collect();
    let sentences: Vec<&str> = all.iter().map(|(_, sentence)| sentence.as_str()).collect();
    for between in ["\n", "\\n", ", ", ";", "</p><p>"] {
        let shown = redactor().sentence(&sentences.join(between));
        let wrong: Vec<&str> = all.iter().filter_map(|(value, _)| left(&shown, value)).collect();
        assert!(wrong.is_empty(), "{between:?}: {wrong:?} in {shown}");
    }
}
