//! A reply as the laws see it: what was said, and the rows in it. Reads leniently, so that one deviation does not hide
//! what else there is to see; the standing laws are strict about the form.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::verdict::{Wrong, brief};

/// What a reply says.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// It holds a `result`.
    Result(Value),
    /// It holds an `error` that is not empty.
    Error(String),
    /// Neither, and why.
    Nothing(String),
}

/// A reply.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The content type.
    pub content_type: String,
    /// The body, byte for byte.
    pub body: Bytes,
    /// The body as JSON, if it is any.
    pub json: Option<Value>,
    /// What it says.
    pub said: Said,
}

/// One object of a reply.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Its key.
    pub pk: &'a Value,
    /// What is shown of it.
    pub fields: &'a Map<String, Value>,
}

impl Reply {
    /// Reads a reply.
    pub fn new(status: u16, content_type: String, body: Bytes) -> Self {
        let json: Option<Value> = serde_json::from_slice(&body).ok();
        let said = match &json {
            None => Said::Nothing(format!("no JSON: {}", brief_text(&String::from_utf8_lossy(&body)))),
            Some(Value::Object(envelope)) => match (envelope.get("error"), envelope.get("result")) {
                (Some(Value::String(error)), _) if !error.is_empty() => Said::Error(error.clone()),
                (None | Some(Value::Null), Some(result)) => Said::Result(result.clone()),
                (Some(error), _) => Said::Nothing(format!("an `error` that is no text: {}", brief(error))),
                (None, None) => Said::Nothing(format!("neither `result` nor `error`: {}", keys(envelope))),
            },
            Some(other) => Said::Nothing(format!("no envelope: {}", brief(other))),
        };
        Self { status, content_type, body, json, said }
    }

    /// A call that got no answer.
    pub fn none(reason: String) -> Self {
        let said = Said::Nothing(reason);
        Self { status: 0, content_type: String::new(), body: Bytes::new(), json: None, said }
    }

    /// What it says, in a line.
    pub fn short(&self) -> String {
        match &self.said {
            Said::Result(result) => format!("result {}", brief(result)),
            Said::Error(error) => format!("error {}", brief_text(error)),
            Said::Nothing(why) => why.clone(),
        }
    }

    /// The result.
    ///
    /// # Errors
    /// There is none.
    pub fn result(&self) -> Result<&Value, Wrong> {
        match &self.said {
            Said::Result(result) => Ok(result),
            _ => Err(Wrong::new("a result", self.short())),
        }
    }

    /// The error's text.
    ///
    /// # Errors
    /// There is none.
    pub fn error(&self) -> Result<&str, Wrong> {
        match &self.said {
            Said::Error(error) => Ok(error),
            _ => Err(Wrong::new("an error", self.short())),
        }
    }

    /// The objects of a list.
    ///
    /// # Errors
    /// It is no list of objects.
    pub fn rows(&self) -> Result<Vec<Row<'_>>, Wrong> {
        let items = self.result()?.as_array().ok_or_else(|| Wrong::new("a list of objects", self.short()))?;
        items.iter().map(row).collect()
    }

    /// The keys of the objects of a list, in order.
    ///
    /// # Errors
    /// As [`Self::rows`].
    pub fn pks(&self) -> Result<Vec<Value>, Wrong> {
        Ok(self.rows()?.into_iter().map(|row| row.pk.clone()).collect())
    }

    /// The one object.
    ///
    /// # Errors
    /// It is none.
    pub fn object(&self) -> Result<Row<'_>, Wrong> {
        row(self.result()?)
    }

    /// A count.
    ///
    /// # Errors
    /// It is none.
    pub fn number(&self) -> Result<u64, Wrong> {
        self.result()?.as_u64().ok_or_else(|| Wrong::new("a whole number", self.short()))
    }
}

/// An object of a reply.
///
/// # Errors
/// It is none.
pub fn row(value: &Value) -> Result<Row<'_>, Wrong> {
    let parts = value
        .as_object()
        .and_then(|object| Some(Row { pk: object.get("pk")?, fields: object.get("fields")?.as_object()? }));
    parts.ok_or_else(|| Wrong::new("an object with `pk` and `fields`", brief(value)))
}

impl<'a> Row<'a> {
    /// A value of it.
    ///
    /// # Errors
    /// It is not shown.
    pub fn value(&self, name: &str) -> Result<&'a Value, Wrong> {
        self.fields.get(name).ok_or_else(|| {
            Wrong::new(format!("`{name}` among the fields of {}", self.pk), format!("only {}", keys(self.fields)))
        })
    }
}

/// The names of an object, in a line.
pub fn keys(map: &Map<String, Value>) -> String {
    let names: Vec<&str> = map.keys().map(String::as_str).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// A text in a line.
pub fn brief_text(text: &str) -> String {
    brief(&Value::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(body: &str) -> Reply {
        Reply::new(200, "application/json".to_owned(), Bytes::copy_from_slice(body.as_bytes()))
    }

    #[test]
    fn results_errors_and_neither_are_told_apart() {
        assert_eq!(reply(r#"{"call": "", "result": 3}"#).number().unwrap(), 3);
        assert_eq!(reply(r#"{"call": "", "error": "no"}"#).error().unwrap(), "no");
        assert!(reply(r#"{"call": "", "error": ""}"#).error().is_err());
        assert!(reply(r#"{"call": "", "data": []}"#).result().is_err());
        assert!(reply("<html>").result().is_err());
        assert!(reply("[]").result().is_err());
    }

    #[test]
    fn rows_need_key_and_fields() {
        let rows = r#"{"result": [{"pk": 1, "model": "Tarif", "fields": {"name": "a"}}]}"#;
        assert_eq!(reply(rows).rows().unwrap()[0].value("name").unwrap(), "a");
        assert!(reply(rows).rows().unwrap()[0].value("nosuch").is_err());
        assert!(reply(r#"{"result": [{"id": 1, "fields": {}}]}"#).rows().is_err());
        assert!(reply(r#"{"result": {"pk": 1, "fields": {}}}"#).rows().is_err());
    }
}
