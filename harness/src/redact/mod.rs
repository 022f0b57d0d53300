//! Takes names, phones, addresses, passwords, sessions and the like out of what is about to be written or printed.
//!
//! By field, as the contract marks them, and where the contract knows nothing, by the field's name (`fields`); then whatever
//! was hidden once is hidden wherever else it stands, in an error's sentence too (`known`); then by looks in every text that is
//! left (`patterns`). What is written at the end goes through once more (`again`), for a later reply may show whose name an
//! earlier one holds. The same value always becomes the same placeholder, so that two replies can still be compared, and
//! a key that nobody else has keeps placeholders from being guessed. A name in a free text that no field has shown is found
//! only if it looks like one (three words, initials, a patronymic): that much cannot be promised.
//!
//! [`Veil`] is where a program keeps its redactor: nobody can ask a server that is not ours without drawing it.

mod again;
mod fields;
pub mod given;
mod known;
mod patterns;
mod spelling;
mod veil;

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use carbon_specs::Schema;
use hmac::{Hmac, Mac};
use regex::Regex;
use serde_json::{Map, Number, Value};
use sha2::Sha256;

use crate::exchange::{Answer, Exchange, Sent, nested};
use given::is_given;
use known::Known;
pub use veil::Veil;

/// Numbers of so many digits are told from others.
const LONG: usize = 7;

/// What was put in the place of something.
static PLACEHOLDER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"<[a-z]+:[0-9a-f]{10}>").ok());

/// What stays as it is: placeholders, and the names that sandboxes of ours give, though their digits may look like a phone's.
static STAYS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"<[a-z]+:[0-9a-f]{10}>|\bcarbon-harness-[0-9a-f]{8}-[0-9]{1,6}\b").ok());

