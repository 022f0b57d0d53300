//! Holds replies to the contract's expectations. Plain functions on plain values; knows no server.

mod read;
mod reply;

pub use read::{Observed, hold_read, observe, question};
pub use reply::{hold, hold_all};

use serde::Serialize;
use serde_json::Value;

use crate::brief::cut;

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
}

impl Mismatch {
    /// A mismatch at a place.
    pub fn new(at: impl Into<String>, expected: impl Into<String>, observed: impl Into<String>) -> Self {
        Self { at: at.into(), expected: expected.into(), observed: observed.into() }
    }
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
