//! Holds replies to the contract's expectations. Plain functions on plain values; knows no server.

mod read;
mod reply;

pub use read::{Observed, hold_read, observe, question};
pub use reply::{hold, hold_all};

use serde::Serialize;
use serde_json::Value;

use crate::brief::cut;
use crate::exchange::Sent;

/// What an expectation came to.
pub type Verdict = Result<(), Mismatch>;

/// Where a reply differs from what must hold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mismatch {
    /// The place: `result[0].fields.name`, or the question asked.
    pub at: String,
    /// What must hold.
    pub expected: String,
    /// What was there.
    pub observed: String,
    /// Whether the server answered an error where none was to be expected: then `observed` is its text.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_refusal: bool,
    /// What was asked, where it is not the example's own request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<Box<Sent>>,
}

impl Mismatch {
    /// A mismatch at a place.
    pub fn new(at: impl Into<String>, expected: impl Into<String>, observed: impl Into<String>) -> Self {
        Self { at: at.into(), expected: expected.into(), observed: observed.into(), is_refusal: false, sent: None }
    }

    /// The same, with what was asked.
    #[must_use]
    pub fn asked(mut self, sent: &Sent) -> Self {
        self.sent = Some(Box::new(sent.clone()));
        self
    }

    /// An error where none was to be expected.
    pub fn refusal(at: impl Into<String>, error: &Value) -> Self {
        Self { is_refusal: true, ..Self::new(at, "no error", short(error)) }
    }
}

/// The error that a reply carries. The page calls a request failed "if there is a non-empty field `error`": an empty one
/// beside a result says nothing.
pub fn error_of(reply: &Value) -> Option<&Value> {
    let is_empty = |error: &Value| error.is_null() || error.as_str() == Some("");
    reply.get("error").filter(|error| reply.get("result").is_none() || !is_empty(error))
}

/// Equal as JSON: the order of keys says nothing, and 1 is 1.0.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| equal(value, other)))
        }
        _ => left == right,
    }
}

/// The same values in any order, repeats counted.
fn same_values(left: &[&Value], right: &[Value]) -> bool {
    let mut rest: Vec<&Value> = right.iter().collect();
    left.len() == right.len()
        && left.iter().all(|value| match rest.iter().position(|other| equal(value, other)) {
            Some(place) => {
                rest.swap_remove(place);
                true
            }
            None => false,
        })
}

/// A value as a person reads it in one line; long ones are cut.
fn short(value: &Value) -> String {
    const MOST: usize = 400;
    cut(&value.to_string(), MOST)
}

fn matches(pattern: &str, text: &str) -> bool {
    regex::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
}
