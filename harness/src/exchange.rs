//! One request and what came back, as plain values.

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

/// A call as it is sent: path and form body, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sent {
    /// `/rest_api/v2/<Model>/`.
    pub path: String,
    /// The form body.
    pub body: String,
}

/// What the server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type` header, or nothing.
    pub content_type: String,
    /// The body, byte for byte.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// Those of the parser.
    pub fn json(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }
}

/// The value of a text that is JSON: an object or a list, as the cabinet answers.
pub fn nested(text: &str) -> Option<Value> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// A key as it stands in a call: a number, or its digits.
pub fn key(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok().filter(|number: &i64| number.to_string() == *text),
        _ => None,
    }
}

/// One request and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// What was sent.
    pub sent: Sent,
    /// What came back.
    pub answer: Answer,
}
