//! `$name` in a step or a request: values saved on the way, put in where the name stands.
//!
//! Beside it, what stands on another server for the rows that the page names: [`page`] finds them in a call, [`mod@file`] keeps
//! what stands for them, [`discover`] looks for it on a server.

pub mod discover;
pub mod file;
pub mod page;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;

#[expect(clippy::unwrap_used, reason = "the pattern is a constant, and a test uses it")]
static NAME: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\$([A-Za-z_][A-Za-z0-9_]*)").unwrap());

/// Names and their values. A name that is not bound stays as it is, for the page has dollar signs of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bindings(BTreeMap<String, Value>);

impl Bindings {
    /// Binds a name, replacing what it meant.
    pub fn bind(&mut self, name: impl Into<String>, value: Value) {
        self.0.insert(name.into(), value);
    }

    /// The text with every bound name replaced by its value's text, as a shell would.
    pub fn text(&self, text: &str) -> String {
        NAME.replace_all(text, |found: &Captures<'_>| match self.0.get(&found[1]) {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => found[0].to_owned(),
        })
        .into_owned()
    }

    /// The value with every text in it replaced. A text that is nothing but a bound name becomes the value itself, so
    /// that a number stays a number.
    pub fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match text.strip_prefix('$').and_then(|name| self.0.get(name)) {
                Some(bound) => bound.clone(),
                None => Value::String(self.text(text)),
            },
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(pairs) => {
                Value::Object(pairs.iter().map(|(key, value)| (key.clone(), self.value(value))).collect())
            }
            other => other.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bindings() -> Bindings {
        let mut bindings = Bindings::default();
        bindings.bind("pk", json!(1339));
        bindings.bind("line", json!("45"));
        bindings
    }

    #[test]
    fn a_bound_name_is_replaced_and_others_stay() {
        assert_eq!(
            bindings().text("{\"id\":$line,\"x\":\"$lines\",\"t\":\":start$\"}"),
            "{\"id\":45,\"x\":\"$lines\",\"t\":\":start$\"}"
        );
    }

    #[test]
    fn a_whole_text_keeps_the_values_type() {
        assert_eq!(bindings().value(&json!({"a": "$pk", "b": ["user$pk"]})), json!({"a": 1339, "b": ["user1339"]}));
    }
}
