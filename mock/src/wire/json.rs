//! The JSON inside a pair: `argN` and `fields`, with errors that say where and why.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, error::Category};

use super::error::WireError;
use super::form::shown;

/// An argument: an object (by name) or a list (by position); nothing given is `{}`.
pub fn argument(name: &str, text: &str) -> Result<Value, WireError> {
    if text.trim().is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    match value(name, text)? {
        value @ (Value::Object(_) | Value::Array(_)) => Ok(value),
        other => Err(WireError::NotAnArgument { name: name.to_owned(), found: kind(&other) }),
    }
}

/// The list of names in `fields`; nothing given is no list.
pub fn fields(text: &str) -> Result<Option<Vec<String>>, WireError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let Value::Array(items) = value("fields", text)? else {
        return Err(WireError::Fields { problem: format!("{} is no JSON list", shown(text)) });
    };
    let mut names = Vec::with_capacity(items.len());
    for (place, item) in items.into_iter().enumerate() {
        match item {
            Value::String(name) => names.push(name),
            other => {
                let problem = format!("its entry {} is {}, not a name", place + 1, kind(&other));
                return Err(WireError::Fields { problem });
            }
        }
    }
    Ok(Some(names))
}

fn value(name: &str, text: &str) -> Result<Value, WireError> {
    serde_json::from_str(text).map_err(|error| {
        let at = offset(text, error.line(), error.column());
        let mut problem = error.to_string();
        if let Some(end) = problem.rfind(" at line ") {
            problem.truncate(end);
        }
        let hint = match error.classify() {
            Category::Eof => " (an `&` inside a value has to be sent as %26; is a quote or bracket missing?)",
            _ => "",
        };
        let before: Vec<char> = text[..at].chars().collect();
        let start = before.len().saturating_sub(20);
        let around: String = before[start..].iter().copied().chain(text[at..].chars().take(20)).collect();
        WireError::NotJson {
            name: name.to_owned(),
            column: before.len(),
            problem: format!("{problem}{hint}"),
            near: shown(around.trim()),
        }
    })
}

/// The byte that serde_json's line and column (in bytes) speak of, moved to the start of a character.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut at = (start + column).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A key that an object in this JSON text has twice: Python takes the last one without a word.
pub fn repeated_key(text: &str) -> Option<String> {
    let mut found = None;
    let walked = Keys(&mut found).deserialize(&mut serde_json::Deserializer::from_str(text));
    walked.ok().and(found)
}

/// Walks a value and keeps the first repeated key.
struct Keys<'a>(&'a mut Option<String>);

impl<'de> DeserializeSeed<'de> for Keys<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Keys<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            map.next_value_seed(Keys(self.0))?;
            if !seen.insert(key.clone()) && self.0.is_none() {
                *self.0 = Some(key);
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Keys(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

/// What a value is, in words.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        assert_eq!(argument("arg1", text).unwrap_err().to_string(), expected);
    }

    #[test]
    fn errors_name_the_argument_the_column_and_what_was_expected() {
        refused(r#"{"id" 5}"#, "arg1 is not JSON: expected `:` (character 7, near `{\"id\" 5}`)");
        refused(
            "\nUnknown macro: {\"attribute_id\"}\n\n",
            "arg1 is not JSON: expected value (character 2, near `Unknown macro: {\"attr`)",
        );
        refused("5", "arg1 must be a JSON object or list, not a number");
        refused("null", "arg1 must be a JSON object or list, not null");
        refused(&"[".repeat(5000), &argument("arg1", &"[".repeat(5001)).unwrap_err().to_string());
        let cut = argument("arg1", r#"{"имя":"A "#).unwrap_err().to_string();
        assert!(cut.contains("%26") && cut.contains("character 10"), "{cut}");
    }

    #[test]
    fn a_repeated_key_is_found_at_any_depth() {
        assert_eq!(repeated_key(r#"{"a": 1, "b": [{"c": 1, "c": "x"}]}"#), Some("c".into()));
        assert_eq!(repeated_key(r#"{"a": {"b": 1.5}, "b": [null, true, -1, "b"]}"#), None);
        assert_eq!(repeated_key(r#"{"a": 1, "a""#), None);
    }

    #[test]
    fn fields_are_a_list_of_names() {
        assert_eq!(fields(" "), Ok(None));
        assert_eq!(fields(r#"["id", "tarif__name"]"#), Ok(Some(vec!["id".into(), "tarif__name".into()])));
        let text = fields(r#"["id", 5]"#).unwrap_err().to_string();
        assert_eq!(
            text,
            "fields must be a JSON list of names, like [\"id\", \"name\"]: its entry 2 is a number, not a name"
        );
        assert!(fields("name").is_err() && fields(r#""name""#).is_err());
    }
}
