//! What was asked and answered, kept for the control API, the console and `verify`. Bounded.

use std::collections::VecDeque;

use carbon_specs::Provenance;
use jiff::civil::DateTime;
use serde_json::{Value as Json, json};

use crate::store::value::show;
use crate::wire::Call;

/// The most entries kept; older ones go.
pub const CAPACITY: usize = 10_000;

/// One answered call.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its number, from 1.
    pub id: u64,
    /// When.
    pub at: DateTime,
    /// The path.
    pub path: String,
    /// The chain in words: `Abonents.objects.get({"id":"45"}).set({...}).save()`.
    pub call: String,
    /// The methods, in order.
    pub methods: Vec<String>,
    /// The model, in the vendor's spelling if it is one.
    pub model: String,
    /// The refusal, if it was one.
    pub error: Option<String>,
    /// Whether it is refused because it is no call of this API, rather than for what the state holds.
    pub violation: bool,
    /// The weakest standing of what the answer relies on.
    pub provenance: Provenance,
    /// The task it became.
    pub task: Option<u64>,
    /// What the caller should know.
    pub warnings: Vec<String>,
}

/// The last calls.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    entries: VecDeque<Entry>,
    last: u64,
}

impl Journal {
    /// A number for a call that is about to be answered.
    pub fn reserve(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Adds an entry, as calls are done with.
    pub fn push(&mut self, entry: Entry) {
        if self.entries.len() == CAPACITY {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    /// The entries kept, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// How many calls there were, those no longer kept among them.
    pub fn total(&self) -> u64 {
        self.last
    }

    /// For the control API, oldest first.
    pub fn to_json(&self) -> Json {
        let entries: Vec<Json> = self
            .entries
            .iter()
            .map(|entry| {
                json!({
                    "id": entry.id,
                    "at": show(entry.at),
                    "path": entry.path,
                    "call": entry.call,
                    "methods": entry.methods,
                    "error": entry.error,
                    "violation": entry.violation,
                    "provenance": entry.provenance,
                    "task": entry.task,
                    "warnings": entry.warnings,
                })
            })
            .collect();
        json!({ "journal": entries, "total": self.last })
    }
}

/// A call in words, for people: long arguments are cut.
pub fn in_words(model: &str, call: &Call) -> String {
    let mut text = model.to_owned();
    for step in &call.steps {
        let arg = match &step.arg {
            Json::Object(pairs) if pairs.is_empty() => String::new(),
            other => other.to_string(),
        };
        let shown: String = arg.chars().take(200).collect();
        let cut = if shown.len() < arg.len() { "…" } else { "" };
        text.push_str(&format!(".{}({shown}{cut})", step.method));
    }
    text
}
