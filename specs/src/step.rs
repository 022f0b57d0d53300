//! What a check can do: call, look at the reply, wait, read back. Examples and rules are written in these.
//!
//! A text value anywhere in a step may hold `$name`: a value saved by an earlier step, `$pk` for the `pk` of the
//! replied object, or a loop's variable.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One step of a case, told apart by `do`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// Send a call and look at its reply.
    Call {
        /// `/rest_api/v2/<Model>/`.
        path: String,
        /// The form body, as it is sent.
        body: String,
        /// What must hold in the reply.
        #[serde(default)]
        reply: Vec<Check>,
        /// Values kept for later steps: name to JSON pointer into the reply.
        #[serde(default)]
        save: BTreeMap<String, String>,
    },
    /// Read rows back with `objects.filter` and look at one field of each.
    Read(Box<Read>),
    /// Wait until every task is done: drains the mock's queue, re-reads with back-off on a real server.
    Settle,
    /// Let time pass, e.g. `10m`, `1d`, `1mo` (jiff's friendly spans). Only where there is a virtual clock.
    Advance {
        /// How long.
        by: String,
    },
}

/// What must hold of the rows that a filter finds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// The model asked.
    pub model: String,
    /// `objects.filter`'s argument.
    #[serde(rename = "where", default)]
    pub filter: serde_json::Map<String, Value>,
    /// The path asked for in `fields`; needed for everything but `count`.
    #[serde(default)]
    pub field: Option<String>,
    /// The number of rows.
    #[serde(default)]
    pub count: Option<usize>,
    /// Exactly one row, with this value.
    #[serde(default)]
    pub equals: Option<Value>,
    /// At least one row, and each with this value.
    #[serde(default)]
    pub each: Option<Value>,
    /// All the values, in any order.
    #[serde(default)]
    pub values: Option<Vec<Value>>,
    /// Exactly one row, whose value is NULL.
    #[serde(default)]
    pub null: Option<bool>,
    /// Exactly one row, whose value as text matches this regular expression.
    #[serde(default)]
    pub matches: Option<String>,
    /// It holds before the call too (something that must *not* change). Without this, the harness insists that the
    /// check fails before the task has run, for a check that cannot fail proves nothing.
    #[serde(default)]
    pub already: bool,
}

/// What must hold at one place of a reply. Exactly one of the expectations is given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// JSON pointer (RFC 6901) into the reply, e.g. `/result/0/fields/name`; `""` is the whole reply.
    pub at: String,
    /// Equal as JSON.
    #[serde(default)]
    pub equals: Option<Value>,
    /// JSON null.
    #[serde(default)]
    pub null: Option<bool>,
    /// Not there at all.
    #[serde(default)]
    pub absent: Option<bool>,
    /// A string that matches this regular expression.
    #[serde(default)]
    pub matches: Option<String>,
    /// `string`, `number`, `bool`, `list`, `object`.
    #[serde(default)]
    pub kind: Option<String>,
    /// The length of a list, or the number of an object's keys.
    #[serde(default)]
    pub length: Option<usize>,
    /// The exact set of an object's keys.
    #[serde(default)]
    pub keys: Option<Vec<String>>,
    /// A list that holds this element, a text that holds this part, or an object that holds these pairs.
    #[serde(default)]
    pub contains: Option<Value>,
    /// A list's elements at this pointer, in any order: `{at = "/pk", values = [1, 2]}`.
    #[serde(default)]
    pub each: Option<Each>,
    /// The text at this place is itself JSON (the cabinet's replies): checks inside it.
    #[serde(default)]
    pub json: Option<Vec<Check>>,
}

/// The values of a list's elements at one pointer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Each {
    /// JSON pointer into each element.
    pub at: String,
    /// Every element has this value there (and there is one).
    #[serde(default)]
    pub equals: Option<Value>,
    /// The elements' values there, in any order.
    #[serde(default)]
    pub values: Option<Vec<Value>>,
}

impl Check {
    /// How many expectations are given; a valid check has one.
    pub fn expectations(&self) -> usize {
        [
            self.equals.is_some(),
            self.null.is_some(),
            self.absent.is_some(),
            self.matches.is_some(),
            self.kind.is_some(),
            self.length.is_some(),
            self.keys.is_some(),
            self.contains.is_some(),
            self.each.is_some(),
            self.json.is_some(),
        ]
        .into_iter()
        .filter(|given| *given)
        .count()
    }
}

impl Read {
    /// How many expectations are given; a valid read has one.
    pub fn expectations(&self) -> usize {
        [
            self.count.is_some(),
            self.equals.is_some(),
            self.each.is_some(),
            self.values.is_some(),
            self.null.is_some(),
            self.matches.is_some(),
        ]
        .into_iter()
        .filter(|given| *given)
        .count()
    }
}