/// A name and its value in a text that is no whole JSON, escaped or not.
static PAIR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"\\*"(?P<key>[^"\\\s]{1,60})\\*"\s*:\s*(?:\\*"(?P<text>(?:[^"\\]|\\[^"])+)|(?P<number>-?\d[\d.]*))"#)
        .ok()
});

/// Hides what must not be written. Its clones share what they have seen.
#[derive(Clone, Debug)]
pub struct Redactor {
    schema: Arc<Schema>,
    key: Arc<[u8]>,
    /// Names of models, fields and methods: a value that happens to be one hides nothing in a sentence.
    words: Arc<HashSet<String>>,
    known: Arc<RwLock<Known>>,
    /// Long numbers that were put in the place of others: hidden already, whatever they look like.
    stand_ins: Arc<RwLock<HashSet<String>>>,
    /// What the user has typed himself: the server's address.
    spared: Arc<HashSet<String>>,
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
        Self {
            schema,
            key: key.into().into(),
            words: Arc::new(words),
            known: Arc::default(),
            stand_ins: Arc::default(),
            spared: Arc::default(),
        }
    }

    /// The same, with nothing seen yet. What a recording hides must follow from its own replies: else two recordings of the
    /// same replies would differ.
    #[must_use]
    pub fn afresh(&self) -> Self {
        Self { known: Arc::default(), stand_ins: Arc::default(), ..self.clone() }
    }

    /// The same, but this text stays.
    #[must_use]
    pub fn sparing(&self, text: &str) -> Self {
        let spared = self.spared.iter().cloned().chain([text.to_owned()]);
        Self { spared: Arc::new(spared.collect()), ..self.clone() }
    }

    /// A reply, or any JSON, without what must not be written.
    pub fn value(&self, value: &Value) -> Value {
        self.of(None, value)
    }

    /// JSON whose keys are columns of a model, or paths of conditions that begin there.
    pub fn of(&self, model: Option<&str>, value: &Value) -> Value {
        let hidden = self.by_field(model, value);
        self.everywhere(&hidden)
    }

    /// Remembers what a reply shows of anybody, to be hidden in what is said later.
    pub fn learn(&self, answer: &Answer) {
        if let Ok(reply) = answer.json() {
            self.by_field(None, &reply);
        }
    }

    /// A request and its answer. The answer first: what its fields hide is then hidden in the request, too.
    pub fn exchange(&self, exchange: &mut Exchange) {
        let Answer { status: _, content_type, body } = &mut exchange.answer;
        *body = match serde_json::from_slice::<Value>(body) {
            Ok(reply) => self.value(&reply).to_string().into(),
            Err(_) => self.sentence(&String::from_utf8_lossy(body)).into(),
        };
        *content_type = self.text(content_type);
        self.sent(&mut exchange.sent);
    }

    /// A request, spelled so that it can be read; it is not for sending.
    pub fn sent(&self, sent: &mut Sent) {
        sent.body = self.body(&sent.path, &sent.body);
        sent.path = self.text(&sent.path);
    }

    /// The pairs of a form body; arguments as JSON, with the values of conditions hidden as the columns they lead to.
    pub fn form(&self, path: &str, body: &str) -> Value {
        let model = path.trim_end_matches('/').rsplit('/').next();
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(body).unwrap_or_default();
        let pairs = pairs.into_iter().map(|(name, text)| {
            let value = match serde_json::from_str::<Value>(&text) {
                Ok(json) if json.is_object() || json.is_array() => self.of(model, &json),
                _ if fields::is_named(&name) => Value::String(self.hide(&text, true)),
                _ => Value::String(self.sentence(&text)),
            };
            Value::Array(vec![Value::String(self.text(&name)), value])
        });
        pairs.collect()
    }

    fn body(&self, path: &str, body: &str) -> String {
        let Value::Array(pairs) = self.form(path, body) else { return String::new() };
        let spelled = pairs.iter().map(|pair| match &pair[1] {
            Value::String(text) => format!("{}={text}", pair[0].as_str().unwrap_or_default()),
            json => format!("{}={json}", pair[0].as_str().unwrap_or_default()),
        });
        spelled.collect::<Vec<_>>().join("&")
    }

    /// A text of a server's, or about one: whole JSON, JSON that was cut, or a sentence.
    pub fn sentence(&self, text: &str) -> String {
        match serde_json::from_str::<Value>(text) {
            Ok(json) if json.is_object() || json.is_array() => self.value(&json).to_string(),
            _ => self.text(&self.pairs(text)),
        }
    }

    /// A text without what was hidden elsewhere, and without what looks personal. What is hidden already stays as it is.
    pub fn text(&self, text: &str) -> String {
        let hidden = |text: &str| {
            self.between(text, &|part| {
                let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
                let part = known.replace(part, &|found| self.placeholder(found));
                drop(known);
                self.between(&part, &|part| self.looks(part))
            })
        };
        // What is spelled for a URL, for JSON or for HTML is the same value.
        let read = spelling::read(text).filter(|read| hidden(read) != *read);
        hidden(read.as_deref().unwrap_or(text))
    }

    /// What stands between placeholders and what else stays.
    fn between(&self, text: &str, change: &dyn Fn(&str) -> String) -> String {
        let Some(placeholders) = STAYS.as_ref() else { return change(text) };
        let mut shown = String::with_capacity(text.len());
        let mut at = 0;
        for placeholder in placeholders.find_iter(text) {
            shown.push_str(&change(&text[at..placeholder.start()]));
            shown.push_str(placeholder.as_str());
            at = placeholder.end();
        }
        shown.push_str(&change(&text[at..]));
        shown
    }

    fn looks(&self, text: &str) -> String {
        patterns::replace(text, &|found| self.placeholder(found))
    }

    /// `"login": "makarov"` in a text.
    fn pairs(&self, text: &str) -> String {
        let Some(pair) = PAIR.as_ref() else { return text.to_owned() };
        let replaced = pair.replace_all(text, |found: &regex::Captures<'_>| {
            let all = &found[0];
            if !fields::is_secret(&self.schema, None, &found["key"]) {
                return all.to_owned();
            }
            match (found.name("text"), found.name("number")) {
                (Some(text), _) => all.replacen(text.as_str(), &self.hide(text.as_str(), false), 1),
                (_, Some(number)) => all.replacen(number.as_str(), &self.placeholder(number.as_str()), 1),
                _ => all.to_owned(),
            }
        });
        replaced.into_owned()
    }

    /// Hides the values of fields. `model` is the one whose columns an object's keys are.
    fn by_field(&self, model: Option<&str>, value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| self.by_field(model, item)).collect(),
            Value::Object(pairs) => {
                let row = pairs.get("fields").and(pairs.get("model")).and_then(Value::as_str);
                let mut shown = Map::new();
                for (name, value) in pairs {
                    let value = match (row, name.as_str()) {
                        (Some(row), "fields") => self.by_field(Some(row), value),
                        (Some(_), "model" | "pk") => value.clone(),
                        _ if fields::is_secret(&self.schema, model, name) => {
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
                Some(inner) => within(text, &inner, &self.by_field(None, &inner)),
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
                let shown = pairs.iter().map(|(name, value)| (self.text(name), self.everywhere(value)));
                Value::Object(shown.collect())
            }
            Value::String(text) => match nested(text) {
                Some(inner) => within(text, &inner, &self.everywhere(&inner)),
                None => Value::String(self.text(text)),
            },
            Value::Number(number) => {
                let digits = number.to_string();
                // A taxpayer's number is told from an id by a check digit that one id in ten has.
                let looks = patterns::kind_of(&digits).is_some_and(|kind| kind != "inn");
                let hides = (looks || self.is_known(&digits)) && !self.is_stand_in(&digits);
                if hides { self.stand_in(number) } else { value.clone() }
            }
            other => other.clone(),
        }
    }

    fn is_known(&self, text: &str) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).contains(text)
    }

    fn is_stand_in(&self, digits: &str) -> bool {
        self.stand_ins.read().unwrap_or_else(PoisonError::into_inner).contains(digits)
    }

    /// Whether the contract says that the field is secret, or its name leaves no doubt: a `name` may be a tariff's, which
    /// is hidden here to be safe, and need not be hunted for elsewhere.
    fn is_marked(&self, model: Option<&str>, name: &str) -> bool {
        let known = model.and_then(|model| self.schema.model(model)).and_then(|model| model.field(name));
        known.is_some() || !name.ends_with("name")
    }

    /// Everything under a secret field; `marked` values are hidden wherever else they stand, too.
    fn hidden(&self, value: &Value, marked: bool) -> Value {
        match value {
            Value::String(text) => match nested(text) {
                Some(inner) => Value::String(self.hidden(&inner, marked).to_string()),
                None => Value::String(self.hide(text, marked)),
            },
            Value::Number(number) => {
                if marked {
                    self.remember(&number.to_string());
                }
                self.stand_in(number)
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

    fn hide(&self, text: &str, marked: bool) -> String {
        let is_placeholder = PLACEHOLDER
            .as_ref()
            .is_some_and(|pattern| pattern.find(text).is_some_and(|found| found.len() == text.len()));
        // What is empty hides nothing, and what is hidden already stays as it is.
        if text.is_empty() || is_placeholder {
            return text.to_owned();
        }
        if marked {
            self.remember(text);
        }
        self.placeholder(text)
    }

    fn remember(&self, text: &str) {
        let digits = text.chars().all(|sign| sign.is_ascii_digit());
        // A flat's number stands in many texts without being one.
        let long = text.chars().count() >= if digits { LONG } else { 5 };
        if long && !self.is_spared(text) && !self.is_known(text) {
            self.known.write().unwrap_or_else(PoisonError::into_inner).add(text);
        }
    }

    /// What is nobody's: what the user has typed, the contract's words, names that a sandbox of ours has given. Whoever is to
    /// remove such an object by hand must be told its name.
    fn is_spared(&self, text: &str) -> bool {
        self.spared.contains(text) || self.words.contains(&text.to_lowercase()) || is_given(text)
    }

    /// The same for the same value, whatever the field.
    fn placeholder(&self, text: &str) -> String {
        if self.is_spared(text) {
            return text.to_owned();
        }
        let mut shown = format!("<{}:", patterns::kind_of(text).unwrap_or("text"));
        for byte in &self.digest(text)[..5] {
            let _ = write!(shown, "{byte:02x}");
        }
        shown.push('>');
        shown
    }

    /// Another number, which stays as it is from now on. Short ones are never taken for anything.
    fn stand_in(&self, number: &Number) -> Value {
        let shown = self.number(number);
        let digits = shown.to_string();
        if digits.len() >= LONG && !self.is_stand_in(&digits) {
            self.stand_ins.write().unwrap_or_else(PoisonError::into_inner).insert(digits);
        }
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

/// JSON in a text, after it was changed: where nothing was, as it was spelled.
fn within(text: &str, before: &Value, after: &Value) -> Value {
    Value::String(if before == after { text.to_owned() } else { after.to_string() })
}

#[cfg(test)]
mod tests;
