//! A call as a value: made by a law, sent by [`super::ask`], made smaller by [`super::shrink`], printed as curl.

use serde_json::{Map, Value};

use super::sample::Sample;
use crate::exchange::Sent;

/// How an argument is spelled.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg {
    /// `argN={...}`.
    Json(Value),
    /// No `argN` at all.
    Absent,
    /// `argN=`.
    Empty,
}

/// One method of a chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The number after `method` and `arg`.
    pub number: u32,
    /// `objects.filter`, `count`.
    pub method: String,
    /// Its argument.
    pub arg: Arg,
}

/// How the form body is spelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spelling {
    /// As `curl -d` sends what the page prints: only what would break the form is escaped.
    #[default]
    Bare,
    /// Everything percent-encoded, a space as `%20`.
    Percent,
    /// Everything percent-encoded, a space as `+`.
    Plus,
}

/// A call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The model, spelled as in the URL.
    pub model: String,
    /// The chain.
    pub steps: Vec<Step>,
    /// What of the objects is asked for; nothing asks for every column.
    pub fields: Option<Vec<String>>,
    /// Pairs that stand before the others and that later ones of the same name replace.
    pub before: Vec<(String, String)>,
    /// How the body is spelled.
    pub spelling: Spelling,
}

/// One condition as an argument.
pub fn condition(path: &str, value: &Value) -> Value {
    Value::Object(Map::from_iter([(path.to_owned(), value.clone())]))
}

/// Several conditions as one argument.
pub fn conditions<'a>(pairs: impl IntoIterator<Item = &'a (String, Value)>) -> Value {
    Value::Object(pairs.into_iter().cloned().collect())
}

impl Call {
    /// A chain of one method.
    pub fn new(model: &str, method: &str, arg: Value) -> Self {
        let steps = vec![Step { number: 1, method: method.to_owned(), arg: Arg::Json(arg) }];
        Self { model: model.to_owned(), steps, fields: None, before: Vec::new(), spelling: Spelling::Bare }
    }

    /// `objects.all`.
    pub fn all(model: &str) -> Self {
        Self::new(model, "objects.all", Value::Object(Map::new()))
    }

    /// `objects.filter`.
    pub fn filter(model: &str, arg: Value) -> Self {
        Self::new(model, "objects.filter", arg)
    }

    /// `objects.get`.
    pub fn get(model: &str, arg: Value) -> Self {
        Self::new(model, "objects.get", arg)
    }

    /// One method more.
    #[must_use]
    pub fn then(mut self, method: &str, arg: Value) -> Self {
        let number = self.steps.last().map_or(1, |step| step.number + 1);
        self.steps.push(Step { number, method: method.to_owned(), arg: Arg::Json(arg) });
        self
    }

    /// One method more, without an argument.
    #[must_use]
    pub fn plain(self, method: &str) -> Self {
        self.then(method, Value::Object(Map::new()))
    }

    /// `fields`.
    #[must_use]
    pub fn fields<T: AsRef<str>>(mut self, names: &[T]) -> Self {
        self.fields = Some(names.iter().map(|name| name.as_ref().to_owned()).collect());
        self
    }

    /// Asks for keys alone.
    #[must_use]
    pub fn lean(self, sample: &Sample) -> Self {
        let key = sample.schema.model(&self.model).map(|model| model.pk_field().column.clone());
        self.fields(key.as_slice())
    }

    /// The path.
    pub fn path(&self) -> String {
        format!("/rest_api/v2/{}/", self.model)
    }

    /// The pairs of the form, in order.
    fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs = self.before.clone();
        for step in &self.steps {
            pairs.push((format!("method{}", step.number), step.method.clone()));
            match &step.arg {
                Arg::Json(arg) => pairs.push((format!("arg{}", step.number), arg.to_string())),
                Arg::Empty => pairs.push((format!("arg{}", step.number), String::new())),
                Arg::Absent => {}
            }
        }
        if let Some(fields) = &self.fields {
            pairs.push(("fields".to_owned(), Value::from(fields.clone()).to_string()));
        }
        pairs
    }

    /// Path and body as they are sent.
    pub fn sent(&self) -> Sent {
        let pairs: Vec<String> =
            self.pairs().into_iter().map(|(name, value)| format!("{name}={}", spell(&value, self.spelling))).collect();
        Sent { path: self.path(), body: pairs.join("&") }
    }

    /// The command that sends it, to be copied.
    pub fn curl(&self, base: &str) -> String {
        let Sent { path, body } = self.sent();
        // `-d @x` would read a file; no body of ours begins so, for a name comes first.
        format!("curl -XPOST -d '{}' {base}{path}", body.replace('\'', "'\\''"))
    }
}

fn spell(value: &str, spelling: Spelling) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        let bare = match spelling {
            // Older Djangos split at `;` as well.
            Spelling::Bare => !matches!(byte, b'%' | b'&' | b'+' | b';' | 0..=0x1f | 0x7f),
            Spelling::Percent | Spelling::Plus => byte.is_ascii_alphanumeric() || b"-._~".contains(&byte),
        };
        match byte {
            b' ' if spelling == Spelling::Plus => out.push('+'),
            // Bare bytes of one letter stay together; they are put right below.
            _ if bare && byte.is_ascii() => out.push(char::from(byte)),
            _ if bare => return spell_bare(value),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The bare spelling of a text with letters beyond ASCII.
fn spell_bare(value: &str) -> String {
    value
        .chars()
        .map(|letter| {
            if letter.is_ascii() { spell(letter.encode_utf8(&mut [0; 4]), Spelling::Bare) } else { letter.to_string() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_call_is_spelled_as_the_page_spells_it() {
        let call = Call::filter("Abonents", json!({"abonent_id_users__ip": "127.1.2.3"})).plain("count");
        assert_eq!(
            call.sent().body,
            "method1=objects.filter&arg1={\"abonent_id_users__ip\":\"127.1.2.3\"}&method2=count&arg2={}"
        );
        assert_eq!(call.sent().path, "/rest_api/v2/Abonents/");
    }

    #[test]
    fn what_would_break_the_form_is_escaped_and_the_rest_is_not() {
        let mut call = Call::filter("Tarif", json!({"name": "Тест +1 & 2%"})).fields(&["name"]);
        assert_eq!(call.sent().body, "method1=objects.filter&arg1={\"name\":\"Тест %2B1 %26 2%25\"}&fields=[\"name\"]");
        call.spelling = Spelling::Plus;
        assert!(call.sent().body.contains("%D0%A2%D0%B5%D1%81%D1%82+%2B1+%26+2%25"), "{}", call.sent().body);
        call.spelling = Spelling::Percent;
        assert!(call.sent().body.contains("%D1%82%20%2B1"));
    }

    #[test]
    fn a_quote_survives_the_shell() {
        let call = Call::filter("Tarif", json!({"name": "it's"}));
        assert_eq!(
            call.curl("http://h:1"),
            "curl -XPOST -d 'method1=objects.filter&arg1={\"name\":\"it'\\''s\"}' http://h:1/rest_api/v2/Tarif/"
        );
    }
}
