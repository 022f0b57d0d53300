//! Takes names, phones, addresses, passwords, sessions and the like out of what is about to be written.
//!
//! By field, as the contract marks them, and where the contract knows nothing, by the field's name; then by pattern in every text
//! that is left; then whatever was hidden once is hidden wherever else it stands, in an error's sentence too. The same value always
//! becomes the same placeholder, so that two replies can still be compared, and a key that nobody else has keeps
//! placeholders from being guessed. A name in a free text that no field has shown is found only if it looks like one
//! (three words, a patronymic): that much cannot be promised.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::{Arc, LazyLock};

use carbon_specs::Schema;
use hmac::{Hmac, Mac};
use regex::Regex;
use serde_json::{Map, Number, Value};
use sha2::Sha256;

use super::shape::nested;

/// So many hidden values are remembered, to be hidden wherever else they stand.
const REMEMBERED: usize = 50_000;

/// Names of fields that hold something personal or secret, where the contract does not know the field.
static NAMES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"(?i)(^|_)(names?|fio|surname|patronymic|firstname|lastname|person|passw\w*|pwd|pass|secret\w*|token\w*|suid|session(id|_id|_key)?|cookie\w*|phones?|sms|tel|telephone|mobile|e?mail\w*|ip|ips|ipv4|ipv6|snatip|mac|macs|address\w*|addr|addressee|street|house|s_number|flat|apartment|a_home_number|passport\w*|inn|login|username|contract_number|birth\w*|contact\w*|src|dst)(_|$)",
    )
});

/// What stands for itself in any text, and what it is called. The first that matches is taken.
static PATTERNS: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    [
        ("email", r"[\w.+-]+@[\w-]+(\.[\w-]+)+"),
        ("mac", r"\b[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}\b|\b[0-9A-Fa-f]{4}(\.[0-9A-Fa-f]{4}){2}\b"),
        ("ip", r"\b(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}\b"),
        ("ip", r"(?i)\b([0-9a-f]{1,4}:){3,7}(:|[0-9a-f]{1,4}\b)"),
        ("phone", r"(\+7|\b[78])[ (-]{0,2}\d{3}[ )-]{0,2}\d{3}[ -]?\d{2}[ -]?\d{2}\b"),
        ("secret", r"(?i)\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{24,}\b"),
        ("name", r"\b[А-ЯЁ][а-яё]+(-[А-ЯЁ][а-яё]+)? [А-ЯЁ][а-яё]+ [А-ЯЁ][а-яё]+(вич|вна|ична|ьич)\b"),
    ]
    .into_iter()
    .filter_map(|(kind, text)| Some((kind, pattern(text)?)))
    .collect()
});

/// A pattern of ours; a test proves that each of them is one.
fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

/// Hides what must not be written.
#[derive(Debug)]
pub struct Redactor {
    schema: Arc<Schema>,
    key: Vec<u8>,
    /// Names of models, fields and methods: a value that happens to be one hides nothing in a sentence.
    words: HashSet<String>,
    hidden: HashSet<String>,
}

impl Redactor {
    /// With a key of its own; two redactors of the same key give the same placeholders.
    pub fn new(schema: Arc<Schema>, key: impl Into<Vec<u8>>) -> Self {
        let mut words = HashSet::new();
        for model in &schema.models {
            words.extend([&model.name, &model.table].map(|name| name.to_lowercase()));
            words.extend(model.fields.iter().flat_map(|field| [field.name.clone(), field.column.clone()]));
            words.extend(model.properties.keys().chain(model.methods.keys()).cloned());
        }
        Self { schema, key: key.into(), words, hidden: HashSet::new() }
    }

    /// A reply, or any JSON, without what must not be written.
    pub fn value(&mut self, value: &Value) -> Value {
        let hidden = self.by_field(None, value);
        self.everywhere(&hidden)
    }

    /// The pairs of a form body; arguments as JSON, with the values of conditions hidden as the fields they name.
    pub fn form(&mut self, body: &str) -> Value {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(body).unwrap_or_default();
        let pairs = pairs.into_iter().map(|(name, text)| {
            let value = match serde_json::from_str::<Value>(&text) {
                Ok(json) if json.is_object() || json.is_array() => {
                    let hidden = self.by_field(None, &json);
                    self.everywhere(&hidden)
                }
                _ if is_named(&name) => Value::String(self.hide(&text, true)),
                _ => Value::String(self.text(&text)),
            };
            Value::Array(vec![Value::String(name), value])
        });
        pairs.collect()
    }

