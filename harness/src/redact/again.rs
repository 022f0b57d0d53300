//! A second time, when all that there is to learn was learned: a name that only the last reply shows may stand in the free
//! text of the first. And whether two texts are the same, of which one was hidden when less was known.

use regex::Regex;
use serde_json::Value;

use super::{PLACEHOLDER, Redactor};
use crate::exchange::{Exchange, Sent};

/// A group of a pattern, for what was hidden.
const HIDDEN: &str = "(?s:(.+?))";

impl Redactor {
    /// What was hidden by its fields already, without what was learned since.
    pub fn value_again(&self, value: &Value) -> Value {
        self.everywhere(value)
    }

    /// The same for a request and its answer.
    pub fn exchange_again(&self, exchange: &mut Exchange) {
        let Exchange { sent: Sent { path, body }, answer } = exchange;
        let told = match serde_json::from_slice::<Value>(&answer.body) {
            Ok(reply) => self.everywhere(&reply).to_string(),
            Err(_) => self.text(&String::from_utf8_lossy(&answer.body)),
        };
        answer.body = told.into();
        for text in [path, body, &mut answer.content_type] {
            *text = self.text(text);
        }
    }

    /// Whether two values are the same, but for what one of them shows and the other hides.
    pub fn same(&self, one: &Value, other: &Value) -> bool {
        match (one, other) {
            (Value::String(one), Value::String(other)) => self.fits(one, other) || self.fits(other, one),
            (Value::Number(one), Value::Number(other)) => {
                let stands_for = |hidden, shown| self.number(shown).as_i64() == serde_json::Number::as_i64(hidden);
                stands_for(one, other) || stands_for(other, one)
            }
            _ => one == other,
        }
    }

    /// Whether a text with placeholders is another text with some of its parts hidden.
    fn fits(&self, hidden: &str, shown: &str) -> bool {
        let Some(placeholders) = PLACEHOLDER.as_ref() else { return hidden == shown };
        let mut pattern = String::from("^");
        let mut at = 0;
        let mut wanted = Vec::new();
        for placeholder in placeholders.find_iter(hidden) {
            pattern.push_str(&regex::escape(&hidden[at..placeholder.start()]));
            pattern.push_str(HIDDEN);
            wanted.push(placeholder.as_str());
            at = placeholder.end();
        }
        pattern.push_str(&regex::escape(&hidden[at..]));
        pattern.push('$');
        // A text so long that its pattern is refused is compared as it stands.
        let Ok(pattern) = Regex::new(&pattern) else { return hidden == shown };
        pattern.captures(shown).is_some_and(|found| {
            let parts = found.iter().skip(1).map(|part| part.map_or("", |part| part.as_str()));
            parts.zip(&wanted).all(|(part, wanted)| part == *wanted || self.placeholder(part) == *wanted)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use carbon_specs::Contract;
    use serde_json::json;

    use super::*;

    fn redactor() -> Redactor {
        Redactor::new(Arc::new(Contract::embedded().unwrap().schema), "key")
    }

    fn row(name: &str) -> Value {
        json!({ "result": [{ "pk": 1, "model": "Abonents", "fields": { "name": name, "sms": 79_991_112_233_u64 } }] })
    }

    #[test]
    fn what_is_learned_late_is_hidden_the_second_time() {
        let redactor = redactor();
        let early = json!({ "result": { "descr": "call Polikarpova first", "until": 4_455_667, "of": "4455667" } });
        let first = redactor.value(&early);
        assert_eq!(first, early);
        let late = redactor.value(&row("Polikarpova"));
        redactor.value(&json!({ "result": [{ "pk": 1, "model": "Abonents", "fields": { "sms": 4_455_667 } }] }));
        let second = redactor.value_again(&first);
        let text = second.to_string();
        assert!(!text.contains("Polikarpova") && !text.contains("4455667"), "{text}");
        // Once more changes nothing, and what fields have hidden stays as it is.
        assert_eq!(redactor.value_again(&second), second);
        assert_eq!(redactor.value_again(&late), late);
        // Whoever knew less says the same of it.
        let place = |value: &Value, at: &str| value.pointer(at).unwrap().clone();
        for at in ["/result/descr", "/result/until", "/result/of"] {
            assert!(redactor.same(&place(&first, at), &place(&second, at)), "{at}");
            assert!(redactor.same(&place(&second, at), &place(&first, at)), "{at}");
        }
        assert!(!redactor.same(&json!("call Petrova first"), &place(&second, "/result/descr")));
        assert!(!redactor.same(&json!("call Polikarpova last"), &place(&second, "/result/descr")));
        assert!(!redactor.same(&json!(4_455_668), &place(&second, "/result/until")));
        assert!(!redactor.same(&json!("a"), &json!("b")));
    }
}