    /// A form body, spelled so that it can be read; it is not for sending.
    pub fn body(&mut self, body: &str) -> String {
        let Value::Array(pairs) = self.form(body) else { return String::new() };
        let spelled = pairs.iter().map(|pair| match &pair[1] {
            Value::String(text) => format!("{}={text}", pair[0].as_str().unwrap_or_default()),
            json => format!("{}={json}", pair[0].as_str().unwrap_or_default()),
        });
        spelled.collect::<Vec<_>>().join("&")
    }

    /// A sentence, or a value spelled as JSON, without what must not be written.
    pub fn sentence(&mut self, text: &str) -> String {
        match serde_json::from_str::<Value>(text) {
            Ok(json) if json.is_object() || json.is_array() => self.value(&json).to_string(),
            _ => self.text(text),
        }
    }

    /// A text without what must not be written.
    pub fn text(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        let mut known: Vec<&String> = self.hidden.iter().filter(|secret| shown.contains(secret.as_str())).collect();
        // The longest first, for one may be part of another.
        known.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        for secret in known {
            shown = replace_words(&shown, secret, &self.placeholder(secret));
        }
        self.patterns(&shown)
    }

    fn patterns(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        for (_, pattern) in PATTERNS.iter() {
            shown = pattern.replace_all(&shown, |found: &regex::Captures<'_>| self.placeholder(&found[0])).into_owned();
        }
        shown
    }

    /// Hides the values of fields. `model` is the one whose columns an object's keys are.
    fn by_field(&mut self, model: Option<&str>, value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| self.by_field(None, item)).collect(),
            Value::Object(pairs) => {
                let row = pairs.get("fields").and(pairs.get("model")).and_then(Value::as_str);
                let mut shown = Map::new();
                for (name, value) in pairs {
                    let value = match (row, name.as_str()) {
                        (Some(row), "fields") => self.by_field(Some(row), value),
                        (Some(_), "model" | "pk") => value.clone(),
                        _ if self.is_secret(model, name) => {
                            let marked = self.is_marked(model, name);
                            self.hidden(value, marked)
                        }
                        _ => self.by_field(None, value),
                    };
                    shown.insert(name.clone(), value);
                }
                Value::Object(shown)
            }
            Value::String(text) => match nested(text) {
                Some(inner) => Value::String(self.by_field(None, &inner).to_string()),
                None => value.clone(),
            },
            other => other.clone(),
        }
    }

    /// What remains to be hidden in texts and keys, wherever they stand.
    fn everywhere(&self, value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| self.everywhere(item)).collect(),
            Value::Object(pairs) => {
                let shown = pairs.iter().map(|(name, value)| (self.patterns(name), self.everywhere(value)));
                Value::Object(shown.collect())
            }
            Value::String(text) => match nested(text) {
                Some(inner) => Value::String(self.everywhere(&inner).to_string()),
                None => Value::String(self.text(text)),
            },
            Value::Number(number) => {
                let digits = number.to_string();
                let phone = digits.len() == 11 && digits.starts_with(['7', '8']);
                if phone || self.hidden.contains(&digits) { self.number(number) } else { value.clone() }
            }
            other => other.clone(),
        }
    }

    fn is_secret(&self, model: Option<&str>, name: &str) -> bool {
        if let Some(model) = model.and_then(|model| self.schema.model(model)) {
            if let Some(field) = model.field(name) {
                return field.secret;
            }
            if let Some(property) = model.properties.get(name) {
                return property.secret;
            }
        }
        // A path of conditions names its column before the lookup: `abonent__sms__contains`.
        let marked =
            |part: &str| self.schema.models.iter().any(|model| model.field(part).is_some_and(|field| field.secret));
        name.split("__").any(|part| marked(part) || is_named(part))
    }

    /// Whether the contract says that the field is secret, or its name leaves no doubt: a `name` may be a tariff's, which
    /// is hidden here to be safe, and need not be hunted for elsewhere.
    fn is_marked(&self, model: Option<&str>, name: &str) -> bool {
        let known = model.and_then(|model| self.schema.model(model)).and_then(|model| model.field(name));
        known.is_some() || !name.ends_with("name")
    }

    /// Everything under a secret field; `marked` values are hidden wherever else they stand, too.
    fn hidden(&mut self, value: &Value, marked: bool) -> Value {
        match value {
            Value::String(text) => match nested(text) {
                Some(inner) => Value::String(self.hidden(&inner, marked).to_string()),
                None => Value::String(self.hide(text, marked)),
            },
            Value::Number(number) => {
                if marked {
                    self.remember(&number.to_string());
                }
                self.number(number)
            }
            Value::Array(items) => items.iter().map(|item| self.hidden(item, marked)).collect(),
            // An expanded row tells by itself what is secret of it.
            Value::Object(pairs) if pairs.contains_key("model") && pairs.contains_key("fields") => {
                self.by_field(None, value)
            }
            Value::Object(pairs) => {
                let shown = pairs.iter().map(|(name, value)| (name.clone(), self.hidden(value, marked)));
                Value::Object(shown.collect())
            }
            other => other.clone(),
        }
    }

    fn hide(&mut self, text: &str, marked: bool) -> String {
        // What is empty hides nothing, and what is hidden already stays as it is.
        if text.is_empty() || text.starts_with('<') && text.ends_with('>') && text.contains(':') {
            return text.to_owned();
        }
        if marked {
            self.remember(text);
        }
        self.placeholder(text)
    }

    fn remember(&mut self, text: &str) {
        let digits = text.chars().all(|sign| sign.is_ascii_digit());
        // A flat's number stands in many texts without being one.
        let long = text.chars().count() >= if digits { 7 } else { 5 };
        if long && !self.words.contains(&text.to_lowercase()) && self.hidden.len() < REMEMBERED {
            self.hidden.insert(text.to_owned());
        }
    }

    /// The same for the same value, whatever the field.
    fn placeholder(&self, text: &str) -> String {
        let whole = |pattern: &Regex| pattern.find(text).is_some_and(|found| found.len() == text.len());
        let kind = PATTERNS.iter().find(|(_, pattern)| whole(pattern)).map_or("text", |(kind, _)| kind);
        let mut shown = format!("<{kind}:");
        for byte in &self.digest(text)[..5] {
            let _ = write!(shown, "{byte:02x}");
        }
        shown.push('>');
        shown
    }

    /// Another number of as many digits.
    fn number(&self, number: &Number) -> Value {
        let text = number.to_string();
        let digest = self.digest(&text);
        let digits = text.bytes().filter(u8::is_ascii_digit).count().clamp(1, 18);
        let whole = digest.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        let low = 10_u64.pow(digits as u32 - 1);
        Value::from(low + whole % (9 * low))
    }

    fn digest(&self, text: &str) -> Vec<u8> {
        // HMAC takes a key of any length.
        match <Hmac<Sha256> as Mac>::new_from_slice(&self.key) {
            Ok(mut mac) => {
                mac.update(text.as_bytes());
                mac.finalize().into_bytes().to_vec()
            }
            Err(_) => vec![0; 32],
        }
    }
}

/// Replaces a text where it stands by itself, and not as a part of a word.
fn replace_words(text: &str, from: &str, to: &str) -> String {
    let part = |sign: Option<char>| sign.is_some_and(|sign| sign.is_alphanumeric() || sign == '_');
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (before, after) = (&rest[..at], &rest[at + from.len()..]);
        let whole = !part(before.chars().next_back().or(shown.chars().next_back())) && !part(after.chars().next());
        shown.push_str(before);
        shown.push_str(if whole { to } else { from });
        rest = after;
    }
    shown.push_str(rest);
    shown
}

fn is_named(name: &str) -> bool {
    NAMES.as_ref().is_none_or(|names| names.is_match(name))
}

#[cfg(test)]
mod tests {
    use carbon_specs::Contract;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    static SCHEMA: LazyLock<Arc<Schema>> = LazyLock::new(|| Arc::new(Contract::embedded().unwrap().schema));

    fn redactor() -> Redactor {
        Redactor::new(Arc::clone(&SCHEMA), "a key")
    }

    #[test]
    fn every_pattern_is_one() {
        assert!(NAMES.is_some());
        assert_eq!(PATTERNS.len(), 7);
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
        let mut redactor = redactor();
        let hidden = redactor.value(&json!({ "pk": 1, "model": "Users", "fields": { "login": "makarov1" } }));
        let text = redactor.text("User with login makarov1 is there, +7 (999) 000-11-22, 10.1.2.3");
        assert!(!text.contains("makarov1") && !text.contains("999") && !text.contains("10.1.2.3"), "{text}");
        assert!(text.contains(hidden["fields"]["login"].as_str().unwrap()), "the same placeholder: {text}");
    }

    #[test]
    fn requests_and_json_in_texts() {
        let mut redactor = redactor();
        let form = redactor
            .form(r#"method1=objects.filter&arg1={"abonent__sms__contains":"0001122","id":45}&password=hunter22"#);
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
}
